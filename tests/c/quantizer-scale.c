/* quantizer-scale.c - scales and zero points of quantizers, searches, and what they do at the ends of the numbers.
 *
 * The truths: quotients in rational numbers, rounded by looking for the nearest of all values of the scale's format; for
 * floating-point grids with a real range, the formula of Kuzmin et al. and the nearest of all values of the grid.
 */
#include <float.h>
#include <gmp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/ops/ops.h"
#include "src/tensor/quantizer.h"
#include "tests/lib/test.h"

static hu_tensor vector(hu_dtype dtype, size_t n)
{
    hu_tensor t = {0};
    assert_int_equal(hu_tensor_init(&t, dtype, 1, &n, NULL), HU_OK);
    return t;
}

static hu_scaled quantizer(const char *name)
{
    hu_scaled q;
    hu_error err = {0};
    const hu_format *f = hu_format_find(name, &err);
    if (!f)
        fail_msg("%s", err.text);
    hu_scaled_init(&q, f);
    return q;
}

static void apply(hu_tensor *out, const hu_tensor *in, const hu_scaled *q, const hu_scaled_result *also)
{
    hu_error err = {0};
    if (hu_scaled_apply(out, in, q, 0, 0, also, &err))
        fail_msg("%s", err.text);
}

/* The scale of one element of that size. */
static double scale_of(hu_scaled *q, double x)
{
    hu_tensor in = vector(HU_F64, 1), scales = {0};
    in.f64[0] = x;
    apply(&in, &in, q, &(hu_scaled_result){.scales = &scales});
    double s = scales.f64[0];
    hu_tensor_clear(&in);
    hu_tensor_clear(&scales);
    return s;
}

/* ---- scales in formats ---- */

/* The positive value of f nearest to x / by; of two equally near ones the one with the even code. */
static double nearest_value(const hu_format *f, double x, double by)
{
    mpq_t want, v, off, best;
    mpq_inits(want, v, off, best, NULL);
    mpq_set_d(want, x);
    mpq_set_d(v, by);
    mpq_div(want, want, v);
    double found = 0;
    hu_code found_code = 0;
    for (hu_code code = 0; code <= hu_format_last_code(f); code++) {
        hu_num y = hu_decode(f, code);
        if (y.kind != HU_FINITE || y.negative)
            continue;
        mpq_set_d(v, hu_num_to_double(y));
        mpq_sub(off, v, want);
        mpq_abs(off, off);
        int order = found == 0 ? -1 : mpq_cmp(off, best);
        if (order < 0 || (order == 0 && !(code & 1) && (found_code & 1))) {
            mpq_set(best, off);
            found = hu_num_to_double(y);
            found_code = code;
        }
    }
    mpq_clears(want, v, off, best, NULL);
    return found;
}

static void scales_in_formats(void **state)
{
    (void)state;
    static const char *const names[] = {"e4m3fn", "e5m2", "e8m0fnu", "e5m3", "uint8", "posit8_1"};
    test_random random = {.state = 1};
    int cases = 0;
    for (size_t f = 0; f < TEST_COUNT(names); f++)
        for (int i = 0; i < 60; i++, cases++) {
            hu_scaled q = quantizer(i % 2 ? "e2m1fn" : "int4");
            double by = i % 2 ? 6 : 7, x = ldexp(1 + test_random_unit(&random), (int)test_random_below(&random, 24) - 10);
            q.scale_format = hu_format_find(names[f], NULL);
            if (i < 20)                                     /* a tie, or nearly */
                x = by * (1 + (double)(i / 2) / 16) * 4;
            double got = scale_of(&q, x), want = nearest_value(q.scale_format, x, by);
            if (got != want && strcmp(names[f], "posit8_1") != 0)
                fail_msg("scale of %a / %g in %s: got %a, want %a", x, by, names[f], got, want);
            if (strcmp(names[f], "posit8_1") == 0 && !(got > 0))
                fail_msg("scale of %a in posit8_1 is %a", x, got);
        }
    test_note("%d scales", cases);
}

