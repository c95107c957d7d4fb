/* ops-random.c - wide formats against MPFR: random, edge and tie-aligned operands.
 *
 * Tie-aligned operands are found backwards: a point half-way between two neighbors is drawn, and from it and
 * one operand the other is computed, so that the exact result falls on the midpoint or right beside it.
 */
#include <inttypes.h>

#include "tests/lib/truth.h"

/* Acceptance: four common formats, and twenty odd splits. */
static const char *const formats[] = {
    "e5m10", "e8m7", "e8m23", "e11m52",
    "e2m1", "e2m5", "e3m4", "e4m7", "e5m7", "e6m9", "e6m17", "e7m0", "e7m1", "e8m10", "e8m15", "e9m14",
    "e9m30", "e10m21",
    "e10m37", "e11m20", "e12m43", "e13m50", "e15m48", "e15m62", "e2m62", "e4m60",
    "e5m12fn", "e6m25fn", "e5m12fnuz", "e8m23fnuz", "e8m23{subnormals=flush}", "e5m10{subnormals=flush}",
    "e8m23{bias=100}", "e6m11{bias=-5}", "e6m11{bias=80}", NULL};

static const char *const operations[] = {"add", "sub", "mul", "div", "fma", "sqrt", "rem", "min", "max", NULL};

typedef struct operands {
    hu_code code[3];
    hu_ref_value value[3];
} operands;

static void operands_init(operands *o)
{
    for (int i = 0; i < 3; i++)
        hu_ref_value_init(&o->value[i]);
}

static void operands_clear(operands *o)
{
    for (int i = 0; i < 3; i++)
        hu_ref_value_clear(&o->value[i]);
}

static void compare(truth_tally *tally, const truth_op *op, const hu_format *f, const truth_settings *settings, operands *o)
{
    for (int i = 0; i < op->core->arity; i++)
        hu_ref_decode(f, o->code[i], &o->value[i]);
    truth_compare(tally, op, f, settings, o->code,
                  (const hu_ref_value *const[3]){&o->value[0], &o->value[1], &o->value[2]});
}

static void random_operands(truth_tally *tally, const char *operation, const hu_format *f, int n, test_random *random)
{
    truth_op op = truth_op_find(operation);
    operands o;
    operands_init(&o);
    for (int k = 0; k < n; k++) {
        for (int i = 0; i < 3; i++)
            o.code[i] = truth_draw(f, random);
        compare(tally, &op, f, &truth_all, &o);
    }
    operands_clear(&o);
}

static void every_operation(void **state)
{
    (void)state;
    truth_tally tally = {0};
    test_random random = {2};
    int n = test_long() ? 20000 : 1000;
    for (const char *const *name = formats; *name; name++)
        for (const char *const *o = operations; *o; o++)
            random_operands(&tally, *o, truth_format(*name), n, &random);
    truth_report(&tally, "random and edge operands");
}

/* One operand on every landmark of the format, against every other. */
static void landmarks(void **state)
{
    (void)state;
    truth_tally tally = {0};
    operands o;
    operands_init(&o);
    for (const char *const *name = formats; *name; name++) {
        const hu_format *f = truth_format(*name);
        hu_code m = (hu_code)1 << f->man_bits, sign = hu_ref_sign_bit(f);
        hu_code one = (hu_code)(f->bias > 0 ? f->bias : 1) << f->man_bits;
        const hu_code place[] = {0, 1, 2, m - 1, m, m + 1, 2 * m, one, one + 1, one - 1, hu_ref_max_code(f),
                                 hu_ref_max_code(f) - 1, hu_ref_max_code(f) - m, sign - 1, sign - m};
        for (const char *const *operation = operations; *operation; operation++) {
            truth_op op = truth_op_find(*operation);
            for (size_t i = 0; i < 2 * TEST_COUNT(place); i++)
                for (size_t j = 0; j < (op.core->arity > 1 ? 2 * TEST_COUNT(place) : 1); j++)
                    for (size_t k = 0; k < (op.core->arity > 2 ? 5 : 1); k++) {
                        o.code[0] = truth_signed(f, place[i / 2] & (sign - 1), i & 1);
                        o.code[1] = truth_signed(f, place[j / 2] & (sign - 1), j & 1);
                        o.code[2] = truth_signed(f, place[(i + j + 3 * k) % TEST_COUNT(place)] & (sign - 1), k & 1);
                        compare(&tally, &op, f, &truth_default, &o);
                    }
        }
    }
    operands_clear(&o);
    truth_report(&tally, "landmarks against landmarks");
}

