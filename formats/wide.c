/* wide.c - floating point with more than 62 bits of trailing significand: binary128, binary256, x87 extended, eXmY.
 *
 * The same formats as in float.c, with the same positions on the real line and the same answers where a code is missing.
 * A family of its own because neither do the codes fit an hu_code nor the exact results an hu_num: the number comes as an
 * hu_wide, and the codes go out as hu_bits. The functions of the family itself, on hu_code and hu_num, are right for
 * codes of up to 128 bits and the exact numbers of such codes; of wider codes they see the lower 128 bits.
 *
 * Inside, a magnitude is exponent field and trailing significand with nothing between them, and counts up from zero through
 * the subnormals and every binade. x87 writes the leading bit out between the two. There a leading 1 with the exponent
 * field 0 (pseudo-denormal) is read as its value, and a leading 0 with another field (unnormal, pseudo-infinity,
 * pseudo-NaN) is an invalid operand: it is read as a signaling NaN (Intel 64 and IA-32 Architectures Software Developer's
 * Manual, volume 1, sections 4.2.2 and 8.2.2).
 */
#include "formats/wide.h"

static int magnitude_bits(const hu_format *f)
{
    return f->exp_bits + f->man_bits;
}

static hu_bits infinity(const hu_format *f)             /* exponent field all ones, the rest 0 */
{
    hu_bits field = hu_bits_ones(f->exp_bits);
    return hu_bits_shift(&field, f->man_bits);
}

static hu_bits max_magnitude(const hu_format *f)
{
    hu_bits one = hu_bits_one(0), last = hu_bits_ones(magnitude_bits(f));
    if (f->specials == HU_SPECIALS_IEEE)
        last = infinity(f);
    bool is_last = f->specials == HU_SPECIALS_FNUZ || f->specials == HU_SPECIALS_FINITE;
    return is_last ? last : hu_bits_sub(&last, &one);
}

/* ---- codes and magnitudes ---- */

/* The code of a magnitude and a sign. */
static hu_bits pack(const hu_format *f, const hu_bits *magnitude, bool negative)
{
    hu_bits code = *magnitude;
    if (f->explicit_leading) {
        hu_bits mask = hu_bits_ones(f->man_bits), field = hu_bits_shift(magnitude, -f->man_bits);
        code = hu_bits_and(magnitude, &mask);
        if (!hu_bits_is_zero(&field))
            code.word[f->man_bits / 64] |= UINT64_C(1) << f->man_bits % 64;
        field = hu_bits_shift(&field, f->man_bits + 1);
        code = hu_bits_or(&code, &field);
    }
    if (negative && (f->has_negative_zero || !hu_bits_is_zero(magnitude)))
        code.word[(f->width_bits - 1) / 64] |= UINT64_C(1) << (f->width_bits - 1) % 64;
    return code;
}

/* The magnitude of a code; false: the code is none (see the head). */
static bool unpack(const hu_format *f, const hu_bits *code, hu_bits *magnitude)
{
    hu_bits mask = hu_bits_ones(f->width_bits - 1);
    *magnitude = hu_bits_and(code, &mask);
    if (!f->explicit_leading)
        return true;
    hu_bits field = hu_bits_shift(magnitude, -(f->man_bits + 1)), trailing;
    bool leading = hu_bits_test(code, f->man_bits), is_lowest = hu_bits_is_zero(&field);
    mask = hu_bits_ones(f->man_bits);
    trailing = hu_bits_and(magnitude, &mask);
    field = is_lowest && leading ? hu_bits_one(0) : field;
    field = hu_bits_shift(&field, f->man_bits);
    *magnitude = hu_bits_or(&field, &trailing);
    return leading || is_lowest;
}

/* ---- decode ---- */

static bool is_nan(const hu_format *f, const hu_bits *magnitude, bool negative)
{
    if (f->specials == HU_SPECIALS_FNUZ)
        return negative && hu_bits_is_zero(magnitude);
    hu_bits last = f->has_inf ? infinity(f) : max_magnitude(f);
    return f->has_nan && hu_bits_compare(magnitude, &last) > 0;
}

/* Only IEEE-like NaNs have a payload: what stands below the quiet bit, moved to the top. */
static hu_wide decode_nan(const hu_format *f, const hu_bits *magnitude, bool negative)
{
    hu_wide nan = hu_wide_special(HU_NAN, negative && f->specials != HU_SPECIALS_FNUZ);
    if (f->specials == HU_SPECIALS_IEEE) {
        nan.signaling = !hu_bits_test(magnitude, f->man_bits - 1);
        nan.sig = hu_bits_shift(magnitude, HU_BITS_MAX - (f->man_bits - 1));
    }
    return nan;
}

