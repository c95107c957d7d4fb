/* model.h - what is trained: a Llama-style language model over bytes, and a small classifier.
 *
 * A model is a description of its parameters (name, shape, start), the float32 master weights in one flat array,
 * and a forward pass that exists over float and over double. The flat array makes the optimizer one loop and lets
 * the loss be seen as a function of one vector.
 *
 * Letters: B sequences, T positions, C width, F hidden units, H heads, V vocabulary or classes, L layers.
 */
#ifndef HU_NN_MODEL_H
#define HU_NN_MODEL_H

#include "src/nn/tape.h"

typedef enum hu_model_kind {
    HU_MODEL_LM,       /* bytes in, logits of the next byte out                                  */
    HU_MODEL_MLP,      /* numbers in, logits of classes out: linear, LayerNorm, GELU, a layer    */
} hu_model_kind;

typedef struct hu_model_config {
    hu_model_kind kind;
    size_t   layers;
    size_t   heads;      /* lm: divides width, width / heads is even                            */
    size_t   width;
    size_t   hidden;     /* lm: of the feed-forward part; 0: 8/3 width, rounded up to a multiple of 8 */
    size_t   context;    /* lm: positions of a training sequence                                */
    size_t   vocabulary; /* lm: 2 to 256; mlp: classes                                          */
    size_t   inputs;     /* mlp: numbers of one example                                         */
    bool     tied;       /* lm: the head is the transposed embedding                            */
    double   deviation;  /* of the initial weights; 0: 0.02 for the lm, 1 / sqrt(inputs of the layer) for the mlp */
    uint64_t seed;       /* of the initial weights                                              */
} hu_model_config;

typedef struct hu_parameter {
    char   name[48];     /* "embedding", "0.attention.in", ...                    */
    size_t first;        /* of its elements in the flat array                     */
    size_t rows, cols;
    double deviation;    /* of its initial values; negative: they are 1, zero: 0  */
    bool   decays;       /* weight decay applies: the matrices                    */
} hu_parameter;

typedef struct hu_model {
    hu_model_config config;
    hu_parameter   *parameters;
    size_t          n_parameters;
    size_t          n_weights;       /* length of the flat arrays                 */
    float          *weights;         /* master weights                            */
    float          *gradient;        /* of the last training step                 */
    double         *weights_f64;     /* room for the double pass, made when first wanted */
    hu_tape_f32     tape_f32;
    hu_tape_f64     tape_f64;
} hu_model;

/* What one pass works on. The lm reads `bytes`, the mlp `features`; targets may be NULL where no loss is wanted. */
typedef struct hu_batch {
    size_t         rows;         /* B sequences or examples                        */
    size_t         positions;    /* T of the lm, at most the context; 1 for the mlp */
    const uint8_t *bytes;        /* [B][T]                                         */
    const float   *features;     /* [B][inputs]                                    */
    const uint8_t *targets;      /* [B][T], or [B]                                 */
} hu_batch;

/* A model with its initial weights: normal with the configured deviation, the projections that end a residual
 * branch divided by sqrt(2 L) (GPT-2's rule), gains 1, biases 0; every weight a function of (seed, parameter,
 * element). HU_EINVAL names the part of the configuration that does not fit. */
hu_status hu_model_init(hu_model *m, hu_model_config config, hu_error *err);
void      hu_model_clear(hu_model *m);      /* a zeroed one may be cleared */

/* Threads of the passes, 1 at first. Results do not depend on them. */
void hu_model_threads(hu_model *m, int threads);

/* The mean loss (natural logarithm) over all targets of the batch in float32, by the policy (NULL: full precision)
 * with the random streams of `step`. With `gradient` [n_weights] not NULL, its gradient too. */
hu_status hu_model_loss_f32(hu_model *m, const hu_batch *batch, const hu_policy *policy, uint64_t step,
                            double *loss, float *gradient, hu_error *err);

/* The same in double, at the given weights [n_weights] (NULL: the model's own): the loss as a function of one vector. */
hu_status hu_model_loss_f64(hu_model *m, const double *weights, const hu_batch *batch, const hu_policy *policy,
                            uint64_t step, double *loss, double *gradient, hu_error *err);

/* Logits of the last position of every row, out [B][V] as doubles: computed in float32, by the policy or without,
 * or in double. */
hu_status hu_model_logits_f32(hu_model *m, const hu_batch *batch, const hu_policy *policy, uint64_t step,
                              double *out, hu_error *err);
hu_status hu_model_logits_f64(hu_model *m, const double *weights, const hu_batch *batch, const hu_policy *policy,
                              uint64_t step, double *out, hu_error *err);

/* The forward pass on a tape: parameters[i] are leaves in the order of m->parameters. -> logits [B T][V]. */
hu_var_f32 *hu_model_forward_f32(const hu_model *m, hu_tape_f32 *t, hu_var_f32 **parameters, const hu_batch *batch);
hu_var_f64 *hu_model_forward_f64(const hu_model *m, hu_tape_f64 *t, hu_var_f64 **parameters, const hu_batch *batch);

/* Multiplications of all matrix products of one training step on that many rows and positions, forward and backward. */
double hu_model_multiplications(const hu_model *m, size_t rows, size_t positions);

#endif
