/* quantizer-scale.c - from a range to the scale: one rounding, powers of two, scales quantized in turn. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/ops/ops.h"
#include "src/tensor/quantizer-parts.h"

/* ---- made ready ---- */

static double value_of(const hu_format *f, hu_code code)
{
    return hu_num_to_double(hu_decode(f, code));
}

/* The element that a number becomes when it is cut. */
static double cut(const hu_format *f, hu_num x)
{
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find("rz", NULL);
    env.overflow = HU_OVERFLOW_SATURATE;
    return value_of(f, hu_round(f, &env, x));
}

/* Half the way from the outermost element to the one before it. */
static double half_step(const hu_format *f, double end)
{
    if (end == 0)
        return hu_num_to_double(hu_format_min_subnormal(f)) / 2;
    return fabs(end - cut(f, hu_num_from_double(nextafter(end, 0)))) / 2;
}

static const hu_format *carrier_format(hu_dtype dtype)
{
    return hu_format_find(dtype == HU_F32 ? "fp32" : "fp64", NULL);
}

hu_status hu_scale_maker_init(hu_scale_maker *m, const hu_scaled *q, hu_dtype dtype, hu_error *err)
{
    hu_status status = hu_scaled_check(q, dtype, err);
    if (status)
        return status;
    const hu_format *f = q->element.format;
    *m = (hu_scale_maker){.q = q, .dtype = dtype, .env = hu_env_default(), .scale_env = hu_env_default()};
    if (q->element.rounding)
        m->env.rounding = q->element.rounding;
    m->env.overflow = q->element.overflow;
    m->largest = value_of(f, f->max_code);
    m->lowest = cut(f, hu_num_inf(true));
    if (q->narrow && m->lowest < -m->largest)
        m->lowest = -m->largest;
    m->above = m->largest + half_step(f, m->largest);
    m->below = m->lowest > 0 ? 0 : m->lowest - half_step(f, m->lowest);
    m->target = q->target > 0 ? q->target : m->largest;
    m->scale_format = q->scale_format ? q->scale_format : carrier_format(dtype);
    if (q->scale_rounding)
        m->scale_env.rounding = q->scale_rounding;
    m->scale_env.overflow = HU_OVERFLOW_SATURATE;
    m->least_scale = hu_num_to_double(hu_format_min_subnormal(m->scale_format));
    m->wide = q->zero_point ? hu_format_find("int53", NULL) : NULL;
    return HU_OK;
}

/* ---- one scale ---- */

/* Whether x > 2^(x.exp + 1/2): its significand against 2^127.5, which is no integer. */
static bool is_past_middle(hu_num x)
{
    const hu_u128 middle = (hu_u128)0xb504f333f9de6484 << 64 | 0x597d89b3754abe9f;
    return x.sig > middle;
}

static hu_num power_of_two(hu_pow2 how, hu_num x)
{
    bool is_power = x.sig == (hu_u128)1 << 127 && !x.sticky;
    int up = (how == HU_POW2_ceil && !is_power) || (how == HU_POW2_near && is_past_middle(x));
    return hu_num_make(false, 1, x.exp + up);
}

static int sign_of_difference(hu_num a, double b)
{
    a.sticky = false;
    return hu_num_compare(a, hu_num_from_double(b));
}

/* x rounded to a scale by the scale format; x > 0. */
static double round_scale(const hu_scale_maker *m, hu_num x)
{
    hu_env env = m->scale_env;
    double s = value_of(m->scale_format, hu_round(m->scale_format, &env, x));
    return s > 0 ? s : m->least_scale;
}

/* high - low over the elements' own; high - low itself may be past the largest double. */
static hu_num of_width(const hu_scale_maker *m, double low, double high)
{
    bool is_past = isinf(high - low);
    hu_num x = hu_num_div(hu_num_from_double(is_past ? high / 2 - low / 2 : high - low), hu_num_from_double(m->largest - m->lowest));
    x.exp += is_past;
    return x;
}

double hu_scale_of_range(const hu_scale_maker *m, double low, double high)
{
    const hu_scaled *q = m->q;
    hu_num x;
    if (q->rule == HU_RANGE_fixed)
        x = hu_num_from_double(q->value);
    else if (q->zero_point)
        x = of_width(m, low, high);
    else
        x = hu_num_div(hu_num_from_double(high), hu_num_from_double(m->target));
    if (q->scale_least > 0 && sign_of_difference(x, q->scale_least) < 0)
        x = hu_num_from_double(q->scale_least);
    if (q->scale_most > 0 && sign_of_difference(x, q->scale_most) >= 0)
        x = hu_num_from_double(q->scale_most);
    if (q->pow2 == HU_POW2_floor || q->pow2 == HU_POW2_near || q->pow2 == HU_POW2_ceil)
        x = power_of_two(q->pow2, x);
    return round_scale(m, x);
}

static double zero_of(const hu_scale_maker *m, double low, double scale)
{
    hu_env env = hu_env_default();
    hu_num x = low == 0 ? hu_num_zero(false) : hu_num_div(hu_num_from_double(-low), hu_num_from_double(scale));
    double z = m->lowest + value_of(m->wide, hu_round(m->wide, &env, x));
    return fmin(fmax(z, m->lowest), m->largest);
}

