/* function.h - the truth about exp to hypot: enclosed by other formulas than src/ops uses, at four times the precision and more.
 *
 * Exact results are found by integer arithmetic; all others are irrational or not dyadic (Lindemann, Gelfond and Schneider), so
 * that enclosing them ever closer ends. Results past 2^FAR are all alike, and so are those nearer to 0.
 * Source: IEEE 754-2019, section 9.2.1 for the edges.
 */
#ifndef HU_REF_FUNCTION_H
#define HU_REF_FUNCTION_H

#include "src/ref/ref.h"

typedef struct hu_ref_function hu_ref_function;

const hu_ref_function *hu_ref_function_find(const char *name);   /* NULL: none */
int hu_ref_function_arity(const hu_ref_function *function);

/* The function of a (and b; else NULL), cut off at 120 bits, the enclosing numbers having at least 4 precision bits. */
hu_ref_exact hu_ref_function_apply(const hu_ref_function *function, int precision, const hu_ref_value *a, const hu_ref_value *b);

#endif
