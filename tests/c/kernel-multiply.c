/* kernel-multiply.c - L-Mul and tables of products: published figures, a plain second way, and every accumulator over them. */
#include <math.h>

#include "tests/c/kernel-cases.h"

/* ---- L-Mul, the plain way: the integer form on the code's own fields, the formula on numbers ---- */

static int paper_l(int m) { return m <= 3 ? m : m == 4 ? 3 : 4; }

static double plain_formula(int m, double x, double y)
{
    int d, e;
    double f = 2 * frexp(fabs(x), &d) - 1, g = 2 * frexp(fabs(y), &e) - 1;
    return copysign(ldexp(1 + (f + g + ldexp(1, -paper_l(m))), d + e - 2), x * y);
}

/* Codes of a format with sign, exponent and m bits: out[EM] = x[EM] + y[EM] - (bias << m) + (2^m >> l). */
static double plain_bits(const hu_format *f, hu_code x, hu_code y)
{
    int m = f->man_bits, top = f->width_bits - 1;
    int64_t mask = ((int64_t)1 << top) - 1, one = (int64_t)1 << m, u = (int64_t)x & mask, v = (int64_t)y & mask;
    hu_code sign = ((x ^ y) >> top & 1) << top;
    int64_t sum = u + v - ((int64_t)f->bias << m) + (one >> paper_l(m));
    if (u < one || v < one || sum < one)
        sum = 0;
    if (sum > (int64_t)f->max_code)
        sum = (int64_t)f->max_code;
    return case_value(f, sign | (hu_code)sum);
}

static void golden_figures(void **state)
{
    (void)state;
    /* Exhaustive over pairs of m-bit significands: mean and root mean square of the relative error of the formula, of the bits, and the largest of the bits.
     * Figures computed from the published definition, independently of this code. */
    static const struct { int m; double formula_mean, formula_rms, bits_mean, bits_rms, bits_max; } golden[] = {
        {2, 0.0864, 0.1320, 0.1467, 0.1534, 0.2500}, {3, -0.0097, 0.0814, 0.0493, 0.0602, 0.1250}, {4, -0.0218, 0.0835, 0.0487, 0.0587, 0.1250},
        {5, -0.0587, 0.0928, 0.0041, 0.0311, 0.0729}, {7, -0.0628, 0.0953, 0.0041, 0.0310, 0.0729}, {10, -0.0640, 0.0960, 0.0041, 0.0310, 0.0729},
    };
    for (size_t g = 0; g < TEST_COUNT(golden); g++) {
        char name[16];
        int m = golden[g].m, n = 1 << m;
        snprintf(name, sizeof name, "e8m%d", m);
        double mean[2] = {0, 0}, square[2] = {0, 0}, most = 0;
        for (int form = 0; form < 2; form++) {
            hu_multiplier how = {.kind = form ? HU_MULTIPLIER_LMUL_BITS : HU_MULTIPLIER_LMUL_FORMULA, .a = hu_format_find(name, NULL)};
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++) {
                    double x = 1 + (double)i / n, y = 1 + (double)j / n, error = hu_multiply(&how, x, y) / (x * y) - 1;
                    mean[form] += error / n / n;
                    square[form] += error * error / n / n;
                    most = form && fabs(error) > most ? fabs(error) : most;
                }
        }
        const double got[5] = {mean[0], sqrt(square[0]), mean[1], sqrt(square[1]), most};
        const double want[5] = {golden[g].formula_mean, golden[g].formula_rms, golden[g].bits_mean, golden[g].bits_rms, golden[g].bits_max};
        for (int i = 0; i < 5; i++)
            if (fabs(got[i] - want[i]) > 0.00006)
                fail_msg("m = %d, figure %d: %.5f, want %.4f", m, i, got[i], want[i]);
    }
}

static const char *const formats[] = {"e4m3fn", "e5m2", "e4m3", "e3m0", "e2m1fn", "e3m4", "e5m2{bias=20}"};

