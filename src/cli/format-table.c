/* format-table.c - halfulp format --table and --list: formats as tables for documents. */
#include "src/cli/format-table.h"

#include <stdio.h>
#include <string.h>

#include "formats/block.h"
#include "src/cli/cli.h"
#include "src/cli/format-description.h"

/* --- properties, for reading --- */

/* Sign, exponent and significand bits, "1+4+3"; of fixed point the bits before and after the point, "4.12"; else a dash. */
static void fields_cell(hu_table *t, const hu_format *f)
{
    char text[48] = "-";
    if (hu_format_has_fields(f))
        snprintf(text, sizeof text, "%d+%d+%d", f->is_signed, f->exp_bits, f->man_bits);
    else if (f->family == &hu_family_fixed)
        snprintf(text, sizeof text, "%d.%d", f->width_bits - f->man_bits + f->emin, f->man_bits - f->emin);
    hu_table_text(t, text);
}

static void bias_cell(hu_table *t, const hu_format *f)
{
    if (hu_format_has_fields(f))
        hu_table_count(t, f->bias);
    else
        hu_table_text(t, "-");
}

/* A property that not every format has: x is zero where it has none. */
static void positive_cell(hu_table *t, hu_num x)
{
    if (x.kind == HU_ZERO)
        hu_table_text(t, "-");
    else
        hu_table_step(t, x);
}

static void table_for_reading(const hu_format *const *formats, int n, hu_table_kind kind)
{
    static const char *const heads[] = {"format", "bits", "fields", "bias", "largest", "smallest normal", "smallest positive", "epsilon",
                                        "infinity", "NaN", "-0"};
    hu_table t;
    hu_table_begin(&t, kind, 11, heads, "lrlrrrrrlll");
    for (int i = 0; i < n; i++) {
        const hu_format *f = formats[i];
        hu_table_name(&t, f->name);
        hu_table_count(&t, f->width_bits);
        fields_cell(&t, f);
        bias_cell(&t, f);
        hu_table_number(&t, hu_format_max(f));
        positive_cell(&t, hu_format_has_fields(f) ? hu_format_min_normal(f) : hu_num_zero(false));
        positive_cell(&t, hu_format_min_subnormal(f));
        positive_cell(&t, hu_format_epsilon(f));
        hu_table_text(&t, f->has_inf ? "yes" : "no");
        hu_table_text(&t, f->has_nan ? "yes" : "no");
        hu_table_text(&t, f->has_negative_zero ? "yes" : "no");
    }
    hu_table_end(&t);
}

/* --- properties, for programs: every line of the descriptions is a column --- */

enum { MOST_COLUMNS = 4 * HU_DESCRIPTION_LINES };

typedef struct column {
    const char *key;
    bool is_hex;
    char head[40];
} column;

static int collect_columns(const hu_format *const *formats, int n, column columns[MOST_COLUMNS])
{
    int n_columns = 0;
    for (int i = 0; i < n; i++) {
        hu_description d;
        hu_describe(&d, formats[i]);
        for (int k = 0; k < d.n; k++) {
            const hu_property *l = &d.lines[k];
            int at = 0;
            while (at < n_columns && strcmp(columns[at].key, l->key) != 0)
                at++;
            for (int hex = 0; at == n_columns - hex && hex <= (l->kind == HU_PROPERTY_NUMBER) && n_columns < MOST_COLUMNS; hex++) {
                column *c = &columns[n_columns++];
                *c = (column){l->key, hex, ""};
                snprintf(c->head, sizeof c->head, "%s%s", l->key, hex ? "_hex" : "");
            }
        }
    }
    return n_columns;
}

static void table_for_programs(const hu_format *const *formats, int n)
{
    column columns[MOST_COLUMNS];
    const char *heads[MOST_COLUMNS] = {NULL};
    int n_columns = collect_columns(formats, n, columns);
    for (int i = 0; i < n_columns; i++)
        heads[i] = columns[i].head;
    hu_table t;
    hu_table_begin(&t, HU_TABLE_CSV, n_columns, heads, NULL);
    for (int i = 0; i < n; i++) {
        hu_description d;
        hu_describe(&d, formats[i]);
        for (int k = 0; k < n_columns; k++) {
            const hu_property *l = hu_description_find(&d, columns[k].key);
            hu_table_text(&t, !l ? "" : columns[k].is_hex ? l->hex : l->text);
        }
    }
    hu_table_end(&t);
}

void hu_format_table(const hu_format *const *formats, int n, hu_table_kind kind)
{
    if (kind == HU_TABLE_CSV)
        table_for_programs(formats, n);
    else
        table_for_reading(formats, n, kind);
}

/* --- codes --- */

static void codes_for_programs(const hu_format *const *formats, int n)
{
    static const char *const heads[] = {"format", "code", "bits", "value", "hex"};
    char code_text[HU_TEXT_SIZE], bits[HU_VALUES_WIDEST + 4], hex[HU_TEXT_SIZE];
    hu_table t;
    hu_table_begin(&t, HU_TABLE_CSV, 5, heads, NULL);
    for (int i = 0; i < n; i++) {
        for (hu_code code = 0; code <= hu_format_last_code(formats[i]); code++) {
            hu_num x = hu_decode(formats[i], code);
            hu_table_name(&t, formats[i]->name);
            hu_table_text(&t, hu_code_to_text(code, formats[i]->width_bits, code_text));
            hu_table_text(&t, hu_code_bits(formats[i], code, bits));
            hu_table_number(&t, x);
            hu_table_text(&t, hu_num_to_hex(x, hex));
        }
    }
    hu_table_end(&t);
}

