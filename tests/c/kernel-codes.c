/* kernel-codes.c - arrays of codes, one in a byte, one in two bytes and packed, are those of their elements one by one. */
#include "tests/c/kernel-cases.h"

#include <stdlib.h>

enum { N = 1111, N_MANY = 70003, CODES = 1 << 16 };

static double in[N_MANY], got[CODES];
static float in_f32[N_MANY], got_f32[CODES];
static uint64_t want[N_MANY];

/* The table's formats of up to 16 bits, logarithmic ones too, and the odd ones. */
static const hu_format *short_format(int i)
{
    for (int named = 0; hu_format_at(named); named++) {
        const hu_format *f = hu_format_at(named);
        if (f->width_bits <= 16 && i-- == 0)
            return f;
    }
    static const char *const more[] = {
        "posit12e1", "posit16e1", "posit6", "takum12", "takum_log12", "lns4.3", "lns5.8", "int5", "uint7", "q3.5", "q2.14{overflow=wrap}",
        "binary5p2sf", "binary11p4se", "binary8p1ue", "e5m0", "ue4m3", "e4m12", "e9m6", "e10m5", "e8m7{bias=126}", "e8m7{subnormals=flush}",
    };
    for (size_t k = 0; k < TEST_COUNT(odd_formats) + TEST_COUNT(more); k++) {
        const char *name = k < TEST_COUNT(odd_formats) ? odd_formats[k] : more[k - TEST_COUNT(odd_formats)];
        const hu_format *f = hu_format_find(name, NULL);
        if (f && f->width_bits <= 16 && i-- == 0)
            return f;
    }
    return NULL;
}

static void fill(const hu_format *f, size_t n, uint64_t seed)
{
    test_random r = {seed};
    size_t edges = case_edges(in, n, f), at = edges < n ? edges : n;
    while (at < n)
        in[at++] = case_random(&r, f);
    for (size_t i = 0; i < n; i++)
        in_f32[i] = case_to_f32(in[i]);
}

static hu_flags scalar(const double *x, size_t n, const hu_format *f, hu_env env)
{
    env.flags = 0;
    for (size_t i = 0; i < n; i++)
        want[i] = (uint64_t)hu_from_double(f, &env, x[i]);
    return env.flags;
}

static hu_flags scalar_f32(const float *x, size_t n, const hu_format *f, hu_env env)
{
    env.flags = 0;
    for (size_t i = 0; i < n; i++) {
        hu_num number = hu_num_from_float(x[i]);
        hu_code code;
        if (f->family->result && hu_code_of_nearest(f, x[i], true, &code)) {
            hu_env_draw(&env);
            want[i] = (uint64_t)code;
            continue;
        }
        if (number.kind == HU_NAN) {
            env.flags |= number.signaling ? HU_INVALID : 0;
            number = hu_num_nan();
        }
        want[i] = (uint64_t)hu_round(f, &env, number);
    }
    return env.flags;
}

static uint64_t packed_at(const uint8_t *bytes, size_t i, int width)
{
    uint64_t code = 0;
    for (int b = 0; b < width; b++) {
        size_t at = i * (size_t)width + (size_t)b;
        code |= (uint64_t)(bytes[at / 8] >> at % 8 & 1) << b;
    }
    return code;
}

/* got against want: bytes of a code, 0: packed. */
static void same_codes(const hu_format *f, const hu_env *env, const void *codes, int bytes, size_t n, hu_flags flags, const char *carrier)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t code = bytes == 1 ? ((const uint8_t *)codes)[i] : bytes == 2 ? ((const uint16_t *)codes)[i]
                      : bytes == 8 ? ((const uint64_t *)codes)[i] : packed_at(codes, i, f->width_bits);
        if (code != want[i])
            fail_msg("%s: %s, %d bytes: element %zu: %a (as float %a) gives code 0x%llx, want 0x%llx", case_text(f, env), carrier, bytes, i, in[i],
                     in_f32[i], (unsigned long long)code, (unsigned long long)want[i]);
    }
    if (env->flags != flags)
        fail_msg("%s: %s, %d bytes: flags 0x%x, want 0x%x", case_text(f, env), carrier, bytes, env->flags, flags);
}

