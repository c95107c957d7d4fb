/* kernel-function.c - exp to hypot over arrays give the bits and flags of their elements one by one, with tables or without. */
#include <pthread.h>
#include <stdlib.h>

#include "tests/c/kernel-cases.h"

#include "src/kernel/results.h"

enum { N = 60, N_MANY = 40000, N_FUNCTIONS =
#define UNARY(name, mpfr, title)  + 1
#define BINARY(name, mpfr, title) + 1
#include "src/ops/function.def"
#undef UNARY
#undef BINARY
};

static double x[2][N_MANY], got[N_MANY], want[N_MANY];
static float x_f32[2][N_MANY], got_f32[N_MANY];

static const hu_op *function(int i)
{
    for (int k = 0; hu_op_at(k); k++)
        if (hu_op_at(k)->is_function && i-- == 0)
            return hu_op_at(k);
    return NULL;
}

/* Values of the format for the most part, and edges, and anything. */
static void fill(const hu_format *f, uint64_t seed, size_t n)
{
    static double edges[2000];
    test_random r = {seed};
    size_t n_edges = case_edges(edges, TEST_COUNT(edges), f);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 2; k++) {
            hu_code code = (hu_code)test_random_bits(&r) & hu_format_last_code(f);
            uint64_t kind = test_random_below(&r, 8);
            x[k][i] = kind == 0 ? edges[test_random_below(&r, n_edges)] : kind == 1 ? case_random(&r, f) : hu_to_double(f, code);
            x_f32[k][i] = case_to_f32(x[k][i]);
        }
}

static hu_num number(bool is_f32, int k, size_t i)
{
    return is_f32 ? hu_num_from_float(x_f32[k][i]) : hu_num_from_double(x[k][i]);
}

static hu_status run(const hu_op *op, size_t first, size_t n, bool is_f32, const hu_format *f, hu_env *env)
{
    bool two = op->arity > 1;
    if (is_f32)
        return hu_function_f32(got_f32 + first, op, x_f32[0] + first, two ? x_f32[1] + first : NULL, n, f, env, NULL);
    return hu_function_f64(got + first, op, x[0] + first, two ? x[1] + first : NULL, n, f, env, NULL);
}

static void compare(const hu_op *op, size_t first, size_t n, bool is_f32, const hu_format *f, hu_env env)
{
    hu_env one = env;
    one.flags = env.flags = 0;
    for (size_t i = first; i < first + n; i++)
        want[i] = case_value(f, hu_op_round(op, f, &one, (hu_num[]){number(is_f32, 0, i), number(is_f32, 1, i)}));
    assert_int_equal(run(op, first, n, is_f32, f, &env), HU_OK);
    for (size_t i = first; i < first + n; i++) {
        double value = is_f32 ? (double)got_f32[i] : got[i];
        if (f64_bits(value) != f64_bits(want[i]))
            fail_msg("%s %s %s: element %zu: %a %a gives %a, want %a", op->name, is_f32 ? "float" : "double", case_text(f, &env), i,
                     x[0][i], x[1][i], value, want[i]);
    }
    if (env.flags != one.flags || env.random.index != one.random.index)
        fail_msg("%s %s: flags 0x%x, want 0x%x; index %llu, want %llu", op->name, case_text(f, &env), env.flags, one.flags,
                 (unsigned long long)env.random.index, (unsigned long long)one.random.index);
}

static hu_env environment(int i, int m)
{
    hu_env env = hu_env_default();
    env.rounding = case_mode(m);
    env.overflow = (hu_overflow)((i + m) % 3);
    env.tininess = (i + m / 3) % 2 ? HU_TININESS_AFTER : HU_TININESS_BEFORE;
    env.random = (hu_random){19, (uint64_t)i, (uint64_t)m};
    return env;
}

/* Each twice: the second time the tables are there. Then element by element. */
static void every_function_format_and_mode(void **state)
{
    (void)state;
    size_t cases = 0;
    for (int i = 0; case_format(i); i++) {
        const hu_format *f = case_format(i);
        fill(f, 600 + (uint64_t)i, N);
        for (int m = 0; case_mode(m); m++)
            for (int o = (i + m) % 5; o < N_FUNCTIONS; o += 5) {
                const hu_op *op = function(o);
                if (hu_op_check(op, f, NULL))
                    continue;
                compare(op, 0, N, false, f, environment(i, m));
                if (hu_fits_f32(f))
                    compare(op, 0, N, true, f, environment(i, m));
                for (size_t k = (size_t)(m + o) % 7; k < N; k += 7, cases++)
                    compare(op, k, 1, false, f, environment(i, m));
                cases += 2 * N;
            }
    }
    size_t bytes;
    int tables = hu_results_count(&bytes);
    test_note("%zu cases; %d tables of %zu bytes", cases, tables, bytes);
    assert_true(tables > 0 && bytes <= HU_RESULTS_BYTES);
}

