/* analysis-svd.c - singular values: closed forms, what the factors make together, extreme sizes, refusals. */
#include <math.h>
#include <string.h>

#include "src/analysis/svd.h"
#include "src/base/memory.h"
#include "tests/lib/test.h"

enum { MOST = 40 };

static double dot_columns(const double *x, size_t n, size_t k, size_t i, size_t j)
{
    double sum = 0;
    for (size_t row = 0; row < n; row++)
        sum += x[row * k + i] * x[row * k + j];
    return sum;
}

static void assert_orthonormal(const double *x, size_t n, size_t k)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            assert_true(fabs(dot_columns(x, n, k, i, j) - (i == j)) < 1e-13);
}

/* U diag(s) V' against a, relative to the largest singular value. */
static void assert_product(const double *u, const double *s, const double *v, const double *a, size_t m, size_t n, size_t k)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t l = 0; l < k; l++)
                sum += u[i * k + l] * (s[l] / s[0]) * v[j * k + l];
            assert_true(fabs(sum - a[i * n + j] / s[0]) < 1e-13);
        }
}

/* 1 on the diagonal, -1 above it: the squares of its values are the eigenvalues of the second difference with one free end,
 * 4 sin^2((2k - 1) pi / (4n + 2)). */
static void closed_form(void **state)
{
    (void)state;
    for (size_t n = 1; n <= MOST; n++) {
        double a[MOST * MOST] = {0}, u[MOST * MOST], v[MOST * MOST], s[MOST];
        for (size_t i = 0; i < n; i++) {
            a[i * n + i] = 1;
            if (i + 1 < n)
                a[i * n + i + 1] = -1;
        }
        assert_int_equal(hu_svd(u, s, v, n, a, n, n, NULL), HU_OK);
        for (size_t k = 1; k <= n; k++)
            assert_true(fabs(s[n - k] - 2 * sin((2.0 * (double)k - 1) * acos(-1) / (4.0 * (double)n + 2))) < 1e-13);
        assert_product(u, s, v, a, n, n, n);
    }
}

static void fill(double *a, size_t n, uint64_t seed, double scale)
{
    test_random r = {seed};
    for (size_t i = 0; i < n; i++)
        a[i] = scale * (test_random_unit(&r) - 0.5);
}

/* Tall, wide and square ones, also with elements whose squares overflow or vanish. */
static void factors(void **state)
{
    (void)state;
    static const size_t shapes[][2] = {{1, 1}, {1, 7}, {7, 1}, {2, 2}, {3, 17}, {17, 3}, {20, 20}, {40, 11}, {11, 40}};
    static const double scales[] = {1, 0x1p+1000, 0x1p-1000};
    for (size_t c = 0; c < TEST_COUNT(shapes) * TEST_COUNT(scales); c++) {
        size_t m = shapes[c / 3][0], n = shapes[c / 3][1], k = m < n ? m : n;
        double a[MOST * MOST], u[MOST * MOST], v[MOST * MOST], s[MOST], again[MOST];
        fill(a, m * n, c + 1, scales[c % 3]);
        assert_int_equal(hu_svd(u, s, v, k, a, m, n, NULL), HU_OK);
        assert_orthonormal(u, m, k);
        assert_orthonormal(v, n, k);
        assert_product(u, s, v, a, m, n, k);
        for (size_t i = 0; i < k; i++)
            assert_true(s[i] >= 0 && (i == 0 || s[i] <= s[i - 1]));
        assert_int_equal(hu_svd(NULL, again, NULL, k, a, m, n, NULL), HU_OK);
        assert_memory_equal(s, again, k * sizeof *s);
    }
}

