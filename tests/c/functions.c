/* functions.c - exp to hypot: every code of every small format, edges, numbers far out, stochastic modes, and MPFR's state. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/functions.h"

enum { SMALL_BITS = 8, PAIR_BITS = 6 };

/* ---- every code ---- */

static void every_code(int bits, bool floats)
{
    for (int i = 0; function_at(i).op; i++) {
        function_case c = function_at(i);
        function_tally tally = {0};
        for (int k = 0; hu_format_at(k); k++) {
            const hu_format *f = hu_format_at(k);
            if (f->width_bits > bits || c.op->arity > 1 || floats != (strcmp(f->family->name, "float") == 0)
                || hu_op_check(c.op, f, NULL))
                continue;
            function_grid *g = function_grid_new(f);
            function_compare_all(&tally, &c, g, &truth_all);
            function_grid_free(g);
        }
        if (c.op->arity == 1)
            function_report(&tally, c.op->name);
    }
}

static void every_code_of_floats(void **state)
{
    (void)state;
    every_code(SMALL_BITS, true);
}

static void every_code_of_the_others(void **state)
{
    (void)state;
    every_code(SMALL_BITS, false);
}

static void every_pair(void **state)
{
    (void)state;
    static const char *const few[] = {"e3m2fn", "e2m1fn", "e2m3{bias=3}", "posit6", "takum6", "q2.4", "binary5p2se", "e3m2",
                                      "int4", "nf4", "e2m3fnuz"};
    static const char *const many[] = {"e4m3fn", "e5m2", "e4m3fnuz", "posit8", "takum8", "binary8p4se", "int8", "hif8"};
    const char *const *names = test_long() ? many : few;
    size_t n = test_long() ? TEST_COUNT(many) : TEST_COUNT(few);
    for (int i = 0; function_at(i).op; i++) {
        function_case c = function_at(i);
        function_tally tally = {0};
        for (size_t k = 0; k < n && c.op->arity == 2; k++) {
            function_grid *g = function_grid_new(truth_format(names[k]));
            function_compare_all(&tally, &c, g, &truth_all);
            function_grid_free(g);
        }
        if (c.op->arity == 2)
            function_report(&tally, c.op->name);
    }
}

/* ---- wider formats ---- */

static void samples(void **state)
{
    (void)state;
    static const char *const names[] = {"e8m23", "e11m52", "e5m10", "e8m7", "e8m10", "e5m12{subnormals=flush}", "e10m62",
                                        "e6m9{bias=-5}", "posit16", "posit32", "takum16", "takum32", "binary16p7se",
                                        "binary12p5uf", "q1.15", "q8.8", "q4.4{overflow=wrap}", "hif8", "de8"};
    int n = test_long() ? 3000 : 150;
    for (size_t k = 0; k < TEST_COUNT(names); k++) {
        const hu_format *f = truth_format(names[k]);
        bool is_float = strcmp(f->family->name, "float") == 0;
        function_grid *g = function_grid_new(f);
        function_tally tally = {0};
        test_random r = {100 + k};
        for (int i = 0; function_at(i).op; i++) {
            function_case c = function_at(i);
            for (int j = 0; j < n; j++) {
                hu_code code[2];
                for (int o = 0; o < 2; o++)
                    code[o] = (is_float ? truth_draw(f, &r) : (hu_code)test_random_bits(&r)) & hu_format_last_code(f);
                function_compare(&tally, &c, g, &truth_all, code);
            }
        }
        function_report(&tally, f->name);
        function_grid_free(g);
    }
}

/* Payloads: the first NaN's, where no number decides alone. */
static void nan_payloads(void **state)
{
    (void)state;
    truth_settings propagate = {.overflow_policies = 1, .tininess_rules = 1, .nan = HU_NAN_PROPAGATE};
    function_grid *g = function_grid_new(truth_format("e5m10"));
    static const hu_code codes[] = {0x7e00, 0x7e15, 0x7c01, 0xfe07, 0xfd55, 0x3c00, 0xbc00, 0x0000, 0x8000, 0x7c00, 0xfc00, 0x4000};
    function_tally tally = {0};
    for (int i = 0; function_at(i).op; i++) {
        function_case c = function_at(i);
        for (size_t a = 0; a < TEST_COUNT(codes); a++)
            for (size_t b = 0; b < (c.op->arity > 1 ? TEST_COUNT(codes) : 1); b++)
                function_compare(&tally, &c, g, &propagate, (hu_code[2]){codes[a], codes[b]});
    }
    function_report(&tally, "NaNs");
    function_grid_free(g);
}

