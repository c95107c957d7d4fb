/* activation.body.h - GELU and SwiGLU for one REAL. (1 + tanh(u)) / 2 is the logistic function of 2 u.
 *
 * Rows are done in strips, so that the logistic function of a strip needs little room.
 */

enum { R(STRIP) = 256 };

static HU_CLONES void R(one_over_one_plus)(REAL *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s[i] = 1 / (1 + s[i]);
}

/* s = 1 / (1 + exp(-x)), at most a strip of them. s may be x. */
static void R(logistic)(REAL *s, const REAL *x, size_t n)
{
    R(hu_exp)(s, x, n, -1, 0);
    R(one_over_one_plus)(s, n);
}

static size_t R(strip)(size_t at, size_t n)
{
    return n - at < R(STRIP) ? n - at : R(STRIP);
}

/* GELU is x s(2 u) with 2 u = 2 sqrt(2 / pi) (x + 0.044715 x^3). */
static const REAL R(gelu_slope) = (REAL)1.5957691216057307117597842397375;

static void R(gelu_logistic)(REAL *restrict s, const REAL *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s[i] = R(gelu_slope) * (x[i] + (REAL)0.044715 * x[i] * x[i] * x[i]);
    R(logistic)(s, s, n);
}

static void R(gelu_strip_back)(REAL *restrict dx, const REAL *restrict dy, const REAL *restrict x, size_t n)
{
    REAL s[R(STRIP)];
    R(gelu_logistic)(s, x, n);
    for (size_t i = 0; i < n; i++) {
        REAL slope = R(gelu_slope) * (1 + (REAL)0.134145 * x[i] * x[i]);
        dx[i] += dy[i] * (s[i] + x[i] * s[i] * (1 - s[i]) * slope);
    }
}

static void R(gelu_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *x = node->in[0];
    REAL *dx = R(hu_gradient)(x);
    size_t n = dx ? x->rows * x->cols : 0;
    for (size_t i = 0; i < n; i += R(STRIP))
        R(gelu_strip_back)(dx + i, node->out->grad + i, node->kept + i, R(strip)(i, n));
}

/* With L = the logistic function of u and u' its inner slope: f = x L, f' = L + x m u' where m = L (1 - L),
 * f'' = m (2 u' + x u'' + x u'^2 (1 - 2 L)). */
static void R(gelu_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    const REAL *dx = R(hu_tangent)(t, x);
    REAL *dy = R(hu_tangent_new)(t, node->out);
    size_t n = t->error.status ? 0 : x->rows * x->cols;
    for (size_t i = 0; i < n; i += R(STRIP)) {
        size_t strip = R(strip)(i, n);
        memset(dy + i, 0, strip * sizeof *dy);
        R(gelu_strip_back)(dy + i, dx + i, x->value + i, strip);
    }
}

static void R(gelu_strip_pull)(REAL *restrict gx, const REAL *restrict moved, const REAL *restrict dx,
                               const REAL *restrict x, size_t n)
{
    REAL s[R(STRIP)];
    R(gelu_logistic)(s, x, n);
    for (size_t i = 0; i < n; i++) {
        REAL slope = R(gelu_slope) * (1 + (REAL)0.134145 * x[i] * x[i]);
        REAL bend = R(gelu_slope) * (REAL)0.26829 * x[i];
        gx[i] += moved[i] * dx[i] * s[i] * (1 - s[i]) * (2 * slope + x[i] * (bend + slope * slope * (1 - 2 * s[i])));
    }
}

static void R(gelu_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    REAL *gx = R(hu_gradient_tangent)(t, x);
    size_t n = gx ? x->rows * x->cols : 0;
    const REAL *gy = R(hu_gradient_moves)(t, node->out), *dx = R(hu_tangent)(t, x);
    for (size_t i = 0; !t->error.status && i < n; i += R(STRIP)) {
        R(gelu_strip_back)(gx + i, gy + i, node->kept + i, R(strip)(i, n));
        R(gelu_strip_pull)(gx + i, node->out->grad + i, dx + i, node->kept + i, R(strip)(i, n));
    }
}

static const R(hu_rule) R(gelu_rule) = {"gelu", R(gelu_backward), R(gelu_push), R(gelu_pull)};

R(hu_var) *R(hu_gelu)(R(hu_tape) *t, R(hu_var) *x)
{
    R(hu_var) *y = t->error.status ? NULL : R(hu_var_new)(t, x->rows, x->cols);
    if (!y)
        return NULL;
    size_t n = x->rows * x->cols;
    R(gelu_logistic)(y->value, x->value, n);
    for (size_t i = 0; i < n; i++)
        y->value[i] *= x->value[i];
    R(hu_node) *node = R(hu_node_new)(t, y, &R(gelu_rule));
    if (node)
        node->in[0] = x, node->kept = R(hu_keep)(t, x);
    return t->error.status ? NULL : y;
}

