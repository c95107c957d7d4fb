/* matmul.c - the product of two matrices, under an accumulator or in the carrier's own arithmetic. */
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

hu_status hu_tensor_matmul(hu_tensor *c, const hu_tensor *a, bool a_transposed, const hu_tensor *b, bool b_transposed,
                           const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    if (a->rank != 2 || b->rank != 2 || c->rank != 2)
        return hu_fail(err, HU_ESHAPE, "matmul: the arrays have %d, %d and %d indices; each needs 2",
                       a->rank, b->rank, c->rank);
    if (a->dtype != b->dtype || a->dtype != c->dtype)
        return hu_fail(err, HU_ESHAPE, "matmul: the arrays differ in type; all floats or all doubles");

    size_t m = a->shape[a_transposed], k = a->shape[!a_transposed];
    size_t kb = b->shape[b_transposed], n = b->shape[!b_transposed];
    if (k != kb)
        return hu_fail(err, HU_ESHAPE, "matmul: a is %zu by %zu, b is %zu by %zu; a needs as many columns as b has rows",
                       m, k, kb, n);
    if (c->shape[0] != m || c->shape[1] != n)
        return hu_fail(err, HU_ESHAPE, "matmul: c is %zu by %zu; the product is %zu by %zu",
                       c->shape[0], c->shape[1], m, n);
    if (m == 0 || n == 0)
        return HU_OK;

    hu_gemm_shape shape = {.m = m, .n = n, .k = k, .lda = a->shape[1], .ldb = b->shape[1], .ldc = n,
                           .a_transposed = a_transposed, .b_transposed = b_transposed};
    if (k == 0) {                                   /* empty sums */
        for (size_t i = 0; i < c->n; i++)
            hu_tensor_set(c, i, 0);
        return HU_OK;
    }
    if (!acc || hu_accumulator_is_own(acc))
        return blas_gemm(c, a, b, &shape, err);
    if (c->dtype == HU_F32)
        return hu_gemm_f32(c->f32, a->f32, b->f32, shape, acc, env, err);
    return hu_gemm_f64(c->f64, a->f64, b->f64, shape, acc, env, err);
}
