/* logarithmic-operations.c - operations on logarithmic numbers, and the quick way to their results. */
#include <math.h>
#include <mpfr.h>
#include <string.h>

#include "src/ops/bits.h"
#include "src/ops/ops.h"
#include "tests/lib/logarithms.h"
#include "tests/lib/test.h"

/* Less than HU_HALF, it, more than it, HU_ONE; 0. */
static int class_of(uint64_t part)
{
    return part == 0 ? 0 : part < HU_HALF ? 1 : part == HU_HALF ? 2 : part < HU_ONE ? 3 : 4;
}

static void expect_same_place(const log_family *t, hu_bracket got, hu_bracket want)
{
    if (class_of(got.part) != class_of(want.part))
        fail_msg("%s: the position is 0x%llx, want 0x%llx", t->name, (unsigned long long)got.part, (unsigned long long)want.part);
    got.part = want.part;
    if (got.lo != want.lo || got.hi != want.hi || got.negative != want.negative || got.odd != want.odd || got.overflow != want.overflow || got.tiny != want.tiny)
        fail_msg("%s: between 0x%llx and 0x%llx, want 0x%llx and 0x%llx", t->name, (unsigned long long)got.lo, (unsigned long long)got.hi,
                 (unsigned long long)want.lo, (unsigned long long)want.hi);
}

/* The bracket by comparing is the one by logarithms, but for the digits of the position; formats of more bits have none. */
static void quick_places(void **state)
{
    (void)state;
    test_random random = {55};
    uint64_t n = 0, results = 0;
    for (size_t i = 0; i < LOG_SMALL + LOG_MEDIUM; i++) {
        const log_family *t = &log_families[i];
        const hu_format *f = log_format(t);
        hu_bracket got, want;
        for (int j = 0; j < 600; j++, n++) {
            hu_num x = hu_decode(f, log_draw(t, &random));
            if (x.kind != HU_FINITE)
                continue;
            x.exp += j % 5 == 4 ? (int)test_random_below(&random, 7) - 3 : 0;
            x.sig += j % 5 < 3 ? (hu_u128)(j % 5) - 1 : (hu_u128)test_random_bits(&random) << 62;
            x.sig |= (hu_u128)1 << 127;
            x.sticky = j & 1;
            assert_true(f->family->quick(f, x, &got));
            expect_same_place(t, got, f->family->bracket(f, x));
        }
        static const hu_term terms[] = {HU_TERM_SUM, HU_TERM_DIFFERENCE, HU_TERM_FUSED};
        for (int j = 0; j < 600; j++) {
            hu_code a[3] = {log_draw(t, &random), log_draw(t, &random), log_draw(t, &random)};
            if (f->family->quick_result(f, terms[j % 3], a, &got)) {
                results++;
                assert_true(f->family->result(f, terms[j % 3], a, &want));
                expect_same_place(t, got, want);
            }
        }
    }
    assert_true(results > 2000);
    for (size_t i = LOG_SMALL + LOG_MEDIUM; i < LOG_FAMILIES; i++)
        assert_false(log_format(&log_families[i])->family->quick(log_format(&log_families[i]), hu_num_make(false, 3, 0), &(hu_bracket){0}));
    test_note("%llu numbers, %llu results", (unsigned long long)n, (unsigned long long)results);
}

/* Among threads that meet an empty table at once. */
static void threads_at_a_new_table(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("lns5.9", NULL);
    int wrong = 0;
    #pragma omp parallel for num_threads(4) reduction(+:wrong)
    for (int i = 0; i < 4000; i++) {
        hu_num x = hu_num_make(i & 1, (hu_u128)(i + 1), -9);
        hu_bracket got, want = f->family->bracket(f, x);
        wrong += !f->family->quick(f, x, &got) || got.lo != want.lo || got.hi != want.hi || class_of(got.part) != class_of(want.part);
    }
    assert_int_equal(wrong, 0);
}

