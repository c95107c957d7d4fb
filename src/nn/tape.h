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
 * Letters: B sequences, T positions in each, N = B T rows, C channels, H heads, D = C / H, F hidden units, V classes.
 */
#ifndef HU_NN_TAPE_H
#define HU_NN_TAPE_H

#include "src/nn/arena.h"
#include "src/nn/policy.h"

/* How attention looks. */
enum { HU_CAUSAL = 1, HU_ROTARY = 2 };

#include "src/nn/real-f32.h"
#include "src/nn/tape.types.h"
#include "src/nn/real-f64.h"
#include "src/nn/tape.types.h"

/* OpenBLAS works with one thread from here on: parallel work is split by the tape. Called by the tape itself. */
void hu_blas_single(void);

#endif
