/* policy.h - which format, rounding and accumulator each part of a training step gets.
 *
 * A linear layer has three matrix products, and each has two operands:
 *
 *   forward  Y  = X W^T      HU_P1 = X    HU_P2 = W
 *   dgrad    dX = dY W       HU_P3 = dY   HU_P4 = W
 *   wgrad    dW = dY^T X     HU_P5 = dY   HU_P6 = X
 *
 * A policy names a quantizer for each of the six and an accumulator for each of the three. Normalization, softmax
 * and the optimizer's moments stay in the carrier, and so do the master weights unless HU_P_MASTER has a quantizer:
 * what a step adds to a weight is then lost where it does not reach the next value. There is no scaling factor.
 */
#ifndef HU_NN_POLICY_H
#define HU_NN_POLICY_H

#include "src/tensor/tensor.h"

typedef enum hu_operand {
    HU_P1, HU_P2, HU_P3, HU_P4, HU_P5, HU_P6,
    HU_P_QKV,            /* attention: queries, keys and values, after the rotation     */
    HU_P_WEIGHTS,        /* attention: what softmax gave                                */
    HU_P_DOUT,           /* attention: gradient of the output                           */
    HU_P_DSCORES,        /* attention: gradient of the scores                           */
    HU_P_MASTER,         /* the master weights, after every step of the optimizer       */
    HU_P_COUNT
} hu_operand;

typedef enum hu_gemm_role { HU_GEMM_FORWARD, HU_GEMM_DGRAD, HU_GEMM_WGRAD, HU_GEMM_COUNT } hu_gemm_role;

typedef struct hu_policy {
    hu_quantizer      operand[HU_P_COUNT];         /* format NULL: left as it is                            */
    const hu_block_format *block[HU_P6 + 1];       /* instead of the operand's format; its mode and overflow count;
                                                      blocks lie along the index that the product sums over */
    hu_accumulator    accumulator[HU_GEMM_COUNT];  /* product and sum NULL and no block FMA: the carrier's own */
    const hu_rounding *accumulate_rounding;        /* of the accumulators; NULL: nearest-even               */
    bool              head_full;                   /* the last layer (logits) is left unquantized           */
    uint64_t          seed;                        /* of stochastic modes                                   */
} hu_policy;                                       /* all zero: full precision                              */

/* A quantizer for one operand. NULL rounding: nearest-even. A quantizer that changes no value of a float
 * (fp32 with overflow `ieee`) becomes the empty one. HU_ERANGE: the format has values that a float cannot hold. */
hu_status hu_quantizer_init(hu_quantizer *q, const hu_format *format, const hu_rounding *rounding,
                            hu_overflow overflow, hu_error *err);

/* The same quantizer on all six operands of the linear layers; the rest of p as it is. With a block format (else
 * NULL) q has no format of its own, just mode and overflow. */
void hu_policy_set_linear(hu_policy *p, hu_quantizer q, const hu_block_format *block);

/* "fp32", "e8m3", "e8m3:rz+sat", "mxfp4": a format or block format, then optionally a rounding mode and overflow
 * policy, for the six operands of every linear layer. Nothing else is set. */
hu_status hu_policy_parse(hu_policy *p, const char *text, hu_error *err);

/* True: if two quantized operands of the linear layers hold the same values, they get the same bits. */
bool hu_policy_same(const hu_policy *p, hu_operand a, hu_operand b);

/* The stream of random words of one operand: a function of step, layer and operand. layer < 4096. */
uint64_t hu_policy_stream(uint64_t step, unsigned layer, hu_operand operand);

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