static hu_term term_of(char operation)
{
    return operation == 'a' ? HU_TERM_SUM : operation == 's' ? HU_TERM_DIFFERENCE : operation == 'm' ? HU_TERM_PRODUCT : HU_TERM_QUOTIENT;
}

static const char *const four[] = {"add", "sub", "mul", "div"};

/* Zeros, NaNs and their flags: by hand. */
static void check_special(const log_family *t, const char *name, const hu_code a[3], bool a_number, bool b_number)
{
    const hu_format *f = log_format(t);
    hu_env env = hu_env_default();
    hu_code got = hu_op_find(name)->binary(f, &env, a[0], a[1]), want = log_zero(t), zero = log_zero(t);
    hu_flags flags = 0;
    if (a[0] == log_nan(t) || a[1] == log_nan(t))
        want = log_nan(t);
    else if (name[0] == 'a' || name[0] == 's')
        want = a_number ? a[0] : !b_number ? zero : name[0] == 'a' ? a[1] : hu_neg(f, &env, a[1]);
    else if (name[0] == 'd' && a[1] == zero) {
        want = log_nan(t);
        flags = a[0] == zero ? HU_INVALID : HU_DIVBYZERO;
    }
    log_expect(t, name, "rne", a, got, env.flags, want, flags);
}

static void check_pair(const log_family *t, const char *name, const hu_code a[3], int mode)
{
    bool a_negative, b_negative;
    wide i, j;
    bool a_number = log_read(t, a[0], &a_negative, &i), b_number = log_read(t, a[1], &b_negative, &j);
    if (!a_number || !b_number) {
        check_special(t, name, a, a_number, b_number);
        return;
    }
    log_real x;
    log_real_init(&x);
    wide p = log_of(t, i), q = log_of(t, j);
    if (name[0] == 'a' || name[0] == 's') {
        log_signed_sum(t, &x, a_negative, p, b_negative != (name[0] == 's'), q);
    } else {
        log_set(x.y, name[0] == 'm' ? p + q : p - q);
        x.negative = a_negative != b_negative;
    }
    log_check(t, name, term_of(name[0]), a, &x, mode);
    log_real_clear(&x);
}

static void check_root(const log_family *t, hu_code code)
{
    const hu_code a[3] = {code, 0, 0};
    const hu_format *f = log_format(t);
    bool negative;
    wide k;
    if (!log_read(t, code, &negative, &k) || negative) {
        hu_env env = hu_env_default();
        hu_flags flags = code != log_zero(t) && code != log_nan(t) ? HU_INVALID : 0;
        hu_code got = hu_sqrt(f, &env, code);
        log_expect(t, "sqrt", "rne", a, got, env.flags, code == log_zero(t) ? code : log_nan(t), flags);
        return;
    }
    log_real x;
    log_real_init(&x);
    log_set(x.y, log_of(t, k));
    mpfr_div_2ui(x.y, x.y, 1, MPFR_RNDN);
    log_check(t, "sqrt", HU_TERM_ROOT, a, &x, -1);
    log_real_clear(&x);
}

/* The sums of one format's magnitudes, each of them once: pairs and signs make no other ones. */
static uint64_t check_all_sums(const log_family *t)
{
    uint64_t n = 0;
    log_real x;
    log_real_init(&x);
    for (wide i = log_first(t); i <= log_last(t); i++)
        for (wide j = log_first(t); j <= i; j++)
            for (int difference = 0; difference < 2; difference++) {
                log_sum(t, &x, log_of(t, i), log_of(t, j), difference);
                for (int signs = 0; signs < 4; signs++, n++) {
                    bool negative = signs & 1, swap = signs & 2, other = negative != (bool)difference;
                    hu_code big = log_code(t, i, negative), little = log_code(t, j, other);
                    const hu_code add[3] = {swap ? little : big, swap ? big : little, 0};
                    const hu_code sub[3] = {add[0], swap ? log_code(t, i, !negative) : log_code(t, j, !other), 0};
                    x.negative = negative;
                    log_check(t, "add", HU_TERM_SUM, add, &x, (int)(n % 31));
                    if (signs < 2)
                        log_check(t, "sub", HU_TERM_DIFFERENCE, sub, &x, (int)(n % 29));
                }
            }
    log_real_clear(&x);
    return n;
}

