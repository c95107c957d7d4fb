/* vectors-probe.c - halfulp vectors probe and fit: how a matrix unit adds, from its results. */
#include <string.h>

#include "src/base/file.h"
#include "src/cli/formats-file.h"
#include "src/cli/vectors.h"
#include "src/hardware/probe.h"

static const char probe_text[] =
    "Writes dot products whose results show how a matrix unit adds: what it aligns, cuts off and rounds, how many products it adds\n"
    "at once, and in which order. The unit appends its results, or writes them to a file of their own, and 'vectors fit' reads them.\n"
    "With --model the results are those of the adder of a device, as in 'halfulp bench gemm'.\n"
    "\n"
    "  $ halfulp vectors probe --format fp16 --out fp16.probe\n"
    "  $ halfulp vectors probe --format 'e4m3fn*e5m2' --model H100 --out h100.probe\n";

static const char fit_text[] =
    "Reads probes with their results and finds what explains all of them: the parameters of the adder, or the range of each where several do.\n"
    "Names the known device that comes nearest. Exit status: 0 something explains them, 1 nothing does, 2 wrong use.\n"
    "\n"
    "  $ halfulp vectors fit h100.probe\n"
    "  $ halfulp vectors fit fp16.probe --against device.out\n";

static int failed(const char *action, hu_status status, const hu_error *err)
{
    bool usage = status == HU_EINVAL || status == HU_ENAME || status == HU_ERANGE || status == HU_EPARSE;
    return hu_cli_fail(usage ? HU_CLI_USAGE : HU_CLI_FAILED, "vectors %s: %s", action, err->text);
}

/* ---- probe ---- */

/* "A" or "A*B" */
static hu_status find_formats(const char *text, const hu_format *of[2], hu_error *err)
{
    char first[HU_TASK_TEXT];
    const char *star = strchr(text, '*');
    size_t n = star ? (size_t)(star - text) : strlen(text);
    if (n >= sizeof first)
        return hu_fail(err, HU_EINVAL, "the name of a format has fewer than %zu characters", sizeof first);
    memcpy(first, text, n);
    first[n] = 0;
    of[0] = hu_format_find(first, err);
    of[1] = of[0] && star ? hu_format_find(star + 1, err) : of[0];
    return of[0] && of[1] ? HU_OK : HU_EINVAL;
}

static hu_status write_probes(hu_probe_set *set, const char *path, const char *model, const char *output, hu_error *err)
{
    hu_file file;
    if (model) {
        const hu_block_profile *p = hu_block_profile_find(model, set->a, set->b, output, err);
        if (!p)
            return HU_EINVAL;
        hu_block_fma m = hu_block_profile_adder(p, set->a, set->b);
        hu_probe_answer(set, &m);
    }
    if (strcmp(path, "-") == 0)
        return hu_probe_write(set, stdout) ? HU_OK : hu_fail(err, HU_EIO, "cannot write to standard output");
    hu_status status = hu_file_open(&file, path, err);
    return status ? status : hu_file_close(&file, hu_probe_write(set, file.stream), err);
}

int hu_vectors_cmd_probe(int argc, char **argv)
{
    const char *format = NULL, *output = "fp32", *model = NULL, *out = "-";
    hu_option_word seed = {1, false};
    int terms = 128;
    const hu_option options[] = {
        {"format", HU_OPTION_TEXT, &format, "NAME", "of the operands; A*B: two"},
        {"output", HU_OPTION_TEXT, &output, "NAME", "of the accumulator and the results; default fp32"},
        {"terms", HU_OPTION_COUNT, &terms, "N", "of a dot product; default 128. Groups of up to so many are found"},
        {"model", HU_OPTION_TEXT, &model, "NAME", "results of this device's adder; default none"},
        {"seed", HU_OPTION_WORD, &seed, "NUMBER", "of all random choices; default 1"},
        {"out", HU_OPTION_TEXT, &out, "FILE", "written whole or not at all; default -, standard output"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"vectors probe", "--format NAME [OPTIONS]", probe_text, options};
    hu_error err = {0};
    hu_probe_set set = {0};
    const hu_format *of[2] = {NULL, NULL}, *of_output;
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc > 0)
        return hu_cli_fail(HU_CLI_USAGE, "vectors probe: takes options only; got '%s'", argv[0]);
    if (!format)
        return hu_cli_fail(HU_CLI_USAGE, "vectors probe: --format says what the operands are; fp16, or e4m3fn*e5m2");
    if (find_formats(format, of, &err) || !(of_output = hu_format_find(output, &err)))
        return hu_cli_fail(HU_CLI_USAGE, "vectors probe: %s", err.text);
    hu_status done = hu_probe_make(&set, of[0], of[1], of_output, terms, seed.value, &err);
    if (!done)
        done = write_probes(&set, out, model, output, &err);
    hu_probe_clear(&set);
    return done ? failed("probe", done, &err) : HU_CLI_OK;
}

