/* query-group.c - rows put into groups by the values of some columns, and the statistics of the others.
 *
 * A group is found by a hash over its values; each of its columns keeps its finite values until the end, where they are
 * sorted: sums then do not depend on the order of the rows.
 */
#include "src/lab/query-inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/analysis/stats.h"
#include "src/base/memory.h"

typedef struct values {
    double *x;
    size_t  n, capacity, n_bad;    /* finite ones; and those that are not, or NaN, or missing */
} values;

typedef struct group {
    hu_cell *cells;                /* texts are owned */
    values  *columns;
    int      n_keys;
    size_t   n_rows;
    uint64_t hash;
} group;

typedef struct groups {
    group *list;
    size_t n, capacity;
    size_t *slots, n_slots;        /* place in the list + 1; 0: free. A power of two */
    int    n_keys, n_columns;
    bool  *numeric;                /* of each column: a number was seen */
} groups;

/* --- statistics --- */

/* Linear between the sorted values: type 7 of Hyndman and Fan, "Sample quantiles in statistical packages", 1996. */
static double quantile(const double *x, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t low = (size_t)at;
    return low + 1 < n ? x[low] + (at - (double)low) * (x[low + 1] - x[low]) : x[low];
}

static double least(const double *x, size_t n)  { (void)n; return x[0]; }
static double most(const double *x, size_t n)   { return x[n - 1]; }
static double median(const double *x, size_t n) { return quantile(x, n, 0.5); }
static double sem(const double *x, size_t n)    { return hu_sd(x, n) / sqrt((double)n); }

static double sum(const double *x, size_t n)
{
    double s = 0;
    for (size_t i = 0; i < n; i++)
        s += x[i];
    return s;
}

static const struct { const char *name; double (*of)(const double *x, size_t n); } stats_table[] = {
    {"mean", hu_mean}, {"sd", hu_sd}, {"sem", sem}, {"ci95", hu_ci95}, {"min", least}, {"max", most}, {"median", median}, {"sum", sum},
};
enum { N_STATS = sizeof stats_table / sizeof stats_table[0], COUNT = -1, BAD = -2, QUANTILE = -3 };

static const char all_stats[] = "n, bad, mean, sd, sem, ci95, min, max, median, sum, p1 to p99";

/* One of the table, COUNT, BAD, or QUANTILE with its share; false: none of these. */
static bool find_stat(const char *name, int *which, double *share)
{
    char *end;
    for (*which = 0; *which < N_STATS; ++*which)
        if (strcmp(name, stats_table[*which].name) == 0)
            return true;
    if (strcmp(name, "n") == 0 || strcmp(name, "bad") == 0) {
        *which = name[0] == 'n' ? COUNT : BAD;
        return true;
    }
    *which = QUANTILE;
    *share = name[0] == 'p' && name[1] >= '0' && name[1] <= '9' ? strtod(name + 1, &end) / 100 : -1;
    return *share > 0 && *share < 1 && !*end;
}

static hu_cell statistic(const values *v, int which, double share)
{
    if (which == COUNT || which == BAD)
        return (hu_cell){.kind = HU_CELL_INTEGER, .integer = (int64_t)(which == COUNT ? v->n : v->n_bad)};
    double x = v->n == 0 ? NAN : which == QUANTILE ? quantile(v->x, v->n, share) : stats_table[which].of(v->x, v->n);
    return isnan(x) ? (hu_cell){0} : (hu_cell){.kind = HU_CELL_REAL, .real = x};
}

/* --- groups --- */

