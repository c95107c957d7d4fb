/* wide-native.c - x87 extended and binary128 against the processor and the compiler: results and flags in four modes.
 *
 * The processor's long double is the x87 format; __float128 is GCC's own arithmetic in software, which goes by the
 * processor's rounding mode and raises its flags (libgcc, soft-fp). Both find tininess after rounding.
 * Square root, fma, remainder and rint are those of the C library.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/ops/bits.h"
#include "tests/lib/widecodes.h"

#if defined __x86_64__ && LDBL_MANT_DIG == 64 && defined __GNUC__ && !defined __clang__
#define HAS_NATIVE 1
#else
#define HAS_NATIVE 0
#endif

#if HAS_NATIVE

/* x and out are volatile so that the operation stays between the calls that set the mode and read the flags. */
typedef void native_op(const volatile void *x, volatile void *out);

typedef struct native {
    const char *op;
    native_op *run;
    bool in_software;            /* of the C library: made for codes whose leading bit is right */
    bool nearest_alone;          /* its zeros have signs that go by the mode                    */
} native;

#define NATIVE(type, prefix, name, expression) \
    static void prefix##_##name(const volatile void *operands, volatile void *out) \
    { \
        const volatile type *x = operands; \
        type a = x[0], b = x[1], c = x[2]; \
        (void)b, (void)c; \
        *(volatile type *)out = expression; \
    }
#define ALL(type, prefix, suffix) \
    NATIVE(type, prefix, add, a + b) NATIVE(type, prefix, sub, a - b) NATIVE(type, prefix, mul, a * b) \
    NATIVE(type, prefix, div, a / b) NATIVE(type, prefix, sqrt, sqrt##suffix(a)) NATIVE(type, prefix, fma, fma##suffix(a, b, c)) \
    NATIVE(type, prefix, rem, remainder##suffix(a, b)) NATIVE(type, prefix, rint, rint##suffix(a))
ALL(long double, x87, l)
__extension__ typedef __float128 quad;
ALL(quad, quad, f128)

static const native x87_ops[] = {
    {.op = "add", .run = x87_add}, {.op = "sub", .run = x87_sub}, {.op = "mul", .run = x87_mul}, {.op = "div", .run = x87_div},
    {.op = "sqrt", .run = x87_sqrt}, {.op = "fma", .run = x87_fma, .in_software = true}, {.op = "rem", .run = x87_rem},
    {.op = "rint", .run = x87_rint},
};
static const native quad_ops[] = {
    {.op = "add", .run = quad_add}, {.op = "sub", .run = quad_sub}, {.op = "mul", .run = quad_mul}, {.op = "div", .run = quad_div},
    {.op = "sqrt", .run = quad_sqrt}, {.op = "fma", .run = quad_fma}, {.op = "rem", .run = quad_rem, .nearest_alone = true},
    {.op = "rint", .run = quad_rint},
};

static const struct { const char *name; int native; } modes[] = {
    {"rne", FE_TONEAREST}, {"ru", FE_UPWARD}, {"rd", FE_DOWNWARD}, {"rz", FE_TOWARDZERO},
};

static hu_flags raised(void)
{
    int e = fetestexcept(FE_ALL_EXCEPT);
    return (e & FE_INVALID ? HU_INVALID : 0u) | (e & FE_DIVBYZERO ? HU_DIVBYZERO : 0u) | (e & FE_OVERFLOW ? HU_OVERFLOW : 0u) |
           (e & FE_UNDERFLOW ? HU_UNDERFLOW : 0u) | (e & FE_INEXACT ? HU_INEXACT : 0u);
}

/* A code as the 16 bytes of a native number, and back. */
static void to_native(const hu_bits *x, int n, volatile unsigned char room[48])
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 16; k++)
            room[16 * i + k] = (unsigned char)(x[i].word[k / 8] >> 8 * (k % 8));
}

static hu_bits from_native(const volatile unsigned char *room, int width_bits)
{
    hu_bits code = {{0}}, mask = hu_bits_ones(width_bits);
    for (int k = 0; k < 16; k++)
        code.word[k / 8] |= (uint64_t)room[k] << 8 * (k % 8);
    return hu_bits_and(&code, &mask);
}

static bool is_nan(const hu_format *f, const hu_bits *code)
{
    return hu_bits_decode(f, code).kind == HU_NAN;
}

/* Whether the leading bit, where it is written out, is the one that the exponent field asks for. */
static bool is_regular(const hu_format *f, const hu_bits *code)
{
    hu_bits mask = hu_bits_ones(f->exp_bits), field = hu_bits_shift(code, -(f->man_bits + 1));
    field = hu_bits_and(&field, &mask);
    return !f->explicit_leading || hu_bits_test(code, f->man_bits) == !hu_bits_is_zero(&field);
}

