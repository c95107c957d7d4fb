/* check.c - reads a file of vectors, computes every line again, and reports what differs. */
#include "src/hardware/check.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

enum { LOOK_AHEAD = 64, LOST = 8, BETWEEN_REPORTS = 1 << 16 };

/* --- findings --- */

void hu_check_report(hu_checker *c, const hu_finding *f)
{
    hu_check_result *r = c->result;
    if (r->findings++ < c->settings->max && c->settings->report)
        c->settings->report(c->settings->to, f);
    r->missing += f->kind == HU_FINDING_MISSING;
    r->differing += f->kind == HU_FINDING_DIFFERS;
}

void hu_check_say(hu_checker *c, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hu_check_report(c, &(hu_finding){.kind = HU_FINDING_FILE, .task = c->has_task ? &c->task : NULL, .text = text});
}

static bool is_nan(const hu_field *f, const uint64_t *words)
{
    hu_bits code = hu_field_get(f, words);
    return f->format && hu_bits_decode(f->format, &code).kind == HU_NAN;
}

bool hu_check_compare(const hu_checker *c, const hu_line *want, const hu_line *got, hu_finding *f)
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

static hu_status in_line(const hu_checker *c, hu_error *err)
{
    hu_error what = *err;
    return hu_fail(err, HU_EPARSE, "%.80s: line %llu: %.160s", c->lines.name, (unsigned long long)c->lines.number, what.text);
}

static hu_status cut_off(const hu_checker *c, hu_error *err)
{
    return hu_fail(err, HU_EPARSE, "%.120s: the file ends in the middle of line %llu", c->lines.name,
                   (unsigned long long)c->lines.number);
}

/* The next line that is neither empty nor a comment. */
static hu_status next_text(hu_checker *c, bool *more, hu_error *err)
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

hu_status hu_check_next(hu_checker *c, hu_line *line, bool *more, hu_error *err)
{
    hu_lines *l = &c->lines;
    hu_status status = next_text(c, more, err);
    if (status || !*more)
        return status;
    line->holds = c->holds;
    status = hu_layout_read(c->layout, &c->task, l->line, l->n, line, err);
    if (l->cut && (status || line->is_short || (c->header.has_count && c->n_lines + 1 < c->header.count)))
        return cut_off(c, err);
    if (status)
        return in_line(c, err);
    hu_sha256_add(&c->sha, l->line, l->n);
    hu_sha256_add(&c->sha, "\n", 1);
    c->n_lines++;
    if (l->cut && c->layout->read && c->header.has_sha && !is_digest(c))
        return cut_off(c, err);                             /* its lines may have any length */
    const hu_check_settings *s = c->settings;
    if (s->progress && c->n_lines % BETWEEN_REPORTS == 0 && !s->progress(s->to, c->n_lines, c->header.count))
        return hu_fail(err, HU_EBUSY, "stopped after %llu vectors", (unsigned long long)c->n_lines);
    return HU_OK;
}

/* --- the header --- */

/* Lines of a header from a file at its start; the first line after it is kept. */
static hu_status read_header(hu_checker *c, hu_lines *l, hu_error *err)
{
    bool more;
    hu_status status = hu_lines_next(l, &more, err);
    if (status || !more || !hu_header_starts(l->line, l->n, &c->comment)) {
        l->kept = !status && more;
        return status;
    }
    c->has_header = true;
    size_t mark = strlen(c->comment);
    for (;;) {
        status = hu_lines_next(l, &more, err);
        if (status || !more)
            return status;
        if (l->n < mark || strncmp(l->line, c->comment, mark) != 0) {
            l->kept = true;
            return HU_OK;
        }
        if (hu_header_read(&c->header, l->line + mark, l->n - mark, err) != HU_OK) {
            hu_error what = *err;
            return hu_fail(err, HU_EPARSE, "%.80s: line %llu: %.160s", l->name, (unsigned long long)l->number, what.text);
        }
    }
}

