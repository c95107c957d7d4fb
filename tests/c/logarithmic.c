/* logarithmic.c - logarithmic numbers and logarithmic takums against MPFR, with logarithms read by the formulas of their sources.
 *
 * The truth knows a value by its logarithm, an integer in units of 2^-64, and finds where any real number lies among the codes
 * by comparing logarithms of 448 bits. Two that are closer than 2^-300 are taken for equal; where terms of a sum are farther apart
 * than that, the smaller one says on which side.
 */
#include <math.h>
#include <mpfr.h>
#include <string.h>

#include "src/kernel/kernel.h"
#include "src/ops/bits.h"
#include "src/ops/round.h"
#include "tests/lib/test.h"

enum { PRECISION = 448, SAME = -300, FAR = 250, UNIT = 64 };

typedef __int128 wide;

typedef struct family {
    const char *name;
    int width, fraction;      /* fraction < 0: a logarithmic takum */
} family;

static bool is_takum(const family *t) { return t->fraction < 0; }

static const hu_format *format_of(const family *t)
{
    static const family *last;
    static const hu_format *f;
    hu_error err;
    if (t != last && !(f = hu_format_find(t->name, &err)))
        fail_msg("%s", err.text);
    last = t;
    return f;
}

/* --- codes: magnitudes are numbered in the order of their values; zero comes before the first --- */

/* (-1)^S (c + m) by the takum's own formula, which needs no two's complement (arXiv 2404.18603); n up to 65 bits */
static wide takum_log(hu_u128 code, int n)
{
    int bit[128] = {0}, at = 5;
    for (int i = 0; i < n; i++)
        bit[i] = (int)(code >> (n - 1 - i) & 1);
    int field = 4 * bit[2] + 2 * bit[3] + bit[4], r = bit[1] ? field : 7 - field, c = 0;
    for (int i = 0; i < r; i++)
        c = 2 * c + bit[at++];
    c += bit[1] ? (1 << r) - 1 : 1 - (1 << (r + 1));
    wide l = (wide)c * ((wide)1 << UNIT);
    for (int i = 0; i < UNIT; i++)
        l += (wide)bit[at + i] << (UNIT - 1 - i);
    return bit[0] ? -l : l;
}

static wide first_of(const family *t) { return is_takum(t) ? 1 : 1 - ((wide)1 << (t->width - 2)); }
static wide last_of(const family *t)  { return is_takum(t) ? ((wide)1 << (t->width - 1)) - 1 : ((wide)1 << (t->width - 2)) - 1; }

static wide log_of(const family *t, wide k)
{
    return is_takum(t) ? takum_log((hu_u128)k, t->width) : k * ((wide)1 << (UNIT - t->fraction));
}

static wide middle_of(const family *t, wide k)
{
    return is_takum(t) ? takum_log((hu_u128)k * 2 + 1, t->width + 1) : (log_of(t, k) + log_of(t, k + 1)) / 2;
}

static hu_code code_of(const family *t, wide k, bool negative)
{
    hu_code all = ((hu_code)1 << t->width) - 1;
    if (is_takum(t))
        return (hu_code)(negative ? -k : k) & all;
    return ((hu_code)k & (all >> 1)) | (negative ? (hu_code)1 << (t->width - 1) : 0);
}

static hu_code zero_of(const family *t) { return is_takum(t) ? 0 : (hu_code)1 << (t->width - 2); }
static hu_code nan_of(const family *t)  { return is_takum(t) ? (hu_code)1 << (t->width - 1) : (hu_code)3 << (t->width - 2); }

/* The sign and the number of a code's magnitude; false for zero and NaN. */
static bool read_code(const family *t, hu_code code, bool *negative, wide *k)
{
    if (code == zero_of(t) || code == nan_of(t))
        return false;
    *negative = code >> (t->width - 1) & 1;
    if (is_takum(t)) {
        *k = *negative ? ((wide)1 << t->width) - (wide)code : (wide)code;
        return true;
    }
    hu_code digits = code & (((hu_code)1 << (t->width - 1)) - 1);
    *k = (wide)digits - (digits >> (t->width - 2) ? (wide)1 << (t->width - 1) : 0);
    return true;
}

/* --- real numbers --- */

static void set_wide(mpfr_ptr out, wide l)
{
    bool negative = l < 0;
    hu_u128 magnitude = negative ? -(hu_u128)l : (hu_u128)l;
    mpfr_set_ui(out, (unsigned long)(magnitude >> 64), MPFR_RNDN);
    mpfr_mul_2ui(out, out, 64, MPFR_RNDN);
    mpfr_add_ui(out, out, (unsigned long)magnitude, MPFR_RNDN);
    mpfr_div_2ui(out, out, UNIT, MPFR_RNDN);
    mpfr_setsign(out, out, negative, MPFR_RNDN);
}

static void power(const family *t, mpfr_ptr out, wide l)
{
    set_wide(out, l);
    if (is_takum(t)) {
        mpfr_div_2ui(out, out, 1, MPFR_RNDN);
        mpfr_exp(out, out, MPFR_RNDN);
    } else {
        mpfr_exp2(out, out, MPFR_RNDN);
    }
}

static void logarithm(const family *t, mpfr_ptr out, mpfr_srcptr x)
{
    if (is_takum(t)) {
        mpfr_log(out, x, MPFR_RNDN);
        mpfr_mul_2ui(out, out, 1, MPFR_RNDN);
    } else {
        mpfr_log2(out, x, MPFR_RNDN);
    }
}

/* log |x| of a result, and what the digits do not show: nudge is the sign of what is missing. */
typedef struct real {
    mpfr_t y;
    int nudge;
    bool negative, zero;
} real;

