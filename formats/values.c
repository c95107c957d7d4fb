/* values.c - which values a format has: all of a small one in their order, and those of a binade of any. */
#include "formats/values.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/memory.h"

static int compare_values(const void *a, const void *b)
{
    const hu_value *x = a, *y = b;
    int order = hu_num_compare(x->num, y->num);
    return order ? order : (x->code > y->code) - (x->code < y->code);
}

hu_value *hu_format_values(const hu_format *f, size_t *n, hu_error *err)
{
    if (f->width_bits > HU_VALUES_WIDEST) {
        hu_fail(err, HU_ERANGE, "values: %s has 2^%d codes; only formats of up to %d bits are listed", f->name, f->width_bits,
                HU_VALUES_WIDEST);
        return NULL;
    }
    hu_value *list = hu_calloc((size_t)1 << f->width_bits, sizeof *list);
    if (!list) {
        hu_fail(err, HU_ENOMEM, "values: out of memory");
        return NULL;
    }
    size_t found = 0;
    *n = 0;
    for (hu_code code = 0; code <= hu_format_last_code(f); code++) {
        hu_num x = hu_decode(f, code);
        if (x.kind == HU_ZERO || x.kind == HU_FINITE)
            list[found++] = (hu_value){x.kind == HU_ZERO ? hu_num_zero(false) : x, code};
    }
    qsort(list, found, sizeof *list, compare_values);
    for (size_t i = 0; i < found; i++) {
        if (i == 0 || hu_num_compare(list[i].num, list[*n - 1].num) != 0)
            list[(*n)++] = list[i];
    }
    return list;
}

/* Codes of subnormal numbers have values, but no result is rounded to them. */
static bool only_reads_subnormals(const hu_format *f)
{
    return f->man_bits > 0 && f->subnormals == HU_FLUSH_OUT;
}

hu_num hu_format_least(const hu_format *f)
{
    return only_reads_subnormals(f) ? hu_num_make(false, 1, f->emin - f->man_bits) : hu_format_min_subnormal(f);
}

/* By the fields alone: for formats whose codes are wider than an hu_code. */
static bool fields_have(const hu_format *f, hu_num x)
{
    int lowest = (x.exp > f->emin ? x.exp : f->emin) - f->man_bits;
    if (x.kind == HU_ZERO)
        return !f->lacks_zero;
    return x.exp >= lowest && x.exp <= f->emax && (x.exp >= f->emin || !f->subnormals) && hu_num_below(x, x.exp - lowest + 1) == 0
        && (f->is_signed || !x.negative) && hu_num_compare(hu_num_abs(x), hu_format_max(f)) <= 0;
}

bool hu_format_has(const hu_format *f, hu_num x)
{
    hu_code code;
    if (f->is_wide)
        return fields_have(f, x);
    if (x.kind == HU_FINITE && x.exp < f->emin && only_reads_subnormals(f))
        return x.exp >= f->emin - f->man_bits && hu_num_below(x, x.exp - (f->emin - f->man_bits) + 1) == 0 && (f->is_signed || !x.negative);
    if (x.kind == HU_ZERO) {
        code = f->family->special(f, hu_num_zero(false));
    } else {
        hu_bracket b = f->family->bracket(f, x);
        if (b.part != 0 || f->is_wide)
            return b.part == 0;
        code = b.lo;
    }
    hu_num y = hu_decode(f, code);
    return (y.kind == HU_ZERO || y.kind == HU_FINITE) && hu_num_compare(x, y) == 0;
}

hu_num hu_format_lowest(const hu_format *f)
{
    return f->is_signed ? hu_decode(f, f->max_code + 1) : hu_num_zero(false);
}

/* --- binades --- */

bool hu_format_has_even_binades(const hu_format *f)
{
    return hu_format_has_fields(f) || f->family == &hu_family_fixed || f->family == &hu_family_posit || f->family == &hu_family_takum;
}

/* a / 2^exp for a multiple a of it, which is cut at 2^128 - 1. */
static hu_u128 in_steps(hu_num a, int exp)
{
    int shift = 127 - (a.exp - exp);
    if (a.kind == HU_ZERO)
        return 0;
    return shift < 0 ? ~(hu_u128)0 : a.sig >> shift;
}

/* Of a format with fields: full, but for the last one, and below the smallest normal with fewer bits. */
static hu_binade binade_by_fields(const hu_format *f, int exp)
{
    int step_exp = (exp < f->emin ? f->emin : exp) - f->man_bits;
    if (exp > f->emax || exp < hu_format_least(f).exp || (exp < f->emin && exp < step_exp))
        return (hu_binade){.step_exp = exp};
    hu_binade b = {.has_any = true, .step_exp = step_exp};
    hu_num start = hu_num_make(true, 1, exp), most = hu_format_max(f);
    if (exp == f->emax)
        b.last = in_steps(hu_num_add(most, start, false), step_exp);
    else
        b.last = exp - step_exp < 128 ? ((hu_u128)1 << (exp - step_exp)) - 1 : ~(hu_u128)0;
    return b;
}

hu_binade hu_format_binade(const hu_format *f, int exp)
{
    if (hu_format_has_fields(f))
        return binade_by_fields(f, exp);
    hu_num power = hu_num_make(false, 1, exp), least = hu_format_least(f), most = hu_format_max(f);
    hu_num start = least.exp == exp ? least : power, beyond = start, offset = hu_num_add(start, hu_num_negate(power), false);
    hu_binade b = {.step_exp = exp};
    if (!hu_format_has(f, start))
        return b;
    beyond.sticky = true;
    hu_bracket above = f->family->bracket(f, beyond);
    hu_num next = hu_decode(f, above.hi);
    bool is_single = above.overflow || above.hi_wraps || next.exp > exp;
    b.has_any = true;
    b.step_exp = !is_single ? hu_num_add(next, hu_num_negate(start), false).exp : offset.kind == HU_ZERO ? exp : offset.exp + 1 - hu_num_bits(offset);
    b.first = b.last = in_steps(offset, b.step_exp);
    if (!is_single)
        b.last = most.exp == exp ? in_steps(hu_num_add(most, hu_num_negate(power), false), b.step_exp) : ((hu_u128)1 << (exp - b.step_exp)) - 1;
    return b;
}

double hu_binade_count(hu_binade b, int exp)
{
    if (!b.has_any)
        return 0;
    if (b.last == ~(hu_u128)0)                               /* cut: all of the binade, less one at most */
        return ldexp(1, exp - b.step_exp);
    return (double)(b.last - b.first) + 1;
}
