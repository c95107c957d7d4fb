/* nn-graph.c - models as programs: the lm and the mlp as graphs give the same bits; what does not fit is refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/nn/hessian.h"
#include "src/nn/model.h"
#include "tests/lib/test.h"

static const uint8_t bytes[15]   = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 10};
static const uint8_t targets[15] = {1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 10, 0};
static const uint8_t classes[3]  = {0, 2, 1};
static const float features[15]  = {.3f, -1, .5f, 2, -.7f, 1, 0, .2f, -2, 1.5f, .1f, .9f, -.4f, .6f, -1};

static void add(hu_graph *g, hu_layer layer)
{
    hu_error err = {0};
    if (hu_graph_add(g, &layer, &err))
        fail_msg("%s", err.text);
}

static hu_model model_of(hu_graph *g, uint64_t seed)
{
    hu_model m;
    hu_error err = {0};
    if (hu_model_init_graph(&m, g, seed, &err))
        fail_msg("%s", err.text);
    return m;
}

static hu_graph *mlp_graph(void)
{
    hu_graph *g = hu_graph_new("mlp");
    add(g, (hu_layer){.operation = "features", .size = {{"channels", 5}}});
    for (int i = 0; i < 2; i++) {
        add(g, (hu_layer){.operation = "linear", .name = i ? "1" : "0", .size = {{"out", 7}, {"bias", 0}}});
        add(g, (hu_layer){.operation = "layernorm"});
        add(g, (hu_layer){.operation = "gelu"});
    }
    add(g, (hu_layer){.operation = "linear", .name = "head", .size = {{"out", 3}}});
    add(g, (hu_layer){.operation = "cross_entropy"});
    return g;
}

/* Two blocks of width 12, two heads; the residual stream is named so that `plus` finds it. */
static hu_graph *lm_graph(bool tied)
{
    const double residual = 0.3 / sqrt(4);
    hu_graph *g = hu_graph_new("lm");
    add(g, (hu_layer){.operation = "tokens", .size = {{"context", 5}, {"vocabulary", 11}}});
    add(g, (hu_layer){.operation = "embedding", .name = "x0", .deviation = 0.3, .size = {{"width", 12}}});
    for (int i = 0; i < 2; i++) {
        const char *in = i ? "x2" : "x0", *middle = i ? "x3" : "x1", *out = i ? "x4" : "x2";
        add(g, (hu_layer){.operation = "rmsnorm"});
        add(g, (hu_layer){.operation = "linear", .deviation = 0.3, .size = {{"out", 36}, {"bias", 0}}});
        add(g, (hu_layer){.operation = "attention", .size = {{"heads", 2}}});
        add(g, (hu_layer){.operation = "linear", .name = i ? "b1" : "b0", .deviation = residual, .size = {{"out", 12}, {"bias", 0}}});
        add(g, (hu_layer){.operation = "plus", .name = middle, .from = {in, i ? "b1" : "b0"}});
        add(g, (hu_layer){.operation = "rmsnorm"});
        add(g, (hu_layer){.operation = "linear", .deviation = 0.3, .size = {{"out", 64}, {"bias", 0}}});
        add(g, (hu_layer){.operation = "swiglu"});
        add(g, (hu_layer){.operation = "linear", .name = i ? "c1" : "c0", .deviation = residual, .size = {{"out", 12}, {"bias", 0}}});
        add(g, (hu_layer){.operation = "plus", .name = out, .from = {middle, i ? "c1" : "c0"}});
    }
    add(g, (hu_layer){.operation = "rmsnorm"});
    add(g, (hu_layer){.operation = "linear", .name = "head", .deviation = 0.3, .share = tied ? "x0.weight" : NULL,
                      .size = {{"out", 11}, {"bias", 0}}});
    add(g, (hu_layer){.operation = "cross_entropy"});
    return g;
}

static hu_model built_in(hu_model_config config)
{
    hu_model m;
    hu_error err = {0};
    if (hu_model_init(&m, config, &err))
        fail_msg("%s", err.text);
    return m;
}

