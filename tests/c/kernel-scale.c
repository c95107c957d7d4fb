/* kernel-scale.c - scales of blocks, chunks by fast loops, batches; and what is refused because of where matrices lie. */
#include "tests/c/kernel-cases.h"

enum { M = 7, N = 150, K = 45, MOST = 64 * 160 };

static double a[MOST], b[MOST], got[MOST], part[MOST], scale_a[MOST], scale_b[MOST];
static float a_f32[MOST], b_f32[MOST], got_f32[MOST], part_f32[MOST];

/* Values of fp16, and of int8 where that is asked for; scales with a few bits, one of them zero. */
static void draw(uint64_t seed, bool whole)
{
    test_random r = {seed};
    for (size_t i = 0; i < MOST; i++) {
        a[i] = whole ? rint((test_random_unit(&r) - 0.5) * 200) : rint((test_random_unit(&r) - 0.5) * 1024) / 256;
        b[i] = whole ? rint((test_random_unit(&r) - 0.5) * 200) : rint((test_random_unit(&r) - 0.5) * 1024) / 256;
        a_f32[i] = (float)a[i];
        b_f32[i] = (float)b[i];
        scale_a[i] = i % 37 == 5 ? 0 : (0.3 + test_random_unit(&r)) * 3;
        scale_b[i] = ldexp(1, (int)test_random_below(&r, 9) - 4);
    }
}

/* ---- the plain way: parts by calls of one chunk each, then one fma of src/ops for each ---- */

typedef struct recipe {
    const char *sum, *outer, *mode;
    hu_order order;
    size_t chunk, a_rows, a_depth, b_depth, b_columns;
    int integer;                          /* bits */
    bool h100, lmul;
} recipe;

static const recipe recipes[] = {
    {NULL, NULL, "rne", HU_ORDER_SEQUENTIAL, 0, 1, 0, 0, 1, 0, false, false},
    {NULL, NULL, "rne", HU_ORDER_SEQUENTIAL, 0, 1, 16, 16, 64, 0, false, false},
    {"fp32", NULL, "rz", HU_ORDER_SEQUENTIAL, 0, 0, 0, 0, 0, 0, false, false},
    {"e8m7", "fp32", "rne", HU_ORDER_SEQUENTIAL, 8, 2, 16, 32, 7, 0, false, false},
    {"e5m10", "e8m7", "ru", HU_ORDER_SEQUENTIAL, 0, 3, 32, 16, 0, 0, false, false},
    {"e8m7", "e8m7", "sr", HU_ORDER_SEQUENTIAL, 0, 1, 16, 16, 16, 0, false, false},
    {NULL, "e8m7", "sr:8", HU_ORDER_SEQUENTIAL, 0, 1, 16, 16, 16, 0, false, false},
    {"e8m7", NULL, "rne", HU_ORDER_PAIRWISE, 0, 1, 16, 16, 16, 0, false, false},
    {"fp32", "e8m7", "rne", HU_ORDER_EXACT, 0, 1, 16, 0, 16, 0, false, false},
    {NULL, "fp32", "rne", HU_ORDER_SEQUENTIAL, 0, 1, 16, 16, 128, 0, true, false},
    {NULL, NULL, "rne", HU_ORDER_SEQUENTIAL, 0, 1, 16, 0, 1, 16, false, false},
    {NULL, "int8", "rne", HU_ORDER_SEQUENTIAL, 0, 1, 0, 0, 1, 32, false, false},
    {"e8m7", "fp32", "rne", HU_ORDER_SEQUENTIAL, 0, 1, 16, 32, 128, 0, false, true},
};

static hu_accumulator accumulator(const recipe *r)
{
    const hu_format *half = hu_format_find("fp16", NULL);
    hu_accumulator acc = {.sum = r->sum ? hu_format_find(r->sum, NULL) : NULL, .outer = r->outer ? hu_format_find(r->outer, NULL) : NULL,
                          .order = r->order, .chunk = r->chunk, .integer = {.bits = r->integer},
                          .scales = {scale_a, scale_b, r->a_rows, r->a_depth, r->b_depth, r->b_columns}};
    if (r->h100)
        acc.block = hu_block_profile_adder(hu_block_profile_find("H100", half, half, NULL, NULL), half, half);
    if (r->lmul)
        acc.multiplier = (hu_multiplier){.kind = HU_MULTIPLIER_LMUL_BITS, .a = half};
    return acc;
}