static void pairs(void **state)
{
    (void)state;
    uint64_t n = 0;
    for (size_t s = 0; s < LOG_SMALL; s++) {
        const log_family *t = &log_families[s];
        n += check_all_sums(t);
        for (hu_code i = 0; i >> t->width == 0; i++) {
            check_root(t, i);
            for (hu_code j = 0; j >> t->width == 0; j++) {
                bool both = log_read(t, i, &(bool){0}, &(wide){0}) && log_read(t, j, &(bool){0}, &(wide){0});
                for (size_t o = both ? 2 : 0; o < 4; o++, n++)
                    check_pair(t, four[o], (const hu_code[]){i, j, 0}, t->width == 8 ? (int)((i + j) % 8) : -1);
            }
        }
    }
    test_note("%llu pairs of all codes, each in 8 modes", (unsigned long long)n);
}

static void check_fma(const log_family *t, const hu_code a[3])
{
    const hu_format *f = log_format(t);
    bool negative[3];
    wide k[3], l[3];
    for (int i = 0; i < 3; i++) {
        if (!log_read(t, a[i], &negative[i], &k[i])) {
            hu_env env = hu_env_default(), other = hu_env_default();
            hu_code want = a[0] == log_nan(t) || a[1] == log_nan(t) || a[2] == log_nan(t) ? log_nan(t)
                         : a[2] == log_zero(t) ? hu_mul(f, &other, a[0], a[1]) : a[2];
            assert_true(hu_fma(f, &env, a[0], a[1], a[2]) == want && env.flags == other.flags);
            return;
        }
        l[i] = log_of(t, k[i]);
    }
    log_real x;
    log_real_init(&x);
    log_signed_sum(t, &x, negative[0] != negative[1], l[0] + l[1], negative[2], l[2]);
    log_check(t, "fma", HU_TERM_FUSED, a, &x, -1);
    log_real_clear(&x);
}

static void samples(void **state)
{
    (void)state;
    test_random random = {53};
    uint64_t each = test_long() ? 5000 : 120, n = 0;
    for (size_t i = 0; i < LOG_FAMILIES; i++) {
        const log_family *t = &log_families[i];
        for (uint64_t j = 0; j < each; j++, n += 3) {
            hu_code a[3] = {log_draw(t, &random), log_draw(t, &random), log_draw(t, &random)};
            if (j % 3 == 0)                                        /* close together: cancellation */
                a[1] = (a[0] + test_random_below(&random, 3)) & (((hu_code)1 << t->width) - 1);
            check_pair(t, four[j & 3], a, -1);
            check_root(t, a[0]);
            if (j % 3 == 1) {                                      /* the third near the product */
                hu_env env = hu_env_default();
                a[2] = hu_neg(log_format(t), &env, hu_mul(log_format(t), &env, a[0], a[1]));
            }
            check_fma(t, a);
        }
    }
    test_note("%llu operations, each in 8 modes", (unsigned long long)n);
}

