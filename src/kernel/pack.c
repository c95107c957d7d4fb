/* pack.c - codes of any width up to 16 bits, one after another without gaps. */
#include "src/kernel/pack.h"

#include <string.h>

/* Bits that are not bytes yet stand in the lowest places of `waiting`. */
#define ANY_WIDTH(T, name) \
static void pack_##name(uint8_t *out, const T *codes, size_t n, int width) \
{ \
    uint32_t waiting = 0; \
    int bits = 0; \
    for (size_t i = 0; i < n; i++) { \
        waiting |= (uint32_t)codes[i] << bits; \
        for (bits += width; bits >= 8; bits -= 8, waiting >>= 8) \
            *out++ = (uint8_t)waiting; \
    } \
    if (bits > 0) \
        *out = (uint8_t)waiting; \
} \
static void unpack_##name(T *codes, const uint8_t *in, size_t n, int width) \
{ \
    uint32_t waiting = 0, mask = (UINT32_C(1) << width) - 1; \
    int bits = 0; \
    for (size_t i = 0; i < n; i++) { \
        for (; bits < width; bits += 8) \
            waiting |= (uint32_t)*in++ << bits; \
        codes[i] = (T)(waiting & mask); \
        waiting >>= width; \
        bits -= width; \
    } \
}
ANY_WIDTH(uint8_t, u8)
ANY_WIDTH(uint16_t, u16)

static void pack_halves(uint8_t *restrict out, const uint8_t *restrict codes, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        uint8_t pair[2];
        memcpy(pair, codes + 2 * i, sizeof pair);
        out[i] = (uint8_t)(pair[0] | pair[1] << 4);
    }
    if (n % 2)
        out[n / 2] = codes[n - 1];
}

static void unpack_halves(uint8_t *restrict codes, const uint8_t *restrict in, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        codes[2 * i] = in[i] & 15;
        codes[2 * i + 1] = in[i] >> 4;
    }
    if (n % 2)
        codes[n - 1] = in[n / 2] & 15;
}

/* Four codes of 6 bits in three bytes. */
static void pack_sixes(uint8_t *restrict out, const uint8_t *restrict codes, size_t n)
{
    for (size_t i = 0; i < n / 4; i++) {
        const uint8_t *c = codes + 4 * i;
        uint32_t all = c[0] | (uint32_t)c[1] << 6 | (uint32_t)c[2] << 12 | (uint32_t)c[3] << 18;
        out[3 * i] = (uint8_t)all;
        out[3 * i + 1] = (uint8_t)(all >> 8);
        out[3 * i + 2] = (uint8_t)(all >> 16);
    }
    pack_u8(out + n / 4 * 3, codes + n / 4 * 4, n % 4, 6);
}

static void unpack_sixes(uint8_t *restrict codes, const uint8_t *restrict in, size_t n)
{
    for (size_t i = 0; i < n / 4; i++) {
        uint32_t all = in[3 * i] | (uint32_t)in[3 * i + 1] << 8 | (uint32_t)in[3 * i + 2] << 16;
        codes[4 * i] = all & 63;
        codes[4 * i + 1] = all >> 6 & 63;
        codes[4 * i + 2] = all >> 12 & 63;
        codes[4 * i + 3] = (uint8_t)(all >> 18);
    }
    unpack_u8(codes + n / 4 * 4, in + n / 4 * 3, n % 4, 6);
}

void hu_pack_u8(uint8_t *out, const uint8_t *codes, size_t n, int width)
{
    switch (width) {
    case 8:  memcpy(out, codes, n); break;
    case 6:  pack_sixes(out, codes, n); break;
    case 4:  pack_halves(out, codes, n); break;
    default: pack_u8(out, codes, n, width);
    }
}

void hu_unpack_u8(uint8_t *codes, const uint8_t *in, size_t n, int width)
{
    switch (width) {
    case 8:  memcpy(codes, in, n); break;
    case 6:  unpack_sixes(codes, in, n); break;
    case 4:  unpack_halves(codes, in, n); break;
    default: unpack_u8(codes, in, n, width);
    }
}

void hu_pack_u16(uint8_t *out, const uint16_t *codes, size_t n, int width)
{
    if (width != 16) {
        pack_u16(out, codes, n, width);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = (uint8_t)codes[i];
        out[2 * i + 1] = (uint8_t)(codes[i] >> 8);
    }
}

void hu_unpack_u16(uint16_t *codes, const uint8_t *in, size_t n, int width)
{
    if (width != 16) {
        unpack_u16(codes, in, n, width);
        return;
    }
    for (size_t i = 0; i < n; i++)
        codes[i] = (uint16_t)(in[2 * i] | in[2 * i + 1] << 8);
}
