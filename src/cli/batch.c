/* batch.c - the test port: lines of operations in, lines of codes and flags out.
 *
 * A million lines a second: the words before the codes (the head: operation, format, rounding) are read
 * once and remembered by their text, and nothing is allocated or formatted for a line that is right.
 */
#include "src/cli/batch.h"

#include <string.h>

#include "src/base/memory.h"
#include "src/cli/calculation.h"
#include "src/cli/cli.h"

#define LONGEST_LINE 4096
#define LONGEST_WORD 255
#define OUT_SIZE     (1 << 16)
#define HEAD_SIZE    96      /* a longer head is read anew each time */
#define HEADS        4096

typedef struct head {
    char text[HEAD_SIZE];    /* as in the line */
    size_t length;
    hu_calculation calculation;
    int digits;              /* of the result */
} head;

typedef struct span {        /* the part of a line that is still to be read */
    const char *at, *end;
} span;

struct hu_batch {
    hu_env defaults;
    hu_batch_write *write;
    void *to;
    bool write_failed;
    uint64_t lines;          /* answered so far */
    size_t errors;
    head *last;              /* the head of the line before */
    head *heads[HEADS];      /* by the hash of their text; NULL: none yet */
    head unkept;             /* a head that cannot be remembered */
    size_t held;             /* bytes of a line that is not complete yet */
    bool skipping;           /* its end is being looked for: it is too long, and answered already */
    char line[LONGEST_LINE];
    size_t used;
    char out[OUT_SIZE];
    struct { char text[HU_FLAGS_SIZE]; size_t length; } flags[32];
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* --- output --- */

bool hu_batch_flush(hu_batch *b)
{
    if (b->used > 0 && !b->write_failed && !b->write(b->to, b->out, b->used))
        b->write_failed = true;
    b->used = 0;
    return !b->write_failed;
}

static void put(hu_batch *b, const char *text, size_t n)
{
    memcpy(b->out + b->used, text, n);
    b->used += n;
}

static void put_result(hu_batch *b, const hu_bits *code, int digits, hu_flags flags)
{
    static const char hex[] = "0123456789abcdef";
    char *out = b->out + b->used;
    out[0] = '0';
    out[1] = 'x';
    for (int i = 0; i < digits; i++)
        out[digits + 1 - i] = hex[code->word[i / 16] >> 4 * (i % 16) & 15];
    out[digits + 2] = ' ';
    b->used += (size_t)digits + 3;
    put(b, b->flags[flags & 31].text, b->flags[flags & 31].length);
}

static void put_error(hu_batch *b, const char *message)
{
    char text[1024];
    hu_cli_printable(message, strlen(message), text, sizeof text);
    put(b, "error: ", 7);
    put(b, text, strlen(text));
    b->errors++;
}

/* --- words --- */

static void skip_blanks(span *s)
{
    while (s->at < s->end && is_blank(*s->at))
        s->at++;
}

static span next_word(span *s)
{
    skip_blanks(s);
    span word = {s->at, s->at};
    while (word.end < s->end && !is_blank(*word.end))
        word.end++;
    s->at = word.end;
    return word;
}

static hu_status copy_word(span word, char text[LONGEST_WORD + 1], hu_error *err)
{
    size_t n = (size_t)(word.end - word.at);
    if (n > LONGEST_WORD)
        return hu_fail(err, HU_EPARSE, "a word of the line has more than %d bytes", LONGEST_WORD);
    if (memchr(word.at, 0, n))
        return hu_fail(err, HU_EPARSE, "the line has a NUL byte in it");
    memcpy(text, word.at, n);
    text[n] = '\0';
    return HU_OK;
}

/* 0x and hexadecimal digits, of at most 320 bits; false: it is not that. */
static bool read_hex(span word, hu_bits *code)
{
    static const unsigned char value[256] = {   /* of a digit, plus one */
        ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
        ['A'] = 11, 12, 13, 14, 15, 16,
        ['a'] = 11, 12, 13, 14, 15, 16,
    };
    const char *c = word.at;
    if (word.end - c < 3 || c[0] != '0' || (c[1] | 0x20) != 'x')
        return false;
    for (c += 2; *c == '0' && word.end - c > 1;)
        c++;
    if (word.end - c > HU_BITS_MAX / 4)
        return false;
    *code = (hu_bits){{0}};
    for (int i = (int)(word.end - c) - 1; i >= 0; i--, c++) {
        unsigned digit = value[(unsigned char)*c];
        if (digit == 0)
            return false;
        code->word[i / 16] |= (uint64_t)(digit - 1) << 4 * (i % 16);
    }
    return true;
}

/* --- the head: operation, format, rounding --- */

static hu_status read_mode(const hu_batch *b, hu_env *env, const char *text, hu_error *err)
{
    *env = b->defaults;
    hu_status status = hu_env_parse_mode(env, text, err);
    if (status == HU_OK && !strchr(text, '+'))
        env->overflow = b->defaults.overflow;
    return status;
}

static hu_status read_head(const hu_batch *b, head *h, span text, hu_error *err)
{
    char word[3][LONGEST_WORD + 1];
    hu_status status = HU_OK;
    for (int i = 0; i < 3 && status == HU_OK; i++)
        status = copy_word(next_word(&text), word[i], err);
    if (status == HU_OK)
        status = hu_calculation_set_op(&h->calculation, word[0], err);
    if (status == HU_OK)
        status = hu_calculation_set_formats(&h->calculation, word[1], err);
    if (status == HU_OK)
        status = read_mode(b, &h->calculation.env, word[2], err);
    if (status == HU_OK)
        h->digits = (hu_calculation_result_bits(&h->calculation) + 3) / 4;
    return status;
}

static size_t hash(const char *text, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)text[i]) * 16777619u;
    return (h ^ h >> 16) % HEADS;
}

