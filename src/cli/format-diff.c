/* format-diff.c - halfulp format --diff A B: what differs between two formats, as text or as JSON. */
#include "src/cli/format-diff.h"

#include <stdlib.h>
#include <string.h>

#include "formats/compare.h"
#include "src/cli/cli.h"
#include "src/cli/format-description.h"

enum { WIDEST_COLUMN = 48 };      /* of A's properties; longer ones push B's aside */
enum { SHOWN = 16 };              /* values of one side, unless all are asked for */

typedef struct diff {
    hu_description d[2];
    hu_comparison c;
    const char *name[2];
    bool all;
} diff;

/* --- properties --- */

static bool is_same_line(const hu_property *a, const hu_property *b)
{
    if (!a || !b || a->kind != b->kind)
        return false;
    return a->kind == HU_PROPERTY_NUMBER ? hu_num_compare(a->number, b->number) == 0 : strcmp(a->text, b->text) == 0;
}

static bool is_key(const hu_property *l, const char *key)
{
    return l && strcmp(l->key, key) == 0;
}

/* The smallest positive value has another key where there are subnormal numbers. */
static const hu_property *counterpart(const hu_description *d, const hu_property *l)
{
    const hu_property *same = hu_description_find(d, l->key);
    if (!same && is_key(l, "min_positive"))
        same = hu_description_find(d, "min_subnormal");
    if (!same && is_key(l, "min_subnormal"))
        same = hu_description_find(d, "min_positive");
    return same;
}

static const char *label_of(const hu_property *const pair[2])
{
    return is_key(pair[0], "min_positive") || is_key(pair[1], "min_positive") ? "smallest positive" : pair[0] ? pair[0]->label : pair[1]->label;
}

/* The i-th line of A, then of B's lines those that A has not; *pair gets the lines of both, NULL where one has none. */
static bool next_pair(const diff *x, int *i, const hu_property *pair[2])
{
    for (; *i < x->d[0].n + x->d[1].n; ++*i) {
        bool in_a = *i < x->d[0].n;
        const hu_property *l = in_a ? &x->d[0].lines[*i] : &x->d[1].lines[*i - x->d[0].n];
        const hu_property *other = counterpart(&x->d[in_a], l);
        if (!in_a && other)
            continue;
        pair[0] = in_a ? l : other;
        pair[1] = in_a ? other : l;
        ++*i;
        return true;
    }
    return false;
}

static const char *shown(const hu_property *l)
{
    return l ? l->text : "-";
}

static bool is_shown(const hu_property *const pair[2])
{
    const hu_property *l = pair[0] ? pair[0] : pair[1];
    return !is_same_line(pair[0], pair[1]) && !is_key(l, "name") && !is_key(l, "source");
}

/* Of the column of A: the longest of what is shown, within bounds. */
static int column_width(const diff *x)
{
    const hu_property *pair[2];
    int width = 26;
    for (int i = 0; next_pair(x, &i, pair);) {
        int n = (int)strlen(shown(pair[0]));
        if (is_shown(pair) && n > width && n <= WIDEST_COLUMN)
            width = n;
    }
    return width;
}

static void print_properties(const diff *x)
{
    const hu_property *pair[2];
    int width = column_width(x);
    bool any = false;
    printf("%-20s %-*s %s\n", "", width, x->name[0], x->name[1]);
    for (int i = 0; next_pair(x, &i, pair);) {
        if (is_shown(pair))
            any = printf("%-20s %-*s %s\n", label_of(pair), width, shown(pair[0]), shown(pair[1])) > 0;
    }
    if (!any)
        puts("no property differs");
    const char *lead = "alike in             ";
    int column = 0;
    for (int i = 0; next_pair(x, &i, pair);) {
        if (!is_same_line(pair[0], pair[1]) || strcmp(pair[0]->key, "source") == 0)
            continue;
        int n = (int)strlen(pair[0]->label);
        if (column + n > 76) {
            lead = ",\n                     ";
            column = 0;
        }
        column += printf("%s%s", lead, pair[0]->label);
        lead = ", ";
    }
    if (column)
        putchar('\n');
}

/* --- steps --- */

static void print_stretch(const diff *x, const hu_stretch *s)
{
    char range[48];
    snprintf(range, sizeof range, "2^%d to 2^%d", s->from, s->to);
    printf("%-20s ", range);
    const char *name = x->name[s->relation == HU_REACH_B || s->relation == HU_FINER_B];
    if (s->relation == HU_ALIKE)
        puts("the same");
    else if (s->relation == HU_REACH_NONE)
        puts("out of the range of both");
    else if (s->relation == HU_REACH_A || s->relation == HU_REACH_B)
        printf("in the range of %s alone\n", name);
    else if (s->most == 0)
        printf("%s, finer by less than a half\n", name);
    else if (s->least == s->most)
        printf("%s, 2^%d times as fine\n", name, s->most);
    else if (s->least == 0)
        printf("%s, up to 2^%d times as fine\n", name, s->most);
    else
        printf("%s, 2^%d to 2^%d times as fine\n", name, s->least, s->most);
}

static void print_stretches(const diff *x)
{
    const hu_comparison *c = &x->c;
    puts("\nfiner steps, by magnitude");
    if (!c->stretches)
        puts("not compared: a format of more than 16 bits whose steps differ within a power of two");
    for (size_t i = 0; i < c->n_stretches; i++)
        print_stretch(x, &c->stretches[i]);
}

/* --- values --- */