static void powers_of_two(void **state)
{
    (void)state;
    test_random random = {.state = 2};
    for (int i = 0; i < 400; i++) {
        hu_scaled q = quantizer("e2m1fn");
        double x = ldexp(1 + test_random_unit(&random), (int)test_random_below(&random, 40) - 20);
        if (i % 4 == 0)
            x = ldexp(6, i / 4 - 50);                       /* x / 6 is a power of two */
        mpq_t ratio, power, square;
        mpq_inits(ratio, power, square, NULL);
        mpq_set_d(ratio, x);
        mpq_set_ui(power, 6, 1);
        mpq_div(ratio, ratio, power);
        int floor_exp = -200;
        for (mpq_set_d(power, 0x1p-199); mpq_cmp(power, ratio) <= 0; mpq_mul_2exp(power, power, 1))
            floor_exp++;
        mpq_set_d(power, ldexp(1, floor_exp));
        bool is_power = mpq_equal(power, ratio);
        mpq_mul(square, ratio, ratio);
        mpq_mul(power, power, power);
        mpq_mul_2exp(power, power, 1);                      /* 2^(2 floor + 1) */
        bool up = mpq_cmp(square, power) > 0;
        double want[] = {ldexp(1, floor_exp), ldexp(1, floor_exp + up), ldexp(1, floor_exp + !is_power)};
        hu_pow2 how[] = {HU_POW2_floor, HU_POW2_near, HU_POW2_ceil};
        for (int k = 0; k < 3; k++) {
            q.pow2 = how[k];
            double got = scale_of(&q, x);
            if (got != want[k])
                fail_msg("power of two %d of %a / 6: got %a, want %a", k, x, got, want[k]);
        }
        mpq_clears(ratio, power, square, NULL);
    }
}

static void bounds(void **state)
{
    (void)state;
    hu_scaled q = quantizer("int8");
    q.scale_least = 1e-5;
    q.scale_most = 1e4;
    assert_true(scale_of(&q, 1e-9) == 1e-5);
    assert_true(scale_of(&q, 1e9) == 1e4);
    assert_true(scale_of(&q, 254) == 2);
    q = quantizer("int8");
    q.scale_format = hu_format_find("e4m3fn", NULL);
    assert_true(scale_of(&q, 1e-9) == 0x1p-9);              /* never zero */
    assert_true(scale_of(&q, 1e9) == 448);
    q.scale_format = NULL;
    assert_true(scale_of(&q, 5e-324) == 5e-324);
    assert_true(scale_of(&q, DBL_MAX) == DBL_MAX / 127);
    for (q.rule = HU_RANGE_rms; q.rule <= HU_RANGE_absmean; q.rule++) {      /* without overflow or underflow of the squares */
        assert_true(scale_of(&q, 0x1.8p1000) == 0x1.8p1000 / 127);
        assert_true(scale_of(&q, 0x1.8p-1000) == 0x1.8p-1000 / 127);
    }
}

/* ---- zero points ---- */

static long to_nearest(const mpq_t x)                       /* ties to even */
{
    mpq_t half;
    mpz_t whole;
    mpq_init(half);
    mpz_init(whole);
    mpq_set_ui(half, 1, 2);
    mpq_add(half, half, x);
    mpz_fdiv_q(whole, mpq_numref(half), mpq_denref(half));
    long n = mpz_get_si(whole);
    if (mpz_cmp_ui(mpq_denref(half), 1) == 0 && n % 2 != 0)
        n--;
    mpq_clear(half);
    mpz_clear(whole);
    return n;
}

static long quotient_to_nearest(double x, double by)
{
    mpq_t a, b;
    mpq_inits(a, b, NULL);
    mpq_set_d(a, x);
    mpq_set_d(b, by);
    mpq_div(a, a, b);
    long n = to_nearest(a);
    mpq_clears(a, b, NULL);
    return n;
}

static long cut(long x, long low, long high) { return x < low ? low : x > high ? high : x; }

