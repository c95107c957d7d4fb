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
        .optimizer = hu_optimizer_default(),
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
        {"clip", c->clip, INFINITY},              {"loss_scale", c->loss_scale, 0x1p127},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (check_range(ranges[i].what, ranges[i].value, ranges[i].end, err))
            return HU_ERANGE;
    if (c->schedule.least > c->schedule.rate)
        return hu_fail(err, HU_EINVAL, "train: min_lr is %g, more than the lr of %g that it is the end of", c->schedule.least, c->schedule.rate);
    if (c->batch < 1 || c->batch > 65536)
        return hu_fail(err, HU_ERANGE, "train: a batch of %zu; it takes 1 to 65536", c->batch);
    if (c->schedule.steps && c->schedule.warmup > c->schedule.steps)
        return hu_fail(err, HU_EINVAL, "train: %llu steps of warm-up in a run of %llu steps",
                       (unsigned long long)c->schedule.warmup, (unsigned long long)c->schedule.steps);
    if (c->schedule.curve == HU_CURVE_wsd && c->schedule.decay + c->schedule.warmup > c->schedule.steps)
        return hu_fail(err, HU_EINVAL, "train: %llu steps of decay after %llu of warm-up in a run of %llu steps", (unsigned long long)c->schedule.decay,
                       (unsigned long long)c->schedule.warmup, (unsigned long long)c->schedule.steps);
    if (c->collective == HU_COLLECTIVE_hierarchical && (c->group < 1 || (c->shards ? c->shards : 1) % c->group))
        return hu_fail(err, HU_EINVAL, "train: groups of %zu do not divide %zu shards", c->group, c->shards ? c->shards : 1);
    return hu_optimizer_check(&c->optimizer, err);
}

/* The number of a state of an optimizer, -1 where it has none of that name. */
static int state_number(const hu_optimizer *o, const char *name)
{
    for (int s = 0; s < HU_OPTIMIZER_STATES; s++)
        if (o->state[s] && strcmp(o->state[s], name) == 0)
            return s;
    return -1;
}

/* The formats of the states are said by the policy or by the optimizer's configuration, and then stand in both, in the order of the
 * optimizer: the policy's text tells all of them. */
static hu_status join_states(hu_train_config *c, hu_error *err)
{
    const hu_optimizer *o = c->optimizer.kind ? c->optimizer.kind : hu_optimizer_at(0);
    for (int k = 0; k < HU_MOMENTS; k++) {
        const hu_moment *m = &c->policy.moment[k];
        int s = m->name[0] ? state_number(o, m->name) : -1;
        if (m->name[0] && s < 0)
            return hu_fail(err, HU_EINVAL, "train: the policy has a format for the state %s; %s has %s%s%s", m->name, o->name, o->state[0],
                           o->state[1] ? " and " : "", o->state[1] ? o->state[1] : "");
        if (m->name[0] && c->optimizer.state[s].on)
            return hu_fail(err, HU_EINVAL, "train: policy and optimizer both have a format for the state %s; one will do", m->name);
    }
    hu_moment joined[HU_MOMENTS] = {0};
    for (int s = 0, n = 0; s < HU_OPTIMIZER_STATES && o->state[s]; s++) {
        for (int k = 0; k < HU_MOMENTS; k++)
            if (strcmp(c->policy.moment[k].name, o->state[s]) == 0)
                c->optimizer.state[s] = c->policy.moment[k].format;
        if (c->optimizer.state[s].on) {
            strcpy(joined[n].name, o->state[s]);
            joined[n++].format = c->optimizer.state[s];
        }
    }
    memcpy(c->policy.moment, joined, sizeof joined);
    return HU_OK;
}