/* ---- the table of IEEE 754-2019, section 9.2.1, in words ---- */

typedef struct edge {
    const char *name;
    double a, b, want;
    hu_flags flags;
} edge;

#define PI 3.14159265358979323846

static const edge edges[] = {
    {"exp", -INFINITY, 0, 0, 0}, {"exp", INFINITY, 0, INFINITY, 0}, {"exp", -0.0, 0, 1, 0},
    {"exp2", 5, 0, 32, 0}, {"exp2", -3, 0, 0.125, 0}, {"exp2", -1080, 0, 0, HU_UNDERFLOW | HU_INEXACT},
    {"exp2", -1074, 0, 0x1p-1074, 0}, {"exp2", 1024, 0, INFINITY, HU_OVERFLOW | HU_INEXACT},
    {"expm1", -0.0, 0, -0.0, 0}, {"expm1", -INFINITY, 0, -1, 0}, {"expm1", -1000, 0, -1, HU_INEXACT},
    {"log", 0, 0, -INFINITY, HU_DIVBYZERO}, {"log", -0.0, 0, -INFINITY, HU_DIVBYZERO}, {"log", 1, 0, 0, 0},
    {"log", -1, 0, NAN, HU_INVALID}, {"log", -INFINITY, 0, NAN, HU_INVALID}, {"log", INFINITY, 0, INFINITY, 0},
    {"log2", 0, 0, -INFINITY, HU_DIVBYZERO}, {"log2", 1024, 0, 10, 0}, {"log2", 0x1p-1074, 0, -1074, 0},
    {"log2", -2, 0, NAN, HU_INVALID},
    {"log1p", -1, 0, -INFINITY, HU_DIVBYZERO}, {"log1p", -1.5, 0, NAN, HU_INVALID}, {"log1p", -0.0, 0, -0.0, 0},
    {"pow", 0, -1, INFINITY, HU_DIVBYZERO}, {"pow", -0.0, -1, -INFINITY, HU_DIVBYZERO},
    {"pow", -0.0, -2, INFINITY, HU_DIVBYZERO}, {"pow", -0.0, -1.5, INFINITY, HU_DIVBYZERO},
    {"pow", 0, -INFINITY, INFINITY, 0}, {"pow", -0.0, -INFINITY, INFINITY, 0}, {"pow", -0.0, INFINITY, 0, 0},
    {"pow", -0.0, 3, -0.0, 0}, {"pow", -0.0, 2, 0, 0}, {"pow", -0.0, 0.5, 0, 0}, {"pow", -1, INFINITY, 1, 0}, {"pow", -1, -INFINITY, 1, 0},
    {"pow", 1, NAN, 1, 0}, {"pow", NAN, 0, 1, 0}, {"pow", NAN, -0.0, 1, 0}, {"pow", INFINITY, 0, 1, 0}, {"pow", 0, 0, 1, 0},
    {"pow", -2, 0.5, NAN, HU_INVALID}, {"pow", -2, 3, -8, 0}, {"pow", -2, -2, 0.25, 0}, {"pow", 4, 0.5, 2, 0}, {"pow", 4, -1.5, 0.125, 0},
    {"pow", -INFINITY, 3, -INFINITY, 0}, {"pow", -INFINITY, -3, -0.0, 0}, {"pow", -INFINITY, 0.5, INFINITY, 0},
    {"pow", -INFINITY, -2, 0, 0}, {"pow", INFINITY, -2, 0, 0}, {"pow", 0.5, INFINITY, 0, 0}, {"pow", 0.5, -INFINITY, INFINITY, 0},
    {"pow", 2, -INFINITY, 0, 0}, {"pow", 2, NAN, NAN, 0}, {"pow", NAN, 2, NAN, 0},
    {"pow", -3, 1001, -INFINITY, HU_OVERFLOW | HU_INEXACT}, {"pow", -3, -1001, -0.0, HU_UNDERFLOW | HU_INEXACT},
    {"sin", INFINITY, 0, NAN, HU_INVALID}, {"sin", -0.0, 0, -0.0, 0}, {"cos", -INFINITY, 0, NAN, HU_INVALID}, {"cos", -0.0, 0, 1, 0},
    {"tan", INFINITY, 0, NAN, HU_INVALID}, {"tan", -0.0, 0, -0.0, 0},
    {"asin", 1.5, 0, NAN, HU_INVALID}, {"asin", INFINITY, 0, NAN, HU_INVALID}, {"asin", -0.0, 0, -0.0, 0}, {"asin", 1, 0, PI / 2, HU_INEXACT},
    {"acos", -1.5, 0, NAN, HU_INVALID}, {"acos", 1, 0, 0, 0}, {"acos", -1, 0, PI, HU_INEXACT}, {"acos", 0, 0, PI / 2, HU_INEXACT},
    {"atan", INFINITY, 0, PI / 2, HU_INEXACT}, {"atan", -INFINITY, 0, -PI / 2, HU_INEXACT}, {"atan", -0.0, 0, -0.0, 0},
    {"atan2", 0, -0.0, PI, HU_INEXACT}, {"atan2", -0.0, -0.0, -PI, HU_INEXACT}, {"atan2", 0, 0, 0, 0}, {"atan2", -0.0, 0, -0.0, 0},
    {"atan2", 0, -1, PI, HU_INEXACT}, {"atan2", -0.0, -1, -PI, HU_INEXACT}, {"atan2", 0, 1, 0, 0}, {"atan2", -0.0, 1, -0.0, 0},
    {"atan2", -1, 0, -PI / 2, HU_INEXACT}, {"atan2", -1, -0.0, -PI / 2, HU_INEXACT}, {"atan2", 1, -0.0, PI / 2, HU_INEXACT},
    {"atan2", 1, -INFINITY, PI, HU_INEXACT}, {"atan2", -1, -INFINITY, -PI, HU_INEXACT}, {"atan2", 1, INFINITY, 0, 0},
    {"atan2", -1, INFINITY, -0.0, 0}, {"atan2", INFINITY, 1, PI / 2, HU_INEXACT}, {"atan2", -INFINITY, 1, -PI / 2, HU_INEXACT},
    {"atan2", INFINITY, -INFINITY, 3 * PI / 4, HU_INEXACT}, {"atan2", -INFINITY, -INFINITY, -3 * PI / 4, HU_INEXACT},
    {"atan2", INFINITY, INFINITY, PI / 4, HU_INEXACT}, {"atan2", -INFINITY, INFINITY, -PI / 4, HU_INEXACT},
    {"sinh", -INFINITY, 0, -INFINITY, 0}, {"sinh", -0.0, 0, -0.0, 0}, {"cosh", -INFINITY, 0, INFINITY, 0}, {"cosh", -0.0, 0, 1, 0},
    {"tanh", -INFINITY, 0, -1, 0}, {"tanh", 1000, 0, 1, HU_INEXACT}, {"tanh", -0.0, 0, -0.0, 0},
    {"erf", -INFINITY, 0, -1, 0}, {"erf", -0.0, 0, -0.0, 0}, {"erf", 1000, 0, 1, HU_INEXACT},
    {"sigmoid", 0, 0, 0.5, 0}, {"sigmoid", -INFINITY, 0, 0, 0}, {"sigmoid", INFINITY, 0, 1, 0}, {"sigmoid", 1000, 0, 1, HU_INEXACT},
    {"sigmoid", -1000, 0, 0, HU_UNDERFLOW | HU_INEXACT},
    {"rsqrt", 0, 0, INFINITY, HU_DIVBYZERO}, {"rsqrt", -0.0, 0, -INFINITY, HU_DIVBYZERO}, {"rsqrt", -1, 0, NAN, HU_INVALID},
    {"rsqrt", INFINITY, 0, 0, 0}, {"rsqrt", 16, 0, 0.25, 0}, {"rsqrt", 0x1p-1074, 0, 0x1p537, 0},
    {"cbrt", -0.0, 0, -0.0, 0}, {"cbrt", -INFINITY, 0, -INFINITY, 0}, {"cbrt", -27, 0, -3, 0}, {"cbrt", 0x1p-1074, 0, 0x1p-358, 0}, {"cbrt", 0x1p-1073, 0, 0x1.428a2f98d728bp-358, HU_INEXACT},
    {"hypot", 3, -4, 5, 0}, {"hypot", INFINITY, NAN, INFINITY, 0}, {"hypot", NAN, -INFINITY, INFINITY, 0}, {"hypot", -0.0, -0.0, 0, 0},
    {"hypot", -7, 0, 7, 0}, {"hypot", 0x1p1023, 0x1p1023, 0x1.6a09e667f3bcdp1023, HU_INEXACT},
};

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return isnan(x) ? UINT64_C(0x7ff8000000000000) : bits;
}

