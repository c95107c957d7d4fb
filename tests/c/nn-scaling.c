/* nn-scaling.c - operands with scales, rules for layers, histories and counts of a policy. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/nn/train.h"
#include "src/nn/units.h"
#include "tests/lib/test.h"

enum { ROWS = 12, COLS = 40, N = ROWS * COLS };

/* Numbers of all sizes that a tensor of a training step may hold, with zeros, infinities and NaN, and exact ties of the scale. */
static void draw(float *x, size_t n, int kind, test_random *r)
{
    for (size_t i = 0; i < n; i++) {
        double u = 2 * test_random_unit(r) - 1;
        x[i] = (float)(kind == 0 ? u : kind == 1 ? ldexp(u, (int)(test_random_bits(r) % 60) - 40) : kind == 2 ? rint(u * 512) * 49 / 32 : u * 0x1p-130);
        if (kind == 3 && i % 50 == 7)
            x[i] = i % 100 == 7 ? INFINITY : NAN;
        if (i % 31 == 5)
            x[i] = i % 2 ? 0.0f : -0.0f;
    }
}

/* The quick way gives the bits of hu_scaled_apply, over which the quotient is exact. */
static void quick_is_exact(void **state)
{
    (void)state;
    static const char *const formats[] = {"e4m3fn", "e5m2", "int8", "e2m1fn", "fp16", "bf16", "nf4", "e8m23"};
    static const char *const modes[] = {"rne", "rna", "rz", "ru", "ro", "rnz"};
    static float x[N], quick[N], slow[N];
    test_random r = {77};
    size_t cases = 0;
    for (size_t f = 0; f < TEST_COUNT(formats); f++)
        for (size_t m = 0; m < TEST_COUNT(modes); m++)
            for (int pow2 = 0; pow2 < 4; pow2++)
                for (int per = 0; per < 3; per++)
                    for (int kind = 0; kind < 4; kind++) {
                        hu_scaled q;
                        hu_scaled_init(&q, hu_format_find(formats[f], NULL));
                        q.element.rounding = hu_rounding_find(modes[m], NULL);
                        q.pow2 = (hu_pow2)pow2;
                        q.per = (hu_granularity){.per = per == 0 ? HU_PER_TENSOR : per == 1 ? HU_PER_ROW : HU_PER_GROUP, .axis = -1, .group = 8};
                        draw(x, N, kind, &r);
                        if (kind == 2)                    /* the first scale is 49 times a power of two: many exact ties */
                            x[0] = 49 * (float)hu_num_to_double(hu_decode(q.element.format, q.element.format->max_code));
                        size_t run;
                        assert_true(hu_scaled_is_quick(&q, ROWS, COLS, &run));
                        hu_random random = {1, 2, 0};
                        hu_tensor in = {.dtype = HU_F32, .rank = 2, .shape = {ROWS, COLS}, .n = N, .f32 = x}, out = in;
                        out.f32 = slow;
                        assert_int_equal(hu_scaled_floats(quick, x, N, run, &q, 0, &random, NULL, NULL), HU_OK);
                        assert_int_equal(hu_scaled_apply(&out, &in, &q, 1, 2, NULL, NULL), HU_OK);
                        for (int i = 0; i < N; i++, cases++)
                            if (memcmp(&quick[i], &slow[i], sizeof quick[i]) != 0)
                                fail_msg("%s %s pow2 %d per %d kind %d: %a becomes %a, in the general way %a", formats[f], modes[m], pow2, per,
                                         kind, (double)x[i], (double)quick[i], (double)slow[i]);
                    }
    test_note("%zu floats", cases);
}

/* Many quotients next to ties, where a float's quotient would be wrong. */
static void quick_near_ties(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static float x[MANY], quick[MANY], slow[MANY];
    test_random r = {5};
    hu_scaled q;
    hu_scaled_init(&q, hu_format_find("e4m3fn", NULL));
    q.element.rounding = hu_rounding_find("rne", NULL);
    for (int turn = 0; turn < 20; turn++) {
        float amax = (float)(1 + test_random_unit(&r));
        float s = amax / 448;
        x[0] = amax;
        for (int i = 1; i < MANY; i++) {
            float tie = (float)(17 + 2 * (test_random_bits(&r) % 7)) / 16 * ldexpf(1, (int)(test_random_bits(&r) % 10) - 5);
            x[i] = nextafterf(tie * s, i % 3 == 0 ? 0 : i % 3 == 1 ? 2 * tie * s : tie * s);
        }
        hu_tensor in = {.dtype = HU_F32, .rank = 1, .shape = {MANY}, .n = MANY, .f32 = x}, out = in;
        out.f32 = slow;
        hu_random random = {1, 2, 0};
        assert_int_equal(hu_scaled_floats(quick, x, MANY, MANY, &q, 0, &random, NULL, NULL), HU_OK);
        assert_int_equal(hu_scaled_apply(&out, &in, &q, 1, 2, NULL, NULL), HU_OK);
        assert_memory_equal(quick, slow, sizeof quick);
    }
}

