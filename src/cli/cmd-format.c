/* cmd-format.c - halfulp format: what a format is, as text in columns or as JSON. */
#include <stdio.h>
#include <string.h>

#include "formats/format.h"
#include "src/cli/cli.h"
#include "src/cli/options.h"
#include "src/ops/ops.h"

#define WIDEST_TABLE 8    /* bits of a format whose codes are listed */
#define WIDEST_COUNT 16   /* bits of a format whose values are counted one by one */

static const char text[] =
    "Shows a format: its fields, bias and range, the distance from 1 to the next value, how many values it\n"
    "has, and for formats of up to 8 bits every code with its value. --list shows the names there are.\n"
    "\n"
    "  $ halfulp format e4m3fn\n"
    "  $ halfulp format 'e5m7{bias=20,subnormals=flush}' --json\n";

static const char grammar[] =
    "Any other format is named by its fields:\n"
    "\n"
    "  eEmM         IEEE-like: E exponent bits (2 to 15), M significand bits (0 to 62), infinities, NaNs,\n"
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
    "  takumN       linear takum of N bits (2 to 64)\n"
    "  binaryKpPse  IEEE P3109: K bits (3 to 64), precision P; s signed or u unsigned, then e extended\n"
    "               (with infinities) or f finite; as in binary8p4se, binary8p1uf\n"
    "  eEmMfnu      a float without a sign, as in e8m0fnu\n"
    "  qI.F  uqI.F  fixed point: I bits before the point, the sign among them, and F after it; as in q4.12\n"
    "  intN  uintN  integers; {overflow=wrap} after these four: results past the range come back at its other end\n";

/* --- lines of the description: a table of what is shown --- */

typedef enum line_kind { LINE_TEXT, LINE_COUNT, LINE_NUMBER } line_kind;

typedef struct line {
    const char *label;      /* in the text    */
    const char *key;        /* in the JSON    */
    line_kind kind;
    char text[160];         /* LINE_TEXT; LINE_COUNT: digits */
    hu_num number;          /* LINE_NUMBER    */
} line;

#define LINES 24

typedef struct description {
    line lines[LINES];
    int n;
} description;

static line *add(description *d, const char *label, const char *key, line_kind kind)
{
    line *l = &d->lines[d->n++];
    l->label = label;
    l->key = key;
    l->kind = kind;
    return l;
}

static void add_text(description *d, const char *label, const char *key, const char *value)
{
    snprintf(add(d, label, key, LINE_TEXT)->text, sizeof d->lines[0].text, "%s", value);
}

static void add_count(description *d, const char *label, const char *key, long long value)
{
    snprintf(add(d, label, key, LINE_COUNT)->text, sizeof d->lines[0].text, "%lld", value);
}

static void add_number(description *d, const char *label, const char *key, hu_num value)
{
    add(d, label, key, LINE_NUMBER)->number = value;
}

/* --- how many values --- */

typedef struct census {
    hu_u128 finite;      /* different finite values; -0 and +0 are one */
    hu_u128 infinities;  /* codes */
    hu_u128 nans;        /* codes */
} census;

static bool is_fixed(const hu_format *f)
{
    return f->family == &hu_family_fixed;
}

static census count_codes(const hu_format *f)
{
    census c = {0, 0, 0};
    bool zero = false;
    for (hu_code code = 0; code <= hu_format_last_code(f); code++) {
        hu_num x = hu_decode(f, code);
        c.finite += x.kind == HU_FINITE;
        c.infinities += x.kind == HU_INF;
        c.nans += x.kind == HU_NAN;
        zero = zero || x.kind == HU_ZERO;
    }
    c.finite += zero;
    return c;
}

/* By the layout of fields: the codes of the finite positive values run from 1 to max_code, and what is
 * neither finite nor an infinity is a NaN. */
static census count_by_fields(const hu_format *f)
{
    hu_u128 sides = f->is_signed ? 2 : 1;
    hu_u128 subnormals = (hu_u128)1 << f->man_bits;
    hu_u128 positive = f->max_code - (f->subnormals & HU_FLUSH_IN ? subnormals - 1 : 0);
    hu_u128 zeros = f->has_negative_zero ? 2 : 1;
    census c = {.finite = sides * positive + 1, .infinities = f->has_inf ? sides : 0};
    c.nans = hu_format_last_code(f) - sides * f->max_code - zeros - c.infinities + 1;
    return c;
}

static void add_big_count(description *d, const char *label, const char *key, hu_u128 n)
{
    char digits[48];
    char *out = digits + sizeof digits - 1;
    for (*out = '\0'; n > 0 || !*out; n /= 10)
        *--out = (char)('0' + (int)(n % 10));
    snprintf(add(d, label, key, LINE_COUNT)->text, sizeof d->lines[0].text, "%s", out);
}

/* --- the description --- */

