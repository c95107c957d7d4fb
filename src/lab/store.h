/* store.h - results.sqlite: the points of a run directory and what came out of them.
 *
 *   runs       one row an execution of the script, with its manifest
 *   points     one row a point, found by its key: planned, done or failed (with its error, signal and last lines of
 *              output), its parameters as JSON, and a column for each parameter and each single value that came out
 *   columns    which column of points is which parameter or result
 *   series     lists and arrays, packed where that is smaller (series.h)
 *   artifacts  files that a point left in its folder, with their digests
 *   events     what happened, when: failures, points tried again, interruptions, merges, and the policy of each training run
 *              (kind "policy": its SHA-256, a line end, its text)
 *   results    a view: points with their columns under the names that the script gave them
 *
 * A result that is NaN is NULL in its column, and listed in the point's `nans`. The file carries an application id, so
 * that another program's database is told apart, and a schema version (user_version): an older store is brought up to
 * date when it is opened for writing, and read through a copy in memory otherwise. Readers may read while a run writes.
 */
#ifndef HU_LAB_STORE_H
#define HU_LAB_STORE_H

#include "src/base/sha256.h"
#include "src/lab/record.h"

#define HU_STORE_VERSION 2

typedef struct hu_store hu_store;

/* Opens the file, which is made when it is not there and `write` is set. NULL with err: HU_EINVAL when it is
 * not a result store of ours or of a newer version, HU_EIO for the rest. Nothing that is not ours is changed. */
hu_store *hu_store_open(const char *path, bool write, hu_error *err);
hu_status hu_store_close(hu_store *s, hu_error *err);      /* NULL is allowed */

/* A new row in runs, which then is the latest; and its manifest again when the run has come further. */
hu_status hu_store_begin(hu_store *s, const char *manifest, int64_t *run, hu_error *err);
hu_status hu_store_manifest(hu_store *s, int64_t run, const char *manifest, hu_error *err);

typedef enum hu_point_state { HU_POINT_PLANNED, HU_POINT_DONE, HU_POINT_FAILED } hu_point_state;

typedef struct hu_point {
    char           key[HU_SHA256_HEX];
    hu_record      params;
    char          *json;        /* params, canonical */
    hu_point_state state;       /* after hu_store_plan: what the store had */
} hu_point;

/* Enters the points of a sweep, in this order, at the positions first, first + stride, and so on, in one transaction; those that are there keep
 * their results and now belong to this run, too. Each point's `state` tells what the store had. */
hu_status hu_store_plan(hu_store *s, int64_t run, const char *sweep, hu_point *points, size_t n, size_t first,
                        size_t stride, hu_error *err);

/* What came out of a point. */
typedef struct hu_finish {
    const hu_record *results;
    const hu_record *artifacts;    /* name -> "DIGEST BYTES"; NULL: none                     */
    const hu_record *policies;     /* of the training runs: digest -> text; NULL: none       */
    const char      *failure;      /* the reason why there are no results; NULL: there are   */
    const char      *output;       /* of a failure: the last lines that the point printed    */
    int64_t          run;          /* that computed it, for the history of policies          */
    int              signal;       /* of a failure: what ended its worker; 0: none           */
    double           seconds;
} hu_finish;

/* Keeps it, in one transaction that is on its way to disk when this returns. */
hu_status hu_store_finish(hu_store *s, const char *key, const hu_finish *f, hu_error *err);

/* One more attempt at a point, whose failure is not its last word. */
hu_status hu_store_again(hu_store *s, const char *key, hu_error *err);

/* The policy of a training run, of a point or (key NULL) of the script itself. */
hu_status hu_store_policy(hu_store *s, int64_t run, const char *key, const char *digest, const char *text, hu_error *err);

/* Those of a run and of its points as a JSON object, digest -> text, appended. */
hu_status hu_store_policies(hu_store *s, int64_t run, hu_buffer *json, hu_error *err);

/* A line of the history; key NULL: of the run as a whole. */
hu_status hu_store_event(hu_store *s, int64_t run, const char *key, const char *kind, const char *text, hu_error *err);

typedef struct hu_row {
    const char    *sweep, *key, *json, *failure, *output;   /* failure, output: NULL when there is none */
    hu_point_state state;
    double         seconds;
    int            signal, attempts;
    size_t         position;
    hu_record      params, results, artifacts, policies;
} hu_row;

/* Calls visit for the points of the latest run (or of a run by number, when run > 0) in the order of their plan;
 * sweep NULL: of all its sweeps. Ends early with the status that visit returns when that is not HU_OK. */
typedef hu_status hu_visit(void *user, const hu_row *row, hu_error *err);
hu_status hu_store_each(hu_store *s, int64_t run, const char *sweep, hu_visit *visit, void *user, hu_error *err);

/* Calls visit for the point with that key, whichever run it belongs to; not at all when there is none. */
hu_status hu_store_find(hu_store *s, const char *key, hu_visit *visit, void *user, hu_error *err);

/* The points of the run before `run` now belong to it, too. */
hu_status hu_store_adopt(hu_store *s, int64_t run, hu_error *err);

/* Between the two, all changes are one transaction; a status other than HU_OK takes them back. */
hu_status hu_store_hold(hu_store *s, hu_error *err);
hu_status hu_store_release(hu_store *s, hu_status status, hu_error *err);

/* For a store that shows no point of its latest run: HU_EIO where that is because it is damaged, which reading all of it tells. */
hu_status hu_store_sound(hu_store *s, hu_error *err);

/* A field of the latest manifest as text, from hu_malloc; "" where there is none. NULL when out of memory. */
char *hu_store_fact(hu_store *s, const char *name);

/* The latest manifest as JSON, from hu_malloc; NULL with err. */
char *hu_store_latest(hu_store *s, hu_error *err);

/* The script's text that the latest run kept as an event of the kind "script", from hu_malloc; "" where there is none. NULL when out of memory. */
char *hu_store_script(hu_store *s);

#endif
