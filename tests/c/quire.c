/* quire.c - exact sums against exact rational arithmetic: any order, cancellation, every mode, infinities, the posit standard's size. */
#include <stdio.h>
#include <string.h>

#include "src/num/sum.h"
#include "src/ops/quire.h"
#include "tests/lib/rational.h"
#include "tests/lib/test.h"

static const char *const formats[] = {"posit8", "posit16", "posit32", "posit64", "posit8_0", "takum16", "e4m3fn", "e5m2", "fp16", "bf16", "fp32", "fp64",
                                      "e15m62", "binary8p4se", "q4.12", "uq0.8", "int8", "nf4", "hif8", "e8m0fnu"};

static const char *const modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro", "sr", "sr:5"};

enum { MOST = 400 };

static const hu_format *format(const char *name)
{
    hu_error err;
    const hu_format *f = hu_format_find(name, &err);
    if (!f)
        fail_msg("%s", err.text);
    return f;
}

static hu_code draw(const hu_format *f, test_random *random)
{
    uint64_t word = test_random_bits(random);
    return (hu_code)(f->width_bits < 64 ? word & (((uint64_t)1 << f->width_bits) - 1) : word);
}

static bool is_number(hu_num x) { return x.kind == HU_FINITE || x.kind == HU_ZERO; }

/* A step of a sum: 0 add, 1 sub, 2 muladd, 3 mulsub. */
typedef struct step { int what; hu_code a, b; } step;

static void apply(hu_quire *q, hu_env *env, const step *s)
{
    if (s->what == 0) hu_quire_add(q, env, s->a);
    if (s->what == 1) hu_quire_sub(q, env, s->a);
    if (s->what == 2) hu_quire_muladd(q, env, s->a, s->b);
    if (s->what == 3) hu_quire_mulsub(q, env, s->a, s->b);
}

static void true_apply(mpq_t sum, const hu_format *f, const step *s)
{
    mpq_t x, y;
    mpq_inits(x, y, NULL);
    hu_num a = hu_decode(f, s->a), b = hu_decode(f, s->b);
    if (a.kind == HU_FINITE)
        rational_from_num(x, a);
    if (b.kind == HU_FINITE)
        rational_from_num(y, b);
    if (s->what >= 2)
        mpq_mul(x, x, y);
    if (s->what & 1)
        mpq_sub(sum, sum, x);
    else
        mpq_add(sum, sum, x);
    mpq_clears(x, y, NULL);
}

static int fill(step *list, const hu_format *f, test_random *random)
{
    int n = (int)test_random_below(random, MOST);
    for (int i = 0; i < n; i++) {
        list[i] = (step){(int)test_random_below(random, 4), draw(f, random), draw(f, random)};
        if (i > 0 && test_random_below(random, 2)) {               /* take back something: cancellation */
            list[i] = list[test_random_below(random, (uint64_t)i)];
            list[i].what ^= 1;
        }
        if (!is_number(hu_decode(f, list[i].a)) || !is_number(hu_decode(f, list[i].b)))
            i--;
    }
    return n;
}

static void shuffle(step *list, int n, test_random *random)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)test_random_below(random, (uint64_t)i + 1);
        step other = list[i];
        list[i] = list[j];
        list[j] = other;
    }
}

static void compare(hu_quire *q, const mpq_t sum, const hu_format *to, const char *mode, const char *name, bool other)
{
    hu_env env = hu_env_default(), own = hu_env_default();
    env.rounding = own.rounding = hu_rounding_find(mode, NULL);
    hu_num x = rational_to_num(sum);
    if (x.kind == HU_ZERO)
        x.negative = other && env.rounding->is_downward;
    hu_code got = hu_quire_round(q, to, &env), want = hu_round(to ? to : hu_quire_format(q), &own, x);
    if (got != want || env.flags != own.flags || env.random.index != own.random.index)
        fail_msg("%s %s: the sum rounds to 0x%llx flags %u, want 0x%llx flags %u", name, mode, (unsigned long long)got, env.flags,
                 (unsigned long long)want, own.flags);
}