/* The first and the last few, or all. */
static void print_list(const hu_side *s, bool all)
{
    char text[HU_TEXT_SIZE];
    size_t n = (size_t)s->n_only;
    for (size_t i = 0; i < n; i++) {
        if (!all && n > SHOWN && i == SHOWN / 2) {
            printf(" ...");
            i = n - SHOWN / 2;
        }
        printf(" %s", hu_num_to_decimal(s->list[s->only[i]].num, text));
    }
}

static void print_side(const diff *x, int i)
{
    const hu_side *s = &x->c.side[i];
    const char *other = x->name[1 - i];
    char total[48], only[48];
    if (!s->has_total) {
        printf("%s is too large for counting its values\n", x->name[i]);
        return;
    }
    printf("%s has %s value%s, ", x->name[i], hu_count_text(s->total, total), s->total == 1 ? "" : "s");
    if (s->n_only == 0) {
        printf(s->total == 1 ? "a value of %s\n" : "all of them values of %s\n", other);
        return;
    }
    printf("%s that %s has not%s", hu_count_text(s->n_only, only), other, s->only ? ":" : "");
    if (s->only)
        print_list(s, x->all);
    putchar('\n');
}

static const char *subset_of(const hu_comparison *c)
{
    if (!c->has_subset)
        return NULL;
    bool a = c->side[0].is_subset, b = c->side[1].is_subset;
    return a && b ? "equal" : a ? "a" : b ? "b" : "none";
}

static void print_values(const diff *x)
{
    const hu_comparison *c = &x->c;
    const char *subset = subset_of(c);
    char count[48];
    puts("\nvalues");
    if (c->has_common) {
        print_side(x, 0);
        print_side(x, 1);
        printf("both have %s\n", hu_count_text(c->common, count));
    } else {
        puts("not counted: formats too large for that");
    }
    if (!subset)
        return;
    if (strcmp(subset, "equal") == 0)
        puts("they have the same values");
    else if (strcmp(subset, "none") == 0)
        puts("neither is a subset of the other");
    else
        printf("every value of %s is a value of %s\n", x->name[*subset == 'b'], x->name[*subset == 'a']);
    if (!c->side[0].only && !c->side[1].only)
        puts("(both have more than 16 bits: found from their layouts, not value by value)");
}

/* --- as JSON --- */

static void json_properties(const diff *x)
{
    const hu_property *pair[2];
    const char *lead = "";
    printf("\"differences\": {");
    for (int i = 0; next_pair(x, &i, pair);) {
        const hu_property *l = pair[0] ? pair[0] : pair[1];
        if (is_same_line(pair[0], pair[1]) || strcmp(l->key, "name") == 0)
            continue;
        printf("%s\"%s\": [", lead, l->key);
        lead = ", ";
        for (int side = 0; side < 2; side++) {
            fputs(side ? ", " : "", stdout);
            if (pair[side])
                hu_property_json(stdout, pair[side]);
            else
                fputs("null", stdout);
        }
        putchar(']');
    }
    putchar('}');
}

static void json_stretches(const hu_comparison *c)
{
    static const char *const names[] = {[HU_REACH_NONE] = "out of range", [HU_REACH_A] = "only a", [HU_REACH_B] = "only b",
                                        [HU_FINER_A] = "a finer", [HU_FINER_B] = "b finer", [HU_ALIKE] = "same"};
    if (!c->stretches) {
        printf(", \"steps\": null");
        return;
    }
    printf(", \"steps\": [");
    for (size_t i = 0; i < c->n_stretches; i++) {
        const hu_stretch *s = &c->stretches[i];
        printf("%s{\"from_exp\": %d, \"to_exp\": %d, \"steps\": \"%s\"", i ? ", " : "", s->from, s->to, names[s->relation]);
        if (s->most > 0)
            printf(", \"least_log2\": %d, \"most_log2\": %d", s->least, s->most);
        putchar('}');
    }
    putchar(']');
}

static void json_side(const diff *x, int i)
{
    const hu_side *s = &x->c.side[i];
    char count[48];
    printf(", \"%c\": {\"name\": ", "ab"[i]);
    hu_cli_json_string(stdout, x->name[i]);
    printf(", \"values\": %s", s->has_total ? hu_count_text(s->total, count) : "null");
    printf(", \"only\": %s", s->has_total && x->c.has_common ? hu_count_text(s->n_only, count) : "null");
    if (s->only) {
        printf(", \"only_values\": [");
        for (size_t k = 0; k < (size_t)s->n_only && (x->all || k < SHOWN); k++) {
            printf("%s{", k ? ", " : "");
            hu_number_json(stdout, s->list[s->only[k]].num);
            putchar('}');
        }
        putchar(']');
    }
    putchar('}');
}

static void print_json(const diff *x)
{
    const hu_comparison *c = &x->c;
    const char *subset = subset_of(c);
    char count[48];
    putchar('{');
    json_properties(x);
    json_stretches(c);
    json_side(x, 0);
    json_side(x, 1);
    printf(", \"common\": %s", c->has_common ? hu_count_text(c->common, count) : "null");
    printf(subset ? ", \"subset\": \"%s\"}\n" : ", \"subset\": null}\n", subset);
}

int hu_format_diff(const hu_format *a, const hu_format *b, bool json, bool all)
{
    hu_error err;
    diff x = {.name = {a->name, b->name}, .all = all};
    hu_describe(&x.d[0], a);
    hu_describe(&x.d[1], b);
    hu_status status = hu_format_compare(&x.c, a, b, &err);
    if (status == HU_OK && json) {
        print_json(&x);
    } else if (status == HU_OK) {
        print_properties(&x);
        print_stretches(&x);
        print_values(&x);
    }
    hu_comparison_clear(&x.c);
    return status == HU_OK ? HU_CLI_OK : hu_cli_fail(HU_CLI_FAILED, "%s", err.text);
}
