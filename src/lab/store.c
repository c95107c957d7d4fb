/* store.c - results.sqlite: opened, checked, closed; its statements.
 *
 * Every change is one transaction. A process that is killed leaves the last whole one; the next that opens the file
 * finds that. The connection belongs to the process that opened it: a forked worker must not use it.
 */
#include "src/lab/store-inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/memory.h"

#define APPLICATION_ID 1752525936   /* "hulp" as a number */

static const char *const sql[HU_N_STATEMENTS] = {
    [HU_ST_BEGIN]       = "BEGIN IMMEDIATE",
    [HU_ST_COMMIT]      = "COMMIT",
    [HU_ST_ROLLBACK]    = "ROLLBACK",
    [HU_ST_INSERT_RUN]  = "INSERT INTO runs(manifest) VALUES (?)",
    [HU_ST_UPDATE_RUN]  = "UPDATE runs SET manifest = ? WHERE id = ?",
    [HU_ST_ADOPT]       = "UPDATE points SET run = ?1 WHERE run = (SELECT max(id) FROM runs WHERE id < ?1)",
    [HU_ST_AGAIN]       = "UPDATE points SET attempts = attempts + 1 WHERE key = ?",
    [HU_ST_SERIES]      = "INSERT OR REPLACE INTO series(point, name, shape, n, packing, data) VALUES (?, ?, ?, ?, ?, ?)",
    [HU_ST_DROP_SERIES] = "DELETE FROM series WHERE point = ?",
    [HU_ST_ARTIFACT]    = "INSERT OR REPLACE INTO artifacts(point, name, digest) VALUES (?, ?, ?)",
    [HU_ST_DROP_ARTIFACTS] = "DELETE FROM artifacts WHERE point = ?",
    [HU_ST_EVENT]       = "INSERT INTO events(time, run, point, kind, text) VALUES (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), "
                          "?, (SELECT id FROM points WHERE key = ?), ?, ?)",
    [HU_ST_DROP_POLICIES] = "DELETE FROM events WHERE point = ? AND kind = 'policy'",
    [HU_ST_COLUMN]      = "INSERT INTO columns(number, role, name) VALUES (?, ?, ?)",
};

const char *const hu_state_names[3] = {"planned", "done", "failed"};

hu_status hu_store_fail(hu_store *s, hu_error *err)
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

hu_status hu_store_owned(const hu_store *s, hu_error *err)
{
    if (s->owner == getpid())
        return HU_OK;
    return hu_fail(err, HU_EBUSY, "%s: a point's function runs in a worker, which cannot use the store", s->path);
}

/* --- statements --- */

static hu_bound ready(hu_store *s, sqlite3_stmt **st, const char *text, hu_error *err)
{
    hu_bound b = {0};
    if (hu_store_owned(s, err) != HU_OK)
        return b;
    if (!*st && sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK) {
        hu_store_fail(s, err);
        return b;
    }
    sqlite3_reset(*st);
    b.st = *st;
    return b;
}

hu_bound hu_store_statement(hu_store *s, int which, hu_error *err)
{
    return ready(s, &s->statements[which], sql[which], err);
}

hu_bound hu_store_shaped(hu_store *s, hu_shaped *k, const char *text, hu_error *err)
{
    if (!k->sql || strcmp(k->sql, text) != 0) {
        sqlite3_finalize(k->st);
        k->st = NULL;
        hu_free(k->sql);
        if (!(k->sql = hu_strdup(text))) {
            hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path);
            return (hu_bound){0};
        }
    }
    return ready(s, &k->st, text, err);
}

static void note(hu_bound *b, int code)
{
    if (b->code == SQLITE_OK)
        b->code = code;
}

void hu_bind_integer(hu_bound *b, int i, int64_t value) { note(b, sqlite3_bind_int64(b->st, i, value)); }
void hu_bind_real(hu_bound *b, int i, double value)     { note(b, sqlite3_bind_double(b->st, i, value)); }

