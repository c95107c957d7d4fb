/* truth.c - the core against the reference, tuple by tuple. */
#include "tests/lib/truth.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const truth_settings truth_all     = {.overflow_policies = 3, .tininess_rules = 2, .nan = HU_NAN_CANONICAL};
const truth_settings truth_default = {.overflow_policies = 1, .tininess_rules = 2, .nan = HU_NAN_CANONICAL};

enum { MAX_PRINTED = 12 };

truth_op truth_op_find(const char *name)
{
    static const char *const names[] = {"add", "sub", "mul", "div", "fma", "sqrt", "rem", "min", "max"};
    truth_op op = {.core = hu_op_find(name)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            op.ref = (hu_ref_op)i;
    if (!op.core)
        fail_msg("there is no operation \"%s\"", name);
    return op;
}

const hu_format *truth_format(const char *name)
{
    hu_error err = {0};
    const hu_format *f = hu_format_find(name, &err);
    if (!f)
        fail_msg("%s", err.text);
    return f;
}

const hu_rounding *truth_rounding(hu_ref_mode mode)
{
    static const hu_rounding *found[HU_REF_MODES];
    if (!found[mode]) {
        hu_error err = {0};
        found[mode] = hu_rounding_find(hu_ref_mode_name(mode), &err);
        if (!found[mode])
            fail_msg("%s", err.text);
    }
    return found[mode];
}

static void print_code(hu_code code)
{
    uint64_t high = (uint64_t)(code >> 64);
    if (high)
        printf(" 0x%" PRIx64 "%016" PRIx64, high, (uint64_t)code);
    else
        printf(" 0x%" PRIx64, (uint64_t)code);
}

static void print_result(const char *label, hu_code code, hu_flags flags)
{
    char text[HU_FLAGS_SIZE];
    printf(", %s", label);
    print_code(code);
    printf(" %s", hu_flags_to_text(flags, text));
}

void truth_expect(truth_tally *tally, const char *what, const hu_format *f, hu_ref_mode mode, const hu_code *code,
                  int n_codes, hu_code got, hu_flags got_flags, hu_code want, hu_flags want_flags)
{
    tally->cases++;
    if (got == want && got_flags == want_flags)
        return;
    if (tally->failures++ >= MAX_PRINTED)
        return;
    printf("# %s %s %s", what, f->name, hu_ref_mode_name(mode));
    for (int i = 0; i < n_codes; i++)
        print_code(code[i]);
    print_result("got", got, got_flags);
    print_result("want", want, want_flags);
    printf("\n");
}

static hu_code run_core(const hu_op *op, const hu_format *f, hu_env *env, const hu_code code[3])
{
    switch (op->arity) {
    case 1:  return op->unary(f, env, code[0]);
    case 2:  return op->binary(f, env, code[0], code[1]);
    default: return op->ternary(f, env, code[0], code[1], code[2]);
    }
}

static void compare_in(truth_tally *tally, const truth_op *op, const hu_format *f, const hu_ref_env *where,
                       const hu_code code[3], const hu_ref_exact *exact)
{
    static const char *const policy[] = {"", "+sat", "+satfinite"};
    hu_env env = {.rounding = truth_rounding(where->mode), .overflow = where->overflow,
                  .tininess = where->tininess, .nan = where->nan};
    hu_code got = run_core(op->core, f, &env, code);
    hu_flags want_flags = 0;
    hu_code want = hu_ref_round(f, where, exact, &want_flags);
    if (got == want && env.flags == want_flags) {
        tally->cases++;
        return;
    }
    char what[64];
    snprintf(what, sizeof what, "%s%s tininess %s", op->core->name, policy[where->overflow],
             where->tininess == HU_TININESS_BEFORE ? "before" : "after");
    truth_expect(tally, what, f, where->mode, code, op->core->arity, got, env.flags, want, want_flags);
}

void truth_compare(truth_tally *tally, const truth_op *op, const hu_format *f, const truth_settings *settings,
                   const hu_code code[3], const hu_ref_value *const value[3])
{
    int arity = op->core->arity;
    hu_ref_exact exact = hu_ref_apply(op->ref, value[0], arity > 1 ? value[1] : NULL, arity > 2 ? value[2] : NULL);
    tally->tuples++;
    for (int p = 0; p < settings->overflow_policies; p++)
        for (int t = 0; t < (p == 0 ? settings->tininess_rules : 1); t++)    /* no result is both too large and tiny */
            for (int m = 0; m < HU_REF_MODES; m++) {
                hu_ref_env where = {.mode = (hu_ref_mode)m, .overflow = (hu_overflow)p,
                                    .tininess = (hu_tininess)t, .nan = settings->nan};
                compare_in(tally, op, f, &where, code, &exact);
            }
}

/* The integral value next to x, then the format's own rounding, which matters where that integer is too large
 * for the format or lies below its smallest normal. */
void truth_compare_rint(truth_tally *tally, const hu_format *f, hu_code code, const hu_ref_exact *x)
{
    tally->tuples++;
    for (int m = 0; m < HU_REF_MODES; m++)
        for (int t = 0; t < 2; t++) {
            hu_ref_env where = {.mode = (hu_ref_mode)m, .tininess = (hu_tininess)t};
            hu_env env = hu_env_default();
            env.rounding = truth_rounding(where.mode);
            env.tininess = where.tininess;
            bool inexact;
            hu_flags want_flags = 0;
            hu_ref_exact integral = hu_ref_integral(x, where.mode, &inexact);
            hu_code want = hu_ref_round(f, &where, &integral, &want_flags);
            want_flags |= inexact ? HU_INEXACT : 0;
            hu_code got = hu_rint(f, &env, code);
            truth_expect(tally, "rint", f, where.mode, &code, 1, got, env.flags, want, want_flags);
        }
}

void truth_compare_convert(truth_tally *tally, const hu_format *from, const hu_format *to, hu_code code,
                            const hu_ref_exact *x, const truth_settings *settings)
{
    tally->tuples++;
    for (int p = 0; p < settings->overflow_policies; p++)
        for (int t = 0; t < (p == 0 ? settings->tininess_rules : 1); t++)
            for (int m = 0; m < HU_REF_MODES; m++) {
                hu_ref_env where = {.mode = (hu_ref_mode)m, .tininess = (hu_tininess)t, .overflow = (hu_overflow)p,
                                    .nan = settings->nan};
                hu_env env = {.rounding = truth_rounding(where.mode), .tininess = where.tininess,
                              .overflow = where.overflow, .nan = where.nan};
                hu_flags want_flags = 0;
                hu_code want = hu_ref_round(to, &where, x, &want_flags);
                hu_code got = hu_convert(from, to, &env, code);
                if (got == want && env.flags == want_flags) {
                    tally->cases++;
                    continue;
                }
                char what[96];
                snprintf(what, sizeof what, "cvt policy %d tininess %d nan %d %s to", p, t, (int)settings->nan, from->name);
                truth_expect(tally, what, to, where.mode, &code, 1, got, env.flags, want, want_flags);
            }
}

void truth_compare_integers(truth_tally *tally, const hu_format *f, hu_code code, const hu_ref_exact *x)
{
    tally->tuples++;
    static const int widths[] = {1, 4, 8, 16, 32, 63, 64};
    for (size_t w = 0; w < TEST_COUNT(widths); w++)
        for (int m = 0; m < HU_REF_MODES; m++) {
            hu_env env = hu_env_default();
            env.rounding = truth_rounding((hu_ref_mode)m);
            hu_flags want_flags = 0;
            int64_t want = hu_ref_to_i64(x, (hu_ref_mode)m, widths[w], &want_flags);
            int64_t got = hu_to_i64(f, &env, code, widths[w]);
            truth_expect(tally, "to_i64", f, (hu_ref_mode)m, &code, 1, (uint64_t)got, env.flags, (uint64_t)want, want_flags);
            env.flags = want_flags = 0;
            uint64_t want_u = hu_ref_to_u64(x, (hu_ref_mode)m, widths[w], &want_flags);
            uint64_t got_u = hu_to_u64(f, &env, code, widths[w]);
            truth_expect(tally, "to_u64", f, (hu_ref_mode)m, &code, 1, got_u, env.flags, want_u, want_flags);
        }
}

/* eq is quiet, lt and le raise invalid for every NaN (IEEE 754-2019, section 5.11). */
void truth_compare_order(truth_tally *tally, const hu_format *f, const hu_code code[2], const hu_ref_value *a,
                         const hu_ref_value *b)
{
    int order = hu_ref_compare(a, b);
    bool any_nan = order == 2;
    bool signaling = a->signaling || b->signaling;
    const struct { const char *name; bool want, invalid; } predicate[] = {
        {"eq", order == 0, signaling}, {"lt", order == -1, any_nan}, {"le", order == -1 || order == 0, any_nan},
    };
    tally->tuples++;
    for (size_t i = 0; i < TEST_COUNT(predicate); i++) {
        hu_env env = hu_env_default();
        hu_code got = hu_op_find(predicate[i].name)->binary(f, &env, code[0], code[1]);
        truth_expect(tally, predicate[i].name, f, HU_REF_RNE, (const hu_code[3]){code[0], code[1], 0}, 2, got, env.flags,
                     predicate[i].want, predicate[i].invalid ? HU_INVALID : 0);
    }
}

void truth_report(const truth_tally *tally, const char *what)
{
    static uint64_t total;
    total += tally->cases;
    test_note("%s: %" PRIu64 " cases of %" PRIu64 " operand tuples, %" PRIu64 " differ; %" PRIu64 " cases so far", what,
              tally->cases, tally->tuples, tally->failures, total);
    assert_true(tally->cases > 0);
    assert_true(tally->failures == 0);
}

hu_code truth_signed(const hu_format *f, hu_code magnitude, bool negative)
{
    return magnitude | (negative ? hu_ref_sign_bit(f) : 0);
}

static hu_code random_bits(test_random *random)
{
    uint64_t high = test_random_bits(random);
    return (hu_code)high << 64 | test_random_bits(random);
}

/* A magnitude near one of the places where something changes. */
static hu_code landmark(const hu_format *f, test_random *random)
{
    hu_code last = hu_ref_sign_bit(f) - 1;
    hu_code one_field = (hu_code)(f->bias > 0 ? f->bias : 1) << f->man_bits;
    const hu_code place[] = {0, 1, (hu_code)1 << f->man_bits, (hu_code)2 << f->man_bits, one_field,
                             hu_ref_max_code(f), hu_ref_max_code(f) - ((hu_code)1 << f->man_bits), last};
    hu_code code = place[test_random_below(random, sizeof place / sizeof place[0])];
    code += test_random_below(random, 5);
    return (code - 2) & last;
}

hu_code truth_draw(const hu_format *f, test_random *random)
{
    if (f->family != &hu_family_float)
        return random_bits(random) & hu_format_last_code(f);
    hu_code sign = hu_ref_sign_bit(f);
    bool negative = test_random_bits(random) >> 63;
    hu_code code = random_bits(random) & (sign - 1);
    hu_code trailing_mask = ((hu_code)1 << f->man_bits) - 1;
    switch (test_random_below(random, 6)) {
    case 0:                                                      /* a landmark */
        code = landmark(f, random);
        break;
    case 1:                                                      /* subnormal, of any size */
        code &= trailing_mask;
        code >>= test_random_below(random, (uint64_t)f->man_bits + 1);
        break;
    case 2:                                                      /* few significant bits */
        code &= ~(trailing_mask >> test_random_below(random, (uint64_t)f->man_bits + 1));
        break;
    case 3:                                                      /* near one, so that exponents meet */
        code = (code & trailing_mask) | ((hu_code)(f->bias > 4 ? f->bias : 4) + test_random_below(random, 8) - 4) << f->man_bits;
        code &= sign - 1;
        break;
    default:
        break;
    }
    return truth_signed(f, code, negative);
}