static hu_policy policy(const char *text)
{
    hu_policy p = {0};
    hu_error err = {0};
    if (hu_policy_parse(&p, text, &err))
        fail_msg("%s", err.text);
    return p;
}

/* The texts with a scale: each operand on the grid of its format times amax / largest. */
static void scaled_texts(void **state)
{
    (void)state;
    hu_policy p = policy("e4m3fn/e5m2@tensor");
    assert_string_equal(p.operand[HU_P1].format->name, "e4m3fn");
    assert_string_equal(p.operand[HU_P3].format->name, "e5m2");
    float x[4] = {7, 3.1f, -0.001f, 1}, out[4];
    assert_int_equal(hu_policy_quantize_matrix_f32(&p, HU_P1, 0, 0, out, x, 2, 2, NULL), HU_OK);
    double s = (double)(7.0f / 448);            /* 3.1 / s = 198.4, of which 192 and 208 are the neighbors */
    assert_true(out[0] == 7 && out[1] == (float)(192 * s) && out[3] == 64 * (float)s && out[2] == (float)(-0.0625 * s));
    hu_policy rows = policy("e4m3fn@row2");
    assert_int_equal(hu_policy_quantize_matrix_f32(&rows, HU_P1, 0, 0, out, x, 2, 2, NULL), HU_OK);
    assert_true(out[2] == -0x1p-10f && out[3] == 1);      /* the scale is 2^-8, and -0.256 is nearest to -0.25 */
    hu_error err = {0};
    assert_int_equal(hu_policy_parse(&p, "e4m3fn@tenser", &err), HU_ENAME);
    assert_non_null(strstr(err.text, "did you mean 'tensor'"));
    assert_int_equal(hu_policy_parse(&p, "mxfp4@tensor", &err), HU_EINVAL);
}

/* Delayed: the range of step t is 2^margin times the largest magnitude of the `history` steps before; of step 0 its own. */
static void delayed(void **state)
{
    (void)state;
    enum { STEPS = 9, HISTORY = 3 };
    static const float amax[STEPS] = {1, 8, 2, 1, 0.5f, 0.25f, 16, 1, 1};
    hu_policy_state s;
    hu_policy p = {0};
    hu_scaling scaling = {.history = HISTORY, .margin = 1};
    hu_scaled_init(&scaling.q, hu_format_find("e4m3fn", NULL));
    assert_int_equal(hu_policy_set_scaling(&p, HU_P1, &scaling, NULL), HU_OK);
    assert_int_equal(hu_policy_state_init(&s, 2, NULL), HU_OK);
    p.state = &s;
    for (int t = 0; t < STEPS; t++) {
        float x[2] = {amax[t], 0.3f}, out[2];
        float range = 0;
        for (int k = t - HISTORY < 0 ? 0 : t - HISTORY; k < t; k++)
            range = fmaxf(range, amax[k]);
        range = t == 0 ? amax[0] : 2 * range;
        assert_int_equal(hu_policy_quantize_matrix_f32(&p, HU_P1, (uint64_t)t, 1, out, x, 1, 2, NULL), HU_OK);
        hu_env env = hu_env_default();
        env.overflow = HU_OVERFLOW_SATURATE;
        for (int i = 0; i < 2; i++) {
            double q = (double)x[i] / (double)(float)(range / 448);
            assert_int_equal(hu_quantize_f64(&q, &q, 1, scaling.q.element.format, &env, NULL), HU_OK);
            if (out[i] != (float)(q * (double)(range / 448)))
                fail_msg("step %d: %a becomes %a, want %a", t, (double)x[i], (double)out[i], q * (double)(range / 448));
        }
        hu_policy_state_advance(&s);
    }
    size_t n = hu_policy_state_size(&s);
    double *kept = malloc(n * sizeof *kept);
    hu_policy_state_save(&s, kept);
    hu_policy_state again;
    assert_int_equal(hu_policy_state_init(&again, 2, NULL), HU_OK);
    assert_int_equal(hu_policy_state_load(&again, kept, n, NULL), HU_OK);
    assert_true(hu_policy_state_largest(&again, 1, HU_P1) == 16 && hu_policy_state_largest(&again, 0, HU_P1) == 0);
    assert_int_equal(hu_policy_state_load(&again, kept, n - 1, NULL), HU_EPARSE);
    free(kept);
    hu_policy_state_clear(&again);
    hu_policy_state_clear(&s);
}

