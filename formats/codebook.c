/* codebook.c - formats given by a list of values, such as NF4.
 *
 * Codes are those that are published with each list; here they are the ranks of the values. The list need not be symmetric: the
 * largest and the smallest value may differ in size. The values are those that the lists have as binary32 numbers.
 *
 * Positions are measured on the real line, in every gap anew. There is no infinity and no grid past the ends: what lies past the
 * last value of its sign becomes that value in every mode and raises overflow. Without negative values that is the
 * smallest one. A NaN becomes zero, and in a list without zero the smallest value, and raises invalid; a zero there
 * becomes the smallest value, and so does all that lies below it. Numbers below the smallest positive value are tiny.
 * The negation of a value whose opposite is not in the list is the value itself.
 */
#include "formats/codebook.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/registry.h"

/* --- a number among the values --- */

static int compare_values(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : (x[1] > y[1]) - (x[1] < y[1]);
}

void hu_codebook_sort(hu_codebook *book, int n_codes, bool (*is_finite)(int code))
{
    int64_t pair[HU_CODEBOOK_SIZE][2];        /* value, code */
    int n = 0;
    for (int code = 0; code < n_codes; code++) {
        if (!is_finite || is_finite(code)) {
            pair[n][0] = book->by_code[code];
            pair[n++][1] = code;
        }
    }
    qsort(pair, (size_t)n, sizeof pair[0], compare_values);
    book->n = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && pair[i][0] == pair[i - 1][0])
            continue;
        book->value[book->n] = pair[i][0];
        book->code[book->n++] = (uint8_t)pair[i][1];
    }
    for (int rank = book->n - 1; rank >= 0 && book->value[rank] > 0; rank--)
        book->min_normal = book->value[rank];
}

int hu_codebook_find(const hu_codebook *book, int64_t value)
{
    for (int rank = 0; rank < book->n; rank++) {
        if (book->value[rank] == value)
            return book->code[rank];
    }
    return -1;
}

static hu_u128 magnitude_of(int64_t value)
{
    return (hu_u128)(value < 0 ? -value : value) << 63;
}

/* |x| in units of 2^-63 of a codebook's unit, cut off below. All values are below 2^124 of them, so larger ones are cut to that. */
static hu_u128 magnitude_of_num(hu_num x, bool *sticky)
{
    int shift = 127 - 63 + HU_CODEBOOK_UNIT - x.exp;
    *sticky = x.sticky;
    if (shift < 0 || shift > 127) {
        *sticky = true;
        return shift < 0 ? ~(hu_u128)0 : 0;
    }
    *sticky = *sticky || (shift > 0 && x.sig << (128 - shift) != 0);
    return x.sig >> shift;
}

/* Where m lies between lo and hi. As hi - lo is a whole number of units, the cut bits of m matter to the sticky one alone. */
static uint64_t part_between(hu_u128 m, bool sticky, hu_u128 lo, hu_u128 hi)
{
    hu_u128 step = (hi - lo) >> 63;
    if (m >= hi)
        return HU_ONE;
    return (uint64_t)((m - lo) / step) | ((m - lo) % step != 0 || sticky);
}

/* The rank of the value nearest zero on the side of the sign: zero, or the smallest where there is none. */
static int first_rank(const hu_codebook *book, bool negative)
{
    int rank = 0;
    while (rank + 1 < book->n && book->value[rank] < 0)
        rank++;
    return negative && book->value[rank] > 0 && rank > 0 ? rank - 1 : rank;
}

hu_bracket hu_codebook_bracket(const hu_format *f, hu_num x)
{
    const hu_codebook *book = f->codebook;
    bool sticky;
    hu_u128 m = magnitude_of_num(x, &sticky);
    int step = x.negative ? -1 : 1, rank = first_rank(book, x.negative), next = rank + step;
    hu_bracket b = {.negative = x.negative, .tiny = m < magnitude_of(book->min_normal)};

    while (next >= 0 && next < book->n && magnitude_of(book->value[next]) <= m) {
        rank = next;
        next += step;
    }
    bool is_last = next < 0 || next >= book->n, is_past = x.negative && book->value[rank] > 0;
    hu_u128 lo = magnitude_of(book->value[rank]), hi = is_last ? magnitude_of(book->beyond) : magnitude_of(book->value[next]);
    b.lo = b.hi = book->code[rank];
    b.odd = b.lo & 1;
    if (is_past || (is_last && hi == 0)) {
        b.part = is_past || m > lo || (m == lo && sticky) ? HU_ONE : 0;
    } else if (m < lo) {
        b.part = 1;                                     /* no zero, and nothing below: it is both neighbors */
        return b;
    } else {
        b.part = part_between(m, sticky, lo, hi);
    }
    b.overflow = is_last && b.part != 0;
    b.tiny = b.tiny && !b.overflow;
    if (b.overflow)
        b.hi = f->family->special(f, hu_num_inf(x.negative));
    else if (!is_last)
        b.hi = book->code[next];
    hu_u128 fine = hi - (hi >> (book->fine_bits + 1));
    if (book->fine_bits && b.tiny && hi == magnitude_of(book->min_normal) && m >= fine)
        b.fine = part_between(m, sticky, fine, hi);
    return b;
}

/* --- the family --- */

static hu_num decode(const hu_format *f, hu_code code)
{
    int64_t value = f->codebook->by_code[code & (HU_CODEBOOK_SIZE - 1)];
    return hu_num_make(value < 0, (hu_u128)(value < 0 ? -value : value), HU_CODEBOOK_UNIT);
}