static void every_pair_of_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(formats); i++) {
        const hu_format *f = hu_format_find(formats[i], NULL);
        hu_multiplier bits = {.kind = HU_MULTIPLIER_LMUL_BITS, .a = f}, formula = {.kind = HU_MULTIPLIER_LMUL_FORMULA, .a = f};
        double least = hu_num_to_double(hu_format_min_normal(f));
        for (hu_code x = 0; x <= hu_format_last_code(f); x++)
            for (hu_code y = 0; y <= hu_format_last_code(f); y++) {
                double u = case_value(f, x), v = case_value(f, y), got = hu_multiply(&bits, u, v), want = plain_bits(f, x, y);
                if (!isfinite(u) || !isfinite(v)) {
                    want = u * v;
                } else {
                    double real = hu_multiply(&formula, u, v);
                    double meant = fabs(u) < least || fabs(v) < least ? copysign(0, copysign(1, u) * copysign(1, v)) : plain_formula(f->man_bits, u, v);
                    if (f64_bits(real) != f64_bits(meant))
                        fail_msg("%s, formula: %g times %g is %g, want %g", f->name, u, v, real, meant);
                }
                if (isnan(want) ? !isnan(got) : f64_bits(got) != f64_bits(want))
                    fail_msg("%s, bits: %g times %g is %g, want %g", f->name, u, v, got, want);
            }
    }
}

/* ---- arrays and sums ---- */

enum { M = 3, N = 140, K = 37 };
static double a[M * K], b[K * N], c[M * N], table[1 << 16];
static float a_f32[M * K], b_f32[K * N], c_f32[M * N];

static void draw(uint64_t seed, const hu_format *f, const hu_format *g)
{
    test_random r = {seed};
    hu_env env = hu_env_default();
    for (size_t i = 0; i < M * K; i++)
        a_f32[i] = (float)(a[i] = hu_to_double(f, hu_from_double(f, &env, (test_random_unit(&r) - 0.5) * 6)));
    for (size_t i = 0; i < K * N; i++)
        b_f32[i] = (float)(b[i] = hu_to_double(g, hu_from_double(g, &env, (test_random_unit(&r) - 0.5) * 6)));
}

static const hu_gemm_shape shape = {.m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N};

/* Products, then sums, each one an operation of src/ops. */
static double plain_dot(const hu_accumulator *acc, size_t i, size_t j, bool is_f32)
{
    const hu_format *to = acc->sum ? acc->sum : hu_format_find(is_f32 ? "fp32" : "fp64", NULL);
    hu_env env = hu_env_default();
    double sum = 0;
    for (size_t k = 0; k < K; k++) {
        double p = hu_multiply(&acc->multiplier, a[i * K + k], b[k * N + j]);
        if (acc->product)
            p = case_value(acc->product, hu_from_double(acc->product, &env, p));
        hu_num x[2] = {hu_num_from_double(sum), hu_num_from_double(p)};
        sum = case_value(to, hu_op_round(hu_op_find("add"), to, &env, x));
    }
    return sum;
}

static void compare(const hu_accumulator *acc)
{
    hu_env env = hu_env_default();
    hu_error err = {0};
    if (hu_gemm_f64(c, a, b, shape, acc, &env, &err) || hu_gemm_f32(c_f32, a_f32, b_f32, shape, acc, &env, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            double want = plain_dot(acc, i, j, false), narrow = plain_dot(acc, i, j, true);
            if (f64_bits(c[i * N + j]) != f64_bits(want) || f32_bits(c_f32[i * N + j]) != f32_bits((float)narrow))
                fail_msg("%s: element (%zu, %zu) is %a and %a, want %a and %a", hu_lanes_chosen()->name, i, j, c[i * N + j], (double)c_f32[i * N + j], want, narrow);
        }
}

static void sums_of_lmul(void **state)
{
    (void)state;
    const char *const sums[] = {NULL, "e8m7", "e5m10"}, *const products[] = {NULL, "e5m2", "e8m7"};
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (int form = HU_MULTIPLIER_LMUL_BITS; form <= HU_MULTIPLIER_LMUL_FORMULA; form++)
            for (size_t i = 0; i < 3; i++)
                for (size_t p = 0; p < 3; p++) {
                    const hu_format *f = hu_format_find(i == 1 ? "e8m7" : "e4m3fn", NULL);
                    draw(i + 3 * p, f, f);
                    compare(&(hu_accumulator){.product = products[p] ? hu_format_find(products[p], NULL) : NULL, .sum = sums[i] ? hu_format_find(sums[i], NULL) : NULL,
                                              .multiplier = {.kind = (hu_multiplier_kind)form, .a = f}});
                }
    }
    hu_lanes_use(NULL);
}

