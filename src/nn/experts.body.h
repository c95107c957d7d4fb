/* experts.body.h - a mixture of experts for one REAL: the gate, the way to an expert and back, the balance of the load.
 *
 * Gates G [N][E] hold in each row k weights that add up to 1, and zeros. An expert sees the rows whose gate for it is not 0,
 * or row 0 where there are none, so that its products are never empty; row 0 then counts with weight 0.
 */
#include "src/nn/vector.body.h"

/* In the softmax over the chosen: dl = g (dg - sum of g dg). Also the push of the same, since it is its own transpose. */
static void R(gate_row)(REAL *restrict dl, const REAL *restrict g, const REAL *restrict dg, size_t n)
{
    REAL inner = R(dot)(g, dg, n);
    for (size_t j = 0; j < n; j++)
        dl[j] += g[j] * (dg[j] - inner);
}

static void R(topk_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *y = node->out;
    REAL *dl = R(hu_gradient)(node->in[0]);
    for (size_t i = 0; dl && i < y->rows; i++)
        R(gate_row)(dl + i * y->cols, y->value + i * y->cols, y->grad + i * y->cols, y->cols);
}

static void R(topk_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out;
    const REAL *dl = R(hu_tangent)(t, node->in[0]);
    REAL *dy = R(hu_tangent_new)(t, y);
    if (t->error.status)
        return;
    memset(dy, 0, y->rows * y->cols * sizeof *dy);
    for (size_t i = 0; i < y->rows; i++)
        R(gate_row)(dy + i * y->cols, y->value + i * y->cols, dl + i * y->cols, y->cols);
}

/* g' (dg - sum of g dg) + g (gy - sum of (g' dg + g gy)). */
static void R(topk_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out;
    size_t n = y->cols;
    REAL *gl = R(hu_gradient_tangent)(t, node->in[0]);
    const REAL *moves = R(hu_gradient_moves)(t, y);
    for (size_t i = 0; gl && !t->error.status && i < y->rows; i++) {
        const REAL *g = y->value + i * n, *dg = y->grad + i * n, *moved = y->tangent + i * n, *gy = moves + i * n;
        REAL inner = R(dot)(g, dg, n), inner_moves = R(dot)(moved, dg, n) + R(dot)(g, gy, n);
        for (size_t j = 0; j < n; j++)
            gl[i * n + j] += moved[j] * (dg[j] - inner) + g[j] * (gy[j] - inner_moves);
    }
}

static const R(hu_rule) R(topk_rule) = {"topk", R(topk_backward), R(topk_push), R(topk_pull)};

/* The softmax of the k largest of a row, the earlier of equal ones first; the others become 0, and these alone: what is chosen is at least
 * the smallest normal number. */
static void R(choose)(REAL *restrict g, const REAL *restrict l, size_t n, size_t k)
{
    const REAL least = REAL_LEAST * (REAL)n;                  /* the sum below is from 1 to n */
    REAL top = R(largest)(l, n), sum = 0;
    for (size_t j = 0; j < n; j++)
        g[j] = 0;
    for (size_t round = 0; round < k; round++) {
        size_t best = n;
        for (size_t j = 0; j < n; j++)
            if (g[j] == 0 && (best == n || l[j] > l[best]))
                best = j;
        if (best == n)
            break;
        REAL e, x = l[best];
        R(hu_exp)(&e, &x, 1, 1, -top);
        e = e < least ? least : e;
        g[best] = e;
        sum += e;
    }
    for (size_t j = 0; j < n; j++)
        g[j] /= sum;
}

R(hu_var) *R(hu_topk)(R(hu_tape) *t, R(hu_var) *l, size_t k)
{
    if (t->error.status)
        return NULL;
    if (k < 1 || k > l->cols)
        return R(hu_stick)(t, HU_ESHAPE, "topk: there are fewer experts");
    R(hu_var) *y = R(hu_var_new)(t, l->rows, l->cols);
    if (!y)
        return NULL;
    for (size_t i = 0; i < l->rows; i++)
        R(choose)(y->value + i * l->cols, l->value + i * l->cols, l->cols, k);
    R(hu_node) *node = R(hu_node_new)(t, y, &R(topk_rule));
    if (node)
        node->in[0] = l;
    return t->error.status ? NULL : y;
}

/* ---- to an expert ---- */

/* The rows of an expert; *n of them. */
static size_t *R(rows_of)(R(hu_tape) *t, const R(hu_var) *gates, size_t expert, size_t *n)
{
    size_t *rows = hu_arena_take(&t->arena, gates->rows + 1, sizeof *rows);
    if (!rows)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    *n = 0;
    for (size_t i = 0; i < gates->rows; i++)
        if (gates->value[i * gates->cols + expert] != 0)
            rows[(*n)++] = i;
    if (*n == 0)
        rows[(*n)++] = 0;
    return rows;
}

