/* block-job.c - one call on an array in a block format: its tensor scale, the scale of a block, the values of elements.
 *
 * There are two ways to a value. Through src/ops: the exact quotient, one rounding, the exact product, one rounding
 * to the carrier. Through a plan, where the element's values and the scale are values of double: by a power of two
 * elements are scaled without error and rounded; by another scale they are divided with one rounding; the product has
 * one rounding anyway. An element in two's complement is, used symmetrically, a float with one bit of exponent, and
 * goes that way too.
 */
#include "src/kernel/block-job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/ops/ops.h"

enum { CARRIER_BITS = 53 };

/* --- elements --- */

hu_flags hu_block_load(const hu_block_job *job, double *out, size_t offset, size_t n, size_t stride)
{
    hu_seen seen = {0};
    if (job->is_f32)
        job->plan.lanes->load_f32(out, (const float *)job->in + offset, n, stride, &seen);
    else
        job->plan.lanes->load_f64(out, (const double *)job->in + offset, n, stride, &seen);
    return seen.signaling ? HU_INVALID : 0;
}

/* The largest finite magnitude, 0 for none, on the side of zero that the element has values on; *odd_ones: there are
 * NaNs or infinities. */
static double largest(const double *x, size_t n, bool is_signed, bool *odd_ones)
{
    uint64_t sign = UINT64_C(1) << 63, infinity = UINT64_C(0x7ff) << 52, most = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        uint64_t magnitude = bits & ~sign, seen = is_signed || !(bits & sign) ? magnitude : 0;
        seen = magnitude < infinity ? seen : 0;
        most = seen > most ? seen : most;
        all = magnitude > all ? magnitude : all;
    }
    *odd_ones = *odd_ones || all >= infinity;
    double result;
    memcpy(&result, &most, sizeof result);
    return result;
}

/* The largest magnitude of floats; false: they are not finite. */
static bool largest_float(const hu_block_job *job, size_t n, double *amax)
{
    enum { PART = 1 << 16 };
    uint32_t most = 0;
    int threads = n >= 4 * PART ? hu_threads() : 1;
    if (threads == 1) {                                      /* without a team, which takes a while to make */
        most = job->plan.lanes->largest_of_all(job->in, n);
    } else {
        #pragma omp parallel for schedule(static) num_threads(threads) reduction(max:most)
        for (size_t i = 0; i < n; i += PART) {
            uint32_t here = job->plan.lanes->largest_of_all((const float *)job->in + i, n - i < PART ? n - i : PART);
            most = here > most ? here : most;
        }
    }
    float x;
    memcpy(&x, &most, sizeof x);
    *amax = x;
    return most < 0x7f800000;
}

static hu_num tensor_amax(const hu_block_job *job)
{
    double x[HU_BLOCK], amax = 0;
    bool odd_ones = false;
    size_t n = hu_block_elements(job->layout);
    if (job->is_f32 && job->format->element->is_signed && largest_float(job, n, &amax))
        return hu_num_from_double(amax);
    amax = 0;
    for (size_t i = 0; i < n; i += HU_BLOCK) {
        size_t count = n - i < HU_BLOCK ? n - i : HU_BLOCK;
        hu_block_load(job, x, i, count, 1);
        amax = fmax(amax, largest(x, count, job->format->element->is_signed, &odd_ones));
    }
    return hu_num_from_double(amax);
}

/* --- plans --- */

static bool is_twos_complement(const hu_format *f)
{
    return f->family == &hu_family_fixed && f->is_signed;
}

/* The values of a format in two's complement but for its lowest one, as a float with one bit of exponent; NULL: there
 * is none. That has a negative zero, which is made positive again. */
static const hu_format *symmetric(const hu_format *f)
{
    char name[64];
    if (!is_twos_complement(f) || f->man_bits < 1)
        return NULL;
    snprintf(name, sizeof name, "e1m%d{bias=%d,specials=finite}", f->man_bits, 1 - f->emin);
    return hu_format_find(name, NULL);
}

