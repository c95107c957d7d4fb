/* best.c - the point with the least, or the greatest, value of one result so far. */
#include "src/lab/best.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/nearest.h"
#include "src/lab/store-inner.h"

hu_status hu_best_read(hu_best *b, const char *word, hu_error *err)
{
    bool greatest = strncmp(word, "max:", 4) == 0;
    const char *name = greatest || strncmp(word, "min:", 4) == 0 ? word + 4 : word;
    if (!*name || strlen(name) >= sizeof b->name)
        return hu_fail(err, HU_EINVAL, "best is '%.60s'; it takes the name of a result, such as loss, or max:accuracy where more is better", word);
    *b = (hu_best){.greatest = greatest};
    snprintf(b->name, sizeof b->name, "%s", name);
    return HU_OK;
}

static void take(hu_best *b, double value, const char *json)
{
    if (!isfinite(value) || (b->known && !(b->greatest ? value > b->value : value < b->value)))
        return;
    b->known = true;
    b->value = value;
    snprintf(b->point, sizeof b->point, "%s", json);
}

void hu_best_take(hu_best *b, const hu_record *results, const char *json)
{
    const hu_value *v = b->name[0] ? hu_record_find(results, b->name) : NULL;
    if (v && (v->kind == HU_VALUE_INTEGER || v->kind == HU_VALUE_REAL))
        take(b, v->kind == HU_VALUE_REAL ? v->real : (double)v->integer, json);
}

static bool is_number(const hu_value *v) { return v->kind == HU_VALUE_INTEGER || v->kind == HU_VALUE_REAL; }

bool hu_best_lacks(const hu_best *b, const hu_record *results, char *text, size_t size)
{
    const hu_value *v = b->name[0] ? hu_record_find(results, b->name) : NULL;
    static const char most[] = " and 18446744073709551615 more";
    size_t used = 0, left = 0, room = size > sizeof most ? size - sizeof most : 0;
    hu_nearest near = hu_nearest_to(b->name);
    if (!b->name[0] || b->known || (v && is_number(v)))
        return false;
    for (size_t i = 0; i < results->n; i++)
        if (is_number(&results->values[i]) && strlen(results->values[i].name) < sizeof b->name)
            hu_nearest_offer(&near, results->values[i].name);
    used += (size_t)snprintf(text, size, "%s '%.128s'%s%s%s%s its numbers are ", v ? "the result" : "the first point has no result",
                             b->name, !v ? "" : v->kind == HU_VALUE_TEXT ? " is a text" : " is a list",
                             near.best ? "; did you mean " : "", near.best ? near.best : "", near.best ? "?" : ";");
    bool any = false;
    for (size_t i = 0; i < results->n; i++) {
        const char *name = results->values[i].name;
        if (!is_number(&results->values[i]))
            continue;
        if (left > 0 || used + strlen(name) + 2 > room)
            left++;
        else
            used += (size_t)snprintf(text + used, size - used, "%s%s", any ? ", " : "", name);
        any = true;
    }
    if (left > 0 && used < size)
        snprintf(text + used, size - used, " and %zu more", left);
    else if (!any && used < size)
        snprintf(text + used, size - used, "none");
    return true;
}

/* The names of all results there are, whole ones as far as there is room, and how many more; and which of them is meant by `wanted`,
 * "" where none is near. */
static void list_results(hu_store *s, const char *wanted, char *text, size_t size, char *meant, size_t meant_size)
{
    sqlite3_stmt *st = NULL;
    size_t used = 0, room = size - sizeof " and 2147483647 more", left = 0;
    int cost = 0;
    bool ok = sqlite3_prepare_v2(s->db, "SELECT name FROM columns WHERE role = ? ORDER BY name", -1, &st, NULL) == SQLITE_OK &&
              sqlite3_bind_int(st, 1, HU_ROLE_RESULT) == SQLITE_OK;
    while (ok && sqlite3_step(st) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(st, 0);
        hu_nearest near = hu_nearest_to(wanted);
        if (!name)
            continue;
        hu_nearest_offer(&near, name);
        if (near.best && near.cost > 0 && (!*meant || near.cost < cost) && strlen(name) < meant_size) {
            cost = near.cost;
            snprintf(meant, meant_size, "%s", name);
        }
        if (left > 0 || used + strlen(name) + 2 > room)
            left++;
        else
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
    }
    if (left > 0)
        snprintf(text + used, size - used, used ? " and %zu more" : "%zu long names", left);
    sqlite3_finalize(st);
}