static void every_value_of_16_bits(void **state)
{
    (void)state;
    static const char *const names[] = {"e5m10", "e8m7", "posit16", "takum16", "q1.15"};
    for (size_t k = 0; k < TEST_COUNT(names); k++) {
        const hu_format *f = hu_format_find(names[k], NULL);
        for (size_t i = 0; i < N_MANY; i++)
            x[0][i] = hu_to_double(f, (hu_code)(i * 65536 / N_MANY));
        hu_env env = hu_env_default();
        env.rounding = hu_rounding_find("rd", NULL);
        for (int again = 0; again < 2; again++)
            compare(function((int)k), 0, N_MANY, false, f, env);
        hu_results *r = hu_results_take(function((int)k), f, &env);
        assert_non_null(r);
        for (size_t i = 0; i < N_MANY; i++)
            if (!isnan(x[0][i]) && hu_results_place(r, x[0][i], 0) < 0)
                fail_msg("%s: %a has no place", f->name, x[0][i]);
        hu_results_give_back(r);
    }
}

/* What a table is of: one after the other, in one format, everything that the result or its flags hang on. */
static void settings_have_their_own_tables(void **state)
{
    (void)state;
    static const char *const modes[] = {"rne", "raz", "rz"}, *const names[] = {"exp", "sinh", "expm1"};
    const hu_format *formats[] = {hu_format_find("e5m2", NULL), hu_format_find("e5m2fnuz", NULL)};
    for (int o = 0; o < 3; o++)
        for (int k = 0; k < 2; k++)
            for (int m = 0; m < 3; m++)
                for (int p = 0; p < 3; p++)
                    for (int t = 0; t < 2; t++) {
                        hu_env env = hu_env_default();
                        env.rounding = hu_rounding_find(modes[m], NULL);
                        env.overflow = (hu_overflow)p;
                        env.tininess = (hu_tininess)t;
                        for (size_t c = 0; c < 256; c++)
                            x[0][c] = hu_to_double(formats[k], c);
                        compare(hu_op_find(names[o]), 0, 256, false, formats[k], env);
                        for (size_t c = 0; c < 256; c++)
                            compare(hu_op_find(names[o]), c, 1, false, formats[k], env);
                    }
}

/* Every value has a place of its own; a neighbor in double that is no value has none. */
static void places_are_distinct(void **state)
{
    (void)state;
    hu_env env = hu_env_default();
    for (int i = 0; case_format(i); i++) {
        const hu_format *f = case_format(i);
        if (f->width_bits > 16 || hu_op_check(hu_op_find("exp"), f, NULL))
            continue;
        hu_results *r = hu_results_take(hu_op_find("exp"), f, &env);
        if (!r)
            fail_msg("%s has no table", f->name);
        double *value = calloc(1 << 20, sizeof *value);
        assert_non_null(value);
        for (hu_code code = 0; code <= hu_format_last_code(f); code++) {
            double v = hu_to_double(f, code);
            if (isnan(v))
                continue;
            long place = hu_results_place(r, v, 0);
            if (place < 0 || place >= 1 << 20)
                fail_msg("%s: %a has the place %ld", f->name, v, place);
            uint64_t mark = f64_bits(v) + 1;
            if (value[place] != 0 && f64_bits(value[place]) != mark)
                fail_msg("%s: %a and another have the place %ld", f->name, v, place);
            value[place] = f64_value(mark);
            if (v != 0 && isfinite(v))
                assert_true(hu_results_place(r, nextafter(v, INFINITY), 0) != place);
        }
        free(value);
        hu_results_give_back(r);
    }
}