/* NAME.header of a file without one. */
static hu_status read_side(hu_checker *c, const char *path, hu_error *err)
{
    size_t size = strlen(path) + sizeof ".header";
    char *side = hu_malloc(size);
    hu_lines l;
    if (!side)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    snprintf(side, size, "%s.header", path);
    hu_status status = hu_lines_open(&l, side, NULL);
    if (status == HU_OK) {
        status = read_header(c, &l, err);
        hu_lines_close(&l);
        c->comment = NULL;
    } else {
        status = HU_OK;                                     /* there is none */
    }
    hu_free(side);
    return status;
}

/* What the options say over what the header says. */
static hu_task_words merged(const hu_checker *c)
{
    hu_task_words w = c->header.words;
    const hu_task_words *given = &c->settings->words;
    if (given->op && !given->format && strchr(given->op, '_'))
        w.format = NULL;                                    /* a function of TestFloat says its format */
    if (given->rounding && strchr(given->rounding, '+') && !given->overflow)
        w.overflow = NULL;
#define X(name)                     \
    if (given->name)                \
        w.name = given->name;
    HU_TASK_WORDS(X)
#undef X
    return w;
}

static hu_status same_words(const hu_checker *c, const hu_task *told, hu_error *err)
{
    const struct { const char *key, *told, *asked; } pairs[] = {
#define X(word) {#word, told->words.word ? told->words.word : "none", c->task.words.word ? c->task.words.word : "none"},
        HU_TASK_WORDS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (strcmp(pairs[i].told, pairs[i].asked) != 0)
            return hu_fail(err, HU_EINVAL, "%.100s: its header says %s %.50s, and asked for was %.50s", c->lines.name, pairs[i].key,
                           pairs[i].told, pairs[i].asked);
    }
    return HU_OK;
}

static hu_status set_task(hu_checker *c, hu_error *err)
{
    const hu_check_settings *s = c->settings;
    hu_task_words words = merged(c);
    if (!words.op)
        return hu_fail(err, HU_EINVAL, "%.120s has no header; what its vectors are about has to be said: an operation, a format, a "
                       "rounding mode and a layout", c->lines.name);
    hu_status status = hu_task_init(&c->task, &words, err);
    if (status)
        return status;
    c->has_task = true;
    if (c->has_header && c->header.words.op) {
        hu_task told;
        status = hu_task_init(&told, &c->header.words, err);
        if (status)
            return status;
        status = same_words(c, &told, err);
        hu_task_clear(&told);
        if (status)
            return status;
    }
    c->layout = c->header.layout ? c->header.layout : s->layout;
    if (c->header.layout && s->layout && s->layout != c->header.layout)
        return hu_fail(err, HU_EINVAL, "%.120s: its header says layout %s, asked for was %s", c->lines.name, c->header.layout->name,
                       s->layout->name);
    if (!c->layout && !c->has_header && strchr(words.op, '_'))
        c->layout = hu_layout_at(0);                        /* a function of TestFloat */
    if (!c->layout)
        return hu_fail(err, HU_EINVAL, "%.120s: the layout is not known; testfloat, fpgen, hex and csv are there", c->lines.name);
    if (!c->comment)
        c->comment = c->layout->comment;
    return hu_layout_check(c->layout, &c->task, err);
}

bool hu_check_is_names(const hu_lines *l)
{
    for (size_t i = 0; i < l->n; i++) {
        if (isalpha((unsigned char)l->line[i]) && !strchr("abcdefABCDEFxXzZ", l->line[i]))
            return true;
    }
    return false;
}

