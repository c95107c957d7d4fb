/* tile.body.h - the innermost loops of GEMM: one tile of the result, kept in registers, over a stretch of k.
 *
 * Included once a carrier with F, C(name), VFMA(a, b, c), the fused operation on vectors, and VSPLAT(x), x in all of one's
 * elements. S is a word of its width with a sign. Panels: a [k][TILE_ROWS],
 * b [k][C(columns)]; acc [TILE_ROWS][C(columns)] comes in with what earlier stretches gave. Terms are added upward over k.
 */
typedef F C(vec) __attribute__((vector_size(TILE_VECTOR_BYTES), aligned(TILE_VECTOR_BYTES)));

enum { C(in_vec) = TILE_VECTOR_BYTES / sizeof(F), C(columns) = 2 * C(in_vec) };

/* STEP(c, x, y, ...) is c with the term x y; CONSTANTS makes what it needs of the grids. */
#define TILE(name, STEP, CONSTANTS, ...)                                                       \
static void name(F *acc, const F *a, const F *b, size_t k, const hu_grid *product, const hu_grid *sum) \
{                                                                                              \
    CONSTANTS(product, sum)                                                                    \
    C(vec) c[TILE_ROWS][2];                                                                    \
    _Pragma("GCC unroll 16")                                                                   \
    for (int r = 0; r < TILE_ROWS; r++) {                                                      \
        c[r][0] = ((const C(vec) *)acc)[2 * r];                                                \
        c[r][1] = ((const C(vec) *)acc)[2 * r + 1];                                            \
    }                                                                                          \
    for (size_t l = 0; l < k; l++) {                                                           \
        C(vec) b0 = ((const C(vec) *)b)[2 * l], b1 = ((const C(vec) *)b)[2 * l + 1];           \
        _Pragma("GCC unroll 16")                                                               \
        for (int r = 0; r < TILE_ROWS; r++) {                                                  \
            C(vec) factor = VSPLAT(a[l * TILE_ROWS + (size_t)r]);                              \
            c[r][0] = STEP(c[r][0], factor, b0, __VA_ARGS__);                                  \
            c[r][1] = STEP(c[r][1], factor, b1, __VA_ARGS__);                                  \
        }                                                                                      \
    }                                                                                          \
    _Pragma("GCC unroll 16")                                                                   \
    for (int r = 0; r < TILE_ROWS; r++) {                                                      \
        ((C(vec) *)acc)[2 * r] = c[r][0];                                                      \
        ((C(vec) *)acc)[2 * r + 1] = c[r][1];                                                  \
    }                                                                                          \
}

/* The carrier's own arithmetic, fused. */
#define NO_GRIDS(product, sum) (void)product, (void)sum;
#define OWN_STEP(c, x, y, nothing) VFMA(x, y, c)
TILE(C(tile_own), OWN_STEP, NO_GRIDS, 0)

/* The same in the result itself, of which it is a whole tile, its rows `apart`: from zero where `fresh`, else from what is there. A NaN becomes
 * the plain one. The tile below, which mostly comes next, is asked for. */
static void C(tile_whole)(F *to, size_t apart, bool fresh, const F *a, const F *b, size_t k)
{
    typedef F vec_at __attribute__((vector_size(TILE_VECTOR_BYTES), aligned(sizeof(F)), may_alias));
    typedef S mask __attribute__((vector_size(TILE_VECTOR_BYTES)));
    const C(vec) none = {0};
    const mask nan = (mask)(none + (F)__builtin_nan(""));
    C(vec) c[TILE_ROWS][2];
    F *at = to;
    _Pragma("GCC unroll 16")
    for (int r = 0; r < TILE_ROWS; r++, at += apart) {
        c[r][0] = c[r][1] = none;
        const char *below = (const char *)((uintptr_t)at + TILE_ROWS * apart * sizeof *at);
        __builtin_prefetch(below, 1);
        __builtin_prefetch(below + C(columns) * sizeof *at - 1, 1);
    }
    at = to;
    if (!fresh) {
        _Pragma("GCC unroll 16")
        for (int r = 0; r < TILE_ROWS; r++, at += apart) {
            c[r][0] = *(const vec_at *)at;
            c[r][1] = *(const vec_at *)(at + C(in_vec));
        }
    }
    for (size_t l = 0; l < k; l++) {
        C(vec) b0 = ((const C(vec) *)b)[2 * l], b1 = ((const C(vec) *)b)[2 * l + 1];
        _Pragma("GCC unroll 16")
        for (int r = 0; r < TILE_ROWS; r++) {
            C(vec) factor = VSPLAT(a[l * TILE_ROWS + (size_t)r]);
            c[r][0] = OWN_STEP(c[r][0], factor, b0, 0);
            c[r][1] = OWN_STEP(c[r][1], factor, b1, 0);
        }
    }
    at = to;
    _Pragma("GCC unroll 16")
    for (int r = 0; r < TILE_ROWS; r++, at += apart) {
        mask n0 = c[r][0] != c[r][0], n1 = c[r][1] != c[r][1];
        *(vec_at *)at = (C(vec))(((mask)c[r][0] & ~n0) | (nan & n0));
        *(vec_at *)(at + C(in_vec)) = (C(vec))(((mask)c[r][1] & ~n1) | (nan & n1));
    }
}
#undef OWN_STEP

/* A whole tile from the result, whose rows are `apart`, and back, where a NaN becomes the plain one. Of the tile below the same as above. */
static void C(tile_get)(F *acc, const F *from, size_t apart)
{
    for (size_t r = 0; r < TILE_ROWS; r++) {
        const char *below = (const char *)((uintptr_t)(from + r * apart) + TILE_ROWS * apart * sizeof *from);
        __builtin_prefetch(below, 1);
        __builtin_prefetch(below + C(columns) * sizeof *from - 1, 1);
        memcpy(acc + r * C(columns), from + r * apart, C(columns) * sizeof *acc);
    }
}

static void C(tile_put)(F *to, size_t apart, const F *acc)
{
    for (size_t r = 0; r < TILE_ROWS; r++)
        for (size_t l = 0; l < C(columns); l++) {
            F x = acc[r * C(columns) + l];
            to[r * apart + l] = x == x ? x : (F)__builtin_nan("");
        }
}
