/* bits.c - bit patterns of up to 320 bits as unsigned integers. */
#include "src/num/bits.h"

enum { N = HU_BITS_WORDS };

int hu_bits_compare(const hu_bits *a, const hu_bits *b)
{
    for (int i = N - 1; i >= 0; i--) {
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    }
    return 0;
}

bool hu_bits_is_zero(const hu_bits *a)
{
    uint64_t any = 0;
    for (int i = 0; i < N; i++)
        any |= a->word[i];
    return any == 0;
}

int hu_bits_length(const hu_bits *a)
{
    for (int i = N - 1; i >= 0; i--) {
        if (a->word[i])
            return 64 * i + 64 - __builtin_clzll(a->word[i]);
    }
    return 0;
}

bool hu_bits_test(const hu_bits *a, int i)
{
    return i >= 0 && i < HU_BITS_MAX && (a->word[i / 64] >> (i % 64) & 1);
}

hu_bits hu_bits_one(int i)
{
    hu_bits a = {{0}};
    if (i >= 0 && i < HU_BITS_MAX)
        a.word[i / 64] = UINT64_C(1) << (i % 64);
    return a;
}

hu_bits hu_bits_ones(int n)
{
    hu_bits a = {{0}};
    for (int i = 0; i < N; i++) {
        int here = n - 64 * i;
        a.word[i] = here >= 64 ? UINT64_MAX : here > 0 ? (UINT64_C(1) << here) - 1 : 0;
    }
    return a;
}

static uint64_t word_at(const hu_bits *a, int i)
{
    return i >= 0 && i < N ? a->word[i] : 0;
}

hu_bits hu_bits_shift(const hu_bits *a, int left)
{
    hu_bits out = {{0}};
    if (left >= HU_BITS_MAX || left <= -HU_BITS_MAX)
        return out;
    int words = left >= 0 ? left / 64 : -((-left + 63) / 64);   /* rounded down, so that what is left goes left */
    int bits = left - 64 * words;
    for (int i = 0; i < N; i++) {
        out.word[i] = word_at(a, i - words) << bits;
        if (bits)
            out.word[i] |= word_at(a, i - words - 1) >> (64 - bits);
    }
    return out;
}

hu_bits hu_bits_and(const hu_bits *a, const hu_bits *b)
{
    hu_bits out;
    for (int i = 0; i < N; i++)
        out.word[i] = a->word[i] & b->word[i];
    return out;
}

hu_bits hu_bits_or(const hu_bits *a, const hu_bits *b)
{
    hu_bits out;
    for (int i = 0; i < N; i++)
        out.word[i] = a->word[i] | b->word[i];
    return out;
}

hu_bits hu_bits_add(const hu_bits *a, const hu_bits *b)
{
    hu_bits out;
    hu_u128 sum = 0;
    for (int i = 0; i < N; i++) {
        sum = (sum >> 64) + a->word[i] + b->word[i];
        out.word[i] = (uint64_t)sum;
    }
    return out;
}

hu_bits hu_bits_sub(const hu_bits *a, const hu_bits *b)
{
    hu_bits out;
    uint64_t borrow = 0;
    for (int i = 0; i < N; i++) {
        hu_u128 rest = (hu_u128)a->word[i] - b->word[i] - borrow;
        out.word[i] = (uint64_t)rest;
        borrow = (uint64_t)(rest >> 64) & 1;
    }
    return out;
}
