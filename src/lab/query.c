/* query.c - rows asked of a store: the SELECT is put together, or is the user's, and may only read. */
#include "src/lab/query-inner.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"

/* --- names --- */

void hu_names_clear(hu_names *names)
{
    for (int i = 0; i < names->n; i++)
        hu_free(names->names[i]);
    hu_free(names->names);
    *names = (hu_names){0};
}

hu_status hu_names_add(hu_names *names, const char *name, size_t n_bytes, hu_error *err)
{
    char **more = hu_grow(names->names, (size_t)names->n, &names->capacity, sizeof *more);
    names->names = more ? more : names->names;
    char *copy = more ? hu_calloc(n_bytes + 1, 1) : NULL;
    if (!copy)
        return hu_fail(err, HU_ENOMEM, "out of memory for the names of columns");
    memcpy(copy, name, n_bytes);
    names->names[names->n++] = copy;
    return HU_OK;
}

hu_status hu_names_split(hu_names *names, const char *list, hu_error *err)
{
    hu_status status = HU_OK;
    for (const char *at = list; status == HU_OK; at++) {
        size_t n = strcspn(at, ",");
        if (n == 0)
            return hu_fail(err, HU_EINVAL, "the list '%.60s' has an empty name", list);
        status = hu_names_add(names, at, n, err);
        at += n;
        if (!*at)
            break;
    }
    return status;
}

static bool has_name(const hu_names *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

/* --- only reading --- */

static int authorize(void *user, int action, const char *first, const char *second, const char *third, const char *fourth)
{
    (void)user, (void)first, (void)third, (void)fourth;
    if (action == SQLITE_FUNCTION)
        return second && sqlite3_stricmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE ? SQLITE_OK : SQLITE_DENY;
}

/* The columns of the view `results`. */
static hu_status view_names(hu_store *s, hu_names *out, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    hu_status status = HU_OK;
    if (sqlite3_prepare_v2(s->db, "SELECT * FROM results LIMIT 0", -1, &st, NULL) != SQLITE_OK)
        return hu_store_fail(s, err);
    for (int i = 0; status == HU_OK && i < sqlite3_column_count(st); i++) {
        const char *name = sqlite3_column_name(st, i);
        status = name ? hu_names_add(out, name, strlen(name), err) : hu_fail(err, HU_ENOMEM, "out of memory");
    }
    sqlite3_finalize(st);
    return status;
}

/* The first of the script's own columns, which stand last in the view. */
static int first_own(const hu_store *s, const hu_names *known)
{
    for (int i = 0; i < known->n; i++)
        if (hu_store_find_column(s, HU_ROLE_PARAM, known->names[i]) || hu_store_find_column(s, HU_ROLE_RESULT, known->names[i]))
            return i;
    return 0;
}

/* As many of the names as have room, in a ring from the first-th on. */
static void list_names(const hu_names *known, int first, char *text, size_t size)
{
    int n = known->n;
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < n; i++) {
        const char *name = known->names[(first + i) % n];
        if (used + strlen(name) + 8 > size) {
            snprintf(text + used, size - used, ", ...");
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", name);
    }
}

static hu_status no_column(const hu_store *s, const char *name, const hu_names *known, hu_error *err)
{
    hu_nearest near = hu_nearest_to(name);
    char list[140];
    for (int i = 0; i < known->n; i++)
        hu_nearest_offer(&near, known->names[i]);
    list_names(known, first_own(s, known), list, sizeof list);
    if (near.best)
        return hu_fail(err, HU_ENAME, "there is no column %.40s; did you mean %.40s? (there are %s)", name, near.best, list);
    return hu_fail(err, HU_ENAME, "there is no column %.40s; there are %s", name, list);
}

/* What SQLite says about a text of the user's. */
static hu_status refused(hu_store *s, const char *what, const hu_names *known, hu_error *err)
{
    static const char lead[] = "no such column: ";
    const char *message = sqlite3_errmsg(s->db);
    int code = sqlite3_errcode(s->db);
    if (code != SQLITE_ERROR && code != SQLITE_AUTH && code != SQLITE_TOOBIG)
        return hu_store_fail(s, err);
    if (strncmp(message, lead, strlen(lead)) == 0) {
        char name[128];
        snprintf(name, sizeof name, "%s", message + strlen(lead));
        return no_column(s, name, known, err);
    }
    if (code == SQLITE_AUTH)
        return hu_fail(err, HU_EINVAL, "%s may only read the tables of the store (%.100s)", what, message);
    return hu_fail(err, HU_EINVAL, "%s is not what SQLite takes: %.150s", what, message);
}

static bool is_blank(const char *text)
{
    while (isspace((unsigned char)*text) || *text == ';')
        text++;
    return *text == '\0';
}

/* Prepares a text of the user's, which may only read. */
static hu_status prepare(hu_store *s, const char *text, const char *what, const hu_names *known, sqlite3_stmt **st, hu_error *err)
{
    const char *rest = "";
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);          /* "x" is a column, never a text */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_set_authorizer(s->db, authorize, NULL);
    int code = sqlite3_prepare_v2(s->db, text, -1, st, &rest);
    hu_status status = code == SQLITE_OK ? HU_OK : refused(s, what, known, err);
    sqlite3_set_authorizer(s->db, NULL, NULL);
    if (status == HU_OK && (!*st || !sqlite3_stmt_readonly(*st) || sqlite3_column_count(*st) == 0))
        status = hu_fail(err, HU_EINVAL, "%s is not a query", what);
    if (status == HU_OK && !is_blank(rest))
        status = hu_fail(err, HU_EINVAL, "%s goes on after its end: %.60s", what, rest);
    return status;
}