static void zero_points(void **state)
{
    (void)state;
    static const struct { const char *name; long low, high; } ints[] = {{"uint8", 0, 255}, {"int8", -128, 127}, {"uint4", 0, 15}, {"int3", -4, 3}};
    test_random random = {.state = 4};
    enum { SIZE = 24 };
    for (int round = 0; round < 200; round++)
        for (size_t k = 0; k < TEST_COUNT(ints); k++) {
            hu_scaled q = quantizer(ints[k].name);
            q.zero_point = true;
            hu_tensor x = vector(HU_F64, SIZE), out = vector(HU_F64, SIZE), scales = {0}, zeros = {0};
            double low = 0, high = 0, shift = (test_random_unit(&random) - 0.5) * 4;
            for (int i = 0; i < SIZE; i++) {
                x.f64[i] = round == 0 ? i * 0.5 : test_random_unit(&random) + shift;
                low = fmin(low, x.f64[i]);
                high = fmax(high, x.f64[i]);
            }
            apply(&out, &x, &q, &(hu_scaled_result){.scales = &scales, .zeros = &zeros});
            double s = (high - low) / (double)(ints[k].high - ints[k].low);    /* of doubles, rounded once */
            long z = cut(ints[k].low + quotient_to_nearest(-low, s), ints[k].low, ints[k].high);
            if (scales.f64[0] != s || zeros.f64[0] != (double)z)
                fail_msg("%s: scale %a, zero %g; want %a, %ld", ints[k].name, scales.f64[0], zeros.f64[0], s, z);
            for (int i = 0; i < SIZE; i++) {
                long code = cut(quotient_to_nearest(x.f64[i], s) + z, ints[k].low, ints[k].high);
                if (out.f64[i] != (double)(code - z) * s)
                    fail_msg("%s: %a becomes %a, want %a", ints[k].name, x.f64[i], out.f64[i], (double)(code - z) * s);
            }
            hu_tensor_clear(&x);
            hu_tensor_clear(&out);
            hu_tensor_clear(&scales);
            hu_tensor_clear(&zeros);
        }
}

/* ---- floating-point grids with a real range (arXiv 2208.09225) ---- */

static double by_formula(double x, double c, int exp_bits, int man_bits)
{
    double bias = exp2(exp_bits) - log2(c) + log2(2 - exp2(-man_bits)) - 1;
    double cut_x = fmin(fmax(x, -c), c);
    if (cut_x == 0)
        return 0;
    double p = fmax(floor(log2(fabs(cut_x)) + bias), 1), s = exp2(p - man_bits - bias);
    return rint(cut_x / s) * s;
}

static void real_ranges(void **state)
{
    (void)state;
    static const double clips[] = {1, 2.92, 0.37};
    test_random random = {.state = 6};
    enum { SIZE = 3000 };
    hu_tensor x = vector(HU_F64, SIZE), out = vector(HU_F64, SIZE);
    int cases = 0;
    for (int e = 2; e <= 5; e++)
        for (int m = 0; m <= 5; m++)
            for (size_t k = 0; k < TEST_COUNT(clips); k++, cases += SIZE) {
                char name[64];
                snprintf(name, sizeof name, "e%dm%d{specials=finite}", e, m);
                hu_scaled q = quantizer(name);
                const hu_format *f = q.element.format;
                double c = clips[k], unit = c / hu_num_to_double(hu_decode(f, f->max_code));
                q.rule = HU_RANGE_clip;
                q.value = c;
                for (int i = 0; i < SIZE; i++)
                    x.f64[i] = (test_random_unit(&random) - 0.5) * 2.5 * c * exp2(-(double)test_random_below(&random, 12));
                apply(&out, &x, &q, NULL);
                for (int i = 0; i < SIZE; i++) {
                    double best = INFINITY, off = fabs(out.f64[i] - x.f64[i]);
                    for (hu_code code = 0; code <= hu_format_last_code(f); code++)
                        best = fmin(best, fabs(hu_num_to_double(hu_decode(f, code)) * unit - x.f64[i]));
                    if (off > best * (1 + 1e-9) + 1e-15)
                        fail_msg("%s, c = %g: %a becomes %a, off by %a; %a would do", name, c, x.f64[i], out.f64[i], off, best);
                    double formula = by_formula(x.f64[i], c, e, m);
                    if (fabs(formula - out.f64[i]) > 1e-12 * c && fabs(off - fabs(formula - x.f64[i])) > 1e-9 * c)
                        fail_msg("%s, c = %g: %a becomes %a, by formula %a", name, c, x.f64[i], out.f64[i], formula);
                }
            }
    test_note("%d numbers", cases);
    hu_tensor_clear(&x);
    hu_tensor_clear(&out);
}

/* ---- searches ---- */

