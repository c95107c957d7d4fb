/* round.c - an exact result on the grid of a format, from the definitions.
 *
 * A magnitude lies on step n of a grid, at the step, below the middle, in the middle or above it.
 * With n and the exponent put together as in a code, the next step is the next code, and so on past
 * the largest finite value as if the exponents went on: overflow is a code that is too large.
 */
#include "src/ref/ref.h"

typedef enum place { ON_STEP, BELOW_HALF, AT_HALF, ABOVE_HALF } place;

static const char *const mode_names[HU_REF_MODES] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro"};

const char *hu_ref_mode_name(hu_ref_mode mode)
{
    return mode_names[mode];
}

/* n = floor(|x| / 2^quantum), and where |x| lies between the steps n and n + 1. |x| / 2^quantum < 2^127. */
static place locate(const hu_ref_exact *x, int quantum, hu_u128 *n)
{
    int drop = 127 - (x->exp - quantum);     /* bits of sig below the quantum; at least 1 */
    *n = 0;
    if (drop > 128)
        return BELOW_HALF;
    hu_u128 half = (hu_u128)1 << (drop - 1);
    hu_u128 rest = x->sig & (half | (half - 1));
    if (drop < 128)
        *n = x->sig >> drop;
    if (rest == 0 && !x->sticky)
        return ON_STEP;
    if (rest < half)
        return BELOW_HALF;
    return rest == half && !x->sticky ? AT_HALF : ABOVE_HALF;
}

static bool goes_away(hu_ref_mode mode, place at, bool odd, bool negative)
{
    if (at == ON_STEP)
        return false;
    switch (mode) {
    case HU_REF_RNE: return at == ABOVE_HALF || (at == AT_HALF && odd);
    case HU_REF_RNA: return at >= AT_HALF;
    case HU_REF_RNZ: return at == ABOVE_HALF;
    case HU_REF_RU:  return !negative;
    case HU_REF_RD:  return negative;
    case HU_REF_RZ:  return false;
    case HU_REF_RAZ: return true;
    case HU_REF_RO:  return !odd;
    case HU_REF_MODES: break;
    }
    return false;
}

/* Whether x, rounded to the precision of f with an unbounded exponent, is below the smallest normal. */
static bool tiny_after(const hu_format *f, hu_ref_mode mode, const hu_ref_exact *x)
{
    int emin = 1 - f->bias;
    if (x->exp >= emin)
        return false;
    if (x->exp < emin - 1)
        return true;
    hu_u128 n;
    place at = locate(x, x->exp - f->man_bits, &n);
    bool odd = f->man_bits > 0 && (n & 1);       /* with no trailing bits: the code would be 0, which is even */
    n += goes_away(mode, at, odd, x->negative);
    return n < (hu_u128)2 << f->man_bits;
}

static hu_code signed_code(const hu_format *f, hu_code magnitude, bool negative)
{
    if (magnitude == 0 && f->specials == HU_SPECIALS_FNUZ)
        return 0;
    return magnitude | (negative ? hu_ref_sign_bit(f) : 0);
}

static hu_code nan_code(const hu_format *f, const hu_ref_env *env, const hu_ref_exact *x, hu_flags *flags)
{
    hu_code all_ones = hu_ref_sign_bit(f) - 1;
    bool keep = env->nan == HU_NAN_PROPAGATE;
    if (!hu_ref_has_nan(f)) {
        *flags |= HU_INVALID;
        return hu_ref_has_inf(f) ? hu_ref_max_code(f) + 1 : hu_ref_max_code(f);
    }
    if (f->specials == HU_SPECIALS_FNUZ)
        return hu_ref_sign_bit(f);
    if (f->specials == HU_SPECIALS_FN)
        return signed_code(f, all_ones, keep && x->negative);
    hu_code quiet = (hu_code)1 << (f->man_bits - 1);
    hu_code payload = keep && f->man_bits > 1 ? x->payload >> (128 - (f->man_bits - 1)) : 0;
    return signed_code(f, (hu_ref_max_code(f) + 1) | quiet | payload, keep && x->negative);
}

/* The code of an infinite result, or of an overflow that its mode does not hold back. */
static hu_code infinity_code(const hu_format *f, const hu_ref_env *env, bool negative, bool from_overflow)
{
    bool largest = env->overflow == HU_OVERFLOW_SATURATE ||
                   (env->overflow == HU_OVERFLOW_SATURATE_FINITE && from_overflow);
    if (largest || (!hu_ref_has_inf(f) && !hu_ref_has_nan(f)))
        return signed_code(f, hu_ref_max_code(f), negative);
    if (hu_ref_has_inf(f))
        return signed_code(f, hu_ref_max_code(f) + 1, negative);
    hu_flags ignored = 0;
    return nan_code(f, &(hu_ref_env){0}, &(hu_ref_exact){0}, &ignored);
}

