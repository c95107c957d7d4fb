/* file.h - files that are written whole or not at all.
 *
 * What is written goes to a new file beside the old one, which takes its name when all is well: a full disk or a
 * kill leaves the older one. A link is followed, and a device or a pipe is written in place.
 *
 *     hu_file f;
 *     hu_status status = hu_file_open(&f, path, err);
 *     if (!status)
 *         status = hu_file_close(&f, fputs("text", f.stream) >= 0, err);
 */
#ifndef HU_BASE_FILE_H
#define HU_BASE_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "src/base/status.h"

typedef struct hu_file {
    FILE *stream;      /* for writing, binary               */
    char *path;        /* what is written in the end        */
    char *beside;      /* what is written first; NULL: path */
} hu_file;

/* HU_EIO with the reason; nothing is left behind then. */
hu_status hu_file_open(hu_file *f, const char *path, hu_error *err);

/* `written`: all that was put into the stream so far went well. Flushes, closes and takes the name; where any of it
 * fails, or written is false, the old file stays and HU_EIO gives the reason (errno's, for written false). */
hu_status hu_file_close(hu_file *f, bool written, hu_error *err);

/* A file for reading, binary; NULL with the reason in errno, EISDIR for a folder, which fopen() takes. */
FILE *hu_file_to_read(const char *path);

#endif
