/* registry.c - every format of the registry in every rounding mode: codes, neighbors, midpoints, and the order of modes.
 *
 * A row that is added to formats/table.def or rounding/modes.def is tested here without another line. The truth here knows floats:
 * other families, which have tests of their own, take part in the order of modes alone and are counted elsewhere.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/truth.h"

enum { EXHAUSTIVE_BITS = 16, SAMPLES = 4096 };

static const char *const more[] = {"e2m1", "e3m2", "e4m1fn", "e6m9fnuz", "e5m0", "e3m0fn", "e2m13", "e15m0", "e5m10{subnormals=flush}",
                                   "e8m7{subnormals=flush-in}", "e8m7{subnormals=flush-out}",
                                   "e4m3fn{bias=-20}",
                                   "e4m11{bias=300}", "e2m1b3{specials=fn}", "e4m0b1", "e4m3b1",
                                   "e4m3{bias=0}", "e4m3{bias=-2}",
                                   "e4m3{bias=-3,subnormals=flush}", "e15m62", "e12m40fnuz", NULL};

typedef void format_check(const hu_format *f, uint64_t *cases);

static bool is_float(const hu_format *f)
{
    return f->family == &hu_family_float;
}

/* Runs the check on the formats of the registry, all or the floats alone, and on some that the grammar makes. */
static void run_check(format_check *check, bool floats_only)
{
    uint64_t cases = 0;
    int formats = 0, others = 0;
    for (int i = 0; hu_format_at(i); i++) {
        bool skipped = floats_only && !is_float(hu_format_at(i));
        others += skipped;
        formats += !skipped;
        if (!skipped)
            check(hu_format_at(i), &cases);
    }
    for (const char *const *name = more; *name; name++, formats++)
        check(truth_format(*name), &cases);
    test_note("%d formats, %" PRIu64 " cases; %d formats of other families left to their own tests", formats, cases, others);
    assert_true(cases > 0);
}

static void each_format(format_check *check)
{
    run_check(check, false);
}

static void each_float(format_check *check)
{
    run_check(check, true);
}

/* Code number i of those that are tried: all of them where they are few, else drawn. */
static bool next_code(const hu_format *f, uint64_t *i, test_random *random, hu_code *code)
{
    if (f->width_bits <= EXHAUSTIVE_BITS) {
        *code = *i;
        return (*i)++ <= (uint64_t)hu_format_last_code(f);
    }
    *code = truth_draw(f, random);
    return (*i)++ < SAMPLES;
}

static void show(const char *what, const hu_format *f, const char *mode, hu_code code, hu_code got, hu_code want)
{
    char a[HU_TEXT_SIZE], b[HU_TEXT_SIZE], c[HU_TEXT_SIZE];
    fail_msg("%s: %s %s code %s: got %s, want %s", what, f->name, mode, hu_code_to_text(code, f->width_bits, a),
             hu_code_to_text(got, f->width_bits, b), hu_code_to_text(want, f->width_bits, c));
}

/* What a code becomes when it is only decoded and rounded: itself, but for a float's flushed and quieted ones. */
static hu_code survivor(const hu_format *f, hu_code code, hu_num x)
{
    if (!is_float(f))
        return code;
    hu_code sign = hu_ref_sign_bit(f), magnitude = code & (sign - 1);
    bool subnormal = x.kind != HU_NAN && magnitude > 0 && magnitude < (hu_code)1 << f->man_bits;
    if (subnormal && f->subnormals)
        return f->specials == HU_SPECIALS_FNUZ ? 0 : code & sign;
    if (x.kind == HU_NAN && x.signaling)
        return code | (hu_code)1 << (f->man_bits - 1);
    return code;
}

static void survives(const hu_format *f, uint64_t *cases)
{
    test_random random = {21};
    hu_code code;
    for (uint64_t i = 0; next_code(f, &i, &random, &code);) {
        hu_num x = hu_decode(f, code);
        hu_code want = survivor(f, code, x);
        bool flushed = x.kind == HU_FINITE && want != code;
        for (int m = 0; hu_rounding_at(m); m++, ++*cases) {
            hu_env env = hu_env_default();
            env.rounding = hu_rounding_at(m);
            env.nan = HU_NAN_PROPAGATE;
            hu_code got = hu_round_with(f, &env, x, UINT64_MAX * (i & 1));
            if (got != want || env.flags != (flushed ? HU_UNDERFLOW | HU_INEXACT : 0))
                show("a code does not survive", f, env.rounding->name, code, got, want);
        }
    }
}

static void codes_survive(void **state)
{
    (void)state;
    each_float(survives);
}