/* Counts of a small tensor, known by looking: e4m3fn has 448 for the largest and 2^-9 for the smallest value. */
static void counts(void **state)
{
    (void)state;
    float x[8] = {1, -1.0625f, 480, 465, 0, 0x1p-11f, NAN, -3}, out[8];
    hu_policy_state s;
    hu_policy p = policy("e4m3fn:rne+sat");
    assert_int_equal(hu_policy_state_init(&s, 1, NULL), HU_OK);
    s.counting = true;
    p.state = &s;
    assert_int_equal(hu_policy_quantize_f32(&p, HU_P2, 0, 0, 0, out, x, 8, NULL), HU_OK);
    const hu_counts *c = s.counts[HU_P2];
    assert_non_null(c);
    assert_null(s.counts[HU_P1]);
    assert_int_equal(c->n, 8);
    assert_int_equal(c->saturated, 2);          /* 480 and 465 are past 448 + 16 */
    assert_int_equal(c->flushed, 1);
    assert_int_equal(c->zeros, 1);
    assert_int_equal(c->not_finite, 1);
    assert_int_equal(c->exponent[8 - HU_EXPONENT_LEAST], 2);
    assert_int_equal(c->exponent[0 - HU_EXPONENT_LEAST], 2);
    assert_int_equal(c->exponent[1 - HU_EXPONENT_LEAST], 1);
    assert_int_equal(c->exponent[-11 - HU_EXPONENT_LEAST], 1);
    double noise = 0.0625 * 0.0625 + 32.0 * 32 + 17.0 * 17 + 0x1p-22, signal = 1 + 1.0625 * 1.0625 + 480.0 * 480 + 465.0 * 465 + 9 + 0x1p-22;
    assert_true(fabs(c->noise - noise) < 1e-9 && fabs(c->signal - signal) < 1e-6);
    hu_policy_state_clear(&s);
}

static const char *letter(const void *names, unsigned i)
{
    return ((const char *const *)names)[i];
}

static void layer_rules(void **state)
{
    (void)state;
    static const char *const names[] = {"0.attention.in", "0.feed.in", "1.attention.in", "1.feed.in", "head"};
    assert_true(hu_glob("*.attention.*", names[0]) && !hu_glob("*.attention.*", names[1]) && hu_glob("?.feed.in", names[3]));
    assert_true(hu_glob("*", "") && hu_glob("*a*b", "xxaxbxb") && !hu_glob("*a*b", "xxaxbxbc") && !hu_glob("hea", "head"));
    hu_policy_rule rules[] = {
        {.glob = "*.attention.*", .operands = 1u << HU_P1 | 1u << HU_P2, .values = policy("e5m2")},
        {.glob = "1.*", .whole = true, .values = policy("bf16")},
        {.glob = "head", .whole = true},
    };
    hu_policy p = policy("e4m3fn"), layers[5], bound;
    p.seed = 9;
    p.rules = rules;
    p.n_rules = 3;
    assert_int_equal(hu_policy_bind(&bound, layers, &p, letter, names, 5, NULL), HU_OK);
    assert_string_equal(hu_policy_at(&bound, 0)->operand[HU_P1].format->name, "e5m2");
    assert_string_equal(hu_policy_at(&bound, 0)->operand[HU_P3].format->name, "e4m3fn");
    assert_string_equal(hu_policy_at(&bound, 1)->operand[HU_P1].format->name, "e4m3fn");
    assert_string_equal(hu_policy_at(&bound, 2)->operand[HU_P1].format->name, "e8m7");
    assert_false(hu_policy_has(hu_policy_at(&bound, 4), HU_P1));
    assert_int_equal(hu_policy_at(&bound, 4)->seed, 9);
    hu_error err = {0};
    strcpy(rules[2].glob, "haed");
    assert_int_equal(hu_policy_bind(&bound, layers, &p, letter, names, 5, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "no layer is called 'haed': did you mean 'head'? The model has 0.attention.in"));
}

