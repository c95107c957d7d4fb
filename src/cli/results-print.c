/* results-print.c - a table to standard output: for people, as CSV (RFC 4180) or as JSON, an object a line.
 *
 * The widths of the columns for people come from the first rows, which are held back; later ones may stick out.
 */
#include "src/cli/results-print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"

enum { HELD = 1000 };

struct hu_printer {
    hu_print_form form;
    int           n;
    char        **names;
    int          *widths;
    bool         *left;         /* a column with texts in it */
    char        **cells;        /* those of the rows held, n a row */
    size_t        n_held;
    bool          flowing;      /* the widths are fixed */
};

/* --- one cell --- */

/* Columns on a terminal: bytes that begin a character of UTF-8. */
static int width_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void number_text(double x, bool exact, char *text, size_t size)
{
    hu_buffer shortest = {0};
    if (isnan(x) || isinf(x))
        snprintf(text, size, "%s", isnan(x) ? "NaN" : x > 0 ? "Inf" : "-Inf");
    else if (!exact)
        snprintf(text, size, "%.6g", x);
    else {
        hu_json_real(&shortest, x);
        snprintf(text, size, "%s", shortest.data ? shortest.data : "");
        hu_buffer_clear(&shortest);
    }
}

/* From hu_malloc; NULL when out of memory. Control characters become spaces. */
static char *plain(const hu_cell *c)
{
    char text[48];
    if (c->kind == HU_CELL_TEXT) {
        char *copy = hu_strdup(c->text);
        for (char *at = copy; at && *at; at++)
            if ((unsigned char)*at < 0x20 || *at == 0x7f)
                *at = ' ';
        return copy;
    }
    if (c->kind == HU_CELL_INTEGER)
        snprintf(text, sizeof text, "%lld", (long long)c->integer);
    else if (c->kind == HU_CELL_REAL)
        number_text(c->real, false, text, sizeof text);
    else
        snprintf(text, sizeof text, "-");
    return hu_strdup(text);
}

static void put_csv_text(const char *text, size_t n)
{
    bool quote = n == 0;
    for (size_t i = 0; i < n && !quote; i++)
        quote = strchr(",\"\r\n", text[i]) != NULL;
    if (quote)
        putchar('"');
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"')
            putchar('"');
        putchar(text[i]);
    }
    if (quote)
        putchar('"');
}

static void put_csv(const hu_cell *c)
{
    char text[48];
    if (c->kind == HU_CELL_TEXT)
        put_csv_text(c->text, c->n_bytes);
    else if (c->kind == HU_CELL_INTEGER)
        printf("%lld", (long long)c->integer);
    else if (c->kind == HU_CELL_REAL) {
        number_text(c->real, true, text, sizeof text);
        fputs(text, stdout);
    }
}

static void put_json(const hu_cell *c, hu_buffer *out)
{
    if (c->kind == HU_CELL_TEXT)
        hu_json_string(out, c->text, c->n_bytes);
    else if (c->kind == HU_CELL_INTEGER)
        hu_json_integer(out, c->integer);
    else if (c->kind == HU_CELL_REAL)
        hu_json_real(out, c->real);
    else
        hu_buffer_text(out, "null");
}

/* --- rows --- */

static void put_padded(const hu_printer *p, int i, const char *text)
{
    int pad = p->widths[i] - width_of(text);
    if (p->left[i] && i == p->n - 1)
        printf("%s%s", i ? "  " : "", text);
    else if (p->left[i])
        printf("%s%s%*s", i ? "  " : "", text, pad > 0 ? pad : 0, "");
    else
        printf("%s%*s%s", i ? "  " : "", pad > 0 ? pad : 0, "", text);
}

static void flow(hu_printer *p)
{
    for (int i = 0; i < p->n; i++)
        put_padded(p, i, p->names[i]);
    if (p->n > 0)
        putchar('\n');
    for (size_t r = 0; r < p->n_held; r++) {
        for (int i = 0; i < p->n; i++) {
            char *cell = p->cells[r * (size_t)p->n + (size_t)i];
            put_padded(p, i, cell ? cell : "");
            hu_free(cell);
        }
        putchar('\n');
    }
    p->n_held = 0;
    p->flowing = true;
}

