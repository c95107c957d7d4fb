/* query-inner.h - what the files of queries share. */
#ifndef HU_LAB_QUERY_INNER_H
#define HU_LAB_QUERY_INNER_H

#include "src/lab/query.h"
#include "src/lab/store-inner.h"

/* Names of columns of the view, owned. */
typedef struct hu_names {
    char **names;
    int    n;
    size_t capacity;
} hu_names;

void      hu_names_clear(hu_names *names);
hu_status hu_names_add(hu_names *names, const char *name, size_t n_bytes, hu_error *err);

/* The names of a list joined by commas. */
hu_status hu_names_split(hu_names *names, const char *list, hu_error *err);

/* Column i (from 0) of the row that a statement is at; texts are borrowed until it steps on. */
hu_cell hu_cell_of(sqlite3_stmt *st, int i);

/* Steps through a prepared selection of n_group columns that make groups, then of values. */
hu_status hu_query_groups(hu_store *s, sqlite3_stmt *st, const hu_names *group, const hu_names *values, bool drop_empty,
                          const char *stats, const hu_sink *sink, hu_error *err);

#endif
