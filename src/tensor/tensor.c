/* tensor.c - arrays of carriers with a shape: memory, elements. */
#include "src/tensor/tensor.h"

#include <string.h>

#include "src/base/memory.h"

static size_t size_of(hu_dtype dtype)
{
    return dtype == HU_F32 ? sizeof(float) : sizeof(double);
}

/* Whether so much can be given. Small requests are not asked about. */
static bool is_available(size_t bytes)
{
    return bytes < (size_t)64 << 20 || bytes <= hu_memory_available();
}

hu_status hu_tensor_init(hu_tensor *t, hu_dtype dtype, int rank, const size_t *shape, hu_error *err)
{
    hu_tensor made = {.dtype = dtype, .rank = rank, .n = 1};
    size_t bytes;

    if (rank < 0 || rank > HU_MAX_RANK)
        return hu_fail(err, HU_ESHAPE, "array: %d indices; an array has 0 to %d", rank, HU_MAX_RANK);
    for (int i = 0; i < rank; i++) {
        made.shape[i] = shape[i];
        if (__builtin_mul_overflow(made.n, shape[i], &made.n))
            return hu_fail(err, HU_ENOMEM, "array: the product of the sizes is more than any memory holds");
    }
    if (__builtin_mul_overflow(made.n, size_of(dtype), &bytes) || bytes > PTRDIFF_MAX || !is_available(bytes))
        return hu_fail(err, HU_ENOMEM, "array: %zu elements are more than the memory that is left holds", made.n);
    made.data = hu_aligned(made.n, size_of(dtype));
    if (!made.data)
        return hu_fail(err, HU_ENOMEM, "array: no memory for %zu elements (%zu bytes)", made.n, bytes);
    memset(made.data, 0, bytes);
    *t = made;
    return HU_OK;
}

void hu_tensor_clear(hu_tensor *t)
{
    hu_free(t->data);
    memset(t, 0, sizeof *t);
}

double hu_tensor_get(const hu_tensor *t, size_t i)
{
    return t->dtype == HU_F32 ? (double)t->f32[i] : t->f64[i];
}

void hu_tensor_set(hu_tensor *t, size_t i, double value)
{
    if (t->dtype == HU_F32)
        t->f32[i] = (float)value;
    else
        t->f64[i] = value;
}
