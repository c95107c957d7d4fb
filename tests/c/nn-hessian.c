/* nn-hessian.c - Hessian-vector products of whole models: against differences of gradients, against the exact Hessian of
 * a logistic regression, and inside emulated arithmetic.
 */
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_sort_vector.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/analysis/lanczos.h"
#include "src/base/memory.h"
#include "src/nn/hessian.h"
#include "tests/lib/test.h"

enum { MOST = 20000 };

static const hu_model_config small_lm = {
    .kind = HU_MODEL_LM, .layers = 2, .heads = 2, .width = 12, .context = 5, .vocabulary = 11, .deviation = 0.3, .seed = 3,
};
static const hu_model_config small_mlp = {
    .kind = HU_MODEL_MLP, .layers = 2, .width = 7, .inputs = 5, .vocabulary = 3, .context = 1, .seed = 3,
};

static const uint8_t bytes[15]   = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 10};
static const uint8_t targets[15] = {1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 10, 0};
static const uint8_t classes[3]  = {0, 2, 1};
static const float features[15]  = {.3f, -1, .5f, 2, -.7f, 1, 0, .2f, -2, 1.5f, .1f, .9f, -.4f, .6f, -1};

static double w[MOST], u[MOST], v[MOST], hu_[MOST], hv[MOST], want[MOST];

static hu_model make(hu_model_config config)
{
    hu_model m;
    hu_error err = {0};
    if (hu_model_init(&m, config, &err))
        fail_msg("%s", err.text);
    assert_true(m.n_weights <= MOST);
    return m;
}

static hu_batch batch_of(const hu_model *m, size_t first, size_t rows)
{
    size_t positions = m->config.kind == HU_MODEL_LM ? 5 : 1;
    return (hu_batch){.rows = rows, .positions = positions, .bytes = bytes + first * positions,
                      .features = features + first * 5, .targets = (positions > 1 ? targets : classes) + first * positions};
}

