/* nan.c - what an operation does with NaN operands and where it has no answer. */
#include "src/ops/nan.h"

bool hu_nan_among(const hu_num *x, int n, hu_env *env, hu_num *nan)
{
    int first = -1;
    for (int i = n - 1; i >= 0; i--) {
        if (x[i].kind != HU_NAN)
            continue;
        first = i;
        if (x[i].signaling)
            env->flags |= HU_INVALID;
    }
    if (first < 0)
        return false;
    *nan = env->nan == HU_NAN_PROPAGATE ? x[first] : hu_num_nan();
    return true;
}

hu_num hu_nan_invalid(hu_env *env)
{
    env->flags |= HU_INVALID;
    return hu_num_nan();
}
