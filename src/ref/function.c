/* function.c - exp to hypot: edges, exact results, and enclosures by formulas of their own.
 *
 * Where a formula cancels, the enclosure is wide and is computed again with more bits.
 */
#include "src/ref/function.h"

#include <stdlib.h>
#include <string.h>

#include "src/ref/interval.h"

typedef hu_ref_interval iv;

enum { KEPT_BITS = 120, FAR = 200000, FAR_OPERAND = 100000, SCRATCH = 5 };

/* y encloses the function of x (and z); t is scratch. */
typedef void enclose(iv *y, const iv *x, const iv *z, iv *t);

/* Whether the finite, nonzero operands have an exact result; y is that. */
typedef bool exact(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b);

typedef enum quick { BY_DIGITS, FAR_UP, FAR_DOWN, JUST_BELOW_ONE } quick;

struct hu_ref_function {
    const char *name;
    int arity;
    bool (*edge)(const hu_ref_value *a, const hu_ref_value *b, hu_ref_exact *r);
    exact *exact;
    quick (*quick)(double a, double b, bool *negative);
    enclose *enclose;
};

/* ---- enclosures ---- */

#define SET hu_ref_interval_set_si
#define ADD hu_ref_interval_add
#define SUB hu_ref_interval_sub
#define MUL hu_ref_interval_mul
#define DIV hu_ref_interval_div
#define MAP hu_ref_interval_map
#define SQRT hu_ref_interval_sqrt
#define SCALE hu_ref_interval_scale

static void ln2(iv *y)
{
    mpfr_const_log2(y->lo, MPFR_RNDD);
    mpfr_const_log2(y->hi, MPFR_RNDU);
}

static void pi(iv *y, long exp)
{
    mpfr_const_pi(y->lo, MPFR_RNDD);
    mpfr_const_pi(y->hi, MPFR_RNDU);
    SCALE(y, y, exp);
}

/* 2^(x / log 2), and the other way round. */
static void enclose_exp(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    ln2(&t[0]);
    DIV(&t[0], x, &t[0]);
    MAP(y, mpfr_exp2, &t[0]);
}

static void enclose_exp2(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    ln2(&t[0]);
    MUL(&t[0], x, &t[0]);
    MAP(y, mpfr_exp, &t[0]);
}

static void enclose_expm1(iv *y, const iv *x, const iv *z, iv *t)
{
    enclose_exp(y, x, z, t);
    SET(&t[0], 1);
    SUB(y, y, &t[0]);
}

static void enclose_log(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    ln2(&t[0]);
    MAP(y, mpfr_log2, x);
    MUL(y, y, &t[0]);
}

static void enclose_log2(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    ln2(&t[0]);
    MAP(y, mpfr_log, x);
    DIV(y, y, &t[0]);
}

static void enclose_log1p(iv *y, const iv *x, const iv *z, iv *t)
{
    SET(&t[1], 1);
    ADD(&t[1], &t[1], x);
    enclose_log(y, &t[1], z, t);
}

/* |x|^y; the sign is the edges' matter. */
static void enclose_pow(iv *y, const iv *x, const iv *z, iv *t)
{
    if (mpfr_sgn(x->lo) < 0)
        hu_ref_interval_neg(&t[0], x);
    else
        SCALE(&t[0], x, 0);
    MAP(&t[0], mpfr_log2, &t[0]);
    MUL(&t[0], &t[0], z);
    MAP(y, mpfr_exp2, &t[0]);
}

/* With h = tan(x / 2): t[0] = 2 h, t[1] = 1 - h^2, t[2] = 1 + h^2. Within a hair of a point, tan rises. */
static void half_angle(const iv *x, iv *t)
{
    SCALE(&t[0], x, -1);
    MAP(&t[0], mpfr_tan, &t[0]);
    MUL(&t[3], &t[0], &t[0]);
    SET(&t[4], 1);
    SUB(&t[1], &t[4], &t[3]);
    ADD(&t[2], &t[4], &t[3]);
    SCALE(&t[0], &t[0], 1);
}

static void enclose_sin(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    half_angle(x, t);
    DIV(y, &t[0], &t[2]);
}

static void enclose_cos(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    half_angle(x, t);
    DIV(y, &t[1], &t[2]);
}

static void enclose_tan(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    half_angle(x, t);
    DIV(y, &t[0], &t[1]);
}

/* atan(x / sqrt(1 - x^2)) */
static void enclose_asin(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    if (mpfr_cmpabs_ui(x->lo, 1) == 0) {
        bool negative = mpfr_sgn(x->lo) < 0;
        pi(y, -1);
        if (negative)
            hu_ref_interval_neg(y, y);
        return;
    }
    MUL(&t[0], x, x);
    SET(&t[1], 1);
    SUB(&t[0], &t[1], &t[0]);
    SQRT(&t[0], &t[0]);
    DIV(&t[0], x, &t[0]);
    MAP(y, mpfr_atan, &t[0]);
}

