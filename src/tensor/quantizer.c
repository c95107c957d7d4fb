/* quantizer.c - tensors on scaled grids: what can be asked for, elements from scales, and what it did to the values. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/ops/ops.h"
#include "src/tensor/quantizer-parts.h"

void hu_scaled_init(hu_scaled *q, const hu_format *f)
{
    *q = (hu_scaled){.element = {.format = f, .overflow = HU_OVERFLOW_SATURATE}, .per = {.axis = -1},
                     .constant = 1, .percentile = 1};
    q->candidates = hu_candidates_find("ratios111", &q->n_candidates, &q->score, &q->power, NULL);
}

/* ---- what can be asked for ---- */

static bool is_integer_format(const hu_format *f)
{
    return f->family == &hu_family_fixed && f->man_bits == f->emin && !f->wraps;
}

static hu_status check_element(const hu_scaled *q, hu_dtype dtype, hu_error *err)
{
    const hu_format *f = q->element.format;
    if (!f)
        return hu_fail(err, HU_EINVAL, "quantizer: format is missing; it takes the format of the elements, such as \"int8\"");
    if (!(dtype == HU_F32 ? hu_fits_f32(f) : hu_fits_f64(f)))
        return hu_fail(err, HU_EINVAL, "quantizer: format %s has values that are no values of %s", f->name,
                       dtype == HU_F32 ? "float; arrays of doubles may do" : "double");
    if (hu_num_to_double(hu_decode(f, f->max_code)) <= 0)
        return hu_fail(err, HU_EINVAL, "quantizer: format %s has no positive value", f->name);
    if (f->wraps)
        return hu_fail(err, HU_EINVAL, "quantizer: format %s wraps around; a quantizer takes formats with two ends", f->name);
    if (q->zero_point && (!is_integer_format(f) || f->width_bits > 32))
        return hu_fail(err, HU_EINVAL, "quantizer: zero is given with the format %s; zero points are for integers of up to 32 bits, "
                       "such as \"uint8\"", f->name);
    if (q->narrow && (f->family != &hu_family_fixed || !f->is_signed))
        return hu_fail(err, HU_EINVAL, "quantizer: narrow is given with the format %s; it is for formats with a lowest value "
                       "without counterpart, such as \"int8\"", f->name);
    return HU_OK;
}

static hu_status check_rule(const hu_scaled *q, hu_error *err)
{
    bool has_constant = q->rule == HU_RANGE_absmax || q->rule == HU_RANGE_rms || q->rule == HU_RANGE_absmean;
    if (q->zero_point && (q->rule == HU_RANGE_rms || q->rule == HU_RANGE_absmean || q->rule == HU_RANGE_fixed))
        return hu_fail(err, HU_EINVAL, "quantizer: zero is given with a rule without a low and a high end; "
                       "absmax, percentile, search and a clip have them");
    if (has_constant && !(q->constant > 0 && q->constant <= DBL_MAX))
        return hu_fail(err, HU_ERANGE, "quantizer: constant is %g; it takes a positive number", q->constant);
    if (q->rule == HU_RANGE_percentile && !(q->percentile > 0 && q->percentile <= 1))
        return hu_fail(err, HU_ERANGE, "quantizer: percentile is %g; it takes a share above 0 and up to 1, such as 0.999", q->percentile);
    if (q->rule == HU_RANGE_percentile && q->zero_point && q->percentile <= 0.5)
        return hu_fail(err, HU_ERANGE, "quantizer: percentile is %g; with zero points it takes a share above 0.5", q->percentile);
    if ((q->rule == HU_RANGE_clip || q->rule == HU_RANGE_fixed) && !(q->value > 0 && q->value <= DBL_MAX))
        return hu_fail(err, HU_ERANGE, "quantizer: %s is %g; it takes a positive number",
                       q->rule == HU_RANGE_clip ? "clip" : "scale", q->value);
    if (q->target < 0 || !(q->target <= DBL_MAX))
        return hu_fail(err, HU_ERANGE, "quantizer: target is %g; it takes a positive number", q->target);
    if (q->target > 0 && (q->zero_point || q->rule == HU_RANGE_fixed))
        return hu_fail(err, HU_EINVAL, "quantizer: target is given with %s, which leaves it nothing to say",
                       q->zero_point ? "zero" : "a fixed scale");
    return HU_OK;
}

