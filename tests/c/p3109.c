/* p3109.c - the formats of IEEE P3109 against the working group's tables and against the report's Decode. */
#include <stdio.h>
#include <string.h>

#include "tests/c/p3109-report.h"

/* --- the tables --- */

/* "-0x1.8p-3" as num and exp with value num * 2^exp. */
static long read_hex(const char *text, bool *negative, long *exp)
{
    long num = 0, places = 0;
    bool point = false;
    *negative = *text == '-';
    text += *negative;
    assert_true(strncmp(text, "0x", 2) == 0);
    for (text += 2; *text && *text != 'p'; text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        const char *digits = "0123456789abcdef", *digit = strchr(digits, *text);
        assert_non_null(digit);
        num = num * 16 + (digit - digits);
        places += point;
    }
    assert_true(*text == 'p' && sscanf(text + 1, "%ld", exp) == 1);
    *exp -= 4 * places;
    return num;
}

static hu_num read_value(const char *text)
{
    bool negative;
    long exp;
    if (strcmp(text, "NaN") == 0)
        return hu_num_nan();
    if (strcmp(text, "Inf") == 0 || strcmp(text, "-Inf") == 0)
        return hu_num_inf(*text == '-');
    long num = read_hex(text, &negative, &exp);
    return num ? hu_num_make(negative, (hu_u128)num, (int)exp) : hu_num_zero(negative);
}

static void compare_line(const hu_format *f, hu_code code, const char *text, bool subnormal)
{
    hu_num got = hu_decode(f, code), want = read_value(text);
    bool same = got.kind == want.kind && got.negative == want.negative
        && (got.kind != HU_FINITE || (got.exp == want.exp && got.sig == want.sig));
    if (!same)
        fail_msg("%s code 0x%x: not %s", f->name, (unsigned)code, text);
    if (got.kind == HU_FINITE && f->family->bracket(f, got).tiny != subnormal)
        fail_msg("%s code 0x%x: subnormal or not", f->name, (unsigned)code);
    for (int m = 0; hu_rounding_at(m); m++) {
        hu_env env = {.rounding = hu_rounding_at(m)};
        hu_code back = hu_round_with(f, &env, want, UINT64_MAX);
        if (back != code || env.flags)
            fail_msg("%s %s: %s becomes 0x%x, not 0x%x", f->name, env.rounding->name, text, (unsigned)back, (unsigned)code);
    }
}

static long compare_table(const report *r)
{
    char name[32], path[64], line[128], text[32], mark;
    unsigned code;
    long n = 0;
    snprintf(path, sizeof path, "p3109/B%s.csv", report_name(r, name) + 1);
    FILE *in = fopen(test_vectors(path), "r");
    assert_non_null(in);
    assert_non_null(fgets(line, sizeof line, in));                  /* the names of the columns */
    for (; fgets(line, sizeof line, in); n++) {
        assert_int_equal(sscanf(line, "%x,%31[^,],%c", &code, text, &mark), 3);
        assert_int_equal(code, n);
        compare_line(report_format(r), code, text, mark == '*');
    }
    fclose(in);
    assert_int_equal(n, 1L << r->k);
    return n;
}

static void tables(void **state)
{
    (void)state;
    long codes = 0;
    int files = 0;
    test_vectors("p3109");                                          /* absent: skipped, and said */
    for (int k = 3; k <= 8; k++)
        for (report r = {.k = k}; report_next(&r); files++)
            codes += compare_table(&r);
    test_note("%d tables, %ld codes", files, codes);
    assert_int_equal(files, 120);
}

/* --- wider formats --- */

static void compare_decode(const report *r, const hu_format *f, long code, mpq_t want, mpq_t got)
{
    static const hu_kind kinds[] = {[REPORT_INF] = HU_INF, [REPORT_NEGATIVE_INF] = HU_INF, [REPORT_NAN] = HU_NAN};
    long exp = 0;
    hu_num x = hu_decode(f, (hu_code)code);
    report_class class = report_decode(r, code, want, &exp);
    bool same;
    if (class == REPORT_FINITE) {
        same = x.kind == HU_ZERO || (x.kind == HU_FINITE && x.exp <= exp && x.exp > exp - r->p);
        if (same)
            report_from_num(got, x, exp);
        same = same && mpq_equal(got, want) && x.negative == (mpq_sgn(want) < 0);
    } else {
        same = x.kind == kinds[class] && x.negative == (class == REPORT_NEGATIVE_INF);
    }
    hu_env env = hu_env_default();
    if (!same)
        fail_msg("%s code 0x%lx is not what the report's Decode gives", f->name, code);
    if (hu_round_with(f, &env, x, 0) != (hu_code)code || env.flags)
        fail_msg("%s code 0x%lx does not survive", f->name, code);
    hu_num minus = hu_decode(f, hu_neg(f, &env, (hu_code)code));
    bool has_other = r->is_signed && x.kind != HU_NAN && x.kind != HU_ZERO;
    if (minus.kind != x.kind || minus.exp != x.exp || minus.sig != x.sig || minus.negative != (has_other ? !x.negative : x.negative))
        fail_msg("%s code 0x%lx: negation", f->name, code);
}