/* A multiplier that drops the lower two bits of the product, and one that is right. */
static void sums_of_tables(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("int8", NULL), *g = hu_format_find("uint4", NULL);
    for (int exact = 0; exact < 2; exact++) {
        for (hu_code x = 0; x < 256; x++)
            for (hu_code y = 0; y < 16; y++) {
                int product = (int)hu_to_double(f, x) * (int)hu_to_double(g, y);
                table[x << 4 | y] = exact ? product : product - ((product % 4) + 4) % 4;
            }
        draw(9, f, g);
        hu_accumulator acc = {.multiplier = {.kind = HU_MULTIPLIER_TABLE, .a = f, .b = g, .table = table}};
        compare(&acc);
        acc.sum = hu_format_find("e5m10", NULL);
        compare(&acc);
        acc.sum = NULL;
        acc.integer = (hu_integer){.bits = 9};
        hu_env env = hu_env_default();
        assert_int_equal(hu_gemm_f64(c, a, b, shape, &acc, &env, NULL), HU_OK);
        for (size_t i = 0; i < M; i++)
            for (size_t j = 0; j < N; j++) {
                int sum = 0;
                for (size_t k = 0; k < K; k++)
                    sum += (int)table[(size_t)((unsigned)(int)a[i * K + k] & 255u) << 4 | (size_t)b[k * N + j]];
                assert_true(c[i * N + j] == (double)((((sum + 256) % 512) + 512) % 512 - 256));
            }
    }
}

static void transposed_tables(void **state)
{
    (void)state;
    static double at[K * M], bt[N * K], again[M * N];
    const hu_format *f = hu_format_find("int8", NULL);
    for (size_t i = 0; i < 1 << 16; i++)
        table[i] = (double)(i * 2654435761u % 1000);
    draw(10, f, f);
    for (size_t k = 0; k < K; k++) {
        for (size_t i = 0; i < M; i++)
            at[k * M + i] = a[i * K + k];
        for (size_t j = 0; j < N; j++)
            bt[j * K + k] = b[k * N + j];
    }
    hu_accumulator acc = {.multiplier = {.kind = HU_MULTIPLIER_TABLE, .a = f, .b = f, .table = table}};
    hu_env env = hu_env_default();
    hu_gemm_shape turned = {.m = M, .n = N, .k = K, .lda = M, .ldb = K, .ldc = N, .a_transposed = true, .b_transposed = true};
    assert_int_equal(hu_gemm_f64(c, a, b, shape, &acc, &env, NULL), HU_OK);
    assert_int_equal(hu_gemm_f64(again, at, bt, turned, &acc, &env, NULL), HU_OK);
    assert_memory_equal(c, again, sizeof c);
}

static void other_orders(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e4m3fn", NULL);
    hu_multiplier how = {.kind = HU_MULTIPLIER_LMUL_FORMULA, .a = f};
    hu_env env = hu_env_default();
    draw(11, f, f);
    double exact = 0, got, pairs;
    for (size_t k = 0; k < K; k++)
        exact += hu_multiply(&how, a[k], b[k]);             /* of few bits: no addition rounds */
    assert_int_equal(hu_dot_f64(&got, a, b, K, &(hu_accumulator){.order = HU_ORDER_EXACT, .multiplier = how}, &env, NULL), HU_OK);
    assert_int_equal(hu_dot_f64(&pairs, a, b, K, &(hu_accumulator){.order = HU_ORDER_PAIRWISE, .multiplier = how, .chunk = 8}, &env, NULL), HU_OK);
    assert_true(got == exact && pairs == exact);
}

