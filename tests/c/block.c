/* block.c - block formats: their names, and blocks at the edges: zeros, NaNs, scales past their range, elements without a twin below zero. */
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/kernel/block-job.h"
#include "tests/lib/blocks.h"
#include "tests/lib/test.h"

/* --- names --- */

static void rows_are_what_they_say(void **state)
{
    (void)state;
    static const struct { const char *name, *element, *scale, *tensor; size_t rows, size; hu_scale_rule rule; double bits; } want[] = {
        {"mxfp8e4m3", "e4m3fn", "e8m0fnu", "", 1, 32, HU_SCALE_floor, 8.25}, {"mxfp8e5m2", "e5m2", "e8m0fnu", "", 1, 32, HU_SCALE_floor, 8.25},
        {"mxfp6e2m3", "e2m3fn", "e8m0fnu", "", 1, 32, HU_SCALE_floor, 6.25}, {"mxfp6e3m2", "e3m2fn", "e8m0fnu", "", 1, 32, HU_SCALE_floor, 6.25},
        {"mxfp4", "e2m1fn", "e8m0fnu", "", 1, 32, HU_SCALE_floor, 4.25},     {"mxint8", "q2.6", "e8m0fnu", "", 1, 32, HU_SCALE_floor, 8.25},
        {"nvfp4", "e2m1fn", "e4m3fn", "e8m23", 1, 16, HU_SCALE_even, 4.5},   {"msfp12", "int4", "e8m0fnu", "", 1, 16, HU_SCALE_floor, 4.5},
        {"bfp16", "int8", "e8m0fnu", "", 1, 16, HU_SCALE_floor, 8.5},        {"dfp16", "int16", "e10m0fnu", "", 1, 0, HU_SCALE_floor, 16},
        {"hbfp8", "int8", "e10m0fnu", "", 24, 24, HU_SCALE_floor, 8 + 10.0 / 576},
        {"mxfp4{rule=up}", "e2m1fn", "e8m0fnu", "", 1, 32, HU_SCALE_up, 4.25},
        {"mxfp4{scale=bf16}", "e2m1fn", "e8m7", "", 1, 32, HU_SCALE_even, 4.5},
        {"nvfp4{size=16x16,tensor=none}", "e2m1fn", "e4m3fn", "", 16, 16, HU_SCALE_even, 4 + 8.0 / 256},
        {"block(posit8, scale=bf16, size=7, target=1)", "posit8", "e8m7", "", 1, 7, HU_SCALE_even, 8 + 16.0 / 7},
        {"block(e5m7{bias=20,subnormals=flush},size=8)", "e5m7b20{subnormals=flush}", "e8m0fnu", "", 1, 8, HU_SCALE_floor, 14},
    };
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        const hu_block_format *f = test_block(want[i].name);
        assert_string_equal(f->element->name, want[i].element);
        assert_string_equal(f->scale->name, want[i].scale);
        assert_string_equal(f->tensor ? f->tensor->name : "", want[i].tensor);
        assert_true(f->rows == want[i].rows && f->size == want[i].size && f->rule == want[i].rule);
        assert_true(hu_block_bits_per_value(f) == want[i].bits);
    }
}

static void every_name_is_canonical(void **state)
{
    (void)state;
    char formula[HU_BLOCK_NAME_SIZE];
    static const char *const others[] = {"mxfp4{rule=mse}", "block(takum16, scale=posit16, size=5x3, rule=up, target=0.5)", "nvfp4{target=4}",
                                         "block(uq0.8, scale=fp32, size=tensor)"};
    for (int i = 0; hu_block_at(i); i++) {
        const hu_block_format *f = hu_block_at(i);
        assert_ptr_equal(test_block(f->name), f);
        assert_ptr_equal(test_block(hu_block_formula(f, formula)), f);
        assert_true(f->source && strlen(f->source) < 160);       /* fits a line of halfulp format */
        assert_true(hu_block_is_name(f->name));
    }
    for (size_t i = 0; i < TEST_COUNT(others); i++) {
        const hu_block_format *f = test_block(others[i]);
        assert_ptr_equal(test_block(f->name), f);
        assert_string_equal(hu_block_formula(f, formula), f->name);
    }
    assert_ptr_equal(test_block("block(e2m1fn)"), test_block("mxfp4"));
    assert_ptr_equal(test_block("block( fp4 , size=16,scale=e4m3fn ,tensor=float32)"), test_block("nvfp4"));
    assert_ptr_equal(test_block("bfp12{size=16}"), test_block("msfp12"));
}

