/* p3109-round.c - rounding to the formats of IEEE P3109 against RoundToPrecision, Saturate and Encode of the report,
 * in exact rational arithmetic: results and flags, in all modes and saturation modes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/c/p3109-report.h"

/* --- the report --- */

typedef enum away { ZERO, POSITIVE, NEGATIVE, AWAY, TIES_AWAY, TIES_ZERO, TIES_EVEN, TO_ODD, STOCHASTIC_A, STOCHASTIC_B, STOCHASTIC_C } away;

typedef struct mode {
    const char *name;
    away away;              /* AWAY and TIES_ZERO are not in the report, but follow the same pattern */
    int n;                  /* N of the stochastic modes                                             */
} mode;

static const mode modes[] = {
    {"rz", ZERO, 0}, {"ru", POSITIVE, 0}, {"rd", NEGATIVE, 0}, {"raz", AWAY, 0}, {"rna", TIES_AWAY, 0}, {"rnz", TIES_ZERO, 0},
    {"rne", TIES_EVEN, 0}, {"ro", TO_ODD, 0}, {"sra:1", STOCHASTIC_A, 1}, {"sra:7", STOCHASTIC_A, 7}, {"srb:1", STOCHASTIC_B, 1},
    {"srb:5", STOCHASTIC_B, 5}, {"src:2", STOCHASTIC_C, 2}, {"src:32", STOCHASTIC_C, 32},
};

/* floor(log2 |x|); the denominator is a power of two. */
static long floor_log2(const mpq_t x)
{
    return (long)mpz_sizeinbase(mpq_numref(x), 2) - (long)mpz_sizeinbase(mpq_denref(x), 2);
}

/* floor(nu 2^n), and what is left */
static uint64_t scaled(const mpq_t nu, int n, mpq_t rest)
{
    mpz_t whole;
    mpz_init(whole);
    mpq_mul_2exp(rest, nu, (mp_bitcnt_t)n);
    mpz_fdiv_qr(whole, mpq_numref(rest), mpq_numref(rest), mpq_denref(rest));
    uint64_t out = mpz_get_ui(whole);
    mpz_clear(whole);
    mpq_canonicalize(rest);
    return out;
}

static bool rounds_away(const mode *m, const mpq_t nu, int sign, bool code_even, uint64_t random)
{
    int half = mpq_cmp_ui(nu, 1, 2), some = mpq_sgn(nu);
    uint64_t r = m->n ? random >> (64 - m->n) : 0, one = UINT64_C(1) << m->n, k;
    int above;
    mpq_t rest;
    switch (m->away) {
    case ZERO:      return false;
    case POSITIVE:  return some && sign > 0;
    case NEGATIVE:  return some && sign < 0;
    case AWAY:      return some;
    case TIES_AWAY: return half >= 0;
    case TIES_ZERO: return half > 0;
    case TIES_EVEN: return half > 0 || (half == 0 && !code_even);
    case TO_ODD:    return some && code_even;
    default:        break;
    }
    mpq_init(rest);
    k = scaled(nu, m->away == STOCHASTIC_B ? m->n + 1 : m->n, rest);
    above = mpq_cmp_ui(rest, 1, 2);
    mpq_clear(rest);
    if (m->away == STOCHASTIC_B)
        return k + 2 * r + 1 >= 2 * one;
    if (m->away == STOCHASTIC_C)
        k += above > 0 || (above == 0 && (k & 1));
    return k + r >= one;
}

static void round_to_precision(const report *f, const mode *m, mpq_t z, const mpq_t x, uint64_t random)
{
    long b = report_bias(f), e = floor_log2(x), q = (e > 1 - b ? e : 1 - b) - f->p + 1;
    mpq_t nu;
    mpz_t s;
    mpq_init(nu);
    mpz_init(s);
    mpq_abs(nu, x);
    report_scale(nu, -q);
    mpz_fdiv_qr(s, mpq_numref(nu), mpq_numref(nu), mpq_denref(nu));
    mpq_canonicalize(nu);
    bool code_even = f->p > 1 ? mpz_even_p(s) : mpz_sgn(s) == 0 || (q + b) % 2 == 0;
    if (rounds_away(m, nu, mpq_sgn(x), code_even, random))
        mpz_add_ui(s, s, 1);
    mpq_set_z(z, s);
    report_scale(z, q);
    if (mpq_sgn(x) < 0)
        mpq_neg(z, z);
    mpq_clear(nu);
    mpz_clear(s);
}

/* Out of range, above or below: what becomes of z. REPORT_FINITE: the bound. */
static report_class saturate(const report *f, const mode *m, hu_overflow policy, bool above)
{
    if (policy != HU_OVERFLOW_IEEE || m->away == ZERO || m->away == (above ? NEGATIVE : POSITIVE))
        return REPORT_FINITE;
    if (!above && !f->is_signed)
        return REPORT_NAN;
    if (!f->extended || (m->away == TO_ODD && !f->is_signed))
        return REPORT_FINITE;
    return above ? REPORT_INF : REPORT_NEGATIVE_INF;
}