static void best_candidate(void **state)
{
    (void)state;
    static const char *const formats[] = {"int4", "e2m1fn", "nf4", "int8", "e4m3fn", "posit8_1"};
    enum { SIZE = 96, GROUP = 12 };
    for (size_t f = 0; f < TEST_COUNT(formats); f++)
        for (int pow2 = HU_POW2_none; pow2 <= HU_POW2_ceil; pow2++) {
            test_random random = {.state = f};
            hu_tensor x = vector(HU_F32, SIZE), out = vector(HU_F32, SIZE), best = vector(HU_F32, SIZE);
            double error[SIZE / GROUP];
            for (int i = 0; i < SIZE; i++)
                x.f32[i] = (float)((test_random_unit(&random) - 0.5) * exp2((double)test_random_below(&random, 5)));
            hu_scaled q = quantizer(formats[f]), fixed;
            q.per = (hu_granularity){.per = HU_PER_GROUP, .axis = 0, .group = GROUP};
            q.pow2 = (hu_pow2)pow2;
            q.target = f == 5 ? 1 : 0;
            fixed = q;
            q.rule = HU_RANGE_search;
            for (size_t c = 0; c < q.n_candidates; c++) {
                fixed.constant = q.candidates[c];
                apply(&out, &x, &fixed, NULL);
                for (int g = 0; g < SIZE / GROUP; g++) {
                    double e = 0;
                    for (int i = g * GROUP; i < (g + 1) * GROUP; i++)
                        e += ((double)x.f32[i] - (double)out.f32[i]) * ((double)x.f32[i] - (double)out.f32[i]);
                    if (c == 0 || e < error[g]) {
                        error[g] = e;
                        memcpy(best.f32 + g * GROUP, out.f32 + g * GROUP, GROUP * sizeof *best.f32);
                    }
                }
            }
            apply(&out, &x, &q, NULL);
            for (int i = 0; i < SIZE; i++)
                if (out.f32[i] != best.f32[i])
                    fail_msg("%s, power %d, element %d: got %a, the best candidate's is %a", formats[f], pow2, i, out.f32[i], best.f32[i]);
            hu_tensor_clear(&x);
            hu_tensor_clear(&out);
            hu_tensor_clear(&best);
        }
}

/* ---- threads, memory, places ---- */

static void threads_change_nothing(void **state)
{
    (void)state;
    size_t n = 70001;
    hu_tensor x = vector(HU_F64, n), one = vector(HU_F64, n), many = vector(HU_F64, n);
    for (size_t i = 0; i < n; i++)
        x.f64[i] = hu_random_normal_at(1, 2, i);
    for (int k = 0; k < 4; k++) {
        hu_scaled q = quantizer(k % 2 ? "int8" : "e2m1fn");
        q.element.rounding = hu_rounding_find(k < 2 ? "sr" : "rne", NULL);
        q.rule = k == 3 ? HU_RANGE_search : HU_RANGE_rms;
        q.constant = 2.5;
        q.per = (hu_granularity){.per = HU_PER_GROUP, .axis = 0, .group = 999};
        int before = hu_threads_set(1);
        apply(&one, &x, &q, NULL);
        hu_threads_set(3);
        apply(&many, &x, &q, NULL);
        hu_threads_set(before);
        assert_memory_equal(one.f64, many.f64, n * sizeof *one.f64);
        memcpy(many.f64, x.f64, n * sizeof *many.f64);
        apply(&many, &many, &q, NULL);                      /* in place */
        assert_memory_equal(one.f64, many.f64, n * sizeof *one.f64);
    }
    hu_tensor_clear(&x);
    hu_tensor_clear(&one);
    hu_tensor_clear(&many);
}

/* Quantizers that take memory in all ways. */
static hu_scaled hungry(int kind, hu_scaled *inner, const hu_tensor *inputs)
{
    hu_scaled q = quantizer(kind == 4 ? "uint8" : "e2m1fn");
    *inner = quantizer("e4m3fn");
    q.per = (hu_granularity){.per = kind == 3 ? HU_PER_RANK1 : HU_PER_GROUP, .axis = -1, .group = 4};
    q.rule = kind == 0 ? HU_RANGE_percentile : kind == 1 ? HU_RANGE_rms : kind == 3 || kind == 4 ? HU_RANGE_absmax : HU_RANGE_search;
    q.percentile = 0.9;
    q.zero_point = kind == 4;
    q.scales = kind == 1 ? inner : NULL;
    q.score = kind == 5 ? HU_SCORE_kl : kind == 6 ? HU_SCORE_layer : HU_SCORE_mse;
    q.activations = inputs;
    q.block = kind == 7 ? hu_block_find("mxfp4", NULL) : NULL;
    return q;
}

