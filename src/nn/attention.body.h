/* attention.body.h - multi-head attention for one REAL.
 *
 * Queries, keys and values are first rotated and packed head by head: packed[3][B H][T][D]. A head then is
 * three small dense matrices Q, K, V, with
 *
 *   S = Q K^T / sqrt(D),   P = softmax of the rows of S (causal: up to the diagonal),   O = P V;
 *   dV = P^T dO,   dP = dO V^T,   dS = P (dP - sum of P dP over the row) / sqrt(D),   dQ = dS K,   dK = dS^T Q.
 *
 * With HU_ROOT, P is the root of that softmax, and dS = P (dP - P sum of P dP over the row) / (2 sqrt(D)).
 *
 * Rows are done in strips: a causal strip of S needs the columns up to its last row only, which saves nearly half of the work.
 */
#include "src/nn/softmax.body.h"
#include "src/nn/subnormal.body.h"

typedef struct R(heads) {
    size_t  batch, heads, positions, channels, dim;   /* B H T C D */
    size_t  matrix;                                   /* T D       */
    unsigned how;                                     /* HU_CAUSAL | HU_ROTARY | HU_ROOT */
    REAL   *cosine, *sine;                            /* [T][D / 2] */
} R(heads);

enum { R(STRIP) = 64 };

static R(heads) R(heads_of)(R(hu_tape) *t, const R(hu_var) *qkv, size_t heads, size_t positions, unsigned how)
{
    size_t c = qkv->cols / 3, d = c / heads;
    R(heads) h = {.batch = qkv->rows / positions, .heads = heads, .positions = positions, .channels = c, .dim = d,
                  .matrix = positions * d, .how = how};
    if (!(how & HU_ROTARY))
        return h;
    h.cosine = R(hu_take)(t, positions * d / 2);
    h.sine = R(hu_take)(t, positions * d / 2);
    if (!h.cosine || !h.sine)
        return h;
    for (size_t i = 0; i < d / 2; i++) {
        double frequency = pow(10000.0, -2.0 * (double)i / (double)d);
        for (size_t pos = 0; pos < positions; pos++) {
            h.cosine[pos * (d / 2) + i] = (REAL)cos((double)pos * frequency);
            h.sine[pos * (d / 2) + i] = (REAL)sin((double)pos * frequency);
        }
    }
    return h;
}

/* The pairs (x[i], x[i + d/2]) of one row turned by the row's angles. */
static inline void R(rotate)(REAL *restrict out, const REAL *restrict x, const REAL *restrict c, const REAL *restrict s,
                      size_t half)
{
    for (size_t i = 0; i < half; i++) {
        out[i] = x[i] * c[i] - x[i + half] * s[i];
        out[i + half] = x[i + half] * c[i] + x[i] * s[i];
    }
}

/* out += the pairs turned back. */
static inline void R(rotate_back)(REAL *restrict out, const REAL *restrict x, const REAL *restrict c, const REAL *restrict s,
                           size_t half)
{
    for (size_t i = 0; i < half; i++) {
        out[i] += x[i] * c[i] + x[i + half] * s[i];
        out[i + half] += x[i + half] * c[i] - x[i] * s[i];
    }
}

/* Columns that row i sees, the first row that sees column j. */
static size_t R(seen_by)(const R(heads) *h, size_t i)  { return h->how & HU_CAUSAL ? i + 1 : h->positions; }
static size_t R(first_to)(const R(heads) *h, size_t j) { return h->how & HU_CAUSAL ? j : 0; }

/* Part 0, 1, 2 (query, key, value) of head number bh, and the same in the rows of qkv. */
static size_t R(packed_at)(const R(heads) *h, int part, size_t bh)
{
    return ((size_t)part * h->batch * h->heads + bh) * h->matrix;
}

static size_t R(row_at)(const R(heads) *h, int part, size_t bh, size_t pos)
{
    size_t b = bh / h->heads, head = bh % h->heads;
    return ((b * h->positions + pos) * 3 + (size_t)part) * h->channels + head * h->dim;
}

