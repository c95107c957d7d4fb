/* accumulate.c - sums, dot products and GEMM under an accumulator.
 *
 * A row of up to WIDTH neighboring elements of the result is worked on together, one term at a time: their terms
 * are independent of one another, so that the loops of lanes.h apply. A dot product is a result of one element.
 *
 * Shapes: a [m][k], b [k][n], c [m][n]; i, j, k count along m, n, k.
 */
#include <string.h>

#include "src/kernel/gemm.h"
#include "src/kernel/plan.h"
#include "src/num/sum.h"
#include "src/ops/ops.h"

/* Exact sums hold every product of two doubles: multiples of 2^-2148 below 2^2048, 2^63 of them. */
enum { WIDTH = 128, EXACT_WIDTH = 16, EXACT_LOW = -2148, EXACT_HIGH = 2048, EXACT_DIGITS = (EXACT_HIGH - EXACT_LOW + 64) / 32 + 6 };

/* Where the random words of inner and outer sums begin, counted from env->random.index. */
static const uint64_t WORDS_PAIRWISE = UINT64_C(1) << 61, WORDS_OUTER = UINT64_C(1) << 62;

/* A call. A plan that is NULL stands for the carrier's own arithmetic. */
typedef struct job {
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
} job;

/* One row's piece: elements (i, j) .. (i, j + n - 1). */
typedef struct tile {
    const job *job;
    size_t i, j, n;
    hu_flags flags;
    hu_seen seen;
} tile;

static void load(const job *g, double *out, const void *x, size_t at, size_t n, size_t stride, hu_seen *seen)
{
    if (g->is_f32)
        g->lanes->load_f32(out, (const float *)x + at, n, stride, seen);
    else
        g->lanes->load_f64(out, (const double *)x + at, n, stride, seen);
}

/* Term k's factors: a[i][k] n times over, and b[k][j ...]. */
static void load_term(tile *t, size_t k, double *a, double *b)
{
    const hu_gemm_shape *s = &t->job->s;
    size_t at = s->a_transposed ? k * s->lda + t->i : t->i * s->lda + k;
    load(t->job, a, t->job->a, at, 1, 1, &t->seen);
    for (size_t l = 1; l < t->n; l++)
        a[l] = a[0];
    if (!t->job->b)
        b[0] = 1;                                             /* a sum: the terms times one */
    else if (s->b_transposed)
        load(t->job, b, t->job->b, t->j * s->ldb + k, t->n, s->ldb, &t->seen);
    else
        load(t->job, b, t->job->b, k * s->ldb + t->j, t->n, 1, &t->seen);
}

/* The carrier's own arithmetic, nearest-even; it raises no flags. */
static void own_block(bool is_f32, double *out, hu_elementwise op, const double *a, const double *b, const double *c, size_t n)
{
    for (size_t l = 0; l < n; l++) {
        if (op == HU_FMA)
            out[l] = is_f32 ? (double)__builtin_fmaf((float)a[l], (float)b[l], (float)c[l]) : __builtin_fma(a[l], b[l], c[l]);
        else if (op == HU_MUL)
            out[l] = is_f32 ? (double)((float)a[l] * (float)b[l]) : a[l] * b[l];
        else if (op == HU_ADD)
            out[l] = is_f32 ? (double)((float)a[l] + (float)b[l]) : a[l] + b[l];
        else
            out[l] = a[l];
        if (out[l] != out[l])
            out[l] = __builtin_nan("");                       /* the processor's may have a sign */
    }
}

static void block(tile *t, const hu_plan *plan, double *out, hu_elementwise op, const double *a, const double *b,
                  const double *c, hu_draw draw)
{
    if (plan)
        t->flags |= hu_plan_block(plan, out, op, a, b, c, t->n, t->job->is_f32, draw);
    else
        own_block(t->job->is_f32, out, op, a, b, c, t->n);
}

/* Term k of the tile's first element draws the words 2e and 2e + 1, e being its place in [m][n][k]. */
static hu_draw term_draw(const tile *t, size_t k, int which)
{
    const hu_gemm_shape *s = &t->job->s;
    uint64_t place = ((uint64_t)t->i * s->n + t->j) * s->k + k;
    return (hu_draw){t->job->index + 2 * place + (uint64_t)which, 2 * (uint64_t)s->k};
}

static void sum_sequential(tile *t, size_t k0, size_t k1, double *acc)
{
    const job *g = t->job;
    double a[WIDTH], b[WIDTH];
    memset(acc, 0, t->n * sizeof *acc);
    for (size_t k = k0; k < k1; k++) {
        load_term(t, k, a, b);
        if (g->has_product) {
            block(t, g->product, b, HU_MUL, a, b, NULL, term_draw(t, k, 0));
            block(t, g->sum, acc, HU_ADD, acc, b, NULL, term_draw(t, k, 1));
        } else {
            block(t, g->sum, acc, HU_FMA, a, b, acc, term_draw(t, k, 1));
        }
    }
}

static void one_term(tile *t, size_t k, double *out)
{
    const job *g = t->job;
    double a[WIDTH];
    load_term(t, k, a, out);
    if (g->has_product) {
        block(t, g->product, out, HU_MUL, a, out, NULL, term_draw(t, k, 0));
        block(t, g->sum, out, HU_ROUND_ONLY, out, NULL, NULL, term_draw(t, k, 1));
    } else {
        block(t, g->sum, out, HU_MUL, a, out, NULL, term_draw(t, k, 1));
    }
}

