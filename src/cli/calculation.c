/* calculation.c - an operation with its formats and its environment, put together from words. */
#include "src/cli/calculation.h"

#include <string.h>

#include "src/base/nearest.h"

#define LONGEST_NAME 255

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
    return hu_code_type_find_pair(&c->from, &c->to, from, arrow + 1, err);
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
    c->from = hu_code_type_of(format);
    c->to = c->from;
    return HU_OK;
}

/* The operation was checked when the words were read. */
hu_bits hu_calculation_run(hu_calculation *c, const hu_bits operand[HU_CALCULATION_OPERANDS])
{
    const hu_format *f = c->from.format;
    hu_code a = hu_bits_to_code(&operand[0]);
    if (!c->op)
        return hu_code_type_convert(&c->from, &c->to, &c->env, &operand[0]);
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
