/* error.h - how far computed numbers are from their reference: ulps, relative, SQNR, normwise.
 *
 * Definitions follow Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 1.2, 2.1
 * and 6.2, and Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed., section 2.3.
 */
#ifndef HU_ANALYSIS_ERROR_H
#define HU_ANALYSIS_ERROR_H

#include "formats/format.h"

/* The unit in the last place of a format at the real number x. Of formats with fields (floats, P3109, floats without a sign): 2^(max(e, emin) - man_bits) with
 * 2^e <= |x| < 2^(e+1), and at zero the one of the smallest normal (Goldberg's definition, extended to the
 * reals as in the Handbook, definition 2.6). The grid is taken to go on beyond the largest finite value.
 * Where subnormals are flushed the spacing below the smallest normal is still counted as if they were
 * there. A power of two; it underflows to zero only for formats that are finer than double's subnormals.
 *
 * Of all other families (posits, takums, codebooks, logarithmic formats ...) it is the distance of the two values that enclose x; where x
 * is a value, to the next one farther from zero; beyond the end of the range that of the last two values there. Of fixed point
 * it is the step. NaN for x infinite or NaN, and where there is but one value. */
double hu_ulp(const hu_format *f, double x);

/* Errors of n pairs. The means, maxima and norms are over the pairs in which both numbers are finite
 * (`finite` of them); all others are counted by kind and touch nothing else:
 *
 *   same_special   both NaN, or both the same infinity: no error
 *   lost           the reference is finite, the computed number is not (overflow, invalid)
 *   missed         the reference is not finite, the computed number is something else
 *
 * so that finite + same_special + lost + missed == n; a caller who wants an overflow to be an infinite
 * error asks for lost + missed == 0. Zeros: a zero against a zero of either sign is exact; a nonzero number
 * against a zero reference has an absolute error and one in ulps, but no relative one: it is counted in
 * `zero_reference` and left out of the two relative figures; a zero against a nonzero reference (`to_zero`)
 * has relative error 1.
 *
 * The error is computed - reference, rounded to double: where the computed numbers carry more than about 40
 * bits the rounding of the reference itself shows. */
typedef struct hu_metrics {
    size_t n;                 /* pairs                                                          */
    size_t finite;            /* both finite                                                    */
    size_t exact;             /* of these, equal                                                */
    size_t same_special, lost, missed;
    size_t zero_reference;    /* of the finite: reference 0, computed not                       */
    size_t to_zero;           /* of the finite: computed 0, reference not                       */
    double ulp_max, ulp_mean;             /* |c - r| / ulp(r); NaN without a format             */
    double relative_max, relative_mean;   /* |c - r| / |r|                                      */
    double absolute_max, absolute_mean;   /* |c - r|                                            */
    double normwise_2, normwise_inf;      /* ||c - r|| / ||r||; 0 where both are 0, infinity where only ||r|| is */
    double sqnr_db;                       /* 10 log10(sum r^2 / sum (c - r)^2); infinite when all are exact      */
} hu_metrics;

/* Fills `out`; all figures are NaN when no pair is finite. computed and reference: [n]. f: whose ulps
 * are counted, NULL for none. HU_OK. No allocation; two passes. */
hu_status hu_error_metrics(hu_metrics *out, const double *computed, const double *reference, size_t n,
                           const hu_format *f, hu_error *err);

#endif