static void fill(double *x, size_t n, uint64_t seed)
{
    test_random r = {seed};
    for (size_t i = 0; i < n; i++)
        x[i] = 2 * test_random_unit(&r) - 1;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static hu_hessian set_up(hu_model *m, const hu_batch *batches, size_t n, hu_hessian_options o)
{
    hu_hessian h;
    hu_error err = {0};
    if (hu_hessian_init(&h, m, batches, n, &o, &err))
        fail_msg("%s", err.text);
    return h;
}

static void product(hu_hessian *h, const double *x, double *out)
{
    hu_error err = {0};
    if (hu_hessian_product(h, x, out, &err))
        fail_msg("%s", err.text);
}

/* The derivative of the gradient along x: seven points. */
static void moved_gradient(hu_model *m, const hu_batch *batch, const double *x, double *out)
{
    static const double stencil[7] = {-1, 9, -45, 0, 45, -9, 1};
    static double near[MOST], g[MOST];
    const double h = 2e-4;
    memset(out, 0, m->n_weights * sizeof *out);
    for (int j = 0; j < 7; j++) {
        double loss;
        for (size_t i = 0; i < m->n_weights; i++)
            near[i] = (double)m->weights[i] + h * (j - 3) * x[i];
        assert_int_equal(hu_model_loss_f64(m, near, batch, NULL, 0, &loss, g, NULL), HU_OK);
        for (size_t i = 0; i < m->n_weights; i++)
            out[i] += stencil[j] * g[i] / (60 * h);
    }
}

/* |a - b| over |b| */
static double distance(const double *a, const double *b, size_t n)
{
    double d = 0, s = 0;
    for (size_t i = 0; i < n; i++)
        d += (a[i] - b[i]) * (a[i] - b[i]), s += b[i] * b[i];
    return sqrt(d / s);
}

static void whole_models(void **state)
{
    (void)state;
    const hu_model_config configs[] = {small_lm, small_mlp};
    for (int k = 0; k < 3; k++) {
        hu_model_config config = configs[k % 2];
        config.tied = k == 2;
        hu_model m = make(config);
        hu_batch batch = batch_of(&m, 0, 3);
        hu_hessian h = set_up(&m, &batch, 1, (hu_hessian_options){.in_double = true});
        assert_int_equal(h.n, m.n_weights);
        fill(u, h.n, 5), fill(v, h.n, 6);
        product(&h, u, hu_), product(&h, v, hv);
        moved_gradient(&m, &batch, u, want);
        double worst = 0, scale = sqrt(dot(want, want, h.n) / (double)h.n);
        for (size_t i = 0; i < h.n; i++)
            worst = fmax(worst, fabs(hu_[i] - want[i]) / fmax(fabs(want[i]), scale));
        test_note("model %d: largest relative difference %.1e", k, worst);
        assert_true(worst < 1e-7);
        assert_true(fabs(dot(v, hu_, h.n) - dot(u, hv, h.n)) < 1e-13 * fabs(dot(u, hu_, h.n)) + 1e-13);
        double loss;
        assert_int_equal(hu_model_loss_f64(&m, NULL, &batch, NULL, 0, &loss, want, NULL), HU_OK);
        assert_true(loss == h.loss);
        assert_memory_equal(want, h.gradient, h.n * sizeof *want);
        hu_hessian narrow = set_up(&m, &batch, 1, (hu_hessian_options){.in_double = false});
        product(&narrow, u, hv);
        assert_true(distance(hv, hu_, h.n) < 1e-5 && distance(hv, hu_, h.n) > 1e-9);
        hu_hessian_clear(&narrow);
        hu_hessian_clear(&h);
        hu_model_clear(&m);
    }
}

/* A block is the part of the whole; products in place, and after others, have the same bits. */
static void blocks(void **state)
{
    (void)state;
    hu_model m = make(small_lm);
    hu_batch batch = batch_of(&m, 0, 3);
    hu_hessian all = set_up(&m, &batch, 1, (hu_hessian_options){.in_double = true});
    for (size_t k = 0; k < m.n_parameters; k++) {
        bool moves[32] = {false};
        moves[k] = true;
        const hu_parameter *p = &m.parameters[k];
        hu_hessian h = set_up(&m, &batch, 1, (hu_hessian_options){.in_double = true, .moves = moves});
        assert_int_equal(h.n, p->rows * p->cols);
        fill(u, h.n, k);
        memset(v, 0, sizeof v);
        memcpy(v + p->first, u, h.n * sizeof *u);
        product(&all, v, hv);
        product(&h, u, hu_);
        assert_true(distance(hu_, hv + p->first, h.n) < 1e-14);
        assert_true(distance(h.gradient, all.gradient + p->first, h.n) < 1e-14);
        product(&h, v, want);
        memcpy(want, u, h.n * sizeof *u);
        product(&h, want, want);
        assert_memory_equal(want, hu_, h.n * sizeof *want);
        hu_hessian_clear(&h);
    }
    hu_hessian_clear(&all);
    hu_model_clear(&m);
}

static void several_batches(void **state)
{
    (void)state;
    hu_model m = make(small_mlp);
    hu_batch all = batch_of(&m, 0, 3), parts[2] = {batch_of(&m, 0, 1), batch_of(&m, 1, 2)};
    hu_hessian one = set_up(&m, &all, 1, (hu_hessian_options){.in_double = true});
    hu_hessian two = set_up(&m, parts, 2, (hu_hessian_options){.in_double = true});
    fill(u, one.n, 8);
    product(&one, u, hu_), product(&two, u, hv);
    assert_true(distance(hv, hu_, one.n) < 1e-14 && fabs(one.loss - two.loss) < 1e-15);
    assert_true(distance(two.gradient, one.gradient, one.n) < 1e-14);
    hu_hessian_clear(&one);
    hu_hessian_clear(&two);
    hu_model_clear(&m);
}

static hu_policy policy_of(const char *text)
{
    hu_policy p = {0};
    hu_error err = {0};
    if (hu_policy_parse(&p, text, &err))
        fail_msg("%s", err.text);
    return p;
}

static void threads(void **state)
{
    (void)state;
    hu_model_config config = small_lm;
    config.width = 16, config.context = 64, config.vocabulary = 20;
    static uint8_t text[64 * 8], next[64 * 8];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * i % 19), next[i] = (uint8_t)(i * 7 % 20);
    hu_batch batch = {.rows = 8, .positions = 64, .bytes = text, .targets = next};
    hu_policy p = policy_of("e4m3:sr");
    for (int rounds = 0; rounds < 2; rounds++)
        for (int threads_of = 1; threads_of <= 4; threads_of *= 2) {
            hu_model m = make(config);
            hu_model_threads(&m, threads_of);
            hu_hessian h = set_up(&m, &batch, 1, (hu_hessian_options){.policy = &p, .rounds_tangents = rounds});
            fill(u, h.n, 9);
            product(&h, u, threads_of == 1 ? want : hu_);
            if (threads_of > 1)
                assert_memory_equal(hu_, want, h.n * sizeof *want);
            hu_hessian_clear(&h);
            hu_model_clear(&m);
        }
}

