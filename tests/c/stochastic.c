/* stochastic.c - the probabilities of the stochastic modes are exact, counted over every random word.
 *
 * Source of the definitions: IEEE P3109 interim report 3.2, StochasticA, B and C, with nu the position of x between
 * its neighbors in units of their distance, N the number of random bits, R the random number:
 * A rounds away when floor(nu 2^N) + R >= 2^N, so with probability floor(nu 2^N) / 2^N; B with
 * floor(nu 2^N + 1/2) / 2^N; C with RNE(nu 2^N) / 2^N.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/ops/ops.h"
#include "tests/lib/test.h"

enum { NU_BITS = 12 };      /* positions are tried in steps of 2^-12, and just above each step */

typedef struct spot {       /* a number between two neighbors, lo + nu (hi - lo) */
    const hu_format *format;
    hu_code  lo, hi;
    hu_num   x;
    uint64_t nu;            /* in units of 2^-NU_BITS                            */
    bool     above;         /* x lies above that by less than 2^-63              */
} spot;

/* The number at position nu between the magnitude codes lo and lo + 1. */
static spot spot_at(const hu_format *f, hu_code lo, uint64_t nu, bool above, bool negative)
{
    hu_code sign = negative ? (hu_code)1 << (f->width_bits - 1) : 0;
    hu_code trailing = lo & (((hu_code)1 << f->man_bits) - 1);
    int field = (int)(lo >> f->man_bits);
    hu_code step = trailing + (field ? (hu_code)1 << f->man_bits : 0);
    spot s = {.format = f, .lo = lo | sign, .hi = (lo + 1) | sign, .nu = nu, .above = above};
    int exp = (field ? field : 1) - f->bias - f->man_bits;
    s.x = hu_num_make(negative, (step << NU_BITS) + nu, exp - NU_BITS);
    s.x.sticky = above;
    return s;
}

/* How many of the 2^bits words take hi; the word's lower bits are filled with `rest`, which must not matter. */
static uint64_t count_up(const spot *s, const hu_rounding *mode, int bits, uint64_t rest)
{
    hu_env env = hu_env_default();
    env.rounding = mode;
    uint64_t up = 0;
    for (uint64_t word = 0; word < UINT64_C(1) << bits; word++) {
        hu_code got = hu_round_with(s->format, &env, s->x, word << (64 - bits) | rest >> bits);
        assert_true(got == s->lo || got == s->hi);
        up += got == s->hi;
    }
    return up;
}

static uint64_t want_a(uint64_t nu, bool above, int n)
{
    (void)above;
    return nu >> (NU_BITS - n);
}

static uint64_t want_b(uint64_t nu, bool above, int n)
{
    (void)above;
    return (nu + (UINT64_C(1) << (NU_BITS - n - 1))) >> (NU_BITS - n);
}

static uint64_t want_c(uint64_t nu, bool above, int n)
{
    uint64_t whole = nu >> (NU_BITS - n), half = UINT64_C(1) << (NU_BITS - n - 1);
    uint64_t rest = nu & (2 * half - 1);
    return whole + (rest > half || (rest == half && (above || (whole & 1))));
}

static uint64_t every_position(const char *prefix, int n, hu_code lo, const hu_format *f,
                               uint64_t (*want)(uint64_t nu, bool above, int n))
{
    char name[16];
    uint64_t words = 0;
    snprintf(name, sizeof name, "%s:%d", prefix, n);
    const hu_rounding *mode = hu_rounding_find(name, NULL);
    assert_non_null(mode);
    for (uint64_t nu = 0; nu < UINT64_C(1) << NU_BITS; nu += n > 5 ? 7 : 1)
        for (int above = nu == 0; above < 2; above++) {
            spot s = spot_at(f, lo, nu, above, nu & 1);
            uint64_t got = count_up(&s, mode, n, nu & 2 ? UINT64_MAX : 0);
            uint64_t expected = want(nu, above, n);
            words += UINT64_C(1) << n;
            if (got != expected) {
                test_note("%s %s lo 0x%" PRIx64 " nu %" PRIu64 "/4096 above %d: got %" PRIu64 " of %d words, want %" PRIu64,
                          f->name, name, (uint64_t)s.lo, nu, above, got, 1 << n, expected);
                fail();
            }
        }
    return words;
}

