/* tile-near-avx512.h - the vectors of tile-near.body.h with AVX-512, whose instructions round each as they say. */
#define VECTOR(op) _mm512_##op
#define NEAR_LANES 16
#define NEAR_PATIENCE 0                   /* stretches that met any are too many */

typedef __m512 near_vec;
typedef __m512i near_ints;

/* The first n words, and zeros. */
INLINE near_ints near_load(const void *from, size_t n)
{
    return _mm512_maskz_loadu_epi32((__mmask16)(n < 16 ? (1u << n) - 1 : 0xffff), from);
}

INLINE near_ints near_where_not_zero(near_ints x, near_ints of)
{
    return _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(of, of), x);
}

INLINE bool near_any_negative(near_ints x)
{
    return _mm512_movepi32_mask(x) != 0;
}

/* The larger of each four elements that are 128 bits apart. */
#define NEAR_FOLD(max, x) near_fold_##max(x)
#define FOLD(max) \
INLINE __m128i near_fold_##max(__m512i x) \
{ \
    __m256i y = _mm256_##max(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1)); \
    return _mm_##max(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1)); \
}
FOLD(max_epu8) FOLD(max_epi16) FOLD(max_epi32)
#undef FOLD

enum { NEAR_CUT = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };

/* What near_constants has is in the body. */
#define near_to_even(x, g) near_split(x, (g)->power)
INLINE __m512 near_split(__m512 x, __m512 power)
{
    return _mm512_fmsub_round_ps(x, power, _mm512_fmsub_round_ps(x, power, x, NEAR_CUT), NEAR_CUT);
}

#define NEAR_HAS_VNNI
#include "src/kernel/tile-near.body.h"