static void add_fields(description *d, const hu_format *f)
{
    char fields[96];
    add_count(d, "width in bits", "width_bits", f->width_bits);
    if (is_fixed(f)) {
        snprintf(fields, sizeof fields, "%s%d whole, %d fraction", f->is_signed ? "1 sign, " : "",
                 f->emin + 1, f->man_bits - f->emin);
        add_text(d, "fields in bits", "fields", fields);
        add_text(d, "past the range", "overflow", f->wraps ? "wraps around" : "the nearest value");
        return;
    }
    if (!hu_format_has_fields(f)) {
        add_count(d, "largest precision", "precision_bits", f->man_bits + 1);
        add_count(d, "smallest exponent", "emin", f->emin);
        add_count(d, "largest exponent", "emax", f->emax);
        return;
    }
    snprintf(fields, sizeof fields, "%s%d exponent, %d significand", f->is_signed ? "1 sign, " : "", f->exp_bits, f->man_bits);
    add_text(d, "fields in bits", "fields", fields);
    add_count(d, "exponent bits", "exp_bits", f->exp_bits);
    add_count(d, "significand bits", "man_bits", f->man_bits);
    add_count(d, "precision in bits", "precision_bits", f->man_bits + 1);
    add_count(d, "bias", "bias", f->bias);
    add_count(d, "smallest exponent", "emin", f->emin);
    add_count(d, "largest exponent", "emax", f->emax);
}

static void add_specials(description *d, const hu_format *f)
{
    static const char *const subnormals[] = {"kept", "read as zero", "flushed to zero as results", "flushed to zero, read and as results"};
    add_text(d, "infinities", "has_infinities", f->has_inf ? "yes" : "no");
    add_text(d, "NaN", "has_nan", f->has_nan ? "yes" : "no");
    add_text(d, "negative zero", "has_negative_zero", f->has_negative_zero ? "yes" : "no");
    if (hu_format_has_fields(f))
        add_text(d, "subnormals", "subnormals", subnormals[f->subnormals & 3]);
}

/* Of a fixed-point format: the code after the largest, in two's complement. */
static hu_num lowest(const hu_format *f)
{
    return f->is_signed ? hu_decode(f, f->max_code + 1) : hu_num_zero(false);
}

static void describe(description *d, const hu_format *f)
{
    d->n = 0;
    add_text(d, "name", "name", f->name);
    add_text(d, "family", "family", f->family->name);
    add_fields(d, f);
    add_specials(d, f);
    add_number(d, "largest finite", "max", hu_format_max(f));
    if (is_fixed(f))
        add_number(d, "most negative", "min", lowest(f));
    if (hu_format_has_fields(f)) {
        add_number(d, "smallest normal", "min_normal", hu_format_min_normal(f));
        add_number(d, "smallest subnormal", "min_subnormal", hu_format_min_subnormal(f));
    } else {
        add_number(d, "smallest positive", "min_positive", hu_format_min_subnormal(f));
    }
    add_number(d, "epsilon", "epsilon", hu_format_epsilon(f));
    if (hu_format_has_fields(f) || f->width_bits <= WIDEST_COUNT) {
        census c = hu_format_has_fields(f) ? count_by_fields(f) : count_codes(f);
        add_big_count(d, "finite values", "n_finite", c.finite);
        add_big_count(d, "infinity codes", "n_infinities", c.infinities);
        add_big_count(d, "NaN codes", "n_nans", c.nans);
    }
    if (f->source)
        add_text(d, "source", "source", f->source);
}

/* --- as text --- */

static void print_line(const line *l)
{
    char decimal[HU_TEXT_SIZE], hex[HU_TEXT_SIZE];
    if (l->kind == LINE_NUMBER)
        printf("%-20s %-26s %s\n", l->label, hu_num_to_decimal(l->number, decimal), hu_num_to_hex(l->number, hex));
    else
        printf("%-20s %s\n", l->label, l->text);
}

/* sign, exponent and significand apart: "0 0111 000" */
static char *bits_of(const hu_format *f, hu_code code, char out[WIDEST_TABLE + 4])
{
    char *c = out;
    for (int i = f->width_bits - 1; i >= 0; i--) {
        *c++ = (char)('0' + (int)(code >> i & 1));
        bool ends_sign = f->is_signed && i == f->width_bits - 1;
        if (hu_format_has_fields(f) && i > 0 && (ends_sign || i == f->man_bits))
            *c++ = ' ';
    }
    *c = '\0';
    return out;
}

static void print_table(const hu_format *f)
{
    char code[HU_TEXT_SIZE], bits[WIDEST_TABLE + 4], decimal[HU_TEXT_SIZE], hex[HU_TEXT_SIZE];
    printf("\n%-6s %-12s %-26s %s\n", "code", "bits", "value", "exact");
    for (hu_code n = 0; n <= hu_format_last_code(f); n++) {
        hu_num x = hu_decode(f, n);
        printf("%-6s %-12s %-26s %s\n", hu_code_to_text(n, f->width_bits, code), bits_of(f, n, bits),
               hu_num_to_decimal(x, decimal), hu_num_to_hex(x, hex));
    }
}

