/* policy.h - which format, scale, rounding and accumulator each part of a training step gets.
 *
 * A linear layer has three matrix products, and each has two operands:
 *
 *   forward  Y  = X W^T      HU_P1 = X    HU_P2 = W
 *   dgrad    dX = dY W       HU_P3 = dY   HU_P4 = W
 *   wgrad    dW = dY^T X     HU_P5 = dY   HU_P6 = X
 *
 * A policy names a quantizer for each of the six and an accumulator for each of the three. Normalization, softmax
 * and the optimizer's moments stay in the carrier unless HU_P_SAVED, `moment` or the optimizer's configuration say otherwise, and
 * so do the master weights unless HU_P_MASTER has a quantizer: what a step adds to a weight is then lost where it does not reach
 * the next value. A quantizer has no scaling factor unless its row of `scaling` is on.
 *
 * Rules say it for some layers alone, by their names; hu_policy_bind makes of them one policy a layer.
 */
#ifndef HU_NN_POLICY_H
#define HU_NN_POLICY_H

#include "src/nn/counters.h"
#include "src/nn/state.h"

typedef enum hu_operand {
    HU_P1, HU_P2, HU_P3, HU_P4, HU_P5, HU_P6,
    HU_P_QKV,            /* attention: queries, keys and values, after the rotation     */
    HU_P_WEIGHTS,        /* attention: what softmax gave                                */
    HU_P_DOUT,           /* attention: gradient of the output                           */
    HU_P_DSCORES,        /* attention: gradient of the scores, a head at a time         */
    HU_P_MASTER,         /* the master weights, after every step of the optimizer       */
    HU_P_SUMS,           /* no operand: with the two after it the random words of the three accumulators */
    HU_P_SAVED = HU_P_SUMS + 3,   /* what norms and functions of elements (all but ReLU) keep of their input for the backward pass */
    HU_P_REDUCE,         /* gradients on their way between shards                       */
    HU_P_COUNT
} hu_operand;

typedef enum hu_gemm_role { HU_GEMM_FORWARD, HU_GEMM_DGRAD, HU_GEMM_WGRAD, HU_GEMM_COUNT } hu_gemm_role;

/* The scale of an operand. Groups lie along the index that the product sums over (P1, P2, P3 the last, P4, P5, P6 the
 * first; others the last), unless they are in storage order; rows and columns are those of the matrix as it is stored. */
typedef struct hu_scaling {
    bool      on;
    hu_scaled q;            /* its element is the operand's quantizer                                            */
    unsigned  history;      /* delayed: the range is 2^margin times the largest magnitude of the last `history` steps; 0: of
                               the tensor at hand, as in the first step and where there is no state              */
    double    margin;
} hu_scaling;

enum { HU_MOMENTS = 2, HU_MOMENT_NAME = 16 };

/* The format of one of the optimizer's states, by the state's name: "m", "v", "momentum". */
typedef struct hu_moment {
    char            name[HU_MOMENT_NAME];   /* empty: none */
    hu_state_format format;
} hu_moment;

typedef struct hu_policy {
    hu_quantizer      operand[HU_P_COUNT];         /* format NULL: left as it is                            */
    const hu_block_format *block[HU_P6 + 1];       /* instead of the operand's format; its mode and overflow count;
                                                      blocks lie along the index that the product sums over */
    hu_scaling        scaling[HU_P_COUNT];
    hu_accumulator    accumulator[HU_GEMM_COUNT];  /* product and sum NULL and no block FMA: the carrier's own */
    const hu_rounding *accumulate_rounding;        /* of the accumulators; NULL: nearest-even               */
    hu_moment         moment[HU_MOMENTS];          /* a trainer takes those that its optimizer has         */
    bool              head_full;                   /* the last layer (logits) is left unquantized           */
    uint64_t          seed;                        /* of stochastic modes                                   */
    double            loss_scale;                  /* gradients are those of the loss times this; 0: times 1 */
    const struct hu_policy_rule *rules;            /* borrowed; for some layers, later ones over earlier ones */
    size_t            n_rules;
    const struct hu_policy *layers;                /* borrowed; [n_layers] policies of the layers: it is bound */
    size_t            n_layers;
    hu_policy_state  *state;                       /* borrowed; NULL: no histories, no counters             */
} hu_policy;                                       /* all zero: full precision                              */

enum { HU_POLICY_GLOB = 64, HU_POLICY_RULES = 256 };

/* What is said for the layers whose names a pattern meets: `*` is any text, `?` any letter. */
typedef struct hu_policy_rule {
    char      glob[HU_POLICY_GLOB];
    bool      whole;                /* `values` takes the place of everything that is said about a layer */
    uint32_t  operands;             /* else: bits of the operands                                        */
    uint32_t  accumulators;         /* and of the accumulators that are taken from it                    */
    hu_policy values;
} hu_policy_rule;

/* A quantizer for one operand. NULL rounding: nearest-even. A quantizer that changes no value of a float
 * (fp32 with overflow `ieee`) becomes the empty one. HU_ERANGE: the format has values that a float cannot hold. */
