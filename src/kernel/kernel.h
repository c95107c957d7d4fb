/* kernel.h - the operations of src/ops over arrays of carriers, and dot products and GEMM.
 *
 * A carrier is a float or a double that holds an emulated value exactly. Every function gives the same
 * bits as the scalar path (decode, one exact operation, one rounding), in every mode, stochastic ones
 * included, at any number of threads. In a stochastic mode element i of a call draws the random word
 * env->random.index + i, and the index has moved on by n afterwards; in the others it stays. Flags of all
 * elements are OR-ed into env->flags. Of env the NaN rule and the given word are not looked at.
 *
 * `out` may be one of the inputs unless a comment says otherwise; one that overlaps an input otherwise is refused with HU_EINVAL, and nothing
 * is written. A NaN result is the carrier's
 * canonical quiet NaN (payloads are a matter of codes, src/ops); a format without negative zero gives +0.
 * A result is the value that its code decodes to, which is a zero for the subnormals of a format that flushes
 * them on input.
 */
#ifndef HU_KERNEL_KERNEL_H
#define HU_KERNEL_KERNEL_H

#include "src/kernel/block-fma.h"
#include "src/kernel/multiply.h"
#include "src/ops/env.h"
#include "src/ops/ops.h"

/* Whether every value of f is a value of the carrier. The functions below return HU_EINVAL where not.
 *
 * The values of a logarithmic format are irrational: an array holds the numbers nearest to them, and f fits when no two of
 * its values are nearest to the same one. Such a number stands for the value itself: quantize and encode leave it as it is in every
 * mode, and an operation all of whose operands are such is the one on the codes (hu_code_of_nearest in src/ops). Any
 * other number is taken as it is, and where it meets such a one both are. */
bool hu_fits_f32(const hu_format *f);
bool hu_fits_f64(const hu_format *f);

/* out[i] = in[i] on the grid of f. in: any values of the carrier. */
hu_status hu_quantize_f32(float  *out, const float  *in, size_t n, const hu_format *f, hu_env *env, hu_error *err);
hu_status hu_quantize_f64(double *out, const double *in, size_t n, const hu_format *f, hu_env *env, hu_error *err);

/* Codes of formats of up to 64 bits, one a uint64_t. encode rounds, decode is exact. */
hu_status hu_encode_f64(uint64_t *out, const double *in, size_t n, const hu_format *f, hu_env *env, hu_error *err);
hu_status hu_decode_f64(double *out, const uint64_t *in, size_t n, const hu_format *f, hu_error *err);

/* The same for codes of up to 8 bits, one a byte, of up to 16 bits, one a uint16_t, and of up to 16 bits packed without
 * gaps: code i takes the bits i w to (i + 1) w - 1, w being its width, and bit b is bit b % 8 (from the lowest) of byte b / 8, as in the
 * blocks of block.h. So two codes of 4 bits share a byte, the first in its lower half, four of 6 bits take three bytes, and one of
 * 16 bits has its lower byte first. Packed arrays have hu_packed_bytes(n, f) bytes; unused bits of the last one are 0.
 *
 * What is encoded are any values of the carrier, whether those of f are values of it or not, but for logarithmic formats; decode
 * needs that. HU_EINVAL: f's codes are wider; a code is past f's last one; f does not fit; codes and values overlap. */
#define HU_CODES_MAP(X) X(uint8_t, u8) X(uint16_t, u16) X(uint8_t, packed)
#define X(T, name) \
hu_status hu_encode_##name##_f32(T *out, const float  *in, size_t n, const hu_format *f, hu_env *env, hu_error *err); \
hu_status hu_encode_##name##_f64(T *out, const double *in, size_t n, const hu_format *f, hu_env *env, hu_error *err); \
hu_status hu_decode_##name##_f32(float  *out, const T *in, size_t n, const hu_format *f, hu_error *err); \
hu_status hu_decode_##name##_f64(double *out, const T *in, size_t n, const hu_format *f, hu_error *err);
HU_CODES_MAP(X)
#undef X
size_t hu_packed_bytes(size_t n, const hu_format *f);

