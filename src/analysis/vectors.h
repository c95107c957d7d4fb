/* vectors.h - sums over vectors of doubles in a fixed order: eight partial sums, then their sum. */
#ifndef HU_ANALYSIS_VECTORS_H
#define HU_ANALYSIS_VECTORS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/random.h"

static inline double hu_dot(const double *a, const double *b, size_t n)
{
    double lane[8] = {0}, rest = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++)
            lane[j] += a[i + j] * b[i + j];
    for (; i < n; i++)
        rest += a[i] * b[i];
    for (size_t j = 0; j < 8; j++)
        rest += lane[j];
    return rest;
}

/* y += s x */
static inline void hu_add_scaled(double *restrict y, double s, const double *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += s * x[i];
}

static inline void hu_scale(double *x, double s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= s;
}

static inline void hu_draw_normal(double *x, size_t n, uint64_t seed, uint64_t stream)
{
    for (size_t i = 0; i < n; i++)
        x[i] = hu_random_normal_at(seed, stream, i);
}

/* 1 or -1, each with probability 1/2. */
static inline void hu_draw_signs(double *x, size_t n, uint64_t seed, uint64_t stream)
{
    for (size_t i = 0; i < n; i++)
        x[i] = hu_random_at(seed, stream, i) >> 63 ? 1 : -1;
}

/* v minus its parts along the first k orthonormal rows of q [k][n], taken off twice; those parts are added to `parts` [k] where
 * that is not NULL. Returns what is left of v's length. */
static inline double hu_take_off(double *v, const double *q, size_t k, size_t n, double *parts)
{
    for (int again = 0; again < 2; again++)
        for (size_t j = 0; j < k; j++) {
            double part = hu_dot(q + j * n, v, n);
            hu_add_scaled(v, -part, q + j * n, n);
            if (parts)
                parts[j] += part;
        }
    return sqrt(hu_dot(v, v, n));
}

#endif