static size_t size_or(size_t size, size_t whole) { return size ? size : whole; }

static double scale_of(const recipe *r, size_t i, size_t j, size_t k, bool is_f32)
{
    size_t rows = size_or(r->a_rows, M), a_depth = size_or(r->a_depth, K), b_depth = size_or(r->b_depth, K), columns = size_or(r->b_columns, N);
    double s = scale_a[i / rows * ((K + a_depth - 1) / a_depth) + k / a_depth] * scale_b[k / b_depth * ((N + columns - 1) / columns) + j / columns];
    return is_f32 ? (double)(float)s : s;
}

static size_t chunk_of(const recipe *r)
{
    size_t a_depth = size_or(r->a_depth, K), b_depth = size_or(r->b_depth, K);
    return r->chunk ? r->chunk : a_depth < b_depth ? a_depth : b_depth;
}

/* The sum of a chunk in order, by scalar operations: its words are those of its row and its column, of which a call of one element has no choice. */
static double drawn_in_order(const hu_accumulator *acc, hu_env *env, size_t i, size_t j, size_t k0, size_t k1, bool is_f32)
{
    double sum = 0;
    for (size_t k = k0; k < k1; k++) {
        double x = a[i * K + k], y = b[k * N + j];
        hu_num factor[3] = {hu_num_from_double(is_f32 ? (double)(float)x : x), hu_num_from_double(is_f32 ? (double)(float)y : y), hu_num_from_double(sum)};
        uint64_t row = hu_random_word(env->random.seed, env->random.stream, (UINT64_C(1) << 63) + i * K + k);
        uint64_t word = (row ^ hu_random_word(env->random.seed, env->random.stream, (UINT64_C(3) << 62) + j * K + k)) & ~(uint64_t)UINT32_MAX;
        const char *op = "fma";
        if (acc->product) {
            env->random.index = 2 * ((i * N + j) * K + k);
            factor[0] = hu_num_from_double(case_value(acc->product, hu_op_round(hu_op_find("mul"), acc->product, env, factor)));
            factor[1] = hu_num_from_double(sum);
            op = "add";
        }
        env->word = &word;
        sum = case_value(acc->sum, hu_op_round(hu_op_find(op), acc->sum, env, factor));
        env->word = NULL;
    }
    return sum;
}

/* The sums of one chunk, as the accumulator without scales makes them; its random words are those of the whole. */
static double part_of(const recipe *r, const hu_accumulator *acc, size_t i, size_t j, size_t k0, size_t k1, bool is_f32, hu_flags *flags)
{
    hu_accumulator plain = *acc;
    hu_env env = hu_env_default();
    plain.scales = (hu_scales){0};
    plain.outer = NULL;
    plain.chunk = 0;
    hu_env_parse_mode(&env, r->mode, NULL);
    env.random.index = 2 * ((i * N + j) * K + k0);
    if (env.rounding->random_bits && acc->sum && acc->order == HU_ORDER_SEQUENTIAL) {
        double sum = drawn_in_order(acc, &env, i, j, k0, k1, is_f32);
        *flags |= env.flags;
        return sum;
    }
    double column[K], row[K], out;
    float column_f32[K], row_f32[K], out_f32;
    for (size_t k = k0; k < k1; k++) {
        row[k - k0] = a[i * K + k], column[k - k0] = b[k * N + j];
        row_f32[k - k0] = (float)row[k - k0], column_f32[k - k0] = (float)column[k - k0];
    }
    hu_gemm_shape one = {.m = 1, .n = 1, .k = k1 - k0, .lda = K, .ldb = 1, .ldc = 1};
    assert_int_equal(is_f32 ? hu_gemm_f32(&out_f32, row_f32, column_f32, one, &plain, &env, NULL) : hu_gemm_f64(&out, row, column, one, &plain, &env, NULL), HU_OK);
    *flags |= env.flags;
    return is_f32 ? (double)out_f32 : out;
}

