/* buffer.h - bytes that grow, and JSON written into them.
 *
 * A buffer that ran out of memory says so once, at the end: `failed` stays set and later writes do nothing.
 */
#ifndef HU_LAB_BUFFER_H
#define HU_LAB_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hu_buffer {
    char  *data;        /* n_bytes of content and a closing zero; NULL while empty */
    size_t n_bytes;
    size_t capacity;
    bool   failed;      /* out of memory */
} hu_buffer;            /* start with all zero */

void hu_buffer_clear(hu_buffer *b);
void hu_buffer_add(hu_buffer *b, const void *data, size_t n_bytes);
void hu_buffer_text(hu_buffer *b, const char *text);

/* JSON: a string with quotes and escapes (bytes that are not UTF-8 become U+FFFD), and numbers in the
 * shortest form that reads back as the same double; NaN and infinities become null. */
void hu_json_string(hu_buffer *b, const char *text, size_t n_bytes);
void hu_json_integer(hu_buffer *b, int64_t value);
void hu_json_real(hu_buffer *b, double value);

/* `, "name": `, for objects; `first` leaves out the comma and is then false. */
void hu_json_key(hu_buffer *b, const char *name, bool *first);

#endif