static void names_that_cannot_be(void **state)
{
    (void)state;
    static const struct { const char *name, *says; } bad[] = {
        {"mxfp5", "mxfp4"}, {"", "a block format is"}, {"e4m3fn", "a block format is"}, {"block", "a block format"}, {"block(", "missing"}, {"block()", "missing"},
        {"block(e2m1fn", "')'"}, {"block(e2m1fn)x", "')'"}, {"block(e2m1fn,)", "missing"}, {"block(e2m1fn, size)", "KEY=VALUE"},
        {"block(e2m1fn, sise=3)", "sise"}, {"block(e2m1fn, size=0)", "size is '0'"}, {"block(e2m1fn, size=-4)", "-4"},
        {"block(e2m1fn, size=4x)", "4x"}, {"block(e2m1fn, size=x4)", "x4"}, {"block(e2m1fn, size=4x4x4)", "4x4x4"}, {"block(e2m1fn, size=1e3)", "1e3"},
        {"block(e2m1fn, size=1048577)", "1048577"}, {"block(e2m1fn, size=99999999999999999999)", "999"}, {"block(e2m1fn, size=2048x1024)", "2048x1024"},
        {"block(e2m1fn, size=)", "size is ''"}, {"block(e2m1fn, rule=floors)", "floors"}, {"block(e2m1fn, scale=e8m0fn0)", "e8m0fn0"},
        {"block(e2m1fnn)", "e2m1fnn"}, {"block(mxfp4)", "block format"}, {"block(int8{overflow=wrap})", "wraps"},
        {"block(e2m1fn, scale=uint8{overflow=wrap})", "wraps"}, {"block(e2m1fn, target=0)", "target"}, {"block(e2m1fn, target=-1)", "target"},
        {"block(e2m1fn, target=inf)", "target"}, {"block(e2m1fn, target=4x)", "target"}, {"block(e2m1fn, target=1e-310)", "target"},
        {"block(fp64, scale=fp64, tensor=fp64)", "106"}, {"block(e11m60)", "72 bits"}, {"nvfp4{target=0.1}", "target"}, {"mxfp4{", "missing"}, {"mxfp4{}", "missing"}, {"mxfp4{rule=up", "'}'"},
        {"mxfp4{rule=up}}", "'}'"}, {"mxfp4{element=int8}", "element"}, {"mxfp4}", "mxfp4"},
    };
    char longest[2000];
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        hu_error err = {0};
        assert_null(hu_block_find(bad[i].name, &err));
        if (!strstr(err.text, bad[i].says) || strchr(err.text, '\n') || err.status == HU_OK)
            fail_msg("'%s': %s", bad[i].name, err.text);
    }
    memset(longest, '(', sizeof longest);
    memcpy(longest, "block(", 6);
    longest[sizeof longest - 1] = '\0';
    assert_null(hu_block_find(longest, NULL));
    memcpy(longest, "mxfp4{", 6);
    assert_null(hu_block_find(longest, NULL));
    hu_error err = {0};
    assert_null(hu_format_find("mxfp4", &err));
    assert_non_null(strstr(err.text, "block format"));
}