static void real_init(real *x)  { mpfr_init2(x->y, PRECISION); x->nudge = 0; x->negative = x->zero = false; }
static void real_clear(real *x) { mpfr_clear(x->y); }

static int compare(const real *x, wide l)
{
    mpfr_t difference;
    mpfr_init2(difference, PRECISION);
    set_wide(difference, l);
    mpfr_sub(difference, x->y, difference, MPFR_RNDN);
    bool same = mpfr_zero_p(difference) || mpfr_get_exp(difference) < SAME;
    int order = same ? x->nudge : mpfr_sgn(difference);
    mpfr_clear(difference);
    return order;
}

typedef struct place {
    bool below, above, exact;  /* of the smallest magnitude; of the largest */
    bool passed;               /* above: as far as the next code would be, or farther */
    int  middle;               /* how x compares with the middle above k    */
    wide k;
} place;

static place find(const family *t, const real *x)
{
    wide low = first_of(t), high = last_of(t);
    place p = {.k = low, .below = compare(x, log_of(t, low)) < 0};
    if (p.below)
        return p;
    while (low < high) {
        wide m = low + (high - low + 1) / 2;
        if (compare(x, log_of(t, m)) < 0)
            high = m - 1;
        else
            low = m;
    }
    p.k = low;
    p.exact = compare(x, log_of(t, low)) == 0;
    p.above = low == last_of(t) && !p.exact;
    if (!is_takum(t) || !p.above)
        p.middle = compare(x, middle_of(t, low));
    p.passed = p.above && (is_takum(t) || compare(x, log_of(t, low + 1)) >= 0);
    return p;
}

static const char *const modes[] = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro"};

static const hu_rounding *rounding(size_t m)
{
    static const hu_rounding *found[TEST_COUNT(modes)];
    if (!found[m])
        found[m] = hu_rounding_find(modes[m], NULL);
    return found[m];
}

static bool goes_up(const char *mode, const place *p, bool negative)
{
    bool odd = p->k & 1;
    if (strcmp(mode, "rz") == 0)  return false;
    if (strcmp(mode, "raz") == 0) return true;
    if (strcmp(mode, "ru") == 0)  return !negative;
    if (strcmp(mode, "rd") == 0)  return negative;
    if (p->below)                 return true;
    if (strcmp(mode, "ro") == 0)  return !odd;
    return p->middle > 0 || (p->middle == 0 && (mode[2] == 'a' || (mode[2] == 'e' && odd)));
}

static hu_code wanted(const family *t, const char *mode, const real *x, const place *p, hu_flags *flags)
{
    bool up = goes_up(mode, p, x->negative);
    *flags = p->exact ? 0 : HU_INEXACT;
    if (p->exact)
        return code_of(t, p->k, x->negative);
    if (p->below) {
        *flags |= HU_UNDERFLOW;
        return up ? code_of(t, p->k, x->negative) : zero_of(t);
    }
    if (p->above) {
        *flags |= p->passed || up ? HU_OVERFLOW : 0;
        return code_of(t, p->k, x->negative);
    }
    return code_of(t, p->k + up, x->negative);
}

static void expect(const family *t, const char *what, const char *mode, const hu_code *a, hu_code got, hu_flags got_flags, hu_code want, hu_flags want_flags)
{
    if (got != want || got_flags != want_flags)
        fail_msg("%s: %s %s of 0x%llx 0x%llx 0x%llx gives 0x%llx flags %u, want 0x%llx flags %u", t->name, what, mode,
                 (unsigned long long)a[0], (unsigned long long)a[1], (unsigned long long)a[2], (unsigned long long)got, got_flags,
                 (unsigned long long)want, want_flags);
}

/* The bracket of a result in the eight modes, and the operation itself in one of them, or in all. */
static void check_result(const family *t, const char *name, hu_term term, const hu_code a[3], const real *x, int mode)
{
    const hu_format *f = format_of(t);
    const hu_op *op = hu_op_find(name);
    hu_bracket b;
    bool some = f->family->result(f, term, a, &b);
    assert_true(some == !x->zero);
    place p = {0};
    if (some)
        p = find(t, x);
    for (int m = 0; m < (int)TEST_COUNT(modes); m++) {
        hu_flags flags = 0;
        hu_code want = some ? wanted(t, modes[m], x, &p, &flags) : zero_of(t);
        hu_env env = hu_env_default();
        env.rounding = rounding(m);
        if (some) {
            hu_code got = hu_round_up(&env, &b, 0) ? b.hi : b.lo;
            expect(t, name, modes[m], a, got, env.flags, want, flags);
        }
        if (mode >= 0 && m != mode)
            continue;
        env.flags = 0;
        hu_code got = op->arity == 1 ? op->unary(f, &env, a[0]) : op->arity == 2 ? op->binary(f, &env, a[0], a[1])
                    : op->ternary(f, &env, a[0], a[1], a[2]);
        expect(t, name, modes[m], a, got, env.flags, want, flags);
    }
}

/* --- truths of the operations, on logarithms and signs --- */

/* s B^p + B^q with p >= q; the sign is that of the first */
static void true_sum(const family *t, real *x, wide p, wide q, bool is_difference)
{
    mpfr_t u, v;
    mpfr_inits2(PRECISION, u, v, NULL);
    x->zero = is_difference && p == q;
    x->nudge = p - q > ((wide)(is_takum(t) ? FAR + FAR / 2 : FAR) << UNIT) ? is_difference ? -1 : 1 : 0;
    if (x->nudge) {
        set_wide(x->y, p);
    } else if (!x->zero) {
        power(t, u, p);
        power(t, v, q);
        if (is_difference)
            mpfr_sub(u, u, v, MPFR_RNDN);
        else
            mpfr_add(u, u, v, MPFR_RNDN);
        logarithm(t, x->y, u);
    }
    mpfr_clears(u, v, NULL);
}