/* In a model: a rule for the head is head_full, and one that meets nothing is refused. */
static void rules_in_a_model(void **state)
{
    (void)state;
    hu_model m;
    const hu_model_config c = {.kind = HU_MODEL_LM, .layers = 2, .heads = 2, .width = 8, .context = 8, .vocabulary = 16, .seed = 3};
    assert_int_equal(hu_model_init(&m, c, NULL), HU_OK);
    assert_string_equal(hu_model_layer(&m, 0), "0.attention.in");
    assert_string_equal(hu_model_layer(&m, 7), "1.feed.out");
    assert_string_equal(hu_model_layer(&m, 8), "head");
    assert_null(hu_model_layer(&m, 9));
    assert_int_equal(hu_model_layers(&m), 9);
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8}, targets[8] = {2, 3, 4, 5, 6, 7, 8, 9};
    const hu_batch batch = {.rows = 1, .positions = 8, .bytes = bytes, .targets = targets};
    hu_policy by_flag = policy("e4m2"), by_rule = policy("e4m2");
    by_flag.head_full = true;
    hu_policy_rule rule = {.glob = "head", .whole = true};
    by_rule.rules = &rule;
    by_rule.n_rules = 1;
    double loss[2];
    float *gradient[2] = {malloc(m.n_weights * sizeof(float)), malloc(m.n_weights * sizeof(float))};
    assert_int_equal(hu_model_loss_f32(&m, &batch, &by_flag, 0, &loss[0], gradient[0], NULL), HU_OK);
    assert_int_equal(hu_model_loss_f32(&m, &batch, &by_rule, 0, &loss[1], gradient[1], NULL), HU_OK);
    assert_true(loss[0] == loss[1]);
    assert_memory_equal(gradient[0], gradient[1], m.n_weights * sizeof(float));
    strcpy(rule.glob, "3.*");
    hu_error err = {0};
    assert_int_equal(hu_model_loss_f32(&m, &batch, &by_rule, 0, &loss[1], NULL, &err), HU_EINVAL);
    free(gradient[0]);
    free(gradient[1]);
    hu_model_clear(&m);
}

/* GELU's gradient is that at the kept value; its own value is not touched. */
static void saved_activations(void **state)
{
    (void)state;
    float x[4] = {0.3f, -1.21f, 2.07f, 0.77f}, gradient[4], kept[4], value[2][4], got[2][4];
    hu_policy p = {0};
    p.operand[HU_P_SAVED] = policy("e4m1").operand[HU_P1];
    assert_int_equal(hu_policy_quantize_f32(&p, HU_P_SAVED, 0, 0, 0, kept, x, 4, NULL), HU_OK);
    for (int with = 0; with < 2; with++) {
        hu_tape_f32 t;
        hu_tape_init_f32(&t, 1);
        t.policy = with ? &p : NULL;
        hu_var_f32 *y = hu_gelu_f32(&t, hu_leaf_f32(&t, with ? x : kept, gradient, 2, 2));
        memcpy(value[with], y->value, sizeof value[with]);
        for (int i = 0; i < 4; i++)
            hu_gradient_f32(y)[i] = 1;
        t.last->rule->backward(&t, t.last);
        memcpy(got[with], gradient, sizeof gradient);
        hu_tape_clear_f32(&t);
    }
    assert_memory_equal(got[0], got[1], sizeof got[0]);
    assert_memory_not_equal(value[0], value[1], sizeof value[0]);
}

/* The table of methods, section 4.1, at a = 1. */
static void factors(void **state)
{
    (void)state;
    assert_true(fabs(hu_units_swiglu() - pow(2, 0.75)) < 1e-12);
    assert_true(fabs(hu_units_gelu() - exp(0.8 * 0.5 * log(2 / (1 - 1 / 3.14159265358979323846)) + 0.2 * log(2))) < 1e-12);
    assert_true(fabs(hu_units_gelu_back() - pow(2, 0.8 * 0.5 + 0.2)) < 1e-12);
    assert_true(fabs(hu_units_attention(64, 16) - pow(sqrt(log(64) / 64), 1 - 1.0 / 65)) < 1e-12);
    assert_true(fabs(hu_units_tau(0, 4) - 1 / sqrt(2)) < 1e-12 && fabs(hu_units_tau(3, 4) - 1 / sqrt(5)) < 1e-12);
    assert_true(fabs(hu_units_loss(7, 5) - 17.5) < 1e-12);
    float x[2] = {3, -1}, gradient[2];
    hu_tape_f32 t;
    hu_tape_init_f32(&t, 1);
    hu_var_f32 *y = hu_unit_f32(&t, hu_leaf_f32(&t, x, gradient, 1, 2), 0.5, 4);
    hu_gradient_f32(y)[0] = 1, y->grad[1] = 2;
    t.last->rule->backward(&t, t.last);
    assert_true(y->value[0] == 1.5f && y->value[1] == -0.5f && gradient[0] == 4 && gradient[1] == 8);
    hu_tape_clear_f32(&t);
}

