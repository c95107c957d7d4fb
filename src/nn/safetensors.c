/* safetensors.c - named arrays in a file: reading. */
#include "src/nn/safetensors.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors files are little-endian");

enum { MOST_HEADER = 100000000, MOST_NAME = 1024 };

static const struct { const char *name, *format; size_t bytes; } dtypes[] = {
    {"F64", NULL, 8}, {"F32", NULL, 4}, {"F16", "fp16", 2}, {"BF16", "bf16", 2}, {"F8_E4M3", "e4m3fn", 1}, {"F8_E5M2", "e5m2", 1},
};
enum { N_DTYPES = sizeof dtypes / sizeof *dtypes };

void hu_safetensors_clear(hu_safetensors *s)
{
    for (size_t i = 0; i < s->n; i++) {
        hu_free(s->list[i].name);
        hu_tensor_clear(&s->list[i].tensor);
    }
    for (size_t i = 0; i < s->n_about; i++)
        hu_free(s->about[i]);
    hu_free(s->list);
    hu_free(s->about);
    *s = (hu_safetensors){0};
}

/* ---- JSON, as far as headers have it ---- */

typedef struct reader {
    const char     *at, *end, *path;
    hu_safetensors *out;
    hu_error       *err;
} reader;

static bool bad(reader *r, const char *what)
{
    hu_fail(r->err, HU_EPARSE, "safetensors: %.140s: %s", r->path, what);
    return false;
}

static bool no_memory(reader *r)
{
    hu_fail(r->err, HU_ENOMEM, "safetensors: out of memory");
    return false;
}

