/* compare.c - eq lt le, minimum and maximum, and the operations on the sign alone.
 *
 * Source: IEEE 754-2019, sections 5.5.1 (sign), 5.6.1 and 5.11 (comparison), 9.6 (minimum, maximum).
 */
#include "src/ops/nan.h"

hu_code hu_neg(const hu_format *f, hu_env *env, hu_code a)
{
    (void)env;
    return f->family->negate(f, a);
}

hu_code hu_abs(const hu_format *f, hu_env *env, hu_code a)
{
    (void)env;
    return hu_decode(f, a).negative ? f->family->negate(f, a) : a;
}

/* The smaller of two when sign is 1, the larger when it is -1; of two zeros -0 is the smaller. */
static hu_code extreme(const hu_format *f, hu_env *env, hu_code a, hu_code b, int sign)
{
    hu_num x[2] = {hu_decode(f, a), hu_decode(f, b)}, nan;
    if (hu_nan_among(x, 2, env, &nan))
        return hu_round_with(f, env, nan, 0);
    int order = hu_num_compare(x[0], x[1]);
    if (order == 0)
        order = x[1].negative - x[0].negative;
    return hu_round_with(f, env, order * sign <= 0 ? x[0] : x[1], 0);
}

hu_code hu_min(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    return extreme(f, env, a, b, 1);
}

hu_code hu_max(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    return extreme(f, env, a, b, -1);
}

/* True and the order if neither is a NaN; a quiet comparison raises invalid for signaling ones alone. */
static bool ordered(const hu_format *f, hu_env *env, hu_code a, hu_code b, bool quiet, int *order)
{
    hu_num x[2] = {hu_decode(f, a), hu_decode(f, b)}, nan;
    if (hu_nan_among(x, 2, env, &nan)) {
        if (!quiet)
            env->flags |= HU_INVALID;
        return false;
    }
    *order = hu_num_compare(x[0], x[1]);
    return true;
}

hu_code hu_eq(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    int order;
    return ordered(f, env, a, b, true, &order) && order == 0;
}

hu_code hu_lt(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    int order;
    return ordered(f, env, a, b, false, &order) && order < 0;
}

hu_code hu_le(const hu_format *f, hu_env *env, hu_code a, hu_code b)
{
    int order;
    return ordered(f, env, a, b, false, &order) && order <= 0;
}
