/* num.c - exact arithmetic on numbers of up to 128 significant bits with a sticky bit. */
#include "src/num/num.h"

#include <math.h>
#include <string.h>

static int leading_zeros(hu_u128 x)
{
    uint64_t high = (uint64_t)(x >> 64);
    return high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)x);
}

static uint64_t high_half(hu_num x)
{
    return (uint64_t)(x.sig >> 64);
}

hu_num hu_num_zero(bool negative)
{
    return (hu_num){.kind = HU_ZERO, .negative = negative};
}

hu_num hu_num_inf(bool negative)
{
    return (hu_num){.kind = HU_INF, .negative = negative};
}

hu_num hu_num_nan(void)
{
    return (hu_num){.kind = HU_NAN};
}

hu_num hu_num_make(bool negative, hu_u128 sig, int exp)
{
    if (sig == 0)
        return hu_num_zero(negative);
    int shift = leading_zeros(sig);
    return (hu_num){.kind = HU_FINITE, .negative = negative, .sig = sig << shift, .exp = exp + 127 - shift};
}

static hu_num make_sticky(bool negative, hu_u128 sig, int exp, bool sticky)
{
    hu_num x = hu_num_make(negative, sig, exp);
    x.sticky = sticky;
    return x;
}

hu_num hu_num_from_u64(uint64_t n)
{
    return hu_num_make(false, n, 0);
}

hu_num hu_num_from_i64(int64_t n)
{
    return hu_num_make(n < 0, n < 0 ? -(uint64_t)n : (uint64_t)n, 0);
}

/* A number from the fields of binary32 or binary64 (IEEE 754-2019, section 3.4). */
static hu_num from_fields(bool negative, int exp_field, uint64_t man, int exp_bits, int man_bits)
{
    int last = (1 << exp_bits) - 1, bias = last >> 1;
    if (exp_field == last) {
        if (man == 0)
            return hu_num_inf(negative);
        uint64_t quiet = UINT64_C(1) << (man_bits - 1);
        hu_num nan = {.kind = HU_NAN, .negative = negative, .signaling = !(man & quiet)};
        nan.sig = (hu_u128)(man & (quiet - 1)) << (128 - (man_bits - 1));
        return nan;
    }
    if (exp_field > 0)
        man |= UINT64_C(1) << man_bits;
    return hu_num_make(negative, man, (exp_field > 0 ? exp_field : 1) - bias - man_bits);
}

hu_num hu_num_from_double(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return from_fields(bits >> 63, (int)(bits >> 52 & 0x7ff), bits & (UINT64_C(-1) >> 12), 11, 52);
}

hu_num hu_num_from_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return from_fields(bits >> 31, (int)(bits >> 23 & 0xff), bits & 0x7fffff, 8, 23);
}

hu_num hu_num_negate(hu_num x)
{
    x.negative = !x.negative;
    return x;
}

hu_num hu_num_abs(hu_num x)
{
    x.negative = false;
    return x;
}

int hu_num_bits(hu_num x)
{
    uint64_t upper = (uint64_t)(x.sig >> 64), lower = (uint64_t)x.sig;
    return lower ? 128 - __builtin_ctzll(lower) : 64 - __builtin_ctzll(upper);
}

uint64_t hu_num_below(hu_num x, int kept)
{
    if (kept >= 128)
        return x.sticky;
    hu_u128 below = kept >= 0 ? x.sig << kept : kept > -128 ? x.sig >> -kept : 0;
    bool cut = kept < 0 && (kept <= -128 || x.sig << (128 + kept) != 0);
    bool sticky = x.sticky || cut || below << 63 != 0;
    return (uint64_t)(below >> 65) | sticky;
}

static int compare_magnitude(hu_num a, hu_num b)
{
    if (a.kind != b.kind)                                   /* zero < finite < infinite */
        return a.kind < b.kind ? -1 : 1;
    if (a.kind != HU_FINITE)
        return 0;
    if (a.exp != b.exp)
        return a.exp < b.exp ? -1 : 1;
    if (a.sig != b.sig)
        return a.sig < b.sig ? -1 : 1;
    return a.sticky - b.sticky;
}

int hu_num_compare(hu_num a, hu_num b)
{
    if (a.kind == HU_ZERO && b.kind == HU_ZERO)
        return 0;
    bool a_below = a.kind != HU_ZERO && a.negative, b_below = b.kind != HU_ZERO && b.negative;
    if (a_below != b_below)
        return a_below ? -1 : 1;
    int order = compare_magnitude(a, b);
    return a_below ? -order : order;
}

/* Finite, |big| >= |small|. What is cut off below the last bit of `small` becomes the sticky bit; the
 * difference then lies just above big - small_cut - 1, so one is borrowed. */
static hu_num add_finite(hu_num big, hu_num small, bool zero_negative)
{
    int distance = big.exp - small.exp;
    hu_u128 aligned = distance < 128 ? small.sig >> distance : 0;
    bool lost = distance > 127 || (distance > 0 && small.sig << (128 - distance) != 0);

    if (big.negative != small.negative) {
        hu_u128 rest = big.sig - aligned - lost;
        if (rest == 0 && !lost)
            return hu_num_zero(zero_negative);
        return make_sticky(big.negative, rest, big.exp - 127, lost);
    }
    hu_u128 sum = big.sig + aligned;
    if (sum >= big.sig)
        return make_sticky(big.negative, sum, big.exp - 127, lost);
    lost = lost || (sum & 1);
    return make_sticky(big.negative, sum >> 1 | (hu_u128)1 << 127, big.exp - 126, lost);
}

