/* function-exact.c - results of exp to hypot that need no enclosure: exact ones, and those far out or beside 1. */
#include "src/ref/function-parts.h"

enum { FAR_OPERAND = 100000 };

/* ---- exact results of finite operands that are not 0 ---- */

/* |x| = odd 2^exp */
static mpfr_exp_t odd_part(mpz_t odd, mpfr_srcptr x)
{
    mpfr_exp_t exp = mpfr_get_z_2exp(odd, x);
    mp_bitcnt_t zeros = mpz_scan1(odd, 0);
    mpz_abs(odd, odd);
    mpz_fdiv_q_2exp(odd, odd, zeros);
    return exp + (mpfr_exp_t)zeros;
}

static bool is_power_of_two(mpfr_srcptr x, mpfr_exp_t *exp)
{
    mpz_t odd;
    mpz_init(odd);
    *exp = odd_part(odd, x);
    bool yes = mpz_cmp_ui(odd, 1) == 0;
    mpz_clear(odd);
    return yes;
}

bool hu_ref_exact_none(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    (void)y, (void)a, (void)b;
    return false;
}

bool hu_ref_exact_exp2(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    (void)b;
    return mpfr_integer_p(a) && mpfr_fits_sint_p(a, MPFR_RNDZ) && (mpfr_set_ui_2exp(y, 1, mpfr_get_si(a, MPFR_RNDZ), MPFR_RNDZ), true);
}

bool hu_ref_exact_log2(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    (void)b;
    mpfr_exp_t exp;
    return is_power_of_two(a, &exp) && (mpfr_set_si(y, exp, MPFR_RNDZ), true);
}

bool hu_ref_exact_rsqrt(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    (void)b;
    mpfr_exp_t exp;
    return is_power_of_two(a, &exp) && exp % 2 == 0 && (mpfr_set_ui_2exp(y, 1, -exp / 2, MPFR_RNDZ), true);
}

bool hu_ref_exact_cbrt(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    (void)b;
    mpz_t odd;
    mpz_init(odd);
    mpfr_exp_t exp = odd_part(odd, a);
    bool yes = exp % 3 == 0 && mpz_root(odd, odd, 3);
    if (yes)
        mpfr_set_z_2exp(y, odd, exp / 3, MPFR_RNDZ);
    if (yes && mpfr_sgn(a) < 0)
        mpfr_neg(y, y, MPFR_RNDZ);
    mpz_clear(odd);
    return yes;
}

bool hu_ref_exact_hypot(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    mpz_t m, n;
    mpz_inits(m, n, (mpz_ptr)0);
    mpfr_exp_t i = mpfr_get_z_2exp(m, a), k = mpfr_get_z_2exp(n, b), least = i < k ? i : k;
    mpz_mul_2exp(m, m, (mp_bitcnt_t)(i - least));
    mpz_mul_2exp(n, n, (mp_bitcnt_t)(k - least));
    mpz_mul(m, m, m);
    mpz_addmul(m, n, n);
    bool yes = mpz_perfect_square_p(m);
    if (yes) {
        mpz_sqrt(m, m);
        mpfr_set_z_2exp(y, m, least, MPFR_RNDZ);
    }
    mpz_clears(m, n, (mpz_ptr)0);
    return yes;
}

/* |a| = o 2^e with o odd, and b = m 2^-k with m odd. A dyadic o^(m 2^-k) has o = 1, or m > 0 and o a 2^k-th power; and
 * e m 2^-k must be an integer. Results of more bits than y has count as not exact: they lie between what is asked for. */