/* y holds exp(-a). */
static HU_CLONES void R(swiglu_strip)(REAL *restrict y, const REAL *restrict a, const REAL *restrict b, size_t n)
{
    for (size_t j = 0; j < n; j++)
        y[j] = 1 / (1 + y[j]) * (a[j] * b[j]);
}

static void R(swiglu_row)(REAL *restrict y, const REAL *restrict a, const REAL *restrict b, size_t n)
{
    R(hu_exp)(y, a, n, -1, 0);
    R(swiglu_strip)(y, a, b, n);
}

/* e holds exp(-a). */
static HU_CLONES void R(swiglu_strip_back)(REAL *restrict da, REAL *restrict db, const REAL *restrict dy, const REAL *restrict a,
                                           const REAL *restrict b, const REAL *restrict e, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        REAL s = 1 / (1 + e[j]);
        da[j] += dy[j] * b[j] * (s + a[j] * s * (1 - s));
        db[j] += dy[j] * a[j] * s;
    }
}

static void R(swiglu_row_back)(REAL *dx, const REAL *dy, const REAL *x, size_t f)
{
    REAL e[R(STRIP)];
    for (size_t j = 0; j < f; j += R(STRIP)) {
        size_t n = R(strip)(j, f);
        R(hu_exp)(e, x + j, n, -1, 0);
        R(swiglu_strip_back)(dx + j, dx + f + j, dy + j, x + j, x + f + j, e, n);
    }
}

static void R(swiglu_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    size_t f = node->out->cols;
    REAL *dx = R(hu_gradient)(x);
    const REAL *dy = node->out->grad, *v = node->kept;
    int threads = t->threads;
    size_t rows = dx ? x->rows : 0;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < rows; i++)
        R(swiglu_row_back)(dx + 2 * i * f, dy + i * f, v + 2 * i * f, f);
}

/* y = f(a) b with f(a) = a L: f' = L + a m, f'' = m (2 + a (1 - 2 L)), m = L (1 - L). */
static void R(swiglu_push_row)(REAL *restrict dy, const REAL *restrict dx, const REAL *restrict x, size_t f)
{
    REAL s[R(STRIP)];
    for (size_t j = 0; j < f; j += R(STRIP)) {
        size_t n = R(strip)(j, f);
        R(logistic)(s, x + j, n);
        for (size_t i = 0; i < n; i++) {
            REAL a = x[j + i], b = x[f + j + i];
            dy[j + i] = b * (s[i] + a * s[i] * (1 - s[i])) * dx[j + i] + a * s[i] * dx[f + j + i];
        }
    }
}

static void R(swiglu_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    size_t f = node->out->cols;
    const REAL *dx = R(hu_tangent)(t, x), *v = x->value;
    REAL *dy = R(hu_tangent_new)(t, node->out);
    int threads = t->threads;
    size_t rows = t->error.status ? 0 : x->rows;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < rows; i++)
        R(swiglu_push_row)(dy + i * f, dx + 2 * i * f, v + 2 * i * f, f);
}

/* The part of the tangent that comes from dy being multiplied by derivatives which move. */
static void R(swiglu_pull_row)(REAL *restrict gx, const REAL *restrict dy, const REAL *restrict dx,
                               const REAL *restrict x, size_t f)
{
    REAL s[R(STRIP)];
    for (size_t j = 0; j < f; j += R(STRIP)) {
        size_t n = R(strip)(j, f);
        R(logistic)(s, x + j, n);
        for (size_t i = 0; i < n; i++) {
            REAL a = x[j + i], b = x[f + j + i], da = dx[j + i], db = dx[f + j + i], m = s[i] * (1 - s[i]);
            REAL first = s[i] + a * m, second = m * (2 + a * (1 - 2 * s[i]));
            gx[j + i] += dy[j + i] * (b * second * da + first * db);
            gx[f + j + i] += dy[j + i] * first * da;
        }
    }
}

static void R(swiglu_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    size_t f = node->out->cols;
    REAL *gx = R(hu_gradient_tangent)(t, x);
    const REAL *dy = node->out->grad, *gy = R(hu_gradient_moves)(t, node->out), *dx = R(hu_tangent)(t, x), *v = node->kept;
    int threads = t->threads;
    size_t rows = gx && !t->error.status ? x->rows : 0;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < rows; i++) {
        R(swiglu_row_back)(gx + 2 * i * f, gy + i * f, v + 2 * i * f, f);
        R(swiglu_pull_row)(gx + 2 * i * f, dy + i * f, dx + 2 * i * f, v + 2 * i * f, f);
    }
}

static const R(hu_rule) R(swiglu_rule) = {"swiglu", R(swiglu_backward), R(swiglu_push), R(swiglu_pull)};

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
    R(hu_node) *node = R(hu_node_new)(t, y, &R(swiglu_rule));
    if (node)
        node->in[0] = x, node->kept = R(hu_keep)(t, x);
    return t->error.status ? NULL : y;
}
