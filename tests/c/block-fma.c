/* block-fma.c - the adder of a matrix unit against exact rational numbers, and against what is published of the devices. */
#include <gmp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/c/kernel-cases.h"

/* ---- the truth: products, exponents, cuts and the last rounding on rational numbers ---- */

enum { ALL_ROUNDINGS = 5 };
static const char *const modes[ALL_ROUNDINGS] = {"rz", "rne", "rd", "ru", "raz"};

static void power(mpq_t x, int exp)
{
    mpq_set_ui(x, 1, 1);
    if (exp >= 0)
        mpq_mul_2exp(x, x, (mp_bitcnt_t)exp);
    else
        mpq_div_2exp(x, x, (mp_bitcnt_t)-exp);
}

/* x, as an integer by the mode; whether it was none. */
static bool to_integer(mpz_t out, const mpq_t x, const char *mode)
{
    mpz_t rest, twice;
    mpz_inits(rest, twice, NULL);
    mpz_fdiv_qr(out, rest, mpq_numref(x), mpq_denref(x));              /* floor, 0 <= rest < denominator */
    bool inexact = mpz_sgn(rest) != 0, up = false, negative = mpq_sgn(x) < 0;
    mpz_mul_2exp(twice, rest, 1);
    int half = mpz_cmp(twice, mpq_denref(x));
    if (strcmp(mode, "rz") == 0)
        up = negative;
    else if (strcmp(mode, "raz") == 0)
        up = !negative;
    else if (strcmp(mode, "ru") == 0)
        up = true;
    else if (strcmp(mode, "rne") == 0)
        up = half > 0 || (half == 0 && mpz_odd_p(out));
    if (inexact && up)
        mpz_add_ui(out, out, 1);
    mpz_clears(rest, twice, NULL);
    return inexact;
}

/* floor(log2 |x|) */
static int log_of(const mpq_t x)
{
    int e = (int)mpz_sizeinbase(mpq_numref(x), 2) - (int)mpz_sizeinbase(mpq_denref(x), 2);
    mpq_t p, a;
    mpq_inits(p, a, NULL);
    mpq_abs(a, x);
    power(p, e);
    while (mpq_cmp(a, p) < 0)
        power(p, --e);
    mpq_clears(p, a, NULL);
    return e;
}

static int kept_exponent(double x, int emin)
{
    int e;
    frexp(x, &e);
    return e - 1 > emin ? e - 1 : emin;
}

/* x on the grid of the output format, which is of the float family with infinities. */
static double round_truth(const hu_block_fma *m, const mpq_t x, bool *inexact)
{
    mpq_t unit, scaled;
    mpz_t n;
    int e = log_of(x);
    mpq_inits(unit, scaled, NULL);
    mpz_init(n);
    if (e < m->output->emin)
        e = m->output->emin;
    power(unit, e - m->output->man_bits);
    mpq_div(scaled, x, unit);
    *inexact |= to_integer(n, scaled, m->final->name);
    double y = ldexp(mpz_get_d(n), e - m->output->man_bits), largest = ldexp(2 - ldexp(1, -m->output->man_bits), m->output->emax);
    if (y == 0 && mpq_sgn(x) < 0)
        y = -0.0;
    mpq_clears(unit, scaled, NULL);
    mpz_clear(n);
    if (fabs(y) <= largest) {
        /* what lies between the largest value and where the grid would go on is an overflow under directed modes only past the latter */
        return y;
    }
    return mpq_sgn(x) < 0 ? -INFINITY : INFINITY;
}

static double step_truth(const hu_block_fma *m, double c, const double *a, const double *b, size_t n, bool *inexact)
{
    mpq_t product[HU_BLOCK_FMA_MOST + 1], unit, sum;
    int top = m->lowest;
    size_t count = 0;
    mpq_inits(unit, sum, NULL);
    for (size_t i = 0; i <= n; i++) {
        bool is_c = i == n;
        double x = is_c ? c : a[i], y = is_c ? 1 : b[i];
        if (x == 0 || y == 0 || (is_c && m->adds_late))
            continue;
        mpq_t other;
        mpq_inits(product[count], other, NULL);
        mpq_set_d(product[count], x);
        mpq_set_d(other, y);
        mpq_mul(product[count], product[count], other);
        mpq_clear(other);
        int e = is_c ? kept_exponent(x, m->output->emin) : kept_exponent(x, m->emin_a) + kept_exponent(y, m->emin_b);
        if (m->normalizes && log_of(product[count]) > e)
            e++;
        top = e > top ? e : top;
        count++;
    }
    power(unit, top - m->width);
    mpz_t whole;
    mpz_init(whole);
    for (size_t i = 0; i < count; i++) {
        mpq_div(product[i], product[i], unit);
        *inexact |= to_integer(whole, product[i], m->align->name);
        mpq_set_z(product[i], whole);
        mpq_mul(product[i], product[i], unit);
        mpq_add(sum, sum, product[i]);
        mpq_clear(product[i]);
    }
    mpz_clear(whole);
    if (m->adds_late) {
        mpq_set_d(unit, c);
        mpq_add(sum, sum, unit);
    }
    double y = mpq_sgn(sum) == 0 ? 0 : round_truth(m, sum, inexact);
    mpq_clears(unit, sum, NULL);
    return y;
}

