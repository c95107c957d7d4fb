/* function.c - exp, log, sin, pow, ...: correctly rounded in every format and mode.
 *
 * MPFR cuts the result off at 128 bits and says whether something was cut off; that is an exact number with its sticky
 * bit, and hu_round does the one rounding: by any mode, to subnormals, with any random word.
 * Source: IEEE 754-2019, section 9.2.
 */
#include "src/ops/function.h"

#include "src/ops/nan.h"
#include "src/ops/wide.h"

enum { PRECISION = 128, LIMBS = PRECISION / GMP_NUMB_BITS };

/* The exponent that stands for all larger ones, and its negative for all smaller ones: past every format. */
#define FAR (1 << 30)

/* An MPFR number in memory of the caller, which there is nothing to free of. */
typedef struct fixed {
    mpfr_t    x;
    mp_limb_t limb[LIMBS];
} fixed;

static void to_mpfr(fixed *out, hu_num x)
{
    static const int kinds[] = {[HU_ZERO] = MPFR_ZERO_KIND, [HU_FINITE] = MPFR_REGULAR_KIND,
                                [HU_INF] = MPFR_INF_KIND, [HU_NAN] = MPFR_NAN_KIND};
    int kind = kinds[x.kind];
    for (int i = 0; i < LIMBS; i++)
        out->limb[i] = (mp_limb_t)(x.sig >> (i * GMP_NUMB_BITS));
    mpfr_custom_init_set(out->x, x.negative ? -kind : kind, x.exp + 1, PRECISION, out->limb);
}

static hu_num far_out(bool negative, bool is_large)
{
    return (hu_num){.kind = HU_FINITE, .negative = negative, .sig = (hu_u128)1 << 127, .exp = is_large ? FAR : -FAR,
                    .sticky = true};
}

static hu_num from_mpfr(const fixed *y, bool is_cut)
{
    bool negative = mpfr_signbit(y->x) != 0;
    if (mpfr_nan_p(y->x))
        return hu_num_nan();
    if (mpfr_inf_p(y->x))
        return hu_num_inf(negative);
    if (mpfr_zero_p(y->x))
        return is_cut ? far_out(negative, false) : hu_num_zero(negative);
    mpfr_exp_t exp = mpfr_get_exp(y->x) - 1;
    if (exp < -FAR || exp > FAR)
        return far_out(negative, exp > 0);
    hu_num result = {.kind = HU_FINITE, .negative = negative, .exp = (int)exp, .sticky = is_cut};
    for (int i = 0; i < LIMBS; i++)
        result.sig |= (hu_u128)y->limb[i] << (i * GMP_NUMB_BITS);
    return result;
}

/* The result before rounding. Only quiet NaNs can be passed over (section 9.2.1). */
static hu_num evaluate(const hu_function *function, hu_env *env, const hu_num *x)
{
    hu_num nan;
    bool has_nan = hu_nan_among(x, function->arity, env, &nan), is_signaling = false;
    for (int i = 0; i < function->arity; i++)
        is_signaling |= x[i].kind == HU_NAN && x[i].signaling;
    if (has_nan && (is_signaling || function->arity == 1))
        return nan;

    fixed operand[2], y;
    mpfr_srcptr operands[2] = {operand[0].x, operand[1].x};
    for (int i = 0; i < function->arity; i++)
        to_mpfr(&operand[i], x[i]);
    to_mpfr(&y, hu_num_zero(false));
    int ternary = hu_function_mpfr(function, y.x, operands, MPFR_RNDZ, &env->flags);
    return has_nan && mpfr_nan_p(y.x) ? nan : from_mpfr(&y, ternary != 0);
}

#define UNARY(name, mpfr, title) \
    static const hu_function name##_function = {#name, 1, .unary = mpfr}; \
    hu_num hu_exact_##name(hu_env *env, const hu_num *x) { return evaluate(&name##_function, env, x); } \
    hu_code hu_##name(const hu_format *f, hu_env *env, hu_code a) \
    { \
        if (f->is_wide) \
            return hu_wide_on_codes(#name, f, env, (hu_code[]){a}); \
        hu_num x = hu_decode(f, a); \
        return hu_round(f, env, evaluate(&name##_function, env, &x)); \
    }
#define BINARY(name, mpfr, title) \
    static const hu_function name##_function = {#name, 2, .binary = mpfr}; \
    hu_num hu_exact_##name(hu_env *env, const hu_num *x) { return evaluate(&name##_function, env, x); } \
    hu_code hu_##name(const hu_format *f, hu_env *env, hu_code a, hu_code b) \
    { \
        if (f->is_wide) \
            return hu_wide_on_codes(#name, f, env, (hu_code[]){a, b}); \
        hu_num x[2] = {hu_decode(f, a), hu_decode(f, b)}; \
        return hu_round(f, env, evaluate(&name##_function, env, x)); \
    }
#include "src/ops/function.def"
#undef UNARY
#undef BINARY
