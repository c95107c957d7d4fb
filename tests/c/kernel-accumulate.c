/* kernel-accumulate.c - sums, dot products and GEMM under accumulators give the bits of plain loops of scalar operations. */
#include <math.h>

#include "tests/c/kernel-cases.h"
#include "tests/lib/rational.h"

enum { MOST = 7 * 300 };

/* An accumulator as a test names it; formats NULL where the carrier's own arithmetic or nothing is meant. */
typedef struct recipe {
    const char *product, *sum, *outer;
    hu_order order;
    size_t chunk;
} recipe;

static const recipe recipes[] = {
    {NULL, "e8m7", NULL, HU_ORDER_SEQUENTIAL, 0},
    {"e8m7", "e8m7", NULL, HU_ORDER_SEQUENTIAL, 0},
    {"e5m2", "e5m10", NULL, HU_ORDER_SEQUENTIAL, 0},
    {NULL, "fp32", NULL, HU_ORDER_SEQUENTIAL, 0},
    {NULL, "e5m10", "fp32", HU_ORDER_SEQUENTIAL, 4},
    {"e4m3fn", "e4m3fn", NULL, HU_ORDER_SEQUENTIAL, 3},
    {NULL, "e6m5{subnormals=flush}", NULL, HU_ORDER_PAIRWISE, 0},
    {"e4m3", "e6m9", "e8m7", HU_ORDER_PAIRWISE, 5},
    {"e5m10", NULL, NULL, HU_ORDER_SEQUENTIAL, 0},
    {NULL, NULL, "e8m7", HU_ORDER_SEQUENTIAL, 4},
    {NULL, NULL, NULL, HU_ORDER_PAIRWISE, 0},
    {"e3m4", NULL, "e5m10", HU_ORDER_PAIRWISE, 6},
    {NULL, "e8m7", NULL, HU_ORDER_KAHAN, 0},
    {"e5m10", "e5m10", "fp32", HU_ORDER_KAHAN, 5},
    {NULL, NULL, NULL, HU_ORDER_KAHAN, 0},
    {NULL, "e8m7", NULL, HU_ORDER_EXACT, 0},
    {NULL, "posit16", NULL, HU_ORDER_EXACT, 0},
    {NULL, NULL, NULL, HU_ORDER_EXACT, 0},
    {"e4m3", "e5m10", NULL, HU_ORDER_EXACT, 0},
    {NULL, "e4m3fn", "fp32", HU_ORDER_EXACT, 7},
};

/* These fit double only. */
static const recipe wide_recipes[] = {
    {NULL, "fp64", NULL, HU_ORDER_SEQUENTIAL, 0},
    {"fp64", "e10m39", NULL, HU_ORDER_SEQUENTIAL, 0},
    {NULL, "e11m41", "fp64", HU_ORDER_PAIRWISE, 4},
    {NULL, "fp64", NULL, HU_ORDER_EXACT, 0},
    {"e11m41", "fp64", NULL, HU_ORDER_EXACT, 5},
};

static const char *const modes[] = {"rne", "rz", "ru", "rd", "ro", "rna", "sr", "sr:6", "srb:3", "srh"};

static double a[MOST], b[MOST], got[MOST];
static float a_f32[MOST], b_f32[MOST], got_f32[MOST];

static hu_accumulator accumulator(const recipe *r)
{
    return (hu_accumulator){.product = r->product ? hu_format_find(r->product, NULL) : NULL,
                            .sum = r->sum ? hu_format_find(r->sum, NULL) : NULL,
                            .outer = r->outer ? hu_format_find(r->outer, NULL) : NULL, .order = r->order, .chunk = r->chunk};
}

/* ---- the plain loops ---- */

typedef struct plain {
    const hu_accumulator *acc;
    hu_env *env;
    hu_gemm_shape s;
    bool is_f32;
    uint64_t index;
    size_t i, j;
    bool is_sum;
} plain;

