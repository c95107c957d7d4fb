/* block.c - block formats: names, edges, layouts, bytes, the error's parts, reference numbers, and the same bits every way. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/kernel/block-job.h"
#include "src/ops/ops.h"
#include "tests/lib/test.h"

static const hu_block_format *find(const char *name)
{
    hu_error err = {0};
    const hu_block_format *f = hu_block_find(name, &err);
    if (!f)
        fail_msg("%s", err.text);
    return f;
}

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
        const hu_block_format *f = find(want[i].name);
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
        assert_ptr_equal(find(f->name), f);
        assert_ptr_equal(find(hu_block_formula(f, formula)), f);
        assert_true(f->source && strlen(f->source) < 160);       /* fits a line of halfulp format */
        assert_true(hu_block_is_name(f->name));
    }
    for (size_t i = 0; i < TEST_COUNT(others); i++) {
        const hu_block_format *f = find(others[i]);
        assert_ptr_equal(find(f->name), f);
        assert_string_equal(hu_block_formula(f, formula), f->name);
    }
    assert_ptr_equal(find("block(e2m1fn)"), find("mxfp4"));
    assert_ptr_equal(find("block( fp4 , size=16,scale=e4m3fn ,tensor=float32)"), find("nvfp4"));
    assert_ptr_equal(find("bfp12{size=16}"), find("msfp12"));
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
    assert_non_null(find("mxfp4{size=12345}"));
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
    const hu_block_format *f = find(name);
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
    assert_int_equal(hu_block_decode_f64(&value, codes, scales, 0, &l, find("mxint8"), NULL), HU_OK);
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
    assert_int_equal(hu_block_decode_f64(&out, codes, scales, 0, &l, find("mxfp4"), &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "0x10"));
    assert_int_equal(hu_block_decode_f64(&out, good, past, 0, &l, find("mxfp4"), &err), HU_EINVAL);
    assert_int_equal(hu_block_decode_f64(&out, good, scales, UINT64_C(1) << 32, &l, find("nvfp4"), &err), HU_EINVAL);
    assert_true(out == 42);
    scales[0] = 0xb8;                                               /* -1 in E4M3 */
    assert_int_equal(hu_block_decode_f64(&out, good, scales, 0x3f800000, &l, find("nvfp4"), &err), HU_OK);
    assert_true(out == -6);
    assert_int_equal(hu_block_decode_f64(&out, good, scales, 0x7f800000, &l, find("nvfp4"), &err), HU_OK);
    assert_true(out == -INFINITY);
    scales[0] = 0;                                                  /* 0 times infinity */
    assert_int_equal(hu_block_decode_f64(&out, good, scales, 0x7f800000, &l, find("nvfp4"), &err), HU_OK);
    assert_true(isnan(out));
}

/* An element that reaches farther below zero than above: no candidate is left out that the largest element fits. */
static void scales_of_lopsided_elements(void **state)
{
    (void)state;
    enum { N = 16 };
    static const double values[] = {-8, -6, -5, -3, -1.5, -0.75, 0, 0.5};
    assert_non_null(hu_format_define(&(hu_definition){.name = "lopsided", .values = values, .n = TEST_COUNT(values)}, NULL));
    const hu_block_format *f = find("block(lopsided, scale=fp32, size=16, rule=mse)");
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

/* --- the same bits every way --- */

static const char *const many[] = {"mxfp4", "mxfp8e4m3", "mxfp6e3m2{rule=even,size=5}", "mxint8{rule=up}", "nvfp4", "msfp12{rule=mse}", "dfp16",
                                   "block(nf4, scale=fp32, size=7)", "block(posit8, scale=e8m0fnu, size=13, target=1)", "hbfp8{size=3x4}",
                                   "block(e4m3fn, scale=posit16, size=9)", "block(takum64, scale=bf16, size=6, target=1)", "nvfp4{rule=mse,size=2x8}",
                                   "block(ude8, scale=fp32, size=11)", "block(e2m1fn, scale=e5m2, size=16, tensor=e8m0fnu)"};

static void fill(double *x, size_t n, test_random *r, bool narrow)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = ldexp(test_random_unit(r) - 0.5, (int)test_random_below(r, 20) - 10);
        x[i] = narrow ? (float)x[i] : x[i];
    }
}

