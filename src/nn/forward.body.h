/* forward.body.h - the forward passes for one REAL. Parameters are taken in the order in which model.c lists them. */

static R(hu_var) *R(lm)(const hu_model *m, R(hu_tape) *t, R(hu_var) **p, const hu_batch *batch)
{
    const hu_model_config *c = &m->config;
    R(hu_var) *embedding = *p++;
    const int32_t *ids = hu_batch_tokens(&t->arena, batch);
    if (!ids)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    R(hu_var) *x = R(hu_embedding)(t, embedding, ids, batch->rows * batch->positions);
    unsigned layer = 0;
    for (size_t i = 0; i < c->layers; i++, p += 6, layer += 4) {
        R(hu_var) *h = R(hu_rmsnorm)(t, x, p[0]);
        h = R(hu_linear)(t, h, p[1], layer, false);
        h = R(hu_attention)(t, h, c->heads, batch->positions, layer);
        h = R(hu_linear)(t, h, p[2], layer + 1, false);
        x = R(hu_plus)(t, x, h);
        h = R(hu_rmsnorm)(t, x, p[3]);
        h = R(hu_linear)(t, h, p[4], layer + 2, false);
        h = R(hu_swiglu)(t, h);
        h = R(hu_linear)(t, h, p[5], layer + 3, false);
        x = R(hu_plus)(t, x, h);
    }
    x = R(hu_rmsnorm)(t, x, p[0]);
    return R(hu_linear)(t, x, c->tied ? embedding : p[1], layer, t->policy && t->policy->head_full);
}

/* ---- the same with units ---- */

static R(hu_var) *R(unit_linear)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *w, unsigned layer, bool is_head, bool full)
{
    if (t->error.status)
        return NULL;
    double in = (double)x->cols, out = (double)w->rows, forward = is_head ? 1 / in : 1 / sqrt(in);
    R(hu_var) *y = R(hu_linear)(t, R(hu_unit)(t, x, 1, is_head ? 1 / sqrt(out) : forward),
                                R(hu_unit)(t, w, 1, 1 / sqrt((double)x->rows)), layer, full);
    return R(hu_unit)(t, y, forward, 1);
}

/* Gains and biases, whose gradients are sums over rows. */
static R(hu_var) *R(unit_row)(R(hu_tape) *t, R(hu_var) *row, size_t rows)
{
    return R(hu_unit)(t, row, 1, 1 / sqrt((double)rows));
}

/* A branch begins and ends: what enters it, and its result beside x. */
static R(hu_var) *R(unit_enter)(R(hu_tape) *t, R(hu_var) *x, double tau)
{
    return R(hu_unit)(t, x, 1, tau / sqrt(1 + tau * tau));
}

static R(hu_var) *R(unit_join)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *branch, double tau)
{
    double by = 1 / sqrt(1 + tau * tau);
    return R(hu_plus)(t, R(hu_unit)(t, x, by, by), R(hu_unit)(t, branch, tau * by, 1));
}

static R(hu_var) *R(unit_attention)(R(hu_tape) *t, R(hu_var) *qkv, size_t heads, size_t positions, unsigned layer)
{
    if (t->error.status)
        return NULL;
    size_t d = qkv->cols / 3 / heads;
    double sharpen = pow((double)d, -0.25), back = 1 / (sharpen * hu_units_attention(positions, d));
    R(hu_var) *y = R(hu_attention)(t, R(hu_unit)(t, qkv, sharpen, sharpen), heads, positions, layer);
    return R(hu_unit)(t, y, back, back);
}