static void negation(const hu_format *f, uint64_t *cases)
{
    test_random random = {22};
    hu_code code;
    for (uint64_t i = 0; next_code(f, &i, &random, &code); ++*cases) {
        hu_env env = hu_env_default();
        hu_num x = hu_decode(f, code), y = hu_decode(f, hu_neg(f, &env, code));
        assert_true(x.kind == y.kind && x.exp == y.exp && x.sig == y.sig);
        bool has_none = f->specials == HU_SPECIALS_FNUZ && (x.kind == HU_ZERO || x.kind == HU_NAN);
        assert_true(y.negative == (has_none ? x.negative : !x.negative));
        assert_true(hu_neg(f, &env, hu_neg(f, &env, code)) == code);
    }
}

static void codes_negate(void **state)
{
    (void)state;
    each_float(negation);
}

/* Codes of one sign are in the order of their magnitudes. */
static void increasing(const hu_format *f, uint64_t *cases)
{
    test_random random = {23};
    hu_code code;
    for (uint64_t i = 0; next_code(f, &i, &random, &code);) {
        code &= hu_ref_sign_bit(f) - 1;
        if (code >= hu_ref_max_code(f))
            continue;
        hu_num lo = hu_decode(f, code), hi = hu_decode(f, code + 1);
        int order = hu_num_compare(lo, hi);
        bool both_flushed = lo.kind == HU_ZERO && hi.kind == HU_ZERO;
        assert_int_equal(order, both_flushed ? 0 : -1);
        ++*cases;
    }
}

static void codes_in_order(void **state)
{
    (void)state;
    each_float(increasing);
}

typedef struct between {        /* a number between two neighboring magnitudes, and what MPFR says it becomes */
    hu_num       x;
    hu_ref_exact exact;
} between;

/* lo + eighths/8 (hi - lo), moved up by less than anything if `above`, down if `below`. */
static between make_between(const hu_format *f, hu_code lo, int eighths, bool above, bool below, bool negative)
{
    hu_code trailing = lo & (((hu_code)1 << f->man_bits) - 1);
    long field = (long)(lo >> f->man_bits);
    hu_u128 step = trailing + (field ? (hu_code)1 << f->man_bits : 0);
    int exp = (int)(field ? field : 1) - f->bias - f->man_bits;
    hu_u128 sig = step * 8 + (unsigned)eighths;
    between b;
    int shift = 122 - f->man_bits;
    b.x = hu_num_make(negative, (sig << shift) - below, exp - 3 - shift);
    b.x.sticky = above || below;
    b.exact = (hu_ref_exact){.kind = HU_REF_FINITE, .negative = negative, .sticky = b.x.sticky, .exp = b.x.exp, .sig = b.x.sig};
    return b;
}

static void compare_between(const hu_format *f, hu_code lo, const between *b, uint64_t *cases)
{
    int policies = lo + 1 >= hu_ref_max_code(f) ? 3 : 1;
    for (int m = 0; m < HU_REF_MODES; m++)
        for (int p = 0; p < policies; p++) {
            hu_ref_env where = {.mode = (hu_ref_mode)m, .overflow = (hu_overflow)p, .tininess = (hu_tininess)(lo & 1)};
            hu_env env = {.rounding = truth_rounding(where.mode), .overflow = where.overflow, .tininess = where.tininess};
            hu_flags flags = 0;
            hu_code want = hu_ref_round(f, &where, &b->exact, &flags);
            hu_code got = hu_round_with(f, &env, b->x, 0);
            if (got != want || env.flags != flags)
                show("between neighbors", f, env.rounding->name, lo, got, want);
            ++*cases;
        }
}

static void neighbors(const hu_format *f, uint64_t *cases)
{
    test_random random = {24};
    hu_code code;
    for (uint64_t i = 0; next_code(f, &i, &random, &code);) {
        hu_code magnitude = code & (hu_ref_sign_bit(f) - 1);
        if (magnitude > hu_ref_max_code(f))
            continue;
        for (int eighths = 0; eighths <= 8; eighths += 2)
            for (int side = 0; side < 3; side++) {
                if (eighths == 0 && (side == 2 || magnitude == 0))
                    continue;
                between b = make_between(f, magnitude, eighths, side == 1, side == 2, code != magnitude);
                compare_between(f, magnitude, &b, cases);
            }
    }
}

static void between_neighbors(void **state)
{
    (void)state;
    each_float(neighbors);
}

/* The value of a result, infinities and NaN-for-overflow beyond all others; for the order of modes. */
static hu_num placed(const hu_format *f, hu_code code, bool negative)
{
    hu_num x = hu_decode(f, code);
    return x.kind == HU_NAN ? hu_num_inf(negative) : x;
}

