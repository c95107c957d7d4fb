/* num.h - one exact number: sign, significand, exponent, sticky bit.
 *
 * Whatever the format, a code is decoded into an hu_num; the operations here are exact up to the
 * sticky bit; and a format's grid is met again only once, when the result is rounded. A significand
 * of 128 bits holds the exact product of two 63-bit significands, and for every result of up to 63
 * bits leaves 64 bits below it, so that the position between two neighbors is known to 2^-63.
 */
#ifndef HU_NUM_NUM_H
#define HU_NUM_NUM_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 hu_u128;

/* The exponents of all values of all formats lie within HU_EXP_MOST on both sides of 0, so that those of a product and an
 * addend differ by an int. A number out of text or of a function that lies past them has HU_EXP_FAR for an exponent. */
#define HU_EXP_MOST ((1 << 29) + 1024)
#define HU_EXP_FAR  ((1 << 29) + 4096)

typedef enum hu_kind { HU_ZERO, HU_FINITE, HU_INF, HU_NAN } hu_kind;

typedef struct hu_num {
    hu_u128 sig;        /* HU_FINITE: top bit set, |x| = sig * 2^(exp - 127), so 2^exp <= |x| < 2^(exp+1);
                           HU_NAN: the payload, its highest bit on top                               */
    int     exp;        /* HU_FINITE: floor(log2 |x|)                                                */
    hu_kind kind;
    bool    negative;   /* the sign, of zeros, infinities and NaNs too                               */
    bool    sticky;     /* |x| lies strictly between sig and sig + 1 in units of the last bit        */
    bool    signaling;  /* HU_NAN: a signaling one                                                   */
} hu_num;

hu_num hu_num_zero(bool negative);
hu_num hu_num_inf(bool negative);
hu_num hu_num_nan(void);                                  /* quiet, positive, payload 0 */
hu_num hu_num_make(bool negative, hu_u128 sig, int exp);  /* sig * 2^exp, any sig; normalized; exact */
hu_num hu_num_from_u64(uint64_t n);
hu_num hu_num_from_i64(int64_t n);
hu_num hu_num_from_double(double x);                      /* exact */
hu_num hu_num_from_float(float x);                        /* exact */
hu_num hu_num_negate(hu_num x);
hu_num hu_num_abs(hu_num x);
int    hu_num_bits(hu_num x);                             /* significant bits of a finite one, from the first that is set to the last */

/* The 63 bits of |x| (finite) below its `kept` upper ones, and a sticky one in the last place: where x lies between two
 * neighbors of that many bits. kept may be negative. */
uint64_t hu_num_below(hu_num x, int kept);

/* -1, 0, +1: a < b, a == b (also -0 == +0), a > b. Neither may be NaN. Two numbers that were cut to the same bits count as equal. */
int hu_num_compare(hu_num a, hu_num b);

/* The exact result of an operation on exact numbers (no sticky going in), truncated to 128 bits (a
 * difference: to at least 126) with the sticky bit set where something was cut off. Operands are zero, finite or infinite, not NaN,
 * and the operation is not an invalid one (inf - inf, 0 * inf, 0 / 0, inf / inf, sqrt of a negative,
 * x rem 0, inf rem y) nor a division by zero; src/ops has sorted those out. Operand significands of
 * mul, div, fma and rem hold at most 64 bits, of sqrt 127.
 *
 * `zero_negative` is the sign of an exact zero sum of nonzero or opposite-signed terms (IEEE 754-2019,
 * section 6.3: negative only when rounding down). */
hu_num hu_num_add(hu_num a, hu_num b, bool zero_negative);
hu_num hu_num_mul(hu_num a, hu_num b);
hu_num hu_num_div(hu_num a, hu_num b);
hu_num hu_num_sqrt(hu_num a);
hu_num hu_num_fma(hu_num a, hu_num b, hu_num c, bool zero_negative);
hu_num hu_num_rem(hu_num a, hu_num b);   /* a - n b, n the integer nearest a/b, ties to even; sign of a when zero */

#endif