/* Values of wide formats, of every size: integral values, conversions, integers, order. */
static void unary_and_order(void **state)
{
    (void)state;
    truth_tally tally = {0};
    test_random random = {5};
    hu_ref_value v, w;
    hu_ref_value_init(&v);
    hu_ref_value_init(&w);
    int n = test_long() ? 2000 : 100;
    for (const char *const *name = formats; *name; name++) {
        const hu_format *f = truth_format(*name);
        for (int i = 0; i < 4 * n; i++) {
            hu_code code[2] = {truth_draw(f, &random), truth_draw(f, &random)};
            if (i % 3 == 0 && f->bias > 0)          /* up to 2^66, where integers of every width end */
                code[0] = (code[0] & (((hu_code)1 << f->man_bits) - 1)) |
                          ((hu_code)f->bias + test_random_below(&random, 67)) << f->man_bits;
            code[0] &= 2 * hu_ref_sign_bit(f) - 1;
            hu_ref_decode(f, code[0], &v);
            hu_ref_decode(f, i % 5 ? code[1] : code[0], &w);
            hu_ref_exact x = hu_ref_from_value(&v);
            truth_compare_rint(&tally, f, code[0], &x);
            truth_compare_integers(&tally, f, code[0], &x);
            truth_compare_order(&tally, f, (const hu_code[2]){code[0], i % 5 ? code[1] : code[0]}, &v, &w);
            const hu_format *to = truth_format(formats[test_random_below(&random, TEST_COUNT(formats) - 1)]);
            truth_compare_convert(&tally, f, to, code[0], &x, &truth_all);
        }
    }
    hu_ref_value_clear(&v);
    hu_ref_value_clear(&w);
    truth_report(&tally, "rint, conversions, integers, order");
}

/* A point between two neighboring finite values, exactly half-way or nearly so. */
static void draw_midpoint(const hu_format *f, test_random *random, mpfr_ptr x)
{
    hu_ref_value v;
    hu_ref_value_init(&v);
    do {
        hu_ref_decode(f, truth_draw(f, random), &v);
    } while (v.kind != HU_REF_FINITE);
    mpfr_prec_t emin = 1 - f->bias;
    mpfr_exp_t exp = mpfr_get_exp(v.x) - 1;
    mpfr_t half;
    mpfr_init2(half, 64);
    mpfr_set_si_2exp(half, mpfr_signbit(v.x) ? -1 : 1, (exp < emin ? emin : exp) - f->man_bits - 1, MPFR_RNDN);
    mpfr_add(x, v.x, half, MPFR_RNDN);
    mpfr_clear(half);
    hu_ref_value_clear(&v);
}

static hu_code nearest_code(const hu_format *f, mpfr_srcptr x)
{
    hu_ref_env where = {.mode = HU_REF_RNE, .overflow = HU_OVERFLOW_SATURATE};
    hu_flags ignored = 0;
    hu_ref_exact e = hu_ref_from_mpfr(x, 0);
    return hu_ref_round(f, &where, &e, &ignored);
}

