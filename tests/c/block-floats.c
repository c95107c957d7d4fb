/* block-floats.c - strips of blocks of floats, as values and as bytes, are those of the blocks one by one in double. */
#include "tests/c/kernel-cases.h"

#include "src/base/memory.h"
#include "src/kernel/block.h"

enum { N = 2500 };

static const char *const names[] = {
    "mxfp8e4m3", "mxfp8e5m2", "mxfp6e2m3", "mxfp6e3m2", "mxfp4", "mxint8", "nvfp4", "msfp12",
    "mxfp4{rule=ceil}", "mxfp4{rule=even}", "mxfp4{rule=up}", "mxfp8e4m3{rule=up}", "mxfp8e4m3{rule=even}", "mxfp8e4m3{rule=ceil,target=240}",
    "nvfp4{rule=floor}", "nvfp4{rule=up}", "nvfp4{tensor=none}", "nvfp4{tensor=e8m0fnu}", "block(e4m3fn,scale=bf16,size=24)",
    "block(e3m2fn,scale=e5m2,size=8)", "block(e4m3,size=20)", "block(e3m4,scale=e5m0fnu,size=64)", "mxfp4{rule=mse}", "nvfp4{scale=e4m3}", "block(int8,size=48)",
};

static float in[N], got[N];
static double wide[N], want[N];

/* Kinds of arrays: about one, wide, with specials, quantized already, at the carrier's ends, zeros, ties. */
static void fill(test_random *r, int kind)
{
    for (size_t i = 0; i < N; i++) {
        double x = (test_random_unit(r) - 0.5) * 4;
        uint64_t bits = test_random_bits(r);
        if (kind == 1)
            x = ldexp(x, (int)(bits % 60) - 30 - (i % 64 == 63 ? 110 : 0));
        if (kind == 2 && bits % 97 == 0)
            x = bits & 256 ? INFINITY : bits & 512 ? -NAN : bits & 1024 ? f32_value(0x7f800001) : -INFINITY;
        if (kind == 3)
            x = ldexp(floor(x * 16), (int)(bits >> 20 & 3) - 4);
        if (kind == 4)
            x = ldexp(x, i / 64 % 2 ? 125 : -140);
        if (kind == 5)
            x = bits % 5 ? 0 : -0.0;
        if (kind == 6)
            x = ldexp(x, i / 32 % 3 * 50 - 60);
        in[i] = kind == 2 && isnan(x) && bits & 1024 ? f32_value(0x7f800001) : (float)x;
        if (bits % 31 == 0)
            in[i] = f32_value((uint32_t)(bits >> 63) << 31);
        wide[i] = in[i];
        if (isnan(in[i]) && !(f32_bits(in[i]) & 0x400000))
            wide[i] = f64_value(UINT64_C(0x7ff0000000000001));
    }
}

/* One element in a strip becomes the float nearest to a tie under the scale of its block; more would hide one another. */
static void move_to_ties(const hu_block_format *f, hu_env env, size_t n, test_random *r)
{
    static uint64_t codes[N], scales[N];
    static const double ties[] = {0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5};
    hu_block_layout l = hu_block_line(n);
    uint64_t tensor = 0;
    assert_int_equal(hu_block_encode_f64(codes, scales, &tensor, wide, &l, f, &env, NULL), HU_OK);
    for (size_t i = 0; i < n; i++) {
        double most = 0, scale = hu_to_double(f->scale, scales[i / f->size]) * (f->tensor ? hu_to_double(f->tensor, tensor) : 1);
        for (size_t k = i / f->size * f->size; k < n && k < (i / f->size + 1) * f->size; k++)
            most = fmax(most, fabs(wide[k]));
        float x = (float)(scale * ties[test_random_below(r, 7)]);
        if (i % 256 == 100 && fabs(wide[i]) < most && x < most)
            wide[i] = in[i] = x;
    }
}

