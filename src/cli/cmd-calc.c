/* cmd-calc.c - halfulp calc: one operation on numbers of a format, with its flags. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "src/cli/calculation.h"
#include "src/cli/cli.h"
#include "src/cli/cmd-batch.h"
#include "src/cli/formats-file.h"
#include "src/cli/options.h"

typedef struct words {          /* of the command line, before they are understood */
    const char *format, *from, *to;
    const char *rounding, *overflow, *tininess, *nan, *formats;
    hu_option_word random, seed;
    bool batch, json, hex;
} words;

typedef struct result {
    hu_bits operand[HU_CALCULATION_OPERANDS];
    hu_bits code;
    hu_num value;               /* cut to 128 bits */
} result;

static const char text[] =
    "Computes one operation exactly, rounds it once, and prints the result's code, its value in decimal and\n"
    "the IEEE 754 flags it raised, or - for none:\n"
    "\n"
    "  $ halfulp calc add --format e4m3fn --rounding rne 0x38 0x40\n"
    "  0x44 3 -\n"
    "\n"
    "An operand that begins with 0x and has neither a point nor a p is a code. Everything else is a value:\n"
    "3 (the number, not the code), 0.3, -1e-5, 0x1.8p-3, inf, nan; one that is not a value of the format is\n"
    "rounded to nearest-even first, and a note on stderr says so. Operations:\n"
    "\n"
    "  add sub mul div rem min max eq lt le (two operands), sqrt rint neg abs (one), fma (three: a * b + c),\n"
    "  cvt (one, from one format to another; either may be an integer: int8, uint16 ...);\n"
    "  exp exp2 expm1 log log2 log1p sin cos tan asin acos atan sinh cosh tanh erf sigmoid rsqrt cbrt (one) and\n"
    "  pow atan2 hypot (two), correctly rounded in every mode\n"
    "\n"
    "cvt without --from takes a value of any precision and rounds it once.\n"
    "\n"
    "With --batch each line of standard input is 'op format rounding code...' or 'cvt from>to rounding code',\n"
    "answered by a line with code and flags (joined by commas), or by 'error: ...'; the exit status is then 1.\n"
    "The rounding may end in +sat. A field r=0xWORD at the end gives the 64 random bits of a stochastic\n"
    "rounding; without it they are those of (--seed, number of lines before this one). Empty lines and\n"
    "lines that begin with # are repeated as they are.\n"
    "\n"
    "  $ printf 'mul e5m2 rz 0x3d 0x3d\\n' | halfulp calc --batch\n"
    "  0x3e inexact\n";

/* One of some words, by its place in the list. */
static int choose(const char *option, const char *word, const char *const *list, int *chosen)
{
    char all[128] = "";
    for (int i = 0; list[i]; i++) {
        if (strcmp(list[i], word) == 0) {
            *chosen = i;
            return HU_CLI_OK;
        }
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", list[i]);
    }
    return hu_cli_fail(HU_CLI_USAGE, "calc: --%s takes one of %s; got '%s'", option, all, word);
}

static int read_env(const words *w, hu_env *env)
{
    static const char *const tininesses[] = {"after", "before", NULL};
    static const char *const nans[] = {"canonical", "propagate", NULL};
    hu_error err;
    int chosen;
    *env = hu_env_default();
    env->random.seed = w->seed.value;
    if (w->random.given)
        env->word = &w->random.value;
    if (hu_env_parse_mode(env, w->rounding, &err) != HU_OK)
        return hu_cli_fail(HU_CLI_USAGE, "calc: --rounding: %s", err.text);
    if (w->overflow && hu_overflow_find(w->overflow, &env->overflow, &err) != HU_OK)
        return hu_cli_fail(HU_CLI_USAGE, "calc: --overflow: %s", err.text);
    if (choose("tininess", w->tininess, tininesses, &chosen) != HU_CLI_OK)
        return HU_CLI_USAGE;
    env->tininess = (hu_tininess)chosen;
    if (choose("nan", w->nan, nans, &chosen) != HU_CLI_OK)
        return HU_CLI_USAGE;
    env->nan = (hu_nan_rule)chosen;
    return HU_CLI_OK;
}

/* The operation and its formats; moves *argc and *argv to the operands. A cvt whose operand is a text of
 * any precision has no format to come from: from.width_bits is 0 then. */
