/* vectors-check.c - halfulp vectors check: computes a file of test vectors again and shows what differs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/cli/formats-file.h"
#include "src/cli/vectors.h"
#include "src/lab/interrupt.h"

static const char text[] =
    "Reads test vectors, computes each line again and shows the first differences in full: the operands, the result and flags\n"
    "that are right, those that were found, and the bits in which they differ. A header says what the vectors are about, and\n"
    "options that say otherwise are an error; files without a header need --op, --format, --layout, and\n"
    "--rounding if it is not rne; or a function of TestFloat. With --against the\n"
    "outputs are taken from another file: whole lines of the same layout, or results with or without flags.\n"
    "Exit status: 0 no difference, 1 differences (a line of outputs that is no number is one), 2 wrong use or a file that is none.\n"
    "\n"
    "  $ halfulp vectors check mul.hex\n"
    "  $ halfulp vectors check mul.hex --against rtl.out --nan any --max 3\n"
    "  $ testfloat_gen f16_add | halfulp vectors check - --op f16_add\n";

/* --- findings as text --- */

/* What is of the whole file is printed at once; of single lines what is shown is held, so that it comes after. */
typedef struct findings {
    FILE *lines;
    char *text;
    size_t n;
    bool none;          /* nothing is to be shown */
} findings;

static bool open_findings(findings *f)
{
    f->lines = open_memstream(&f->text, &f->n);
    return f->lines != NULL;
}

static void show_findings(findings *f)
{
    fclose(f->lines);
    fwrite(f->text, 1, f->n, stdout);
    free(f->text);
}

static void print_value(FILE *to, const hu_field *f, const uint64_t *words)
{
    char code[HU_TEXT_SIZE], value[HU_TEXT_SIZE];
    hu_bits a = hu_field_get(f, words);
    fprintf(to, "%s", hu_bits_to_text(&a, f->width_bits, code));
    if (f->format)
        fprintf(to, "  %s", hu_bits_to_decimal(f->format, &a, value));
    else if (f->is_signed)
        fprintf(to, "  %" PRId64, (int64_t)(a.word[0] << (64 - f->width_bits)) >> (64 - f->width_bits));
    else if (strncmp(f->name, "random", 6) != 0)
        fprintf(to, "  %" PRIu64, a.word[0]);
}

static void print_operands(FILE *to, const hu_task *t, const uint64_t *in)
{
    for (int i = 0; i < t->n_operands + t->n_random; i++) {
        fprintf(to, "  %-8s      ", t->field[i].name);
        print_value(to, &t->field[i], in);
        putc('\n', to);
    }
}

/* The bits in which two codes differ, as "bits 0x0003". */
static void print_bits(FILE *to, const hu_field *f, const uint64_t *want, const uint64_t *got)
{
    char code[HU_TEXT_SIZE];
    hu_bits a = hu_field_get(f, want), b = hu_field_get(f, got);
    for (int i = 0; i < HU_BITS_WORDS; i++)
        a.word[i] ^= b.word[i];
    if (!hu_bits_is_zero(&a))
        fprintf(to, "  (bits %s)", hu_bits_to_text(&a, f->width_bits, code));
}

static void print_results(FILE *to, const hu_task *t, const hu_finding *f)
{
    for (int i = 0; i < t->n_results; i++) {
        const hu_field *field = &t->field[t->n_operands + t->n_random + i];
        bool same = f->got && memcmp(f->want + field->at, f->got + field->at, (size_t)field->n_words * sizeof *f->got) == 0;
        if (same && t->n_results > 2 && f->result_differs)
            continue;
        fprintf(to, "  %-8s want ", field->name);
        print_value(to, field, f->want);
        if (f->got && !same) {
            fprintf(to, "\n  %-8s got  ", "");
            print_value(to, field, f->got);
            print_bits(to, field, f->want, f->got);
        }
        putc('\n', to);
    }
}

static void print_flags(FILE *to, const hu_finding *f)
{
    char want[HU_FLAGS_SIZE], got[HU_FLAGS_SIZE], missing[HU_FLAGS_SIZE], extra[HU_FLAGS_SIZE];
    fprintf(to, "  %-8s want %s\n", "flags", hu_flags_to_text(f->want_flags, want));
    if (!f->flags_differ)
        return;
    hu_flags lacks = f->want_flags & ~f->got_flags, adds = f->got_flags & ~f->want_flags;
    fprintf(to, "  %-8s got  %s  (", "", hu_flags_to_text(f->got_flags, got));
    if (lacks)
        fprintf(to, "missing: %s%s", hu_flags_to_text(lacks, missing), adds ? "; " : "");
    if (adds)
        fprintf(to, "not due: %s", hu_flags_to_text(adds, extra));
    fputs(")\n", to);
}

