/* pointwise.body.h - functions of single elements, products and slices of columns, for one REAL.
 *
 * A function of one element is a row of a table: it gives value, slope and curvature of a strip of elements.
 */

enum { R(POINTS) = 256 };

/* Writes value, slope and curvature at x[0 ... n - 1], each where not NULL; n <= POINTS. */
typedef void R(point_function)(REAL *value, REAL *slope, REAL *curvature, const REAL *x, size_t n);

static void R(relu_points)(REAL *value, REAL *slope, REAL *curvature, const REAL *x, size_t n)
{
    for (size_t i = 0; value && i < n; i++)
        value[i] = x[i] <= 0 ? 0 : x[i];              /* NaN stays */
    for (size_t i = 0; slope && i < n; i++)
        slope[i] = x[i] > 0;
    for (size_t i = 0; curvature && i < n; i++)
        curvature[i] = 0;
}

static void R(sigmoid_points)(REAL *value, REAL *slope, REAL *curvature, const REAL *x, size_t n)
{
    REAL s[R(POINTS)];
    R(hu_exp)(s, x, n, -1, 0);
    for (size_t i = 0; i < n; i++)
        s[i] = 1 / (1 + s[i]);
    for (size_t i = 0; value && i < n; i++)
        value[i] = s[i];
    for (size_t i = 0; slope && i < n; i++)
        slope[i] = s[i] * (1 - s[i]);
    for (size_t i = 0; curvature && i < n; i++)
        curvature[i] = s[i] * (1 - s[i]) * (1 - 2 * s[i]);
}

/* x s(x): slope s + x s', curvature 2 s' + x s''. */
static void R(silu_points)(REAL *value, REAL *slope, REAL *curvature, const REAL *x, size_t n)
{
    REAL s[R(POINTS)], s1[R(POINTS)], s2[R(POINTS)];
    R(sigmoid_points)(s, s1, s2, x, n);
    for (size_t i = 0; value && i < n; i++)
        value[i] = x[i] * s[i];
    for (size_t i = 0; slope && i < n; i++)
        slope[i] = s[i] + x[i] * s1[i];
    for (size_t i = 0; curvature && i < n; i++)
        curvature[i] = 2 * s1[i] + x[i] * s2[i];
}

static void R(tanh_points)(REAL *value, REAL *slope, REAL *curvature, const REAL *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        REAL y = (REAL)tanh((double)x[i]);
        if (value) value[i] = y;
        if (slope) slope[i] = 1 - y * y;
        if (curvature) curvature[i] = -2 * y * (1 - y * y);
    }
}

static R(point_function) *const R(point_functions)[] = {
    [HU_RELU] = R(relu_points), [HU_SILU] = R(silu_points), [HU_TANH] = R(tanh_points), [HU_SIGMOID] = R(sigmoid_points),
};

static void R(point_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    R(point_function) *f = R(point_functions)[node->size[0]];
    REAL *dx = R(hu_gradient)(x), slope[R(POINTS)];
    const REAL *dy = node->out->grad;
    size_t n = dx ? x->rows * x->cols : 0;
    (void)t;
    for (size_t i = 0; i < n; i += R(POINTS)) {
        size_t some = n - i < R(POINTS) ? n - i : R(POINTS);
        f(NULL, slope, NULL, node->kept + i, some);
        for (size_t j = 0; j < some; j++)
            dx[i + j] += dy[i + j] * slope[j];
    }
}

/* y' = f'(x) x'. */
static void R(point_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    const REAL *dx = R(hu_tangent)(t, x);
    REAL *dy = R(hu_tangent_new)(t, node->out);
    size_t n = t->error.status ? 0 : x->rows * x->cols;
    for (size_t i = 0; i < n; i += R(POINTS)) {
        size_t some = n - i < R(POINTS) ? n - i : R(POINTS);
        R(point_functions)[node->size[0]](NULL, dy + i, NULL, x->value + i, some);
        for (size_t j = 0; j < some; j++)
            dy[i + j] *= dx[i + j];
    }
}