/* Elementwise, one rounding each. Operands are values of the carrier, taken as exact numbers (they need not be
 * values of f). `op` is "add", "sub", "mul", "div", "fma" or "sqrt"; b and c are NULL where it has fewer operands. */
typedef enum hu_elementwise { HU_ADD, HU_SUB, HU_MUL, HU_DIV, HU_FMA, HU_SQRT } hu_elementwise;
hu_status hu_map_f32(float  *out, hu_elementwise op, const float  *a, const float  *b, const float  *c, size_t n,
                     const hu_format *f, hu_env *env, hu_error *err);
hu_status hu_map_f64(double *out, hu_elementwise op, const double *a, const double *b, const double *c, size_t n,
                     const hu_format *f, hu_env *env, hu_error *err);

/* The functions of src/ops (hu_op_find("exp") ... "hypot"), correctly rounded; b is NULL for those of one operand. Operands
 * are values of the carrier, taken as exact numbers. Where operands are values of f, the mode is not a stochastic one and f has
 * at most 16 bits (pow, atan2, hypot: 8), results come from a table that fills as they are asked for; it is shared by all
 * calls of the process, which keeps at most 64 MiB of such tables. HU_EINVAL: op is none of these, or f does not have it. */
hu_status hu_function_f32(float  *out, const hu_op *op, const float  *a, const float  *b, size_t n, const hu_format *f, hu_env *env,
                          hu_error *err);
hu_status hu_function_f64(double *out, const hu_op *op, const double *a, const double *b, size_t n, const hu_format *f, hu_env *env,
                          hu_error *err);

