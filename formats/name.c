/* name.c - formats by name: the table, the aliases, and the grammar for all the others.
 *
 *     name      = alias | table name | "e" E "m" M [ "b" bias ] [ "fn" | "fnuz" ] [ "{" modifiers "}" ]
 *     modifiers = key "=" value { "," key "=" value }
 *
 * A format has one canonical name, which leaves out what is the default, and one description in
 * memory, so that two names of the same format give the same pointer.
 */
#include "formats/format.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"

enum { E_MIN = 2, E_MAX = 15, M_MAX = 62, BIAS_MAX = 65536, NAME_SIZE = 96 };

const char hu_format_grammar[] =
    "a format is eXmY (X 2..15, Y 0..62), then bN for a bias, fn or fnuz, and {bias=,subnormals=,specials=}; "
    "or a name of 'halfulp format --list'";

typedef struct row {
    const char *name;
    int exp_bits, man_bits, bias;
    hu_specials specials;
    const char *source;
} row;

static const row rows[] = {
#define FORMAT(name, e, m, bias, specials, source) {name, e, m, bias, HU_SPECIALS_##specials, source},
#define ALIAS(alias, name)
#include "formats/table.def"
#undef FORMAT
#undef ALIAS
};

static const struct { const char *alias, *name; } aliases[] = {
#define FORMAT(name, e, m, bias, specials, source)
#define ALIAS(alias, name) {alias, name},
#include "formats/table.def"
#undef FORMAT
#undef ALIAS
};

static const struct { const char *name; unsigned value; } subnormal_words[] = {
    {"keep", 0}, {"flush", HU_FLUSH_IN | HU_FLUSH_OUT}, {"flush-in", HU_FLUSH_IN}, {"flush-out", HU_FLUSH_OUT},
};

static const struct { const char *name; hu_specials value; } specials_words[] = {
    {"ieee", HU_SPECIALS_IEEE}, {"fn", HU_SPECIALS_FN}, {"fnuz", HU_SPECIALS_FNUZ}, {"finite", HU_SPECIALS_FINITE},
};

enum { N_ROWS = sizeof rows / sizeof rows[0], N_ALIASES = sizeof aliases / sizeof aliases[0],
       N_SUBNORMAL_WORDS = sizeof subnormal_words / sizeof subnormal_words[0],
       N_SPECIALS_WORDS = sizeof specials_words / sizeof specials_words[0] };

/* What a name says, before it is a format. */
typedef struct spec {
    int exp_bits, man_bits, bias;
    hu_specials specials;
    unsigned subnormals;
} spec;

typedef struct entry {
    hu_format format;
    struct entry *next;
    char name[NAME_SIZE];
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
enum { N_BUCKETS = 256 };
static entry *made[N_BUCKETS];             /* by the grammar, by name; kept for the life of the process, under lock */
static hu_format table[N_ROWS];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static int default_bias(const spec *s)
{
    return (1 << (s->exp_bits - 1)) - (s->specials == HU_SPECIALS_FNUZ ? 0 : 1);
}

/* The fields that follow from the others. */
static void derive(hu_format *f, const spec *s)
{
    int m = s->man_bits;
    hu_code last = ((hu_code)1 << (s->exp_bits + m)) - 1;           /* all ones but the sign */
    *f = (hu_format){.family = &hu_family_float, .width_bits = 1 + s->exp_bits + m, .exp_bits = s->exp_bits,
                     .man_bits = m, .bias = s->bias, .specials = s->specials, .subnormals = s->subnormals,
                     .emin = 1 - s->bias, .is_signed = true, .has_negative_zero = s->specials != HU_SPECIALS_FNUZ};
    switch (s->specials) {
    case HU_SPECIALS_IEEE:
        f->has_inf = true;
        f->has_nan = m > 0;                                          /* without a fraction all ones is infinity */
        f->inf_code = last - (((hu_code)1 << m) - 1);
        f->max_code = f->inf_code - 1;
        f->nan_code = m > 0 ? f->inf_code | (hu_code)1 << (m - 1) : f->inf_code;
        break;
    case HU_SPECIALS_FN:
        f->has_nan = true;
        f->inf_code = f->nan_code = last;
        f->max_code = last - 1;
        break;
    case HU_SPECIALS_FNUZ:
        f->has_nan = true;
        f->inf_code = f->nan_code = last + 1;
        f->max_code = last;
        break;
    case HU_SPECIALS_FINITE:
        f->inf_code = f->nan_code = f->max_code = last;
        break;
    }
    f->emax = (int)(f->max_code >> m) - s->bias;
}

static void make_table(void)
{
    for (int i = 0; i < N_ROWS; i++) {
        const row *r = &rows[i];
        spec s = {r->exp_bits, r->man_bits, r->bias, r->specials, 0};
        derive(&table[i], &s);
        table[i].name = r->name;
        table[i].source = r->source;
    }
}

const hu_format *hu_format_at(int i)
{
    pthread_once(&table_once, make_table);
    return i >= 0 && i < N_ROWS ? &table[i] : NULL;
}

const char *hu_format_alias_at(int i, const char **stands_for)
{
    if (i < 0 || i >= N_ALIASES)
        return NULL;
    if (stands_for)
        *stands_for = aliases[i].name;
    return aliases[i].alias;
}

hu_code hu_format_last_code(const hu_format *f)
{
    return ((hu_code)1 << f->width_bits) - 1;
}

/* Reading a name: each function moves *text past what it took. */

static bool read_number(const char **text, long *out)
{
    const char *c = *text;
    bool negative = *c == '-';
    long n = 0;
    if (negative)
        c++;
    if (*c < '0' || *c > '9')
        return false;
    for (; *c >= '0' && *c <= '9'; c++)
        n = n < 1000000000 ? n * 10 + (*c - '0') : n;
    *out = negative ? -n : n;
    *text = c;
    return true;
}

static bool read_word(const char **text, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*text, word, n) != 0)
        return false;
    *text += n;
    return true;
}