/* Every element through src/ops alone, one block after the other. */
static hu_flags scalar(double *out, const double *in, bool is_f32, const hu_block_layout *l, const hu_block_format *f, const hu_env *env)
{
    hu_block_job job;
    float *narrow = calloc(hu_block_elements(l) + 1, sizeof *narrow);
    assert_non_null(narrow);
    for (size_t i = 0; i < hu_block_elements(l); i++)
        narrow[i] = (float)in[i];
    assert_int_equal(hu_block_job_init(&job, is_f32 ? (const void *)narrow : in, is_f32, l, f, env, NULL), HU_OK);
    job.is_fast = false;
    hu_flags flags = 0;
    for (size_t block = 0; block < job.n_blocks; block++) {
        bool is_nan;
        hu_block_view v = hu_block_job_view(&job, block);
        hu_block_divisor d = hu_block_divide_by(&job, hu_block_choose_scale(&job, &v, &is_nan, &flags));
        hu_env own = job.plan.env;
        for (hu_block_piece p = {0}; hu_block_next_piece(&v, &p);)
            for (size_t i = 0; i < p.n; i++) {
                size_t at = p.offset + i * v.stride;
                if (is_nan) {
                    out[at] = NAN;
                    continue;
                }
                uint64_t word = hu_random_word(env->random.seed, env->random.stream, env->random.index + at);
                out[at] = hu_block_value(&job, hu_block_code(&job, &own, in[at], &d, word), &d);
            }
        flags |= own.flags;
    }
    free(narrow);
    return flags;
}

/* Numbers that may not go the fast way: zeros, NaNs, infinities, quotients below the smallest double, scales past their range. */
static void spoil(double *x, size_t n, test_random *r, bool narrow)
{
    static const double wide[] = {NAN, INFINITY, -INFINITY, 0x1p-1074, -0x1.8p-1060, 0x1p140, 0x1.8p1023, 0x1p-1022};
    static const double floats[] = {NAN, INFINITY, -INFINITY, 0x1p-149, -0x1.8p-130, 0x1p127, 0x1.fffffep127, 0x1p-126};
    size_t kind = test_random_below(r, TEST_COUNT(wide));
    for (size_t i = 0; i < n / 50; i++)
        x[test_random_below(r, n)] = (narrow ? floats : wide)[kind];
    for (size_t i = n / 3; i < n / 2; i++)
        x[i] = i & 1 ? -0.0 : 0.0;
}

/* One array both ways, and in place. */
static void compare_ways(const char *name, const char *mode, bool narrow, int axis, int spoils, test_random *r)
{
    enum { N = 600 };
    static double x[N], got[N], want[N];
    static float xf[N];
    const hu_block_format *f = find(name);
    size_t n = f->rule == HU_SCALE_mse ? N / 6 : N;
    hu_block_layout l;
    assert_int_equal(hu_block_layout_init(&l, f, 2, (size_t[]){n / 20, 20}, axis, NULL), HU_OK);
    fill(x, n, r, narrow);
    int shift = test_random_below(r, 3) ? 0 : test_random_below(r, 2) ? -130 : 110;          /* to the ends of E8M0 and of float */
    for (size_t k = 0; k < n; k++)
        x[k] = narrow ? (double)(float)ldexp(x[k], shift) : ldexp(x[k], shift);
    if (spoils)
        spoil(x, n, r, narrow);
    hu_env env = hu_env_default(), own;
    env.rounding = hu_rounding_find(mode, NULL);
    env.overflow = (hu_overflow)spoils;
    env.random.index = test_random_below(r, 1000);
    own = env;
    hu_flags flags = scalar(want, x, narrow, &l, f, &env);
    for (size_t k = 0; k < n; k++)
        xf[k] = (float)x[k];
    memcpy(got, x, sizeof got);
    if (narrow)
        assert_int_equal(hu_block_quantize_f32(xf, xf, &l, f, &own, NULL), HU_OK);
    else
        assert_int_equal(hu_block_quantize_f64(got, got, &l, f, &own, NULL), HU_OK);
    for (size_t k = 0; k < n; k++) {
        double value = narrow ? (double)xf[k] : got[k];
        if (memcmp(&value, &want[k], sizeof value) != 0 && !(isnan(value) && isnan(want[k])))
            fail_msg("%s %s, %s: element %zu, %a: %a, through src/ops %a", name, mode, narrow ? "float" : "double", k, x[k], value, want[k]);
    }
    if (own.flags != flags)
        fail_msg("%s %s, %s: flags %x, through src/ops %x", name, mode, narrow ? "float" : "double", own.flags, flags);
}

