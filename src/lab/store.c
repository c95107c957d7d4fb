/* store.c - results.sqlite: the points of a run directory and what came out of them.
 *
 * Every change is one transaction. A process that is killed leaves the last whole one; the next that opens the file
 * finds that. The connection belongs to the process that opened it: a forked worker must not use it.
 */
#include "src/lab/store.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "src/base/memory.h"

#define APPLICATION_ID 1752525936   /* "hulp" as a number */

enum { BEGIN, COMMIT, ROLLBACK, INSERT_RUN, UPDATE_RUN, PLAN, FIND, PARAM, FINISH, METRIC, TEXT, SERIES, N_STATEMENTS };

static const char *const sql[N_STATEMENTS] = {
    [BEGIN]      = "BEGIN IMMEDIATE",
    [COMMIT]     = "COMMIT",
    [ROLLBACK]   = "ROLLBACK",
    [INSERT_RUN] = "INSERT INTO runs(manifest) VALUES (?)",
    [UPDATE_RUN] = "UPDATE runs SET manifest = ? WHERE id = ?",
    [PLAN]       = "INSERT INTO points(key, sweep, params, status, run, position) VALUES (?, ?, ?, 'planned', ?, ?) "
                   "ON CONFLICT(key) DO UPDATE SET run = excluded.run, position = excluded.position",
    [FIND]       = "SELECT id, status FROM points WHERE key = ?",
    [PARAM]      = "INSERT OR IGNORE INTO params(point, name, value) VALUES (?, ?, ?)",
    [FINISH]     = "UPDATE points SET status = ?, error = ?, seconds = ? WHERE id = ?",
    [METRIC]     = "INSERT OR REPLACE INTO metrics(point, name, value) VALUES (?, ?, ?)",
    [TEXT]       = "INSERT OR REPLACE INTO texts(point, name, value) VALUES (?, ?, ?)",
    [SERIES]     = "INSERT OR REPLACE INTO series(point, name, shape, data) VALUES (?, ?, ?, ?)",
};

static const char schema[] =
    "CREATE TABLE runs(id INTEGER PRIMARY KEY, manifest TEXT NOT NULL);"
    "CREATE TABLE points(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, sweep TEXT NOT NULL, params TEXT NOT NULL,"
    "  status TEXT NOT NULL, error TEXT, seconds REAL, run INTEGER NOT NULL, position INTEGER NOT NULL);"
    "CREATE INDEX points_of_run ON points(run, position);"
    "CREATE TABLE params(point INTEGER NOT NULL, name TEXT NOT NULL, value, PRIMARY KEY(point, name)) WITHOUT ROWID;"
    "CREATE TABLE metrics(point INTEGER NOT NULL, name TEXT NOT NULL, value, PRIMARY KEY(point, name)) WITHOUT ROWID;"
    "CREATE TABLE texts(point INTEGER NOT NULL, name TEXT NOT NULL, value TEXT, PRIMARY KEY(point, name)) WITHOUT ROWID;"
    "CREATE TABLE series(point INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL, data BLOB NOT NULL,"
    "  PRIMARY KEY(point, name));";

static const char *const state_names[] = {"planned", "done", "failed"};

struct hu_store {
    sqlite3      *db;
    char         *path;
    pid_t         owner;
    const char   *advice;      /* ends a message about a folder that cannot be written, where it is to be written */
    sqlite3_stmt *statements[N_STATEMENTS];
};

/* What SQLite's last failure means to the user. */
static hu_status fail(hu_store *s, hu_error *err)
{
    int code = s->db ? sqlite3_errcode(s->db) : SQLITE_NOMEM;
    int system_error = s->db ? sqlite3_system_errno(s->db) : 0;
    if (code == SQLITE_NOMEM)
        return hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path);
    if (code == SQLITE_NOTADB)
        return hu_fail(err, HU_EINVAL, "%s is not a result store of halfulp: it is not an SQLite file%s", s->path, s->advice);
    if (code == SQLITE_CORRUPT)
        return hu_fail(err, HU_EIO, "%s is damaged (%s); nothing was changed: move it away to start anew",
                       s->path, sqlite3_errmsg(s->db));
    if (code == SQLITE_FULL || system_error == ENOSPC || system_error == EDQUOT)
        return hu_fail(err, HU_EIO, "%s: the disk is full; make room and run the same command again to continue", s->path);
    if (code == SQLITE_READONLY)
        return hu_fail(err, HU_EIO, "%s: the folder or the file is read-only%s", s->path, s->advice);
    return hu_fail(err, HU_EIO, "%s: %s%s%s", s->path, s->db ? sqlite3_errmsg(s->db) : "", system_error ? ": " : "",
                   system_error ? strerror(system_error) : "");
}

