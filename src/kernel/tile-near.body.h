/* tile-near.body.h - tiles of GEMM whose sums, or products and sums, are rounded to nearest-even, where that takes two to nine instructions a term.
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
 * both lie on the same side of every middle. It may well be one, so that its rounding is another, to even. Where instructions round as they say, two do it:
 * t = (2^d - 1) r, rounded to nearest-even, d = 23 - M, has
 * the last place that 2^d r has, which is the format's for r, and 2^d r - t is r rounded. r is even there in units of its 24th bit where it is in the middle, since d >= 2; so
 * ties go where they should. Where r is less than 2^-d above a power of two, t has one bit more; r then is less than a quarter of the format's last place away, and goes to the power.
 * Elsewhere half of the last place is added to the magnitude, less one bit where the last place is even, and all below cut off.
 *
 * Nothing overflows: a sum grows by no more than twice its term.
 *
 * Included by a file an instruction set, which has said VECTOR(op), the instruction on vectors; NEAR_LANES, the floats in one; near_vec, near_ints, near_load, near_where_not_zero,
 * near_any_negative, NEAR_FOLD; near_to_even(x, constants), the rounding of such sums; NEAR_PATIENCE; and NEAR_HAS_VNNI, where there may be vpdpwssd.
 */
enum { NEAR_STEPS = 64, NEAR_LEAST = 16, NEAR_ENOUGH = 6, NEAR_COLUMNS = 2 * NEAR_LANES };
enum { CSR_ROUNDING = 0x6000, CSR_DOWN = 0x2000, CSR_TO_ZERO = 0x6000, CSR_FLUSH = 0x8000, CSR_FLAGS = 0x3f, CSR_DENORMAL = 0x02, CSR_UNDERFLOW = 0x10 };

typedef struct near_constants {
    near_ints half, keep, last, minus_low;
    near_vec power;
} near_constants;

INLINE near_constants near_constants_of(int drop)
{
    return (near_constants){.half = VECTOR(set1_epi32)(1 << (drop - 1)), .keep = VECTOR(set1_epi32)(-(1 << drop)), .last = VECTOR(set1_epi32)(1 << drop),
                            .minus_low = VECTOR(set1_epi32)(0xffff), .power = VECTOR(set1_ps)((float)(1 << drop))};
}

INLINE near_vec near_cut(near_vec x, const near_constants *g)
{
    return (near_vec)(VECTOR(add_epi32)((near_ints)x, g->half) & g->keep);
}

#define NEAR_FMA(cut)     cut(VECTOR(fmadd_ps)(x, y, c), &g)
#define NEAR_MUL_ADD(cut) near_to_even(VECTOR(add_ps)(c, cut(VECTOR(mul_ps)(x, y), &g)), &g)

/* The processor rounds as it has been told while these run. */
#define NEAR(name, step) \
static __attribute__((noinline)) void name(float *out, const float *in, const float *a, const float *b, size_t k, int drop) \
{ \
    const near_constants g = near_constants_of(drop); \
    near_vec sums[TILE_ROWS][2]; \
    _Pragma("GCC unroll 16") \
    for (int r = 0; r < TILE_ROWS; r++) { \
        sums[r][0] = VECTOR(load_ps)(in + NEAR_COLUMNS * r); \
        sums[r][1] = VECTOR(load_ps)(in + NEAR_COLUMNS * r + NEAR_LANES); \
    } \
    for (size_t l = 0; l < k; l++) { \
        near_vec b0 = VECTOR(load_ps)(b + NEAR_COLUMNS * l), b1 = VECTOR(load_ps)(b + NEAR_COLUMNS * l + NEAR_LANES); \
        _Pragma("GCC unroll 16") \
        for (int r = 0; r < TILE_ROWS; r++) { \
            near_vec x = VECTOR(set1_ps)(a[l * TILE_ROWS + (size_t)r]), c = sums[r][0], y = b0; \
            sums[r][0] = step; \
            c = sums[r][1]; \
            y = b1; \
            sums[r][1] = step; \
        } \
    } \
    _Pragma("GCC unroll 16") \
    for (int r = 0; r < TILE_ROWS; r++) { \
        VECTOR(store_ps)(out + NEAR_COLUMNS * r, sums[r][0]); \
        VECTOR(store_ps)(out + NEAR_COLUMNS * r + NEAR_LANES, sums[r][1]); \
    } \
}
NEAR(near_fma_any, NEAR_FMA(near_cut))
NEAR(near_mul_add_any, NEAR_MUL_ADD(near_cut))

