/* bench-record.c - writing and reading the record of a run of `halfulp bench`. */
#include "src/cli/bench-record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/cli/cli.h"

/* The fields of a line and where they go. */
typedef struct field {
    const char *key;
    size_t at, size;                      /* size 0: a number */
} field;

#define TEXT(type, name)   {#name, offsetof(type, name), sizeof ((type *)0)->name}
#define NUMBER(type, name) {#name, offsetof(type, name), 0}
static const field of_machine[] = {
    TEXT(hu_bench_machine, cpu), TEXT(hu_bench_machine, isa), NUMBER(hu_bench_machine, threads), TEXT(hu_bench_machine, version),
    TEXT(hu_bench_machine, commit), TEXT(hu_bench_machine, date), {NULL, 0, 0},
};
static const field of_result[] = {
    TEXT(hu_bench_result, name), NUMBER(hu_bench_result, n), NUMBER(hu_bench_result, threads), TEXT(hu_bench_result, mode), TEXT(hu_bench_result, isa),
    NUMBER(hu_bench_result, speed), TEXT(hu_bench_result, unit), NUMBER(hu_bench_result, ratio), TEXT(hu_bench_result, against), NUMBER(hu_bench_result, spread),
    NUMBER(hu_bench_result, scalar), NUMBER(hu_bench_result, target), NUMBER(hu_bench_result, repetitions), {NULL, 0, 0},
};

static void write_fields(FILE *out, const char *kind, const field *fields, const void *from)
{
    fprintf(out, "{\"bench\": \"%s\"", kind);
    for (const field *f = fields; f->key; f++) {
        fprintf(out, ", \"%s\": ", f->key);
        if (f->size)
            hu_cli_json_string(out, (const char *)from + f->at);
        else
            fprintf(out, "%.6g", *(const double *)((const char *)from + f->at));
    }
    fputs("}\n", out);
}

void hu_bench_write_machine(FILE *out, const hu_bench_machine *m) { write_fields(out, "machine", of_machine, m); }
void hu_bench_write_result(FILE *out, const hu_bench_result *r) { write_fields(out, "row", of_result, r); }

/* ---- reading: an object without objects in it ---- */

static const char *skip(const char *p) { return p + strspn(p, " \t\r\n"); }

/* A string in quotes, as hu_cli_json_string writes it; NULL: none, or longer than there is room for. */
static const char *read_string(const char *p, char *out, size_t size)
{
    size_t n = 0;
    if (*p++ != '"')
        return NULL;
    while (*p && *p != '"') {
        char c = *p++;
        if (c == '\\') {
            char *end;
            if (*p == 'u') {
                char digits[5] = {0};
                strncpy(digits, p + 1, 4);
                c = (char)strtol(digits, &end, 16);
                if (end != digits + 4)
                    return NULL;
                p += 5;
            } else {
                c = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p;
                p += *p != '\0';
            }
        }
        if (n + 1 >= size)
            return NULL;
        out[n++] = c;
    }
    out[n] = '\0';
    return *p == '"' ? p + 1 : NULL;
}

/* The value of a field, put where it belongs; one of an unknown key is passed over. */
static const char *read_value(const char *p, const char *key, const field *fields, void *to, unsigned *seen)
{
    char text[256], *end;
    double number = 0;
    bool is_text = *p == '"';
    if (is_text) {
        end = (char *)(uintptr_t)read_string(p, text, sizeof text);
    } else {
        number = strtod(p, &end);
        end = end == p || number - number != 0 ? NULL : end;
    }
    for (int i = 0; end && fields[i].key; i++) {
        if (strcmp(fields[i].key, key) != 0)
            continue;
        if ((fields[i].size > 0) != is_text || (is_text && strlen(text) >= fields[i].size))
            return NULL;
        if (is_text)
            strcpy((char *)to + fields[i].at, text);
        else
            *(double *)((char *)to + fields[i].at) = number;
        *seen |= 1u << i;
    }
    return end;
}

/* A line; the kind is its first field, "bench". false: it is not such a line, and *missing may say which field it lacks. */
static bool read_line(const char *line, hu_bench_machine *m, hu_bench_result *r, bool *is_machine, const char **missing)
{
    char key[64], kind[16];
    const char *p = skip(line);
    unsigned seen = 0;
    *missing = "bench";
    if (*p != '{' || !(p = read_string(skip(p + 1), key, sizeof key)) || strcmp(key, "bench") != 0 || *(p = skip(p)) != ':'
        || !(p = read_string(skip(p + 1), kind, sizeof kind)))
        return false;
    *is_machine = strcmp(kind, "machine") == 0;
    if (!*is_machine && strcmp(kind, "row") != 0)
        return false;
    const field *fields = *is_machine ? of_machine : of_result;
    *missing = NULL;
    while (*(p = skip(p)) == ',') {
        if (!(p = read_string(skip(p + 1), key, sizeof key)) || *(p = skip(p)) != ':')
            return false;
        if (!(p = read_value(skip(p + 1), key, fields, *is_machine ? (void *)m : (void *)r, &seen)))
            return false;
    }
    for (int i = 0; fields[i].key; i++)
        if (!(seen >> i & 1))
            *missing = fields[i].key;
    return *p == '}' && *skip(p + 1) == '\0' && !*missing;
}

static bool add_result(hu_bench_record *r, const hu_bench_result *result)
{
    hu_bench_result *more = hu_realloc(r->result, (r->n + 1) * sizeof *more);
    if (!more)
        return false;
    r->result = more;
    r->result[r->n++] = *result;
    return true;
}

static hu_status read_lines(hu_bench_record *r, FILE *file, const char *path, hu_error *err)
{
    char line[2048];
    bool has_machine = false;
    for (size_t at = 1; fgets(line, sizeof line, file); at++) {
        hu_bench_result result = {0};
        const char *missing;
        bool is_machine;
        if (*skip(line) == '\0')
            continue;
        if (!read_line(line, &r->machine, &result, &is_machine, &missing))
            return hu_fail(err, HU_EPARSE, "%s:%zu: not a line of a record that halfulp bench has written%s%s", path, at, missing ? "; it lacks the field " : "",
                           missing ? missing : "");
        if (!has_machine && !is_machine)
            return hu_fail(err, HU_EPARSE, "%s:%zu: a record begins with the line about the machine", path, at);
        has_machine = true;
        if (!is_machine && !add_result(r, &result))
            return hu_fail(err, HU_ENOMEM, "%s: no memory", path);
    }
    if (ferror(file))
        return hu_fail(err, HU_EIO, "%s could not be read", path);
    return r->n > 0 ? HU_OK : hu_fail(err, HU_EPARSE, "%s: a record without rows", path);
}

hu_status hu_bench_record_read(hu_bench_record *r, const char *path, hu_error *err)
{
    *r = (hu_bench_record){.result = NULL};
    FILE *file = fopen(path, "r");
    if (!file)
        return hu_fail(err, HU_EIO, "%s could not be opened", path);
    hu_status status = read_lines(r, file, path, err);
    fclose(file);
    return status;
}

void hu_bench_record_clear(hu_bench_record *r)
{
    hu_free(r->result);
    *r = (hu_bench_record){.result = NULL};
}
