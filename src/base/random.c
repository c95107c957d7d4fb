/* random.c - Philox4x32-10 by (seed, stream, index). One Philox block holds the words of two elements. */
#include "src/base/random.h"

#include <math.h>

#include <Random123/philox.h>

static philox4x32_ctr_t block(uint64_t seed, uint64_t stream, uint64_t n)
{
    philox4x32_ctr_t counter = {{(uint32_t)n, (uint32_t)(n >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    return philox4x32(counter, key);
}

static uint64_t word(const philox4x32_ctr_t *b, int half)
{
    return (uint64_t)b->v[2 * half + 1] << 32 | b->v[2 * half];
}

uint64_t hu_random_at(uint64_t seed, uint64_t stream, uint64_t index)
{
    philox4x32_ctr_t b = block(seed, stream, index >> 1);
    return word(&b, (int)(index & 1));
}

uint64_t hu_random_word(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint64_t n = index >> 6 << 4 | (index & 15);
    int place = (int)(index >> 4 & 3);
    uint64_t upper = block(seed, stream, n | UINT64_C(1) << 62).v[place];
    return upper << 32 | block(seed, stream, n | UINT64_C(1) << 63).v[place];
}

uint64_t hu_random_next(hu_random *r)
{
    return hu_random_word(r->seed, r->stream, r->index++);
}

static double unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

double hu_random_uniform_at(uint64_t seed, uint64_t stream, uint64_t index)
{
    return unit(hu_random_at(seed, stream, index));
}

double hu_random_normal_at(uint64_t seed, uint64_t stream, uint64_t index)
{
    philox4x32_ctr_t b = block(seed, stream, index);
    double u = 1.0 - unit(word(&b, 0));   /* (0, 1]: the logarithm is finite */
    double v = unit(word(&b, 1));
    return sqrt(-2.0 * log(u)) * cos(0x1.921fb54442d18p+2 * v);
}

uint64_t hu_random_derive(uint64_t seed, const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        hash = (hash ^ *c) * UINT64_C(0x100000001b3);
    return hu_random_at(hash, seed, 0);
}
