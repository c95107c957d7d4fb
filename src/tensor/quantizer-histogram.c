/* quantizer-histogram.c - the range that leaves a histogram of magnitudes most alike.
 *
 * The score kl: magnitudes fall into 2048 equal bins from 0 to the largest. For a range c the bins up to c are kept, and the
 * mass beyond is put into the last of them: P. Bins whose centers have the same element share the mass that they had without
 * it equally, among those that are not empty: Q. The score is sum P ln(P / Q), both scaled to the sum 1; where Q is zero
 * and P is not, Q counts as 2^-40. This is the calibration that is usual for integers, for any grid.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/tensor/quantizer-parts.h"

void hu_histograms_add(const hu_partition *p, const double *x, double *histogram, const double *top)
{
    for (size_t i = 0; i < p->n; i++) {
        size_t g = p->group[i];
        if (!isfinite(x[i]) || top[g] == 0)
            continue;
        double at = fabs(x[i]) / top[g] * HU_HISTOGRAM;
        size_t bin = at < HU_HISTOGRAM ? (size_t)at : HU_HISTOGRAM - 1;
        histogram[g * HU_HISTOGRAM + bin]++;
    }
}

/* Shares the mass of bins first ... end - 1 among those that are not empty. */
static void share_equally(double *q, const double *histogram, int first, int end)
{
    double mass = 0, filled = 0;
    for (int b = first; b < end; b++) {
        mass += histogram[b];
        filled += histogram[b] > 0;
    }
    for (int b = first; b < end; b++)
        q[b] = histogram[b] > 0 ? mass / filled : 0;
}

static double divergence(const double *histogram, double beyond, double *q, int kept)
{
    double p_sum = beyond, q_sum = 0, sum = 0;
    for (int b = 0; b < kept; b++) {
        p_sum += histogram[b];
        q_sum += q[b];
    }
    for (int b = 0; b < kept; b++) {
        double p = (histogram[b] + (b == kept - 1 ? beyond : 0)) / p_sum;
        double share = q_sum > 0 && q[b] > 0 ? q[b] / q_sum : 0x1p-40;
        if (p > 0)
            sum += p * log(p / share);
    }
    return sum;
}

static hu_status score_range(const hu_scale_maker *m, const double *histogram, double top, double c, double *score, hu_error *err)
{
    double center[HU_HISTOGRAM], scale[HU_HISTOGRAM], q[HU_HISTOGRAM], beyond = 0;
    double s = hu_scale_of_range(m, -c, c);
    int kept = c >= top ? HU_HISTOGRAM : (int)fmax(1, rint(c / top * HU_HISTOGRAM));

    for (int b = 0; b < kept; b++) {
        center[b] = (b + 0.5) / HU_HISTOGRAM * top;
        scale[b] = s;
    }
    for (int b = kept; b < HU_HISTOGRAM; b++)
        beyond += histogram[b];
    hu_env env = hu_search_env(m);
    hu_status status = hu_map_f64(center, HU_DIV, center, scale, NULL, (size_t)kept, m->q->element.format, &env, err);
    for (int b = 0, first = 0; !status && b < kept; b++)
        if (b + 1 == kept || center[b + 1] != center[b]) {
            share_equally(q, histogram, first, b + 1);
            first = b + 1;
        }
    if (!status)
        *score = divergence(histogram, beyond, q, kept);
    return status;
}

hu_status hu_histograms_search(const hu_scale_maker *m, const double *histogram, const double *top, size_t n_groups,
                               double *low, double *high, hu_error *err)
{
    for (size_t g = 0; g < n_groups; g++) {
        double widest = high[g], best = INFINITY, score = 0;
        for (size_t c = 0; top[g] > 0 && c < m->q->n_candidates; c++) {
            double range = fmin(widest * m->q->candidates[c], DBL_MAX);
            hu_status status = score_range(m, histogram + g * HU_HISTOGRAM, top[g], range, &score, err);
            if (status)
                return status;
            if (score < best) {
                best = score;
                high[g] = range;
                low[g] = -range;
            }
        }
    }
    return HU_OK;
}

hu_status hu_histograms_range(hu_scale_work *w, hu_error *err)
{
    size_t n = w->p.n_groups;
    double *histogram = hu_calloc(n ? n : 1, HU_HISTOGRAM * sizeof *histogram);
    if (!histogram)
        return hu_fail(err, HU_ENOMEM, "quantizer: no memory for %zu histograms", n);
    hu_histograms_add(&w->p, w->x, histogram, w->high);
    double *top = hu_calloc(n ? n : 1, sizeof *top);
    hu_status status = top ? HU_OK : hu_fail(err, HU_ENOMEM, "quantizer: no memory for %zu histograms", n);
    if (top) {
        memcpy(top, w->high, n * sizeof *top);
        status = hu_histograms_search(&w->m, histogram, top, n, w->low, w->high, err);
    }
    hu_free(top);
    hu_free(histogram);
    return status;
}
