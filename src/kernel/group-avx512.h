/* group-avx512.h - sixteen blocks of floats at once, as values, with AVX-512: what strip.body.h and block-floats.c do, without their arrays between.
 *
 * A block of 16 is a register. The largest magnitudes of sixteen blocks become one register, in which the sixteen scales are found; then every
 * register of elements is rounded with its block's numbers spread over it. A scale that is a power of two moves the grid of the element; by
 * another one elements are divided: quotients are products with an inverse, which are off by less than OFF last places of a float, and rounded twice,
 * from so far below and above. Where both give the same, so does the quotient, since rounding is monotonic; else the caller is told.
 *
 * OFF: 1/X and 1/T are rounded to float, so is their product, and that with the element: four times 2^-24 at most, and a last place is more than 2^-24 of its number.
 * The scale itself is a quotient, too, by an inverse that was rounded once.
 * Both roundings add the power of two that belongs to the product. Where a power of two lies between the three numbers, it is itself a value: modes to nearest
 * get there from both sides by either power, and with others the two results differ or are right.
 */

enum { OFF = 5 };

/* The largest of each register, in their order. */
QUICK_INLINE __m512i largest_of_each(__m512i m[HU_GROUP])
{
    #pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        m[i] = _mm512_max_epi32(_mm512_unpacklo_epi32(m[2 * i], m[2 * i + 1]), _mm512_unpackhi_epi32(m[2 * i], m[2 * i + 1]));
    #pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        m[i] = _mm512_max_epi32(_mm512_unpacklo_epi64(m[2 * i], m[2 * i + 1]), _mm512_unpackhi_epi64(m[2 * i], m[2 * i + 1]));
    #pragma GCC unroll 2
    for (int i = 0; i < 2; i++)
        m[i] = _mm512_max_epi32(_mm512_shuffle_i32x4(m[2 * i], m[2 * i + 1], 0x88), _mm512_shuffle_i32x4(m[2 * i], m[2 * i + 1], 0xdd));
    return _mm512_max_epi32(_mm512_shuffle_i32x4(m[0], m[1], 0x88), _mm512_shuffle_i32x4(m[0], m[1], 0xdd));
}

/* The bits of the largest magnitude of n floats; those of infinities and NaNs are larger than all others. */
static uint32_t largest_of_all(const float *in, size_t n)
{
    const __m512i magnitude = all_of(0x7fffffff);
    __m512i top[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        #pragma GCC unroll 4
        for (size_t k = 0; k < 4; k++)
            top[k] = _mm512_max_epi32(top[k], _mm512_and_si512(load_ahead(in + i + 16 * k), magnitude));
    }
    for (; i < n; i += 16) {
        __mmask16 k = n - i < 16 ? (__mmask16)((1u << (n - i)) - 1) : 0xffff;
        top[0] = _mm512_max_epi32(top[0], _mm512_and_si512(_mm512_maskz_loadu_epi32(k, in + i), magnitude));
    }
    return (uint32_t)_mm512_reduce_max_epi32(_mm512_max_epi32(_mm512_max_epi32(top[0], top[1]), _mm512_max_epi32(top[2], top[3])));
}

/* The bits of the largest magnitude of each block. */
QUICK_INLINE __m512i group_largest(const float *in, size_t size)
{
    const __m512i magnitude = all_of(0x7fffffff);
    __m512i m[HU_GROUP];
    #pragma GCC unroll 16
    for (size_t b = 0; b < HU_GROUP; b++) {
        m[b] = _mm512_and_si512(load_ahead(in + b * size), magnitude);
        for (size_t i = 16; i < size; i += 16)
            m[b] = _mm512_max_epi32(m[b], _mm512_and_si512(load_ahead(in + b * size + i), magnitude));
    }
    return largest_of_each(m);
}

/* Numbers of each block, to be spread over registers by loads. */
typedef struct group_numbers {
    uint32_t least[HU_GROUP], most[HU_GROUP];                     /* shifted: the grid's emin and max     */
    uint32_t from[HU_GROUP];                                      /* divided: magnitudes that count       */
    float    inverse[HU_GROUP], scale[HU_GROUP];
} group_numbers;

