/* attention-tangents.body.h - how attention's output and gradients move, for one REAL.
 *
 * With ' for tangents, and the names of attention.body.h (quantizers are the identity for tangents):
 *
 *   S' = (Q' K^T + Q K'^T) / sqrt(D),   P' = P (S' - sum of P S' over the row),   O' = P' V + P V';
 *   dV' = P'^T dO + P^T dO',   dP' = dO' V^T + dO V'^T,
 *   dS' = (P' (dP - sum of P dP) + P (dP' - sum of (P' dP + P dP'))) / sqrt(D),
 *   dQ' = dS' K + dS K',   dK' = dS'^T Q + dS^T Q'.
 *
 * Where P is the root of the softmax, with c the row's sum of P dP:
 *
 *   P' = P (S' - sum of P P S') / 2,   c' = sum of (P' dP + P dP'),   dS' = (P' (dP - P c) + P (dP' - P' c - P c')) / (2 sqrt(D)).
 *
 * The matrices of a head are taken whole, also where a causal P, P', dS and dS' are zero.
 */

/* An operand's tangent as it enters a product: itself, or rounded where the tape rounds tangents. */
static REAL *R(attention_moving)(R(hu_tape) *t, hu_operand operand, unsigned layer, REAL *values, size_t n)
{
    if (!t->rounds_tangents || !hu_policy_has(hu_policy_at(t->policy, layer), operand))
        return values;
    REAL *out = R(hu_take)(t, n);
    hu_error err = {0};
    if (out && R(hu_policy_quantize)(t->policy, operand, R(hu_tangent_step)(t), layer, 0, out, values, n, &err))
        return R(hu_stick)(t, err.status, err.text);
    return out;
}

/* A row of S' in, of P' out, where p is the root of the softmax. */
static void R(root_push)(REAL *restrict row, const REAL *restrict p, size_t seen, size_t n)
{
    REAL mean = 0;
    for (size_t j = 0; j < seen; j++)
        mean += p[j] * p[j] * row[j];
    for (size_t j = 0; j < seen; j++)
        row[j] = p[j] * (row[j] - mean) / 2;
    memset(row + seen, 0, (n - seen) * sizeof *row);
}

static void R(head_push)(const R(heads) *h, REAL *dp, const REAL *p, const REAL *packed, const REAL *moves, size_t bh)
{
    size_t n = h->positions, d = h->dim, q = R(packed_at)(h, 0, bh), k = R(packed_at)(h, 1, bh);
    REAL scale = 1 / REAL_SQRT((REAL)d);
    R(gemm)(CblasNoTrans, CblasTrans, n, n, d, scale, moves + q, d, packed + k, d, 0, dp, n);
    R(gemm)(CblasNoTrans, CblasTrans, n, n, d, scale, packed + q, d, moves + k, d, 1, dp, n);
    for (size_t i = 0; i < n; i++)
        if (h->how & HU_ROOT)
            R(root_push)(dp + i * n, p + i * n, R(seen_by)(h, i), n);
        else
            R(softmax_back)(dp + i * n, p + i * n, R(seen_by)(h, i), n, 1);   /* softmax is its own transpose */
}

static void R(attention_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *qkv = node->in[0], *y = node->out;
    R(heads) h = R(heads_of)(t, qkv, node->size[0], node->size[1], (unsigned)node->size[2]);
    size_t n = h.positions, count = h.batch * h.heads;
    const REAL *dqkv = R(hu_tangent)(t, qkv), *packed = node->saved[0];
    REAL *moves = R(hu_take)(t, 3 * count * h.matrix), *dp = node->pushed[1] = R(hu_take)(t, count * n * n);
    REAL *out = R(hu_tangent_new)(t, y);
    int threads = t->threads;
    if (t->error.status)
        return;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t bh = 0; bh < count; bh++)
        R(pack)(&h, moves, dqkv, bh);
    moves = node->pushed[0] = R(attention_moving)(t, HU_P_QKV, node->layer, moves, 3 * count * h.matrix);
    if (!moves)
        return;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t bh = 0; bh < count; bh++)
        R(head_push)(&h, dp + bh * n * n, node->saved[1] + bh * n * n, packed, moves, bh);
    REAL *dpq = node->pushed[2] = R(attention_moving)(t, HU_P_WEIGHTS, node->layer, dp, count * n * n);
    if (!dpq)
        return;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t bh = 0; bh < count; bh++) {
        size_t d = h.dim, c = h.channels, v = R(packed_at)(&h, 2, bh);
        REAL *to = out + bh / h.heads * n * c + bh % h.heads * d;
        R(gemm)(CblasNoTrans, CblasNoTrans, n, d, n, 1, dpq + bh * n * n, n, packed + v, d, 0, to, c);
        R(gemm)(CblasNoTrans, CblasNoTrans, n, d, n, 1, node->saved[2] + bh * n * n, n, moves + v, d, 1, to, c);
    }
}

