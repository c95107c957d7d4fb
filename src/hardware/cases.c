/* cases.c - the operands of a set of vectors, by number: all of them, or the listed ones and then random ones.
 *
 * Of few combinations with fewer lines than that no operands come twice; where there are more, random ones may.
 */
#include "src/hardware/cases.h"

#include <string.h>

#include "src/base/memory.h"
#include "src/hardware/lister.h"

enum { ALL_BITS = 18, USUAL_COUNT = 100000 };

/* Streams of the random generator, so that no two uses share their numbers. */
enum { STREAM_LIST = 1, STREAM_FILL, STREAM_WORDS, STREAM_CHOICES, STREAM_REST };

struct hu_cases {
    const hu_task *task;
    uint64_t seed, count;
    uint64_t all;                     /* combinations, where they can be counted out; else 0 */
    uint32_t *rest;                   /* [count - taken] numbers of combinations that are not listed; NULL: any may come */
    uint64_t in_class[HU_CASES_N];
    hu_lister list;
    size_t taken;                     /* lines from the list */
};

const char *hu_cases_class_name(hu_cases_class c)
{
    static const char *const names[] = {
#define X(name, text) [name] = text,
        HU_CASES_CLASSES(X)
#undef X
    };
    return names[c];
}

uint64_t hu_cases_count(const hu_cases *c)
{
    return c->count;
}

uint64_t hu_cases_in_class(const hu_cases *c, hu_cases_class which)
{
    return c->in_class[which];
}

/* How many combinations of operands there are; 0: more than 2^ALL_BITS. */
static uint64_t combinations(const hu_task *t)
{
    uint64_t n = 1;
    int bits = 0;
    for (int i = 0; i < t->n_operands && bits <= ALL_BITS; i++) {
        bits += t->field[i].width_bits;
        if (bits <= ALL_BITS)
            n *= hu_field_last(&t->field[i]).word[0] + 1;
    }
    return bits <= ALL_BITS ? n : 0;
}

/* --- random words: a quarter each just below and just above where the result changes, the rest at random --- */

static bool same_result(const hu_task *t, uint64_t *in, uint64_t word, const uint64_t *result)
{
    uint64_t out[HU_BITS_WORDS] = {0};
    in[t->field[t->n_operands].at] = word;
    hu_task_compute(t, in, out);
    return memcmp(out, result, (size_t)t->out_words * sizeof *out) == 0;
}

/* The first word with another result than 0 has; 0: none. */
static uint64_t find_flip(const hu_task *t, uint64_t *in, uint64_t last)
{
    uint64_t at_zero[HU_BITS_WORDS] = {0}, low = 0, high = last;
    in[t->field[t->n_operands].at] = 0;
    hu_task_compute(t, in, at_zero);
    if (same_result(t, in, last, at_zero))
        return 0;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (same_result(t, in, middle, at_zero))
            low = middle;
        else
            high = middle;
    }
    return high;
}

static void put_words(const hu_cases *c, uint64_t i, uint64_t *in)
{
    const hu_task *t = c->task;
    for (int k = 0; k < t->n_random; k++) {
        const hu_field *f = &t->field[t->n_operands + k];
        in[f->at] = hu_random_at(c->seed, STREAM_WORDS, i * (uint64_t)t->n_random + (uint64_t)k) >> (64 - f->width_bits);
    }
    uint64_t choice = hu_random_at(c->seed, STREAM_CHOICES, i) & 3;
    if (t->n_random != 1 || choice > 1)
        return;
    const hu_field *f = &t->field[t->n_operands];
    uint64_t kept = in[f->at], flip = find_flip(t, in, UINT64_MAX >> (64 - f->width_bits));
    in[f->at] = flip ? flip - choice : kept;
}

/* --- lines --- */

/* Whether there are fewer lines than combinations that can be counted out. */
static bool is_part(const hu_cases *c)
{
    return c->count < c->all;
}

