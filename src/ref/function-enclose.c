/* function-enclose.c - exp to hypot enclosed, each by a formula that src/ops does not use. */
#include "src/ref/function-parts.h"

typedef hu_ref_interval iv;

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
void hu_ref_enclose_exp(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    ln2(&t[0]);
    DIV(&t[0], x, &t[0]);
    MAP(y, mpfr_exp2, &t[0]);
}

void hu_ref_enclose_exp2(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    ln2(&t[0]);
    MUL(&t[0], x, &t[0]);
    MAP(y, mpfr_exp, &t[0]);
}

void hu_ref_enclose_expm1(iv *y, const iv *x, const iv *z, iv *t)
{
    hu_ref_enclose_exp(y, x, z, t);
    SET(&t[0], 1);
    SUB(y, y, &t[0]);
}

void hu_ref_enclose_log(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    ln2(&t[0]);
    MAP(y, mpfr_log2, x);
    MUL(y, y, &t[0]);
}

void hu_ref_enclose_log2(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    ln2(&t[0]);
    MAP(y, mpfr_log, x);
    DIV(y, y, &t[0]);
}

void hu_ref_enclose_log1p(iv *y, const iv *x, const iv *z, iv *t)
{
    SET(&t[1], 1);
    ADD(&t[1], &t[1], x);
    hu_ref_enclose_log(y, &t[1], z, t);
}

/* |x|^y; the sign is the edges' matter. */
void hu_ref_enclose_pow(iv *y, const iv *x, const iv *z, iv *t)
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

void hu_ref_enclose_sin(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    half_angle(x, t);
    DIV(y, &t[0], &t[2]);
}

void hu_ref_enclose_cos(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    half_angle(x, t);
    DIV(y, &t[1], &t[2]);
}

void hu_ref_enclose_tan(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    half_angle(x, t);
    DIV(y, &t[0], &t[1]);
}

/* atan(x / sqrt(1 - x^2)) */
void hu_ref_enclose_asin(iv *y, const iv *x, const iv *z, iv *t)
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
void hu_ref_enclose_acos(iv *y, const iv *x, const iv *z, iv *t)
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
void hu_ref_enclose_atan(iv *y, const iv *x, const iv *z, iv *t)
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

void hu_ref_enclose_hypot(iv *y, const iv *x, const iv *z, iv *t)
{
    MUL(&t[0], x, x);
    MUL(&t[1], z, z);
    ADD(&t[0], &t[0], &t[1]);
    SQRT(y, &t[0]);
}

/* The angle of the point (z, x), x not 0: 2 atan(x / (r + z)), or 2 atan((r - z) / x) where z is negative. */
void hu_ref_enclose_atan2(iv *y, const iv *x, const iv *z, iv *t)
{
    hu_ref_enclose_hypot(&t[2], x, z, t);
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
    hu_ref_enclose_exp(&t[1], x, NULL, t);
    SET(&t[0], 1);
    DIV(&t[2], &t[0], &t[1]);
}

void hu_ref_enclose_sinh(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    both_exp(x, t);
    SUB(y, &t[1], &t[2]);
    SCALE(y, y, -1);
}

void hu_ref_enclose_cosh(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    both_exp(x, t);
    ADD(y, &t[1], &t[2]);
    SCALE(y, y, -1);
}

void hu_ref_enclose_tanh(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    both_exp(x, t);
    SUB(&t[3], &t[1], &t[2]);
    ADD(&t[4], &t[1], &t[2]);
    DIV(y, &t[3], &t[4]);
}

/* e^x / (1 + e^x) */
void hu_ref_enclose_sigmoid(iv *y, const iv *x, const iv *z, iv *t)
{
    hu_ref_enclose_exp(&t[1], x, z, t);
    SET(&t[0], 1);
    ADD(&t[2], &t[0], &t[1]);
    DIV(y, &t[1], &t[2]);
}

/* erf(x) = 2 / sqrt(pi) e^(-x^2) sum over n of 2^n x^(2n+1) / (1 3 5 ... (2n+1)) (Abramowitz and Stegun, 7.1.6). All terms have
 * one sign; once 2 x^2 / (2n+3) < 1/2, the rest is smaller than the last term. */
void hu_ref_enclose_erf(iv *y, const iv *x, const iv *z, iv *t)
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
    hu_ref_enclose_exp(&t[4], &t[3], NULL, t);                         /* e^(x^2); t[0] is gone */
    DIV(&t[2], &t[2], &t[4]);
    pi(&t[3], 0);
    SQRT(&t[3], &t[3]);
    DIV(y, &t[2], &t[3]);
    SCALE(y, y, 1);
    if (negative)
        hu_ref_interval_neg(y, y);
}

void hu_ref_enclose_rsqrt(iv *y, const iv *x, const iv *z, iv *t)
{
    (void)z;
    SET(&t[0], 1);
    DIV(&t[0], &t[0], x);
    SQRT(y, &t[0]);
}

/* The integer root of |x| 2^(3 k), which is off by less than 1. */
void hu_ref_enclose_cbrt(iv *y, const iv *x, const iv *z, iv *t)
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
