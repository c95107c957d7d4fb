/* record.c - named values: the parameters of a point, or what its function returned. */
#include "src/lab/record.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

void hu_record_clear(hu_record *r)
{
    for (size_t i = 0; i < r->n; i++) {
        hu_free(r->values[i].name);
        hu_free(r->values[i].data);
    }
    hu_free(r->values);
    *r = (hu_record){0};
}

const hu_value *hu_record_find(const hu_record *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->values[i].name, name) == 0)
            return &r->values[i];
    return NULL;
}

/* A new value with room for n_bytes of data (0: none) in r, or NULL. */
static hu_value *add(hu_record *r, const char *name, hu_value_kind kind, size_t n_bytes, hu_error *err)
{
    if (hu_record_find(r, name)) {
        hu_fail(err, HU_EINVAL, "the name '%.60s' is used twice", name);
        return NULL;
    }
    hu_value *values = hu_grow(r->values, r->n, &r->capacity, sizeof *values);
    if (!values)
        goto out_of_memory;
    r->values = values;
    hu_value v = {.kind = kind, .name = hu_strdup(name)};
    if (n_bytes > 0)
        v.data = hu_calloc(n_bytes, 1);
    if (!v.name || (n_bytes > 0 && !v.data)) {
        hu_free(v.name);
        hu_free(v.data);
        goto out_of_memory;
    }
    r->values[r->n] = v;
    return &r->values[r->n++];

out_of_memory:
    hu_fail(err, HU_ENOMEM, "out of memory for the value '%.60s'", name);
    return NULL;
}

hu_status hu_record_integer(hu_record *r, const char *name, int64_t value, hu_error *err)
{
    hu_value *v = add(r, name, HU_VALUE_INTEGER, 0, err);
    if (!v)
        return err ? err->status : HU_ENOMEM;
    v->integer = value;
    return HU_OK;
}

hu_status hu_record_real(hu_record *r, const char *name, double value, hu_error *err)
{
    hu_value *v = add(r, name, HU_VALUE_REAL, 0, err);
    if (!v)
        return err ? err->status : HU_ENOMEM;
    v->real = value;
    return HU_OK;
}

hu_status hu_record_text(hu_record *r, const char *name, const char *text, size_t n_bytes, hu_error *err)
{
    hu_value *v = add(r, name, HU_VALUE_TEXT, n_bytes + 1, err);
    if (!v)
        return err ? err->status : HU_ENOMEM;
    v->n = n_bytes;
    if (n_bytes > 0)
        memcpy(v->data, text, n_bytes);
    return HU_OK;
}

hu_status hu_record_series(hu_record *r, const char *name, const double *data, size_t n,
                           int rank, const size_t *shape, hu_error *err)
{
    if (n > SIZE_MAX / sizeof *data - 1)
        return hu_fail(err, HU_ENOMEM, "out of memory for the series '%.60s'", name);
    hu_value *v = add(r, name, HU_VALUE_SERIES, n ? n * sizeof *data : 1, err);
    if (!v)
        return err ? err->status : HU_ENOMEM;
    v->n = n;
    v->rank = rank;
    for (int i = 0; i < rank; i++)
        v->shape[i] = shape[i];
    if (data && n > 0)
        memcpy(v->data, data, n * sizeof *data);
    return HU_OK;
}

hu_status hu_record_copy(hu_record *r, const hu_value *v, hu_error *err)
{
    switch (v->kind) {
    case HU_VALUE_INTEGER: return hu_record_integer(r, v->name, v->integer, err);
    case HU_VALUE_REAL:    return hu_record_real(r, v->name, v->real, err);
    case HU_VALUE_TEXT:    return hu_record_text(r, v->name, v->data, v->n, err);
    default:               return hu_record_series(r, v->name, v->data, v->n, v->rank, v->shape, err);
    }
}

static bool same_bits(double a, double b)
{
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

bool hu_value_same(const hu_value *a, const hu_value *b)
{
    if (a->kind != b->kind || a->n != b->n || a->rank != b->rank || a->integer != b->integer || !same_bits(a->real, b->real))
        return false;
    for (int k = 0; k < a->rank; k++)
        if (a->shape[k] != b->shape[k])
            return false;
    if (a->kind == HU_VALUE_TEXT)
        return a->n == 0 || memcmp(a->data, b->data, a->n) == 0;
    for (size_t i = 0; a->kind == HU_VALUE_SERIES && i < a->n; i++)
        if (!same_bits(((const double *)a->data)[i], ((const double *)b->data)[i]))
            return false;
    return true;
}

bool hu_record_same(const hu_record *a, const hu_record *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const hu_value *other = hu_record_find(b, a->values[i].name);
        if (!other || !hu_value_same(&a->values[i], other))
            return false;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const hu_value *)a)->name, ((const hu_value *)b)->name);
}

void hu_record_sort(hu_record *r)
{
    if (r->n > 1)
        qsort(r->values, r->n, sizeof r->values[0], by_name);
}

