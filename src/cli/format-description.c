/* format-description.c - what a format is, as lines of text, counts and exact numbers; for halfulp format. */
#include "src/cli/format-description.h"

#include <assert.h>
#include <string.h>

#include "src/cli/cli.h"

hu_property *hu_description_add(hu_description *d, const char *label, const char *key, hu_property_kind kind)
{
    assert(d->n < HU_DESCRIPTION_LINES);
    hu_property *l = &d->lines[d->n++];
    l->label = label;
    l->key = key;
    l->kind = kind;
    return l;
}

void hu_description_text(hu_description *d, const char *label, const char *key, const char *value)
{
    snprintf(hu_description_add(d, label, key, HU_PROPERTY_TEXT)->text, sizeof d->lines[0].text, "%s", value);
}

void hu_description_number(hu_description *d, const char *label, const char *key, hu_num value)
{
    hu_property *l = hu_description_add(d, label, key, HU_PROPERTY_NUMBER);
    l->number = value;
    hu_num_to_decimal(value, l->text);
    hu_num_to_hex(value, l->hex);
}

static void add_count(hu_description *d, const char *label, const char *key, long long value)
{
    snprintf(hu_description_add(d, label, key, HU_PROPERTY_COUNT)->text, sizeof d->lines[0].text, "%lld", value);
}

/* The largest value, all of its bits. */
static void add_max(hu_description *d, const hu_format *f)
{
    hu_description_number(d, "largest finite", "max", hu_format_max(f));
    if (f->is_wide) {
        hu_bits code = hu_format_max_bits(f);
        hu_bits_to_decimal(f, &code, d->lines[d->n - 1].text);
        hu_bits_to_hex(f, &code, d->lines[d->n - 1].hex);
    }
}

/* As many digits as tell the number from others of the format, where it is a value of it. */
static void all_digits(hu_property *l, const hu_format *f)
{
    hu_env env = hu_env_default();
    hu_bits code;
    if (hu_bits_round_text(f, &env, l->hex, &code, NULL) == HU_OK && env.flags == 0)
        hu_bits_to_decimal(f, &code, l->text);
}

/* A property that not every format has: x is zero where it has none. */
static void add_positive(hu_description *d, const hu_format *f, const char *label, const char *key, hu_num x)
{
    if (x.kind == HU_ZERO)
        return;
    hu_description_number(d, label, key, x);
    if (f->is_wide)
        all_digits(&d->lines[d->n - 1], f);
}

/* --- how many values --- */

typedef struct census {
    hu_bits finite;      /* different finite values; -0 and +0 are one */
    hu_bits infinities;  /* codes */
    hu_bits nans;        /* codes */
} census;

static bool is_fixed(const hu_format *f)
{
    return f->family == &hu_family_fixed;
}

static census count_codes(const hu_format *f)
{
    hu_u128 finite = 0, infinities = 0, nans = 0;
    bool zero = false;
    for (hu_code code = 0; code <= hu_format_last_code(f); code++) {
        hu_num x = hu_decode(f, code);
        finite += x.kind == HU_FINITE;
        infinities += x.kind == HU_INF;
        nans += x.kind == HU_NAN;
        zero = zero || x.kind == HU_ZERO;
    }
    return (census){hu_bits_from_code(finite + zero), hu_bits_from_code(infinities), hu_bits_from_code(nans)};
}

/* Of families without fields and infinities, wider than what is gone through: one code is a NaN, in fixed point none. */
static census count_by_width(const hu_format *f)
{
    hu_u128 codes = (hu_u128)1 << f->width_bits;
    bool nan = !is_fixed(f);
    return (census){.finite = hu_bits_from_code(codes - nan), .nans = hu_bits_from_code(nan)};
}

/* By the layout of fields: the codes of the finite positive values run from 1 to the largest, and what is neither finite
 * nor an infinity is a NaN. Where the leading bit is written out, the codes in which it has the right value. */
