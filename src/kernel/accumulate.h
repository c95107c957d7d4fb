/* accumulate.h - what the parts of accumulate.c share: a call, a tile, its terms and its orders. Internal to src/kernel.
 *
 * A row of up to HU_TILE neighboring elements of the result is worked on together, one term at a time: their terms
 * are independent of one another, so that the loops of lanes.h apply. A dot product is a result of one element.
 *
 * Shapes: a [m][k], b [k][n], c [m][n]; i, j, k count along m, n, k.
 */
#ifndef HU_KERNEL_ACCUMULATE_H
#define HU_KERNEL_ACCUMULATE_H

#include "src/kernel/multiply-plan.h"
#include "src/kernel/plan.h"

/* Elements of a tile; of one whose sums are exact, which take more room. */
enum { HU_TILE = 128, HU_TILE_EXACT = 16 };

/* Where the random words of inner and outer sums begin, counted from env->random.index. */
#define HU_WORDS_PAIRWISE (UINT64_C(1) << 61)
#define HU_WORDS_OUTER    (UINT64_C(1) << 62)

/* And those of whose upper halves the words of sums in order are made: row i's, and column j's. */
#define HU_WORDS_ROWS     (UINT64_C(2) << 62)
#define HU_WORDS_COLUMNS  (UINT64_C(3) << 62)

/* Integer sums made ready (accumulate-integer.c): the factors as integers of 32, 64 or 128 bits, a [m][k], b in strips [n / HU_INTEGER_ACROSS][k][HU_INTEGER_ACROSS]
 * filled up with zeros; or none, and terms come as doubles. */
typedef struct hu_integer_sums {
    hu_integer_range range;
    hu_integer_way way;
    int size;                           /* of the integers, in bytes; 0: none */
    int fraction;
    size_t k, strips;
    void *a, *b;
} hu_integer_sums;

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
    const hu_multiplier *multiplier;    /* NULL: products are products */
    hu_lmul lmul;
    uint32_t *codes_a, *codes_b;        /* of the factors, for a table; as a and b lie in memory, but dense */
    const hu_scales *scales;            /* NULL: none */
    const hu_integer_sums *integer;     /* NULL: no integers */
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

/* out = term k's products by the multiplier and the product's format, where there is either. */
void hu_tile_product(hu_tile *t, size_t k, double *out);

/* out = op(a, b, c) of the tile's elements by the plan; NULL: in the carrier's own arithmetic. */
void hu_tile_block(hu_tile *t, const hu_plan *plan, double *out, hu_elementwise op, const double *a, const double *b,
                   const double *c, hu_draw draw);

/* Term k of the tile's first element draws the words 2e and 2e + 1 (`which`), e being its place in [m][n][k]. */
hu_draw hu_tile_draw(const hu_tile *t, size_t k, int which);

/* The words that sums in order draw for term k, as hu_draw has them; NULL where nothing is drawn. */
const uint64_t *hu_tile_words_of(const hu_tile *t, size_t k, uint64_t words[HU_TILE]);

/* out = the sums of the terms k0 .. k1 - 1 in the order of the call. */
void hu_tile_sum(hu_tile *t, size_t k0, size_t k1, double *out);

/* out = the integer sums of the terms k0 .. k1 - 1, as values of the carrier. */
void hu_tile_integer(hu_tile *t, size_t k0, size_t k1, double *out);

/* Makes integer sums ready; `sums` is cleared by hu_integer_clear whatever comes back. what: who asks. */
hu_status hu_integer_init(hu_integer_sums *sums, const hu_accumulation *g, const hu_accumulator *acc, bool no_flags, const char *what, hu_error *err);
void      hu_integer_clear(hu_integer_sums *sums);

/* total += the sums of that chunk, scaled, in the outer format. */
void hu_tile_promote(hu_tile *t, size_t chunk, const double *part, double *total);

/* Writes c, tile by tile. Returns the flags. */
hu_flags hu_accumulation_run(const hu_accumulation *g);

/* Writes c, the sums of all chunks being made as matrices by the loops of gemm.h, for a call whose terms raise no flags that anybody wants. False where there
 * are no loops for this; what c holds is then to be written over. */
bool hu_accumulation_run_parts(const hu_accumulation *g, const hu_accumulator *acc);

/* Whether the accumulator's fields go together, and the shapes with them (accumulate-check.c). what: who asks. */
hu_status hu_accumulator_check(const hu_accumulator *acc, const hu_gemm_shape *s, bool is_f32, const char *what, hu_error *err);
hu_status hu_check_overlap(const char *what, const void *c, const void *a, const void *b, const hu_gemm_shape *s, const hu_gemm_batch *batch, bool is_f32, hu_error *err);

/* How many terms are summed under one scale, where there are scales. */
size_t hu_scales_chunk(const hu_accumulator *acc, size_t k);

#endif
