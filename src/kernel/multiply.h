/* multiply.h - products that are not the product: of cheap multipliers, by rule or by table.
 *
 * L-Mul adds significands in place of multiplying them. For x = (1 + f) 2^d and y = (1 + g) 2^e, f and g of m bits, and S = f + g + 2^-l:
 *
 *     formula   (1 + S) 2^(d + e), a number without limits of range and precision (m + 2 bits tell it)
 *     bits      the fields of exponent and significand added as one integer, less the bias, plus 2^(m - l): a carry out of the significand
 *               goes on in the exponent, so that S >= 1 makes 2 S of 1 + S. Past the largest value it is that; below the smallest
 *               normal, zero: in the format `a`.
 *
 * The sign is that of the product. A subnormal operand counts as a zero of its sign, and zero times a number is a zero. Infinities and NaNs
 * multiply as ever. Where `l` is 0 it is the paper's: m up to m = 3, 3 for m = 4, 4 beyond.
 * Source: Luo and Sun, "Addition is All You Need for Energy-efficient Language Models" (arXiv 2410.00907); the two forms are told apart because
 * implementations differ.
 *
 * A table holds the product for each pair of codes: table[code of x * 2^(width of b) + code of y].
 */
#ifndef HU_KERNEL_MULTIPLY_H
#define HU_KERNEL_MULTIPLY_H

#include "formats/format.h"
#include "src/ops/env.h"

typedef enum hu_multiplier_kind {
    HU_MULTIPLIER_EXACT, HU_MULTIPLIER_LMUL_BITS, HU_MULTIPLIER_LMUL_FORMULA, HU_MULTIPLIER_TABLE
} hu_multiplier_kind;

typedef struct hu_multiplier {
    hu_multiplier_kind kind;
    const hu_format   *a, *b;       /* of the operands, which have to be values of them; L-Mul: of both, and b is not looked at */
    int                l;           /* L-Mul: 0, or another l, 1 to 62                                     */
    const double      *table;       /* [2^(width of a)][2^(width of b)]; the caller's, and kept by nobody  */
} hu_multiplier;

/* Most bits that a code of a and one of b have together, for a table: it has 2^24 products then. */
enum { HU_MULTIPLIER_MOST_BITS = 24 };

/* HU_EINVAL, and what would do, where a format is missing or of the wrong kind, or a field is out of its range. what: who asks. */
hu_status hu_multiplier_check(const hu_multiplier *m, const char *what, hu_error *err);

/* One product. x and y are values of the formats. */
double hu_multiply(const hu_multiplier *m, double x, double y);

/* out[i] = the product of x[i] and y[i], rounded to f (NULL: to the carrier, nearest-even, without flags). out may be x or y; x and y need
 * not be values of the operands' formats: what is not is HU_ERANGE, with the first such element, and nothing is written. Element i draws the
 * random word env->random.index + i. */
hu_status hu_multiply_f32(float  *out, const float  *x, const float  *y, size_t n, const hu_multiplier *m, const hu_format *f, hu_env *env, hu_error *err);
hu_status hu_multiply_f64(double *out, const double *x, const double *y, size_t n, const hu_multiplier *m, const hu_format *f, hu_env *env, hu_error *err);

#endif