/* --- putting the SELECT together --- */

static void add_quoted(hu_buffer *out, const char *name, const char *form)
{
    char *text = sqlite3_mprintf(form, name);
    hu_buffer_text(out, text ? text : "");
    out->failed = out->failed || !text;
    sqlite3_free(text);
}

static void add_list(hu_buffer *out, const hu_names *names, const char *form, bool *first)
{
    for (int i = 0; i < names->n; i++) {
        hu_buffer_text(out, *first ? "" : ", ");
        add_quoted(out, names->names[i], form);
        *first = false;
    }
}

/* A fixed column of the view under the name that it has there. */
static const char *fixed(const hu_names *known, const char *name, const char *other)
{
    return has_name(known, other) ? other : name;
}

static void add_conditions(hu_buffer *out, const hu_query *q, const hu_names *known, bool only_done)
{
    const char *and = " WHERE ";
    hu_buffer_text(out, " FROM results");
    if (!q->all_runs) {                  /* the plus: a scan is quicker than the index where nearly all rows count */
        hu_buffer_text(out, and);
        hu_buffer_text(out, "+");
        hu_buffer_text(out, fixed(known, "run", "point_run"));
        hu_buffer_text(out, " = (SELECT max(id) FROM runs)");
        and = " AND ";
    }
    if (only_done) {
        hu_buffer_text(out, and);
        hu_buffer_text(out, fixed(known, "status", "point_status"));
        hu_buffer_text(out, " = 'done'");
        and = " AND ";
    }
    if (q->sweep) {
        hu_buffer_text(out, and);
        hu_buffer_text(out, fixed(known, "sweep", "point_sweep"));
        add_quoted(out, q->sweep, " = %Q");
        and = " AND ";
    }
    if (q->where) {                      /* the line ends: the condition may end in a comment */
        hu_buffer_text(out, and);
        hu_buffer_text(out, "(");
        hu_buffer_text(out, q->where);
        hu_buffer_text(out, "\n)");
    }
}