/* The transpose has the same values and the factors in each other's place, up to signs; the sign is that of v's largest component. */
static void transposed(void **state)
{
    (void)state;
    enum { M = 9, N = 5 };
    double a[M * N], b[N * M], u[M * N], v[N * N], s[N], u2[N * N], v2[M * N], s2[N];
    fill(a, M * N, 3, 1);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++)
            b[j * M + i] = a[i * N + j];
    assert_int_equal(hu_svd(u, s, v, N, a, M, N, NULL), HU_OK);
    assert_int_equal(hu_svd(u2, s2, v2, N, b, N, M, NULL), HU_OK);
    for (size_t k = 0; k < N; k++) {
        double most = 0, most2 = 0;
        assert_true(fabs(s[k] - s2[k]) < 1e-14);
        for (size_t j = 0; j < N; j++) {
            assert_true(fabs(fabs(v[j * N + k]) - fabs(u2[j * N + k])) < 1e-13);
            most = fabs(v[j * N + k]) > fabs(most) ? v[j * N + k] : most;
        }
        for (size_t i = 0; i < M; i++)
            most2 = fabs(v2[i * N + k]) > fabs(most2) ? v2[i * N + k] : most2;
        assert_true(most > 0 && most2 > 0);
    }
}

/* Fewer values are the first of all; a matrix of rank 2, and zeros, still have orthonormal vectors. */
static void few_and_low_rank(void **state)
{
    (void)state;
    enum { M = 12, N = 8 };
    double a[M * N], u[M * N], v[N * N], s[N], u3[M * 3], v3[N * 3], s3[3];
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++)
            a[i * N + j] = (double)(i + 1) * (double)j + 1;
    assert_int_equal(hu_svd(u, s, v, N, a, M, N, NULL), HU_OK);
    assert_orthonormal(u, M, N);
    assert_orthonormal(v, N, N);
    assert_true(s[1] > 1e-3 * s[0] && s[2] < 1e-14 * s[0]);
    assert_int_equal(hu_svd(u3, s3, v3, 3, a, M, N, NULL), HU_OK);
    for (size_t k = 0; k < 3; k++) {
        assert_true(s3[k] == s[k]);
        for (size_t i = 0; i < M; i++)
            assert_true(u3[i * 3 + k] == u[i * N + k]);
    }
    memset(a, 0, sizeof a);
    assert_int_equal(hu_svd(u, s, v, N, a, M, N, NULL), HU_OK);
    assert_true(s[0] == 0);
    assert_orthonormal(u, M, N);
    assert_orthonormal(v, N, N);
}

static void refusals(void **state)
{
    (void)state;
    double a[6] = {1, 2, 3, 4, NAN, 6}, u[4] = {7, 7, 7, 7}, v[6], s[2] = {7, 7};
    hu_error err = {0};
    assert_int_equal(hu_svd(u, s, v, 2, a, 2, 3, &err), HU_ERANGE);
    assert_string_equal(err.text, "svd: element (2, 2) is nan; it takes finite numbers");
    assert_int_equal(hu_svd(u, s, v, 0, a, 2, 3, &err), HU_EINVAL);
    assert_int_equal(hu_svd(u, s, v, 3, a, 2, 3, &err), HU_EINVAL);
    assert_string_equal(err.text, "svd: 3 singular values of a matrix of 2 by 3; it takes 1 to 2");
    assert_int_equal(hu_svd(u, s, v, 1, a, 0, 3, &err), HU_ESHAPE);
    a[4] = 5;
    hu_memory_fail_after(0);
    hu_status status = hu_svd(u, s, v, 2, a, 2, 3, &err);
    hu_memory_fail_after(-1);
    assert_int_equal(status, HU_ENOMEM);
    assert_true(u[0] == 7 && s[0] == 7);
}

static const struct CMUnitTest claims[] = {
    CLAIM("the values of a bidiagonal matrix are those of the closed form", closed_form),
    CLAIM("the factors are orthonormal and their product is the matrix, at every size of numbers", factors),
    CLAIM("the transpose has the same values; signs follow v's largest component", transposed),
    CLAIM("fewer values are the first of all; low rank and zeros have orthonormal vectors", few_and_low_rank),
    CLAIM("impossible requests are refused, and outputs left alone", refusals),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
