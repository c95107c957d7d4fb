/* block-error.c - what a block loses, and where: to clipping, to zero, to rounding. */
#include <math.h>

#include "src/kernel/block-job.h"
#include "src/ops/ops.h"

static hu_block_part part_of(double x, double y, const double limit[2])
{
    if (fabs(x) > limit[signbit(x) != 0])
        return HU_BLOCK_CLIPPING;
    return x != 0 && y == 0 ? HU_BLOCK_FLUSH : HU_BLOCK_ROUNDING;
}

/* Magnitudes past which elements are clipped: largest doubles that are not. */
static double limit_of(hu_num last, const hu_block_divisor *d)
{
    if (last.kind == HU_ZERO)
        return 0;
    hu_num limit = hu_num_mul(last, d->value);
    double near = hu_num_to_double(limit);
    return hu_num_compare(hu_num_from_double(near), limit) > 0 ? nextafter(near, 0) : near;
}

static void add(hu_block_error *to, double x, double y, const double limit[2])
{
    to->n_elements++;
    if (!isfinite(x) || !isfinite(y)) {
        to->n_not_finite++;
        return;
    }
    double e = y - x;
    to->signal += x * x;
    to->total += e * e;
    if (e == 0)
        return;
    hu_block_part part = part_of(x, y, limit);
    to->n[part]++;
    to->energy[part] += e * e;
    to->max[part] = fmax(to->max[part], fabs(e));
}

static hu_flags measure(const hu_block_job *job, hu_block_error *to, size_t block)
{
    double x[HU_BLOCK], y[HU_BLOCK];
    hu_flags flags = 0;
    bool is_nan;
    hu_block_view v = hu_block_job_view(job, block);
    hu_block_divisor d = hu_block_divide_by(job, hu_block_choose_scale(job, &v, &is_nan, &flags));
    *to = (hu_block_error){.scale = is_nan ? NAN : hu_num_to_double(d.value)};
    if (is_nan) {
        to->n_elements = to->n_not_finite = v.rows * v.n;
        return flags;
    }
    const hu_format *f = job->format->element;
    double limit[2] = {limit_of(hu_block_last(f, false), &d), limit_of(hu_block_last(f, true), &d)};
    for (hu_block_piece p = {0}; hu_block_next_piece(&v, &p);) {
        hu_block_load(job, x, p.offset, p.n, v.stride);
        flags |= hu_block_values(job, &job->plan, y, x, p.n, &d, (hu_draw){.index = job->env.random.index + p.offset, .stride = v.stride});
        for (size_t i = 0; i < p.n; i++)
            add(to, x[i], y[i], limit);
    }
    return flags;
}

hu_status hu_block_errors_f64(hu_block_error *errors, const double *in, const hu_block_layout *l,
                              const hu_block_format *f, hu_env *env, hu_error *err)
{
    hu_block_job job;
    hu_status status = hu_block_job_init(&job, in, false, l, f, env, err);
    if (status)
        return status;
    hu_flags flags = 0;
    for (size_t block = 0; block < job.n_blocks; block++)
        flags |= measure(&job, &errors[block], block);
    env->flags |= flags;
    if (job.plan.is_random)
        env->random.index += hu_block_elements(l);
    return HU_OK;
}

hu_block_error hu_block_error_sum(const hu_block_error *errors, size_t n)
{
    hu_block_error sum = {0};
    for (size_t i = 0; i < n; i++) {
        for (int part = 0; part < HU_BLOCK_PARTS; part++) {
            sum.energy[part] += errors[i].energy[part];
            sum.max[part] = fmax(sum.max[part], errors[i].max[part]);
            sum.n[part] += errors[i].n[part];
        }
        sum.total += errors[i].total;
        sum.signal += errors[i].signal;
        sum.n_elements += errors[i].n_elements;
        sum.n_not_finite += errors[i].n_not_finite;
    }
    return sum;
}
