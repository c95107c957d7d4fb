/* float.c - floating point: a sign, an exponent field of E bits, a trailing significand of M bits.
 *
 * Positions are measured on the real line. Codes of one sign are in the order of their magnitudes, so
 * the neighbor of a code is the next code, from the subnormals through every binade to the largest.
 *
 * What a format has no code for: an infinity becomes NaN, or the largest value where there is no NaN either
 * (OCP 8-bit Floating Point 1.0, section 5.2.2, non-saturating); a NaN becomes +infinity, or the
 * largest value where there is no infinity either (as the conversions to 4- and 6-bit formats of NVIDIA's PTX ISA do).
 */
#include "formats/magnitude.h"

static hu_code ones(int bits)
{
    return ((hu_code)1 << bits) - 1;
}

static hu_code with_sign(const hu_format *f, hu_code magnitude, bool negative)
{
    if (!negative || (magnitude == 0 && !f->has_negative_zero))
        return magnitude;
    return magnitude | (hu_code)1 << (f->width_bits - 1);
}

static bool is_nan(const hu_format *f, hu_code code, hu_code magnitude)
{
    if (f->specials == HU_SPECIALS_FNUZ)
        return code == f->nan_code;
    return f->has_nan && magnitude > (f->has_inf ? f->inf_code : f->max_code);
}

/* Only IEEE-like NaNs have a payload: what stands below the quiet bit, moved to the top. */
static hu_num decode_nan(const hu_format *f, hu_code magnitude, bool negative)
{
    hu_num nan = {.kind = HU_NAN, .negative = negative};
    if (f->specials == HU_SPECIALS_IEEE) {
        nan.signaling = !(magnitude >> (f->man_bits - 1) & 1);
        if (f->man_bits > 1)
            nan.sig = magnitude << (129 - f->man_bits);
    } else if (f->specials == HU_SPECIALS_FNUZ) {
        nan.negative = false;
    }
    return nan;
}

static hu_num decode(const hu_format *f, hu_code code)
{
    hu_code magnitude = code & ones(f->width_bits - 1);
    bool negative = code >> (f->width_bits - 1) & 1;
    if (is_nan(f, code, magnitude))
        return decode_nan(f, magnitude, negative);
    if (f->has_inf && magnitude == f->inf_code)
        return hu_num_inf(negative);

    bool subnormal = magnitude < (hu_code)1 << f->man_bits;
    return hu_magnitude_decode(f, subnormal && (f->subnormals & HU_FLUSH_IN) ? 0 : magnitude, negative);
}

static hu_bracket bracket(const hu_format *f, hu_num x)
{
    hu_magnitude at = hu_magnitude_of(f, x);
    hu_code lo = at.lo;
    hu_bracket b = {.negative = x.negative, .tiny = at.tiny, .part = at.part, .fine = at.fine};

    if (b.tiny && (f->subnormals & HU_FLUSH_OUT)) {         /* the neighbors with unbounded exponent, flushed */
        b.odd = f->man_bits > 0;                            /* without trailing bits lo would have code 0 */
        b.part = b.fine ? b.fine : 1;
        b.lo = with_sign(f, 0, x.negative);
        b.hi = b.fine ? with_sign(f, (hu_code)1 << f->man_bits, x.negative) : b.lo;
        return b;
    }
    b.odd = lo & 1;
    b.lo = with_sign(f, lo, x.negative);
    b.overflow = lo == f->max_code && b.part != 0;
    if (b.overflow)
        b.hi = f->family->special(f, hu_num_inf(x.negative));
    else
        b.hi = with_sign(f, lo + 1, x.negative);
    return b;
}

static hu_code special_nan(const hu_format *f, hu_num x)
{
    if (f->specials == HU_SPECIALS_IEEE && f->has_nan) {
        hu_code payload = f->man_bits > 1 ? x.sig >> (129 - f->man_bits) : 0;
        return with_sign(f, f->nan_code | payload, x.negative);
    }
    return f->specials == HU_SPECIALS_FN ? with_sign(f, f->nan_code, x.negative) : f->nan_code;
}

static hu_code special(const hu_format *f, hu_num x)
{
    if (x.kind == HU_ZERO)
        return with_sign(f, 0, x.negative);
    if (x.kind == HU_NAN)
        return special_nan(f, x);
    return f->has_inf || !f->has_nan ? with_sign(f, f->inf_code, x.negative) : f->nan_code;
}

static hu_code negate(const hu_format *f, hu_code code)
{
    hu_code sign = (hu_code)1 << (f->width_bits - 1);
    bool unsigned_one = !f->has_negative_zero && (code & (sign - 1)) == 0;   /* zero, and FNUZ's NaN */
    return unsigned_one ? code : code ^ sign;
}

const hu_family hu_family_float = {.name = "float", .decode = decode, .bracket = bracket, .special = special, .negate = negate};
