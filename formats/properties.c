/* properties.c - the landmarks of a format, as exact numbers. */
#include "formats/format.h"

hu_num hu_format_max(const hu_format *f)
{
    return hu_decode(f, f->max_code);
}

hu_num hu_format_min_normal(const hu_format *f)
{
    return hu_num_make(false, 1, f->emin);
}

hu_num hu_format_min_subnormal(const hu_format *f)
{
    bool none = f->man_bits == 0 || f->subnormals != 0;
    return none ? hu_format_min_normal(f) : hu_num_make(false, 1, f->emin - f->man_bits);
}

/* 1 lies in the binade of exponent 0; where that is below the normal range, steps are those of the subnormals. */
hu_num hu_format_epsilon(const hu_format *f)
{
    hu_num one = hu_num_make(false, 1, 0);
    if (hu_num_compare(one, hu_format_max(f)) >= 0 || hu_num_compare(one, hu_format_min_subnormal(f)) < 0)
        return hu_num_zero(false);
    int exp = f->emin > 0 ? f->emin : 0;
    return hu_num_make(false, 1, exp - f->man_bits);
}
