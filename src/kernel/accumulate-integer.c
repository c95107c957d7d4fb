/* accumulate-integer.c - sums by integers that wrap or saturate.
 *
 * Where no product format and no multiplier comes between, a and b are made integers once, and strips of sums run through the loops of lanes.h.
 * Where the largest product times the number of terms stays in the range, and where a sum that wraps is asked for without flags, the order does not
 * show and a plain sum modulo 2^32 or 2^64 will do; else every addition is looked at, in order.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/kernel/accumulate.h"

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

#define T i128
#define UT u128
#define C(name) widest_##name
#include "src/kernel/integer.body.h"
#undef T
#undef UT
#undef C

static hu_integer_fn *const widest[HU_N_INTEGER_WAYS] = {widest_integer_modular, widest_integer_wrap, widest_integer_saturate};

/* ---- what the factors are like ---- */

/* A matrix as it is multiplied: [rows][columns]. */
typedef struct factors {
    const void *data;
    size_t rows, columns, apart;
    bool is_f32, transposed;
    const char *name;
} factors;

typedef struct survey {
    int fraction;                        /* all are multiples of 2^-fraction; -4096: all are zero */
    double largest;                      /* magnitude */
} survey;

static double at(const factors *x, size_t row, size_t column)
{
    if (!x->data)
        return 1;                        /* a sum: the terms times one */
    size_t i = x->transposed ? column * x->apart + row : row * x->apart + column;
    return x->is_f32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

/* The least p for which a finite x is a multiple of 2^-p. */
static int fraction_of(double x)
{
    int exp;
    int64_t significand = (int64_t)(frexp(x, &exp) * 0x1p53);
    return 53 - exp - __builtin_ctzll((uint64_t)significand);
}

static hu_status look(survey *out, const factors *x, const char *what, hu_error *err)
{
    *out = (survey){-4096, 0};
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->columns; j++) {
            double value = at(x, i, j);
            if (value - value != 0)
                return hu_fail(err, HU_ERANGE, "%s: element (%zu, %zu) of %s is %g, and an integer accumulator takes numbers", what, i, j, x->name, value);
            if (value == 0)
                continue;
            int fraction = fraction_of(value);
            out->fraction = fraction > out->fraction ? fraction : out->fraction;
            out->largest = fabs(value) > out->largest ? fabs(value) : out->largest;
        }
    return HU_OK;
}

/* Whether every product of the two is a signed number of so many bits, counted in units of 2^-fraction. */
static hu_status check_products(const factors *a, const factors *b, const hu_integer *how, const char *what, hu_error *err)
{
    double high = ldexp(1, how->product_bits - 1 - how->fraction), unit = ldexp(1, -how->fraction);
    for (size_t k = 0; k < a->columns; k++) {
        double x[2] = {INFINITY, -INFINITY}, y[2] = {INFINITY, -INFINITY};       /* least and largest */
        for (size_t i = 0; i < a->rows; i++) {
            x[0] = fmin(x[0], at(a, i, k));
            x[1] = fmax(x[1], at(a, i, k));
        }
        for (size_t j = 0; j < b->columns; j++) {
            y[0] = fmin(y[0], at(b, k, j));
            y[1] = fmax(y[1], at(b, k, j));
        }
        for (int i = 0; i < 4; i++) {
            double p = x[i / 2] * y[i % 2];
            if (p < -high || p > high - unit)
                return hu_fail(err, HU_ERANGE, "%s: a product of term %zu is %g, past a signed number of %d bits", what, k, p, how->product_bits);
        }
    }
    return HU_OK;
}

/* ---- the factors as integers ---- */

static void put(void *to, size_t i, int size, int64_t value)
{
    if (size == 4)
        ((int32_t *)to)[i] = (int32_t)(uint32_t)value;
    else if (size == 8)
        ((int64_t *)to)[i] = value;
    else
        ((i128 *)to)[i] = value;
}

static bool pack(hu_integer_sums *sums, const factors *a, const factors *b, int fraction_a, int fraction_b)
{
    size_t size = (size_t)sums->size;
    sums->k = a->columns;
    sums->strips = (b->columns + HU_INTEGER_ACROSS - 1) / HU_INTEGER_ACROSS;
    sums->a = hu_aligned(a->rows * sums->k + 1, size);
    sums->b = hu_aligned(sums->strips * sums->k * HU_INTEGER_ACROSS + 1, size);
    if (!sums->a || !sums->b)
        return false;
    double unit_a = ldexp(1, fraction_a), unit_b = ldexp(1, fraction_b);
    for (size_t i = 0; i < a->rows; i++)
        for (size_t k = 0; k < sums->k; k++)
            put(sums->a, i * sums->k + k, sums->size, (int64_t)(at(a, i, k) * unit_a));
    for (size_t j = 0; j < sums->strips * HU_INTEGER_ACROSS; j++)
        for (size_t k = 0; k < sums->k; k++)
            put(sums->b, (j / HU_INTEGER_ACROSS * sums->k + k) * HU_INTEGER_ACROSS + j % HU_INTEGER_ACROSS, sums->size,
                j < b->columns ? (int64_t)(at(b, k, j) * unit_b) : 0);
    return true;
}