#ifdef NEAR_HAS_VNNI
/* As near_cut for 16 bits: the word less its lower half, taken as a number with a sign. */
#pragma GCC push_options
#pragma GCC target("avx512vnni")
INLINE near_vec near_cut_half(near_vec x, const near_constants *g)
{
    return (near_vec)VECTOR(dpwssd_epi32)((near_ints)x, (near_ints)x, g->minus_low);
}
NEAR(near_fma_half, NEAR_FMA(near_cut_half))
NEAR(near_mul_add_half, NEAR_MUL_ADD(near_cut_half))
#pragma GCC pop_options
#endif

/* Where the processor rounds downward, these have no need of a proof. */
#ifdef NEAR_ODD_FMA
NEAR(near_fma_odd, NEAR_ODD_FMA)
NEAR(near_mul_add_odd, NEAR_ODD_MUL_ADD)
enum { NEAR_HAS_ODD = true };
#else
#define near_fma_odd NULL
#define near_mul_add_odd NULL
enum { NEAR_HAS_ODD = false };
#endif

/* What a panel's steps are like, a word each: of the largest exponent field of its scaled factors, of the most bits of a significand that are
 * zero from below, and of their largest sum, cut off at 255, a byte each. */
INLINE near_ints near_bytes(near_ints u)
{
    const near_ints magnitude = VECTOR(set1_epi32)(INT32_MAX);
    near_ints e = VECTOR(srli_epi32)(u & magnitude, 23);
    near_ints significand = (u & VECTOR(set1_epi32)(0x7fffff)) | VECTOR(set1_epi32)(0x800000);
    near_ints low = significand & VECTOR(sub_epi32)((near_ints){0}, significand);
    near_ints zeros = VECTOR(sub_epi32)(VECTOR(srli_epi32)((near_ints)VECTOR(cvtepi32_ps)(low), 23), VECTOR(set1_epi32)(127));
    near_ints both = e | VECTOR(slli_epi32)(zeros, 8);
    near_ints all = VECTOR(adds_epu8)(both | VECTOR(slli_epi32)(e, 16), VECTOR(slli_epi32)(zeros, 16));
    return near_where_not_zero(all, u & magnitude);
}

/* The largest bytes of each of four registers, in each 128 bits. */
INLINE near_ints near_largest(near_ints a, near_ints b, near_ints c, near_ints d)
{
    near_ints ab = VECTOR(max_epu8)(VECTOR(unpacklo_epi32)(a, b), VECTOR(unpackhi_epi32)(a, b));
    near_ints cd = VECTOR(max_epu8)(VECTOR(unpacklo_epi32)(c, d), VECTOR(unpackhi_epi32)(c, d));
    return VECTOR(max_epu8)(VECTOR(unpacklo_epi64)(ab, cd), VECTOR(unpackhi_epi64)(ab, cd));
}

static void near_scale_all(float *x, size_t n, float scale)
{
    const near_vec by = VECTOR(set1_ps)(scale);
    size_t i = 0;
    for (; i + NEAR_LANES <= n; i += NEAR_LANES)
        VECTOR(storeu_ps)(x + i, VECTOR(mul_ps)(VECTOR(loadu_ps)(x + i), by));
    for (; i < n; i++)
        x[i] *= scale;
}

static void near_panel(float *panel, uint32_t *extents, size_t lines, size_t depth, float scale)
{
    if (scale != 1)
        near_scale_all(panel, lines * depth, scale);
    for (size_t l = 0; l < depth; l += 4) {
        uint32_t four[4];
        near_ints of[4] = {{0}, {0}, {0}, {0}};
        for (size_t i = 0; i < 4 && l + i < depth; i++)
            for (size_t r = 0; r < lines; r += NEAR_LANES)
                of[i] = VECTOR(max_epu8)(of[i], near_bytes(near_load(panel + (l + i) * lines + r, lines - r)));
        _mm_storeu_si128((__m128i *)four, NEAR_FOLD(max_epu8, near_largest(of[0], of[1], of[2], of[3])));
        memcpy(extents + l, four, (depth - l < 4 ? depth - l : 4) * sizeof *four);
    }
}

