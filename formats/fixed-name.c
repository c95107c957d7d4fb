/* fixed-name.c - the names of fixed-point formats and integers.
 *
 *     name = ( "q" I "." F | "uq" I "." F | "int" N | "uint" N ) [ "{overflow=" ( "saturate" | "wrap" ) "}" ]
 *
 * I counts the bits before the point, the sign among them (as Arm's documents write Q formats; Texas Instruments' leave the
 * sign out), F those after it: q4.12 has 16 bits and holds [-8, 8). Without a fraction the canonical name is the integer's.
 */
#include <stdio.h>

#include "formats/registry.h"

enum { WIDTH_MIN = 2, WIDTH_MAX = 64 };

/* "q4.12", "uint8": the part before the modifier. */
static bool read_base(const char **text, bool *is_signed, long *whole, long *fraction)
{
    const char *c = *text;
    *is_signed = !hu_read_word(&c, "u");
    *fraction = 0;
    if (hu_read_word(&c, "int")) {
        if (!hu_read_number(&c, whole))
            return false;
    } else if (!hu_read_word(&c, "q") || !hu_read_number(&c, whole) || !hu_read_word(&c, ".") || !hu_read_number(&c, fraction)) {
        return false;
    }
    *text = c;
    return *c == '\0' || *c == '{';
}

hu_reading hu_read_fixed(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    bool is_signed, wraps = false;
    long whole, fraction;
    const char *text = name;
    if (!read_base(&text, &is_signed, &whole, &fraction))
        return HU_NOT_MINE;
    long width = whole + fraction;
    if (whole < 0 || fraction < 0 || width < WIDTH_MIN || width > WIDTH_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': %ld bits before the point, sign included, and %ld after it asked for; "
                         "together %d to %d will do", name, whole, fraction, WIDTH_MIN, WIDTH_MAX);
    if (*text == '{') {
        wraps = hu_read_word(&text, "{overflow=wrap}");
        if (!wraps && !hu_read_word(&text, "{overflow=saturate}"))
            return hu_refuse(err, HU_ENAME, "format '%.60s': expected {overflow=saturate} or {overflow=wrap}, found '%.30s'", name, text);
    }
    if (*text != '\0')
        return HU_NOT_MINE;
    if (wraps && width + fraction > WIDTH_MAX)       /* so that a quotient is known to its last place and 2^-63 below it */
        return hu_refuse(err, HU_ERANGE, "format '%.60s': to wrap, a format has at most %d bits with those of the fraction counted twice; "
                         "these are %ld", name, WIDTH_MAX, width + fraction);

    int man_bits = (int)width - is_signed - 1;
    hu_code max = ((hu_code)2 << man_bits) - 1;
    *f = (hu_format){.family = &hu_family_fixed, .width_bits = (int)width, .man_bits = man_bits, .emin = man_bits - (int)fraction,
                     .emax = man_bits - (int)fraction, .specials = HU_SPECIALS_FINITE, .max_code = max, .inf_code = wraps ? 0 : max,
                     .is_signed = is_signed, .wraps = wraps,
                     .source = fraction ? "two's complement; Q notation as in the Arm documents" : "two's complement"};
    const char *u = is_signed ? "" : "u", *modifier = wraps ? "{overflow=wrap}" : "";
    if (fraction == 0)
        snprintf(canonical, HU_FORMAT_NAME_SIZE, "%sint%ld%s", u, width, modifier);
    else
        snprintf(canonical, HU_FORMAT_NAME_SIZE, "%sq%ld.%ld%s", u, whole, fraction, modifier);
    return HU_READ;
}
