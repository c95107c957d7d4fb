/* kernel-gemm.c - GEMM by tiles, which raises no flags, gives the bits of the GEMM that raises them. */
#include "tests/c/kernel-cases.h"

enum { M = 29, N = 77, K = 301, MOST = 320 * 80 };

typedef struct recipe {
    const char *product, *sum;
} recipe;

static const recipe recipes[] = {
    {NULL, "e8m7"}, {NULL, "e5m10"}, {NULL, "e4m3"}, {NULL, "e4m3fn"}, {NULL, "e6m5"}, {NULL, "e8m10"}, {NULL, "e7m14"}, {NULL, "e8m21"},
    {"e8m7", "e8m7"}, {"e5m10", "e5m10"}, {"e5m2", "e8m7"}, {"e8m7", "e5m2"}, {"e4m3fn", "e5m10"}, {"e5m10", "e4m3fn"}, {"e4m3", "e6m9"},
    {"e5m2", "e2m1fn"}, {NULL, "e4m3fnuz"}, {NULL, "e8m22"}, {NULL, "e5m2{subnormals=flush}"}, {"e8m7", NULL}, {NULL, NULL},
};

static float a[MOST], b[MOST], got[MOST], want[MOST];

/* What the factors are like: any; of few bits, so that many sums are exact or ties; large; small; values of
 * the format, by a power of two; with infinities and NaNs. And such as overflow formats of 8 bits. */
enum { ANY, FEW_BITS, LARGE, SMALL, OF_THE_FORMAT, NOT_FINITE, KINDS, OVERFLOWING };

static double factor(test_random *r, int kind, const hu_format *f)
{
    double x = (test_random_unit(r) - 0.5) * 4;
    if (kind == OVERFLOWING)
        x *= 30;
    if (kind == FEW_BITS)
        x = rint(x * 4) / 4;
    if (kind == LARGE)
        x = ldexp(x, f->emax / 2 - (int)test_random_below(r, 4));
    if (kind == SMALL)
        x = ldexp(x, f->emin / 2 - (int)test_random_below(r, (uint64_t)f->man_bits + 2));
    if (kind == OF_THE_FORMAT)
        x = case_to_f32(hu_to_double(f, test_random_bits(r) & f->max_code));
    if (kind == OF_THE_FORMAT)
        x = ldexp(x, -(f->emax - 1) / 2);
    if (kind == NOT_FINITE && test_random_below(r, 900) == 0)
        x = test_random_below(r, 2) ? INFINITY : -NAN;
    return case_to_f32(test_random_below(r, 50) == 0 ? copysign(0, x) : x);
}

static hu_gemm_shape shape(size_t m, size_t n, size_t k, int transposed)
{
    bool ta = transposed & 1, tb = transposed & 2;
    return (hu_gemm_shape){.m = m, .n = n, .k = k, .lda = (ta ? m : k) + 1, .ldb = (tb ? k : n) + 2, .ldc = n + 3,
                           .a_transposed = ta, .b_transposed = tb};
}

static double x64[MOST], y64[MOST], got64[MOST], want64[MOST];

/* A call: its formats, and how it rounds and adds. */
typedef struct call {
    recipe formats;
    hu_overflow overflow;
    const char *mode, *outer;           /* NULL: rne; as the sum */
    size_t chunk;
} call;

static void fill(test_random *random, int kind, const hu_format *f, bool is_f32, hu_gemm_shape s)
{
    size_t of_a = (s.a_transposed ? s.k : s.m) * s.lda, of_b = (s.b_transposed ? s.n : s.k) * s.ldb;
    size_t most = of_a > of_b ? of_a : of_b;
    most = most > s.m * s.ldc ? most : s.m * s.ldc;
    for (size_t i = 0; i < most; i++) {
        x64[i] = factor(random, kind, f);
        y64[i] = factor(random, kind, f);
        if (!is_f32 && kind == ANY) {                       /* more bits than a float has */
            x64[i] *= 0x1.23456789abcdep0;
            y64[i] *= 0x1.fedcba9876543p0;
        }
        a[i] = (float)x64[i];
        b[i] = (float)y64[i];
        got[i] = want[i] = 77;
        got64[i] = want64[i] = 77;
    }
}