hu_wide hu_wide_decode(const hu_format *f, const hu_bits *code)
{
    hu_bits magnitude, mask = hu_bits_ones(f->man_bits), top = infinity(f);
    bool negative = hu_bits_test(code, f->width_bits - 1);
    if (!unpack(f, code, &magnitude)) {
        hu_wide invalid = hu_wide_special(HU_NAN, negative);
        invalid.signaling = true;
        return invalid;
    }
    if (is_nan(f, &magnitude, negative))
        return decode_nan(f, &magnitude, negative);
    if (f->has_inf && hu_bits_equal(&magnitude, &top))
        return hu_wide_special(HU_INF, negative);

    hu_bits above = hu_bits_shift(&magnitude, -f->man_bits), sig = hu_bits_and(&magnitude, &mask), leading = hu_bits_one(f->man_bits);
    int field = (int)above.word[0];
    if (field == 0)
        return f->subnormals & HU_FLUSH_IN ? hu_wide_special(HU_ZERO, negative) : hu_wide_make(negative, &sig, f->emin - f->man_bits);
    sig = hu_bits_or(&sig, &leading);
    return hu_wide_make(negative, &sig, field - f->bias - f->man_bits);
}

/* ---- bracket ---- */

/* The magnitude of the largest value up to |x|, as if the exponents went on; and the position above it. */
static hu_bits place(const hu_format *f, const hu_wide *x, hu_bracket *at)
{
    hu_bits lo;
    at->tiny = x->exp < f->emin;
    if (x->exp > f->emax) {
        hu_bits max = max_magnitude(f), one = hu_bits_one(0);
        lo = hu_bits_add(&max, &one);
    } else {
        int exp = at->tiny ? f->emin : x->exp, kept = f->man_bits + 1 - (exp - x->exp);
        hu_bits field = hu_bits_from_code((hu_u128)(exp - f->emin));
        field = hu_bits_shift(&field, f->man_bits);
        lo = hu_wide_above(x, kept);
        lo = hu_bits_add(&lo, &field);                      /* the leading bit counts the exponent up */
        at->part = hu_wide_below(x, kept);
    }
    return lo;
}

/* What `fine` of hu_bracket says, for an x that is tiny with the neighbor lo. */
static uint64_t fine_position(const hu_format *f, const hu_wide *x, const hu_bits *lo)
{
    hu_bits all = hu_bits_ones(f->man_bits), upper = hu_wide_above(x, f->man_bits + 1), ones = hu_bits_ones(f->man_bits + 1);
    bool near_normal = x->exp == f->emin - 1 && hu_bits_equal(lo, &all) && hu_bits_equal(&upper, &ones);
    return near_normal ? hu_wide_below(x, f->man_bits + 1) : 0;
}

/* A tiny x where subnormals are flushed: its neighbors with an unbounded exponent, the lower of them zero. */
static hu_wide_bracket flush(const hu_format *f, hu_wide_bracket b)
{
    hu_bits zero = {{0}}, smallest = hu_bits_one(f->man_bits);
    b.at.odd = f->man_bits > 0;
    b.at.part = b.at.fine ? b.at.fine : 1;
    b.lo = pack(f, &zero, b.at.negative);
    b.hi = b.at.fine ? pack(f, &smallest, b.at.negative) : b.lo;
    return b;
}

hu_wide_bracket hu_wide_bracket_of(const hu_format *f, const hu_wide *x)
{
    hu_wide_bracket b = {.at = {.negative = x->negative}};
    hu_bits lo = place(f, x, &b.at), max = max_magnitude(f), one = hu_bits_one(0), hi;
    if (b.at.tiny)
        b.at.fine = fine_position(f, x, &lo);
    if (hu_bits_compare(&lo, &max) > 0) {
        lo = max;
        b.at.part = HU_ONE;
    }
    if (b.at.tiny && (f->subnormals & HU_FLUSH_OUT))
        return flush(f, b);

    b.at.odd = lo.word[0] & 1;
    b.at.overflow = hu_bits_equal(&lo, &max) && b.at.part != 0;
    b.lo = pack(f, &lo, x->negative);
    hi = hu_bits_add(&lo, &one);
    if (b.at.overflow)
        b.hi = hu_wide_code_of(f, &(hu_wide){.kind = HU_INF, .negative = x->negative});
    else
        b.hi = pack(f, &hi, x->negative);
    return b;
}

/* ---- zeros, infinities, NaNs ---- */

