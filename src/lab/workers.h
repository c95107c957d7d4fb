/* workers.h - the points of a sweep, computed by forked processes, one point each.
 *
 * A worker starts as a copy of this process, computes its point, sends what came out through a pipe and
 * ends. So a point sees what the script had set up and nothing of the other points, and a worker that crashes
 * takes only its own point with it. This process alone keeps the results. What a worker prints is passed on, and its
 * last lines are kept for when it fails. A worker has no standard input, and a process group of its own.
 */
#ifndef HU_LAB_WORKERS_H
#define HU_LAB_WORKERS_H

#include "src/base/sha256.h"
#include "src/lab/record.h"

typedef struct hu_outcome {
    bool      ok;
    bool      stopped;           /* it left a checkpoint and gave way to an interruption: neither ok nor failed */
    int       signal;            /* that ended its worker; 0: none                 */
    hu_record results;           /* when ok                                        */
    hu_record artifacts;         /* when ok: files that it left, name -> digest    */
    hu_record policies;          /* when ok: of its training runs, digest -> text  */
    char      failure[1024];     /* when not: the error, or the signal of its worker */
    char      output[2048];      /* the last of what it printed                    */
    double    seconds;           /* of wall time                                   */
} hu_outcome;

typedef struct hu_work {
    /* Point i, in the worker (in this process when jobs is 0): fills in results or failure. */
    void (*work)(void *user, size_t i, hu_outcome *outcome);
    /* In this process, once for each point in the order in which they end. A status other than HU_OK ends all. */
    hu_status (*done)(void *user, size_t i, const hu_outcome *outcome, hu_error *err);
    /* In this process: point i failed and is tried again; NULL: nobody wants to know. */
    hu_status (*again)(void *user, size_t i, const hu_outcome *outcome, hu_error *err);
    /* In this process, some times a second while workers run; NULL: none. */
    void (*tick)(void *user, int n_running);
    void *user;
    int      retry;              /* how often a point that failed is tried again           */
    double   timeout_s;          /* of wall time for one point; 0: no limit                */
    uint64_t memory_bytes;       /* that a point may take beyond what the script had; 0: no limit */
    const size_t *places;        /* of point i among all points of the sweep; NULL: i        */
    char     digest[HU_SHA256_HEX];    /* of all points, which other processes of the run (peers.h) have to share */
} hu_work;

/* Computes points 0 .. n - 1 with `jobs` workers at a time; jobs 0: in this process, one after another, without limits.
 * BLAS has one thread inside a point, so that its bits do not depend on `jobs`; other loops share the cores. After an
 * interruption no point is started; those that run are asked to stop (SIGTERM: hu_interrupted() in the worker), and this
 * returns HU_OK when they have finished or left a checkpoint. `done` is not called for those that did neither. */
hu_status hu_workers_run(const hu_work *w, size_t n, int jobs, hu_error *err);

/* In a process that mpirun started beside the one that keeps the results: computes those of
 * n points that it asks for, `jobs` at a time, until the end of the sweep. w->work gets the place of a point among all; done and again are not called. What came with the
 * end is appended to `end`: nothing after an interruption. */
hu_status hu_workers_serve(const hu_work *w, size_t n, int jobs, hu_buffer *end, hu_error *err);

/* In the process that keeps the results, after hu_workers_run: tells the others that the sweep is at its end. */
void hu_workers_dismiss(const void *data, size_t n_bytes);

/* Cores that this process may use, at least 1. */
int hu_workers_cores(void);

/* An outcome to bytes and back; HU_EPARSE when the bytes are not one. */
void      hu_outcome_write(const hu_outcome *o, hu_buffer *out);
hu_status hu_outcome_read(hu_outcome *o, const void *bytes, size_t n_bytes, hu_error *err);
void      hu_outcome_clear(hu_outcome *o);

#endif
