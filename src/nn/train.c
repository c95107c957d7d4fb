/* train.c - the training step, and the loss on a whole text. */
#include "src/nn/train.h"

#include <math.h>
#include <string.h>

#include "src/base/memory.h"

hu_train_config hu_train_default(void)
{
    return (hu_train_config){
        .batch = 8,
        .schedule = {.rate = 1e-3, .least = 1e-4, .warmup = 10, .steps = 300},
        .adamw = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .decay = 0.1},
        .clip = 1,
    };
}

/* `what` is a number of at least 0 and less than `end`. */
static hu_status check_range(const char *what, double value, double end, hu_error *err)
{
    if (value >= 0 && value < end)
        return HU_OK;
    return hu_fail(err, HU_ERANGE, "train: %s is %g; it takes a number from 0 to below %g", what, value, end);
}

static hu_status check(const hu_train_config *c, hu_error *err)
{
    const struct { const char *what; double value, end; } ranges[] = {
        {"lr", c->schedule.rate, INFINITY},       {"min_lr", c->schedule.least, INFINITY},
        {"beta1", c->adamw.beta1, 1},             {"beta2", c->adamw.beta2, 1},
        {"eps", c->adamw.epsilon, INFINITY},      {"weight_decay", c->adamw.decay, INFINITY},
        {"clip", c->clip, INFINITY},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (check_range(ranges[i].what, ranges[i].value, ranges[i].end, err))
            return HU_ERANGE;
    if (c->batch < 1 || c->batch > 65536)
        return hu_fail(err, HU_ERANGE, "train: a batch of %zu; it takes 1 to 65536", c->batch);
    if (c->schedule.steps && c->schedule.warmup > c->schedule.steps)
        return hu_fail(err, HU_EINVAL, "train: %llu steps of warm-up in a run of %llu steps",
                       (unsigned long long)c->schedule.warmup, (unsigned long long)c->schedule.steps);
    return HU_OK;
}

hu_status hu_trainer_init(hu_trainer *t, hu_model *model, const hu_text *text, hu_train_config config, hu_error *err)
{
    size_t positions = model->config.context, n = model->n_weights;
    hu_status status = check(&config, err);
    if (status)
        return status;
    if (text && !hu_model_takes_tokens(model))
        return hu_fail(err, HU_EINVAL, "train: a text trains a language model only; hand batches to this one");
    if (text && text->n_train <= positions)
        return hu_fail(err, HU_EINVAL, "train: the text is too short: its training part holds %zu bytes, and a context of %zu "
                       "needs at least %zu", text->n_train, positions, positions + 1);
    *t = (hu_trainer){.model = model, .text = text, .config = config, .loss = NAN, .norm = NAN};
    t->m = hu_calloc(n, sizeof *t->m);
    t->v = hu_calloc(n, sizeof *t->v);
    t->bytes = hu_malloc(text ? 2 * config.batch * positions : 1);
    if (t->m && t->v && t->bytes)
        return HU_OK;
    hu_trainer_clear(t);
    return hu_fail(err, HU_ENOMEM, "train: out of memory");
}

void hu_trainer_clear(hu_trainer *t)
{
    hu_free(t->m);
    hu_free(t->v);
    hu_free(t->bytes);
    *t = (hu_trainer){0};
}

/* AdamW on every parameter; then the master weights on their grid, if the policy has one for them. */
static hu_status update(hu_trainer *t, double scale, hu_error *err)
{
    hu_model *model = t->model;
    const hu_adamw *a = &t->config.adamw;
    for (size_t k = 0; k < model->n_parameters; k++) {
        const hu_parameter *p = &model->parameters[k];
        size_t i = p->first;
        hu_adamw_step(a, model->weights + i, t->m + i, t->v + i, model->gradient + i, p->rows * p->cols, t->rate,
                      p->decays ? a->decay : 0, scale, t->step + 1);
    }
    return hu_policy_quantize_f32(&t->config.policy, HU_P_MASTER, t->step, 0, 0, model->weights, model->weights,
                                  model->n_weights, err);
}

hu_status hu_trainer_step_on(hu_trainer *t, const hu_batch *batch, hu_error *err)
{
    hu_model *model = t->model;
    if (t->diverged)
        return HU_OK;
    double loss;
    hu_status status = hu_model_loss_f32(model, batch, &t->config.policy, t->step, &loss, model->gradient, err);
    if (status)
        return status;
    t->loss = loss;
    t->norm = hu_norm(model->gradient, model->n_weights);
    t->rate = hu_schedule_at(&t->config.schedule, t->step);
    if (!isfinite(t->loss) || !isfinite(t->norm)) {
        t->diverged = true;
        return HU_OK;
    }
    double clip = t->config.clip;
    status = update(t, clip > 0 && t->norm > clip ? clip / t->norm : 1, err);
    hu_model_follow(model);
    t->step++;
    return status;
}

hu_status hu_trainer_step(hu_trainer *t, hu_error *err)
{
    size_t rows = t->config.batch, positions = t->model->config.context;
    if (!t->text)
        return hu_fail(err, HU_EINVAL, "train: there is no text; hand a batch to the step");
    uint8_t *targets = t->bytes + rows * positions;
    hu_status status = hu_text_batch(t->text, t->config.seed, t->step, rows, positions, t->bytes, targets, err);
    hu_batch batch = {.rows = rows, .positions = positions, .bytes = t->bytes, .targets = targets};
    return status ? status : hu_trainer_step_on(t, &batch, err);
}

hu_status hu_evaluate(hu_model *m, const hu_text *text, bool heldout, size_t most, const hu_policy *policy, uint64_t step,
                      double *bits, hu_error *err)
{
    enum { ROWS = 8 };
    size_t positions = m->config.context;
    if (!hu_model_takes_tokens(m))
        return hu_fail(err, HU_EINVAL, "loss: a text is for a language model");
    size_t all = hu_text_pieces(text, heldout, positions), n = most && most < all ? most : all;
    if (!all)
        return hu_fail(err, HU_EINVAL, "loss: the text is too short: its %s part holds %zu bytes, and a context of %zu needs at "
                       "least %zu", heldout ? "held-out" : "training", heldout ? text->n_heldout : text->n_train, positions,
                       positions + 1);
    uint8_t *bytes = hu_malloc(2 * ROWS * positions);
    if (!bytes)
        return hu_fail(err, HU_ENOMEM, "loss: out of memory");
    uint8_t *targets = bytes + ROWS * positions;
    hu_status status = HU_OK;
    double sum = 0;
    for (size_t i = 0; i < n && !status; i += ROWS) {
        size_t rows = n - i < ROWS ? n - i : ROWS;
        for (size_t b = 0; b < rows; b++)
            hu_text_piece(text, heldout, positions, (i + b) * all / n, bytes + b * positions, targets + b * positions);
        hu_batch batch = {.rows = rows, .positions = positions, .bytes = bytes, .targets = targets, .evaluation = true};
        double loss = 0;
        status = hu_model_loss_f32(m, &batch, policy, step, &loss, NULL, err);
        sum += loss * (double)rows;
    }
    hu_free(bytes);
    if (!status)
        *bits = sum / (double)n / M_LN2;
    return status;
}
