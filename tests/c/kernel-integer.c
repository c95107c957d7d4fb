/* kernel-integer.c - integer accumulators: every width, wrapping and saturating, against loops of 128-bit integers. */
#include <math.h>

#include "tests/c/kernel-cases.h"

__extension__ typedef __int128 i128;

enum { M = 5, N = 131, K = 70, MOST_A = M * K, MOST_B = K * N, MOST_C = M * N };

static double a[MOST_A], b[MOST_B], c[MOST_C];
static float a_f32[MOST_A], b_f32[MOST_B], c_f32[MOST_C];
static int64_t whole_a[MOST_A], whole_b[MOST_B];

static int64_t signed_of(test_random *r, int bits)
{
    return (int64_t)(test_random_bits(r) << (64 - bits)) >> (64 - bits);
}

/* Factors of so many bits, which fit a double, and for small ones a float. */
static void draw(test_random *r, int bits_a, int bits_b, bool one_sided)
{
    for (size_t i = 0; i < MOST_A; i++) {
        whole_a[i] = signed_of(r, bits_a);
        if (one_sided && whole_a[i] < 0)
            whole_a[i] = -(whole_a[i] + 1);
        a[i] = (double)whole_a[i];
        a_f32[i] = (float)whole_a[i];
    }
    for (size_t i = 0; i < MOST_B; i++) {
        whole_b[i] = signed_of(r, bits_b);
        b[i] = (double)whole_b[i];
        b_f32[i] = (float)whole_b[i];
    }
}

/* The truth: one addition after the other. */
static i128 plain_sum(size_t i, size_t j, size_t k0, size_t k1, const hu_integer *how, bool *lost)
{
    i128 high = ((i128)1 << (how->bits - 1)) - 1, sum = 0;
    for (size_t k = k0; k < k1; k++) {
        sum += (i128)whole_a[i * K + k] * whole_b[k * N + j];
        if (sum >= -high - 1 && sum <= high)
            continue;
        *lost = true;
        if (how->saturates)
            sum = sum < 0 ? -high - 1 : high;
        else
            sum -= ((sum + high + 1) >> how->bits) * ((i128)1 << how->bits);       /* into the range by multiples of 2^bits */
    }
    return sum;
}

static const hu_gemm_shape shape = {.m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N};

static void compare(const hu_integer *how, int bits_a, int bits_b, bool no_flags)
{
    hu_accumulator acc = {.integer = *how};
    hu_env env = hu_env_default();
    hu_error err = {0};
    bool lost = false;
    env.no_flags = no_flags;
    if (hu_gemm_f64(c, a, b, shape, &acc, &env, &err))
        fail_msg("%d x %d bits: %s", bits_a, bits_b, err.text);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            double want = ldexp((double)(int64_t)plain_sum(i, j, 0, K, how, &lost), -how->fraction);
            if (f64_bits(c[i * N + j]) != f64_bits(want))
                fail_msg("%s, %d bits, saturates %d, %d x %d bits, no_flags %d: element (%zu, %zu) is %.17g, want %.17g", hu_lanes_chosen()->name, how->bits,
                         how->saturates, bits_a, bits_b, no_flags, i, j, c[i * N + j], want);
        }
    if (!no_flags && env.flags != (lost ? HU_OVERFLOW | HU_INEXACT : 0))
        fail_msg("%d bits, saturates %d, %d x %d bits: flags %x, and additions left the range: %d", how->bits, how->saturates, bits_a, bits_b, env.flags, lost);
    if (bits_a > 24 || bits_b > 24)
        return;
    assert_int_equal(hu_gemm_f32(c_f32, a_f32, b_f32, shape, &acc, &env, NULL), HU_OK);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            float want = (float)ldexp((double)(float)(int64_t)plain_sum(i, j, 0, K, how, &lost), -how->fraction);
            if (f32_bits(c_f32[i * N + j]) != f32_bits(want))
                fail_msg("float, %d bits, saturates %d: element (%zu, %zu) is %a, want %a", how->bits, how->saturates, i, j, c_f32[i * N + j], want);
        }
}