static void same_bits(hu_model *a, hu_model *b, hu_batch batch, const hu_policy *policy)
{
    double loss[4];
    assert_int_equal(a->n_weights, b->n_weights);
    assert_memory_equal(a->weights, b->weights, a->n_weights * sizeof *a->weights);
    assert_int_equal(hu_model_loss_f32(a, &batch, policy, 5, &loss[0], a->gradient, NULL), HU_OK);
    assert_int_equal(hu_model_loss_f32(b, &batch, policy, 5, &loss[1], b->gradient, NULL), HU_OK);
    assert_true(loss[0] == loss[1]);
    assert_memory_equal(a->gradient, b->gradient, a->n_weights * sizeof *a->gradient);
    assert_int_equal(hu_model_loss_f64(a, NULL, &batch, policy, 5, &loss[2], NULL, NULL), HU_OK);
    assert_int_equal(hu_model_loss_f64(b, NULL, &batch, policy, 5, &loss[3], NULL, NULL), HU_OK);
    assert_true(loss[2] == loss[3] && fabs(loss[2] - loss[0]) < 1e-5);
    double left[64], right[64];
    assert_int_equal(hu_model_logits_f32(a, &batch, policy, 5, left, NULL), HU_OK);
    assert_int_equal(hu_model_logits_f32(b, &batch, policy, 5, right, NULL), HU_OK);
    assert_memory_equal(left, right, batch.rows * a->config.vocabulary * sizeof *left);
}

static void mlp_is_a_graph(void **state)
{
    (void)state;
    hu_model a = model_of(mlp_graph(), 3);
    hu_model b = built_in((hu_model_config){.kind = HU_MODEL_MLP, .layers = 2, .width = 7, .inputs = 5, .vocabulary = 3,
                                            .context = 1, .seed = 3});
    hu_batch batch = {.rows = 3, .positions = 1, .features = features, .targets = classes};
    hu_policy p = {0};
    same_bits(&a, &b, batch, NULL);
    assert_int_equal(hu_policy_parse(&p, "e4m3fn:sr", NULL), HU_OK);   /* the layers have the same numbers */
    p.head_full = true;
    same_bits(&a, &b, batch, &p);
    assert_string_equal(hu_model_layer(&a, 2), "head");
    assert_string_equal(hu_model_layer(&b, 1), "1.weight");
    assert_null(hu_model_layer(&a, 3));
    assert_null(hu_model_layer(&b, 3));
    hu_model_clear(&a);
    hu_model_clear(&b);
}

static void lm_is_a_graph(void **state)
{
    (void)state;
    for (int tied = 0; tied < 2; tied++) {
        hu_model a = model_of(lm_graph(tied), 3);
        hu_model b = built_in((hu_model_config){.kind = HU_MODEL_LM, .layers = 2, .heads = 2, .width = 12, .context = 5,
                                                .vocabulary = 11, .deviation = 0.3, .seed = 3, .tied = tied});
        same_bits(&a, &b, (hu_batch){.rows = 3, .positions = 5, .bytes = bytes, .targets = targets}, NULL);
        same_bits(&a, &b, (hu_batch){.rows = 3, .positions = 4, .bytes = bytes, .targets = targets}, NULL);
        assert_true(hu_model_multiplications(&a, 2, 5) == hu_model_multiplications(&b, 2, 5));
        assert_string_equal(hu_model_layer(&b, 6), "1.feed.in");
        assert_string_equal(hu_model_layer(&b, 8), "head");
        hu_model_clear(&a);
        hu_model_clear(&b);
    }
}

/* ---- values, by plain loops ---- */

/* Pixel (y, x) of image b, 4 by 5 with 2 channels; 0 outside. */
static double pixel(const double *v, int b, int y, int x, int c)
{
    return y < 0 || x < 0 || y >= 4 || x >= 5 ? 0 : v[((b * 4 + y) * 5 + x) * 2 + c];
}

static void windows_by_loops(void **state)
{
    (void)state;
    double v[80];
    test_random r = {6};
    for (size_t i = 0; i < 80; i++)
        v[i] = 2 * test_random_unit(&r) - 1;
    hu_window w = {.height = 4, .width = 5, .kernel = 3, .stride = 2, .padding = 1};
    assert_true(hu_window_init(&w) && w.out_height == 2 && w.out_width == 3);
    hu_tape_f64 t;
    hu_tape_init_f64(&t, 1);
    hu_var_f64 *in = hu_leaf_f64(&t, v, NULL, 40, 2);
    const double *all = hu_unfold_f64(&t, in, &w)->value, *most = hu_maxpool_f64(&t, in, &w)->value,
                 *mean = hu_meanpool_f64(&t, in, &w)->value;
    for (int at = 0; at < 12; at++) {
        int b = at / 6, oy = at % 6 / 3, ox = at % 3;
        for (int c = 0; c < 2; c++) {
            double largest = -INFINITY, sum = 0;
            for (int k = 0; k < 9; k++) {
                int y = 2 * oy + k / 3 - 1, x = 2 * ox + k % 3 - 1;
                assert_true(all[(at * 9 + k) * 2 + c] == pixel(v, b, y, x, c));
                sum += pixel(v, b, y, x, c);
                if (y >= 0 && x >= 0 && y < 4 && x < 5)
                    largest = fmax(largest, pixel(v, b, y, x, c));
            }
            assert_true(most[at * 2 + c] == largest && fabs(mean[at * 2 + c] - sum / 9) < 1e-15);
        }
    }
    v[0] = NAN;
    assert_true(isnan(hu_maxpool_f64(&t, in, &w)->value[0]));
    hu_tape_clear_f64(&t);
}

