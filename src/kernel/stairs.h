/* stairs.h - a rounding as stairs: which code stands for every double. Internal to src/kernel.
 *
 * In a mode that draws nothing, the code of a number, and the flags, change at a few numbers only. The list of these is made once for a
 * format of up to 16 bits and a rounding, by asking src/ops on both sides of every step, so that it says what src/ops says in every family. It is
 * kept for later calls. In stochastic modes it tells the two neighbors of a number and its position between them, to within what doubles
 * hold: where that does not decide, or a number is past the range, src/ops is asked for that one.
 * All that is kept stays below HU_STAIRS_BYTES, and the one not used for longest goes first.
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

/* What the numbers of a stochastic mode's call need: how to round, which words they draw, and whether they are values of float. */
typedef struct hu_stairs_draw {
    const hu_env   *env;
    const uint64_t *words;            /* [n]                                                        */
    uint64_t        index, stride;    /* words[i] is that of index + i stride                       */
    bool            narrow;
} hu_stairs_draw;

/* The same as hu_stairs_round and hu_stairs_codes in modes that draw. */
hu_flags hu_stairs_round_drawn(const hu_stairs *s, double *out, const double *in, size_t n, const hu_stairs_draw *d);
hu_flags hu_stairs_codes_drawn(const hu_stairs *s, uint64_t *out, const double *in, size_t n, const hu_stairs_draw *d);

/* The values of codes up to the format's last one; s from hu_stairs_take_values. */
void hu_stairs_decode(const hu_stairs *s, double *out, const uint64_t *in, size_t n);

/* How many lists there are, and their bytes; for tests. */
int hu_stairs_count(size_t *bytes);

#endif
