/* fast-exp.h - the exponential function over arrays, without branches, so that its loop becomes vector code.
 *
 * In float: within 1 ulp on [-87, 88]; below, where the end is 1.6e-38, it is 0, and above it stays at the value of the end
 * (1.7e38). It has no subnormal results, on which processors take a hundred times as long; a softmax, which divides them by its sum,
 * still has a few. NaN gives NaN. The same bits on every machine: only additions, multiplications and integer operations. In double it is exp().
 * Method: x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite, "Software Manual for the Elementary Functions",
 * 1980, chapter 6), and the Taylor polynomial of degree 7 of exp(r), whose error there is below 2^-26.
 */
#ifndef HU_NN_FAST_EXP_H
#define HU_NN_FAST_EXP_H

#include <stddef.h>

/* out[i] = exp(scale * in[i] + shift). out may be in. */
void hu_exp_f32(float *out, const float *in, size_t n, float scale, float shift);
void hu_exp_f64(double *out, const double *in, size_t n, double scale, double shift);

#endif
