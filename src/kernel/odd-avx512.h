/* odd-avx512.h - the operations on floats, rounded to odd, by AVX-512's rounding modes in instructions.
 *
 * A result was exact where rounding down and up give the same number; elsewhere the truncated one with its last bit
 * set is the one rounded to odd, in the subnormals too, where the errors of odd.body.h would be no floats.
 */

QUICK_INLINE __m512 in_direction(hu_elementwise op, __m512 a, __m512 b, __m512 c, int direction)
{
#define BY(mode) \
    case mode: \
        return op == HU_ADD ? _mm512_add_round_ps(a, b, mode) : op == HU_SUB ? _mm512_sub_round_ps(a, b, mode) \
             : op == HU_MUL ? _mm512_mul_round_ps(a, b, mode) : op == HU_DIV ? _mm512_div_round_ps(a, b, mode) \
             : op == HU_FMA ? _mm512_fmadd_round_ps(a, b, c, mode) : _mm512_sqrt_round_ps(a, mode);
    switch (direction) {
    BY(DOWN)
    BY(UP)
    default:
    BY(TOWARD_ZERO)
    }
#undef BY
}

/* An exact zero of a sum has the sign that the mode gives it: that of rounding down, or of all others. */
QUICK_INLINE __m512i odd_vector(hu_elementwise op, bool downward, __m512 a, __m512 b, __m512 c)
{
    __m512 down = in_direction(op, a, b, c, DOWN), up = in_direction(op, a, b, c, UP);
    __m512i cut;
    if (op == HU_DIV)            /* slow, so that the truncated one is chosen among the two */
        cut = _mm512_castps_si512(_mm512_mask_mov_ps(down, _mm512_movepi32_mask(_mm512_castps_si512(down)), up));
    else
        cut = _mm512_castps_si512(op == HU_SQRT ? down : in_direction(op, a, b, c, TOWARD_ZERO));
    __m512i whole = downward ? _mm512_castps_si512(down) : cut;
    return _mm512_mask_or_epi32(whole, _mm512_cmp_ps_mask(down, up, _CMP_NEQ_UQ), cut, _mm512_set1_epi32(1));
}

QUICK_INLINE bool odd_loop(hu_elementwise op, bool downward, float *out, const float *a, const float *b, const float *c, size_t n)
{
    const __m512i magnitude = all_of(0x7fffffff);
    __m512i top = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 k = n - i < 16 ? (__mmask16)((1u << (n - i)) - 1) : 0xffff;
        __m512 x = _mm512_maskz_loadu_ps(k, a + i);
        __m512 y = op == HU_SQRT ? x : _mm512_mask_loadu_ps(_mm512_set1_ps(1), k, b + i);
        __m512i t = odd_vector(op, downward, x, y, op == HU_FMA ? _mm512_maskz_loadu_ps(k, c + i) : x);
        _mm512_mask_storeu_epi32(out + i, k, t);
        top = _mm512_max_epi32(top, _mm512_and_si512(t, magnitude));
    }
    return _mm512_reduce_max_epi32(top) >= 0x7f7fffff;
}

#define ODD(name, op) \
static bool floats_odd_##name(float *out, const float *a, const float *b, const float *c, size_t n, bool downward) \
{ return downward ? odd_loop(op, true, out, a, b, c, n) : odd_loop(op, false, out, a, b, c, n); }
ODD(add, HU_ADD)
ODD(sub, HU_SUB)
ODD(mul, HU_MUL)
ODD(div, HU_DIV)
ODD(fma, HU_FMA)
ODD(sqrt, HU_SQRT)
#undef ODD
