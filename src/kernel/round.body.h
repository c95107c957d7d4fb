/* round.body.h - numbers on the grid of a format, by the bits of one carrier.
 *
 * Included once a carrier with F (the carrier), U and S (words of its width, without and with sign), MAN (bits
 * of its trailing significand) and C(name) (how its functions are called).
 *
 * The significand's lowest `drop` bits lie below the format's last one. Adding an increment that the mode
 * chooses, from 0 to 2^drop - 1, carries into the kept bits exactly where the mode takes the farther neighbor.
 * Below the smallest normal drop grows by one a binade; from drop = MAN + 1 on only zero and
 * the smallest subnormal are left as neighbors, and from MAN + 2 on nothing changes any more.
 */

enum { C(width) = 8 * sizeof(F), C(cut_all) = MAN + 2 };

static inline U C(bits)(F x)
{
    return (union { F f; U u; }){.f = x}.u;
}

static inline F C(value)(U u)
{
    return (union { F f; U u; }){.u = u}.f;
}

/* Conditions are masks, all ones or zero: the compiler would turn `?:` back into branches. */
static inline U C(below)(S a, S b)
{
    return 0 - (U)(a < b);
}

static inline U C(same)(U a, U b)
{
    return 0 - (U)(a == b);
}

static inline U C(either)(U mask, U a, U b)
{
    return b ^ ((a ^ b) & mask);
}

/* What the mode adds: step = 2^drop, odd is 0 or 1, negative a mask. */
static inline __attribute__((always_inline)) U C(increment)(hu_way way, U step, U odd, U negative)
{
    switch (way) {
    case HU_WAY_rne: return (step >> 1) - 1 + odd;
    case HU_WAY_rna: return step >> 1;
    case HU_WAY_rnz: return (step >> 1) - 1;
    case HU_WAY_ru:  return (step - 1) & ~negative;
    case HU_WAY_rd:  return (step - 1) & negative;
    case HU_WAY_raz: return step - 1;
    case HU_WAY_ro:  return (step - 1) & (odd - 1);
    default:         return 0;
    }
}

static inline __attribute__((always_inline))
void C(round_by)(hu_way way, F *out, const F *in, size_t n, const hu_grid *grid, hu_seen *seen)
{
    const hu_grid k = *grid;
    const U sign = (U)1 << (C(width) - 1), quiet = (U)1 << (MAN - 1);
    const S infinity = (S)((sign - 1) & ~(((U)1 << MAN) - 1));
    const S emin = (S)k.emin, read_as_zero = (S)k.read_as_zero, drop_normal = (S)k.drop, max = (S)k.max, most = C(cut_all) - drop_normal;
    const U last = (U)1 << k.drop;                             /* the last place of a normal value */
    const U min_subnormal = (U)k.min_subnormal, nan_result = (U)k.nan, negative_zero = (U)k.negative_zero;
    const U tiny0 = (U)k.tiny[0], tiny1 = (U)k.tiny[1], flush0 = (U)k.flush[0], flush1 = (U)k.flush[1];
    const U over0 = (U)k.over[0], over1 = (U)k.over[1], inf0 = (U)k.inf[0], inf1 = (U)k.inf[1];
    U inexact = 0, underflow = 0, overflow = 0, infs = 0, nans = 0, signaling = 0;

    for (size_t i = 0; i < n; i++) {
        U u = C(bits)(in[i]), negative = 0 - (u >> (C(width) - 1)), a = u & (sign - 1);
        S exp = (S)(a >> MAN);
        exp = exp > 1 ? exp : 1;                               /* subnormals of the carrier stand beside 1 */
        S above = emin - exp;                                  /* how many binades below the normal ones */
        above = above > 0 ? above : 0;
        above = above < most ? above : most;
        S drop = drop_normal + above;
        U base = (U)(exp - 1) << MAN, sig = a - base, step = last << above;
        U cut = sig & (step - 1);
        U kept = (sig + C(increment)(way, step, (sig >> drop) & 1, negative)) & (0 - step);
        U y = C(either)(C(below)(MAN, drop), min_subnormal & C(below)(0, (S)(kept >> (MAN - 1))), kept + base);

        U finite = C(below)((S)a, infinity), nan = C(below)(infinity, (S)a);
        U past = C(below)(max, (S)y);
        U flushed = C(below)((S)a, (S)C(either)(negative, flush1, flush0));
        U tiny = C(below)((S)a, (S)C(either)(negative, tiny1, tiny0));
        cut = (cut | (a & flushed)) & finite;
        y &= ~(flushed | C(below)((S)y, read_as_zero));
        U result = y | C(either)(C(below)((S)y, 1), negative & negative_zero, u & sign);
        result = C(either)(past, C(either)(negative, over1, over0), result);
        result = C(either)(finite, result, C(either)(negative, inf1, inf0));
        result = C(either)(nan, nan_result, result);
        out[i] = C(value)(result);

        inexact |= cut;
        underflow |= cut & tiny;
        overflow |= past & finite;
        nans |= nan;
        infs |= ~finite & ~nan;
        signaling |= nan & ~u & quiet;
    }
    seen->inexact |= inexact | overflow;
    seen->underflow |= underflow;
    seen->overflow |= overflow;
    seen->inf |= infs;
    seen->nan |= nans;
    seen->signaling |= signaling;
}

