/* block-fma.h - the adder of a matrix unit: a group of products and the accumulator, aligned, cut and summed at once.
 *
 * A step takes the accumulator c and the products of one group of terms and gives the next c:
 *
 *     1. every product a[i] b[i] is exact; its exponent e_i is e(a[i]) + e(b[i]), with e(x) = floor(log2 |x|), but no less than that of
 *        the format's smallest normal: a product lies in [1, 4) 2^e_i and is not normalized, nor are subnormal operands;
 *     2. e_max is the largest e_i of the products that are not zero and of c (if that is not zero), or `lowest`, if that is larger;
 *     3. every product and c are cut to multiples of 2^(e_max - width), by the mode `align`;
 *     4. these are added exactly (there is no end of carry bits);
 *     5. the sum is rounded once to the format `output`, by the mode `final`. A sum of zero is +0.
 *
 * A dot product starts from c = 0 and takes the groups upward over k; with `interleave` = s > 1 each run of s * group terms is dealt
 * out: its i-th group has the terms i, i + s, i + 2 s ... The last run is filled up with zeros.
 * A NaN, 0 * inf and infinities of both signs give NaN; an infinity of one sign stays. `output` without one: as it rounds them.
 *
 * Flags: invalid for the NaNs that come of no (quiet) NaN; overflow and underflow by the rounding of step 5; inexact where
 * step 3 or 5 changed a number.
 *
 * Source: the model of Khattak and Mikaitis, "Accurate Models of NVIDIA Tensor Cores" (arXiv 2512.07004); `align`, `normalizes`,
 * `adds_late` and `interleave` are there for units that do otherwise.
 */
#ifndef HU_KERNEL_BLOCK_FMA_H
#define HU_KERNEL_BLOCK_FMA_H

#include "src/ops/env.h"

#define HU_BLOCK_FMA_MOST     128          /* terms of a group                                   */
#define HU_BLOCK_FMA_WIDEST   100          /* width                                              */
#define HU_BLOCK_FMA_NO_LOWEST (-100000)   /* below every exponent: e_max is taken as it is      */

typedef struct hu_block_fma {
    int                group;           /* products of a step; 0: there is no such adder          */
    int                interleave;      /* groups that a run of terms is dealt out to, from 1     */
    int                width;           /* bits kept below the largest exponent                   */
    int                lowest;          /* the least exponent that all are aligned to             */
    int                emin_a, emin_b;  /* the least exponents of operands: of the smallest normals */
    const hu_rounding *align, *final;   /* modes that draw no random bits                         */
    const hu_format   *output;          /* of c                                                   */
    bool               normalizes;      /* a product in [2, 4) 2^e_i counts as one of e_i + 1     */
    bool               adds_late;       /* c is neither aligned nor cut: it is added exactly in step 4 */
    bool               overflows_by_mode; /* past the largest value `final` decides, as IEEE 754 has it; else it is infinity */
} hu_block_fma;

/* An adder for operands of formats a and b: groups of consecutive terms, cut toward zero to `width` bits, rounded toward zero to
 * fp32, and no lowest exponent. */
hu_block_fma hu_block_fma_make(const hu_format *a, const hu_format *b, int group, int width);

/* HU_EINVAL, and what would do, where a number is out of its range, a mode draws random bits or output does not fit the carrier. */
hu_status hu_block_fma_check(const hu_block_fma *m, const char *what, bool is_f32, hu_error *err);

/* One step: the next accumulator, a value of m->output, from the accumulator c (any double), and n <= group terms that lie `stride`
 * doubles apart; what is missing is zeros. Flags are OR-ed into *flags. m has passed the check. */
double hu_block_fma_step(const hu_block_fma *m, double c, const double *a, const double *b, size_t n, size_t stride, hu_flags *flags);

/* All steps over k consecutive terms, from the accumulator c. */
double hu_block_fma_run(const hu_block_fma *m, double c, const double *a, const double *b, size_t k, hu_flags *flags);

/* ---- adders by the name of a device ---- */

typedef struct hu_block_profile {
    const char *device;                 /* as a user types it                                      */
    const char *input;                  /* fp16, bf16, tf32 or fp8 (e4m3fn and e5m2, also mixed)   */
    const char *output;                 /* of the accumulator as the device's user sees it: fp32, fp16 */
    const char *format;                 /* what its values have room for, as a format's name       */
    int         group, width, lowest;
    const char *final;                  /* the mode of the last rounding; all are cut toward zero  */
    const char *source;
    const char *note;                   /* what is verified, and what is not                       */
} hu_block_profile;

/* The i-th row of src/kernel/block-profile.def; NULL past the last. */
const hu_block_profile *hu_block_profile_at(int i);

/* The row for operands of these formats; output NULL: the first that there is, fp32. Any case. HU_EINVAL with what there is. */
const hu_block_profile *hu_block_profile_find(const char *device, const hu_format *a, const hu_format *b, const char *output, hu_error *err);

/* The adder of a row, for operands of formats a and b. */
hu_block_fma hu_block_profile_adder(const hu_block_profile *p, const hu_format *a, const hu_format *b);

#endif
