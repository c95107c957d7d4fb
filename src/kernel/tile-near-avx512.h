/* tile-near-avx512.h - tiles of GEMM whose sums, or products and sums, are rounded to nearest-even, where that takes two to six instructions a term.
 *
 * An operation cut toward zero to 24 bits, and half of the format's last place added to its magnitude and all below cut off: that is the exact result
 * rounded to nearest, unless it lies in the middle between two values. Here is why it does not. Let the lowest bit of no product of the
 * stretch lie above 2^q, M be the format's trailing bits, 2^t with q + M + 2 <= t be a magnitude that every sum but zero reaches, and sums before be zero or reach
 * it, too. The middle beside a sum is a multiple of 2^(t-M-1), and so is the sum before, of 2^(t-M). A product that made the
 * one of the other would be a multiple of 2^(t-M-1), which is more than 2^q. So there is none. The same holds for a product alone; and its significand has
 * at least as many bits as those of its factors together, less one, so that it is no middle, which has M + 2 bits or fewer, where that is more.
 *
 * The factors are scaled by powers of two such that 2^t becomes the smallest normal float. Then the processor tells of a sum below: results that are
 * not normal numbers become zeros and raise underflow, at no cost. The stretch is then done again, as is one of which that much is not known beforehand,
 * by the tile for any factors. Where 2^t is the smallest normal number of the format, its subnormals are where the float's are, and what cuts the
 * bits off does the right thing to them; their middles are multiples of 2^(t-M-1), too, and nothing has to be told.
 *
 * A sum of a value and a rounded product is cut toward zero to 24 bits, too: with M <= 10 it is exact, or the smaller one is less than a quarter of the other's last place, and
 * both lie on the same side of every middle. It may well be one, so that its rounding is another: t = (2^d - 1) r, rounded to nearest-even, d = 23 - M, has
 * the last place that 2^d r has, which is the format's for r, and 2^d r - t is r rounded. r is even there in units of its 24th bit where it is in the middle, since d >= 2; so
 * ties go where they should. Where r is less than 2^-d above a power of two, t has one bit more; r then is less than a quarter of the format's last place away, and goes to the power.
 *
 * Nothing overflows: a sum grows by no more than twice its term.
 */
enum { NEAR_STEPS = 64, NEAR_LEAST = 16, NEAR_CUT = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };
enum { CSR_TO_ZERO = 0x6000, CSR_FLUSH = 0x8000, CSR_FLAGS = 0x3f, CSR_DENORMAL = 0x02, CSR_UNDERFLOW = 0x10, NEAR_ENOUGH = 6 };

typedef struct near_constants {
    __m512i half, keep, minus_low;
    __m512 power;
} near_constants;

INLINE near_constants near_constants_of(int drop)
{
    return (near_constants){.half = _mm512_set1_epi32(1 << (drop - 1)), .keep = _mm512_set1_epi32(-(1 << drop)), .minus_low = _mm512_set1_epi32(0xffff),
                            .power = _mm512_set1_ps((float)(1 << drop))};
}

INLINE __m512 near_cut(__m512 x, const near_constants *g)
{
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(x), g->half), g->keep));
}

INLINE __m512 near_split(__m512 x, const near_constants *g)
{
    return _mm512_fmsub_round_ps(x, g->power, _mm512_fmsub_round_ps(x, g->power, x, NEAR_CUT), NEAR_CUT);
}

/* As near_cut for 16 bits: the word less its lower half, taken as a number with a sign. */
#pragma GCC push_options
#pragma GCC target("avx512vnni")
INLINE __m512 near_cut_half(__m512 x, const near_constants *g)
{
    return _mm512_castsi512_ps(_mm512_dpwssd_epi32(_mm512_castps_si512(x), _mm512_castps_si512(x), g->minus_low));
}

#define NEAR_FMA(cut)     cut(_mm512_fmadd_ps(x, y, c), &g)
#define NEAR_MUL_ADD(cut) near_split(_mm512_add_ps(c, cut(_mm512_mul_ps(x, y), &g)), &g)

