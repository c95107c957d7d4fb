/* function.c - exp, log, sin, pow, ...: correctly rounded in every format and mode.
 *
 * MPFR cuts the result off at 128 bits and says whether something was cut off; that is an exact number with its sticky
 * bit, and hu_round does the one rounding: by any mode, to subnormals, with any random word.
 * Source: IEEE 754-2019, section 9.2.
 */
#include "src/ops/nan.h"
#include "src/ops/wide.h"

enum { WORDS = 2 };

/* The result before rounding. */
static hu_num evaluate(const hu_function *function, hu_env *env, const hu_num *x)
{
    hu_wide operand[2];
    for (int i = 0; i < function->arity; i++)
        operand[i] = hu_wide_from_num(&x[i]);
    hu_wide y = hu_wide_function(function, env, operand, WORDS);
    return hu_wide_to_num(&y);
}

#define UNARY(name, mpfr, title) \
    static const hu_function name##_function = {#name, 1, .unary = mpfr}; \
    hu_num hu_exact_##name(hu_env *env, const hu_num *x) { return evaluate(&name##_function, env, x); } \
    hu_code hu_##name(const hu_format *f, hu_env *env, hu_code a) \
    { \
        if (f->is_wide) \
            return hu_wide_on_codes(#name, f, env, (hu_code[]){a}); \
        hu_num x = hu_decode(f, a); \
        return hu_round(f, env, evaluate(&name##_function, env, &x)); \
    }
#define BINARY(name, mpfr, title) \
    static const hu_function name##_function = {#name, 2, .binary = mpfr}; \
    hu_num hu_exact_##name(hu_env *env, const hu_num *x) { return evaluate(&name##_function, env, x); } \
    hu_code hu_##name(const hu_format *f, hu_env *env, hu_code a, hu_code b) \
    { \
        if (f->is_wide) \
            return hu_wide_on_codes(#name, f, env, (hu_code[]){a, b}); \
        hu_num x[2] = {hu_decode(f, a), hu_decode(f, b)}; \
        return hu_round(f, env, evaluate(&name##_function, env, x)); \
    }
#include "src/ops/function.def"
#undef UNARY
#undef BINARY
