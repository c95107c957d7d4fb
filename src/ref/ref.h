/* ref.h - the truth that the tests compare with: MPFR, and the rounding rules written down a second time.
 *
 * An operation is computed once, exactly (or cut off at 128 bits with a sticky bit); every mode,
 * overflow policy and tininess rule is then derived from that one result. Nothing here calls src/num,
 * formats/, rounding/ or src/ops: of an hu_format only the plain fields that define it are read
 * (exp_bits, man_bits, bias, specials, subnormals), so an error over there cannot hide here.
 * For formats of the float family with signed codes and up to 62 bits of trailing significand.
 * Source: IEEE 754-2019, sections 3 to 9; MPFR 4.
 */
#ifndef HU_REF_REF_H
#define HU_REF_REF_H

#include <mpfr.h>

#include "formats/format.h"
#include "src/ops/env.h"

typedef enum hu_ref_mode {
    HU_REF_RNE, HU_REF_RNA, HU_REF_RNZ, HU_REF_RU, HU_REF_RD, HU_REF_RZ, HU_REF_RAZ, HU_REF_RO,
    HU_REF_MODES
} hu_ref_mode;

const char *hu_ref_mode_name(hu_ref_mode mode);     /* "rne" ... "ro" */

typedef enum hu_ref_kind { HU_REF_ZERO, HU_REF_FINITE, HU_REF_INF, HU_REF_NAN } hu_ref_kind;

/* What a code stands for. */
typedef struct hu_ref_value {
    hu_ref_kind kind;
    bool        negative;
    bool        signaling;
    hu_u128     payload;      /* of a NaN: its trailing bits below the quiet bit, moved to the top */
    mpfr_t      x;            /* HU_REF_FINITE: the value, with its sign                           */
} hu_ref_value;

/* An exact result that waits for its rounding. */
typedef struct hu_ref_exact {
    hu_ref_kind kind;
    bool        negative;
    bool        sign_by_mode; /* HU_REF_ZERO: an exact zero sum, negative only when rounding down  */
    bool        sticky;       /* |x| lies above sig, by less than one unit of its last bit         */
    int         exp;          /* floor(log2 |x|)                                                   */
    hu_u128     sig;          /* top bit set: |x| = sig * 2^(exp - 127)                            */
    hu_u128     payload;
    hu_flags    flags;        /* raised by the operation itself: invalid, divbyzero                */
} hu_ref_exact;

typedef struct hu_ref_env {
    hu_ref_mode  mode;
    hu_overflow  overflow;
    hu_tininess  tininess;
    hu_nan_rule  nan;
} hu_ref_env;

typedef enum hu_ref_op {
    HU_REF_ADD, HU_REF_SUB, HU_REF_MUL, HU_REF_DIV, HU_REF_FMA, HU_REF_SQRT, HU_REF_REM, HU_REF_MIN, HU_REF_MAX
} hu_ref_op;

void hu_ref_value_init(hu_ref_value *v);
void hu_ref_value_clear(hu_ref_value *v);

/* v = the value of a code, subnormals read as zero where the format says so. */
void hu_ref_decode(const hu_format *f, hu_code code, hu_ref_value *v);

/* The codes that the rules below need, computed from the defining fields. */
hu_code hu_ref_max_code(const hu_format *f);        /* the largest finite value                    */
bool    hu_ref_has_inf(const hu_format *f);
bool    hu_ref_has_nan(const hu_format *f);
hu_code hu_ref_sign_bit(const hu_format *f);

/* a op b op c, exactly; unused operands are NULL. MIN and MAX are minimum and maximum of section 9.6. */
hu_ref_exact hu_ref_apply(hu_ref_op op, const hu_ref_value *a, const hu_ref_value *b, const hu_ref_value *c);

/* A value as the result of no operation at all (conversions): a signaling NaN raises invalid. */
hu_ref_exact hu_ref_from_value(const hu_ref_value *a);

/* A number in an MPFR variable; `ternary` nonzero: it was cut off toward zero to get there. */
hu_ref_exact hu_ref_from_mpfr(mpfr_srcptr x, int ternary);

/* x rounded to f; the flags are OR-ed into *flags. */
hu_code hu_ref_round(const hu_format *f, const hu_ref_env *env, const hu_ref_exact *x, hu_flags *flags);

/* x rounded to an integral value by the mode; *inexact says whether that changed it. */
hu_ref_exact hu_ref_integral(const hu_ref_exact *x, hu_ref_mode mode, bool *inexact);

/* To an integer between the bounds: NaN, infinities and what does not fit raise invalid and give a bound. */
int64_t  hu_ref_to_i64(const hu_ref_exact *x, hu_ref_mode mode, int bits, hu_flags *flags);
uint64_t hu_ref_to_u64(const hu_ref_exact *x, hu_ref_mode mode, int bits, hu_flags *flags);

/* -1, 0, 1 as a < b, a == b, a > b; 2 when unordered. */
int hu_ref_compare(const hu_ref_value *a, const hu_ref_value *b);

#endif
