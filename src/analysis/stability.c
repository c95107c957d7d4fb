/* stability.c - rules that say when a training run diverged or spiked. */
#include "src/analysis/stability.h"

#include <math.h>

/* All ours: the papers that count divergences (such as arXiv 2405.18710) do not say by what rule. */
static const double decay         = 0.99;
static const double rise_factor   = 1.5;
static const double sd_multiple   = 4;
static const double rise_nats     = 0.5;
enum { WINDOW = 200, LEAST_RESIDUALS = 20, TAIL_SHARE = 20 };

typedef struct average {
    double sum, weight, value, minimum;
} average;

static void take(average *a, double loss)
{
    a->minimum = a->weight == 0 ? loss : a->minimum;
    a->sum     = decay * a->sum + loss;
    a->weight  = decay * a->weight + 1;
    a->value   = a->sum / a->weight;
    a->minimum = fmin(a->minimum, a->value);
}

hu_status hu_diverged(hu_divergence *out, const double *loss, size_t n, double reference, hu_error *err)
{
    if (n == 0)
        return hu_fail(err, HU_EINVAL, "diverged: the series is empty; it takes at least one loss");
    average a = { .value = NAN, .minimum = NAN };
    size_t  t = 0, tail = n / TAIL_SHARE ? n / TAIL_SHARE : 1;
    for (; t < n && isfinite(loss[t]); t++)
        take(&a, loss[t]);
    double level = 0;
    for (size_t i = n - tail; i < n; i++)
        level += loss[i] / (double)tail;
    *out = (hu_divergence){ .nonfinite = t < n, .first_nonfinite = t, .average = a.value, .minimum = a.minimum,
                            .level = level, .reference = isnan(reference) ? loss[0] : reference };
    out->by_average = out->nonfinite || out->average > rise_factor * out->minimum;
    out->by_level   = out->nonfinite || out->level > out->reference;
    return HU_OK;
}

/* The last residuals, oldest overwritten first. */
typedef struct window {
    double residual[WINDOW];
    size_t count;
} window;

static double sd(const window *w)
{
    size_t n = w->count < WINDOW ? w->count : WINDOW;
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        mean += w->residual[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (w->residual[i] - mean) * (w->residual[i] - mean);
    return sqrt(squares / (double)(n - 1));
}

static double threshold(hu_spike_rule rule, const average *a, const window *w)
{
    if (rule == HU_SPIKE_RISE)
        return a->minimum + rise_nats;
    return w->count < LEAST_RESIDUALS ? INFINITY : a->value + sd_multiple * sd(w);
}

size_t hu_spikes(const double *loss, size_t n, hu_spike_rule rule, size_t *steps, size_t capacity)
{
    average a = { 0, 0, 0, 0 };
    window  w = { .count = 0 };
    size_t  found = 0;
    bool    above = false;
    for (size_t t = 0; t < n && isfinite(loss[t]); t++) {
        bool was_above = above;
        above = t > 0 && loss[t] > threshold(rule, &a, &w);
        if (above && !was_above) {
            if (found < capacity)
                steps[found] = t;
            found++;
        }
        if (t > 0)
            w.residual[w.count++ % WINDOW] = loss[t] - a.value;
        take(&a, loss[t]);
    }
    return found;
}