static double plain_element(const recipe *r, const hu_accumulator *acc, size_t i, size_t j, bool is_f32, hu_flags *flags)
{
    const hu_format *outer = acc->outer ? acc->outer : acc->sum, *to = outer ? outer : hu_format_find(is_f32 ? "fp32" : "fp64", NULL);
    size_t chunk = chunk_of(r), chunks = (K + chunk - 1) / chunk;
    double total = 0;
    for (size_t c = 0; c < chunks; c++) {
        size_t k0 = c * chunk, k1 = k0 + chunk < K ? k0 + chunk : K;
        double p = part_of(r, acc, i, j, k0, k1, is_f32, flags);
        hu_env env = hu_env_default();
        if (outer)
            hu_env_parse_mode(&env, r->mode, NULL);
        env.random.index = (UINT64_C(1) << 62) + (i * N + j) * chunks + c;
        hu_num x[3] = {hu_num_from_double(p), hu_num_from_double(scale_of(r, i, j, k0, is_f32)), hu_num_from_double(total)};
        total = case_value(to, hu_op_round(hu_op_find("fma"), to, &env, x));
        *flags |= outer ? env.flags : 0;
    }
    return total;
}

static void compare(const recipe *r, bool is_f32, bool no_flags)
{
    hu_accumulator acc = accumulator(r);
    hu_gemm_shape s = {.m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N};
    hu_env env = hu_env_default();
    hu_error err = {0};
    hu_flags flags = 0;
    hu_env_parse_mode(&env, r->mode, NULL);
    env.no_flags = no_flags;
    if (is_f32 ? hu_gemm_f32(got_f32, a_f32, b_f32, s, &acc, &env, &err) : hu_gemm_f64(got, a, b, s, &acc, &env, &err))
        fail_msg("recipe %zu: %s", (size_t)(r - recipes), err.text);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            double want = plain_element(r, &acc, i, j, is_f32, &flags), have = is_f32 ? (double)got_f32[i * N + j] : got[i * N + j];
            if (f64_bits(have) != f64_bits(want))
                fail_msg("recipe %zu, %s, %s, no_flags %d: element (%zu, %zu) is %a, want %a", (size_t)(r - recipes), hu_lanes_chosen()->name,
                         is_f32 ? "float" : "double", no_flags, i, j, have, want);
        }
    if (!no_flags)
        assert_int_equal(env.flags, flags);
}

static void scales_are_fused(void **state)
{
    (void)state;
    for (size_t r = 0; r < TEST_COUNT(recipes); r++) {
        draw(r + 1, recipes[r].integer != 0);
        for (int way = 0; way < 4; way++)
            compare(&recipes[r], way & 1, way & 2);
    }
}

static void on_every_instruction_set(void **state)
{
    (void)state;
    for (int l = 1; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (size_t r = 0; r < TEST_COUNT(recipes); r += 3) {
            draw(r + 1, recipes[r].integer != 0);
            compare(&recipes[r], true, true);
        }
    }
    hu_lanes_use(NULL);
}

/* Chunks of plain sums, too, have a fast way where nobody looks at the flags; it changes no bit, transposed or not, at any number of threads. */
static void chunks_by_fast_loops(void **state)
{
    (void)state;
    const char *const sums[] = {NULL, "e8m7", "e5m10"}, *const outers[] = {NULL, "fp32", "e8m7", "posit16"};
    draw(20, false);
    a_f32[100] = INFINITY;
    for (int t = 0; t < 48; t++) {
        hu_accumulator acc = {.sum = sums[t % 3] ? hu_format_find(sums[t % 3], NULL) : NULL, .outer = outers[t / 3 % 4] ? hu_format_find(outers[t / 3 % 4], NULL) : NULL,
                              .chunk = t % 5 ? 16 : 7};
        bool ta = t / 12 & 1, tb = t / 24 & 1;
        hu_gemm_shape s = {.m = 40, .n = 70, .k = 50, .lda = (ta ? 40 : 50) + 1, .ldb = (tb ? 50 : 70) + 3, .ldc = 75, .a_transposed = ta, .b_transposed = tb};
        hu_env env = hu_env_default(), quiet = env;
        quiet.no_flags = true;
        hu_threads_set(1 + t % 4);
        memset(got_f32, 0, sizeof got_f32);
        memset(part_f32, 0, sizeof part_f32);
        assert_int_equal(hu_gemm_f32(got_f32, a_f32, b_f32, s, &acc, &env, NULL), HU_OK);
        assert_int_equal(hu_gemm_f32(part_f32, a_f32, b_f32, s, &acc, &quiet, NULL), HU_OK);
        assert_memory_equal(got_f32, part_f32, sizeof got_f32);
    }
    hu_threads_set(0);
}

