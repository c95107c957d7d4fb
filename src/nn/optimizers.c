/* optimizers.c - the table of optimizers, and sharpness-aware minimization over any of them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/nearest.h"
#include "src/nn/optimizer.h"

hu_optimizer_config hu_optimizer_default(void)
{
    return (hu_optimizer_config){
        .momentum = 0.9, .eps1 = 1e-30, .eps2 = 1e-3, .threshold = 1, .fading = 0.8, .gamma1 = 0.7, .gamma2 = 0.9, .gamma3 = 0.999,
        .reset = 1000, .theta = 5000, .rewarm = 150, .eta = 0.01, .least_elements = 4096,
    };
}

/* ---- AdamW ---- */

static void adamw_step(const hu_optimizer_config *c, const hu_adamw *a, const hu_update *u)
{
    (void)c;
    hu_adamw_step(a, u->w, u->state[0], u->state[1], u->g, u->rows * u->cols, u->rate, u->decay, u->scale, u->count);
}

/* ---- SGD: b = momentum b + g;  d = b, or g + momentum b with Nesterov's;  w = w - rate d - rate decay w ---- */

static void sgd_step(const hu_optimizer_config *c, const hu_adamw *a, const hu_update *u)
{
    (void)a;
    float mu = (float)c->momentum, eta = (float)u->rate, shrink = (float)(u->rate * u->decay), clip = (float)u->scale;
    float *restrict w = u->w, *restrict b = u->state[0];
    for (size_t i = 0; i < u->rows * u->cols; i++) {
        float g = u->g[i] * clip;
        b[i] = mu * b[i] + g;
        w[i] -= eta * (c->nesterov ? g + mu * b[i] : b[i]) + shrink * w[i];
    }
}

/* ---- Lion: w = w - rate (sign(beta1 m + (1 - beta1) g) + decay w);  m = beta2 m + (1 - beta2) g ---- */

static void lion_step(const hu_optimizer_config *c, const hu_adamw *a, const hu_update *u)
{
    (void)c;
    float b1 = (float)a->beta1, b2 = (float)a->beta2, eta = (float)u->rate, shrink = (float)(u->rate * u->decay),
          clip = (float)u->scale;
    float *restrict w = u->w, *restrict m = u->state[0];
    for (size_t i = 0; i < u->rows * u->cols; i++) {
        float g = u->g[i] * clip, d = b1 * m[i] + (1 - b1) * g;
        w[i] -= eta * (float)((d > 0) - (d < 0)) + shrink * w[i];
        m[i] = b2 * m[i] + (1 - b2) * g;
    }
}

/* ---- Adafactor ----
 *
 * With b = 1 - t^-fading, and for a matrix r and c the fading means of g^2 + eps1 over rows and columns,
 *
 *     v_ij = r_i c_j / mean(r);   for one row or column: v = b v + (1 - b) (g^2 + eps1)
 *     u = g / sqrt(v);   u = u / max(1, rms(u) / threshold);   w = w - rate u - rate decay w
 *
 * `relative`: the rate times max(eps2, rms(w)). */

static bool is_matrix(size_t rows, size_t cols)
{
    return rows > 1 && cols > 1;
}

static size_t adafactor_size(size_t rows, size_t cols, int state)
{
    if (!is_matrix(rows, cols))
        return state == 0 ? rows * cols : 0;
    return state == 0 ? rows : cols;
}

static double root_mean_square(const float *x, size_t n)
{
    return n ? hu_norm(x, n) / sqrt((double)n) : 0;
}

static double factor(const hu_optimizer_config *c, const hu_update *u, double fade, float *room)
{
    float *r = u->state[0], *k = u->state[1];
    double sum = 0;
    for (size_t j = 0; j < u->cols; j++)
        k[j] = (float)(fade * (double)k[j]);
    for (size_t i = 0; i < u->rows; i++) {
        double row = 0;
        for (size_t j = 0; j < u->cols; j++) {
            double g = (double)u->g[i * u->cols + j] * u->scale, square = g * g + c->eps1;
            row += square;
            k[j] += (float)((1 - fade) * square / (double)u->rows);
        }
        r[i] = (float)(fade * (double)r[i] + (1 - fade) * row / (double)u->cols);
        sum += (double)r[i];
    }
    double mean = sum / (double)u->rows;
    for (size_t i = 0; i < u->rows; i++)
        for (size_t j = 0; j < u->cols; j++) {
            double v = (double)r[i] * (double)k[j] / mean;
            room[i * u->cols + j] = (float)((double)u->g[i * u->cols + j] * u->scale / sqrt(v));
        }
    return root_mean_square(room, u->rows * u->cols);
}

static double unfactored(const hu_optimizer_config *c, const hu_update *u, double fade, float *room)
{
    float *v = u->state[0];
    size_t n = u->rows * u->cols;
    for (size_t i = 0; i < n; i++) {
        double g = (double)u->g[i] * u->scale;
        v[i] = (float)(fade * (double)v[i] + (1 - fade) * (g * g + c->eps1));
        room[i] = (float)(g / sqrt((double)v[i]));
    }
    return root_mean_square(room, n);
}