/* One operation of src/ops on values; f NULL: float or double itself, to nearest even and without flags. */
static double operate(const plain *p, const char *name, const hu_format *f, double x, double y, double z, uint64_t word)
{
    hu_env own = hu_env_default(), *env = f ? p->env : &own;
    const hu_format *to = f ? f : hu_format_find(p->is_f32 ? "fp32" : "fp64", NULL);
    hu_num operand[3] = {hu_num_from_double(x), hu_num_from_double(y), hu_num_from_double(z)};
    env->random.index = p->index + word;
    return case_value(to, hu_op_round(hu_op_find(name), to, env, operand));
}

static double left_of(const plain *p, size_t k)
{
    size_t at = p->s.a_transposed ? k * p->s.lda + p->i : p->i * p->s.lda + k;
    return p->is_f32 ? (double)a_f32[at] : a[at];
}

static double right_of(const plain *p, size_t k)
{
    size_t at = p->s.b_transposed ? p->j * p->s.ldb + k : k * p->s.ldb + p->j;
    return p->is_sum ? 1 : p->is_f32 ? (double)b_f32[at] : b[at];
}

static uint64_t place(const plain *p, size_t k)
{
    return (p->i * p->s.n + p->j) * p->s.k + k;
}

/* What the sum of a term in order draws: the upper halves of its row's word and of its column's. */
static uint64_t drawn_for(const plain *p, size_t k)
{
    const hu_random *r = &p->env->random;
    uint64_t row = hu_random_word(r->seed, r->stream, p->index + (UINT64_C(1) << 63) + p->i * p->s.k + k);
    uint64_t column = hu_random_word(r->seed, r->stream, p->index + (UINT64_C(3) << 62) + p->j * p->s.k + k);
    return (row ^ column) & ~(uint64_t)UINT32_MAX;
}

static double plain_sequential(const plain *p, size_t k0, size_t k1)
{
    double sum = 0;
    for (size_t k = k0; k < k1; k++) {
        double x = left_of(p, k), y = right_of(p, k);
        uint64_t word = drawn_for(p, k);
        if (p->acc->product) {
            double product = operate(p, "mul", p->acc->product, x, y, 0, 2 * place(p, k));
            p->env->word = &word;
            sum = operate(p, "add", p->acc->sum, sum, product, 0, 0);
        } else {
            p->env->word = &word;
            sum = operate(p, "fma", p->acc->sum, x, y, sum, 0);
        }
        p->env->word = NULL;
    }
    return sum;
}

static double plain_pairwise(const plain *p, size_t k0, size_t k1)
{
    size_t n = k1 - k0, middle = k0 + (n - n / 2);
    if (n == 0)
        return 0;
    if (n == 1) {
        double x = left_of(p, k0), y = right_of(p, k0);
        if (!p->acc->product)
            return operate(p, "mul", p->acc->sum, x, y, 0, 2 * place(p, k0) + 1);
        double product = operate(p, "mul", p->acc->product, x, y, 0, 2 * place(p, k0));
        return operate(p, "mul", p->acc->sum, product, 1, 0, 2 * place(p, k0) + 1);
    }
    double left = plain_pairwise(p, k0, middle), right = plain_pairwise(p, middle, k1);
    return operate(p, "add", p->acc->sum, left, right, 0, (UINT64_C(1) << 61) + place(p, middle));
}

static double plain_kahan(const plain *p, size_t k0, size_t k1)
{
    const hu_format *f = p->acc->sum;
    double s = 0, e = 0;
    for (size_t k = k0; k < k1; k++) {
        double x = left_of(p, k), y = right_of(p, k);
        uint64_t at = place(p, k), word = (UINT64_C(1) << 61) + 3 * at;
        if (p->acc->product)
            y = operate(p, "add", f, operate(p, "mul", p->acc->product, x, y, 0, 2 * at), e, 0, 2 * at + 1);
        else
            y = operate(p, "fma", f, x, y, e, 2 * at + 1);
        double t = operate(p, "add", f, s, y, 0, word);
        e = operate(p, "add", f, operate(p, "sub", f, s, t, 0, word + 1), y, 0, word + 2);
        s = t;
    }
    return s;
}

