/* sharpness-logits.c - how much cross-entropy can rise when every logit may move a little.
 *
 * With d_i = y_i - y_t the loss is log1p(sum_{i != t} exp(d_i)), and moving y by z raises it by
 *     log1p(sum_{i != t} q_i expm1(z_i - z_t) / (exp(-m) + sum_{i != t} q_i)),   q_i = exp(d_i - m),
 * with m the larger of 0 and the largest d_i, which keeps the exponentials in range.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "src/analysis/sharpness.h"
#include "src/base/memory.h"

/* One row of logits and what does not depend on z. */
typedef struct row {
    const double *y;
    size_t n, target;
    double top;          /* m                                   */
    double total;        /* exp(-m) + sum_{i != t} q_i          */
    double loss;
} row;

/* Kahan's sum: the number of terms is the size of a vocabulary. */
typedef struct accumulator {
    double sum, lost;
} accumulator;

static void add(accumulator *a, double x)
{
    double y = x - a->lost, t = a->sum + y;
    a->lost = (t - a->sum) - y;
    a->sum = t;
}

static bool all_finite(const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(y[i]))
            return false;
    return true;
}

static row make_row(const double *y, size_t n, size_t target)
{
    row r = { .y = y, .n = n, .target = target };
    for (size_t i = 0; i < n; i++)
        r.top = fmax(r.top, y[i] - y[target]);
    accumulator others = { 0, 0 };
    for (size_t i = 0; i < n; i++)
        if (i != target)
            add(&others, exp(y[i] - y[target] - r.top));
    r.total = exp(-r.top) + others.sum;
    r.loss = r.top > 0 ? r.top + log(r.total) : log1p(others.sum);
    return r;
}

/* The half-width of the box at logit i. */
static double width(const row *r, size_t i, double eps)
{
    return eps * (fabs(r->y[i]) + 1);
}

/* q e^-shift expm1(w), for q = exp(d): for small w without cancellation, for large w without overflow. */
static double raised(double d, double w, double shift)
{
    return fabs(w) <= 1 ? exp(d - shift) * expm1(w) : exp(d + w - shift) - exp(d - shift);
}

/* log1p of a sum that was made with all its terms scaled by exp(-shift). */
static double log1p_scaled(double sum, double total, double shift)
{
    return shift > 0 ? shift + log(exp(-shift) + sum / total) : log1p(sum / total);
}

/* How far the loss of the row is raised at the vertex of its box. */
static double vertex_increase(const row *r, double eps)
{
    double target = width(r, r->target, eps), highest = 0;
    for (size_t i = 0; i < r->n; i++)
        if (i != r->target)
            highest = fmax(highest, r->y[i] - r->y[r->target] - r->top + width(r, i, eps) + target);
    double shift = highest > 500 ? highest : 0;
    accumulator sum = { 0, 0 };
    for (size_t i = 0; i < r->n; i++)
        if (i != r->target)
            add(&sum, raised(r->y[i] - r->y[r->target] - r->top, width(r, i, eps) + target, shift));
    return log1p_scaled(sum.sum, r->total, shift);
}

/* The function that HU_LBFGSB minimizes: minus the increase at z, with its gradient 1[i = t] - softmax(y + z). */
static hu_status negative_increase(void *context, const double *z, size_t n, double *value, double *gradient,
                                   hu_error *err)
{
    const row *r = context;
    (void)err;
    double highest = 0;
    for (size_t i = 0; i < n; i++)
        highest = fmax(highest, r->y[i] - r->y[r->target] - r->top + z[i] - z[r->target]);
    double shift = highest > 500 ? highest : 0;
    accumulator sum = { 0, 0 }, others = { 0, 0 };
    for (size_t i = 0; i < n; i++) {
        double d = r->y[i] - r->y[r->target] - r->top, w = z[i] - z[r->target];
        gradient[i] = i == r->target ? 0 : exp(d + w - shift);
        if (i == r->target)
            continue;
        add(&sum, raised(d, w, shift));
        add(&others, gradient[i]);
    }
    double total = exp(-r->top - shift) + others.sum;
    for (size_t i = 0; i < n; i++)
        gradient[i] = i == r->target ? others.sum / total : -gradient[i] / total;
    *value = -log1p_scaled(sum.sum, r->total, shift);
    return HU_OK;
}