static void get_all(const hu_cases *c, uint64_t i, uint64_t *in)
{
    i %= c->all;
    for (int k = c->task->n_operands - 1; k >= 0; k--) {
        const hu_field *f = &c->task->field[k];
        uint64_t size = hu_field_last(f).word[0] + 1;
        in[f->at] = i % size;
        i /= size;
    }
}

/* The number under which get_all has these operands. */
static uint64_t number_of(const hu_task *t, const uint64_t *in)
{
    uint64_t number = 0;
    for (int k = 0; k < t->n_operands; k++)
        number = number * (hu_field_last(&t->field[k]).word[0] + 1) + in[t->field[k].at];
    return number;
}

/* A code of few significant bits: a run of ones or zeros is put over random bits. */
static hu_bits thinned(const hu_field *f, hu_bits code, uint64_t choice)
{
    int from = (int)(choice >> 8 & 0xff) % f->width_bits, to = (int)(choice >> 16 & 0xff) % f->width_bits;
    hu_bits high = hu_bits_ones(from > to ? from : to), low = hu_bits_ones(from > to ? to : from), run = hu_bits_sub(&high, &low);
    hu_bits last = hu_field_last(f), changed = hu_bits_or(&code, &run);
    if (choice >> 24 & 1)
        changed = hu_bits_sub(&changed, &run);
    return hu_bits_compare(&changed, &last) > 0 ? code : changed;
}

/* The exponent of the first operand, or one near it, for a format with an exponent field. */
static hu_bits moved(const hu_field *f, hu_bits code, const hu_bits *first, uint64_t choice)
{
    int m = f->format->man_bits, e = f->format->exp_bits;
    hu_bits mask = hu_bits_ones(e), field = hu_bits_shift(first, -m);
    field = hu_bits_and(&field, &mask);
    int64_t near = (int64_t)field.word[0] + (int64_t)(choice >> 32) % (2 * m + 5) - (m + 2);
    if (near < 0 || near >= (INT64_C(1) << e))
        return code;
    hu_bits place = hu_bits_shift(&mask, m), cleared = hu_bits_or(&code, &place), at = {{(uint64_t)near}};
    cleared = hu_bits_sub(&cleared, &place);
    at = hu_bits_shift(&at, m);
    return hu_bits_or(&cleared, &at);
}

static void get_random(const hu_cases *c, uint64_t i, uint64_t *in)
{
    const hu_task *t = c->task;
    uint64_t index = i * (uint64_t)(t->in_words + 1), choice = hu_random_at(c->seed, STREAM_FILL, index++);
    hu_bits first = {{0}};
    for (int k = 0; k < t->n_operands; k++) {
        const hu_field *f = &t->field[k];
        hu_bits code = hu_random_code(f, c->seed, STREAM_FILL, &index);
        if ((choice & 3) == 1)
            code = thinned(f, code, choice << 5 * k % 64);
        if (k > 0 && (choice & 2) && f->format && f->format == t->field[0].format && hu_format_has_fields(f->format))
            code = moved(f, code, &first, choice >> 3 * k % 64);
        if (k == 0)
            first = code;
        hu_field_put(f, in, &code);
    }
}

void hu_cases_get(const hu_cases *c, uint64_t i, uint64_t *in)
{
    const hu_task *t = c->task;
    if (c->all && !is_part(c))
        get_all(c, i, in);
    else if (i < c->taken)
        memcpy(in, c->list.listed + (size_t)((hu_u128)i * c->list.n_listed / c->taken) * (size_t)t->in_words,
               (size_t)t->in_words * sizeof *in);
    else if (c->rest)
        get_all(c, c->rest[i - c->taken], in);
    else
        get_random(c, i - c->taken, in);
    if (t->n_random > 0)
        put_words(c, i, in);
}

/* --- making them --- */

