/* cmd-format.c - halfulp format: what a format is, as text in columns or as JSON. */
#include <stdio.h>
#include <string.h>

#include "src/cli/block-description.h"
#include "src/cli/cli.h"
#include "src/cli/format-description.h"
#include "src/cli/format-diff.h"
#include "src/cli/format-plot.h"
#include "src/cli/format-table.h"
#include "src/cli/formats-file.h"
#include "src/cli/options.h"

static const char text[] =
    "Shows a format: its fields, bias and range, the distance from 1 to the next value, how many values it\n"
    "has, and for formats of up to 8 bits every code with its value. --list shows the names there are.\n"
    "--diff says what two formats do not share: properties, where which has the finer steps, values.\n"
    "--plot draws one or more: their values on a line, spacing and relative precision against magnitude,\n"
    "values in each binade. --table makes a table for a document, a row a format.\n"
    "\n"
    "  $ halfulp format e4m3fn\n"
    "  $ halfulp format 'e5m7{bias=20,subnormals=flush}' --json\n"
    "  $ halfulp format --diff e4m3fn e4m3fnuz\n"
    "  $ halfulp format --plot e4m3fn e5m2 posit8 --out formats.pdf\n"
    "  $ halfulp format --table e4m3fn e5m2 --as latex\n";

static const char grammar[] =
    "Any other format is named by its fields:\n"
    "\n"
    "  eEmM         IEEE-like: E exponent bits (1 to 30), M significand bits (0 to 236), infinities, NaNs,\n"
    "               subnormals, bias 2^(E-1)-1; as in e5m2, e8m7, e6m9\n"
    "  eEmMfn       finite: no infinities, one NaN a sign (none in the OCP elements of 4 and 6 bits)\n"
    "  eEmMfnuz     finite, one zero; NaN in place of -0; bias one larger\n"
    "  eEmMbB...    bias B; as in e4m3b11fnuz\n"
    "  NAME{...}    a format changed, in one or more of\n"
    "                 bias=N                                 the bias, also a negative one\n"
    "                 subnormals=keep|flush|flush-in|flush-out   read as zero, flushed as results, or both\n"
    "                 specials=ieee|fn|fnuz|finite           finite: neither infinities nor NaN\n"
    "               as in e5m7{bias=20,subnormals=flush}\n"
    "\n"
    "  positN       posit of N bits (3 to 64), 2 of them exponent; positN_ES with ES exponent bits (0 to 5)\n"
    "  takumN       linear takum of N bits (2 to 64); takum_logN: logarithmic\n"
    "  lnsI.F       a sign and the logarithm to base 2, I bits before its point and F after it\n"
    "  binaryKpPse  IEEE P3109: K bits (3 to 64), precision P; s signed or u unsigned, then e extended\n"
    "               (with infinities) or f finite; as in binary8p4se, binary8p1uf\n"
    "  eEmMfnu      a float without a sign, as in e8m0fnu\n"
    "  qI.F  uqI.F  fixed point: I bits before the point, the sign among them, and F after it; as in q4.12\n"
    "  intN  uintN  integers; {overflow=wrap} after these four: results past the range come back at its other end\n"
    "\n"
    "Block formats, in which a block of elements shares a scale:\n"
    "\n"
    "  block(ELEMENT, scale=FORMAT, size=N, rule=floor|ceil|even|up|mse, tensor=FORMAT, target=NUMBER)\n"
    "               ELEMENT and FORMAT name formats; size N, RxN or tensor; what is left out is scale=e8m0fnu, size=32,\n"
    "               rule=floor for scales that are powers of two, else even; as in block(nf4, scale=fp32, size=64)\n"
    "  NAME{...}    a block format changed, in one or more of these; as in mxfp4{rule=up}\n";

/* --- as text --- */

static void print_line(const hu_property *l)
{
    if (l->kind == HU_PROPERTY_NUMBER)
        printf("%-20s %-26s %s\n", l->label, l->text, l->hex);
    else
        printf("%-20s %s\n", l->label, l->text);
}

static void print_table(const hu_format *f)
{
    char code[HU_TEXT_SIZE], bits[HU_VALUES_WIDEST + 4], decimal[HU_TEXT_SIZE], hex[HU_TEXT_SIZE];
    printf("\n%-6s %-12s %-26s %s\n", "code", "bits", "value", "exact");
    for (hu_code n = 0; n <= hu_format_last_code(f); n++) {
        hu_num x = hu_decode(f, n);
        printf("%-6s %-12s %-26s %s\n", hu_code_to_text(n, f->width_bits, code), hu_code_bits(f, n, bits),
               hu_num_to_decimal(x, decimal), hu_num_to_hex(x, hex));
    }
}

/* --- as JSON --- */

