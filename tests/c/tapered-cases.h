/* tapered-cases.h - what the tests of posits and takums have in common: the truth in exact rational arithmetic (GMP), found apart
 * from formats/, and the claims that hold for both.
 *
 * A family gives one function, from a code of n bits to its value by the signed formula of its definition, which needs no
 * two's complement. All the rest follows: the floor of a number among the codes is searched by that function, and the
 * midpoint of two neighbors is the code between them of the format with one bit more.
 */
#ifndef HU_TESTS_C_TAPERED_CASES_H
#define HU_TESTS_C_TAPERED_CASES_H

#include <gmp.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/test.h"

#include "src/ops/ops.h"

typedef void truth_decode(mpq_t out, hu_u128 code, int n, int es);

typedef struct family_case {          /* a format, as hu_format_find and the truth know it */
    const char *name;
    int n, es;
} family_case;

/* The bit `at` places below the top of a code of n bits; zeros follow past its end. */
static inline int bit_at(hu_u128 code, int n, int at)
{
    return at < n ? (int)(code >> (n - 1 - at) & 1) : 0;
}

static inline int bits_from(hu_u128 code, int n, int at, int count)
{
    int field = 0;
    for (int i = 0; i < count; i++)
        field = 2 * field + bit_at(code, n, at + i);
    return field;
}

/* ((1 - 3 s) + fraction from `at` on) * 2^exp */
static inline void fraction_value(mpq_t out, hu_u128 code, int n, int at, long exp)
{
    long sign = bit_at(code, n, 0);
    int length = n > at ? n - at : 0;
    mpz_set_si(mpq_numref(out), 1 - 3 * sign);
    for (int i = 0; i < length; i++) {
        mpz_mul_2exp(mpq_numref(out), mpq_numref(out), 1);
        mpz_add_ui(mpq_numref(out), mpq_numref(out), (unsigned long)bit_at(code, n, at + i));
    }
    mpz_set_ui(mpq_denref(out), 1);
    mpz_mul_2exp(mpq_denref(out), mpq_denref(out), (mp_bitcnt_t)length);
    mpq_canonicalize(out);
    if (exp >= 0)
        mpq_mul_2exp(out, out, (mp_bitcnt_t)exp);
    else
        mpq_div_2exp(out, out, (mp_bitcnt_t)-exp);
}

/* Codes as signed integers: their order is that of the values. */

static inline hu_u128 code_of(__int128 k, int n)
{
    return (hu_u128)k & (((hu_u128)1 << n) - 1);
}

static inline void value_of(mpq_t out, truth_decode *decode, __int128 k, int n, int es)
{
    if (k == 0)
        mpq_set_ui(out, 0, 1);
    else
        decode(out, code_of(k, n), n, es);
}

typedef struct wanted {               /* an exact number: v, or the square root of v */
    mpq_t v;
    bool  is_root;
} wanted;

static inline int compare_wanted(const wanted *x, mpq_t q)
{
    if (!x->is_root)
        return mpq_cmp(x->v, q);
    if (mpq_sgn(q) < 0)
        return 1;
    mpq_t square;
    mpq_init(square);
    mpq_mul(square, q, q);
    int order = mpq_cmp(x->v, square);
    mpq_clear(square);
    return order;
}

typedef struct place {                /* where a number lies among the codes */
    __int128 floor;                   /* the largest code with a value that is not above it       */
    bool exact;                       /* its value is that of floor                               */
    int half;                         /* -1, 0, 1: below, at, above the midpoint on the bit string */
    int outside;                      /* -1, 1: beyond the most negative or the largest value      */
    int sign;
} place;

