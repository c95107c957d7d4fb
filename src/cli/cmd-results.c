/* cmd-results.c - halfulp results: what is in a run directory, asked for, merged, compared. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/analysis/stats.h"
#include "src/base/memory.h"
#include "src/cli/cli.h"
#include "src/cli/options.h"
#include "src/cli/results-print.h"
#include "src/cli/run-store.h"
#include "src/lab/compare.h"
#include "src/lab/merge.h"

static const char text[] =
    "Shows the points of a run directory: their parameters and results, or groups of them with statistics.\n"
    "EXPR is an SQL condition on these columns, such as \"mantissa > 3 and error < 0.1\"; QUERY is a SELECT from\n"
    "the view `results`, or from any table of the store. Neither can change anything.\n"
    "\n"
    "  $ halfulp results results/bits-vs-loss --group mantissa --stat mean,ci95 --columns error\n"
    "\n"
    "actions:\n"
    "  merge    the points of other directories into one\n"
    "  diff     which points have other results in another directory, and by how much\n";

/* A wrong query is wrong usage. */
static int status_of(hu_status status)
{
    return status == HU_OK ? HU_CLI_OK : status == HU_EINVAL || status == HU_ENAME ? HU_CLI_USAGE : HU_CLI_FAILED;
}

static bool choose_form(bool csv, bool json, hu_print_form *form)
{
    *form = csv ? HU_PRINT_CSV : json ? HU_PRINT_JSON : HU_PRINT_TEXT;
    return !(csv && json);
}

/* --- results DIR --- */

static int show(int argc, char **argv)
{
    hu_query q = {0};
    bool csv = false, json = false;
    hu_print_form form;
    const hu_option options[] = {
        {"where",   HU_OPTION_TEXT,   &q.where,    "EXPR",  "only the points for which the condition holds"},
        {"columns", HU_OPTION_TEXT,   &q.columns,  "NAMES", "these, joined by commas, in place of all"},
        {"group",   HU_OPTION_TEXT,   &q.group,    "NAMES", "one row for each combination of these columns' values"},
        {"stat",    HU_OPTION_TEXT,   &q.stats,    "NAMES", "of each column in a group (mean,ci95): n, bad (not finite), mean, sd,\n"
                                                            "sem, ci95 (half the interval's width), min, max, median, sum, p1 to p99"},
        {"sweep",   HU_OPTION_TEXT,   &q.sweep,    "NAME",  "only the points of this sweep"},
        {"all",     HU_OPTION_SWITCH, &q.all_runs, NULL,    "also points that the latest run did not have"},
        {"sql",     HU_OPTION_TEXT,   &q.sql,      "QUERY", "a query of your own"},
        {"csv",     HU_OPTION_SWITCH, &csv,        NULL,    "as comma-separated values, with all digits"},
        {"json",    HU_OPTION_SWITCH, &json,       NULL,    "as JSON, one object a line, with all digits"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"results", "DIR [OPTIONS]\nmerge TARGET DIR...\ndiff DIR DIR [OPTIONS]", text, options};
    hu_error err = {0};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc != 1)
        return hu_cli_fail(HU_CLI_USAGE, "results: takes one run directory, for example halfulp results results/bits-vs-loss; got %d", argc);
    if (!choose_form(csv, json, &form))
        return hu_cli_fail(HU_CLI_USAGE, "results: --csv and --json exclude each other");
    if (q.sql && (q.where || q.columns || q.group || q.stats || q.sweep || q.all_runs))
        return hu_cli_fail(HU_CLI_USAGE, "results: --sql is the whole query; it takes only --csv or --json beside it");
    if (q.stats && !q.group)
        return hu_cli_fail(HU_CLI_USAGE, "results: --stat needs --group");
    hu_store *s = hu_cli_store("results", argv[0], &status);
    hu_printer *p = s ? hu_printer_new(form) : NULL;
    if (!s)
        return status;
    hu_sink sink = hu_printer_sink(p);
    hu_status result = p ? hu_store_query(s, &q, &sink, &err) : hu_fail(&err, HU_ENOMEM, "out of memory");
    hu_printer_end(p, result == HU_OK);
    status = status_of(result);
    hu_store_close(s, NULL);
    return result == HU_OK ? status : hu_cli_fail(status, "results: %s", err.text);
}

/* --- results merge --- */

static const char merge_text[] =
    "Takes the points of the latest run of each DIR, and the files that they left, into TARGET, which is made where it is not\n"
    "there. Points that both have are to have the same results, bit for bit; where one has not, nothing is taken from that DIR.\n"
    "The same command that made the parts, with --out TARGET and without --shard, then draws and reports what the script says.\n"
    "\n"
    "  $ halfulp results merge results/all results/part-1 results/part-2\n";

/* What a new manifest says of the script, taken from an older one. */
enum { SCRIPT, DIGEST, PARAMETERS, SEED, COMMAND, N_FACTS };

typedef struct facts {
    char *text[N_FACTS], *script;      /* the script's text, "" where it was not kept */
    char  command[4096];
} facts;

