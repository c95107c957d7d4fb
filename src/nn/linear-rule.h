/* linear-rule.h - the rule of an operation that is linear in its only input.
 *
 * Such an operation NAME is two functions: NAME_apply writes the output for an input, NAME_transposed adds to the input what
 * an output's gradient gives. Values, gradients and both tangents go the same two ways. The node that they get need not be
 * on the tape yet. Needs real-f32.h or real-f64.h. */
#ifndef HU_NN_LINEAR_RULE_H
#define HU_NN_LINEAR_RULE_H

#define HU_LINEAR_RULE(name)                                                                                              \
    static void R(name##_backward)(R(hu_tape) *t, R(hu_node) *node)                                                       \
    {                                                                                                                     \
        REAL *dx = R(hu_gradient)(node->in[0]);                                                                           \
        if (dx)                                                                                                           \
            R(name##_transposed)(t, node, dx, node->out->grad);                                                           \
    }                                                                                                                     \
    static void R(name##_push)(R(hu_tape) *t, R(hu_node) *node)                                                           \
    {                                                                                                                     \
        const REAL *dx = R(hu_tangent)(t, node->in[0]);                                                                   \
        REAL *dy = R(hu_tangent_new)(t, node->out);                                                                       \
        if (dx && dy)                                                                                                     \
            R(name##_apply)(t, node, dy, dx);                                                                             \
    }                                                                                                                     \
    static void R(name##_pull)(R(hu_tape) *t, R(hu_node) *node)                                                           \
    {                                                                                                                     \
        REAL *gx = node->out->has_grad_tangent ? R(hu_gradient_tangent)(t, node->in[0]) : NULL;                           \
        if (gx)                                                                                                           \
            R(name##_transposed)(t, node, gx, node->out->grad_tangent);                                                   \
    }                                                                                                                     \
    static const R(hu_rule) R(name##_rule) = {#name, R(name##_backward), R(name##_push), R(name##_pull)}

/* Puts the node `plan` onto the tape, where that records, and gives its output; NULL where something failed. */
#define HU_FINISH(t, plan, its_rule)                                                                                      \
    do {                                                                                                                  \
        R(hu_node) *finished = R(hu_node_new)(t, (plan).out, its_rule);                                                   \
        if (finished) {                                                                                                   \
            (plan).rule = finished->rule, (plan).before = finished->before, (plan).after = finished->after;               \
            *finished = (plan);                                                                                           \
        }                                                                                                                 \
        return (t)->error.status ? NULL : (plan).out;                                                                     \
    } while (0)

#endif