/* Where flags need no telling, groups of blocks go other ways: the same values, also over the input, and no other flags. */
static void compare_untold(const hu_block_format *f, hu_env env, int kind, const hu_block_layout *l, size_t n)
{
    static float again[N];
    hu_env raised = env, untold = env;
    raised.flags = HU_INEXACT | HU_OVERFLOW | HU_UNDERFLOW;
    untold.no_flags = true;
    assert_int_equal(hu_block_quantize_f32(again, in, l, f, &raised, NULL), HU_OK);
    for (size_t i = 0; i < n; i++) {
        if (f32_bits(again[i]) != f32_bits(got[i]))
            fail_msg("%s %s overflow %d kind %d: flags raised before: element %zu: %a gives %a, want %a", f->name, env.rounding->name, (int)env.overflow, kind, i, in[i],
                     again[i], got[i]);
    }
    memcpy(again, in, n * sizeof *in);
    assert_int_equal(hu_block_quantize_f32(again, again, l, f, &untold, NULL), HU_OK);
    assert_memory_equal(again, got, n * sizeof *got);
    assert_true((raised.flags & ~(hu_flags)HU_INVALID) == (HU_INEXACT | HU_OVERFLOW | HU_UNDERFLOW) && untold.flags == env.flags);
}

/* Values in double are exact in these formats; floats have one rounding more. */
static void compare(const hu_block_format *f, hu_env env, int kind, size_t n)
{
    static uint64_t codes[N], scales[N];
    static uint8_t bytes[2 * N], scale_bytes[2 * N], want_bytes[2 * N], want_scales[2 * N];
    hu_block_layout l = hu_block_line(n);
    hu_env one = env, other = env, packed = env;
    uint64_t tensor = 0, want_tensor = 0;
    assert_int_equal(hu_block_encode_f64(codes, scales, &want_tensor, wide, &l, f, &one, NULL), HU_OK);
    assert_int_equal(hu_block_decode_f64(want, codes, scales, want_tensor, &l, f, NULL), HU_OK);
    assert_int_equal(hu_block_quantize_f32(got, in, &l, f, &other, NULL), HU_OK);
    for (size_t i = 0; i < n; i++) {
        float y = isnan(want[i]) ? f32_value(0x7fc00000) : (float)want[i];
        if (f32_bits(got[i]) != f32_bits(y))
            fail_msg("%s %s overflow %d kind %d: element %zu: %a gives %a, want %a", f->name, env.rounding->name, (int)env.overflow, kind, i, in[i], got[i], y);
    }
    if (one.flags != other.flags)
        fail_msg("%s %s overflow %d kind %d: flags 0x%x, want 0x%x", f->name, env.rounding->name, (int)env.overflow, kind, other.flags, one.flags);
    compare_untold(f, env, kind, &l, n);
    assert_int_equal(hu_block_encode_packed_f32(bytes, scale_bytes, &tensor, in, &l, f, &packed, NULL), HU_OK);
    hu_block_pack(want_bytes, want_scales, codes, scales, &l, f);
    for (size_t i = 0; i < hu_block_element_bytes(&l, f); i++) {
        if (bytes[i] != want_bytes[i])
            fail_msg("%s %s kind %d: byte %zu is 0x%02x, want 0x%02x", f->name, env.rounding->name, kind, i, bytes[i], want_bytes[i]);
    }
    assert_memory_equal(scale_bytes, want_scales, hu_block_scale_bytes(&l, f));
    assert_true(tensor == want_tensor && packed.flags == one.flags && packed.random.index == one.random.index && other.random.index == one.random.index);
    assert_int_equal(hu_block_encode_packed_f32(bytes, NULL, &tensor, in, &l, f, &packed, NULL), HU_OK);
    hu_block_pack(want_bytes, NULL, codes, scales, &l, f);
    assert_true(env.rounding->random_bits || memcmp(bytes, want_bytes, hu_block_element_bytes(&l, f) + hu_block_scale_bytes(&l, f)) == 0);
}

