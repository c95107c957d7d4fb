/* hessian.c - the Hessian of a model's loss as something that vectors are multiplied by. */
#include "src/nn/hessian.h"

#include <math.h>
#include <string.h>

#include "src/base/memory.h"

#include "src/nn/real-f32.h"
#include "src/nn/hessian.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/hessian.body.h"

/* How many targets each batch has, as a part of all. */
static hu_status set_shares(hu_hessian *h, const hu_batch *batches, hu_error *err)
{
    double all = 0;
    for (size_t b = 0; b < h->n_batches; b++)
        all += h->share[b] = (double)batches[b].rows * (double)batches[b].positions;
    if (!(all > 0))
        return hu_fail(err, HU_EINVAL, "hessian: the batches have no rows");
    for (size_t b = 0; b < h->n_batches; b++)
        h->share[b] /= all;
    return HU_OK;
}

static void choose(hu_hessian *h, const bool *moves)
{
    for (size_t k = 0; k < h->model->n_parameters; k++) {
        h->moves[k] = !moves || moves[k];
        h->n += h->moves[k] ? h->model->parameters[k].rows * h->model->parameters[k].cols : 0;
    }
}

static hu_status take_memory(hu_hessian *h, hu_error *err)
{
    size_t carrier = h->in_double ? sizeof(double) : sizeof(float);
    size_t pass = h->in_double ? sizeof(recorded_f64) : sizeof(recorded_f32);
    h->gradient = hu_calloc(h->n, sizeof *h->gradient);
    h->passes = hu_calloc(h->n_batches, pass);
    h->weights = hu_aligned(h->model->n_weights, carrier);
    h->direction = hu_aligned(h->model->n_weights, carrier);
    h->product = hu_aligned(h->model->n_weights, carrier);
    bool all = h->gradient && h->passes && h->weights && h->direction && h->product;
    return all ? HU_OK : hu_fail(err, HU_ENOMEM, "hessian: no memory for %zu weights", h->model->n_weights);
}

static hu_status set_up(hu_hessian *h, const hu_batch *batches, const hu_hessian_options *o, hu_error *err)
{
    h->share = hu_calloc(h->n_batches, sizeof *h->share);
    h->moves = hu_calloc(h->model->n_parameters, sizeof *h->moves);
    if (!h->share || !h->moves)
        return hu_fail(err, HU_ENOMEM, "hessian: out of memory");
    choose(h, o->moves);
    if (h->n == 0)
        return hu_fail(err, HU_EINVAL, "hessian: no parameter moves");
    hu_status status = set_shares(h, batches, err);
    if (!status)
        status = take_memory(h, err);
    if (status)
        return status;
    return (h->in_double ? record_all_f64 : record_all_f32)(h, batches, o, err);
}

hu_status hu_hessian_init(hu_hessian *h, hu_model *model, const hu_batch *batches, size_t n_batches,
                          const hu_hessian_options *options, hu_error *err)
{
    *h = (hu_hessian){.model = model, .n_batches = n_batches, .in_double = options->in_double,
                      .rounds_tangents = options->rounds_tangents};
    hu_status status = n_batches ? set_up(h, batches, options, err) : hu_fail(err, HU_EINVAL, "hessian: there is no batch");
    if (status)
        hu_hessian_clear(h);
    return status;
}

void hu_hessian_clear(hu_hessian *h)
{
    (h->in_double ? clear_passes_f64 : clear_passes_f32)(h);
    hu_free(h->gradient);
    hu_free(h->share);
    hu_free(h->moves);
    hu_free(h->passes);
    hu_free(h->weights);
    hu_free(h->direction);
    hu_free(h->product);
    *h = (hu_hessian){0};
}

/* The power of two that brings the largest magnitude into [1, 2). */
static double scale_of(const double *v, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(v[i]));
    return most > 0 && isfinite(most) ? ldexp(1, -ilogb(most)) : 1;
}

hu_status hu_hessian_product(hu_hessian *h, const double *v, double *out, hu_error *err)
{
    double scale = h->rounds_tangents ? scale_of(v, h->n) : 1;
    int threads = hu_threads_set(h->model->tape_f32.threads);
    hu_status status = (h->in_double ? multiply_f64 : multiply_f32)(h, v, scale, out, err);
    hu_threads_set(threads);
    h->products++;
    return status;
}

hu_status hu_hessian_apply(void *hessian, const double *v, double *out, size_t n, hu_error *err)
{
    hu_hessian *h = hessian;
    if (n != h->n)
        return hu_fail(err, HU_ESHAPE, "hessian: a vector of %zu, but %zu weights move", n, h->n);
    return hu_hessian_product(h, v, out, err);
}
