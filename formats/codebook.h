/* codebook.h - a list of values, and where a number lies among them. Internal to formats/.
 *
 * Values are whole numbers of units of 2^HU_CODEBOOK_UNIT, below 2^61 of them.
 */
#ifndef HU_FORMATS_CODEBOOK_H
#define HU_FORMATS_CODEBOOK_H

#include "formats/format.h"

enum { HU_CODEBOOK_UNIT = -45, HU_CODEBOOK_SIZE = 256 };

typedef struct hu_codebook {
    int     n;                            /* different finite values                                     */
    int64_t value[HU_CODEBOOK_SIZE];      /* rank -> value, increasing; one of them is 0 or all have one sign */
    uint8_t code[HU_CODEBOOK_SIZE];       /* rank -> code                                                */
    int64_t by_code[HU_CODEBOOK_SIZE];    /* code -> value                                               */
    int64_t min_normal;                   /* numbers below it are tiny                                   */
    int     fine_bits;                    /* trailing significand just below the smallest normal, had the exponent no bound; 0: none */
    int64_t beyond;                       /* where the grid goes on past the largest value; 0: it does not */
} hu_codebook;

/* Fills value, code, n and min_normal (the smallest positive value) from by_code, of the codes below n_codes that is_finite says
 * are so (NULL: all). Of codes of one value the first is the value's. */
void hu_codebook_sort(hu_codebook *book, int n_codes, bool (*is_finite)(int code));

/* A family's bracket, of f->codebook. */
hu_bracket hu_codebook_bracket(const hu_format *f, hu_num x);

/* The code of that value of the list; -1 where it is none. */
int hu_codebook_find(const hu_codebook *book, int64_t value);

#endif
