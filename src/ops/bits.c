/* bits.c - the operations on codes of any width. */
#include "src/ops/bits.h"

#include <ctype.h>

#include "src/ops/nan.h"
#include "src/ops/wide.h"

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
    hu_status status = hu_op_check(op, f, err);
    if (status != HU_OK)
        return status;
    if (f->is_wide)
        op->wide(op, f, env, x, out);
    else
        *out = hu_bits_from_code(run(op, f, env, x));
    return HU_OK;
}

/* A number whose precision no code of a narrow format exceeds, so that an hu_num holds what such a format needs of it. */
static void round_to(const hu_format *f, hu_env *env, const hu_wide *x, hu_bits *out)
{
    if (f->is_wide)
        hu_wide_round(f, env, x, hu_env_draw(env), out);
    else
        *out = hu_bits_from_code(hu_round(f, env, hu_wide_to_num(x)));
}

static void round_num(const hu_format *f, hu_env *env, hu_num num, hu_bits *out)
{
    hu_wide x = hu_wide_from_num(&num);
    round_to(f, env, &x, out);
}

void hu_bits_convert(const hu_format *from, const hu_format *to, hu_env *env, const hu_bits *a, hu_bits *out)
{
    if (!from->is_wide && !to->is_wide) {
        *out = hu_bits_from_code(hu_convert(from, to, env, hu_bits_to_code(a)));
        return;
    }
    hu_wide x = hu_wide_value(from, a), nan;
    round_to(to, env, hu_wide_nan_among(&x, 1, env, &nan) ? &nan : &x, out);
}

hu_num hu_bits_decode(const hu_format *f, const hu_bits *a)
{
    hu_wide x = hu_wide_value(f, a);
    return hu_wide_to_num(&x);
}

hu_status hu_bits_round_text(const hu_format *f, hu_env *env, const char *text, hu_bits *out, hu_error *err)
{
    hu_wide x;
    hu_status status = hu_wide_from_text(text, &x, err);
    if (status == HU_OK)
        round_to(f, env, &x, out);
    return status;
}

void hu_bits_round_double(const hu_format *f, hu_env *env, double x, hu_bits *out)
{
    hu_num num = hu_num_from_double(x), nan;
    hu_code code;
    if (hu_code_of_nearest(f, x, false, &code)) {            /* it stands for an irrational value: hu_from_double */
        hu_env_draw(env);
        *out = hu_bits_from_code(code);
        return;
    }
    round_num(f, env, hu_nan_among(&num, 1, env, &nan) ? nan : num, out);
}

void hu_bits_round_i64(const hu_format *f, hu_env *env, int64_t n, hu_bits *out)
{
    round_num(f, env, hu_num_from_i64(n), out);
}

void hu_bits_round_u64(const hu_format *f, hu_env *env, uint64_t n, hu_bits *out)
{
    round_num(f, env, hu_num_from_u64(n), out);
}

double hu_bits_to_double(const hu_format *f, const hu_bits *a)
{
    return hu_num_to_double(hu_bits_decode(f, a));
}

int64_t hu_bits_to_i64(const hu_format *f, hu_env *env, const hu_bits *a, int bits)
{
    return hu_num_to_i64(env, hu_bits_decode(f, a), bits);
}

uint64_t hu_bits_to_u64(const hu_format *f, hu_env *env, const hu_bits *a, int bits)
{
    return hu_num_to_u64(env, hu_bits_decode(f, a), bits);
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
