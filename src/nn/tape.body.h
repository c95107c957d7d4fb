/* tape.body.h - the tape itself and its matrix product, for one REAL. */

void R(hu_tape_init)(R(hu_tape) *t, int threads)
{
    hu_blas_single();
    *t = (R(hu_tape)){.recording = true, .threads = threads < 1 ? 1 : threads};
}

void R(hu_tape_reset)(R(hu_tape) *t)
{
    hu_arena_reset(&t->arena);
    t->last = NULL;
    t->error = (hu_error){0};
}

void R(hu_tape_clear)(R(hu_tape) *t)
{
    hu_arena_clear(&t->arena);
    t->last = NULL;
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
    REAL *grad = t->recording ? R(hu_take)(t, rows * cols) : NULL;
    R(hu_var) *v = R(variable)(t);
    if (v)
        *v = (R(hu_var)){.rows = rows, .cols = cols, .value = value, .grad = grad};
    return v;
}

R(hu_var) *R(hu_leaf)(R(hu_tape) *t, REAL *value, REAL *grad, size_t rows, size_t cols)
{
    R(hu_var) *v = R(variable)(t);
    if (v)
        *v = (R(hu_var)){.rows = rows, .cols = cols, .value = value, .grad = grad};
    return v;
}

R(hu_node) *R(hu_node_new)(R(hu_tape) *t, R(hu_var) *out, void (*backward)(R(hu_tape) *, R(hu_node) *))
{
    if (t->error.status || !t->recording)
        return NULL;
    R(hu_node) *node = hu_arena_take(&t->arena, 1, sizeof *node);
    if (!node)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    *node = (R(hu_node)){.backward = backward, .before = t->last, .out = out};
    t->last = node;
    return node;
}

REAL *R(hu_gradient)(R(hu_var) *v)
{
    if (v->grad && !v->has_grad) {
        memset(v->grad, 0, v->rows * v->cols * sizeof *v->grad);
        v->has_grad = true;
    }
    return v->grad;
}

hu_status R(hu_backward)(R(hu_tape) *t, R(hu_var) *out, hu_error *err)
{
    if (t->error.status)
        return hu_fail(err, t->error.status, "%s", t->error.text);
    if (!t->recording || !out->grad || out->rows * out->cols != 1)
        return hu_fail(err, HU_EINVAL, "backward: needs a recording tape and a single value, not %zu by %zu", out->rows,
                       out->cols);
    R(hu_gradient)(out)[0] = 1;
    for (R(hu_node) *node = t->last; node; node = node->before)
        if (node->out->has_grad)
            node->backward(t, node);
    return t->error.status ? hu_fail(err, t->error.status, "%s", t->error.text) : HU_OK;
}

/* The number of blocks depends on the shape alone: one a million multiplications or so, at least 32 rows each. */
static size_t R(block_rows)(hu_gemm_shape s)
{
    size_t blocks = (s.m * s.n * s.k) >> 20;
    size_t most = s.m / 32;
    blocks = blocks > most ? most : blocks;
    blocks = blocks > 8 ? 8 : blocks;
    return blocks < 2 ? s.m : ((s.m + blocks - 1) / blocks + 15) / 16 * 16;
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
