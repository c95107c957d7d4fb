/* task.c - a task put together from words, and its results computed. */
#include "src/hardware/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"
#include "src/hardware/dot.h"
#include "src/hardware/testfloat.h"

/* What an operand or a result is. */
typedef struct side {
    const hu_format *format;   /* NULL: an integer */
    int  width_bits;
    bool is_signed;
} side;

/* --- names --- */

/* int8 -> 8, uint16 -> 16; 0: not such a word; -1: one with a width that there is not. Integers here are those of conversions;
 * their formats, which saturate and round, are found as int8{} and the like by no name that this takes first. */
static int integer_bits(const char *name)
{
    name += name[0] == 'u';
    if (strncmp(name, "int", 3) != 0 || name[3] == '\0' || strspn(name + 3, "0123456789") != strlen(name + 3))
        return 0;
    long bits = strtol(name + 3, NULL, 10);
    return name[3] != '0' && bits >= 1 && bits <= 64 ? (int)bits : -1;
}

static hu_status find_side(side *s, const char *name, bool may_be_integer, hu_error *err)
{
    int bits = may_be_integer ? integer_bits(name) : 0;
    if (bits < 0)
        return hu_fail(err, HU_ERANGE, "'%.40s': an integer has 1 to 64 bits, as in int8 or uint32", name);
    if (bits > 0) {
        *s = (side){.width_bits = bits, .is_signed = name[0] == 'i'};
        return HU_OK;
    }
    const hu_format *f = hu_format_find(name, err);
    if (!f)
        return HU_ENAME;
    *s = (side){f, f->width_bits, f->is_signed};
    return HU_OK;
}

/* The two names of "A>B", or the same one twice. HU_EPARSE where one is too long. */
static hu_status split(const char *text, char mark, char left[HU_TASK_TEXT], char right[HU_TASK_TEXT], hu_error *err)
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

static const char *side_name(const side *s, char text[16])
{
    if (s->format)
        return s->format->name;
    snprintf(text, 16, "%sint%d", s->is_signed ? "" : "u", s->width_bits);
    return text;
}

/* --- fields --- */

static void add_field(hu_task *t, const char *name, int number, const side *s, int *words)
{
    hu_field *f = &t->field[t->n_operands + t->n_random + t->n_results];
    *f = (hu_field){.format = s->format, .is_signed = s->is_signed, .width_bits = s->width_bits,
                    .n_words = (s->width_bits + 63) / 64, .at = *words};
    if (number >= 0)
        snprintf(f->name, sizeof f->name, "%s%d", name, number);
    else
        snprintf(f->name, sizeof f->name, "%s", name);
    *words += f->n_words;
}

static void add_operand(hu_task *t, const char *name, int number, const side *s)
{
    add_field(t, name, number, s, &t->in_words);
    t->n_operands++;
}

static void add_random(hu_task *t, int n)
{
    side bits = {.width_bits = t->env.rounding->random_bits};
    for (int i = 0; i < n && bits.width_bits > 0; i++) {
        add_field(t, "random", n > 1 ? i : -1, &bits, &t->in_words);
        t->n_random++;
    }
}

static void add_result(hu_task *t, const char *name, int number, const side *s)
{
    add_field(t, name, number, s, &t->out_words);
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

static int64_t sign_extend(uint64_t n, int bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);
    return (int64_t)((n ^ sign) - sign);
}

static void run_convert(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    const hu_field *from = &t->field[0], *to = result_field(t);
    hu_bits a = hu_field_get(from, in), result = {{0}};
    if (from->format && to->format)
        hu_bits_convert(from->format, to->format, env, &a, &result);
    else if (to->format && from->is_signed)
        hu_bits_round_i64(to->format, env, sign_extend(in[0], from->width_bits), &result);
    else if (to->format)
        hu_bits_round_u64(to->format, env, in[0], &result);
    else if (to->is_signed)
        result.word[0] = (uint64_t)hu_bits_to_i64(from->format, env, &a, to->width_bits) & (UINT64_MAX >> (64 - to->width_bits));
    else
        result.word[0] = hu_bits_to_u64(from->format, env, &a, to->width_bits);
    hu_field_put(to, out, &result);
}

static void run_dot(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    hu_num a[HU_TASK_TERMS], b[HU_TASK_TERMS];
    uint64_t word[3 * HU_TASK_TERMS];
    for (int i = 0; i < t->n_terms; i++) {
        hu_bits x = hu_field_get(&t->field[i], in), y = hu_field_get(&t->field[t->n_terms + i], in);
        a[i] = hu_decode(t->field[i].format, hu_bits_to_code(&x));
        b[i] = hu_decode(t->field[t->n_terms + i].format, hu_bits_to_code(&y));
    }
    for (int i = 0; i < t->n_random; i++) {
        const hu_field *f = &t->field[t->n_operands + i];
        word[i] = in[f->at] << (64 - f->width_bits);
    }
    hu_bits result = hu_bits_from_code(hu_dot_codes(&t->dot, env, a, b, t->n_terms, t->n_random ? word : NULL));
    hu_field_put(result_field(t), out, &result);
}

