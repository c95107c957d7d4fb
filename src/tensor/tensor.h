/* tensor.h - arrays of carriers with a shape, and how their values are put on a format's grid.
 *
 * Storage is contiguous, the last index runs fastest. Rank 0 is a single value.
 */
#ifndef HU_TENSOR_TENSOR_H
#define HU_TENSOR_TENSOR_H

#include "src/kernel/kernel.h"

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

/* How a tensor's values are put on a grid: format, mode and overflow. */
typedef struct hu_quantizer {
    const hu_format   *format;     /* NULL: the values are left as they are */
    const hu_rounding *rounding;   /* NULL: nearest-even */
    hu_overflow        overflow;
} hu_quantizer;

/* out = in on q's grid; random words from (seed, stream, 0 ...). out may be in. Shapes and types agree. */
hu_status hu_tensor_quantize(hu_tensor *out, const hu_tensor *in, const hu_quantizer *q,
                             uint64_t seed, uint64_t stream, hu_error *err);

/* c = a b: a [m][k] (a_transposed: [k][m]), b [k][n] (b_transposed: [n][k]), c [m][n]; all of one type, two
 * indices each; c is written and overlaps neither. `acc` NULL, or without a product and a sum format: the carrier's own GEMM
 * through OpenBLAS (the order of the additions is then the library's); env may be NULL then.
 * Otherwise hu_gemm_f32 / hu_gemm_f64 under env. HU_ESHAPE where the shapes or types do not fit. */
hu_status hu_tensor_matmul(hu_tensor *c, const hu_tensor *a, bool a_transposed, const hu_tensor *b, bool b_transposed,
                           const hu_accumulator *acc, hu_env *env, hu_error *err);

/* NumPy's .npy files, version 1.0: little-endian f4 and f8, C order. Others are refused by name. */
hu_status hu_tensor_save_npy(const hu_tensor *t, const char *path, hu_error *err);
hu_status hu_tensor_load_npy(hu_tensor *t, const char *path, hu_error *err);

#endif