/* The number with its sign, and zeros positive where there is no negative one. */
QUICK_INLINE __m512 sign_and_zero(__m512i y, __m512i u, const vector_grid *g, bool positive_zero)
{
    __m512 x = _mm512_castsi512_ps(_mm512_ternarylogic_epi32(y, u, g->sign, 0xf8));
    return positive_zero ? _mm512_add_ps(x, _mm512_setzero_ps()) : x;
}

/* ---- scales that are powers of two ---- */

QUICK_INLINE bool find_group_shifts(group_numbers *s, const float *in, size_t size, const hu_group *k)
{
    __m512i most = group_largest(in, size), none = _mm512_setzero_si512();
    __mmask16 some = _mm512_test_epi32_mask(most, most);
    __m512i exp = _mm512_add_epi32(_mm512_srli_epi32(_mm512_add_epi32(most, all_of(k->carry)), 23), _mm512_set1_epi32(k->base));
    __mmask16 bad = _mm512_cmpge_epi32_mask(most, all_of(0x7f800000));
    bad |= _mm512_mask_cmplt_epi32_mask(some, exp, _mm512_set1_epi32(k->lowest)) | _mm512_mask_cmpgt_epi32_mask(some, exp, _mm512_set1_epi32(k->highest));
    __m512i shift = _mm512_slli_epi32(_mm512_mask_mov_epi32(none, some, exp), 23);
    _mm512_storeu_si512(s->least, _mm512_add_epi32(shift, all_of((uint64_t)k->element->emin << 23)));
    _mm512_storeu_si512(s->most, _mm512_add_epi32(shift, all_of(k->element->max)));
    return bad == 0;
}

QUICK_INLINE bool group_shifted_by(hu_way way, size_t size, float *out, const float *in, const hu_group *k)
{
    vector_grid g = spread_grid(k->element);
    group_numbers s;
    if (!find_group_shifts(&s, in, size, k))
        return false;
    for (size_t b = 0; b < HU_GROUP; b++) {
        g.emin = all_of(s.least[b]);
        g.max = all_of(s.most[b]);
        for (size_t i = b * size; i < (b + 1) * size; i += 16) {
            __m512i u = _mm512_loadu_si512(in + i), a = _mm512_andnot_si512(g.sign, u);
            __m512i y = _mm512_min_epu32(add_and_take_off(way, a, u, &g), g.max);
            store_or_stream(k->streams, out + i, _mm512_castps_si512(sign_and_zero(y, u, &g, k->positive_zero)));
        }
    }
    return true;
}

/* ---- others ---- */

/* A quotient, rounded, and *doubt gets bits where it is not to be trusted. */
QUICK_INLINE __m512i round_between(hu_way way, __m512 quotient, __m512i u, const vector_grid *g, __m512i *doubt)
{
    const __m512i off = all_of(OFF);
    __m512i p = _mm512_castps_si512(quotient), low = _mm512_sub_epi32(p, off), high = _mm512_add_epi32(p, off), y, other;
    if (way == HU_WAY_rne) {
        __m512i e = _mm512_max_epi32(_mm512_and_si512(p, g->infinity), g->emin);
        __m512 c = _mm512_castsi512_ps(_mm512_add_epi32(e, g->to_c));
        __m512 t = _mm512_add_ps(_mm512_castsi512_ps(low), c);
        other = _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(high), c));
        y = _mm512_castps_si512(t);
        *doubt = _mm512_ternarylogic_epi32(*doubt, y, other, 0xf6);                      /* doubt | (y ^ other) */
        return _mm512_castps_si512(_mm512_sub_ps(t, c));
    }
    y = add_and_take_off(way, low, u, g);
    other = add_and_take_off(way, high, u, g);
    *doubt = _mm512_ternarylogic_epi32(*doubt, y, other, 0xf6);
    return y;
}

/* The bits below which a magnitude counts as that: times the inverse it is some 2^-60, which every grid here has below its first half step, and
 * processors take their time over subnormal products. */
QUICK_INLINE __m512i magnitudes_from(__m512 inverse)
{
    __m512i exp = _mm512_and_si512(_mm512_castps_si512(inverse), all_of(0x7f800000));
    return _mm512_sub_epi32(all_of((UINT64_C(127 - 60) + 127) << 23), exp);
}

static __m512i round_scales(hu_way way, __m512 quotient, const vector_grid *g, __m512i *doubt)
{
    __m512i none = _mm512_setzero_si512();
    return way == HU_WAY_rne ? round_between(HU_WAY_rne, quotient, none, g, doubt)
         : way == HU_WAY_rz  ? round_between(HU_WAY_rz, quotient, none, g, doubt) : round_between(HU_WAY_ru, quotient, none, g, doubt);
}