/* ---- operands ---- */

/* What they are like: exponents close together, over the whole range, small (subnormals too), any code, and sums that cancel. */
enum { CLOSE, SPREAD, SMALL, CODES, CANCEL, LARGE, KINDS };

static double operand(test_random *r, const hu_format *f, int kind)
{
    for (;;) {
        hu_env env = hu_env_default();
        int range = f->emax - f->emin, low = f->emin - f->man_bits - 1;
        int exp = kind == SPREAD ? low + (int)test_random_below(r, (uint64_t)(range + f->man_bits + 2))
                : kind == SMALL ? low + (int)test_random_below(r, (uint64_t)f->man_bits + 4)
                : kind == LARGE ? f->emax - (int)test_random_below(r, 4) : (int)test_random_below(r, 6) - 3;
        double x = kind == CODES ? hu_to_double(f, test_random_bits(r) & (((hu_code)1 << f->width_bits) - 1))
                                 : hu_to_double(f, hu_from_double(f, &env, ldexp(test_random_unit(r) - 0.5, exp + 1)));
        if (isfinite(x))
            return test_random_below(r, 40) == 0 ? copysign(0, x) : x;
    }
}

/* A group's terms and an accumulator. */
static double fill(test_random *r, const hu_format *fa, const hu_format *fb, const hu_block_fma *m, int kind, double *a, double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        a[i] = operand(r, fa, kind);
        b[i] = operand(r, fb, kind);
        if (kind == CANCEL && i % 2) {
            a[i] = -a[i - 1];
            b[i] = test_random_below(r, 3) ? b[i - 1] : b[i];
        }
    }
    double near = n ? a[0] * b[0] : 1, c = ldexp(test_random_unit(r) * 2 - 1, (int)test_random_below(r, 60) - 30) * near;
    hu_env env = hu_env_default();
    if (test_random_below(r, 6) == 0)
        c = test_random_below(r, 2) ? 0 : ldexp(test_random_unit(r) - 0.5, m->output->emin - (int)test_random_below(r, 20));
    c = hu_to_double(m->output, hu_from_double(m->output, &env, c));
    return isfinite(c) ? c : 0;
}

static void compare_steps(const hu_block_fma *m, const hu_format *fa, const hu_format *fb, const char *name, int cases, test_random *r)
{
    double a[HU_BLOCK_FMA_MOST], b[HU_BLOCK_FMA_MOST];
    for (int i = 0; i < cases; i++) {
        bool inexact = false;
        hu_flags flags = 0;
        size_t n = i % 5 ? (size_t)m->group : test_random_below(r, (uint64_t)m->group + 1);
        double c = fill(r, fa, fb, m, i % KINDS, a, b, n);
        double want = step_truth(m, c, a, b, n, &inexact), got = hu_block_fma_step(m, c, a, b, n, 1, &flags);
        if (f64_bits(want) != f64_bits(got))
            fail_msg("%s, case %d (kind %d, %zu terms, c %a): got %a, want %a", name, i, i % KINDS, n, c, got, want);
        if (isfinite(want) && inexact != !!(flags & HU_INEXACT))
            fail_msg("%s, case %d: inexact is %d", name, i, !inexact);
        if (!!isinf(want) != !!(flags & HU_OVERFLOW))
            fail_msg("%s, case %d: overflow is %d for %a", name, i, !isinf(want), want);
    }
}

static const hu_format *input_format(const char *input, int other)
{
    return hu_format_find(strcmp(input, "fp8") ? input : other ? "e5m2" : "e4m3fn", NULL);
}

