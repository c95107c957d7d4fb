/* workers.c - the points of a sweep: which is computed next, by whom, and what happens when one fails. */
#include "config.h"   /* first: it asks the system headers for all they have */

#include "src/lab/workers.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <cblas.h>
#include <omp.h>

#include "src/base/memory.h"
#include "src/lab/clock.h"
#include "src/lab/interrupt.h"
#include "src/lab/pool.h"

int hu_workers_cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? n : 1;
}

/* What is to be computed: the points that were not started yet, and those that are tried again. */
typedef struct queue {
    const hu_work *w;
    size_t         n, next;
    size_t        *again, n_again;
    unsigned char *tries;         /* of each point, where it may be tried again */
} queue;

static hu_status queue_init(queue *q, const hu_work *w, size_t n, hu_error *err)
{
    *q = (queue){.w = w, .n = n};
    if (w->retry > 0) {
        q->again = hu_calloc(n, sizeof *q->again);
        q->tries = hu_calloc(n, 1);
    }
    return w->retry > 0 && (!q->again || !q->tries) ? hu_fail(err, HU_ENOMEM, "out of memory for %zu points", n) : HU_OK;
}

static void queue_clear(queue *q)
{
    hu_free(q->again);
    hu_free(q->tries);
}

/* False: nothing is left to be started. */
static bool queue_take(queue *q, size_t *point)
{
    if (hu_interrupted() || (q->next == q->n && q->n_again == 0))
        return false;
    *point = q->next < q->n ? q->next++ : q->again[--q->n_again];
    return true;
}

/* A point at its end: into the hands of the caller, or into the queue again. */
static hu_status settle(void *user, size_t i, const hu_outcome *outcome, hu_error *err)
{
    queue *q = user;
    if (outcome->stopped || (!outcome->ok && hu_interrupted()))
        return HU_OK;                   /* the next run computes it */
    if (outcome->ok || !q->tries || q->tries[i] >= q->w->retry)
        return q->w->done(q->w->user, i, outcome, err);
    q->tries[i]++;
    q->again[q->n_again++] = i;
    return q->w->again ? q->w->again(q->w->user, i, outcome, err) : HU_OK;
}

static hu_status run_forked(const hu_work *w, queue *q, int jobs, hu_error *err)
{
    hu_pool *pool = hu_pool_new(w, jobs, settle, q, err);
    hu_status status = pool ? HU_OK : HU_ENOMEM;
    bool asked = false, left = true;
    size_t point;
    while (status == HU_OK) {
        while (status == HU_OK && hu_pool_has_room(pool) && (left = queue_take(q, &point)))
            status = hu_pool_start(pool, point, err);
        if (hu_interrupted() && !asked) {
            asked = true;
            hu_pool_ask_to_stop(pool);
        }
        if (hu_pool_running(pool) == 0 && (!left || asked))
            break;
        if (status == HU_OK)
            status = hu_pool_attend(pool, 200, err);
        left = true;
    }
    hu_pool_free(pool);
    return status;
}

static hu_status run_here(const hu_work *w, queue *q, hu_error *err)
{
    hu_status status = HU_OK;
    size_t i;
    while (status == HU_OK && queue_take(q, &i)) {
        hu_outcome outcome = {0};
        double start_time = hu_clock_s(CLOCK_MONOTONIC);
        if (w->tick)
            w->tick(w->user, 1);
        w->work(w->user, i, &outcome);
        outcome.seconds = hu_clock_s(CLOCK_MONOTONIC) - start_time;
        status = settle(q, i, &outcome, err);
        hu_outcome_clear(&outcome);
    }
    return status;
}

hu_status hu_workers_run(const hu_work *w, size_t n, int jobs, hu_error *err)
{
    int blas_threads = openblas_get_num_threads();
    queue q;
    if (jobs < 0)
        return hu_fail(err, HU_EINVAL, "jobs is %d; it takes 0 or more", jobs);
    if (n == 0)
        return HU_OK;
    openblas_set_num_threads(1);
    hu_status status = queue_init(&q, w, n, err);
    if (status == HU_OK)
        status = jobs == 0 ? run_here(w, &q, err) : run_forked(w, &q, (size_t)jobs < n ? jobs : (int)n, err);
    queue_clear(&q);
    openblas_set_num_threads(blas_threads);
    return status;
}
