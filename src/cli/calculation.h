/* calculation.h - an operation with its formats and its environment, put together from words.
 *
 * `halfulp calc` and `halfulp calc --batch` read the same words with it, so that they agree.
 */
#ifndef HU_CLI_CALCULATION_H
#define HU_CLI_CALCULATION_H

#include "src/hardware/code-type.h"

#define HU_CALCULATION_OPERANDS 3    /* at most */

typedef struct hu_calculation {
    const hu_op *op;           /* NULL: cvt */
    hu_code_type from, to;          /* of the operands and of the result; they differ for cvt only */
    int arity;
    hu_env env;
} hu_calculation;

/* Fills op and arity: one of src/ops, or "cvt". */
hu_status hu_calculation_set_op(hu_calculation *c, const char *op, hu_error *err);

/* Fills from and to, after the operation is known: "from>to" for cvt, else one format. */
hu_status hu_calculation_set_formats(hu_calculation *c, const char *text, hu_error *err);

/* The result of operands that fit the width of c->from; flags go into c->env. */
hu_bits hu_calculation_run(hu_calculation *c, const hu_bits operand[HU_CALCULATION_OPERANDS]);

/* How many bits the result's code has: 1 for a comparison. */
int hu_calculation_result_bits(const hu_calculation *c);

#endif
