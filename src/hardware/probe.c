/* probe.c - the dot products that show how a matrix unit adds. */
#include "src/hardware/probe.h"

#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/random.h"
#include "src/kernel/kernel.h"
#include "src/ops/ops.h"

/* How many bits below the largest are looked at. */
enum { DEEP = 60, MOST_AT_ONCE = HU_BLOCK_FMA_MOST };

typedef struct maker {
    hu_probe_set *set;
    hu_random random;
    int scale;             /* the exponent of the large ones: high where a range is short */
    bool failed;           /* no memory */
} maker;

static int below(maker *m, int n)
{
    return (int)((hu_random_next(&m->random) >> 32) % (uint64_t)n);
}

/* 1 or -1 */
static int sign(maker *m)
{
    return below(m, 2) ? 1 : -1;
}

static double on_grid(const hu_format *f, double x)
{
    hu_env env = hu_env_default();
    double y = hu_to_double(f, hu_from_double(f, &env, x));
    return isfinite(y) ? y : 0;
}

/* A number in [1, 2) of `bits` bits at random. */
static double fraction(maker *m, int bits)
{
    return 1 + (double)(hu_random_next(&m->random) >> 12 >> (52 - bits)) / (double)(UINT64_C(1) << bits);
}

static void begin(maker *m, int part, double c)
{
    hu_probe_set *s = m->set;
    hu_probe *grown = hu_grow(s->probe, s->n, &s->room, sizeof *grown);
    m->failed = m->failed || !grown;
    if (!grown)
        return;
    s->probe = grown;
    s->probe[s->n++] = (hu_probe){.part = part, .first = s->n_terms, .c = on_grid(s->output, c)};
}

static void add_term(maker *m, int place, double a, double b)
{
    hu_probe_set *s = m->set;
    a = on_grid(s->a, a);
    b = on_grid(s->b, b);
    if (m->failed || a == 0 || b == 0)
        return;
    hu_probe_term *grown = hu_grow(s->term, s->n_terms, &s->term_room, sizeof *grown);
    m->failed = m->failed || !grown;
    if (!grown)
        return;
    s->term = grown;
    s->term[s->n_terms++] = (hu_probe_term){place, a, b};
    s->probe[s->n - 1].n++;
}

/* The product of two numbers in [1, 2), times 2^exp; what the formats cannot hold is left out. */
static void add_product(maker *m, int place, int exp, double a, double b)
{
    const hu_probe_set *s = m->set;
    int of_a = exp / 2, of_b;
    of_a = of_a > s->a->emax ? s->a->emax : of_a < s->a->emin ? s->a->emin : of_a;
    of_b = exp - of_a;
    if (of_b > s->b->emax) {
        of_a += of_b - s->b->emax;
        of_b = s->b->emax;
    }
    add_term(m, place, ldexp(a, of_a), ldexp(b, of_b));
}

/* A random product of that exponent. */
static void add_random(maker *m, int place, int exp)
{
    double a = fraction(m, m->set->a->man_bits), b = fraction(m, m->set->b->man_bits);
    add_product(m, place, exp, sign(m) * a, b);
}

/* ---- part 1 ---- */

static void one_bit_against_another(maker *m)
{
    for (int j = 1; j <= DEEP; j++)
        for (int s = -1; s <= 1; s += 2) {
            begin(m, 1, s * ldexp(1, m->scale - j));
            add_product(m, 0, m->scale, 1, 1);
            begin(m, 1, ldexp(1, m->scale));
            add_product(m, 0, m->scale - j, s, 1);
            begin(m, 1, s * ldexp(1, m->scale - j));
            add_product(m, 0, m->scale, 1.5, 1.5);
        }
}

/* c is two bits, a product a power of two: results beside midpoints, whatever the precision. */
static void two_bits_below(maker *m)
{
    for (int i = 1; i <= 28; i++)
        for (int n = 0; n < 14; n++) {
            int j = i + 1 + below(m, m->set->output->man_bits);
            begin(m, 1, sign(m) * (ldexp(1, m->scale - i) + sign(m) * ldexp(1, m->scale - j)));
            add_product(m, 0, m->scale, sign(m), 1);
        }
}

