/* fpgen.c - the layout of IBM's FPgen vectors: "b32*+ =0 +1.000000P0 +1.7FFFFFP-3 -Zero -> +1.7FFFFFP-3 x".
 *
 * A format and an operation, a rounding mode, operands, an arrow, the result, and a letter for each flag: x inexact,
 * u underflow, o overflow, z division by zero, i invalid. A value is a sign, a leading bit, the trailing significand as one
 * hexadecimal number, P and the exponent; or +Zero, -Inf, Q (quiet NaN), S (signaling NaN). Letters for enabled
 * traps, which IBM's files have before the operands, are not written and not read.
 * Source: M. Aharoni and others, "Floating-Point Test-Suite for IEEE", IBM Haifa, chapter 4.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/hardware/layout.h"

enum { WORDS = 16, LONGEST_WORD = 96 };

static const struct { const char *fpgen, *ours; } operations[] = {
    {"+", "add"}, {"-", "sub"}, {"*", "mul"}, {"/", "div"}, {"*+", "fma"}, {"V", "sqrt"}, {"%", "rem"}, {"rfi", "rint"},
    {"A", "abs"}, {"~", "neg"}, {"<C", "min"}, {">C", "max"},
};

static const struct { const char *fpgen, *ours; } modes[] = {
    {"=0", "rne"}, {">", "ru"}, {"<", "rd"}, {"0", "rz"}, {"=^", "rna"},
};

static const struct { char letter; hu_flags flag; } letters[] = {
    {'i', HU_INVALID}, {'z', HU_DIVBYZERO}, {'o', HU_OVERFLOW}, {'u', HU_UNDERFLOW}, {'x', HU_INEXACT},
};

static const char *const interchange[] = {"e5m10", "e8m23", "e11m52", "e15m112"};

/* 16, 32, 64, 128; 0: not a binary interchange format. */
static int width_of(const hu_field *f)
{
    for (size_t i = 0; f->format && i < sizeof interchange / sizeof interchange[0]; i++) {
        if (strcmp(f->format->name, interchange[i]) == 0)
            return f->width_bits;
    }
    return 0;
}

static const hu_field *result_of(const hu_task *t)
{
    return &t->field[t->n_operands + t->n_random];
}

/* "b32*+", "b32b64cff"; false: there is no such operation. */
static bool head_of(const hu_task *t, char head[LONGEST_WORD])
{
    if (t->kind == HU_TASK_CONVERT) {
        snprintf(head, LONGEST_WORD, "b%db%dcff", t->field[0].width_bits, result_of(t)->width_bits);
        return true;
    }
    for (size_t i = 0; t->op && i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].ours, t->op->name) == 0) {
            snprintf(head, LONGEST_WORD, "b%d%s", t->field[0].width_bits, operations[i].fpgen);
            return true;
        }
    }
    return false;
}

static const char *mode_of(const hu_task *t)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].ours, t->env.rounding->name) == 0)
            return modes[i].fpgen;
    }
    return NULL;
}

static hu_status check(const hu_task *t, hu_error *err)
{
    char head[LONGEST_WORD];
    if (t->kind == HU_TASK_DOT || (t->kind == HU_TASK_OP && !head_of(t, head)))
        return hu_fail(err, HU_EINVAL, "layout fpgen has no %s; hex and csv write every operation", t->words.op);
    if (!width_of(&t->field[0]) || !width_of(result_of(t)))
        return hu_fail(err, HU_EINVAL, "layout fpgen writes binary16, binary32, binary64 and binary128; got %.60s; hex and csv write "
                       "every format", t->words.format);
    if (!mode_of(t))
        return hu_fail(err, HU_EINVAL, "layout fpgen has the modes rne, ru, rd, rz and rna; got %s", t->env.rounding->name);
    if (t->env.overflow != HU_OVERFLOW_IEEE || t->env.nan != HU_NAN_CANONICAL)
        return hu_fail(err, HU_EINVAL, "layout fpgen takes overflow ieee and canonical NaNs; hex and csv take all");
    return HU_OK;
}

/* --- writing --- */

