/* quire.h - sums of numbers and products of a format without any rounding but the one at the end.
 *
 * Of a posit the quire is that of the standard, its size and its overflow included: 16n bits for a posit of n bits (with ES other than 2:
 * 32 + 4 (n - 2) 2^ES), of which 31 are for carries; what passes them makes it a NaR. Other formats have quires with room for
 * 2^63 terms, which no program adds up. A NaN makes the sum a NaN, which it stays until it is cleared, as do
 * infinities of both signs and zero times infinity, which raise invalid.
 * Source: Standard for Posit Arithmetic (2022), sections 3.1, 5.11; Kulisch, Computer Arithmetic and Validity, 2nd ed. 2013; for
 * infinities and NaNs IEEE 754-2019, section 9.4 (reductions).
 */
#ifndef HU_OPS_QUIRE_H
#define HU_OPS_QUIRE_H

#include "src/ops/env.h"

typedef struct hu_quire hu_quire;

/* An empty quire for codes of f. NULL with err: HU_EINVAL where the values of f are irrational or their products have more than
 * 126 bits, HU_ERANGE where there would be more than 2^20 bits in the quire, HU_ENOMEM. */
hu_quire *hu_quire_new(const hu_format *f, hu_error *err);
void      hu_quire_free(hu_quire *q);           /* NULL is fine */

/* The format, and the bits that the sum has room for, its sign among them. */
const hu_format *hu_quire_format(const hu_quire *q);
int              hu_quire_bits(const hu_quire *q);

/* The sum becomes zero; plus or minus a; plus or minus a b; its own negative. Exact. Of env the flags are used: invalid. */
void hu_quire_clear (hu_quire *q);
void hu_quire_add   (hu_quire *q, hu_env *env, hu_code a);
void hu_quire_sub   (hu_quire *q, hu_env *env, hu_code a);
void hu_quire_muladd(hu_quire *q, hu_env *env, hu_code a, hu_code b);
void hu_quire_mulsub(hu_quire *q, hu_env *env, hu_code a, hu_code b);
void hu_quire_negate(hu_quire *q);

/* The sum on the grid of `to` (NULL: the quire's own format; of up to 63 bits of precision), rounded once by env. The quire stays as it is. An exact zero is -0 where
 * env rounds down and a term was not +0, where `to` has a -0. */
hu_code hu_quire_round(hu_quire *q, const hu_format *to, hu_env *env);

/* The sum becomes x, as after so many terms: to go on with a sum from elsewhere. x has no sticky bit and lies in the quire's range. */
void hu_quire_preset(hu_quire *q, hu_num x, uint64_t terms);

/* The sum as a number, cut to 128 bits with the sticky bit. */
hu_num hu_quire_value(hu_quire *q);

#endif
