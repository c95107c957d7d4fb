/* norm.body.h - RMSNorm and LayerNorm for one REAL.
 *
 * Kept for the way back: r = 1 / sqrt(mean square + epsilon) of each row, and the rows' means.
 * With z = (x - mean) r and h = gain dy, the gradient of a row is r (h - mean(h) - z mean(z h)) for LayerNorm;
 * RMSNorm is the same without the two means.
 */
#include "src/nn/vector.body.h"

static HU_CLONES void R(norm_row)(REAL *restrict y, const REAL *restrict x, const REAL *restrict gain, const REAL *restrict bias,
                        REAL mean, REAL r, size_t n)
{
    if (bias)
        for (size_t j = 0; j < n; j++)
            y[j] = (x[j] - mean) * r * gain[j] + bias[j];
    else
        for (size_t j = 0; j < n; j++)
            y[j] = x[j] * r * gain[j];
}

/* dx += the gradient of one row; h is room for n values. */
static HU_CLONES void R(norm_row_back)(REAL *restrict dx, REAL *restrict h, const REAL *restrict dy, const REAL *restrict x,
                             const REAL *restrict gain, bool centered, REAL mean, REAL r, size_t n)
{
    for (size_t j = 0; j < n; j++)
        h[j] = dy[j] * gain[j];
    REAL mean_h = centered ? R(sum)(h, n) / (REAL)n : 0;
    REAL xh = R(dot)(x, h, n) - (centered ? mean * (REAL)n * mean_h : 0);   /* sum of (x - mean) h */
    REAL scale = xh * r * r / (REAL)n;
    for (size_t j = 0; j < n; j++)
        dx[j] += r * (h[j] - mean_h - (x[j] - mean) * scale);
}

/* What the way back needs of one norm. */
typedef struct R(norm_back) {
    const REAL *x, *dy, *gain, *r, *mean;
    REAL       *dx, *dgain, *dbias;       /* NULL: not wanted */
    bool        centered;
    size_t      n;                        /* columns          */
} R(norm_back);

/* dgain and dbias of columns first ... end - 1 += what rows i ... i_end - 1 give, row after row. */
static HU_CLONES void R(norm_gains_back)(const R(norm_back) *b, size_t i, size_t i_end, size_t first, size_t end)
{
    REAL *restrict dgain = b->dgain, *restrict dbias = b->dbias;
    for (; i < i_end; i++) {
        const REAL *restrict dy = b->dy + i * b->n, *restrict x = b->x + i * b->n;
        REAL mean = b->mean[i], r = b->r[i];
        for (size_t j = first; dgain && j < end; j++)
            dgain[j] += dy[j] * ((x[j] - mean) * r);
        for (size_t j = first; dbias && j < end; j++)
            dbias[j] += dy[j];
    }
}

/* Rows i ... i_end - 1 of dx; h is room for a row. */
static void R(norm_rows_back)(const R(norm_back) *b, REAL *h, size_t i, size_t i_end)
{
    for (; b->dx && i < i_end; i++)
        R(norm_row_back)(b->dx + i * b->n, h, b->dy + i * b->n, b->x + i * b->n, b->gain, b->centered, b->mean[i], b->r[i], b->n);
}

/* Rows by the threads, then columns by the threads: whatever their number, a sum has its order. */
static void R(norm_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    enum { ROWS = 16 };
    R(hu_var) *y = node->out, *x = node->in[0], *gain = node->in[1], *bias = node->in[2];
    R(norm_back) b = {.x = node->kept, .dy = y->grad, .gain = gain->value, .r = node->saved[0], .mean = node->saved[1],
                      .dx = R(hu_gradient)(x), .dgain = R(hu_gradient)(gain), .dbias = bias ? R(hu_gradient)(bias) : NULL,
                      .centered = bias != NULL, .n = x->cols};
    int threads = t->threads;
    REAL *room = R(hu_take)(t, (size_t)threads * b.n);
    size_t rows = x->rows, across = (b.n + (size_t)threads - 1) / (size_t)threads;
    if (!room)
        return;
    if (threads == 1) {                       /* a few rows for both while they are near */
        for (size_t i = 0; i < rows; i += ROWS) {
            size_t end = rows - i < ROWS ? rows : i + ROWS;
            R(norm_rows_back)(&b, room, i, end);
            R(norm_gains_back)(&b, i, end, 0, b.n);
        }
        return;
    }
#pragma omp parallel for num_threads(threads)
    for (size_t i = 0; i < rows; i += ROWS)
        R(norm_rows_back)(&b, room + (size_t)omp_get_thread_num() % (size_t)threads * b.n, i, rows - i < ROWS ? rows : i + ROWS);
#pragma omp parallel for num_threads(threads)
    for (size_t j = 0; j < b.n; j += across)
        R(norm_gains_back)(&b, 0, rows, j, b.n - j < across ? b.n : j + across);
}

/* How one row moves: the tangents of z = (x - mean) r, into dz, and of r, returned. c = x - mean is centered for LayerNorm. */
static REAL R(norm_row_moves)(REAL *restrict dz, const REAL *restrict dx, const REAL *restrict x, bool centered, REAL mean,
                              REAL r, size_t n)
{
    REAL dmean = centered ? R(sum)(dx, n) / (REAL)n : 0, inner = 0;
    for (size_t j = 0; j < n; j++) {
        dz[j] = dx[j] - dmean;
        inner += (x[j] - mean) * dz[j];
    }
    REAL dr = -r * r * r * inner / (REAL)n;
    for (size_t j = 0; j < n; j++)
        dz[j] = dz[j] * r + (x[j] - mean) * dr;
    return dr;
}