static void every_profile_is_exact(void **state)
{
    (void)state;
    test_random r = {1};
    int rows = 0;
    for (const hu_block_profile *p; (p = hu_block_profile_at(rows)); rows++)
        for (int i = 0; i < (strcmp(p->input, "fp8") ? 1 : 3); i++) {
            const hu_format *fa = input_format(p->input, i > 0), *fb = input_format(p->input, i > 1);
            hu_error err;
            assert_ptr_equal(hu_block_profile_find(p->device, fa, fb, p->output, &err), p);
            hu_block_fma m = hu_block_profile_adder(p, fa, fb);
            assert_int_equal(hu_block_fma_check(&m, "test", true, &err), HU_OK);
            compare_steps(&m, fa, fb, p->device, test_long() ? 3000 : 240, &r);
        }
    test_note("%d profiles", rows);
}

static hu_block_fma random_adder(test_random *r, const hu_format **fa, const hu_format **fb)
{
    static const char *const inputs[] = {"e5m10", "e8m7", "e8m10", "e4m3fn", "e5m2", "e8m23"}, *const outputs[] = {"e8m23", "e8m13", "e5m10", "e11m52", "e8m7"};
    *fa = hu_format_find(inputs[test_random_below(r, 6)], NULL);
    *fb = hu_format_find(inputs[test_random_below(r, 6)], NULL);
    hu_block_fma m = hu_block_fma_make(*fa, *fb, 1 + (int)test_random_below(r, 40), (int)test_random_below(r, 101));
    m.output = hu_format_find(outputs[test_random_below(r, 5)], NULL);
    m.align = hu_rounding_find(modes[test_random_below(r, ALL_ROUNDINGS)], NULL);
    m.final = hu_rounding_find(modes[test_random_below(r, ALL_ROUNDINGS)], NULL);
    m.normalizes = test_random_below(r, 2);
    m.adds_late = test_random_below(r, 3) == 0;
    if (test_random_below(r, 2))
        m.lowest = -(int)test_random_below(r, 160);
    return m;
}

static void so_are_other_adders(void **state)
{
    (void)state;
    test_random r = {2};
    for (int i = 0; i < (test_long() ? 2000 : 250); i++) {
        const hu_format *fa, *fb;
        hu_block_fma m = random_adder(&r, &fa, &fb);
        char name[160];
        snprintf(name, sizeof name, "adder %d: %s x %s, group %d, width %d, %s, %s to %s%s%s", i, fa->name, fb->name, m.group, m.width,
                 m.align->name, m.final->name, m.output->name, m.normalizes ? ", normalizes" : "", m.adds_late ? ", adds late" : "");
        compare_steps(&m, fa, fb, name, 24, &r);
    }
}

/* ---- what is known of the devices ---- */

static hu_block_fma device(const char *name, const char *input)
{
    const hu_format *f = hu_format_find(input, NULL);
    const hu_block_profile *p = hu_block_profile_find(name, f, f, NULL, NULL);
    assert_non_null(p);
    return hu_block_profile_adder(p, f, f);
}

/* Products all equal 2^-exp, as many as a group has. */
static double equal_products(const hu_block_fma *m, double c, int exp)
{
    double a[HU_BLOCK_FMA_MOST], b[HU_BLOCK_FMA_MOST];
    hu_flags flags = 0;
    for (int i = 0; i < m->group; i++) {
        a[i] = ldexp(1, -(exp / 2));
        b[i] = ldexp(1, -(exp - exp / 2));
    }
    return hu_block_fma_step(m, c, a, b, (size_t)m->group, 1, &flags);
}

static void sums_are_not_monotonic(void **state)
{
    (void)state;
    static const struct { const char *name; int extra; } wide[] = {{"V100", 0}, {"A100", 1}, {"H100", 2}, {"H200", 2}, {"B200", 2}, {"L40S", 1}};
    for (size_t i = 0; i < TEST_COUNT(wide); i++) {
        hu_block_fma m = device(wide[i].name, "fp16");
        int exp = 24 + wide[i].extra;
        assert_true(equal_products(&m, 1, exp) == 1);
        assert_true(equal_products(&m, 1 - ldexp(1, -24), exp) == 1 + ldexp(1, -23));
    }
    hu_block_fma m = device("H100", "e4m3fn");
    assert_true(equal_products(&m, 1, 14) == 1);
    assert_true(equal_products(&m, 1 - ldexp(1, -14), 14) == 1 + 15 * ldexp(1, -13));
}