static void edges_of_the_standard(void **state)
{
    (void)state;
    const hu_format *f = truth_format("e11m52");
    int wrong = 0;
    for (size_t i = 0; i < TEST_COUNT(edges); i++) {
        const edge *e = &edges[i];
        hu_env env = hu_env_default();
        function_case c = function_named(e->name);
        hu_code a = bits_of(e->a), b = bits_of(e->b);
        uint64_t got = (uint64_t)(c.op->arity == 1 ? c.op->unary(f, &env, a) : c.op->binary(f, &env, a, b));
        if (got == bits_of(e->want) && env.flags == e->flags)
            continue;
        printf("# %s(%g, %g): got 0x%llx flags 0x%x, want 0x%llx (%g) flags 0x%x\n", e->name, e->a, e->b, (unsigned long long)got,
               env.flags, (unsigned long long)bits_of(e->want), e->want, e->flags);
        wrong++;
    }
    test_note("%zu edges", TEST_COUNT(edges));
    assert_int_equal(wrong, 0);
}

/* ---- results past MPFR's own exponents ---- */

static hu_code in_mode(const char *op, const char *mode, const hu_format *f, double a, double b, hu_flags *flags)
{
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find(mode, NULL);
    hu_code x = hu_from_double(f, &env, a), y = hu_from_double(f, &env, b);
    env.flags = 0;
    const hu_op *found = hu_op_find(op);
    hu_code result = found->arity == 1 ? found->unary(f, &env, x) : found->binary(f, &env, x, y);
    *flags = env.flags;
    return result;
}

