/* compare.h - what changed between the results of two run directories. */
#ifndef HU_LAB_COMPARE_H
#define HU_LAB_COMPARE_H

#include "src/lab/store.h"

typedef enum hu_change_kind { HU_CHANGE_VALUE, HU_CHANGE_SERIES, HU_CHANGE_STATE, HU_CHANGE_ONLY_A, HU_CHANGE_ONLY_B } hu_change_kind;

typedef struct hu_change {
    hu_change_kind  kind;
    const char     *sweep, *json;      /* the point */
    const char     *name;              /* of the result; NULL for the last three kinds */
    const hu_value *a, *b;             /* NULL: not there */
    hu_point_state  state_a, state_b;
    size_t          at;                /* series of the same length: where they differ most */
    double          x, y;              /* the two numbers, of a series those at `at`; NaN for texts and what is not there */
} hu_change;

typedef struct hu_comparison {
    size_t n_both, n_changed, n_only_a, n_only_b;    /* points */
} hu_comparison;

/* Compares the points of the latest run of each, matched by sweep and parameters (their keys change with the program).
 * Numbers whose difference is at most `within` times the larger of the two count as the same; 0: bits are compared. */
hu_status hu_compare(hu_store *a, hu_store *b, double within, hu_status (*visit)(void *user, const hu_change *c, hu_error *err),
                     void *user, hu_comparison *out, hu_error *err);

#endif