/* How a dot product adds. The manual's page docs/accumulators.md has the same for users; this is where it is defined. Every result is that of one loop over its
 * terms in the order told here, at any number of threads and on every instruction set.
 *
 * Each product is rounded to `product`, or kept exact when that is NULL (one rounding a term, as in an
 * FMA). Each sum is rounded to `sum`; NULL: the carrier's own arithmetic, nearest-even, which raises no flags. With
 * `chunk` > 0 the terms are added up in chunks of that many, each from zero, and the chunks' sums are added in order
 * from zero in `outer` (NULL: the same as `sum`). Orders: upward over k from zero, or pairwise by halves (a range of
 * n > 1 terms is split after its first n - n/2 ones; a single term is the product, rounded to `sum` too), or exact: all terms
 * are added without rounding, as in a quire or a Kulisch accumulator, and the sum is rounded once, so that no order shows. Its
 * infinities and NaNs are those of IEEE 754-2019, section 9.4: infinities of both signs and zero times infinity raise invalid,
 * the former only where no term is a NaN; an exact zero is -0 when rounding down, unless all terms are +0. Or Kahan's compensated
 * summation (Higham, Accuracy and Stability, algorithm 4.2): from s = e = 0, upward over k, y = term + e, t = s + y, e = (s - t) + y, s = t,
 * each of the four operations rounded to `sum`, the first one being fma(a, b, e) where there is no `product`; s is the result, and an infinite
 * one becomes a NaN with the next term. The sum of no terms is +0. All roundings use env->rounding.
 *
 * Random words, counted from env->random.index, which moves on by 2 m n k: term k of element (i, j), the p-th of all
 * with p = (i n + j) k_total + k, draws 2 p for its product. For its sum, in order, it draws a word whose upper half is that of the word
 * 2^63 + i k_total + k, its row's, xor that of 3 2^62 + j k_total + k, its column's, and whose lower half is 0. Such words are uniform; those of different terms are
 * independent, and those of one term are where no four elements are the corners of a rectangle (or a longer cycle along rows and columns): so those of any
 * three elements, all of a row, and all of a column. Whatever depends on the results of three elements together is distributed as if all words were independent, among
 * it means, variances and correlations, and the variances of sums over a matrix. The fourth word of a rectangle is the xor of the others: what four elements
 * and more have in common differs, as the spectrum of the matrix of errors of one term (with srh, all inexact: of rank one; over many terms this goes away). With 32
 * random bits the probability of rounding away from zero is too low by less than 2^-32.
 *
 * Other sums draw 2 p + 1 (pairwise: for being rounded to `sum`); the pairwise sum of the terms up to and from term k draws 2^61 + p (exact: the sum draws the word that its
 * last term would for its sum; Kahan: y draws 2 p + 1, and t, s - t and e draw 2^61 + 3 p, + 1 and + 2); chunk c's outer
 * sum 2^62 + (i n + j) chunks + c. A dot product and a sum are the element (0, 0) of a result of one.
 *
 * With block.group > 0 the terms are added by that block FMA (block-fma.h), in its own modes, formats and flags: product and sum are NULL
 * and the order is sequential. Chunks' sums are added in `outer` (NULL: the carrier's own arithmetic) under env.
 *
 * With multiplier.kind the products are those of that multiplier (multiply.h), which are then rounded to `product` where that is
 * given, and added. The factors have to be values of its formats. The carrier's own arithmetic rounds a product to the carrier before it adds it.
 *
 * With integer.bits the terms are added upward by a two's complement integer of that width, which counts units of 2^-fraction and wraps around or
 * stays at the end of its range, at every addition, in order; sum is NULL and the order is sequential. Every product, rounded to `product` where
 * that is given, has to be a multiple of the unit; without `product` the factors have to be multiples of 2^-p and 2^-q with p + q =
 * fraction or less. Overflow is raised where an addition left the range, and inexact with it. The sum (of a chunk) is then rounded to the
 * carrier, nearest-even: up to 24 bits fit a float, up to 53 a double. With product_bits > 0 products are signed
 * numbers of that many bits: one that is larger is HU_ERANGE, and a saturating integer narrower than that HU_EINVAL. With `shared` bits P > 0 the
 * factors are dynamic fixed point, integers of P bits times a power of two that each matrix has for itself, 2^(floor(log2 of its largest
 * magnitude) - (P - 2)); the unit is the product of the two, and `fraction` is 0 and has no meaning.
 *
 * With scales.a or scales.b, numbers of blocks of a and b, element (i, j) is the sum over the chunks c of s part(c), in order from zero, each
 * step fma(part, s, sum) rounded once to `outer` (NULL: as `sum`; there too NULL: the carrier's own): s is the product of the two scales, rounded to
 * the carrier, nearest-even, and part the sum of the chunk's unscaled terms. Within a chunk scales stay the same: the depths of the
 * blocks are multiples of `chunk`, which is the smaller of them where it is 0 (all terms where no scale varies along k). Random words: the outer sums'. */
typedef enum hu_order { HU_ORDER_SEQUENTIAL, HU_ORDER_PAIRWISE, HU_ORDER_EXACT, HU_ORDER_KAHAN } hu_order;

typedef struct hu_integer {
    int  bits;                   /* 2 to 64; 0: the accumulator is no integer */
    int  fraction;               /* of 2^-fraction is its unit; -1000 to 1000 */
    bool saturates;              /* else it wraps                             */
    int  product_bits;           /* 0: products of any size                   */
    int  shared;                 /* bits of dynamic fixed-point factors, 2 to 32; 0: they are others */
} hu_integer;

/* One number for each block of a_rows x a_depth elements of a [m][k] and b_depth x b_columns of b [k][n], row by row, the last of a row or
 * column of blocks being cut where a or b ends: a [ceil(m / a_rows)][ceil(k / a_depth)], b [ceil(k / b_depth)][ceil(n / b_columns)].
 * A size of 0: all of them. NULL: ones. They go by a and b as they are multiplied, transposed or not. */
typedef struct hu_scales {
    const double *a, *b;
    size_t a_rows, a_depth, b_depth, b_columns;
} hu_scales;

