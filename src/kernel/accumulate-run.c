/* accumulate-run.c - a call cut into tiles and chunks, over the threads: every accumulator goes this way, if it has no faster one. */
#include <string.h>

#include "src/kernel/accumulate.h"

/* The scales of term k0 for the tile, times one another and rounded to the carrier. */
static void scales_of(const hu_tile *t, size_t k0, double *out)
{
    const hu_scales *s = t->job->scales;
    const hu_gemm_shape *shape = &t->job->s;
    size_t a_rows = s->a_rows ? s->a_rows : shape->m, a_depth = s->a_depth ? s->a_depth : shape->k;
    size_t b_depth = s->b_depth ? s->b_depth : shape->k, b_columns = s->b_columns ? s->b_columns : shape->n;
    size_t a_across = (shape->k + a_depth - 1) / a_depth, b_across = (shape->n + b_columns - 1) / b_columns;
    double left = s->a ? s->a[t->i / a_rows * a_across + k0 / a_depth] : 1;
    for (size_t l = 0; l < t->n; l++) {
        double product = left * (s->b ? s->b[k0 / b_depth * b_across + (t->j + l) / b_columns] : 1);
        out[l] = t->job->is_f32 ? (double)(float)product : product;
    }
}

void hu_tile_promote(hu_tile *t, size_t chunk, const double *part, double *total)
{
    const hu_accumulation *g = t->job;
    const hu_gemm_shape *s = &g->s;
    size_t chunks = s->k / g->chunk + (s->k % g->chunk != 0);
    uint64_t place = ((uint64_t)t->i * s->n + t->j) * chunks + chunk;
    hu_draw draw = {.index = g->index + HU_WORDS_OUTER + place, .stride = chunks};
    double scale[HU_TILE];
    if (!g->scales) {
        hu_tile_block(t, g->outer, total, HU_ADD, total, part, NULL, draw);
        return;
    }
    scales_of(t, chunk * g->chunk, scale);
    hu_tile_block(t, g->outer, total, HU_FMA, part, scale, total, draw);
}

static void sum_chunks(hu_tile *t, double *out)
{
    const hu_accumulation *g = t->job;
    double part[HU_TILE];
    memset(out, 0, t->n * sizeof *out);
    for (size_t k0 = 0; k0 < g->s.k; k0 += g->chunk) {
        hu_tile_sum(t, k0, g->s.k - k0 < g->chunk ? g->s.k : k0 + g->chunk, part);
        hu_tile_promote(t, k0 / g->chunk, part, out);
    }
}

static hu_flags run_tile(const hu_accumulation *g, size_t i, size_t j)
{
    hu_tile t = {.job = g, .i = i, .j = j, .n = g->s.n - j < g->width ? g->s.n - j : g->width};
    double out[HU_TILE];
    if (g->chunk)
        sum_chunks(&t, out);
    else
        hu_tile_sum(&t, 0, g->s.k, out);
    if (g->is_f32)
        g->lanes->store_f32((float *)g->c + i * g->s.ldc + j, out, t.n);
    else
        memcpy((double *)g->c + i * g->s.ldc + j, out, t.n * sizeof *out);
    return t.flags | (t.seen.signaling ? HU_INVALID : 0);
}

hu_flags hu_accumulation_run(const hu_accumulation *g)
{
    size_t across = g->s.n / g->width + (g->s.n % g->width != 0), tiles = g->s.m * across;
    int threads = tiles > 1 && g->s.k > 0 && g->s.m * g->s.n >= 4096 / (g->s.k < 4096 ? g->s.k : 4096) ? hu_threads() : 1;
    hu_flags flags = 0;
    #pragma omp parallel num_threads(threads) if (threads > 1) reduction(|:flags)
    {
        #pragma omp for schedule(static)
        for (size_t tile_at = 0; tile_at < tiles; tile_at++)
            flags |= run_tile(g, tile_at / across, tile_at % across * g->width);
        const hu_plan *const plans[] = {g->product, g->sum, g->outer};
        for (int i = 0; i < 3; i++) {
            if (plans[i])
                hu_plan_end_of_thread(plans[i]->format);
        }
    }
    return flags;
}