static void run_block(const hu_task *t, hu_env *env, const uint64_t *in, uint64_t *out)
{
    double a[HU_TASK_ELEMENTS];
    uint64_t words[HU_TASK_ELEMENTS], codes[HU_TASK_ELEMENTS], scale, tensor;
    const hu_field *random = &t->field[t->n_operands];
    hu_block_layout l = hu_block_line((size_t)t->n_terms);
    if (t->block->rows > 1)
        l = (hu_block_layout){.outer = 1, .rows = t->block->rows, .length = t->block->size, .outer_stride = (size_t)t->n_terms,
                              .row_stride = t->block->size, .stride = 1};
    hu_decode_f64(a, in, (size_t)t->n_terms, t->field[0].format, NULL);
    for (int i = 0; i < t->n_random; i++)
        words[i] = in[random[i].at] << (64 - random[i].width_bits);
    hu_block_encode_words_f64(codes, &scale, &tensor, a, t->n_random ? words : NULL, &l, t->block, env, NULL);
    if (t->block->tensor)
        *out++ = tensor;
    *out++ = scale;
    memcpy(out, codes, (size_t)t->n_terms * sizeof *codes);
}

hu_flags hu_task_compute(const hu_task *t, const uint64_t *in, uint64_t *out)
{
    hu_env env = t->env;
    uint64_t word;
    if (t->n_random == 1) {
        const hu_field *f = &t->field[t->n_operands];
        word = in[f->at] << (64 - f->width_bits);
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
    side s, truth = {.width_bits = 1};
    if (find_side(&s, w->format, false, err) != HU_OK || hu_op_check(t->op, s.format, err) != HU_OK)
        return HU_EINVAL;
    for (int i = 0; i < t->op->arity; i++)
        add_operand(t, names[i], -1, &s);
    if (t->op->rounds)
        add_random(t, 1);
    add_result(t, "result", -1, t->op->is_predicate ? &truth : &s);
    bool narrow = s.format->width_bits <= 64 && !s.format->is_wide;
    t->run = !narrow ? run_wide : t->op->arity == 1 ? run_unary : t->op->arity == 2 ? run_binary : run_ternary;
    snprintf(t->text[1], HU_TASK_TEXT, "%s", s.format->name);
    return HU_OK;
}

static hu_status read_count(const char *what, const char *text, long least, long most, long *out, hu_error *err)
{
    char *end = NULL;
    long n = text ? strtol(text, &end, 10) : -1;
    if (!text || end == text || *end || n < least || n > most)
        return hu_fail(err, HU_ERANGE, "%s is a whole number from %ld to %ld; got '%.40s'", what, least, most, text ? text : "nothing");
    *out = n;
    return HU_OK;
}

/* How many elements the one block has. */
static hu_status count_elements(hu_task *t, const hu_task_words *w, hu_error *err)
{
    const hu_block_format *f = t->block;
    long n = (long)(f->rows * f->size);
    if (f->size == 0 && read_count("terms, the elements of the array,", w->terms ? w->terms : "32", 1, HU_TASK_ELEMENTS, &n, err) != HU_OK)
        return HU_ERANGE;
    if (f->size > 0 && w->terms)
        return hu_fail(err, HU_EINVAL, "cvt: %.80s has %ld elements a block; it takes no terms", f->name, n);
    if (n > HU_TASK_ELEMENTS)
        return hu_fail(err, HU_ERANGE, "cvt: %.80s has %ld elements a block; %d at most will do", f->name, n, HU_TASK_ELEMENTS);
    t->n_terms = (int)n;
    return HU_OK;
}

static hu_status set_block(hu_task *t, const hu_task_words *w, hu_error *err)
{
    char left[HU_TASK_TEXT], right[HU_TASK_TEXT];
    side from;
    if (split(w->format, '>', left, right, err) != HU_OK || find_side(&from, left, false, err) != HU_OK)
        return HU_ENAME;
    t->block = hu_block_find(right, err);
    if (!t->block || count_elements(t, w, err) != HU_OK)
        return HU_ENAME;
    if (!hu_fits_f64(from.format) || from.width_bits > 64)
        return hu_fail(err, HU_EINVAL, "cvt: values of %.60s are no values of binary64, from which blocks are made", from.format->name);
    const hu_format *parts[] = {t->block->tensor, t->block->scale, t->block->element};
    static const char *const names[] = {"tensor", "scale", "element"};
    t->kind = HU_TASK_BLOCK;
    for (int i = 0; i < t->n_terms; i++)
        add_operand(t, "a", i, &from);
    add_random(t, t->n_terms);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; parts[i] && k < (i < 2 ? 1 : t->n_terms); k++)
            add_result(t, names[i], i < 2 ? -1 : k, &(side){parts[i], parts[i]->width_bits, parts[i]->is_signed});
    }
    t->run = run_block;
    snprintf(t->text[1], HU_TASK_TEXT, "%.100s>%.400s", from.format->name, t->block->name);
    return HU_OK;
}