#include "src/kernel/quick.body.h"

enum { C(quick_block) = 8192 / sizeof(F), C(told_block) = 1024 / sizeof(F) };

/* Whether a glance, of which inexact had been raised before, leaves nothing to say. */
static inline bool C(all_said)(C(extent) met, const hu_grid *g, const hu_seen *seen)
{
    uint64_t tiny = g->tiny[0] > g->tiny[1] ? g->tiny[0] : g->tiny[1];
    return (seen->underflow || met.bottom >= tiny - 1) && (seen->overflow || met.top <= g->max);
}

/* Block by block, the quick way where it will do. out may be in, so that a block that is done again needs its input kept. */
static inline __attribute__((always_inline))
void C(round_blocks)(void (*glance)(F *, const F *, size_t, bool, const hu_grid *, C(extent) *),
                     void (*quick)(F *, const F *, size_t, const hu_grid *, hu_seen *, C(extent) *),
                     void (*general)(F *, const F *, size_t, const hu_grid *, hu_seen *),
                     F *out, const F *in, size_t n, const hu_grid *g, hu_seen *seen)
{
    const U infinity = ((U)1 << (C(width) - 1)) - ((U)1 << MAN);
    F kept[C(quick_block)];
    if (g->quick == HU_QUICK_NONE) {
        general(out, in, n, g, seen);
        return;
    }
    for (size_t i = 0, m; i < n; i += m) {
        size_t most = seen->inexact ? C(quick_block) : C(told_block);
        const F *from = in + i;
        C(extent) met;
        m = n - i < most ? n - i : most;
        if (out == in)
            from = memcpy(kept, from, m * sizeof *kept);
        bool told = !seen->inexact;
        if (!told)
            glance(out + i, from, m, !seen->underflow || !seen->overflow, g, &met);
        if (told || (met.top < infinity && !C(all_said)(met, g, seen)))
            quick(out + i, from, m, g, seen, &met);
        if (met.top >= infinity)
            general(out + i, from, m, g, seen);
    }
}

#define X(way) \
static void C(general_##way)(F *out, const F *in, size_t n, const hu_grid *g, hu_seen *seen) \
{ C(round_by)(HU_WAY_##way, out, in, n, g, seen); } \
static void C(round_##way)(F *out, const F *in, size_t n, const hu_grid *g, hu_seen *seen) \
{ C(round_blocks)(C(glance_##way), C(quick_##way), C(general_##way), out, in, n, g, seen); }
HU_FIXED_MAP(X)
#undef X
