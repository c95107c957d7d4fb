/* nn-gradients.c - every operation's backward pass agrees with differences of its forward pass, its tangents with those
 * of its backward pass. A new operation is one line of OPERATIONS.
 *
 * In double: the derivatives of F = sum of r_i y_i + s_i y_i^2 / 2 (r, s fixed and random) by every element of every
 * input, against the seven-point difference; the product of F's Hessian with a direction, against that of the gradient
 * along it; both to a relative 1e-7. In float: against double.
 */
#include <math.h>
#include <string.h>

#include "src/nn/fast-exp.h"
#include "src/nn/tape.h"
#include "tests/lib/test.h"

enum { MOST = 4096, INPUTS = 3 };

static const int32_t ids[8] = {3, 0, 4, 3, 1, 2, 2, 3};

static const int32_t halves[8] = {1, 0, 0, 1, 1, 0, 1, 0};
static const float seen[6] = {.1f, -.2f, 1, .5f, 2, .7f};
static const float wanted[48] = {1, 2, -3, .5f};
static const hu_window windows[] = {       /* of two images of 4 by 5 pixels */
    {.height = 4, .width = 5, .kernel = 3, .stride = 2, .padding = 1, .out_height = 2, .out_width = 3},
    {.height = 4, .width = 5, .kernel = 2, .stride = 2, .padding = 0, .out_height = 2, .out_width = 2},
};

/* A mixture of five experts, of which expert e multiplies by 1, 2, ... : gates from x, then three of the experts and x w. */
#define EXPERTS(suffix)                                                                                                 \
    static hu_var_##suffix *hu_experts_##suffix(hu_tape_##suffix *t, hu_var_##suffix *x, hu_var_##suffix *w)            \
    {                                                                                                                  \
        hu_var_##suffix *gates = hu_topk_##suffix(t, x, 2), *sum = hu_scale_##suffix(t, x, 0.5);                       \
        for (size_t e = 0; e < 3; e++) {                                                                               \
            hu_var_##suffix *y = hu_dispatch_##suffix(t, x, gates, e);                                                 \
            sum = hu_combine_##suffix(t, sum, hu_scale_##suffix(t, y, 1.0 + (double)e), gates, e);                     \
        }                                                                                                              \
        return hu_linear_##suffix(t, sum, w, 0, true);                                                                 \
    }                                                                                                                  \
    static hu_var_##suffix *hu_balanced_##suffix(hu_tape_##suffix *t, hu_var_##suffix *x)                               \
    {                                                                                                                  \
        return hu_balance_##suffix(t, x, hu_topk_##suffix(t, x, 2), 0.3);                                              \
    }
EXPERTS(f64)
EXPERTS(f32)

/* One operation: shapes of its inputs (rows 0: not there), and how to apply it. */
typedef struct operation {
    const char *name;
    size_t      shape[INPUTS][2];
    hu_var_f64 *(*apply_f64)(hu_tape_f64 *, hu_var_f64 **);
    hu_var_f32 *(*apply_f32)(hu_tape_f32 *, hu_var_f32 **);
} operation;

