/* trace.c - the trace of a matrix that is known by its products: Hutchinson's estimate and Hutch++. */
#include <math.h>
#include <string.h>

#include "src/analysis/lanczos.h"
#include "src/analysis/stats.h"
#include "src/analysis/vectors.h"
#include "src/base/memory.h"

static hu_status check(size_t n, const hu_trace_options *o, size_t least, hu_error *err)
{
    if (n == 0 || o->samples < least)
        return hu_fail(err, HU_EINVAL, "trace: %zu samples in %zu dimensions; it takes at least %zu", o->samples, n, least);
    if (!(o->tolerance >= 0))
        return hu_fail(err, HU_EINVAL, "trace: the tolerance is %g; it takes a number that is not negative", o->tolerance);
    return HU_OK;
}

static double standard_error(const double *x, size_t n)
{
    return n < 2 ? NAN : hu_sd(x, n) / sqrt((double)n);
}

/* v . A v for `samples` vectors of signs, less their parts along the k rows of q; each from stream first + s. */
static hu_status sample(double *each, size_t *samples, size_t first, const double *q, size_t k, double *v, size_t n,
                        hu_operator *a, void *context, const hu_trace_options *o, hu_error *err)
{
    double *av = v + n, sum = 0;
    for (size_t s = 0; s < *samples; s++) {
        hu_draw_signs(v, n, o->seed, first + s);
        if (k)
            hu_take_off(v, q, k, n, NULL);
        hu_status status = a(context, v, av, n, err);
        if (status)
            return status;
        each[s] = hu_dot(v, av, n);
        double before = s ? sum / (double)s : 0;
        sum += each[s];
        double change = fabs(sum / (double)(s + 1) - before);
        if (s && o->tolerance > 0 && change < o->tolerance * (fabs(before) + 1e-6))   /* PyHessian's rule */
            *samples = s + 1;
    }
    return HU_OK;
}

hu_status hu_trace_hutchinson(hu_trace *out, size_t n, hu_operator *a, void *context, const hu_trace_options *o, hu_error *err)
{
    hu_status status = check(n, o, 1, err);
    if (status)
        return status;
    double *each = hu_calloc(o->samples, sizeof *each), *v = hu_calloc(2, n * sizeof *v);
    size_t samples = o->samples;
    status = each && v ? sample(each, &samples, 0, NULL, 0, v, n, a, context, o, err)
                       : hu_fail(err, HU_ENOMEM, "trace: no memory for vectors of %zu", n);
    if (!status)
        *out = (hu_trace){hu_mean(each, samples), standard_error(each, samples), samples, samples};
    hu_free(each);
    hu_free(v);
    return status;
}

/* Rows of q: an orthonormal basis of the products of A with `wanted` vectors of signs; how many there are. */
static hu_status find_range(double *q, size_t *rows, size_t wanted, double *v, size_t n, hu_operator *a, void *context,
                            const hu_trace_options *o, hu_error *err)
{
    *rows = 0;
    for (size_t s = 0; s < wanted; s++) {
        double *row = q + *rows * n;
        hu_draw_signs(v, n, o->seed, s);
        hu_status status = a(context, v, row, n, err);
        if (status)
            return status;
        double before = sqrt(hu_dot(row, row, n)), left = hu_take_off(row, q, *rows, n, NULL);
        if (left > 1e-10 * before) {
            hu_scale(row, 1 / left, n);
            ++*rows;
        }
    }
    return HU_OK;
}

hu_status hu_trace_hutch(hu_trace *out, size_t n, hu_operator *a, void *context, const hu_trace_options *o, hu_error *err)
{
    hu_status status = check(n, o, 3, err);
    if (status)
        return status;
    size_t third = o->samples / 3, wanted = third < n ? third : n, rest = o->samples - 2 * wanted, rows = 0;
    hu_trace_options all = *o;
    all.tolerance = 0;
    double *q = hu_calloc(wanted, n * sizeof *q), *v = hu_calloc(2, n * sizeof *v), *each = hu_calloc(rest, sizeof *each);
    if (!q || !v || !each)
        status = hu_fail(err, HU_ENOMEM, "trace: no memory for %zu vectors of %zu", wanted, n);
    if (!status)
        status = find_range(q, &rows, wanted, v, n, a, context, o, err);
    double within = 0;
    for (size_t i = 0; i < rows && !status; i++) {
        status = a(context, q + i * n, v, n, err);
        within += status ? 0 : hu_dot(q + i * n, v, n);
    }
    if (rows == n)
        rest = 0;
    if (!status)
        status = sample(each, &rest, wanted, q, rows, v, n, a, context, &all, err);
    if (!status)
        *out = (hu_trace){within + (rest ? hu_mean(each, rest) : 0), rest ? standard_error(each, rest) : 0, rest,
                          wanted + rows + rest};
    hu_free(q);
    hu_free(v);
    hu_free(each);
    return status;
}