/* Where the weights alone are quantized, forward and backward alike, the products are those of the exact Hessian at the
 * quantized weights. */
static void quantized_weights(void **state)
{
    (void)state;
    hu_model m = make(small_lm);
    hu_batch batch = batch_of(&m, 0, 3);
    hu_policy p = policy_of("e4m3"), none = {0};
    for (int k = HU_P1; k <= HU_P6; k++)
        if (k != HU_P2 && k != HU_P4)
            p.operand[k] = none.operand[k];
    for (size_t i = 0; i < m.n_weights; i++)
        w[i] = (double)m.weights[i];
    for (size_t k = 1; k < m.n_parameters; k++)           /* the embedding and the gains are no operands */
        if (m.parameters[k].decays)
            assert_int_equal(hu_policy_quantize_f64(&p, HU_P2, 0, 0, 0, w + m.parameters[k].first, w + m.parameters[k].first,
                                                    m.parameters[k].rows * m.parameters[k].cols, NULL), HU_OK);
    hu_hessian inside = set_up(&m, &batch, 1, (hu_hessian_options){.in_double = true, .policy = &p});
    hu_hessian at = set_up(&m, &batch, 1, (hu_hessian_options){.in_double = true, .weights = w});
    hu_hessian plain = set_up(&m, &batch, 1, (hu_hessian_options){.in_double = true});
    fill(u, at.n, 10);
    product(&inside, u, hu_), product(&at, u, hv), product(&plain, u, want);
    assert_true(distance(hu_, hv, at.n) < 1e-14);
    assert_true(distance(want, hv, at.n) > 1e-3);
    hu_hessian_clear(&inside);
    hu_hessian_clear(&at);
    hu_hessian_clear(&plain);
    hu_model_clear(&m);
}

/* ---- one linear layer, written out ---- */

enum { ROWS = 4, IN = 5, OUT = 3 };

/* c [m][n] += sum over k of a(i, k) b(k, j), with strides of both. */
static void add_product(double *c, const double *a, size_t ai, size_t ak, const double *b, size_t bk, size_t bj, size_t m,
                        size_t n, size_t k)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t l = 0; l < k; l++)
                c[i * n + j] += a[i * ai + l * ak] * b[l * bk + j * bj];
}

static void quantized(double *out, const double *in, size_t n, const char *format)
{
    hu_env env = hu_env_default();
    hu_error err = {0};
    assert_int_equal(hu_quantize_f64(out, in, n, hu_format_find(format, &err), &env, &err), HU_OK);
}

