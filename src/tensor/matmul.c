/* matmul.c - products of matrices and of batches of them, under an accumulator or in the carrier's own arithmetic. */
#include "src/tensor/tensor.h"

#include <cblas.h>
#include <limits.h>

/* The carrier's own GEMM. */
static hu_status blas_gemm(hu_tensor *c, const hu_tensor *a, const hu_tensor *b, const hu_gemm_shape *s, hu_error *err)
{
    size_t sizes[] = {s->m, s->n, s->k, s->lda, s->ldb, s->ldc};
    CBLAS_TRANSPOSE ta = s->a_transposed ? CblasTrans : CblasNoTrans;
    CBLAS_TRANSPOSE tb = s->b_transposed ? CblasTrans : CblasNoTrans;

    for (int i = 0; i < 6; i++)
        if (sizes[i] > INT_MAX)
            return hu_fail(err, HU_ERANGE, "matmul: a size of %zu is more than the BLAS counts (%d)", sizes[i], INT_MAX);
    int m = (int)s->m, n = (int)s->n, k = (int)s->k;
    int lda = (int)s->lda, ldb = (int)s->ldb, ldc = (int)s->ldc;
    if (c->dtype == HU_F32)
        cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1.0f, a->f32, lda, b->f32, ldb, 0.0f, c->f32, ldc);
    else
        cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1.0, a->f64, lda, b->f64, ldb, 0.0, c->f64, ldc);
    return HU_OK;
}

/* The indices before the last two, as a tensor without memory. */
static hu_tensor batch_of(const hu_tensor *t)
{
    hu_tensor batch = {.dtype = t->dtype, .rank = t->rank - 2, .n = 1};
    for (int i = 0; i < batch.rank; i++)
        batch.n *= batch.shape[i] = t->shape[i];
    return batch;
}

hu_status hu_tensor_matmul_shape(hu_tensor *out, const hu_tensor *a, const hu_tensor *b, const hu_matmul *how, hu_error *err)
{
    if (a->rank < 2 || b->rank < 2)
        return hu_fail(err, HU_ESHAPE, "matmul: the arrays have %d and %d indices; each needs 2 or more", a->rank, b->rank);
    if (a->dtype != b->dtype)
        return hu_fail(err, HU_ESHAPE, "matmul: the arrays differ in type; all floats or all doubles");
    const size_t *of_a = a->shape + a->rank - 2, *of_b = b->shape + b->rank - 2;
    size_t m = of_a[how->a_transposed], k = of_a[!how->a_transposed], kb = of_b[how->b_transposed], n = of_b[!how->b_transposed];
    if (k != kb)
        return hu_fail(err, HU_ESHAPE, "matmul: a is %zu by %zu, b is %zu by %zu; a needs as many columns as b has rows", m, k, kb, n);
    hu_tensor batch_a = batch_of(a), batch_b = batch_of(b);
    *out = (hu_tensor){.dtype = a->dtype};
    hu_error unfit = {0};
    if (hu_tensor_common_shape(&batch_a, &batch_b, &out->rank, out->shape, &unfit))
        return hu_fail(err, HU_ESHAPE, "matmul: batches: %s", unfit.text);
    out->shape[out->rank++] = m;
    out->shape[out->rank++] = n;
    out->n = 1;
    for (int i = 0; i < out->rank; i++)
        out->n *= out->shape[i];
    return HU_OK;
}

/* How many matrices lie between the starts of two that follow one another along index i of the `rank` indices of c's batches; 0: it is repeated. */
static size_t step_of(const hu_tensor *t, int i, int rank)
{
    int at = i - (rank - (t->rank - 2));
    size_t step = 1;
    if (at < 0 || t->shape[at] == 1)
        return 0;
    for (int later = at + 1; later < t->rank - 2; later++)
        step *= t->shape[later];
    return step;
}

/* One side's scales: their blocks, and how far apart those of two matrices of the side are. */
typedef struct scale {
    const double *data;
    size_t rows, columns, apart;
} scale;

static hu_status read_scale(scale *out, const char *name, const hu_tensor *t, const size_t block[2], const hu_tensor *of, size_t rows, size_t columns,
                            bool along_columns, hu_error *err)
{
    *out = (scale){0};
    if (!t && (block[0] || block[1]))
        return hu_fail(err, HU_EINVAL, "matmul: block_%s is %zu by %zu, and there is no scale_%s whose blocks these would be", name, block[0], block[1], name);
    if (!t)
        return HU_OK;
    int batches = t->rank > 2 ? t->rank - 2 : 0;
    if (t->dtype != HU_F64 || (batches && t->rank != of->rank))
        return hu_fail(err, HU_ESHAPE, "matmul: scale_%s has %d indices; it takes up to 2, or as many as %s has", name, t->rank, name);
    for (int i = 0; i < batches; i++)
        if (t->shape[i] != of->shape[i])
            return hu_fail(err, HU_ESHAPE, "matmul: scale_%s is for %zu matrices along index %d, and %s has %zu", name, t->shape[i], i + 1, name, of->shape[i]);
    size_t have[2] = {1, 1}, sizes[2] = {rows, columns}, blocks[2];
    if (t->rank == 1)
        have[along_columns] = t->shape[0];
    for (int i = 0; t->rank >= 2 && i < 2; i++)
        have[i] = t->shape[batches + i];
    for (int i = 0; i < 2; i++) {
        blocks[i] = block[i] ? block[i] : have[i] && sizes[i] % have[i] == 0 ? sizes[i] / have[i] : 0;
        size_t want = blocks[i] ? (sizes[i] + blocks[i] - 1) / blocks[i] : 0;
        if (blocks[i] == 0 && sizes[i] == 0 && have[i] <= 1)
            blocks[i] = want = 1;
        if (blocks[i] == 0)
            return hu_fail(err, HU_ESHAPE, "matmul: scale_%s has %zu %s for the %zu of %s, which it does not divide; block_%s says how large a block is", name, have[i],
                           i ? "columns" : "rows", sizes[i], name, name);
        if (sizes[i] && have[i] != want)
            return hu_fail(err, HU_ESHAPE, "matmul: scale_%s has %zu %s; %zu of %s in blocks of %zu need %zu", name, have[i], i ? "columns" : "rows", sizes[i], name,
                           blocks[i], want);
    }
    *out = (scale){t->f64, blocks[0], blocks[1], batches ? have[0] * have[1] : 0};
    return HU_OK;
}

