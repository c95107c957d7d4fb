/* safetensors-save.c - named arrays in a file: writing. */
#include <stdio.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/nn/safetensors.h"

static void put_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p == '"' || *p == '\\')
            fprintf(file, "\\%c", *p);
        else if (*p < 32)
            fprintf(file, "\\u%04x", *p);
        else
            fputc(*p, file);
    fputc('"', file);
}

static void put_header(FILE *file, const hu_named *list, size_t n, const char *const *about, size_t n_about)
{
    size_t at = 0;
    const char *between = "{";
    if (n_about) {
        fputs("{\"__metadata__\":", file);
        for (size_t i = 0; i < n_about; i += 2) {
            fputc(i ? ',' : '{', file);
            put_string(file, about[i]);
            fputc(':', file);
            put_string(file, about[i + 1]);
        }
        fputc('}', file);
        between = ",";
    }
    for (size_t i = 0; i < n; i++) {
        const hu_tensor *t = &list[i].tensor;
        size_t bytes = t->n * (t->dtype == HU_F64 ? 8 : 4);
        fputs(between, file);
        put_string(file, list[i].name);
        fprintf(file, ":{\"dtype\":\"%s\",\"shape\":[", t->dtype == HU_F64 ? "F64" : "F32");
        for (int j = 0; j < t->rank; j++)
            fprintf(file, "%s%zu", j ? "," : "", t->shape[j]);
        fprintf(file, "],\"data_offsets\":[%zu,%zu]}", at, at + bytes);
        at += bytes;
        between = ",";
    }
    fputs(n || n_about ? "}" : "{}", file);
}

/* The length of the header comes first: the header is written after room for it, filled up with spaces to a multiple of 8, and the
 * length then put into the room. */
static bool write_all(FILE *file, const hu_named *list, size_t n, const char *const *about, size_t n_about)
{
    uint64_t length = 0;
    if (fwrite(&length, 8, 1, file) != 1)
        return false;
    put_header(file, list, n, about, n_about);
    long end = ftell(file);
    for (; end >= 0 && end % 8; end++)
        fputc(' ', file);
    length = (uint64_t)end - 8;
    if (end < 0 || fseek(file, 0, SEEK_SET) != 0 || fwrite(&length, 8, 1, file) != 1 || fseek(file, 0, SEEK_END) != 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        const hu_tensor *t = &list[i].tensor;
        size_t size = t->dtype == HU_F64 ? 8 : 4;
        if (t->n && fwrite(t->data, size, t->n, file) != t->n)
            return false;
    }
    return !ferror(file);
}

hu_status hu_safetensors_save(const hu_named *list, size_t n, const char *const *about, size_t n_about, const char *path,
                              hu_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, "__metadata__") == 0)
            return hu_fail(err, HU_EINVAL, "safetensors: no tensor may be called '__metadata__'");
        for (size_t j = 0; j < i; j++)
            if (strcmp(list[i].name, list[j].name) == 0)
                return hu_fail(err, HU_EINVAL, "safetensors: two tensors are called '%.60s'", list[i].name);
    }
    hu_file file;
    hu_status status = hu_file_open(&file, path, err);
    return status ? status : hu_file_close(&file, write_all(file.stream, list, n, about, n_about), err);
}
