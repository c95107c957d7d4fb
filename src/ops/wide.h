/* wide.h - the operations on floating point of more than 62 bits of trailing significand. Internal to the library.
 *
 * They are right for every format of the families float and wide, so that the tests can hold them against those of
 * the narrow formats. Everybody else calls hu_apply of src/ops/bits.h.
 */
#ifndef HU_OPS_WIDE_H
#define HU_OPS_WIDE_H

#include "formats/wide.h"
#include "src/ops/function.h"

/* For the rows of src/ops/table.c. */
hu_wide_op hu_wide_exactly;          /* add sub mul div fma sqrt rem, and the functions */
hu_wide_op hu_wide_rint, hu_wide_neg, hu_wide_abs, hu_wide_min, hu_wide_max_of, hu_wide_eq, hu_wide_lt, hu_wide_le;

/* The one place where a value changes, for numbers and formats of this kind: hu_round_with. */
void hu_wide_round(const hu_format *f, hu_env *env, const hu_wide *x, uint64_t random, hu_bits *out);

/* The result of an operation of the table, all but its rounding, to `words` words: of operands that may be NaNs. */
hu_wide hu_wide_exact(const hu_op *op, hu_env *env, const hu_wide *x, int words);

/* The same of a function. */
hu_wide hu_wide_function(const hu_function *function, hu_env *env, const hu_wide *x, int words);

/* True if one of the n operands is a NaN: hu_nan_among. */
bool hu_wide_nan_among(const hu_wide *x, int n, hu_env *env, hu_wide *nan);

/* The operation of that name on codes of up to 128 bits of a wide format. */
hu_code hu_wide_on_codes(const char *op, const hu_format *f, hu_env *env, const hu_code *x);

/* The number of a code of any format but those of the wide family with more than 128 bits; and of all of them. */
hu_wide hu_wide_value(const hu_format *f, const hu_bits *code);

/* The number of a text, cut to 320 bits with the sticky bit. */
hu_status hu_wide_from_text(const char *text, hu_wide *out, hu_error *err);

#endif
