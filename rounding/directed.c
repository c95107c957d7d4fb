/* directed.c - always to the same side: up, down, toward zero, away from zero, and to odd.
 *
 * Round to odd keeps that something was cut off, so that a second rounding to fewer bits is as good as
 * one. Beyond the largest finite value it stays there, as truncation does: an infinity would lose that.
 * Where a family goes by the parity of codes there too, its bracket says so.
 */
#include "rounding/picks.h"

bool hu_pick_up(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode, (void)random;
    return !b->negative;
}

bool hu_pick_down(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode, (void)random;
    return b->negative;
}

bool hu_pick_toward_zero(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode, (void)b, (void)random;
    return false;
}

bool hu_pick_away(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode, (void)b, (void)random;
    return true;
}

bool hu_pick_to_odd(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode, (void)random;
    return !b->odd && (!b->overflow || b->odd_hi);
}