static census count_by_fields(const hu_format *f)
{
    bool is_written = f->explicit_leading;
    hu_bits one = hu_bits_one(0), codes = hu_bits_one(f->width_bits - is_written), positive = hu_format_max_bits(f), hidden, all;
    hu_bits flushed = hu_bits_ones(f->subnormals & HU_FLUSH_IN ? f->man_bits : 0);
    if (is_written) {
        hu_bits field = hu_bits_shift(&positive, -(f->man_bits + 1)), trailing = hu_bits_ones(f->man_bits);
        field = hu_bits_shift(&field, f->man_bits);
        positive = hu_bits_or(&field, &trailing);
    }
    census c = {.infinities = hu_bits_from_code(f->has_inf ? 1 + f->is_signed : 0)};
    hu_bits zeros = hu_bits_from_code(1 + f->has_negative_zero);
    all = hu_bits_shift(&positive, f->is_signed);
    hidden = hu_bits_shift(&flushed, f->is_signed);
    c.finite = hu_bits_sub(&all, &hidden);
    c.finite = hu_bits_add(&c.finite, &one);
    c.nans = hu_bits_sub(&codes, &all);
    c.nans = hu_bits_sub(&c.nans, &zeros);
    c.nans = hu_bits_sub(&c.nans, &c.infinities);
    return c;
}

/* n / 10, and the digit that is left. */
static unsigned divide_by_ten(hu_bits *n)
{
    hu_u128 rest = 0;
    for (int i = HU_BITS_WORDS - 1; i >= 0; i--) {
        rest = rest << 64 | n->word[i];
        n->word[i] = (uint64_t)(rest / 10);
        rest %= 10;
    }
    return (unsigned)rest;
}

static void bits_text(hu_bits n, char *text)
{
    char digits[HU_BITS_MAX / 3 + 2], *out = digits + sizeof digits - 1;
    for (*out = '\0'; !hu_bits_is_zero(&n) || !*out;)
        *--out = (char)('0' + divide_by_ten(&n));
    strcpy(text, out);
}

char *hu_count_text(hu_u128 n, char text[48])
{
    bits_text(hu_bits_from_code(n), text);
    return text;
}

static void add_big_count(hu_description *d, const char *label, const char *key, hu_bits n)
{
    bits_text(n, hu_description_add(d, label, key, HU_PROPERTY_COUNT)->text);
}

/* --- the description --- */

static void add_fields(hu_description *d, const hu_format *f)
{
    char fields[96];
    add_count(d, "width in bits", "width_bits", f->width_bits);
    if (is_fixed(f)) {
        snprintf(fields, sizeof fields, "%s%d whole, %d fraction", f->is_signed ? "1 sign, " : "",
                 f->emin + 1, f->man_bits - f->emin);
        hu_description_text(d, "fields in bits", "fields", fields);
        hu_description_text(d, "past the range", "overflow", f->wraps ? "wraps around" : "the nearest value");
        return;
    }
    if (!hu_format_has_fields(f)) {
        add_count(d, "largest precision", "precision_bits", f->man_bits + 1);
        add_count(d, "smallest exponent", "emin", f->emin);
        add_count(d, "largest exponent", "emax", f->emax);
        return;
    }
    snprintf(fields, sizeof fields, "%s%d exponent, %d significand", f->is_signed ? "1 sign, " : "", f->exp_bits, f->man_bits);
    hu_description_text(d, "fields in bits", "fields", fields);
    add_count(d, "exponent bits", "exp_bits", f->exp_bits);
    add_count(d, "significand bits", "man_bits", f->man_bits);
    add_count(d, "precision in bits", "precision_bits", f->man_bits + 1);
    add_count(d, "bias", "bias", f->bias);
    if (f->emin <= f->emax) {                                /* else all are subnormal */
        add_count(d, "smallest exponent", "emin", f->emin);
        add_count(d, "largest exponent", "emax", f->emax);
    }
}