static void out_of_memory(void **state)
{
    (void)state;
    hu_error err = {0};
    hu_memory_fail_after(0);
    const hu_block_format *f = hu_block_find("mxfp4{size=12345}", &err);
    hu_memory_fail_after(-1);
    assert_null(f);
    assert_int_equal(err.status, HU_ENOMEM);
    assert_non_null(test_block("mxfp4{size=12345}"));
}

/* --- edges --- */

typedef struct result {
    uint64_t codes[8], scales[8], tensor;
    double values[8];
    hu_flags flags;
} result;

static result run(const char *name, const char *mode, const double *x, size_t n)
{
    result r = {0}, again = {0};
    hu_error err = {0};
    hu_env env = hu_env_default(), other;
    assert_int_equal(hu_env_parse_mode(&env, mode, &err), HU_OK);
    other = env;
    hu_block_layout l = hu_block_line(n);
    const hu_block_format *f = test_block(name);
    assert_int_equal(hu_block_encode_f64(r.codes, r.scales, &r.tensor, x, &l, f, &env, &err), HU_OK);
    assert_int_equal(hu_block_quantize_f64(r.values, x, &l, f, &other, &err), HU_OK);
    r.flags = env.flags;
    assert_int_equal(other.flags, env.flags);
    assert_int_equal(hu_block_decode_f64(again.values, r.codes, r.scales, r.tensor, &l, f, &err), HU_OK);
    for (size_t i = 0; i < n; i++)
        if (!(isnan(r.values[i]) && isnan(again.values[i])))
            assert_memory_equal(&r.values[i], &again.values[i], sizeof(double));
    return r;
}

static void zero_blocks(void **state)
{
    (void)state;
    double x[2] = {0.0, -0.0};
    result r = run("mxfp4", "rne", x, 2);
    assert_true(r.scales[0] == 0 && r.codes[0] == 0 && r.codes[1] == 8 && r.flags == 0);
    assert_true(r.values[0] == 0 && signbit(r.values[1]) && !signbit(r.values[0]));
    r = run("nvfp4", "rne", x, 2);
    assert_true(r.scales[0] == 0 && r.codes[1] == 8 && r.flags == 0 && r.tensor == 0x3f800000);
    r = run("mxint8", "rne", x, 2);
    assert_true(r.codes[1] == 0 && !signbit(r.values[1]));
    r = run("block(linear4, scale=fp32)", "rne", x, 2);          /* the element has no zero: 1/16 times a scale of zero */
    assert_true(r.codes[0] == 0 && r.values[0] == 0 && r.flags == (HU_UNDERFLOW | HU_INEXACT));
    r = run("block(linear4, scale=e8m0fnu)", "rne", x, 2);
    assert_true(r.values[0] == 0x1p-131);
}

static void nans_and_infinities(void **state)
{
    (void)state;
    double nan[3] = {1, NAN, -2}, inf[3] = {1, -INFINITY, -2};
    result r = run("mxfp4", "rne", nan, 3);
    assert_true(r.scales[0] == 0xff && r.flags == 0 && isnan(r.values[0]) && isnan(r.values[2]) && r.codes[0] == 0 && r.codes[2] == 0);
    r = run("mxfp8e5m2", "rne", inf, 3);                          /* though the element has infinities */
    assert_true(r.scales[0] == 0xff && r.flags == HU_INVALID && isnan(r.values[1]));
    r = run("mxfp4", "rne+satfinite", inf, 3);
    assert_true(r.scales[0] == 0xff && r.flags == HU_INVALID);
    r = run("mxfp4", "rne+sat", inf, 3);                          /* the scale of the finite elements */
    assert_true(r.scales[0] == 126 && r.values[1] == -3 && r.values[0] == 1 && r.values[2] == -2 && r.flags == 0);
    r = run("mxfp4", "rne+sat", nan, 3);
    assert_true(isnan(r.values[0]) && r.scales[0] == 0xff);
    r = run("mxint8", "rne+sat", inf, 3);
    assert_true(r.codes[1] == 0x81 && r.values[1] == -2 * 1.984375);
    r = run("nvfp4", "rne", nan, 3);
    assert_true(r.scales[0] == 0x7f && isnan(r.values[2]));
    r = run("block(e4m3fn, scale=uint8)", "rne", nan, 3);        /* no NaN among the scales: the element's own */
    assert_true(r.values[0] == 1 && isnan(r.values[1]) && r.values[2] == -2 && r.flags == 0);
    r = run("block(int8, scale=uint8)", "rne", nan, 3);
    assert_true(r.values[1] == 0 && r.values[2] == -2 && r.flags == HU_INVALID);
    double other_block[3] = {NAN, 3, 1};
    r = run("mxfp4{size=1}", "rne", other_block, 3);
    assert_true(isnan(r.values[0]) && r.values[1] == 3 && r.values[2] == 1);
}

