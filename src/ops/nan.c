/* nan.c - what an operation does with NaN operands and where it has no answer. */
#include "src/ops/nan.h"

bool hu_nan_among(const hu_num *x, int n, hu_env *env, hu_num *nan)
{
    const hu_num *first = NULL;
    for (int i = n - 1; i >= 0; i--)
        if (hu_nan_is(x[i].kind, x[i].signaling, env))
            first = &x[i];
    if (first)
        *nan = env->nan == HU_NAN_PROPAGATE ? *first : hu_num_nan();
    return first;
}

hu_num hu_nan_invalid(hu_env *env)
{
    env->flags |= HU_INVALID;
    return hu_num_nan();
}
