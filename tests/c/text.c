/* text.c - numbers as text: decimal and hexadecimal, read and written, against MPFR. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/truth.h"

static const char *const names[] = {"e2m1fn", "e4m3", "e5m2", "e4m3fnuz", "e5m10", "e8m7", "e8m10", "e8m23", "e11m52", "e9m30",
                                    "e12m43", "e15m62", "e15m10", "e2m62", "e5m10{bias=200}",
                                    "e8m7{subnormals=flush}", NULL};

/* "123", "0.00123", "12.3e-4", of up to `digits` digits. */
static void draw_decimal(test_random *random, int digits, int exp_range, char *out)
{
    int n = 1 + (int)test_random_below(random, (uint64_t)digits), point = (int)test_random_below(random, (uint64_t)n + 1);
    static const char *const signs[] = {"", "-", "+"};
    out += sprintf(out, "%s", signs[test_random_below(random, 3)]);
    for (int i = 0; i < n; i++) {
        if (i == point)
            *out++ = '.';
        *out++ = (char)('0' + test_random_below(random, 10));
    }
    *out = '\0';
    if (exp_range > 0 && test_random_below(random, 4) != 0)
        sprintf(out, "%c%d", "eE"[test_random_below(random, 2)],
                (int)test_random_below(random, 2 * (uint64_t)exp_range) - exp_range);
}

static void draw_hex(test_random *random, int exp_range, char *out)
{
    uint64_t high = test_random_bits(random) >> test_random_below(random, 64);
    out += sprintf(out, "%s%s%" PRIx64, test_random_below(random, 2) ? "-" : "", test_random_below(random, 2) ? "0x" : "0X", high);
    if (test_random_below(random, 2))
        out += sprintf(out, ".%" PRIX64, test_random_bits(random));
    if (test_random_below(random, 4))
        sprintf(out, "p%+d", (int)test_random_below(random, 2 * (uint64_t)exp_range) - exp_range);
}

/* What MPFR reads, cut off at 128 bits. */
static hu_ref_exact read_by_mpfr(const char *text)
{
    mpfr_t x;
    mpfr_init2(x, 128);
    char *end;
    int ternary = mpfr_strtofr(x, text, &end, 0, MPFR_RNDZ);
    assert_true(*end == '\0');
    hu_ref_exact e = hu_ref_from_mpfr(x, ternary);
    mpfr_clear(x);
    return e;
}

static void compare_text(truth_tally *tally, const hu_format *f, const char *text)
{
    hu_ref_exact exact = read_by_mpfr(text);
    tally->tuples++;
    for (int m = 0; m < HU_REF_MODES; m++) {
        hu_ref_env where = {.mode = (hu_ref_mode)m};
        hu_env env = hu_env_default();
        env.rounding = truth_rounding(where.mode);
        hu_error err = {0};
        hu_code got = 0;
        hu_flags flags = 0;
        hu_code want = hu_ref_round(f, &where, &exact, &flags);
        if (hu_from_text(f, &env, text, &got, &err) != HU_OK)
            fail_msg("%s", err.text);
        char what[200];
        snprintf(what, sizeof what, "text %.150s", text);
        truth_expect(tally, what, f, where.mode, NULL, 0, got, env.flags, want, flags);
    }
}

static void read_random(void **state)
{
    (void)state;
    truth_tally tally = {0};
    test_random random = {41};
    char text[256];
    for (const char *const *name = names; *name; name++) {
        const hu_format *f = truth_format(*name);
        int reach = (f->bias < 0 ? -f->bias : f->bias) + f->man_bits + (1 << (f->exp_bits - 1));
        for (int i = 0; i < 2000; i++) {
            draw_decimal(&random, i & 1 ? 60 : 8, reach * 3 / 10 + 3, text);
            compare_text(&tally, f, text);
            draw_hex(&random, reach + 70, text);
            compare_text(&tally, f, text);
        }
    }
    truth_report(&tally, "texts read");
}

