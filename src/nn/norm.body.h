/* norm.body.h - RMSNorm and LayerNorm for one REAL.
 *
 * Kept for the way back: r = 1 / sqrt(mean square + epsilon) of each row, and the rows' means.
 * With z = (x - mean) r and h = gain dy, the gradient of a row is r (h - mean(h) - z mean(z h)) for LayerNorm;
 * RMSNorm is the same without the two means.
 */
#include "src/nn/vector.body.h"

static void R(norm_row)(REAL *restrict y, const REAL *restrict x, const REAL *restrict gain, const REAL *restrict bias,
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
static void R(norm_row_back)(REAL *restrict dx, REAL *restrict h, const REAL *restrict dy, const REAL *restrict x,
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

static void R(norm_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out, *x = node->in[0], *gain = node->in[1], *bias = node->in[2];
    const REAL *r = node->saved[0], *mean = node->saved[1];
    size_t n = x->cols;
    REAL *dx = R(hu_gradient)(x), *dgain = R(hu_gradient)(gain), *dbias = bias ? R(hu_gradient)(bias) : NULL;
    REAL *h = R(hu_take)(t, n);
    if (!h)
        return;
    for (size_t i = 0; i < x->rows; i++) {
        const REAL *dy = y->grad + i * n, *row = x->value + i * n;
        if (dx)
            R(norm_row_back)(dx + i * n, h, dy, row, gain->value, bias != NULL, mean[i], r[i], n);
        if (dgain)
            for (size_t j = 0; j < n; j++)
                dgain[j] += dy[j] * ((row[j] - mean[i]) * r[i]);
        if (dbias)
            for (size_t j = 0; j < n; j++)
                dbias[j] += dy[j];
    }
}

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
    R(hu_node) *node = R(hu_node_new)(t, y, R(norm_backward));
    if (node) {
        node->in[0] = x, node->in[1] = gain, node->in[2] = bias;
        node->saved[0] = r, node->saved[1] = mean;
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