/* Two sequences of four positions, two channels, two states. */
static void scan_by_loops(void **state)
{
    (void)state;
    double x[16], dbc[48], a[4];
    test_random r = {9};
    for (int i = 0; i < 16; i++) x[i] = 2 * test_random_unit(&r) - 1;
    for (int i = 0; i < 48; i++) dbc[i] = 2 * test_random_unit(&r) - 1;
    for (int i = 0; i < 4; i++) a[i] = test_random_unit(&r);
    hu_tape_f64 t;
    hu_tape_init_f64(&t, 1);
    const double *y = hu_scan_f64(&t, hu_leaf_f64(&t, x, NULL, 8, 2), hu_leaf_f64(&t, dbc, NULL, 8, 6), hu_leaf_f64(&t, a, NULL, 2, 2), 4)->value;
    for (int e = 0; e < 2; e++) {
        double h[2] = {0, 0};
        for (int row = 0; row < 8; row++) {
            double delta = log(1 + exp(dbc[row * 6 + e])), sum = 0;
            for (int s = 0; s < 2; s++) {
                h[s] = (row == 4 ? 0 : h[s]) * exp(-delta * exp(a[e * 2 + s])) + delta * dbc[row * 6 + 2 + s] * x[row * 2 + e];
                sum += dbc[row * 6 + 4 + s] * h[s];
            }
            assert_true(fabs(y[row * 2 + e] - sum) < 1e-14);
        }
    }
    hu_tape_clear_f64(&t);
}

/* Logits 1, 3, 2, 3: the two 3s; logits 0, 0, 1, -1 with k = 2: the 1 and the first 0. */
static void gates_by_hand(void **state)
{
    (void)state;
    double l[8] = {1, 3, 2, 3, 0, 0, 1, -1}, s = exp(1.0) / (1 + exp(1.0));
    const double want[8] = {0, 0.5, 0, 0.5, 1 - s, 0, s, 0};
    hu_tape_f64 t;
    hu_tape_init_f64(&t, 1);
    hu_var_f64 *logits = hu_leaf_f64(&t, l, NULL, 2, 4), *g = hu_topk_f64(&t, logits, 2);
    for (int i = 0; i < 8; i++)
        assert_true(fabs(g->value[i] - want[i]) < 1e-15);
    assert_int_equal(hu_dispatch_f64(&t, logits, g, 0)->rows, 1);
    assert_true(hu_dispatch_f64(&t, logits, g, 2)->value[0] == 0);       /* its only row is the second one */
    hu_var_f64 *none = hu_topk_f64(&t, hu_leaf_f64(&t, l, NULL, 1, 4), 1);
    hu_var_f64 *row = hu_leaf_f64(&t, l, NULL, 1, 4), *back = hu_combine_f64(&t, row, hu_dispatch_f64(&t, row, none, 0), none, 0);
    assert_memory_equal(back->value, l, 4 * sizeof *l);                  /* an expert without rows changes nothing */
    /* f = 1/4, 1/4, 1/4, 1/4: the balance is its weight whatever the probabilities */
    assert_true(fabs(hu_balance_f64(&t, logits, g, 0.3)->value[0] - 0.3) < 1e-15);
    hu_tape_clear_f64(&t);
}

/* Logits 2000, 0, -1 with k = 2: the second one's weight is less than any number, and it is chosen all the same. f = 1/2, 1/2, 0, p = 1, 0, 0:
 * the balance is 3/2. */
