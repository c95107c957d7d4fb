/* workers.c - the points of a sweep, computed by forked processes, one point each. */
#include "config.h"   /* first: it asks the system headers for all they have */

#include "src/lab/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cblas.h>
#include <omp.h>

#include "src/base/memory.h"
#include "src/lab/clock.h"
#include "src/lab/interrupt.h"

enum { TICK_MS = 200 };

typedef struct worker {
    pid_t     pid;              /* 0: the place is free */
    int       from;             /* its pipe             */
    size_t    point;
    double    start;
    hu_buffer message;
} worker;

/* What goes through the pipe: this head, then the record or the failure's text. */
typedef struct head {
    uint64_t n_bytes;
    uint64_t ok;
} head;

int hu_workers_cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? n : 1;
}

static bool send_all(int fd, const void *data, size_t n_bytes)
{
    const char *at = data;
    while (n_bytes > 0) {
        ssize_t sent = write(fd, at, n_bytes);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        n_bytes -= (size_t)sent;
    }
    return true;
}

/* The life of a worker; does not return. It must not end by exit(): what this process has open is the parent's. */
static void live(const hu_work *w, size_t point, int to, pid_t parent)
{
    hu_outcome outcome = {0};
    hu_buffer body = {0};
    hu_interrupt_default();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    omp_set_num_threads(1);
    w->work(w->user, point, &outcome);
    if (outcome.ok)
        hu_record_write(&outcome.results, &body);
    if (body.failed)
        snprintf(outcome.failure, sizeof outcome.failure, "out of memory for the results of the point");
    if (!outcome.ok || body.failed) {
        hu_buffer_clear(&body);
        outcome.ok = false;
        hu_buffer_text(&body, outcome.failure);
    }
    head h = {.n_bytes = body.n_bytes, .ok = outcome.ok};
    bool sent = send_all(to, &h, sizeof h) && send_all(to, body.data, body.n_bytes);
    fflush(NULL);
    _exit(sent ? 0 : 1);
}

static hu_status start(worker *k, const hu_work *w, size_t point, hu_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return hu_fail(err, HU_EIO, "no pipe to a worker: %s", strerror(errno));
    fflush(NULL);                        /* or the worker would write what is buffered here once more */
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(ends[0]);
        live(w, point, ends[1], parent);
    }
    close(ends[1]);
    if (pid < 0) {
        int code = errno;
        close(ends[0]);
        return hu_fail(err, HU_EIO, "no worker could be started: %s; --jobs 1 needs none", strerror(code));
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *k = (worker){.pid = pid, .from = ends[0], .point = point, .start = hu_clock_s(CLOCK_MONOTONIC)};
    return HU_OK;
}

/* Takes in what has come; true when the pipe is at its end. */
static bool receive(worker *k)
{
    char chunk[16384];
    for (;;) {
        ssize_t got = read(k->from, chunk, sizeof chunk);
        if (got > 0)
            hu_buffer_add(&k->message, chunk, (size_t)got);
        else if (got < 0 && errno == EINTR)
            continue;
        else
            return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }
}

/* How a worker ended that gave no whole result. */
static void describe_end(int status, const worker *k, char *text, size_t size)
{
    if (k->message.failed)
        snprintf(text, size, "out of memory for the results of the point");
    else if (WIFSIGNALED(status))
        snprintf(text, size, "worker ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(text, size, "worker ended with status %d before it gave a result", WEXITSTATUS(status));
}

static void read_message(const worker *k, int status, hu_outcome *outcome)
{
    head h = {0};
    hu_error err = {0};
    if (k->message.n_bytes >= sizeof h)
        memcpy(&h, k->message.data, sizeof h);
    bool whole = !k->message.failed && k->message.n_bytes >= sizeof h && h.n_bytes == k->message.n_bytes - sizeof h;
    const char *body = whole ? k->message.data + sizeof h : NULL;
    if (!whole)
        describe_end(status, k, outcome->failure, sizeof outcome->failure);
    else if (!h.ok)
        snprintf(outcome->failure, sizeof outcome->failure, "%s", body);
    else if (hu_record_read(&outcome->results, body, h.n_bytes, &err) == HU_OK)
        outcome->ok = true;
    else
        snprintf(outcome->failure, sizeof outcome->failure, "%s", err.text);
}

/* A worker at its end: reaps it and hands its outcome on, unless the end came with an interruption. */
static hu_status finish(worker *k, const hu_work *w, hu_error *err)
{
    hu_outcome outcome = {.seconds = hu_clock_s(CLOCK_MONOTONIC) - k->start};
    int status = 0;
    while (waitpid(k->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGHUP))
        poll(NULL, 0, 50);      /* a signal for the whole group may reach a worker before it reaches us */
    close(k->from);
    read_message(k, status, &outcome);
    hu_buffer_clear(&k->message);
    k->pid = 0;
    hu_status result = hu_interrupted() && !outcome.ok ? HU_OK : w->done(w->user, k->point, &outcome, err);
    hu_record_clear(&outcome.results);
    return result;
}

static void stop(worker *k)
{
    if (k->pid == 0)
        return;
    kill(k->pid, SIGKILL);
    while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(k->from);
    hu_buffer_clear(&k->message);
    k->pid = 0;
}

/* True when the process is gone, its pipe or not: a process that it started may still hold that. */
static bool is_gone(const worker *k)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)k->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == k->pid;
}

