/* bits.c - the operations on codes of any width. */
#include "src/ops/bits.h"

#include <ctype.h>

static hu_code run(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x)
{
    hu_code a = hu_bits_to_code(&x[0]);
    if (op->arity == 1)
        return op->unary(f, env, a);
    hu_code b = hu_bits_to_code(&x[1]);
    if (op->arity == 2)
        return op->binary(f, env, a, b);
    return op->ternary(f, env, a, b, hu_bits_to_code(&x[2]));
}

hu_status hu_apply(const hu_op *op, const hu_format *f, hu_env *env, const hu_bits *x, hu_bits *out, hu_error *err)
{
    (void)err;
    *out = hu_bits_from_code(run(op, f, env, x));
    return HU_OK;
}

void hu_bits_convert(const hu_format *from, const hu_format *to, hu_env *env, const hu_bits *a, hu_bits *out)
{
    *out = hu_bits_from_code(hu_convert(from, to, env, hu_bits_to_code(a)));
}

hu_num hu_bits_decode(const hu_format *f, const hu_bits *a)
{
    return hu_decode(f, hu_bits_to_code(a));
}

hu_status hu_bits_round_text(const hu_format *f, hu_env *env, const char *text, hu_bits *out, hu_error *err)
{
    hu_code code;
    hu_status status = hu_from_text(f, env, text, &code, err);
    if (status == HU_OK)
        *out = hu_bits_from_code(code);
    return status;
}

void hu_bits_round_double(const hu_format *f, hu_env *env, double x, hu_bits *out)
{
    *out = hu_bits_from_code(hu_from_double(f, env, x));
}

void hu_bits_round_i64(const hu_format *f, hu_env *env, int64_t n, hu_bits *out)
{
    *out = hu_bits_from_code(hu_from_i64(f, env, n));
}

void hu_bits_round_u64(const hu_format *f, hu_env *env, uint64_t n, hu_bits *out)
{
    *out = hu_bits_from_code(hu_from_u64(f, env, n));
}

double hu_bits_to_double(const hu_format *f, const hu_bits *a)
{
    return hu_to_double(f, hu_bits_to_code(a));
}

int64_t hu_bits_to_i64(const hu_format *f, hu_env *env, const hu_bits *a, int bits)
{
    return hu_to_i64(f, env, hu_bits_to_code(a), bits);
}

uint64_t hu_bits_to_u64(const hu_format *f, hu_env *env, const hu_bits *a, int bits)
{
    return hu_to_u64(f, env, hu_bits_to_code(a), bits);
}

char *hu_bits_to_decimal(const hu_format *f, const hu_bits *a, char text[HU_TEXT_SIZE])
{
    return hu_code_to_decimal(f, hu_bits_to_code(a), text);
}

char *hu_bits_to_hex(const hu_format *f, const hu_bits *a, char text[HU_TEXT_SIZE])
{
    return hu_num_to_hex(hu_bits_decode(f, a), text);
}

char *hu_bits_to_text(const hu_bits *a, int width_bits, char text[HU_TEXT_SIZE])
{
    int n = (width_bits + 3) / 4;
    text[0] = '0';
    text[1] = 'x';
    for (int i = 0; i < n; i++) {
        int bit = 4 * (n - 1 - i);
        text[2 + i] = "0123456789abcdef"[a->word[bit / 64] >> (bit % 64) & 15];
    }
    text[2 + n] = '\0';
    return text;
}

/* a * base + digit; false where that has more than 320 bits. */
static bool append(hu_bits *a, unsigned base, unsigned digit)
{
    hu_u128 carry = digit;
    for (int i = 0; i < HU_BITS_WORDS; i++) {
        carry += (hu_u128)a->word[i] * base;
        a->word[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

/* Of a hexadecimal digit its value, else 16. */
static unsigned digit_value(char c)
{
    unsigned char u = (unsigned char)c;
    return isdigit(u) ? (unsigned)(u - '0') : isxdigit(u) ? (unsigned)tolower(u) - 'a' + 10 : 16;
}

hu_status hu_bits_from_text(const char *text, int width_bits, hu_bits *out, hu_error *err)
{
    unsigned base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    const char *c = text + (base == 16 ? 2 : 0);
    hu_bits code = {{0}};
    bool fits = *c != '\0';
    for (; fits && *c; c++)
        fits = digit_value(*c) < base && append(&code, base, digit_value(*c));
    if (!fits || hu_bits_length(&code) > width_bits)
        return hu_fail(err, HU_EPARSE, "'%.40s' is not a code of %d bits; expected 0x and hexadecimal digits", text, width_bits);
    *out = code;
    return HU_OK;
}
