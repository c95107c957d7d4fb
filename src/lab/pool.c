/* pool.c - forked processes that compute points: started, heard, limited and buried. */
#include "config.h"   /* first: it asks the system headers for all they have */

#include "src/lab/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <omp.h>

#include "src/base/memory.h"
#include "src/lab/clock.h"
#include "src/lab/interrupt.h"

/* The pipes of a worker: its result, what it prints, what it complains. */
enum { RESULT, OUT, ERR, N_PIPES };

typedef struct worker {
    pid_t     pid;              /* 0: the place is free */
    int       from[N_PIPES];    /* -1: at its end       */
    size_t    point;
    double    start_s;
    bool      timed_out;
    hu_buffer message;
    char      tail[2 * sizeof ((hu_outcome *)0)->output];     /* the last of what it printed */
    size_t    n_tail;
} worker;

struct hu_pool {
    const hu_work *w;
    hu_settle     *settle;
    void          *user;
    worker        *workers;
    struct pollfd *fds;         /* N_PIPES a worker */
    int            jobs, n_running, threads;
    double         looked_s;    /* when workers were last looked for that are gone but whose pipes are held */
};

/* --- in the worker --- */

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

/* What this process may write to now, and so many bytes more. */
static void limit_memory(uint64_t bytes)
{
    unsigned long long pages[6] = {0};
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%llu %llu %llu %llu %llu %llu", &pages[0], &pages[1], &pages[2], &pages[3], &pages[4], &pages[5]) != 6)
        pages[5] = 0;
    if (file)
        fclose(file);
    rlim_t limit = (rlim_t)(pages[5] * (unsigned long long)sysconf(_SC_PAGESIZE) + bytes);
    setrlimit(RLIMIT_DATA, &(struct rlimit){limit, limit});
}

/* Where memory runs out for all, the system takes the worker and not the process that keeps the results. */
static void offer_to_be_killed(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "500", 3) != 3)
        errno = 0;                      /* then it is as before */
    if (fd >= 0)
        close(fd);
}

static void prepare(const hu_pool *p, const int *to, pid_t parent)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setpgid(0, 0);
    hu_interrupt_listen();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    dup2(to[OUT], STDOUT_FILENO);
    dup2(to[ERR], STDERR_FILENO);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    offer_to_be_killed();
    if (p->w->memory_bytes > 0)
        limit_memory(p->w->memory_bytes);
    omp_set_num_threads(p->threads);
}

static void explain_memory(const hu_pool *p, hu_outcome *o)
{
    size_t n = strlen(o->failure);
    if (p->w->memory_bytes > 0 && !o->ok && strstr(o->failure, "memory"))
        snprintf(o->failure + n, sizeof o->failure - n, " (the limit is %.4g MiB a point)", (double)p->w->memory_bytes / 0x1p20);
}

/* The life of a worker; does not return. It must not end by exit(): what this process has open is the parent's. */
static void live(const hu_pool *p, size_t point, const int *to, pid_t parent)
{
    hu_outcome outcome = {0};
    hu_buffer body = {0};
    prepare(p, to, parent);
    p->w->work(p->w->user, point, &outcome);
    fflush(NULL);
    explain_memory(p, &outcome);
    hu_outcome_write(&outcome, &body);
    if (body.failed) {
        hu_outcome failed = {.failure = "out of memory for the results of the point"};
        hu_buffer_clear(&body);
        hu_outcome_write(&failed, &body);
    }
    uint64_t n_bytes = body.n_bytes;
    bool sent = !body.failed && send_all(to[RESULT], &n_bytes, sizeof n_bytes) && send_all(to[RESULT], body.data, body.n_bytes);
    _exit(sent ? 0 : 1);
}

/* --- in this process --- */