/* A midpoint written with all its digits, and the same with one more digit, however far behind. */
static void read_midpoints(void **state)
{
    (void)state;
    truth_tally tally = {0};
    test_random random = {42};
    static char text[4096];
    for (const char *const *name = names; *name; name++) {
        const hu_format *f = truth_format(*name);
        if (f->exp_bits > 11)
            continue;
        for (int i = 0; i < 200; i++) {
            hu_ref_value v;
            hu_ref_value_init(&v);
            hu_ref_decode(f, truth_draw(f, &random), &v);
            if (v.kind == HU_REF_FINITE) {
                mpfr_t x;
                mpfr_init2(x, 70);
                int emin = 1 - f->bias, exp = (int)mpfr_get_exp(v.x) - 1;
                mpfr_set_si_2exp(x, v.negative ? -1 : 1, (exp < emin ? emin : exp) - f->man_bits - 1, MPFR_RNDN);
                mpfr_add(x, x, v.x, MPFR_RNDN);
                mpfr_snprintf(text, sizeof text - 64, "%.1500Re", x);
                char *e = strchr(text, 'e');
                compare_text(&tally, f, text);
                char tail[32];
                snprintf(tail, sizeof tail, "%s", e);
                sprintf(e, "0001%s", tail);
                compare_text(&tally, f, text);
                mpfr_clear(x);
            }
            hu_ref_value_clear(&v);
        }
    }
    truth_report(&tally, "midpoints read");
}

/* What is written is read back to the same code; hexadecimal is the value, exactly. */
static void write_and_read(void **state)
{
    (void)state;
    test_random random = {43};
    uint64_t cases = 0;
    for (const char *const *name = names; *name; name++) {
        const hu_format *f = truth_format(*name);
        uint64_t n = f->width_bits <= 16 ? (uint64_t)hu_format_last_code(f) + 1 : 5000;
        for (uint64_t i = 0; i < n; i++, cases++) {
            hu_code code = f->width_bits <= 16 ? i : truth_draw(f, &random), back[2];
            hu_num x = hu_decode(f, code);
            if (x.kind == HU_NAN || (x.kind == HU_ZERO && code << (128 - f->width_bits) << 1 != 0))
                continue;
            char decimal[HU_TEXT_SIZE], hex[HU_TEXT_SIZE];
            hu_env env = hu_env_default();
            hu_code_to_decimal(f, code, decimal);
            hu_num_to_hex(x, hex);
            assert_int_equal(hu_from_text(f, &env, hex, &back[1], NULL), HU_OK);
            assert_int_equal(env.flags & ~(f->subnormals ? HU_UNDERFLOW | HU_INEXACT : 0), 0);
            assert_int_equal(hu_from_text(f, &env, decimal, &back[0], NULL), HU_OK);
            if (back[0] != code || back[1] != code)
                fail_msg("%s: code 0x%" PRIx64 "%016" PRIx64 " is written %s and %s", f->name, (uint64_t)(code >> 64),
                         (uint64_t)code, decimal, hex);
        }
    }
    test_note("%" PRIu64 " codes written and read", cases);
}

/* Written decimals are correctly rounded to 17 digits; integers below 2^64 are exact (see the forms below). */
static void written_digits(void **state)
{
    (void)state;
    test_random random = {44};
    char text[HU_TEXT_SIZE], want[64];
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = test_random_bits(&random);
        double x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x) || (fabs(x) < 0x1p64 && floor(x) == x))
            continue;
        hu_num_to_decimal(hu_num_from_double(x), text);
        mpfr_t got, exact;
        mpfr_inits2(200, got, exact, (mpfr_ptr)0);
        mpfr_set_d(exact, x, MPFR_RNDN);
        mpfr_snprintf(want, sizeof want, "%.16Re", exact);
        mpfr_set_str(exact, want, 10, MPFR_RNDN);
        mpfr_set_str(got, text, 10, MPFR_RNDN);
        if (!mpfr_equal_p(got, exact))
            fail_msg("%a is written %s, 17 digits are %s", x, text, want);
        mpfr_clears(got, exact, (mpfr_ptr)0);
    }
}

