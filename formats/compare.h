/* compare.h - two formats side by side: where which has the finer steps, and which values only one of them has. */
#ifndef HU_FORMATS_COMPARE_H
#define HU_FORMATS_COMPARE_H

#include "formats/values.h"

typedef enum hu_relation { HU_REACH_NONE, HU_REACH_A, HU_REACH_B, HU_FINER_A, HU_FINER_B, HU_ALIKE } hu_relation;

/* Magnitudes from 2^from up to, but without, 2^to. */
typedef struct hu_stretch {
    int from, to;
    hu_relation relation;         /* outside the range of both; within that of A or B alone; whose steps are finer */
    int least, most;              /* HU_FINER_A and _B: about 2^least to 2^most times as fine                      */
} hu_stretch;

typedef struct hu_side {
    const hu_format *format;
    hu_value *list;               /* all values; NULL: more than HU_VALUES_WIDEST bits                         */
    size_t    n_list;
    bool      has_total;
    hu_u128   total;              /* finite values                                                             */
    size_t   *only;               /* places in list of the values that the other has not; NULL without a list  */
    hu_u128   n_only;             /* their number, where has_common                                            */
    bool      is_subset;          /* all values are values of the other, where has_subset                      */
} hu_side;

typedef struct hu_comparison {
    hu_side     side[2];          /* A and B                                                                   */
    hu_stretch *stretches;        /* upward, without a gap; NULL: one is too large to list and of a family whose values are not even */
    size_t      n_stretches;
    bool        has_common, has_subset;
    hu_u128     common;           /* values that both have                                                     */
} hu_comparison;

/* Fills c, which hu_comparison_clear releases, also after a failure (out of memory). */
hu_status hu_format_compare(hu_comparison *c, const hu_format *a, const hu_format *b, hu_error *err);
void hu_comparison_clear(hu_comparison *c);

#endif