static void true_signed_sum(const family *t, real *x, bool a_negative, wide a, bool b_negative, wide b)
{
    true_sum(t, x, a > b ? a : b, a > b ? b : a, a_negative != b_negative);
    x->negative = a >= b ? a_negative : b_negative;
}

/* --- claims --- */

static const family small[] = {{"lns4.3", 8, 3}, {"takum_log8", 8, -1}, {"lns2.0", 3, 0}, {"lns1.2", 4, 2}, {"lns5.0", 6, 0}, {"lns2.3", 6, 3},
                               {"takum_log6", 6, -1}, {"takum_log3", 3, -1}, {"takum_log2", 2, -1}};
static const family medium[] = {{"lns8.3", 12, 3}, {"lns8.7", 16, 7}, {"takum_log12", 12, -1}, {"takum_log16", 16, -1}};
static const family large[] = {{"lns8.23", 32, 23}, {"lns16.8", 25, 8}, {"lns16.47", 64, 47}, {"lns1.30", 32, 30}, {"takum_log32", 32, -1},
                               {"takum_log64", 64, -1}};

/* decode against MPFR, cut to 128 bits; every mode leaves the code alone; sign; the next code is larger */
static void check_code(const family *t, hu_code code)
{
    const hu_format *f = format_of(t);
    hu_num x = hu_decode(f, code);
    hu_env env = hu_env_default();
    bool negative;
    wide k;
    bool finite = read_code(t, code, &negative, &k);
    for (int m = 0; hu_rounding_at(m); m++) {
        env.rounding = hu_rounding_at(m);
        assert_true(hu_round_with(f, &env, x, UINT64_MAX * (code & 1)) == code && env.flags == 0);
    }
    if (!finite) {
        assert_true(x.kind == (code == zero_of(t) ? HU_ZERO : HU_NAN) && hu_neg(f, &env, code) == code && hu_abs(f, &env, code) == code);
        return;
    }
    mpfr_t want, got;
    mpfr_inits2(PRECISION, want, got, NULL);
    power(t, want, log_of(t, k));
    mpfr_set_ui(got, (unsigned long)(x.sig >> 64), MPFR_RNDN);
    mpfr_mul_2ui(got, got, 64, MPFR_RNDN);
    mpfr_add_ui(got, got, (unsigned long)x.sig, MPFR_RNDN);
    mpfr_mul_2si(got, got, x.exp - 127, MPFR_RNDN);
    mpfr_sub(want, want, got, MPFR_RNDN);
    mpfr_mul_2si(want, want, 127 - x.exp, MPFR_RNDN);
    if (x.kind != HU_FINITE || x.negative != negative || mpfr_sgn(want) < 0 || mpfr_cmp_ui(want, 1) >= 0 || x.sticky == !!mpfr_zero_p(want))
        fail_msg("%s: code 0x%llx decodes to %g", t->name, (unsigned long long)code, hu_num_to_double(x));
    mpfr_clears(want, got, NULL);
    assert_true(hu_neg(f, &env, code) == code_of(t, k, !negative) && hu_abs(f, &env, code) == code_of(t, k, false));
    if (k < last_of(t))
        assert_true(hu_num_compare(hu_num_abs(hu_decode(f, code_of(t, k + 1, negative))), hu_num_abs(x)) > 0);
}

static hu_code draw(const family *t, test_random *random)
{
    uint64_t n = test_random_below(random, 8);
    wide first = first_of(t), last = last_of(t), near = (wide)test_random_below(random, 5);
    bool negative = test_random_bits(random) & 1;
    if (n == 0)
        return code_of(t, last - (near > last - first ? 0 : near), negative);
    if (n == 1)
        return code_of(t, first + (near > last - first ? 0 : near), negative);
    return (hu_code)test_random_bits(random) & (((hu_code)1 << t->width) - 1);
}

static void codes(void **state)
{
    (void)state;
    test_random random = {51};
    uint64_t n = 0;
    for (size_t i = 0; i < TEST_COUNT(small); i++)
        for (hu_code code = 0; code >> small[i].width == 0; code++, n++)
            check_code(&small[i], code);
    for (size_t i = 0; i < TEST_COUNT(medium); i++)
        for (hu_code code = 0; code >> medium[i].width == 0; code += test_long() ? 1 : 53, n++)
            check_code(&medium[i], code);
    for (size_t i = 0; i < TEST_COUNT(large); i++)
        for (int j = 0; j < 1000; j++, n++)
            check_code(&large[i], draw(&large[i], &random));
    test_note("%llu codes", (unsigned long long)n);
}

/* Numbers of 128 bits in and at the ends of a gap, on both sides of its middle, in the eight modes. */
static void check_gap(const family *t, wide k, bool negative)
{
    const hu_format *f = format_of(t);
    wide low = log_of(t, k), high = k < last_of(t) ? log_of(t, k + 1) : low + ((wide)1 << (UNIT - 2)), middle = k < last_of(t) ? middle_of(t, k) : high;
    const wide at[] = {low, low + (high - low) / 3, middle, high, high - (high - low) / 5, low + 1};
    real x;
    mpfr_t value;
    real_init(&x);
    mpfr_init2(value, 128);
    for (size_t i = 0; i < 2 * TEST_COUNT(at); i++) {
        power(t, x.y, at[i / 2]);
        mpfr_set(value, x.y, i & 1 ? MPFR_RNDU : MPFR_RNDD);
        logarithm(t, x.y, value);
        x.negative = negative;
        uint64_t word[2] = {0, 0};
        mpz_t digits;
        mpz_init(digits);
        mpfr_exp_t exp = mpfr_get_z_2exp(digits, value);
        mpz_export(word, NULL, -1, sizeof word[0], 0, 0, digits);
        mpz_clear(digits);
        hu_num number = hu_num_make(negative, (hu_u128)word[1] << 64 | word[0], (int)exp);
        place p = find(t, &x);
        for (size_t m = 0; m < TEST_COUNT(modes); m++) {
            hu_env env = hu_env_default();
            hu_flags flags;
            env.rounding = rounding(m);
            hu_code want = wanted(t, modes[m], &x, &p, &flags), got = hu_round(f, &env, number);
            expect(t, "rounding", modes[m], (const hu_code[]){code_of(t, k, negative), i, 0}, got, env.flags, want, flags);
        }
    }
    mpfr_clear(value);
    real_clear(&x);
}