static void written_forms(void **state)
{
    (void)state;
    static const struct { double x; const char *decimal, *hex; } want[] = {
        {0, "0", "0x0p+0"}, {-0.0, "-0", "-0x0p+0"}, {1, "1", "0x1p+0"}, {-1.5, "-1.5", "-0x1.8p+0"},
        {0.1, "0.10000000000000001", "0x1.999999999999ap-4"},
        {448, "448", "0x1.cp+8"}, {1e20, "100000000000000000000", "0x1.5af1d78b58c4p+66"},
        {1e22, "1e22", "0x1.0f0cf064dd592p+73"},
        {0.0001, "0.0001", "0x1.a36e2eb1c432dp-14"},
        {0.00001, "0.000010000000000000001", "0x1.4f8b588e368f1p-17"},
        {0.000001, "9.9999999999999995e-7", "0x1.0c6f7a0b5ed8dp-20"},
        {0x1p60, "1152921504606846976", "0x1p+60"}, {0x1p-1074, "4.9406564584124654e-324", "0x1p-1074"},
        {65504, "65504", "0x1.ffcp+15"},
        {12345.678, "12345.678", "0x1.81cd6c8b43958p+13"},
    };
    char text[HU_TEXT_SIZE];
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        assert_string_equal(hu_num_to_decimal(hu_num_from_double(want[i].x), text), want[i].decimal);
        assert_string_equal(hu_num_to_hex(hu_num_from_double(want[i].x), text), want[i].hex);
    }
    assert_string_equal(hu_num_to_decimal(hu_num_inf(true), text), "-inf");
    assert_string_equal(hu_num_to_hex(hu_num_nan(), text), "nan");
    assert_string_equal(hu_num_to_decimal(hu_num_from_u64(UINT64_MAX), text), "18446744073709551615");
    assert_string_equal(hu_num_to_decimal(hu_num_from_i64(INT64_MIN), text), "-9223372036854775808");
}

static void special_words(void **state)
{
    (void)state;
    static const struct { const char *text; hu_kind kind; bool negative; } want[] = {
        {"inf", HU_INF, false}, {"-inf", HU_INF, true}, {"+Infinity", HU_INF, false},
        {"INF", HU_INF, false}, {"nan", HU_NAN, false},
        {"-NaN", HU_NAN, true}, {"0", HU_ZERO, false}, {"-0.0e5", HU_ZERO, true},
        {"-0x0p3", HU_ZERO, true}, {".5", HU_FINITE, false},
        {"5.", HU_FINITE, false}, {"1e-999999999999999999999", HU_FINITE, false},
        {"-1e999999999999999999999", HU_FINITE, true},
        {"0x1p999999999999999999999", HU_FINITE, false}, {"0x1p-99999999999999999999", HU_FINITE, false},
    };
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        hu_num x;
        hu_error err = {0};
        if (hu_num_from_text(want[i].text, &x, &err) != HU_OK)
            fail_msg("%s", err.text);
        if (x.kind != want[i].kind && !(x.kind == HU_INF && want[i].kind == HU_FINITE))
            fail_msg("'%s' has kind %d", want[i].text, (int)x.kind);
        assert_true(x.negative == want[i].negative);
    }
    const hu_format *f = truth_format("e11m52");
    hu_env env = hu_env_default();
    hu_code code;
    assert_int_equal(hu_from_text(f, &env, "1e-999999999999999999999", &code, NULL), HU_OK);
    assert_true(code == 0 && env.flags == (HU_UNDERFLOW | HU_INEXACT));
    env.flags = 0;
    assert_int_equal(hu_from_text(f, &env, "-1e999999999999999999999", &code, NULL), HU_OK);
    assert_true(code == (UINT64_C(0xfff) << 52) && env.flags == (HU_OVERFLOW | HU_INEXACT));
}

static void refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "-", "+", ".", "1 ", " 1", "1e", "1e+", "e5", "0x", "0x.", "0x1p", "0x1p+", "1.2.3", "--1",
                                        "1_000", "1,5", "1@5", "0b101", "nan(1)", "infi", "in", "1e5x",
                                        "0x1.8e5p", "0x1p0x1", "ten",
                                        "1\n", "0xg", "1p5", "1e1.5"};
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        hu_num x = hu_num_from_u64(77);
        hu_error err = {0};
        if (hu_num_from_text(texts[i], &x, &err) == HU_OK)
            fail_msg("'%s' was taken for a number", texts[i]);
        assert_int_equal(err.status, HU_EPARSE);
        assert_true(strlen(err.text) > 20);
        assert_int_equal(hu_num_compare(x, hu_num_from_u64(77)), 0);
    }
}

