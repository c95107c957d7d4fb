/* wide-rational.c - wide formats against exact rational numbers: results and flags in every deterministic mode and in sr.
 *
 * The truth reads only the fields that define a format. A result is known as x, or (of square roots) as a number just above
 * x; its magnitude lies on step n of a grid, and n and the exponent together are the code. Formats with exponents of more
 * than 19 bits are met near 1 only: elsewhere their exact results have millions of digits.
 */
#include <stdio.h>
#include <string.h>

#include <gmp.h>

#include "src/ops/bits.h"
#include "tests/lib/widecodes.h"

enum { ROOT_BITS = 900 };            /* of a square root, below the point of the integer that is rooted */

typedef struct exact {
    mpq_t x;                         /* with its sign                                   */
    bool  above;                     /* the number lies just beyond x, away from zero   */
    bool  negative_zero;
} exact;

static void bits_to_mpz(mpz_t z, const hu_bits *a)
{
    mpz_import(z, HU_BITS_WORDS, -1, sizeof a->word[0], 0, 0, a->word);
}

static hu_bits mpz_to_bits(const mpz_t z)
{
    hu_bits a = {{0}};
    mpz_export(a.word, NULL, -1, sizeof a.word[0], 0, 0, z);
    return a;
}

static void scale(mpq_t x, long exp)
{
    if (exp >= 0)
        mpq_mul_2exp(x, x, (mp_bitcnt_t)exp);
    else
        mpq_div_2exp(x, x, (mp_bitcnt_t)-exp);
}

/* The fields of a code; the leading bit of x87 is taken out. */
static void split(const hu_format *f, const hu_bits *code, bool *negative, unsigned long *field, mpz_t trailing)
{
    mpz_t z;
    int m = f->man_bits;
    mpz_init(z);
    bits_to_mpz(z, code);
    *negative = mpz_tstbit(z, (mp_bitcnt_t)f->width_bits - 1) != 0;
    mpz_tdiv_r_2exp(trailing, z, (mp_bitcnt_t)m);
    mpz_tdiv_q_2exp(z, z, (mp_bitcnt_t)(m + f->explicit_leading));
    mpz_tdiv_r_2exp(z, z, (mp_bitcnt_t)f->exp_bits);
    *field = mpz_get_ui(z);
    mpz_clear(z);
}

/* The value of a code; false where it is no number, or an irregular code of x87. */
static bool value(const hu_format *f, const hu_bits *code, mpq_t x)
{
    bool negative, all_ones;
    unsigned long field, last = (1UL << f->exp_bits) - 1;
    mpz_t trailing;
    mpz_init(trailing);
    split(f, code, &negative, &field, trailing);
    mpz_t ones;
    mpz_init_set_ui(ones, 1);
    mpz_mul_2exp(ones, ones, (mp_bitcnt_t)f->man_bits);
    mpz_sub_ui(ones, ones, 1);
    all_ones = mpz_cmp(trailing, ones) == 0;
    mpz_clear(ones);
    bool number = !(f->specials == HU_SPECIALS_IEEE && field == last) && !(f->specials == HU_SPECIALS_FN && field == last && all_ones) &&
                  !(f->specials == HU_SPECIALS_FNUZ && negative && field == 0 && mpz_sgn(trailing) == 0) &&
                  !(f->explicit_leading && hu_bits_test(code, f->man_bits) != (field > 0));
    if (field > 0)
        mpz_setbit(trailing, (mp_bitcnt_t)f->man_bits);
    else if (f->subnormals & HU_FLUSH_IN)
        mpz_set_ui(trailing, 0);
    mpq_set_z(x, trailing);
    if (number)
        scale(x, (long)(field ? field : 1) - f->bias - f->man_bits);
    if (negative)
        mpq_neg(x, x);
    mpz_clear(trailing);
    return number;
}

/* floor(log2 |x|), x not 0 */
static long exponent(const mpq_t x)
{
    long e = (long)mpz_sizeinbase(mpq_numref(x), 2) - (long)mpz_sizeinbase(mpq_denref(x), 2);
    mpq_t power, magnitude;
    mpq_inits(power, magnitude, NULL);
    mpq_abs(magnitude, x);
    mpq_set_ui(power, 1, 1);
    scale(power, e);
    if (mpq_cmp(magnitude, power) < 0)
        e--;
    mpq_clears(power, magnitude, NULL);
    return e;
}