/* The same for the products of k steps: the largest exponent field of a product, biased twice, zeros from below, and their sum. */
typedef struct near_extent { int exponent, zeros, lowest; } near_extent;

static near_extent near_products(const uint32_t *a, const uint32_t *b, size_t k)
{
    const near_ints bytes = VECTOR(set1_epi16)(0xff);
    near_ints even = {0}, odd = {0};
    for (size_t l = 0; l < k; l += NEAR_LANES) {
        near_ints x = near_load(a + l, k - l), y = near_load(b + l, k - l);
        even = VECTOR(max_epi16)(even, VECTOR(add_epi16)(x & bytes, y & bytes));
        odd = VECTOR(max_epi16)(odd, VECTOR(add_epi16)(VECTOR(srli_epi16)(x, 8), VECTOR(srli_epi16)(y, 8)));
    }
    int16_t evens[8], odds[8];
    _mm_storeu_si128((__m128i *)evens, NEAR_FOLD(max_epi16, even));
    _mm_storeu_si128((__m128i *)odds, NEAR_FOLD(max_epi16, odd));
    near_extent e = {0, 0, 0};
    for (int i = 0; i < 8; i += 2) {
        e.exponent = evens[i] > e.exponent ? evens[i] : e.exponent;
        e.zeros = odds[i] > e.zeros ? odds[i] : e.zeros;
        e.lowest = evens[i + 1] > e.lowest ? evens[i + 1] : e.lowest;
    }
    return e;
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
    const near_vec by_a = VECTOR(set1_ps)(n->scale_a), by_b = VECTOR(set1_ps)(n->scale_b);
    const near_ints magnitude = VECTOR(set1_epi32)(INT32_MAX), least = VECTOR(set1_epi32)(0x00800000);
    near_ints top = {0}, small = {0};
    int32_t tops[4], most = 0;
    float value;
    for (size_t i = 0; i < NEAR_COLUMNS * TILE_ROWS; i += NEAR_LANES) {
        near_vec x = VECTOR(load_ps)(in + i), y = VECTOR(mul_ps)(VECTOR(mul_ps)(x, by_a), by_b);
        near_ints a = (near_ints)y & magnitude;
        small |= near_where_not_zero(VECTOR(sub_epi32)(a, least), (near_ints)x & magnitude);
        top = VECTOR(max_epi32)(top, a);
        VECTOR(store_ps)(out + i, y);
    }
    _mm_storeu_si128((__m128i *)tops, NEAR_FOLD(max_epi32, top));
    for (int i = 0; i < 4; i++)
        most = tops[i] > most ? tops[i] : most;
    memcpy(&value, &most, sizeof value);
    *largest = (double)value;
    return value == value && (n->has_subnormals || !near_any_negative(small));
}

static void near_unscale(float *out, const float *in, size_t n, float scale_a, float scale_b)
{
    const near_vec by_a = VECTOR(set1_ps)(1 / scale_a), by_b = VECTOR(set1_ps)(1 / scale_b);
    for (size_t i = 0; i < n; i += NEAR_LANES)
        VECTOR(store_ps)(out + i, VECTOR(mul_ps)(VECTOR(mul_ps)(VECTOR(loadu_ps)(in + i), by_a), by_b));
}

typedef void near_loop(float *out, const float *in, const float *a, const float *b, size_t k, int drop);

