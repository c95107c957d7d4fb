/* kernel-stairs.c - formats that are no floats: arrays of them, looked up on stairs, are their elements one by one through src/ops. */
#include "tests/c/kernel-cases.h"

#include <stdlib.h>

#include "formats/values.h"
#include "src/base/memory.h"
#include "src/kernel/stairs.h"

enum { MOST = 1 << 20, FLAGGED = 6000 };

static double x[MOST], got[MOST];
static float x_f32[MOST], got_f32[MOST];
static uint64_t codes[MOST], want[MOST];
static hu_flags want_flags[MOST];

static const char *const short_formats[] = {
    "posit8", "posit6", "posit5", "takum8", "int8", "uint7", "q3.5", "uq2.6", "nf4", "de4", "hif8", "lns4.3", "takum_log8",
    "binary8p4se", "binary8p1ue", "e5m0", "e8m0fnu", "e4m3fnu", "stairs_uneven",
};
static const char *const long_formats[] = {"posit16", "posit12", "takum16", "takum12", "q4.12", "int16", "q8.8", "uint12"};

static void define_uneven(void)
{
    static const double values[] = {-3e300, -1e-300, -0.0, 0.0, 1e-300, 1, 1.0000000000000002, 1.0000000000000004, 1.5, 7, 7.1, 3e300};
    const hu_definition d = {.name = "stairs_uneven", .values = values, .n = TEST_COUNT(values)};
    hu_error err = {0};
    if (!hu_format_define(&d, &err))
        fail_msg("%s", err.text);
}

/* ---- numbers ---- */

static size_t add(size_t n, double y)
{
    for (int k = -2; k <= 2 && n < MOST; k++) {
        double z = y;
        for (int step = 0; step < abs(k); step++)
            z = nextafter(z, k < 0 ? -INFINITY : INFINITY);
        x[n++] = z;
    }
    return n;
}

static uint64_t key_of(double y)
{
    uint64_t bits = f64_bits(y);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double of_key(uint64_t key)
{
    return f64_value(key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key);
}

/* The last number above a that has not yet the code of b, by halving. */
static double last_before(const hu_format *f, hu_env env, double a, double b)
{
    uint64_t low = key_of(a), high = key_of(b);
    hu_code end = hu_from_double(f, &env, b);
    while (high - low > 1) {
        uint64_t half = low + (high - low) / 2;
        if (hu_from_double(f, &env, of_key(half)) == end)
            high = half;
        else
            low = half;
    }
    return of_key(low);
}

/* All values of f, the numbers around each, around the middles of neighbors and, if so wished, where the rounding changes. */
static size_t fill(const hu_format *f, const hu_env *env, bool halving, size_t at_random, uint64_t seed)
{
    size_t count, n = 0;
    hu_error err = {0};
    hu_value *values = hu_format_values(f, &count, &err);
    if (!values)
        fail_msg("%s", err.text);
    double before = -INFINITY;
    for (size_t i = 0; i <= count; i++) {
        double y = i < count ? hu_num_to_double(values[i].num) : INFINITY;
        n = add(n, y);
        n = add(n, before / 2 + y / 2);
        if (halving)
            n = add(n, last_before(f, *env, before, y));
        before = y;
    }
    hu_free(values);
    static const double edges[] = {0.0, -0.0, 5e-324, -5e-324, 2.3e-308, 1e-310, -1e300, 1e308, -INFINITY};
    for (size_t i = 0; i < TEST_COUNT(edges); i++)
        n = add(n, edges[i]);
    n = case_edges(x + n, 300, f) + n;
    test_random r = {seed};
    for (size_t i = 0; i < at_random && n < MOST; i++)
        x[n++] = case_random(&r, f);
    assert_true(n < MOST);
    for (size_t i = 0; i < n; i++)
        x_f32[i] = case_to_f32(x[i]);
    return n;
}

/* Numbers between neighbors, where the words that they draw, or the first few bits of these, only just decide or only just do not. */
static size_t fill_drawn(const hu_format *f, const hu_env *env, size_t n, uint64_t seed)
{
    test_random r = {seed};
    size_t count;
    hu_value *values = hu_format_values(f, &count, NULL);
    assert_non_null(values);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = hu_random_word(env->random.seed, env->random.stream, env->random.index + i), k = test_random_below(&r, count - 1);
        double a = hu_num_to_double(values[k].num), b = hu_num_to_double(values[k + 1].num);
        int bits = (int)test_random_below(&r, 12);
        double share = i % 3 == 0 ? 1 - ldexp((double)(word >> 11), -53) : i % 3 == 1 ? ldexp((double)(UINT64_MAX - word), -64)
                     : ldexp((double)test_random_below(&r, UINT64_C(1) << bits), -bits);
        x[i] = a < 0 ? b + share * (a - b) : a + share * (b - a);
        for (uint64_t step = test_random_below(&r, 3); step > 0; step--)
            x[i] = nextafter(x[i], step % 2 ? a : b);
        x_f32[i] = case_to_f32(x[i]);
    }
    hu_free(values);
    return n;
}

/* ---- the scalar path ---- */