static hu_code code_of_class(const report *f, report_class class)
{
    long nan = f->is_signed ? 1L << (f->k - 1) : (1L << f->k) - 1;
    return (hu_code)(class == REPORT_NAN ? nan : class == REPORT_INF ? nan - 1 : (1L << f->k) - 1);
}

/* Encode of a value that the format has. */
static hu_code encode(const report *f, const mpq_t z)
{
    if (mpq_sgn(z) == 0)
        return 0;
    long b = report_bias(f), e = floor_log2(z);
    bool normal = e >= 1 - b;
    mpq_t t;
    mpq_init(t);
    mpq_abs(t, z);
    report_scale(t, f->p - 1 - (normal ? e : 1 - b));
    assert_true(mpz_cmp_ui(mpq_denref(t), 1) == 0);
    long code = mpz_get_si(mpq_numref(t)) + (normal ? (e + b - 1) << (f->p - 1) : 0);
    mpq_clear(t);
    return (hu_code)(mpq_sgn(z) < 0 ? code + (1L << (f->k - 1)) : code);
}

/* --- cases --- */

typedef struct trial {
    report report;
    const hu_format *format;
    mpq_t lo, hi;               /* the finite range                          */
    uint64_t cases;
    test_random random;
    const hu_rounding *rounding[TEST_COUNT(modes)];
} trial;

static void compare(trial *t, const mode *m, hu_num x, const mpq_t exact, const mpq_t z, uint64_t random, hu_overflow policy)
{
    bool above = mpq_cmp(z, t->hi) > 0, out = above || mpq_cmp(z, t->lo) < 0;
    report_class class = out ? saturate(&t->report, m, policy, above) : REPORT_FINITE;
    hu_code want = class != REPORT_FINITE ? code_of_class(&t->report, class) : !out ? encode(&t->report, z)
                 : encode(&t->report, above ? t->hi : t->lo);
    hu_flags flags = class == REPORT_NAN ? HU_INVALID : (out ? HU_OVERFLOW : 0) | (mpq_equal(z, exact) && !out ? 0 : HU_INEXACT);
    if (flags == HU_INEXACT && floor_log2(exact) < 1 - report_bias(&t->report))
        flags |= HU_UNDERFLOW;

    hu_env env = {.rounding = t->rounding[m - modes], .overflow = policy, .tininess = HU_TININESS_BEFORE};
    hu_code got = hu_round_with(t->format, &env, x, random);
    if (got != want || env.flags != flags) {
        char hex[HU_TEXT_SIZE];
        fail_msg("%s %s, policy %d: %s%s with word %" PRIx64 " gives 0x%x flags %x, want 0x%x flags %x", t->format->name, m->name, (int)policy,
                 hu_num_to_hex(x, hex), x.sticky ? "+" : "", random, (unsigned)got, env.flags, (unsigned)want, flags);
    }
    t->cases++;
}

static void try_number(trial *t, hu_num x)
{
    mpq_t exact, z, rest;
    mpq_inits(exact, z, rest, NULL);
    report_from_num(exact, x, 0);
    if (x.sticky) {                                             /* half a unit in the last place of sig more */
        mpq_set_ui(rest, 1, 1);
        report_scale(rest, x.exp - 128L);
        (x.negative ? mpq_sub : mpq_add)(exact, exact, rest);
    }
    for (size_t m = 0; m < TEST_COUNT(modes); m++) {
        uint64_t random = test_random_bits(&t->random);
        round_to_precision(&t->report, &modes[m], z, exact, random);
        for (int policy = HU_OVERFLOW_IEEE; policy <= HU_OVERFLOW_SATURATE_FINITE; policy++)
            compare(t, &modes[m], x, exact, z, random, (hu_overflow)policy);
    }
    mpq_clears(exact, z, rest, NULL);
}

/* Around the value of a code, and the grid's next, midpoint included; past the largest value the grid goes on. */
static void try_code(trial *t, long code)
{
    long scale = 1L << (t->report.p - 1), field = code / scale;
    long step = code % scale + (field ? scale : 0), q = (field ? field : 1) - report_bias(&t->report) - (t->report.p - 1);
    for (int sixteenths = 0; sixteenths <= 12; sixteenths += 4) {
        for (int side = -1; side <= 1; side++) {
            hu_u128 sig = ((hu_u128)step * 16 + (unsigned)sixteenths) << 64;
            if (sig == 0)
                continue;
            hu_num x = hu_num_make(test_random_below(&t->random, 2), sig - (side < 0), (int)(q - 4 - 64));
            x.sticky = side > 0 || (side < 0 && test_random_below(&t->random, 2));
            try_number(t, x);
        }
    }
}

static void try_random(trial *t)
{
    hu_u128 sig = (hu_u128)test_random_bits(&t->random) << 64 | test_random_bits(&t->random) | 1;
    int low = t->format->emin - t->report.p - 4, span = t->format->emax + 4 - low;
    hu_num x = hu_num_make(test_random_below(&t->random, 2), sig << test_random_below(&t->random, 128), 0);
    x.exp = low + (int)test_random_below(&t->random, (uint64_t)span);
    x.sticky = test_random_below(&t->random, 2);
    try_number(t, x);
}