enum { M = 16, N = 64 };

/* Mean relative error of M N dot products of k uniform E4M3 numbers. */
static double mean_error(hu_block_fma block, size_t k, size_t chunk, uint64_t seed)
{
    size_t na = M * k, nb = k * N;
    float *a = malloc((na + nb) * sizeof *a), *b = a + na, c[M * N];
    double *wide = malloc((na + nb) * sizeof *wide), exact[M * N], sum = 0;
    test_random r = {seed};
    hu_env env = hu_env_default();
    const hu_format *f = hu_format_find("e4m3fn", NULL);
    for (size_t i = 0; i < na + nb; i++)
        wide[i] = a[i] = (float)hu_to_double(f, hu_from_double(f, &env, test_random_unit(&r)));
    hu_gemm_shape s = {.m = M, .n = N, .k = k, .lda = k, .ldb = N, .ldc = N};
    hu_accumulator acc = {.block = block, .chunk = chunk}, own = {0};
    env.no_flags = true;
    assert_int_equal(hu_gemm_f32(c, a, b, s, &acc, &env, NULL), HU_OK);
    assert_int_equal(hu_gemm_f64(exact, wide, wide + na, s, &own, &env, NULL), HU_OK);      /* exact: fewer than 53 bits */
    for (size_t i = 0; i < M * N; i++)
        sum += (c[i] - exact[i]) / exact[i];
    free(a);
    free(wide);
    return sum / (M * N);
}

static void check_mean(double got, double want, double tolerance)
{
    if (fabs(got - want) > tolerance * fabs(want))
        fail_msg("the mean relative error is %g, want %g", got, want);
}

/* methods reference, section 11.2: uniform data, E4M3. */
static void fp8_sums_are_too_small_by_what_is_known(void **state)
{
    (void)state;
    static const struct { size_t k; double error; } known[] = {{128, -5.0e-4}, {1024, -1.35e-2}, {4096, -6.6e-2}, {16384, -0.249}};
    hu_block_fma h100 = device("H100", "e4m3fn");
    for (size_t i = 0; i < TEST_COUNT(known); i++)
        check_mean(mean_error(h100, known[i].k, 0, i + 1), known[i].error, 0.03);
    for (size_t i = 0; i < TEST_COUNT(known); i++)
        check_mean(mean_error(h100, known[i].k, 128, i + 1), -4.97e-4, 0.03);
    hu_block_fma wide = device("B200", "e4m3fn");
    wide.group = 16;
    check_mean(mean_error(wide, 16384, 0, 9), -8.3e-6, 0.1);
}

/* ---- NaN and infinities ---- */

static void what_is_not_finite_is_told(void **state)
{
    (void)state;
    static const struct { double a0, b0, a1, b1, c, want; hu_flags flags; } cases[] = {
        {INFINITY, 1, 1, 1, 0, INFINITY, 0},         {INFINITY, -1, 1, 1, 5, -INFINITY, 0},     {1, 1, 2, 2, INFINITY, INFINITY, 0},
        {INFINITY, 0, 1, 1, 0, NAN, HU_INVALID},     {INFINITY, 1, INFINITY, -1, 0, NAN, HU_INVALID}, {INFINITY, 1, 1, 1, -INFINITY, NAN, HU_INVALID},
        {NAN, 1, 1, 1, 0, NAN, 0},                   {1, 1, 1, 1, NAN, NAN, 0},                 {NAN, 1, INFINITY, 0, 0, NAN, HU_INVALID},
        {INFINITY, 1, INFINITY, 1, 0, INFINITY, 0},
    };
    hu_block_fma m = device("H100", "bf16");
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_flags flags = 0;
        const double a[] = {cases[i].a0, cases[i].a1}, b[] = {cases[i].b0, cases[i].b1};
        double got = hu_block_fma_step(&m, cases[i].c, a, b, 2, 1, &flags);
        if (isnan(cases[i].want) ? !isnan(got) : got != cases[i].want)
            fail_msg("case %zu: got %g, want %g", i, got, cases[i].want);
        assert_int_equal(flags, cases[i].flags);
    }
    const double big[] = {0x1p127, 0x1p127}, two[] = {2, 2};
    hu_flags flags = 0;
    assert_true(isinf(hu_block_fma_step(&m, 0, big, two, 1, 1, &flags)));
    assert_true(flags & HU_OVERFLOW);
    m.overflows_by_mode = true;
    assert_true(hu_block_fma_step(&m, 0, big, two, 1, 1, &flags) == (double)0x1.fffffep127f);
}