static void fast_is_slow(void **state)
{
    (void)state;
    test_random r = {3};
    size_t cases = 0;
    static const char *const modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro", "sr", "sr:5", "srb:9", "src:3", "srh"};
    for (size_t i = 0; i < TEST_COUNT(many); i++)
        for (size_t m = 0; m < TEST_COUNT(modes); m++)
            for (int narrow = 0; narrow < 2; narrow++, cases++)
                compare_ways(many[i], modes[m], narrow, cases % 3 != 0, cases % 4 < 2 ? 0 : (int)(cases % 2), &r);
    for (int trial = 0; trial < (test_long() ? 10000 : 1000); trial++, cases++)
        compare_ways(many[test_random_below(&r, TEST_COUNT(many))], modes[test_random_below(&r, TEST_COUNT(modes))], trial & 1, 1, trial % 3, &r);
    test_note("%zu arrays", cases);
}

/* Any element with any scale, size, rule, tensor scale, mode and policy. */
static const hu_block_format *draw_format(test_random *r)
{
    static const char *const elements[] = {"e2m1fn", "int4", "q2.6", "uint8", "nf4", "posit8", "takum16", "lns3.4", "e5m2{subnormals=flush}",
                                           "linear4", "hif8", "binary8p1uf", "int64", "uint64", "takum64", "int2", "ude4nz", "e8m0fnu", "e4m3",
                                           "e3m0", "fp64", "q0.3", "binary4p2sf", "de8"};
    static const char *const scales[] = {"e8m0fnu", "fp32", "fp64", "posit8", "takum16", "uint8", "int4", "nf4", "linear4", "e4m3fn", "e5m2",
                                         "hif8", "binary8p1uf", "e10m0fnu", "e3m4fnu", "lns5.2", "fp16{subnormals=flush}"};
    for (;;) {
        char name[200], tensor[64] = "";
        if (test_random_below(r, 3) == 0)
            snprintf(tensor, sizeof tensor, ", tensor=%s", scales[test_random_below(r, TEST_COUNT(scales))]);
        snprintf(name, sizeof name, "block(%s, scale=%s, size=%d%s, rule=%s%s)", elements[test_random_below(r, TEST_COUNT(elements))],
                 scales[test_random_below(r, TEST_COUNT(scales))], 1 + (int)test_random_below(r, 40), test_random_below(r, 4) ? "" : "x3",
                 hu_scale_rule_names[test_random_below(r, HU_N_SCALE_RULES)], tensor);
        hu_error err = {0};
        const hu_block_format *f = hu_block_find(name, &err);
        if (f)
            return f;
        assert_non_null(strstr(err.text, "significands"));       /* too many bits with a tensor scale */
    }
}

