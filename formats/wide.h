/* wide.h - floating point of any width, on codes of up to 320 bits. Internal to the library.
 *
 * For every format of the families float and wide; src/ops takes it for the wide ones, and the tests compare it with
 * float.c on the others.
 */
#ifndef HU_FORMATS_WIDE_H
#define HU_FORMATS_WIDE_H

#include "formats/format.h"
#include "src/num/wide.h"

typedef struct hu_wide_bracket {
    hu_bits    lo, hi;
    hu_bracket at;           /* where x lies; at.lo and at.hi are not used */
} hu_wide_bracket;

hu_wide hu_wide_decode(const hu_format *f, const hu_bits *code);
hu_wide_bracket hu_wide_bracket_of(const hu_format *f, const hu_wide *x);    /* x: HU_FINITE            */
hu_bits hu_wide_code_of(const hu_format *f, const hu_wide *x);               /* x: zero, infinite, NaN  */
hu_bits hu_wide_negate(const hu_format *f, const hu_bits *code);
hu_bits hu_wide_max(const hu_format *f, bool negative);                      /* the largest finite value */

/* The neighbor above a code (below: up is false), as nextUp and nextDown of IEEE 754-2019, section 5.3.1; past the largest
 * finite value there is the infinity, or nothing. */
hu_bits hu_wide_neighbor(const hu_format *f, const hu_bits *code, bool up);

/* Fills the fields of f that follow from width, fields and specials. */
void hu_wide_derive(hu_format *f);

#endif
