/* train-data.c - training and evaluating on examples. */
#include <math.h>

#include "src/base/memory.h"
#include "src/nn/train.h"

enum { ROWS = 64 };      /* of one pass of an evaluation */

hu_status hu_data_fits(const hu_data *d, const hu_model *m, hu_error *err)
{
    const hu_model_config *c = &m->config;
    bool values = m->graph && m->graph->takes_values, binary = m->graph && c->vocabulary == 1;
    size_t most = binary ? 2 : c->vocabulary;
    if (hu_model_takes_tokens(m))
        return hu_fail(err, HU_EINVAL, "data: this model takes a text, not examples");
    if (hu_data_inputs(d) != c->inputs)
        return hu_fail(err, HU_ESHAPE, "data: %zu numbers an example%s; the model takes %zu", hu_data_inputs(d),
                       d->noise_steps ? ", the time of its noise among them" : "", c->inputs);
    if (values != (hu_data_outputs(d) > 0))
        return hu_fail(err, HU_EINVAL, "data: the examples have %s; the model's loss compares with %s",
                       values ? "classes" : "numbers to give", values ? "numbers" : "classes");
    if (values && hu_data_outputs(d) != c->vocabulary)
        return hu_fail(err, HU_ESHAPE, "data: %zu numbers to give; the model gives %zu", hu_data_outputs(d), c->vocabulary);
    if (!values && d->n_classes > most)
        return hu_fail(err, HU_ERANGE, "data: %zu classes; the model tells %zu apart", d->n_classes, most);
    return HU_OK;
}

hu_status hu_trainer_use(hu_trainer *t, const hu_data *d, hu_error *err)
{
    size_t rows = t->config.batch;
    hu_status status = hu_data_fits(d, t->model, err);
    if (!status && d->unlabeled)
        status = hu_fail(err, HU_EINVAL, "train: the data have no targets; give them with the features, or values");
    if (status)
        return status;
    t->features = hu_malloc(rows * hu_data_inputs(d) * sizeof *t->features);
    t->values = hu_malloc((rows * hu_data_outputs(d) + 1) * sizeof *t->values);
    t->classes = hu_malloc(rows * sizeof *t->classes);
    if (!t->features || !t->values || !t->classes)
        return hu_fail(err, HU_ENOMEM, "train: out of memory");
    t->data = d;
    return HU_OK;
}

hu_batch hu_trainer_batch(const hu_trainer *t)
{
    bool values = hu_data_outputs(t->data) > 0;
    hu_data_batch(t->data, t->config.seed, t->step, t->config.batch, t->features, t->classes, t->values);
    return (hu_batch){.rows = t->config.batch, .positions = 1, .features = t->features, .classes = values ? NULL : t->classes,
                      .values = values ? t->values : NULL};
}

/* How many of the rows have their class as the largest output (the only output: as its sign). */
static size_t count_right(const double *out, const int32_t *classes, size_t rows, size_t n)
{
    size_t right = 0;
    for (size_t i = 0; i < rows; i++) {
        size_t best = 0;
        for (size_t j = 1; j < n; j++)
            if (out[i * n + j] > out[i * n + best])
                best = j;
        right += n == 1 ? (out[i] > 0) == (classes[i] == 1) : (int32_t)best == classes[i];
    }
    return right;
}

hu_status hu_evaluate_data(hu_model *m, const hu_data *d, bool heldout, const hu_policy *policy, uint64_t step, double *loss,
                           double *accuracy, hu_error *err)
{
    size_t n = heldout ? d->n_heldout : d->n_train, outputs = m->config.vocabulary, right = 0;
    hu_status status = hu_data_fits(d, m, err);
    if (!status && d->unlabeled)
        status = hu_fail(err, HU_EINVAL, "evaluate: the data have no targets; give them with the features");
    if (status)
        return status;
    if (!n)
        return hu_fail(err, HU_EINVAL, "evaluate: the data have no %s part", heldout ? "held-out" : "training");
    bool values = hu_data_outputs(d) > 0;
    float *x = hu_malloc(ROWS * hu_data_inputs(d) * sizeof *x), *y = hu_malloc((ROWS * hu_data_outputs(d) + 1) * sizeof *y);
    double *out = hu_malloc(ROWS * outputs * sizeof *out), sum = 0;
    int32_t classes[ROWS];
    if (!x || !y || !out)
        status = hu_fail(err, HU_ENOMEM, "evaluate: out of memory");
    for (size_t i = 0; i < n && !status; i += ROWS) {
        size_t rows = n - i < ROWS ? n - i : ROWS;
        double some = 0;
        hu_data_part(d, heldout, i, rows, x, classes, y);
        hu_batch b = {.rows = rows, .positions = 1, .features = x, .classes = values ? NULL : classes, .values = values ? y : NULL,
                      .evaluation = true};
        status = hu_model_evaluate_f32(m, &b, policy, step, &some, out, err);
        sum += some * (double)rows;
        right += !status && !values ? count_right(out, classes, rows, outputs) : 0;
    }
    hu_free(x);
    hu_free(y);
    hu_free(out);
    if (!status) {
        *loss = sum / (double)n;
        *accuracy = values ? NAN : (double)right / (double)n;
    }
    return status;
}
