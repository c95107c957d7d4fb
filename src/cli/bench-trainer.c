/* bench-trainer.c - a language model in training on random text, for what measures its steps. */
#include "src/cli/bench-trainer.h"

#include "src/base/memory.h"

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

/* The policy of a word for the operands and a format for the sums. */
static hu_status read_policy(hu_policy *p, const char *policy, const char *accumulate, hu_error *err)
{
    hu_status status = hu_policy_parse(p, policy, err);
    const hu_format *f = !status && accumulate ? hu_format_find(accumulate, err) : NULL;
    if (status || (accumulate && !f))
        return status ? status : err->status;
    for (int role = 0; f && role < HU_GEMM_COUNT; role++)
        p->accumulator[role] = (hu_accumulator){.sum = f};
    return HU_OK;
}

hu_status hu_bench_trainer_init(hu_bench_trainer *t, const hu_model_config *config, size_t batch, const char *policy, const char *accumulate,
                                int threads, hu_error *err)
{
    hu_train_config c = hu_train_default();
    *t = (hu_bench_trainer){.text = {0}};
    c.batch = batch;
    c.schedule = (hu_schedule){.rate = 1e-3, .least = 1e-3};
    hu_status status = read_policy(&c.policy, policy, accumulate, err);
    if (!status && !(status = hu_model_init(&t->model, *config, err)))
        hu_model_threads(&t->model, threads);
    if (!status && !(status = random_text(&t->text, err)))
        status = hu_trainer_init(&t->trainer, &t->model, &t->text, c, err);
    return status;
}

void hu_bench_trainer_clear(hu_bench_trainer *t)
{
    hu_trainer_clear(&t->trainer);
    hu_model_clear(&t->model);
    hu_text_clear(&t->text);
}

bool hu_bench_step(void *trainer)
{
    return hu_trainer_step(trainer, NULL) == HU_OK;
}