/* ---- fit ---- */

static void print_range(const char *name, const int range[2], const char *note)
{
    printf("%-12s ", name);
    if (range[0] == range[1])
        printf("%d", range[0]);
    else
        printf("%d to %d", range[0], range[1]);
    printf("  %s\n", note);
}

static void print_modes(const char *name, unsigned modes, const char *note)
{
    printf("%-12s ", name);
    const char *between = "";
    for (int i = 0; hu_rounding_at(i); i++)
        if (modes >> i & 1) {
            printf("%s%s", between, hu_rounding_at(i)->name);
            between = " or ";
        }
    printf("  %s\n", note);
}

static void print_lowest(const hu_probe_fit *fit)
{
    printf("%-12s ", "lowest");
    if (fit->lowest[1] == HU_BLOCK_FMA_NO_LOWEST)
        printf("none");
    else if (fit->lowest[0] == fit->lowest[1])
        printf("%d", fit->lowest[0]);
    else if (fit->lowest[0] == HU_BLOCK_FMA_NO_LOWEST)
        printf("none, or at most %d", fit->lowest[1]);
    else
        printf("%d to %d", fit->lowest[0], fit->lowest[1]);
    puts("  least exponent that all are aligned to");
}

static void print_ways(const hu_probe_fit *fit)
{
    static const char *const answers[] = {"", "no", "yes", "no or yes"};
    printf("%-12s %s  whether a product of 2 or more counts as one of the next exponent\n", "normalizes", answers[fit->normalizes]);
    printf("%-12s %s  whether the accumulator is added without being aligned\n", "late", answers[fit->late]);
}

static void print_fit(const hu_probe_set *set, const hu_probe_fit *fit)
{
    if (fit->survivors == 0) {
        printf("no adder that was tried explains the results of part %d\n", fit->part);
    } else {
        print_range("group", fit->group, fit->group[1] * fit->interleave[1] >= set->terms ? "products added at once, or more" : "products added at once");
        print_range("interleave", fit->interleave, "groups that take their terms in turn");
        print_range("width", fit->width, "bits kept below the largest exponent");
        print_modes("align", fit->align, "how they are cut");
        printf("%-12s %s  what results have room for\n", "output", fit->first.output->name);
        print_modes("rounding", fit->final, "of the sum");
        print_lowest(fit);
        print_ways(fit);
    }
    if (!fit->nearest[0]) {
        printf("no known device has products of %s and %s to %s\n", set->a->name, set->b->name, set->output->name);
        return;
    }
    for (int i = 0; fit->nearest[i]; i++)
        printf("%s%s", i ? ", " : fit->nearest_wrong ? "nearest: " : "explained by: ", fit->nearest[i]->device);
    if (fit->nearest_wrong)
        printf(" (%zu of %zu results differ)\n", fit->nearest_wrong, set->n);
    else
        printf(" (all %zu results)\n", set->n);
}

int hu_vectors_cmd_fit(int argc, char **argv)
{
    const char *against = NULL;
    const hu_option options[] = {
        {"against", HU_OPTION_TEXT, &against, "FILE", "the results, a line each, where they are not in the file itself"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"vectors fit", "FILE [OPTIONS]", fit_text, options};
    hu_error err = {0};
    hu_probe_set set;
    hu_probe_fit fit;
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc != 1)
        return hu_cli_fail(HU_CLI_USAGE, "vectors fit: takes one file ('-': standard input); got %d", argc);
    if (against && strcmp(against, "-") == 0 && strcmp(argv[0], "-") == 0)
        return hu_cli_fail(HU_CLI_USAGE, "vectors fit: the probes and the results cannot both come from standard input");
    hu_status done = hu_probe_read(&set, argv[0], against, &err);
    if (!done)
        done = hu_probe_fit_all(&set, &fit, &err);
    if (!done)
        print_fit(&set, &fit);
    hu_probe_clear(&set);
    return done ? failed("fit", done, &err) : fit.survivors ? HU_CLI_OK : HU_CLI_FAILED;
}
