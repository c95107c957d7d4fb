/* nn-policy.c - a policy changes the operands that it names, all of them and nothing else. */
#include <math.h>
#include <string.h>

#include "src/nn/tape.h"
#include "src/ops/ops.h"
#include "tests/lib/test.h"

enum { N = 7, IN = 6, OUT = 5 };

static float x[N * IN], w[OUT * IN], dy[N * OUT];

static void fill(void)
{
    test_random r = {5};
    for (int i = 0; i < N * IN; i++)   x[i] = (float)(8 * test_random_unit(&r) - 4);
    for (int i = 0; i < OUT * IN; i++) w[i] = (float)(8 * test_random_unit(&r) - 4);
    for (int i = 0; i < N * OUT; i++)  dy[i] = (float)(8 * test_random_unit(&r) - 4);
}

static hu_quantizer quantizer(const char *text)
{
    hu_policy p = {0};
    hu_error err = {0};
    if (hu_policy_parse(&p, text, &err))
        fail_msg("%s", err.text);
    return p.operand[HU_P1];
}

/* The same quantizer on all six operands of the linear layers. */
static void set_linear(hu_policy *p, hu_quantizer q)
{
    for (int i = HU_P1; i <= HU_P6; i++)
        p->operand[i] = q;
}

/* One value by a quantizer, through src/ops. */
static float by_hand(const hu_quantizer *q, uint64_t seed, uint64_t stream, size_t i, float value)
{
    if (!q->format)
        return value;
    hu_env env = hu_env_default();
    env.rounding = q->rounding, env.overflow = q->overflow;
    return (float)hu_to_double(q->format, hu_round_with(q->format, &env, hu_num_from_float(value),
                                                       hu_random_word(seed, stream, i)));
}

typedef struct results {
    float y[N * OUT], dx[N * IN], dw[OUT * IN];
} results;

static void by_tape(results *r, const hu_policy *p, uint64_t step, unsigned layer, bool full)
{
    hu_tape_f32 t;
    hu_tape_init_f32(&t, 1);
    t.policy = p, t.step = step;
    hu_var_f32 *vx = hu_leaf_f32(&t, x, r->dx, N, IN), *vw = hu_leaf_f32(&t, w, r->dw, OUT, IN);
    hu_var_f32 *vy = hu_linear_f32(&t, vx, vw, layer, full);
    assert_non_null(vy);
    memcpy(r->y, vy->value, sizeof r->y);
    memcpy(hu_gradient_f32(vy), dy, sizeof dy);
    t.last->rule->backward(&t, t.last);
    assert_string_equal(t.error.text, "");
    hu_tape_clear_f32(&t);
}

/* The three products in double from quantized operands. */
static void compare_products(const results *r, double q[6][N * IN])
{
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {
            double y = 0;
            for (int i = 0; i < IN; i++)
                y += q[HU_P1][n * IN + i] * q[HU_P2][o * IN + i];
            assert_true(fabs(y - (double)r->y[n * OUT + o]) < 1e-4);
        }
    for (int i = 0; i < IN; i++) {
        for (int n = 0; n < N; n++) {
            double dx = 0;
            for (int o = 0; o < OUT; o++)
                dx += q[HU_P3][n * OUT + o] * q[HU_P4][o * IN + i];
            assert_true(fabs(dx - (double)r->dx[n * IN + i]) < 1e-4);
        }
        for (int o = 0; o < OUT; o++) {
            double dw = 0;
            for (int n = 0; n < N; n++)
                dw += q[HU_P5][n * OUT + o] * q[HU_P6][n * IN + i];
            assert_true(fabs(dw - (double)r->dw[o * IN + i]) < 1e-4);
        }
    }
}

/* Operands that are quantized one by one. */
static void compare(const results *r, const hu_policy *p, uint64_t step, unsigned layer)
{
    double q[6][N * IN];
    const float *of[6] = {x, w, dy, w, dy, x};
    const size_t size[6] = {N * IN, OUT * IN, N * OUT, OUT * IN, N * OUT, N * IN};
    for (int k = 0; k < 6; k++)
        for (size_t i = 0; i < size[k]; i++)
            q[k][i] = (double)by_hand(&p->operand[k], p->seed, hu_policy_stream(step, layer, (hu_operand)k), i, of[k][i]);
    compare_products(r, q);
}