static int read_operation(const words *w, hu_calculation *c, int *argc, char ***argv)
{
    hu_error err;
    if (*argc == 0)
        return hu_cli_fail(HU_CLI_USAGE, "calc: no operation given; for example halfulp calc add --format e5m2 1 0.25");
    if (hu_calculation_set_op(c, **argv, &err) != HU_OK)
        return hu_cli_fail(HU_CLI_USAGE, "calc: %s", err.text);
    ++*argv, --*argc;
    const char *format = w->format;
    if (c->op && (w->from || w->to))
        return hu_cli_fail(HU_CLI_USAGE, "calc: --from and --to are for cvt; %s takes --format", c->op->name);
    if (!c->op && !w->to && *argc > 0 && strchr(**argv, '>')) {
        format = **argv;
        ++*argv, --*argc;
    }
    if (format) {
        if (hu_calculation_set_formats(c, format, &err) != HU_OK)
            return hu_cli_fail(HU_CLI_USAGE, "calc: %s", err.text);
        return HU_CLI_OK;
    }
    if (c->op)
        return hu_cli_fail(HU_CLI_USAGE, "calc: %s needs a format: --format FORMAT, for example --format e4m3fn",
                           c->op->name);
    if (!w->to)
        return hu_cli_fail(HU_CLI_USAGE, "calc: cvt needs a format to go to: --from FORMAT --to FORMAT, or 'fp32>e5m2'");
    c->from = (hu_code_type){.format = NULL, .width_bits = 0};
    if (hu_code_type_find(&c->to, w->to, &err) != HU_OK || (w->from && hu_code_type_find(&c->from, w->from, &err) != HU_OK))
        return hu_cli_fail(HU_CLI_USAGE, "calc: %s", err.text);
    if (!c->to.format && !c->from.format)
        return hu_cli_fail(HU_CLI_USAGE, "calc: cvt to an integer needs a format to come from: --from FORMAT");
    return HU_CLI_OK;
}

/* 0x and nothing that a hexadecimal floating-point number has. */
static bool is_code(const char *word)
{
    return word[0] == '0' && (word[1] == 'x' || word[1] == 'X') && !strpbrk(word, ".pP");
}

static int read_code(const hu_code_type *type, const char *word, hu_bits *code)
{
    hu_error err;
    if (hu_bits_from_text(word, type->width_bits, code, &err) == HU_OK)
        return HU_CLI_OK;
    return hu_cli_fail(HU_CLI_USAGE, "calc: operand '%s': %s", word, err.text);
}

static int read_integer(const hu_code_type *type, const char *word, hu_bits *code)
{
    char *end;
    int spare = 64 - type->width_bits;
    uint64_t n;
    bool fits;
    errno = 0;
    if (type->is_signed) {
        long long value = strtoll(word, &end, 10);
        fits = value >= INT64_MIN >> spare && value <= INT64_MAX >> spare;
        n = (uint64_t)value;
    } else {
        n = strtoull(word, &end, 10);
        fits = n <= UINT64_MAX >> spare && word[0] != '-';
    }
    bool whole = isdigit((unsigned char)word[word[0] == '-']) && *end == '\0';
    if (!whole)
        return hu_cli_fail(HU_CLI_USAGE, "calc: operand '%s' is not a whole number", word);
    if (!fits || errno)
        return hu_cli_fail(HU_CLI_USAGE, "calc: operand '%s' is not one of %sint%d", word,
                           type->is_signed ? "" : "u", type->width_bits);
    *code = hu_bits_from_code(n & (UINT64_MAX >> spare));
    return HU_CLI_OK;
}

static int read_value(const hu_format *f, const char *word, hu_bits *code)
{
    hu_error err;
    hu_env env = hu_env_default();
    if (hu_bits_round_text(f, &env, word, code, &err) != HU_OK)
        return hu_cli_fail(HU_CLI_USAGE, "calc: operand '%s': %s", word, err.text);
    if (env.flags) {
        char hex[HU_TEXT_SIZE], decimal[HU_TEXT_SIZE];
        hu_cli_note("operand %s is not a value of %s; %s, which is %s, stands for it", word, f->name,
                    hu_bits_to_text(code, f->width_bits, hex), f->is_wide ? hu_bits_to_decimal(f, code, decimal) : hu_num_to_decimal(hu_bits_decode(f, code), decimal));
    }
    return HU_CLI_OK;
}