/* A row of batches: those along the last of c's batch indices, from matrix at_a of a, at_b of b, at_c of c on. */
typedef struct row {
    size_t at_a, at_b, at_c, count, step_a, step_b;
} row;

static hu_status multiply_row(hu_tensor *c, const hu_tensor *a, const hu_tensor *b, const row *r, hu_gemm_shape s, const scale of[2], const hu_accumulator *acc,
                              hu_env *env, hu_error *err)
{
    size_t size_a = s.m * s.k, size_b = s.k * s.n, size_c = s.m * s.n;
    if (!acc || (hu_accumulator_is_own(acc) && !of[0].data && !of[1].data)) {
        for (size_t q = 0; q < r->count; q++) {
            size_t from_a = (r->at_a + q * r->step_a) * size_a, from_b = (r->at_b + q * r->step_b) * size_b, to = (r->at_c + q) * size_c;
            hu_tensor x = *a, y = *b, z = *c;
            if (c->dtype == HU_F32)
                x.f32 += from_a, y.f32 += from_b, z.f32 += to;
            else
                x.f64 += from_a, y.f64 += from_b, z.f64 += to;
            hu_status status = blas_gemm(&z, &x, &y, &s, err);
            if (status)
                return status;
        }
        return HU_OK;
    }
    hu_accumulator scaled = *acc;
    scaled.scales = (hu_scales){.a = of[0].data ? of[0].data + r->at_a * of[0].apart : NULL, .b = of[1].data ? of[1].data + r->at_b * of[1].apart : NULL,
                                .a_rows = of[0].rows, .a_depth = of[0].columns, .b_depth = of[1].rows, .b_columns = of[1].columns};
    hu_gemm_batch batch = {.count = r->count, .c_apart = size_c, .a_apart = r->step_a * size_a, .b_apart = r->step_b * size_b,
                           .scale_a_apart = r->step_a * of[0].apart, .scale_b_apart = r->step_b * of[1].apart};
    if (c->dtype == HU_F32)
        return hu_gemm_batch_f32(c->f32 + r->at_c * size_c, a->f32 + r->at_a * size_a, b->f32 + r->at_b * size_b, s, &batch, &scaled, env, err);
    return hu_gemm_batch_f64(c->f64 + r->at_c * size_c, a->f64 + r->at_a * size_a, b->f64 + r->at_b * size_b, s, &batch, &scaled, env, err);
}

hu_status hu_tensor_matmul(hu_tensor *c, const hu_tensor *a, const hu_tensor *b, const hu_matmul *how, const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    hu_tensor like;
    scale of[2];
    hu_status status = hu_tensor_matmul_shape(&like, a, b, how, err);
    if (status)
        return status;
    if (a->dtype != c->dtype)
        return hu_fail(err, HU_ESHAPE, "matmul: the arrays differ in type; all floats or all doubles");
    int batches = like.rank - 2;
    size_t m = like.shape[batches], n = like.shape[batches + 1], k = a->shape[a->rank - 2 + !how->a_transposed];
    for (int i = 0; c->rank != like.rank || i < like.rank; i++)
        if (c->rank != like.rank || c->shape[i] != like.shape[i])
            return hu_fail(err, HU_ESHAPE, "matmul: c has %d indices and is %zu by %zu; the product has %d and is %zu by %zu", c->rank,
                           c->rank > 1 ? c->shape[c->rank - 2] : 0, c->rank > 0 ? c->shape[c->rank - 1] : 0, like.rank, m, n);
    status = read_scale(&of[0], "a", how->scale_a, how->block_a, a, m, k, false, err);
    if (!status)
        status = read_scale(&of[1], "b", how->scale_b, how->block_b, b, k, n, true, err);
    if (status || c->n == 0)
        return status;

    hu_gemm_shape shape = {.m = m, .n = n, .k = k, .lda = how->a_transposed ? m : k, .ldb = how->b_transposed ? k : n, .ldc = n,
                           .a_transposed = how->a_transposed, .b_transposed = how->b_transposed};
    if (k == 0) {                                   /* empty sums */
        for (size_t i = 0; i < c->n; i++)
            hu_tensor_set(c, i, 0);
        return HU_OK;
    }
    row r = {.count = batches ? like.shape[batches - 1] : 1};
    r.step_a = batches ? step_of(a, batches - 1, batches) : 0;
    r.step_b = batches ? step_of(b, batches - 1, batches) : 0;
    for (size_t i = 0; i < (batches == 2 ? like.shape[0] : 1) && !status; i++) {
        r.at_a = batches == 2 ? i * step_of(a, 0, batches) : 0;
        r.at_b = batches == 2 ? i * step_of(b, 0, batches) : 0;
        r.at_c = i * r.count;
        status = multiply_row(c, a, b, &r, shape, of, acc, env, err);
    }
    return status;
}
