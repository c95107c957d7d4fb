/* exact.c - operations on values by MPFR: exact, or cut off toward zero at 128 bits with a sticky bit. */
#include "src/ref/ref.h"

#include <stdlib.h>

enum { RESULT_BITS = 128 };

hu_ref_exact hu_ref_from_mpfr(mpfr_srcptr x, int ternary)
{
    hu_ref_exact e = {.negative = mpfr_signbit(x) != 0};
    if (mpfr_nan_p(x))
        abort();                    /* the callers sort NaNs out before they compute */
    if (mpfr_inf_p(x) || mpfr_zero_p(x)) {
        e.kind = mpfr_inf_p(x) ? HU_REF_INF : HU_REF_ZERO;
        return e;
    }
    uint64_t limb[2] = {0, 0};
    mpz_t z;
    mpz_init2(z, RESULT_BITS);
    e.exp = (int)mpfr_get_exp(x) - 1;
    mpfr_get_z_2exp(z, x);
    mpz_abs(z, z);
    size_t bits = mpz_sizeinbase(z, 2);
    if (bits < RESULT_BITS)
        mpz_mul_2exp(z, z, RESULT_BITS - bits);
    if (bits > RESULT_BITS)
        abort();
    mpz_export(limb, NULL, -1, sizeof limb[0], 0, 0, z);
    mpz_clear(z);
    e.kind = HU_REF_FINITE;
    e.sig = (hu_u128)limb[1] << 64 | limb[0];
    e.sticky = ternary != 0;
    return e;
}

static hu_ref_exact special(hu_ref_kind kind, bool negative, hu_flags flags)
{
    return (hu_ref_exact){.kind = kind, .negative = negative, .flags = flags};
}

static hu_ref_exact invalid(void)
{
    return special(HU_REF_NAN, false, HU_INVALID);
}

/* The first NaN among the operands, and invalid if any of them signals. */
static hu_ref_exact nan_of(const hu_ref_value *const operand[3])
{
    hu_ref_exact e = special(HU_REF_NAN, false, 0);
    bool found = false;
    for (int i = 0; i < 3; i++) {
        if (!operand[i] || operand[i]->kind != HU_REF_NAN)
            continue;
        if (operand[i]->signaling)
            e.flags |= HU_INVALID;
        if (!found) {
            e.negative = operand[i]->negative;
            e.payload = operand[i]->payload;
        }
        found = true;
    }
    return e;
}

static hu_ref_exact value_of(const hu_ref_value *a)
{
    if (a->kind == HU_REF_FINITE)
        return hu_ref_from_mpfr(a->x, 0);
    return special(a->kind, a->negative, 0);
}

static hu_ref_exact zero_sum(bool a_negative, bool b_negative)
{
    hu_ref_exact e = special(HU_REF_ZERO, a_negative && b_negative, 0);
    e.sign_by_mode = a_negative != b_negative;
    return e;
}

/* The operand as an MPFR number with the sign of a zero; infinities do not come here. */
static void load(mpfr_ptr to, const hu_ref_value *v)
{
    if (v->kind == HU_REF_FINITE)
        mpfr_set(to, v->x, MPFR_RNDZ);
    else
        mpfr_set_zero(to, v->negative ? -1 : 1);
}

/* Term + c, the term given by its kind, sign and (finite) the product of a and b. */
static hu_ref_exact fma_finite(const hu_ref_value *a, const hu_ref_value *b, const hu_ref_value *c)
{
    bool product_negative = a->negative != b->negative;
    bool product_zero = a->kind == HU_REF_ZERO || b->kind == HU_REF_ZERO;
    if (product_zero && c->kind == HU_REF_ZERO)
        return zero_sum(product_negative, c->negative);
    if (product_zero)
        return value_of(c);
    mpfr_t t, r;
    mpfr_inits2(RESULT_BITS, t, r, (mpfr_ptr)0);
    load(t, c);
    int ternary = mpfr_fma(r, a->x, b->x, t, MPFR_RNDZ);
    hu_ref_exact e = mpfr_zero_p(r) ? zero_sum(true, false) : hu_ref_from_mpfr(r, ternary);
    mpfr_clears(t, r, (mpfr_ptr)0);
    return e;
}

