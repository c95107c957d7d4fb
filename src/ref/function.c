/* function.c - exp to hypot: which edges, exact results and enclosure each has, and the digits.
 *
 * Where a formula cancels, the enclosure is wide and is computed again with more bits.
 */
#include "src/ref/function-parts.h"

#include <stdlib.h>
#include <string.h>

typedef hu_ref_interval iv;

enum { KEPT_BITS = 120, FAR = 200000 };

struct hu_ref_function {
    const char *name;
    int arity;
    hu_ref_edge_fn    *edge;
    hu_ref_exact_fn   *exact;
    hu_ref_quick_fn   *quick;
    hu_ref_enclose_fn *enclose;
};

static const hu_ref_function table[] = {
#define ROW(name, arity, edge, exact, quick) \
    {#name, arity, hu_ref_edge_##edge, hu_ref_exact_##exact, hu_ref_quick_##quick, hu_ref_enclose_##name},
    ROW(exp,     1, exp,     none,  exp)
    ROW(exp2,    1, exp,     exp2,  exp)
    ROW(expm1,   1, expm1,   none,  expm1)
    ROW(log,     1, log,     none,  never)
    ROW(log2,    1, log,     log2,  never)
    ROW(log1p,   1, log1p,   none,  never)
    ROW(pow,     2, pow,     pow,   pow)
    ROW(sin,     1, sin,     none,  never)
    ROW(cos,     1, cos,     none,  never)
    ROW(tan,     1, sin,     none,  never)
    ROW(asin,    1, asin,    none,  never)
    ROW(acos,    1, acos,    none,  never)
    ROW(atan,    1, atan,    none,  never)
    ROW(atan2,   2, atan2,   none,  never)
    ROW(sinh,    1, odd,     none,  sinh)
    ROW(cosh,    1, cosh,    none,  cosh)
    ROW(tanh,    1, to_one,  none,  tanh)
    ROW(erf,     1, to_one,  none,  erf)
    ROW(sigmoid, 1, sigmoid, none,  sigmoid)
    ROW(rsqrt,   1, rsqrt,   rsqrt, never)
    ROW(cbrt,    1, odd,     cbrt,  never)
    ROW(hypot,   2, hypot,   hypot, never)
#undef ROW
};

const hu_ref_function *hu_ref_function_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

int hu_ref_function_arity(const hu_ref_function *function)
{
    return function->arity;
}

static hu_ref_exact without_digits(hu_ref_quick q, bool negative)
{
    hu_ref_exact r = {.kind = HU_REF_FINITE, .negative = negative, .sticky = true, .sig = (hu_u128)1 << 127};
    r.exp = q == HU_REF_FAR_UP ? FAR : q == HU_REF_FAR_DOWN ? -FAR : -1;
    if (q == HU_REF_JUST_BELOW_ONE)
        r.sig = ~(hu_u128)0;
    return r;
}

/* Whether both ends are cut to the same KEPT_BITS bits and are more than that. */
static bool agree(const iv *y, mpfr_ptr kept)
{
    if (!mpfr_number_p(y->lo) || !mpfr_number_p(y->hi) || mpfr_sgn(y->lo) * mpfr_sgn(y->hi) <= 0)
        return false;
    int lo = mpfr_set(kept, y->lo, MPFR_RNDZ);
    mpfr_t other;
    mpfr_init2(other, KEPT_BITS);
    int hi = mpfr_set(other, y->hi, MPFR_RNDZ);
    bool same = lo != 0 && hi != 0 && mpfr_equal_p(kept, other);
    mpfr_clear(other);
    return same;
}

static bool by_digits(const hu_ref_function *f, mpfr_prec_t bits, mpfr_srcptr a, mpfr_srcptr b, mpfr_ptr kept)
{
    iv x, z, y, t[HU_REF_SCRATCH];
    hu_ref_interval_init(&x, bits);
    hu_ref_interval_init(&z, bits);
    hu_ref_interval_init(&y, bits);
    for (int i = 0; i < HU_REF_SCRATCH; i++)
        hu_ref_interval_init(&t[i], bits);
    hu_ref_interval_set(&x, a);
    hu_ref_interval_set(&z, b ? b : a);
    f->enclose(&y, &x, &z, t);
    bool done = agree(&y, kept);
    for (int i = 0; i < HU_REF_SCRATCH; i++)
        hu_ref_interval_clear(&t[i]);
    hu_ref_interval_clear(&x);
    hu_ref_interval_clear(&z);
    hu_ref_interval_clear(&y);
    return done;
}

hu_ref_exact hu_ref_function_apply(const hu_ref_function *f, int precision, const hu_ref_value *a, const hu_ref_value *b)
{
    hu_ref_exact r;
    if (hu_ref_edge_nan(f->name, a, b, &r) || f->edge(a, b, &r))
        return r;
    bool negative = false, flips = strcmp(f->name, "pow") == 0 && a->negative && hu_ref_is_odd_integer(hu_ref_to_double(b));
    double near_a = hu_ref_to_double(a), near_b = b ? hu_ref_to_double(b) : 0;
    hu_ref_quick q = f->quick(near_a, near_b, &negative);
    if (q != HU_REF_BY_DIGITS)
        return without_digits(q, negative);

    mpfr_t kept;
    mpfr_init2(kept, KEPT_BITS);
    mpfr_srcptr second = b ? b->x : NULL;              /* the edges leave finite operands that are not 0 */
    if (f->exact(kept, a->x, second)) {
        r = hu_ref_from_mpfr(kept, 0);
    } else {
        mpfr_prec_t bits = 4 * precision > KEPT_BITS + 24 ? 4 * precision : KEPT_BITS + 24;
        while (!by_digits(f, bits, a->x, second, kept))
            bits += bits / 2;
        r = hu_ref_from_mpfr(kept, 1);
    }
    if (flips)
        r.negative = true;
    mpfr_clear(kept);
    return r;
}
