/* ufloat.c - floating point without a sign: an exponent field and a trailing significand, finite, one NaN.
 *
 *     name = "e" E "m" M [ "b" bias ] "fnu"       such as e8m0fnu, the scale of the OCP block formats
 *
 * The NaN is where all bits are ones; the bias is 2^(E-1) - 1. With M = 0 the exponent field 0 is one more power of two and there
 * is no zero: a zero becomes the smallest value, which raises underflow and inexact, as does all that lies below it, in
 * every mode. Else the fields are those of the floats with a sign.
 * Positions are measured on the real line. Infinities become NaN. What is below zero after rounding becomes NaN and raises invalid,
 * as in the unsigned formats of P3109 (p3109.c); it becomes the smallest value, raising overflow, where saturation or a mode
 * that goes toward zero says so. A number that rounds to zero is a zero.
 */
#include <stdio.h>

#include "formats/registry.h"

enum { E_MIN = 2, E_MAX = 15, M_MAX = 62, BIAS_MAX = 65536 };

static hu_num decode(const hu_format *f, hu_code code)
{
    if (code == f->nan_code)
        return hu_num_nan();
    if (f->lacks_zero)
        return hu_num_make(false, 1, f->emin + (int)code);
    hu_code normal = (hu_code)1 << f->man_bits, sig = code & (normal - 1);
    int field = (int)(code >> f->man_bits);
    return field ? hu_num_make(false, sig | normal, field - f->bias - f->man_bits)
                 : hu_num_make(false, sig, f->emin - f->man_bits);
}

static hu_bracket past(const hu_format *f, uint64_t part)
{
    return (hu_bracket){.lo = f->max_code, .hi = f->nan_code, .part = part, .odd = f->max_code & 1, .overflow = true};
}

static hu_bracket bracket_magnitude(const hu_format *f, hu_num x)
{
    hu_bracket b = {.tiny = x.exp < f->emin};
    hu_code first = f->lacks_zero ? 0 : (hu_code)1 << f->man_bits;      /* of the smallest normal */
    if (x.exp > f->emax)
        return past(f, HU_ONE);
    if (b.tiny && f->lacks_zero) {
        b.part = 1;                                                     /* there is nothing below: it is both neighbors */
        return b;
    }
    int kept = f->man_bits + 1 - (b.tiny ? f->emin - x.exp : 0);
    b.lo = kept > 0 ? x.sig >> (128 - kept) : 0;
    if (!b.tiny)
        b.lo += first + ((hu_code)(x.exp - f->emin) << f->man_bits) - ((hu_code)1 << f->man_bits);
    b.part = hu_num_below(x, kept);
    if (b.lo > f->max_code)
        return past(f, HU_ONE);
    if (b.lo == f->max_code && b.part != 0)
        return past(f, b.part);
    b.hi = b.lo + 1;
    b.odd = b.lo & 1;
    if (b.tiny && b.hi == first && x.exp == f->emin - 1 && ~(x.sig >> (127 - f->man_bits)) << (127 - f->man_bits) == 0)
        b.fine = hu_num_below(x, f->man_bits + 1);
    return b;
}

/* Below zero: at zero, where there is one, or on the way past the smallest value to NaN. */
static hu_bracket bracket(const hu_format *f, hu_num x)
{
    hu_bracket b = bracket_magnitude(f, x);
    if (!x.negative)
        return b;
    bool past_zero = f->lacks_zero || b.lo > 0;
    return (hu_bracket){.lo = 0, .hi = f->nan_code, .part = past_zero ? HU_ONE : b.part, .negative = true, .overflow = true,
                        .odd_hi = true, .invalid = true, .tiny = !past_zero};
}

static hu_code special(const hu_format *f, hu_num x)
{
    return x.kind == HU_ZERO ? 0 : f->nan_code;
}

static hu_code negate(const hu_format *f, hu_code code)
{
    (void)f;
    return code;
}

const hu_family hu_family_ufloat = {.name = "ufloat", .decode = decode, .bracket = bracket, .special = special, .negate = negate};

hu_reading hu_read_ufloat(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    long e, m, bias = -1;
    const char *c = name;
    if (!hu_read_word(&c, "e") || !hu_read_number(&c, &e) || !hu_read_word(&c, "m") || !hu_read_number(&c, &m) ||
        (hu_read_word(&c, "b") && !hu_read_number(&c, &bias)) || !hu_read_word(&c, "fnu") || *c)
        return HU_NOT_MINE;
    if (e < E_MIN || e > E_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': %ld exponent bits asked for, %d to %d will do", name, e, E_MIN, E_MAX);
    if (m < 0 || m > M_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': %ld significand bits asked for, 0 to %d will do", name, m, M_MAX);
    if (bias < -1 || bias > BIAS_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': after b stands a bias from 0 to %d", name, BIAS_MAX);
    long plain = (1 << (e - 1)) - 1;
    if (bias < 0)
        bias = plain;
    hu_code last = ((hu_code)1 << (e + m)) - 1;
    *f = (hu_format){.family = &hu_family_ufloat, .width_bits = (int)(e + m), .exp_bits = (int)e, .man_bits = (int)m, .bias = (int)bias,
                     .specials = HU_SPECIALS_FN, .emin = (int)(m ? 1 - bias : -bias), .max_code = last - 1, .nan_code = last,
                     .inf_code = last, .has_nan = true, .lacks_zero = m == 0,
                     .source = "as the OCP Microscaling Formats 1.0 have it for scales, generalized"};
    f->emax = (int)(f->max_code >> m) - f->bias;
    if (bias == plain)
        snprintf(canonical, HU_FORMAT_NAME_SIZE, "e%ldm%ldfnu", e, m);
    else
        snprintf(canonical, HU_FORMAT_NAME_SIZE, "e%ldm%ldb%ldfnu", e, m, bias);
    return HU_READ;
}
