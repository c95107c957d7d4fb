/* check-itself.c - checks a file of vectors that has results: each is computed again, and what the described set has and the file
 * has not is named.
 */
#include <string.h>

#include "src/base/memory.h"
#include "src/hardware/check.h"

enum { LOOK_AHEAD = 64, LOST = 8 };

/* Where in the described set the reading is. */
typedef struct place {
    uint64_t next;                /* number of the vector that should come */
    uint64_t lost;                /* lines in a row that are not of the set */
    bool in_step;                 /* one has been, so that the set is the right one */
    uint64_t unsaid;              /* vectors before the first of these: missing, if a second one is of the set too */
    uint64_t first_line;          /* of the file, before which they belong */
    uint64_t *in, *out;
} place;

static void report_missing(hu_checker *c, place *p, uint64_t vector, uint64_t line)
{
    hu_cases_get(c->cases, vector, p->in);
    hu_flags flags = hu_task_compute(&c->task, p->in, p->out);
    hu_check_report(c, &(hu_finding){.kind = HU_FINDING_MISSING, .task = &c->task, .line = line, .vector = vector + 1,
                                     .in = p->in, .want = p->out, .want_flags = flags});
}

/* How many vectors of the set come before the one with these operands; LOOK_AHEAD: it is none of the next ones. */
static uint64_t distance(const hu_checker *c, place *p, const uint64_t *in)
{
    for (uint64_t s = 0; s < LOOK_AHEAD && p->next + s < hu_cases_count(c->cases); s++) {
        hu_cases_get(c->cases, p->next + s, p->in);
        if (hu_check_same_operands(c, p->in, in))
            return s;
    }
    return LOOK_AHEAD;
}

static void drop_set(hu_checker *c)
{
    hu_cases_free(c->cases);
    c->cases = NULL;
}

/* Compares the operands with those of the set, and names the vectors that are not there. */
static void keep_step(hu_checker *c, place *p, const hu_vector *line)
{
    uint64_t s = distance(c, p, line->in);
    if (s < LOOK_AHEAD) {
        for (uint64_t i = 0; i < p->unsaid; i++)
            report_missing(c, p, i, p->first_line);
        p->unsaid = !p->in_step && p->next == 0 ? s : 0;
        p->first_line = p->unsaid ? c->lines.number : 0;
        for (uint64_t i = 0; i < s && p->in_step; i++)
            report_missing(c, p, p->next + i, c->lines.number);
        p->next += s + 1;
        p->lost = 0;
        p->in_step = true;
        return;
    }
    if (p->in_step) {
        hu_cases_get(c->cases, p->next < hu_cases_count(c->cases) ? p->next : 0, p->in);
        hu_check_report(c, &(hu_finding){.kind = HU_FINDING_OPERANDS, .task = &c->task, .line = c->lines.number, .vector = p->next + 1,
                                         .in = line->in, .want = p->in});
    }
    p->next++;
    if (++p->lost >= LOST)
        drop_set(c);
}

static hu_status check_lines(hu_checker *c, place *p, hu_vector *line, hu_vector *want, hu_error *err)
{
    for (;;) {
        bool more;
        hu_finding f;
        hu_status status = hu_check_next(c, line, &more, err);
        if (status || !more)
            return status;
        if (c->cases)
            keep_step(c, p, line);
        want->flags = hu_task_compute(&c->task, line->in, want->out);
        if (!hu_check_compare(c, want, line, &f))
            continue;
        f.line = c->lines.number;
        f.vector = c->cases ? p->next : 0;
        hu_check_report(c, &f);
    }
}

static void compare_ends(hu_checker *c, place *p)
{
    const hu_header *h = &c->header;
    if (h->has_count && h->count != c->n_lines)
        hu_check_say(c, HU_FINDING_FILE, "the header says %llu vectors, and there are %llu", (unsigned long long)h->count,
                     (unsigned long long)c->n_lines);
    if (c->cases && p->in_step) {
        c->lines.number++;
        for (; p->next < hu_cases_count(c->cases) && c->result->reported < c->settings->max; p->next++)
            report_missing(c, p, p->next, c->lines.number);
        uint64_t rest = hu_cases_count(c->cases) > p->next ? hu_cases_count(c->cases) - p->next : 0;
        c->result->missing += rest;
        c->result->findings += rest;
    }
}

/* The set that the header describes, so that what is missing can be named. Without it the count says how many. */
static void find_set(hu_checker *c)
{
    const hu_header *h = &c->header;
    if (!c->has_header || !h->has_seed || !h->has_count || h->count > UINT64_MAX / 2)
        return;
    if (hu_cases_new(&c->cases, &c->task, h->seed, h->wanted, NULL) == HU_OK && hu_cases_count(c->cases) != h->count)
        drop_set(c);
}

hu_status hu_check_itself(hu_checker *c, hu_error *err)
{
    const hu_task *t = &c->task;
    uint64_t *words = hu_calloc((size_t)(2 * t->in_words + 3 * t->out_words), sizeof *words);
    if (!words)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    hu_vector line = {.in = words, .out = words + t->in_words};
    hu_vector want = {.in = line.in, .out = line.out + t->out_words};
    place p = {.in = want.out + t->out_words, .out = want.out + t->out_words + t->in_words};
    find_set(c);
    hu_status status = check_lines(c, &p, &line, &want, err);
    if (status == HU_OK)
        compare_ends(c, &p);
    drop_set(c);
    hu_free(words);
    return status;
}