/* The object, without its closing bracket. */
static void print_json_lines(const hu_description *d)
{
    putchar('{');
    for (int i = 0; i < d->n; i++) {
        printf("\"%s\": ", d->lines[i].key);
        hu_property_json(stdout, &d->lines[i]);
        if (i + 1 < d->n)
            fputs(", ", stdout);
    }
}

static void print_json(const hu_format *f, const hu_description *d)
{
    print_json_lines(d);
    if (f->width_bits <= HU_CODES_WIDEST) {
        char code[HU_TEXT_SIZE];
        fputs(", \"codes\": [", stdout);
        for (hu_code n = 0; n <= hu_format_last_code(f); n++) {
            printf("%s{\"code\": \"%s\", ", n ? ", " : "", hu_code_to_text(n, f->width_bits, code));
            hu_number_json(stdout, hu_decode(f, n));
            putchar('}');
        }
        putchar(']');
    }
    puts("}");
}

/* --- the list --- */

static void list_as_text(void)
{
    const char *stands_for;
    char decimal[HU_TEXT_SIZE];
    printf("%-16s %5s %5s %5s %6s  %-24s %s\n", "format", "bits", "exp", "man", "bias", "largest", "source");
    for (int i = 0; hu_format_listed_at(i); i++) {
        const hu_format *f = hu_format_listed_at(i);
        char fields[48] = "    -     -      -";          /* of families whose codes have none */
        if (hu_format_has_fields(f))
            snprintf(fields, sizeof fields, "%5d %5d %6d", f->exp_bits, f->man_bits, f->bias);
        printf("%-16s %5d %s  %-24s %s\n", f->name, f->width_bits, fields, hu_num_to_decimal(hu_format_max(f), decimal), f->source ? f->source : "");
    }
    printf("\n%-16s %s\n", "alias", "stands for");
    for (int i = 0; hu_format_alias_at(i, &stands_for); i++)
        printf("%-16s %s\n", hu_format_alias_at(i, &stands_for), stands_for);
    hu_list_blocks(stdout);
    printf("\n%s", grammar);
}

static void list_one_as_json(const hu_format *f, const char *lead)
{
    static const char *const fields[] = {"exp_bits", "man_bits", "bias", "max", "source"};
    hu_description d;
    hu_describe(&d, f);
    printf("%s{\"name\": ", lead);
    hu_cli_json_string(stdout, f->name);
    printf(", \"family\": \"%s\", \"width_bits\": %d", f->family->name, f->width_bits);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const hu_property *l = hu_description_find(&d, fields[i]);
        printf(", \"%s\": ", fields[i]);
        if (l)
            hu_property_json(stdout, l);
        else
            fputs("null", stdout);
    }
    putchar('}');
}

static void list_as_json(void)
{
    const char *stands_for;
    fputs("{\"formats\": [", stdout);
    for (int i = 0; hu_format_listed_at(i); i++)
        list_one_as_json(hu_format_listed_at(i), i ? ", " : "");
    fputs("], \"aliases\": {", stdout);
    for (int i = 0; hu_format_alias_at(i, &stands_for); i++) {
        if (i)
            fputs(", ", stdout);
        hu_cli_json_string(stdout, hu_format_alias_at(i, &stands_for));
        fputs(": ", stdout);
        hu_cli_json_string(stdout, stands_for);
    }
    fputs("}, ", stdout);
    hu_list_blocks_json(stdout);
    puts("}");
}

static int show_block(const char *name, bool json)
{
    hu_error err;
    hu_description d;
    const hu_block_format *f = hu_block_find(name, &err);
    if (!f)
        return hu_cli_fail(HU_CLI_USAGE, "format: %s", err.text);
    hu_describe_block(&d, f);
    if (json)
        print_json_lines(&d);
    for (int i = 0; !json && i < d.n; i++)
        print_line(&d.lines[i]);
    if (json)
        puts("}");
    return HU_CLI_OK;
}

/* --- one format, or several --- */

static int show(const hu_format *f, bool json)
{
    hu_description d;
    hu_describe(&d, f);
    if (json) {
        print_json(f, &d);
        return HU_CLI_OK;
    }
    for (int i = 0; i < d.n; i++)
        print_line(&d.lines[i]);
    if (f->width_bits <= HU_CODES_WIDEST)
        print_table(f);
    return HU_CLI_OK;
}

enum { MOST_FORMATS = 64 };

typedef struct request {
    bool list, json, diff, all, plot, table, values;
    const char *as, *out;
    hu_table_kind kind;
    char **names;                          /* as they were written */
    const hu_format *formats[MOST_FORMATS];
    int n;
} request;

/* -1, or an exit status after an error. */
static int read_formats(request *r, int argc, char **argv)
{
    hu_error err;
    if (argc > MOST_FORMATS)
        return hu_cli_fail(HU_CLI_USAGE, "format: %d formats at once are too many; up to %d will do", argc, MOST_FORMATS);
    r->names = argv;
    for (r->n = 0; r->n < argc; r->n++) {
        r->formats[r->n] = hu_format_find(argv[r->n], &err);
        if (!r->formats[r->n])
            return hu_cli_fail(HU_CLI_USAGE, "format: %s", err.text);
    }
    return -1;
}