static void R(norm_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0], *gain = node->in[1], *bias = node->in[2];
    const REAL *r = node->saved[0], *mean = node->saved[1];
    size_t n = x->cols;
    const REAL *dx = R(hu_tangent)(t, x), *dgain = R(hu_tangent)(t, gain), *dbias = bias ? R(hu_tangent)(t, bias) : NULL;
    REAL *dy = R(hu_tangent_new)(t, node->out), *dz = node->pushed[0] = R(hu_take)(t, x->rows * n);
    REAL *dr = node->pushed[1] = R(hu_take)(t, x->rows);
    for (size_t i = 0; !t->error.status && i < x->rows; i++) {
        const REAL *row = x->value + i * n;
        dr[i] = R(norm_row_moves)(dz + i * n, dx + i * n, row, bias != NULL, mean[i], r[i], n);
        for (size_t j = 0; j < n; j++)
            dy[i * n + j] = dz[i * n + j] * gain->value[j] + (row[j] - mean[i]) * r[i] * dgain[j] + (dbias ? dbias[j] : 0);
    }
}

/* What moves in one row: dy by gy, gain by dgain, z by dz, r by dr. */
typedef struct R(norm_moves) {
    const REAL *dy, *gy, *gain, *dgain, *x, *dz;
    REAL        mean, r, dr;
    bool        centered;
} R(norm_moves);

/* gx += the tangent of r k, where k = h - mean(h) - z mean(z h); dh is room for n values. */
static void R(norm_row_pull)(REAL *restrict gx, REAL *restrict dh, const R(norm_moves) *m, size_t n)
{
    REAL h = 0, zh = 0, moved = 0, moved_zh = 0;
    for (size_t j = 0; j < n; j++) {
        REAL at = m->dy[j] * m->gain[j], z = (m->x[j] - m->mean) * m->r;
        dh[j] = m->gy[j] * m->gain[j] + m->dy[j] * m->dgain[j];
        h += at, zh += z * at;
        moved += dh[j], moved_zh += m->dz[j] * at + z * dh[j];
    }
    h = m->centered ? h / (REAL)n : 0, moved = m->centered ? moved / (REAL)n : 0;
    zh /= (REAL)n, moved_zh /= (REAL)n;
    for (size_t j = 0; j < n; j++) {
        REAL z = (m->x[j] - m->mean) * m->r;
        gx[j] += m->dr * (m->dy[j] * m->gain[j] - h - z * zh) + m->r * (dh[j] - moved - m->dz[j] * zh - z * moved_zh);
    }
}

static void R(norm_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out, *x = node->in[0], *gain = node->in[1], *bias = node->in[2];
    size_t n = x->cols;
    const REAL *gy = R(hu_gradient_moves)(t, y), *dgain = R(hu_tangent)(t, gain), *dz = node->pushed[0];
    REAL *gx = R(hu_gradient_tangent)(t, x), *ggain = R(hu_gradient_tangent)(t, gain);
    REAL *gbias = bias ? R(hu_gradient_tangent)(t, bias) : NULL, *room = R(hu_take)(t, n);
    for (size_t i = 0; !t->error.status && i < x->rows; i++) {
        R(norm_moves) m = {y->grad + i * n, gy + i * n, gain->value, dgain, node->kept + i * n, dz + i * n,
                           node->saved[1][i], node->saved[0][i], node->pushed[1][i], bias != NULL};
        if (gx)
            R(norm_row_pull)(gx + i * n, room, &m, n);
        for (size_t j = 0; ggain && j < n; j++)
            ggain[j] += m.gy[j] * ((m.x[j] - m.mean) * m.r) + m.dy[j] * m.dz[j];
        for (size_t j = 0; gbias && j < n; j++)
            gbias[j] += m.gy[j];
    }
}

static const R(hu_rule) R(norm_rule) = {"norm", R(norm_backward), R(norm_push), R(norm_pull)};

static R(hu_var) *R(norm)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *gain, R(hu_var) *bias)
{
    if (t->error.status)
        return NULL;
    size_t n = x->cols;
    if (gain->rows != 1 || gain->cols != n || (bias && (bias->rows != 1 || bias->cols != n)))
        return R(hu_stick)(t, HU_ESHAPE, "norm: gain and bias need one row with as many columns as the input");
    R(hu_var) *y = R(hu_var_new)(t, x->rows, n);
    REAL *r = R(hu_take)(t, x->rows), *mean = R(hu_take)(t, x->rows);
    if (!y || !r || !mean)
        return NULL;
    int threads = t->threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < x->rows; i++) {
        const REAL *row = x->value + i * n;
        mean[i] = bias ? R(sum)(row, n) / (REAL)n : 0;
        REAL square = 0;
        if (bias) {                       /* two passes: no cancellation */
            REAL *z = y->value + i * n;
            for (size_t j = 0; j < n; j++)
                z[j] = row[j] - mean[i];
            square = R(dot)(z, z, n);
        } else {
            square = R(dot)(row, row, n);
        }
        r[i] = 1 / REAL_SQRT(square / (REAL)n + (REAL)HU_NORM_EPSILON);
        R(norm_row)(y->value + i * n, row, gain->value, bias ? bias->value : NULL, mean[i], r[i], n);
    }
    R(hu_node) *node = R(hu_node_new)(t, y, &R(norm_rule));
    if (node) {
        node->in[0] = x, node->in[1] = gain, node->in[2] = bias;
        node->saved[0] = r, node->saved[1] = mean;
        node->kept = R(hu_keep)(t, x);
    }
    return t->error.status ? NULL : y;
}

R(hu_var) *R(hu_rmsnorm)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *gain)
{
    return R(norm)(t, x, gain, NULL);
}

R(hu_var) *R(hu_layernorm)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *gain, R(hu_var) *bias)
{
    return R(norm)(t, x, gain, bias);
}