/* The exact sum of the terms in rational numbers; what they are that are no numbers is told apart first. */
static double plain_exact(const plain *p, size_t k0, size_t k1)
{
    const hu_format *to = p->acc->sum ? p->acc->sum : hu_format_find(p->is_f32 ? "fp32" : "fp64", NULL);
    hu_env own = hu_env_default(), *env = p->acc->sum ? p->env : &own;
    bool nan = false, inf[2] = {false, false}, other = false;
    mpq_t sum, term, factor;
    if (k0 == k1)
        return 0;
    mpq_inits(sum, term, factor, NULL);
    for (size_t k = k0; k < k1; k++) {
        double x = left_of(p, k), y = right_of(p, k);
        if (p->acc->product) {
            x = operate(p, "mul", p->acc->product, x, y, 0, 2 * place(p, k));
            y = 1;
        }
        bool is_nan = isnan(x) || isnan(y), is_inf = isinf(x) || isinf(y), negative = signbit(x) != signbit(y);
        bool invalid = !is_nan && is_inf && (x == 0 || y == 0);
        if (invalid)
            env->flags |= HU_INVALID;
        nan = nan || is_nan || invalid;
        if (is_inf && !invalid && !is_nan)
            inf[negative] = true;
        other = other || x * y != 0 || negative || (x != 0 && y != 0);
        if (is_nan || is_inf)
            continue;
        mpq_set_d(term, x);
        mpq_set_d(factor, y);
        mpq_mul(term, term, factor);
        mpq_add(sum, sum, term);
    }
    hu_num x = rational_to_num(sum);
    if (x.kind == HU_ZERO)
        x.negative = other && env->rounding->is_downward;
    if (!nan && inf[0] && inf[1])
        env->flags |= HU_INVALID;
    if (nan || (inf[0] && inf[1]))
        x = hu_num_nan();
    else if (inf[0] || inf[1])
        x = hu_num_inf(inf[1]);
    mpq_clears(sum, term, factor, NULL);
    env->random.index = p->index + 2 * place(p, k1 - 1) + 1;
    return case_value(to, hu_round(to, env, x));
}

static double plain_range(const plain *p, size_t k0, size_t k1)
{
    if (p->acc->order == HU_ORDER_EXACT)
        return plain_exact(p, k0, k1);
    if (p->acc->order == HU_ORDER_KAHAN)
        return plain_kahan(p, k0, k1);
    return p->acc->order == HU_ORDER_PAIRWISE ? plain_pairwise(p, k0, k1) : plain_sequential(p, k0, k1);
}

static double plain_element(const plain *p)
{
    size_t chunk = p->acc->chunk, k = p->s.k, chunks = chunk ? (k + chunk - 1) / chunk : 0;
    const hu_format *outer = p->acc->outer ? p->acc->outer : p->acc->sum;
    double total = 0;
    if (!chunk)
        return plain_range(p, 0, k);
    for (size_t c = 0; c < chunks; c++) {
        double part = plain_range(p, c * chunk, (c + 1) * chunk < k ? (c + 1) * chunk : k);
        total = operate(p, "add", outer, total, part, 0, (UINT64_C(1) << 62) + (p->i * p->s.n + p->j) * chunks + c);
    }
    return total;
}

/* ---- against them ---- */

static void fill(const hu_accumulator *acc, uint64_t seed)
{
    test_random r = {seed};
    const hu_format *f = acc->sum ? acc->sum : acc->product ? acc->product : hu_format_find("e5m2", NULL);
    for (size_t i = 0; i < MOST; i++) {
        a[i] = i % 37 == 5 ? case_random(&r, f) : (test_random_unit(&r) - 0.5) * 4;
        b[i] = i % 41 == 7 ? case_random(&r, f) : (test_random_unit(&r) - 0.5) * 4;
        if (seed % 2) {                                            /* few bits: sums that are exact, and ties */
            a[i] = i % 97 == 5 ? a[i] : rint(a[i] * 4) / 4;
            b[i] = i % 97 == 7 ? b[i] : rint(b[i] * 4) / 4;
        }
        a_f32[i] = case_to_f32(a[i]);
        b_f32[i] = case_to_f32(b[i]);
    }
}

