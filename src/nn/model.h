/* model.h - what is trained: a Llama-style language model over bytes, a small classifier, or any graph.
 *
 * A model is a description of its parameters (name, shape, start), the float32 master weights in one flat array,
 * and a forward pass that exists over float and over double. The flat array makes the optimizer one loop and lets
 * the loss be seen as a function of one vector.
 *
 * Letters: B sequences, T positions, C width, F hidden units, H heads, V vocabulary or classes, L layers.
 */
#ifndef HU_NN_MODEL_H
#define HU_NN_MODEL_H

#include "src/nn/graph.h"

typedef enum hu_model_kind {
    HU_MODEL_LM,       /* bytes in, logits of the next byte out                                  */
    HU_MODEL_MLP,      /* numbers in, logits of classes out: linear, LayerNorm, GELU, a layer    */
    HU_MODEL_GRAPH,    /* what a graph says                                                      */
} hu_model_kind;

typedef struct hu_model_config {
    hu_model_kind kind;
    size_t   layers;
    size_t   heads;      /* lm: divides width, width / heads is even                            */
    size_t   width;
    size_t   hidden;     /* lm: of the feed-forward part; 0: 8/3 width, rounded up to a multiple of 8 */
    size_t   context;    /* positions of a training sequence; 1 where there are none            */
    size_t   vocabulary; /* lm: 2 to 256; else the model's outputs: classes, mostly             */
    size_t   inputs;     /* numbers of one example; 0: it takes tokens                          */
    bool     tied;       /* lm: the head is the transposed embedding                            */
    double   deviation;  /* of the initial weights; 0: 0.02 for the lm, 1 / sqrt(inputs of the layer) for the mlp */
    uint64_t seed;       /* of the initial weights                                              */
    bool     units;      /* lm, mlp: unit scaling as in u-muP (units.h): weights start with deviation 1, factors on operations, and
                            rates of hidden weights times 1 / sqrt(fan-in) and, in the lm, 1 / sqrt(layers). What comes back from the
                            loss is not its gradient but that times factors. */
} hu_model_config;

typedef struct hu_model {
    hu_model_config config;
    hu_graph       *graph;           /* owned; NULL: not of kind HU_MODEL_GRAPH   */
    hu_parameter   *parameters;
    size_t          n_parameters;
    size_t          n_weights;       /* length of the flat arrays                 */
    float          *weights;         /* master weights                            */
    float          *gradient;        /* of the last training step                 */
    double         *weights_f64;     /* room for the double pass, made when first wanted */
    float          *statistics;      /* [graph->n_statistics]: running means and variances of BatchNorm; NULL: none */
    float          *seen;            /* the same of the last pass that took the batch's own                         */
    hu_tape_f32     tape_f32;
    hu_tape_f64     tape_f64;
} hu_model;

/* What one pass works on. The lm reads `bytes`, the mlp `features`, a graph what its first instruction says; what the loss
 * compares with may be NULL where none is wanted. */
typedef struct hu_batch {
    size_t         rows;         /* B sequences or examples                        */
    size_t         positions;    /* T of the lm, at most the context; 1 for the mlp */
    const uint8_t *bytes;        /* [B][T]                                         */
    const int32_t *tokens;       /* [B][T], instead of bytes (graphs only)         */
    const float   *features;     /* [B][inputs]                                    */
    const uint8_t *targets;      /* [B][T], or [B]                                 */
    const int32_t *classes;      /* [B][T], or [B], instead of targets (graphs only) */
    const float   *values;       /* [B][V]: targets of the mean square             */
    bool           evaluation;   /* BatchNorm takes the model's statistics, not the batch's */
} hu_batch;

/* The tokens and classes of a batch as int32 in memory of `arena`, or themselves; NULL when out of memory. */
const int32_t *hu_batch_tokens(hu_arena *arena, const hu_batch *b);
const int32_t *hu_batch_classes(hu_arena *arena, const hu_batch *b);

/* A model with its initial weights: normal with the configured deviation, the projections that end a residual
 * branch divided by sqrt(2 L) (GPT-2's rule), gains 1, biases 0; every weight a function of (seed, parameter,
 * element). HU_EINVAL names the part of the configuration that does not fit. */
hu_status hu_model_init(hu_model *m, hu_model_config config, hu_error *err);
void      hu_model_clear(hu_model *m);      /* a zeroed one may be cleared */

/* The same for a graph, which then belongs to the model; on failure it stays the caller's. */
hu_status hu_model_init_graph(hu_model *m, hu_graph *graph, uint64_t seed, hu_error *err);

/* The name of layer number `layer`, as policies and streams count them: "0.attention.in", "head"; NULL past the last.
 * The attention of the lm has the number of its block's first layer. */
const char *hu_model_layer(const hu_model *m, unsigned layer);

/* Takes over what BatchNorm saw in the last pass: running += momentum (seen - running). After a step of the optimizer. */
void hu_model_follow(hu_model *m);

/* True: it takes sequences of tokens. False: features. */
bool hu_model_takes_tokens(const hu_model *m);

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

/* Loss and outputs of the same pass in float32. */
hu_status hu_model_evaluate_f32(hu_model *m, const hu_batch *batch, const hu_policy *policy, uint64_t step, double *loss,
                                double *out, hu_error *err);

/* The forward pass on a tape: parameters[i] are leaves in the order of m->parameters. -> logits [B T][V]. */
hu_var_f32 *hu_model_forward_f32(const hu_model *m, hu_tape_f32 *t, hu_var_f32 **parameters, const hu_batch *batch);
hu_var_f64 *hu_model_forward_f64(const hu_model *m, hu_tape_f64 *t, hu_var_f64 **parameters, const hu_batch *batch);

/* How many layers there are. */
unsigned hu_model_layers(const hu_model *m);

/* A pass with loss and gradient on a tape of the caller's, which is empty and keeps it: leaves [n_parameters] and the loss
 * [1][1]. weights [n_weights] and gradient [n_weights], written for the parameters that move [n_parameters] (NULL: all),
 * stay the caller's and are read as long as the tape is. */
hu_status hu_model_record_f32(hu_model *m, hu_tape_f32 *t, float *weights, const hu_batch *batch, const hu_policy *policy,
                              uint64_t step, const bool *moves, float *gradient, hu_var_f32 ***leaves, hu_var_f32 **loss,
                              hu_error *err);
hu_status hu_model_record_f64(hu_model *m, hu_tape_f64 *t, double *weights, const hu_batch *batch, const hu_policy *policy,
                              uint64_t step, const bool *moves, double *gradient, hu_var_f64 ***leaves, hu_var_f64 **loss,
                              hu_error *err);

/* Multiplications of all matrix products of one training step on that many rows and positions, forward and backward. */
double hu_model_multiplications(const hu_model *m, size_t rows, size_t positions);

#endif
