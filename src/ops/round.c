/* round.c - the one place where a value changes: formats bracket, rounding picks.
 *
 * Source: IEEE 754-2019, sections 4.3 (rounding), 7.4 (overflow), 7.5 (underflow).
 */
#include "src/ops/ops.h"
#include "src/ops/round.h"

bool hu_clamps_inf(const hu_env *env, bool below_zero)
{
    return env->overflow == HU_OVERFLOW_SATURATE || (below_zero && env->overflow == HU_OVERFLOW_SATURATE_FINITE);
}

/* Zeros, infinities and NaNs. */
static hu_code round_special(const hu_format *f, hu_env *env, hu_num x)
{
    bool below_zero = x.kind == HU_INF && x.negative && !f->is_signed;
    if (x.kind == HU_INF && hu_clamps_inf(env, below_zero)) {
        hu_num huge = hu_num_make(x.negative, 1, HU_EXP_FAR);
        return f->family->bracket(f, huge).lo;
    }
    if (below_zero || (x.kind == HU_NAN && !f->has_nan))
        env->flags |= HU_INVALID;
    if (x.kind == HU_ZERO && f->lacks_zero)
        env->flags |= HU_UNDERFLOW | HU_INEXACT;
    return f->family->special(f, x);
}

/* Tiny after rounding: rounded with an unbounded exponent, it would still lie below the smallest normal. */
static bool tiny_after(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    hu_bracket finer = *b;
    finer.part = b->fine;
    return b->fine == 0 || !mode->pick(mode, &finer, random);
}

/* Whether x, rounded as if the grid went on, passes the largest finite value, on which a mode may then insist. */
static bool passes_max(const hu_rounding *mode, const hu_bracket *b, uint64_t random)
{
    hu_bracket on = *b;
    on.overflow = false;
    return b->part == HU_ONE || mode->pick(mode, &on, random);
}

bool hu_round_up(hu_env *env, const hu_bracket *b, uint64_t random)
{
    bool up = b->part != 0 && env->rounding->pick(env->rounding, b, random), passes = false;
    if (b->part != 0) {
        if (b->overflow) {
            passes = up || passes_max(env->rounding, b, random);
            up = up && env->overflow == HU_OVERFLOW_IEEE;
        }
        if (up && b->invalid) {
            env->flags |= HU_INVALID;
            return true;
        }
        env->flags |= HU_INEXACT | (passes ? HU_OVERFLOW : 0);
        if (b->tiny && !passes && (env->tininess == HU_TININESS_BEFORE || tiny_after(env->rounding, b, random)))
            env->flags |= HU_UNDERFLOW;
    }
    if (up ? b->hi_wraps : b->lo_wraps)                     /* where a format wraps around, it is another value */
        env->flags |= HU_OVERFLOW | HU_INEXACT;
    return up;
}

hu_code hu_round_with(const hu_format *f, hu_env *env, hu_num x, uint64_t random)
{
    if (x.kind != HU_FINITE)
        return round_special(f, env, x);
    hu_bracket b;
    if (env->rounding->random_bits > 0 || !f->family->quick || !f->family->quick(f, x, &b))
        b = f->family->bracket(f, x);
    return hu_round_up(env, &b, random) ? b.hi : b.lo;
}

hu_code hu_round(const hu_format *f, hu_env *env, hu_num x)
{
    return hu_round_with(f, env, x, hu_env_draw(env));
}