static HU_CLONES void R(pack)(const R(heads) *h, REAL *packed, const REAL *qkv, size_t bh)
{
    for (int part = 0; part < 3; part++)
        for (size_t pos = 0; pos < h->positions; pos++) {
            REAL *out = packed + R(packed_at)(h, part, bh) + pos * h->dim;
            const REAL *in = qkv + R(row_at)(h, part, bh, pos);
            size_t angle = pos * (h->dim / 2);
            if (part < 2 && h->how & HU_ROTARY)
                R(rotate)(out, in, h->cosine + angle, h->sine + angle, h->dim / 2);
            else
                memcpy(out, in, h->dim * sizeof *out);
        }
}

static HU_CLONES void R(unpack_add)(const R(heads) *h, REAL *qkv, const REAL *const part[3], size_t bh)
{
    for (int k = 0; k < 3; k++)
        for (size_t pos = 0; pos < h->positions; pos++) {
            REAL *out = qkv + R(row_at)(h, k, bh, pos);
            const REAL *in = part[k] + pos * h->dim;
            size_t angle = pos * (h->dim / 2);
            if (k < 2 && h->how & HU_ROTARY)
                R(rotate_back)(out, in, h->cosine + angle, h->sine + angle, h->dim / 2);
            else
                for (size_t i = 0; i < h->dim; i++)
                    out[i] += in[i];
        }
}