static void codes(void **state)
{
    (void)state;
    static const struct { const char *text; int bits; hu_code want; bool good; } want[] = {
        {"0x3c", 8, 0x3c, true}, {"60", 8, 60, true}, {"0X3C", 8, 0x3c, true}, {"0xff", 8, 255, true},
        {"255", 8, 255, true},
        {"0x100", 8, 0, false}, {"256", 8, 0, false}, {"16", 4, 0, false}, {"15", 4, 15, true},
        {"0x000000000f", 4, 15, true}, {"", 8, 0, false},
        {"0x", 8, 0, false}, {"-1", 8, 0, false}, {"0x3g", 8, 0, false}, {"3c", 8, 0, false},
        {" 3", 8, 0, false}, {"3 ", 8, 0, false},
        {"99999999999999999999999999999999999999999999999999", 78, 0, false},
        {"0xffffffffffffffff", 64, UINT64_MAX, true}, {"0x10000000000000000", 64, 0, false},
        {"0x3fffffffffffffffffff", 78, ((hu_code)1 << 78) - 1, true},
        {"302231454903657293676543", 78, ((hu_code)1 << 78) - 1, true},
        {"302231454903657293676544", 78, 0, false},
    };
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        hu_code code = 5;
        hu_error err = {0};
        hu_status status = hu_code_from_text(want[i].text, want[i].bits, &code, &err);
        if ((status == HU_OK) != want[i].good || code != (want[i].good ? want[i].want : 5))
            fail_msg("code '%s' of %d bits: status %d", want[i].text, want[i].bits, (int)status);
    }
    char text[HU_TEXT_SIZE];
    assert_string_equal(hu_code_to_text(0x3c, 8, text), "0x3c");
    assert_string_equal(hu_code_to_text(5, 6, text), "0x05");
    assert_string_equal(hu_code_to_text(5, 4, text), "0x5");
    assert_string_equal(hu_code_to_text(((hu_code)1 << 77) | 10, 78, text), "0x2000000000000000000a");
}

static void doubles(void **state)
{
    (void)state;
    truth_tally tally = {0};
    test_random random = {45};
    for (const char *const *name = names; *name; name++) {
        const hu_format *f = truth_format(*name);
        for (int i = 0; i < 2000; i++) {
            hu_ref_value v;
            hu_ref_value_init(&v);
            hu_ref_decode(truth_format("e11m52"), truth_draw(truth_format("e11m52"), &random), &v);
            if (v.kind == HU_REF_FINITE) {
                double x = mpfr_get_d(v.x, MPFR_RNDN);
                hu_ref_exact exact = hu_ref_from_mpfr(v.x, 0);
                hu_ref_env where = {.mode = (hu_ref_mode)(i % HU_REF_MODES)};
                hu_env env = hu_env_default();
                env.rounding = truth_rounding(where.mode);
                hu_flags flags = 0;
                hu_code want = hu_ref_round(f, &where, &exact, &flags);
                hu_code got = hu_from_double(f, &env, x);
                truth_expect(&tally, "from_double", f, where.mode, NULL, 0, got, env.flags, want, flags);
                hu_ref_decode(f, got, &v);
                if (v.kind == HU_REF_FINITE) {
                    double back = hu_to_double(f, got), nearest = mpfr_get_d(v.x, MPFR_RNDN);
                    assert_memory_equal(&back, &nearest, sizeof back);
                }
            }
            hu_ref_value_clear(&v);
        }
    }
    truth_report(&tally, "from and to double");
}

static const struct CMUnitTest claims[] = {
    CLAIM("random decimal and hexadecimal texts are rounded once, as by MPFR, in every mode", read_random),
    CLAIM("midpoints with all their digits, and with one more, are rounded as by MPFR", read_midpoints),
    CLAIM("every code is written so that it reads back, in decimal and in hexadecimal", write_and_read),
    CLAIM("decimals are written correctly rounded to 17 digits", written_digits),
    CLAIM("numbers are written in the forms that the manual shows", written_forms),
    CLAIM("infinities, NaN, signed zeros and huge exponents are read", special_words),
    CLAIM("what is no number is refused, and the output left alone", refused),
    CLAIM("codes are read and written in hexadecimal, and refused when too wide", codes),
    CLAIM("doubles go to every format and back as by MPFR", doubles),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
