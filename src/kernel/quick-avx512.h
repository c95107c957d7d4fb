/* quick-avx512.h - the loops of quick.body.h and the operations rounded to odd, for floats, with AVX-512's rounding modes in instructions.
 *
 * An addition that is told to truncate gives the neighbor toward zero at once, and so on: no mode needs the steps
 * of quick.body.h after the addition, whose bits these are. An operation's result was exact where rounding down and
 * up give the same number; elsewhere the truncated one with its last bit set is the one rounded to odd, subnormals
 * included. What gcc 12 makes of the plain loops takes 1.9 times as long to quantize, and 4 for an operation.
 */

#define QUICK_INLINE static inline __attribute__((always_inline))

enum { TO_NEAREST = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC, DOWN = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC,
       UP = _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC, TOWARD_ZERO = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC };

QUICK_INLINE __m512i all_of(uint64_t x)
{
    return _mm512_set1_epi32((int)(uint32_t)x);
}

/* A grid, spread over registers. */
typedef struct vector_grid {
    __m512i sign, infinity, emin, to_c, to_half, big, max, over, over_differs, step, keep, cut, half;
} vector_grid;

QUICK_INLINE vector_grid spread_grid(const hu_grid *g)
{
    uint32_t step = UINT32_C(1) << g->drop;
    return (vector_grid){
        .sign = all_of(UINT32_C(1) << 31), .infinity = all_of(0x7f800000), .emin = all_of((uint64_t)g->emin << 23),
        .to_c = all_of((uint64_t)g->drop << 23), .to_half = all_of((uint64_t)(23 - g->drop + 1) << 23), .big = all_of(g->big),
        .max = all_of(g->max), .over = all_of(g->over[0]), .over_differs = all_of(g->over[0] ^ g->over[1]),
        .step = all_of(step), .keep = all_of(0 - step), .cut = all_of(step - 1), .half = all_of(step >> 1),
    };
}

/* The magnitude a on the format's grid, by dropping bits: HU_QUICK_SAME_RANGE. */
QUICK_INLINE __m512i drop_bits(hu_way way, __m512i a, __m512i u, const vector_grid *g)
{
    const __m512i one = _mm512_set1_epi32(1);
    __mmask16 k;
    __m512i t;
    switch (way) {
    case HU_WAY_rne:
        k = _mm512_test_epi32_mask(a, g->step);
        t = _mm512_add_epi32(a, _mm512_sub_epi32(g->half, one));
        return _mm512_and_si512(_mm512_mask_add_epi32(t, k, t, one), g->keep);
    case HU_WAY_rna: return _mm512_and_si512(_mm512_add_epi32(a, g->half), g->keep);
    case HU_WAY_rnz: return _mm512_and_si512(_mm512_add_epi32(a, _mm512_sub_epi32(g->half, one)), g->keep);
    case HU_WAY_ru:
    case HU_WAY_rd:
        k = _mm512_movepi32_mask(u);
        k = way == HU_WAY_ru ? _knot_mask16(k) : k;
        return _mm512_and_si512(_mm512_mask_add_epi32(a, k, a, g->cut), g->keep);
    case HU_WAY_raz: return _mm512_and_si512(_mm512_add_epi32(a, g->cut), g->keep);
    case HU_WAY_ro:
        k = _mm512_test_epi32_mask(a, g->cut);
        t = _mm512_and_si512(a, g->keep);
        return _mm512_mask_or_epi32(t, k, t, g->step);
    default: return _mm512_and_si512(a, g->keep);
    }
}

/* The same by adding the power of two whose last place is the format's there: HU_QUICK_ADD. */
QUICK_INLINE __m512i add_and_take_off(hu_way way, __m512i a, __m512i u, const vector_grid *g)
{
    const __m512i one = _mm512_set1_epi32(1);
    __m512i e = _mm512_max_epi32(_mm512_and_si512(a, g->infinity), g->emin);
    __m512 x = _mm512_castsi512_ps(a), c = _mm512_castsi512_ps(_mm512_add_epi32(e, g->to_c)), t;
    __m512 half = _mm512_castsi512_ps(_mm512_sub_epi32(e, g->to_half));
    __mmask16 k;
    switch (way) {
    case HU_WAY_rne: t = _mm512_add_round_ps(x, c, TO_NEAREST); break;
    case HU_WAY_rna: t = _mm512_add_round_ps(_mm512_add_round_ps(x, half, TOWARD_ZERO), c, TOWARD_ZERO); break;
    case HU_WAY_rnz:
        t = _mm512_max_ps(_mm512_sub_round_ps(x, half, UP), _mm512_setzero_ps());
        t = _mm512_add_round_ps(t, c, UP);
        break;
    case HU_WAY_ru:
    case HU_WAY_rd:
        k = _mm512_movepi32_mask(u);
        k = way == HU_WAY_ru ? _knot_mask16(k) : k;
        t = _mm512_mask_add_round_ps(_mm512_add_round_ps(x, c, TOWARD_ZERO), k, x, c, UP);
        break;
    case HU_WAY_raz: t = _mm512_add_round_ps(x, c, UP); break;
    case HU_WAY_ro: {
        __m512i odd = _mm512_castps_si512(_mm512_add_round_ps(x, c, TOWARD_ZERO));
        __m512 y = _mm512_sub_round_ps(_mm512_castsi512_ps(odd), c, TO_NEAREST);
        k = _mm512_cmp_ps_mask(x, y, _CMP_NEQ_UQ);
        t = _mm512_castsi512_ps(_mm512_mask_or_epi32(odd, k, odd, one));
        break;
    }
    default: t = _mm512_add_round_ps(x, c, TOWARD_ZERO); break;
    }
    return _mm512_castps_si512(_mm512_sub_round_ps(t, c, TO_NEAREST));
}

