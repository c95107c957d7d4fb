/* check.c - reads a file of vectors, computes every line again, and reports what differs. */
#include "src/hardware/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

enum { BETWEEN_REPORTS = 1 << 16 };

/* --- findings --- */

void hu_check_report(hu_checker *c, const hu_finding *f)
{
    hu_check_result *r = c->result;
    bool whole = f->kind == HU_FINDING_FILE, shown = whole || r->reported < c->settings->max;
    if (shown && c->settings->report)
        c->settings->report(c->settings->to, f);
    r->findings++;
    r->of_file += whole;
    r->reported += shown && !whole;
    r->unreadable += f->kind == HU_FINDING_LINE;
    r->missing += f->kind == HU_FINDING_MISSING;
    r->differing += f->kind == HU_FINDING_DIFFERS;
}

void hu_check_say(hu_checker *c, hu_finding_kind kind, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hu_check_report(c, &(hu_finding){.kind = kind, .task = c->has_task ? &c->task : NULL, .text = text});
}

static bool is_nan(const hu_field *f, const uint64_t *words)
{
    hu_bits code = hu_field_get(f, words);
    return f->format && hu_bits_decode(f->format, &code).kind == HU_NAN;
}

bool hu_check_compare(const hu_checker *c, const hu_vector *want, const hu_vector *got, hu_finding *f)
{
    const hu_task *t = &c->task;
    bool any_nan = c->settings->any_nan || got->any_nan, differs = false;
    for (int i = 0; i < t->n_results; i++) {
        const hu_field *field = &t->field[t->n_operands + t->n_random + i];
        if (memcmp(want->out + field->at, got->out + field->at, (size_t)field->n_words * sizeof *got->out) != 0)
            differs = differs || !any_nan || !is_nan(field, want->out) || !is_nan(field, got->out);
    }
    bool flags = (got->holds & HU_LINE_FLAGS) && !c->settings->ignore_flags && want->flags != got->flags;
    *f = (hu_finding){.kind = HU_FINDING_DIFFERS, .task = t, .in = want->in, .want = want->out, .got = got->out,
                      .want_flags = want->flags, .got_flags = got->flags, .result_differs = differs, .flags_differ = flags};
    return differs || flags;
}

bool hu_check_same_operands(const hu_checker *c, const uint64_t *a, const uint64_t *b)
{
    const hu_task *t = &c->task;
    if (memcmp(a, b, (size_t)t->in_words * sizeof *a) == 0)
        return true;
    for (int i = 0; i < t->n_operands; i++) {
        const hu_field *f = &t->field[i];
        if (memcmp(a + f->at, b + f->at, (size_t)f->n_words * sizeof *a) != 0 &&
            !(c->layout->read && is_nan(f, a) && is_nan(f, b)))
            return false;
    }
    return c->layout->read != NULL;
}

/* --- reading --- */

hu_status hu_check_in_line(const hu_checker *c, hu_error *err)
{
    hu_error what = *err;
    return hu_fail(err, HU_EPARSE, "%.80s: line %llu: %.160s", c->lines.name, (unsigned long long)c->lines.number, what.text);
}

hu_status hu_check_cut_off(const hu_checker *c, hu_error *err)
{
    return hu_fail(err, HU_EPARSE, "%.120s: the file ends in the middle of line %llu", c->lines.name,
                   (unsigned long long)c->lines.number);
}

hu_status hu_check_next_text(hu_checker *c, bool *more, hu_error *err)
{
    hu_lines *l = &c->lines;
    for (;;) {
        hu_status status = hu_lines_next(l, more, err);
        if (status || !*more)
            return status;
        bool is_comment = c->comment && l->n + 1 >= strlen(c->comment) && strncmp(l->line, c->comment, strlen(c->comment) - 1) == 0;
        if (l->n > 0 && !is_comment)
            return HU_OK;
    }
}

/* Whether the lines so far have the digest of the header. */
static bool is_digest(const hu_checker *c)
{
    char sha[HU_SHA256_HEX];
    hu_sha256 copy = c->sha;
    hu_sha256_hex(&copy, sha);
    return strcmp(sha, c->header.sha) == 0;
}

hu_status hu_check_next(hu_checker *c, hu_vector *line, bool *more, hu_error *err)
{
    hu_lines *l = &c->lines;
    hu_status status = hu_check_next_text(c, more, err);
    if (status || !*more)
        return status;
    line->holds = c->holds;
    status = hu_layout_read(c->layout, &c->task, l->line, l->n, line, err);
    if (l->cut && (status || line->short_column || (c->header.has_count && c->n_lines + 1 < c->header.count)))
        return hu_check_cut_off(c, err);
    if (status)
        return hu_check_in_line(c, err);
    if (line->short_column) {
        hu_fail(err, HU_EPARSE, "column %s has fewer digits than its width takes", line->short_column);
        return hu_check_in_line(c, err);
    }
    hu_sha256_add(&c->sha, l->line, l->n);
    hu_sha256_add(&c->sha, "\n", 1);
    c->n_lines++;
    if (l->cut && c->layout->read && c->header.has_sha && !is_digest(c))
        return hu_check_cut_off(c, err);                    /* its lines may have any length */
    const hu_check_settings *s = c->settings;
    if (s->progress && c->n_lines % BETWEEN_REPORTS == 0 && !s->progress(s->to, c->n_lines, c->header.count))
        return hu_fail(err, HU_EBUSY, "stopped after %llu vectors", (unsigned long long)c->n_lines);
    return HU_OK;
}

static void compare_digests(hu_checker *c)
{
    char sha[HU_SHA256_HEX];
    hu_sha256_hex(&c->sha, sha);
    if (c->header.has_sha && strcmp(sha, c->header.sha) != 0)
        hu_check_say(c, HU_FINDING_FILE, "the checksum of the lines is %.16s..., the header says %.16s...: the file is not as it was written", sha,
                     c->header.sha);
}

static hu_status check_all(hu_checker *c, const char *path, hu_error *err)
{
    hu_status status = hu_check_header(c, path, err);
    if (status)
        return status;
    c->result->has_results = c->settings->against || (c->holds & HU_LINE_OUT);
    if (!c->result->has_results)
        return hu_fail(err, HU_EINVAL, "%.120s has operands alone; the file with the outputs has to be named too (--against)", c->lines.name);
    static const char *const policies[] = {[HU_OVERFLOW_IEEE] = "", [HU_OVERFLOW_SATURATE] = "+sat", [HU_OVERFLOW_SATURATE_FINITE] = "+satfinite"};
    snprintf(c->result->task, sizeof c->result->task, "%.60s %.120s %.40s%s", c->task.words.op, c->task.words.format,
             c->task.words.rounding, policies[c->task.env.overflow]);
    status = c->settings->against ? hu_check_against(c, c->settings->against, err) : hu_check_itself(c, err);
    if (status == HU_OK)
        compare_digests(c);
    return status;
}

hu_status hu_vectors_check(const char *path, const hu_check_settings *s, hu_check_result *result, hu_error *err)
{
    hu_error own;
    if (!err)
        err = &own;
    *result = (hu_check_result){0};
    hu_checker *c = hu_calloc(1, sizeof *c);
    if (!c)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    c->settings = s;
    c->result = result;
    hu_sha256_init(&c->sha);
    hu_status status = hu_lines_open(&c->lines, path, err);
    if (status == HU_OK) {
        status = check_all(c, path, err);
        result->lines = c->n_lines;
        result->windows_ends = c->lines.windows_ends;
        hu_lines_close(&c->lines);
    }
    if (c->has_task)
        hu_task_clear(&c->task);
    hu_free(c);
    return status;
}