static void gates_of_no_weight(void **state)
{
    (void)state;
    float f[3] = {2000, 0, -1};
    double d[3] = {2000, 0, -1};
    hu_tape_f32 t;
    hu_tape_f64 u;
    hu_tape_init_f32(&t, 1);
    hu_tape_init_f64(&u, 1);
    hu_var_f32 *lf = hu_leaf_f32(&t, f, NULL, 1, 3), *gf = hu_topk_f32(&t, lf, 2);
    hu_var_f64 *ld = hu_leaf_f64(&u, d, NULL, 1, 3), *gd = hu_topk_f64(&u, ld, 2);
    assert_true(gf->value[0] == 1 && gf->value[1] > 0 && gf->value[1] < 1e-37f && gf->value[2] == 0);
    assert_true(gd->value[0] == 1 && gd->value[1] > 0 && gd->value[1] < 1e-306 && gd->value[2] == 0);
    assert_true(hu_balance_f32(&t, lf, gf, 1)->value[0] == 1.5f);
    assert_true(hu_balance_f64(&u, ld, gd, 1)->value[0] == 1.5);
    hu_tape_clear_f32(&t);
    hu_tape_clear_f64(&u);
}

/* ---- gradients and Hessians of whole graphs ---- */

static hu_graph *image_graph(void)
{
    hu_graph *g = hu_graph_new("images");
    add(g, (hu_layer){.operation = "features", .size = {{"channels", 2}, {"height", 5}, {"width", 4}}});
    add(g, (hu_layer){.operation = "conv", .name = "a", .size = {{"out", 3}, {"kernel", 3}, {"padding", 1}}});
    add(g, (hu_layer){.operation = "batchnorm", .name = "norm"});
    add(g, (hu_layer){.operation = "silu"});
    add(g, (hu_layer){.operation = "meanpool", .size = {{"kernel", 2}}});
    add(g, (hu_layer){.operation = "positions"});
    add(g, (hu_layer){.operation = "linear", .name = "qkv", .size = {{"out", 12}}});
    add(g, (hu_layer){.operation = "attention", .size = {{"heads", 2}, {"causal", 0}, {"rotary", 0}}});
    add(g, (hu_layer){.operation = "tanh"});
    add(g, (hu_layer){.operation = "flatten"});
    add(g, (hu_layer){.operation = "linear", .name = "head", .size = {{"out", 3}}});
    add(g, (hu_layer){.operation = "cross_entropy"});
    return g;
}

static hu_graph *expert_graph(void)
{
    hu_graph *g = hu_graph_new("sequences");
    add(g, (hu_layer){.operation = "tokens", .size = {{"context", 5}, {"vocabulary", 11}}});
    add(g, (hu_layer){.operation = "embedding", .name = "x", .deviation = 1, .size = {{"width", 4}}});
    add(g, (hu_layer){.operation = "causal_conv", .size = {{"kernel", 3}}});
    add(g, (hu_layer){.operation = "silu", .name = "u"});
    add(g, (hu_layer){.operation = "linear", .name = "select", .size = {{"out", 8}}});
    add(g, (hu_layer){.operation = "scan", .name = "y", .from = {"u", "select"}});
    add(g, (hu_layer){.operation = "gain", .name = "skip", .from = {"u"}});
    add(g, (hu_layer){.operation = "times", .name = "z", .from = {"y", "skip"}});
    add(g, (hu_layer){.operation = "linear", .name = "gate", .size = {{"out", 3}, {"bias", 0}}});
    add(g, (hu_layer){.operation = "topk", .name = "chosen"});
    add(g, (hu_layer){.operation = "balance", .from = {"gate", "chosen"}, .size = {{"weight", 0.5}}});
    for (int e = 0; e < 3; e++) {
        const char *base = e == 0 ? "x" : e == 1 ? "e0" : "e1", *out = e == 0 ? "e0" : e == 1 ? "e1" : "e2";
        const char *made = e == 0 ? "m0" : e == 1 ? "m1" : "m2";
        add(g, (hu_layer){.operation = "dispatch", .from = {"z", "chosen"}, .size = {{"expert", e}}});
        add(g, (hu_layer){.operation = "linear", .name = made, .size = {{"out", 4}}});
        add(g, (hu_layer){.operation = "combine", .name = out, .from = {base, made, "chosen"}});
    }
    add(g, (hu_layer){.operation = "linear", .name = "head", .size = {{"out", 11}}});
    add(g, (hu_layer){.operation = "cross_entropy"});
    return g;
}

