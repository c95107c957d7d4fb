/* testfloat.c - the names of TestFloat's functions, to and from operations and formats.
 *
 * Integers are rounded to with all flags, as TestFloat does with -exact; le and lt signal, eq is quiet, as here.
 */
#include "src/hardware/testfloat.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *theirs, *ours; } types[] = {
    {"f16", "e5m10"}, {"f32", "e8m23"}, {"f64", "e11m52"}, {"extF80", "x87"}, {"f128", "e15m112"},
    {"ui32", "uint32"}, {"ui64", "uint64"}, {"i32", "int32"}, {"i64", "int64"},
};

static const struct { const char *theirs, *ours; } functions[] = {
    {"add", "add"}, {"sub", "sub"}, {"mul", "mul"}, {"div", "div"}, {"mulAdd", "fma"}, {"sqrt", "sqrt"}, {"rem", "rem"},
    {"roundToInt", "rint"}, {"eq", "eq"}, {"lt", "lt"}, {"le", "le"},
};

enum { N_TYPES = sizeof types / sizeof types[0], N_FUNCTIONS = sizeof functions / sizeof functions[0], N_FLOATS = 5 };

/* Ours of their type at the start of a name, which moves past it; NULL: none. */
static const char *read_type(const char **name)
{
    for (int i = 0; i < N_TYPES; i++) {
        size_t n = strlen(types[i].theirs);
        if (strncmp(*name, types[i].theirs, n) == 0 && ((*name)[n] == '_' || (*name)[n] == '\0')) {
            *name += n;
            return types[i].ours;
        }
    }
    return NULL;
}

bool hu_testfloat_read(const char *name, const char **op, char format[HU_TASK_TEXT])
{
    const char *from = read_type(&name);
    if (!from || *name != '_')
        return false;
    if (strncmp(name, "_to_", 4) == 0) {
        name += 4;
        const char *to = read_type(&name);
        if (!to || *name)
            return false;
        snprintf(format, HU_TASK_TEXT, "%s>%s", from, to);
        *op = "cvt";
        return true;
    }
    for (int i = 0; i < N_FUNCTIONS; i++) {
        if (strcmp(name + 1, functions[i].theirs) != 0)
            continue;
        snprintf(format, HU_TASK_TEXT, "%s", from);
        *op = functions[i].ours;
        return true;
    }
    return false;
}

/* Their name for a field's type; NULL: none. */
static const char *type_of(const hu_field *f)
{
    char name[HU_TASK_TEXT];
    snprintf(name, sizeof name, "%sint%d", f->is_signed ? "" : "u", f->width_bits);
    for (int i = 0; i < N_TYPES; i++) {
        if (f->format ? i < N_FLOATS && hu_format_find(types[i].ours, NULL) == f->format : strcmp(types[i].ours, name) == 0)
            return types[i].theirs;
    }
    return NULL;
}

bool hu_task_testfloat_name(const hu_task *t, char name[HU_TASK_TEXT])
{
    const char *from = t->kind == HU_TASK_DOT || t->kind == HU_TASK_BLOCK ? NULL : type_of(&t->field[0]);
    const char *to = t->kind == HU_TASK_CONVERT ? type_of(&t->field[t->n_operands + t->n_random]) : "";
    if (!from || !to)
        return false;
    if (t->kind == HU_TASK_CONVERT) {
        snprintf(name, HU_TASK_TEXT, "%s_to_%s", from, to);
        return true;
    }
    for (int i = 0; i < N_FUNCTIONS; i++) {
        if (strcmp(functions[i].ours, t->op->name) == 0) {
            snprintf(name, HU_TASK_TEXT, "%s_%s", from, functions[i].theirs);
            return true;
        }
    }
    return false;
}
