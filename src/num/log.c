/* log.c - arithmetic on logarithms: by integers where it is exact, else by MPFR until all bits are certain.
 *
 * A real number y is cut to 128 bits after the point by two bounds at a precision that grows until both are cut to the same
 * (Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded last bit", ACM TOMS 17(3), 1991). That
 * ends unless y itself has no more bits. The logarithms l below are rationals, cut at no more than 128 bits:
 *
 * - 2^l: with 2^l = r rational and l = t/N in lowest terms, 2^(1/N) is a root of X^N - 2, which is irreducible
 *   (Eisenstein), so that only N = 1 gives a rational. sqrt(e)^l is rational only for l = 0 (Lindemann). These are taken first.
 * - log2(r), r rational: the same read backwards; exact for powers of two alone. 2 ln(r): for r = 1 alone.
 * - 2^p + 2^q = 2^c, or 2^p - 2^q = 2^c, p > q: let N be their common denominator. 1, 2^(1/N), 2^(2/N) ... 2^((N-1)/N) are linearly
 *   independent over the rationals, and each of the three terms is a rational multiple of one of these, so that for the
 *   relation to hold all three are multiples of the same one: p, q and c differ by integers. Divided by it,
 *   1 + 2^-d is a power of two for no integer d >= 1, and 1 - 2^-d for d = 1 alone.
 * - sqrt(e)^p +- sqrt(e)^q = sqrt(e)^c, p > q: powers of e with different rational exponents are linearly independent over the
 *   rationals (Lindemann and Weierstrass), so never. 2 sqrt(e)^p = sqrt(e)^c: never, for 2 is no power of e.
 */
#include "src/num/log.h"

#include "src/num/mpfr-state.h"

enum { FRACTION_BITS = 128, FIRST_PRECISION = 224 };

/* Sets low and high, at their precision, to bounds of a real number that `of` tells of. */
typedef void bounds_fn(mpfr_ptr low, mpfr_ptr high, const void *of);

static void split(mpz_t n, hu_log *out)
{
    mpz_t part;
    uint64_t word[2] = {0, 0};
    mpz_init(part);
    mpz_fdiv_r_2exp(part, n, FRACTION_BITS);
    mpz_export(word, NULL, -1, sizeof word[0], 0, 0, part);
    out->fraction = (hu_u128)word[1] << 64 | word[0];
    mpz_fdiv_q_2exp(part, n, FRACTION_BITS);
    out->whole = mpz_get_si(part);
    mpz_clear(part);
}

/* The number within the bounds, cut to a fraction of 128 bits; it has more. */
static hu_log cut(bounds_fn *bounds, const void *of)
{
    hu_log out = {.kind = HU_FINITE, .sticky = true};
    bool certain = false;
    mpz_t floor_low, floor_high;
    hu_mpfr_state before = hu_mpfr_open(HU_MPFR_EXP);
    mpz_inits(floor_low, floor_high, NULL);
    for (mpfr_prec_t precision = FIRST_PRECISION; !certain; precision *= 2) {
        mpfr_t low, high;
        mpfr_inits2(precision, low, high, NULL);
        bounds(low, high, of);
        mpfr_mul_2si(low, low, FRACTION_BITS, MPFR_RNDN);
        mpfr_mul_2si(high, high, FRACTION_BITS, MPFR_RNDN);
        mpfr_get_z(floor_low, low, MPFR_RNDD);
        mpfr_get_z(floor_high, high, MPFR_RNDD);
        certain = mpz_cmp(floor_low, floor_high) == 0;
        mpfr_clears(low, high, NULL);
    }
    split(floor_low, &out);
    mpz_clears(floor_low, floor_high, NULL);
    hu_mpfr_close(&before);
    return out;
}

/* Of a number that was rounded down to low. */
static void set_high(mpfr_ptr high, mpfr_srcptr low)
{
    mpfr_set(high, low, MPFR_RNDN);
    mpfr_nextabove(high);
}

static void set_u128(mpfr_ptr out, hu_u128 n, long exp)
{
    uint64_t word[2] = {(uint64_t)n, (uint64_t)(n >> 64)};
    mpz_t digits;
    mpz_init(digits);
    mpz_import(digits, 2, -1, sizeof word[0], 0, 0, word);
    mpfr_set_z_2exp(out, digits, exp, MPFR_RNDN);
    mpz_clear(digits);
}

/* whole + fraction, exact at 192 bits */
static void set_log(mpfr_ptr out, const hu_log *l)
{
    set_u128(out, l->fraction, -FRACTION_BITS);
    mpfr_add_si(out, out, (long)l->whole, MPFR_RNDN);
}

/* --- exact --- */

hu_log hu_log_mul(hu_log a, hu_log b)
{
    a.negative = a.negative != b.negative;
    if (b.kind == HU_ZERO)
        a.kind = HU_ZERO;
    a.fraction += b.fraction;
    a.whole += b.whole + (a.fraction < b.fraction);
    return a;
}

