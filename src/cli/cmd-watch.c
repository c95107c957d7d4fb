/* cmd-watch.c - halfulp watch: how far a run is, seen from another terminal. It reads the store and changes nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "src/cli/cli.h"
#include "src/cli/options.h"
#include "src/cli/run-store.h"
#include "src/lab/best.h"
#include "src/lab/clock.h"
#include "src/lab/interrupt.h"
#include "src/lab/progress.h"
#include "src/lab/query.h"

static const char text[] =
    "Shows how far a run is: points done, failed and left, how many are done in a minute, when it will end, and\n"
    "the last points that ended. It ends when the run does, or with Ctrl-C, and disturbs nothing. Where its output\n"
    "is no terminal, it prints one line a minute, and the points at the end.\n"
    "\n"
    "  $ halfulp watch results/bits-vs-loss --best loss\n";

/* What to show beside the counts. */
typedef struct wish {
    int     n_last;             /* so many of the last points                                    */
    hu_best best;               /* of a result, which is shown with its point; without a name: none */
} wish;

enum { LINE = 4 * 159 + 1, MOST_LINES = 64, EVERY_S = 1, EVERY_FILE_S = 60 };

/* What is known at one moment. */
typedef struct view {
    int     columns;            /* that a line may have */
    int64_t runs, points, done, failed;
    double  started_s;          /* of the wall clock */
    double  took_s;             /* of a run at its end; 0: it goes on */
    char    state[24];
    int     writer;             /* process id; 0: nobody writes the directory */
    char    last[MOST_LINES][LINE];
    int     n_last;
    char    best[LINE];         /* "": none yet */
} view;

static int64_t whole(const hu_cell *c) { return c->kind == HU_CELL_INTEGER ? c->integer : 0; }

static hu_status no_head(void *user, const char *const *names, int n, hu_error *err)
{
    (void)user, (void)names, (void)n, (void)err;
    return HU_OK;
}