/* Products with multipliers around attention by the roots of the softmax. */
static hu_graph *munit_graph(void)
{
    hu_graph *g = hu_graph_new("munit");
    add(g, (hu_layer){.operation = "tokens", .size = {{"context", 5}, {"vocabulary", 11}}});
    add(g, (hu_layer){.operation = "embedding", .name = "x", .deviation = 1, .size = {{"width", 8}}});
    add(g, (hu_layer){.operation = "linear", .deviation = 1, .size = {{"out", 24}, {"multiplier", 0.3}}});
    add(g, (hu_layer){.operation = "attention", .size = {{"heads", 2}, {"root", 1}}});
    add(g, (hu_layer){.operation = "layernorm"});
    add(g, (hu_layer){.operation = "linear", .name = "head", .deviation = 1, .size = {{"out", 11}, {"multiplier", 0.2}}});
    add(g, (hu_layer){.operation = "cross_entropy"});
    return g;
}

static double loss_near(hu_model *m, const hu_batch *b, const double *at, const double *u, double step, double *gradient)
{
    double *w = malloc(m->n_weights * sizeof *w), loss;
    hu_error err = {0};
    for (size_t i = 0; i < m->n_weights; i++)
        w[i] = at[i] + step * u[i];
    if (hu_model_loss_f64(m, w, b, NULL, 0, &loss, gradient, &err))
        fail_msg("%s", err.text);
    free(w);
    return loss;
}

/* Along a random direction u: g u against the seven-point difference of the loss, H u against that of the gradient. */
static void check_derivatives(hu_graph *graph, hu_batch batch)
{
    static const double stencil[7] = {-1, 9, -45, 0, 45, -9, 1}, h = 1e-3;
    hu_model m = model_of(graph, 5);
    size_t n = m.n_weights;
    double *w = calloc(n, sizeof *w), *u = calloc(n, sizeof *u), *g = calloc(n, sizeof *g), *near = calloc(n, sizeof *near),
           *got = calloc(n, sizeof *got), *want = calloc(n, sizeof *want), slope = 0, along = 0, error = 0, norm = 0;
    test_random r = {8};
    for (size_t i = 0; i < n; i++)
        w[i] = (double)m.weights[i], u[i] = 2 * test_random_unit(&r) - 1;
    loss_near(&m, &batch, w, u, 0, g);
    for (size_t i = 0; i < n; i++)
        along += g[i] * u[i];
    for (int j = 0; j < 7; j++) {
        slope += stencil[j] * loss_near(&m, &batch, w, u, h * (j - 3), near) / (60 * h);
        for (size_t i = 0; i < n; i++)
            want[i] += stencil[j] * near[i] / (60 * h);
    }
    hu_hessian hessian;
    assert_int_equal(hu_hessian_init(&hessian, &m, &batch, 1, &(hu_hessian_options){.in_double = true}, NULL), HU_OK);
    assert_int_equal(hu_hessian_product(&hessian, u, got, NULL), HU_OK);
    for (size_t i = 0; i < n; i++) {
        error += (got[i] - want[i]) * (got[i] - want[i]);
        norm += want[i] * want[i];
    }
    test_note("%s: %zu weights, gradient off by %.1e, product by %.1e", graph->name, n, fabs(along / slope - 1), sqrt(error / norm));
    assert_true(fabs(along / slope - 1) < 1e-7);
    assert_true(sqrt(error / norm) < 1e-7);
    hu_hessian_clear(&hessian);
    hu_model_clear(&m);
    free(w), free(u), free(g), free(near), free(got), free(want);
}

static void derivatives_of_graphs(void **state)
{
    (void)state;
    float pixels[3 * 40];
    test_random r = {4};
    for (size_t i = 0; i < 120; i++)
        pixels[i] = (float)(2 * test_random_unit(&r) - 1);
    check_derivatives(image_graph(), (hu_batch){.rows = 3, .positions = 1, .features = pixels, .targets = classes});
    check_derivatives(expert_graph(), (hu_batch){.rows = 3, .positions = 5, .bytes = bytes, .targets = targets});
    check_derivatives(munit_graph(), (hu_batch){.rows = 3, .positions = 5, .bytes = bytes, .targets = targets});
}

