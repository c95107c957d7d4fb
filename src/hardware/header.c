/* header.c - the header of a vector file, to and from text. */
#include "src/hardware/header.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/nearest.h"

#define FIRST_WORDS "halfulp vectors"
#define VERSION     "1"
#define FIRST_LINE  FIRST_WORDS " " VERSION

static const char *const marks[] = {"// ", "# "};

/* Besides the words of a task. */
static const char *const keys[] = {"layout", "function", "fields", "seed", "wanted", "count", "classes", "sha256"};

/* --- writing --- */

typedef struct writer {
    char *text;
    size_t used;
    const char *comment;
} writer;

__attribute__((format(printf, 2, 3))) static void put(writer *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(w->text + w->used, HU_HEADER_SIZE - w->used, format, args);
    va_end(args);
    w->used += n > 0 ? (size_t)n : 0;
    if (w->used >= HU_HEADER_SIZE)
        w->used = HU_HEADER_SIZE - 1;
}

/* "a" of a17, with the length; a name without a number is itself. */
static size_t stem(const char *name)
{
    size_t n = strlen(name);
    while (n > 0 && isdigit((unsigned char)name[n - 1]))
        n--;
    return n;
}

/* a:16 b:16 result:16 flags:5; numbered ones as a[64]:8. */
static void put_fields(writer *w, const hu_task *t, int holds)
{
    int n_in = t->n_operands + t->n_random, n = n_in + t->n_results, next;
    for (int i = 0; i < n; i = next) {
        const char *name = t->field[i].name;
        size_t length = stem(name);
        for (next = i + 1; next < n && name[length] && stem(t->field[next].name) == length &&
                           strncmp(t->field[next].name, name, length) == 0 && t->field[next].name[length];)
            next++;
        if (!(holds & (i < n_in ? HU_LINE_IN : HU_LINE_OUT)))
            continue;
        if (name[length])
            put(w, " %.*s[%d]:%d", (int)length, name, next - i, t->field[i].width_bits);
        else
            put(w, " %s:%d", name, t->field[i].width_bits);
    }
    if (holds & HU_LINE_FLAGS)
        put(w, " flags:5");
}

static void put_classes(writer *w, const hu_cases *cases)
{
    bool first = true;
    for (int c = 0; c < HU_CASES_N; c++) {
        uint64_t n = hu_cases_in_class(cases, (hu_cases_class)c);
        if (n > 0)
            put(w, "%s%s %" PRIu64, first ? " " : ", ", hu_cases_class_name((hu_cases_class)c), n);
        first = first && n == 0;
    }
}

void hu_header_fields(const hu_task *t, int holds, char text[HU_HEADER_SIZE])
{
    writer w = {text, 0, ""};
    text[0] = '\0';
    put_fields(&w, t, holds);
    memmove(text, text + 1, strlen(text));                  /* a blank stands before each */
}

void hu_header_write(const hu_layout *layout, const hu_task *t, const hu_cases *cases, uint64_t seed, uint64_t wanted, int holds,
                     const char *sha, char text[HU_HEADER_SIZE])
{
    const char *mark = layout->comment ? layout->comment : "# ";
    char function[HU_TASK_TEXT];
    writer w = {text, 0, mark};
    put(&w, "%s%s\n%slayout: %s\n", mark, FIRST_LINE, mark, layout->name);
#define X(name)                                              \
    if (t->words.name)                                       \
        put(&w, "%s%s: %s\n", mark, #name, t->words.name);
    HU_TASK_WORDS(X)
#undef X
    if (hu_task_testfloat_name(t, function))
        put(&w, "%sfunction: %s\n", mark, function);
    put(&w, "%sfields:", mark);
    put_fields(&w, t, holds);
    put(&w, "\n%sseed: %" PRIu64 "\n", mark, seed);
    if (wanted > 0)
        put(&w, "%swanted: %" PRIu64 "\n", mark, wanted);
    put(&w, "%scount: %" PRIu64 "\n%sclasses:", mark, hu_cases_count(cases), mark);
    put_classes(&w, cases);
    put(&w, "\n%ssha256: %s\n", mark, sha);
}

/* --- reading --- */

bool hu_header_starts(const char *line, size_t n, const char **comment)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t length = strlen(marks[i]);
        size_t end = length + strlen(FIRST_WORDS);
        if (n >= end && memcmp(line, marks[i], length) == 0 && memcmp(line + length, FIRST_WORDS, end - length) == 0 &&
            (n == end || line[end] == ' ')) {
            *comment = marks[i];
            return true;
        }
    }
    return false;
}

