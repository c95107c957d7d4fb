/* interval.h - numbers enclosed between two MPFR numbers: every step rounds its lower end down and its upper end up.
 *
 * `out` may be an operand. Operations keep to the precision of out. */
#ifndef HU_REF_INTERVAL_H
#define HU_REF_INTERVAL_H

#include <mpfr.h>

typedef struct hu_ref_interval { mpfr_t lo, hi; } hu_ref_interval;

typedef int hu_ref_rising(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t rnd);

void hu_ref_interval_init(hu_ref_interval *x, mpfr_prec_t bits);
void hu_ref_interval_clear(hu_ref_interval *x);

void hu_ref_interval_set(hu_ref_interval *out, mpfr_srcptr a);
void hu_ref_interval_set_si(hu_ref_interval *out, long n);
void hu_ref_interval_neg(hu_ref_interval *out, const hu_ref_interval *a);
void hu_ref_interval_add(hu_ref_interval *out, const hu_ref_interval *a, const hu_ref_interval *b);
void hu_ref_interval_sub(hu_ref_interval *out, const hu_ref_interval *a, const hu_ref_interval *b);
void hu_ref_interval_mul(hu_ref_interval *out, const hu_ref_interval *a, const hu_ref_interval *b);
void hu_ref_interval_div(hu_ref_interval *out, const hu_ref_interval *a, const hu_ref_interval *b);   /* b holds 0: the whole line */
void hu_ref_interval_scale(hu_ref_interval *out, const hu_ref_interval *a, long exp);                 /* a 2^exp */

/* An increasing function of MPFR's, at both ends; and 0 in place of an end below 0, for a square root. */
void hu_ref_interval_map(hu_ref_interval *out, hu_ref_rising *f, const hu_ref_interval *a);
void hu_ref_interval_sqrt(hu_ref_interval *out, const hu_ref_interval *a);

#endif