#define OPERATIONS(X)                                                                  \
    X(linear,        8, 6,  5, 6,  0, 0,  linear, in[0], in[1], 0, false)              \
    X(bias,          8, 6,  1, 6,  0, 0,  bias, in[0], in[1])                          \
    X(plus,          8, 6,  8, 6,  0, 0,  plus, in[0], in[1])                          \
    X(twice,         8, 6,  0, 0,  0, 0,  plus, in[0], in[0])                          \
    X(rmsnorm,       8, 37, 1, 37, 0, 0,  rmsnorm, in[0], in[1])                       \
    X(layernorm,     8, 37, 1, 37, 1, 37, layernorm, in[0], in[1], in[2])              \
    X(gelu,          8, 6,  0, 0,  0, 0,  gelu, in[0])                                 \
    X(swiglu,        8, 6,  0, 0,  0, 0,  swiglu, in[0])                               \
    X(embedding,     5, 6,  0, 0,  0, 0,  embedding, in[0], ids, 8)                    \
    X(two_heads,     8, 24, 0, 0,  0, 0,  attention, in[0], 2, 4, 0)                   \
    X(one_head,      6, 12, 0, 0,  0, 0,  attention, in[0], 1, 3, 0)                   \
    X(two_strips,   70, 6,  0, 0,  0, 0,  attention, in[0], 1, 70, 0)                  \
    X(no_rotation,   6, 18, 0, 0,  0, 0,  attend, in[0], 2, 3, 0, HU_CAUSAL)           \
    X(not_causal,    6, 12, 0, 0,  0, 0,  attend, in[0], 1, 3, 0, HU_ROTARY)           \
    X(all_strips,   70, 9,  0, 0,  0, 0,  attend, in[0], 1, 70, 0, 0)                  \
    X(roots,         8, 24, 0, 0,  0, 0,  attend, in[0], 2, 4, 0, HU_CAUSAL | HU_ROTARY | HU_ROOT) \
    X(root_strips,  70, 9,  0, 0,  0, 0,  attend, in[0], 1, 70, 0, HU_ROOT)            \
    X(relu,          8, 6,  0, 0,  0, 0,  point, in[0], HU_RELU)                       \
    X(silu,          8, 40, 0, 0,  0, 0,  point, in[0], HU_SILU)                       \
    X(tanh,          8, 6,  0, 0,  0, 0,  point, in[0], HU_TANH)                       \
    X(sigmoid,       8, 6,  0, 0,  0, 0,  point, in[0], HU_SIGMOID)                    \
    X(times,         8, 6,  8, 6,  0, 0,  times, in[0], in[1])                         \
    X(square,        8, 6,  0, 0,  0, 0,  times, in[0], in[0])                         \
    X(gain,          8, 6,  1, 6,  0, 0,  gain, in[0], in[1])                          \
    X(scale,         8, 6,  0, 0,  0, 0,  scale, in[0], -1.5)                          \
    X(unit,          8, 6,  0, 0,  0, 0,  unit, in[0], -1.5, -1.5)                     \
    X(unit_of_one,   8, 6,  0, 0,  0, 0,  unit, in[0], 1, 1)                           \
    X(columns,       8, 6,  0, 0,  0, 0,  columns, in[0], 1, 3)                        \
    X(reshape,       8, 6,  0, 0,  0, 0,  reshape, in[0], 4, 12)                       \
    X(positions,     8, 6,  5, 6,  0, 0,  positions, in[0], in[1], 4)                  \
    X(sinusoid,      8, 1,  0, 0,  0, 0,  sinusoid, in[0], 6, 100)                     \
    X(unfold,       40, 2,  0, 0,  0, 0,  unfold, in[0], &windows[0])                  \
    X(maxpool,      40, 1,  0, 0,  0, 0,  maxpool, in[0], &windows[0])                 \
    X(meanpool,     40, 2,  0, 0,  0, 0,  meanpool, in[0], &windows[0])                \
    X(tiles,        40, 2,  0, 0,  0, 0,  meanpool, in[0], &windows[1])                \
    X(mean_rows,    12, 5,  0, 0,  0, 0,  mean_rows, in[0], 4)                         \
    X(batchnorm,     9, 6,  1, 6,  1, 6,  batchnorm, in[0], in[1], in[2], NULL, NULL)  \
    X(evaluation,    9, 3,  1, 3,  1, 3,  batchnorm, in[0], in[1], in[2], seen, NULL)  \
    X(topk,          8, 5,  0, 0,  0, 0,  topk, in[0], 2)                              \
    X(topk_all,      8, 5,  0, 0,  0, 0,  topk, in[0], 5)                              \
    X(dispatch,      8, 5,  0, 0,  0, 0,  dispatch, in[0], in[0], 2)                   \
    X(experts,       8, 5,  4, 5,  0, 0,  experts, in[0], in[1])                       \
    X(balance,       7, 5,  0, 0,  0, 0,  balanced, in[0])                             \
    X(scan,          8, 3,  8, 7,  3, 2,  scan, in[0], in[1], in[2], 4)                \
    X(causal_conv,  10, 3,  3, 4,  1, 3,  causal_conv, in[0], in[1], in[2], 5)         \
    X(mean_square,   8, 6,  0, 0,  0, 0,  mean_square, in[0], wanted)                  \
    X(logistic,      8, 1,  0, 0,  0, 0,  logistic, in[0], halves)                       \
    X(cross_entropy, 8, 21, 0, 0,  0, 0,  cross_entropy, in[0], ids)