static hu_status multiply(float *c, double *c64, hu_gemm_shape s, const hu_accumulator *acc, hu_env env, bool is_f32)
{
    return is_f32 ? hu_gemm_f32(c, a, b, s, acc, &env, NULL) : hu_gemm_f64(c64, x64, y64, s, acc, &env, NULL);
}

/* With flags, the scalar loops of accumulate-orders.c; without, whatever is quickest. */
static void compare_call(const call *r, int kind, hu_gemm_shape s, bool is_f32)
{
    hu_accumulator acc = {.product = r->formats.product ? hu_format_find(r->formats.product, NULL) : NULL,
                          .sum = r->formats.sum ? hu_format_find(r->formats.sum, NULL) : NULL,
                          .outer = r->outer ? hu_format_find(r->outer, NULL) : NULL, .chunk = r->chunk};
    const hu_format *f = acc.sum ? acc.sum : acc.product ? acc.product : hu_format_find("fp32", NULL);
    hu_env env = hu_env_default(), quiet;
    test_random random = {(uint64_t)kind + 1};
    env.overflow = r->overflow;
    env.rounding = hu_rounding_find(r->mode ? r->mode : "rne", NULL);
    quiet = env;
    quiet.no_flags = true;
    fill(&random, kind, f, is_f32, s);
    const hu_lanes *lanes = hu_lanes_chosen();
    hu_lanes_use(hu_lanes_at(0));
    assert_int_equal(multiply(want, want64, s, &acc, env, is_f32), HU_OK);
    hu_lanes_use(lanes);
    assert_int_equal(multiply(got, got64, s, &acc, quiet, is_f32), HU_OK);
    for (size_t i = 0; i < s.m * s.ldc; i++)
        if (is_f32 ? f32_bits(got[i]) != f32_bits(want[i]) : f64_bits(got64[i]) != f64_bits(want64[i]))
            fail_msg("%s %s, product %s sum %s outer %s chunk %zu %s overflow %d kind %d, %zu x %zu x %zu: element (%zu, %zu) is %a, want %a",
                     hu_lanes_chosen()->name, is_f32 ? "f32" : "f64", r->formats.product, r->formats.sum, r->outer, r->chunk, r->mode, (int)r->overflow,
                     kind, s.m, s.n, s.k, i / s.ldc, i % s.ldc, is_f32 ? (double)got[i] : got64[i], is_f32 ? (double)want[i] : want64[i]);
}

static void compare(const recipe *r, hu_overflow overflow, int kind, hu_gemm_shape s)
{
    compare_call(&(call){.formats = *r, .overflow = overflow}, kind, s, true);
}

static void tiles_change_no_bit(void **state)
{
    (void)state;
    hu_threads_set(1);
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (size_t r = 0; r < TEST_COUNT(recipes); r++)
            for (int kind = 0; kind < KINDS; kind++)
                for (int overflow = (int)r % 2; overflow < 2; overflow++)
                    compare(&recipes[r], (hu_overflow)overflow, kind, l || r % 4 ? shape(M, 36, 9, (int)r + kind) : shape(7, 18, K, (int)r + kind));
    }
    hu_threads_set(0);
    hu_lanes_use(NULL);
}

/* Factors of all bits, so that sums are known not to be in the middle between two values, but for some: seven bits in one of 60, or of 6 (middles); every second
 * product takes the one before off again, but for what is little or nothing (tiny sums); some thousand times as large (overflow). Half of them zeros. And seven bits
 * everywhere, with products around the format's smallest normal number. */
enum { ALL_BITS, SOME_OF_FEW, MANY_OF_FEW, CANCELING, GROWING, ZEROS, LOW, STRETCHES };

