/* ufloat.c - floats without a sign against exact rational numbers. */
#include "tests/lib/rational.h"

static int exp_bits, man_bits;      /* of the format that value_of reads */

static bool value_of(hu_code code, mpq_t value)
{
    unsigned n = (unsigned)code, last = (1U << (exp_bits + man_bits)) - 1, bias = (1U << (exp_bits - 1)) - 1;
    if (n == last)
        return false;
    unsigned field = n >> man_bits, sig = n & ((1U << man_bits) - 1);
    mpq_t power;
    mpq_init(power);
    bool is_normal = field > 0 || man_bits == 0;
    rational_power(power, (int)(is_normal ? field : 1) - (int)bias - man_bits);
    mpq_set_ui(value, sig + (is_normal ? 1U << man_bits : 0), 1);
    mpq_mul(value, value, power);
    mpq_clear(power);
    return true;
}

static void rounds(void **state)
{
    (void)state;
    static const struct { const char *name; int e, m; } formats[] = {
        {"e8m0fnu", 8, 0}, {"e4m3fnu", 4, 3}, {"e5m3fnu", 5, 3}, {"e2m1fnu", 2, 1}, {"e4m0fnu", 4, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(formats); i++) {
        const hu_format *f = hu_format_find(formats[i].name, NULL);
        assert_non_null(f);
        exp_bits = formats[i].e;
        man_bits = formats[i].m;
        int bias = (1 << (exp_bits - 1)) - 1;
        rational_grid *g = rational_make((hu_code)1 << (exp_bits + man_bits), value_of);
        g->over_above = g->over_below = ((hu_code)1 << (exp_bits + man_bits)) - 1;
        int last = (1 << (exp_bits + man_bits)) - 2;
        g->below_is_invalid = true;
        if (man_bits > 0)
            rational_power(g->step_below, 1 - bias - man_bits);
        rational_power(g->step_above, (last >> man_bits) - bias - man_bits);
        if (man_bits > 0) {
            rational_power(g->min_normal, 1 - bias);
            mpq_set_ui(g->fine, (2UL << man_bits) - 1, 1);
            mpq_div_2exp(g->fine, g->fine, (mp_bitcnt_t)(bias + man_bits));
        }
        rational_check(f, g, 1);
        rational_free(g);
    }
}

static void scale(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e8m0fnu", NULL);
    hu_env env = hu_env_default();
    assert_int_equal(f->width_bits, 8);
    assert_true(hu_to_double(f, 0) == 0x1p-127 && hu_to_double(f, 127) == 1 && hu_to_double(f, 254) == 0x1p127);
    assert_int_equal(hu_decode(f, 255).kind, HU_NAN);
    assert_true(hu_round_with(f, &env, hu_num_zero(false), 0) == 0 && env.flags == (HU_UNDERFLOW | HU_INEXACT));
    env.flags = 0;
    assert_true(hu_round_with(f, &env, hu_num_inf(false), 0) == 255 && env.flags == 0);
    assert_true(hu_from_double(f, &env, -1) == 255 && env.flags == HU_INVALID);
    env.overflow = HU_OVERFLOW_SATURATE;
    assert_true(hu_from_double(f, &env, -1) == 0 && hu_from_double(f, &env, 0x1p200) == 254);
}

static void names(void **state)
{
    (void)state;
    hu_error err;
    assert_null(hu_format_find("e1m0fnu", &err));
    assert_int_equal(err.status, HU_ERANGE);
    assert_null(hu_format_find("e8m63fnu", &err));
    assert_null(hu_format_find("e8m0b70000fnu", &err));
    assert_ptr_equal(hu_format_find("e8m0b127fnu", &err), hu_format_find("e8m0fnu", &err));
    assert_true(hu_to_double(hu_format_find("e4m0b3fnu", &err), 3) == 1);
}

static const struct CMUnitTest claims[] = {
    CLAIM("every code decodes, survives, and numbers round as in exact rational arithmetic", rounds),
    CLAIM("e8m0fnu: no zero, no sign, NaN 0xff", scale),
    CLAIM("names, and those that are refused", names),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
