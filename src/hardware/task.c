/* task.c - a task put together from words: its surroundings, an operation or a conversion; and the results of a line. */
#include "src/hardware/task-parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"
#include "src/hardware/testfloat.h"

hu_status hu_task_split(const char *text, char mark, char left[HU_TASK_TEXT], char right[HU_TASK_TEXT], hu_error *err)
{
    const char *at = strchr(text, mark);
    size_t n = at ? (size_t)(at - text) : strlen(text);
    if (n >= HU_TASK_TEXT || (at && strlen(at + 1) >= HU_TASK_TEXT))
        return hu_fail(err, HU_ENAME, "the name of a format has more than %d bytes", HU_TASK_TEXT - 1);
    memcpy(left, text, n);
    left[n] = '\0';
    strcpy(right, at ? at + 1 : left);
    return HU_OK;
}

/* --- fields --- */

static void add_field(hu_task *t, const char *name, int number, hu_code_type type, int *words)
{
    hu_field *f = &t->field[t->n_operands + t->n_random + t->n_results];
    *f = (hu_field){.format = type.format, .is_signed = type.is_signed, .width_bits = type.width_bits,
                    .n_words = (type.width_bits + 63) / 64, .at = *words};
    if (number >= 0)
        snprintf(f->name, sizeof f->name, "%s%d", name, number);
    else
        snprintf(f->name, sizeof f->name, "%s", name);
    *words += f->n_words;
}

void hu_task_add_operand(hu_task *t, const char *name, int number, hu_code_type type)
{
    add_field(t, name, number, type, &t->in_words);
    t->n_operands++;
}

void hu_task_add_random(hu_task *t, int n)
{
    hu_code_type bits = {.width_bits = t->env.rounding->random_bits};
    for (int i = 0; i < n && bits.width_bits > 0; i++) {
        add_field(t, "random", n > 1 ? i : -1, bits, &t->in_words);
        t->n_random++;
    }
}

void hu_task_add_result(hu_task *t, const char *name, int number, hu_code_type type)
{
    add_field(t, name, number, type, &t->out_words);
    t->n_results++;
}

hu_bits hu_field_last(const hu_field *f)
{
    if (f->format && f->width_bits <= 128)
        return hu_bits_from_code(hu_format_last_code(f->format));
    return hu_bits_ones(f->width_bits);
}

/* --- running it --- */

static const hu_field *result_field(const hu_task *t)
{
    return &t->field[t->n_operands + t->n_random];
}

static void run_unary(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    out[0] = (uint64_t)t->op->unary(t->field[0].format, env, in[0]);
}

static void run_binary(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    out[0] = (uint64_t)t->op->binary(t->field[0].format, env, in[0], in[1]);
}

static void run_ternary(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    out[0] = (uint64_t)t->op->ternary(t->field[0].format, env, in[0], in[1], in[2]);
}

static void run_wide(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    hu_bits x[3], result = {{0}};
    for (int i = 0; i < t->n_operands; i++)
        x[i] = hu_field_get(&t->field[i], in);
    hu_apply(t->op, t->field[0].format, env, x, &result, NULL);
    hu_field_put(result_field(t), out, &result);
}

static void run_convert(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    const hu_field *from = &t->field[0], *to = result_field(t);
    hu_bits a = hu_field_get(from, in);
    hu_bits result = hu_code_type_convert(&(hu_code_type){from->format, from->width_bits, from->is_signed},
                                          &(hu_code_type){to->format, to->width_bits, to->is_signed}, env, &a);
    hu_field_put(to, out, &result);
}

uint64_t hu_task_random_word(const hu_task *t, int i, const uint64_t *in)
{
    const hu_field *f = &t->field[t->n_operands + i];
    return in[f->at] << (64 - f->width_bits);
}

hu_flags hu_task_compute(const hu_task *t, const uint64_t *in, uint64_t *out)
{
    hu_env env = t->env;
    uint64_t word;
    if (t->n_random == 1) {
        word = hu_task_random_word(t, 0, in);
        env.word = &word;
    }
    t->run(t, &env, in, out);
    return env.flags;
}

/* --- the words of each kind --- */

