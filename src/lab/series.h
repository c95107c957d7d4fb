/* series.h - lists of doubles made smaller, without losing a bit.
 *
 * Packing: each value's bits are XORed with those of the value before it (the first with 0). One byte says how many of
 * the eight bytes of that are zero at the top (its upper four bits) and how many follow (its lower four); those follow,
 * the lowest first; what is left at the bottom is zero. Loss curves in float32 lose about a third, constant ones seven eighths.
 */
#ifndef HU_LAB_SERIES_H
#define HU_LAB_SERIES_H

#include "src/base/status.h"
#include "src/lab/buffer.h"

/* Appends the packed form of n doubles; at most 9 n bytes. */
void hu_series_pack(const double *x, size_t n, hu_buffer *out);

/* The n doubles that were packed. HU_EPARSE when the bytes are not n of them; x may then be half written. */
hu_status hu_series_unpack(double *x, size_t n, const void *bytes, size_t n_bytes, hu_error *err);

#endif