static void close_all(int *fds)
{
    for (int i = 0; i < N_PIPES; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static bool make_pipes(int *from, int *to)
{
    for (int i = 0; i < N_PIPES; i++)
        from[i] = to[i] = -1;
    for (int i = 0; i < N_PIPES; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            int code = errno;
            close_all(from);
            close_all(to);
            errno = code;
            return false;
        }
        from[i] = ends[0];
        to[i] = ends[1];
        fcntl(from[i], F_SETFL, O_NONBLOCK);
    }
    return true;
}

hu_status hu_pool_start(hu_pool *p, size_t point, hu_error *err)
{
    int from[N_PIPES], to[N_PIPES];
    worker *k = p->workers;
    while (k->pid != 0)
        k++;
    if (!make_pipes(from, to))
        return hu_fail(err, HU_EIO, "no pipe to a worker: %s", strerror(errno));
    fflush(NULL);                        /* or the worker would write what is buffered here once more */
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        live(p, point, to, parent);
    int code = errno;
    close_all(to);
    if (pid < 0) {
        close_all(from);
        return hu_fail(err, HU_EIO, "no worker could be started: %s; --jobs 0 needs none", strerror(code));
    }
    setpgid(pid, pid);                   /* the worker does the same: whoever is first */
    *k = (worker){.pid = pid, .point = point, .start_s = hu_clock_s(CLOCK_MONOTONIC)};
    memcpy(k->from, from, sizeof from);
    p->n_running++;
    return HU_OK;
}

static void keep_tail(worker *k, const char *text, size_t n)
{
    size_t room = sizeof k->tail, keep = n < room ? room - n : 0;
    if (n > room) {
        text += n - room;
        n = room;
    }
    if (k->n_tail > keep) {
        memmove(k->tail, k->tail + (k->n_tail - keep), keep);
        k->n_tail = keep;
    }
    memcpy(k->tail + k->n_tail, text, n);
    k->n_tail += n;
}

/* Takes in what has come through a pipe; closes it at its end. */
static void receive(worker *k, int i)
{
    char chunk[16384];
    while (k->from[i] >= 0) {
        ssize_t got = read(k->from[i], chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got <= 0) {
            close(k->from[i]);
            k->from[i] = -1;
        } else if (i == RESULT)
            hu_buffer_add(&k->message, chunk, (size_t)got);
        else {
            FILE *stream = i == OUT ? stdout : stderr;
            fwrite(chunk, 1, (size_t)got, stream);
            fflush(stream);
            keep_tail(k, chunk, (size_t)got);
        }
    }
}

/* The last lines that fit, whole ones where there are several. */
static void last_lines(const worker *k, char *text, size_t size)
{
    const char *from = k->tail, *end = k->tail + k->n_tail;
    if (k->n_tail >= size) {
        from = end - (size - 1);
        const char *line = memchr(from, '\n', (size_t)(end - from));
        if (line && line + 1 < end)
            from = line + 1;
    }
    size_t n = (size_t)(end - from);
    memcpy(text, from, n);
    text[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\0')
            text[i] = ' ';
}

/* How a worker ended that gave no whole result. */
static void describe_end(const hu_pool *p, int status, const worker *k, hu_outcome *o)
{
    o->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (k->timed_out)
        snprintf(o->failure, sizeof o->failure, "over the time limit of %.6g s a point", p->w->timeout_s);
    else if (k->message.failed)
        snprintf(o->failure, sizeof o->failure, "out of memory for the results of the point");
    else if (o->signal)
        snprintf(o->failure, sizeof o->failure, "worker ended by signal %d (%s)", o->signal, strsignal(o->signal));
    else
        snprintf(o->failure, sizeof o->failure, "worker ended with status %d before it gave a result", WEXITSTATUS(status));
}

static void read_message(const hu_pool *p, const worker *k, int status, hu_outcome *o)
{
    uint64_t n_bytes = 0;
    hu_error err = {0};
    if (k->message.n_bytes >= sizeof n_bytes)
        memcpy(&n_bytes, k->message.data, sizeof n_bytes);
    if (k->message.failed || k->message.n_bytes < sizeof n_bytes || n_bytes != k->message.n_bytes - sizeof n_bytes)
        describe_end(p, status, k, o);
    else if (hu_outcome_read(o, k->message.data + sizeof n_bytes, n_bytes, &err) != HU_OK)
        snprintf(o->failure, sizeof o->failure, "%s", err.text);
    last_lines(k, o->output, sizeof o->output);
}

static void bury(hu_pool *p, worker *k, int *status)
{
    while (waitpid(k->pid, status, 0) < 0 && errno == EINTR)
        continue;
    for (int i = 0; i < N_PIPES; i++)
        receive(k, i);
    close_all(k->from);
    k->pid = 0;
    p->n_running--;
}

/* A worker at its end: its outcome goes on. */
static hu_status finish(hu_pool *p, worker *k, hu_error *err)
{
    hu_outcome outcome = {0};
    double seconds = hu_clock_s(CLOCK_MONOTONIC) - k->start_s;
    int status = 0;
    bury(p, k, &status);
    read_message(p, k, status, &outcome);
    outcome.seconds = seconds;
    hu_buffer_clear(&k->message);
    hu_status result = p->settle(p->user, k->point, &outcome, err);
    hu_outcome_clear(&outcome);
    return result;
}

/* True when the process is gone, its pipe or not: a process that it started may still hold that. */
static bool is_gone(const worker *k)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)k->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == k->pid;
}

