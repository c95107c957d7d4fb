/* fixed.c - fixed point and integers against exact rational numbers and the integer arithmetic of C. */
#include <inttypes.h>

#include "tests/lib/rational.h"

static int width, fraction;         /* of the format that value_of reads */
static bool is_signed;

static bool value_of(hu_code code, mpq_t value)
{
    long n = (long)code;
    if (is_signed && n >= 1L << (width - 1))
        n -= 1L << width;
    mpq_set_si(value, n, 1);
    mpq_div_2exp(value, value, (mp_bitcnt_t)fraction);
    return true;
}

static void rounds(void **state)
{
    (void)state;
    static const struct { const char *name; int width, fraction; bool is_signed; int stride; } formats[] = {
        {"int2", 2, 0, true, 1},    {"int4", 4, 0, true, 1},     {"uint4", 4, 0, false, 1},   {"int8", 8, 0, true, 1},
        {"uint8", 8, 0, false, 1},  {"uq0.8", 8, 8, false, 1},   {"q1.7", 8, 7, true, 1},     {"q0.6", 6, 6, true, 1},
        {"uq3.5", 8, 5, false, 1},  {"q4.12", 16, 12, true, 97}, {"uint16", 16, 0, false, 97},
    };
    for (size_t i = 0; i < TEST_COUNT(formats); i++) {
        const hu_format *f = hu_format_find(formats[i].name, NULL);
        assert_non_null(f);
        width = formats[i].width;
        fraction = formats[i].fraction;
        is_signed = formats[i].is_signed;
        assert_int_equal(f->width_bits, width);
        rational_grid *g = rational_make((hu_code)1 << width, value_of);
        rational_power(g->step_above, -fraction);
        rational_power(g->step_below, -fraction);
        mpq_set_ui(g->min_normal, 0, 1);                    /* no underflow */
        rational_check(f, g, formats[i].stride);
        rational_free(g);
    }
}

static int clamp(int n, int low, int high)
{
    return n < low ? low : n > high ? high : n;
}

/* All pairs of int8 and uint8: sums, differences and products saturate, or wrap as C's conversions do. */
static void arithmetic_of_c(void **state)
{
    (void)state;
    uint64_t cases = 0;
    for (int sign = 0; sign < 2; sign++)
        for (int wraps = 0; wraps < 2; wraps++) {
            const char *names[2][2] = {{"uint8", "uint8{overflow=wrap}"}, {"int8", "int8{overflow=wrap}"}};
            const hu_format *f = hu_format_find(names[sign][wraps], NULL);
            assert_non_null(f);
            int low = sign ? -128 : 0, high = sign ? 127 : 255;
            for (int i = 0; i < 65536; i++) {
                int a = sign ? (int8_t)(i >> 8) : i >> 8, b = sign ? (int8_t)(i & 255) : i & 255;
                int want[3] = {a + b, a - b, a * b};
                hu_code (*const op[3])(const hu_format *, hu_env *, hu_code, hu_code) = {hu_add, hu_sub, hu_mul};
                for (int k = 0; k < 3; k++, cases++) {
                    hu_env env = hu_env_default();
                    hu_code got = op[k](f, &env, (hu_code)(i >> 8), (hu_code)(i & 255));
                    bool fits = want[k] >= low && want[k] <= high;
                    assert_int_equal((int)got, (wraps ? want[k] : clamp(want[k], low, high)) & 255);
                    assert_int_equal(env.flags, fits ? 0 : HU_OVERFLOW | HU_INEXACT);
                }
            }
        }
    test_note("%" PRIu64 " sums, differences and products", cases);
}

/* Rounding of quotients modulo 2^8: as in a wide format with as many bits of fraction, which does not overflow. */
static void wrapping_rounds(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"int8{overflow=wrap}", "int24"}, {"q2.6{overflow=wrap}", "q18.6"},
                                           {"uq3.5{overflow=wrap}", "q19.5"}};
    uint64_t cases = 0, wrapped = 0;
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const hu_format *f = hu_format_find(names[i][0], NULL), *wide = hu_format_find(names[i][1], NULL);
        assert_true(f && wide);
        for (int m = 0; hu_rounding_at(m); m++)
            for (hu_code a = 0; a < 256; a += 3)
                for (hu_code b = 1; b < 256; b++, cases++) {
                    hu_env env = hu_env_default(), wide_env = hu_env_default(), exactly = hu_env_default();
                    env.rounding = wide_env.rounding = hu_rounding_at(m);
                    hu_code got = hu_div(f, &env, a, b);
                    hu_code exact = hu_div(wide, &wide_env, hu_convert(f, wide, &exactly, a), hu_convert(f, wide, &exactly, b));
                    bool fits = hu_num_compare(hu_decode(f, got), hu_decode(wide, exact)) == 0;
                    wrapped += !fits;
                    assert_true(got == (exact & 255));
                    assert_int_equal(env.flags, wide_env.flags | (fits ? 0 : HU_OVERFLOW | HU_INEXACT));
                }
    }
    test_note("%" PRIu64 " quotients, %" PRIu64 " of them wrapped", cases, wrapped);
    assert_true(wrapped > 0);
}

