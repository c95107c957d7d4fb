/* bench-plain.c - the plain trainer that training is held against does the same work: gradients, losses and weights agree with ours.
 *
 * The two share no code that computes: what is wrong in one of them shows.
 */
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/cli/bench-plain.h"
#include "tests/lib/test.h"

typedef struct pair {
    hu_text    text;
    hu_model   model;
    hu_trainer trainer;
    hu_plain   plain;
} pair;

static const hu_model_config small = {.kind = HU_MODEL_LM, .layers = 2, .heads = 3, .width = 24, .context = 20, .vocabulary = 256,
                                      .deviation = 0.3, .seed = 5};

/* A deviation of 0.3 and gains that differ make every term of a gradient count; with the usual 0.02 the attention is nearly uniform. */
static void begin(pair *p, hu_model_config config, double clip, int threads)
{
    hu_train_config c = hu_train_default();
    hu_markov source = {.alphabet = 16, .order = 1, .spread = 2, .seed = 2, .n_train = 5000, .n_heldout = 500};
    c.batch = 2, c.clip = clip;
    c.schedule = (hu_schedule){.rate = 3e-3, .least = 1e-3, .warmup = 2, .steps = 20};
    assert_int_equal(hu_text_markov(&p->text, source, NULL), HU_OK);
    assert_int_equal(hu_model_init(&p->model, config, NULL), HU_OK);
    for (size_t k = 0; k < p->model.n_parameters; k++)
        for (size_t i = 0; !p->model.parameters[k].decays && i < p->model.parameters[k].cols; i++)
            p->model.weights[p->model.parameters[k].first + i] += 0.3f * sinf((float)(7 * k + i));
    hu_model_threads(&p->model, threads);
    assert_int_equal(hu_trainer_init(&p->trainer, &p->model, &p->text, c, NULL), HU_OK);
    assert_int_equal(hu_plain_init(&p->plain, &p->trainer, threads, NULL), HU_OK);
}

static void end(pair *p)
{
    hu_plain_clear(&p->plain);
    hu_trainer_clear(&p->trainer);
    hu_model_clear(&p->model);
    hu_text_clear(&p->text);
}

/* |a - b| / |b| of one parameter. */
static double distance(const hu_parameter *p, const float *a, const double *b)
{
    double off = 0, all = 0;
    for (size_t i = p->first; i < p->first + p->rows * p->cols; i++) {
        double d = (double)a[i] - b[i];
        off += d * d, all += b[i] * b[i];
    }
    assert_true(all > 0);
    return sqrt(off / all);
}

/* Each operation rounds to 24 bits, 6e-8; sums of up to 256 products and some twenty operations one after the other make of that some 1e-6 of a
 * gradient, in ours as in the plain one's. A term that is missing or wrong is 1e-3 and more. */
static void gradients(void **state)
{
    (void)state;
    pair p;
    begin(&p, small, 1, 2);
    const size_t n = 2 * small.context;
    uint8_t bytes[2 * 2 * 20];
    double loss, worst = 0, worst_of_ours = 0, *truth = hu_malloc(p.model.n_weights * sizeof *truth);
    assert_non_null(truth);
    assert_int_equal(hu_text_batch(&p.text, 1, 0, 2, small.context, bytes, bytes + n, NULL), HU_OK);
    hu_batch batch = {.rows = 2, .positions = small.context, .bytes = bytes, .targets = bytes + n};
    assert_int_equal(hu_model_loss_f64(&p.model, NULL, &batch, NULL, 0, &loss, truth, NULL), HU_OK);
    assert_true(fabs(hu_plain_pass(&p.plain, bytes, bytes + n) - loss) < 1e-6 * loss);
    assert_int_equal(hu_model_loss_f32(&p.model, &batch, NULL, 0, &loss, p.model.gradient, NULL), HU_OK);
    for (size_t k = 0; k < p.model.n_parameters; k++) {
        double d = distance(&p.model.parameters[k], p.plain.g, truth), ours = distance(&p.model.parameters[k], p.model.gradient, truth);
        worst = fmax(worst, d), worst_of_ours = fmax(worst_of_ours, ours);
        if (!(d < 2e-5 && ours < 2e-5))
            fail_msg("%s: %g and, ours, %g of its gradient in double", p.model.parameters[k].name, d, ours);
    }
    test_note("gradients differ by at most %.2g (ours by %.2g) of their length from those in double", worst, worst_of_ours);
    hu_free(truth);
    end(&p);
}

/* AdamW divides by the root of the squares: where a gradient is nothing but rounding, a weight moves by up to the rate in either direction. What that
 * does to the loss is second order; weights as a whole stay together. */
