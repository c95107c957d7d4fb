/* status.h - how a function says that it could not do what was asked.
 *
 * A function that can fail returns an hu_status and writes one line into the caller's hu_error:
 * what was asked, what was found, what would do. Outputs are then as they were.
 * Nothing here prints or ends the process.
 */
#ifndef HU_BASE_STATUS_H
#define HU_BASE_STATUS_H

#include <stddef.h>

#define HU_STATUS_MAP(X)                                                     \
    X(HU_OK,     "ok")                                                       \
    X(HU_EINVAL, "an argument has a value that the function does not take")  \
    X(HU_ENAME,  "no format, mode or operation has that name")               \
    X(HU_ERANGE, "a number lies outside what the function takes")            \
    X(HU_ESHAPE, "the shapes of the operands do not fit")                    \
    X(HU_ENOMEM, "out of memory")                                            \
    X(HU_EIO,    "a file could not be read or written")                      \
    X(HU_EPARSE, "the text is not in the form that was asked for")           \
    X(HU_EBUSY,  "another process holds it")

typedef enum hu_status {
#define X(name, text) name,
    HU_STATUS_MAP(X)
#undef X
} hu_status;

typedef struct hu_error {
    hu_status status;
    char text[256];        /* one line, no newline; "" while status is HU_OK */
} hu_error;

/* The sentence that belongs to a status code; borrowed. */
const char *hu_status_text(hu_status status);

/* Writes the formatted line and the status into err (NULL: dropped) and returns the status,
 * so that a check is one line: return hu_fail(err, HU_ESHAPE, "gemm: ..."). */
hu_status hu_fail(hu_error *err, hu_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#endif
