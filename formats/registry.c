/* registry.c - formats by name: the table, the aliases, and what the families' readers make of other names.
 *
 * A format has one canonical name and one description in memory, so that two names of the same format
 * give the same pointer.
 */
#include "formats/registry.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "formats/block.h"
#include "formats/listed.h"
#include "src/base/memory.h"
#include "src/base/nearest.h"

static const struct { const char *name, *source; } rows[] = {
#define FORMAT(name, source) {name, source},
#define ALIAS(alias, name)
#include "formats/table.def"
#undef FORMAT
#undef ALIAS
};

static const struct { const char *alias, *name; } aliases[] = {
#define FORMAT(name, source)
#define ALIAS(alias, name) {alias, name},
#include "formats/table.def"
#undef FORMAT
#undef ALIAS
};

static hu_read_name *const readers[] = {
    hu_read_ufloat, hu_read_float, hu_read_x87, hu_read_posit, hu_read_takum, hu_read_lns, hu_read_p3109, hu_read_fixed, hu_read_codebook, hu_read_hifloat8,
};

enum { N_ROWS = sizeof rows / sizeof rows[0], N_ALIASES = sizeof aliases / sizeof aliases[0],
       N_READERS = sizeof readers / sizeof readers[0], N_BUCKETS = 256 };

