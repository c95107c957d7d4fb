/* fixed.c - fixed point in two's complement, with a sign or without; integers are fixed point without a fraction.
 *
 * A value is the code, read as an integer, times 2^-F. The fields of the format say it so: there are man_bits + 1 bits
 * beside the sign, and emin - man_bits is -F.
 *
 * Positions are measured on the real line, and the grid goes on past the largest value: it is passed where the rounded
 * number is. What lies past the range becomes the end of the range on its side, for there is no infinity, and raises
 * overflow; a format without a sign ends at zero. An infinity becomes the same, a NaN zero (which raises
 * invalid), as the saturating conversions of processors have it. There is no underflow: all values are equally far apart.
 *
 * A format that wraps takes the neighbors modulo 2^width, whatever the overflow policy; a result that
 * had to be taken so raises overflow and inexact; infinities, which have no residue, become zero. A number of more than
 * 128 significant bits is cut to these first.
 *
 * The most negative value has no counterpart: its negation is the largest value, or itself where the format wraps.
 */
#include "formats/format.h"

static int fraction_bits(const hu_format *f)
{
    return f->man_bits - f->emin;
}

static hu_code negated(const hu_format *f, hu_code code)
{
    return -code & hu_format_last_code(f);
}

/* The magnitude of the last value of that sign, in units of the last place. */
static hu_code most(const hu_format *f, bool negative)
{
    if (!negative)
        return f->max_code;
    return f->is_signed ? f->max_code + 1 : 0;
}

static hu_code with_sign(const hu_format *f, hu_code magnitude, bool negative)
{
    return negative ? negated(f, magnitude) : magnitude & hu_format_last_code(f);
}

static hu_num decode(const hu_format *f, hu_code code)
{
    bool negative = f->is_signed && code > f->max_code;
    return hu_num_make(negative, negative ? negated(f, code) : code, -fraction_bits(f));
}

/* floor(|x| 2^F) without its bits from the 128th on, by which `far` is set. */
static hu_code whole(hu_num x, int kept, bool *far)
{
    *far = kept > 127;
    if (kept <= 0)
        return 0;
    if (kept <= 128)
        return x.sig >> (128 - kept);
    return kept < 256 ? x.sig << (kept - 128) : 0;
}

static hu_bracket bracket(const hu_format *f, hu_num x)
{
    int kept = x.exp + 1 + fraction_bits(f);
    bool far;
    hu_code n = whole(x, kept, &far), last = most(f, x.negative);
    hu_bracket b = {.negative = x.negative, .part = hu_num_below(x, kept)};

    if (f->wraps) {
        b.lo_wraps = far || n > last;
        b.hi_wraps = far || n >= last;
    } else if (far || n > last) {
        n = last;
        b.part = HU_ONE;
    }
    b.odd = n & 1;
    b.lo = with_sign(f, n, x.negative);
    b.overflow = !f->wraps && n == last && b.part != 0;
    b.hi = b.overflow ? b.lo : with_sign(f, n + 1, x.negative);
    return b;
}

static hu_code special(const hu_format *f, hu_num x)
{
    return x.kind == HU_INF && !f->wraps ? with_sign(f, most(f, x.negative), x.negative) : 0;
}

static hu_code negate(const hu_format *f, hu_code code)
{
    if (f->wraps)
        return negated(f, code);
    if (!f->is_signed)
        return code;
    return code == f->max_code + 1 ? f->max_code : negated(f, code);
}

const hu_family hu_family_fixed = {.name = "fixed", .decode = decode, .bracket = bracket, .special = special, .negate = negate};
