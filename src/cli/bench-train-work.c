/* bench-train-work.c - training steps as work of the table of `halfulp bench`: under the row's policy, against one in float or a plain program's. */
#include "src/cli/bench-work.h"

#include <string.h>

#include "src/base/memory.h"
#include "src/cli/bench-plain.h"
#include "src/cli/bench-trainer.h"

/* Models by the tokens of a step, a batch of 8 but for the last, which only shows that it works. */
static const struct { size_t tokens, layers, heads, width, context, batch; } shapes[] = {
    {HU_BENCH_TOKENS_MEDIUM, 4, 4, 128, 128, 8},
    {HU_BENCH_TOKENS_LARGE, 6, 6, 384, 256, 8},
    {16, 1, 2, 16, 8, 2},
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

/* The yardstick that shares nothing with ours but the weights that it begins with and the bytes. */
static hu_status init_plain(hu_bench_job *j, hu_error *err)
{
    j->plain = hu_calloc(1, sizeof *j->plain);
    return j->plain ? hu_plain_init(j->plain, &j->trained[0]->trainer, j->row->threads, err) : hu_fail(err, HU_ENOMEM, "out of memory");
}

int hu_bench_train_init(hu_bench_job *j, size_t n)
{
    const hu_bench_row *row = j->row;
    size_t s = 0;
    hu_error err = {0};
    while (s + 1 < SHAPES && shapes[s].tokens != n)
        s++;
    const hu_model_config config = {.kind = HU_MODEL_LM, .layers = shapes[s].layers, .heads = shapes[s].heads, .width = shapes[s].width,
                                    .context = shapes[s].context, .vocabulary = 256, .seed = 1};
    bool sums = strstr(row->work, "sums"), threads = strstr(row->work, "threads"), plain = strstr(row->work, "plain");
    hu_status status = HU_OK;
    j->n = shapes[s].tokens;
    for (int i = 0; i < (plain ? 1 : 2) && !status; i++) {
        j->trained[i] = hu_calloc(1, sizeof *j->trained[i]);
        status = !j->trained[i] ? hu_fail(&err, HU_ENOMEM, "out of memory")
               : hu_bench_trainer_init(j->trained[i], &config, shapes[s].batch, i == 0 && !sums ? row->format : "fp32",
                                       i == 0 && sums ? row->format : NULL, i == 1 && threads ? 1 : row->threads, &err);
    }
    if (!status && plain)
        status = init_plain(j, &err);
    return status ? hu_cli_fail(HU_CLI_FAILED, "bench: %s: %s", row->name, err.text) : HU_CLI_OK;
}

void hu_bench_train_clear(hu_bench_job *j)
{
    for (int i = 0; i < 2; i++) {
        if (j->trained[i])
            hu_bench_trainer_clear(j->trained[i]);
        hu_free(j->trained[i]);
        j->trained[i] = NULL;
    }
    if (j->plain)
        hu_plain_clear(j->plain);
    hu_free(j->plain);
    j->plain = NULL;
}

bool hu_bench_train_work(hu_bench_job *j) { return hu_bench_step(&j->trained[0]->trainer); }
bool hu_bench_train_yard(hu_bench_job *j) { return hu_bench_step(&j->trained[1]->trainer); }
bool hu_bench_plain_yard(hu_bench_job *j) { return hu_plain_step(j->plain, NULL) == HU_OK; }