/* 64 bits: products, fused sums and remainders against GMP. */
static void wide_ones(void **state)
{
    (void)state;
    static const char *const names[] = {"int64", "uint64", "q1.63", "uq0.64", "q32.32"};
    test_random random = {31};
    mpq_t a, b, c, x, n;
    mpz_t whole;
    mpq_inits(a, b, c, x, n, NULL);
    mpz_init(whole);
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const hu_format *f = hu_format_find(names[i], NULL);
        assert_non_null(f);
        for (int k = 0; k < 3000; k++) {
            hu_code code[3];
            mpq_t *const value[3] = {&a, &b, &c};
            for (int j = 0; j < 3; j++) {
                code[j] = test_random_bits(&random) >> (test_random_below(&random, 4) * test_random_below(&random, 16));
                rational_from_num(*value[j], hu_decode(f, code[j]));
            }
            hu_env env = hu_env_default();
            env.rounding = hu_rounding_at((int)test_random_below(&random, 8));
            mpq_mul(x, a, b);
            mpq_add(x, x, c);
            hu_code got = hu_fma(f, &env, code[0], code[1], code[2]);
            hu_env expected = env;
            expected.flags = 0;
            assert_true(got == hu_round_with(f, &expected, rational_to_num(x), 0) && env.flags == expected.flags);
            if (code[1] == 0)
                continue;
            mpq_div(n, a, b);                               /* the nearest integer, ties to even: floor(n + 1/2), less 1 on odd ties */
            mpq_set_ui(x, 1, 2);
            mpq_add(x, x, n);
            mpz_fdiv_q(whole, mpq_numref(x), mpq_denref(x));
            if (mpz_cmp_ui(mpq_denref(x), 1) == 0 && mpz_odd_p(whole))
                mpz_sub_ui(whole, whole, 1);
            mpq_set_z(x, whole);
            mpq_mul(x, x, b);
            mpq_sub(x, a, x);
            expected.flags = env.flags = 0;
            got = hu_rem(f, &env, code[0], code[1]);
            assert_true(got == hu_round_with(f, &expected, rational_to_num(x), 0) && env.flags == expected.flags);
        }
    }
    mpz_clear(whole);
    mpq_clears(a, b, c, x, n, NULL);
}

static void specials(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("int8", NULL), *u = hu_format_find("uint8", NULL), *w = hu_format_find("int8{overflow=wrap}", NULL);
    hu_env env = hu_env_default();
    assert_true(hu_round_with(f, &env, hu_num_inf(true), 0) == 0x80 && hu_round_with(f, &env, hu_num_inf(false), 0) == 0x7f);
    assert_int_equal(env.flags, 0);
    assert_true(hu_round_with(u, &env, hu_num_inf(true), 0) == 0 && env.flags == HU_INVALID);
    env.flags = 0;
    assert_true(hu_round_with(w, &env, hu_num_inf(true), 0) == 0);
    assert_true(hu_round_with(f, &env, hu_num_zero(true), 0) == 0 && env.flags == 0);
    assert_true(hu_round_with(f, &env, hu_num_nan(), 0) == 0 && env.flags == HU_INVALID);
    env.flags = 0;
    assert_true(hu_div(f, &env, 5, 0) == 0x7f && env.flags == HU_DIVBYZERO);
    env.flags = 0;
    assert_true(hu_neg(f, &env, 0x80) == 0x7f && hu_neg(w, &env, 0x80) == 0x80 && hu_neg(u, &env, 5) == 5 && hu_neg(f, &env, 5) == 0xfb);
    assert_true(hu_abs(f, &env, 0x80) == 0x7f && hu_abs(f, &env, 0xfb) == 5);
    env.overflow = HU_OVERFLOW_SATURATE;
    assert_true(hu_add(w, &env, 0x7f, 1) == 0x80 && env.flags == (HU_OVERFLOW | HU_INEXACT));
    assert_true(hu_from_double(w, &env, 0x1p90) == 0 && hu_from_double(w, &env, 0x1p40 + 3) == 3);
}

static void names(void **state)
{
    (void)state;
    hu_error err;
    static const char *const refused[] = {"int1", "uint65", "q0.1", "q40.40", "uq1.0", "q-1.8", "q8.-4", "int8{overflow=clip}", "q2.62{overflow=wrap}"};
    for (size_t i = 0; i < TEST_COUNT(refused); i++)
        assert_null(hu_format_find(refused[i], &err));
    assert_null(hu_format_find("q4", &err));
    assert_null(hu_format_find("int8 ", &err));
    assert_ptr_equal(hu_format_find("q8.0", &err), hu_format_find("int8", &err));
    assert_ptr_equal(hu_format_find("uq8.0{overflow=saturate}", &err), hu_format_find("uint8", &err));
    assert_ptr_equal(hu_format_find("q8.0{overflow=wrap}", &err), hu_format_find("int8{overflow=wrap}", &err));
    const hu_format *f = hu_format_find("q4.12", &err);
    assert_string_equal(f->name, "q4.12");
    assert_true(hu_to_double(f, f->max_code) == 8 - 0x1p-12 && hu_to_double(f, 0x8000) == -8);
    assert_true(hu_num_to_double(hu_format_epsilon(f)) == 0x1p-12 && hu_num_to_double(hu_format_min_subnormal(f)) == 0x1p-12);
    assert_int_equal(hu_format_epsilon(hu_format_find("q1.15", &err)).kind, HU_ZERO);
}

static const struct CMUnitTest claims[] = {
    CLAIM("every code decodes, survives, and numbers round as in exact rational arithmetic", rounds),
    CLAIM("int8 and uint8 add, subtract and multiply as in C, saturating or wrapping", arithmetic_of_c),
    CLAIM("quotients round and then wrap, in every mode", wrapping_rounds),
    CLAIM("fma and remainder of 64-bit formats are exact before their rounding", wide_ones),
    CLAIM("infinities, NaN, the most negative value", specials),
    CLAIM("names, and those that are refused", names),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
