/* svd.c - the singular values and vectors of a matrix. */
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdbool.h>

#include "src/analysis/svd.h"
#include "src/base/memory.h"

/* The matrix with at least as many rows as columns: itself or its transpose. */
typedef struct tall {
    size_t  rows, cols;
    bool    turned;
    double *left, *right, *values, *work;     /* [rows][cols], [cols][cols], [cols], [cols]; one block of memory */
} tall;

static hu_status check(size_t k, const double *a, size_t m, size_t n, double *largest, hu_error *err)
{
    if (m == 0 || n == 0)
        return hu_fail(err, HU_ESHAPE, "svd: the matrix is %zu by %zu; it takes one with rows and columns", m, n);
    if (k == 0 || k > (m < n ? m : n))
        return hu_fail(err, HU_EINVAL, "svd: %zu singular values of a matrix of %zu by %zu; it takes 1 to %zu", k, m, n, m < n ? m : n);
    for (size_t i = 0; i < m * n; i++) {
        if (!isfinite(a[i]))
            return hu_fail(err, HU_ERANGE, "svd: element (%zu, %zu) is %g; it takes finite numbers", i / n + 1, i % n + 1, a[i]);
        *largest = fmax(*largest, fabs(a[i]));
    }
    return HU_OK;
}

static hu_status init(tall *t, size_t m, size_t n, hu_error *err)
{
    *t = (tall){.rows = m < n ? n : m, .cols = m < n ? m : n, .turned = m < n};
    t->left = hu_calloc(t->rows + t->cols + 2, t->cols * sizeof *t->left);
    if (!t->left)
        return hu_fail(err, HU_ENOMEM, "svd: no memory for a matrix of %zu by %zu", m, n);
    t->right = t->left + t->rows * t->cols;
    t->values = t->right + t->cols * t->cols;
    t->work = t->values + t->cols;
    return HU_OK;
}

/* Scaled by a power of two, so that no square overflows or is lost. */
static bool decompose(tall *t, const double *a, int exponent)
{
    for (size_t i = 0; i < t->rows; i++)
        for (size_t j = 0; j < t->cols; j++)
            t->left[i * t->cols + j] = ldexp(t->turned ? a[j * t->rows + i] : a[i * t->cols + j], -exponent);
    gsl_matrix_view left = gsl_matrix_view_array(t->left, t->rows, t->cols), right = gsl_matrix_view_array(t->right, t->cols, t->cols);
    gsl_vector_view values = gsl_vector_view_array(t->values, t->cols), work = gsl_vector_view_array(t->work, t->cols);
    return gsl_linalg_SV_decomp(&left.matrix, &right.matrix, &values.vector, &work.vector) == 0;
}

/* Zero as the only column has any direction, of which GSL leaves none. */
static void direct_zero(tall *t)
{
    if (t->cols == 1 && t->values[0] == 0)
        t->left[0] = 1;
}

/* Whether the largest component of column j of x [n][cols] is negative. */
static bool points_back(const double *x, size_t n, size_t cols, size_t j)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (fabs(x[i * cols + j]) > fabs(most))
            most = x[i * cols + j];
    return most < 0;
}

static void copy(double *out, const double *x, size_t n, size_t cols, size_t k, const double *sign)
{
    for (size_t i = 0; out && i < n; i++)
        for (size_t j = 0; j < k; j++)
            out[i * k + j] = sign[j] * x[i * cols + j];
}

hu_status hu_svd(double *u, double *s, double *v, size_t k, const double *a, size_t m, size_t n, hu_error *err)
{
    tall t;
    double largest = 0;
    int exponent = 0;
    hu_status status = check(k, a, m, n, &largest, err);
    if (!status)
        status = init(&t, m, n, err);
    if (status)
        return status;
    frexp(largest, &exponent);
    if (!decompose(&t, a, exponent)) {
        hu_free(t.left);
        return hu_fail(err, HU_ERANGE, "svd: the values of a matrix of %zu by %zu were not found", m, n);
    }
    direct_zero(&t);
    for (size_t j = 0; j < k; j++) {
        t.work[j] = points_back(t.turned ? t.left : t.right, n, t.cols, j) ? -1 : 1;
        s[j] = ldexp(t.values[j], exponent);
    }
    copy(u, t.turned ? t.right : t.left, m, t.cols, k, t.work);
    copy(v, t.turned ? t.left : t.right, n, t.cols, k, t.work);
    hu_free(t.left);
    return HU_OK;
}
