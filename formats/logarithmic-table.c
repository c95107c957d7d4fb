/* logarithmic-table.c - where a number lies among the values of a logarithmic format of up to 16 bits, without a logarithm.
 *
 * A format's magnitudes and the middles between them (in the sense of its own positions) are numbered from the smallest: its half steps. Their
 * values, cut to 128 bits, are kept once they were needed, so that a number is placed by comparing it with 16 of
 * them. What is found is the half step below and whether the number is the half step itself: all that the modes look
 * at that draw no random bits. The family's own function makes the bracket, of the logarithm of the half step.
 *
 * The values are kept for the life of the process: at most 2^16 half steps of 32 bytes a format.
 */
#include "formats/logarithmic.h"

#include <stdatomic.h>

#include "src/base/memory.h"

enum { WIDTH_MOST = 16, N_BASES = HU_LOG_SQRT_E + 1 };

enum { EMPTY, BUSY, READY };

typedef struct half_step {
    hu_u128     sig;
    int         exp;
    bool        sticky;
    atomic_char state;
} half_step;

static _Atomic(half_step *) tables[N_BASES][WIDTH_MOST + 1][WIDTH_MOST + 1];    /* by base, width and bits after the point */

/* The format's table; NULL: it has none, or memory is short. */
static half_step *table_of(const hu_format *f)
{
    const hu_logarithmic *family = f->family->logarithmic;
    if (f->width_bits > WIDTH_MOST || f->man_bits < 0 || f->man_bits > WIDTH_MOST)
        return NULL;
    _Atomic(half_step *) *place = &tables[family->base][f->width_bits][f->man_bits];
    half_step *table = atomic_load_explicit(place, memory_order_acquire), *none = NULL;
    if (table)
        return table;
    table = hu_calloc((size_t)family->half_steps(f), sizeof *table);
    if (table && !atomic_compare_exchange_strong(place, &none, table)) {    /* another thread was first */
        hu_free(table);
        return none;
    }
    return table;
}

/* The value of half step i; another thread that is at the same one computes it too. */
static hu_num value_of(const hu_format *f, half_step *table, long i)
{
    half_step *at = &table[i];
    if (atomic_load_explicit(&at->state, memory_order_acquire) == READY)
        return (hu_num){.kind = HU_FINITE, .sig = at->sig, .exp = at->exp, .sticky = at->sticky};
    hu_num x = hu_log_value(f->family->logarithmic->base, f->family->logarithmic->half_step(f, i));
    char empty = EMPTY;
    if (atomic_compare_exchange_strong(&at->state, &empty, BUSY)) {
        at->sig = x.sig;
        at->exp = x.exp;
        at->sticky = x.sticky;
        atomic_store_explicit(&at->state, READY, memory_order_release);
    }
    return x;
}

/* |x| against half step i. Of two numbers cut to the same bits x is the value where that is a code's, else below it: see logarithmic.c. */
static int compare(const hu_num *x, const hu_num *value, long i)
{
    if (x->exp != value->exp)
        return x->exp < value->exp ? -1 : 1;
    if (x->sig != value->sig)
        return x->sig < value->sig ? -1 : 1;
    if (value->sticky)
        return x->sticky && i % 2 == 0 ? 0 : -1;
    return x->sticky;
}

typedef struct place {
    long i;               /* the last half step that is not above; -1: all are above */
    bool exact;
} place;

static place find(const hu_format *f, half_step *table, hu_num x)
{
    place p = {.i = -1};
    long high = f->family->logarithmic->half_steps(f);
    while (high - p.i > 1) {
        long middle = p.i + (high - p.i) / 2;
        hu_num value = value_of(f, table, middle);
        int order = compare(&x, &value, middle);
        if (order < 0) {
            high = middle;
        } else {
            p.i = middle;
            p.exact = order == 0;
        }
        if (order == 0)
            break;
    }
    return p;
}

static hu_bracket bracket_at(const hu_format *f, place p, bool negative)
{
    const hu_logarithmic *family = f->family->logarithmic;
    hu_log l = family->half_step(f, p.i < 0 ? 0 : p.i);
    l.whole -= p.i < 0;
    l.sticky = !p.exact;
    l.negative = negative;
    return family->bracket(f, l);
}

bool hu_logarithmic_quick(const hu_format *f, hu_num x, hu_bracket *out)
{
    half_step *table = table_of(f);
    if (table)
        *out = bracket_at(f, find(f, table, x), x.negative);
    return table != NULL;
}

bool hu_logarithmic_known(const hu_format *f, hu_code code, bool negative, hu_num *out)
{
    half_step *table = table_of(f);
    if (!table)
        return false;
    *out = value_of(f, table, 2 * f->family->logarithmic->rank(f, code));
    out->negative = negative;
    return true;
}

/* Bits of a sum of values of 128 bits, and of one with a product of values cut to 64, that are certain. */
enum { SURE_BITS = 120, SURE_OF_PRODUCT = 55 };

/* The sum of two numbers known to `sure` bits of the larger one, where that is enough to place it. */
static bool place_sum(const hu_format *f, half_step *table, hu_num a, hu_num b, int sure, hu_bracket *out)
{
    hu_num sum = hu_num_add(a, b, false), doubt = hu_num_make(false, 1, (a.exp > b.exp ? a.exp : b.exp) - sure);
    bool negative = sum.negative;
    sum.sticky = sum.negative = false;
    hu_num high = hu_num_add(sum, doubt, false), low = hu_num_add(sum, hu_num_negate(doubt), false);
    if (sum.kind != HU_FINITE || low.kind != HU_FINITE || low.negative)
        return false;
    low.sticky = high.sticky = false;
    place from = find(f, table, low), to = find(f, table, high);
    if (from.i != to.i || from.exact)
        return false;
    *out = bracket_at(f, to, negative);
    return true;
}

static hu_num cut_to(hu_num x, int bits)
{
    x.sig = x.sig >> (128 - bits) << (128 - bits);
    x.sticky = false;
    return x;
}

bool hu_logarithmic_quick_result(const hu_format *f, hu_term term, const hu_code *x, hu_bracket *out)
{
    half_step *table = table_of(f);
    bool is_fused = term == HU_TERM_FUSED;
    hu_num n[3];
    if (!table || (!is_fused && term != HU_TERM_SUM && term != HU_TERM_DIFFERENCE))
        return false;
    for (int i = 0; i < 2 + is_fused; i++) {
        n[i] = hu_decode(f, x[i]);
        if (n[i].kind != HU_FINITE)
            return false;
        n[i] = cut_to(n[i], is_fused && i < 2 ? 64 : 128);
    }
    if (is_fused) {
        hu_num product = hu_num_mul(n[0], n[1]);
        product.sticky = false;
        return place_sum(f, table, product, n[2], SURE_OF_PRODUCT, out);
    }
    n[1].negative = n[1].negative != (term == HU_TERM_DIFFERENCE);
    return place_sum(f, table, n[0], n[1], SURE_BITS, out);
}
