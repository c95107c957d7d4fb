/* nn-optimizers.c - optimizers, formats of their states and reductions against plain computations in double. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/nn/train.h"
#include "tests/lib/test.h"

enum { ROWS = 5, COLS = 7, N = ROWS * COLS, STEPS = 40 };

/* A parameter that is trained by the table's row, and the same in doubles by the formula in the test. */
typedef struct twin {
    float  w[N], g[N], state[2][N], room[2 * N];
    double scalar[HU_OPTIMIZER_SCALARS];
    double want[N], a[N], b[N];
} twin;

static void begin(twin *t, test_random *r)
{
    memset(t, 0, sizeof *t);
    for (int i = 0; i < N; i++)
        t->want[i] = t->w[i] = (float)(test_random_unit(r) - 0.5);
}

static void draw_gradient(twin *t, test_random *r)
{
    for (int i = 0; i < N; i++)
        t->g[i] = (float)((test_random_unit(r) - 0.4) * (i % 5 == 0 ? 10 : 0.1));
}

static void step(twin *t, const char *name, const hu_optimizer_config *c, const hu_adamw *a, size_t rows, size_t cols, int count)
{
    const hu_update u = {.w = t->w, .g = t->g, .rows = rows, .cols = cols, .state = {t->state[0], t->state[1]}, .scalar = t->scalar,
                         .room = t->room, .rate = 0.01, .decay = 0.1, .scale = 0.5, .count = (uint64_t)count};
    hu_optimizer_find(name, NULL)->step(c, a, &u);
}

static void compare(const twin *t, const char *what, int count)
{
    for (int i = 0; i < N; i++)
        if (!(fabs((double)t->w[i] - t->want[i]) < 2e-6))
            fail_msg("%s, step %d: weight %d is %.9g, the formula has %.9g", what, count, i, (double)t->w[i], t->want[i]);
}

static void sgd(void **state)
{
    (void)state;
    for (int nesterov = 0; nesterov < 2; nesterov++) {
        test_random r = {3};
        static twin t;
        hu_optimizer_config c = hu_optimizer_default();
        c.nesterov = nesterov;
        begin(&t, &r);
        for (int k = 1; k <= STEPS; k++) {
            draw_gradient(&t, &r);
            step(&t, "sgd", &c, NULL, ROWS, COLS, k);
            for (int i = 0; i < N; i++) {
                double g = 0.5 * (double)t.g[i];
                t.a[i] = 0.9 * t.a[i] + g;
                t.want[i] -= 0.01 * (nesterov ? g + 0.9 * t.a[i] : t.a[i]) + 0.01 * 0.1 * t.want[i];
            }
            compare(&t, "sgd", k);
        }
    }
}

static void lion(void **state)
{
    (void)state;
    test_random r = {4};
    static twin t;
    const hu_adamw a = {.beta1 = 0.9, .beta2 = 0.99};
    hu_optimizer_config c = hu_optimizer_default();
    begin(&t, &r);
    for (int k = 1; k <= STEPS; k++) {
        draw_gradient(&t, &r);
        step(&t, "lion", &c, &a, ROWS, COLS, k);
        for (int i = 0; i < N; i++) {
            double g = 0.5 * (double)t.g[i], d = 0.9 * t.a[i] + 0.1 * g;
            t.want[i] -= 0.01 * ((d > 0) - (d < 0)) + 0.01 * 0.1 * t.want[i];
            t.a[i] = 0.99 * t.a[i] + 0.01 * g;
        }
        compare(&t, "lion", k);
    }
}

static void adamw(void **state)
{
    (void)state;
    test_random r = {5};
    static twin t;
    const hu_adamw a = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8};
    hu_optimizer_config c = hu_optimizer_default();
    begin(&t, &r);
    for (int k = 1; k <= STEPS; k++) {
        draw_gradient(&t, &r);
        step(&t, "adamw", &c, &a, ROWS, COLS, k);
        for (int i = 0; i < N; i++) {
            double g = 0.5 * (double)t.g[i];
            t.a[i] = 0.9 * t.a[i] + 0.1 * g;
            t.b[i] = 0.95 * t.b[i] + 0.05 * g * g;
            t.want[i] -= 0.01 * (t.a[i] / (1 - pow(0.9, k)) / (sqrt(t.b[i] / (1 - pow(0.95, k))) + 1e-8)) + 0.001 * t.want[i];
        }
        compare(&t, "adamw", k);
    }
}