/* Six formats for six operands; tangents unrounded, and rounded by the same. F = sum of r y + y^2 / 2. */
static void linear_layer(void **state)
{
    (void)state;
    static const char *const formats[6] = {"e4m3", "e5m2", "e5m1", "e4m2", "e3m3", "e4m1"};
    double x[ROWS * IN], weight[OUT * IN], dx[ROWS * IN], dw[OUT * IN], gx[ROWS * IN], gw[OUT * IN];
    fill(x, ROWS * IN, 1), fill(weight, OUT * IN, 2), fill(dx, ROWS * IN, 3), fill(dw, OUT * IN, 4);
    hu_policy p = {0};
    hu_error err = {0};
    for (int k = 0; k < 6; k++)
        assert_int_equal(hu_quantizer_init(&p.operand[k], hu_format_find(formats[k], &err), NULL, HU_OVERFLOW_IEEE, &err), HU_OK);
    for (int rounds = 0; rounds < 2; rounds++) {
        hu_tape_f64 t;
        hu_tape_init_f64(&t, 1);
        t.policy = &p, t.tangents = true, t.rounds_tangents = rounds;
        hu_var_f64 *xv = hu_leaf_f64(&t, x, gx, ROWS, IN), *wv = hu_leaf_f64(&t, weight, gw, OUT, IN);
        double hx[ROWS * IN], hw[OUT * IN];
        hu_leaf_tangent_f64(xv, dx, hx), hu_leaf_tangent_f64(wv, dw, hw);
        hu_var_f64 *y = hu_linear_f64(&t, xv, wv, 0, false);
        double *dy = hu_gradient_f64(y);
        for (int i = 0; i < ROWS * OUT; i++)
            dy[i] = 0.1 * i - 0.5 + y->value[i];
        t.last->rule->backward(&t, t.last);
        assert_int_equal(hu_push_f64(&t, &err), HU_OK);
        memcpy(hu_gradient_tangent_f64(&t, y), y->tangent, ROWS * OUT * sizeof(double));
        assert_int_equal(hu_pull_f64(&t, &err), HU_OK);

        /* the operands and their tangents */
        const double *like[6] = {x, weight, dy, weight, dy, x};
        double at[6][ROWS * IN], moves[6][ROWS * IN], moved[ROWS * OUT] = {0}, mx[ROWS * IN] = {0}, mw[OUT * IN] = {0};
        const size_t n[6] = {ROWS * IN, OUT * IN, ROWS * OUT, OUT * IN, ROWS * OUT, ROWS * IN};
        for (int k = 0; k < 6; k++)
            quantized(at[k], like[k], n[k], formats[k]);
        for (int k = 0; k < 2; k++)
            memcpy(moves[k], k ? dw : dx, n[k] * sizeof(double));
        if (rounds)
            quantized(moves[0], dx, n[0], formats[0]), quantized(moves[1], dw, n[1], formats[1]);
        add_product(moved, moves[0], IN, 1, at[1], 1, IN, ROWS, OUT, IN);
        add_product(moved, at[0], IN, 1, moves[1], 1, IN, ROWS, OUT, IN);
        const double *from[6] = {dx, dw, moved, dw, moved, dx};
        for (int k = 2; k < 6; k++)
            rounds ? quantized(moves[k], from[k], n[k], formats[k]) : (void)memcpy(moves[k], from[k], n[k] * sizeof(double));
        add_product(mx, moves[2], OUT, 1, at[3], IN, 1, ROWS, IN, OUT);
        add_product(mx, at[2], OUT, 1, moves[3], IN, 1, ROWS, IN, OUT);
        add_product(mw, moves[4], 1, OUT, at[5], IN, 1, OUT, IN, ROWS);
        add_product(mw, at[4], 1, OUT, moves[5], IN, 1, OUT, IN, ROWS);
        assert_true(distance(y->tangent, moved, ROWS * OUT) < 1e-15);
        assert_true(distance(hx, mx, ROWS * IN) < 1e-15 && distance(hw, mw, OUT * IN) < 1e-15);
        hu_tape_clear_f64(&t);
    }
}

/* Products are symmetric in full precision, and where forward and backward products have the same operands; not where they have
 * not, or where tangents are rounded. Rounded tangents depend on the direction alone, stochastic ones on which product it is. */