typedef struct entry {
    hu_format format;
    struct entry *next;
    struct entry *next_defined;            /* of formats that a user has defined, in their order */
    char name[HU_FORMAT_NAME_SIZE];
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry *made[N_BUCKETS];             /* by name; kept for the life of the process, under lock */
static entry *first_defined;               /* under lock */
static hu_format table[N_ROWS];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static hu_reading read_name(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    hu_reading read = HU_NOT_MINE;
    for (int i = 0; i < N_READERS && read == HU_NOT_MINE; i++) {
        *f = (hu_format){0};
        read = readers[i](name, f, canonical, err);
    }
    return read;
}

static void make_table(void)
{
    char canonical[HU_FORMAT_NAME_SIZE];
    for (int i = 0; i < N_ROWS; i++) {
        read_name(rows[i].name, &table[i], canonical, NULL);
        table[i].name = rows[i].name;
        table[i].source = rows[i].source;
    }
}

const hu_format *hu_format_at(int i)
{
    pthread_once(&table_once, make_table);
    return i >= 0 && i < N_ROWS ? &table[i] : NULL;
}

const char *hu_format_alias_at(int i, const char **stands_for)
{
    if (i < 0 || i >= N_ALIASES)
        return NULL;
    if (stands_for)
        *stands_for = aliases[i].name;
    return aliases[i].alias;
}

hu_code hu_format_last_code(const hu_format *f)
{
    return ~(hu_code)0 >> (f->width_bits < 128 ? 128 - f->width_bits : 0);
}

/* What is meant by names that are near to others. */
static const struct { const char *front; bool is_front; const char *names; } meant[] = {
    {"fp8",    false, "e4m3fn' or 'e5m2"},
    {"float8", false, "e4m3fn' or 'e5m2"},
    {"fp6",    false, "e3m2fn' or 'e2m3fn"},
    {"float6", false, "e3m2fn' or 'e2m3fn"},
    {"lns",    true,  "lns8.3"},
};

enum { N_MEANT = sizeof meant / sizeof meant[0] };

static void fail_name(hu_error *err, const char *name)
{
    if (hu_block_is_name(name)) {
        hu_fail(err, HU_ENAME, "'%.60s' is a block format, which only whole arrays have; a format of single numbers will do, such as its element's",
                name);
        return;
    }
    for (int i = 0; i < N_MEANT; i++) {
        size_t n = strlen(meant[i].front);
        if (strncmp(name, meant[i].front, n) == 0 && (meant[i].is_front || !name[n])) {
            hu_fail(err, HU_ENAME, "no format '%.40s'; did you mean '%s'? (%s)", name, meant[i].names, hu_format_grammar);
            return;
        }
    }
    hu_nearest near = hu_nearest_to(name);
    for (int i = 0; i < N_ROWS; i++)
        hu_nearest_offer(&near, rows[i].name);
    for (int i = 0; i < N_ALIASES; i++)
        hu_nearest_offer(&near, aliases[i].alias);
    for (int i = 0; hu_block_at(i); i++)
        hu_nearest_offer(&near, hu_block_at(i)->name);
    for (int i = 0; hu_format_defined_at(i, NULL); i++)
        hu_nearest_offer(&near, hu_format_defined_at(i, NULL)->name);
    if (near.best)
        hu_fail(err, HU_ENAME, "no format '%.40s'; did you mean '%.40s'? (%s)", name, near.best, hu_format_grammar);
    else
        hu_fail(err, HU_ENAME, "no format '%.40s'; %s", name, hu_format_grammar);
}

/* The name with an alias at its front, before any modifiers, replaced by what it stands for. */
static const char *without_alias(const char *name, char *room, size_t size)
{
    size_t n = strcspn(name, "{");
    for (int i = 0; i < N_ALIASES; i++) {
        if (strlen(aliases[i].alias) == n && strncmp(name, aliases[i].alias, n) == 0) {
            snprintf(room, size, "%s%s", aliases[i].name, name + n);
            return room;
        }
    }
    return name;
}

static entry **bucket_of(const char *name)
{
    unsigned hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return &made[hash % N_BUCKETS];
}

static const hu_format *find_made(const entry *bucket, const char *name)
{
    for (const entry *e = bucket; e; e = e->next) {
        if (strcmp(e->name, name) == 0)
            return &e->format;
    }
    return NULL;
}

/* A new entry of that name, put into its bucket, under lock; NULL where memory is short. */
static entry *add_entry(const hu_format *f, const char *name, hu_error *err)
{
    entry **bucket = bucket_of(name), *e = hu_calloc(1, sizeof *e);
    if (!e) {
        hu_fail(err, HU_ENOMEM, "format '%.60s': out of memory", name);
        return NULL;
    }
    e->format = *f;
    snprintf(e->name, sizeof e->name, "%s", name);
    e->format.name = e->name;
    e->next = *bucket;
    *bucket = e;
    return e;
}

/* The format of that canonical name: the one made before, or else f, kept from now on. */
static const hu_format *keep(const hu_format *f, const char *canonical, hu_error *err)
{
    pthread_mutex_lock(&lock);
    const hu_format *found = find_made(*bucket_of(canonical), canonical);
    if (!found) {
        const entry *e = add_entry(f, canonical, err);
        found = e ? &e->format : NULL;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* --- formats that a user has defined --- */

static const hu_format *find_defined(const char *name)
{
    pthread_mutex_lock(&lock);
    const hu_format *found = find_made(*bucket_of(name), name);
    pthread_mutex_unlock(&lock);
    return found;
}

static hu_status check_free(const char *name, hu_error *err)
{
    hu_format f;
    char canonical[HU_FORMAT_NAME_SIZE], room[256];
    if (read_name(without_alias(name, room, sizeof room), &f, canonical, NULL) != HU_NOT_MINE)
        return hu_fail(err, HU_EINVAL, "define: the name '%.40s' stands for, or looks like, a format that there is already", name);
    if (hu_block_is_name(name))
        return hu_fail(err, HU_EINVAL, "define: the name '%.40s' stands for a block format that there is already", name);
    return HU_OK;
}

static const hu_format *add_defined(const hu_format *f, const char *name, hu_error *err)
{
    entry *e = add_entry(f, name, err), **last = &first_defined;
    if (!e)
        return NULL;
    while (*last)
        last = &(*last)->next_defined;
    *last = e;
    return &e->format;
}

const hu_format *hu_registry_define(const hu_format *f, const char *name, bool *is_new, hu_error *err)
{
    *is_new = false;
    if (check_free(name, err))
        return NULL;
    pthread_mutex_lock(&lock);
    const hu_format *found = find_made(*bucket_of(name), name);
    if (!found) {
        found = add_defined(f, name, err);
        *is_new = found != NULL;
    } else if (strcmp(found->listed->sha256, f->listed->sha256) != 0) {
        hu_fail(err, HU_EINVAL, "define: there is a format '%.40s' with other values; another name will do", name);
        found = NULL;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

const hu_format *hu_format_defined_at(int i, const char **sha256)
{
    pthread_mutex_lock(&lock);
    const entry *e = i >= 0 ? first_defined : NULL;
    for (; e && i > 0; i--)
        e = e->next_defined;
    pthread_mutex_unlock(&lock);
    if (e && sha256)
        *sha256 = e->format.listed->sha256;
    return e ? &e->format : NULL;
}

/* --- all --- */

const hu_format *hu_format_find(const char *name, hu_error *err)
{
    hu_format f;
    char canonical[HU_FORMAT_NAME_SIZE] = "", room[256];
    hu_reading read = read_name(without_alias(name, room, sizeof room), &f, canonical, err);
    if (read == HU_NOT_MINE) {
        const hu_format *defined = find_defined(name);
        if (!defined)
            fail_name(err, name);
        return defined;
    }
    if (read != HU_READ)
        return NULL;
    for (int i = 0; i < N_ROWS; i++) {
        if (strcmp(rows[i].name, canonical) == 0)
            return hu_format_at(i);
    }
    return keep(&f, canonical, err);
}