static uint64_t mix(uint64_t h, const void *data, size_t n)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < n; i++)
        h = (h ^ at[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

static double number(const hu_cell *c)
{
    return c->kind == HU_CELL_INTEGER ? (double)c->integer : c->real;
}

/* 2 and 2.0 are one value. */
static bool same(const hu_cell *a, const hu_cell *b)
{
    bool text = a->kind == HU_CELL_TEXT, none = a->kind == HU_CELL_NONE;
    if (text != (b->kind == HU_CELL_TEXT) || none != (b->kind == HU_CELL_NONE))
        return false;
    if (a->kind == HU_CELL_INTEGER && b->kind == HU_CELL_INTEGER)
        return a->integer == b->integer;
    return none || (text ? a->n_bytes == b->n_bytes && memcmp(a->text, b->text, a->n_bytes) == 0 : number(a) == number(b));
}

static uint64_t hash_of(const hu_cell *cells, int n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (int i = 0; i < n; i++) {
        double x = number(&cells[i]) + 0.0;         /* -0 is 0 */
        h = cells[i].kind == HU_CELL_TEXT ? mix(h, cells[i].text, cells[i].n_bytes) : mix(h, &x, sizeof x);
    }
    return h;
}

static bool same_all(const hu_cell *a, const hu_cell *b, int n)
{
    for (int i = 0; i < n; i++)
        if (!same(&a[i], &b[i]))
            return false;
    return true;
}

static void groups_clear(groups *g)
{
    for (size_t i = 0; i < g->n; i++) {
        for (int k = 0; g->list[i].cells && k < g->n_keys; k++)
            hu_free((void *)(uintptr_t)g->list[i].cells[k].text);
        for (int k = 0; g->list[i].columns && k < g->n_columns; k++)
            hu_free(g->list[i].columns[k].x);
        hu_free(g->list[i].cells);
        hu_free(g->list[i].columns);
    }
    hu_free(g->list);
    hu_free(g->slots);
    hu_free(g->numeric);
}

static bool grow(groups *g)
{
    group *more = hu_grow(g->list, g->n, &g->capacity, sizeof *more);
    if (!more)
        return false;
    g->list = more;
    if (2 * (g->n + 1) <= g->n_slots)
        return true;
    size_t n_slots = g->n_slots ? 2 * g->n_slots : 256;
    size_t *slots = hu_calloc(n_slots, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < g->n; i++) {
        size_t at = g->list[i].hash & (n_slots - 1);
        while (slots[at])
            at = (at + 1) & (n_slots - 1);
        slots[at] = i + 1;
    }
    hu_free(g->slots);
    g->slots = slots;
    g->n_slots = n_slots;
    return true;
}

/* The group of these values, made when there is none; NULL when out of memory. */
static group *group_of(groups *g, const hu_cell *cells)
{
    uint64_t hash = hash_of(cells, g->n_keys);
    if (!grow(g))
        return NULL;
    size_t at = hash & (g->n_slots - 1);
    for (; g->slots[at]; at = (at + 1) & (g->n_slots - 1)) {
        group *found = &g->list[g->slots[at] - 1];
        if (found->hash == hash && same_all(found->cells, cells, g->n_keys))
            return found;
    }
    group *made = &g->list[g->n++];
    *made = (group){.hash = hash, .n_keys = g->n_keys, .cells = hu_calloc((size_t)g->n_keys, sizeof *made->cells),
                    .columns = hu_calloc((size_t)g->n_columns + 1, sizeof *made->columns)};
    if (!made->cells || !made->columns)
        return NULL;
    for (int i = 0; i < g->n_keys; i++) {
        made->cells[i] = cells[i];
        if (cells[i].kind != HU_CELL_TEXT)
            continue;
        char *text = hu_calloc(cells[i].n_bytes + 1, 1);     /* it may have a zero inside */
        if (text)
            memcpy(text, cells[i].text, cells[i].n_bytes);
        if (!(made->cells[i].text = text))
            return NULL;
    }
    g->slots[at] = g->n;
    return made;
}

static bool add_value(values *v, const hu_cell *c, bool *numeric)
{
    double x = c->kind == HU_CELL_INTEGER || c->kind == HU_CELL_REAL ? number(c) : NAN;
    *numeric = *numeric || c->kind == HU_CELL_INTEGER || c->kind == HU_CELL_REAL;
    if (!isfinite(x)) {
        v->n_bad++;
        return true;
    }
    double *more = hu_grow(v->x, v->n, &v->capacity, sizeof *more);
    if (!more)
        return false;
    v->x = more;
    v->x[v->n++] = x;
    return true;
}

/* --- the table --- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int rank(const hu_cell *c)
{
    return c->kind == HU_CELL_TEXT ? 2 : c->kind != HU_CELL_NONE;
}

/* Numbers in their order, then texts in theirs; nothing comes first. */
static int by_cells(const void *a, const void *b)
{
    const group *g = a, *h = b;
    for (int i = 0; i < g->n_keys; i++) {
        const hu_cell *x = &g->cells[i], *y = &h->cells[i];
        int order = rank(x) - rank(y);
        if (order == 0)
            order = rank(x) == 2 ? strcmp(x->text, y->text) : rank(x) == 1 ? (number(x) > number(y)) - (number(x) < number(y)) : 0;
        if (order != 0)
            return order;
    }
    return 0;
}

typedef struct chosen {
    int    which;
    double share;
    char   name[16];
} chosen;

static hu_status read_stats(const char *list, chosen **out, int *n, hu_error *err)
{
    hu_names names = {0};
    hu_status status = hu_names_split(&names, list, err);
    *out = hu_calloc((size_t)names.n + 1, sizeof **out);
    *n = names.n;
    if (status == HU_OK && !*out)
        status = hu_fail(err, HU_ENOMEM, "out of memory");
    for (int i = 0; status == HU_OK && i < names.n; i++) {
        if (!find_stat(names.names[i], &(*out)[i].which, &(*out)[i].share))
            status = hu_fail(err, HU_ENAME, "there is no statistic %.20s; there are %s", names.names[i], all_stats);
        else
            snprintf((*out)[i].name, sizeof (*out)[i].name, "%.15s", names.names[i]);
    }
    hu_names_clear(&names);
    return status;
}

static hu_status give(groups *g, const hu_names *keys, const hu_names *columns, const chosen *stats, int n_stats,
                      const hu_sink *sink, hu_error *err)
{
    hu_names heads = {0};
    hu_status status = HU_OK;
    char head[200];
    int n = g->n_keys + 1;
    for (int i = 0; status == HU_OK && i < g->n_keys; i++)
        status = hu_names_add(&heads, keys->names[i], strlen(keys->names[i]), err);
    if (status == HU_OK)
        status = hu_names_add(&heads, "points", 6, err);
    for (int k = 0; k < g->n_columns; k++)
        for (int j = 0; status == HU_OK && g->numeric[k] && j < n_stats; j++, n++) {
            snprintf(head, sizeof head, "%s(%.150s)", stats[j].name, columns->names[k]);
            status = hu_names_add(&heads, head, strlen(head), err);
        }
    hu_cell *cells = hu_calloc((size_t)n, sizeof *cells);
    if (status == HU_OK && !cells)
        status = hu_fail(err, HU_ENOMEM, "out of memory");
    if (status == HU_OK)
        status = sink->head(sink->user, (const char *const *)heads.names, n, err);
    for (size_t i = 0; status == HU_OK && i < g->n; i++) {
        int at = g->n_keys;
        memcpy(cells, g->list[i].cells, (size_t)g->n_keys * sizeof *cells);
        cells[at++] = (hu_cell){.kind = HU_CELL_INTEGER, .integer = (int64_t)g->list[i].n_rows};
        for (int k = 0; k < g->n_columns; k++) {
            values *v = &g->list[i].columns[k];
            if (v->n > 1)
                qsort(v->x, v->n, sizeof *v->x, by_value);
            for (int j = 0; g->numeric[k] && j < n_stats; j++)
                cells[at++] = statistic(v, stats[j].which, stats[j].share);
        }
        status = sink->row(sink->user, cells, n, err);
    }
    hu_names_clear(&heads);
    hu_free(cells);
    return status;
}

static hu_status collect(hu_store *s, sqlite3_stmt *st, groups *g, hu_error *err)
{
    hu_status status = HU_OK;
    int code = SQLITE_DONE;
    hu_cell *cells = hu_calloc((size_t)g->n_keys, sizeof *cells);
    if (!cells)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    while (status == HU_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
        for (int i = 0; i < g->n_keys; i++)
            cells[i] = hu_cell_of(st, i);
        group *here = group_of(g, cells);
        if (here)
            here->n_rows++;
        for (int k = 0; here && k < g->n_columns; k++) {
            hu_cell c = hu_cell_of(st, g->n_keys + k);
            if (!add_value(&here->columns[k], &c, &g->numeric[k]))
                here = NULL;
        }
        if (!here)
            status = hu_fail(err, HU_ENOMEM, "out of memory for %zu groups", g->n);
    }
    hu_free(cells);
    return status == HU_OK && code != SQLITE_DONE ? hu_store_fail(s, err) : status;
}

hu_status hu_query_groups(hu_store *s, sqlite3_stmt *st, const hu_names *keys, const hu_names *columns, bool drop_empty,
                          const char *stats, const hu_sink *sink, hu_error *err)
{
    groups g = {.n_keys = keys->n, .n_columns = columns->n, .numeric = hu_calloc((size_t)columns->n + 1, sizeof *g.numeric)};
    chosen *wanted = NULL;
    int n_stats = 0;
    hu_status status = read_stats(stats, &wanted, &n_stats, err);
    if (status == HU_OK && !g.numeric)
        status = hu_fail(err, HU_ENOMEM, "out of memory");
    for (int k = 0; status == HU_OK && !drop_empty && k < columns->n; k++)
        g.numeric[k] = true;                /* the columns that were asked for are shown, whatever they hold */
    if (status == HU_OK)
        status = collect(s, st, &g, err);
    if (status == HU_OK && g.n > 1)
        qsort(g.list, g.n, sizeof *g.list, by_cells);
    if (status == HU_OK)
        status = give(&g, keys, columns, wanted, n_stats, sink, err);
    groups_clear(&g);
    hu_free(wanted);
    return status;
}