static R(hu_var) *R(unit_lm)(const hu_model *m, R(hu_tape) *t, R(hu_var) **p, const hu_batch *batch)
{
    const hu_model_config *c = &m->config;
    size_t n = batch->rows * batch->positions, branches = 2 * c->layers, branch = 0;
    double gate = hu_units_swiglu();
    R(hu_var) *embedding = *p++;
    const int32_t *ids = hu_batch_tokens(&t->arena, batch);
    if (!ids)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    R(hu_var) *x = R(hu_embedding)(t, R(hu_unit)(t, embedding, 1, sqrt((double)c->vocabulary / (double)n)), ids, n);
    unsigned layer = 0;
    for (size_t i = 0; i < c->layers; i++, p += 6, layer += 4) {
        double tau = hu_units_tau(branch++, branches);
        R(hu_var) *h = R(hu_rmsnorm)(t, R(unit_enter)(t, x, tau), R(unit_row)(t, p[0], n));
        h = R(unit_linear)(t, h, p[1], layer, false, false);
        h = R(unit_attention)(t, h, c->heads, batch->positions, layer);
        h = R(unit_linear)(t, h, p[2], layer + 1, false, false);
        x = R(unit_join)(t, x, h, tau);
        tau = hu_units_tau(branch++, branches);
        h = R(hu_rmsnorm)(t, R(unit_enter)(t, x, tau), R(unit_row)(t, p[3], n));
        h = R(unit_linear)(t, h, p[4], layer + 2, false, false);
        h = R(hu_unit)(t, R(hu_swiglu)(t, h), gate, gate);
        h = R(unit_linear)(t, h, p[5], layer + 3, false, false);
        x = R(unit_join)(t, x, h, tau);
    }
    x = R(hu_rmsnorm)(t, x, R(unit_row)(t, p[0], n));
    x = R(unit_linear)(t, x, c->tied ? embedding : p[1], layer, true, t->policy && t->policy->head_full);
    return R(hu_unit)(t, x, 1, hu_units_loss(n, c->vocabulary));
}

static R(hu_var) *R(unit_mlp)(const hu_model *m, R(hu_tape) *t, R(hu_var) **p, R(hu_var) *x)
{
    const hu_model_config *c = &m->config;
    size_t n = x->rows;
    for (size_t i = 0; i < c->layers; i++, p += 3) {
        x = R(unit_linear)(t, x, p[0], (unsigned)i, false, false);
        x = R(hu_layernorm)(t, x, R(unit_row)(t, p[1], n), R(unit_row)(t, p[2], n));
        x = R(hu_unit)(t, R(hu_gelu)(t, x), hu_units_gelu(), hu_units_gelu_back());
    }
    x = R(unit_linear)(t, x, p[0], (unsigned)c->layers, true, t->policy && t->policy->head_full);
    x = R(hu_bias)(t, x, R(unit_row)(t, p[1], n));
    return R(hu_unit)(t, x, 1, hu_units_loss(n, c->vocabulary));
}

static R(hu_var) *R(mlp)(const hu_model *m, R(hu_tape) *t, R(hu_var) **p, const hu_batch *batch)
{
    const hu_model_config *c = &m->config;
    size_t n = batch->rows * c->inputs;
    REAL *features = R(hu_take)(t, n);
    for (size_t i = 0; features && i < n; i++)
        features[i] = (REAL)batch->features[i];
    R(hu_var) *x = R(hu_leaf)(t, features, NULL, batch->rows, c->inputs);
    if (c->units && x)
        return R(unit_mlp)(m, t, p, x);
    for (size_t i = 0; i < c->layers; i++, p += 3) {
        x = R(hu_linear)(t, x, p[0], (unsigned)i, false);
        x = R(hu_layernorm)(t, x, p[1], p[2]);
        x = R(hu_gelu)(t, x);
    }
    x = R(hu_linear)(t, x, p[0], (unsigned)c->layers, t->policy && t->policy->head_full);
    return R(hu_bias)(t, x, p[1]);
}

R(hu_var) *R(hu_model_forward)(const hu_model *m, R(hu_tape) *t, R(hu_var) **parameters, const hu_batch *batch)
{
    if (m->graph)
        return R(hu_graph_run)(m, t, parameters, batch, NULL);
    if (m->config.kind == HU_MODEL_LM)
        return (m->config.units ? R(unit_lm) : R(lm))(m, t, parameters, batch);
    return R(mlp)(m, t, parameters, batch);
}

/* The same with the loss -> *result. */
static R(hu_var) *R(with_loss)(const hu_model *m, R(hu_tape) *t, R(hu_var) **parameters, const hu_batch *batch,
                               R(hu_var) **result)
{
    if (m->graph)
        return R(hu_graph_run)(m, t, parameters, batch, result);
    R(hu_var) *logits = R(hu_model_forward)(m, t, parameters, batch);
    const int32_t *classes = hu_batch_classes(&t->arena, batch);
    if (logits && !classes)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    *result = R(hu_cross_entropy)(t, logits, classes);
    return logits;
}

/* The last position's logits of every row, as doubles. */
static void R(last_logits)(const R(hu_var) *logits, const hu_batch *batch, double *out)
{
    size_t v = logits->cols;
    for (size_t b = 0; b < batch->rows; b++)
        for (size_t j = 0; j < v; j++)
            out[b * v + j] = (double)logits->value[((b + 1) * batch->positions - 1) * v + j];
}

