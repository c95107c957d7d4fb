/* stairs-list.h - the list of the steps of stairs, and how it is made. Internal to src/kernel. */
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

#endif