/* The operand that is missing for the result x: of a and b for the two-operand ones, c for fma, a for sqrt. */
static void solve(hu_ref_op op, const hu_format *f, operands *o, mpfr_srcptr x, mpfr_ptr work)
{
    for (int i = 0; i < 2; i++)
        hu_ref_decode(f, o->code[i], &o->value[i]);
    int missing = 1;
    mpfr_srcptr a = o->value[0].x, b = o->value[1].x;
    bool a_missing = o->value[0].kind != HU_REF_FINITE, b_missing = o->value[1].kind != HU_REF_FINITE;
    if (op != HU_REF_SQRT && (a_missing || (op == HU_REF_FMA && b_missing)))
        return;
    switch (op) {
    case HU_REF_ADD: mpfr_sub(work, x, a, MPFR_RNDN); break;
    case HU_REF_SUB: mpfr_sub(work, a, x, MPFR_RNDN); break;
    case HU_REF_MUL: mpfr_div(work, x, a, MPFR_RNDN); break;
    case HU_REF_DIV: mpfr_mul(work, x, a, MPFR_RNDN); missing = 0; o->code[1] = o->code[0]; break;
    case HU_REF_FMA: mpfr_mul(work, a, b, MPFR_RNDN); mpfr_sub(work, x, work, MPFR_RNDN); missing = 2; break;
    case HU_REF_SQRT: mpfr_sqr(work, x, MPFR_RNDN); missing = 0; break;
    case HU_REF_REM: case HU_REF_MIN: case HU_REF_MAX: return;
    }
    o->code[missing] = nearest_code(f, work);
}

/* Whether the exact result is a midpoint of f: on the grid of one more bit, and on no coarser one. */
static bool is_tie(const hu_format *f, const hu_ref_exact *x)
{
    int emin = 1 - f->bias;
    int drop = 127 - f->man_bits + (x->exp < emin ? emin - x->exp : 0);
    if (x->kind != HU_REF_FINITE || x->sticky || drop > 128)
        return false;
    hu_u128 half = (hu_u128)1 << (drop - 1);
    return (x->sig & (half | (half - 1))) == half;
}

static uint64_t ties_of(truth_tally *tally, const char *operation, const hu_format *f, int n, test_random *random)
{
    truth_op op = truth_op_find(operation);
    operands o;
    mpfr_t x, work;
    uint64_t ties = 0;
    operands_init(&o);
    mpfr_init2(x, 128);
    mpfr_init2(work, 128);
    for (int k = 0; k < n; k++) {
        draw_midpoint(f, random, x);
        for (int i = 0; i < 3; i++)
            o.code[i] = truth_draw(f, random);
        solve(op.ref, f, &o, x, work);
        compare(tally, &op, f, &truth_all, &o);
        hu_ref_exact e = hu_ref_apply(op.ref, &o.value[0], op.core->arity > 1 ? &o.value[1] : NULL,
                                      op.core->arity > 2 ? &o.value[2] : NULL);
        ties += is_tie(f, &e);
    }
    mpfr_clears(x, work, (mpfr_ptr)0);
    operands_clear(&o);
    return ties;
}

static void ties(void **state)
{
    (void)state;
    static const char *const solvable[] = {"add", "sub", "mul", "div", "fma", "sqrt", NULL};
    truth_tally tally = {0};
    test_random random = {3};
    int n = test_long() ? 20000 : 1000;
    for (const char *const *o = solvable; *o; o++) {
        uint64_t found = 0;
        for (const char *const *name = formats; *name; name++)
            found += ties_of(&tally, *o, truth_format(*name), n, &random);
        test_note("%s: %" PRIu64 " results were exact ties", *o, found);
        if (truth_op_find(*o).ref != HU_REF_SQRT)
            assert_true(found > 100);
    }
    truth_report(&tally, "tie-aligned operands");
}

/* A number of up to `bits` bits, twice: for src/num and for MPFR. */
static hu_num draw_number(test_random *random, int bits, int exp_range, hu_ref_value *v)
{
    uint64_t sig = test_random_bits(random) >> (64 - bits);
    if (test_random_below(random, 3) == 0)
        sig >>= test_random_below(random, (uint64_t)bits);
    if (test_random_below(random, 3) == 0)
        sig = (sig ^ UINT64_MAX) >> (64 - bits) ^ (sig & 7);             /* long runs of ones and zeros */
    int exp = (int)test_random_below(random, (uint64_t)exp_range) - exp_range / 2;
    v->negative = test_random_bits(random) >> 63;
    v->kind = sig ? HU_REF_FINITE : HU_REF_ZERO;
    mpfr_set_ui_2exp(v->x, sig, exp, MPFR_RNDZ);
    mpfr_setsign(v->x, v->x, v->negative, MPFR_RNDZ);
    return hu_num_make(v->negative, sig, exp);
}

