/* vectors-check.c - halfulp vectors check: computes a file of test vectors again and shows what differs. */
#include <inttypes.h>
#include <string.h>

#include "src/cli/formats-file.h"
#include "src/cli/vectors.h"
#include "src/lab/interrupt.h"

static const char text[] =
    "Reads test vectors, computes each line again and shows the first differences in full: the operands, the result and flags\n"
    "that are right, those that were found, and the bits in which they differ. A header says what the vectors are about, and\n"
    "options that say otherwise are an error; files without a header need --op, --format and --layout. With --against the\n"
    "outputs are taken from another file: whole lines of the same layout, or results with or without flags.\n"
    "Exit status: 0 no difference, 1 differences, 2 wrong use or a file that is none.\n"
    "\n"
    "  $ halfulp vectors check mul.hex\n"
    "  $ halfulp vectors check mul.hex --against rtl.out --nan any --max 3\n"
    "  $ testfloat_gen f16_add | halfulp vectors check - --op f16_add\n";

/* --- findings as text --- */

static void print_value(const hu_field *f, const uint64_t *words)
{
    char code[HU_TEXT_SIZE], value[HU_TEXT_SIZE];
    hu_bits a = hu_field_get(f, words);
    printf("%s", hu_bits_to_text(&a, f->width_bits, code));
    if (f->format)
        printf("  %s", hu_bits_to_decimal(f->format, &a, value));
    else if (f->is_signed)
        printf("  %" PRId64, (int64_t)(a.word[0] << (64 - f->width_bits)) >> (64 - f->width_bits));
    else if (strncmp(f->name, "random", 6) != 0)
        printf("  %" PRIu64, a.word[0]);
}

static void print_operands(const hu_task *t, const uint64_t *in)
{
    for (int i = 0; i < t->n_operands + t->n_random; i++) {
        printf("  %-8s      ", t->field[i].name);
        print_value(&t->field[i], in);
        putchar('\n');
    }
}

/* The bits in which two codes differ, as "bits 0x0003". */
static void print_bits(const hu_field *f, const uint64_t *want, const uint64_t *got)
{
    char code[HU_TEXT_SIZE];
    hu_bits a = hu_field_get(f, want), b = hu_field_get(f, got);
    for (int i = 0; i < HU_BITS_WORDS; i++)
        a.word[i] ^= b.word[i];
    if (!hu_bits_is_zero(&a))
        printf("  (bits %s)", hu_bits_to_text(&a, f->width_bits, code));
}

static void print_results(const hu_task *t, const hu_finding *f)
{
    for (int i = 0; i < t->n_results; i++) {
        const hu_field *field = &t->field[t->n_operands + t->n_random + i];
        bool same = f->got && memcmp(f->want + field->at, f->got + field->at, (size_t)field->n_words * sizeof *f->got) == 0;
        if (same && t->n_results > 2 && f->result_differs)
            continue;
        printf("  %-8s want ", field->name);
        print_value(field, f->want);
        if (f->got && !same) {
            printf("\n  %-8s got  ", "");
            print_value(field, f->got);
            print_bits(field, f->want, f->got);
        }
        putchar('\n');
    }
}

static void print_flags(const hu_finding *f)
{
    char want[HU_FLAGS_SIZE], got[HU_FLAGS_SIZE], missing[HU_FLAGS_SIZE], extra[HU_FLAGS_SIZE];
    printf("  %-8s want %s\n", "flags", hu_flags_to_text(f->want_flags, want));
    if (!f->flags_differ)
        return;
    hu_flags lacks = f->want_flags & ~f->got_flags, adds = f->got_flags & ~f->want_flags;
    printf("  %-8s got  %s  (", "", hu_flags_to_text(f->got_flags, got));
    if (lacks)
        printf("missing: %s%s", hu_flags_to_text(lacks, missing), adds ? "; " : "");
    if (adds)
        printf("not due: %s", hu_flags_to_text(adds, extra));
    puts(")");
}

static void print_finding(void *to, const hu_finding *f)
{
    (void)to;
    hu_vectors_end_progress();
    if (f->kind == HU_FINDING_FILE) {
        puts(f->text);
        return;
    }
    if (f->kind == HU_FINDING_MISSING)
        printf("missing: vector %" PRIu64 ", which belongs before line %" PRIu64 "\n", f->vector, f->line);
    else if (f->vector > 0)
        printf("line %" PRIu64 ", vector %" PRIu64 ": %s\n", f->line, f->vector,
               f->kind == HU_FINDING_OPERANDS ? "the operands are not those of the set" : "differs");
    else
        printf("line %" PRIu64 ": differs\n", f->line);
    print_operands(f->task, f->in);
    if (f->kind == HU_FINDING_OPERANDS) {
        puts("  where the set has");
        print_operands(f->task, f->want);
        return;
    }
    print_results(f->task, f);
    print_flags(f);
}

static int print_summary(const char *path, const hu_check_result *r, uint64_t max, const hu_check_settings *s)
{
    if (r->windows_ends)
        hu_cli_note("%s has Windows line ends, which are taken as they are", path);
    if (r->findings > max)
        printf("... and %" PRIu64 " more\n", r->findings - max);
    printf("%" PRIu64 " vectors of %s: ", r->lines, r->task);
    if (r->findings == 0)
        printf("no difference%s\n", s->ignore_flags ? ", flags not looked at" : "");
    else
        printf("%" PRIu64 " finding%s (%" PRIu64 " differ, %" PRIu64 " missing)\n", r->findings, r->findings == 1 ? "" : "s",
               r->differing, r->missing);
    return r->findings == 0 ? HU_CLI_OK : HU_CLI_FAILED;
}

int hu_vectors_cmd_check(int argc, char **argv)
{
    const char *formats = NULL, *layout = NULL;
    int max = 10;
    hu_check_settings s = {.report = print_finding, .progress = hu_vectors_show_progress};
    const hu_option options[] = {
        HU_VECTORS_TASK_OPTIONS(&s.words, "any: one NaN is as good as another; exact (default): to the bit;\n"
                                           "canonical or propagate: what the results are, without a header"),
        {"layout", HU_OPTION_TEXT, &layout, "NAME", "testfloat, fpgen, hex or csv; default: the header's"},
        {"against", HU_OPTION_TEXT, &s.against, "FILE", "the outputs, where they are not in the file itself"},
        {"max", HU_OPTION_COUNT, &max, "N", "differences that are shown; all are counted; default 10"},
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
    s.max = (uint64_t)max;
    hu_interrupt_catch(NULL);
    hu_status done = hu_vectors_check(argv[0], &s, &result, &err);
    hu_interrupt_release();
    hu_vectors_end_progress();
    if (done)
        return hu_cli_fail(done == HU_ENOMEM || done == HU_EBUSY ? HU_CLI_FAILED : HU_CLI_USAGE, "vectors check: %s", err.text);
    return print_summary(argv[0], &result, s.max, &s);
}