static void skip_space(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

/* The next sign is c, which is passed over. */
static bool accept(reader *r, char c)
{
    skip_space(r);
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool expect(reader *r, char c)
{
    return accept(r, c) || bad(r, "the header is not the JSON that it should be");
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
static bool read_escape(reader *r, char *to, size_t *n)
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

/* A string of up to `most` bytes into memory of its own, *text; false with the error set. */
static bool read_string(reader *r, char **text, size_t most)
{
    if (!expect(r, '"'))
        return false;
    const char *close = r->at;
    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= r->end || (size_t)(close - r->at) > most)
        return bad(r, close >= r->end ? "a string of the header has no end" : "a name of the header is too long");
    char *out = hu_malloc((size_t)(close - r->at) + 4);
    size_t n = 0;
    if (!out)
        return no_memory(r);
    while (r->at < close) {
        char c = *r->at++;
        if (c != '\\' && (unsigned char)c >= 32) {
            out[n++] = c;
        } else if (c != '\\' || !read_escape(r, out, &n)) {
            hu_free(out);
            return bad(r, "a string of the header has a sign that JSON does not take");
        }
    }
    r->at++;
    out[n] = 0;
    *text = out;
    return true;
}

static bool read_count(reader *r, size_t *x)
{
    skip_space(r);
    size_t n = 0;
    const char *from = r->at;
    for (; r->at < r->end && isdigit((unsigned char)*r->at); r->at++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (size_t)(*r->at - '0'), &n))
            return bad(r, "a number of the header is larger than can be counted");
    *x = n;
    return r->at > from || bad(r, "a number of the header is not a whole one from 0");
}

/* ---- entries ---- */

/* What the header says of one tensor. */
typedef struct entry {
    int    dtype, rank;
    size_t shape[HU_MAX_RANK], first, last;
    int    seen;         /* bits: dtype, shape, offsets */
} entry;

static bool read_dtype(reader *r, entry *e)
{
    char *name = NULL;
    if (!read_string(r, &name, 32))
        return false;
    e->dtype = -1;
    for (int i = 0; i < N_DTYPES; i++)
        if (strcmp(name, dtypes[i].name) == 0)
            e->dtype = i;
    if (e->dtype < 0)
        hu_fail(r->err, HU_EPARSE, "safetensors: %.120s: elements of type %.32s; F64, F32, F16, BF16, F8_E4M3, F8_E5M2 are read", r->path,
                name);
    hu_free(name);
    return e->dtype >= 0;
}

static bool read_shape(reader *r, entry *e)
{
    if (!expect(r, '['))
        return false;
    e->rank = 0;
    if (accept(r, ']'))
        return true;
    do {
        if (e->rank == HU_MAX_RANK)
            return bad(r, "a tensor has more than 4 indices");
        if (!read_count(r, &e->shape[e->rank++]))
            return false;
    } while (accept(r, ','));
    return expect(r, ']');
}

static bool read_offsets(reader *r, entry *e)
{
    return expect(r, '[') && read_count(r, &e->first) && expect(r, ',') && read_count(r, &e->last) && expect(r, ']');
}

static bool read_entry(reader *r, entry *e)
{
    static const struct { const char *key; bool (*read)(reader *, entry *); } fields[] = {
        {"dtype", read_dtype}, {"shape", read_shape}, {"data_offsets", read_offsets},
    };
    if (!expect(r, '{'))
        return false;
    do {
        char *key = NULL;
        int which = -1;
        if (!read_string(r, &key, MOST_NAME))
            return false;
        for (int i = 0; i < 3; i++)
            if (strcmp(key, fields[i].key) == 0)
                which = i;
        hu_free(key);
        if (which < 0 || e->seen & 1 << which)
            return bad(r, which < 0 ? "a tensor has a field besides dtype, shape and data_offsets" : "a tensor has a field twice");
        e->seen |= 1 << which;
        if (!expect(r, ':') || !fields[which].read(r, e))
            return false;
    } while (accept(r, ','));
    return expect(r, '}') && (e->seen == 7 || bad(r, "a tensor lacks dtype, shape or data_offsets"));
}

/* Whether bytes and shape agree, within `size` bytes of data. */
static bool check_entry(reader *r, const entry *e, const char *name, size_t size)
{
    size_t n = dtypes[e->dtype].bytes;
    for (int i = 0; i < e->rank; i++)
        if (__builtin_mul_overflow(n, e->shape[i], &n))
            return bad(r, "a shape has more elements than can be counted");
    if (e->first <= e->last && e->last <= size && e->last - e->first == n)
        return true;
    hu_fail(r->err, HU_EPARSE, "safetensors: %.90s: '%.40s' is bytes %zu to %zu; its shape and type take %zu, and the data are %zu",
            r->path, name, e->first, e->last, n, size);
    return false;
}

/* Takes over `name`. */
static bool add(reader *r, char *name, const entry *e)
{
    hu_safetensors *s = r->out;
    hu_named *more = hu_realloc(s->list, (s->n + 1) * sizeof *more);
    if (!more) {
        hu_free(name);
        return no_memory(r);
    }
    s->list = more;
    s->list[s->n++] = (hu_named){.name = name, .first = e->first, .last = e->last};
    return hu_tensor_init(&s->list[s->n - 1].tensor, e->dtype == 0 ? HU_F64 : HU_F32, e->rank, e->shape, r->err) == HU_OK;
}

static bool read_about(reader *r)
{
    hu_safetensors *s = r->out;
    if (s->about)
        return bad(r, "there is a second __metadata__");
    if (!expect(r, '{'))
        return false;
    if (accept(r, '}'))
        return true;
    do {
        char **more = hu_realloc(s->about, (s->n_about + 2) * sizeof *more);
        if (!more)
            return no_memory(r);
        s->about = more;
        if (!read_string(r, &s->about[s->n_about], MOST_HEADER))
            return false;
        s->n_about++;
        if (!expect(r, ':') || !read_string(r, &s->about[s->n_about], MOST_HEADER))
            return false;
        s->n_about++;
    } while (accept(r, ','));
    return expect(r, '}');
}

/* ---- the data ---- */

typedef struct place {
    size_t first, last, which;
    int    dtype;
} place;

static int by_place(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : (x->last > y->last) - (x->last < y->last);
}

static hu_status read_elements(FILE *file, hu_tensor *t, int dtype, hu_error *err)
{
    enum { SOME = 1024 };
    if (dtype < 2)
        return fread(t->data, dtypes[dtype].bytes, t->n, file) == t->n ? HU_OK : hu_fail(err, HU_EPARSE, "safetensors: the file ends too early");
    const hu_format *f = hu_format_find(dtypes[dtype].format, err);
    size_t bytes = dtypes[dtype].bytes;
    unsigned char raw[2 * SOME];
    uint64_t codes[SOME];
    double values[SOME];
    for (size_t i = 0; i < t->n; i += SOME) {
        size_t some = t->n - i < SOME ? t->n - i : SOME;
        if (fread(raw, bytes, some, file) != some)
            return hu_fail(err, HU_EPARSE, "safetensors: the file ends too early");
        for (size_t j = 0; j < some; j++)
            codes[j] = bytes == 1 ? raw[j] : raw[2 * j] | (uint64_t)raw[2 * j + 1] << 8;
        hu_status status = hu_decode_f64(values, codes, some, f, err);
        if (status)
            return status;
        for (size_t j = 0; j < some; j++)
            t->f32[i + j] = (float)values[j];
    }
    return HU_OK;
}

/* From where the header ends, in the order of the data, which have to follow each other without a gap. */
static bool read_data(reader *r, FILE *file, place *places, size_t size)
{
    size_t at = 0, n = r->out->n;
    qsort(places, n, sizeof *places, by_place);
    for (size_t i = 0; i < n; i++) {
        if (places[i].first != at)
            return bad(r, places[i].first < at ? "the bytes of two tensors overlap" : "there are bytes between two tensors");
        at = places[i].last;
    }
    if (at != size)
        return bad(r, "there are bytes after the last tensor");
    for (size_t i = 0; i < n; i++)
        if (read_elements(file, &r->out->list[places[i].which].tensor, places[i].dtype, r->err))
            return false;
    return true;
}

static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static bool names_differ(reader *r)
{
    size_t n = r->out->n;
    const char **names = hu_malloc((n + 1) * sizeof *names), *twice = NULL;
    if (!names)
        return no_memory(r);
    for (size_t i = 0; i < n; i++)
        names[i] = r->out->list[i].name;
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            twice = names[i];
    if (twice)
        hu_fail(r->err, HU_EPARSE, "safetensors: %.120s: there are two tensors called '%.60s'", r->path, twice);
    hu_free(names);
    return !twice;
}

/* All of the header; what each tensor is made of goes to *places. */
static bool read_header(reader *r, place **places, size_t size)
{
    if (!expect(r, '{'))
        return false;
    bool more = !accept(r, '}');
    while (more) {
        char *name = NULL;
        entry e = {0};
        if (!read_string(r, &name, MOST_NAME))
            return false;
        if (strcmp(name, "__metadata__") == 0) {
            hu_free(name);
            if (!expect(r, ':') || !read_about(r))
                return false;
        } else {
            place *room = hu_realloc(*places, (r->out->n + 1) * sizeof *room);
            *places = room ? room : *places;
            if (!room || !expect(r, ':') || !read_entry(r, &e) || !check_entry(r, &e, name, size)) {
                hu_free(name);
                return room ? false : no_memory(r);
            }
            room[r->out->n] = (place){e.first, e.last, r->out->n, e.dtype};
            if (!add(r, name, &e))
                return false;
        }
        more = accept(r, ',');
        if (!more && !expect(r, '}'))
            return false;
    }
    skip_space(r);
    return r->at == r->end || bad(r, "the header goes on after its end");
}

static bool load(reader *r, FILE *file, char **header, place **places)
{
    unsigned char prefix[8];
    uint64_t length = 0;
    if (fread(prefix, 1, 8, file) != 8)
        return bad(r, "the file is shorter than the length of its header");
    memcpy(&length, prefix, 8);
    if (fseek(file, 0, SEEK_END) != 0)
        return bad(r, "this is not a file whose length is known");
    size_t all = (size_t)ftell(file) - 8;
    if (length > all || length > MOST_HEADER) {
        hu_fail(r->err, HU_EPARSE, "safetensors: %.120s: a header of %llu bytes; the file has %zu, and at most %d are read", r->path,
                (unsigned long long)length, all, MOST_HEADER);
        return false;
    }
    *header = hu_malloc(length + 1);
    if (!*header)
        return no_memory(r);
    if (fseek(file, 8, SEEK_SET) != 0 || fread(*header, 1, length, file) != length)
        return bad(r, "the file ends within its header");
    (*header)[length] = 0;
    r->at = *header;
    r->end = *header + length;
    return read_header(r, places, all - length) && names_differ(r) && read_data(r, file, *places, all - length);
}

hu_status hu_safetensors_load(hu_safetensors *s, const char *path, hu_error *err)
{
    hu_error local = {0};
    reader r = {.path = path, .out = s, .err = &local};
    char *header = NULL;
    place *places = NULL;
    *s = (hu_safetensors){0};
    FILE *file = fopen(path, "rb");
    if (!file)
        return hu_fail(err, HU_EIO, "safetensors: cannot open %.160s: %s", path, strerror(errno));
    bool loaded = load(&r, file, &header, &places);
    hu_free(header);
    hu_free(places);
    fclose(file);
    if (loaded)
        return HU_OK;
    hu_safetensors_clear(s);
    return hu_fail(err, local.status, "%s", local.text);
}