hu_log hu_log_div(hu_log a, hu_log b)
{
    a.negative = a.negative != b.negative;
    a.whole -= b.whole + (a.fraction < b.fraction);
    a.fraction -= b.fraction;
    return a;
}

hu_log hu_log_sqrt(hu_log a)
{
    a.fraction = a.fraction >> 1 | (hu_u128)(a.whole & 1) << 127;
    a.whole = (a.whole - (a.whole & 1)) / 2;
    return a;
}

/* --- sums --- */

typedef struct sum {
    hu_log_base base;
    bool is_difference;
    hu_log distance;        /* of the two logarithms, not below zero */
} sum;

/* log(1 + y) or log(1 - y) of y = base^-distance, as natural logarithms. */
static void natural_bounds(mpfr_ptr low, mpfr_ptr high, const sum *s)
{
    mpfr_t d;
    mpfr_init2(d, 192);
    set_log(d, &s->distance);
    mpfr_neg(d, d, MPFR_RNDN);
    if (s->base == HU_LOG_2) {
        mpfr_exp2(low, d, MPFR_RNDD);
    } else {
        mpfr_div_2ui(d, d, 1, MPFR_RNDN);
        mpfr_exp(low, d, MPFR_RNDD);
    }
    set_high(high, low);
    if (s->is_difference) {
        mpfr_neg(low, low, MPFR_RNDN);
        mpfr_neg(high, high, MPFR_RNDN);
        mpfr_swap(low, high);
    }
    mpfr_log1p(low, low, MPFR_RNDD);
    mpfr_log1p(high, high, MPFR_RNDU);
    mpfr_clear(d);
}

static void sum_bounds(mpfr_ptr low, mpfr_ptr high, const void *of)
{
    const sum *s = of;
    natural_bounds(low, high, s);
    if (s->base == HU_LOG_SQRT_E) {
        mpfr_mul_2ui(low, low, 1, MPFR_RNDN);
        mpfr_mul_2ui(high, high, 1, MPFR_RNDN);
        return;
    }
    mpfr_t unit;
    mpfr_init2(unit, mpfr_get_prec(low));
    mpfr_const_log2(unit, s->is_difference ? MPFR_RNDD : MPFR_RNDU);      /* so that low goes down */
    mpfr_div(low, low, unit, MPFR_RNDD);
    mpfr_const_log2(unit, s->is_difference ? MPFR_RNDU : MPFR_RNDD);
    mpfr_div(high, high, unit, MPFR_RNDU);
    mpfr_clear(unit);
}

static bool is_below(const hu_log *a, const hu_log *b)
{
    return a->whole != b->whole ? a->whole < b->whole : a->fraction < b->fraction;
}

/* Two equal magnitudes. */
static hu_log twice_or_zero(hu_log a, const sum *s)
{
    if (s->is_difference)
        return (hu_log){.kind = HU_ZERO};
    if (s->base == HU_LOG_2) {
        a.whole++;
        return a;
    }
    hu_log two = cut(sum_bounds, s);
    two.negative = a.negative;
    a.negative = false;
    return hu_log_mul(two, a);
}

/* From here on base^-distance is at most 2^-141, and log(1 +- it) less than 2^-128: it only says on which side of a the sum lies. */
static const int64_t FAR[] = {[HU_LOG_2] = 141, [HU_LOG_SQRT_E] = 200};

static hu_log just_beside(hu_log a, bool below)
{
    a.sticky = true;
    if (below) {
        a.whole -= a.fraction == 0;
        a.fraction--;
    }
    return a;
}

hu_log hu_log_add(hu_log_base base, hu_log a, hu_log b)
{
    if (a.kind == HU_ZERO || b.kind == HU_ZERO)
        return a.kind == HU_ZERO ? b : a;
    if (is_below(&a, &b)) {
        hu_log other = a;
        a = b;
        b = other;
    }
    sum s = {.base = base, .is_difference = a.negative != b.negative, .distance = hu_log_div(a, b)};
    bool whole = s.distance.fraction == 0;
    if (whole && s.distance.whole == 0)
        return twice_or_zero(a, &s);
    if (whole && s.distance.whole == 1 && s.is_difference && base == HU_LOG_2) {
        b.negative = a.negative;
        return b;
    }
    if (s.distance.whole >= FAR[base])
        return just_beside(a, s.is_difference);
    hu_log more = cut(sum_bounds, &s);
    more.negative = a.negative;
    a.negative = false;
    return hu_log_mul(more, a);                              /* the fraction of a has no more than 128 bits */
}

/* --- from and to numbers --- */

typedef struct number {
    hu_log_base base;
    hu_num x;
} number;

