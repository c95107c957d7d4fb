/* log.h - a number that is known by its logarithm: what is exact about a number that is irrational.
 *
 * A code of a logarithmic format says what the logarithm of a magnitude is, to so many bits. The magnitude is nearly
 * always irrational, so that no hu_num holds it, but the logarithm does. Products, quotients and roots
 * stay exact; for a sum, and for a number that comes from elsewhere, the logarithm is cut to 128 bits after the point, and
 * the sticky bit says that something was cut off.
 */
#ifndef HU_NUM_LOG_H
#define HU_NUM_LOG_H

#include "src/num/wide.h"

typedef enum hu_log_base { HU_LOG_2, HU_LOG_SQRT_E } hu_log_base;

/* log |x| = whole + fraction 2^-128, and less than 2^-128 more where sticky. */
typedef struct hu_log {
    hu_kind kind;       /* HU_ZERO (nothing else counts then) or HU_FINITE    */
    bool    negative;   /* the sign of x                                      */
    bool    sticky;
    int64_t whole;
    hu_u128 fraction;
} hu_log;

/* Exact; no sticky bits going in, divisors not zero, roots of positive numbers. The fraction's last bit is 0 in a root. */
hu_log hu_log_mul (hu_log a, hu_log b);
hu_log hu_log_div (hu_log a, hu_log b);
hu_log hu_log_sqrt(hu_log a);

/* a + b: exactly where that is zero or has a logarithm of at most 128 bits after the point, else cut to these. The last 64
 * bits of both fractions are zeros. */
hu_log hu_log_add(hu_log_base base, hu_log a, hu_log b);

/* The logarithm of a zero or finite x. Of one with a sticky bit: that of a number just above its significand. */
hu_log hu_log_of(hu_log_base base, hu_num x);

/* The number itself, exact or cut to 128 bits. No sticky bit going in. */
hu_num hu_log_value(hu_log_base base, hu_log l);

/* The same, cut to 320 bits. */
hu_wide hu_log_wide_value(hu_log_base base, hu_log l);

#endif