static hu_flags scalar(const hu_format *f, const hu_env *env, size_t n, bool single)
{
    hu_flags all = 0;
    for (size_t i = 0; i < n; i++) {
        hu_env own = *env;
        own.flags = 0;
        own.random.index += i;
        hu_num number = single ? hu_num_from_float(x_f32[i]) : hu_num_from_double(x[i]);
        hu_code code;
        if (number.kind == HU_NAN) {
            own.flags = number.signaling ? HU_INVALID : 0;
            code = hu_round(f, &own, hu_num_nan());
        } else if (!hu_code_of_nearest(f, single ? (double)x_f32[i] : x[i], single, &code)) {
            code = hu_round(f, &own, number);
        }
        want[i] = (uint64_t)code;
        want_flags[i] = own.flags;
        all |= own.flags;
    }
    return all;
}

static void compare_codes(const hu_format *f, hu_env env, size_t n, bool single, hu_flags flags)
{
    static uint16_t shorts[MOST];
    hu_status status = single ? hu_encode_u16_f32(shorts, x_f32, n, f, &env, NULL) : hu_encode_f64(codes, x, n, f, &env, NULL);
    assert_int_equal(status, HU_OK);
    for (size_t i = 0; i < n; i++) {
        uint64_t code = single ? shorts[i] : codes[i];
        if (code != want[i])
            fail_msg("%s: %a (float: %d) gives code 0x%llx, want 0x%llx", case_text(f, &env), single ? x_f32[i] : x[i], single, (unsigned long long)code, (unsigned long long)want[i]);
    }
    if (env.flags != flags)
        fail_msg("%s: flags 0x%x, want 0x%x", case_text(f, &env), env.flags, flags);
}

static void compare_values(const hu_format *f, hu_env env, size_t n, bool single, hu_flags flags)
{
    hu_status status = single ? hu_quantize_f32(got_f32, x_f32, n, f, &env, NULL) : hu_quantize_f64(got, x, n, f, &env, NULL);
    assert_int_equal(status, HU_OK);
    for (size_t i = 0; i < n; i++) {
        double y = case_value(f, want[i]);
        bool right = single ? f32_bits(got_f32[i]) == f32_bits(isnan(y) ? f32_value(0x7fc00000) : (float)y) : f64_bits(got[i]) == f64_bits(y);
        if (!right)
            fail_msg("%s: %a (float: %d) gives %a, want %a", case_text(f, &env), single ? x_f32[i] : x[i], single, single ? got_f32[i] : got[i], y);
    }
    if (env.flags != flags)
        fail_msg("%s: flags of values 0x%x, want 0x%x", case_text(f, &env), env.flags, flags);
}

/* Flags one by one, so that none hides behind another's. */
static void compare_flags(const hu_format *f, hu_env env, size_t n, bool single)
{
    for (size_t i = 0; i < n; i++) {
        hu_env own = env;
        uint16_t code;
        own.random.index += i;
        if (single)
            hu_encode_u16_f32(&code, &x_f32[i], 1, f, &own, NULL);
        else
            hu_encode_u16_f64(&code, &x[i], 1, f, &own, NULL);
        if (own.flags != want_flags[i])
            fail_msg("%s: %a (float: %d) raises 0x%x, want 0x%x", case_text(f, &env), single ? x_f32[i] : x[i], single, own.flags, want_flags[i]);
    }
}

static void compare(const hu_format *f, const hu_env *env, size_t n, bool single, bool each)
{
    if (single ? !hu_fits_f32(f) : !hu_fits_f64(f))
        return;
    hu_flags flags = scalar(f, env, n, single);
    hu_plan plan;
    hu_plan_init(&plan, f, env);
    for (size_t asked = 0; !plan.has_f64 && asked < 8 * ((size_t)hu_format_last_code(f) + 1); asked += n)
        hu_stairs_give_back(hu_stairs_take(f, env, single, n));
    unsigned long slow = hu_plan_slow_blocks();
    compare_codes(f, *env, n, single, flags);
    compare_values(f, *env, n, single, flags);
    if (each)
        compare_flags(f, *env, n < FLAGGED ? n : FLAGGED, single);
    if (hu_plan_slow_blocks() != slow && !(f->family->result && env->rounding->random_bits > 0))
        fail_msg("%s (float: %d) went through src/ops", case_text(f, env), single);
}

static void every_short_format(void **state)
{
    (void)state;
    define_uneven();
    for (size_t i = 0; i < TEST_COUNT(short_formats); i++) {
        hu_error err = {0};
        const hu_format *f = hu_format_find(short_formats[i], &err);
        if (!f)
            fail_msg("%s", err.text);
        for (int m = 0; case_mode(m); m++) {
            for (int policy = 0; policy < 4 && case_mode(m)->random_bits == 0; policy++) {
                hu_env env = hu_env_default();
                env.rounding = case_mode(m);
                env.overflow = (hu_overflow)(policy % 3);
                env.tininess = policy % 2 ? HU_TININESS_BEFORE : HU_TININESS_AFTER;
                if (f->family->result && !test_long() && (m + policy) % 5)
                    continue;
                size_t n = fill(f, &env, true, 500, 40 + i);
                compare(f, &env, n, false, true);
                compare(f, &env, n, true, true);
            }
        }
    }
}