/* Where a magnitude lies above step n: 0 on it, below, at or above the middle. */
typedef struct place {
    mpz_t    n;
    bool     exact;
    int      half;          /* -1, 0, 1 */
    uint64_t part;          /* 63 bits, the last of them sticky */
} place;

static void locate(place *at, const exact *e, long quantum)
{
    mpq_t x, rest, half;
    mpz_t r, q;
    mpq_inits(x, rest, half, NULL);
    mpz_inits(r, q, NULL);
    mpq_abs(x, e->x);
    scale(x, -quantum);
    mpz_fdiv_qr(at->n, r, mpq_numref(x), mpq_denref(x));
    mpq_set_z(rest, r);
    mpz_set(mpq_denref(rest), mpq_denref(x));
    mpq_canonicalize(rest);
    at->exact = mpq_sgn(rest) == 0 && !e->above;
    mpq_set_ui(half, 1, 2);
    at->half = mpq_cmp(rest, half);
    at->half = at->half == 0 ? e->above : at->half < 0 ? -1 : 1;
    scale(rest, 63);
    mpz_fdiv_qr(q, r, mpq_numref(rest), mpq_denref(rest));
    at->part = mpz_get_ui(q) | (mpz_sgn(r) != 0 || e->above);
    mpq_clears(x, rest, half, NULL);
    mpz_clears(r, q, NULL);
}

static bool goes_away(const char *mode, const place *at, bool odd, bool negative, uint64_t word)
{
    if (at->exact)
        return false;
    if (strcmp(mode, "rne") == 0) return at->half > 0 || (at->half == 0 && odd);
    if (strcmp(mode, "rna") == 0) return at->half >= 0;
    if (strcmp(mode, "rnz") == 0) return at->half > 0;
    if (strcmp(mode, "ru") == 0)  return !negative;
    if (strcmp(mode, "rd") == 0)  return negative;
    if (strcmp(mode, "rz") == 0)  return false;
    if (strcmp(mode, "raz") == 0) return true;
    if (strcmp(mode, "ro") == 0)  return !odd;
    return (word >> 1) + at->part >= UINT64_C(1) << 63;     /* sr */
}

/* The code of a magnitude counted from zero, with sign, and the leading bit of x87. */
static hu_bits make_code(const hu_format *f, const mpz_t magnitude, bool negative)
{
    mpz_t field, trailing;
    mpz_inits(field, trailing, NULL);
    mpz_tdiv_r_2exp(trailing, magnitude, (mp_bitcnt_t)f->man_bits);
    mpz_tdiv_q_2exp(field, magnitude, (mp_bitcnt_t)f->man_bits);
    if (f->explicit_leading && mpz_sgn(field))
        mpz_setbit(trailing, (mp_bitcnt_t)f->man_bits);
    mpz_mul_2exp(field, field, (mp_bitcnt_t)(f->man_bits + f->explicit_leading));
    mpz_add(field, field, trailing);
    if (negative && !(f->specials == HU_SPECIALS_FNUZ && mpz_sgn(magnitude) == 0))
        mpz_setbit(field, (mp_bitcnt_t)f->width_bits - 1);
    hu_bits code = mpz_to_bits(field);
    mpz_clears(field, trailing, NULL);
    return code;
}

/* The magnitudes of the largest finite value, and of what stands for an infinity. */
static void landmarks(const hu_format *f, mpz_t max, mpz_t inf)
{
    mpz_set_ui(inf, 1);
    mpz_mul_2exp(inf, inf, (mp_bitcnt_t)(f->exp_bits + f->man_bits));
    mpz_sub_ui(max, inf, 1);
    mpz_set(inf, max);
    if (f->specials == HU_SPECIALS_FN)
        mpz_sub_ui(max, max, 1);
    if (f->specials == HU_SPECIALS_IEEE) {
        mpz_tdiv_q_2exp(inf, inf, (mp_bitcnt_t)f->man_bits);
        mpz_mul_2exp(inf, inf, (mp_bitcnt_t)f->man_bits);
        mpz_sub_ui(max, inf, 1);
    }
}

