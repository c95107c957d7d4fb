/* slurm.h - the batch script with which Slurm computes a sweep in parts. */
#ifndef HU_CLI_SLURM_H
#define HU_CLI_SLURM_H

#include <stdbool.h>

typedef struct hu_slurm {
    const char *script;
    char      **args;          /* key=value                                        */
    int         n_args, parts, jobs;    /* jobs -1: not given                      */
    const char *out, *seed, *retry, *timeout, *memory;    /* as given; NULL: not   */
} hu_slurm;

/* Writes the script to standard output: a job array, a part of the sweep a task. */
void hu_slurm_print(const hu_slurm *s);

#endif
