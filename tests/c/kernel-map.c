/* kernel-map.c - elementwise operations on arrays give the bits and flags of their elements one by one. */
#include "tests/c/kernel-cases.h"

enum { N = 300, N_MANY = 70001 };

static const struct { const char *name; hu_elementwise op; int arity; } operations[] = {
    {"add", HU_ADD, 2}, {"sub", HU_SUB, 2}, {"mul", HU_MUL, 2}, {"div", HU_DIV, 2}, {"fma", HU_FMA, 3}, {"sqrt", HU_SQRT, 1},
};

static double x[3][N_MANY], got[N_MANY], want[N_MANY];
static float x_f32[3][N_MANY], got_f32[N_MANY];

/* Operands: edges against edges in shuffled order, sums that nearly cancel, numbers of few bits, anything. */
static void fill(const hu_format *f, uint64_t seed, size_t n)
{
    static double edges[2000];
    test_random r = {seed};
    size_t n_edges = case_edges(edges, TEST_COUNT(edges), f);
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < 3; k++)
            x[k][i] = test_random_below(&r, 3) ? case_random(&r, f) : edges[test_random_below(&r, n_edges)];
        if (i % 5 == 0)
            x[1][i] = -x[0][i] * (1 + ldexp(1, -(int)test_random_below(&r, 60)));
        if (i % 7 == 0)
            x[2][i] = -x[0][i] * x[1][i];
        if (i % 11 == 0)
            x[2][i] = ldexp(x[2][i], -(int)test_random_below(&r, 80));
        for (int k = 0; k < 3; k++)
            x_f32[k][i] = case_to_f32(x[k][i]);
    }
}

static hu_num number(bool is_f32, int k, size_t i)
{
    return is_f32 ? hu_num_from_float(x_f32[k][i]) : hu_num_from_double(x[k][i]);
}

static hu_flags scalar(int o, size_t first, size_t n, bool is_f32, const hu_format *f, hu_env env)
{
    const hu_op *op = hu_op_find(operations[o].name);
    env.flags = 0;
    for (size_t i = first; i < first + n; i++) {
        hu_num operand[3] = {number(is_f32, 0, i), number(is_f32, 1, i), number(is_f32, 2, i)};
        want[i] = case_value(f, hu_op_round(op, f, &env, operand));
    }
    return env.flags;
}

static void run(int o, size_t first, size_t n, bool is_f32, const hu_format *f, hu_env *env)
{
    bool two = operations[o].arity > 1, three = operations[o].arity > 2;
    hu_status status;
    if (is_f32)
        status = hu_map_f32(got_f32 + first, operations[o].op, x_f32[0] + first, two ? x_f32[1] + first : NULL, three ? x_f32[2] + first : NULL, n, f, env, NULL);
    else
        status = hu_map_f64(got + first, operations[o].op, x[0] + first, two ? x[1] + first : NULL, three ? x[2] + first : NULL, n, f, env, NULL);
    assert_int_equal(status, HU_OK);
}

static void compare(int o, size_t first, size_t n, bool is_f32, const hu_format *f, hu_env env)
{
    env.flags = 0;
    hu_flags flags = scalar(o, first, n, is_f32, f, env);
    run(o, first, n, is_f32, f, &env);
    for (size_t i = first; i < first + n; i++) {
        double value = is_f32 ? (double)got_f32[i] : got[i];
        if (f64_bits(value) != f64_bits(want[i]))
            fail_msg("%s %s %s: element %zu: %a %a %a gives %a, want %a", operations[o].name, is_f32 ? "float" : "double", case_text(f, &env), i,
                     is_f32 ? x_f32[0][i] : x[0][i], is_f32 ? x_f32[1][i] : x[1][i], is_f32 ? x_f32[2][i] : x[2][i], value, want[i]);
    }
    if (env.flags != flags)
        fail_msg("%s %s %s: element %zu of %a %a %a: flags 0x%x, want 0x%x", operations[o].name, is_f32 ? "float" : "double", case_text(f, &env), first,
                 is_f32 ? x_f32[0][first] : x[0][first], is_f32 ? x_f32[1][first] : x[1][first], is_f32 ? x_f32[2][first] : x[2][first], env.flags, flags);
}

static hu_env environment(int i, int m)
{
    hu_env env = hu_env_default();
    env.rounding = case_mode(m);
    env.overflow = (hu_overflow)((i + m) % 3);
    env.tininess = (i + m / 3) % 2 ? HU_TININESS_AFTER : HU_TININESS_BEFORE;
    env.random = (hu_random){18, (uint64_t)i, (uint64_t)m};
    return env;
}

