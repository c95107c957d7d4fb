/* define.c - a user's list of values becomes a format. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/listed.h"
#include "formats/registry.h"
#include "src/base/memory.h"

enum { LONGEST_NAME = 40 };

/* --- what must hold --- */

static hu_status check_name(const char *name, hu_error *err)
{
    size_t n = name ? strlen(name) : 0;
    bool fits = n > 0 && n <= LONGEST_NAME && isalpha((unsigned char)name[0]);
    for (size_t i = 0; fits && i < n; i++)
        fits = isalnum((unsigned char)name[i]) || name[i] == '_';
    if (fits && strcmp(name, "none") != 0 && strcmp(name, "exact") != 0)
        return HU_OK;
    return hu_fail(err, HU_EINVAL, "define: the name is '%.60s'; it takes letters, digits and underscores, a letter first, up to %d of them, and not "
                   "none or exact", name ? name : "", LONGEST_NAME);
}

static hu_status check_value(const hu_definition *d, size_t code, hu_error *err)
{
    double x = d->values[code];
    if (!isfinite(x) && !d->nonfinite)
        return hu_fail(err, HU_EINVAL, "define: '%s': the value of code %zu is %s; finite numbers will do, or nonfinite = true for a format that "
                       "has NaN or infinities", d->name, code, isnan(x) ? "NaN" : "infinite");
    if (x != 0 && fabs(x) < 0x1p-1022)
        return hu_fail(err, HU_ERANGE, "define: '%s': the value of code %zu is %g; zero and numbers from 2^-1022 up will do", d->name, code, x);
    return HU_OK;
}

static hu_status check(const hu_definition *d, hu_error *err)
{
    hu_status status = check_name(d->name, err);
    if (status)
        return status;
    if (d->n < 2 || d->n > HU_DEFINED_CODES)
        return hu_fail(err, HU_EINVAL, "define: '%s' has %zu value%s; 2 to %d will do", d->name, d->n, d->n == 1 ? "" : "s", HU_DEFINED_CODES);
    for (size_t code = 0; code < d->n && status == HU_OK; code++)
        status = check_value(d, code, err);
    return status;
}

/* --- the list in its order --- */

typedef struct item {
    double  value;
    int32_t code;
} item;

static int compare_items(const void *a, const void *b)
{
    const item *x = a, *y = b;
    return x->value != y->value ? (x->value < y->value ? -1 : 1) : (x->code > y->code) - (x->code < y->code);
}

/* One piece of memory with room for all; NULL where there is none. */
static hu_listed *new_listed(size_t n)
{
    hu_listed *l = hu_calloc(1, sizeof *l + n * (2 * sizeof(double) + sizeof(int32_t)));
    if (!l)
        return NULL;
    l->by_code = (double *)(l + 1);
    l->value = l->by_code + n;
    l->code = (int32_t *)(l->value + n);
    l->n_codes = (int)n;
    l->negative_zero = l->inf[0] = l->inf[1] = -1;
    return l;
}

/* Ranks and the places of special codes; *nan is the first code of NaN, or -1. Zeros of both signs are one value, whose code is that of the
 * first positive one, where there is one. */
static void fill(hu_listed *l, const hu_definition *d, item *items, int32_t *nan)
{
    int n = 0;
    int32_t zero = -1;
    *nan = -1;
    for (int32_t code = 0; code < l->n_codes; code++) {
        double x = l->by_code[code] = isnan(d->values[code]) ? NAN : d->values[code];
        int32_t *special = isnan(x) ? nan : isinf(x) ? &l->inf[x < 0] : x == 0 ? signbit(x) ? &l->negative_zero : &zero : NULL;
        if (isfinite(x))
            items[n++] = (item){x, code};
        if (special && *special < 0)
            *special = code;
    }
    qsort(items, (size_t)n, sizeof *items, compare_items);
    for (int i = 0; i < n; i++) {
        if (l->n > 0 && items[i].value == l->value[l->n - 1])
            continue;
        l->value[l->n] = items[i].value + 0.0;
        l->code[l->n++] = items[i].value == 0 && zero >= 0 ? zero : items[i].code;
    }
    for (int code = 0; zero < 0 && code < l->n_codes; code++)
        l->by_code[code] += 0.0;                             /* without a zero of its own sign, -0 is just zero */
    if (zero >= 0 && l->negative_zero < 0)
        l->negative_zero = zero;
    while (l->rank_of_zero + 1 < l->n && fabs(l->value[l->rank_of_zero + 1]) <= fabs(l->value[l->rank_of_zero]))
        l->rank_of_zero++;
    while (l->first_positive < l->n && l->value[l->first_positive] <= 0)
        l->first_positive++;
}