static void any_format(void **state)
{
    (void)state;
    enum { MOST = 400 };
    static double x[MOST], values[MOST], decoded[MOST];
    static uint64_t codes[MOST], scales[MOST];
    static hu_block_error errors[MOST];
    static const char *const modes[] = {"rne", "rz", "ru", "rd", "raz", "ro", "sr", "sr:4"};
    test_random r = {41};
    int arrays = test_long() ? 10000 : 400;
    for (int trial = 0; trial < arrays; trial++) {
        const hu_block_format *f = draw_format(&r);
        size_t shape[2] = {1 + test_random_below(&r, 8), 1 + test_random_below(&r, 50)}, n = shape[0] * shape[1];
        hu_block_layout l;
        assert_int_equal(hu_block_layout_init(&l, f, 2, shape, (int)test_random_below(&r, 2), NULL), HU_OK);
        fill(x, n, &r, false);
        if (trial & 1)
            spoil(x, n, &r, false);
        hu_env env = hu_env_default(), other, third;
        env.rounding = hu_rounding_find(modes[test_random_below(&r, TEST_COUNT(modes))], NULL);
        env.overflow = (hu_overflow)test_random_below(&r, 3);
        other = third = env;
        uint64_t tensor;
        assert_int_equal(hu_block_quantize_f64(values, x, &l, f, &env, NULL), HU_OK);
        assert_int_equal(hu_block_encode_f64(codes, scales, &tensor, x, &l, f, &other, NULL), HU_OK);
        assert_int_equal(hu_block_decode_f64(decoded, codes, scales, tensor, &l, f, NULL), HU_OK);
        assert_int_equal(hu_block_errors_f64(errors, x, &l, f, &third, NULL), HU_OK);
        for (size_t i = 0; i < n; i++)
            if (memcmp(&values[i], &decoded[i], sizeof values[i]) != 0 && !(isnan(values[i]) && isnan(decoded[i])))
                fail_msg("%s %s: %a is %a, and through its code %a", f->name, env.rounding->name, x[i], values[i], decoded[i]);
        if (env.flags != other.flags || env.flags != third.flags)
            fail_msg("%s %s: flags %x, of codes %x, of errors %x", f->name, env.rounding->name, env.flags, other.flags, third.flags);
    }
    test_note("%d arrays", arrays);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    enum { N = 40000 };
    double *x = calloc(N, sizeof *x), *one = calloc(N, sizeof *x), *four = calloc(N, sizeof *x);
    assert_true(x && one && four);
    test_random r = {8};
    fill(x, N, &r, false);
    for (size_t i = 0; i < 5; i++) {
        const hu_block_format *f = find(many[i]);
        hu_block_layout l = hu_block_line(N);
        hu_env a = hu_env_default(), b;
        a.rounding = hu_rounding_find("sr", NULL);
        b = a;
        int before = hu_threads_set(1);
        assert_int_equal(hu_block_quantize_f64(one, x, &l, f, &a, NULL), HU_OK);
        hu_threads_set(4);
        assert_int_equal(hu_block_quantize_f64(four, x, &l, f, &b, NULL), HU_OK);
        hu_threads_set(before);
        assert_memory_equal(one, four, N * sizeof *one);
        assert_true(a.flags == b.flags && a.random.index == N && b.random.index == N);
    }
    free(x);
    free(one);
    free(four);
}

/* --- layouts: blocks cut out by hand, element by element --- */

static void cut_and_compare(const char *name, int rank, const size_t *shape, int axis, test_random *r)
{
    enum { MOST = 4096 };
    static double x[MOST], got[MOST], block[MOST], values[MOST];
    static bool seen[MOST];
    const hu_block_format *f = find(name);
    size_t n = 1, inner = 1, blocks = 0;
    for (int i = 0; i < rank; i++)
        n *= shape[i];
    for (int i = axis + 1; i < rank; i++)
        inner *= shape[i];
    assert_true(n <= MOST);
    fill(x, n, r, false);
    hu_block_layout l;
    hu_env env = hu_env_default();
    assert_int_equal(hu_block_layout_init(&l, f, rank, shape, axis, NULL), HU_OK);
    assert_int_equal(hu_block_quantize_f64(got, x, &l, f, &env, NULL), HU_OK);
    memset(seen, 0, sizeof seen);
    size_t other = f->rows > 1 ? (axis == rank - 1 ? shape[axis] : 1) : 0;        /* the stride of a block's rows */
    size_t others = f->rows > 1 ? (axis == rank - 1 ? shape[axis - 1] : shape[axis + 1]) : 1;
    for (size_t start = 0; start < n; start++) {
        if (seen[start])
            continue;
        size_t k = start / inner % shape[axis], row = other ? start / other % others : 0, count = 0, at[MOST];
        for (size_t rr = row; rr < row + f->rows && rr < others; rr++)
            for (size_t kk = k; kk < k + f->size && kk < shape[axis]; kk++)
                at[count++] = start + (rr - row) * other + (kk - k) * inner;
        for (size_t i = 0; i < count; i++) {
            assert_false(seen[at[i]]);
            seen[at[i]] = true;
            block[i] = x[at[i]];
        }
        char one[96];
        snprintf(one, sizeof one, "block(%s, scale=%s, size=%zu, rule=%s)", f->element->name, f->scale->name, count, hu_scale_rule_names[f->rule]);
        hu_block_layout line = hu_block_line(count);
        assert_int_equal(hu_block_quantize_f64(values, block, &line, find(one), &env, NULL), HU_OK);
        for (size_t i = 0; i < count; i++)
            if (got[at[i]] != values[i])
                fail_msg("%s, index %d of %d: element %zu is %a, in its block alone %a", name, axis, rank, at[i], got[at[i]], values[i]);
        blocks++;
    }
    assert_int_equal(hu_block_count(&l, f), blocks);
}