static hu_status no_number(const hu_best *b, hu_store *s, hu_error *err)
{
    char list[100] = "none", meant[41] = "";          /* an error has 256 */
    list_results(s, b->name, list, sizeof list, meant, sizeof meant);
    return hu_fail(err, HU_ENAME, "no point has a result '%.40s' that is a number%s%s%s the results are %s", b->name,
                   *meant ? "; did you mean " : "", meant, *meant ? "?" : ";", list);
}

/* The column of points that holds the result; -1: none. It may be younger than this connection. */
static hu_status find_column(hu_best *b, hu_store *s, int *number, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    bool ok = sqlite3_prepare_v2(s->db, "SELECT number FROM columns WHERE role = ? AND name = ?", -1, &st, NULL) == SQLITE_OK &&
              sqlite3_bind_int(st, 1, HU_ROLE_RESULT) == SQLITE_OK &&
              sqlite3_bind_text(st, 2, b->name, -1, SQLITE_STATIC) == SQLITE_OK;
    int code = ok ? sqlite3_step(st) : SQLITE_ERROR;
    *number = code == SQLITE_ROW ? sqlite3_column_int(st, 0) : -1;
    hu_status status = code == SQLITE_ROW || code == SQLITE_DONE ? HU_OK : hu_store_fail(s, err);
    sqlite3_finalize(st);
    return status;
}

/* Whether a finished point has a text in that column; of all sweeps where sweep is NULL. */
static hu_status has_text(hu_store *s, const char *sweep, int number, bool *found, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    char sql[240];
    snprintf(sql, sizeof sql, "SELECT EXISTS (SELECT 1 FROM points WHERE run = (SELECT max(id) FROM runs) AND status = 'done'"
                              " AND (?1 IS NULL OR sweep = ?1) AND typeof(c%d) = 'text')", number);
    bool ok = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
              (!sweep || sqlite3_bind_text(st, 1, sweep, -1, SQLITE_STATIC) == SQLITE_OK) && sqlite3_step(st) == SQLITE_ROW;
    *found = ok && sqlite3_column_int(st, 0) != 0;
    hu_status status = ok ? HU_OK : hu_store_fail(s, err);
    sqlite3_finalize(st);
    return status;
}

hu_status hu_best_look(hu_best *b, hu_store *s, const char *sweep, hu_error *err)
{
    sqlite3_stmt *st = NULL;
    char sql[480];
    int number;
    bool text = false;
    hu_status status = find_column(b, s, &number, err);
    if (status != HU_OK)
        return status;
    if (number < 0)
        return no_number(b, s, err);
    b->known = false;
    snprintf(sql, sizeof sql, "SELECT params, c%d FROM points WHERE run = (SELECT max(id) FROM runs) AND status = 'done'"
                              " AND (?1 IS NULL OR sweep = ?1) AND typeof(c%d) IN ('integer', 'real') AND c%d BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308"
                              " ORDER BY c%d %s, position LIMIT 1", number, number, number, number, b->greatest ? "DESC" : "ASC");
    bool ok = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
              (!sweep || sqlite3_bind_text(st, 1, sweep, -1, SQLITE_STATIC) == SQLITE_OK);
    int code = ok ? sqlite3_step(st) : SQLITE_ERROR;
    if (code == SQLITE_ROW) {
        const char *json = (const char *)sqlite3_column_text(st, 0);
        take(b, sqlite3_column_double(st, 1), json ? json : "");
    } else if (code != SQLITE_DONE)
        status = hu_store_fail(s, err);
    sqlite3_finalize(st);
    if (status == HU_OK && !b->known && (status = has_text(s, sweep, number, &text, err)) == HU_OK && text)
        status = no_number(b, s, err);
    return status;
}

void hu_best_text(const hu_best *b, char *text, size_t size)
{
    if (b->known)
        snprintf(text, size, "best %s %.6g: %s", b->name, b->value, b->point);
    else
        snprintf(text, size, "no %s yet", b->name);
}
