/* interval.c - interval arithmetic on MPFR numbers. */
#include "src/ref/interval.h"

void hu_ref_interval_init(hu_ref_interval *x, mpfr_prec_t bits)
{
    mpfr_inits2(bits, x->lo, x->hi, (mpfr_ptr)0);
}

void hu_ref_interval_clear(hu_ref_interval *x)
{
    mpfr_clears(x->lo, x->hi, (mpfr_ptr)0);
}

void hu_ref_interval_set(hu_ref_interval *out, mpfr_srcptr a)
{
    mpfr_set(out->lo, a, MPFR_RNDD);
    mpfr_set(out->hi, a, MPFR_RNDU);
}

void hu_ref_interval_set_si(hu_ref_interval *out, long n)
{
    mpfr_set_si(out->lo, n, MPFR_RNDD);
    mpfr_set_si(out->hi, n, MPFR_RNDU);
}

void hu_ref_interval_neg(hu_ref_interval *out, const hu_ref_interval *a)
{
    mpfr_t lo;
    mpfr_init2(lo, mpfr_get_prec(out->lo));
    mpfr_neg(lo, a->hi, MPFR_RNDD);
    mpfr_neg(out->hi, a->lo, MPFR_RNDU);
    mpfr_swap(out->lo, lo);
    mpfr_clear(lo);
}

void hu_ref_interval_add(hu_ref_interval *out, const hu_ref_interval *a, const hu_ref_interval *b)
{
    mpfr_add(out->lo, a->lo, b->lo, MPFR_RNDD);
    mpfr_add(out->hi, a->hi, b->hi, MPFR_RNDU);
}

void hu_ref_interval_sub(hu_ref_interval *out, const hu_ref_interval *a, const hu_ref_interval *b)
{
    mpfr_t lo;
    mpfr_init2(lo, mpfr_get_prec(out->lo));
    mpfr_sub(lo, a->lo, b->hi, MPFR_RNDD);
    mpfr_sub(out->hi, a->hi, b->lo, MPFR_RNDU);
    mpfr_swap(out->lo, lo);
    mpfr_clear(lo);
}

typedef int combine(mpfr_ptr out, mpfr_srcptr a, mpfr_srcptr b, mpfr_rnd_t rnd);

/* The least and the largest of the four results at the ends. */
static void corners(hu_ref_interval *out, combine *f, const hu_ref_interval *a, const hu_ref_interval *b)
{
    mpfr_srcptr x[2] = {a->lo, a->hi}, y[2] = {b->lo, b->hi};
    mpfr_t lo, hi, t;
    mpfr_inits2(mpfr_get_prec(out->lo), lo, hi, t, (mpfr_ptr)0);
    mpfr_set_inf(lo, 1);
    mpfr_set_inf(hi, -1);
    for (int i = 0; i < 4; i++) {
        f(t, x[i & 1], y[i >> 1], MPFR_RNDD);
        mpfr_min(lo, lo, t, MPFR_RNDD);
        f(t, x[i & 1], y[i >> 1], MPFR_RNDU);
        mpfr_max(hi, hi, t, MPFR_RNDU);
    }
    mpfr_swap(out->lo, lo);
    mpfr_swap(out->hi, hi);
    mpfr_clears(lo, hi, t, (mpfr_ptr)0);
}

void hu_ref_interval_mul(hu_ref_interval *out, const hu_ref_interval *a, const hu_ref_interval *b)
{
    corners(out, mpfr_mul, a, b);
}

void hu_ref_interval_div(hu_ref_interval *out, const hu_ref_interval *a, const hu_ref_interval *b)
{
    if (mpfr_sgn(b->lo) <= 0 && mpfr_sgn(b->hi) >= 0) {
        mpfr_set_inf(out->lo, -1);
        mpfr_set_inf(out->hi, 1);
        return;
    }
    corners(out, mpfr_div, a, b);
}

void hu_ref_interval_scale(hu_ref_interval *out, const hu_ref_interval *a, long exp)
{
    mpfr_mul_2si(out->lo, a->lo, exp, MPFR_RNDD);
    mpfr_mul_2si(out->hi, a->hi, exp, MPFR_RNDU);
}

void hu_ref_interval_map(hu_ref_interval *out, hu_ref_rising *f, const hu_ref_interval *a)
{
    f(out->lo, a->lo, MPFR_RNDD);
    f(out->hi, a->hi, MPFR_RNDU);
}

void hu_ref_interval_sqrt(hu_ref_interval *out, const hu_ref_interval *a)
{
    if (mpfr_sgn(a->lo) < 0)
        mpfr_set_zero(out->lo, 1);
    else
        mpfr_sqrt(out->lo, a->lo, MPFR_RNDD);
    mpfr_sqrt(out->hi, a->hi, MPFR_RNDU);
}