/* The value of the smallest name above `after` (NULL: of the smallest). */
static const hu_value *next_name(const hu_record *r, const char *after)
{
    const hu_value *best = NULL;
    for (size_t i = 0; i < r->n; i++) {
        const hu_value *v = &r->values[i];
        if ((!after || strcmp(v->name, after) > 0) && (!best || strcmp(v->name, best->name) < 0))
            best = v;
    }
    return best;
}

static void json_value(const hu_value *v, hu_buffer *out)
{
    if (v->kind == HU_VALUE_TEXT)
        hu_json_string(out, v->data, v->n);
    else if (v->kind == HU_VALUE_INTEGER)
        hu_json_integer(out, v->integer);
    else if (v->real > -0x1p53 && v->real < 0x1p53 && v->real == (double)(int64_t)v->real)
        hu_json_integer(out, (int64_t)v->real);
    else
        hu_json_real(out, v->real);
}

void hu_record_json(const hu_record *r, hu_buffer *out)
{
    bool first = true;
    hu_buffer_text(out, "{");
    for (const hu_value *v = next_name(r, NULL); v; v = next_name(r, v->name)) {
        if (v->kind == HU_VALUE_SERIES)
            continue;
        hu_json_key(out, v->name, &first);
        json_value(v, out);
    }
    hu_buffer_text(out, "}");
}

/* The wire form of a value, followed by its name (n_name bytes) and its data (n_data bytes). Both ends are the
 * same program on the same machine, so integers and doubles go as they lie in memory. */
typedef struct wire {
    uint64_t n_name, n_data, n, rank, shape[HU_MAX_RANK];
    int64_t  integer;
    double   real;
    uint64_t kind;
} wire;

void hu_record_write(const hu_record *r, hu_buffer *out)
{
    uint64_t count = r->n;
    hu_buffer_add(out, &count, sizeof count);
    for (size_t i = 0; i < r->n; i++) {
        const hu_value *v = &r->values[i];
        wire w = {.n_name = strlen(v->name), .n = v->n, .rank = (uint64_t)v->rank,
                  .integer = v->integer, .real = v->real, .kind = v->kind};
        w.n_data = v->kind == HU_VALUE_TEXT ? v->n : v->kind == HU_VALUE_SERIES ? v->n * sizeof(double) : 0;
        for (int k = 0; k < v->rank; k++)
            w.shape[k] = v->shape[k];
        hu_buffer_add(out, &w, sizeof w);
        hu_buffer_add(out, v->name, w.n_name);
        hu_buffer_add(out, v->data, w.n_data);
    }
}

static hu_status read_value(hu_record *r, const wire *w, const char *body, hu_error *err)
{
    char *name = hu_calloc(w->n_name + 1, 1);
    if (!name)
        return hu_fail(err, HU_ENOMEM, "out of memory for a result of %zu bytes", (size_t)w->n_data);
    memcpy(name, body, w->n_name);
    const char *data = body + w->n_name;
    hu_value_kind kind = (hu_value_kind)w->kind;
    hu_value *v = add(r, name, kind, w->n_data + 1, err);
    hu_free(name);
    if (!v)
        return err ? err->status : HU_ENOMEM;
    memcpy(v->data, data, w->n_data);
    v->n = w->n;
    v->integer = w->integer;
    v->real = w->real;
    v->rank = (int)w->rank;
    for (int k = 0; k < v->rank; k++)
        v->shape[k] = w->shape[k];
    return HU_OK;
}

static bool is_sound(const wire *w, size_t left)
{
    uint64_t unit = w->kind == HU_VALUE_SERIES ? sizeof(double) : w->kind == HU_VALUE_TEXT ? 1 : 0;
    return w->kind <= HU_VALUE_SERIES && w->rank <= HU_MAX_RANK && w->n_name <= left &&
           w->n_data <= left - w->n_name && w->n <= left && w->n_data == w->n * unit;
}

hu_status hu_record_read(hu_record *r, const void *bytes, size_t n_bytes, hu_error *err)
{
    const char *at = bytes;
    uint64_t count;
    if (n_bytes < sizeof count)
        return hu_fail(err, HU_EPARSE, "a result of %zu bytes is cut short", n_bytes);
    memcpy(&count, at, sizeof count);
    size_t used = sizeof count;
    for (uint64_t i = 0; i < count; i++) {
        wire w;
        if (n_bytes - used < sizeof w)
            return hu_fail(err, HU_EPARSE, "a result of %zu bytes is cut short", n_bytes);
        memcpy(&w, at + used, sizeof w);
        used += sizeof w;
        if (!is_sound(&w, n_bytes - used))
            return hu_fail(err, HU_EPARSE, "a result of %zu bytes is damaged", n_bytes);
        hu_status status = read_value(r, &w, at + used, err);
        if (status != HU_OK)
            return status;
        used += w.n_name + w.n_data;
    }
    return HU_OK;
}
