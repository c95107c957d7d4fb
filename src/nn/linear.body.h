/* linear.body.h - linear layer, bias and sum, for one REAL.
 *
 * The quantized operands of the forward product are kept: the backward pass takes them again where its own
 * quantizer would give the same bits (the same deterministic one), which saves two or three of the six roundings.
 */
#include "src/nn/subnormal.body.h"

enum { R(FULL) = 1 };   /* node->size[0] of a layer outside the policy */

static const hu_policy *R(policy_of)(const R(hu_tape) *t, unsigned layer, bool full)
{
    return full ? NULL : hu_policy_at(t->policy, layer);
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
    env.random = (hu_random){p->seed, hu_policy_stream(t->step, layer, (hu_operand)(HU_P_SUMS + role)), 0};
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

/* ---- gradients with subnormal numbers ----
 *
 * Processors take a hundred times as long for a product with a subnormal number. Where a gradient has some (a softmax that has nearly
 * decided gives them), its products are those of the gradient times a power of two, and are divided by it afterwards. As long as nothing
 * is subnormal on the way these are the same bits; sums that are differ in bits below 2^-126, and are the better ones. */

static HU_CLONES void R(times_power)(REAL *out, const REAL *in, REAL by, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[i] * by;
}

/* The exponent of the power for a product of a and b: no sum may pass 2^100, and no number of a 2^126. 0: a stays as it is. */
static int R(lift_of)(const REAL *a, const REAL *b, hu_gemm_shape s)
{
    enum { MOST = 100, LEAST = 24 };
    if (sizeof(REAL) != sizeof(float) || !R(has_subnormals)(a, s.m * s.k))
        return 0;
    double largest = (double)hu_largest_f32((const float *)(const void *)a, s.m * s.k);
    double most = largest * (double)hu_largest_f32((const float *)(const void *)b, s.k * s.n) * (double)s.k;
    if (!(most > 0) || !isfinite(most))
        return 0;
    int lift = MOST - 1 - ilogb(most), room = 125 - ilogb(largest);
    lift = lift > MOST ? MOST : lift;
    lift = lift > room ? room : lift;
    return lift < LEAST ? 0 : lift;
}

/* c = a b (+ c where `add`) as R(product); a and b have no gaps between their rows. */
static void R(product_of_small)(R(hu_tape) *t, const hu_policy *p, hu_gemm_role role, unsigned layer, REAL *c, const REAL *a,
                                const REAL *b, hu_gemm_shape s, bool add)
{
    int lift = add || hu_policy_accumulates(p, role) ? 0 : R(lift_of)(a, b, s);
    REAL *lifted = lift ? R(hu_take)(t, s.m * s.k) : NULL;
    if (!lifted) {
        R(product)(t, p, role, layer, c, a, b, s, add);
        return;
    }
    R(times_power)(lifted, a, (REAL)ldexp(1, lift), s.m * s.k);
    R(product)(t, p, role, layer, c, lifted, b, s, add);
    R(times_power)(c, c, (REAL)ldexp(1, -lift), s.m * s.n);
}

/* dgrad: dX [N][in] = dY [N][out] W [out][in]. wgrad: dW [out][in] = dY^T X. */
static void R(linear_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out, *x = node->in[0], *w = node->in[1];
    const hu_policy *p = R(policy_of)(t, node->layer, node->size[0] == R(FULL));
    unsigned layer = node->layer;
    size_t n = x->rows, in = x->cols, out = w->rows;

    REAL *p3 = R(operand)(t, p, HU_P3, layer, y, y->grad, NULL, HU_P3);
    REAL *p4 = R(operand)(t, p, HU_P4, layer, w, w->value, node->saved[1], HU_P2);
    REAL *p5 = R(operand)(t, p, HU_P5, layer, y, y->grad, p3, HU_P3);
    REAL *p6 = R(operand)(t, p, HU_P6, layer, x, x->value, node->saved[0], HU_P1);
    if (!p3 || !p4 || !p5 || !p6)
        return;
    node->saved[2] = p3, node->saved[3] = p4, node->saved[4] = p5, node->saved[5] = p6;
    REAL *dx = R(hu_gradient_room)(x), *dw = R(hu_gradient_room)(w);
    if (dx) {
        hu_gemm_shape s = {.m = n, .n = in, .k = out, .lda = out, .ldb = in, .ldc = in};
        (y->has_subnormals ? R(product_of_small) : R(product))(t, p, HU_GEMM_DGRAD, layer, dx, p3, p4, s, x->has_grad);
        x->has_grad = true;
    }
    if (dw) {
        hu_gemm_shape s = {.m = out, .n = in, .k = n, .lda = out, .ldb = in, .ldc = in, .a_transposed = true};
        (y->has_subnormals ? R(product_of_small) : R(product))(t, p, HU_GEMM_WGRAD, layer, dw, p5, p6, s, w->has_grad);
        w->has_grad = true;
    }
}

/* ---- tangents of the linear layer ---- */

/* The tangent of `like` as it enters a product: NULL for zero, itself, or rounded as operand `operand`. */
static const REAL *R(moving)(R(hu_tape) *t, const hu_policy *p, hu_operand operand, unsigned layer,
                             const R(hu_var) *like, const REAL *tangent)
{
    if (!tangent || !t->rounds_tangents || !hu_policy_has(p, operand))
        return tangent;
    REAL *out = R(hu_take)(t, like->rows * like->cols);
    hu_error err = {0};
    if (out && R(hu_policy_quantize_matrix)(p, operand, R(hu_tangent_step)(t), layer, out, tangent, like->rows, like->cols,
                                            &err))
        return R(hu_stick)(t, err.status, err.text);
    return out;
}

/* c += the derivative of a b: a' b + a b', either of them NULL for zero. */
static void R(product_moves)(R(hu_tape) *t, const hu_policy *p, hu_gemm_role role, unsigned layer, REAL *c,
                             const REAL *const at[2], const REAL *const moves[2], hu_gemm_shape s)
{
    const hu_policy *sums = t->rounds_tangents ? p : NULL;
    if (moves[0])
        R(product)(t, sums, role, layer, c, moves[0], at[1], s, true);
    if (moves[1])
        R(product)(t, sums, role, layer, c, at[0], moves[1], s, true);
}

static void R(linear_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out, *x = node->in[0], *w = node->in[1];
    const hu_policy *p = R(policy_of)(t, node->layer, node->size[0] == R(FULL));
    const REAL *dx = R(moving)(t, p, HU_P1, node->layer, x, x->tangent);
    const REAL *dw = R(moving)(t, p, HU_P2, node->layer, w, w->tangent);
    REAL *dy = dx || dw ? R(hu_tangent_new)(t, y) : NULL;
    if (!dy || t->error.status)
        return;
    memset(dy, 0, y->rows * y->cols * sizeof *dy);
    hu_gemm_shape s = {.m = x->rows, .n = w->rows, .k = x->cols, .lda = x->cols, .ldb = x->cols, .ldc = w->rows,
                       .b_transposed = true};
    R(product_moves)(t, p, HU_GEMM_FORWARD, node->layer, dy, (const REAL *const[2]){node->saved[0], node->saved[1]},
                     (const REAL *const[2]){dx, dw}, s);
}

static void R(linear_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out, *x = node->in[0], *w = node->in[1];
    const hu_policy *p = R(policy_of)(t, node->layer, node->size[0] == R(FULL));
    unsigned layer = node->layer;
    size_t n = x->rows, in = x->cols, out = w->rows;
    const REAL *dy = y->has_grad_tangent ? y->grad_tangent : NULL;
    REAL *gx = dy || w->tangent ? R(hu_gradient_tangent)(t, x) : NULL;
    REAL *gw = dy || x->tangent ? R(hu_gradient_tangent)(t, w) : NULL;
    if (gx) {
        const REAL *at[2] = {node->saved[2], node->saved[3]};
        const REAL *moves[2] = {R(moving)(t, p, HU_P3, layer, y, dy), R(moving)(t, p, HU_P4, layer, w, w->tangent)};
        hu_gemm_shape s = {.m = n, .n = in, .k = out, .lda = out, .ldb = in, .ldc = in};
        if (!t->error.status)
            R(product_moves)(t, p, HU_GEMM_DGRAD, layer, gx, at, moves, s);
    }
    if (gw) {
        const REAL *at[2] = {node->saved[4], node->saved[5]};
        const REAL *moves[2] = {R(moving)(t, p, HU_P5, layer, y, dy), R(moving)(t, p, HU_P6, layer, x, x->tangent)};
        hu_gemm_shape s = {.m = out, .n = in, .k = n, .lda = out, .ldb = in, .ldc = in, .a_transposed = true};
        if (!t->error.status)
            R(product_moves)(t, p, HU_GEMM_WGRAD, layer, gw, at, moves, s);
    }
}

static const R(hu_rule) R(linear_rule) = {"linear", R(linear_backward), R(linear_push), R(linear_pull)};

R(hu_var) *R(hu_linear)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *w, unsigned layer, bool full)
{
    if (t->error.status)
        return NULL;
    if (x->cols != w->cols)
        return R(hu_stick)(t, HU_ESHAPE, "linear: the columns of the input are not those of the weight");
    const hu_policy *p = R(policy_of)(t, layer, full);
    t->layer = layer;
    REAL *p1 = R(operand)(t, p, HU_P1, layer, x, x->value, NULL, HU_P1);
    REAL *p2 = R(operand)(t, p, HU_P2, layer, w, w->value, NULL, HU_P2);
    R(hu_var) *y = R(hu_var_new)(t, x->rows, w->rows);
    if (!y || !p1 || !p2)
        return NULL;

    hu_gemm_shape s = {.m = x->rows, .n = w->rows, .k = x->cols, .lda = x->cols, .ldb = x->cols, .ldc = w->rows,
                       .b_transposed = true};
    R(product)(t, p, HU_GEMM_FORWARD, layer, y->value, p1, p2, s, false);
    R(hu_node) *node = R(hu_node_new)(t, y, &R(linear_rule));
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

/* The bias and the sum are linear: tangents go the ways of values and gradients. */
static void R(bias_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out;
    const REAL *dx = R(hu_tangent)(t, node->in[0]), *db = R(hu_tangent)(t, node->in[1]);
    REAL *dy = R(hu_tangent_new)(t, y);
    for (size_t i = 0; !t->error.status && i < y->rows; i++)
        for (size_t j = 0; j < y->cols; j++)
            dy[i * y->cols + j] = dx[i * y->cols + j] + db[j];
}

static void R(bias_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out;
    if (!y->has_grad_tangent)
        return;
    REAL *gx = R(hu_gradient_tangent)(t, node->in[0]), *gb = R(hu_gradient_tangent)(t, node->in[1]);
    for (size_t i = 0; i < y->rows; i++)
        for (size_t j = 0; j < y->cols; j++) {
            REAL gy = y->grad_tangent[i * y->cols + j];
            if (gx) gx[i * y->cols + j] += gy;
            if (gb) gb[j] += gy;
        }
}

static const R(hu_rule) R(bias_rule) = {"bias", R(bias_backward), R(bias_push), R(bias_pull)};

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
    R(hu_node) *node = R(hu_node_new)(t, y, &R(bias_rule));
    if (node)
        node->in[0] = x, node->in[1] = b;
    return t->error.status ? NULL : y;
}