static void layouts(void **state)
{
    (void)state;
    test_random r = {12};
    size_t shape[4] = {3, 7, 5, 6};
    for (int rank = 1; rank <= 4; rank++)
        for (int axis = 0; axis < rank; axis++) {
            cut_and_compare("mxfp4{size=4}", rank, shape, axis, &r);
            cut_and_compare("mxfp4{size=1}", rank, shape, axis, &r);
            cut_and_compare("mxfp4{size=1000}", rank, shape, axis, &r);
            if (rank > 1 && axis >= rank - 2)
                cut_and_compare("mxint8{size=3x2}", rank, shape, axis, &r);
        }
    cut_and_compare("block(e2m1fn, scale=fp32, size=300)", 2, (size_t[]){3, 900}, 1, &r);     /* longer than a piece */
    cut_and_compare("mxfp4{size=300x2}", 2, (size_t[]){601, 5}, 1, &r);
    hu_block_layout l;
    hu_error err = {0};
    assert_int_equal(hu_block_layout_init(&l, find("mxfp4"), 2, shape, 2, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, find("mxfp4"), 2, shape, -2, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, find("hbfp8"), 1, shape, 0, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, find("hbfp8"), 3, shape, 0, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, find("hbfp8"), 2, shape, -1, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, find("dfp16"), 4, shape, 2, &err), HU_OK);
    assert_int_equal(hu_block_count(&l, find("dfp16")), 1);
    assert_int_equal(hu_block_layout_init(&l, find("mxfp4"), 2, (size_t[]){0, 4}, 1, &err), HU_OK);
    assert_int_equal(hu_block_count(&l, find("mxfp4")), 0);
    hu_env env = hu_env_default();
    assert_int_equal(hu_block_quantize_f64(NULL, NULL, &l, find("mxfp4"), &env, &err), HU_OK);
    l = hu_block_line(3);
    assert_int_equal(hu_block_quantize_f64(NULL, NULL, &l, find("mxfp4"), &env, &err), HU_EINVAL);
}

/* --- bytes --- */

static void bytes_by_hand(void **state)
{
    (void)state;
    uint64_t four[3] = {0x1, 0x2, 0xf}, six[3] = {0x3f, 0x01, 0x2a}, scale[2] = {0x7f, 0x12};
    uint8_t elements[16], scales[16];
    hu_block_layout l = hu_block_line(3);
    hu_block_pack(elements, scales, four, scale, &l, find("mxfp4{size=2}"));
    assert_int_equal(hu_block_element_bytes(&l, find("mxfp4{size=2}")), 2);
    assert_true(elements[0] == 0x21 && elements[1] == 0x0f && scales[0] == 0x7f && scales[1] == 0x12);
    hu_block_pack(elements, NULL, four, scale, &l, find("mxfp4{size=2}"));
    assert_true(elements[0] == 0x7f && elements[1] == 0x21 && elements[2] == 0x12 && elements[3] == 0x0f);
    hu_block_pack(elements, scales, six, scale, &l, find("mxfp6e2m3"));      /* 3f, 01, 2a: bits 0 to 5, 6 to 11, 12 to 17 */
    assert_true(elements[0] == 0x7f && elements[1] == 0xa0 && elements[2] == 0x02);
    uint64_t wide[1] = {0x3ff};
    hu_block_pack(elements, scales, four, wide, &l, find("block(int4, scale=e10m0fnu)"));
    assert_true(scales[0] == 0xff && scales[1] == 0x03);
    size_t shape[2] = {2, 3};                                        /* blocks along the first index: a column after the other */
    uint64_t grid[6] = {1, 2, 3, 4, 5, 6}, columns[3] = {7, 8, 9};
    assert_int_equal(hu_block_layout_init(&l, find("mxfp4"), 2, shape, 0, NULL), HU_OK);
    hu_block_pack(elements, scales, grid, columns, &l, find("mxfp4"));
    assert_true(elements[0] == 0x41 && elements[1] == 0x52 && elements[2] == 0x63 && scales[0] == 7 && scales[2] == 9);
}

