/* nn-train.c - optimizer, schedule, clipping, determinism, checkpoints; texts and their entropies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/memory.h"
#include "src/kernel/lanes.h"
#include "src/nn/train.h"
#include "src/ops/ops.h"
#include "tests/lib/test.h"

static void adamw_formula(void **state)
{
    (void)state;
    const hu_adamw a = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-6, .decay = 0.1};
    float w[2] = {1, -2}, m[2] = {0}, v[2] = {0};
    double ww[2] = {1, -2}, mm[2] = {0}, vv[2] = {0};
    for (uint64_t t = 1; t <= 20; t++) {
        float g[2] = {sinf((float)t), 0.01f * (float)t};
        hu_adamw_step(&a, w, m, v, g, 2, 0.01, a.decay, 0.5, t);
        for (int i = 0; i < 2; i++) {
            double gg = 0.5 * (double)g[i];
            mm[i] = 0.9 * mm[i] + 0.1 * gg;
            vv[i] = 0.99 * vv[i] + 0.01 * gg * gg;
            double mhat = mm[i] / (1 - pow(0.9, (double)t)), vhat = vv[i] / (1 - pow(0.99, (double)t));
            ww[i] -= 0.01 * (mhat / (sqrt(vhat) + 1e-6) + 0.1 * ww[i]);
            assert_true(fabs(ww[i] - (double)w[i]) < 1e-6);
        }
    }
}

static void schedule(void **state)
{
    (void)state;
    const hu_schedule s = {.rate = 1, .least = 0.1, .warmup = 4, .steps = 14};
    const double want[] = {0.25, 0.5, 0.75, 1, 1};
    for (uint64_t t = 0; t < 5; t++)
        assert_true(fabs(hu_schedule_at(&s, t) - want[t]) < 1e-12);
    assert_true(fabs(hu_schedule_at(&s, 9) - 0.55) < 1e-12);     /* half way down */
    assert_true(hu_schedule_at(&s, 14) == 0.1 && hu_schedule_at(&s, 1000) == 0.1);
    for (uint64_t t = 4; t < 14; t++)
        assert_true(hu_schedule_at(&s, t + 1) < hu_schedule_at(&s, t));
    const hu_schedule constant = {.rate = 2};
    assert_true(hu_schedule_at(&constant, 0) == 2 && hu_schedule_at(&constant, 1000000) == 2);
}

static hu_model tiny_model(void)
{
    hu_model m;
    hu_model_config c = {.layers = 1, .heads = 2, .width = 16, .context = 16, .vocabulary = 256, .seed = 4};
    assert_int_equal(hu_model_init(&m, c, NULL), HU_OK);
    return m;
}

static hu_text tiny_text(void)
{
    hu_text t;
    hu_markov source = {.alphabet = 4, .order = 1, .spread = 2, .seed = 2, .n_train = 5000, .n_heldout = 500};
    assert_int_equal(hu_text_markov(&t, source, NULL), HU_OK);
    return t;
}

/* A word for the operands; and after a space the format of every sum. */
static void read_policy(hu_policy *p, const char *policy)
{
    char word[64];
    const char *sums = strchr(policy, ' ');
    snprintf(word, sizeof word, "%.*s", (int)strcspn(policy, " "), policy);
    assert_int_equal(hu_policy_parse(p, word, NULL), HU_OK);
    for (int role = 0; sums && role < HU_GEMM_COUNT; role++)
        p->accumulator[role].sum = hu_format_find(sums + 1, NULL);
    assert_true(!sums || p->accumulator[0].sum);
}

static hu_train_config tiny_config(const char *policy)
{
    hu_train_config c = hu_train_default();
    c.batch = 4;
    c.schedule = (hu_schedule){.rate = 1e-2, .least = 1e-3, .warmup = 2, .steps = 20};
    c.policy.seed = 6;
    read_policy(&c.policy, policy);
    return c;
}

static void run(hu_trainer *t, int steps)
{
    hu_error err = {0};
    for (int i = 0; i < steps; i++)
        if (hu_trainer_step(t, &err))
            fail_msg("%s", err.text);
}

static bool same_weights(const hu_model *a, const hu_model *b)
{
    return memcmp(a->weights, b->weights, a->n_weights * sizeof *a->weights) == 0;
}

static const char *const policies[] = {"fp32", "e8m3:rz+sat", "e5m2:sr", "fp32 e8m7", "e4m3fn/e5m2@tensor e8m10", "e5m2:sr e5m10"};

