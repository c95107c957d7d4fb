/* counters.c - what quantizers did during training, and how large their inputs were: counts and histories. */
#include "src/nn/counters.h"

#include <math.h>
#include <string.h>

#include "src/base/memory.h"

/* ---- counts ---- */

static void count_one(hu_counts *c, double x, double v, double lowest, double largest)
{
    if (!isfinite(x)) {
        c->not_finite++;
        return;
    }
    if (x == 0) {
        c->zeros++;
    } else {
        int e = ilogb(x) - HU_EXPONENT_LEAST;
        c->exponent[e < 0 ? 0 : e >= HU_EXPONENTS ? HU_EXPONENTS - 1 : e]++;
        c->flushed += v == 0;
    }
    c->saturated += x > largest || x < lowest;
    if (isfinite(v)) {
        c->signal += x * x;
        c->noise += (x - v) * (x - v);
    }
}

void hu_counts_add_f32(hu_counts *c, const float *in, const float *out, size_t n, double lowest, double largest)
{
    c->n += n;
    for (size_t i = 0; i < n; i++)
        count_one(c, (double)in[i], (double)out[i], lowest, largest);
}

void hu_counts_add_f64(hu_counts *c, const double *in, const double *out, size_t n, double lowest, double largest)
{
    c->n += n;
    for (size_t i = 0; i < n; i++)
        count_one(c, in[i], out[i], lowest, largest);
}

static void merge(hu_counts *to, const hu_counts *from)
{
    to->n += from->n;
    to->zeros += from->zeros;
    to->not_finite += from->not_finite;
    to->saturated += from->saturated;
    to->flushed += from->flushed;
    for (int e = 0; e < HU_EXPONENTS; e++)
        to->exponent[e] += from->exponent[e];
    to->signal += from->signal;
    to->noise += from->noise;
}

double hu_counts_sqnr(const hu_counts *c)
{
    return -10 * log10(c->noise > 0 ? c->noise / c->signal : 0);
}

/* ---- the state ---- */

hu_status hu_policy_state_init(hu_policy_state *s, size_t n_rows, hu_error *err)
{
    size_t n = n_rows * HU_ROLE_COUNT;
    *s = (hu_policy_state){.n_rows = n_rows};
    s->counts = hu_calloc(n + 1, sizeof *s->counts);
    s->history = hu_calloc(n + 1, sizeof *s->history);
    if (s->counts && s->history)
        return HU_OK;
    hu_policy_state_clear(s);
    return hu_fail(err, HU_ENOMEM, "policy: out of memory");
}

void hu_policy_state_clear(hu_policy_state *s)
{
    for (size_t i = 0; i < s->n_rows * HU_ROLE_COUNT; i++) {
        if (s->counts)
            hu_free(s->counts[i]);
        if (s->history)
            hu_free(s->history[i].ring);
    }
    hu_free(s->counts);
    hu_free(s->history);
    *s = (hu_policy_state){0};
}

void hu_policy_state_advance(hu_policy_state *s)
{
    for (size_t i = 0; i < s->n_rows * HU_ROLE_COUNT; i++) {
        hu_history *h = &s->history[i];
        if (!h->used)
            continue;
        h->ring[h->next] = h->now;
        h->next = (h->next + 1) % h->length;
        h->filled += h->filled < h->length;
        h->now = 0;
        h->used = false;
    }
}

void hu_policy_state_forget(hu_policy_state *s)
{
    for (size_t i = 0; i < s->n_rows * HU_ROLE_COUNT; i++) {
        s->history[i].now = 0;
        s->history[i].used = false;
    }
}

void hu_policy_state_reset(hu_policy_state *s)
{
    for (size_t i = 0; i < s->n_rows * HU_ROLE_COUNT; i++)
        if (s->counts[i])
            *s->counts[i] = (hu_counts){0};
}

double hu_policy_state_largest(const hu_policy_state *s, size_t row, int role)
{
    if (!s || row >= s->n_rows)
        return 0;
    const hu_history *h = &s->history[row * HU_ROLE_COUNT + (size_t)role];
    double most = 0;
    for (unsigned i = 0; i < h->filled; i++)
        most = fmax(most, h->ring[i]);
    return most;
}

void hu_policy_state_add(hu_policy_state *s, size_t row, int role, unsigned length, const hu_policy_seen *seen)
{
    if (row >= s->n_rows)
        return;
    size_t i = row * HU_ROLE_COUNT + (size_t)role;
    hu_history *h = &s->history[i];
    if (length && !h->ring) {
        h->ring = hu_calloc(length, sizeof *h->ring);
        h->length = length;
        s->failed = s->failed || !h->ring;
    }
    if (length && h->ring) {
        h->now = fmax(h->now, seen->largest);
        h->used = true;
    }
    if (!s->counting)
        return;
    if (!s->counts[i])
        s->counts[i] = hu_calloc(1, sizeof *s->counts[i]);
    if (s->counts[i])
        merge(s->counts[i], &seen->counts);
    else
        s->failed = true;
}

/* ---- as numbers: place, length, filled, next, then the ring ---- */

enum { HEAD = 4 };

size_t hu_policy_state_size(const hu_policy_state *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_rows * HU_ROLE_COUNT; i++)
        n += s->history[i].ring ? HEAD + s->history[i].length : 0;
    return n;
}

void hu_policy_state_save(const hu_policy_state *s, double *out)
{
    for (size_t i = 0; i < s->n_rows * HU_ROLE_COUNT; i++) {
        const hu_history *h = &s->history[i];
        if (!h->ring)
            continue;
        const double head[HEAD] = {(double)i, h->length, h->filled, h->next};
        memcpy(out, head, sizeof head);
        memcpy(out + HEAD, h->ring, h->length * sizeof *out);
        out += HEAD + h->length;
    }
}

hu_status hu_policy_state_load(hu_policy_state *s, const double *in, size_t n, hu_error *err)
{
    enum { MOST = 65536 };
    for (size_t i = 0; i < s->n_rows * HU_ROLE_COUNT; i++) {
        hu_free(s->history[i].ring);
        s->history[i] = (hu_history){0};
    }
    while (n > 0) {
        if (n < HEAD || !(in[0] >= 0 && in[0] < (double)(s->n_rows * HU_ROLE_COUNT)) || !(in[1] >= 1 && in[1] <= MOST) ||
            !(in[2] >= 0 && in[2] <= in[1]) || !(in[3] >= 0 && in[3] < in[1]) || n - HEAD < (size_t)in[1])
            return hu_fail(err, HU_EPARSE, "policy: the histories of the scales are not those of this model");
        hu_history h = {.length = (unsigned)in[1], .filled = (unsigned)in[2], .next = (unsigned)in[3]};
        hu_history *to = &s->history[(size_t)in[0]];
        hu_free(to->ring);
        h.ring = hu_calloc(h.length, sizeof *h.ring);
        *to = h.ring ? h : (hu_history){0};
        if (!h.ring)
            return hu_fail(err, HU_ENOMEM, "policy: out of memory");
        memcpy(h.ring, in + HEAD, h.length * sizeof *in);
        in += HEAD + h.length;
        n -= HEAD + h.length;
    }
    return HU_OK;
}
