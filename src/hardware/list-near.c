/* list-near.c - operands found by computing: where the nearest result changes, where differences cancel, and results beside
 * the smallest normal and the largest finite value.
 *
 * All of it goes by codes and by the operations of the format itself, so that it holds for every family and every operation.
 */
#include "src/hardware/lister.h"

enum { FLIPS = 1500, FLIPS_SLOW = 200, CANCELLATIONS = 400, TARGETS = 300, TRIES = 6 };

/* Operations that go through MPFR cost a hundred times as much. */
static int flips_of(const hu_task *t)
{
    bool slow = t->kind == HU_TASK_OP && t->op->rounds && !t->op->exact && t->field[0].width_bits > 16;
    for (int i = 0; i < t->n_operands; i++)
        slow = slow || (t->field[i].format && t->field[i].format->is_wide);
    return slow ? FLIPS_SLOW : FLIPS;
}

static hu_bits middle(const hu_bits *a, const hu_bits *b)
{
    hu_bits gap = hu_bits_sub(b, a), half = hu_bits_shift(&gap, -1);
    return hu_bits_add(a, &half);
}

static bool adjacent(const hu_bits *a, const hu_bits *b)
{
    hu_bits gap = hu_bits_sub(b, a), one = {{1}};
    return hu_bits_compare(&gap, &one) <= 0;
}

/* From two codes of operand k with different results to two neighbors with different ones. */
static void bisect(hu_lister *l, hu_bits *x, int k, hu_bits low, hu_bits high, hu_bits at_low)
{
    while (!adjacent(&low, &high)) {
        hu_bits result;
        x[k] = middle(&low, &high);
        hu_lister_result(l, x, &result);
        if (hu_bits_equal(&result, &at_low))
            low = x[k];
        else
            high = x[k];
    }
    x[k] = low;
    hu_lister_add(l, x);
    x[k] = high;
    hu_lister_add(l, x);
}

/* Operands of near magnitudes: the codes share their upper bits. */
static void draw(hu_lister *l, hu_bits *x)
{
    for (int i = 0; i < l->n; i++) {
        const hu_field *f = &l->task->field[i];
        const hu_pool *p = &l->pool[i];
        hu_bits low;
        switch (hu_lister_below(l, 3)) {
        case 0:
            x[i] = hu_lister_code(l, i);
            break;
        case 1:
            x[i] = p->code[hu_lister_below(l, p->n)];
            break;
        default:
            low = hu_lister_wide(l, hu_lister_below(l, f->format ? f->format->man_bits + 2 : f->width_bits));
            x[i] = hu_bits_add(&p->code[hu_lister_below(l, p->n)], &low);
            if (hu_bits_compare(&x[i], &(hu_bits[]){hu_field_last(f)}[0]) > 0)
                x[i] = hu_lister_code(l, i);
        }
    }
}

void hu_list_flips(hu_lister *l)
{
    l->current = HU_CASES_FLIPS;
    for (int n = flips_of(l->task), tries = 0; n > 0 && tries < TRIES * FLIPS; tries++) {
        hu_bits x[HU_LISTER_OPERANDS], low_result, high_result;
        draw(l, x);
        int k = hu_lister_below(l, l->n);
        const hu_field *f = &l->task->field[k];
        hu_bits last = hu_field_last(f), step = hu_bits_one(hu_lister_below(l, f->width_bits));
        hu_bits low = x[k], high = hu_bits_add(&low, &step);
        if (hu_bits_compare(&high, &last) > 0)
            continue;
        hu_lister_result(l, x, &low_result);
        x[k] = high;
        hu_lister_result(l, x, &high_result);
        if (hu_bits_equal(&low_result, &high_result))
            continue;
        bisect(l, x, k, low, high, low_result);
        n--;
    }
}

/* The last operand, and its neighbors. */
static void add_around(hu_lister *l, hu_bits *x, int neighbors)
{
    hu_bits middle_code = x[l->n - 1];
    for (int by = -neighbors; by <= neighbors; by++) {
        x[l->n - 1] = hu_code_step(&l->task->field[l->n - 1], middle_code, by);
        hu_lister_add(l, x);
    }
}

static bool is_op(const hu_lister *l, const char *name)
{
    return l->task->kind == HU_TASK_OP && l->task->op == hu_op_find(name);
}

