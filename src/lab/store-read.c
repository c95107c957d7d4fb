/* store-read.c - points and their results, read from a store. */
#include "src/lab/store-inner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/lab/series.h"

/* The value in column i of a row. */
static hu_status read_value(hu_record *r, const char *name, sqlite3_stmt *st, int i, hu_error *err)
{
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        return hu_record_integer(r, name, sqlite3_column_int64(st, i), err);
    case SQLITE_FLOAT:
        return hu_record_real(r, name, sqlite3_column_double(st, i), err);
    case SQLITE_NULL:
        return hu_record_real(r, name, NAN, err);
    default:
        return hu_record_text(r, name, (const char *)sqlite3_column_text(st, i), (size_t)sqlite3_column_bytes(st, i), err);
    }
}

static int read_shape(const char *text, size_t shape[HU_MAX_RANK], size_t *product)
{
    int rank = 0;
    *product = 1;
    for (; text && *text && rank < HU_MAX_RANK; rank++) {
        unsigned long long extent = 0;
        for (; *text >= '0' && *text <= '9'; text++)
            extent = 10 * extent + (unsigned long long)(*text - '0');
        *product *= shape[rank] = (size_t)extent;
        if (*text && *text != ',')
            return -1;
        text += *text == ',';
    }
    return rank;
}

/* name, shape, n, packing, data */
static hu_status read_series(hu_record *r, sqlite3_stmt *st, hu_error *err)
{
    const char *name = (const char *)sqlite3_column_text(st, 0), *packing = (const char *)sqlite3_column_text(st, 3);
    size_t shape[HU_MAX_RANK], product, n = (size_t)sqlite3_column_int64(st, 2);
    int rank = read_shape((const char *)sqlite3_column_text(st, 1), shape, &product);
    if (!name || !packing)
        return hu_fail(err, HU_ENOMEM, "out of memory for a series of the store");
    if (strcmp(packing, "value") == 0)
        return read_value(r, name, st, 4, err);
    const void *data = sqlite3_column_blob(st, 4);
    size_t n_bytes = (size_t)sqlite3_column_bytes(st, 4);
    bool packed = strcmp(packing, "xor") == 0;
    if (rank < 0 || (rank > 0 && product != n) || (packed ? n > n_bytes : n_bytes / sizeof(double) != n || n_bytes % sizeof(double)))
        return hu_fail(err, HU_EIO, "the series '%.60s' of the store has %zu bytes, which are not its %zu values", name, n_bytes, n);
    hu_status status = hu_record_series(r, name, packed ? NULL : data, n, rank, shape, err);
    if (status == HU_OK && packed && n > 0)
        status = hu_series_unpack(r->values[r->n - 1].data, n, data, n_bytes, err);
    return status;
}

enum { POINTS, SERIES, ARTIFACTS, POLICIES, N_READERS };
enum { ID, SWEEP, KEY, JSON, FAILURE, STATUS, SECONDS, SIGNAL, ATTEMPTS, OUTPUT, NANS, POSITION, FIRST_VALUE };

static const char *const readers[N_READERS] = {
    [SERIES]    = "SELECT name, shape, n, packing, data FROM series WHERE point = ?",
    [ARTIFACTS] = "SELECT name, digest FROM artifacts WHERE point = ? ORDER BY name",
    [POLICIES]  = "SELECT substr(text, 1, 64), substr(text, 66) FROM events WHERE point = ? AND kind = 'policy' ORDER BY id",
};

/* The rows of one table that belong to a point. */
static hu_status read_table(hu_store *s, sqlite3_stmt *st, int64_t point, hu_record *out, bool series, hu_error *err)
{
    hu_status status = HU_OK;
    int code;
    sqlite3_reset(st);
    if (sqlite3_bind_int64(st, 1, point) != SQLITE_OK)
        return hu_store_fail(s, err);
    while (status == HU_OK && (code = sqlite3_step(st)) != SQLITE_DONE)
        status = code != SQLITE_ROW ? hu_store_fail(s, err) : series ? read_series(out, st, err)
               : read_value(out, (const char *)sqlite3_column_text(st, 0), st, 1, err);
    sqlite3_reset(st);
    return status;
}