/* dS' of one head into ds; dp [T][T] is room. dout and gout are the head's columns of dO and dO'. */
static void R(head_scores_pull)(const R(heads) *h, const R(hu_node) *node, REAL *ds, REAL *dp, const REAL *dout,
                                const REAL *gout, size_t bh)
{
    size_t n = h->positions, d = h->dim, c = h->channels, v = R(packed_at)(h, 2, bh);
    const REAL *p = node->saved[1] + bh * n * n, *moved = node->pushed[1] + bh * n * n;
    REAL scale = 1 / REAL_SQRT((REAL)d);
    R(gemm)(CblasNoTrans, CblasTrans, n, n, d, 1, dout, c, node->saved[0] + v, d, 0, dp, n);
    R(gemm)(CblasNoTrans, CblasTrans, n, n, d, 1, gout, c, node->saved[0] + v, d, 0, ds, n);
    R(gemm)(CblasNoTrans, CblasTrans, n, n, d, 1, dout, c, node->pushed[0] + v, d, 1, ds, n);
    for (size_t i = 0; i < n; i++, p += n, moved += n, dp += n, ds += n) {
        size_t seen = R(seen_by)(h, i);
        REAL inner = R(dot)(p, dp, seen), shift = R(dot)(moved, dp, seen) + R(dot)(p, ds, seen);
        for (size_t j = 0; h->how & HU_ROOT && j < seen; j++)
            ds[j] = scale / 2 * (moved[j] * (dp[j] - 2 * p[j] * inner) + p[j] * (ds[j] - p[j] * shift));
        for (size_t j = 0; !(h->how & HU_ROOT) && j < seen; j++)
            ds[j] = scale * (moved[j] * (dp[j] - inner) + p[j] * (ds[j] - shift));
        memset(ds + seen, 0, (n - seen) * sizeof *ds);
    }
}

static void R(head_pull)(const R(heads) *h, const R(hu_node) *node, const REAL *gs, REAL *parts, const REAL *dout,
                         const REAL *gout, REAL *gqkv, size_t bh)
{
    size_t n = h->positions, d = h->dim, c = h->channels, at = bh * n * n;
    size_t q = R(packed_at)(h, 0, bh), k = R(packed_at)(h, 1, bh);
    const REAL *packed = node->saved[0], *moves = node->pushed[0], *ds = node->saved[3] + at;
    REAL *gq = parts, *gk = gq + h->matrix, *gv = gk + h->matrix;
    R(gemm)(CblasNoTrans, CblasNoTrans, n, d, n, 1, gs, n, packed + k, d, 0, gq, d);
    R(gemm)(CblasNoTrans, CblasNoTrans, n, d, n, 1, ds, n, moves + k, d, 1, gq, d);
    R(gemm)(CblasTrans, CblasNoTrans, n, d, n, 1, gs, n, packed + q, d, 0, gk, d);
    R(gemm)(CblasTrans, CblasNoTrans, n, d, n, 1, ds, n, moves + q, d, 1, gk, d);
    R(gemm)(CblasTrans, CblasNoTrans, n, d, n, 1, node->pushed[2] + at, n, dout, c, 0, gv, d);
    R(gemm)(CblasTrans, CblasNoTrans, n, d, n, 1, node->saved[2] + at, n, gout, c, 1, gv, d);
    R(unpack_add)(h, gqkv, (const REAL *const[3]){gq, gk, gv}, bh);
}

static void R(attention_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *qkv = node->in[0], *y = node->out;
    REAL *gqkv = R(hu_gradient_tangent)(t, qkv);
    if (!gqkv)
        return;
    R(heads) h = R(heads_of)(t, qkv, node->size[0], node->size[1], (unsigned)node->size[2]);
    size_t n = h.positions, count = h.batch * h.heads, each = n * n + 3 * h.matrix;
    const REAL *dout = node->saved[4], *gy = R(hu_gradient_moves)(t, y);
    const REAL *gout = gy ? R(attention_moving)(t, HU_P_DOUT, node->layer, (REAL *)gy, y->rows * y->cols) : NULL;
    REAL *room = R(hu_take)(t, (size_t)t->threads * each), *gs = R(hu_take)(t, count * n * n);
    int threads = t->threads;
    if (t->error.status)
        return;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t bh = 0; bh < count; bh++) {
        size_t at = bh / h.heads * n * h.channels + bh % h.heads * h.dim;
        REAL *mine = room + (size_t)omp_get_thread_num() % (size_t)threads * each;
        R(head_scores_pull)(&h, node, gs + bh * n * n, mine, dout + at, gout + at, bh);
    }
    gs = R(attention_moving)(t, HU_P_DSCORES, node->layer, gs, count * n * n);
    if (!gs)
        return;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t bh = 0; bh < count; bh++) {
        size_t at = bh / h.heads * n * h.channels + bh % h.heads * h.dim;
        REAL *mine = room + (size_t)omp_get_thread_num() % (size_t)threads * each;
        R(head_pull)(&h, node, gs + bh * n * n, mine + n * n, dout + at, gout + at, gqkv, bh);
    }
}