static void log_bounds(mpfr_ptr low, mpfr_ptr high, const void *of)
{
    const number *n = of;
    mpfr_t x;
    mpfr_init2(x, 128);
    set_u128(x, n->x.sig, (long)n->x.exp - 127);
    if (n->base == HU_LOG_2) {
        mpfr_log2(low, x, MPFR_RNDD);
    } else {
        mpfr_log(low, x, MPFR_RNDD);
        mpfr_mul_2ui(low, low, 1, MPFR_RNDN);
    }
    set_high(high, low);
    mpfr_clear(x);
}

hu_log hu_log_of(hu_log_base base, hu_num x)
{
    hu_log out = {.kind = x.kind, .negative = x.negative, .sticky = x.sticky, .whole = x.exp};
    bool is_power = x.kind == HU_FINITE && x.sig << 1 == 0;
    if (x.kind != HU_FINITE || (is_power && (base == HU_LOG_2 || x.exp == 0)))
        return out;
    out = cut(log_bounds, &(number){base, x});
    out.negative = x.negative;
    return out;
}

static void value_bounds(mpfr_ptr low, mpfr_ptr high, hu_log_base base, const hu_log *l)
{
    mpfr_t exponent;
    mpfr_init2(exponent, 192);
    set_log(exponent, l);
    if (base == HU_LOG_2) {
        mpfr_exp2(low, exponent, MPFR_RNDD);
    } else {
        mpfr_div_2ui(exponent, exponent, 1, MPFR_RNDN);
        mpfr_exp(low, exponent, MPFR_RNDD);
    }
    set_high(high, low);
    mpfr_clear(exponent);
}

static hu_num to_num(mpfr_srcptr x, bool negative)
{
    uint64_t word[2] = {0, 0};
    mpz_t digits;
    mpz_init(digits);
    mpfr_exp_t exp = mpfr_get_z_2exp(digits, x);
    mpz_export(word, NULL, -1, sizeof word[0], 0, 0, digits);
    mpz_clear(digits);
    return hu_num_make(negative, (hu_u128)word[1] << 64 | word[0], (int)exp);
}

/* The irrational number, cut to the precision of out. */
static void cut_value(mpfr_ptr out, hu_log_base base, const hu_log *l)
{
    mpfr_t cut_high;
    bool certain = false;
    mpfr_init2(cut_high, mpfr_get_prec(out));
    for (mpfr_prec_t precision = FIRST_PRECISION; !certain; precision *= 2) {
        mpfr_t low, high;
        mpfr_inits2(precision, low, high, NULL);
        value_bounds(low, high, base, l);
        mpfr_set(out, low, MPFR_RNDZ);
        mpfr_set(cut_high, high, MPFR_RNDZ);
        certain = mpfr_equal_p(out, cut_high);
        mpfr_clears(low, high, NULL);
    }
    mpfr_clear(cut_high);
}

static hu_num value(hu_log_base base, const hu_log *l)
{
    mpfr_t cut;
    hu_mpfr_state before = hu_mpfr_open(HU_MPFR_EXP);
    mpfr_init2(cut, 128);
    cut_value(cut, base, l);
    hu_num x = to_num(cut, false);
    x.sticky = true;
    mpfr_clear(cut);
    hu_mpfr_close(&before);
    return x;
}

/* The values met last, one a place: programs use the same few codes again and again. */
enum { N_KNOWN = 512 };
typedef struct known { hu_u128 fraction; int64_t whole; hu_log_base base; hu_num value; } known;
static _Thread_local known memory[N_KNOWN];

static bool is_rational(hu_log_base base, const hu_log *l)
{
    return l->kind == HU_ZERO || (l->fraction == 0 && (base == HU_LOG_2 || l->whole == 0));
}

hu_num hu_log_value(hu_log_base base, hu_log l)
{
    if (is_rational(base, &l))
        return hu_num_make(l.negative, l.kind == HU_FINITE, (int)l.whole);
    uint64_t mixed = ((uint64_t)(l.fraction >> 64) + (uint64_t)l.whole) * UINT64_C(0x9e3779b97f4a7c15);
    known *k = &memory[mixed >> 55];
    if (k->value.kind != HU_FINITE || k->whole != l.whole || k->fraction != l.fraction || k->base != base)
        *k = (known){l.fraction, l.whole, base, value(base, &l)};
    hu_num x = k->value;
    x.negative = l.negative;
    return x;
}

hu_wide hu_log_wide_value(hu_log_base base, hu_log l)
{
    if (is_rational(base, &l)) {
        hu_num x = hu_log_value(base, l);
        return hu_wide_from_num(&x);
    }
    mpfr_t cut;
    hu_mpfr_state before = hu_mpfr_open(HU_MPFR_EXP);
    mpfr_init2(cut, HU_BITS_MAX);
    cut_value(cut, base, &l);
    hu_wide x = hu_wide_from_mpfr(cut, true);
    x.negative = l.negative;
    mpfr_clear(cut);
    hu_mpfr_close(&before);
    return x;
}
