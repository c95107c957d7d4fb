/* hifloat8.c - HiFloat8 against a decoder of its own and exact rational numbers; the counts that its authors publish. */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/rational.h"

/* The code as a text of bits, read from the left. */
static bool value_of(hu_code code, mpq_t value)
{
    char bits[9];
    for (int i = 0; i < 8; i++)
        bits[i] = code >> (7 - i) & 1 ? '1' : '0';
    bits[8] = '\0';
    if (strcmp(bits, "10000000") == 0 || strcmp(bits + 1, "1101111") == 0)
        return false;
    static const struct { const char *prefix; int d; } dots[] = {{"11", 4}, {"10", 3}, {"01", 2}, {"001", 1}, {"0001", 0}};
    const char *c = bits + 1;
    int d = -1;
    for (size_t i = 0; i < TEST_COUNT(dots) && d < 0; i++) {
        if (strncmp(c, dots[i].prefix, strlen(dots[i].prefix)) == 0) {
            d = dots[i].d;
            c += strlen(dots[i].prefix);
        }
    }
    if (d < 0) {
        int m = (int)strtol(c + 4, NULL, 2);
        if (m == 0)
            return true;                                   /* zero, as it came */
        rational_power(value, m - 23);
    } else {
        int exp = 0;
        bool down = d > 0 && *c == '1';
        if (d > 0) {
            c++;
            exp = 1;
            for (int i = 1; i < d; i++)
                exp = 2 * exp + (*c++ - '0');
        }
        int m = (int)strlen(c);
        mpq_t power;
        mpq_init(power);
        rational_power(power, (down ? -exp : exp) - m);
        mpq_set_ui(value, (1UL << m) + (m ? strtoul(c, NULL, 2) : 0), 1);
        mpq_mul(value, value, power);
        mpq_clear(power);
    }
    if (bits[0] == '1')
        mpq_neg(value, value);
    return true;
}

static void rounds(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("hif8", NULL);
    assert_non_null(f);
    rational_grid *g = rational_make(256, value_of);
    rational_power(g->step_above, 14);                      /* 2^15 has one bit of significand: 1.5 2^15 would be next */
    rational_power(g->step_below, 14);
    g->over_above = 0x6f;
    g->over_below = 0xef;
    rational_power(g->min_normal, -15);
    mpq_set_ui(g->fine, 3, 1 << 17);                        /* 1.5 2^-16 */
    rational_check(f, g, 1);
    rational_free(g);
}

static void counts(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("hif8", NULL);
    int values[64] = {0};                                   /* positive finite ones, by exponent + 32 */
    for (hu_code code = 0; code < 128; code++) {
        hu_num x = hu_decode(f, code);
        if (x.kind == HU_FINITE)
            values[x.exp + 32]++;
    }
    int eight = 0, four = 0, two = 0, one = 0;
    for (int i = 0; i < 64; i++) {
        eight += values[i] == 8;
        four += values[i] == 4;
        two += values[i] == 2 && i != 15 + 32;
        one += values[i] == 1 && i < 32;
    }
    assert_int_equal(eight, 7);
    assert_int_equal(four, 8);
    assert_int_equal(two, 15);                              /* and that of 2^15, whose second code is infinity: 16 */
    assert_int_equal(values[15 + 32], 1);
    assert_int_equal(one, 7);
    assert_true(hu_to_double(f, f->max_code) == 0x1p15);
    assert_true(hu_num_to_double(hu_format_min_subnormal(f)) == 0x1p-22);
    assert_true(hu_num_to_double(hu_format_min_normal(f)) == 0x1p-15);
    assert_true(hu_num_to_double(hu_format_epsilon(f)) == 0x1p-3);
}

static void specials(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("hif8", NULL);
    hu_env env = hu_env_default();
    assert_int_equal(hu_decode(f, 0x80).kind, HU_NAN);
    assert_true(hu_decode(f, 0x6f).kind == HU_INF && !hu_decode(f, 0x6f).negative);
    assert_true(hu_decode(f, 0xef).kind == HU_INF && hu_decode(f, 0xef).negative);
    assert_true(hu_round_with(f, &env, hu_num_zero(true), 0) == 0);
    assert_true(hu_round_with(f, &env, hu_num_inf(true), 0) == 0xef);
    assert_true(hu_round_with(f, &env, hu_num_nan(), 0) == 0x80 && env.flags == 0);
    assert_true(hu_add(f, &env, 0x6f, 0xef) == 0x80 && env.flags == HU_INVALID);
    for (hu_code code = 0; code < 256; code++) {
        hu_code opposite = hu_neg(f, &env, code);
        assert_true(hu_neg(f, &env, opposite) == code);
        assert_true(opposite == ((code & 0x7f) ? code ^ 0x80 : code));
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("every code decodes, survives, and numbers round as in exact rational arithmetic", rounds),
    CLAIM("38 binades: 7 of 3 bits, 8 of 2, 16 of one, 7 of denormals; 2^15 to 2^-22", counts),
    CLAIM("infinities, NaN, one zero", specials),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