static near_loop *near_loop_of(const hu_near *n, bool odd)
{
    if (odd)
        return n->multiplies ? near_mul_add_odd : near_fma_odd;
#ifdef NEAR_HAS_VNNI
    if (n->drop == 16 && __builtin_cpu_supports("avx512vnni"))
        return n->multiplies ? near_mul_add_half : near_fma_half;
#endif
    return n->multiplies ? near_mul_add_any : near_fma_any;
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

/* Whether more than NEAR_PATIENCE percent of the sums, or of them and the products of one step, are subnormal: as the tile for any factors is so much slower, more are borne. */
static bool near_often_subnormal(const float *sums, const float *a, const float *b, bool multiplies)
{
    int all = 0, subnormal = 0;
    for (size_t i = 0; i < NEAR_COLUMNS * TILE_ROWS; i++, all++)
        subnormal += sums[i] != 0 && fabsf(sums[i]) < 0x1p-126f;
    for (size_t i = 0; multiplies && i < NEAR_COLUMNS * TILE_ROWS; i++, all++) {
        double product = (double)a[i / NEAR_COLUMNS] * (double)b[i % NEAR_COLUMNS];
        subnormal += product != 0 && fabs(product) < 0x1p-126;
    }
    return 100 * subnormal > NEAR_PATIENCE * all;
}

/* As many stretches as are known, or turn out, to be rounded rightly; the steps they have. */
static size_t near_run(float *acc, const float *a, const float *b, size_t k, const uint32_t *ea, const uint32_t *eb, const hu_near *n)
{
    _Alignas(64) float sums[2][NEAR_COLUMNS * TILE_ROWS];
    const unsigned before = _mm_getcsr();
    double largest;
    size_t done = 0, now = 0;
    if (!near_scale(sums[0], acc, n, &largest))
        return 0;
    for (size_t steps; done < k; done += steps, now ^= 1) {
        steps = k - done < NEAR_STEPS ? k - done : NEAR_STEPS;
        near_extent e = near_products(ea + done, eb + done, steps);
        near_proof proof = near_prove(&e, n);
        bool odd = NEAR_HAS_ODD && proof == NEAR_UNKNOWN;
        proof = !odd ? proof : n->has_subnormals ? NEAR_KNOWN : NEAR_IF_NORMAL;
        largest += (double)steps * ldexp(n->multiplies ? 16 : 8, e.exponent - 2 * 127);
        if ((steps < NEAR_LEAST && !NEAR_HAS_ODD) || proof == NEAR_UNKNOWN || !(largest <= n->limit))
            break;
        _mm_setcsr((before & ~(unsigned)CSR_FLAGS) | (odd ? CSR_DOWN : CSR_TO_ZERO) | (proof == NEAR_IF_NORMAL ? CSR_FLUSH : 0));
        near_loop_of(n, odd)(sums[now ^ 1], sums[now], a + done * TILE_ROWS, b + done * NEAR_COLUMNS, steps, n->drop);
        const unsigned raised = _mm_getcsr();
        bool low = proof == NEAR_IF_NORMAL && (raised & CSR_UNDERFLOW);
        _mm_setcsr(before);
        if (low)
            break;
        if (proof == NEAR_KNOWN)
            near_count(n, (raised & (CSR_DENORMAL | CSR_UNDERFLOW)) && (NEAR_PATIENCE == 0 || near_often_subnormal(sums[now ^ 1], a + done * TILE_ROWS, b + done * NEAR_COLUMNS, n->multiplies)));
    }
    if (done)
        near_unscale(acc, sums[now], NEAR_COLUMNS * TILE_ROWS, n->scale_a, n->scale_b);
    return done;
}

/* The steps that are not, by the tile for any factors. */
static void near_otherwise(float *acc, const float *a, const float *b, size_t k, const hu_near *n)
{
    _Alignas(64) float x[NEAR_STEPS * TILE_ROWS], y[NEAR_STEPS * NEAR_COLUMNS];
    const unsigned before = _mm_getcsr();
    if (n->otherwise_downward)
        _mm_setcsr((before & ~(unsigned)CSR_ROUNDING) | CSR_DOWN);
    for (size_t l = 0, steps; l < k; l += steps) {
        steps = k - l < NEAR_STEPS ? k - l : NEAR_STEPS;
        for (size_t i = 0; i < steps * TILE_ROWS; i++)          /* the panel may end here */
            x[i] = a[l * TILE_ROWS + i] * (1 / n->scale_a);
        near_unscale(y, b + l * NEAR_COLUMNS, steps * NEAR_COLUMNS, n->scale_b, 1);
        n->otherwise(acc, x, y, steps, n->product, n->sum);
    }
    if (n->otherwise_downward)
        _mm_setcsr(before);
}

/* Where it has been in vain thrice, or is slow, the tile is for any factors. */
static void tile_near(float *acc, const float *a, const float *b, size_t k, const uint32_t *ea, const uint32_t *eb, const hu_near *n)
{
    for (size_t l = 0, vain = near_is_slow(n) ? 3 : 0; l < k; vain++) {
        l += vain < 3 ? near_run(acc, a + l * TILE_ROWS, b + l * NEAR_COLUMNS, k - l, ea + l, eb + l, n) : 0;
        size_t steps = k - l < NEAR_STEPS || vain == 3 ? k - l : NEAR_STEPS;
        near_otherwise(acc, a + l * TILE_ROWS, b + l * NEAR_COLUMNS, steps, n);
        l += steps;
    }
}
