/* reduce.c - one number from many: sums, means, extremes, norms, over all elements or along one index. */
#include "src/tensor/tensor.h"

#include <math.h>
#include <string.h>

/* n elements of t, `step` apart, from element `at` on. */
typedef struct run {
    const hu_tensor *t;
    size_t at, step, n;
} run;

static double get(const run *r, size_t i)
{
    return hu_tensor_get(r->t, r->at + i * r->step);
}

static double reduce_sum(const run *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->n; i++)
        sum += get(r, i);
    return sum;
}

static double reduce_mean(const run *r)
{
    return reduce_sum(r) / (double)r->n;
}

/* In two passes: the deviations from the mean, squared. */
static double reduce_std(const run *r)
{
    double mean = reduce_mean(r), sum = 0;
    for (size_t i = 0; i < r->n; i++)
        sum += (get(r, i) - mean) * (get(r, i) - mean);
    return sqrt(sum / (double)r->n);
}

/* The place of the first largest element times `sign`, or of the first NaN. */
static size_t place(const run *r, double sign)
{
    size_t best = 0;
    for (size_t i = 0; i < r->n; i++) {
        double x = sign * get(r, i);
        if (isnan(x))
            return i;
        if (x > sign * get(r, best))
            best = i;
    }
    return best;
}

static double reduce_argmax(const run *r) { return (double)place(r, 1); }
static double reduce_argmin(const run *r) { return (double)place(r, -1); }
static double reduce_max(const run *r)    { return get(r, place(r, 1)); }
static double reduce_min(const run *r)    { return get(r, place(r, -1)); }

/* Scaled by a power of two near the largest magnitude, so that no square overflows or vanishes. */
static double reduce_norm(const run *r)
{
    double most = 0, sum = 0;
    for (size_t i = 0; i < r->n; i++)
        if (isnan(get(r, i)))
            return NAN;
        else
            most = fmax(most, fabs(get(r, i)));
    if (most == 0 || isinf(most))
        return most;
    int exp;
    frexp(most, &exp);
    for (size_t i = 0; i < r->n; i++) {
        double x = ldexp(get(r, i), -exp);
        sum += x * x;
    }
    return ldexp(sqrt(sum), exp);
}

static const struct { const char *name; double (*of)(const run *r); bool needs_elements; } kinds[] = {
#define KIND(name, needs) [HU_REDUCE_##name] = {#name, reduce_##name, needs}
    KIND(sum, false), KIND(mean, true), KIND(std, true), KIND(max, true), KIND(min, true), KIND(norm, false),
    KIND(argmax, true), KIND(argmin, true),
};

hu_status hu_tensor_reduce(hu_tensor *out, hu_reduce kind, const hu_tensor *in, int axis, hu_error *err)
{
    if (axis < -1 || axis >= in->rank)
        return hu_fail(err, HU_ERANGE, "%s: the array has %d indices; there is none with number %d",
                       kinds[kind].name, in->rank, axis + 1);
    size_t length = axis < 0 ? in->n : in->shape[axis], inner = 1, outer = 1;
    for (int i = 0; axis >= 0 && i < in->rank; i++)
        if (i != axis)
            *(i < axis ? &outer : &inner) *= in->shape[i];
    if (out->n != outer * inner)
        return hu_fail(err, HU_ESHAPE, "%s: the result has %zu elements; there are %zu sums", kinds[kind].name,
                       out->n, outer * inner);
    if (length == 0 && out->n > 0 && kinds[kind].needs_elements)
        return hu_fail(err, HU_ESHAPE, "%s: there are no elements", kinds[kind].name);

    for (size_t i = 0; i < out->n; i++) {
        run r = {.t = in, .at = i / inner * length * inner + i % inner, .step = inner, .n = length};
        hu_tensor_set(out, i, kinds[kind].of(&r));
    }
    return HU_OK;
}