/* Which loops: `largest` is the magnitude of the largest product, in units; a double of it may be off by a little, the bounds by more. */
static void choose(hu_integer_sums *sums, const hu_integer *how, double largest, size_t terms, bool no_flags)
{
    bool stays = largest * (double)terms < 0.99 * (double)sums->range.high;
    sums->way = stays ? HU_INTEGER_MODULAR : how->saturates ? HU_INTEGER_SATURATE : no_flags ? HU_INTEGER_MODULAR : HU_INTEGER_WRAP;
    if (sums->way == HU_INTEGER_MODULAR)
        sums->size = how->bits <= 32 ? 4 : 8;
    else
        sums->size = how->bits <= 31 && largest <= 0x1p30 ? 4 : how->bits <= 63 && largest <= 0x1p61 ? 8 : 16;
}

enum { MOST_FRACTION = 1000 };

/* Of dynamic fixed point: the unit of its integers is 2^-fraction. */
static int fraction_of_shared(const survey *x, int bits)
{
    return x->largest > 0 ? bits - 2 - ilogb(x->largest) : 0;
}

static hu_status init_direct(hu_integer_sums *sums, const hu_accumulation *g, hu_integer *how, bool no_flags, const char *what, hu_error *err)
{
    const hu_gemm_shape *s = &g->s;
    const factors a = {g->a, s->m, s->k, s->lda, g->is_f32, s->a_transposed, "a"}, b = {g->b, s->k, s->n, s->ldb, g->is_f32, s->b_transposed, "b"};
    survey of_a, of_b;
    hu_status status = look(&of_a, &a, what, err);
    if (!status)
        status = look(&of_b, &b, what, err);
    if (!status && how->shared)
        how->fraction = fraction_of_shared(&of_a, how->shared) + fraction_of_shared(&of_b, how->shared);
    if (!status && how->shared && abs(how->fraction) > MOST_FRACTION)
        status = hu_fail(err, HU_ERANGE, "%s: the unit of dynamic fixed point is 2^%d; 2^-%d to 2^%d will do", what, -how->fraction, MOST_FRACTION, MOST_FRACTION);
    if (!status && how->product_bits && of_a.largest * of_b.largest >= ldexp(1, how->product_bits - 2 - how->fraction))
        status = check_products(&a, &b, how, what, err);
    if (status)
        return status;
    if (of_a.largest > 0 && of_b.largest > 0 && of_a.fraction + of_b.fraction > how->fraction)
        return hu_fail(err, HU_ERANGE, how->shared ? "%s: a has %d bits and b %d bits of fraction, and dynamic fixed point of the accumulator %d; quantize both to its bits"
                                                   : "%s: a has %d bits and b %d bits of fraction, and the integer accumulator %d; a product format rounds the products",
                       what, of_a.fraction, of_b.fraction, how->fraction);
    int rest = how->fraction - of_b.fraction, fraction_a = of_a.fraction < 0 ? rest < 0 ? rest : 0 : of_a.fraction, fraction_b = how->fraction - fraction_a;
    if (of_a.largest == 0 || of_b.largest == 0)              /* all sums are zero: of zeros, and of what is too small to be counted */
        fraction_a = fraction_b = -1022;
    double in_units[2] = {ldexp(of_a.largest, fraction_a), ldexp(of_b.largest, fraction_b)};
    if (in_units[0] >= 0x1p62 || in_units[1] >= 0x1p62)
        return hu_fail(err, HU_ERANGE, "%s: %s has numbers of 2^62 units or more of the integer accumulator", what, in_units[0] >= 0x1p62 ? "a" : "b");
    choose(sums, how, in_units[0] * in_units[1], s->k, no_flags);
    return pack(sums, &a, &b, fraction_a, fraction_b) ? HU_OK : hu_fail(err, HU_ENOMEM, "%s: no memory for the factors as integers", what);
}

/* Products that come as doubles are multiples of the unit if the format's values or the table's entries are. */
static hu_status init_by_doubles(const hu_accumulation *g, const hu_accumulator *acc, const char *what, hu_error *err)
{
    const hu_multiplier *m = g->multiplier;
    survey seen;
    if (g->product)
        return HU_OK;
    const factors table = {m->table, (size_t)1 << m->a->width_bits, (size_t)1 << m->b->width_bits, (size_t)1 << m->b->width_bits, false, false, "the table"};
    hu_status status = look(&seen, &table, what, err);
    if (!status && seen.fraction > acc->integer.fraction)
        status = hu_fail(err, HU_ERANGE, "%s: products of the table have %d bits of fraction, and the integer accumulator %d", what, seen.fraction, acc->integer.fraction);
    if (!status && ldexp(seen.largest, acc->integer.fraction) >= 0x1p62)
        status = hu_fail(err, HU_ERANGE, "%s: the table has products of 2^62 units or more of the integer accumulator", what);
    return status;
}