/* Parameters and single results: the columns of the point, in the order of s->columns. */
static hu_status read_columns(hu_store *s, sqlite3_stmt *st, hu_row *row, hu_error *err)
{
    const char *nans = (const char *)sqlite3_column_text(st, NANS);
    hu_status status = HU_OK;
    for (size_t i = 0; status == HU_OK && i < s->n_columns; i++) {
        const hu_column *c = &s->columns[i];
        bool is_param = c->role == HU_ROLE_PARAM;
        char mark[24];
        snprintf(mark, sizeof mark, ",%d,", c->number);
        if (!is_param && row->state != HU_POINT_DONE)
            continue;
        if (sqlite3_column_type(st, FIRST_VALUE + (int)i) != SQLITE_NULL || (!is_param && nans && strstr(nans, mark)))
            status = read_value(is_param ? &row->params : &row->results, c->name, st, FIRST_VALUE + (int)i, err);
    }
    return status;
}

static hu_status read_row(hu_store *s, sqlite3_stmt **all, hu_visit *visit, void *user, hu_error *err)
{
    sqlite3_stmt *st = all[POINTS];
    int64_t id = sqlite3_column_int64(st, ID);
    const char *state = (const char *)sqlite3_column_text(st, STATUS);
    hu_row row = {
        .sweep = (const char *)sqlite3_column_text(st, SWEEP), .key = (const char *)sqlite3_column_text(st, KEY),
        .json = (const char *)sqlite3_column_text(st, JSON), .failure = (const char *)sqlite3_column_text(st, FAILURE),
        .output = (const char *)sqlite3_column_text(st, OUTPUT), .seconds = sqlite3_column_double(st, SECONDS),
        .signal = sqlite3_column_int(st, SIGNAL), .attempts = sqlite3_column_int(st, ATTEMPTS),
        .position = (size_t)sqlite3_column_int64(st, POSITION),
    };
    for (int k = 0; k < 3; k++)
        if (state && strcmp(state, hu_state_names[k]) == 0)
            row.state = (hu_point_state)k;
    hu_status status = read_columns(s, st, &row, err);
    if (status == HU_OK && row.state == HU_POINT_DONE)
        status = read_table(s, all[SERIES], id, &row.results, true, err);
    if (status == HU_OK && row.state == HU_POINT_DONE)
        status = read_table(s, all[ARTIFACTS], id, &row.artifacts, false, err);
    if (status == HU_OK && row.state == HU_POINT_DONE)
        status = read_table(s, all[POLICIES], id, &row.policies, false, err);
    if (status == HU_OK)
        status = visit(user, &row, err);
    hu_record_clear(&row.params);
    hu_record_clear(&row.results);
    hu_record_clear(&row.artifacts);
    hu_record_clear(&row.policies);
    return status;
}

/* The points that `which` selects. */
static void points_sql(const hu_store *s, const char *which, hu_buffer *out)
{
    char text[24];
    hu_buffer_text(out, "SELECT id, sweep, key, params, error, status, seconds, signal, attempts, output, nans, position");
    for (size_t i = 0; i < s->n_columns; i++) {
        snprintf(text, sizeof text, ", c%d", s->columns[i].number);
        hu_buffer_text(out, text);
    }
    hu_buffer_text(out, " FROM points WHERE ");
    hu_buffer_text(out, which);
}

static hu_status prepare(hu_store *s, sqlite3_stmt **st, const char *which, hu_error *err)
{
    hu_buffer text = {0};
    points_sql(s, which, &text);
    hu_status status = text.failed ? hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path) : hu_store_owned(s, err);
    for (int i = 0; status == HU_OK && i < N_READERS; i++)
        if (sqlite3_prepare_v2(s->db, i == POINTS ? text.data : readers[i], -1, &st[i], NULL) != SQLITE_OK)
            status = hu_store_fail(s, err);
    hu_buffer_clear(&text);
    return status;
}

static hu_status visit_all(hu_store *s, sqlite3_stmt **st, hu_status status, hu_visit *visit, void *user, hu_error *err)
{
    int code;
    while (status == HU_OK && (code = sqlite3_step(st[POINTS])) != SQLITE_DONE)
        status = code == SQLITE_ROW ? read_row(s, st, visit, user, err) : hu_store_fail(s, err);
    for (int i = 0; i < N_READERS; i++)
        sqlite3_finalize(st[i]);
    return status;
}

