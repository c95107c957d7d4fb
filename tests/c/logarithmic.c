/* logarithmic.c - logarithmic numbers and logarithmic takums: codes, and the rounding of real numbers to them. */
#include <mpfr.h>
#include <string.h>

#include "src/ops/ops.h"
#include "tests/lib/logarithms.h"
#include "tests/lib/test.h"

/* decode against MPFR, cut to 128 bits; every mode leaves the code alone; sign; the next code is larger */
static void check_code(const log_family *t, hu_code code)
{
    const hu_format *f = log_format(t);
    hu_num x = hu_decode(f, code);
    hu_env env = hu_env_default();
    bool negative;
    wide k;
    bool finite = log_read(t, code, &negative, &k);
    for (int m = 0; hu_rounding_at(m); m++) {
        env.rounding = hu_rounding_at(m);
        assert_true(hu_round_with(f, &env, x, UINT64_MAX * (code & 1)) == code && env.flags == 0);
    }
    if (!finite) {
        assert_true(x.kind == (code == log_zero(t) ? HU_ZERO : HU_NAN) && hu_neg(f, &env, code) == code && hu_abs(f, &env, code) == code);
        return;
    }
    mpfr_t want, got;
    mpfr_inits2(LOG_PRECISION, want, got, NULL);
    log_power(t, want, log_of(t, k));
    mpfr_set_ui(got, (unsigned long)(x.sig >> 64), MPFR_RNDN);
    mpfr_mul_2ui(got, got, 64, MPFR_RNDN);
    mpfr_add_ui(got, got, (unsigned long)x.sig, MPFR_RNDN);
    mpfr_mul_2si(got, got, x.exp - 127, MPFR_RNDN);
    mpfr_sub(want, want, got, MPFR_RNDN);
    mpfr_mul_2si(want, want, 127 - x.exp, MPFR_RNDN);
    if (x.kind != HU_FINITE || x.negative != negative || mpfr_sgn(want) < 0 || mpfr_cmp_ui(want, 1) >= 0 || x.sticky == !!mpfr_zero_p(want))
        fail_msg("%s: code 0x%llx decodes to %g", t->name, (unsigned long long)code, hu_num_to_double(x));
    mpfr_clears(want, got, NULL);
    assert_true(hu_neg(f, &env, code) == log_code(t, k, !negative) && hu_abs(f, &env, code) == log_code(t, k, false));
    if (k < log_last(t))
        assert_true(hu_num_compare(hu_num_abs(hu_decode(f, log_code(t, k + 1, negative))), hu_num_abs(x)) > 0);
}

static void codes(void **state)
{
    (void)state;
    test_random random = {51};
    uint64_t n = 0;
    for (size_t i = 0; i < LOG_SMALL; i++)
        for (hu_code code = 0; code >> log_families[i].width == 0; code++, n++)
            check_code(&log_families[i], code);
    for (size_t i = LOG_SMALL; i < LOG_SMALL + LOG_MEDIUM; i++)
        for (hu_code code = 0; code >> log_families[i].width == 0; code += test_long() ? 1 : 53, n++)
            check_code(&log_families[i], code);
    for (size_t i = LOG_SMALL + LOG_MEDIUM; i < LOG_FAMILIES; i++)
        for (int j = 0; j < 1000; j++, n++)
            check_code(&log_families[i], log_draw(&log_families[i], &random));
    test_note("%llu codes", (unsigned long long)n);
}

/* Numbers of 128 bits in and at the ends of a gap, on both sides of its middle, in the eight modes. */
static void check_gap(const log_family *t, wide k, bool negative)
{
    const hu_format *f = log_format(t);
    wide low = log_of(t, k), high = k < log_last(t) ? log_of(t, k + 1) : low + ((wide)1 << (LOG_UNIT - 2)), middle = k < log_last(t) ? log_middle(t, k) : high;
    const wide at[] = {low, low + (high - low) / 3, middle, high, high - (high - low) / 5, low + 1};
    log_real x;
    mpfr_t value;
    log_real_init(&x);
    mpfr_init2(value, 128);
    for (size_t i = 0; i < 2 * TEST_COUNT(at); i++) {
        log_power(t, x.y, at[i / 2]);
        mpfr_set(value, x.y, i & 1 ? MPFR_RNDU : MPFR_RNDD);
        log_take(t, x.y, value);
        x.negative = negative;
        uint64_t word[2] = {0, 0};
        mpz_t digits;
        mpz_init(digits);
        mpfr_exp_t exp = mpfr_get_z_2exp(digits, value);
        mpz_export(word, NULL, -1, sizeof word[0], 0, 0, digits);
        mpz_clear(digits);
        hu_num number = hu_num_make(negative, (hu_u128)word[1] << 64 | word[0], (int)exp);
        log_place p = log_find(t, &x);
        for (size_t m = 0; m < TEST_COUNT(log_modes); m++) {
            hu_env env = hu_env_default();
            hu_flags flags;
            env.rounding = log_rounding(m);
            hu_code want = log_wanted(t, log_modes[m], &x, &p, &flags), got = hu_round(f, &env, number);
            log_expect(t, "rounding", log_modes[m], (const hu_code[]){log_code(t, k, negative), i, 0}, got, env.flags, want, flags);
        }
    }
    mpfr_clear(value);
    log_real_clear(&x);
}