static void R(gemm)(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k, REAL alpha, const REAL *a,
                    size_t lda, const REAL *b, size_t ldb, REAL beta, REAL *c, size_t ldc)
{
    REAL_GEMM(CblasRowMajor, ta, tb, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

/* Softmax of a row over its first `seen` scores; the rest becomes zero. */
static void R(softmax_of)(REAL *restrict row, size_t seen, size_t n)
{
    REAL top;
    (void)R(softmax)(row, row, seen, &top);
    memset(row + seen, 0, (n - seen) * sizeof *row);
}

/* The roots of a row's first `seen` weights. */
static void R(root_of)(REAL *row, size_t seen)
{
    for (size_t j = 0; j < seen; j++)
        row[j] = REAL_SQRT(row[j]);
}

/* Weights P [T][T] of one head. */
static void R(head_weights)(const R(heads) *h, REAL *p, const REAL *q, const REAL *k)
{
    size_t n = h->positions, d = h->dim;
    REAL scale = 1 / REAL_SQRT((REAL)d);
    for (size_t i = 0; i < n; i += R(STRIP)) {
        size_t rows = n - i < R(STRIP) ? n - i : R(STRIP);
        R(gemm)(CblasNoTrans, CblasTrans, rows, R(seen_by)(h, i + rows - 1), d, scale, q + i * d, d, k, d, 0, p + i * n, n);
        for (size_t r = i; r < i + rows; r++) {
            R(softmax_of)(p + r * n, R(seen_by)(h, r), n);
            if (h->how & HU_ROOT)
                R(root_of)(p + r * n, R(seen_by)(h, r));
        }
    }
}

static void R(head_output)(const R(heads) *h, REAL *out, const REAL *p, const REAL *v)
{
    size_t n = h->positions, d = h->dim;
    for (size_t i = 0; i < n; i += R(STRIP)) {
        size_t rows = n - i < R(STRIP) ? n - i : R(STRIP);
        R(gemm)(CblasNoTrans, CblasNoTrans, rows, d, R(seen_by)(h, i + rows - 1), 1, p + i * n, n, v, d, 0,
                out + i * h->channels, h->channels);
    }
}

/* A row of dP in, of dS out; zero past the first `seen`. */
static HU_CLONES void R(softmax_back)(REAL *restrict ds, const REAL *restrict p, size_t seen, size_t n, REAL scale)
{
    REAL inner = R(dot)(ds, p, seen);
    for (size_t j = 0; j < seen; j++)
        ds[j] = p[j] * (ds[j] - inner) * scale;
    memset(ds + seen, 0, (n - seen) * sizeof *ds);
}

/* The same where p is the root of the softmax. */
static HU_CLONES void R(root_back)(REAL *restrict ds, const REAL *restrict p, size_t seen, size_t n, REAL scale)
{
    REAL inner = R(dot)(ds, p, seen);
    for (size_t j = 0; j < seen; j++)
        ds[j] = p[j] * (ds[j] - p[j] * inner) * (scale / 2);
    memset(ds + seen, 0, (n - seen) * sizeof *ds);
}

typedef struct R(backward_room) {
    REAL *ds;          /* [T][T]    */
    REAL *parts;       /* [3][T][D] */
    bool *subnormals;  /* set where one was given */
} R(backward_room);

static hu_status R(head_backward)(R(hu_tape) *t, const R(heads) *h, const R(hu_node) *node, R(backward_room) room,
                                  const REAL *dout, const REAL *p, REAL *dqkv, size_t bh, hu_policy_seen *looks, hu_error *err)
{
    size_t n = h->positions, d = h->dim;
    const REAL *packed = node->saved[0], *pq = node->saved[2];
    const REAL *q = packed + R(packed_at)(h, 0, bh), *k = packed + R(packed_at)(h, 1, bh),
               *v = packed + R(packed_at)(h, 2, bh);
    REAL scale = 1 / REAL_SQRT((REAL)d);
    REAL *dq = room.parts, *dk = dq + h->matrix, *dv = dk + h->matrix;
    size_t first = bh * n * n;

    for (size_t i = 0; i < n; i += R(STRIP)) {
        size_t rows = n - i < R(STRIP) ? n - i : R(STRIP);
        R(gemm)(CblasNoTrans, CblasTrans, rows, R(seen_by)(h, i + rows - 1), d, 1, dout + i * h->channels, h->channels, v, d,
                0, room.ds + i * n, n);
        for (size_t r = i; r < i + rows; r++)
            (h->how & HU_ROOT ? R(root_back) : R(softmax_back))(room.ds + r * n, p + first + r * n, R(seen_by)(h, r), n, scale);
    }
    if (hu_policy_has(hu_policy_at(t->policy, node->layer), HU_P_DSCORES)) {
        const hu_policy_use use = {.operand = HU_P_DSCORES, .step = t->step, .layer = node->layer, .first = first, .rows = n,
                                   .cols = n, .seen = looks};
        hu_status status = R(hu_policy_apply)(t->policy, &use, room.ds, room.ds, err);
        if (status)
            return status;
    }
    for (size_t i = 0; i < n; i += R(STRIP)) {
        size_t rows = n - i < R(STRIP) ? n - i : R(STRIP);
        size_t seen = R(seen_by)(h, i + rows - 1), top = R(first_to)(h, i), below = top * n + i;
        R(gemm)(CblasNoTrans, CblasNoTrans, rows, d, seen, 1, room.ds + i * n, n, k, d, 0, dq + i * d, d);
        R(gemm)(CblasTrans, CblasNoTrans, rows, d, n - top, 1, room.ds + below, n, q + top * d, d, 0, dk + i * d, d);
        R(gemm)(CblasTrans, CblasNoTrans, rows, d, n - top, 1, pq + first + below, n, dout + top * h->channels,
                h->channels, 0, dv + i * d, d);
    }
    R(unpack_add)(h, dqkv, (const REAL *const[3]){dq, dk, dv}, bh);
    *room.subnormals |= R(has_subnormals)(dq, 3 * h->matrix);
    return HU_OK;
}

/* `values` by an operand's quantizer, in memory of the tape; itself where there is none; NULL when that failed. */
static REAL *R(attention_operand)(R(hu_tape) *t, hu_operand operand, unsigned layer, REAL *values, size_t n, size_t cols)
{
    if (!hu_policy_has(hu_policy_at(t->policy, layer), operand))
        return values;
    REAL *out = R(hu_take)(t, n);
    hu_error err = {0};
    if (out && R(hu_policy_quantize_matrix)(t->policy, operand, t->step, layer, out, values, n / cols, cols, &err))
        return R(hu_stick)(t, err.status, err.text);
    return out;
}

static void R(attention_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *qkv = node->in[0], *y = node->out;
    REAL *dqkv = R(hu_gradient)(qkv);
    if (!dqkv)
        return;
    R(heads) h = R(heads_of)(t, qkv, node->size[0], node->size[1], (unsigned)node->size[2]);
    REAL *dout = R(attention_operand)(t, HU_P_DOUT, node->layer, y->grad, y->rows * y->cols, y->cols);
    size_t n = h.positions, count = h.batch * h.heads, each = n * n + 3 * h.matrix;
    REAL *room = R(hu_take)(t, (size_t)t->threads * each);
    REAL *kept = t->tangents ? R(hu_take)(t, count * n * n) : NULL;
    hu_error *errors = hu_arena_take(&t->arena, (size_t)t->threads, sizeof *errors);
    node->saved[3] = kept, node->saved[4] = dout;
    if (!room || !errors || !dout || t->error.status)
        return;
    memset(errors, 0, (size_t)t->threads * sizeof *errors);
    hu_policy_seen *seen = NULL;
    if (hu_policy_looks(hu_policy_at(t->policy, node->layer), HU_P_DSCORES)) {
        seen = hu_arena_take(&t->arena, count, sizeof *seen);
        if (!seen) {
            R(hu_stick)(t, HU_ENOMEM, "attention: out of memory");
            return;
        }
        memset(seen, 0, count * sizeof *seen);
    }
    int threads = t->threads;
    bool subnormals = false;
#pragma omp parallel for num_threads(threads) reduction(|| : subnormals) if (threads > 1)
    for (size_t bh = 0; bh < count; bh++) {
        size_t me = (size_t)omp_get_thread_num() % (size_t)threads;
        R(backward_room) mine = {kept ? kept + bh * n * n : room + me * each, room + me * each + n * n, &subnormals};
        size_t at = bh / h.heads * n * h.channels + bh % h.heads * h.dim;
        R(head_backward)(t, &h, node, mine, dout + at, node->saved[1], dqkv, bh, seen ? seen + bh : NULL, &errors[me]);
    }
    qkv->has_subnormals = qkv->has_subnormals || subnormals;
    for (size_t bh = 0; seen && bh < count; bh++)      /* in order, so that no number of threads shows */
        hu_policy_note(t->policy, HU_P_DSCORES, node->layer, seen + bh);
    for (int i = 0; i < threads; i++)
        if (errors[i].status)
            R(hu_stick)(t, errors[i].status, errors[i].text);
}

#include "src/nn/attention-tangents.body.h"

static const R(hu_rule) R(attention_rule) = {"attention", R(attention_backward), R(attention_push), R(attention_pull)};

R(hu_var) *R(hu_attention)(R(hu_tape) *t, R(hu_var) *qkv, size_t heads, size_t positions, unsigned layer)
{
    return R(hu_attend)(t, qkv, heads, positions, layer, HU_CAUSAL | HU_ROTARY);
}

R(hu_var) *R(hu_attend)(R(hu_tape) *t, R(hu_var) *qkv, size_t heads, size_t positions, unsigned layer, unsigned how)
{
    if (t->error.status)
        return NULL;
    if (!heads || !positions || qkv->cols % ((how & HU_ROTARY ? 6 : 3) * heads) || qkv->rows % positions)
        return R(hu_stick)(t, HU_ESHAPE, "attention: needs 3 C columns, C an even multiple of the heads, and B T rows");
    R(heads) h = R(heads_of)(t, qkv, heads, positions, how);
    size_t n = positions, count = h.batch * heads;
    R(hu_var) *y = R(hu_var_new)(t, qkv->rows, h.channels);
    REAL *packed = R(hu_take)(t, 3 * count * h.matrix), *p = R(hu_take)(t, count * n * n);
    if (!y || !packed || !p)
        return NULL;
    int threads = t->threads;
    const REAL *in = qkv->value;
    REAL *out = y->value;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t bh = 0; bh < count; bh++)
        R(pack)(&h, packed, in, bh);
    packed = R(attention_operand)(t, HU_P_QKV, layer, packed, 3 * count * h.matrix, h.dim);
    if (!packed)
        return NULL;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t bh = 0; bh < count; bh++)
        R(head_weights)(&h, p + bh * n * n, packed + R(packed_at)(&h, 0, bh), packed + R(packed_at)(&h, 1, bh));
    REAL *pq = R(attention_operand)(t, HU_P_WEIGHTS, layer, p, count * n * n, n);
    if (!pq)
        return NULL;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t bh = 0; bh < count; bh++)
        R(head_output)(&h, out + bh / heads * n * h.channels + bh % heads * h.dim, pq + bh * n * n,
                       packed + R(packed_at)(&h, 2, bh));
    R(hu_node) *node = R(hu_node_new)(t, y, &R(attention_rule));
    if (node) {
        node->in[0] = qkv;
        node->saved[0] = packed, node->saved[1] = p, node->saved[2] = pq;
        node->size[0] = heads, node->size[1] = positions, node->size[2] = how;
        node->layer = layer;
    }
    return t->error.status ? NULL : y;
}
