/* rational.h - the truth about a format that is a list of values: rounding in exact rational numbers. */
#ifndef HU_TESTS_LIB_RATIONAL_H
#define HU_TESTS_LIB_RATIONAL_H

#include <gmp.h>

#include "src/ops/ops.h"
#include "tests/lib/test.h"

typedef struct rational_grid {
    int      n;                    /* finite values                                                    */
    mpq_t   *value;                /* increasing                                                       */
    hu_code *code;
    mpq_t    step_above, step_below;    /* to where the grid goes on past its ends; 0: it does not, and all is far past */
    hu_code  over_above, over_below;    /* what a number far past the ends becomes under ieee           */
    bool     below_is_invalid;     /* and below the lowest value, zero, that is a NaN, which is an odd code, and raises invalid alone */
    mpq_t    min_normal;           /* smaller ones are tiny                                            */
    mpq_t    fine;                 /* the value just below it, had the exponent no bound; 0: none      */
} rational_grid;

/* The value of a code; false where it has none. */
typedef bool rational_value(hu_code code, mpq_t value);

/* All values of the codes below n; of codes of one value the first counts. The other members are zero but for
 * over_above and over_below, which are the ends, and min_normal, which is the smallest positive value. */
rational_grid *rational_make(hu_code n, rational_value *value);
void rational_free(rational_grid *g);

/* The format against the grid: every code decodes to its value and survives; in every stride-th gap and past the ends, eighths
 * of the way and what is just beside them, in all modes, policies and tininess rules, code and flags. Prints the cases. */
void rational_check(const hu_format *f, const rational_grid *g, int stride);

/* x cut to 128 bits, with the sticky bit. */
hu_num rational_to_num(const mpq_t x);

/* The exact value of a finite number or zero. */
void rational_from_num(mpq_t x, hu_num num);

/* What x becomes, by the grid; flags are or-ed. */
hu_code rational_round(const rational_grid *g, const hu_env *env, const mpq_t x, uint64_t word, hu_flags *flags);

/* x = 2^exp */
void rational_power(mpq_t x, int exp);

#endif
