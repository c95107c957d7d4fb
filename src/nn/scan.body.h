/* scan.body.h - a selective state space and a causal convolution of each channel, for one REAL.
 *
 * For channel e, state s and position t, with x, d [N][C], B, C [N][S], a [C][S]:
 *
 *   delta = log(1 + exp(d)),   A = -exp(a),   alpha = exp(delta A),
 *   h_t = alpha h_{t-1} + delta B x,   y_t = sum over s of C h_t
 *
 * Backwards, with lambda_t = C dy + alpha_{t+1} lambda_{t+1}, the gradient of h_t:
 *
 *   dC = dy h,   dB = lambda delta x,   dx = lambda delta B,   ddelta = lambda (alpha A h_{t-1} + B x),
 *   dA = lambda alpha delta h_{t-1},   dd = ddelta s(d),   da = dA A
 *
 * Sequences are independent of each other; what they add to da is kept apart and added in their order.
 */

typedef struct R(scan) {
    size_t      positions, c, s, wide;      /* wide: columns of the second input, C + 2 S */
    const REAL *x, *dbc, *a;
    const REAL *h;                          /* [N][C][S] */
} R(scan);

static R(scan) R(scan_of)(const R(hu_node) *node)
{
    const R(hu_var) *x = node->in[0], *a = node->in[2];
    return (R(scan)){.positions = node->size[0], .c = x->cols, .s = a->cols, .wide = x->cols + 2 * a->cols, .x = x->value,
                     .dbc = node->in[1]->value, .a = a->value, .h = node->saved[0]};
}

static REAL R(softplus)(REAL x)
{
    return (REAL)((x > 0 ? (double)x : 0) + log1p(exp(-fabs((double)x))));
}

static REAL R(logistic_of)(REAL x)
{
    return (REAL)(1 / (1 + exp(-(double)x)));
}

static REAL R(exp_of)(REAL x)
{
    return (REAL)exp((double)x);
}

/* One sequence, whose first row is `first`. */
static void R(scan_sequence)(const R(scan) *k, REAL *y, REAL *h, size_t first)
{
    for (size_t t = 0; t < k->positions; t++) {
        size_t row = first + t;
        const REAL *in = k->dbc + row * k->wide, *b = in + k->c, *c = b + k->s;
        for (size_t e = 0; e < k->c; e++) {
            REAL delta = R(softplus)(in[e]), x = k->x[row * k->c + e], sum = 0;
            REAL *now = h + (row * k->c + e) * k->s;
            const REAL *before = t ? now - k->c * k->s : NULL;
            for (size_t s = 0; s < k->s; s++) {
                REAL alpha = R(exp_of)(-delta * R(exp_of)(k->a[e * k->s + s]));
                now[s] = (before ? alpha * before[s] : 0) + delta * b[s] * x;
                sum += c[s] * now[s];
            }
            y[row * k->c + e] = sum;
        }
    }
}

/* What one sequence adds: dx, ddbc (NULL: not wanted), da [C][S], which is only its own; lambda is room for [C][S]. */
static void R(scan_back)(const R(scan) *k, const REAL *dy, REAL *dx, REAL *ddbc, REAL *da, REAL *lambda, size_t first)
{
    memset(lambda, 0, k->c * k->s * sizeof *lambda);
    memset(da, 0, k->c * k->s * sizeof *da);
    for (size_t t = k->positions; t-- > 0;) {
        size_t row = first + t;
        const REAL *in = k->dbc + row * k->wide, *b = in + k->c, *c = b + k->s;
        REAL *to = ddbc ? ddbc + row * k->wide : NULL;
        for (size_t e = 0; e < k->c; e++) {
            REAL delta = R(softplus)(in[e]), x = k->x[row * k->c + e], g = dy[row * k->c + e], ddelta = 0, into_x = 0;
            const REAL *now = k->h + (row * k->c + e) * k->s;
            for (size_t s = 0; s < k->s; s++) {
                size_t es = e * k->s + s;
                REAL minus_a = R(exp_of)(k->a[es]), alpha = R(exp_of)(-delta * minus_a);
                REAL before = t ? now[s - k->c * k->s] : 0, l = lambda[es] + c[s] * g;
                if (to) {
                    to[k->c + k->s + s] += g * now[s];
                    to[k->c + s] += l * delta * x;
                }
                into_x += l * delta * b[s];
                ddelta += l * (b[s] * x - alpha * minus_a * before);
                da[es] -= l * alpha * delta * before * minus_a;
                lambda[es] = l * alpha;
            }
            if (dx) dx[row * k->c + e] += into_x;
            if (to) to[e] += ddelta * R(logistic_of)(in[e]);
        }
    }
}

