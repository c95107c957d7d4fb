/* lanczos.h - eigenvalues, trace and spectral density of a matrix that is known by its products with vectors.
 *
 * The matrix is meant to be symmetric, such as the Hessian of a loss. Products in emulated arithmetic are not quite: what is
 * found then belongs to the symmetric part of the matrix on the space that was searched, and `asymmetry` says how
 * far from symmetric the products were, which is a floor below which nothing can be read from them.
 *
 * Everything is a function of the operator, the options and the seed. Vectors are drawn from (seed, stream): see each function.
 */
#ifndef HU_ANALYSIS_LANCZOS_H
#define HU_ANALYSIS_LANCZOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/status.h"

/* out = A v, both [n], apart. */
typedef hu_status hu_operator(void *context, const double *v, double *out, size_t n, hu_error *err);

/* An orthonormal basis of the Krylov space of A and a start, and A on it. */
typedef struct hu_lanczos {
    size_t  n, steps, most;
    double *basis;         /* [most + 1][n]: rows q_0 ... q_steps                                           */
    double *h;             /* [most][most]: h_ij = q_i . A q_j; row by row */
    double *beta;          /* [most]: length of what was left of A q_j                                      */
    double  size;          /* largest |h_ij| so far                                                         */
    double  asymmetry;     /* root mean square of h_ij - h_ji over the pairs i < j; NaN for one step        */
    size_t  restarts;      /* how often the space was closed and a new start was drawn                      */
    uint64_t seed;
} hu_lanczos;

/* Room for `most` steps, at most n; the first vector is `start` [n], scaled to length 1 (NULL: standard normal numbers of
 * stream 0). HU_EINVAL: no dimension, no step, a start that is zero or not finite; HU_ENOMEM. */
hu_status hu_lanczos_init(hu_lanczos *l, size_t n, size_t most, const double *start, uint64_t seed, hu_error *err);
void      hu_lanczos_clear(hu_lanczos *l);

/* Steps until there are `steps` of them (at most l->most), a product each. Every new vector is made orthogonal to all before, twice
 * (Giraud, Langou, Rozloznik, van den Eshof, Numer. Math. 101, 2005). Where nothing is left (less than 1e-12 of l->size), the space is
 * closed under A, and the next vector is random (stream 1 + restarts): after n steps the whole spectrum is there. */
hu_status hu_lanczos_run(hu_lanczos *l, size_t steps, hu_operator *a, void *context, hu_error *err);

/* Eigenvalues theta [steps], ascending, of the symmetric part of h, and eigenvectors y [steps][steps], y[i][k] being component
 * i of vector k. */
hu_status hu_lanczos_ritz(const hu_lanczos *l, double *theta, double *y, hu_error *err);

typedef enum hu_which { HU_LARGEST, HU_SMALLEST, HU_MAGNITUDE } hu_which;

typedef struct hu_eigen_options {
    hu_which which;
    size_t   steps;        /* products at most, without those of the residuals                             */
    double   tolerance;    /* residuals below this part of the largest magnitude of all Ritz values; 0: all steps */
    uint64_t seed;
} hu_eigen_options;

hu_eigen_options hu_eigen_default(void);    /* largest, 100 steps, 1e-6, seed 1 */

typedef struct hu_eigen {
    size_t k, products;
    bool   converged;      /* all residuals are within the tolerance; of power iteration see there           */
    double asymmetry;      /* see hu_lanczos; NaN for power iteration                                       */
} hu_eigen;

/* The k eigenvalues at one end, best first, by Lanczos' method with full orthogonalization.
 *
 *   values     [k]     algebraically largest, smallest, or largest in magnitude
 *   residuals  [k]     |A x - value x| of the unit vector x, from a product made for it: for a symmetric A there is an eigenvalue
 *                      within that distance (Parlett, "The Symmetric Eigenvalue Problem", theorem 4.5.1)
 *   vectors    [k][n]  the unit vectors x; NULL: not wanted
 *
 * An eigenvalue of multiplicity above 1 is found once, unless `steps` reaches n. HU_EINVAL: k is 0 or above n or the steps. */
hu_status hu_eigen_lanczos(hu_eigen *out, double *values, double *residuals, double *vectors, size_t k, size_t n,
                           hu_operator *a, void *context, const hu_eigen_options *options, hu_error *err);

/* The k of largest magnitude by power iteration with deflation, sorted by it: at most options->steps products for each, until the
 * relative change of the value is below the tolerance (PyHessian's rule, arXiv:1912.07145, has 100 and 1e-3). That happens on a
 * plateau, too, beside an eigenvalue that is not the largest left: values after the first go on until their residual is below
 * sqrt(tolerance) of them. `converged`: both hold for all of them. */
