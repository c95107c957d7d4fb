/* cmd-watch.c - halfulp watch: how far a run is, seen from another terminal. It reads the store and changes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "src/cli/cli.h"
#include "src/cli/options.h"
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
    int         n_last;         /* so many of the last points                              */
    const char *best;           /* the result whose least value is shown, with its point; NULL: none */
} wish;

enum { WIDTH = 79, LINE = 4 * WIDTH + 1, MOST_LINES = 64, EVERY_S = 1, EVERY_FILE_S = 60 };

/* What is known at one moment. */
typedef struct view {
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

/* Cuts a text that does not fit, between characters of UTF-8, and makes one line of it. */
static void fit(char *line)
{
    size_t n = 0, at = 0;
    for (; line[at]; at++) {
        if (((unsigned char)line[at] & 0xc0) != 0x80 && n++ == WIDTH - 1)
            break;
        if ((unsigned char)line[at] < ' ' || line[at] == 0x7f)
            line[at] = ' ';
    }
    line[at] = '\0';
}

static void keep(char out[LINE], char *line)
{
    fit(line);
    size_t n = strnlen(line, LINE - 1);
    memcpy(out, line, n);
    out[n] = '\0';
}

static hu_status take_point(void *user, const hu_cell *cells, int n, hu_error *err)
{
    view *v = user;
    char line[512];
    (void)n, (void)err;
    if (v->n_last == MOST_LINES)
        return HU_OK;
    bool failed = cells[1].kind == HU_CELL_TEXT && strcmp(cells[1].text, "failed") == 0;
    snprintf(line, sizeof line, "  %-6s %8.3g s  %s%s%s", failed ? "failed" : "done", cells[2].real,
             cells[0].kind == HU_CELL_TEXT ? cells[0].text : "", failed ? ": " : "",
             failed && cells[3].kind == HU_CELL_TEXT ? cells[3].text : "");
    keep(v->last[v->n_last++], line);
    return HU_OK;
}

static hu_status take_best(void *user, const hu_cell *cells, int n, hu_error *err)
{
    view *v = user;
    char line[512];
    (void)n, (void)err;
    double value = cells[1].kind == HU_CELL_REAL ? cells[1].real : (double)whole(&cells[1]);
    snprintf(line, sizeof line, "best %s %.6g: %s", cells[2].text, value, cells[0].kind == HU_CELL_TEXT ? cells[0].text : "");
    keep(v->best, line);
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

/* The point with the least value of a result; a wrong name is told by SQLite. */
static hu_status look_for_best(hu_store *s, const char *name, view *v, hu_error *err)
{
    char sql[1024];
    hu_query q = {.sql = sql};
    hu_sink sink = {no_head, take_best, v};
    if (strpbrk(name, "[]'") || strlen(name) > 128)
        return hu_fail(err, HU_EINVAL, "--best is %.128s; it takes the name of a result, without brackets and quotes", name);
    snprintf(sql, sizeof sql, "SELECT p.params, r.[%s], '%s' FROM results r JOIN points p ON p.id = r.id WHERE typeof(r.[%s]) IN ('integer', 'real')"
                              " AND p.run = (SELECT max(id) FROM runs) ORDER BY 2 LIMIT 1", name, name, name);
    return hu_store_query(s, &q, &sink, err);
}

static hu_status look(hu_store *s, const char *folder, const wish *w, view *v, hu_error *err)
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
    v->writer = writer_of(folder);         /* before the counts: a run that ends now is seen once more */
    hu_status status = hu_store_query(s, &counts, &sink, err);
    sink.row = take_point;
    if (status == HU_OK && w->best && v->done > 0)
        status = look_for_best(s, w->best, v, err);
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

static int show(const view *v, hu_progress *p, bool with_points)
{
    char line[160], rate[48] = "";
    double elapsed = hu_clock_s(CLOCK_MONOTONIC) - p->start_s;
    int lines = 1;
    if (v->took_s > 0) {
        p->start_s += elapsed - v->took_s;
        elapsed = v->took_s;
    }
    p->n = (size_t)v->points;
    p->n_failed = (size_t)v->failed;
    p->n_done = (size_t)(v->done + v->failed) - p->n_before;
    hu_progress_line(p, line, sizeof line);
    if (p->n_done > 0 && elapsed > 0)
        rate_text((double)p->n_done / elapsed, rate, sizeof rate);
    printf("%s\n", line);
    if (with_points) {
        printf("%lld left%s; %s", (long long)(v->points - v->done - v->failed), rate, v->state[0] ? v->state : "no run");
        if (v->writer)
            printf(", process %d", v->writer);
        else if (strcmp(v->state, "running") == 0)
            printf(", but its process is gone: the same command goes on");
        putchar('\n');
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

static int watch(hu_store *s, const char *folder, const wish *w, bool once)
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
    wish w = {.n_last = 5};
    const hu_option options[] = {
        {"once",   HU_OPTION_SWITCH, &once,   NULL, "one look, without waiting for the end"},
        {"points", HU_OPTION_TALLY,  &w.n_last, "N",  "show so many of the last points (5)"},
        {"best",   HU_OPTION_TEXT,   &w.best, "RESULT", "show the point where this result is the least so far"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"watch", "DIR [--once] [--best RESULT]", text, options};
    char path[4096];
    struct stat info;
    hu_error err = {0};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc != 1)
        return hu_cli_fail(HU_CLI_USAGE, "watch: takes one run directory, for example halfulp watch results/bits-vs-loss; got %d", argc);
    if (w.n_last > MOST_LINES)
        return hu_cli_fail(HU_CLI_USAGE, "watch: --points is %d; it takes at most %d", w.n_last, MOST_LINES);
    if (snprintf(path, sizeof path, "%s/results.sqlite", argv[0]) >= (int)sizeof path)
        return hu_cli_fail(HU_CLI_FAILED, "watch: the name of the folder is too long");
    if (stat(path, &info) != 0)
        return errno == ENOENT || errno == ENOTDIR
            ? hu_cli_fail(HU_CLI_FAILED, "watch: %s is not a run directory: it has no results.sqlite", argv[0])
            : hu_cli_fail(HU_CLI_FAILED, "watch: %s: %s", path, strerror(errno));
    hu_store *s = hu_store_open(path, false, &err);
    if (!s)
        return hu_cli_fail(HU_CLI_FAILED, "watch: %s", err.text);
    hu_interrupt_catch(NULL);
    status = watch(s, argv[0], &w, once);
    hu_interrupt_release();
    hu_store_close(s, NULL);
    return status;
}