enum { R(PART) = 1 << 13 };   /* elements that a thread takes at a time */

static size_t R(part)(size_t at, size_t n)
{
    return n - at < R(PART) ? n - at : R(PART);
}

static HU_CLONES void R(sum_part)(REAL *restrict out, const REAL *a, const REAL *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] + b[i];
}

static HU_CLONES void R(add_part)(REAL *restrict out, const REAL *restrict a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] += a[i];
}

/* The gradient of the sum becomes that of one input which has none yet, with its memory: nobody else looks at it afterwards. */
static bool R(plus_hands_over)(const R(hu_tape) *t, R(hu_var) *y, R(hu_var) *v)
{
    if (t->tangents || !y->room || !v->room || v->grad || !y->grad)
        return false;
    v->grad = y->grad, v->has_grad = true;
    y->grad = NULL, y->has_grad = false;
    return true;
}

static void R(plus_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out;
    const REAL *dy = y->grad;
    size_t n = y->rows * y->cols;
    int threads = t->threads;
    for (int k = 0; k < 2; k++) {
        R(hu_var) *v = node->in[k];
        if (k == 1 && R(plus_hands_over)(t, y, v))
            return;
        REAL *dv = R(hu_gradient_room)(v);
        if (!dv)
            continue;
        bool adds = v->has_grad;
        v->has_grad = true;
#pragma omp parallel for num_threads(threads) if (threads > 1)
        for (size_t i = 0; i < n; i += R(PART))
            if (adds)
                R(add_part)(dv + i, dy + i, R(part)(i, n));
            else
                memcpy(dv + i, dy + i, R(part)(i, n) * sizeof *dv);
    }
}