static void bytes_come_back(void **state)
{
    (void)state;
    enum { N = 77 };
    test_random r = {31};
    uint64_t codes[N], scales[N], codes_back[N], scales_back[N];
    uint8_t bytes[N * 16 + 8], other[N * 8 + 8];
    size_t cases = 0;
    for (int width = 2; width <= 64; width++)
        for (size_t size = 1; size <= 32; size += 1 + size / 3)
            for (int interleaved = 0; interleaved < 2; interleaved++) {
                char name[80];
                snprintf(name, sizeof name, "block(uint%d, scale=%s, size=%zu)", width, width & 1 ? "fp32" : "e8m0fnu", size);
                const hu_block_format *f = find(name);
                hu_block_layout l = hu_block_line(N);
                size_t blocks = hu_block_count(&l, f), n = hu_block_element_bytes(&l, f), n_scales = hu_block_scale_bytes(&l, f);
                for (size_t i = 0; i < N; i++)
                    codes[i] = test_random_bits(&r) >> (64 - width);
                for (size_t i = 0; i < blocks; i++)
                    scales[i] = test_random_bits(&r) >> (64 - f->scale->width_bits);
                memset(bytes, 0x55, sizeof bytes);
                memset(other, 0x55, sizeof other);
                hu_block_pack(bytes, interleaved ? NULL : other, codes, scales, &l, f);
                assert_int_equal(bytes[interleaved ? n + n_scales : n], 0x55);      /* and not a byte more */
                assert_int_equal(other[interleaved ? 0 : n_scales], 0x55);
                hu_block_unpack(codes_back, scales_back, bytes, interleaved ? NULL : other, &l, f);
                assert_memory_equal(codes, codes_back, sizeof codes);
                assert_memory_equal(scales, scales_back, blocks * sizeof scales[0]);
                cases++;
            }
    test_note("%zu packings", cases);
}

/* --- the error --- */

static void parts_of_the_error(void **state)
{
    (void)state;
    double x[7] = {7, -7.5, 0.2, -0.1, 1.2, 0, 5.9};                 /* scale 1: 7 and 7.5 are past 6, 0.2 and 0.1 become 0, 1.2 becomes 1, 5.9 becomes 6 */
    hu_block_error e;
    hu_env env = hu_env_default();
    hu_block_layout l = hu_block_line(7);
    assert_int_equal(hu_block_errors_f64(&e, x, &l, find("mxfp4"), &env, NULL), HU_OK);
    assert_true(e.energy[HU_BLOCK_CLIPPING] == 1 + 2.25 && e.max[HU_BLOCK_CLIPPING] == 1.5 && e.n[HU_BLOCK_CLIPPING] == 2);
    assert_true(e.n[HU_BLOCK_FLUSH] == 2 && e.max[HU_BLOCK_FLUSH] == 0.2 && e.n[HU_BLOCK_ROUNDING] == 2 && e.scale == 1);
    assert_true(e.n_elements == 7 && e.n_not_finite == 0);
    double uns[2] = {-3, 0.01};
    l = hu_block_line(2);
    assert_int_equal(hu_block_errors_f64(&e, uns, &l, find("block(uint4, scale=fp64, size=2)"), &env, NULL), HU_OK);
    assert_true(e.n[HU_BLOCK_CLIPPING] == 1 && e.energy[HU_BLOCK_CLIPPING] == 9);
    const double within[2] = {-1.25, -1.125};                       /* elements of some 2^(2^24), by a scale as small */
    assert_int_equal(hu_block_errors_f64(&e, within, &l, find("block(e25m2, scale=e30m0, size=2)"), &env, NULL), HU_OK);
    assert_true(e.n[HU_BLOCK_CLIPPING] == 0 && e.n[HU_BLOCK_ROUNDING] == 1 && e.energy[HU_BLOCK_ROUNDING] == 0x1p-6);
}