static void make_plans(hu_block_job *job)
{
    const hu_block_format *f = job->format;
    const hu_format *element = f->element;
    int bits = element->man_bits + f->scale->man_bits + (f->tensor ? f->tensor->man_bits + 1 : 0) + 2;
    job->symmetric = symmetric(element);
    if (job->symmetric)
        element = job->symmetric;
    hu_env env = job->env;
    env.overflow = HU_OVERFLOW_SATURATE;
    hu_plan_init(&job->plan, element, &env);
    job->mse_plan = job->plan;
    if (job->plan.is_random && f->rule == HU_SCALE_mse) {
        env.rounding = hu_env_default().rounding;
        hu_plan_init(&job->mse_plan, element, &env);
    }
    job->is_fast = hu_fits_f64(element) && job->plan.has_f64 && (!job->is_f32 || bits <= CARRIER_BITS);
}

hu_status hu_block_job_init(hu_block_job *job, const void *in, bool is_f32, const hu_block_layout *l,
                            const hu_block_format *f, const hu_env *env, hu_error *err)
{
    size_t n = hu_block_elements(l);
    if (n > 0 && !in)
        return hu_fail(err, HU_EINVAL, "%s: there is no array of %zu elements", f->name, n);
    *job = (hu_block_job){.format = f, .layout = l, .in = in, .is_f32 = is_f32, .env = *env,
                          .tensor = hu_num_make(false, 1, 0)};
    job->raised = env->no_flags ? ~(hu_flags)0 : env->flags;
    job->env.flags = 0;
    job->env.word = NULL;
    job->single = hu_format_find("e8m23", NULL);
    hu_block_job_place(job, l);
    make_plans(job);
    if (f->tensor) {
        job->tensor_code = hu_block_tensor_scale(f, tensor_amax(job));
        job->tensor = hu_decode(f->tensor, job->tensor_code);
    }
    hu_block_floats_init(job);
    return HU_OK;
}

/* --- scales --- */

static hu_code scale_of_specials(const hu_block_job *job, bool has_nan, bool *is_nan, hu_flags *flags)
{
    if (!has_nan)
        *flags |= HU_INVALID;
    *is_nan = true;
    return job->format->scale->nan_code;
}

hu_code hu_block_choose_scale(const hu_block_job *job, const hu_block_view *v, bool *is_nan, hu_flags *flags)
{
    const hu_block_format *f = job->format;
    double x[HU_BLOCK], amax = 0;
    bool odd_ones = false, has_nan = false;
    for (hu_block_piece p = {0}; hu_block_next_piece(v, &p);) {
        *flags |= hu_block_load(job, x, p.offset, p.n, v->stride);
        amax = fmax(amax, largest(x, p.n, f->element->is_signed, &odd_ones));
        for (size_t i = 0; odd_ones && i < p.n; i++)
            has_nan = has_nan || isnan(x[i]);
    }
    *is_nan = false;
    if (odd_ones && f->scale->has_nan && (has_nan || job->env.overflow != HU_OVERFLOW_SATURATE))
        return scale_of_specials(job, has_nan, is_nan, flags);

    hu_num most = hu_num_from_double(amax);
    if (f->rule == HU_SCALE_mse && most.kind != HU_ZERO)
        return hu_block_scale_mse(job, v, most);
    hu_env env = job->env;
    hu_code code = hu_block_scale(f, most, job->tensor, &env);
    *flags |= env.flags;
    *is_nan = hu_decode(f->scale, code).kind == HU_NAN;
    return code;
}

static hu_num product(hu_num a, hu_num b)
{
    bool is_nan = a.kind == HU_NAN || b.kind == HU_NAN || (a.kind == HU_ZERO && b.kind == HU_INF)
        || (a.kind == HU_INF && b.kind == HU_ZERO);
    return is_nan ? hu_num_nan() : hu_num_mul(a, b);
}