static hu_status check_search(const hu_scaled *q, hu_error *err)
{
    if (q->rule != HU_RANGE_search)
        return HU_OK;
    if (q->n_candidates == 0)
        return hu_fail(err, HU_EINVAL, "quantizer: candidates is empty; a search takes factors of the largest magnitude");
    for (size_t i = 0; i < q->n_candidates; i++)
        if (!(q->candidates[i] > 0 && q->candidates[i] <= DBL_MAX))
            return hu_fail(err, HU_ERANGE, "quantizer: candidates has %g in place %zu; it takes positive numbers", q->candidates[i], i + 1);
    if (q->score == HU_SCORE_lp && !(q->power > 0 && q->power <= DBL_MAX))
        return hu_fail(err, HU_ERANGE, "quantizer: power is %g; it takes a positive number, such as 2.4", q->power);
    if (q->score == HU_SCORE_weighted && !q->weights)
        return hu_fail(err, HU_EINVAL, "quantizer: weights is missing; the score weighted takes an array with one for each element");
    if (q->score == HU_SCORE_layer && !q->activations && !q->layer)
        return hu_fail(err, HU_EINVAL, "quantizer: activations is missing; the score layer takes a matrix of inputs, or a function as score");
    if (q->score == HU_SCORE_kl && q->zero_point)
        return hu_fail(err, HU_EINVAL, "quantizer: zero is given with the score kl, whose histograms are of magnitudes");
    if (q->per.per == HU_PER_RANK1)
        return hu_fail(err, HU_EINVAL, "quantizer: a search with per = \"rank1\"; there the rules absmax, rms, absmean and percentile will do");
    return HU_OK;
}

static hu_status check_scale(const hu_scaled *q, hu_dtype dtype, hu_error *err)
{
    const hu_format *f = q->scale_format;
    if (f && !(dtype == HU_F32 ? hu_fits_f32(f) : hu_fits_f64(f)))
        return hu_fail(err, HU_EINVAL, "quantizer: scale_format %s has values that are no values of %s", f->name,
                       dtype == HU_F32 ? "float" : "double");
    if (f && (f->wraps || !(hu_num_to_double(hu_format_min_subnormal(f)) > 0)))
        return hu_fail(err, HU_EINVAL, "quantizer: scale_format %s has no smallest positive and largest value that scales could end with", f->name);
    if (q->scale_rounding && q->scale_rounding->random_bits > 0)
        return hu_fail(err, HU_EINVAL, "quantizer: scale_rounding is %s; scales take a mode without random bits", q->scale_rounding->name);
    if (q->scale_least < 0 || q->scale_most < 0 || !(q->scale_least <= DBL_MAX) || !(q->scale_most <= DBL_MAX) ||
        (q->scale_most > 0 && q->scale_most < q->scale_least))
        return hu_fail(err, HU_ERANGE, "quantizer: scale_least is %g and scale_most is %g; they take positive numbers in that order",
                       q->scale_least, q->scale_most);
    if (q->zero_point && q->per.per == HU_PER_RANK1)
        return hu_fail(err, HU_EINVAL, "quantizer: zero is given with per = \"rank1\", whose scales are for magnitudes");
    if (q->scales && q->scales->zero_point)
        return hu_fail(err, HU_EINVAL, "quantizer: scales has zero points; scales take a quantizer without");
    if (q->scales && q->scales->block)
        return hu_fail(err, HU_EINVAL, "quantizer: scales has the block format %s; scales take a quantizer of a plain format", q->scales->block->name);
    if (q->scales && (q->scales->scales || q->scales->rule == HU_RANGE_search))
        return hu_fail(err, HU_EINVAL, "quantizer: scales has %s; scales take a plain quantizer",
                       q->scales->scales ? "quantized scales of its own" : "a search");
    return q->scales ? hu_scaled_check(q->scales, dtype, err) : HU_OK;
}

hu_status hu_scaled_check(const hu_scaled *q, hu_dtype dtype, hu_error *err)
{
    if (q->block)
        return hu_block_scaled_check(q, dtype, err);
    hu_status status = check_element(q, dtype, err);
    if (!status)
        status = check_rule(q, err);
    if (!status)
        status = check_search(q, err);
    return status ? status : check_scale(q, dtype, err);
}