/* Algorithm 4 of the paper for a matrix (sums of rows and columns over the sum of all), algorithm 5's vectors without factors. */
static void adafactor(void **state)
{
    (void)state;
    for (int matrix = 0; matrix < 2; matrix++)
        for (int relative = 0; relative < 2; relative++) {
            test_random r = {6};
            static twin t;
            hu_optimizer_config c = hu_optimizer_default();
            c.relative = relative;
            begin(&t, &r);
            for (int k = 1; k <= STEPS; k++) {
                draw_gradient(&t, &r);
                step(&t, "adafactor", &c, NULL, matrix ? ROWS : 1, matrix ? COLS : N, k);
                double fade = 1 - pow(k, -0.8), v[N], total = 0, size = 0, weight = 0;
                for (int i = 0; i < ROWS; i++) {
                    double sum = 0;
                    for (int j = 0; j < COLS; j++)
                        sum += pow(0.5 * (double)t.g[i * COLS + j], 2) + 1e-30;
                    t.a[i] = fade * t.a[i] + (1 - fade) * sum;
                    total += t.a[i];
                }
                for (int j = 0; j < COLS; j++) {
                    double sum = 0;
                    for (int i = 0; i < ROWS; i++)
                        sum += pow(0.5 * (double)t.g[i * COLS + j], 2) + 1e-30;
                    t.a[ROWS + j] = fade * t.a[ROWS + j] + (1 - fade) * sum;
                }
                for (int i = 0; i < N; i++) {
                    t.b[i] = fade * t.b[i] + (1 - fade) * (pow(0.5 * (double)t.g[i], 2) + 1e-30);
                    v[i] = 0.5 * (double)t.g[i] / sqrt(matrix ? t.a[i / COLS] * t.a[ROWS + i % COLS] / total : t.b[i]);
                    size += v[i] * v[i] / N;
                    weight += t.want[i] * t.want[i] / N;
                }
                double rate = 0.01 * (relative ? fmax(1e-3, sqrt(weight)) : 1) / fmax(1, sqrt(size));
                for (int i = 0; i < N; i++)
                    t.want[i] -= rate * v[i] + 0.001 * t.want[i];
                compare(&t, "adafactor", k);
            }
        }
}

/* methods: section 9, line by line; resets every 7 steps, after which the threshold is far away. */
static void stable_spam(void **state)
{
    (void)state;
    test_random r = {7};
    static twin t;
    const hu_adamw a = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    hu_optimizer_config c = hu_optimizer_default();
    c.reset = 7;
    begin(&t, &r);
    double top = 0, n1 = 0, n2 = 0, time = 0;
    int clipped = 0;
    for (int k = 1; k <= STEPS; k++) {
        draw_gradient(&t, &r);
        if (k == 3)
            t.g[4] = 900;                                  /* a spike, which the threshold cuts */
        step(&t, "stable-spam", &c, &a, ROWS, COLS, k);
        double g[N], most = 0, square = 0;
        for (int i = 0; i < N; i++) {
            g[i] = 0.5 * (double)t.g[i];
            most = fmax(most, fabs(g[i]));
        }
        time++;
        top = 0.999 * top + 0.001 * most;
        double hat = top / (1 - pow(0.999, time));
        for (int i = 0; i < N; i++) {
            if (fabs(g[i]) > hat) {
                g[i] = g[i] / most * hat;
                clipped++;
            }
            square += g[i] * g[i];
        }
        n1 = 0.7 * n1 + 0.3 * sqrt(square);
        n2 = 0.9 * n2 + 0.1 * square;
        double scale = n1 / (1 - pow(0.7, time)) / (sqrt(n2 / (1 - pow(0.9, time))) + 1e-8) / sqrt(square);
        if (k % 7 == 0) {
            memset(t.a, 0, sizeof t.a);
            memset(t.b, 0, sizeof t.b);
            time = 1;
        }
        for (int i = 0; i < N; i++) {
            double d = g[i] * scale;
            t.a[i] = 0.9 * t.a[i] + 0.1 * d;
            t.b[i] = 0.999 * t.b[i] + 0.001 * d * d;
            t.want[i] = t.want[i] * (1 - 0.001) - 0.01 * t.a[i] / (1 - pow(0.9, time)) / (sqrt(t.b[i] / (1 - pow(0.999, time))) + 1e-8);
        }
        compare(&t, "stable-spam", k);
    }
    assert_true(clipped > 3);
}