/* ---- the kernels ---- */

enum { MOST = 200 * 150 };
static float fa32[MOST], fb32[MOST], got32[MOST], want32[MOST];
static double fa64[MOST], fb64[MOST], got64[MOST], want64[MOST];

static void compare_kernels(const hu_block_fma *m, const hu_format *fa, const hu_format *fb, hu_gemm_shape s, size_t chunk, const hu_format *outer,
                            int kind, test_random *r, const char *name)
{
    hu_accumulator acc = {.block = *m, .chunk = chunk, .outer = outer};
    hu_env env = hu_env_default(), quiet;
    quiet = env;
    quiet.no_flags = true;
    for (size_t i = 0; i < MOST; i++) {
        fa64[i] = fa32[i] = (float)operand(r, fa, kind);
        fb64[i] = fb32[i] = (float)operand(r, fb, kind);
        got32[i] = want32[i] = 77;
        got64[i] = want64[i] = 77;
    }
    bool single = hu_fits_f32(m->output);
    if (single) {
        assert_int_equal(hu_gemm_f32(want32, fa32, fb32, s, &acc, &env, NULL), HU_OK);
        assert_int_equal(hu_gemm_f32(got32, fa32, fb32, s, &acc, &quiet, NULL), HU_OK);
    }
    assert_int_equal(hu_gemm_f64(want64, fa64, fb64, s, &acc, &env, NULL), HU_OK);
    assert_int_equal(hu_gemm_f64(got64, fa64, fb64, s, &acc, &quiet, NULL), HU_OK);
    for (size_t i = 0; i < s.m * s.ldc; i++)
        if (f64_bits(got64[i]) != f64_bits(want64[i]) || (single && f32_bits(got32[i]) != f32_bits(want32[i])))
            fail_msg("%s, %s, kind %d, %zu x %zu x %zu, chunk %zu: element %zu is %a and %a, want %a", hu_lanes_chosen()->name, name, kind, s.m, s.n,
                     s.k, chunk, i, got64[i], got32[i], want64[i]);
}

static hu_gemm_shape shape(size_t m, size_t n, size_t k, int transposed)
{
    bool ta = transposed & 1, tb = transposed & 2;
    return (hu_gemm_shape){.m = m, .n = n, .k = k, .lda = (ta ? m : k) + 1, .ldb = (tb ? k : n) + 2, .ldc = n + 3,
                           .a_transposed = ta, .b_transposed = tb};
}

static void quick_loops_change_no_bit(void **state)
{
    (void)state;
    test_random r = {5};
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        const hu_block_profile *p;
        for (int i = 0; (p = hu_block_profile_at(i)); i++) {
            const hu_format *fa = input_format(p->input, 0), *fb = input_format(p->input, i % 2);
            hu_block_fma m = hu_block_profile_adder(p, fa, fb);
            for (int kind = i % 3; kind < KINDS; kind += 3) {
                m.interleave = 1 + kind % 3;
                compare_kernels(&m, fa, fb, shape(l ? 3 : 17, 67, 70, i + kind), (size_t)(i % 3 ? 0 : 30), i % 2 ? hu_format_find("fp32", NULL) : NULL, kind, &r, p->device);
            }
        }
        for (int i = 0; i < 60; i++) {
            const hu_format *fa, *fb;
            hu_block_fma m = random_adder(&r, &fa, &fb);
            m.normalizes = m.adds_late = i % 6 == 5;
            m.width = i % 6 == 4 ? m.width : m.width % 29;
            m.align = hu_rounding_find("rz", NULL);
            compare_kernels(&m, fa, fb, shape(3, 66, 45, i), i % 4 == 3 ? 11 : 0, NULL, i % KINDS, &r, "random");
        }
    }
    hu_lanes_use(NULL);
}

static void nor_do_threads_and_odd_shapes(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{1, 1, 5}, {1, 70, 40}, {70, 1, 40}, {33, 129, 65}, {17, 64, 32}, {3, 0, 4}, {0, 3, 4}, {5, 70, 0}, {2, 2, 1}};
    test_random r = {6};
    const hu_format *f = hu_format_find("fp16", NULL);
    hu_block_fma m = device("H100", "fp16");
    for (int t = 1; t <= 8; t *= 2) {
        hu_threads_set(t);
        for (size_t i = 0; i < TEST_COUNT(sizes); i++)
            compare_kernels(&m, f, f, shape(sizes[i][0], sizes[i][1], sizes[i][2], t % 4), i % 2 ? 24 : 0, NULL, CLOSE, &r, "threads");
    }
    hu_threads_set(0);
}

