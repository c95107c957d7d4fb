/* magnitude.h - where |x| lies among codes that count up from zero, through the subnormals and every binade, to the
 * largest finite value. Internal to formats/.
 */
#ifndef HU_FORMATS_MAGNITUDE_H
#define HU_FORMATS_MAGNITUDE_H

#include "formats/format.h"

typedef struct hu_magnitude {
    hu_code  lo;          /* the code of the largest value up to |x|, at most max_code              */
    uint64_t part, fine;  /* as in hu_bracket                                                      */
    bool     tiny;
} hu_magnitude;

/* x: HU_FINITE. Looks at man_bits, emin, emax and max_code. */
hu_magnitude hu_magnitude_of(const hu_format *f, hu_num x);

/* The number of a code up to max_code, with the sign given. */
hu_num hu_magnitude_decode(const hu_format *f, hu_code magnitude, bool negative);

#endif