static hu_code special(const hu_format *f, hu_num x)
{
    const hu_codebook *book = f->codebook;
    if (x.kind == HU_INF && !(x.negative && !f->is_signed))
        return book->code[x.negative ? 0 : book->n - 1];
    return book->code[first_rank(book, false)];
}

static hu_code negate(const hu_format *f, hu_code code)
{
    int opposite = hu_codebook_find(f->codebook, -f->codebook->by_code[code]);
    return opposite < 0 ? code : (hu_code)opposite;
}

const hu_family hu_family_codebook = {.name = "codebook", .decode = decode, .bracket = hu_codebook_bracket, .special = special, .negate = negate};

/* --- the lists --- */

static const double nf4[16] = {
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
};
static const double de4[16] = {
    -0.8875, -0.6625, -0.4375, -0.2125, -0.0775, -0.0325, -0.0055, 0.0, 0.0055, 0.0325, 0.0775, 0.2125, 0.4375, 0.6625, 0.8875, 1.0,
};
static const double ude4[16] = {
    0.0, 0.00325, 0.00775, 0.02125, 0.04375, 0.06625, 0.08875, 0.15625, 0.26875, 0.38125, 0.49375, 0.60625, 0.71875, 0.83125, 0.94375, 1.0,
};
static const double ude4nz[16] = {
    0.00325, 0.00325, 0.00775, 0.02125, 0.04375, 0.06625, 0.08875, 0.15625, 0.26875, 0.38125, 0.49375, 0.60625, 0.71875, 0.83125, 0.94375, 1.0,
};
static const double linear4[16] = {
    0.0625, 0.125, 0.1875, 0.25, 0.3125, 0.375, 0.4375, 0.5, 0.5625, 0.625, 0.6875, 0.75, 0.8125, 0.875, 0.9375, 1.0,
};

static int64_t in_units(double value)
{
    return (int64_t)((double)(float)value * 0x1p45);      /* exact: binary32 values from 2^-22 up */
}

/* The 8-bit dynamic maps: in the decade 10^(i-6), i = 0 to 6, the midpoints of 2^i (without a sign 2^(i+1)) equal parts of
 * [0.1, 1], the same negative where there is a sign, and 0 and 1. */
static void make_dynamic(hu_codebook *book, bool is_signed)
{
    int n = 0;
    double power = 1e6;                                    /* 10^(6-i) */
    for (int i = 0; i <= 6; i++, power /= 10) {
        int parts = 1 << (is_signed ? i : i + 1);
        for (int j = 0; j < parts; j++) {
            int64_t value = in_units((2 * parts + 9 * (2 * j + 1)) / (20 * parts * power));
            book->by_code[n++] = value;
            if (is_signed)
                book->by_code[n++] = -value;
        }
    }
    book->by_code[n++] = 0;
    book->by_code[n++] = in_units(1);
    hu_codebook_sort(book, n, NULL);
    for (int rank = 0; rank < n; rank++) {                 /* the codes are the ranks */
        book->code[rank] = (uint8_t)rank;
        book->by_code[rank] = book->value[rank];
    }
}

#define QLORA "Dettmers et al., QLoRA, 2023 (arXiv 2305.14314), appendix E"
#define STATES "Li, Chen, Zhu, Memory Efficient Optimizers with 4-bit States, 2023 (arXiv 2309.01507)"
#define DYNAMIC "Dettmers et al., 8-bit Optimizers via Block-wise Quantization, 2022 (arXiv 2110.02861)"

static const struct { const char *name; int width_bits; const double *values; bool is_signed; const char *source; } lists[] = {
    {"nf4",     4, nf4,     true,  QLORA},
    {"de4",     4, de4,     true,  STATES},
    {"ude4",    4, ude4,    false, STATES},
    {"ude4nz",  4, ude4nz,  false, STATES},
    {"linear4", 4, linear4, false, STATES},
    {"de8",     8, NULL,    true,  DYNAMIC},
    {"ude8",    8, NULL,    false, DYNAMIC},
};

enum { N_LISTS = sizeof lists / sizeof lists[0] };

static hu_codebook books[N_LISTS];
static pthread_once_t books_once = PTHREAD_ONCE_INIT;

static void make_books(void)
{
    for (int i = 0; i < N_LISTS; i++) {
        int n = 1 << lists[i].width_bits;
        if (!lists[i].values) {
            make_dynamic(&books[i], lists[i].is_signed);
            continue;
        }
        for (int code = 0; code < n; code++)
            books[i].by_code[code] = in_units(lists[i].values[code]);
        hu_codebook_sort(&books[i], n, NULL);
    }
}

static int exponent_of(int64_t value)
{
    return hu_num_make(false, (hu_u128)value, HU_CODEBOOK_UNIT).exp;
}

hu_reading hu_read_codebook(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    (void)err;
    int i = 0;
    while (i < N_LISTS && strcmp(lists[i].name, name) != 0)
        i++;
    if (i == N_LISTS)
        return HU_NOT_MINE;
    pthread_once(&books_once, make_books);
    const hu_codebook *book = &books[i];
    hu_code max = book->code[book->n - 1];
    *f = (hu_format){.family = &hu_family_codebook, .width_bits = lists[i].width_bits, .man_bits = 23, .specials = HU_SPECIALS_FINITE,
                     .emin = exponent_of(book->min_normal), .emax = exponent_of(book->value[book->n - 1]), .max_code = max,
                     .inf_code = max, .is_signed = lists[i].is_signed, .codebook = book, .source = lists[i].source};
    f->lacks_zero = hu_codebook_find(book, 0) < 0;
    f->nan_code = special(f, hu_num_nan());
    snprintf(canonical, HU_FORMAT_NAME_SIZE, "%s", name);
    return HU_READ;
}