static void check(const hu_format *f, const native *op, int mode, const hu_bits *x)
{
    static _Alignas(16) volatile unsigned char room[48], result[16];
    char text[5][HU_TEXT_SIZE];
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find(modes[mode].name, NULL);
    to_native(x, 3, room);
    fesetround(modes[mode].native);
    feclearexcept(FE_ALL_EXCEPT);
    op->run(room, result);
    hu_flags want_flags = raised();
    fesetround(FE_TONEAREST);

    hu_bits want = from_native(result, f->width_bits), got;
    assert_int_equal(hu_apply(hu_op_find(op->op), f, &env, x, &got, NULL), HU_OK);
    bool same = hu_bits_equal(&got, &want) || (is_nan(f, &got) && is_nan(f, &want));
    if (same && env.flags == want_flags)
        return;
    fail_msg("%s %s %s %s %s %s: got %s flags %x, want %s flags %x", op->op, f->name, modes[mode].name,
             hu_bits_to_text(&x[0], f->width_bits, text[0]), hu_bits_to_text(&x[1], f->width_bits, text[1]),
             hu_bits_to_text(&x[2], f->width_bits, text[2]), hu_bits_to_text(&got, f->width_bits, text[3]), env.flags,
             hu_bits_to_text(&want, f->width_bits, text[4]), want_flags);
}

static void check_all(const char *name, const native *ops, size_t n_ops, int n, uint64_t seed)
{
    const hu_format *f = hu_format_find(name, NULL);
    test_random r = {seed};
    assert_non_null(f);
    n *= test_long() ? 20 : 1;
    for (size_t k = 0; k < n_ops; k++)
        for (int i = 0; i < n; i++) {
            hu_bits x[3];
            wide_codes(&r, f, x, 3);
            if (!ops[k].in_software || (is_regular(f, &x[0]) && is_regular(f, &x[1]) && is_regular(f, &x[2])))
                check(f, &ops[k], ops[k].nearest_alone ? 0 : i % 4, x);
        }
    test_note("%zu cases", n_ops * (size_t)n);
}

static void x87(void **state)
{
    (void)state;
    check_all("x87", x87_ops, TEST_COUNT(x87_ops), 150000, 21);
}

static void binary128(void **state)
{
    (void)state;
    check_all("binary128", quad_ops, TEST_COUNT(quad_ops), 100000, 22);
}

#define CONVERT(from, to, name) \
    static void name(const volatile void *x, volatile void *out) { *(volatile to *)out = (to)*(const volatile from *)x; }
CONVERT(long double, double, x87_to_double) CONVERT(long double, float, x87_to_float) CONVERT(long double, quad, x87_to_quad)
CONVERT(quad, double, quad_to_double) CONVERT(quad, float, quad_to_float) CONVERT(quad, long double, quad_to_x87)
CONVERT(double, long double, double_to_x87) CONVERT(double, quad, double_to_quad) CONVERT(float, quad, float_to_quad)

static const struct { const char *from, *to; native_op *run; } conversions[] = {
    {"x87", "fp64", x87_to_double}, {"x87", "fp32", x87_to_float}, {"x87", "quad", x87_to_quad}, {"quad", "fp64", quad_to_double},
    {"quad", "fp32", quad_to_float}, {"quad", "x87", quad_to_x87}, {"fp64", "x87", double_to_x87}, {"fp64", "quad", double_to_quad},
    {"fp32", "quad", float_to_quad},
};

/* Codes of the wide side whose exponent is near the range of the narrow one. */
static void near_codes(test_random *r, const hu_format *from, const hu_format *to, hu_bits *x)
{
    wide_codes(r, from, x, 1);
    if (from->exp_bits <= to->exp_bits || test_random_below(r, 4) == 0 || is_nan(from, x))
        return;
    long edge = test_random_bits(r) & 1 ? to->emax : to->emin;
    uint64_t field = (uint64_t)(edge + from->bias + (long)test_random_below(r, 2 * (uint64_t)to->man_bits + 9) - to->man_bits - 4);
    int low = from->man_bits + from->explicit_leading;
    hu_bits below = hu_bits_ones(low), leading = hu_bits_shift(&(hu_bits){{from->explicit_leading}}, from->man_bits), sign = hu_bits_one(from->width_bits - 1);
    hu_bits exp = hu_bits_from_code(field), rest = hu_bits_and(x, &below);
    sign = hu_bits_and(x, &sign);
    exp = hu_bits_shift(&exp, low);
    *x = hu_bits_or(&rest, &leading);
    *x = hu_bits_or(x, &exp);
    *x = hu_bits_or(x, &sign);
}