/* Claim (c) of section 4: with units the operands of every product are near 1 at the start, forward and backward. */
static void near_one(void **state)
{
    (void)state;
    double most[2] = {0}, least[2] = {INFINITY, INFINITY};
    uint8_t bytes[256], targets[256];
    test_random r = {2};
    for (int i = 0; i < 256; i++) {
        bytes[i] = (uint8_t)(test_random_bits(&r) % 64);
        targets[i] = (uint8_t)(test_random_bits(&r) % 64);
    }
    const hu_batch batch = {.rows = 4, .positions = 64, .bytes = bytes, .targets = targets};
    for (int units = 0; units < 2; units++) {
        hu_model m;
        hu_policy_state s;
        const hu_model_config c = {.kind = HU_MODEL_LM, .layers = 3, .heads = 4, .width = 64, .context = 64, .vocabulary = 64, .seed = 3, .units = units};
        hu_policy p = policy("fp32:rne+sat");                       /* changes nothing and is counted */
        assert_int_equal(hu_model_init(&m, c, NULL), HU_OK);
        assert_int_equal(hu_policy_state_init(&s, hu_model_layers(&m), NULL), HU_OK);
        s.counting = true;
        p.state = &s;
        double loss;
        float *gradient = malloc(m.n_weights * sizeof *gradient);
        assert_int_equal(hu_model_loss_f32(&m, &batch, &p, 0, &loss, gradient, NULL), HU_OK);
        for (unsigned layer = 0; layer < hu_model_layers(&m); layer++)
            for (int k = HU_P1; k <= HU_P3; k++) {
                const hu_counts *n = s.counts[layer * HU_ROLE_COUNT + (unsigned)k];
                double size = sqrt(n->signal / (double)n->n);
                most[units] = fmax(most[units], size);
                least[units] = fmin(least[units], size);
            }
        for (size_t k = 0; units && k < m.n_parameters; k++) {
            const hu_parameter *q = &m.parameters[k];
            double size = hu_norm(gradient + q->first, q->rows * q->cols) / sqrt((double)(q->rows * q->cols));
            if (!(size > 0.05 && size < 20))
                fail_msg("the gradient of %s has the root mean square %g", q->name, size);
            double rate = q->decays && strchr(q->name, '.') ? 1 / sqrt(3.0 * (double)q->cols) : 0;
            assert_true(fabs(q->rate - rate) < 1e-12);
        }
        free(gradient);
        hu_policy_state_clear(&s);
        hu_model_clear(&m);
    }
    test_note("root mean squares of operands: standard %.3g to %.3g, with units %.3g to %.3g", least[0], most[0], least[1], most[1]);
    assert_true(least[0] < 0.01 && least[1] > 0.1 && most[1] < 10);
}

static void texts_tell_apart(void **state)
{
    (void)state;
    static const char *const texts[] = {"fp32", "e4m3fn", "e4m3fn/e5m2", "e4m3fn@tensor", "e4m3fn@tensor2", "e4m3fn@row", "e4m3fn:sr", "mxfp4",
                                        "e4m3fn:rne+sat"};
    char *made[TEST_COUNT(texts)];
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        hu_policy p = policy(texts[i]);
        made[i] = hu_policy_text(&p);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(made[i], made[k]);
    }
    assert_non_null(strstr(made[4], "p1: e4m3fn rne saturate per tensor, absmax, powers of two (ceil)\n"));
    for (size_t i = 0; i < TEST_COUNT(texts); i++)
        hu_free(made[i]);
}

static const struct CMUnitTest claims[] = {
    CLAIM("floats on scaled grids get the bits of the general way", quick_is_exact),
    CLAIM("and next to ties", quick_near_ties),
    CLAIM("a policy's text may have a scale", scaled_texts),
    CLAIM("delayed scaling goes by the steps before", delayed),
    CLAIM("counts are exact", counts),
    CLAIM("rules for layers: later ones over earlier ones; one that meets nothing is refused", layer_rules),
    CLAIM("a rule that leaves the head alone is head = false", rules_in_a_model),
    CLAIM("what is kept for the backward pass may have a format of its own", saved_activations),
    CLAIM("the factors of unit scaling are the published ones", factors),
    CLAIM("with units every operand of a product has a size near 1 at the start", near_one),
    CLAIM("different policies have different texts", texts_tell_apart),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