static void all_words(const char *prefix, uint64_t (*want)(uint64_t nu, bool above, int n))
{
    const hu_format *f = hu_format_find("e4m3", NULL), *g = hu_format_find("e8m7", NULL);
    uint64_t words = 0;
    for (int n = 1; n <= 8; n++) {
        words += every_position(prefix, n, 0x3a, f, want);       /* between 1.25 and 1.375, even lo */
        words += every_position(prefix, n, 0x03, f, want);       /* between subnormals, odd lo      */
        words += every_position(prefix, n, 0x07, f, want);       /* below the smallest normal       */
        words += every_position(prefix, n, 0x3f, g, want);
    }
    test_note("%s:1 to %s:8: %" PRIu64 " roundings, every word", prefix, prefix, words);
}

static void variant_a(void **state)
{
    (void)state;
    all_words("sra", want_a);
    all_words("sr", want_a);
}

static void variant_b(void **state)
{
    (void)state;
    all_words("srb", want_b);
}

static void variant_c(void **state)
{
    (void)state;
    all_words("src", want_c);
}

static void half(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e5m2", NULL);
    const hu_rounding *mode = hu_rounding_find("srh", NULL);
    for (uint64_t nu = 1; nu < UINT64_C(1) << NU_BITS; nu += 11) {
        spot s = spot_at(f, 0x3d, nu, false, nu & 1);
        assert_int_equal(count_up(&s, mode, 8, UINT64_MAX), 128);
    }
}

/* Whether x goes up is monotone in the word (claimed below), so the words that take hi are counted by
 * bisection: `first` of the words go one way. */
static uint64_t bisect(const hu_format *f, const hu_rounding *mode, hu_num x, hu_code *at_zero)
{
    hu_env env = hu_env_default();
    env.rounding = mode;
    *at_zero = hu_round_with(f, &env, x, 0);
    uint64_t low = 0, high = UINT64_MAX;       /* the largest word that rounds as word 0 does */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2 + 1;
        if (hu_round_with(f, &env, x, middle) == *at_zero)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* The word that takes hi first, and all above it: nu 2^63 + word / 2 >= 2^63. */
static void all_63_bits(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e4m3", NULL);
    const hu_rounding *mode = hu_rounding_find("sr", NULL);
    test_random random = {5};
    for (int i = 0; i < 4000; i++) {
        uint64_t part = test_random_bits(&random) >> 1 >> test_random_below(&random, 63);
        if (i < 63)
            part = UINT64_C(1) << i;
        if (part == 0)
            continue;
        bool sticky = i % 3 == 0;
        hu_num x = hu_num_make(false, ((hu_u128)(8 + i % 8) << 63) + part, -63 - 3);
        x.sticky = sticky;
        hu_code at_zero;
        uint64_t last = bisect(f, mode, x, &at_zero);
        uint64_t want = sticky ? part | 1 : part;                /* x > part / 2^63: the position is not cut to zero */
        assert_true(at_zero == (hu_code)(0x38 + i % 8));         /* word 0 stays */
        assert_true(last == UINT64_MAX - 2 * want);              /* the last 2 part words of 2^64 go up */
    }
}

static void monotone(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e3m4", NULL);
    test_random random = {6};
    for (int m = 0; hu_rounding_at(m); m++) {
        const hu_rounding *mode = hu_rounding_at(m);
        hu_env env = hu_env_default();
        env.rounding = mode;
        for (int i = 0; i < 300; i++) {
            spot s = spot_at(f, test_random_below(&random, 0x6e), test_random_below(&random, 4096), i & 1, i & 2);
            if (s.nu == 0 && !s.above)
                continue;
            int changes = 0;
            hu_code before = hu_round_with(f, &env, s.x, 0);
            for (uint64_t word = 1; word < 2048; word++) {
                hu_code now = hu_round_with(f, &env, s.x, word << 53 | (word == 2047 ? UINT64_MAX >> 11 : 0));
                changes += now != before;
                before = now;
            }
            assert_true(changes <= (mode->random_bits ? 1 : 0));
        }
    }
}

/* What is past the largest finite value by a part of a step goes there with the same probability, and is clamped
 * or becomes infinite; what is past by more always overflows. */
static void beyond_the_largest(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e4m3", NULL);
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"sr:4", "srb:4", "src:4", "srh"};
        const hu_rounding *mode = hu_rounding_find(names[i], NULL);
        spot s = spot_at(f, f->max_code, 1 << (NU_BITS - 2), false, false);
        assert_true(s.hi == f->inf_code);
        assert_int_equal(count_up(&s, mode, 4, 0), i == 3 ? 8 : 4);
        spot far = spot_at(f, f->max_code + 1, 0, false, false);
        far.x = hu_num_make(false, 1, f->emax + 1);
        far.lo = far.hi;
        far.hi = f->inf_code;
        assert_int_equal(count_up(&far, mode, 4, 0), 16);
        hu_env env = hu_env_default();
        env.rounding = mode;
        env.overflow = HU_OVERFLOW_SATURATE;
        assert_true(hu_round_with(f, &env, far.x, 0) == f->max_code);
        assert_int_equal(env.flags, HU_OVERFLOW | HU_INEXACT);
    }
}

