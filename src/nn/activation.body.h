/* activation.body.h - GELU and SwiGLU for one REAL. (1 + tanh(u)) / 2 is the logistic function of 2 u. */

static inline REAL R(logistic)(REAL x)
{
    return 1 / (1 + REAL_EXP(-x));
}

/* GELU is x s(2 u) with u = c (x + a x^3). */
static inline REAL R(gelu_angle)(REAL x)
{
    return (REAL)1.5957691216057307117597842397375 * (x + (REAL)0.044715 * x * x * x);   /* 2 sqrt(2 / pi) */
}

static void R(gelu_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *x = node->in[0];
    REAL *restrict dx = R(hu_gradient)(x);
    const REAL *restrict dy = node->out->grad, *restrict v = x->value;
    size_t n = dx ? x->rows * x->cols : 0;
    for (size_t i = 0; i < n; i++) {
        REAL s = R(logistic)(R(gelu_angle)(v[i]));
        REAL slope = (REAL)1.5957691216057307117597842397375 * (1 + (REAL)0.134145 * v[i] * v[i]);
        dx[i] += dy[i] * (s + v[i] * s * (1 - s) * slope);
    }
}

R(hu_var) *R(hu_gelu)(R(hu_tape) *t, R(hu_var) *x)
{
    R(hu_var) *y = t->error.status ? NULL : R(hu_var_new)(t, x->rows, x->cols);
    if (!y)
        return NULL;
    size_t n = x->rows * x->cols;
    REAL *restrict out = y->value;
    const REAL *restrict v = x->value;
    for (size_t i = 0; i < n; i++)
        out[i] = v[i] * R(logistic)(R(gelu_angle)(v[i]));
    R(hu_node) *node = R(hu_node_new)(t, y, R(gelu_backward));
    if (node)
        node->in[0] = x;
    return t->error.status ? NULL : y;
}

static void R(swiglu_row)(REAL *restrict y, const REAL *restrict a, const REAL *restrict b, size_t n)
{
    for (size_t j = 0; j < n; j++)
        y[j] = a[j] * R(logistic)(a[j]) * b[j];
}

static void R(swiglu_row_back)(REAL *restrict da, REAL *restrict db, const REAL *restrict dy, const REAL *restrict a,
                               const REAL *restrict b, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        REAL s = R(logistic)(a[j]);
        da[j] += dy[j] * b[j] * (s + a[j] * s * (1 - s));
        db[j] += dy[j] * a[j] * s;
    }
}

static void R(swiglu_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    size_t f = node->out->cols;
    REAL *dx = R(hu_gradient)(x);
    const REAL *dy = node->out->grad, *v = x->value;
    int threads = t->threads;
    size_t rows = dx ? x->rows : 0;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < rows; i++)
        R(swiglu_row_back)(dx + 2 * i * f, dx + (2 * i + 1) * f, dy + i * f, v + 2 * i * f, v + (2 * i + 1) * f, f);
}

R(hu_var) *R(hu_swiglu)(R(hu_tape) *t, R(hu_var) *x)
{
    if (!t->error.status && x->cols % 2)
        return R(hu_stick)(t, HU_ESHAPE, "swiglu: needs an even number of columns");
    size_t f = t->error.status ? 0 : x->cols / 2;
    R(hu_var) *y = t->error.status ? NULL : R(hu_var_new)(t, x->rows, f);
    if (!y)
        return NULL;
    REAL *out = y->value;
    const REAL *v = x->value;
    int threads = t->threads;
    size_t rows = x->rows;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < rows; i++)
        R(swiglu_row)(out + i * f, v + 2 * i * f, v + (2 * i + 1) * f, f);
    R(hu_node) *node = R(hu_node_new)(t, y, R(swiglu_backward));
    if (node)
        node->in[0] = x;
    return t->error.status ? NULL : y;
}
