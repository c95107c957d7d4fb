/* accumulate.c - sums, dot products and GEMM under an accumulator: what is asked for, checked, cut into tiles and run. */
#include <string.h>

#include "src/base/memory.h"
#include "src/kernel/accumulate.h"
#include "src/kernel/gemm.h"

static void release(hu_accumulation *g, hu_integer_sums *sums)
{
    hu_free(g->codes_a);
    hu_free(g->codes_b);
    g->codes_a = g->codes_b = NULL;
    hu_integer_clear(sums);
}

static hu_status make_codes(uint32_t **codes, const char *name, const hu_matrix *x, const hu_format *f, const char *what, hu_error *err)
{
    *codes = hu_malloc((x->rows * x->columns + 1) * sizeof **codes);
    return *codes ? hu_check_values(what, name, x, f, *codes, err) : hu_fail(err, HU_ENOMEM, "%s: no memory for the codes of %s", what, name);
}

/* What depends on the factors. release() is due in any case. */
static hu_status prepare(hu_accumulation *g, hu_integer_sums *sums, const hu_accumulator *acc, bool no_flags, const char *what, hu_error *err)
{
    const hu_gemm_shape *s = &g->s;
    const hu_multiplier *m = g->multiplier;
    const hu_matrix a = {g->a, s->a_transposed ? s->k : s->m, s->a_transposed ? s->m : s->k, s->lda, g->is_f32};
    const hu_matrix b = {g->b, s->b_transposed ? s->n : s->k, s->b_transposed ? s->k : s->n, s->ldb, g->is_f32};
    hu_status status = HU_OK;
    if (m && m->kind == HU_MULTIPLIER_TABLE) {
        status = make_codes(&g->codes_a, "a", &a, m->a, what, err);
        if (!status)
            status = make_codes(&g->codes_b, "b", &b, m->b, what, err);
    } else if (m) {
        g->lmul = hu_lmul_make(m);
        status = hu_check_values(what, "a", &a, m->a, NULL, err);
        if (!status)
            status = hu_check_values(what, "b", &b, m->a, NULL, err);
    }
    if (!status && acc->integer.bits) {
        status = hu_integer_init(sums, g, acc, no_flags, what, err);
        g->integer = sums;
    }
    return status;
}

/* The plans of an accumulator; NULL where it has no format. */
typedef struct plans {
    hu_plan own[3];
    const hu_plan *product, *sum, *outer;
    bool no_flags;                      /* there are none, or nobody wants them */
} plans;

static void make_plans(plans *p, const hu_accumulator *acc, const hu_env *env)
{
    const hu_format *formats[3] = {acc->product, acc->sum, acc->outer ? acc->outer : acc->sum};
    const hu_plan **to[3] = {&p->product, &p->sum, &p->outer};
    for (int i = 0; i < 3; i++) {
        if (formats[i])
            hu_plan_init(&p->own[i], formats[i], env);
        *to[i] = formats[i] ? &p->own[i] : NULL;
    }
    p->no_flags = env->no_flags || (!acc->product && !acc->sum && !acc->outer && acc->integer.bits == 0 && acc->block.group == 0);
}

/* Everything but c is there; c is written by the fastest way there is. */
static hu_flags compute(hu_accumulation *g, const hu_accumulator *acc, const plans *p)
{
    hu_tiled how = {.product = g->product, .sum = g->sum, .outer = g->outer, .chunk = g->chunk, .is_f32 = g->is_f32, .index = g->index};
    bool is_plain = p->no_flags && acc->order == HU_ORDER_SEQUENTIAL && !g->multiplier && !g->integer;
    if (is_plain && g->block && !g->scales && hu_block_fma_gemm(g->c, g->a, g->b, &g->s, g->is_f32, acc, g->outer))
        return 0;
    if (is_plain && !g->block && !g->scales && hu_gemm_tiled(g->c, g->a, g->b, &g->s, &how))
        return 0;
    if (is_plain && g->chunk > 0 && hu_accumulation_run_parts(g, acc))
        return 0;
    return hu_accumulation_run(g);
}

static hu_accumulation begin(const hu_accumulator *acc, const hu_gemm_shape *s, bool is_f32, const plans *p)
{
    bool scaled = acc->scales.a || acc->scales.b;
    hu_accumulation g = {.product = p->product, .sum = p->sum, .outer = p->outer, .lanes = hu_lanes_chosen(), .order = acc->order,
                         .block = acc->block.group ? &acc->block : NULL,
                         .exact_to = acc->sum ? acc->sum : hu_format_find(is_f32 ? "e8m23" : "e11m52", NULL),
                         .width = acc->order == HU_ORDER_EXACT ? HU_TILE_EXACT : HU_TILE, .chunk = scaled ? hu_scales_chunk(acc, s->k) : acc->chunk,
                         .is_f32 = is_f32, .multiplier = acc->multiplier.kind ? &acc->multiplier : NULL, .scales = scaled ? &acc->scales : NULL, .s = *s};
    g.has_product = g.product || g.multiplier;
    return g;
}

