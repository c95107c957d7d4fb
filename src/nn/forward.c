/* forward.c - the forward pass of each model, and loss, gradient and logits from it. */
#include <string.h>

#include "src/base/memory.h"
#include "src/nn/model.h"

static hu_status check_batch(const hu_model *m, const hu_batch *b, bool needs_targets, hu_error *err)
{
    const hu_model_config *c = &m->config;
    if (b->rows < 1 || (needs_targets && !b->targets))
        return hu_fail(err, HU_EINVAL, "model: the batch has %s", b->rows < 1 ? "no rows" : "no targets");
    if (c->kind == HU_MODEL_LM && (!b->bytes || b->positions < 1 || b->positions > c->context))
        return hu_fail(err, HU_ESHAPE, "lm: needs sequences of 1 to %zu bytes (its context), not %zu", c->context,
                       b->bytes ? b->positions : (size_t)0);
    if (c->kind == HU_MODEL_MLP && (!b->features || b->positions != 1))
        return hu_fail(err, HU_ESHAPE, "mlp: needs features, %zu numbers an example", c->inputs);
    return HU_OK;
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
