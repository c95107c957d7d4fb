/* task-dot.c - tasks of dot products: their accumulator put together from words, and the sum of a line. */
#include <stdio.h>
#include <string.h>

#include "src/hardware/dot.h"
#include "src/hardware/task-parts.h"

static void run_dot(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    hu_num a[HU_TASK_TERMS], b[HU_TASK_TERMS];
    uint64_t word[3 * HU_TASK_TERMS];
    for (int i = 0; i < t->n_terms; i++) {
        hu_bits x = hu_field_get(&t->field[i], in), y = hu_field_get(&t->field[t->n_terms + i], in);
        a[i] = hu_decode(t->field[i].format, hu_bits_to_code(&x));
        b[i] = hu_decode(t->field[t->n_terms + i].format, hu_bits_to_code(&y));
    }
    for (int i = 0; i < t->n_random; i++)
        word[i] = hu_task_random_word(t, i, in);
    hu_bits result = hu_bits_from_code(hu_dot_codes(&t->dot, env, a, b, t->n_terms, t->n_random ? word : NULL));
    hu_field_put(&t->field[t->n_operands + t->n_random], out, &result);
}

static hu_status find_narrow(const char *what, const char *name, const hu_format **out, hu_error *err)
{
    if (!name)
        return hu_fail(err, HU_EINVAL, "dot needs the format of its sums, for example --sum fp32");
    const hu_format *f = hu_format_find(name, err);
    if (!f)
        return HU_ENAME;
    if (f->width_bits > 64 || f->is_wide || hu_op_check(hu_op_find("fma"), f, err) != HU_OK)
        return hu_fail(err, HU_EINVAL, "dot: %s is %s; it has to have fma and at most 64 bits", what, f->name);
    *out = f;
    return HU_OK;
}

static hu_status set_accumulator(hu_task *t, const hu_task_words *w, hu_error *err)
{
    long terms, chunk = 0;
    bool exact = !w->product || strcmp(w->product, "exact") == 0;
    if (!w->terms)
        return hu_fail(err, HU_EINVAL, "dot needs the number of its terms, for example --terms 16");
    if (hu_task_read_count("dot: terms", w->terms, 1, HU_TASK_TERMS, &terms, err) != HU_OK ||
        (w->chunk && hu_task_read_count("dot: chunk", w->chunk, 0, HU_TASK_TERMS, &chunk, err) != HU_OK))
        return HU_ERANGE;
    if (w->order && strcmp(w->order, "sequential") != 0 && strcmp(w->order, "pairwise") != 0)
        return hu_fail(err, HU_ENAME, "dot: the order is 'sequential' or 'pairwise'; got '%.40s'", w->order);
    if (find_narrow("sum", w->sum, &t->dot.sum, err) != HU_OK ||
        (!exact && find_narrow("product", w->product, &t->dot.product, err) != HU_OK) ||
        (w->outer && find_narrow("outer", w->outer, &t->dot.outer, err) != HU_OK))
        return HU_ENAME;
    t->dot.order = w->order && w->order[0] == 'p' ? HU_ORDER_PAIRWISE : HU_ORDER_SEQUENTIAL;
    t->dot.chunk = (size_t)chunk;
    t->n_terms = (int)terms;
    if (chunk == 0 && w->outer)
        return hu_fail(err, HU_EINVAL, "dot: an outer format goes with chunks; chunk is 0");
    return HU_OK;
}

hu_status hu_task_set_dot(hu_task *t, const hu_task_words *w, hu_error *err)
{
    char left[HU_TASK_TEXT], right[HU_TASK_TEXT];
    const hu_format *a, *b;
    if (set_accumulator(t, w, err) != HU_OK || hu_task_split(w->format, '*', left, right, err) != HU_OK ||
        find_narrow("an operand", left, &a, err) != HU_OK || find_narrow("an operand", right, &b, err) != HU_OK)
        return HU_EINVAL;
    const hu_format *result = t->dot.chunk && t->dot.outer ? t->dot.outer : t->dot.sum;
    for (int i = 0; i < t->n_terms; i++)
        hu_task_add_operand(t, "a", i, hu_code_type_of(a));
    for (int i = 0; i < t->n_terms; i++)
        hu_task_add_operand(t, "b", i, hu_code_type_of(b));
    hu_task_add_random(t, hu_dot_roundings(&t->dot, t->n_terms));
    hu_task_add_result(t, "result", -1, hu_code_type_of(result));
    t->run = run_dot;
    snprintf(t->text[1], HU_TASK_TEXT, a == b ? "%.200s" : "%.200s*%.200s", a->name, b->name);
    return HU_OK;
}