static void R(plus_push)(R(hu_tape) *t, R(hu_node) *node)
{
    size_t n = node->out->rows * node->out->cols;
    const REAL *a = R(hu_tangent)(t, node->in[0]), *b = R(hu_tangent)(t, node->in[1]);
    REAL *dy = R(hu_tangent_new)(t, node->out);
    for (size_t i = 0; !t->error.status && i < n; i++)
        dy[i] = a[i] + b[i];
}

static void R(plus_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out;
    for (int k = 0; k < 2 && y->has_grad_tangent; k++) {
        REAL *g = R(hu_gradient_tangent)(t, node->in[k]);
        for (size_t i = 0; g && i < y->rows * y->cols; i++)
            g[i] += y->grad_tangent[i];
    }
}

static const R(hu_rule) R(plus_rule) = {"plus", R(plus_backward), R(plus_push), R(plus_pull)};

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
    int threads = t->threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < n; i += R(PART))
        R(sum_part)(y->value + i, a->value + i, b->value + i, R(part)(i, n));
    R(hu_node) *node = R(hu_node_new)(t, y, &R(plus_rule));
    if (node)
        node->in[0] = a, node->in[1] = b;
    return t->error.status ? NULL : y;
}

/* ---- unit scaling: factors forward and backward, in size[0] and size[1] as bits ---- */