static hu_bits overflowed(const hu_format *f, const hu_env *env, const char *mode, bool up, bool negative)
{
    mpz_t max, inf;
    mpz_inits(max, inf, NULL);
    landmarks(f, max, inf);
    bool inward = strcmp(mode, "rz") == 0 || strcmp(mode, "ro") == 0 || strcmp(mode, negative ? "ru" : "rd") == 0 || !up;
    hu_bits code;
    if (inward || env->overflow != HU_OVERFLOW_IEEE || f->specials == HU_SPECIALS_FINITE)
        code = make_code(f, max, negative);
    else if (f->specials == HU_SPECIALS_FNUZ)
        code = hu_bits_one(f->width_bits - 1);
    else
        code = make_code(f, inf, negative && f->specials == HU_SPECIALS_IEEE);
    mpz_clears(max, inf, NULL);
    return code;
}

static bool tiny_after(const hu_format *f, const exact *e, long exp, const char *mode, uint64_t word)
{
    place at;
    bool negative = mpq_sgn(e->x) < 0;
    if (exp < f->emin - 1)
        return true;
    mpz_init(at.n);
    locate(&at, e, exp - f->man_bits);
    bool odd = mpz_odd_p(at.n), away = goes_away(mode, &at, odd, negative, word);
    if (away)
        mpz_add_ui(at.n, at.n, 1);
    bool tiny = mpz_sizeinbase(at.n, 2) <= (size_t)f->man_bits + 1;
    mpz_clear(at.n);
    return tiny;
}

static hu_bits round_to(const hu_format *f, const hu_env *env, const exact *e, hu_flags *flags)
{
    const char *mode = env->rounding->name;
    uint64_t word = env->word ? *env->word : 0;
    bool negative = mpq_sgn(e->x) < 0;
    place at;
    mpz_t code, max, inf;
    mpz_inits(code, max, inf, at.n, NULL);
    landmarks(f, max, inf);
    hu_bits result;
    *flags = 0;
    if (mpq_sgn(e->x) == 0) {
        result = make_code(f, code, e->negative_zero);
        mpz_clears(code, max, inf, at.n, NULL);
        return result;
    }
    long exp = exponent(e->x);
    bool subnormal = exp < f->emin, tiny = subnormal;
    locate(&at, e, (subnormal ? f->emin : exp) - f->man_bits);
    mpz_set_si(code, subnormal ? 0 : exp - f->emin);
    mpz_mul_2exp(code, code, (mp_bitcnt_t)f->man_bits);
    mpz_add(code, code, at.n);
    bool up = goes_away(mode, &at, mpz_odd_p(code), negative, word);
    bool lost = !at.exact, far = mpz_cmp(code, max) > 0;
    if (up)
        mpz_add_ui(code, code, 1);
    bool small = subnormal && tiny_after(f, e, exp, mode, word);
    if (env->tininess == HU_TININESS_AFTER)
        tiny = small;
    if ((f->subnormals & HU_FLUSH_OUT) && subnormal) {
        *flags |= HU_INEXACT | (small || tiny ? HU_UNDERFLOW : 0);
        mpz_set_ui(code, !small);
        mpz_mul_2exp(code, code, (mp_bitcnt_t)f->man_bits);
        result = make_code(f, code, negative);
    } else if (mpz_cmp(code, max) > 0) {
        *flags |= HU_OVERFLOW | HU_INEXACT;
        result = overflowed(f, env, mode, up || far, negative);
    } else {
        *flags |= lost ? HU_INEXACT | (tiny ? HU_UNDERFLOW : 0) : 0;
        result = make_code(f, code, negative);
    }
    mpz_clears(code, max, inf, at.n, NULL);
    return result;
}

/* The integer nearest to x, ties to even. */
static void nearest_integer(mpz_t n, const mpq_t x)
{
    mpq_t half;
    mpz_t rest;
    mpq_init(half);
    mpz_init(rest);
    mpq_set_ui(half, 1, 2);
    mpq_add(half, half, x);
    mpz_fdiv_qr(n, rest, mpq_numref(half), mpq_denref(half));
    if (mpz_sgn(rest) == 0 && mpz_odd_p(n))
        mpz_sub_ui(n, n, 1);
    mpz_clear(rest);
    mpq_clear(half);
}

/* floor(sqrt(x) 2^k) / 2^k, for an x whose denominator is a power of two; above: there is more. */
static void square_root(exact *e, const mpq_t x)
{
    long below = (long)mpz_sizeinbase(mpq_denref(x), 2) - 1, shift;
    mpz_t n, rest;
    mpz_inits(n, rest, NULL);
    shift = 2 * ROOT_BITS + (below & 1);
    mpz_mul_2exp(n, mpq_numref(x), (mp_bitcnt_t)shift);
    mpz_sqrtrem(n, rest, n);
    mpq_set_z(e->x, n);
    scale(e->x, -(shift + below) / 2);
    e->above = mpz_sgn(rest) != 0;
    mpz_clears(n, rest, NULL);
}