/* The step up has length rho, and rho in the adaptive units. */
static void sharpness_aware(void **state)
{
    (void)state;
    float g[3] = {3, 0, 4}, w[3] = {1, 2, -0.5f};
    hu_optimizer_config c = hu_optimizer_default();
    c.rho = 0.05;
    hu_sam_climb(&c, w, g, 3, true, sqrt(hu_sam_square(&c, w, g, 3, true)));
    assert_true(fabs((double)w[0] - 1.03) < 1e-6 && w[1] == 2 && fabs((double)w[2] + 0.46) < 1e-6);
    float v[3] = {1, 2, -0.5f};
    c.adaptive = true;
    double t[3] = {1.01, 2.01, 0.51}, norm = sqrt(pow(t[0] * 3, 2) + pow(t[2] * 4, 2));
    hu_sam_climb(&c, v, g, 3, true, sqrt(hu_sam_square(&c, v, g, 3, true)));
    assert_true(fabs((double)v[0] - (1 + 0.05 * t[0] * t[0] * 3 / norm)) < 1e-6 && fabs((double)v[2] - (-0.5 + 0.05 * t[2] * t[2] * 4 / norm)) < 1e-6);
    float b[3] = {1, 2, -0.5f};
    assert_true(fabs(hu_sam_square(&c, b, g, 3, false) - 25) < 1e-12);       /* biases have no units */
}

/* COAT's expansion: k by the formula, and v on the expanded grid; published ratios give k of about 1.6 and 5. */
static void expansion(void **state)
{
    (void)state;
    hu_state_format f = {.on = true, .expands = true, .group = 4};
    hu_scaled_init(&f.q, hu_format_find("e4m3fn", NULL));
    float x[4] = {1000, -31.5f, 1, 0}, ten[2] = {10, 1}, flat[3] = {2, -2, 2};
    assert_true(hu_expansion_of(&f, x, 4).k == floor(16 * log2(448.0 * 448 / 2) / log2(1000)) / 16);
    assert_true(fabs(hu_expansion_of(&f, x, 4).k - 1.625) < 1e-12 && hu_expansion_of(&f, ten, 2).k == 5);
    assert_true(hu_expansion_of(&f, flat, 3).k == 1);
    double k = 1.625, c = sqrt(1000.0), scale = pow(1000 / c, k) / 448, q = pow(31.5 / c, k) / scale;
    assert_int_equal(hu_state_apply(&f, x, 2, 2, 0, 0, NULL), HU_OK);
    hu_env env = hu_env_default();
    assert_int_equal(hu_quantize_f64(&q, &q, 1, f.q.element.format, &env, NULL), HU_OK);
    assert_true(fabs((double)x[0] / 1000 - 1) < 1e-6 && x[3] == 0 && fabs((double)x[1] / -(pow(q * scale, 1 / k) * c) - 1) < 1e-6);
    assert_true(fabs((double)x[2] - 1) < 0.03);
    assert_int_equal(hu_state_apply(&f, flat, 1, 3, 0, 0, NULL), HU_OK);
    assert_true(flat[0] == 2 && flat[1] == -2);
    float zero[4] = {0};
    assert_int_equal(hu_state_apply(&f, zero, 1, 4, 0, 0, NULL), HU_OK);
    assert_true(zero[0] == 0 && zero[3] == 0);
}