static inline place find_place(truth_decode *decode, const family_case *c, const wanted *x)
{
    __int128 most = ((__int128)1 << (c->n - 1)) - 1, lo = -most, hi = most;
    mpq_t q;
    mpq_init(q);
    place p = {.sign = mpq_sgn(x->v)};
    value_of(q, decode, most, c->n, c->es);
    p.outside = compare_wanted(x, q) > 0;
    value_of(q, decode, -most, c->n, c->es);
    p.outside -= compare_wanted(x, q) < 0;
    while (lo < hi && !p.outside) {
        __int128 middle = lo + (hi - lo + 1) / 2;
        value_of(q, decode, middle, c->n, c->es);
        if (compare_wanted(x, q) >= 0)
            lo = middle;
        else
            hi = middle - 1;
    }
    p.floor = p.outside ? p.outside * most : lo;
    value_of(q, decode, p.floor, c->n, c->es);
    p.exact = compare_wanted(x, q) == 0;
    value_of(q, decode, 2 * p.floor + 1, c->n + 1, c->es);
    p.half = compare_wanted(x, q);
    mpq_clear(q);
    return p;
}

static const char *const eight_modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro"};

/* The code that a mode gives for a number there. */
static inline __int128 pick_of(const char *mode, const place *p)
{
    if (p->exact || p->outside)
        return p->floor;
    __int128 down = p->floor, up = down + 1, near = p->sign > 0 ? down : up, far = p->sign > 0 ? up : down;
    if (strcmp(mode, "rd") == 0)
        return down;
    if (strcmp(mode, "ru") == 0)
        return up;
    if (strcmp(mode, "rz") == 0)
        return near;
    if (strcmp(mode, "raz") == 0 || near == 0)
        return far;
    if (strcmp(mode, "ro") == 0)
        return down & 1 ? down : up;
    if (p->half)
        return p->half < 0 ? down : up;
    return strcmp(mode, "rna") == 0 ? far : strcmp(mode, "rnz") == 0 ? near : down & 1 ? up : down;
}

static inline hu_flags flags_of(const place *p)
{
    if (p->exact)
        return 0;
    bool is_tiny = p->floor == 0 || p->floor == -1;
    return p->outside ? HU_INEXACT | HU_OVERFLOW : is_tiny ? HU_INEXACT | HU_UNDERFLOW : HU_INEXACT;
}

static inline const hu_format *case_format(const family_case *c)
{
    const hu_format *f = hu_format_find(c->name, NULL);
    assert_non_null(f);
    assert_int_equal(f->width_bits, c->n);
    return f;
}

/* An exact number as a fraction, and a fraction with a power of two below as an exact number. */

static inline void mpq_from_num(mpq_t out, hu_num x)
{
    assert_true(x.kind == HU_FINITE && !x.sticky && x.sig >> 127);
    mpz_set_ui(mpq_numref(out), (unsigned long)(x.sig >> 64));
    mpz_mul_2exp(mpq_numref(out), mpq_numref(out), 64);
    mpz_add_ui(mpq_numref(out), mpq_numref(out), (unsigned long)(uint64_t)x.sig);
    mpz_set_ui(mpq_denref(out), 1);
    if (x.exp >= 127)
        mpq_mul_2exp(out, out, (mp_bitcnt_t)(x.exp - 127));
    else
        mpq_div_2exp(out, out, (mp_bitcnt_t)(127 - x.exp));
    if (x.negative)
        mpq_neg(out, out);
}

static inline hu_num num_from_mpq(mpq_t q)
{
    long below = (long)mpz_sizeinbase(mpq_denref(q), 2) - 1, above = (long)mpz_scan1(mpq_numref(q), 0);
    mpz_t odd;
    mpz_init(odd);
    mpz_abs(odd, mpq_numref(q));
    mpz_fdiv_q_2exp(odd, odd, (mp_bitcnt_t)above);
    assert_true(mpz_popcount(mpq_denref(q)) == 1 && mpz_sizeinbase(odd, 2) <= 128);
    uint64_t words[2] = {0, 0};
    mpz_export(words, NULL, -1, sizeof words[0], 0, 0, odd);
    mpz_clear(odd);
    return hu_num_make(mpq_sgn(q) < 0, (hu_u128)words[1] << 64 | words[0], (int)(above - below));
}

