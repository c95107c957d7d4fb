/* function.h - the functions in MPFR's form, for whoever computes them at a precision of his own. Internal to the library.
 *
 * Source: IEEE 754-2019, section 9.2, for what they give at the edges; MPFR 4 for the digits.
 */
#ifndef HU_OPS_FUNCTION_H
#define HU_OPS_FUNCTION_H

#include <mpfr.h>

#include "src/ops/ops.h"

typedef struct hu_function {
    const char *name;
    int arity;
    int (*unary) (mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t rnd);
    int (*binary)(mpfr_ptr out, mpfr_srcptr a, mpfr_srcptr b, mpfr_rnd_t rnd);
} hu_function;

/* The function of that name; NULL: the operation is none. */
const hu_function *hu_function_find(const char *name);

/* out = the function of x[0] (and x[1]), correctly rounded at out's precision; the ternary value as MPFR's. out is none of
 * the operands.
 *
 * A quiet NaN in x is allowed: pow(1, NaN), pow(NaN, 0) and hypot(inf, NaN) are numbers. ORs HU_INVALID into *flags where
 * numbers have a NaN for a result, and HU_DIVBYZERO at a pole. MPFR's exponent range and flags are the caller's again
 * afterwards; within, exponents run from -HU_FUNCTION_EXP to HU_FUNCTION_EXP: a result past them is MPFR's for an overflow
 * or underflow there, under MPFR_RNDZ a number of exponent HU_FUNCTION_EXP, or a zero, with a ternary value that is not 0. */
#define HU_FUNCTION_EXP (1L << 40)
int hu_function_mpfr(const hu_function *function, mpfr_ptr out, const mpfr_srcptr *x, mpfr_rnd_t rnd, hu_flags *flags);

/* In MPFR's form, where MPFR has none or another: 1 / (1 + e^-a), and 1 / sqrt(a) with the sign of a zero a. */
int hu_mpfr_sigmoid(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t rnd);
int hu_mpfr_rsqrt(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t rnd);

#endif