void hu_bind_text(hu_bound *b, int i, const char *text)
{
    note(b, sqlite3_bind_text(b->st, i, text, -1, SQLITE_STATIC));
}

void hu_bind_blob(hu_bound *b, int i, const void *data, size_t n_bytes)
{
    note(b, n_bytes ? sqlite3_bind_blob64(b->st, i, data, n_bytes, SQLITE_STATIC) : sqlite3_bind_zeroblob(b->st, i, 0));
}

void hu_bind_value(hu_bound *b, int i, const hu_value *v)
{
    if (v->kind == HU_VALUE_INTEGER)
        hu_bind_integer(b, i, v->integer);
    else if (v->kind == HU_VALUE_REAL)
        hu_bind_real(b, i, v->real);
    else
        note(b, sqlite3_bind_text64(b->st, i, v->data, v->n, SQLITE_STATIC, SQLITE_UTF8));
}

/* What binding refused is told by its own code: the connection does not always keep it. */
static hu_status refused(hu_store *s, int code, hu_error *err)
{
    if (code == SQLITE_NOMEM)
        return hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path);
    return hu_fail(err, HU_EIO, "%s: a value does not fit into the store: %s", s->path, sqlite3_errstr(code));
}

hu_status hu_store_step(hu_store *s, hu_bound *b, int64_t *id, hu_error *err)
{
    if (!b->st)
        return err && err->status ? err->status : HU_EIO;
    int code = b->code == SQLITE_OK ? sqlite3_step(b->st) : b->code;
    hu_status status = b->code != SQLITE_OK ? refused(s, code, err)
                     : code == SQLITE_DONE || code == SQLITE_ROW ? HU_OK : hu_store_fail(s, err);
    if (id)
        *id = code == SQLITE_ROW ? sqlite3_column_int64(b->st, 0) : 0;
    sqlite3_reset(b->st);
    sqlite3_clear_bindings(b->st);
    return status;
}

static hu_status run(hu_store *s, int which, hu_error *err)
{
    hu_bound b = hu_store_statement(s, which, err);
    return hu_store_step(s, &b, NULL, err);
}

hu_status hu_store_start(hu_store *s, hu_error *err)
{
    return s->held ? HU_OK : run(s, HU_ST_BEGIN, err);
}

hu_status hu_store_hold(hu_store *s, hu_error *err)
{
    hu_status status = run(s, HU_ST_BEGIN, err);
    s->held = status == HU_OK;
    return status;
}

hu_status hu_store_release(hu_store *s, hu_status status, hu_error *err)
{
    s->held = false;
    return hu_store_end(s, status, err);
}

hu_status hu_store_end(hu_store *s, hu_status status, hu_error *err)
{
    if (s->held)
        return status;
    if (status == HU_OK)
        status = run(s, HU_ST_COMMIT, err);
    if (status != HU_OK && s->owner == getpid()) {
        if (!sqlite3_get_autocommit(s->db))
            run(s, HU_ST_ROLLBACK, NULL);
        hu_store_forget_columns(s);
        hu_store_load_columns(s, NULL);
    }
    return status;
}

hu_status hu_store_exec(hu_store *s, const char *text, hu_error *err)
{
    return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK ? HU_OK : hu_store_fail(s, err);
}

/* --- opening --- */

