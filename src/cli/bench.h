/* bench.h - what every measurement of `halfulp bench` shares: its row in the table, clocks, medians, printing.
 *
 * A measurement gets the arguments that follow its name, as a command does, and prints one line of
 * results: text, or a JSON object with the same fields under --json.
 */
#ifndef HU_CLI_BENCH_H
#define HU_CLI_BENCH_H

#include <stddef.h>

#include "src/cli/cli.h"

typedef struct hu_bench {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} hu_bench;

int hu_bench_quantize(int argc, char **argv);
int hu_bench_gemm    (int argc, char **argv);
int hu_bench_train   (int argc, char **argv);
int hu_bench_vectors (int argc, char **argv);

/* The whole table: what `halfulp bench` does without a name. */
int hu_bench_table(int argc, char **argv);

/* Work that is timed: does it once; false: it failed, and the measuring ends. */
typedef bool hu_bench_work(void *what);

/* Seconds of the median of repetitions of `work` and, run in turn with it, of `yardstick` (NULL: none; *yard_s is
 * then left alone): the thread's own processor time where one thread works, which other processes disturb
 * less, else the time on the wall. At least 3 repetitions, more until `enough_s` seconds have gone by. Returns how
 * many there were, 0 when the work failed. The first is not counted where there is time for it. */
int hu_bench_time(double *work_s, double *yard_s, hu_bench_work *work, hu_bench_work *yardstick, void *what,
                  int threads, double enough_s);

/* A result under way to stdout: open, fields, close. */
typedef struct hu_bench_line {
    bool json;
    int  fields;
} hu_bench_line;

void hu_bench_open(hu_bench_line *line, bool json, const char *bench);
void hu_bench_text(hu_bench_line *line, const char *key, const char *value);
void hu_bench_count(hu_bench_line *line, const char *key, unsigned long long value);
void hu_bench_number(hu_bench_line *line, const char *key, double value);
void hu_bench_close(hu_bench_line *line);

#endif
