/* bits.h - a bit pattern of up to 320 bits: the codes of every format, also of those wider than a 128-bit integer.
 *
 * Plain data, copied by value; bits above a format's width are zero.
 */
#ifndef HU_NUM_BITS_H
#define HU_NUM_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include "src/num/num.h"

#define HU_BITS_WORDS 5
#define HU_BITS_MAX   (64 * HU_BITS_WORDS)

typedef struct hu_bits {
    uint64_t word[HU_BITS_WORDS];        /* word[0] is the lowest */
} hu_bits;

static inline hu_bits hu_bits_from_code(hu_u128 code)
{
    hu_bits a = {{(uint64_t)code, (uint64_t)(code >> 64), 0, 0, 0}};
    return a;
}

/* The lower 128 bits: all of a code of up to that width. */
static inline hu_u128 hu_bits_to_code(const hu_bits *a)
{
    return (hu_u128)a->word[1] << 64 | a->word[0];
}

/* -1, 0, +1 as unsigned integers. */
int hu_bits_compare(const hu_bits *a, const hu_bits *b);

static inline bool hu_bits_equal(const hu_bits *a, const hu_bits *b)
{
    return hu_bits_compare(a, b) == 0;
}

bool    hu_bits_is_zero(const hu_bits *a);
int     hu_bits_length(const hu_bits *a);                         /* bits up to the highest one that is set; 0: none */
bool    hu_bits_test(const hu_bits *a, int i);                    /* bit i, 0 the lowest; false outside 0..319       */
hu_bits hu_bits_one(int i);                                       /* 2^i                                             */
hu_bits hu_bits_ones(int n);                                      /* 2^n - 1, n from 0 to 320                        */
hu_bits hu_bits_shift(const hu_bits *a, int left);                /* left may be negative: right; what leaves is cut */
hu_bits hu_bits_and(const hu_bits *a, const hu_bits *b);
hu_bits hu_bits_or(const hu_bits *a, const hu_bits *b);
hu_bits hu_bits_add(const hu_bits *a, const hu_bits *b);          /* modulo 2^320 */
hu_bits hu_bits_sub(const hu_bits *a, const hu_bits *b);

#endif
