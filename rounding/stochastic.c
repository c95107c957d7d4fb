/* stochastic.c - to the farther neighbor with a probability: the position between the two, or 1/2.
 *
 * The random number is the upper bits of the word: 63 of them in `sr`, R in sr:R and its variants,
 * which add it to the position cut or rounded to that many bits (IEEE P3109 interim report 3.2, StochasticA, B, C;
 * there nu is the position, N the number of bits and R the random number). The farther neighbor is taken when
 * the sum reaches one, so by the large random words; `srh` takes it for a word whose first bit is set. Past `hi`,
 * where the position is one, all of them take it.
 */
#include "rounding/picks.h"

/* nu 2^63 + R >= 2^63 */
bool hu_pick_stochastic(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode;
    return (random >> 1) + b->part >= HU_ONE;
}

bool hu_pick_coin(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    (void)mode;
    return b->part == HU_ONE || random >> 63;
}

/* floor(nu 2^N) + R >= 2^N */
bool hu_pick_stochastic_a(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    int n = mode->random_bits;
    return (b->part >> (63 - n)) + (random >> (64 - n)) >= UINT64_C(1) << n;
}

/* floor(nu 2^(N+1)) + 2 R + 1 >= 2^(N+1) */
bool hu_pick_stochastic_b(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    int n = mode->random_bits;
    return (b->part >> (62 - n)) + 2 * (random >> (64 - n)) + 1 >= UINT64_C(2) << n;
}

/* RNE(nu 2^N) + R >= 2^N */
bool hu_pick_stochastic_c(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    int n = mode->random_bits;
    uint64_t whole = b->part >> (63 - n), rest = b->part << (n + 1);
    bool up = rest > UINT64_C(1) << 63 || (rest == UINT64_C(1) << 63 && (whole & 1));
    return whole + up + (random >> (64 - n)) >= UINT64_C(1) << n;
}
