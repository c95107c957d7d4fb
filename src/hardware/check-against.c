/* check-against.c - compares a set of vectors with the outputs of somebody's hardware, which are in another file.
 *
 * A line of outputs is a whole line of the layout, or results with or without flags. Where one is missing all that follow are off by
 * one; so a number of lines of both files are held, and a difference that a few skipped vectors explain is told as that:
 * the next outputs must then be right one after another.
 */
#include <string.h>

#include "src/base/memory.h"
#include "src/hardware/check.h"

enum { HELD = 64, SKIPPED_MOST = 32, RIGHT_IN_A_ROW = 8 };

/* A vector with what it should give, or a line of outputs. */
typedef struct held {
    hu_vector line;
    uint64_t number;                  /* of the vector in its set, or of the line of outputs in its file */
    bool bad;                         /* outputs that could not be read                   */
    char text[160];                   /* why                                              */
} held;

typedef struct queue {
    held at[HELD];
    int first, n;
    bool ended;
} queue;

typedef struct both {
    hu_checker *c;
    hu_lines outputs;
    int holds;                        /* of a line of outputs; 0: none has been read yet  */
    queue wanted, got;
    uint64_t *words;
} both;

static held *at(queue *q, int i)
{
    return &q->at[(q->first + i) % HELD];
}

static void drop(queue *q, int n)
{
    q->first = (q->first + n) % HELD;
    q->n -= n;
}

static hu_status fill_wanted(both *b, hu_error *err)
{
    queue *q = &b->wanted;
    while (q->n < HELD && !q->ended) {
        held *h = at(q, q->n);
        bool more;
        hu_status status = hu_check_next(b->c, &h->line, &more, err);
        if (status)
            return status;
        q->ended = !more;
        if (!more)
            break;
        h->number = b->c->n_lines;
        h->line.flags = hu_task_compute(&b->c->task, h->line.in, h->line.out);
        q->n++;
    }
    return HU_OK;
}

static bool is_output(const both *b)
{
    const hu_lines *l = &b->outputs;
    if (l->n == 0 || l->line[0] == '#' || (l->n > 1 && l->line[0] == '/' && l->line[1] == '/'))
        return false;
    return !b->c->layout->has_columns || !hu_check_is_names(l);
}

static hu_status fill_got(both *b, hu_error *err)
{
    queue *q = &b->got;
    while (q->n < HELD && !q->ended) {
        bool more;
        hu_error why;
        hu_lines *l = &b->outputs;
        hu_status status = hu_lines_next(l, &more, err);
        if (status)
            return status;
        q->ended = !more;
        if (!more)
            break;
        if (!is_output(b))
            continue;
        if (b->holds == 0 && !(b->holds = hu_layout_holds(b->c->layout, &b->c->task, l->line, l->n, true, &why)))
            return hu_fail(err, HU_EPARSE, "%.80s: line %llu: %.160s", l->name, (unsigned long long)l->number, why.text);
        held *h = at(q, q->n++);
        h->number = l->number;
        h->line.holds = b->holds;
        h->bad = hu_layout_read(b->c->layout, &b->c->task, l->line, l->n, &h->line, &why) != HU_OK;
        if (!h->bad && l->cut && h->line.short_column)
            h->bad = hu_fail(&why, HU_EPARSE, "the file ends in the middle of the line") != HU_OK;
        if (h->bad)
            snprintf(h->text, sizeof h->text, "%.*s", (int)sizeof h->text - 1, why.text);
    }
    return HU_OK;
}

/* Whether output j answers vector i, as far as both are held. */
static bool answers(both *b, int i, int j)
{
    hu_finding f;
    held *want = at(&b->wanted, i), *got = at(&b->got, j);
    if (got->bad || ((b->holds & HU_LINE_IN) && !hu_check_same_operands(b->c, want->line.in, got->line.in)))
        return false;
    return !hu_check_compare(b->c, &want->line, &got->line, &f);
}

