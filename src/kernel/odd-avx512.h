/* odd-avx512.h - the operations on floats, rounded to odd, by AVX-512's rounding modes in instructions.
 *
 * A result was exact where rounding down and up give the same number; elsewhere the truncated one with its last bit
 * set is the one rounded to odd, in the subnormals too, where the error of a product would be no float.
 *
 * Some processors take some 150 cycles for an fma, a quotient or a root with a subnormal operand. Registers that hold one
 * are done in double, where it is a normal number: at one subnormal in 128, fma was three times as slow without that.
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

/* Eight floats as doubles; of subnormals no instruction sees a float. */
QUICK_INLINE __m512d widen(__m256 x)
{
    __m256i u = _mm256_castps_si256(x);
    __mmask8 subnormal = _mm256_fpclass_ps_mask(x, 0x20);
    __m512d small = _mm512_mul_pd(_mm512_cvtepi32_pd(_mm256_and_si256(u, _mm256_set1_epi32(0x7fffff))), _mm512_set1_pd(0x1p-149));
    __m512i sign = _mm512_slli_epi64(_mm512_cvtepu32_epi64(_mm256_andnot_si256(_mm256_set1_epi32(0x7fffffff), u)), 32);
    __m512d other = _mm512_cvtps_pd(_mm256_maskz_mov_ps((__mmask8)~subnormal, x));
    return _mm512_mask_mov_pd(other, subnormal, _mm512_or_pd(small, _mm512_castsi512_pd(sign)));
}

/* Doubles rounded to odd, as floats rounded to odd. */
QUICK_INLINE __m256i narrow_odd(__m512d x)
{
    const __m256i one = _mm256_set1_epi32(1);
    __m512d size = _mm512_abs_pd(x), scaled = _mm512_mul_pd(size, _mm512_set1_pd(0x1p149));
    __mmask8 small = _mm512_cmp_pd_mask(size, _mm512_set1_pd(0x1p-126), _CMP_LT_OQ);
    __m512d large = _mm512_maskz_mov_pd((__mmask8)~small, x);
    __m256 y = _mm512_cvt_roundpd_ps(large, TOWARD_ZERO);
    __m256i t = _mm256_castps_si256(y), few = _mm512_cvttpd_epi32(_mm512_maskz_mov_pd(small, scaled));
    __m256i sign = _mm512_cvtepi64_epi32(_mm512_srli_epi64(_mm512_castpd_si512(x), 32));
    t = _mm256_mask_or_epi32(t, _mm512_cmp_pd_mask(_mm512_cvtps_pd(y), large, _CMP_NEQ_UQ), t, one);
    few = _mm256_mask_or_epi32(few, _mm512_mask_cmp_pd_mask(small, _mm512_cvtepi32_pd(few), scaled, _CMP_NEQ_UQ), few, one);
    few = _mm256_or_si256(few, _mm256_andnot_si256(_mm256_set1_epi32(0x7fffffff), sign));
    return _mm256_mask_mov_epi32(t, small, few);
}

QUICK_INLINE __m256i odd_by_doubles(hu_elementwise op, bool downward, __m512d a, __m512d b, __m512d c)
{
#define BY(mode) \
    (op == HU_DIV ? _mm512_div_round_pd(a, b, mode) : op == HU_FMA ? _mm512_fmadd_round_pd(a, b, c, mode) : _mm512_sqrt_round_pd(a, mode))
    __m512d down = BY(DOWN), up = BY(UP), cut = BY(TOWARD_ZERO);
#undef BY
    __m512i odd = _mm512_or_si512(_mm512_castpd_si512(cut), _mm512_set1_epi64(1));
    return narrow_odd(_mm512_mask_mov_pd(downward ? down : cut, _mm512_cmp_pd_mask(down, up, _CMP_NEQ_UQ), _mm512_castsi512_pd(odd)));
}

static __attribute__((noinline)) __m512i odd_with_subnormals(hu_elementwise op, bool downward, __m512 a, __m512 b, __m512 c)
{
    __m512d low[3] = {widen(_mm512_castps512_ps256(a)), widen(_mm512_castps512_ps256(b)), widen(_mm512_castps512_ps256(c))};
    __m512d high[3] = {widen(_mm512_extractf32x8_ps(a, 1)), widen(_mm512_extractf32x8_ps(b, 1)), widen(_mm512_extractf32x8_ps(c, 1))};
    __m256i lower, upper;
    if (op == HU_FMA) {
        lower = odd_by_doubles(HU_FMA, downward, low[0], low[1], low[2]);
        upper = odd_by_doubles(HU_FMA, downward, high[0], high[1], high[2]);
    } else if (op == HU_DIV) {
        lower = odd_by_doubles(HU_DIV, downward, low[0], low[1], low[2]);
        upper = odd_by_doubles(HU_DIV, downward, high[0], high[1], high[2]);
    } else {
        lower = odd_by_doubles(HU_SQRT, downward, low[0], low[1], low[2]);
        upper = odd_by_doubles(HU_SQRT, downward, high[0], high[1], high[2]);
    }
    return _mm512_inserti64x4(_mm512_castsi256_si512(lower), upper, 1);
}

QUICK_INLINE __m512i odd_register(hu_elementwise op, bool downward, __m512 x, __m512 y, __m512 z)
{
    bool is_slow = op == HU_FMA || op == HU_DIV || op == HU_SQRT;
    if (is_slow && (_mm512_fpclass_ps_mask(x, 0x20) | _mm512_fpclass_ps_mask(y, 0x20) | _mm512_fpclass_ps_mask(z, 0x20)))
        return odd_with_subnormals(op, downward, x, y, z);
    return odd_vector(op, downward, x, y, z);
}

QUICK_INLINE bool odd_loop(hu_elementwise op, bool downward, float *out, const float *a, const float *b, const float *c, size_t n)
{
    const __m512i magnitude = all_of(0x7fffffff);
    __m512i top = _mm512_setzero_si512();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m512 x = _mm512_castsi512_ps(load_ahead(a + i));
        __m512 y = op == HU_SQRT ? x : _mm512_castsi512_ps(load_ahead(b + i));
        __m512 z = op == HU_FMA ? _mm512_castsi512_ps(load_ahead(c + i)) : x;
        __m512i t = odd_register(op, downward, x, y, z);
        _mm512_storeu_si512(out + i, t);
        top = _mm512_max_epi32(top, _mm512_and_si512(t, magnitude));
    }
    if (i < n) {
        __mmask16 k = (__mmask16)((1u << (n - i)) - 1);
        __m512 x = _mm512_maskz_loadu_ps(k, a + i);
        __m512 y = op == HU_SQRT ? x : _mm512_mask_loadu_ps(_mm512_set1_ps(1), k, b + i);
        __m512 z = op == HU_FMA ? _mm512_maskz_loadu_ps(k, c + i) : x;
        __m512i t = odd_register(op, downward, x, y, z);
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
