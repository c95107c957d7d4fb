/* lbfgsb.h - a minimum of a smooth function within a box, from values and gradients.
 *
 * A projected limited-memory BFGS: the quasi-Newton direction comes from the two-loop recursion over the
 * last pairs of steps and gradient differences, restricted to the variables that are not held by a bound;
 * the step runs along the projection of that direction on the box, and is cut back until Armijo's condition
 * holds. It meets the interface of L-BFGS-B (Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16 (1995)),
 * without its Cauchy point. Sources: Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 7.4
 * (two loops) and 3.1 (backtracking); Bertsekas, SIAM J. Control Optim. 20 (1982) (projection on the free
 * variables).
 */
#ifndef HU_ANALYSIS_LBFGSB_H
#define HU_ANALYSIS_LBFGSB_H

#include "src/base/status.h"

/* Value and gradient [n] of a function at x [n]. A status other than HU_OK ends the search and is handed on. A value that
 * is not finite is allowed: the step that led there is cut back. */
typedef hu_status hu_objective(void *context, const double *x, size_t n, double *value, double *gradient, hu_error *err);

typedef struct hu_lbfgsb_options {
    int    pairs;                 /* remembered; 10 as in Keskar et al.                                   */
    int    max_iterations;
    double gradient_tolerance;    /* stop when no component of the projected gradient is larger           */
    double decrease_tolerance;    /* stop when an iteration gains less than this times max(|f|, |f_old|)  */
} hu_lbfgsb_options;

typedef enum hu_lbfgsb_stop {
    HU_STOP_GRADIENT,             /* a point where no feasible direction descends, to the tolerance       */
    HU_STOP_DECREASE,             /* no more to be gained                                                 */
    HU_STOP_ITERATIONS,           /* the allowed number was used up                                       */
    HU_STOP_STEP                  /* no step along the steepest descent was short enough to descend       */
} hu_lbfgsb_stop;

typedef struct hu_lbfgsb_result {
    double value;
    double projected_gradient;    /* largest component at the end                                         */
    int    iterations, evaluations;
    hu_lbfgsb_stop stop;
} hu_lbfgsb_result;

hu_lbfgsb_options hu_lbfgsb_default(void);    /* 10 pairs, 1000 iterations, tolerances 1e-10 and 1e-15 */

/* Minimizes f over lower <= x <= upper.
 *
 *   x      [n]  in: the start, moved into the box; out: the best point found
 *   lower, upper  [n]  may be infinite
 *
 * The values never rise from one iteration to the next. When no pair is remembered (at the start, or where
 * the function curves downward) the first trial goes far enough to reach the bounds, which is where such
 * functions have their minimum. HU_EINVAL: an option out of range, lower > upper, a NaN in x, or f not
 * finite at the start.
 * HU_ENOMEM; or what f returned. Memory: (2 pairs + 5) n doubles. On failure x is undefined. */
hu_status hu_lbfgsb_minimize(double *x, const double *lower, const double *upper, size_t n,
                             hu_objective *f, void *context, const hu_lbfgsb_options *options,
                             hu_lbfgsb_result *result, hu_error *err);

#endif