/* The statement, ready to be bound; NULL with err. Prepared when first asked for. */
static sqlite3_stmt *statement(hu_store *s, int which, hu_error *err)
{
    if (s->owner != getpid()) {
        hu_fail(err, HU_EBUSY, "%s: a point's function runs in a worker, which cannot use the store", s->path);
        return NULL;
    }
    if (!s->statements[which] &&
        sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[which], NULL) != SQLITE_OK) {
        fail(s, err);
        return NULL;
    }
    sqlite3_reset(s->statements[which]);
    return s->statements[which];
}

/* Runs a bound statement that gives no rows. The bindings are dropped: they borrow the caller's memory. */
static hu_status step(hu_store *s, sqlite3_stmt *st, hu_error *err)
{
    int code = sqlite3_step(st);
    hu_status status = code == SQLITE_DONE || code == SQLITE_ROW ? HU_OK : fail(s, err);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return status;
}

static hu_status run(hu_store *s, int which, hu_error *err)
{
    sqlite3_stmt *st = statement(s, which, err);
    return st ? step(s, st, err) : err ? err->status : HU_EIO;
}

/* COMMIT after HU_OK, else ROLLBACK; the status of what failed first. */
static hu_status end(hu_store *s, hu_status status, hu_error *err)
{
    if (status == HU_OK)
        status = run(s, COMMIT, err);
    if (status != HU_OK && s->owner == getpid() && !sqlite3_get_autocommit(s->db))
        run(s, ROLLBACK, NULL);
    return status;
}

static hu_status exec(hu_store *s, const char *text, hu_error *err)
{
    return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK ? HU_OK : fail(s, err);
}

