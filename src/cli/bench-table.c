/* bench-table.c - halfulp bench without a name: all rows of bench-rows.def, measured, shown with what they are meant to reach, recorded, compared. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cblas.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"
#include "src/cli/bench-record.h"
#include "src/cli/bench-work.h"
#include "src/cli/options.h"
#include "src/kernel/lanes.h"
#include "src/lab/build-info.h"
#include "src/lab/clock.h"
#include "src/lab/manifest.h"
#include "src/lab/progress.h"

static const char text[] =
    "Without a name: all rows of the table, each measured in turn with its yardstick. A row shows the median speed, the median ratio to\n"
    "the yardstick (memcpy of the same array, all streams counted; our own matrix product without rounding; OpenBLAS's; one thread; a training\n"
    "step in fp32, or of the plain C trainer: the same model in loops as they are usually written by hand), half the\n"
    "distance of the ratio's quartiles in percent, how many times as fast as the scalar path, and the ratio aimed at: met, or missed. Where a row\n"
    "has several rounding modes, it is the slowest.\n"
    "\n"
    "  $ halfulp bench --record new.json\n"
    "  $ halfulp bench --only gemm --json\n"
    "  $ halfulp bench --compare old.json\n"
    "  $ halfulp bench --compare old.json new.json\n";

enum { MOST = 400, LEAST = 5, FEWEST = 3, PAIR = 2 };      /* repetitions; those of slow work; of very slow work */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int n, double q)
{
    double at = q * (n - 1);
    int i = (int)at;
    return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static bool timed(double *seconds, hu_bench_job *job, bool (*work)(hu_bench_job *))
{
    clockid_t clock = job->row->threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    double start = hu_clock_s(clock);
    bool done = true;
    for (int i = 0; i < job->repeats && done; i++)
        done = work(job);
    *seconds = (hu_clock_s(clock) - start) / job->repeats;
    return done;
}

/* How often work and yardstick are timed of which the longer takes that many seconds. */
static int least_of(double longer_s)
{
    return longer_s > 2 ? PAIR : longer_s > 0.5 ? FEWEST : LEAST;
}

/* The job in its mode: work and yardstick in turn, for about so many seconds. The first time is not counted, but for slow work; that of a training step never
 * is, as the trainer's memory is fresh then. The plain trainer's is not, and its steps take long. */
static bool measure_mode(hu_bench_job *job, double enough_s, hu_bench_result *r)
{
    double works[MOST], ratios[MOST], yard, start = hu_clock_s(CLOCK_MONOTONIC), warm;
    int n = 0, least = LEAST;
    if (!timed(&warm, job, job->kind->work) || (!job->plain && !timed(&yard, job, job->kind->yard)))
        return false;
    if (warm * job->repeats > 0.5 && !job->kind->is_train)
        works[n] = warm, ratios[n++] = yard / warm, least = FEWEST;
    while (n < MOST && (n < least || hu_clock_s(CLOCK_MONOTONIC) - start < enough_s)) {
        if (!timed(&works[n], job, job->kind->work) || !timed(&yard, job, job->kind->yard))
            return false;
        ratios[n] = works[n] > 0 ? yard / works[n] : 0;
        least = least_of(fmax(works[n], yard) * job->repeats);
        n++;
    }
    qsort(works, (size_t)n, sizeof *works, ascending);
    qsort(ratios, (size_t)n, sizeof *ratios, ascending);
    double elements = job->kind->is_gemm ? (double)job->n * (double)job->n * (double)job->n : (double)job->n;
    r->ratio = quantile(ratios, n, 0.5) * job->kind->streams / 2;
    r->spread = r->ratio > 0 ? (quantile(ratios, n, 0.75) - quantile(ratios, n, 0.25)) / 2 / quantile(ratios, n, 0.5) : 0;
    r->speed = job->kind->per_element * elements / quantile(works, n, 0.5);
    r->repetitions = n;
    return true;
}

/* Times the scalar path, by its speed on a few elements. */
static double against_scalar(hu_bench_job *job, const hu_bench_result *r)
{
    double best = INFINITY, seconds;
    int repeats = job->repeats;
    job->repeats = 1;
    for (int i = 0; i < 3 && job->kind->scalar && timed(&seconds, job, job->kind->scalar); i++)
        best = fmin(best, seconds);
    job->repeats = repeats;
    return best < INFINITY && best > 0 ? r->speed / (job->kind->per_element * HU_BENCH_SCALARS / best) : 0;
}

/* A row in one size: the slowest of its modes. */
static int measure(const hu_bench_row *row, size_t n, double target, double enough_s, hu_bench_result *slowest)
{
    hu_bench_job job;
    int status = hu_bench_job_init(&job, row, n);
    char mode[32];
    *slowest = (hu_bench_result){.ratio = INFINITY, .n = (double)n, .threads = row->threads, .target = target};
    for (int i = 0; status == HU_CLI_OK && hu_bench_job_mode(&job, i, mode); i++) {
        hu_bench_result r = *slowest;
        if (!measure_mode(&job, enough_s, &r))
            status = hu_cli_fail(HU_CLI_FAILED, "bench: %s could not be measured in mode %s", row->name, mode);
        else if (r.ratio < slowest->ratio) {
            *slowest = r;
            slowest->scalar = against_scalar(&job, &r);
            snprintf(slowest->mode, sizeof slowest->mode, "%s", mode);
        }
    }
    snprintf(slowest->name, sizeof slowest->name, "%s", row->name);
    snprintf(slowest->isa, sizeof slowest->isa, "%s", hu_lanes_chosen()->name);
    snprintf(slowest->unit, sizeof slowest->unit, "%s", job.kind ? job.kind->unit : "");
    snprintf(slowest->against, sizeof slowest->against, "%s", job.kind ? job.kind->against : "");
    hu_bench_job_clear(&job);
    return status;
}

static const hu_lanes *find_lanes(const char *name)
{
    for (int i = 0; name && hu_lanes_at(i); i++)
        if (strcmp(hu_lanes_at(i)->name, name) == 0)
            return hu_lanes_at(i);
    return NULL;
}

/* ---- what is shown ---- */

typedef struct table {
    bool json, quick, tells;              /* tells: stderr is a terminal, which is told what is being measured */
    int  row, rows;                       /* which that is */
    FILE *record;
    hu_bench_record all;
} table;

static void show(const hu_bench_result *r)
{
    char size[24], scalar[16] = "-", target[16] = "-";
    if (strncmp(r->name, "gemm", 4) == 0 || strstr(r->name, ": gemm") || strstr(r->name, "train"))
        snprintf(size, sizeof size, "%.0f", r->n);
    else
        snprintf(size, sizeof size, "%.0f %s", r->n >= 1 << 20 ? r->n / (1 << 20) : r->n / 1024, r->n >= 1 << 20 ? "Mi" : "Ki");
    if (r->scalar > 0)
        snprintf(scalar, sizeof scalar, "%.3g", r->scalar);
    if (r->target > 0)
        snprintf(target, sizeof target, "%.2f", r->target);
    printf("%-48s %6s %-9s %8.4g %-7s %6.3f of %-15s %4.1f%%  %6s  %6s  %s\n", r->name, size, r->mode, r->speed, r->unit, r->ratio, r->against, 100 * r->spread,
           scalar, target, r->target == 0 ? "" : r->ratio >= r->target ? "met" : "missed");
    fflush(stdout);
}

static void tell(const table *t, const char *name, size_t n)
{
    char line[160];
    snprintf(line, sizeof line, "row %d of %d: %s, %zu", t->row, t->rows, name, n);
    hu_line_fit(line, hu_terminal_columns(STDERR_FILENO));
    if (t->tells)
        fprintf(stderr, "\r\033[K%s", line);
}

static void tell_nothing(const table *t)
{
    if (t->tells)
        fputs("\r\033[K", stderr);
}

static bool keep(table *t, const hu_bench_result *r)
{
    tell_nothing(t);
    hu_bench_result *more = hu_realloc(t->all.result, (t->all.n + 1) * sizeof *more);
    if (!more)
        return false;
    t->all.result = more;
    more[t->all.n++] = *r;
    if (t->record)
        hu_bench_write_result(t->record, r);
    if (t->json)
        hu_bench_write_result(stdout, r);
    else
        show(r);
    return true;
}

static int run_row(table *t, const hu_bench_row *row)
{
    static const size_t sizes[] = {4 << 10, 1 << 20, 32 << 20}, quick[] = {4 << 10, 16 << 10};
    const hu_bench_kind *kind = hu_bench_kind_find(row->work);
    int status = HU_CLI_OK;
    const hu_lanes *lanes = find_lanes(row->isa);
    if (lanes)
        hu_lanes_use(lanes);
    hu_threads_set(row->threads);
    openblas_set_num_threads(row->threads);
    for (int i = 0; i < (t->quick ? 2 : 3) && status == HU_CLI_OK; i++) {
        hu_bench_result r;
        if (row->target[i] < 0)
            continue;
        size_t n = kind && kind->is_gemm ? (t->quick ? 64 : 1024) : t->quick ? quick[i] : sizes[i];
        if (kind && kind->is_train)
            n = t->quick ? 16 : i == 1 ? HU_BENCH_TOKENS_MEDIUM : HU_BENCH_TOKENS_LARGE;
        tell(t, row->name, n);
        status = measure(row, n, t->quick ? 0 : row->target[i], t->quick ? 0.001 : kind && (kind->is_gemm || kind->is_train) ? 0.6 : 0.15, &r);
        if (status == HU_CLI_OK && !keep(t, &r))
            status = hu_cli_fail(HU_CLI_FAILED, "bench: no memory for the results");
    }
    if (lanes)
        hu_lanes_use(NULL);
    return status;
}

static void find_machine(hu_bench_machine *m)
{
    *m = (hu_bench_machine){.threads = hu_threads()};
    hu_cpu_name(m->cpu);
    hu_time_text(time(NULL), m->date);
    snprintf(m->isa, sizeof m->isa, "%s", hu_lanes_chosen()->name);
    snprintf(m->version, sizeof m->version, "%s", hu_build.version);
    snprintf(m->commit, sizeof m->commit, "%s", hu_build.commit);
}

enum { MOST_WORDS = 256, WORD = 32 };

/* The different words of the rows' names that begin with a letter, in their order; how many of them, and which begin a name. */
static int words_of_rows(char words[MOST_WORDS][WORD], bool begins[MOST_WORDS])
{
    static const char between[] = " ,:/";
    int n = 0;
    for (int i = 0; hu_bench_row_at(i); i++) {
        const char *name = hu_bench_row_at(i)->name;
        for (const char *at = name; *at && n < MOST_WORDS; at += strcspn(at, between), at += strspn(at, between)) {
            int k = 0;
            snprintf(words[n], WORD, "%.*s", (int)strcspn(at, between), at);
            while (strcmp(words[k], words[n]) != 0)
                k++;
            begins[n] = at == name;
            n += k == n && (words[n][0] | 32) >= 'a' && (words[n][0] | 32) <= 'z';
        }
    }
    return n;
}

static int no_row(const char *only)
{
    char words[MOST_WORDS][WORD], list[160] = "";
    bool begins[MOST_WORDS];
    int n = words_of_rows(words, begins);
    size_t used = 0;
    hu_nearest near = hu_nearest_to(only);
    for (int i = 0; i < n; i++) {
        hu_nearest_offer(&near, words[i]);
        if (begins[i] && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", words[i]);
    }
    if (near.best)
        return hu_cli_fail(HU_CLI_USAGE, "bench: no row has '%s' in its name; did you mean '%s'? (rows begin with %s)", only, near.best, list);
    return hu_cli_fail(HU_CLI_USAGE, "bench: no row has '%s' in its name; rows begin with %s, and some end in a format, such as e8m7", only, list);
}

static int run_table(table *t, const char *only)
{
    int status = HU_CLI_OK, met = 0, aimed = 0;
    for (int i = 0; hu_bench_row_at(i); i++)
        t->rows += !only || strstr(hu_bench_row_at(i)->name, only);
    if (only && !*only)
        return hu_cli_fail(HU_CLI_USAGE, "bench: --only is empty; it takes a part of a name, such as gemm");
    if (t->rows == 0)
        return no_row(only);
    int threads = hu_threads_set(0);
    find_machine(&t->all.machine);
    const hu_bench_machine *m = &t->all.machine;
    if (t->record)
        hu_bench_write_machine(t->record, m);
    if (t->json)
        hu_bench_write_machine(stdout, m);
    else
        printf("%s, %s, %.0f threads; halfulp %s, %s\n%-48s %6s %-9s %8s %-7s %-25s %5s  %6s  %6s\n", m->cpu, m->isa, m->threads, m->version, m->date, "", "size", "mode",
               "speed", "", "ratio to yardstick", "+-", "scalar", "target");
    for (int i = 0; hu_bench_row_at(i) && status == HU_CLI_OK; i++)
        if (!only || strstr(hu_bench_row_at(i)->name, only)) {
            t->row++;
            status = run_row(t, hu_bench_row_at(i));
        }
    hu_threads_set(threads);
    for (size_t i = 0; i < t->all.n; i++) {
        aimed += t->all.result[i].target > 0;
        met += t->all.result[i].target > 0 && t->all.result[i].ratio >= t->all.result[i].target;
    }
    if (status == HU_CLI_OK && !t->json && aimed)
        printf("%d of %d targets met\n", met, aimed);
    return status;
}

/* ---- two records ---- */

static int compare(const hu_bench_record *old, const hu_bench_record *new)
{
    return hu_bench_compare(stdout, old, new) ? HU_CLI_FAILED : HU_CLI_OK;
}

static int compare_files(const hu_bench_record *old, const char *path)
{
    hu_error err = {0};
    hu_bench_record new;
    int status = hu_bench_record_read(&new, path, &err) ? hu_cli_fail(HU_CLI_USAGE, "bench: %s", err.text) : compare(old, &new);
    hu_bench_record_clear(&new);
    return status;
}

static int measure_all(table *t, const char *only, const char *record, const hu_bench_record *old)
{
    if (record && !(t->record = fopen(record, "w")))
        return hu_cli_fail(HU_CLI_USAGE, "bench: %s could not be written", record);
    int status = run_table(t, only);
    if (t->record && fclose(t->record) != 0 && status == HU_CLI_OK)
        status = hu_cli_fail(HU_CLI_FAILED, "bench: %s could not be written", record);
    if (status == HU_CLI_OK && old)
        status = compare(old, &t->all);
    hu_bench_record_clear(&t->all);
    return status;
}

int hu_bench_table(int argc, char **argv)
{
    const char *only = NULL, *record = NULL, *older = NULL;
    table t = {.tells = isatty(STDERR_FILENO)};
    const hu_option options[] = {
        {"only", HU_OPTION_TEXT, &only, "TEXT", "rows with this in their name"},
        {"record", HU_OPTION_TEXT, &record, "FILE", "the results as JSON, an object a line, the first about the machine"},
        {"compare", HU_OPTION_TEXT, &older, "FILE", "shows the ratios beside those of that record, and what got slower beyond\nthe noise (exit status 1); with another record as argument nothing is measured"},
        {"json", HU_OPTION_SWITCH, &t.json, NULL, "the record to stdout in place of the table"},
        {"quick", HU_OPTION_SWITCH, &t.quick, NULL, "small sizes and few repetitions, to see that all of it works; no targets"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"bench", "[OPTIONS]\n--compare OLD.json NEW.json\nNAME [OPTIONS]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc > (older ? 1 : 0))
        return hu_cli_fail(HU_CLI_USAGE, "bench: takes options, and one record beside --compare; got '%s'", argv[older ? 1 : 0]);
    if (argc == 1 && (only || record || t.json || t.quick))
        return hu_cli_fail(HU_CLI_USAGE, "bench: two records are compared, nothing is measured; --only, --record, --json and --quick go without");

    hu_error err = {0};
    hu_bench_record old = {.result = NULL};
    if (older && hu_bench_record_read(&old, older, &err))
        status = hu_cli_fail(HU_CLI_USAGE, "bench: %s", err.text);
    else
        status = argc == 1 ? compare_files(&old, argv[0]) : measure_all(&t, only, record, older ? &old : NULL);
    hu_bench_record_clear(&old);
    return status;
}