hu_status hu_trainer_init(hu_trainer *t, hu_model *model, const hu_text *text, hu_train_config config, hu_error *err)
{
    size_t positions = model->config.context, n = model->n_weights;
    hu_status status = join_states(&config, err);
    if (!status)
        status = check(&config, err);
    if (status)
        return status;
    if (text && !hu_model_takes_tokens(model))
        return hu_fail(err, HU_EINVAL, "train: a text trains a language model only; hand batches to this one");
    if (text && text->n_train <= positions)
        return hu_fail(err, HU_EINVAL, "train: the text is too short: its training part holds %zu bytes, and a context of %zu "
                       "needs at least %zu", text->n_train, positions, positions + 1);
    size_t parts = (config.accumulate ? config.accumulate : 1) * (config.shards ? config.shards : 1);
    if (config.batch % parts != 0)
        return hu_fail(err, HU_EINVAL, "train: a batch of %zu cannot be cut into %zu equal parts (accumulate times shards)", config.batch, parts);
    *t = (hu_trainer){.model = model, .text = text, .config = config, .loss = NAN, .norm = NAN};
    t->loss_scale = config.loss_scale > 0 ? config.loss_scale : config.dynamic_scale ? 65536 : 1;
    t->bytes = hu_malloc(text ? 2 * config.batch * positions : 1);
    if (parts > 1)
        t->shards = hu_calloc((config.shards ? config.shards : 1) * n, sizeof *t->shards);
    if (config.optimizer.rho > 0)
        t->kept = hu_malloc(n * sizeof *t->kept);
    if (!t->bytes || (parts > 1 && !t->shards) || (config.optimizer.rho > 0 && !t->kept))
        status = hu_fail(err, HU_ENOMEM, "train: out of memory");
    if (!status)
        status = hu_update_init(t, err);
    if (status)
        hu_trainer_clear(t);
    return status;
}

void hu_trainer_clear(hu_trainer *t)
{
    hu_update_clear(t);
    hu_free(t->bytes);
    hu_free(t->shards);
    hu_free(t->kept);
    hu_free(t->features);
    hu_free(t->values);
    hu_free(t->classes);
    *t = (hu_trainer){0};
}

/* ---- the gradient, in parts ---- */

static size_t least_one(size_t n)
{
    return n ? n : 1;
}

/* Rows first ... first + rows of a batch. */
static hu_batch rows_of(const hu_model *m, const hu_batch *b, size_t first, size_t rows)
{
    hu_batch part = *b;
    size_t at = first * b->positions;
    part.rows = rows;
    part.bytes = b->bytes ? b->bytes + at : NULL;
    part.tokens = b->tokens ? b->tokens + at : NULL;
    part.features = b->features ? b->features + first * m->config.inputs : NULL;
    part.targets = b->targets ? b->targets + at : NULL;
    part.classes = b->classes ? b->classes + at : NULL;
    part.values = b->values ? b->values + first * m->config.vocabulary : NULL;
    return part;
}

/* The weights moved up to where sharpness-aware minimization wants the gradient; t->kept are those that they were. */
static void climb(hu_trainer *t)
{
    hu_model *m = t->model;
    const hu_optimizer_config *c = &t->config.optimizer;
    double square = 0;
    for (size_t k = 0; k < m->n_parameters; k++) {
        const hu_parameter *p = &m->parameters[k];
        square += hu_sam_square(c, m->weights + p->first, m->gradient + p->first, p->rows * p->cols, p->decays);
    }
    memcpy(t->kept, m->weights, m->n_weights * sizeof *t->kept);
    for (size_t k = 0; k < m->n_parameters; k++) {
        const hu_parameter *p = &m->parameters[k];
        hu_sam_climb(c, m->weights + p->first, m->gradient + p->first, p->rows * p->cols, p->decays, sqrt(square));
    }
}

static bool climbs_by_part(const hu_train_config *c)
{
    return c->optimizer.rho > 0 && c->optimizer.each_part && least_one(c->shards) * least_one(c->accumulate) > 1;
}

/* Loss and gradient of one part, where the parts climb alone: at the point to which its own gradient points. */
static hu_status find_part(hu_trainer *t, const hu_batch *part, uint64_t number, uint64_t second, double *loss, hu_error *err)
{
    hu_model *m = t->model;
    hu_status status = hu_model_loss_f32(m, part, &t->policy, number, loss, m->gradient, err);
    if (status || !climbs_by_part(&t->config) || !isfinite(hu_norm(m->gradient, m->n_weights)))
        return status;
    double above;
    climb(t);
    status = hu_model_loss_f32(m, part, &t->policy, second, &above, m->gradient, err);
    memcpy(m->weights, t->kept, m->n_weights * sizeof *t->kept);
    return status;
}

