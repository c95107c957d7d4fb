/* quick-random.body.h - stochastic rounding of finite floats, by the upper halves of the random words.
 *
 * As in quick.body.h, the number between its neighbor toward zero and the next is the sum with a power of two,
 * stepped back where the carrier rounded up. How far it has come from that neighbor, in units of 2^-31, meets the
 * random bits. Where these 31 bits do not tell, which takes a number with more bits than that below the format's
 * last one, the caller is told to do the block again with whole words.
 */

/* Mask: the farther neighbor is taken at `part` of 2^31; below: something was cut off part. As takes_farther. */
static inline __attribute__((always_inline))
uint32_t takes_farther_31(hu_way way, uint32_t part, uint32_t below, uint32_t half, int few)
{
    const uint32_t one = UINT32_C(1) << few;
    uint32_t draw = half >> (32 - few);
    switch (way) {
    case HU_WAY_sr:  return 0 - (((half >> 1) + part) >> 31);
    case HU_WAY_srh: return (0 - (half >> 31)) & (0 - ((part | (below & 1)) != 0));
    case HU_WAY_sra: return float_below((int32_t)one - 1, (int32_t)((part >> (31 - few)) + draw));
    case HU_WAY_srb: return float_below(2 * (int32_t)one - 1, (int32_t)((part >> (30 - few)) + 2 * draw + 1));
    case HU_WAY_src: {
        uint32_t jammed = part | (below & 1), whole = jammed >> (31 - few);
        uint32_t rest = jammed & ((UINT32_C(1) << (31 - few)) - 1);
        uint32_t carry = (rest + (UINT32_C(1) << (30 - few)) - 1 + (whole & 1)) >> (31 - few);
        return float_below((int32_t)one - 1, (int32_t)(whole + carry + draw));
    }
    default: return 0;
    }
}

/* Returns whether the block has to be done again. */
static inline __attribute__((always_inline))
bool quick_random_by(hu_way way, bool same_range, float *out, const float *in, const uint32_t *halves, size_t n,
                     const hu_grid *grid, hu_seen *seen)
{
    const hu_grid k = *grid;
    const uint32_t sign = UINT32_C(1) << 31, infinity = UINT32_C(0xff) << 23;
    const uint32_t emin = (uint32_t)k.emin << 23, to_c = (uint32_t)k.drop << 23, big = (uint32_t)k.big, step = UINT32_C(1) << k.drop;
    const uint32_t to_part = (uint32_t)(31 + 23 - k.drop + 2 * 127) << 23;
    const int few = way == HU_WAY_sr || way == HU_WAY_srh ? 1 : k.random_bits, drop = k.drop;
    const int32_t max = (int32_t)k.max, min_normal = (int32_t)k.min_normal;
    const int32_t top = min_normal - (INT32_C(1) << k.fine_drop);
    const int fine_shift = 31 - k.fine_drop;
    const uint32_t after = k.tiny_before ? 0 : ~UINT32_C(0), over0 = (uint32_t)k.over[0], over1 = (uint32_t)k.over[1];
    uint32_t inexact = 0, underflow = 0, overflow = 0, doubt = 0;
    int32_t largest = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t u = float_bits(in[i]), negative = 0 - (u >> 31), a = u & (sign - 1), y, part, below = 0, up;
        largest = largest > (int32_t)a ? largest : (int32_t)a;
        if (same_range) {
            part = (a & (step - 1)) << (31 - drop);
            up = takes_farther_31(way, part, 0, halves[i], few);
            y = (a & (0 - step)) + (step & up);
        } else {
            uint32_t clamped = (int32_t)a < (int32_t)big ? a : big, e = clamped & infinity;
            e = (int32_t)e > (int32_t)emin ? e : emin;
            float c = float_value(e + to_c);
            uint32_t t = float_bits(float_value(clamped) + c);
            t += float_below((int32_t)clamped, (int32_t)float_bits(float_value(t) - c));
            float rest = (float_value(clamped) - (float_value(t) - c)) * float_value(to_part - e);
            int32_t whole = (int32_t)rest;
            part = (uint32_t)whole;
            below = ~float_same(float_bits((float)whole), float_bits(rest));
            up = takes_farther_31(way, part, below, halves[i], few);
            y = float_bits(float_value(t - up) - c);
            if (way == HU_WAY_sr)
                doubt |= below & float_same((halves[i] >> 1) + part, INT32_MAX);
        }
        uint32_t past = float_below(max, (int32_t)y), cut = y ^ a, tiny = float_below((int32_t)a, min_normal);
        uint32_t fine = (a - (uint32_t)top) << fine_shift, in_top = float_below(top, (int32_t)a) & tiny & after;
        tiny &= ~(in_top & takes_farther_31(way, fine, 0, halves[i], few));
        uint32_t result = float_either(past, float_either(negative, over1, over0), y | (u & sign));
        out[i] = float_value(result);
        inexact |= cut;
        overflow |= past;
        underflow |= cut & tiny;
    }
    if (doubt || largest >= (int32_t)infinity)
        return true;
    seen->inexact |= inexact | overflow;
    seen->overflow |= overflow;
    seen->underflow |= underflow;
    return false;
}

#define X(way) \
static bool quick_random_##way(float *out, const float *in, const uint32_t *halves, size_t n, const hu_grid *g, hu_seen *seen) \
{ return g->quick == HU_QUICK_SAME_RANGE ? quick_random_by(HU_WAY_##way, true, out, in, halves, n, g, seen) \
                                         : quick_random_by(HU_WAY_##way, false, out, in, halves, n, g, seen); }
HU_RANDOM_MAP(X)
#undef X