static void R(dispatch_apply)(R(hu_tape) *t, R(hu_node) *node, REAL *y, const REAL *x)
{
    (void)t;
    const size_t *rows = node->table;
    size_t c = node->out->cols;
    for (size_t i = 0; i < node->out->rows; i++)
        memcpy(y + i * c, x + rows[i] * c, c * sizeof *y);
}

static void R(dispatch_transposed)(R(hu_tape) *t, R(hu_node) *node, REAL *dx, const REAL *dy)
{
    (void)t;
    const size_t *rows = node->table;
    size_t c = node->out->cols;
    for (size_t i = 0; i < node->out->rows; i++)
        for (size_t j = 0; j < c; j++)
            dx[rows[i] * c + j] += dy[i * c + j];
}

HU_LINEAR_RULE(dispatch);

R(hu_var) *R(hu_dispatch)(R(hu_tape) *t, R(hu_var) *x, const R(hu_var) *gates, size_t expert)
{
    if (t->error.status)
        return NULL;
    if (expert >= gates->cols || gates->rows != x->rows || x->rows == 0)
        return R(hu_stick)(t, HU_ESHAPE, "dispatch: the gates have other rows, or fewer experts");
    size_t n = 0, *rows = R(rows_of)(t, gates, expert, &n);
    R(hu_node) plan = {.in = {x}, .out = R(hu_var_new)(t, n, x->cols), .table = rows};
    if (!plan.out)
        return NULL;
    R(dispatch_apply)(t, &plan, plan.out->value, x->value);
    HU_FINISH(t, plan, &R(dispatch_rule));
}

/* ---- and back: out = base, with g y added to the rows of the expert; size[0] is the expert ---- */

static void R(combine_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *base = node->in[0], *y = node->in[1], *gates = node->in[2];
    const size_t *rows = node->table;
    size_t c = base->cols;
    REAL *dbase = R(hu_gradient)(base), *dy = R(hu_gradient)(y), *dgates = R(hu_gradient)(gates);
    const REAL *dout = node->out->grad;
    for (size_t i = 0; dbase && i < base->rows * c; i++)
        dbase[i] += dout[i];
    for (size_t i = 0; i < y->rows; i++) {
        size_t at = rows[i] * gates->cols + node->size[0];
        for (size_t j = 0; dy && j < c; j++)
            dy[i * c + j] += gates->value[at] * dout[rows[i] * c + j];
        if (dgates)
            dgates[at] += R(dot)(y->value + i * c, dout + rows[i] * c, c);
    }
}

static void R(combine_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *base = node->in[0], *y = node->in[1], *gates = node->in[2];
    const size_t *rows = node->table;
    size_t c = base->cols;
    const REAL *dbase = R(hu_tangent)(t, base), *dy = R(hu_tangent)(t, y), *dgates = R(hu_tangent)(t, gates);
    REAL *dout = R(hu_tangent_new)(t, node->out);
    if (t->error.status)
        return;
    memcpy(dout, dbase, base->rows * c * sizeof *dout);
    for (size_t i = 0; i < y->rows; i++) {
        size_t at = rows[i] * gates->cols + node->size[0];
        for (size_t j = 0; j < c; j++)
            dout[rows[i] * c + j] += gates->value[at] * dy[i * c + j] + dgates[at] * y->value[i * c + j];
    }
}

static void R(combine_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *base = node->in[0], *y = node->in[1], *gates = node->in[2];
    const size_t *rows = node->table;
    size_t c = base->cols;
    REAL *gbase = R(hu_gradient_tangent)(t, base), *gy = R(hu_gradient_tangent)(t, y), *gg = R(hu_gradient_tangent)(t, gates);
    const REAL *gout = R(hu_gradient_moves)(t, node->out), *dy = R(hu_tangent)(t, y), *dgates = R(hu_tangent)(t, gates);
    const REAL *dout = node->out->grad;
    if (t->error.status)
        return;
    for (size_t i = 0; gbase && i < base->rows * c; i++)
        gbase[i] += gout[i];
    for (size_t i = 0; i < y->rows; i++) {
        size_t at = rows[i] * gates->cols + node->size[0], row = rows[i] * c;
        for (size_t j = 0; gy && j < c; j++)
            gy[i * c + j] += gates->value[at] * gout[row + j] + dgates[at] * dout[row + j];
        if (gg)
            gg[at] += R(dot)(y->value + i * c, gout + row, c) + R(dot)(dy + i * c, dout + row, c);
    }
}

static const R(hu_rule) R(combine_rule) = {"combine", R(combine_backward), R(combine_push), R(combine_pull)};

