/* bench-plain.h - the yardstick of training: our language model (HU_MODEL_LM) trained by a program as it is usually written by hand.
 *
 * Loops over arrays of floats, some of them shared out by OpenMP, compiled with optimizations that change values and with the machine's
 * vector instructions; no blocking for the caches, no BLAS, no formats. It shares nothing with src/nn but the order of the weights, so
 * that each can be checked by the other.
 */
#ifndef HU_CLI_BENCH_PLAIN_H
#define HU_CLI_BENCH_PLAIN_H

#include "src/nn/train.h"

/* What the forward pass of a layer leaves for the backward pass. N = B T rows of C columns, where nothing else is said. */
typedef struct hu_plain_layer {
    float *norm1, *root1;      /* normalized input, and of each row 1 / sqrt(mean square + epsilon)                   */
    float *qkv;                /* [N][3 C] queries, keys, values; the first two rotated                               */
    float *weights;            /* [B][H][T][T] of the attention                                                       */
    float *mixed;              /* values by their weights                                                             */
    float *middle;             /* input and attention                                                                 */
    float *norm2, *root2;
    float *feed, *gated;       /* [N][2 F] gates and values, [N][F] their product                                     */
    float *end;                /* what the next layer gets                                                            */
} hu_plain_layer;

typedef struct hu_plain {
    const hu_trainer *trainer;   /* borrowed: model, text, settings */
    int             threads;
    uint64_t        step;      /* steps done            */
    double          loss;      /* of the last of them   */
    uint8_t        *bytes;     /* [2][B T]: a batch and its targets */
    float          *w, *g, *m, *v;               /* weights, their gradient, its two moments: as the model's flat arrays */
    hu_plain_layer *layer;
    float          *start, *norm, *root, *out;   /* embedded bytes; normalized end; room for a result of a linear layer */
    float          *logits;                      /* [N][V], then the probabilities, then their gradient */
    float          *dx, *dnorm, *dqkv, *dmixed, *dfeed, *dgated, *drow;
    float          *cosine, *sine;               /* [T][C / H / 2] */
    float          *block;     /* where all of these lie           */
    size_t          taken;     /* floats of it                     */
} hu_plain;

/* Begins where the trainer stands before its first step, with its model's weights. HU_EINVAL: B T is no multiple of 8, or the model is none over 256
 * bytes, has units, or a tied head. Cleared by hu_plain_clear in any case. */
hu_status hu_plain_init(hu_plain *p, const hu_trainer *t, int threads, hu_error *err);
void      hu_plain_clear(hu_plain *p);

/* The mean loss of a batch, bytes and targets [B][T]; p->g becomes its gradient. */
double hu_plain_pass(hu_plain *p, const uint8_t *bytes, const uint8_t *targets);

/* The step that hu_trainer_step does in full precision: on the same bytes, clipped, by AdamW. */
hu_status hu_plain_step(hu_plain *p, hu_error *err);

#endif
