/* tape.body.h - the tape itself and its matrix product, for one REAL. */

void R(hu_tape_init)(R(hu_tape) *t, int threads)
{
    hu_blas_single();
    *t = (R(hu_tape)){.recording = true, .threads = threads < 1 ? 1 : threads};
}

void R(hu_tape_reset)(R(hu_tape) *t)
{
    hu_arena_reset(&t->arena);
    hu_arena_reset(&t->gradients);
    t->freed = NULL;
    t->first = t->last = NULL;
    t->has_pushed = false;
    t->layer = 0;
    t->kept = 0;
    t->error = (hu_error){0};
}

void R(hu_tape_clear)(R(hu_tape) *t)
{
    hu_arena_clear(&t->arena);
    hu_arena_clear(&t->gradients);
    t->freed = NULL;
    t->first = t->last = NULL;
    t->has_pushed = false;
}

void *R(hu_stick)(R(hu_tape) *t, hu_status status, const char *text)
{
    if (!t->error.status)
        hu_fail(&t->error, status, "%s", text);
    return NULL;
}

REAL *R(hu_take)(R(hu_tape) *t, size_t n)
{
    if (t->error.status)
        return NULL;
    REAL *p = hu_arena_take(&t->arena, n, sizeof *p);
    return p ? p : R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
}

static R(hu_var) *R(variable)(R(hu_tape) *t)
{
    if (t->error.status)
        return NULL;
    R(hu_var) *v = hu_arena_take(&t->arena, 1, sizeof *v);
    return v ? v : R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
}

R(hu_var) *R(hu_var_new)(R(hu_tape) *t, size_t rows, size_t cols)
{
    REAL *value = R(hu_take)(t, rows * cols);
    R(hu_var) *v = R(variable)(t);
    if (v)
        *v = (R(hu_var)){.rows = rows, .cols = cols, .value = value, .room = t->recording ? t : NULL};
    return v;
}

R(hu_var) *R(hu_leaf)(R(hu_tape) *t, REAL *value, REAL *grad, size_t rows, size_t cols)
{
    R(hu_var) *v = R(variable)(t);
    if (v)
        *v = (R(hu_var)){.rows = rows, .cols = cols, .value = value, .grad = grad, .is_leaf = true};
    return v;
}

R(hu_node) *R(hu_node_new)(R(hu_tape) *t, R(hu_var) *out, const R(hu_rule) *rule)
{
    if (t->error.status || !t->recording)
        return NULL;
    R(hu_node) *node = hu_arena_take(&t->arena, 1, sizeof *node);
    if (!node)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    *node = (R(hu_node)){.rule = rule, .before = t->last, .out = out};
    *(t->last ? &t->last->after : &t->first) = node;
    t->last = node;
    return node;
}

REAL *R(hu_gradient_room)(R(hu_var) *v)
{
    size_t n = v->rows * v->cols;
    if (v->grad || !v->room)
        return v->grad;
    for (R(hu_freed) **at = &v->room->freed; *at; at = &(*at)->next)
        if ((*at)->n == n) {
            v->grad = (void *)*at;
            *at = (*at)->next;
            return v->grad;
        }
    size_t bytes = n * sizeof *v->grad;
    v->grad = hu_arena_take(&v->room->gradients, bytes < sizeof(R(hu_freed)) ? sizeof(R(hu_freed)) : bytes, 1);
    return v->grad ? v->grad : R(hu_stick)(v->room, HU_ENOMEM, "tape: out of memory");
}

/* The backward pass is past this variable. */
static void R(give_back)(R(hu_tape) *t, R(hu_var) *v)
{
    if (!v->room || !v->grad)
        return;
    R(hu_freed) *f = (void *)v->grad;
    *f = (R(hu_freed)){t->freed, v->rows * v->cols};
    t->freed = f;
    v->grad = NULL;
    v->has_grad = false;
}

REAL *R(hu_gradient)(R(hu_var) *v)
{
    if (R(hu_gradient_room)(v) && !v->has_grad) {
        memset(v->grad, 0, v->rows * v->cols * sizeof *v->grad);
        v->has_grad = true;
    }
    return v->grad;
}

const REAL *R(hu_keep)(R(hu_tape) *t, const R(hu_var) *x)
{
    if (!t->recording || !hu_policy_has(hu_policy_at(t->policy, t->layer), HU_P_SAVED))
        return x->value;
    REAL *out = R(hu_take)(t, x->rows * x->cols);
    const hu_policy_use use = {.operand = HU_P_SAVED, .step = t->step, .layer = t->layer, .first = (size_t)(t->kept++ << 32),
                               .rows = x->rows, .cols = x->cols};
    hu_error err = {0};
    if (out && R(hu_policy_apply)(t->policy, &use, out, x->value, &err))
        return R(hu_stick)(t, err.status, err.text);
    return out;
}

hu_status R(hu_backward)(R(hu_tape) *t, R(hu_var) *out, hu_error *err)
{
    bool wanted = !t->error.status && t->recording && R(hu_gradient_room)(out);
    if (t->error.status)
        return hu_fail(err, t->error.status, "%s", t->error.text);
    if (!wanted || out->rows * out->cols != 1)
        return hu_fail(err, HU_EINVAL, "backward: needs a recording tape and a single value, not %zu by %zu", out->rows,
                       out->cols);
    R(hu_gradient)(out)[0] = t->start > 0 ? (REAL)t->start : 1;
    for (R(hu_node) *node = t->last; node && !t->error.status; node = node->before) {
        if (!node->out->has_grad)
            continue;
        hu_arena_mark before = hu_arena_here(&t->arena);
        node->rule->backward(t, node);
        if (t->tangents)
            continue;
        hu_arena_rewind(&t->arena, before);
        R(give_back)(t, node->out);
    }
    return t->error.status ? hu_fail(err, t->error.status, "%s", t->error.text) : HU_OK;
}

