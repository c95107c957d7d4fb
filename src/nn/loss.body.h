/* loss.body.h - embedding and softmax cross-entropy for one REAL. */
#include "src/nn/vector.body.h"

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
    R(hu_node) *node = R(hu_node_new)(t, y, R(embedding_backward));
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
static REAL R(softmax_row)(REAL *restrict p, const REAL *restrict x, size_t n)
{
    REAL top = R(largest)(x, n);
    R(hu_exp)(p, x, n, 1, -top);
    REAL sum = R(sum)(p, n), inverse = 1 / sum;
    for (size_t j = 0; j < n; j++)
        p[j] *= inverse;
    return top + REAL_LOG(sum);
}

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
    R(hu_node) *node = R(hu_node_new)(t, loss, R(cross_entropy_backward));
    if (node)
        node->in[0] = x, node->table = targets, node->saved[0] = p;
    return t->error.status ? NULL : loss;
}
