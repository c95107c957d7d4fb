/* store-write.c - runs, points, results and events, written in transactions. */
#include "src/lab/store-inner.h"

#include <math.h>
#include <string.h>

#include "src/lab/series.h"

hu_status hu_store_begin(hu_store *s, const char *manifest, int64_t *run_id, hu_error *err)
{
    hu_bound b = hu_store_statement(s, HU_ST_INSERT_RUN, err);
    if (b.st)
        hu_bind_text(&b, 1, manifest);
    hu_status status = hu_store_step(s, &b, NULL, err);
    if (status == HU_OK)
        *run_id = sqlite3_last_insert_rowid(s->db);
    return status;
}

hu_status hu_store_manifest(hu_store *s, int64_t run_id, const char *manifest, hu_error *err)
{
    hu_bound b = hu_store_statement(s, HU_ST_UPDATE_RUN, err);
    if (b.st) {
        hu_bind_text(&b, 1, manifest);
        hu_bind_integer(&b, 2, run_id);
    }
    return hu_store_step(s, &b, NULL, err);
}

hu_status hu_store_adopt(hu_store *s, int64_t run, hu_error *err)
{
    hu_bound b = hu_store_statement(s, HU_ST_ADOPT, err);
    if (b.st)
        hu_bind_integer(&b, 1, run);
    return hu_store_step(s, &b, NULL, err);
}

hu_status hu_store_again(hu_store *s, const char *key, hu_error *err)
{
    hu_bound b = hu_store_statement(s, HU_ST_AGAIN, err);
    if (b.st)
        hu_bind_text(&b, 1, key);
    return hu_store_step(s, &b, NULL, err);
}

hu_status hu_store_event(hu_store *s, int64_t run, const char *key, const char *kind, const char *text, hu_error *err)
{
    hu_bound b = hu_store_statement(s, HU_ST_EVENT, err);
    if (b.st) {
        hu_bind_integer(&b, 1, run);
        hu_bind_text(&b, 2, key);
        hu_bind_text(&b, 3, kind);
        hu_bind_text(&b, 4, text);
    }
    return hu_store_step(s, &b, NULL, err);
}

hu_status hu_store_policy(hu_store *s, int64_t run, const char *key, const char *digest, const char *text, hu_error *err)
{
    hu_buffer both = {0};
    hu_buffer_text(&both, digest);
    hu_buffer_text(&both, "\n");
    hu_buffer_text(&both, text);
    hu_status status = both.failed ? hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path)
                                   : hu_store_event(s, run, key, "policy", both.data, err);
    hu_buffer_clear(&both);
    return status;
}

static void add(hu_buffer *out, const char *before, int number, const char *after)
{
    char text[32];
    sqlite3_snprintf(sizeof text, text, "%d", number);
    hu_buffer_text(out, before);
    hu_buffer_text(out, text);
    hu_buffer_text(out, after);
}

/* --- the plan --- */

enum { PLAN_FIXED = 5 };

static void plan_sql(const hu_store *s, const hu_record *params, hu_buffer *out)
{
    hu_buffer_text(out, "INSERT INTO points(status, key, sweep, params, run, position");
    for (size_t i = 0; i < params->n; i++)
        add(out, ", c", hu_store_find_column(s, HU_ROLE_PARAM, params->values[i].name)->number, "");
    hu_buffer_text(out, ") VALUES ('planned'");
    for (size_t i = 0; i < params->n + PLAN_FIXED; i++)
        hu_buffer_text(out, ", ?");
    hu_buffer_text(out, ") ON CONFLICT(key) DO UPDATE SET run = excluded.run, position = excluded.position "
                        "RETURNING CASE status WHEN 'done' THEN 1 WHEN 'failed' THEN 2 ELSE 0 END");
}

