/* list-boundary.c - the codes of an operand that matter, and all of them crossed with each other.
 *
 * Zeros, infinities and NaNs (quiet, signaling, all ones); the smallest and largest subnormal and normal numbers; one, two
 * and their neighbors; then powers of two over the whole range with their neighbors, and significands of all zeros, a one
 * at the end, all ones, alternating bits and halves, at the exponents where results change their kind. What such a number
 * is in a format without that exponent or significand is its nearest code.
 */
#include <string.h>

#include "src/base/memory.h"
#include "src/hardware/lister.h"

enum { PATTERNS = 9, EXPONENTS = 40, CROSSED_2 = 128, CROSSED_3 = 22, SAMPLED = 4000 };

static bool pool_add(hu_pool *p, const hu_bits *code, const hu_bits *last)
{
    if (hu_bits_compare(code, last) > 0)
        return true;
    for (int i = 0; i < p->n; i++) {
        if (hu_bits_equal(&p->code[i], code))
            return true;
    }
    if (p->n == p->capacity) {
        int capacity = p->capacity ? 2 * p->capacity : 128;
        hu_bits *code_of = hu_realloc(p->code, (size_t)capacity * sizeof *code_of);
        if (!code_of)
            return false;
        p->code = code_of;
        p->capacity = capacity;
    }
    p->code[p->n++] = *code;
    return true;
}

typedef struct filler {
    hu_pool *pool;
    const hu_field *f;
    hu_bits last;
    bool failed;
} filler;

/* A code and as many of its neighbors on each side. */
static void put(filler *w, hu_bits code, int neighbors)
{
    for (int by = 0; by <= neighbors; by++) {
        hu_bits up = hu_code_step(w->f, code, by), down = hu_code_step(w->f, code, -by);
        w->failed = w->failed || !pool_add(w->pool, &up, &w->last) || !pool_add(w->pool, &down, &w->last);
    }
}

/* The number of both signs, with neighbors. */
static void put_number(filler *w, const hu_bits *sig, int exp, int neighbors)
{
    for (int negative = 0; negative <= w->f->format->is_signed; negative++) {
        hu_bits code;
        hu_code_nearest(w->f->format, negative, sig, exp, &code);
        put(w, code, neighbors);
    }
}

static void put_text(filler *w, const char *text, int neighbors)
{
    hu_env env = hu_env_default();
    hu_bits code;
    if (hu_bits_round_text(w->f->format, &env, text, &code, NULL) == HU_OK)
        put(w, code, neighbors);
}

static void put_power(filler *w, int exp, int neighbors)
{
    hu_bits one = {{1}};
    put_number(w, &one, exp, neighbors);
}

/* The i-th significand of p bits, its highest bit set. */
static hu_bits pattern(int i, int p)
{
    hu_bits top = hu_bits_one(p - 1), ones = hu_bits_ones(p), one = {{1}}, a = {{0}};
    switch (i) {
    case 0: return top;
    case 1: return hu_bits_or(&top, &one);
    case 2: return ones;
    case 3: return hu_bits_sub(&ones, &one);
    case 4: a = hu_bits_shift(&top, -1); return hu_bits_or(&top, &a);
    case 5: a = hu_bits_ones(p / 2); return hu_bits_or(&top, &a);
    case 6: a = hu_bits_ones(p / 2); return hu_bits_sub(&ones, &a);
    default:
        for (int k = i & 1; k < p; k += 2) {
            hu_bits bit = hu_bits_one(k);
            a = hu_bits_or(&a, &bit);
        }
        return hu_bits_or(&top, &a);
    }
}

static void put_edges(filler *w)
{
    const hu_format *f = w->f->format;
    hu_bits unit = hu_bits_one(f->man_bits), ones = hu_bits_ones(f->man_bits + 1);
    put_text(w, "0", 0);
    put_text(w, "-0", 0);
    put_text(w, "inf", 1);
    put_text(w, "-inf", 1);
    put_text(w, "nan", 0);
    put(w, w->last, 0);
    put_number(w, &ones, f->emax - f->man_bits, 1);         /* the largest */
    put_number(w, &unit, f->emin - f->man_bits, 1);         /* the smallest normal, the largest subnormal */
    put_power(w, f->emin - f->man_bits, 1);                 /* the smallest subnormal */
    put_power(w, 0, 1);
    put_power(w, 1, 0);
    w->pool->n_core = w->pool->n;
}