/* How many vectors have no output before the one that the first output held answers; 0: it does not look like that. */
static int skipped(both *b)
{
    for (int s = 1; s <= SKIPPED_MOST && s < b->wanted.n; s++) {
        if (b->holds & HU_LINE_IN) {
            if (!at(&b->got, 0)->bad && hu_check_same_operands(b->c, at(&b->wanted, s)->line.in, at(&b->got, 0)->line.in))
                return s;
            continue;
        }
        int run = 0;
        while (run < RIGHT_IN_A_ROW && run < b->got.n && s + run < b->wanted.n && answers(b, s + run, run))
            run++;
        bool all = b->got.ended && run == b->got.n && b->wanted.ended && s + run == b->wanted.n;
        if (run == RIGHT_IN_A_ROW || (run > 0 && all))
            return s;
    }
    return 0;
}

static void report_skipped(both *b, uint64_t line)
{
    held *h = at(&b->wanted, 0);
    hu_check_report(b->c, &(hu_finding){.kind = HU_FINDING_MISSING, .task = &b->c->task, .line = line, .vector = h->number,
                                        .in = h->line.in, .want = h->line.out, .want_flags = h->line.flags});
    drop(&b->wanted, 1);
}

static void compare_first(both *b)
{
    hu_finding f;
    held *want = at(&b->wanted, 0), *got = at(&b->got, 0);
    if (got->bad) {
        hu_check_say(b->c, HU_FINDING_LINE, "%.80s: line %llu: %.160s", b->outputs.name, (unsigned long long)got->number, got->text);
    } else if ((b->holds & HU_LINE_IN) && !hu_check_same_operands(b->c, want->line.in, got->line.in)) {
        hu_check_report(b->c, &(hu_finding){.kind = HU_FINDING_OPERANDS, .task = &b->c->task, .line = got->number, .vector = want->number,
                                            .in = got->line.in, .want = want->line.in});
    } else if (hu_check_compare(b->c, &want->line, &got->line, &f)) {
        f.line = got->number;
        f.vector = want->number;
        hu_check_report(b->c, &f);
    }
    drop(&b->wanted, 1);
    drop(&b->got, 1);
}

static hu_status compare_all(both *b, hu_error *err)
{
    for (;;) {
        hu_status status = fill_wanted(b, err);
        if (status == HU_OK)
            status = fill_got(b, err);
        if (status || (b->wanted.n == 0 && b->got.n == 0))
            return status;
        if (b->wanted.n == 0) {
            uint64_t rest = 0;
            for (; b->got.n > 0 && status == HU_OK; status = fill_got(b, err)) {
                rest += (uint64_t)b->got.n;
                drop(&b->got, b->got.n);
            }
            hu_check_say(b->c, HU_FINDING_FILE, "%.80s has %llu lines more than there are vectors", b->outputs.name, (unsigned long long)rest);
            return status;
        }
        if (b->got.n == 0) {
            report_skipped(b, b->outputs.number + 1);
            continue;
        }
        int s = answers(b, 0, 0) ? 0 : skipped(b);
        for (int i = 0; i < s; i++)
            report_skipped(b, at(&b->got, 0)->number);
        if (s == 0)
            compare_first(b);
    }
}

static hu_status allocate(both *b, hu_error *err)
{
    const hu_task *t = &b->c->task;
    size_t words = (size_t)(t->in_words + t->out_words);
    b->words = hu_calloc(2 * HELD * words, sizeof *b->words);
    if (!b->words)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    for (int i = 0; i < 2 * HELD; i++) {
        hu_vector *line = i < HELD ? &b->wanted.at[i].line : &b->got.at[i - HELD].line;
        line->in = b->words + (size_t)i * words;
        line->out = line->in + t->in_words;
    }
    return HU_OK;
}

hu_status hu_check_against(hu_checker *c, const char *path, hu_error *err)
{
    both *b = hu_calloc(1, sizeof *b);
    if (!b)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    b->c = c;
    hu_status status = allocate(b, err);
    if (status == HU_OK) {
        status = hu_lines_open(&b->outputs, path, err);
        if (status == HU_OK)
            status = compare_all(b, err);
        c->result->outputs_windows_ends = b->outputs.windows_ends;
        hu_lines_close(&b->outputs);
    }
    hu_free(b->words);
    hu_free(b);
    return status;
}
