/* list-arrays.c - operands of dot products and of conversions to block formats: many on a line.
 *
 * Each line has a style. Dot products: numbers near one; pairs of terms that cancel; one large term among small ones; few bits, so
 * that sums are exact and midpoints; products at the edges of the range; special values. Blocks: one value besides zeros; all
 * equal; magnitudes falling by halves, so that small ones flush; midpoints of the element's values times a power of two; a
 * largest magnitude at and beside the thresholds of the scale; scales at the ends of their range; special values.
 */
#include "src/base/memory.h"
#include "src/hardware/lister.h"

enum { LINES = 1500, DOT_STYLES = 6, BLOCK_STYLES = 8 };

typedef struct maker {
    hu_lister *l;
    uint64_t *in;
} maker;

static void put(maker *m, int operand, const hu_bits *code)
{
    hu_field_put(&m->l->task->field[operand], m->in, code);
}

/* sig * 2^exp, nearest, of that sign. */
static void put_number(maker *m, int operand, bool negative, uint64_t sig, int exp)
{
    const hu_format *f = m->l->task->field[operand].format;
    hu_bits code, a = {{sig}};
    hu_code_nearest(f, negative && f->is_signed, &a, exp, &code);
    put(m, operand, &code);
}

static bool coin(maker *m)
{
    return hu_lister_bits(m->l) & 1;
}

static int between(maker *m, int low, int high)
{
    return high <= low ? low : low + hu_lister_below(m->l, high - low + 1);
}

static void put_special(maker *m, int operand)
{
    const hu_format *f = m->l->task->field[operand].format;
    static const char *const names[] = {"inf", "-inf", "nan", "0", "-0"};
    hu_env env = hu_env_default();
    hu_bits code = {{0}};
    hu_bits_round_text(f, &env, names[hu_lister_below(m->l, 5)], &code, NULL);
    put(m, operand, &code);
}

/* A significand of all the format's bits, at 2^exp. */
static void put_full(maker *m, int operand, int exp)
{
    int p = m->l->task->field[operand].format->man_bits + 1, bits = p < 63 ? p : 63;
    put_number(m, operand, coin(m), hu_lister_bits(m->l) >> (64 - bits) | UINT64_C(1) << (bits - 1), exp - bits + 1);
}

/* --- dot products: a[0] .. a[n-1], b[0] .. b[n-1] --- */

/* Terms 2i and 2i + 1 of opposite sign and the same or nearly the same size. */
static void make_cancelling(maker *m, int n)
{
    const hu_field *f = m->l->task->field;
    for (int i = 0; i + 1 < n; i += 2) {
        hu_env env = hu_env_default();
        hu_bits a = hu_field_get(&f[i], m->in), b = hu_field_get(&f[n + i], m->in), negative = a;
        if (hu_op_check(hu_op_find("neg"), f[i].format, NULL) == HU_OK)
            hu_apply(hu_op_find("neg"), f[i].format, &env, &a, &negative, NULL);
        negative = hu_code_step(&f[i], negative, coin(m) ? between(m, -1, 1) : 0);
        put(m, i + 1, &negative);
        put(m, n + i + 1, &b);
    }
}

static void make_dot(maker *m, int style)
{
    int n = m->l->task->n_terms, large = hu_lister_below(m->l, n);
    const hu_format *a = m->l->task->field[0].format, *b = m->l->task->field[n].format, *sum = m->l->task->dot.sum;
    for (int i = 0; i < n; i++) {
        int low = style == 2 && i != large ? -sum->man_bits / 2 : 0;
        switch (style) {
        case 3:                                             /* few bits */
            put_number(m, i, coin(m), (uint64_t)between(m, 1, 7), between(m, -2, 2));
            put_number(m, n + i, coin(m), (uint64_t)between(m, 1, 7), between(m, -sum->man_bits / 2, 2));
            break;
        case 4:                                             /* the edges of the range */
            put_full(m, i, coin(m) ? a->emax - between(m, 0, 1) : a->emin + between(m, -a->man_bits, 1));
            put_full(m, n + i, coin(m) ? b->emax - between(m, 0, 1) : b->emin + between(m, -b->man_bits, 1));
            break;
        default:
            put_full(m, i, low + between(m, -2, 2));
            put_full(m, n + i, low + between(m, -2, 2));
        }
    }
    if (style == 1)
        make_cancelling(m, n);
    if (style == 5) {
        for (int i = between(m, 1, 3); i > 0; i--)
            put_special(m, hu_lister_below(m->l, 2 * n));
    }
}