static void gaps(void **state)
{
    (void)state;
    test_random random = {52};
    for (size_t i = 0; i < TEST_COUNT(small); i++)
        for (wide k = first_of(&small[i]); k <= last_of(&small[i]); k++)
            check_gap(&small[i], k, k & 2);
    for (size_t i = 0; i < TEST_COUNT(medium) + TEST_COUNT(large); i++) {
        const family *t = i < TEST_COUNT(medium) ? &medium[i] : &large[i - TEST_COUNT(medium)];
        for (int n = 0; n < 60; n++) {
            bool negative;
            wide k;
            if (read_code(t, draw(t, &random), &negative, &k))
                check_gap(t, k, negative);
        }
    }
}

/* part is the position among the logarithms: of x between 2^(k/8) and 2^((k+1)/8) it is 8 log2 x - k */
static void positions(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("lns4.3", NULL);
    for (int i = 257; i < 2048; i++) {
        hu_bracket b = f->family->bracket(f, hu_num_make(false, (hu_u128)i, -10));
        mpfr_t y;
        mpfr_init2(y, 200);
        mpfr_set_ui_2exp(y, (unsigned long)i, -10, MPFR_RNDN);
        mpfr_log2(y, y, MPFR_RNDN);
        mpfr_mul_ui(y, y, 8, MPFR_RNDN);
        mpfr_frac(y, y, MPFR_RNDN);
        if (mpfr_sgn(y) < 0)
            mpfr_add_ui(y, y, 1, MPFR_RNDN);
        mpfr_mul_2ui(y, y, 63, MPFR_RNDN);
        uint64_t part = mpfr_get_ui(y, MPFR_RNDD);
        bool exact = (i & (i - 1)) == 0;
        if (b.part != (exact ? 0 : part | 1))
            fail_msg("lns4.3: %d/1024 is at 0x%llx, want 0x%llx", i, (unsigned long long)b.part, (unsigned long long)part);
        mpfr_clear(y);
    }
}

/* Less than HU_HALF, it, more than it, HU_ONE; 0. */
static int class_of(uint64_t part)
{
    return part == 0 ? 0 : part < HU_HALF ? 1 : part == HU_HALF ? 2 : part < HU_ONE ? 3 : 4;
}

static void expect_same_place(const family *t, hu_bracket got, hu_bracket want)
{
    if (class_of(got.part) != class_of(want.part))
        fail_msg("%s: the position is 0x%llx, want 0x%llx", t->name, (unsigned long long)got.part, (unsigned long long)want.part);
    got.part = want.part;
    if (got.lo != want.lo || got.hi != want.hi || got.negative != want.negative || got.odd != want.odd || got.overflow != want.overflow || got.tiny != want.tiny)
        fail_msg("%s: between 0x%llx and 0x%llx, want 0x%llx and 0x%llx", t->name, (unsigned long long)got.lo, (unsigned long long)got.hi,
                 (unsigned long long)want.lo, (unsigned long long)want.hi);
}

/* The bracket by comparing is the one by logarithms, but for the digits of the position; formats of more bits have none. */
static void quick_places(void **state)
{
    (void)state;
    test_random random = {55};
    uint64_t n = 0, results = 0;
    for (size_t i = 0; i < TEST_COUNT(small) + TEST_COUNT(medium); i++) {
        const family *t = i < TEST_COUNT(small) ? &small[i] : &medium[i - TEST_COUNT(small)];
        const hu_format *f = format_of(t);
        hu_bracket got, want;
        for (int j = 0; j < 600; j++, n++) {
            hu_num x = hu_decode(f, draw(t, &random));
            if (x.kind != HU_FINITE)
                continue;
            x.exp += j % 5 == 4 ? (int)test_random_below(&random, 7) - 3 : 0;
            x.sig += j % 5 < 3 ? (hu_u128)(j % 5) - 1 : (hu_u128)test_random_bits(&random) << 62;
            x.sig |= (hu_u128)1 << 127;
            x.sticky = j & 1;
            assert_true(f->family->quick(f, x, &got));
            expect_same_place(t, got, f->family->bracket(f, x));
        }
        static const hu_term terms[] = {HU_TERM_SUM, HU_TERM_DIFFERENCE, HU_TERM_FUSED};
        for (int j = 0; j < 600; j++) {
            hu_code a[3] = {draw(t, &random), draw(t, &random), draw(t, &random)};
            if (f->family->quick_result(f, terms[j % 3], a, &got)) {
                results++;
                assert_true(f->family->result(f, terms[j % 3], a, &want));
                expect_same_place(t, got, want);
            }
        }
    }
    assert_true(results > 2000);
    for (size_t i = 0; i < TEST_COUNT(large); i++)
        assert_false(format_of(&large[i])->family->quick(format_of(&large[i]), hu_num_make(false, 3, 0), &(hu_bracket){0}));
    test_note("%llu numbers, %llu results", (unsigned long long)n, (unsigned long long)results);
}