static void fill_stretch(test_random *r, int kind, const hu_format *f, hu_gemm_shape s)
{
    for (size_t i = 0; i < MOST; i++) {
        double x = (test_random_unit(r) - 0.5) * 4, y = (test_random_unit(r) - 0.5) * 4;
        if ((kind == SOME_OF_FEW && test_random_below(r, 60) == 0) || (kind == MANY_OF_FEW && test_random_below(r, 6) == 0))
            x = rint(x * 32) / 32;
        if ((kind == SOME_OF_FEW && test_random_below(r, 60) == 0) || (kind == MANY_OF_FEW && test_random_below(r, 6) == 0))
            y = rint(y * 32) / 32;
        if (kind == LOW) {
            x = ldexp(i > 20 ? copysign(65 + 2 * (double)test_random_below(r, 31), x) : x, f->emin / 2 - 6);
            y = ldexp(i > 20 ? copysign(65 + 2 * (double)test_random_below(r, 31), y) : y, f->emin - f->emin / 2 - 6 - (int)test_random_below(r, 5));
        }
        if (kind == GROWING)
            x *= test_random_below(r, 3000) == 0 ? 4000 : 1;
        if (kind == ZEROS && test_random_below(r, 2))
            y = copysign(0, y);
        a[i] = (float)x;
        b[i] = (float)y;
        got[i] = want[i] = 77;
    }
    for (size_t k = 1; kind == CANCELING && k < s.k; k += 2) {
        for (size_t i = 0; i < s.m; i++)
            a[i * s.lda + k] = a[i * s.lda + k - 1];
        for (size_t j = 0; j < s.n; j++)
            b[k * s.ldb + j] = -b[(k - 1) * s.ldb + j] * (test_random_below(r, 3) ? 1 : 1 + ldexpf(1, -(int)test_random_below(r, 23)));
    }
}

static void nor_over_stretches_of_terms(void **state)
{
    (void)state;
    static const recipe of[] = {{NULL, "e8m7"}, {NULL, "e5m10"}, {NULL, "e6m5"}, {NULL, "e4m3fn"}, {NULL, "e8m10"}, {NULL, "e6m17"}, {NULL, "e8m21"},
                                {"e8m7", "e8m7"}, {"e6m5", "e6m5"}, {"e5m10", "e5m10"}, {"e4m3", "e4m3"}};
    const hu_gemm_shape s = shape(13, 33, 290, 0);
    hu_threads_set(1);
    for (size_t r = 0; r < TEST_COUNT(of); r++)
        for (int kind = 0; kind < STRETCHES; kind++) {
            test_random random = {(uint64_t)kind + 10 * r};
            hu_accumulator acc = {.product = of[r].product ? hu_format_find(of[r].product, NULL) : NULL, .sum = hu_format_find(of[r].sum, NULL)};
            hu_env env = hu_env_default(), quiet = env;
            quiet.no_flags = true;
            fill_stretch(&random, kind, acc.sum, s);
            assert_int_equal(hu_gemm_f32(want, a, b, s, &acc, &env, NULL), HU_OK);
            for (int l = 0; hu_lanes_at(l); l++) {
                hu_lanes_use(hu_lanes_at(l));
                hu_env each = quiet;
                assert_int_equal(hu_gemm_f32(got, a, b, s, &acc, &each, NULL), HU_OK);
                for (size_t i = 0; i < s.m * s.ldc; i++)
                    if (f32_bits(got[i]) != f32_bits(want[i]))
                        fail_msg("%s, product %s sum %s kind %d: element (%zu, %zu) is %a, want %a", hu_lanes_chosen()->name, of[r].product, of[r].sum, kind, i / s.ldc,
                                 i % s.ldc, (double)got[i], (double)want[i]);
            }
            hu_lanes_use(NULL);
        }
    hu_threads_set(0);
}