static void far_out(void **state)
{
    (void)state;
    const hu_format *f = truth_format("e15m62");
    hu_code sign = (hu_code)1 << 77;
    static const struct { const char *op; double a, b; bool up, negative; } far[] = {
        {"exp", 0x1p1000, 0, true, false}, {"exp", -0x1p1000, 0, false, false}, {"exp2", 0x1p900, 0, true, false},
        {"exp2", -0x1p41, 0, false, false}, {"sinh", -0x1p1000, 0, true, true}, {"cosh", -0x1p100, 0, true, false},
        {"pow", 0x1p1000, 0x1p1000, true, false}, {"pow", 0x1p-1000, 0x1p1000, false, false}, {"pow", -0x1p-1000, -0x1.8p52 - 1, true, true},
        {"pow", -0x1p1000, -0x1.8p52 - 1, false, true}, {"sigmoid", -0x1p1000, 0, false, false}, {"sigmoid", -0x1p33, 0, false, false},
        {"expm1", 0x1p1000, 0, true, false},
    };
    for (size_t i = 0; i < TEST_COUNT(far); i++) {
        hu_flags flags;
        hu_code s = far[i].negative ? sign : 0;
        hu_code nearest = in_mode(far[i].op, "rne", f, far[i].a, far[i].b, &flags);
        if (nearest != (s | (far[i].up ? f->inf_code : 0)))
            fail_msg("%s(%a, %a), nearest: 0x%llx", far[i].op, far[i].a, far[i].b, (unsigned long long)nearest);
        assert_int_equal(flags, HU_INEXACT | (far[i].up ? HU_OVERFLOW : HU_UNDERFLOW));
        assert_true(in_mode(far[i].op, "rz", f, far[i].a, far[i].b, &flags) == (s | (far[i].up ? f->max_code : 0)));
        assert_true(in_mode(far[i].op, "raz", f, far[i].a, far[i].b, &flags) == (s | (far[i].up ? f->inf_code : 1)));
        assert_true(in_mode(far[i].op, "ro", f, far[i].a, far[i].b, &flags) == (s | (far[i].up ? f->max_code : 1)));
    }
}

/* ---- stochastic modes ---- */

