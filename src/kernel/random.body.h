/* random.body.h - stochastic rounding of doubles, and the random words for it.
 *
 * The position between the neighbors is the one of formats/format.h: 63 bits, the last of them sticky. Where
 * the number itself had been rounded to odd, it is known only to lie strictly between its two neighbors in
 * double; if the random number decides otherwise at the two ends of that interval, the element is in doubt.
 */

/* Mask: the random word takes the farther neighbor at `part`, which is not 0; as in rounding/stochastic.c. */
static inline __attribute__((always_inline)) uint64_t takes_farther(hu_way way, uint64_t part, uint64_t word, int few)
{
    if (way == HU_WAY_sr || way == HU_WAY_srh)
        few = 1;                            /* not looked at, but shifted by */
    const int64_t one = INT64_C(1) << few;
    const uint64_t cut_mask = (UINT64_C(1) << (63 - few)) - 1, cut_half = UINT64_C(1) << (62 - few);
    uint64_t whole = part >> (63 - few), draw = word >> (64 - few);
    switch (way) {
    case HU_WAY_sr:  return 0 - (((word >> 1) + part) >> 63);
    case HU_WAY_srh: return 0 - (word >> 63);
    case HU_WAY_sra: return double_below(one - 1, (int64_t)(whole + draw));
    case HU_WAY_srb: return double_below(2 * one - 1, (int64_t)((part >> (62 - few)) + 2 * draw + 1));
    case HU_WAY_src: {
        uint64_t carry = ((part & cut_mask) + cut_half - 1 + (whole & 1)) >> (63 - few);
        return double_below(one - 1, (int64_t)(whole + carry + draw));
    }
    default: return 0;
    }
}

static inline __attribute__((always_inline))
void random_by(hu_way way, bool is_odd, double *out, const double *in, const uint64_t *words, size_t n,
               const hu_grid *grid, hu_seen *seen)
{
    const hu_grid k = *grid;
    const uint64_t sign = UINT64_C(1) << 63, quiet = UINT64_C(1) << 51;
    const int64_t infinity = INT64_C(0x7ff) << 52;
    const int64_t emin = k.emin, read_as_zero = (int64_t)k.read_as_zero, drop_normal = k.drop, max = (int64_t)k.max, most = 63 - drop_normal;
    const uint64_t last = UINT64_C(1) << k.drop, last_of_part = UINT64_C(1) << (63 - k.drop);
    const int64_t next = max + (int64_t)last;
    const int64_t min_normal = (int64_t)k.min_normal, top = min_normal - (INT64_C(1) << k.fine_drop);
    const int few = k.random_bits, fine_shift = 63 - k.fine_drop;
    const uint64_t fine_reach = (UINT64_C(1) << fine_shift) - 1;
    const uint64_t flushes = 0 - (uint64_t)k.flushes, before = 0 - (uint64_t)k.tiny_before;
    const uint64_t min_subnormal = k.min_subnormal, nan_result = k.nan, negative_zero = k.negative_zero;
    const uint64_t over0 = k.over[0], over1 = k.over[1], inf0 = k.inf[0], inf1 = k.inf[1];
    uint64_t inexact = 0, underflow = 0, overflow = 0, infs = 0, nans = 0, signaling = 0, doubt = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t u = double_bits(in[i]), negative = 0 - (u >> 63), a = u & (sign - 1), word = words[i];
        int64_t exp = (int64_t)(a >> 52);
        exp = exp > 1 ? exp : 1;
        int64_t above = emin - exp;
        above = above > 0 ? above : 0;
        int64_t beyond = above > most ? above - most : 0;              /* bits below the position's last one */
        beyond = beyond < 63 ? beyond : 63;
        above = above < most ? above : most;
        int64_t drop = drop_normal + above;
        uint64_t base = (uint64_t)(exp - 1) << 52, sig = a - base, step = last << above;
        uint64_t seen_sig = sig >> beyond;
        seen_sig |= double_below((int64_t)(seen_sig << beyond), (int64_t)sig) & 1;
        uint64_t cut = seen_sig & (step - 1), part = cut << (63 - drop);
        uint64_t up = takes_farther(way, part, word, few) & double_below(0, (int64_t)part);
        uint64_t kept = seen_sig - cut + (step & up);
        uint64_t y = double_either(double_below(52, drop), min_subnormal & up, kept + base);

        uint64_t finite = double_below((int64_t)a, infinity), nan = double_below(infinity, (int64_t)a);
        uint64_t past = double_below(max, (int64_t)y) | double_below(next - 1, (int64_t)a);
        uint64_t below_normal = double_below((int64_t)a, min_normal), in_top = double_below(top, (int64_t)a) & below_normal;
        uint64_t fine = (a - (uint64_t)top) << fine_shift;
        uint64_t tiny = below_normal & ~(in_top & takes_farther(way, fine, word, few));
        uint64_t flushed = flushes & tiny;
        cut = (cut | (a & flushed)) & finite;
        y &= ~(flushed | double_below((int64_t)y, read_as_zero));
        uint64_t result = y | double_either(double_below((int64_t)y, 1), negative & negative_zero, u & sign);
        result = double_either(past, double_either(negative, over1, over0), result);
        result = double_either(finite, result, double_either(negative, inf1, inf0));
        result = double_either(nan, nan_result, result);
        out[i] = double_value(result);

        inexact |= cut;
        underflow |= cut & (tiny | (before & below_normal));
        overflow |= past & finite;
        nans |= nan;
        infs |= ~finite & ~nan;
        signaling |= nan & ~u & quiet;
        if (is_odd) {
            uint64_t reach = (last_of_part >> above) - 1;
            uint64_t differs = takes_farther(way, part - reach, word, few) ^ takes_farther(way, part + reach, word, few);
            differs &= double_below(beyond, 1);
            uint64_t of_tiny = takes_farther(way, fine - fine_reach, word, few) ^ takes_farther(way, fine + fine_reach, word, few);
            doubt |= sig & 1 & (differs | (in_top & of_tiny));
        }
    }
    seen->inexact |= inexact | overflow;
    seen->underflow |= underflow;
    seen->overflow |= overflow;
    seen->inf |= infs;
    seen->nan |= nans;
    seen->signaling |= signaling;
    seen->doubt |= doubt;
}

