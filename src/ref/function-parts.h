/* function-parts.h - what a function of src/ref is made of. Internal to src/ref. */
#ifndef HU_REF_FUNCTION_PARTS_H
#define HU_REF_FUNCTION_PARTS_H

#include "src/ref/function.h"
#include "src/ref/interval.h"

enum { HU_REF_SCRATCH = 5 };

/* Whether the operands, no NaNs, are an edge; *r is its result. */
typedef bool hu_ref_edge_fn(const hu_ref_value *a, const hu_ref_value *b, hu_ref_exact *r);

/* Whether the finite, nonzero operands have an exact result; y is that. */
typedef bool hu_ref_exact_fn(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b);

/* Results that need no digits. */
typedef enum hu_ref_quick { HU_REF_BY_DIGITS, HU_REF_FAR_UP, HU_REF_FAR_DOWN, HU_REF_JUST_BELOW_ONE } hu_ref_quick;
typedef hu_ref_quick hu_ref_quick_fn(double a, double b, bool *negative);

/* y encloses the function of x (and z); t is scratch, HU_REF_SCRATCH of them. */
typedef void hu_ref_enclose_fn(hu_ref_interval *y, const hu_ref_interval *x, const hu_ref_interval *z, hu_ref_interval *t);

hu_ref_edge_fn hu_ref_edge_exp, hu_ref_edge_expm1, hu_ref_edge_log, hu_ref_edge_log1p, hu_ref_edge_odd,
    hu_ref_edge_sin, hu_ref_edge_cos, hu_ref_edge_asin, hu_ref_edge_acos, hu_ref_edge_atan, hu_ref_edge_cosh,
    hu_ref_edge_to_one, hu_ref_edge_sigmoid, hu_ref_edge_rsqrt, hu_ref_edge_hypot, hu_ref_edge_atan2,
    hu_ref_edge_pow;
hu_ref_exact_fn hu_ref_exact_none, hu_ref_exact_exp2, hu_ref_exact_log2, hu_ref_exact_rsqrt,
    hu_ref_exact_cbrt, hu_ref_exact_hypot, hu_ref_exact_pow;
hu_ref_quick_fn hu_ref_quick_never, hu_ref_quick_exp, hu_ref_quick_expm1, hu_ref_quick_sinh,
    hu_ref_quick_cosh, hu_ref_quick_tanh, hu_ref_quick_erf, hu_ref_quick_sigmoid, hu_ref_quick_pow;
hu_ref_enclose_fn hu_ref_enclose_exp, hu_ref_enclose_exp2, hu_ref_enclose_expm1, hu_ref_enclose_log,
    hu_ref_enclose_log2, hu_ref_enclose_log1p, hu_ref_enclose_pow, hu_ref_enclose_sin, hu_ref_enclose_cos,
    hu_ref_enclose_tan, hu_ref_enclose_asin, hu_ref_enclose_acos, hu_ref_enclose_atan, hu_ref_enclose_hypot,
    hu_ref_enclose_atan2, hu_ref_enclose_sinh, hu_ref_enclose_cosh, hu_ref_enclose_tanh,
    hu_ref_enclose_sigmoid, hu_ref_enclose_erf, hu_ref_enclose_rsqrt, hu_ref_enclose_cbrt;

/* A NaN among the operands: quiet ones are passed over where the other operand decides alone. */
bool hu_ref_edge_nan(const char *name, const hu_ref_value *a, const hu_ref_value *b, hu_ref_exact *r);

double hu_ref_to_double(const hu_ref_value *v);      /* cut off */
bool   hu_ref_is_odd_integer(double y);

#endif