/* The processor rounds as it has been told while these run. */
#define NEAR(name, step) \
static __attribute__((noinline)) void name(float *out, const float *in, const float *a, const float *b, size_t k, int drop) \
{ \
    const near_constants g = near_constants_of(drop); \
    __m512 sums[TILE_ROWS][2]; \
    _Pragma("GCC unroll 16") \
    for (int r = 0; r < TILE_ROWS; r++) { \
        sums[r][0] = _mm512_load_ps(in + 32 * r); \
        sums[r][1] = _mm512_load_ps(in + 32 * r + 16); \
    } \
    for (size_t l = 0; l < k; l++) { \
        __m512 b0 = _mm512_load_ps(b + 32 * l), b1 = _mm512_load_ps(b + 32 * l + 16); \
        _Pragma("GCC unroll 16") \
        for (int r = 0; r < TILE_ROWS; r++) { \
            __m512 x = _mm512_set1_ps(a[l * TILE_ROWS + (size_t)r]), c = sums[r][0], y = b0; \
            sums[r][0] = step; \
            c = sums[r][1]; \
            y = b1; \
            sums[r][1] = step; \
        } \
    } \
    _Pragma("GCC unroll 16") \
    for (int r = 0; r < TILE_ROWS; r++) { \
        _mm512_store_ps(out + 32 * r, sums[r][0]); \
        _mm512_store_ps(out + 32 * r + 16, sums[r][1]); \
    } \
}
NEAR(near_fma_half, NEAR_FMA(near_cut_half))
NEAR(near_mul_add_half, NEAR_MUL_ADD(near_cut_half))
#pragma GCC pop_options
NEAR(near_fma_any, NEAR_FMA(near_cut))

NEAR(near_mul_add_any, NEAR_MUL_ADD(near_cut))

/* What a panel's steps are like, a word each: of the largest exponent field of its scaled factors, of the most bits of a significand that are
 * zero from below, and of their largest sum, cut off at 255, a byte each. */
INLINE __m512i near_bytes(__m512 x)
{
    const __m512i exponent = _mm512_set1_epi32(0xff);
    __m512i u = _mm512_castps_si512(x), e = _mm512_and_si512(_mm512_srli_epi32(u, 23), exponent);
    __m512i significand = _mm512_ternarylogic_epi32(u, _mm512_set1_epi32(0x7fffff), _mm512_set1_epi32(0x800000), 0xea);      /* (u & m) | o */
    __m512i low = _mm512_and_si512(significand, _mm512_sub_epi32(_mm512_setzero_si512(), significand));
    __m512i zeros = _mm512_sub_epi32(_mm512_srli_epi32(_mm512_castps_si512(_mm512_cvtepi32_ps(low)), 23), _mm512_set1_epi32(127));
    __m512i both = _mm512_or_si512(e, _mm512_slli_epi32(zeros, 8));
    __m512i all = _mm512_adds_epu8(_mm512_or_si512(both, _mm512_slli_epi32(e, 16)), _mm512_slli_epi32(zeros, 16));
    return _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(u, _mm512_set1_epi32(INT32_MAX)), all);
}