static bool fill_list(hu_cases *c)
{
    hu_lister *l = &c->list;
    const hu_task *t = c->task;
    *l = (hu_lister){.task = t, .n = t->n_operands, .random = {c->seed, STREAM_LIST, 0}};
    if (t->kind == HU_TASK_DOT || t->kind == HU_TASK_BLOCK) {
        hu_list_arrays(l);
        return !l->failed;
    }
    const hu_field *result = &t->field[t->n_operands + t->n_random];
    for (int i = 0; i < l->n; i++) {
        if (!hu_pool_fill(&l->pool[i], &t->field[i], result))
            return false;
    }
    hu_list_boundary(l);
    hu_list_ties(l);
    hu_list_flips(l);
    hu_list_cancellation(l);
    hu_list_targets(l);
    return !l->failed;
}

/* Takes what is listed twice out of the list; seen[all] tells what is in it then. */
static void drop_repeated(hu_cases *c, bool *seen)
{
    hu_lister *l = &c->list;
    size_t words = (size_t)c->task->in_words, kept = 0;
    for (size_t i = 0; i < l->n_listed; i++) {
        uint64_t number = number_of(c->task, l->listed + i * words);
        if (seen[number])
            continue;
        seen[number] = true;
        memmove(l->listed + kept * words, l->listed + i * words, words * sizeof *l->listed);
        l->class_of[kept++] = l->class_of[i];
    }
    l->n_listed = kept;
}

/* The first `n` of the combinations not seen, in an order drawn from the seed. */
static bool draw_rest(hu_cases *c, const bool *seen, uint64_t n)
{
    uint64_t found = 0;
    c->rest = hu_calloc(c->all, sizeof *c->rest);
    if (!c->rest)
        return false;
    for (uint64_t number = 0; number < c->all; number++) {
        if (!seen[number])
            c->rest[found++] = (uint32_t)number;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t other = i + (uint64_t)((hu_u128)hu_random_at(c->seed, STREAM_REST, i) * (found - i) >> 64);
        uint32_t kept = c->rest[i];
        c->rest[i] = c->rest[other];
        c->rest[other] = kept;
    }
    return true;
}

/* A part of few combinations: each listed one once, then others, each once. */
static bool fill_part(hu_cases *c)
{
    bool *seen = hu_calloc(c->all, sizeof *seen), done = seen && fill_list(c);
    if (done)
        drop_repeated(c, seen);
    if (done && c->list.n_listed < c->count)
        done = draw_rest(c, seen, c->count - c->list.n_listed);
    hu_free(seen);
    return done;
}

static void count_classes(hu_cases *c)
{
    if (c->all && !is_part(c)) {
        c->in_class[HU_CASES_ALL] = c->count;
        return;
    }
    for (size_t i = 0; i < c->taken; i++)
        c->in_class[c->list.class_of[(size_t)((hu_u128)i * c->list.n_listed / c->taken)]]++;
    c->in_class[HU_CASES_RANDOM] = c->count - c->taken;
}

hu_status hu_cases_new(hu_cases **out, const hu_task *t, uint64_t seed, uint64_t count, hu_error *err)
{
    hu_cases *c = hu_calloc(1, sizeof *c);
    if (!c)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    *c = (hu_cases){.task = t, .seed = seed, .count = count, .all = combinations(t)};
    if (c->all && (count == 0 || (count > c->all && t->n_random == 0)))
        c->count = c->all;
    bool done = !c->all ? fill_list(c) : !is_part(c) || fill_part(c);
    if (!done) {
        hu_cases_free(c);
        return hu_fail(err, HU_ENOMEM, "out of memory");
    }
    if (c->count == 0)
        c->count = c->list.n_listed > USUAL_COUNT ? c->list.n_listed : USUAL_COUNT;
    c->taken = c->list.n_listed < c->count ? c->list.n_listed : (size_t)c->count;
    count_classes(c);
    *out = c;
    return HU_OK;
}

void hu_cases_free(hu_cases *c)
{
    if (!c)
        return;
    for (int i = 0; i < HU_LISTER_OPERANDS; i++)
        hu_free(c->list.pool[i].code);
    hu_free(c->list.listed);
    hu_free(c->list.class_of);
    hu_free(c->rest);
    hu_free(c);
}