/* The script's own columns that have a value in a selected row; `results_only`: of results alone. */
static hu_status used_names(hu_store *s, const hu_query *q, const hu_names *known, bool results_only, hu_names *out, hu_error *err)
{
    hu_buffer text = {0};
    hu_names own = {0};
    sqlite3_stmt *st = NULL;
    hu_status status = HU_OK;
    bool first = true;
    for (int role = results_only ? HU_ROLE_RESULT : HU_ROLE_PARAM; role <= HU_ROLE_RESULT; role++)
        for (size_t i = 0; status == HU_OK && i < s->n_columns; i++)
            if ((int)s->columns[i].role == role && has_name(known, s->columns[i].name) && !has_name(&own, s->columns[i].name))
                status = hu_names_add(&own, s->columns[i].name, strlen(s->columns[i].name), err);
    hu_buffer_text(&text, "SELECT ");
    add_list(&text, &own, "count(\"%w\")", &first);
    add_conditions(&text, q, known, results_only);
    if (status == HU_OK && text.failed)
        status = hu_fail(err, HU_ENOMEM, "out of memory");
    if (status == HU_OK && own.n > 0)
        status = prepare(s, text.data, "--where", known, &st, err);
    if (status == HU_OK && st && sqlite3_step(st) != SQLITE_ROW)
        status = refused(s, "--where", known, err);
    for (int i = 0; status == HU_OK && st && i < own.n; i++)
        if (sqlite3_column_int64(st, i) > 0)
            status = hu_names_add(out, own.names[i], strlen(own.names[i]), err);
    sqlite3_finalize(st);
    hu_buffer_clear(&text);
    hu_names_clear(&own);
    return status;
}

static hu_status check_names(const hu_store *s, const hu_names *names, const hu_names *known, hu_error *err)
{
    for (int i = 0; i < names->n; i++)
        if (!has_name(known, names->names[i]))
            return no_column(s, names->names[i], known, err);
    return HU_OK;
}

/* A sweep that is asked for has points. */
static hu_status check_sweep(hu_store *s, const hu_query *q, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    hu_nearest near = hu_nearest_to(q->sweep);
    hu_names sweeps = {0};
    char list[140] = "";
    const char *sql = q->all_runs ? "SELECT DISTINCT sweep FROM points ORDER BY sweep"
                                  : "SELECT DISTINCT sweep FROM points WHERE run = (SELECT max(id) FROM runs) ORDER BY sweep";
    hu_status status = HU_OK;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
    while (status == HU_OK && code != SQLITE_DONE && (code = sqlite3_step(st)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(st, 0);
        status = hu_names_add(&sweeps, name ? name : "", name ? strlen(name) : 0, err);
    }
    if (status == HU_OK && code != SQLITE_DONE)
        status = hu_store_fail(s, err);
    sqlite3_finalize(st);
    if (status == HU_OK && !has_name(&sweeps, q->sweep)) {
        for (int i = 0; i < sweeps.n; i++)
            hu_nearest_offer(&near, sweeps.names[i]);
        list_names(&sweeps, 0, list, sizeof list);
        status = near.best ? hu_fail(err, HU_ENAME, "there is no sweep %.40s; did you mean %.40s? (there are %s)", q->sweep, near.best, list)
                           : hu_fail(err, HU_ENAME, "there is no sweep %.40s; there are %s", q->sweep, sweeps.n ? list : "none");
    }
    hu_names_clear(&sweeps);
    return status;
}

/* --- running it --- */

hu_cell hu_cell_of(sqlite3_stmt *st, int i)
{
    hu_cell c = {0};
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_NULL:
        break;
    case SQLITE_INTEGER:
        c.kind = HU_CELL_INTEGER;
        c.integer = sqlite3_column_int64(st, i);
        break;
    case SQLITE_FLOAT:
        c.kind = HU_CELL_REAL;
        c.real = sqlite3_column_double(st, i);
        break;
    default:
        c.kind = HU_CELL_TEXT;
        c.text = (const char *)sqlite3_column_text(st, i);
        c.n_bytes = (size_t)sqlite3_column_bytes(st, i);
        if (!c.text)
            c = (hu_cell){.kind = HU_CELL_TEXT, .text = ""};
    }
    return c;
}