/* Terms, shuffled and added again: the value, and every mode, also to other formats. */
static void sums(void **state)
{
    (void)state;
    static step list[MOST];
    test_random random = {61};
    uint64_t terms = 0;
    for (size_t i = 0; i < TEST_COUNT(formats); i++) {
        const hu_format *f = format(formats[i]);
        hu_error err;
        hu_quire *q = hu_quire_new(f, &err);
        assert_non_null(q);
        for (int round = 0; round < 12; round++) {
            int n = fill(list, f, &random);
            mpq_t sum;
            mpq_init(sum);
            for (int j = 0; j < n; j++)
                true_apply(sum, f, &list[j]);
            for (int order = 0; order < 3; order++) {
                hu_env env = hu_env_default();
                hu_quire_clear(q);
                for (int j = 0; j < n; j++)
                    apply(q, &env, &list[j]);
                assert_int_equal(env.flags, 0);
                for (size_t m = 0; m < TEST_COUNT(modes); m++) {
                    compare(q, sum, NULL, modes[m], f->name, n > 0 && mpq_sgn(sum) != 0);
                    if (mpq_sgn(sum))
                        compare(q, sum, format("e11m52"), modes[m], f->name, true);
                }
                shuffle(list, n, &random);
                terms += (uint64_t)n;
            }
            hu_quire_negate(q);
            mpq_neg(sum, sum);
            if (mpq_sgn(sum))
                compare(q, sum, NULL, "ru", f->name, true);
            mpq_clear(sum);
        }
        hu_quire_free(q);
    }
    test_note("%llu terms", (unsigned long long)terms);
}

/* All pairs of codes of a posit of 8 bits, each product alone and after all the ones before. */
static void all_products(void **state)
{
    (void)state;
    const hu_format *f = format("posit8");
    hu_error err;
    hu_quire *q = hu_quire_new(f, &err);
    hu_env env = hu_env_default();
    mpq_t sum;
    mpq_init(sum);
    for (hu_code a = 0; a < 256; a++)
        for (hu_code b = 0; b < 256; b++) {
            if (a == 0x80 || b == 0x80)
                continue;
            step s = {2 + (int)((a ^ b) & 1), a, b};
            apply(q, &env, &s);
            true_apply(sum, f, &s);
            hu_num got = hu_quire_value(q), want = rational_to_num(sum);
            assert_true(got.kind == want.kind && (got.kind == HU_ZERO || (got.sig == want.sig && got.exp == want.exp && got.negative == want.negative && got.sticky == want.sticky)));
        }
    mpq_clear(sum);
    hu_quire_free(q);
}

/* Infinities, NaNs and zero times infinity, in a format that has them all. */
static void specials(void **state)
{
    (void)state;
    const hu_format *f = format("fp16");
    enum { ONE = 0x3c00, INF = 0x7c00, MINUS_INF = 0xfc00, NAN_ = 0x7e00, SIGNALING = 0x7c01, MINUS_ZERO = 0x8000 };
    static const struct { step s[3]; int n; hu_code want; hu_flags flags; } cases[] = {
        {{{0, INF, 0}, {0, ONE, 0}}, 2, INF, 0},
        {{{1, INF, 0}, {0, ONE, 0}}, 2, MINUS_INF, 0},
        {{{0, INF, 0}, {0, MINUS_INF, 0}}, 2, NAN_, HU_INVALID},
        {{{0, NAN_, 0}, {0, INF, 0}, {1, INF, 0}}, 3, NAN_, 0},
        {{{0, INF, 0}, {1, INF, 0}, {0, INF, 0}}, 3, NAN_, HU_INVALID},
        {{{2, 0, INF}}, 1, NAN_, HU_INVALID},
        {{{3, MINUS_INF, ONE}}, 1, INF, 0},
        {{{2, MINUS_INF, MINUS_INF}}, 1, INF, 0},
        {{{0, SIGNALING, 0}}, 1, NAN_, HU_INVALID},
        {{{2, SIGNALING, ONE}}, 1, NAN_, HU_INVALID},
        {{{2, ONE, NAN_}}, 1, NAN_, 0},
    };
    hu_error err;
    hu_quire *q = hu_quire_new(f, &err);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_env env = hu_env_default();
        hu_quire_clear(q);
        for (int j = 0; j < cases[i].n; j++)
            apply(q, &env, &cases[i].s[j]);
        hu_code got = hu_quire_round(q, NULL, &env);
        if (got != cases[i].want || env.flags != cases[i].flags)
            fail_msg("case %zu: 0x%x flags %u", i, (unsigned)got, env.flags);
    }
    hu_quire_free(q);
}