static void batches_are_calls_in_order(void **state)
{
    (void)state;
    const char *const modes[] = {"rne", "sr"};
    draw(30, false);
    for (int t = 0; t < 12; t++) {
        hu_accumulator acc = {.sum = t % 3 ? hu_format_find("e8m7", NULL) : NULL, .scales = {t & 1 ? scale_a : NULL, t & 2 ? scale_b : NULL, 1, 0, 0, 5}};
        hu_gemm_shape s = {.m = 4, .n = 9, .k = 11, .lda = 11, .ldb = 9, .ldc = 9};
        hu_gemm_batch batch = {.count = 5, .c_apart = 40, .a_apart = t & 4 ? 0 : 50, .b_apart = t & 2 ? 0 : 99, .scale_a_apart = 4, .scale_b_apart = t & 4 ? 2 : 0};
        hu_env env = hu_env_default(), each;
        hu_env_parse_mode(&env, modes[t & 1], NULL);
        env.random.index = 17;
        each = env;
        memset(got, 0, sizeof got);
        memset(part, 0, sizeof part);
        assert_int_equal(hu_gemm_batch_f64(got, a, b, s, &batch, &acc, &env, NULL), HU_OK);
        for (size_t q = 0; q < batch.count; q++) {
            hu_accumulator own = acc;
            own.scales.a = acc.scales.a ? acc.scales.a + q * batch.scale_a_apart : NULL;
            own.scales.b = acc.scales.b ? acc.scales.b + q * batch.scale_b_apart : NULL;
            assert_int_equal(hu_gemm_f64(part + q * 40, a + q * batch.a_apart, b + q * batch.b_apart, s, &own, &each, NULL), HU_OK);
        }
        assert_memory_equal(got, part, sizeof got);
        assert_int_equal(env.flags, each.flags);
        assert_true(env.random.index == each.random.index);
    }
}

/* ---- what is refused ---- */

