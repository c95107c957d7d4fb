/* tapered.h - what posits and takums have in common: codes that are strings, ordered as their values. Internal to formats/.
 */
#ifndef HU_FORMATS_TAPERED_H
#define HU_FORMATS_TAPERED_H

#include "formats/registry.h"

/* A magnitude as an endless string of bits after the sign, as the encoding would write it without an end. */
typedef struct hu_string {
    hu_u128 bits;      /* the first 128 of it, the first one on top   */
    bool    sticky;    /* and there is a one somewhere below          */
} hu_string;

/* The string is cut to the width of f: the bracket of a finite x of that magnitude. */
hu_bracket hu_tapered_bracket(const hu_format *f, hu_num x, hu_string s);

/* The string of a code's magnitude, its sign in *negative; false for zero and NaR, which then are *out. */
bool hu_tapered_string(const hu_format *f, hu_code code, hu_u128 *bits, bool *negative, hu_num *out);

hu_code hu_tapered_special(const hu_format *f, hu_num x);      /* 0, or NaR for NaNs and infinities */
hu_code hu_tapered_negate (const hu_format *f, hu_code code);  /* two's complement                  */

/* Fills what follows from the width; f->family and the bits of the fields are there already. */
void hu_tapered_derive(hu_format *f, int width_bits);

/* Moves *text past a whole number without a sign or leading zeros; -1 where there is none, 9999 for all that is larger. */
int hu_tapered_read_count(const char **text);

#endif