/* The upper 64 bits of -x: a sum with x cancels all but the lower ones. */
static hu_num near_negative(hu_num x, hu_ref_value *v)
{
    x.negative = !x.negative;
    x.sig &= ~(hu_u128)UINT64_MAX;
    v->kind = HU_REF_FINITE;
    v->negative = x.negative;
    mpfr_set_ui_2exp(v->x, (unsigned long)(x.sig >> 64), x.exp - 63, MPFR_RNDZ);
    mpfr_setsign(v->x, v->x, x.negative, MPFR_RNDZ);
    return x;
}

/* 126 bits and whether there is more: what 63 bits and a position of 63 need. */
static bool is_same(hu_num x, const hu_ref_exact *e)
{
    static const hu_kind kinds[] = {[HU_REF_ZERO] = HU_ZERO, [HU_REF_FINITE] = HU_FINITE,
                                    [HU_REF_INF] = HU_INF, [HU_REF_NAN] = HU_NAN};
    if (x.kind != kinds[e->kind])
        return false;
    if (x.kind != HU_FINITE)
        return x.kind == HU_NAN || x.negative == (e->sign_by_mode ? false : e->negative);
    bool rest = x.sticky || (x.sig & 3), want_rest = e->sticky || (e->sig & 3);
    return x.negative == e->negative && x.exp == e->exp && x.sig >> 2 == e->sig >> 2 && rest == want_rest;
}

/* Before any rounding. */
static void exact_results(void **state)
{
    (void)state;
    static const char *const exact[] = {"add", "sub", "mul", "div", "fma", "sqrt", "rem", NULL};
    truth_tally tally = {0};
    test_random random = {7};
    operands o;
    operands_init(&o);
    for (const char *const *operation = exact; *operation; operation++) {
        truth_op op = truth_op_find(*operation);
        int bits = op.ref == HU_REF_REM || op.ref == HU_REF_FMA ? 63 : 64;
        for (int k = 0; k < (test_long() ? 2000000 : 100000); k++, tally.tuples++, tally.cases++) {
            hu_num x[3];
            hu_env env = hu_env_default();
            for (int i = 0; i < 3; i++)
                x[i] = draw_number(&random, bits, k % 4 ? 10 : 300, &o.value[i]);
            hu_num product = hu_num_mul(x[0], x[1]);
            if (op.ref == HU_REF_FMA && k % 2 && product.kind == HU_FINITE)
                x[2] = near_negative(product, &o.value[2]);
            hu_ref_exact want = hu_ref_apply(op.ref, &o.value[0], op.core->arity > 1 ? &o.value[1] : NULL,
                                             op.core->arity > 2 ? &o.value[2] : NULL);
            hu_num got = op.core->exact(&env, x);
            if (is_same(got, &want) && env.flags == want.flags)
                continue;
            if (tally.failures++ < 8)
                test_note("%s case %d: exp got %d want %d, sig got %016" PRIx64 "%016" PRIx64 " want %016" PRIx64
                          "%016" PRIx64, *operation, k, got.exp, want.exp, (uint64_t)(got.sig >> 64), (uint64_t)got.sig,
                          (uint64_t)(want.sig >> 64), (uint64_t)want.sig);
        }
    }
    operands_clear(&o);
    truth_report(&tally, "exact results of 64-bit numbers");
}

