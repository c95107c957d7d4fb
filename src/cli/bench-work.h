/* bench-work.h - what `halfulp bench` measures: pieces of work on arrays, and their yardsticks. */
#ifndef HU_CLI_BENCH_WORK_H
#define HU_CLI_BENCH_WORK_H

#include <stdint.h>

#include "src/cli/bench.h"
#include "src/kernel/block.h"

/* A row of bench-rows.def. */
typedef struct hu_bench_row {
    const char *name, *work, *format, *modes, *isa;
    int threads;
    double target[3];
} hu_bench_row;

/* The i-th row; NULL past the last. */
const hu_bench_row *hu_bench_row_at(int i);

/* A row under measurement, in one size and mode. */
typedef struct hu_bench_job hu_bench_job;
typedef struct hu_bench_kind hu_bench_kind;

/* What a kind of work measures its speed in, and what against. */
struct hu_bench_kind {
    const char *name, *unit, *against;
    double      per_element;          /* units of work an element, or a multiplication: 1e-6 elements, 2e-9 operations */
    int         streams;              /* of memory that the work moves, where it is held against memcpy, which moves 2  */
    bool        is_gemm, is_f64;
    bool (*work)(hu_bench_job *job);
    bool (*yard)(hu_bench_job *job);
    bool (*scalar)(hu_bench_job *job);        /* SCALARS elements or terms, one by one; NULL: none */
    bool        is_train;             /* a training step: an element is a token, `medium` and `large` are two shapes of model */
};

const hu_bench_kind *hu_bench_kind_find(const char *name);

enum { HU_BENCH_SCALARS = 1 << 12 };

struct hu_bench_job {
    const hu_bench_row    *row;
    const hu_bench_kind   *kind;
    const hu_format       *format;
    const hu_block_format *block;
    hu_env                 env;
    size_t                 n;               /* elements, or rows and columns */
    int                    repeats;         /* of the work in one timed piece, where it is short */
    void                  *in[3], *out, *copy;
    double                *sums;            /* scales                        */
    struct hu_bench_trainer *trained[2];    /* of a training step, and of its yardstick */
    struct hu_plain       *plain;           /* instead of the latter                    */
    double                 sink;
};

/* Makes the arrays; HU_CLI_OK, or the exit status after a line that says why not. Cleared by hu_bench_job_clear in any case. */
int  hu_bench_job_init(hu_bench_job *job, const hu_bench_row *row, size_t n);
void hu_bench_job_clear(hu_bench_job *job);

/* The same for training steps: n tokens in one of the shapes of bench-train-work.c. */
int  hu_bench_train_init(hu_bench_job *job, size_t n);
void hu_bench_train_clear(hu_bench_job *job);
bool hu_bench_train_work(hu_bench_job *job);
bool hu_bench_train_yard(hu_bench_job *job);
bool hu_bench_plain_yard(hu_bench_job *job);

enum { HU_BENCH_TOKENS_MEDIUM = 8 * 128, HU_BENCH_TOKENS_LARGE = 8 * 256 };

/* The job in the row's mode of that number, its name in *mode; false past the last. */
bool hu_bench_job_mode(hu_bench_job *job, int i, char mode[32]);

#endif
