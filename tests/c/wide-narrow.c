/* wide-narrow.c - the operations of wide formats, run on narrow ones, against those of the narrow ones.
 *
 * Two ways that share neither the arithmetic (integers of 128 bits, MPFR) nor the codes; every mode, overflow policy,
 * tininess rule and NaN rule, flags and the number of random words drawn included.
 */
#include <string.h>

#include "src/ops/wide.h"
#include "tests/lib/widecodes.h"

static long cases;

static hu_env some_env(test_random *r, int mode, const uint64_t *word)
{
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_at(mode);
    env.overflow = (hu_overflow)test_random_below(r, 3);
    env.tininess = (hu_tininess)test_random_below(r, 2);
    env.nan = (hu_nan_rule)test_random_below(r, 2);
    env.word = word;
    return env;
}

static hu_code narrow(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x)
{
    hu_code a = hu_bits_to_code(&x[0]), b = hu_bits_to_code(&x[1]), c = hu_bits_to_code(&x[2]);
    return op->arity == 1 ? op->unary(f, env, a) : op->arity == 2 ? op->binary(f, env, a, b) : op->ternary(f, env, a, b, c);
}

static void compare(const hu_op *op, const hu_format *f, const hu_env *env, const hu_bits *x)
{
    hu_env one = *env, two = *env;
    hu_bits out;
    hu_code want = narrow(op, f, &one, x);
    op->wide(op, f, &two, x, &out);
    cases++;
    if (hu_bits_to_code(&out) == want && (out.word[2] | out.word[3] | out.word[4]) == 0 && one.flags == two.flags &&
        one.random.index == two.random.index)
        return;
    char a[HU_TEXT_SIZE], b[HU_TEXT_SIZE], c[HU_TEXT_SIZE], got[HU_TEXT_SIZE], expected[HU_TEXT_SIZE];
    int width = op->is_predicate ? 4 : f->width_bits;
    fail_msg("%s %s %s overflow %d tininess %d nan %d, %s %s %s: got %s flags %x, want %s flags %x", op->name, f->name,
             env->rounding->name, (int)env->overflow, (int)env->tininess, (int)env->nan,
             hu_code_to_text(hu_bits_to_code(&x[0]), f->width_bits, a), hu_code_to_text(hu_bits_to_code(&x[1]), f->width_bits, b),
             hu_code_to_text(hu_bits_to_code(&x[2]), f->width_bits, c), hu_code_to_text(hu_bits_to_code(&out), width, got),
             two.flags, hu_code_to_text(want, width, expected), one.flags);
}

/* Every mode with one environment each. */
static void in_all_modes(test_random *r, const hu_op *op, const hu_format *f, const hu_bits *x)
{
    for (int mode = 0; hu_rounding_at(mode); mode++) {
        uint64_t word = test_random_bits(r);
        if (test_random_below(r, 4) == 0)                   /* words that decide about a part of 0 or 1 in few bits */
            word = word >> 63 ? UINT64_MAX : 0;
        hu_env env = some_env(r, mode, &word);
        compare(op, f, &env, x);
    }
}

static const hu_format *find(const char *name)
{
    const hu_format *f = hu_format_find(name, NULL);
    if (!f)
        fail_msg("no format %s", name);
    return f;
}

/* All pairs of codes of formats of up to 6 bits, all codes of those of 8; a third operand at random. */
static void exhaustive(void **state)
{
    (void)state;
    static const char *const names[] = {
        "e1m1", "e1m2", "e1m3fn", "e1m2fnuz", "e1m0fn", "e2m1fn", "e2m1", "e2m2", "e3m0", "e3m2fnuz", "e2m3{subnormals=flush}",
        "e3m1fn{subnormals=flush-out}", "e2m2b5", "e3m2{bias=-4}", "e2m0fn", "e3m1{specials=finite}", "e1m3{subnormals=flush}",
    };
    test_random r = {11};
    cases = 0;
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const hu_format *f = find(names[i]);
        for (int k = 0; hu_op_at(k); k++) {
            const hu_op *op = hu_op_at(k);
            hu_code last = hu_format_last_code(f), last_b = op->arity > 1 ? last : 0, step_b = op->is_function ? 5 : 1;
            for (hu_code a = 0; a <= last; a++)
                for (hu_code b = op->is_function && last_b ? a % 5 : 0; b <= last_b; b += step_b) {
                    hu_bits x[3] = {hu_bits_from_code(a), hu_bits_from_code(b),
                                    hu_bits_from_code(test_random_below(&r, (uint64_t)last + 1))};
                    in_all_modes(&r, op, f, x);
                }
        }
    }
    test_note("%ld cases", cases);
}

static void directed_random(void **state)
{
    (void)state;
    static const char *const names[] = {
        "e4m3", "e4m3fn", "e4m3fnuz", "e4m3b11fnuz", "e5m2", "e5m10", "e8m7", "e8m23", "e11m52", "e15m62", "e5m62", "e2m62", "e1m20",
        "e8m23{subnormals=flush}", "e5m10{subnormals=flush-in}", "e11m52fn{subnormals=flush-out}", "e6m30{specials=finite}",
        "e19m40", "e30m8", "e30m62fn", "e24m20fnuz", "e30m0", "e5m10{bias=-40}", "e1m62fn", "e11m52b4000",
    };
    test_random r = {12};
    int n = test_long() ? 4000 : 60;
    cases = 0;
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const hu_format *f = find(names[i]);
        for (int k = 0; hu_op_at(k); k++)
            for (int j = 0; j < n && hu_op_check(hu_op_at(k), f, NULL) == HU_OK; j++) {
                hu_bits x[3];
                wide_codes(&r, f, x, 3);
                in_all_modes(&r, hu_op_at(k), f, x);
            }
    }
    test_note("%ld cases", cases);
}

/* Decode, negate and the codes of zeros, infinities and NaNs. */
static void same_codes(void **state)
{
    (void)state;
    static const char *const names[] = {"e1m3", "e4m3", "e4m3fn", "e4m3fnuz", "e3m4{subnormals=flush}", "e5m10", "e8m7", "e3m4{specials=finite}"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const hu_format *f = find(names[i]);
        hu_bits max = hu_wide_max(f, false);
        assert_true(hu_bits_to_code(&max) == f->max_code);
        for (hu_code code = 0; code <= hu_format_last_code(f); code++) {
            hu_bits bits = hu_bits_from_code(code), back = hu_wide_negate(f, &bits);
            hu_wide wide = hu_wide_decode(f, &bits);
            hu_num got = hu_wide_to_num(&wide), want = hu_decode(f, code);
            assert_true(got.kind == want.kind && got.negative == want.negative && got.signaling == want.signaling && !got.sticky);
            assert_true(got.kind == HU_ZERO || got.kind == HU_INF || got.sig == want.sig);
            assert_true(got.kind != HU_FINITE || got.exp == want.exp);
            assert_true(hu_bits_to_code(&back) == f->family->negate(f, code));
            if (got.kind != HU_FINITE) {
                back = hu_wide_code_of(f, &wide);
                assert_true(hu_bits_to_code(&back) == f->family->special(f, want));
            }
        }
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("the wide operations agree with the narrow ones on all codes of small formats", exhaustive),
    CLAIM("the wide operations agree with the narrow ones on random codes of all kinds", directed_random),
    CLAIM("codes mean the same to both", same_codes),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