static hu_status set_conversion(hu_task *t, const hu_task_words *w, hu_error *err)
{
    char left[HU_TASK_TEXT], right[HU_TASK_TEXT], name[2][16];
    side from, to;
    if (strchr(w->format, '>') && hu_block_is_name(strchr(w->format, '>') + 1))
        return set_block(t, w, err);
    if (w->terms)
        return hu_fail(err, HU_EINVAL, "cvt takes terms where the target is a block format of a whole array, such as dfp8");
    if (!strchr(w->format, '>'))
        return hu_fail(err, HU_EPARSE, "cvt takes two formats, as in fp32>e5m2; got '%.60s'", w->format);
    if (split(w->format, '>', left, right, err) != HU_OK || find_side(&from, left, true, err) != HU_OK ||
        find_side(&to, right, true, err) != HU_OK)
        return HU_ENAME;
    if (!from.format && !to.format)
        return hu_fail(err, HU_EINVAL, "cvt '%.60s': one of the two sides has to be a format", w->format);
    add_operand(t, "a", -1, &from);
    add_random(t, 1);
    add_result(t, "result", -1, &to);
    t->run = run_convert;
    snprintf(t->text[1], HU_TASK_TEXT, "%.200s>%.200s", side_name(&from, name[0]), side_name(&to, name[1]));
    return HU_OK;
}

static hu_status find_narrow(const char *what, const char *name, const hu_format **out, hu_error *err)
{
    if (!name)
        return hu_fail(err, HU_EINVAL, "dot needs the format of its sums, for example sum fp32");
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
    if (read_count("dot: terms", w->terms, 1, HU_TASK_TERMS, &terms, err) != HU_OK ||
        (w->chunk && read_count("dot: chunk", w->chunk, 0, HU_TASK_TERMS, &chunk, err) != HU_OK))
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

static hu_status set_dot(hu_task *t, const hu_task_words *w, hu_error *err)
{
    char left[HU_TASK_TEXT], right[HU_TASK_TEXT];
    const hu_format *a, *b;
    if (set_accumulator(t, w, err) != HU_OK || split(w->format, '*', left, right, err) != HU_OK ||
        find_narrow("an operand", left, &a, err) != HU_OK || find_narrow("an operand", right, &b, err) != HU_OK)
        return HU_EINVAL;
    const hu_format *result = t->dot.chunk && t->dot.outer ? t->dot.outer : t->dot.sum;
    for (int i = 0; i < t->n_terms; i++)
        add_operand(t, "a", i, &(side){a, a->width_bits, a->is_signed});
    for (int i = 0; i < t->n_terms; i++)
        add_operand(t, "b", i, &(side){b, b->width_bits, b->is_signed});
    add_random(t, hu_dot_roundings(&t->dot, t->n_terms));
    add_result(t, "result", -1, &(side){result, result->width_bits, result->is_signed});
    t->run = run_dot;
    snprintf(t->text[1], HU_TASK_TEXT, a == b ? "%.200s" : "%.200s*%.200s", a->name, b->name);
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
        return hu_fail(err, HU_EINVAL, "the operation is missing, for example add");
    t->op = hu_op_find(w->op);
    t->kind = t->op ? HU_TASK_OP : strcmp(w->op, "dot") == 0 ? HU_TASK_DOT : HU_TASK_CONVERT;
    if (t->kind == HU_TASK_CONVERT && strcmp(w->op, "cvt") != 0)
        return no_such_op(w->op, err);
    if (!w->format)
        return hu_fail(err, HU_EINVAL, "%s: the format is missing, for example %s", w->op,
                       t->kind == HU_TASK_CONVERT ? "fp32>e5m2" : "e4m3fn");
    bool of_dot = (w->terms && t->kind == HU_TASK_OP) || w->product || w->sum || w->outer || w->order || w->chunk;
    if (of_dot && t->kind != HU_TASK_DOT)
        return hu_fail(err, HU_EINVAL, "%s takes no terms, product, sum, outer, order and chunk; they belong to dot", w->op);
    return t->kind == HU_TASK_OP ? set_op(t, w, err) : t->kind == HU_TASK_DOT ? set_dot(t, w, err) : set_conversion(t, w, err);
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
