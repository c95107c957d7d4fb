/* loss.body.h - embedding and softmax cross-entropy for one REAL. */
#include "src/nn/softmax.body.h"

static void R(embedding_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *table = node->in[0], *y = node->out;
    const int32_t *ids = node->table;
    REAL *d = R(hu_gradient)(table);
    for (size_t i = 0; d && i < y->rows; i++)
        for (size_t j = 0; j < y->cols; j++)
            d[(size_t)ids[i] * y->cols + j] += y->grad[i * y->cols + j];
}

static void R(embedding_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out;
    const int32_t *ids = node->table;
    const REAL *d = R(hu_tangent)(t, node->in[0]);
    REAL *dy = R(hu_tangent_new)(t, y);
    for (size_t i = 0; !t->error.status && i < y->rows; i++)
        memcpy(dy + i * y->cols, d + (size_t)ids[i] * y->cols, y->cols * sizeof *dy);
}

static void R(embedding_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out;
    const int32_t *ids = node->table;
    REAL *g = y->has_grad_tangent ? R(hu_gradient_tangent)(t, node->in[0]) : NULL;
    for (size_t i = 0; g && i < y->rows; i++)
        for (size_t j = 0; j < y->cols; j++)
            g[(size_t)ids[i] * y->cols + j] += y->grad_tangent[i * y->cols + j];
}

static const R(hu_rule) R(embedding_rule) = {"embedding", R(embedding_backward), R(embedding_push), R(embedding_pull)};

R(hu_var) *R(hu_embedding)(R(hu_tape) *t, R(hu_var) *table, const int32_t *ids, size_t n)
{
    if (t->error.status)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= table->rows)
            return R(hu_stick)(t, HU_ERANGE, "embedding: a byte of the text is not below the model's vocabulary");
    R(hu_var) *y = R(hu_var_new)(t, n, table->cols);
    if (!y)
        return NULL;
    for (size_t i = 0; i < n; i++)
        memcpy(y->value + i * y->cols, table->value + (size_t)ids[i] * y->cols, y->cols * sizeof *y->value);
    R(hu_node) *node = R(hu_node_new)(t, y, &R(embedding_rule));
    if (node)
        node->in[0] = table, node->table = ids;
    return t->error.status ? NULL : y;
}

static void R(cross_entropy_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    const int32_t *targets = node->table;
    const REAL *p = node->saved[0];
    REAL *dx = R(hu_gradient)(x);
    REAL scale = node->out->grad[0] / (REAL)x->rows;
    size_t v = x->cols, rows = dx ? x->rows : 0;
    int threads = t->threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < v; j++)
            dx[i * v + j] += scale * p[i * v + j];
        dx[i * v + (size_t)targets[i]] -= scale;
    }
}

/* p = softmax(x) of one row; returns log sum exp(x). */
static REAL R(softmax_row)(REAL *p, const REAL *x, size_t n)
{
    REAL top, sum = R(softmax)(p, x, n, &top);
    return top + REAL_LOG(sum);
}

/* Of a row: sum of p x' - x'[target]. */
static void R(cross_entropy_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    const int32_t *targets = node->table;
    const REAL *dx = R(hu_tangent)(t, x);
    REAL *out = R(hu_tangent_new)(t, node->out), *each = R(hu_take)(t, x->rows);
    if (t->error.status)
        return;
    for (size_t i = 0; i < x->rows; i++)
        each[i] = R(dot)(node->saved[0] + i * x->cols, dx + i * x->cols, x->cols) - dx[i * x->cols + (size_t)targets[i]];
    out[0] = R(sum)(each, x->rows) / (REAL)x->rows;
}

/* backward adds s (p - [target]) with s = dy / rows; p' = p (x' - sum of p x'). */
static void R(cross_entropy_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    const int32_t *targets = node->table;
    REAL *gx = R(hu_gradient_tangent)(t, x);
    const REAL *dx = R(hu_tangent)(t, x), *probabilities = node->saved[0], *moves = R(hu_gradient_moves)(t, node->out);
    size_t v = x->cols, rows = gx && !t->error.status ? x->rows : 0;
    REAL scale = node->out->grad[0] / (REAL)x->rows, moved = rows ? moves[0] / (REAL)x->rows : 0;
    int threads = t->threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < rows; i++) {
        const REAL *p = probabilities + i * v, *d = dx + i * v;
        REAL mean = R(dot)(p, d, v);
        for (size_t j = 0; j < v; j++)
            gx[i * v + j] += p[j] * (scale * (d[j] - mean) + moved);
        gx[i * v + (size_t)targets[i]] -= moved;
    }
}

static const R(hu_rule) R(cross_entropy_rule) = {"cross_entropy", R(cross_entropy_backward), R(cross_entropy_push),
                                                 R(cross_entropy_pull)};

R(hu_var) *R(hu_cross_entropy)(R(hu_tape) *t, R(hu_var) *x, const int32_t *targets)
{
    if (t->error.status)
        return NULL;
    size_t rows = x->rows, v = x->cols;
    for (size_t i = 0; i < rows; i++)
        if (targets[i] < 0 || (size_t)targets[i] >= v)
            return R(hu_stick)(t, HU_ERANGE, "cross-entropy: a target is not below the number of classes");
    R(hu_var) *loss = R(hu_var_new)(t, 1, 1);
    REAL *p = R(hu_take)(t, rows * v), *each = R(hu_take)(t, rows);
    if (!loss || !p || !each)
        return NULL;
    const REAL *value = x->value;
    int threads = t->threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < rows; i++)
        each[i] = R(softmax_row)(p + i * v, value + i * v, v) - value[i * v + (size_t)targets[i]];
    loss->value[0] = R(sum)(each, rows) / (REAL)rows;
    R(hu_node) *node = R(hu_node_new)(t, loss, &R(cross_entropy_rule));
    if (node)
        node->in[0] = x, node->table = targets, node->saved[0] = p;
    return t->error.status ? NULL : loss;
}
