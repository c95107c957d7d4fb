/* accumulate.h - what the parts of accumulate.c share: a call, a tile, its terms and its orders. Internal to src/kernel.
 *
 * A row of up to HU_TILE neighboring elements of the result is worked on together, one term at a time: their terms
 * are independent of one another, so that the loops of lanes.h apply. A dot product is a result of one element.
 *
 * Shapes: a [m][k], b [k][n], c [m][n]; i, j, k count along m, n, k.
 */
#ifndef HU_KERNEL_ACCUMULATE_H
#define HU_KERNEL_ACCUMULATE_H

#include "src/kernel/plan.h"

/* Elements of a tile; of one whose sums are exact, which take more room. */
enum { HU_TILE = 128, HU_TILE_EXACT = 16 };

/* Where the random words of inner and outer sums begin, counted from env->random.index. */
#define HU_WORDS_PAIRWISE (UINT64_C(1) << 61)
#define HU_WORDS_OUTER    (UINT64_C(1) << 62)

/* A call. A plan that is NULL stands for the carrier's own arithmetic. */
typedef struct hu_accumulation {
    const hu_plan *product, *sum, *outer;
    const hu_lanes *lanes;
    const hu_format *exact_to;          /* what exact sums are rounded to */
    const hu_block_fma *block;          /* NULL: none */
    hu_order order;
    size_t chunk, width;                /* of a tile                      */
    bool is_f32, has_product;
    const void *a, *b;
    void *c;
    hu_gemm_shape s;
    uint64_t index;                     /* random words are counted from here */
} hu_accumulation;

/* One row's piece: elements (i, j) .. (i, j + n - 1). */
typedef struct hu_tile {
    const hu_accumulation *job;
    size_t i, j, n;
    hu_flags flags;
    hu_seen seen;
} hu_tile;

/* Term k's factors: a[i][k] n times over, and b[k][j ...]. */
void hu_tile_load(hu_tile *t, size_t k, double *a, double *b);

/* out = op(a, b, c) of the tile's elements by the plan; NULL: in the carrier's own arithmetic. */
void hu_tile_block(hu_tile *t, const hu_plan *plan, double *out, hu_elementwise op, const double *a, const double *b,
                   const double *c, hu_draw draw);

/* Term k of the tile's first element draws the words 2e and 2e + 1 (`which`), e being its place in [m][n][k]. */
hu_draw hu_tile_draw(const hu_tile *t, size_t k, int which);

/* out = the sums of the terms k0 .. k1 - 1 in the order of the call. */
void hu_tile_sum(hu_tile *t, size_t k0, size_t k1, double *out);

#endif