static void nor_in_any_mode(void **state)
{
    (void)state;
    hu_threads_set(1);
    static const char *const modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro"};
    static const recipe wide[] = {{NULL, "e8m23"}, {"fp32", "fp32"}, {NULL, "e11m20"}, {"e11m20", "e9m30"}, {"e8m23", "e8m7"}, {NULL, "e11m50"}, {"e11m10", "e11m10"}};
    int turn = 0;
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (size_t m = 0; m < TEST_COUNT(modes); m++) {
            for (size_t r = 0; r < TEST_COUNT(recipes); r++)
                for (int kind = (int)(r + m) % 3; kind < KINDS; kind += 3, turn++)
                    compare_call(&(call){.formats = recipes[r], .overflow = (hu_overflow)(turn % 3), .mode = modes[m]}, kind, shape(13, 36, 11, turn), turn % 5 > 1);
            for (size_t r = 0; r < 2 * TEST_COUNT(wide); r++, turn++) {
                const recipe *w = &wide[r / 2];
                compare_call(&(call){.formats = *w, .overflow = (hu_overflow)(turn % 3), .mode = modes[m]}, turn % KINDS, shape(13, 36, 11, turn),
                             hu_fits_f32(hu_format_find(w->sum, NULL)) && r % 2);
            }
        }
    }
    hu_threads_set(0);
    hu_lanes_use(NULL);
}

static void nor_where_sums_draw(void **state)
{
    (void)state;
    static const char *const modes[] = {"sr", "srh", "sr:5", "srb:3", "sra:31", "srb:31", "sr:1", "src:4"};
    static const char *const wide[] = {"e11m10", "e8m19", "e5m18", "e8m20", "e11m2"};
    int turn = 0;
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (size_t m = 0; m < TEST_COUNT(modes); m++)
            for (size_t r = 0; r < TEST_COUNT(recipes); r++)
                for (int kind = (int)(r + m) % 2; kind < KINDS; kind += 2, turn++) {
                    recipe of = {turn % 9 ? NULL : recipes[r].product, turn % 11 ? recipes[r].sum : wide[turn % 5]};
                    hu_threads_set(1 + turn % 4);
                    compare_call(&(call){.formats = of, .overflow = (hu_overflow)(turn % 3), .mode = modes[m]}, kind,
                                 turn % 40 == 7 ? shape(7, 18, K, turn) : shape(13, 36, 11, turn), of.sum && of.sum[0] == 'e' && of.sum[1] == '1' ? false : turn % 5 > 1);
                }
    }
    hu_threads_set(0);
    hu_lanes_use(NULL);
}

/* Products that overflow to a NaN, or an infinity, into a sum that has neither. */
static void nor_where_sums_have_no_nan(void **state)
{
    (void)state;
    static const char *const modes[] = {"rz", "ru", "rne", "ro"};
    static const recipe without[] = {{"e4m3fn", "e2m1fn"}, {"e4m3", "e2m1fn"}, {"e4m3fn", "e3m2fn"}};
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (size_t m = 0; m < TEST_COUNT(modes); m++)
            for (size_t r = 0; r < TEST_COUNT(without); r++)
                for (int is_f32 = 0; is_f32 < 2; is_f32++)
                    compare_call(&(call){.formats = without[r], .mode = modes[m]}, OVERFLOWING, shape(13, 36, 11, 0), is_f32);
    }
    hu_lanes_use(NULL);
}

/* Sums of 1 and a quarter of its last place: each goes up with probability 1/4, and any two independently, so that mean and variance of how many do are
 * those of a binomial distribution, over the whole result as in a row and in a column. Four at the corners of a rectangle are not independent, which makes the
 * fourth moments larger: at most that of a product of two normal numbers, 9 where they have 3. */
