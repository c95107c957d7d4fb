/* accumulate-parts.c - chunks by fast loops: the sums of one chunk for all of c, then added, scaled, to what there is.
 *
 * In place of a pass over k for each tile there is one over c for each chunk; the additions are the same ones.
 */
#include <string.h>

#include "src/base/memory.h"
#include "src/kernel/accumulate.h"
#include "src/kernel/gemm.h"

static const void *at(const hu_accumulation *g, const void *from, size_t i)
{
    return g->is_f32 ? (const void *)((const float *)from + i) : (const void *)((const double *)from + i);
}

/* part = the sums of the terms k0 ... k1 - 1. */
static bool sum_part(const hu_accumulation *g, const hu_accumulator *acc, void *part, size_t k0, size_t k1)
{
    hu_gemm_shape s = g->s;
    const void *a = at(g, g->a, s.a_transposed ? k0 * s.lda : k0), *b = g->b ? at(g, g->b, s.b_transposed ? k0 : k0 * s.ldb) : NULL;
    s.k = k1 - k0;
    s.ldc = s.n;
    if (!g->block)
        return hu_gemm_tiled(part, a, b, &s, &(hu_tiled){.product = g->product, .sum = g->sum, .is_f32 = g->is_f32});
    hu_accumulator group = {.block = acc->block};
    return hu_block_fma_gemm(part, a, b, &s, g->is_f32, &group, NULL);
}

/* A piece of a row: c += s part, or c = for the first chunk. */
static void promote(const hu_accumulation *g, const void *part, size_t chunk, size_t i, size_t j)
{
    hu_tile t = {.job = g, .i = i, .j = j, .n = g->s.n - j < HU_TILE ? g->s.n - j : HU_TILE};
    double sums[HU_TILE], total[HU_TILE] = {0};
    size_t to = i * g->s.ldc + j, from = i * g->s.n + j;
    for (size_t l = 0; l < t.n; l++)
        sums[l] = g->is_f32 ? (double)((const float *)part)[from + l] : ((const double *)part)[from + l];
    for (size_t l = 0; chunk > 0 && l < t.n; l++)
        total[l] = g->is_f32 ? (double)((float *)g->c)[to + l] : ((double *)g->c)[to + l];
    hu_tile_promote(&t, chunk, sums, total);
    if (g->is_f32)
        g->lanes->store_f32((float *)g->c + to, total, t.n);
    else
        memcpy((double *)g->c + to, total, t.n * sizeof *total);
}

static void promote_all(const hu_accumulation *g, const void *part, size_t chunk)
{
    size_t across = (g->s.n + HU_TILE - 1) / HU_TILE, pieces = g->s.m * across;
    int threads = g->s.m * g->s.n >= 1 << 14 ? hu_threads() : 1;
    #pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (size_t p = 0; p < pieces; p++)
        promote(g, part, chunk, p / across, p % across * HU_TILE);
}

bool hu_accumulation_run_parts(const hu_accumulation *call, const hu_accumulator *acc)
{
    hu_accumulation g = *call;
    hu_plan own;
    hu_env nearest = hu_env_default();
    if ((g.sum && g.sum->is_random) || (g.product && g.product->is_random) || g.s.k == 0 || (g.outer && g.outer->format->family->logarithmic))
        return false;
    if (!g.outer && g.is_f32) {                 /* the same bits as the carrier's own, and vectors */
        hu_plan_init(&own, hu_format_find("e8m23", NULL), &nearest);
        g.outer = &own;
    }
    void *part = hu_aligned(g.s.m * g.s.n + 1, g.is_f32 ? sizeof(float) : sizeof(double));
    bool done = part != NULL;
    for (size_t k0 = 0; done && k0 < g.s.k; k0 += g.chunk) {
        done = sum_part(&g, acc, part, k0, g.s.k - k0 < g.chunk ? g.s.k : k0 + g.chunk);
        if (done)
            promote_all(&g, part, k0 / g.chunk);
    }
    hu_free(part);
    return done;
}
