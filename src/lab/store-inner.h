/* store-inner.h - what the files of the store share: statements, bound values, columns. */
#ifndef HU_LAB_STORE_INNER_H
#define HU_LAB_STORE_INNER_H

#include <sys/types.h>

#include <sqlite3.h>

#include "src/lab/store.h"

enum {
    HU_ST_BEGIN, HU_ST_COMMIT, HU_ST_ROLLBACK, HU_ST_INSERT_RUN, HU_ST_UPDATE_RUN, HU_ST_ADOPT, HU_ST_AGAIN, HU_ST_SERIES,
    HU_ST_DROP_SERIES, HU_ST_ARTIFACT, HU_ST_DROP_ARTIFACTS, HU_ST_EVENT, HU_ST_DROP_POLICIES, HU_ST_COLUMN, HU_N_STATEMENTS
};

typedef enum hu_role { HU_ROLE_PARAM, HU_ROLE_RESULT } hu_role;

/* A parameter or result: the column c<number> of points. */
typedef struct hu_column {
    hu_role role;
    int     number;
    char   *name;
} hu_column;

/* A statement whose text depends on the names of the values: kept while the next one has the same text. */
typedef struct hu_shaped {
    char         *sql;
    sqlite3_stmt *st;
} hu_shaped;

struct hu_store {
    sqlite3      *db;
    char         *path;
    pid_t         owner;
    const char   *advice;      /* ends a message about a folder that cannot be written, where it is to be written */
    sqlite3_stmt *statements[HU_N_STATEMENTS];
    hu_column    *columns;     /* in the order of role and name */
    size_t        n_columns, columns_capacity;
    hu_shaped     plan, values;
    bool          held;        /* a transaction over several changes is open */
};

/* A statement and the first thing that went wrong while its values were bound. */
typedef struct hu_bound {
    sqlite3_stmt *st;          /* NULL: it could not be prepared */
    int           code;
} hu_bound;

/* What SQLite's last failure means to the user. */
hu_status hu_store_fail(hu_store *s, hu_error *err);

/* HU_EBUSY in a process that did not open the store. */
hu_status hu_store_owned(const hu_store *s, hu_error *err);

hu_bound  hu_store_statement(hu_store *s, int which, hu_error *err);
hu_bound  hu_store_shaped(hu_store *s, hu_shaped *k, const char *sql, hu_error *err);
void      hu_bind_text(hu_bound *b, int i, const char *text);      /* NULL: NULL */
void      hu_bind_integer(hu_bound *b, int i, int64_t value);
void      hu_bind_real(hu_bound *b, int i, double value);
void      hu_bind_value(hu_bound *b, int i, const hu_value *v);    /* not a series */
void      hu_bind_blob(hu_bound *b, int i, const void *data, size_t n_bytes);

/* Runs a bound statement; *id (may be NULL) is column 0 of the row that it returned. The bindings are dropped: they borrow. */
hu_status hu_store_step(hu_store *s, hu_bound *b, int64_t *id, hu_error *err);

hu_status hu_store_exec(hu_store *s, const char *sql, hu_error *err);

/* BEGIN, unless changes are held together. */
hu_status hu_store_start(hu_store *s, hu_error *err);

/* COMMIT after HU_OK, else ROLLBACK; the status of what failed first. */
hu_status hu_store_end(hu_store *s, hu_status status, hu_error *err);

/* The columns there are. More than HU_MOST_COLUMNS are not made: SQLite takes 2000 in a table. */
enum { HU_MOST_COLUMNS = 1800 };
hu_status        hu_store_load_columns(hu_store *s, hu_error *err);
const hu_column *hu_store_find_column(const hu_store *s, hu_role role, const char *name);

/* Makes columns for the values (but series) that have none, inside the caller's transaction. */
hu_status hu_store_add_columns(hu_store *s, hu_role role, const hu_record *r, hu_error *err);

/* After a rollback: the columns are read again. */
void      hu_store_forget_columns(hu_store *s);

/* Makes an empty file a store; brings an older store up to date. One transaction each. */
hu_status hu_store_create(hu_store *s, hu_error *err);
hu_status hu_store_migrate(hu_store *s, int64_t version, hu_error *err);

extern const char *const hu_state_names[3];

#endif