/* Among threads that meet an empty table at once. */
static void threads_at_a_new_table(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("lns5.9", NULL);
    int wrong = 0;
    #pragma omp parallel for num_threads(4) reduction(+:wrong)
    for (int i = 0; i < 4000; i++) {
        hu_num x = hu_num_make(i & 1, (hu_u128)(i + 1), -9);
        hu_bracket got, want = f->family->bracket(f, x);
        wrong += !f->family->quick(f, x, &got) || got.lo != want.lo || got.hi != want.hi || class_of(got.part) != class_of(want.part);
    }
    assert_int_equal(wrong, 0);
}

static hu_term term_of(char operation)
{
    return operation == 'a' ? HU_TERM_SUM : operation == 's' ? HU_TERM_DIFFERENCE : operation == 'm' ? HU_TERM_PRODUCT : HU_TERM_QUOTIENT;
}

static const char *const four[] = {"add", "sub", "mul", "div"};

/* Zeros, NaNs and their flags: by hand. */
static void check_special(const family *t, const char *name, const hu_code a[3], bool a_number, bool b_number)
{
    const hu_format *f = format_of(t);
    hu_env env = hu_env_default();
    hu_code got = hu_op_find(name)->binary(f, &env, a[0], a[1]), want = zero_of(t), zero = zero_of(t);
    hu_flags flags = 0;
    if (a[0] == nan_of(t) || a[1] == nan_of(t))
        want = nan_of(t);
    else if (name[0] == 'a' || name[0] == 's')
        want = a_number ? a[0] : !b_number ? zero : name[0] == 'a' ? a[1] : hu_neg(f, &env, a[1]);
    else if (name[0] == 'd' && a[1] == zero) {
        want = nan_of(t);
        flags = a[0] == zero ? HU_INVALID : HU_DIVBYZERO;
    }
    expect(t, name, "rne", a, got, env.flags, want, flags);
}

static void check_pair(const family *t, const char *name, const hu_code a[3], int mode)
{
    bool a_negative, b_negative;
    wide i, j;
    bool a_number = read_code(t, a[0], &a_negative, &i), b_number = read_code(t, a[1], &b_negative, &j);
    if (!a_number || !b_number) {
        check_special(t, name, a, a_number, b_number);
        return;
    }
    real x;
    real_init(&x);
    wide p = log_of(t, i), q = log_of(t, j);
    if (name[0] == 'a' || name[0] == 's') {
        true_signed_sum(t, &x, a_negative, p, b_negative != (name[0] == 's'), q);
    } else {
        set_wide(x.y, name[0] == 'm' ? p + q : p - q);
        x.negative = a_negative != b_negative;
    }
    check_result(t, name, term_of(name[0]), a, &x, mode);
    real_clear(&x);
}

static void check_root(const family *t, hu_code code)
{
    const hu_code a[3] = {code, 0, 0};
    const hu_format *f = format_of(t);
    bool negative;
    wide k;
    if (!read_code(t, code, &negative, &k) || negative) {
        hu_env env = hu_env_default();
        hu_flags flags = code != zero_of(t) && code != nan_of(t) ? HU_INVALID : 0;
        hu_code got = hu_sqrt(f, &env, code);
        expect(t, "sqrt", "rne", a, got, env.flags, code == zero_of(t) ? code : nan_of(t), flags);
        return;
    }
    real x;
    real_init(&x);
    set_wide(x.y, log_of(t, k));
    mpfr_div_2ui(x.y, x.y, 1, MPFR_RNDN);
    check_result(t, "sqrt", HU_TERM_ROOT, a, &x, -1);
    real_clear(&x);
}

/* The sums of one format's magnitudes, each of them once: pairs and signs make no other ones. */
static uint64_t check_all_sums(const family *t)
{
    uint64_t n = 0;
    real x;
    real_init(&x);
    for (wide i = first_of(t); i <= last_of(t); i++)
        for (wide j = first_of(t); j <= i; j++)
            for (int difference = 0; difference < 2; difference++) {
                true_sum(t, &x, log_of(t, i), log_of(t, j), difference);
                for (int signs = 0; signs < 4; signs++, n++) {
                    bool negative = signs & 1, swap = signs & 2, other = negative != (bool)difference;
                    hu_code big = code_of(t, i, negative), little = code_of(t, j, other);
                    const hu_code add[3] = {swap ? little : big, swap ? big : little, 0};
                    const hu_code sub[3] = {add[0], swap ? code_of(t, i, !negative) : code_of(t, j, !other), 0};
                    x.negative = negative;
                    check_result(t, "add", HU_TERM_SUM, add, &x, (int)(n % 31));
                    if (signs < 2)
                        check_result(t, "sub", HU_TERM_DIFFERENCE, sub, &x, (int)(n % 29));
                }
            }
    real_clear(&x);
    return n;
}

static void pairs(void **state)
{
    (void)state;
    uint64_t n = 0;
    for (size_t s = 0; s < TEST_COUNT(small); s++) {
        const family *t = &small[s];
        n += check_all_sums(t);
        for (hu_code i = 0; i >> t->width == 0; i++) {
            check_root(t, i);
            for (hu_code j = 0; j >> t->width == 0; j++) {
                bool both = read_code(t, i, &(bool){0}, &(wide){0}) && read_code(t, j, &(bool){0}, &(wide){0});
                for (size_t o = both ? 2 : 0; o < 4; o++, n++)
                    check_pair(t, four[o], (const hu_code[]){i, j, 0}, t->width == 8 ? (int)((i + j) % 8) : -1);
            }
        }
    }
    test_note("%llu pairs of all codes, each in 8 modes", (unsigned long long)n);
}

