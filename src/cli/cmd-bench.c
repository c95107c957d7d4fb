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

static int show(int argc, char **argv)
{
    int status = hu_bench_table(argc, argv);
    puts("\nmeasurements:");
    for (const hu_bench *b = benches; b->name; b++)
        printf("  %-10s %s\n", b->name, b->summary);
    puts("\nhalfulp bench NAME --help shows the options of one.");
    return status;
}

int hu_cmd_bench(int argc, char **argv)
{
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0))
        return show(argc, argv);
    if (argc == 0 || argv[0][0] == '-')
        return hu_bench_table(argc, argv);
    hu_nearest near = hu_nearest_to(argv[0]);
    for (const hu_bench *b = benches; b->name; b++) {
        if (strcmp(b->name, argv[0]) == 0)
            return b->run(argc - 1, argv + 1);
        hu_nearest_offer(&near, b->name);
    }
    return hu_cli_fail(HU_CLI_USAGE, "bench: there is nothing called '%s' to measure%s%s%s; 'halfulp bench --help' lists what there is",
                       argv[0], near.best ? " (did you mean '" : "", near.best ? near.best : "", near.best ? "'?)" : "");
}
