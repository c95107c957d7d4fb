/* update.c - what a trainer keeps for its optimizer and policy, and the update of the weights. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/nn/train.h"

static const hu_optimizer *kind_of(const hu_trainer *t)
{
    return t->config.optimizer.kind ? t->config.optimizer.kind : hu_optimizer_at(0);
}

static const char *layer_name(const void *model, unsigned layer)
{
    return hu_model_layer(model, layer);
}

/* The layer that a parameter belongs to: its own name, or its beginning up to a dot. */
static unsigned owner_of(const hu_model *m, const char *parameter, unsigned n_layers)
{
    for (unsigned i = 0; i < n_layers; i++) {
        const char *layer = hu_model_layer(m, i);
        size_t length = strlen(layer);
        if (strncmp(parameter, layer, length) == 0 && (parameter[length] == 0 || parameter[length] == '.'))
            return i;
    }
    return n_layers;
}

static bool has_history(const hu_policy *p)
{
    for (int k = 0; k < HU_P_COUNT; k++)
        if (p->scaling[k].on && p->scaling[k].history)
            return true;
    return false;
}

size_t hu_trainer_row(const hu_trainer *t, size_t parameter)
{
    return hu_model_layers(t->model) + parameter;
}

/* The policy with its rules checked against the model, and a state where one is wanted. The passes bind it again themselves. */
static hu_status init_policy(hu_trainer *t, hu_error *err)
{
    unsigned n = hu_model_layers(t->model);
    bool wants = t->config.counters || has_history(&t->config.policy);
    for (size_t i = 0; i < t->config.policy.n_rules; i++)
        wants = wants || has_history(&t->config.policy.rules[i].values);
    hu_status status = hu_policy_copy(&t->policy, &t->config.policy, err);
    if (status)
        return status;
    t->config.policy.rules = t->policy.rules;          /* ours: the caller's may not live as long */
    t->config.policy.state = NULL;
    if (wants) {
        status = hu_policy_state_init(&t->memory, n + t->model->n_parameters + 1, err);
        t->memory.counting = t->config.counters;
        t->policy.state = &t->memory;
    }
    t->layers = hu_calloc(n + 1, sizeof *t->layers);
    t->owner = hu_calloc(t->model->n_parameters + 1, sizeof *t->owner);
    if (!status && (!t->layers || !t->owner))
        status = hu_fail(err, HU_ENOMEM, "train: out of memory");
    for (size_t k = 0; k < t->model->n_parameters && !status; k++)
        t->owner[k] = owner_of(t->model, t->model->parameters[k].name, n);
    hu_policy bound;
    return status ? status : hu_policy_bind(&bound, t->layers, &t->policy, layer_name, t->model, n, err);
}

hu_status hu_update_init(hu_trainer *t, hu_error *err)
{
    const hu_model *m = t->model;
    const hu_optimizer *o = kind_of(t);
    size_t largest = 0;
    hu_status status = init_policy(t, err);
    for (size_t k = 0; k < m->n_parameters; k++) {
        const hu_parameter *p = &m->parameters[k];
        largest = p->rows * p->cols > largest ? p->rows * p->cols : largest;
        for (int s = 0; s < HU_OPTIMIZER_STATES; s++)
            t->n_states[s] += hu_optimizer_size(o, p->rows, p->cols, s);
    }
    for (int s = 0; s < HU_OPTIMIZER_STATES; s++)
        t->states[s] = hu_calloc(t->n_states[s] + 1, sizeof *t->states[s]);
    t->scalars = hu_calloc(m->n_parameters * HU_OPTIMIZER_SCALARS + 1, sizeof *t->scalars);
    t->room = hu_aligned(2 * largest + 1, sizeof *t->room);
    if (!status && (!t->states[0] || !t->states[1] || !t->scalars || !t->room))
        status = hu_fail(err, HU_ENOMEM, "train: out of memory");
    return status;
}

void hu_update_clear(hu_trainer *t)
{
    for (int s = 0; s < HU_OPTIMIZER_STATES; s++)
        hu_free(t->states[s]);
    hu_free(t->scalars);
    hu_free(t->room);
    hu_free(t->layers);
    hu_free(t->owner);
    hu_policy_state_clear(&t->memory);
    hu_policy_clear(&t->policy);
}

/* ---- one step ---- */

/* Whether a state of this parameter is kept in its format. */
static bool is_kept(const hu_optimizer_config *c, int state, const hu_parameter *p)
{
    return c->state[state].on && p->rows > 1 && p->cols > 1 && p->rows * p->cols > c->least_elements;
}