static void scales_past_their_range(void **state)
{
    (void)state;
    double huge[2] = {0x1p130, 1}, tiny[2] = {0x1p-140, -0x1p-128};
    result r = run("mxfp4", "rne", huge, 2);                      /* 2^(130 - 2) is no E8M0 */
    assert_true(r.scales[0] == 0xff && isnan(r.values[1]) && r.flags == (HU_OVERFLOW | HU_INEXACT));
    r = run("mxfp4", "rne+sat", huge, 2);
    assert_true(r.scales[0] == 0xfe && r.values[0] == 6 * 0x1p127 && r.values[1] == 0);
    assert_true(r.flags == (HU_OVERFLOW | HU_INEXACT | HU_UNDERFLOW));
    r = run("mxfp4", "rne+satfinite", huge, 2);
    assert_true(r.scales[0] == 0xfe);
    huge[0] = 0x1.ffp129;
    r = run("mxfp4", "rne", huge, 2);                             /* the last that is one */
    assert_true(r.scales[0] == 0xfe && r.values[0] == 6 * 0x1p127);
    r = run("mxfp4{rule=up}", "rne", huge, 2);
    assert_true(r.scales[0] == 0xff);
    r = run("mxfp4", "rne", tiny, 2);
    assert_true(r.scales[0] == 0 && r.values[0] == 0 && r.values[1] == -0x1p-128 && r.flags == (HU_UNDERFLOW | HU_INEXACT));
    r = run("nvfp4{tensor=none}", "rne", huge, 2);                /* clamped, whatever the policy */
    assert_true(r.scales[0] == 0x7e && r.values[0] == 6 * 448);
    r = run("nvfp4{tensor=none}", "rne", tiny, 2);                /* never zero */
    assert_true(r.scales[0] == 1 && r.values[0] == 0);
    double small[2] = {0x1p-9, 0};
    r = run("nvfp4{tensor=none}", "rne", small, 2);               /* amax / 6 rounds to 0, yet 2^-9 is 1 * 2^-9 */
    assert_true(r.scales[0] == 1 && r.codes[0] == 2 && r.values[0] == 0x1p-9);
    double sub[1] = {0x1p-1074};
    r = run("block(e2m1fn, scale=fp64)", "rne", sub, 1);          /* a scale below the smallest double */
    assert_true(r.scales[0] == 1 && r.values[0] == 0x1p-1074 && r.codes[0] == 2);
    double most[1] = {0x1.fffffffffffffp1023};
    r = run("block(e2m1fn, scale=fp64, rule=up)", "rne", most, 1);
    assert_true(r.codes[0] == 7 && r.values[0] >= most[0]);
    r = run("nvfp4", "rne", most, 1);                             /* the tensor scale is at its largest, and so is the block's */
    assert_true(r.tensor == 0x7f7fffff && r.scales[0] == 0x7e && r.codes[0] == 7);
}