static void adafactor_step(const hu_optimizer_config *c, const hu_adamw *a, const hu_update *u)
{
    (void)a;
    size_t n = u->rows * u->cols;
    double fade = 1 - pow((double)u->count, -c->fading);
    double size = (is_matrix(u->rows, u->cols) ? factor : unfactored)(c, u, fade, u->room);
    double rate = u->rate * (c->relative ? fmax(c->eps2, root_mean_square(u->w, n)) : 1) / fmax(1, size / c->threshold);
    float eta = (float)rate, shrink = (float)(u->rate * u->decay);
    for (size_t i = 0; i < n; i++)
        u->w[i] -= eta * u->room[i] + shrink * u->w[i];
}

/* ---- Stable-SPAM: AdaClip, AdaGN, momentum reset, then Adam; all of it a parameter at a time ---- */

enum { SPAM_TOP, SPAM_NORM, SPAM_SQUARE, SPAM_TIME, SPAM_STEPS };

/* What the gradient is multiplied by after the magnitudes above *top were cut to it. */
static double spam_scale(const hu_optimizer_config *c, const hu_adamw *a, const hu_update *u, double s, double *g)
{
    double t = u->scalar[SPAM_TIME], largest = 0, square = 0;
    size_t n = u->rows * u->cols;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(g[i]));
    u->scalar[SPAM_TOP] = c->gamma3 * u->scalar[SPAM_TOP] + (1 - c->gamma3) * largest;
    double top = u->scalar[SPAM_TOP] / (1 - pow(c->gamma3, t));
    for (size_t i = 0; i < n; i++) {
        if (fabs(g[i]) > top)
            g[i] = g[i] / largest * top;
        square += g[i] * g[i];
    }
    double norm = sqrt(square), g1 = c->gamma1 * s;
    u->scalar[SPAM_NORM] = g1 * u->scalar[SPAM_NORM] + (1 - g1) * norm;
    u->scalar[SPAM_SQUARE] = c->gamma2 * u->scalar[SPAM_SQUARE] + (1 - c->gamma2) * norm * norm;
    double first = u->scalar[SPAM_NORM] / (1 - pow(g1, t)), second = u->scalar[SPAM_SQUARE] / (1 - pow(c->gamma2, t));
    return norm > 0 ? first / (sqrt(second) + a->epsilon) / norm : 0;
}

static void spam_strip(const hu_adamw *a, const hu_update *u, double beta1, double scale, const double *g)
{
    double t = u->scalar[SPAM_TIME], c1 = 1 - pow(beta1, t), c2 = 1 - pow(a->beta2, t);
    float *m = u->state[0], *v = u->state[1], *w = u->w;
    for (size_t i = 0; i < u->rows * u->cols; i++) {
        double d = g[i] * scale;
        m[i] = (float)(beta1 * (double)m[i] + (1 - beta1) * d);
        v[i] = (float)(a->beta2 * (double)v[i] + (1 - a->beta2) * d * d);
        w[i] = (float)((double)w[i] * (1 - u->rate * u->decay) - u->rate * ((double)m[i] / c1) / (sqrt((double)v[i] / c2) + a->epsilon));
    }
}

static void spam_forget(const hu_update *u, double time)
{
    memset(u->state[0], 0, u->rows * u->cols * sizeof *u->state[0]);
    memset(u->state[1], 0, u->rows * u->cols * sizeof *u->state[1]);
    u->scalar[SPAM_TIME] = time;
}

static void spam_step(const hu_optimizer_config *c, const hu_adamw *a, const hu_update *u)
{
    size_t n = u->rows * u->cols;
    double *g = (double *)(void *)u->room;
    for (size_t i = 0; i < n; i++)
        g[i] = (double)u->g[i] * u->scale;
    double steps = ++u->scalar[SPAM_STEPS];
    u->scalar[SPAM_TIME]++;
    double part = c->total ? fmin((steps - 1) / (double)c->total, 1) : 0, s = 0.5 + 0.25 * (1 + cos(M_PI * part));
    double scale = spam_scale(c, a, u, s, g);
    if (c->reset && (uint64_t)steps % c->reset == 0)
        spam_forget(u, 1);
    spam_strip(a, u, a->beta1 * s, scale, g);
}

/* ---- SPAM: magnitudes above sqrt(theta v), v of the steps before, are cut to that where v > 0; then Adam, whose moments are reset after every
 * `reset` steps, after which the rate grows along a cosine ---- */