/* With R bits, of the 2^R words as many go up as the distance from the lower neighbor in units of 2^-R has whole ones. */
static void every_word(void **state)
{
    (void)state;
    enum { R = 4 };
    const hu_format *f = truth_format("e4m3fn");
    const hu_rounding *mode = hu_rounding_find("sr:4", NULL);
    assert_non_null(mode);
    unsigned long cases = 0;
    for (int i = 0; function_at(i).op; i++) {
        function_case c = function_at(i);
        hu_code last = hu_format_last_code(f);
        for (hu_code code = 0; code <= last; code++) {
            hu_code operand[2] = {code, (code * 37 + 11) & last};
            hu_ref_exact e = function_truth(&c, f, operand);
            hu_ref_env down = {.mode = HU_REF_RZ}, up = {.mode = HU_REF_RAZ};
            hu_flags flags = 0;
            hu_code lo = hu_ref_round(f, &down, &e, &flags), hi = hu_ref_round(f, &up, &e, &flags);
            unsigned ups = 0;
            for (uint64_t w = 0; w < 1u << R; w++, cases++) {
                hu_env env = hu_env_default(), plain = env;
                uint64_t word = w << (64 - R);
                env.rounding = plain.rounding = mode;
                env.word = &word;
                hu_code got = c.op->arity == 1 ? c.op->unary(f, &env, code) : c.op->binary(f, &env, code, operand[1]);
                hu_code want = hu_round_with(f, &plain, function_number(&e), word);
                assert_true(got == want && env.flags == (plain.flags | e.flags));
                assert_true(got == lo || got == hi);
                ups += got == hi;
            }
            hu_num low = hu_decode(f, lo), high = hu_decode(f, hi);
            if (lo == hi || low.kind == HU_NAN || high.kind == HU_NAN)
                continue;
            double x = ldexp((double)(e.sig >> 75), e.exp - 52), l = fabs(hu_num_to_double(low)), h = fabs(hu_num_to_double(high));
            assert_int_equal(ups, (int)floor((x - l) / (h - l) * (1 << R)));
        }
    }
    test_note("%lu cases", cases);
}

/* ---- what is not the functions' own ---- */

static void state_of_mpfr(void **state)
{
    (void)state;
    const hu_format *f = truth_format("e11m52");
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    mpfr_set_emin(-50);
    mpfr_set_emax(60);
    mpfr_clear_flags();
    mpfr_set_erangeflag();
    for (int i = 0; function_at(i).op; i++) {
        const hu_op *op = function_at(i).op;
        for (int k = 0; k < 40; k++) {
            hu_env env = hu_env_default();
            hu_code a = bits_of(ldexp(k % 2 ? 1.7 : -0.3, 20 * k - 400)), b = bits_of(0.1 * k);
            hu_code got = op->arity == 1 ? op->unary(f, &env, a) : op->binary(f, &env, a, b);
            assert_true(mpfr_get_emin() == -50 && mpfr_get_emax() == 60);
            assert_int_equal(mpfr_flags_save(), MPFR_FLAGS_ERANGE);
            mpfr_set_emin(emin);
            mpfr_set_emax(emax);
            hu_code again = op->arity == 1 ? op->unary(f, &env, a) : op->binary(f, &env, a, b);
            assert_true(got == again);
            mpfr_set_emin(-50);
            mpfr_set_emax(60);
        }
    }
    mpfr_clear_flags();
    mpfr_set_emin(emin);
    mpfr_set_emax(emax);
}

static void *all_of_e4m3(void *out)
{
    const hu_format *f = hu_format_find("e4m3", NULL);
    uint64_t sum = 0;
    for (int k = 0; hu_op_at(k); k++) {
        const hu_op *op = hu_op_at(k);
        hu_env env = hu_env_default();
        for (hu_code a = 0; op->is_function && a < 256; a++)
            sum = sum * 31 + (uint64_t)(op->arity == 1 ? op->unary(f, &env, a) : op->binary(f, &env, a, a ^ 0x55)) + env.flags;
    }
    *(uint64_t *)out = sum;
    return NULL;
}

static void threads_agree(void **state)
{
    (void)state;
    pthread_t thread[4];
    uint64_t sum[5];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, all_of_e4m3, &sum[i]), 0);
    all_of_e4m3(&sum[4]);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_true(sum[i] == sum[4]);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("every function of one operand for every code of every float of up to 8 bits agrees with the enclosure by MPFR", every_code_of_floats),
    CLAIM("so it does in every other format of up to 8 bits", every_code_of_the_others),
    CLAIM("pow, atan2 and hypot agree for every pair of codes of small formats", every_pair),
    CLAIM("codes drawn from wider formats agree", samples),
    CLAIM("NaN payloads go where no number decides alone", nan_payloads),
    CLAIM("edges are those of IEEE 754-2019, section 9.2.1, with their flags", edges_of_the_standard),
    CLAIM("results past MPFR's exponents are an overflow or underflow like any other", far_out),
    CLAIM("every word of a stochastic mode takes the neighbor that the distance says", every_word),
    CLAIM("MPFR's exponent range and flags are left as they were", state_of_mpfr),
    CLAIM("threads compute the same at once", threads_agree),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
