/* p3109.c - the formats of IEEE P3109: binary{K}p{P}{s|u}{e|f}, K bits of code, P bits of precision.
 *
 * Positions are measured on the real line. Codes count magnitudes up from zero through the subnormals and every
 * binade; then come +infinity, in extended formats, and NaN, which in signed formats stands where -0 would. There is one NaN and
 * one zero. The last binade holds numbers up to the special codes, so the largest value need not be odd: parity
 * is that of the code everywhere, for P = 1 (where the exponent's last bit is the code's) and past the largest value too,
 * where round to odd goes to the infinity if that has an odd code.
 *
 * The report's saturation modes are the overflow policies: SatNone is ieee, SatFinite is saturate, SatPropagate is
 * saturate-finite-only. What a format has no code for: an infinity becomes the largest value of its sign; what is below zero
 * after rounding becomes NaN in an unsigned format, raising invalid, or zero where saturation or a mode that stays at zero says so.
 * Source: IEEE SA P3109 Working Group, interim report 3.2: formats, Decode, RoundToPrecision, Saturate, Encode.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "formats/magnitude.h"
#include "formats/registry.h"

enum { K_MIN = 3, K_MAX = 64, P_MAX = 63, EXP_BITS_MAX = 16 };

static hu_code with_sign(const hu_format *f, hu_code magnitude, bool negative)
{
    return negative && magnitude > 0 ? magnitude | (hu_code)1 << (f->width_bits - 1) : magnitude;
}

static hu_num decode(const hu_format *f, hu_code code)
{
    if (code == f->nan_code)
        return hu_num_nan();
    bool negative = f->is_signed && code > f->nan_code;             /* the NaN has the code of a sign alone */
    hu_code magnitude = negative ? code - f->nan_code : code;
    if (f->has_inf && magnitude == f->inf_code)
        return hu_num_inf(negative);
    return hu_magnitude_decode(f, magnitude, negative);
}

static hu_code special(const hu_format *f, hu_num x)
{
    if (x.kind == HU_ZERO)
        return 0;
    if (x.kind == HU_NAN || (x.negative && !f->is_signed))
        return f->nan_code;
    return with_sign(f, f->inf_code, x.negative);
}

/* Among the numbers of an unsigned format, one below zero: at zero, or on its way past it to NaN. */
static hu_bracket below_zero(const hu_format *f, hu_magnitude at)
{
    bool past = at.lo > 0;
    return (hu_bracket){.lo = 0, .hi = f->nan_code, .part = past ? HU_ONE : at.part, .negative = true, .overflow = true,
                        .odd_hi = true, .invalid = true, .tiny = !past};
}

static hu_bracket bracket(const hu_format *f, hu_num x)
{
    hu_magnitude at = hu_magnitude_of(f, x);
    if (x.negative && !f->is_signed)
        return below_zero(f, at);
    hu_bracket b = {.negative = x.negative, .tiny = at.tiny, .part = at.part, .fine = at.fine, .odd = at.lo & 1};
    b.lo = with_sign(f, at.lo, x.negative);
    b.overflow = at.lo == f->max_code && at.part != 0;
    b.odd_hi = b.overflow && f->has_inf && (f->inf_code & 1);
    b.hi = b.overflow ? special(f, hu_num_inf(x.negative)) : with_sign(f, at.lo + 1, x.negative);
    return b;
}

static hu_code negate(const hu_format *f, hu_code code)
{
    bool has_other = f->is_signed && code != 0 && code != f->nan_code;
    return has_other ? code ^ (hu_code)1 << (f->width_bits - 1) : code;
}

const hu_family hu_family_p3109 = {.name = "p3109", .decode = decode, .bracket = bracket, .special = special, .negate = negate};

/* --- names --- */

static void derive(hu_format *f, int width, int precision, bool is_signed, bool extended)
{
    int exp_bits = width - precision + !is_signed;
    hu_code last = ((hu_code)1 << (width - is_signed)) - 1;         /* of the codes without a sign */
    *f = (hu_format){.family = &hu_family_p3109, .width_bits = width, .exp_bits = exp_bits, .man_bits = precision - 1,
                     .bias = 1 << (exp_bits - 1), .is_signed = is_signed, .has_inf = extended, .has_nan = true,
                     .source = "IEEE P3109 interim report 3.2"};
    f->emin = 1 - f->bias;
    f->nan_code = is_signed ? last + 1 : last;
    f->max_code = f->nan_code - 1 - extended;
    f->inf_code = f->max_code + extended;
    f->emax = (int)(f->max_code >> f->man_bits) - f->bias;
}

/* Digits, read past; the number, at most 9999. */
static bool read_digits(const char **text, int *out)
{
    long n;
    if (!isdigit((unsigned char)**text) || !hu_read_number(text, &n))
        return false;
    *out = n < 9999 ? (int)n : 9999;
    return true;
}

/* Whether there is such a format, or why not. */
static hu_reading check(const char *name, int width, int precision, bool is_signed, hu_error *err)
{
    int most = width - is_signed;
    if (width < K_MIN || width > K_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': %d bits asked for, %d to %d will do", name, width, K_MIN, K_MAX);
    if (precision < 1 || precision > most || precision > P_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': a precision of %d bits asked for, 1 to %d will do%s", name, precision,
                         most < P_MAX ? most : P_MAX, is_signed ? " (a sign takes one)" : "");
    if (width - precision + !is_signed > EXP_BITS_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': leaves %d bits for the exponent, 1 to %d will do", name,
                         width - precision + !is_signed, EXP_BITS_MAX);
    return HU_READ;
}

/* "binary8p4se", or "Binary8p4se" as the report writes it; canonical with a small letter. */
hu_reading hu_read_p3109(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    const char *c = name + 1;
    int width, precision;
    if ((name[0] != 'b' && name[0] != 'B') || strncmp(c, "inary", 5) != 0)
        return HU_NOT_MINE;
    c += 5;
    if (!read_digits(&c, &width) || *c++ != 'p' || !read_digits(&c, &precision))
        return HU_NOT_MINE;
    if ((c[0] != 's' && c[0] != 'u') || (c[1] != 'e' && c[1] != 'f') || c[2] != '\0')
        return hu_refuse(err, HU_ENAME, "format '%.60s': after the precision stands s (signed) or u (unsigned), then e (extended: with "
                         "infinities) or f (finite), found '%.20s'", name, c);
    bool is_signed = c[0] == 's', extended = c[1] == 'e';
    hu_reading read = check(name, width, precision, is_signed, err);
    if (read != HU_READ)
        return read;
    derive(f, width, precision, is_signed, extended);
    snprintf(canonical, HU_FORMAT_NAME_SIZE, "binary%dp%d%s", width, precision, c);
    return HU_READ;
}
