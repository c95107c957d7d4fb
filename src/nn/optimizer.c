/* optimizer.c - the learning-rate schedule, the norm of the gradient, and AdamW's loop. */
#include "src/nn/optimizer.h"

#include <math.h>

#include "src/nn/clones.h"

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

HU_CLONES void hu_adamw_step(const hu_adamw *a, float *restrict w, float *restrict m, float *restrict v, const float *restrict g,
                   size_t n, double rate, double decay, double scale, uint64_t count)
{
    float b1 = (float)a->beta1, b2 = (float)a->beta2, epsilon = (float)a->epsilon;
    float c1 = (float)(1 / (1 - pow(a->beta1, (double)count))), c2 = (float)(1 / (1 - pow(a->beta2, (double)count)));
    float eta = (float)rate, shrink = (float)(rate * decay), clip = (float)scale;
    for (size_t i = 0; i < n; i++) {
        float gradient = g[i] * clip;
        m[i] = b1 * m[i] + (1 - b1) * gradient;
        v[i] = b2 * v[i] + (1 - b2) * gradient * gradient;
        w[i] -= eta * (m[i] * c1) / (sqrtf(v[i] * c2) + epsilon) + shrink * w[i];
    }
}