/* --- blocks: a[0] .. a[n-1] --- */

/* The midpoint of two neighboring values of the element times 2^exp, or beside it; else that of a value and itself. */
static void put_midpoint(maker *m, int operand, const hu_format *element, int exp)
{
    hu_code last = hu_format_last_code(element), code = (hu_code)(hu_lister_bits(m->l) % ((uint64_t)last + 1));
    hu_num a = hu_decode(element, code), b = hu_decode(element, code < last ? code + 1 : code);
    if (a.kind > HU_FINITE || b.kind > HU_FINITE)
        return;
    hu_num sum = hu_num_add(a, b, false);
    const hu_field *f = &m->l->task->field[operand];
    if (sum.kind != HU_FINITE)
        return;
    hu_bits at, sig = hu_bits_from_code(sum.sig);
    hu_code_nearest(f->format, sum.negative && f->format->is_signed, &sig, sum.exp - 128 + exp, &at);
    at = hu_code_step(f, at, between(m, -1, 1));
    put(m, operand, &at);
}

/* A largest magnitude where scales change: the element's largest value, or a power of two, times 2^exp; and its neighbors. */
static void put_threshold(maker *m, int operand, const hu_format *element, int exp)
{
    const hu_field *f = &m->l->task->field[operand];
    hu_num max = coin(m) ? hu_format_max(element) : hu_num_make(false, 1, element->emax);
    hu_bits code, sig = hu_bits_from_code(max.sig);
    hu_code_nearest(f->format, coin(m) && f->format->is_signed, &sig, max.exp - 127 + exp, &code);
    code = hu_code_step(f, code, between(m, -1, 1));
    put(m, operand, &code);
}

static void make_block(maker *m, int style)
{
    const hu_task *t = m->l->task;
    const hu_format *from = t->field[0].format, *element = t->block->element;
    int n = t->n_terms, place = hu_lister_below(m->l, n);
    int exp = style == 6 ? (coin(m) ? from->emax - between(m, 0, 9) : from->emin + between(m, -from->man_bits, 9)) : between(m, -9, 9);
    hu_bits zero = {{0}};
    for (int i = 0; i < n; i++) {
        put(m, i, &zero);
        if (style == 1 || style == 6 || style == 7)
            put_full(m, i, exp - between(m, 0, 3));
        else if (style == 2)
            put_full(m, i, exp - (i + place) % n);
        else if (style == 3 || style == 4)
            put_midpoint(m, i, element, exp - element->emax);
        else if (style == 5)
            put_number(m, i, coin(m), 1, exp);
    }
    if (style == 0)
        put_full(m, place, exp);
    if (style == 3 || style == 4)
        put_threshold(m, place, element, exp - element->emax + (style == 4 && coin(m)));
    if (style == 7) {
        for (int i = between(m, 1, 2); i > 0; i--)
            put_special(m, hu_lister_below(m->l, n));
    }
}

void hu_list_arrays(hu_lister *l)
{
    const hu_task *t = l->task;
    bool dot = t->kind == HU_TASK_DOT;
    maker m = {l, hu_calloc((size_t)t->in_words, sizeof *m.in)};
    l->failed = l->failed || !m.in;
    l->current = HU_CASES_STYLES;
    for (int i = 0; i < LINES && !l->failed; i++) {
        if (dot)
            make_dot(&m, i % DOT_STYLES);
        else
            make_block(&m, i % BLOCK_STYLES);
        hu_lister_add_words(l, m.in);
    }
    hu_free(m.in);
}
