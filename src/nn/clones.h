/* clones.h - a loop over an array for several instruction sets, of which one is chosen when the program starts.
 *
 *     static HU_CLONES void scale(float *restrict y, const float *restrict x, float by, size_t n) { ... }
 *
 * Products and sums are not contracted in any of them, so that all give the same bits. Functions that such a one calls are cloned with
 * it where they are inlined, and not otherwise.
 */
#ifndef HU_NN_CLONES_H
#define HU_NN_CLONES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define HU_CLONES __attribute__((target_clones("default", "avx2", "avx512f"), optimize("O3", "fp-contract=off")))   /* -O2 leaves loops scalar */
#else
#define HU_CLONES
#endif

#endif