static void encode_and_compare(const hu_format *f, hu_env env, size_t n)
{
    static uint64_t codes[N_MANY + 1];
    uint64_t index = env.random.index;
    for (int single = 0; single < 2; single++) {
        if (single && f->family->result && !hu_fits_f32(f))
            continue;
        env.flags = 0;
        hu_flags flags = single ? scalar_f32(in_f32, n, f, env) : scalar(in, n, f, env);
        const char *carrier = single ? "float" : "double";
        hu_env e1 = env, e2 = env, e3 = env, e8 = env, untold = env;
        untold.no_flags = true;
        memset(codes, 0xab, sizeof codes);
        size_t size = hu_packed_bytes(n, f);
        assert_int_equal(single ? hu_encode_packed_f32((uint8_t *)codes, in_f32, n, f, &e3, NULL) : hu_encode_packed_f64((uint8_t *)codes, in, n, f, &e3, NULL), HU_OK);
        same_codes(f, &e3, codes, 0, n, flags, carrier);
        assert_int_equal(((uint8_t *)codes)[size], 0xab);
        assert_int_equal(size, (n * (size_t)f->width_bits + 7) / 8);
        if (n * (size_t)f->width_bits % 8)
            assert_int_equal(((uint8_t *)codes)[size - 1] >> n * (size_t)f->width_bits % 8, 0);
        assert_int_equal(single ? hu_encode_u16_f32((uint16_t *)codes, in_f32, n, f, &e2, NULL) : hu_encode_u16_f64((uint16_t *)codes, in, n, f, &e2, NULL), HU_OK);
        same_codes(f, &e2, codes, 2, n, flags, carrier);
        assert_int_equal(single ? hu_encode_u16_f32((uint16_t *)codes, in_f32, n, f, &untold, NULL) : hu_encode_u16_f64((uint16_t *)codes, in, n, f, &untold, NULL), HU_OK);
        same_codes(f, &untold, codes, 2, n, 0, carrier);
        if (f->width_bits <= 8) {
            assert_int_equal(single ? hu_encode_u8_f32((uint8_t *)codes, in_f32, n, f, &e1, NULL) : hu_encode_u8_f64((uint8_t *)codes, in, n, f, &e1, NULL), HU_OK);
            same_codes(f, &e1, codes, 1, n, flags, carrier);
        }
        if (!single) {
            assert_int_equal(hu_encode_f64(codes, in, n, f, &e8, NULL), HU_OK);
            same_codes(f, &e8, codes, 8, n, flags, carrier);
        }
        assert_int_equal(e2.random.index, index + (env.rounding->random_bits ? n : 0));
        assert_int_equal(e3.random.index, e2.random.index);
    }
}

static void encode_everywhere(void **state)
{
    (void)state;
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (int i = 0; short_format(i); i++) {
            const hu_format *f = short_format(i);
            fill(f, N, 500 + (uint64_t)i);
            for (int m = 0; case_mode(m); m++) {
                for (int policy = 0; policy < 3; policy++) {
                    hu_env env = hu_env_default();
                    if (!test_long() && ((m + i + l) % 3 != policy || (f->family->result && (m + l) % 4)))
                        continue;
                    env.rounding = case_mode(m);
                    env.overflow = (hu_overflow)policy;
                    env.tininess = (i + m + policy) % 2 ? HU_TININESS_AFTER : HU_TININESS_BEFORE;
                    env.random = (hu_random){17, (uint64_t)i, (uint64_t)m};
                    encode_and_compare(f, env, f->family->result ? 157 : (m + i) % 3 ? 519 : N);
                }
            }
        }
    }
    hu_lanes_use(NULL);
}

static void decode_all_codes(void **state)
{
    (void)state;
    static uint16_t u16[CODES];
    static uint8_t u8[256], bytes[2 * CODES];
    static uint64_t u64[CODES];
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (int i = 0; short_format(i); i++) {
            const hu_format *f = short_format(i);
            size_t n = (size_t)hu_format_last_code(f) + 1;
            memset(bytes, 0, sizeof bytes);
            for (size_t c = 0; c < n; c++) {
                u64[c] = u16[c] = (uint16_t)c;
                u8[c & 255] = (uint8_t)c;
                for (int b = 0; b < f->width_bits; b++)
                    bytes[(c * (size_t)f->width_bits + (size_t)b) / 8] |= (uint8_t)((c >> b & 1) << (c * (size_t)f->width_bits + (size_t)b) % 8);
            }
            for (int way = 0; way < 4; way++) {
                if ((way == 0 && f->width_bits > 8) || !hu_fits_f64(f))
                    continue;
                hu_status done = way == 0 ? hu_decode_u8_f64(got, u8, n, f, NULL) : way == 1 ? hu_decode_u16_f64(got, u16, n, f, NULL)
                               : way == 2 ? hu_decode_packed_f64(got, bytes, n, f, NULL) : hu_decode_f64(got, u64, n, f, NULL);
                assert_int_equal(done, HU_OK);
                for (size_t c = 0; c < n; c++) {
                    if (f64_bits(got[c]) != f64_bits(case_value(f, c)))
                        fail_msg("%s, way %d: code 0x%zx gives %a, want %a", f->name, way, c, got[c], case_value(f, c));
                }
                if (way == 3 || !hu_fits_f32(f))
                    continue;
                done = way == 0 ? hu_decode_u8_f32(got_f32, u8, n, f, NULL) : way == 1 ? hu_decode_u16_f32(got_f32, u16, n, f, NULL)
                     : hu_decode_packed_f32(got_f32, bytes, n, f, NULL);
                assert_int_equal(done, HU_OK);
                for (size_t c = 0; c < n; c++) {
                    double x = case_value(f, c);
                    float y = isnan(x) ? f32_value(0x7fc00000) : (float)x;
                    if (f32_bits(got_f32[c]) != f32_bits(y))
                        fail_msg("%s, way %d: code 0x%zx gives float %a, want %a", f->name, way, c, got_f32[c], y);
                }
            }
        }
    }
    hu_lanes_use(NULL);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    static const char *const formats[] = {"e4m3fn", "e5m10", "posit8", "e2m1fn", "nf4"};
    static const char *const modes[] = {"rne", "sr", "src:9"};
    for (int i = 0; i < 5; i++) {
        const hu_format *f = hu_format_find(formats[i], NULL);
        fill(f, N_MANY, 3);
        for (int m = 0; m < 3; m++) {
            hu_env env = hu_env_default();
            env.rounding = hu_rounding_find(modes[m], NULL);
            env.random = (hu_random){9, 8, 7};
            for (int t = 1; t <= 4; t += 3) {
                hu_threads_set(t);
                encode_and_compare(f, env, N_MANY);
            }
        }
    }
    hu_threads_set(0);
}