static void plain_spam_step(const hu_optimizer_config *c, const hu_adamw *a, const hu_update *u)
{
    double *g = (double *)(void *)u->room;
    uint64_t before = (uint64_t)u->scalar[SPAM_STEPS]++;
    if (c->reset && before && before % c->reset == 0)
        spam_forget(u, 0);
    double t = ++u->scalar[SPAM_TIME];
    for (size_t i = 0; i < u->rows * u->cols; i++) {
        double most = sqrt(c->theta * (double)u->state[1][i]);
        g[i] = (double)u->g[i] * u->scale;
        if (most > 0 && fabs(g[i]) > most)
            g[i] = copysign(most, g[i]);
    }
    hu_update warm = *u;
    if (c->reset && before >= c->reset && t < (double)c->rewarm)
        warm.rate *= 0.5 * (1 - cos(M_PI * t / (double)c->rewarm));
    spam_strip(a, &warm, a->beta1, 1, g);
}

/* ---- the table ---- */

static const hu_optimizer table[] = {
    {"adamw",       {"m", "v"},       0.9, 0.95,  adamw_step,     NULL,           "Loshchilov and Hutter, arXiv 1711.05101", true, 0},
    {"sgd",         {"momentum"},     -1,  -1,    sgd_step,       NULL,           "Sutskever et al., ICML 2013", false, 0},
    {"lion",        {"m"},            0.9, 0.99,  lion_step,      NULL,           "Chen et al., arXiv 2302.06675", false, 0},
    {"adafactor",   {"rows", "cols"}, -1,  -1,    adafactor_step, adafactor_size, "Shazeer and Stern, arXiv 1804.04235", false, 0},
    {"stable-spam", {"m", "v"},       0.9, 0.999, spam_step,      NULL,           "Huang et al., arXiv 2502.17055", true, 0},
    {"spam",        {"m", "v"},       0.9, 0.999, plain_spam_step, NULL,          "Huang et al., arXiv 2501.06842", true, 500},
};

enum { COUNT = sizeof table / sizeof *table };

const hu_optimizer *hu_optimizer_at(int i)
{
    return i >= 0 && i < COUNT ? &table[i] : NULL;
}

const hu_optimizer *hu_optimizer_find(const char *name, hu_error *err)
{
    hu_nearest near = hu_nearest_to(name);
    for (int i = 0; i < COUNT; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
        hu_nearest_offer(&near, table[i].name);
    }
    hu_fail(err, HU_ENAME, "optimizer: none is called '%.40s'%s%s%s adamw, sgd, lion, adafactor, stable-spam and spam", name,
            near.best ? ": did you mean '" : "", near.best ? near.best : "", near.best ? "'? There are" : "; there are");
    return NULL;
}

size_t hu_optimizer_size(const hu_optimizer *o, size_t rows, size_t cols, int state)
{
    if (!o->state[state])
        return 0;
    return o->size ? o->size(rows, cols, state) : rows * cols;
}

hu_status hu_optimizer_check(const hu_optimizer_config *c, hu_error *err)
{
    const struct { const char *what; double value, end; } ranges[] = {
        {"momentum", c->momentum, 1}, {"eps1", c->eps1, 1}, {"eps2", c->eps2, INFINITY}, {"threshold", c->threshold, INFINITY},
        {"fading", c->fading, 10}, {"gamma1", c->gamma1, 1}, {"gamma2", c->gamma2, 1}, {"gamma3", c->gamma3, 1},
        {"theta", c->theta, INFINITY}, {"rho", c->rho, INFINITY}, {"eta", c->eta, INFINITY},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= 0 && ranges[i].value < ranges[i].end))
            return hu_fail(err, HU_ERANGE, "optimizer: %s is %g; it takes a number from 0 to below %g", ranges[i].what, ranges[i].value,
                           ranges[i].end);
    if (c->threshold == 0)
        return hu_fail(err, HU_ERANGE, "optimizer: threshold is 0; it takes a number above 0");
    const hu_optimizer *o = c->kind ? c->kind : &table[0];
    for (int k = 0; k < HU_OPTIMIZER_STATES; k++) {
        if (c->state[k].on && !o->state[k])
            return hu_fail(err, HU_EINVAL, "optimizer: %s has no state number %d that could have a format", o->name, k + 1);
        hu_status status = hu_state_check(&c->state[k], o->state[k], err);
        if (status)
            return status;
    }
    return HU_OK;
}

/* ---- sharpness-aware ---- */

static double unit(const hu_optimizer_config *c, float w, bool decays)
{
    return c->adaptive && decays ? fabs((double)w) + c->eta : 1;
}

double hu_sam_square(const hu_optimizer_config *c, const float *w, const float *g, size_t n, bool decays)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = unit(c, w[i], decays) * (double)g[i];
        sum += d * d;
    }
    return sum;
}

void hu_sam_climb(const hu_optimizer_config *c, float *w, const float *g, size_t n, bool decays, double norm)
{
    double scale = c->rho / (norm + 1e-12);
    for (size_t i = 0; i < n; i++) {
        double t = unit(c, w[i], decays);
        w[i] = (float)((double)w[i] + scale * t * t * (double)g[i]);
    }
}