static void check_fma(const family *t, const hu_code a[3])
{
    const hu_format *f = format_of(t);
    bool negative[3];
    wide k[3], l[3];
    for (int i = 0; i < 3; i++) {
        if (!read_code(t, a[i], &negative[i], &k[i])) {
            hu_env env = hu_env_default(), other = hu_env_default();
            hu_code want = a[0] == nan_of(t) || a[1] == nan_of(t) || a[2] == nan_of(t) ? nan_of(t)
                         : a[2] == zero_of(t) ? hu_mul(f, &other, a[0], a[1]) : a[2];
            assert_true(hu_fma(f, &env, a[0], a[1], a[2]) == want && env.flags == other.flags);
            return;
        }
        l[i] = log_of(t, k[i]);
    }
    real x;
    real_init(&x);
    true_signed_sum(t, &x, negative[0] != negative[1], l[0] + l[1], negative[2], l[2]);
    check_result(t, "fma", HU_TERM_FUSED, a, &x, -1);
    real_clear(&x);
}

static void samples(void **state)
{
    (void)state;
    test_random random = {53};
    uint64_t each = test_long() ? 5000 : 120, n = 0;
    for (size_t i = 0; i < TEST_COUNT(small) + TEST_COUNT(medium) + TEST_COUNT(large); i++) {
        size_t at = i < TEST_COUNT(small) ? i : i - TEST_COUNT(small);
        const family *t = i < TEST_COUNT(small) ? &small[at] : at < TEST_COUNT(medium) ? &medium[at] : &large[at - TEST_COUNT(medium)];
        for (uint64_t j = 0; j < each; j++, n += 3) {
            hu_code a[3] = {draw(t, &random), draw(t, &random), draw(t, &random)};
            if (j % 3 == 0)                                        /* close together: cancellation */
                a[1] = (a[0] + test_random_below(&random, 3)) & (((hu_code)1 << t->width) - 1);
            check_pair(t, four[j & 3], a, -1);
            check_root(t, a[0]);
            if (j % 3 == 1) {                                      /* the third near the product */
                hu_env env = hu_env_default();
                a[2] = hu_neg(format_of(t), &env, hu_mul(format_of(t), &env, a[0], a[1]));
            }
            check_fma(t, a);
        }
    }
    test_note("%llu operations, each in 8 modes", (unsigned long long)n);
}

static void exact_cases(void **state)
{
    (void)state;
    static const struct { const char *format, *op; hu_code a, b, want; bool exact; } known[] = {
        {"lns4.3", "add", 0x00, 0x00, 0x08, true},     /* 1 + 1 = 2                          */
        {"lns4.3", "sub", 0x08, 0x00, 0x00, true},     /* 2 - 1 = 1                          */
        {"lns4.3", "sub", 0x0b, 0x03, 0x03, true},     /* 2^(11/8) - 2^(3/8) = 2^(3/8)       */
        {"lns4.3", "sub", 0x03, 0x0b, 0x83, true},
        {"lns4.3", "sub", 0x05, 0x05, 0x40, true},     /* zero                               */
        {"lns4.3", "mul", 0x01, 0x02, 0x03, true},
        {"lns4.3", "div", 0x01, 0x02, 0x7f, true},
        {"lns4.3", "mul", 0x3f, 0x3f, 0x3f, false},    /* past the largest                   */
        {"lns4.3", "mul", 0x41, 0x41, 0x41, false},    /* below the smallest                 */
        {"takum_log8", "mul", 0x48, 0x38, 0x40, true}, /* e^(1/2) e^(-1/2) = 1               */
        {"takum_log8", "add", 0x40, 0x40, 0x4a, false},   /* 2 = e^(1.386 / 2), near e^(1.5 / 2) */
    };
    for (size_t i = 0; i < TEST_COUNT(known); i++) {
        hu_env env = hu_env_default();
        hu_code got = hu_op_find(known[i].op)->binary(hu_format_find(known[i].format, NULL), &env, known[i].a, known[i].b);
        if (got != known[i].want || (env.flags == 0) != known[i].exact)
            fail_msg("%s %s 0x%x 0x%x: 0x%x flags %u", known[i].format, known[i].op, (unsigned)known[i].a, (unsigned)known[i].b, (unsigned)got, env.flags);
    }
    assert_true(hu_to_double(hu_format_find("takum_log16", NULL), 0x4800) == exp(0.5));
    assert_true(hu_to_double(hu_format_find("lns8.23", NULL), 0x7fffffff & (1 << 22)) == sqrt(2));
    assert_true(hu_decode(hu_format_find("lns8.23", NULL), 0x40000000).kind == HU_ZERO);
}

static void names(void **state)
{
    (void)state;
    static const char *const none[] = {"lns", "lns8", "lns0.3", "lns17.3", "lns8.48", "lns8.", "lns.3", "lns1.0", "lns8.3x", "lns-1.3", "lns8.-3",
                                       "takum_log1", "takum_log65", "takum_log", "takum_logarithmic16"};
    hu_error err;
    assert_ptr_equal(hu_format_find("takumlog16", &err), hu_format_find("takum_log16", &err));
    for (size_t i = 0; i < TEST_COUNT(none); i++) {
        err.text[0] = '\0';
        assert_null(hu_format_find(none[i], &err));
        assert_true(err.text[0] != '\0');
    }
    const hu_format *f = hu_format_find("lns8.3", &err);
    assert_true(f->width_bits == 12 && f->emin == -128 && f->emax == 127 && f->max_code == 0x3ff && f->nan_code == 0xc00);
    for (int i = 0; i < 2; i++) {
        f = hu_format_find(i ? "takum_log16" : "lns8.3", &err);
        assert_int_equal(hu_op_check(hu_op_find("rem"), f, &err), HU_EINVAL);
        assert_int_equal(hu_op_check(hu_op_find("rint"), f, &err), HU_EINVAL);
        assert_int_equal(hu_op_check(hu_op_find("fma"), f, &err), HU_OK);
    }
}