/* Of dy f'(x): gy f' + dy f'' x'. */
static void R(point_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    REAL *gx = R(hu_gradient_tangent)(t, x), slope[R(POINTS)], curvature[R(POINTS)];
    const REAL *dx = R(hu_tangent)(t, x), *gy = R(hu_gradient_moves)(t, node->out), *dy = node->out->grad;
    size_t n = gx && !t->error.status ? x->rows * x->cols : 0;
    for (size_t i = 0; i < n; i += R(POINTS)) {
        size_t some = n - i < R(POINTS) ? n - i : R(POINTS);
        R(point_functions)[node->size[0]](NULL, slope, curvature, node->kept + i, some);
        for (size_t j = 0; j < some; j++)
            gx[i + j] += gy[i + j] * slope[j] + dy[i + j] * curvature[j] * dx[i + j];
    }
}

static const R(hu_rule) R(point_rule) = {"point", R(point_backward), R(point_push), R(point_pull)};

R(hu_var) *R(hu_point)(R(hu_tape) *t, R(hu_var) *x, hu_point_kind kind)
{
    R(hu_var) *y = t->error.status ? NULL : R(hu_var_new)(t, x->rows, x->cols);
    if (!y)
        return NULL;
    size_t n = x->rows * x->cols;
    for (size_t i = 0; i < n; i += R(POINTS))
        R(point_functions)[kind](y->value + i, NULL, NULL, x->value + i, n - i < R(POINTS) ? n - i : R(POINTS));
    R(hu_node) *node = R(hu_node_new)(t, y, &R(point_rule));
    if (node)
        node->in[0] = x, node->size[0] = kind, node->kept = kind == HU_RELU ? x->value : R(hu_keep)(t, x);   /* relu needs signs alone */
    return t->error.status ? NULL : y;
}

/* ---- products ---- */

static void R(times_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *a = node->in[0], *b = node->in[1];
    REAL *da = R(hu_gradient)(a), *db = R(hu_gradient)(b);
    const REAL *dy = node->out->grad;
    for (size_t i = 0; i < a->rows * a->cols; i++) {
        if (da) da[i] += dy[i] * b->value[i];
        if (db) db[i] += dy[i] * a->value[i];
    }
}

static void R(times_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *a = node->in[0], *b = node->in[1];
    const REAL *da = R(hu_tangent)(t, a), *db = R(hu_tangent)(t, b);
    REAL *dy = R(hu_tangent_new)(t, node->out);
    for (size_t i = 0; !t->error.status && i < a->rows * a->cols; i++)
        dy[i] = da[i] * b->value[i] + a->value[i] * db[i];
}

static void R(times_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *a = node->in[0], *b = node->in[1];
    const REAL *da = R(hu_tangent)(t, a), *db = R(hu_tangent)(t, b), *gy = R(hu_gradient_moves)(t, node->out);
    REAL *ga = R(hu_gradient_tangent)(t, a), *gb = R(hu_gradient_tangent)(t, b), *dy = node->out->grad;
    for (size_t i = 0; !t->error.status && i < a->rows * a->cols; i++) {
        if (ga) ga[i] += gy[i] * b->value[i] + dy[i] * db[i];
        if (gb) gb[i] += gy[i] * a->value[i] + dy[i] * da[i];
    }
}

static const R(hu_rule) R(times_rule) = {"times", R(times_backward), R(times_push), R(times_pull)};

R(hu_var) *R(hu_times)(R(hu_tape) *t, R(hu_var) *a, R(hu_var) *b)
{
    if (t->error.status)
        return NULL;
    if (a->rows != b->rows || a->cols != b->cols)
        return R(hu_stick)(t, HU_ESHAPE, "times: the two shapes differ");
    R(hu_var) *y = R(hu_var_new)(t, a->rows, a->cols);
    if (!y)
        return NULL;
    for (size_t i = 0; i < a->rows * a->cols; i++)
        y->value[i] = a->value[i] * b->value[i];
    R(hu_node) *node = R(hu_node_new)(t, y, &R(times_rule));
    if (node)
        node->in[0] = a, node->in[1] = b;
    return t->error.status ? NULL : y;
}