static int read_operands(const hu_calculation *c, int argc, char **argv, hu_bits *operand)
{
    const char *name = c->op ? c->op->name : "cvt";
    if (argc != c->arity)
        return hu_cli_fail(HU_CLI_USAGE, "calc: %s takes %d operand%s; got %d", name, c->arity,
                           c->arity == 1 ? "" : "s", argc);
    for (int i = 0; i < argc; i++) {
        int status = is_code(argv[i])    ? read_code(&c->from, argv[i], &operand[i])
                     : c->from.format    ? read_value(c->from.format, argv[i], &operand[i])
                                         : read_integer(&c->from, argv[i], &operand[i]);
        if (status != HU_CLI_OK)
            return status;
    }
    return HU_CLI_OK;
}

/* cvt of a text: rounded once, whatever the number of its digits. */
static int convert_text(hu_calculation *c, int argc, char **argv, hu_bits *code)
{
    hu_error err;
    if (argc != 1)
        return hu_cli_fail(HU_CLI_USAGE, "calc: cvt takes 1 operand; got %d", argc);
    if (is_code(argv[0]))
        return hu_cli_fail(HU_CLI_USAGE, "calc: cvt of the code %s needs the format it is of: --from FORMAT", argv[0]);
    if (hu_bits_round_text(c->to.format, &c->env, argv[0], code, &err) != HU_OK)
        return hu_cli_fail(HU_CLI_USAGE, "calc: operand '%s': %s", argv[0], err.text);
    return HU_CLI_OK;
}

static bool is_code_of_format(const hu_calculation *c)
{
    return c->to.format && !(c->op && c->op->is_predicate);
}

static char *to_decimal(const hu_calculation *c, const result *r, char out[HU_TEXT_SIZE])
{
    return is_code_of_format(c) ? hu_bits_to_decimal(c->to.format, &r->code, out) : hu_num_to_decimal(r->value, out);
}

static char *to_hex(const hu_calculation *c, const result *r, char out[HU_TEXT_SIZE])
{
    return is_code_of_format(c) ? hu_bits_to_hex(c->to.format, &r->code, out) : hu_num_to_hex(r->value, out);
}

static hu_num value_of(const hu_calculation *c, const hu_bits *code)
{
    if (c->op && c->op->is_predicate)
        return hu_num_from_u64(code->word[0]);
    return c->to.format ? hu_bits_decode(c->to.format, code) : hu_code_type_integer(&c->to, code);
}

static void print_type(const char *key, const hu_code_type *type)
{
    printf("\"%s\": ", key);
    if (type->format)
        hu_cli_json_string(stdout, type->format->name);
    else if (type->width_bits == 0)
        fputs("null", stdout);
    else
        printf("\"%sint%d\"", type->is_signed ? "" : "u", type->width_bits);
    fputs(", ", stdout);
}

static void print_flags(hu_flags flags)
{
    static const struct { hu_flags bit; const char *name; } names[] = {
#define X(name, bit, text) {bit, text},
        HU_FLAG_MAP(X)
#undef X
    };
    const char *comma = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (flags & names[i].bit) {
            printf("%s\"%s\"", comma, names[i].name);
            comma = ", ";
        }
}

/* One object a line. "value" is null for infinities and NaN, which JSON has no numbers for; "hex" is
 * exact and has them all. */
static void print_json(const hu_calculation *c, const result *r, char **operands)
{
    char out[HU_TEXT_SIZE];
    printf("{\"op\": \"%s\", ", c->op ? c->op->name : "cvt");
    print_type(c->op ? "format" : "from", &c->from);
    if (!c->op)
        print_type("to", &c->to);
    printf("\"rounding\": \"%s\", \"operands\": [", c->env.rounding->name);
    for (int i = 0; i < c->arity; i++) {
        if (i)
            fputs(", ", stdout);
        hu_cli_json_string(stdout, c->from.width_bits ? hu_bits_to_text(&r->operand[i], c->from.width_bits, out) : operands[i]);
    }
    printf("], \"code\": \"%s\"", hu_bits_to_text(&r->code, hu_calculation_result_bits(c), out));
    bool is_number = r->value.kind == HU_ZERO || r->value.kind == HU_FINITE;
    printf(", \"value\": %s", is_number ? to_decimal(c, r, out) : "null");
    printf(", \"hex\": \"%s\", \"flags\": [", to_hex(c, r, out));
    print_flags(c->env.flags);
    puts("]}");
}

