/* float-name.c - the names of floating-point formats, narrow and wide ones.
 *
 *     name      = "e" E "m" M [ "b" bias ] [ "fn" | "fnuz" ] [ "{" modifiers "}" ]
 *     modifiers = key "=" value { "," key "=" value }
 *
 * The canonical name leaves out what is the default.
 */
#include <stdio.h>
#include <string.h>

#include "formats/registry.h"
#include "formats/wide.h"

enum { E_MIN = 1, E_MAX = 30, M_MAX = 236, NARROW_M_MAX = 62, BIAS_MAX = 1 << 29 };

const char hu_format_grammar[] =
    "names: eXmY (Y up to 236; bN, fn, fnuz, fnu, {...}) positN takumN takum_logN lnsI.F binaryKpPse qI.F uqI.F intN, "
    "and 'halfulp format --list'";

static const struct { const char *name; unsigned value; } subnormal_words[] = {
    {"keep", 0}, {"flush", HU_FLUSH_IN | HU_FLUSH_OUT}, {"flush-in", HU_FLUSH_IN}, {"flush-out", HU_FLUSH_OUT},
};

static const struct { const char *name; hu_specials value; } specials_words[] = {
    {"ieee", HU_SPECIALS_IEEE}, {"fn", HU_SPECIALS_FN}, {"fnuz", HU_SPECIALS_FNUZ}, {"finite", HU_SPECIALS_FINITE},
};

enum { N_SUBNORMAL_WORDS = sizeof subnormal_words / sizeof subnormal_words[0],
       N_SPECIALS_WORDS = sizeof specials_words / sizeof specials_words[0] };

/* What a name says, before it is a format. */
typedef struct spec {
    int exp_bits, man_bits, bias;
    hu_specials specials;
    unsigned subnormals;
} spec;

static int default_bias(const spec *s)
{
    return (1 << (s->exp_bits - 1)) - (s->specials == HU_SPECIALS_FNUZ ? 0 : 1);
}

/* The exponent field of the largest finite value. */
static int max_exponent_field(const spec *s)
{
    int last = (1 << s->exp_bits) - 1;
    bool taken = s->specials == HU_SPECIALS_IEEE || (s->specials == HU_SPECIALS_FN && s->man_bits == 0);
    return taken ? last - 1 : last;
}

/* The codes of the landmarks. An IEEE-like format without a fraction has an infinity where others have NaNs. */
static void derive_codes(hu_format *f)
{
    int m = f->man_bits;
    hu_code last = ((hu_code)1 << (f->exp_bits + m)) - 1;           /* all ones but the sign */
    switch (f->specials) {
    case HU_SPECIALS_IEEE:
        f->inf_code = last - (((hu_code)1 << m) - 1);
        f->max_code = f->inf_code - 1;
        f->nan_code = m > 0 ? f->inf_code | (hu_code)1 << (m - 1) : f->inf_code;
        break;
    case HU_SPECIALS_FN:
        f->inf_code = f->nan_code = last;
        f->max_code = last - 1;
        break;
    case HU_SPECIALS_FNUZ:
        f->inf_code = f->nan_code = last + 1;
        f->max_code = last;
        break;
    case HU_SPECIALS_FINITE:
        f->inf_code = f->nan_code = f->max_code = last;
        break;
    }
}

/* The fields that follow from the others. */
static void derive(hu_format *f, const spec *s)
{
    int m = s->man_bits;
    *f = (hu_format){.family = &hu_family_float, .width_bits = 1 + s->exp_bits + m, .exp_bits = s->exp_bits,
                     .man_bits = m, .bias = s->bias, .specials = s->specials, .subnormals = s->subnormals,
                     .emin = 1 - s->bias, .is_signed = true, .source = "IEEE 754-2019, section 3.4, generalized",
                     .has_negative_zero = s->specials != HU_SPECIALS_FNUZ};
    f->has_inf = s->specials == HU_SPECIALS_IEEE;
    f->has_nan = s->specials == HU_SPECIALS_FN || s->specials == HU_SPECIALS_FNUZ || (f->has_inf && m > 0);
    int max_field = max_exponent_field(s);
    f->emax = max_field - s->bias;
    if (m <= NARROW_M_MAX)
        derive_codes(f);
    else
        hu_wide_derive(f);
}

/* Reading a name: each function moves *text past what it took. */

bool hu_read_number(const char **text, long *out)
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

bool hu_read_word(const char **text, const char *word)
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
    if (!hu_read_word(&c, word) || (*c != ',' && *c != '}'))
        return false;
    *text = c;
    return true;
}

static hu_reading fail_modifier(hu_error *err, const char *name, const char *what, const char *at)
{
    return hu_refuse(err, HU_ENAME, "format '%.60s': %s, found '%.30s'", name, what, at);
}