static void sum_pairwise(tile *t, size_t k0, size_t k1, double *out)
{
    size_t n = k1 - k0, middle = k1 - n / 2;
    if (n <= 1) {
        if (n == 1)
            one_term(t, k0, out);
        else
            memset(out, 0, t->n * sizeof *out);
        return;
    }
    double right[WIDTH];
    sum_pairwise(t, k0, middle, out);
    sum_pairwise(t, middle, k1, right);
    const hu_gemm_shape *s = &t->job->s;
    uint64_t place = ((uint64_t)t->i * s->n + t->j) * s->k + middle;
    block(t, t->job->sum, out, HU_ADD, out, right, NULL, (hu_draw){t->job->index + WORDS_PAIRWISE + place, s->k});
}

/* One rounding, by the word at `index`; to the carrier itself by the default environment and without flags. */
static double round_sum(tile *t, hu_sum *sum, uint64_t index)
{
    const job *g = t->job;
    hu_env env = g->sum ? g->sum->env : hu_env_default();
    env.random.index = index;
    hu_num x = hu_sum_value(sum, env.rounding->is_downward);
    hu_num y = hu_decode(g->exact_to, hu_round(g->exact_to, &env, x));
    if (g->sum)
        t->flags |= env.flags | (x.kind == HU_NAN && !sum->nan ? HU_INVALID : 0);      /* infinities of both signs */
    return y.kind == HU_NAN ? __builtin_nan("") : hu_num_to_double(y);
}

static void sum_exact(tile *t, size_t k0, size_t k1, double *out)
{
    const job *g = t->job;
    int64_t digit[EXACT_WIDTH][EXACT_DIGITS];
    hu_sum sum[EXACT_WIDTH];
    double a[WIDTH], b[WIDTH];
    bool invalid = false;
    for (size_t l = 0; l < t->n; l++)
        hu_sum_init(&sum[l], digit[l], EXACT_DIGITS, EXACT_LOW);
    for (size_t k = k0; k < k1; k++) {
        load_term(t, k, a, b);
        if (g->has_product)
            block(t, g->product, b, HU_MUL, a, b, NULL, term_draw(t, k, 0));
        for (size_t l = 0; l < t->n; l++)
            invalid = !hu_sum_add_product(&sum[l], g->has_product ? 1 : a[l], b[l]) || invalid;
    }
    if (invalid && g->sum)
        t->flags |= HU_INVALID;
    hu_draw draw = term_draw(t, k1 - 1, 1);
    for (size_t l = 0; l < t->n; l++)
        out[l] = k1 > k0 ? round_sum(t, &sum[l], draw.index + l * draw.stride) : 0;
}

/* The groups of a block FMA. */
static void sum_blocks(tile *t, size_t k0, size_t k1, double *out)
{
    double a[HU_BLOCK_FMA_MOST * WIDTH], b[HU_BLOCK_FMA_MOST * WIDTH];
    const hu_block_fma *m = t->job->block;
    size_t deal = (size_t)m->interleave, run = deal * (size_t)m->group;
    memset(out, 0, t->n * sizeof *out);
    for (size_t k = k0; k < k1; k += run)
        for (size_t g = 0; g < deal; g++) {
            size_t n = 0;
            for (size_t at = k + g; at < k1 && at < k + run; at += deal, n++)
                load_term(t, at, a + n * t->n, b + n * t->n);
            for (size_t l = 0; l < t->n; l++)
                out[l] = hu_block_fma_step(m, out[l], a + l, b + l, n, t->n, &t->flags);
        }
}

static void sum_range(tile *t, size_t k0, size_t k1, double *out)
{
    if (t->job->block)
        sum_blocks(t, k0, k1, out);
    else if (t->job->order == HU_ORDER_EXACT)
        sum_exact(t, k0, k1, out);
    else if (t->job->order == HU_ORDER_PAIRWISE)
        sum_pairwise(t, k0, k1, out);
    else
        sum_sequential(t, k0, k1, out);
}

static void sum_chunks(tile *t, double *out)
{
    const job *g = t->job;
    const hu_gemm_shape *s = &g->s;
    double part[WIDTH];
    size_t chunks = s->k / g->chunk + (s->k % g->chunk != 0);
    memset(out, 0, t->n * sizeof *out);
    for (size_t c = 0; c < chunks; c++) {
        size_t k0 = c * g->chunk;
        sum_range(t, k0, s->k - k0 < g->chunk ? s->k : k0 + g->chunk, part);
        uint64_t place = ((uint64_t)t->i * s->n + t->j) * chunks + c;
        block(t, g->outer, out, HU_ADD, out, part, NULL, (hu_draw){g->index + WORDS_OUTER + place, chunks});
    }
}

static hu_flags run_tile(const job *g, size_t i, size_t j)
{
    tile t = {.job = g, .i = i, .j = j, .n = g->s.n - j < g->width ? g->s.n - j : g->width};
    double out[WIDTH];
    if (g->chunk)
        sum_chunks(&t, out);
    else
        sum_range(&t, 0, g->s.k, out);
    if (g->is_f32)
        g->lanes->store_f32((float *)g->c + i * g->s.ldc + j, out, t.n);
    else
        memcpy((double *)g->c + i * g->s.ldc + j, out, t.n * sizeof *out);
    return t.flags | (t.seen.signaling ? HU_INVALID : 0);
}

static hu_flags run(const job *g)
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
    job g = {.product = plan[0], .sum = plan[1], .outer = plan[2], .lanes = hu_lanes_chosen(), .order = acc->order,
             .block = acc->block.group ? &acc->block : NULL,
             .exact_to = acc->sum ? acc->sum : hu_format_find(is_f32 ? "e8m23" : "e11m52", NULL),
             .width = acc->order == HU_ORDER_EXACT ? EXACT_WIDTH : WIDTH, .chunk = acc->chunk,
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
