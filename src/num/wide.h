/* wide.h - one exact number of up to 320 significant bits, and the operations on it through MPFR.
 *
 * What hu_num is for formats of up to 63 bits of precision, this is for those of up to 237: whatever the format, a
 * result that is rounded to p bits is computed to at least p + 64 with a sticky bit, so that the position between
 * two neighbors is known to 2^-63. Exponents are those of src/num/num.h.
 * MPFR works on the words of the operands themselves. Nothing is allocated here; MPFR may, for its own
 * intermediate results. The range of MPFR's exponents and its flags are as before after every call.
 * Internal to the library: programs use src/ops/bits.h.
 */
#ifndef HU_NUM_WIDE_H
#define HU_NUM_WIDE_H

#include <mpfr.h>

#include "src/num/bits.h"

typedef struct hu_wide {
    hu_bits sig;        /* HU_FINITE: top bit set, |x| = sig * 2^(exp - 319); HU_NAN: the payload, its highest bit on top */
    int     exp;        /* HU_FINITE: floor(log2 |x|)                                                      */
    hu_kind kind;
    bool    negative;
    bool    sticky;     /* |x| lies strictly between sig and sig + 1 in units of the last bit that was computed */
    bool    signaling;
} hu_wide;

hu_wide hu_wide_special(hu_kind kind, bool negative);
hu_wide hu_wide_make(bool negative, const hu_bits *sig, int exp);     /* sig * 2^exp, any sig; exact */
hu_wide hu_wide_from_num(const hu_num *x);
hu_num  hu_wide_to_num(const hu_wide *x);                             /* cut to 128 bits, with the sticky bit */

/* As hu_num_below and hu_num_compare; and the upper `kept` bits as an integer (0 where kept is not positive). */
uint64_t hu_wide_below(const hu_wide *x, int kept);
hu_bits  hu_wide_above(const hu_wide *x, int kept);
int      hu_wide_compare(const hu_wide *a, const hu_wide *b);

/* 64-bit words that hold a result of p bits with 64 below it. */
int hu_wide_words(int precision);

/* A function of MPFR, by its number of arguments. */
typedef struct hu_wide_call {
    int (*one)  (mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t mode);
    int (*two)  (mpfr_ptr out, mpfr_srcptr a, mpfr_srcptr b, mpfr_rnd_t mode);
    int (*three)(mpfr_ptr out, mpfr_srcptr a, mpfr_srcptr b, mpfr_srcptr c, mpfr_rnd_t mode);
} hu_wide_call;

/* The value of the function at x, cut off below `words` words, with the sticky bit. Operands are zero, finite or infinite
 * and without sticky bit, and hold at most `words` words. Exponents past those of every format come back as HU_EXP_FAR. */
hu_wide hu_wide_compute(const hu_wide_call *call, const hu_wide *x, int words);

/* a - n b, n the integer nearest a/b, ties to even; a is zero or finite, b is not zero. Exact. */
hu_wide hu_wide_rem(const hu_wide *a, const hu_wide *b, int words);

/* A variable of MPFR over `words` words of x: to be read, while x lives and stays where it is. */
void hu_wide_view(mpfr_ptr view, const hu_wide *x, int words);

/* A variable of MPFR over `words` words of *out for a result, and when it is there: the number. cut: MPFR_RNDZ cut it off. */
void hu_wide_begin(mpfr_ptr view, hu_wide *out, int words);
void hu_wide_finish(hu_wide *out, mpfr_srcptr view, bool cut);

/* The number in x, of at most 320 bits; cut: it was cut off toward zero to get there. */
hu_wide hu_wide_from_mpfr(mpfr_srcptr x, bool cut);

#endif