/* The value of a modifier ends at a comma or the brace. */
static bool read_value(const char **text, const char *word)
{
    const char *c = *text;
    if (!read_word(&c, word) || (*c != ',' && *c != '}'))
        return false;
    *text = c;
    return true;
}

static hu_status fail_modifier(hu_error *err, const char *name, const char *what, const char *at)
{
    return hu_fail(err, HU_ENAME, "format '%.60s': %s, found '%.30s'", name, what, at);
}

static hu_status read_subnormals(const char **text, const char *name, spec *s, hu_error *err)
{
    for (int i = 0; i < N_SUBNORMAL_WORDS; i++) {
        if (read_value(text, subnormal_words[i].name)) {
            s->subnormals = subnormal_words[i].value;
            return HU_OK;
        }
    }
    return fail_modifier(err, name, "subnormals= takes keep, flush, flush-in or flush-out", *text);
}

static hu_status read_specials(const char **text, const char *name, spec *s, hu_error *err)
{
    for (int i = 0; i < N_SPECIALS_WORDS; i++) {
        if (read_value(text, specials_words[i].name)) {
            s->specials = specials_words[i].value;
            return HU_OK;
        }
    }
    return fail_modifier(err, name, "specials= takes ieee, fn, fnuz or finite", *text);
}

/* "{key=value,...}" */
static hu_status read_modifiers(const char **text, const char *name, spec *s, bool *has_bias, hu_error *err)
{
    do {
        ++*text;                                                    /* the brace or the comma */
        hu_status status = HU_OK;
        long n;
        if (read_word(text, "bias=")) {
            if (!read_number(text, &n) || n < -BIAS_MAX || n > BIAS_MAX)
                return fail_modifier(err, name, "bias= takes a whole number from -65536 to 65536", *text);
            s->bias = (int)n;
            *has_bias = true;
        } else if (read_word(text, "subnormals=")) {
            status = read_subnormals(text, name, s, err);
        } else if (read_word(text, "specials=")) {
            status = read_specials(text, name, s, err);
        } else {
            return fail_modifier(err, name, "expected bias=, subnormals= or specials=", *text);
        }
        if (status)
            return status;
    } while (**text == ',');
    if (**text != '}')
        return fail_modifier(err, name, "expected ',' or '}'", *text);
    ++*text;
    return HU_OK;
}

static hu_status fail_name(hu_error *err, const char *name)
{
    hu_nearest near = hu_nearest_to(name);
    for (int i = 0; i < N_ROWS; i++)
        hu_nearest_offer(&near, rows[i].name);
    for (int i = 0; i < N_ALIASES; i++)
        hu_nearest_offer(&near, aliases[i].alias);
    if (near.best)
        return hu_fail(err, HU_ENAME, "no format '%.40s'; did you mean '%s'? (%s)", name, near.best, hu_format_grammar);
    return hu_fail(err, HU_ENAME, "no format '%.40s'; %s", name, hu_format_grammar);
}

/* The OCP elements of 4 and 6 bits: their "fn" has no NaN, whatever the bias. */
static bool is_ocp_element(const spec *s)
{
    for (int i = 0; i < N_ROWS; i++) {
        if (rows[i].specials == HU_SPECIALS_FINITE && rows[i].exp_bits == s->exp_bits && rows[i].man_bits == s->man_bits)
            return true;
    }
    return false;
}

