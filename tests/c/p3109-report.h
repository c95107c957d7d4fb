/* p3109-report.h - IEEE P3109 as its interim report 3.2 writes it down, in exact rational arithmetic; the truth for
 * formats/p3109.c, from which it shares nothing. */
#ifndef HU_TESTS_C_P3109_REPORT_H
#define HU_TESTS_C_P3109_REPORT_H

#include <stdio.h>

#include <gmp.h>

#include "src/ops/ops.h"
#include "tests/lib/test.h"

typedef struct report {
    int k, p;
    bool is_signed, extended;
} report;

typedef enum report_class { REPORT_FINITE, REPORT_INF, REPORT_NEGATIVE_INF, REPORT_NAN } report_class;

/* Every format of width k, one a call: first *r = {.k = k}; false when there are no more. */
static inline bool report_next(report *r)
{
    if (r->p == 0) {
        *r = (report){.k = r->k, .p = 1, .is_signed = true, .extended = true};
        return true;
    }
    if (++r->p <= r->k - r->is_signed)
        return true;
    r->p = 1;
    if (r->extended) {
        r->extended = false;
        return true;
    }
    r->extended = true;
    return r->is_signed ? !(r->is_signed = false) : false;
}

static inline const char *report_name(const report *r, char name[32])
{
    snprintf(name, 32, "binary%dp%d%c%c", r->k, r->p, r->is_signed ? 's' : 'u', r->extended ? 'e' : 'f');
    return name;
}

static inline const hu_format *report_format(const report *r)
{
    char name[32];
    hu_error err;
    const hu_format *f = hu_format_find(report_name(r, name), &err);
    if (!f)
        fail_msg("%s", err.text);
    return f;
}

static inline long report_bias(const report *r)
{
    return 1L << (r->is_signed ? r->k - r->p - 1 : r->k - r->p);
}

static inline void report_scale(mpq_t x, long exp)
{
    if (exp >= 0)
        mpq_mul_2exp(x, x, (mp_bitcnt_t)exp);
    else
        mpq_div_2exp(x, x, (mp_bitcnt_t)-exp);
}

/* Decode: the value is m * 2^*exp, so that far exponents need not be written out. */
static inline report_class report_decode(const report *r, long x, mpq_t m, long *exp)
{
    long codes = 1L << r->k, half = codes / 2, b = report_bias(r);
    if (x == (r->is_signed ? half : codes - 1))
        return REPORT_NAN;
    if (r->extended && x == (r->is_signed ? half - 1 : codes - 2))
        return REPORT_INF;
    if (r->extended && r->is_signed && x == codes - 1)
        return REPORT_NEGATIVE_INF;
    if (r->is_signed && x > half) {
        report_class class = report_decode(r, x - half, m, exp);
        mpq_neg(m, m);
        return class;
    }
    long scale = 1L << (r->p - 1), t = x % scale, eb = x / scale;
    mpq_set_si(m, eb ? scale + t : t, (unsigned long)scale);
    mpq_canonicalize(m);
    *exp = eb ? eb - b : 1 - b;
    return REPORT_FINITE;
}

/* The code of +max: one below the special codes. */
static inline long report_max_code(const report *r)
{
    long nan = r->is_signed ? 1L << (r->k - 1) : (1L << r->k) - 1;
    return nan - 1 - r->extended;
}

/* out = |x| 2^-exp with its sign. */
static inline void report_from_num(mpq_t out, hu_num x, long exp)
{
    uint64_t word[2] = {(uint64_t)x.sig, (uint64_t)(x.sig >> 64)};
    mpq_set_ui(out, 0, 1);
    if (x.kind == HU_ZERO)
        return;
    mpz_import(mpq_numref(out), 2, -1, sizeof word[0], 0, 0, word);
    report_scale(out, x.exp - 127L - exp);
    if (x.negative)
        mpq_neg(out, out);
}

#endif
