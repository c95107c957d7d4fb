/* layout.c - lines of hexadecimal fields with a separator, and the table of layouts. */
#include "src/hardware/layout.h"

#include <stdio.h>
#include <string.h>

static const hu_layout layouts[] = {
    {.name = "testfloat", .separator = ' ', .prefix = "", .upper = true, .title = "fields separated by blanks, as in Berkeley TestFloat"},
    {.name = "fpgen", .comment = "# ", .title = "IBM's FPgen, for binary interchange formats"},
    {.name = "hex", .comment = "// ", .separator = '_', .prefix = "", .title = "digits joined by underscores, for $readmemh"},
    {.name = "csv", .comment = "# ", .separator = ',', .prefix = "0x", .has_columns = true, .title = "comma-separated values with column names"},
};

enum { N_LAYOUTS = sizeof layouts / sizeof layouts[0], FLAG_DIGITS = 2 };

const hu_layout *hu_layout_at(int i)
{
    if (i < 0 || i >= N_LAYOUTS)
        return NULL;
    return layouts[i].separator ? &layouts[i] : &hu_layout_fpgen;
}

const hu_layout *hu_layout_find(const char *name, hu_error *err)
{
    for (int i = 0; i < N_LAYOUTS; i++) {
        if (strcmp(layouts[i].name, name) == 0)
            return hu_layout_at(i);
    }
    hu_fail(err, HU_ENAME, "there is no layout '%.40s'; there are testfloat, fpgen, hex and csv", name);
    return NULL;
}

hu_status hu_layout_check(const hu_layout *layout, const hu_task *t, hu_error *err)
{
    if (layout->check)
        return layout->check(t, err);
    if (hu_layout_line_size(layout, t) > HU_LINE_MAX)
        return hu_fail(err, HU_ERANGE, "a line would have more than %d bytes; fewer terms will do", HU_LINE_MAX);
    return HU_OK;
}

static int digits_of(const hu_field *f)
{
    return (f->width_bits + 3) / 4;
}

size_t hu_layout_line_size(const hu_layout *layout, const hu_task *t)
{
    size_t size = 160;                                      /* flags, newline; fpgen: operation, mode, exponents */
    (void)layout;
    for (int i = 0; i < t->n_operands + t->n_random + t->n_results; i++)
        size += (size_t)digits_of(&t->field[i]) + 3;
    return size;
}

/* --- writing --- */

/* The lower digits of n. */
static inline char *put_hex(char *to, uint64_t n, int digits, const char *alphabet)
{
    for (int i = digits - 1; i >= 0; i--, n >>= 4)
        to[i] = alphabet[n & 15];
    return to + digits;
}

static char *put_field(const hu_layout *layout, const hu_field *f, const uint64_t *words, const char *alphabet, char *to)
{
    for (const char *c = layout->prefix; *c; c++)
        *to++ = *c;
    int digits = digits_of(f), top = (digits - 1) / 16;
    to = put_hex(to, words[f->at + top], digits - 16 * top, alphabet);
    for (int w = top - 1; w >= 0; w--)
        to = put_hex(to, words[f->at + w], 16, alphabet);
    *to++ = layout->separator;
    return to;
}

char *hu_layout_write(const hu_layout *layout, const hu_task *t, const hu_vector *line, char *to)
{
    if (layout->write)
        return layout->write(t, line, to);
    const char *alphabet = layout->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    int n_in = t->n_operands + t->n_random;
    if (line->holds & HU_LINE_IN) {
        for (int i = 0; i < n_in; i++)
            to = put_field(layout, &t->field[i], line->in, alphabet, to);
    }
    if (line->holds & HU_LINE_OUT) {
        for (int i = 0; i < t->n_results; i++)
            to = put_field(layout, &t->field[n_in + i], line->out, alphabet, to);
    }
    if (line->holds & HU_LINE_FLAGS) {
        for (const char *c = layout->prefix; *c; c++)
            *to++ = *c;
        to = put_hex(to, line->flags, FLAG_DIGITS, alphabet);
        *to++ = '\n';
    } else {
        to[-1] = '\n';
    }
    return to;
}

void hu_layout_columns(const hu_task *t, int holds, char *to, size_t size)
{
    size_t used = 0;
    int n_in = t->n_operands + t->n_random;
    to[0] = '\0';
    for (int i = 0; i < n_in + t->n_results; i++) {
        if ((i < n_in ? holds & HU_LINE_IN : holds & HU_LINE_OUT) && used < size)
            used += (size_t)snprintf(to + used, size - used, "%s%s", used ? "," : "", t->field[i].name);
    }
    if ((holds & HU_LINE_FLAGS) && used < size)
        snprintf(to + used, size - used, "%sflags", used ? "," : "");
}

/* --- reading --- */

typedef struct reader {
    const char *at, *end;
    char separator;
    bool after_separator;       /* a field has to follow */
} reader;

static const unsigned char digit_values[256] = {   /* of a digit, plus one */
    ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ['A'] = 11, 12, 13, 14, 15, 16,
    ['a'] = 11, 12, 13, 14, 15, 16,
};

static void skip_blanks(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
}

/* The next field's text; both ends equal where the line is at its end. */
static void next_text(reader *r, const char **start, const char **stop)
{
    skip_blanks(r);
    *start = r->at;
    while (r->at < r->end && *r->at != r->separator && *r->at != ' ' && *r->at != '\t')
        r->at++;
    *stop = r->at;
    skip_blanks(r);
    r->after_separator = r->separator != ' ' && r->at < r->end && *r->at == r->separator;
    r->at += r->after_separator;
}

