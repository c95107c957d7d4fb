/* safetensors-json.c - the JSON of a safetensors header, read piece by piece. */
#include "src/nn/safetensors-json.h"

#include <ctype.h>
#include <string.h>

#include "src/base/memory.h"

bool hu_json_bad(hu_json *r, const char *what)
{
    hu_fail(r->err, HU_EPARSE, "safetensors: %.140s: %s", r->path, what);
    return false;
}

bool hu_json_no_memory(hu_json *r)
{
    hu_fail(r->err, HU_ENOMEM, "safetensors: out of memory");
    return false;
}

void hu_json_skip_space(hu_json *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

bool hu_json_accept(hu_json *r, char c)
{
    hu_json_skip_space(r);
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

bool hu_json_expect(hu_json *r, char c)
{
    return hu_json_accept(r, c) || hu_json_bad(r, "the header is not the JSON that it should be");
}

static int hex4(const char *p)
{
    int x = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef", *d = p[i] ? strchr(digits, tolower((unsigned char)p[i])) : NULL;
        if (!d)
            return -1;
        x = 16 * x + (int)(d - digits);
    }
    return x;
}

/* UTF-8 of one code unit below 0x10000; surrogates stay what they are. */
static size_t put_utf8(char *to, int x)
{
    if (x < 0x80)
        return to[0] = (char)x, 1;
    if (x < 0x800)
        return to[0] = (char)(0xc0 | x >> 6), to[1] = (char)(0x80 | (x & 63)), 2;
    return to[0] = (char)(0xe0 | x >> 12), to[1] = (char)(0x80 | (x >> 6 & 63)), to[2] = (char)(0x80 | (x & 63)), 3;
}

/* An escape after the backslash; false: it is none. */
static bool read_escape(hu_json *r, char *to, size_t *n)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *known = r->at < r->end && *r->at ? strchr(from, *r->at) : NULL;
    if (known) {
        to[(*n)++] = into[known - from];
        r->at++;
        return true;
    }
    int x = r->end - r->at >= 5 && *r->at == 'u' ? hex4(r->at + 1) : -1;
    if (x <= 0)
        return false;
    r->at += 5;
    *n += put_utf8(to + *n, x);
    return true;
}

bool hu_json_read_string(hu_json *r, char **text, size_t most)
{
    if (!hu_json_expect(r, '"'))
        return false;
    const char *close = r->at;
    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= r->end || (size_t)(close - r->at) > most)
        return hu_json_bad(r, close >= r->end ? "a string of the header has no end" : "a name of the header is too long");
    char *out = hu_malloc((size_t)(close - r->at) + 4);
    size_t n = 0;
    if (!out)
        return hu_json_no_memory(r);
    while (r->at < close) {
        char c = *r->at++;
        if (c != '\\' && (unsigned char)c >= 32) {
            out[n++] = c;
        } else if (c != '\\' || !read_escape(r, out, &n)) {
            hu_free(out);
            return hu_json_bad(r, "a string of the header has a sign that JSON does not take");
        }
    }
    r->at++;
    out[n] = 0;
    *text = out;
    return true;
}

bool hu_json_read_count(hu_json *r, size_t *x)
{
    hu_json_skip_space(r);
    size_t n = 0;
    const char *from = r->at;
    for (; r->at < r->end && isdigit((unsigned char)*r->at); r->at++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (size_t)(*r->at - '0'), &n))
            return hu_json_bad(r, "a number of the header is larger than can be counted");
    *x = n;
    return r->at > from || hu_json_bad(r, "a number of the header is not a whole one from 0");
}
