/* block.h - arrays in block formats: rounding, codes and scales, bytes, and where the error comes from.
 *
 * What is computed, exactly: the scale X of a block follows from its largest magnitude by the format's rule
 * (formats/block.h), without an intermediate rounding. An element is then x / (X T), the exact quotient, rounded once
 * to the element's format by env's mode; what lies past the element's range becomes its last value on that side, in
 * every mode and under every overflow policy (OCP MX 1.0, section 6.3). Two's complement elements are symmetric:
 * their lowest code is read but never written. The value that comes out is element * X * T, rounded to the carrier if
 * it does not fit it (to nearest even; in double all named formats fit). T is 1 without a tensor scale; with one it
 * is amax of the array / (M * largest block scale), rounded once to nearest even (upward to a power of two), at least
 * the smallest and at most the largest positive value of its format, and 1 for an array of zeros.
 *
 * The edges, where the sources leave a choice:
 *   - A block of zeros has the scale that zero becomes (of E8M0 the smallest, 2^-127; else 0), and its zeros keep
 *     their signs.
 *   - A scale below the smallest positive one becomes that one, never zero.
 *   - A power-of-two scale above the largest one is NaN, which raises overflow and inexact (as in the reference
 *     emulator of MX), unless env's overflow policy saturates; then, and in other formats always, it is the largest one.
 *   - A NaN in a block makes the scale NaN and every element with it. So does an infinity, which raises invalid;
 *     under the policy `saturate` it becomes the last value on its side instead, and the scale follows from the
 *     finite elements. A scale format without NaN leaves both to the element's format.
 *   - The element codes of a block whose scale is NaN are those of +0.
 *   - The last block of a line, and in two dimensions the last row of blocks, may be short.
 *   - Element formats without a zero give their smallest value for it, and raise underflow and inexact.
 *
 * The values of logarithmic formats are irrational; they are taken cut to 64 bits.
 *
 * Flags are those of rounding the elements. In a stochastic mode the element at offset i of the array draws the word
 * env->random.index + i, and the index moves on by the number of elements. Results do not depend on the number of
 * threads.
 */
#ifndef HU_KERNEL_BLOCK_H
#define HU_KERNEL_BLOCK_H

#include "formats/block.h"
#include "src/kernel/kernel.h"

/* Where the lines of an array are: the element k of line r of part o is at offset o * outer_stride + r * row_stride +
 * k * stride. Blocks lie along k; where a format's blocks have several rows, along r too. Every offset from 0 to the
 * number of elements is met once. Blocks, and their scales, are counted along k, then r, then o. */
typedef struct hu_block_layout {
    size_t outer, rows, length;
    size_t outer_stride, row_stride, stride;
} hu_block_layout;

/* n elements in a row. */
hu_block_layout hu_block_line(size_t n);

/* The layout of an array of that shape (the last index runs fastest) with blocks along index `axis` (from 0), which
 * f's blocks of several rows take together with the index before it, or, for the first of two, the one after. f with
 * size=tensor, or axis -1: all elements in a row. HU_ESHAPE where the array does not have the index or indices. */
hu_status hu_block_layout_init(hu_block_layout *l, const hu_block_format *f, int rank, const size_t *shape, int axis,
                               hu_error *err);

size_t hu_block_count(const hu_block_layout *l, const hu_block_format *f);        /* blocks   */
size_t hu_block_elements(const hu_block_layout *l);                               /* elements */

/* out = in in the block format, as values. out may be in, but not overlap it otherwise: HU_EINVAL. */
hu_status hu_block_quantize_f32(float  *out, const float  *in, const hu_block_layout *l, const hu_block_format *f,
                                hu_env *env, hu_error *err);
hu_status hu_block_quantize_f64(double *out, const double *in, const hu_block_layout *l, const hu_block_format *f,
                                hu_env *env, hu_error *err);

/* codes [elements], at their offsets; scales [blocks], the codes of X; *tensor, the code of T (0 without one). */
hu_status hu_block_encode_f64(uint64_t *codes, uint64_t *scales, uint64_t *tensor, const double *in,
                              const hu_block_layout *l, const hu_block_format *f, hu_env *env, hu_error *err);

