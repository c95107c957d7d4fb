/* elementwise.c - arithmetic and functions element by element, in the carrier's own arithmetic. */
#include "src/tensor/tensor.h"

#include <math.h>
#include <string.h>

/* ---- one row: out[i] = a[i * sa] op b[i * sb] ---- */

typedef void row_loop(void *out, const void *a, size_t sa, const void *b, size_t sb, size_t n);

static double min_f64(double x, double y) { return isnan(x) || isnan(y) ? NAN : fmin(x, y); }
static double max_f64(double x, double y) { return isnan(x) || isnan(y) ? NAN : fmax(x, y); }
static float  min_f32(float x, float y)   { return isnan(x) || isnan(y) ? NAN : fminf(x, y); }
static float  max_f32(float x, float y)   { return isnan(x) || isnan(y) ? NAN : fmaxf(x, y); }

#define LOOP(name, type, expression)                                                                 \
    static void name(void *out, const void *a, size_t sa, const void *b, size_t sb, size_t n)        \
    {                                                                                                \
        type *to = out;                                                                              \
        const type *p = a, *q = b;                                                                   \
        for (size_t i = 0; i < n; i++) {                                                             \
            type x = p[i * sa], y = q[i * sb];                                                       \
            to[i] = expression;                                                                      \
        }                                                                                            \
    }
#define LOOPS(name, for_f32, for_f64) LOOP(name##_row_f32, float, for_f32) LOOP(name##_row_f64, double, for_f64)
LOOPS(add, x + y, x + y)
LOOPS(sub, x - y, x - y)
LOOPS(mul, x * y, x * y)
LOOPS(div, x / y, x / y)
LOOPS(pow, powf(x, y), pow(x, y))
LOOPS(min, min_f32(x, y), min_f64(x, y))
LOOPS(max, max_f32(x, y), max_f64(x, y))

static row_loop *const row_loops[][2] = {
#define X(name) [HU_ARITH_##name] = {[HU_F32] = name##_row_f32, [HU_F64] = name##_row_f64},
    HU_ARITH_MAP(X)
#undef X
};

/* ---- repeating ---- */

/* The size of t at index i of `rank`, where t's own indices are the last ones. */
static size_t size_at(const hu_tensor *t, int i, int rank)
{
    int own = i - (rank - t->rank);
    return own < 0 ? 1 : t->shape[own];
}

hu_status hu_tensor_common_shape(const hu_tensor *a, const hu_tensor *b, int *rank, size_t shape[HU_MAX_RANK],
                                 hu_error *err)
{
    *rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < *rank; i++) {
        size_t sa = size_at(a, i, *rank), sb = size_at(b, i, *rank);
        if (sa != sb && sa != 1 && sb != 1)
            return hu_fail(err, HU_ESHAPE, "the shapes do not fit: counted from the last index, number %d has size %zu in "
                           "one array and %zu in the other", *rank - i, sa, sb);
        shape[i] = sa == 1 ? sb : sa;
    }
    return HU_OK;
}

/* How far apart in memory t's elements are along each index of the common shape; 0 where they repeat. */
static void find_strides(const hu_tensor *t, int rank, size_t strides[HU_MAX_RANK])
{
    size_t step = 1;
    for (int i = rank - 1; i >= 0; i--) {
        size_t size = size_at(t, i, rank);
        strides[i] = size == 1 ? 0 : step;
        step *= size;
    }
}

/* Where in t the row number `row` of the common shape (all indices but the last) begins. */
static size_t row_start(size_t row, int rank, const size_t *shape, const size_t *strides)
{
    size_t at = 0;
    for (int i = rank - 2; i >= 0; i--) {
        at += row % shape[i] * strides[i];
        row /= shape[i];
    }
    return at;
}

static const void *element(const hu_tensor *t, size_t i)
{
    return t->dtype == HU_F32 ? (const void *)(t->f32 + i) : (const void *)(t->f64 + i);
}