hu_status hu_eigen_power(hu_eigen *out, double *values, double *residuals, double *vectors, size_t k, size_t n,
                         hu_operator *a, void *context, const hu_eigen_options *options, hu_error *err);

typedef struct hu_trace_options {
    size_t   samples;      /* products at most                                                             */
    double   tolerance;    /* Hutchinson: ends when the running mean changes by less than this part; 0: all samples */
    uint64_t seed;
} hu_trace_options;

typedef struct hu_trace {
    double trace;
    double error;          /* standard error; NaN for fewer than two random samples                        */
    size_t samples;        /* random ones that the standard error is from                                  */
    size_t products;
} hu_trace;

/* The mean of v . A v over vectors of random signs (stream s for sample s). One sample has variance
 * 2 sum_{i != j} a_ij^2 for symmetric A. Source: Hutchinson, Comm. Statist. Simulation Comput. 18, 1989. PyHessian has 100
 * samples and tolerance 1e-3. */
hu_status hu_trace_hutchinson(hu_trace *out, size_t n, hu_operator *a, void *context, const hu_trace_options *options,
                              hu_error *err);

/* Hutch++: a third of the products finds the range, a third gives the trace there, and Hutchinson's estimate is made of the rest
 * only. Exact where the rank is at most samples / 3. Source: Meyer, Musco, Musco, Woodruff, "Hutch++", SOSA 2021, algorithm 1.
 * HU_EINVAL: fewer than 3 samples. */
hu_status hu_trace_hutch(hu_trace *out, size_t n, hu_operator *a, void *context, const hu_trace_options *options,
                         hu_error *err);

typedef struct hu_density_options {
    size_t   starts;       /* vectors of random signs; start s is stream s                                  */
    size_t   steps;        /* of Lanczos for each; at most n are made                                       */
    double   sigma;        /* of the Gaussians; 0: PyHessian's, sqrt(1e-5 max(1, range)); negative: the smallest one for which
                              `bound` is at most 1 % of a Gaussian's height */
    size_t   points;       /* of the grid                                                                   */
    uint64_t seed;
} hu_density_options;

hu_density_options hu_density_default(void);   /* 1 start, 100 steps, sigma negative, 1000 points, seed 1 */

typedef struct hu_density {
    double sigma;
    double low, high;      /* smallest and largest node                                                     */
    double bound;          /* of the quadrature's error in every value of `density`; see below              */
    double asymmetry;      /* largest of the starts                                                         */
    size_t steps;          /* of each start: min(options->steps, n)                                         */
    size_t products;
} hu_density;

/* Spectral density by stochastic Lanczos quadrature: the mean over eigenvalues of Gaussians around them.
 *
 *   nodes, weights  [starts][steps]  Gauss quadrature of each start; weights of a start sum to 1. NULL: not wanted
 *   grid            [points]         from low - margin to high + margin: 0.01 for PyHessian's sigma, else 4 sigma
 *   density         [points]         the mean over the starts; normalized to sum 1 over the grid for PyHessian's sigma
 *   error           [points]         standard error of that mean over the starts: what the random vectors are worth; NaN for one start
 *
 * For each start the quadrature of m steps differs from the exact smoothed spectrum, as that start weighs it, by at most
 *
 *   bound = min over r > 1 of 4 exp((r - 1/r)^2 / (8 s^2)) r^-(2m - 1) / (r - 1) / (sqrt(2 pi) sigma),   s = 2 sigma / (high - low),
 *
 * (or 1 / (sqrt(2 pi) sigma), or 0 when its space was closed), the mean of which is taken, since Gauss quadrature is exact to degree 2m - 1, and polynomials come that near to a function
 * bounded in a Bernstein ellipse (Trefethen, "Approximation Theory and Approximation Practice", theorem 8.2; Ubaru, Chen, Saad,
 * SIAM J. Matrix Anal. Appl. 38, 2017). It takes all eigenvalues to lie between low and high widened by the residuals
 * at the ends, as they nearly always do.
 * Source: Lin, Saad, Yang, SIAM Review 58, 2016; PyHessian. HU_EINVAL: no start, step or point. */
hu_status hu_spectral_density(hu_density *out, double *nodes, double *weights, double *grid, double *density, double *error,
                              size_t n, hu_operator *a, void *context, const hu_density_options *options, hu_error *err);

/* That bound for m steps on an interval of that length, relative to a Gaussian's height 1 / (sqrt(2 pi) sigma). */
double hu_quadrature_bound(size_t m, double length, double sigma);

#endif
