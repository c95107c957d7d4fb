/* check-header.c - what a file of vectors is about: its header and the options, and what its first line holds. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/hardware/check.h"

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
    if (hu_header_check_version(l->line, l->n, c->comment, err) != HU_OK) {
        hu_error what = *err;
        return hu_fail(err, HU_EPARSE, "%.80s: %.160s", l->name, what.text);
    }
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

/* Whether the columns that the header names are those of the task: with results, or operands alone. */
static hu_status same_fields(const hu_checker *c, const hu_task *told, hu_error *err)
{
    char full[HU_HEADER_SIZE], operands[HU_HEADER_SIZE];
    hu_header_fields(told, HU_LINE_FULL, full);
    hu_header_fields(told, HU_LINE_IN, operands);
    const char *fields = c->header.fields;
    if (!fields[0] || strcmp(fields, full) == 0 || strcmp(fields, operands) == 0)
        return HU_OK;
    return hu_fail(err, HU_EPARSE, "%.60s: its header says the fields '%.60s'; %.20s %.40s has '%.60s'", c->lines.name, fields,
                   told->words.op, told->words.format, full);
}

/* Whether the header's words, with what it lacks taken from the options, are those of the task. */
static hu_status agree_with_header(const hu_checker *c, hu_error *err)
{
    hu_task told;
    hu_task_words words = c->header.words;
    if (!words.op)
        return HU_OK;
    if (!words.format)
        words.format = c->task.words.format;
#define X(name)                                                                        \
    if (!words.name && strcmp(words.op, "dot") == 0 && c->task.kind == HU_TASK_DOT)    \
        words.name = c->task.words.name;
    HU_TASK_WORDS(X)
#undef X
    hu_status status = hu_task_init(&told, &words, err);
    if (status)
        return status;
    status = same_words(c, &told, err);
    if (status == HU_OK)
        status = same_fields(c, &told, err);
    hu_task_clear(&told);
    return status;
}

static hu_status set_task(hu_checker *c, hu_error *err)
{
    const hu_check_settings *s = c->settings;
    hu_task_words words = merged(c);
    if (!words.op)
        return hu_fail(err, HU_EINVAL, c->has_header ? "%.120s: its header names no operation; --op does" : "%.120s has no header; "
                       "what its vectors are about has to be said: --op, --format, --layout, and --rounding if it is not rne",
                       c->lines.name);
    hu_status status = hu_task_init(&c->task, &words, err);
    if (status)
        return status;
    c->has_task = true;
    status = agree_with_header(c, err);
    if (status)
        return status;
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
    hu_status status = hu_check_next_text(c, &more, err);
    if (status)
        return status;
    if (!more)
        return hu_fail(err, HU_EPARSE, l->number == 0 ? "%.120s is empty" : "%.120s has no vectors", l->name);
    l->kept = true;
    c->holds = c->has_header ? c->header.holds : 0;
    status = skip_columns(c, err);
    if (status || c->holds)
        return status;
    status = hu_check_next_text(c, &more, err);
    if (status || !more)
        return status ? status : hu_fail(err, HU_EPARSE, "%.120s has no vectors", l->name);
    c->holds = hu_layout_holds(c->layout, &c->task, l->line, l->n, false, err);
    l->kept = true;
    if (c->holds == (HU_LINE_IN | HU_LINE_OUT) && !c->settings->against && !c->settings->ignore_flags)
        return hu_fail(err, HU_EPARSE, "%.120s: line %llu has no flags; --ignore-flags compares results alone", l->name,
                       (unsigned long long)l->number);
    return c->holds ? HU_OK : l->cut ? hu_check_cut_off(c, err) : hu_check_in_line(c, err);
}

hu_status hu_check_header(hu_checker *c, const char *path, hu_error *err)
{
    hu_status status = read_header(c, &c->lines, err);
    if (status == HU_OK && !c->has_header && strcmp(path, "-") != 0)
        status = read_side(c, path, err);
    if (status == HU_OK && !c->has_header && !c->lines.kept)
        return hu_fail(err, HU_EPARSE, "%.120s is empty", c->lines.name);
    if (status == HU_OK)
        status = set_task(c, err);
    return status ? status : look_at_first_line(c, err);
}