hu_status hu_integer_init(hu_integer_sums *sums, const hu_accumulation *g, const hu_accumulator *acc, bool no_flags, const char *what, hu_error *err)
{
    hu_integer own = acc->integer, *how = &own;
    int64_t high = (int64_t)((UINT64_C(1) << (how->bits - 1)) - 1);
    *sums = (hu_integer_sums){.range = {-high - 1, high, how->bits}, .way = how->saturates ? HU_INTEGER_SATURATE : HU_INTEGER_WRAP, .fraction = how->fraction};
    if (g->has_product)
        return init_by_doubles(g, acc, what, err);
    hu_status status = init_direct(sums, g, how, no_flags, what, err);
    sums->fraction = how->fraction;
    return status;
}

void hu_integer_clear(hu_integer_sums *sums)
{
    hu_free(sums->a);
    hu_free(sums->b);
    *sums = (hu_integer_sums){0};
}

/* ---- sums ---- */

static double to_carrier(const hu_accumulation *g, int64_t sum)
{
    return ldexp(g->is_f32 ? (double)(float)sum : (double)sum, -g->integer->fraction);
}

/* The lower `bits` of x, as a signed number. */
static int64_t wrapped(int64_t x, int bits)
{
    return (int64_t)((uint64_t)x << (64 - bits)) >> (64 - bits);
}

static void sum_doubles(hu_tile *t, size_t k0, size_t k1, double *out)
{
    const hu_integer_sums *sums = t->job->integer;
    int64_t sum[HU_TILE] = {0};
    bool lost = false;
    for (size_t k = k0; k < k1; k++) {
        hu_tile_product(t, k, out);
        for (size_t l = 0; l < t->n; l++) {
            i128 exact = (i128)sum[l] + (int64_t)ldexp(out[l], sums->fraction);
            i128 kept = sums->way != HU_INTEGER_SATURATE ? wrapped((int64_t)(uint64_t)(u128)exact, sums->range.bits)
                      : exact < sums->range.low ? sums->range.low : exact > sums->range.high ? sums->range.high : exact;
            lost = lost || kept != exact;
            sum[l] = (int64_t)kept;
        }
    }
    for (size_t l = 0; l < t->n; l++)
        out[l] = to_carrier(t->job, sum[l]);
    if (lost)
        t->flags |= HU_OVERFLOW | HU_INEXACT;
}

/* Up to HU_INTEGER_ACROSS sums from column j on, a multiple of that. */
static void sum_strip(hu_tile *t, size_t j, size_t k0, size_t k1, size_t n, double *out)
{
    const hu_integer_sums *sums = t->job->integer;
    _Alignas(64) union { int32_t narrow[HU_INTEGER_ACROSS]; int64_t wide[HU_INTEGER_ACROSS]; i128 widest[HU_INTEGER_ACROSS]; } sum;
    uint64_t lost = 0;
    size_t size = (size_t)sums->size, strip = j / HU_INTEGER_ACROSS;
    const char *a = (const char *)sums->a + (t->i * sums->k + k0) * size, *b = (const char *)sums->b + (strip * sums->k + k0) * HU_INTEGER_ACROSS * size;
    hu_integer_fn *loop = size == 16 ? widest[sums->way] : t->job->lanes->integer[size == 8][sums->way];
    memset(&sum, 0, sizeof sum);
    loop(&sum, a, b, k1 - k0, &sums->range, &lost);
    for (size_t l = 0; l < n; l++) {
        int64_t value = size == 4 ? sum.narrow[l] : size == 8 ? sum.wide[l] : (int64_t)sum.widest[l];
        out[l] = to_carrier(t->job, wrapped(value, sums->range.bits));
    }
    if (lost)
        t->flags |= HU_OVERFLOW | HU_INEXACT;
}

void hu_tile_integer(hu_tile *t, size_t k0, size_t k1, double *out)
{
    const hu_integer_sums *sums = t->job->integer;
    if (sums->size == 0) {
        sum_doubles(t, k0, k1, out);
        return;
    }
    for (size_t l = 0; l < t->n; l += HU_INTEGER_ACROSS)
        sum_strip(t, t->j + l, k0, k1, t->n - l < HU_INTEGER_ACROSS ? t->n - l : HU_INTEGER_ACROSS, out + l);
}
