/* posit.c - posits: a run of equal bits for the coarse exponent, es bits for the fine one, the rest for the fraction.
 *
 *     name = "posit" N [ "_" ES ]      N 3..64 bits; ES 0..5, 2 where it is left out (the 2022 standard's only one)
 *
 * Of a positive code, after the sign: a run of r + 1 ones ended by a zero is the regime r, a run of -r zeros ended by a one
 * is the regime -r; then es bits of exponent e; then the fraction; bits past the end are zeros. Its value is
 * (1 + fraction) * 2^(r 2^es + e). Negative codes are the two's complement, 100..0 is NaR.
 *
 * Positions are measured on the bit string, and what happens beyond the smallest and the largest value is in tapered.c.
 * The nearest-even mode is the standard's rounding: never to zero, never to NaR. Comparisons, minimum and maximum treat
 * NaR as a NaN, as of any format here; in the standard NaR is less than every posit and equal to itself.
 *
 * Source: Standard for Posit Arithmetic (2022), sections 3 and 4.
 */
#include <stdio.h>
#include <string.h>

#include "formats/tapered.h"

enum { N_MIN = 3, N_MAX = 64, ES_MAX = 5, ES_STANDARD = 2 };

/* How many of the upper bits are equal to the first; there is one that is not, or 128. */
static int run_length(hu_u128 bits)
{
    bool first = bits >> 127;
    int n = 1;
    while (n < 128 && (bool)(bits << n >> 127) == first)
        n++;
    return n;
}

static hu_num decode(const hu_format *f, hu_code code)
{
    hu_u128 bits;
    bool negative;
    hu_num x;
    if (!hu_tapered_string(f, code, &bits, &negative, &x))
        return x;
    int es = f->exp_bits, run = run_length(bits);
    int regime = bits >> 127 ? run - 1 : -run;
    bits <<= run + 1;                                              /* run + 1 <= N, for bits past the end are zeros */
    int fine = es ? (int)(bits >> (128 - es)) : 0;
    hu_u128 fraction = bits << es;
    return (hu_num){.kind = HU_FINITE, .negative = negative, .exp = regime * (1 << es) + fine,
                    .sig = (hu_u128)1 << 127 | fraction >> 1};     /* its last bits are zeros */
}

/* The string of |x|: far out it is all ones or all zeros for as long as any code is. */
static hu_string string_of(const hu_format *f, hu_num x)
{
    int es = f->exp_bits, scale = 1 << es;
    int regime = x.exp >= 0 ? x.exp / scale : -((-1 - x.exp) / scale) - 1;
    int fine = x.exp - regime * scale;
    if (regime > N_MAX || regime < -N_MAX)
        return (hu_string){.bits = regime > 0 ? ~(hu_u128)0 : 0, .sticky = true};

    int head_bits = (regime >= 0 ? regime + 2 : 1 - regime) + es;  /* at most 71 */
    hu_u128 head = regime >= 0 ? ((hu_u128)2 << (regime + 1)) - 2 : 1;
    head = head << es | (unsigned)fine;
    hu_u128 fraction = x.sig << 1;
    return (hu_string){.bits = head << (128 - head_bits) | fraction >> head_bits,
                       .sticky = x.sticky || fraction << (128 - head_bits) != 0};
}

static hu_bracket bracket(const hu_format *f, hu_num x)
{
    return hu_tapered_bracket(f, x, string_of(f, x));
}

hu_reading hu_read_posit(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    const char *text = name;
    if (strncmp(text, "posit", 5) != 0)
        return HU_NOT_MINE;
    text += 5;
    int width = hu_tapered_read_count(&text), es = ES_STANDARD;
    if (width < 0)
        return HU_NOT_MINE;
    if (*text == '_') {
        text++;
        es = hu_tapered_read_count(&text);
    }
    if (es < 0 || *text != '\0')
        return HU_NOT_MINE;
    if (width < N_MIN || width > N_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': a posit has %d to %d bits", name, N_MIN, N_MAX);
    if (es > ES_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': a posit has 0 to %d exponent bits", name, ES_MAX);

    int fraction_bits = width - 3 - es;                            /* beside a regime of two bits */
    *f = (hu_format){.family = &hu_family_posit, .exp_bits = es, .man_bits = fraction_bits > 0 ? fraction_bits : 0,
                     .source = es == ES_STANDARD ? "Standard for Posit Arithmetic (2022)"
                                                 : "Gustafson and Yonemoto, Beating Floating Point at its Own Game, 2017"};
    hu_tapered_derive(f, width);
    snprintf(canonical, HU_FORMAT_NAME_SIZE, es == ES_STANDARD ? "posit%d" : "posit%d_%d", width, es);
    return HU_READ;
}

const hu_family hu_family_posit = {.name = "posit", .decode = decode, .bracket = bracket, .special = hu_tapered_special, .negate = hu_tapered_negate};