static hu_num rounded(const hu_format *f, const char *mode, hu_num x, uint64_t word)
{
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find(mode, NULL);
    return placed(f, hu_round_with(f, &env, x, word), x.negative);
}

static bool is_same(hu_num a, hu_num b)
{
    return hu_num_compare(a, b) == 0;
}

/* For one number: rd <= every mode <= ru; rz and raz are rd and ru by sign; a nearest mode is one of the two; inexact
 * is raised by all modes or by none. */
static void order_of_modes(const hu_format *f, hu_num x)
{
    hu_num down = rounded(f, "rd", x, 0), up = rounded(f, "ru", x, 0);
    assert_true(is_same(rounded(f, "rz", x, 0), x.negative ? up : down));
    assert_true(is_same(rounded(f, "raz", x, 0), x.negative ? down : up));
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find("rd", NULL);
    hu_round_with(f, &env, x, 0);
    bool inexact = env.flags & HU_INEXACT;
    for (int m = 0; hu_rounding_at(m); m++)
        for (int w = 0; w < 2; w++) {
            env.rounding = hu_rounding_at(m);
            env.flags = 0;
            hu_num got = placed(f, hu_round_with(f, &env, x, w ? UINT64_MAX : 0), x.negative);
            assert_true(is_same(got, down) || is_same(got, up));
            assert_true(!!(env.flags & HU_INEXACT) == inexact);
        }
}

static void modes_in_order(const hu_format *f, uint64_t *cases)
{
    test_random random = {25};
    for (int i = 0; i < 2000; i++, ++*cases) {
        hu_num x = hu_decode(f, truth_draw(f, &random) & hu_format_last_code(f));
        if (x.kind != HU_FINITE)
            continue;
        x.sig ^= (hu_u128)test_random_bits(&random) >> test_random_below(&random, 64);
        x.exp -= (int)test_random_below(&random, 3);
        x.sticky = i & 1;
        order_of_modes(f, x);
    }
}

static void modes_bracket(void **state)
{
    (void)state;
    each_format(modes_in_order);
}

/* The distance from 1 to the next value; 0 where 1 is not a value or has none above it. */
static hu_num step_above_one(const hu_format *f)
{
    hu_env env = hu_env_default();
    hu_code code = hu_round_with(f, &env, hu_num_from_u64(1), 0);
    if (env.flags || code >= hu_ref_max_code(f))
        return hu_num_zero(false);
    return hu_num_add(hu_decode(f, code + 1), hu_num_negate(hu_num_from_u64(1)), false);
}

/* What the description says about itself, from its defining fields. */
static void described(const hu_format *f, uint64_t *cases)
{
    assert_true(f->name && f->source && f->source[0]);
    assert_int_equal(f->width_bits, 1 + f->exp_bits + f->man_bits);
    assert_int_equal(f->emin, 1 - f->bias);
    assert_true(f->max_code == hu_ref_max_code(f));
    assert_true(f->has_inf == hu_ref_has_inf(f) && f->has_nan == hu_ref_has_nan(f));
    assert_int_equal(hu_decode(f, f->max_code).exp, f->emax);
    assert_true(!f->has_inf || hu_decode(f, f->inf_code).kind == HU_INF);
    assert_true(!f->has_nan || hu_decode(f, f->nan_code).kind == HU_NAN);
    assert_true(f->has_inf || f->inf_code == (f->has_nan ? f->nan_code : f->max_code));
    assert_true(f->has_nan || f->nan_code == (f->has_inf ? f->inf_code : f->max_code));
    hu_env env = hu_env_default();
    hu_code zero = hu_round_with(f, &env, hu_num_zero(true), 0);
    assert_true(hu_decode(f, zero).negative == f->has_negative_zero);
    assert_true(is_same(hu_format_min_normal(f), hu_num_make(false, 1, f->emin)));
    assert_true(is_same(hu_format_epsilon(f), step_above_one(f)));
    ++*cases;
}

static void descriptions(void **state)
{
    (void)state;
    each_float(described);
}

static const struct CMUnitTest claims[] = {
    CLAIM("every float code survives decode and round in every mode, without a flag", codes_survive),
    CLAIM("negation changes the sign of every float code and nothing else", codes_negate),
    CLAIM("float codes of one sign are in the order of their magnitudes", codes_in_order),
    CLAIM("neighbors, quarters, midpoints and what is just beside them round as by MPFR", between_neighbors),
    CLAIM("every mode stays between rounding down and up; all are inexact or none", modes_bracket),
    CLAIM("what a float says of itself follows from its fields", descriptions),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
