/* slurm.c - the batch script with which Slurm computes a sweep in parts: a job array, a part a task. */
#include "src/cli/slurm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void quoted(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=:,./@%";
    if (*text && text[strspn(text, plain)] == '\0') {
        fputs(text, stdout);
        return;
    }
    putchar('\'');
    for (; *text; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, stdout);
    putchar('\'');
}

static void option(const char *name, const char *value)
{
    if (value) {
        printf(" --%s ", name);
        quoted(value);
    }
}

/* What each part runs, but for --shard and --out. */
static void command(const hu_slurm *s, const char *program)
{
    quoted(program);
    fputs(" run ", stdout);
    quoted(s->script);
    for (int i = 0; i < s->n_args; i++) {
        putchar(' ');
        quoted(s->args[i]);
    }
    option("seed", s->seed);
    option("retry", s->retry);
    option("timeout", s->timeout);
    option("memory", s->memory);
}

void hu_slurm_print(const hu_slurm *s)
{
    char program[4096] = "halfulp", name[128];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    const char *slash = strrchr(s->script, '/'), *base = slash ? slash + 1 : s->script;
    if (n > 0)
        program[n] = '\0';
    snprintf(name, sizeof name, "%.*s", (int)(strlen(base) > 4 ? strlen(base) - 4 : strlen(base)), base);
    for (char *c = name; *c; c++)       /* a directive takes no quotes */
        if (*c <= ' ' || strchr("'\"\\$#", *c))
            *c = '_';
    char out[4096];
    snprintf(out, sizeof out, "%s%s", s->out ? s->out : "results/", s->out ? "" : name);
    printf("#!/bin/sh\n"
           "# %s in %d parts, a task of a job array each. What a part had done when it ended is kept: the same script goes on.\n"
           "#SBATCH --job-name=%s\n"
           "#SBATCH --array=1-%d\n"
           "#SBATCH --ntasks=1\n"
           "#SBATCH --cpus-per-task=%d\n"
           "# Two minutes before the time is up, points finish or leave a checkpoint:\n"
           "#SBATCH --signal=B:TERM@120\n"
           "# Add what your cluster asks for: --partition, --time, --mem.\n", name, s->parts, name, s->parts, s->jobs > 0 ? s->jobs : 1);
    fputs("set -eu\nexec ", stdout);
    command(s, program);
    printf(" --jobs \"${SLURM_CPUS_PER_TASK:-%d}\" \\\n    --shard \"$SLURM_ARRAY_TASK_ID/%d\" --out ", s->jobs > 0 ? s->jobs : 1, s->parts);
    quoted(out);
    fputs("-part-\"$SLURM_ARRAY_TASK_ID\"\n\n# When all parts are done, these put them together and draw what the script draws:\n#   ", stdout);
    quoted(program);
    fputs(" results merge ", stdout);
    quoted(out);
    putchar(' ');
    quoted(out);
    fputs("-part-*\n#   ", stdout);
    command(s, program);
    fputs(" --out ", stdout);
    quoted(out);
    putchar('\n');
}
