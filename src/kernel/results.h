/* results.h - tables of a function's results, one a format and rounding, filled as they are asked for. Internal to src/kernel.
 *
 * A table has a place for every value of a format of up to 16 bits (of pow, atan2 and hypot: for every pair of 8 bits), and of
 * wider ones where that takes no more room. Places are filled by whoever comes first; a place that two threads fill at once gets
 * the same from both. All tables together stay below HU_RESULTS_BYTES; the one not used for longest goes first.
 */
#ifndef HU_KERNEL_RESULTS_H
#define HU_KERNEL_RESULTS_H

#include "src/ops/ops.h"

#define HU_RESULTS_BYTES ((size_t)64 << 20)

typedef struct hu_results hu_results;

/* The table of op in f rounded as env says, to be handed back; NULL: there is none (a stochastic mode, a wide format, no memory). */
hu_results *hu_results_take(const hu_op *op, const hu_format *f, const hu_env *env);
void hu_results_give_back(hu_results *r);

/* The place of the operands, -1 where one is no value of the format; and what is there: false when that is not known yet. */
long hu_results_place(const hu_results *r, double a, double b);
bool hu_results_get(const hu_results *r, long place, double *value, hu_flags *flags);
void hu_results_put(hu_results *r, long place, double value, hu_flags flags);

/* How many tables there are, and their bytes; for tests. */
int hu_results_count(size_t *bytes);

#endif
