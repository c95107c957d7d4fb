/* golden.c - numbers published or computed elsewhere: where harmonic sums stop, what few random bits do, the format table.
 *
 * Sources: the harmonic sums and the few-bit update were computed by independent arithmetic; the format table
 * is that of ml_dtypes, OCP 8-bit Floating Point 1.0 and OCP Microscaling Formats 1.0.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/ops/ops.h"
#include "tests/lib/test.h"

static const hu_format *format(const char *name)
{
    hu_error err = {0};
    const hu_format *f = hu_format_find(name, &err);
    if (!f)
        fail_msg("%s", err.text);
    return f;
}

static hu_env env_of(const char *mode, uint64_t seed)
{
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find(mode, NULL);
    env.random.seed = seed;
    assert_non_null(env.rounding);
    return env;
}

/* s = fl(s + fl(1 / k)) for k = 1 to n, or until s stays; *stopped is the k at which it did. */
static double harmonic(const hu_format *f, hu_env *env, uint64_t n, bool until_it_stays, uint64_t *stopped)
{
    hu_code s = 0;
    for (uint64_t k = 1; k <= n; k++) {
        hu_code term = hu_round(f, env, hu_num_div(hu_num_from_u64(1), hu_num_from_u64(k)));
        hu_code next = hu_add(f, env, s, term);
        if (until_it_stays && next == s) {
            *stopped = k;
            break;
        }
        s = next;
    }
    return hu_to_double(f, s);
}

static void harmonic_nearest(void **state)
{
    (void)state;
    static const struct { const char *format; double sum; uint64_t n; } want[] = {
        {"binary16", 7.0859375, 513}, {"bfloat16", 5.0625, 65}, {"e4m3", 3.0, 9}, {"e5m2", 2.0, 5},
    };
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        hu_env env = env_of("rne", 0);
        uint64_t n = 0;
        double sum = harmonic(format(want[i].format), &env, 1000, true, &n);
        test_note("%s stays at %.9g from n = %d", want[i].format, sum, (int)n);
        assert_true(sum == want[i].sum);
        assert_int_equal(n, want[i].n);
    }
}

static void harmonic_single(void **state)
{
    (void)state;
    hu_env env = env_of("rne", 0);
    uint64_t n = 0;
    double sum = harmonic(format("binary32"), &env, 3000000, true, &n);
    test_note("binary32 stays at %.9g from n = %d", sum, (int)n);
    assert_true(fabs(sum - 15.4036827) < 5e-8);
    assert_int_equal(n, 2097152);
}

/* The sum goes on growing like ln n. In a binade with steps h, term 1/k is rounded with variance at most h / k, so the
 * variance of the sum is at most the sum of h ln(k_end / k_start): 0.06 for binary16, 0.45 for bfloat16. The mean of
 * five seeds is held to four standard deviations of that mean. */
static void harmonic_stochastic(void **state)
{
    (void)state;
    static const struct { const char *format; double variance, stops; } want[] = {
        {"binary16", 0.06, 7.0859375}, {"bfloat16", 0.45, 5.0625},
    };
    const double exact = 12.0901461298634;       /* H_100000 */
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        double mean = 0;
        for (uint64_t seed = 1; seed <= 5; seed++) {
            hu_env env = env_of("sr", seed);
            double sum = harmonic(format(want[i].format), &env, 100000, false, NULL);
            test_note("%s, stochastic, seed %d, n = 100000: %g", want[i].format, (int)seed, sum);
            assert_true(sum > want[i].stops + 2);
            mean += sum / 5;
        }
        assert_true(fabs(mean - exact) < 4 * sqrt(want[i].variance / 5));
    }
}

/* 10000 uniform numbers: in bfloat16 the sum stops at 256, where half a step is 1; binary32 comes near 5000. */
static void sum_of_uniforms(void **state)
{
    (void)state;
    const hu_format *bf16 = format("bf16"), *fp32 = format("fp32");
    hu_env env = env_of("rne", 0);
    hu_code narrow = 0, wide = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        hu_code u = hu_from_double(bf16, &env, hu_random_uniform_at(1, 0, i));
        narrow = hu_add(bf16, &env, narrow, u);
        wide = hu_add(fp32, &env, wide, hu_convert(bf16, fp32, &env, u));
    }
    assert_true(hu_to_double(bf16, narrow) == 256);
    assert_true(fabs(hu_to_double(fp32, wide) - 5000) < 4 * 29);    /* sqrt(10000 / 12) = 29 */
}

/* w = 1 in bfloat16 and 2000 steps of 2^-12, 1/32 of the distance to the next value: mean of 16 seeds. */
static double updated(const char *mode)
{
    const hu_format *f = format("bf16");
    double mean = 0;
    for (uint64_t seed = 0; seed < 16; seed++) {
        hu_env env = env_of(mode, seed);
        hu_code w = hu_from_double(f, &env, 1), step = hu_from_double(f, &env, 0x1p-12);
        for (int i = 0; i < 2000; i++)
            w = hu_add(f, &env, w, step);
        mean += hu_to_double(f, w) / 16;
    }
    return mean;
}

static void few_bits(void **state)
{
    (void)state;
    for (int n = 1; n <= 8; n++)
        for (int v = 0; v < 3; v++) {
            char mode[16];
            snprintf(mode, sizeof mode, "sr%c:%d", "abc"[v], n);
            double w = updated(mode);
            test_note("%s: w = %.3f", mode, w);
            if (n <= 3 || (n == 4 && v != 1))
                assert_true(w == 1);
            else                                 /* 2000 steps up with probability 1/16 (B at 4 bits) or 1/32, in steps of 1/128 */
                assert_true(fabs(w - (n == 4 ? 1.9766 : 1.4883)) < 4 * 0.085 / 4);
        }
}