static hu_status read_facts(const char *folder, const char *target, facts *f, hu_error *err)
{
    static const char *const names[N_FACTS] = {"script", "script_sha256", "parameters", "seed", "command"};
    char path[4096];
    hu_status status = HU_OK;
    if (snprintf(path, sizeof path, "%s/results.sqlite", folder) >= (int)sizeof path)
        return hu_fail(err, HU_EINVAL, "the name of the folder is too long");
    hu_store *s = hu_store_open(path, false, err);
    if (!s)
        return err->status;
    for (int i = 0; i < N_FACTS; i++)
        if (!(f->text[i] = hu_store_fact(s, names[i])))
            status = hu_fail(err, HU_ENOMEM, "out of memory");
    if (!(f->script = hu_store_script(s)))
        status = hu_fail(err, HU_ENOMEM, "out of memory");
    hu_store_close(s, NULL);
    if (status != HU_OK)
        return status;
    const char *out = strstr(f->text[COMMAND], " --out ");
    int n = out ? (int)(out - f->text[COMMAND]) : (int)strlen(f->text[COMMAND]);
    snprintf(f->command, sizeof f->command, "%.*s --out %s", n, f->text[COMMAND], target);
    return HU_OK;
}

/* A target that is new gets its facts from the first part; one that is there keeps its own, and its points. */
static hu_run_dir *open_target(const char *target, const char *first, facts *f, hu_error *err)
{
    char path[4096];
    struct stat info;
    bool there = snprintf(path, sizeof path, "%s/results.sqlite", target) < (int)sizeof path && stat(path, &info) == 0;
    if (read_facts(there ? target : first, target, f, err) != HU_OK)
        return NULL;
    hu_run_facts facts_of = {.script = f->text[SCRIPT], .command = f->command, .seed = strtoull(f->text[SEED], NULL, 10), .jobs = 1,
                             .parameters = f->text[PARAMETERS][0] ? f->text[PARAMETERS] : "{}"};
    snprintf(facts_of.script_sha256, sizeof facts_of.script_sha256, "%.64s", f->text[DIGEST]);
    hu_run_dir *d = hu_run_dir_open(target, &facts_of, err);
    if (d && (hu_store_adopt(hu_run_dir_store(d), hu_run_dir_run(d), err) != HU_OK ||
              (*f->script && hu_store_event(hu_run_dir_store(d), hu_run_dir_run(d), NULL, "script", f->script, err) != HU_OK))) {
        hu_run_dir_close(d, NULL);
        d = NULL;
    }
    return d;
}

static int merge_all(const char *target, int n, char **from)
{
    facts f = {0};
    hu_error err = {0};
    hu_merged all = {0}, one;
    hu_run_dir *d = open_target(target, from[0], &f, &err);
    hu_status status = d ? HU_OK : err.status;
    for (int i = 0; status == HU_OK && i < n; i++) {
        status = hu_merge(d, from[i], &one, &err);
        all.n_added += one.n_added;
        all.n_known += one.n_known;
    }
    if (d && status != HU_OK)
        hu_run_dir_state(d, "failed", NULL);
    hu_status closed = hu_run_dir_close(d, status == HU_OK ? &err : NULL);
    status = status == HU_OK ? closed : status;
    for (int i = 0; i < N_FACTS; i++)
        hu_free(f.text[i]);
    hu_free(f.script);
    if (status != HU_OK)
        return hu_cli_fail(HU_CLI_FAILED, "results merge: %s", err.text);
    printf("%s: %zu points taken, %zu were there\n", target, all.n_added, all.n_known);
    return HU_CLI_OK;
}

static int merge(int argc, char **argv)
{
    const hu_option options[] = {{NULL, 0, NULL, NULL, NULL}};
    const hu_usage usage = {"results merge", "TARGET DIR...", merge_text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc < 2)
        return hu_cli_fail(HU_CLI_USAGE, "results merge: takes a target and one or more run directories, for example "
                                         "halfulp results merge results/all results/part-1 results/part-2");
    for (int i = 1; i < argc; i++) {              /* all can be read, or nothing is begun */
        hu_store *s = hu_cli_store("results", argv[i], &status);
        if (!s)
            return status;
        hu_store_close(s, NULL);
    }
    return merge_all(argv[0], argc - 1, argv + 1);
}

/* --- results diff --- */

static const char diff_text[] =
    "Compares the points of the latest run of two directories, matched by sweep and parameters: their script, seed and program\n"
    "may differ. Numbers are compared bit for bit, or with --within by their relative difference. Exit status 1: there are\n"
    "differences.\n"
    "\n"
    "  $ halfulp results diff results/before results/after --within 1e-6\n";

/* A row of the table, from a change. */
static hu_cell number_cell(const hu_value *v, double x)
{
    if (v && v->kind == HU_VALUE_INTEGER)
        return (hu_cell){.kind = HU_CELL_INTEGER, .integer = v->integer};
    if (v && v->kind == HU_VALUE_TEXT)
        return (hu_cell){.kind = HU_CELL_TEXT, .text = v->data, .n_bytes = v->n};
    return v ? (hu_cell){.kind = HU_CELL_REAL, .real = x} : (hu_cell){0};
}

