/* value.c - what a code stands for, as MPFR sees it. */
#include "src/ref/ref.h"

enum { VALUE_BITS = 64 };    /* holds every significand of up to 63 bits, and 64-bit integers */

void hu_ref_value_init(hu_ref_value *v)
{
    *v = (hu_ref_value){.kind = HU_REF_ZERO};
    mpfr_init2(v->x, VALUE_BITS);
}

void hu_ref_value_clear(hu_ref_value *v)
{
    mpfr_clear(v->x);
}

hu_code hu_ref_sign_bit(const hu_format *f)
{
    return (hu_code)1 << (f->exp_bits + f->man_bits);
}

bool hu_ref_has_inf(const hu_format *f)
{
    return f->specials == HU_SPECIALS_IEEE;
}

/* Without trailing bits the all-ones exponent has one code, and an IEEE-like format spends it on infinity. */
bool hu_ref_has_nan(const hu_format *f)
{
    switch (f->specials) {
    case HU_SPECIALS_IEEE:   return f->man_bits > 0;
    case HU_SPECIALS_FN:     return true;
    case HU_SPECIALS_FNUZ:   return true;
    case HU_SPECIALS_FINITE: break;
    }
    return false;
}

hu_code hu_ref_max_code(const hu_format *f)
{
    hu_code all_ones = hu_ref_sign_bit(f) - 1;
    switch (f->specials) {
    case HU_SPECIALS_IEEE:   return all_ones - ((hu_code)1 << f->man_bits);
    case HU_SPECIALS_FN:     return all_ones - 1;
    case HU_SPECIALS_FNUZ:   break;
    case HU_SPECIALS_FINITE: break;
    }
    return all_ones;
}

static bool is_nan(const hu_format *f, hu_code code, hu_code magnitude)
{
    hu_code all_ones = hu_ref_sign_bit(f) - 1;
    hu_code infinity = all_ones - (((hu_code)1 << f->man_bits) - 1);
    switch (f->specials) {
    case HU_SPECIALS_IEEE:   return magnitude > infinity;
    case HU_SPECIALS_FN:     return magnitude == all_ones;
    case HU_SPECIALS_FNUZ:   return code == hu_ref_sign_bit(f);
    case HU_SPECIALS_FINITE: break;
    }
    return false;
}

/* Only IEEE-like NaNs carry something: the quiet bit on top of the trailing field, the payload below it. */
static void set_nan(const hu_format *f, hu_code trailing, hu_ref_value *v)
{
    v->kind = HU_REF_NAN;
    if (f->specials != HU_SPECIALS_IEEE)
        return;
    hu_code quiet = (hu_code)1 << (f->man_bits - 1);
    hu_code payload = trailing & (quiet - 1);
    v->signaling = !(trailing & quiet);
    v->payload = f->man_bits > 1 ? payload << (128 - (f->man_bits - 1)) : 0;
}

void hu_ref_decode(const hu_format *f, hu_code code, hu_ref_value *v)
{
    hu_code sign = hu_ref_sign_bit(f);
    hu_code magnitude = code & (sign - 1);
    hu_code trailing = magnitude & (((hu_code)1 << f->man_bits) - 1);
    long field = (long)(magnitude >> f->man_bits);

    v->negative = (code & sign) != 0;
    v->signaling = false;
    v->payload = 0;
    if (is_nan(f, code, magnitude)) {
        if (f->specials == HU_SPECIALS_FNUZ)
            v->negative = false;
        set_nan(f, trailing, v);
        return;
    }
    if (hu_ref_has_inf(f) && magnitude == hu_ref_max_code(f) + 1) {
        v->kind = HU_REF_INF;
        return;
    }
    if (magnitude == 0 || (field == 0 && (f->subnormals & HU_FLUSH_IN))) {
        v->kind = HU_REF_ZERO;
        return;
    }
    if (field > 0)
        trailing |= (hu_code)1 << f->man_bits;
    else
        field = 1;
    v->kind = HU_REF_FINITE;
    mpfr_set_ui_2exp(v->x, (unsigned long)trailing, field - f->bias - f->man_bits, MPFR_RNDZ);
    if (v->negative)
        mpfr_neg(v->x, v->x, MPFR_RNDZ);
}