static hu_status skip_columns(hu_checker *c, hu_error *err)
{
    char columns[HU_LINE_MAX];
    hu_lines *l = &c->lines;
    if (!c->layout->has_columns || !hu_check_is_names(l))
        return HU_OK;
    hu_layout_columns(&c->task, c->holds ? c->holds : HU_LINE_FULL, columns, sizeof columns);
    if (strlen(columns) == l->n && memcmp(columns, l->line, l->n) == 0) {
        l->kept = false;
        return HU_OK;
    }
    return hu_fail(err, HU_EPARSE, "%.60s: line %llu: the columns are '%.*s'; expected '%.80s'", l->name, (unsigned long long)l->number,
                   l->n > 80 ? 80 : (int)l->n, l->line, columns);
}

/* What a line holds, where no header says so; and passes over the names of columns. */
static hu_status look_at_first_line(hu_checker *c, hu_error *err)
{
    bool more;
    hu_lines *l = &c->lines;
    hu_status status = next_text(c, &more, err);
    if (status)
        return status;
    if (!more)
        return hu_fail(err, HU_EPARSE, l->number == 0 ? "%.120s is empty" : "%.120s has no vectors", l->name);
    l->kept = true;
    c->holds = c->has_header ? c->header.holds : 0;
    status = skip_columns(c, err);
    if (status || c->holds)
        return status;
    status = next_text(c, &more, err);
    if (status || !more)
        return status ? status : hu_fail(err, HU_EPARSE, "%.120s has no vectors", l->name);
    c->holds = hu_layout_holds(c->layout, &c->task, l->line, l->n, false, err);
    l->kept = true;
    return c->holds ? HU_OK : l->cut ? cut_off(c, err) : in_line(c, err);
}

/* --- the file with its own results --- */

/* Where in the described set the reading is. */
typedef struct place {
    uint64_t next;                /* number of the vector that should come */
    uint64_t lost;                /* lines in a row that are not of the set */
    bool in_step;                 /* one has been, so that the set is the right one */
    uint64_t *in, *out;
} place;

static void report_missing(hu_checker *c, place *p, uint64_t vector)
{
    hu_cases_get(c->cases, vector, p->in);
    hu_flags flags = hu_task_compute(&c->task, p->in, p->out);
    hu_check_report(c, &(hu_finding){.kind = HU_FINDING_MISSING, .task = &c->task, .line = c->lines.number, .vector = vector + 1,
                                     .in = p->in, .want = p->out, .want_flags = flags});
}

/* How many vectors of the set come before the one with these operands; LOOK_AHEAD: it is none of the next ones. */
static uint64_t distance(const hu_checker *c, place *p, const uint64_t *in)
{
    for (uint64_t s = 0; s < LOOK_AHEAD && p->next + s < hu_cases_count(c->cases); s++) {
        hu_cases_get(c->cases, p->next + s, p->in);
        if (hu_check_same_operands(c, p->in, in))
            return s;
    }
    return LOOK_AHEAD;
}

static void drop_set(hu_checker *c)
{
    hu_cases_free(c->cases);
    c->cases = NULL;
}

/* Compares the operands with those of the set, and names the vectors that are not there. */
static void keep_step(hu_checker *c, place *p, const hu_line *line)
{
    uint64_t s = distance(c, p, line->in);
    if (s < LOOK_AHEAD) {
        for (uint64_t i = 0; i < s && p->in_step; i++)
            report_missing(c, p, p->next + i);
        p->next += s + 1;
        p->lost = 0;
        p->in_step = true;
        return;
    }
    if (p->in_step) {
        hu_cases_get(c->cases, p->next < hu_cases_count(c->cases) ? p->next : 0, p->in);
        hu_check_report(c, &(hu_finding){.kind = HU_FINDING_OPERANDS, .task = &c->task, .line = c->lines.number, .vector = p->next + 1,
                                         .in = line->in, .want = p->in});
    }
    p->next++;
    if (++p->lost >= LOST)
        drop_set(c);
}

