/* store-schema.c - the tables of a store, the columns of its values, and how older stores become like today's. */
#include "src/lab/store-inner.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

static const char schema[] =
    "CREATE TABLE runs(id INTEGER PRIMARY KEY, manifest TEXT NOT NULL);"
    "CREATE TABLE points(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, sweep TEXT NOT NULL, params TEXT NOT NULL,"
    "  status TEXT NOT NULL, error TEXT, seconds REAL, run INTEGER NOT NULL, position INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL DEFAULT 0, signal INTEGER, output TEXT, nans TEXT);"
    "CREATE INDEX points_of_run ON points(run, position);";

/* What version 2 added. */
static const char additions[] =
    "CREATE TABLE columns(number INTEGER PRIMARY KEY, role INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(role, name));"
    "CREATE TABLE series(point INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL, n INTEGER NOT NULL,"
    "  packing TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY(point, name));"
    "CREATE TABLE artifacts(point INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY(point, name));"
    "CREATE TABLE events(id INTEGER PRIMARY KEY, time TEXT NOT NULL, run INTEGER NOT NULL, point INTEGER, kind TEXT NOT NULL,"
    "  text TEXT NOT NULL);";

/* --- the view --- */

static void add_name(hu_buffer *out, const char *name, int copy)
{
    char *quoted = sqlite3_mprintf(copy ? "%w_%d" : "%w", name, copy + 1);
    hu_buffer_text(out, " AS \"");
    hu_buffer_text(out, quoted ? quoted : "");
    hu_buffer_text(out, "\"");
    out->failed = out->failed || !quoted;
    sqlite3_free(quoted);
}

static void add_column(hu_buffer *out, const hu_column *c)
{
    char text[24];
    sqlite3_snprintf(sizeof text, text, "c%d", c->number);
    hu_buffer_text(out, text);
}

/* SQL does not tell `loss` from `Loss`: how many columns before column i have its name. */
static int copies(const hu_store *s, size_t i)
{
    int n = 0;
    for (size_t k = 0; k < i; k++)
        n += sqlite3_stricmp(s->columns[k].name, s->columns[i].name) == 0 && strcmp(s->columns[k].name, s->columns[i].name) != 0;
    return n;
}

/* The view has the script's names; a fixed column whose name the script uses is there as point_NAME. */
static void view_sql(const hu_store *s, hu_buffer *out)
{
    static const char *const fixed[][2] = {
        {"id", "id"}, {"sweep", "sweep"}, {"status", "status"}, {"error", "failure"}, {"seconds", "seconds"}, {"run", "run"},
        {"position", "position"}, {"key", "key"}, {"attempts", "attempts"}, {"signal", "signal"}, {"output", "output"},
        {"(SELECT group_concat(substr(text, 1, 64)) FROM events e WHERE e.point = points.id AND e.kind = 'policy')", "policies"},
    };
    hu_buffer_text(out, "CREATE INDEX IF NOT EXISTS events_of_point ON events(point, kind); DROP VIEW IF EXISTS results; CREATE VIEW results AS SELECT ");
    for (size_t k = 0; k < sizeof fixed / sizeof fixed[0]; k++) {
        bool taken = false;
        for (size_t i = 0; i < s->n_columns; i++)
            taken = taken || sqlite3_stricmp(s->columns[i].name, fixed[k][1]) == 0;
        hu_buffer_text(out, k ? ", " : "");
        hu_buffer_text(out, fixed[k][0]);
        hu_buffer_text(out, taken ? " AS point_" : " AS ");
        hu_buffer_text(out, fixed[k][1]);
    }
    for (size_t i = 0; i < s->n_columns; i++) {
        const hu_column *c = &s->columns[i];
        const hu_column *other = hu_store_find_column(s, c->role == HU_ROLE_PARAM ? HU_ROLE_RESULT : HU_ROLE_PARAM, c->name);
        if (other && c->role == HU_ROLE_RESULT)
            continue;                   /* a result of one sweep, a parameter of another: one column */
        hu_buffer_text(out, other ? ", coalesce(" : ", ");
        add_column(out, c);
        if (other) {
            hu_buffer_text(out, ", ");
            add_column(out, other);
            hu_buffer_text(out, ")");
        }
        add_name(out, c->name, copies(s, i));
    }
    hu_buffer_text(out, " FROM points;");
}

