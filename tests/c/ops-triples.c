/* ops-triples.c - fma for every triple of codes of the 6-bit and smaller formats, against MPFR. */
#include "tests/lib/truth.h"

enum { MAX_CODES = 64 };

static hu_ref_value value[MAX_CODES];

static void all_triples(truth_tally *tally, const char *format, const truth_settings *settings)
{
    const hu_format *f = truth_format(format);
    truth_op op = truth_op_find("fma");
    int n = 1 << (1 + f->exp_bits + f->man_bits);
    for (int i = 0; i < n; i++)
        hu_ref_decode(f, (hu_code)i, &value[i]);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int k = 0; k < n; k++)
                truth_compare(tally, &op, f, settings, (const hu_code[3]){(hu_code)i, (hu_code)j, (hu_code)k},
                              (const hu_ref_value *const[3]){&value[i], &value[j], &value[k]});
}

static void formats(const char *what, const char *const *format, const truth_settings *settings)
{
    truth_tally tally = {0};
    for (int i = 0; i < MAX_CODES; i++)
        hu_ref_value_init(&value[i]);
    for (; *format; format++)
        all_triples(&tally, *format, settings);
    for (int i = 0; i < MAX_CODES; i++)
        hu_ref_value_clear(&value[i]);
    truth_report(&tally, what);
}

static void six_bits(void **state)
{
    (void)state;
    static const char *const quick[] = {"e3m2", "e2m3fn", NULL};
    static const char *const more[] = {"e2m3", "e3m2fn", "e3m2fnuz", "e4m1", "e3m2{subnormals=flush}", NULL};
    formats("fma, 6-bit formats", quick, &truth_default);
    if (test_long())
        formats("fma, more 6-bit formats", more, &truth_all);
}

static void four_bits(void **state)
{
    (void)state;
    static const char *const names[] = {"e2m1", "e2m1fn", "e2m1fnuz", "e3m0", "e3m0fn", "e2m2", "e3m1fn",
                                        "e2m1{subnormals=flush}", NULL};
    formats("fma, 4- and 5-bit formats", names, &truth_all);
}

static void payloads(void **state)
{
    (void)state;
    static const char *const names[] = {"e2m2", NULL};
    truth_settings settings = truth_default;
    settings.nan = HU_NAN_PROPAGATE;
    formats("fma, NaN payloads", names, &settings);
}

/* IEEE 754-2019, section 7.2 c leaves it open whether fma(0, inf, quiet NaN) raises invalid. Here it does. */
static void zero_times_infinity_plus_nan(void **state)
{
    (void)state;
    const hu_format *f = truth_format("e5m10");
    hu_env env = hu_env_default();
    assert_true(hu_fma(f, &env, 0x0000, 0x7c00, 0x7e01) == 0x7e00);
    assert_int_equal(env.flags, HU_INVALID);
    env = hu_env_default();
    assert_true(hu_fma(f, &env, 0x3c00, 0x7c00, 0x7e01) == 0x7e00);
    assert_int_equal(env.flags, 0);
}

static const struct CMUnitTest claims[] = {
    CLAIM("fma of all triples of 6-bit formats agrees with MPFR in all modes and flags", six_bits),
    CLAIM("fma of all triples of 4- and 5-bit formats agrees with MPFR, policies included", four_bits),
    CLAIM("the first NaN's payload and sign go through fma when asked for", payloads),
    CLAIM("fma(0, inf, NaN) is NaN and raises invalid; fma(1, inf, NaN) raises nothing", zero_times_infinity_plus_nan),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
