/* magnitude.c - where |x| lies among codes that count up from zero, through the subnormals and every binade. */
#include "formats/magnitude.h"

static hu_code ones(int bits)
{
    return ((hu_code)1 << bits) - 1;
}

hu_magnitude hu_magnitude_of(const hu_format *f, hu_num x)
{
    hu_magnitude at = {.tiny = x.exp < f->emin};
    hu_code smallest_normal = (hu_code)1 << f->man_bits;

    if (x.exp > f->emax) {
        at.lo = f->max_code + 1;
    } else {
        int exp = at.tiny ? f->emin : x.exp;
        int kept = f->man_bits + 1 - (exp - x.exp);
        at.lo = kept > 0 ? x.sig >> (128 - kept) : 0;
        at.lo += (hu_code)(exp - f->emin) << f->man_bits;   /* the hidden bit counts the exponent up */
        at.part = hu_num_below(x, kept);
    }
    if (at.tiny && at.lo + 1 == smallest_normal && x.exp == f->emin - 1
        && x.sig >> (127 - f->man_bits) == ones(f->man_bits + 1))
        at.fine = hu_num_below(x, f->man_bits + 1);
    if (at.lo > f->max_code) {
        at.lo = f->max_code;
        at.part = HU_ONE;
    }
    return at;
}

hu_num hu_magnitude_decode(const hu_format *f, hu_code magnitude, bool negative)
{
    int field = (int)(magnitude >> f->man_bits);
    hu_code sig = magnitude & ones(f->man_bits);
    if (field > 0)
        return hu_num_make(negative, sig | (hu_code)1 << f->man_bits, field - f->bias - f->man_bits);
    return sig > 0 ? hu_num_make(negative, sig, f->emin - f->man_bits) : hu_num_zero(negative);
}
