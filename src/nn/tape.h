/* tape.h - reverse-mode differentiation: every operation is written down, and the list is walked backwards.
 *
 * A variable is a matrix [rows][cols], the last index running fastest, with room for its gradient. An operation
 * computes its result at once and, when the tape records, leaves a node that knows how to pass the gradient on.
 * All memory comes from the tape's arena: variables live until the tape is reset.
 *
 * Everything here exists twice, over float (..._f32) and over double (..._f64): one body, compiled for both,
 * so that gradients can be checked against differences in double.
 *
 * Errors stick: once an operation has failed (out of memory, a quantizer's refusal), tape->error says why, that
 * operation and all later ones return NULL and take NULL, so that only the end of a computation needs a check.
 *
 * Results do not depend on `threads`: work is split by shape alone.
 *
 * Tangents: Hessian-vector products by forward over reverse, exact up to the rounding of the carrier. When x moves by
 * h u, a value v moves by h v' and its gradient g by h g' (to first order); v' is the variable's `tangent`, g' its
 * `grad_tangent`. After the backward pass has filled all values and gradients, hu_tangents walks the list twice:
 *
 *   push   forward, every node:    out' = sum over inputs of (d out / d in) in'
 *   pull   backward, every node:   in.g' += d/dh of what `backward` adds to in.g, when the inputs move by in' and the
 *                                  gradient of the output by out.g'
 *
 * so that, for an operation whose backward pass adds g B(in) to the gradient, pull adds g' B(in) + g (dB/d in) in'.
 * Values and gradients are only read: their bits are those of a pass without tangents, and many directions can follow
 * one backward pass. An operation without the two (NULL) is an error that names it. To add an operation: its rule
 * {name, backward, push, pull}, and its line in the table of tests/c/nn-gradients.c, which checks gradient and tangents.
 * Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994; Griewank and Walther,
 * "Evaluating Derivatives", 2nd ed., 2008, section 5.1.
 *
 * Tangents inside emulated arithmetic. A quantizer Q is a staircase: its derivative is zero or does not exist. The backward
 * pass already takes the gradient straight through it (d Q(x) / d x = 1, also where Q saturates: Bengio, Leonard and Courville,
 * arXiv:1308.3432), so the gradient of a quantized pass is a program g(w) of its own, not the gradient of its loss.
 * The tangent of a quantizer is the same identity, Q(x)' = x', in the forward and in the backward pass. So what
 * hu_tangents computes is the derivative of the program g with each quantizer replaced by x + constant, the constant being
 * the rounding error that was made: products use the values that were multiplied (quantized operands), the tangents
 * beside them are those of the unrounded ones. With one set of values for forward and backward products this is the
 * exact Hessian at a perturbed point; with different quantizers or stochastic rounding it is no longer symmetric, and
 * |v.Hu - u.Hv| measures that. Which of the two arithmetics the tangents themselves have:
 *
 *   rounds_tangents false   tangents and their products are in the carrier, unrounded
 *   rounds_tangents true    the tangent of an operand is rounded by that operand's quantizer before it is multiplied,
 *                           and tangent products are summed by the accumulator of the product that they belong to: the
 *                           Hessian-vector product as a machine with these formats would compute it. Stochastic modes draw
 *                           from streams of `direction`.
 *
 * A rounded tangent is no longer linear in the direction: its length matters, as that of a loss does for scaling.
 *
 * Letters: B sequences, T positions in each, N = B T rows, C channels, H heads, D = C / H, F hidden units, V classes.
 */
#ifndef HU_NN_TAPE_H
#define HU_NN_TAPE_H

#include "src/nn/arena.h"
#include "src/nn/policy.h"

/* How attention looks; with HU_ROOT values are weighed by the square roots of the softmax. */
enum { HU_CAUSAL = 1, HU_ROTARY = 2, HU_ROOT = 4 };

/* Functions of one element. */
typedef enum hu_point_kind { HU_RELU, HU_SILU, HU_TANH, HU_SIGMOID } hu_point_kind;

/* Square windows of an image. hu_window_init fills in how many there are; false: not one fits. */
typedef struct hu_window {
    size_t height, width;            /* of the image                                     */
    size_t kernel, stride, padding;  /* padding on every side                            */
    size_t out_height, out_width;    /* windows one below the other, and side by side    */
} hu_window;

bool hu_window_init(hu_window *w);

#include "src/nn/real-f32.h"
#include "src/nn/tape.types.h"
#include "src/nn/real-f64.h"
#include "src/nn/tape.types.h"

/* OpenBLAS works with one thread from here on: parallel work is split by the tape. Called by the tape itself. */
void hu_blas_single(void);

#endif