#define X(way) \
static void random_##way(double *out, const double *in, const uint64_t *words, size_t n, const hu_grid *g, hu_seen *seen) \
{ random_by(HU_WAY_##way, false, out, in, words, n, g, seen); } \
static void random_odd_##way(double *out, const double *in, const uint64_t *words, size_t n, const hu_grid *g, hu_seen *seen) \
{ random_by(HU_WAY_##way, true, out, in, words, n, g, seen); }
HU_RANDOM_MAP(X)
#undef X

/* ---- random words: those of hu_random_word, 64 elements from 16 blocks ---- */

enum { GROUP = 64, BLOCKS = 16 };

static const uint64_t UPPER_HALVES = UINT64_C(1) << 62, LOWER_HALVES = UINT64_C(1) << 63;

#ifdef HU_MULTIPLY
/* Several blocks at once, one a lane of 64 bits. gcc 12 makes a vector loop of Random123's function too, but spends
 * most of it on moving halves of products: 235 million words a second instead of 430 with AVX2. The upper halves
 * of the lanes hold what the multiplications do not look at. */
typedef uint64_t lanes __attribute__((vector_size(HU_VECTOR_BYTES), aligned(8)));
typedef uint32_t half_lanes __attribute__((vector_size(HU_VECTOR_BYTES / 2), aligned(4)));

enum { LANES = HU_VECTOR_BYTES / 8, CHAINS = 4, ROW = CHAINS * LANES };

/* The keys of each round. Read from memory they take no place beside the arithmetic, which moving them over from the other registers does. */
typedef struct round_keys {
    uint64_t of[philox4x32_rounds][2];
} round_keys;

static round_keys make_keys(uint64_t seed)
{
    round_keys keys;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < philox4x32_rounds; round++, k0 += PHILOX_W32_0, k1 += PHILOX_W32_1)
        keys.of[round][0] = k0, keys.of[round][1] = k1;
    return keys;
}

/* The four words of CHAINS vectors of blocks; together, since each round waits for the products of the last. */
static inline __attribute__((always_inline)) void philox_lanes(const round_keys *keys, uint64_t stream, const lanes n[CHAINS], lanes c[CHAINS][4])
{
    const lanes none = {0}, m0 = none + PHILOX_M4x32_0, m1 = none + PHILOX_M4x32_1;
    #pragma GCC unroll 4
    for (int v = 0; v < CHAINS; v++) {
        c[v][0] = n[v];
        c[v][1] = n[v] >> 32;
        c[v][2] = none + (uint32_t)stream;
        c[v][3] = none + (stream >> 32);
    }
    for (int round = 0; round < philox4x32_rounds; round++) {
        #pragma GCC unroll 4
        for (int v = 0; v < CHAINS; v++) {
            lanes p0 = (lanes)HU_MULTIPLY(c[v][0], m0), p1 = (lanes)HU_MULTIPLY(c[v][2], m1);
            c[v][0] = (p1 >> 32) ^ c[v][1] ^ (none + keys->of[round][0]);
            c[v][2] = (p0 >> 32) ^ c[v][3] ^ (none + keys->of[round][1]);
            c[v][1] = p1;
            c[v][3] = p0;
        }
    }
}

/* Halves of the elements of ROW / BLOCKS whole groups, in their order; the first of their blocks is `first`. */
static inline __attribute__((always_inline)) void row_halves(uint32_t *out, const round_keys *keys, uint64_t stream, uint64_t first)
{
    lanes count, n[CHAINS], c[CHAINS][4];
    for (int l = 0; l < LANES; l++)
        count[l] = (uint64_t)l;
    #pragma GCC unroll 4
    for (int v = 0; v < CHAINS; v++)
        n[v] = count + (first + (uint64_t)(v * LANES));
    philox_lanes(keys, stream, n, c);
#ifdef HU_NARROW_PAIR
    #pragma GCC unroll 4
    for (int v = 0; v < CHAINS; v += 2)
        #pragma GCC unroll 4
        for (int j = 0; j < 4; j++)
            HU_NARROW_PAIR(out + v * LANES / BLOCKS * GROUP + BLOCKS * j, c[v][j], c[v + 1][j]);
#else
    #pragma GCC unroll 4
    for (int v = 0; v < CHAINS; v++)
        #pragma GCC unroll 4
        for (int j = 0; j < 4; j++)
            *(half_lanes *)(out + v * LANES / BLOCKS * GROUP + BLOCKS * j + v * LANES % BLOCKS) = __builtin_convertvector(c[v][j], half_lanes);
#endif
}

/* As many words as whole vectors give; returns how many. */
static size_t strided_words(uint64_t *out, size_t n, uint64_t seed, uint64_t stream, uint64_t index, uint64_t stride)
{
    const round_keys keys = make_keys(seed);
    lanes count, first[CHAINS], place[CHAINS], upper[CHAINS][4], lower[CHAINS][4];
    size_t i = 0;
    for (int l = 0; l < LANES; l++)
        count[l] = (uint64_t)l;
    for (; i + ROW <= n; i += ROW) {
        #pragma GCC unroll 4
        for (int v = 0; v < CHAINS; v++) {
            lanes at = index + (i + (size_t)v * LANES + count) * stride;
            first[v] = (at >> 6 << 4 | (at & 15)) | UPPER_HALVES;
            place[v] = at >> 4 & 3;
        }
        philox_lanes(&keys, stream, first, upper);
        #pragma GCC unroll 4
        for (int v = 0; v < CHAINS; v++)
            first[v] ^= UPPER_HALVES | LOWER_HALVES;
        philox_lanes(&keys, stream, first, lower);
        #pragma GCC unroll 4
        for (int v = 0; v < CHAINS; v++) {
            lanes all = {0};
            for (uint64_t j = 0; j < 4; j++)
                all |= (upper[v][j] << 32 | (lower[v][j] & UINT32_MAX)) & (lanes)(place[v] == j);
            *(lanes *)(out + i + (size_t)v * LANES) = all;
        }
    }
    return i;
}
#else
static size_t strided_words(uint64_t *out, size_t n, uint64_t seed, uint64_t stream, uint64_t index, uint64_t stride)
{
    (void)out, (void)n, (void)seed, (void)stream, (void)index, (void)stride;
    return 0;
}

enum { ROW = BLOCKS };

typedef philox4x32_key_t round_keys;

static round_keys make_keys(uint64_t seed)
{
    return (round_keys){{(uint32_t)seed, (uint32_t)(seed >> 32)}};
}

static void row_halves(uint32_t *out, const round_keys *key, uint64_t stream, uint64_t first)
{
    const uint32_t s0 = (uint32_t)stream, s1 = (uint32_t)(stream >> 32);
    for (uint64_t b = 0; b < BLOCKS; b++) {
        uint64_t n = first + b;
        const philox4x32_ctr_t counter = {{(uint32_t)n, (uint32_t)(n >> 32), s0, s1}};
        philox4x32_ctr_t c = philox4x32(counter, *key);
        for (int j = 0; j < 4; j++)
            out[BLOCKS * j + b] = c.v[j];
    }
}
#endif

/* Halves of the words index .. index + n - 1; `which` are UPPER_HALVES or LOWER_HALVES. */
static void halves_of(uint64_t which, uint32_t *out, size_t n, uint64_t seed, uint64_t stream, uint64_t index)
{
    enum { WHOLE = ROW / BLOCKS * GROUP };
    const round_keys keys = make_keys(seed);
    uint32_t row[WHOLE];
    for (size_t i = 0; i < n;) {
        uint64_t at = index + i, from = at % GROUP, first = (at / GROUP * BLOCKS) | which;
        size_t m = WHOLE - from < n - i ? WHOLE - from : n - i;
        row_halves(m == WHOLE ? out + i : row, &keys, stream, first);
        if (m < WHOLE)
            memcpy(out + i, row + from, m * sizeof *out);
        i += m;
    }
}

static void halves(uint32_t *out, size_t n, uint64_t seed, uint64_t stream, uint64_t index)
{
    halves_of(UPPER_HALVES, out, n, seed, stream, index);
}

/* out[i] = hu_random_word(seed, stream, index + i * stride). */
static void words(uint64_t *out, size_t n, uint64_t seed, uint64_t stream, uint64_t index, uint64_t stride)
{
    uint32_t upper[HU_BLOCK], lower[HU_BLOCK];
    for (size_t i = 0; stride == 1 && i < n; i += HU_BLOCK) {
        size_t m = n - i < HU_BLOCK ? n - i : HU_BLOCK;
        halves_of(UPPER_HALVES, upper, m, seed, stream, index + i);
        halves_of(LOWER_HALVES, lower, m, seed, stream, index + i);
        for (size_t l = 0; l < m; l++)
            out[i + l] = (uint64_t)upper[l] << 32 | lower[l];
    }
    for (size_t i = stride == 1 ? n : strided_words(out, n, seed, stream, index, stride); i < n; i++)
        out[i] = hu_random_word(seed, stream, index + i * stride);
}