static void compare(const recipe *r, const char *mode, hu_gemm_shape s, bool is_f32, uint64_t seed)
{
    hu_accumulator acc = accumulator(r);
    hu_env env = hu_env_default(), own;
    env.rounding = hu_rounding_find(mode, NULL);
    env.random = (hu_random){seed, 3, 41};
    own = env;
    fill(&acc, seed);
    plain p = {.acc = &acc, .env = &own, .s = s, .is_f32 = is_f32, .index = env.random.index};
    hu_status status = is_f32 ? hu_gemm_f32(got_f32, a_f32, b_f32, s, &acc, &env, NULL) : hu_gemm_f64(got, a, b, s, &acc, &env, NULL);
    assert_int_equal(status, HU_OK);
    for (p.i = 0; p.i < s.m; p.i++) {
        for (p.j = 0; p.j < s.n; p.j++) {
            double want = plain_element(&p), value = is_f32 ? (double)got_f32[p.i * s.ldc + p.j] : got[p.i * s.ldc + p.j];
            if (f64_bits(want) != f64_bits(value))
                fail_msg("%s %s product %s sum %s outer %s order %d chunk %zu: (%zu, %zu) of %zu x %zu x %zu is %a, want %a", is_f32 ? "float" : "double",
                         mode, r->product, r->sum, r->outer, (int)r->order, r->chunk, p.i, p.j, s.m, s.n, s.k, value, want);
        }
    }
    if (env.flags != own.flags)
        fail_msg("%s product %s sum %s: flags 0x%x, want 0x%x", mode, r->product, r->sum, env.flags, own.flags);
    assert_int_equal(env.random.index, 41 + (env.rounding->random_bits ? 2 * s.m * s.n * s.k : 0));
}

static hu_gemm_shape shape(size_t m, size_t n, size_t k, bool a_transposed, bool b_transposed)
{
    return (hu_gemm_shape){.m = m, .n = n, .k = k, .lda = (a_transposed ? m : k) + 1, .ldb = (b_transposed ? k : n) + 2, .ldc = n + 3,
                           .a_transposed = a_transposed, .b_transposed = b_transposed};
}

static void gemm_is_a_plain_loop(void **state)
{
    (void)state;
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (size_t r = 0; r < TEST_COUNT(recipes); r++) {
            for (size_t m = 0; m < TEST_COUNT(modes); m++) {
                compare(&recipes[r], modes[m], shape(3, 21, 13, r & 1, m & 1), true, r + m);
                compare(&recipes[r], modes[m], shape(2, 9, 14, m & 1, r & 1), false, r + m);
            }
        }
        for (size_t r = 0; r < TEST_COUNT(wide_recipes); r++) {
            for (size_t m = 0; m < TEST_COUNT(modes); m++)
                compare(&wide_recipes[r], modes[m], shape(2, 9, 14, m & 1, r & 1), false, r + m);
        }
    }
    hu_lanes_use(NULL);
}

static void wide_results_and_threads(void **state)
{
    (void)state;
    for (int t = 1; t <= 3; t++) {
        hu_threads_set(t);
        for (size_t r = 0; r < 8; r += 2) {
            compare(&recipes[r], "rne", shape(5, 270, 6, false, false), true, r);
            compare(&recipes[r], "sr", shape(5, 131, 6, false, true), true, r + 1);
            compare(&recipes[r], "sr", shape(7, 129, 5, true, false), false, r);
        }
    }
    hu_threads_set(0);
}

static void empty_shapes(void **state)
{
    (void)state;
    compare(&recipes[0], "rne", shape(2, 3, 0, false, false), true, 1);
    compare(&recipes[6], "rne", shape(2, 3, 0, false, false), false, 1);
    compare(&recipes[5], "rne", shape(0, 3, 4, false, false), true, 1);
    compare(&recipes[5], "rne", shape(3, 0, 4, false, false), true, 1);
    const recipe own = {NULL, NULL, NULL, HU_ORDER_SEQUENTIAL, 0};
    compare(&own, "rne", shape(2, 3, 0, false, false), true, 1);
}

