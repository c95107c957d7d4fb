/* tile-near-avx2.h - the vectors of tile-near.body.h with AVX2. */
#define VECTOR(op) _mm256_##op
#define NEAR_LANES 8
#define NEAR_PATIENCE 2

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

/* Rounded to odd, from the exact result rounded downward and its negative so. */
INLINE near_vec near_odd(near_vec down, near_vec minus_up)
{
    near_vec up = _mm256_xor_ps(minus_up, _mm256_set1_ps(-0.0f));
    return _mm256_blendv_ps(up, down, (near_vec)_mm256_slli_epi32((near_ints)down, 31));
}

/* The sum of a product rounded so: of a zero that is a difference the negative has the sign that it should not have. */
#define NEAR_ODD_FMA     near_to_even(near_odd(_mm256_fmadd_ps(x, y, c), _mm256_fnmsub_ps(x, y, c)), &g)
#define NEAR_ODD_MUL_ADD near_to_even(near_odd_add(c, near_to_even(near_odd(_mm256_mul_ps(x, y), _mm256_fnmsub_ps(x, y, _mm256_setzero_ps())), &g)), &g)
INLINE near_vec near_odd_add(near_vec c, near_vec product)
{
    const near_vec sign = _mm256_set1_ps(-0.0f);
    return _mm256_xor_ps(_mm256_sub_ps(_mm256_xor_ps(c, sign), product), sign);
}

#include "src/kernel/tile-near.body.h"