static void every_operation_format_and_mode(void **state)
{
    (void)state;
    size_t cases = 0;
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        unsigned long slow = hu_plan_slow_blocks();
        for (int i = 0; case_format(i); i++) {
            const hu_format *f = case_format(i);
            fill(f, 400 + (uint64_t)i, N);
            for (int m = 0; case_mode(m); m++) {
                for (int o = 0; o < (int)TEST_COUNT(operations); o++) {
                    compare(o, 0, N, false, f, environment(i, m));
                    if (hu_fits_f32(f))
                        compare(o, 0, N, true, f, environment(i, m));
                    cases += 2 * N;
                }
            }
        }
        test_note("%s: %zu cases, %lu blocks the scalar way", hu_lanes_at(l)->name, cases, hu_plan_slow_blocks() - slow);
    }
    hu_lanes_use(NULL);
}

static void flags_of_single_elements(void **state)
{
    (void)state;
    for (int i = 0; case_format(i); i++) {
        const hu_format *f = case_format(i);
        fill(f, 500 + (uint64_t)i, N);
        for (int m = 0; case_mode(m); m++) {
            for (int o = 0; o < (int)TEST_COUNT(operations); o++) {
                for (size_t k = (size_t)((m + o) % 13); k < N; k += 13) {
                    compare(o, k, 1, false, f, environment(i, m));
                    if (hu_fits_f32(f))
                        compare(o, k, 1, true, f, environment(i, m));
                }
            }
        }
    }
}

/* A float without specials: of few bits or all, a midpoint of the format's, zero, one of float's subnormals. */
static float plain_float(test_random *r, const hu_format *f)
{
    int low = f->emin < -60 ? -60 : f->emin > 40 ? 40 : f->emin, bits = f->man_bits + 2;
    int high = f->emax > 50 ? 50 : f->emax < low ? low : f->emax;
    double y = ldexp(1 + test_random_unit(r), low + (int)test_random_below(r, (uint64_t)(high - low + 3)) - 2);
    switch (test_random_below(r, 10)) {
    case 0:
    case 1: y = ldexp(1 + ldexp((double)test_random_below(r, UINT64_C(1) << bits), -bits), low + (int)test_random_below(r, (uint64_t)(high - low + 1))); break;
    case 2: y = ldexp(1 + test_random_unit(r), -60 - (int)test_random_below(r, 50)); break;
    case 3: y = ldexp((double)(1 + test_random_below(r, 1 << 23)), -149); break;
    case 4: y = ldexp((double)(1 + test_random_below(r, 4)), -149); break;
    case 5: y = ldexp((double)(1 + test_random_below(r, 3)), f->emin - f->man_bits - 1 < -149 ? -149 : f->emin - f->man_bits - 1); break;
    case 6: y = test_random_below(r, 3) ? y : 0; break;
    default: break;
    }
    return (float)(test_random_below(r, 2) ? -y : y);
}

/* Operands whose results are finite; sums that nearly cancel, and neighbors of ties by a hair. */
static void fill_finite(const hu_format *f, int o, uint64_t seed)
{
    test_random r = {seed};
    for (size_t i = 0; i < N; i++) {
        for (int k = 0; k < 3; k++)
            x_f32[k][i] = plain_float(&r, f);
        if (i % 5 == 0)
            x_f32[1][i] = -x_f32[0][i];
        if (i % 5 == 1)
            x_f32[1][i] = (float)ldexp(x_f32[0][i], -20 - (int)test_random_below(&r, 60));
        if (i % 7 == 0)
            x_f32[2][i] = -x_f32[0][i] * x_f32[1][i];
        if (i % 7 == 1)
            x_f32[2][i] = (float)ldexp(x_f32[0][i] * x_f32[1][i], -22 - (int)test_random_below(&r, 60));
        if (i % 7 == 2)
            x_f32[2][i] = (float)ldexp(x_f32[0][i] * x_f32[1][i], 22 + (int)test_random_below(&r, 9));
        if (o == HU_DIV && (x_f32[1][i] == 0 || fabs((double)x_f32[0][i] / (double)x_f32[1][i]) > 0x1p100))
            x_f32[1][i] = 3;
        if (o == HU_SQRT)
            x_f32[0][i] = fabsf(x_f32[0][i]);
    }
}

