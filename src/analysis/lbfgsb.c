/* lbfgsb.c - projected limited-memory BFGS with Armijo backtracking. */
#include "src/analysis/lbfgsb.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "src/base/memory.h"

static const double armijo = 1e-4;          /* Nocedal and Wright, section 3.1                             */
static const double curvature = 1e-10;      /* a pair counts when s'y > this * |s| |y|                     */
static const double reach = 1e-3;           /* first trial: components of this share of the largest reach their bound    */
static const double past = 1 + 0x1p-48;     /* so that a bound is met in spite of rounding, and not almost               */
static const int    max_backtracks = 20;

/* All that a search carries along. Pair k of the ring is s[k*n ..], y[k*n ..]; `newest` is the last written. */
typedef struct search {
    size_t n;
    const double *lower, *upper;
    double *x, *g;                          /* the current point and its gradient           */
    double *trial, *trial_g, *d;
    double *s, *y, *alpha;                  /* [pairs][n], [pairs][n], [pairs]               */
    int     pairs, used, newest;
    hu_objective *f;
    void   *context;
    double  value;
    int     evaluations;
} search;

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* A variable at a bound whose gradient pushes outward is held; the others are free. */
static bool is_free(const search *w, size_t i)
{
    return !((w->x[i] <= w->lower[i] && w->g[i] >= 0) || (w->x[i] >= w->upper[i] && w->g[i] <= 0));
}

static double dot_free(const search *w, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < w->n; i++)
        if (is_free(w, i))
            sum += a[i] * b[i];
    return sum;
}

/* The largest component of P(x - g) - x, where P projects on the box. */
static double projected_gradient(const search *w)
{
    double most = 0;
    for (size_t i = 0; i < w->n; i++)
        most = fmax(most, fabs(clamp(w->x[i] - w->g[i], w->lower[i], w->upper[i]) - w->x[i]));
    return most;
}

static int pair_at(const search *w, int age)    /* age 0: the newest */
{
    return (w->newest - age + w->pairs) % w->pairs;
}

/* Two loops of algorithm 7.4 on the free variables: d = -H g there, 0 elsewhere. Pairs that have no positive
 * curvature within the free variables are passed over. False when no pair could be used. */
static bool quasi_newton(search *w)
{
    double *d = w->d;
    double  gamma = 0;
    for (size_t i = 0; i < w->n; i++)
        d[i] = is_free(w, i) ? -w->g[i] : 0;
    for (int age = 0; age < w->used; age++) {
        int k = pair_at(w, age);
        const double *s = w->s + (size_t)k * w->n, *y = w->y + (size_t)k * w->n;
        double sy = dot_free(w, s, y), yy = dot_free(w, y, y);
        w->alpha[k] = NAN;
        if (!(sy > curvature * sqrt(dot_free(w, s, s) * yy)))
            continue;
        if (gamma == 0)
            gamma = sy / yy;
        w->alpha[k] = dot_free(w, s, d) / sy;
        for (size_t i = 0; i < w->n; i++)
            if (is_free(w, i))
                d[i] -= w->alpha[k] * y[i];
    }
    if (gamma == 0)
        return false;
    for (size_t i = 0; i < w->n; i++)
        d[i] *= gamma;
    for (int age = w->used - 1; age >= 0; age--) {
        int k = pair_at(w, age);
        const double *s = w->s + (size_t)k * w->n, *y = w->y + (size_t)k * w->n;
        if (isnan(w->alpha[k]))
            continue;
        double beta = dot_free(w, y, d) / dot_free(w, s, y);
        for (size_t i = 0; i < w->n; i++)
            if (is_free(w, i))
                d[i] += (w->alpha[k] - beta) * s[i];
    }
    return dot_free(w, w->g, d) < 0;
}

/* d = -g on the free variables; returns the first step to try: far enough for every component that matters to reach
 * its bound, or a length of one where there is no bound to reach. */
static double steepest(search *w)
{
    double most = 0, step = 0, length = 0;
    for (size_t i = 0; i < w->n; i++) {
        w->d[i] = is_free(w, i) ? -w->g[i] : 0;
        most = fmax(most, fabs(w->d[i]));
        length += fabs(w->d[i]);
    }
    for (size_t i = 0; i < w->n; i++) {
        double room = w->d[i] > 0 ? w->upper[i] - w->x[i] : w->x[i] - w->lower[i];
        if (fabs(w->d[i]) < reach * most || w->d[i] == 0)
            continue;
        step = fmax(step, room / fabs(w->d[i]));
    }
    return isfinite(step) ? step * past : 1 / length;
}

static hu_status evaluate(search *w, const double *x, double *value, double *gradient, hu_error *err)
{
    w->evaluations++;
    return w->f(w->context, x, w->n, value, gradient, err);
}

