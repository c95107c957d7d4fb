/* query.h - rows asked of a store: points with chosen columns, groups of them with statistics, or the user's own SQL.
 *
 * Conditions and queries are SQL, which SQLite reads: the connection can only read, and an authorizer refuses all but
 * reading the store's tables.
 */
#ifndef HU_LAB_QUERY_H
#define HU_LAB_QUERY_H

#include "src/lab/store.h"

typedef enum hu_cell_kind { HU_CELL_NONE, HU_CELL_INTEGER, HU_CELL_REAL, HU_CELL_TEXT } hu_cell_kind;

typedef struct hu_cell {
    hu_cell_kind kind;
    int64_t      integer;
    double       real;
    const char  *text;        /* with a closing zero */
    size_t       n_bytes;
} hu_cell;

/* Takes a table: its column names once, then row by row. What is handed over is borrowed for the call. */
typedef struct hu_sink {
    hu_status (*head)(void *user, const char *const *names, int n, hu_error *err);
    hu_status (*row)(void *user, const hu_cell *cells, int n, hu_error *err);
    void *user;
} hu_sink;

typedef struct hu_query {
    const char *sql;          /* SELECT of the user's own; the rest is then not looked at            */
    const char *where;        /* condition on the columns of the view `results`; NULL: none          */
    const char *sweep;        /* NULL: of all sweeps                                                 */
    const char *columns;      /* names joined by commas; NULL: all that have values                  */
    const char *group;        /* columns whose values make a group, joined by commas; NULL: no groups */
    const char *stats;        /* of each column in a group, joined by commas; NULL: mean and ci95     */
    bool        all_runs;     /* also points that the latest run did not have                        */
} hu_query;

/* HU_EINVAL or HU_ENAME when the query is wrong; HU_EIO and the like for the store; else what the sink returned. */
hu_status hu_store_query(hu_store *s, const hu_query *q, const hu_sink *sink, hu_error *err);

#endif
