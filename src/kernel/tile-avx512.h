/* tile-avx512.h - tiles of GEMM in which every sum, or every product and sum, is rounded to a format, to nearest-even.
 *
 * An operation done downward and upward gives the two floats around the exact result, or the result itself twice;
 * of two neighbors one has an odd code, and that one is the result rounded to odd. A later rounding to at most 22 bits
 * is then the only one (Boldo and Melquiond, IEEE TC 57(4), 2008). Where gemm-choose.c has seen that float's own rounding, to
 * nearest-even, cannot hit upon the middle between two values by itself, one operation does.
 * Factors are finite. A NaN, which comes of infinite products, stays one, of any sign and payload.
 */
#define DOWN (_MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)
#define UP   (_MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)
#define INLINE static inline __attribute__((always_inline))

INLINE __m512 odd_of(__m512 down, __m512 up)
{
    __mmask16 odd = _mm512_test_epi32_mask(_mm512_castps_si512(down), _mm512_set1_epi32(1));
    return _mm512_mask_mov_ps(up, odd, down);
}

INLINE __m512 odd_fma(__m512 c, __m512 x, __m512 y)
{
    return odd_of(_mm512_fmadd_round_ps(x, y, c, DOWN), _mm512_fmadd_round_ps(x, y, c, UP));
}

INLINE __m512 odd_mul(__m512 x, __m512 y)
{
    return odd_of(_mm512_mul_round_ps(x, y, DOWN), _mm512_mul_round_ps(x, y, UP));
}

INLINE __m512 odd_add(__m512 x, __m512 y)
{
    return odd_of(_mm512_add_round_ps(x, y, DOWN), _mm512_add_round_ps(x, y, UP));
}

/* What a rounding needs of a grid, in all elements of vectors. */
typedef struct round_constants {
    __m512i emin, to_c, to_middle, big, max, over, half, kept, last;
} round_constants;

INLINE round_constants constants_of(const hu_grid *g)
{
    return (round_constants){
        .emin = _mm512_set1_epi32(g->emin << 23), .to_c = _mm512_set1_epi32(g->drop << 23),
        .to_middle = _mm512_set1_epi32((g->drop << 23) + (1 << 22)),
        .big = _mm512_set1_epi32((int)g->big), .max = _mm512_set1_epi32((int)g->max),
        .over = _mm512_set1_epi32((int)g->over[0]), .half = _mm512_set1_epi32((1 << (g->drop - 1)) - 1),
        .kept = _mm512_set1_epi32(-(1 << g->drop)), .last = _mm512_set1_epi32(1 << g->drop),
    };
}

/* HU_TILE_ADD. */
INLINE __m512 round_add(__m512 x, const round_constants *g, bool may_be_nan)
{
    const __m512i sign = _mm512_set1_epi32(INT32_MIN), infinity = _mm512_set1_epi32(0xff << 23);
    __m512i u = _mm512_castps_si512(x), a = _mm512_min_epi32(_mm512_andnot_si512(sign, u), g->big);
    __m512i e = _mm512_max_epi32(_mm512_and_si512(a, infinity), g->emin);
    __m512 c = _mm512_castsi512_ps(_mm512_add_epi32(e, g->to_c));
    __m512i y = _mm512_castps_si512(_mm512_sub_ps(_mm512_add_ps(_mm512_castsi512_ps(a), c), c));
    y = _mm512_mask_mov_epi32(y, _mm512_cmpgt_epi32_mask(y, g->max), g->over);
    __m512 r = _mm512_castsi512_ps(_mm512_ternarylogic_epi32(y, u, sign, 0xf8));           /* y | (u & sign) */
    return may_be_nan ? _mm512_mask_mov_ps(r, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x) : r;
}

/* HU_TILE_SAME_RANGE, with an overflow to infinity, which is where the increment carries to. */
INLINE __m512 round_same_range(__m512 x, const round_constants *g)
{
    __m512i u = _mm512_castps_si512(x), y = _mm512_add_epi32(u, g->half);
    y = _mm512_mask_sub_epi32(y, _mm512_test_epi32_mask(u, g->last), y, _mm512_set1_epi32(-1));
    return _mm512_castsi512_ps(_mm512_and_si512(y, g->kept));
}