/* The same with the random word of each element given, [elements] at their offsets; NULL: drawn. */
hu_status hu_block_encode_words_f64(uint64_t *codes, uint64_t *scales, uint64_t *tensor, const double *in,
                                    const uint64_t *words,
                                    const hu_block_layout *l, const hu_block_format *f, hu_env *env, hu_error *err);

/* The values of codes. HU_EINVAL where a code is past its format's last. Any code is read: a scale may be zero,
 * negative or infinite. */
hu_status hu_block_decode_f64(double *out, const uint64_t *codes, const uint64_t *scales, uint64_t tensor,
                              const hu_block_layout *l, const hu_block_format *f, hu_error *err);

/* The scale of one block that has this largest magnitude (HU_FINITE or HU_ZERO), as a code of f->scale. tensor: the
 * value of T; 1 without one. Not for the rule mse, which needs the elements. Raises flags in env where the scale
 * becomes NaN. */
hu_code hu_block_scale(const hu_block_format *f, hu_num amax, hu_num tensor, hu_env *env);

/* ---- bytes ---- */

/* Block after block, in the order in which blocks are counted, and each from a byte of its own on: element i of a
 * block (along k, then r) takes the bits i w to (i + 1) w - 1, w the element's width, bit b of a block being bit b %
 * 8 (from the lowest) of its byte b / 8; unused bits of the last byte are 0. Scales are little-endian, as many bytes
 * each as their width needs. Separate: all elements, and an array of all scales. Interleaved: the scale of each block
 * before its elements. The tensor scale stands apart. */
size_t hu_block_element_bytes(const hu_block_layout *l, const hu_block_format *f);
size_t hu_block_scale_bytes(const hu_block_layout *l, const hu_block_format *f);
void   hu_block_pack(uint8_t *elements, uint8_t *scales, const uint64_t *codes, const uint64_t *scale_codes,
                     const hu_block_layout *l, const hu_block_format *f);     /* scales NULL: interleaved in elements */
void   hu_block_unpack(uint64_t *codes, uint64_t *scale_codes, const uint8_t *elements, const uint8_t *scales,
                       const hu_block_layout *l, const hu_block_format *f);

/* encode and pack at once: elements [hu_block_element_bytes], scales [hu_block_scale_bytes] (NULL: interleaved in elements), *tensor as in
 * hu_block_encode_f64. Elements of up to 8 bits, in blocks one after another, of floats take one pass and no memory; the others have an array of
 * all codes made, for want of which HU_ENOMEM is returned. */
hu_status hu_block_encode_packed_f32(uint8_t *elements, uint8_t *scales, uint64_t *tensor, const float *in, const hu_block_layout *l,
                                     const hu_block_format *f, hu_env *env, hu_error *err);

/* ---- the error ---- */

/* Where the error of a block comes from. Each element's belongs to one part: clipping where its magnitude is past the
 * element's range times the scale, flush where it is not zero and became zero, rounding else. Elements that are not
 * finite, before or after, are counted and left out. */
typedef enum hu_block_part { HU_BLOCK_CLIPPING, HU_BLOCK_FLUSH, HU_BLOCK_ROUNDING, HU_BLOCK_PARTS } hu_block_part;

typedef struct hu_block_error {
    double energy[HU_BLOCK_PARTS];      /* sums of (out - in)^2                       */
    double max[HU_BLOCK_PARTS];         /* largest |out - in|                         */
    size_t n[HU_BLOCK_PARTS];           /* elements with an error of that kind        */
    double total;                       /* sum of (out - in)^2 over all, by itself    */
    double signal;                      /* sum of in^2                                */
    size_t n_elements, n_not_finite;
    double scale;                       /* X T                                        */
} hu_block_error;

/* errors [blocks]; env as in quantize. */
hu_status hu_block_errors_f64(hu_block_error *errors, const double *in, const hu_block_layout *l,
                              const hu_block_format *f, hu_env *env, hu_error *err);

/* Adds up the errors of n blocks; scale becomes 0. */
hu_block_error hu_block_error_sum(const hu_block_error *errors, size_t n);

#endif