static hu_status ask(hu_store *s, const char *text, int64_t *answer, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    hu_status status = HU_OK;
    if (sqlite3_prepare_v2(s->db, text, -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
        status = hu_store_fail(s, err);
    else
        *answer = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return status;
}

hu_status hu_store_sound(hu_store *s, hu_error *err)
{
    int64_t any = 0;
    sqlite3_stmt *st = NULL;
    hu_status status = hu_store_owned(s, err);
    if (status == HU_OK)
        status = ask(s, "SELECT count(status) FROM (SELECT status FROM points WHERE run = (SELECT max(id) FROM runs) LIMIT 1)", &any, err);
    if (status != HU_OK || any)
        return status;
    if (sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
        status = hu_store_fail(s, err);
    else {
        const char *said = (const char *)sqlite3_column_text(st, 0);
        if (!said || strcmp(said, "ok") != 0) {
            const char *line = said ? strrchr(said, '\n') : NULL;
            status = hu_fail(err, HU_EIO, "%.100s is damaged (%.60s); nothing was changed: move it away to start anew", s->path,
                             line ? line + 1 : said ? said : "");
        }
    }
    sqlite3_finalize(st);
    return status;
}

static hu_status mark(hu_store *s, hu_error *err)
{
    char pragmas[128];
    sqlite3_snprintf(sizeof pragmas, pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                     APPLICATION_ID, HU_STORE_VERSION);
    return hu_store_exec(s, pragmas, err);
}

/* A file without tables becomes a store, an older store one of today; only then may it be switched to WAL. */
static hu_status bring_up(hu_store *s, int64_t version, hu_error *err)
{
    hu_status status = hu_store_exec(s, "BEGIN IMMEDIATE", err);
    if (status == HU_OK)
        status = version == 0 ? hu_store_create(s, err) : hu_store_migrate(s, version, err);
    if (status == HU_OK && (status = mark(s, err)) == HU_OK)
        status = hu_store_exec(s, "COMMIT", err);
    if (status != HU_OK && !sqlite3_get_autocommit(s->db))
        hu_store_exec(s, "ROLLBACK", NULL);
    return status;
}

/* An older store that is only read: a copy in memory is brought up to date. */
static hu_status copy_to_memory(hu_store *s, int64_t version, hu_error *err)
{
    sqlite3 *copy = NULL;
    int code = sqlite3_open(":memory:", &copy);
    sqlite3_backup *b = code == SQLITE_OK ? sqlite3_backup_init(copy, "main", s->db, "main") : NULL;
    if (b)
        sqlite3_backup_step(b, -1);
    code = b ? sqlite3_backup_finish(b) : SQLITE_NOMEM;
    if (code != SQLITE_OK) {
        sqlite3_close(copy);
        return hu_fail(err, HU_EIO, "%s cannot be read: %s", s->path, sqlite3_errstr(code));
    }
    sqlite3_close(s->db);
    s->db = copy;
    return bring_up(s, version, err);
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
        return bring_up(s, 0, err);
    if (id != APPLICATION_ID)
        return hu_fail(err, HU_EINVAL, "%s is not a result store of halfulp (its application id is %lld)%s",
                       s->path, (long long)id, s->advice);
    if (version > HU_STORE_VERSION)
        return hu_fail(err, HU_EINVAL, "%s is a store of version %lld, from a newer halfulp; this one reads up to %d",
                       s->path, (long long)version, HU_STORE_VERSION);
    if (version == HU_STORE_VERSION)
        return HU_OK;
    return write ? bring_up(s, version, err) : copy_to_memory(s, version, err);
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
        status = code == SQLITE_OK ? check(s, false, err) : hu_store_fail(s, err);
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
    hu_status status = sqlite3_open_v2(path, &s->db, flags, NULL) == SQLITE_OK ? HU_OK : hu_store_fail(s, err);
    if (status == HU_OK) {
        sqlite3_busy_timeout(s->db, 10000);
        status = write ? check(s, true, err) : check_for_reading(s, err);
    }
    if (status == HU_OK && write)
        status = hu_store_exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", err);
    if (status == HU_OK)
        status = hu_store_load_columns(s, err);
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
        for (int i = 0; i < HU_N_STATEMENTS; i++)
            sqlite3_finalize(s->statements[i]);
        sqlite3_finalize(s->plan.st);
        sqlite3_finalize(s->values.st);
        if (s->db && sqlite3_close(s->db) != SQLITE_OK)
            status = hu_store_fail(s, err);
    }
    hu_store_forget_columns(s);
    hu_free(s->plan.sql);
    hu_free(s->values.sql);
    hu_free(s->path);
    hu_free(s);
    return status;
}
