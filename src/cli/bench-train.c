/* bench-train.c - halfulp bench train: training steps of a language model under a policy. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/cli/bench-trainer.h"
#include "src/cli/options.h"

static const char text[] =
    "Trains a Llama-style language model over bytes on random text and shows the median of a step: tokens_per_s and gflops\n"
    "(2 operations a multiplication of all matrix products, forward and backward), and the memory that it took at most beside the\n"
    "count on paper: 16 bytes a weight (itself, gradient, two moments) and what each operation gives, once. A policy is a format for\n"
    "the operands of every linear layer, with a rounding mode and overflow policy after a colon and a scale after an @ where wanted: fp32,\n"
    "e8m3:rz+sat, e5m2:sr, e4m3fn/e5m2@tensor.\n"
    "\n"
    "  $ halfulp bench train --layers 4 --heads 4 --width 128 --context 128 --batch 8 --policy fp32 --threads 2 --json\n";

typedef struct settings {
    int layers, heads, width, context, batch, threads;
    const char *policy, *accumulate;
    bool json;
    double began_mb;        /* what the process held before there was a model */
} settings;

/* ---- memory ---- */

enum { MB = 1 << 20 };

/* What the process holds now, and held at most. */
static double held_mb(void)
{
    unsigned long all, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%lu %lu", &all, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / MB;
}

static double most_mb(void)
{
    struct rusage use;
    return getrusage(RUSAGE_SELF, &use) == 0 ? (double)use.ru_maxrss / 1024 : 0;
}

/* Weights, gradient and two moments; and for each of B T positions what every operation of the forward pass gives: in a layer two
 * norms, the result of attention, its projection, two sums and the result of the feed-forward part (C each), queries, keys
 * and values (3 C) and the same rotated, head by head (3 C), gates and values (2 F) and their product (F), weights of the attention
 * (H T); then the embedding, the last norm (C), logits and probabilities (V). With quantizers also what these make of the input of each
 * linear layer (3 C + F a layer, and C of the head) and of its weights. */
static double paper_mb(const hu_trainer *t)
{
    const hu_model_config *c = &t->model->config;
    const hu_policy *p = &t->config.policy;
    size_t w = c->width, f = c->hidden, n = 0;
    size_t position = c->layers * (13 * w + 3 * f + c->heads * c->context) + 2 * w + 2 * c->vocabulary;
    if (hu_policy_has(p, HU_P1))
        position += c->layers * (3 * w + f) + w;
    if (hu_policy_has(p, HU_P2))
        n = c->layers * (4 * w * w + 3 * w * f) + w * c->vocabulary;
    return (16.0 * (double)t->model->n_weights + 4.0 * ((double)n + (double)(t->config.batch * c->context * position))) / MB;
}

/* ---- the measurement ---- */

static int report(const settings *s, hu_trainer *t)
{
    double seconds;
    int repetitions = hu_bench_time(&seconds, NULL, hu_bench_step, NULL, t, s->threads, 1);
    if (repetitions == 0)
        return hu_cli_fail(HU_CLI_FAILED, "bench train: a step could not be done");
    size_t rows = t->config.batch, positions = t->model->config.context;
    double paper = paper_mb(t), most = most_mb() - s->began_mb;
    hu_bench_line line;
    hu_bench_open(&line, s->json, "train");
    hu_bench_text(&line, "policy", s->policy);
    hu_bench_text(&line, "accumulate", s->accumulate ? s->accumulate : "fp32");
    hu_bench_count(&line, "layers", t->model->config.layers);
    hu_bench_count(&line, "heads", t->model->config.heads);
    hu_bench_count(&line, "width", t->model->config.width);
    hu_bench_count(&line, "context", positions);
    hu_bench_count(&line, "batch", rows);
    hu_bench_count(&line, "weights", t->model->n_weights);
    hu_bench_count(&line, "threads", (unsigned long long)s->threads);
    hu_bench_count(&line, "repetitions", (unsigned long long)repetitions);
    hu_bench_number(&line, "step_ms", 1e3 * seconds);
    hu_bench_number(&line, "tokens_per_s", (double)(rows * positions) / seconds);
    hu_bench_number(&line, "gflops", 2e-9 * hu_model_multiplications(t->model, rows, positions) / seconds);
    hu_bench_number(&line, "paper_mb", paper);
    hu_bench_number(&line, "memory_mb", most);
    hu_bench_number(&line, "ratio_paper", most / paper);
    hu_bench_close(&line);
    return HU_CLI_OK;
}

static int measure(settings *s)
{
    hu_error err = {0};
    hu_bench_trainer t;
    hu_model_config config = {
        .kind = HU_MODEL_LM, .layers = (size_t)s->layers, .heads = (size_t)s->heads, .width = (size_t)s->width,
        .context = (size_t)s->context, .vocabulary = 256, .seed = 1,
    };
    s->began_mb = held_mb();
    hu_status status = hu_bench_trainer_init(&t, &config, (size_t)s->batch, s->policy, s->accumulate, s->threads, &err);
    int code = status == HU_OK ? report(s, &t.trainer)
                               : hu_cli_fail(status == HU_ENOMEM ? HU_CLI_FAILED : HU_CLI_USAGE, "bench train: %s", err.text);
    hu_bench_trainer_clear(&t);
    return code;
}

int hu_bench_train(int argc, char **argv)
{
    settings s = {.layers = 4, .heads = 4, .width = 128, .context = 128, .batch = 8, .threads = 1, .policy = "fp32"};
    const hu_option options[] = {
        {"layers", HU_OPTION_COUNT, &s.layers, "COUNT", "default 4"},
        {"heads", HU_OPTION_COUNT, &s.heads, "COUNT", "of attention; default 4"},
        {"width", HU_OPTION_COUNT, &s.width, "COUNT", "channels; default 128"},
        {"context", HU_OPTION_COUNT, &s.context, "COUNT", "bytes of a sequence; default 128"},
        {"batch", HU_OPTION_COUNT, &s.batch, "COUNT", "sequences a step; default 8"},
        {"policy", HU_OPTION_TEXT, &s.policy, "POLICY", "default fp32"},
        {"accumulate", HU_OPTION_TEXT, &s.accumulate, "FORMAT", "every sum of the linear layers' products is rounded to it; default: none is"},
        {"threads", HU_OPTION_COUNT, &s.threads, "COUNT", "default 1"},
        {"json", HU_OPTION_SWITCH, &s.json, NULL, "as a JSON object"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"bench train", "[OPTIONS]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc > 0)
        return hu_cli_fail(HU_CLI_USAGE, "bench train: takes options only; got '%s'", argv[0]);
    return measure(&s);
}