#define X(name, a, b, c, d, e, f, function, ...)                                                      \
    static hu_var_f64 *name##_f64(hu_tape_f64 *t, hu_var_f64 **in)                                    \
    {                                                                                                 \
        return hu_##function##_f64(t, __VA_ARGS__);                                                   \
    }                                                                                                 \
    static hu_var_f32 *name##_f32(hu_tape_f32 *t, hu_var_f32 **in)                                    \
    {                                                                                                 \
        return hu_##function##_f32(t, __VA_ARGS__);                                                   \
    }
OPERATIONS(X)
#undef X

static const operation operations[] = {
#define X(name, a, b, c, d, e, f, ...) {#name, {{a, b}, {c, d}, {e, f}}, name##_f64, name##_f32},
    OPERATIONS(X)
#undef X
};

static size_t size_of(const operation *op, int k)
{
    return op->shape[k][0] * op->shape[k][1];
}

static double weight(size_t i)
{
    test_random r = {i + 99};
    return 2 * test_random_unit(&r) - 1;
}

static double bend(size_t i)
{
    return weight(i + 100000);
}

/* F of the values of y, and into dy, where not NULL, its gradient. */
static double objective(const double *y, size_t n, double *dy)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += weight(i) * y[i] + bend(i) * y[i] * y[i] / 2;
        if (dy)
            dy[i] = weight(i) + bend(i) * y[i];
    }
    return sum;
}

