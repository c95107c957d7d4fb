/* lister.c - lists of operands: adding to them, random choices, arithmetic on codes. */
#include "src/hardware/lister.h"

#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"

static bool grow(hu_lister *l)
{
    size_t capacity = l->capacity ? 2 * l->capacity : 1024, words = (size_t)l->task->in_words;
    uint64_t *listed = hu_realloc(l->listed, capacity * words * sizeof *listed);
    if (listed)
        l->listed = listed;
    unsigned char *class_of = hu_realloc(l->class_of, capacity);
    if (class_of)
        l->class_of = class_of;
    if (!listed || !class_of)
        return false;
    l->capacity = capacity;
    return true;
}

void hu_lister_add_words(hu_lister *l, const uint64_t *in)
{
    if (l->failed || (l->n_listed == l->capacity && !grow(l))) {
        l->failed = true;
        return;
    }
    size_t words = (size_t)l->task->in_words;
    memcpy(l->listed + l->n_listed * words, in, words * sizeof *in);
    l->class_of[l->n_listed++] = (unsigned char)l->current;
}

void hu_lister_add(hu_lister *l, const hu_bits *operand)
{
    uint64_t in[(HU_LISTER_OPERANDS + 1) * HU_BITS_WORDS] = {0};
    for (int i = 0; i < l->n; i++)
        hu_field_put(&l->task->field[i], in, &operand[i]);
    hu_lister_add_words(l, in);
}

uint64_t hu_lister_bits(hu_lister *l)
{
    return hu_random_next(&l->random);
}

int hu_lister_below(hu_lister *l, int n)
{
    return (int)((hu_lister_bits(l) >> 32) * (uint64_t)n >> 32);
}

hu_bits hu_lister_wide(hu_lister *l, int n_bits)
{
    hu_bits a = {{0}}, mask = hu_bits_ones(n_bits > 0 ? n_bits : 0);
    for (int i = 0; 64 * i < n_bits; i++)
        a.word[i] = hu_lister_bits(l);
    return hu_bits_and(&a, &mask);
}

/* The leading bit that belongs to the exponent field; codes with another one are left to the list of boundary values. */
static hu_bits with_leading_bit(const hu_format *f, hu_bits a)
{
    hu_bits one = hu_bits_one(f->man_bits), mask = hu_bits_ones(f->exp_bits), field = hu_bits_shift(&a, -f->man_bits - 1);
    field = hu_bits_and(&field, &mask);
    a = hu_bits_or(&a, &one);
    return hu_bits_is_zero(&field) ? hu_bits_sub(&a, &one) : a;
}

/* Random bits of a field's width; where that is past its last code, as many fewer. */
hu_bits hu_random_code(const hu_field *f, uint64_t seed, uint64_t stream, uint64_t *index)
{
    hu_bits a = {{0}};
    for (int i = 0; i < f->n_words; i++)
        a.word[i] = hu_random_at(seed, stream, (*index)++);
    if (f->width_bits % 64)
        a.word[f->n_words - 1] >>= 64 - f->width_bits % 64;
    if (f->format && f->format->explicit_leading)
        a = with_leading_bit(f->format, a);
    if (!f->format || f->width_bits > 64)
        return a;
    uint64_t last = (uint64_t)hu_format_last_code(f->format);
    if (a.word[0] > last)
        a.word[0] %= last + 1;
    return a;
}

hu_bits hu_lister_code(hu_lister *l, int operand)
{
    return hu_random_code(&l->task->field[operand], l->random.seed, l->random.stream, &l->random.index);
}

static hu_env nearest(void)
{
    return hu_env_default();
}

bool hu_lister_apply(const hu_lister *l, const char *op, const hu_bits *x, hu_bits *out)
{
    const hu_op *o = hu_op_find(op);
    const hu_format *f = l->task->field[0].format;
    hu_env env = nearest();
    return f && hu_op_check(o, f, NULL) == HU_OK && hu_apply(o, f, &env, x, out, NULL) == HU_OK;
}

hu_bits hu_code_step(const hu_field *f, hu_bits code, int by)
{
    hu_bits last = hu_field_last(f), one = {{1}}, size = hu_bits_add(&last, &one);
    for (; by > 0; by--)
        code = hu_bits_equal(&code, &last) ? (hu_bits){{0}} : hu_bits_add(&code, &one);
    for (; by < 0; by++) {
        if (hu_bits_is_zero(&code))
            code = size;
        code = hu_bits_sub(&code, &one);
    }
    return code;
}

void hu_lister_result(const hu_lister *l, const hu_bits *operand, hu_bits *out)
{
    const hu_task *t = l->task;
    uint64_t in[HU_LISTER_OPERANDS * HU_BITS_WORDS] = {0}, result[HU_BITS_WORDS] = {0};
    for (int i = 0; i < l->n; i++)
        hu_field_put(&t->field[i], in, &operand[i]);
    hu_env env = nearest();
    t->run(t, &env, in, result);
    *out = hu_field_get(&t->field[t->n_operands + t->n_random], result);
}

/* Of more significant bits than an hu_num holds, by way of text. */
static void round_wide(const hu_format *f, hu_env *env, bool negative, const hu_bits *sig, int exp, hu_bits *out)
{
    char digits[HU_TEXT_SIZE], text[HU_TEXT_SIZE + 32];
    hu_bits_to_text(sig, HU_BITS_MAX, digits);
    snprintf(text, sizeof text, "%s%sp%d", negative ? "-" : "", digits, exp);
    *out = (hu_bits){{0}};
    hu_bits_round_text(f, env, text, out, NULL);
}

bool hu_code_nearest(const hu_format *f, bool negative, const hu_bits *sig, int exp, hu_bits *out)
{
    hu_env env = nearest();
    if (f->is_wide || hu_bits_length(sig) > 128)
        round_wide(f, &env, negative, sig, exp, out);
    else
        *out = hu_bits_from_code(hu_round_with(f, &env, hu_num_make(negative, hu_bits_to_code(sig), exp), 0));
    return env.flags == 0;
}
