/* logarithmic-arrays.c - logarithmic numbers in arrays, and their conversion to and from other formats. */
#include <math.h>
#include <mpfr.h>
#include <string.h>

#include "src/kernel/kernel.h"
#include "src/ops/bits.h"
#include "tests/lib/logarithms.h"
#include "tests/lib/test.h"

/* In arrays the nearest carrier number stands for a value, in every mode. */
static void check_carriers(const log_family *t, hu_code code, const hu_rounding *mode)
{
    const hu_format *f = log_format(t);
    hu_error err;
    hu_env env = hu_env_default();
    uint64_t in = (uint64_t)code, out;
    double value, again, nearest;
    env.rounding = mode;
    assert_int_equal(hu_decode_f64(&value, &in, 1, f, &err), HU_OK);
    assert_int_equal(hu_encode_f64(&out, &value, 1, f, &env, &err), HU_OK);
    assert_true(out == in && env.flags == 0);
    if (code % 8 != 0 && t->width > 8)
        return;
    assert_int_equal(hu_quantize_f64(&again, &value, 1, f, &env, &err), HU_OK);
    assert_true(memcmp(&again, &value, sizeof value) == 0 && env.flags == 0);
    if (log_read(t, code, &(bool){0}, &(wide){0})) {
        hu_num x = hu_decode(f, code);
        x.sticky = x.sig << 53 == 0 ? x.sticky : true;
        nearest = hu_num_to_double(x);
        assert_true(nearest == value);
    }
    if (hu_fits_f32(f)) {
        float single = (float)value, same;
        assert_int_equal(hu_quantize_f32(&same, &single, 1, f, &env, &err), HU_OK);
        assert_true(memcmp(&single, &same, sizeof same) == 0 && env.flags == 0);
    }
}

static void carriers(void **state)
{
    (void)state;
    hu_error err;
    uint64_t n = 0;
    double x = 1;
    for (size_t i = 0; i < LOG_SMALL + LOG_MEDIUM; i++) {
        const log_family *t = &log_families[i];
        assert_true(hu_fits_f64(log_format(t)));
        for (hu_code code = 0; code >> t->width == 0; code++, n++)
            check_carriers(t, code, log_rounding(code / 8 % 8));
    }
    assert_true(hu_fits_f32(hu_format_find("lns8.3", &err)) && !hu_fits_f32(hu_format_find("takum_log16", &err)));
    static const char *const none[] = {"takum_log64", "lns16.8", "lns8.47"};
    for (size_t i = 0; i < TEST_COUNT(none); i++) {
        hu_env env = hu_env_default();
        bool fits = strcmp(none[i], "lns8.47") == 0;
        assert_int_equal(hu_quantize_f64(&x, &x, 1, hu_format_find(none[i], &err), &env, &err), fits ? HU_OK : HU_EINVAL);
    }
    test_note("%llu codes", (unsigned long long)n);
}

/* Elementwise operations on arrays are those on the codes; a factor that is no value is taken as it is. */
static void arrays(void **state)
{
    (void)state;
    static const log_family t = {"lns4.3", 8, 3};
    const hu_format *f = log_format(&t);
    hu_error err;
    for (int i = 0; i < 256; i++)
        for (int m = 0; m < 8; m++) {
            hu_code a = (hu_code)i, b = (hu_code)(i * 37 + m) & 255;
            hu_env env = hu_env_default(), own = hu_env_default();
            env.rounding = own.rounding = log_rounding(m);
            double x = hu_to_double(f, a), y = hu_to_double(f, b), got;
            assert_int_equal(hu_map_f64(&got, m & 1 ? HU_MUL : HU_ADD, &x, &y, NULL, 1, f, &env, &err), HU_OK);
            double want = hu_to_double(f, m & 1 ? hu_mul(f, &own, a, b) : hu_add(f, &own, a, b));
            assert_true((got == want || (got != got && want != want)) && env.flags == own.flags);
        }
    hu_env env = hu_env_default();
    double x = 3, y = 5, got;
    assert_int_equal(hu_map_f64(&got, HU_MUL, &x, &y, NULL, 1, f, &env, &err), HU_OK);
    hu_env own = hu_env_default();
    assert_true(got == hu_to_double(f, hu_from_double(f, &own, 15)) && env.flags == HU_INEXACT);
}

/* Between formats: codes of one base are taken over exactly, others by the nearest logarithm. */
static void conversions(void **state)
{
    (void)state;
    hu_error err;
    const hu_format *narrow = hu_format_find("lns4.3", &err), *wider = hu_format_find("lns8.7", &err), *takum = hu_format_find("takum_log16", &err);
    for (hu_code code = 0; code < 256; code++)
        for (size_t m = 0; m < TEST_COUNT(log_modes); m++) {
            hu_env env = hu_env_default();
            env.rounding = log_rounding(m);
            assert_true(hu_convert(wider, narrow, &env, hu_convert(narrow, wider, &env, code)) == code && env.flags == 0);
            hu_num there = hu_decode(takum, hu_convert(narrow, takum, &env, code)), x = hu_decode(narrow, code);
            if (x.kind == HU_NAN)
                continue;
            int order = hu_num_compare(there, x);
            assert_true(m == 3 ? order >= 0 : m == 4 ? order <= 0 : true);
        }
}

/* To formats of more than 128 bits, too, the value is rounded once. */
static void wide_conversions(void **state)
{
    (void)state;
    hu_error err;
    test_random random = {54};
    const hu_format *to = hu_format_find("e19m236", &err);
    for (size_t i = LOG_SMALL; i < LOG_SMALL + LOG_MEDIUM; i++)
        for (int n = 0; n < 300; n++) {
            const log_family *t = &log_families[i];
            hu_code code = log_draw(t, &random);
            bool negative;
            wide k;
            if (!log_read(t, code, &negative, &k))
                continue;
            hu_env env = hu_env_default();
            hu_bits from = hu_bits_from_code(code), out;
            hu_bits_convert(log_format(t), to, &env, &from, &out);
            char text[HU_TEXT_SIZE];
            mpfr_t want, got;
            mpfr_inits2(LOG_PRECISION, want, got, NULL);
            log_power(t, want, log_of(t, k));
            mpfr_prec_round(want, 237, MPFR_RNDN);
            mpfr_setsign(want, want, negative, MPFR_RNDN);
            mpfr_strtofr(got, hu_bits_to_hex(to, &out, text), NULL, 0, MPFR_RNDN);
            assert_true(mpfr_equal_p(got, want));
            mpfr_clears(want, got, NULL);
        }
}

static const struct CMUnitTest claims[] = {
    CLAIM("the carrier number nearest to a value stands for it: codes survive arrays in every mode", carriers),
    CLAIM("operations on arrays are those on codes", arrays),
    CLAIM("conversions keep what is a value and round what is not the right way", conversions),
    CLAIM("conversions to formats of 237 bits of precision are rounded from all their bits", wide_conversions),
};

int main(void)
{
    int failed = test_main(claims, TEST_COUNT(claims));
    mpfr_free_cache();
    return failed;
}