static bool has_shape(const hu_tensor *t, int rank, const size_t *shape)
{
    return t->rank == rank && memcmp(t->shape, shape, (size_t)rank * sizeof *shape) == 0;
}

hu_status hu_tensor_arith(hu_tensor *out, hu_arith op, const hu_tensor *a, const hu_tensor *b, hu_error *err)
{
    int rank;
    size_t shape[HU_MAX_RANK], sa[HU_MAX_RANK], sb[HU_MAX_RANK];

    if (a->dtype != b->dtype || a->dtype != out->dtype)
        return hu_fail(err, HU_ESHAPE, "the arrays differ in type; all floats or all doubles");
    hu_status status = hu_tensor_common_shape(a, b, &rank, shape, err);
    if (status != HU_OK)
        return status;
    if (!has_shape(out, rank, shape))
        return hu_fail(err, HU_ESHAPE, "the result does not have the shape that the operands share");
    if (out->n == 0)
        return HU_OK;

    find_strides(a, rank, sa);
    find_strides(b, rank, sb);
    size_t columns = rank ? shape[rank - 1] : 1, step_a = rank ? sa[rank - 1] : 0, step_b = rank ? sb[rank - 1] : 0;
    for (size_t row = 0; row < out->n / columns; row++)
        row_loops[op][out->dtype]((void *)element(out, row * columns),
                                  element(a, row_start(row, rank, shape, sa)), step_a,
                                  element(b, row_start(row, rank, shape, sb)), step_b, columns);
    return HU_OK;
}

hu_status hu_tensor_broadcast(hu_tensor *out, const hu_tensor *in, hu_error *err)
{
    int rank;
    size_t shape[HU_MAX_RANK], strides[HU_MAX_RANK];

    hu_status status = hu_tensor_common_shape(out, in, &rank, shape, err);
    if (status != HU_OK)
        return status;
    if (!has_shape(out, rank, shape))
        return hu_fail(err, HU_ESHAPE, "the array does not repeat to the shape of the result");
    if (out->n == 0)
        return HU_OK;

    find_strides(in, rank, strides);
    size_t columns = rank ? shape[rank - 1] : 1, step = rank ? strides[rank - 1] : 0;
    for (size_t row = 0; row < out->n / columns; row++) {
        size_t from = row_start(row, rank, shape, strides);
        for (size_t i = 0; i < columns; i++)
            hu_tensor_set(out, row * columns + i, hu_tensor_get(in, from + i * step));
    }
    return HU_OK;
}

/* ---- functions ---- */

static float  abs_f32(float x)    { return fabsf(x); }
static double abs_f64(double x)   { return fabs(x); }
static float  round_f32(float x)  { return nearbyintf(x); }
static double round_f64(double x) { return nearbyint(x); }
#define LIBM(name)                                                        \
    static float  name##_f32(float x)  { return name##f(x); }             \
    static double name##_f64(double x) { return name(x); }
LIBM(floor) LIBM(sqrt) LIBM(exp) LIBM(expm1) LIBM(log) LIBM(log1p) LIBM(log2) LIBM(sin) LIBM(cos) LIBM(tanh)

static const struct { float (*f32)(float); double (*f64)(double); } functions[] = {
#define X(name) [HU_FUNCTION_##name] = {name##_f32, name##_f64},
    HU_FUNCTION_MAP(X)
#undef X
};

hu_status hu_tensor_apply(hu_tensor *out, hu_function function, const hu_tensor *in, hu_error *err)
{
    if (out->dtype != in->dtype || !has_shape(out, in->rank, in->shape))
        return hu_fail(err, HU_ESHAPE, "the result and the array differ in shape or type");
    for (size_t i = 0; i < in->n; i++)
        if (in->dtype == HU_F32)
            out->f32[i] = functions[function].f32(in->f32[i]);
        else
            out->f64[i] = functions[function].f64(in->f64[i]);
    return HU_OK;
}
