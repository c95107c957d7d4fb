/* tile-near-avx2.h - the vectors of tile-near.body.h with AVX2. */
#define VECTOR(op) _mm256_##op
#define NEAR_LANES 8

typedef __m256 near_vec;
typedef __m256i near_ints;

/* The first n words, and zeros. */
INLINE near_ints near_load(const void *from, size_t n)
{
    __m256i some = _mm256_cmpgt_epi32(_mm256_set1_epi32(n < 8 ? (int)n : 8), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    return _mm256_maskload_epi32(from, some);
}

INLINE near_ints near_where_not_zero(near_ints x, near_ints of)
{
    return _mm256_andnot_si256(_mm256_cmpeq_epi32(of, _mm256_setzero_si256()), x);
}

INLINE bool near_any_negative(near_ints x)
{
    return _mm256_movemask_ps((__m256)x) != 0;
}

/* The larger of each two elements that are 128 bits apart. */
#define NEAR_FOLD(max, x) _mm_##max(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1))

#define near_to_even(x, g) near_even(x, (g)->half, (g)->keep, (g)->last)
INLINE near_vec near_even(near_vec x, near_ints half, near_ints keep, near_ints last)
{
    __m256i less = _mm256_cmpeq_epi32((__m256i)x & last, _mm256_setzero_si256());
    return (__m256)(_mm256_add_epi32(_mm256_add_epi32((__m256i)x, half), less) & keep);
}

#include "src/kernel/tile-near.body.h"
