/* state.c - the formats of an optimizer's states: scaled grids, and FP8 with the range expansion of COAT. */
#include "src/nn/state.h"

#include <math.h>
#include <string.h>

hu_status hu_state_check(const hu_state_format *f, const char *what, hu_error *err)
{
    if (!f->on)
        return HU_OK;
    if (f->q.rule == HU_RANGE_search || f->q.scales || f->q.frozen_high || f->q.zero_point)
        return hu_fail(err, HU_EINVAL, "optimizer: the state %s has %s; states take scales by a rule, such as absmax", what,
                       f->q.zero_point ? "zero points" : f->q.scales ? "quantized scales" : f->q.frozen_high ? "frozen scales" : "a search");
    if (f->expands && f->q.block)
        return hu_fail(err, HU_EINVAL, "optimizer: the state %s expands the block format %s; an expansion takes a format such as e4m3fn",
                       what, f->q.block->name);
    if (f->expands && (f->group < 1 || !(f->range == 0 || f->range > 1) || !(f->range <= 0x1p1000)))
        return hu_fail(err, HU_ERANGE, "optimizer: the state %s expands groups of %zu to a range of %g; it takes groups from 1 and ranges above 1",
                       what, f->group, f->range);
    return hu_scaled_check(&f->q, HU_F32, err);
}

static double range_of(const hu_state_format *f)
{
    const hu_format *e = f->q.element.format;
    double largest = hu_num_to_double(hu_decode(e, e->max_code));
    if (f->range > 0)
        return f->range;
    return strcmp(e->name, "e4m3fn") == 0 ? largest * largest / 2 : largest / hu_num_to_double(hu_format_min_subnormal(e));
}

hu_expansion hu_expansion_of(const hu_state_format *f, const float *x, size_t n)
{
    enum { STEPS = 16 };
    const hu_format *e = f->q.element.format;
    double most = 0, least = INFINITY;
    for (size_t i = 0; i < n; i++) {
        double a = fabs((double)x[i]);
        if (isfinite(a) && a > 0) {
            most = fmax(most, a);
            least = fmin(least, a);
        }
    }
    if (most == 0)
        return (hu_expansion){1, 1, 1};
    most += 1e-30;
    least += 1e-30;
    double ratio = most / least, k = ratio > 1 ? floor(STEPS * log2(range_of(f)) / log2(ratio)) / STEPS : 1;
    k = k < 1.0 / STEPS ? 1.0 / STEPS : k;
    k = k > 64 ? 64 : k;                       /* (M / c)^k would not change for the better, and not overflow either */
    double center = sqrt(most * least);
    return (hu_expansion){k, pow(most / center, k) / hu_num_to_double(hu_decode(e, e->max_code)), center};
}

static hu_status expand(const hu_state_format *f, float *x, size_t n, hu_env *env, hu_error *err)
{
    enum { SOME = 256 };
    double q[SOME];
    hu_expansion e = hu_expansion_of(f, x, n);
    hu_status status = HU_OK;
    for (size_t at = 0; at < n && !status; at += SOME) {
        size_t some = n - at < SOME ? n - at : SOME;
        for (size_t i = 0; i < some; i++)
            q[i] = copysign(pow(fabs((double)x[at + i]) / e.center, e.k) / e.scale, (double)x[at + i]);
        status = hu_quantize_f64(q, q, some, f->q.element.format, env, err);
        for (size_t i = 0; i < some && !status; i++)
            x[at + i] = (float)copysign(pow(fabs(q[i]) * e.scale, 1 / e.k) * e.center, q[i]);
    }
    return status;
}

hu_status hu_state_apply(const hu_state_format *f, float *x, size_t rows, size_t cols, uint64_t seed, uint64_t stream, hu_error *err)
{
    size_t n = rows * cols, run;
    hu_random random = {seed, stream, 0};
    hu_status status = HU_OK;
    if (!f->on || n == 0)
        return HU_OK;
    if (f->expands) {
        hu_env env = hu_env_default();
        if (f->q.element.rounding)
            env.rounding = f->q.element.rounding;
        env.overflow = HU_OVERFLOW_SATURATE;
        env.random = random;
        for (size_t i = 0; i < n && !status; i += f->group)
            status = expand(f, x + i, n - i < f->group ? n - i : f->group, &env, err);
        return status;
    }
    if (!f->q.block && hu_scaled_is_quick(&f->q, rows, cols, &run))
        return hu_scaled_floats(x, x, n, run, &f->q, 0, &random, NULL, err);
    hu_tensor t = {.dtype = HU_F32, .rank = 2, .shape = {rows, cols}, .n = n, .f32 = x};
    return hu_scaled_apply(&t, &t, &f->q, seed, stream, NULL, err);
}