/* Waits for news and handles it. */
static hu_status attend(worker *workers, int jobs, struct pollfd *fds, const hu_work *w, hu_error *err)
{
    hu_status status = HU_OK;
    int n_running = 0;
    for (int i = 0; i < jobs; i++) {
        fds[i] = (struct pollfd){.fd = workers[i].pid ? workers[i].from : -1, .events = POLLIN};
        n_running += workers[i].pid != 0;
    }
    int ready = poll(fds, (nfds_t)jobs, TICK_MS);
    for (int i = 0; i < jobs && status == HU_OK; i++) {
        if (workers[i].pid == 0 || (ready > 0 && fds[i].revents == 0))
            continue;
        bool gone = ready <= 0 && is_gone(&workers[i]);
        bool at_end = receive(&workers[i]);
        if (at_end || gone)
            status = finish(&workers[i], w, err);
    }
    if (w->tick)
        w->tick(w->user, n_running);
    return status;
}

static hu_status run_forked(const hu_work *w, size_t n, int jobs, hu_error *err)
{
    /* A fork copies the idea of a team of threads but not the threads: a parallel loop in the worker would wait
     * for them for ever. Without a team the worker makes its own. */
    omp_pause_resource_all(omp_pause_soft);
    /* Of n points one may be left: it has a worker all the same, so that a crash stays there. */
    worker *workers = hu_calloc((size_t)jobs, sizeof *workers);
    struct pollfd *fds = hu_calloc((size_t)jobs, sizeof *fds);
    hu_status status = workers && fds ? HU_OK : hu_fail(err, HU_ENOMEM, "out of memory for %d workers", jobs);
    size_t next = 0;
    int running = 0;
    while (status == HU_OK && !hu_interrupted()) {
        for (int i = 0; i < jobs && next < n && status == HU_OK; i++)
            if (workers[i].pid == 0)
                status = start(&workers[i], w, next++, err);
        running = 0;
        for (int i = 0; i < jobs; i++)
            running += workers[i].pid != 0;
        if (running == 0)
            break;
        if (status == HU_OK)
            status = attend(workers, jobs, fds, w, err);
    }
    for (int i = 0; workers && i < jobs; i++)
        stop(&workers[i]);
    hu_free(workers);
    hu_free(fds);
    return status;
}

static hu_status run_here(const hu_work *w, size_t n, hu_error *err)
{
    hu_status status = HU_OK;
    for (size_t i = 0; status == HU_OK && i < n && !hu_interrupted(); i++) {
        hu_outcome outcome = {0};
        double start_time = hu_clock_s(CLOCK_MONOTONIC);
        if (w->tick)
            w->tick(w->user, 1);
        w->work(w->user, i, &outcome);
        outcome.seconds = hu_clock_s(CLOCK_MONOTONIC) - start_time;
        if (outcome.ok || !hu_interrupted())
            status = w->done(w->user, i, &outcome, err);
        hu_record_clear(&outcome.results);
    }
    return status;
}

hu_status hu_workers_run(const hu_work *w, size_t n, int jobs, hu_error *err)
{
    int blas_threads = openblas_get_num_threads();
    if (jobs < 1)
        return hu_fail(err, HU_EINVAL, "jobs is %d; it takes 1 or more", jobs);
    openblas_set_num_threads(1);
    hu_status status = jobs == 1 ? run_here(w, n, err)
                                 : run_forked(w, n, (size_t)jobs < n ? jobs : (int)n, err);
    openblas_set_num_threads(blas_threads);
    return status;
}
