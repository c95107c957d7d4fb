/* block-rounding.c - scales and elements of block formats against exact rational arithmetic.
 *
 * The truth knows the elements' values by their fields, searches the scale among the powers of two (or the values of E4M3 and
 * binary32) by comparing fractions, divides as fractions, and rounds by tests/lib/rational. It shares the modes' names and the
 * random words with the code under test, nothing else.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/kernel/block.h"
#include "tests/lib/rational.h"

/* An element by its fields: M bits of significand, the smallest normal 2^emin, the magnitudes 0 to `last`. Sign and magnitude, or two's
 * complement (then M is 0, and the unit 2^emin). */
typedef struct element {
    const char *name;
    int width, man_bits, emin;
    long last;
    int top_exp;                   /* 2^top_exp is the largest power of two among the values */
    int precision;
    bool complement;
} element;

static const element elements[] = {
    {"e2m1fn", 4, 1, 0, 7, 2, 2, false},      {"e2m3fn", 6, 3, 0, 31, 2, 4, false},    {"e3m2fn", 6, 2, -2, 31, 4, 3, false},
    {"e4m3fn", 8, 3, -6, 126, 8, 4, false},   {"e5m2", 8, 2, -14, 123, 15, 3, false},  {"q2.6", 8, 0, -6, 127, 0, 7, true},
    {"int4", 4, 0, 0, 7, 2, 3, true},         {"int3", 3, 0, 0, 3, 1, 2, true},
};
enum { N_ELEMENTS = TEST_COUNT(elements) };

static const element *reading;     /* by value_of */

static void magnitude_value(const element *e, long magnitude, mpq_t value)
{
    long normal = 1L << e->man_bits, field = e->complement ? 0 : magnitude >> e->man_bits;
    long sig = field ? magnitude - field * normal + normal : magnitude;
    mpq_set_si(value, sig, 1);
    mpq_t unit;
    mpq_init(unit);
    rational_power(unit, e->emin - e->man_bits + (field ? (int)field - 1 : 0));
    mpq_mul(value, value, unit);
    mpq_clear(unit);
}

static bool value_of(hu_code code, mpq_t value)
{
    long half = 1L << (reading->width - 1), n = (long)code;
    bool negative = n >= half;
    long magnitude = negative ? (reading->complement ? 2 * half - n : n - half) : n;
    if (magnitude > reading->last)
        return false;
    magnitude_value(reading, magnitude, value);
    if (negative)
        mpq_neg(value, value);
    return true;
}

static rational_grid *grid_of(const element *e)
{
    reading = e;
    rational_grid *g = rational_make((hu_code)1 << e->width, value_of);
    mpq_t last;
    mpq_init(last);
    magnitude_value(e, e->last, g->step_above);             /* the step below the last value goes on above it */
    magnitude_value(e, e->last - 1, last);
    mpq_sub(g->step_above, g->step_above, last);
    mpq_set(g->step_below, g->step_above);
    if (e->complement) {
        mpq_set_ui(g->min_normal, 0, 1);
    } else {
        rational_power(g->min_normal, e->emin);
        mpq_t sliver;                                       /* just below it, with an unbounded exponent */
        mpq_init(sliver);
        rational_power(sliver, e->emin - e->man_bits - 1);
        mpq_sub(g->fine, g->min_normal, sliver);
        mpq_clear(sliver);
    }
    mpq_clear(last);
    return g;
}

/* floor(log2 x) */
static int log2_floor(const mpq_t x)
{
    int k = (int)mpz_sizeinbase(mpq_numref(x), 2) - (int)mpz_sizeinbase(mpq_denref(x), 2);
    mpq_t power;
    mpq_init(power);
    rational_power(power, k);
    if (mpq_cmp(power, x) > 0)
        k--;
    mpq_clear(power);
    return k;
}