/* Bias, largest, smallest normal and subnormal; whether there are infinities, NaNs and a negative zero. */
static void format_table(void **state)
{
    (void)state;
    static const struct { const char *name; int bias; double max, min_normal, min_subnormal; bool inf, nan, minus; } want[] = {
        {"binary16",    15,  65504,             0x1p-14,  0x1p-24,  true,  true,  true},
        {"bfloat16",    127, 0x1.fep127,        0x1p-126, 0x1p-133, true,  true,  true},
        {"tf32",        127, 0x1.ffcp127,       0x1p-126, 0x1p-136, true,  true,  true},
        {"e5m2",        15,  57344,             0x1p-14,  0x1p-16,  true,  true,  true},
        {"e4m3fn",      7,   448,               0x1p-6,   0x1p-9,   false, true,  true},
        {"e4m3",        7,   240,               0x1p-6,   0x1p-9,   true,  true,  true},
        {"e4m3fnuz",    8,   240,               0x1p-7,   0x1p-10,  false, true,  false},
        {"e5m2fnuz",    16,  57344,             0x1p-15,  0x1p-17,  false, true,  false},
        {"e4m3b11fnuz", 11,  30,                0x1p-10,  0x1p-13,  false, true,  false},
        {"e3m4",        3,   15.5,              0.25,     0x1p-6,   true,  true,  true},
        {"e3m2fn",      3,   28,                0.25,     0.0625,   false, false, true},
        {"e2m3fn",      1,   7.5,               1,        0.125,    false, false, true},
        {"e2m1fn",      1,   6,                 1,        0.5,      false, false, true},
        {"binary32",    127, 0x1.fffffep127,    0x1p-126, 0x1p-149, true,  true,  true},
        {"binary64",    1023, 0x1.fffffffffffffp1023, 0x1p-1022, 0x1p-1074, true, true, true},
    };
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        const hu_format *f = format(want[i].name);
        assert_int_equal(f->bias, want[i].bias);
        assert_true(hu_num_to_double(hu_format_max(f)) == want[i].max);
        assert_true(hu_num_to_double(hu_format_min_normal(f)) == want[i].min_normal);
        assert_true(hu_num_to_double(hu_format_min_subnormal(f)) == want[i].min_subnormal);
        assert_true(f->has_inf == want[i].inf && f->has_nan == want[i].nan &&
                    f->has_negative_zero == want[i].minus);
        assert_true(hu_num_to_double(hu_format_epsilon(f)) == ldexp(1, -f->man_bits));
    }
}

static int count_kind(const hu_format *f, hu_kind kind)
{
    int n = 0;
    for (hu_code c = 0; c <= hu_format_last_code(f); c++)
        n += hu_decode(f, c).kind == kind;
    return n;
}

static void special_codes(void **state)
{
    (void)state;
    assert_int_equal(count_kind(format("e5m2"), HU_NAN), 6);          /* three a sign */
    assert_int_equal(count_kind(format("e5m2"), HU_INF), 2);
    assert_int_equal(count_kind(format("e4m3fn"), HU_NAN), 2);
    assert_int_equal(count_kind(format("e4m3fn"), HU_INF), 0);
    assert_int_equal(count_kind(format("e4m3fnuz"), HU_NAN), 1);
    assert_int_equal(count_kind(format("e2m1fn"), HU_NAN), 0);
    assert_true(hu_decode(format("e4m3fn"), 0x7f).kind == HU_NAN);
    assert_true(hu_decode(format("e4m3fn"), 0xff).kind == HU_NAN);
    assert_true(hu_decode(format("e4m3fnuz"), 0x80).kind == HU_NAN);
    assert_true(hu_decode(format("e5m2fnuz"), 0x80).kind == HU_NAN);
    assert_true(hu_decode(format("e4m3b11fnuz"), 0x80).kind == HU_NAN);
}

static void four_bits(void **state)
{
    (void)state;
    static const double values[] = {0, .5, 1, 1.5, 2, 3, 4, 6},
        thresholds[] = {.25, .75, 1.25, 1.75, 2.5, 3.5, 5};
    const hu_format *f = format("e2m1fn");
    hu_env env = env_of("rne", 0);
    for (hu_code c = 0; c < 8; c++) {
        assert_true(hu_to_double(f, c) == values[c]);
        assert_true(hu_to_double(f, c | 8) == -values[c]);
    }
    for (hu_code c = 0; c < 7; c++) {
        assert_true(hu_from_double(f, &env, nextafter(thresholds[c], 0)) == c);
        assert_true(hu_from_double(f, &env, nextafter(thresholds[c], 9)) == c + 1);
        assert_true(hu_from_double(f, &env, thresholds[c]) == c + (c & 1));
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("harmonic sums rounded to nearest stop at 7.0859375, 5.0625, 3 and 2", harmonic_nearest),
    CLAIM("the harmonic sum in binary32 stops at 15.4036827, n = 2097152", harmonic_single),
    CLAIM("harmonic sums rounded stochastically go on growing", harmonic_stochastic),
    CLAIM("a bfloat16 sum of 10000 uniforms stops at 256, a binary32 sum does not", sum_of_uniforms),
    CLAIM("updates of 1/32 step: 3 random bits lose them, at 4 variant B doubles them, 5 keep them", few_bits),
    CLAIM("bias, largest, smallest and special values are those of the published table", format_table),
    CLAIM("NaNs and infinities are as many as published, and where", special_codes),
    CLAIM("E2M1 has its eight magnitudes, and seven thresholds between them", four_bits),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
