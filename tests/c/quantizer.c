/* quantizer.c - scaled quantizers against exact rational numbers: every granularity, rule and carrier, several modes.
 *
 * The truth is made anew here: which elements share a scale by what the words say, scales as exact quotients that MPFR rounds, elements
 * by the list of the format's values in rational numbers, results as exact products that MPFR rounds.
 */
#include <float.h>
#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/tensor/quantizer.h"
#include "tests/lib/rational.h"

enum { ROWS = 6, COLS = 11, N = ROWS * COLS, MOST = 3 * N };

static const hu_format *format(const char *name)
{
    const hu_format *f = hu_format_find(name, NULL);
    assert_non_null(f);
    return f;
}

/* ---- the values of the elements, by hand ---- */

static bool int4_value(hu_code code, mpq_t value)
{
    mpq_set_si(value, code < 8 ? (long)code : (long)code - 16, 1);
    return true;
}

static bool uint4_value(hu_code code, mpq_t value)
{
    mpq_set_si(value, (long)code, 1);
    return true;
}

static bool e2m1_value(hu_code code, mpq_t value)
{
    static const int halves[8] = {0, 1, 2, 3, 4, 6, 8, 12};
    mpq_set_si(value, code & 8 ? -halves[code & 7] : halves[code & 7], 2);
    mpq_canonicalize(value);
    return true;
}

static bool e4m3_value(hu_code code, mpq_t value)
{
    int exp = (int)(code >> 3 & 15), man = (int)(code & 7);
    if ((code & 127) == 127)
        return false;
    rational_power(value, (exp ? exp : 1) - 10);
    mpq_t sig;
    mpq_init(sig);
    mpq_set_si(sig, exp ? man + 8 : man, 1);
    mpq_mul(value, value, sig);
    if (code & 128)
        mpq_neg(value, value);
    mpq_clear(sig);
    return true;
}

typedef struct element {
    const char     *name;
    hu_code         n_codes;
    rational_value *value;
    unsigned        step;        /* to where the grid goes on */
    double          largest;
    double          nan;         /* the element that a NaN becomes */
    double          nan_code;
} element;

static const element elements[] = {
    {"int4", 16, int4_value, 1, 7, 0, 0}, {"uint4", 16, uint4_value, 1, 15, 0, 0},
    {"e2m1fn", 16, e2m1_value, 2, 6, 6, 7}, {"e4m3fn", 256, e4m3_value, 32, 448, NAN, 127},
};

static rational_grid *grid_of(const element *e)
{
    rational_grid *g = rational_make(e->n_codes, e->value);
    mpq_set_ui(g->step_above, e->step, 1);
    mpq_set_ui(g->step_below, e->step, 1);
    return g;
}

/* ---- exact numbers as carriers ---- */

static double nearest(const mpq_t x, hu_dtype dtype)
{
    mpfr_t y;
    mpfr_init2(y, dtype == HU_F32 ? 24 : 53);
    mpfr_set_q(y, x, MPFR_RNDN);
    double value = mpfr_get_d(y, MPFR_RNDN);
    mpfr_clear(y);
    return value;
}

static double quotient(double a, double b, hu_dtype dtype)
{
    mpq_t x, y;
    mpq_inits(x, y, NULL);
    mpq_set_d(x, a);
    mpq_set_d(y, b);
    mpq_div(x, x, y);
    double value = nearest(x, dtype);
    mpq_clears(x, y, NULL);
    return value;
}

static double nearest_product(double a, double b, hu_dtype dtype)
{
    mpfr_t x;
    mpfr_init2(x, dtype == HU_F32 ? 24 : 53);
    mpfr_set_d(x, a, MPFR_RNDN);                      /* an element: exact */
    mpfr_mul_d(x, x, b, MPFR_RNDN);
    double value = mpfr_get_d(x, MPFR_RNDN);
    mpfr_clear(x);
    return value;
}

/* ---- data ---- */

static void fill(hu_tensor *t, uint64_t seed)
{
    test_random random = {.state = seed};
    for (size_t i = 0; i < t->n; i++) {
        double x = (test_random_unit(&random) - 0.5) * exp2((double)test_random_below(&random, 8));
        hu_tensor_set(t, i, test_random_below(&random, 9) == 0 ? 0 : x);
    }
    hu_tensor_set(t, 7, NAN);
    hu_tensor_set(t, 20, INFINITY);
    hu_tensor_set(t, 41, -INFINITY);
    for (size_t c = 0; c < COLS; c++)                  /* a row of nothing */
        hu_tensor_set(t, 3 * COLS + c, 0);
}

static hu_tensor tensor(hu_dtype dtype, size_t rows, size_t cols)
{
    hu_tensor t = {0};
    assert_int_equal(hu_tensor_init(&t, dtype, 2, (size_t[]){rows, cols}, NULL), HU_OK);
    return t;
}

/* ---- who shares a scale ---- */

typedef struct sharing {
    const char    *what;
    hu_granularity how;
    bool         (*share)(size_t r, size_t c, size_t r2, size_t c2);
} sharing;