static void parts_add_up(void **state)
{
    (void)state;
    enum { N = 600 };
    static double x[N], y[N];
    static hu_block_error e[N];
    test_random r = {14};
    for (size_t i = 0; i < TEST_COUNT(many); i++) {
        const hu_block_format *f = find(many[i]);
        hu_block_layout l;
        hu_env env = hu_env_default(), other;
        env.rounding = hu_rounding_find(i & 1 ? "sr" : "rz", NULL);
        other = env;
        assert_int_equal(hu_block_layout_init(&l, f, 2, (size_t[]){30, 20}, 1, NULL), HU_OK);
        fill(x, N, &r, false);
        x[3] = 1e4;
        assert_int_equal(hu_block_errors_f64(e, x, &l, f, &env, NULL), HU_OK);
        assert_int_equal(hu_block_quantize_f64(y, x, &l, f, &other, NULL), HU_OK);
        assert_true(env.flags == other.flags && env.random.index == other.random.index);
        double total = 0, parts = 0;
        for (size_t k = 0; k < N; k++)
            total += (y[k] - x[k]) * (y[k] - x[k]);
        hu_block_error sum = hu_block_error_sum(e, hu_block_count(&l, f));
        for (int part = 0; part < HU_BLOCK_PARTS; part++)
            parts += sum.energy[part];
        assert_true(fabs(sum.total - total) <= 1e-12 * total && fabs(parts - total) <= 1e-12 * total);
        assert_int_equal(sum.n_elements, N);
    }
    x[0] = NAN;
    hu_block_layout l = hu_block_line(32);
    hu_env env = hu_env_default();
    assert_int_equal(hu_block_errors_f64(e, x, &l, find("mxfp4"), &env, NULL), HU_OK);
    assert_true(e[0].n_not_finite == 32 && e[0].total == 0 && isnan(e[0].scale));
}

/* --- reference numbers --- */

static double relative_error(const char *name, const double *x, size_t n, double *y)
{
    hu_env env = hu_env_default();
    hu_block_layout l = hu_block_line(n);
    double error = 0, signal = 0;
    assert_int_equal(hu_block_quantize_f64(y, x, &l, find(name), &env, NULL), HU_OK);
    for (size_t i = 0; i < n; i++) {
        error += (y[i] - x[i]) * (y[i] - x[i]);
        signal += x[i] * x[i];
    }
    return error / signal;
}

