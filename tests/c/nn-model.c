/* nn-model.c - the whole models: gradients, precisions, threads, memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <omp.h>

#include "src/base/memory.h"
#include "src/nn/model.h"
#include "tests/lib/test.h"

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

static hu_model make(hu_model_config config)
{
    hu_model m;
    hu_error err = {0};
    if (hu_model_init(&m, config, &err))
        fail_msg("%s", err.text);
    return m;
}

static hu_batch batch_of(const hu_model *m)
{
    bool lm = m->config.kind == HU_MODEL_LM;
    return (hu_batch){.rows = 3, .positions = lm ? 5 : 1, .bytes = bytes, .features = features,
                      .targets = lm ? targets : classes};
}

static double loss_at(hu_model *m, const double *w, double *gradient)
{
    hu_batch batch = batch_of(m);
    hu_error err = {0};
    double loss;
    if (hu_model_loss_f64(m, w, &batch, NULL, 0, &loss, gradient, &err))
        fail_msg("%s", err.text);
    return loss;
}

/* Five-point differences at every weight. */
static void check_gradient(hu_model_config config)
{
    hu_model m = make(config);
    double *w = malloc(m.n_weights * sizeof *w), *g = malloc(m.n_weights * sizeof *g), worst = 0;
    for (size_t i = 0; i < m.n_weights; i++)
        w[i] = (double)m.weights[i];
    loss_at(&m, w, g);
    for (size_t i = 0; i < m.n_weights; i++) {
        const double h = 1e-3, at = w[i];
        double f[4];
        for (int j = 0; j < 4; j++) {
            w[i] = at + h * (j < 2 ? j - 2 : j - 1);
            f[j] = loss_at(&m, w, NULL);
        }
        w[i] = at;
        double want = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
        double error = fabs(g[i] - want) / fmax(fabs(want), 1e-3);
        worst = fmax(worst, error);
        if (!(error < 1e-6))
            fail_msg("weight %zu: backward %.12g, difference %.12g", i, g[i], want);
    }
    test_note("%zu weights, largest relative difference %.1e", m.n_weights, worst);
    free(w);
    free(g);
    hu_model_clear(&m);
}

static void lm_gradient(void **state)   { (void)state; check_gradient(small_lm); }
static void mlp_gradient(void **state)  { (void)state; check_gradient(small_mlp); }

static void tied_gradient(void **state)
{
    (void)state;
    hu_model_config tied = small_lm;
    tied.tied = true;
    tied.layers = 1;
    check_gradient(tied);
}

static void float_is_double(void **state)
{
    (void)state;
    const hu_model_config configs[] = {small_lm, small_mlp};
    for (int c = 0; c < 2; c++) {
        hu_model m = make(configs[c]);
        hu_batch batch = batch_of(&m);
        double *g = malloc(m.n_weights * sizeof *g), loss64 = loss_at(&m, NULL, g), loss32, error = 0, norm = 0;
        assert_int_equal(hu_model_loss_f32(&m, &batch, NULL, 0, &loss32, m.gradient, NULL), HU_OK);
        assert_true(fabs(loss32 - loss64) < 1e-6 * loss64);
        for (size_t i = 0; i < m.n_weights; i++) {
            error += (g[i] - (double)m.gradient[i]) * (g[i] - (double)m.gradient[i]);
            norm += g[i] * g[i];
        }
        assert_true(sqrt(error) < 3e-6 * sqrt(norm));
        free(g);
        hu_model_clear(&m);
    }
}

/* At a size at which the products are split into blocks. */
static void threads_change_nothing(void **state)
{
    (void)state;
    hu_model m = make((hu_model_config){.layers = 1, .heads = 2, .width = 64, .context = 128, .vocabulary = 256, .seed = 1});
    uint8_t text[8 * 128 + 1];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * i % 251);
    hu_batch batch = {.rows = 8, .positions = 128, .bytes = text, .targets = text + 1};
    hu_policy p = {0};
    assert_int_equal(hu_policy_parse(&p, "e5m2:sr", NULL), HU_OK);
    float *one = malloc(m.n_weights * sizeof *one), *three = malloc(m.n_weights * sizeof *three);
    double a, b;
    assert_int_equal(hu_model_loss_f32(&m, &batch, &p, 7, &a, one, NULL), HU_OK);
    hu_model_threads(&m, 3);
    assert_int_equal(hu_model_loss_f32(&m, &batch, &p, 7, &b, three, NULL), HU_OK);
    assert_true(a == b && memcmp(one, three, m.n_weights * sizeof *one) == 0);
    assert_int_equal(hu_model_loss_f32(&m, &batch, &p, 8, &b, three, NULL), HU_OK);
    assert_true(a != b);                       /* another step, other random words */
    free(one);
    free(three);
    hu_model_clear(&m);
}

/* Workers of a sweep rely on it: each has as many threads as OpenMP gives it, whatever ran before the fork. */
static void the_setting_stays(void **state)
{
    (void)state;
    hu_model m = make(small_lm);
    hu_batch batch = batch_of(&m);
    double loss;
    hu_threads_set(0);
    omp_set_num_threads(2);
    assert_int_equal(hu_model_loss_f32(&m, &batch, NULL, 0, &loss, NULL, NULL), HU_OK);
    omp_set_num_threads(1);
    assert_int_equal(hu_threads(), 1);
    hu_model_clear(&m);
}

