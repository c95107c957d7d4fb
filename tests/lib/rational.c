/* rational.c - rounding in exact rational numbers, from the definitions of the modes. */
#include "tests/lib/rational.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void rational_power(mpq_t x, int exp)
{
    mpq_set_ui(x, 1, 1);
    if (exp >= 0)
        mpq_mul_2exp(x, x, (mp_bitcnt_t)exp);
    else
        mpq_div_2exp(x, x, (mp_bitcnt_t)-exp);
}

hu_num rational_to_num(const mpq_t x)
{
    if (mpq_sgn(x) == 0)
        return hu_num_zero(false);
    int exp = (int)mpz_sizeinbase(mpq_numref(x), 2) - (int)mpz_sizeinbase(mpq_denref(x), 2);
    mpq_t scaled, power;
    mpq_inits(scaled, power, NULL);
    mpq_abs(scaled, x);
    rational_power(power, exp);
    if (mpq_cmp(scaled, power) < 0)
        exp--;
    rational_power(power, 127 - exp);
    mpq_mul(scaled, scaled, power);
    mpz_t whole, rest;
    mpz_inits(whole, rest, NULL);
    mpz_fdiv_qr(whole, rest, mpq_numref(scaled), mpq_denref(scaled));
    uint64_t half[2] = {0, 0};
    mpz_export(half, NULL, -1, sizeof half[0], 0, 0, whole);
    hu_num num = {.kind = HU_FINITE, .negative = mpq_sgn(x) < 0, .exp = exp, .sig = (hu_u128)half[1] << 64 | half[0],
                  .sticky = mpz_sgn(rest) != 0};
    mpz_clears(whole, rest, NULL);
    mpq_clears(scaled, power, NULL);
    return num;
}

void rational_from_num(mpq_t x, hu_num num)
{
    mpq_set_ui(x, 0, 1);
    if (num.kind != HU_FINITE)
        return;
    uint64_t half[2] = {(uint64_t)num.sig, (uint64_t)(num.sig >> 64)};
    mpz_import(mpq_numref(x), 2, -1, sizeof half[0], 0, 0, half);
    mpq_t power;
    mpq_init(power);
    rational_power(power, num.exp - 127);
    mpq_mul(x, x, power);
    if (num.negative)
        mpq_neg(x, x);
    mpq_clear(power);
}

typedef struct item {
    mpq_t   value;
    hu_code code;
} item;

static int compare_items(const void *a, const void *b)
{
    const item *x = a, *y = b;
    int order = mpq_cmp(x->value, y->value);
    return order ? order : (x->code > y->code) - (x->code < y->code);
}

rational_grid *rational_make(hu_code n_codes, rational_value *value)
{
    rational_grid *g = calloc(1, sizeof *g);
    item *items = calloc((size_t)n_codes, sizeof *items);
    assert_true(g && items);
    int n = 0;
    for (hu_code code = 0; code < n_codes; code++) {
        mpq_init(items[n].value);
        items[n].code = code;
        if (value(code, items[n].value))
            n++;
        else
            mpq_clear(items[n].value);
    }
    qsort(items, (size_t)n, sizeof *items, compare_items);
    g->value = calloc((size_t)n, sizeof *g->value);
    g->code = calloc((size_t)n, sizeof *g->code);
    assert_true(g->value && g->code);
    mpq_inits(g->step_above, g->step_below, g->min_normal, g->fine, NULL);
    for (int i = 0; i < n; i++) {
        if (g->n == 0 || mpq_cmp(items[i].value, g->value[g->n - 1]) != 0) {
            mpq_init(g->value[g->n]);
            mpq_set(g->value[g->n], items[i].value);
            g->code[g->n++] = items[i].code;
            if (mpq_sgn(items[i].value) > 0 && mpq_sgn(g->min_normal) == 0)
                mpq_set(g->min_normal, items[i].value);
        }
        mpq_clear(items[i].value);
    }
    free(items);
    g->over_below = g->code[0];
    g->over_above = g->code[g->n - 1];
    return g;
}

void rational_free(rational_grid *g)
{
    for (int i = 0; i < g->n; i++)
        mpq_clear(g->value[i]);
    mpq_clears(g->step_above, g->step_below, g->min_normal, g->fine, NULL);
    free(g->value);
    free(g->code);
    free(g);
}