/* The start as seconds since 1970, from "2026-11-22T14:49:49Z"; 0 where it is none. */
static double start_of(const char *iso)
{
    struct tm t = {0};
    if (sscanf(iso, "%d-%d-%dT%d:%d:%d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec) != 6)
        return 0;
    t.tm_year -= 1900;
    t.tm_mon--;
    return (double)timegm(&t);
}

static hu_status take_counts(void *user, const hu_cell *cells, int n, hu_error *err)
{
    view *v = user;
    (void)n, (void)err;
    v->runs   = whole(&cells[0]);
    v->points = whole(&cells[1]);
    v->done   = whole(&cells[2]);
    v->failed = whole(&cells[3]);
    v->started_s = cells[4].kind == HU_CELL_TEXT ? start_of(cells[4].text) : 0;
    snprintf(v->state, sizeof v->state, "%s", cells[5].kind == HU_CELL_TEXT ? cells[5].text : "");
    v->took_s = strcmp(v->state, "running") != 0 && cells[6].kind == HU_CELL_REAL ? cells[6].real : 0;
    return HU_OK;
}

static hu_status take_point(void *user, const hu_cell *cells, int n, hu_error *err)
{
    view *v = user;
    (void)n, (void)err;
    if (v->n_last == MOST_LINES)
        return HU_OK;
    char *line = v->last[v->n_last++];
    bool failed = cells[1].kind == HU_CELL_TEXT && strcmp(cells[1].text, "failed") == 0;
    snprintf(line, LINE, "  %-6s %8.3g s  %s%s%s", failed ? "failed" : "done", cells[2].real,
             cells[0].kind == HU_CELL_TEXT ? cells[0].text : "", failed ? ": " : "",
             failed && cells[3].kind == HU_CELL_TEXT ? cells[3].text : "");
    hu_line_fit(line, v->columns);
    return HU_OK;
}

/* The process that holds the directory's lock; 0: none. The kernel gives the lock free when a process ends, however that ends. */
static int writer_of(const char *folder)
{
    char path[4096];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (snprintf(path, sizeof path, "%s/.lock", folder) >= (int)sizeof path)
        return 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    bool held = fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(file);
    return held ? (int)lock.l_pid : 0;
}

static hu_status look(hu_store *s, const char *folder, wish *w, view *v, hu_error *err)
{
    char sql[512];
    hu_query counts = {.sql =
        "SELECT (SELECT count(*) FROM runs), count(*), coalesce(sum(status = 'done'), 0), coalesce(sum(status = 'failed'), 0),"
        " (SELECT json_extract(manifest, '$.start') FROM runs ORDER BY id DESC LIMIT 1),"
        " (SELECT json_extract(manifest, '$.state') FROM runs ORDER BY id DESC LIMIT 1),"
        " (SELECT json_extract(manifest, '$.wall_s') FROM runs ORDER BY id DESC LIMIT 1)"
        " FROM points WHERE run = (SELECT max(id) FROM runs)"};
    hu_query last = {.sql = sql};
    hu_sink sink = {no_head, take_counts, v};
    memset(v, 0, sizeof *v);
    v->columns = hu_terminal_columns(STDOUT_FILENO);
    v->writer = writer_of(folder);         /* before the counts: a run that ends now is seen once more */
    hu_status status = hu_store_query(s, &counts, &sink, err);
    if (status == HU_OK && v->points == 0)
        status = hu_store_sound(s, err);
    sink.row = take_point;
    if (status == HU_OK && w->best.name[0] && v->done > 0) {
        status = hu_best_look(&w->best, s, NULL, err);
        hu_best_text(&w->best, v->best, LINE);
        hu_line_fit(v->best, v->columns);
    }
    snprintf(sql, sizeof sql, "SELECT params, status, seconds, error FROM points WHERE run = (SELECT max(id) FROM runs)"
                              " AND status <> 'planned' ORDER BY position DESC LIMIT %d", w->n_last);
    return status == HU_OK && w->n_last > 0 ? hu_store_query(s, &last, &sink, err) : status;
}

/* Points in a minute, as "31 a minute" or "4 an hour". */
static void rate_text(double per_s, char *out, size_t size)
{
    if (per_s * 60 >= 1)
        snprintf(out, size, per_s * 60 < 100 ? ", %.3g a minute" : ", %.0f a minute", per_s * 60);
    else if (per_s > 0)
        snprintf(out, size, ", %.3g an hour", per_s * 3600);
}

/* What is left, how fast, and who writes. */
static void state_line(const view *v, const char *rate, char *line, size_t size)
{
    char state[80];
    if (v->writer)
        snprintf(state, sizeof state, "%s, process %d", v->state, v->writer);
    else if (strcmp(v->state, "running") == 0)
        snprintf(state, sizeof state, "its process is gone: the same command goes on");
    else
        snprintf(state, sizeof state, "%s", v->state[0] ? v->state : "no run");
    snprintf(line, size, "%lld left%s; %s", (long long)(v->points - v->done - v->failed), rate, state);
}

static int show(const view *v, hu_progress *p, bool with_points)
{
    char line[256], rate[48] = "";
    double elapsed = hu_clock_s(CLOCK_MONOTONIC) - p->start_s;
    int lines = 1;
    if (v->took_s > 0) {
        p->start_s += elapsed - v->took_s;
        elapsed = v->took_s;
    }
    p->n = (size_t)v->points;
    p->n_failed = (size_t)v->failed;
    p->n_done = (size_t)(v->done + v->failed) - p->n_before;
    hu_progress_line(p, NULL, v->columns, line, sizeof line);
    if (p->n_done > 0 && elapsed > 0)
        rate_text((double)p->n_done / elapsed, rate, sizeof rate);
    printf("%s\n", line);
    if (with_points) {
        state_line(v, rate, line, sizeof line);
        hu_line_fit(line, v->columns);
        printf("%s\n", line);
        if (v->best[0])
            printf("%s\n", v->best);
        for (int i = 0; i < v->n_last; i++)
            printf("%s\n", v->last[i]);
        lines += 1 + (v->best[0] != '\0') + v->n_last;
    }
    fflush(stdout);
    return lines;
}

/* From when on the rate counts: the start of the first run of a directory; a later one found points that were done. */
static void begin(hu_progress *p, const view *v)
{
    hu_progress_start(p, (size_t)v->points, v->runs == 1 ? 0 : (size_t)(v->done + v->failed));
    double since = hu_clock_s(CLOCK_REALTIME) - v->started_s;
    if (v->runs == 1 && v->started_s > 0 && since > 0)
        p->start_s -= since;
}

static int watch(hu_store *s, const char *folder, wish *w, bool once)
{
    bool is_terminal = isatty(STDOUT_FILENO), ended = once;
    struct timespec pause = {EVERY_S, 0};
    hu_progress p = {0};
    hu_error err = {0};
    view v;
    int lines = 0;
    for (int tick = 0; ; tick++) {
        hu_status status = look(s, folder, w, &v, &err);
        if (status != HU_OK)
            return hu_cli_fail(status == HU_EINVAL || status == HU_ENAME ? HU_CLI_USAGE : HU_CLI_FAILED, "watch: %s", err.text);
        if (tick == 0)
            begin(&p, &v);
        ended = once || v.writer == 0 || hu_interrupted();
        if (lines > 0 && is_terminal)
            printf("\033[%dA\033[J", lines);           /* back to the first line, and clear from there */
        if (is_terminal || ended || tick % (EVERY_FILE_S / EVERY_S) == 0)
            lines = show(&v, &p, is_terminal || ended);
        if (ended)
            return HU_CLI_OK;
        nanosleep(&pause, NULL);                       /* a signal ends it early */
    }
}

int hu_cmd_watch(int argc, char **argv)
{
    bool once = false;
    const char *best = NULL;
    wish w = {.n_last = 5};
    const hu_option options[] = {
        {"once",   HU_OPTION_SWITCH, &once,   NULL, "one look, without waiting for the end"},
        {"points", HU_OPTION_TALLY,  &w.n_last, "N",  "show so many of the last points (5)"},
        {"best",   HU_OPTION_TEXT,   &best,   "RESULT", "show the point where this result is the least so far; max:RESULT: the\n"
                                                        "greatest"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"watch", "DIR [--once] [--best RESULT]", text, options};
    hu_error err = {0};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc != 1)
        return hu_cli_fail(HU_CLI_USAGE, "watch: takes one run directory, for example halfulp watch results/bits-vs-loss; got %d", argc);
    if (w.n_last > MOST_LINES)
        return hu_cli_fail(HU_CLI_USAGE, "watch: --points is %d; it takes at most %d", w.n_last, MOST_LINES);
    if (best && hu_best_read(&w.best, best, &err) != HU_OK)
        return hu_cli_fail(HU_CLI_USAGE, "watch: --%s", err.text);
    hu_store *s = hu_cli_store("watch", argv[0], &status);
    if (!s)
        return status;
    hu_interrupt_catch(NULL);
    status = watch(s, argv[0], &w, once);
    hu_interrupt_release();
    hu_store_close(s, NULL);
    return status;
}
