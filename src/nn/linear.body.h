/* linear.body.h - linear layer, bias and sum, for one REAL.
 *
 * The quantized operands of the forward product are kept: the backward pass takes them again where its own
 * quantizer would give the same bits (the same deterministic one), which saves two or three of the six roundings.
 */

enum { R(FULL) = 1 };   /* node->size[0] of a layer outside the policy */

static const hu_policy *R(policy_of)(const R(hu_tape) *t, bool full)
{
    return full ? NULL : t->policy;
}

/* `in` by the quantizer of `operand`; `in` itself where there is none; `ready` (already quantized as operand
 * `like`) where that gives the same bits. */
static REAL *R(operand)(R(hu_tape) *t, const hu_policy *p, hu_operand operand, unsigned layer, R(hu_var) *in,
                        const REAL *values, REAL *ready, hu_operand like)
{
    if (!hu_policy_has(p, operand))
        return (REAL *)values;
    if (ready && hu_policy_has(p, like) && hu_policy_same(p, operand, like))
        return ready;
    REAL *out = R(hu_take)(t, in->rows * in->cols);
    hu_error err = {0};
    if (out && R(hu_policy_quantize_matrix)(p, operand, t->step, layer, out, values, in->rows, in->cols, &err))
        return R(hu_stick)(t, err.status, err.text);
    return out;
}

/* c = a b (+ c where `add`), by the policy's accumulator for `role` where it has one. */
static void R(product)(R(hu_tape) *t, const hu_policy *p, hu_gemm_role role, unsigned layer, REAL *c, const REAL *a,
                       const REAL *b, hu_gemm_shape s, bool add)
{
    if (!hu_policy_accumulates(p, role)) {
        R(hu_matmul)(t, c, a, b, s, add);
        return;
    }
    hu_env env = hu_env_default();
    if (p->accumulate_rounding)
        env.rounding = p->accumulate_rounding;
    env.random = (hu_random){p->seed, hu_policy_stream(t->step, layer, (hu_operand)(HU_P_COUNT + role)), 0};
    hu_error err = {0};
    REAL *sum = add ? R(hu_take)(t, s.m * s.n) : c;
    if (!sum)
        return;
    hu_gemm_shape dense = s;
    dense.ldc = add ? s.n : s.ldc;
    env.no_flags = true;
    if (R(hu_gemm)(sum, a, b, dense, &p->accumulator[role], &env, &err)) {
        R(hu_stick)(t, err.status, err.text);
        return;
    }
    for (size_t i = 0; add && i < s.m; i++)
        for (size_t j = 0; j < s.n; j++)
            c[i * s.ldc + j] += sum[i * s.n + j];
}

/* dgrad: dX [N][in] = dY [N][out] W [out][in]. wgrad: dW [out][in] = dY^T X. */
static void R(linear_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out, *x = node->in[0], *w = node->in[1];
    const hu_policy *p = R(policy_of)(t, node->size[0] == R(FULL));
    unsigned layer = node->layer;
    size_t n = x->rows, in = x->cols, out = w->rows;

    REAL *p3 = R(operand)(t, p, HU_P3, layer, y, y->grad, NULL, HU_P3);
    REAL *p4 = R(operand)(t, p, HU_P4, layer, w, w->value, node->saved[1], HU_P2);
    REAL *p5 = R(operand)(t, p, HU_P5, layer, y, y->grad, p3, HU_P3);
    REAL *p6 = R(operand)(t, p, HU_P6, layer, x, x->value, node->saved[0], HU_P1);
    if (!p3 || !p4 || !p5 || !p6)
        return;
    if (x->grad) {
        hu_gemm_shape s = {.m = n, .n = in, .k = out, .lda = out, .ldb = in, .ldc = in};
        R(product)(t, p, HU_GEMM_DGRAD, layer, x->grad, p3, p4, s, x->has_grad);
        x->has_grad = true;
    }
    if (w->grad) {
        hu_gemm_shape s = {.m = out, .n = in, .k = n, .lda = out, .ldb = in, .ldc = in, .a_transposed = true};
        R(product)(t, p, HU_GEMM_WGRAD, layer, w->grad, p5, p6, s, w->has_grad);
        w->has_grad = true;
    }
}

