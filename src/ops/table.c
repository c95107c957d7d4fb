/* table.c - the operations by name. */
#include <math.h>
#include <string.h>

#include "src/ops/nan.h"
#include "src/ops/wide.h"

static const hu_op table[] = {
    {.name = "add",  .arity = 2, .rounds = true, .binary = hu_add, .exact = hu_exact_add, .wide = hu_wide_exactly,  .title = "a + b"},
    {.name = "sub",  .arity = 2, .rounds = true, .binary = hu_sub, .exact = hu_exact_sub, .wide = hu_wide_exactly,  .title = "a - b"},
    {.name = "mul",  .arity = 2, .rounds = true, .binary = hu_mul, .exact = hu_exact_mul, .wide = hu_wide_exactly,  .title = "a * b"},
    {.name = "div",  .arity = 2, .rounds = true, .binary = hu_div, .exact = hu_exact_div, .wide = hu_wide_exactly,  .title = "a / b"},
    {.name = "fma",  .arity = 3, .rounds = true, .ternary = hu_fma, .exact = hu_exact_fma, .wide = hu_wide_exactly, .title = "a * b + c, rounded once"},
    {.name = "sqrt", .arity = 1, .rounds = true, .unary = hu_sqrt, .exact = hu_exact_sqrt, .wide = hu_wide_exactly,  .title = "square root of a"},
    {.name = "rem",  .arity = 2, .rounds = true, .binary = hu_rem, .exact = hu_exact_rem, .wide = hu_wide_exactly,  .title = "a - n b, n the integer nearest a/b"},
    {.name = "rint", .arity = 1, .rounds = true, .unary = hu_rint, .wide = hu_wide_rint,  .title = "a rounded to an integral value"},
    {.name = "neg",  .arity = 1, .unary = hu_neg, .wide = hu_wide_neg,  .title = "-a"},
    {.name = "abs",  .arity = 1, .unary = hu_abs, .wide = hu_wide_abs,  .title = "|a|"},
    {.name = "min",  .arity = 2, .binary = hu_min, .wide = hu_wide_min, .title = "the smaller of a and b"},
    {.name = "max",  .arity = 2, .binary = hu_max, .wide = hu_wide_max_of, .title = "the larger of a and b"},
    {.name = "eq",   .arity = 2, .is_predicate = true, .binary = hu_eq, .wide = hu_wide_eq, .title = "a == b"},
    {.name = "lt",   .arity = 2, .is_predicate = true, .binary = hu_lt, .wide = hu_wide_lt, .title = "a < b"},
    {.name = "le",   .arity = 2, .is_predicate = true, .binary = hu_le, .wide = hu_wide_le, .title = "a <= b"},
#define UNARY(op, mpfr, text)  {.name = #op, .arity = 1, .rounds = true, .is_function = true, .unary = hu_##op, .exact = hu_exact_##op, .wide = hu_wide_exactly, .title = text},
#define BINARY(op, mpfr, text) {.name = #op, .arity = 2, .rounds = true, .is_function = true, .binary = hu_##op, .exact = hu_exact_##op, .wide = hu_wide_exactly, .title = text},
#include "src/ops/function.def"
#undef UNARY
#undef BINARY
};

const hu_op *hu_op_at(int i)
{
    return i >= 0 && i < (int)(sizeof table / sizeof table[0]) ? &table[i] : NULL;
}

const hu_op *hu_op_find(const char *name)
{
    for (int i = 0; hu_op_at(i); i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

/* Whether the word is one of the list's. */
static bool lists(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += n) {
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    }
    return false;
}

/* sin, cos and tan of a number of 2^e take e bits of pi: a second's work where e is ten million, and then soon more
 * memory than there is. */
enum { MOST_BITS_OF_PI = 1 << 20 };

static bool is_out_of_reach(const hu_op *op, const hu_format *f)
{
    return f->emax > MOST_BITS_OF_PI && lists("sin cos tan", op->name);
}

/* In a format that wraps around a result counts modulo its range, so that all of its digits are needed; 128 bits of them are
 * computed, 63 of those below the format's last. */
static bool is_past_residues(const hu_op *op, const hu_format *f)
{
    int fraction = f->man_bits - f->emin, room = 64 - fraction;
    double most = ldexp(1, f->emax + 1), bits = 0;
    if (!f->wraps || !op->is_function)
        return false;
    if (lists("exp exp2 expm1 sinh cosh", op->name))
        bits = most * 1.5;
    else if (lists("pow", op->name))
        bits = most * (fraction > f->emax + 1 ? fraction : f->emax + 1);
    else if (lists("tan", op->name))
        bits = f->width_bits + 8;                           /* no closer to a pole than some 2^-width */
    return bits > room;
}

hu_status hu_op_check(const hu_op *op, const hu_format *f, hu_error *err)
{
    const char *has = f->family->operations;
    if (f->is_wide && !op->wide)
        return hu_fail(err, HU_EINVAL, "%s: there is no such operation in format %.60s of %d bits of precision; those of up to 63 bits have it",
                       op->name, f->name, f->man_bits + 1);
    if (is_out_of_reach(op, f))
        return hu_fail(err, HU_EINVAL, "%s: numbers of format %.60s reach 2^%d, and as many bits of pi would be needed; formats that reach 2^%d have it",
                       op->name, f->name, f->emax, MOST_BITS_OF_PI);
    if (is_past_residues(op, f))
        return hu_fail(err, HU_EINVAL, "%s: format %.60s wraps around, and results as large as its have more bits than are computed; "
                       "formats that saturate have it", op->name, f->name);
    if (!has || lists(has, op->name))
        return HU_OK;
    return hu_fail(err, HU_EINVAL, "%s: there is no such operation in format %.60s; formats of family %s have %s",
                   op->name, f->name, f->family->name, has);
}