static void begin(trial *t, const report *r)
{
    long exp;
    t->report = *r;
    t->format = report_format(r);
    report_decode(r, report_max_code(r), t->hi, &exp);
    report_scale(t->hi, exp);
    mpq_set_ui(t->lo, 0, 1);
    if (r->is_signed)
        mpq_neg(t->lo, t->hi);
}

static void try_format(trial *t, int randoms)
{
    long max = report_max_code(&t->report), normal = 1L << (t->report.p - 1);
    const long edges[] = {0, 1, 2, normal - 1, normal, max - 1, max, max + 1, max + 2};
    for (size_t i = 0; i < TEST_COUNT(edges); i++)
        try_code(t, edges[i]);
    for (int i = 0; i < randoms; i++) {
        try_code(t, (long)test_random_below(&t->random, (uint64_t)max));
        try_random(t);
        try_random(t);
    }
    for (int negative = 0; negative < 2; negative++) {
        try_number(t, hu_num_make(negative, 5, t->format->emax + 300));
        try_number(t, hu_num_make(negative, 5, t->format->emin - 300));
    }
}

/* Runs over the widths from..to; all codes where `all`, else the edges and as many at random as said. */
static void run(int from, int to, bool all, int randoms)
{
    trial t = {.random = {31}};
    int formats = 0;
    for (size_t m = 0; m < TEST_COUNT(modes); m++)
        t.rounding[m] = hu_rounding_find(modes[m].name, NULL);
    mpq_inits(t.lo, t.hi, NULL);
    for (int k = from; k <= to; k++)
        for (report r = {.k = k}; report_next(&r); formats++) {
            begin(&t, &r);
            for (long code = 0; all && code <= report_max_code(&r); code++)
                try_code(&t, code);
            try_format(&t, randoms);
        }
    mpq_clears(t.lo, t.hi, NULL);
    test_note("%d formats, %" PRIu64 " cases", formats, t.cases);
    assert_true(t.cases > 0);
}

static void narrow(void **state) { (void)state; run(3, test_long() ? 8 : 6, true, 4); }
static void wide(void **state)   { (void)state; run(6, 16, false, test_long() ? 100 : 10); }

/* --- what is no finite number --- */

static void specials(void **state)
{
    (void)state;
    for (int k = 3; k <= 16; k++)
        for (report r = {.k = k}; report_next(&r);)
            for (int policy = HU_OVERFLOW_IEEE; policy <= HU_OVERFLOW_SATURATE_FINITE; policy++) {
                const hu_format *f = report_format(&r);
                hu_env env = {.rounding = hu_rounding_find("rne", NULL), .overflow = (hu_overflow)policy};
                long max = report_max_code(&r);
                bool keeps = r.extended && policy != HU_OVERFLOW_SATURATE;
                assert_true(hu_round_with(f, &env, hu_num_inf(false), 0) == (hu_code)(keeps ? max + 1 : max));
                assert_true(hu_round_with(f, &env, hu_num_nan(), 0) == f->nan_code && hu_round_with(f, &env, hu_num_zero(true), 0) == 0);
                assert_int_equal(env.flags, 0);
                hu_code below = hu_round_with(f, &env, hu_num_inf(true), 0);
                long sign = 1L << (k - 1);
                if (r.is_signed)
                    assert_true(below == (hu_code)(keeps ? max + 1 + sign : max + sign));
                else
                    assert_true(below == (policy == HU_OVERFLOW_IEEE ? f->nan_code : 0));
                assert_int_equal(env.flags, !r.is_signed && policy == HU_OVERFLOW_IEEE ? HU_INVALID : 0);
            }
}

/* A difference below zero in an unsigned format, and a product past the largest value, through the operations. */
static void operations(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("binary8p4ue", NULL);
    hu_env env = hu_env_default();
    hu_code one = hu_from_double(f, &env, 1.0), two = hu_from_double(f, &env, 2.0);
    assert_true(hu_sub(f, &env, two, one) == one && env.flags == 0);
    assert_true(hu_sub(f, &env, one, two) == f->nan_code && env.flags == HU_INVALID);
    env = (hu_env){.rounding = env.rounding, .overflow = HU_OVERFLOW_SATURATE};
    assert_true(hu_sub(f, &env, one, two) == 0 && env.flags == (HU_OVERFLOW | HU_INEXACT));
    env = hu_env_default();
    env.rounding = hu_rounding_find("ro", NULL);
    assert_true(hu_mul(f, &env, f->max_code, two) == f->max_code);
    const hu_format *s = hu_format_find("binary8p4se", NULL);
    assert_true(hu_mul(s, &env, s->max_code, hu_from_double(s, &env, -2.0)) == 0xff);
}

static const struct CMUnitTest claims[] = {
    CLAIM("between the codes of narrow formats, at ties, beside them and past the largest, all modes and saturations agree", narrow),
    CLAIM("so they do at the edges of every format of up to 16 bits, and at random", wide),
    CLAIM("infinities, NaN and -0 become what Saturate and Encode say", specials),
    CLAIM("operations round as the report does: below zero, past the largest, to odd", operations),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