/* Every operation that rounds takes one word in a stochastic mode, exact or not, and none in the others. */
static void words_drawn(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e5m10", NULL);
    static const char *const names[] = {"rne", "sr", "sr:8", "srh"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        hu_env env = hu_env_default();
        env.rounding = hu_rounding_find(names[i], NULL);
        for (int k = 0; hu_op_at(k); k++) {
            const hu_op *op = hu_op_at(k);
            for (hu_code a = 0x3c00; a < 0x7fff; a += 0x555) {
                uint64_t before = env.random.index;
                if (op->arity == 1)
                    op->unary(f, &env, a);
                else if (op->arity == 2)
                    op->binary(f, &env, a, 0x3c01);
                else
                    op->ternary(f, &env, a, 0x3c01, 0x4000);
                assert_int_equal(env.random.index - before, op->rounds && i > 0);
            }
        }
        uint64_t before = env.random.index;
        hu_convert(f, hu_format_find("e4m3", NULL), &env, 0x3c01);
        hu_from_i64(f, &env, 3);
        hu_from_u64(f, &env, 3);
        hu_to_i64(f, &env, 0x3c01, 8);
        hu_to_u64(f, &env, 0x7e00, 8);
        hu_from_double(f, &env, 0.1);
        assert_int_equal(env.random.index - before, i > 0 ? 6 : 0);
    }
}

/* rint and to_i64 put a number between two integers, with the position exact to 2^-63: 1/4 goes up for a quarter. */
static void integral_values(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e5m10", NULL);
    static const struct { hu_code code; uint64_t quarters, lo; } want[] = {{0x3400, 1, 0}, {0x3a00, 3, 0}, {0x3d00, 1, 1}, {0x4100, 2, 2}};
    for (size_t i = 0; i < TEST_COUNT(want); i++)
        for (int past = 0; past < 2; past++) {
            uint64_t word = 0 - (want[i].quarters << 62) - (past ? 1 : 0);   /* the last words go up */
            hu_env env = hu_env_default();
            env.rounding = hu_rounding_find("sr", NULL);
            env.word = &word;
            uint64_t integer = want[i].lo + !past;
            assert_true(hu_to_double(f, hu_rint(f, &env, want[i].code)) == (double)integer);
            assert_int_equal(hu_to_i64(f, &env, want[i].code, 16), integer);
        }
}

/* The word that an operation takes is the one of the stream at its index. */
static void word_of_the_stream(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("e8m7", NULL);
    hu_env env = hu_env_default(), given = hu_env_default();
    env.rounding = given.rounding = hu_rounding_find("sr", NULL);
    env.random = (hu_random){.seed = 42, .stream = 7, .index = 100};
    int ups = 0;
    for (uint64_t i = 0; i < 500; i++) {
        hu_num x = hu_num_make(false, 0x12345, -10);
        hu_code got = hu_round(f, &env, x);
        assert_true(got == hu_round_with(f, &given, x, hu_random_word(42, 7, 100 + i)));
        ups += got & 1;
    }
    assert_true(ups > 50 && ups < 450);
}

static const struct CMUnitTest claims[] = {
    CLAIM("sra:R and sr:R round away with probability floor(nu 2^R) / 2^R, all words, R up to 8", variant_a),
    CLAIM("srb:R rounds away with probability floor(nu 2^R + 1/2) / 2^R, all words, R up to 8", variant_b),
    CLAIM("src:R rounds away with probability RNE(nu 2^R) / 2^R, all words, R up to 8", variant_c),
    CLAIM("srh rounds away for half of the words, wherever x lies", half),
    CLAIM("sr rounds away for exactly nu of its 2^63 words", all_63_bits),
    CLAIM("in every mode the result is monotone in the random word, and deterministic modes ignore it", monotone),
    CLAIM("stochastic modes overflow with the probability of the step, and always beyond it", beyond_the_largest),
    CLAIM("rint and to_i64 go up for exactly the part of the words that the position says", integral_values),
    CLAIM("an operation draws one word in a stochastic mode, whether exact or not, and none in the others", words_drawn),
    CLAIM("the word drawn is the stream's at the index", word_of_the_stream),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
