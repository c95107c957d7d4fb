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
#include "src/lab/peers.h"
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

/* --- processes of other ranks --- */

/* The sweep that is going on: every process of a run counts them alike. */
static uint64_t sweep_number;

/* A point on its way to a rank. */
typedef struct order {
    uint64_t i, place;
} order;

typedef struct ready {
    uint64_t jobs;
    char     digest[HU_SHA256_HEX];
} ready;

/* What rank 0 knows of the others. */
typedef struct peers {
    int *room, *running, n_running;    /* of each rank */
} peers;

static hu_status peers_init(peers *p, hu_error *err)
{
    size_t n = (size_t)hu_peers_size();
    *p = (peers){.room = hu_calloc(n, sizeof *p->room), .running = hu_calloc(n, sizeof *p->running)};
    return p->room && p->running ? HU_OK : hu_fail(err, HU_ENOMEM, "out of memory for %zu ranks", n);
}

static void peers_clear(peers *p)
{
    hu_free(p->room);
    hu_free(p->running);
}

static bool feed(peers *p, queue *q)
{
    order o = {0};
    size_t point;
    for (int r = 1; r < hu_peers_size(); r++)
        while (p->running[r] < p->room[r]) {
            if (!queue_take(q, &point))
                return false;
            o = (order){.i = point, .place = q->w->places ? q->w->places[point] : point};
            hu_peers_send(r, HU_PEER_POINT, sweep_number, &o, sizeof o);
            p->running[r]++;
            p->n_running++;
        }
    return true;
}

static hu_status take_outcome(queue *q, const hu_buffer *data, hu_error *err)
{
    hu_outcome outcome = {0};
    order o;
    if (data->n_bytes < sizeof o)
        return hu_fail(err, HU_EPARSE, "a message of another rank is cut short");
    memcpy(&o, data->data, sizeof o);
    hu_status status = o.i >= q->n ? hu_fail(err, HU_EPARSE, "a message of another rank is damaged")
                     : hu_outcome_read(&outcome, data->data + sizeof o, data->n_bytes - sizeof o, err);
    if (status == HU_OK)
        status = settle(q, o.i, &outcome, err);
    hu_outcome_clear(&outcome);
    return status;
}

static hu_status take_ready(peers *p, int from, const hu_work *w, const hu_buffer *data, hu_error *err)
{
    ready r;
    if (data->n_bytes != sizeof r)
        return hu_fail(err, HU_EPARSE, "rank %d is another version of this program", from);
    memcpy(&r, data->data, sizeof r);
    if (memcmp(r.digest, w->digest, sizeof r.digest) != 0)
        return hu_fail(err, HU_EINVAL, "rank %d has other points than rank 0: the script, or something it reads, differs there", from);
    p->room[from] = (int)r.jobs;
    return HU_OK;
}

static hu_status hear(peers *p, queue *q, hu_error *err)
{
    hu_status status = HU_OK;
    hu_buffer data = {0};
    hu_peer_kind kind;
    uint64_t sweep;
    int from;
    while (status == HU_OK && hu_peers_receive(&from, &kind, &sweep, &data)) {
        if (sweep == sweep_number && kind == HU_PEER_READY)
            status = take_ready(p, from, q->w, &data, err);
        if (sweep == sweep_number && kind == HU_PEER_OUTCOME) {
            p->running[from]--;
            p->n_running--;
            status = take_outcome(q, &data, err);
        }
        data.n_bytes = 0;
    }
    hu_buffer_clear(&data);
    return status;
}

static void send_all(hu_peer_kind kind, const void *data, size_t n_bytes)
{
    for (int r = 1; r < hu_peers_size(); r++)
        hu_peers_send(r, kind, sweep_number, data, n_bytes);
}

void hu_workers_dismiss(const void *data, size_t n_bytes)
{
    send_all(HU_PEER_END, data, n_bytes);
}

/* --- rank 0, or the only one --- */

