/* quick.body.h - finite numbers on the grid of a format, in as few steps as there are.
 *
 * Included by round.body.h, with the same F, U, S, MAN and C(name). To a magnitude a of exponent e (that of the
 * smallest normal at least) the power of two c is added whose unit in the last place is the format's at a: the
 * carrier's own rounding to nearest-even leaves the format's significand in the sum's last bits, where it is a whole
 * number; a step of one there is the neighbor that another mode wants, and c is taken off again, exactly. Formats
 * with the carrier's own range, where c would overflow, drop the same bits of every number instead.
 *
 * Infinities and NaNs are no business of these loops: whoever met one is told so, and does the block again. Nor are
 * flags that were raised before: a glance rounds and says only how far the magnitudes reach, which settles for nearly
 * all blocks that no other flag is to be raised. Telling the flags of each element takes twice as long.
 */

/* A magnitude that the carrier rounded to t = a + c by nearest-even, rounded by the mode: bits of t. */
static inline __attribute__((always_inline)) U C(adjust)(hu_way way, U t, F c, U a, U e, int half_below, U negative)
{
    U y = C(bits)(C(value)(t) - c);
    U above = C(below)((S)a, (S)y), under = C(below)((S)y, (S)a);      /* all ones: t lies above a, under it */
    U half = e - ((U)half_below << MAN);
    switch (way) {
    case HU_WAY_rna: return t - (under & C(same)(C(bits)(C(value)(a) - C(value)(y)), half));
    case HU_WAY_rnz: return t + (above & C(same)(C(bits)(C(value)(y) - C(value)(a)), half));
    case HU_WAY_ru:  return t + (above & negative) - (under & ~negative);
    case HU_WAY_rd:  return t + (above & ~negative) - (under & negative);
    case HU_WAY_rz:  return t + above;
    case HU_WAY_raz: return t - under;
    case HU_WAY_ro:  return (t + above) | ((above | under) & 1);
    default:         return t;
    }
}

/* The largest magnitude of a block, and the smallest but for zeros, less one. */
typedef struct C(extent) {
    U top, bottom;
} C(extent);

/* How much a loop tells: the flags of each element, and met is not looked at; met alone, which says what the flags may be; or, where
 * underflow, overflow and inexact need no telling, whether met.top is below infinity, met.bottom being all ones. */
enum { C(tell_flags), C(tell_extent), C(tell_specials) };

/* Magnitudes, the smaller and the larger by one instruction, which integers do not have everywhere. */
static inline U C(lesser)(U a, U b)
{
    return C(bits)(C(value)(a) < C(value)(b) ? C(value)(a) : C(value)(b));
}

static inline U C(greater)(U a, U b)
{
    return C(bits)(C(value)(a) > C(value)(b) ? C(value)(a) : C(value)(b));
}

/* plain: what overflows has the same magnitude on both sides, and its own sign. What became of infinities and NaNs, and flags beside them, mean nothing. */
static inline __attribute__((always_inline))
void C(quick_by)(hu_way way, bool same_range, bool plain, int tell, F *out, const F *in, size_t n, const hu_grid *grid, hu_seen *seen, C(extent) *met)
{
    const hu_grid k = *grid;
    const U sign = (U)1 << (C(width) - 1), infinity = (sign - 1) & ~(((U)1 << MAN) - 1);
    const U emin = (U)k.emin << MAN, to_c = (U)k.drop << MAN, big = (U)k.big, step = (U)1 << k.drop;
    const int half_below = MAN - k.drop + 1, drop = k.drop;
    const F max = C(value)((U)k.max);
    const U tiny0 = (U)k.tiny[0], tiny1 = (U)k.tiny[1], over = (U)k.over[0] & (sign - 1), over0 = (U)k.over[0], over1 = (U)k.over[1];
    U inexact = 0, underflow = 0, overflow = 0, bottom = ~(U)0, specials = 0;
    S top = 0;

    for (size_t i = 0; i < n; i++) {
        U u = C(bits)(in[i]), negative = 0 - (u >> (C(width) - 1)), a = u & (sign - 1), y;
        if (same_range) {
            y = (a + C(increment)(way, step, (a >> drop) & 1, negative)) & (0 - step);
        } else {
            U clamped = C(lesser)(a, big), e = C(greater)(clamped & infinity, emin);
            F c = C(value)(e + to_c);
            U t = C(bits)(C(value)(clamped) + c);
            y = C(bits)(C(value)(C(adjust)(way, t, c, clamped, e, half_below, negative)) - c);
        }
        U past = 0 - (U)(C(value)(y) > max), cut = y ^ a;
        U result = plain ? C(either)(past, over, y) | (u & sign) : C(either)(past, C(either)(negative, over1, over0), y | (u & sign));
        out[i] = C(value)(result);
        if (tell == C(tell_specials)) {
            specials |= a + ((U)1 << MAN);
            continue;
        }
        top = top > (S)a ? top : (S)a;
        if (tell == C(tell_flags)) {
            inexact |= cut;
            overflow |= past;
            underflow |= cut & C(below)((S)a, (S)C(either)(negative, tiny1, tiny0));
        } else {
            bottom = a - 1 < bottom ? a - 1 : bottom;
        }
    }
    if (tell == C(tell_flags) && top < (S)infinity) {
        seen->inexact |= inexact | overflow;
        seen->overflow |= overflow;
        seen->underflow |= underflow;
    }
    *met = (C(extent)){tell == C(tell_specials) && specials & sign ? infinity : (U)top, bottom};
}

#define X(way) \
static void C(quick_##way)(F *out, const F *in, size_t n, const hu_grid *g, hu_seen *seen, C(extent) *met) \
{ if (g->quick == HU_QUICK_SAME_RANGE) C(quick_by)(HU_WAY_##way, true, false, C(tell_flags), out, in, n, g, seen, met); \
  else C(quick_by)(HU_WAY_##way, false, false, C(tell_flags), out, in, n, g, seen, met); }
HU_FIXED_MAP(X)
#undef X

static inline bool C(over_is_plain)(const hu_grid *g)
{
    return (U)(g->over[0] ^ g->over[1]) == (U)1 << (C(width) - 1);
}

#ifdef OWN_GLANCE
#include OWN_GLANCE
#else
static inline __attribute__((always_inline))
void C(glance_by)(hu_way way, bool same_range, bool plain, bool extent, F *out, const F *in, size_t n, const hu_grid *g, C(extent) *met)
{
    if (extent)
        C(quick_by)(way, same_range, false, C(tell_extent), out, in, n, g, NULL, met);
    else if (plain)
        C(quick_by)(way, same_range, true, C(tell_specials), out, in, n, g, NULL, met);
    else
        C(quick_by)(way, same_range, false, C(tell_specials), out, in, n, g, NULL, met);
}

#define X(way) \
static void C(glance_##way)(F *out, const F *in, size_t n, bool extent, const hu_grid *g, C(extent) *met) \
{ if (g->quick == HU_QUICK_SAME_RANGE) C(glance_by)(HU_WAY_##way, true, C(over_is_plain)(g), extent, out, in, n, g, met); \
  else C(glance_by)(HU_WAY_##way, false, C(over_is_plain)(g), extent, out, in, n, g, met); }
HU_FIXED_MAP(X)
#undef X
#endif