static void emulated(void **state)
{
    (void)state;
    hu_model m = make(small_lm);
    hu_batch batch = batch_of(&m, 0, 3);
    hu_policy p = policy_of("e4m3:rz+sat"), random = policy_of("e4m3:sr+sat"), mixed = policy_of("mxfp8e4m3");
    hu_hessian_options o = {.in_double = true, .policy = &p};
    hu_hessian kept = set_up(&m, &batch, 1, o), full = set_up(&m, &batch, 1, (hu_hessian_options){.in_double = true});
    o.policy = &mixed;                                     /* blocks lie along the sums: P2 is not P4 */
    hu_hessian sided = set_up(&m, &batch, 1, o);
    o.policy = &p, o.rounds_tangents = true;
    hu_hessian rounded = set_up(&m, &batch, 1, o);
    o.policy = &random;
    hu_hessian drawn = set_up(&m, &batch, 1, o), again = set_up(&m, &batch, 1, o), third = set_up(&m, &batch, 1, o);
    hu_hessian *all[] = {&full, &kept, &sided, &rounded, &drawn, &again, &third};
    double difference[5];
    size_t n = full.n;
    fill(u, n, 11), fill(v, n, 12);
    for (int k = 0; k < 5; k++) {
        product(all[k], u, hu_), product(all[k], v, hv);
        difference[k] = fabs(dot(v, hu_, n) - dot(u, hv, n)) / sqrt(dot(hu_, hu_, n) * dot(v, v, n));
    }
    test_note("asymmetry: full %.1e, E4M3 %.1e, MXFP8 %.1e, rounded tangents %.1e, stochastic %.1e", difference[0],
              difference[1], difference[2], difference[3], difference[4]);
    assert_true(difference[0] < 1e-14 && difference[1] < 1e-14);
    assert_true(difference[2] > 1e-6 && difference[3] > 1e-6 && difference[4] > 1e-6);
    for (size_t i = 0; i < n; i++)
        v[i] = u[i] / 1024;
    product(&rounded, u, hu_), product(&rounded, v, hv), product(&kept, u, want);
    for (size_t i = 0; i < n; i++)
        assert_true(hv[i] == hu_[i] / 1024);
    assert_true(distance(hu_, want, n) > 1e-3);
    product(&drawn, u, hu_), product(&drawn, u, hv);
    assert_memory_not_equal(hu_, hv, n * sizeof *hv);
    product(&again, u, want), product(&again, v, want), product(&again, v, want), product(&again, u, want);
    for (int i = 0; i < 4; i++)
        product(&third, u, hv);
    assert_memory_equal(hv, want, n * sizeof *hv);         /* the fourth product of either */
    for (size_t k = 0; k < TEST_COUNT(all); k++)
        hu_hessian_clear(all[k]);
    hu_model_clear(&m);
}

/* ---- logistic regression: the exact Hessian ---- */

enum { EXAMPLES = 40, INPUTS = 6, CLASSES = 3, WEIGHTS = CLASSES * (INPUTS + 1) };

static hu_model regression(void)
{
    hu_error err = {0};
    hu_graph *g = hu_graph_new("logistic");
    hu_layer layers[] = {{.operation = "features", .size = {{"channels", INPUTS}}},
                         {.operation = "linear", .name = "head", .size = {{"out", CLASSES}}},
                         {.operation = "cross_entropy"}};
    for (int i = 0; i < 3; i++)
        assert_int_equal(hu_graph_add(g, &layers[i], &err), HU_OK);
    hu_model m;
    assert_int_equal(hu_model_init_graph(&m, g, 5, &err), HU_OK);
    assert_int_equal(m.n_weights, WEIGHTS);
    return m;
}

