/* bench-trainer.h - a language model in training on random text, for what measures its steps. */
#ifndef HU_CLI_BENCH_TRAINER_H
#define HU_CLI_BENCH_TRAINER_H

#include "src/cli/bench.h"
#include "src/nn/train.h"

typedef struct hu_bench_trainer {
    hu_text    text;        /* 2^16 bytes, all equally likely */
    hu_model   model;
    hu_trainer trainer;     /* borrows both: the struct stays where it is */
} hu_bench_trainer;

/* policy as hu_policy_parse takes it; accumulate: the format to which every sum of the linear layers' products is rounded, NULL: none. Cleared
 * by hu_bench_trainer_clear in any case. */
hu_status hu_bench_trainer_init(hu_bench_trainer *t, const hu_model_config *config, size_t batch, const char *policy, const char *accumulate,
                                int threads, hu_error *err);
void      hu_bench_trainer_clear(hu_bench_trainer *t);

/* One step of a hu_trainer, as hu_bench_time wants it. */
bool hu_bench_step(void *trainer);

#endif