/* A call of one product or of a batch of them. b NULL: sums. */
typedef struct call {
    const char *what;
    void *c;
    const void *a, *b;
    const hu_gemm_shape *shape;
    const hu_gemm_batch *batch;
    bool is_f32;
} call;

static const void *past(const call *x, const void *from, size_t elements)
{
    return from ? (const char *)from + elements * (x->is_f32 ? sizeof(float) : sizeof(double)) : NULL;
}

/* The q-th product's matrices and scales. */
static void take(hu_accumulation *g, hu_scales *scales, const call *x, const hu_accumulator *acc, size_t q)
{
    const hu_gemm_batch *batch = x->batch;
    g->a = past(x, x->a, q * batch->a_apart);
    g->b = past(x, x->b, q * batch->b_apart);
    g->c = (char *)x->c + q * batch->c_apart * (x->is_f32 ? sizeof(float) : sizeof(double));
    *scales = acc->scales;
    scales->a = scales->a ? scales->a + q * batch->scale_a_apart : NULL;
    scales->b = scales->b ? scales->b + q * batch->scale_b_apart : NULL;
    g->scales = g->scales ? scales : NULL;
}

static hu_status check_call(const call *x, const hu_accumulator *acc, hu_error *err)
{
    const hu_gemm_shape *s = x->shape;
    const hu_gemm_batch *batch = x->batch;
    hu_status status = hu_accumulator_check(acc, s, x->is_f32, x->what, err);
    if (!status && batch->count > 1 && s->m && s->n && batch->c_apart < (s->m - 1) * s->ldc + s->n)
        status = hu_fail(err, HU_ESHAPE, "%s: the results of a batch take %zu elements each and stand %zu apart", x->what, (s->m - 1) * s->ldc + s->n, batch->c_apart);
    return status ? status : hu_check_overlap(x->what, x->c, x->a, x->b, s, batch, x->is_f32, err);
}

static hu_status accumulate(const call *x, const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    hu_status status = check_call(x, acc, err);
    if (status)
        return status;
    plans p;
    hu_scales scales;
    hu_integer_sums sums = {0};
    uint64_t words = env->rounding->random_bits > 0 ? 2 * (uint64_t)x->shape->m * x->shape->n * x->shape->k : 0;
    make_plans(&p, acc, env);
    bool looks = acc->multiplier.kind != HU_MULTIPLIER_EXACT || acc->integer.bits != 0;
    for (int write = !(looks && x->batch->count > 1); write < 2; write++)         /* factors are looked at before anything is written */
        for (size_t q = 0; q < x->batch->count; q++) {
            hu_accumulation g = begin(acc, x->shape, x->is_f32, &p);
            take(&g, &scales, x, acc, q);
            g.index = env->random.index;
            status = prepare(&g, &sums, acc, p.no_flags, x->what, err);
            if (!status && write) {
                env->flags |= compute(&g, acc, &p);
                env->random.index += words;
            }
            release(&g, &sums);
            if (status)
                return status;
        }
    return HU_OK;
}

static const hu_gemm_batch ONE = {.count = 1};

hu_status hu_gemm_f32(float *c, const float *a, const float *b, hu_gemm_shape shape,
                      const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    return accumulate(&(call){"gemm", c, a, b, &shape, &ONE, true}, acc, env, err);
}

hu_status hu_gemm_f64(double *c, const double *a, const double *b, hu_gemm_shape shape,
                      const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    return accumulate(&(call){"gemm", c, a, b, &shape, &ONE, false}, acc, env, err);
}

hu_status hu_gemm_batch_f32(float *c, const float *a, const float *b, hu_gemm_shape shape, const hu_gemm_batch *batch,
                            const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    return accumulate(&(call){"gemm", c, a, b, &shape, batch, true}, acc, env, err);
}

hu_status hu_gemm_batch_f64(double *c, const double *a, const double *b, hu_gemm_shape shape, const hu_gemm_batch *batch,
                            const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    return accumulate(&(call){"gemm", c, a, b, &shape, batch, false}, acc, env, err);
}

hu_status hu_dot_f64(double *out, const double *a, const double *b, size_t n,
                     const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    hu_gemm_shape shape = {.m = 1, .n = 1, .k = n, .lda = n, .ldb = 1, .ldc = 1};
    return accumulate(&(call){"dot", out, a, b, &shape, &ONE, false}, acc, env, err);
}

hu_status hu_sum_f64(double *out, const double *x, size_t n, const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    hu_accumulator without_product = *acc;
    without_product.product = NULL;
    without_product.multiplier = (hu_multiplier){0};
    hu_gemm_shape shape = {.m = 1, .n = 1, .k = n, .lda = n, .ldb = 1, .ldc = 1};
    return accumulate(&(call){"sum", out, x, NULL, &shape, &ONE, false}, &without_product, env, err);
}