static hu_ref_exact fma_exact(const hu_ref_value *a, const hu_ref_value *b, const hu_ref_value *c)
{
    bool product_negative = a->negative != b->negative;
    bool infinite = a->kind == HU_REF_INF || b->kind == HU_REF_INF;
    bool zero = a->kind == HU_REF_ZERO || b->kind == HU_REF_ZERO;
    if (infinite && zero)
        return invalid();
    if (infinite && c->kind == HU_REF_INF && c->negative != product_negative)
        return invalid();
    if (infinite)
        return special(HU_REF_INF, product_negative, 0);
    if (c->kind == HU_REF_INF)
        return special(HU_REF_INF, c->negative, 0);
    return fma_finite(a, b, c);
}

static hu_ref_exact add_exact(const hu_ref_value *a, const hu_ref_value *b, bool b_negative)
{
    if (a->kind == HU_REF_INF && b->kind == HU_REF_INF && a->negative != b_negative)
        return invalid();
    if (a->kind == HU_REF_INF)
        return special(HU_REF_INF, a->negative, 0);
    if (b->kind == HU_REF_INF)
        return special(HU_REF_INF, b_negative, 0);
    if (a->kind == HU_REF_ZERO && b->kind == HU_REF_ZERO)
        return zero_sum(a->negative, b_negative);
    mpfr_t r, s, t;
    mpfr_inits2(RESULT_BITS, r, s, t, (mpfr_ptr)0);
    load(s, a);
    load(t, b);
    int ternary = b_negative != b->negative ? mpfr_sub(r, s, t, MPFR_RNDZ) : mpfr_add(r, s, t, MPFR_RNDZ);
    hu_ref_exact e = mpfr_zero_p(r) ? zero_sum(true, false) : hu_ref_from_mpfr(r, ternary);
    mpfr_clears(r, s, t, (mpfr_ptr)0);
    return e;
}

static hu_ref_exact mul_exact(const hu_ref_value *a, const hu_ref_value *b)
{
    bool negative = a->negative != b->negative;
    bool zero = a->kind == HU_REF_ZERO || b->kind == HU_REF_ZERO;
    if (a->kind == HU_REF_INF || b->kind == HU_REF_INF)
        return zero ? invalid() : special(HU_REF_INF, negative, 0);
    if (zero)
        return special(HU_REF_ZERO, negative, 0);
    mpfr_t r;
    mpfr_init2(r, RESULT_BITS);
    hu_ref_exact e = hu_ref_from_mpfr(r, mpfr_mul(r, a->x, b->x, MPFR_RNDZ));
    mpfr_clear(r);
    return e;
}

static hu_ref_exact div_exact(const hu_ref_value *a, const hu_ref_value *b)
{
    bool negative = a->negative != b->negative;
    if (a->kind == b->kind && (a->kind == HU_REF_INF || a->kind == HU_REF_ZERO))
        return invalid();
    if (a->kind == HU_REF_INF)
        return special(HU_REF_INF, negative, 0);
    if (b->kind == HU_REF_INF || a->kind == HU_REF_ZERO)
        return special(HU_REF_ZERO, negative, 0);
    if (b->kind == HU_REF_ZERO)
        return special(HU_REF_INF, negative, HU_DIVBYZERO);
    mpfr_t r;
    mpfr_init2(r, RESULT_BITS);
    hu_ref_exact e = hu_ref_from_mpfr(r, mpfr_div(r, a->x, b->x, MPFR_RNDZ));
    mpfr_clear(r);
    return e;
}

