/* nan.h - what an operation does with NaN operands and where it has no answer. Internal to src/ops.
 *
 * Source: IEEE 754-2019, sections 6.2 and 7.2.
 */
#ifndef HU_OPS_NAN_H
#define HU_OPS_NAN_H

#include "src/ops/ops.h"

/* Whether an operand is a NaN; a signaling one raises invalid. */
static inline bool hu_nan_is(hu_kind kind, bool signaling, hu_env *env)
{
    if (kind == HU_NAN && signaling)
        env->flags |= HU_INVALID;
    return kind == HU_NAN;
}

/* True if one of the n operands is a NaN; *nan is then the result by env's rule, and a signaling one
 * has raised invalid. */
bool hu_nan_among(const hu_num *x, int n, hu_env *env, hu_num *nan);

/* The result of an invalid operation; raises the flag. */
hu_num hu_nan_invalid(hu_env *env);

/* The exact result of an operation, for operands that are not NaN; of a function, NaN or not. */
hu_num hu_exact_add (hu_env *env, const hu_num *x);
hu_num hu_exact_sub (hu_env *env, const hu_num *x);
hu_num hu_exact_mul (hu_env *env, const hu_num *x);
hu_num hu_exact_div (hu_env *env, const hu_num *x);
hu_num hu_exact_fma (hu_env *env, const hu_num *x);
hu_num hu_exact_sqrt(hu_env *env, const hu_num *x);
hu_num hu_exact_rem (hu_env *env, const hu_num *x);
#define UNARY(name, mpfr, title)  hu_num hu_exact_##name(hu_env *env, const hu_num *x);
#define BINARY(name, mpfr, title) hu_num hu_exact_##name(hu_env *env, const hu_num *x);
#include "src/ops/function.def"
#undef UNARY
#undef BINARY

#endif
