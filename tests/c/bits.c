/* bits.c - codes of any width: integers of 320 bits, their text, and the operations that take them. */
#include "src/ops/bits.h"

#include <stdio.h>
#include <string.h>

#include <gmp.h>

#include "tests/lib/test.h"

static hu_bits random_bits(test_random *r, int length)
{
    hu_bits a, mask = hu_bits_ones(length);
    for (int i = 0; i < HU_BITS_WORDS; i++)
        a.word[i] = test_random_bits(r);
    return hu_bits_and(&a, &mask);
}

static void to_mpz(mpz_t z, const hu_bits *a)
{
    mpz_import(z, HU_BITS_WORDS, -1, sizeof a->word[0], 0, 0, a->word);
}

static void same(const hu_bits *a, mpz_t want, const char *what)
{
    mpz_t z;
    mpz_init(z);
    to_mpz(z, a);
    if (mpz_cmp(z, want) != 0) {
        gmp_fprintf(stderr, "%s: got %#Zx, want %#Zx\n", what, z, want);
        fail();
    }
    mpz_clear(z);
}

/* Integers of 320 bits against GMP. */
static void integers(void **state)
{
    (void)state;
    test_random r = {1};
    mpz_t x, y, want, modulus;
    mpz_inits(x, y, want, modulus, NULL);
    mpz_setbit(modulus, HU_BITS_MAX);
    for (int i = 0; i < 20000; i++) {
        hu_bits a = random_bits(&r, (int)test_random_below(&r, 321)), b = random_bits(&r, (int)test_random_below(&r, 321)), c;
        int shift = (int)test_random_below(&r, 700) - 350;
        to_mpz(x, &a);
        to_mpz(y, &b);
        c = hu_bits_add(&a, &b), mpz_add(want, x, y), mpz_mod(want, want, modulus), same(&c, want, "add");
        c = hu_bits_sub(&a, &b), mpz_sub(want, x, y), mpz_mod(want, want, modulus), same(&c, want, "sub");
        c = hu_bits_and(&a, &b), mpz_and(want, x, y), same(&c, want, "and");
        c = hu_bits_or(&a, &b), mpz_ior(want, x, y), same(&c, want, "or");
        c = hu_bits_shift(&a, shift);
        if (shift >= 0)
            mpz_mul_2exp(want, x, (mp_bitcnt_t)shift), mpz_mod(want, want, modulus);
        else
            mpz_fdiv_q_2exp(want, x, (mp_bitcnt_t)-shift);
        same(&c, want, "shift");
        int order = mpz_cmp(x, y);
        assert_int_equal(hu_bits_compare(&a, &b), (order > 0) - (order < 0));
        assert_int_equal(hu_bits_length(&a), mpz_sgn(x) ? (int)mpz_sizeinbase(x, 2) : 0);
        assert_int_equal(hu_bits_test(&a, shift), shift >= 0 && mpz_tstbit(x, (mp_bitcnt_t)shift));
    }
    mpz_clears(x, y, want, modulus, NULL);
}

static void text_round_trip(void **state)
{
    (void)state;
    test_random r = {2};
    char text[HU_TEXT_SIZE], decimal[128];
    mpz_t z;
    mpz_init(z);
    for (int width = 1; width <= HU_BITS_MAX; width++) {
        hu_bits a = random_bits(&r, width), back;
        assert_int_equal(strlen(hu_bits_to_text(&a, width, text)), 2 + (width + 3) / 4);
        assert_int_equal(hu_bits_from_text(text, width, &back, NULL), HU_OK);
        assert_true(hu_bits_equal(&a, &back));
        to_mpz(z, &a);
        gmp_snprintf(decimal, sizeof decimal, "%Zd", z);
        assert_int_equal(hu_bits_from_text(decimal, width, &back, NULL), HU_OK);
        assert_true(hu_bits_equal(&a, &back));
    }
    mpz_clear(z);
}

static void wrong_text(void **state)
{
    (void)state;
    static const struct { const char *text; int width; } wrong[] = {
        {"", 8}, {"0x", 8}, {"0x100", 8}, {"256", 8}, {"0xg", 8}, {"-1", 8}, {"1a", 8}, {" 1", 8}, {"0x1 ", 8},
        {"0x10000000000000000", 64}, {"0x100000000000000000000000000000000", 128}, {"340282366920938463463374607431768211456", 128},
    };
    for (size_t i = 0; i < TEST_COUNT(wrong); i++) {
        hu_bits a = {{7}};
        hu_error err;
        assert_int_equal(hu_bits_from_text(wrong[i].text, wrong[i].width, &a, &err), HU_EPARSE);
        assert_non_null(strstr(err.text, "is not a code of"));
        assert_int_equal(a.word[0], 7);
    }
    char longest[2 + 80 + 2];
    hu_bits a;
    memset(longest, 'f', sizeof longest);
    memcpy(longest, "0x", 2);
    longest[2 + 80] = '\0';
    assert_int_equal(hu_bits_from_text(longest, HU_BITS_MAX, &a, NULL), HU_OK);
    longest[2 + 80] = 'f';
    longest[2 + 81] = '\0';
    assert_int_equal(hu_bits_from_text(longest, HU_BITS_MAX, &a, NULL), HU_EPARSE);
}