/* Dot product, sum and run agree with steps one by one. */
static void dots_are_steps(void **state)
{
    (void)state;
    test_random r = {7};
    hu_block_fma m = device("A100", "fp16");
    hu_accumulator acc = {.block = m};
    hu_env env = hu_env_default();
    double a[100], b[100], ones[100], want = 0, got;
    hu_flags flags = 0;
    fill(&r, hu_format_find("fp16", NULL), hu_format_find("fp16", NULL), &m, CLOSE, a, b, 100);
    for (size_t k = 0; k < 100; k += 8)
        want = hu_block_fma_step(&m, want, a + k, b + k, k < 96 ? 8 : 4, 1, &flags);
    assert_int_equal(hu_dot_f64(&got, a, b, 100, &acc, &env, NULL), HU_OK);
    assert_true(got == want);
    assert_true(hu_block_fma_run(&m, 0, a, b, 100, &flags) == want);
    for (int i = 0; i < 100; i++)
        ones[i] = 1;
    assert_int_equal(hu_sum_f64(&got, a, 100, &acc, &env, NULL), HU_OK);
    assert_true(got == hu_block_fma_run(&m, 0, a, ones, 100, &flags));
    acc.block.interleave = 2;                     /* evens, then odds, of each sixteen */
    want = 0;
    for (size_t k = 0; k < 96; k += 16)
        for (size_t g = 0; g < 2; g++)
            want = hu_block_fma_step(&m, want, a + k + g, b + k + g, 8, 2, &flags);
    for (size_t g = 0; g < 2; g++)
        want = hu_block_fma_step(&m, want, a + 96 + g, b + 96 + g, 2, 2, &flags);
    assert_int_equal(hu_dot_f64(&got, a, b, 100, &acc, &env, NULL), HU_OK);
    assert_true(got == want);
}

static void wrong_adders_are_refused(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("fp16", NULL);
    hu_block_fma good = hu_block_fma_make(f, f, 8, 24), bad[8];
    for (int i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].group = HU_BLOCK_FMA_MOST + 1;
    bad[1].width = -1;
    bad[2].interleave = 0;
    bad[3].final = hu_rounding_find("sr", NULL);
    bad[4].output = hu_format_find("e15m112", NULL);
    bad[5].align = NULL;
    bad[6].width = HU_BLOCK_FMA_WIDEST + 1;
    bad[7].lowest = 5000;
    hu_env env = hu_env_default();
    double x = 1, out = 77;
    for (int i = 0; i < 8; i++) {
        hu_error err = {0};
        assert_int_equal(hu_dot_f64(&out, &x, &x, 1, &(hu_accumulator){.block = bad[i]}, &env, &err), HU_EINVAL);
        assert_true(out == 77 && err.text[0]);
    }
    assert_int_equal(hu_dot_f64(&out, &x, &x, 1, &(hu_accumulator){.block = good, .sum = f}, &env, NULL), HU_EINVAL);
    hu_error err = {0};
    assert_null(hu_block_profile_find("H10", f, f, NULL, &err));
    assert_non_null(strstr(err.text, "did you mean"));
    assert_null(hu_block_profile_find("V100", hu_format_find("bf16", NULL), f, NULL, &err));
    assert_non_null(strstr(err.text, "fp16 to fp32"));
}

static const struct CMUnitTest claims[] = {
    CLAIM("a step of every profile is exact rational arithmetic's", every_profile_is_exact),
    CLAIM("so is one of any group, width, modes and output", so_are_other_adders),
    CLAIM("sums are not monotonic where they are known not to be", sums_are_not_monotonic),
    CLAIM("FP8 sums are too small by what is known of them", fp8_sums_are_too_small_by_what_is_known),
    CLAIM("NaN, infinities and overflow are told, with their flags", what_is_not_finite_is_told),
    CLAIM("quick loops change no bit, whatever the adder, the operands and the instruction set", quick_loops_change_no_bit),
    CLAIM("nor do any number of threads and odd shapes", nor_do_threads_and_odd_shapes),
    CLAIM("dot products and sums are steps one after another, also of groups that take turns", dots_are_steps),
    CLAIM("adders out of range and unknown profiles are refused", wrong_adders_are_refused),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
