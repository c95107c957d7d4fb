/* plan-block.c - a block of elements under a plan: by the loops of the lanes, on stairs, or one by one through src/ops. */
#include "src/kernel/plan.h"

#include <omp.h>
#include <stdatomic.h>
#include <string.h>

#include "src/num/mpfr-state.h"
#include "src/ops/ops.h"

static atomic_ulong slow_blocks;

hu_flags hu_plan_flags(const hu_grid *g, const hu_seen *s)
{
    hu_flags flags = 0;
    flags |= s->invalid || s->signaling ? HU_INVALID : 0;
    flags |= s->divbyzero ? HU_DIVBYZERO : 0;
    flags |= s->overflow ? HU_OVERFLOW : 0;
    flags |= s->underflow ? HU_UNDERFLOW : 0;
    flags |= s->inexact ? HU_INEXACT : 0;
    flags |= s->inf ? g->inf_flags : 0;
    flags |= s->nan ? g->nan_flags : 0;
    return flags;
}

/* One element where numbers of the carrier stand for irrational values; false: not all operands do. */
static bool nearest_element(const hu_format *f, hu_env *env, const hu_op *op, const double *x, int n, bool narrow, double *out)
{
    hu_code code[3], result;
    for (int i = 0; i < n; i++) {
        if (!hu_code_of_nearest(f, x[i], narrow, &code[i]))
            return false;
    }
    if (!op) {
        hu_env_draw(env);
        result = code[0];
    } else {
        result = n == 1 ? op->unary(f, env, code[0]) : n == 2 ? op->binary(f, env, code[0], code[1])
               : op->ternary(f, env, code[0], code[1], code[2]);
    }
    *out = hu_plan_value(f, result);
    return true;
}

static hu_code round_number(const hu_format *f, hu_env *env, hu_num x)
{
    if (x.kind != HU_NAN)
        return hu_round(f, env, x);
    env->flags |= x.signaling ? HU_INVALID : 0;
    return hu_round(f, env, hu_num_nan());
}

/* One element the scalar way. */
static double slow_element(const hu_plan *plan, hu_env *env, const hu_op *op, const double *value, int n, bool narrow)
{
    const hu_format *f = plan->format;
    hu_code code;
    double nearest;
    if (f->family->result && nearest_element(f, env, op, value, n, narrow, &nearest))
        return nearest;
    hu_num x[3] = {{0}};
    for (int i = 0; i < n; i++)
        x[i] = hu_num_from_double(value[i]);
    if (op)
        code = hu_op_round(op, f, env, x);
    else
        code = round_number(f, env, x[0]);
    return hu_plan_value(f, code);
}

static hu_flags slow_block(const hu_plan *plan, double *out, hu_elementwise op, const double *a, const double *b,
                           const double *c, size_t n, bool narrow, hu_draw draw)
{
    static const char *const names[HU_N_ELEMENTWISE] = {"add", "sub", "mul", "div", "fma", "sqrt"};
    const hu_op *operation = op != HU_ROUND_ONLY ? hu_op_find(names[op]) : NULL;
    hu_env env = plan->env;
    for (size_t i = 0; i < n; i++) {
        const double x[3] = {a[i], b ? b[i] : 0, c ? c[i] : 0};
        env.random.index = draw.index + i * draw.stride;
        env.word = draw.words ? &draw.words[i] : NULL;
        out[i] = slow_element(plan, &env, operation, x, operation ? operation->arity : 1, narrow);
    }
    atomic_fetch_add_explicit(&slow_blocks, 1, memory_order_relaxed);
    return env.flags;
}

hu_code hu_plan_code(const hu_format *f, hu_env *env, double x, bool narrow)
{
    hu_code code;
    if (!f->family->result || !hu_code_of_nearest(f, x, narrow, &code))
        return round_number(f, env, hu_num_from_double(x));
    hu_env_draw(env);
    return code;
}