/* --- claims --- */

enum { ALL_CODES_BITS = 16, CODES_DRAWN = 3000 };

/* The code number i of those to be tried, all or some; false past the last. */
static inline bool next_signed(const family_case *c, uint64_t *i, test_random *random, __int128 *k)
{
    hu_u128 code = *i;
    if (c->n > ALL_CODES_BITS) {
        code = (hu_u128)test_random_bits(random) >> (64 - c->n);
        if (*i & 1)                                             /* long runs of equal bits */
            code >>= test_random_below(random, (uint64_t)c->n - 1);
        if (*i & 2)
            code = code_of(-(__int128)code, c->n);
    }
    *k = (__int128)(code << (128 - c->n)) >> (128 - c->n);
    return (*i)++ < (c->n > ALL_CODES_BITS ? CODES_DRAWN : UINT64_C(1) << c->n);
}

static inline bool is_nar(const family_case *c, __int128 k)
{
    return k == -((__int128)1 << (c->n - 1));
}

/* Decode, round trip in every mode, negation and order. */
static inline uint64_t check_codes(truth_decode *decode, const family_case *c)
{
    const hu_format *f = case_format(c);
    test_random random = {31};
    uint64_t i = 0;
    __int128 k;
    mpq_t got, want;
    mpq_inits(got, want, NULL);
    while (next_signed(c, &i, &random, &k)) {
        hu_code code = code_of(k, c->n);
        hu_num x = hu_decode(f, code);
        hu_env env = hu_env_default();
        assert_true(x.kind == (k == 0 ? HU_ZERO : is_nar(c, k) ? HU_NAN : HU_FINITE) && !(k == 0 && x.negative));
        assert_true(hu_neg(f, &env, code) == code_of(-k, c->n));
        assert_true(hu_abs(f, &env, code) == (is_nar(c, k) ? code : code_of(k < 0 ? -k : k, c->n)));
        for (int m = 0; hu_rounding_at(m); m++) {
            env.rounding = hu_rounding_at(m);
            assert_true(hu_round_with(f, &env, x, UINT64_MAX * (i & 1)) == code && env.flags == 0);
        }
        if (x.kind != HU_FINITE)
            continue;
        decode(want, code, c->n, c->es);
        mpq_from_num(got, x);
        if (!mpq_equal(got, want))
            fail_msg("%s: code %lld decodes to %g, want %g", c->name, (long long)k, mpq_get_d(got), mpq_get_d(want));
        if (!is_nar(c, k - 1) && k != 1)
            assert_true(hu_num_compare(hu_decode(f, code_of(k - 1, c->n)), x) < 0);
    }
    mpq_clears(got, want, NULL);
    return i - 1;
}

/* The bracket of what the format with three bits more has between two codes: the position is those three bits. */
static inline uint64_t check_positions(truth_decode *decode, const family_case *c)
{
    const hu_format *f = case_format(c);
    test_random random = {32};
    uint64_t i = 0, cases = 0;
    __int128 k, most = ((__int128)1 << (c->n - 1)) - 1;
    mpq_t q;
    mpq_init(q);
    while (next_signed(c, &i, &random, &k)) {
        if (is_nar(c, k) || k == 0)
            continue;
        __int128 magnitude = k < 0 ? -k : k, sign = k < 0 ? -1 : 1;
        for (int eighth = 0; eighth < 8; eighth++)
            for (int sticky = 0; sticky < 2; sticky++, cases++) {
                value_of(q, decode, sign * (magnitude * 8 + eighth), c->n + 3, c->es);
                hu_num x = num_from_mpq(q);
                x.sticky = sticky;
                hu_bracket b = f->family->bracket(f, x);
                bool over = magnitude == most && eighth + sticky > 0;
                assert_true(b.lo == code_of(k, c->n) && b.negative == (k < 0) && !b.tiny && b.overflow == over);
                assert_true(b.part == (over ? HU_ONE : ((uint64_t)eighth << 60 | (unsigned)sticky)));
                if (over || b.part)
                    assert_true(b.hi == (over ? b.lo : code_of(sign * (magnitude + 1), c->n)) && b.odd == (magnitude & 1));
            }
    }
    mpq_clear(q);
    return cases;
}

