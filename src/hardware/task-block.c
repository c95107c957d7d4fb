/* task-block.c - tasks of conversions to a block format: an array that is one block, its scales and its elements. */
#include <stdio.h>
#include <string.h>

#include "src/hardware/task-parts.h"

static void run_block(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    double a[HU_TASK_ELEMENTS];
    uint64_t words[HU_TASK_ELEMENTS], codes[HU_TASK_ELEMENTS], scale, tensor;
    hu_block_layout l = hu_block_line((size_t)t->n_terms);
    if (t->block->rows > 1)
        l = (hu_block_layout){.outer = 1, .rows = t->block->rows, .length = t->block->size, .outer_stride = (size_t)t->n_terms,
                              .row_stride = t->block->size, .stride = 1};
    hu_decode_f64(a, in, (size_t)t->n_terms, t->field[0].format, NULL);
    for (int i = 0; i < t->n_random; i++)
        words[i] = hu_task_random_word(t, i, in);
    hu_block_encode_words_f64(codes, &scale, &tensor, a, t->n_random ? words : NULL, &l, t->block, env, NULL);
    if (t->block->tensor)
        *out++ = tensor;
    *out++ = scale;
    memcpy(out, codes, (size_t)t->n_terms * sizeof *codes);
}

/* How many elements the one block has. */
static hu_status count_elements(hu_task *t, const hu_task_words *w, hu_error *err)
{
    const hu_block_format *f = t->block;
    long n = (long)(f->rows * f->size);
    if (f->size == 0 && hu_task_read_count("terms, the elements of the array,", w->terms ? w->terms : "32", 1, HU_TASK_ELEMENTS, &n, err) != HU_OK)
        return HU_ERANGE;
    if (f->size > 0 && w->terms)
        return hu_fail(err, HU_EINVAL, "cvt: %.80s has %ld elements a block; it takes no terms", f->name, n);
    if (n > HU_TASK_ELEMENTS)
        return hu_fail(err, HU_ERANGE, "cvt: %.80s has %ld elements a block; %d at most will do", f->name, n, HU_TASK_ELEMENTS);
    t->n_terms = (int)n;
    return HU_OK;
}

hu_status hu_task_set_block(hu_task *t, const hu_task_words *w, hu_error *err)
{
    char left[HU_TASK_TEXT], right[HU_TASK_TEXT];
    if (hu_task_split(w->format, '>', left, right, err) != HU_OK)
        return HU_ENAME;
    const hu_format *from = hu_format_find(left, err);
    if (!from)
        return HU_ENAME;
    t->block = hu_block_find(right, err);
    if (!t->block || count_elements(t, w, err) != HU_OK)
        return HU_ENAME;
    if (!hu_fits_f64(from) || from->width_bits > 64)
        return hu_fail(err, HU_EINVAL, "cvt: values of %.60s are no values of binary64, from which blocks are made", from->name);
    const hu_format *parts[] = {t->block->tensor, t->block->scale, t->block->element};
    static const char *const names[] = {"tensor", "scale", "element"};
    t->kind = HU_TASK_BLOCK;
    for (int i = 0; i < t->n_terms; i++)
        hu_task_add_operand(t, "a", i, hu_code_type_of(from));
    hu_task_add_random(t, t->n_terms);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; parts[i] && k < (i < 2 ? 1 : t->n_terms); k++)
            hu_task_add_result(t, names[i], i < 2 ? -1 : k, hu_code_type_of(parts[i]));
    }
    t->run = run_block;
    snprintf(t->text[1], HU_TASK_TEXT, "%.100s>%.400s", from->name, t->block->name);
    return HU_OK;
}