/* Exponents where something begins: of the range, of numbers whose last bits meet, of integers. */
static int exponents(const hu_format *f, int exp[EXPONENTS])
{
    const int p = f->man_bits + 1;
    const int near[] = {0, -1, 1, 2, 3, -2, p, p - 1, p + 1, -p, 1 - p, -p - 1, p / 2, -p / 2, 2 * p, -2 * p, 7, 15, 31, 63,
                        f->emin, f->emin + 1, f->emin + 2, f->emin - 1, f->emin - p + 1, f->emin - p / 2, f->emin + p, f->emin / 2,
                        f->emax, f->emax - 1, f->emax - 2, f->emax - p, f->emax / 2, f->emax / 2 + 1};
    int n = 0;
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        if (near[i] >= f->emin - f->man_bits && near[i] <= f->emax)
            exp[n++] = near[i];
    }
    return n;
}

static void put_numbers(filler *w)
{
    const hu_format *f = w->f->format;
    int exp[EXPONENTS], n = exponents(f, exp), p = f->man_bits + 1;
    for (int i = 0; i < n; i++)
        put_power(w, exp[i], 1);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < PATTERNS; k++) {
            hu_bits sig = pattern(k, p);
            put_number(w, &sig, exp[i] - p + 1, 0);
        }
    }
}

/* Codes as bits, whatever they stand for. */
static void put_structure(filler *w)
{
    int width = w->f->width_bits;
    put(w, hu_bits_one(width - 1), 2);
    put(w, (hu_bits){{0}}, 2);
    for (int k = 0; k < 2; k++) {
        hu_bits a = pattern(7 + k, width), top = hu_bits_one(width - 1);
        put(w, a, 0);
        put(w, hu_bits_sub(&a, &top), 0);
    }
    for (int i = 0; i < width && i < 64; i++)
        put(w, hu_bits_one(i), 0);
}

/* Integers: their bounds, powers of two, and those that the other side rounds. */
static void put_integers(filler *w, const hu_format *other)
{
    int width = w->f->width_bits, p = other ? other->man_bits + 1 : width;
    put(w, (hu_bits){{0}}, 3);
    put(w, hu_bits_one(width - 1), 3);
    for (int k = 1; k < width; k++) {
        hu_bits power = hu_bits_one(k), minus = hu_bits_sub(&w->last, &power), half = hu_bits_one(k > p ? k - p : 0);
        put(w, power, 1);
        put(w, minus, 1);
        put(w, hu_bits_or(&power, &half), 1);
    }
    w->pool->n_core = w->pool->n;
}

bool hu_pool_fill(hu_pool *p, const hu_field *f, const hu_field *other)
{
    filler w = {.pool = p, .f = f, .last = hu_field_last(f)};
    if (f->format) {
        put_edges(&w);
        put_structure(&w);
        put_numbers(&w);
    } else {
        put_integers(&w, other->format);
    }
    return !w.failed;
}

/* All tuples of the first `n` codes of each pool. */
static void cross(hu_lister *l, int n)
{
    int size[HU_LISTER_OPERANDS] = {1, 1, 1};
    for (int i = 0; i < l->n; i++)
        size[i] = l->pool[i].n < n ? l->pool[i].n : n;
    for (int i = 0; i < size[0]; i++) {
        for (int j = 0; j < size[1]; j++) {
            for (int k = 0; k < size[2]; k++) {
                const int at[] = {i, j, k};
                hu_bits x[HU_LISTER_OPERANDS];
                for (int o = 0; o < l->n; o++)
                    x[o] = l->pool[o].code[at[o]];
                hu_lister_add(l, x);
            }
        }
    }
}

void hu_list_boundary(hu_lister *l)
{
    l->current = HU_CASES_BOUNDARY;
    if (l->n == 1) {
        cross(l, l->pool[0].n);
        return;
    }
    cross(l, l->n == 2 ? CROSSED_2 : CROSSED_3);
    for (int i = 0; i < SAMPLED; i++) {
        hu_bits x[HU_LISTER_OPERANDS];
        for (int o = 0; o < l->n; o++)
            x[o] = l->pool[o].code[hu_lister_below(l, l->pool[o].n)];
        hu_lister_add(l, x);
    }
}