static int count_fields(const char *text, size_t n, char separator)
{
    reader r = {text, text + n, separator, false};
    const char *start, *stop;
    int fields = 0;
    for (skip_blanks(&r); r.at < r.end; fields++)
        next_text(&r, &start, &stop);
    return fields;
}

static hu_status wrong(const char *name, const char *start, const char *stop, const char *what, int width_bits, hu_error *err)
{
    int n = stop - start > 40 ? 40 : (int)(stop - start);
    if (n == 0)
        return hu_fail(err, HU_EPARSE, "column %s is empty", name);
    return hu_fail(err, HU_EPARSE, "column %s: '%.*s' %s%d bits", name, n, start, what, width_bits);
}

static bool all_digits(const char *c, const char *stop)
{
    while (c < stop && digit_values[(unsigned char)*c])
        c++;
    return c == stop;
}

/* The digits of a field into its words. */
static hu_status read_field(const hu_field *f, reader *r, uint64_t *words, hu_vector *line, hu_error *err)
{
    static const char no_number[] = "is not a hexadecimal number of ";
    const char *start, *stop;
    next_text(r, &start, &stop);
    const char *c = start;
    if (stop - c > 2 && c[0] == '0' && (c[1] | 0x20) == 'x')
        c += 2;
    int digits = digits_of(f), given = (int)(stop - c);
    if (stop - c > digits)
        return wrong(f->name, start, stop, all_digits(c, stop) ? "has more than " : no_number, f->width_bits, err);
    if (given == 0)
        return wrong(f->name, start, stop, "", f->width_bits, err);
    if (given < digits)
        line->short_column = f->name;
    for (int w = 0; w < f->n_words; w++)
        words[f->at + w] = 0;
    for (int place = given - 1; c < stop; c++, place--) {
        unsigned digit = digit_values[(unsigned char)*c];
        if (digit == 0)
            return wrong(f->name, start, stop, no_number, f->width_bits, err);
        words[f->at + place / 16] |= (uint64_t)(digit - 1) << 4 * (place % 16);
    }
    int spare = 64 * f->n_words - f->width_bits;
    if (spare > 0 && words[f->at + f->n_words - 1] >> (64 - spare))
        return wrong(f->name, start, stop, "has more than ", f->width_bits, err);
    if (f->format && f->n_words == 1 && words[f->at] > (uint64_t)hu_format_last_code(f->format))
        return hu_fail(err, HU_EPARSE, "column %s: '%.*s' is past the last code of %.60s", f->name, given, start, f->format->name);
    return HU_OK;
}

static hu_status read_flags(reader *r, hu_vector *line, hu_error *err)
{
    static const hu_field flags = {.name = "flags", .width_bits = 5, .n_words = 1};
    uint64_t word;
    hu_status status = read_field(&flags, r, &word, line, err);
    if (status == HU_OK)
        line->flags = (hu_flags)word;
    return status;
}

int hu_layout_holds(const hu_layout *layout, const hu_task *t, const char *text, size_t n, bool answers, hu_error *err)
{
    if (layout->holds)
        return layout->holds(text, n, answers, err);
    int in = t->n_operands + t->n_random, out = t->n_results, fields = count_fields(text, n, layout->separator);
    if (fields == in + out + 1)
        return HU_LINE_FULL;
    if (answers && fields == out + 1)
        return HU_LINE_OUT | HU_LINE_FLAGS;
    if (fields == in + out)
        return HU_LINE_IN | HU_LINE_OUT;
    if (!answers && fields == in)
        return HU_LINE_IN;
    if (answers && fields == out)
        return HU_LINE_OUT;
    hu_fail(err, HU_EPARSE, "%d field%s where %d belong%s: '%.*s'%s", fields, fields == 1 ? "" : "s", in + out + 1,
            in > 8 ? "" : " (operands, result, flags)", n > 60 ? 60 : (int)n, text, n > 60 ? "..." : "");
    return 0;
}

hu_status hu_layout_read(const hu_layout *layout, const hu_task *t, const char *text, size_t n, hu_vector *line, hu_error *err)
{
    if (layout->read)
        return layout->read(t, text, n, line, err);
    int n_in = t->n_operands + t->n_random;
    hu_status status = HU_OK;
    line->any_nan = false;
    line->short_column = NULL;
    reader r = {text, text + n, layout->separator, false};
    for (int i = 0; i < n_in && (line->holds & HU_LINE_IN) && status == HU_OK; i++)
        status = read_field(&t->field[i], &r, line->in, line, err);
    for (int i = 0; i < t->n_results && (line->holds & HU_LINE_OUT) && status == HU_OK; i++)
        status = read_field(&t->field[n_in + i], &r, line->out, line, err);
    if ((line->holds & HU_LINE_FLAGS) && status == HU_OK)
        status = read_flags(&r, line, err);
    skip_blanks(&r);
    if (status == HU_OK && r.after_separator && r.at == r.end)
        return hu_fail(err, HU_EPARSE, "'%c' follows the last field", layout->separator);
    if (status == HU_OK && r.at < r.end)
        return hu_fail(err, HU_EPARSE, "'%.*s' follows the last field", r.end - r.at > 40 ? 40 : (int)(r.end - r.at), r.at);
    return status;
}
