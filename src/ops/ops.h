/* ops.h - one operation on one number of any format: exact, then one rounding, with flags.
 *
 * This is the truth that every faster path is compared with. Codes go in and come out; the result is
 * in the same format. Each operation that rounds draws one random word (env->random.index moves on by
 * one) when, and only when, the mode is a stochastic one and the operation may round - whether or not
 * this result is exact - so that the words of later operations do not depend on the data.
 * Wide formats of up to 128 bits (x87, binary128) go through MPFR here, too; the codes of wider ones do not fit an
 * hu_code, and have their operations in src/ops/bits.h only.
 * Source: IEEE 754-2019, sections 5 to 7.
 */
#ifndef HU_OPS_OPS_H
#define HU_OPS_OPS_H

#include "src/num/bits.h"
#include "src/ops/env.h"

/* The one place where a value changes: x on the grid of f. */
hu_code hu_round(const hu_format *f, hu_env *env, hu_num x);

/* The same with the random word given instead of drawn; env->random is left alone. */
hu_code hu_round_with(const hu_format *f, hu_env *env, hu_num x, uint64_t random);

hu_code hu_add (const hu_format *f, hu_env *env, hu_code a, hu_code b);
hu_code hu_sub (const hu_format *f, hu_env *env, hu_code a, hu_code b);
hu_code hu_mul (const hu_format *f, hu_env *env, hu_code a, hu_code b);
hu_code hu_div (const hu_format *f, hu_env *env, hu_code a, hu_code b);
hu_code hu_fma (const hu_format *f, hu_env *env, hu_code a, hu_code b, hu_code c);   /* a * b + c */
hu_code hu_sqrt(const hu_format *f, hu_env *env, hu_code a);
hu_code hu_rem (const hu_format *f, hu_env *env, hu_code a, hu_code b);   /* IEEE remainder */
hu_code hu_rint(const hu_format *f, hu_env *env, hu_code a);   /* to an integral value; raises inexact */

/* Functions, correctly rounded in every mode; exact results raise no inexact. What they give at the edges is IEEE
 * 754-2019, section 9.2.1: log(0), log1p(-1), rsqrt(0), pow(0, negative) raise divbyzero; log of a negative, asin(2), sin(inf),
 * pow(-1, 0.5) invalid; pow(1, NaN), pow(NaN, 0) and hypot(inf, NaN) are numbers. Thread-safe; MPFR's state is left as it was. */
