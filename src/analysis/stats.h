/* stats.h - the few statistics that every figure needs: mean and spread, intervals, a straight line.
 *
 * Through GSL (gsl_statistics, gsl_cdf, gsl_fit).
 */
#ifndef HU_ANALYSIS_STATS_H
#define HU_ANALYSIS_STATS_H

#include <stddef.h>

#include "src/base/status.h"

/* Call once before anything else of src/analysis: turns off GSL's own error handler, which would end the process. */
void hu_analysis_init(void);

double hu_mean(const double *x, size_t n);   /* NaN when n is 0                               */
double hu_sd(const double *x, size_t n);     /* of a sample, n - 1; NaN when n is less than 2 */

/* Half the width of Student's 95 % confidence interval of the mean: t(0.975, n - 1) sd / sqrt(n); NaN when n is less than 2. */
double hu_ci95(const double *x, size_t n);

typedef struct hu_interval {
    double low, high;
} hu_interval;

/* Wilson's score interval for a probability of which k of n trials were seen, at a confidence such as 0.95.
 * Source: E. B. Wilson, J. Amer. Statist. Assoc. 22 (1927).
 * HU_EINVAL unless k <= n, n > 0 and 0 < confidence < 1. */
hu_status hu_wilson(hu_interval *out, size_t k, size_t n, double confidence, hu_error *err);

typedef struct hu_fitted_line {
    double intercept, slope;
    double slope_se;      /* standard error of the slope; NaN when n is 2 */
    double r2;            /* share of the variance that the line explains */
} hu_fitted_line;

/* Least-squares line y = intercept + slope x. HU_EINVAL when n is less than 2 or all x are the same. */
hu_status hu_fit_line(hu_fitted_line *out, const double *x, const double *y, size_t n, hu_error *err);

#endif