/* x in units of 2^exp as a whole number, ties to even */
static void whole_near(mpz_t n, const mpq_t x, int exp)
{
    mpq_t unit;
    mpq_init(unit);
    rational_power(unit, -exp + 1);                         /* halves */
    mpq_mul(unit, unit, x);
    mpz_t halves, rest;
    mpz_inits(halves, rest, NULL);
    mpz_fdiv_qr(halves, rest, mpq_numref(unit), mpq_denref(unit));
    mpz_fdiv_q_2exp(n, halves, 1);
    bool half = mpz_odd_p(halves);
    if (half && (mpz_sgn(rest) > 0 || mpz_odd_p(n)))
        mpz_add_ui(n, n, 1);
    mpz_clears(halves, rest, NULL);
    mpq_clear(unit);
}

/* The exponent of the scale, not yet in range. */
static int scale_exponent(const element *e, const mpq_t amax, hu_scale_rule rule)
{
    int k = log2_floor(amax);
    mpq_t power, top;
    mpq_inits(power, top, NULL);
    rational_power(power, k);
    if (rule == HU_SCALE_ceil && mpq_cmp(power, amax) < 0)
        k++;
    if (rule == HU_SCALE_even) {
        mpz_t n;
        mpz_init(n);
        whole_near(n, amax, k - e->precision + 1);
        if (mpz_cmp_ui(n, 1UL << e->precision) >= 0)
            k++;
        mpz_clear(n);
    }
    int exp = k - e->top_exp;
    if (rule == HU_SCALE_up) {
        magnitude_value(e, e->last, top);
        for (exp = k - e->top_exp - 3;; exp++) {
            rational_power(power, exp);
            mpq_mul(power, power, top);
            if (mpq_cmp(power, amax) >= 0)
                break;
        }
    }
    mpq_clears(power, top, NULL);
    return exp;
}

static void set_double(mpq_t x, double d)
{
    mpq_set_d(x, d);
}

static void largest_of(mpq_t amax, const double *x, size_t n)
{
    mpq_t size;
    mpq_init(size);
    mpq_set_ui(amax, 0, 1);
    for (size_t i = 0; i < n; i++) {
        set_double(size, fabs(x[i]));
        if (mpq_cmp(size, amax) > 0)
            mpq_set(amax, size);
    }
    mpq_clear(size);
}

typedef struct tally {
    uint64_t elements, blocks;
} tally;

/* One element in a block of scale s: code, value and flags. */
static void check_element(const element *e, const rational_grid *g, const hu_env *env, double x, const mpq_t s, uint64_t word, hu_code code,
                          double value, hu_flags *flags, const char *name)
{
    mpq_t quotient, want, got;
    mpq_inits(quotient, want, got, NULL);
    set_double(quotient, x);
    mpq_div(quotient, quotient, s);
    hu_env own = *env;
    own.overflow = HU_OVERFLOW_SATURATE;
    hu_code expected = rational_round(g, &own, quotient, word, flags);
    reading = e;
    value_of(expected, want);
    if (mpq_sgn(want) == 0 && !e->complement && signbit(x))
        expected |= (hu_code)1 << (e->width - 1);
    mpq_mul(want, want, s);
    set_double(got, value);
    if (code != expected || !mpq_equal(want, got) || (value == 0 && !e->complement && signbit(value) != signbit(x)))
        fail_msg("%s %s: x %a: code 0x%" PRIx64 ", value %a; want 0x%" PRIx64 ", %a", name, env->rounding->name, x, (uint64_t)code, value,
                 (uint64_t)expected, mpq_get_d(want));
    mpq_clears(quotient, want, got, NULL);
}

enum { MOST = 1024 };

/* One block against the truth, with scale s as a fraction and its code. */
static void check_block(const element *e, const rational_grid *g, const hu_block_format *f, const hu_env *env, const double *x, size_t n,
                        const mpq_t s, hu_code scale, tally *t)
{
    static uint64_t codes[MOST], scales[1], tensor;
    static double values[MOST];
    hu_env first = *env, second = *env;
    hu_block_layout l = hu_block_line(n);
    hu_flags flags = 0;
    assert_int_equal(hu_block_encode_f64(codes, scales, &tensor, x, &l, f, &first, NULL), HU_OK);
    assert_int_equal(hu_block_quantize_f64(values, x, &l, f, &second, NULL), HU_OK);
    if (scales[0] != scale)
        fail_msg("%s: largest element %a: scale 0x%" PRIx64 ", want 0x%" PRIx64, f->name, x[0], scales[0], (uint64_t)scale);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = hu_random_word(env->random.seed, env->random.stream, env->random.index + i);
        check_element(e, g, env, x[i], s, word, codes[i], values[i], &flags, f->name);
    }
    if (first.flags != flags || second.flags != flags)
        fail_msg("%s %s, largest element %a: flags %x of codes, %x of values, want %x", f->name, env->rounding->name, x[0], first.flags,
                 second.flags, flags);
    assert_int_equal(first.random.index, env->random.index + (env->rounding->random_bits ? n : 0));
    t->elements += n;
    t->blocks++;
}

