/* takum.c - linear takums against the formula of their definition in exact rational arithmetic. */
#include "tests/c/tapered-cases.h"

/* ((1 - 3 S) + f) * 2^((-1)^S (c + S)), arXiv 2404.18603; es is not looked at */
static void takum_value(mpq_t out, hu_u128 code, int n, int es)
{
    (void)es;
    int sign = bit_at(code, n, 0), direction = bit_at(code, n, 1), field = bits_from(code, n, 2, 3);
    int r = direction ? field : 7 - field;
    long c = bits_from(code, n, 5, r) + (direction ? (1L << r) - 1 : 1 - (1L << (r + 1)));
    fraction_value(out, code, n, 5 + r, sign ? -(c + 1) : c);
}

static const family_case every_code[] = {
    {"takum2", 2, 0}, {"takum3", 3, 0}, {"takum5", 5, 0}, {"takum6", 6, 0}, {"takum8", 8, 0}, {"takum11", 11, 0}, {"takum12", 12, 0},
    {"takum13", 13, 0}, {"takum16", 16, 0}, {"takum32", 32, 0}, {"takum47", 47, 0}, {"takum64", 64, 0},
};

static const family_case every_pair[] = {{"takum8", 8, 0}, {"takum2", 2, 0}, {"takum3", 3, 0}, {"takum4", 4, 0}, {"takum6", 6, 0}};

static void known_values(void **state)
{
    (void)state;
    static const struct { const char *name; uint64_t code; double value; } known[] = {
        {"takum8", 0x40, 1}, {"takum8", 0xc0, -1}, {"takum8", 0x7f, 0x1p239}, {"takum8", 0x01, 0x1p-239}, {"takum8", 0x44, 1.5},
        {"takum8", 0x3c, 0.75}, {"takum16", 0x4000, 1}, {"takum16", 0x4800, 2}, {"takum16", 0x4a00, 3}, {"takum16", 0x3800, 0.5},
        {"takum16", 0x7fff, 0x1.fp254}, {"takum16", 0x0001, 0x1.1p-255}, {"takum16", 0xb600, -3}, {"takum12", 0x7ff, 0x1p254},
        {"takum2", 1, 1}, {"takum2", 3, -1},
    };
    for (size_t i = 0; i < TEST_COUNT(known); i++) {
        double got = hu_to_double(hu_format_find(known[i].name, NULL), known[i].code);
        if (got != known[i].value)
            fail_msg("%s 0x%x: %a, want %a", known[i].name, (unsigned)known[i].code, got, known[i].value);
    }
    const hu_format *f = hu_format_find("takum16", NULL);
    assert_true(f->nan_code == 0x8000 && f->max_code == 0x7fff && f->emax == 254 && f->emin == -255);
    assert_true(hu_num_to_double(hu_format_epsilon(f)) == 0x1p-11);
    assert_true(hu_format_epsilon(hu_format_find("takum2", NULL)).kind == HU_ZERO);
}

static void names(void **state)
{
    (void)state;
    static const char *const none[] = {"takum1", "takum65", "takum", "takum08", "takum16x", "takum_16", "takum_linear", "takum_linear65",
                                       "takum16{linear}", "takum99999999999"};
    hu_error err;
    assert_ptr_equal(hu_format_find("takum_linear16", &err), hu_format_find("takum16", &err));
    for (size_t i = 0; i < TEST_COUNT(none); i++) {
        err.text[0] = '\0';
        assert_null(hu_format_find(none[i], &err));
        assert_true(err.text[0] != '\0');
    }
}

#define VALUE takum_value
#include "tests/c/tapered-claims.h"

static const struct CMUnitTest claims[] = {
    CLAIM("codes have the values that follow from the definition by hand", known_values),
    CLAIM("a takum is named by its bits", names),
    TAPERED_CLAIMS,
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
