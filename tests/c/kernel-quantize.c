/* kernel-quantize.c - arrays are quantized, encoded and decoded like their elements one by one. */
#include "tests/c/kernel-cases.h"

#include <stdlib.h>

#include "src/base/memory.h"

enum { N = 1200, N_MANY = 70001 };

typedef hu_status quantize_f32(float *out, const float *in, size_t n, const hu_format *f, hu_env *env, hu_error *err);

static double in[N_MANY], got[N_MANY];
static float in_f32[N_MANY], got_f32[N_MANY];

static size_t fill(const hu_format *f, uint64_t seed)
{
    test_random r = {seed};
    size_t n = case_edges(in, N, f);
    assert_true(n > 100);
    while (n < N)
        in[n++] = case_random(&r, f);
    for (size_t i = 0; i < N; i++)
        in_f32[i] = case_to_f32(in[i]);
    return N;
}

/* The same through the scalar path; returns the flags. */
static hu_flags scalar(double *out, const double *x, size_t n, const hu_format *f, hu_env env)
{
    env.flags = 0;
    for (size_t i = 0; i < n; i++)
        out[i] = case_value(f, hu_from_double(f, &env, x[i]));
    return env.flags;
}

static hu_flags scalar_f32(float *out, const float *x, size_t n, const hu_format *f, hu_env env)
{
    env.flags = 0;
    for (size_t i = 0; i < n; i++) {
        hu_num number = hu_num_from_float(x[i]);
        if (number.kind == HU_NAN) {
            env.flags |= number.signaling ? HU_INVALID : 0;
            number = hu_num_nan();
        }
        double y = case_value(f, hu_round(f, &env, number));
        out[i] = isnan(y) ? f32_value(0x7fc00000) : (float)y;
    }
    return env.flags;
}

/* env.flags: those raised before. */
static void compare_f64(const hu_format *f, hu_env env, size_t n)
{
    static double want[N_MANY];
    hu_flags flags = env.flags | scalar(want, in, n, f, env);
    uint64_t index = env.random.index;
    assert_int_equal(hu_quantize_f64(got, in, n, f, &env, NULL), HU_OK);
    for (size_t i = 0; i < n; i++) {
        if (f64_bits(got[i]) != f64_bits(want[i]))
            fail_msg("%s: element %zu: %a gives %a, want %a", case_text(f, &env), i, in[i], got[i], want[i]);
    }
    if (env.flags != flags)
        fail_msg("%s: flags 0x%x, want 0x%x", case_text(f, &env), env.flags, flags);
    assert_int_equal(env.random.index, index + (env.rounding->random_bits ? n : 0));
}

static void compare_f32(const hu_format *f, hu_env env, size_t n)
{
    static float want[N_MANY];
    hu_flags flags = env.flags | scalar_f32(want, in_f32, n, f, env);
    assert_int_equal(hu_quantize_f32(got_f32, in_f32, n, f, &env, NULL), HU_OK);
    for (size_t i = 0; i < n; i++) {
        if (f32_bits(got_f32[i]) != f32_bits(want[i]))
            fail_msg("%s: element %zu: %a (%08x) gives %a, want %a", case_text(f, &env), i, in_f32[i], f32_bits(in_f32[i]), got_f32[i], want[i]);
    }
    if (env.flags != flags)
        fail_msg("%s: flags of float 0x%x, want 0x%x", case_text(f, &env), env.flags, flags);
}

static void every_format_and_mode(void **state)
{
    (void)state;
    size_t cases = 0;
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (int i = 0; case_format(i); i++) {
            const hu_format *f = case_format(i);
            size_t n = fill(f, 100 + (uint64_t)i);
            for (int m = 0; case_mode(m); m++) {
                for (int policy = 0; policy < 3; policy++) {
                    hu_env env = hu_env_default();
                    env.rounding = case_mode(m);
                    env.overflow = (hu_overflow)policy;
                    env.tininess = (i + m + policy) % 2 ? HU_TININESS_AFTER : HU_TININESS_BEFORE;
                    env.random = (hu_random){17, (uint64_t)i, (uint64_t)m};
                    compare_f64(f, env, n);
                    if (hu_fits_f32(f))
                        compare_f32(f, env, n);
                    cases += 2 * n;
                }
            }
        }
        test_note("%s: %zu cases", hu_lanes_at(l)->name, cases);
    }
    hu_lanes_use(NULL);
}