/* The place for a head of that text; its length is 0 where there is none, or another one. */
static head *place_for(hu_batch *b, const char *text, size_t length)
{
    if (length > HEAD_SIZE)
        return &b->unkept;
    head **place = &b->heads[hash(text, length)];
    if (!*place)
        *place = hu_calloc(1, sizeof **place);
    if (!*place)
        return &b->unkept;
    if ((*place)->length != length || memcmp((*place)->text, text, length) != 0)
        (*place)->length = 0;
    return *place;
}

/* The head of the line, whose end becomes the start of what is left; NULL: err says what is wrong. */
static head *find_head(hu_batch *b, span *line, hu_error *err)
{
    head *last = b->last;
    const char *start = line->at;
    if (last && (size_t)(line->end - start) > last->length && is_blank(start[last->length]) &&
        memcmp(start, last->text, last->length) == 0) {
        line->at += last->length;
        return last;
    }
    span word = {start, start};
    for (int i = 0; i < 3; i++)
        word = next_word(line);
    if (word.at == word.end) {
        hu_fail(err, HU_EPARSE, "a line is: op format rounding code..., for example add e5m2 rne 0x3c 0x3d");
        return NULL;
    }
    size_t length = (size_t)(line->at - start);
    head *h = place_for(b, start, length);
    if (h->length > 0)
        return b->last = h;
    b->last = NULL;
    if (read_head(b, h, (span){start, line->at}, err) != HU_OK)
        return NULL;
    if (h != &b->unkept) {
        memcpy(h->text, start, length);
        h->length = length;
        b->last = h;
    }
    return h;
}

/* --- a line --- */

static hu_status wrong_code(span word, const hu_code_type *type, hu_error *err)
{
    char text[64];
    hu_bits code;
    hu_cli_printable(word.at, (size_t)(word.end - word.at), text, sizeof text);
    if (!read_hex(word, &code))
        return hu_fail(err, HU_EPARSE, "'%s' is not a code; codes are hexadecimal and begin with 0x", text);
    if (type->format)
        return hu_fail(err, HU_ERANGE, "code %s has more than the %d bits of %s", text, type->width_bits,
                       type->format->name);
    return hu_fail(err, HU_ERANGE, "code %s has more than %d bits", text, type->width_bits);
}

/* Codes of up to 64 bits, which most are, without a loop. */
static bool fits(const hu_bits *code, int width_bits)
{
    if (width_bits <= 64)
        return (code->word[1] | code->word[2] | code->word[3] | code->word[4]) == 0 && code->word[0] >> (width_bits - 1) <= 1;
    return hu_bits_length(code) <= width_bits;
}

static hu_status read_codes(const hu_calculation *c, span *line, hu_bits code[HU_CALCULATION_OPERANDS], hu_error *err)
{
    for (int i = 0; i < c->arity; i++) {
        span word = next_word(line);
        if (word.at == word.end || word.at[0] == 'r')
            return hu_fail(err, HU_EPARSE, "%s takes %d code%s; got %d", c->op ? c->op->name : "cvt", c->arity,
                           c->arity == 1 ? "" : "s", i);
        if (!read_hex(word, &code[i]) || !fits(&code[i], c->from.width_bits))
            return wrong_code(word, &c->from, err);
    }
    return HU_OK;
}