static void reproducible(void **state)
{
    (void)state;
    hu_text text = tiny_text();
    for (size_t p = 0; p < TEST_COUNT(policies); p++) {
        hu_model a = tiny_model(), b = tiny_model();
        hu_trainer ta, tb;
        hu_train_config c = tiny_config(policies[p]);
        assert_int_equal(hu_trainer_init(&ta, &a, &text, c, NULL), HU_OK);
        assert_int_equal(hu_trainer_init(&tb, &b, &text, c, NULL), HU_OK);
        hu_model_threads(&b, 2);
        run(&ta, 8);
        run(&tb, 8);
        assert_true(same_weights(&a, &b) && ta.loss == tb.loss);
        tb.config.seed++;
        run(&ta, 1);
        run(&tb, 1);
        assert_false(same_weights(&a, &b));
        hu_trainer_clear(&ta), hu_trainer_clear(&tb);
        hu_model_clear(&a), hu_model_clear(&b);
    }
    hu_text_clear(&text);
}

/* What a few steps leave, with so many threads and the inner loops of that table. */
static hu_model trained(const char *policy, const hu_text *text, int threads, const hu_lanes *lanes)
{
    hu_model_config c = {.layers = 2, .heads = 2, .width = 32, .context = 32, .vocabulary = 256, .seed = 4};
    hu_model m;
    hu_trainer t;
    hu_lanes_use(lanes);
    assert_int_equal(hu_model_init(&m, c, NULL), HU_OK);
    hu_model_threads(&m, threads);
    assert_int_equal(hu_trainer_init(&t, &m, text, tiny_config(policy), NULL), HU_OK);
    run(&t, 4);
    hu_trainer_clear(&t);
    hu_lanes_use(NULL);
    return m;
}

static void everywhere(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 4};
    hu_text text = tiny_text();
    int n = 0;
    for (size_t p = 0; p < TEST_COUNT(policies); p++) {
        hu_model first = trained(policies[p], &text, 1, NULL);
        for (int l = 0; hu_lanes_at(l); l++)
            for (size_t k = 0; k < TEST_COUNT(threads); k++, n++) {
                hu_model m = trained(policies[p], &text, threads[k], hu_lanes_at(l));
                if (!same_weights(&first, &m))
                    fail_msg("%s: other bits with %d threads and %s", policies[p], threads[k], hu_lanes_at(l)->name);
                hu_model_clear(&m);
            }
        hu_model_clear(&first);
    }
    hu_text_clear(&text);
    test_note("%d trainings", n);
}

static void resumes(void **state)
{
    (void)state;
    char path[] = "/tmp/nn-train.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    hu_text text = tiny_text();
    for (size_t p = 0; p < TEST_COUNT(policies); p++) {
        hu_model a = tiny_model(), b = tiny_model(), loaded;
        hu_trainer ta, tb;
        hu_train_config c = tiny_config(policies[p]);
        hu_error err = {0};
        assert_int_equal(hu_trainer_init(&ta, &a, &text, c, NULL), HU_OK);
        assert_int_equal(hu_trainer_init(&tb, &b, &text, c, NULL), HU_OK);
        run(&ta, 7);
        if (hu_checkpoint_save(&a, &ta, path, &err) || hu_checkpoint_resume(&tb, path, &err) ||
            hu_checkpoint_load(&loaded, path, &err))
            fail_msg("%s", err.text);
        assert_true(tb.step == 7 && same_weights(&a, &loaded));
        run(&ta, 7);
        run(&tb, 7);
        assert_true(same_weights(&a, &b) && ta.loss == tb.loss);
        assert_false(same_weights(&a, &loaded));
        hu_trainer_clear(&ta), hu_trainer_clear(&tb);
        hu_model_clear(&a), hu_model_clear(&b), hu_model_clear(&loaded);
    }
    hu_text_clear(&text);
    unlink(path);
}