hu_block_divisor hu_block_divide_by(const hu_block_job *job, hu_code scale)
{
    hu_block_divisor d = {.value = product(hu_decode(job->format->scale, scale), job->tensor)};
    if (d.value.kind != HU_FINITE)
        return d;
    d.is_power = d.value.sig == (hu_u128)1 << 127 && d.value.exp > -1022 && d.value.exp < 1022;
    d.is_number = d.value.exp > -1022 && d.value.exp < 1023 && (uint64_t)d.value.sig == 0
        && ((uint64_t)(d.value.sig >> 64) & 0x7ff) == 0;
    if (d.is_number)
        d.number = hu_num_to_double(d.value);
    if (d.is_power)
        d.inverse = 1 / d.number;
    return d;
}

/* --- values --- */

hu_code hu_block_code(const hu_block_job *job, hu_env *env, double x, const hu_block_divisor *d, uint64_t word)
{
    const hu_format *f = job->format->element;
    hu_num n = hu_num_from_double(x);
    if (n.kind == HU_FINITE && d->value.kind == HU_FINITE)
        n = hu_num_div(n, d->value);
    else if (n.kind == HU_NAN)
        n = hu_num_nan();
    hu_code code = hu_round_with(f, env, n, word);
    if (is_twos_complement(f) && code == f->max_code + 1) {
        env->flags |= n.kind == HU_FINITE ? HU_OVERFLOW | HU_INEXACT : 0;
        return f->max_code + 2;
    }
    return code;
}

double hu_block_value(const hu_block_job *job, hu_code code, const hu_block_divisor *d)
{
    hu_num x = product(hu_decode(job->format->element, code), d->value);
    if (x.kind == HU_NAN)
        return __builtin_nan("");
    if (!job->is_f32)
        return hu_num_to_double(x);
    hu_env env = hu_env_default();
    return hu_to_double(job->single, hu_round_with(job->single, &env, x, 0));
}

static hu_flags slow_values(const hu_block_job *job, const hu_plan *plan, double *out, const double *x, size_t n,
                            const hu_block_divisor *d, hu_draw draw)
{
    hu_env env = plan->env;
    for (size_t i = 0; i < n; i++) {
        uint64_t word = 0;
        if (plan->is_random) {
            env.random.index = draw.index + i * draw.stride;
            word = hu_env_draw(&env);
        }
        out[i] = hu_block_value(job, hu_block_code(job, &env, x[i], d, word), d);
    }
    return env.flags;
}

/* Whether scaling by the power was exact for all of x: none was a NaN, and none fell below the smallest double. */
static bool scale_down(double *t, const double *x, size_t n, const hu_block_divisor *d)
{
    bool exact = true;
    for (size_t i = 0; i < n; i++) {
        t[i] = x[i] * d->inverse;
        exact &= t[i] * d->number == x[i];
    }
    return exact;
}

static bool all_finite(const double *x, size_t n)
{
    double zero = 0;
    for (size_t i = 0; i < n; i++)
        zero += x[i] * 0;
    return zero == 0;
}

hu_flags hu_block_values(const hu_block_job *job, const hu_plan *plan, double *out, const double *x, size_t n,
                         const hu_block_divisor *d, hu_draw draw)
{
    double t[HU_BLOCK], by[HU_BLOCK];
    hu_flags flags;
    if (!job->is_fast || !d->is_number)
        return slow_values(job, plan, out, x, n, d, draw);
    if (d->is_power && scale_down(t, x, n, d)) {
        flags = hu_plan_block(plan, t, HU_ROUND_ONLY, t, NULL, NULL, n, job->is_f32, draw);
    } else {
        if (!all_finite(x, n))
            return slow_values(job, plan, out, x, n, d, draw);
        for (size_t i = 0; i < n; i++)
            by[i] = d->number;
        flags = hu_plan_block(plan, t, HU_DIV, x, by, NULL, n, false, draw);
    }
    for (size_t i = 0; i < n; i++)
        out[i] = t[i] * d->number;
    for (size_t i = 0; job->symmetric && i < n; i++)
        out[i] += 0.0;
    if (job->is_f32) {
        for (size_t i = 0; i < n; i++)
            out[i] = (float)out[i];
    }
    return job->symmetric ? flags & ~(hu_flags)HU_UNDERFLOW : flags;
}
