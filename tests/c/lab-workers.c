/* lab-workers.c - a worker that fails, crashes or is killed takes only its own point with it. */
#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/lab/interrupt.h"
#include "src/lab/workers.h"
#include "tests/lib/test.h"

enum { N = 40 };

typedef struct outcome_log {
    int    times[N];
    bool   ok[N];
    double value[N];
    char   failure[N][200];
    size_t n;
    size_t n_series;        /* long series that came whole */
    size_t stop_after;      /* raise SIGINT here after so many; 0: never */
    bool   refuse;          /* done() fails */
} outcome_log;

static void no_core(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

static void work(void *user, size_t i, hu_outcome *outcome)
{
    (void)user;
    if (i == 3)
        abort();
    if (i == 5)
        kill(getpid(), SIGKILL);
    if (i == 7)
        _exit(9);
    if (i == 9) {
        snprintf(outcome->failure, sizeof outcome->failure, "point nine has no answer");
        return;
    }
    outcome->ok = hu_record_real(&outcome->results, "x", 0.1 * (double)i, NULL) == HU_OK;
    if (i == 11)            /* more than a pipe holds */
        outcome->ok = hu_record_series(&outcome->results, "y", NULL, 1000000, 0, NULL, NULL) == HU_OK;
}

static void gentle(void *user, size_t i, hu_outcome *outcome)
{
    (void)user;
    outcome->ok = hu_record_real(&outcome->results, "x", 0.1 * (double)i, NULL) == HU_OK;
}

static hu_status done(void *user, size_t i, const hu_outcome *outcome, hu_error *err)
{
    outcome_log *log = user;
    const hu_value *x = hu_record_find(&outcome->results, "x");
    log->times[i]++;
    log->ok[i] = outcome->ok;
    log->value[i] = x ? x->real : -1;
    snprintf(log->failure[i], sizeof log->failure[i], "%.190s", outcome->failure);
    const hu_value *y = hu_record_find(&outcome->results, "y");
    log->n_series += y && y->n == 1000000;
    if (++log->n == log->stop_after)
        raise(SIGINT);
    return log->refuse ? hu_fail(err, HU_EIO, "the disk is full") : HU_OK;
}

static void only_their_own(void **state)
{
    (void)state;
    static outcome_log log;
    hu_error err = {0};
    hu_work w = {.work = work, .done = done, .user = &log};
    no_core();
    assert_int_equal(hu_workers_run(&w, N, 3, &err), HU_OK);
    for (int i = 0; i < N; i++) {
        bool fails = i == 3 || i == 5 || i == 7 || i == 9;
        assert_int_equal(log.times[i], 1);
        assert_int_equal(log.ok[i], !fails);
        if (!fails)
            assert_true(log.value[i] == 0.1 * i);
    }
    assert_int_equal(log.n_series, 1);
    assert_non_null(strstr(log.failure[3], "signal 6"));
    assert_non_null(strstr(log.failure[5], "signal 9"));
    assert_non_null(strstr(log.failure[7], "status 9"));
    assert_string_equal(log.failure[9], "point nine has no answer");
}

static void any_number(void **state)
{
    (void)state;
    static outcome_log logs[4];
    static const int jobs[] = {0, 1, 3, 100};
    hu_error err = {0};
    for (int k = 0; k < 4; k++) {
        hu_work w = {.work = gentle, .done = done, .user = &logs[k]};
        assert_int_equal(hu_workers_run(&w, N, jobs[k], &err), HU_OK);
        assert_int_equal(hu_workers_run(&w, 0, jobs[k], &err), HU_OK);
        assert_int_equal(logs[k].n, N);
        assert_memory_equal(logs[k].value, logs[0].value, sizeof logs[0].value);
    }
    hu_work w = {.work = gentle, .done = done, .user = &logs[0]};
    assert_int_equal(hu_workers_run(&w, N, -1, &err), HU_EINVAL);
}

static void refused(void **state)
{
    (void)state;
    for (int jobs = 0; jobs <= 2; jobs++) {
        outcome_log log = {.refuse = true};
        hu_error err = {0};
        hu_work w = {.work = gentle, .done = done, .user = &log};
        assert_int_equal(hu_workers_run(&w, N, jobs, &err), HU_EIO);
        assert_string_equal(err.text, "the disk is full");
        assert_int_equal(log.n, 1);
    }
}

static void interruption(void **state)
{
    (void)state;
    for (int jobs = 0; jobs <= 2; jobs++) {
        pid_t pid = fork();
        if (pid == 0) {        /* hu_interrupted() stays set for the rest of a process */
            signal(SIGINT, SIG_DFL);       /* whoever started the tests may ignore it */
            outcome_log log = {.stop_after = 4};
            hu_work w = {.work = gentle, .done = done, .user = &log};
            hu_interrupt_catch(NULL);
            hu_status status = hu_workers_run(&w, N, jobs, NULL);
            hu_interrupt_release();
            _exit(status == HU_OK && hu_interrupted() == SIGINT && log.n >= 4 && log.n < 8 ? 0 : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

static int team(int threads)
{
    int n = 0;
    #pragma omp parallel num_threads(threads) reduction(+:n)
    n += 1;
    return n;
}

static void parallel(void *user, size_t i, hu_outcome *outcome)
{
    (void)user;
    alarm(100);
    outcome->ok = hu_record_real(&outcome->results, "x", team(3) == 3 ? 0.1 * (double)i : -1, NULL) == HU_OK;
}

static void threads_in_workers(void **state)
{
    (void)state;
    static outcome_log log;
    hu_error err = {0};
    hu_work w = {.work = parallel, .done = done, .user = &log};
    assert_int_equal(team(4), 4);
    assert_int_equal(hu_workers_run(&w, 4, 2, &err), HU_OK);
    for (int i = 0; i < 4; i++)
        assert_true(log.ok[i] && log.value[i] == 0.1 * i);
    assert_int_equal(team(4), 4);
}

static void tell_most(void *user, size_t i, hu_outcome *outcome)
{
    (void)user, (void)i;
    outcome->ok = hu_record_real(&outcome->results, "x", omp_get_max_threads(), NULL) == HU_OK;
}

static void threads_as_told(void **state)
{
    (void)state;
    static outcome_log log;
    hu_error err = {0};
    hu_work w = {.work = tell_most, .done = done, .user = &log};
    const int before = omp_get_max_threads();
    for (int most = 1; most <= 2; most++) {
        omp_set_num_threads(most);
        assert_int_equal(hu_workers_run(&w, 1, 1, &err), HU_OK);
        assert_true(log.ok[0] && log.value[0] == (hu_workers_cores() < most ? 1 : most));
    }
    omp_set_num_threads(before);
}

static const struct CMUnitTest claims[] = {
    CLAIM("a worker that fails takes only its own point with it", only_their_own),
    CLAIM("any number of workers gives the same results", any_number),
    CLAIM("parallel loops work in workers after they did in the parent", threads_in_workers),
    CLAIM("workers have no more threads than their parent is told", threads_as_told),
    CLAIM("when results cannot be kept the sweep ends", refused),
    CLAIM("an interruption ends a sweep in order", interruption),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