static void every_code(void **state)
{
    (void)state;
    mpq_t want, got;
    long codes = 0;
    int formats = 0;
    mpq_inits(want, got, NULL);
    for (int k = 3; k <= 16; k++)
        for (report r = {.k = k}; report_next(&r); formats++) {
            const hu_format *f = report_format(&r);
            for (long code = 0; code < 1L << k; code++, codes++)
                compare_decode(&r, f, code, want, got);
        }
    mpq_clears(want, got, NULL);
    test_note("%d formats, %ld codes", formats, codes);
}

static void descriptions(void **state)
{
    (void)state;
    for (int k = 3; k <= 16; k++)
        for (report r = {.k = k}; report_next(&r);) {
            const hu_format *f = report_format(&r);
            assert_string_equal(f->family->name, "p3109");
            assert_true(f->width_bits == k && f->man_bits == r.p - 1 && f->bias == report_bias(&r));
            assert_true(f->is_signed == r.is_signed && f->has_inf == r.extended && f->has_nan && !f->has_negative_zero);
            assert_true(f->max_code == (hu_code)report_max_code(&r));
            assert_int_equal(hu_decode(f, f->max_code).exp, f->emax);
            assert_true(hu_decode(f, f->nan_code).kind == HU_NAN);
            assert_true(r.extended ? hu_decode(f, f->inf_code).kind == HU_INF : f->inf_code == f->max_code);
            assert_int_equal(hu_num_compare(hu_format_min_subnormal(f), hu_decode(f, 1)), 0);
            assert_int_equal(hu_num_compare(hu_format_min_normal(f), hu_decode(f, (hu_code)1 << (r.p - 1))), 0);
        }
}

/* --- what is known of single formats --- */

static void landmarks(void **state)
{
    (void)state;
    static const struct { const char *name, *max, *min; unsigned max_code; } known[] = {
        {"binary8p3se", "49152", "0x1p-17", 0x7e},   {"binary8p4se", "224", "0x1p-10", 0x7e},
        {"binary8p4sf", "240", "0x1p-10", 0x7f},     {"binary8p3sf", "57344", "0x1p-17", 0x7f},
        {"binary8p5se", "15", "0x1p-7", 0x7e},       {"binary8p1se", "0x1p62", "0x1p-63", 0x7e},
        {"binary8p1uf", "0x1p126", "0x1p-127", 0xfe}, {"binary6p3se", "12", "0x1p-5", 0x1e},
        {"binary6p3sf", "14", "0x1p-5", 0x1f},       {"binary4p2se", "2", "0.25", 0x6}, {"binary4p2sf", "3", "0.25", 0x7},
    };
    for (size_t i = 0; i < TEST_COUNT(known); i++) {
        const hu_format *f = hu_format_find(known[i].name, NULL);
        hu_num max, min;
        assert_true(f && hu_num_from_text(known[i].max, &max, NULL) == HU_OK && hu_num_from_text(known[i].min, &min, NULL) == HU_OK);
        assert_true(f->max_code == known[i].max_code);
        if (hu_num_compare(hu_format_max(f), max) != 0 || hu_num_compare(hu_format_min_subnormal(f), min) != 0)
            fail_msg("%s: largest %s and smallest %s", f->name, known[i].max, known[i].min);
    }
}

/* Every value is half of the one e2m1fn has at that place. */
static void half_of_fp4(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("binary4p2sf", NULL), *fp4 = hu_format_find("e2m1fn", NULL);
    for (hu_code code = 0; code < 16; code++) {
        hu_num half = hu_decode(fp4, code), x = hu_decode(f, code);
        half.exp -= half.kind == HU_FINITE;
        assert_true(code == 8 ? x.kind == HU_NAN : hu_num_compare(x, half) == 0);
    }
    assert_true(hu_decode(hu_format_find("binary8p1uf", NULL), 0).kind == HU_ZERO);
}

static void names(void **state)
{
    (void)state;
    static const char *const wrong[] = {"binary8p4", "binary8p4s", "binary8p4es", "binary8p4se ", "binary8p4sE", "BINARY8p4se", "binary8p0se",
                                        "binary8p8se", "binary8p9ue", "binary2p1se", "binary65p60se", "binary64p1se", "binary64p64ue",
                                        "binaryp4se", "binary8pse", "binary-8p4se", "binary8p4se{bias=1}", "binary99999999999999999999p4se"};
    assert_ptr_equal(hu_format_find("Binary8p4se", NULL), hu_format_find("binary8p4se", NULL));
    assert_string_equal(hu_format_find("Binary11p5uf", NULL)->name, "binary11p5uf");
    assert_ptr_equal(hu_format_find("Binary11p5uf", NULL), hu_format_find("binary11p5uf", NULL));
    assert_string_equal(hu_format_find("binary16", NULL)->name, "e5m10");
    for (size_t i = 0; i < TEST_COUNT(wrong); i++) {
        hu_error err = {0};
        if (hu_format_find(wrong[i], &err) || !err.text[0])
            fail_msg("'%s' is taken, or refused without a word", wrong[i]);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("every code of the working group's tables has their value and class, and every value its code", tables),
    CLAIM("every code of every format of 3 to 16 bits is what the report's Decode says, survives and negates", every_code),
    CLAIM("a format says of itself what the report does", descriptions),
    CLAIM("largest and smallest values are the published ones", landmarks),
    CLAIM("binary4p2sf is half of e2m1fn with a NaN for -0; binary8p1uf has a zero", half_of_fp4),
    CLAIM("names are read with either b, and wrong ones refused with a reason", names),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