/* ---- elements and values from scales ---- */

/* Each element's own scale: the smallest of those that it has. */
static void spread(double *each, const double *of_group, const hu_partition *p)
{
    for (size_t i = 0; i < p->n; i++)
        each[i] = of_group[p->group[i]];
    for (int part = 1; part < p->n_parts; part++)
        for (size_t i = 0; i < p->n; i++)
            each[i] = fmin(each[i], of_group[p->group[(size_t)part * p->n + i]]);
}

/* Cuts the elements to what is used of the format. */
static hu_flags clip_elements(double *q, const double *z, size_t n, double lowest, double largest)
{
    hu_flags flags = 0;
    for (size_t i = 0; i < n; i++) {
        double shifted = z ? q[i] + z[i] : q[i];
        double cut = shifted < lowest ? lowest : shifted > largest ? largest : shifted;
        if (cut != shifted && !isnan(shifted))
            flags = HU_OVERFLOW | HU_INEXACT;
        q[i] = cut;
    }
    return flags;
}

/* x rounded to the carrier; finite numbers past its end become its largest. */
static double to_carrier(double v, double q, hu_dtype dtype)
{
    double largest = dtype == HU_F32 ? (double)FLT_MAX : DBL_MAX;
    if (isnan(v))
        return __builtin_nan("");
    if (dtype == HU_F32)
        v = (double)(float)v;
    return isinf(v) && !isinf(q) ? copysign(largest, v) : v;
}

hu_status hu_scales_apply(hu_scale_work *w, hu_env *env, hu_error *err)
{
    const hu_scale_maker *m = &w->m;
    const hu_format *f = m->wide ? m->wide : m->q->element.format;

    spread(w->s, w->scale, &w->p);
    if (w->z)
        spread(w->z, w->zero, &w->p);
    hu_status status = HU_OK;
    if (w->steps)
        hu_steps_divide(w->steps, w->q, w->x, w->s, w->p.n);
    else
        status = hu_map_f64(w->q, HU_DIV, w->x, w->s, NULL, w->p.n, f, env, err);
    if (status)
        return status;
    if (w->z || m->q->narrow)
        env->flags |= clip_elements(w->q, w->z, w->p.n, m->lowest, m->largest);
    for (size_t i = 0; i < w->p.n; i++) {
        double q = w->z ? w->q[i] - w->z[i] : w->q[i];
        w->v[i] = to_carrier(q * w->s[i], q, m->dtype);
    }
    return HU_OK;
}

/* ---- what it did ---- */

static hu_quantize_error measure(const hu_scale_work *w)
{
    hu_quantize_error e = {0};
    double error = 0, power = 0, clipped = 0, flushed = 0, most = 0;
    for (size_t i = 0; i < w->p.n; i++)
        most = isfinite(w->x[i]) ? fmax(most, fabs(w->x[i])) : most;
    double unit = hu_unit_for(most);
    for (size_t i = 0; i < w->p.n; i++) {
        double x = w->x[i], d = x - w->v[i];
        if (!isfinite(x) || !isfinite(w->v[i]))
            continue;
        double at = x / w->s[i] + (w->z ? w->z[i] : 0);
        e.n++;
        error += d * unit * (d * unit);
        power += x * unit * (x * unit);
        e.max = fmax(e.max, fabs(d));
        clipped += at > w->m.above || at < w->m.below;
        flushed += x != 0 && w->v[i] == 0;
    }
    double n = e.n > 0 ? (double)e.n : 1;
    e.mse = error / n / unit / unit;
    e.nmse = error > 0 ? error / power : 0;
    e.sqnr_db = -10 * log10(e.nmse);
    e.clipped = clipped / n;
    e.flushed = flushed / n;
    return e;
}