static bool all   (size_t r, size_t c, size_t s, size_t d) { (void)r; (void)c; (void)s; (void)d; return true; }
static bool row   (size_t r, size_t c, size_t s, size_t d) { (void)c; (void)d; return r == s; }
static bool column(size_t r, size_t c, size_t s, size_t d) { (void)r; (void)s; return c == d; }
static bool by_4  (size_t r, size_t c, size_t s, size_t d) { return r == s && c / 4 == d / 4; }
static bool down_4(size_t r, size_t c, size_t s, size_t d) { return c == d && r / 4 == s / 4; }
static bool flat_5(size_t r, size_t c, size_t s, size_t d) { return (r * COLS + c) / 5 == (s * COLS + d) / 5; }
static bool alone (size_t r, size_t c, size_t s, size_t d) { return r == s && c == d; }
static bool tile  (size_t r, size_t c, size_t s, size_t d) { return r / 4 == s / 4 && c / 3 == d / 3; }

static const sharing sharings[] = {
    {"tensor",         {.per = HU_PER_TENSOR},                             all},
    {"row",            {.per = HU_PER_ROW},                                row},
    {"column",         {.per = HU_PER_COLUMN},                             column},
    {"channel 1",      {.per = HU_PER_CHANNEL, .axis = 0},                 row},
    {"channel -1",     {.per = HU_PER_CHANNEL, .axis = -1},                column},
    {"group 4",        {.per = HU_PER_GROUP, .axis = -1, .group = 4},      by_4},
    {"group 4 down",   {.per = HU_PER_GROUP, .axis = 0, .group = 4},       down_4},
    {"group 5 flat",   {.per = HU_PER_GROUP, .flat = true, .group = 5},    flat_5},
    {"group 1",        {.per = HU_PER_GROUP, .axis = -1, .group = 1},      alone},
    {"group of more",  {.per = HU_PER_GROUP, .axis = -1, .group = 1000},   row},
    {"tile 4 x 3",     {.per = HU_PER_TILE, .tile = {4, 3}},               tile},
    {"rank1",          {.per = HU_PER_RANK1},                              NULL},
};

/* The finite elements that share (r, c)'s scale. */
static size_t members(double *x, const hu_tensor *t, bool (*share)(size_t, size_t, size_t, size_t), size_t r, size_t c)
{
    size_t n = 0;
    for (size_t s = 0; s < ROWS; s++)
        for (size_t d = 0; d < COLS; d++) {
            double value = hu_tensor_get(t, s * COLS + d);
            if (share(r, c, s, d) && isfinite(value))
                x[n++] = value;
        }
    return n;
}

static int by_size(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* The range of those elements by the rule; rounding on the way where *exact is then false. */
static double range(double *x, size_t n, const hu_scaled *q, bool *exact)
{
    double most = 0;
    long double sum = 0;
    *exact = q->rule == HU_RANGE_absmax || q->rule == HU_RANGE_clip;
    if (q->rule == HU_RANGE_clip)
        return q->value;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(x[i]));
        sum += q->rule == HU_RANGE_rms ? (long double)x[i] * x[i] : fabsl((long double)x[i]);
    }
    if (most == 0) {
        *exact = true;
        return 1;
    }
    if (q->rule == HU_RANGE_rms)
        return (double)(q->constant * sqrtl(sum / n));
    if (q->rule == HU_RANGE_absmean)
        return (double)(q->constant * (sum / n));
    if (q->rule == HU_RANGE_percentile) {
        qsort(x, n, sizeof *x, by_size);
        long double at = (long double)q->percentile * (n - 1);
        size_t k = (size_t)at;
        double c = (double)(fabsl(x[k]) + (at - k) * (k + 1 < n ? fabsl(x[k + 1]) - fabsl(x[k]) : 0));
        return c > 0 ? c : 1;
    }
    return q->constant * most;
}

static double scale_truth(const hu_tensor *t, const hu_scaled *q, const sharing *s, size_t r, size_t c, double largest, bool *exact)
{
    double x[N];
    if (q->rule == HU_RANGE_fixed) {
        *exact = true;
        return t->dtype == HU_F32 ? (double)(float)q->value : q->value;
    }
    if (s->share)
        return quotient(range(x, members(x, t, s->share, r, c), q, exact), largest, t->dtype);
    double a = quotient(range(x, members(x, t, row, r, c), q, exact), largest, t->dtype);
    double b = quotient(range(x, members(x, t, column, r, c), q, exact), largest, t->dtype);
    *exact = q->rule == HU_RANGE_absmax || q->rule == HU_RANGE_clip;
    return a < b ? a : b;
}

/* The scale that the library used for an element. */
static double scale_used(const hu_tensor *scales, const sharing *s, size_t r, size_t c)
{
    if (!s->share)
        return fmin(hu_tensor_get(scales, r), hu_tensor_get(scales, ROWS + c));
    if (scales->rank == 1)
        return hu_tensor_get(scales, (r * COLS + c) / s->how.group);
    size_t rows = scales->shape[0], cols = scales->shape[1];
    size_t per_r = (ROWS + rows - 1) / rows, per_c = (COLS + cols - 1) / cols;
    if (s->how.per == HU_PER_TILE)
        per_r = 4, per_c = 3;
    if (s->how.per == HU_PER_GROUP && s->how.group < N && s->how.axis == -1)
        per_c = s->how.group;
    if (s->how.per == HU_PER_GROUP && s->how.axis == 0)
        per_r = s->how.group;
    return hu_tensor_get(scales, r / per_r * cols + c / per_c);
}