/* The policy with one for each layer, in the tape's memory, where it has rules. */
static hu_status R(bind)(const hu_model *m, R(hu_tape) *t, const hu_policy *policy, hu_error *err)
{
    t->policy = policy;
    t->start = policy ? policy->loss_scale : 0;
    if (!policy || policy->n_rules == 0)
        return HU_OK;
    size_t n = hu_model_layers(m);
    hu_policy *room = hu_arena_take(&t->arena, n + 1, sizeof *room);
    if (!room)
        return hu_fail(err, HU_ENOMEM, "model: out of memory");
    t->policy = room + n;
    return hu_policy_bind(room + n, room, policy, layer_name, m, n, err);
}

/* Leaves for all parameters, in the tape's memory; `gradient` [n_weights] or NULL, for those that move (NULL: all). */
static R(hu_var) **R(leaves)(const hu_model *m, R(hu_tape) *t, REAL *weights, const bool *moves, REAL *gradient)
{
    R(hu_var) **p = hu_arena_take(&t->arena, m->n_parameters, sizeof *p);
    for (size_t k = 0; p && k < m->n_parameters; k++) {
        const hu_parameter *at = &m->parameters[k];
        bool wanted = gradient && (!moves || moves[k]);
        p[k] = R(hu_leaf)(t, weights + at->first, wanted ? gradient + at->first : NULL, at->rows, at->cols);
    }
    return p ? p : R(hu_stick)(t, HU_ENOMEM, "model: out of memory");
}

/* One pass on the model's tape, which is empty; loss, gradient and out each where not NULL. The gradient of a parameter
 * on which the loss does not depend is zero. */
static hu_status R(run)(hu_model *m, R(hu_tape) *t, REAL *weights, const hu_batch *batch, const hu_policy *policy,
                         uint64_t step, double *loss, REAL *gradient, double *out, hu_error *err)
{
    hu_status status = R(bind)(m, t, policy, err);
    if (status)
        return status;
    t->step = step, t->recording = gradient != NULL;
    R(hu_var) **p = R(leaves)(m, t, weights, NULL, gradient);
    if (!p)
        return hu_fail(err, t->error.status, "%s", t->error.text);
    R(hu_var) *result = NULL;
    R(hu_var) *logits = loss ? R(with_loss)(m, t, p, batch, &result) : R(hu_model_forward)(m, t, p, batch);
    if (t->error.status)
        return hu_fail(err, t->error.status, "%s", t->error.text);
    if (gradient) {
        status = R(hu_backward)(t, result, err);
        for (size_t k = 0; !status && k < m->n_parameters; k++)
            (void)R(hu_gradient)(p[k]);
    }
    if (!status && loss)
        *loss = (double)result->value[0];
    if (!status && out)
        R(last_logits)(logits, batch, out);
    return status;
}

hu_status R(hu_model_record)(hu_model *m, R(hu_tape) *t, REAL *weights, const hu_batch *batch, const hu_policy *policy,
                             uint64_t step, const bool *moves, REAL *gradient, R(hu_var) ***leaves, R(hu_var) **loss,
                             hu_error *err)
{
    hu_status status = check_batch(m, batch, true, err);
    if (!status)
        status = R(bind)(m, t, policy, err);
    if (status)
        return status;
    t->step = step, t->recording = true;
    int threads = hu_threads_set(t->threads);
    *leaves = R(leaves)(m, t, weights, moves, gradient);
    if (*leaves)
        (void)R(with_loss)(m, t, *leaves, batch, loss);
    status = t->error.status ? hu_fail(err, t->error.status, "%s", t->error.text) : R(hu_backward)(t, *loss, err);
    for (size_t k = 0; !status && k < m->n_parameters; k++)
        (void)R(hu_gradient)((*leaves)[k]);
    hu_threads_set(threads);
    return status;
}

/* The array kernels, too, work with the tape's number of threads for as long as the pass takes. */
static hu_status R(pass)(hu_model *m, R(hu_tape) *t, REAL *weights, const hu_batch *batch, const hu_policy *policy,
                         uint64_t step, double *loss, REAL *gradient, double *out, hu_error *err)
{
    hu_status status = check_batch(m, batch, loss != NULL, err);
    if (status)
        return status;
    int threads = hu_threads_set(t->threads);
    R(hu_tape_reset)(t);
    status = R(run)(m, t, weights, batch, policy, step, loss, gradient, out, err);
    hu_threads_set(threads);
    return status;
}
