/* listed.c - formats given by a user's list of values, of any order and up to 2^16 codes.
 *
 * Positions are measured on the real line, in every gap anew, and exactly: values are doubles of any exponents, so a gap is a number of
 * up to 2200 bits. What lies past the last value of its side becomes that value in every mode and raises overflow. Where the
 * list has an infinity on that side, the grid goes on by one more gap of the width of the last, at whose end infinity stands.
 *
 * A list need not have a zero. Between a last negative and a first positive value the farther one of a number, across zero, is its
 * neighbor toward zero; a zero itself becomes the value nearest zero (of two the positive one). Below the smallest of positive values alone
 * there is only that. A NaN, where the list has none, becomes what zero becomes and raises invalid. Numbers below the
 * smallest positive value are tiny. The negation of a value whose opposite is not in the list is the value itself.
 */
#include "formats/listed.h"

#include <math.h>
#include <string.h>

/* --- exact distances --- */

/* A whole number of n words, the lowest first, in units of 2^low. The largest doubles are below 2^1024, and the lowest bit of a number
 * of 128 significant bits from 2^LOWEST up is 2^-1327 or above. */
enum { WORDS = 38, HIGHEST = 1030, LOWEST = -1200 };

typedef struct window {
    int low, n;
} window;

static int lowest_bit(hu_num x)
{
    return x.exp + 1 - hu_num_bits(x);
}

/* The window in which three numbers and their differences are whole numbers, with room for doubling them. */
static window window_of(const hu_num x[3])
{
    int low = 1 << 20, high = -(1 << 20);
    for (int i = 0; i < 3; i++) {
        if (x[i].kind != HU_FINITE)
            continue;
        low = lowest_bit(x[i]) < low ? lowest_bit(x[i]) : low;
        high = x[i].exp > high ? x[i].exp : high;
    }
    return (window){low, (high - low + 4) / 64 + 1};
}

static void to_words(uint64_t word[WORDS], hu_num x, window w)
{
    memset(word, 0, (size_t)w.n * sizeof *word);
    if (x.kind != HU_FINITE)
        return;
    int low = lowest_bit(x) - w.low, shift = low % 64;
    hu_u128 sig = x.sig >> (lowest_bit(x) - (x.exp - 127));
    uint64_t half[3] = {(uint64_t)(sig << shift), (uint64_t)(sig << shift >> 64), shift ? (uint64_t)(sig >> (128 - shift)) : 0};
    for (int i = 0; i < 3 && low / 64 + i < w.n; i++)
        word[low / 64 + i] = half[i];
}

static int compare_words(const uint64_t *a, const uint64_t *b, int n)
{
    int i = n - 1;
    while (i > 0 && a[i] == b[i])
        i--;
    return (a[i] > b[i]) - (a[i] < b[i]);
}

