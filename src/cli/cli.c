/* cli.c - the error line, color, and text made safe to show. */
#include "src/cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether to use color on this stream: it is a terminal, and NO_COLOR (no-color.org) is unset or empty. */
static bool has_color(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if ((no_color && *no_color) || !terminal || strcmp(terminal, "dumb") == 0)
        return false;
    return isatty(fileno(stream)) == 1;
}

char *hu_cli_printable(const char *text, size_t length, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = c >= 0x20 && c != 0x7f;
        size_t need = plain ? 1 : 4;
        if (used + need + 4 > size) {
            memcpy(out + used, "...", 4);
            return out;
        }
        if (plain)
            out[used] = (char)c;
        else
            snprintf(out + used, 5, "\\x%02x", c);
        used += need;
    }
    out[used] = '\0';
    return out;
}

static void say(const char *kind, const char *format, va_list args)
{
    char text[1024], line[2048];
    int n = vsnprintf(text, sizeof text, format, args);
    hu_cli_printable(text, n < 0 ? 0 : strlen(text), line, sizeof line);
    fflush(stdout);
    bool color = has_color(stderr);
    fprintf(stderr, "%shalfulp:%s %s%s\n", color ? "\033[1m" : "", color ? "\033[0m" : "", kind, line);
}

int hu_cli_fail(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("", format, args);
    va_end(args);
    return status;
}

void hu_cli_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("note: ", format, args);
    va_end(args);
}

void hu_cli_json_string(FILE *out, const char *text)
{
    putc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(out, "\\u%04x", *c);
        else
            putc(*c, out);
    }
    putc('"', out);
}