/* Section 5's claim: the error of m / sqrt(v) falls when both states are expanded, and when one is. */
static void expansion_helps(void **state)
{
    (void)state;
    enum { MANY = 4096 };
    static float m[MANY], v[MANY], qm[MANY], qv[MANY];
    double error[4] = {0};
    test_random r = {12};
    for (int i = 0; i < MANY; i++) {
        m[i] = (float)((test_random_unit(&r) - 0.5) * pow(10, -3 * test_random_unit(&r)));
        v[i] = (float)(pow(10, -1 - test_random_unit(&r)));
    }
    for (int with = 0; with < 4; with++) {
        hu_state_format f = {.on = true, .group = 128};
        hu_scaled_init(&f.q, hu_format_find("e4m3fn", NULL));
        f.q.per = (hu_granularity){.per = HU_PER_GROUP, .flat = true, .group = 128};
        memcpy(qm, m, sizeof m);
        memcpy(qv, v, sizeof v);
        f.expands = with & 1;
        assert_int_equal(hu_state_apply(&f, qm, 64, 64, 0, 0, NULL), HU_OK);
        f.expands = with & 2;
        assert_int_equal(hu_state_apply(&f, qv, 64, 64, 0, 0, NULL), HU_OK);
        for (int i = 0; i < MANY; i++)
            error[with] += pow((double)qm[i] / sqrt((double)qv[i]) - (double)m[i] / sqrt((double)v[i]), 2) / MANY;
    }
    test_note("mean square error of m / sqrt(v): none %.3g, first %.3g, second %.3g, both %.3g", error[0], error[1], error[2], error[3]);
    assert_true(error[3] < error[1] && error[1] < error[0] && error[3] < error[2]);
}

/* The published grids, with scales: 8-bit dynamic in blocks, 4-bit without zero by rank 1. */
static void published_states(void **state)
{
    (void)state;
    float x[8] = {0.5f, -0.5f * 0.99296875f, 0.5f * 5.5e-7f, 0, 0.2f, 0.3f, -0.01f, 1e-5f};
    hu_state_format f = {.on = true};
    hu_scaled_init(&f.q, hu_format_find("de8", NULL));
    f.q.per = (hu_granularity){.per = HU_PER_GROUP, .flat = true, .group = 2048};
    float want[3] = {x[0], x[1], x[2]};
    assert_int_equal(hu_state_apply(&f, x, 2, 4, 0, 0, NULL), HU_OK);
    for (int i = 0; i < 3; i++)
        assert_true(fabs((double)x[i] / (double)want[i] - 1) < 1e-6);           /* values of the map times amax stay */
    assert_true(x[3] == 0 && fabs((double)x[4] - 0.2) < 0.005);
    float v[6] = {16, 1, 4, 0.5f, 0.25f, 0.1f};         /* rows 16, 0.5; columns 16, 1, 4: scales 16 1 4 / 0.5 0.5 0.5 */
    hu_scaled_init(&f.q, hu_format_find("linear4", NULL));
    f.q.per = (hu_granularity){.per = HU_PER_RANK1};
    assert_int_equal(hu_state_apply(&f, v, 2, 3, 0, 0, NULL), HU_OK);
    const float rank1[6] = {16, 1, 4, 0.5f, 0.25f, 0.09375f};
    assert_memory_equal(v, rank1, sizeof v);
    float zero[4] = {0, 1, 0, 0};
    assert_int_equal(hu_state_apply(&f, zero, 2, 2, 0, 0, NULL), HU_OK);
    assert_true(zero[0] > 0);                            /* no zero in this map */
}

/* The mean over shards, hop by hop, with bf16 on the wire by hand. */
static float bf16(float x)
{
    hu_env env = hu_env_default();
    assert_int_equal(hu_quantize_f32(&x, &x, 1, hu_format_find("bf16", NULL), &env, NULL), HU_OK);
    return x;
}

