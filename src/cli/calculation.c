/* calculation.c - an operation with its formats and its environment, put together from words. */
#include "src/cli/calculation.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/nearest.h"

#define LONGEST_NAME 255

/* int8 -> 8, uint16 -> 16; 0: not such a word; -1: one with a width that there is not. */
static int integer_bits(const char *name)
{
    name += name[0] == 'u';
    if (strncmp(name, "int", 3) != 0 || name[3] == '\0' || strspn(name + 3, "0123456789") != strlen(name + 3))
        return 0;
    long bits = strtol(name + 3, NULL, 10);
    return name[3] != '0' && bits >= 1 && bits <= 64 ? (int)bits : -1;
}

hu_status hu_side_find(hu_side *side, const char *name, hu_error *err)
{
    int bits = integer_bits(name);
    if (bits < 0)
        return hu_fail(err, HU_ERANGE, "'%.40s': an integer has 1 to 64 bits, as in int8 or uint32", name);
    if (bits > 0) {
        *side = (hu_side){.format = NULL, .width_bits = bits, .is_signed = name[0] == 'i'};
        return HU_OK;
    }
    const hu_format *format = hu_format_find(name, err);
    if (!format)
        return err->status;
    *side = (hu_side){.format = format, .width_bits = format->width_bits, .is_signed = format->is_signed};
    return HU_OK;
}

hu_status hu_calculation_set_op(hu_calculation *c, const char *op, hu_error *err)
{
    c->op = NULL;
    c->arity = 1;
    if (strcmp(op, "cvt") == 0)
        return HU_OK;
    c->op = hu_op_find(op);
    if (c->op) {
        c->arity = c->op->arity;
        return HU_OK;
    }
    hu_nearest near = hu_nearest_to(op);
    hu_nearest_offer(&near, "cvt");
    for (int i = 0; hu_op_at(i); i++)
        hu_nearest_offer(&near, hu_op_at(i)->name);
    if (near.best)
        return hu_fail(err, HU_ENAME, "there is no operation '%.40s'; did you mean '%s'?", op, near.best);
    return hu_fail(err, HU_ENAME, "there is no operation '%.40s'; 'halfulp help calc' lists them", op);
}

static hu_status set_conversion(hu_calculation *c, const char *text, const char *arrow, hu_error *err)
{
    char from[LONGEST_NAME + 1];
    if ((size_t)(arrow - text) > LONGEST_NAME)
        return hu_fail(err, HU_ENAME, "the name of a format has more than %d bytes", LONGEST_NAME);
    memcpy(from, text, (size_t)(arrow - text));
    from[arrow - text] = '\0';
    hu_status status = hu_side_find(&c->from, from, err);
    if (status == HU_OK)
        status = hu_side_find(&c->to, arrow + 1, err);
    if (status == HU_OK && !c->from.format && !c->to.format)
        return hu_fail(err, HU_EINVAL, "cvt '%.60s': one of the two sides has to be a format", text);
    return status;
}

hu_status hu_calculation_set_formats(hu_calculation *c, const char *text, hu_error *err)
{
    const char *arrow = strchr(text, '>');
    if (!c->op && arrow)
        return set_conversion(c, text, arrow, err);
    if (!c->op)
        return hu_fail(err, HU_EPARSE, "cvt takes two formats, as in fp32>e5m2; got '%.60s'", text);
    if (arrow)
        return hu_fail(err, HU_EPARSE, "%s takes one format; got '%.60s' (only cvt takes two)", c->op->name, text);
    const hu_format *format = hu_format_find(text, err);
    if (!format)
        return err->status;
    hu_status status = hu_op_check(c->op, format, err);
    if (status != HU_OK)
        return status;
    c->from = (hu_side){.format = format, .width_bits = format->width_bits, .is_signed = format->is_signed};
    c->to = c->from;
    return HU_OK;
}

static int64_t sign_extend(uint64_t n, int bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);
    return (int64_t)((n ^ sign) - sign);
}

hu_num hu_side_integer(const hu_side *side, const hu_bits *code)
{
    uint64_t n = code->word[0];
    return side->is_signed ? hu_num_from_i64(sign_extend(n, side->width_bits)) : hu_num_from_u64(n);
}

static hu_bits to_integer(hu_calculation *c, const hu_bits *a)
{
    uint64_t n = c->to.is_signed ? (uint64_t)hu_bits_to_i64(c->from.format, &c->env, a, c->to.width_bits)
                                 : hu_bits_to_u64(c->from.format, &c->env, a, c->to.width_bits);
    return hu_bits_from_code(n & (UINT64_MAX >> (64 - c->to.width_bits)));
}

static hu_bits convert(hu_calculation *c, const hu_bits *a)
{
    hu_bits out;
    if (!c->to.format)
        return to_integer(c, a);
    if (c->from.format)
        hu_bits_convert(c->from.format, c->to.format, &c->env, a, &out);
    else if (c->from.is_signed)
        hu_bits_round_i64(c->to.format, &c->env, sign_extend(a->word[0], c->from.width_bits), &out);
    else
        hu_bits_round_u64(c->to.format, &c->env, a->word[0], &out);
    return out;
}

/* The operation was checked when the words were read. */
hu_bits hu_calculation_run(hu_calculation *c, const hu_bits operand[HU_CALCULATION_OPERANDS])
{
    const hu_format *f = c->from.format;
    hu_code a = hu_bits_to_code(&operand[0]);
    if (!c->op)
        return convert(c, &operand[0]);
    if (f->is_wide) {
        hu_bits out;
        c->op->wide(c->op, f, &c->env, operand, &out);
        return out;
    }
    if (c->arity == 1)
        return hu_bits_from_code(c->op->unary(f, &c->env, a));
    if (c->arity == 2)
        return hu_bits_from_code(c->op->binary(f, &c->env, a, hu_bits_to_code(&operand[1])));
    return hu_bits_from_code(c->op->ternary(f, &c->env, a, hu_bits_to_code(&operand[1]), hu_bits_to_code(&operand[2])));
}

int hu_calculation_result_bits(const hu_calculation *c)
{
    return c->op && c->op->is_predicate ? 1 : c->to.width_bits;
}