static hu_status set_surroundings(hu_task *t, const hu_task_words *w, hu_error *err)
{
    t->env = hu_env_default();
    if (w->rounding && hu_env_parse_mode(&t->env, w->rounding, err) != HU_OK)
        return HU_ENAME;
    if (w->overflow && hu_overflow_find(w->overflow, &t->env.overflow, err) != HU_OK)
        return HU_ENAME;
    if (w->tininess && strcmp(w->tininess, "after") != 0 && strcmp(w->tininess, "before") != 0)
        return hu_fail(err, HU_ENAME, "tininess is 'after' or 'before' rounding; got '%.40s'", w->tininess);
    if (w->nan && strcmp(w->nan, "canonical") != 0 && strcmp(w->nan, "propagate") != 0)
        return hu_fail(err, HU_ENAME, "the rule for NaNs is 'canonical' or 'propagate'; got '%.40s'", w->nan);
    t->env.tininess = w->tininess && w->tininess[0] == 'b' ? HU_TININESS_BEFORE : HU_TININESS_AFTER;
    t->env.nan = w->nan && w->nan[0] == 'p' ? HU_NAN_PROPAGATE : HU_NAN_CANONICAL;
    return HU_OK;
}

static hu_status set_op(hu_task *t, const hu_task_words *w, hu_error *err)
{
    static const char *const names[] = {"a", "b", "c"};
    const hu_format *f = hu_format_find(w->format, err);
    if (!f || hu_op_check(t->op, f, err) != HU_OK)
        return HU_EINVAL;
    for (int i = 0; i < t->op->arity; i++)
        hu_task_add_operand(t, names[i], -1, hu_code_type_of(f));
    if (t->op->rounds)
        hu_task_add_random(t, 1);
    hu_task_add_result(t, "result", -1, t->op->is_predicate ? (hu_code_type){.width_bits = 1} : hu_code_type_of(f));
    bool narrow = f->width_bits <= 64 && !f->is_wide;
    t->run = !narrow ? run_wide : t->op->arity == 1 ? run_unary : t->op->arity == 2 ? run_binary : run_ternary;
    snprintf(t->text[1], HU_TASK_TEXT, "%s", f->name);
    return HU_OK;
}

hu_status hu_task_read_count(const char *what, const char *text, long least, long most, long *out, hu_error *err)
{
    char *end = NULL;
    long n = text ? strtol(text, &end, 10) : -1;
    if (!text || end == text || *end || n < least || n > most)
        return hu_fail(err, HU_ERANGE, "%s is a whole number from %ld to %ld; got '%.40s'", what, least, most, text ? text : "nothing");
    *out = n;
    return HU_OK;
}

static hu_status set_conversion(hu_task *t, const hu_task_words *w, hu_error *err)
{
    char left[HU_TASK_TEXT], right[HU_TASK_TEXT], name[2][16];
    hu_code_type from, to;
    if (strchr(w->format, '>') && hu_block_is_name(strchr(w->format, '>') + 1))
        return hu_task_set_block(t, w, err);
    if (w->terms)
        return hu_fail(err, HU_EINVAL, "cvt takes terms where the target is a block format of a whole array, such as dfp8");
    if (!strchr(w->format, '>'))
        return hu_fail(err, HU_EPARSE, "cvt takes two formats, as in fp32>e5m2; got '%.60s'", w->format);
    if (hu_task_split(w->format, '>', left, right, err) != HU_OK || hu_code_type_find_pair(&from, &to, left, right, err) != HU_OK)
        return HU_ENAME;
    hu_task_add_operand(t, "a", -1, from);
    hu_task_add_random(t, 1);
    hu_task_add_result(t, "result", -1, to);
    t->run = run_convert;
    snprintf(t->text[1], HU_TASK_TEXT, "%.200s>%.200s", hu_code_type_name(&from, name[0]), hu_code_type_name(&to, name[1]));
    return HU_OK;
}

