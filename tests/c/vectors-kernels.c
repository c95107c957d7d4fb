/* vectors-kernels.c - lines of dot products and of block conversions have the results of the array kernels, to the bit. */
#include <string.h>

#include "src/hardware/cases.h"
#include "tests/lib/test.h"

enum { SEED = 77 };

static void open_task(hu_task *t, const hu_task_words *words)
{
    hu_error err = {0};
    if (hu_task_init(t, words, &err) != HU_OK)
        fail_msg("%s", err.text);
}

/* --- dot products --- */

/* Puts the word that the kernel draws at each rounding into the column of that rounding. */
typedef struct walk {
    const hu_task *t;
    uint64_t *in;
    int column, n;
} walk;

static void put_word(walk *w, uint64_t word)
{
    const hu_field *f = &w->t->field[w->t->n_operands + w->column++];
    w->in[f->at] = word >> (64 - f->width_bits);
}

static void word(walk *w, uint64_t index)
{
    put_word(w, hu_random_word(SEED, 0, index));
}

static void walk_term(walk *w, int k)
{
    if (w->t->dot.product)
        word(w, 2 * (uint64_t)k);
    if (w->t->dot.order == HU_ORDER_PAIRWISE)
        word(w, 2 * (uint64_t)k + 1);
    else                                                   /* the row's and the column's */
        put_word(w, (hu_random_word(SEED, 0, (UINT64_C(1) << 63) + (uint64_t)k) ^ hu_random_word(SEED, 0, (UINT64_C(3) << 62) + (uint64_t)k)) >> 32 << 32);
}

static void walk_pairwise(walk *w, int first, int n)
{
    if (n == 1) {
        walk_term(w, first);
        return;
    }
    int left = n - n / 2;
    walk_pairwise(w, first, left);
    walk_pairwise(w, first + left, n / 2);
    word(w, (UINT64_C(1) << 61) + (uint64_t)(first + left));
}

static void walk_all(walk *w)
{
    int n = w->t->n_terms, chunk = w->t->dot.chunk ? (int)w->t->dot.chunk : n;
    for (int first = 0; first < n; first += chunk) {
        int size = n - first < chunk ? n - first : chunk;
        if (w->t->dot.order == HU_ORDER_PAIRWISE)
            walk_pairwise(w, first, size);
        else
            for (int k = 0; k < size; k++)
                walk_term(w, first + k);
        if (w->t->dot.chunk)
            word(w, (UINT64_C(1) << 62) + (uint64_t)(first / chunk));
    }
}

static int compare_dots(const hu_task_words *words)
{
    hu_task t;
    hu_cases *cases;
    open_task(&t, words);
    assert_int_equal(hu_cases_new(&cases, &t, 1, 400, NULL), HU_OK);
    uint64_t in[4096], codes[2][HU_TASK_TERMS], out[1], want;
    double a[HU_TASK_TERMS], b[HU_TASK_TERMS], sum;
    const hu_format *result = t.field[t.n_operands + t.n_random].format;
    for (uint64_t i = 0; i < hu_cases_count(cases); i++) {
        hu_cases_get(cases, i, in);
        walk w = {.t = &t, .in = in};
        if (t.n_random > 0) {
            walk_all(&w);
            assert_int_equal(w.column, t.n_random);
        }
        hu_flags flags = hu_task_compute(&t, in, out), signaling = 0;
        for (int k = 0; k < 2 * t.n_terms; k++) {
            codes[k / t.n_terms][k % t.n_terms] = in[t.field[k].at];
            if (hu_decode(t.field[k].format, in[t.field[k].at]).signaling)
                signaling = HU_INVALID;                     /* a double of ours has quiet NaNs alone */
        }
        hu_env env = t.env, exact = hu_env_default();
        env.random = (hu_random){SEED, 0, 0};
        assert_int_equal(hu_decode_f64(a, codes[0], (size_t)t.n_terms, t.field[0].format, NULL), HU_OK);
        assert_int_equal(hu_decode_f64(b, codes[1], (size_t)t.n_terms, t.field[t.n_terms].format, NULL), HU_OK);
        assert_int_equal(hu_dot_f64(&sum, a, b, (size_t)t.n_terms, &t.dot, &env, NULL), HU_OK);
        want = (uint64_t)hu_from_double(result, &exact, sum);
        if (out[0] != want || flags != (env.flags | signaling))
            fail_msg("line %llu of %s %s: got 0x%llx, flags %x; want 0x%llx, flags %x", (unsigned long long)i, words->format, words->rounding,
                     (unsigned long long)out[0], flags, (unsigned long long)want, env.flags | signaling);
    }
    int n = (int)hu_cases_count(cases);
    hu_cases_free(cases);
    hu_task_clear(&t);
    return n;
}