R(hu_var) *R(hu_combine)(R(hu_tape) *t, R(hu_var) *base, R(hu_var) *y, R(hu_var) *gates, size_t expert)
{
    if (t->error.status)
        return NULL;
    if (expert >= gates->cols || gates->rows != base->rows || y->cols != base->cols || base->rows == 0)
        return R(hu_stick)(t, HU_ESHAPE, "combine: the gates have other rows, or the expert gives other columns than the base");
    size_t n = 0, *rows = R(rows_of)(t, gates, expert, &n);
    if (rows && n != y->rows)
        return R(hu_stick)(t, HU_ESHAPE, "combine: the expert had other rows than its gate");
    R(hu_var) *out = R(hu_var_new)(t, base->rows, base->cols);
    if (!out)
        return NULL;
    size_t c = base->cols;
    memcpy(out->value, base->value, base->rows * c * sizeof *out->value);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < c; j++)
            out->value[rows[i] * c + j] += gates->value[rows[i] * gates->cols + expert] * y->value[i * c + j];
    R(hu_node) *node = R(hu_node_new)(t, out, &R(combine_rule));
    if (node) {
        node->in[0] = base, node->in[1] = y, node->in[2] = gates;
        node->table = rows, node->size[0] = expert;
    }
    return t->error.status ? NULL : out;
}

/* ---- the balance: weight E sum over experts of f P; saved: softmax p [N][E], f [E], weight E / N ---- */

static void R(balance_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *l = node->in[0];
    const REAL *f = node->saved[1];
    REAL *dl = R(hu_gradient)(l), scale = node->out->grad[0] * node->saved[2][0];
    size_t n = l->cols;
    for (size_t i = 0; dl && i < l->rows; i++) {
        const REAL *p = node->saved[0] + i * n;
        REAL inner = R(dot)(f, p, n);
        for (size_t j = 0; j < n; j++)
            dl[i * n + j] += scale * p[j] * (f[j] - inner);
    }
}

/* p' = p (l' - sum of p l'). */
static void R(balance_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *l = node->in[0];
    size_t n = l->cols;
    const REAL *dl = R(hu_tangent)(t, l);
    REAL *out = R(hu_tangent_new)(t, node->out), *dp = node->pushed[0] = R(hu_take)(t, l->rows * n), sum = 0;
    if (t->error.status)
        return;
    memset(dp, 0, l->rows * n * sizeof *dp);
    for (size_t i = 0; i < l->rows; i++) {
        R(gate_row)(dp + i * n, node->saved[0] + i * n, dl + i * n, n);
        sum += R(dot)(node->saved[1], dp + i * n, n);
    }
    out[0] = node->saved[2][0] * sum;
}

static void R(balance_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *l = node->in[0];
    const REAL *f = node->saved[1], *moves = R(hu_gradient_moves)(t, node->out);
    REAL *gl = R(hu_gradient_tangent)(t, l);
    size_t n = l->cols;
    for (size_t i = 0; gl && !t->error.status && i < l->rows; i++) {
        const REAL *p = node->saved[0] + i * n, *dp = node->pushed[0] + i * n;
        REAL inner = R(dot)(f, p, n), moved = R(dot)(f, dp, n), w = node->saved[2][0], dout = node->out->grad[0];
        for (size_t j = 0; j < n; j++)
            gl[i * n + j] += w * (moves[0] * p[j] * (f[j] - inner) + dout * (dp[j] * (f[j] - inner) - p[j] * moved));
    }
}

static const R(hu_rule) R(balance_rule) = {"balance", R(balance_backward), R(balance_push), R(balance_pull)};

R(hu_var) *R(hu_balance)(R(hu_tape) *t, R(hu_var) *l, const R(hu_var) *gates, double weight)
{
    if (t->error.status)
        return NULL;
    if (gates->rows != l->rows || gates->cols != l->cols || l->rows == 0)
        return R(hu_stick)(t, HU_ESHAPE, "balance: the gates have another shape than their logits");
    size_t n = l->cols, rows = l->rows, chosen = 0;
    R(hu_var) *out = R(hu_var_new)(t, 1, 1);
    REAL *p = R(hu_take)(t, rows * n), *f = R(hu_take)(t, n), *w = R(hu_take)(t, 1), sum = 0;
    if (!out || !p || !f || !w)
        return NULL;
    memset(f, 0, n * sizeof *f);
    for (size_t i = 0; i < rows * n; i++)
        if (gates->value[i] != 0)
            f[i % n] += 1, chosen++;
    for (size_t j = 0; j < n; j++)
        f[j] /= (REAL)chosen;
    *w = (REAL)(weight * (double)n / (double)rows);
    for (size_t i = 0; i < rows; i++) {
        REAL *row = p + i * n, top = R(largest)(l->value + i * n, n);
        R(hu_exp)(row, l->value + i * n, n, 1, -top);
        REAL inverse = 1 / R(sum)(row, n);
        for (size_t j = 0; j < n; j++)
            row[j] *= inverse;
        sum += R(dot)(f, row, n);
    }
    out->value[0] = *w * sum;
    R(hu_node) *node = R(hu_node_new)(t, out, &R(balance_rule));
    if (node)
        node->in[0] = l, node->saved[0] = p, node->saved[1] = f, node->saved[2] = w;
    return t->error.status ? NULL : out;
}