void R(hu_leaf_tangent)(R(hu_var) *v, REAL *direction, REAL *product)
{
    v->tangent = direction, v->grad_tangent = product, v->has_grad_tangent = false;
}

uint64_t R(hu_tangent_step)(const R(hu_tape) *t)
{
    return t->step | (uint64_t)1 << 47 | t->direction << 31;
}

static REAL *R(zeros)(R(hu_tape) *t, size_t n)
{
    REAL *p = R(hu_take)(t, n);
    return p ? memset(p, 0, n * sizeof *p) : NULL;
}

const REAL *R(hu_tangent)(R(hu_tape) *t, const R(hu_var) *v)
{
    return v->tangent ? v->tangent : R(zeros)(t, v->rows * v->cols);
}

const REAL *R(hu_gradient_moves)(R(hu_tape) *t, const R(hu_var) *v)
{
    return v->has_grad_tangent ? v->grad_tangent : R(zeros)(t, v->rows * v->cols);
}

REAL *R(hu_tangent_new)(R(hu_tape) *t, R(hu_var) *v)
{
    return v->tangent = R(hu_take)(t, v->rows * v->cols);
}

REAL *R(hu_gradient_tangent)(R(hu_tape) *t, R(hu_var) *v)
{
    if (!v->grad && !v->room)
        return NULL;
    if (!v->grad_tangent && !v->is_leaf)
        v->grad_tangent = R(hu_take)(t, v->rows * v->cols);
    if (v->grad_tangent && !v->has_grad_tangent) {
        memset(v->grad_tangent, 0, v->rows * v->cols * sizeof *v->grad_tangent);
        v->has_grad_tangent = true;
    }
    return v->grad_tangent;
}

/* The tangents of the last call are forgotten, except those of leaves, which are the caller's. */
static void R(rewind)(R(hu_tape) *t)
{
    if (t->has_pushed)
        hu_arena_rewind(&t->arena, t->mark);
    t->mark = hu_arena_here(&t->arena);
    t->has_pushed = true;
    for (R(hu_node) *node = t->first; node; node = node->after)
        R(hu_leaf_tangent)(node->out, NULL, NULL);
}

hu_status R(hu_push)(R(hu_tape) *t, hu_error *err)
{
    if (t->error.status)
        return hu_fail(err, t->error.status, "%s", t->error.text);
    for (R(hu_node) *node = t->first; node; node = node->after)
        if (!node->rule->push || !node->rule->pull)
            return hu_fail(err, HU_EINVAL, "tangents: the operation %s has none", node->rule->name);
    R(rewind)(t);
    for (R(hu_node) *node = t->first; node && !t->error.status; node = node->after)
        node->rule->push(t, node);
    return t->error.status ? hu_fail(err, t->error.status, "%s", t->error.text) : HU_OK;
}

hu_status R(hu_pull)(R(hu_tape) *t, hu_error *err)
{
    for (R(hu_node) *node = t->last; node && !t->error.status; node = node->before)
        if (node->out->has_grad)
            node->rule->pull(t, node);
    return t->error.status ? hu_fail(err, t->error.status, "%s", t->error.text) : HU_OK;
}

hu_status R(hu_tangents)(R(hu_tape) *t, R(hu_var) *out, hu_error *err)
{
    if (!t->error.status && (!t->tangents || !out->has_grad))
        return hu_fail(err, HU_EINVAL, "tangents: a backward pass that keeps what they need has to come first");
    hu_status status = R(hu_push)(t, err);
    return status ? status : R(hu_pull)(t, err);
}

/* The number of blocks depends on the shape alone: 1, 2, 4 or 8, a million multiplications or so each. More than two only where each has
 * many rows: every block packs b anew, which with 128 rows takes a seventh of its time. */
static size_t R(block_rows)(hu_gemm_shape s)
{
    enum { LEAST = 32, MANY = 192, MOST = 8 };
    size_t blocks = 1, most = (s.m * s.n * s.k) >> 20;
    while (blocks < MOST && 2 * blocks <= most && s.m / (2 * blocks) >= (blocks == 1 ? LEAST : MANY))
        blocks *= 2;
    return blocks == 1 ? s.m : ((s.m + blocks - 1) / blocks + 15) / 16 * 16;
}

void R(hu_matmul)(R(hu_tape) *t, REAL *c, const REAL *a, const REAL *b, hu_gemm_shape s, bool add)
{
    size_t step = R(block_rows)(s);
    int threads = t->threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < s.m; i += step) {
        size_t rows = s.m - i < step ? s.m - i : step;
        REAL_GEMM(CblasRowMajor, s.a_transposed ? CblasTrans : CblasNoTrans, s.b_transposed ? CblasTrans : CblasNoTrans,
                  (int)rows, (int)s.n, (int)s.k, 1, a + (s.a_transposed ? i : i * s.lda), (int)s.lda, b, (int)s.ldb,
                  add ? 1 : 0, c + i * s.ldc, (int)s.ldc);
    }
}