bool hu_ref_exact_pow(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    mpz_t o, m;
    mpz_inits(o, m, (mpz_ptr)0);
    mpfr_exp_t e = odd_part(o, a), k = -odd_part(m, b);
    mpfr_t scaled, exponent;
    mpfr_init2(scaled, 64);
    mpfr_init2(exponent, 256);
    mpfr_set_si(scaled, e, MPFR_RNDZ);
    mpfr_mul(exponent, scaled, b, MPFR_RNDZ);
    bool yes = mpfr_integer_p(exponent) && mpfr_fits_sint_p(exponent, MPFR_RNDZ);
    for (; yes && k > 0 && mpz_cmp_ui(o, 1) > 0; k--) {
        yes = mpz_perfect_square_p(o);
        mpz_sqrt(o, o);
    }
    if (mpz_cmp_ui(o, 1) > 0) {                                 /* o^(m 2^-k), -k >= 0 */
        yes = yes && mpfr_sgn(b) > 0 && k > -12 && mpz_sizeinbase(m, 2) < 12;
        if (yes) {
            unsigned long power = mpz_get_ui(m) << -k;
            yes = power * (mpz_sizeinbase(o, 2) - 1) < (unsigned long)mpfr_get_prec(y);
            if (yes)
                mpz_pow_ui(o, o, power);
            yes = yes && mpz_sizeinbase(o, 2) <= (size_t)mpfr_get_prec(y);
        }
    }
    if (yes)
        mpfr_set_z_2exp(y, o, mpfr_get_si(exponent, MPFR_RNDZ), MPFR_RNDZ);
    mpfr_clears(scaled, exponent, (mpfr_ptr)0);
    mpz_clears(o, m, (mpz_ptr)0);
    return yes;
}

/* ---- results that need no digits ---- */

hu_ref_quick hu_ref_quick_never(double a, double b, bool *negative)
{
    (void)a, (void)b, (void)negative;
    return HU_REF_BY_DIGITS;
}

hu_ref_quick hu_ref_quick_exp(double a, double b, bool *negative)
{
    (void)b, (void)negative;
    return a > FAR_OPERAND ? HU_REF_FAR_UP : a < -FAR_OPERAND ? HU_REF_FAR_DOWN : HU_REF_BY_DIGITS;
}

hu_ref_quick hu_ref_quick_expm1(double a, double b, bool *negative)
{
    (void)b;
    *negative = a < 0;
    return a > FAR_OPERAND ? HU_REF_FAR_UP : a < -100 ? HU_REF_JUST_BELOW_ONE : HU_REF_BY_DIGITS;
}

hu_ref_quick hu_ref_quick_sinh(double a, double b, bool *negative)
{
    (void)b;
    *negative = a < 0;
    return a > FAR_OPERAND || a < -FAR_OPERAND ? HU_REF_FAR_UP : HU_REF_BY_DIGITS;
}

hu_ref_quick hu_ref_quick_cosh(double a, double b, bool *negative)
{
    hu_ref_quick q = hu_ref_quick_sinh(a, b, negative);
    *negative = false;
    return q;
}

hu_ref_quick hu_ref_quick_tanh(double a, double b, bool *negative)      /* 1 - tanh(60), 1 - erf(60) < 2^-170 */
{
    (void)b;
    *negative = a < 0;
    return a > 60 || a < -60 ? HU_REF_JUST_BELOW_ONE : HU_REF_BY_DIGITS;
}

hu_ref_quick hu_ref_quick_erf(double a, double b, bool *negative)       /* 1 - erf(10) < 2^-148 */
{
    (void)b;
    *negative = a < 0;
    return a > 10 || a < -10 ? HU_REF_JUST_BELOW_ONE : HU_REF_BY_DIGITS;
}

hu_ref_quick hu_ref_quick_sigmoid(double a, double b, bool *negative)
{
    (void)b, (void)negative;
    return a > 120 ? HU_REF_JUST_BELOW_ONE : a < -FAR_OPERAND ? HU_REF_FAR_DOWN : HU_REF_BY_DIGITS;
}

bool hu_ref_is_odd_integer(double y)
{
    return y == __builtin_trunc(y) && __builtin_fabs(y) < 0x1p53 && __builtin_fmod(y, 2) != 0;
}

hu_ref_quick hu_ref_quick_pow(double a, double b, bool *negative)
{
    *negative = a < 0 && hu_ref_is_odd_integer(b);
    double exp = b * __builtin_log2(__builtin_fabs(a));
    return exp > FAR_OPERAND ? HU_REF_FAR_UP : exp < -FAR_OPERAND ? HU_REF_FAR_DOWN : HU_REF_BY_DIGITS;
}