static void dot_and_sum(void **state)
{
    (void)state;
    enum { K = 53 };
    for (size_t r = 0; r < TEST_COUNT(recipes); r++) {
        for (size_t m = 0; m < TEST_COUNT(modes); m++) {
            hu_accumulator acc = accumulator(&recipes[r]), no_product = acc;
            hu_env env = hu_env_default(), own;
            env.rounding = hu_rounding_find(modes[m], NULL);
            own = env;
            fill(&acc, r + m);
            plain p = {.acc = &acc, .env = &own, .s = {.m = 1, .n = 1, .k = K, .lda = K, .ldb = 1, .ldc = 1}};
            double out, want = plain_element(&p);
            assert_int_equal(hu_dot_f64(&out, a, b, K, &acc, &env, NULL), HU_OK);
            if (f64_bits(out) != f64_bits(want) || env.flags != own.flags)
                fail_msg("%s, dot product %zu is %a flags 0x%x, want %a 0x%x", modes[m], r, out, env.flags, want, own.flags);
            no_product.product = NULL;
            own = env;
            p = (plain){.acc = &no_product, .env = &own, .s = p.s, .index = env.random.index, .is_sum = true};
            want = plain_element(&p);
            assert_int_equal(hu_sum_f64(&out, a, K, &acc, &env, NULL), HU_OK);
            if (f64_bits(out) != f64_bits(want) || env.flags != own.flags)
                fail_msg("%s, sum %zu is %a flags 0x%x, want %a 0x%x", modes[m], r, out, env.flags, want, own.flags);
        }
    }
}

/* The carrier's own GEMM promises no order in general, but ours is a loop over k. */
static void own_gemm(void **state)
{
    (void)state;
    const hu_accumulator own = {0};
    hu_env env = hu_env_default();
    for (int way = 0; way < 4; way++) {
        hu_gemm_shape s = shape(3 + way, 150, 11, way & 1, way >> 1);
        test_random r = {8};
        for (size_t i = 0; i < MOST; i++) {
            a[i] = a_f32[i] = (float)test_random_unit(&r) - 0.5f;
            b[i] = b_f32[i] = (float)test_random_unit(&r) - 0.5f;
        }
        assert_int_equal(hu_gemm_f32(got_f32, a_f32, b_f32, s, &own, &env, NULL), HU_OK);
        assert_int_equal(hu_gemm_f64(got, a, b, s, &own, &env, NULL), HU_OK);
        for (size_t i = 0; i < s.m; i++) {
            for (size_t j = 0; j < s.n; j++) {
                plain p = {.s = s, .i = i, .j = j, .is_f32 = true};
                float want_f32 = 0;
                double want = 0;
                for (size_t k = 0; k < s.k; k++) {
                    want_f32 = fmaf((float)left_of(&p, k), (float)right_of(&p, k), want_f32);
                    want = fma(left_of(&p, k), right_of(&p, k), want);
                }
                assert_true(got_f32[i * s.ldc + j] == want_f32 && got[i * s.ldc + j] == want);
            }
        }
    }
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    hu_env env = hu_env_default();
    hu_error err = {0};
    hu_accumulator acc = {.sum = hu_format_find("fp64", NULL)};
    float x[4] = {1, 1, 1, 1}, y[4] = {7, 7, 7, 7};
    hu_gemm_shape s = {.m = 2, .n = 2, .k = 2, .lda = 2, .ldb = 2, .ldc = 2};
    assert_int_equal(hu_gemm_f32(y, x, x, s, &acc, &env, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "sum"));
    acc.sum = hu_format_find("fp16", NULL);
    acc.order = (hu_order)9;
    assert_int_equal(hu_gemm_f32(y, x, x, s, &acc, &env, &err), HU_EINVAL);
    acc.order = HU_ORDER_PAIRWISE;
    s.ldb = 1;
    assert_int_equal(hu_gemm_f32(y, x, x, s, &acc, &env, &err), HU_ESHAPE);
    assert_true(y[0] == 7 && y[3] == 7);
}

static const struct CMUnitTest claims[] = {
    CLAIM("GEMM is a plain loop of scalar operations, under every accumulator and instruction set", gemm_is_a_plain_loop),
    CLAIM("so it is for wide results and any number of threads", wide_results_and_threads),
    CLAIM("so it is for empty matrices", empty_shapes),
    CLAIM("dot products and sums are too", dot_and_sum),
    CLAIM("GEMM without formats is the carrier's own", own_gemm),
    CLAIM("formats that do not fit, unknown orders and overlapping rows are refused", what_cannot_be_is_refused),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
