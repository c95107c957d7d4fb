/* generate.c - writes a set of vectors: a header, and line after line. */
#include <errno.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/hardware/vectors.h"

enum { CHUNK = 1 << 16, BETWEEN_REPORTS = 1 << 16 };

static const char no_digest[] = "0000000000000000000000000000000000000000000000000000000000000000";

typedef struct job {
    const hu_task *task;
    const hu_vectors_settings *settings;
    hu_cases *cases;
    int holds;
    hu_sha256 sha;
    char *buffer;                 /* a chunk, and room for one line more */
    uint64_t *in, *out;
} job;

static hu_status flush(job *j, FILE *to, size_t n, hu_error *err)
{
    hu_sha256_add(&j->sha, j->buffer, n);
    if (fwrite(j->buffer, 1, n, to) == n)
        return HU_OK;
    return hu_fail(err, HU_EIO, "cannot write the vectors: %s", strerror(errno));
}

static bool goes_on(const job *j, uint64_t done)
{
    const hu_vectors_settings *s = j->settings;
    return !s->progress || done % BETWEEN_REPORTS != 0 || s->progress(s->to, done, hu_cases_count(j->cases));
}

/* All lines; the digest is then in j->sha. */
static hu_status write_body(job *j, FILE *to, hu_error *err)
{
    hu_vector line = {.in = j->in, .out = j->out, .holds = j->holds};
    char *at = j->buffer;
    uint64_t n = hu_cases_count(j->cases);
    for (uint64_t i = 0; i < n; i++) {
        hu_cases_get(j->cases, i, j->in);
        if (j->holds & HU_LINE_OUT)
            line.flags = hu_task_compute(j->task, j->in, j->out);
        at = hu_layout_write(j->settings->layout, j->task, &line, at);
        if (at - j->buffer >= CHUNK) {
            hu_status status = flush(j, to, (size_t)(at - j->buffer), err);
            if (status)
                return status;
            at = j->buffer;
        }
        if (!goes_on(j, i + 1))
            return hu_fail(err, HU_EBUSY, "stopped after %llu of %llu vectors", (unsigned long long)i + 1, (unsigned long long)n);
    }
    return flush(j, to, (size_t)(at - j->buffer), err);
}

static void header_text(const job *j, const char *sha, char text[HU_HEADER_SIZE])
{
    const hu_vectors_settings *s = j->settings;
    hu_header_write(s->layout, j->task, j->cases, s->seed, s->count, j->holds, sha, text);
}

static hu_status write_columns(const job *j, FILE *to, hu_error *err)
{
    char columns[HU_LINE_MAX];
    if (!j->settings->layout->has_columns)
        return HU_OK;
    hu_layout_columns(j->task, j->holds, columns, sizeof columns);
    return fprintf(to, "%s\n", columns) < 0 ? hu_fail(err, HU_EIO, "cannot write the vectors: %s", strerror(errno)) : HU_OK;
}

static hu_status write_header(const job *j, FILE *to, const char *sha, hu_error *err)
{
    char text[HU_HEADER_SIZE];
    header_text(j, sha, text);
    return fputs(text, to) < 0 ? hu_fail(err, HU_EIO, "cannot write the header: %s", strerror(errno)) : HU_OK;
}

static hu_status copy(FILE *from, FILE *to, hu_error *err)
{
    char chunk[CHUNK / 4];
    rewind(from);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, from)) > 0;) {
        if (fwrite(chunk, 1, n, to) != n)
            return hu_fail(err, HU_EIO, "cannot write the vectors: %s", strerror(errno));
    }
    return ferror(from) ? hu_fail(err, HU_EIO, "cannot read the vectors back: %s", strerror(errno)) : HU_OK;
}

/* Where nothing can be written over, the lines wait in a nameless file until their digest is known. */
static hu_status write_through_file(job *j, FILE *to, hu_error *err)
{
    char sha[HU_SHA256_HEX];
    FILE *body = tmpfile();
    if (!body)
        return hu_fail(err, HU_EIO, "no temporary file for the vectors: %s", strerror(errno));
    hu_status status = write_body(j, body, err);
    hu_sha256_hex(&j->sha, sha);
    if (status == HU_OK)
        status = write_header(j, to, sha, err);
    if (status == HU_OK)
        status = write_columns(j, to, err);
    if (status == HU_OK)
        status = copy(body, to, err);
    fclose(body);
    return status;
}

