/* rounding.h - given two neighbors of a number, which one stands for it.
 *
 * A mode sees the bracket and 64 random bits, never the format.
 * Needs formats/. Used by src/ops and by everything above it.
 */
#ifndef HU_ROUNDING_ROUNDING_H
#define HU_ROUNDING_ROUNDING_H

#include "formats/format.h"

typedef struct hu_rounding hu_rounding;

/* True: take b->hi. Called only when b->part != 0, that is, when x is not in the format. */
typedef bool hu_pick(const hu_rounding *mode, const hu_bracket *b, uint64_t random);

struct hu_rounding {
    const char *name;         /* as Lua and the command line write it                          */
    hu_pick    *pick;
    int         random_bits;  /* how many of the upper random bits are looked at; 0: none      */
    bool        is_downward;  /* an exact zero sum of opposite terms is -0 (IEEE 754-2019, section 6.3) */
    const char *alias;        /* the long name                                                 */
    const char *title;        /* in words                                                      */
    const char *source;       /* where the mode is defined                                     */
};

/* Names: rne rna rnz ru rd rz raz ro sr sr:R sra:R srb:R src:R srh, R from 1 to 32; also the long
 * forms of the table (nearest-even ...). NULL with err naming what was expected. Thread-safe. */
const hu_rounding *hu_rounding_find(const char *name, hu_error *err);

/* The i-th mode of the table, with sr:R and its variants once each, at R = 8; NULL past the last. */
const hu_rounding *hu_rounding_at(int i);

#endif
