/* tile-avx2.h - tiles of GEMM in which every sum is rounded to nearest-even, with the processor rounding downward.
 *
 * A sum made downward, and its negative so, give the two floats around the exact one; the odd one of the two is it rounded to odd, and a later rounding to at
 * most 22 bits is then the only one (Boldo and Melquiond, IEEE TC 57(4), 2008). In formats whose subnormals are not the float's, three times a power of two is added to both
 * of them before, which moves the format's last place to one and the same bit, for subnormals, too; directed roundings one after the other are one.
 * Factors are finite. Other tiles are those of tile-any.body.h.
 */
#define INLINE static inline __attribute__((always_inline))

#include "src/kernel/tile-split.body.h"
#include "src/kernel/tile-near-avx2.h"

/* HU_TILE_SAME_RANGE, with an overflow to infinity, which is where the increment carries to. */
INLINE float_vec odd_step(float_vec c, float_vec x, float_vec y, const near_constants *g)
{
    return (float_vec)near_to_even(near_odd(_mm256_fmadd_ps((__m256)x, (__m256)y, (__m256)c), _mm256_fnmsub_ps((__m256)x, (__m256)y, (__m256)c)), g);
}

/* HU_TILE_IN_RANGE: a sum below 2^(e+1) and 3 2^(e+1) are between 2^(e+2) and 2^(e+3). */
INLINE float_vec in_range_step(float_vec c, float_vec x, float_vec y, const near_constants *g, __m256i emin)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 down = _mm256_fmadd_ps((__m256)x, (__m256)y, (__m256)c), minus_up = _mm256_fnmsub_ps((__m256)x, (__m256)y, (__m256)c);
    __m256i e = _mm256_max_epi32((__m256i)down & _mm256_set1_epi32(0x7f800000), emin);
    __m256 from = (__m256)_mm256_add_epi32(e, _mm256_set1_epi32((2 << 23) + (1 << 22)));
    __m256 kept = near_to_even(near_odd(_mm256_add_ps(down, from), _mm256_sub_ps(minus_up, from)), g);
    return (float_vec)_mm256_or_ps(_mm256_andnot_ps(sign, _mm256_sub_ps(kept, from)), _mm256_andnot_ps(minus_up, sign));
}

#define ODD_GRID(product, sum) const near_constants g = near_constants_of((sum)->drop); (void)(product);
#define IN_RANGE_GRID(product, sum) \
    const near_constants g = near_constants_of((sum)->drop - 2); \
    const __m256i emin = _mm256_set1_epi32((sum)->emin << 23); \
    (void)(product);
TILE(tile_fma_odd, odd_step, ODD_GRID, &g)
TILE(tile_fma_in_range, in_range_step, IN_RANGE_GRID, &g, emin)

#define HU_TILES_FMA { {NULL, tile_fma_odd, tile_fma_in_range, NULL}, {NULL, tile_fma_odd, tile_fma_in_range, tile_fma_split} }
#define HU_TILES_MUL_ADD { {{NULL}} }
#define HU_TILES_DOWNWARD true