static void elements_are_symmetric(void **state)
{
    (void)state;
    double x[3] = {-1.999, 1.999, -1.9};
    result r = run("mxint8", "rne", x, 3);
    assert_true(r.codes[0] == 0x81 && r.codes[1] == 0x7f && r.values[0] == -1.984375 && r.flags == (HU_OVERFLOW | HU_INEXACT));
    r = run("mxint8", "rd", x, 3);
    assert_true(r.codes[0] == 0x81 && r.codes[2] == 0x86);       /* -121.6 goes down to -122 */
    r = run("mxint8", "rz", x, 1);
    assert_true(r.codes[0] == 0x81 && r.flags == HU_INEXACT);      /* -127.936 goes to -127 by itself */
    uint64_t codes[1] = {0x80}, scales[1] = {127};
    double value;
    hu_block_layout l = hu_block_line(1);
    assert_int_equal(hu_block_decode_f64(&value, codes, scales, 0, &l, test_block("mxint8"), NULL), HU_OK);
    assert_true(value == -2);                                      /* read all the same */
}

static void unsigned_elements(void **state)
{
    (void)state;
    double x[3] = {-8, 1, 0.25}, negative[2] = {-8, -1};
    result r = run("block(uint4, scale=fp64)", "rne", x, 3);       /* the scale is that of the positive ones */
    assert_true(r.values[0] == 0 && r.values[1] == 1.0 && (r.flags & HU_OVERFLOW));
    r = run("block(uint4, scale=fp64)", "rne", negative, 2);
    assert_true(r.values[0] == 0 && r.scales[0] == 0);
}

static void codes_that_are_none(void **state)
{
    (void)state;
    hu_error err = {0};
    uint64_t codes[1] = {16}, scales[1] = {0}, good[1] = {7}, past[1] = {256};
    double out = 42;
    hu_block_layout l = hu_block_line(1);
    assert_int_equal(hu_block_decode_f64(&out, codes, scales, 0, &l, test_block("mxfp4"), &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "0x10"));
    assert_int_equal(hu_block_decode_f64(&out, good, past, 0, &l, test_block("mxfp4"), &err), HU_EINVAL);
    assert_int_equal(hu_block_decode_f64(&out, good, scales, UINT64_C(1) << 32, &l, test_block("nvfp4"), &err), HU_EINVAL);
    assert_true(out == 42);
    scales[0] = 0xb8;                                               /* -1 in E4M3 */
    assert_int_equal(hu_block_decode_f64(&out, good, scales, 0x3f800000, &l, test_block("nvfp4"), &err), HU_OK);
    assert_true(out == -6);
    assert_int_equal(hu_block_decode_f64(&out, good, scales, 0x7f800000, &l, test_block("nvfp4"), &err), HU_OK);
    assert_true(out == -INFINITY);
    scales[0] = 0;                                                  /* 0 times infinity */
    assert_int_equal(hu_block_decode_f64(&out, good, scales, 0x7f800000, &l, test_block("nvfp4"), &err), HU_OK);
    assert_true(isnan(out));
}

