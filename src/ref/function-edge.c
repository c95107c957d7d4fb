/* function-edge.c - exp to hypot of zeros, infinities and NaNs, and at the ends of where they are defined.
 *
 * Source: IEEE 754-2019, section 9.2.1.
 */
#include "src/ref/function-parts.h"

#include <string.h>

static bool give(hu_ref_exact *r, hu_ref_kind kind, bool negative, hu_flags flags)
{
    *r = (hu_ref_exact){.kind = kind, .negative = negative, .flags = flags};
    return true;
}

static bool give_invalid(hu_ref_exact *r)
{
    return give(r, HU_REF_NAN, false, HU_INVALID);
}

static bool give_number(hu_ref_exact *r, double x)
{
    mpfr_t y;
    mpfr_init2(y, 53);
    mpfr_set_d(y, x, MPFR_RNDZ);
    *r = hu_ref_from_mpfr(y, 0);
    mpfr_clear(y);
    return true;
}

/* (negative ? -1 : 1) quarters pi / 4 */
static bool give_pi(hu_ref_exact *r, unsigned long quarters, bool negative)
{
    mpfr_t y;
    mpfr_init2(y, 128);
    mpfr_t wide;
    mpfr_init2(wide, 512);
    mpfr_const_pi(wide, MPFR_RNDZ);
    mpfr_mul_ui(wide, wide, quarters, MPFR_RNDZ);
    mpfr_div_2ui(wide, wide, 2, MPFR_RNDZ);
    mpfr_set(y, wide, MPFR_RNDZ);
    *r = hu_ref_from_mpfr(y, 1);
    r->negative = negative;
    mpfr_clears(y, wide, (mpfr_ptr)0);
    return true;
}

#define ZERO(v) ((v)->kind == HU_REF_ZERO)
#define INF(v)  ((v)->kind == HU_REF_INF)
#define NEG(v)  ((v)->negative)

#define EDGE(name) bool hu_ref_edge_##name(const hu_ref_value *a, const hu_ref_value *b, hu_ref_exact *r)

EDGE(exp)
{
    (void)b;
    if (INF(a))
        return give(r, NEG(a) ? HU_REF_ZERO : HU_REF_INF, false, 0);
    return ZERO(a) && give_number(r, 1);
}

EDGE(expm1)
{
    (void)b;
    if (INF(a))
        return NEG(a) ? give_number(r, -1) : give(r, HU_REF_INF, false, 0);
    return ZERO(a) && give(r, HU_REF_ZERO, NEG(a), 0);
}

EDGE(log)
{
    (void)b;
    if (ZERO(a))
        return give(r, HU_REF_INF, true, HU_DIVBYZERO);
    if (NEG(a))
        return give_invalid(r);
    if (INF(a))
        return give(r, HU_REF_INF, false, 0);
    return mpfr_cmp_ui(a->x, 1) == 0 && give(r, HU_REF_ZERO, false, 0);
}

EDGE(log1p)
{
    (void)b;
    if (ZERO(a))
        return give(r, HU_REF_ZERO, NEG(a), 0);
    if (INF(a))
        return NEG(a) ? give_invalid(r) : give(r, HU_REF_INF, false, 0);
    int order = mpfr_cmp_si(a->x, -1);
    if (order == 0)
        return give(r, HU_REF_INF, true, HU_DIVBYZERO);
    return order < 0 && give_invalid(r);
}

/* Odd functions without a limit: sinh, cbrt. */
EDGE(odd)
{
    (void)b;
    if (INF(a) || ZERO(a))
        return give(r, a->kind, NEG(a), 0);
    return false;
}

EDGE(sin)
{
    (void)b;
    return INF(a) ? give_invalid(r) : ZERO(a) && give(r, HU_REF_ZERO, NEG(a), 0);
}

EDGE(cos)
{
    (void)b;
    return INF(a) ? give_invalid(r) : ZERO(a) && give_number(r, 1);
}

EDGE(asin)
{
    (void)b;
    if (ZERO(a))
        return give(r, HU_REF_ZERO, NEG(a), 0);
    return (INF(a) || mpfr_cmpabs_ui(a->x, 1) > 0) && give_invalid(r);
}

EDGE(acos)
{
    (void)b;
    if (ZERO(a))
        return give_pi(r, 2, false);
    if (INF(a) || mpfr_cmpabs_ui(a->x, 1) > 0)
        return give_invalid(r);
    return mpfr_cmp_ui(a->x, 1) == 0 && give(r, HU_REF_ZERO, false, 0);
}

EDGE(atan)
{
    (void)b;
    return INF(a) ? give_pi(r, 2, NEG(a)) : ZERO(a) && give(r, HU_REF_ZERO, NEG(a), 0);
}