/* The sign of an exact zero: as in IEEE 754, that of rounding down when terms cancel, and +0 when there were only +0. */
static void zeros(void **state)
{
    (void)state;
    const hu_format *f = format("fp16");
    static const struct { step s[2]; int n; hu_code down; } cases[] = {
        {{{0}}, 0, 0}, {{{0, 0, 0}, {0, 0, 0}}, 2, 0}, {{{0, 0x3c00, 0}, {1, 0x3c00, 0}}, 2, 0x8000}, {{{0, 0x8000, 0}}, 1, 0x8000},
        {{{2, 0x8000, 0x3c00}}, 1, 0x8000}, {{{2, 0x8000, 0xbc00}}, 1, 0}, {{{1, 0, 0}}, 1, 0x8000},
    };
    hu_error err;
    hu_quire *q = hu_quire_new(f, &err);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_env env = hu_env_default();
        hu_quire_clear(q);
        for (int j = 0; j < cases[i].n; j++)
            apply(q, &env, &cases[i].s[j]);
        assert_true(hu_quire_round(q, NULL, &env) == 0);
        env.rounding = hu_rounding_find("rd", NULL);
        assert_true(hu_quire_round(q, NULL, &env) == cases[i].down && env.flags == 0);
    }
    hu_quire_free(q);
}

/* Sizes by the standard, 16 n; NaR in, NaR out until cleared. */
static void posits(void **state)
{
    (void)state;
    static const int widths[] = {3, 8, 16, 32, 64};
    hu_error err;
    for (size_t i = 0; i < TEST_COUNT(widths); i++) {
        char name[16];
        snprintf(name, sizeof name, "posit%d", widths[i]);
        const hu_format *f = format(name);
        hu_quire *q = hu_quire_new(f, &err);
        hu_env env = hu_env_default();
        assert_int_equal(hu_quire_bits(q), 16 * widths[i]);
        hu_quire_muladd(q, &env, f->nan_code, 1);
        hu_quire_add(q, &env, 1);
        assert_true(hu_quire_round(q, NULL, &env) == f->nan_code && env.flags == 0);
        hu_quire_clear(q);
        hu_quire_muladd(q, &env, 1, 1);
        assert_true(hu_quire_round(q, NULL, &env) == 1);
        hu_quire_muladd(q, &env, f->max_code, f->max_code);
        hu_quire_muladd(q, &env, f->max_code, f->max_code);
        assert_true(hu_quire_value(q).exp == 2 * f->emax + 1 && hu_quire_round(q, NULL, &env) == f->max_code);
        hu_quire_free(q);
    }
}