static void every_width(void **state)
{
    (void)state;
    static const int factors[][2] = {{8, 8}, {4, 4}, {8, 4}, {16, 16}, {24, 24}, {32, 32}, {52, 10}, {53, 53}};
    test_random r = {1};
    for (size_t f = 0; f < TEST_COUNT(factors); f++)
        for (int sided = 0; sided < 2; sided++) {
            draw(&r, factors[f][0], factors[f][1], sided);
            for (int bits = 2; bits <= 64; bits++)
                for (int saturates = 0; saturates < 2; saturates++)
                    for (int no_flags = 0; no_flags < 2; no_flags++)
                        if (bits % 8 < 2 || test_random_below(&r, 4) == 0)
                            compare(&(hu_integer){.bits = bits, .saturates = saturates}, factors[f][0], factors[f][1], no_flags);
        }
}

static void every_instruction_set(void **state)
{
    (void)state;
    test_random r = {2};
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        draw(&r, 8, 8, true);
        for (int bits = 12; bits <= 40; bits += 7)
            for (int saturates = 0; saturates < 2; saturates++)
                compare(&(hu_integer){.bits = bits, .saturates = saturates}, 8, 8, l & 1);
        draw(&r, 25, 20, false);
        for (int bits = 40; bits <= 64; bits += 6)
            for (int saturates = 0; saturates < 2; saturates++)
                compare(&(hu_integer){.bits = bits, .saturates = saturates}, 25, 20, l & 1);
    }
    hu_lanes_use(NULL);
}

static void extremes_of_int8(void **state)
{
    (void)state;
    const double least[4] = {-128, -128, -128, -128};
    const struct { hu_integer how; double want; } cases[] = {
        {{.bits = 17}, 65536 - 131072}, {{.bits = 18}, 65536}, {{.bits = 16}, 0}, {{.bits = 16, .saturates = true}, 32767}, {{.bits = 17, .saturates = true}, 65535},
        {{.bits = 32}, 65536}, {{.bits = 64, .saturates = true}, 65536}, {{.bits = 2, .saturates = true}, 1}, {{.bits = 15, .product_bits = 16}, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_env env = hu_env_default();
        double out = 1;
        assert_int_equal(hu_dot_f64(&out, least, least, 4, &(hu_accumulator){.integer = cases[i].how}, &env, NULL), HU_OK);
        if (out != cases[i].want)
            fail_msg("case %zu: %g, want %g", i, out, cases[i].want);
    }
}

/* Saturating is not the sum cut at the end: the order counts. */
static void saturates_in_order(void **state)
{
    (void)state;
    const double x[4] = {100, 100, -100, -100}, one[4] = {1, 1, 1, 1};
    hu_env env = hu_env_default();
    hu_accumulator acc = {.integer = {.bits = 8, .saturates = true}};
    double out;
    assert_int_equal(hu_dot_f64(&out, x, one, 4, &acc, &env, NULL), HU_OK);
    assert_true(out == -73);
    assert_int_equal(env.flags, HU_OVERFLOW | HU_INEXACT);
    assert_int_equal(hu_sum_f64(&out, x, 4, &acc, &env, NULL), HU_OK);
    assert_true(out == -73);
    acc.integer.saturates = false;
    assert_int_equal(hu_sum_f64(&out, x, 4, &acc, &env, NULL), HU_OK);
    assert_true(out == 0);
}

static void fixed_point_operands(void **state)
{
    (void)state;
    test_random r = {3};
    draw(&r, 9, 10, false);
    for (int fraction = 7; fraction <= 9; fraction++)
        for (int bits = 10; bits <= 30; bits += 5)
            for (int saturates = 0; saturates < 2; saturates++) {
                for (size_t i = 0; i < MOST_A; i++)
                    a[i] = ldexp((double)whole_a[i], -5), a_f32[i] = (float)a[i];
                for (size_t i = 0; i < MOST_B; i++)
                    b[i] = ldexp((double)whole_b[i], 5 - fraction), b_f32[i] = (float)b[i];
                compare(&(hu_integer){.bits = bits, .fraction = fraction, .saturates = saturates}, 9, 10, false);
            }
}

/* Chunks in a narrow integer, added up in another format. */
static void chunks_are_promoted(void **state)
{
    (void)state;
    test_random r = {4};
    draw(&r, 8, 8, true);
    hu_integer how = {.bits = 18, .saturates = true};
    hu_accumulator acc = {.integer = how, .chunk = 16, .outer = hu_format_find("int32", NULL)};
    hu_env env = hu_env_default();
    assert_int_equal(hu_gemm_f64(c, a, b, shape, &acc, &env, NULL), HU_OK);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            bool lost;
            i128 sum = 0;
            for (size_t k = 0; k < K; k += 16)
                sum += plain_sum(i, j, k, k + 16 < K ? k + 16 : K, &how, &lost);
            assert_true(c[i * N + j] == (double)(int64_t)sum);
        }
}

