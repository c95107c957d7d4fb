/* quantizer-range.c - the range of the values that share a scale, by rule. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/tensor/quantizer-parts.h"

static void find_extremes(hu_scale_work *w)
{
    const hu_partition *p = &w->p;
    for (int part = 0; part < p->n_parts; part++) {
        const size_t *group = p->group + (size_t)part * p->n;
        for (size_t i = 0; i < p->n; i++) {
            double x = w->x[i];
            if (!isfinite(x))
                continue;
            w->low[group[i]] = fmin(w->low[group[i]], x);
            w->high[group[i]] = fmax(w->high[group[i]], x);
        }
    }
    for (size_t g = 0; g < p->n_groups && !w->m.q->zero_point; g++) {
        w->high[g] = fmax(-w->low[g], w->high[g]);
        w->low[g] = -w->high[g];
    }
}

/* Means of magnitudes or squares. The magnitudes are brought near 1 by a power of two, so that no square overflows. */
static hu_status find_means(hu_scale_work *w, hu_error *err)
{
    const hu_partition *p = &w->p;
    bool square = w->m.q->rule == HU_RANGE_rms;
    double *sum = hu_calloc(2 * p->n_groups + 1, sizeof *sum), *count = sum + p->n_groups;
    if (!sum)
        return hu_fail(err, HU_ENOMEM, "quantizer: no memory for the means of %zu groups", p->n_groups);
    find_extremes(w);
    for (int part = 0; part < p->n_parts; part++) {
        const size_t *group = p->group + (size_t)part * p->n;
        for (size_t i = 0; i < p->n; i++) {
            size_t g = group[i];
            if (!isfinite(w->x[i]) || w->high[g] == 0)
                continue;
            double x = ldexp(fabs(w->x[i]), -ilogb(w->high[g]));
            sum[g] += square ? x * x : x;
            count[g]++;
        }
    }
    for (size_t g = 0; g < p->n_groups; g++) {
        double mean = count[g] > 0 ? sum[g] / count[g] : 0;
        if (count[g] > 0)
            w->high[g] = ldexp(square ? sqrt(mean) : mean, ilogb(w->high[g]));
        w->low[g] = -w->high[g];
    }
    hu_free(sum);
    return HU_OK;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which the share of n > 0 sorted ones lies, between two of them on the straight line. */
static double quantile(const double *sorted, size_t n, double share)
{
    double at = (double)(n - 1) * share;
    size_t k = (size_t)at;
    if (k + 1 >= n)
        return sorted[n - 1];
    return sorted[k] + (at - (double)k) * (sorted[k + 1] - sorted[k]);
}

static hu_status find_percentiles(hu_scale_work *w, hu_error *err)
{
    const hu_partition *p = &w->p;
    const hu_scaled *q = w->m.q;
    double *sorted = hu_malloc((p->n + 1) * sizeof *sorted);
    size_t *end = hu_calloc(p->n_groups + 1, sizeof *end);
    hu_status status = sorted && end ? HU_OK : hu_fail(err, HU_ENOMEM, "quantizer: no memory to sort %zu elements", p->n);

    for (int part = 0; !status && part < p->n_parts; part++) {
        const size_t *group = p->group + (size_t)part * p->n;
        memset(end, 0, (p->n_groups + 1) * sizeof *end);
        for (size_t i = 0; i < p->n; i++)
            end[group[i] + 1] += isfinite(w->x[i]);
        for (size_t g = 0; g < p->n_groups; g++)
            end[g + 1] += end[g];                       /* so far: where group g begins */
        for (size_t i = 0; i < p->n; i++)
            if (isfinite(w->x[i]))
                sorted[end[group[i]]++] = q->zero_point ? w->x[i] : fabs(w->x[i]);
        for (size_t g = 0, first = 0; g < p->n_groups; first = end[g++]) {
            size_t n = end[g] - first;
            if (n == 0)
                continue;
            qsort(sorted + first, n, sizeof *sorted, compare_doubles);
            w->high[g] = fmax(quantile(sorted + first, n, q->percentile), 0);
            w->low[g] = q->zero_point ? fmin(quantile(sorted + first, n, 1 - q->percentile), 0) : -w->high[g];
        }
    }
    hu_free(sorted);
    hu_free(end);
    return status;
}

static void multiply_ranges(hu_scale_work *w, double factor)
{
    for (size_t g = 0; g < w->p.n_groups; g++) {
        w->low[g] = fmax(w->low[g] * factor, -DBL_MAX);
        w->high[g] = fmin(w->high[g] * factor, DBL_MAX);
    }
}

hu_status hu_ranges_find(hu_scale_work *w, hu_error *err)
{
    const hu_scaled *q = w->m.q;
    hu_status status = HU_OK;

    switch (q->rule) {
    case HU_RANGE_absmax:     find_extremes(w); break;
    case HU_RANGE_rms:
    case HU_RANGE_absmean:    status = find_means(w, err); break;
    case HU_RANGE_percentile: status = find_percentiles(w, err); break;
    case HU_RANGE_search:     find_extremes(w); break;
    default:
        for (size_t g = 0; g < w->p.n_groups; g++) {
            w->low[g] = -q->value;
            w->high[g] = q->value;
        }
    }
    if (q->rule == HU_RANGE_absmax || q->rule == HU_RANGE_rms || q->rule == HU_RANGE_absmean)
        multiply_ranges(w, q->constant);
    return status;
}