static void R(scan_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(scan) k = R(scan_of)(node);
    R(hu_var) *a = node->in[2];
    size_t batch = node->out->rows / k.positions, n = k.c * k.s;
    REAL *dx = R(hu_gradient)(node->in[0]), *ddbc = R(hu_gradient)(node->in[1]), *da = R(hu_gradient)(a);
    REAL *room = R(hu_take)(t, 2 * batch * n);
    const REAL *dy = node->out->grad;
    int threads = t->threads;
    if (!room)
        return;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t b = 0; b < batch; b++)
        R(scan_back)(&k, dy, dx, ddbc, room + 2 * b * n, room + (2 * b + 1) * n, b * k.positions);
    for (size_t b = 0; da && b < batch; b++)
        for (size_t i = 0; i < n; i++)
            da[i] += room[2 * b * n + i];
}

/* How the inputs move: x', (d, B, C)', a', h'. */
typedef struct R(scan_moves) {
    const REAL *x, *dbc, *a, *h;
} R(scan_moves);

static void R(scan_push_sequence)(const R(scan) *k, const R(scan_moves) *m, REAL *dy, REAL *dh, size_t first)
{
    for (size_t t = 0; t < k->positions; t++) {
        size_t row = first + t;
        const REAL *in = k->dbc + row * k->wide, *b = in + k->c, *c = b + k->s;
        const REAL *din = m->dbc + row * k->wide, *db = din + k->c, *dc = db + k->s;
        for (size_t e = 0; e < k->c; e++) {
            size_t at = row * k->c + e;
            REAL delta = R(softplus)(in[e]), ddelta = R(logistic_of)(in[e]) * din[e], x = k->x[at], dx = m->x[at], sum = 0;
            const REAL *now = k->h + at * k->s;
            REAL *moved = dh + at * k->s;
            for (size_t s = 0; s < k->s; s++) {
                REAL minus_a = R(exp_of)(k->a[e * k->s + s]), alpha = R(exp_of)(-delta * minus_a);
                REAL dalpha = -alpha * minus_a * (ddelta + delta * m->a[e * k->s + s]);
                REAL before = t ? now[s - k->c * k->s] : 0, moved_before = t ? moved[s - k->c * k->s] : 0;
                moved[s] = dalpha * before + alpha * moved_before + ddelta * b[s] * x + delta * (db[s] * x + b[s] * dx);
                sum += dc[s] * now[s] + c[s] * moved[s];
            }
            dy[at] = sum;
        }
    }
}

static R(scan_moves) R(scan_moves_of)(R(hu_tape) *t, const R(hu_node) *node)
{
    return (R(scan_moves)){.x = R(hu_tangent)(t, node->in[0]), .dbc = R(hu_tangent)(t, node->in[1]),
                           .a = R(hu_tangent)(t, node->in[2]), .h = node->pushed[0]};
}

static void R(scan_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(scan) k = R(scan_of)(node);
    R(scan_moves) m = R(scan_moves_of)(t, node);
    REAL *dy = R(hu_tangent_new)(t, node->out), *dh = node->pushed[0] = R(hu_take)(t, node->out->rows * k.c * k.s);
    int threads = t->threads;
    size_t batch = t->error.status ? 0 : node->out->rows / k.positions;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t b = 0; b < batch; b++)
        R(scan_push_sequence)(&k, &m, dy, dh, b * k.positions);
}

/* Where the tangents of one sequence's gradients go; as in scan_back. */
typedef struct R(scan_pulled) {
    REAL *x, *dbc, *a, *lambda, *moved;     /* moved: lambda' */
} R(scan_pulled);