static void last_logits(void **state)
{
    (void)state;
    hu_model m = make(small_lm);
    hu_batch batch = batch_of(&m);
    double y32[33], y64[33], prefix[11];
    assert_int_equal(hu_model_logits_f32(&m, &batch, NULL, 0, y32, NULL), HU_OK);
    assert_int_equal(hu_model_logits_f64(&m, NULL, &batch, NULL, 0, y64, NULL), HU_OK);
    for (int i = 0; i < 33; i++)
        assert_true(fabs(y32[i] - y64[i]) < 1e-5);
    double sum = 0, loss;                      /* the loss of the last position alone, from its logits */
    for (int i = 0; i < 11; i++)
        sum += exp(y64[22 + i]);
    hu_batch shorter = {.rows = 1, .positions = 5, .bytes = bytes + 10, .targets = targets + 10};
    hu_batch cut = {.rows = 1, .positions = 4, .bytes = bytes + 10, .targets = targets + 10};
    double five, four;
    assert_int_equal(hu_model_loss_f64(&m, NULL, &shorter, NULL, 0, &five, NULL, NULL), HU_OK);
    assert_int_equal(hu_model_loss_f64(&m, NULL, &cut, NULL, 0, &four, NULL, NULL), HU_OK);
    loss = log(sum) - y64[22 + targets[14]];
    assert_true(fabs(5 * five - 4 * four - loss) < 1e-12);   /* attention is causal */
    hu_batch one = {.rows = 1, .positions = 1, .bytes = bytes};
    assert_int_equal(hu_model_logits_f64(&m, NULL, &one, NULL, 0, prefix, NULL), HU_OK);
    hu_model_clear(&m);
}

static void bad_configurations(void **state)
{
    (void)state;
    hu_model m;
    hu_error err = {0};
    const hu_model_config bad[] = {
        {.layers = 0, .heads = 1, .width = 8, .context = 8, .vocabulary = 256},
        {.layers = 1, .heads = 3, .width = 8, .context = 8, .vocabulary = 256},
        {.layers = 1, .heads = 1, .width = 8, .context = 0, .vocabulary = 256},
        {.layers = 1, .heads = 1, .width = 8, .context = 8, .vocabulary = 257},
        {.kind = HU_MODEL_MLP, .layers = 1, .width = 8, .inputs = 0, .vocabulary = 2},
    };
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_int_equal(hu_model_init(&m, bad[i], &err), HU_EINVAL);
    m = make(small_lm);
    double loss;
    hu_batch batch = batch_of(&m);
    batch.positions = 6;
    assert_int_equal(hu_model_loss_f32(&m, &batch, NULL, 0, &loss, NULL, &err), HU_ESHAPE);
    batch = batch_of(&m);
    uint8_t large[15] = {12};
    batch.bytes = large;
    assert_int_equal(hu_model_loss_f32(&m, &batch, NULL, 0, &loss, NULL, &err), HU_ERANGE);
    assert_string_equal(err.text, "embedding: a byte of the text is not below the model's vocabulary");
    hu_model_clear(&m);
}

/* Every allocation fails once; then the call succeeds with the result it always has. */
/* Numbers of heads from a file, whose double is 0 in 64 bits, and weights that no memory holds. */
static void impossible_sizes(void **state)
{
    (void)state;
    hu_model m;
    hu_error err = {0};
    hu_model_config c = small_lm;
    c.heads = (size_t)1 << 63;
    assert_int_equal(hu_model_init(&m, c, &err), HU_EINVAL);
    c = (hu_model_config){.kind = HU_MODEL_LM, .layers = 256, .heads = 1, .width = 16384, .hidden = 65536, .context = 8,
                          .vocabulary = 256};
    assert_int_equal(hu_model_init(&m, c, &err), HU_ENOMEM);
}

static void out_of_memory(void **state)
{
    (void)state;
    hu_error err = {0};
    double loss = 0, want;
    long n = 0;
    for (hu_status status = HU_ENOMEM; status; n++) {
        hu_model m = {0};
        hu_memory_fail_after(n);
        status = hu_model_init(&m, small_lm, &err);
        hu_batch batch = {.rows = 3, .positions = 5, .bytes = bytes, .targets = targets};
        if (!status)
            status = hu_model_loss_f32(&m, &batch, NULL, 0, &loss, m.gradient, &err);
        hu_memory_fail_after(-1);
        assert_true(status == HU_OK || status == HU_ENOMEM);
        hu_model_clear(&m);
    }
    assert_true(n > 4);
    hu_model m = make(small_lm);
    hu_batch batch = batch_of(&m);
    assert_int_equal(hu_model_loss_f32(&m, &batch, NULL, 0, &want, m.gradient, NULL), HU_OK);
    assert_true(loss == want);
    hu_model_clear(&m);
}

static const struct CMUnitTest claims[] = {
    CLAIM("the gradient of the language model agrees with differences to 1e-6", lm_gradient),
    CLAIM("so does that of one whose head is its embedding", tied_gradient),
    CLAIM("so does that of the classifier", mlp_gradient),
    CLAIM("loss and gradient in float are those in double to float precision", float_is_double),
    CLAIM("three threads give the bits of one, stochastic rounding included", threads_change_nothing),
    CLAIM("a pass leaves the kernels' number of threads as it was set", the_setting_stays),
    CLAIM("logits are those of the last position, which sees all before it and nothing else", last_logits),
    CLAIM("configurations and batches that do not fit are refused", bad_configurations),
    CLAIM("sizes that overflow, or that no memory holds, are refused", impossible_sizes),
    CLAIM("running out of memory anywhere is an error and leaks nothing", out_of_memory),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