/* Whether the mode takes the neighbor farther from zero, at the fraction nu of the way to it. */
static bool goes_far(const char *mode, const mpq_t nu, bool negative, bool odd, bool past, uint64_t word)
{
    int half = mpq_cmp_ui(nu, 1, 2);
    if (strcmp(mode, "rne") == 0) return half > 0 || (half == 0 && odd);
    if (strcmp(mode, "rna") == 0) return half >= 0;
    if (strcmp(mode, "rnz") == 0) return half > 0;
    if (strcmp(mode, "ru") == 0)  return !negative;
    if (strcmp(mode, "rd") == 0)  return negative;
    if (strcmp(mode, "rz") == 0)  return false;
    if (strcmp(mode, "raz") == 0) return true;
    if (strcmp(mode, "ro") == 0)  return !odd && !past;
    assert_string_equal(mode, "sr:8");                     /* floor(256 nu) + R >= 256 */
    mpq_t sum;
    mpz_t whole;
    mpq_init(sum);
    mpz_init(whole);
    mpq_mul_2exp(sum, nu, 8);
    mpz_fdiv_q(whole, mpq_numref(sum), mpq_denref(sum));
    bool far = mpz_get_ui(whole) + (word >> 56) >= 256;
    mpz_clear(whole);
    mpq_clear(sum);
    return far;
}

/* nu = (x - from) / step, one where that is more or the step is zero */
static void fraction(mpq_t nu, const mpq_t x, const mpq_t from, const mpq_t step)
{
    mpq_set_ui(nu, 1, 1);
    if (mpq_sgn(step) == 0)
        return;
    mpq_sub(nu, x, from);
    mpq_div(nu, nu, step);
    if (mpq_cmp_ui(nu, 1, 1) > 0)
        mpq_set_ui(nu, 1, 1);
}