/* Operands of one format, the result in another: one rounding, whatever the two. */
static void compare_mixed(truth_tally *tally, const truth_op *op, const hu_format *from, const hu_format *to, operands *o)
{
    hu_num x[3];
    for (int i = 0; i < op->core->arity; i++) {
        hu_ref_decode(from, o->code[i], &o->value[i]);
        x[i] = hu_decode(from, o->code[i]);
    }
    hu_ref_exact exact = hu_ref_apply(op->ref, &o->value[0], op->core->arity > 1 ? &o->value[1] : NULL,
                                      op->core->arity > 2 ? &o->value[2] : NULL);
    tally->tuples++;
    for (int m = 0; m < HU_REF_MODES; m++) {
        hu_ref_env where = {.mode = (hu_ref_mode)m};
        hu_env env = hu_env_default();
        env.rounding = truth_rounding(where.mode);
        hu_flags flags = 0;
        hu_code want = hu_ref_round(to, &where, &exact, &flags);
        hu_code got = hu_op_round(op->core, to, &env, x);
        truth_expect(tally, op->core->name, to, where.mode, o->code, op->core->arity, got, env.flags, want, flags);
    }
}

static void mixed_formats(void **state)
{
    (void)state;
    static const char *const from[] = {"e8m23", "e11m52", "e15m62", "e4m3fn", NULL};
    static const char *const to[] = {"e4m3fn", "e5m2", "e2m1fn", "e8m7", "e8m23", "e15m62", "e5m10{subnormals=flush}", NULL};
    static const char *const rounded[] = {"add", "sub", "mul", "div", "fma", "sqrt", "rem", NULL};
    truth_tally tally = {0};
    test_random random = {6};
    operands o;
    operands_init(&o);
    int n = test_long() ? 5000 : 400;
    for (const char *const *f = from; *f; f++)
        for (const char *const *t = to; *t; t++)
            for (const char *const *operation = rounded; *operation; operation++) {
                truth_op op = truth_op_find(*operation);
                for (int k = 0; k < n; k++) {
                    for (int i = 0; i < 3; i++)
                        o.code[i] = truth_draw(truth_format(*f), &random);
                    compare_mixed(&tally, &op, truth_format(*f), truth_format(*t), &o);
                }
            }
    operands_clear(&o);
    truth_report(&tally, "operands of one format, results in another");
}

static void wide_payloads(void **state)
{
    (void)state;
    truth_tally tally = {0};
    test_random random = {4};
    truth_settings settings = truth_default;
    settings.nan = HU_NAN_PROPAGATE;
    operands o;
    operands_init(&o);
    static const char *const names[] = {"e5m10", "e8m23", "e11m52", "e15m62", "e4m1", NULL};
    static const char *const ops[] = {"add", "mul", "div", "fma", "sqrt", "rem", "min", "max", NULL};
    for (const char *const *name = names; *name; name++)
        for (const char *const *operation = ops; *operation; operation++) {
            const hu_format *f = truth_format(*name);
            truth_op op = truth_op_find(*operation);
            for (int k = 0; k < 300; k++) {
                hu_code all_ones = ((hu_code)1 << f->exp_bits) - 1;
                for (int i = 0; i < 3; i++) {
                    o.code[i] = truth_draw(f, &random);
                    if (test_random_below(&random, 2))
                        o.code[i] |= all_ones << f->man_bits;
                }
                compare(&tally, &op, f, &settings, &o);
            }
        }
    operands_clear(&o);
    truth_report(&tally, "NaN payloads of wide formats");
}

static const struct CMUnitTest claims[] = {
    CLAIM("random and edge operands agree with MPFR in four common formats and thirty odd ones", every_operation),
    CLAIM("landmarks (zero, smallest, one, largest, specials) agree with MPFR against one another", landmarks),
    CLAIM("rint, conversions, integers and order of wide formats agree with MPFR", unary_and_order),
    CLAIM("results on and beside midpoints agree with MPFR", ties),
    CLAIM("126 bits of exact results, and whether there is more, are those of MPFR", exact_results),
    CLAIM("operands of one format give results in another, rounded once as by MPFR", mixed_formats),
    CLAIM("payloads of wide formats go through every operation when asked for", wide_payloads),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
