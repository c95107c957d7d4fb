/* buffer.c - bytes that grow, and JSON written into them. */
#include "src/lab/buffer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

void hu_buffer_clear(hu_buffer *b)
{
    hu_free(b->data);
    *b = (hu_buffer){0};
}

static bool room(hu_buffer *b, size_t n_bytes)
{
    if (b->failed || n_bytes > SIZE_MAX / 4 || b->n_bytes > SIZE_MAX / 4)
        return !(b->failed = true);
    if (b->n_bytes + n_bytes + 1 <= b->capacity)
        return true;
    size_t capacity = 2 * (b->n_bytes + n_bytes + 32);
    char *data = hu_realloc(b->data, capacity);
    if (!data)
        return !(b->failed = true);
    b->data = data;
    b->capacity = capacity;
    return true;
}

void hu_buffer_add(hu_buffer *b, const void *data, size_t n_bytes)
{
    if (!room(b, n_bytes))
        return;
    if (n_bytes > 0)
        memcpy(b->data + b->n_bytes, data, n_bytes);
    b->n_bytes += n_bytes;
    b->data[b->n_bytes] = '\0';
}

void hu_buffer_text(hu_buffer *b, const char *text)
{
    hu_buffer_add(b, text, strlen(text));
}

/* Bytes of the UTF-8 character at s, 0 when it is not one. Source: RFC 3629, section 4. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    static const struct { unsigned char lead_lo, lead_hi, next_lo, next_hi, length; } rows[] = {
        {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (s[0] < rows[i].lead_lo || s[0] > rows[i].lead_hi)
            continue;
        if (rows[i].length == 1)
            return 1;
        if (n < rows[i].length || s[1] < rows[i].next_lo || s[1] > rows[i].next_hi)
            return 0;
        for (size_t k = 2; k < rows[i].length; k++)
            if ((s[k] & 0xc0) != 0x80)
                return 0;
        return rows[i].length;
    }
    return 0;
}

void hu_json_string(hu_buffer *b, const char *text, size_t n_bytes)
{
    hu_buffer_add(b, "\"", 1);
    for (size_t i = 0; i < n_bytes;) {
        const unsigned char *s = (const unsigned char *)text + i;
        size_t length = utf8_length(s, n_bytes - i);
        char escape[8];
        if (length == 0)
            hu_buffer_text(b, "\\ufffd");
        else if (*s == '"' || *s == '\\')
            hu_buffer_add(b, (char[]){'\\', (char)*s}, 2);
        else if (*s < 0x20 || *s == 0x7f)
            hu_buffer_add(b, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", *s));
        else
            hu_buffer_add(b, s, length);
        i += length ? length : 1;
    }
    hu_buffer_add(b, "\"", 1);
}

void hu_json_integer(hu_buffer *b, int64_t value)
{
    char text[24];
    hu_buffer_add(b, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void hu_json_real(hu_buffer *b, double value)
{
    char text[40];
    int n = 0;
    if (!isfinite(value)) {
        hu_buffer_text(b, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    hu_buffer_add(b, text, (size_t)n);
}

void hu_json_key(hu_buffer *b, const char *name, bool *first)
{
    hu_buffer_text(b, *first ? "" : ", ");
    *first = false;
    hu_json_string(b, name, strlen(name));
    hu_buffer_text(b, ": ");
}
