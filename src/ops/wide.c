/* wide.c - operations on wide floating point: NaNs and invalid operands, the exact result from MPFR, one rounding.
 *
 * Which operands are invalid is the business of arith.c: it is asked with numbers of the same kinds and signs. All else
 * about zeros and infinities MPFR knows, but for the sign of an exact zero sum, which goes by the mode.
 * Source: IEEE 754-2019, sections 5 to 7, as in arith.c and compare.c.
 */
#include "src/ops/wide.h"

#include "src/ops/nan.h"
#include "src/ops/round.h"

typedef struct arithmetic {
    hu_num     (*exact)(hu_env *env, const hu_num *x);
    hu_wide_call call;
} arithmetic;

static const arithmetic table[] = {
    {hu_exact_add,  {.two = mpfr_add}},
    {hu_exact_sub,  {.two = mpfr_sub}},
    {hu_exact_mul,  {.two = mpfr_mul}},
    {hu_exact_div,  {.two = mpfr_div}},
    {hu_exact_fma,  {.three = mpfr_fma}},
    {hu_exact_sqrt, {.one = mpfr_sqrt}},
    {hu_exact_rem,  {.two = NULL}},                         /* hu_wide_rem */
};

void hu_wide_round(const hu_format *f, hu_env *env, const hu_wide *x, uint64_t random, hu_bits *out)
{
    if (x->kind == HU_FINITE) {
        hu_wide_bracket b = hu_wide_bracket_of(f, x);
        *out = hu_round_up(env, &b.at, random) ? b.hi : b.lo;
    } else if (x->kind == HU_INF && hu_clamps_inf(env, false)) {
        *out = hu_wide_max(f, x->negative);
    } else {
        if (x->kind == HU_NAN && !f->has_nan)
            env->flags |= HU_INVALID;
        *out = hu_wide_code_of(f, x);
    }
}

bool hu_wide_nan_among(const hu_wide *x, int n, hu_env *env, hu_wide *nan)
{
    const hu_wide *first = NULL;
    for (int i = n - 1; i >= 0; i--)
        if (hu_nan_is(x[i].kind, x[i].signaling, env))
            first = &x[i];
    if (first)
        *nan = env->nan == HU_NAN_PROPAGATE ? *first : hu_wide_special(HU_NAN, false);
    return first;
}

static bool zero_times_inf(const hu_wide *x)
{
    return (x[0].kind == HU_INF && x[1].kind == HU_ZERO) || (x[0].kind == HU_ZERO && x[1].kind == HU_INF);
}

/* A number of the same kind and sign, for the rules about special operands. */
static hu_num stand_in(const hu_wide *x)
{
    return x->kind == HU_FINITE ? hu_num_make(x->negative, 1, 0) : (hu_num){.kind = x->kind, .negative = x->negative};
}

/* The signs of the two terms of a sum differ: what is then exactly zero has the sign of the mode. */
static bool terms_differ(const hu_op *op, const hu_wide *x)
{
    if (op->arity == 1)
        return false;
    if (op->exact == hu_exact_fma)
        return (x[0].negative != x[1].negative) != x[2].negative;
    bool differ = x[0].negative != x[1].negative;
    return (op->exact == hu_exact_add && differ) || (op->exact == hu_exact_sub && !differ);
}

/* A function may pass over a quiet NaN, where the other operand decides alone (section 9.2.1). */
hu_wide hu_wide_function(const hu_function *function, hu_env *env, const hu_wide *x, int words)
{
    hu_wide nan, result;
    bool has_nan = hu_wide_nan_among(x, function->arity, env, &nan), is_signaling = false;
    for (int i = 0; i < function->arity; i++)
        is_signaling |= x[i].kind == HU_NAN && x[i].signaling;
    if (has_nan && (is_signaling || function->arity == 1))
        return nan;

    mpfr_t operand[2], view;
    mpfr_srcptr operands[2] = {operand[0], operand[1]};
    for (int i = 0; i < function->arity; i++)
        hu_wide_view(operand[i], &x[i], words);
    hu_wide_begin(view, &result, words);
    int cut = hu_function_mpfr(function, view, operands, MPFR_RNDZ, &env->flags);
    hu_wide_finish(&result, view, cut != 0);
    if (result.kind == HU_NAN)
        return has_nan ? nan : hu_wide_special(HU_NAN, false);
    return result;
}

hu_wide hu_wide_exact(const hu_op *op, hu_env *env, const hu_wide *x, int words)
{
    if (op->is_function)
        return hu_wide_function(hu_function_find(op->name), env, x, words);
    hu_wide result;
    hu_num kinds[3];
    const arithmetic *row = table;
    if (op->exact == hu_exact_fma && zero_times_inf(x))
        env->flags |= HU_INVALID;                           /* even where the third is a NaN, which is the result then */
    if (hu_wide_nan_among(x, op->arity, env, &result))
        return result;
    for (int i = 0; i < op->arity; i++)
        kinds[i] = stand_in(&x[i]);
    if (op->exact(env, kinds).kind == HU_NAN)
        return hu_wide_special(HU_NAN, false);
    if (op->exact == hu_exact_rem)
        return hu_wide_rem(&x[0], &x[1], words);
    while (row->exact != op->exact)
        row++;
    result = hu_wide_compute(&row->call, x, words);
    if (result.kind == HU_ZERO && terms_differ(op, x))
        result.negative = env->rounding->is_downward;
    return result;
}