static const char *const modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro", "sr:8"};

static hu_env env_of(const char *mode)
{
    hu_env env = hu_env_default();
    env.rounding = hu_rounding_find(mode, NULL);
    env.random = (hu_random){7, 3, 1000};
    return env;
}

static const hu_block_format *mx(const element *e, int rule)
{
    char name[96];
    snprintf(name, sizeof name, "block(%s, scale=e8m0fnu, size=%d, rule=%s)", e->name, MOST, hu_scale_rule_names[rule]);
    hu_error err = {0};
    const hu_block_format *f = hu_block_find(name, &err);
    if (!f)
        fail_msg("%s", err.text);
    return f;
}

/* The block at exponent `exp` of E8M0, clamped below. */
static void check_power_block(const element *e, const rational_grid *g, int rule, const hu_env *env, const double *x, size_t n, tally *t)
{
    mpq_t amax, s;
    mpq_inits(amax, s, NULL);
    largest_of(amax, x, n);
    int exp = scale_exponent(e, amax, (hu_scale_rule)rule);
    exp = exp < -127 ? -127 : exp;
    assert_true(exp <= 127);
    rational_power(s, exp);
    check_block(e, g, mx(e, rule), env, x, n, s, (hu_code)(exp + 127), t);
    mpq_clears(amax, s, NULL);
}

/* The magnitudes where a rule may change its mind, in units of a power of two, with the doubles beside each: 1, the element's largest value,
 * and where rounding to the element's precision reaches the next power. */
static size_t maxima(const element *e, double out[9])
{
    mpq_t top;
    mpq_init(top);
    magnitude_value(e, e->last, top);
    double at[3] = {1, ldexp(mpq_get_d(top), -e->top_exp), 2 - ldexp(1, -e->precision)};
    mpq_clear(top);
    for (int i = 0; i < 3; i++) {
        out[3 * i] = nextafter(at[i], 0);
        out[3 * i + 1] = at[i];
        out[3 * i + 2] = nextafter(at[i], 4);
    }
    return 9;
}

static void scales_at_every_power(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS; i++) {
        const element *e = &elements[i];
        tally t = {0};
        rational_grid *g = grid_of(e);
        hu_env env = env_of("rne");
        double at[9];
        size_t n = maxima(e, at);
        for (int rule = 0; rule < HU_SCALE_mse; rule++)
            for (int exp = -160; exp <= 127 + e->top_exp - 2; exp++)
                for (size_t k = 0; k < n; k++) {
                    double x[2] = {ldexp(k & 1 ? -at[k] : at[k], exp), ldexp(0.3, exp)};
                    check_power_block(e, g, rule, &env, x, 2, &t);
                }
        test_note("%s: %" PRIu64 " scales", e->name, t.blocks);
        rational_free(g);
    }
}

/* Beside every value of the element and every midpoint of two, times the scale, both signs, and past the range. The first is the largest. */
static size_t thresholds(const element *e, const rational_grid *g, double *x, double largest, int exp, int stride)
{
    size_t n = 0;
    mpq_t middle;
    mpq_init(middle);
    x[n++] = largest;
    for (int i = 0; i + 1 < g->n; i += stride) {
        mpq_add(middle, g->value[i], g->value[i + 1]);
        double at = ldexp(mpq_get_d(middle), exp - 1);
        double all[3] = {nextafter(at, -INFINITY), at, nextafter(at, INFINITY)};
        for (int k = 0; k < 3; k++)
            if (fabs(all[k]) <= fabs(largest) && n < MOST)
                x[n++] = all[k];
    }
    (void)e;
    for (int k = 0; k < 8 && n < MOST; k++)                 /* past the range, in eighths of a step */
        x[n++] = ldexp(mpq_get_d(g->value[k & 1 ? 0 : g->n - 1]), exp) * (1 + (k / 2) * ldexp(1, -e->precision - 2)) < fabs(largest)
                     ? ldexp(mpq_get_d(g->value[k & 1 ? 0 : g->n - 1]), exp) * (1 + (k / 2) * ldexp(1, -e->precision - 2)) : -0.0;
    mpq_clear(middle);
    return n;
}

