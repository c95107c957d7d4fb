/* workers.h - the points of a sweep, computed by forked processes, one point each.
 *
 * A worker starts as a copy of this process, computes its point, sends what came out through a pipe and
 * ends. So a point sees what the script had set up and nothing of the other points, and a worker that crashes
 * takes only its own point with it. This process alone keeps the results.
 */
#ifndef HU_LAB_WORKERS_H
#define HU_LAB_WORKERS_H

#include "src/lab/record.h"

typedef struct hu_outcome {
    bool      ok;
    hu_record results;           /* when ok                                        */
    char      failure[1024];     /* when not: the error, or the signal of its worker */
    double    seconds;           /* of wall time                                   */
} hu_outcome;

typedef struct hu_work {
    /* Point i, in the worker (in this process when jobs is 1): fills in results or failure. */
    void (*work)(void *user, size_t i, hu_outcome *outcome);
    /* In this process, once for each point in the order in which they end. A status other than HU_OK ends all. */
    hu_status (*done)(void *user, size_t i, const hu_outcome *outcome, hu_error *err);
    /* In this process, some times a second while workers run; NULL: none. */
    void (*tick)(void *user, int n_running);
    void *user;
} hu_work;

/* Computes points 0 .. n - 1 with `jobs` workers at a time; jobs 1: in this process, one after another.
 * BLAS has one thread inside a point, so that its bits do not depend on `jobs`. Stops early with HU_OK when
 * hu_interrupted() says so: unfinished points are dropped, and `done` is not called for them. */
hu_status hu_workers_run(const hu_work *w, size_t n, int jobs, hu_error *err);

/* Cores that this process may use, at least 1. */
int hu_workers_cores(void);

#endif
