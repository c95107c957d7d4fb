/* status.c - status codes, their sentences, and the one line that says what failed. */
#include "src/base/status.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

const char *hu_status_text(hu_status status)
{
    static const char *const text[] = {
#define X(name, sentence) [name] = sentence,
        HU_STATUS_MAP(X)
#undef X
    };
    size_t n = sizeof text / sizeof text[0];
    return (size_t)status < n ? text[status] : "unknown status";
}

hu_status hu_fail(hu_error *err, hu_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        for (char *c = err->text; *c; c++)
            *c = iscntrl((unsigned char)*c) ? '?' : *c;     /* one line, whatever was put into it */
        err->status = status;
    }
    return status;
}
