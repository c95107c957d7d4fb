/* cmd-vectors.c - halfulp vectors: test vectors for hardware, written and checked. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "src/base/nearest.h"
#include "src/cli/vectors.h"
#include "src/lab/interrupt.h"

static const struct { const char *name; int (*run)(int argc, char **argv); const char *summary; } actions[] = {
    {"generate", hu_vectors_cmd_generate, "writes the operands that show errors, with results and flags"},
    {"check",    hu_vectors_cmd_check,    "computes the lines of a file again and names those that differ"},
    {"probe",    hu_vectors_cmd_probe,    "writes dot products that show how a matrix unit adds"},
    {"fit",      hu_vectors_cmd_fit,      "finds from their results how it does, and the nearest known device"},
    {NULL, NULL, NULL},
};

static bool shown;

bool hu_vectors_show_progress(void *to, uint64_t done, uint64_t n)
{
    (void)to;
    if (isatty(STDERR_FILENO) == 1) {
        if (n > 0)
            fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " vectors (%d %%)", done, n, (int)(100.0 * (double)done / (double)n));
        else
            fprintf(stderr, "\r%" PRIu64 " vectors", done);
        shown = true;
    }
    return hu_interrupted() == 0;
}

void hu_vectors_end_progress(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}

static int show(void)
{
    puts("usage: halfulp vectors ACTION [ARGUMENTS] [OPTIONS]\n"
         "\n"
         "Test vectors for the arithmetic of a design: operands at the edges of a format, results at and beside midpoints,\n"
         "differences that cancel, subnormal and overflowing results, and random ones; for every operation, format and mode.\n"
         "\n"
         "actions:");
    for (int i = 0; actions[i].name; i++)
        printf("  %-10s %s\n", actions[i].name, actions[i].summary);
    puts("\nhalfulp vectors ACTION --help shows the options of one.");
    return HU_CLI_OK;
}

int hu_cmd_vectors(int argc, char **argv)
{
    if (argc == 0)
        return hu_cli_fail(HU_CLI_USAGE, "vectors: generate, check, probe or fit? 'halfulp vectors --help' shows them");
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return show();
    hu_nearest near = hu_nearest_to(argv[0]);
    for (int i = 0; actions[i].name; i++) {
        if (strcmp(actions[i].name, argv[0]) == 0)
            return actions[i].run(argc - 1, argv + 1);
        hu_nearest_offer(&near, actions[i].name);
    }
    return hu_cli_fail(HU_CLI_USAGE, "vectors: there is no action '%s'%s%s%s; there are generate, check, probe and fit", argv[0],
                       near.best ? " (did you mean '" : "", near.best ? near.best : "", near.best ? "'?)" : "");
}