static void reductions(void **state)
{
    (void)state;
    enum { S = 4, MANY = 10 };
    float shards[S * MANY], out[MANY];
    test_random r = {8};
    for (int i = 0; i < S * MANY; i++)
        shards[i] = (float)(test_random_unit(&r) - 0.3);
    hu_policy p = {0};
    assert_int_equal(hu_quantizer_init(&p.operand[HU_P_REDUCE], hu_format_find("bf16", NULL), NULL, HU_OVERFLOW_IEEE, NULL), HU_OK);
    for (int how = 0; how < 3; how++) {
        assert_int_equal(hu_all_reduce(out, shards, S, MANY, (hu_collective)how, 2, &p, 3, 0, NULL), HU_OK);
        for (int c = 0; c < S; c++)
            for (int i = MANY * c / S; i < MANY * (c + 1) / S; i++) {
                const float *g = shards + i;
                float sum = how == 0 ? g[(c + 1) % S * MANY] : 0;
                for (int s = 1; how == 0 && s < S; s++)
                    sum = bf16(sum) + g[(c + 1 + s) % S * MANY];
                for (int s = 0; how == 1 && s < S; s++)
                    sum += s == c ? g[s * MANY] : bf16(g[s * MANY]);
                for (int k = 0; how == 2 && k < 2; k++) {
                    float part = 0;
                    for (int s = 0; s < 2; s++)
                        part += s == c % 2 ? g[(2 * k + s) * MANY] : bf16(g[(2 * k + s) * MANY]);
                    sum += k == c / 2 ? part : bf16(part);
                }
                if (out[i] != bf16(sum / S))
                    fail_msg("collective %d, element %d: %a, by hand %a", how, i, (double)out[i], (double)bf16(sum / S));
            }
    }
    assert_int_equal(hu_all_reduce(out, shards, S, MANY, HU_COLLECTIVE_hierarchical, 3, &p, 3, 0, NULL), HU_EINVAL);
}

/* Section 14.5: the error of a ring grows with the number of workers, that of the all-to-all does not. */
static void rings_grow(void **state)
{
    (void)state;
    enum { MANY = 4096, MOST = 32 };
    static float shards[MOST * MANY], out[MANY];
    double error[2][2];
    test_random r = {9};
    for (int i = 0; i < MOST * MANY; i++)
        shards[i] = (float)(test_random_unit(&r) - 0.5);
    hu_policy p = {0};
    hu_scaling q = {0};
    hu_scaled_init(&q.q, hu_format_find("int8", NULL));
    q.q.per = (hu_granularity){.per = HU_PER_GROUP, .flat = true, .group = 256};
    assert_int_equal(hu_policy_set_scaling(&p, HU_P_REDUCE, &q, NULL), HU_OK);
    for (int how = 0; how < 2; how++)
        for (int large = 0; large < 2; large++) {
            size_t s = large ? MOST : 4;
            assert_int_equal(hu_all_reduce(out, shards, s, MANY, (hu_collective)how, 1, &p, 0, 0, NULL), HU_OK);
            double noise = 0, signal = 0;
            for (int i = 0; i < MANY; i++) {
                double mean = 0;
                for (size_t k = 0; k < s; k++)
                    mean += (double)shards[k * MANY + (size_t)i] / (double)s;
                noise += pow((double)out[i] - mean, 2);
                signal += mean * mean;
            }
            error[how][large] = sqrt(noise / signal);
        }
    test_note("relative error of the mean, 4 and 32 shards: ring %.3g %.3g, all to all %.3g %.3g", error[0][0], error[0][1], error[1][0], error[1][1]);
    assert_true(error[0][1] > 2 * error[0][0] && error[1][1] < 1.5 * error[1][0] && error[0][1] > 2 * error[1][1]);
}

