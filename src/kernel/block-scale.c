/* block-scale.c - the scale that a block's largest magnitude asks for, by the rules of formats/block.h. */
#include <pthread.h>

#include "src/kernel/block-job.h"
#include "src/ops/ops.h"

static const hu_rounding *nearest, *toward_zero, *upward;
static pthread_once_t modes_once = PTHREAD_ONCE_INIT;

static void find_modes(void)
{
    nearest = hu_rounding_find("rne", NULL);
    toward_zero = hu_rounding_find("rz", NULL);
    upward = hu_rounding_find("ru", NULL);
}

hu_num hu_block_top(const hu_block_format *f)
{
    return f->target != 0 ? hu_num_from_double(f->target) : hu_format_max(f->element);
}

hu_num hu_block_last(const hu_format *f, bool negative)
{
    if (!negative)
        return hu_format_max(f);
    if (!f->is_signed)
        return hu_num_zero(true);
    if (f->family == &hu_family_fixed)                      /* symmetric in blocks */
        return hu_format_max(f);
    hu_num far = hu_num_make(true, 1, HU_EXP_FAR);
    return hu_num_abs(hu_decode(f, f->family->bracket(f, far).lo));
}

/* A positive number as a scale: rounded, at most the largest value, at least the smallest positive one. */
static hu_code round_scale(const hu_format *scale, const hu_rounding *mode, hu_num x)
{
    hu_env env = hu_env_default();
    env.rounding = mode;
    env.overflow = HU_OVERFLOW_SATURATE;
    hu_code code = hu_round_with(scale, &env, x, 0);
    return hu_decode(scale, code).kind == HU_ZERO ? hu_round_with(scale, &env, hu_format_min_subnormal(scale), 0) : code;
}

/* Whether x, rounded to that many bits, ties to even, is the next power of two. */
static bool rounds_to_power(hu_num x, int precision)
{
    return x.sig >> (127 - precision) == ((hu_u128)2 << precision) - 1;
}

static bool is_power_of_two(hu_num x)
{
    return x.sig == (hu_u128)1 << 127 && !x.sticky;
}

/* ceil(log2 x) */
static int exponent_up(hu_num x)
{
    return x.exp + !is_power_of_two(x);
}

/* amax / tensor; most tensor scales are 1. */
static hu_num divided(hu_num amax, hu_num tensor)
{
    if (!is_power_of_two(tensor))
        return hu_num_div(amax, tensor);
    amax.exp -= tensor.exp;
    return amax;
}

/* The exponent of a scale that is a power of two. */
static int exponent(const hu_block_format *f, hu_num amax, hu_num tensor)
{
    hu_num top = hu_block_top(f);
    if (f->rule == HU_SCALE_up && is_power_of_two(tensor))
        return amax.exp - tensor.exp - top.exp + (amax.sig > top.sig);
    if (f->rule == HU_SCALE_up)
        return exponent_up(hu_num_div(amax, hu_num_mul(tensor, top)));
    hu_num x = divided(amax, tensor);
    int exp = x.exp - top.exp;
    if (f->rule == HU_SCALE_ceil)
        return exponent_up(x) - top.exp;
    if (f->rule == HU_SCALE_even)
        return exp + rounds_to_power(x, f->element->man_bits + 1);
    return exp;
}

bool hu_block_scale_exponent(const hu_block_format *f, hu_num amax, int *exp)
{
    const hu_format *scale = f->scale;
    *exp = exponent(f, amax, hu_num_make(false, 1, 0));
    if (scale->family != &hu_family_ufloat || !scale->lacks_zero || *exp > scale->emax)
        return false;
    *exp = *exp < scale->emin ? scale->emin : *exp;
    return true;
}

static hu_code power_scale(const hu_block_format *f, hu_num amax, hu_num tensor, hu_env *env)
{
    int exp = exponent(f, amax, tensor);
    if (exp > f->scale->emax && f->scale->has_nan && env->overflow == HU_OVERFLOW_IEEE) {
        env->flags |= HU_OVERFLOW | HU_INEXACT;
        return f->scale->nan_code;
    }
    return round_scale(f->scale, nearest, hu_num_make(false, 1, exp));
}

hu_code hu_block_scale(const hu_block_format *f, hu_num amax, hu_num tensor, hu_env *env)
{
    pthread_once(&modes_once, find_modes);
    if (amax.kind == HU_ZERO) {
        hu_env own = hu_env_default();
        return hu_round_with(f->scale, &own, hu_num_zero(false), 0);
    }
    if (hu_block_scale_is_power(f->scale))
        return power_scale(f, amax, tensor, env);
    const hu_rounding *mode = f->rule == HU_SCALE_floor ? toward_zero : f->rule == HU_SCALE_even ? nearest : upward;
    return round_scale(f->scale, mode, hu_num_div(amax, hu_num_mul(tensor, hu_block_top(f))));
}

hu_code hu_block_scale_candidate(const hu_block_format *f, hu_num amax, hu_num tensor, int j)
{
    pthread_once(&modes_once, find_modes);
    hu_num top = hu_num_mul(tensor, hu_block_top(f));
    if (hu_block_scale_is_power(f->scale))
        return round_scale(f->scale, nearest, hu_num_make(false, 1, exponent_up(hu_num_div(amax, top)) - (128 - j)));
    hu_num part = hu_num_mul(amax, hu_num_make(false, (hu_u128)j, -6));
    return round_scale(f->scale, nearest, hu_num_div(part, top));
}

/* A power of two is rounded up, so that the largest block keeps its range. */
hu_code hu_block_tensor_scale(const hu_block_format *f, hu_num amax)
{
    pthread_once(&modes_once, find_modes);
    const hu_rounding *mode = hu_block_scale_is_power(f->tensor) ? upward : nearest;
    if (amax.kind == HU_ZERO)
        return round_scale(f->tensor, nearest, hu_num_make(false, 1, 0));
    return round_scale(f->tensor, mode, hu_num_div(amax, hu_num_mul(hu_block_top(f), hu_format_max(f->scale))));
}
