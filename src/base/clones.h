/* clones.h - a loop over an array for several instruction sets, of which one is chosen when the program starts.
 *
 *     static HU_CLONES void scale(float *restrict y, const float *restrict x, float by, size_t n) { ... }
 *
 * Products and sums are not contracted in any of them, so that all give the same bits (tests/c/clones.c). Functions that such a one calls
 * are cloned with it where they are inlined, and not otherwise. The choice is the loader's, by an indirect function.
 */
#ifndef HU_BASE_CLONES_H
#define HU_BASE_CLONES_H

#include <limits.h>                                    /* tells whose C library it is */

#ifndef HU_CLONES
#if defined __x86_64__ && defined __GLIBC__ && defined __GNUC__ && !defined __clang__ && !defined __SANITIZE_ADDRESS__
#define HU_CLONES __attribute__((target_clones("default", "avx2", "avx512f"), optimize("O3", "fp-contract=off")))   /* -O2 leaves loops scalar */
#else
#define HU_CLONES
#endif
#endif

#endif
