/* block-ways.c - block formats: the same bits every way, however blocks lie, and in bytes; the parts of the error. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/kernel/block-job.h"
#include "tests/lib/blocks.h"
#include "tests/lib/test.h"

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
    const hu_block_format *f = test_block(name);
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
        const hu_block_format *f = test_block(many[i]);
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
    const hu_block_format *f = test_block(name);
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
        assert_int_equal(hu_block_quantize_f64(values, block, &line, test_block(one), &env, NULL), HU_OK);
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
    assert_int_equal(hu_block_layout_init(&l, test_block("mxfp4"), 2, shape, 2, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, test_block("mxfp4"), 2, shape, -2, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, test_block("hbfp8"), 1, shape, 0, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, test_block("hbfp8"), 3, shape, 0, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, test_block("hbfp8"), 2, shape, -1, &err), HU_ESHAPE);
    assert_int_equal(hu_block_layout_init(&l, test_block("dfp16"), 4, shape, 2, &err), HU_OK);
    assert_int_equal(hu_block_count(&l, test_block("dfp16")), 1);
    assert_int_equal(hu_block_layout_init(&l, test_block("mxfp4"), 2, (size_t[]){0, 4}, 1, &err), HU_OK);
    assert_int_equal(hu_block_count(&l, test_block("mxfp4")), 0);
    hu_env env = hu_env_default();
    assert_int_equal(hu_block_quantize_f64(NULL, NULL, &l, test_block("mxfp4"), &env, &err), HU_OK);
    l = hu_block_line(3);
    assert_int_equal(hu_block_quantize_f64(NULL, NULL, &l, test_block("mxfp4"), &env, &err), HU_EINVAL);
}

/* --- bytes --- */

static void bytes_by_hand(void **state)
{
    (void)state;
    uint64_t four[3] = {0x1, 0x2, 0xf}, six[3] = {0x3f, 0x01, 0x2a}, scale[2] = {0x7f, 0x12};
    uint8_t elements[16], scales[16];
    hu_block_layout l = hu_block_line(3);
    hu_block_pack(elements, scales, four, scale, &l, test_block("mxfp4{size=2}"));
    assert_int_equal(hu_block_element_bytes(&l, test_block("mxfp4{size=2}")), 2);
    assert_true(elements[0] == 0x21 && elements[1] == 0x0f && scales[0] == 0x7f && scales[1] == 0x12);
    hu_block_pack(elements, NULL, four, scale, &l, test_block("mxfp4{size=2}"));
    assert_true(elements[0] == 0x7f && elements[1] == 0x21 && elements[2] == 0x12 && elements[3] == 0x0f);
    hu_block_pack(elements, scales, six, scale, &l, test_block("mxfp6e2m3"));      /* 3f, 01, 2a: bits 0 to 5, 6 to 11, 12 to 17 */
    assert_true(elements[0] == 0x7f && elements[1] == 0xa0 && elements[2] == 0x02);
    uint64_t wide[1] = {0x3ff};
    hu_block_pack(elements, scales, four, wide, &l, test_block("block(int4, scale=e10m0fnu)"));
    assert_true(scales[0] == 0xff && scales[1] == 0x03);
    size_t shape[2] = {2, 3};                                        /* blocks along the first index: a column after the other */
    uint64_t grid[6] = {1, 2, 3, 4, 5, 6}, columns[3] = {7, 8, 9};
    assert_int_equal(hu_block_layout_init(&l, test_block("mxfp4"), 2, shape, 0, NULL), HU_OK);
    hu_block_pack(elements, scales, grid, columns, &l, test_block("mxfp4"));
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
                const hu_block_format *f = test_block(name);
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
    assert_int_equal(hu_block_errors_f64(&e, x, &l, test_block("mxfp4"), &env, NULL), HU_OK);
    assert_true(e.energy[HU_BLOCK_CLIPPING] == 1 + 2.25 && e.max[HU_BLOCK_CLIPPING] == 1.5 && e.n[HU_BLOCK_CLIPPING] == 2);
    assert_true(e.n[HU_BLOCK_FLUSH] == 2 && e.max[HU_BLOCK_FLUSH] == 0.2 && e.n[HU_BLOCK_ROUNDING] == 2 && e.scale == 1);
    assert_true(e.n_elements == 7 && e.n_not_finite == 0);
    double uns[2] = {-3, 0.01};
    l = hu_block_line(2);
    assert_int_equal(hu_block_errors_f64(&e, uns, &l, test_block("block(uint4, scale=fp64, size=2)"), &env, NULL), HU_OK);
    assert_true(e.n[HU_BLOCK_CLIPPING] == 1 && e.energy[HU_BLOCK_CLIPPING] == 9);
    const double within[2] = {-1.25, -1.125};                       /* elements of some 2^(2^24), by a scale as small */
    assert_int_equal(hu_block_errors_f64(&e, within, &l, test_block("block(e25m2, scale=e30m0, size=2)"), &env, NULL), HU_OK);
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
        const hu_block_format *f = test_block(many[i]);
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
    assert_int_equal(hu_block_errors_f64(e, x, &l, test_block("mxfp4"), &env, NULL), HU_OK);
    assert_true(e[0].n_not_finite == 32 && e[0].total == 0 && isnan(e[0].scale));
}

static const struct CMUnitTest claims[] = {
    CLAIM("the fast way has the bits and flags of src/ops, in all modes and carriers, in place too", fast_is_slow),
    CLAIM("the values of any block format are those of its codes, with the same flags", any_format),
    CLAIM("the number of threads changes nothing", threads_change_nothing),
    CLAIM("blocks lie along any index, in one or two dimensions, the last ones short", layouts),
    CLAIM("bytes are in the stated order", bytes_by_hand),
    CLAIM("codes of every width come back from bytes", bytes_come_back),
    CLAIM("an error is clipping, flush or rounding", parts_of_the_error),
    CLAIM("the parts of the error add up to the error", parts_add_up),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