static void digest(hu_listed *l)
{
    hu_sha256 s;
    hu_sha256_init(&s);
    for (int i = -1; i < l->n_codes; i++) {
        uint64_t bits = (uint64_t)l->n_codes;
        unsigned char bytes[8];
        if (i >= 0)
            memcpy(&bits, &l->by_code[i], sizeof bits);
        if (i >= 0 && isnan(l->by_code[i]))
            bits = UINT64_C(0x7ff8000000000000);
        for (int k = 0; k < 8; k++)
            bytes[k] = (unsigned char)(bits >> 8 * k);
        hu_sha256_add(&s, bytes, sizeof bytes);
    }
    hu_sha256_hex(&s, l->sha256);
}

/* --- the format --- */

static int bits_for(int n_codes)
{
    int bits = 1;
    while (1 << bits < n_codes)
        bits++;
    return bits;
}

static hu_format describe(const hu_listed *l, int32_t nan)
{
    hu_format f = {.family = &hu_family_listed, .width_bits = bits_for(l->n_codes), .specials = HU_SPECIALS_FINITE, .emin = 1 << 20,
                   .listed = l, .is_signed = l->value[0] < 0, .has_nan = nan >= 0, .has_inf = l->inf[0] >= 0 || l->inf[1] >= 0};
    for (int rank = 0; rank < l->n; rank++) {
        hu_num x = hu_num_from_double(l->value[rank]);
        if (x.kind != HU_FINITE)
            continue;
        f.emin = x.exp < f.emin ? x.exp : f.emin;
        f.man_bits = hu_num_bits(x) - 1 > f.man_bits ? hu_num_bits(x) - 1 : f.man_bits;
    }
    f.emax = hu_num_from_double(l->value[l->n - 1]).exp;
    f.max_code = (hu_code)l->code[l->n - 1];
    f.inf_code = l->inf[0] >= 0 ? (hu_code)l->inf[0] : f.max_code;
    f.lacks_zero = l->value[l->rank_of_zero] != 0;
    f.has_negative_zero = !f.lacks_zero && l->negative_zero != l->code[l->rank_of_zero];
    f.nan_code = f.has_nan ? (hu_code)nan : (hu_code)l->code[l->rank_of_zero];
    return f;
}

static const hu_format *define(hu_listed *l, const hu_definition *d, item *items, bool *is_new, hu_error *err)
{
    int32_t nan;
    memset(l->code, 0, d->n * sizeof *l->code);
    fill(l, d, items, &nan);
    if (l->n < 2 || l->first_positive == l->n) {
        hu_fail(err, HU_EINVAL, "define: '%s' has %d different finite value%s, %d of them positive; it takes two or more, and a positive one", d->name,
                l->n, l->n == 1 ? "" : "s", l->n - l->first_positive);
        return NULL;
    }
    digest(l);
    hu_format f = describe(l, nan);
    if (d->source)
        f.source = hu_strdup(d->source);
    else
        f.source = "defined by the user";
    if (!f.source) {
        hu_fail(err, HU_ENOMEM, "define: out of memory");
        return NULL;
    }
    const hu_format *made = hu_registry_define(&f, d->name, is_new, err);
    if (d->source && !*is_new)
        hu_free((void *)f.source);
    return made;
}

const hu_format *hu_format_define(const hu_definition *d, hu_error *err)
{
    if (check(d, err))
        return NULL;
    bool is_new = false;
    hu_listed *l = new_listed(d->n);
    item *items = hu_malloc(d->n * sizeof *items);
    const hu_format *made = NULL;
    if (l && items)
        made = define(l, d, items, &is_new, err);
    else
        hu_fail(err, HU_ENOMEM, "define: '%s': out of memory", d->name);
    hu_free(items);
    if (!is_new)
        hu_free(l);
    return made;
}