static void element_by_element(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e4m3fn", NULL), *to = hu_format_find("e5m2", NULL);
    hu_multiplier how = {.kind = HU_MULTIPLIER_LMUL_BITS, .a = f};
    hu_env env = hu_env_default();
    draw(12, f, f);
    assert_int_equal(hu_multiply_f64(c, a, b, M * K, &how, to, &env, NULL), HU_OK);
    assert_int_equal(hu_multiply_f32(c_f32, a_f32, b_f32, M * K, &how, NULL, &env, NULL), HU_OK);
    for (size_t i = 0; i < M * K; i++) {
        double p = hu_multiply(&how, a[i], b[i]);
        assert_true(c[i] == hu_to_double(to, hu_from_double(to, &env, p)) && c_f32[i] == (float)p);
    }
}

static void wrong_multipliers_are_refused(void **state)
{
    (void)state;
    const hu_format *fp8 = hu_format_find("e4m3fn", NULL), *posit = hu_format_find("posit8", NULL), *wide = hu_format_find("fp64", NULL), *int16 = hu_format_find("int16", NULL);
    const struct { hu_multiplier m; hu_status status; const char *text; } cases[] = {
        {{.kind = (hu_multiplier_kind)9, .a = fp8}, HU_EINVAL, "there is no multiplier 9"},
        {{.kind = HU_MULTIPLIER_LMUL_BITS}, HU_EINVAL, "the format of its operands"},
        {{.kind = HU_MULTIPLIER_LMUL_BITS, .a = posit}, HU_EINVAL, "posit8 is none"},
        {{.kind = HU_MULTIPLIER_LMUL_FORMULA, .a = wide}, HU_EINVAL, "is none"},
        {{.kind = HU_MULTIPLIER_LMUL_BITS, .a = fp8, .l = 63}, HU_EINVAL, "0 (the paper's) to 62"},
        {{.kind = HU_MULTIPLIER_TABLE, .a = fp8}, HU_EINVAL, "formats of its operands"},
        {{.kind = HU_MULTIPLIER_TABLE, .a = fp8, .b = fp8}, HU_EINVAL, "the table of products is missing"},
        {{.kind = HU_MULTIPLIER_TABLE, .a = int16, .b = int16, .table = table}, HU_EINVAL, "2^24 are the most"},
        {{.kind = HU_MULTIPLIER_LMUL_BITS, .a = fp8}, HU_ERANGE, "element 1 of y is 0.3"},
        {{.kind = HU_MULTIPLIER_TABLE, .a = fp8, .b = fp8, .table = table}, HU_ERANGE, "0.3"},
    };
    const double x[2] = {1, 2}, y[2] = {1, 0.3};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_env env = hu_env_default();
        hu_error err = {0};
        double out[2] = {77, 77};
        if (hu_multiply_f64(out, x, y, 2, &cases[i].m, NULL, &env, &err) != cases[i].status || !strstr(err.text, cases[i].text) || out[0] != 77)
            fail_msg("case %zu: '%s'", i, err.text);
        if (hu_dot_f64(out, x, y, 2, &(hu_accumulator){.multiplier = cases[i].m}, &env, &err) != cases[i].status || out[0] != 77)
            fail_msg("case %zu of dot: '%s'", i, err.text);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("L-Mul has the published errors, in both of its forms", golden_figures),
    CLAIM("every pair of codes multiplies as fields and formula say", every_pair_of_codes),
    CLAIM("L-Mul's products are added in every format and carrier", sums_of_lmul),
    CLAIM("so are products of tables, and by integers", sums_of_tables),
    CLAIM("a table goes with the factors when they are transposed", transposed_tables),
    CLAIM("exact, pairwise and chunked sums take other products too", other_orders),
    CLAIM("arrays are multiplied element by element", element_by_element),
    CLAIM("wrong multipliers, and factors that are no values, are refused, and nothing is written", wrong_multipliers_are_refused),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