static void add_specials(hu_description *d, const hu_format *f)
{
    static const char *const subnormals[] = {"kept", "read as zero", "flushed to zero as results", "flushed to zero, read and as results"};
    hu_description_text(d, "infinities", "has_infinities", f->has_inf ? "yes" : "no");
    hu_description_text(d, "NaN", "has_nan", f->has_nan ? "yes" : "no");
    hu_description_text(d, "negative zero", "has_negative_zero", f->has_negative_zero ? "yes" : "no");
    if (hu_format_has_fields(f))
        hu_description_text(d, "subnormals", "subnormals", subnormals[f->subnormals & 3]);
}

void hu_describe(hu_description *d, const hu_format *f)
{
    d->n = 0;
    hu_description_text(d, "name", "name", f->name);
    hu_description_text(d, "family", "family", f->family->name);
    add_fields(d, f);
    add_specials(d, f);
    add_max(d, f);
    if (is_fixed(f))
        hu_description_number(d, "most negative", "min", hu_format_lowest(f));
    if (hu_format_has_fields(f)) {
        add_positive(d, f, "smallest normal", "min_normal", hu_format_min_normal(f));
        add_positive(d, f, "smallest subnormal", "min_subnormal", hu_format_min_subnormal(f));
    } else {
        hu_description_number(d, "smallest positive", "min_positive", hu_format_min_subnormal(f));
    }
    add_positive(d, f, "epsilon", "epsilon", hu_format_epsilon(f));
    census c = hu_format_has_fields(f) ? count_by_fields(f) : f->width_bits <= HU_VALUES_WIDEST ? count_codes(f) : count_by_width(f);
    add_big_count(d, "finite values", "n_finite", c.finite);
    add_big_count(d, "infinity codes", "n_infinities", c.infinities);
    bool is_unused = f->family == &hu_family_listed && !f->has_nan;              /* codes past the last value of a list */
    add_big_count(d, is_unused ? "unused codes" : "NaN codes", is_unused ? "n_unused" : "n_nans", c.nans);
    if (f->source)
        hu_description_text(d, "source", "source", f->source);
}

const hu_format *hu_format_listed_at(int i)
{
    int n = 0;
    while (n <= i && hu_format_at(n))
        n++;
    return i < n ? hu_format_at(i) : hu_format_defined_at(i - n, NULL);
}

const hu_property *hu_description_find(const hu_description *d, const char *key)
{
    for (int i = 0; i < d->n; i++) {
        if (strcmp(d->lines[i].key, key) == 0)
            return &d->lines[i];
    }
    return NULL;
}

/* --- parts of it as text and as JSON --- */

void hu_number_json(FILE *out, hu_num x)
{
    char text[HU_TEXT_SIZE];
    bool is_number = x.kind == HU_ZERO || x.kind == HU_FINITE;
    fprintf(out, "\"value\": %s, ", is_number ? hu_num_to_decimal(x, text) : "null");
    fprintf(out, "\"hex\": \"%s\"", hu_num_to_hex(x, text));
}

void hu_property_json(FILE *out, const hu_property *l)
{
    if (l->kind == HU_PROPERTY_NUMBER) {
        fprintf(out, "{\"value\": %s, \"hex\": \"%s\"}", l->text, l->hex);
    } else if (l->kind == HU_PROPERTY_COUNT) {
        fputs(l->text, out);
    } else if (strcmp(l->text, "yes") == 0 || strcmp(l->text, "no") == 0) {
        fputs(l->text[0] == 'y' ? "true" : "false", out);
    } else {
        hu_cli_json_string(out, l->text);
    }
}

char *hu_code_bits(const hu_format *f, hu_code code, char out[HU_VALUES_WIDEST + 4])
{
    char *c = out;
    for (int i = f->width_bits - 1; i >= 0; i--) {
        *c++ = (char)('0' + (int)(code >> i & 1));
        bool ends_sign = f->is_signed && i == f->width_bits - 1;
        if (hu_format_has_fields(f) && i > 0 && (ends_sign || i == f->man_bits))
            *c++ = ' ';
    }
    *c = '\0';
    return out;
}
