/* values.h - which values a format has: all of a small one in their order, and those of a binade of any.
 *
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

/* Whether the positive values of f in [2^e, 2^(e+1)) are, for each e, none or 2^e, 2^e + step, 2^e + 2 step ... without a gap. */
bool hu_format_has_even_binades(const hu_format *f);

/* The positive values of such a format in [2^exp, 2^(exp+1)): 2^exp + i 2^step_exp for i from 0 to last. Formats of more than 128
 * bits: where there are 2^128 values or more, last is 2^128 - 1. */
typedef struct hu_binade {
    bool    has_any;
    int     step_exp;                 /* exp where there is only one value */
    hu_u128 last;
} hu_binade;

hu_binade hu_format_binade(const hu_format *f, int exp);

#endif