hu_status hu_quantizer_init(hu_quantizer *q, const hu_format *format, const hu_rounding *rounding,
                            hu_overflow overflow, hu_error *err);

/* A quantizer with scales for one operand. HU_EINVAL names what an operand cannot have: searches, zero points, scales that are
 * quantized in turn, frozen ranges; a history of other than one scale by absmax. */
hu_status hu_policy_set_scaling(hu_policy *p, hu_operand operand, const hu_scaling *scaling, hu_error *err);

/* "fp32", "e8m3", "e8m3:rz+sat", "mxfp4", "e4m3fn/e5m2": a format or block format, then optionally a rounding mode and overflow
 * policy, for the six operands of every linear layer; two formats, for activations and weights and for gradients. After an "@" a
 * scale from the tensor at hand, saturating: "e4m3fn/e5m2@tensor", "@row", "@column", and with "2" at the end powers of two
 * that do not clip, "@tensor2". Nothing else is set. */
hu_status hu_policy_parse(hu_policy *p, const char *text, hu_error *err);

/* The name of layer number i, or NULL past the last. */
typedef const char *hu_layer_name(const void *context, unsigned i);

/* Makes one policy for each layer, into `layers` [n], and out, which borrows them. HU_EINVAL names a rule that meets no layer, with
 * the layer whose name is nearest. out may be p. */
hu_status hu_policy_bind(hu_policy *out, hu_policy *layers, const hu_policy *p, hu_layer_name *name, const void *context,
                         size_t n, hu_error *err);

/* The policy of a layer: p itself where it is not bound; NULL of NULL. */
const hu_policy *hu_policy_at(const hu_policy *p, unsigned layer);

/* Whether a pattern meets a name; and how many of its letters are meant literally. */
bool   hu_glob(const char *glob, const char *name);
size_t hu_glob_literals(const char *glob);

/* A copy that owns its rules, to be cleared; HU_ENOMEM. */
hu_status hu_policy_copy(hu_policy *out, const hu_policy *p, hu_error *err);
void      hu_policy_clear(hu_policy *p);

/* What p says, a line for each role and rule, as text of the caller's; NULL when out of memory. Equal texts: equal policies. */
char *hu_policy_text(const hu_policy *p);

/* The names of roles in texts and counters: "p1", ..., "reduce"; NULL where there is none. */
const char *hu_operand_name(hu_operand operand);

/* True: if two quantized operands of the linear layers hold the same values, they get the same bits. */
bool hu_policy_same(const hu_policy *p, hu_operand a, hu_operand b);

/* The stream of random words of one operand: a function of step, layer and operand. layer < 4096. */
uint64_t hu_policy_stream(uint64_t step, unsigned layer, hu_operand operand);

/* One use of a quantizer. */
typedef struct hu_policy_use {
    hu_operand operand;
    uint64_t   step;
    unsigned   layer;       /* of the stream, and of the state's row unless `row` says another */
    size_t     row;         /* of the state, plus 1; 0: the layer                              */
    size_t     first;       /* random word of the first element                                */
    size_t     rows, cols;
    hu_policy_seen   *seen;        /* where the uses of one operand run at a time: what was seen, to be added to the state
                               afterwards in a fixed order; NULL: added at once                */
} hu_policy_use;

/* out = in [rows][cols] by the quantizer of that use. A missing policy or an empty quantizer copies. out may be in. */
hu_status hu_policy_apply_f32(const hu_policy *p, const hu_policy_use *use, float *out, const float *in, hu_error *err);
hu_status hu_policy_apply_f64(const hu_policy *p, const hu_policy_use *use, double *out, const double *in, hu_error *err);

/* Adds to p's state what was seen by uses of one operand of a layer. */
void hu_policy_note(const hu_policy *p, hu_operand operand, unsigned layer, const hu_policy_seen *seen);

/* Whether anything is wanted to be seen of an operand: its magnitudes or its counts. p may be NULL. */
bool hu_policy_looks(const hu_policy *p, hu_operand operand);

/* out[i] = in[i] by the quantizer of `operand`; word first + i of its stream. A missing policy or an empty
 * quantizer copies. out may be in. */
hu_status hu_policy_quantize_f32(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer, size_t first,
                                 float *out, const float *in, size_t n, hu_error *err);
hu_status hu_policy_quantize_f64(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer, size_t first,
                                 double *out, const double *in, size_t n, hu_error *err);

/* The same for a matrix [rows][cols] that is an operand of a linear layer, which may have a block format. */
hu_status hu_policy_quantize_matrix_f32(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer,
                                        float *out, const float *in, size_t rows, size_t cols, hu_error *err);
hu_status hu_policy_quantize_matrix_f64(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer,
                                        double *out, const double *in, size_t rows, size_t cols, hu_error *err);

/* p quantizes this operand (p may be NULL). */
bool hu_policy_has(const hu_policy *p, hu_operand operand);

/* p has an accumulator of its own for this product (p may be NULL). */
bool hu_policy_accumulates(const hu_policy *p, hu_gemm_role role);

#endif