/* 2^31 - 1 products of the largest posit fit, one more does not. The terms before the last ones are put in at once. */
static void overflow(void **state)
{
    (void)state;
    const hu_format *f = format("posit16");
    hu_error err;
    hu_env env = hu_env_default();
    for (int negative = 0; negative < 2; negative++) {
        hu_quire *q = hu_quire_new(f, &err);
        void (*more)(hu_quire *, hu_env *, hu_code, hu_code) = negative ? hu_quire_mulsub : hu_quire_muladd;
        hu_quire_preset(q, hu_num_make(negative, (UINT64_C(1) << 31) - 3, 2 * f->emax), (UINT64_C(1) << 31) - 3);
        for (int i = 0; i < 2; i++)
            more(q, &env, f->max_code, f->max_code);
        hu_num x = hu_quire_value(q);
        assert_true(x.kind == HU_FINITE && x.exp == 2 * f->emax + 30);
        more(q, &env, f->max_code, f->max_code);                   /* 2^31 maxpos^2, or minus that, the code of NaR */
        assert_true(hu_quire_value(q).kind == HU_NAN);
        more(q, &env, f->max_code, 0);
        assert_true(hu_quire_round(q, NULL, &env) == f->nan_code);
        hu_quire_clear(q);
        assert_true(hu_quire_round(q, NULL, &env) == 0);
        hu_quire_preset(q, hu_num_make(negative, (UINT64_C(1) << 31) - 1, 2 * f->emax), UINT64_C(1) << 40);
        hu_quire_add(q, &env, 0);                                  /* many terms alone are no overflow */
        assert_true(hu_quire_value(q).kind == HU_FINITE);
        hu_quire_free(q);
    }
    assert_int_equal(env.flags, 0);
}

/* More additions than digits hold without settling their carries. */
static void carries(void **state)
{
    (void)state;
    int64_t digit[200];
    hu_sum s;
    uint64_t n = test_long() ? (UINT64_C(1) << 30) + 5 : (UINT64_C(1) << 20), full = (UINT64_C(1) << 63) - (UINT64_C(1) << 50);
    hu_sum_init(&s, digit, hu_sum_digits(-2148, 2048), -2148);
    s.digit[129] = -(int64_t)full;                                 /* as after many additions: 2^18 more are too many */
    s.pending = (1u << 30) - 100;
    for (uint64_t i = 0; i < n; i++)
        hu_sum_add_product(&s, -0x1.fffffffffffffp+1023, 0x1.fffffffffffffp+1023);
    hu_num x = hu_sum_value(&s, false), one = hu_num_mul(hu_num_from_double(0x1.fffffffffffffp+1023), hu_num_from_double(0x1.fffffffffffffp+1023));
    mpq_t want, got;
    mpq_inits(want, got, NULL);
    rational_from_num(want, one);
    mpz_mul_ui(mpq_numref(want), mpq_numref(want), n);
    mpq_set_ui(got, full, 1);
    mpq_mul_2exp(got, got, 32 * 129 - 2148);
    mpq_add(want, want, got);
    rational_from_num(got, x);
    mpq_neg(got, got);
    assert_true(mpq_equal(want, got) && x.negative && !x.sticky);
    mpq_clears(want, got, NULL);
}

static void refused(void **state)
{
    (void)state;
    static const char *const none[] = {"lns8.3", "takum_log16", "e30m62", "binary128"};
    for (size_t i = 0; i < TEST_COUNT(none); i++) {
        hu_error err = {0};
        assert_null(hu_quire_new(format(none[i]), &err));
        assert_true(err.text[0] != '\0' && err.status != HU_OK);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("sums of numbers and products are exact in every format, whatever the order, and rounded once in every mode", sums),
    CLAIM("every product of two posits of 8 bits is exact", all_products),
    CLAIM("infinities of both signs and zero times infinity are invalid; NaNs stay", specials),
    CLAIM("an exact zero has the sign that IEEE 754 gives it", zeros),
    CLAIM("a posit's quire has 16 n bits", posits),
    CLAIM("a posit's quire holds 2^31 - 1 of the largest products; one more makes it NaR", overflow),
    CLAIM("carries are settled before a digit is full", carries),
    CLAIM("formats whose products are no finite fixed-point numbers of bearable size are refused", refused),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
