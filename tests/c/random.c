/* random.c - the random words of an element depend on seed, stream and index alone. */
#include "src/base/random.h"

#include <Random123/philox.h>

#include "tests/lib/test.h"

/* Random123 1.14, kat_vectors: philox4x32 with 10 rounds, counter and key all zero. */
static void known_answer(void **state)
{
    (void)state;
    assert_int_equal(hu_random_at(0, 0, 0), UINT64_C(0xe169c58d6627e8d5));
    assert_int_equal(hu_random_at(0, 0, 1), UINT64_C(0x9b00dbd8bc57ac4c));
}

/* The layout that random.h promises, from Random123's function itself. */
static void words_come_from_their_blocks(void **state)
{
    (void)state;
    test_random r = {1};
    for (int i = 0; i < 2000; i++) {
        uint64_t seed = test_random_bits(&r), stream = test_random_bits(&r), index = test_random_bits(&r), halves[2];
        for (int lower = 0; lower < 2; lower++) {
            uint64_t n = index / 64 * 16 + index % 16 + (UINT64_C(1) << (62 + lower));
            philox4x32_ctr_t counter = {{(uint32_t)n, (uint32_t)(n >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
            philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
            halves[lower] = philox4x32(counter, key).v[index / 16 % 4];
        }
        assert_true(hu_random_word(seed, stream, index) == (halves[0] << 32 | halves[1]));
    }
}

static void next_moves_on(void **state)
{
    (void)state;
    hu_random r = {7, 3, 41};
    assert_true(hu_random_next(&r) == hu_random_word(7, 3, 41));
    assert_true(hu_random_next(&r) == hu_random_word(7, 3, 42));
    assert_true(r.index == 43 && r.seed == 7 && r.stream == 3);
}

static void uniform_range(void **state)
{
    (void)state;
    double sum = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        double u = hu_random_uniform_at(5, 0, i);
        assert_true(u >= 0 && u < 1);
        sum += u;
    }
    assert_true(sum > 4884 && sum < 5116);   /* four standard deviations of 10000 uniforms: 4 * sqrt(10000 / 12) */
}

static void derived_seeds_differ(void **state)
{
    (void)state;
    assert_true(hu_random_derive(1, "a") != hu_random_derive(1, "b"));
    assert_true(hu_random_derive(1, "a") != hu_random_derive(2, "a"));
    assert_true(hu_random_derive(1, "a") == hu_random_derive(1, "a"));
}

/* Those that tests/cli/machinery.bats finds in Lua. */
static void own_generator(void **state)
{
    (void)state;
    test_random r = {1};
    assert_int_equal(test_random_bits(&r), UINT64_C(0x910a2dec89025cc1));
    assert_int_equal(test_random_bits(&r), UINT64_C(0xbeeb8da1658eec67));
}

static const struct CMUnitTest claims[] = {
    CLAIM("Philox gives the known answer of its authors", known_answer),
    CLAIM("the words that decide roundings come from the blocks that random.h says", words_come_from_their_blocks),
    CLAIM("the next word is the one at the index, which moves on by one", next_moves_on),
    CLAIM("uniform numbers lie in [0, 1) and average one half", uniform_range),
    CLAIM("the tests' own generator is SplitMix64", own_generator),
    CLAIM("derived seeds differ by seed and by text", derived_seeds_differ),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