static void R(gain_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *x = node->in[0], *g = node->in[1];
    REAL *dx = R(hu_gradient)(x), *dg = R(hu_gradient)(g);
    size_t c = x->cols;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < c; j++) {
            REAL dy = node->out->grad[i * c + j];
            if (dx) dx[i * c + j] += dy * g->value[j];
            if (dg) dg[j] += dy * x->value[i * c + j];
        }
}

static void R(gain_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0], *g = node->in[1];
    size_t c = x->cols;
    const REAL *dx = R(hu_tangent)(t, x), *dg = R(hu_tangent)(t, g);
    REAL *dy = R(hu_tangent_new)(t, node->out);
    for (size_t i = 0; !t->error.status && i < x->rows * c; i++)
        dy[i] = dx[i] * g->value[i % c] + x->value[i] * dg[i % c];
}

static void R(gain_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0], *g = node->in[1];
    size_t c = x->cols;
    const REAL *dx = R(hu_tangent)(t, x), *dg = R(hu_tangent)(t, g), *gy = R(hu_gradient_moves)(t, node->out);
    REAL *gx = R(hu_gradient_tangent)(t, x), *gg = R(hu_gradient_tangent)(t, g), *dy = node->out->grad;
    for (size_t i = 0; !t->error.status && i < x->rows * c; i++) {
        if (gx) gx[i] += gy[i] * g->value[i % c] + dy[i] * dg[i % c];
        if (gg) gg[i % c] += gy[i] * x->value[i] + dy[i] * dx[i];
    }
}

static const R(hu_rule) R(gain_rule) = {"gain", R(gain_backward), R(gain_push), R(gain_pull)};

R(hu_var) *R(hu_gain)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *g)
{
    if (t->error.status)
        return NULL;
    if (g->rows != 1 || g->cols != x->cols)
        return R(hu_stick)(t, HU_ESHAPE, "gain: needs one row with as many columns as the input");
    R(hu_var) *y = R(hu_var_new)(t, x->rows, x->cols);
    if (!y)
        return NULL;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++)
            y->value[i * x->cols + j] = x->value[i * x->cols + j] * g->value[j];
    R(hu_node) *node = R(hu_node_new)(t, y, &R(gain_rule));
    if (node)
        node->in[0] = x, node->in[1] = g;
    return t->error.status ? NULL : y;
}

static void R(scale_apply)(R(hu_tape) *t, R(hu_node) *node, REAL *y, const REAL *x)
{
    (void)t;
    for (size_t i = 0; i < node->in[0]->rows * node->in[0]->cols; i++)
        y[i] = x[i] * node->saved[0][0];
}

static void R(scale_transposed)(R(hu_tape) *t, R(hu_node) *node, REAL *dx, const REAL *dy)
{
    (void)t;
    for (size_t i = 0; i < node->in[0]->rows * node->in[0]->cols; i++)
        dx[i] += dy[i] * node->saved[0][0];
}

HU_LINEAR_RULE(scale);

R(hu_var) *R(hu_scale)(R(hu_tape) *t, R(hu_var) *x, double by)
{
    if (t->error.status)
        return NULL;
    R(hu_node) plan = {.in = {x}, .out = R(hu_var_new)(t, x->rows, x->cols), .saved = {R(hu_take)(t, 1)}};
    if (!plan.out || !plan.saved[0])
        return NULL;
    plan.saved[0][0] = (REAL)by;
    R(scale_apply)(t, &plan, plan.out->value, x->value);
    HU_FINISH(t, plan, &R(scale_rule));
}

/* ---- columns, positions, another shape ---- */

static void R(columns_apply)(R(hu_tape) *t, R(hu_node) *node, REAL *y, const REAL *x)
{
    (void)t;
    size_t c = node->in[0]->cols, count = node->out->cols;
    for (size_t i = 0; i < node->out->rows; i++)
        memcpy(y + i * count, x + i * c + node->size[0], count * sizeof *y);
}

