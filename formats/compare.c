/* compare.c - two formats side by side: where which has the finer steps, and which values only one of them has.
 *
 * Formats of up to 16 bits are compared value by value. Larger ones are by binades, where their families have equal steps within
 * each: then the values of two formats in a binade differ in their step and in where they end.
 */
#include "formats/compare.h"

#include <limits.h>

#include "src/base/memory.h"

enum { WIDEST_COUNT = 127 };      /* bits of a format whose values hu_u128 can count */

/* A function that takes `side` takes both, A and B. */

/* --- a binade of one side --- */

static bool is_even(const hu_side *s)
{
    return hu_format_has_even_binades(s->format);
}

static bool is_comparable(const hu_side *s)
{
    return s->list || is_even(s);
}

/* How many values of the list are below 2^exp. */
static size_t n_below(const hu_side *s, int exp)
{
    hu_num limit = hu_num_make(false, 1, exp);
    size_t low = 0, high = s->n_list;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hu_num_compare(s->list[middle].num, limit) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Exponents of the smallest and the largest positive value. */
static int first_exp(const hu_side *s) { return hu_format_least(s->format).exp; }
static int last_exp (const hu_side *s) { return hu_format_max(s->format).exp; }

/* The next exponent above at which a binade may look different. */
static int next_exp(const hu_side *s, int exp)
{
    const hu_format *f = s->format;
    int first = first_exp(s), last = last_exp(s);
    if (exp < first)
        return first;
    if (exp > last)
        return INT_MAX;
    return hu_format_has_fields(f) && exp >= f->emin && exp < last ? last : exp + 1;
}

/* --- stretches --- */

static bool reaches(const hu_side *s, int exp)
{
    return first_exp(s) <= exp && exp <= last_exp(s) && hu_format_max(s->format).kind == HU_FINITE;
}

static hu_num distance(hu_num from, hu_num to)
{
    return hu_num_add(to, hu_num_negate(from), false);
}

/* The widest gap between positive neighbors of the list that has a part in the binade. */
static hu_num widest_gap(const hu_side *s, int exp)
{
    hu_num widest = hu_num_zero(false);
    size_t at = n_below(s, exp), end = n_below(s, exp + 1);
    bool starts_below = at > 0 && s->list[at - 1].num.kind == HU_FINITE && !s->list[at - 1].num.negative
                        && (at == end || hu_num_compare(s->list[at].num, hu_num_make(false, 1, exp)) > 0);
    for (size_t i = starts_below ? at - 1 : at; i < end && i + 1 < s->n_list; i++) {
        hu_num gap = distance(s->list[i].num, s->list[i + 1].num);
        if (hu_num_compare(gap, widest) > 0)
            widest = gap;
    }
    return widest.kind == HU_ZERO ? hu_num_make(false, 1, exp) : widest;
}

/* How far values are apart in the binade, or from the one below it to the next where there is none or one. */
static hu_num step_in(const hu_side *s, int exp)
{
    if (!is_even(s))
        return widest_gap(s, exp);
    hu_binade b = hu_format_binade(s->format, exp);
    if (b.has_any && (b.last > b.first || exp == last_exp(s) || hu_format_has_fields(s->format)))
        return hu_num_make(false, 1, b.step_exp);
    hu_num end = {.kind = HU_FINITE, .sig = ~(hu_u128)0, .exp = exp, .sticky = true};
    hu_bracket around = s->format->family->bracket(s->format, end);
    return distance(hu_decode(s->format, around.lo), hu_decode(s->format, around.hi));
}

/* The logarithm of a / b to base two, as a whole number; a is the larger. */
static int log2_ratio(hu_num a, hu_num b)
{
    double ratio = (double)(uint64_t)(a.sig >> 64) / (double)(uint64_t)(b.sig >> 64);
    return a.exp - b.exp + (ratio >= 1.4142135623730951) - (ratio < 0.70710678118654757);
}

static hu_stretch relate(const hu_side *side, int from, int to)
{
    bool a = reaches(&side[0], from), b = reaches(&side[1], from);
    hu_stretch s = {.from = from, .to = to, .relation = HU_ALIKE};
    if (!a || !b) {
        s.relation = a ? HU_REACH_A : b ? HU_REACH_B : HU_REACH_NONE;
        return s;
    }
    hu_num step_a = step_in(&side[0], from), step_b = step_in(&side[1], from);
    int order = hu_num_compare(step_a, step_b);
    s.relation = order < 0 ? HU_FINER_A : order > 0 ? HU_FINER_B : HU_ALIKE;
    s.least = s.most = order < 0 ? log2_ratio(step_b, step_a) : order > 0 ? log2_ratio(step_a, step_b) : 0;
    return s;
}

static hu_status add_stretch(hu_comparison *c, hu_stretch s, hu_error *err)
{
    hu_stretch *last = c->n_stretches ? &c->stretches[c->n_stretches - 1] : NULL;
    if (last && last->relation == s.relation) {
        last->to = s.to;
        last->least = s.least < last->least ? s.least : last->least;
        last->most = s.most > last->most ? s.most : last->most;
        return HU_OK;
    }
    hu_stretch *more = hu_realloc(c->stretches, (c->n_stretches + 1) * sizeof *more);
    if (!more)
        return hu_fail(err, HU_ENOMEM, "format: out of memory");
    more[c->n_stretches++] = s;
    c->stretches = more;
    return HU_OK;
}

static int lesser(int a, int b)  { return a < b ? a : b; }
static int greater(int a, int b) { return a > b ? a : b; }

static hu_status make_stretches(hu_comparison *c, hu_error *err)
{
    const hu_side *a = &c->side[0], *b = &c->side[1];
    int end = greater(last_exp(a), last_exp(b)) + 1, next;
    for (int exp = lesser(first_exp(a), first_exp(b)); exp < end; exp = next) {
        next = lesser(end, lesser(next_exp(a, exp), next_exp(b, exp)));
        hu_status status = add_stretch(c, relate(c->side, exp, next), err);
        if (status)
            return status;
    }
    return HU_OK;
}

/* --- common values of two large formats, by binades --- */

typedef struct tally {
    hu_u128 a, b, common;      /* values of A, of B and of both */
    bool    a_in_b, b_in_a;
} tally;

/* How many values of the coarser one, whose step is 2^shift of the finer one's, are among those of the finer one. */
static hu_u128 hits(hu_binade coarse, hu_binade fine, int shift)
{
    if (fine.last == ~(hu_u128)0)                            /* cut: there are more, and no first one is missing */
        return coarse.last - coarse.first + 1;
    if (shift > 127)
        return fine.first == 0 && coarse.first == 0;
    hu_u128 from = (fine.first >> shift) + (fine.first & (((hu_u128)1 << shift) - 1) ? 1 : 0), to = fine.last >> shift;
    from = from > coarse.first ? from : coarse.first;
    to = to < coarse.last ? to : coarse.last;
    return to < from ? 0 : to - from + 1;
}

static hu_u128 count(hu_binade b)
{
    return b.has_any ? b.last - b.first + 1 : 0;
}

static void tally_binades(tally *t, hu_binade a, hu_binade b, unsigned times)
{
    hu_u128 common = 0;
    if (a.has_any && b.has_any)
        common = a.step_exp >= b.step_exp ? hits(a, b, a.step_exp - b.step_exp) : hits(b, a, b.step_exp - a.step_exp);
    t->a += count(a) * times;
    t->b += count(b) * times;
    t->common += common * times;
    t->a_in_b = t->a_in_b && common == count(a);
    t->b_in_a = t->b_in_a && common == count(b);
}

static tally tally_positive(const hu_side *side)
{
    tally t = {.a_in_b = true, .b_in_a = true};
    int end = greater(last_exp(&side[0]), last_exp(&side[1])) + 1, next;
    for (int exp = lesser(first_exp(&side[0]), first_exp(&side[1])); exp < end; exp = next) {
        next = lesser(end, lesser(next_exp(&side[0], exp), next_exp(&side[1], exp)));
        tally_binades(&t, hu_format_binade(side[0].format, exp), hu_format_binade(side[1].format, exp), (unsigned)(next - exp));
    }
    return t;
}

/* The one value below zero of a fixed-point format that has no counterpart above. */
static void tally_lowest(tally *t, const hu_side *s, const hu_side *other, bool is_a)
{
    const hu_format *f = s->format;
    if (f->family != &hu_family_fixed || !f->is_signed)
        return;
    bool both = hu_format_has(other->format, hu_format_lowest(f));
    bool *inside = is_a ? &t->a_in_b : &t->b_in_a;
    *(is_a ? &t->a : &t->b) += 1;
    *inside = *inside && both;
    if (both && (is_a || other->format->family != &hu_family_fixed || hu_num_compare(hu_format_lowest(f), hu_format_lowest(other->format)) != 0))
        t->common += 1;
}

static void tally_negative(tally *t, const hu_side *side)
{
    bool a = side[0].format->is_signed, b = side[1].format->is_signed;
    t->a_in_b = t->a_in_b && (b || !a);
    t->b_in_a = t->b_in_a && (a || !b);
    t->common += a && b ? t->common : 0;
    t->a += a ? t->a : 0;
    t->b += b ? t->b : 0;
    tally_lowest(t, &side[0], &side[1], true);
    tally_lowest(t, &side[1], &side[0], false);
}

static void tally_zero(tally *t, const hu_side *side)
{
    bool a = !side[0].format->lacks_zero, b = !side[1].format->lacks_zero;
    t->a += a;
    t->b += b;
    t->common += a && b;
    t->a_in_b = t->a_in_b && (b || !a);
    t->b_in_a = t->b_in_a && (a || !b);
}

static void compare_by_binades(hu_comparison *c)
{
    hu_side *a = &c->side[0], *b = &c->side[1];
    tally t = tally_positive(c->side);
    tally_negative(&t, c->side);
    tally_zero(&t, c->side);
    c->has_common = a->format->width_bits <= WIDEST_COUNT && b->format->width_bits <= WIDEST_COUNT;
    c->has_subset = true;
    c->common = t.common;
    a->is_subset = t.a_in_b;
    b->is_subset = t.b_in_a;
    a->total = t.a;
    b->total = t.b;
    a->has_total = b->has_total = c->has_common;
}

/* --- common values of which one side has a list --- */

static hu_status find_only(hu_side *s, const hu_side *other, hu_error *err)
{
    s->only = hu_calloc(s->n_list + 1, sizeof *s->only);
    if (!s->only)
        return hu_fail(err, HU_ENOMEM, "format: out of memory");
    s->n_only = 0;
    for (size_t i = 0; i < s->n_list; i++) {
        if (!hu_format_has(other->format, s->list[i].num))
            s->only[s->n_only++] = i;
    }
    s->is_subset = s->n_only == 0;
    return HU_OK;
}

/* By its binades alone; of a listed side there is no need. */
static void count_total(hu_side *s)
{
    if (s->list) {
        s->total = s->n_list;
        s->has_total = true;
    } else if (is_even(s) && s->format->width_bits <= WIDEST_COUNT) {
        hu_side both[2] = {*s, *s};
        tally t = tally_positive(both);
        tally_negative(&t, both);
        tally_zero(&t, both);
        s->total = t.a;
        s->has_total = true;
    }
}

static hu_status compare_by_lists(hu_comparison *c, hu_error *err)
{
    hu_status status = HU_OK;
    for (int i = 0; i < 2 && status == HU_OK; i++) {
        count_total(&c->side[i]);
        if (c->side[i].list)
            status = find_only(&c->side[i], &c->side[1 - i], err);
    }
    if (status)
        return status;
    const hu_side *listed = &c->side[c->side[0].list ? 0 : 1];
    c->has_common = c->has_subset = true;
    c->common = listed->n_list - listed->n_only;
    for (int i = 0; i < 2; i++) {
        if (!c->side[i].list)                  /* of a larger one, whose values are more than the other has codes */
            c->side[i].is_subset = false;
    }
    return HU_OK;
}

/* --- all --- */

void hu_comparison_clear(hu_comparison *c)
{
    for (int i = 0; i < 2; i++) {
        hu_free(c->side[i].list);
        hu_free(c->side[i].only);
    }
    hu_free(c->stretches);
    *c = (hu_comparison){0};
}

hu_status hu_format_compare(hu_comparison *c, const hu_format *a, const hu_format *b, hu_error *err)
{
    *c = (hu_comparison){.side = {{.format = a}, {.format = b}}};
    for (int i = 0; i < 2; i++) {
        hu_side *s = &c->side[i];
        if (s->format->width_bits <= HU_VALUES_WIDEST && !(s->list = hu_format_values(s->format, &s->n_list, err)))
            return HU_ENOMEM;
    }
    hu_status status = HU_OK;
    if (is_comparable(&c->side[0]) && is_comparable(&c->side[1]))
        status = make_stretches(c, err);
    if (status == HU_OK && (c->side[0].list || c->side[1].list))
        status = compare_by_lists(c, err);
    else if (status == HU_OK && is_even(&c->side[0]) && is_even(&c->side[1]))
        compare_by_binades(c);
    if (status == HU_OK && c->has_common) {
        for (int i = 0; i < 2; i++)
            c->side[i].n_only = c->side[i].has_total ? c->side[i].total - c->common : 0;
    }
    return status;
}