/* Tables of the largest kind, more than there is room for; the ones in use stay. */
static void room_is_bounded(void **state)
{
    (void)state;
    static const char *const modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro"};
    const hu_format *f = hu_format_find("posit16", NULL), *other = hu_format_find("q1.15", NULL);
    hu_env env = hu_env_default();
    hu_results *held = hu_results_take(function(0), f, &env);
    assert_non_null(held);
    long place = hu_results_place(held, 1.0, 0);
    hu_results_put(held, place, 7.0, HU_INEXACT);
    size_t bytes;
    for (int o = 0; o < N_FUNCTIONS; o++)
        for (int m = 0; m < 8; m++) {
            env.rounding = hu_rounding_find(modes[m], NULL);
            hu_results *r = hu_results_take(function(o), m % 2 ? f : other, &env);
            hu_results_give_back(r);
            hu_results_count(&bytes);
            assert_true(bytes <= HU_RESULTS_BYTES);
        }
    double value;
    hu_flags flags = 0;
    assert_true(hu_results_get(held, place, &value, &flags) && value == 7.0 && flags == HU_INEXACT);
    hu_results_put(held, place, 2.71875, HU_INEXACT);     /* it is in nobody's way: exp(1) is never asked for here, but right */
    hu_results_give_back(held);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    static const char *const modes[] = {"raz", "sr"}, *const names[] = {"e5m10", "e8m23"};
    for (int m = 0; m < 2; m++)
        for (int k = 0; k < 2; k++) {
            const hu_format *f = hu_format_find(names[k], NULL);
            fill(f, 9, 6000);
            hu_env env = hu_env_default();
            env.rounding = hu_rounding_find(modes[m], NULL);
            for (int t = 3; t >= 1; t--) {
                hu_threads_set(t);
                compare(hu_op_find("tanh"), 0, 6000, false, f, env);
            }
        }
    hu_threads_set(0);
}

static void *one_thread(void *unused)
{
    (void)unused;
    const hu_format *f = hu_format_find("e4m3", NULL);
    static const char *const modes[] = {"rne", "ru", "rz"};
    uintptr_t wrong = 0;
    for (int round = 0; round < 200; round++) {
        const hu_op *op = function(round % N_FUNCTIONS);
        hu_env env = hu_env_default(), one;
        env.rounding = hu_rounding_find(modes[round % 3], NULL);
        one = env;
        double in[256], out[256];
        for (int c = 0; c < 256; c++)
            in[c] = hu_to_double(f, (hu_code)c);
        wrong += hu_function_f64(out, op, in, in, 256, f, &env, NULL) != HU_OK;
        for (hu_code c = 0; c < 256; c++) {
            double v = case_value(f, op->arity == 1 ? op->unary(f, &one, c) : op->binary(f, &one, c, c));
            wrong += f64_bits(v) != f64_bits(out[c]);
        }
    }
    return (void *)wrong;
}

static void callers_at_once(void **state)
{
    (void)state;
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, one_thread, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        assert_int_equal(pthread_join(thread[i], &wrong), 0);
        assert_null(wrong);
    }
}

static void out_may_be_an_operand(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e5m2", NULL);
    for (int k = 0; k < 2; k++) {
        hu_env env = environment(1, 3), again = env;
        fill(f, 7, N);
        compare(hu_op_find("pow"), 0, N, false, f, env);
        assert_int_equal(hu_function_f64(x[k], hu_op_find("pow"), x[0], x[1], N, f, &again, NULL), HU_OK);
        assert_memory_equal(x[k], want, N * sizeof **x);
    }
}

static void wrong_calls_are_refused(void **state)
{
    (void)state;
    hu_env env = hu_env_default();
    hu_error err = {0};
    float a = 1, out = 7;
    const hu_format *f = hu_format_find("e5m2", NULL);
    assert_int_equal(hu_function_f32(&out, hu_op_find("pow"), &a, NULL, 1, f, &env, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "operand 2"));
    assert_int_equal(hu_function_f32(&out, hu_op_find("add"), &a, &a, 1, f, &env, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "add"));
    assert_int_equal(hu_function_f32(&out, NULL, &a, &a, 1, f, &env, &err), HU_EINVAL);
    assert_int_equal(hu_function_f32(&out, hu_op_find("exp"), &a, NULL, 1, hu_format_find("fp64", NULL), &env, &err), HU_EINVAL);
    assert_int_equal(hu_function_f32(&out, hu_op_find("exp"), &a, NULL, 1, hu_format_find("int16{overflow=wrap}", NULL), &env, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "wraps"));
    assert_true(out == 7 && env.flags == 0);
    assert_int_equal(hu_function_f32(NULL, hu_op_find("exp"), NULL, NULL, 0, f, &env, &err), HU_OK);
}

static const struct CMUnitTest claims[] = {
    CLAIM("arrays are computed like their elements, in every function, format and mode, and raise the same flags", every_function_format_and_mode),
    CLAIM("every value of 16 bits comes from a table and is right", every_value_of_16_bits),
    CLAIM("policies and tininess rules have tables of their own", settings_have_their_own_tables),
    CLAIM("every value has its own place in a table", places_are_distinct),
    CLAIM("tables stay within their room, and stay while they are used", room_is_bounded),
    CLAIM("the number of threads changes nothing", threads_change_nothing),
    CLAIM("callers at once do not disturb each other", callers_at_once),
    CLAIM("the result may be written over an operand", out_may_be_an_operand),
    CLAIM("a missing operand, no function, a format too wide or without it are refused", wrong_calls_are_refused),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
