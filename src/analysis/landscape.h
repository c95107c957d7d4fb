/* landscape.h - the loss of a model along one or two directions through its weights.
 *
 * Directions are scaled filter by filter, so that pictures of different models can be compared. Source: Li, Xu, Taylor, Studer, Goldstein,
 * "Visualizing the loss landscape of neural nets", arXiv:1712.09913, section 4, and the authors' code for the constant.
 */
#ifndef HU_ANALYSIS_LANDSCAPE_H
#define HU_ANALYSIS_LANDSCAPE_H

#include "src/nn/model.h"

/* d [n_weights]: each row d_j of a matrix becomes d_j |w_j| / (|d_j| + 1e-10) with w_j the same row of the weights (NULL: the
 * model's own); everything else (biases, gains) becomes 0. */
void hu_filter_normalize(const hu_model *m, const double *weights, double *d);

/* What a landscape is taken of: the mean loss over all targets of the batches, in double, by the policy or without. */
typedef struct hu_view {
    const hu_batch  *batches;
    size_t           n_batches;
    const hu_policy *policy;
    uint64_t         step;       /* of the policy's random streams: the same in every point */
    const double    *weights;    /* [n_weights], the middle; NULL: the model's own           */
} hu_view;

/* out [n_a][n_b] = loss at weights + a_i x + b_j y. x, y [n_weights]; y NULL: a curve, with n_b 1 and b not looked at.
 * A loss that is not finite is a result. HU_ENOMEM, or what a pass says. */
hu_status hu_landscape(double *out, hu_model *m, const hu_view *view, const double *x, const double *a, size_t n_a,
                       const double *y, const double *b, size_t n_b, hu_error *err);

#endif
