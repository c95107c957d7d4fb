/* fast-exp.c - the exponential function over arrays. */
#include "src/nn/fast-exp.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "src/base/clones.h"

static inline float exponential(float x)
{
    const float shift = 0x1.8p23f;                    /* adding it rounds to an integer in the low bits */
    x = x > 88.0f ? 88.0f : x;
    const bool low = x < -87.0f;
    x = low ? -87.0f : x;
    float z = x * 0x1.715476p0f + shift;              /* 1 / ln 2 */
    float n = z - shift;
    float r = x - n * 0x1.62e4p-1f;                   /* the upper 16 bits of ln 2: the product is exact */
    r -= n * 0x1.7f7d1cp-20f;                         /* and the rest */

    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;

    uint32_t bits;
    memcpy(&bits, &z, sizeof bits);
    bits = (bits - 0x4b400000u + 127u) << 23;         /* 2^n; 0x4b400000 is the pattern of `shift` */
    float power;
    memcpy(&power, &bits, sizeof power);
    return low ? 0 : p * power;
}

/* What is left of a vector goes through one, too: one by one it would take longer than all the rest of a short row. */
HU_CLONES void hu_exp_f32(float *out, const float *in, size_t n, float scale, float shift)
{
    enum { LANES = 16 };
    size_t whole = n / LANES * LANES;
    for (size_t i = 0; i < whole; i++)
        out[i] = exponential(scale * in[i] + shift);
    float last[LANES] = {0};
    for (size_t i = whole; i < n; i++)
        last[i - whole] = in[i];
    for (size_t j = 0; j < LANES && whole < n; j++)
        last[j] = exponential(scale * last[j] + shift);
    for (size_t i = whole; i < n; i++)
        out[i] = last[i - whole];
}

void hu_exp_f64(double *out, const double *in, size_t n, double scale, double shift)
{
    for (size_t i = 0; i < n; i++)
        out[i] = exp(scale * in[i] + shift);
}