static hu_status plan_one(hu_store *s, int64_t run_id, const char *sweep, hu_point *p, size_t position, hu_error *err)
{
    hu_buffer text = {0};
    int64_t state = 0;
    hu_status status = hu_store_add_columns(s, HU_ROLE_PARAM, &p->params, err);
    if (status != HU_OK)
        return status;
    plan_sql(s, &p->params, &text);
    if (text.failed) {
        hu_buffer_clear(&text);
        return hu_fail(err, HU_ENOMEM, "%s: out of memory", s->path);
    }
    hu_bound b = hu_store_shaped(s, &s->plan, text.data, err);
    hu_buffer_clear(&text);
    if (b.st) {
        hu_bind_text(&b, 1, p->key);
        hu_bind_text(&b, 2, sweep);
        hu_bind_text(&b, 3, p->json);
        hu_bind_integer(&b, 4, run_id);
        hu_bind_integer(&b, 5, (int64_t)position);
        for (size_t i = 0; i < p->params.n; i++)
            hu_bind_value(&b, PLAN_FIXED + 1 + (int)i, &p->params.values[i]);
    }
    status = hu_store_step(s, &b, &state, err);
    p->state = (hu_point_state)state;
    return status;
}

hu_status hu_store_plan(hu_store *s, int64_t run_id, const char *sweep, hu_point *points, size_t n, size_t first,
                        size_t stride, hu_error *err)
{
    hu_status status = hu_store_start(s, err);
    if (status != HU_OK)
        return status;
    for (size_t i = 0; status == HU_OK && i < n; i++)
        status = plan_one(s, run_id, sweep, &points[i], first + i * stride, err);
    return hu_store_end(s, status, err);
}

/* --- results --- */

static void shape_text(const hu_value *v, char *shape, size_t size)
{
    shape[0] = '\0';
    for (int k = 0; k < v->rank; k++) {
        size_t used = strlen(shape);
        sqlite3_snprintf((int)(size - used), shape + used, "%s%llu", k ? "," : "", (unsigned long long)v->shape[k]);
    }
}

/* A list or an array; or a single value for which no column is left, as it is. */
static hu_status insert_series(hu_store *s, int64_t point, const hu_value *v, hu_error *err)
{
    char shape[24 * HU_MAX_RANK];
    hu_buffer packed = {0};
    hu_bound b = hu_store_statement(s, HU_ST_SERIES, err);
    if (!b.st)
        return err ? err->status : HU_EIO;
    hu_bind_integer(&b, 1, point);
    hu_bind_text(&b, 2, v->name);
    shape_text(v, shape, sizeof shape);
    if (v->kind == HU_VALUE_SERIES)
        hu_series_pack(v->data, v->n, &packed);
    bool pack = v->kind == HU_VALUE_SERIES && !packed.failed && packed.n_bytes < v->n * sizeof(double);
    hu_bind_text(&b, 3, shape);
    hu_bind_integer(&b, 4, (int64_t)v->n);
    hu_bind_text(&b, 5, v->kind != HU_VALUE_SERIES ? "value" : pack ? "xor" : "none");
    if (v->kind != HU_VALUE_SERIES)
        hu_bind_value(&b, 6, v);
    else
        hu_bind_blob(&b, 6, pack ? packed.data : v->data, pack ? packed.n_bytes : v->n * sizeof(double));
    hu_status status = hu_store_step(s, &b, NULL, err);
    hu_buffer_clear(&packed);
    return status;
}

static hu_status insert_artifact(hu_store *s, int64_t point, const hu_value *v, hu_error *err)
{
    hu_bound b = hu_store_statement(s, HU_ST_ARTIFACT, err);
    if (b.st) {
        hu_bind_integer(&b, 1, point);
        hu_bind_text(&b, 2, v->name);
        hu_bind_value(&b, 3, v);
    }
    return hu_store_step(s, &b, NULL, err);
}

static hu_status drop(hu_store *s, int which, int64_t point, hu_error *err)
{
    hu_bound b = hu_store_statement(s, which, err);
    if (b.st)
        hu_bind_integer(&b, 1, point);
    return hu_store_step(s, &b, NULL, err);
}

enum { FINISH_FIXED = 7 };