static void schedules(void **state)
{
    (void)state;
    hu_schedule s = {.rate = 1, .least = 0.1, .warmup = 4, .steps = 20, .curve = HU_CURVE_linear, .decay = 5};
    assert_true(hu_schedule_at(&s, 0) == 0.25 && hu_schedule_at(&s, 3) == 1 && hu_schedule_at(&s, 4) == 1);
    assert_true(fabs(hu_schedule_at(&s, 12) - 0.55) < 1e-12 && hu_schedule_at(&s, 20) == 0.1);
    s.curve = HU_CURVE_constant;
    assert_true(hu_schedule_at(&s, 1) == 0.5 && hu_schedule_at(&s, 19) == 1 && hu_schedule_at(&s, 400) == 1);
    s.curve = HU_CURVE_wsd;
    assert_true(hu_schedule_at(&s, 14) == 1 && fabs(hu_schedule_at(&s, 15) - (0.1 + 0.9 * 5 / 6)) < 1e-12 && hu_schedule_at(&s, 25) == 0.1);
    assert_true(fabs(hu_schedule_at(&s, 19) - (0.1 + 0.9 / 6)) < 1e-12);
}

/* ---- in training ---- */

static const hu_model_config small = {.kind = HU_MODEL_LM, .layers = 1, .heads = 2, .width = 16, .context = 8, .vocabulary = 32, .seed = 3};

static void fill_text(hu_text *text)
{
    enum { MANY = 512 };
    *text = (hu_text){.bytes = hu_malloc(MANY), .n_train = MANY};
    for (int i = 0; i < MANY; i++)
        text->bytes[i] = (uint8_t)(i * i % 31);
}

typedef struct run {
    hu_model m;
    hu_trainer t;
} run;

static void start(run *r, const hu_text *text, hu_train_config c, int threads)
{
    hu_error err = {0};
    assert_int_equal(hu_model_init(&r->m, small, NULL), HU_OK);
    hu_model_threads(&r->m, threads);
    if (hu_trainer_init(&r->t, &r->m, text, c, &err))
        fail_msg("%s", err.text);
}

static void go(run *r, int steps)
{
    hu_error err = {0};
    for (int i = 0; i < steps; i++)
        if (hu_trainer_step(&r->t, &err))
            fail_msg("%s", err.text);
}

static void end(run *r)
{
    hu_trainer_clear(&r->t);
    hu_model_clear(&r->m);
}

/* Every optimizer with states in a format, delayed scales, counters, parts and shards: the same bits at 1, 2 and 4 threads and
 * after a checkpoint. */
static void same_bits(void **state)
{
    (void)state;
    hu_text text;
    fill_text(&text);
    char path[] = "/tmp/halfulp-optimizers-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (int o = 0; hu_optimizer_at(o); o++) {
        hu_train_config c = hu_train_default();
        c.batch = 4;
        c.optimizer.kind = hu_optimizer_at(o);
        c.optimizer.least_elements = 100;
        c.optimizer.reset = 5;
        c.optimizer.rho = o % 2 ? 0.05 : 0;
        c.optimizer.state[0].on = true;
        hu_scaled_init(&c.optimizer.state[0].q, hu_format_find(o % 2 ? "de8" : "e4m3fn", NULL));
        c.optimizer.state[0].q.element.rounding = hu_rounding_find("sr", NULL);
        c.optimizer.state[0].q.per = (hu_granularity){.per = HU_PER_GROUP, .flat = true, .group = 64};
        c.optimizer.state[0].expands = o % 2 == 0;
        c.optimizer.state[0].group = 64;
        c.counters = true;
        c.accumulate = o % 2 ? 2 : 1;
        c.shards = o % 3 ? 2 : 1;
        c.dynamic_scale = true;
        c.growth = 3;
        assert_int_equal(hu_policy_parse(&c.policy, "e5m2:sr", NULL), HU_OK);
        hu_scaling delay = {.history = 3};
        hu_scaled_init(&delay.q, hu_format_find("e4m3fn", NULL));
        assert_int_equal(hu_policy_set_scaling(&c.policy, HU_P1, &delay, NULL), HU_OK);
        assert_int_equal(hu_policy_set_scaling(&c.policy, HU_P_DSCORES, &delay, NULL), HU_OK);
        run one, other, late;
        start(&one, &text, c, 1);
        go(&one, 12);
        for (int threads = 2; threads <= 4; threads += 2) {
            start(&other, &text, c, threads);
            go(&other, 12);
            assert_memory_equal(one.m.weights, other.m.weights, one.m.n_weights * sizeof(float));
            size_t n = one.t.memory.n_rows * HU_ROLE_COUNT;
            for (size_t i = 0; i < n; i++) {
                assert_true(!one.t.memory.counts[i] == !other.t.memory.counts[i]);
                if (one.t.memory.counts[i])
                    assert_memory_equal(one.t.memory.counts[i], other.t.memory.counts[i], sizeof(hu_counts));
            }
            end(&other);
        }
        start(&other, &text, c, 2);
        go(&other, 7);
        hu_error err = {0};
        assert_int_equal(hu_checkpoint_save(&other.m, &other.t, path, &err), HU_OK);
        start(&late, &text, c, 1);
        if (hu_checkpoint_resume(&late.t, path, &err))
            fail_msg("%s", err.text);
        go(&late, 5);
        assert_memory_equal(one.m.weights, late.m.weights, one.m.n_weights * sizeof(float));
        assert_true(one.t.loss == late.t.loss && one.t.loss_scale == late.t.loss_scale && one.t.loss_scale > 65536);
        end(&late);
        c.optimizer.state[0].on = false;
        start(&late, &text, c, 1);
        assert_int_equal(hu_checkpoint_resume(&late.t, path, &err), HU_EINVAL);
        end(&late);
        end(&other);
        end(&one);
    }
    remove(path);
    hu_free(text.bytes);
}