static void R(columns_transposed)(R(hu_tape) *t, R(hu_node) *node, REAL *dx, const REAL *dy)
{
    (void)t;
    size_t c = node->in[0]->cols, count = node->out->cols;
    for (size_t i = 0; i < node->out->rows; i++)
        for (size_t j = 0; j < count; j++)
            dx[i * c + node->size[0] + j] += dy[i * count + j];
}

HU_LINEAR_RULE(columns);

R(hu_var) *R(hu_columns)(R(hu_tape) *t, R(hu_var) *x, size_t first, size_t count)
{
    if (t->error.status)
        return NULL;
    if (first > x->cols || count > x->cols - first)
        return R(hu_stick)(t, HU_ESHAPE, "columns: the input has fewer");
    R(hu_node) plan = {.in = {x}, .out = R(hu_var_new)(t, x->rows, count), .size = {first}};
    if (!plan.out)
        return NULL;
    R(columns_apply)(t, &plan, plan.out->value, x->value);
    HU_FINISH(t, plan, &R(columns_rule));
}

static void R(positions_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *x = node->in[0], *table = node->in[1];
    REAL *dx = R(hu_gradient)(x), *dtable = R(hu_gradient)(table);
    size_t n = node->size[0] * x->cols;
    for (size_t i = 0; i < x->rows * x->cols; i++) {
        if (dx) dx[i] += node->out->grad[i];
        if (dtable) dtable[i % n] += node->out->grad[i];
    }
}

static void R(positions_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    const REAL *dx = R(hu_tangent)(t, x), *dtable = R(hu_tangent)(t, node->in[1]);
    REAL *dy = R(hu_tangent_new)(t, node->out);
    size_t n = node->size[0] * x->cols;
    for (size_t i = 0; !t->error.status && i < x->rows * x->cols; i++)
        dy[i] = dx[i] + dtable[i % n];
}

static void R(positions_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0];
    const REAL *gy = R(hu_gradient_moves)(t, node->out);
    REAL *gx = R(hu_gradient_tangent)(t, x), *gtable = R(hu_gradient_tangent)(t, node->in[1]);
    size_t n = node->size[0] * x->cols;
    for (size_t i = 0; !t->error.status && i < x->rows * x->cols; i++) {
        if (gx) gx[i] += gy[i];
        if (gtable) gtable[i % n] += gy[i];
    }
}

static const R(hu_rule) R(positions_rule) = {"positions", R(positions_backward), R(positions_push), R(positions_pull)};

R(hu_var) *R(hu_positions)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *table, size_t positions)
{
    if (t->error.status)
        return NULL;
    if (!positions || positions > table->rows || table->cols != x->cols || x->rows % positions)
        return R(hu_stick)(t, HU_ESHAPE, "positions: the table has too few rows or other columns than the input");
    R(hu_var) *y = R(hu_var_new)(t, x->rows, x->cols);
    if (!y)
        return NULL;
    size_t n = positions * x->cols;
    for (size_t i = 0; i < x->rows * x->cols; i++)
        y->value[i] = x->value[i] + table->value[i % n];
    R(hu_node) *node = R(hu_node_new)(t, y, &R(positions_rule));
    if (node)
        node->in[0] = x, node->in[1] = table, node->size[0] = positions;
    return t->error.status ? NULL : y;
}

static void R(reshape_apply)(R(hu_tape) *t, R(hu_node) *node, REAL *y, const REAL *x)
{
    (void)t;
    memcpy(y, x, node->out->rows * node->out->cols * sizeof *y);
}

static void R(reshape_transposed)(R(hu_tape) *t, R(hu_node) *node, REAL *dx, const REAL *dy)
{
    (void)t;
    for (size_t i = 0; i < node->out->rows * node->out->cols; i++)
        dx[i] += dy[i];
}

HU_LINEAR_RULE(reshape);

