/* function-mpfr.c - the functions at any precision: MPFR's, with what IEEE 754-2019 adds to them.
 *
 * MPFR rounds correctly by Ziv's strategy: it computes with an error bound, and again with more digits while the bound
 * leaves open which way to round. sigmoid, which MPFR lacks, is computed here in the same way; it is irrational for every
 * rational argument but 0 (Lindemann), so that the loop ends, and near its three limits a bound replaces the digits.
 */
#include "src/ops/function.h"

#include <string.h>

#include "src/num/mpfr-state.h"

static const hu_function table[] = {
#define UNARY(name, mpfr, title)  {#name, 1, .unary = mpfr},
#define BINARY(name, mpfr, title) {#name, 2, .binary = mpfr},
#include "src/ops/function.def"
#undef UNARY
#undef BINARY
};

const hu_function *hu_function_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

int hu_mpfr_rsqrt(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t rnd)
{
    if (!mpfr_zero_p(a))
        return mpfr_rec_sqrt(out, a, rnd);
    mpfr_set_inf(out, mpfr_signbit(a) ? -1 : 1);
    mpfr_set_divby0();
    return 0;
}

/* out = a number of the form m 2^e with small m, plus (above) or minus what is less than half a unit of out's last place. */
static int set_beside(mpfr_ptr out, unsigned long m, int e, bool above, mpfr_rnd_t rnd)
{
    mpfr_set_ui_2exp(out, m, e, MPFR_RNDN);
    if (above && (rnd == MPFR_RNDU || rnd == MPFR_RNDA)) {
        mpfr_nextabove(out);
        return 1;
    }
    if (!above && (rnd == MPFR_RNDD || rnd == MPFR_RNDZ)) {
        mpfr_nextbelow(out);
        return -1;
    }
    return above ? -1 : 1;
}

/* Ziv's loop. With every step rounded to nearest at w bits: t = e^-a (1 + d), s = 1 / (1 + t) with t / (1 + t) < 1, so that
 * the relative errors of t, of the sum and of the quotient add up to less than 2 units of the last of the w bits. */
static int sigmoid_by_digits(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t rnd)
{
    mpfr_prec_t w = mpfr_get_prec(out) + 32;
    mpfr_t t, minus;
    mpfr_init2(minus, mpfr_get_prec(a));
    mpfr_neg(minus, a, MPFR_RNDN);
    mpfr_init2(t, w);
    for (;; w += w / 2) {
        mpfr_set_prec(t, w);
        mpfr_exp(t, minus, MPFR_RNDN);
        mpfr_add_ui(t, t, 1, MPFR_RNDN);
        mpfr_ui_div(t, 1, t, MPFR_RNDN);
        if (mpfr_can_round(t, w - 3, MPFR_RNDN, rnd, mpfr_get_prec(out)))
            break;
    }
    int ternary = mpfr_set(out, t, rnd);
    mpfr_clears(t, minus, (mpfr_ptr)NULL);
    return ternary;
}

/* Below -2^FAR_BITS sigmoid is e^a but for a factor nearer to 1 than any irrational e^a here lies to a number of out's
 * precision; e^-a may be past MPFR's exponents there. */
enum { FAR_BITS = 32 };

/* Near its limits: 1/2 + a/4 - ..., 1 - e^-a + ..., e^a - e^2a + ... */
int hu_mpfr_sigmoid(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t rnd)
{
    if (mpfr_nan_p(a))
        return mpfr_set(out, a, rnd);
    if (mpfr_inf_p(a))
        return mpfr_set_ui(out, !mpfr_signbit(a), rnd);
    if (mpfr_zero_p(a))
        return mpfr_set_ui_2exp(out, 1, -1, rnd);
    mpfr_prec_t p = mpfr_get_prec(out);
    bool negative = mpfr_signbit(a);
    if (mpfr_get_exp(a) < -p)
        return set_beside(out, 1, -1, !negative, rnd);
    if (!negative && mpfr_cmp_ui(a, (unsigned long)p + 2) > 0)
        return set_beside(out, 1, 0, false, rnd);
    if (negative && mpfr_get_exp(a) > FAR_BITS)
        return mpfr_exp(out, a, rnd);
    return sigmoid_by_digits(out, a, rnd);
}

int hu_function_mpfr(const hu_function *function, mpfr_ptr out, const mpfr_srcptr *x, mpfr_rnd_t rnd, hu_flags *flags)
{
    hu_mpfr_state before = hu_mpfr_open(HU_FUNCTION_EXP);
    int ternary = function->arity == 1 ? function->unary(out, x[0], rnd) : function->binary(out, x[0], x[1], rnd);

    bool has_nan = mpfr_nan_p(x[0]) || (function->arity > 1 && mpfr_nan_p(x[1]));
    if (mpfr_nan_p(out) && !has_nan)
        *flags |= HU_INVALID;
    if (mpfr_divby0_p())
        *flags |= HU_DIVBYZERO;
    hu_mpfr_close(&before);
    return ternary;
}
