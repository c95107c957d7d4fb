/* hessian.h - the Hessian of a model's loss as something that vectors are multiplied by.
 *
 * The passes over the batches are made once, when the Hessian is set up; each product then costs about two more. All of it is
 * forward over reverse on the tape (see tape.h, which also says what is multiplied inside emulated arithmetic), so
 * there is no step size and no difference.
 *
 * n is the number of weights that move: all of them, or those of chosen parameters, in the order of the flat array.
 * The loss of several batches is the mean over all of their targets.
 */
#ifndef HU_NN_HESSIAN_H
#define HU_NN_HESSIAN_H

#include "src/nn/model.h"

typedef struct hu_hessian_options {
    bool             in_double;        /* the carrier; false: float                                        */
    const hu_policy *policy;           /* NULL: full precision. Used while the Hessian lives               */
    uint64_t         step;             /* of the policy's random streams                                   */
    bool             rounds_tangents;  /* tangent products are rounded, too; see tape.h                    */
    const double    *weights;          /* [n_weights], where it is taken; NULL: the model's own            */
    const bool      *moves;            /* [n_parameters]; NULL: all                                        */
} hu_hessian_options;                  /* all zero: the whole Hessian in float, full precision             */

typedef struct hu_hessian {
    hu_model  *model;                  /* borrowed                                                         */
    size_t     n;                      /* weights that move                                                */
    size_t     n_batches;
    double     loss;                   /* at the weights                                                   */
    double    *gradient;               /* [n]                                                              */
    double    *share;                  /* [n_batches]: of the batch in the mean                            */
    bool      *moves;                  /* [n_parameters]                                                   */
    bool       in_double, rounds_tangents;
    uint64_t   products;               /* done so far: the `direction` of stochastic quantizers of tangents */
    void      *passes;                 /* a recorded pass for each batch                                   */
    void      *weights, *direction, *product;   /* [n_weights] of the carrier                              */
} hu_hessian;

/* The batches' memory is needed as long as the Hessian, and the model may not be cleared. HU_EINVAL, HU_ESHAPE, ...: what the
 * pass says of a batch; no batch; no parameter moves; an operation without tangents. A loss that is not finite is a
 * result. Memory: a training step's for each batch, and 3 carriers a weight. */
hu_status hu_hessian_init(hu_hessian *h, hu_model *model, const hu_batch *batches, size_t n_batches,
                          const hu_hessian_options *options, hu_error *err);
void      hu_hessian_clear(hu_hessian *h);   /* a zeroed one may be cleared */

/* out = H v, both [n]; out may be v. With `rounds_tangents` v is first scaled by the power of two that brings its largest
 * magnitude into [1, 2), and the product is scaled back: the result depends on the direction, not on the length. */
hu_status hu_hessian_product(hu_hessian *h, const double *v, double *out, hu_error *err);

/* The same as a hu_operator of src/analysis: `hessian` is a hu_hessian. */
hu_status hu_hessian_apply(void *hessian, const double *v, double *out, size_t n, hu_error *err);

#endif
