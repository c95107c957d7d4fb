/* units.h - the factors of unit scaling and of u-muP.
 *
 * Values, and gradients on their way back, keep a root mean square near 1 at the start, so that eight bits hold them without scales. Every
 * operation has a factor forward and factors backward, fixed by its shape; weights start with deviation 1.
 * Source: Blake et al., "Unit scaling", arXiv 2303.11257; "u-muP: the unit-scaled maximal update parametrization", arXiv 2407.17465.
 */
#ifndef HU_NN_UNITS_H
#define HU_NN_UNITS_H

#include <math.h>
#include <stddef.h>

/* Between two factors on the logarithmic scale: `upper` for w = 1, `lower` for w = 0. */
static inline double hu_units_between(double upper, double lower, double w)
{
    return exp(w * log(upper) + (1 - w) * log(lower));
}

/* What the output of causal attention over `length` positions is divided by; heads of d channels, logits q k / d. */
static inline double hu_units_attention(size_t length, size_t d)
{
    double least = length > 1 ? sqrt(log((double)length) / (double)length) : 1;
    return hu_units_between(1, least, 1 / (1 + 4 * (double)d));
}

/* What silu(a) b is multiplied by, forward and backward; GELU, forward; GELU, backward. */
static inline double hu_units_swiglu(void)    { return hu_units_between(sqrt(2), 2, 1 / (1 + 1.0)); }
static inline double hu_units_gelu(void)      { return hu_units_between(sqrt(2 / (1 - 1 / M_PI)), 2, 1 / (1 + 0.25)); }
static inline double hu_units_gelu_back(void) { return hu_units_between(sqrt(2), 2, 1 / (1 + 0.25)); }

/* The share of branch number l (from 0) of n: branch tau / sqrt(1 + tau^2), what passes by 1 / sqrt(1 + tau^2). Attention and
 * feed-forward branches weigh the same. */
static inline double hu_units_tau(size_t l, size_t n)
{
    return 1 / sqrt((double)n / 2 + (double)l);
}

/* The gradient of the mean cross-entropy of n rows with v classes is multiplied by this. */
static inline double hu_units_loss(size_t n, size_t v)
{
    return (double)n * (double)v / sqrt((double)v - 1);
}

#endif
