/* fpgen.c - the vectors of IBM's FPgen for binary32: results and flags, trapped exceptions included.
 *
 * A line is "b32OP MODE [TRAPS] OPERAND... -> RESULT [FLAGS]", with values like +1.7FFFFFP127 (a leading bit, 23 bits
 * in hexadecimal, a power of two), Zero, Inf, Q (quiet NaN) and S (signaling NaN). Where an enabled trap is taken
 * the result is "#" (none) or, for overflow and underflow, the value with its exponent moved by 192
 * (IEEE 754-1985, sections 7.3 and 7.4); that value is then computed in a format of the same precision
 * with more exponents.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/hardware/vectors.h"
#include "src/ops/ops.h"
#include "tests/lib/test.h"

enum { MAX_TOKENS = 12, LINE_BYTES = 256, WRAP = 192 };

typedef struct vector {
    const char *op;           /* "+", "*+" ...                                */
    const hu_rounding *mode;
    const char *traps;        /* "" when none is enabled                      */
    const char *operand[3];
    int n_operands;
    const char *result;
    hu_flags flags;
} vector;

typedef struct counts {
    long run, failed, skipped, amended;
} counts;

static const hu_format *single, *doubled, *quadruple, *wider;

static hu_flags flag_of(char letter)
{
    switch (letter) {
    case 'i': return HU_INVALID;
    case 'z': return HU_DIVBYZERO;
    case 'o': return HU_OVERFLOW;
    case 'u': return HU_UNDERFLOW;
    case 'x': return HU_INEXACT;
    default:  return 0;
    }
}

static bool is_flags(const char *token)
{
    return strspn(token, "xuozi") == strlen(token);
}

static const hu_rounding *mode_of(const char *token)
{
    static const struct { const char *fpgen, *ours; } modes[] = {
        {"=0", "rne"}, {">", "ru"}, {"<", "rd"}, {"0", "rz"}, {"=^", "rna"},
    };
    for (size_t i = 0; i < TEST_COUNT(modes); i++)
        if (strcmp(modes[i].fpgen, token) == 0)
            return hu_rounding_find(modes[i].ours, NULL);
    return NULL;
}

static bool parse(char *line, vector *v)
{
    char *token[MAX_TOKENS];
    int n = 0, arrow = -1;
    for (char *t = strtok(line, " \r\n"); t && n < MAX_TOKENS; t = strtok(NULL, " \r\n")) {
        if (strcmp(t, "->") == 0)
            arrow = n;
        token[n++] = t;
    }
    if (arrow < 3 || arrow + 1 >= n || strncmp(token[0], "b32", 3) != 0)
        return false;
    *v = (vector){.op = token[0] + 3, .mode = mode_of(token[1]), .traps = "", .result = token[arrow + 1]};
    int first = 2;
    if (is_flags(token[first]))
        v->traps = token[first++];
    for (int i = first; i < arrow && v->n_operands < 3; i++)
        v->operand[v->n_operands++] = token[i];
    for (const char *c = arrow + 2 < n ? token[arrow + 2] : ""; *c; c++)
        v->flags |= flag_of(*c);
    return v->mode != NULL;
}

/* "+1.7FFFFFP127" and the like as a code of f. */
static hu_code value_code(const hu_format *f, const char *text)
{
    if (strcmp(text, "Q") == 0)
        return f->nan_code;
    if (strcmp(text, "S") == 0)
        return f->inf_code | 1;
    hu_code sign = text[0] == '-' ? (hu_code)1 << (f->width_bits - 1) : 0;
    if (strcmp(text + 1, "Zero") == 0)
        return sign;
    if (strcmp(text + 1, "Inf") == 0)
        return sign | f->inf_code;
    char digits[40] = "0x";
    hu_code fraction = 0;
    size_t n = strcspn(text + 3, "P");
    assert_true(n < sizeof digits - 2);
    memcpy(digits + 2, text + 3, n);
    assert_int_equal(hu_code_from_text(digits, 128, &fraction, NULL), HU_OK);
    long exp = strtol(text + 3 + n + 1, NULL, 10);
    uint64_t field = text[1] == '1' ? (uint64_t)(exp + f->bias) : 0;
    return sign | (hu_code)field << f->man_bits | fraction;
}

static hu_code apply(const hu_format *f, const hu_op *op, hu_env *env, const hu_code code[3])
{
    switch (op->arity) {
    case 1:  return op->unary(f, env, code[0]);
    case 2:  return op->binary(f, env, code[0], code[1]);
    default: return op->ternary(f, env, code[0], code[1], code[2]);
    }
}