static hu_status make_codes(hu_tensor *codes, const hu_scale_work *w, hu_error *err)
{
    const hu_format *f = w->m.q->element.format;
    if (f->width_bits > 53)
        return hu_fail(err, HU_EINVAL, "quantizer: codes of %s have %d bits; an array of codes holds up to 53", f->name, f->width_bits);
    hu_status status = hu_tensor_init(codes, HU_F64, w->like.rank, w->like.shape, err);
    if (status)
        return status;
    hu_env env = hu_env_default();
    enum { SOME = 256 };
    uint64_t code[SOME];
    for (size_t i = 0; !status && i < w->p.n; i += SOME) {
        size_t n = w->p.n - i < SOME ? w->p.n - i : SOME;
        status = hu_encode_f64(code, w->q + i, n, f, &env, err);
        for (size_t k = 0; k < n; k++)
            codes->f64[i + k] = (double)code[k];
    }
    return status;
}

static hu_status make_groups(hu_tensor *out, const double *values, const hu_scale_work *w, hu_error *err)
{
    hu_status status = hu_tensor_init(out, w->m.dtype, w->p.rank, w->p.shape, err);
    for (size_t g = 0; !status && g < w->p.n_groups; g++)
        hu_tensor_set(out, g, values[g]);
    return status;
}

static hu_status make_results(const hu_scaled_result *also, const hu_scale_work *w, hu_error *err)
{
    hu_status status = HU_OK;
    if (also->codes)
        status = make_codes(also->codes, w, err);
    if (!status && also->scales)
        status = make_groups(also->scales, w->scale, w, err);
    if (!status && also->zeros && w->zero)
        status = make_groups(also->zeros, w->zero, w, err);
    if (!status && also->error)
        *also->error = measure(w);
    hu_tensor *made[] = {also->codes, also->scales, also->zeros};
    for (int i = 0; status && i < 3; i++)
        if (made[i])
            hu_tensor_clear(made[i]);
    return status;
}

hu_status hu_scaled_apply(hu_tensor *out, const hu_tensor *in, const hu_scaled *q, uint64_t seed, uint64_t stream,
                          const hu_scaled_result *also, hu_error *err)
{
    if (out->dtype != in->dtype || out->rank != in->rank || memcmp(out->shape, in->shape, (size_t)in->rank * sizeof *in->shape) != 0)
        return hu_fail(err, HU_ESHAPE, "quantizer: the result and the array differ in shape or type");
    if (q->block)
        return hu_block_scaled_apply(out, in, q, seed, stream, also, err);

    hu_scale_work w = {0};
    double *copy;
    const double *x = hu_tensor_doubles(in, &copy, err);
    hu_status status = x ? hu_scale_work_init(&w, q, in, x, err) : HU_ENOMEM;
    hu_env env = w.m.env;
    env.random = (hu_random){.seed = seed, .stream = stream};
    if (!status)
        status = hu_scales_finish(&w, err);
    if (!status)
        status = hu_scales_apply(&w, &env, err);
    if (!status && also)
        status = make_results(also, &w, err);
    if (!status && also && also->flags)
        *also->flags = env.flags;
    for (size_t i = 0; !status && i < in->n; i++)
        hu_tensor_set(out, i, w.v[i]);
    hu_scale_work_clear(&w);
    hu_free(copy);
    return status;
}

/* ---- storage ---- */

static hu_status count_bits(const hu_scaled *q, const hu_tensor *like, double *bits, hu_error *err)
{
    hu_partition p;
    hu_status status = hu_partition_init(&p, &q->per, like, err);
    if (status)
        return status;
    hu_tensor scales = {.dtype = like->dtype, .rank = p.rank, .n = p.n_groups};
    memcpy(scales.shape, p.shape, sizeof scales.shape);
    int width = q->scale_format ? q->scale_format->width_bits : like->dtype == HU_F32 ? 32 : 64;
    double of_scales = (double)p.n_groups * width;
    hu_partition_clear(&p);
    if (q->scales)
        status = count_bits(q->scales, &scales, &of_scales, err);
    if (q->zero_point)
        of_scales += (double)scales.n * q->element.format->width_bits;
    *bits = (double)like->n * q->element.format->width_bits + of_scales;
    return status;
}

hu_status hu_scaled_bits(const hu_scaled *q, const hu_tensor *like, double *bits, hu_error *err)
{
    double all = 0;
    hu_status status = hu_scaled_check(q, like->dtype, err);
    if (!status && q->block)
        return hu_block_scaled_bits(q, like, bits, err);
    if (!status)
        status = count_bits(q, like, &all, err);
    if (!status)
        *bits = like->n > 0 ? all / (double)like->n : 0;
    return status;
}
