/* block.c - block formats by name: the rows, the aliases, and what the grammar makes of other names.
 *
 * As with formats, a block format has one canonical name and one description in memory. The canonical name is a row's
 * where all but the source agrees with it, else the formula with what differs from the defaults.
 */
#include "formats/block-name.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"

static const struct { const char *name, *formula, *source; } rows[] = {
#define BLOCK(name, formula, source) {name, formula, source},
#define ALIAS(alias, name)
#include "formats/block.def"
#undef BLOCK
#undef ALIAS
};

static const struct { const char *alias, *name; } aliases[] = {
#define BLOCK(name, formula, source)
#define ALIAS(alias, name) {alias, name},
#include "formats/block.def"
#undef BLOCK
#undef ALIAS
};

enum { N_ROWS = sizeof rows / sizeof rows[0], N_ALIASES = sizeof aliases / sizeof aliases[0] };

typedef struct entry {
    hu_block_format format;
    struct entry *next;
    char name[HU_BLOCK_NAME_SIZE];
} entry;

static hu_block_format table[N_ROWS];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry *made;                        /* kept for the life of the process, under lock */

static void make_table(void)
{
    for (int i = 0; i < N_ROWS; i++) {
        hu_block_read(rows[i].formula, &table[i], NULL);
        table[i].name = rows[i].name;
        table[i].source = rows[i].source;
    }
}

const hu_block_format *hu_block_at(int i)
{
    pthread_once(&table_once, make_table);
    return i >= 0 && i < N_ROWS ? &table[i] : NULL;
}

const char *hu_block_alias_at(int i, const char **stands_for)
{
    if (i < 0 || i >= N_ALIASES)
        return NULL;
    if (stands_for)
        *stands_for = aliases[i].name;
    return aliases[i].alias;
}

const hu_block_format *hu_block_row(const char *name, size_t n)
{
    for (int i = 0; i < N_ALIASES; i++) {
        if (strlen(aliases[i].alias) == n && strncmp(aliases[i].alias, name, n) == 0)
            return hu_block_row(aliases[i].name, strlen(aliases[i].name));
    }
    for (int i = 0; i < N_ROWS; i++) {
        if (strlen(rows[i].name) == n && strncmp(rows[i].name, name, n) == 0)
            return hu_block_at(i);
    }
    return NULL;
}

double hu_block_bits_per_value(const hu_block_format *f)
{
    double share = f->size ? (double)f->scale->width_bits / (double)(f->rows * f->size) : 0;
    return f->element->width_bits + share;
}

bool hu_block_is_name(const char *text)
{
    return strncmp(text, "block(", 6) == 0 || hu_block_row(text, strcspn(text, "{"));
}

void hu_block_fail_name(hu_error *err, const char *name)
{
    hu_nearest near = hu_nearest_to(name);
    for (int i = 0; i < N_ROWS; i++)
        hu_nearest_offer(&near, rows[i].name);
    for (int i = 0; i < N_ALIASES; i++)
        hu_nearest_offer(&near, aliases[i].alias);
    if (near.best)
        hu_fail(err, HU_ENAME, "no block format '%.40s'; did you mean '%s'? (%s)", name, near.best, hu_block_grammar);
    else
        hu_fail(err, HU_ENAME, "no block format '%.40s'; %s", name, hu_block_grammar);
}

static bool same(const hu_block_format *a, const hu_block_format *b)
{
    return a->element == b->element && a->scale == b->scale && a->tensor == b->tensor && a->rows == b->rows
        && a->size == b->size
        && a->rule == b->rule && a->target == b->target;
}

/* The one made before with these parts, or else f, kept from now on. */
static const hu_block_format *keep(const hu_block_format *f, hu_error *err)
{
    pthread_mutex_lock(&lock);
    entry *e = made;
    while (e && !same(&e->format, f))
        e = e->next;
    if (!e) {
        e = hu_calloc(1, sizeof *e);
        if (e) {
            e->format = *f;
            e->format.name = hu_block_formula(f, e->name);
            e->next = made;
            made = e;
        } else {
            hu_fail(err, HU_ENOMEM, "block format: out of memory");
        }
    }
    pthread_mutex_unlock(&lock);
    return e ? &e->format : NULL;
}

const hu_block_format *hu_block_find(const char *name, hu_error *err)
{
    hu_block_format f;
    if (hu_block_read(name, &f, err) != HU_OK)
        return NULL;
    for (int i = 0; i < N_ROWS; i++) {
        if (same(hu_block_at(i), &f))
            return hu_block_at(i);
    }
    return keep(&f, err);
}
