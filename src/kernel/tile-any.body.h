/* tile-any.body.h - tiles of GEMM in which every sum, or every product and sum, is rounded to a format, in any mode that draws nothing.
 *
 * Included once a carrier after tile.body.h, with U (words of its width), S (the same with sign), MAN and VFMA_DOWN(x, y, c). The
 * processor rounds downward while these run. An operation and its negative then give the two numbers of the carrier around the
 * exact result, or the result itself twice; of two neighbors one has an odd code, and that one is the result rounded to odd, from
 * which later roundings to at most MAN - 1 bits come out right (Boldo and Melquiond, IEEE TC 57(4), 2008). Of its magnitude the
 * part below the format's last place, `rest`, is compared with what the mode asks for.
 *
 * Magnitudes are compared as numbers of the carrier, since not every processor compares words of 64 bits.
 */
typedef U C(uvec) __attribute__((vector_size(TILE_VECTOR_BYTES), aligned(TILE_VECTOR_BYTES)));
typedef S C(svec) __attribute__((vector_size(TILE_VECTOR_BYTES), aligned(TILE_VECTOR_BYTES)));

/* What a rounding needs of a grid. The rest has to be above (half of the last place & nearest) + base, and where the kept
 * last bit is odd or the number negative, that much changed. */
typedef struct C(any_grid) {
    U sign, emin, to_c, to_half, big, max, over, over_differs, down_sign, step, half;
    U nearest, base, if_odd, if_negative;
    int drop;
} C(any_grid);

static C(any_grid) C(any_grid_of)(const hu_grid *g)
{
    const U never = (U)(((uint64_t)0x7ff << MAN) & ((U)~(U)0 >> 1) & ~(((U)1 << MAN) - 1)), all = ~(U)0;
    static const struct { bool nearest; int base, if_odd, if_negative; } modes[HU_N_FIXED] = {   /* 1: never, -1: all ones */
        [HU_WAY_rne] = {true, 0, -1, 0},  [HU_WAY_rna] = {true, -1, 0, 0}, [HU_WAY_rnz] = {true, 0, 0, 0},
        [HU_WAY_ru]  = {false, 0, 0, 1},  [HU_WAY_rd]  = {false, 1, 0, 1}, [HU_WAY_rz]  = {false, 1, 0, 0},
        [HU_WAY_raz] = {false, 0, 0, 0},  [HU_WAY_ro]  = {false, 0, 1, 0},
    };
    const U word[3] = {all, 0, never};
    const U sign = (U)1 << (8 * sizeof(U) - 1);
    int way = g->way < HU_N_FIXED ? (int)g->way : HU_WAY_rne;      /* a mode that draws has no use for these */
    return (C(any_grid)){
        .sign = (U)g->negative_zero, .emin = (U)g->emin << MAN, .to_c = (U)g->drop << MAN, .to_half = (U)(g->drop - MAN - 1) << MAN,
        .big = (U)g->big, .max = (U)g->max, .over = (U)g->over[0] & ~sign, .over_differs = (U)(g->over[0] ^ g->over[1]) & ~sign,
        .down_sign = way == HU_WAY_rd ? sign : 0, .step = (U)1 << g->drop, .half = (U)1 << (g->drop - 1), .drop = g->drop,
        .nearest = modes[way].nearest ? all : 0, .base = word[modes[way].base + 1], .if_odd = word[modes[way].if_odd + 1],
        .if_negative = word[modes[way].if_negative + 1],
    };
}

static inline __attribute__((always_inline)) C(uvec) C(pick)(C(svec) mask, C(uvec) a, C(uvec) b)
{
    return b ^ ((a ^ b) & (C(uvec))mask);
}

#if MAN == 52
/* The largest rest that stays below: just less than 2^-32 (2^32 - word) of the last place. Bits of words are those below a double's exponent. */
static inline __attribute__((always_inline)) C(uvec) C(drawn_reach)(C(uvec) half, C(uvec) word, U halves)
{
    const C(uvec) none = {0};
    C(vec) part = 2.0 - (C(vec))(word | ((U)0x3ff << MAN)), last = (C(vec))(half + ((U)1 << MAN));
    C(uvec) takes_any = (none - (word >> (MAN - 1) & 1)) & halves;
    return ((C(uvec))(part * last) - 1) & ~takes_any;
}
#else
static inline __attribute__((always_inline)) C(uvec) C(drawn_reach)(C(uvec) half, C(uvec) word, U halves)
{
    (void)word, (void)halves;
    return half;
}
#endif