static void words_of_two_elements_are_independent(void **state)
{
    (void)state;
    enum { N_OF = 48, SEEDS = 2000 };
    const hu_accumulator acc = {.sum = hu_format_find("bf16", NULL)};
    const double theory = 0.1875;
    double moment[3] = {0}, mean = 0;                       /* of the result, of its first row, of its first column */
    for (size_t i = 0; i < N_OF; i++) {
        a[i] = 1;
        b[i] = 1 + 0x1p-9f;
    }
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        hu_env env = hu_env_default();
        env.no_flags = true;
        env.rounding = hu_rounding_find("sr", NULL);
        env.random = (hu_random){seed, 5, 7};
        assert_int_equal(hu_gemm_f32(got, a, b, (hu_gemm_shape){.m = N_OF, .n = N_OF, .k = 1, .lda = 1, .ldb = N_OF, .ldc = N_OF}, &acc, &env, NULL), HU_OK);
        double sum[3] = {0};
        for (size_t i = 0; i < N_OF * N_OF; i++) {
            double up = (got[i] > 1) - 0.25;
            sum[0] += up;
            sum[1] += i < N_OF ? up : 0;
            sum[2] += i % N_OF == 0 ? up : 0;
        }
        mean += sum[0];
        for (int i = 0; i < 3; i++)
            moment[i] += sum[i] * sum[i] / SEEDS;
    }
    assert_true(fabs(mean) < 5 * sqrt(theory * N_OF * N_OF * SEEDS));
    assert_true(fabs(moment[0] / (theory * N_OF * N_OF) - 1) < 5 * sqrt(8.0 / SEEDS));
    for (int i = 1; i < 3; i++)
        assert_true(fabs(moment[i] / (theory * N_OF) - 1) < 5 * sqrt(2.0 / SEEDS));
}

/* Nothing else leaves the flags alone. */
static void tiles_that_draw_are_used(void **state)
{
    (void)state;
    const hu_accumulator acc = {.sum = hu_format_find("bf16", NULL)};
    test_random random = {1};
    for (size_t i = 0; i < MOST; i++)
        a[i] = b[i] = factor(&random, ANY, acc.sum);
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_env env = hu_env_default();
        env.no_flags = true;
        env.rounding = hu_rounding_find("sr", NULL);
        hu_lanes_use(hu_lanes_at(l));
        assert_int_equal(hu_gemm_f32(got, a, b, shape(M, N, K, 0), &acc, &env, NULL), HU_OK);
        assert_int_equal(env.flags, 0);
        assert_true(env.random.index == 2 * M * N * K);
    }
    hu_lanes_use(NULL);
}

static void nor_with_chunks(void **state)
{
    (void)state;
    hu_threads_set(1);
    static const size_t chunks[] = {1, 3, 16, 64, 100, 256, 270, 1000};
    static const char *const outers[] = {NULL, "fp32", "e8m10"};
    int turn = 0;
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (size_t c = 0; c < TEST_COUNT(chunks); c++)
            for (size_t r = c % 3; r < TEST_COUNT(recipes); r += 3, turn++)
                compare_call(&(call){.formats = recipes[r], .mode = turn % 4 ? NULL : "rz", .outer = outers[turn % 3], .chunk = chunks[c]}, turn % KINDS,
                             shape(7, 18, chunks[c] < 100 ? 130 : K, turn), turn % 5 != 0);
    }
    hu_threads_set(0);
    hu_lanes_use(NULL);
}

static void nor_do_threads_and_odd_shapes(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{1, 1, 5}, {1, 70, 40}, {70, 1, 40}, {12, 32, 256}, {13, 33, 257}, {300, 64, 9}, {3, 0, 4}, {0, 3, 4}, {5, 70, 0}};
    for (int t = 1; t <= 8; t *= 2) {
        hu_threads_set(t);
        for (size_t i = 0; i < TEST_COUNT(sizes); i++)
            for (size_t r = 0; r < TEST_COUNT(recipes); r += 4)
                compare(&recipes[r], HU_OVERFLOW_IEEE, (int)i % KINDS, shape(sizes[i][0], sizes[i][1], sizes[i][2], t % 4));
    }
    hu_threads_set(0);
}

static void own_f32(hu_gemm_shape s)
{
    hu_accumulator acc = {0};
    hu_env env = hu_env_default();
    assert_int_equal(hu_gemm_f32(got, a, b, s, &acc, &env, NULL), HU_OK);
    for (size_t i = 0; i < s.m; i++)
        for (size_t j = 0; j < s.n; j++) {
            float sum = 0;
            for (size_t k = 0; k < s.k; k++)
                sum = fmaf(a[s.a_transposed ? k * s.lda + i : i * s.lda + k], b[s.b_transposed ? j * s.ldb + k : k * s.ldb + j], sum);
            uint32_t expected = isnan(sum) ? UINT32_C(0x7fc00000) : f32_bits(sum);
            if (f32_bits(got[i * s.ldc + j]) != expected)
                fail_msg("%s, %zu x %zu x %zu: element (%zu, %zu) is 0x%08x, want 0x%08x", hu_lanes_chosen()->name, s.m, s.n, s.k, i, j,
                         f32_bits(got[i * s.ldc + j]), expected);
        }
}

