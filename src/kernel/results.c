/* results.c - tables of a function's results. */
#include "src/kernel/results.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

enum { CODE_BITS_MAX = 16, PLACES_MAX = 1 << 20, TABLES_MAX = 64, SPECIALS = 4, KNOWN = 0x80, FLAGS = 0x1f };

/* Where the values of a format are: first +0, -0, +inf, -inf, then either by sign, exponent and upper bits of the significand,
 * or in the order of a sorted list. */
typedef struct places {
    long    count;
    int     bits;             /* of the significand, without its first; of the list: 0    */
    int     lowest, span;     /* exponents                                                */
    double *sorted;           /* NULL: by exponent                                        */
    long    n_sorted;
} places;

struct hu_results {
    const hu_op       *op;
    const hu_format   *format;
    const hu_rounding *rounding;
    hu_overflow        overflow;
    hu_tininess        tininess;
    places             at;
    size_t             bytes;
    _Atomic uint64_t  *value;      /* bits of doubles */
    _Atomic uint8_t   *state;      /* KNOWN and the flags, or 0 */
    int                users;
    unsigned long      used;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hu_results *tables[TABLES_MAX];
static unsigned long clock_of_use;

/* ---- places ---- */

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool sort_values(places *p, const hu_format *f)
{
    size_t codes = (size_t)hu_format_last_code(f) + 1;
    p->sorted = hu_malloc(codes * sizeof *p->sorted);
    if (!p->sorted)
        return false;
    for (size_t code = 0; code < codes; code++) {
        hu_num x = hu_decode(f, code);
        if (x.kind == HU_FINITE)
            p->sorted[p->n_sorted++] = hu_num_to_double(x);
    }
    qsort(p->sorted, (size_t)p->n_sorted, sizeof *p->sorted, by_value);
    p->count = SPECIALS + p->n_sorted;
    return true;
}

/* At most `most` places; false: there is no such layout. One exponent more than emax is for the least number in two's complement. */
static bool lay_out(places *p, const hu_format *f, long most)
{
    *p = (places){.bits = f->man_bits, .lowest = f->emin - f->man_bits, .span = f->emax + 1 - f->emin + f->man_bits + 1};
    double wanted = SPECIALS + 2 * ldexp(p->span, p->bits);
    if (p->bits <= 40 && p->lowest >= -1022 && f->emax < 1023 && wanted <= (double)most) {
        p->count = (long)wanted;
        return true;
    }
    return f->width_bits <= CODE_BITS_MAX && SPECIALS + (1L << f->width_bits) <= most && sort_values(p, f);
}

static long find_sorted(const places *p, double x)
{
    long lo = 0, n = p->n_sorted;
    while (n > 1) {
        long half = n / 2;
        lo = p->sorted[lo + half] <= x ? lo + half : lo;
        n -= half;
    }
    return n == 1 && p->sorted[lo] == x ? SPECIALS + lo : -1;
}

static inline long place_of(const places *p, double x)
{
    uint64_t bits = bits_of(x), significand = bits & (UINT64_MAX >> 12);
    long field = (long)(bits >> 52 & 0x7ff), negative = (long)(bits >> 63);
    if (field == 0x7ff)
        return significand ? -1 : 2 + negative;
    if (bits << 1 == 0)
        return negative;
    if (p->sorted)
        return find_sorted(p, x);
    long exp = field - 1023 - p->lowest;
    if (field == 0 || exp < 0 || exp >= p->span || significand << (12 + p->bits) != 0)
        return -1;
    return SPECIALS + ((negative * p->span + exp) << p->bits) + (long)(significand >> (52 - p->bits));
}

long hu_results_place(const hu_results *r, double a, double b)
{
    long first = place_of(&r->at, a);
    if (r->op->arity == 1 || first < 0)
        return first;
    long second = place_of(&r->at, b);
    return second < 0 ? -1 : first * r->at.count + second;
}

/* ---- results ---- */

bool hu_results_get(const hu_results *r, long place, double *value, hu_flags *flags)
{
    uint8_t state = atomic_load_explicit(&r->state[place], memory_order_acquire);
    if (!(state & KNOWN))
        return false;
    uint64_t bits = atomic_load_explicit(&r->value[place], memory_order_relaxed);
    memcpy(value, &bits, sizeof bits);
    *flags |= state & FLAGS;
    return true;
}

void hu_results_put(hu_results *r, long place, double value, hu_flags flags)
{
    atomic_store_explicit(&r->value[place], bits_of(value), memory_order_relaxed);
    atomic_store_explicit(&r->state[place], (uint8_t)(KNOWN | flags), memory_order_release);
}

/* ---- tables; under the lock ---- */

static void free_table(hu_results *r)
{
    if (!r)
        return;
    hu_free(r->at.sorted);
    hu_free((void *)r->value);
    hu_free((void *)r->state);
    hu_free(r);
}

static hu_results *new_table(const hu_op *op, const hu_format *f, const hu_env *env)
{
    long most = op->arity == 1 ? PLACES_MAX : 1 << (20 / op->arity);
    hu_results *r = hu_calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (hu_results){.op = op, .format = f, .rounding = env->rounding, .overflow = env->overflow, .tininess = env->tininess};
    if (!lay_out(&r->at, f, most)) {
        free_table(r);
        return NULL;
    }
    size_t n = (size_t)(op->arity == 1 ? r->at.count : r->at.count * r->at.count);
    r->bytes = n * (sizeof *r->value + sizeof *r->state) + (size_t)r->at.n_sorted * sizeof *r->at.sorted;
    r->value = hu_calloc(n, sizeof *r->value);
    r->state = hu_calloc(n, sizeof *r->state);
    if (!r->value || !r->state) {
        free_table(r);
        return NULL;
    }
    return r;
}

static bool is_for(const hu_results *r, const hu_op *op, const hu_format *f, const hu_env *env)
{
    return r && r->op == op && r->format == f && r->rounding == env->rounding && r->overflow == env->overflow
        && r->tininess == env->tininess;
}

/* A slot for a table of so many bytes, made free by dropping tables that nobody is using; -1: there is none. */
static int make_room(size_t bytes)
{
    for (;;) {
        size_t sum = bytes;
        int empty = -1, oldest = -1;
        for (int i = 0; i < TABLES_MAX; i++) {
            if (!tables[i]) {
                empty = i;
                continue;
            }
            sum += tables[i]->bytes;
            if (tables[i]->users == 0 && (oldest < 0 || tables[i]->used < tables[oldest]->used))
                oldest = i;
        }
        if (empty >= 0 && sum <= HU_RESULTS_BYTES)
            return empty;
        if (oldest < 0)
            return -1;
        free_table(tables[oldest]);
        tables[oldest] = NULL;
    }
}

static hu_results *find_or_make(const hu_op *op, const hu_format *f, const hu_env *env)
{
    for (int i = 0; i < TABLES_MAX; i++) {
        if (is_for(tables[i], op, f, env))
            return tables[i];
    }
    hu_results *r = new_table(op, f, env);
    int slot = r ? make_room(r->bytes) : -1;
    if (slot < 0) {
        free_table(r);
        return NULL;
    }
    return tables[slot] = r;
}

hu_results *hu_results_take(const hu_op *op, const hu_format *f, const hu_env *env)
{
    if (env->rounding->random_bits > 0 || op->arity > 2)
        return NULL;
    pthread_mutex_lock(&lock);
    hu_results *r = find_or_make(op, f, env);
    if (r) {
        r->users++;
        r->used = ++clock_of_use;
    }
    pthread_mutex_unlock(&lock);
    return r;
}

void hu_results_give_back(hu_results *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&lock);
    r->users--;
    pthread_mutex_unlock(&lock);
}

int hu_results_count(size_t *bytes)
{
    int n = 0;
    *bytes = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < TABLES_MAX; i++) {
        n += tables[i] != NULL;
        *bytes += tables[i] ? tables[i]->bytes : 0;
    }
    pthread_mutex_unlock(&lock);
    return n;
}

__attribute__((destructor)) static void end_of_library(void)
{
    for (int i = 0; i < TABLES_MAX; i++) {
        free_table(tables[i]);
        tables[i] = NULL;
    }
}
