/* probe-file.c - probes as text: a header, then a line each. */
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/hardware/layout.h"
#include "src/hardware/lines.h"
#include "src/hardware/probe.h"
#include "src/kernel/kernel.h"
#include "src/ops/ops.h"

static bool put(FILE *out, const hu_format *f, double x)
{
    hu_env env = hu_env_default();
    char text[HU_TEXT_SIZE];
    return fputs(hu_code_to_text(hu_from_double(f, &env, x), f->width_bits, text), out) >= 0;
}

bool hu_probe_write(const hu_probe_set *set, FILE *out)
{
    bool ok = fprintf(out, "# halfulp probe 1\n# a: %s\n# b: %s\n# output: %s\n# terms: %d\n# probes: %zu\n"
                           "# part, accumulator, and place, a and b of each term that is not zero; \"=\" and the result\n",
                      set->a->name, set->b->name, set->output->name, set->terms, set->n) > 0;
    for (size_t i = 0; ok && i < set->n; i++) {
        const hu_probe *p = &set->probe[i];
        ok = fprintf(out, "%d ", p->part) > 0 && put(out, set->output, p->c);
        for (int k = 0; ok && k < p->n; k++) {
            const hu_probe_term *t = &set->term[p->first + (size_t)k];
            ok = fprintf(out, " %d ", t->place) > 0 && put(out, set->a, t->a) && fputc(' ', out) != EOF && put(out, set->b, t->b);
        }
        if (ok && set->has_results)
            ok = fputs(" = ", out) >= 0 && put(out, set->output, p->result);
        ok = ok && fputc('\n', out) != EOF;
    }
    return ok;
}

/* ---- reading ---- */

/* The words of a line, one after another, in a copy of it. */
typedef struct words {
    char *at;
    const char *name;
    unsigned long long line;
    size_t answered;            /* lines with a result */
} words;

static char *next_word(words *w)
{
    while (*w->at == ' ' || *w->at == '\t')
        w->at++;
    char *word = w->at;
    while (*w->at && *w->at != ' ' && *w->at != '\t')
        w->at++;
    if (*w->at)
        *w->at++ = 0;
    return *word ? word : NULL;
}

static hu_status wrong(const words *w, const char *what, const char *word, hu_error *err)
{
    return hu_fail(err, HU_EPARSE, "%.120s: line %llu: '%.40s' is no %s", w->name, w->line, word ? word : "", what);
}

static hu_status read_value(const words *w, const hu_format *f, const char *word, double *out, hu_error *err)
{
    hu_code code;
    hu_error own;
    if (!word || hu_code_from_text(word, f->width_bits, &code, &own))
        return hu_fail(err, HU_EPARSE, "%.120s: line %llu: '%.40s' is no code of %s", w->name, w->line, word ? word : "", f->name);
    *out = hu_to_double(f, code);
    return HU_OK;
}

static bool read_count(const char *word, int least, int most, int *out)
{
    char *end;
    long n = word ? strtol(word, &end, 10) : -1;
    if (!word || end == word || *end || n < least || n > most)
        return false;
    *out = (int)n;
    return true;
}

static hu_status read_terms(hu_probe_set *set, hu_probe *p, words *w, hu_error *err)
{
    char *word;
    for (int place, last = -1; (word = next_word(w)) && strcmp(word, "=") != 0; last = place) {
        hu_probe_term t;
        if (!read_count(word, last + 1, set->terms - 1, &place))
            return wrong(w, "place of a term after the last one", word, err);
        t.place = place;
        hu_status status = read_value(w, set->a, next_word(w), &t.a, err);
        if (!status)
            status = read_value(w, set->b, next_word(w), &t.b, err);
        if (status)
            return status;
        hu_probe_term *grown = hu_grow(set->term, set->n_terms, &set->term_room, sizeof *grown);
        if (!grown)
            return hu_fail(err, HU_ENOMEM, "%.120s: no memory for line %llu", w->name, w->line);
        set->term = grown;
        set->term[set->n_terms++] = t;
        p->n++;
    }
    if (!word)
        return HU_OK;
    w->answered++;
    hu_status status = read_value(w, set->output, next_word(w), &p->result, err);
    return status ? status : (word = next_word(w)) ? wrong(w, "end of a line", word, err) : HU_OK;
}