static void bad_checkpoints(void **state)
{
    (void)state;
    hu_model m = tiny_model(), other;
    hu_error err = {0};
    assert_int_equal(hu_checkpoint_load(&other, "/nonexistent/file", &err), HU_EIO);
    assert_int_equal(hu_checkpoint_load(&other, test_file("README.md"), &err), HU_EPARSE);
    assert_int_equal(hu_checkpoint_save(&m, NULL, "/nonexistent/file", &err), HU_EIO);
    char path[] = "/tmp/nn-train.XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    assert_int_equal(hu_checkpoint_save(&m, NULL, path, &err), HU_OK);
    hu_trainer t;
    assert_int_equal(hu_trainer_init(&t, &m, NULL, hu_train_default(), &err), HU_OK);
    assert_int_equal(hu_checkpoint_resume(&t, path, &err), HU_EINVAL);    /* no moments in it */
    /* a byte that is another one, anywhere, is told */
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    for (long at = 22; at < info.st_size; at += 1 + info.st_size / 97) {
        FILE *file = fopen(path, "r+b");
        assert_true(file && fseek(file, at, SEEK_SET) == 0);
        int was = fgetc(file);
        assert_true(fseek(file, at, SEEK_SET) == 0 && fputc(was ^ 1, file) != EOF && fclose(file) == 0);
        assert_int_equal(hu_checkpoint_load(&other, path, &err), HU_EPARSE);
        assert_int_equal(hu_checkpoint_read(&m, path, &err), HU_EPARSE);
        file = fopen(path, "r+b");
        assert_true(file && fseek(file, at, SEEK_SET) == 0 && fputc(was, file) != EOF && fclose(file) == 0);
    }
    assert_non_null(strstr(err.text, "is damaged"));
    assert_int_equal(hu_checkpoint_load(&other, path, &err), HU_OK);
    hu_model_clear(&other);
    /* files of version 2 end without a digest */
    FILE *file = fopen(path, "r+b");
    assert_true(file && fseek(file, 19, SEEK_SET) == 0 && fputc('2', file) == '2' && fclose(file) == 0);
    assert_int_equal(truncate(path, info.st_size - 72), 0);
    assert_int_equal(hu_checkpoint_load(&other, path, &err), HU_OK);
    assert_true(same_weights(&m, &other));
    hu_model_clear(&other);
    assert_int_equal(hu_checkpoint_save(&m, NULL, path, &err), HU_OK);
    assert_int_equal(truncate(path, 2000), 0);
    assert_int_equal(hu_checkpoint_load(&other, path, &err), HU_EPARSE);
    unlink(path);
    hu_trainer_clear(&t);
    hu_model_clear(&m);
}

/* A clipped step with a large gradient is the step with the gradient scaled down. */
static void clipping(void **state)
{
    (void)state;
    hu_text text = tiny_text();
    hu_model a = tiny_model(), b = tiny_model();
    hu_trainer ta, tb;
    hu_train_config c = tiny_config("fp32");
    c.adamw.epsilon = 1;                      /* so that the size of the gradient matters */
    c.clip = 0.25;
    assert_int_equal(hu_trainer_init(&ta, &a, &text, c, NULL), HU_OK);
    c.clip = 0;
    assert_int_equal(hu_trainer_init(&tb, &b, &text, c, NULL), HU_OK);
    run(&ta, 1);
    run(&tb, 1);
    assert_true(ta.norm > 0.25 && ta.norm == tb.norm);
    assert_false(same_weights(&a, &b));
    assert_true(fabs(hu_norm(ta.states[0], a.n_weights) - 0.1 * 0.25) < 1e-6);   /* m = (1 - beta1) of the clipped gradient */
    assert_true(fabs(hu_norm(tb.states[0], a.n_weights) - 0.1 * tb.norm) < 1e-5);
    hu_trainer_clear(&ta), hu_trainer_clear(&tb);
    hu_model_clear(&a), hu_model_clear(&b);
    hu_text_clear(&text);
}

static void divergence(void **state)
{
    (void)state;
    hu_text text = tiny_text();
    hu_model m = tiny_model(), before = tiny_model();
    hu_trainer t;
    assert_int_equal(hu_trainer_init(&t, &m, &text, tiny_config("fp32"), NULL), HU_OK);
    m.weights[m.n_weights - 1] = before.weights[m.n_weights - 1] = INFINITY;
    run(&t, 3);
    assert_true(t.diverged && t.step == 0 && !(isfinite(t.loss) && isfinite(t.norm)));
    assert_true(same_weights(&m, &before));
    hu_trainer_clear(&t);
    hu_model_clear(&m), hu_model_clear(&before);
    hu_text_clear(&text);
}

static void bad_settings(void **state)
{
    (void)state;
    hu_text text = tiny_text();
    hu_model m = tiny_model();
    hu_trainer t;
    hu_error err = {0};
    hu_train_config c = tiny_config("fp32");
    c.adamw.beta2 = 1;
    assert_int_equal(hu_trainer_init(&t, &m, &text, c, &err), HU_ERANGE);
    assert_string_equal(err.text, "train: beta2 is 1; it takes a number from 0 to below 1");
    c = tiny_config("fp32");
    c.schedule.rate = NAN;
    assert_int_equal(hu_trainer_init(&t, &m, &text, c, &err), HU_ERANGE);
    c = tiny_config("fp32");
    c.schedule.warmup = 21;
    assert_int_equal(hu_trainer_init(&t, &m, &text, c, &err), HU_EINVAL);
    text.n_train = 16;
    assert_int_equal(hu_trainer_init(&t, &m, &text, tiny_config("fp32"), &err), HU_EINVAL);
    assert_string_equal(err.text, "train: the text is too short: its training part holds 16 bytes, and a context of 16 needs "
                                  "at least 17");
    hu_text_clear(&text);
    hu_model_clear(&m);
}