/* Below the smallest value only directed modes give zero, above the largest none gives NaR; nor do infinities when clamped. */
static inline void check_ends(const family_case *c)
{
    const hu_format *f = case_format(c);
    hu_num least = hu_decode(f, 1), most = hu_decode(f, f->max_code);
    assert_true(hu_num_compare(least, hu_format_min_subnormal(f)) == 0 && f->emin == least.exp && f->emax == most.exp);
    for (int m = 0; hu_rounding_at(m); m++)
        for (int negative = 0; negative < 2; negative++)
            for (int word = 0; word < 2; word++)
                for (int down = 0; down < 4; down++) {
                    hu_env env = hu_env_default();
                    env.rounding = hu_rounding_at(m);
                    const char *mode = env.rounding->name;
                    hu_num small = hu_num_make(negative, 1, least.exp - 1 - down * down * 1000);
                    hu_num large = hu_num_make(negative, 3, most.exp + down * down * 1000);
                    uint64_t random = word ? UINT64_MAX : 0;
                    bool zero = strcmp(mode, "rz") == 0 || strcmp(mode, negative ? "ru" : "rd") == 0;
                    hu_code one = negative ? hu_neg(f, &env, 1) : 1, end = negative ? hu_neg(f, &env, f->max_code) : f->max_code;
                    assert_true(hu_round_with(f, &env, small, random) == (zero ? 0 : one));
                    assert_int_equal(env.flags, HU_INEXACT | HU_UNDERFLOW);
                    env.flags = 0;
                    assert_true(hu_round_with(f, &env, large, random) == end);
                    assert_int_equal(env.flags, HU_INEXACT | HU_OVERFLOW);
                    assert_true(hu_round_with(f, &env, hu_num_inf(negative), random) == f->nan_code);
                    assert_true(hu_round_with(f, &env, hu_num_nan(), random) == f->nan_code);
                    env.overflow = HU_OVERFLOW_SATURATE;
                    assert_true(hu_round_with(f, &env, hu_num_inf(negative), random) == end);
                }
}

static inline hu_code run_op(const hu_op *op, const hu_format *f, hu_env *env, const hu_code a[3])
{
    return op->arity == 1 ? op->unary(f, env, a[0]) : op->arity == 2 ? op->binary(f, env, a[0], a[1])
         : op->ternary(f, env, a[0], a[1], a[2]);
}

/* The operation in the eight modes, against its exact result x. */
static inline void check_result(truth_decode *decode, const family_case *c, const hu_op *op, const hu_code a[3], const wanted *x)
{
    const hu_format *f = case_format(c);
    place p = find_place(decode, c, x);
    for (size_t m = 0; m < TEST_COUNT(eight_modes); m++) {
        hu_env env = hu_env_default();
        env.rounding = hu_rounding_find(eight_modes[m], NULL);
        hu_code got = run_op(op, f, &env, a);
        hu_code want = code_of(pick_of(eight_modes[m], &p), c->n);
        if (got != want || env.flags != flags_of(&p))
            fail_msg("%s: %s %s of 0x%llx, 0x%llx, 0x%llx gives 0x%llx flags %u, want 0x%llx flags %u", c->name, op->name, eight_modes[m],
                     (unsigned long long)a[0], (unsigned long long)a[1], (unsigned long long)a[2], (unsigned long long)got, env.flags,
                     (unsigned long long)want, flags_of(&p));
    }
}

/* NaR goes through every operation and comes of a division by zero and of the root of a negative. */
static inline void check_nar(const family_case *c, const hu_op *op, const hu_code a[3])
{
    const hu_format *f = case_format(c);
    hu_env env = hu_env_default();
    assert_true(run_op(op, f, &env, a) == f->nan_code);
}

