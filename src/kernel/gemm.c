/* gemm.c - GEMM by packed panels and tiles: which loop does it, and whether it may. */
#include "src/kernel/gemm.h"

#include <limits.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "src/base/memory.h"

/* A panel of b (DEPTH by a tile's columns) stays in the first cache, a block of a (ROWS by DEPTH) in the second. */
enum { DEPTH = 256, ROWS = 240, BAND = 1024, MAX_TILE = 16 * 32, FEW = 64 };

static const double WORTH_THREADS = 1 << 18;      /* multiplications */

#define F float
#define C(name) float_##name
#define FMA __builtin_fmaf
typedef hu_tile_f32_fn float_tile_fn;
#include "src/kernel/gemm.body.h"
#undef F
#undef C
#undef FMA

#define F double
#define C(name) double_##name
#define FMA __builtin_fma
typedef hu_tile_f64_fn double_tile_fn;
#include "src/kernel/gemm.body.h"
#undef F
#undef C
#undef FMA

/* ---- whether rounding tiles may be used: they round to nearest-even, are told nothing of flags, and add what is finite ---- */

static const uint64_t SIGN = UINT64_C(1) << 31, INFINITE = UINT64_C(0xff) << 23;

static bool is_nan(uint64_t bits)
{
    return (bits & ~SIGN) > INFINITE;
}

static bool loops_round_to(const hu_plan *p)
{
    const hu_grid *g = &p->grid_f32;
    if (!p->has_f32 || p->way != HU_WAY_rne || p->format->man_bits > 21)
        return false;
    if (g->quick == HU_QUICK_SAME_RANGE)
        return g->over[0] == INFINITE && g->over[1] == (INFINITE | SIGN) && g->max == INFINITE - (UINT64_C(1) << g->drop);
    return g->quick == HU_QUICK_ADD && (g->over[1] == (g->over[0] | SIGN) || is_nan(g->over[0]));
}

/* What the factors of one matrix are like. */
typedef struct factors {
    bool finite;
    int lowest, highest;                  /* exponents of what is not zero */
    uint32_t bits;                        /* of all significands, OR-ed    */
} factors;

static factors survey(const float *x, size_t rows, size_t columns, size_t apart)
{
    uint32_t bits = 0, top = 0, low = UINT32_MAX;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            uint32_t u, a;
            memcpy(&u, x + i * apart + j, sizeof u);
            a = u & INT32_MAX;
            bits |= a;
            top = a > top ? a : top;
            low = a != 0 && a < low ? a : low;
        }
    return (factors){.finite = top < INFINITE, .lowest = low == UINT32_MAX ? 0 : (int)(low >> 23) - 127,
                     .highest = (int)(top >> 23) - 127, .bits = bits & 0x7fffff};
}

static int significant(uint32_t bits)
{
    return bits ? 24 - __builtin_ctz(bits) : 1;
}

/* Whether all products of the factors are values of the format, so that rounding them changes nothing. */
static bool products_fit(const factors *a, const factors *b, const hu_format *f)
{
    return a->lowest > -127 && b->lowest > -127 && significant(a->bits) + significant(b->bits) <= f->man_bits + 1
        && a->lowest + b->lowest >= f->emin && a->highest + b->highest + 1 < f->emax;
}

static hu_tile_f32_fn *find_tile(const hu_lanes *lanes, const hu_tiled *how, const factors *a, const factors *b)
{
    if (!loops_round_to(how->sum) || !a->finite || !b->finite)
        return NULL;
    int sum = how->sum->grid_f32.quick == HU_QUICK_SAME_RANGE;
    if (!how->product || products_fit(a, b, how->product->format))
        return lanes->tile_fma[sum];
    if (!loops_round_to(how->product))
        return NULL;
    if (!is_nan(how->sum->grid_f32.nan) && (how->product->grid_f32.over[0] & ~SIGN) >= INFINITE)
        return NULL;                      /* infinite products may give a NaN, which the sum's format then has a number for */
    return lanes->tile_mul_add[how->product->grid_f32.quick == HU_QUICK_SAME_RANGE][sum];
}

static bool run_f32(void *c, const void *a, const void *b, const hu_gemm_shape *s, const hu_tiled *how)
{
    const hu_lanes *lanes = hu_lanes_chosen();
    float_call g = {.c = c, .a = a, .b = b, .s = s, .tile = lanes->tile_own_f32, .rows = (size_t)lanes->tile_rows,
                    .columns = (size_t)lanes->tile_bytes / sizeof(float)};
    if (how->sum) {
        factors of_a = survey(a, s->a_transposed ? s->k : s->m, s->a_transposed ? s->m : s->k, s->lda);
        factors of_b = {true, 0, 0, 0};
        if (b)
            of_b = survey(b, s->b_transposed ? s->n : s->k, s->b_transposed ? s->k : s->n, s->ldb);
        g.tile = find_tile(lanes, how, &of_a, &of_b);
        g.product = how->product ? &how->product->grid_f32 : NULL;
        g.sum = &how->sum->grid_f32;
    }
    return g.tile && float_run(&g);
}

/* A few elements, for which tiles would be mostly empty. */
static bool run_few(void *c, const void *a, const void *b, const hu_gemm_shape *s, const hu_tiled *how)
{
    if (how->sum)
        return false;
    if (how->is_f32)
        float_few(c, a, b, s);
    else
        double_few(c, a, b, s);
    return true;
}

bool hu_gemm_tiled(void *c, const void *a, const void *b, const hu_gemm_shape *s, const hu_tiled *how)
{
    const hu_lanes *lanes = hu_lanes_chosen();
    if (how->product && !how->sum)
        return false;
    if (s->m < FEW / (s->n < FEW && s->n > 0 ? s->n : FEW))
        return run_few(c, a, b, s, how);
    if (how->is_f32)
        return run_f32(c, a, b, s, how);
    double_call g = {.c = c, .a = a, .b = b, .s = s, .tile = lanes->tile_own_f64, .rows = (size_t)lanes->tile_rows,
                     .columns = (size_t)lanes->tile_bytes / sizeof(double)};
    return !how->sum && double_run(&g);
}