/* 2 atan(sqrt((1 - x) / (1 + x))) */
static void enclose_acos(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    if (mpfr_cmp_si(x->lo, -1) == 0) {
        pi(y, 0);
        return;
    }
    SET(&t[0], 1);
    SUB(&t[1], &t[0], x);
    ADD(&t[2], &t[0], x);
    DIV(&t[1], &t[1], &t[2]);
    SQRT(&t[1], &t[1]);
    MAP(y, mpfr_atan, &t[1]);
    SCALE(y, y, 1);
}

/* asin(x / sqrt(1 + x^2)), where x is not so large that the quotient becomes 1; then pi/2 - asin(1 / sqrt(1 + x^2)). */
static void enclose_atan(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    bool is_large = mpfr_cmpabs_ui(x->lo, 1) > 0, negative = mpfr_sgn(x->lo) < 0;
    MUL(&t[0], x, x);
    SET(&t[1], 1);
    ADD(&t[0], &t[0], &t[1]);
    SQRT(&t[0], &t[0]);
    DIV(y, is_large ? &t[1] : x, &t[0]);
    MAP(y, mpfr_asin, y);
    if (!is_large)
        return;
    pi(&t[0], -1);
    SUB(y, &t[0], y);
    if (negative)
        hu_ref_interval_neg(y, y);
}

static void enclose_hypot(iv *y, const iv *x, const iv *z, iv *t)
{
    MUL(&t[0], x, x);
    MUL(&t[1], z, z);
    ADD(&t[0], &t[0], &t[1]);
    SQRT(y, &t[0]);
}

/* The angle of the point (z, x), x not 0: 2 atan(x / (r + z)), or 2 atan((r - z) / x) where z is negative. */
static void enclose_atan2(iv *y, const iv *x, const iv *z, iv *t)
{
    enclose_hypot(&t[2], x, z, t);
    if (mpfr_sgn(z->lo) >= 0) {
        ADD(&t[2], &t[2], z);
        DIV(&t[2], x, &t[2]);
    } else {
        SUB(&t[2], &t[2], z);
        DIV(&t[2], &t[2], x);
    }
    MAP(y, mpfr_atan, &t[2]);
    SCALE(y, y, 1);
}

/* e^x in t[1] and e^-x in t[2]. */
static void both_exp(const iv *x, iv *t)
{
    enclose_exp(&t[1], x, NULL, t);
    SET(&t[0], 1);
    DIV(&t[2], &t[0], &t[1]);
}

static void enclose_sinh(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    both_exp(x, t);
    SUB(y, &t[1], &t[2]);
    SCALE(y, y, -1);
}

static void enclose_cosh(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    both_exp(x, t);
    ADD(y, &t[1], &t[2]);
    SCALE(y, y, -1);
}

static void enclose_tanh(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    both_exp(x, t);
    SUB(&t[3], &t[1], &t[2]);
    ADD(&t[4], &t[1], &t[2]);
    DIV(y, &t[3], &t[4]);
}

/* e^x / (1 + e^x) */
static void enclose_sigmoid(iv *y, const iv *x, const iv *z, iv *t)
{
    enclose_exp(&t[1], x, z, t);
    SET(&t[0], 1);
    ADD(&t[2], &t[0], &t[1]);
    DIV(y, &t[1], &t[2]);
}

/* erf(x) = 2 / sqrt(pi) e^(-x^2) sum over n of 2^n x^(2n+1) / (1 3 5 ... (2n+1)) (Abramowitz and Stegun, 7.1.6). All terms have
 * one sign; once 2 x^2 / (2n+3) < 1/2, the rest is smaller than the last term. */
static void enclose_erf(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    bool negative = mpfr_sgn(x->lo) < 0;
    mpfr_exp_t bits = mpfr_get_prec(y->lo);
    MUL(&t[0], x, x);
    SCALE(&t[0], &t[0], 1);                                     /* 2 x^2 */
    if (negative)
        hu_ref_interval_neg(&t[1], x);
    else
        SCALE(&t[1], x, 0);
    SCALE(&t[2], &t[1], 0);                                     /* term, sum */
    for (long n = 1;; n++) {
        SET(&t[3], 2 * n + 1);
        DIV(&t[3], &t[0], &t[3]);
        MUL(&t[1], &t[1], &t[3]);
        ADD(&t[2], &t[2], &t[1]);
        if (mpfr_cmp_d(t[3].hi, 0.5) < 0 && mpfr_get_exp(t[1].hi) < mpfr_get_exp(t[2].lo) - bits)
            break;
    }
    mpfr_add(t[2].hi, t[2].hi, t[1].hi, MPFR_RNDU);
    SCALE(&t[3], &t[0], -1);
    enclose_exp(&t[4], &t[3], NULL, t);                         /* e^(x^2); t[0] is gone */
    DIV(&t[2], &t[2], &t[4]);
    pi(&t[3], 0);
    SQRT(&t[3], &t[3]);
    DIV(y, &t[2], &t[3]);
    SCALE(y, y, 1);
    if (negative)
        hu_ref_interval_neg(y, y);
}

