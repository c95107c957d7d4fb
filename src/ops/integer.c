/* integer.c - rounding to integral values, and to and from integers.
 *
 * The integers are one more grid, so their neighbors go to the same rounding modes.
 * Source: IEEE 754-2019, sections 5.3.1 (roundToIntegralExact), 5.4.1 (convertFromInt), 5.8.
 */
#include "src/ops/nan.h"

/* x, finite, as an integer, its magnitude in *n; values of 2^127 and more are left alone: false. */
static bool round_to_integer(hu_env *env, hu_num x, uint64_t random, hu_u128 *n)
{
    if (x.exp >= 127)
        return false;
    int kept = x.exp + 1;                                   /* bits before the point */
    *n = kept > 0 ? x.sig >> (128 - kept) : 0;
    hu_bracket b = {.negative = x.negative, .odd = *n & 1, .part = hu_num_below(x, kept)};
    if (b.part) {
        env->flags |= HU_INEXACT;
        *n += env->rounding->pick(env->rounding, &b, random);
    }
    return true;
}

hu_code hu_rint(const hu_format *f, hu_env *env, hu_code a)
{
    uint64_t random = hu_env_draw(env);
    hu_num x = hu_decode(f, a), nan;
    hu_u128 n;
    if (hu_nan_among(&x, 1, env, &nan))
        return hu_round_with(f, env, nan, random);
    if (f->family->result && x.kind == HU_FINITE)           /* its values are hardly ever integers: see hu_op_check */
        return hu_round_with(f, env, hu_nan_invalid(env), random);
    if (x.kind == HU_FINITE && round_to_integer(env, x, random, &n))
        x = hu_num_make(x.negative, n, 0);
    return hu_round_with(f, env, x, random);                /* exact, but for an integer past the largest value */
}

/* The integer nearest to x within [-below, above]; what does not fit raises invalid alone. */
static hu_u128 to_integer(hu_env *env, hu_num x, hu_u128 below, hu_u128 above, bool *negative)
{
    uint64_t random = hu_env_draw(env);
    hu_flags before = env->flags;
    hu_u128 n = 0;
    *negative = x.negative && x.kind != HU_NAN;
    hu_u128 bound = *negative ? below : above;
    if (x.kind == HU_ZERO)
        return 0;
    if (x.kind == HU_FINITE && round_to_integer(env, x, random, &n) && n <= bound)
        return n;
    env->flags = before | HU_INVALID;
    return bound;
}

int64_t hu_num_to_i64(hu_env *env, hu_num x, int bits)
{
    bool negative;
    hu_u128 bound = (hu_u128)1 << (bits - 1);
    hu_u128 n = to_integer(env, x, bound, bound - 1, &negative);
    return negative ? (int64_t)-(uint64_t)n : (int64_t)n;
}

uint64_t hu_num_to_u64(hu_env *env, hu_num x, int bits)
{
    bool negative;
    return (uint64_t)to_integer(env, x, 0, ((hu_u128)1 << bits) - 1, &negative);
}

int64_t hu_to_i64(const hu_format *f, hu_env *env, hu_code a, int bits)
{
    return hu_num_to_i64(env, hu_decode(f, a), bits);
}

uint64_t hu_to_u64(const hu_format *f, hu_env *env, hu_code a, int bits)
{
    return hu_num_to_u64(env, hu_decode(f, a), bits);
}

hu_code hu_from_i64(const hu_format *f, hu_env *env, int64_t n)
{
    return hu_round(f, env, hu_num_from_i64(n));
}

hu_code hu_from_u64(const hu_format *f, hu_env *env, uint64_t n)
{
    return hu_round(f, env, hu_num_from_u64(n));
}
