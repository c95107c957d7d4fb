/* stairs.h - a rounding as stairs: which code stands for every double. Internal to src/kernel.
 *
 * In a mode that draws nothing the code of a number, and the flags, change at a few numbers only. Their list is made once for a
 * format of up to 16 bits and a rounding, by asking src/ops on both sides of every step, so that it says what src/ops says in every family. It is
 * kept for later calls; all lists together stay below HU_STAIRS_BYTES, and the one not used for longest goes first.
 */
#ifndef HU_KERNEL_STAIRS_H
#define HU_KERNEL_STAIRS_H

#include "src/ops/ops.h"

#define HU_STAIRS_BYTES ((size_t)64 << 20)

typedef struct hu_stairs hu_stairs;

/* The stairs of f rounded as env says, to be handed back. n: how many elements they are for; they are made where those of the calls so far
 * pay for it. narrow: the elements are values of float. NULL: there are none (yet), or no memory for them; src/ops has to be asked. */
hu_stairs *hu_stairs_take(const hu_format *f, const hu_env *env, bool narrow, size_t n);

/* The same with the values of all codes instead, for hu_stairs_decode. */
hu_stairs *hu_stairs_take_values(const hu_format *f, size_t n);

void hu_stairs_give_back(hu_stairs *s);

/* The rounded values of numbers, or their codes, and the flags but for those of signaling NaNs. out may be in. */
hu_flags hu_stairs_round(const hu_stairs *s, double *out, const double *in, size_t n);
hu_flags hu_stairs_codes(const hu_stairs *s, uint64_t *out, const double *in, size_t n);

/* The values of codes up to the format's last one; s from hu_stairs_take_values. */
void hu_stairs_decode(const hu_stairs *s, double *out, const uint64_t *in, size_t n);

/* How many lists there are, and their bytes; for tests. */
int hu_stairs_count(size_t *bytes);

#endif
