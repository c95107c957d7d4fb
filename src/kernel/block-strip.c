/* block-strip.c - many short blocks at once, so that the loops of a plan have something to do.
 *
 * Blocks that lie in memory one after another are taken together, up to HU_BLOCK elements: each has its scale, then
 * all are scaled or divided, rounded, and scaled back. Floats whose scales are powers of two stay floats. A strip
 * with a block that is anything else than finite, or whose scaling would not be exact, is left to the way block by
 * block.
 */
#include <math.h>
#include <string.h>

#include "src/kernel/block-job.h"

/* Blocks one after another, and what they are divided by. */
typedef struct strip {
    size_t start, n, n_blocks;
    size_t ends[HU_BLOCK];                 /* where block k ends, from the start of the strip */
    hu_block_divisor by[HU_BLOCK];
    bool all_powers, all_short;            /* powers of two; values of float, with their inverses */
} strip;

size_t hu_block_strip_blocks(const hu_block_job *job)
{
    const hu_block_format *f = job->format;
    const hu_block_layout *l = job->layout;
    bool in_a_row = l->stride == 1 && l->rows == 1 && l->outer_stride == l->length;
    bool simple = job->is_fast && f->element->is_signed && f->rows == 1 && f->size > 0 && f->rule != HU_SCALE_mse;
    return in_a_row && simple && f->size <= HU_BLOCK / 2 ? HU_BLOCK / f->size : 0;
}

/* The largest magnitude, or an infinity or a NaN if there is one: their bits are larger than all others. */
static double largest(const hu_block_job *job, size_t start, size_t n)
{
    if (job->is_f32) {
        uint32_t top = job->plan.lanes->largest_of_all((const float *)job->in + start, n);
        float result;
        memcpy(&result, &top, sizeof result);
        return result;
    }
    const double *x = (const double *)job->in + start;
    int64_t top = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t a;
        memcpy(&a, &x[i], sizeof a);
        a &= INT64_MAX;
        top = a > top ? a : top;
    }
    double result;
    memcpy(&result, &top, sizeof result);
    return result;
}

static double power(int exp)
{
    uint64_t bits = (uint64_t)(exp + 1023) << 52;
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

/* The divisor of a block with this largest magnitude; a block of zeros is divided by 1. */
static hu_block_divisor divisor(const hu_block_job *job, double amax)
{
    hu_num most = hu_num_from_double(amax);
    hu_env env = job->env;
    int exp = 0;
    if (amax != 0 && (job->format->tensor || !hu_block_scale_exponent(job->format, most, &exp) || exp < -1000
                      || exp > 1000))
        return hu_block_divide_by(job, hu_block_scale(job->format, most, job->tensor, &env));
    return (hu_block_divisor){.number = power(exp), .inverse = power(-exp), .is_number = true, .is_power = true};
}

/* False: a block is not for this way. */
static bool add_block(const hu_block_job *job, strip *s, size_t start, size_t n)
{
    double amax = largest(job, start, n);
    hu_block_divisor *by = &s->by[s->n_blocks];
    if (!isfinite(amax))
        return false;
    *by = divisor(job, amax);
    if (!by->is_number)
        return false;
    s->all_powers = s->all_powers && by->is_power;
    s->all_short = s->all_short && by->number >= 0x1p-126 && by->number <= 0x1p126;
    s->n += n;
    s->ends[s->n_blocks++] = s->n;
    return true;
}

/* Floats by powers of two, rounded as floats. */
static bool by_floats(const hu_block_job *job, const strip *s, float *out, hu_flags *flags)
{
    float t[HU_BLOCK];
    const float *x = (const float *)job->in + s->start;
    const hu_plan *p = &job->plan;
    int lost = 0;
    for (size_t k = 0, i = 0; k < s->n_blocks; k++) {
        float number = (float)s->by[k].number, inverse = (float)s->by[k].inverse;
        for (; i < s->ends[k]; i++) {
            t[i] = x[i] * inverse;
            lost |= t[i] * number != x[i];
        }
    }
    if (lost)
        return false;
    hu_seen seen = {0};
    p->lanes->round_f32[p->way](t, t, s->n, &p->grid_f32, &seen);
    *flags |= hu_plan_flags(&p->grid_f32, &seen);
    float zero = job->symmetric ? 0.0f : -0.0f;             /* -0 + 0 is 0, and -0 + -0 is -0 */
    for (size_t k = 0, i = 0; k < s->n_blocks; k++) {
        float number = (float)s->by[k].number;
        for (; i < s->ends[k]; i++)
            out[s->start + i] = t[i] * number + zero;
    }
    return true;
}

static bool by_doubles(const hu_block_job *job, const strip *s, void *out, hu_flags *flags)
{
    double x[HU_BLOCK], by[HU_BLOCK];
    int lost = 0;
    hu_draw draw = {.index = job->env.random.index + s->start, .stride = 1};
    hu_block_load(job, x, s->start, s->n, 1);
    for (size_t k = 0, i = 0; k < s->n_blocks; k++) {
        double number = s->by[k].number, inverse = s->by[k].inverse;
        for (; i < s->ends[k]; i++) {
            by[i] = number;
            if (s->all_powers) {
                double t = x[i] * inverse;
                lost |= t * number != x[i];
                x[i] = t;
            }
        }
    }
    if (lost)
        return false;
    *flags |= s->all_powers ? hu_plan_block(&job->plan, x, HU_ROUND_ONLY, x, NULL, NULL, s->n, job->is_f32, draw)
                            : hu_plan_block(&job->plan, x, HU_DIV, x, by, NULL, s->n, false, draw);
    double zero = job->symmetric ? 0.0 : -0.0;
    for (size_t i = 0; i < s->n; i++)
        x[i] = x[i] * by[i] + zero;
    for (size_t i = 0; job->is_f32 && i < s->n; i++)
        ((float *)out)[s->start + i] = (float)x[i];
    if (!job->is_f32)
        memcpy((double *)out + s->start, x, s->n * sizeof *x);
    return true;
}

bool hu_block_strip(const hu_block_job *job, void *out, size_t first, size_t n_blocks, hu_flags *flags)
{
    hu_flags of_floats = 0;
    if (job->floats.way != HU_BLOCK_NOT_FLOATS) {
        hu_block_view from = hu_block_job_view(job, first), last = hu_block_job_view(job, first + n_blocks - 1);
        if (hu_block_floats_values(job, out, from.start, last.start + last.n - from.start, &of_floats)) {
            *flags |= job->symmetric ? of_floats & ~(hu_flags)HU_UNDERFLOW : of_floats;
            return true;
        }
    }
    strip s;                                                /* its arrays are filled as far as they are used */
    s.start = hu_block_job_view(job, first).start;
    s.n = s.n_blocks = 0;
    s.all_powers = s.all_short = true;
    for (size_t k = 0; k < n_blocks; k++) {
        hu_block_view v = hu_block_job_view(job, first + k);
        if (!add_block(job, &s, v.start, v.n))
            return false;
    }
    hu_flags raised = 0;
    bool floats = job->is_f32 && s.all_powers && s.all_short && job->plan.has_f32;
    bool done = (floats && by_floats(job, &s, out, &raised)) || (!floats && by_doubles(job, &s, out, &raised));
    *flags |= done && job->symmetric ? raised & ~(hu_flags)HU_UNDERFLOW : raised;
    return done;
}