/* A matrix in blocks along the index that is summed over, which is turned to be the last one. */
static void in_blocks(double *out, const float *in, size_t rows, size_t cols, bool turned, const hu_block_format *f)
{
    float line[N];
    for (size_t r = 0; r < (turned ? cols : rows); r++) {
        size_t n = turned ? rows : cols;
        hu_block_layout l = hu_block_line(n);
        hu_env env = hu_env_default();
        for (size_t i = 0; i < n; i++)
            line[i] = in[turned ? i * cols + r : r * cols + i];
        assert_int_equal(hu_block_quantize_f32(line, line, &l, f, &env, NULL), HU_OK);
        for (size_t i = 0; i < n; i++)
            out[turned ? i * cols + r : r * cols + i] = (double)line[i];
    }
}

/* The sums run over in-features, out-features and tokens. */
static void block_formats(void **state)
{
    (void)state;
    static const char *const names[] = {"mxfp4{size=4}", "mxint8{size=2}", "mxfp6e2m3{size=3,rule=up}"};
    static results r;
    double q[6][N * IN];
    fill();
    for (size_t k = 0; k < TEST_COUNT(names); k++) {
        const hu_block_format *f = hu_block_find(names[k], NULL);
        hu_policy p = {0};
        hu_error err = {0};
        assert_int_equal(hu_policy_parse(&p, names[k], &err), HU_OK);
        in_blocks(q[HU_P1], x, N, IN, false, f);
        in_blocks(q[HU_P2], w, OUT, IN, false, f);
        in_blocks(q[HU_P3], dy, N, OUT, false, f);
        in_blocks(q[HU_P4], w, OUT, IN, true, f);
        in_blocks(q[HU_P5], dy, N, OUT, true, f);
        in_blocks(q[HU_P6], x, N, IN, true, f);
        by_tape(&r, &p, 0, 0, false);
        compare_products(&r, q);
        assert_false(hu_policy_same(&p, HU_P2, HU_P4));
    }
    hu_policy square = {0};
    assert_int_equal(hu_policy_parse(&square, "nvfp4{size=16x16}", NULL), HU_OK);
    assert_true(hu_policy_same(&square, HU_P2, HU_P4));
    assert_int_equal(hu_policy_parse(&square, "nvfp4{size=16x16}:sr", NULL), HU_OK);
    assert_false(hu_policy_same(&square, HU_P2, HU_P4));
    assert_int_equal(hu_policy_parse(&square, "mxfp4{size=0}", NULL), HU_ENAME);
}

/* Square blocks are the same along both indices. */
static void square_blocks(void **state)
{
    (void)state;
    float a[N * IN], b[N * IN];
    hu_policy p = {0};
    hu_error err = {0};
    fill();
    assert_int_equal(hu_policy_parse(&p, "nvfp4{size=2x2}:rz", &err), HU_OK);
    assert_int_equal(hu_policy_quantize_matrix_f32(&p, HU_P1, 0, 0, a, x, N, IN, &err), HU_OK);
    assert_int_equal(hu_policy_quantize_matrix_f32(&p, HU_P6, 0, 0, b, x, N, IN, &err), HU_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, x, sizeof a);
}

/* Every subset of the six operands, deterministic and stochastic; differences of a coarse format are far above 1e-4. */
static void six_operands(void **state)
{
    (void)state;
    static const char *const modes[] = {"e4m2", "e4m2:rz+sat", "e4m2:sr", "e8m3:sr:8"};
    static results r;
    fill();
    for (size_t mode = 0; mode < TEST_COUNT(modes); mode++)
        for (unsigned set = 0; set < 64; set++) {
            hu_policy p = {.seed = 11};
            for (int k = 0; k < 6; k++)
                if (set >> k & 1)
                    p.operand[k] = quantizer(modes[mode]);
            by_tape(&r, &p, 9, 3, false);
            compare(&r, &p, 9, 3);
        }
}