static void random_pairs(maker *m)
{
    for (int i = 0; i < 400; i++) {
        int apart = below(m, 61) - 30;
        begin(m, 1, sign(m) * ldexp(fraction(m, m->set->output->man_bits), m->scale - (apart > 0 ? apart : 0)));
        add_random(m, 0, m->scale - (apart < 0 ? -apart : 0));
    }
}

/* ---- part 2 ---- */

/* A large number and equal small ones in a row, which count together only where they are added at once. */
static void many_small_ones(maker *m)
{
    static const int strides[] = {1, 1, 1, 2, 3, 4, 5, 8, 16};
    for (int i = 0; i < 400; i++) {
        int stride = strides[below(m, 9)], start = below(m, 3) ? 0 : below(m, m->set->terms), deep = 6 + below(m, 26);
        int most = 1 + below(m, m->set->terms), small = sign(m);
        bool by_c = below(m, 2);
        begin(m, 2, by_c ? ldexp(1, m->scale) : 0);
        for (int k = by_c ? start : 0, n = 0; k < m->set->terms && n < most; k = k == 0 && !by_c && n == 0 ? start + 1 : k + stride, n++) {
            if (k == 0 && !by_c)
                add_product(m, 0, m->scale, 1, 1);
            else
                add_product(m, k, m->scale - deep, small, 1);
        }
    }
}

/* A large number, one a good deal smaller, and one or some smaller still: beside midpoints of any precision. */
static void three_levels(maker *m)
{
    for (int second = 6; second < 30; second++)
        for (int third = second + 1; third <= second + 22; third++) {
            bool by_c = below(m, 2);
            int large = sign(m), at = by_c ? 0 : 1, some = 1 + (below(m, 3) ? 0 : below(m, m->set->terms));
            begin(m, 2, by_c ? large * ldexp(1, m->scale) : 0);
            if (!by_c)
                add_product(m, 0, m->scale, large, 1);
            add_product(m, at, m->scale - second, sign(m), 1);
            int small = sign(m);
            for (int k = at + 1; k < m->set->terms && k <= at + some; k++)
                add_product(m, k, m->scale - third, small, 1);
        }
}

static void random_places(maker *m)
{
    for (int i = 0; i < 400; i++) {
        int gap = 1 + below(m, m->set->terms / 3 + 1), deep = 1 + below(m, 28);
        begin(m, 2, below(m, 3) ? sign(m) * ldexp(fraction(m, m->set->output->man_bits), m->scale - below(m, 30)) : 0);
        for (int k = below(m, gap); k < m->set->terms; k += 1 + below(m, gap))
            add_random(m, k, m->scale - below(m, deep));
    }
}

static void all_places(maker *m)
{
    for (int i = 0; i < 60; i++) {
        int deep = 1 + below(m, 14);
        begin(m, 2, below(m, 2) ? sign(m) * fraction(m, m->set->output->man_bits) : 0);
        for (int k = 0; k < m->set->terms; k++)
            add_random(m, k, m->scale - below(m, deep));
    }
}

/* ---- part 3 ---- */

/* The smallest products that add up to something. */
static void smallest(maker *m)
{
    const hu_probe_set *s = m->set;
    int lowest = s->a->emin + s->b->emin, floor_exp = s->output->emin - s->output->man_bits - 24;
    lowest = lowest < floor_exp ? floor_exp : lowest;
    for (int i = 0; i < 240; i++) {
        int base = lowest + below(m, 60), gap = 1 + below(m, 6);
        begin(m, 3, below(m, 3) == 0 ? sign(m) * ldexp(fraction(m, 8), base + below(m, 12)) : 0);
        bool equal = below(m, 2);
        for (int k = 0; k < s->terms; k += 1 + below(m, gap)) {
            if (equal)
                add_product(m, k, base, 1, 1);
            else
                add_random(m, k, base + below(m, 6));
        }
    }
}

/* So that the first few show what most others would. */
static void shuffle(maker *m)
{
    hu_probe *p = m->set->probe;
    for (size_t n = m->set->n; n > 1; n--) {
        size_t k = (size_t)below(m, (int)n);
        hu_probe one = p[k];
        p[k] = p[n - 1];
        p[n - 1] = one;
    }
}

