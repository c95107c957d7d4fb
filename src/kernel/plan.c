/* plan.c - a rounding, made ready, and what every call of a kernel has to keep to.
 *
 * What a grid says about overflow, infinities and NaNs is asked of the scalar path itself.
 */
#include "src/kernel/plan.h"

#include <string.h>

#include "src/ops/ops.h"

/* The carriers. */
typedef struct carrier {
    int width, man_bits, bias;
} carrier;

static const carrier binary32 = {32, 23, 127}, binary64 = {64, 52, 1023};

static bool is_float(const hu_format *f)
{
    return strcmp(f->family->name, "float") == 0;
}

/* Whatever the family, values have at most man_bits + 1 significant bits and are multiples of 2^(emin - man_bits). If irrational,
 * they are more than 2^-(man_bits + 1) of themselves apart: with 3 bits more all of them lie nearest to different numbers. */
static bool fits(const hu_format *f, const carrier *c)
{
    int man_bits = f->man_bits + (f->family->result ? 3 : 0);
    return man_bits <= c->man_bits && f->emax <= c->bias && f->emin - man_bits >= 1 - c->bias - c->man_bits;
}

bool hu_fits_f32(const hu_format *f)
{
    return fits(f, &binary32);
}

bool hu_fits_f64(const hu_format *f)
{
    return fits(f, &binary64);
}

hu_status hu_check_fit(const char *what, const char *role, const hu_format *f, bool is_f32, hu_error *err)
{
    if (is_f32 ? hu_fits_f32(f) : hu_fits_f64(f))
        return HU_OK;
    return hu_fail(err, HU_EINVAL, "%s: %sformat %s has values that are no values of %s%s", what, role, f->name,
                   is_f32 ? "float" : "double", is_f32 && hu_fits_f64(f) ? "; double will do" : "");
}

hu_status hu_check_apart(const char *what, const char *role, const void *out, size_t out_bytes, const void *in, size_t in_bytes, bool may_be_same, hu_error *err)
{
    uintptr_t to = (uintptr_t)out, from = (uintptr_t)in;
    if (out_bytes == 0 || in_bytes == 0 || (may_be_same && to == from) || (to < from ? from - to >= out_bytes : to - from >= in_bytes))
        return HU_OK;
    return hu_fail(err, HU_EINVAL, "%s: the output overlaps %s; it %s", what, role, may_be_same ? "takes memory apart, or just the same" : "takes memory of its own");
}

double hu_plan_value(const hu_format *f, hu_code code)
{
    hu_num x = hu_decode(f, code);
    return x.kind == HU_NAN ? __builtin_nan("") : hu_num_to_double(x);
}

static uint64_t bits_of(double x, const carrier *c)
{
    uint64_t bits = 0;
    float single = (float)x;
    if (c->width == 32) {
        uint32_t word;
        memcpy(&word, &single, sizeof word);
        bits = word;
    } else {
        memcpy(&bits, &x, sizeof bits);
    }
    return bits;
}

/* What becomes of x, as bits of the carrier; the flags go to *flags. */
static uint64_t sample(const hu_format *f, const hu_env *env, hu_num x, const carrier *c, hu_flags *flags)
{
    hu_env own = *env;
    own.flags = 0;
    hu_code code = hu_round_with(f, &own, x, 0);
    *flags |= own.flags;
    return bits_of(hu_plan_value(f, code), c);
}

static uint64_t power_of_two(int exp, const carrier *c)
{
    int field = exp + c->bias;
    return field > 0 ? (uint64_t)field << c->man_bits : UINT64_C(1) << (c->man_bits + field - 1);
}

/* The least magnitude just below the smallest normal that, with an unbounded exponent, rounds up to it. */
static uint64_t least_to_normal(hu_way way, bool negative, const hu_grid *g)
{
    uint64_t fine = UINT64_C(1) << g->fine_drop, farther = g->min_normal - fine + 1;
    switch (way) {
    case HU_WAY_rne:
    case HU_WAY_rna: return g->min_normal - (fine >> 1);
    case HU_WAY_rnz: return g->min_normal - (fine >> 1) + (fine > 1);
    case HU_WAY_ru:  return negative ? g->min_normal : farther;
    case HU_WAY_rd:  return negative ? farther : g->min_normal;
    case HU_WAY_raz: return farther;
    default:         return g->min_normal;
    }
}

/* What the quick loops need: zeros that keep their sign, subnormals that stay, and powers of two that are in range. */
static hu_quick find_quick(const hu_grid *g, const hu_format *f, const carrier *c)
{
    if (g->flushes || g->read_as_zero || !g->negative_zero)
        return HU_QUICK_NONE;
    if (g->emin == 1)
        return HU_QUICK_SAME_RANGE;
    return f->emax + 1 + g->drop <= c->bias && g->emin - f->man_bits - 1 > 0 ? HU_QUICK_ADD : HU_QUICK_NONE;
}

