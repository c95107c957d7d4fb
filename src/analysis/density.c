/* density.c - the spectral density of a matrix by stochastic Lanczos quadrature. */
#include <math.h>
#include <string.h>

#include "src/analysis/lanczos.h"
#include "src/analysis/stats.h"
#include "src/analysis/vectors.h"
#include "src/base/memory.h"

hu_density_options hu_density_default(void)
{
    return (hu_density_options){.starts = 1, .steps = 100, .sigma = -1, .points = 1000, .seed = 1};
}

static hu_status check(size_t n, const hu_density_options *o, hu_error *err)
{
    if (n == 0 || o->starts == 0 || o->steps == 0 || o->points < 2 || !isfinite(o->sigma))
        return hu_fail(err, HU_EINVAL, "density: %zu starts, %zu steps, %zu points, sigma %g; it takes at least 1, 1, 2 and a number",
                       o->starts, o->steps, o->points, o->sigma);
    return HU_OK;
}

/* The logarithm of 4 exp((r - 1/r)^2 / (8 s^2)) r^-(2m - 1) / (r - 1) at r = exp(t). */
static double log_bound(double t, size_t m, double s)
{
    double r = exp(t), v = (r - 1 / r) / s;
    return log(4) + v * v / 8 - (double)(2 * m - 1) * t - log(expm1(t));
}

/* It falls and then rises with t: golden sections. */
double hu_quadrature_bound(size_t m, double length, double sigma)
{
    if (!(length > 0))
        return 0;
    const double golden = 0.6180339887498949;
    double s = 2 * sigma / length, low = 1e-12, high = 40;
    for (int i = 0; i < 200; i++) {
        double a = high - golden * (high - low), b = low + golden * (high - low);
        *(log_bound(a, m, s) < log_bound(b, m, s) ? &high : &low) = log_bound(a, m, s) < log_bound(b, m, s) ? b : a;
    }
    return fmin(1, exp(log_bound(low, m, s)));
}

/* The smallest sigma, to three digits, with a bound of at most 1 %. */
static double resolved(size_t m, double length)
{
    double low = log(length * 1e-6), high = log(length * 1e3);
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        *(hu_quadrature_bound(m, length, exp(middle)) <= 0.01 ? &high : &low) = middle;
    }
    return exp(high);
}

/* Nodes and weights of one start, and how far beyond them eigenvalues may lie. */
typedef struct rule {
    double *nodes, *weights, *y;
    double  low, high, asymmetry;
    bool    closed;
} rule;

static hu_status make_rule(rule *r, double *signs, size_t steps, uint64_t stream, size_t n, hu_operator *a, void *context,
                           const hu_density_options *o, hu_error *err)
{
    hu_lanczos l;
    hu_draw_signs(signs, n, o->seed, stream);
    hu_status status = hu_lanczos_init(&l, n, steps, signs, o->seed, err);
    if (status)
        return status;
    status = hu_lanczos_run(&l, steps, a, context, err);
    if (!status)
        status = hu_lanczos_ritz(&l, r->nodes, r->y, err);
    for (size_t i = 0; i < steps && !status; i++)
        r->weights[i] = r->y[i] * r->y[i];            /* the first row: components along the start */
    if (!status) {
        const double *last = r->y + (steps - 1) * steps;
        r->low = fmin(r->low, r->nodes[0] - fabs(l.beta[steps - 1] * last[0]));
        r->high = fmax(r->high, r->nodes[steps - 1] + fabs(l.beta[steps - 1] * last[steps - 1]));
        r->asymmetry = fmax(r->asymmetry, l.asymmetry);
        r->closed = l.restarts > 0 || l.beta[steps - 1] == 0;
    }
    hu_lanczos_clear(&l);
    return status;
}

static void make_grid(double *grid, const hu_density *d, bool pyhessian, size_t points)
{
    double margin = pyhessian ? 0.01 : 4 * d->sigma;
    double low = d->low - margin, step = (d->high - d->low + 2 * margin) / (double)(points - 1);
    for (size_t i = 0; i < points; i++)
        grid[i] = low + step * (double)i;
}

/* Of one start, at every point. */
static void smooth(double *out, const double *grid, size_t points, const double *nodes, const double *weights, size_t m,
                   double sigma)
{
    for (size_t i = 0; i < points; i++) {
        out[i] = 0;
        for (size_t k = 0; k < m; k++) {
            double z = (grid[i] - nodes[k]) / sigma;
            out[i] += weights[k] * exp(-z * z / 2) / (sqrt(2 * M_PI) * sigma);
        }
    }
}