static const hu_op *op_of(const char *name)
{
    static const struct { const char *fpgen, *ours; } ops[] = {
        {"+", "add"}, {"-", "sub"}, {"*", "mul"}, {"/", "div"}, {"*+", "fma"}, {"V", "sqrt"}, {"A", "abs"},
        {"~", "neg"},
        {"<C", "min"}, {">C", "max"},
    };
    for (size_t i = 0; i < TEST_COUNT(ops); i++)
        if (strcmp(ops[i].fpgen, name) == 0)
            return hu_op_find(ops[i].ours);
    return NULL;
}

/* The operation with room for the exponent: what a trap handler for overflow and underflow is handed. */
static hu_num unbounded(const vector *v, const hu_op *op, const hu_code code[3], const hu_rounding *mode, hu_flags *flags)
{
    hu_code in[3] = {0, 0, 0};
    hu_env env = hu_env_default();
    for (int i = 0; i < v->n_operands; i++)
        in[i] = hu_convert(single, wider, &env, code[i]);
    env.flags = 0;
    env.rounding = mode;
    hu_num r = hu_decode(wider, apply(wider, op, &env, in));
    *flags = env.flags;
    return r;
}

static bool same_value(hu_num a, hu_num b)
{
    return a.kind == b.kind && a.negative == b.negative && (a.kind != HU_FINITE || hu_num_compare(a, b) == 0);
}

/* Whether the enabled trap was taken as the line says: moved exponent, and only the trapped and inexact flags. */
static bool trapped_right(const vector *v, hu_num exact, hu_flags raised, int shift, hu_flags trap)
{
    exact.exp += shift;
    return same_value(exact, hu_decode(single, value_code(single, v->result))) &&
           v->flags == (trap | (raised & HU_INEXACT));
}

static bool is_tiny(hu_num x)
{
    return x.kind == HU_FINITE && x.exp < single->emin;
}

/* The format of the result: conversions to binary64 and binary128 are no operation of ours. */
static const hu_format *result_format(const vector *v)
{
    return strcmp(v->op, "b64cff") == 0 ? doubled : strcmp(v->op, "b128cff") == 0 ? quadruple : single;
}

static bool run_line(const vector *v, const hu_op *op)
{
    const hu_format *to = result_format(v);
    hu_code code[3] = {0, 0, 0};
    for (int i = 0; i < v->n_operands; i++)
        code[i] = value_code(single, v->operand[i]);
    hu_env env = hu_env_default();
    env.rounding = v->mode;
    env.tininess = HU_TININESS_BEFORE;
    hu_code got = op ? apply(single, op, &env, code) : hu_convert(single, to, &env, code[0]);

    if (op && op->rounds && strpbrk(v->traps, "uo")) {
        hu_flags raised, ignored;
        hu_num r = unbounded(v, op, code, v->mode, &raised);
        hu_num below = unbounded(v, op, code, hu_rounding_find("rz", NULL), &ignored);
        if (strchr(v->traps, 'o') && (env.flags & HU_OVERFLOW))
            return trapped_right(v, r, raised, -WRAP, HU_OVERFLOW);
        if (strchr(v->traps, 'u') && is_tiny(below))
            return trapped_right(v, r, raised, WRAP, HU_UNDERFLOW);
    }
    if (env.flags != v->flags)
        return false;
    if (strcmp(v->result, "#") == 0)
        return hu_decode(to, got).kind == HU_NAN;
    if (strcmp(v->result, "Q") == 0 || strcmp(v->result, "S") == 0)
        return hu_decode(to, got).kind == HU_NAN && hu_decode(to, got).signaling == (v->result[0] == 'S');
    return got == value_code(to, v->result);
}

/* The files go by the first NaN alone; IEEE 754-2019 says that any signaling NaN raises invalid (section 6.2)
 * and that abs and negate raise nothing (section 5.5.1). There the standard is followed. Returns whether v has been changed. */
static bool amend(vector *v, const hu_op *op)
{
    bool signaling = false;
    for (int i = 0; i < v->n_operands; i++)
        signaling |= strcmp(v->operand[i], "S") == 0;
    if (!op || !signaling || op->rounds == !!(v->flags & HU_INVALID))
        return false;
    v->flags = op->rounds ? HU_INVALID : 0;
    return true;
}