static bool all_finite(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* Cuts the step back along the projected direction until Armijo's condition holds. *found: whether it did; then the new
 * point is in trial, its gradient in trial_g and its value in *value. */
static hu_status line_search(search *w, double step, bool *found, double *value, hu_error *err)
{
    *found = false;
    for (int i = 0; i < max_backtracks; i++) {
        double slope = 0;
        for (size_t j = 0; j < w->n; j++) {
            w->trial[j] = clamp(w->x[j] + step * w->d[j], w->lower[j], w->upper[j]);
            slope += w->g[j] * (w->trial[j] - w->x[j]);
        }
        if (!(slope < 0))           /* the step has vanished, or the projection has turned it uphill */
            return HU_OK;
        hu_status status = evaluate(w, w->trial, value, w->trial_g, err);
        if (status != HU_OK)
            return status;
        double gain = *value - w->value;
        if (isfinite(*value) && gain <= armijo * slope && all_finite(w->trial_g, w->n)) {
            *found = true;
            return HU_OK;
        }
        /* The minimum of the parabola through value, slope and the trial value, kept within a tenth and a half. */
        double cut = isfinite(gain) ? -slope / (2 * (gain - slope)) : 0.1;
        step *= clamp(cut, 0.1, 0.5);
    }
    return HU_OK;
}

/* Moves to the trial point and remembers the pair where the function curves upward along the step. */
static void accept(search *w, double value)
{
    int next = w->used ? (w->newest + 1) % w->pairs : 0;
    double *s = w->s + (size_t)next * w->n, *y = w->y + (size_t)next * w->n;
    double sy = 0, ss = 0, yy = 0;
    for (size_t i = 0; i < w->n; i++) {
        s[i] = w->trial[i] - w->x[i];
        y[i] = w->trial_g[i] - w->g[i];
        sy += s[i] * y[i];
        ss += s[i] * s[i];
        yy += y[i] * y[i];
    }
    if (sy > curvature * sqrt(ss * yy)) {
        w->newest = next;
        w->used += w->used < w->pairs;
    } else {
        w->used = 0;                /* the model was wrong here, and s, y have overwritten the oldest pair */
    }
    memcpy(w->x, w->trial, w->n * sizeof *w->x);
    memcpy(w->g, w->trial_g, w->n * sizeof *w->g);
    w->value = value;
}

/* One iteration; *moved tells whether a better point was found. */
static hu_status iterate(search *w, bool *moved, hu_error *err)
{
    double value;
    *moved = false;
    if (w->used && quasi_newton(w)) {
        hu_status status = line_search(w, 1, moved, &value, err);
        if (status != HU_OK)
            return status;
    }
    if (!*moved) {
        w->used = 0;
        hu_status status = line_search(w, steepest(w), moved, &value, err);
        if (status != HU_OK)
            return status;
    }
    if (*moved)
        accept(w, value);
    return HU_OK;
}

static hu_status minimize(search *w, const hu_lbfgsb_options *o, hu_lbfgsb_result *r, hu_error *err)
{
    hu_status status = evaluate(w, w->x, &w->value, w->g, err);
    if (status != HU_OK)
        return status;
    if (!isfinite(w->value) || !all_finite(w->g, w->n))
        return hu_fail(err, HU_EINVAL, "lbfgsb: the function or its gradient is not finite at the start");
    *r = (hu_lbfgsb_result){ .stop = HU_STOP_ITERATIONS };
    while ((r->projected_gradient = projected_gradient(w)) > o->gradient_tolerance
           && r->iterations < o->max_iterations) {
        double before = w->value;
        bool   moved;
        if ((status = iterate(w, &moved, err)) != HU_OK)
            return status;
        if (!moved) {
            r->stop = HU_STOP_STEP;
            break;
        }
        r->iterations++;
        if (before - w->value <= o->decrease_tolerance * fmax(fabs(before), fabs(w->value))) {
            r->stop = HU_STOP_DECREASE;
            break;
        }
    }
    r->projected_gradient = projected_gradient(w);
    if (r->projected_gradient <= o->gradient_tolerance)
        r->stop = HU_STOP_GRADIENT;
    r->value = w->value;
    r->evaluations = w->evaluations;
    return HU_OK;
}

static hu_status check(double *x, const double *lower, const double *upper, size_t n,
                       const hu_lbfgsb_options *o, hu_error *err)
{
    if (o->pairs < 1 || o->pairs > 1000)
        return hu_fail(err, HU_EINVAL, "lbfgsb: pairs is %d; it takes 1 to 1000", o->pairs);
    if (o->max_iterations < 0)
        return hu_fail(err, HU_EINVAL, "lbfgsb: max_iterations is %d; it takes 0 or more", o->max_iterations);
    if (!(o->gradient_tolerance >= 0) || !(o->decrease_tolerance >= 0))
        return hu_fail(err, HU_EINVAL, "lbfgsb: a tolerance is negative or NaN; it takes 0 or more");
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]) || !(lower[i] <= upper[i]))
            return hu_fail(err, HU_EINVAL, "lbfgsb: variable %zu is %g within [%g, %g]; it takes a number within bounds"
                           " in order", i, x[i], lower[i], upper[i]);
        x[i] = clamp(x[i], lower[i], upper[i]);
    }
    return HU_OK;
}

hu_lbfgsb_options hu_lbfgsb_default(void)
{
    return (hu_lbfgsb_options){ .pairs = 10, .max_iterations = 1000,
                                .gradient_tolerance = 1e-10, .decrease_tolerance = 1e-15 };
}

hu_status hu_lbfgsb_minimize(double *x, const double *lower, const double *upper, size_t n,
                             hu_objective *f, void *context, const hu_lbfgsb_options *options,
                             hu_lbfgsb_result *result, hu_error *err)
{
    hu_status status = check(x, lower, upper, n, options, err);
    if (status != HU_OK)
        return status;
    size_t m = (size_t)options->pairs;
    if (n > SIZE_MAX / (2 * m + 5))
        return hu_fail(err, HU_ENOMEM, "lbfgsb: %zu variables are too many", n);
    double *memory = hu_calloc((2 * m + 4) * n + m, sizeof *memory);
    if (!memory)
        return hu_fail(err, HU_ENOMEM, "lbfgsb: no memory for %zu variables and %zu pairs", n, m);
    search w = { .n = n, .lower = lower, .upper = upper, .x = x, .pairs = options->pairs, .f = f, .context = context,
                 .g = memory, .trial = memory + n, .trial_g = memory + 2 * n, .d = memory + 3 * n,
                 .s = memory + 4 * n, .y = memory + (4 + m) * n, .alpha = memory + (4 + 2 * m) * n };
    status = minimize(&w, options, result, err);
    hu_free(memory);
    return status;
}