static hu_status ask(hu_store *s, const char *text, int64_t *answer, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    hu_status status = HU_OK;
    if (sqlite3_prepare_v2(s->db, text, -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
        status = fail(s, err);
    else
        *answer = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return status;
}

/* A file without tables becomes a store, in one transaction; only then may it be switched to WAL. */
static hu_status create(hu_store *s, hu_error *err)
{
    char pragmas[128];
    sqlite3_snprintf(sizeof pragmas, pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                     APPLICATION_ID, HU_STORE_VERSION);
    hu_status status = exec(s, "BEGIN IMMEDIATE", err);
    if (status == HU_OK && (status = exec(s, pragmas, err)) == HU_OK && (status = exec(s, schema, err)) == HU_OK)
        status = exec(s, "COMMIT", err);
    if (status != HU_OK && !sqlite3_get_autocommit(s->db))
        exec(s, "ROLLBACK", NULL);
    return status;
}

static hu_status check(hu_store *s, bool write, hu_error *err)
{
    int64_t tables, id, version;
    hu_status status;
    if ((status = ask(s, "SELECT count(*) FROM sqlite_schema", &tables, err)) != HU_OK ||
        (status = ask(s, "PRAGMA application_id", &id, err)) != HU_OK ||
        (status = ask(s, "PRAGMA user_version", &version, err)) != HU_OK)
        return status;
    if (tables == 0 && id == 0 && version == 0 && write)
        return create(s, err);
    if (id != APPLICATION_ID)
        return hu_fail(err, HU_EINVAL, "%s is not a result store of halfulp (its application id is %lld)%s",
                       s->path, (long long)id, s->advice);
    if (version > HU_STORE_VERSION)
        return hu_fail(err, HU_EINVAL, "%s is a store of version %lld, from a newer halfulp; this one reads up to %d",
                       s->path, (long long)version, HU_STORE_VERSION);
    return HU_OK;
}

/* "file:PATH?immutable=1", with the letters that mean something in a URI as %XX; from hu_malloc. */
static char *immutable_uri(const char *path)
{
    char *uri = hu_malloc(3 * strlen(path) + 32), *to = uri;
    if (!uri)
        return NULL;
    to += sprintf(to, "file:");
    for (const char *c = path; *c; c++)
        to += sprintf(to, strchr("%?#", *c) ? "%%%02X" : "%c", *c);
    strcpy(to, "?immutable=1");
    return uri;
}

/* Reading from a folder that may not be written: SQLite cannot share its index of the log there. When there is no
 * log, the file alone is the whole store and is read as one that nobody changes. */
static hu_status check_for_reading(hu_store *s, hu_error *err)
{
    hu_status status = check(s, false, err);
    char *log = hu_malloc(strlen(s->path) + 5);
    if (log)
        strcat(strcpy(log, s->path), "-wal");
    if (status == HU_EIO && log && access(log, F_OK) != 0) {
        char *uri = immutable_uri(s->path);
        sqlite3_close(s->db);
        s->db = NULL;
        int code = uri ? sqlite3_open_v2(uri, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) : SQLITE_NOMEM;
        hu_free(uri);
        status = code == SQLITE_OK ? check(s, false, err) : fail(s, err);
    }
    hu_free(log);
    return status;
}

hu_store *hu_store_open(const char *path, bool write, hu_error *err)
{
    hu_store *s = hu_calloc(1, sizeof *s);
    if (!s || !(s->path = hu_strdup(path))) {
        hu_free(s);
        hu_fail(err, HU_ENOMEM, "%s: out of memory", path);
        return NULL;
    }
    s->owner = getpid();
    s->advice = write ? "; choose another folder with --out" : "";
    int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    hu_status status = sqlite3_open_v2(path, &s->db, flags, NULL) == SQLITE_OK ? HU_OK : fail(s, err);
    if (status == HU_OK) {
        sqlite3_busy_timeout(s->db, 10000);
        status = write ? check(s, true, err) : check_for_reading(s, err);
    }
    if (status == HU_OK && write)
        status = exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", err);
    if (status == HU_OK)
        return s;
    hu_store_close(s, NULL);
    return NULL;
}

hu_status hu_store_close(hu_store *s, hu_error *err)
{
    hu_status status = HU_OK;
    if (!s)
        return HU_OK;
    if (s->owner == getpid()) {
        for (int i = 0; i < N_STATEMENTS; i++)
            sqlite3_finalize(s->statements[i]);
        if (s->db && sqlite3_close(s->db) != SQLITE_OK)
            status = fail(s, err);
    }
    hu_free(s->path);
    hu_free(s);
    return status;
}

hu_status hu_store_begin(hu_store *s, const char *manifest, int64_t *run_id, hu_error *err)
{
    sqlite3_stmt *st = statement(s, INSERT_RUN, err);
    if (!st)
        return err ? err->status : HU_EIO;
    sqlite3_bind_text(st, 1, manifest, -1, SQLITE_STATIC);
    hu_status status = step(s, st, err);
    if (status == HU_OK)
        *run_id = sqlite3_last_insert_rowid(s->db);
    return status;
}

hu_status hu_store_manifest(hu_store *s, int64_t run_id, const char *manifest, hu_error *err)
{
    sqlite3_stmt *st = statement(s, UPDATE_RUN, err);
    if (!st)
        return err ? err->status : HU_EIO;
    sqlite3_bind_text(st, 1, manifest, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, run_id);
    return step(s, st, err);
}

static int bind_value(sqlite3_stmt *st, int i, const hu_value *v)
{
    if (v->kind == HU_VALUE_INTEGER)
        return sqlite3_bind_int64(st, i, v->integer);
    if (v->kind == HU_VALUE_REAL)
        return sqlite3_bind_double(st, i, v->real);
    return sqlite3_bind_text64(st, i, v->data, v->n, SQLITE_STATIC, SQLITE_UTF8);
}

/* The row of a point: its id and state. *id is 0 when there is none. */
static hu_status find(hu_store *s, const char *key, int64_t *id, hu_point_state *state, hu_error *err)
{
    sqlite3_stmt *st = statement(s, FIND, err);
    if (!st)
        return err ? err->status : HU_EIO;
    *id = 0;
    sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(st, 1);
        *id = sqlite3_column_int64(st, 0);
        for (int k = 0; k < 3; k++)
            if (state && name && strcmp(name, state_names[k]) == 0)
                *state = (hu_point_state)k;
    }
    hu_status status = code == SQLITE_ROW || code == SQLITE_DONE ? HU_OK : fail(s, err);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return status;
}

static hu_status plan_one(hu_store *s, int64_t run_id, const char *sweep, hu_point *p, size_t position, hu_error *err)
{
    sqlite3_stmt *st = statement(s, PLAN, err);
    if (!st)
        return err ? err->status : HU_EIO;
    sqlite3_bind_text(st, 1, p->key, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, sweep, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, p->json, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, run_id);
    sqlite3_bind_int64(st, 5, (int64_t)position);
    int64_t id = 0;
    hu_status status = step(s, st, err);
    if (status == HU_OK)
        status = find(s, p->key, &id, &p->state, err);
    for (size_t i = 0; status == HU_OK && i < p->params.n; i++) {
        if (!(st = statement(s, PARAM, err)))
            return err ? err->status : HU_EIO;
        sqlite3_bind_int64(st, 1, id);
        sqlite3_bind_text(st, 2, p->params.values[i].name, -1, SQLITE_STATIC);
        bind_value(st, 3, &p->params.values[i]);
        status = step(s, st, err);
    }
    return status;
}

hu_status hu_store_plan(hu_store *s, int64_t run_id, const char *sweep, hu_point *points, size_t n, hu_error *err)
{
    hu_status status = run(s, BEGIN, err);
    if (status != HU_OK)
        return status;
    for (size_t i = 0; status == HU_OK && i < n; i++)
        status = plan_one(s, run_id, sweep, &points[i], i, err);
    return end(s, status, err);
}

static hu_status insert_value(hu_store *s, int64_t point, const hu_value *v, hu_error *err)
{
    int which = v->kind == HU_VALUE_SERIES ? SERIES : v->kind == HU_VALUE_TEXT ? TEXT : METRIC;
    char shape[24 * HU_MAX_RANK] = "";
    sqlite3_stmt *st = statement(s, which, err);
    if (!st)
        return err ? err->status : HU_EIO;
    sqlite3_bind_int64(st, 1, point);
    sqlite3_bind_text(st, 2, v->name, -1, SQLITE_STATIC);
    if (which != SERIES) {
        bind_value(st, 3, v);
        return step(s, st, err);
    }
    for (int k = 0; k < v->rank; k++) {
        size_t used = strlen(shape);
        sqlite3_snprintf((int)(sizeof shape - used), shape + used, "%s%llu", k ? "," : "", (unsigned long long)v->shape[k]);
    }
    sqlite3_bind_text(st, 3, shape, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(st, 4, v->data, v->n * sizeof(double), SQLITE_STATIC);
    return step(s, st, err);
}

hu_status hu_store_finish(hu_store *s, const char *key, const hu_record *results, const char *failure,
                          double seconds, hu_error *err)
{
    int64_t id = 0;
    hu_status status = run(s, BEGIN, err);
    if (status != HU_OK)
        return status;
    status = find(s, key, &id, NULL, err);
    if (status == HU_OK && id == 0)
        status = hu_fail(err, HU_EINVAL, "%s has no point with the key %s", s->path, key);
    sqlite3_stmt *st = status == HU_OK ? statement(s, FINISH, err) : NULL;
    if (st) {
        sqlite3_bind_text(st, 1, state_names[failure ? HU_POINT_FAILED : HU_POINT_DONE], -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 2, failure, -1, SQLITE_STATIC);
        sqlite3_bind_double(st, 3, seconds);
        sqlite3_bind_int64(st, 4, id);
        status = step(s, st, err);
    } else if (status == HU_OK)
        status = err ? err->status : HU_EIO;
    for (size_t i = 0; status == HU_OK && !failure && i < results->n; i++)
        status = insert_value(s, id, &results->values[i], err);
    return end(s, status, err);
}

/* Column 1 of a row is a name, column 2 its value. */
static hu_status read_value(hu_record *r, sqlite3_stmt *st, hu_error *err)
{
    const char *name = (const char *)sqlite3_column_text(st, 1);
    switch (sqlite3_column_type(st, 2)) {
    case SQLITE_INTEGER:
        return hu_record_integer(r, name, sqlite3_column_int64(st, 2), err);
    case SQLITE_FLOAT:
        return hu_record_real(r, name, sqlite3_column_double(st, 2), err);
    case SQLITE_NULL:
        return hu_record_real(r, name, NAN, err);
    default:
        return hu_record_text(r, name, (const char *)sqlite3_column_text(st, 2),
                              (size_t)sqlite3_column_bytes(st, 2), err);
    }
}

static hu_status read_series(hu_record *r, sqlite3_stmt *st, hu_error *err)
{
    const char *name = (const char *)sqlite3_column_text(st, 1);
    const char *text = (const char *)sqlite3_column_text(st, 3);
    const double *data = sqlite3_column_blob(st, 2);
    size_t n = (size_t)sqlite3_column_bytes(st, 2) / sizeof(double), shape[HU_MAX_RANK], product = 1;
    int rank = 0;
    for (; text && *text && rank < HU_MAX_RANK; rank++) {
        unsigned long long extent = 0;
        for (; *text >= '0' && *text <= '9'; text++)
            extent = 10 * extent + (unsigned long long)(*text - '0');
        product *= shape[rank] = (size_t)extent;
        text += *text == ',';
    }
    if (rank > 0 && product != n)
        return hu_fail(err, HU_EIO, "the series '%.60s' of the store has %zu values, which is not its shape", name, n);
    return hu_record_series(r, name, data, n, rank, shape, err);
}

/* The rows of one table that belong to a point. */
static hu_status read_table(hu_store *s, sqlite3_stmt *st, int64_t point, hu_record *out, bool series, hu_error *err)
{
    hu_status status = HU_OK;
    int code;
    sqlite3_reset(st);
    sqlite3_bind_int64(st, 1, point);
    while (status == HU_OK && (code = sqlite3_step(st)) != SQLITE_DONE)
        status = code != SQLITE_ROW ? fail(s, err) : series ? read_series(out, st, err) : read_value(out, st, err);
    sqlite3_reset(st);
    return status;
}

enum { POINTS, PARAMS, METRICS, TEXTS, SERIES_ROWS, N_READERS };

static const char *const readers[N_READERS] = {
    [POINTS]  = "SELECT id, sweep, key, params, error, status, seconds FROM points WHERE (?2 IS NULL OR sweep = ?2) AND "
                "run = coalesce(?1, (SELECT max(id) FROM runs)) ORDER BY sweep, position",
    [PARAMS]  = "SELECT point, name, value FROM params WHERE point = ?",
    [METRICS] = "SELECT point, name, value FROM metrics WHERE point = ?",
    [TEXTS]   = "SELECT point, name, value FROM texts WHERE point = ?",
    [SERIES_ROWS] = "SELECT point, name, data, shape FROM series WHERE point = ?",
};

static hu_status read_row(hu_store *s, sqlite3_stmt **st, hu_visit *visit, void *user, hu_error *err)
{
    int64_t id = sqlite3_column_int64(st[POINTS], 0);
    const char *state = (const char *)sqlite3_column_text(st[POINTS], 5);
    hu_row row = {
        .sweep = (const char *)sqlite3_column_text(st[POINTS], 1), .key = (const char *)sqlite3_column_text(st[POINTS], 2),
        .json = (const char *)sqlite3_column_text(st[POINTS], 3), .failure = (const char *)sqlite3_column_text(st[POINTS], 4),
        .seconds = sqlite3_column_double(st[POINTS], 6),
    };
    for (int k = 0; k < 3; k++)
        if (state && strcmp(state, state_names[k]) == 0)
            row.state = (hu_point_state)k;
    hu_status status = read_table(s, st[PARAMS], id, &row.params, false, err);
    for (int k = METRICS; status == HU_OK && row.state == HU_POINT_DONE && k < N_READERS; k++)
        status = read_table(s, st[k], id, &row.results, k == SERIES_ROWS, err);
    if (status == HU_OK)
        status = visit(user, &row, err);
    hu_record_clear(&row.params);
    hu_record_clear(&row.results);
    return status;
}

hu_status hu_store_each(hu_store *s, int64_t run_id, const char *sweep, hu_visit *visit, void *user, hu_error *err)
{
    sqlite3_stmt *st[N_READERS] = {0};
    hu_status status = s->owner == getpid() ? HU_OK
        : hu_fail(err, HU_EBUSY, "%s: a point's function runs in a worker, which cannot use the store", s->path);
    for (int i = 0; status == HU_OK && i < N_READERS; i++)
        if (sqlite3_prepare_v2(s->db, readers[i], -1, &st[i], NULL) != SQLITE_OK)
            status = fail(s, err);
    if (status == HU_OK && run_id > 0)
        sqlite3_bind_int64(st[POINTS], 1, run_id);
    if (status == HU_OK && sweep)
        sqlite3_bind_text(st[POINTS], 2, sweep, -1, SQLITE_STATIC);
    int code;
    while (status == HU_OK && (code = sqlite3_step(st[POINTS])) != SQLITE_DONE)
        status = code == SQLITE_ROW ? read_row(s, st, visit, user, err) : fail(s, err);
    for (int i = 0; i < N_READERS; i++)
        sqlite3_finalize(st[i]);
    return status;
}

char *hu_store_latest(hu_store *s, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    char *text = NULL;
    int code = sqlite3_prepare_v2(s->db, "SELECT manifest FROM runs ORDER BY id DESC LIMIT 1", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    const char *manifest = code == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
    if (code == SQLITE_DONE)
        hu_fail(err, HU_EINVAL, "%s holds no run", s->path);
    else if (code != SQLITE_ROW)
        fail(s, err);
    else if (!manifest || !(text = hu_strdup(manifest)))
        hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path);
    sqlite3_finalize(st);
    return text;
}