/* The part before the modifiers: a name of the table or an alias, else the grammar. */
static hu_status read_base(const char **text, const char *name, spec *s, bool *has_bias, hu_error *err)
{
    size_t n = strcspn(*text, "{");
    const char *wanted = *text;
    for (int i = 0; i < N_ALIASES; i++) {
        if (strlen(aliases[i].alias) == n && strncmp(*text, aliases[i].alias, n) == 0)
            wanted = aliases[i].name;
    }
    size_t length = wanted == *text ? n : strlen(wanted);
    for (int i = 0; i < N_ROWS; i++) {
        const row *r = &rows[i];
        if (strlen(r->name) == length && strncmp(wanted, r->name, length) == 0) {
            *s = (spec){r->exp_bits, r->man_bits, r->bias, r->specials, 0};
            *has_bias = r->bias != default_bias(s);
            *text += n;
            return HU_OK;
        }
    }

    long e, m, bias;
    const char *c = *text;
    if (!read_word(&c, "e") || !read_number(&c, &e) || !read_word(&c, "m") || !read_number(&c, &m))
        return fail_name(err, name);
    if (e < E_MIN || e > E_MAX)
        return hu_fail(err, HU_ERANGE, "format '%.60s': %ld exponent bits asked for, %d to %d will do", name, e, E_MIN, E_MAX);
    if (m < 0 || m > M_MAX)
        return hu_fail(err, HU_ERANGE, "format '%.60s': %ld significand bits asked for, 0 to %d will do", name, m, M_MAX);
    *s = (spec){.exp_bits = (int)e, .man_bits = (int)m};
    if (*c == 'b') {
        c++;
        if (!read_number(&c, &bias) || bias < 0 || bias > BIAS_MAX)
            return hu_fail(err, HU_ERANGE, "format '%.60s': after b stands a bias from 0 to %d; {bias=N} takes negative ones", name, BIAS_MAX);
        s->bias = (int)bias;
        *has_bias = true;
    }
    if (read_word(&c, "fnuz"))
        s->specials = HU_SPECIALS_FNUZ;
    else if (read_word(&c, "fn"))
        s->specials = HU_SPECIALS_FN;
    if (*c != '\0' && *c != '{')
        return fail_name(err, name);
    if (s->specials == HU_SPECIALS_FN && is_ocp_element(s))
        s->specials = HU_SPECIALS_FINITE;
    *text = c;
    return HU_OK;
}

static hu_status read_name(const char *name, spec *s, hu_error *err)
{
    const char *text = name;
    bool has_bias = false;
    hu_status status = read_base(&text, name, s, &has_bias, err);
    if (status == HU_OK && *text == '{')
        status = read_modifiers(&text, name, s, &has_bias, err);
    if (status)
        return status;
    if (*text != '\0')
        return fail_name(err, name);
    if (!has_bias)
        s->bias = default_bias(s);
    return HU_OK;
}

/* What the grammar reads without modifiers, so that the canonical name is the shortest. */
static void write_name(const spec *s, char name[NAME_SIZE])
{
    bool plain_bias = s->bias == default_bias(s), short_bias = s->bias >= 0;
    const char *suffix = s->specials == HU_SPECIALS_FN ? "fn" : s->specials == HU_SPECIALS_FNUZ ? "fnuz" : "";
    char bias[16] = "", modifiers[64];
    size_t n = 0;
    if (is_ocp_element(s))
        suffix = s->specials == HU_SPECIALS_FINITE ? "fn" : s->specials == HU_SPECIALS_FN ? "" : suffix;
    if (!plain_bias && short_bias)
        snprintf(bias, sizeof bias, "b%d", s->bias);
    modifiers[0] = '\0';
    if (!plain_bias && !short_bias)
        n += (size_t)snprintf(modifiers + n, sizeof modifiers - n, ",bias=%d", s->bias);
    if (s->specials != HU_SPECIALS_IEEE && suffix[0] == '\0')
        n += (size_t)snprintf(modifiers + n, sizeof modifiers - n, ",specials=%s", specials_words[s->specials].name);
    for (int i = 1; i < N_SUBNORMAL_WORDS; i++) {
        if (s->subnormals == subnormal_words[i].value)
            n += (size_t)snprintf(modifiers + n, sizeof modifiers - n, ",subnormals=%s", subnormal_words[i].name);
    }
    if (n > 0)
        modifiers[0] = '{';
    snprintf(name, NAME_SIZE, "e%dm%d%s%s%s%s", s->exp_bits, s->man_bits, bias, suffix, modifiers, n > 0 ? "}" : "");
}

static entry **bucket_of(const char *name)
{
    unsigned hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return &made[hash % N_BUCKETS];
}

static const hu_format *find_made(const entry *bucket, const char *name)
{
    for (const entry *e = bucket; e; e = e->next) {
        if (strcmp(e->name, name) == 0)
            return &e->format;
    }
    return NULL;
}

static const hu_format *make(const spec *s, const char *name, hu_error *err)
{
    pthread_mutex_lock(&lock);
    entry **bucket = bucket_of(name);
    const hu_format *found = find_made(*bucket, name);
    if (!found) {
        entry *e = hu_calloc(1, sizeof *e);
        if (e) {
            derive(&e->format, s);
            memcpy(e->name, name, NAME_SIZE);
            e->format.name = e->name;
            e->format.source = "IEEE 754-2019, section 3.4, generalized";
            e->next = *bucket;
            *bucket = e;
            found = &e->format;
        } else {
            hu_fail(err, HU_ENOMEM, "format '%.60s': out of memory", name);
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

const hu_format *hu_format_find(const char *name, hu_error *err)
{
    spec s;
    char canonical[NAME_SIZE] = "";
    if (read_name(name, &s, err))
        return NULL;
    write_name(&s, canonical);
    for (int i = 0; i < N_ROWS; i++) {
        if (strcmp(rows[i].name, canonical) == 0)
            return hu_format_at(i);
    }
    return make(&s, canonical, err);
}