/* Figures computed apart from this program, of N(0, 1) and of Student's t with 5 degrees of freedom. */
static void golden_errors(void **state)
{
    (void)state;
    static const struct { const char *name; double want, tolerance; } errors[] = {
        {"mxfp4", 1.32e-2, 0.02}, {"mxfp4{rule=up}", 1.34e-2, 0.02}, {"nvfp4", 9.0e-3, 0.01}, {"nvfp4{size=32}", 1.03e-2, 0.01},
    };
    static const struct { const char *element; double normal[3], t5[3]; } sqnr[] = {       /* blocks of 16, 32, 256 */
        {"int4",   {21.38, 20.26, 17.94}, {19.98, 18.27, 13.99}},
        {"e2m1fn", {20.53, 19.91, 19.08}, {20.83, 19.85, 17.33}},
        {"nf4",    {21.85, 21.18, 20.11}, {21.82, 20.67, 17.55}},
        {"e3m0{specials=finite}", {15.49, 14.87, 14.22}, {NAN, NAN, NAN}},
    };
    static const size_t sizes[] = {16, 32, 256};
    size_t n = test_long() ? 1 << 20 : 1 << 17;
    double *x = calloc(n, sizeof *x), *t = calloc(n, sizeof *x), *y = calloc(n, sizeof *x), *small = calloc(n, sizeof *x);
    assert_true(x && t && y && small);
    for (size_t i = 0; i < n; i++) {
        double chi = 0;
        x[i] = hu_random_normal_at(1, 0, i);
        for (uint64_t k = 1; k <= 5; k++)
            chi += pow(hu_random_normal_at(1, k, i), 2);
        t[i] = x[i] / sqrt(chi / 5);
        small[i] = 0.75 * x[i];
    }
    for (size_t i = 0; i < TEST_COUNT(errors); i++) {
        double got = relative_error(errors[i].name, x, n, y);
        test_note("%s: %.3e (%.2e)", errors[i].name, got, errors[i].want);
        assert_true(fabs(got / errors[i].want - 1) < errors[i].tolerance);
    }
    /* floor with amax / 0.75: as `up` with the data at 0.75 of their size */
    double phase = relative_error("mxfp4{rule=up}", small, n, y);
    test_note("floor of amax / 0.75: %.3e (1.39e-02)", phase);
    assert_true(fabs(phase / 1.39e-2 - 1) < 0.02);
    for (size_t i = 0; i < TEST_COUNT(sqnr); i++)
        for (size_t s = 0; s < 3; s++) {
            char name[80];
            snprintf(name, sizeof name, "block(%s, scale=fp64, size=%zu)", sqnr[i].element, sizes[s]);
            double normal = -10 * log10(relative_error(name, x, n, y)), heavy = -10 * log10(relative_error(name, t, n, y));
            test_note("%s: %.2f dB (%.2f), heavy tails %.2f dB (%.2f)", name, normal, sqnr[i].normal[s], heavy, sqnr[i].t5[s]);
            assert_true(fabs(normal - sqnr[i].normal[s]) < 0.1);
            if (!isnan(sqnr[i].t5[s]))
                assert_true(fabs(heavy - sqnr[i].t5[s]) < (test_long() ? 0.15 : 0.3));
        }
    free(x);
    free(t);
    free(y);
    free(small);
}

/* Computed apart from this program: rows of 256 with a lognormal scale of 0.4; a free scale, and one of a power of two that clips nothing. */
static void golden_powers(void **state)
{
    (void)state;
    enum { ROWS = 512, G = 256 };
    double *x = calloc(ROWS * G, sizeof *x), *y = calloc(ROWS * G, sizeof *x);
    assert_true(x && y);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < G; i++)
            x[r * G + i] = exp(0.4 * hu_random_normal_at(2, 1, r)) * hu_random_normal_at(2, 2, r * G + i);
    double free_scale = -10 * log10(relative_error("block(e2m1fn, scale=fp64, size=256)", x, ROWS * G, y));
    double up = -10 * log10(relative_error("block(e2m1fn, scale=e8m0fnu, size=256, rule=up)", x, ROWS * G, y));
    test_note("free scale %.2f dB (19.09), power of two %.2f dB (17.86)", free_scale, up);
    assert_true(fabs(free_scale - 19.09) < 0.2 && fabs(up - 17.86) < 0.2);
    free(x);
    free(y);
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
    CLAIM("the fast way has the bits and flags of src/ops, in all modes and carriers, in place too", fast_is_slow),
    CLAIM("the values of any block format are those of its codes, with the same flags", any_format),
    CLAIM("the number of threads changes nothing", threads_change_nothing),
    CLAIM("blocks lie along any index, in one or two dimensions, the last ones short", layouts),
    CLAIM("bytes are in the stated order", bytes_by_hand),
    CLAIM("codes of every width come back from bytes", bytes_come_back),
    CLAIM("an error is clipping, flush or rounding", parts_of_the_error),
    CLAIM("the parts of the error add up to the error", parts_add_up),
    CLAIM("errors on normal and heavy-tailed data are those computed apart", golden_errors),
    CLAIM("scales that are powers of two lose what a computation apart says", golden_powers),
    CLAIM("MX elements clip and scale where OCP MX 1.0 and the other rules say", golden_clipping),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
