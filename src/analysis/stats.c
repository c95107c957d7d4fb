/* stats.c - mean and spread, intervals, a straight line. */
#include "src/analysis/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

void hu_analysis_init(void)
{
    gsl_set_error_handler_off();
}

double hu_mean(const double *x, size_t n)
{
    return n ? gsl_stats_mean(x, 1, n) : NAN;
}

double hu_sd(const double *x, size_t n)
{
    return n > 1 ? gsl_stats_sd(x, 1, n) : NAN;
}

double hu_ci95(const double *x, size_t n)
{
    return n > 1 ? gsl_cdf_tdist_Pinv(0.975, (double)(n - 1)) * hu_sd(x, n) / sqrt((double)n) : NAN;
}

hu_status hu_wilson(hu_interval *out, size_t k, size_t n, double confidence, hu_error *err)
{
    if (n == 0 || k > n)
        return hu_fail(err, HU_EINVAL, "wilson: %zu of %zu trials; it takes n > 0 and k no larger than n", k, n);
    if (!(confidence > 0 && confidence < 1))
        return hu_fail(err, HU_EINVAL, "wilson: confidence is %g; it takes a number between 0 and 1, such as 0.95",
                       confidence);
    double z = gsl_cdf_ugaussian_Pinv(0.5 + confidence / 2), trials = (double)n, p = (double)k / trials;
    double center = p + z * z / (2 * trials);
    double half   = z * sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials));
    double scale  = 1 + z * z / trials;
    out->low  = k == 0 ? 0 : (center - half) / scale;     /* the ends are exact; the formula misses them by a rounding */
    out->high = k == n ? 1 : (center + half) / scale;
    return HU_OK;
}

hu_status hu_fit_line(hu_fitted_line *out, const double *x, const double *y, size_t n, hu_error *err)
{
    if (n < 2 || gsl_stats_min(x, 1, n) == gsl_stats_max(x, 1, n))
        return hu_fail(err, HU_EINVAL, "fit: a line takes at least two points with different x, there are %zu", n);
    hu_fitted_line l;
    double  cov00, cov01, cov11, residue;
    gsl_fit_linear(x, 1, y, 1, n, &l.intercept, &l.slope, &cov00, &cov01, &cov11, &residue);
    double total = gsl_stats_tss(y, 1, n);
    l.slope_se = n > 2 ? sqrt(cov11) : NAN;
    l.r2 = total > 0 ? 1 - residue / total : 1;
    *out = l;
    return HU_OK;
}