static void print_finding(void *held, const hu_finding *f)
{
    const findings *all = held;
    FILE *to = all->lines;
    hu_vectors_end_progress();
    if (f->kind == HU_FINDING_FILE && !all->none)
        puts(f->text);
    if (f->kind == HU_FINDING_LINE)
        fprintf(to, "%s\n", f->text);
    if (f->kind == HU_FINDING_FILE || f->kind == HU_FINDING_LINE)
        return;
    if (f->kind == HU_FINDING_MISSING)
        fprintf(to, "missing: vector %" PRIu64 ", which belongs before line %" PRIu64 "\n", f->vector, f->line);
    else if (f->vector > 0)
        fprintf(to, "line %" PRIu64 ", vector %" PRIu64 ": %s\n", f->line, f->vector,
               f->kind == HU_FINDING_OPERANDS ? "the operands are not those of the set" : "differs");
    else
        fprintf(to, "line %" PRIu64 ": differs\n", f->line);
    print_operands(to, f->task, f->in);
    if (f->kind == HU_FINDING_OPERANDS) {
        fputs("  where the set has\n", to);
        print_operands(to, f->task, f->want);
        return;
    }
    print_results(to, f->task, f);
    print_flags(to, f);
}

static int print_summary(const char *path, const hu_check_result *r, const hu_check_settings *s)
{
    if (r->windows_ends)
        hu_cli_note("%s has Windows line ends, which are taken as they are", path);
    if (r->outputs_windows_ends)
        hu_cli_note("%s has Windows line ends, which are taken as they are", s->against);
    uint64_t more = r->findings - r->of_file - r->reported;
    if (more > 0 && s->max > 0)
        printf("... and %" PRIu64 " more\n", more);
    printf("%" PRIu64 " vector%s of %s: ", r->lines, r->lines == 1 ? "" : "s", r->task);
    if (r->findings == 0)
        printf("no difference%s\n", s->ignore_flags ? ", flags not looked at" : "");
    else
        printf("%" PRIu64 " finding%s (%" PRIu64 " differ, %" PRIu64 " missing", r->findings, r->findings == 1 ? "" : "s",
               r->differing, r->missing);
    if (r->unreadable > 0)
        printf(", %" PRIu64 " unreadable", r->unreadable);
    if (r->findings > 0)
        puts(")");
    return r->findings == 0 ? HU_CLI_OK : HU_CLI_FAILED;
}

int hu_vectors_cmd_check(int argc, char **argv)
{
    const char *formats = NULL, *layout = NULL;
    hu_option_word max = {10, false};
    findings shown = {0};
    hu_check_settings s = {.report = print_finding, .to = &shown, .progress = hu_vectors_show_progress};
    const hu_option options[] = {
        HU_VECTORS_TASK_OPTIONS(&s.words, "any: one NaN is as good as another; exact (default): to the bit;\n"
                                           "canonical or propagate: what the results are, without a header"),
        {"layout", HU_OPTION_TEXT, &layout, "NAME", "testfloat, fpgen, hex or csv; default: the header's"},
        {"against", HU_OPTION_TEXT, &s.against, "FILE", "the outputs, where they are not in the file itself"},
        {"max", HU_OPTION_WORD, &max, "N", "differences that are shown; all are counted; default 10; 0: the last\nline alone"},
        HU_FORMATS_OPTION(&formats),
        {"ignore-flags", HU_OPTION_SWITCH, &s.ignore_flags, NULL, "compare results alone"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"vectors check", "FILE [OPTIONS]", text, options};
    hu_error err = {0};
    hu_check_result result;
    int status = hu_options_read(&usage, &argc, argv);
    if (status < 0)
        status = hu_formats_load("vectors check", formats);
    if (status >= 0)
        return status;
    if (argc != 1)
        return hu_cli_fail(HU_CLI_USAGE, "vectors check: takes one file ('-': standard input); got %d", argc);
    if (s.against && strcmp(s.against, "-") == 0 && strcmp(argv[0], "-") == 0)
        return hu_cli_fail(HU_CLI_USAGE, "vectors check: the vectors and the outputs cannot both come from standard input");
    if (layout && !(s.layout = hu_layout_find(layout, &err)))
        return hu_cli_fail(HU_CLI_USAGE, "vectors check: %s", err.text);
    s.any_nan = s.words.nan && strcmp(s.words.nan, "any") == 0;
    if (s.any_nan || (s.words.nan && strcmp(s.words.nan, "exact") == 0))
        s.words.nan = NULL;
    s.max = max.value;
    shown.none = max.value == 0;
    if (!open_findings(&shown))
        return hu_cli_fail(HU_CLI_FAILED, "vectors check: out of memory");
    hu_interrupt_catch(NULL);
    hu_status done = hu_vectors_check(argv[0], &s, &result, &err);
    hu_interrupt_release();
    hu_vectors_end_progress();
    show_findings(&shown);
    if (done)
        return hu_cli_fail(done == HU_ENOMEM || done == HU_EBUSY ? HU_CLI_FAILED : HU_CLI_USAGE, "vectors check: %s", err.text);
    return print_summary(argv[0], &result, &s);
}
