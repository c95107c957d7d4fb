/* functions.c - exp to hypot against the reference, tuple by tuple. */
#include "tests/lib/functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct grid_value {
    double  value;
    hu_code code;
} grid_value;

struct function_grid {
    const hu_format *f;
    const hu_format *finer;       /* posits and takums: of one bit more, where their midpoints are codes */
    grid_value      *value;       /* increasing; NULL: the reference rounds                              */
    size_t           n;
};

static bool is_float(const hu_format *f)
{
    return strcmp(f->family->name, "float") == 0;
}

static bool is_tapered(const hu_format *f)
{
    return strcmp(f->family->name, "posit") == 0 || strcmp(f->family->name, "takum") == 0;
}

/* Families whose midpoints are those of the real line. */
static bool is_linear(const hu_format *f)
{
    static const char *const names[] = {"p3109", "ufloat", "fixed", "codebook", "hifloat8"};
    for (size_t i = 0; i < TEST_COUNT(names); i++)
        if (strcmp(f->family->name, names[i]) == 0)
            return true;
    return false;
}

function_case function_named(const char *name)
{
    function_case c = {hu_op_find(name), hu_ref_function_find(name)};
    if (!c.op || !c.op->is_function || !c.ref)
        fail_msg("the function %s: the core has %s, the reference %s", name, c.op ? "it" : "none", c.ref ? "it" : "none");
    assert_int_equal(c.op->arity, hu_ref_function_arity(c.ref));
    return c;
}

function_case function_at(int i)
{
    for (int k = 0; hu_op_at(k); k++)
        if (hu_op_at(k)->is_function && i-- == 0)
            return function_named(hu_op_at(k)->name);
    return (function_case){NULL, NULL};
}

/* ---- the values in order ---- */

static int by_value(const void *a, const void *b)
{
    const grid_value *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->code < y->code ? -1 : 1;
}

function_grid *function_grid_new(const hu_format *f)
{
    function_grid *g = calloc(1, sizeof *g);
    assert_non_null(g);
    g->f = f;
    if (is_float(f) || f->width_bits > 16 || (!is_tapered(f) && !is_linear(f)))
        return g;
    if (is_tapered(f)) {
        char name[64];
        snprintf(name, sizeof name, "%s%d", f->family->name, f->width_bits + 1);
        g->finer = truth_format(name);
        assert_int_equal(g->finer->exp_bits, f->exp_bits);
    }
    size_t codes = (size_t)hu_format_last_code(f) + 1;
    g->value = calloc(codes, sizeof *g->value);
    assert_non_null(g->value);
    for (hu_code code = 0; code < codes; code++) {
        hu_num x = hu_decode(f, code);
        if (x.kind == HU_FINITE || (x.kind == HU_ZERO && !x.negative))
            g->value[g->n++] = (grid_value){hu_num_to_double(x), code};
    }
    qsort(g->value, g->n, sizeof *g->value, by_value);
    size_t kept = 0;                                     /* of codes of one value the first counts */
    for (size_t i = 0; i < g->n; i++)
        if (i == 0 || g->value[i].value != g->value[kept - 1].value)
            g->value[kept++] = g->value[i];
    g->n = kept;
    return g;
}

void function_grid_free(function_grid *g)
{
    free(g->value);
    free(g);
}

const hu_format *function_grid_format(const function_grid *g)
{
    return g->f;
}

/* ---- the truth ---- */

static void set_mpfr(mpfr_ptr y, hu_u128 sig, int exp, bool negative)
{
    mpfr_t low;
    mpfr_init2(low, 64);
    mpfr_set_prec(y, 128);
    mpfr_set_ui_2exp(y, (unsigned long)(sig >> 64), exp - 63, MPFR_RNDZ);
    mpfr_set_ui_2exp(low, (unsigned long)sig, exp - 127, MPFR_RNDZ);
    mpfr_add(y, y, low, MPFR_RNDZ);
    if (negative)
        mpfr_neg(y, y, MPFR_RNDZ);
    mpfr_clear(low);
}

