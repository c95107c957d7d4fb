/* neighbor.c - the values beside a value, and how far away they are. */
#include "src/ops/bits.h"
#include "src/ops/wide.h"

/* The magnitude just beyond that of x, away from zero or toward it; sticky stands for the infinitesimal step. */
static hu_num nudge(hu_num x, bool away)
{
    if (away)
        x.sticky = true;
    else if (x.sig << 1 == 0)
        x = (hu_num){.kind = HU_FINITE, .negative = x.negative, .sig = ~(hu_u128)0, .exp = x.exp - 1, .sticky = true};
    else {
        x.sig--;
        x.sticky = true;
    }
    return x;
}

static hu_code neighbor(const hu_format *f, hu_code code, bool up)
{
    hu_env exact = hu_env_default();
    hu_num x = hu_decode(f, code);

    if (x.kind == HU_NAN)
        return code;
    if (x.kind == HU_INF) {
        if (x.negative != up)
            return code;
        hu_num most = hu_format_max(f);
        return hu_round(f, &exact, x.negative ? hu_num_negate(most) : most);
    }
    if (x.kind == HU_ZERO) {
        hu_num least = hu_format_min_subnormal(f);
        if (least.kind == HU_ZERO)                           /* e1m0: there is infinity above */
            least = hu_num_make(false, 1, f->emin);
        return up || f->is_signed ? hu_round(f, &exact, up ? least : hu_num_negate(least)) : code;
    }
    bool away = x.negative != up;
    hu_bracket b = f->family->bracket(f, nudge(x, away));
    if (away && (b.overflow || b.hi_wraps) && !f->has_inf)
        return code;
    return away ? b.hi : b.lo;
}

hu_bits hu_bits_neighbor(const hu_format *f, const hu_bits *a, bool up)
{
    return f->is_wide ? hu_wide_neighbor(f, a, up) : hu_bits_from_code(neighbor(f, hu_bits_to_code(a), up));
}

/* Steps are those of the binade, down to the smallest normal. */
static hu_num wide_ulp(const hu_format *f, hu_num x)
{
    if (x.kind == HU_ZERO)
        return hu_format_min_subnormal(f);
    return hu_num_make(false, 1, (x.exp > f->emin ? x.exp : f->emin) - f->man_bits);
}

hu_num hu_bits_ulp(const hu_format *f, const hu_bits *a)
{
    hu_num x = hu_num_abs(hu_bits_decode(f, a));
    if (x.kind == HU_NAN || x.kind == HU_INF)
        return hu_num_nan();
    if (f->is_wide)
        return wide_ulp(f, x);
    hu_env exact = hu_env_default();
    hu_code code = hu_round(f, &exact, x);
    hu_num y = hu_decode(f, neighbor(f, code, true));
    if (y.kind != HU_FINITE || hu_num_compare(x, y) == 0)
        y = hu_decode(f, neighbor(f, code, false));
    return hu_num_abs(hu_num_add(y, hu_num_negate(x), false));
}

int hu_bits_compare_values(const hu_format *f, const hu_bits *a, const hu_format *g, const hu_bits *b)
{
    hu_wide x = hu_wide_value(f, a), y = hu_wide_value(g, b);
    return x.kind == HU_NAN || y.kind == HU_NAN ? 2 : hu_wide_compare(&x, &y);
}