/* The canonical words, for headers and messages. */
static void write_words(hu_task *t)
{
    static const char *const policies[] = {[HU_OVERFLOW_IEEE] = "ieee", [HU_OVERFLOW_SATURATE] = "saturate",
                                           [HU_OVERFLOW_SATURATE_FINITE] = "saturate-finite-only"};
    const hu_accumulator *dot = t->kind == HU_TASK_DOT ? &t->dot : NULL;
    bool chunks = dot && dot->chunk > 0;
    char terms[24], chunk[24];
    snprintf(terms, sizeof terms, "%d", t->n_terms);
    snprintf(chunk, sizeof chunk, "%zu", t->dot.chunk);
    const hu_task_words w = {
        .op = t->kind == HU_TASK_OP ? t->op->name : dot ? "dot" : "cvt",
        .format = t->text[1],
        .rounding = t->env.rounding->name,
        .overflow = policies[t->env.overflow],
        .tininess = t->env.tininess == HU_TININESS_BEFORE ? "before" : "after",
        .nan = t->env.nan == HU_NAN_PROPAGATE ? "propagate" : "canonical",
        .terms = dot || (t->block && t->block->size == 0) ? terms : NULL,
        .product = dot ? dot->product ? dot->product->name : "exact" : NULL,
        .sum = dot ? dot->sum->name : NULL,
        .outer = chunks && dot->outer ? dot->outer->name : NULL,
        .order = dot ? dot->order == HU_ORDER_PAIRWISE ? "pairwise" : "sequential" : NULL,
        .chunk = dot ? chunk : NULL,
    };
    int i = 0;
#define X(name)                                                   \
    if (w.name && w.name != t->text[i])                           \
        snprintf(t->text[i], HU_TASK_TEXT, "%s", w.name);         \
    t->words.name = w.name ? t->text[i] : NULL;                   \
    i++;
    HU_TASK_WORDS(X)
#undef X
}

static hu_status no_such_op(const char *name, hu_error *err)
{
    hu_nearest near = hu_nearest_to(name);
    hu_nearest_offer(&near, "cvt");
    hu_nearest_offer(&near, "dot");
    for (int i = 0; hu_op_at(i); i++)
        hu_nearest_offer(&near, hu_op_at(i)->name);
    if (near.best)
        return hu_fail(err, HU_ENAME, "there is no operation '%.40s'; did you mean '%s'?", name, near.best);
    return hu_fail(err, HU_ENAME, "there is no operation '%.40s'; there are those of calc, cvt, dot, and TestFloat's functions "
                   "such as f32_mulAdd", name);
}

static hu_status set_kind(hu_task *t, const hu_task_words *w, hu_error *err)
{
    if (!w->op)
        return hu_fail(err, HU_EINVAL, "the operation is missing, for example --op add");
    t->op = hu_op_find(w->op);
    t->kind = t->op ? HU_TASK_OP : strcmp(w->op, "dot") == 0 ? HU_TASK_DOT : HU_TASK_CONVERT;
    if (t->kind == HU_TASK_CONVERT && strcmp(w->op, "cvt") != 0)
        return no_such_op(w->op, err);
    if (!w->format)
        return hu_fail(err, HU_EINVAL, "%s: the format is missing, for example --format %s", w->op,
                       t->kind == HU_TASK_CONVERT ? "'fp32>e5m2'" : "e4m3fn");
    bool of_dot = (w->terms && t->kind == HU_TASK_OP) || w->product || w->sum || w->outer || w->order || w->chunk;
    if (of_dot && t->kind != HU_TASK_DOT)
        return hu_fail(err, HU_EINVAL, "%s takes no terms, product, sum, outer, order and chunk; they belong to dot", w->op);
    return t->kind == HU_TASK_OP ? set_op(t, w, err) : t->kind == HU_TASK_DOT ? hu_task_set_dot(t, w, err) : set_conversion(t, w, err);
}

hu_status hu_task_init(hu_task *t, const hu_task_words *words, hu_error *err)
{
    hu_task_words w = *words;
    char format[HU_TASK_TEXT];
    hu_error own = {0};
    if (!err)
        err = &own;
    *t = (hu_task){.run = NULL};
    if (w.op && hu_testfloat_read(w.op, &w.op, format)) {
        if (w.format)
            return hu_fail(err, HU_EINVAL, "%.40s names its format itself; '%.40s' is one too many", words->op, w.format);
        w.format = format;
    }
    t->field = hu_calloc(3 * HU_TASK_ELEMENTS + 3, sizeof *t->field);
    if (!t->field)
        return hu_fail(err, HU_ENOMEM, "out of memory");
    err->status = HU_OK;
    if (set_surroundings(t, &w, err) == HU_OK && set_kind(t, &w, err) == HU_OK) {
        write_words(t);
        return HU_OK;
    }
    hu_task_clear(t);
    return err->status;
}

void hu_task_clear(hu_task *t)
{
    hu_free(t->field);
    t->field = NULL;
}