static void enclose_rsqrt(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    SET(&t[0], 1);
    DIV(&t[0], &t[0], x);
    SQRT(y, &t[0]);
}

/* The integer root of |x| 2^(3 k), which is off by less than 1. */
static void enclose_cbrt(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    (void)t;
    mpz_t n;
    mpz_init(n);
    mpfr_exp_t exp = mpfr_get_z_2exp(n, x->lo);
    bool negative = mpz_sgn(n) < 0;
    mpz_abs(n, n);
    long up = 3 * (long)mpfr_get_prec(y->lo) + ((exp % 3) + 3) % 3;
    mpz_mul_2exp(n, n, (mp_bitcnt_t)up);
    mpz_root(n, n, 3);
    mpfr_set_z_2exp(y->lo, n, (exp - up) / 3, MPFR_RNDD);
    mpz_add_ui(n, n, 1);
    mpfr_set_z_2exp(y->hi, n, (exp - up) / 3, MPFR_RNDU);
    if (negative)
        hu_ref_interval_neg(y, y);
    mpz_clear(n);
}

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

static bool none(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    (void)y, (void)a, (void)b;
    return false;
}

static bool exact_exp2(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    (void)b;
    return mpfr_integer_p(a) && mpfr_fits_sint_p(a, MPFR_RNDZ) && (mpfr_set_ui_2exp(y, 1, mpfr_get_si(a, MPFR_RNDZ), MPFR_RNDZ), true);
}

static bool exact_log2(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    (void)b;
    mpfr_exp_t exp;
    return is_power_of_two(a, &exp) && (mpfr_set_si(y, exp, MPFR_RNDZ), true);
}

static bool exact_rsqrt(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
    (void)b;
    mpfr_exp_t exp;
    return is_power_of_two(a, &exp) && exp % 2 == 0 && (mpfr_set_ui_2exp(y, 1, -exp / 2, MPFR_RNDZ), true);
}