static void every_format_and_mode(void **state)
{
    (void)state;
    test_random r = {77};
    for (int lanes = 0; hu_lanes_at(lanes); lanes++) {
        hu_lanes_use(hu_lanes_at(lanes));
        for (size_t i = 0; i < TEST_COUNT(names); i++) {
            hu_error err = {0};
            const hu_block_format *f = hu_block_find(names[i], &err);
            if (!f)
                fail_msg("%s: %s", names[i], err.text);
            for (int kind = 0; kind < 14; kind++) {
                fill(&r, kind);
                if (kind >= 7) {
                    fill(&r, 0);
                    move_to_ties(f, hu_env_default(), N, &r);
                }
                for (int m = 0; hu_rounding_at(m); m++) {
                    if (m != 0 && (kind >= 7 || (!test_long() && (kind + m + (int)i) % 5 != 0)))
                        continue;
                    hu_env env = hu_env_default();
                    env.rounding = hu_rounding_at(m);
                    env.overflow = (hu_overflow)((kind + m + lanes) % 3);
                    env.tininess = (m + kind) % 2 ? HU_TININESS_BEFORE : HU_TININESS_AFTER;
                    env.random = (hu_random){5, 6, 7};
                    compare(f, env, kind, kind >= 7 ? N : m % 2 ? 777 : 512 + (size_t)kind);
                }
            }
        }
    }
    hu_lanes_use(NULL);
}

static void lines_and_threads(void **state)
{
    (void)state;
    static float whole[N];
    test_random r = {78};
    static const size_t shapes[][2] = {{25, 64}, {25, 50}, {3, 500}};
    static const char *const few[] = {"mxfp4", "nvfp4", "mxfp8e4m3"};
    fill(&r, 1);
    for (size_t s = 0; s < 3; s++) {
        for (size_t i = 0; i < 3; i++) {
            const hu_block_format *f = hu_block_find(few[i], NULL);
            hu_block_layout l;
            hu_env env = hu_env_default();
            size_t n = shapes[s][0] * shapes[s][1];
            assert_int_equal(hu_block_layout_init(&l, f, 2, shapes[s], 1, NULL), HU_OK);
            for (int t = 1; t <= 4; t++) {
                hu_threads_set(t);
                assert_int_equal(hu_block_quantize_f32(t == 1 ? whole : got, in, &l, f, &env, NULL), HU_OK);
                assert_true(t == 1 || memcmp(whole, got, n * sizeof *got) == 0);
            }
            hu_threads_set(1);
            for (size_t k = 0; k < shapes[s][0] && !f->tensor; k++) {
                hu_block_layout line = hu_block_line(shapes[s][1]);
                assert_int_equal(hu_block_quantize_f32(got, in + k * shapes[s][1], &line, f, &env, NULL), HU_OK);
                assert_memory_equal(got, whole + k * shapes[s][1], shapes[s][1] * sizeof *got);
            }
            memcpy(got, in, n * sizeof *got);
            assert_int_equal(hu_block_quantize_f32(got, got, &l, f, &env, NULL), HU_OK);
            assert_memory_equal(got, whole, n * sizeof *got);
        }
    }
    hu_threads_set(0);
}

/* In place, by threads, in blocks whose strips do not end where groups of sixteen do; a NaN here and there makes groups fail. */
static void threads_in_place(void **state)
{
    (void)state;
    enum { MANY = 1 << 17 };
    static const char *const few[] = {"block(int8,size=48)", "block(e3m4,scale=e5m2,size=80)", "block(e2m1fn,scale=e4m3fn,size=48)"};
    static const char *const modes[] = {"ru", "raz", "rne"};
    float *from = hu_aligned(MANY, sizeof *from), *one = hu_aligned(MANY, sizeof *one), *many = hu_aligned(MANY, sizeof *many);
    test_random r = {80};
    assert_true(from && one && many);
    for (size_t i = 0; i < MANY; i++)
        from[i] = test_random_below(&r, 9000) == 0 ? NAN : (float)ldexp(test_random_unit(&r) - 0.5, (int)test_random_below(&r, 9));
    for (size_t c = 0; c < 9; c++) {
        const hu_block_format *f = hu_block_find(few[c % 3], NULL);
        hu_block_layout l = hu_block_line(MANY);
        for (int threads = 1; threads <= 4; threads++) {
            hu_env env = hu_env_default();
            assert_int_equal(hu_env_parse_mode(&env, modes[c / 3], NULL), HU_OK);
            env.no_flags = true;
            hu_threads_set(threads);
            memcpy(many, from, MANY * sizeof *many);
            assert_int_equal(hu_block_quantize_f32(many, many, &l, f, &env, NULL), HU_OK);
            if (threads == 1)
                memcpy(one, many, MANY * sizeof *one);
            assert_memory_equal(one, many, MANY * sizeof *one);
        }
    }
    hu_threads_set(0);
    hu_free(many);
    hu_free(one);
    hu_free(from);
}