static void own_f64(hu_gemm_shape s)
{
    static double x[MOST], y[MOST], z[MOST];
    hu_accumulator acc = {0};
    hu_env env = hu_env_default();
    for (size_t i = 0; i < MOST; i++) {
        x[i] = a[i] * 0x1.23456789abcdep0;
        y[i] = b[i] * 0x1.fedcba9876543p0;
    }
    assert_int_equal(hu_gemm_f64(z, x, y, s, &acc, &env, NULL), HU_OK);
    for (size_t i = 0; i < s.m; i++)
        for (size_t j = 0; j < s.n; j++) {
            double sum = 0;
            for (size_t k = 0; k < s.k; k++)
                sum = fma(x[s.a_transposed ? k * s.lda + i : i * s.lda + k], y[s.b_transposed ? j * s.ldb + k : k * s.ldb + j], sum);
            uint64_t expected = isnan(sum) ? UINT64_C(0x7ff8000000000000) : f64_bits(sum);
            if (f64_bits(z[i * s.ldc + j]) != expected)
                fail_msg("%s, %zu x %zu x %zu: element (%zu, %zu) is %a, want %a", hu_lanes_chosen()->name, s.m, s.n, s.k, i, j,
                         z[i * s.ldc + j], sum);
        }
}

static void own_arithmetic_is_fma(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{1, 1, 40}, {2, 5, 30}, {70, 1, 40}, {29, 77, 23}, {13, 33, 257}};
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (size_t i = 0; i < TEST_COUNT(sizes); i++)
            for (int transposed = 0; transposed < 4; transposed++) {
                test_random random = {i + 1};
                for (size_t e = 0; e < MOST; e++) {
                    a[e] = e % 50 == 1 ? INFINITY : factor(&random, ANY, NULL);
                    b[e] = e % 50 == 2 ? 0 : factor(&random, ANY, NULL);
                }
                hu_gemm_shape s = shape(sizes[i][0], sizes[i][1], sizes[i][2], transposed);
                own_f32(s);
                own_f64(s);
            }
    }
    hu_lanes_use(NULL);
}

static void a_sum_without_a_value_is_the_plain_nan(void **state)
{
    (void)state;
    const double x[2] = {INFINITY, -INFINITY};
    hu_accumulator acc = {0};
    hu_env env = hu_env_default();
    double sum;
    assert_int_equal(hu_sum_f64(&sum, x, 2, &acc, &env, NULL), HU_OK);
    assert_int_equal(f64_bits(sum), UINT64_C(0x7ff8000000000000));
}

/* The product is the middle between 8192 and 10240, and what was there before is too small for a float's sum to show. */
static void a_sum_beside_the_middle_is_seen(void **state)
{
    (void)state;
    enum { N_OF = 16 };
    hu_accumulator acc = {.product = hu_format_find("e5m7", NULL), .sum = hu_format_find("e6m2", NULL)};
    hu_gemm_shape s = {.m = N_OF, .n = N_OF, .k = 2, .lda = 2, .ldb = N_OF, .ldc = N_OF};
    for (size_t i = 0; i < N_OF; i++) {
        a[2 * i] = 0x1.03p-8f;                              /* a product that has to be rounded */
        b[i] = 0x1p-8f;
        a[2 * i + 1] = 0x1.2p6f;
        b[N_OF + i] = 0x1p7f;
    }
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_env env = hu_env_default();
        env.no_flags = true;
        hu_lanes_use(hu_lanes_at(l));
        assert_int_equal(hu_gemm_f32(got, a, b, s, &acc, &env, NULL), HU_OK);
        for (size_t i = 0; i < N_OF * N_OF; i++)
            assert_true(got[i] == 10240);
    }
    hu_lanes_use(NULL);
}