/* The exact result; false where it is none (division by zero and the like), or too far for rem. */
static bool compute(const char *op, const mpq_t *x, const hu_env *env, exact *e)
{
    bool down = strcmp(env->rounding->name, "rd") == 0;
    mpz_t n;
    e->above = false;
    e->negative_zero = down;
    if (strcmp(op, "add") == 0) {
        mpq_add(e->x, x[0], x[1]);
    } else if (strcmp(op, "sub") == 0) {
        mpq_sub(e->x, x[0], x[1]);
    } else if (strcmp(op, "mul") == 0) {
        mpq_mul(e->x, x[0], x[1]);
    } else if (strcmp(op, "fma") == 0) {
        mpq_mul(e->x, x[0], x[1]);
        mpq_add(e->x, e->x, x[2]);
    } else if (strcmp(op, "div") == 0) {
        mpq_div(e->x, x[0], x[1]);
    } else if (strcmp(op, "sqrt") == 0) {
        if (mpq_sgn(x[0]) < 0)
            return false;
        square_root(e, x[0]);
    } else if (strcmp(op, "rem") == 0) {
        mpz_init(n);
        mpq_div(e->x, x[0], x[1]);
        nearest_integer(n, e->x);
        mpq_set_z(e->x, n);
        mpq_mul(e->x, e->x, x[1]);
        mpq_sub(e->x, x[0], e->x);
        e->negative_zero = mpq_sgn(x[0]) < 0;
        mpz_clear(n);
    } else {
        return false;
    }
    return true;
}