static hu_status read_probe(hu_probe_set *set, words *w, hu_error *err)
{
    hu_probe p = {.first = set->n_terms};
    char *word = next_word(w);
    if (!set->a || !set->b || !set->output || !set->terms)
        return hu_fail(err, HU_EPARSE, "%.120s: line %llu: no header says a, b, output and terms; is it a file of 'halfulp vectors probe'?", w->name, w->line);
    if (!read_count(word, 1, HU_PROBE_PARTS, &p.part))
        return wrong(w, "part from 1 to 3", word, err);
    hu_status status = read_value(w, set->output, next_word(w), &p.c, err);
    if (!status)
        status = read_terms(set, &p, w, err);
    if (status)
        return status;
    hu_probe *grown = hu_grow(set->probe, set->n, &set->room, sizeof *grown);
    if (!grown)
        return hu_fail(err, HU_ENOMEM, "%.120s: no memory for line %llu", w->name, w->line);
    set->probe = grown;
    set->probe[set->n++] = p;
    return HU_OK;
}

/* "# key: value" */
static hu_status read_header(hu_probe_set *set, words *w, hu_error *err)
{
    const struct { const char *key; const hu_format **format; } formats[] = {{"a:", &set->a}, {"b:", &set->b}, {"output:", &set->output}};
    next_word(w);
    char *key = next_word(w), *value = next_word(w);
    if (!key || !value)
        return HU_OK;
    for (int i = 0; i < 3; i++)
        if (strcmp(key, formats[i].key) == 0) {
            hu_error own;
            *formats[i].format = hu_format_find(value, &own);
            if (!*formats[i].format || (*formats[i].format)->family != &hu_family_float || !hu_fits_f64(*formats[i].format))
                return wrong(w, "floating-point format that double holds", value, err);
        }
    if (strcmp(key, "terms:") == 0 && !read_count(value, 2, HU_PROBE_MOST_TERMS, &set->terms))
        return wrong(w, "number of terms from 2 to 1024", value, err);
    return HU_OK;
}

/* A line of results: a code, or as much of a probe as ends in "=" and a code. */
static hu_status read_result(hu_probe_set *set, words *w, hu_error *err)
{
    char *equals = strchr(w->at, '=');
    if (*w->at == '#' || !*w->at)
        return HU_OK;
    if (equals)
        w->at = equals + 1;
    if (w->answered == set->n)
        return hu_fail(err, HU_EPARSE, "%.120s: line %llu: more results than the %zu probes", w->name, w->line, set->n);
    return read_value(w, set->output, next_word(w), &set->probe[w->answered++].result, err);
}

static hu_status read_lines(hu_probe_set *set, const char *path, bool are_results, size_t *answered, hu_error *err)
{
    hu_lines l;
    hu_status status = hu_lines_open(&l, path, err);
    if (status)
        return status;
    char *copy = hu_malloc(HU_LINE_MAX + 1);
    words w = {.name = path};
    bool more = true;
    if (!copy)
        status = hu_fail(err, HU_ENOMEM, "%.120s: no memory for a line", path);
    while (!status && !(status = hu_lines_next(&l, &more, err)) && more) {
        memcpy(copy, l.line, l.n);
        copy[l.n] = 0;
        w.at = copy;
        w.line = l.number;
        if (are_results)
            status = read_result(set, &w, err);
        else if (l.n > 0)
            status = *copy == '#' ? read_header(set, &w, err) : read_probe(set, &w, err);
    }
    *answered = w.answered;
    hu_free(copy);
    hu_lines_close(&l);
    return status;
}

hu_status hu_probe_read(hu_probe_set *set, const char *path, const char *results, hu_error *err)
{
    size_t answered;
    *set = (hu_probe_set){0};
    hu_status status = read_lines(set, path, false, &answered, err);
    if (!status && set->n == 0)
        status = hu_fail(err, HU_EPARSE, "%.120s has no probes", path);
    if (!status && results)
        status = read_lines(set, results, true, &answered, err);
    if (!status && answered != 0 && answered != set->n)
        status = hu_fail(err, HU_EPARSE, "%.120s: %zu of the %zu probes have a result", results ? results : path, answered, set->n);
    set->has_results = !status && answered > 0;
    return status;
}