/* Arrays that are streamed past the caches, from an address that is none of a vector's. */
static void large_arrays_are_their_parts(void **state)
{
    (void)state;
    enum { LARGE = (1 << 22) + 41 };
    const hu_format *f = hu_format_find("e4m3fn", NULL);
    uint8_t *codes = malloc(LARGE);
    float *values = malloc((LARGE + 1) * sizeof *values);
    test_random r = {6};
    assert_true(codes && values);
    for (size_t i = 0; i < LARGE; i++)
        codes[i] = (uint8_t)test_random_bits(&r);
    assert_int_equal(hu_decode_u8_f32(values + 1, codes, LARGE, f, NULL), HU_OK);
    for (size_t i = 0; i < LARGE; i++) {
        float one;
        hu_decode_u8_f32(&one, &codes[i & ~(size_t)1023], 1, f, NULL);
        if (i % 1024 == 0 && f32_bits(values[i + 1]) != f32_bits(one))
            fail_msg("element %zu: %a, want %a", i, values[i + 1], one);
    }
    assert_int_equal(hu_decode_u8_f32(values, codes, LARGE, f, NULL), HU_OK);
    hu_env env = hu_env_default();
    uint8_t *again = malloc(LARGE);
    assert_non_null(again);
    assert_int_equal(hu_encode_u8_f32(again, values, LARGE, f, &env, NULL), HU_OK);
    for (size_t i = 0; i < LARGE; i++) {
        if (again[i] != ((codes[i] & 0x7f) == 0x7f ? 0x7f : codes[i]))
            fail_msg("element %zu: code 0x%02x becomes 0x%02x", i, codes[i], again[i]);
    }
    free(codes);
    free(values);
    free(again);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    hu_env env = hu_env_default();
    hu_error err = {0};
    uint8_t u8[4] = {1, 2, 3, 64}, packed[8];
    uint16_t u16 = 7;
    float x = 1, y = 7;
    double v = 7;
    assert_int_equal(hu_encode_u8_f32(u8, &x, 1, hu_format_find("e5m10", NULL), &env, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "8 and less"));
    assert_int_equal(u8[0], 1);
    assert_int_equal(hu_encode_u16_f32(&u16, &x, 1, hu_format_find("e8m10", NULL), &env, &err), HU_EINVAL);
    assert_int_equal(hu_encode_packed_f32(packed, &x, 1, hu_format_find("e8m10", NULL), &env, &err), HU_EINVAL);
    assert_int_equal(u16, 7);
    assert_int_equal(hu_decode_u8_f32(&y, u8 + 3, 1, hu_format_find("e3m2fn", NULL), &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "last code"));
    assert_int_equal(hu_decode_u16_f32(&y, &u16, 1, hu_format_find("takum16", NULL), &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "double"));
    assert_int_equal(hu_decode_u16_f64(&v, &u16, 1, hu_format_find("e12m3", NULL), &err), HU_EINVAL);
    assert_true(y == 7 && v == 7);

    float both[8] = {1, 2, 3, 4, 5, 6, 7, 8}, as_before[8];
    const hu_format *f = hu_format_find("e4m3fn", NULL);
    memcpy(as_before, both, sizeof both);
    assert_int_equal(hu_encode_u8_f32((uint8_t *)both, both, 8, f, &env, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "overlaps the values"));
    assert_int_equal(hu_encode_packed_f32((uint8_t *)(both + 7), both, 8, f, &env, &err), HU_EINVAL);
    assert_int_equal(hu_decode_u8_f32(both, (const uint8_t *)(both + 7), 8, f, &err), HU_EINVAL);
    assert_memory_equal(both, as_before, sizeof both);
    assert_int_equal(hu_encode_u8_f32((uint8_t *)(both + 4), both, 4, f, &env, &err), HU_OK);
}

static const struct CMUnitTest claims[] = {
    CLAIM("codes of arrays are those of their elements, in every format of up to 16 bits, mode, policy and instruction set", encode_everywhere),
    CLAIM("all codes of formats of up to 16 bits decode to their values", decode_all_codes),
    CLAIM("the number of threads changes nothing", threads_change_nothing),
    CLAIM("large arrays are coded like their elements", large_arrays_are_their_parts),
    CLAIM("codes that are too wide, past the last one or not fit are refused", what_cannot_be_is_refused),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
