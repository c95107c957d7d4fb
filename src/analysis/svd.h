/* svd.h - the singular values and vectors of a matrix. */
#ifndef HU_ANALYSIS_SVD_H
#define HU_ANALYSIS_SVD_H

#include <stddef.h>

#include "src/base/status.h"

/* A = U diag(s) V', the first k singular values and their vectors.
 *
 *   a  [m][n]   row by row
 *   k           1 to r = min(m, n)
 *   s  [k]      descending, not negative
 *   u  [m][k]   orthonormal columns, also where s is zero; NULL: not wanted
 *   v  [n][k]   the same
 *
 * Vectors have a sign: the component of largest magnitude in a column of v is positive, the first of equals. Those of equal singular values
 * are one basis of their space out of many. The error of a value is a small multiple of 2^-52 times the largest one.
 *
 * HU_ESHAPE: no row or no column; HU_EINVAL: k is 0 or above r; HU_ERANGE: an element is not finite, or the QR steps do not end; HU_ENOMEM.
 * On failure the outputs are as they were. Cost: about 4 r^2 (m + n) operations; all r values are computed.
 * Method: bidiagonalization and QR steps (Golub and Reinsch, Numer. Math. 14, 1970), by GSL. */
hu_status hu_svd(double *u, double *s, double *v, size_t k, const double *a, size_t m, size_t n, hu_error *err);

#endif
