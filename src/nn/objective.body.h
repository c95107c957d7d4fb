/* objective.body.h - mean square and logistic loss for one REAL. */
#include "src/nn/vector.body.h"

/* saved[0] holds x - values. */
static void R(mean_square_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *x = node->in[0];
    REAL *dx = R(hu_gradient)(x);
    size_t n = x->rows * x->cols;
    REAL scale = 2 / (REAL)n * node->out->grad[0];
    for (size_t i = 0; dx && i < n; i++)
        dx[i] += scale * node->saved[0][i];
}

static void R(mean_square_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    size_t n = x->rows * x->cols;
    const REAL *dx = R(hu_tangent)(t, x);
    REAL *out = R(hu_tangent_new)(t, node->out);
    if (!t->error.status)
        out[0] = 2 / (REAL)n * R(dot)(node->saved[0], dx, n);
}

static void R(mean_square_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    size_t n = x->rows * x->cols;
    const REAL *dx = R(hu_tangent)(t, x), *moves = R(hu_gradient_moves)(t, node->out);
    REAL *gx = R(hu_gradient_tangent)(t, x), scale = 2 / (REAL)n;
    for (size_t i = 0; gx && !t->error.status && i < n; i++)
        gx[i] += scale * (dx[i] * node->out->grad[0] + node->saved[0][i] * moves[0]);
}

static const R(hu_rule) R(mean_square_rule) = {"mean_square", R(mean_square_backward), R(mean_square_push), R(mean_square_pull)};

R(hu_var) *R(hu_mean_square)(R(hu_tape) *t, R(hu_var) *x, const float *values)
{
    if (t->error.status)
        return NULL;
    size_t n = x->rows * x->cols;
    R(hu_var) *loss = R(hu_var_new)(t, 1, 1);
    REAL *off = R(hu_take)(t, n);
    if (!loss || !off)
        return NULL;
    for (size_t i = 0; i < n; i++)
        off[i] = x->value[i] - (REAL)values[i];
    loss->value[0] = R(dot)(off, off, n) / (REAL)n;
    R(hu_node) *node = R(hu_node_new)(t, loss, &R(mean_square_rule));
    if (node)
        node->in[0] = x, node->saved[0] = off;
    return t->error.status ? NULL : loss;
}

/* saved[0] holds s - target, saved[1] s (1 - s), where s is the logistic function of x. */
static void R(logistic_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *x = node->in[0];
    REAL *dx = R(hu_gradient)(x), scale = node->out->grad[0] / (REAL)x->rows;
    for (size_t i = 0; dx && i < x->rows; i++)
        dx[i] += scale * node->saved[0][i];
}

static void R(logistic_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    const REAL *dx = R(hu_tangent)(t, x);
    REAL *out = R(hu_tangent_new)(t, node->out);
    if (!t->error.status)
        out[0] = R(dot)(node->saved[0], dx, x->rows) / (REAL)x->rows;
}

static void R(logistic_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    const REAL *dx = R(hu_tangent)(t, x), *moves = R(hu_gradient_moves)(t, node->out);
    REAL *gx = R(hu_gradient_tangent)(t, x);
    for (size_t i = 0; gx && !t->error.status && i < x->rows; i++)
        gx[i] += (node->saved[1][i] * dx[i] * node->out->grad[0] + node->saved[0][i] * moves[0]) / (REAL)x->rows;
}

static const R(hu_rule) R(logistic_rule) = {"logistic", R(logistic_backward), R(logistic_push), R(logistic_pull)};

R(hu_var) *R(hu_logistic)(R(hu_tape) *t, R(hu_var) *x, const int32_t *targets)
{
    if (t->error.status)
        return NULL;
    if (x->cols != 1)
        return R(hu_stick)(t, HU_ESHAPE, "logistic: needs one column");
    size_t n = x->rows;
    for (size_t i = 0; i < n; i++)
        if (targets[i] != 0 && targets[i] != 1)
            return R(hu_stick)(t, HU_ERANGE, "logistic: a target is neither 0 nor 1");
    R(hu_var) *loss = R(hu_var_new)(t, 1, 1);
    REAL *off = R(hu_take)(t, n), *bend = R(hu_take)(t, n), *each = R(hu_take)(t, n);
    if (!loss || !off || !bend || !each)
        return NULL;
    for (size_t i = 0; i < n; i++) {                       /* e <= 1: nothing overflows */
        double v = (double)x->value[i], e = exp(-fabs(v)), s = v >= 0 ? 1 / (1 + e) : e / (1 + e);
        each[i] = (REAL)((v > 0 ? v : v != v ? v : 0) + log1p(e) - targets[i] * v);
        off[i] = (REAL)(s - targets[i]);
        bend[i] = (REAL)(s * (v >= 0 ? e / (1 + e) : 1 / (1 + e)));
    }
    loss->value[0] = R(sum)(each, n) / (REAL)n;
    R(hu_node) *node = R(hu_node_new)(t, loss, &R(logistic_rule));
    if (node)
        node->in[0] = x, node->saved[0] = off, node->saved[1] = bend;
    return t->error.status ? NULL : loss;
}
