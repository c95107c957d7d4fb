/* logarithms.h - the truth of logarithmic numbers and logarithmic takums, with logarithms read by the formulas of their sources.
 *
 * A value is known by its logarithm, an integer in units of 2^-64; where a real number lies among the codes is found by comparing
 * logarithms of 448 bits. Two that are closer than 2^-300 are taken for equal; where terms of a sum are farther apart than that,
 * the smaller one says on which side. Magnitudes are numbered in the order of their values; zero comes before the first.
 */
#ifndef HU_TESTS_LIB_LOGARITHMS_H
#define HU_TESTS_LIB_LOGARITHMS_H

#include <mpfr.h>

#include "src/ops/round.h"
#include "tests/lib/test.h"

enum { LOG_PRECISION = 448, LOG_UNIT = 64, LOG_MODES = 8, LOG_SMALL = 9, LOG_MEDIUM = 4, LOG_LARGE = 6,
       LOG_FAMILIES = LOG_SMALL + LOG_MEDIUM + LOG_LARGE };

typedef __int128 wide;

typedef struct log_family {
    const char *name;
    int width, fraction;      /* fraction < 0: a logarithmic takum */
} log_family;

/* log |x| of a result, and what the digits do not show: nudge is the sign of what is missing. */
typedef struct log_real {
    mpfr_t y;
    int nudge;
    bool negative, zero;
} log_real;

typedef struct log_place {
    bool below, above, exact;  /* of the smallest magnitude; of the largest */
    bool passed;               /* above: as far as the next code would be, or farther */
    int  middle;               /* how x compares with the middle above k    */
    wide k;
} log_place;

/* Those of at most 8 bits, then those of at most 16, then larger ones. */
extern const log_family log_families[LOG_FAMILIES];
extern const char *const log_modes[LOG_MODES];

const hu_format *log_format(const log_family *t);
const hu_rounding *log_rounding(size_t m);

wide log_first(const log_family *t);
wide log_last(const log_family *t);
wide log_of(const log_family *t, wide k);
wide log_middle(const log_family *t, wide k);
hu_code log_code(const log_family *t, wide k, bool negative);
hu_code log_zero(const log_family *t);
hu_code log_nan(const log_family *t);
bool log_read(const log_family *t, hu_code code, bool *negative, wide *k);     /* false for zero and NaN */
hu_code log_draw(const log_family *t, test_random *random);                    /* any code, often one near the ends */

void log_set(mpfr_ptr out, wide l);
void log_power(const log_family *t, mpfr_ptr out, wide l);
void log_take(const log_family *t, mpfr_ptr out, mpfr_srcptr x);
void log_real_init(log_real *x);
void log_real_clear(log_real *x);

/* s B^p + B^q with p >= q, the sign that of the first; and of two numbers with signs. */
void log_sum(const log_family *t, log_real *x, wide p, wide q, bool is_difference);
void log_signed_sum(const log_family *t, log_real *x, bool a_negative, wide a, bool b_negative, wide b);

/* Where a number lies, and what a mode makes of it. */
log_place log_find(const log_family *t, const log_real *x);
hu_code log_wanted(const log_family *t, const char *mode, const log_real *x, const log_place *p, hu_flags *flags);
void log_expect(const log_family *t, const char *what, const char *mode, const hu_code *a, hu_code got, hu_flags got_flags,
                hu_code want, hu_flags want_flags);

/* The bracket of a result in the eight modes, and the operation itself in one of them, or in all (-1). */
void log_check(const log_family *t, const char *name, hu_term term, const hu_code a[3], const log_real *x, int mode);

#endif