/* --- as JSON --- */

/* "value" is null for infinities and NaN, which JSON has no numbers for. */
static void print_json_number(hu_num x)
{
    char out[HU_TEXT_SIZE];
    bool is_number = x.kind == HU_ZERO || x.kind == HU_FINITE;
    printf("\"value\": %s, ", is_number ? hu_num_to_decimal(x, out) : "null");
    printf("\"hex\": \"%s\"", hu_num_to_hex(x, out));
}

static void print_json_line(const line *l)
{
    printf("\"%s\": ", l->key);
    if (l->kind == LINE_NUMBER) {
        putchar('{');
        print_json_number(l->number);
        putchar('}');
    } else if (l->kind == LINE_COUNT) {
        fputs(l->text, stdout);
    } else if (strcmp(l->text, "yes") == 0 || strcmp(l->text, "no") == 0) {
        fputs(l->text[0] == 'y' ? "true" : "false", stdout);
    } else {
        hu_cli_json_string(stdout, l->text);
    }
}

static void print_json(const hu_format *f, const description *d)
{
    putchar('{');
    for (int i = 0; i < d->n; i++) {
        print_json_line(&d->lines[i]);
        if (i + 1 < d->n)
            fputs(", ", stdout);
    }
    if (f->width_bits <= WIDEST_TABLE) {
        char code[HU_TEXT_SIZE];
        fputs(", \"codes\": [", stdout);
        for (hu_code n = 0; n <= hu_format_last_code(f); n++) {
            printf("%s{\"code\": \"%s\", ", n ? ", " : "", hu_code_to_text(n, f->width_bits, code));
            print_json_number(hu_decode(f, n));
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
    for (int i = 0; hu_format_at(i); i++) {
        const hu_format *f = hu_format_at(i);
        printf("%-16s %5d %5d %5d %6d  %-24s %s\n", f->name, f->width_bits, f->exp_bits, f->man_bits, f->bias,
               hu_num_to_decimal(hu_format_max(f), decimal), f->source ? f->source : "");
    }
    printf("\n%-16s %s\n", "alias", "stands for");
    for (int i = 0; hu_format_alias_at(i, &stands_for); i++)
        printf("%-16s %s\n", hu_format_alias_at(i, &stands_for), stands_for);
    printf("\n%s", grammar);
}

static void list_as_json(void)
{
    const char *stands_for;
    fputs("{\"formats\": [", stdout);
    for (int i = 0; hu_format_at(i); i++) {
        const hu_format *f = hu_format_at(i);
        printf("%s{\"name\": ", i ? ", " : "");
        hu_cli_json_string(stdout, f->name);
        printf(", \"family\": \"%s\", \"width_bits\": %d, \"exp_bits\": %d, \"man_bits\": %d, \"bias\": %d}",
               f->family->name, f->width_bits, f->exp_bits, f->man_bits, f->bias);
    }
    fputs("], \"aliases\": {", stdout);
    for (int i = 0; hu_format_alias_at(i, &stands_for); i++) {
        if (i)
            fputs(", ", stdout);
        hu_cli_json_string(stdout, hu_format_alias_at(i, &stands_for));
        fputs(": ", stdout);
        hu_cli_json_string(stdout, stands_for);
    }
    puts("}}");
}

static int show(const char *name, bool json)
{
    hu_error err;
    description d;
    const hu_format *f = hu_format_find(name, &err);
    if (!f)
        return hu_cli_fail(HU_CLI_USAGE, "format: %s", err.text);
    describe(&d, f);
    if (json) {
        print_json(f, &d);
        return HU_CLI_OK;
    }
    for (int i = 0; i < d.n; i++)
        print_line(&d.lines[i]);
    if (f->width_bits <= WIDEST_TABLE)
        print_table(f);
    return HU_CLI_OK;
}

int hu_cmd_format(int argc, char **argv)
{
    bool list = false, json = false;
    const hu_option options[] = {
        {"list", HU_OPTION_SWITCH, &list, NULL, "the formats that have names, and how all others are named"},
        {"json", HU_OPTION_SWITCH, &json, NULL, "as a JSON object"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"format", "NAME [--json]\n--list [--json]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (list && argc == 0) {
        if (json)
            list_as_json();
        else
            list_as_text();
        return HU_CLI_OK;
    }
    if (list || argc != 1)
        return hu_cli_fail(HU_CLI_USAGE, "format: takes one name, for example e4m3fn; 'halfulp format --list' shows them");
    return show(argv[0], json);
}