static void decode(hu_ref_value *v, const hu_format *f, hu_code code)
{
    static const hu_ref_kind kinds[] = {[HU_ZERO] = HU_REF_ZERO, [HU_FINITE] = HU_REF_FINITE, [HU_INF] = HU_REF_INF,
                                        [HU_NAN] = HU_REF_NAN};
    if (is_float(f)) {
        hu_ref_decode(f, code, v);
        return;
    }
    hu_num x = hu_decode(f, code);
    v->kind = kinds[x.kind];
    v->negative = x.negative;
    v->signaling = x.signaling;
    v->payload = x.sig;
    if (x.kind == HU_FINITE)
        set_mpfr(v->x, x.sig, x.exp, x.negative);
}

hu_ref_exact function_truth(const function_case *c, const hu_format *f, const hu_code *code)
{
    hu_ref_value v[2];
    for (int i = 0; i < c->op->arity; i++) {
        hu_ref_value_init(&v[i]);
        decode(&v[i], f, code[i]);
    }
    hu_ref_exact e = hu_ref_function_apply(c->ref, f->man_bits + 1, &v[0], c->op->arity > 1 ? &v[1] : NULL);
    for (int i = 0; i < c->op->arity; i++)
        hu_ref_value_clear(&v[i]);
    return e;
}

hu_num function_number(const hu_ref_exact *e)
{
    static const hu_kind kinds[] = {[HU_REF_ZERO] = HU_ZERO, [HU_REF_FINITE] = HU_FINITE, [HU_REF_INF] = HU_INF,
                                    [HU_REF_NAN] = HU_NAN};
    hu_num x = {.kind = kinds[e->kind], .negative = e->negative, .sticky = e->sticky, .sig = e->sig, .exp = e->exp};
    return e->kind == HU_REF_NAN ? hu_num_nan() : x;
}

/* ---- neighbors ---- */

static void midpoint(mpfr_ptr m, const function_grid *g, size_t lo)
{
    mpfr_set_d(m, g->value[lo].value, MPFR_RNDZ);
    mpfr_add_d(m, m, g->value[lo + 1].value, MPFR_RNDZ);
    mpfr_div_2ui(m, m, 1, MPFR_RNDZ);
    if (!g->finer)
        return;
    hu_num x = hu_decode(g->finer, (hu_code)(2 * g->value[lo].code + 1) & hu_format_last_code(g->finer));
    mpfr_t exact;
    mpfr_init2(exact, 128);
    set_mpfr(exact, x.sig, x.exp, x.negative);
    mpfr_set(m, exact, MPFR_RNDZ);
    mpfr_clear(exact);
}

typedef struct place {
    bool    known;
    hu_code down, up, nearest;
    bool    down_is_zero, up_is_zero;
} place;

/* Between which two values the number lies, and on which side of their midpoint: it is none of the three. */
static place find_place(const function_grid *g, const hu_ref_exact *e)
{
    place p = {.known = false};
    if (!g->value || e->kind != HU_REF_FINITE || !e->sticky)
        return p;
    mpfr_t y, m;
    mpfr_init2(y, 128);
    mpfr_init2(m, 1100);
    set_mpfr(y, e->sig, e->exp, e->negative);
    size_t below = 0, above = g->n;                      /* values that are not above the number, which lies beyond y */
    while (below < above) {
        size_t middle = (below + above) / 2;
        int order = mpfr_cmp_d(y, g->value[middle].value);
        if (order > 0 || (order == 0 && !e->negative))
            below = middle + 1;
        else
            above = middle;
    }
    if (below > 0 && below < g->n) {
        p = (place){.known = true, .down = g->value[below - 1].code, .up = g->value[below].code};
        p.down_is_zero = g->value[below - 1].value == 0;
        p.up_is_zero = g->value[below].value == 0;
        midpoint(m, g, below - 1);
        int order = mpfr_cmp(y, m);
        p.nearest = order > 0 || (order == 0 && !e->negative) ? p.up : p.down;
        if (is_tapered(g->f) && (p.down_is_zero || p.up_is_zero))
            p.nearest = p.down_is_zero ? p.up : p.down;  /* never to zero */
    }
    mpfr_clears(y, m, (mpfr_ptr)0);
    return p;
}