static void R(scan_pull_sequence)(const R(scan) *k, const R(scan_moves) *m, const REAL *dy, const REAL *gy,
                                  R(scan_pulled) g, size_t first)
{
    memset(g.lambda, 0, k->c * k->s * sizeof *g.lambda);
    memset(g.moved, 0, k->c * k->s * sizeof *g.moved);
    memset(g.a, 0, k->c * k->s * sizeof *g.a);
    for (size_t t = k->positions; t-- > 0;) {
        size_t row = first + t;
        const REAL *in = k->dbc + row * k->wide, *b = in + k->c, *c = b + k->s;
        const REAL *din = m->dbc + row * k->wide, *db = din + k->c, *dc = db + k->s;
        REAL *to = g.dbc ? g.dbc + row * k->wide : NULL;
        for (size_t e = 0; e < k->c; e++) {
            size_t at = row * k->c + e;
            REAL slope = R(logistic_of)(in[e]), delta = R(softplus)(in[e]), ddelta = slope * din[e];
            REAL x = k->x[at], dx = m->x[at], into_delta = 0, into_ddelta = 0, into_dx = 0;
            const REAL *now = k->h + at * k->s, *moved_now = m->h + at * k->s;
            for (size_t s = 0; s < k->s; s++) {
                size_t es = e * k->s + s;
                REAL a1 = -R(exp_of)(k->a[es]), da1 = a1 * m->a[es], alpha = R(exp_of)(delta * a1);
                REAL dalpha = alpha * (ddelta * a1 + delta * da1);
                REAL h = t ? now[s - k->c * k->s] : 0, dh = t ? moved_now[s - k->c * k->s] : 0;
                REAL l = g.lambda[es] + c[s] * dy[at], dl = g.moved[es] + dc[s] * dy[at] + c[s] * gy[at];
                if (to) {
                    to[k->c + k->s + s] += gy[at] * now[s] + dy[at] * moved_now[s];
                    to[k->c + s] += dl * delta * x + l * (ddelta * x + delta * dx);
                }
                into_dx += dl * delta * b[s] + l * (ddelta * b[s] + delta * db[s]);
                into_delta += l * (alpha * a1 * h + b[s] * x);
                into_ddelta += dl * (alpha * a1 * h + b[s] * x) +
                               l * ((dalpha * a1 + alpha * da1) * h + alpha * a1 * dh + db[s] * x + b[s] * dx);
                REAL into_a = l * alpha * delta * h;
                REAL into_da = dl * alpha * delta * h + l * (dalpha * delta * h + alpha * (ddelta * h + delta * dh));
                g.a[es] += into_da * a1 + into_a * da1;
                g.lambda[es] = l * alpha;
                g.moved[es] = dl * alpha + l * dalpha;
            }
            if (g.x) g.x[at] += into_dx;
            if (to) to[e] += into_ddelta * slope + into_delta * slope * (1 - slope) * din[e];
        }
    }
}

static void R(scan_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(scan) k = R(scan_of)(node);
    R(scan_moves) m = R(scan_moves_of)(t, node);
    size_t batch = node->out->rows / k.positions, n = k.c * k.s;
    REAL *gx = R(hu_gradient_tangent)(t, node->in[0]), *gdbc = R(hu_gradient_tangent)(t, node->in[1]),
         *ga = R(hu_gradient_tangent)(t, node->in[2]), *room = R(hu_take)(t, 3 * batch * n);
    const REAL *dy = node->out->grad, *gy = R(hu_gradient_moves)(t, node->out);
    int threads = t->threads;
    if (t->error.status)
        return;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t b = 0; b < batch; b++) {
        REAL *mine = room + 3 * b * n;
        R(scan_pull_sequence)(&k, &m, dy, gy, (R(scan_pulled)){gx, gdbc, mine, mine + n, mine + 2 * n}, b * k.positions);
    }
    for (size_t b = 0; ga && b < batch; b++)
        for (size_t i = 0; i < n; i++)
            ga[i] += room[3 * b * n + i];
}

static const R(hu_rule) R(scan_rule) = {"scan", R(scan_backward), R(scan_push), R(scan_pull)};

R(hu_var) *R(hu_scan)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *dbc, R(hu_var) *a, size_t positions)
{
    if (t->error.status)
        return NULL;
    if (!positions || x->rows % positions || dbc->rows != x->rows || a->rows != x->cols || dbc->cols != x->cols + 2 * a->cols)
        return R(hu_stick)(t, HU_ESHAPE, "scan: needs x [N][C], d, B and C side by side [N][C + 2 S], and a [C][S]");
    R(hu_var) *y = R(hu_var_new)(t, x->rows, x->cols);
    R(hu_node) plan = {.in = {x, dbc, a}, .out = y, .size = {positions}};
    REAL *h = plan.saved[0] = R(hu_take)(t, x->rows * x->cols * a->cols);
    if (!y || !h)
        return NULL;
    R(scan) k = R(scan_of)(&plan);
    size_t batch = x->rows / positions;
    int threads = t->threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t b = 0; b < batch; b++)
        R(scan_sequence)(&k, y->value, h, b * positions);
    HU_FINISH(t, plan, &R(scan_rule));
}

/* ---- causal convolution: y[t][c] = bias[c] + sum over j of w[c][j] x[t - K + 1 + j][c] ---- */

typedef struct R(conv) {
    size_t rows, positions, c, k;
} R(conv);

