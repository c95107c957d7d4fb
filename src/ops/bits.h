/* bits.h - the operations on codes of any width.
 *
 * What ops.h does on an hu_code, here on an hu_bits, for every format: those of up to 62 bits of trailing significand
 * go through the functions of ops.h, which have the same results and flags. Whoever takes codes from users takes
 * them this way; arrays and kernels keep to hu_code, and wide formats do not fit their carriers.
 * `out` may be one of the operands.
 */
#ifndef HU_OPS_BITS_H
#define HU_OPS_BITS_H

#include "src/num/bits.h"
#include "src/ops/ops.h"

/* *out = op on the op->arity codes in x; of a predicate 1 or 0. HU_EINVAL with one line where the format's family does
 * not have the operation; *out and env are then as they were. Draws a random word as the functions of ops.h do. */
hu_status hu_apply(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x, hu_bits *out, hu_error *err);

/* A code of `from` in the format `to`, rounded once: hu_convert. */
void hu_bits_convert(const hu_format *from, const hu_format *to, hu_env *env, const hu_bits *a, hu_bits *out);

/* The exact number of a code of up to 128 significant bits; of more, cut to 128 with the sticky bit. */
hu_num hu_bits_decode(const hu_format *f, const hu_bits *a);

/* -1, 0, +1 as the value of a is less than, equal to or greater than that of b, of two formats; 2 where one is a NaN. */
int hu_bits_compare_values(const hu_format *f, const hu_bits *a, const hu_format *g, const hu_bits *b);

/* The neighbor of a code above it (below: up is false), as nextUp and nextDown of IEEE 754-2019, section 5.3.1; past the
 * largest finite value there is the infinity, or nothing. */
hu_bits hu_bits_neighbor(const hu_format *f, const hu_bits *a, bool up);

/* The distance of |x| from the next larger magnitude, for the largest one from the next smaller; a NaN where x is none or
 * infinite. */
hu_num hu_bits_ulp(const hu_format *f, const hu_bits *a);

/* A number on the grid of f, rounded once by env. The text is that of hu_from_text. */
hu_status hu_bits_round_text(const hu_format *f, hu_env *env, const char *text, hu_bits *out, hu_error *err);
void hu_bits_round_double(const hu_format *f, hu_env *env, double x, hu_bits *out);
void hu_bits_round_i64(const hu_format *f, hu_env *env, int64_t n, hu_bits *out);
void hu_bits_round_u64(const hu_format *f, hu_env *env, uint64_t n, hu_bits *out);

/* The value of a code: the nearest double, ties to even; an integer as hu_to_i64 and hu_to_u64 make it. */
double   hu_bits_to_double(const hu_format *f, const hu_bits *a);
int64_t  hu_bits_to_i64(const hu_format *f, hu_env *env, const hu_bits *a, int bits);
uint64_t hu_bits_to_u64(const hu_format *f, hu_env *env, const hu_bits *a, int bits);

/* The value of a code as text: decimal by the precision of the format, so that it reads back to the same value
 * (hu_code_to_decimal); hexadecimal, exact. Return text. */
char *hu_bits_to_decimal(const hu_format *f, const hu_bits *a, char text[HU_TEXT_SIZE]);
char *hu_bits_to_hex(const hu_format *f, const hu_bits *a, char text[HU_TEXT_SIZE]);

/* The code itself as text: 0x and width_bits/4 digits, rounded up. Returns text. */
char *hu_bits_to_text(const hu_bits *a, int width_bits, char text[HU_TEXT_SIZE]);

/* "0x3c" or "60" as a code of at most width_bits bits (up to 320); HU_EPARSE when it is neither, or larger. */
hu_status hu_bits_from_text(const char *text, int width_bits, hu_bits *out, hu_error *err);

#endif
