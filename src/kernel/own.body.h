/* own.body.h - GEMM in the arithmetic of the type F; C(name) is how its functions are called.
 *
 * c [m][n] = a [m][k] b [k][n]. Products and sums are rounded one by one, upward over k, so that neither the
 * blocks nor the threads change a bit. A block of b's rows is used for all rows of a while it is in the cache.
 */

static F C(at)(const F *x, size_t row, size_t col, size_t apart, bool transposed)
{
    return transposed ? x[col * apart + row] : x[row * apart + col];
}

/* c[i][j0 .. j1) over the terms k0 .. k1. b's row k stands at packed + (k - k0) * (j1 - j0). */
static void C(row)(F *c, const F *a, const F *packed, const hu_gemm_shape *s, size_t i, size_t j0, size_t j1, size_t k0, size_t k1)
{
    size_t n = j1 - j0;
    F *to = c + i * s->ldc + j0;
    if (k0 == 0)
        memset(to, 0, n * sizeof *to);
    for (size_t k = k0; k < k1; k++) {
        F factor = C(at)(a, i, k, s->lda, s->a_transposed);
        const F *from = packed + (k - k0) * n;
        for (size_t j = 0; j < n; j++)
            to[j] += factor * from[j];
    }
}

static void C(columns)(F *c, const F *a, const F *b, const hu_gemm_shape *s, size_t j0, size_t j1)
{
    F packed[OWN_DEPTH * OWN_WIDTH];
    for (size_t k0 = 0; k0 < s->k; k0 += OWN_DEPTH) {
        size_t k1 = s->k - k0 < OWN_DEPTH ? s->k : k0 + OWN_DEPTH;
        for (size_t k = k0; k < k1; k++)
            for (size_t j = j0; j < j1; j++)
                packed[(k - k0) * (j1 - j0) + j - j0] = b ? C(at)(b, k, j, s->ldb, s->b_transposed) : 1;
        for (size_t i = 0; i < s->m; i++)
            C(row)(c, a, packed, s, i, j0, j1, k0, k1);
    }
    for (size_t i = 0; s->k == 0 && i < s->m; i++)
        memset(c + i * s->ldc + j0, 0, (j1 - j0) * sizeof *c);
}
