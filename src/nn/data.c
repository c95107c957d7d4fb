/* data.c - examples with classes or values: their memory, their batches, noise to be taken off. */
#include "src/nn/data.h"

#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/random.h"

hu_status hu_data_init(hu_data *d, size_t n, size_t n_features, size_t n_classes, size_t n_values, hu_error *err)
{
    size_t all, wanted;
    *d = (hu_data){.n_train = n, .n_features = n_features, .n_classes = n_classes, .n_values = n_values, .bayes_error = NAN};
    if (__builtin_mul_overflow(n, n_features + n_values + 1, &all) || __builtin_mul_overflow(all, sizeof(float), &wanted) ||
        wanted > hu_memory_available())
        return hu_fail(err, HU_ENOMEM, "data: %zu examples of %zu numbers are more than the memory that is left holds", n,
                       n_features + n_values);
    d->features = hu_calloc(n * n_features + 1, sizeof *d->features);
    if (n_classes)
        d->classes = hu_calloc(n + 1, sizeof *d->classes);
    else
        d->values = hu_calloc(n * n_values + 1, sizeof *d->values);
    if (d->features && (d->classes || d->values))
        return HU_OK;
    hu_data_clear(d);
    return hu_fail(err, HU_ENOMEM, "data: out of memory");
}

void hu_data_clear(hu_data *d)
{
    hu_free(d->features);
    hu_free(d->classes);
    hu_free(d->values);
    hu_free(d->kept);
    *d = (hu_data){0};
}

static hu_status check_finite(const float *x, size_t rows, size_t cols, const char *what, hu_error *err)
{
    for (size_t i = 0; i < rows * cols; i++)
        if (!isfinite(x[i]))
            return hu_fail(err, HU_ERANGE, "data: %s %zu of example %zu is %s; they have to be finite", what, i % cols + 1,
                           i / cols + 1, isnan(x[i]) ? "NaN" : x[i] > 0 ? "inf" : "-inf");
    return HU_OK;
}

hu_status hu_data_split(hu_data *d, double heldout, hu_error *err)
{
    size_t n = d->n_train + d->n_heldout;
    if (!(heldout >= 0 && heldout < 1))
        return hu_fail(err, HU_ERANGE, "data: heldout is %g; it takes a number from 0 to below 1", heldout);
    size_t held = (size_t)ceil(heldout * (double)n);
    if (n == 0 || held >= n)
        return hu_fail(err, HU_EINVAL, "data: of %zu examples, %zu would be held out and none is left to train on", n, held);
    hu_status status = check_finite(d->features, n, d->n_features, "number", err);
    if (!status && d->values)
        status = check_finite(d->values, n, d->n_values, "value", err);
    for (size_t i = 0; !status && d->classes && i < n; i++)
        if (d->classes[i] < 0 || (size_t)d->classes[i] >= d->n_classes)
            status = hu_fail(err, HU_ERANGE, "data: the class of example %zu is %d; classes are 0 to %zu", i + 1, (int)d->classes[i],
                             d->n_classes - 1);
    d->n_heldout = held;
    d->n_train = n - held;
    return status;
}

size_t hu_data_inputs(const hu_data *d)  { return d->n_features + (d->noise_steps ? 1 : 0); }
size_t hu_data_outputs(const hu_data *d) { return d->noise_steps ? d->n_features : d->n_values; }

/* Example i with noise of (seed, stream): its time in the last column. */
static void noisy(const hu_data *d, size_t i, uint64_t seed, uint64_t stream, float *features, float *values)
{
    size_t n = d->n_features, t = (size_t)(hu_random_uniform_at(seed, stream, 0) * (double)d->noise_steps);
    double left = sqrt(d->kept[t]), noise = sqrt(1 - d->kept[t]);
    for (size_t j = 0; j < n; j++) {
        double e = hu_random_normal_at(seed, stream, 1 + j);
        values[j] = (float)e;
        features[j] = (float)(left * (double)d->features[i * n + j] + noise * e);
    }
    features[n] = (float)t;
}

static void one(const hu_data *d, size_t i, size_t row, uint64_t seed, uint64_t stream, float *features, int32_t *classes,
                float *values)
{
    if (d->noise_steps) {
        noisy(d, i, seed, stream, features + row * (d->n_features + 1), values + row * d->n_features);
        return;
    }
    memcpy(features + row * d->n_features, d->features + i * d->n_features, d->n_features * sizeof *features);
    if (d->classes)
        classes[row] = d->classes[i];
    else
        memcpy(values + row * d->n_values, d->values + i * d->n_values, d->n_values * sizeof *values);
}

/* Streams of random words: one for the rows of a step, and one for the noise of each row of it. */
static uint64_t stream_of(uint64_t step, size_t row)
{
    return (uint64_t)0xda7a << 48 | (step << 17) | row;
}

void hu_data_batch(const hu_data *d, uint64_t seed, uint64_t step, size_t rows, float *features, int32_t *classes, float *values)
{
    for (size_t row = 0; row < rows; row++) {
        uint64_t word = hu_random_at(seed, stream_of(step, 0), row);
        size_t i = (size_t)(((unsigned __int128)word * d->n_train) >> 64);
        one(d, i, row, seed, stream_of(step, row + 1), features, classes, values);
    }
}

void hu_data_part(const hu_data *d, bool heldout, size_t first, size_t rows, float *features, int32_t *classes, float *values)
{
    for (size_t row = 0; row < rows; row++) {
        size_t i = first + row + (heldout ? d->n_train : 0);
        one(d, i, row, 0, stream_of((uint64_t)1 << 30 | i >> 16, i & 0xffff), features, classes, values);
    }
}

hu_status hu_data_denoise(hu_data *out, const hu_data *d, size_t steps, hu_error *err)
{
    if (steps < 2 || steps > 65536)
        return hu_fail(err, HU_ERANGE, "data: %zu steps of noise; it takes 2 to 65536", steps);
    hu_status status = hu_data_init(out, d->n_train + d->n_heldout, d->n_features, 0, 0, err);
    double left = 1;
    if (status)
        return status;
    out->kept = hu_malloc(steps * sizeof *out->kept);
    if (!out->kept) {
        hu_data_clear(out);
        return hu_fail(err, HU_ENOMEM, "data: out of memory");
    }
    memcpy(out->features, d->features, (d->n_train + d->n_heldout) * d->n_features * sizeof *d->features);
    out->n_train = d->n_train, out->n_heldout = d->n_heldout, out->noise_steps = steps;
    for (size_t t = 0; t < steps; t++) {
        double b = (1e-4 + (0.02 - 1e-4) * (double)t / (double)(steps - 1)) * 1000 / (double)steps;
        out->kept[t] = left *= 1 - (b < 0.999 ? b : 0.999);
    }
    return HU_OK;
}