static void exact_cases(void **state)
{
    (void)state;
    static const struct { const char *format, *op; hu_code a, b, want; bool exact; } known[] = {
        {"lns4.3", "add", 0x00, 0x00, 0x08, true},     /* 1 + 1 = 2                          */
        {"lns4.3", "sub", 0x08, 0x00, 0x00, true},     /* 2 - 1 = 1                          */
        {"lns4.3", "sub", 0x0b, 0x03, 0x03, true},     /* 2^(11/8) - 2^(3/8) = 2^(3/8)       */
        {"lns4.3", "sub", 0x03, 0x0b, 0x83, true},
        {"lns4.3", "sub", 0x05, 0x05, 0x40, true},     /* zero                               */
        {"lns4.3", "mul", 0x01, 0x02, 0x03, true},
        {"lns4.3", "div", 0x01, 0x02, 0x7f, true},
        {"lns4.3", "mul", 0x3f, 0x3f, 0x3f, false},    /* past the largest                   */
        {"lns4.3", "mul", 0x41, 0x41, 0x41, false},    /* below the smallest                 */
        {"takum_log8", "mul", 0x48, 0x38, 0x40, true}, /* e^(1/2) e^(-1/2) = 1               */
        {"takum_log8", "add", 0x40, 0x40, 0x4a, false},   /* 2 = e^(1.386 / 2), near e^(1.5 / 2) */
    };
    for (size_t i = 0; i < TEST_COUNT(known); i++) {
        hu_env env = hu_env_default();
        hu_code got = hu_op_find(known[i].op)->binary(hu_format_find(known[i].format, NULL), &env, known[i].a, known[i].b);
        if (got != known[i].want || (env.flags == 0) != known[i].exact)
            fail_msg("%s %s 0x%x 0x%x: 0x%x flags %u", known[i].format, known[i].op, (unsigned)known[i].a, (unsigned)known[i].b, (unsigned)got, env.flags);
    }
    assert_true(hu_to_double(hu_format_find("takum_log16", NULL), 0x4800) == exp(0.5));
    assert_true(hu_to_double(hu_format_find("lns8.23", NULL), 0x7fffffff & (1 << 22)) == sqrt(2));
    assert_true(hu_decode(hu_format_find("lns8.23", NULL), 0x40000000).kind == HU_ZERO);
}

/* A program may have a range of exponents of its own, in which hardly any of these values lie. */
static void state_of_mpfr(void **state)
{
    (void)state;
    static const char *const names[] = {"lns16.20", "takum_log64"};
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const hu_format *f = hu_format_find(names[i], NULL), *to = hu_format_find("e19m236", NULL);
        hu_env env = hu_env_default();
        hu_code a = hu_from_double(f, &env, 0x1.23456789p90) + i, got[2][3];
        hu_bits from = hu_bits_from_code(a), out[2];
        for (int narrow = 1; narrow >= 0; narrow--) {
            mpfr_set_emin(narrow ? -50 : emin);
            mpfr_set_emax(narrow ? 60 : emax);
            mpfr_clear_flags();
            mpfr_set_erangeflag();
            got[narrow][0] = hu_add(f, &env, a, a - 999);
            got[narrow][1] = hu_from_double(f, &env, 0x1.8p200);
            got[narrow][2] = hu_from_double(f, &env, hu_to_double(f, a + 5));
            hu_bits_convert(f, to, &env, &from, &out[narrow]);
            assert_int_equal(mpfr_flags_save(), MPFR_FLAGS_ERANGE);
            assert_true(mpfr_get_emin() == (narrow ? -50 : emin) && mpfr_get_emax() == (narrow ? 60 : emax));
        }
        assert_memory_equal(got[0], got[1], sizeof got[0]);
        assert_true(hu_bits_equal(&out[0], &out[1]));
    }
    mpfr_clear_flags();
}

static const struct CMUnitTest claims[] = {
    CLAIM("all pairs of codes of 8 bits: add, sub, mul, div and all roots, against MPFR", pairs),
    CLAIM("drawn operands of up to 64 bits, cancellation and fma among them, against MPFR", samples),
    CLAIM("what is exact is exact: 1 + 1, 2 - 1, a - a, products and quotients of codes", exact_cases),
    CLAIM("a number placed by comparing is where its logarithm says", quick_places),
    CLAIM("threads that fill a table at once find the same", threads_at_a_new_table),
    CLAIM("MPFR's exponent range and flags are left as they were, and change nothing", state_of_mpfr),
};

int main(void)
{
    int failed = test_main(claims, TEST_COUNT(claims));
    mpfr_free_cache();
    return failed;
}