/* Floats whose results are finite are worked on as floats, rounded to odd on the way; and what they give is right. */
static void finite_floats_stay_floats(void **state)
{
    (void)state;
    static float odd[N];
    size_t stayed = 0, cases = 0;
    for (int l = 0; hu_lanes_at(l); l++) {
        hu_lanes_use(hu_lanes_at(l));
        for (int i = 0; case_format(i); i++) {
            const hu_format *f = case_format(i);
            if (!hu_fits_f32(f))
                continue;
            for (int o = 0; o < (int)TEST_COUNT(operations); o++) {
                fill_finite(f, o, 600 + (uint64_t)i);
                hu_odd_f32_fn *to_odd = hu_lanes_at(l)->odd_f32[operations[o].op];
                if (to_odd && to_odd(odd, x_f32[0], x_f32[1], x_f32[2], N, false))
                    fail_msg("%s: %s to %s was not done with floats", hu_lanes_at(l)->name, operations[o].name, f->name);
                stayed += to_odd != NULL;
                for (int m = (i + o) % 3; case_mode(m); m += 3) {
                    compare(o, 0, N, true, f, environment(i, m));
                    for (size_t k = (size_t)((m + o) % 29); k < N; k += 29)
                        compare(o, k, 1, true, f, environment(i, m));
                    cases += N;
                }
            }
        }
    }
    test_note("%zu cases, %zu operations and formats as floats", cases, stayed);
    hu_lanes_use(NULL);
}

/* What double holds without its extremes must not need the scalar path: else the loops above proved nothing. */
static void ordinary_numbers_stay_in_the_loops(void **state)
{
    (void)state;
    static const char *const formats[] = {"e5m2", "e8m7", "e8m23", "e10m39"};
    test_random r = {5};
    for (int i = 0; i < 4; i++) {
        const hu_format *f = hu_format_find(formats[i], NULL);
        for (size_t k = 0; k < N; k++) {
            for (int j = 0; j < 3; j++) {
                x[j][k] = (test_random_unit(&r) - 0.3) * ldexp(1, (int)test_random_below(&r, 40) - 20);
                x_f32[j][k] = (float)x[j][k];
            }
        }
        for (int m = 0; case_mode(m); m++) {
            unsigned long slow = hu_plan_slow_blocks();
            bool is_wide_random = case_mode(m)->random_bits && f->man_bits > 30;
            for (int o = 0; o < (int)TEST_COUNT(operations); o++) {
                compare(o, 0, N, false, f, environment(i, m));
                if (hu_fits_f32(f))
                    compare(o, 0, N, true, f, environment(i, m));
            }
            if (hu_plan_slow_blocks() != slow && !is_wide_random)
                fail_msg("%s %s: %lu blocks went the scalar way", f->name, case_mode(m)->name, hu_plan_slow_blocks() - slow);
        }
    }
}

/* Products a hair below the smallest normal, of which double keeps 53 bits: whether the random word takes the
 * smallest normal or a zero hangs, once in some thousand, on the bits that were cut off. */
static void lost_bits_do_not_decide(void **state)
{
    (void)state;
    static const char *const few[] = {"sr", "src:32"};
    const hu_format *f = hu_format_find("e10m39{subnormals=flush-out}", NULL);
    test_random r = {9};
    for (size_t i = 0; i < N_MANY; i++) {
        x[0][i] = 1 + test_random_unit(&r);
        x[1][i] = ldexp(1 - ldexp(test_random_unit(&r), -40), f->emin) / x[0][i];
        x[0][i] *= i % 2 ? 1 : ldexp(1, 1 + (int)test_random_below(&r, 9));
    }
    for (int m = 0; m < 2; m++) {
        hu_env env = hu_env_default();
        env.rounding = hu_rounding_find(few[m], NULL);
        unsigned long slow = hu_plan_slow_blocks();
        compare(2, 0, N_MANY, false, f, env);
        test_note("%s: %lu blocks the scalar way", few[m], hu_plan_slow_blocks() - slow);
        assert_true(hu_plan_slow_blocks() - slow < N_MANY / HU_BLOCK);
    }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e5m10", NULL);
    static const char *const modes[] = {"rne", "sr"};
    fill(f, 6, N_MANY);
    for (int m = 0; m < 2; m++) {
        hu_env env = hu_env_default();
        env.rounding = hu_rounding_find(modes[m], NULL);
        for (int t = 1; t <= 3; t++) {
            hu_threads_set(t);
            compare(4, 0, N_MANY, false, f, env);
            compare(0, 0, N_MANY, true, f, env);
        }
    }
    hu_threads_set(0);
}