static hu_status check_lines(hu_checker *c, place *p, hu_line *line, hu_line *want, hu_error *err)
{
    for (;;) {
        bool more;
        hu_finding f;
        hu_status status = hu_check_next(c, line, &more, err);
        if (status || !more)
            return status;
        if (c->cases)
            keep_step(c, p, line);
        want->flags = hu_task_compute(&c->task, line->in, want->out);
        if (!hu_check_compare(c, want, line, &f))
            continue;
        f.line = c->lines.number;
        f.vector = c->cases ? p->next : 0;
        hu_check_report(c, &f);
    }
}

static void compare_ends(hu_checker *c, place *p)
{
    const hu_header *h = &c->header;
    if (c->cases && p->in_step) {
        c->lines.number++;
        for (; p->next < hu_cases_count(c->cases) && c->result->findings < c->settings->max; p->next++)
            report_missing(c, p, p->next);
        uint64_t rest = hu_cases_count(c->cases) > p->next ? hu_cases_count(c->cases) - p->next : 0;
        c->result->missing += rest;
        c->result->findings += rest;
    }
    if (h->has_count && h->count != c->n_lines)
        hu_check_say(c, "the header says %llu vectors, and there are %llu", (unsigned long long)h->count, (unsigned long long)c->n_lines);
}

static void compare_digests(hu_checker *c)
{
    char sha[HU_SHA256_HEX];
    hu_sha256_hex(&c->sha, sha);
    if (c->header.has_sha && strcmp(sha, c->header.sha) != 0)
        hu_check_say(c, "the checksum of the lines is %.16s..., the header says %.16s...: the file is not as it was written", sha,
                     c->header.sha);
}

static hu_status check_itself(hu_checker *c, hu_error *err)
{
    const hu_task *t = &c->task;
    uint64_t *words = hu_calloc((size_t)(2 * t->in_words + 3 * t->out_words), sizeof *words);
    if (!words)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    hu_line line = {.in = words, .out = words + t->in_words};
    hu_line want = {.in = line.in, .out = line.out + t->out_words};
    place p = {.in = want.out + t->out_words, .out = want.out + t->out_words + t->in_words};
    hu_status status = check_lines(c, &p, &line, &want, err);
    if (status == HU_OK)
        compare_ends(c, &p);
    hu_free(words);
    return status;
}

/* The set that the header describes, so that what is missing can be named. Without it the count says how many. */
static void find_set(hu_checker *c)
{
    const hu_header *h = &c->header;
    if (!c->has_header || !h->has_seed || !h->has_count || h->count > UINT64_MAX / 2)
        return;
    if (hu_cases_new(&c->cases, &c->task, h->seed, h->wanted, NULL) == HU_OK && hu_cases_count(c->cases) != h->count)
        drop_set(c);
}

static hu_status check_all(hu_checker *c, const char *path, hu_error *err)
{
    hu_status status = read_header(c, &c->lines, err);
    if (status == HU_OK && !c->has_header && strcmp(path, "-") != 0)
        status = read_side(c, path, err);
    if (status == HU_OK && !c->has_header && !c->lines.kept)
        return hu_fail(err, HU_EPARSE, "%.120s is empty", c->lines.name);
    if (status == HU_OK)
        status = set_task(c, err);
    if (status == HU_OK)
        status = look_at_first_line(c, err);
    if (status)
        return status;
    c->result->has_results = c->settings->against || (c->holds & HU_LINE_OUT);
    if (!c->result->has_results)
        return hu_fail(err, HU_EINVAL, "%.120s has operands alone; the file with the outputs has to be named too (--against)", c->lines.name);
    snprintf(c->result->task, sizeof c->result->task, "%.60s %.120s %.40s", c->task.words.op, c->task.words.format, c->task.words.rounding);
    if (c->settings->against) {
        status = hu_check_against(c, c->settings->against, err);
    } else {
        find_set(c);
        status = check_itself(c, err);
    }
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
    drop_set(c);
    if (c->has_task)
        hu_task_clear(&c->task);
    hu_free(c);
    return status;
}
