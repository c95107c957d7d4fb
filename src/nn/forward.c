/* forward.c - the forward pass of each model, and loss, gradient and logits from it. */
#include <string.h>

#include "src/base/memory.h"
#include "src/nn/graph-parts.h"
#include "src/nn/model.h"
#include "src/nn/units.h"

static const int32_t *widened(hu_arena *arena, const uint8_t *bytes, size_t n)
{
    int32_t *out = bytes ? hu_arena_take(arena, n, sizeof *out) : NULL;
    for (size_t i = 0; out && i < n; i++)
        out[i] = bytes[i];
    return out;
}

const int32_t *hu_batch_tokens(hu_arena *arena, const hu_batch *b)
{
    return b->tokens ? b->tokens : widened(arena, b->bytes, b->rows * b->positions);
}

const int32_t *hu_batch_classes(hu_arena *arena, const hu_batch *b)
{
    return b->classes ? b->classes : widened(arena, b->targets, b->rows * b->positions);
}

static hu_status check_graph_batch(const hu_model *m, const hu_batch *b, bool needs_targets, hu_error *err)
{
    const hu_model_config *c = &m->config;
    const hu_graph *g = m->graph;
    if (!c->inputs && ((!b->bytes && !b->tokens) || b->positions < 1 || b->positions > c->context))
        return hu_fail(err, HU_ESHAPE, "%s: needs sequences of 1 to %zu tokens (its context), not %zu", g->name, c->context,
                       b->bytes || b->tokens ? b->positions : (size_t)0);
    if (c->inputs && (!b->features || b->positions != 1))
        return hu_fail(err, HU_ESHAPE, "%s: needs features, %zu numbers an example", g->name, c->inputs);
    if (needs_targets && g->takes_values != (b->values != NULL))
        return hu_fail(err, HU_EINVAL, "%s: its loss compares with %s", g->name,
                       g->takes_values ? "numbers (values), not classes" : "classes (targets), not numbers");
    return HU_OK;
}

static hu_status check_batch(const hu_model *m, const hu_batch *b, bool needs_targets, hu_error *err)
{
    const hu_model_config *c = &m->config;
    if (b->rows < 1 || (needs_targets && !b->targets && !b->classes && !b->values))
        return hu_fail(err, HU_EINVAL, "model: the batch has %s", b->rows < 1 ? "no rows" : "no targets");
    if (c->kind == HU_MODEL_LM && (!b->bytes || b->positions < 1 || b->positions > c->context))
        return hu_fail(err, HU_ESHAPE, "lm: needs sequences of 1 to %zu bytes (its context), not %zu", c->context,
                       b->bytes ? b->positions : (size_t)0);
    if (c->kind == HU_MODEL_GRAPH)
        return check_graph_batch(m, b, needs_targets, err);
    if (c->kind == HU_MODEL_MLP && (!b->features || b->positions != 1))
        return hu_fail(err, HU_ESHAPE, "mlp: needs features, %zu numbers an example", c->inputs);
    return HU_OK;
}

static const char *layer_name(const void *model, unsigned layer)
{
    return hu_model_layer(model, layer);
}

#include "src/nn/real-f32.h"
#include "src/nn/forward.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/forward.body.h"

hu_status hu_model_loss_f32(hu_model *m, const hu_batch *batch, const hu_policy *policy, uint64_t step,
                            double *loss, float *gradient, hu_error *err)
{
    return pass_f32(m, &m->tape_f32, m->weights, batch, policy, step, loss, gradient, NULL, err);
}

hu_status hu_model_logits_f32(hu_model *m, const hu_batch *batch, const hu_policy *policy, uint64_t step,
                              double *out, hu_error *err)
{
    return pass_f32(m, &m->tape_f32, m->weights, batch, policy, step, NULL, NULL, out, err);
}

hu_status hu_model_evaluate_f32(hu_model *m, const hu_batch *batch, const hu_policy *policy, uint64_t step, double *loss,
                                double *out, hu_error *err)
{
    return pass_f32(m, &m->tape_f32, m->weights, batch, policy, step, loss, NULL, out, err);
}

/* The model's own weights as doubles; NULL when out of memory. */
static double *own_weights(hu_model *m)
{
    if (!m->weights_f64)
        m->weights_f64 = hu_aligned(m->n_weights, sizeof *m->weights_f64);
    for (size_t i = 0; m->weights_f64 && i < m->n_weights; i++)
        m->weights_f64[i] = m->weights[i];
    return m->weights_f64;
}

static hu_status pass_at(hu_model *m, const double *weights, const hu_batch *batch, const hu_policy *policy,
                         uint64_t step, double *loss, double *gradient, double *logits, hu_error *err)
{
    const double *at = weights ? weights : own_weights(m);
    if (!at)
        return hu_fail(err, HU_ENOMEM, "model: out of memory");
    return pass_f64(m, &m->tape_f64, (double *)at, batch, policy, step, loss, gradient, logits, err);
}

hu_status hu_model_loss_f64(hu_model *m, const double *weights, const hu_batch *batch, const hu_policy *policy,
                            uint64_t step, double *loss, double *gradient, hu_error *err)
{
    return pass_at(m, weights, batch, policy, step, loss, gradient, NULL, err);
}

hu_status hu_model_logits_f64(hu_model *m, const double *weights, const hu_batch *batch, const hu_policy *policy,
                              uint64_t step, double *out, hu_error *err)
{
    return pass_at(m, weights, batch, policy, step, NULL, NULL, out, err);
}