static void out_may_be_an_operand(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e5m2", NULL);
    for (int m = 0; case_mode(m); m++) {
        for (int k = 0; k < 3; k++) {
            hu_env env = environment(1, m), again = env;
            fill(f, 7, N);
            scalar(4, 0, N, false, f, env);
            assert_int_equal(hu_map_f64(x[k], HU_FMA, x[0], x[1], x[2], N, f, &again, NULL), HU_OK);
            assert_memory_equal(x[k], want, N * sizeof **x);
            fill(f, 7, N);
            scalar(4, 0, N, true, f, env);
            assert_int_equal(hu_map_f32(x_f32[k], HU_FMA, x_f32[0], x_f32[1], x_f32[2], N, f, &env, NULL), HU_OK);
            for (size_t i = 0; i < N; i++)
                assert_true(f64_bits((double)x_f32[k][i]) == f64_bits(want[i]));
        }
    }
}

/* One that lies apart by less than its length, before or after. */
static void overlapping_results_are_refused(void **state)
{
    (void)state;
    float y[40], before[40], other[16];
    double z[40], z_before[40];
    const hu_format *f = hu_format_find("e5m2", NULL);
    const hu_op *power = hu_op_find("pow");
    hu_env env = hu_env_default();
    for (int i = 0; i < 40; i++)
        z[i] = z_before[i] = y[i] = before[i] = 1 + (float)i / 8;
    for (int i = 0; i < 16; i++)
        other[i] = 1;
    for (int at = 1; at < 36; at++) {
        hu_error err = {0};
        bool apart = at < 5 || at == 12 || at > 19;           /* 8 from 12 on, out at `at` */
        float *const out = y + at;
        if (apart)
            continue;
        assert_int_equal(hu_quantize_f32(out, y + 12, 8, f, &env, &err), HU_EINVAL);
        assert_non_null(strstr(err.text, "overlaps the input"));
        assert_int_equal(hu_quantize_f64(z + at, z + 12, 8, f, &env, &err), HU_EINVAL);
        assert_int_equal(hu_map_f32(out, HU_ADD, other, y + 12, NULL, 8, f, &env, &err), HU_EINVAL);
        assert_non_null(strstr(err.text, "overlaps operand 2"));
        assert_int_equal(hu_map_f32(out, HU_FMA, other, other, y + 12, 8, f, &env, &err), HU_EINVAL);
        assert_int_equal(hu_map_f64(z + at, HU_SQRT, z + 12, NULL, NULL, 8, f, &env, &err), HU_EINVAL);
        assert_int_equal(hu_function_f32(out, power, other, y + 12, 8, f, &env, &err), HU_EINVAL);
        assert_memory_equal(y, before, sizeof y);
        assert_memory_equal(z, z_before, sizeof z);
        assert_int_equal(env.flags, 0);
    }
    assert_int_equal(hu_quantize_f32(y + 4, y + 12, 8, f, &env, NULL), HU_OK);
    assert_int_equal(hu_quantize_f32(y + 20, y + 12, 8, f, &env, NULL), HU_OK);
    assert_int_equal(hu_quantize_f32(y + 12, y + 12, 8, f, &env, NULL), HU_OK);
    assert_int_equal(hu_quantize_f32(y + 13, y + 12, 0, f, &env, NULL), HU_OK);
}

static void missing_operands_are_refused(void **state)
{
    (void)state;
    hu_env env = hu_env_default();
    hu_error err = {0};
    float a = 1, out = 7;
    const hu_format *f = hu_format_find("e5m2", NULL);
    assert_int_equal(hu_map_f32(&out, HU_ADD, &a, NULL, NULL, 1, f, &env, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "operand 2"));
    assert_int_equal(hu_map_f32(&out, (hu_elementwise)17, &a, &a, &a, 1, f, &env, &err), HU_EINVAL);
    assert_int_equal(hu_map_f32(&out, HU_ADD, &a, &a, NULL, 1, hu_format_find("fp64", NULL), &env, &err), HU_EINVAL);
    assert_true(out == 7);
}

static const struct CMUnitTest claims[] = {
    CLAIM("arrays are computed like their elements, in every operation, format, mode and instruction set", every_operation_format_and_mode),
    CLAIM("every element raises its own flags", flags_of_single_elements),
    CLAIM("floats whose results are finite are worked on as floats", finite_floats_stay_floats),
    CLAIM("ordinary numbers need no scalar path", ordinary_numbers_stay_in_the_loops),
    CLAIM("bits that were cut off do not decide", lost_bits_do_not_decide),
    CLAIM("the number of threads changes nothing", threads_change_nothing),
    CLAIM("the result may be written over an operand", out_may_be_an_operand),
    CLAIM("a result that overlaps an operand in part is refused, and nothing is written", overlapping_results_are_refused),
    CLAIM("a missing operand, an unknown operation and a format too wide are refused", missing_operands_are_refused),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