/* What may follow the codes: r=0xWORD. */
static hu_status read_random(const hu_calculation *c, span *line, uint64_t *word, bool *given, hu_error *err)
{
    hu_bits code;
    char text[64];
    span field = next_word(line);
    *given = false;
    if (field.at == field.end)
        return HU_OK;
    hu_cli_printable(field.at, (size_t)(field.end - field.at), text, sizeof text);
    if (field.end - field.at < 2 || field.at[0] != 'r' || field.at[1] != '=')
        return hu_fail(err, HU_EPARSE, "%s takes %d code%s; '%s' is one word too many", c->op ? c->op->name : "cvt",
                       c->arity, c->arity == 1 ? "" : "s", text);
    if (!read_hex((span){field.at + 2, field.end}, &code) || !fits(&code, 64))
        return hu_fail(err, HU_EPARSE, "'%s': r= takes 64 random bits in hexadecimal, as in r=0x8000000000000000", text);
    skip_blanks(line);
    if (line->at < line->end)
        return hu_fail(err, HU_EPARSE, "nothing may follow '%s'", text);
    *word = code.word[0];
    *given = true;
    return HU_OK;
}

static hu_status answer_line(hu_batch *b, span line, uint64_t index, hu_error *err)
{
    head *h = find_head(b, &line, err);
    if (!h)
        return err->status;
    hu_calculation *c = &h->calculation;
    hu_bits code[HU_CALCULATION_OPERANDS];
    uint64_t word;
    bool given;
    hu_status status = read_codes(c, &line, code, err);
    if (status == HU_OK)
        status = read_random(c, &line, &word, &given, err);
    if (status != HU_OK)
        return status;
    c->env.flags = 0;
    c->env.random.index = index;
    c->env.word = given ? &word : NULL;
    hu_bits result = hu_calculation_run(c, code);
    put_result(b, &result, h->digits, c->env.flags);
    return HU_OK;
}

/* An answer has at most LONGEST_LINE + 1 bytes: the longest is a comment with its newline. */
static void make_room(hu_batch *b)
{
    if (b->used + LONGEST_LINE + 1 > OUT_SIZE)
        hu_batch_flush(b);
}

static void answer(hu_batch *b, const char *text, size_t n)
{
    make_room(b);
    uint64_t index = b->lines++;
    span line = {text, text + n};
    while (line.end > line.at && (is_blank(line.end[-1]) || line.end[-1] == '\r'))
        line.end--;
    skip_blanks(&line);
    hu_error err;
    if (line.at == line.end || *line.at == '#')
        put(b, text, n);
    else if (answer_line(b, line, index, &err) != HU_OK)
        put_error(b, err.text);
    put(b, "\n", 1);
}

/* --- lines out of bytes --- */

static void refuse_long_line(hu_batch *b)
{
    char text[64];
    make_room(b);
    b->lines++;
    snprintf(text, sizeof text, "a line has at most %d bytes, and this one has more", LONGEST_LINE);
    put_error(b, text);
    put(b, "\n", 1);
}

/* Keeps the bytes of a line whose end is not there yet. */
static void hold(hu_batch *b, const char *text, size_t n)
{
    if (b->skipping)
        return;
    if (n > LONGEST_LINE - b->held) {
        refuse_long_line(b);
        b->held = 0;
        b->skipping = true;
        return;
    }
    memcpy(b->line + b->held, text, n);
    b->held += n;
}

static void end_line(hu_batch *b)
{
    if (!b->skipping)
        answer(b, b->line, b->held);
    b->skipping = false;
    b->held = 0;
}

bool hu_batch_feed(hu_batch *b, const char *text, size_t n)
{
    const char *end = text + n, *newline;
    while (text < end && (newline = memchr(text, '\n', (size_t)(end - text)))) {
        if (b->held == 0 && !b->skipping && newline - text <= LONGEST_LINE) {
            answer(b, text, (size_t)(newline - text));
        } else {
            hold(b, text, (size_t)(newline - text));
            end_line(b);
        }
        text = newline + 1;
    }
    if (text < end)
        hold(b, text, (size_t)(end - text));
    return !b->write_failed;
}

bool hu_batch_end(hu_batch *b)
{
    if (b->held > 0 || b->skipping)
        end_line(b);
    return hu_batch_flush(b);
}

size_t hu_batch_errors(const hu_batch *b)
{
    return b->errors;
}

hu_batch *hu_batch_new(const hu_env *defaults, hu_batch_write *write, void *to)
{
    hu_batch *b = hu_calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->defaults = *defaults;
    b->write = write;
    b->to = to;
    for (hu_flags f = 0; f < 32; f++) {
        hu_flags_to_text(f, b->flags[f].text);
        b->flags[f].length = strlen(b->flags[f].text);
    }
    return b;
}

void hu_batch_free(hu_batch *b)
{
    for (int i = 0; b && i < HEADS; i++)
        hu_free(b->heads[i]);
    hu_free(b);
}
