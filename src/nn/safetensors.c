/* safetensors.c - named arrays in a file: reading. */
#include "src/nn/safetensors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/nn/safetensors-json.h"

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

/* ---- entries ---- */

/* What the header says of one tensor. */
typedef struct entry {
    int    dtype, rank;
    size_t shape[HU_MAX_RANK], first, last;
    int    seen;         /* bits: dtype, shape, offsets */
} entry;

static bool read_dtype(hu_json *r, entry *e)
{
    char *name = NULL;
    if (!hu_json_read_string(r, &name, 32))
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

static bool read_shape(hu_json *r, entry *e)
{
    if (!hu_json_expect(r, '['))
        return false;
    e->rank = 0;
    if (hu_json_accept(r, ']'))
        return true;
    do {
        if (e->rank == HU_MAX_RANK)
            return hu_json_bad(r, "a tensor has more than 4 indices");
        if (!hu_json_read_count(r, &e->shape[e->rank++]))
            return false;
    } while (hu_json_accept(r, ','));
    return hu_json_expect(r, ']');
}

static bool read_offsets(hu_json *r, entry *e)
{
    return hu_json_expect(r, '[') && hu_json_read_count(r, &e->first) && hu_json_expect(r, ',') && hu_json_read_count(r, &e->last) && hu_json_expect(r, ']');
}

static bool read_entry(hu_json *r, entry *e)
{
    static const struct { const char *key; bool (*read)(hu_json *, entry *); } fields[] = {
        {"dtype", read_dtype}, {"shape", read_shape}, {"data_offsets", read_offsets},
    };
    if (!hu_json_expect(r, '{'))
        return false;
    do {
        char *key = NULL;
        int which = -1;
        if (!hu_json_read_string(r, &key, MOST_NAME))
            return false;
        for (int i = 0; i < 3; i++)
            if (strcmp(key, fields[i].key) == 0)
                which = i;
        hu_free(key);
        if (which < 0 || e->seen & 1 << which)
            return hu_json_bad(r, which < 0 ? "a tensor has a field besides dtype, shape and data_offsets" : "a tensor has a field twice");
        e->seen |= 1 << which;
        if (!hu_json_expect(r, ':') || !fields[which].read(r, e))
            return false;
    } while (hu_json_accept(r, ','));
    return hu_json_expect(r, '}') && (e->seen == 7 || hu_json_bad(r, "a tensor lacks dtype, shape or data_offsets"));
}

/* Whether bytes and shape agree, within `size` bytes of data. */
static bool check_entry(hu_json *r, const entry *e, const char *name, size_t size)
{
    size_t n = dtypes[e->dtype].bytes;
    for (int i = 0; i < e->rank; i++)
        if (__builtin_mul_overflow(n, e->shape[i], &n))
            return hu_json_bad(r, "a shape has more elements than can be counted");
    if (e->first <= e->last && e->last <= size && e->last - e->first == n)
        return true;
    hu_fail(r->err, HU_EPARSE, "safetensors: %.90s: '%.40s' is bytes %zu to %zu; its shape and type take %zu, and the data are %zu",
            r->path, name, e->first, e->last, n, size);
    return false;
}

/* ---- the header ---- */

typedef struct reader {
    hu_json         json;
    hu_safetensors *out;
} reader;

/* Takes over `name`. */
static bool add(reader *r, char *name, const entry *e)
{
    hu_safetensors *s = r->out;
    hu_named *more = hu_realloc(s->list, (s->n + 1) * sizeof *more);
    if (!more) {
        hu_free(name);
        return hu_json_no_memory(&r->json);
    }
    s->list = more;
    s->list[s->n++] = (hu_named){.name = name, .first = e->first, .last = e->last};
    return hu_tensor_init(&s->list[s->n - 1].tensor, e->dtype == 0 ? HU_F64 : HU_F32, e->rank, e->shape, r->json.err) == HU_OK;
}

static bool read_about(reader *r)
{
    hu_safetensors *s = r->out;
    if (s->about)
        return hu_json_bad(&r->json, "there is a second __metadata__");
    if (!hu_json_expect(&r->json, '{'))
        return false;
    if (hu_json_accept(&r->json, '}'))
        return true;
    do {
        char **more = hu_realloc(s->about, (s->n_about + 2) * sizeof *more);
        if (!more)
            return hu_json_no_memory(&r->json);
        s->about = more;
        if (!hu_json_read_string(&r->json, &s->about[s->n_about], MOST_HEADER))
            return false;
        s->n_about++;
        if (!hu_json_expect(&r->json, ':') || !hu_json_read_string(&r->json, &s->about[s->n_about], MOST_HEADER))
            return false;
        s->n_about++;
    } while (hu_json_accept(&r->json, ','));
    return hu_json_expect(&r->json, '}');
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
            return hu_json_bad(&r->json, places[i].first < at ? "the bytes of two tensors overlap" : "there are bytes between two tensors");
        at = places[i].last;
    }
    if (at != size)
        return hu_json_bad(&r->json, "there are bytes after the last tensor");
    for (size_t i = 0; i < n; i++)
        if (read_elements(file, &r->out->list[places[i].which].tensor, places[i].dtype, r->json.err))
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
        return hu_json_no_memory(&r->json);
    for (size_t i = 0; i < n; i++)
        names[i] = r->out->list[i].name;
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            twice = names[i];
    if (twice)
        hu_fail(r->json.err, HU_EPARSE, "safetensors: %.120s: there are two tensors called '%.60s'", r->json.path, twice);
    hu_free(names);
    return !twice;
}

