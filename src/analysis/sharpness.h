/* sharpness.h - how much a loss can rise within a small box: in the logits, and in the weights.
 *
 * Both are Keskar's epsilon-sharpness (Keskar et al., arXiv:1609.04836, metric 2.1),
 *
 *     phi = 100 * (max_{z in C} f(x + A z) - f(x)) / (1 + f(x)),   C = { |z_i| <= eps * (|(A^+ x)_i| + 1) },
 *
 * the first with x the logits of a sequence's last token and A the identity ("To FP8 and Back Again",
 * arXiv:2405.18710), the second with x a model's weights. All of it in double, whatever format the logits,
 * losses and gradients were computed in.
 */
#ifndef HU_ANALYSIS_SHARPNESS_H
#define HU_ANALYSIS_SHARPNESS_H

#include "src/analysis/lbfgsb.h"

#include <stdint.h>

typedef struct hu_sharpness {
    double phi;          /* 100 * increase / (1 + loss)                                                     */
    double loss;         /* f at the center of the box                                                      */
    double increase;     /* what the maximum over the box is above it                                       */
    int    iterations;   /* of the maximizer, the largest over a batch; 0 for the closed form               */
    int    evaluations;  /* of f, over the whole batch                                                      */
} hu_sharpness;

typedef enum hu_maximizer {
    HU_CLOSED,           /* the vertex of the box at which the maximum lies                                 */
    HU_LBFGSB            /* the box-constrained search of lbfgsb.h                                          */
} hu_maximizer;

/* Sharpness of softmax cross-entropy f(y) = logsumexp(y) - y_t in the space of the logits.
 *
 *   logits   [batch][vocabulary]  double, row by row
 *   targets  [batch]              the true token of each row, 0 <= t < vocabulary
 *   eps      > 0; 1e-3 and 5e-4 are Keskar's
 *
 * For a batch f is the mean over its rows; each row has its own box, so that the maximum is the mean of the
 * rows' maxima. f rises in every logit but the target's and falls in that one, so the maximum over the box
 * is at one vertex, and
 *
 *     f(y + z) - f(y) = log1p(sum_{i != t} p_i expm1(z_i - z_t)),   p = softmax(y),
 *
 * in which every term is positive: nothing cancels, and the increase is good to a few ulps of double
 * however small eps is. HU_LBFGSB searches instead, at most 100 iterations, and is there to be compared
 * with it. A logit that is infinite or NaN is a result, not an error: loss, increase and phi are then NaN.
 * HU_EINVAL: eps not positive and finite, no row, no column; HU_ERANGE: a target past the vocabulary;
 * HU_ENOMEM (HU_LBFGSB only). */
hu_status hu_sharpness_logits(hu_sharpness *out, const double *logits, const size_t *targets, size_t batch,
                              size_t vocabulary, double eps, hu_maximizer how, hu_error *err);

typedef struct hu_keskar_options {
    double   eps;          /* 1e-3 and 5e-4 in the paper                                              */
    size_t   directions;   /* columns p of A; 0: A is the identity, the full space. 100 in the paper  */
    int      iterations;   /* of the maximizer; 10 in the paper, deliberately few                     */
    uint64_t seed;         /* of A, and of the start in the case below                                */
} hu_keskar_options;

hu_keskar_options hu_keskar_default(void);   /* eps 1e-3, full space, 10 iterations, seed 1 */

/* Sharpness of any loss around the weights x [n]; x is not changed. `loss` gives value and gradient; it is the full training
 * loss in the paper. The search starts at z = 0; where the gradient is exactly zero there (a quadratic at
 * its minimum), at a random point of the box. It climbs from there, so that phi is a lower bound of the
 * maximum, never below 0. A subspace draws a Gaussian matrix A, columns scaled to length 1, and solves
 * least squares for A^+ x. A loss or a gradient that is not finite at x gives NaN; within the box it is a
 * place the search does not go to. HU_EINVAL: eps not positive and finite, iterations < 1, more directions
 * than weights, no weights; HU_ENOMEM; what `loss` returned.
 * Memory: about 29 doubles a weight in the full space, (directions + 3) a weight in a subspace. */
hu_status hu_sharpness_keskar(hu_sharpness *out, const double *x, size_t n, hu_objective *loss, void *context,
                              const hu_keskar_options *options, hu_error *err);

/* The matrix A [n][p], row by row, that hu_sharpness_keskar draws for a seed: standard normal numbers
 * (word i * p + j of stream 0), columns then scaled to length 1. */
void hu_keskar_directions(double *a, size_t n, size_t p, uint64_t seed);

#endif
