/* posit.c - posits against the formula of the standard in exact rational arithmetic. */
#include "tests/c/tapered-cases.h"

/* ((1 - 3 s) + f) * 2^((1 - 2 s) (2^es r + e + s)), Standard for Posit Arithmetic (2022), section 3.3 */
static void posit_value(mpq_t out, hu_u128 code, int n, int es)
{
    int sign = bit_at(code, n, 0), first = bit_at(code, n, 1), run = 1;
    while (1 + run < n && bit_at(code, n, 1 + run) == first)
        run++;
    long regime = first ? run - 1 : -run;
    int e = bits_from(code, n, run + 2, es);
    fraction_value(out, code, n, run + 2 + es, (1 - 2 * sign) * (regime * (1L << es) + e + sign));
}

static const family_case every_code[] = {
    {"posit3", 3, 2}, {"posit4_0", 4, 0}, {"posit4", 4, 2}, {"posit5_1", 5, 1}, {"posit6_5", 6, 5}, {"posit8_0", 8, 0}, {"posit8_1", 8, 1},
    {"posit8", 8, 2}, {"posit8_3", 8, 3}, {"posit16", 16, 2}, {"posit16_1", 16, 1}, {"posit16_5", 16, 5}, {"posit32", 32, 2},
    {"posit33_4", 33, 4}, {"posit64", 64, 2}, {"posit64_0", 64, 0}, {"posit64_5", 64, 5}, {"posit63_1", 63, 1},
};

static const family_case every_pair[] = {
    {"posit8", 8, 2}, {"posit8_0", 8, 0}, {"posit3", 3, 2}, {"posit4_0", 4, 0}, {"posit5_1", 5, 1}, {"posit6_3", 6, 3}, {"posit6_5", 6, 5},
};

static void known_values(void **state)
{
    (void)state;
    static const struct { const char *name; uint64_t code; double value; } known[] = {
        {"posit8", 0x40, 1}, {"posit8", 0xc0, -1}, {"posit8", 0x7f, 0x1p24}, {"posit8", 0x01, 0x1p-24}, {"posit8", 0x81, -0x1p24},
        {"posit16", 0x4000, 1}, {"posit16", 0x7fff, 0x1p56}, {"posit16", 0x0001, 0x1p-56}, {"posit16", 0x4800, 2},
        {"posit16", 0x4c00, 3}, {"posit16", 0xb400, -3}, {"posit32", 0x40000000, 1}, {"posit32", 0x7fffffff, 0x1p120},
        {"posit32", 0x4c90fdaa, 0x1.921fb54p+1},
        {"posit8_0", 0x40, 1}, {"posit8_0", 0x7f, 64}, {"posit8_0", 0x60, 2}, {"posit8_0", 0x20, 0.5}, {"posit16_1", 0x7fff, 0x1p28},
    };
    for (size_t i = 0; i < TEST_COUNT(known); i++)
        assert_true(hu_to_double(hu_format_find(known[i].name, NULL), known[i].code) == known[i].value);
    const hu_format *f = hu_format_find("posit16", NULL);
    assert_true(f->nan_code == 0x8000 && f->max_code == 0x7fff && f->emax == 56 && f->emin == -56);
    assert_true(hu_num_to_double(hu_format_epsilon(f)) == 0x1p-11);
    assert_true(hu_num_to_double(hu_format_epsilon(hu_format_find("posit3", NULL))) == 15);
}

static void names(void **state)
{
    (void)state;
    static const char *const none[] = {"posit2", "posit65", "posit", "posit08", "posit8_6", "posit8_", "posit8_02", "posit8_2x",
                                       "posit8{es=2}", "posit-8", "posit99999999999", "Posit8"};
    hu_error err;
    assert_ptr_equal(hu_format_find("posit8_2", &err), hu_format_find("posit8", &err));
    assert_string_equal(hu_format_find("posit12_3", &err)->name, "posit12_3");
    for (size_t i = 0; i < TEST_COUNT(none); i++) {
        err.text[0] = '\0';
        assert_null(hu_format_find(none[i], &err));
        assert_true(err.text[0] != '\0');
    }
}

#define VALUE posit_value
#include "tests/c/tapered-claims.h"

static const struct CMUnitTest claims[] = {
    CLAIM("codes have the values that follow from the standard by hand", known_values),
    CLAIM("a posit is named by its bits and its exponent bits, 2 when left out", names),
    TAPERED_CLAIMS,
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
