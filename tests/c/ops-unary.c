/* ops-unary.c - every 16-bit code: square root, integral values, and conversions to formats and integers. */
#include "tests/lib/truth.h"

static const char *const sources[] = {"e5m10", "e8m7", NULL};
static const char *const small_sources[] = {"e4m3", "e5m2", "e4m3fn", "e4m3fnuz", "e3m2fn", "e2m3fn", "e2m1fn", "e5m0",
                                            "e3m4{bias=-1}", "e5m2{subnormals=flush}", "e5m2fnuz", NULL};
static const char *const targets[] = {"e5m10", "e8m7", "e4m3", "e5m2", "e4m3fn", "e4m3fnuz", "e2m3fn", "e2m1fn", "e8m23",
                                      "e11m52", "e4m0", "e15m62", "e8m7{subnormals=flush}", "e3m12{bias=20}", NULL};

static uint64_t code_count(const hu_format *f)
{
    return UINT64_C(1) << (1 + f->exp_bits + f->man_bits);
}

static void all_roots(truth_tally *tally, const hu_format *f)
{
    truth_op op = truth_op_find("sqrt");
    hu_ref_value v;
    hu_ref_value_init(&v);
    for (uint64_t i = 0; i < code_count(f); i++) {
        hu_ref_decode(f, i, &v);
        truth_compare(tally, &op, f, &truth_default, (const hu_code[3]){i}, (const hu_ref_value *const[3]){&v});
    }
    hu_ref_value_clear(&v);
}

static void square_roots(void **state)
{
    (void)state;
    truth_tally tally = {0};
    for (const char *const *name = sources; *name; name++)
        all_roots(&tally, truth_format(*name));
    for (const char *const *name = small_sources; *name; name++)
        all_roots(&tally, truth_format(*name));
    truth_report(&tally, "sqrt");
}

static void all_rints(truth_tally *tally, const char *name)
{
    const hu_format *f = truth_format(name);
    hu_ref_value v;
    hu_ref_value_init(&v);
    for (uint64_t i = 0; i < code_count(f); i++) {
        hu_ref_decode(f, i, &v);
        hu_ref_exact x = hu_ref_from_value(&v);
        truth_compare_rint(tally, f, i, &x);
    }
    hu_ref_value_clear(&v);
}

static void integral_values(void **state)
{
    (void)state;
    truth_tally tally = {0};
    for (const char *const *name = sources; *name; name++)
        all_rints(&tally, *name);
    for (const char *const *name = small_sources; *name; name++)
        all_rints(&tally, *name);
    truth_report(&tally, "rint");
}

static void all_conversions(truth_tally *tally, const char *const *from_names, const truth_settings *settings)
{
    hu_ref_value v;
    hu_ref_value_init(&v);
    for (; *from_names; from_names++) {
        const hu_format *from = truth_format(*from_names);
        for (const char *const *name = targets; *name; name++) {
            const hu_format *to = truth_format(*name);
            for (uint64_t i = 0; i < code_count(from); i++) {
                hu_ref_decode(from, i, &v);
                hu_ref_exact x = hu_ref_from_value(&v);
                truth_compare_convert(tally, from, to, i, &x, settings);
            }
        }
    }
    hu_ref_value_clear(&v);
}

static void conversions(void **state)
{
    (void)state;
    truth_tally tally = {0};
    truth_settings one_rule = {.overflow_policies = 1, .tininess_rules = 1};
    all_conversions(&tally, sources, test_long() ? &truth_all : &one_rule);
    all_conversions(&tally, small_sources, &truth_all);
    truth_report(&tally, "conversions");
}

static void conversions_of_payloads(void **state)
{
    (void)state;
    truth_tally tally = {0};
    truth_settings propagate = {.overflow_policies = 1, .tininess_rules = 1, .nan = HU_NAN_PROPAGATE};
    all_conversions(&tally, small_sources, &propagate);
    truth_report(&tally, "conversions of NaN payloads");
}

static void to_integers(void **state)
{
    (void)state;
    truth_tally tally = {0};
    hu_ref_value v;
    hu_ref_value_init(&v);
    const char *const *const lists[] = {sources, small_sources};
    for (size_t l = 0; l < TEST_COUNT(lists); l++)
        for (const char *const *name = lists[l]; *name; name++) {
            const hu_format *f = truth_format(*name);
            for (uint64_t i = 0; i < code_count(f); i++) {
                hu_ref_decode(f, i, &v);
                hu_ref_exact x = hu_ref_from_value(&v);
                truth_compare_integers(&tally, f, i, &x);
            }
        }
    hu_ref_value_clear(&v);
    truth_report(&tally, "to integers");
}

