/* cmd-bench.c - halfulp bench: how fast the kernels are, against yardsticks measured in the same run. */
#include <string.h>

#include "src/base/nearest.h"
#include "src/cli/bench.h"
#include "src/cli/options.h"

static const hu_bench benches[] = {
    {"quantize", hu_bench_quantize, "rounding an array to a format, against copying it"},
    {"gemm",     hu_bench_gemm,     "a matrix product with every operation rounded, against none and against BLAS"},
    {"train",    hu_bench_train,    "a training step of a language model under a policy"},
    {"vectors",  hu_bench_vectors,  "writing and checking test vectors, against copying the bytes"},
    {NULL, NULL, NULL},
};

static int show(void)
{
    puts("usage: halfulp bench NAME [OPTIONS]\n"
         "\n"
         "Measures a kernel and a yardstick in turn and shows medians; --json prints one JSON object.\n"
         "\n"
         "measurements:");
    for (const hu_bench *b = benches; b->name; b++)
        printf("  %-10s %s\n", b->name, b->summary);
    puts("\nhalfulp bench NAME --help shows the options of one.");
    return HU_CLI_OK;
}

int hu_cmd_bench(int argc, char **argv)
{
    if (argc == 0)
        return hu_cli_fail(HU_CLI_USAGE, "bench: what is to be measured is missing; 'halfulp bench --help' lists what there is");
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return show();
    hu_nearest near = hu_nearest_to(argv[0]);
    for (const hu_bench *b = benches; b->name; b++) {
        if (strcmp(b->name, argv[0]) == 0)
            return b->run(argc - 1, argv + 1);
        hu_nearest_offer(&near, b->name);
    }
    return hu_cli_fail(HU_CLI_USAGE, "bench: there is nothing called '%s' to measure%s%s%s; 'halfulp bench --help' lists what there is",
                       argv[0], near.best ? " (did you mean '" : "", near.best ? near.best : "", near.best ? "'?)" : "");
}
