/* sum.h - an exact sum: a fixed-point number so wide that no addition rounds, a Kulisch accumulator.
 *
 * Digits of 32 bits stand in 64-bit integers, so that an addition touches at most five of them and no carry runs; the
 * carries are settled after 2^30 additions and where the value is asked for. The order of the additions does not matter.
 * Source: Kulisch, Computer Arithmetic and Validity, 2nd ed. 2013, chapter 8; the digits with room for carries: Neal, Fast
 * exact summation using small and large superaccumulators, 2015 (arXiv 1505.05571).
 */
#ifndef HU_NUM_SUM_H
#define HU_NUM_SUM_H

#include "src/num/num.h"

typedef struct hu_sum {
    int64_t *digit;         /* n of them; digit[i] counts 2^(low + 32 i)                              */
    int      n, low;
    uint32_t pending;       /* additions since carries were settled                                   */
    bool     nan;           /* a term was a NaN, or there is no sum                                   */
    bool     inf[2];        /* a term was an infinity of that sign                                    */
    bool     other;         /* a term was not +0                                                      */
} hu_sum;

/* Digits for terms that are multiples of 2^low and less than 2^high, 2^63 of them. */
int hu_sum_digits(int low, int high);

/* The empty sum in that memory. */
void hu_sum_init(hu_sum *s, int64_t *digit, int n, int low);
void hu_sum_clear(hu_sum *s);

/* s += x, which has no sticky bit and lies in the range of s where it is finite. */
void hu_sum_add(hu_sum *s, hu_num x);

/* s += a b, of a sum with low <= -2148 and room for 2^2048: the product of two doubles. False: zero times infinity, which makes the sum a NaN. */
bool hu_sum_add_product(hu_sum *s, double a, double b);

void hu_sum_negate(hu_sum *s);

/* The sum, cut to 128 bits with the sticky bit; NaN where a term was one or infinities of both signs met; the sign of a zero
 * is that of rounding down where `downward` says so and a term was not +0 (IEEE 754-2019, section 6.3). */
hu_num hu_sum_value(hu_sum *s, bool downward);

#endif
