/* observer.c - static scales: the ranges of calibration tensors, put together. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/tensor/quantizer-parts.h"

void hu_observer_clear(hu_observer *o)
{
    hu_free(o->low);
    hu_free(o->high);
    hu_free(o->histogram);
    hu_free(o->top);
    *o = (hu_observer){.momentum = o->momentum};
}

static bool by_histogram(const hu_scaled *q)
{
    return q->rule == HU_RANGE_search && q->score == HU_SCORE_kl;
}

static hu_status start(hu_observer *o, const hu_scaled *q, size_t n, hu_error *err)
{
    size_t one = n ? n : 1;
    hu_observer made = {.momentum = o->momentum, .n_groups = n};
    made.low = hu_calloc(one, sizeof *made.low);
    made.high = hu_calloc(one, sizeof *made.high);
    if (by_histogram(q)) {
        made.top = hu_calloc(one, sizeof *made.top);
        made.histogram = hu_calloc(one, HU_HISTOGRAM * sizeof *made.histogram);
    }
    if (!made.low || !made.high || (by_histogram(q) && (!made.top || !made.histogram))) {
        hu_observer_clear(&made);
        return hu_fail(err, HU_ENOMEM, "observe: no memory for %zu ranges", n);
    }
    *o = made;
    return HU_OK;
}

static void combine(hu_observer *o, const double *low, const double *high)
{
    for (size_t g = 0; g < o->n_groups; g++) {
        if (o->n_tensors == 0) {
            o->low[g] = low[g];
            o->high[g] = high[g];
        } else if (o->momentum < 0) {
            o->low[g] = fmin(o->low[g], low[g]);
            o->high[g] = fmax(o->high[g], high[g]);
        } else {
            o->low[g] = o->momentum * o->low[g] + (1 - o->momentum) * low[g];
            o->high[g] = o->momentum * o->high[g] + (1 - o->momentum) * high[g];
        }
    }
}

/* Twice as far, in as many places. */
static void widen(double *histogram, double *top)
{
    for (int b = 0; b < HU_HISTOGRAM / 2; b++)
        histogram[b] = histogram[2 * b] + histogram[2 * b + 1];
    memset(histogram + HU_HISTOGRAM / 2, 0, HU_HISTOGRAM / 2 * sizeof *histogram);
    *top *= 2;
}

static void add_histograms(hu_observer *o, const hu_scale_work *w)
{
    for (size_t g = 0; g < o->n_groups; g++) {
        if (o->top[g] == 0)
            o->top[g] = w->high[g];
        /* past the largest double there is no place: what lies beyond is counted in the last one */
        while (o->top[g] < w->high[g] && o->top[g] <= DBL_MAX / 2)
            widen(o->histogram + g * HU_HISTOGRAM, &o->top[g]);
    }
    hu_histograms_add(&w->p, w->x, o->histogram, o->top);
}

hu_status hu_observer_add(hu_observer *o, const hu_scaled *q, const hu_tensor *t, hu_error *err)
{
    hu_scaled dynamic = *q;
    dynamic.frozen_low = dynamic.frozen_high = NULL;
    if (by_histogram(q))
        dynamic.rule = HU_RANGE_absmax;             /* the search comes at the end */
    if (by_histogram(q) && o->momentum >= 0)
        return hu_fail(err, HU_EINVAL, "observe: momentum is given with the score kl, whose histograms add up; leave it out");
    if (q->block)
        return hu_fail(err, HU_EINVAL, "observe: the quantizer has the block format %s, whose scales come from each array", q->block->name);
    if (q->rule == HU_RANGE_clip || q->rule == HU_RANGE_fixed)
        return hu_fail(err, HU_EINVAL, "observe: the quantizer has a given %s; there is nothing to observe",
                       q->rule == HU_RANGE_clip ? "clip" : "scale");

    hu_scale_work w = {0};
    double *copy;
    const double *x = hu_tensor_doubles(t, &copy, err);
    hu_status status = x ? hu_scale_work_init(&w, &dynamic, t, x, err) : HU_ENOMEM;
    if (!status && o->n_tensors == 0)
        status = start(o, q, w.p.n_groups, err);
    if (!status && w.p.n_groups != o->n_groups)
        status = hu_fail(err, HU_ESHAPE, "observe: the array has %zu scales and those before it had %zu; they take one shape",
                         w.p.n_groups, o->n_groups);
    if (!status) {
        combine(o, w.low, w.high);
        if (o->histogram)
            add_histograms(o, &w);
        o->n_tensors++;
    }
    hu_scale_work_clear(&w);
    hu_free(copy);
    return status;
}

hu_status hu_observer_finish(hu_observer *o, const hu_scaled *q, hu_error *err)
{
    if (o->n_tensors == 0)
        return hu_fail(err, HU_EINVAL, "freeze: nothing was observed; observe an array first");
    if (!o->histogram)
        return HU_OK;
    hu_scale_maker m;
    hu_status status = hu_scale_maker_init(&m, q, HU_F64, err);
    return status ? status : hu_histograms_search(&m, o->histogram, o->top, o->n_groups, o->low, o->high, err);
}