static void mixed_operands(void **state)
{
    (void)state;
    static results r;
    hu_policy p = {.operand = {quantizer("e4m3"), quantizer("e5m2"), quantizer("e5m1:rz"), quantizer("e4m2:ru"),
                               quantizer("e5m1"), quantizer("e4m3:sr")}};
    fill();
    by_tape(&r, &p, 0, 0, false);
    compare(&r, &p, 0, 0);
}

static void full_layer(void **state)
{
    (void)state;
    static results with, without;
    hu_policy p = {0};
    set_linear(&p, quantizer("e4m2"));
    fill();
    by_tape(&with, &p, 0, 0, true);
    by_tape(&without, NULL, 0, 0, false);
    assert_memory_equal(&with, &without, sizeof with);
    by_tape(&with, &p, 0, 0, false);
    assert_memory_not_equal(&with, &without, sizeof with);
}

/* Truncation as arXiv 2405.18710 does it: u &= ~((1 << (23 - y)) - 1) on the bits of a float. */
static void mask_is_truncation(void **state)
{
    (void)state;
    static const struct { const char *name; int man_bits; } formats[] = {
        {"e8m7:rz+sat", 7}, {"e8m5:rz+sat", 5}, {"e8m4:rz+sat", 4}, {"e8m3:rz+sat", 3}, {"e8m1:rz+sat", 1},
    };
    test_random r = {23};
    size_t cases = 0;
    for (size_t k = 0; k < TEST_COUNT(formats); k++) {
        hu_policy p = {0};
        set_linear(&p, quantizer(formats[k].name));
        uint32_t mask = ~((UINT32_C(1) << (23 - formats[k].man_bits)) - 1);
        for (int round = 0; round < 20000; round++) {
            float in[8], out[8];
            uint32_t bits[8], got[8];
            for (int i = 0; i < 8; i++) {
                bits[i] = (uint32_t)test_random_bits(&r);
                if ((bits[i] & 0x7f800000) == 0x7f800000)    /* infinities and NaN: below */
                    bits[i] &= 0xff7fffff;
            }
            memcpy(in, bits, sizeof in);
            assert_int_equal(hu_policy_quantize_f32(&p, HU_P1, 0, 0, 0, out, in, 8, NULL), HU_OK);
            memcpy(got, out, sizeof got);
            for (int i = 0; i < 8; i++, cases++)
                if (got[i] != (bits[i] & mask))
                    fail_msg("%s: 0x%08x: got 0x%08x, the mask gives 0x%08x", formats[k].name, bits[i], got[i], bits[i] & mask);
        }
        float special[3] = {INFINITY, -INFINITY, NAN};
        assert_int_equal(hu_policy_quantize_f32(&p, HU_P1, 0, 0, 0, special, special, 3, NULL), HU_OK);
        float most = (float)hu_to_double(p.operand[0].format, p.operand[0].format->max_code);
        assert_true(special[0] == most && special[1] == -most && isnan(special[2]));
    }
    test_note("%zu floats", cases);
}

/* E7M7, E5M7: magnitudes above the largest are clipped to it. */
static void clipping(void **state)
{
    (void)state;
    static const struct { const char *name; float most; } formats[] = {
        {"e7m7:rz+sat", 0x1.fep63f}, {"e5m7:rz+sat", 0x1.fep15f}, {"e4m3:rz+sat", 240},
    };
    for (size_t k = 0; k < TEST_COUNT(formats); k++) {
        hu_policy p = {0};
        set_linear(&p, quantizer(formats[k].name));
        float v[4] = {formats[k].most * 1.001f, -formats[k].most * 4, INFINITY, formats[k].most};
        assert_int_equal(hu_policy_quantize_f32(&p, HU_P2, 0, 0, 0, v, v, 4, NULL), HU_OK);
        assert_true(v[0] == formats[k].most && v[1] == -formats[k].most && v[2] == formats[k].most && v[3] == formats[k].most);
    }
}