/* The largest bytes of each of four registers, in each 128 bits. */
INLINE __m512i near_largest(__m512i a, __m512i b, __m512i c, __m512i d)
{
    __m512i ab = _mm512_max_epu8(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_max_epu8(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    return _mm512_max_epu8(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
}

static void near_panel(float *panel, uint32_t *extents, size_t lines, size_t depth, float scale)
{
    const __m512 by = _mm512_set1_ps(scale);
    const __mmask16 few = (__mmask16)(lines < 16 ? (1u << lines) - 1 : 0xffff);
    for (size_t l = 0; l < depth; l += 4) {
        __m512i of[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
        for (size_t i = 0; i < 4 && l + i < depth; i++)
            for (size_t r = 0; r < lines; r += 16) {
                float *at = panel + (l + i) * lines + r;
                __m512 x = _mm512_mul_ps(_mm512_maskz_loadu_ps(few, at), by);
                _mm512_mask_storeu_ps(at, few, x);
                of[i] = _mm512_max_epu8(of[i], near_bytes(x));
            }
        __m512i four = near_largest(of[0], of[1], of[2], of[3]);
        four = _mm512_max_epu8(four, _mm512_shuffle_i64x2(four, four, 0x4e));
        four = _mm512_max_epu8(four, _mm512_shuffle_i64x2(four, four, 0xb1));
        _mm_mask_storeu_epi32(extents + l, (__mmask8)(depth - l < 4 ? (1u << (depth - l)) - 1 : 0xf), _mm512_castsi512_si128(four));
    }
}

/* The same for the products of k steps: the largest exponent field of a product, biased twice, zeros from below, and their sum. */
typedef struct near_extent { int exponent, zeros, lowest; } near_extent;

static near_extent near_products(const uint32_t *a, const uint32_t *b, size_t k)
{
    const __m512i bytes = _mm512_set1_epi16(0xff);
    __m512i even = _mm512_setzero_si512(), odd = even;
    for (size_t l = 0; l < k; l += 16) {
        __mmask16 some = (__mmask16)(k - l < 16 ? (1u << (k - l)) - 1 : 0xffff);
        __m512i x = _mm512_maskz_loadu_epi32(some, a + l), y = _mm512_maskz_loadu_epi32(some, b + l);
        even = _mm512_max_epi16(even, _mm512_add_epi16(_mm512_and_si512(x, bytes), _mm512_and_si512(y, bytes)));
        odd = _mm512_max_epi16(odd, _mm512_add_epi16(_mm512_srli_epi16(x, 8), _mm512_srli_epi16(y, 8)));
    }
    const __m512i low = _mm512_set1_epi32(0xffff);
    return (near_extent){_mm512_reduce_max_epi32(_mm512_and_si512(even, low)), _mm512_reduce_max_epi32(_mm512_and_si512(odd, low)),
                         _mm512_reduce_max_epi32(_mm512_srli_epi32(even, 16))};
}

/* What is known of a stretch beforehand: nothing; all, if underflow is not raised; all. */
typedef enum near_proof { NEAR_UNKNOWN, NEAR_IF_NORMAL, NEAR_KNOWN } near_proof;

static near_proof near_prove(const near_extent *e, const hu_near *n)
{
    const int lowest = e->lowest - 2 * 150, bits = 2 * 24 - e->zeros;                  /* q, and no product has fewer bits than that less one */
    if (lowest + n->man_bits + 2 > -126 && !(n->multiplies && bits >= n->man_bits + 4))
        return NEAR_UNKNOWN;
    return n->has_subnormals ? NEAR_KNOWN : NEAR_IF_NORMAL;
}

/* Sums of the scaled factors from those of the others; the largest magnitude. False: one is too small to be scaled, or no number. */
static bool near_scale(float *out, const float *in, const hu_near *n, double *largest)
{
    const __m512 by_a = _mm512_set1_ps(n->scale_a), by_b = _mm512_set1_ps(n->scale_b), least = _mm512_set1_ps(0x1p-126f);
    __m512 top = _mm512_setzero_ps();
    __mmask16 small = 0, nan = 0;
    for (size_t i = 0; i < 32 * TILE_ROWS; i += 16) {
        __m512 x = _mm512_load_ps(in + i), y = _mm512_mul_ps(_mm512_mul_ps(x, by_a), by_b), a = _mm512_abs_ps(y);
        small |= _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ), a, least, _CMP_NGE_UQ);
        top = _mm512_max_ps(a, top);
        nan |= _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
        _mm512_store_ps(out + i, y);
    }
    *largest = (double)_mm512_reduce_max_ps(top);
    return !nan && (n->has_subnormals || !small);
}

static void near_unscale(float *out, const float *in, size_t n, float scale_a, float scale_b)
{
    const __m512 by_a = _mm512_set1_ps(1 / scale_a), by_b = _mm512_set1_ps(1 / scale_b);
    for (size_t i = 0; i < n; i += 16)
        _mm512_store_ps(out + i, _mm512_mul_ps(_mm512_mul_ps(_mm512_loadu_ps(in + i), by_a), by_b));
}

typedef void near_loop(float *out, const float *in, const float *a, const float *b, size_t k, int drop);

static near_loop *near_loop_of(const hu_near *n)
{
    bool half = n->drop == 16 && __builtin_cpu_supports("avx512vnni");
    return n->multiplies ? (half ? near_mul_add_half : near_mul_add_any) : half ? near_fma_half : near_fma_any;
}

/* A wrong count costs time, and no bits: several threads need not agree on it. */
static void near_count(const hu_near *n, bool met)
{
    __atomic_fetch_add(&n->tally->all, 1, __ATOMIC_RELAXED);
    if (met)
        __atomic_fetch_add(&n->tally->met, 1, __ATOMIC_RELAXED);
}

/* Whether most stretches of this call met subnormal floats. */
static bool near_is_slow(const hu_near *n)
{
    unsigned met = __atomic_load_n(&n->tally->met, __ATOMIC_RELAXED);
    return met >= NEAR_ENOUGH && 2 * met > __atomic_load_n(&n->tally->all, __ATOMIC_RELAXED);
}

/* As many stretches as are known, or turn out, to be rounded rightly; the steps they have. */
static size_t near_run(float *acc, const float *a, const float *b, size_t k, const uint32_t *ea, const uint32_t *eb, const hu_near *n)
{
    _Alignas(64) float sums[2][32 * TILE_ROWS];
    near_loop *const loop = near_loop_of(n);
    const unsigned before = _mm_getcsr();
    double largest;
    size_t done = 0, now = 0;
    if (!near_scale(sums[0], acc, n, &largest))
        return 0;
    for (size_t steps; done < k; done += steps, now ^= 1) {
        steps = k - done < NEAR_STEPS ? k - done : NEAR_STEPS;
        near_extent e = near_products(ea + done, eb + done, steps);
        near_proof proof = near_prove(&e, n);
        largest += (double)steps * ldexp(n->multiplies ? 16 : 8, e.exponent - 2 * 127);
        if (steps < NEAR_LEAST || proof == NEAR_UNKNOWN || !(largest <= n->limit))
            break;
        _mm_setcsr((before & ~(unsigned)CSR_FLAGS) | CSR_TO_ZERO | (proof == NEAR_IF_NORMAL ? CSR_FLUSH : 0));
        loop(sums[now ^ 1], sums[now], a + done * TILE_ROWS, b + done * 32, steps, n->drop);
        const unsigned raised = _mm_getcsr();
        bool low = proof == NEAR_IF_NORMAL && (raised & CSR_UNDERFLOW);
        _mm_setcsr(before);
        if (low)
            break;
        if (proof == NEAR_KNOWN)
            near_count(n, raised & (CSR_DENORMAL | CSR_UNDERFLOW));
    }
    if (done)
        near_unscale(acc, sums[now], 32 * TILE_ROWS, n->scale_a, n->scale_b);
    return done;
}

/* The steps that are not, by the tile for any factors. */
static void near_otherwise(float *acc, const float *a, const float *b, size_t k, const hu_near *n)
{
    _Alignas(64) float x[NEAR_STEPS * TILE_ROWS], y[NEAR_STEPS * 32];
    for (size_t l = 0, steps; l < k; l += steps) {
        steps = k - l < NEAR_STEPS ? k - l : NEAR_STEPS;
        for (size_t i = 0; i < steps * TILE_ROWS; i++)          /* the panel may end here */
            x[i] = a[l * TILE_ROWS + i] * (1 / n->scale_a);
        near_unscale(y, b + l * 32, steps * 32, n->scale_b, 1);
        n->otherwise(acc, x, y, steps, n->product, n->sum);
    }
}

/* Where it has been in vain thrice, or is slow, the tile is for any factors. */
static void tile_near(float *acc, const float *a, const float *b, size_t k, const uint32_t *ea, const uint32_t *eb, const hu_near *n)
{
    for (size_t l = 0, vain = near_is_slow(n) ? 3 : 0; l < k; vain++) {
        l += vain < 3 ? near_run(acc, a + l * TILE_ROWS, b + l * 32, k - l, ea + l, eb + l, n) : 0;
        size_t steps = k - l < NEAR_STEPS || vain == 3 ? k - l : NEAR_STEPS;
        near_otherwise(acc, a + l * TILE_ROWS, b + l * 32, steps, n);
        l += steps;
    }
}