/* Factors of five bits, whose products have to be rounded, and may be in the middle between two values. */
static void a_difference_of_nothing_is_the_positive_zero(void **state)
{
    (void)state;
    enum { N_OF = 16 };
    static const recipe of[] = {{"e8m7", "e8m7"}, {"e6m7", "e6m7"}, {"e5m8", "e5m8"}};
    hu_gemm_shape s = {.m = N_OF, .n = N_OF, .k = 2, .lda = 2, .ldb = N_OF, .ldc = N_OF};
    for (size_t i = 0; i < N_OF; i++) {
        a[2 * i] = a[2 * i + 1] = 1 + (float)(2 * (i % 8) + 1) * 0x1p-4f;
        b[i] = i % 2 ? -0x1.9p0f : 0x1.9p0f;
        b[N_OF + i] = -b[i];
    }
    for (int l = 0; hu_lanes_at(l); l++)
        for (size_t r = 0; r < TEST_COUNT(of); r++) {
            hu_accumulator acc = {.product = hu_format_find(of[r].product, NULL), .sum = hu_format_find(of[r].sum, NULL)};
            hu_env env = hu_env_default();
            env.no_flags = true;
            hu_lanes_use(hu_lanes_at(l));
            assert_int_equal(hu_gemm_f32(got, a, b, s, &acc, &env, NULL), HU_OK);
            for (size_t i = 0; i < N_OF * N_OF; i++)
                assert_int_equal(f32_bits(got[i]), 0);
        }
    hu_lanes_use(NULL);
}

/* They are really used: nothing else leaves the flags alone. */
static void tiles_are_used(void **state)
{
    (void)state;
    hu_env env = hu_env_default();
    env.no_flags = true;
    hu_accumulator acc = {.sum = hu_format_find("e5m10", NULL)};
    test_random random = {1};
    if (!hu_lanes_chosen()->tile_fma[0][0])
        skip();
    for (size_t i = 0; i < MOST; i++)
        a[i] = b[i] = factor(&random, ANY, acc.sum);
    assert_int_equal(hu_gemm_f32(got, a, b, shape(M, N, K, 0), &acc, &env, NULL), HU_OK);
    assert_int_equal(env.flags, 0);
    env.no_flags = false;
    assert_int_equal(hu_gemm_f32(got, a, b, shape(M, N, K, 0), &acc, &env, NULL), HU_OK);
    assert_true(env.flags & HU_INEXACT);
}

static const struct CMUnitTest claims[] = {
    CLAIM("tiles change no bit, whatever the formats, the factors and the instruction set", tiles_change_no_bit),
    CLAIM("nor do they over stretches of terms that are known not to be in the middle, those that are, tiny and large sums", nor_over_stretches_of_terms),
    CLAIM("nor do they in any mode that draws nothing, on floats and doubles, whatever becomes of an overflow", nor_in_any_mode),
    CLAIM("nor where sums draw random words, at any number of threads", nor_where_sums_draw),
    CLAIM("nor where products overflow to what the sum's format does not have", nor_where_sums_have_no_nan),
    CLAIM("random words of any two elements are independent of one another: mean and variance of their sums are", words_of_two_elements_are_independent),
    CLAIM("tiles are used where sums draw", tiles_that_draw_are_used),
    CLAIM("nor with chunks, of any length", nor_with_chunks),
    CLAIM("nor do any number of threads and odd shapes", nor_do_threads_and_odd_shapes),
    CLAIM("the carrier's own arithmetic is fma upward over k, and a NaN the plain one", own_arithmetic_is_fma),
    CLAIM("so is that of a sum of infinities of both signs", a_sum_without_a_value_is_the_plain_nan),
    CLAIM("a sum just beside the middle between two values is told from the middle", a_sum_beside_the_middle_is_seen),
    CLAIM("a difference of equal products is the positive zero", a_difference_of_nothing_is_the_positive_zero),
    CLAIM("tiles are used where nobody looks at the flags", tiles_are_used),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