/* An element that reaches farther below zero than above: no candidate is left out that the largest element fits. */
static void scales_of_lopsided_elements(void **state)
{
    (void)state;
    enum { N = 16 };
    static const double values[] = {-8, -6, -5, -3, -1.5, -0.75, 0, 0.5};
    assert_non_null(hu_format_define(&(hu_definition){.name = "lopsided", .values = values, .n = TEST_COUNT(values)}, NULL));
    const hu_block_format *f = test_block("block(lopsided, scale=fp32, size=16, rule=mse)");
    hu_block_layout l = hu_block_line(N);
    hu_env env = hu_env_default();
    test_random r = {71};
    for (int trial = 0; trial < 200; trial++) {
        double x[N], y[N], amax = 0, least = INFINITY;
        hu_code best = 0;
        for (int i = 0; i < N; i++) {
            x[i] = i % 4 ? -test_random_unit(&r) * (double)(1 + trial % 7) : test_random_unit(&r) / 10;
            amax = fmax(amax, fabs(x[i]));
        }
        hu_block_job job;
        assert_int_equal(hu_block_job_init(&job, x, false, &l, f, &env, NULL), HU_OK);
        for (int j = 128; j >= 1; j--) {
            hu_code code = hu_block_scale_candidate(f, hu_num_from_double(amax), hu_num_make(false, 1, 0), j);
            hu_block_divisor d = hu_block_divide_by(&job, code);
            hu_block_values(&job, &job.plan, y, x, N, &d, (hu_draw){0});
            double error = 0;
            for (int i = 0; i < N; i++)
                error += (y[i] - x[i]) * (y[i] - x[i]);
            if (error < least * (1 - 1e-12)) {
                least = error;
                best = code;
            }
        }
        hu_block_view v = hu_block_job_view(&job, 0);
        bool is_nan;
        hu_flags flags = 0;
        assert_true(hu_block_choose_scale(&job, &v, &is_nan, &flags) == best);
    }
}

/* The largest element of a block is clipped by up to a quarter by `floor` (the rule of OCP MX 1.0), and by nothing by `up` and `ceil`. */
static void golden_clipping(void **state)
{
    (void)state;
    double x[1] = {nextafter(8, 0)}, six[1] = {6}, seven[1] = {7}, below[1] = {nextafter(7, 0)};
    assert_true(run("mxfp4", "rne", x, 1).values[0] == 6);
    assert_true(run("mxfp4", "rne", six, 1).scales[0] == 127);
    assert_true(run("mxfp4{rule=up}", "rne", six, 1).scales[0] == 127);
    assert_true(run("mxfp4{rule=up}", "rne", x, 1).values[0] == 8);
    assert_true(run("mxfp4{rule=ceil}", "rne", six, 1).scales[0] == 128);
    assert_true(run("mxfp4{rule=even}", "rne", seven, 1).scales[0] == 128);
    assert_true(run("mxfp4{rule=even}", "rne", below, 1).scales[0] == 127);
    static const struct { const char *name; int emax; double most; } elements[] = {       /* E of the elements */
        {"mxfp8e5m2", 15, 57344}, {"mxfp8e4m3", 8, 448}, {"mxfp6e3m2", 4, 28}, {"mxfp6e2m3", 2, 7.5}, {"mxfp4", 2, 6}, {"mxint8", 0, 1.984375},
    };
    for (size_t i = 0; i < TEST_COUNT(elements); i++) {
        double largest[1] = {nextafter(2, 0)};
        result r = run(elements[i].name, "rne", largest, 1);
        assert_int_equal((int)r.scales[0] - 127, -elements[i].emax);
        assert_true(r.values[0] == ldexp(elements[i].most, -elements[i].emax));
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("the named block formats have the parts of their sources", rows_are_what_they_say),
    CLAIM("a name, its formula and its canonical name are one block format", every_name_is_canonical),
    CLAIM("names that cannot be say what is wrong", names_that_cannot_be),
    CLAIM("no memory for a new name is said so", out_of_memory),
    CLAIM("blocks of zeros have the scale of zero and keep their signs", zero_blocks),
    CLAIM("NaNs and infinities take their block with them, or saturate", nans_and_infinities),
    CLAIM("scales past their range are NaN or clamped, and never zero", scales_past_their_range),
    CLAIM("two's complement elements are symmetric, and -2 is read", elements_are_symmetric),
    CLAIM("without a sign negative elements clip to zero and do not count for the scale", unsigned_elements),
    CLAIM("of an element that reaches farther below zero than above the scale with the least error is found", scales_of_lopsided_elements),
    CLAIM("codes past the last are refused, and odd scales are read", codes_that_are_none),
    CLAIM("MX elements clip and scale where OCP MX 1.0 and the other rules say", golden_clipping),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
