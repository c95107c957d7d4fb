/* bench-train.c - halfulp bench train: training steps of a language model under a policy. */
#include "src/base/memory.h"
#include "src/cli/bench.h"
#include "src/cli/options.h"
#include "src/nn/train.h"

static const char text[] =
    "Trains a Llama-style language model over bytes on random text and shows the median of a step: tokens_per_s and gflops\n"
    "(2 operations a multiplication of all matrix products, forward and backward). A policy is a format for the operands of every\n"
    "linear layer, with a rounding mode and overflow policy after a colon where wanted: fp32, e8m3:rz+sat, e5m2:sr.\n"
    "\n"
    "  $ halfulp bench train --layers 4 --heads 4 --width 128 --context 128 --batch 8 --policy fp32 --threads 2 --json\n";

typedef struct settings {
    int layers, heads, width, context, batch, threads;
    const char *policy;
    bool json;
} settings;

static bool step(void *what)
{
    return hu_trainer_step(what, NULL) == HU_OK;
}

static int report(const settings *s, hu_trainer *t)
{
    double seconds;
    int repetitions = hu_bench_time(&seconds, NULL, step, NULL, t, s->threads, 1);
    if (repetitions == 0)
        return hu_cli_fail(HU_CLI_FAILED, "bench train: a step could not be done");
    size_t rows = t->config.batch, positions = t->model->config.context;
    hu_bench_line line;
    hu_bench_open(&line, s->json, "train");
    hu_bench_text(&line, "policy", s->policy);
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
    hu_bench_close(&line);
    return HU_CLI_OK;
}

/* A text of 2^16 bytes, all equally likely. */
static hu_status random_text(hu_text *t, hu_error *err)
{
    enum { N = 1 << 16 };
    *t = (hu_text){.bytes = hu_malloc(N), .n_train = N};
    if (!t->bytes)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    for (uint64_t i = 0; i < N; i++)
        t->bytes[i] = (uint8_t)(hu_random_at(1, 0, i) >> 56);
    return HU_OK;
}

static int measure(const settings *s)
{
    hu_error err = {0};
    hu_text source = {0};
    hu_model model = {0};
    hu_trainer trainer = {0};
    hu_train_config c = hu_train_default();
    hu_model_config config = {
        .kind = HU_MODEL_LM, .layers = (size_t)s->layers, .heads = (size_t)s->heads, .width = (size_t)s->width,
        .context = (size_t)s->context, .vocabulary = 256, .seed = 1,
    };
    c.batch = (size_t)s->batch;
    c.schedule = (hu_schedule){.rate = 1e-3, .least = 1e-3};
    if (hu_policy_parse(&c.policy, s->policy, &err) || hu_model_init(&model, config, &err))
        return hu_cli_fail(err.status == HU_ENOMEM ? HU_CLI_FAILED : HU_CLI_USAGE, "bench train: %s", err.text);
    hu_model_threads(&model, s->threads);
    int status = HU_CLI_FAILED;
    if (random_text(&source, &err) || hu_trainer_init(&trainer, &model, &source, c, &err))
        status = hu_cli_fail(HU_CLI_FAILED, "bench train: %s", err.text);
    else
        status = report(s, &trainer);
    hu_trainer_clear(&trainer);
    hu_model_clear(&model);
    hu_text_clear(&source);
    return status;
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
