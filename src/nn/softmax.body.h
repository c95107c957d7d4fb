/* softmax.body.h - the softmax of a row, for one REAL. */
#include "src/nn/vector.body.h"

static HU_CLONES REAL R(top_of)(const REAL *a, size_t n)
{
    return R(largest)(a, n);
}

/* a times the inverse of its sum; returns the sum. */
static HU_CLONES REAL R(scale_by_sum)(REAL *a, size_t n)
{
    REAL sum = R(sum)(a, n), inverse = 1 / sum;
    for (size_t i = 0; i < n; i++)
        a[i] *= inverse;
    return sum;
}

/* p = softmax(x) of n >= 1 values, p may be x; returns the sum of exp(x - *top). */
static REAL R(softmax)(REAL *p, const REAL *x, size_t n, REAL *top)
{
    *top = R(top_of)(x, n);
    R(hu_exp)(p, x, n, 1, -*top);
    return R(scale_by_sum)(p, n);
}