/* The last operand that makes the result nearly zero: of the others' sum, difference, product. */
static bool cancel(hu_lister *l, hu_bits *x)
{
    hu_bits product;
    if (is_op(l, "add"))
        return hu_lister_apply(l, "neg", x, &x[1]);
    if (is_op(l, "fma"))
        return hu_lister_apply(l, "mul", x, &product) && hu_lister_apply(l, "neg", &product, &x[2]);
    x[1] = x[0];
    return is_op(l, "sub");
}

void hu_list_cancellation(hu_lister *l)
{
    l->current = HU_CASES_CANCELLATION;
    for (int i = 0; i < CANCELLATIONS; i++) {
        hu_bits x[HU_LISTER_OPERANDS];
        draw(l, x);
        if (!cancel(l, x))
            return;
        add_around(l, x, 2);
    }
}

/* The operands, but for one, as they are; that one such that the result is about `target`. */
static bool aim(hu_lister *l, hu_bits *x, hu_bits target)
{
    const hu_task *t = l->task;
    hu_env env = hu_env_default();
    const hu_field *from = &t->field[0], *to = &t->field[t->n_operands + t->n_random];
    if (t->kind == HU_TASK_CONVERT && from->format && to->format) {
        hu_bits_convert(to->format, from->format, &env, &target, &x[0]);
        return true;
    }
    if (is_op(l, "add"))
        return hu_lister_apply(l, "sub", (hu_bits[]){target, x[0]}, &x[1]);
    if (is_op(l, "sub"))
        return hu_lister_apply(l, "sub", (hu_bits[]){x[0], target}, &x[1]);
    if (is_op(l, "mul"))
        return hu_lister_apply(l, "div", (hu_bits[]){target, x[0]}, &x[1]);
    if (is_op(l, "div"))
        return hu_lister_apply(l, "div", (hu_bits[]){x[0], target}, &x[1]);
    if (is_op(l, "sqrt"))
        return hu_lister_apply(l, "mul", (hu_bits[]){target, target}, &x[0]);
    hu_bits negative;
    return is_op(l, "fma") && hu_lister_apply(l, "neg", x, &negative) &&
           hu_lister_apply(l, "fma", (hu_bits[]){negative, x[1], target}, &x[2]);
}

static hu_bits of_sign(hu_lister *l, const hu_format *f, hu_bits code)
{
    hu_env env = hu_env_default();
    hu_bits negative;
    if ((hu_lister_bits(l) & 1) && f->is_signed && hu_op_check(hu_op_find("neg"), f, NULL) == HU_OK &&
        hu_apply(hu_op_find("neg"), f, &env, &code, &negative, NULL) == HU_OK)
        return negative;
    return code;
}

/* A number below the smallest normal: k bits above the smallest value; or the smallest normal itself, or beside it. */
static hu_bits small_target(hu_lister *l, const hu_format *f)
{
    hu_bits code, sig = hu_lister_wide(l, 1 + hu_lister_below(l, f->man_bits > 0 ? f->man_bits : 1)), one = {{1}};
    if (hu_lister_below(l, 3) == 0)
        hu_code_nearest(f, false, &one, f->emin, &code);
    else
        hu_code_nearest(f, false, &sig, f->emin - f->man_bits, &code);
    return of_sign(l, f, code);
}

/* The largest finite value, or one of its binade. */
static hu_bits large_target(hu_lister *l, const hu_format *f)
{
    hu_bits code, sig = hu_bits_ones(f->man_bits + 1);
    if (hu_lister_below(l, 2)) {
        hu_bits cut = hu_lister_wide(l, f->man_bits);
        sig = hu_bits_sub(&sig, &cut);
    }
    hu_code_nearest(f, false, &sig, f->emax - f->man_bits, &code);
    return of_sign(l, f, code);
}

void hu_list_targets(hu_lister *l)
{
    const hu_format *f = l->task->field[l->task->n_operands + l->task->n_random].format;
    if (!f)
        return;
    for (int large = 0; large < 2; large++) {
        l->current = large ? HU_CASES_OVERFLOW : HU_CASES_SUBNORMAL;
        for (int i = 0; i < TARGETS; i++) {
            hu_bits x[HU_LISTER_OPERANDS];
            draw(l, x);
            if (!aim(l, x, large ? large_target(l, f) : small_target(l, f)))
                return;
            add_around(l, x, 1);
        }
    }
}