/* f(x; 4 w) with multiplier 1/4 is f(x; w), its gradient by 4 w a quarter of that by w; the matrix, not the bias, has the rate. */
static void multipliers(void **state)
{
    (void)state;
    const hu_batch batch = {.rows = 3, .positions = 1, .features = features, .targets = classes};
    hu_model m[2];
    double loss[2], g[2][18], quarter = 0.25;
    for (int with = 0; with < 2; with++) {
        hu_graph *graph = hu_graph_new("x");
        add(graph, (hu_layer){.operation = "features", .size = {{"channels", 5}}});
        add(graph, (hu_layer){.operation = "linear", .name = "head", .deviation = 1, .rate = with ? &quarter : NULL,
                              .size = {{"out", 3}, {"multiplier", with ? 0.25 : 1}}});
        add(graph, (hu_layer){.operation = "cross_entropy"});
        m[with] = model_of(graph, 3);
        for (size_t i = 0; with && i < 15; i++)
            m[with].weights[i] *= 4;
        assert_int_equal(hu_model_loss_f64(&m[with], NULL, &batch, NULL, 0, &loss[with], g[with], NULL), HU_OK);
        assert_true(m[with].parameters[0].rate == (with ? 0.25 : 0) && m[with].parameters[1].rate == 0);
    }
    assert_true(loss[0] == loss[1]);
    for (int i = 0; i < 18; i++)
        assert_true(fabs(g[1][i] - (i < 15 ? g[0][i] / 4 : g[0][i])) < 1e-15);
    hu_model_clear(&m[0]);
    hu_model_clear(&m[1]);
}

/* With a policy the operands are those of a layer without a multiplier: the gradient of the result is not made smaller before it is rounded. */
static void multipliers_after_rounding(void **state)
{
    (void)state;
    float x[2] = {1, -2}, w[2] = {0.5f, 1.5f}, dx[2], dw[2];
    hu_policy p = {0};
    assert_int_equal(hu_policy_parse(&p, "e5m2:rne+sat", NULL), HU_OK);
    hu_tape_f32 t;
    hu_tape_init_f32(&t, 1);
    t.policy = &p;
    const double by = 0x1p-30;                 /* a gradient times it is zero in e5m2 */
    hu_var_f32 *y = hu_multiplied_f32(&t, hu_leaf_f32(&t, x, dx, 1, 2), hu_leaf_f32(&t, w, dw, 1, 2), by, 0, false);
    assert_true(y->value[0] == -2.5f * 0x1p-30f);
    hu_gradient_f32(y)[0] = 1;
    for (hu_node_f32 *node = t.last; node; node = node->before)
        node->rule->backward(&t, node);
    assert_true(dx[0] == 0.5f * 0x1p-30f && dx[1] == 1.5f * 0x1p-30f && dw[0] == 0x1p-30f && dw[1] == -0x1p-29f);
    hu_tape_clear_f32(&t);
}

/* One linear layer [1][2] with bias: the Hessian of its three weights on three examples, by hand. */
static void check_hessian(const char *loss, hu_batch batch, const double curvature[3])
{
    hu_graph *g = hu_graph_new(loss);
    add(g, (hu_layer){.operation = "features", .size = {{"channels", 2}}});
    add(g, (hu_layer){.operation = "linear", .name = "head", .size = {{"out", 1}}});
    add(g, (hu_layer){.operation = loss});
    hu_model m = model_of(g, 1);
    hu_hessian h;
    const double w[3] = {0.5, -1, 0.25};
    assert_int_equal(hu_hessian_init(&h, &m, &batch, 1, &(hu_hessian_options){.in_double = true, .weights = w}, NULL), HU_OK);
    for (size_t j = 0; j < 3; j++) {
        double unit[3] = {0}, column[3];
        unit[j] = 1;
        assert_int_equal(hu_hessian_product(&h, unit, column, NULL), HU_OK);
        for (size_t i = 0; i < 3; i++) {
            double want = 0;
            for (size_t k = 0; k < 3; k++) {
                double x[3] = {(double)features[2 * k], (double)features[2 * k + 1], 1}, z = w[0] * x[0] + w[1] * x[1] + w[2];
                double s = 1 / (1 + exp(-z));
                want += (curvature ? curvature[k] : s * (1 - s)) * x[i] * x[j] / 3;
            }
            assert_true(fabs(column[i] - want) < 1e-12);
        }
    }
    hu_hessian_clear(&h);
    hu_model_clear(&m);
}

static void known_hessians(void **state)
{
    (void)state;
    const double two[3] = {2, 2, 2};
    const uint8_t bits[3] = {1, 0, 1};
    check_hessian("mean_square", (hu_batch){.rows = 3, .positions = 1, .features = features, .values = features}, two);
    check_hessian("logistic", (hu_batch){.rows = 3, .positions = 1, .features = features, .targets = bits}, NULL);
}

