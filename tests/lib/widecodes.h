/* widecodes.h - codes of floating-point formats that are worth a test: edges, few bits set, exponents near one another. */
#ifndef HU_TESTS_LIB_WIDECODES_H
#define HU_TESTS_LIB_WIDECODES_H

#include "formats/format.h"
#include "src/num/bits.h"
#include "tests/lib/test.h"

/* A trailing significand of n bits: random, all zeros or ones but for a few bits at either end, or with a long run. */
static inline hu_bits wide_trailing(test_random *r, int n)
{
    hu_bits a, mask = hu_bits_ones(n), run;
    for (int i = 0; i < HU_BITS_WORDS; i++)
        a.word[i] = test_random_bits(r);
    switch (test_random_below(r, 6)) {
    case 0: a = hu_bits_from_code(test_random_below(r, 4)); break;
    case 1: run = hu_bits_from_code(test_random_below(r, 4)); a = hu_bits_sub(&mask, &run); break;
    case 2: run = hu_bits_from_code(test_random_below(r, 8)); a = hu_bits_shift(&run, n - 3); break;
    case 3: a = hu_bits_one((int)test_random_below(r, (uint64_t)n + 1)); break;
    case 4: run = hu_bits_ones((int)test_random_below(r, (uint64_t)n + 1)); a = hu_bits_shift(&run, (int)test_random_below(r, (uint64_t)n + 1)); break;
    default: break;
    }
    return hu_bits_and(&a, &mask);
}

/* An exponent field: any, one of the lowest or highest, or near `near` (the middle, for a start). */
static inline uint64_t wide_field(test_random *r, const hu_format *f, uint64_t near)
{
    uint64_t last = (UINT64_C(1) << f->exp_bits) - 1, field;
    uint64_t span = 2 * (uint64_t)f->man_bits + 8;
    switch (test_random_below(r, 8)) {
    case 0: return test_random_below(r, last + 1);
    case 1: return test_random_below(r, 3) & last;
    case 2: return last - (test_random_below(r, 3) & last);
    case 3: field = near + test_random_below(r, 3) - 1; break;
    default: field = near + test_random_below(r, 2 * span) - span; break;
    }
    return field & last;
}

/* n codes of f that meet one another: exponents of the later ones are often near that of the first. */
static inline void wide_codes(test_random *r, const hu_format *f, hu_bits *x, int n)
{
    uint64_t near = wide_field(r, f, UINT64_C(1) << f->exp_bits >> 1);
    for (int i = 0; i < n; i++) {
        hu_bits trailing = wide_trailing(r, f->man_bits), field = hu_bits_from_code(i ? wide_field(r, f, near) : near);
        bool leading = f->explicit_leading, normal = !hu_bits_is_zero(&field);
        if (leading) {                                      /* one in 16 codes of x87 is an odd one */
            hu_bits bit = hu_bits_from_code(test_random_below(r, 16) ? normal : !normal);
            bit = hu_bits_shift(&bit, f->man_bits);
            trailing = hu_bits_or(&trailing, &bit);
        }
        field = hu_bits_shift(&field, f->man_bits + leading);
        x[i] = hu_bits_or(&trailing, &field);
        if (test_random_bits(r) & 1) {
            hu_bits sign = hu_bits_one(f->width_bits - 1);
            x[i] = hu_bits_or(&x[i], &sign);
        }
    }
}

#endif
