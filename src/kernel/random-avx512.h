/* random-avx512.h - the loops of quick-random.body.h with AVX-512's rounding modes in instructions.
 *
 * The random bits, as a fraction of the format's last place, are added to the magnitude before that is truncated: the sum
 * passes the farther neighbor where position and fraction reach one. Truncating the first sum too changes nothing. Of
 * the upper half of a random word 24 bits are a float; `sr` adds the next fraction too, and where that one gets elsewhere
 * the caller is told to look at more bits. Formats of float's own range add integers, whose bits all count.
 */

typedef struct vector_draw {
    __m512i few, last;            /* which bits of a half are drawn; the one that srb sets below them */
    __m512i to_unit, to_place;    /* exponents from the number's to that of a fraction's last bit; shift of a half */
} vector_draw;

QUICK_INLINE vector_draw spread_draw(hu_way way, const hu_grid *g)
{
    int few = way == HU_WAY_sr || way == HU_WAY_srh ? 32 : g->random_bits;
    return (vector_draw){
        .few = all_of(~UINT64_C(0) << (32 - few)), .last = all_of(way == HU_WAY_srb ? UINT32_C(1) << (31 - few) : 0),
        .to_unit = all_of((uint64_t)(24 + 23 - g->drop) << 23), .to_place = all_of((uint64_t)(32 - g->drop)),
    };
}

QUICK_INLINE __m512i drawn(hu_way way, __m512i half, const vector_draw *d)
{
    return way == HU_WAY_sr ? half : _mm512_or_si512(_mm512_and_si512(half, d->few), d->last);
}

/* The magnitude a on the grid, by integers. */
QUICK_INLINE __m512i drop_random_bits(hu_way way, __m512i a, __m512i half, const vector_grid *g, const vector_draw *d)
{
    if (way == HU_WAY_srh)
        return _mm512_and_si512(_mm512_mask_add_epi32(a, _mm512_movepi32_mask(half), a, g->cut), g->keep);
    return _mm512_and_si512(_mm512_add_epi32(a, _mm512_srlv_epi32(drawn(way, half, d), d->to_place)), g->keep);
}

/* The same by floats; *doubt gets bits where more random bits are needed. */
QUICK_INLINE __m512i add_random_bits(hu_way way, __m512i a, __m512i half, const vector_grid *g, const vector_draw *d, __m512i *doubt)
{
    __m512i clamped = _mm512_min_epi32(a, g->big), e = _mm512_max_epi32(_mm512_and_si512(clamped, g->infinity), g->emin);
    __m512 x = _mm512_castsi512_ps(clamped), c = _mm512_castsi512_ps(_mm512_add_epi32(e, g->to_c)), t;
    if (way == HU_WAY_srh) {
        t = _mm512_mask_add_round_ps(_mm512_add_round_ps(x, c, TOWARD_ZERO), _mm512_movepi32_mask(half), x, c, UP);
    } else {
        __m512 unit = _mm512_castsi512_ps(_mm512_sub_epi32(e, d->to_unit));
        __m512 random = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_srli_epi32(drawn(way, half, d), 8)), unit);    /* no fma: slow on subnormals */
        t = _mm512_add_round_ps(_mm512_add_round_ps(x, random, TOWARD_ZERO), c, TOWARD_ZERO);
        if (way == HU_WAY_sr) {
            __m512 next = _mm512_add_round_ps(_mm512_add_round_ps(x, _mm512_add_ps(random, unit), UP), c, TOWARD_ZERO);
            *doubt = _mm512_ternarylogic_epi32(*doubt, _mm512_castps_si512(t), _mm512_castps_si512(next), 0xf6);      /* doubt | (t ^ next) */
        }
    }
    return _mm512_castps_si512(_mm512_sub_round_ps(t, c, TO_NEAREST));
}

/* n is a multiple of 16. */
QUICK_INLINE bool random_loop(hu_way way, bool same_range, over_kind over, bool extent, float *out, const float *in, const uint32_t *halves, size_t n,
                              const hu_grid *grid, float_extent *met)
{
    const vector_grid g = spread_grid(grid);
    const vector_draw d = spread_draw(way, grid);
    const __m512i one = _mm512_set1_epi32(1);
    const bool streams = grid->streams;
    __m512i top = _mm512_setzero_si512(), bottom = all_of(UINT32_MAX), doubt = top;
    #pragma GCC unroll 2
    for (size_t i = 0; i < n; i += 16) {
        __m512i u = load_ahead(in + i), half = _mm512_loadu_si512(halves + i), a = _mm512_andnot_si512(g.sign, u);
        __m512i y = same_range ? drop_random_bits(way, a, half, &g, &d) : add_random_bits(way, a, half, &g, &d, &doubt);
        store_or_stream(streams, out + i, finish(y, u, over, &g));
        top = _mm512_max_epi32(top, a);
        if (extent)
            bottom = _mm512_min_epu32(bottom, _mm512_sub_epi32(a, one));
    }
    met->top = (uint32_t)_mm512_reduce_max_epi32(top);
    met->bottom = extent ? _mm512_reduce_min_epu32(bottom) : UINT32_MAX;
    return _mm512_test_epi32_mask(doubt, doubt) != 0;
}

QUICK_INLINE bool random_over(hu_way way, bool same_range, bool extent, float *out, const float *in, const uint32_t *halves, size_t n,
                              const hu_grid *g, float_extent *met)
{
    over_kind over = find_over(g);
    return over == OVER_PLAIN       ? random_loop(way, same_range, OVER_PLAIN, extent, out, in, halves, n, g, met)
         : over == OVER_SATURATES   ? random_loop(way, same_range, OVER_SATURATES, extent, out, in, halves, n, g, met)
                                    : random_loop(way, same_range, OVER_BY_SIGN, extent, out, in, halves, n, g, met);
}

QUICK_INLINE bool glance_random_by(hu_way way, float *out, const float *in, const uint32_t *halves, size_t n, const hu_grid *g, const hu_seen *seen)
{
    bool same_range = g->quick == HU_QUICK_SAME_RANGE, extent = !seen->underflow || !seen->overflow;
    bool too_many = !same_range && (way == HU_WAY_sra || way == HU_WAY_srb) && g->random_bits + (way == HU_WAY_srb) > 24;
    float_extent met;
    if (n % 16 || too_many)
        return true;
    bool doubt = same_range && extent ? random_over(way, true, true, out, in, halves, n, g, &met)
               : same_range           ? random_over(way, true, false, out, in, halves, n, g, &met)
               : extent               ? random_over(way, false, true, out, in, halves, n, g, &met)
                                      : random_over(way, false, false, out, in, halves, n, g, &met);
    return doubt || met.top >= 0x7f800000 || !float_all_said(met, g, seen);
}

#define RANDOM_GLANCE(way) \
static bool glance_random_##way(float *out, const float *in, const uint32_t *halves, size_t n, const hu_grid *g, const hu_seen *seen) \
{ return glance_random_by(HU_WAY_##way, out, in, halves, n, g, seen); }
RANDOM_GLANCE(sr)
RANDOM_GLANCE(srh)
RANDOM_GLANCE(sra)
RANDOM_GLANCE(srb)
#undef RANDOM_GLANCE