static void overlapping_results(void **state)
{
    (void)state;
    static float room[1000], before[1000];
    for (size_t i = 0; i < 1000; i++)
        before[i] = room[i] = (float)(i % 13);
    /* c, a and b as offsets into one array, with rows 30 apart; whether they overlap. */
    const struct { size_t c, a, b; bool ta; const char *want; } cases[] = {
        {0, 10, 20, false, NULL},               /* side by side in the same rows */
        {0, 4, 20, false, "c overlaps a"},      /* the last column of c is the first of a */
        {0, 5, 20, false, NULL},
        {20, 0, 19, false, "c overlaps b"}, {20, 0, 16, false, "c overlaps b"}, {20, 0, 15, false, NULL},
        {500, 380, 0, false, NULL}, {500, 412, 0, false, "c overlaps a"}, {500, 0, 500, false, "c overlaps b"},
        {500, 383, 0, true, "c overlaps a"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_gemm_shape s = {.m = 4, .n = 5, .k = 6, .lda = 30, .ldb = 30, .ldc = 30, .a_transposed = cases[i].ta};
        hu_env env = hu_env_default();
        hu_error err = {0};
        memcpy(room, before, sizeof room);
        hu_status status = hu_gemm_f32(room + cases[i].c, room + cases[i].a, room + cases[i].b, s, &(hu_accumulator){0}, &env, &err);
        if (status != (cases[i].want ? HU_EINVAL : HU_OK) || (cases[i].want && (!strstr(err.text, cases[i].want) || memcmp(room, before, sizeof room) != 0)))
            fail_msg("case %zu: status %d, '%s'", i, (int)status, err.text);
    }
}

static void wrong_shapes(void **state)
{
    (void)state;
    const hu_format *bf16 = hu_format_find("bf16", NULL), *wide = hu_format_find("fp64", NULL), *half = hu_format_find("fp16", NULL);
    const hu_gemm_shape good = {.m = 4, .n = 5, .k = 6, .lda = 6, .ldb = 5, .ldc = 5};
    hu_gemm_shape short_a = good, short_c = good;
    short_a.lda = 5;
    short_c.ldc = 4;
    hu_block_fma block = hu_block_fma_make(half, half, 4, 20);
    const struct { hu_gemm_shape s; hu_accumulator acc; hu_gemm_batch batch; hu_status status; const char *text; } cases[] = {
        {short_a, {0}, {.count = 1}, HU_ESHAPE, "stand 5, 5 and 5 apart"},
        {short_c, {0}, {.count = 1}, HU_ESHAPE, "apart"},
        {good, {0}, {.count = 2, .c_apart = 19}, HU_ESHAPE, "take 20 elements each and stand 19 apart"},
        {good, {.sum = wide}, {.count = 1}, HU_EINVAL, "the sum format e11m52 has values that are no values of float"},
        {good, {.outer = wide, .chunk = 2}, {.count = 1}, HU_EINVAL, "the outer format e11m52 has values that are no values of float"},
        {good, {.product = wide}, {.count = 1}, HU_EINVAL, "the product format e11m52 has values that are no values of float"},
        {good, {.order = (hu_order)9}, {.count = 1}, HU_EINVAL, "there is no order 9"},
        {good, {.block = block, .order = HU_ORDER_PAIRWISE}, {.count = 1}, HU_EINVAL, "block FMA"},
        {good, {.block = block, .sum = bf16}, {.count = 1}, HU_EINVAL, "block FMA"},
        {good, {.block = block, .multiplier = {.kind = HU_MULTIPLIER_LMUL_BITS, .a = half}}, {.count = 1}, HU_EINVAL, "block FMA"},
        {good, {.chunk = 4, .scales = {.a = scale_a, .a_rows = 1, .a_depth = 3}}, {.count = 1}, HU_ESHAPE, "no multiple of the chunk of 4"},
        {good, {.scales = {.a = scale_a, .b = scale_b, .a_depth = 2, .b_depth = 3}}, {.count = 1}, HU_ESHAPE, "a scale of b holds for 3 terms"},
        {good, {.integer = {.bits = 8}}, {.count = 2, .c_apart = 20, .a_apart = 24}, HU_ERANGE, "takes numbers"},
    };
    static float before[MOST];
    draw(40, true);
    a_f32[30] = NAN;                       /* in the second matrix of the batch */
    for (size_t i = 0; i < MOST; i++)
        before[i] = got_f32[i] = (float)i;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        hu_env env = hu_env_default();
        hu_error err = {0};
        hu_status status = hu_gemm_batch_f32(got_f32, a_f32, b_f32, cases[i].s, &cases[i].batch, &cases[i].acc, &env, &err);
        if (status != cases[i].status || !strstr(err.text, cases[i].text) || memcmp(got_f32, before, sizeof before) != 0 || env.flags != 0)
            fail_msg("case %zu: status %d, '%s'", i, (int)status, err.text);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("scales are those of the chunk, and each chunk is added by one fma", scales_are_fused),
    CLAIM("on every instruction set", on_every_instruction_set),
    CLAIM("chunks by fast loops change no bit", chunks_by_fast_loops),
    CLAIM("a batch is its calls in order, with their words and flags", batches_are_calls_in_order),
    CLAIM("a result that overlaps a factor is refused, one that lies between its rows is not", overlapping_results),
    CLAIM("shapes, formats and fields that do not go together are refused in one line, and nothing is written", wrong_shapes),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