static int words_of(const hu_format *f)
{
    return hu_wide_words(f->man_bits + 1);
}

void hu_wide_exactly(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x, hu_bits *out)
{
    hu_wide operand[3];
    for (int i = 0; i < op->arity; i++)
        operand[i] = hu_wide_decode(f, &x[i]);
    hu_wide result = hu_wide_exact(op, env, operand, words_of(f));
    hu_wide_round(f, env, &result, hu_env_draw(env), out);
}

/* x, finite, as an integer; one of more bits than a format has is integral already. */
static void round_to_integer(hu_env *env, hu_wide *x, uint64_t random)
{
    int kept = x->exp + 1;                                  /* bits before the point */
    if (kept >= HU_BITS_MAX)
        return;
    hu_bits n = hu_wide_above(x, kept), one = hu_bits_one(0);
    hu_bracket b = {.negative = x->negative, .odd = n.word[0] & 1, .part = hu_wide_below(x, kept)};
    if (b.part) {
        env->flags |= HU_INEXACT;
        if (env->rounding->pick(env->rounding, &b, random))
            n = hu_bits_add(&n, &one);
    }
    *x = hu_wide_make(x->negative, &n, 0);
}

void hu_wide_rint(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *a, hu_bits *out)
{
    (void)op;
    uint64_t random = hu_env_draw(env);
    hu_wide x = hu_wide_decode(f, a), nan;
    if (hu_wide_nan_among(&x, 1, env, &nan))
        x = nan;
    else if (x.kind == HU_FINITE)
        round_to_integer(env, &x, random);
    hu_wide_round(f, env, &x, random, out);                 /* exact, but for an integer past the largest value */
}

void hu_wide_neg(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *a, hu_bits *out)
{
    (void)op, (void)env;
    *out = hu_wide_negate(f, a);
}

void hu_wide_abs(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *a, hu_bits *out)
{
    (void)op, (void)env;
    *out = hu_wide_decode(f, a).negative ? hu_wide_negate(f, a) : *a;
}

/* The smaller of two when sign is 1, the larger when it is -1; of two zeros -0 is the smaller. */
static void extreme(const hu_format *f, hu_env *env, const hu_bits *a, hu_bits *out, int sign)
{
    hu_wide x[2] = {hu_wide_decode(f, &a[0]), hu_wide_decode(f, &a[1])}, nan;
    if (hu_wide_nan_among(x, 2, env, &nan)) {
        hu_wide_round(f, env, &nan, 0, out);
        return;
    }
    int order = hu_wide_compare(&x[0], &x[1]);
    if (order == 0)
        order = x[1].negative - x[0].negative;
    hu_wide_round(f, env, order * sign <= 0 ? &x[0] : &x[1], 0, out);
}

void hu_wide_min(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x, hu_bits *out)
{
    (void)op;
    extreme(f, env, x, out, 1);
}

void hu_wide_max_of(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x, hu_bits *out)
{
    (void)op;
    extreme(f, env, x, out, -1);
}

/* True and the order if neither is a NaN; a quiet comparison raises invalid for signaling ones alone. */
static bool ordered(const hu_format *f, hu_env *env, const hu_bits *a, bool quiet, int *order)
{
    hu_wide x[2] = {hu_wide_decode(f, &a[0]), hu_wide_decode(f, &a[1])}, nan;
    if (hu_wide_nan_among(x, 2, env, &nan)) {
        if (!quiet)
            env->flags |= HU_INVALID;
        return false;
    }
    *order = hu_wide_compare(&x[0], &x[1]);
    return true;
}

void hu_wide_eq(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x, hu_bits *out)
{
    (void)op;
    int order;
    *out = hu_bits_from_code(ordered(f, env, x, true, &order) && order == 0);
}

void hu_wide_lt(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x, hu_bits *out)
{
    (void)op;
    int order;
    *out = hu_bits_from_code(ordered(f, env, x, false, &order) && order < 0);
}

void hu_wide_le(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x, hu_bits *out)
{
    (void)op;
    int order;
    *out = hu_bits_from_code(ordered(f, env, x, false, &order) && order <= 0);
}

/* ---- where codes and numbers of the narrow kind meet them ---- */

hu_code hu_wide_on_codes(const char *name, const hu_format *f, hu_env *env, const hu_code *x)
{
    const hu_op *op = hu_op_find(name);
    hu_bits bits[3], out;
    for (int i = 0; i < op->arity; i++)
        bits[i] = hu_bits_from_code(x[i]);
    op->wide(op, f, env, bits, &out);
    return hu_bits_to_code(&out);
}

hu_wide hu_wide_value(const hu_format *f, const hu_bits *code)
{
    if (f->is_wide)
        return hu_wide_decode(f, code);
    if (f->family->wide) {
        hu_wide irrational;
        f->family->wide(f, hu_bits_to_code(code), &irrational);
        return irrational;
    }
    hu_num x = hu_decode(f, hu_bits_to_code(code));
    return hu_wide_from_num(&x);
}
