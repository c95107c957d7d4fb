/* random.h - random bits that depend on where they are used, not on when.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
 * through the Random123 library), keyed by the seed and counted by (stream, index). The word of an
 * element is a function of the three alone: the same for any number of threads, any vector width and
 * any order of evaluation.
 */
#ifndef HU_BASE_RANDOM_H
#define HU_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct hu_random {
    uint64_t seed;      /* the experiment's seed                                  */
    uint64_t stream;    /* which of the uses within it: a tensor, a layer, a step */
    uint64_t index;     /* the next element                                       */
} hu_random;

/* The 64 random bits of element `index` of a stream. */
uint64_t hu_random_at(uint64_t seed, uint64_t stream, uint64_t index);

/* The 64 bits that decide the rounding of element `index` of a stream; they share nothing with those above. The upper half
 * decides alone in nearly all cases, so that array kernels need only that one: 64 elements in a row take it from 16 Philox
 * blocks. With n = 16 (index div 64) + index mod 16 it is word (index div 16) mod 4 of block n + 2^62; the lower half is
 * that of block n + 2^63. */
uint64_t hu_random_word(uint64_t seed, uint64_t stream, uint64_t index);

/* The rounding word at r->index, which then moves on by one. */
uint64_t hu_random_next(hu_random *r);

/* Uniform in [0, 1) with 53 bits, and standard normal (Box-Muller on two uniforms of words 2i, 2i + 1). */
double hu_random_uniform_at(uint64_t seed, uint64_t stream, uint64_t index);
double hu_random_normal_at(uint64_t seed, uint64_t stream, uint64_t index);

/* A seed made from another seed and a text (a point's key, a tensor's name): FNV-1a, then mixed. */
uint64_t hu_random_derive(uint64_t seed, const char *text);

#endif