static void elements_at_every_threshold(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS; i++) {
        const element *e = &elements[i];
        tally t = {0};
        rational_grid *g = grid_of(e);
        static double x[MOST];
        static const int exps[] = {-127, 0, 100};
        for (size_t m = 0; m < TEST_COUNT(modes); m++)
            for (size_t k = 0; k < TEST_COUNT(exps); k++)
                for (int before = 0; before < 2; before++) {
                    double largest = ldexp(2 - ldexp(1, -40), exps[k] + e->top_exp);       /* past the last value, below 2^(E + 1) */
                    size_t n = thresholds(e, g, x, largest, exps[k], g->n > 100 && !test_long() ? 3 : 1);
                    hu_env env = env_of(modes[m]);
                    env.tininess = (hu_tininess)before;
                    check_power_block(e, g, HU_SCALE_floor, &env, x, n, &t);
                }
        test_note("%s: %" PRIu64 " elements in %" PRIu64 " blocks", e->name, t.elements, t.blocks);
        rational_free(g);
    }
}

static void fill(double *x, size_t n, test_random *r)
{
    int wide = (int)test_random_below(r, 12);
    for (size_t i = 0; i < n; i++) {
        double u = test_random_unit(r) * 2 - 1;
        x[i] = ldexp(u, (int)test_random_below(r, 2 + 2 * (uint64_t)wide) - 20);
        if (test_random_below(r, 3) == 0)
            x[i] = (float)x[i];
        if (test_random_below(r, 40) == 0)
            x[i] = signbit(u) ? -0.0 : 0.0;
    }
    x[test_random_below(r, n)] = ldexp(1 + test_random_unit(r), -3);
}

static void random_blocks(void **state)
{
    (void)state;
    test_random r = {11};
    for (size_t i = 0; i < N_ELEMENTS; i++) {
        const element *e = &elements[i];
        tally t = {0};
        rational_grid *g = grid_of(e);
        double x[64];
        for (int trial = 0; trial < 150; trial++) {
            size_t n = 1 + test_random_below(&r, 64);
            fill(x, n, &r);
            hu_env env = env_of(modes[test_random_below(&r, TEST_COUNT(modes))]);
            env.random.index = test_random_bits(&r) >> 1;
            check_power_block(e, g, (int)test_random_below(&r, HU_SCALE_mse), &env, x, n, &t);
        }
        test_note("%s: %" PRIu64 " elements", e->name, t.elements);
        rational_free(g);
    }
}

/* --- the rule mse: all powers from the one without clipping down to 2^-5 of it --- */

static void squared_error(mpq_t sum, const element *e, const rational_grid *g, const double *x, size_t n, int exp)
{
    mpq_t s, q, v;
    mpq_inits(s, q, v, NULL);
    rational_power(s, exp);
    mpq_set_ui(sum, 0, 1);
    hu_env env = hu_env_default();
    env.overflow = HU_OVERFLOW_SATURATE;
    for (size_t i = 0; i < n; i++) {
        hu_flags flags = 0;
        set_double(q, x[i]);
        mpq_div(q, q, s);
        reading = e;
        value_of(rational_round(g, &env, q, 0, &flags), v);
        mpq_sub(q, q, v);
        mpq_mul(q, q, s);
        mpq_mul(q, q, q);
        mpq_add(sum, sum, q);
    }
    mpq_clears(s, q, v, NULL);
}

