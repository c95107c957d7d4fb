/* tapered.c - what posits and takums have in common: codes that are strings, ordered as their values.
 *
 * A code is a two's complement integer: 0 is zero, 100..0 is NaR (not a real), the negative of a code stands for the
 * negative of its value, and larger integers are larger values. So the neighbor of a magnitude is the next integer.
 *
 * Positions (`part`) are measured on the bit string: the value is written as the encoding would go on without an end, and
 * what stands below the last bit is the position. Between two codes that differ in their exponent
 * alone the midpoint is therefore a geometric one, and nearest-even looks at the last bit of the string.
 *
 * What a finite number that is not zero never becomes, whatever the mode: NaR. Above the largest value every mode gives
 * the largest (with the overflow flag). Between zero and the smallest value the modes that say a direction keep
 * it - rz, rd and ru give zero where that lies on their side - and all others, stochastic ones too, give the smallest value:
 * the position is HU_ONE, and the number counts as tiny, which raises underflow. So rd <= x <= ru but above the largest value.
 * Zero and the NaNs have no sign; infinities have no code and become NaR.
 */
#include "formats/tapered.h"

#include "formats/registry.h"

static hu_code last_code(const hu_format *f)
{
    return hu_format_last_code(f);
}

hu_code hu_tapered_negate(const hu_format *f, hu_code code)
{
    return (~code + 1) & last_code(f);
}

hu_code hu_tapered_special(const hu_format *f, hu_num x)
{
    return x.kind == HU_ZERO ? 0 : f->nan_code;
}

bool hu_tapered_string(const hu_format *f, hu_code code, hu_u128 *bits, bool *negative, hu_num *out)
{
    if (code == 0 || code == f->nan_code) {
        *out = code ? hu_num_nan() : hu_num_zero(false);
        return false;
    }
    *negative = code >> (f->width_bits - 1) & 1;
    hu_code magnitude = *negative ? hu_tapered_negate(f, code) : code;
    *bits = magnitude << (129 - f->width_bits);
    return true;
}

hu_bracket hu_tapered_bracket(const hu_format *f, hu_num x, hu_string s)
{
    int kept = f->width_bits - 1;
    hu_u128 below = s.bits << kept;
    hu_code lo = s.bits >> (128 - kept), hi = lo + 1;
    hu_bracket b = {.negative = x.negative, .odd = lo & 1, .tiny = lo == 0};
    b.part = (uint64_t)(below >> 65) | (s.sticky || below << 63 != 0);
    b.overflow = lo == f->max_code && b.part != 0;
    if (b.overflow)
        hi = lo;
    if (b.overflow || b.tiny)
        b.part = HU_ONE;
    b.lo = x.negative ? hu_tapered_negate(f, lo) : lo;
    b.hi = x.negative ? hu_tapered_negate(f, hi) : hi;
    return b;
}

void hu_tapered_derive(hu_format *f, int width_bits)
{
    f->width_bits = width_bits;
    f->nan_code = f->inf_code = (hu_code)1 << (width_bits - 1);
    f->max_code = f->nan_code - 1;
    f->has_nan = f->is_signed = true;
    f->emin = hu_decode(f, 1).exp;
    f->emax = hu_decode(f, f->max_code).exp;
}

int hu_tapered_read_count(const char **text)
{
    const char *c = *text;
    long n;
    if (*c < '0' || *c > '9' || (*c == '0' && c[1] >= '0' && c[1] <= '9') || !hu_read_number(text, &n))
        return -1;
    return n < 9999 ? (int)n : 9999;
}