static bool exact_cbrt(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
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

static bool exact_hypot(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
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
static bool exact_pow(mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
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

static quick never(double a, double b, bool *negative)
{
    (void)a, (void)b, (void)negative;
    return BY_DIGITS;
}

static quick quick_exp(double a, double b, bool *negative)
{
    (void)b, (void)negative;
    return a > FAR_OPERAND ? FAR_UP : a < -FAR_OPERAND ? FAR_DOWN : BY_DIGITS;
}

static quick quick_expm1(double a, double b, bool *negative)
{
    (void)b;
    *negative = a < 0;
    return a > FAR_OPERAND ? FAR_UP : a < -100 ? JUST_BELOW_ONE : BY_DIGITS;
}

static quick quick_sinh(double a, double b, bool *negative)
{
    (void)b;
    *negative = a < 0;
    return a > FAR_OPERAND || a < -FAR_OPERAND ? FAR_UP : BY_DIGITS;
}

static quick quick_cosh(double a, double b, bool *negative)
{
    quick q = quick_sinh(a, b, negative);
    *negative = false;
    return q;
}

static quick quick_tanh(double a, double b, bool *negative)      /* 1 - tanh(60), 1 - erf(60) < 2^-170 */
{
    (void)b;
    *negative = a < 0;
    return a > 60 || a < -60 ? JUST_BELOW_ONE : BY_DIGITS;
}

static quick quick_erf(double a, double b, bool *negative)       /* 1 - erf(10) < 2^-148 */
{
    (void)b;
    *negative = a < 0;
    return a > 10 || a < -10 ? JUST_BELOW_ONE : BY_DIGITS;
}

static quick quick_sigmoid(double a, double b, bool *negative)
{
    (void)b, (void)negative;
    return a > 120 ? JUST_BELOW_ONE : a < -FAR_OPERAND ? FAR_DOWN : BY_DIGITS;
}

static bool is_odd_integer(double y)
{
    return y == __builtin_trunc(y) && __builtin_fabs(y) < 0x1p53 && __builtin_fmod(y, 2) != 0;
}

static quick quick_pow(double a, double b, bool *negative)
{
    *negative = a < 0 && is_odd_integer(b);
    double exp = b * __builtin_log2(__builtin_fabs(a));
    return exp > FAR_OPERAND ? FAR_UP : exp < -FAR_OPERAND ? FAR_DOWN : BY_DIGITS;
}

/* ---- edges ---- */

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

#define EDGE(name) static bool edge_##name(const hu_ref_value *a, const hu_ref_value *b, hu_ref_exact *r)

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

static double to_double(const hu_ref_value *v)
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
    bool odd = b->kind == HU_REF_FINITE && mpfr_integer_p(b->x) && is_odd_integer(to_double(b));
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
static bool edge_nan(const hu_ref_function *f, const hu_ref_value *a, const hu_ref_value *b, hu_ref_exact *r)
{
    bool nan_a = a->kind == HU_REF_NAN, nan_b = b && b->kind == HU_REF_NAN;
    if (!nan_a && !nan_b)
        return false;
    const hu_ref_value *first = nan_a ? a : b;
    bool signaling = (nan_a && a->signaling) || (nan_b && b->signaling);
    bool is_pow = strcmp(f->name, "pow") == 0, is_hypot = strcmp(f->name, "hypot") == 0;
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

/* ---- a function ---- */

static const hu_ref_function table[] = {
    {"exp",     1, edge_exp,     none,        quick_exp,     enclose_exp},
    {"exp2",    1, edge_exp,     exact_exp2,  quick_exp,     enclose_exp2},
    {"expm1",   1, edge_expm1,   none,        quick_expm1,   enclose_expm1},
    {"log",     1, edge_log,     none,        never,         enclose_log},
    {"log2",    1, edge_log,     exact_log2,  never,         enclose_log2},
    {"log1p",   1, edge_log1p,   none,        never,         enclose_log1p},
    {"pow",     2, edge_pow,     exact_pow,   quick_pow,     enclose_pow},
    {"sin",     1, edge_sin,     none,        never,         enclose_sin},
    {"cos",     1, edge_cos,     none,        never,         enclose_cos},
    {"tan",     1, edge_sin,     none,        never,         enclose_tan},
    {"asin",    1, edge_asin,    none,        never,         enclose_asin},
    {"acos",    1, edge_acos,    none,        never,         enclose_acos},
    {"atan",    1, edge_atan,    none,        never,         enclose_atan},
    {"atan2",   2, edge_atan2,   none,        never,         enclose_atan2},
    {"sinh",    1, edge_odd,     none,        quick_sinh,    enclose_sinh},
    {"cosh",    1, edge_cosh,    none,        quick_cosh,    enclose_cosh},
    {"tanh",    1, edge_to_one,  none,        quick_tanh,    enclose_tanh},
    {"erf",     1, edge_to_one,  none,        quick_erf,     enclose_erf},
    {"sigmoid", 1, edge_sigmoid, none,        quick_sigmoid, enclose_sigmoid},
    {"rsqrt",   1, edge_rsqrt,   exact_rsqrt, never,         enclose_rsqrt},
    {"cbrt",    1, edge_odd,     exact_cbrt,  never,         enclose_cbrt},
    {"hypot",   2, edge_hypot,   exact_hypot, never,         enclose_hypot},
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

static hu_ref_exact without_digits(quick q, bool negative)
{
    hu_ref_exact r = {.kind = HU_REF_FINITE, .negative = negative, .sticky = true, .sig = (hu_u128)1 << 127};
    r.exp = q == FAR_UP ? FAR : q == FAR_DOWN ? -FAR : -1;
    if (q == JUST_BELOW_ONE)
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
    iv x, z, y, t[SCRATCH];
    hu_ref_interval_init(&x, bits);
    hu_ref_interval_init(&z, bits);
    hu_ref_interval_init(&y, bits);
    for (int i = 0; i < SCRATCH; i++)
        hu_ref_interval_init(&t[i], bits);
    hu_ref_interval_set(&x, a);
    hu_ref_interval_set(&z, b ? b : a);
    f->enclose(&y, &x, &z, t);
    bool done = agree(&y, kept);
    for (int i = 0; i < SCRATCH; i++)
        hu_ref_interval_clear(&t[i]);
    hu_ref_interval_clear(&x);
    hu_ref_interval_clear(&z);
    hu_ref_interval_clear(&y);
    return done;
}

hu_ref_exact hu_ref_function_apply(const hu_ref_function *f, int precision, const hu_ref_value *a, const hu_ref_value *b)
{
    hu_ref_exact r;
    if (edge_nan(f, a, b, &r) || f->edge(a, b, &r))
        return r;
    bool negative = false, flips = strcmp(f->name, "pow") == 0 && NEG(a) && is_odd_integer(to_double(b));
    double near_a = to_double(a), near_b = b ? to_double(b) : 0;
    quick q = f->quick(near_a, near_b, &negative);
    if (q != BY_DIGITS)
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
