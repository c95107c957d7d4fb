/* functions.h - exp to hypot against the reference: one tuple of operands, all modes.
 *
 * Formats of the float family are decoded and rounded by src/ref alone, flags included. Codes of the other families are
 * decoded by the family, whose own test has proven that, and their results compared in two ways: with the family's rounding of
 * the reference's number, flags included; and, where the number lies among the values, with the neighbors found in the
 * sorted list of all values, and the side of their midpoint, by MPFR's comparisons.
 */
#ifndef HU_TESTS_LIB_FUNCTIONS_H
#define HU_TESTS_LIB_FUNCTIONS_H

#include "src/ref/function.h"
#include "tests/lib/truth.h"

typedef struct function_case {
    const hu_op           *op;
    const hu_ref_function *ref;
} function_case;

/* The i-th function; op is NULL past the last. Ends the test where the reference does not have it. */
function_case function_at(int i);
function_case function_named(const char *name);

/* A format, with all its values in order where it has at most 2^16 and the reference cannot round. */
typedef struct function_grid function_grid;
function_grid *function_grid_new(const hu_format *f);
void function_grid_free(function_grid *g);
const hu_format *function_grid_format(const function_grid *g);

typedef struct function_tally {
    truth_tally all;
    uint64_t by_neighbors;        /* cases that were compared with sorted values too */
} function_tally;

/* The function of the codes, exactly or cut off at 120 bits. */
hu_ref_exact function_truth(const function_case *c, const hu_format *f, const hu_code *code);

/* The same as the core's number. */
hu_num function_number(const hu_ref_exact *e);

/* hu_NAME of the codes in the eight modes and, of floats, every overflow policy and tininess rule of the settings. */
void function_compare(function_tally *tally, const function_case *c, const function_grid *g, const truth_settings *settings,
                      const hu_code *code);

/* Every code, or every pair of codes. */
void function_compare_all(function_tally *tally, const function_case *c, const function_grid *g, const truth_settings *settings);

void function_report(const function_tally *tally, const char *what);

#endif