/* On the grid: what lies between down and -minus_up, which are neighbors or the same; by random words where `word` is given. */
static inline __attribute__((always_inline))
C(vec) C(any_round)(C(vec) down_value, C(vec) minus_up, const C(any_grid) *g, bool same_range, bool may_be_nan, const C(uvec) *word, U halves)
{
    const C(uvec) none = {0};
    const U infinity = (U)(((uint64_t)0x7ff << MAN) & ((U)~(U)0 >> 1) & ~(((U)1 << MAN) - 1));
    C(uvec) down = (C(uvec))down_value, up = (C(uvec))minus_up ^ g->sign;
    C(uvec) a = C(pick)((C(svec))(none - (down & 1)), down, up) & ~g->sign, sign = (up | (down & g->down_sign)) & g->sign;
    C(uvec) negative = none - (sign >> (8 * sizeof(U) - 1)), odd, rest, half, y;
    C(vec) c = {0};
    if (same_range) {
        rest = a & (g->step - 1);
        y = a - rest;
        odd = none - ((a >> g->drop) & 1);
        half = none + g->half;
    } else {
        C(uvec) big = none + g->big, emin = none + g->emin, e;
        a = C(pick)((C(vec))a < (C(vec))big, a, big);
        e = a & infinity;
        e = C(pick)((C(vec))e > (C(vec))emin, e, emin);
        c = (C(vec))(e + g->to_c);
        y = (C(uvec))((C(vec))a + c);
        rest = (C(uvec))((C(vec))a - ((C(vec))y - c));
        odd = none - (y & 1);
        half = e + g->to_half;
    }
    C(uvec) reach = (half & g->nearest) + (g->base ^ (odd & g->if_odd) ^ (negative & g->if_negative));
    C(uvec) farther;
    if (word)
        reach = C(drawn_reach)(half, *word, halves);
    if (same_range) {
        farther = (C(uvec))((C(svec))rest > (C(svec))reach);
        y += farther & g->step;
    } else {
        farther = (C(uvec))((C(vec))rest > (C(vec))reach);
        y = (C(uvec))((C(vec))(y - farther) - c) & ~g->sign;
    }
    C(uvec) over = g->over ^ (negative & g->over_differs), max = none + g->max;
    if (same_range)
        y = C(pick)((C(svec))y > (C(svec))max, over, y);
    else
        y = C(pick)((C(vec))y > (C(vec))max, over, y);
    y |= sign;
    if (may_be_nan)
        y = C(pick)(down_value != down_value, down, y);
    return (C(vec))y;
}

static inline __attribute__((always_inline)) C(vec) C(negative)(C(vec) x, const C(any_grid) *g)
{
    return (C(vec))((C(uvec))x ^ g->sign);
}

static inline __attribute__((always_inline))
C(vec) C(any_fma)(C(vec) c, C(vec) x, C(vec) y, const C(any_grid) *s, bool same_range)
{
    return C(any_round)(VFMA_DOWN(x, y, c), VFMA_DOWN(C(negative)(x, s), y, C(negative)(c, s)), s, same_range, false, NULL, 0);
}

static inline __attribute__((always_inline))
C(vec) C(any_mul_add)(C(vec) c, C(vec) x, C(vec) y, const C(any_grid) *p, bool p_same, const C(any_grid) *s, bool s_same)
{
    C(vec) product = C(any_round)(x * y, C(negative)(x, p) * y, p, p_same, false, NULL, 0);
    return C(any_round)(c + product, C(negative)(c, s) - product, s, s_same, true, NULL, 0);
}

#define ANY_GRIDS(product, sum) const C(any_grid) p = C(any_grid_of)(product ? product : sum), s = C(any_grid_of)(sum); (void)p;
TILE(C(tile_any_fma_add), C(any_fma), ANY_GRIDS, &s, false)
TILE(C(tile_any_fma_same), C(any_fma), ANY_GRIDS, &s, true)
TILE(C(tile_any_mul_add_add), C(any_mul_add), ANY_GRIDS, &p, false, &s, false)
TILE(C(tile_any_mul_add_same), C(any_mul_add), ANY_GRIDS, &p, false, &s, true)
TILE(C(tile_any_mul_same_add), C(any_mul_add), ANY_GRIDS, &p, true, &s, false)
TILE(C(tile_any_mul_same_same), C(any_mul_add), ANY_GRIDS, &p, true, &s, true)

#if MAN == 52
static inline __attribute__((always_inline))
C(vec) C(drawn_fma)(C(vec) c, C(vec) x, C(vec) y, C(uvec) word, const C(any_grid) *s, U halves)
{
    return C(any_round)(VFMA_DOWN(x, y, c), VFMA_DOWN(C(negative)(x, s), y, C(negative)(c, s)), s, false, false, &word, halves);
}

/* Upper halves of words of the columns from `at` on, below the exponent. */
static inline __attribute__((always_inline)) C(uvec) C(spread_words)(const uint32_t *at)
{
    C(uvec) word;
    for (int i = 0; i < C(in_vec); i++)
        word[i] = (U)at[i] << 20;
    return word;
}

/* Has to round downward, as the others. */
static void C(tile_drawn)(F *acc, const F *a, const F *b, size_t k, const hu_tile_words *w)
{
    const C(any_grid) s = C(any_grid_of)(w->f64);
    const U halves = 0 - (U)w->halves;
    C(vec) *c = (C(vec) *)acc;
    for (size_t l = 0; l < k; l++) {
        C(vec) b0 = ((const C(vec) *)b)[2 * l], b1 = ((const C(vec) *)b)[2 * l + 1];
        C(uvec) w0 = C(spread_words)(w->columns + l * C(columns)), w1 = C(spread_words)(w->columns + l * C(columns) + C(in_vec));
        for (size_t r = 0; r < TILE_ROWS; r++) {
            C(vec) factor = VSPLAT(a[l * TILE_ROWS + r]);
            U row = (U)w->rows[l * TILE_ROWS + r] << 20;
            c[2 * r] = C(drawn_fma)(c[2 * r], factor, b0, w0 ^ row, &s, halves);
            c[2 * r + 1] = C(drawn_fma)(c[2 * r + 1], factor, b1, w1 ^ row, &s, halves);
        }
    }
}
#endif