/* Codes run down, in four pairs of columns from 32 codes on. */
static void codes_for_reading(const hu_format *f, hu_table_kind kind)
{
    static const char *const heads[] = {"code", "value", "code", "value", "code", "value", "code", "value"};
    int n = 1 << f->width_bits, across = n < 32 ? 1 : 4, down = n / across;
    char text[HU_TEXT_SIZE];
    hu_table t;
    hu_table_begin(&t, kind, 2 * across, heads, "lrlrlrlr");
    for (int row = 0; row < down; row++) {
        for (int i = 0; i < across; i++) {
            hu_code code = (hu_code)(i * down + row);
            hu_table_name(&t, hu_code_to_text(code, f->width_bits, text));
            hu_table_number(&t, hu_decode(f, code));
        }
    }
    hu_table_end(&t);
}

int hu_format_value_table(const hu_format *const *formats, int n, hu_table_kind kind)
{
    for (int i = 0; i < n; i++) {
        if (formats[i]->width_bits > HU_CODES_WIDEST)
            return hu_cli_fail(HU_CLI_USAGE, "format: --values lists the codes of formats of up to %d bits; %s has %d", HU_CODES_WIDEST,
                               formats[i]->name, formats[i]->width_bits);
    }
    if (kind == HU_TABLE_CSV) {
        codes_for_programs(formats, n);
        return HU_CLI_OK;
    }
    for (int i = 0; i < n; i++) {
        printf(kind == HU_TABLE_LATEX ? "%s%% %s\n" : "%sCodes of `%s`:\n\n", i ? "\n" : "", formats[i]->name);
        codes_for_reading(formats[i], kind);
    }
    return HU_CLI_OK;
}

/* --- block formats --- */

static void block_aliases_cell(hu_table *t, const char *name)
{
    char text[160] = "";
    const char *stands_for, *alias;
    for (int i = 0; (alias = hu_block_alias_at(i, &stands_for)); i++) {
        size_t used = strlen(text);
        if (strcmp(stands_for, name) == 0)
            snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", alias);
    }
    hu_table_text(t, text);
}

/* The scale's name, and that of the tensor scale. */
static void scale_cell(hu_table *t, const hu_block_format *b)
{
    char text[2 * HU_TEXT_SIZE];
    snprintf(text, sizeof text, "%s%s%s", b->scale->name, b->tensor ? ", tensor " : "", b->tensor ? b->tensor->name : "");
    hu_table_text(t, text);
}

static void block_list_table(hu_table_kind kind)
{
    static const char *const heads[] = {"name", "also", "element", "scale", "block", "rule", "bits a value", "source"};
    char text[HU_BLOCK_SIZE_TEXT];
    hu_table t;
    if (kind == HU_TABLE_MARKDOWN)
        printf("\n## Block formats\n\n");
    if (kind == HU_TABLE_LATEX)
        printf("\n%% block formats\n");
    hu_table_begin(&t, kind, 8, heads, "llllllrl");
    for (int i = 0; hu_block_at(i); i++) {
        const hu_block_format *b = hu_block_at(i);
        hu_table_name(&t, b->name);
        block_aliases_cell(&t, b->name);
        hu_table_name(&t, b->element->name);
        scale_cell(&t, b);
        hu_table_text(&t, hu_block_size_text(b, text));
        hu_table_text(&t, hu_scale_rule_names[b->rule]);
        snprintf(text, sizeof text, "%.6g", hu_block_bits_per_value(b));
        hu_table_text(&t, text);
        hu_table_text(&t, b->source);
    }
    hu_table_end(&t);
}

/* --- the list --- */

static void aliases_cell(hu_table *t, const char *name)
{
    char text[160] = "";
    const char *stands_for, *alias;
    for (int i = 0; (alias = hu_format_alias_at(i, &stands_for)); i++) {
        size_t used = strlen(text);
        if (strcmp(stands_for, name) == 0)
            snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", alias);
    }
    hu_table_text(t, text);
}

static void list_rows(hu_table *t, const hu_family *family)
{
    for (int i = 0; hu_format_listed_at(i); i++) {
        const hu_format *f = hu_format_listed_at(i);
        if (family && f->family != family)
            continue;
        hu_table_name(t, f->name);
        aliases_cell(t, f->name);
        hu_table_count(t, f->width_bits);
        fields_cell(t, f);
        hu_table_number(t, hu_format_max(f));
        positive_cell(t, hu_format_min_subnormal(f));
        positive_cell(t, hu_format_epsilon(f));
        hu_table_text(t, f->source ? f->source : "");
    }
}

static bool is_first_of_family(int i)
{
    for (int k = 0; k < i; k++) {
        if (hu_format_listed_at(k)->family == hu_format_listed_at(i)->family)
            return false;
    }
    return true;
}

void hu_format_list_table(hu_table_kind kind)
{
    static const char *const heads[] = {"name", "also", "bits", "fields", "largest", "smallest positive", "epsilon", "source"};
    hu_table t;
    for (int i = 0; hu_format_listed_at(i); i++) {
        const hu_family *family = hu_format_listed_at(i)->family;
        if (kind == HU_TABLE_CSV ? i > 0 : !is_first_of_family(i))
            continue;
        if (kind == HU_TABLE_MARKDOWN)
            printf("%s## Family `%s`\n\n", i ? "\n" : "", family->name);
        if (kind == HU_TABLE_LATEX)
            printf("%s%% %s\n", i ? "\n" : "", family->name);
        hu_table_begin(&t, kind, 8, heads, "llrlrrrl");
        list_rows(&t, kind == HU_TABLE_CSV ? NULL : family);
        hu_table_end(&t);
    }
    if (kind != HU_TABLE_CSV)                  /* which is one table */
        block_list_table(kind);
}
