/* values.h - which values a format has: all of a small one in their order, and those of a binade of any.
 *
 * A value is what some code stands for, also where results never have that code, as the subnormal ones under subnormals=flush-out.
 * For showing and comparing formats; arithmetic does not need it.
 */
#ifndef HU_FORMATS_VALUES_H
#define HU_FORMATS_VALUES_H

#include "formats/format.h"

enum { HU_VALUES_WIDEST = 16 };       /* bits of a format whose values are listed */

typedef struct hu_value {
    hu_num  num;                      /* zero or finite; without a sign where it is zero */
    hu_code code;                     /* of several codes of one value the smallest      */
} hu_value;

/* The different finite values of f in increasing order, *n of them; the caller releases them with hu_free. NULL with err where f has
 * more than HU_VALUES_WIDEST bits (HU_ERANGE) or memory is short. */
hu_value *hu_format_values(const hu_format *f, size_t *n, hu_error *err);

/* Whether x (zero or finite, of either sign) is a value of f. */
bool hu_format_has(const hu_format *f, hu_num x);

/* The smallest positive value. */
hu_num hu_format_least(const hu_format *f);

/* Of a fixed-point format: the most negative value, the code after the largest in two's complement; zero without a sign. */
hu_num hu_format_lowest(const hu_format *f);

/* Whether the positive values of f in [2^e, 2^(e+1)) are, for each e, equally far apart, by a power of two, without a gap. */
bool hu_format_has_even_binades(const hu_format *f);

/* The positive values of such a format in [2^exp, 2^(exp+1)): 2^exp + i 2^step_exp for i from first to last. Formats of more than 128
 * bits: where there are 2^128 values or more, last is 2^128 - 1. */
typedef struct hu_binade {
    bool    has_any;
    int     step_exp;                 /* exp where there is only one value                       */
    hu_u128 first, last;              /* first is 0, but where the smallest value of all is above 2^exp */
} hu_binade;

/* f has to have even binades. */
hu_binade hu_format_binade(const hu_format *f, int exp);

/* How many values b, the binade of 2^exp, has; exact up to 2^53, above the nearest double. */
double hu_binade_count(hu_binade b, int exp);

#endif