static void refused_as(hu_graph *g, hu_layer layer, hu_status status, const char *text)
{
    hu_error err = {0};
    size_t n[] = {g->n_instructions, g->n_parameters, g->n_weights};
    assert_int_equal(hu_graph_add(g, &layer, &err), status);
    if (!strstr(err.text, text))
        fail_msg("'%s' does not say '%s'", err.text, text);
    assert_true(g->n_instructions == n[0] && g->n_parameters == n[1] && g->n_weights == n[2]);
}

static void what_does_not_fit(void **state)
{
    (void)state;
    hu_error err = {0};
    hu_graph *g = hu_graph_new("x");
    assert_int_equal(hu_graph_check(g, &err), HU_EINVAL);
    refused_as(g, (hu_layer){.operation = "gelu"}, HU_EINVAL, "tokens or features come first");
    refused_as(g, (hu_layer){.operation = "featurse"}, HU_ENAME, "did you mean 'features'?");
    refused_as(g, (hu_layer){.operation = "features"}, HU_EINVAL, "needs a size 'channels'");
    refused_as(g, (hu_layer){.operation = "features", .size = {{"channels", 2.5}}}, HU_ERANGE, "a whole number from 1 to 65536");
    refused_as(g, (hu_layer){.operation = "features", .size = {{"channels", NAN}}}, HU_ERANGE, "channels is nan");
    add(g, (hu_layer){.operation = "features", .name = "in", .size = {{"channels", 5}}});
    refused_as(g, (hu_layer){.operation = "features", .size = {{"channels", 5}}}, HU_EINVAL, "comes later than first");
    refused_as(g, (hu_layer){.operation = "linear", .size = {{"outs", 5}}}, HU_EINVAL, "it has out, bias");
    refused_as(g, (hu_layer){.operation = "swiglu"}, HU_ESHAPE, "an even number of channels, not 5");
    refused_as(g, (hu_layer){.operation = "attention"}, HU_ESHAPE, "5 channels are no multiple of 6");
    refused_as(g, (hu_layer){.operation = "embedding", .size = {{"width", 4}}}, HU_ESHAPE, "takes tokens");
    refused_as(g, (hu_layer){.operation = "plus", .from = {"in"}}, HU_EINVAL, "takes 2 results, not 1");
    refused_as(g, (hu_layer){.operation = "plus", .from = {"in", "inn"}}, HU_ENAME, "did you mean 'in'?");
    refused_as(g, (hu_layer){.operation = "gelu", .name = "in"}, HU_EINVAL, "two instructions are called 'in'");
    refused_as(g, (hu_layer){.operation = "linear", .share = "x", .size = {{"out", 5}}}, HU_ENAME, "no earlier parameter");
    refused_as(g, (hu_layer){.operation = "gelu", .share = "x"}, HU_EINVAL, "has no parameter");
    refused_as(g, (hu_layer){.operation = "linear", .deviation = NAN, .size = {{"out", 5}}}, HU_ERANGE, "deviation is nan");
    refused_as(g, (hu_layer){.operation = "linear", .rate = &(double){-1}, .size = {{"out", 5}}}, HU_ERANGE, "rate is -1");
    refused_as(g, (hu_layer){.operation = "linear", .rate = &(double){0}, .size = {{"out", 5}}}, HU_ERANGE, "rate is 0; it takes a number from 1e-18 to 1e6");
    refused_as(g, (hu_layer){.operation = "linear", .rate = &(double){NAN}, .size = {{"out", 5}}}, HU_ERANGE, "rate is nan");
    refused_as(g, (hu_layer){.operation = "rmsnorm", .rate = &(double){0.5}}, HU_EINVAL, "no matrix of its own");
    refused_as(g, (hu_layer){.operation = "gelu", .rate = &(double){0.5}}, HU_EINVAL, "no matrix of its own");
    refused_as(g, (hu_layer){.operation = "linear", .size = {{"out", 5}, {"multiplier", -1}}}, HU_ERANGE, "multiplier is -1");
    refused_as(g, (hu_layer){.operation = "linear", .size = {{"out", 5}, {"multiplier", 0}}}, HU_ERANGE, "multiplier is 0; it takes a number from 1e-18 to 1e+06");
    assert_int_equal(hu_graph_check(g, &err), HU_EINVAL);
    add(g, (hu_layer){.operation = "linear", .name = "a", .size = {{"out", 4}}});
    refused_as(g, (hu_layer){.operation = "plus", .from = {"in", "a"}}, HU_ESHAPE, "takes 'in' of 1 x 1 x 5 and 'a' of 1 x 1 x 4");
    refused_as(g, (hu_layer){.operation = "linear", .share = "a.weight", .size = {{"out", 5}}}, HU_ESHAPE, "is 4 by 5");
    refused_as(g, (hu_layer){.operation = "linear", .from = {"in"}, .share = "a.weight", .rate = &(double){0.5}, .size = {{"out", 4}}}, HU_EINVAL,
               "no matrix of its own");
    add(g, (hu_layer){.operation = "cross_entropy", .name = "loss"});
    refused_as(g, (hu_layer){.operation = "gelu"}, HU_ESHAPE, "which is a loss");
    refused_as(g, (hu_layer){.operation = "cross_entropy", .from = {"a"}}, HU_EINVAL, "a second loss");
    assert_int_equal(hu_graph_check(g, &err), HU_OK);
    hu_graph_free(g);
}

