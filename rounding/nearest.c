/* nearest.c - to the nearer neighbor; the modes differ where both are equally near. */
#include "rounding/picks.h"

bool hu_pick_nearest_even(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode, (void)random;
    return b->part > HU_HALF || (b->part == HU_HALF && b->odd);
}

bool hu_pick_nearest_away(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode, (void)random;
    return b->part >= HU_HALF;
}

bool hu_pick_nearest_zero(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode, (void)random;
    return b->part > HU_HALF;
}