hu_status hu_probe_make(hu_probe_set *set, const hu_format *a, const hu_format *b, const hu_format *output, int terms, uint64_t seed, hu_error *err)
{
    const hu_format *formats[] = {a, b, output};
    *set = (hu_probe_set){.a = a, .b = b, .output = output, .terms = terms};
    for (int i = 0; i < 3; i++)
        if (formats[i]->family != &hu_family_float || !hu_fits_f64(formats[i]) || formats[i]->man_bits > 52)
            return hu_fail(err, HU_EINVAL, "probe: %s is no floating-point format that double holds", formats[i]->name);
    if (terms < 2 || terms > HU_PROBE_MOST_TERMS)
        return hu_fail(err, HU_EINVAL, "probe: dot products have 2 to %d terms; got %d", HU_PROBE_MOST_TERMS, terms);
    int high = a->emax + b->emax - 2;
    maker m = {.set = set, .random = {.seed = seed, .stream = hu_random_derive(seed, "probe")}};
    m.scale = a->emin + b->emin > -100 || output->emin > -60 ? (output->emax - 5 < high ? output->emax - 5 : high) : 0;
    one_bit_against_another(&m);
    two_bits_below(&m);
    random_pairs(&m);
    many_small_ones(&m);
    three_levels(&m);
    random_places(&m);
    all_places(&m);
    smallest(&m);
    shuffle(&m);
    return m.failed ? hu_fail(err, HU_ENOMEM, "probe: no memory for the probes") : HU_OK;
}

void hu_probe_clear(hu_probe_set *set)
{
    hu_free(set->probe);
    hu_free(set->term);
    *set = (hu_probe_set){0};
}

static int exponent(double x, int least)
{
    int e = x != 0 && isfinite(x) ? ilogb(x) : HU_BLOCK_FMA_NO_LOWEST;
    return e < least && x != 0 ? least : e;
}

/* What a step aligns to, were there no lowest exponent; where all is zero HU_BLOCK_FMA_NO_LOWEST. */
static int aligned_to(const hu_block_fma *m, double c, const double *a, const double *b, size_t n)
{
    int top = m->adds_late ? HU_BLOCK_FMA_NO_LOWEST : exponent(c, m->output->emin);
    for (size_t i = 0; i < n; i++) {
        int e = exponent(a[i], m->emin_a) + exponent(b[i], m->emin_b);
        top = e > top ? e : top;
    }
    return top;
}

/* A step that finds only zeros may still cut c; a second one after it changes nothing more and is left out. */
double hu_probe_run(const hu_probe_set *set, const hu_probe *p, const hu_block_fma *m, int *least)
{
    const hu_probe_term *t = set->term + p->first, *last = t + p->n;
    double c = p->c, a[MOST_AT_ONCE], b[MOST_AT_ONCE];
    int run = m->group * m->interleave;
    bool settled = false;
    hu_flags flags = 0;
    for (int k = 0; k < set->terms; k += run) {
        const hu_probe_term *end = t;
        while (end < last && end->place < k + run)
            end++;
        for (int g = 0; g < m->interleave; g++) {
            size_t n = 0;
            for (const hu_probe_term *at = t; at < end; at++)
                if ((at->place - k) % m->interleave == g) {
                    a[n] = at->a;
                    b[n++] = at->b;
                }
            if (n == 0 && settled)
                continue;
            int top = least ? aligned_to(m, c, a, b, n) : HU_BLOCK_FMA_NO_LOWEST;
            if (least && top > HU_BLOCK_FMA_NO_LOWEST && top < *least)
                *least = top;
            c = hu_block_fma_step(m, c, a, b, n, 1, &flags);
            settled = n == 0;
        }
        t = end;
    }
    return c;
}

void hu_probe_answer(hu_probe_set *set, const hu_block_fma *m)
{
    for (size_t i = 0; i < set->n; i++)
        set->probe[i].result = hu_probe_run(set, &set->probe[i], m, NULL);
    set->has_results = true;
}
