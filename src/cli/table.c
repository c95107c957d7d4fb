/* table.c - a table for documents: Markdown, LaTeX (a tabular that needs no package) or CSV (RFC 4180).
 *
 * Source of the last: Y. Shafranovich, RFC 4180: lines end in CR LF; a cell with a comma, a quote or a line end is quoted.
 */
#include "src/cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/ops/ops.h"

enum { DIGITS = 7 };

#define INFINITY_SIGN "\xe2\x88\x9e"      /* UTF-8 */
#define TIMES_SIGN "\xc2\xb7"

static const char *const names[] = {[HU_TABLE_MARKDOWN] = "markdown", [HU_TABLE_LATEX] = "latex", [HU_TABLE_CSV] = "csv"};

bool hu_table_kind_find(const char *name, hu_table_kind *out)
{
    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (hu_table_kind)i;
            return true;
        }
    }
    return false;
}

/* --- characters --- */

static void put_markdown(const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\*_<`", *text))
            putchar('\\');
        putchar(*text);
    }
}

static void put_latex(const char *text)
{
    static const struct { char c; const char *as; } escapes[] = {
        {'\\', "\\textbackslash{}"}, {'~', "\\textasciitilde{}"}, {'^', "\\textasciicircum{}"}, {'<', "\\textless{}"}, {'>', "\\textgreater{}"},
        {'{', "\\{"}, {'}', "\\}"}, {'#', "\\#"}, {'$', "\\$"}, {'%', "\\%"}, {'&', "\\&"}, {'_', "\\_"},
    };
    for (; *text; text++) {
        size_t i = 0;
        while (i < sizeof escapes / sizeof escapes[0] && escapes[i].c != *text)
            i++;
        if (i < sizeof escapes / sizeof escapes[0])
            fputs(escapes[i].as, stdout);
        else
            putchar(*text);
    }
}

static void put_csv(const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void put_text(const hu_table *t, const char *text)
{
    static void (*const put[])(const char *) = {[HU_TABLE_MARKDOWN] = put_markdown, [HU_TABLE_LATEX] = put_latex, [HU_TABLE_CSV] = put_csv};
    put[t->kind](text);
}

/* --- cells --- */

static void before_cell(const hu_table *t)
{
    static const char *const between[] = {[HU_TABLE_MARKDOWN] = " | ", [HU_TABLE_LATEX] = " & ", [HU_TABLE_CSV] = ","};
    if (t->column > 0)
        fputs(between[t->kind], stdout);
    else if (t->kind == HU_TABLE_MARKDOWN)
        fputs("| ", stdout);
}

static void after_cell(hu_table *t)
{
    static const char *const ends[] = {[HU_TABLE_MARKDOWN] = " |\n", [HU_TABLE_LATEX] = " \\\\\n", [HU_TABLE_CSV] = "\r\n"};
    t->column++;
    if (t->column == t->n_columns) {
        fputs(ends[t->kind], stdout);
        t->column = 0;
    }
}

void hu_table_text(hu_table *t, const char *text)
{
    before_cell(t);
    put_text(t, text);
    after_cell(t);
}

void hu_table_name(hu_table *t, const char *name)
{
    before_cell(t);
    if (t->kind == HU_TABLE_MARKDOWN) {
        printf("`%s`", name);
    } else if (t->kind == HU_TABLE_LATEX) {
        fputs("\\texttt{", stdout);
        put_latex(name);
        putchar('}');
    } else {
        put_csv(name);
    }
    after_cell(t);
}

void hu_table_count(hu_table *t, long long n)
{
    before_cell(t);
    printf(t->kind == HU_TABLE_LATEX && n < 0 ? "$%lld$" : "%lld", n);
    after_cell(t);
}

/* The digits before the e of a decimal, rounded to DIGITS; *exp is the exponent after it, 0 where there is none. */
static void shorten(const char *decimal, char digits[32], long *exp)
{
    const char *e = strchr(decimal, 'e');
    *exp = e ? strtol(e + 1, NULL, 10) : 0;
    snprintf(digits, 32, "%.*g", DIGITS, strtod(decimal, NULL));
    if (e) {
        char mantissa[HU_TEXT_SIZE];
        snprintf(mantissa, sizeof mantissa, "%.*s", (int)(e - decimal), decimal);
        snprintf(digits, 32, "%.*g", DIGITS, strtod(mantissa, NULL));
    }
    char *own = strchr(digits, 'e');              /* a plain decimal that is long enough for %g to take an exponent */
    if (own) {
        *exp += strtol(own + 1, NULL, 10);
        *own = '\0';
    }
}

static void put_power(const hu_table *t, const char *digits, const char *base, long exp)
{
    bool latex = t->kind == HU_TABLE_LATEX;
    if (digits)
        printf("%s%s", digits, latex ? "\\times " : TIMES_SIGN);
    printf(latex ? "%s^{%ld}" : "%s<sup>%ld</sup>", base, exp);
}

static void put_number(hu_table *t, hu_num x, int longest_fraction)
{
    char decimal[HU_TEXT_SIZE], digits[32];
    long exp;
    bool is_power = x.kind == HU_FINITE && x.sig == (hu_u128)1 << 127 && !x.sticky && (x.exp > 20 || x.exp < -longest_fraction);
    hu_num_to_decimal(x, decimal);
    before_cell(t);
    if (t->kind == HU_TABLE_CSV) {
        fputs(decimal, stdout);
    } else if (x.kind == HU_NAN || x.kind == HU_INF) {
        fputs(x.kind == HU_NAN ? "NaN" : t->kind == HU_TABLE_LATEX ? x.negative ? "$-\\infty$" : "$\\infty$" : x.negative ? "-" INFINITY_SIGN : INFINITY_SIGN, stdout);
    } else {
        fputs(t->kind == HU_TABLE_LATEX ? "$" : "", stdout);
        shorten(decimal, digits, &exp);
        if (is_power)
            put_power(t, x.negative ? "-1" : NULL, "2", x.exp);
        else if (exp)
            put_power(t, digits, "10", exp);
        else
            fputs(digits, stdout);
        fputs(t->kind == HU_TABLE_LATEX ? "$" : "", stdout);
    }
    after_cell(t);
}

void hu_table_number(hu_table *t, hu_num x)
{
    put_number(t, x, 6);
}

void hu_table_step(hu_table *t, hu_num x)
{
    put_number(t, x, 0);
}

/* --- head and foot --- */

void hu_table_begin(hu_table *t, hu_table_kind kind, int n_columns, const char *const *heads, const char *align)
{
    *t = (hu_table){.kind = kind, .n_columns = n_columns};
    if (kind == HU_TABLE_LATEX)
        printf("\\begin{tabular}{%.*s}\n\\hline\n", n_columns, align);
    for (int i = 0; i < n_columns; i++)
        hu_table_text(t, heads[i]);
    if (kind == HU_TABLE_LATEX)
        puts("\\hline");
    for (int i = 0; kind == HU_TABLE_MARKDOWN && i < n_columns; i++)
        printf("%s%s%s", i ? "" : "|", align[i] == 'r' ? " ---: |" : " --- |", i + 1 == n_columns ? "\n" : "");
}

void hu_table_end(hu_table *t)
{
    if (t->kind == HU_TABLE_LATEX)
        puts("\\hline\n\\end{tabular}");
}
