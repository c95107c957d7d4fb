/* optimizer.c - the learning-rate schedule, the norm of the gradient, and AdamW's loop. */
#include "src/nn/optimizer.h"

#include <math.h>

#include "src/kernel/kernel.h"
#include "src/base/clones.h"

double hu_schedule_at(const hu_schedule *s, uint64_t step)
{
    if (step < s->warmup)
        return s->rate * (double)(step + 1) / (double)s->warmup;
    if (s->steps == 0 || s->curve == HU_CURVE_constant)
        return s->rate;
    if (step >= s->steps)
        return s->least;
    if (s->curve == HU_CURVE_wsd) {
        uint64_t left = s->steps - step;
        return left > s->decay ? s->rate : s->least + (s->rate - s->least) * (double)left / (double)(s->decay + 1);
    }
    double part = (double)(step - s->warmup) / (double)(s->steps - s->warmup);
    if (s->curve == HU_CURVE_linear)
        return s->rate + (s->least - s->rate) * part;
    return s->least + 0.5 * (s->rate - s->least) * (1 + cos(M_PI * part));
}

HU_CLONES double hu_norm(const float *g, size_t n)
{
    enum { LANES = 8 };
    double lane[LANES] = {0}, rest = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lane[j] += (double)g[i + j] * (double)g[i + j];
    for (; i < n; i++)
        rest += (double)g[i] * (double)g[i];
    for (int j = 0; j < LANES; j++)
        rest += lane[j];
    return sqrt(rest);
}

/* What AdamW's loop needs, in float. */
typedef struct adamw {
    float b1, b2, epsilon, c1, c2, eta, shrink, clip;
} adamw;

static HU_CLONES void adamw_part(const adamw *a, float *restrict w, float *restrict m, float *restrict v, const float *restrict g, size_t n)
{
    float b1 = a->b1, b2 = a->b2, epsilon = a->epsilon, c1 = a->c1, c2 = a->c2, eta = a->eta, shrink = a->shrink, clip = a->clip;
    for (size_t i = 0; i < n; i++) {
        float gradient = g[i] * clip;
        m[i] = b1 * m[i] + (1 - b1) * gradient;
        v[i] = b2 * v[i] + (1 - b2) * gradient * gradient;
        w[i] -= eta * (m[i] * c1) / (sqrtf(v[i] * c2) + epsilon) + shrink * w[i];
    }
}

void hu_adamw_step(const hu_adamw *a, float *restrict w, float *restrict m, float *restrict v, const float *restrict g,
                   size_t n, double rate, double decay, double scale, uint64_t count)
{
    enum { PART = 1 << 13 };
    const adamw how = {.b1 = (float)a->beta1, .b2 = (float)a->beta2, .epsilon = (float)a->epsilon,
                       .c1 = (float)(1 / (1 - pow(a->beta1, (double)count))), .c2 = (float)(1 / (1 - pow(a->beta2, (double)count))),
                       .eta = (float)rate, .shrink = (float)(rate * decay), .clip = (float)scale};
    int threads = n > PART ? hu_threads() : 1;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < n; i += PART)
        adamw_part(&how, w + i, m + i, v + i, g + i, n - i < PART ? n - i : PART);
}
