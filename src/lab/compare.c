/* compare.c - what changed between the results of two run directories. */
#include "src/lab/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

typedef struct kept {
    char          *sweep, *json;
    hu_point_state state;
    hu_record      results;
} kept;

typedef struct list {
    kept  *rows;
    size_t n, capacity;
} list;

static void clear(list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        hu_free(l->rows[i].sweep);
        hu_free(l->rows[i].json);
        hu_record_clear(&l->rows[i].results);
    }
    hu_free(l->rows);
}

static hu_status keep(void *user, const hu_row *row, hu_error *err)
{
    list *l = user;
    hu_status status = HU_OK;
    kept *more = hu_grow(l->rows, l->n, &l->capacity, sizeof *more);
    if (!more)
        return hu_fail(err, HU_ENOMEM, "out of memory for %zu points", l->n);
    l->rows = more;
    kept *k = &l->rows[l->n++];
    *k = (kept){.sweep = hu_strdup(row->sweep ? row->sweep : ""), .json = hu_strdup(row->json ? row->json : ""), .state = row->state};
    if (!k->sweep || !k->json)
        return hu_fail(err, HU_ENOMEM, "out of memory for %zu points", l->n);
    for (size_t i = 0; status == HU_OK && i < row->results.n; i++)
        status = hu_record_copy(&k->results, &row->results.values[i], err);
    if (status == HU_OK)
        hu_record_sort(&k->results);
    return status;
}

static int by_point(const void *a, const void *b)
{
    const kept *x = a, *y = b;
    int order = strcmp(x->sweep, y->sweep);
    return order ? order : strcmp(x->json, y->json);
}

typedef struct walk {
    double within;
    hu_status (*visit)(void *user, const hu_change *c, hu_error *err);
    void *user;
} walk;

static bool close_to(double x, double y, double within)
{
    if (isnan(x) || isnan(y))
        return isnan(x) && isnan(y);
    return x == y ? within > 0 || signbit(x) == signbit(y) : fabs(x - y) <= within * fmax(fabs(x), fabs(y));
}

static double number(const hu_value *v)
{
    return !v || v->kind > HU_VALUE_REAL ? NAN : v->kind == HU_VALUE_INTEGER ? (double)v->integer : v->real;
}

/* Whether two series of one length differ; where most. */
static bool series_differ(const hu_value *a, const hu_value *b, double within, hu_change *c)
{
    const double *x = a->data, *y = b->data;
    double most = -1;
    for (size_t i = 0; i < a->n; i++) {
        double d = isfinite(x[i]) && isfinite(y[i]) ? fabs(x[i] - y[i]) : INFINITY;
        if (close_to(x[i], y[i], within) || d <= most)
            continue;
        most = d;
        c->at = i;
        c->x = x[i];
        c->y = y[i];
    }
    return most >= 0;
}

static bool differ(const hu_value *a, const hu_value *b, double within, hu_change *c)
{
    c->kind = (a && a->kind == HU_VALUE_SERIES) || (b && b->kind == HU_VALUE_SERIES) ? HU_CHANGE_SERIES : HU_CHANGE_VALUE;
    c->x = number(a);
    c->y = number(b);
    if (!a || !b)
        return true;
    if (a->kind <= HU_VALUE_REAL && b->kind <= HU_VALUE_REAL)
        return a->kind == b->kind && a->kind == HU_VALUE_INTEGER ? a->integer != b->integer && !close_to(c->x, c->y, within)
                                                                 : !close_to(c->x, c->y, within);
    if (a->kind == HU_VALUE_SERIES && b->kind == HU_VALUE_SERIES && a->n == b->n && a->rank == b->rank)
        return series_differ(a, b, within, c);
    return !hu_value_same(a, b);
}

static hu_status compare_points(const walk *w, const kept *a, const kept *b, bool *changed, hu_error *err)
{
    hu_change c = {.sweep = a->sweep, .json = a->json, .state_a = a->state, .state_b = b->state};
    hu_status status = HU_OK;
    if (a->state != b->state) {
        c.kind = HU_CHANGE_STATE;
        *changed = true;
        return w->visit(w->user, &c, err);
    }
    for (size_t i = 0, k = 0; status == HU_OK && (i < a->results.n || k < b->results.n);) {
        int order = i == a->results.n ? 1 : k == b->results.n ? -1 : strcmp(a->results.values[i].name, b->results.values[k].name);
        c.a = order <= 0 ? &a->results.values[i++] : NULL;
        c.b = order >= 0 ? &b->results.values[k++] : NULL;
        c.name = c.a ? c.a->name : c.b->name;
        c.at = 0;
        if (differ(c.a, c.b, w->within, &c)) {
            *changed = true;
            status = w->visit(w->user, &c, err);
        }
    }
    return status;
}

static hu_status only(const walk *w, const kept *k, hu_change_kind kind, hu_error *err)
{
    return w->visit(w->user, &(hu_change){.kind = kind, .sweep = k->sweep, .json = k->json, .state_a = k->state, .state_b = k->state,
                                          .x = NAN, .y = NAN}, err);
}

hu_status hu_compare(hu_store *a, hu_store *b, double within, hu_status (*visit)(void *user, const hu_change *c, hu_error *err),
                     void *user, hu_comparison *out, hu_error *err)
{
    list left = {0}, right = {0};
    walk w = {.within = within, .visit = visit, .user = user};
    *out = (hu_comparison){0};
    hu_status status = hu_store_each(a, 0, NULL, keep, &left, err);
    if (status == HU_OK)
        status = hu_store_each(b, 0, NULL, keep, &right, err);
    if (left.n > 1)
        qsort(left.rows, left.n, sizeof *left.rows, by_point);
    if (right.n > 1)
        qsort(right.rows, right.n, sizeof *right.rows, by_point);
    for (size_t i = 0, k = 0; status == HU_OK && (i < left.n || k < right.n);) {
        int order = i == left.n ? 1 : k == right.n ? -1 : by_point(&left.rows[i], &right.rows[k]);
        if (order != 0) {
            *(order < 0 ? &out->n_only_a : &out->n_only_b) += 1;
            status = only(&w, order < 0 ? &left.rows[i++] : &right.rows[k++], order < 0 ? HU_CHANGE_ONLY_A : HU_CHANGE_ONLY_B, err);
            continue;
        }
        bool changed = false;
        status = compare_points(&w, &left.rows[i++], &right.rows[k++], &changed, err);
        out->n_both++;
        out->n_changed += changed;
    }
    clear(&left);
    clear(&right);
    return status;
}