/* Values, or codes where there is no place for values. */
static hu_flags on_stairs(const hu_plan *plan, double *values, uint64_t *codes, const double *in, size_t n, bool narrow, hu_draw draw)
{
    uint64_t words[HU_BLOCK];
    if (!plan->is_random)
        return values ? hu_stairs_round(plan->stairs, values, in, n) : hu_stairs_codes(plan->stairs, codes, in, n);
    plan->lanes->words(words, n, plan->env.random.seed, plan->env.random.stream, draw.index, draw.stride);
    const hu_stairs_draw d = {&plan->env, words, draw.index, draw.stride, narrow};
    return values ? hu_stairs_round_drawn(plan->stairs, values, in, n, &d) : hu_stairs_codes_drawn(plan->stairs, codes, in, n, &d);
}

hu_flags hu_plan_codes(const hu_plan *plan, uint64_t *out, const double *in, size_t n, bool narrow, hu_draw draw)
{
    if (plan->stairs)
        return on_stairs(plan, NULL, out, in, n, narrow, draw);
    hu_env env = plan->env;
    for (size_t i = 0; i < n; i++) {
        env.random.index = draw.index + i * draw.stride;
        out[i] = (uint64_t)hu_plan_code(plan->format, &env, in[i], narrow);
    }
    atomic_fetch_add_explicit(&slow_blocks, 1, memory_order_relaxed);
    return env.flags;
}

void hu_plan_values(const hu_plan *plan, double *out, const uint64_t *in, size_t n)
{
    if (plan->stairs)
        hu_stairs_decode(plan->stairs, out, in, n);
    for (size_t i = 0; i < n && !plan->stairs; i++)
        out[i] = hu_plan_value(plan->format, in[i]);
}

void hu_plan_end_of_thread(const hu_format *f)
{
    if (f->family->logarithmic && omp_get_thread_num() > 0)
        hu_mpfr_end_of_thread();
}

unsigned long hu_plan_slow_blocks(void)
{
    return atomic_load_explicit(&slow_blocks, memory_order_relaxed);
}

static void round_block(const hu_plan *plan, double *t, const double *in, size_t n, bool is_odd, hu_draw draw, hu_seen *seen)
{
    const hu_lanes *lanes = plan->lanes;
    if (!plan->is_random) {
        lanes->round_f64[plan->way](t, in, n, &plan->grid_f64, seen);
        return;
    }
    uint64_t words[HU_BLOCK];
    if (!draw.words)
        lanes->words(words, n, plan->env.random.seed, plan->env.random.stream, draw.index, draw.stride);
    hu_round_random_fn *const *loops = is_odd ? lanes->round_random_odd : lanes->round_random;
    loops[plan->way - HU_N_FIXED](t, in, draw.words ? draw.words : words, n, &plan->grid_f64, seen);
}

hu_flags hu_plan_block(const hu_plan *plan, double *out, hu_elementwise op, const double *a, const double *b,
                       const double *c, size_t n, bool narrow, hu_draw draw)
{
    hu_seen seen = {0};
    if (op == HU_ROUND_ONLY) {
        if (!plan->has_f64 && plan->stairs)
            return on_stairs(plan, out, NULL, a, n, narrow, draw);
        if (!plan->has_f64)
            return slow_block(plan, out, op, a, NULL, NULL, n, narrow, draw);
        round_block(plan, out, a, n, false, draw, &seen);
        return hu_plan_flags(&plan->grid_f64, &seen);
    }
    if (plan->has_odd) {
        double t[HU_BLOCK];
        hu_exact_fn *const *exact = narrow ? plan->lanes->narrow : plan->lanes->wide;
        exact[op](t, a, b, c, n, plan->env.rounding->is_downward, &seen);
        if (!seen.doubt)
            round_block(plan, t, t, n, true, draw, &seen);
        if (!seen.doubt) {
            memcpy(out, t, n * sizeof *out);
            return hu_plan_flags(&plan->grid_f64, &seen);
        }
    }
    return slow_block(plan, out, op, a, b, c, n, narrow, draw);
}