static void steps_with(double clip, int threads)
{
    pair p;
    double worst = 0, worst_weights = 0;
    begin(&p, small, clip, threads);
    double *ours = hu_malloc(p.model.n_weights * sizeof *ours);
    assert_non_null(ours);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(hu_trainer_step(&p.trainer, NULL), HU_OK);
        assert_int_equal(hu_plain_step(&p.plain, NULL), HU_OK);
        double off = fabs(p.plain.loss / p.trainer.loss - 1);
        worst = fmax(worst, off);
        if (!(off < 1e-5))
            fail_msg("step %d: loss %.8g, ours %.8g", i, p.plain.loss, p.trainer.loss);
    }
    for (size_t i = 0; i < p.model.n_weights; i++)
        ours[i] = (double)p.model.weights[i];
    for (size_t k = 0; k < p.model.n_parameters; k++) {
        double d = distance(&p.model.parameters[k], p.plain.w, ours);
        worst_weights = fmax(worst_weights, d);
        if (!(d < 1e-5))
            fail_msg("%s: weights differ by %g", p.model.parameters[k].name, d);
    }
    test_note("losses of 12 steps differ by at most %.2g, the weights then by %.2g", worst, worst_weights);
    hu_free(ours);
    end(&p);
}

static void steps(void **state)
{
    (void)state;
    steps_with(0.1, 1);       /* clipped in every step */
    steps_with(0, 2);
}

static void same_bits(void **state)
{
    (void)state;
    pair p, q;
    begin(&p, small, 1, 1);
    begin(&q, small, 1, 2);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(hu_plain_step(&p.plain, NULL), HU_OK);
        assert_int_equal(hu_plain_step(&q.plain, NULL), HU_OK);
    }
    assert_memory_equal(p.plain.w, q.plain.w, p.model.n_weights * sizeof *p.plain.w);
    end(&p), end(&q);
}

/* Optimizations that change values, where the linker sees them, make a program flush its subnormals from the start. */
static void keeps_subnormals(void **state)
{
    (void)state;
    volatile float tiny = 0x1p-126f, half = 0.5f;
    assert_true(tiny * half > 0);
    pair p;
    begin(&p, small, 1, 2);
    assert_int_equal(hu_plain_step(&p.plain, NULL), HU_OK);
    assert_true(tiny * half > 0);
    end(&p);
}

static void refuses(void **state)
{
    (void)state;
    const hu_model_config wrong[] = {
        {.kind = HU_MODEL_LM, .layers = 1, .heads = 1, .width = 8, .context = 7, .vocabulary = 256},
        {.kind = HU_MODEL_LM, .layers = 1, .heads = 1, .width = 8, .context = 8, .vocabulary = 255},
        {.kind = HU_MODEL_LM, .layers = 1, .heads = 1, .width = 8, .context = 8, .vocabulary = 256, .tied = true},
        {.kind = HU_MODEL_LM, .layers = 1, .heads = 1, .width = 8, .context = 8, .vocabulary = 256, .units = true},
        {.kind = HU_MODEL_MLP, .layers = 1, .width = 8, .inputs = 8, .vocabulary = 8},
    };
    for (size_t i = 0; i < TEST_COUNT(wrong); i++) {
        hu_model m;
        hu_plain p;
        assert_int_equal(hu_model_init(&m, wrong[i], NULL), HU_OK);
        const hu_trainer t = {.model = &m, .config = {.batch = 2}};
        assert_int_equal(hu_plain_init(&p, &t, 1, NULL), HU_EINVAL);
        hu_plain_clear(&p);
        hu_model_clear(&m);
    }
}

static void out_of_memory(void **state)
{
    (void)state;
    hu_model m;
    hu_plain p;
    long n = 0;
    assert_int_equal(hu_model_init(&m, small, NULL), HU_OK);
    const hu_trainer t = {.model = &m, .config = {.batch = 2}};
    hu_status status;
    do {
        hu_memory_fail_after(n++);
        status = hu_plain_init(&p, &t, 1, NULL);
        hu_memory_fail_after(-1);
        assert_true(status == HU_OK || status == HU_ENOMEM);
        hu_plain_clear(&p);
    } while (status);
    assert_true(n > 1);
    hu_model_clear(&m);
}

static const struct CMUnitTest claims[] = {
    CLAIM("the plain trainer's gradients are those of our passes in double, every parameter's", gradients),
    CLAIM("from the same weights and bytes, both have the same losses and weights over AdamW's steps", steps),
    CLAIM("its results do not depend on the threads", same_bits),
    CLAIM("it leaves the processor's subnormals alone", keeps_subnormals),
    CLAIM("a model that it does not know is refused", refuses),
    CLAIM("it says when it is out of memory, wherever that happens", out_of_memory),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