/* ---- texts ---- */

static void write_file(const char *folder, const char *name, size_t n, char first)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < n; i++)
        fputc(first + (char)(i >= n - n / 10), file);      /* the last tenth is another letter */
    fclose(file);
}

static void folder_of_texts(void **state)
{
    (void)state;
    char folder[] = "/tmp/nn-text.XXXXXX", link[300], file[300], empty[300];
    hu_text t;
    hu_error err = {0};
    assert_non_null(mkdtemp(folder));
    write_file(folder, "a", 100, 'a');
    write_file(folder, "b", 50, 'p');
    snprintf(file, sizeof file, "%s/a", folder);
    snprintf(link, sizeof link, "%s/c", folder);
    assert_int_equal(symlink(file, link), 0);
    if (hu_text_load(&t, folder, 0.1, &err))
        fail_msg("%s", err.text);
    assert_true(t.n_files == 2 && t.n_train == 135 && t.n_heldout == 15 && isnan(t.entropy_bits));
    assert_true(t.bytes[0] == 'a' && t.bytes[89] == 'a' && t.bytes[90] == 'p' && t.bytes[134] == 'p');
    assert_true(t.bytes[135] == 'b' && t.bytes[144] == 'b' && t.bytes[145] == 'q' && t.bytes[149] == 'q');
    hu_text_clear(&t);

    snprintf(empty, sizeof empty, "%s/d", folder);
    write_file(folder, "d", 0, 'a');
    assert_int_equal(hu_text_load(&t, empty, 0.1, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "is empty"));
    write_file(folder, "d", 15, 'a');
    assert_int_equal(hu_text_load(&t, empty, 0.1, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "holds 15 bytes; at least 16"));
    unlink(empty), unlink(link), unlink(file);
    snprintf(file, sizeof file, "%s/b", folder);
    unlink(file);
    rmdir(folder);
    assert_int_equal(hu_text_load(&t, folder, 0.1, &err), HU_EIO);
    assert_int_equal(hu_text_load(&t, "/dev/zero", 0.1, &err), HU_EIO);
    assert_int_equal(hu_text_load(&t, "/", 1, &err), HU_ERANGE);
}

static void batches(void **state)
{
    (void)state;
    hu_text t = tiny_text();
    uint8_t x[8 * 20], y[8 * 20], again[8 * 20];
    assert_int_equal(hu_text_batch(&t, 1, 5, 8, 20, x, y, NULL), HU_OK);
    assert_int_equal(hu_text_batch(&t, 1, 5, 8, 20, again, y, NULL), HU_OK);
    assert_memory_equal(x, again, sizeof x);
    for (int b = 0; b < 8; b++)
        assert_memory_equal(x + 20 * b + 1, y + 20 * b, 19);
    assert_int_equal(hu_text_batch(&t, 1, 6, 8, 20, again, y, NULL), HU_OK);
    assert_memory_not_equal(x, again, sizeof x);
    assert_int_equal(hu_text_batch(&t, 1, 6, 1, 5000, x, y, NULL), HU_EINVAL);
    hu_text_clear(&t);
}

/* Two letters, order 1: the stationary distribution is known in closed form, so is the rate. */
static void entropy_rate(void **state)
{
    (void)state;
    hu_text t;
    hu_markov fair = {.alphabet = 4, .order = 2, .spread = 0, .seed = 1, .n_train = 1000, .n_heldout = 100};
    assert_int_equal(hu_text_markov(&t, fair, NULL), HU_OK);
    assert_true(fabs(t.entropy_bits - 2) < 1e-12);
    hu_text_clear(&t);

    hu_markov two = {.alphabet = 2, .order = 1, .spread = 1.5, .seed = 9, .n_train = 400000, .n_heldout = 16};
    double p[2];
    for (uint64_t c = 0; c < 2; c++) {     /* probability of the second letter after each */
        double a = exp(1.5 * hu_random_normal_at(9, 1, 2 * c)), b = exp(1.5 * hu_random_normal_at(9, 1, 2 * c + 1));
        p[c] = b / (a + b);
    }
    double second = p[0] / (p[0] + 1 - p[1]), want = 0;
    for (int c = 0; c < 2; c++)
        want -= (c ? second : 1 - second) * (p[c] * log2(p[c]) + (1 - p[c]) * log2(1 - p[c]));
    assert_int_equal(hu_text_markov(&t, two, NULL), HU_OK);
    assert_true(fabs(t.entropy_bits - want) < 1e-10);
    size_t seconds = 0;
    for (size_t i = 0; i < t.n_train; i++)
        seconds += t.bytes[i] == 'b';
    assert_true(fabs((double)seconds / 400000 - second) < 0.01);
    hu_text_clear(&t);
}

