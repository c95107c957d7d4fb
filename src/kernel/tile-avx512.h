/* tile-avx512.h - tiles of GEMM in which every sum, or every product and sum, is rounded to a format, to nearest-even.
 *
 * An operation done downward and upward gives the two floats around the exact result, or the result itself twice;
 * of two neighbors one has an odd code, and that one is the result rounded to odd. A later rounding to at most 22 bits
 * is then the only one (Boldo and Melquiond, IEEE TC 57(4), 2008). It is done as in quick.body.h.
 * Factors are finite. A NaN, which comes of infinite products, stays one, of any sign and payload.
 */
#define DOWN (_MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)
#define UP   (_MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)

static inline __attribute__((always_inline)) __m512 odd_of(__m512 down, __m512 up)
{
    __mmask16 odd = _mm512_test_epi32_mask(_mm512_castps_si512(down), _mm512_set1_epi32(1));
    return _mm512_mask_mov_ps(up, odd, down);
}

static inline __attribute__((always_inline)) __m512 odd_fma(__m512 c, __m512 x, __m512 y)
{
    return odd_of(_mm512_fmadd_round_ps(x, y, c, DOWN), _mm512_fmadd_round_ps(x, y, c, UP));
}

static inline __attribute__((always_inline)) __m512 odd_mul(__m512 x, __m512 y)
{
    return odd_of(_mm512_mul_round_ps(x, y, DOWN), _mm512_mul_round_ps(x, y, UP));
}

static inline __attribute__((always_inline)) __m512 odd_add(__m512 x, __m512 y)
{
    return odd_of(_mm512_add_round_ps(x, y, DOWN), _mm512_add_round_ps(x, y, UP));
}

/* What a rounding needs of a grid, in all elements of vectors. */
typedef struct round_constants {
    __m512i emin, to_c, big, max, over, half, kept;
} round_constants;

static inline __attribute__((always_inline)) round_constants constants_of(const hu_grid *g)
{
    return (round_constants){
        .emin = _mm512_set1_epi32(g->emin << 23), .to_c = _mm512_set1_epi32(g->drop << 23),
        .big = _mm512_set1_epi32((int)g->big), .max = _mm512_set1_epi32((int)g->max),
        .over = _mm512_set1_epi32((int)g->over[0]), .half = _mm512_set1_epi32((1 << (g->drop - 1)) - 1),
        .kept = _mm512_set1_epi32(-(1 << g->drop)),
    };
}

/* HU_QUICK_ADD. */
static inline __attribute__((always_inline)) __m512 round_add(__m512 x, const round_constants *g, bool may_be_nan)
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

/* HU_QUICK_SAME_RANGE, with an overflow to infinity, which is where the increment carries to. */
static inline __attribute__((always_inline)) __m512 round_same_range(__m512 x, const round_constants *g, int drop)
{
    __m512i u = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(u, (unsigned)drop), _mm512_set1_epi32(1));
    __m512i y = _mm512_add_epi32(_mm512_add_epi32(u, g->half), odd);
    return _mm512_castsi512_ps(_mm512_and_si512(y, g->kept));
}

#define AN_ADD(x, g, nan)  round_add(x, &g, nan)
#define A_SAME(x, g, nan)  round_same_range(x, &g, g##_drop)
#define GRIDS(product, sum) \
    const round_constants p = constants_of(product ? product : sum), s = constants_of(sum); \
    const int p_drop = product ? product->drop : 0, s_drop = sum->drop;                      \
    (void)p, (void)p_drop, (void)s_drop;

#define STEP(c, x, y) (float_vec)AN_ADD(odd_fma((__m512)c, (__m512)x, (__m512)y), s, false)
TILE(tile_fma_add, STEP, GRIDS)
#undef STEP
#define STEP(c, x, y) (float_vec)A_SAME(odd_fma((__m512)c, (__m512)x, (__m512)y), s, false)
TILE(tile_fma_same, STEP, GRIDS)
#undef STEP
#define STEP(c, x, y) (float_vec)AN_ADD(odd_add((__m512)c, AN_ADD(odd_mul((__m512)x, (__m512)y), p, false)), s, true)
TILE(tile_mul_add_add, STEP, GRIDS)
#undef STEP
#define STEP(c, x, y) (float_vec)A_SAME(odd_add((__m512)c, AN_ADD(odd_mul((__m512)x, (__m512)y), p, false)), s, true)
TILE(tile_mul_add_same, STEP, GRIDS)
#undef STEP
#define STEP(c, x, y) (float_vec)AN_ADD(odd_add((__m512)c, A_SAME(odd_mul((__m512)x, (__m512)y), p, false)), s, true)
TILE(tile_mul_same_add, STEP, GRIDS)
#undef STEP
#define STEP(c, x, y) (float_vec)A_SAME(odd_add((__m512)c, A_SAME(odd_mul((__m512)x, (__m512)y), p, false)), s, true)
TILE(tile_mul_same_same, STEP, GRIDS)
#undef STEP
