/* truth.h - the core against the reference: one tuple of operands, all modes, policies and tininess rules. */
#ifndef HU_TESTS_LIB_TRUTH_H
#define HU_TESTS_LIB_TRUTH_H

#include "src/ops/ops.h"
#include "src/ref/ref.h"
#include "tests/lib/test.h"

/* How much has been compared. A case is one call of the core whose code and flags were compared. */
typedef struct truth_tally {
    uint64_t cases, tuples, failures;
} truth_tally;

/* Which surroundings every tuple is tried in. */
typedef struct truth_settings {
    int overflow_policies;     /* the first n of ieee, saturate, saturate-finite-only */
    int tininess_rules;        /* the first n of after, before; all of them with ieee */
    hu_nan_rule nan;
} truth_settings;

extern const truth_settings truth_all, truth_default;   /* 3 policies or ieee, 2 rules, canonical NaNs */

typedef struct truth_op {
    const hu_op *core;
    hu_ref_op    ref;
} truth_op;

/* "add" ... "max" of the operations that the reference has by that name. */
truth_op truth_op_find(const char *name);

/* The format of that name, or the end of the test. */
const hu_format *truth_format(const char *name);

/* The core's mode for one of the reference's. */
const hu_rounding *truth_rounding(hu_ref_mode mode);

/* Compares one tuple; value[i] is the decoded code[i], for as many as the operation takes. The first failures are printed. */
void truth_compare(truth_tally *tally, const truth_op *op, const hu_format *f, const truth_settings *settings,
                   const hu_code code[3], const hu_ref_value *const value[3]);

/* The same for a code of value x: rounded to an integral value; in another format; as integers of 1 to 64 bits. */
void truth_compare_rint(truth_tally *tally, const hu_format *f, hu_code code, const hu_ref_exact *x);
void truth_compare_convert(truth_tally *tally, const hu_format *from, const hu_format *to, hu_code code,
                           const hu_ref_exact *x, const truth_settings *settings);
void truth_compare_integers(truth_tally *tally, const hu_format *f, hu_code code, const hu_ref_exact *x);

/* eq, lt and le. */
void truth_compare_order(truth_tally *tally, const hu_format *f, const hu_code code[2], const hu_ref_value *a,
                         const hu_ref_value *b);

/* Compares one result; what is printed when it differs starts with `what`. */
void truth_expect(truth_tally *tally, const char *what, const hu_format *f, hu_ref_mode mode, const hu_code *code,
                  int n_codes, hu_code got, hu_flags got_flags, hu_code want, hu_flags want_flags);

/* Prints the counts as a TAP comment and ends the test with a failure if there was one, or if nothing was compared. */
void truth_report(const truth_tally *tally, const char *what);

/* A code of f: in other families than float of random bits, else also of the classes that matter (zeros, subnormals, around the
 * smallest normal, around one, around the largest, infinities, NaNs, few significant bits). */
hu_code truth_draw(const hu_format *f, test_random *random);

/* The code of magnitude `magnitude` and that sign. */
hu_code truth_signed(const hu_format *f, hu_code magnitude, bool negative);

#endif