static hu_status make_view(hu_store *s, hu_error *err)
{
    hu_buffer text = {0};
    view_sql(s, &text);
    hu_status status = text.failed ? hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path) : hu_store_exec(s, text.data, err);
    hu_buffer_clear(&text);
    return status;
}

/* --- columns --- */

static int compare(hu_role role, const char *name, const hu_column *c)
{
    return role != c->role ? (role < c->role ? -1 : 1) : strcmp(name, c->name);
}

/* The first place whose column is not before (role, name). */
static size_t place_of(const hu_store *s, hu_role role, const char *name)
{
    size_t low = 0, high = s->n_columns;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(role, name, &s->columns[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const hu_column *hu_store_find_column(const hu_store *s, hu_role role, const char *name)
{
    size_t i = place_of(s, role, name);
    return i < s->n_columns && compare(role, name, &s->columns[i]) == 0 ? &s->columns[i] : NULL;
}

static hu_status remember(hu_store *s, hu_role role, int number, const char *name, hu_error *err)
{
    size_t at = place_of(s, role, name);
    hu_column *more = hu_grow(s->columns, s->n_columns, &s->columns_capacity, sizeof *more);
    if (!more)
        return hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path);
    s->columns = more;
    char *copy = hu_strdup(name);
    if (!copy)
        return hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path);
    memmove(&s->columns[at + 1], &s->columns[at], (s->n_columns - at) * sizeof *s->columns);
    s->columns[at] = (hu_column){.role = role, .number = number, .name = copy};
    s->n_columns++;
    return HU_OK;
}

void hu_store_forget_columns(hu_store *s)
{
    for (size_t i = 0; i < s->n_columns; i++)
        hu_free(s->columns[i].name);
    hu_free(s->columns);
    s->columns = NULL;
    s->n_columns = s->columns_capacity = 0;
}

hu_status hu_store_load_columns(hu_store *s, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    hu_status status = HU_OK;
    int code = sqlite3_prepare_v2(s->db, "SELECT number, role, name FROM columns", -1, &st, NULL);
    while (code == SQLITE_OK && status == HU_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(st, 2);
        hu_role role = sqlite3_column_int(st, 1) ? HU_ROLE_RESULT : HU_ROLE_PARAM;
        code = SQLITE_OK;
        status = name ? remember(s, role, sqlite3_column_int(st, 0), name, err) : HU_OK;
    }
    if (status == HU_OK && code != SQLITE_DONE)
        status = hu_store_fail(s, err);
    sqlite3_finalize(st);
    return status;
}

/* The column in points and its row in columns; the view is left as it is. */
static hu_status add_one(hu_store *s, hu_role role, const char *name, int *number, hu_error *err)
{
    char text[64];
    *number = (int)s->n_columns + 1;
    sqlite3_snprintf(sizeof text, text, "ALTER TABLE points ADD COLUMN c%d", *number);
    hu_bound b = hu_store_statement(s, HU_ST_COLUMN, err);
    if (!b.st)
        return err ? err->status : HU_EIO;
    hu_bind_integer(&b, 1, *number);
    hu_bind_integer(&b, 2, role);
    hu_bind_text(&b, 3, name);
    hu_status status = hu_store_step(s, &b, NULL, err);
    if (status == HU_OK && (status = hu_store_exec(s, text, err)) == HU_OK)
        status = remember(s, role, *number, name, err);
    return status;
}

hu_status hu_store_add_columns(hu_store *s, hu_role role, const hu_record *r, hu_error *err)
{
    hu_status status = HU_OK;
    bool more = false;
    int number;
    for (size_t i = 0; status == HU_OK && i < r->n; i++) {
        if (r->values[i].kind == HU_VALUE_SERIES || hu_store_find_column(s, role, r->values[i].name))
            continue;
        if (s->n_columns >= HU_MOST_COLUMNS && role == HU_ROLE_RESULT)
            continue;                   /* it goes where the series are */
        if (s->n_columns >= HU_MOST_COLUMNS)
            return hu_fail(err, HU_EINVAL, "%s has %d columns; there is no room for the parameter '%.60s'", s->path,
                           HU_MOST_COLUMNS, r->values[i].name);
        status = add_one(s, role, r->values[i].name, &number, err);
        more = true;
    }
    return status == HU_OK && more ? make_view(s, err) : status;
}

/* --- making and migrating --- */

hu_status hu_store_create(hu_store *s, hu_error *err)
{
    hu_status status = hu_store_exec(s, schema, err);
    if (status == HU_OK && (status = hu_store_exec(s, additions, err)) == HU_OK)
        status = make_view(s, err);
    return status;
}

/* One column for each name of a table of version 1, with its values. */
static hu_status lift(hu_store *s, const char *table, hu_role role, hu_error *err)
{
    hu_status status = HU_OK;
    sqlite3_stmt *names = NULL;
    char *list = sqlite3_mprintf("SELECT DISTINCT name FROM %s ORDER BY name LIMIT %d", table, HU_MOST_COLUMNS);
    int code = list ? sqlite3_prepare_v2(s->db, list, -1, &names, NULL) : SQLITE_NOMEM;
    while (status == HU_OK && code == SQLITE_OK && (code = sqlite3_step(names)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(names, 0);
        const hu_column *c = name ? hu_store_find_column(s, role, name) : NULL;
        int number = c ? c->number : 0;
        code = SQLITE_OK;
        if (!name || (!c && (status = add_one(s, role, name, &number, err)) != HU_OK))
            continue;
        char *move = sqlite3_mprintf("UPDATE points SET c%d = t.value FROM %s t WHERE t.point = points.id AND t.name = %Q;"
                                     "UPDATE points SET nans = coalesce(nans, ',') || '%d,' FROM %s t WHERE t.point = points.id AND "
                                     "t.name = %Q AND t.value IS NULL", number, table, name, number, table, name);
        status = move ? hu_store_exec(s, move, err) : hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path);
        sqlite3_free(move);
    }
    if (status == HU_OK && code != SQLITE_DONE)
        status = hu_store_fail(s, err);
    sqlite3_finalize(names);
    sqlite3_free(list);
    return status;
}

/* Version 1 kept a row for each value, in the tables params, metrics and texts. */
static hu_status from_1(hu_store *s, hu_error *err)
{
    hu_status status;
    if ((status = hu_store_exec(s, "ALTER TABLE points ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;"
                                   "ALTER TABLE points ADD COLUMN signal INTEGER; ALTER TABLE points ADD COLUMN output TEXT;"
                                   "ALTER TABLE points ADD COLUMN nans TEXT; ALTER TABLE series RENAME TO series_1;", err)) == HU_OK &&
        (status = hu_store_exec(s, additions, err)) == HU_OK &&
        (status = hu_store_exec(s, "INSERT INTO series SELECT point, name, shape, length(data) / 8, 'none', data FROM series_1;"
                                   "UPDATE points SET attempts = status <> 'planned'", err)) == HU_OK &&
        (status = lift(s, "params", HU_ROLE_PARAM, err)) == HU_OK &&
        (status = lift(s, "metrics", HU_ROLE_RESULT, err)) == HU_OK &&
        (status = lift(s, "texts", HU_ROLE_RESULT, err)) == HU_OK)
        status = hu_store_exec(s, "DROP TABLE series_1; DROP TABLE params; DROP TABLE metrics; DROP TABLE texts", err);
    return status == HU_OK ? make_view(s, err) : status;
}

hu_status hu_store_migrate(hu_store *s, int64_t version, hu_error *err)
{
    /* A row a version: what makes it the next. */
    static hu_status (*const steps[])(hu_store *, hu_error *) = {[1] = from_1};
    hu_status status = HU_OK;
    if (version < 1)
        return hu_fail(err, HU_EINVAL, "%s is a store of version %lld, which never was", s->path, (long long)version);
    for (; status == HU_OK && version < HU_STORE_VERSION; version++)
        status = steps[version](s, err);
    hu_store_forget_columns(s);         /* the opening reads them */
    return status;
}