static void modes_that_draw(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(short_formats) + 5; i++) {
        bool is_short = i < TEST_COUNT(short_formats);
        const hu_format *f = hu_format_find(is_short ? short_formats[i] : long_formats[i - TEST_COUNT(short_formats)], NULL);
        for (int m = 0; case_mode(m); m++) {
            hu_env env = hu_env_default();
            env.rounding = case_mode(m);
            env.overflow = (hu_overflow)((m + i) % 3);
            env.tininess = (m + i) % 2 ? HU_TININESS_BEFORE : HU_TININESS_AFTER;
            env.random = (hu_random){5, i, (uint64_t)m};
            if (env.rounding->random_bits == 0 || f->family->result || (!test_long() && (m + i) % (is_short ? 2 : 8)))
                continue;
            size_t n = is_short ? fill(f, &env, false, 500, 60 + i) : fill_drawn(f, &env, 1 << 16, 60 + i);
            compare(f, &env, n, m % 2, is_short);
            n = fill_drawn(f, &env, 1 << 12, 70 + i);
            for (int t = 1; t <= 4 && is_short; t += 3) {
                hu_threads_set(t);
                compare(f, &env, n, false, t == 1);
                compare(f, &env, n, true, t == 1);
            }
            hu_threads_set(0);
        }
    }
}

static void every_long_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(long_formats); i++) {
        hu_error err = {0};
        const hu_format *f = hu_format_find(long_formats[i], &err);
        if (!f)
            fail_msg("%s", err.text);
        for (int m = 0; case_mode(m); m++) {
            if (case_mode(m)->random_bits > 0 || (!test_long() && (m + i) % 4))
                continue;
            hu_env env = hu_env_default();
            env.rounding = case_mode(m);
            env.overflow = (hu_overflow)((m + i) % 3);
            size_t n = fill(f, &env, test_long(), 20000, 80 + i);
            for (int t = 1; t <= 4; t += 3) {
                hu_threads_set(t);
                compare(f, &env, n, m % 2, false);
            }
            hu_threads_set(0);
        }
    }
}

/* Every code again, where the values come from a list. */
static void codes_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(short_formats) + TEST_COUNT(long_formats); i++) {
        const hu_format *f = hu_format_find(i < TEST_COUNT(short_formats) ? short_formats[i] : long_formats[i - TEST_COUNT(short_formats)], NULL);
        size_t n = 4 * ((size_t)hu_format_last_code(f) + 1);
        for (size_t k = 0; k < n; k++)
            codes[k] = k % ((size_t)hu_format_last_code(f) + 1);
        assert_int_equal(hu_decode_f64(got, codes, n, f, NULL), HU_OK);
        for (size_t k = 0; k < n; k++) {
            if (f64_bits(got[k]) != f64_bits(case_value(f, codes[k])))
                fail_msg("%s: code 0x%llx gives %a, want %a", f->name, (unsigned long long)codes[k], got[k], case_value(f, codes[k]));
        }
    }
}

/* More stairs than are kept, and than there is room for. */
static void memory_is_bounded(void **state)
{
    (void)state;
    hu_env env = hu_env_default();
    for (int i = 2; i < 12; i++) {
        int bits = i < 8 ? 10 : 16;
        for (int m = 0; m < 10; m++) {
            char name[16];
            snprintf(name, sizeof name, "q%d.%d", i, bits - i);
            env.rounding = case_mode(m);
            hu_stairs *s = hu_stairs_take(hu_format_find(name, NULL), &env, false, MOST);
            assert_non_null(s);
            hu_stairs_give_back(s);
            size_t bytes;
            assert_true(hu_stairs_count(&bytes) <= 64);
            assert_true(bytes <= HU_STAIRS_BYTES);
        }
    }
    for (long n = 0; n < 12; n++) {
        env.overflow = (hu_overflow)(n % 3);
        env.rounding = hu_rounding_find(n % 2 ? "raz" : "ro", NULL);
        hu_memory_fail_after(n);
        double y = 0.3, z = 0;
        hu_stairs_give_back(hu_stairs_take(hu_format_find("posit8", NULL), &env, false, MOST));
        hu_memory_fail_after(-1);
        assert_int_equal(hu_quantize_f64(&z, &y, 1, hu_format_find("posit8", NULL), &env, NULL), HU_OK);
        hu_env own = env;
        assert_true(z == hu_to_double(hu_format_find("posit8", NULL), hu_from_double(hu_format_find("posit8", NULL), &own, y)));
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("formats of up to 8 bits: codes, values and flags of all values, middles, changes and their neighbors, in every mode and policy", every_short_format),
    CLAIM("formats of up to 16 bits: the same of all values and middles, with one thread and four", every_long_format),
    CLAIM("modes that draw: numbers for which their words only just decide, with one thread and four", modes_that_draw),
    CLAIM("codes decode to their values", codes_decode),
    CLAIM("what is kept is bounded, and memory may be short", memory_is_bounded),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
