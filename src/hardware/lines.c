/* lines.c - the lines of a file of any size, one after another. */
#include "src/hardware/lines.h"

#include <errno.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/hardware/layout.h"

enum { SIZE = 4 * HU_LINE_MAX };

hu_status hu_lines_open(hu_lines *l, const char *path, hu_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    *l = (hu_lines){.name = standard ? "standard input" : path};
    l->buffer = hu_malloc(SIZE);
    if (!l->buffer)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    l->file = standard ? stdin : fopen(path, "rb");
    if (l->file)
        return HU_OK;
    hu_fail(err, HU_EIO, "cannot read %.160s: %s", path, strerror(errno));
    hu_lines_close(l);
    return HU_EIO;
}

void hu_lines_close(hu_lines *l)
{
    if (l->file && l->file != stdin)
        fclose(l->file);
    hu_free(l->buffer);
    *l = (hu_lines){.name = l->name};
}

/* Moves what is left to the front and reads more. */
static hu_status refill(hu_lines *l, bool *more, hu_error *err)
{
    memmove(l->buffer, l->buffer + l->at, l->end - l->at);
    l->end -= l->at;
    l->at = 0;
    errno = 0;
    size_t n = fread(l->buffer + l->end, 1, SIZE - l->end, l->file);
    if (n == 0 && ferror(l->file))
        return hu_fail(err, HU_EIO, "cannot read %.160s: %s", l->name, strerror(errno));
    l->end += n;
    *more = n > 0;
    return HU_OK;
}

static void give(hu_lines *l, size_t n, bool has_end)
{
    l->line = l->buffer + l->at;
    l->n = n;
    l->at += n + has_end;
    if (l->number++ == 0 && n >= 3 && memcmp(l->line, "\xef\xbb\xbf", 3) == 0) {
        l->line += 3;                                       /* the mark of UTF-8 that some editors write */
        l->n -= 3;
    }
    l->cut = !has_end;
    if (l->n > 0 && l->line[l->n - 1] == '\r') {
        l->n--;
        l->windows_ends = true;
    }
}

hu_status hu_lines_next(hu_lines *l, bool *more, hu_error *err)
{
    if (l->kept) {
        l->kept = false;
        *more = true;
        return HU_OK;
    }
    for (;;) {
        const char *start = l->buffer + l->at, *newline = memchr(start, '\n', l->end - l->at);
        size_t n = newline ? (size_t)(newline - start) : l->end - l->at;
        if (n > HU_LINE_MAX)
            return hu_fail(err, HU_EPARSE, "%.120s: line %llu has more than %d bytes; is it a vector file?", l->name,
                           (unsigned long long)l->number + 1, HU_LINE_MAX);
        if (newline) {
            give(l, n, true);
            *more = true;
            return HU_OK;
        }
        bool grown = false;
        hu_status status = refill(l, &grown, err);
        if (status)
            return status;
        if (!grown) {
            *more = l->end > l->at;
            if (*more)
                give(l, l->end - l->at, false);
            return HU_OK;
        }
    }
}
