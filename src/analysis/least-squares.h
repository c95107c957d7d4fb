/* least-squares.h - a curve through measurements: parameters of a model by nonlinear least squares, with their errors.
 *
 * The steps are GSL's (gsl_multifit_nlinear: a trust region with geodesic acceleration, central differences for the
 * Jacobian, parameters scaled as More does). Huber's loss is the same with weights min(1, delta / |residual|), taken anew until they
 * stay (iteratively reweighted least squares). Source: P. J. Huber, Robust Statistics (1981), sections 7.3 (the loss), 7.6
 * (covariance of the estimate) and 7.8 (the weights).
 */
#ifndef HU_ANALYSIS_LEAST_SQUARES_H
#define HU_ANALYSIS_LEAST_SQUARES_H

#include <stdbool.h>
#include <stddef.h>

#include "src/base/status.h"

/* Residuals [n], what was measured less the model at the parameters p. A status other than HU_OK ends the fit and is handed on.
 * Residuals that are not finite are allowed: the step that led there is cut back. */
typedef hu_status hu_residuals(void *context, const double *p, double *residual, hu_error *err);

typedef struct hu_least_squares_options {
    double huber;             /* delta: residuals beyond it count linearly; 0: squares alone  */
    int    max_iterations;    /* of the steps under one set of weights                        */
    double tolerance;         /* of the relative change of a parameter, and of the gradient   */
    double confidence;        /* of the intervals, such as 0.95                               */
} hu_least_squares_options;

typedef struct hu_least_squares_result {
    double cost;              /* sum of the losses: residual^2 / 2, beyond delta linear       */
    double rms;               /* of the residuals                                             */
    double sigma;             /* of one measurement, as the residuals show it; NaN where there are as many parameters as measurements */
    int    iterations;
    bool   converged;
} hu_least_squares_result;

hu_least_squares_options hu_least_squares_default(void);     /* squares, 500 iterations, 1e-10, 0.95 */

/* Fits n_parameters values to n >= n_parameters residuals.
 *
 *   p           [n_parameters]   in: the start; out: the best found
 *   covariance  [n_parameters][n_parameters] of the estimates, linearized there; NULL: not wanted
 *   half_width  [n_parameters]   of each parameter's interval: Student's t times its standard error; NULL: not wanted
 *
 * A parameter on which no residual depends has an infinite error. HU_EINVAL: an option out of range, too few residuals, a start
 * where residuals are not finite. HU_ENOMEM; or what f returned. On failure p is as it was. */
hu_status hu_least_squares(double *p, size_t n_parameters, size_t n, hu_residuals *f, void *context,
                           const hu_least_squares_options *options, double *covariance, double *half_width,
                           hu_least_squares_result *result, hu_error *err);

#endif