/* Integers of 16 bits, each matrix times a power of two of its own: sums are those of the integers, times both. */
static void shared_exponents(void **state)
{
    (void)state;
    test_random r = {31};
    const int scales[4][2] = {{0, 0}, {-20, 7}, {-70, -15}, {40, 20}};
    for (int t = 0; t < 8; t++) {
        const hu_integer how = {.bits = 32, .saturates = t % 2, .shared = 16};
        hu_accumulator acc = {.integer = how, .chunk = t < 4 ? 0 : 7};
        hu_env env = hu_env_default();
        hu_error err = {0};
        draw(&r, 16, 16, t & 2);
        whole_a[3] = a[3] = a_f32[3] = 20000, whole_b[5] = b[5] = b_f32[5] = -32767;   /* the largest have all bits */
        const int *s = scales[t % 4];
        for (size_t i = 0; i < MOST_A; i++)
            a_f32[i] = whole_a[i] == -32768 ? (float)(whole_a[i] = -32767) : a_f32[i], a_f32[i] = ldexpf(a_f32[i], s[0]);
        for (size_t i = 0; i < MOST_B; i++)
            b_f32[i] = whole_b[i] == -32768 ? (float)(whole_b[i] = -32767) : b_f32[i], b_f32[i] = ldexpf(b_f32[i], s[1]);
        if (hu_gemm_f32(c_f32, a_f32, b_f32, shape, &acc, &env, &err))
            fail_msg("%s", err.text);
        bool lost = false;
        for (size_t i = 0; i < M; i++)
            for (size_t j = 0; j < N; j++) {
                float want = 0;
                for (size_t k = 0; k < K; k += acc.chunk ? acc.chunk : K)
                    want += ldexpf((float)plain_sum(i, j, k, acc.chunk ? k + acc.chunk : K, &how, &lost), s[0] + s[1]);
                if (c_f32[i * N + j] != want)
                    fail_msg("case %d, (%zu, %zu): %a, not %a", t, i, j, (double)c_f32[i * N + j], (double)want);
            }
        assert_true(lost == !!(env.flags & HU_OVERFLOW));
    }
}

/* A product format cuts the products before they are added. */
static void products_may_be_rounded(void **state)
{
    (void)state;
    const double x[3] = {0.75, 1.5, -0.625}, y[3] = {0.75, 1.25, 0.5};       /* 0.5625 1.875 -0.3125, in quarters, toward zero: 2 7 -1 */
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find("rz", NULL);
    double out;
    hu_accumulator acc = {.product = hu_format_find("q6.2", NULL), .integer = {.bits = 8, .fraction = 2}};
    assert_int_equal(hu_dot_f64(&out, x, y, 3, &acc, &env, NULL), HU_OK);
    assert_true(out == 2);
    acc.integer.bits = 4, acc.integer.saturates = true;                       /* 2, 7 (of 9), 6 */
    assert_int_equal(hu_dot_f64(&out, x, y, 3, &acc, &env, NULL), HU_OK);
    assert_true(out == 1.5);
}