static void batches_are_checked(void **state)
{
    (void)state;
    hu_model m = model_of(mlp_graph(), 1);
    double loss;
    hu_error err = {0};
    assert_int_equal(hu_model_loss_f32(&m, &(hu_batch){.rows = 3, .positions = 5, .bytes = bytes, .targets = targets}, NULL, 0,
                                       &loss, NULL, &err), HU_ESHAPE);
    assert_string_equal(err.text, "mlp: needs features, 5 numbers an example");
    assert_int_equal(hu_model_loss_f32(&m, &(hu_batch){.rows = 3, .positions = 1, .features = features, .values = features}, NULL,
                                       0, &loss, NULL, &err), HU_EINVAL);
    const int32_t wrong[3] = {0, -1, 2};
    assert_int_equal(hu_model_loss_f32(&m, &(hu_batch){.rows = 3, .positions = 1, .features = features, .classes = wrong}, NULL, 0,
                                       &loss, NULL, &err), HU_ERANGE);
    hu_model_clear(&m);
    m = model_of(lm_graph(false), 1);
    assert_int_equal(hu_model_loss_f32(&m, &(hu_batch){.rows = 1, .positions = 6, .bytes = bytes, .targets = targets}, NULL, 0,
                                       &loss, NULL, &err), HU_ESHAPE);
    hu_model_clear(&m);
}

static void out_of_memory(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        hu_error err = {0};
        hu_model m = {0};
        double loss;
        hu_memory_fail_after(n);
        hu_graph *g = hu_graph_new("x");
        hu_status s = g ? HU_OK : HU_ENOMEM;
        hu_layer layers[] = {{.operation = "features", .size = {{"channels", 5}}},
                             {.operation = "linear", .size = {{"out", 3}}}, {.operation = "cross_entropy"}};
        for (int k = 0; k < 3 && !s; k++)
            s = hu_graph_add(g, &layers[k], &err);
        if (!s)
            s = hu_model_init_graph(&m, g, 1, &err);
        if (s)
            hu_graph_free(g);
        else
            s = hu_model_loss_f32(&m, &(hu_batch){.rows = 3, .positions = 1, .features = features, .targets = classes}, NULL, 0,
                                  &loss, m.gradient, &err);
        hu_memory_fail_after(-1);
        hu_model_clear(&m);
        if (!s)
            break;
        assert_int_equal(s, HU_ENOMEM);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("the mlp as a graph gives the bits of the mlp, under policies too", mlp_is_a_graph),
    CLAIM("the lm as a graph gives the bits of the lm", lm_is_a_graph),
    CLAIM("unfolding and pooling take the pixels that plain loops take", windows_by_loops),
    CLAIM("a scan is its recurrence", scan_by_loops),
    CLAIM("gates choose the largest, an expert without rows changes nothing, a balanced load costs its weight", gates_by_hand),
    CLAIM("an expert that is chosen counts, however small its weight", gates_of_no_weight),
    CLAIM("gradient and Hessian of whole graphs agree with differences to 1e-7", derivatives_of_graphs),
    CLAIM("a multiplier is one of the weights, in value and gradient", multipliers),
    CLAIM("and is applied after the operands were rounded, forward and backward", multipliers_after_rounding),
    CLAIM("the Hessians of linear and logistic regression are those of their formulas", known_hessians),
    CLAIM("an instruction that does not fit is refused in one line, and the graph stays as it was", what_does_not_fit),
    CLAIM("a batch of another kind is refused", batches_are_checked),
    CLAIM("out of memory is an error at every allocation", out_of_memory),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