/* Arrays that go past the caches. */
static void large_arrays_are_their_parts(void **state)
{
    (void)state;
    enum { LARGE = (1 << 22) + 57, PART = 96 * 321 };
    static const char *const few[] = {"mxfp4", "mxint8", "nvfp4{tensor=none}"};
    float *from = hu_aligned(LARGE, sizeof *from), *whole = hu_aligned(LARGE, sizeof *whole), *parts = hu_aligned(LARGE, sizeof *parts);
    test_random r = {79};
    assert_true(from && whole && parts);
    for (size_t i = 0; i < LARGE; i++)
        from[i] = i == LARGE / 3 ? NAN : (float)ldexp(test_random_unit(&r) - 0.5, (int)(test_random_bits(&r) % 40) - 20);
    for (int lanes = 0; hu_lanes_at(lanes); lanes++) {
        hu_lanes_use(hu_lanes_at(lanes));
        for (size_t k = 0; k < TEST_COUNT(few); k++) {
            const hu_block_format *f = hu_block_find(few[k], NULL);
            hu_block_layout all = hu_block_line(LARGE);
            hu_env env = hu_env_default(), own = env;
            assert_int_equal(hu_block_quantize_f32(whole, from, &all, f, &env, NULL), HU_OK);
            for (size_t i = 0; i < LARGE; i += PART) {
                hu_block_layout part = hu_block_line(LARGE - i < PART ? LARGE - i : PART);
                assert_int_equal(hu_block_quantize_f32(parts + i, from + i, &part, f, &own, NULL), HU_OK);
            }
            assert_memory_equal(whole, parts, LARGE * sizeof *whole);
            assert_true(env.flags == own.flags);
        }
    }
    hu_lanes_use(NULL);
    hu_free(from);
    hu_free(whole);
    hu_free(parts);
}

static void overlapping_results_are_refused(void **state)
{
    (void)state;
    float x[128], before[128];
    hu_block_layout l = hu_block_line(64);
    hu_env env = hu_env_default();
    hu_error err = {0};
    for (int i = 0; i < 128; i++)
        x[i] = before[i] = (float)i;
    assert_int_equal(hu_block_quantize_f32(x + 63, x, &l, hu_block_find("mxfp4", NULL), &env, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "overlaps the input"));
    assert_int_equal(hu_block_quantize_f32(x, x + 1, &l, hu_block_find("nvfp4", NULL), &env, &err), HU_EINVAL);
    assert_memory_equal(x, before, sizeof x);
    assert_int_equal(hu_block_quantize_f32(x + 64, x, &l, hu_block_find("nvfp4", NULL), &env, &err), HU_OK);
}

static const struct CMUnitTest claims[] = {
    CLAIM("in place and by threads blocks of any size are quantized once", threads_in_place),
    CLAIM("floats in block formats have the values and bytes of their codes, in every rule, mode, policy and instruction set", every_format_and_mode),
    CLAIM("large arrays are rounded like their parts", large_arrays_are_their_parts),
    CLAIM("a result that overlaps its input in part is refused", overlapping_results_are_refused),
    CLAIM("lines, threads and an output that is the input change nothing", lines_and_threads),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
