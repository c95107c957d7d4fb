/* arith.c - add sub mul div fma sqrt rem: sort out NaNs and invalid operands, compute exactly, round once.
 *
 * Source: IEEE 754-2019, sections 5.4.1, 5.3.1 (remainder), 6.1, 6.3, 7.2, 7.3. fma(0, inf, NaN) raises
 * invalid for a quiet NaN too (section 7.2 c leaves the choice).
 */
#include "src/ops/nan.h"
#include "src/ops/round.h"
#include "src/ops/wide.h"

static bool is_inf(hu_num x)  { return x.kind == HU_INF; }
static bool is_zero(hu_num x) { return x.kind == HU_ZERO; }

hu_num hu_exact_add(hu_env *env, const hu_num *x)
{
    if (is_inf(x[0]) && is_inf(x[1]) && x[0].negative != x[1].negative)
        return hu_nan_invalid(env);
    return hu_num_add(x[0], x[1], env->rounding->is_downward);
}

hu_num hu_exact_sub(hu_env *env, const hu_num *x)
{
    return hu_exact_add(env, (hu_num[]){x[0], hu_num_negate(x[1])});
}

static bool zero_times_inf(const hu_num *x)
{
    return (is_inf(x[0]) && is_zero(x[1])) || (is_zero(x[0]) && is_inf(x[1]));
}

hu_num hu_exact_mul(hu_env *env, const hu_num *x)
{
    if (zero_times_inf(x))
        return hu_nan_invalid(env);
    return hu_num_mul(x[0], x[1]);
}

hu_num hu_exact_div(hu_env *env, const hu_num *x)
{
    if ((is_inf(x[0]) && is_inf(x[1])) || (is_zero(x[0]) && is_zero(x[1])))
        return hu_nan_invalid(env);
    if (is_zero(x[1])) {
        if (!is_inf(x[0]))
            env->flags |= HU_DIVBYZERO;
        return hu_num_inf(x[0].negative != x[1].negative);
    }
    return hu_num_div(x[0], x[1]);
}

hu_num hu_exact_fma(hu_env *env, const hu_num *x)
{
    if (zero_times_inf(x))
        return hu_nan_invalid(env);
    bool product_inf = is_inf(x[0]) || is_inf(x[1]), product_negative = x[0].negative != x[1].negative;
    if (product_inf && is_inf(x[2]) && product_negative != x[2].negative)
        return hu_nan_invalid(env);
    return hu_num_fma(x[0], x[1], x[2], env->rounding->is_downward);
}

hu_num hu_exact_sqrt(hu_env *env, const hu_num *x)
{
    if (x[0].negative && !is_zero(x[0]))
        return hu_nan_invalid(env);
    return hu_num_sqrt(x[0]);
}

hu_num hu_exact_rem(hu_env *env, const hu_num *x)
{
    if (is_inf(x[0]) || is_zero(x[1]))
        return hu_nan_invalid(env);
    return hu_num_rem(x[0], x[1]);
}

/* The shape that all of them share. */
static hu_num before_rounding(hu_env *env, const hu_num *x, int n, hu_num (*exact)(hu_env *env, const hu_num *x))
{
    hu_num nan;
    if (exact == hu_exact_fma && zero_times_inf(x))
        env->flags |= HU_INVALID;                           /* even where the third is a NaN, which is the result then */
    return hu_nan_among(x, n, env, &nan) ? nan : exact(env, x);
}

static hu_code apply(const hu_format *f, hu_env *env, const hu_num *x, int n,
                     hu_num (*exact)(hu_env *env, const hu_num *x))
{
    return hu_round(f, env, before_rounding(env, x, n, exact));
}