/* Why a line is not run; NULL when it is. */
static const char *reason_to_skip(const vector *v, const hu_op *op)
{
    if (!op && result_format(v) == single)
        return "an operation that is not offered (class tests, copies, magnitude maximum)";
    bool selects = op && (strcmp(op->name, "min") == 0 || strcmp(op->name, "max") == 0);
    for (int i = 0; selects && i < v->n_operands; i++)
        if (strcmp(v->operand[i], "Q") == 0 || strcmp(v->operand[i], "S") == 0)
            return "maxNum and minNum of IEEE 754-2008 with a NaN, which 754-2019 has replaced";
    return NULL;
}

static void run_file(const char *path, counts *total)
{
    char line[LINE_BYTES], copy[LINE_BYTES];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        vector v;
        memcpy(copy, line, sizeof copy);
        if (strncmp(line, "b32", 3) != 0)
            continue;
        if (!parse(copy, &v)) {
            total->failed++;
            test_note("not understood: %.*s", (int)strcspn(line, "\n"), line);
            continue;
        }
        const hu_op *op = op_of(v.op);
        if (reason_to_skip(&v, op)) {
            total->skipped++;
            continue;
        }
        total->run++;
        total->amended += amend(&v, op);
        if (!run_line(&v, op) && total->failed++ < 20)
            test_note("differs: %.*s", (int)strcspn(line, "\n"), line);
    }
    fclose(file);
}

static void all_files(void **state)
{
    (void)state;
    const char *folder = test_vectors("fpgen-binary32");
    char path[4096];
    counts total = {0};
    single = hu_format_find("e8m23", NULL);
    doubled = hu_format_find("e11m52", NULL);
    quadruple = hu_format_find("e15m112", NULL);
    wider = hu_format_find("e15m23", NULL);
    assert_true(single && doubled && quadruple && wider);
    snprintf(path, sizeof path, "%s", folder);
    size_t base = strlen(path);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".fptest") != 0)
            continue;
        snprintf(path + base, sizeof path - base, "/%s", entry->d_name);
        run_file(path, &total);
    }
    closedir(dir);
    test_note("FPgen binary32: %ld run, %ld failed, %ld skipped (class tests, copies, magnitude maximum; "
              "minNum and maxNum of a NaN)", total.run, total.failed, total.skipped);
    test_note("in %ld of them the flags are those of IEEE 754-2019 for signaling NaNs, not the file's", total.amended);
    assert_true(total.run > 30000);
    assert_int_equal(total.failed, 0);
}

/* A set of ours in a file of their form. */
static void write_set(const char *path, const char *op, const char *mode)
{
    hu_error err = {0};
    hu_task task;
    uint64_t written;
    hu_vectors_settings settings = {.layout = hu_layout_find("fpgen", NULL), .seed = 3, .count = 8000};
    if (hu_task_init(&task, &(hu_task_words){.op = op, .format = "fp32", .rounding = mode, .tininess = "before"}, &err) != HU_OK ||
        hu_vectors_generate(path, &task, &settings, &written, &err) != HU_OK)
        fail_msg("%s", err.text);
    hu_task_clear(&task);
    assert_int_equal(written, settings.count);
}

static void our_own(void **state)
{
    (void)state;
    static const char *const names[] = {"add", "sub", "mul", "div", "fma", "sqrt", "abs", "neg"};
    static const char *const modes[] = {"rne", "ru", "rd", "rz", "rna"};
    counts total = {0};
    char path[] = "/tmp/fpgen.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    single = hu_format_find("e8m23", NULL);
    doubled = hu_format_find("e11m52", NULL);
    wider = hu_format_find("e15m23", NULL);
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        for (size_t k = 0; k < TEST_COUNT(modes); k++) {
            write_set(path, names[i], modes[k]);
            run_file(path, &total);
        }
    }
    remove(path);
    test_note("our own: %ld run, %ld failed, %ld skipped", total.run, total.failed, total.skipped);
    assert_int_equal(total.run, 8000 * (long)(TEST_COUNT(names) * TEST_COUNT(modes)));
    assert_int_equal(total.failed, 0);
    assert_int_equal(total.amended, 0);
}

static const struct CMUnitTest claims[] = {
    CLAIM("IBM's FPgen vectors for binary32 give the same results and flags, traps included", all_files),
    CLAIM("sets of ours in the layout of FPgen are read by the reader of IBM's files, and agree", our_own),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
