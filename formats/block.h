/* block.h - formats in which a block of elements shares one scale: MXFP4, NVFP4, block floating point.
 *
 * The value of an element is element * scale, or element * scale * tensor scale. A block format is no hu_format: one of
 * its codes means nothing without its block. It is named like one, found once and shared by all threads, and never
 * freed by its users. How a scale is chosen and a block rounded is src/kernel/block.h.
 * Source: OCP Microscaling Formats (MX) 1.0, sections 5 and 6; methods of the rows of block.def.
 */
#ifndef HU_FORMATS_BLOCK_H
#define HU_FORMATS_BLOCK_H

#include "formats/format.h"

/* How the scale X of a block follows from amax, its largest finite magnitude (on the side of zero that the element has
 * values on). M is the element's largest value and 2^E the largest power of two in it.
 *
 *   rule    a scale that is a power of two            any other scale format
 *   floor   2^(floor(log2 amax) - E)       [OCP]      largest  value <= amax / M
 *   ceil    2^(ceil (log2 amax) - E)                  smallest value >= amax / M
 *   even    floor, of amax rounded to the             value nearest amax / M, ties to even   [NVFP4]
 *           element's precision, ties to even
 *   up      smallest power >= amax / M: no clipping   smallest value >= amax / M
 *   mse     of that of `up` and the powers below,     of the values nearest amax / M * j / 64, j from
 *           the first with the least squared error    128 down to 1, the first with the least squared error
 *
 * With `target` set, M is that number and 2^E the largest power of two in it. With a tensor scale T, amax is amax / T. */
#define HU_SCALE_RULE_MAP(X) X(floor) X(ceil) X(even) X(up) X(mse)
typedef enum hu_scale_rule {
#define X(name) HU_SCALE_##name,
    HU_SCALE_RULE_MAP(X)
    HU_N_SCALE_RULES
#undef X
} hu_scale_rule;

extern const char *const hu_scale_rule_names[HU_N_SCALE_RULES + 1];      /* and a NULL */

typedef struct hu_block_format {
    const char      *name;          /* canonical: a row's, or as the grammar writes it                       */
    const hu_format *element;
    const hu_format *scale;         /* of a block                                                            */
    const hu_format *tensor;        /* of a whole array, rounded to nearest even; NULL: none                 */
    size_t           rows, size;    /* a block is `size` elements along an index, of `rows` neighboring lines;
                                       size 0: the whole array is one block                                  */
    hu_scale_rule    rule;
    double           target;        /* what the scale takes for the element's largest value; 0: that         */
    const char      *source;        /* where it is defined                                                   */
} hu_block_format;

/* The block format of that name:
 *
 *     name = ROW [ "{" key "=" value { "," key "=" value } "}" ]          such as mxfp4{rule=up}
 *          | "block(" ELEMENT { "," key "=" value } ")"                   such as block(nf4, scale=fp32, size=64)
 *     key  = "scale" | "size" | "rule" | "tensor" | "target"
 *
 * ELEMENT, scale and tensor are names of formats (tensor=none: without). size is N, RxN or "tensor". Left out in
 * block(): scale=e8m0fnu, size=32, rule=floor where the scale is a power of two, else even. Spaces may stand after
 * commas. NULL with err saying what was expected. A block format found once stays; finding it again gives the same
 * pointer. Thread-safe. */
const hu_block_format *hu_block_find(const char *name, hu_error *err);

/* The i-th row of block.def; NULL past the last. */
const hu_block_format *hu_block_at(int i);

/* The i-th alias and what it stands for; NULL past the last. */
const char *hu_block_alias_at(int i, const char **stands_for);

/* Whether text is meant for a block format: it starts as one or is the name of one. */
bool hu_block_is_name(const char *text);

/* The size as the grammar writes it. Returns text. */
#define HU_BLOCK_SIZE_TEXT 48
char *hu_block_size_text(const hu_block_format *f, char text[HU_BLOCK_SIZE_TEXT]);

/* The whole name as block(...) writes it, without a row's name. Returns text. */
#define HU_BLOCK_NAME_SIZE 448
char *hu_block_formula(const hu_block_format *f, char text[HU_BLOCK_NAME_SIZE]);

/* Bits of a value with its share of the scale, in full blocks; the tensor scale, and the scale of a whole array, are
 * not counted. */
double hu_block_bits_per_value(const hu_block_format *f);

/* The values of the scale are powers of two alone. */
bool hu_block_scale_is_power(const hu_format *scale);

extern const char hu_block_grammar[];

#endif