static void check_time(const hu_pool *p, worker *k, double now_s)
{
    if (p->w->timeout_s > 0 && !k->timed_out && now_s - k->start_s > p->w->timeout_s) {
        k->timed_out = true;
        kill(-k->pid, SIGKILL);
        kill(k->pid, SIGKILL);
    }
}

/* How long to sleep at most: a time limit may come before the next tick. */
static int patience(const hu_pool *p, int wait_ms)
{
    double limit_ms = p->w->timeout_s * 1000 / 4 + 1;
    return p->w->timeout_s > 0 && limit_ms < wait_ms ? (int)limit_ms : wait_ms;
}

hu_status hu_pool_attend(hu_pool *p, int wait_ms, hu_error *err)
{
    hu_status status = HU_OK;
    for (int i = 0; i < p->jobs * N_PIPES; i++) {
        const worker *k = &p->workers[i / N_PIPES];
        p->fds[i] = (struct pollfd){.fd = k->pid ? k->from[i % N_PIPES] : -1, .events = POLLIN};
    }
    poll(p->fds, (nfds_t)(p->jobs * N_PIPES), patience(p, wait_ms));
    double now_s = hu_clock_s(CLOCK_MONOTONIC);
    bool look = now_s - p->looked_s > 0.2;
    if (look)
        p->looked_s = now_s;
    for (int j = 0; j < p->jobs && status == HU_OK; j++) {
        worker *k = &p->workers[j];
        if (k->pid == 0)
            continue;
        for (int i = N_PIPES - 1; i >= 0; i--)         /* what it printed before what came out */
            if (p->fds[j * N_PIPES + i].revents != 0)
                receive(k, i);
        check_time(p, k, now_s);
        if (k->from[RESULT] < 0 || (look && is_gone(k)))
            status = finish(p, k, err);
    }
    if (p->w->tick)
        p->w->tick(p->w->user, p->n_running);
    return status;
}

void hu_pool_ask_to_stop(hu_pool *p)
{
    for (int j = 0; j < p->jobs; j++)
        if (p->workers[j].pid != 0)
            kill(p->workers[j].pid, SIGTERM);
}

bool hu_pool_has_room(const hu_pool *p) { return p->n_running < p->jobs; }
int  hu_pool_running(const hu_pool *p)  { return p->n_running; }

/* The cores are divided; OMP_NUM_THREADS, or what the script has set, is not exceeded. */
static int threads_of_each(int cores, int jobs)
{
    int share = cores > jobs ? cores / jobs : 1, most = omp_get_max_threads();
    return share < most ? share : most;
}

hu_pool *hu_pool_new(const hu_work *w, int jobs, hu_settle *settle, void *user, hu_error *err)
{
    int cores = hu_workers_cores();
    hu_pool *p = hu_calloc(1, sizeof *p);
    if (p) {
        *p = (hu_pool){.w = w, .settle = settle, .user = user, .jobs = jobs, .threads = threads_of_each(cores, jobs)};
        p->workers = hu_calloc((size_t)jobs, sizeof *p->workers);
        p->fds = hu_calloc((size_t)jobs * N_PIPES, sizeof *p->fds);
    }
    if (!p || !p->workers || !p->fds) {
        hu_pool_free(p);
        hu_fail(err, HU_ENOMEM, "out of memory for %d workers", jobs);
        return NULL;
    }
    /* A fork copies the idea of a team of threads but not the threads: a parallel loop in the worker would wait
     * for them for ever. Without a team the worker makes its own. */
    omp_pause_resource_all(omp_pause_soft);
    return p;
}

void hu_pool_free(hu_pool *p)
{
    if (!p)
        return;
    for (int j = 0; p->workers && j < p->jobs; j++) {
        worker *k = &p->workers[j];
        int status;
        if (k->pid == 0)
            continue;
        kill(-k->pid, SIGKILL);
        kill(k->pid, SIGKILL);
        bury(p, k, &status);
        hu_buffer_clear(&k->message);
    }
    hu_free(p->workers);
    hu_free(p->fds);
    hu_free(p);
}