static void subtract(uint64_t *out, const uint64_t *a, const uint64_t *b, int n)
{
    uint64_t borrow = 0;
    for (int i = 0; i < n; i++) {
        hu_u128 difference = (hu_u128)a[i] - b[i] - borrow;
        out[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
}

static void add(uint64_t *out, const uint64_t *a, const uint64_t *b, int n)
{
    hu_u128 sum = 0;
    for (int i = 0; i < n; i++) {
        sum = (sum >> 64) + a[i] + b[i];
        out[i] = (uint64_t)sum;
    }
}

/* |a - b| */
static void distance(uint64_t out[WORDS], hu_num a, hu_num b, window w)
{
    uint64_t x[WORDS], y[WORDS];
    to_words(x, a, w);
    to_words(y, b, w);
    if (a.kind == HU_FINITE && b.kind == HU_FINITE && a.negative != b.negative)
        add(out, x, y, w.n);
    else if (compare_words(x, y, w.n) < 0)
        subtract(out, y, x, w.n);
    else
        subtract(out, x, y, w.n);
}

/* Where x lies on the way from lo to as far past it as the gap between from and to is wide. */
static uint64_t part_between(hu_num x, hu_num lo, hu_num other)
{
    uint64_t rest[WORDS], gap[WORDS], part = 0, any = 0;
    if (x.exp > HIGHEST)
        return HU_ONE;
    if (x.exp < LOWEST)                                     /* lo is zero, or on its other side */
        x = (hu_num){.kind = HU_ZERO, .sticky = true};
    window w = window_of((const hu_num[]){x, lo, other});
    distance(rest, x, lo, w);
    distance(gap, other, lo, w);
    if (compare_words(rest, gap, w.n) >= 0)
        return HU_ONE;
    for (int i = 0; i < 63; i++) {
        add(rest, rest, rest, w.n);
        bool bit = compare_words(rest, gap, w.n) >= 0;
        if (bit)
            subtract(rest, rest, gap, w.n);
        part = part << 1 | bit;
    }
    for (int i = 0; i < w.n; i++)
        any |= rest[i];
    return part | (any != 0 || x.sticky);
}

/* --- a number among the values --- */

/* x against a value of the list. */
static int compare_to(hu_num x, double value)
{
    return hu_num_compare(x, hu_num_from_double(value));
}

/* The rank of the last value that is not above x; -1: x is below them all. */
static int last_not_above(const hu_listed *l, hu_num x)
{
    int low = -1, high = l->n;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (compare_to(x, l->value[middle]) >= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static hu_code code_of(const hu_listed *l, int rank, bool negative)
{
    return (hu_code)(l->value[rank] == 0 && negative ? l->negative_zero : l->code[rank]);
}

static hu_bracket bracket(const hu_format *f, hu_num x)
{
    const hu_listed *l = f->listed;
    int step = x.negative ? -1 : 1, below = last_not_above(l, x);
    bool is_value = below >= 0 && compare_to(x, l->value[below]) == 0;
    int lo = x.negative && !is_value ? below + 1 : below, hi = lo + step;
    hu_bracket b = {.negative = x.negative, .tiny = compare_to(hu_num_abs(x), l->value[l->first_positive]) < 0};
    if (lo < 0) {                                            /* below positive values alone: there is only the smallest */
        b.lo = b.hi = code_of(l, 0, false);
        b.odd = b.lo & 1;
        b.part = 1;
        return b;
    }
    bool is_past = !is_value && (lo >= l->n || hi < 0 || hi >= l->n);
    lo = lo >= l->n ? l->n - 1 : lo;
    b.lo = b.hi = code_of(l, lo, x.negative);
    b.odd = b.lo & 1;
    if (is_value)
        return b;
    hu_num from = hu_num_from_double(l->value[lo]);
    if (!is_past) {
        b.hi = code_of(l, hi, x.negative);
        b.part = part_between(x, from, hu_num_from_double(l->value[hi]));
        return b;
    }
    b.overflow = true;
    b.tiny = false;
    b.part = HU_ONE;
    b.hi = f->family->special(f, hu_num_inf(x.negative));
    if (l->inf[x.negative] >= 0)
        b.part = part_between(x, from, hu_num_from_double(l->value[lo - step]));
    return b;
}

/* --- the family --- */

static hu_num decode(const hu_format *f, hu_code code)
{
    return code < (hu_code)f->listed->n_codes ? hu_num_from_double(f->listed->by_code[code]) : hu_num_nan();
}

static hu_code special(const hu_format *f, hu_num x)
{
    const hu_listed *l = f->listed;
    if (x.kind == HU_INF)
        return l->inf[x.negative] >= 0 ? (hu_code)l->inf[x.negative] : code_of(l, x.negative ? 0 : l->n - 1, x.negative);
    if (x.kind == HU_NAN && f->has_nan)
        return f->nan_code;
    return code_of(l, l->rank_of_zero, x.kind == HU_ZERO && x.negative);
}

static hu_code negate(const hu_format *f, hu_code code)
{
    const hu_listed *l = f->listed;
    hu_num x = decode(f, code);
    if (x.kind == HU_NAN)
        return code;
    if (x.kind == HU_INF)
        return l->inf[!x.negative] >= 0 ? (hu_code)l->inf[!x.negative] : code;
    if (x.kind == HU_ZERO)
        return f->has_negative_zero ? special(f, hu_num_zero(!x.negative)) : code;
    hu_num opposite = hu_num_negate(x);
    int rank = last_not_above(l, opposite);
    return rank >= 0 && compare_to(opposite, l->value[rank]) == 0 ? code_of(l, rank, false) : code;
}

const hu_family hu_family_listed = {.name = "listed", .decode = decode, .bracket = bracket, .special = special, .negate = negate};