static void print_line(const hu_calculation *c, const result *r, bool hex)
{
    char code[HU_TEXT_SIZE], value[HU_TEXT_SIZE], flags[HU_FLAGS_SIZE];
    printf("%s %s %s\n", hu_bits_to_text(&r->code, hu_calculation_result_bits(c), code),
           hex ? to_hex(c, r, value) : to_decimal(c, r, value),
           hu_flags_to_text(c->env.flags, flags));
}

static int calculate(const words *w, hu_calculation *c, int argc, char **argv)
{
    result r;
    int status = read_operation(w, c, &argc, &argv);
    if (status != HU_CLI_OK)
        return status;
    if (c->from.width_bits == 0) {
        status = convert_text(c, argc, argv, &r.code);
    } else {
        status = read_operands(c, argc, argv, r.operand);
        if (status == HU_CLI_OK)
            r.code = hu_calculation_run(c, r.operand);
    }
    if (status != HU_CLI_OK)
        return status;
    r.value = value_of(c, &r.code);
    if (w->json)
        print_json(c, &r, argv);
    else
        print_line(c, &r, w->hex);
    return HU_CLI_OK;
}

static int batch(const words *w, const hu_env *env, int argc)
{
    if (argc > 0 || w->format || w->from || w->to || w->random.given || w->json || w->hex)
        return hu_cli_fail(HU_CLI_USAGE, "calc: --batch reads operations, formats, codes and random words from standard input; "
                                         "it takes --overflow, --tininess, --nan and --seed only");
    return hu_cmd_calc_batch(env);
}

int hu_cmd_calc(int argc, char **argv)
{
    words w = {.rounding = "rne", .tininess = "after", .nan = "canonical"};
    const hu_option options[] = {
        {"format",   HU_OPTION_TEXT,   &w.format,   "FORMAT", "of operands and result; 'halfulp format --list'"},
        {"from",     HU_OPTION_TEXT,   &w.from,     "FORMAT", "cvt: of the operand"},
        {"to",       HU_OPTION_TEXT,   &w.to,       "FORMAT", "cvt: of the result"},
        {"rounding", HU_OPTION_TEXT,   &w.rounding, "MODE",   "rne (default) rna rnz ru rd rz raz ro sr sr:R sra:R srb:R\n"
                                                              "src:R srh; +sat after it saturates"},
        {"overflow", HU_OPTION_TEXT,   &w.overflow, "POLICY", "ieee (default), saturate, saturate-finite-only"},
        {"tininess", HU_OPTION_TEXT,   &w.tininess, "WHEN",   "after (default) or before rounding"},
        {"nan",      HU_OPTION_TEXT,   &w.nan,      "RULE",   "canonical (default) or propagate"},
        {"random",   HU_OPTION_WORD,   &w.random,   "WORD",   "the 64 random bits of a stochastic rounding, which looks\n"
                                                              "at the upper ones"},
        {"seed",     HU_OPTION_WORD,   &w.seed,     "N",      "of the random bits where no --random is given (0)"},
        {"hex",      HU_OPTION_SWITCH, &w.hex,      NULL,     "the value in hexadecimal, exactly"},
        {"json",     HU_OPTION_SWITCH, &w.json,     NULL,     "the result as a JSON object"},
        {"batch",    HU_OPTION_SWITCH, &w.batch,    NULL,     "answer the lines of standard input"},
        HU_FORMATS_OPTION(&w.formats),
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"calc",
                            "OP --format FORMAT [OPTIONS] OPERAND...\n"
                            "cvt --from FORMAT --to FORMAT [OPTIONS] OPERAND\n"
                            "cvt 'FROM>TO' [OPTIONS] OPERAND\n"
                            "--batch [OPTIONS] < LINES",
                            text, options};
    hu_calculation c;
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if ((status = hu_formats_load("calc", w.formats)) >= 0)
        return status;
    status = read_env(&w, &c.env);
    if (status != HU_CLI_OK)
        return status;
    return w.batch ? batch(&w, &c.env, argc) : calculate(&w, &c, argc, argv);
}
