/* tile.body.h - the innermost loops of GEMM: one tile of the result, kept in registers, over a stretch of k.
 *
 * Included once a carrier with F, C(name), VFMA(a, b, c), the fused operation on vectors, and VSPLAT(x), x in all of one's
 * elements. Panels: a [k][TILE_ROWS],
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
#undef OWN_STEP