/* The same where the family itself brackets results on codes: `exact`, on numbers that were cut, sorts out what is none. */
static hu_code apply_by_family(const hu_format *f, hu_env *env, const hu_code *code, const hu_num *x, int n,
                               hu_num (*exact)(hu_env *env, const hu_num *x), hu_term term)
{
    uint64_t random = hu_env_draw(env);
    hu_num result;
    hu_bracket b;
    if (!hu_nan_among(x, n, env, &result))
        result = term == HU_TERM_NONE ? hu_nan_invalid(env) : exact(env, x);
    bool is_number = result.kind == HU_FINITE || result.kind == HU_ZERO;
    bool is_placed = is_number && env->rounding->random_bits == 0 && f->family->quick_result && f->family->quick_result(f, term, code, &b);
    if (is_placed || (is_number && f->family->result(f, term, code, &b)))
        return hu_round_up(env, &b, random) ? b.hi : b.lo;
    return hu_round_with(f, env, is_number ? hu_num_zero(false) : result, random);
}

static hu_code apply_to_codes(const hu_format *f, hu_env *env, const hu_code *code, int n,
                              hu_num (*exact)(hu_env *env, const hu_num *x), hu_term term)
{
    hu_num x[3];
    for (int i = 0; i < n; i++)
        x[i] = hu_decode(f, code[i]);
    return f->family->result ? apply_by_family(f, env, code, x, n, exact, term) : apply(f, env, x, n, exact);
}

hu_code hu_add(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    if (f->is_wide)
        return hu_wide_on_codes("add", f, env, (hu_code[]){a, b});
    return apply_to_codes(f, env, (hu_code[]){a, b}, 2, hu_exact_add, HU_TERM_SUM);
}

hu_code hu_sub(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    if (f->is_wide)
        return hu_wide_on_codes("sub", f, env, (hu_code[]){a, b});
    return apply_to_codes(f, env, (hu_code[]){a, b}, 2, hu_exact_sub, HU_TERM_DIFFERENCE);
}

hu_code hu_mul(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    if (f->is_wide)
        return hu_wide_on_codes("mul", f, env, (hu_code[]){a, b});
    return apply_to_codes(f, env, (hu_code[]){a, b}, 2, hu_exact_mul, HU_TERM_PRODUCT);
}

hu_code hu_div(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    if (f->is_wide)
        return hu_wide_on_codes("div", f, env, (hu_code[]){a, b});
    return apply_to_codes(f, env, (hu_code[]){a, b}, 2, hu_exact_div, HU_TERM_QUOTIENT);
}

hu_code hu_fma(const hu_format *f, hu_env *env, hu_code a, hu_code b, hu_code c)
{
    if (f->is_wide)
        return hu_wide_on_codes("fma", f, env, (hu_code[]){a, b, c});
    return apply_to_codes(f, env, (hu_code[]){a, b, c}, 3, hu_exact_fma, HU_TERM_FUSED);
}

hu_code hu_sqrt(const hu_format *f, hu_env *env, hu_code a)
{
    if (f->is_wide)
        return hu_wide_on_codes("sqrt", f, env, (hu_code[]){a});
    return apply_to_codes(f, env, (hu_code[]){a}, 1, hu_exact_sqrt, HU_TERM_ROOT);
}

hu_code hu_rem(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    if (f->is_wide)
        return hu_wide_on_codes("rem", f, env, (hu_code[]){a, b});
    return apply_to_codes(f, env, (hu_code[]){a, b}, 2, hu_exact_rem, HU_TERM_NONE);
}

hu_num hu_op_exact(const hu_op *op, hu_env *env, const hu_num *x)
{
    return op->is_function ? op->exact(env, x) : before_rounding(env, x, op->arity, op->exact);
}

/* The same for a wide format. */
static hu_code round_wide(const hu_op *op, const hu_format *f, hu_env *env, const hu_num *x)
{
    hu_wide operand[3];
    hu_bits out;
    for (int i = 0; i < op->arity; i++)
        operand[i] = hu_wide_from_num(&x[i]);
    hu_wide result = hu_wide_exact(op, env, operand, hu_wide_words(f->man_bits + 1));
    hu_wide_round(f, env, &result, hu_env_draw(env), &out);
    return hu_bits_to_code(&out);
}

hu_code hu_op_round(const hu_op *op, const hu_format *f, hu_env *env, const hu_num *x)
{
    if (f->is_wide)
        return round_wide(op, f, env, x);
    return hu_round(f, env, hu_op_exact(op, env, x));
}
