/* vectors-generate.c - halfulp vectors generate: writes a set of test vectors. */
#include <inttypes.h>
#include <string.h>

#include "src/cli/formats-file.h"
#include "src/cli/vectors.h"
#include "src/lab/interrupt.h"

static const char text[] =
    "Writes test vectors, a line each: operands, result, flags. Of operands with at most 2^18 combinations all of them;\n"
    "else values at the edges of the format crossed with each other, results at midpoints and as near to one as can be,\n"
    "cancellation, results below the smallest normal and beside the largest value, and random operands up to --count.\n"
    "A stochastic mode has the random bits as one more column. The same seed gives the same bytes everywhere.\n"
    "\n"
    "  $ halfulp vectors generate --op mul --format e4m3fn --layout hex --out mul.hex\n"
    "  $ halfulp vectors generate --op f32_mulAdd --rounding rz --count 1000000 --out f32_mulAdd.txt\n"
    "  $ halfulp vectors generate --op cvt --format 'fp32>e5m2' --rounding sr:8+sat --layout csv\n"
    "  $ halfulp vectors generate --op dot --format e4m3fn --terms 16 --sum e8m13 --chunk 4 --outer fp32\n"
    "\n"
    "Layouts (docs/vectors.md describes each field):\n"
    "  testfloat   operands result flags, as in Berkeley TestFloat; its header goes to FILE.header\n"
    "  fpgen       IBM's FPgen, for binary16, binary32, binary64 and binary128\n"
    "  hex         digits joined by underscores, a word a line, for $readmemh\n"
    "  csv         comma-separated values with column names\n";

static int failed(hu_status status, const hu_error *err)
{
    bool usage = status == HU_EINVAL || status == HU_ENAME || status == HU_ERANGE || status == HU_EPARSE;
    return hu_cli_fail(usage ? HU_CLI_USAGE : HU_CLI_FAILED, "vectors generate: %s", err->text);
}

static int generate(const hu_task_words *words, const char *path, const hu_vectors_settings *s)
{
    hu_error err = {0};
    hu_task task;
    uint64_t written;
    hu_status status = hu_task_init(&task, words, &err);
    if (status)
        return failed(status, &err);
    hu_interrupt_catch(NULL);
    status = hu_vectors_generate(path, &task, s, &written, &err);
    hu_interrupt_release();
    hu_vectors_end_progress();
    hu_task_clear(&task);
    return status ? failed(status, &err) : HU_CLI_OK;
}

int hu_vectors_cmd_generate(int argc, char **argv)
{
    hu_task_words words = {0};
    const char *formats = NULL, *layout = NULL, *out = "-", *header = "yes";
    hu_option_word count = {0, false}, seed = {1, false};
    hu_vectors_settings s = {.progress = hu_vectors_show_progress};
    const hu_option options[] = {
        HU_VECTORS_TASK_OPTIONS(&words, "results that are NaNs: canonical (default) or propagate"),
        {"layout", HU_OPTION_TEXT, &layout, "NAME", "testfloat (default where TestFloat has the function), hex (else),\nfpgen or csv"},
        {"count", HU_OPTION_WORD, &count, "N", "how many; default: all combinations, or 100000 of more"},
        {"seed", HU_OPTION_WORD, &seed, "NUMBER", "of all random choices; default 1"},
        {"out", HU_OPTION_TEXT, &out, "FILE", "written whole or not at all; default -, standard output"},
        {"header", HU_OPTION_TEXT, &header, "WHICH", "yes (default) or none; lines without a header are not held back"},
        HU_FORMATS_OPTION(&formats),
        {"inputs-only", HU_OPTION_SWITCH, &s.inputs_only, NULL, "operands and random bits, without results and flags"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"vectors generate", "--op NAME --format NAME [OPTIONS]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status < 0)
        status = hu_formats_load("vectors generate", formats);
    if (status >= 0)
        return status;
    if (argc > 0)
        return hu_cli_fail(HU_CLI_USAGE, "vectors generate: takes options only; got '%s'", argv[0]);
    if (strcmp(header, "yes") != 0 && strcmp(header, "none") != 0)
        return hu_cli_fail(HU_CLI_USAGE, "vectors generate: --header is yes or none; got '%s'", header);
    if (count.given && count.value == 0)
        return hu_cli_fail(HU_CLI_USAGE, "vectors generate: --count takes a number from 1 on; got 0");
    hu_error err;
    s.layout = hu_layout_find(layout ? layout : words.op && strchr(words.op, '_') ? "testfloat" : "hex", &err);
    if (!s.layout)
        return hu_cli_fail(HU_CLI_USAGE, "vectors generate: %s", err.text);
    s.no_header = header[0] == 'n';
    s.seed = seed.value;
    s.count = count.value;
    return generate(&words, out, &s);
}
