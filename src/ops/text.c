/* text.c - numbers as decimal and hexadecimal text, through MPFR, and codes as hexadecimal digits.
 *
 * Numbers are read and written as hu_wide, which holds those of all formats; hu_num comes in and goes out.
 */
#include "src/num/mpfr-state.h"
#include "src/ops/bits.h"
#include "src/ops/wide.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mpfr.h>

enum { MOST_DIGITS = 80 };

static bool is_word(const char *text, const char *word)
{
    return strcasecmp(text, word) == 0;
}

/* A sign, then digits with at most one point, then an exponent: what strtod takes, and nothing that MPFR
 * alone would (other bases, '@'). */
static bool is_number(const char *text)
{
    const char *c = text + (*text == '+' || *text == '-');
    bool hex = c[0] == '0' && (c[1] == 'x' || c[1] == 'X');
    int digits = 0, points = 0;
    for (c += hex ? 2 : 0; *c; c++) {
        if (*c == '.')
            points++;
        else if (hex ? isxdigit((unsigned char)*c) : isdigit((unsigned char)*c))
            digits++;
        else
            break;
    }
    if (digits == 0 || points > 1)
        return false;
    if (*c == (hex ? 'p' : 'e') || *c == (hex ? 'P' : 'E')) {
        c++;
        c += *c == '+' || *c == '-';
        if (!isdigit((unsigned char)*c))
            return false;
        while (isdigit((unsigned char)*c))
            c++;
    }
    return *c == '\0';
}

hu_status hu_wide_from_text(const char *text, hu_wide *out, hu_error *err)
{
    const char *body = text + (*text == '+' || *text == '-');
    bool negative = *text == '-';
    if (is_word(body, "inf") || is_word(body, "infinity")) {
        *out = hu_wide_special(HU_INF, negative);
        return HU_OK;
    }
    if (is_word(body, "nan")) {
        *out = hu_wide_special(HU_NAN, negative);
        return HU_OK;
    }
    if (!is_number(text))
        return hu_fail(err, HU_EPARSE, "'%.60s' is not a number; expected decimal (0.3, -1e-5), "
                       "hexadecimal (0x1.8p-3), inf or nan", text);

    hu_mpfr_state before = hu_mpfr_open(HU_MPFR_EXP);
    mpfr_t x;
    mpfr_init2(x, HU_BITS_MAX);
    int ternary = mpfr_strtofr(x, text, NULL, 0, MPFR_RNDZ);
    *out = hu_wide_from_mpfr(x, ternary != 0);
    mpfr_clear(x);
    hu_mpfr_close(&before);
    return HU_OK;
}

hu_status hu_num_from_text(const char *text, hu_num *out, hu_error *err)
{
    hu_wide x;
    hu_status status = hu_wide_from_text(text, &x, err);
    if (status == HU_OK)
        *out = hu_wide_to_num(&x);
    return status;
}

hu_status hu_from_text(const hu_format *f, hu_env *env, const char *text, hu_code *out, hu_error *err)
{
    hu_bits code;
    hu_status status = hu_bits_round_text(f, env, text, &code, err);
    if (status == HU_OK)
        *out = hu_bits_to_code(&code);
    return status;
}

static char *special_text(const hu_wide *x, char text[HU_TEXT_SIZE])
{
    static const char *const words[] = {[HU_ZERO] = "0", [HU_INF] = "inf", [HU_NAN] = "nan"};
    snprintf(text, HU_TEXT_SIZE, "%s%s", x->negative ? "-" : "", words[x->kind]);
    return text;
}

static int significant_bits(const hu_wide *x)
{
    int i = 0;
    while (x->sig.word[i] == 0)
        i++;
    return HU_BITS_MAX - 64 * i - __builtin_ctzll(x->sig.word[i]);
}

/* Digits d1 d2 ... of 0.d1d2... * 10^exp, set as 12.5, 0.00125 or 1.25e-7. */
static void set_digits(char *text, const char *digits, int exp, bool negative)
{
    int n = (int)strlen(digits);
    char *out = text;
    if (negative)
        *out++ = '-';
    if (exp > 21 || exp < -4) {
        snprintf(out, HU_TEXT_SIZE - 1, "%c%s%se%d", digits[0], n > 1 ? "." : "", digits + 1, exp - 1);
    } else if (exp <= 0) {
        snprintf(out, HU_TEXT_SIZE - 1, "0.%.*s%s", -exp, "0000", digits);
    } else if (n <= exp) {
        memcpy(out, digits, (size_t)n);
        memset(out + n, '0', (size_t)(exp - n));
        out[exp] = '\0';
    } else {
        snprintf(out, HU_TEXT_SIZE - 1, "%.*s.%s", exp, digits, digits + exp);
    }
}

