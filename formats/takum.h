/* takum.h - the bits of a takum, linear or logarithmic: a characteristic and a fraction. Internal to formats/.
 */
#ifndef HU_FORMATS_TAKUM_H
#define HU_FORMATS_TAKUM_H

#include "formats/tapered.h"

enum { HU_TAKUM_PREFIX_BITS = 4 };

typedef struct hu_takum {
    bool    negative;
    int     characteristic;    /* -255 to 254                       */
    hu_u128 fraction;          /* in units of 2^-128                */
} hu_takum;

/* What a code says; false for zero and NaR, which then are *special. */
bool hu_takum_read(const hu_format *f, hu_code code, hu_takum *out, hu_num *special);

/* The string of characteristic + fraction; sticky: and a little more. Any characteristic. */
hu_string hu_takum_write(int characteristic, hu_u128 fraction, bool sticky);

#endif