static void gaps(void **state)
{
    (void)state;
    test_random random = {52};
    for (size_t i = 0; i < LOG_SMALL; i++)
        for (wide k = log_first(&log_families[i]); k <= log_last(&log_families[i]); k++)
            check_gap(&log_families[i], k, k & 2);
    for (size_t i = LOG_SMALL; i < LOG_FAMILIES; i++) {
        const log_family *t = &log_families[i];
        for (int n = 0; n < 60; n++) {
            bool negative;
            wide k;
            if (log_read(t, log_draw(t, &random), &negative, &k))
                check_gap(t, k, negative);
        }
    }
}

/* part is the position among the logarithms: of x between 2^(k/8) and 2^((k+1)/8) it is 8 log2 x - k */
static void positions(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("lns4.3", NULL);
    for (int i = 257; i < 2048; i++) {
        hu_bracket b = f->family->bracket(f, hu_num_make(false, (hu_u128)i, -10));
        mpfr_t y;
        mpfr_init2(y, 200);
        mpfr_set_ui_2exp(y, (unsigned long)i, -10, MPFR_RNDN);
        mpfr_log2(y, y, MPFR_RNDN);
        mpfr_mul_ui(y, y, 8, MPFR_RNDN);
        mpfr_frac(y, y, MPFR_RNDN);
        if (mpfr_sgn(y) < 0)
            mpfr_add_ui(y, y, 1, MPFR_RNDN);
        mpfr_mul_2ui(y, y, 63, MPFR_RNDN);
        uint64_t part = mpfr_get_ui(y, MPFR_RNDD);
        bool exact = (i & (i - 1)) == 0;
        if (b.part != (exact ? 0 : part | 1))
            fail_msg("lns4.3: %d/1024 is at 0x%llx, want 0x%llx", i, (unsigned long long)b.part, (unsigned long long)part);
        mpfr_clear(y);
    }
}

static void names(void **state)
{
    (void)state;
    static const char *const none[] = {"lns", "lns8", "lns0.3", "lns17.3", "lns8.48", "lns8.", "lns.3", "lns1.0", "lns8.3x", "lns-1.3", "lns8.-3",
                                       "takum_log1", "takum_log65", "takum_log", "takum_logarithmic16"};
    hu_error err;
    assert_ptr_equal(hu_format_find("takumlog16", &err), hu_format_find("takum_log16", &err));
    for (size_t i = 0; i < TEST_COUNT(none); i++) {
        err.text[0] = '\0';
        assert_null(hu_format_find(none[i], &err));
        assert_true(err.text[0] != '\0');
    }
    const hu_format *f = hu_format_find("lns8.3", &err);
    assert_true(f->width_bits == 12 && f->emin == -128 && f->emax == 127 && f->max_code == 0x3ff && f->nan_code == 0xc00);
    for (int i = 0; i < 2; i++) {
        f = hu_format_find(i ? "takum_log16" : "lns8.3", &err);
        assert_int_equal(hu_op_check(hu_op_find("rem"), f, &err), HU_EINVAL);
        assert_int_equal(hu_op_check(hu_op_find("rint"), f, &err), HU_EINVAL);
        assert_int_equal(hu_op_check(hu_op_find("fma"), f, &err), HU_OK);
    }
}

/* Infinities, NaNs, zeros and numbers far outside, in every mode and policy. */
static void ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOG_SMALL + LOG_MEDIUM; i++) {
        const log_family *t = &log_families[i];
        const hu_format *f = log_format(t);
        for (int m = 0; hu_rounding_at(m); m++)
            for (int negative = 0; negative < 2; negative++) {
                hu_env env = hu_env_default();
                env.rounding = hu_rounding_at(m);
                const char *mode = env.rounding->name;
                bool zero = strcmp(mode, "rz") == 0 || strcmp(mode, negative ? "ru" : "rd") == 0;
                hu_code end = log_code(t, log_last(t), negative), least = log_code(t, log_first(t), negative);
                assert_true(hu_round(f, &env, hu_num_make(negative, 1, -100000)) == (zero ? log_zero(t) : least));
                assert_int_equal(env.flags, HU_INEXACT | HU_UNDERFLOW);
                env.flags = 0;
                assert_true(hu_round(f, &env, hu_num_make(negative, 1, 100000)) == end);
                assert_int_equal(env.flags, HU_INEXACT | HU_OVERFLOW);
                env.flags = 0;
                assert_true(hu_round(f, &env, hu_num_zero(negative)) == log_zero(t));
                assert_true(hu_round(f, &env, hu_num_inf(negative)) == log_nan(t) && hu_round(f, &env, hu_num_nan()) == log_nan(t));
                env.overflow = HU_OVERFLOW_SATURATE;
                assert_true(hu_round(f, &env, hu_num_inf(negative)) == end);
            }
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("every code has the value that MPFR gives its logarithm, survives every mode, and the next one is larger", codes),
    CLAIM("numbers between two codes round by their logarithm in every mode, at the middle and at both ends", gaps),
    CLAIM("the position between two codes is that of the logarithm, to the last bit", positions),
    CLAIM("names and fields; what is no logarithmic format is refused; rem and rint are not there", names),
    CLAIM("no number becomes NaN or, but by a directed mode, zero; the largest value stands for all beyond", ends),
};

int main(void)
{
    int failed = test_main(claims, TEST_COUNT(claims));
    mpfr_free_cache();
    return failed;
}