/* So many digits tell all values of that precision apart: 17, or 1 + ceil(bits log10(2)); 1234/4099 > log10(2). */
static int digits_of(int bits)
{
    return bits <= 53 ? 17 : 2 + bits * 1234 / 4099;
}

static char *to_decimal(const hu_wide *x, int limit, char text[HU_TEXT_SIZE])
{
    if (x->kind != HU_FINITE)
        return special_text(x, text);
    bool small_integer = x->exp < 64 && significant_bits(x) <= x->exp + 1;
    if (small_integer)
        limit = 20;
    char digits[MOST_DIGITS];
    mpfr_exp_t exp;
    mpfr_t value;
    hu_mpfr_state before = hu_mpfr_open(HU_MPFR_EXP);
    hu_wide magnitude = *x;
    magnitude.negative = false;
    hu_wide_view(value, &magnitude, HU_BITS_WORDS);
    mpfr_get_str(digits, &exp, 10, (size_t)limit, value, MPFR_RNDN);
    hu_mpfr_close(&before);
    size_t n = strlen(digits);
    while (n > 1 && digits[n - 1] == '0')
        digits[--n] = '\0';
    set_digits(text, digits, (int)exp, x->negative);
    return text;
}

char *hu_num_to_decimal(hu_num num, char text[HU_TEXT_SIZE])
{
    hu_wide x = hu_wide_from_num(&num);
    bool is_whole = x.kind == HU_FINITE && !x.sticky;
    return to_decimal(&x, is_whole ? digits_of(significant_bits(&x)) : digits_of(0), text);
}

char *hu_bits_to_decimal(const hu_format *f, const hu_bits *code, char text[HU_TEXT_SIZE])
{
    hu_wide x = hu_wide_value(f, code);
    return to_decimal(&x, digits_of(f->man_bits + 1), text);
}

char *hu_code_to_decimal(const hu_format *f, hu_code code, char text[HU_TEXT_SIZE])
{
    hu_bits bits = hu_bits_from_code(code);
    return hu_bits_to_decimal(f, &bits, text);
}

static char *to_hex(const hu_wide *x, char text[HU_TEXT_SIZE])
{
    if (x->kind == HU_ZERO) {
        snprintf(text, HU_TEXT_SIZE, "%s0x0p+0", x->negative ? "-" : "");
        return text;
    }
    if (x->kind != HU_FINITE)
        return special_text(x, text);
    char digits[HU_BITS_MAX / 4 + 1];
    hu_bits fraction = hu_bits_shift(&x->sig, 1);
    int n = 0;
    for (; !hu_bits_is_zero(&fraction); fraction = hu_bits_shift(&fraction, 4))
        digits[n++] = "0123456789abcdef"[fraction.word[HU_BITS_WORDS - 1] >> 60];
    digits[n] = '\0';
    snprintf(text, HU_TEXT_SIZE, "%s0x1%s%sp%+d", x->negative ? "-" : "", n ? "." : "", digits, x->exp);
    return text;
}

char *hu_num_to_hex(hu_num num, char text[HU_TEXT_SIZE])
{
    hu_wide x = hu_wide_from_num(&num);
    return to_hex(&x, text);
}

char *hu_bits_to_hex(const hu_format *f, const hu_bits *code, char text[HU_TEXT_SIZE])
{
    hu_wide x = hu_wide_value(f, code);
    return to_hex(&x, text);
}

char *hu_code_to_text(hu_code code, int width_bits, char text[HU_TEXT_SIZE])
{
    hu_bits bits = hu_bits_from_code(code);
    return hu_bits_to_text(&bits, width_bits, text);
}

hu_status hu_code_from_text(const char *text, int width_bits, hu_code *out, hu_error *err)
{
    hu_bits code;
    hu_status status = hu_bits_from_text(text, width_bits, &code, err);
    if (status == HU_OK)
        *out = hu_bits_to_code(&code);
    return status;
}