static hu_status search_row(const row *r, double eps, double *work, double *increase, hu_sharpness *out, hu_error *err)
{
    double *z = work, *lower = work + r->n, *upper = work + 2 * r->n;
    for (size_t i = 0; i < r->n; i++) {
        z[i] = 0;
        upper[i] = width(r, i, eps);
        lower[i] = -upper[i];
    }
    hu_lbfgsb_options options = { .pairs = 10, .max_iterations = 100, .gradient_tolerance = 0,
                                  .decrease_tolerance = 1e-15 };
    hu_lbfgsb_result  result;
    hu_status status = hu_lbfgsb_minimize(z, lower, upper, r->n, negative_increase, (void *)r, &options, &result, err);
    if (status != HU_OK)
        return status;
    *increase = -result.value;
    out->iterations = result.iterations > out->iterations ? result.iterations : out->iterations;
    out->evaluations += result.evaluations;
    return HU_OK;
}

static hu_status check(const size_t *targets, size_t batch, size_t vocabulary, double eps, hu_error *err)
{
    if (!(eps > 0) || !isfinite(eps))
        return hu_fail(err, HU_EINVAL, "sharpness: eps is %g; it takes a positive number such as 1e-3", eps);
    if (batch == 0 || vocabulary == 0)
        return hu_fail(err, HU_EINVAL, "sharpness: logits are %zu by %zu; it takes at least one row and one column",
                       batch, vocabulary);
    for (size_t b = 0; b < batch; b++)
        if (targets[b] >= vocabulary)
            return hu_fail(err, HU_ERANGE, "sharpness: target %zu of row %zu is past the last of %zu logits",
                           targets[b], b, vocabulary);
    return HU_OK;
}

/* Sums loss and increase over the rows; NaN as soon as one of them has a logit that is not finite. */
static hu_status sum_rows(hu_sharpness *s, const double *logits, const size_t *targets, size_t batch, size_t vocabulary,
                          double eps, double *work, hu_error *err)
{
    for (size_t b = 0; b < batch; b++) {
        const double *y = logits + b * vocabulary;
        if (!all_finite(y, vocabulary)) {
            s->loss = s->increase = NAN;
            return HU_OK;
        }
        row r = make_row(y, vocabulary, targets[b]);
        double increase = 0;
        hu_status status = HU_OK;
        if (work)
            status = search_row(&r, eps, work, &increase, s, err);
        else
            increase = vertex_increase(&r, eps);
        if (status != HU_OK)
            return status;
        s->loss += r.loss;
        s->increase += increase;
    }
    return HU_OK;
}

hu_status hu_sharpness_logits(hu_sharpness *out, const double *logits, const size_t *targets, size_t batch,
                              size_t vocabulary, double eps, hu_maximizer how, hu_error *err)
{
    hu_status status = check(targets, batch, vocabulary, eps, err);
    if (status != HU_OK)
        return status;
    double *work = NULL;
    if (how == HU_LBFGSB && !(work = hu_calloc(vocabulary, 3 * sizeof *work)))
        return hu_fail(err, HU_ENOMEM, "sharpness: no memory for %zu logits", vocabulary);
    hu_sharpness s = { .iterations = 0 };
    status = sum_rows(&s, logits, targets, batch, vocabulary, eps, work, err);
    hu_free(work);
    if (status != HU_OK)
        return status;
    s.loss /= (double)batch;
    s.increase /= (double)batch;
    s.phi = 100 * s.increase / (1 + s.loss);
    *out = s;
    return HU_OK;
}