typedef struct hu_accumulator {
    const hu_format *product;
    const hu_format *sum;
    const hu_format *outer;
    hu_order         order;
    size_t           chunk;
    hu_block_fma     block;
    hu_multiplier    multiplier;
    hu_integer       integer;
    hu_scales        scales;
} hu_accumulator;

/* Whether it says nothing: the carrier's own arithmetic, upward over k. */
bool hu_accumulator_is_own(const hu_accumulator *acc);

/* sum of terms x[0] + ... + x[n-1], and dot product, under an accumulator (product is not used by sum). */
hu_status hu_sum_f64(double *out, const double *x, size_t n, const hu_accumulator *acc, hu_env *env, hu_error *err);
hu_status hu_dot_f64(double *out, const double *a, const double *b, size_t n,
                     const hu_accumulator *acc, hu_env *env, hu_error *err);

/* c = a b.
 *
 *   c  [m][n]  written, rows ldc apart. Must not overlap a or b.
 *   a  [m][k]  rows lda apart (a_transposed: stored [k][m])
 *   b  [k][n]  rows ldb apart (b_transposed: stored [n][k])
 *
 * The operands are taken as they are; quantize them first where they should be values of a format.
 * With no format given, no chunk and in order this is the carrier's own GEMM: sum = fma(a, b, sum) upward over k, the same
 * bits on every machine and at any number of threads. The library depends on no BLAS.
 *
 * Returns HU_EINVAL where a format does not fit the carrier, fields of the accumulator exclude one another or c overlaps a or b, HU_ESHAPE where
 * rows overlap, HU_ERANGE where a factor is no value of the formats asked for, HU_ENOMEM; c is then as it was.
 * Cost: one or two roundings a term. Where env->no_flags is set, terms in order, also in chunks, whose roundings draw nothing, and sums without chunks and product format in the modes sr, srh, sra and srb, are
 * rounded in tiles that stay in registers, five to some fifty times as fast; these take memory for packed panels (at most 2 MiB and
 * 480 KiB a thread, and the sums of chunks of more than 256 terms), and where there is none the plain way is gone, as it is for factors
 * that are not finite and formats that flush subnormals or have no negative zero. Quickest is nearest-even on floats with AVX-512; there
 * factors of few bits are told by themselves: products that are values of the sum's format cost one operation, not two. */
typedef struct hu_gemm_shape {
    size_t m, n, k, lda, ldb, ldc;
    bool a_transposed, b_transposed;
} hu_gemm_shape;

hu_status hu_gemm_f32(float  *c, const float  *a, const float  *b, hu_gemm_shape shape,
                      const hu_accumulator *acc, hu_env *env, hu_error *err);
hu_status hu_gemm_f64(double *c, const double *a, const double *b, hu_gemm_shape shape,
                      const hu_accumulator *acc, hu_env *env, hu_error *err);

/* `count` products of one shape: the q-th of the matrices at c + q c_apart, a + q a_apart, b + q b_apart, with the scales at
 * scales.a + q scale_a_apart, scales.b + q scale_b_apart. An a or b apart by 0 is the same for all. The same bits, flags and random
 * words as `count` calls of hu_gemm in order; an error is found before anything is written. The results lie
 * at least one apart: HU_ESHAPE where they overlap. */
typedef struct hu_gemm_batch {
    size_t count, c_apart, a_apart, b_apart, scale_a_apart, scale_b_apart;
} hu_gemm_batch;

hu_status hu_gemm_batch_f32(float  *c, const float  *a, const float  *b, hu_gemm_shape shape, const hu_gemm_batch *batch,
                            const hu_accumulator *acc, hu_env *env, hu_error *err);
hu_status hu_gemm_batch_f64(double *c, const double *a, const double *b, hu_gemm_shape shape, const hu_gemm_batch *batch,
                            const hu_accumulator *acc, hu_env *env, hu_error *err);

/* The number of threads that array kernels use; 0: as many as OpenMP offers. Results do not depend on it. hu_threads_set
 * returns the setting that was there, 0 included; hu_threads the number that it comes to. */
int hu_threads_set(int n);
int hu_threads(void);

#endif