static void dots(void **state)
{
    (void)state;
    static const char *const formats[] = {"e4m3fn", "e5m2", "e4m3fn*e5m2", "e5m10", "int8"};
    static const char *const modes[] = {"rne", "rz", "ru+sat", "ro", "sr:8", "sr", "srh"};
    static const struct { const char *product, *sum, *outer, *order, *chunk; } accumulators[] = {
        {NULL, "e8m13", NULL, NULL, NULL}, {"e5m10", "e5m10", NULL, NULL, "0"}, {"exact", "e8m7", "e8m23", "sequential", "4"},
        {"e8m7", "e8m7", NULL, "pairwise", NULL}, {NULL, "e5m10", NULL, "pairwise", "5"},
    };
    static const char *const terms[] = {"1", "2", "7", "16"};
    int n = 0;
    for (size_t f = 0; f < TEST_COUNT(formats); f++)
        for (size_t m = 0; m < TEST_COUNT(modes); m++)
            for (size_t c = 0; c < TEST_COUNT(accumulators); c++)
                n += compare_dots(&(hu_task_words){.op = "dot", .format = formats[f], .rounding = modes[m], .terms = terms[(f + m + c) % 4],
                                                   .product = accumulators[c].product, .sum = accumulators[c].sum,
                                                   .outer = accumulators[c].outer, .order = accumulators[c].order,
                                                   .chunk = accumulators[c].chunk});
    test_note("%d dot products", n);
}

/* --- blocks --- */

static int compare_blocks(const char *format, const char *mode)
{
    hu_task t;
    hu_cases *cases;
    open_task(&t, &(hu_task_words){.op = "cvt", .format = format, .rounding = mode});
    assert_int_equal(hu_cases_new(&cases, &t, 1, 300, NULL), HU_OK);
    uint64_t in[2 * HU_TASK_ELEMENTS], out[HU_TASK_ELEMENTS + 2], codes[HU_TASK_ELEMENTS], scale, tensor;
    double a[HU_TASK_ELEMENTS];
    size_t n = (size_t)t.n_terms;
    hu_block_layout l = hu_block_line(n);
    for (uint64_t i = 0; i < hu_cases_count(cases); i++) {
        hu_cases_get(cases, i, in);
        for (int k = 0; k < t.n_random; k++) {
            const hu_field *f = &t.field[t.n_operands + k];
            in[f->at] = hu_random_word(SEED, 0, (uint64_t)k) >> (64 - f->width_bits);
        }
        hu_flags flags = hu_task_compute(&t, in, out);
        hu_env env = t.env;
        env.random = (hu_random){SEED, 0, 0};
        assert_int_equal(hu_decode_f64(a, in, n, t.field[0].format, NULL), HU_OK);
        assert_int_equal(hu_block_encode_f64(codes, &scale, &tensor, a, &l, t.block, &env, NULL), HU_OK);
        const uint64_t *at = out;
        if (t.block->tensor)
            assert_int_equal(*at++, tensor);
        assert_int_equal(*at++, scale);
        assert_memory_equal(at, codes, n * sizeof *codes);
        assert_int_equal(flags, env.flags);
    }
    int count = (int)hu_cases_count(cases);
    hu_cases_free(cases);
    hu_task_clear(&t);
    return count;
}

static void blocks(void **state)
{
    (void)state;
    static const char *const formats[] = {"e8m23>mxfp4", "e8m7>mxfp8e4m3", "e5m10>mxint8", "e8m23>nvfp4", "e11m52>msfp12", "e8m23>dfp8",
                                          "e8m23>block(e3m2fn, scale=e4m3fn, size=8, rule=mse)"};
    static const char *const modes[] = {"rne", "rz", "sr:8", "sr+sat", "srh"};
    int n = 0;
    for (size_t f = 0; f < TEST_COUNT(formats); f++)
        for (size_t m = 0; m < TEST_COUNT(modes); m++)
            n += compare_blocks(formats[f], modes[m]);
    test_note("%d blocks", n);
}

static const struct CMUnitTest claims[] = {
    CLAIM("dot products are those of the kernel, in every order and with every random word", dots),
    CLAIM("blocks are those of the kernel, with every random word", blocks),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
