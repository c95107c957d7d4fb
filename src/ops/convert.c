/* convert.c - from one format to another, and to and from double. */
#include <string.h>

#include "src/ops/nan.h"

hu_code hu_convert(const hu_format *from, const hu_format *to, hu_env *env, hu_code a)
{
    hu_num x = hu_decode(from, a), nan;
    return hu_round(to, env, hu_nan_among(&x, 1, env, &nan) ? nan : x);
}

double hu_to_double(const hu_format *f, hu_code a)
{
    return hu_num_to_double(hu_decode(f, a));
}

/* A normal number of 53 bits is put together directly; the rest goes the general way. */
double hu_num_to_double(hu_num x)
{
    if (x.kind == HU_FINITE && !x.sticky && x.exp >= -1022 && x.exp <= 1023 && (x.sig & (((hu_u128)1 << 75) - 1)) == 0) {
        uint64_t bits = (uint64_t)(x.sig >> 75) & (UINT64_C(-1) >> 12);
        bits |= (uint64_t)(x.exp + 1023) << 52 | (uint64_t)x.negative << 63;
        double result;
        memcpy(&result, &bits, sizeof result);
        return result;
    }
    hu_env env = hu_env_default();
    uint64_t bits = (uint64_t)hu_round_with(hu_format_find("e11m52", NULL), &env, x, 0);
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

bool hu_code_of_nearest(const hu_format *f, double x, bool is_single, hu_code *code)
{
    if (!f->family->result)
        return false;
    hu_num number = hu_num_from_double(x);
    if (number.kind == HU_NAN || number.kind == HU_INF)
        return false;
    hu_env env = hu_env_default();
    *code = hu_round_with(f, &env, number, 0);
    double nearest = hu_to_double(f, *code);
    return x == nearest || (is_single && x == (double)(float)nearest);
}

hu_code hu_from_double(const hu_format *f, hu_env *env, double value)
{
    hu_code code;
    if (hu_code_of_nearest(f, value, false, &code)) {
        hu_env_draw(env);
        return code;
    }
    hu_num x = hu_num_from_double(value), nan;
    return hu_round(f, env, hu_nan_among(&x, 1, env, &nan) ? nan : x);
}