static hu_status pour(hu_store *s, sqlite3_stmt *st, const char *what, const hu_names *known, const hu_sink *sink, hu_error *err)
{
    int n = sqlite3_column_count(st), code = SQLITE_ROW;
    hu_names heads = {0};
    hu_cell *cells = hu_calloc((size_t)n, sizeof *cells);
    hu_status status = cells ? HU_OK : hu_fail(err, HU_ENOMEM, "out of memory");
    for (int i = 0; status == HU_OK && i < n; i++) {
        const char *name = sqlite3_column_name(st, i);
        status = hu_names_add(&heads, name ? name : "", name ? strlen(name) : 0, err);
    }
    if (status == HU_OK)
        status = sink->head(sink->user, (const char *const *)heads.names, n, err);
    while (status == HU_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
        for (int i = 0; i < n; i++)
            cells[i] = hu_cell_of(st, i);
        status = sink->row(sink->user, cells, n, err);
    }
    if (status == HU_OK && code != SQLITE_DONE)
        status = refused(s, what, known, err);
    hu_names_clear(&heads);
    hu_free(cells);
    return status;
}

/* The columns that make groups, and those that are asked for: the query's own, or all that have values. */
static hu_status choose_columns(hu_store *s, const hu_query *q, const hu_names *known, hu_names *group, hu_names *columns, hu_error *err)
{
    hu_status status = HU_OK;
    if (q->group && (status = hu_names_split(group, q->group, err)) == HU_OK)
        status = check_names(s, group, known, err);
    if (status == HU_OK && q->columns)
        return (status = hu_names_split(columns, q->columns, err)) == HU_OK ? check_names(s, columns, known, err) : status;
    const char *state = fixed(known, "status", "point_status");
    if (status == HU_OK && !q->group)
        status = hu_names_add(columns, state, strlen(state), err);
    return status == HU_OK ? used_names(s, q, known, q->group != NULL, columns, err) : status;
}

static void write_select(hu_buffer *text, const hu_query *q, const hu_names *known, const hu_names *group, const hu_names *columns)
{
    bool first = true;
    hu_buffer_text(text, "SELECT ");
    add_list(text, group, "\"%w\"", &first);
    add_list(text, columns, "\"%w\"", &first);
    if (first)
        hu_buffer_text(text, "NULL");
    add_conditions(text, q, known, q->group != NULL);
    if (!q->group) {
        hu_buffer_text(text, " ORDER BY ");
        hu_buffer_text(text, fixed(known, "sweep", "point_sweep"));
        hu_buffer_text(text, ", ");
        hu_buffer_text(text, fixed(known, "position", "point_position"));
    }
}

static hu_status select_rows(hu_store *s, const hu_query *q, const hu_names *known, hu_error *err, const hu_sink *sink)
{
    hu_names columns = {0}, group = {0};
    hu_buffer text = {0};
    sqlite3_stmt *st = NULL;
    hu_status status = hu_store_sound(s, err);
    if (status == HU_OK && q->sweep)
        status = check_sweep(s, q, err);
    if (status == HU_OK)
        status = choose_columns(s, q, known, &group, &columns, err);
    write_select(&text, q, known, &group, &columns);
    if (status == HU_OK && text.failed)
        status = hu_fail(err, HU_ENOMEM, "out of memory");
    if (status == HU_OK)
        status = prepare(s, text.data, "--where", known, &st, err);
    if (status == HU_OK)
        status = q->group ? hu_query_groups(s, st, &group, &columns, !q->columns, q->stats ? q->stats : "mean,ci95", sink, err)
                          : pour(s, st, "--where", known, sink, err);
    sqlite3_finalize(st);
    hu_buffer_clear(&text);
    hu_names_clear(&columns);
    hu_names_clear(&group);
    return status;
}

hu_status hu_store_query(hu_store *s, const hu_query *q, const hu_sink *sink, hu_error *err)
{
    hu_names known = {0};
    sqlite3_stmt *st = NULL;
    hu_status status = hu_store_owned(s, err);
    if (status == HU_OK)
        status = view_names(s, &known, err);
    if (status == HU_OK && !q->sql)
        status = select_rows(s, q, &known, err, sink);
    else if (status == HU_OK && (status = prepare(s, q->sql, "--sql", &known, &st, err)) == HU_OK)
        status = pour(s, st, "--sql", &known, sink, err);
    sqlite3_finalize(st);
    hu_names_clear(&known);
    return status;
}