R(hu_var) *R(hu_linear)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *w, unsigned layer, bool full)
{
    if (t->error.status)
        return NULL;
    if (x->cols != w->cols)
        return R(hu_stick)(t, HU_ESHAPE, "linear: the columns of the input are not those of the weight");
    const hu_policy *p = R(policy_of)(t, full);
    REAL *p1 = R(operand)(t, p, HU_P1, layer, x, x->value, NULL, HU_P1);
    REAL *p2 = R(operand)(t, p, HU_P2, layer, w, w->value, NULL, HU_P2);
    R(hu_var) *y = R(hu_var_new)(t, x->rows, w->rows);
    if (!y || !p1 || !p2)
        return NULL;

    hu_gemm_shape s = {.m = x->rows, .n = w->rows, .k = x->cols, .lda = x->cols, .ldb = x->cols, .ldc = w->rows,
                       .b_transposed = true};
    R(product)(t, p, HU_GEMM_FORWARD, layer, y->value, p1, p2, s, false);
    R(hu_node) *node = R(hu_node_new)(t, y, R(linear_backward));
    if (node) {
        node->in[0] = x, node->in[1] = w;
        node->saved[0] = p1, node->saved[1] = p2;
        node->size[0] = full ? R(FULL) : 0;
        node->layer = layer;
    }
    return t->error.status ? NULL : y;
}

static void R(bias_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *y = node->out;
    REAL *dx = R(hu_gradient)(node->in[0]), *db = R(hu_gradient)(node->in[1]);
    for (size_t i = 0; i < y->rows; i++)
        for (size_t j = 0; j < y->cols; j++) {
            REAL dy = y->grad[i * y->cols + j];
            if (dx) dx[i * y->cols + j] += dy;
            if (db) db[j] += dy;
        }
}

R(hu_var) *R(hu_bias)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *b)
{
    if (t->error.status)
        return NULL;
    if (b->rows != 1 || b->cols != x->cols)
        return R(hu_stick)(t, HU_ESHAPE, "bias: needs one row with as many columns as the input");
    R(hu_var) *y = R(hu_var_new)(t, x->rows, x->cols);
    if (!y)
        return NULL;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++)
            y->value[i * x->cols + j] = x->value[i * x->cols + j] + b->value[j];
    R(hu_node) *node = R(hu_node_new)(t, y, R(bias_backward));
    if (node)
        node->in[0] = x, node->in[1] = b;
    return t->error.status ? NULL : y;
}

static void R(plus_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    const REAL *restrict dy = node->out->grad;
    size_t n = node->out->rows * node->out->cols;
    for (int k = 0; k < 2; k++) {
        R(hu_var) *v = node->in[k];
        if (!v->grad)
            continue;
        if (!v->has_grad) {
            memcpy(v->grad, dy, n * sizeof *dy);
            v->has_grad = true;
            continue;
        }
        REAL *restrict dv = v->grad;
        for (size_t i = 0; i < n; i++)
            dv[i] += dy[i];
    }
}

R(hu_var) *R(hu_plus)(R(hu_tape) *t, R(hu_var) *a, R(hu_var) *b)
{
    if (t->error.status)
        return NULL;
    if (a->rows != b->rows || a->cols != b->cols)
        return R(hu_stick)(t, HU_ESHAPE, "plus: the two shapes differ");
    R(hu_var) *y = R(hu_var_new)(t, a->rows, a->cols);
    if (!y)
        return NULL;
    size_t n = a->rows * a->cols;
    REAL *restrict out = y->value;
    for (size_t i = 0; i < n; i++)
        out[i] = a->value[i] + b->value[i];
    R(hu_node) *node = R(hu_node_new)(t, y, R(plus_backward));
    if (node)
        node->in[0] = a, node->in[1] = b;
    return t->error.status ? NULL : y;
}