/* The model's gradient, and the loss, as means over the parts. `pass` counts those of a step: 0, and 1 for the second one. */
static hu_status find_gradient(hu_trainer *t, const hu_batch *batch, uint64_t pass, double *loss, hu_error *err)
{
    hu_model *m = t->model;
    const hu_train_config *c = &t->config;
    size_t n = m->n_weights, shards = least_one(c->shards), micro = least_one(c->accumulate), parts = shards * micro;
    uint64_t passes = (uint64_t)parts * (c->optimizer.rho > 0 ? 2 : 1), number = t->step * passes + pass * (uint64_t)parts;
    hu_status status = HU_OK;

    t->policy.loss_scale = t->loss_scale;
    if (parts == 1) {
        status = hu_model_loss_f32(m, batch, &t->policy, number, loss, m->gradient, err);
    } else if (batch->rows % parts != 0) {
        return hu_fail(err, HU_EINVAL, "train: a batch of %zu cannot be cut into %zu equal parts (accumulate times shards)", batch->rows, parts);
    } else {
        size_t rows = batch->rows / parts;
        memset(t->shards, 0, shards * n * sizeof *t->shards);
        *loss = 0;
        for (size_t k = 0; k < parts && !status; k++) {
            const hu_batch part = rows_of(m, batch, k * rows, rows);
            double one = 0;
            status = find_part(t, &part, number + k, number + parts + k, &one, err);
            *loss += one / (double)parts;
            float *sum = t->shards + k / micro * n;
            for (size_t i = 0; i < n; i++)
                sum[i] += m->gradient[i] / (float)micro;
        }
        if (!status)
            status = hu_all_reduce(m->gradient, t->shards, shards, n, c->collective, c->group, &t->policy, number,
                                   hu_trainer_row(t, m->n_parameters), err);
    }
    float inverse = (float)(1 / t->loss_scale);
    for (size_t i = 0; i < n && !status && t->loss_scale != 1; i++)
        m->gradient[i] *= inverse;
    return status;
}

/* The gradient where sharpness-aware minimization wants it; the weights are then as they were. */
static hu_status find_second_gradient(hu_trainer *t, const hu_batch *batch, hu_error *err)
{
    hu_model *m = t->model;
    double loss;
    climb(t);
    hu_status status = find_gradient(t, batch, 1, &loss, err);
    memcpy(m->weights, t->kept, m->n_weights * sizeof *t->kept);
    return status;
}

/* After a gradient that is not finite: true, and the step is done, where the scale of the loss may be halved for it. */
static bool give_way(hu_trainer *t)
{
    if (!t->config.dynamic_scale || !isfinite(t->loss) || t->loss_scale / 2 < 0x1p-24)
        return false;
    t->loss_scale /= 2;
    t->good = 0;
    t->step++;
    hu_policy_state_forget(&t->memory);
    return true;
}

static void grow_scale(hu_trainer *t)
{
    uint64_t growth = t->config.growth ? t->config.growth : 2000;
    if (t->config.dynamic_scale && ++t->good >= growth) {
        t->loss_scale = fmin(2 * t->loss_scale, 0x1p100);
        t->good = 0;
    }
}

hu_status hu_trainer_step_on(hu_trainer *t, const hu_batch *batch, hu_error *err)
{
    hu_model *model = t->model;
    if (t->diverged)
        return HU_OK;
    double loss;
    hu_status status = find_gradient(t, batch, 0, &loss, err);
    if (status)
        return status;
    t->loss = loss;
    t->norm = hu_norm(model->gradient, model->n_weights);
    if (t->config.optimizer.rho > 0 && !climbs_by_part(&t->config) && isfinite(t->norm)) {
        status = find_second_gradient(t, batch, err);
        t->norm = hu_norm(model->gradient, model->n_weights);
    }
    if (status)
        return status;
    t->rate = hu_schedule_at(&t->config.schedule, t->step);
    if (!isfinite(t->loss) || !isfinite(t->norm)) {
        t->diverged = !give_way(t);
        return HU_OK;
    }
    double clip = t->config.clip;
    int threads = hu_threads_set(model->tape_f32.threads);
    status = hu_update_step(t, clip > 0 && t->norm > clip ? clip / t->norm : 1, err);
    hu_threads_set(threads);
    hu_model_follow(model);
    hu_policy_state_advance(&t->memory);
    grow_scale(t);
    t->step++;
    t->updates++;
    if (!status && t->memory.failed)
        status = hu_fail(err, HU_ENOMEM, "train: out of memory");
    return status;
}

hu_status hu_trainer_step(hu_trainer *t, hu_error *err)
{
    size_t rows = t->config.batch, positions = t->model->config.context;
    if (t->data) {
        hu_batch drawn = hu_trainer_batch(t);
        return hu_trainer_step_on(t, &drawn, err);
    }
    if (!t->text)
        return hu_fail(err, HU_EINVAL, "train: there is no text and no data; hand a batch to the step");
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