static hu_code overflowed(const hu_format *f, const hu_ref_env *env, bool negative)
{
    bool inward = env->mode == HU_REF_RZ || env->mode == HU_REF_RO ||
                  env->mode == (negative ? HU_REF_RU : HU_REF_RD);
    if (inward)
        return signed_code(f, hu_ref_max_code(f), negative);
    return infinity_code(f, env, negative, true);
}

static hu_code round_finite(const hu_format *f, const hu_ref_env *env, const hu_ref_exact *x, hu_flags *flags)
{
    int emin = 1 - f->bias;
    bool subnormal = x->exp < emin;
    hu_u128 n;
    place at = locate(x, (subnormal ? emin : x->exp) - f->man_bits, &n);
    hu_code code = n + (subnormal ? 0 : (hu_code)(x->exp - emin) << f->man_bits);
    code += goes_away(env->mode, at, code & 1, x->negative);

    bool is_tiny_after = tiny_after(f, env->mode, x);
    bool tiny = env->tininess == HU_TININESS_BEFORE ? subnormal : is_tiny_after;
    if ((f->subnormals & HU_FLUSH_OUT) && is_tiny_after) {
        *flags |= HU_UNDERFLOW | HU_INEXACT;
        return signed_code(f, 0, x->negative);
    }
    if ((f->subnormals & HU_FLUSH_OUT) && subnormal)
        code = (hu_code)1 << f->man_bits;       /* with an unbounded exponent it came up to the smallest normal */
    if (code > hu_ref_max_code(f)) {
        *flags |= HU_OVERFLOW | HU_INEXACT;
        return overflowed(f, env, x->negative);
    }
    if (at != ON_STEP)
        *flags |= HU_INEXACT | (tiny ? HU_UNDERFLOW : 0);
    return signed_code(f, code, x->negative);
}

hu_code hu_ref_round(const hu_format *f, const hu_ref_env *env, const hu_ref_exact *x, hu_flags *flags)
{
    *flags |= x->flags;
    switch (x->kind) {
    case HU_REF_NAN:    return nan_code(f, env, x, flags);
    case HU_REF_INF:    return infinity_code(f, env, x->negative, false);
    case HU_REF_ZERO:   return signed_code(f, 0, x->sign_by_mode ? env->mode == HU_REF_RD : x->negative);
    case HU_REF_FINITE: break;
    }
    return round_finite(f, env, x, flags);
}

hu_ref_exact hu_ref_integral(const hu_ref_exact *x, hu_ref_mode mode, bool *inexact)
{
    hu_ref_exact r = *x;
    *inexact = false;
    if (x->kind != HU_REF_FINITE || x->exp >= 126)
        return r;
    hu_u128 n;
    place at = locate(x, 0, &n);
    n += goes_away(mode, at, n & 1, x->negative);
    *inexact = at != ON_STEP;
    r.sticky = false;
    if (n == 0) {
        r.kind = HU_REF_ZERO;
        return r;
    }
    for (r.exp = 127, r.sig = n; !(r.sig >> 127); r.exp--)
        r.sig <<= 1;
    return r;
}

/* The magnitude of x rounded to an integer; *fits is false for NaN, infinities and from 2^100 on. */
static hu_u128 magnitude(const hu_ref_exact *x, hu_ref_mode mode, bool *fits, bool *inexact)
{
    *inexact = false;
    *fits = x->kind == HU_REF_ZERO || (x->kind == HU_REF_FINITE && x->exp < 100);
    if (!*fits || x->kind == HU_REF_ZERO)
        return 0;
    hu_ref_exact r = hu_ref_integral(x, mode, inexact);
    return r.kind == HU_REF_ZERO ? 0 : r.sig >> (127 - r.exp);
}

int64_t hu_ref_to_i64(const hu_ref_exact *x, hu_ref_mode mode, int bits, hu_flags *flags)
{
    bool fits, inexact;
    hu_u128 n = magnitude(x, mode, &fits, &inexact);
    hu_u128 bound = ((hu_u128)1 << (bits - 1)) - (x->negative ? 0 : 1);
    if (x->kind == HU_REF_NAN || !fits || n > bound) {
        *flags |= HU_INVALID;
        bool low = x->negative && x->kind != HU_REF_NAN;
        return low ? -(int64_t)(((hu_u128)1 << (bits - 1)) - 1) - 1 : (int64_t)(((hu_u128)1 << (bits - 1)) - 1);
    }
    *flags |= inexact ? HU_INEXACT : 0;
    return x->negative && n > 0 ? -(int64_t)(n - 1) - 1 : (int64_t)n;
}

uint64_t hu_ref_to_u64(const hu_ref_exact *x, hu_ref_mode mode, int bits, hu_flags *flags)
{
    bool fits, inexact;
    hu_u128 n = magnitude(x, mode, &fits, &inexact);
    hu_u128 bound = ((hu_u128)1 << bits) - 1;
    if (x->kind == HU_REF_NAN || !fits || n > bound || (x->negative && n > 0)) {
        *flags |= HU_INVALID;
        return x->negative && x->kind != HU_REF_NAN ? 0 : (uint64_t)bound;
    }
    *flags |= inexact ? HU_INEXACT : 0;
    return (uint64_t)n;
}
