/* lns.c - logarithmic numbers: a sign, and the logarithm to base 2 in fixed point.
 *
 *     name = "lns" I "." F      I 1..16 bits before the point of the logarithm, its sign among them, and F 0..47 after it
 *
 * The first bit of a code is the sign of the value, the other I + F are L, a two's complement integer; the value is 2^(L 2^-F). The
 * most negative L stands for what has no logarithm: zero where the sign bit is 0, NaN where it is 1. There is one zero and there
 * are no infinities, which become NaN. So lns8.23 is the 32-bit format of the European Logarithmic Microprocessor (which takes its
 * zero and its NaN from the same place), and Kingsbury and Rayner's logarithms before it; Swartzlander and Alexopoulos
 * add a bias to the logarithm instead, for the same values.
 *
 * Positions are measured among the logarithms (logarithmic.c). Past the largest value the grid goes on, as it does in fixed point: what
 * rounds past it becomes the largest value and raises overflow. Below the smallest value only the modes that say a
 * direction give zero.
 *
 * Source: Kingsbury and Rayner, Digital filtering using logarithmic arithmetic, Electronics Letters 7(2), 1971; Swartzlander and
 * Alexopoulos, The Sign/Logarithm Number System, IEEE TC 24(12), 1975; Coleman, Chester, Softley and Kadlec, Arithmetic on the
 * European Logarithmic Microprocessor, IEEE TC 49(7), 2000.
 */
#include <stdio.h>

#include "formats/logarithmic.h"
#include "formats/registry.h"

enum { I_MIN = 1, I_MAX = 16, F_MAX = 47 };

static hu_code sign_bit(const hu_format *f)
{
    return (hu_code)1 << (f->width_bits - 1);
}

/* The most negative logarithm's code; the value is a zero. */
static hu_code zero_code(const hu_format *f)
{
    return sign_bit(f) >> 1;
}

static bool log_of(const hu_format *f, hu_code code, hu_log *out)
{
    hu_code digits = code & (sign_bit(f) - 1);
    *out = (hu_log){.kind = digits == zero_code(f) ? HU_ZERO : HU_FINITE, .negative = code != digits};
    if (out->kind == HU_ZERO)
        return !out->negative;
    int64_t l = (int64_t)((__int128)digits - (digits > zero_code(f) ? (__int128)sign_bit(f) : 0));
    out->whole = l >> f->man_bits;
    out->fraction = f->man_bits ? (hu_u128)digits << (128 - f->man_bits) : 0;
    return true;
}

/* l among the codes of one sign, which are two's complement integers; zero's comes before the first. */
static hu_bracket bracket_log(const hu_format *f, hu_log l)
{
    int64_t most = (int64_t)f->max_code, most_whole = most >> f->man_bits;
    hu_u128 below = l.fraction << f->man_bits;
    hu_bracket b = {.negative = l.negative, .part = (uint64_t)(below >> 65) | (l.sticky || below << 63 != 0)};
    int64_t lo = 0, hi;
    bool far = l.whole > most_whole, near_zero = l.whole < -most_whole - 1;
    if (!far && !near_zero) {
        lo = (int64_t)((uint64_t)l.whole << f->man_bits) + (int64_t)(f->man_bits ? l.fraction >> (128 - f->man_bits) : 0);
        near_zero = lo < -most;
    }
    if (near_zero) {
        lo = -most - 1;
        b.part = HU_ONE;
        b.tiny = true;
    } else if (far) {
        lo = most;
        b.part = HU_ONE;
    }
    b.odd = lo & 1;
    b.overflow = lo == most && b.part != 0;
    hi = b.overflow ? lo : lo + 1;
    hu_code sign = l.negative ? sign_bit(f) : 0;
    b.lo = b.tiny ? zero_code(f) : sign | ((hu_code)lo & (sign_bit(f) - 1));
    b.hi = sign | ((hu_code)hi & (sign_bit(f) - 1));
    return b;
}

static long rank(const hu_format *f, hu_code code)
{
    hu_code digits = code & (sign_bit(f) - 1);
    return (long)((__int128)digits - (digits > zero_code(f) ? (__int128)sign_bit(f) : 0) + (__int128)f->max_code);
}

/* The grid goes on by one step past the largest value. */
static long half_steps(const hu_format *f)
{
    return 4 * (long)f->max_code + 3;
}

static hu_log half_step(const hu_format *f, long i)
{
    long l = i - 2 * (long)f->max_code;
    return (hu_log){.kind = HU_FINITE, .whole = l >> (f->man_bits + 1), .fraction = (hu_u128)(__int128)l << (127 - f->man_bits)};
}

static hu_code special(const hu_format *f, hu_num x)
{
    return x.kind == HU_ZERO ? zero_code(f) : f->nan_code;
}

static hu_code negate(const hu_format *f, hu_code code)
{
    bool has_other = (code & (sign_bit(f) - 1)) != zero_code(f);
    return has_other ? code ^ sign_bit(f) : code;
}

static const hu_logarithmic logarithmic = {HU_LOG_2, log_of, bracket_log, rank, half_steps, half_step};

const hu_family hu_family_lns = {
    .name = "lns", .decode = hu_logarithmic_decode, .bracket = hu_logarithmic_bracket, .special = special, .negate = negate,
    .wide = hu_logarithmic_wide, .result = hu_logarithmic_result, .quick = hu_logarithmic_quick, .quick_result = hu_logarithmic_quick_result,
    .operations = hu_logarithmic_operations, .logarithmic = &logarithmic,
};

hu_reading hu_read_lns(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    long whole, fraction;
    const char *c = name;
    if (!hu_read_word(&c, "lns") || !hu_read_number(&c, &whole) || !hu_read_word(&c, ".") || !hu_read_number(&c, &fraction) || *c)
        return HU_NOT_MINE;
    if (whole < I_MIN || whole > I_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': %ld bits before the point of the logarithm asked for, %d to %d will do", name,
                         whole, I_MIN, I_MAX);
    if (fraction < 0 || fraction > F_MAX || whole + fraction < 2)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': %ld bits after the point of the logarithm asked for, %d to %d will do", name,
                         fraction, whole == 1, F_MAX);
    int width = (int)(1 + whole + fraction), half = 1 << (whole - 1);
    *f = (hu_format){.family = &hu_family_lns, .width_bits = width, .man_bits = (int)fraction, .emax = half - 1,
                     .emin = fraction ? -half : 1 - half, .max_code = ((hu_code)1 << (width - 2)) - 1,
                     .nan_code = (hu_code)3 << (width - 2), .inf_code = (hu_code)3 << (width - 2), .has_nan = true, .is_signed = true,
                     .source = "Coleman et al., Arithmetic on the European Logarithmic Microprocessor, IEEE TC 49(7), 2000, generalized"};
    snprintf(canonical, HU_FORMAT_NAME_SIZE, "lns%ld.%ld", whole, fraction);
    return HU_READ;
}
