/* bench-record.h - the record of a run of `halfulp bench`: one JSON object a line, the first about the machine, the others a row each. */
#ifndef HU_CLI_BENCH_RECORD_H
#define HU_CLI_BENCH_RECORD_H

#include <stdio.h>

#include "src/base/status.h"

typedef struct hu_bench_machine {
    char cpu[128], isa[16], version[32], commit[48], date[32];
    double threads;                       /* that OpenMP offers */
} hu_bench_machine;

typedef struct hu_bench_result {
    char   name[64], mode[32], isa[16], unit[16], against[16];
    double n, threads;
    double speed;                         /* median, in units        */
    double ratio;                         /* median, to the yardstick run in turn with it */
    double spread;                        /* half the distance of the ratio's quartiles, as a share of it */
    double scalar;                        /* times the scalar path; 0: not measured */
    double target;                        /* of the ratio; 0: none   */
    double repetitions;
} hu_bench_result;

typedef struct hu_bench_record {
    hu_bench_machine machine;
    hu_bench_result *result;
    size_t           n;
} hu_bench_record;

void hu_bench_write_machine(FILE *out, const hu_bench_machine *m);
void hu_bench_write_result(FILE *out, const hu_bench_result *r);

/* Reads a record; HU_EIO or HU_EPARSE with one line that names the file and the line. Cleared by hu_bench_record_clear in any case. */
hu_status hu_bench_record_read(hu_bench_record *r, const char *path, hu_error *err);
void      hu_bench_record_clear(hu_bench_record *r);

/* Shows each row of the newer record beside that of the older one. Returns how many are slower by more than noise: by more than 5 % and
 * more than three times the spreads together, in the ratio to the yardstick, which other work on the machine disturbs less than it does a speed. */
size_t hu_bench_compare(FILE *out, const hu_bench_record *old, const hu_bench_record *new);

#endif