static char *put_value(const hu_field *f, const uint64_t *words, char *to)
{
    int m = f->format->man_bits, e = f->format->exp_bits;
    hu_bits code = hu_field_get(f, words), mask = hu_bits_ones(m), fraction = hu_bits_and(&code, &mask);
    hu_bits shifted = hu_bits_shift(&code, -m);
    int field = (int)(shifted.word[0] & ((UINT64_C(1) << e) - 1)), last = (1 << e) - 1;
    char sign = hu_bits_test(&code, f->width_bits - 1) ? '-' : '+', digits[HU_TEXT_SIZE];
    if (field == last && !hu_bits_is_zero(&fraction))
        return to + sprintf(to, "%c", hu_bits_test(&fraction, m - 1) ? 'Q' : 'S');
    if (field == last)
        return to + sprintf(to, "%cInf", sign);
    if (field == 0 && hu_bits_is_zero(&fraction))
        return to + sprintf(to, "%cZero", sign);
    hu_bits_to_text(&fraction, m, digits);
    for (char *c = digits + 2; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return to + sprintf(to, "%c%d.%sP%d", sign, field > 0, digits + 2, field > 0 ? field - f->format->bias : f->format->emin);
}

static char *write_line(const hu_task *t, const hu_vector *line, char *to)
{
    char head[LONGEST_WORD];
    head_of(t, head);
    to += sprintf(to, "%s %s", head, mode_of(t));
    for (int i = 0; i < t->n_operands; i++) {
        *to++ = ' ';
        to = put_value(&t->field[i], line->in, to);
    }
    to += sprintf(to, " ->");
    if (line->holds & HU_LINE_OUT) {
        *to++ = ' ';
        to = put_value(result_of(t), line->out, to);
    }
    if (line->holds & HU_LINE_FLAGS) {
        *to++ = ' ';
        for (size_t i = sizeof letters / sizeof letters[0]; i-- > 0;) {
            if (line->flags & letters[i].flag)
                *to++ = letters[i].letter;
        }
    }
    *to++ = '\n';
    return to;
}

/* --- reading --- */

/* Words between blanks, each closed by a zero. */
static int split(const char *text, size_t n, char word[WORDS][LONGEST_WORD])
{
    int count = 0;
    for (size_t i = 0; i < n && count < WORDS;) {
        while (i < n && (text[i] == ' ' || text[i] == '\t'))
            i++;
        size_t start = i;
        while (i < n && text[i] != ' ' && text[i] != '\t')
            i++;
        if (i == start)
            break;
        snprintf(word[count++], LONGEST_WORD, "%.*s", i - start > LONGEST_WORD - 1 ? LONGEST_WORD - 1 : (int)(i - start), text + start);
    }
    return count;
}

static hu_status wrong_value(const char *word, const hu_field *f, hu_error *err)
{
    return hu_fail(err, HU_EPARSE, "'%.60s' is not a value of binary%d; values are like +1.%0*dP0, -Zero, +Inf, Q and S", word,
                   f->width_bits, (f->format->man_bits + 3) / 4, 0);
}

static hu_status read_special(const char *word, const hu_field *f, hu_bits *code, hu_vector *line, hu_error *err)
{
    hu_bits inf = hu_bits_ones(f->format->exp_bits);
    inf = hu_bits_shift(&inf, f->format->man_bits);
    if (strcmp(word, "Q") == 0 || strcmp(word, "S") == 0) {
        hu_bits payload = hu_bits_one(word[0] == 'Q' ? f->format->man_bits - 1 : 0);
        *code = hu_bits_or(&inf, &payload);
        line->any_nan = true;
        return HU_OK;
    }
    *code = strcmp(word + 1, "Inf") == 0 ? inf : (hu_bits){{0}};
    if ((word[0] != '+' && word[0] != '-') || (strcmp(word + 1, "Inf") != 0 && strcmp(word + 1, "Zero") != 0))
        return wrong_value(word, f, err);
    return HU_OK;
}

/* +1.7FFFFFP127 */
static bool read_finite(const char *word, const hu_field *f, hu_bits *code)
{
    const hu_format *format = f->format;
    char digits[LONGEST_WORD + 2] = "0x", *end;
    if ((word[0] != '+' && word[0] != '-') || (word[1] != '0' && word[1] != '1') || word[2] != '.')
        return false;
    size_t n = strspn(word + 3, "0123456789ABCDEFabcdef");
    if (word[3 + n] != 'P' || n == 0)
        return false;
    snprintf(digits + 2, sizeof digits - 2, "%.*s", (int)n, word + 3);
    long exp = strtol(word + 4 + n, &end, 10);
    if (hu_bits_from_text(digits, format->man_bits, code, NULL) != HU_OK || *end || end == word + 4 + n || exp > format->emax ||
        exp < format->emin || (word[1] == '0' && exp != format->emin))
        return false;
    hu_bits field = {{word[1] == '1' ? (uint64_t)(exp + format->bias) : 0}};
    field = hu_bits_shift(&field, format->man_bits);
    *code = hu_bits_or(code, &field);
    return true;
}

static hu_status read_value(const char *word, const hu_field *f, uint64_t *words, hu_vector *line, hu_error *err)
{
    hu_bits code = {{0}}, sign = hu_bits_one(f->width_bits - 1);
    if (word[0] && word[1] && isdigit((unsigned char)word[1])) {
        if (!read_finite(word, f, &code))
            return wrong_value(word, f, err);
    } else if (!word[0] || (!word[1] && word[0] != 'Q' && word[0] != 'S') || read_special(word, f, &code, line, err) != HU_OK) {
        return wrong_value(word, f, err);
    }
    if (word[0] == '-')
        code = hu_bits_or(&code, &sign);
    hu_field_put(f, words, &code);
    return HU_OK;
}

static hu_status read_flags(const char *word, hu_flags *flags, hu_error *err)
{
    for (*flags = 0; *word; word++) {
        size_t i = 0, n = sizeof letters / sizeof letters[0];
        while (i < n && letters[i].letter != *word)
            i++;
        if (i == n)
            return hu_fail(err, HU_EPARSE, "'%.20s' are no flags; they are letters of xuozi", word);
        *flags |= letters[i].flag;
    }
    return HU_OK;
}

static hu_status read_line(const hu_task *t, const char *text, size_t n, hu_vector *line, hu_error *err)
{
    char word[WORDS][LONGEST_WORD], head[LONGEST_WORD];
    int count = split(text, n, word), arrow = 2 + t->n_operands;
    bool results = line->holds & HU_LINE_OUT;
    hu_flags before;
    head_of(t, head);
    line->any_nan = false;
    line->short_column = NULL;
    if (count < 2 || strcmp(word[0], head) != 0 || strcmp(word[1], mode_of(t)) != 0)
        return hu_fail(err, HU_EPARSE, "'%.*s' does not begin with '%s %s'", n > 60 ? 60 : (int)n, text, head, mode_of(t));
    if (count <= arrow || strcmp(word[arrow], "->") != 0)
        return hu_fail(err, HU_EPARSE, "'%.*s' has no '->' after %d operand%s", n > 80 ? 80 : (int)n, text, t->n_operands,
                       t->n_operands == 1 ? "" : "s");
    if (count < arrow + 1 + results || count > arrow + 1 + 2 * results)
        return hu_fail(err, HU_EPARSE, "'%.*s' has %d words after '->' where a result and flags belong", n > 80 ? 80 : (int)n, text,
                       count - arrow - 1);
    for (int i = 0; i < t->n_operands; i++) {
        if (read_value(word[2 + i], &t->field[i], line->in, line, err) != HU_OK)
            return HU_EPARSE;
    }
    line->any_nan = false;
    if (!results)
        return HU_OK;
    if (read_value(word[arrow + 1], result_of(t), line->out, line, err) != HU_OK ||
        read_flags(count > arrow + 2 ? word[arrow + 2] : "", &before, err) != HU_OK)
        return HU_EPARSE;
    line->flags = before;
    return HU_OK;
}

/* A line has its operands; where nothing follows the arrow, those alone. */
static int line_holds(const char *text, size_t n, bool answers, hu_error *err)
{
    (void)answers, (void)err;
    char word[WORDS][LONGEST_WORD];
    int count = split(text, n, word);
    return count > 0 && strcmp(word[count - 1], "->") == 0 ? HU_LINE_IN : HU_LINE_FULL;
}

const hu_layout hu_layout_fpgen = {
    .name = "fpgen", .comment = "# ", .title = "IBM's FPgen, for binary interchange formats",
    .check = check, .write = write_line, .read = read_line, .holds = line_holds,
};