/* All of the header; what each tensor is made of goes to *places. */
static bool read_header(reader *r, place **places, size_t size)
{
    if (!hu_json_expect(&r->json, '{'))
        return false;
    bool more = !hu_json_accept(&r->json, '}');
    while (more) {
        char *name = NULL;
        entry e = {0};
        if (!hu_json_read_string(&r->json, &name, MOST_NAME))
            return false;
        if (strcmp(name, "__metadata__") == 0) {
            hu_free(name);
            if (!hu_json_expect(&r->json, ':') || !read_about(r))
                return false;
        } else {
            place *room = hu_realloc(*places, (r->out->n + 1) * sizeof *room);
            *places = room ? room : *places;
            if (!room || !hu_json_expect(&r->json, ':') || !read_entry(&r->json, &e) || !check_entry(&r->json, &e, name, size)) {
                hu_free(name);
                return room ? false : hu_json_no_memory(&r->json);
            }
            room[r->out->n] = (place){e.first, e.last, r->out->n, e.dtype};
            if (!add(r, name, &e))
                return false;
        }
        more = hu_json_accept(&r->json, ',');
        if (!more && !hu_json_expect(&r->json, '}'))
            return false;
    }
    hu_json_skip_space(&r->json);
    return r->json.at == r->json.end || hu_json_bad(&r->json, "the header goes on after its end");
}

static bool load(reader *r, FILE *file, char **header, place **places)
{
    unsigned char prefix[8];
    uint64_t length = 0;
    if (fread(prefix, 1, 8, file) != 8)
        return hu_json_bad(&r->json, "the file is shorter than the length of its header");
    memcpy(&length, prefix, 8);
    if (fseek(file, 0, SEEK_END) != 0)
        return hu_json_bad(&r->json, "this is not a file whose length is known");
    size_t all = (size_t)ftell(file) - 8;
    if (length > all || length > MOST_HEADER) {
        hu_fail(r->json.err, HU_EPARSE, "safetensors: %.120s: a header of %llu bytes; the file has %zu, and at most %d are read", r->json.path,
                (unsigned long long)length, all, MOST_HEADER);
        return false;
    }
    *header = hu_malloc(length + 1);
    if (!*header)
        return hu_json_no_memory(&r->json);
    if (fseek(file, 8, SEEK_SET) != 0 || fread(*header, 1, length, file) != length)
        return hu_json_bad(&r->json, "the file ends within its header");
    (*header)[length] = 0;
    r->json.at = *header;
    r->json.end = *header + length;
    return read_header(r, places, all - length) && names_differ(r) && read_data(r, file, *places, all - length);
}

hu_status hu_safetensors_load(hu_safetensors *s, const char *path, hu_error *err)
{
    hu_error local = {0};
    reader r = {.json = {.path = path, .err = &local}, .out = s};
    char *header = NULL;
    place *places = NULL;
    *s = (hu_safetensors){0};
    FILE *file = hu_file_to_read(path);
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
