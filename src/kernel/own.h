/* own.h - GEMM in the carrier's own arithmetic. Internal to src/kernel. */
#ifndef HU_KERNEL_OWN_H
#define HU_KERNEL_OWN_H

#include "src/kernel/kernel.h"

/* Where the random words of an accumulator's inner and outer sums begin, counted from env->random.index. */
#define HU_WORDS_PAIRWISE (UINT64_C(1) << 61)
#define HU_WORDS_OUTER    (UINT64_C(1) << 62)

/* c = a b in float or double, nearest-even, every element's terms in order of k, one at a time. b NULL: all ones. */
void hu_own_gemm(void *c, const void *a, const void *b, const hu_gemm_shape *s, bool is_f32);

#endif