static void least_squares(void **state)
{
    (void)state;
    test_random r = {5};
    for (size_t i = 0; i < N_ELEMENTS; i++) {
        const element *e = &elements[i];
        rational_grid *g = grid_of(e);
        double x[32];
        tally t = {0};
        int clipped = 0;
        mpq_t amax, error, least, s;
        mpq_inits(amax, error, least, s, NULL);
        for (int trial = 0; trial < 40; trial++) {
            size_t n = 2 + test_random_below(&r, 31);
            fill(x, n, &r);
            largest_of(amax, x, n);
            int up = scale_exponent(e, amax, HU_SCALE_up), best = up;
            squared_error(least, e, g, x, n, best);
            for (int exp = up - 1; exp >= up - 5; exp--) {
                squared_error(error, e, g, x, n, exp);
                if (mpq_cmp(error, least) < 0) {
                    mpq_set(least, error);
                    best = exp;
                }
            }
            clipped += best < up;
            hu_env env = env_of("rne");
            rational_power(s, best);
            check_block(e, g, mx(e, HU_SCALE_mse), &env, x, n, s, (hu_code)(best + 127), &t);
        }
        test_note("%s: %d of 40 blocks clip", e->name, clipped);
        mpq_clears(amax, error, least, s, NULL);
        rational_free(g);
    }
}

/* --- NVFP4: a scale with a significand, and a tensor scale --- */

/* The positive number x in binary32, ties to even. */
static void to_binary32(mpq_t x)
{
    int k = log2_floor(x), exp = (k < -126 ? -126 : k) - 23;
    mpz_t n;
    mpz_init(n);
    whole_near(n, x, exp);
    mpq_set_z(x, n);
    mpq_t unit;
    mpq_init(unit);
    rational_power(unit, exp);
    mpq_mul(x, x, unit);
    mpq_clear(unit);
    mpz_clear(n);
}

/* The code of E4M3 for the positive number t: 1 to 126. way: -1 down, 1 up, 0 nearest, ties to even. */
static hu_code e4m3_of(const mpq_t t, int way, mpq_t value)
{
    const element *e4m3 = &elements[3];
    mpq_t next, middle;
    mpq_inits(next, middle, NULL);
    long low = 0;
    while (low < 126) {
        magnitude_value(e4m3, low + 1, next);
        if (mpq_cmp(next, t) > 0)
            break;
        low++;
    }
    magnitude_value(e4m3, low, value);
    bool exact = mpq_equal(value, t);
    if (low < 126 && !exact) {
        mpq_add(middle, value, next);
        mpq_div_2exp(middle, middle, 1);
        int order = mpq_cmp(t, middle);
        low += way > 0 || (way == 0 && (order > 0 || (order == 0 && (low & 1))));
    }
    low = low == 0 ? 1 : low;
    magnitude_value(e4m3, low, value);
    mpq_clears(next, middle, NULL);
    return (hu_code)low;
}

static void check_nvfp4(const char *name, int way, bool has_tensor, test_random *r, tally *count)
{
    const element *e = &elements[0];
    const hu_block_format *f = hu_block_find(name, NULL);
    assert_non_null(f);
    rational_grid *g = grid_of(e);
    double x[64], values[64];
    uint64_t codes[64], scales[4], tensor;
    mpq_t amax, top, t, s, want, got;
    mpq_inits(amax, top, t, s, want, got, NULL);
    for (int trial = 0; trial < 60; trial++) {
        fill(x, 64, r);
        for (int i = 0; i < 16; i++)                           /* one block far smaller: its scale underflows */
            x[16 + i] = ldexp(x[16 + i], -(int)test_random_below(r, 24));
        if (!has_tensor && trial % 3 == 0)
            for (int i = 0; i < 16; i++)
                x[i] *= 0x1p16;                                /* past the largest scale */
        hu_env env = env_of(modes[test_random_below(r, TEST_COUNT(modes))]), other = env;
        hu_block_layout l = hu_block_line(64);
        assert_int_equal(hu_block_encode_f64(codes, scales, &tensor, x, &l, f, &other, NULL), HU_OK);
        assert_int_equal(hu_block_quantize_f64(values, x, &l, f, &env, NULL), HU_OK);
        largest_of(amax, x, 64);
        mpq_set_ui(top, 6 * 448, 1);
        mpq_div(t, amax, top);
        to_binary32(t);
        if (!has_tensor)
            mpq_set_ui(t, 1, 1);
        mpq_set_ui(top, 6, 1);
        hu_flags flags = 0;
        for (int block = 0; block < 4; block++) {
            largest_of(amax, x + 16 * block, 16);
            mpq_div(s, amax, top);
            mpq_div(s, s, t);
            hu_code code = e4m3_of(s, way, got);
            if (scales[block] != code)
                fail_msg("%s: scale 0x%" PRIx64 ", want 0x%" PRIx64, name, scales[block], (uint64_t)code);
            mpq_mul(s, got, t);
            for (int i = 16 * block; i < 16 * block + 16; i++) {
                uint64_t word = hu_random_word(env.random.seed, env.random.stream, 1000 + (uint64_t)i);
                check_element(e, g, &env, x[i], s, word, codes[i], values[i], &flags, name);
            }
        }
        assert_int_equal(env.flags, flags);
        assert_int_equal(other.flags, flags);
        count->elements += 64;
    }
    mpq_clears(amax, top, t, s, want, got, NULL);
    rational_free(g);
}