/* Parts of a batch have the gradient of the whole; a loss scale that is a power of two changes no bit. */
static void parts_and_scales(void **state)
{
    (void)state;
    hu_text text;
    fill_text(&text);
    hu_train_config c = hu_train_default();
    c.batch = 4;
    run whole, other;
    start(&whole, &text, c, 1);
    go(&whole, 1);
    for (int how = 0; how < 4; how++) {
        hu_train_config d = c;
        d.accumulate = how == 1 ? 4 : how == 2 ? 2 : 1;
        d.shards = how >= 2 ? 2 : 1;
        d.loss_scale = how == 0 ? 1024 : 0;
        start(&other, &text, d, 1);
        go(&other, 1);
        double noise = 0, signal = 0;
        for (size_t i = 0; i < whole.m.n_weights; i++) {
            noise += pow((double)whole.m.gradient[i] - (double)other.m.gradient[i], 2);
            signal += pow((double)whole.m.gradient[i], 2);
        }
        assert_true(sqrt(noise / signal) < 1e-6);
        if (how == 0)
            assert_memory_equal(whole.m.weights, other.m.weights, whole.m.n_weights * sizeof(float));
        end(&other);
    }
    end(&whole);
    hu_free(text.bytes);
}

/* A loss scale at which fp16 gradients overflow is halved until they do not, and the skipped steps change nothing. */
static void dynamic_scale(void **state)
{
    (void)state;
    hu_text text;
    fill_text(&text);
    hu_train_config c = hu_train_default();
    c.batch = 4;
    c.dynamic_scale = true;
    c.loss_scale = 0x1p40;
    hu_policy p = {0};
    assert_int_equal(hu_policy_parse(&p, "fp16", NULL), HU_OK);
    c.policy.operand[HU_P3] = c.policy.operand[HU_P5] = p.operand[HU_P3];
    run r;
    start(&r, &text, c, 1);
    float first = r.m.weights[3];
    go(&r, 1);
    assert_true(r.t.loss_scale == 0x1p39 && r.m.weights[3] == first && r.t.updates == 0 && !r.t.diverged);
    go(&r, 40);
    assert_true(r.t.loss_scale < 0x1p30 && r.t.updates > 5 && r.t.step == 41 && !r.t.diverged && r.m.weights[3] != first);
    end(&r);
    c.dynamic_scale = false;
    start(&r, &text, c, 1);
    go(&r, 2);
    assert_true(r.t.diverged);
    end(&r);
    hu_free(text.bytes);
}

