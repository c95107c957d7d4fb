/* tensor.h - arrays of carriers with a shape, and how their values are put on a format's grid.
 *
 * Storage is contiguous, the last index runs fastest. Rank 0 is a single value.
 */
#ifndef HU_TENSOR_TENSOR_H
#define HU_TENSOR_TENSOR_H

#include "src/kernel/block.h"

#define HU_MAX_RANK 4

typedef enum hu_dtype { HU_F32, HU_F64 } hu_dtype;

typedef struct hu_tensor {
    hu_dtype dtype;
    int      rank;
    size_t   shape[HU_MAX_RANK];
    size_t   n;                 /* elements: the product of the shape */
    union { float *f32; double *f64; void *data; };   /* 64-byte aligned */
} hu_tensor;

/* In memory that the caller has: shape checked against overflow, data allocated and zeroed. */
hu_status hu_tensor_init(hu_tensor *t, hu_dtype dtype, int rank, const size_t *shape, hu_error *err);
void      hu_tensor_clear(hu_tensor *t);        /* a cleared or zeroed one may be cleared again */

double hu_tensor_get(const hu_tensor *t, size_t i);             /* flat index */
void   hu_tensor_set(hu_tensor *t, size_t i, double value);

/* ---- elementwise and reductions, in the carrier's own arithmetic ---- */

/* The shape of a op b, NumPy's rule: shapes are aligned at their last index, and a size of 1, or an index that one of
 * them lacks, is repeated. HU_ESHAPE where the sizes do not fit. */
hu_status hu_tensor_common_shape(const hu_tensor *a, const hu_tensor *b, int *rank, size_t shape[HU_MAX_RANK],
                                 hu_error *err);

/* out = a op b with repeating; all of one type, and out of the common shape; out may be a or b where that has the common
 * shape. min and max are NaN where an operand is. */
#define HU_ARITH_MAP(X) X(add) X(sub) X(mul) X(div) X(pow) X(min) X(max)
typedef enum hu_arith {
#define X(name) HU_ARITH_##name,
    HU_ARITH_MAP(X)
#undef X
} hu_arith;
hu_status hu_tensor_arith(hu_tensor *out, hu_arith op, const hu_tensor *a, const hu_tensor *b, hu_error *err);

/* out = in repeated to out's shape, converted to out's type. */
hu_status hu_tensor_broadcast(hu_tensor *out, const hu_tensor *in, hu_error *err);

/* out[i] = function(in[i]), by the C library in the carrier's precision; out may be in. Shapes and types agree. */
#define HU_FUNCTION_MAP(X) \
    X(abs) X(floor) X(round) X(sqrt) X(exp) X(expm1) X(log) X(log1p) X(log2) X(sin) X(cos) X(tanh)
typedef enum hu_function {
#define X(name) HU_FUNCTION_##name,
    HU_FUNCTION_MAP(X)
#undef X
} hu_function;
hu_status hu_tensor_apply(hu_tensor *out, hu_function function, const hu_tensor *in, hu_error *err);

/* Along index `axis` (from 0), or over all elements (axis -1), computed in double upward over the index. out has in's shape
 * without the axis and any type. mean, std (of the n elements, divisor n), max, min and arg... of nothing are
 * HU_ESHAPE. A NaN makes max and min NaN and is the place that argmax and argmin (counted from 0) find. norm: square root
 * of the sum of squares, without overflow on the way. */
#define HU_REDUCE_MAP(X) X(sum) X(mean) X(std) X(max) X(min) X(norm) X(argmax) X(argmin)
typedef enum hu_reduce {
#define X(name) HU_REDUCE_##name,
    HU_REDUCE_MAP(X)
#undef X
} hu_reduce;
hu_status hu_tensor_reduce(hu_tensor *out, hu_reduce kind, const hu_tensor *in, int axis, hu_error *err);

/* out = in with each block along an index multiplied by the orthonormal Hadamard matrix of its size; out may be in, shapes and types agree. With
 * `signs`, element i of the index is multiplied by a random sign before, (seed, stream, i); `inverse` undoes the same. Without
 * signs the transform undoes itself. HU_EINVAL, HU_ESHAPE: a block that is no power of two, or does not divide the index. */
typedef struct hu_rotation {
    int      axis;               /* from 0 */
    size_t   block;
    bool     signs, inverse;
    uint64_t seed, stream;
} hu_rotation;
hu_status hu_tensor_hadamard(hu_tensor *out, const hu_tensor *in, const hu_rotation *r, hu_error *err);

/* ---- grids and products ---- */

/* How a tensor's values are put on a grid: format, mode and overflow. */
typedef struct hu_quantizer {
    const hu_format   *format;     /* NULL: the values are left as they are */
    const hu_rounding *rounding;   /* NULL: nearest-even */
    hu_overflow        overflow;
} hu_quantizer;

/* out = in in a block format, blocks along index `axis` (from 0; -1: all elements in a row); hu_block_layout_init says which
 * arrays a format takes. out may be in. */
hu_status hu_tensor_block_quantize(hu_tensor *out, const hu_tensor *in, const hu_block_format *f, int axis, hu_env *env, hu_error *err);

/* c = a b, of batches of matrices and with scales; all of one type. a and b have two indices or more; those before the last two count batches
 * and are repeated by the rule of hu_tensor_common_shape: a [...][m][k] (transposed: [...][k][m]), b [...][k][n] (transposed: [...][n][k]), c [...][m][n].
 *
 * scale_a: one double for each block of block_a[0] rows and block_a[1] columns of a as it is multiplied, [m / rows][k / columns], the last blocks being cut; of one
 * index: one for each block of rows; of none: one for all; with the indices of a's batches before: for each matrix its own. Where block_a is 0 0, the
 * sizes of scale_a have to divide m and k, and the quotients are the block. HU_EINVAL: block_a without scale_a. scale_b, block_b: so, with b's k and n, one index standing for the columns.
 * How scales are used: hu_scales in src/kernel/kernel.h. */
typedef struct hu_matmul {
    bool a_transposed, b_transposed;
    const hu_tensor *scale_a, *scale_b;    /* doubles; NULL: none */
    size_t block_a[2], block_b[2];
} hu_matmul;

/* The rank and shape that c takes, in `out`, which gets no memory. HU_ESHAPE where there is no product. */
hu_status hu_tensor_matmul_shape(hu_tensor *out, const hu_tensor *a, const hu_tensor *b, const hu_matmul *how, hu_error *err);

/* c is written and overlaps neither a nor b. `acc` NULL, or one that says nothing: the carrier's own GEMM through OpenBLAS (the order of the additions is
 * then the library's); env may be NULL then. Otherwise hu_gemm_f32 / hu_gemm_f64 under env. HU_ESHAPE where shapes or types do not fit. */
hu_status hu_tensor_matmul(hu_tensor *c, const hu_tensor *a, const hu_tensor *b, const hu_matmul *how, const hu_accumulator *acc, hu_env *env, hu_error *err);

/* NumPy's .npy files, version 1.0: little-endian f4 and f8, C order. Others are refused by name. */
hu_status hu_tensor_save_npy(const hu_tensor *t, const char *path, hu_error *err);
hu_status hu_tensor_load_npy(hu_tensor *t, const char *path, hu_error *err);

#endif