/* ---- one element ---- */

static void element_truth(double *v, double *code, double x, double s, const element *e, const rational_grid *g, const hu_env *env,
                          uint64_t word, hu_dtype dtype)
{
    hu_flags flags = 0;
    mpq_t y, scale;
    mpq_inits(y, scale, NULL);
    mpq_set_d(y, isfinite(x) ? x : copysign(1e300, x));
    mpq_set_d(scale, s);
    mpq_div(y, y, scale);
    hu_code of = rational_round(g, env, y, word, &flags);
    assert_true(e->value(of, y));
    mpq_mul(y, y, scale);
    *v = nearest(y, dtype);
    *code = (double)of;
    mpq_clears(y, scale, NULL);
}

static void expect(const char *what, const char *detail, size_t i, double got, double want)
{
    if (memcmp(&got, &want, sizeof got) != 0 && !(got == 0 && want == 0) && !(isnan(got) && isnan(want)))
        fail_msg("%s, %s, element %zu: got %a, want %a", what, detail, i, got, want);
}

/* One tensor, quantizer and truth. Returns how many scales were compared bit for bit. */
static void compare(const sharing *s, hu_scaled *q, const element *e, const rational_grid *g, hu_dtype dtype, uint64_t *cases)
{
    hu_tensor x = tensor(dtype, ROWS, COLS), out = tensor(dtype, ROWS, COLS), scales = {0}, codes = {0};
    hu_error err = {0};
    hu_flags flags;
    fill(&x, 77);
    q->per = s->how;
    hu_scaled_result also = {.scales = &scales, .codes = &codes, .flags = &flags};
    if (hu_scaled_apply(&out, &x, q, 5, 9, &also, &err))
        fail_msg("%s: %s", s->what, err.text);
    char detail[100];
    snprintf(detail, sizeof detail, "%s, rule %d, mode %s, %s", e->name, (int)q->rule, q->element.rounding->name, dtype == HU_F32 ? "float" : "double");
    hu_env env = hu_env_default();
    env.rounding = q->element.rounding;
    env.overflow = HU_OVERFLOW_SATURATE;
    for (size_t r = 0; r < ROWS; r++)
        for (size_t c = 0; c < COLS; c++, ++*cases) {
            size_t i = r * COLS + c;
            bool exact;
            double value = hu_tensor_get(&x, i), v, code;
            double used = scale_used(&scales, s, r, c), want = scale_truth(&x, q, s, r, c, e->largest, &exact);
            if (exact ? used != want : fabs(used - want) > 1e-6 * want || (dtype == HU_F64 && fabs(used - want) > 1e-14 * want))
                fail_msg("%s, %s, scale of element %zu: got %a, want %a", s->what, detail, i, used, want);
            if (isnan(value)) {
                v = nearest_product(e->nan, used, dtype);
                code = e->nan_code;
            } else {
                element_truth(&v, &code, value, used, e, g, &env, hu_random_word(5, 9, i), dtype);
            }
            expect(s->what, detail, i, hu_tensor_get(&out, i), v);
            if (v != 0)
                expect(s->what, detail, i, codes.f64[i], code);
        }
    hu_tensor_clear(&x);
    hu_tensor_clear(&out);
    hu_tensor_clear(&scales);
    hu_tensor_clear(&codes);
}

static void every_granularity_and_rule(void **state)
{
    (void)state;
    static const char *const modes[] = {"rne", "rd", "rna", "sr:8"};
    uint64_t cases = 0;
    for (size_t k = 0; k < TEST_COUNT(elements); k++) {
        const element *e = &elements[k];
        rational_grid *g = grid_of(e);
        for (size_t s = 0; s < TEST_COUNT(sharings); s++)
            for (hu_range_rule rule = HU_RANGE_absmax; rule <= HU_RANGE_fixed; rule++)
                for (size_t m = 0; m < TEST_COUNT(modes); m++)
                    for (hu_dtype dtype = HU_F32; dtype <= HU_F64; dtype++) {
                        hu_scaled q;
                        if (rule == HU_RANGE_search)
                            continue;
                        hu_scaled_init(&q, format(e->name));
                        q.element.rounding = hu_rounding_find(modes[m], NULL);
                        q.rule = rule;
                        q.percentile = 0.9;
                        q.constant = rule == HU_RANGE_absmax ? 1 : 2.5;
                        q.value = 0.7;
                        compare(&sharings[s], &q, e, g, dtype, &cases);
                    }
        rational_free(g);
    }
    test_note("%d elements", (int)cases);
}

static const struct CMUnitTest claims[] = {
    CLAIM("every granularity, rule, mode and carrier gives what exact rational numbers say", every_granularity_and_rule),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