static void wrong_integers_are_refused(void **state)
{
    (void)state;
    const hu_format *int8 = hu_format_find("int8", NULL), *half = hu_format_find("fp16", NULL), *q = hu_format_find("q2.6", NULL);
    const struct { hu_accumulator acc; hu_status status; const char *text; } cases[] = {
        {{.integer = {.bits = 1}}, HU_EINVAL, "2 to 64"},
        {{.integer = {.bits = 65}}, HU_EINVAL, "2 to 64"},
        {{.integer = {.bits = -8}}, HU_EINVAL, "2 to 64"},
        {{.integer = {.bits = 8, .fraction = 101}}, HU_EINVAL, "-60 to 100"},
        {{.integer = {.bits = 8}, .sum = int8}, HU_EINVAL, "no sum format"},
        {{.integer = {.bits = 8}, .order = HU_ORDER_PAIRWISE}, HU_EINVAL, "in order"},
        {{.integer = {.bits = 12, .saturates = true, .product_bits = 16}}, HU_EINVAL, "narrower than its products of 16"},
        {{.integer = {.bits = 12, .product_bits = 64}}, HU_EINVAL, "1 to 63"},
        {{.integer = {.bits = 12, .product_bits = 5}}, HU_ERANGE, "past a signed number of 5 bits"},
        {{.integer = {.bits = 12, .product_bits = 16}, .product = int8}, HU_EINVAL, "product_bits goes without"},
        {{.integer = {.bits = 12}, .product = half}, HU_EINVAL, "no whole numbers"},
        {{.integer = {.bits = 12}, .product = q}, HU_EINVAL, "no whole numbers"},
        {{.integer = {.bits = 12}, .multiplier = {.kind = HU_MULTIPLIER_LMUL_BITS, .a = half}}, HU_EINVAL, "L-Mul's products float"},
        {{.integer = {.bits = 12}, .block = hu_block_fma_make(half, half, 4, 20)}, HU_EINVAL, "block FMA"},
    };
    const double x[2] = {7, -3}, y[2] = {3, 5};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_env env = hu_env_default();
        hu_error err = {0};
        double out = 77;
        hu_status status = hu_dot_f64(&out, x, y, 2, &cases[i].acc, &env, &err);
        if (status != cases[i].status || !strstr(err.text, cases[i].text) || out != 77 || env.flags != 0)
            fail_msg("case %zu: status %d, '%s', out %g", i, (int)status, err.text, out);
    }
}

static void factors_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    const struct { double x, y; const char *text; } cases[] = {
        {NAN, 1, "of a is nan"}, {1, -INFINITY, "of b is -inf"}, {0.5, 1, "1 bits and b 0 bits of fraction"}, {0x1p70, 1, "2^62 units"}, {1, 0x1p70, "2^62 units"},
        {0x1p-1074, 0x1p-1074, "of fraction"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_env env = hu_env_default();
        hu_error err = {0};
        double out = 77;
        if (hu_dot_f64(&out, &cases[i].x, &cases[i].y, 1, &(hu_accumulator){.integer = {.bits = 32}}, &env, &err) != HU_ERANGE || !strstr(err.text, cases[i].text)
            || out != 77)
            fail_msg("case %zu: '%s', out %g", i, err.text, out);
    }
    double out = 77, zero = 0, odd = 0.3;
    hu_env env = hu_env_default();
    assert_int_equal(hu_dot_f64(&out, &zero, &odd, 1, &(hu_accumulator){.integer = {.bits = 8}}, &env, NULL), HU_OK);
    assert_true(out == 0);
}

static const struct CMUnitTest claims[] = {
    CLAIM("an integer of any width wraps or saturates at every addition, with the flags that say so", every_width),
    CLAIM("on every instruction set", every_instruction_set),
    CLAIM("the largest products of int8 are where they should be", extremes_of_int8),
    CLAIM("saturation happens in order", saturates_in_order),
    CLAIM("fixed-point operands are counted in the accumulator's unit", fixed_point_operands),
    CLAIM("chunks' sums are added in the outer format", chunks_are_promoted),
    CLAIM("dynamic fixed point is counted in the product of its units", shared_exponents),
    CLAIM("a product format rounds before the integer adds", products_may_be_rounded),
    CLAIM("accumulators that do not go together are refused in one line, and nothing is written", wrong_integers_are_refused),
    CLAIM("so are factors that no integer counts", factors_that_do_not_fit_are_refused),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