/* Mean and standard error over the starts, point by point. each [starts][points]; column has room for the starts. */
static void average(double *density, double *error, const double *each, double *column, size_t starts, size_t points)
{
    for (size_t i = 0; i < points; i++) {
        for (size_t s = 0; s < starts; s++)
            column[s] = each[s * points + i];
        density[i] = hu_mean(column, starts);
        error[i] = starts < 2 ? NAN : hu_sd(column, starts) / sqrt((double)starts);
    }
}

static void normalize(double *density, double *error, const double *grid, size_t points)
{
    double sum = 0;
    for (size_t i = 0; i < points; i++)
        sum += density[i] * (grid[1] - grid[0]);
    hu_scale(density, 1 / sum, points);
    hu_scale(error, 1 / sum, points);
}

/* What the parts are kept in: [starts][steps] twice, [steps][steps], [starts][points], [n], [starts]. */
typedef struct room {
    double *nodes, *weights, *y, *each, *signs, *column;
} room;

static hu_status take_room(room *r, size_t n, size_t steps, const hu_density_options *o, hu_error *err)
{
    *r = (room){hu_calloc(o->starts, steps * sizeof(double)), hu_calloc(o->starts, steps * sizeof(double)),
                hu_calloc(steps, steps * sizeof(double)),     hu_calloc(o->starts, o->points * sizeof(double)),
                hu_calloc(n, sizeof(double)),                 hu_calloc(o->starts, sizeof(double))};
    bool all = r->nodes && r->weights && r->y && r->each && r->signs && r->column;
    return all ? HU_OK : hu_fail(err, HU_ENOMEM, "density: no memory for %zu starts of %zu steps", o->starts, steps);
}

static void free_room(room *r)
{
    double *all[] = {r->nodes, r->weights, r->y, r->each, r->signs, r->column};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        hu_free(all[i]);
}

/* All starts: nodes, weights, and the ends of the spectrum with their residuals -> *length. closed: how many were. */
static hu_status make_rules(room *w, hu_density *d, double *length, size_t *closed, size_t n, hu_operator *a, void *context,
                            const hu_density_options *o, hu_error *err)
{
    rule r = {.y = w->y, .low = INFINITY, .high = -INFINITY};
    *d = (hu_density){.low = INFINITY, .high = -INFINITY, .steps = o->steps < n ? o->steps : n};
    *closed = 0;
    for (size_t s = 0; s < o->starts; s++) {
        r.nodes = w->nodes + s * d->steps, r.weights = w->weights + s * d->steps;
        hu_status status = make_rule(&r, w->signs, d->steps, s, n, a, context, o, err);
        if (status)
            return status;
        d->low = fmin(d->low, r.nodes[0]), d->high = fmax(d->high, r.nodes[d->steps - 1]);
        d->products += d->steps;
        *closed += r.closed;
    }
    d->asymmetry = r.asymmetry;
    *length = r.high - r.low;
    return HU_OK;
}

hu_status hu_spectral_density(hu_density *out, double *nodes, double *weights, double *grid, double *density, double *error,
                              size_t n, hu_operator *a, void *context, const hu_density_options *o, hu_error *err)
{
    hu_status status = check(n, o, err);
    if (status)
        return status;
    size_t steps = o->steps < n ? o->steps : n, closed = 0;
    room w;
    double length = 0;
    status = take_room(&w, n, steps, o, err);
    if (!status)
        status = make_rules(&w, out, &length, &closed, n, a, context, o, err);
    if (!status) {
        double range = out->high - out->low, size = fmax(fabs(out->low), fabs(out->high)), least = size > 0 ? 1e-12 * size : 1;
        double chosen = o->sigma < 0 ? resolved(steps, fmax(length, least)) : sqrt(1e-5 * fmax(1, range));
        out->sigma = o->sigma > 0 ? o->sigma : chosen;
        out->bound = hu_quadrature_bound(steps, length, out->sigma) / (sqrt(2 * M_PI) * out->sigma)
                     * (double)(o->starts - closed) / (double)o->starts;
        make_grid(grid, out, o->sigma == 0, o->points);
        for (size_t s = 0; s < o->starts; s++)
            smooth(w.each + s * o->points, grid, o->points, w.nodes + s * steps, w.weights + s * steps, steps, out->sigma);
        average(density, error, w.each, w.column, o->starts, o->points);
        if (o->sigma == 0)
            normalize(density, error, grid, o->points);
        if (nodes)
            memcpy(nodes, w.nodes, o->starts * steps * sizeof *nodes);
        if (weights)
            memcpy(weights, w.weights, o->starts * steps * sizeof *weights);
    }
    free_room(&w);
    return status;
}