static hu_status text_row(hu_printer *p, const hu_cell *cells, hu_error *err)
{
    for (int i = 0; i < p->n; i++) {
        char *text = plain(&cells[i]);
        if (!text)
            return hu_fail(err, HU_ENOMEM, "out of memory");
        if (p->flowing) {
            put_padded(p, i, text);
            hu_free(text);
            continue;
        }
        int width = width_of(text);
        p->widths[i] = width > p->widths[i] ? width : p->widths[i];
        p->left[i] = p->left[i] || cells[i].kind == HU_CELL_TEXT;
        hu_free(p->cells[p->n_held * (size_t)p->n + (size_t)i]);
        p->cells[p->n_held * (size_t)p->n + (size_t)i] = text;
    }
    if (p->flowing)
        putchar('\n');
    else if (++p->n_held == HELD)
        flow(p);
    return HU_OK;
}

static hu_status row(void *user, const hu_cell *cells, int n, hu_error *err)
{
    hu_printer *p = user;
    if (p->form == HU_PRINT_TEXT)
        return text_row(p, cells, err);
    if (p->form == HU_PRINT_CSV) {
        for (int i = 0; i < n; i++) {
            if (i)
                putchar(',');
            put_csv(&cells[i]);
        }
        fputs("\r\n", stdout);
        return HU_OK;
    }
    hu_buffer line = {0};
    bool first = true;
    hu_buffer_text(&line, "{");
    for (int i = 0; i < n; i++) {
        hu_json_key(&line, p->names[i], &first);
        put_json(&cells[i], &line);
    }
    hu_buffer_text(&line, "}\n");
    if (!line.failed)
        fwrite(line.data, 1, line.n_bytes, stdout);
    hu_status status = line.failed ? hu_fail(err, HU_ENOMEM, "out of memory") : HU_OK;
    hu_buffer_clear(&line);
    return status;
}

static hu_status head(void *user, const char *const *names, int n, hu_error *err)
{
    hu_printer *p = user;
    p->names = hu_calloc((size_t)n + 1, sizeof *p->names);
    p->widths = hu_calloc((size_t)n + 1, sizeof *p->widths);
    p->left = hu_calloc((size_t)n + 1, sizeof *p->left);
    p->cells = p->form == HU_PRINT_TEXT ? hu_calloc((size_t)n * HELD + 1, sizeof *p->cells) : NULL;
    if (!p->names || !p->widths || !p->left || (p->form == HU_PRINT_TEXT && !p->cells))
        return hu_fail(err, HU_ENOMEM, "out of memory");
    p->n = n;
    for (int i = 0; i < n; i++) {
        if (!(p->names[i] = hu_strdup(names[i])))
            return hu_fail(err, HU_ENOMEM, "out of memory");
        p->widths[i] = width_of(names[i]);
        if (p->form == HU_PRINT_CSV) {
            if (i)
                putchar(',');
            put_csv_text(names[i], strlen(names[i]));
        }
    }
    if (p->form == HU_PRINT_CSV)
        fputs("\r\n", stdout);
    return HU_OK;
}

hu_printer *hu_printer_new(hu_print_form form)
{
    hu_printer *p = hu_calloc(1, sizeof *p);
    if (p)
        p->form = form;
    return p;
}

void hu_printer_end(hu_printer *p, bool prints)
{
    if (!p)
        return;
    if (prints && p->form == HU_PRINT_TEXT && !p->flowing && p->cells)
        flow(p);
    for (int i = 0; p->names && i < p->n; i++)
        hu_free(p->names[i]);
    hu_free(p->names);
    hu_free(p->widths);
    hu_free(p->left);
    hu_free(p->cells);
    hu_free(p);
}

hu_sink hu_printer_sink(hu_printer *p)
{
    return (hu_sink){.head = head, .row = row, .user = p};
}
