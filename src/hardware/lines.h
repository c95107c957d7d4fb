/* lines.h - the lines of a file of any size, one after another. Internal to src/hardware. */
#ifndef HU_HARDWARE_LINES_H
#define HU_HARDWARE_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "src/base/status.h"

typedef struct hu_lines {
    FILE *file;
    const char *name;          /* as messages call it                             */
    char *buffer;
    size_t at, end;            /* of what is still to be given out of the buffer  */
    uint64_t number;           /* of the last line given out, from 1              */
    bool windows_ends;         /* a line ended in CR LF                           */
    bool cut;                  /* the last line given out has no end              */
    bool kept;                 /* the last line is to be given out again          */
    const char *line;
    size_t n;
} hu_lines;

/* "-": standard input. HU_EIO with the reason. */
hu_status hu_lines_open(hu_lines *l, const char *path, hu_error *err);
void      hu_lines_close(hu_lines *l);

/* The next line into l->line and l->n, without its end; valid until the next call. *more false: there is none. HU_EIO, or HU_EPARSE
 * where a line is longer than HU_LINE_MAX. */
hu_status hu_lines_next(hu_lines *l, bool *more, hu_error *err);

#endif