#define PASS(REAL, suffix)                                                                                            \
    /* F at x; with g not NULL its gradient, with u and h not NULL the product h of its Hessian with u. */             \
    static double value_##suffix(const operation *op, REAL x[INPUTS][MOST], REAL g[INPUTS][MOST], REAL u[INPUTS][MOST], \
                                 REAL h[INPUTS][MOST], int times)                                                       \
    {                                                                                                                  \
        static double values[MOST], slopes[MOST];                                                                      \
        hu_tape_##suffix t;                                                                                            \
        hu_var_##suffix *in[INPUTS] = {NULL};                                                                          \
        hu_error err = {0};                                                                                            \
        hu_tape_init_##suffix(&t, 1);                                                                                  \
        t.tangents = u != NULL;                                                                                        \
        for (int k = 0; k < INPUTS; k++)                                                                               \
            if (size_of(op, k))                                                                                        \
                in[k] = hu_leaf_##suffix(&t, x[k], g ? g[k] : NULL, op->shape[k][0], op->shape[k][1]);                 \
        hu_var_##suffix *y = op->apply_##suffix(&t, in);                                                               \
        assert_string_equal(t.error.text, "");                                                                         \
        size_t n = y->rows * y->cols;                                                                                  \
        for (size_t i = 0; i < n; i++)                                                                                 \
            values[i] = y->value[i];                                                                                   \
        double result = objective(values, n, slopes);                                                                  \
        for (size_t i = 0; g && i < n; i++)                                                                            \
            hu_gradient_##suffix(y)[i] = (REAL)slopes[i];                                                              \
        for (hu_node_##suffix *node = g ? t.last : NULL; node; node = node->before)                                    \
            if (node->out->has_grad)                                                                                   \
                node->rule->backward(&t, node);                                                                        \
        for (int again = 0; u && again < times; again++) {                                                             \
            for (int k = 0; k < INPUTS; k++)                                                                           \
                if (in[k])                                                                                             \
                    hu_leaf_tangent_##suffix(in[k], u[k], h[k]);                                                       \
            assert_int_equal(hu_push_##suffix(&t, &err), HU_OK);                                                       \
            REAL *dy = hu_gradient_tangent_##suffix(&t, y);                                                            \
            for (size_t i = 0; i < n; i++)                                                                             \
                dy[i] = (REAL)bend(i) * y->tangent[i];                                                                 \
            assert_int_equal(hu_pull_##suffix(&t, &err), HU_OK);                                                       \
            for (int k = 0; k < INPUTS; k++)                                                                           \
                if (in[k])                                                                                             \
                    (void)hu_gradient_tangent_##suffix(&t, in[k]);                                                     \
        }                                                                                                              \
        hu_tape_clear_##suffix(&t);                                                                                    \
        return result;                                                                                                 \
    }
PASS(double, f64)
PASS(float, f32)

typedef double vectors[INPUTS][MOST];

static double at(const operation *op, vectors x, vectors g)
{
    return value_f64(op, x, g, NULL, NULL, 0);
}

/* Between -2 and 2, and so far from 0 that no difference looks across it, where relu has a corner. */
static void fill(const operation *op, double x[INPUTS][MOST], uint64_t seed)
{
    test_random r = {seed};
    for (int k = 0; k < INPUTS; k++)
        for (size_t i = 0; i < size_of(op, k); i++) {
            double at = 4 * test_random_unit(&r) - 2;
            x[k][i] = (double)(float)(fabs(at) < 0.05 ? at + copysign(0.05, at) : at);
        }
}

/* Seven points: the error is of order h^6. */
static const double stencil[7] = {-1, 9, -45, 0, 45, -9, 1};
static const double h_difference = 4e-3;

static double difference(const operation *op, vectors x, int k, size_t i)
{
    const double from = x[k][i];
    double sum = 0;
    for (int j = 0; j < 7; j++) {
        x[k][i] = from + h_difference * (j - 3);
        sum += j == 3 ? 0 : stencil[j] * at(op, x, NULL);
    }
    x[k][i] = from;
    return sum / (60 * h_difference);
}

static double largest(const operation *op, vectors x)
{
    double most = 0;
    for (int k = 0; k < INPUTS; k++)
        for (size_t i = 0; i < size_of(op, k); i++)
            most = fmax(most, fabs(x[k][i]));
    return most;
}

static void in_double(void **state)
{
    (void)state;
    static vectors x, g;
    for (size_t o = 0; o < TEST_COUNT(operations); o++) {
        const operation *op = &operations[o];
        double worst = 0;
        fill(op, x, 17);
        at(op, x, g);
        double scale = largest(op, g);
        for (int k = 0; k < INPUTS; k++)
            for (size_t i = 0; i < size_of(op, k); i++) {
                double want = difference(op, x, k, i);
                double error = fabs(g[k][i] - want) / fmax(fabs(want), 1e-2 * scale);
                worst = fmax(worst, error);
                if (!(error < 1e-7))
                    fail_msg("%s: input %d element %zu: backward %.12g, difference %.12g", op->name, k, i, g[k][i], want);
            }
        test_note("%s: largest relative difference %.1e", op->name, worst);
    }
}

/* The derivative of the gradient along u. */
static void moved_gradient(const operation *op, vectors x, vectors u, vectors want)
{
    static vectors near, g;
    memset(want, 0, sizeof(vectors));
    for (int j = 0; j < 7; j++) {
        for (int k = 0; k < INPUTS; k++)
            for (size_t i = 0; i < size_of(op, k); i++)
                near[k][i] = x[k][i] + h_difference * (j - 3) * u[k][i];
        if (j != 3)
            at(op, near, g);
        for (int k = 0; k < INPUTS; k++)
            for (size_t i = 0; i < size_of(op, k); i++)
                want[k][i] += stencil[j] * g[k][i] / (60 * h_difference);
    }
}

static void tangents_in_double(void **state)
{
    (void)state;
    static vectors x, g, u, got, want;
    for (size_t o = 0; o < TEST_COUNT(operations); o++) {
        const operation *op = &operations[o];
        double worst = 0;
        fill(op, x, 17);
        fill(op, u, 18);
        moved_gradient(op, x, u, want);
        value_f64(op, x, g, u, got, 2);
        double scale = largest(op, want);
        for (int k = 0; k < INPUTS; k++)
            for (size_t i = 0; i < size_of(op, k); i++) {
                double error = fabs(got[k][i] - want[k][i]) / fmax(fabs(want[k][i]), 1e-2 * scale);
                worst = fmax(worst, error);
                if (!(error < 1e-7))
                    fail_msg("%s: input %d element %zu: tangents %.12g, difference %.12g", op->name, k, i, got[k][i],
                             want[k][i]);
            }
        test_note("%s: largest relative difference %.1e", op->name, worst);
    }
}

/* Of the difference from want, relative to it, by input; `like` names what is compared. */
static void close_to(const operation *op, float got[INPUTS][MOST], vectors want, const char *like)
{
    for (int k = 0; k < INPUTS; k++) {
        double norm = 0, error = 0;
        for (size_t i = 0; i < size_of(op, k); i++) {
            norm += want[k][i] * want[k][i];
            error += ((double)got[k][i] - want[k][i]) * ((double)got[k][i] - want[k][i]);
        }
        if (!(sqrt(error) <= 3e-6 * sqrt(norm)))
            fail_msg("%s: input %d: the float %s is off by %.2e of its norm", op->name, k, like, sqrt(error / norm));
    }
}

static void in_float(void **state)
{
    (void)state;
    static vectors x, g, u, h;
    static float xs[INPUTS][MOST], gs[INPUTS][MOST], us[INPUTS][MOST], hs[INPUTS][MOST];
    for (size_t o = 0; o < TEST_COUNT(operations); o++) {
        const operation *op = &operations[o];
        fill(op, x, 17);
        fill(op, u, 18);
        for (int k = 0; k < INPUTS; k++)
            for (size_t i = 0; i < size_of(op, k); i++)
                xs[k][i] = (float)x[k][i], us[k][i] = (float)u[k][i];
        value_f64(op, x, g, u, h, 1);
        value_f32(op, xs, gs, us, hs, 1);
        close_to(op, gs, g, "gradient");
        close_to(op, hs, h, "product");
    }
}

/* Every 997th float between -88 and 88, and the ends. */
static void exponential(void **state)
{
    (void)state;
    double worst = 0;
    for (uint32_t bits = 0; bits < 0x42b00000u; bits += 997)
        for (uint32_t sign = 0; sign < 2; sign++) {
            uint32_t pattern = bits | sign << 31;
            float x;
            memcpy(&x, &pattern, sizeof x);
            float y;
            hu_exp_f32(&y, &x, 1, 1, 0);
            if (x >= -87)
                worst = fmax(worst, fabs((double)y / exp((double)x) - 1));
            else
                assert_true(y == 0);
        }
    test_note("largest relative error: %.2e", worst);
    assert_true(worst < 0x1p-23);
    float in[6] = {0, NAN, INFINITY, 88, -INFINITY, -87}, out[6], one;
    hu_exp_f32(out, in, 6, 1, 0);
    assert_true(out[0] == 1 && isnan(out[1]) && out[2] == out[3] && out[4] == 0 && out[5] > 0);
    test_random r = {4};
    for (int i = 0; i < 1000; i++) {          /* the vector loop and its rest give the same bits */
        float many[37], exps[37];
        for (int k = 0; k < 37; k++)
            many[k] = (float)(40 * test_random_unit(&r) - 20);
        hu_exp_f32(exps, many, 37, -2, 0.5f);
        int k = (int)test_random_below(&r, 37);
        hu_exp_f32(&one, &many[k], 1, -2, 0.5f);
        assert_true(one == exps[k]);
    }
}

/* A softmax that has nearly decided: the gradients of queries and keys go down to subnormal numbers. Both products of the linear layer before
 * it against sums in double of what was multiplied: one rounding at 2^-149 besides those of k sums. Counts: passes where such gradients were
 * told, sums that are subnormal. */
static void small_gradients_of(test_random *r, int threads, int counts[2])
{
    enum { T = 4, C = 8 };
    float x[T * C], w[3 * C * C], dx[T * C], dw[3 * C * C];
    int32_t targets[T];
    for (int i = 0; i < T * C; i++)
        x[i] = (float)(2 * test_random_unit(r) - 1);
    for (int i = 0; i < 3 * C * C; i++)
        w[i] = (float)(16 * (2 * test_random_unit(r) - 1));
    for (int i = 0; i < T; i++)
        targets[i] = (int32_t)test_random_below(r, C);
    hu_tape_f32 t;
    hu_error err;
    hu_tape_init_f32(&t, threads);
    t.tangents = true;                        /* gradients stay */
    hu_var_f32 *qkv = hu_linear_f32(&t, hu_leaf_f32(&t, x, dx, T, C), hu_leaf_f32(&t, w, dw, 3 * C, C), 0, true);
    hu_var_f32 *loss = hu_cross_entropy_f32(&t, hu_attention_f32(&t, qkv, 1, T, 0), targets);
    assert_int_equal(hu_backward_f32(&t, loss, &err), HU_OK);
    counts[0] += qkv->has_subnormals;
    for (int i = 0; i < T * C + 3 * C * C; i++) {
        bool of_x = i < T * C;
        int row = (of_x ? i : i - T * C) / C, col = i % C, k = of_x ? 3 * C : T;
        double sum = 0, size = 0, got = of_x ? (double)dx[i] : (double)dw[i - T * C];
        for (int n = 0; n < k; n++) {
            double term = of_x ? (double)qkv->grad[row * 3 * C + n] * (double)w[n * C + col]
                               : (double)qkv->grad[n * 3 * C + row] * (double)x[n * C + col];
            sum += term, size += fabs(term);
        }
        counts[1] += sum != 0 && fabs(sum) < 0x1p-126;
        if (!(fabs(got - sum) <= 0x1p-150 + k * 0x1p-23 * size))
            fail_msg("%s %d: got %a, want %a", of_x ? "dx" : "dw", i, got, sum);
    }
    hu_tape_clear_f32(&t);
}

static void small_gradients(void **state)
{
    (void)state;
    test_random r = {7};
    int counts[2] = {0};
    for (int i = 0; i < 200; i++)
        small_gradients_of(&r, 1 + i % 2, counts);
    test_note("%d passes of 200 with subnormal gradients, %d subnormal sums", counts[0], counts[1]);
    assert_true(counts[0] > 0 && counts[1] > 0);
}

static void shapes_are_checked(void **state)
{
    (void)state;
    double a[12] = {0}, b[12] = {0};
    hu_tape_f64 t;
    hu_tape_init_f64(&t, 1);
    hu_var_f64 *x = hu_leaf_f64(&t, a, NULL, 3, 4), *w = hu_leaf_f64(&t, b, NULL, 4, 3);
    assert_null(hu_linear_f64(&t, x, w, 0, false));
    assert_int_equal(t.error.status, HU_ESHAPE);
    assert_null(hu_gelu_f64(&t, x));              /* errors stick */
    hu_tape_reset_f64(&t);
    assert_null(hu_attention_f64(&t, hu_leaf_f64(&t, a, NULL, 3, 4), 1, 3, 0));
    assert_int_equal(t.error.status, HU_ESHAPE);
    hu_tape_reset_f64(&t);
    assert_null(hu_embedding_f64(&t, hu_leaf_f64(&t, a, NULL, 3, 4), ids, 8));
    assert_int_equal(t.error.status, HU_ERANGE);
    hu_tape_clear_f64(&t);
}

static const struct CMUnitTest claims[] = {
    CLAIM("in double every gradient agrees with differences to 1e-7", in_double),
    CLAIM("in double every Hessian-vector product agrees with differences of gradients to 1e-7", tangents_in_double),
    CLAIM("in float every gradient and product is that of double to float precision", in_float),
    CLAIM("the float exponential is right to one unit in the last place", exponential),
    CLAIM("products with subnormal gradients are right to one rounding at 2^-149", small_gradients),
    CLAIM("shapes that do not fit are refused, and the error sticks", shapes_are_checked),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