hu_status hu_store_each(hu_store *s, int64_t run_id, const char *sweep, hu_visit *visit, void *user, hu_error *err)
{
    sqlite3_stmt *st[N_READERS] = {0};
    hu_status status = prepare(s, st, "(?2 IS NULL OR sweep = ?2) AND run = coalesce(?1, (SELECT max(id) FROM runs)) "
                                      "ORDER BY sweep, position", err);
    if (status == HU_OK && run_id > 0 && sqlite3_bind_int64(st[POINTS], 1, run_id) != SQLITE_OK)
        status = hu_store_fail(s, err);
    if (status == HU_OK && sweep && sqlite3_bind_text(st[POINTS], 2, sweep, -1, SQLITE_STATIC) != SQLITE_OK)
        status = hu_store_fail(s, err);
    return visit_all(s, st, status, visit, user, err);
}

hu_status hu_store_find(hu_store *s, const char *key, hu_visit *visit, void *user, hu_error *err)
{
    sqlite3_stmt *st[N_READERS] = {0};
    hu_status status = prepare(s, st, "key = ?", err);
    if (status == HU_OK && sqlite3_bind_text(st[POINTS], 1, key, -1, SQLITE_STATIC) != SQLITE_OK)
        status = hu_store_fail(s, err);
    return visit_all(s, st, status, visit, user, err);
}

/* A row of events: "DIGEST\nTEXT". */
static void add_policy(hu_buffer *json, const char *both, bool *first)
{
    size_t n = strcspn(both, "\n");
    char digest[HU_SHA256_HEX];
    snprintf(digest, sizeof digest, "%.*s", (int)n, both);
    hu_json_key(json, digest, first);
    both += n + (both[n] == '\n');
    hu_json_string(json, both, strlen(both));
}

hu_status hu_store_policies(hu_store *s, int64_t run, hu_buffer *json, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    bool first = true;
    int code = sqlite3_prepare_v2(s->db, "SELECT DISTINCT e.text FROM events e LEFT JOIN points p ON p.id = e.point WHERE e.kind = 'policy'"
                                         " AND coalesce(p.run, e.run) = ? ORDER BY 1", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(st, 1, run);
    hu_buffer_text(json, "{");
    for (; code == SQLITE_OK || code == SQLITE_ROW;) {
        code = sqlite3_step(st);
        const char *both = code == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
        if (both)
            add_policy(json, both, &first);
    }
    hu_buffer_text(json, "}");
    hu_status status = code == SQLITE_DONE ? HU_OK : hu_store_fail(s, err);
    sqlite3_finalize(st);
    return status;
}

char *hu_store_fact(hu_store *s, const char *name)
{
    sqlite3_stmt *st = NULL;
    const char *text = NULL;
    if (sqlite3_prepare_v2(s->db, "SELECT json_extract(manifest, '$.' || ?) FROM runs ORDER BY id DESC LIMIT 1", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        text = (const char *)sqlite3_column_text(st, 0);
    char *copy = hu_strdup(text ? text : "");
    sqlite3_finalize(st);
    return copy;
}

char *hu_store_script(hu_store *s)
{
    sqlite3_stmt *st = NULL;
    const char *text = NULL;
    if (sqlite3_prepare_v2(s->db, "SELECT text FROM events WHERE kind = 'script' AND run = (SELECT max(id) FROM runs) ORDER BY rowid DESC LIMIT 1",
                           -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        text = (const char *)sqlite3_column_text(st, 0);
    char *copy = hu_strdup(text ? text : "");
    sqlite3_finalize(st);
    return copy;
}

char *hu_store_latest(hu_store *s, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    char *text = NULL;
    int code = sqlite3_prepare_v2(s->db, "SELECT manifest FROM runs ORDER BY id DESC LIMIT 1", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    const char *manifest = code == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
    if (code == SQLITE_DONE) {
        if (hu_store_sound(s, err) == HU_OK)
            hu_fail(err, HU_EINVAL, "%s holds no run", s->path);
    } else if (code != SQLITE_ROW)
        hu_store_fail(s, err);
    else if (!manifest || !(text = hu_strdup(manifest)))
        hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path);
    sqlite3_finalize(st);
    return text;
}