/* The largest scale over each power of two, as hu_pow2 says. */
static void keep_ratios(hu_scale_work *w)
{
    const hu_scaled *q = w->m.q;
    size_t n = w->p.n_groups, run = q->pow2_by_row && w->p.rank > 0 ? w->p.shape[w->p.rank - 1] : n;
    for (size_t first = 0; first < n; first += run) {
        double most = 0;
        for (size_t g = first; g < first + run; g++)
            most = fmax(most, w->scale[g]);
        for (size_t g = first; g < first + run; g++) {
            hu_num ratio = hu_num_div(hu_num_from_double(most), hu_num_from_double(w->scale[g]));
            hu_num k = power_of_two(q->pow2 == HU_POW2_ratio_ceil ? HU_POW2_ceil : HU_POW2_floor, ratio);
            hu_num x = hu_num_from_double(most);
            x.exp -= k.exp;
            w->scale[g] = round_scale(&w->m, x);
        }
    }
}

/* The scales on the grids of another quantizer; one that would be zero is the smallest element times its scale. */
static hu_status quantize_scales(hu_scale_work *w, hu_error *err)
{
    const hu_scaled *q = w->m.q->scales;
    hu_tensor like = {.dtype = w->m.dtype, .rank = w->p.rank, .n = w->p.n_groups};
    memcpy(like.shape, w->p.shape, sizeof like.shape);
    hu_scale_work inner;
    hu_status status = hu_scale_work_init(&inner, q, &like, w->scale, err);
    hu_env env = inner.m.env;
    if (!status)
        status = hu_scales_finish(&inner, err);
    if (!status)
        status = hu_scales_apply(&inner, &env, err);
    double least = hu_num_to_double(hu_format_min_subnormal(q->element.format));
    for (size_t g = 0; !status && g < w->p.n_groups; g++)
        w->scale[g] = inner.v[g] > 0 ? inner.v[g] : least * inner.s[g];
    hu_scale_work_clear(&inner);
    return status;
}

void hu_scales_make(hu_scale_work *w)
{
    for (size_t g = 0; g < w->p.n_groups; g++) {
        w->scale[g] = hu_scale_of_range(&w->m, w->low[g], w->high[g]);
        if (w->zero)
            w->zero[g] = zero_of(&w->m, w->low[g], w->scale[g]);
    }
}

/* ---- from a tensor to its scales ---- */

static double *doubles(size_t n)
{
    return hu_calloc(n ? n : 1, sizeof(double));
}

static hu_status take_memory(hu_scale_work *w, hu_error *err)
{
    size_t n = w->p.n, groups = w->p.n_groups;
    bool zeros = w->m.q->zero_point;
    w->low = doubles(groups);
    w->high = doubles(groups);
    w->scale = doubles(groups);
    w->zero = zeros ? doubles(groups) : NULL;
    w->s = doubles(n);
    w->z = zeros ? doubles(n) : NULL;
    w->q = doubles(n);
    w->v = doubles(n);
    if (!w->low || !w->high || !w->scale || !w->s || !w->q || !w->v || (zeros && (!w->zero || !w->z)))
        return hu_fail(err, HU_ENOMEM, "quantizer: no memory for %zu elements", n);
    return HU_OK;
}

const double *hu_tensor_doubles(const hu_tensor *t, double **copy, hu_error *err)
{
    *copy = NULL;
    if (t->dtype == HU_F64)
        return t->f64;
    *copy = doubles(t->n);
    if (!*copy)
        hu_fail(err, HU_ENOMEM, "quantizer: no memory for %zu elements", t->n);
    for (size_t i = 0; *copy && i < t->n; i++)
        (*copy)[i] = t->f32[i];
    return *copy;
}

static hu_status use_frozen(hu_scale_work *w, hu_error *err)
{
    const hu_scaled *q = w->m.q;
    if (q->n_frozen != w->p.n_groups)
        return hu_fail(err, HU_ESHAPE, "quantizer: it was frozen with %zu scales, and this array has %zu; "
                       "static scales are for arrays of the observed shape", q->n_frozen, w->p.n_groups);
    memcpy(w->low, q->frozen_low, q->n_frozen * sizeof *w->low);
    memcpy(w->high, q->frozen_high, q->n_frozen * sizeof *w->high);
    return HU_OK;
}

hu_status hu_scale_work_init(hu_scale_work *w, const hu_scaled *q, const hu_tensor *like, const double *x, hu_error *err)
{
    *w = (hu_scale_work){.like = *like, .x = x};
    hu_status status = hu_scale_maker_init(&w->m, q, like->dtype, err);
    if (!status)
        status = hu_partition_init(&w->p, &q->per, like, err);
    if (!status)
        status = take_memory(w, err);
    if (!status && q->frozen_high)
        return use_frozen(w, err);
    if (!status)
        status = hu_ranges_find(w, err);
    if (!status && q->rule == HU_RANGE_search)
        status = hu_ranges_search(w, err);
    return status;
}

hu_status hu_scales_finish(hu_scale_work *w, hu_error *err)
{
    const hu_scaled *q = w->m.q;
    hu_status status = HU_OK;

    for (size_t g = 0; g < w->p.n_groups; g++)
        if (w->low[g] == 0 && w->high[g] == 0) {
            w->low[g] = -1;
            w->high[g] = 1;
        }
    hu_scales_make(w);
    if (q->pow2 == HU_POW2_ratio_floor || q->pow2 == HU_POW2_ratio_ceil)
        keep_ratios(w);
    if (q->scales)
        status = quantize_scales(w, err);
    for (size_t g = 0; !status && w->zero && g < w->p.n_groups; g++)
        w->zero[g] = zero_of(&w->m, w->low[g], w->scale[g]);
    return status;
}

void hu_scale_work_clear(hu_scale_work *w)
{
    double *all[] = {w->low, w->high, w->scale, w->zero, w->s, w->z, w->q, w->v};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        hu_free(all[i]);
    hu_partition_clear(&w->p);
    *w = (hu_scale_work){0};
}