/* HU_TILE_IN_RANGE: as HU_TILE_ADD, with one and a half the power of two, for which the sign does not matter. */
INLINE __m512 round_in_range(__m512 x, const round_constants *g)
{
    const __m512i sign = _mm512_set1_epi32(INT32_MIN), infinity = _mm512_set1_epi32(0xff << 23);
    __m512i u = _mm512_castps_si512(x), e = _mm512_max_epi32(_mm512_and_si512(u, infinity), g->emin);
    __m512 c = _mm512_castsi512_ps(_mm512_add_epi32(e, g->to_middle));
    __m512 y = _mm512_sub_ps(_mm512_add_ps(x, c), c);
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(y), u, sign, 0xf8));
}

/* `kind` and what follows are constants wherever these are called. */
INLINE __m512 round_to(__m512 x, const round_constants *g, int kind, bool may_be_nan)
{
    return kind == HU_TILE_ADD ? round_add(x, g, may_be_nan) : kind == HU_TILE_SAME_RANGE ? round_same_range(x, g) : round_in_range(x, g);
}

INLINE float_vec fma_step(float_vec c, float_vec x, float_vec y, const round_constants *s, int sum, bool by_itself)
{
    __m512 result = by_itself ? _mm512_fmadd_ps((__m512)x, (__m512)y, (__m512)c) : odd_fma((__m512)c, (__m512)x, (__m512)y);
    return (float_vec)round_to(result, s, sum, false);
}

INLINE float_vec mul_add_step(float_vec c, float_vec x, float_vec y, const round_constants *p, int product, const round_constants *s, int sum,
                              int terms)
{
    __m512 term = terms == HU_TERMS_OWN ? _mm512_mul_ps((__m512)x, (__m512)y) : odd_mul((__m512)x, (__m512)y);
    term = round_to(term, p, product, false);
    __m512 result = terms == HU_TERMS_ANY ? odd_add((__m512)c, term) : _mm512_add_ps((__m512)c, term);
    return (float_vec)round_to(result, s, sum, sum == HU_TILE_ADD);
}

#define GRIDS(product, sum) \
    const round_constants p = constants_of(product ? product : sum), s = constants_of(sum); \
    (void)p;

#include "src/kernel/tile-split.body.h"

#define X(by_itself, sum) TILE(tile_fma_##by_itself##sum, fma_step, GRIDS, &s, sum, by_itself)
X(0, 0) X(0, 1) X(0, 2)
X(1, 0) X(1, 1) X(1, 2)
#undef X

#define X(terms, product, sum) TILE(tile_mul_add_##terms##product##sum, mul_add_step, GRIDS, &p, product, &s, sum, terms)
X(0, 0, 0) X(0, 0, 1) X(0, 0, 2) X(0, 1, 0) X(0, 1, 1) X(0, 1, 2) X(0, 2, 0) X(0, 2, 1) X(0, 2, 2)
X(1, 0, 0) X(1, 0, 1) X(1, 0, 2) X(1, 1, 0) X(1, 1, 1) X(1, 1, 2) X(1, 2, 0) X(1, 2, 1) X(1, 2, 2)
X(2, 0, 0) X(2, 0, 1) X(2, 0, 2) X(2, 1, 0) X(2, 1, 1) X(2, 1, 2) X(2, 2, 0) X(2, 2, 1) X(2, 2, 2)
#undef X

#define HU_TILES_FMA { {tile_fma_00, tile_fma_01, tile_fma_02, NULL}, {tile_fma_10, tile_fma_11, tile_fma_12, tile_fma_split} }
#define HU_TILES_DOWNWARD false
#define ROW(t, p) {tile_mul_add_##t##p##0, tile_mul_add_##t##p##1, tile_mul_add_##t##p##2}
#define HU_TILES_MUL_ADD { {ROW(0, 0), ROW(0, 1), ROW(0, 2)}, {ROW(1, 0), ROW(1, 1), ROW(1, 2)}, {ROW(2, 0), ROW(2, 1), ROW(2, 2)} }

#include "src/kernel/tile-near-avx512.h"