/* An accumulator of few bits: the product is that of hu_gemm_f32. */
static void accumulators(void **state)
{
    (void)state;
    static results r, plain;
    hu_error err = {0};
    hu_policy p = {0};
    p.accumulator[HU_GEMM_FORWARD].sum = hu_format_find("e8m4", &err);
    fill();
    by_tape(&r, &p, 0, 0, false);
    by_tape(&plain, NULL, 0, 0, false);
    float want[N * OUT];
    hu_env env = hu_env_default();
    hu_gemm_shape s = {.m = N, .n = OUT, .k = IN, .lda = IN, .ldb = IN, .ldc = OUT, .b_transposed = true};
    assert_int_equal(hu_gemm_f32(want, x, w, s, &p.accumulator[0], &env, &err), HU_OK);
    assert_memory_equal(r.y, want, sizeof want);
    assert_memory_not_equal(r.y, plain.y, sizeof want);
    assert_memory_equal(r.dx, plain.dx, sizeof r.dx);
    assert_memory_equal(r.dw, plain.dw, sizeof r.dw);
}

/* Attention's operands: coarse ones change the result, and the gradient stays finite and near. */
static void attention_operands(void **state)
{
    (void)state;
    float qkv[8 * 12], gradient[8 * 12], values[2][8 * 4], grads[2][8 * 12];
    test_random r = {8};
    for (int i = 0; i < 96; i++)
        qkv[i] = (float)(2 * test_random_unit(&r) - 1);
    for (int with = 0; with < 2; with++) {
        hu_policy p = {0};
        for (int k = HU_P_QKV; with && k <= HU_P_DSCORES; k++)
            p.operand[k] = quantizer("e5m6");
        hu_tape_f32 t;
        hu_tape_init_f32(&t, 1);
        t.policy = &p;
        hu_var_f32 *y = hu_attention_f32(&t, hu_leaf_f32(&t, qkv, gradient, 8, 12), 2, 4, 0);
        memcpy(values[with], y->value, sizeof values[with]);
        (void)hu_gradient_f32(y);
        for (int i = 0; i < 32; i++)
            y->grad[i] = 1.0f / (float)(i + 3);
        t.last->rule->backward(&t, t.last);
        memcpy(grads[with], gradient, sizeof gradient);
        hu_tape_clear_f32(&t);
    }
    double error = 0, norm = 0;
    for (int i = 0; i < 96; i++) {
        error += pow((double)grads[0][i] - (double)grads[1][i], 2);
        norm += pow((double)grads[0][i], 2);
    }
    assert_memory_not_equal(values[0], values[1], sizeof values[0]);
    assert_true(error > 0 && sqrt(error / norm) < 0.03);
}

static void bad_policies(void **state)
{
    (void)state;
    hu_policy p = {0};
    hu_error err = {0};
    assert_int_equal(hu_policy_parse(&p, "e9m3", &err), HU_ERANGE);
    assert_int_equal(hu_policy_parse(&p, "e8m24", &err), HU_ERANGE);
    assert_int_equal(hu_policy_parse(&p, "nothing", &err), HU_ENAME);
    assert_int_not_equal(hu_policy_parse(&p, "e8m3:sideways", &err), HU_OK);
    for (int k = 0; k < HU_P_COUNT; k++)
        assert_null(p.operand[k].format);
    assert_int_equal(hu_policy_parse(&p, "fp32", &err), HU_OK);
    assert_false(hu_policy_has(&p, HU_P1));      /* nothing to do */
}

static const struct CMUnitTest claims[] = {
    CLAIM("exactly the six operands named are quantized, alone and together", six_operands),
    CLAIM("six different quantizers each meet their own operand", mixed_operands),
    CLAIM("a layer outside the policy computes as if there were none", full_layer),
    CLAIM("truncation with saturation is the bit mask; infinities clip, NaN stays", mask_is_truncation),
    CLAIM("a narrow exponent clips to the largest value", clipping),
    CLAIM("an accumulator is that of the array kernels, and only where named", accumulators),
    CLAIM("attention's operands are quantized where the policy says so", attention_operands),
    CLAIM("formats that a float cannot hold and unknown names are refused", bad_policies),
    CLAIM("block formats lie along the index that each product sums over", block_formats),
    CLAIM("square blocks are the same for a product and its transpose", square_blocks),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