static const char *const op_names[] = {"add", "sub", "mul", "div", "fma", "sqrt", "rem"};
static const char *const mode_names[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro", "sr"};

static void fail_case(const char *op, const hu_format *f, const hu_env *env, const hu_bits *x, const hu_bits *got, hu_flags got_flags,
                      const hu_format *to, const hu_bits *want, hu_flags want_flags)
{
    char text[5][HU_TEXT_SIZE];
    fail_msg("%s %s %s overflow %d tininess %d, %s %s %s: got %s flags %x, want %s flags %x", op, f->name, env->rounding->name, (int)env->overflow,
             (int)env->tininess, hu_bits_to_text(&x[0], f->width_bits, text[0]), hu_bits_to_text(&x[1], f->width_bits, text[1]),
             hu_bits_to_text(&x[2], f->width_bits, text[2]), hu_bits_to_text(got, to->width_bits, text[3]), got_flags,
             hu_bits_to_text(want, to->width_bits, text[4]), want_flags);
}

/* A code near 1: for formats whose range is too large for exact numbers. */
static void draw(test_random *r, const hu_format *f, hu_bits *x)
{
    wide_codes(r, f, x, 3);
    for (int i = 0; i < 3 && f->exp_bits > 19; i++) {
        hu_bits trailing = hu_bits_ones(f->man_bits), field = hu_bits_from_code((hu_u128)(f->bias + (long)test_random_below(r, 700) - 350));
        trailing = hu_bits_and(&trailing, &x[i]);
        field = hu_bits_shift(&field, f->man_bits);
        x[i] = hu_bits_or(&trailing, &field);
    }
}

static hu_env some_env(test_random *r, const uint64_t *word)
{
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find(mode_names[test_random_below(r, TEST_COUNT(mode_names))], NULL);
    env.overflow = (hu_overflow)test_random_below(r, 3);
    env.tininess = (hu_tininess)test_random_below(r, 2);
    env.word = word;
    return env;
}

static const struct { const char *name; int n; } formats[] = {
    {"e5m63", 1500}, {"e2m63", 800}, {"e1m70", 800}, {"e4m100fn", 1500}, {"e3m64fnuz", 1500}, {"e6m120{subnormals=flush}", 1500},
    {"e8m150b200", 800}, {"e5m236", 1500}, {"e9m200{specials=finite}", 800}, {"e7m127{subnormals=flush-out}", 800}, {"e10m126", 800},
    {"x87", 400}, {"binary128", 400}, {"e19m100", 60}, {"binary256", 60}, {"e30m236", 600}, {"e30m63fn", 600},
};

static void arithmetic(void **state)
{
    (void)state;
    test_random r = {31};
    long cases = 0;
    mpq_t x[3];
    exact e;
    mpq_inits(x[0], x[1], x[2], e.x, NULL);
    for (size_t i = 0; i < TEST_COUNT(formats); i++) {
        const hu_format *f = hu_format_find(formats[i].name, NULL);
        assert_non_null(f);
        for (size_t k = 0; k < TEST_COUNT(op_names); k++)
            for (int j = 0; j < formats[i].n * (test_long() ? 10 : 1); j++) {
                const hu_op *op = hu_op_find(op_names[k]);
                uint64_t word = test_random_bits(&r);
                hu_env env = some_env(&r, &word);
                hu_bits code[3], want, got;
                bool fit = true;
                draw(&r, f, code);
                for (int a = 0; a < op->arity; a++)         /* zeros and what is no number: tests/c/wide-narrow.c */
                    fit = fit && value(f, &code[a], x[a]) && mpq_sgn(x[a]) != 0;
                if (!fit || !compute(op->name, (const mpq_t *)x, &env, &e))
                    continue;
                hu_flags flags;
                want = round_to(f, &env, &e, &flags);
                assert_int_equal(hu_apply(op, f, &env, code, &got, NULL), HU_OK);
                if (!hu_bits_equal(&got, &want) || env.flags != flags)
                    fail_case(op->name, f, &env, code, &got, env.flags, f, &want, flags);
                cases++;
            }
    }
    mpq_clears(x[0], x[1], x[2], e.x, NULL);
    test_note("%ld cases", cases);
}

/* From every format of the list to every other, and to some narrow ones. */
static void conversions(void **state)
{
    (void)state;
    static const char *const narrow[] = {"e4m3", "fp16", "fp32", "fp64", "e15m62", "e30m20"};
    test_random r = {32};
    long cases = 0;
    exact e = {.above = false};
    mpq_init(e.x);
    for (size_t i = 0; i < TEST_COUNT(formats); i++)
        for (size_t k = 0; k < TEST_COUNT(formats) + TEST_COUNT(narrow); k++)
            for (int j = 0; j < 40; j++) {
                const hu_format *f = hu_format_find(formats[i].name, NULL);
                const hu_format *to = hu_format_find(k < TEST_COUNT(formats) ? formats[k].name : narrow[k - TEST_COUNT(formats)], NULL);
                uint64_t word = test_random_bits(&r);
                hu_env env = some_env(&r, &word);
                hu_bits code[3], want, got;
                hu_flags flags;
                draw(&r, f, code);
                if (!value(f, &code[0], e.x) || mpq_sgn(e.x) == 0)
                    continue;
                want = round_to(to, &env, &e, &flags);
                hu_bits_convert(f, to, &env, &code[0], &got);
                if (!hu_bits_equal(&got, &want) || env.flags != flags)
                    fail_case("cvt", f, &env, code, &got, env.flags, to, &want, flags);
                cases++;
            }
    mpq_clear(e.x);
    test_note("%ld cases", cases);
}

/* Decimal text of 90 digits, rounded once. */
static void text(void **state)
{
    (void)state;
    test_random r = {33};
    exact e = {.above = false};
    mpz_t ten;
    mpq_init(e.x);
    mpz_init(ten);
    for (int i = 0; i < 8000; i++) {
        const hu_format *f = hu_format_find(formats[test_random_below(&r, 12)].name, NULL);
        uint64_t word = test_random_bits(&r);
        hu_env env = some_env(&r, &word);
        char digits[128];
        int n = 1 + (int)test_random_below(&r, 90), exp = (int)test_random_below(&r, 100) - 60 - n / 2;
        hu_bits got, want;
        hu_flags flags;
        for (int k = 0; k < n; k++)
            digits[k] = (char)('0' + (k == 0) + (int)test_random_below(&r, 9));
        digits[n] = '\0';
        mpz_set_str(mpq_numref(e.x), digits, 10);
        mpz_ui_pow_ui(ten, 10, (unsigned long)(exp < 0 ? -exp : exp));
        mpz_set_ui(mpq_denref(e.x), 1);
        if (exp < 0)
            mpz_set(mpq_denref(e.x), ten);
        else
            mpz_mul(mpq_numref(e.x), mpq_numref(e.x), ten);
        mpq_canonicalize(e.x);
        snprintf(digits + n, sizeof digits - (size_t)n, "e%d", exp);
        want = round_to(f, &env, &e, &flags);
        assert_int_equal(hu_bits_round_text(f, &env, digits, &got, NULL), HU_OK);
        if (!hu_bits_equal(&got, &want) || env.flags != flags)
            fail_msg("%s %s %s: other code or flags (%x, want %x)", f->name, env.rounding->name, digits, env.flags, flags);
    }
    mpq_clear(e.x);
    mpz_clear(ten);
}

/* Decimal text of a tie between two neighbors near 1, and of what lies 10^-200 beside it: farther down than any number of bits kept. */
static void text_of_ties(void **state)
{
    (void)state;
    static const char *const names[] = {"e5m63", "x87", "e5m100", "binary128", "e6m200"};
    test_random r = {35};
    exact e = {.above = false};
    mpz_t factor, scale_up;
    mpq_init(e.x);
    mpz_inits(factor, scale_up, NULL);
    for (int i = 0; i < 3000; i++) {
        const hu_format *f = hu_format_find(names[i % TEST_COUNT(names)], NULL);
        int below = f->man_bits + 1;                        /* bits of the tie below the point */
        uint64_t word = test_random_bits(&r);
        hu_env env = some_env(&r, &word);
        char digits[400], *end;
        hu_bits got, want;
        hu_flags flags;
        mpz_ptr n = mpq_numref(e.x);
        hu_bits tie = wide_trailing(&r, below);
        bits_to_mpz(n, &tie);
        mpz_setbit(n, (mp_bitcnt_t)below);
        mpz_setbit(n, 0);
        mpz_ui_pow_ui(factor, 5, (unsigned long)below);
        mpz_mul(n, n, factor);                            /* in units of 10^-below */
        mpz_ui_pow_ui(scale_up, 10, 260 - (unsigned long)below);
        mpz_mul(n, n, scale_up);                          /* of 10^-260 */
        mpz_ui_pow_ui(factor, 10, 60);
        if (i % 3 == 0)
            mpz_add(n, n, factor);
        if (i % 3 == 1)
            mpz_sub(n, n, factor);
        mpz_get_str(digits, 10, n);
        end = digits + strlen(digits);
        snprintf(end, 16, "e-260");
        mpz_ui_pow_ui(mpq_denref(e.x), 10, 260);
        mpq_canonicalize(e.x);
        want = round_to(f, &env, &e, &flags);
        assert_int_equal(hu_bits_round_text(f, &env, digits, &got, NULL), HU_OK);
        if (!hu_bits_equal(&got, &want) || env.flags != flags)
            fail_msg("%s %s %s: other code or flags (%x, want %x)", f->name, env.rounding->name, digits, env.flags, flags);
    }
    mpz_clears(factor, scale_up, NULL);
    mpq_clear(e.x);
}

/* The text of a value reads back to it, in decimal and in hexadecimal. */
static void text_reads_back(void **state)
{
    (void)state;
    test_random r = {34};
    for (int i = 0; i < 6000; i++) {
        const hu_format *f = hu_format_find(formats[test_random_below(&r, TEST_COUNT(formats))].name, NULL);
        hu_env env = hu_env_default();
        char out[HU_TEXT_SIZE];
        hu_bits code[3], back;
        wide_codes(&r, f, code, 1);
        hu_num x = hu_bits_decode(f, &code[0]);
        if (x.kind == HU_NAN || f->subnormals)
            continue;
        for (int k = 0; k < 2; k++) {
            k ? hu_bits_to_hex(f, &code[0], out) : hu_bits_to_decimal(f, &code[0], out);
            assert_int_equal(hu_bits_round_text(f, &env, out, &back, NULL), HU_OK);
            if (hu_bits_compare_values(f, &back, f, &code[0]) != 0)
                fail_msg("%s: %s reads back as another value", f->name, out);
        }
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("add sub mul div fma sqrt rem of wide formats are right in every mode, flags included", arithmetic),
    CLAIM("conversions from wide formats round once, flags included", conversions),
    CLAIM("decimal text is rounded once", text),
    CLAIM("decimal text just beside a tie is rounded to its side", text_of_ties),
    CLAIM("the text of a value reads back to it", text_reads_back),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
