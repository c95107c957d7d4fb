/* vectors-check.c - fuzz target: whatever a file of vectors holds, checking it ends with findings or one line.
 *
 * The first byte chooses what is known besides the file; what follows a byte 0xff is the file with the outputs.
 * Built by `make fuzz`; run as tests/fuzz/vectors-check -max_total_time=600 -dict=tests/fuzz/vectors-check.dict
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/hardware/vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* The target is built without OpenMP. */
int omp_get_thread_num(void);
int omp_get_max_threads(void);
int omp_get_thread_num(void)  { return 0; }
int omp_get_max_threads(void) { return 1; }

/* A file in memory, and its name. */
static int make_file(const uint8_t *data, size_t size, char path[64])
{
    int fd = memfd_create("vectors", 0);
    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static uint64_t reported;

static void report(void *to, const hu_finding *f)
{
    must(to == &reported);
    reported++;
    if (f->kind == HU_FINDING_FILE)
        must(f->text[0] && !strchr(f->text, '\n'));
    else
        must(f->task && f->in && f->want);
}

static const hu_task_words known[] = {
    {NULL}, {.op = "f16_add"}, {.op = "f32_mulAdd", .rounding = "rz"}, {.op = "mul", .format = "e4m3fn", .rounding = "sr:8"},
    {.op = "cvt", .format = "e8m23>mxfp4"}, {.op = "dot", .format = "e5m2", .terms = "3", .sum = "e5m10"}, {.op = "f128_add"}, {.op = "lt", .format = "posit8"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t choice = *data++;
    const uint8_t *split = memchr(data, 0xff, --size);
    size_t first = split ? (size_t)(split - data) : size;
    char path[64], outputs[64];
    int fd = make_file(data, first, path), fd_outputs = -1;
    hu_check_settings s = {.words = known[choice & 7], .max = 5, .report = report, .to = &reported, .ignore_flags = choice >> 6 & 1,
                           .any_nan = choice >> 7};
    hu_check_result result;
    hu_error err = {0};
    if (choice & 7)
        s.layout = hu_layout_at(choice >> 3 & 3);
    if (split) {
        fd_outputs = make_file(split + 1, size - first - 1, outputs);
        s.against = outputs;
    }
    reported = 0;
    hu_status status = hu_vectors_check(path, &s, &result, &err);
    must(status == HU_OK || (err.text[0] && !strchr(err.text, '\n')));
    must(reported <= 5 && reported <= result.findings);
    if (status == HU_OK)
        must(reported == (result.findings < 5 ? result.findings : 5));
    close(fd);
    if (split)
        close(fd_outputs);
    return 0;
}