static R(conv) R(conv_of)(const R(hu_node) *node)
{
    return (R(conv)){node->out->rows, node->size[0], node->out->cols, node->in[1]->cols};
}

/* Row `row` looks at the row `back` above it, if that is in its sequence. */
static bool R(sees)(const R(conv) *v, size_t row, size_t back)
{
    return row % v->positions >= back;
}

/* y += w * x. */
static void R(conv_add)(const R(conv) *v, REAL *y, const REAL *x, const REAL *w)
{
    for (size_t row = 0; row < v->rows; row++)
        for (size_t j = 0; j < v->k; j++)
            for (size_t c = 0; R(sees)(v, row, v->k - 1 - j) && c < v->c; c++)
                y[row * v->c + c] += w[c * v->k + j] * x[(row - (v->k - 1 - j)) * v->c + c];
}

/* dx += what dy gives through w (dx not NULL); dw += what dy gives through x (dw not NULL). */
static void R(conv_transposed)(const R(conv) *v, REAL *dx, REAL *dw, const REAL *dy, const REAL *x, const REAL *w)
{
    for (size_t row = 0; row < v->rows; row++)
        for (size_t j = 0; j < v->k; j++)
            for (size_t c = 0; R(sees)(v, row, v->k - 1 - j) && c < v->c; c++) {
                size_t from = (row - (v->k - 1 - j)) * v->c + c;
                if (dx) dx[from] += w[c * v->k + j] * dy[row * v->c + c];
                if (dw) dw[c * v->k + j] += x[from] * dy[row * v->c + c];
            }
}

static void R(add_rows)(const R(conv) *v, REAL *sum, const REAL *rows)
{
    for (size_t i = 0; sum && i < v->rows * v->c; i++)
        sum[i % v->c] += rows[i];
}

static void R(causal_conv_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(conv) v = R(conv_of)(node);
    R(hu_var) *x = node->in[0], *w = node->in[1];
    R(conv_transposed)(&v, R(hu_gradient)(x), R(hu_gradient)(w), node->out->grad, x->value, w->value);
    R(add_rows)(&v, R(hu_gradient)(node->in[2]), node->out->grad);
}

static void R(causal_conv_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(conv) v = R(conv_of)(node);
    R(hu_var) *x = node->in[0], *w = node->in[1];
    const REAL *dx = R(hu_tangent)(t, x), *dw = R(hu_tangent)(t, w), *dbias = R(hu_tangent)(t, node->in[2]);
    REAL *dy = R(hu_tangent_new)(t, node->out);
    if (t->error.status)
        return;
    for (size_t i = 0; i < v.rows * v.c; i++)
        dy[i] = dbias[i % v.c];
    R(conv_add)(&v, dy, dx, w->value);
    R(conv_add)(&v, dy, x->value, dw);
}

static void R(causal_conv_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(conv) v = R(conv_of)(node);
    R(hu_var) *x = node->in[0], *w = node->in[1];
    const REAL *dx = R(hu_tangent)(t, x), *dw = R(hu_tangent)(t, w), *gy = R(hu_gradient_moves)(t, node->out);
    REAL *gx = R(hu_gradient_tangent)(t, x), *gw = R(hu_gradient_tangent)(t, w), *gb = R(hu_gradient_tangent)(t, node->in[2]);
    if (t->error.status)
        return;
    R(conv_transposed)(&v, gx, gw, gy, x->value, w->value);
    R(conv_transposed)(&v, gx, gw, node->out->grad, dx, dw);
    R(add_rows)(&v, gb, gy);
}

static const R(hu_rule) R(causal_conv_rule) = {"causal_conv", R(causal_conv_backward), R(causal_conv_push),
                                               R(causal_conv_pull)};

R(hu_var) *R(hu_causal_conv)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *w, R(hu_var) *bias, size_t positions)
{
    if (t->error.status)
        return NULL;
    if (!positions || x->rows % positions || w->rows != x->cols || !w->cols || bias->rows != 1 || bias->cols != x->cols)
        return R(hu_stick)(t, HU_ESHAPE, "causal_conv: needs x [N][C], w [C][K] and bias [1][C]");
    R(hu_node) plan = {.in = {x, w, bias}, .out = R(hu_var_new)(t, x->rows, x->cols), .size = {positions}};
    if (!plan.out)
        return NULL;
    R(conv) v = R(conv_of)(&plan);
    for (size_t i = 0; i < v.rows * v.c; i++)
        plan.out->value[i] = bias->value[i % v.c];
    R(conv_add)(&v, plan.out->value, x->value, w->value);
    HU_FINISH(t, plan, &R(causal_conv_rule));
}