static hu_code by_neighbors(const place *p, hu_ref_mode mode, bool negative, hu_code otherwise)
{
    switch (mode) {
    case HU_REF_RNE: case HU_REF_RNA: case HU_REF_RNZ: return p->nearest;
    case HU_REF_RU:  return p->up;
    case HU_REF_RD:  return p->down;
    case HU_REF_RZ:  return negative ? p->up : p->down;
    case HU_REF_RAZ: return negative ? p->down : p->up;
    case HU_REF_RO: case HU_REF_MODES: break;
    }
    return otherwise;
}

/* ---- comparing ---- */

static hu_code run(const function_case *c, const hu_format *f, hu_env *env, const hu_code *code)
{
    return c->op->arity == 1 ? c->op->unary(f, env, code[0]) : c->op->binary(f, env, code[0], code[1]);
}

static void compare_float(function_tally *tally, const function_case *c, const hu_format *f, const truth_settings *settings,
                          const hu_ref_exact *e, hu_ref_mode mode, const hu_code *code)
{
    for (int p = 0; p < settings->overflow_policies; p++)
        for (int t = 0; t < (p ? 1 : settings->tininess_rules); t++) {
            hu_ref_env where = {mode, (hu_overflow)p, (hu_tininess)t, settings->nan};
            hu_env env = hu_env_default();
            env.rounding = truth_rounding(mode);
            env.overflow = where.overflow;
            env.tininess = where.tininess;
            env.nan = where.nan;
            hu_flags want_flags = 0;
            hu_code want = hu_ref_round(f, &where, e, &want_flags), got = run(c, f, &env, code);
            truth_expect(&tally->all, c->op->name, f, mode, code, c->op->arity, got, env.flags, want, want_flags);
        }
}

static void compare_other(function_tally *tally, const function_case *c, const function_grid *g, const hu_ref_exact *e,
                          const place *p, hu_ref_mode mode, const hu_code *code)
{
    hu_env env = hu_env_default(), want_env;
    env.rounding = truth_rounding(mode);
    want_env = env;
    hu_code want = hu_round_with(g->f, &want_env, function_number(e), 0), got = run(c, g->f, &env, code);
    want_env.flags |= e->flags;
    truth_expect(&tally->all, c->op->name, g->f, mode, code, c->op->arity, got, env.flags, want, want_env.flags);
    if (!p->known || mode == HU_REF_RO)
        return;
    want = by_neighbors(p, mode, e->negative, want);
    truth_expect(&tally->all, c->op->name, g->f, mode, code, c->op->arity, got, env.flags & HU_INEXACT, want, HU_INEXACT);
    tally->all.cases--;
    tally->by_neighbors++;
}

void function_compare(function_tally *tally, const function_case *c, const function_grid *g, const truth_settings *settings,
                      const hu_code *code)
{
    hu_ref_exact e = function_truth(c, g->f, code);
    place p = find_place(g, &e);
    for (int m = 0; m < HU_REF_MODES; m++) {
        if (is_float(g->f))
            compare_float(tally, c, g->f, settings, &e, (hu_ref_mode)m, code);
        else
            compare_other(tally, c, g, &e, &p, (hu_ref_mode)m, code);
    }
    tally->all.tuples++;
}

void function_compare_all(function_tally *tally, const function_case *c, const function_grid *g, const truth_settings *settings)
{
    hu_code last = hu_format_last_code(g->f), code[2] = {0};
    for (code[0] = 0; code[0] <= last; code[0]++)
        for (code[1] = 0; code[1] <= (c->op->arity > 1 ? last : 0); code[1]++)
            function_compare(tally, c, g, settings, code);
}

void function_report(const function_tally *tally, const char *what)
{
    if (tally->by_neighbors)
        test_note("%llu of the cases by their neighbors too", (unsigned long long)tally->by_neighbors);
    truth_report(&tally->all, what);
}