/* mean over examples of (diag(p) - p p^T) x x^T, the bias being the weight of a further input that is 1. */
static void exact_hessian(const hu_model *m, const float *x, double h[WEIGHTS][WEIGHTS])
{
    memset(h, 0, sizeof(double[WEIGHTS][WEIGHTS]));
    for (size_t e = 0; e < EXAMPLES; e++) {
        double p[CLASSES], sum = 0, input[INPUTS + 1];
        for (size_t i = 0; i <= INPUTS; i++)
            input[i] = i < INPUTS ? (double)x[e * INPUTS + i] : 1;
        for (size_t c = 0; c < CLASSES; c++) {
            p[c] = (double)m->weights[CLASSES * INPUTS + c];
            for (size_t i = 0; i < INPUTS; i++)
                p[c] += (double)m->weights[c * INPUTS + i] * input[i];
            p[c] = exp(p[c]);
            sum += p[c];
        }
        for (size_t a = 0; a < WEIGHTS; a++)
            for (size_t b = 0; b < WEIGHTS; b++) {
                size_t ca = a < CLASSES * INPUTS ? a / INPUTS : a - CLASSES * INPUTS;
                size_t cb = b < CLASSES * INPUTS ? b / INPUTS : b - CLASSES * INPUTS;
                double ia = input[a < CLASSES * INPUTS ? a % INPUTS : INPUTS], ib = input[b < CLASSES * INPUTS ? b % INPUTS : INPUTS];
                h[a][b] += (p[ca] / sum * (ca == cb) - p[ca] * p[cb] / sum / sum) * ia * ib / EXAMPLES;
            }
    }
}

static void logistic_regression(void **state)
{
    (void)state;
    static double h[WEIGHTS][WEIGHTS];
    float x[EXAMPLES * INPUTS];
    uint8_t class[EXAMPLES];
    test_random r = {3};
    for (size_t i = 0; i < EXAMPLES * INPUTS; i++)
        x[i] = (float)(4 * test_random_unit(&r) - 2);
    for (size_t i = 0; i < EXAMPLES; i++)
        class[i] = (uint8_t)test_random_below(&r, CLASSES);
    hu_model m = regression();
    hu_batch batch = {.rows = EXAMPLES, .positions = 1, .features = x, .targets = class};
    exact_hessian(&m, x, h);
    double exact[WEIGHTS], trace = 0;
    for (size_t i = 0; i < WEIGHTS; i++)
        trace += h[i][i];
    gsl_matrix_view matrix = gsl_matrix_view_array(&h[0][0], WEIGHTS, WEIGHTS);
    gsl_vector_view values = gsl_vector_view_array(exact, WEIGHTS);
    gsl_eigen_symm_workspace *room = gsl_eigen_symm_alloc(WEIGHTS);
    assert_int_equal(gsl_eigen_symm(&matrix.matrix, &values.vector, room), 0);
    gsl_eigen_symm_free(room);
    gsl_sort_vector(&values.vector);

    hu_hessian hessian = set_up(&m, &batch, 1, (hu_hessian_options){.in_double = true});
    double top, residual;
    hu_eigen e;
    hu_eigen_options o = hu_eigen_default();
    assert_int_equal(hu_eigen_lanczos(&e, &top, &residual, NULL, 1, WEIGHTS, hu_hessian_apply, &hessian, &o, NULL), HU_OK);
    test_note("top eigenvalue %.12g, exact %.12g", top, exact[WEIGHTS - 1]);
    assert_true(e.converged && fabs(top / exact[WEIGHTS - 1] - 1) < 1e-6);
    hu_trace t;
    hu_trace_options samples = {.samples = 3 * WEIGHTS, .seed = 1};
    assert_int_equal(hu_trace_hutch(&t, WEIGHTS, hu_hessian_apply, &hessian, &samples, NULL), HU_OK);
    test_note("trace %.12g, exact %.12g", t.trace, trace);
    assert_true(fabs(t.trace / trace - 1) < 1e-6);
    samples.samples = 2000;
    assert_int_equal(hu_trace_hutchinson(&t, WEIGHTS, hu_hessian_apply, &hessian, &samples, NULL), HU_OK);
    assert_true(fabs(t.trace - trace) < 3 * t.error);
    hu_lanczos l;
    double theta[WEIGHTS], y[WEIGHTS * WEIGHTS], worst = 0;
    assert_int_equal(hu_lanczos_init(&l, WEIGHTS, WEIGHTS, NULL, 1, NULL), HU_OK);
    assert_int_equal(hu_lanczos_run(&l, WEIGHTS, hu_hessian_apply, &hessian, NULL), HU_OK);
    assert_int_equal(hu_lanczos_ritz(&l, theta, y, NULL), HU_OK);
    for (size_t i = 0; i < WEIGHTS; i++)
        worst = fmax(worst, fabs(theta[i] - exact[i]) / exact[WEIGHTS - 1]);
    test_note("the whole spectrum: largest difference %.1e of the top eigenvalue", worst);
    assert_true(worst < 1e-6);
    hu_lanczos_clear(&l);
    hu_hessian_clear(&hessian);
    hu_model_clear(&m);
}