static double R(factor_of)(const R(hu_node) *node, int k)
{
    double factor;
    memcpy(&factor, &node->size[k], sizeof factor);
    return factor;
}

static void R(unit_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *y = node->out;
    REAL *dx = R(hu_gradient)(node->in[0]), factor = (REAL)R(factor_of)(node, 1);
    for (size_t i = 0; dx && i < y->rows * y->cols; i++)
        dx[i] += factor * y->grad[i];
}

static void R(unit_push)(R(hu_tape) *t, R(hu_node) *node)
{
    const REAL *dx = R(hu_tangent)(t, node->in[0]);
    REAL *dy = R(hu_tangent_new)(t, node->out), factor = (REAL)R(factor_of)(node, 0);
    for (size_t i = 0; !t->error.status && i < node->out->rows * node->out->cols; i++)
        dy[i] = factor * dx[i];
}

static void R(unit_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *y = node->out;
    REAL *g = y->has_grad_tangent ? R(hu_gradient_tangent)(t, node->in[0]) : NULL, factor = (REAL)R(factor_of)(node, 1);
    for (size_t i = 0; g && i < y->rows * y->cols; i++)
        g[i] += factor * y->grad_tangent[i];
}

static const R(hu_rule) R(unit_rule) = {"unit", R(unit_backward), R(unit_push), R(unit_pull)};

R(hu_var) *R(hu_unit)(R(hu_tape) *t, R(hu_var) *x, double forward, double backward)
{
    _Static_assert(sizeof(size_t) == sizeof(double), "a factor fits a size");
    if (t->error.status)
        return NULL;
    size_t n = x->rows * x->cols;
    R(hu_var) *y = R(hu_var_new)(t, x->rows, x->cols);
    if (!y)
        return NULL;
    if (forward == 1)
        y->value = x->value;
    for (size_t i = 0; forward != 1 && i < n; i++)
        y->value[i] = (REAL)forward * x->value[i];
    R(hu_node) *node = R(hu_node_new)(t, y, &R(unit_rule));
    if (node) {
        node->in[0] = x;
        memcpy(&node->size[0], &forward, sizeof forward);
        memcpy(&node->size[1], &backward, sizeof backward);
    }
    return t->error.status ? NULL : y;
}

R(hu_var) *R(hu_multiplied)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *w, double by, unsigned layer, bool full)
{
    if (by == 1 || t->error.status)
        return R(hu_linear)(t, x, w, layer, full);
    R(hu_var) *y = R(hu_linear)(t, R(hu_unit)(t, x, 1, by), R(hu_unit)(t, w, 1, by), layer, full);
    return R(hu_unit)(t, y, by, 1);
}