static void make_grid(hu_grid *g, const hu_format *f, const hu_env *env, hu_way way, const carrier *c)
{
    hu_flags none = 0;
    uint64_t sign = UINT64_C(1) << (c->width - 1);
    *g = (hu_grid){.drop = c->man_bits - f->man_bits, .emin = f->emin + c->bias, .random_bits = env->rounding->random_bits, .way = way};
    g->fine_drop = g->emin > 1 ? g->drop : g->drop - 1;      /* subnormals of the carrier stay as far apart */
    g->min_normal = power_of_two(f->emin, c);
    g->min_subnormal = power_of_two(f->emin - f->man_bits, c);
    g->max = bits_of(hu_plan_value(f, f->max_code), c);
    g->flushes = f->subnormals & HU_FLUSH_OUT;
    g->read_as_zero = f->subnormals & HU_FLUSH_IN ? g->min_normal : 0;
    g->tiny_before = env->tininess == HU_TININESS_BEFORE;
    g->negative_zero = f->has_negative_zero ? sign : 0;
    for (int negative = 0; negative < 2; negative++) {
        uint64_t least = least_to_normal(way, negative, g);
        g->tiny[negative] = g->tiny_before ? g->min_normal : least;
        g->flush[negative] = g->flushes ? least : 0;
        g->over[negative] = sample(f, env, hu_num_make(negative, 1, 1 << 20), c, &none);
        g->inf[negative] = sample(f, env, hu_num_inf(negative), c, &g->inf_flags);
    }
    g->quick = find_quick(g, f, c);
    g->big = g->quick == HU_QUICK_ADD ? power_of_two(f->emax + 1, c) : 0;
    g->nan = sample(f, env, hu_num_nan(), c, &g->nan_flags);
}

/* g: the grid of f in the carrier. False: a power of two that is needed is none of the carrier's. */
static bool make_fields(hu_fields *k, const hu_grid *g, const hu_format *f, const carrier *c)
{
    int unit = f->emin + g->drop;
    if (unit > c->bias || (c->width == 32 && f->width_bits > 32))
        return false;
    *k = (hu_fields){.drop = g->drop, .width = f->width_bits, .man_bits = f->man_bits, .same_range = g->emin == 1};
    k->offset = (uint64_t)(g->emin - 1) << f->man_bits;
    k->min_normal = g->min_normal;
    k->unit = power_of_two(unit, c);
    k->reads_zero = g->read_as_zero ? UINT64_MAX : 0;
    k->least = g->read_as_zero ? 0 : g->min_subnormal;
    k->max_code = (uint64_t)f->max_code;
    k->inf_code = (uint64_t)f->inf_code;
    k->nan_code = (uint64_t)f->nan_code;
    k->inf_at = f->has_inf ? k->inf_code : UINT64_MAX;
    k->nan_at = f->specials == HU_SPECIALS_FNUZ ? k->nan_code : UINT64_MAX;
    return true;
}

/* The way of a mode's name up to its colon; HU_N_WAYS when the loops do not know it. */
static hu_way find_way(const char *name)
{
    static const char *const names[HU_N_WAYS] = {
#define X(name) [HU_WAY_##name] = #name,
        HU_FIXED_MAP(X)
        HU_RANDOM_MAP(X)
#undef X
    };
    size_t n = strcspn(name, ":");
    if (name[n] == ':' && n == 2)                            /* sr:R is sra:R */
        return HU_WAY_sra;
    int way = 0;
    while (way < HU_N_WAYS && (strlen(names[way]) != n || strncmp(names[way], name, n) != 0))
        way++;
    return (hu_way)way;
}

static void plan_anew(hu_plan *plan, const hu_format *f, const hu_env *env)
{
    *plan = (hu_plan){.format = f, .lanes = hu_lanes_chosen(), .env = *env, .way = find_way(env->rounding->name)};
    plan->is_random = env->rounding->random_bits > 0;

    bool has_normal = f->emin <= f->emax;                   /* not with one exponent bit, and infinities */
    bool known = is_float(f) && f->is_signed && f->man_bits > 0 && has_normal && plan->way < HU_N_WAYS;
    plan->has_f64 = known && fits(f, &binary64) && f->man_bits < 52 && f->emin > -1023;
    plan->has_odd = plan->has_f64 && f->man_bits <= (plan->is_random ? 40 : 50);
    bool fits_f32 = known && fits(f, &binary32) && f->man_bits < 23 && f->emin > -127;
    plan->has_f32 = fits_f32 && !plan->is_random;
    if (plan->has_f64)
        make_grid(&plan->grid_f64, f, &plan->env, plan->way, &binary64);
    if (fits_f32)
        make_grid(&plan->grid_f32, f, &plan->env, plan->way, &binary32);
    plan->has_odd_f32 = plan->has_f32 && plan->grid_f32.fine_drop >= 2;
    plan->has_codes_f32 = fits_f32 && make_fields(&plan->fields_f32, &plan->grid_f32, f, &binary32);
    plan->has_codes_f64 = plan->has_f64 && make_fields(&plan->fields_f64, &plan->grid_f64, f, &binary64);
    plan->has_quick_random = fits_f32 && plan->is_random && plan->grid_f32.quick != HU_QUICK_NONE
        && (plan->way == HU_WAY_sr || env->rounding->random_bits <= 29) && 31 + f->man_bits - f->emin <= 127 + (plan->grid_f32.quick == HU_QUICK_SAME_RANGE) * 127;
}

/* Making a plan takes as long as rounding some thousand elements, so that each thread keeps its last one. */
void hu_plan_init(hu_plan *plan, const hu_format *f, const hu_env *env)
{
    static _Thread_local hu_plan last;
    if (last.format != f || last.lanes != hu_lanes_chosen() || last.env.rounding != env->rounding
        || last.env.overflow != env->overflow || last.env.tininess != env->tininess)
        plan_anew(&last, f, env);
    *plan = last;
    plan->env = *env;
    plan->env.flags = 0;
    plan->env.word = NULL;
    plan->env.nan = HU_NAN_CANONICAL;
}