static hu_bits nan_code(const hu_format *f, const hu_wide *x)
{
    hu_bits magnitude = hu_bits_ones(magnitude_bits(f)), zero = {{0}};
    if (f->specials == HU_SPECIALS_FN)
        return pack(f, &magnitude, x->negative);
    if (f->specials == HU_SPECIALS_FNUZ)
        return hu_bits_one(f->width_bits - 1);
    if (!f->has_nan)
        return hu_wide_code_of(f, &(hu_wide){.kind = HU_INF});
    hu_bits quiet = hu_bits_one(f->man_bits - 1), payload = hu_bits_shift(&x->sig, f->man_bits - 1 - HU_BITS_MAX);
    magnitude = infinity(f);
    magnitude = hu_bits_or(&magnitude, &quiet);
    magnitude = hu_bits_or(&magnitude, f->man_bits > 1 ? &payload : &zero);
    return pack(f, &magnitude, x->negative);
}

hu_bits hu_wide_max(const hu_format *f, bool negative)
{
    hu_bits max = max_magnitude(f);
    return pack(f, &max, negative);
}

hu_bits hu_wide_code_of(const hu_format *f, const hu_wide *x)
{
    hu_bits zero = {{0}}, top = infinity(f);
    if (x->kind == HU_ZERO)
        return pack(f, &zero, x->negative);
    if (x->kind == HU_NAN)
        return nan_code(f, x);
    if (f->has_inf)
        return pack(f, &top, x->negative);
    return f->has_nan ? nan_code(f, &(hu_wide){.kind = HU_NAN}) : hu_wide_max(f, x->negative);
}

hu_bits hu_wide_negate(const hu_format *f, const hu_bits *code)
{
    hu_bits sign = hu_bits_one(f->width_bits - 1), mask = hu_bits_ones(f->width_bits - 1), magnitude = hu_bits_and(code, &mask);
    if (!f->has_negative_zero && hu_bits_is_zero(&magnitude))   /* zero, and FNUZ's NaN */
        return *code;
    return hu_bits_test(code, f->width_bits - 1) ? magnitude : hu_bits_or(code, &sign);
}

/* ---- neighbors ---- */

hu_bits hu_wide_neighbor(const hu_format *f, const hu_bits *code, bool up)
{
    hu_bits magnitude, one = hu_bits_one(0), zero = {{0}}, max = max_magnitude(f);
    hu_bits least = f->subnormals ? hu_bits_one(f->man_bits) : one;
    hu_wide x = hu_wide_decode(f, code);
    bool away = x.negative != up;
    if (x.kind == HU_NAN || (x.kind == HU_INF && away))
        return *code;
    if (x.kind == HU_INF)
        return hu_wide_max(f, x.negative);
    if (x.kind == HU_ZERO)
        return pack(f, &least, !up);
    unpack(f, code, &magnitude);
    if (away && hu_bits_equal(&magnitude, &max) && !f->has_inf)
        return *code;
    if (away && hu_bits_compare(&magnitude, &least) < 0)
        magnitude = least;
    else
        magnitude = away ? hu_bits_add(&magnitude, &one) : hu_bits_sub(&magnitude, &one);
    return pack(f, hu_bits_compare(&magnitude, &least) < 0 ? &zero : &magnitude, x.negative);
}

/* ---- the family, on codes of up to 128 bits ---- */

static hu_num decode(const hu_format *f, hu_code code)
{
    hu_bits bits = hu_bits_from_code(code);
    hu_wide x = hu_wide_decode(f, &bits);
    return hu_wide_to_num(&x);
}

static hu_bracket bracket(const hu_format *f, hu_num x)
{
    hu_wide wide = hu_wide_from_num(&x);
    hu_wide_bracket b = hu_wide_bracket_of(f, &wide);
    b.at.lo = hu_bits_to_code(&b.lo);
    b.at.hi = hu_bits_to_code(&b.hi);
    return b.at;
}

static hu_code special(const hu_format *f, hu_num x)
{
    hu_wide wide = hu_wide_from_num(&x);
    hu_bits code = hu_wide_code_of(f, &wide);
    return hu_bits_to_code(&code);
}

static hu_code negate(const hu_format *f, hu_code code)
{
    hu_bits bits = hu_bits_from_code(code);
    bits = hu_wide_negate(f, &bits);
    return hu_bits_to_code(&bits);
}

void hu_wide_derive(hu_format *f)
{
    f->family = &hu_family_wide;
    f->is_wide = true;
    if (f->width_bits > 128)
        return;                                             /* no hu_code has room for its codes */
    hu_wide inf = hu_wide_special(HU_INF, false), nan = hu_wide_special(HU_NAN, false);
    hu_bits max_code = hu_wide_max(f, false), inf_code = hu_wide_code_of(f, &inf), quiet = hu_wide_code_of(f, &nan);
    f->max_code = hu_bits_to_code(&max_code);
    f->inf_code = hu_bits_to_code(&inf_code);
    f->nan_code = hu_bits_to_code(&quiet);
}

const hu_family hu_family_wide = {.name = "wide", .decode = decode, .bracket = bracket, .special = special, .negate = negate};