static hu_ref_exact sqrt_exact(const hu_ref_value *a)
{
    if (a->kind == HU_REF_ZERO)
        return special(HU_REF_ZERO, a->negative, 0);
    if (a->negative)
        return invalid();
    if (a->kind == HU_REF_INF)
        return special(HU_REF_INF, false, 0);
    mpfr_t r;
    mpfr_init2(r, RESULT_BITS);
    hu_ref_exact e = hu_ref_from_mpfr(r, mpfr_sqrt(r, a->x, MPFR_RNDZ));
    mpfr_clear(r);
    return e;
}

/* MPFR's remainder is exact here: it has no more bits than the operands. */
static hu_ref_exact rem_exact(const hu_ref_value *a, const hu_ref_value *b)
{
    if (a->kind == HU_REF_INF || b->kind == HU_REF_ZERO)
        return invalid();
    if (a->kind == HU_REF_ZERO || b->kind == HU_REF_INF)
        return value_of(a);
    mpfr_t r;
    mpfr_init2(r, RESULT_BITS);
    int ternary = mpfr_remainder(r, a->x, b->x, MPFR_RNDZ);
    hu_ref_exact e = hu_ref_from_mpfr(r, ternary);
    if (e.kind == HU_REF_ZERO)
        e.negative = a->negative;
    mpfr_clear(r);
    return e;
}

/* The order of minimum and maximum: -0 before +0. */
static bool before(const hu_ref_value *a, const hu_ref_value *b)
{
    int order = hu_ref_compare(a, b);
    if (order == 0)
        return a->negative && !b->negative;
    return order < 0;
}

int hu_ref_compare(const hu_ref_value *a, const hu_ref_value *b)
{
    if (a->kind == HU_REF_NAN || b->kind == HU_REF_NAN)
        return 2;
    mpfr_t s, t;
    mpfr_inits2(RESULT_BITS, s, t, (mpfr_ptr)0);
    load(s, a);
    load(t, b);
    if (a->kind == HU_REF_INF)
        mpfr_set_inf(s, a->negative ? -1 : 1);
    if (b->kind == HU_REF_INF)
        mpfr_set_inf(t, b->negative ? -1 : 1);
    int order = mpfr_cmp(s, t);
    mpfr_clears(s, t, (mpfr_ptr)0);
    return (order > 0) - (order < 0);
}

hu_ref_exact hu_ref_from_value(const hu_ref_value *a)
{
    if (a->kind == HU_REF_NAN)
        return nan_of((const hu_ref_value *const[3]){a, NULL, NULL});
    return value_of(a);
}

hu_ref_exact hu_ref_apply(hu_ref_op op, const hu_ref_value *a, const hu_ref_value *b, const hu_ref_value *c)
{
    hu_ref_exact e = nan_of((const hu_ref_value *const[3]){a, b, c});
    bool nan = a->kind == HU_REF_NAN || (b && b->kind == HU_REF_NAN) || (c && c->kind == HU_REF_NAN);
    if (nan) {
        /* 0 * inf + NaN: section 7.2 c leaves invalid to the implementation; it is raised. */
        if (op == HU_REF_FMA && ((a->kind == HU_REF_ZERO && b->kind == HU_REF_INF) ||
                                 (a->kind == HU_REF_INF && b->kind == HU_REF_ZERO)))
            e.flags |= HU_INVALID;
        return e;
    }
    switch (op) {
    case HU_REF_ADD:  return add_exact(a, b, b->negative);
    case HU_REF_SUB:  return add_exact(a, b, !b->negative);
    case HU_REF_MUL:  return mul_exact(a, b);
    case HU_REF_DIV:  return div_exact(a, b);
    case HU_REF_FMA:  return fma_exact(a, b, c);
    case HU_REF_SQRT: return sqrt_exact(a);
    case HU_REF_REM:  return rem_exact(a, b);
    case HU_REF_MIN:  return value_of(before(b, a) ? b : a);
    case HU_REF_MAX:  return value_of(before(a, b) ? b : a);
    }
    abort();
}
