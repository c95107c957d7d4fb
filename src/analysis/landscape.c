/* landscape.c - the loss of a model along one or two directions through its weights. */
#include "src/analysis/landscape.h"

#include <math.h>

#include "src/analysis/vectors.h"
#include "src/base/memory.h"

static double weight(const hu_model *m, const double *weights, size_t i)
{
    return weights ? weights[i] : (double)m->weights[i];
}

void hu_filter_normalize(const hu_model *m, const double *weights, double *d)
{
    for (size_t k = 0; k < m->n_parameters; k++) {
        const hu_parameter *p = &m->parameters[k];
        for (size_t r = 0; r < p->rows; r++) {
            double *row = d + p->first + r * p->cols, square = 0;
            for (size_t i = 0; i < p->cols; i++) {
                double w = weight(m, weights, p->first + r * p->cols + i);
                square += w * w;
            }
            hu_scale(row, p->decays ? sqrt(square) / (sqrt(hu_dot(row, row, p->cols)) + 1e-10) : 0, p->cols);
        }
    }
}

static hu_status mean_loss(double *out, hu_model *m, const hu_view *view, const double *at, hu_error *err)
{
    double sum = 0, targets = 0;
    for (size_t k = 0; k < view->n_batches; k++) {
        double loss, share = (double)view->batches[k].rows * (double)view->batches[k].positions;
        hu_status status = hu_model_loss_f64(m, at, &view->batches[k], view->policy, view->step, &loss, NULL, err);
        if (status)
            return status;
        sum += share * loss, targets += share;
    }
    *out = sum / targets;
    return HU_OK;
}

hu_status hu_landscape(double *out, hu_model *m, const hu_view *view, const double *x, const double *a, size_t n_a,
                       const double *y, const double *b, size_t n_b, hu_error *err)
{
    double *at = hu_calloc(m->n_weights, sizeof *at);
    if (!at)
        return hu_fail(err, HU_ENOMEM, "landscape: no memory for %zu weights", m->n_weights);
    hu_status status = HU_OK;
    for (size_t i = 0; i < n_a; i++)
        for (size_t j = 0; j < (y ? n_b : 1) && !status; j++) {
            for (size_t k = 0; k < m->n_weights; k++)
                at[k] = weight(m, view->weights, k) + a[i] * x[k] + (y ? b[j] * y[k] : 0);
            status = mean_loss(&out[i * (y ? n_b : 1) + j], m, view, at, err);
        }
    hu_free(at);
    return status;
}