/* States of a parameter on their grids, counted where that is wanted. */
static hu_status keep_states(hu_trainer *t, size_t k, const hu_update *u, hu_error *err)
{
    const hu_optimizer_config *c = &t->config.optimizer;
    const hu_parameter *p = &t->model->parameters[k];
    uint64_t seed = hu_random_derive(t->config.policy.seed, "optimizer states");
    hu_status status = HU_OK;
    for (int s = 0; s < HU_OPTIMIZER_STATES && !status; s++) {
        size_t n = hu_optimizer_size(kind_of(t), p->rows, p->cols, s);
        if (n == 0 || !is_kept(c, s, p))
            continue;
        size_t rows = n == p->rows * p->cols ? p->rows : 1;
        if (t->memory.counting)
            memcpy(t->room, u->state[s], n * sizeof *t->room);
        status = hu_state_apply(&c->state[s], u->state[s], rows, n / rows, seed, t->updates << 20 | (uint64_t)k << 1 | (uint64_t)s, err);
        if (!t->memory.counting || status)
            continue;
        hu_policy_seen *seen = hu_calloc(1, sizeof *seen);
        if (!seen)
            return hu_fail(err, HU_ENOMEM, "train: out of memory");
        hu_counts_add_f32(&seen->counts, t->room, u->state[s], n, -INFINITY, INFINITY);
        hu_policy_state_add(&t->memory, hu_trainer_row(t, k), HU_ROLE_STATES + s, 0, seen);
        hu_free(seen);
    }
    return status;
}

/* A parameter's master weights by the policy of its layer. */
static hu_status keep_master(hu_trainer *t, size_t k, hu_error *err)
{
    const hu_parameter *p = &t->model->parameters[k];
    const hu_policy *policy = t->owner[k] < hu_model_layers(t->model) ? &t->layers[t->owner[k]] : &t->policy;
    const hu_policy_use use = {.operand = HU_P_MASTER, .step = t->step, .row = hu_trainer_row(t, k) + 1, .first = p->first,
                               .rows = p->rows, .cols = p->cols};
    float *w = t->model->weights + p->first;
    return hu_policy_apply_f32(policy, &use, w, w, err);
}

hu_status hu_update_step(hu_trainer *t, double scale, hu_error *err)
{
    hu_model *m = t->model;
    const hu_optimizer *o = kind_of(t);
    size_t at[HU_OPTIMIZER_STATES] = {0};
    hu_status status = HU_OK;
    for (size_t k = 0; k < m->n_parameters && !status; k++) {
        const hu_parameter *p = &m->parameters[k];
        double factor = p->rate > 0 ? p->rate : 1;             /* the decay does not follow it */
        hu_update u = {
            .w = m->weights + p->first, .g = m->gradient + p->first, .rows = p->rows, .cols = p->cols,
            .scalar = t->scalars + k * HU_OPTIMIZER_SCALARS, .room = t->room, .rate = t->rate * factor,
            .decay = p->decays ? t->config.adamw.decay / factor : 0, .scale = scale, .count = t->updates + 1,
        };
        for (int s = 0; s < HU_OPTIMIZER_STATES; s++) {
            u.state[s] = t->states[s] + at[s];
            at[s] += hu_optimizer_size(o, p->rows, p->cols, s);
        }
        o->step(&t->config.optimizer, &t->config.adamw, &u);
        status = keep_states(t, k, &u, err);
        if (!status)
            status = keep_master(t, k, err);
    }
    return status;
}

/* ---- what a checkpoint holds beside weights and states ---- */

enum { HEAD = 3 };

static size_t n_scalars(const hu_trainer *t)
{
    return t->model->n_parameters * HU_OPTIMIZER_SCALARS;
}

size_t hu_trainer_scalars(const hu_trainer *t)
{
    return HEAD + n_scalars(t);
}

size_t hu_trainer_numbers(const hu_trainer *t)
{
    return hu_trainer_scalars(t) + hu_policy_state_size(&t->memory);
}

void hu_trainer_numbers_save(const hu_trainer *t, double *out)
{
    const double head[HEAD] = {(double)t->updates, t->loss_scale, (double)t->good};
    memcpy(out, head, sizeof head);
    memcpy(out + HEAD, t->scalars, n_scalars(t) * sizeof *out);
    hu_policy_state_save(&t->memory, out + HEAD + n_scalars(t));
}

hu_status hu_trainer_numbers_load(hu_trainer *t, const double *in, size_t n, hu_error *err)
{
    if (n < HEAD + n_scalars(t) || !(in[0] >= 0 && in[0] <= 0x1p53) || !(in[1] > 0) || !(in[2] >= 0 && in[2] <= 0x1p53))
        return hu_fail(err, HU_EPARSE, "train: the checkpoint's numbers are not those of such a trainer");
    hu_status status = hu_policy_state_load(&t->memory, in + HEAD + n_scalars(t), n - HEAD - n_scalars(t), err);
    if (status)
        return status;
    t->updates = (uint64_t)in[0];
    t->loss_scale = in[1];
    t->good = (uint64_t)in[2];
    memcpy(t->scalars, in + HEAD, n_scalars(t) * sizeof *in);
    return HU_OK;
}

char *hu_trainer_text(const hu_trainer *t)
{
    enum { MOST = 1024 };
    const hu_optimizer_config *c = &t->config.optimizer;
    char *text = hu_malloc(MOST);
    if (!text)
        return NULL;
    int n = snprintf(text, MOST, "optimizer %s\n", kind_of(t)->name);
    for (int s = 0; s < HU_OPTIMIZER_STATES; s++) {
        const hu_state_format *f = &c->state[s];
        if (f->on)
            n += snprintf(text + n, MOST - (size_t)n, "  %s: %.200s %s%s\n", kind_of(t)->state[s],
                          f->q.block ? f->q.block->name : f->q.element.format->name,
                          f->q.element.rounding ? f->q.element.rounding->name : "rne", f->expands ? ", expanded" : "");
    }
    return text;
}