static inline void exact_binary(mpq_t out, const char *operation, mpq_t a, mpq_t b)
{
    switch (operation[0]) {
    case 'a': mpq_add(out, a, b); break;
    case 's': mpq_sub(out, a, b); break;
    case 'm': mpq_mul(out, a, b); break;
    default:  mpq_div(out, a, b); break;
    }
}

static inline void check_binary(truth_decode *decode, const family_case *c, const char *operation, __int128 i, __int128 j)
{
    const hu_op *op = hu_op_find(operation);
    const hu_code a[3] = {code_of(i, c->n), code_of(j, c->n)};
    if (is_nar(c, i) || is_nar(c, j) || (operation[0] == 'd' && j == 0)) {
        check_nar(c, op, a);
        return;
    }
    wanted x = {.is_root = false};
    mpq_t u, v;
    mpq_inits(u, v, x.v, NULL);
    value_of(u, decode, i, c->n, c->es);
    value_of(v, decode, j, c->n, c->es);
    exact_binary(x.v, operation, u, v);
    check_result(decode, c, op, a, &x);
    mpq_clears(u, v, x.v, NULL);
}

static inline void check_root(truth_decode *decode, const family_case *c, __int128 i)
{
    const hu_op *op = hu_op_find("sqrt");
    const hu_code a[3] = {code_of(i, c->n)};
    if (i < 0) {                                                /* NaR is one of them */
        check_nar(c, op, a);
        return;
    }
    wanted x = {.is_root = true};
    mpq_init(x.v);
    value_of(x.v, decode, i, c->n, c->es);
    check_result(decode, c, op, a, &x);
    mpq_clear(x.v);
}

/* i j + k */
static inline void check_fma(truth_decode *decode, const family_case *c, __int128 i, __int128 j, __int128 k)
{
    const hu_op *op = hu_op_find("fma");
    const hu_code a[3] = {code_of(i, c->n), code_of(j, c->n), code_of(k, c->n)};
    if (is_nar(c, i) || is_nar(c, j) || is_nar(c, k)) {
        check_nar(c, op, a);
        return;
    }
    wanted x = {.is_root = false};
    mpq_t u, v;
    mpq_inits(u, v, x.v, NULL);
    value_of(u, decode, i, c->n, c->es);
    value_of(v, decode, j, c->n, c->es);
    mpq_mul(v, u, v);
    value_of(u, decode, k, c->n, c->es);
    mpq_add(x.v, u, v);
    check_result(decode, c, op, a, &x);
    mpq_clears(u, v, x.v, NULL);
}

static const char *const four_operations[] = {"add", "sub", "mul", "div"};

static inline uint64_t check_all_pairs(truth_decode *decode, const family_case *c)
{
    int half = 1 << (c->n - 1);
    for (int i = -half; i < half; i++) {
        check_root(decode, c, i);
        for (int j = -half; j < half; j++)
            for (size_t o = 0; o < TEST_COUNT(four_operations); o++)
                check_binary(decode, c, four_operations[o], i, j);
    }
    return (UINT64_C(4) << 2 * c->n) + (UINT64_C(1) << c->n);
}

static inline __int128 draw_signed(const family_case *c, test_random *random)
{
    uint64_t at = c->n > ALL_CODES_BITS ? test_random_below(random, 4) : test_random_below(random, UINT64_C(1) << c->n);
    __int128 k;
    next_signed(c, &at, random, &k);
    return k;
}

static inline uint64_t check_some_pairs(truth_decode *decode, const family_case *c, uint64_t pairs)
{
    test_random random = {33};
    for (uint64_t n = 0; n < pairs; n++) {
        __int128 i = draw_signed(c, &random), j = draw_signed(c, &random), k = draw_signed(c, &random);
        check_binary(decode, c, four_operations[n & 3], i, j);
        check_root(decode, c, i);
        check_fma(decode, c, i, j, k);
    }
    return 3 * pairs;
}

#endif