/* What overflow becomes: a number of each side's own, the same magnitude with the sign, or that of the largest value. */
typedef enum over_kind { OVER_BY_SIGN, OVER_PLAIN, OVER_SATURATES, N_OVER_KINDS } over_kind;

enum { AHEAD = 1024 };                                      /* bytes */

static inline over_kind find_over(const hu_grid *g)
{
    return !float_over_is_plain(g) ? OVER_BY_SIGN : (g->over[0] & 0x7fffffff) == g->max ? OVER_SATURATES : OVER_PLAIN;
}

/* Rounded magnitudes get what overflowed replaced, and their signs back. Unsigned: where the power of two was too large for a float, y is a
 * number far past the largest value, or a NaN, which has a sign. */
QUICK_INLINE __m512i finish(__m512i y, __m512i u, over_kind over, const vector_grid *g)
{
    if (over == OVER_BY_SIGN) {
        __mmask16 past = _mm512_cmpgt_epu32_mask(y, g->max);
        __m512i by = _mm512_ternarylogic_epi32(g->over, _mm512_srai_epi32(u, 31), g->over_differs, 0x78);       /* over ^ (sign & differs) */
        return _mm512_mask_mov_epi32(_mm512_ternarylogic_epi32(y, u, g->sign, 0xf8), past, by);                 /* y | (u & sign) */
    }
    if (over == OVER_PLAIN)
        y = _mm512_mask_mov_epi32(y, _mm512_cmpgt_epu32_mask(y, g->max), g->over);
    else
        y = _mm512_min_epu32(y, g->max);
    return _mm512_ternarylogic_epi32(y, u, g->sign, 0xf8);
}

/* Sixteen floats; those that come a while later are asked for, since what the processor asks for by itself ends with a page. */
QUICK_INLINE __m512i load_ahead(const float *in)
{
    __builtin_prefetch((const char *)in + AHEAD);
    return _mm512_loadu_si512(in);
}

QUICK_INLINE void store_or_stream(bool streams, float *out, __m512i x)
{
    if (streams)
        _mm512_stream_si512((void *)out, x);
    else
        _mm512_storeu_si512(out, x);
}

/* What became of the numbers of one register; their magnitudes go to a. */
QUICK_INLINE __m512i quick_vector(hu_way way, bool same_range, over_kind over, __m512i u, __m512i *a, const vector_grid *g)
{
    *a = _mm512_andnot_si512(g->sign, u);
    return finish(same_range ? drop_bits(way, *a, u, g) : add_and_take_off(way, *a, u, g), u, over, g);
}

QUICK_INLINE void quick_loop(hu_way way, bool same_range, over_kind over, bool extent, float *out, const float *in, size_t n,
                             const hu_grid *grid, float_extent *met)
{
    const vector_grid g = spread_grid(grid);
    const __m512i one = _mm512_set1_epi32(1);
    __m512i top = _mm512_setzero_si512(), bottom = all_of(UINT32_MAX), a;
    const bool streams = grid->streams;
    size_t i = 0;
    #pragma GCC unroll 2
    for (; i + 16 <= n; i += 16) {
        __m512i u = load_ahead(in + i);
        store_or_stream(streams, out + i, quick_vector(way, same_range, over, u, &a, &g));
        top = _mm512_max_epi32(top, a);
        if (extent)
            bottom = _mm512_min_epu32(bottom, _mm512_sub_epi32(a, one));
    }
    if (i < n) {
        __mmask16 rest = (__mmask16)((1u << (n - i)) - 1);
        __m512i u = _mm512_maskz_loadu_epi32(rest, in + i);
        _mm512_mask_storeu_epi32(out + i, rest, quick_vector(way, same_range, over, u, &a, &g));
        top = _mm512_max_epi32(top, a);
        bottom = _mm512_min_epu32(bottom, _mm512_sub_epi32(a, one));
    }
    met->top = (uint32_t)_mm512_reduce_max_epi32(top);
    met->bottom = extent ? _mm512_reduce_min_epu32(bottom) : UINT32_MAX;
}

QUICK_INLINE void quick_over(hu_way way, bool same_range, bool extent, float *out, const float *in, size_t n, const hu_grid *g, float_extent *met)
{
    over_kind over = find_over(g);
    if (over == OVER_PLAIN)
        quick_loop(way, same_range, OVER_PLAIN, extent, out, in, n, g, met);
    else if (over == OVER_SATURATES)
        quick_loop(way, same_range, OVER_SATURATES, extent, out, in, n, g, met);
    else
        quick_loop(way, same_range, OVER_BY_SIGN, extent, out, in, n, g, met);
}

/* As float_glance_by. */
QUICK_INLINE void avx512_glance_by(hu_way way, bool extent, float *out, const float *in, size_t n, const hu_grid *g, float_extent *met)
{
    if (g->quick == HU_QUICK_SAME_RANGE)
        quick_over(way, true, extent, out, in, n, g, met);
    else
        quick_over(way, false, extent, out, in, n, g, met);
}

#define X(way) \
static void float_glance_##way(float *out, const float *in, size_t n, bool extent, const hu_grid *g, float_extent *met) \
{ if (extent) avx512_glance_by(HU_WAY_##way, true, out, in, n, g, met); \
  else avx512_glance_by(HU_WAY_##way, false, out, in, n, g, met); }
HU_FIXED_MAP(X)
#undef X
