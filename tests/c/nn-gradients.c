/* nn-gradients.c - every operation's backward pass agrees with differences of its forward pass.
 *
 * In double: the derivative of F = sum of r_ij y_ij (r fixed and random) by every element of every input, against the
 * five-point difference, to a relative 1e-6. In float: against the double gradient.
 */
#include <math.h>
#include <string.h>

#include "src/nn/fast-exp.h"
#include "src/nn/tape.h"
#include "tests/lib/test.h"

enum { MOST = 4096, INPUTS = 3 };

static const int32_t ids[8] = {3, 0, 4, 3, 1, 2, 2, 3};

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

/* F at x; with g not NULL its gradient too. */
static double value_f64(const operation *op, double x[INPUTS][MOST], double g[INPUTS][MOST])
{
    hu_tape_f64 t;
    hu_var_f64 *in[INPUTS] = {NULL};
    hu_tape_init_f64(&t, 1);
    for (int k = 0; k < INPUTS; k++)
        if (size_of(op, k))
            in[k] = hu_leaf_f64(&t, x[k], g ? g[k] : NULL, op->shape[k][0], op->shape[k][1]);
    hu_var_f64 *y = op->apply_f64(&t, in);
    assert_string_equal(t.error.text, "");
    double sum = 0;
    for (size_t i = 0; i < y->rows * y->cols; i++)
        sum += weight(i) * y->value[i];
    if (g) {
        double *dy = hu_gradient_f64(y);
        for (size_t i = 0; i < y->rows * y->cols; i++)
            dy[i] = weight(i);
        for (hu_node_f64 *node = t.last; node; node = node->before)
            node->backward(&t, node);
    }
    hu_tape_clear_f64(&t);
    return sum;
}

static void gradient_f32(const operation *op, double x[INPUTS][MOST], float g[INPUTS][MOST])
{
    static float values[INPUTS][MOST];
    hu_tape_f32 t;
    hu_var_f32 *in[INPUTS] = {NULL};
    hu_tape_init_f32(&t, 1);
    for (int k = 0; k < INPUTS; k++)
        for (size_t i = 0; i < size_of(op, k); i++)
            values[k][i] = (float)x[k][i];
    for (int k = 0; k < INPUTS; k++)
        if (size_of(op, k))
            in[k] = hu_leaf_f32(&t, values[k], g[k], op->shape[k][0], op->shape[k][1]);
    hu_var_f32 *y = op->apply_f32(&t, in);
    float *dy = hu_gradient_f32(y);
    for (size_t i = 0; i < y->rows * y->cols; i++)
        dy[i] = (float)weight(i);
    for (hu_node_f32 *node = t.last; node; node = node->before)
        node->backward(&t, node);
    hu_tape_clear_f32(&t);
}

static void fill(const operation *op, double x[INPUTS][MOST])
{
    test_random r = {17};
    for (int k = 0; k < INPUTS; k++)
        for (size_t i = 0; i < size_of(op, k); i++)
            x[k][i] = (double)(float)(4 * test_random_unit(&r) - 2);
}

/* Five points: the error is of order h^4. */
static double difference(const operation *op, double x[INPUTS][MOST], int k, size_t i)
{
    const double h = 1e-3, at = x[k][i];
    double f[4];
    for (int j = 0; j < 4; j++) {
        x[k][i] = at + h * (j < 2 ? j - 2 : j - 1);
        f[j] = value_f64(op, x, NULL);
    }
    x[k][i] = at;
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

static void in_double(void **state)
{
    (void)state;
    static double x[INPUTS][MOST], g[INPUTS][MOST];
    for (size_t o = 0; o < TEST_COUNT(operations); o++) {
        const operation *op = &operations[o];
        double worst = 0;
        fill(op, x);
        value_f64(op, x, g);
        for (int k = 0; k < INPUTS; k++)
            for (size_t i = 0; i < size_of(op, k); i++) {
                double want = difference(op, x, k, i);
                double error = fabs(g[k][i] - want) / fmax(fabs(want), 1e-3);
                worst = fmax(worst, error);
                if (!(error < 1e-6))
                    fail_msg("%s: input %d element %zu: backward %.12g, difference %.12g", op->name, k, i, g[k][i], want);
            }
        test_note("%s: largest relative difference %.1e", op->name, worst);
    }
}

static void in_float(void **state)
{
    (void)state;
    static double x[INPUTS][MOST], g[INPUTS][MOST];
    static float got[INPUTS][MOST];
    for (size_t o = 0; o < TEST_COUNT(operations); o++) {
        const operation *op = &operations[o];
        fill(op, x);
        value_f64(op, x, g);
        gradient_f32(op, x, got);
        for (int k = 0; k < INPUTS; k++) {
            double norm = 0, error = 0;
            for (size_t i = 0; i < size_of(op, k); i++) {
                norm += g[k][i] * g[k][i];
                error += ((double)got[k][i] - g[k][i]) * ((double)got[k][i] - g[k][i]);
            }
            if (!(sqrt(error) <= 2e-6 * sqrt(norm)))
                fail_msg("%s: input %d: the float gradient is off by %.2e of its norm", op->name, k, sqrt(error / norm));
        }
    }
}

/* Every 997th float between -87 and 88, and the ends. */
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
        }
    test_note("largest relative error: %.2e", worst);
    assert_true(worst < 0x1p-23);
    float in[6] = {0, NAN, INFINITY, 88, -INFINITY, -87}, out[6], one;
    hu_exp_f32(out, in, 6, 1, 0);
    assert_true(out[0] == 1 && isnan(out[1]) && out[2] == out[3] && out[4] == out[5]);
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
    CLAIM("in double every gradient agrees with differences to 1e-6", in_double),
    CLAIM("in float every gradient is that of double to float precision", in_float),
    CLAIM("the float exponential is right to one unit in the last place", exponential),
    CLAIM("shapes that do not fit are refused, and the error sticks", shapes_are_checked),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