/* The column that holds a result; NULL: it goes where the series are. */
static const hu_column *column_of(const hu_store *s, const hu_value *v)
{
    return v->kind == HU_VALUE_SERIES ? NULL : hu_store_find_column(s, HU_ROLE_RESULT, v->name);
}

/* One statement for the point and its single values; *nans gets the columns of those that are NaN, as ",4,7,". */
static void finish_sql(const hu_store *s, const hu_record *r, hu_buffer *out, hu_buffer *nans)
{
    int next = FINISH_FIXED + 1;
    hu_buffer_text(out, "UPDATE points SET attempts = attempts + 1, status = ?1, error = ?2, seconds = ?3, signal = ?4, "
                        "output = ?5, nans = ?6");
    for (size_t i = 0; r && i < r->n; i++) {
        const hu_column *c = column_of(s, &r->values[i]);
        if (!c)
            continue;
        add(out, ", c", c->number, "");
        add(out, " = ?", next++, "");
        if (r->values[i].kind == HU_VALUE_REAL && isnan(r->values[i].real))
            add(nans, nans->n_bytes ? "" : ",", c->number, ",");
    }
    hu_buffer_text(out, " WHERE key = ?7 RETURNING id");
}

static hu_status update_point(hu_store *s, const char *key, const hu_finish *f, const hu_record *r, int64_t *id, hu_error *err)
{
    hu_buffer text = {0}, nans = {0};
    int next = FINISH_FIXED + 1;
    hu_status status = HU_ENOMEM;
    finish_sql(s, r, &text, &nans);
    if (text.failed || nans.failed)
        hu_fail(err, status, "%s: out of memory", s->path);
    else {
        hu_bound b = hu_store_shaped(s, &s->values, text.data, err);
        if (b.st) {
            hu_bind_text(&b, 1, hu_state_names[f->failure ? HU_POINT_FAILED : HU_POINT_DONE]);
            hu_bind_text(&b, 2, f->failure);
            hu_bind_real(&b, 3, f->seconds);
            if (f->signal)
                hu_bind_integer(&b, 4, f->signal);
            hu_bind_text(&b, 5, f->failure ? f->output : NULL);
            hu_bind_text(&b, 6, nans.data);
            hu_bind_text(&b, 7, key);
            for (size_t i = 0; r && i < r->n; i++)
                if (column_of(s, &r->values[i]))
                    hu_bind_value(&b, next++, &r->values[i]);
        }
        status = hu_store_step(s, &b, id, err);
    }
    hu_buffer_clear(&text);
    hu_buffer_clear(&nans);
    if (status == HU_OK && *id == 0)
        status = hu_fail(err, HU_EINVAL, "%s has no point with the key %s", s->path, key);
    return status;
}

hu_status hu_store_finish(hu_store *s, const char *key, const hu_finish *f, hu_error *err)
{
    int64_t id = 0;
    const hu_record *r = f->failure ? NULL : f->results;
    hu_status status = hu_store_start(s, err);
    if (status != HU_OK)
        return status;
    if (r)
        status = hu_store_add_columns(s, HU_ROLE_RESULT, r, err);
    if (status == HU_OK)
        status = update_point(s, key, f, r, &id, err);
    if (status == HU_OK && (status = drop(s, HU_ST_DROP_SERIES, id, err)) == HU_OK)
        status = drop(s, HU_ST_DROP_ARTIFACTS, id, err);
    if (status == HU_OK)
        status = drop(s, HU_ST_DROP_POLICIES, id, err);
    for (size_t i = 0; status == HU_OK && r && i < r->n; i++)
        if (!column_of(s, &r->values[i]))
            status = insert_series(s, id, &r->values[i], err);
    for (size_t i = 0; status == HU_OK && r && f->artifacts && i < f->artifacts->n; i++)
        status = insert_artifact(s, id, &f->artifacts->values[i], err);
    for (size_t i = 0; status == HU_OK && r && f->policies && i < f->policies->n; i++)
        status = hu_store_policy(s, f->run, key, f->policies->values[i].name, f->policies->values[i].data, err);
    return hu_store_end(s, status, err);
}