/* What does not go together; -1, or an exit status. */
static int check(request *r)
{
    const struct { bool given; const char *name; bool fits; const char *to; } options[] = {
        {r->json,        "--json",   !r->plot && !r->table && !r->as, "a format, --list or --diff"},
        {r->all,         "--all",    r->diff, "--diff"},
        {r->values,      "--values", r->table, "--table"},
        {r->as != NULL,  "--as",     r->table || r->list, "--table or --list"},
        {r->out != NULL, "--out",    r->plot, "--plot"},
    };
    if (r->list + r->diff + r->plot + r->table > 1)
        return hu_cli_fail(HU_CLI_USAGE, "format: --list, --diff, --plot and --table are one at a time");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (options[i].given && !options[i].fits)
            return hu_cli_fail(HU_CLI_USAGE, "format: %s belongs to %s", options[i].name, options[i].to);
    }
    if (!r->as && r->table)
        return hu_cli_fail(HU_CLI_USAGE, "format: --table needs --as markdown, --as latex or --as csv");
    if (r->as && !hu_table_kind_find(r->as, &r->kind))
        return hu_cli_fail(HU_CLI_USAGE, "format: --as takes markdown, latex or csv; got '%s'", r->as);
    return -1;
}

static int answer(const request *r)
{
    if (r->list && r->n > 0)
        return hu_cli_fail(HU_CLI_USAGE, "format: --list takes no name, for it shows them all; without --list it takes one name");
    if (r->list) {
        if (r->as)
            hu_format_list_table(r->kind);
        else if (r->json)
            list_as_json();
        else
            list_as_text();
        return HU_CLI_OK;
    }
    if (r->diff && r->n != 2)
        return hu_cli_fail(HU_CLI_USAGE, "format: --diff takes two names, for example e4m3fn e4m3fnuz; got %d", r->n);
    if (r->diff)
        return hu_format_diff(r->formats[0], r->formats[1], r->json, r->all);
    if ((r->plot || r->table) && r->n == 0)
        return hu_cli_fail(HU_CLI_USAGE, "format: --%s takes one name or more, for example e4m3fn e5m2", r->plot ? "plot" : "table");
    if (r->plot)
        return hu_format_plot(r->names, r->n, r->out);
    if (r->table && r->values)
        return hu_format_value_table(r->formats, r->n, r->kind);
    if (r->table) {
        hu_format_table(r->formats, r->n, r->kind);
        return HU_CLI_OK;
    }
    if (r->n != 1)
        return hu_cli_fail(HU_CLI_USAGE, "format: takes one name, for example e4m3fn; 'halfulp format --list' shows them");
    return show(r->formats[0], r->json);
}

int hu_cmd_format(int argc, char **argv)
{
    request r = {0};
    const char *formats = NULL;
    const hu_option options[] = {
        {"list",   HU_OPTION_SWITCH, &r.list,   NULL,   "the formats that have names, and how all others are named"},
        {"diff",   HU_OPTION_SWITCH, &r.diff,   NULL,   "what differs between two formats"},
        {"all",    HU_OPTION_SWITCH, &r.all,    NULL,   "of --diff: all values that only one has, also where they are many"},
        {"plot",   HU_OPTION_SWITCH, &r.plot,   NULL,   "a figure of one format or more"},
        {"out",    HU_OPTION_TEXT,   &r.out,    "FILE", "of --plot: where to; ends in .svg, .png or .pdf\n(the names joined by dashes, .svg, if not given)"},
        {"table",  HU_OPTION_SWITCH, &r.table,  NULL,   "a table of properties, a row a format"},
        {"values", HU_OPTION_SWITCH, &r.values, NULL,   "of --table: all codes with their values instead (up to 8 bits)"},
        {"as",     HU_OPTION_TEXT,   &r.as,     "KIND", "of --table and --list: markdown, latex or csv"},
        {"json",   HU_OPTION_SWITCH, &r.json,   NULL,   "as a JSON object"},
        HU_FORMATS_OPTION(&formats),
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"format", "NAME [--json]\n--diff A B [--all] [--json]\n--plot NAME... [--out FILE]\n"
                            "--table NAME... --as KIND [--values]\n--list [--json | --as KIND]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status < 0)
        status = check(&r);
    if (status < 0 && argc == 1 && hu_block_is_name(argv[0]) && !r.list && !r.plot && !r.table && !r.diff)
        return show_block(argv[0], r.json);
    if (status < 0)
        status = hu_formats_load("format", formats);
    if (status < 0)
        status = read_formats(&r, argc, argv);
    return status < 0 ? answer(&r) : status;
}