hu_code hu_exp  (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_exp2 (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_expm1(const hu_format *f, hu_env *env, hu_code a);
hu_code hu_log  (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_log2 (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_log1p(const hu_format *f, hu_env *env, hu_code a);
hu_code hu_pow  (const hu_format *f, hu_env *env, hu_code a, hu_code b);
hu_code hu_sin  (const hu_format *f, hu_env *env, hu_code a);          /* radians */
hu_code hu_cos  (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_tan  (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_asin (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_acos (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_atan (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_atan2(const hu_format *f, hu_env *env, hu_code a, hu_code b);   /* the angle of the point (b, a) */
hu_code hu_sinh (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_cosh (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_tanh (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_erf  (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_sigmoid(const hu_format *f, hu_env *env, hu_code a);        /* 1 / (1 + e^-a) */
hu_code hu_rsqrt(const hu_format *f, hu_env *env, hu_code a);
hu_code hu_cbrt (const hu_format *f, hu_env *env, hu_code a);
hu_code hu_hypot(const hu_format *f, hu_env *env, hu_code a, hu_code b);

/* Sign operations touch nothing but the sign, of NaNs too, and raise no flag. Where the format has no
 * negative zero, or is unsigned, they leave such a code as it is. */
hu_code hu_neg(const hu_format *f, hu_env *env, hu_code a);
hu_code hu_abs(const hu_format *f, hu_env *env, hu_code a);

/* minimum and maximum of IEEE 754-2019, section 9.6: NaN if either is NaN, -0 < +0. */
hu_code hu_min(const hu_format *f, hu_env *env, hu_code a, hu_code b);
hu_code hu_max(const hu_format *f, hu_env *env, hu_code a, hu_code b);

/* Comparisons: 1 or 0; unordered gives 0. eq raises invalid for a signaling NaN, lt and le for any. */
hu_code hu_eq(const hu_format *f, hu_env *env, hu_code a, hu_code b);
hu_code hu_lt(const hu_format *f, hu_env *env, hu_code a, hu_code b);
hu_code hu_le(const hu_format *f, hu_env *env, hu_code a, hu_code b);

/* A code of `from` in the format `to`, rounded once. A NaN keeps its payload's upper bits if env->nan
 * says so; a signaling one raises invalid. */
hu_code hu_convert(const hu_format *from, const hu_format *to, hu_env *env, hu_code a);

/* To an integer of `bits` bits (1..64), rounded by env->rounding. NaN, infinities and values that do not
 * fit raise invalid and give the nearest bound (NaN: the largest), as IEEE 754-2019, section 5.8 permits. */
int64_t  hu_to_i64(const hu_format *f, hu_env *env, hu_code a, int bits);
uint64_t hu_to_u64(const hu_format *f, hu_env *env, hu_code a, int bits);
int64_t  hu_num_to_i64(hu_env *env, hu_num x, int bits);      /* the same of an exact number */
uint64_t hu_num_to_u64(hu_env *env, hu_num x, int bits);
hu_code  hu_from_i64(const hu_format *f, hu_env *env, int64_t n);
hu_code  hu_from_u64(const hu_format *f, hu_env *env, uint64_t n);

/* Values as carriers. To: exact when the value fits the carrier, else rounded to nearest even.
 * From: rounded once by env. */
double  hu_to_double(const hu_format *f, hu_code a);
double  hu_num_to_double(hu_num x);
hu_code hu_from_double(const hu_format *f, hu_env *env, double x);

/* Where the values of f are irrational (its family has `result`), a number of a carrier that lies nearest to one stands for that
 * value: true, and the code, when x is what hu_to_double makes of a code, or, for the carrier float (is_single), what
 * that becomes as a float. hu_from_double takes doubles so. False for all formats with exact values. */
bool hu_code_of_nearest(const hu_format *f, double x, bool is_single, hu_code *code);

/* Text of a number: decimal ("0.3", "-1e-5"), hexadecimal floating point ("0x1.8p-3"), "inf", "nan";
 * rounded once, whatever the number of digits. HU_EPARSE when it is none of these. */
hu_status hu_from_text(const hu_format *f, hu_env *env, const char *text, hu_code *out, hu_error *err);

/* The number of a text as an exact number with sticky bit. */
hu_status hu_num_from_text(const char *text, hu_num *out, hu_error *err);

/* Decimal: all digits where 17 (or, for a number of more than 53 bits, as many as tell all numbers of its precision
 * apart) hold the value exactly, else rounded to so many. Integers below 2^64 have all their digits.
 * hu_code_to_decimal goes by the precision of the format, so that its text reads back to the same value.
 * Hexadecimal: exact, or cut to 128 bits where the number is irrational. At most HU_TEXT_SIZE bytes with the final 0. Return text. */
#define HU_TEXT_SIZE 96
char *hu_num_to_decimal(hu_num x, char text[HU_TEXT_SIZE]);
char *hu_code_to_decimal(const hu_format *f, hu_code code, char text[HU_TEXT_SIZE]);
char *hu_num_to_hex(hu_num x, char text[HU_TEXT_SIZE]);
char *hu_code_to_text(hu_code code, int width_bits, char text[HU_TEXT_SIZE]);   /* 0x3c, width_bits/4 digits rounded up */

/* "0x3c" or "60" as a code of at most width_bits bits. */
hu_status hu_code_from_text(const char *text, int width_bits, hu_code *out, hu_error *err);

/* The operations by name, for the command line, Lua and the tests. */
typedef struct hu_op hu_op;

/* An operation on the codes of a wide format; internal: hu_apply calls it. */
typedef void hu_wide_op(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x, hu_bits *out);

struct hu_op {
    const char *name;     /* add sub mul div fma sqrt rem rint neg abs min max eq lt le exp ... hypot */
    int  arity;
    bool rounds;          /* may round: flags and modes matter                          */
    bool is_predicate;    /* the result is 0 or 1, not a code                           */
    bool is_function;     /* exp to hypot; exact takes NaN operands too                 */
    hu_code (*unary)  (const hu_format *f, hu_env *env, hu_code a);
    hu_code (*binary) (const hu_format *f, hu_env *env, hu_code a, hu_code b);
    hu_code (*ternary)(const hu_format *f, hu_env *env, hu_code a, hu_code b, hu_code c);
    hu_num  (*exact)  (hu_env *env, const hu_num *x);   /* the result before rounding; NULL: neither of add to rem nor a function */
    hu_wide_op *wide;     /* on wide formats; NULL: not there                           */
    const char *title;
};

const hu_op *hu_op_find(const char *name);   /* NULL: no such operation */
const hu_op *hu_op_at(int i);                /* NULL: past the last     */

/* HU_OK where f's family has the operation, else HU_EINVAL: err says what was asked and what the family has. */
hu_status hu_op_check(const hu_op *op, const hu_format *f, hu_error *err);

/* The result before rounding, of an operation that has `exact`: NaN operands are sorted out by env's rule. */
hu_num hu_op_exact(const hu_op *op, hu_env *env, const hu_num *x);

/* An operation that has `exact` on exact numbers (no sticky bit, at most 63 significant bits) instead of
 * codes of f, with the one rounding to f. */
hu_code hu_op_round(const hu_op *op, const hu_format *f, hu_env *env, const hu_num *x);

#endif
