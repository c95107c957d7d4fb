/* analysis-error.c - error metrics: ulps, relative errors, norms, and what is counted instead. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/analysis/error.h"
#include "src/ops/ops.h"
#include "tests/lib/test.h"

/* Formats as they are described, without the registry. */
static const hu_format e4m3 = { .name = "e4m3", .family = &hu_family_float, .exp_bits = 4, .man_bits = 3, .emin = -6, .emax = 7 };
static const hu_format fp64 = { .name = "fp64", .family = &hu_family_float, .exp_bits = 11, .man_bits = 52, .emin = -1022, .emax = 1023 };

static hu_metrics measure(const double *c, const double *r, size_t n, const hu_format *f)
{
    hu_metrics m;
    hu_error err = { HU_OK, "" };
    assert_int_equal(hu_error_metrics(&m, c, r, n, f, &err), HU_OK);
    assert_true(m.finite + m.same_special + m.lost + m.missed == n);
    return m;
}

static void assert_close(double got, double want, double relative)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("got %a (%.17g), want %a (%.17g)", got, got, want, want);
}

static void ulps_of_e4m3(void **state)
{
    (void)state;
    static const double cases[][2] = {
        { 1, 0x1p-3 }, { 1.999, 0x1p-3 }, { 2, 0x1p-2 }, { -2, 0x1p-2 }, { 240, 16 }, { 1000, 64 },
        { 0x1p-6, 0x1p-9 }, { 0x1.fp-7, 0x1p-9 }, { 0x1p-9, 0x1p-9 }, { 1e-30, 0x1p-9 }, { 0, 0x1p-9 },
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        assert_true(hu_ulp(&e4m3, cases[i][0]) == cases[i][1]);
    assert_true(isnan(hu_ulp(&e4m3, INFINITY)) && isnan(hu_ulp(&e4m3, NAN)));
}

static void ulps_of_double(void **state)
{
    (void)state;
    test_random r = { 1 };
    for (int i = 0; i < 10000; i++) {
        double x = ldexp(1 + test_random_unit(&r), (int)test_random_below(&r, 2045) - 1022);
        assert_true(hu_ulp(&fp64, x) == nextafter(x, INFINITY) - x);
        assert_true(hu_ulp(&fp64, -x) == hu_ulp(&fp64, x));
    }
    assert_true(hu_ulp(&fp64, 0) == 0x1p-1074);
}

/* Above each value the grid's own neighbors, found by bracketing the value with its sticky bit set, are one ulp apart. */
static void ulps_of_the_grid(void **state)
{
    (void)state;
    static const char *const names[] = { "e4m3", "e5m2", "e4m3fn", "e2m1fn", "e3m4", "fp16", "bf16", "e8m3" };
    for (size_t k = 0; k < TEST_COUNT(names); k++) {
        const hu_format *f = hu_format_find(names[k], NULL);
        assert_non_null(f);
        for (hu_code code = 0; code < f->max_code; code++) {
            hu_num x = hu_decode(f, code ? code : 1);      /* below the smallest value the spacing is the same */
            if (code)
                x.sticky = true;
            else
                x.exp--;
            hu_bracket b = f->family->bracket(f, x);
            double lo = hu_to_double(f, b.lo), hi = hu_to_double(f, b.hi);
            if (hu_ulp(f, hu_to_double(f, code)) != hi - lo || hu_ulp(f, -(lo + (hi - lo) / 2)) != hi - lo)
                fail_msg("%s code 0x%llx: %a, want %a", names[k], (unsigned long long)code,
                         hu_ulp(f, hu_to_double(f, code)), hi - lo);
        }
    }
}

static void by_hand(void **state)
{
    (void)state;
    const double c[] = { 1.125, 2, -3, 0, 5 }, r[] = { 1, 2, -4, 0, 4 };
    hu_metrics m = measure(c, r, 5, &e4m3);
    assert_true(m.n == 5 && m.finite == 5 && m.exact == 2 && m.zero_reference == 0 && m.to_zero == 0);
    assert_true(m.absolute_max == 1 && m.absolute_mean == 2.125 / 5);
    assert_true(m.relative_max == 0.25 && m.relative_mean == 0.625 / 5);
    assert_true(m.ulp_max == 2 && m.ulp_mean == (1 + 2 + 2) / 5.0);
    assert_close(m.normwise_2, sqrt((0.015625 + 2) / 37), 1e-15);
    assert_true(m.normwise_inf == 0.25);
    assert_close(m.sqnr_db, 10 * log10(37 / 2.015625), 1e-14);
}

static void zeros(void **state)
{
    (void)state;
    const double c[] = { 0.25, -0.0, 0 }, r[] = { 0, 0, 0.5 };
    hu_metrics m = measure(c, r, 3, &e4m3);
    assert_true(m.exact == 1 && m.zero_reference == 1 && m.to_zero == 1);
    assert_true(m.relative_max == 1 && m.relative_mean == 0.5);       /* over the two that have one */
    assert_true(m.ulp_max == 0.25 / 0x1p-9 && m.absolute_max == 0.5);
    hu_metrics all = measure(c, r, 2, NULL);
    assert_true(all.normwise_2 == INFINITY && all.sqnr_db == -INFINITY && isnan(all.ulp_max) && isnan(all.ulp_mean));
    assert_true(all.relative_max == 0 && all.relative_mean == 0);
    hu_metrics none = measure(c, r, 1, &e4m3);
    assert_true(isnan(none.relative_max) && isnan(none.relative_mean) && none.absolute_max == 0.25);
    hu_metrics same = measure(r, r, 3, &e4m3);
    assert_true(same.normwise_2 == 0 && same.normwise_inf == 0 && same.sqnr_db == INFINITY && same.ulp_max == 0);
}

static void specials(void **state)
{
    (void)state;
    const double c[] = { NAN, INFINITY, -INFINITY, NAN, INFINITY, 1, INFINITY, 1.5 };
    const double r[] = { NAN, INFINITY, INFINITY,  1,   2,        NAN, NAN,    1 };
    hu_metrics m = measure(c, r, 8, &e4m3);
    assert_true(m.same_special == 2 && m.lost == 2 && m.missed == 3 && m.finite == 1);
    assert_true(m.relative_max == 0.5 && m.absolute_mean == 0.5 && m.normwise_2 == 0.5);
    m = measure(c, r, 7, &e4m3);
    assert_true(m.finite == 0 && isnan(m.ulp_max) && isnan(m.relative_max) && isnan(m.absolute_max) && isnan(m.normwise_2)
                && isnan(m.ulp_mean) && isnan(m.relative_mean) && isnan(m.absolute_mean) && isnan(m.sqnr_db));
    m = measure(c, r, 0, NULL);
    assert_true(m.n == 0 && isnan(m.normwise_2));
}

static void norms_in_range(void **state)
{
    (void)state;
    for (int e = -1040; e <= 1020; e += 20) {
        double c[] = { ldexp(3, e), ldexp(5, e) }, r[] = { ldexp(4, e), ldexp(3, e) };
        hu_metrics m = measure(c, r, 2, NULL);
        assert_close(m.normwise_2, sqrt(5) / 5, 1e-15);
        assert_close(m.normwise_inf, 0.5, 1e-15);
    }
    const double far[] = { 0x1p1023, 1 }, away[] = { -0x1p1023, 1 };     /* the difference is past the range */
    hu_metrics m = measure(far, away, 2, NULL);
    assert_true(m.normwise_2 == INFINITY && m.sqnr_db == -INFINITY && m.absolute_max == INFINITY);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* All values of a format of up to 16 bits as doubles, increasing; how many. */
static int values_of(const hu_format *f, double *value)
{
    int n = 0, kept = 1;
    for (hu_code code = 0; code <= hu_format_last_code(f); code++) {
        hu_num x = hu_decode(f, code);
        if (x.kind == HU_FINITE || x.kind == HU_ZERO)
            value[n++] = hu_num_to_double(x) + 0.0;
    }
    qsort(value, (size_t)n, sizeof *value, by_value);
    for (int i = 1; i < n; i++)
        if (value[i] != value[kept - 1])
            value[kept++] = value[i];
    return kept;
}

/* The distance of neighbors, found by sorting all values: at the inner one, between them, past the last. */
static void ulps_of_any_family(void **state)
{
    (void)state;
    static const char *const names[] = { "posit8", "posit16", "posit8_0", "takum8", "takum_log8", "lns4.3", "lns8.3", "nf4", "de8", "ude4nz", "linear4",
                                         "hif8", "int8", "uq0.8", "q4.4", "binary8p3se", "binary8p1uf", "e8m0fnu", "e4m3" };
    static double value[1 << 16];
    for (size_t k = 0; k < TEST_COUNT(names); k++) {
        const hu_format *f = hu_format_find(names[k], NULL);
        assert_non_null(f);
        bool irrational = f->family->result;
        int n = values_of(f, value);
        for (int i = 0; i + 1 < n; i++) {
            double lo = value[i], hi = value[i + 1], gap = hi - lo, inner = fabs(lo) < fabs(hi) ? lo : hi, slack = irrational ? 1e-9 * gap : 0;
            if ((lo < 0) != (hi < 0) && lo != 0 && hi != 0)
                continue;
            double got = hu_ulp(f, inner), middle = hu_ulp(f, lo + gap / 2);
            if (!(fabs(got - gap) <= slack || (inner == 0 && lo < 0)) || !(fabs(middle - gap) <= slack))
                fail_msg("%s: between %a and %a: %a and %a", names[k], lo, hi, got, middle);
        }
        double last = value[n - 1] - value[n - 2];
        if (!hu_format_has_fields(f))
            assert_close(hu_ulp(f, value[n - 1] * 4), last, irrational ? 1e-9 : 0);
        assert_true(isnan(hu_ulp(f, NAN)) && isnan(hu_ulp(f, -INFINITY)));
    }
    double c = 1.5, r = 1.25;
    assert_true(measure(&c, &r, 1, hu_format_find("posit8", NULL)).ulp_max == 2);
}

static const struct CMUnitTest claims[] = {
    CLAIM("the ulp of E4M3 follows the binades, subnormals and the values past the largest", ulps_of_e4m3),
    CLAIM("the ulp of binary64 is the distance to the next double", ulps_of_double),
    CLAIM("an ulp is the distance of two neighbors on the format's own grid", ulps_of_the_grid),
    CLAIM("the metrics of five pairs are those computed by hand", by_hand),
    CLAIM("a zero reference has no relative error and is counted", zeros),
    CLAIM("infinities and NaNs are counted by kind and touch no figure", specials),
    CLAIM("norms neither overflow nor underflow", norms_in_range),
    CLAIM("ulps of any other family are the distances of neighboring values", ulps_of_any_family),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
