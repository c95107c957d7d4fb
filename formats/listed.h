/* listed.h - the values of a format that a user has defined. Internal to formats/. */
#ifndef HU_FORMATS_LISTED_H
#define HU_FORMATS_LISTED_H

#include "formats/format.h"
#include "src/base/sha256.h"

typedef struct hu_listed {
    int      n_codes;                  /* codes with a value, NaN and infinities among them; those past them are NaNs */
    double  *by_code;                  /* code -> value                                       */
    int      n;                        /* different finite values, zeros of both signs one    */
    double  *value;                    /* rank -> value, increasing                           */
    int32_t *code;                     /* rank -> the first of its codes                      */
    int      first_positive;           /* rank                                                */
    int      rank_of_zero;             /* of the value nearest zero: of two the positive one  */
    int32_t  negative_zero;            /* code of -0; that of zero where there is none        */
    int32_t  inf[2];                   /* codes of +inf and -inf; -1: none                    */
    char     sha256[HU_SHA256_HEX];    /* of n_codes and the values, 8 bytes each, the lowest first; NaN as 0x7ff8000000000000 */
} hu_listed;

#endif
