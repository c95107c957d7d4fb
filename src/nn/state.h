/* state.h - the formats of an optimizer's states: scaled grids, and FP8 with the range expansion of COAT.
 *
 * Range expansion (Xi et al., COAT, arXiv 2410.19313): for each `group` elements in storage order, with M the largest and m the smallest
 * magnitude that is not zero (1e-30 added to each), c = sqrt(M m), R = M / m:
 *
 *     k = floor(s log2(T) / log2(R)) / s,  s = 16, at least 1 / s;  1 where R = 1
 *     S = (M / c)^k / largest
 *     q = round(sign(x) (|x| / c)^k / S),   v = sign(q) (|q| S)^(1 / k) c
 *
 * T is 448^2 / 2 for e4m3fn (the authors' code), else the largest over the smallest value of the format.
 */
#ifndef HU_NN_STATE_H
#define HU_NN_STATE_H

#include "src/tensor/quantizer.h"

typedef struct hu_state_format {
    bool      on;            /* false: float                                                         */
    hu_scaled q;             /* element, and scales where there is no expansion                      */
    bool      expands;
    size_t    group;         /* of the expansion                                                     */
    double    range;         /* T; 0: that of the format                                             */
} hu_state_format;

/* HU_EINVAL: the format has values that a float cannot hold, or cannot be expanded. what: "m". */
hu_status hu_state_check(const hu_state_format *f, const char *what, hu_error *err);

/* x [rows][cols] on the format's grid, in place; random words of (seed, stream). */
hu_status hu_state_apply(const hu_state_format *f, float *x, size_t rows, size_t cols, uint64_t seed, uint64_t stream, hu_error *err);

/* The expansion of one group: out of 1 / k, S and c what a test may want to see; NULL: not. */
typedef struct hu_expansion {
    double k, scale, center;
} hu_expansion;
hu_expansion hu_expansion_of(const hu_state_format *f, const float *x, size_t n);

#endif