/* Section 16: rne leaves weights where they are when the step is below half an ulp; stochastic rounding moves them on average. */
static void master_weights(void **state)
{
    (void)state;
    hu_text text;
    fill_text(&text);
    double moved[2];
    for (int stochastic = 0; stochastic < 2; stochastic++) {
        hu_train_config c = hu_train_default();
        c.batch = 4;
        c.adamw.decay = 0;
        c.schedule = (hu_schedule){.rate = 1e-6, .least = 1e-6};
        assert_int_equal(hu_quantizer_init(&c.policy.operand[HU_P_MASTER], hu_format_find("bf16", NULL),
                                           hu_rounding_find(stochastic ? "sr" : "rne", NULL), HU_OVERFLOW_IEEE, NULL), HU_OK);
        run r;
        start(&r, &text, c, 1);
        go(&r, 1);
        float *before = malloc(r.m.n_weights * sizeof *before);
        memcpy(before, r.m.weights, r.m.n_weights * sizeof *before);
        go(&r, 10);
        moved[stochastic] = 0;
        for (size_t i = 0; i < r.m.n_weights; i++)
            moved[stochastic] += before[i] != r.m.weights[i] && fabsf(before[i]) > 0.002f;
        free(before);
        end(&r);
    }
    test_note("weights that moved in ten steps: rne %g, sr %g", moved[0], moved[1]);
    assert_true(moved[0] == 0 && moved[1] > 50);
    hu_free(text.bytes);
}

static void bad_settings(void **state)
{
    (void)state;
    hu_text text;
    fill_text(&text);
    hu_model m;
    hu_trainer t;
    hu_error err = {0};
    assert_int_equal(hu_model_init(&m, small, NULL), HU_OK);
    hu_train_config c = hu_train_default();
    c.batch = 6;
    c.shards = 4;
    assert_int_equal(hu_trainer_init(&t, &m, &text, c, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "a batch of 6 cannot be cut into 4 equal parts"));
    c = hu_train_default();
    c.optimizer.momentum = 1;
    assert_int_equal(hu_trainer_init(&t, &m, &text, c, &err), HU_ERANGE);
    c = hu_train_default();
    c.optimizer.kind = hu_optimizer_find("sgd", NULL);
    c.optimizer.state[1].on = true;
    assert_int_equal(hu_trainer_init(&t, &m, &text, c, &err), HU_EINVAL);
    c = hu_train_default();
    hu_policy_rule rule = {.glob = "5.*", .whole = true};
    c.policy.rules = &rule;
    c.policy.n_rules = 1;
    assert_int_equal(hu_trainer_init(&t, &m, &text, c, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "'5.*'"));
    assert_null(hu_optimizer_find("adm", &err));
    assert_non_null(strstr(err.text, "did you mean 'adamw'"));
    hu_model_clear(&m);
    hu_free(text.bytes);
}

static const struct CMUnitTest claims[] = {
    CLAIM("SGD, with and without Nesterov's momentum", sgd),
    CLAIM("AdamW", adamw),
    CLAIM("Lion", lion),
    CLAIM("Adafactor, factored and not", adafactor),
    CLAIM("Stable-SPAM cuts spikes, follows norms and resets", stable_spam),
    CLAIM("sharpness-aware steps up, plain and adaptive", sharpness_aware),
    CLAIM("COAT's expansion is the published formula", expansion),
    CLAIM("expanding both states has a smaller error than one, and that than none", expansion_helps),
    CLAIM("8-bit dynamic blocks and 4-bit rank-1 states", published_states),
    CLAIM("reductions are those of their orders, hop by hop", reductions),
    CLAIM("a quantized ring's error grows with the shards, an all-to-all's does not", rings_grow),
    CLAIM("schedules", schedules),
    CLAIM("the same bits at any number of threads and after a checkpoint", same_bits),
    CLAIM("parts of a batch, shards and a scaled loss have the gradient of the whole", parts_and_scales),
    CLAIM("a dynamic scale gives way to overflow", dynamic_scale),
    CLAIM("without master copies rne stands still where stochastic rounding moves", master_weights),
    CLAIM("settings that cannot be are refused", bad_settings),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