/* An order-2 model of an order-2 source comes close to its entropy rate, and by hand on a text of a few bytes. */
static void trigrams(void **state)
{
    (void)state;
    hu_text t;
    double bits;
    hu_markov source = {.alphabet = 6, .order = 2, .spread = 1.5, .seed = 3, .n_train = 300000, .n_heldout = 30000};
    assert_int_equal(hu_text_markov(&t, source, NULL), HU_OK);
    assert_int_equal(hu_text_trigram_bits(&t, &bits, NULL), HU_OK);
    assert_true(bits > 0.98 * t.entropy_bits && bits < 1.02 * t.entropy_bits);
    hu_text_clear(&t);

    uint8_t text[] = {'a', 'b', 'a', 'b', /* held out: */ 'a', 'b', 'c'};
    hu_text small = {.bytes = text, .n_train = 4, .n_heldout = 3};
    double a = (2 + 2.0 / 256) / 6, b = a, c = (0 + 2.0 / 256) / 6;      /* no history: 4 bytes, 2 different */
    double b_after_a = (2 + 1 * b) / 3;                                  /* a is followed by b, b                */
    double c_after_b = (0 + 1 * c) / 2, c_after_ab = (0 + 1 * c_after_b) / 2;
    assert_int_equal(hu_text_trigram_bits(&small, &bits, NULL), HU_OK);
    assert_true(fabs(bits + (log2(a) + log2(b_after_a) + log2(c_after_ab)) / 3) < 1e-12);
}

/* After each step every master weight is a value of the format; without the quantizer most are not. */
static void master_weights(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e8m3", NULL);
    size_t off_grid[2] = {0, 0};
    for (int with = 0; with < 2; with++) {
        hu_model m = tiny_model();
        hu_text text = tiny_text();
        hu_train_config c = hu_train_default();
        c.batch = 2;
        if (with)
            c.policy.operand[HU_P_MASTER] = (hu_quantizer){f, hu_rounding_find("rz", NULL), HU_OVERFLOW_SATURATE};
        hu_trainer t;
        assert_int_equal(hu_trainer_init(&t, &m, &text, c, NULL), HU_OK);
        for (int i = 0; i < 3; i++)
            assert_int_equal(hu_trainer_step(&t, NULL), HU_OK);
        for (size_t i = 0; i < m.n_weights; i++) {
            hu_env env = hu_env_default();
            off_grid[with] += hu_to_double(f, hu_from_double(f, &env, m.weights[i])) != (double)m.weights[i];
        }
        hu_trainer_clear(&t);
        hu_text_clear(&text);
        hu_model_clear(&m);
    }
    assert_int_equal(off_grid[1], 0);
    assert_true(off_grid[0] > 1000);
}

static const struct CMUnitTest claims[] = {
    CLAIM("master weights are kept in a format where the policy says so", master_weights),
    CLAIM("AdamW follows its formula", adamw_formula),
    CLAIM("the learning rate warms up and then falls along a cosine", schedule),
    CLAIM("a gradient that is too long is scaled down to the limit", clipping),
    CLAIM("the same seeds give the same bits, at any number of threads", reproducible),
    CLAIM("the same bits at 1, 2 and 4 threads on every instruction set, with rounded sums and without", everywhere),
    CLAIM("a run that is saved and taken up again gives the bits of one that ran through", resumes),
    CLAIM("files that are no checkpoints, or are damaged, are refused", bad_checkpoints),
    CLAIM("a loss that is not finite ends the run and changes nothing", divergence),
    CLAIM("settings that do not fit are refused by name", bad_settings),
    CLAIM("a folder gives each of its files once, the last tenth of each held out", folder_of_texts),
    CLAIM("batches depend on seed and step alone", batches),
    CLAIM("the entropy rate of a made-up text is that of its chain", entropy_rate),
    CLAIM("the order-2 model gives the bits that are computed by hand", trigrams),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