/* Infinities, NaNs, zeros and numbers far outside, in every mode and policy. */
static void ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(small) + TEST_COUNT(medium); i++) {
        const family *t = i < TEST_COUNT(small) ? &small[i] : &medium[i - TEST_COUNT(small)];
        const hu_format *f = format_of(t);
        for (int m = 0; hu_rounding_at(m); m++)
            for (int negative = 0; negative < 2; negative++) {
                hu_env env = hu_env_default();
                env.rounding = hu_rounding_at(m);
                const char *mode = env.rounding->name;
                bool zero = strcmp(mode, "rz") == 0 || strcmp(mode, negative ? "ru" : "rd") == 0;
                hu_code end = code_of(t, last_of(t), negative), least = code_of(t, first_of(t), negative);
                assert_true(hu_round(f, &env, hu_num_make(negative, 1, -100000)) == (zero ? zero_of(t) : least));
                assert_int_equal(env.flags, HU_INEXACT | HU_UNDERFLOW);
                env.flags = 0;
                assert_true(hu_round(f, &env, hu_num_make(negative, 1, 100000)) == end);
                assert_int_equal(env.flags, HU_INEXACT | HU_OVERFLOW);
                env.flags = 0;
                assert_true(hu_round(f, &env, hu_num_zero(negative)) == zero_of(t));
                assert_true(hu_round(f, &env, hu_num_inf(negative)) == nan_of(t) && hu_round(f, &env, hu_num_nan()) == nan_of(t));
                env.overflow = HU_OVERFLOW_SATURATE;
                assert_true(hu_round(f, &env, hu_num_inf(negative)) == end);
            }
    }
}

/* In arrays the nearest carrier number stands for a value, in every mode. */
static void check_carriers(const family *t, hu_code code, const hu_rounding *mode)
{
    const hu_format *f = format_of(t);
    hu_error err;
    hu_env env = hu_env_default();
    uint64_t in = (uint64_t)code, out;
    double value, again, nearest;
    env.rounding = mode;
    assert_int_equal(hu_decode_f64(&value, &in, 1, f, &err), HU_OK);
    assert_int_equal(hu_encode_f64(&out, &value, 1, f, &env, &err), HU_OK);
    assert_true(out == in && env.flags == 0);
    if (code % 8 != 0 && t->width > 8)
        return;
    assert_int_equal(hu_quantize_f64(&again, &value, 1, f, &env, &err), HU_OK);
    assert_true(memcmp(&again, &value, sizeof value) == 0 && env.flags == 0);
    if (read_code(t, code, &(bool){0}, &(wide){0})) {
        hu_num x = hu_decode(f, code);
        x.sticky = x.sig << 53 == 0 ? x.sticky : true;
        nearest = hu_num_to_double(x);
        assert_true(nearest == value);
    }
    if (hu_fits_f32(f)) {
        float single = (float)value, same;
        assert_int_equal(hu_quantize_f32(&same, &single, 1, f, &env, &err), HU_OK);
        assert_true(memcmp(&single, &same, sizeof same) == 0 && env.flags == 0);
    }
}

static void carriers(void **state)
{
    (void)state;
    hu_error err;
    uint64_t n = 0;
    double x = 1;
    for (size_t i = 0; i < TEST_COUNT(small) + TEST_COUNT(medium); i++) {
        const family *t = i < TEST_COUNT(small) ? &small[i] : &medium[i - TEST_COUNT(small)];
        assert_true(hu_fits_f64(format_of(t)));
        for (hu_code code = 0; code >> t->width == 0; code++, n++)
            check_carriers(t, code, rounding(code / 8 % 8));
    }
    assert_true(hu_fits_f32(hu_format_find("lns8.3", &err)) && !hu_fits_f32(hu_format_find("takum_log16", &err)));
    static const char *const none[] = {"takum_log64", "lns16.8", "lns8.47"};
    for (size_t i = 0; i < TEST_COUNT(none); i++) {
        hu_env env = hu_env_default();
        bool fits = strcmp(none[i], "lns8.47") == 0;
        assert_int_equal(hu_quantize_f64(&x, &x, 1, hu_format_find(none[i], &err), &env, &err), fits ? HU_OK : HU_EINVAL);
    }
    test_note("%llu codes", (unsigned long long)n);
}

/* Elementwise operations on arrays are those on the codes; a factor that is no value is taken as it is. */
static void arrays(void **state)
{
    (void)state;
    static const family t = {"lns4.3", 8, 3};
    const hu_format *f = format_of(&t);
    hu_error err;
    for (int i = 0; i < 256; i++)
        for (int m = 0; m < 8; m++) {
            hu_code a = (hu_code)i, b = (hu_code)(i * 37 + m) & 255;
            hu_env env = hu_env_default(), own = hu_env_default();
            env.rounding = own.rounding = rounding(m);
            double x = hu_to_double(f, a), y = hu_to_double(f, b), got;
            assert_int_equal(hu_map_f64(&got, m & 1 ? HU_MUL : HU_ADD, &x, &y, NULL, 1, f, &env, &err), HU_OK);
            double want = hu_to_double(f, m & 1 ? hu_mul(f, &own, a, b) : hu_add(f, &own, a, b));
            assert_true((got == want || (got != got && want != want)) && env.flags == own.flags);
        }
    hu_env env = hu_env_default();
    double x = 3, y = 5, got;
    assert_int_equal(hu_map_f64(&got, HU_MUL, &x, &y, NULL, 1, f, &env, &err), HU_OK);
    hu_env own = hu_env_default();
    assert_true(got == hu_to_double(f, hu_from_double(f, &own, 15)) && env.flags == HU_INEXACT);
}

