/* stairs-list.h - the list of the steps of stairs, how it is made, and how a number is found there. Internal to src/kernel. */
#ifndef HU_KERNEL_STAIRS_LIST_H
#define HU_KERNEL_STAIRS_LIST_H

#include <string.h>

#include "src/kernel/stairs.h"

/* Doubles as integers in the same order: NaNs with a sign, -inf, ..., -0, +0, ..., inf, NaNs. */
static inline uint64_t hu_stairs_key(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* What stands for the numbers of a step. */
typedef struct hu_stair {
    uint64_t value;           /* the bits of the value                         */
    uint16_t code;
    uint8_t  at, off;         /* the flags of that value itself, and of others */
} hu_stair;

typedef struct hu_stair_list {
    size_t    n, room;
    uint64_t *last;           /* [n], the keys of the last numbers, in order   */
    hu_stair  *step;           /* [n]                                           */
} hu_stair_list;

/* The steps of f. False: no memory; the list is empty then. */
bool hu_stair_list_make(hu_stair_list *list, const hu_format *f, const hu_env *env, bool narrow);
void hu_stair_list_free(hu_stair_list *list);

/* Where a mode draws, the steps are those of rounding toward zero, the value is the neighbor nearer zero, and this is what lies beyond it. */
typedef struct hu_span {
    double   low, per_gap;    /* that value, and 1 / the distance to the other neighbor            */
    uint64_t high;            /* the bits of the other neighbor                                    */
    uint16_t high_code;
    uint8_t  flags;           /* of numbers between them, whichever neighbor stands for them       */
    bool     is_even;         /* a number's position is its distance as a share of the gap; else src/ops has to be asked */
} hu_span;

/* The spans of a list made for rounding toward zero; NULL: no memory. */
hu_span *hu_spans_make(const hu_stair_list *list, const hu_format *f, hu_tininess tininess);

/* The upper 12 bits of a number's key, its sign and exponent, tell in how many cells the keys of that binade are cut, and the next bits the
 * cell: half of the cells have no step's end, most others one. */
enum { HU_BINADES = 1 << 12, HU_KEY_BITS = 52 };

typedef struct hu_binade_cells {
    uint32_t first_cell, shift;
} hu_binade_cells;

struct hu_stairs {
    const hu_format   *format;
    const hu_rounding *rounding;  /* NULL: of values       */
    hu_overflow        overflow;
    hu_tininess        tininess;
    bool               narrow;
    bool               is_made;   /* before: only counted  */
    size_t             asked;     /* elements              */
    hu_stair_list      list;
    hu_binade_cells   *binade;    /* [HU_BINADES]          */
    uint32_t          *cell;      /* the step of its first key, and one cell more */
    hu_span           *span;      /* [list.n]; a mode that draws */
    double            *value;     /* of codes              */
    size_t             bytes;
    int                users;
    unsigned long      used;
};

static inline size_t hu_stairs_bisect(const uint64_t *last, size_t low, size_t high, uint64_t key)
{
    while (low < high) {
        size_t half = low + (high - low) / 2;
        if (key > last[half])
            low = half + 1;
        else
            high = half;
    }
    return low;
}

static inline size_t hu_stairs_find(const hu_stairs *s, double x)
{
    uint64_t key = hu_stairs_key(x), rest = key & (UINT64_MAX >> 12);
    const hu_binade_cells *b = &s->binade[key >> HU_KEY_BITS];
    const uint32_t *cell = &s->cell[b->first_cell + (rest >> b->shift)];
    size_t i = cell[0];
    i += key > s->list.last[i];
    if (__builtin_expect(key > s->list.last[i], 0))
        i = hu_stairs_bisect(s->list.last, i + 1, cell[1], key);
    return i;
}

#endif