/* Flags of one element alone, so that no other element's hide a missing one. */
static void flags_of_single_elements(void **state)
{
    (void)state;
    for (int i = 0; case_format(i); i++) {
        const hu_format *f = case_format(i);
        size_t n = fill(f, 200 + (uint64_t)i);
        for (int m = 0; case_mode(m); m++) {
            hu_env env = hu_env_default();
            env.rounding = case_mode(m);
            env.random.index = 5;
            for (int before = 0; before < 2; before++) {
                env.tininess = before ? HU_TININESS_BEFORE : HU_TININESS_AFTER;
                for (size_t k = (size_t)(m % 3); k < n; k += 3) {
                    double want;
                    hu_env own = env;
                    hu_flags flags = scalar(&want, &in[k], 1, f, env);
                    hu_quantize_f64(got, &in[k], 1, f, &own, NULL);
                    if (own.flags != flags || f64_bits(*got) != f64_bits(want))
                        fail_msg("%s: %a gives %a flags 0x%x, want %a 0x%x", case_text(f, &env), in[k], *got, own.flags, want, flags);
                    if (!hu_fits_f32(f))
                        continue;
                    float want_f32;
                    own = env;
                    flags = scalar_f32(&want_f32, &in_f32[k], 1, f, env);
                    hu_quantize_f32(got_f32, &in_f32[k], 1, f, &own, NULL);
                    if (own.flags != flags || f32_bits(*got_f32) != f32_bits(want_f32))
                        fail_msg("%s: float %a gives %a flags 0x%x, want %a 0x%x", case_text(f, &env), in_f32[k], *got_f32, own.flags, want_f32, flags);
                }
            }
        }
    }
}

/* Numbers without infinities and NaNs: in the normal range, and where asked for past its ends; some on ties. */
static void fill_finite(const hu_format *f, bool small, bool large, uint64_t seed)
{
    test_random r = {seed};
    int low = f->emin < -120 ? -120 : f->emin > 100 ? 100 : f->emin, high = f->emax > 120 ? 120 : f->emax < low + 1 ? low + 1 : f->emax;
    for (size_t i = 0; i < N; i++) {
        int exp = low + (int)test_random_below(&r, (uint64_t)(high - low)), bits = 1 + (int)test_random_below(&r, 23);
        if (small && i % 5 == 0)
            exp = low + 1 - (int)test_random_below(&r, (uint64_t)f->man_bits + 4);
        if (large && i % 5 == 1)
            exp = high + (int)test_random_below(&r, 4);
        double y = ldexp(1 + ldexp((double)test_random_below(&r, UINT64_C(1) << bits), -bits), exp);
        in_f32[i] = (float)(i % 7 == 0 ? 0 * y : test_random_below(&r, 2) ? -y : y);
        in[i] = i % 3 ? in_f32[i] : (test_random_below(&r, 2) ? -y : y) * (1 + ldexp(test_random_unit(&r), -40));
    }
}

/* Where a flag has been raised before, loops need not tell which elements raise it again; all others have to be told. */
static void flags_raised_before(void **state)
{
    (void)state;
    static const hu_flags before[] = {0, HU_INEXACT, HU_INEXACT | HU_UNDERFLOW, HU_INEXACT | HU_OVERFLOW, HU_INEXACT | HU_OVERFLOW | HU_UNDERFLOW};
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (int i = 0; case_format(i); i++) {
            const hu_format *f = case_format(i);
            for (int k = 0; k < 4; k++) {
                fill_finite(f, k & 1, k & 2, 300 + (uint64_t)(4 * i + k));
                for (int m = (i + k) % 2; case_mode(m); m += 2) {
                    hu_env env = hu_env_default();
                    env.rounding = case_mode(m);
                    env.overflow = (hu_overflow)((i + m) % 3);
                    env.tininess = (i + m / 2) % 2 ? HU_TININESS_AFTER : HU_TININESS_BEFORE;
                    env.random = (hu_random){19, (uint64_t)i, (uint64_t)(64 * m + k)};
                    env.flags = before[(size_t)(i + m / 2 + k) % TEST_COUNT(before)];
                    compare_f64(f, env, N);
                    if (hu_fits_f32(f))
                        compare_f32(f, env, N);
                }
            }
        }
    }
    hu_lanes_use(NULL);
}

