/* takum.c - linear takums: three bits say how long the exponent is, so that no more than eleven ever go to it.
 *
 *     name = ( "takum" | "takum_linear" ) N      N 2..64 bits; the canonical name is takumN
 *
 * Of a positive code, after the sign: a direction bit D, three regime bits R, r bits of characteristic C, the rest fraction;
 * bits past the end are zeros. With D = 1, r = R and c = 2^r - 1 + C; with D = 0, r = 7 - R and
 * c = C + 1 - 2^(r+1): from -255 to 254. The value is (1 + fraction) * 2^c. Negative codes are the two's complement,
 * 100..0 is NaR. From 12 bits up all takums have the same exponents; narrower ones leave out some.
 *
 * Positions are measured on the bit string, and what happens beyond the smallest and the largest value is in tapered.c:
 * saturation, and in the nearest modes never zero.
 *
 * The first paper's takums were logarithmic, sqrt(e)^(c + fraction), as its reference library's takum_log16 are; all their values
 * but zero, one and minus one are irrational. No exact number stands for such a value, and a product that falls on a tie of
 * the exact logarithms could not be told from one beside it, so that they are refused here by name.
 *
 * Source: Hunhold, Beating Posits at Their Own Game: Takum Arithmetic, 2024 (arXiv 2404.18603), and the library libtakum.
 */
#include <stdio.h>
#include <string.h>

#include "formats/tapered.h"

enum { N_MIN = 2, N_MAX = 64, C_MIN = -255, C_MAX = 254, PREFIX_BITS = 4, R_MAX = 7 };

static hu_num decode(const hu_format *f, hu_code code)
{
    hu_u128 bits;
    bool negative;
    hu_num x;
    if (!hu_tapered_string(f, code, &bits, &negative, &x))
        return x;
    bool direction = bits >> 127;
    int regime = (int)(bits >> 124) & R_MAX;
    int r = direction ? regime : R_MAX - regime;
    bits <<= PREFIX_BITS;
    int field = r ? (int)(bits >> (128 - r)) : 0;
    int characteristic = direction ? field + (1 << r) - 1 : field + 1 - (2 << r);
    hu_u128 fraction = bits << r;
    return (hu_num){.kind = HU_FINITE, .negative = negative, .exp = characteristic, .sig = (hu_u128)1 << 127 | fraction >> 1};
}

static int bit_length(int n)
{
    return 32 - __builtin_clz((unsigned)n);
}

static hu_string string_of(hu_num x)
{
    if (x.exp > C_MAX || x.exp < C_MIN)
        return (hu_string){.bits = x.exp > 0 ? ~(hu_u128)0 : 0, .sticky = true};
    bool direction = x.exp >= 0;
    int r = bit_length(direction ? x.exp + 1 : -x.exp) - 1;
    int field = direction ? x.exp + 1 - (1 << r) : x.exp - 1 + (2 << r);
    int head_bits = PREFIX_BITS + r;
    unsigned prefix = direction ? 8u | (unsigned)r : (unsigned)(R_MAX - r);
    hu_u128 head = prefix << r | (unsigned)field;
    hu_u128 fraction = x.sig << 1;
    return (hu_string){.bits = head << (128 - head_bits) | fraction >> head_bits,
                       .sticky = x.sticky || fraction << (128 - head_bits) != 0};
}

static hu_bracket bracket(const hu_format *f, hu_num x)
{
    return hu_tapered_bracket(f, x, string_of(x));
}

/* Which kind of takum the name speaks of; *text moves past it. */
static bool read_kind(const char **text, bool *is_logarithmic)
{
    static const struct { const char *word; bool is_logarithmic; } kinds[] = {
        {"takum_linear", false}, {"takum_log", true}, {"takum", false},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t n = strlen(kinds[i].word);
        if (strncmp(*text, kinds[i].word, n) == 0) {
            *is_logarithmic = kinds[i].is_logarithmic;
            *text += n;
            return true;
        }
    }
    return false;
}

hu_reading hu_read_takum(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    const char *text = name;
    bool is_logarithmic;
    if (!read_kind(&text, &is_logarithmic))
        return HU_NOT_MINE;
    int width = hu_tapered_read_count(&text);
    if (width < 0 || *text != '\0')
        return HU_NOT_MINE;
    if (is_logarithmic)
        return hu_refuse(err, HU_ENAME, "format '%.60s': values of logarithmic takums are irrational, operations on them would not be"
                         " exact; there are linear ones, takumN", name);
    if (width < N_MIN || width > N_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': a takum has %d to %d bits", name, N_MIN, N_MAX);

    int fraction_bits = width - 1 - PREFIX_BITS;                   /* beside an empty characteristic */
    *f = (hu_format){.family = &hu_family_takum, .man_bits = fraction_bits > 0 ? fraction_bits : 0,
                     .source = "Hunhold, Beating Posits at Their Own Game: Takum Arithmetic, 2024 (arXiv 2404.18603), linear"};
    hu_tapered_derive(f, width);
    snprintf(canonical, HU_FORMAT_NAME_SIZE, "takum%d", width);
    return HU_READ;
}

const hu_family hu_family_takum = {.name = "takum", .decode = decode, .bracket = bracket, .special = hu_tapered_special, .negate = hu_tapered_negate};