static void refusals(void **state)
{
    (void)state;
    hu_model m = make(small_mlp);
    hu_batch batch = batch_of(&m, 0, 3), without = batch, empty = batch;
    hu_hessian_options all = {0}, none = {.moves = (bool[32]){false}};
    hu_hessian h;
    hu_error err = {0};
    without.targets = NULL, empty.rows = 0;
    assert_int_equal(hu_hessian_init(&h, &m, NULL, 0, &all, &err), HU_EINVAL);
    assert_int_equal(hu_hessian_init(&h, &m, &without, 1, &all, &err), HU_EINVAL);
    assert_int_equal(hu_hessian_init(&h, &m, &empty, 1, &all, &err), HU_EINVAL);
    assert_int_equal(hu_hessian_init(&h, &m, &batch, 1, &none, &err), HU_EINVAL);
    assert_string_equal(err.text, "hessian: no parameter moves");
    h = set_up(&m, &batch, 1, all);
    assert_int_equal(hu_hessian_apply(&h, u, v, h.n + 1, &err), HU_ESHAPE);
    hu_hessian_clear(&h);

    hu_tape_f64 t;
    hu_tape_init_f64(&t, 1);
    double x[1] = {1}, g[1];
    hu_var_f64 *out = hu_gelu_f64(&t, hu_leaf_f64(&t, x, g, 1, 1));
    assert_int_equal(hu_backward_f64(&t, out, &err), HU_OK);
    assert_int_equal(hu_tangents_f64(&t, out, &err), HU_EINVAL);       /* it was not told before */
    hu_rule_f64 plain = *t.last->rule;
    plain.pull = NULL;
    t.tangents = true;
    assert_int_equal(hu_backward_f64(&t, out, &err), HU_OK);
    t.last->rule = &plain;
    assert_int_equal(hu_tangents_f64(&t, out, &err), HU_EINVAL);
    assert_string_equal(err.text, "tangents: the operation gelu has none");
    hu_tape_clear_f64(&t);
    hu_model_clear(&m);
}

static void memory(void **state)
{
    (void)state;
    hu_model m = make(small_mlp);
    hu_batch batches[2] = {batch_of(&m, 0, 1), batch_of(&m, 1, 2)};
    hu_hessian_options o = {.in_double = true};
    fill(u, m.n_weights, 4);
    hu_status status = HU_ENOMEM;
    long n = 0;
    for (; n < 200 && status; n++) {
        hu_hessian h;
        hu_memory_fail_after(n);
        status = hu_hessian_init(&h, &m, batches, 2, &o, NULL);
        if (!status) {
            status = hu_hessian_product(&h, u, v, NULL);
            hu_hessian_clear(&h);
        }
        hu_memory_fail_after(-1);
        assert_true(status == HU_OK || status == HU_ENOMEM);
    }
    assert_true(n > 8 && n < 200);
    hu_model_clear(&m);
}

static const struct CMUnitTest claims[] = {
    CLAIM("products of whole models agree with differences of gradients to 1e-7, and are symmetric", whole_models),
    CLAIM("the Hessian of one parameter is a block of the whole", blocks),
    CLAIM("several batches give the mean over their targets", several_batches),
    CLAIM("the same bits at 1, 2 and 4 threads", threads),
    CLAIM("quantized weights: the exact Hessian there", quantized_weights),
    CLAIM("a linear layer's tangents are those of its six operands, rounded or not", linear_layer),
    CLAIM("inside emulated arithmetic products are not symmetric, and stochastic ones are drawn anew", emulated),
    CLAIM("logistic regression: top eigenvalue, trace and spectrum of the exact Hessian to 1e-6", logistic_regression),
    CLAIM("impossible requests are refused", refusals),
    CLAIM("running out of memory anywhere is an error and leaks nothing", memory),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
