/* text.c - numbers as decimal and hexadecimal text, through MPFR, and codes as hexadecimal digits. */
#include "src/ops/bits.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mpfr.h>

enum { PRECISION = 128, EXP_BOUND = 1 << 28 };

/* x, truncated to 128 bits toward zero with `cut` saying that something was lost. */
static hu_num from_mpfr(mpfr_srcptr x, bool cut)
{
    bool negative = mpfr_signbit(x);
    if (mpfr_zero_p(x) && cut) {                            /* below MPFR's own range */
        hu_num tiny = hu_num_make(negative, 1, -EXP_BOUND);
        tiny.sticky = true;
        return tiny;
    }
    if (mpfr_zero_p(x))
        return hu_num_zero(negative);

    mpz_t digits;
    mpz_init(digits);
    mpfr_exp_t exp = mpfr_get_z_2exp(digits, x);
    uint64_t word[2] = {0, 0};
    mpz_export(word, NULL, -1, sizeof word[0], 0, 0, digits);
    mpz_clear(digits);
    if (exp > EXP_BOUND)
        exp = EXP_BOUND;
    if (exp < -EXP_BOUND)
        exp = -EXP_BOUND;
    hu_num result = hu_num_make(negative, (hu_u128)word[1] << 64 | word[0], (int)exp);
    result.sticky = cut;
    return result;
}

static void to_mpfr(mpfr_ptr out, hu_num x)
{
    uint64_t word[2] = {(uint64_t)x.sig, (uint64_t)(x.sig >> 64)};
    mpz_t digits;
    mpz_init(digits);
    mpz_import(digits, 2, -1, sizeof word[0], 0, 0, word);
    mpfr_set_z_2exp(out, digits, (mpfr_exp_t)x.exp - 127, MPFR_RNDN);
    mpfr_setsign(out, out, x.negative, MPFR_RNDN);
    mpz_clear(digits);
}

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

hu_status hu_num_from_text(const char *text, hu_num *out, hu_error *err)
{
    const char *body = text + (*text == '+' || *text == '-');
    bool negative = *text == '-';
    if (is_word(body, "inf") || is_word(body, "infinity")) {
        *out = hu_num_inf(negative);
        return HU_OK;
    }
    if (is_word(body, "nan")) {
        *out = hu_num_nan();
        out->negative = negative;
        return HU_OK;
    }
    if (!is_number(text))
        return hu_fail(err, HU_EPARSE, "'%.60s' is not a number; expected decimal (0.3, -1e-5), "
                       "hexadecimal (0x1.8p-3), inf or nan", text);

    mpfr_t x;
    mpfr_init2(x, PRECISION);
    int ternary = mpfr_strtofr(x, text, NULL, 0, MPFR_RNDZ);
    *out = from_mpfr(x, ternary != 0);
    mpfr_clear(x);
    return HU_OK;
}

hu_status hu_from_text(const hu_format *f, hu_env *env, const char *text, hu_code *out, hu_error *err)
{
    hu_num x;
    hu_status status = hu_num_from_text(text, &x, err);
    if (status == HU_OK)
        *out = hu_round(f, env, x);
    return status;
}

static char *special_text(hu_num x, char text[HU_TEXT_SIZE])
{
    static const char *const words[] = {[HU_ZERO] = "0", [HU_INF] = "inf", [HU_NAN] = "nan"};
    snprintf(text, HU_TEXT_SIZE, "%s%s", x.negative ? "-" : "", words[x.kind]);
    return text;
}

static int significant_bits(hu_num x)
{
    uint64_t low = (uint64_t)x.sig;
    return 128 - (low ? __builtin_ctzll(low) : 64 + __builtin_ctzll((uint64_t)(x.sig >> 64)));
}

/* Digits d1 d2 ... of 0.d1d2... * 10^exp, set as 12.5, 0.00125 or 1.25e-7. */
static void set_digits(char *text, const char *digits, long exp, bool negative)
{
    int n = (int)strlen(digits);
    char *out = text;
    if (negative)
        *out++ = '-';
    if (exp > 21 || exp < -4) {
        snprintf(out, HU_TEXT_SIZE - 1, "%c%s%se%ld", digits[0], n > 1 ? "." : "", digits + 1, exp - 1);
    } else if (exp <= 0) {
        snprintf(out, HU_TEXT_SIZE - 1, "0.%.*s%s", (int)-exp, "0000", digits);
    } else if (n <= exp) {
        snprintf(out, HU_TEXT_SIZE - 1, "%s%.*s", digits, (int)exp - n, "00000000000000000000000");
    } else {
        snprintf(out, HU_TEXT_SIZE - 1, "%.*s.%s", (int)exp, digits, digits + exp);
    }
}

/* So many digits tell all values of that precision apart: 17, or 1 + ceil(bits log10(2)); 1234/4099 > log10(2). */
static int digits_of(int bits)
{
    return bits <= 53 ? 17 : 2 + bits * 1234 / 4099;
}

static char *to_decimal(hu_num x, int limit, char text[HU_TEXT_SIZE])
{
    if (x.kind != HU_FINITE)
        return special_text(x, text);
    bool small_integer = x.exp < 64 && significant_bits(x) <= x.exp + 1;
    if (small_integer)
        limit = 20;
    char digits[64];
    mpfr_exp_t exp;
    mpfr_t value;
    mpfr_init2(value, PRECISION);
    to_mpfr(value, hu_num_abs(x));
    mpfr_get_str(digits, &exp, 10, (size_t)limit, value, MPFR_RNDN);
    mpfr_clear(value);
    size_t n = strlen(digits);
    while (n > 1 && digits[n - 1] == '0')
        digits[--n] = '\0';
    set_digits(text, digits, (long)exp, x.negative);
    return text;
}

char *hu_num_to_decimal(hu_num x, char text[HU_TEXT_SIZE])
{
    return to_decimal(x, x.kind == HU_FINITE ? digits_of(significant_bits(x)) : 0, text);
}

char *hu_code_to_decimal(const hu_format *f, hu_code code, char text[HU_TEXT_SIZE])
{
    return to_decimal(hu_decode(f, code), digits_of(f->man_bits + 1), text);
}

char *hu_num_to_hex(hu_num x, char text[HU_TEXT_SIZE])
{
    if (x.kind == HU_ZERO) {
        snprintf(text, HU_TEXT_SIZE, "%s0x0p+0", x.negative ? "-" : "");
        return text;
    }
    if (x.kind != HU_FINITE)
        return special_text(x, text);
    char digits[40];
    hu_u128 fraction = x.sig << 1;
    int n = 0;
    for (; fraction; fraction <<= 4)
        digits[n++] = "0123456789abcdef"[(int)(fraction >> 124)];
    digits[n] = '\0';
    snprintf(text, HU_TEXT_SIZE, "%s0x1%s%sp%+d", x.negative ? "-" : "", n ? "." : "", digits, x.exp);
    return text;
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