static hu_reading read_subnormals(const char **text, const char *name, spec *s, hu_error *err)
{
    for (int i = 0; i < N_SUBNORMAL_WORDS; i++) {
        if (read_value(text, subnormal_words[i].name)) {
            s->subnormals = subnormal_words[i].value;
            return HU_READ;
        }
    }
    return fail_modifier(err, name, "subnormals= takes keep, flush, flush-in or flush-out", *text);
}

static hu_reading read_specials(const char **text, const char *name, spec *s, hu_error *err)
{
    for (int i = 0; i < N_SPECIALS_WORDS; i++) {
        if (read_value(text, specials_words[i].name)) {
            s->specials = specials_words[i].value;
            return HU_READ;
        }
    }
    return fail_modifier(err, name, "specials= takes ieee, fn, fnuz or finite", *text);
}

/* "{key=value,...}" */
static hu_reading read_modifiers(const char **text, const char *name, spec *s, bool *has_bias, hu_error *err)
{
    do {
        ++*text;                                                    /* the brace or the comma */
        hu_reading read = HU_READ;
        long n;
        if (hu_read_word(text, "bias=")) {
            const char *number = *text;
            if (!hu_read_number(text, &n) || n < -BIAS_MAX || n > BIAS_MAX)
                return fail_modifier(err, name, "bias= takes a whole number from -536870912 to 536870912", number);
            s->bias = (int)n;
            *has_bias = true;
        } else if (hu_read_word(text, "subnormals=")) {
            read = read_subnormals(text, name, s, err);
        } else if (hu_read_word(text, "specials=")) {
            read = read_specials(text, name, s, err);
        } else {
            return fail_modifier(err, name, "expected bias=, subnormals= or specials=", *text);
        }
        if (read != HU_READ)
            return read;
    } while (**text == ',');
    if (**text != '}')
        return fail_modifier(err, name, "expected ',' or '}'", *text);
    ++*text;
    return HU_READ;
}

/* The OCP elements of 4 and 6 bits, E2M1, E2M3 and E3M2 (OCP Microscaling Formats 1.0, section 5.3): their "fn" has no NaN, whatever the bias. */
static bool is_ocp_element(const spec *s)
{
    return (s->exp_bits == 2 && (s->man_bits == 1 || s->man_bits == 3)) || (s->exp_bits == 3 && s->man_bits == 2);
}

/* "e5m2b20fnuz", the part before the modifiers. */
static hu_reading read_base(const char **text, const char *name, spec *s, bool *has_bias, hu_error *err)
{
    long e, m, bias;
    const char *c = *text;
    if (!hu_read_word(&c, "e") || !hu_read_number(&c, &e) || !hu_read_word(&c, "m") || !hu_read_number(&c, &m))
        return HU_NOT_MINE;
    if (e < E_MIN || e > E_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': %ld exponent bits asked for, %d to %d will do", name, e, E_MIN, E_MAX);
    if (m < 0 || m > M_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': %ld significand bits asked for, 0 to %d will do", name, m, M_MAX);
    *s = (spec){.exp_bits = (int)e, .man_bits = (int)m};
    if (*c == 'b') {
        c++;
        if (!hu_read_number(&c, &bias) || bias < 0 || bias > BIAS_MAX)
            return hu_refuse(err, HU_ERANGE, "format '%.60s': after b stands a bias from 0 to %d; {bias=N} takes negative ones", name, BIAS_MAX);
        s->bias = (int)bias;
        *has_bias = true;
    }
    if (hu_read_word(&c, "fnuz"))
        s->specials = HU_SPECIALS_FNUZ;
    else if (hu_read_word(&c, "fn"))
        s->specials = HU_SPECIALS_FN;
    if (*c != '\0' && *c != '{')
        return HU_NOT_MINE;
    if (s->specials == HU_SPECIALS_FN && is_ocp_element(s))
        s->specials = HU_SPECIALS_FINITE;
    *text = c;
    return HU_READ;
}

/* What the grammar reads without modifiers, so that the canonical name is the shortest. */
static void write_name(const spec *s, char name[HU_FORMAT_NAME_SIZE])
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
    snprintf(name, HU_FORMAT_NAME_SIZE, "e%dm%d%s%s%s%s", s->exp_bits, s->man_bits, bias, suffix, modifiers, n > 0 ? "}" : "");
}

hu_reading hu_read_float(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    spec s;
    const char *text = name;
    bool has_bias = false;
    hu_reading read = read_base(&text, name, &s, &has_bias, err);
    if (read == HU_READ && *text == '{')
        read = read_modifiers(&text, name, &s, &has_bias, err);
    if (read != HU_READ)
        return read;
    if (*text != '\0')
        return HU_NOT_MINE;
    if (!has_bias)
        s.bias = default_bias(&s);
    derive(f, &s);
    if (f->emax > HU_EXP_MOST || f->emin - f->man_bits < -HU_EXP_MOST)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': its exponents would go from %d to %d, and those of formats lie within %d on both "
                         "sides of 0", name, f->emin - f->man_bits, f->emax, HU_EXP_MOST);
    write_name(&s, canonical);
    return HU_READ;
}
