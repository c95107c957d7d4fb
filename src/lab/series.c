/* series.c - lists of doubles as XOR differences, in as many bytes as they need. */
#include "src/lab/series.h"

#include <stdint.h>
#include <string.h>

void hu_series_pack(const double *x, size_t n, hu_buffer *out)
{
    uint64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        uint64_t change = bits ^ before;
        int top = change ? __builtin_clzll(change) / 8 : 8;
        int low = change ? __builtin_ctzll(change) / 8 : 0, have = 8 - top - low;
        unsigned char bytes[9] = {(unsigned char)(top << 4 | have)};
        for (int k = 0; k < have; k++)
            bytes[1 + k] = (unsigned char)(change >> (8 * (low + k)));
        hu_buffer_add(out, bytes, (size_t)have + 1);
        before = bits;
    }
}

hu_status hu_series_unpack(double *x, size_t n, const void *bytes, size_t n_bytes, hu_error *err)
{
    const unsigned char *at = bytes, *end = at + n_bytes;
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        int top = at < end ? *at >> 4 : 9, have = at < end ? *at & 15 : 9;
        if (top + have > 8 || end - at - 1 < have)
            return hu_fail(err, HU_EPARSE, "a packed series is damaged at value %zu of %zu", i + 1, n);
        int low = 8 - top - have;
        for (int k = 0; k < have; k++)
            bits ^= (uint64_t)at[1 + k] << (8 * (low + k));
        at += 1 + have;
        memcpy(&x[i], &bits, sizeof bits);
    }
    if (at != end)
        return hu_fail(err, HU_EPARSE, "a packed series of %zu values has bytes left over", n);
    return HU_OK;
}