static void nvfp4(void **state)
{
    (void)state;
    test_random r = {9};
    tally t = {0};
    check_nvfp4("nvfp4", 0, true, &r, &t);
    check_nvfp4("nvfp4{rule=floor}", -1, true, &r, &t);
    check_nvfp4("nvfp4{rule=up}", 1, true, &r, &t);
    check_nvfp4("nvfp4{rule=ceil,tensor=none}", 1, false, &r, &t);
    check_nvfp4("nvfp4{tensor=none}", 0, false, &r, &t);
    test_note("%" PRIu64 " elements", t.elements);
}

/* A tensor scale that is 2^-127, the smallest, as amax / (M 2^127) is less: the scale of a block makes up for it, by every rule. */
static void tensor_scale_of_a_power(void **state)
{
    (void)state;
    test_random r = {17};
    double x[32], with[32], without[32];
    uint64_t codes[32], scales[2], scales_without[2], tensor;
    for (int trial = 0; trial < 400; trial++) {
        char name[96], other[112];
        const element *e = &elements[test_random_below(&r, N_ELEMENTS)];
        const char *rule = hu_scale_rule_names[trial % HU_N_SCALE_RULES];
        snprintf(name, sizeof name, "block(%s, scale=e8m0fnu, size=16, rule=%s)", e->name, rule);
        snprintf(other, sizeof other, "block(%s, scale=e8m0fnu, size=16, rule=%s, tensor=e8m0fnu)", e->name, rule);
        for (int i = 0; i < 32; i++)
            x[i] = ldexp(test_random_unit(&r) - 0.5, trial % 3 ? 0 : -(int)test_random_below(&r, 8));
        if (trial & 1)
            x[trial % 32] = ldexp(1, -(trial % 4));                /* a power of two itself */
        hu_env env = env_of("rne");
        hu_block_layout l = hu_block_line(32);
        const hu_block_format *f = hu_block_find(name, NULL), *g = hu_block_find(other, NULL);
        assert_true(f && g);
        assert_int_equal(hu_block_encode_f64(codes, scales_without, &tensor, x, &l, f, &env, NULL), HU_OK);
        assert_int_equal(hu_block_encode_f64(codes, scales, &tensor, x, &l, g, &env, NULL), HU_OK);
        assert_true(tensor == 0 && scales[0] == scales_without[0] + 127 && scales[1] == scales_without[1] + 127);
        assert_int_equal(hu_block_quantize_f64(without, x, &l, f, &env, NULL), HU_OK);
        assert_int_equal(hu_block_quantize_f64(with, x, &l, g, &env, NULL), HU_OK);
        assert_memory_equal(with, without, sizeof with);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("a tensor scale is taken out of the scales of the blocks", tensor_scale_of_a_power),

    CLAIM("the scale is the rule's at every power of two and every threshold beside it", scales_at_every_power),
    CLAIM("elements are rounded once at every tie and at the end of the range, in all modes, with flags", elements_at_every_threshold),
    CLAIM("random blocks have the scale, codes, values and flags of exact arithmetic", random_blocks),
    CLAIM("the rule mse finds the power of two with the least squared error", least_squares),
    CLAIM("NVFP4's two scales and its elements are those of exact arithmetic, by every rule", nvfp4),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
