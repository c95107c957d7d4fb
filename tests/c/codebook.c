/* codebook.c - formats that are lists of values, against the published lists and exact rational numbers. */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/rational.h"

/* The lists as decimals: of NF4 the rounded ones of its construction by quantiles (to 3e-7), of the others the exact ones. */
static const char *const nf4[16] = {
    "-1", "-.6961928906", "-.5250730387", "-.3949174907", "-.2844413576", "-.1847734352", "-.0910499921", "0", ".0795803291",
    ".1609301727", ".2461122939", ".3379151935", ".4407098024", ".5626169701", ".7229567279", "1",
};

static const hu_format *under_test;

/* An exact fraction as the nearest binary32 number, found without floating point. */
static void to_binary32(mpq_t value, long num, unsigned long den)
{
    mpq_set_si(value, num, den);
    mpq_canonicalize(value);
    if (num == 0)
        return;
    mpq_t size, power, half;
    mpq_inits(size, power, half, NULL);
    mpq_abs(size, value);
    int exp = 0;
    for (rational_power(power, exp); mpq_cmp(size, power) < 0; rational_power(power, exp))
        exp--;
    rational_power(power, 23 - exp);
    mpq_mul(size, size, power);
    mpq_set_ui(half, 1, 2);
    mpq_add(size, size, half);
    mpz_t whole;
    mpz_init(whole);
    mpz_fdiv_q(whole, mpq_numref(size), mpq_denref(size));  /* no ties among these */
    mpq_set_z(size, whole);
    mpq_div(value, size, power);
    if (num < 0)
        mpq_neg(value, value);
    mpz_clear(whole);
    mpq_clears(size, power, half, NULL);
}

/* The maps by their rule: i leading zeros select a decade, the rest the midpoint of a part of [0.1, 1]. */
static bool dynamic_value(hu_code code, mpq_t value)
{
    bool is_signed = under_test->is_signed;
    int bits = under_test->width_bits, n = 1 << bits, rank = (int)code;
    int zero_rank = is_signed ? n / 2 - 1 : 0;              /* -x ... 0 x ... 1 */
    int index = abs(rank - zero_rank);                      /* 1 is the smallest magnitude */
    if (strcmp(under_test->name, "ude4nz") == 0 && rank == 0)
        index = 1;
    if (index == 0)
        return true;
    if (rank == n - 1) {
        mpq_set_ui(value, 1, 1);
        return true;
    }
    int decades = bits - 1, parts = is_signed ? 1 : 2, decade = 0, j = index - 1;
    while (j >= parts) {
        j -= parts;
        parts *= 2;
        decade++;
    }
    unsigned long den = 20UL * (unsigned)parts;
    for (int i = decade; i < decades - 1; i++)
        den *= 10;
    long num = 2L * parts + 9L * (2 * j + 1);
    to_binary32(value, rank < zero_rank ? -num : num, den);
    return true;
}

static bool linear_value(hu_code code, mpq_t value)
{
    to_binary32(value, (long)code + 1, 16);
    return true;
}

/* Its own values, which the claim below holds against the published ones. */
static bool nf4_value(hu_code code, mpq_t value)
{
    mpq_set_d(value, hu_to_double(under_test, code));
    return true;
}

static void rounds(void **state)
{
    (void)state;
    static const struct { const char *name; rational_value *value; } formats[] = {
        {"nf4", nf4_value}, {"de4", dynamic_value}, {"ude4", dynamic_value}, {"ude4nz", dynamic_value}, {"linear4", linear_value},
        {"de8", dynamic_value}, {"ude8", dynamic_value},
    };
    for (size_t i = 0; i < TEST_COUNT(formats); i++) {
        const hu_format *f = under_test = hu_format_find(formats[i].name, NULL);
        assert_non_null(f);
        rational_grid *g = rational_make((hu_code)1 << f->width_bits, formats[i].value);
        rational_check(f, g, 1);
        rational_free(g);
    }
}

static void nf4_published(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("nf4", NULL);
    for (hu_code code = 0; code < 16; code++) {
        double value = hu_to_double(f, code), want = strtod(nf4[code], NULL);
        assert_true(value == (double)(float)value);
        assert_true(value - want < 3e-7 && want - value < 3e-7);
    }
}

static void nf4_thresholds(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("nf4", NULL);
    hu_env env = hu_env_default();
    for (hu_code code = 0; code < 15; code++) {
        double middle = (hu_to_double(f, code) + hu_to_double(f, code + 1)) / 2;      /* exact: sums of 24 bits */
        assert_true(hu_from_double(f, &env, middle - 1e-9) == code);
        assert_true(hu_from_double(f, &env, middle + 1e-9) == code + 1);
        assert_true(hu_from_double(f, &env, middle) == code + (code & 1));
    }
}

static void published_ends(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("de8", NULL), *u = hu_format_find("ude8", NULL);
    assert_true((float)hu_num_to_double(hu_format_min_subnormal(f)) == 5.5e-7f);
    assert_true((float)hu_to_double(f, 254) == 0.99296875f && hu_to_double(f, 255) == 1 && hu_to_double(f, 127) == 0);
    assert_true((float)hu_num_to_double(hu_format_min_subnormal(u)) == 3.25e-7f);
    assert_true((float)hu_to_double(u, 254) == 0.996484375f && hu_to_double(u, 0) == 0);
}

static void specials(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("nf4", NULL), *u = hu_format_find("linear4", NULL);
    hu_env env = hu_env_default();
    assert_true(hu_round_with(f, &env, hu_num_inf(true), 0) == 0 && hu_round_with(f, &env, hu_num_inf(false), 0) == 15);
    assert_int_equal(env.flags, 0);
    assert_true(hu_round_with(f, &env, hu_num_nan(), 0) == 7 && env.flags == HU_INVALID);
    env.flags = 0;
    assert_true(hu_neg(f, &env, 15) == 0 && hu_neg(f, &env, 7) == 7 && hu_neg(f, &env, 3) == 3);
    assert_true(hu_round_with(u, &env, hu_num_zero(false), 0) == 0 && env.flags == (HU_UNDERFLOW | HU_INEXACT));
    assert_true(hu_round_with(u, &env, hu_num_inf(true), 0) == 0);
    assert_true(u->lacks_zero && !f->lacks_zero && hu_format_find("ude4nz", NULL)->lacks_zero);
}

static const struct CMUnitTest claims[] = {
    CLAIM("every code decodes, survives, and numbers round as in exact rational arithmetic", rounds),
    CLAIM("the values of NF4 are the quantiles of its construction", nf4_published),
    CLAIM("numbers go to the nearest value of NF4", nf4_thresholds),
    CLAIM("the 8-bit dynamic maps have their published ends", published_ends),
    CLAIM("infinities, NaN, zero and negation, where the list has none", specials),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