static void convert(void **state)
{
    (void)state;
    static _Alignas(16) volatile unsigned char room[48], result[16];
    test_random r = {23};
    int n = test_long() ? 400000 : 40000;
    for (size_t k = 0; k < TEST_COUNT(conversions); k++) {
        const hu_format *from = hu_format_find(conversions[k].from, NULL), *to = hu_format_find(conversions[k].to, NULL);
        for (int i = 0; i < n; i++) {
            char text[3][HU_TEXT_SIZE];
            hu_bits x, got, want;
            hu_env env = hu_env_default();
            env.rounding = hu_rounding_find(modes[i % 4].name, NULL);
            near_codes(&r, from, to, &x);
            if (to->man_bits > from->man_bits && !is_regular(from, &x))     /* the compiler's, in software */
                continue;
            to_native(&x, 1, room);
            fesetround(modes[i % 4].native);
            feclearexcept(FE_ALL_EXCEPT);
            conversions[k].run(room, result);
            hu_flags want_flags = raised();
            fesetround(FE_TONEAREST);
            want = from_native(result, to->width_bits);
            hu_bits_convert(from, to, &env, &x, &got);
            bool same = hu_bits_equal(&got, &want) || (is_nan(to, &got) && is_nan(to, &want));
            if (!same || env.flags != want_flags)
                fail_msg("%s > %s %s %s: got %s flags %x, want %s flags %x", from->name, to->name, modes[i % 4].name,
                         hu_bits_to_text(&x, from->width_bits, text[0]), hu_bits_to_text(&got, to->width_bits, text[1]), env.flags,
                         hu_bits_to_text(&want, to->width_bits, text[2]), want_flags);
        }
    }
    test_note("%zu cases", TEST_COUNT(conversions) * (size_t)n);
}

/* What strtold and strtof128 make of our decimal and hexadecimal text is the number again; and we of decimal text what they do. */
static void text(void **state)
{
    (void)state;
    static _Alignas(16) volatile unsigned char result[16];
    test_random r = {24};
    for (int i = 0; i < 20000; i++) {
        const hu_format *f = hu_format_find(i & 1 ? "x87" : "quad", NULL);
        char out[2][HU_TEXT_SIZE], decimal[64];
        hu_env env = hu_env_default();
        hu_bits x, back;
        wide_codes(&r, f, &x, 1);
        if (hu_bits_decode(f, &x).kind != HU_FINITE)
            continue;
        hu_bits_to_decimal(f, &x, out[0]);
        hu_bits_to_hex(f, &x, out[1]);
        for (int k = 0; k < 2; k++) {
            if (i & 1)
                *(volatile long double *)result = strtold(out[k], NULL);
            else
                *(volatile quad *)result = strtof128(out[k], NULL);
            back = from_native(result, f->width_bits);
            if (hu_bits_compare_values(f, &back, f, &x) != 0)
                fail_msg("%s: %s is read back as another number", f->name, out[k]);
        }
        snprintf(decimal, sizeof decimal, "%llu.%llue%d", (unsigned long long)test_random_bits(&r), (unsigned long long)test_random_bits(&r),
                 (int)test_random_below(&r, 10000) - 5000);
        if (i & 1)
            *(volatile long double *)result = strtold(decimal, NULL);
        else
            *(volatile quad *)result = strtof128(decimal, NULL);
        back = from_native(result, f->width_bits);
        assert_int_equal(hu_bits_round_text(f, &env, decimal, &x, NULL), HU_OK);
        if (!hu_bits_equal(&back, &x))
            fail_msg("%s: %s is read as %s, the C library reads %s", f->name, decimal, hu_bits_to_text(&x, f->width_bits, out[0]),
                     hu_bits_to_text(&back, f->width_bits, out[1]));
    }
}

#else

static void x87(void **state)       { (void)state; test_skip("no x87 unit or not GCC"); }
static void binary128(void **state) { (void)state; test_skip("no __float128 or not GCC"); }
static void convert(void **state)   { (void)state; test_skip("no x87 unit or not GCC"); }
static void text(void **state)      { (void)state; test_skip("no x87 unit or not GCC"); }

#endif

static const struct CMUnitTest claims[] = {
    CLAIM("x87 extended agrees with the processor, flags included", x87),
    CLAIM("binary128 agrees with the compiler's arithmetic, flags included", binary128),
    CLAIM("conversions among x87, binary128, binary64 and binary32 agree with the compiler's", convert),
    CLAIM("text of wide numbers agrees with the C library", text),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
