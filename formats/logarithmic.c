/* logarithmic.c - what the logarithmic families have in common: codes that say the logarithm of a magnitude.
 *
 * Rounding is defined among the logarithms: the position of x between two codes is (log |x| - log lo) / (log hi - log lo), so
 * that the midpoint is the geometric mean, as in a datapath that adds and interpolates logarithms. Products, quotients and roots are sums,
 * differences and halves of integers. Between zero and the smallest value, whose logarithms are infinitely far apart, every
 * number is at the smallest value: see tapered.c, whose rules hold here too.
 *
 * Decoded, a value is cut to 128 bits and has the sticky bit set, unless it is a power of the base's that is rational. Brackets
 * know such a number again: one that has the bits and the sticky bit of a code's value is that code, exactly. No other
 * number can be told from it, and of codes decoded and rounded nothing changes in any mode.
 *
 * Where no digits of the position are asked for, formats of up to 16 bits compare with values that they keep: logarithmic-table.c.
 *
 * There is no remainder and no rounding to an integral value: hardly any integer is a value.
 */
#include "formats/logarithmic.h"

const char hu_logarithmic_operations[] = "add sub mul div fma sqrt neg abs min max eq lt le";

hu_num hu_logarithmic_decode(const hu_format *f, hu_code code)
{
    const hu_logarithmic *family = f->family->logarithmic;
    hu_log l;
    hu_num x;
    if (!family->log_of(f, code, &l))
        return hu_num_nan();
    return l.kind == HU_FINITE && hu_logarithmic_known(f, code, l.negative, &x) ? x : hu_log_value(family->base, l);
}

void hu_logarithmic_wide(const hu_format *f, hu_code code, hu_wide *out)
{
    const hu_logarithmic *family = f->family->logarithmic;
    hu_log l;
    *out = family->log_of(f, code, &l) ? hu_log_wide_value(family->base, l) : hu_wide_special(HU_NAN, false);
}

static bool is_same(hu_num a, hu_num b)
{
    return a.kind == b.kind && a.exp == b.exp && a.sig == b.sig && a.sticky == b.sticky;
}

hu_bracket hu_logarithmic_bracket(const hu_format *f, hu_num x)
{
    const hu_logarithmic *family = f->family->logarithmic;
    hu_bracket b = family->bracket(f, hu_log_of(family->base, x));
    hu_log l;
    if (x.sticky && is_same(x, hu_logarithmic_decode(f, b.hi)) && family->log_of(f, b.hi, &l))
        return family->bracket(f, l);
    return b;
}

bool hu_logarithmic_result(const hu_format *f, hu_term term, const hu_code *x, hu_bracket *out)
{
    static const int operands[] = {
        [HU_TERM_SUM] = 2, [HU_TERM_DIFFERENCE] = 2, [HU_TERM_PRODUCT] = 2, [HU_TERM_QUOTIENT] = 2, [HU_TERM_ROOT] = 1, [HU_TERM_FUSED] = 3,
    };
    const hu_logarithmic *family = f->family->logarithmic;
    hu_log l[3] = {{.kind = HU_ZERO}}, result = {.kind = HU_ZERO};
    for (int i = 0; i < operands[term]; i++)
        family->log_of(f, x[i], &l[i]);
    switch (term) {
    case HU_TERM_DIFFERENCE: l[1].negative = !l[1].negative;                                 /* fall through */
    case HU_TERM_SUM:        result = hu_log_add(family->base, l[0], l[1]);                              break;
    case HU_TERM_PRODUCT:    result = hu_log_mul(l[0], l[1]);                                            break;
    case HU_TERM_QUOTIENT:   result = hu_log_div(l[0], l[1]);                                            break;
    case HU_TERM_ROOT:       result = hu_log_sqrt(l[0]);                                                 break;
    case HU_TERM_FUSED:      result = hu_log_add(family->base, hu_log_mul(l[0], l[1]), l[2]);            break;
    case HU_TERM_NONE:       break;
    }
    if (result.kind == HU_ZERO)
        return false;
    *out = family->bracket(f, result);
    return true;
}