hu_num hu_num_add(hu_num a, hu_num b, bool zero_negative)
{
    if (a.kind == HU_ZERO && b.kind == HU_ZERO)
        return hu_num_zero(a.negative == b.negative ? a.negative : zero_negative);
    if (a.kind == HU_INF || b.kind == HU_ZERO)
        return a;
    if (b.kind == HU_INF || a.kind == HU_ZERO)
        return b;
    return compare_magnitude(a, b) < 0 ? add_finite(b, a, zero_negative) : add_finite(a, b, zero_negative);
}

hu_num hu_num_mul(hu_num a, hu_num b)
{
    bool negative = a.negative != b.negative;
    if (a.kind == HU_INF || b.kind == HU_INF)
        return hu_num_inf(negative);
    if (a.kind == HU_ZERO || b.kind == HU_ZERO)
        return hu_num_zero(negative);
    return hu_num_make(negative, (hu_u128)high_half(a) * high_half(b), a.exp + b.exp - 126);
}

hu_num hu_num_div(hu_num a, hu_num b)
{
    bool negative = a.negative != b.negative;
    if (a.kind == HU_INF)
        return hu_num_inf(negative);
    if (a.kind == HU_ZERO || b.kind == HU_INF)
        return hu_num_zero(negative);

    /* floor(2^127 a / b) in two digits of 64 bits */
    uint64_t divisor = high_half(b);
    hu_u128 dividend = (hu_u128)high_half(a) << 63;
    uint64_t first = (uint64_t)(dividend / divisor);
    hu_u128 rest = dividend - (hu_u128)first * divisor;
    uint64_t second = (uint64_t)((rest << 64) / divisor);
    bool sticky = (rest << 64) != (hu_u128)second * divisor;
    return make_sticky(negative, (hu_u128)first << 64 | second, a.exp - b.exp - 127, sticky);
}

/* floor(sqrt(n)) for n >= 2^126: a double estimate, one Newton step, then the exact correction. */
static uint64_t square_root(hu_u128 n)
{
    double estimate = sqrt((double)n);
    hu_u128 root = estimate >= 0x1p64 ? UINT64_MAX : (uint64_t)estimate;
    root = (root + n / root) >> 1;
    if (root > UINT64_MAX)
        root = UINT64_MAX;
    while (root * root > n)
        root--;
    while (root < UINT64_MAX && (root + 1) * (root + 1) <= n)
        root++;
    return (uint64_t)root;
}

/* The root's upper 64 bits are that of the significand; the lower 64 come from dividing the remainder
 * by twice the root (Zimmermann, "Karatsuba Square Root", INRIA RR-3805, 1999, one step). */
hu_num hu_num_sqrt(hu_num a)
{
    if (a.kind != HU_FINITE)
        return a;
    bool odd = (a.exp - 127) & 1;
    hu_u128 n = odd ? a.sig >> 1 : a.sig;                   /* the last bit of an operand is 0 */
    int exp = odd ? a.exp - 126 : a.exp - 127;

    uint64_t s = square_root(n);
    hu_u128 rest = (n - (hu_u128)s * s) << 63;              /* n - s^2 <= 2 s */
    hu_u128 quotient = rest / s;
    uint64_t q = quotient > UINT64_MAX ? UINT64_MAX : (uint64_t)quotient;
    hu_u128 twice = (rest - (hu_u128)q * s) * 2;            /* the remainder, in units of 2^64 */
    hu_u128 square = (hu_u128)q * q;

    bool sticky;
    if (twice >> 64) {
        sticky = true;
    } else if (twice << 64 >= square) {
        sticky = twice << 64 != square;
    } else {
        q--;                                                /* one too large: the rest of q - 1 is positive */
        sticky = true;
    }
    return make_sticky(false, (hu_u128)s << 64 | q, exp / 2 - 64, sticky);
}

hu_num hu_num_fma(hu_num a, hu_num b, hu_num c, bool zero_negative)
{
    return hu_num_add(hu_num_mul(a, b), c, zero_negative);
}

/* a * 2^n mod m, m < 2^64 */
static uint64_t scale_mod(uint64_t a, int n, uint64_t m)
{
    uint64_t result = a % m, power = 2 % m;
    for (; n > 0; n >>= 1) {
        if (n & 1)
            result = (uint64_t)((hu_u128)result * power % m);
        power = (uint64_t)((hu_u128)power * power % m);
    }
    return result;
}

hu_num hu_num_rem(hu_num a, hu_num b)
{
    int distance = a.exp - b.exp;
    if (a.kind != HU_FINITE || b.kind == HU_INF || distance < -1)
        return a;                                           /* |a| < |b| / 2 */
    uint64_t x = high_half(a), y = high_half(b);
    if (distance == -1) {
        if (x <= y)                                         /* |a| <= |b| / 2, and the tie goes to 0 */
            return a;
        return hu_num_make(!a.negative, ((hu_u128)y << 1) - x, a.exp - 63);
    }

    uint64_t rest;                                          /* a - q b in units of the last bit of b */
    bool odd;                                               /* q */
    if (distance == 0) {
        odd = x >= y;
        rest = odd ? x - y : x;
    } else if (y & 1) {                                     /* a is even in these units, so q is odd where the rest is */
        rest = scale_mod(x, distance, y);
        odd = rest & 1;
    } else {                                                /* in units twice as large y is 2 b: its residue tells the parity */
        rest = scale_mod(x, distance - 1, y);
        odd = rest >= y >> 1;
        rest = 2 * (odd ? rest - (y >> 1) : rest);
    }
    uint64_t other = y - rest;
    if (rest > other || (rest == other && odd))
        return hu_num_make(!a.negative, other, b.exp - 63);
    return hu_num_make(a.negative, rest, b.exp - 63);
}
