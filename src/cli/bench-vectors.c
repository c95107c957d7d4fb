/* bench-vectors.c - halfulp bench vectors: writing sets of test vectors, against copying the bytes.
 *
 * The set is written into /dev/null, so that no disk is measured; its digest is computed as for a file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/memory.h"
#include "src/cli/bench.h"
#include "src/cli/options.h"
#include "src/hardware/vectors.h"

enum { CHUNK = 1 << 16 };

static const char text[] =
    "Generates a set of test vectors again and again, in turn with writing as many bytes from memory, and shows the medians:\n"
    "mvec_per_s (million vectors a second), ratio_copy (the speed as a share of that of the bytes alone), and the same for reading\n"
    "the set back and comparing: check_mvec_per_s.\n"
    "\n"
    "  $ halfulp bench vectors --op mul --format fp16 --count 1000000 --json\n";

typedef struct measurement {
    hu_task task;
    hu_vectors_settings settings;
    hu_error err;
    char *file;            /* of the check: what generate wrote */
    char *bytes;           /* of the yardstick                  */
    char chunk[CHUNK];
    size_t n_bytes;
} measurement;

static bool generate(void *what)
{
    measurement *m = what;
    uint64_t written;
    return hu_vectors_generate("/dev/null", &m->task, &m->settings, &written, &m->err) == HU_OK;
}

static bool check(void *what)
{
    measurement *m = what;
    hu_check_result result;
    hu_check_settings s = {.max = 1};
    return hu_vectors_check(m->file, &s, &result, &m->err) == HU_OK && result.findings == 0;
}

static bool copy(void *what)
{
    measurement *m = what;
    FILE *out = fopen("/dev/null", "wb");
    if (!out)
        return false;
    bool written = true;
    for (size_t at = 0, n; at < m->n_bytes; at += n) {
        n = m->n_bytes - at < CHUNK ? m->n_bytes - at : CHUNK;
        memcpy(m->chunk, m->bytes + at, n);
        written = written && fwrite(m->chunk, 1, n, out) == n;
    }
    return fclose(out) == 0 && written;
}

/* The set in a file of its own, and its bytes. */
static bool prepare(measurement *m)
{
    uint64_t written;
    if (hu_vectors_generate(m->file, &m->task, &m->settings, &written, &m->err) != HU_OK)
        return false;
    FILE *in = fopen(m->file, "rb");
    if (!in || fseek(in, 0, SEEK_END) != 0)
        return false;
    m->n_bytes = (size_t)ftell(in);
    rewind(in);
    m->bytes = hu_malloc(m->n_bytes + 1);
    bool read = m->bytes && fread(m->bytes, 1, m->n_bytes, in) == m->n_bytes;
    fclose(in);
    return read;
}

static int report(measurement *m, bool json)
{
    double work_s, copy_s, check_s, n = (double)m->settings.count;
    int repetitions = hu_bench_time(&work_s, &copy_s, generate, copy, m, 1, 1.0);
    if (repetitions == 0 || hu_bench_time(&check_s, NULL, check, NULL, m, 1, 1.0) == 0)
        return hu_cli_fail(HU_CLI_FAILED, "bench vectors: %s", m->err.text[0] ? m->err.text : "nothing could be measured");
    hu_bench_line line;
    hu_bench_open(&line, json, "vectors");
    hu_bench_text(&line, "op", m->task.words.op);
    hu_bench_text(&line, "format", m->task.words.format);
    hu_bench_text(&line, "rounding", m->task.words.rounding);
    hu_bench_text(&line, "layout", m->settings.layout->name);
    hu_bench_count(&line, "count", m->settings.count);
    hu_bench_count(&line, "repetitions", (unsigned long long)repetitions);
    hu_bench_number(&line, "mvec_per_s", 1e-6 * n / work_s);
    hu_bench_number(&line, "mbyte_per_s", 1e-6 * (double)m->n_bytes / work_s);
    hu_bench_number(&line, "ratio_copy", copy_s / work_s);
    hu_bench_number(&line, "check_mvec_per_s", 1e-6 * n / check_s);
    hu_bench_close(&line);
    return HU_CLI_OK;
}

static int measure(const hu_task_words *words, const hu_layout *layout, uint64_t count, bool json)
{
    char file[] = "/tmp/halfulp-bench.XXXXXX";
    int status = HU_CLI_FAILED;
    measurement m = {.settings = {.layout = layout, .seed = 1, .count = count}, .file = file};
    if (hu_task_init(&m.task, words, &m.err) != HU_OK)
        return hu_cli_fail(HU_CLI_USAGE, "bench vectors: %s", m.err.text);
    int fd = mkstemp(file);
    if (fd >= 0 && close(fd) == 0 && prepare(&m))
        status = report(&m, json);
    else
        hu_cli_fail(HU_CLI_FAILED, "bench vectors: %s", m.err.text[0] ? m.err.text : "no temporary file could be written");
    if (fd >= 0)
        remove(file);
    hu_free(m.bytes);
    hu_task_clear(&m.task);
    return status;
}

int hu_bench_vectors(int argc, char **argv)
{
    hu_task_words words = {.op = "mul", .format = "fp16"};
    const char *layout = "hex";
    hu_option_word count = {1000000, false};
    bool json = false;
    const hu_option options[] = {
        {"op", HU_OPTION_TEXT, &words.op, "NAME", "as in 'halfulp vectors generate'; default mul"},
        {"format", HU_OPTION_TEXT, &words.format, "NAME", "default fp16"},
        {"rounding", HU_OPTION_TEXT, &words.rounding, "MODE", "default rne"},
        {"layout", HU_OPTION_TEXT, &layout, "NAME", "hex (default), fpgen or csv"},
        {"count", HU_OPTION_WORD, &count, "N", "vectors; default 1000000"},
        {"json", HU_OPTION_SWITCH, &json, NULL, "as a JSON object"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"bench vectors", "[OPTIONS]", text, options};
    hu_error err = {0};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc > 0)
        return hu_cli_fail(HU_CLI_USAGE, "bench vectors: takes options only; got '%s'", argv[0]);
    const hu_layout *chosen = hu_layout_find(layout, &err);
    if (!chosen)
        return hu_cli_fail(HU_CLI_USAGE, "bench vectors: %s", err.text);
    if (!chosen->comment)
        return hu_cli_fail(HU_CLI_USAGE, "bench vectors: layout %s has its header in another file; hex, fpgen and csv will do", layout);
    if (count.value == 0 || count.value > UINT64_C(1) << 32)
        return hu_cli_fail(HU_CLI_USAGE, "bench vectors: --count takes 1 to %" PRIu64, UINT64_C(1) << 32);
    return measure(&words, chosen, count.value, json);
}
