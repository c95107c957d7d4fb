/* hadamard.c - rotation by Hadamard matrices, in blocks along an index: it spreads outliers over their block.
 *
 * The matrix of Sylvester's construction, H(1) = 1, H(2n) = [H(n) H(n); H(n) -H(n)], over the square root of its size: orthonormal and its
 * own inverse. In log2(block) passes of sums and differences, in the carrier's arithmetic. */
#include <math.h>
#include <string.h>

#include "src/base/random.h"
#include "src/tensor/tensor.h"

enum { MAX_BLOCK = 1 << 20 };

/* Where one block lies: its first element, and the distance from one to the next. */
typedef struct strip {
    hu_tensor *t;
    size_t at, step, n;
} strip;

#define BUTTERFLIES(F, data)                                                   \
    for (size_t half = 1; half < s->n; half *= 2)                              \
        for (size_t i = 0; i < s->n; i += 2 * half)                            \
            for (size_t j = i; j < i + half; j++) {                            \
                F *x = (data) + s->at + j * s->step, *y = x + half * s->step;  \
                F sum = *x + *y, difference = *x - *y;                         \
                *x = sum;                                                      \
                *y = difference;                                               \
            }                                                                  \
    for (size_t j = 0; j < s->n; j++)                                          \
        (data)[s->at + j * s->step] *= (F)scale

static void transform(const strip *s)
{
    double scale = 1 / sqrt((double)s->n);
    if (s->t->dtype == HU_F32) {
        BUTTERFLIES(float, s->t->f32);
    } else {
        BUTTERFLIES(double, s->t->f64);
    }
}

static void flip(const strip *s, const hu_rotation *r, size_t first)
{
    for (size_t j = 0; j < s->n; j++) {
        size_t i = s->at + j * s->step;
        if (hu_random_at(r->seed, r->stream, first + j) & 1)
            hu_tensor_set(s->t, i, -hu_tensor_get(s->t, i));
    }
}

static hu_status check(const hu_tensor *in, const hu_rotation *r, hu_error *err)
{
    if (r->axis < 0 || r->axis >= in->rank)
        return hu_fail(err, HU_ESHAPE, "hadamard: there is no index %d; the array has %d", r->axis + 1, in->rank);
    if (r->block < 1 || r->block > MAX_BLOCK || (r->block & (r->block - 1)))
        return hu_fail(err, HU_EINVAL, "hadamard: a block of %zu; it takes a power of two up to %d", r->block, MAX_BLOCK);
    if (in->shape[r->axis] % r->block)
        return hu_fail(err, HU_ESHAPE, "hadamard: blocks of %zu do not divide the %zu elements along index %d", r->block,
                       in->shape[r->axis], r->axis + 1);
    return HU_OK;
}

hu_status hu_tensor_hadamard(hu_tensor *out, const hu_tensor *in, const hu_rotation *r, hu_error *err)
{
    hu_status status = check(in, r, err);
    if (status)
        return status;
    if (out->data != in->data)
        memcpy(out->data, in->data, in->n * (in->dtype == HU_F32 ? sizeof(float) : sizeof(double)));
    size_t inner = 1, length = in->shape[r->axis];
    for (int i = r->axis + 1; i < in->rank; i++)
        inner *= in->shape[i];
    for (size_t at = 0; at < in->n; at += length * inner)
        for (size_t k = 0; k < inner; k++)
            for (size_t first = 0; first < length; first += r->block) {
                strip s = {out, at + k + first * inner, inner, r->block};
                if (r->signs && !r->inverse)
                    flip(&s, r, first);
                transform(&s);
                if (r->signs && r->inverse)
                    flip(&s, r, first);
            }
    return HU_OK;
}