static hu_ref_exact exact_integer(uint64_t magnitude, bool negative)
{
    mpfr_t x;
    mpfr_init2(x, 64);
    mpfr_set_ui(x, magnitude, MPFR_RNDZ);
    if (negative)
        mpfr_neg(x, x, MPFR_RNDZ);
    hu_ref_exact e = hu_ref_from_mpfr(x, 0);
    if (magnitude == 0)
        e.negative = false;
    mpfr_clear(x);
    return e;
}

static void compare_from_integer(truth_tally *tally, const hu_format *f, uint64_t bits)
{
    int64_t n = (int64_t)bits;
    hu_ref_exact with_sign = exact_integer(n < 0 ? 0 - bits : bits, n < 0);
    hu_ref_exact without = exact_integer(bits, false);
    hu_code code = bits;
    for (int m = 0; m < HU_REF_MODES; m++) {
        hu_ref_env where = {.mode = (hu_ref_mode)m};
        hu_env env = hu_env_default();
        env.rounding = truth_rounding(where.mode);
        hu_flags want_flags = 0;
        hu_code want = hu_ref_round(f, &where, &with_sign, &want_flags);
        hu_code got = hu_from_i64(f, &env, n);
        truth_expect(tally, "from_i64", f, where.mode, &code, 1, got, env.flags, want, want_flags);
        env.flags = want_flags = 0;
        want = hu_ref_round(f, &where, &without, &want_flags);
        got = hu_from_u64(f, &env, bits);
        truth_expect(tally, "from_u64", f, where.mode, &code, 1, got, env.flags, want, want_flags);
    }
    tally->tuples++;
}

static void from_integers(void **state)
{
    (void)state;
    truth_tally tally = {0};
    test_random random = {11};
    for (const char *const *name = targets; *name; name++) {
        const hu_format *f = truth_format(*name);
        for (uint64_t n = 0; n < 300; n++) {
            compare_from_integer(&tally, f, n);
            compare_from_integer(&tally, f, 0 - n);
            compare_from_integer(&tally, f, (UINT64_C(1) << 63) + n - 150);
        }
        for (int shift = 0; shift < 64; shift++)
            for (int i = 0; i < 20; i++) {
                compare_from_integer(&tally, f, test_random_bits(&random) >> shift);
                compare_from_integer(&tally, f, (UINT64_C(1) << shift) + test_random_below(&random, 9) - 4);
                compare_from_integer(&tally, f, (test_random_bits(&random) >> shift) & ~UINT64_C(0) << (shift / 2));
            }
    }
    truth_report(&tally, "from integers");
}

/* neg and abs change the sign bit alone, of NaNs too; without a negative zero they leave such a code alone. */
static void sign_operations(void **state)
{
    (void)state;
    truth_tally tally = {0};
    const char *const *const lists[] = {sources, small_sources};
    for (size_t l = 0; l < TEST_COUNT(lists); l++)
        for (const char *const *name = lists[l]; *name; name++) {
            const hu_format *f = truth_format(*name);
            hu_code sign = hu_ref_sign_bit(f);
            for (hu_code code = 0; code < code_count(f); code++, tally.tuples++) {
                bool fixed = f->specials == HU_SPECIALS_FNUZ && (code & (sign - 1)) == 0;
                hu_env env = hu_env_default();
                truth_expect(&tally, "neg", f, HU_REF_RNE, &code, 1, hu_neg(f, &env, code), env.flags,
                             fixed ? code : code ^ sign, 0);
                truth_expect(&tally, "abs", f, HU_REF_RNE, &code, 1, hu_abs(f, &env, code), env.flags,
                             fixed ? code : code & ~sign, 0);
            }
        }
    truth_report(&tally, "neg abs");
}

static const struct CMUnitTest claims[] = {
    CLAIM("the square root of every 16-bit code and of small formats agrees with MPFR", square_roots),
    CLAIM("rint of every 16-bit code and of small formats agrees with MPFR", integral_values),
    CLAIM("every 16-bit and small code converts to every target format as by MPFR", conversions),
    CLAIM("conversions keep the upper bits of NaN payloads when asked for", conversions_of_payloads),
    CLAIM("every 16-bit and small code converts to integers of 1 to 64 bits as by MPFR", to_integers),
    CLAIM("integers convert to every target format as by MPFR", from_integers),
    CLAIM("neg and abs touch the sign bit alone", sign_operations),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