static hu_status run_forked(const hu_work *w, queue *q, int jobs, hu_error *err)
{
    hu_pool *pool = hu_pool_new(w, jobs, settle, q, err);
    peers others;
    hu_status status = pool ? peers_init(&others, err) : HU_ENOMEM;
    bool asked = false;
    size_t point;
    while (status == HU_OK) {
        bool left = true;
        while (status == HU_OK && hu_pool_has_room(pool) && (left = queue_take(q, &point)))
            status = hu_pool_start(pool, point, err);
        left = feed(&others, q) && left;
        if (hu_interrupted() && !asked) {
            asked = true;
            hu_pool_ask_to_stop(pool);
            send_all(HU_PEER_STOP, NULL, 0);
        }
        if (hu_pool_running(pool) + others.n_running == 0 && (!left || asked))
            break;
        if (status == HU_OK)
            status = hu_pool_attend(pool, hu_peers_size() > 1 ? 2 : 200, err);
        if (status == HU_OK)
            status = hear(&others, q, err);
    }
    if (pool)
        peers_clear(&others);
    hu_pool_free(pool);
    return status;
}

/* --- the other ranks --- */

static hu_status send_outcome(void *user, size_t i, const hu_outcome *outcome, hu_error *err)
{
    const order *orders = user;         /* by place: which point it is for rank 0 */
    hu_buffer message = {0};
    hu_buffer_add(&message, &orders[i], sizeof *orders);
    hu_outcome_write(outcome, &message);
    if (!message.failed)
        hu_peers_send(0, HU_PEER_OUTCOME, sweep_number, message.data, message.n_bytes);
    hu_status status = message.failed ? hu_fail(err, HU_ENOMEM, "out of memory for the results of the point") : HU_OK;
    hu_buffer_clear(&message);
    return status;
}

static hu_status take_orders(hu_pool *pool, order *orders, size_t n, bool *over, hu_buffer *end, hu_error *err)
{
    hu_status status = HU_OK;
    hu_buffer data = {0};
    hu_peer_kind kind;
    uint64_t sweep;
    int from;
    while (status == HU_OK && !*over && hu_peers_receive(&from, &kind, &sweep, &data)) {
        order o = {0};
        if (kind == HU_PEER_END && sweep == sweep_number) {
            hu_buffer_add(end, data.data, data.n_bytes);
            *over = true;
        } else if (kind == HU_PEER_STOP)
            hu_pool_ask_to_stop(pool);
        else if (kind == HU_PEER_POINT && data.n_bytes == sizeof o) {
            memcpy(&o, data.data, sizeof o);
            if (o.place >= n)
                status = hu_fail(err, HU_EPARSE, "rank 0 asks for a point that is not there");
            else {
                orders[o.place] = o;
                status = hu_pool_start(pool, o.place, err);
            }
        }
        data.n_bytes = 0;
    }
    hu_buffer_clear(&data);
    return status;
}

hu_status hu_workers_serve(const hu_work *w, size_t n, int jobs, hu_buffer *end, hu_error *err)
{
    order *orders = hu_calloc(n + 1, sizeof *orders);
    int blas_threads = openblas_get_num_threads();
    openblas_set_num_threads(1);
    hu_pool *pool = orders ? hu_pool_new(w, jobs, send_outcome, orders, err) : NULL;
    hu_status status = pool ? HU_OK : hu_fail(err, HU_ENOMEM, "out of memory for %d workers", jobs);
    ready r = {.jobs = (uint64_t)jobs};
    bool over = false, asked = false;
    memcpy(r.digest, w->digest, sizeof r.digest);
    sweep_number++;
    if (status == HU_OK)
        hu_peers_send(0, HU_PEER_READY, sweep_number, &r, sizeof r);
    while (status == HU_OK && !over) {
        status = take_orders(pool, orders, n, &over, end, err);
        if (hu_interrupted() && !asked) {
            asked = true;
            hu_pool_ask_to_stop(pool);
        }
        if (status == HU_OK && !over)
            status = hu_pool_attend(pool, 2, err);
    }
    hu_pool_free(pool);
    hu_free(orders);
    openblas_set_num_threads(blas_threads);
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
    sweep_number++;
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