static void memory_runs_out(void **state)
{
    (void)state;
    hu_tensor inputs = {0}, x = {0}, out = {0};
    assert_int_equal(hu_tensor_init(&inputs, HU_F64, 2, (size_t[]){3, 10}, NULL), HU_OK);
    assert_int_equal(hu_tensor_init(&x, HU_F32, 2, (size_t[]){4, 10}, NULL), HU_OK);
    assert_int_equal(hu_tensor_init(&out, HU_F32, 2, (size_t[]){4, 10}, NULL), HU_OK);
    for (size_t i = 0; i < x.n; i++)
        x.f32[i] = (float)i - 11;
    for (int kind = 0; kind < 8; kind++) {
        long n = 0;
        hu_status status = HU_ENOMEM;
        while (status != HU_OK) {
            hu_scaled inner, q = hungry(kind, &inner, &inputs);
            hu_tensor codes = {0}, scales = {0}, zeros = {0};
            hu_quantize_error e;
            hu_error err = {0};
            hu_memory_fail_after(n++);
            status = hu_scaled_apply(&out, &x, &q, 0, 0, &(hu_scaled_result){&codes, &scales, &zeros, &e, NULL}, &err);
            hu_memory_fail_after(-1);
            if (status != HU_OK) {
                assert_int_equal(status, HU_ENOMEM);
                assert_true(err.text[0] && !codes.data && !scales.data && !zeros.data);
                assert_true(kind > 0 || out.f32[0] == 0);
            }
            hu_tensor_clear(&codes);
            hu_tensor_clear(&scales);
            hu_tensor_clear(&zeros);
        }
        assert_true(n > 3);
    }
    hu_observer o = {.momentum = -1};
    hu_scaled inner, q = hungry(5, &inner, &inputs);
    hu_status status = HU_ENOMEM;
    for (long n = 0; status != HU_OK; n++) {
        hu_memory_fail_after(n);
        status = hu_observer_add(&o, &q, &x, NULL);
        hu_memory_fail_after(-1);
        assert_int_equal(o.n_tensors, status == HU_OK);
    }
    hu_observer_clear(&o);
    hu_tensor_clear(&inputs);
    hu_tensor_clear(&x);
    hu_tensor_clear(&out);
}

/* ---- the ends of the numbers ---- */

static void ends(void **state)
{
    (void)state;
    static const double sizes[] = {0, 5e-324, 1e-310, 1e-160, 1, 1e160, 1e300, DBL_MAX};
    static const char *const formats[] = {"int8", "uint8", "e4m3fn", "nf4", "ude4nz", "posit16", "takum16", "hif8", "fp64", "binary8p3se"};
    for (size_t f = 0; f < TEST_COUNT(formats); f++)
        for (size_t k = 0; k < TEST_COUNT(sizes); k++)
            for (hu_range_rule rule = HU_RANGE_absmax; rule <= HU_RANGE_search; rule++)
                for (int zero = 0; zero < (f < 2 ? 2 : 1); zero++) {
                    hu_scaled q = quantizer(formats[f]);
                    hu_tensor x = vector(HU_F64, 5), out = vector(HU_F64, 5), scales = {0};
                    q.rule = rule;
                    q.percentile = 0.99;
                    q.zero_point = zero && rule != HU_RANGE_rms && rule != HU_RANGE_absmean;
                    double values[] = {sizes[k], -sizes[k], sizes[k] / 3, INFINITY, 0};
                    memcpy(x.f64, values, sizeof values);
                    apply(&out, &x, &q, &(hu_scaled_result){.scales = &scales});
                    assert_true(scales.f64[0] > 0 && scales.f64[0] <= DBL_MAX);
                    for (int i = 0; i < 5; i++)
                        if (!(fabs(out.f64[i]) <= DBL_MAX))
                            fail_msg("%s, rule %d, size %g: %g becomes %g", formats[f], (int)rule, sizes[k], values[i], out.f64[i]);
                    hu_tensor_clear(&x);
                    hu_tensor_clear(&out);
                    hu_tensor_clear(&scales);
                }
}

static const struct CMUnitTest claims[] = {
    CLAIM("a scale is the exact quotient, rounded once to its format", scales_in_formats),
    CLAIM("powers of two are those of the exact quotient", powers_of_two),
    CLAIM("scales keep within bounds and are never zero", bounds),
    CLAIM("zero points and their elements are what rational numbers say", zero_points),
    CLAIM("a floating-point grid with a real range is the formula's, and gives the nearest of all its values", real_ranges),
    CLAIM("a search takes the first of the best candidates, group by group", best_candidate),
    CLAIM("neither threads nor the place of the result change a bit", threads_change_nothing),
    CLAIM("without memory the results stay as they are", memory_runs_out),
    CLAIM("at the ends of the numbers scales are positive and values finite", ends),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