/* Subnormals of the format whose position and the first 24 random bits fall short of one by half of the last: the 25th decides. */
static void later_random_bits_decide(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e5m2", NULL);
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find("sr", NULL);
    env.random = (hu_random){21, 4, 0};
    env.flags = HU_INEXACT | HU_UNDERFLOW;
    for (size_t i = 0; i < N; i++) {
        uint64_t first = hu_random_word(21, 4, i) >> 40;
        in_f32[i] = first >> 23 ? (float)ldexp(1 - ldexp((double)first, -24) - 0x1p-25, f->emin - f->man_bits) : 1;
    }
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        compare_f32(f, env, N);
    }
    hu_lanes_use(NULL);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    static const char *const formats[] = {"e5m2", "e8m23", "e11m52"};
    static const char *const modes[] = {"rne", "sr", "src:9"};
    test_random r = {3};
    for (int i = 0; i < 3; i++) {
        const hu_format *f = hu_format_find(formats[i], NULL);
        for (int m = 0; m < 3; m++) {
            hu_env env = hu_env_default();
            env.rounding = hu_rounding_find(modes[m], NULL);
            env.random = (hu_random){9, 8, 7};
            for (int t = 1; t <= 3; t++) {
                for (size_t k = 0; k < N_MANY; k++) {
                    in[k] = case_random(&r, f);
                    in_f32[k] = case_to_f32(in[k]);
                }
                hu_threads_set(t);
                compare_f64(f, env, N_MANY);
                if (hu_fits_f32(f))
                    compare_f32(f, env, N_MANY);
            }
        }
    }
    hu_threads_set(0);
}

static void out_may_be_in(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e4m3fn", NULL);
    static const char *const modes[] = {"rne", "sr"};
    for (int m = 0; m < 2; m++) {
        hu_env env = hu_env_default();
        env.rounding = hu_rounding_find(modes[m], NULL);
        hu_env again = env, f32_env = env, f32_again = env;
        size_t n = fill(f, 4);
        assert_int_equal(hu_quantize_f64(got, in, n, f, &env, NULL), HU_OK);
        assert_int_equal(hu_quantize_f64(in, in, n, f, &again, NULL), HU_OK);
        assert_memory_equal(got, in, n * sizeof *in);
        assert_int_equal(hu_quantize_f32(got_f32, in_f32, n, f, &f32_env, NULL), HU_OK);
        assert_int_equal(hu_quantize_f32(in_f32, in_f32, n, f, &f32_again, NULL), HU_OK);
        assert_memory_equal(got_f32, in_f32, n * sizeof *in_f32);
        assert_int_equal(env.flags, again.flags);
    }
}

