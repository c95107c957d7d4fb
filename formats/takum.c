/* takum.c - linear takums: three bits say how long the exponent is, so that no more than eleven ever go to it.
 *
 * Of a positive code, after the sign: a direction bit D, three regime bits R, r bits of characteristic C, the rest fraction;
 * bits past the end are zeros. With D = 1, r = R and c = 2^r - 1 + C; with D = 0, r = 7 - R and
 * c = C + 1 - 2^(r+1): from -255 to 254. The value is (1 + fraction) * 2^c. Negative codes are the two's complement,
 * 100..0 is NaR. From 12 bits up all takums have the same exponents; narrower ones leave out some.
 *
 * Positions are measured on the bit string, and what happens beyond the smallest and the largest value is in tapered.c:
 * saturation, and in the nearest modes never zero.
 *
 * Source: Hunhold, Beating Posits at Their Own Game: Takum Arithmetic, 2024 (arXiv 2404.18603), and the library libtakum.
 */
#include "formats/takum.h"

enum { C_MIN = -255, C_MAX = 254, R_MAX = 7 };

bool hu_takum_read(const hu_format *f, hu_code code, hu_takum *out, hu_num *special)
{
    hu_u128 bits;
    if (!hu_tapered_string(f, code, &bits, &out->negative, special))
        return false;
    bool direction = bits >> 127;
    int regime = (int)(bits >> 124) & R_MAX;
    int r = direction ? regime : R_MAX - regime;
    bits <<= HU_TAKUM_PREFIX_BITS;
    int field = r ? (int)(bits >> (128 - r)) : 0;
    out->characteristic = direction ? field + (1 << r) - 1 : field + 1 - (2 << r);
    out->fraction = bits << r;
    return true;
}

static int bit_length(int n)
{
    return 32 - __builtin_clz((unsigned)n);
}

hu_string hu_takum_write(int c, hu_u128 fraction, bool sticky)
{
    if (c > C_MAX || c < C_MIN)
        return (hu_string){.bits = c > 0 ? ~(hu_u128)0 : 0, .sticky = true};
    bool direction = c >= 0;
    int r = bit_length(direction ? c + 1 : -c) - 1;
    int field = direction ? c + 1 - (1 << r) : c - 1 + (2 << r);
    int head_bits = HU_TAKUM_PREFIX_BITS + r;
    unsigned prefix = direction ? 8u | (unsigned)r : (unsigned)(R_MAX - r);
    hu_u128 head = prefix << r | (unsigned)field;
    return (hu_string){.bits = head << (128 - head_bits) | fraction >> head_bits,
                       .sticky = sticky || fraction << (128 - head_bits) != 0};
}

static hu_num decode(const hu_format *f, hu_code code)
{
    hu_takum t;
    hu_num x;
    if (!hu_takum_read(f, code, &t, &x))
        return x;
    return (hu_num){.kind = HU_FINITE, .negative = t.negative, .exp = t.characteristic,
                    .sig = (hu_u128)1 << 127 | t.fraction >> 1};               /* its last bits are zeros */
}

static hu_bracket bracket(const hu_format *f, hu_num x)
{
    return hu_tapered_bracket(f, x, hu_takum_write(x.exp, x.sig << 1, x.sticky));
}

const hu_family hu_family_takum = {.name = "takum", .decode = decode, .bracket = bracket, .special = hu_tapered_special, .negate = hu_tapered_negate};
