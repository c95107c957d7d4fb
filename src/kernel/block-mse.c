/* block-mse.c - of some scales, the one that leaves a block the least squared error.
 *
 * The errors are those of the mode that the elements are rounded by, of nearest-even where that is a stochastic one.
 * They are added up in double in the order of the elements, in units of the power of two below the largest element,
 * so that neither their size nor the machine matters. Smaller scales are not tried once clipping the largest element
 * alone costs more.
 */
#include <math.h>

#include "src/kernel/block-job.h"
#include "src/ops/ops.h"

/* The squared error of the block under a scale, or anything from `limit` on once it is that large. */
static double squared_error(const hu_block_job *job, const hu_block_view *v, const hu_block_divisor *d, int exp,
                            double limit)
{
    double x[HU_BLOCK], y[HU_BLOCK], sum = 0;
    for (hu_block_piece p = {0}; sum < limit && hu_block_next_piece(v, &p);) {
        hu_block_load(job, x, p.offset, p.n, v->stride);
        hu_block_values(job, &job->mse_plan, y, x, p.n, d, (hu_draw){0});
        for (size_t i = 0; i < p.n; i++) {
            double e = isfinite(x[i]) ? ldexp(x[i] - y[i], -exp) : 0;
            sum += e * e;
        }
    }
    return sum;
}

/* What clipping amax costs at least, in the same units. */
static double clipping(const hu_block_job *job, const hu_block_divisor *d, hu_num amax, int exp)
{
    hu_num up = hu_block_last(job->format->element, false), down = hu_block_last(job->format->element, true);
    hu_num most = hu_num_mul(d->value, hu_num_compare(up, down) >= 0 ? up : down);
    if (hu_num_compare(most, amax) >= 0)
        return 0;
    double e = ldexp(hu_num_to_double(amax) - hu_num_to_double(most), -exp);
    return e * e * (1 - 0x1p-40);
}

hu_code hu_block_scale_mse(const hu_block_job *job, const hu_block_view *v, hu_num amax)
{
    const hu_block_format *f = job->format;
    hu_code best = 0, last = 0;
    double least = INFINITY;
    for (int j = 128; j >= 1; j--) {
        hu_code code = hu_block_scale_candidate(f, amax, job->tensor, j);
        if (j < 128 && code == last)
            continue;
        last = code;
        hu_block_divisor d = hu_block_divide_by(job, code);
        if (clipping(job, &d, amax, amax.exp) >= least)
            break;
        double error = squared_error(job, v, &d, amax.exp, least);
        if (error < least || j == 128) {
            least = error;
            best = code;
        }
    }
    return best;
}
