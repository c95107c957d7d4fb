/* round.h - the choice between two neighbors, with its flags. Internal to src/ops. */
#ifndef HU_OPS_ROUND_H
#define HU_OPS_ROUND_H

#include "src/ops/env.h"

/* True: hi stands for the number. The mode, the overflow policy and the tininess rule decide, and the flags are raised. */
bool hu_round_up(hu_env *env, const hu_bracket *b, uint64_t random);

/* Whether an infinity becomes the largest finite value: saturation applies to infinities too, unless only finite values
 * are clamped; then an unsigned format still has no place for the negative one. */
bool hu_clamps_inf(const hu_env *env, bool below_zero);

#endif