hu_status hu_header_check_version(const char *line, size_t n, const char *comment, hu_error *err)
{
    size_t start = strlen(comment), length = strlen(FIRST_LINE);
    if (n - start == length && memcmp(line + start, FIRST_LINE, length) == 0)
        return HU_OK;
    return hu_fail(err, HU_EPARSE, "its header begins '%.*s'; this program reads '%s'", n - start > 60 ? 60 : (int)(n - start),
                   line + start, FIRST_LINE);
}

static hu_status no_such_key(const char *key, hu_error *err)
{
    hu_nearest near = hu_nearest_to(key);
#define X(name) hu_nearest_offer(&near, #name);
    HU_TASK_WORDS(X)
#undef X
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        hu_nearest_offer(&near, keys[i]);
    return hu_fail(err, HU_EPARSE, "a header has no key '%.40s'%s%s%s", key, near.best ? "; did you mean '" : "",
                   near.best ? near.best : "", near.best ? "'?" : "");
}

static hu_status read_count(const char *key, const char *value, uint64_t *out, bool *has, hu_error *err)
{
    char *end;
    unsigned long long n = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end)
        return hu_fail(err, HU_EPARSE, "the header's %s is '%.40s', which is not a number", key, value);
    *out = n;
    *has = true;
    return HU_OK;
}

static hu_status read_sha(hu_header *h, const char *value, hu_error *err)
{
    if (strlen(value) != HU_SHA256_HEX - 1 || strspn(value, "0123456789abcdef") != HU_SHA256_HEX - 1)
        return hu_fail(err, HU_EPARSE, "the header's sha256 is '%.80s', which is not a digest of 64 digits", value);
    memcpy(h->sha, value, HU_SHA256_HEX);
    h->has_sha = true;
    return HU_OK;
}

/* A set has its operands alone, or everything. */
static int holds_of(const char *fields)
{
    return strstr(fields, "flags:") ? HU_LINE_FULL : HU_LINE_IN;
}

hu_status hu_header_read(hu_header *h, const char *line, size_t n, hu_error *err)
{
    char key[HU_TASK_TEXT], value[HU_TASK_TEXT];
    const char *colon = memchr(line, ':', n);
    bool has;
    if (!colon)
        return hu_fail(err, HU_EPARSE, "the header's line '%.*s' is not 'key: value'", n > 60 ? 60 : (int)n, line);
    const char *start = colon + 1, *end = line + n;
    while (start < end && *start == ' ')
        start++;
    if (end - start >= HU_TASK_TEXT)
        return HU_OK;                                       /* a long list of classes or fields */
    snprintf(key, sizeof key, "%.*s", (int)(colon - line), line);
    snprintf(value, sizeof value, "%.*s", (int)(end - start), start);
    int i = 0;
#define X(name)                                                         \
    if (strcmp(key, #name) == 0) {                                      \
        memcpy(h->text[i], value, strlen(value) + 1);                   \
        h->words.name = h->text[i];                                     \
        return HU_OK;                                                   \
    }                                                                   \
    i++;
    HU_TASK_WORDS(X)
#undef X
    if (strcmp(key, "layout") == 0)
        return (h->layout = hu_layout_find(value, err)) ? HU_OK : HU_EPARSE;
    if (strcmp(key, "fields") == 0) {
        h->holds = holds_of(value);
        memcpy(h->fields, value, strlen(value) + 1);
        return HU_OK;
    }
    if (strcmp(key, "seed") == 0)
        return read_count(key, value, &h->seed, &h->has_seed, err);
    if (strcmp(key, "count") == 0)
        return read_count(key, value, &h->count, &h->has_count, err);
    if (strcmp(key, "wanted") == 0)
        return read_count(key, value, &h->wanted, &has, err);
    if (strcmp(key, "sha256") == 0)
        return read_sha(h, value, err);
    return strcmp(key, "function") == 0 || strcmp(key, "classes") == 0 ? HU_OK : no_such_key(key, err);
}
