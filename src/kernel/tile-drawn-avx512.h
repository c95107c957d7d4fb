/* tile-drawn-avx512.h - tiles of GEMM on floats in which every sum is rounded stochastically.
 *
 * The sum cut toward zero has as many bits of the position between two values as a float has more than the format. As many of the random
 * word's are added to them, and one in the last of these places: the carry into the format's last place is the right one, unless all of
 * these bits have become zero; then the bits that were cut off decide. So seldom is it that the rest of such a step of the tile is done over by doubles.
 */

/* Below the smallest normal, values are as far apart as from there to its double: for them it is added. */
typedef struct drawn_grid {
    __m512i keep, cut, min_normal, max, over;
    int shift;
} drawn_grid;

INLINE drawn_grid drawn_grid_of(const hu_grid *g)
{
    return (drawn_grid){.keep = _mm512_set1_epi32(-(1 << g->drop)), .cut = _mm512_set1_epi32((1 << g->drop) - 1), .shift = 32 - g->drop,
                        .min_normal = _mm512_set1_epi32((int)g->min_normal), .max = _mm512_set1_epi32((int)g->max),
                        .over = _mm512_set1_epi32((int)(g->over[0] & INT32_MAX))};
}

/* minus: the random bits, inverted, and ones above them. *doubt: where the result is not known. */
INLINE __m512 drawn_step(__m512 c, __m512 x, __m512 y, __m512i minus, const drawn_grid *g, bool same_range, __mmask16 *doubt)
{
    const __m512i sign = _mm512_set1_epi32(INT32_MIN);
    __m512i u = _mm512_castps_si512(_mm512_fmadd_round_ps(x, y, c, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
    if (same_range) {
        u = _mm512_sub_epi32(u, minus);
        *doubt = _mm512_testn_epi32_mask(u, g->cut);
        return _mm512_castsi512_ps(_mm512_and_si512(u, g->keep));
    }
    __m512i a = _mm512_andnot_si512(sign, u);
    __mmask16 low = _mm512_cmplt_epi32_mask(a, g->min_normal);
    __m512 from = _mm512_castsi512_ps(g->min_normal), kept;
    a = _mm512_castps_si512(_mm512_mask_add_round_ps(_mm512_castsi512_ps(a), low, _mm512_castsi512_ps(a), from, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
    a = _mm512_sub_epi32(a, minus);
    *doubt = _mm512_testn_epi32_mask(a, g->cut);
    kept = _mm512_castsi512_ps(_mm512_and_si512(a, g->keep));
    a = _mm512_castps_si512(_mm512_mask_sub_round_ps(kept, low, kept, from, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
    a = _mm512_mask_mov_epi32(a, _mm512_cmpgt_epi32_mask(a, g->max), g->over);
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(a, u, sign, 0xf8));           /* a | (u & sign) */
}

/* Steps from *l on, until all are done, or one is in doubt from some row on, which is returned. */
INLINE size_t drawn_steps(float *acc, const float *a, const float *b, size_t *l, size_t k, const hu_tile_words *w, const drawn_grid *grid, bool same_range)
{
    const drawn_grid g = *grid;
    __m512 c[TILE_ROWS][2];
    size_t stopped = TILE_ROWS, at = *l;
    #pragma GCC unroll 16
    for (int r = 0; r < TILE_ROWS; r++) {
        c[r][0] = _mm512_load_ps(acc + 32 * r);
        c[r][1] = _mm512_load_ps(acc + 32 * r + 16);
    }
    for (; at < k; at++) {
        __m512 b0 = _mm512_load_ps(b + 32 * at), b1 = _mm512_load_ps(b + 32 * at + 16);
        __m512i w0 = _mm512_srli_epi32(_mm512_loadu_si512(w->columns + 32 * at), (unsigned)g.shift);
        __m512i w1 = _mm512_srli_epi32(_mm512_loadu_si512(w->columns + 32 * at + 16), (unsigned)g.shift);
        #pragma GCC unroll 16
        for (int r = 0; r < TILE_ROWS; r++) {
            __m512 x = _mm512_set1_ps(a[at * TILE_ROWS + (size_t)r]);
            __m512i row = _mm512_set1_epi32((int)w->cut[at * TILE_ROWS + (size_t)r]);
            __mmask16 d0, d1;
            __m512 y0 = drawn_step(c[r][0], x, b0, _mm512_xor_si512(row, w0), &g, same_range, &d0);
            __m512 y1 = drawn_step(c[r][1], x, b1, _mm512_xor_si512(row, w1), &g, same_range, &d1);
            if (__builtin_expect(!_kortestz_mask16_u8(d0, d1), 0)) {
                stopped = (size_t)r;
                goto stop;
            }
            c[r][0] = y0;
            c[r][1] = y1;
        }
    }
stop:
    #pragma GCC unroll 16
    for (int r = 0; r < TILE_ROWS; r++) {
        _mm512_store_ps(acc + 32 * r, c[r][0]);
        _mm512_store_ps(acc + 32 * r + 16, c[r][1]);
    }
    *l = at;
    return stopped;
}

/* Step l for the rows from r on, by doubles. */
static __attribute__((noinline)) void drawn_over(float *acc, const float *a, const float *b, size_t l, size_t r, const hu_tile_words *w, const double_any_grid *g)
{
    for (; r < TILE_ROWS; r++)
        for (size_t j = 0; j < 32; j += 8) {
            float *at = acc + 32 * r + j;
            double_vec c = (double_vec)_mm512_cvtps_pd(_mm256_load_ps(at)), y = (double_vec)_mm512_cvtps_pd(_mm256_load_ps(b + 32 * l + j));
            double_vec x = (double_vec)_mm512_set1_pd((double)a[l * TILE_ROWS + r]);
            double_uvec word = double_spread_words(w->columns + 32 * l + j) ^ (uint64_t)w->rows[l * TILE_ROWS + r] << 20;
            c = double_drawn_fma(c, x, y, word, g, 0 - (uint64_t)w->halves);
            _mm256_store_ps(at, _mm512_cvtpd_ps((__m512d)c));
        }
}

#define DRAWN(name, same_range) \
static void name(float *acc, const float *a, const float *b, size_t k, const hu_tile_words *w) \
{ \
    const drawn_grid g = drawn_grid_of(w->f32); \
    const double_any_grid wide = double_any_grid_of(w->f64); \
    for (size_t l = 0; l < k; l++) { \
        size_t row = drawn_steps(acc, a, b, &l, k, w, &g, same_range); \
        if (row < TILE_ROWS) \
            drawn_over(acc, a, b, l, row, w, &wide); \
    } \
}
DRAWN(drawn_anywhere, false)
DRAWN(drawn_same_range, true)
#undef DRAWN