/* The header is written twice: first with a digest of zeros, which its length does not depend on. */
static hu_status write_in_place(job *j, FILE *to, hu_error *err)
{
    char sha[HU_SHA256_HEX];
    hu_status status = write_header(j, to, no_digest, err);
    if (status == HU_OK)
        status = write_columns(j, to, err);
    if (status == HU_OK)
        status = write_body(j, to, err);
    if (status)
        return status;
    hu_sha256_hex(&j->sha, sha);
    if (fseek(to, 0, SEEK_SET) != 0)
        return hu_fail(err, HU_EIO, "cannot write the header: %s", strerror(errno));
    return write_header(j, to, sha, err);
}

static hu_status write_plain(job *j, FILE *to, hu_error *err)
{
    hu_status status = write_columns(j, to, err);
    return status ? status : write_body(j, to, err);
}

/* NAME.header, once NAME is written. */
static hu_status write_side(job *j, const char *path, hu_error *err)
{
    char sha[HU_SHA256_HEX];
    size_t size = strlen(path) + sizeof ".header";
    char *side = hu_malloc(size);
    hu_file f;
    if (!side)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    snprintf(side, size, "%s.header", path);
    hu_status status = hu_file_open(&f, side, err);
    hu_free(side);
    if (status)
        return status;
    hu_sha256_hex(&j->sha, sha);
    status = write_header(j, f.stream, sha, err);
    hu_status closed = hu_file_close(&f, status == HU_OK, status ? NULL : err);
    return status ? status : closed;
}

static hu_status write_file(job *j, const char *path, hu_error *err)
{
    bool inside = !j->settings->no_header && j->settings->layout->comment;
    hu_file f;
    hu_status status = hu_file_open(&f, path, err);
    if (status)
        return status;
    bool seekable = f.beside != NULL;
    status = !inside ? write_plain(j, f.stream, err) : seekable ? write_in_place(j, f.stream, err) : write_through_file(j, f.stream, err);
    hu_status closed = hu_file_close(&f, status == HU_OK, status ? NULL : err);
    if (status == HU_OK)
        status = closed;
    if (status == HU_OK && !inside && !j->settings->no_header)
        status = write_side(j, path, err);
    return status;
}

static hu_status write_stdout(job *j, hu_error *err)
{
    if (!j->settings->no_header && j->settings->layout->comment)
        return write_through_file(j, stdout, err);
    return write_plain(j, stdout, err);
}

static hu_status allocate(job *j, hu_error *err)
{
    const hu_task *t = j->task;
    j->buffer = hu_malloc(CHUNK + hu_layout_line_size(j->settings->layout, t));
    j->in = hu_calloc((size_t)t->in_words, sizeof *j->in);
    j->out = hu_calloc((size_t)t->out_words, sizeof *j->out);
    return j->buffer && j->in && j->out ? HU_OK : hu_fail(err, HU_ENOMEM, "out of memory");
}

hu_status hu_vectors_generate(const char *path, const hu_task *t, const hu_vectors_settings *s, uint64_t *written, hu_error *err)
{
    job j = {.task = t, .settings = s, .holds = s->inputs_only ? HU_LINE_IN : HU_LINE_FULL};
    hu_sha256_init(&j.sha);
    hu_status status = hu_layout_check(s->layout, t, err);
    if (status == HU_OK)
        status = allocate(&j, err);
    if (status == HU_OK)
        status = hu_cases_new(&j.cases, t, s->seed, s->count, err);
    if (status == HU_OK)
        status = strcmp(path, "-") == 0 ? write_stdout(&j, err) : write_file(&j, path, err);
    if (status == HU_OK)
        *written = hu_cases_count(j.cases);
    hu_cases_free(j.cases);
    hu_free(j.buffer);
    hu_free(j.in);
    hu_free(j.out);
    return status;
}