QUICK_INLINE bool find_group_scales(group_numbers *s, const float *in, size_t size, const hu_group *k)
{
    const vector_grid g = spread_grid(k->scale);
    const __m512 one = _mm512_set1_ps(1);
    __m512i most = group_largest(in, size), doubt = _mm512_setzero_si512();
    __mmask16 some = _mm512_test_epi32_mask(most, most), bad = _mm512_cmpge_epi32_mask(most, all_of(0x7f800000));
    __m512 by = _mm512_set1_ps(k->inverse);
    __m512 quotient = _mm512_mul_ps(_mm512_castsi512_ps(_mm512_max_epi32(most, magnitudes_from(by))), by);
    __m512i code = _mm512_min_epu32(round_scales(k->scale->way, quotient, &g, &doubt), g.max);
    __m512 scale = _mm512_max_ps(_mm512_castsi512_ps(code), _mm512_set1_ps(k->least));
    scale = _mm512_mask_mov_ps(one, some, scale);
    __m512 inverse = _mm512_mul_ps(_mm512_div_ps(one, scale), _mm512_set1_ps(k->tensor_inverse));
    __m512 both = _mm512_mul_ps(scale, _mm512_set1_ps(k->tensor));
    bad |= _mm512_cmp_ps_mask(both, _mm512_set1_ps(0x1p-100f), _CMP_NGT_UQ) | _mm512_cmp_ps_mask(both, _mm512_set1_ps(0x1p100f), _CMP_NLT_UQ);
    bad |= _mm512_cmp_ps_mask(scale, _mm512_set1_ps(0x1p60f), _CMP_NLT_UQ) | _mm512_mask_test_epi32_mask(some, doubt, doubt);
    _mm512_storeu_ps(s->scale, scale);
    _mm512_storeu_ps(s->inverse, inverse);
    _mm512_storeu_si512(s->from, magnitudes_from(inverse));
    return bad == 0;
}

QUICK_INLINE bool group_divided_by(hu_way way, size_t size, float *out, const float *in, const hu_group *k)
{
    const vector_grid g = spread_grid(k->element);
    const __m512 tensor = _mm512_set1_ps(k->tensor);
    const bool keeps_tiny = way == HU_WAY_ru || way == HU_WAY_rd || way == HU_WAY_raz || way == HU_WAY_ro;
    group_numbers s;
    __m512i doubt = _mm512_setzero_si512();
    if (!find_group_scales(&s, in, size, k))
        return false;
    for (size_t b = 0; b < HU_GROUP; b++) {
        __m512 inverse = _mm512_set1_ps(s.inverse[b]), scale = _mm512_set1_ps(s.scale[b]);
        __m512i from = all_of(s.from[b]);
        for (size_t i = b * size; i < (b + 1) * size; i += 16) {
            __m512i u = _mm512_loadu_si512(in + i), a = _mm512_andnot_si512(g.sign, u);
            __m512 quotient = _mm512_mul_ps(_mm512_castsi512_ps(_mm512_max_epi32(a, from)), inverse);
            __m512i y = _mm512_min_epu32(round_between(way, quotient, u, &g, &doubt), g.max);
            if (keeps_tiny)                                        /* and zeros have become tiny */
                y = _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(a, a), y);
            __m512 x = _mm512_mul_ps(_mm512_mul_ps(sign_and_zero(y, u, &g, k->positive_zero), scale), tensor);
            store_or_stream(k->streams, out + i, _mm512_castps_si512(x));
        }
    }
    return _mm512_test_epi32_mask(doubt, doubt) == 0;
}

#define X(way) \
static bool group_shifted_##way(float *out, const float *in, const hu_group *k) \
{ return k->size == 32 ? group_shifted_by(HU_WAY_##way, 32, out, in, k) : group_shifted_by(HU_WAY_##way, k->size, out, in, k); } \
static bool group_divided_##way(float *out, const float *in, const hu_group *k) \
{ return k->size == 16 ? group_divided_by(HU_WAY_##way, 16, out, in, k) : group_divided_by(HU_WAY_##way, k->size, out, in, k); }
HU_FIXED_MAP(X)
#undef X