/* The last value that is not above x; -1: x is below them all. */
static int place(const rational_grid *g, const mpq_t x)
{
    int low = -1, high = g->n;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (mpq_cmp(g->value[middle], x) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bool is_tiny(const rational_grid *g, const hu_env *env, const mpq_t x, bool odd, uint64_t word)
{
    mpq_t size, nu, step;
    mpq_inits(size, nu, step, NULL);
    mpq_abs(size, x);
    bool tiny = mpq_cmp(size, g->min_normal) < 0;
    if (tiny && env->tininess == HU_TININESS_AFTER && mpq_sgn(g->fine) > 0 && mpq_cmp(size, g->fine) >= 0) {
        mpq_sub(step, g->min_normal, g->fine);
        fraction(nu, size, g->fine, step);
        tiny = mpq_sgn(nu) == 0 || !goes_far(env->rounding->name, nu, mpq_sgn(x) < 0, odd, false, word);
    }
    mpq_clears(size, nu, step, NULL);
    return tiny;
}

hu_code rational_round(const rational_grid *g, const hu_env *env, const mpq_t x, uint64_t word, hu_flags *flags)
{
    int at = place(g, x);
    bool negative = mpq_sgn(x) < 0;
    if (at >= 0 && mpq_equal(g->value[at], x))
        return g->code[at];
    *flags |= HU_INEXACT;
    if (at < 0 && !negative) {
        *flags |= HU_UNDERFLOW;
        return g->code[0];
    }
    bool past = at < 0 || at == g->n - 1;
    int lo = negative ? at + 1 : at;
    mpq_t nu, step;
    mpq_inits(nu, step, NULL);
    if (past) {
        mpq_set(step, negative ? g->step_below : g->step_above);
        if (negative)
            mpq_neg(step, step);
    } else {
        mpq_sub(step, g->value[negative ? at : at + 1], g->value[lo]);
    }
    fraction(nu, x, g->value[lo], step);
    const char *mode = env->rounding->name;
    bool invalid = past && negative && g->below_is_invalid;
    bool odd = g->code[lo] & 1, far = goes_far(mode, nu, negative, odd, past && !invalid, word);
    hu_code result = far && !past ? g->code[negative ? at : at + 1] : g->code[lo];
    if (past) {
        if (mpq_cmp_ui(nu, 1, 1) == 0 || goes_far(mode, nu, negative, odd, false, word))
            *flags |= HU_OVERFLOW;
        else if (invalid)
            *flags |= HU_UNDERFLOW;                                /* it is as good as zero */
        if (far && env->overflow == HU_OVERFLOW_IEEE && invalid)
            *flags = HU_INVALID;
        if (far && env->overflow == HU_OVERFLOW_IEEE)
            result = negative ? g->over_below : g->over_above;
    } else if (is_tiny(g, env, x, odd, word)) {
        *flags |= HU_UNDERFLOW;
    }
    mpq_clears(nu, step, NULL);
    return result;
}

static const char *const modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro", "sr:8"};

/* One number in all surroundings. */
static void compare(const hu_format *f, const rational_grid *g, const mpq_t x, uint64_t *cases)
{
    static const uint64_t words[] = {0, UINT64_C(0x7f) << 56, UINT64_C(0xe0) << 56, UINT64_MAX};
    if (mpq_sgn(x) == 0)
        return;
    hu_num num = rational_to_num(x);
    for (size_t m = 0; m < TEST_COUNT(modes); m++)
        for (int k = 0; k < 4; k++, ++*cases) {
            hu_env env = hu_env_default();
            env.rounding = hu_rounding_find(modes[m], NULL);
            env.overflow = (hu_overflow)(k % 3);
            env.tininess = (hu_tininess)(k & 1);
            hu_flags flags = 0;
            hu_code want = rational_round(g, &env, x, words[k], &flags);
            hu_code got = hu_round_with(f, &env, num, words[k]);
            if (got != want || env.flags != flags) {
                char a[HU_TEXT_SIZE], b[HU_FLAGS_SIZE], c[HU_FLAGS_SIZE];
                fail_msg("%s %s policy %d of %s: got 0x%" PRIx64 " %s, want 0x%" PRIx64 " %s", f->name, modes[m], k % 3,
                         hu_num_to_hex(num, a), (uint64_t)got, hu_flags_to_text(env.flags, b), (uint64_t)want, hu_flags_to_text(flags, c));
            }
        }
}

/* Eighths of the way from a by step, and what is just beside them. */
static void compare_gap(const hu_format *f, const rational_grid *g, const mpq_t a, const mpq_t step, int eighths, uint64_t *cases)
{
    mpq_t x, y, least;
    mpq_inits(x, y, least, NULL);
    mpq_abs(least, step);
    mpq_div_2exp(least, least, 150);
    for (int k = 0; k <= eighths; k++) {
        mpq_set_si(x, k, 8);
        mpq_canonicalize(x);
        mpq_mul(x, x, step);
        mpq_add(x, x, a);
        compare(f, g, x, cases);
        mpq_add(y, x, least);
        compare(f, g, y, cases);
        mpq_sub(y, x, least);
        compare(f, g, y, cases);
    }
    mpq_clears(x, y, least, NULL);
}

void rational_check(const hu_format *f, const rational_grid *g, int stride)
{
    uint64_t cases = 0;
    mpq_t step, x;
    mpq_inits(step, x, NULL);
    for (int i = 0; i < g->n; i++) {
        rational_from_num(x, hu_decode(f, g->code[i]));
        if (!mpq_equal(x, g->value[i]))
            fail_msg("%s: code 0x%" PRIx64 " is %g, should be %g", f->name, (uint64_t)g->code[i], mpq_get_d(x), mpq_get_d(g->value[i]));
        if (i + 1 < g->n && i % stride == 0) {
            mpq_sub(step, g->value[i + 1], g->value[i]);
            compare_gap(f, g, g->value[i], step, 8, &cases);
        }
    }
    for (int end = 0; end < 2; end++) {
        const mpq_t *last = &g->value[end ? g->n - 1 : 0];
        mpq_set(step, end ? g->step_above : g->step_below);
        if (mpq_sgn(step) == 0)
            rational_power(step, -3);
        if (!end)
            mpq_neg(step, step);
        compare_gap(f, g, *last, step, 20, &cases);
        for (int exp = -40; exp < 400; exp += 44) {
            rational_power(x, exp);
            if (!end)
                mpq_neg(x, x);
            mpq_add(x, x, *last);
            compare(f, g, x, &cases);
        }
    }
    for (int exp = -300; exp < 0; exp += 30) {
        rational_power(x, exp);
        compare(f, g, x, &cases);
        mpq_neg(x, x);
        compare(f, g, x, &cases);
    }
    mpq_clears(step, x, NULL);
    test_note("%s: %d values, %" PRIu64 " cases", f->name, g->n, cases);
    assert_true(cases > 0);
}