/* Between formats: codes of one base are taken over exactly, others by the nearest logarithm. */
static void conversions(void **state)
{
    (void)state;
    hu_error err;
    const hu_format *narrow = hu_format_find("lns4.3", &err), *wider = hu_format_find("lns8.7", &err), *takum = hu_format_find("takum_log16", &err);
    for (hu_code code = 0; code < 256; code++)
        for (size_t m = 0; m < TEST_COUNT(modes); m++) {
            hu_env env = hu_env_default();
            env.rounding = rounding(m);
            assert_true(hu_convert(wider, narrow, &env, hu_convert(narrow, wider, &env, code)) == code && env.flags == 0);
            hu_num there = hu_decode(takum, hu_convert(narrow, takum, &env, code)), x = hu_decode(narrow, code);
            if (x.kind == HU_NAN)
                continue;
            int order = hu_num_compare(there, x);
            assert_true(m == 3 ? order >= 0 : m == 4 ? order <= 0 : true);
        }
}

/* To formats of more than 128 bits, too, the value is rounded once. */
static void wide_conversions(void **state)
{
    (void)state;
    hu_error err;
    test_random random = {54};
    const hu_format *to = hu_format_find("e19m236", &err);
    for (size_t i = 0; i < TEST_COUNT(medium); i++)
        for (int n = 0; n < 300; n++) {
            const family *t = &medium[i];
            hu_code code = draw(t, &random);
            bool negative;
            wide k;
            if (!read_code(t, code, &negative, &k))
                continue;
            hu_env env = hu_env_default();
            hu_bits from = hu_bits_from_code(code), out;
            hu_bits_convert(format_of(t), to, &env, &from, &out);
            char text[HU_TEXT_SIZE];
            mpfr_t want, got;
            mpfr_inits2(PRECISION, want, got, NULL);
            power(t, want, log_of(t, k));
            mpfr_prec_round(want, 237, MPFR_RNDN);
            mpfr_setsign(want, want, negative, MPFR_RNDN);
            mpfr_strtofr(got, hu_bits_to_hex(to, &out, text), NULL, 0, MPFR_RNDN);
            assert_true(mpfr_equal_p(got, want));
            mpfr_clears(want, got, NULL);
        }
}

/* A program may have a range of exponents of its own, in which hardly any of these values lie. */
static void state_of_mpfr(void **state)
{
    (void)state;
    static const char *const names[] = {"lns16.20", "takum_log64"};
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const hu_format *f = hu_format_find(names[i], NULL), *to = hu_format_find("e19m236", NULL);
        hu_env env = hu_env_default();
        hu_code a = hu_from_double(f, &env, 0x1.23456789p90) + i, got[2][3];
        hu_bits from = hu_bits_from_code(a), out[2];
        for (int narrow = 1; narrow >= 0; narrow--) {
            mpfr_set_emin(narrow ? -50 : emin);
            mpfr_set_emax(narrow ? 60 : emax);
            mpfr_clear_flags();
            mpfr_set_erangeflag();
            got[narrow][0] = hu_add(f, &env, a, a - 999);
            got[narrow][1] = hu_from_double(f, &env, 0x1.8p200);
            got[narrow][2] = hu_from_double(f, &env, hu_to_double(f, a + 5));
            hu_bits_convert(f, to, &env, &from, &out[narrow]);
            assert_int_equal(mpfr_flags_save(), MPFR_FLAGS_ERANGE);
            assert_true(mpfr_get_emin() == (narrow ? -50 : emin) && mpfr_get_emax() == (narrow ? 60 : emax));
        }
        assert_memory_equal(got[0], got[1], sizeof got[0]);
        assert_true(hu_bits_equal(&out[0], &out[1]));
    }
    mpfr_clear_flags();
}

static const struct CMUnitTest claims[] = {
    CLAIM("every code has the value that MPFR gives its logarithm, survives every mode, and the next one is larger", codes),
    CLAIM("numbers between two codes round by their logarithm in every mode, at the middle and at both ends", gaps),
    CLAIM("the position between two codes is that of the logarithm, to the last bit", positions),
    CLAIM("a number placed by comparing is where its logarithm says", quick_places),
    CLAIM("threads that fill a table at once find the same", threads_at_a_new_table),
    CLAIM("all pairs of codes of 8 bits: add, sub, mul, div and all roots, against MPFR", pairs),
    CLAIM("drawn operands of up to 64 bits, cancellation and fma among them, against MPFR", samples),
    CLAIM("what is exact is exact: 1 + 1, 2 - 1, a - a, products and quotients of codes", exact_cases),
    CLAIM("names and fields; what is no logarithmic format is refused; rem and rint are not there", names),
    CLAIM("no number becomes NaN or, but by a directed mode, zero; the largest value stands for all beyond", ends),
    CLAIM("the carrier number nearest to a value stands for it: codes survive arrays in every mode", carriers),
    CLAIM("operations on arrays are those on codes", arrays),
    CLAIM("conversions to formats of 237 bits of precision are rounded from all their bits", wide_conversions),
    CLAIM("MPFR's exponent range and flags are left as they were, and change nothing", state_of_mpfr),
    CLAIM("conversions keep what is a value and round what is not the right way", conversions),
};

int main(void)
{
    int failed = test_main(claims, TEST_COUNT(claims));
    mpfr_free_cache();
    return failed;
}
