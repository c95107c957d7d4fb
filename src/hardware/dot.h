/* dot.h - a dot product one rounding at a time, with the random words given. Internal to src/hardware.
 *
 * The order and the roundings are those of hu_dot_f64 (src/kernel/kernel.h), by way of src/ops.
 */
#ifndef HU_HARDWARE_DOT_H
#define HU_HARDWARE_DOT_H

#include "src/hardware/task.h"

/* How many roundings a dot product of n terms has; of a stochastic mode each takes a random word. */
int hu_dot_roundings(const hu_accumulator *acc, int n_terms);

/* The code of the sum of a[i] * b[i] in the format of the last sum. `word` has hu_dot_roundings of them, in the order of the
 * roundings, or is NULL for a mode that takes none. */
hu_code hu_dot_codes(const hu_accumulator *acc, hu_env *env, const hu_num *a, const hu_num *b, int n_terms,
                     const uint64_t *word);

#endif