EDGE(cosh)
{
    (void)b;
    return INF(a) ? give(r, HU_REF_INF, false, 0) : ZERO(a) && give_number(r, 1);
}

/* tanh and erf */
EDGE(to_one)
{
    (void)b;
    return INF(a) ? give_number(r, NEG(a) ? -1 : 1) : ZERO(a) && give(r, HU_REF_ZERO, NEG(a), 0);
}

EDGE(sigmoid)
{
    (void)b;
    if (INF(a))
        return NEG(a) ? give(r, HU_REF_ZERO, false, 0) : give_number(r, 1);
    return ZERO(a) && give_number(r, 0.5);
}

EDGE(rsqrt)
{
    (void)b;
    if (ZERO(a))
        return give(r, HU_REF_INF, NEG(a), HU_DIVBYZERO);
    if (NEG(a))
        return give_invalid(r);
    return INF(a) && give(r, HU_REF_ZERO, false, 0);
}

EDGE(hypot)
{
    if (INF(a) || INF(b))
        return give(r, HU_REF_INF, false, 0);
    const hu_ref_value *other = ZERO(a) ? b : a;
    if (!ZERO(a) && !ZERO(b))
        return false;
    if (ZERO(other))
        return give(r, HU_REF_ZERO, false, 0);
    *r = hu_ref_from_value(other);
    r->negative = false;
    return true;
}

EDGE(atan2)
{
    if (INF(a) && INF(b))
        return give_pi(r, NEG(b) ? 3 : 1, NEG(a));
    if (INF(a) || (ZERO(b) && !ZERO(a)))
        return give_pi(r, 2, NEG(a));
    if (INF(b) || ZERO(a))
        return NEG(b) ? give_pi(r, 4, NEG(a)) : give(r, HU_REF_ZERO, NEG(a), 0);
    return false;
}

double hu_ref_to_double(const hu_ref_value *v)
{
    double x = v->kind == HU_REF_ZERO ? 0 : v->kind == HU_REF_INF ? __builtin_inf() : mpfr_get_d(v->x, MPFR_RNDZ);
    return v->negative ? -__builtin_fabs(x) : x;
}

/* 1 where |a| > 1, -1 where |a| < 1 */
static int beside_one(const hu_ref_value *a)
{
    return ZERO(a) ? -1 : INF(a) ? 1 : mpfr_cmpabs_ui(a->x, 1);
}

EDGE(pow)
{
    bool odd = b->kind == HU_REF_FINITE && mpfr_integer_p(b->x) && hu_ref_is_odd_integer(hu_ref_to_double(b));
    bool is_one = a->kind == HU_REF_FINITE && mpfr_cmp_ui(a->x, 1) == 0;
    if (ZERO(b) || is_one)
        return give_number(r, 1);
    if (INF(b)) {
        int beside = beside_one(a);
        if (beside == 0)
            return give_number(r, 1);
        return give(r, (beside > 0) == NEG(b) ? HU_REF_ZERO : HU_REF_INF, false, 0);
    }
    if (ZERO(a))
        return NEG(b) ? give(r, HU_REF_INF, NEG(a) && odd, HU_DIVBYZERO) : give(r, HU_REF_ZERO, NEG(a) && odd, 0);
    if (INF(a))
        return give(r, NEG(b) ? HU_REF_ZERO : HU_REF_INF, NEG(a) && odd, 0);
    return NEG(a) && !mpfr_integer_p(b->x) && give_invalid(r);
}

/* A NaN among the operands: quiet ones are passed over where the other operand decides alone. */
bool hu_ref_edge_nan(const char *name, const hu_ref_value *a, const hu_ref_value *b, hu_ref_exact *r)
{
    bool nan_a = a->kind == HU_REF_NAN, nan_b = b && b->kind == HU_REF_NAN;
    if (!nan_a && !nan_b)
        return false;
    const hu_ref_value *first = nan_a ? a : b;
    bool signaling = (nan_a && a->signaling) || (nan_b && b->signaling);
    bool is_pow = strcmp(name, "pow") == 0, is_hypot = strcmp(name, "hypot") == 0;
    if (is_pow && !signaling) {
        bool zero_power = !nan_b && ZERO(b), one = a->kind == HU_REF_FINITE && mpfr_cmp_ui(a->x, 1) == 0;
        if (zero_power || one)
            return give_number(r, 1);
    }
    if (is_hypot && !signaling && ((!nan_a && INF(a)) || (!nan_b && INF(b))))
        return give(r, HU_REF_INF, false, 0);
    give(r, HU_REF_NAN, first->negative, signaling ? HU_INVALID : 0);
    r->payload = first->payload;
    return true;
}
