/* accumulate.c - sums, dot products and GEMM under an accumulator: what is asked for, checked, cut into tiles and run. */
#include <string.h>

#include "src/kernel/accumulate.h"
#include "src/kernel/gemm.h"

static void sum_chunks(hu_tile *t, double *out)
{
    const hu_accumulation *g = t->job;
    const hu_gemm_shape *s = &g->s;
    double part[HU_TILE];
    size_t chunks = s->k / g->chunk + (s->k % g->chunk != 0);
    memset(out, 0, t->n * sizeof *out);
    for (size_t c = 0; c < chunks; c++) {
        size_t k0 = c * g->chunk;
        hu_tile_sum(t, k0, s->k - k0 < g->chunk ? s->k : k0 + g->chunk, part);
        uint64_t place = ((uint64_t)t->i * s->n + t->j) * chunks + c;
        hu_tile_block(t, g->outer, out, HU_ADD, out, part, NULL, (hu_draw){g->index + HU_WORDS_OUTER + place, chunks});
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

static hu_flags run(const hu_accumulation *g)
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

static hu_status check(const char *what, const hu_accumulator *acc, const hu_gemm_shape *s, bool is_f32, hu_error *err)
{
    const struct { const char *role; const hu_format *format; } formats[] = {
        {"the product ", acc->product}, {"the sum ", acc->sum}, {"the outer ", acc->outer},
    };
    for (int i = 0; i < 3; i++) {
        hu_status status = formats[i].format ? hu_check_fit(what, formats[i].role, formats[i].format, is_f32, err) : HU_OK;
        if (status)
            return status;
    }
    if ((unsigned)acc->order > HU_ORDER_EXACT)
        return hu_fail(err, HU_EINVAL, "%s: there is no order %d; sequential (0), pairwise (1) and exact (2) will do", what, (int)acc->order);
    if (acc->block.group != 0) {
        hu_status status = hu_block_fma_check(&acc->block, what, is_f32, err);
        if (status)
            return status;
        if (acc->product || acc->sum || acc->order != HU_ORDER_SEQUENTIAL)
            return hu_fail(err, HU_EINVAL, "%s: a block FMA adds in order and in formats of its own; product, sum and another order go without one", what);
    }
    size_t a_row = s->a_transposed ? s->m : s->k, b_row = s->b_transposed ? s->k : s->n;
    if ((s->m && s->k && s->lda < a_row) || (s->k && s->n && s->ldb < b_row) || (s->m && s->n && s->ldc < s->n))
        return hu_fail(err, HU_ESHAPE, "%s: rows of %zu, %zu and %zu elements stand %zu, %zu and %zu apart", what,
                       a_row, b_row, s->n, s->lda, s->ldb, s->ldc);
    return HU_OK;
}

static hu_status accumulate(const char *what, void *c, const void *a, const void *b, const hu_gemm_shape *shape,
                            bool is_f32, const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    hu_status status = check(what, acc, shape, is_f32, err);
    if (status)
        return status;
    const hu_format *formats[3] = {acc->product, acc->sum, acc->outer ? acc->outer : acc->sum};
    hu_plan plans[3];
    const hu_plan *plan[3];
    bool is_own = true;
    for (int i = 0; i < 3; i++) {
        if (formats[i])
            hu_plan_init(&plans[i], formats[i], env);
        plan[i] = formats[i] ? &plans[i] : NULL;
        is_own = is_own && !formats[i];
    }
    hu_tiled how = {.product = plan[0], .sum = plan[1], .is_f32 = is_f32};
    bool no_flags = is_own || env->no_flags;
    if (acc->block.group != 0) {
        if (env->no_flags && hu_block_fma_gemm(c, a, b, shape, is_f32, acc, plan[2]))
            return HU_OK;
    } else if (no_flags && acc->order == HU_ORDER_SEQUENTIAL && acc->chunk == 0 && hu_gemm_tiled(c, a, b, shape, &how))
        return HU_OK;
    hu_accumulation g = {.product = plan[0], .sum = plan[1], .outer = plan[2], .lanes = hu_lanes_chosen(), .order = acc->order,
             .block = acc->block.group ? &acc->block : NULL,
             .exact_to = acc->sum ? acc->sum : hu_format_find(is_f32 ? "e8m23" : "e11m52", NULL),
             .width = acc->order == HU_ORDER_EXACT ? HU_TILE_EXACT : HU_TILE, .chunk = acc->chunk,
             .is_f32 = is_f32, .has_product = acc->product != NULL, .a = a, .b = b, .c = c, .s = *shape, .index = env->random.index};
    env->flags |= run(&g);
    if (env->rounding->random_bits > 0)
        env->random.index += 2 * (uint64_t)shape->m * shape->n * shape->k;
    return HU_OK;
}

hu_status hu_gemm_f32(float *c, const float *a, const float *b, hu_gemm_shape shape,
                      const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    return accumulate("gemm", c, a, b, &shape, true, acc, env, err);
}

hu_status hu_gemm_f64(double *c, const double *a, const double *b, hu_gemm_shape shape,
                      const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    return accumulate("gemm", c, a, b, &shape, false, acc, env, err);
}

hu_status hu_dot_f64(double *out, const double *a, const double *b, size_t n,
                     const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    hu_gemm_shape shape = {.m = 1, .n = 1, .k = n, .lda = n, .ldb = 1, .ldc = 1};
    return accumulate("dot", out, a, b, &shape, false, acc, env, err);
}

hu_status hu_sum_f64(double *out, const double *x, size_t n, const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    hu_accumulator without_product = *acc;
    without_product.product = NULL;
    hu_gemm_shape shape = {.m = 1, .n = 1, .k = n, .lda = n, .ldb = 1, .ldc = 1};
    return accumulate("sum", out, x, NULL, &shape, false, &without_product, env, err);
}