R(hu_var) *R(hu_reshape)(R(hu_tape) *t, R(hu_var) *x, size_t rows, size_t cols)
{
    if (t->error.status)
        return NULL;
    if (rows * cols != x->rows * x->cols)
        return R(hu_stick)(t, HU_ESHAPE, "reshape: the input has another number of elements");
    R(hu_node) plan = {.in = {x}, .out = R(hu_var_new)(t, rows, cols)};
    if (!plan.out)
        return NULL;
    R(reshape_apply)(t, &plan, plan.out->value, x->value);
    HU_FINISH(t, plan, &R(reshape_rule));
}

/* ---- time ---- */

/* Frequency i of `half`: period^(-i / half). */
static double R(frequency)(size_t i, size_t half, double period)
{
    return pow(period, -(double)i / (double)half);
}

static void R(sinusoid_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    (void)t;
    R(hu_var) *x = node->in[0], *y = node->out;
    REAL *dx = R(hu_gradient)(x);
    size_t half = y->cols / 2;
    for (size_t i = 0; dx && i < x->rows; i++)
        for (size_t j = 0; j < half; j++) {
            const REAL *row = y->value + i * y->cols, *dy = y->grad + i * y->cols;
            dx[i] += node->saved[0][j] * (dy[j] * row[half + j] - dy[half + j] * row[j]);
        }
}

/* sin(f x)' = f cos(f x) x', cos(f x)' = -f sin(f x) x'. */
static void R(sinusoid_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0], *y = node->out;
    size_t half = y->cols / 2;
    const REAL *dx = R(hu_tangent)(t, x);
    REAL *dy = R(hu_tangent_new)(t, y);
    for (size_t i = 0; !t->error.status && i < x->rows; i++)
        for (size_t j = 0; j < half; j++) {
            const REAL *row = y->value + i * y->cols;
            dy[i * y->cols + j] = node->saved[0][j] * row[half + j] * dx[i];
            dy[i * y->cols + half + j] = -node->saved[0][j] * row[j] * dx[i];
        }
}

static void R(sinusoid_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0], *y = node->out;
    size_t half = y->cols / 2;
    REAL *gx = R(hu_gradient_tangent)(t, x);
    const REAL *dx = R(hu_tangent)(t, x), *moves = R(hu_gradient_moves)(t, y);
    for (size_t i = 0; gx && !t->error.status && i < x->rows; i++)
        for (size_t j = 0; j < half; j++) {
            const REAL *row = y->value + i * y->cols, *dy = y->grad + i * y->cols, *gy = moves + i * y->cols;
            REAL f = node->saved[0][j];
            gx[i] += f * (gy[j] * row[half + j] - gy[half + j] * row[j]) -
                     f * f * dx[i] * (dy[j] * row[j] + dy[half + j] * row[half + j]);
        }
}

static const R(hu_rule) R(sinusoid_rule) = {"sinusoid", R(sinusoid_backward), R(sinusoid_push), R(sinusoid_pull)};

R(hu_var) *R(hu_sinusoid)(R(hu_tape) *t, R(hu_var) *x, size_t width, double period)
{
    if (t->error.status)
        return NULL;
    if (x->cols != 1 || width < 2 || width % 2)
        return R(hu_stick)(t, HU_ESHAPE, "sinusoid: needs one column, and an even width");
    size_t half = width / 2;
    R(hu_var) *y = R(hu_var_new)(t, x->rows, width);
    REAL *f = R(hu_take)(t, half);
    if (!y || !f)
        return NULL;
    for (size_t j = 0; j < half; j++)
        f[j] = (REAL)R(frequency)(j, half, period);
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < half; j++) {
            double angle = (double)x->value[i] * (double)f[j];
            y->value[i * width + j] = (REAL)sin(angle);
            y->value[i * width + half + j] = (REAL)cos(angle);
        }
    R(hu_node) *node = R(hu_node_new)(t, y, &R(sinusoid_rule));
    if (node)
        node->in[0] = x, node->saved[0] = f;
    return t->error.status ? NULL : y;
}
