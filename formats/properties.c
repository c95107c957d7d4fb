/* properties.c - the landmarks of a format, as exact numbers.
 *
 * Those of a format with fields follow from them; other families are asked for the neighbor above zero or one.
 */
#include "formats/codebook.h"
#include "formats/wide.h"

bool hu_format_has_fields(const hu_format *f)
{
    return f->family == &hu_family_float || f->family == &hu_family_wide || f->family == &hu_family_ufloat || f->family == &hu_family_p3109;
}

hu_bits hu_format_max_bits(const hu_format *f)
{
    return f->is_wide ? hu_wide_max(f, false) : hu_bits_from_code(f->max_code);
}

hu_num hu_format_max(const hu_format *f)
{
    if (!f->is_wide)
        return hu_decode(f, f->max_code);
    hu_bits code = hu_wide_max(f, false);
    hu_wide max = hu_wide_decode(f, &code);
    return hu_wide_to_num(&max);
}

static hu_num smallest_positive(const hu_format *f)
{
    return hu_decode(f, f->family->bracket(f, hu_num_make(false, 1, -HU_EXP_FAR)).hi);
}

hu_num hu_format_min_normal(const hu_format *f)
{
    if (f->codebook)
        return hu_num_make(false, (hu_u128)f->codebook->min_normal, HU_CODEBOOK_UNIT);
    if (!hu_format_has_fields(f))
        return smallest_positive(f);
    return f->emin > f->emax ? hu_num_zero(false) : hu_num_make(false, 1, f->emin);     /* e1m3: subnormal numbers alone */
}

hu_num hu_format_min_subnormal(const hu_format *f)
{
    if (!hu_format_has_fields(f))
        return smallest_positive(f);
    bool none = f->man_bits == 0 || f->subnormals != 0;
    return none ? hu_format_min_normal(f) : hu_num_make(false, 1, f->emin - f->man_bits);
}

/* From x to the next larger value; zero where x is not a value or the largest. */
static hu_num step_above(const hu_format *f, hu_num x)
{
    hu_num beyond = x;
    beyond.sticky = true;
    hu_bracket at = f->family->bracket(f, x), above = f->family->bracket(f, beyond);
    if (at.part != 0 || at.lo_wraps || above.overflow || above.hi_wraps)
        return hu_num_zero(false);
    hu_num next = hu_decode(f, above.hi), step = hu_num_add(next, hu_num_negate(x), false);
    step.sticky = next.sticky;
    return step;
}

/* 1 lies in the binade of exponent 0; where that is below the normal range, steps are those of the subnormals. */
hu_num hu_format_epsilon(const hu_format *f)
{
    hu_num one = hu_num_make(false, 1, 0);
    if (!hu_format_has_fields(f))
        return step_above(f, one);
    if (hu_num_compare(one, hu_format_max(f)) >= 0 || hu_num_compare(one, hu_format_min_subnormal(f)) < 0)
        return hu_num_zero(false);
    int exp = f->emin > 0 ? f->emin : 0;
    return hu_num_make(false, 1, exp - f->man_bits);
}