static hu_cell text_cell(const char *words)
{
    return words ? (hu_cell){.kind = HU_CELL_TEXT, .text = words, .n_bytes = strlen(words)} : (hu_cell){0};
}

enum { N_DIFF = 7 };

static hu_status show_change(void *user, const hu_change *c, hu_error *err)
{
    static const char *const states[] = {"planned", "done", "failed"};
    const hu_sink *sink = user;
    char name[160];
    double difference = fabs(c->y - c->x), larger = fmax(fabs(c->x), fabs(c->y));
    bool numbers = c->kind == HU_CHANGE_VALUE || c->kind == HU_CHANGE_SERIES;
    hu_cell cells[N_DIFF] = {text_cell(c->sweep), text_cell(c->json)};
    if (c->kind == HU_CHANGE_SERIES && c->a && c->b && c->a->n == c->b->n)
        snprintf(name, sizeof name, "%.120s[%zu]", c->name, c->at + 1);
    else
        snprintf(name, sizeof name, "%.120s", numbers ? c->name : c->kind == HU_CHANGE_STATE ? "(status)" : "(point)");
    cells[2] = text_cell(name);
    if (numbers) {
        cells[3] = number_cell(c->a, c->x);
        cells[4] = number_cell(c->b, c->y);
    } else {
        cells[3] = text_cell(c->kind == HU_CHANGE_ONLY_B ? NULL : states[c->state_a]);
        cells[4] = text_cell(c->kind == HU_CHANGE_ONLY_A ? NULL : states[c->state_b]);
    }
    if (numbers && isfinite(difference)) {
        cells[5] = (hu_cell){.kind = HU_CELL_REAL, .real = difference};
        cells[6] = (hu_cell){.kind = HU_CELL_REAL, .real = larger > 0 ? difference / larger : 0};
    }
    return sink->row(sink->user, cells, N_DIFF, err);
}

static hu_status show_changes(hu_store *a, hu_store *b, double within, hu_print_form form, hu_comparison *sum, hu_error *err)
{
    static const char *const heads[N_DIFF] = {"sweep", "point", "result", "a", "b", "difference", "relative"};
    hu_printer *p = hu_printer_new(form);
    hu_sink sink = hu_printer_sink(p);
    hu_status status = p ? sink.head(p, heads, N_DIFF, err) : hu_fail(err, HU_ENOMEM, "out of memory");
    if (status == HU_OK)
        status = hu_compare(a, b, within, show_change, &sink, sum, err);
    hu_printer_end(p, status != HU_OK || sum->n_changed + sum->n_only_a + sum->n_only_b > 0);
    return status;
}

static bool read_share(const char *word, double *x)
{
    char *end;
    *x = word ? strtod(word, &end) : 0;
    return !word || (end != word && !*end && *x >= 0 && *x < 1);
}

static int diff(int argc, char **argv)
{
    const char *within = NULL;
    bool csv = false, json = false;
    double share = 0;
    hu_print_form form;
    const hu_option options[] = {
        {"within", HU_OPTION_TEXT,   &within, "X",  "numbers that differ by at most this part of the larger count as the same (0)"},
        {"csv",    HU_OPTION_SWITCH, &csv,    NULL, "as comma-separated values, with all digits"},
        {"json",   HU_OPTION_SWITCH, &json,   NULL, "as JSON, one object a line, with all digits"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"results diff", "DIR DIR [OPTIONS]", diff_text, options};
    hu_error err = {0};
    hu_comparison sum = {0};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc != 2)
        return hu_cli_fail(HU_CLI_USAGE, "results diff: takes two run directories; got %d", argc);
    if (!choose_form(csv, json, &form))
        return hu_cli_fail(HU_CLI_USAGE, "results diff: --csv and --json exclude each other");
    if (!read_share(within, &share))
        return hu_cli_fail(HU_CLI_USAGE, "results diff: --within takes a number from 0 to below 1, such as 1e-6; got '%s'", within);
    hu_store *a = hu_cli_store("results", argv[0], &status), *b = a ? hu_cli_store("results", argv[1], &status) : NULL;
    if (b) {
        hu_status result = show_changes(a, b, share, form, &sum, &err);
        status = result != HU_OK ? hu_cli_fail(HU_CLI_FAILED, "results diff: %s", err.text)
                                 : sum.n_changed + sum.n_only_a + sum.n_only_b > 0 ? HU_CLI_FAILED : HU_CLI_OK;
        fflush(stdout);
        if (result == HU_OK)
            fprintf(stderr, "halfulp: %zu points in both, %zu of them changed; %zu only in %s, %zu only in %s\n", sum.n_both,
                    sum.n_changed, sum.n_only_a, argv[0], sum.n_only_b, argv[1]);
    }
    hu_store_close(a, NULL);
    hu_store_close(b, NULL);
    return status;
}

int hu_cmd_results(int argc, char **argv)
{
    hu_analysis_init();
    if (argc > 0 && strcmp(argv[0], "merge") == 0)
        return merge(argc - 1, argv + 1);
    if (argc > 0 && strcmp(argv[0], "diff") == 0)
        return diff(argc - 1, argv + 1);
    return show(argc, argv);
}