static void codes_there_and_back(void **state)
{
    (void)state;
    static uint64_t codes[N];
    for (int i = 0; case_format(i); i++) {
        const hu_format *f = case_format(i);
        size_t n = fill(f, 300 + (uint64_t)i);
        for (int m = 0; case_mode(m); m += 3) {
            hu_env env = hu_env_default(), own;
            env.rounding = case_mode(m);
            own = env;
            assert_int_equal(hu_encode_f64(codes, in, n, f, &env, NULL), HU_OK);
            for (size_t k = 0; k < n; k++) {
                uint64_t want = (uint64_t)hu_from_double(f, &own, in[k]);
                if (codes[k] != want)
                    fail_msg("%s: %a gives code 0x%llx, want 0x%llx", case_text(f, &env), in[k], (unsigned long long)codes[k], (unsigned long long)want);
            }
            assert_int_equal(env.flags, own.flags);
            assert_int_equal(env.random.index, own.random.index);
            assert_int_equal(hu_decode_f64(got, codes, n, f, NULL), HU_OK);
            for (size_t k = 0; k < n; k++)
                assert_true(f64_bits(got[k]) == f64_bits(case_value(f, codes[k])));
        }
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct { const char *name; bool f32, f64; } formats[] = {
        {"fp32", true, true}, {"fp64", false, true}, {"e8m24", false, true}, {"e9m3", false, true}, {"e12m4", false, false},
        {"e11m53", false, false}, {"e8m10b200", false, true}, {"e8m20fn", false, true}, {"e8m23fn", false, true}, {"e4m3{bias=-200}", false, true},
    };
    hu_env env = hu_env_default();
    for (size_t i = 0; i < TEST_COUNT(formats); i++) {
        hu_error err = {0};
        const hu_format *f = hu_format_find(formats[i].name, &err);
        if (!f)
            fail_msg("%s: %s", formats[i].name, err.text);
        float x = 1, y = 7;
        double v = 1, w = 7;
        if (hu_fits_f32(f) != formats[i].f32 || hu_fits_f64(f) != formats[i].f64)
            fail_msg("%s: fits float %d, double %d", formats[i].name, hu_fits_f32(f), hu_fits_f64(f));
        assert_int_equal(hu_quantize_f32(&y, &x, 1, f, &env, &err), formats[i].f32 ? HU_OK : HU_EINVAL);
        assert_int_equal(hu_quantize_f64(&w, &v, 1, f, &env, &err), formats[i].f64 ? HU_OK : HU_EINVAL);
        assert_true(formats[i].f32 || y == 7);
        assert_true(formats[i].f64 || (w == 7 && strstr(err.text, f->name)));
    }
    uint64_t code = 256;
    double out = 7;
    hu_error err = {0};
    assert_int_equal(hu_decode_f64(&out, &code, 1, hu_format_find("e5m2", NULL), &err), HU_EINVAL);
    assert_true(out == 7);
}

/* Arrays that go past the caches, and start anywhere; the second half without infinities and NaNs. */
static void large_arrays_are_their_parts(void **state)
{
    (void)state;
    enum { LARGE = (1 << 22) + 37, PART = 30011 };
    static const char *const modes[] = {"rne", "ru", "sr"};
    float *from = malloc((LARGE + 1) * sizeof *from), *whole = hu_aligned(LARGE + 1, sizeof *whole), *parts = malloc((LARGE + 1) * sizeof *parts);
    const hu_format *f = hu_format_find("e5m2", NULL);
    test_random r = {5};
    assert_true(from && whole && parts);
    for (size_t i = 0; i <= LARGE; i++) {
        from[i] = case_to_f32(case_random(&r, f));
        if (i > LARGE / 2 && !isfinite(from[i]))
            from[i] = (float)i;
    }
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (size_t k = 0; k < 2 * TEST_COUNT(modes); k++) {
            size_t at = k % 2;
            hu_env env = hu_env_default(), own;
            env.rounding = hu_rounding_find(modes[k / 2], NULL);
            own = env;
            assert_int_equal(hu_quantize_f32(whole + at, from, LARGE, f, &env, NULL), HU_OK);
            for (size_t i = 0; i < LARGE; i += PART)
                assert_int_equal(hu_quantize_f32(parts + i, from + i, LARGE - i < PART ? LARGE - i : PART, f, &own, NULL), HU_OK);
            assert_memory_equal(whole + at, parts, LARGE * sizeof *whole);
            assert_true(env.flags == own.flags && env.random.index == own.random.index);
        }
    }
    hu_lanes_use(NULL);
    free(from);
    hu_free(whole);
    free(parts);
}

static const struct CMUnitTest claims[] = {
    CLAIM("arrays are quantized like their elements, in every format, mode, policy and instruction set", every_format_and_mode),
    CLAIM("every element raises its own flags", flags_of_single_elements),
    CLAIM("flags that were raised before change no other, and no result", flags_raised_before),
    CLAIM("random bits past the first ones decide where they have to", later_random_bits_decide),
    CLAIM("the number of threads changes nothing", threads_change_nothing),
    CLAIM("the result may be written over the operand", out_may_be_in),
    CLAIM("codes of arrays are those of their elements, and decode to their values", codes_there_and_back),
    CLAIM("a format that does not fit the carrier is refused", what_does_not_fit_is_refused),
    CLAIM("large arrays are rounded like their parts", large_arrays_are_their_parts),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