/* The 128-bit forms take codes of up to 128 bits. */
static void full_width(void **state)
{
    (void)state;
    char text[HU_TEXT_SIZE];
    hu_code code = 0;
    assert_int_equal(hu_code_from_text("0xffffffffffffffffffffffffffffffff", 128, &code, NULL), HU_OK);
    assert_true(code == ~(hu_code)0);
    assert_string_equal(hu_code_to_text(code, 128, text), "0xffffffffffffffffffffffffffffffff");
    assert_int_equal(hu_code_from_text("0x100000000000000000000000000000000", 128, &code, NULL), HU_EPARSE);
}

static hu_code plain(const hu_op *op, const hu_format *f, hu_env *env, const hu_code *x)
{
    return op->arity == 1 ? op->unary(f, env, x[0]) : op->arity == 2 ? op->binary(f, env, x[0], x[1])
                                                                     : op->ternary(f, env, x[0], x[1], x[2]);
}

/* Every operation of the table on random codes of every format of the table. */
static void same_as_codes(void **state)
{
    (void)state;
    test_random r = {3};
    const hu_format *f;
    const hu_op *op;
    int cases = 0;
    for (int i = 0; (f = hu_format_at(i)); i++) {
        for (int k = 0; f->width_bits <= 128 && (op = hu_op_at(k)); k++) {
            for (int n = 0; n < 20; n++) {
                hu_env env = hu_env_default(), plain_env;
                env.rounding = hu_rounding_at((int)test_random_below(&r, 10));
                plain_env = env;
                hu_code code[3];
                hu_bits x[3], out = {{0}};
                for (int j = 0; j < 3; j++) {
                    x[j] = random_bits(&r, f->width_bits);
                    code[j] = hu_bits_to_code(&x[j]);
                }
                hu_status status = hu_apply(op, f, &env, x, &out, NULL);
                assert_int_equal(status, hu_op_check(op, f, NULL));
                if (status != HU_OK)
                    continue;
                cases++;
                assert_true(hu_bits_to_code(&out) == plain(op, f, &plain_env, code));
                assert_int_equal(env.flags, plain_env.flags);
                assert_int_equal(env.random.index, plain_env.random.index);
            }
        }
    }
    test_note("%d cases", cases);
    assert_true(cases > 10000);
}

static void conversions(void **state)
{
    (void)state;
    const hu_format *half = hu_format_find("fp16", NULL), *tiny = hu_format_find("e4m3fn", NULL);
    hu_env env = hu_env_default();
    char text[HU_TEXT_SIZE];
    hu_bits a, b;
    assert_int_equal(hu_bits_round_text(half, &env, "0.3", &a, NULL), HU_OK);
    assert_string_equal(hu_bits_to_text(&a, 16, text), "0x34cd");
    assert_string_equal(hu_bits_to_hex(half, &a, text), "0x1.334p-2");
    assert_string_equal(hu_bits_to_decimal(half, &a, text), "0.300048828125");
    hu_bits_convert(half, tiny, &env, &a, &b);
    assert_string_equal(hu_bits_to_text(&b, 8, text), "0x2a");
    assert_true(hu_bits_to_double(tiny, &b) == 0.3125);
    hu_bits_round_double(half, &env, -2.5, &a);
    assert_int_equal(hu_bits_to_i64(half, &env, &a, 8), -2);
    hu_bits_round_i64(half, &env, -7, &a);
    assert_true(hu_bits_to_double(half, &a) == -7.0);
    hu_bits_round_u64(half, &env, 200, &a);
    assert_int_equal(hu_bits_to_u64(half, &env, &a, 8), 200);
    assert_int_equal(hu_bits_round_text(half, &env, "x", &a, NULL), HU_EPARSE);
}

static const struct CMUnitTest claims[] = {
    CLAIM("integers of 320 bits agree with GMP", integers),
    CLAIM("codes of every width read back from their text", text_round_trip),
    CLAIM("text that is no code, or too large a one, is refused", wrong_text),
    CLAIM("codes of 128 bits have all of their bits", full_width),
    CLAIM("operations on wide codes are those on codes", same_as_codes),
    CLAIM("conversions of wide codes are those of codes", conversions),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
