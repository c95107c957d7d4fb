/* kernel-cases.h - what the tests of the kernels have in common: formats, modes, numbers at the edges of a
 * format, and bits as bits. */
#ifndef HU_TESTS_C_KERNEL_CASES_H
#define HU_TESTS_C_KERNEL_CASES_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/test.h"

#include "src/kernel/plan.h"
#include "src/ops/ops.h"

/* Beside the formats of the table: other splits, biases, specials, subnormals. */
static const char *const odd_formats[] = {
    "e2m5", "e3m0", "e1m3", "e1m6fn", "e1m2{bias=20}", "e3m9", "e5m2{subnormals=flush}", "e4m3fn{subnormals=flush-out}", "e5m7{bias=20,subnormals=flush-in}",
    "e4m3{bias=-20}", "e6m15", "e7m22", "e8m21fn", "e8m22fnuz", "e8m3{subnormals=flush}", "e5m17b100", "e4m1", "e9m11", "e10m39", "e11m7",
    "e11m41", "e11m50", "e11m51{subnormals=flush}", "e8m46b200fnuz",
};

static const char *const odd_modes[] = {"sr:1", "sr:23", "sra:32", "srb:31", "srb:1", "src:1", "src:16", "src:32"};

/* The formats of the table, but for those that arrays of double refuse or hold by the nearest number (tests/c/logarithmic.c), and the odd ones. */
static inline const hu_format *case_format(int i)
{
    for (int named = 0; hu_format_at(named); named++)
        if (hu_fits_f64(hu_format_at(named)) && !hu_format_at(named)->family->result && i-- == 0)
            return hu_format_at(named);
    return i < (int)TEST_COUNT(odd_formats) ? hu_format_find(odd_formats[i], NULL) : NULL;
}

static inline const hu_rounding *case_mode(int i)
{
    int listed = 0;
    while (hu_rounding_at(listed))
        listed++;
    if (i < listed)
        return hu_rounding_at(i);
    i -= listed;
    return i < (int)TEST_COUNT(odd_modes) ? hu_rounding_find(odd_modes[i], NULL) : NULL;
}

static inline uint64_t f64_bits(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline double f64_value(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static inline uint32_t f32_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float f32_value(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* The value that a code stands for, NaN being the canonical one. */
static inline double case_value(const hu_format *f, hu_code code)
{
    double x = hu_to_double(f, code);
    return isnan(x) ? f64_value(UINT64_C(0x7ff8) << 48) : x;
}

/* x and what lies right beside it, both signs. Returns the new count; at most max are written. */
static inline size_t case_around(double *out, size_t n, size_t max, double x)
{
    const double near[] = {x, nextafter(x, INFINITY), nextafter(x, -INFINITY), nextafterf((float)x, INFINITY), nextafterf((float)x, -INFINITY)};
    for (size_t i = 0; i < TEST_COUNT(near) && n + 2 <= max; i++) {
        out[n++] = near[i];
        out[n++] = -near[i];
    }
    return n;
}

/* Numbers at the edges of a format: its landmarks, the midpoints and quarters beside them, all with their
 * neighbors in float and double, and the carrier's own edges. */
static inline size_t case_edges(double *out, size_t max, const hu_format *f)
{
    const hu_code one = (hu_code)1 << f->man_bits;
    const hu_code codes[] = {0, 1, 2, one / 2, one - 1, one, one + 1, f->max_code - 1, f->max_code, f->max_code / 2, f->max_code / 2 + 1};
    size_t n = 0;
    for (size_t i = 0; i < TEST_COUNT(codes); i++) {
        hu_format plain = *f;
        plain.subnormals = 0;
        hu_code code = codes[i] < f->max_code ? codes[i] : f->max_code;
        double x = hu_to_double(&plain, code), before = hu_to_double(&plain, code ? code - 1 : 0), step = x - before;
        n = case_around(out, n, max, x);
        n = case_around(out, n, max, x + step / 2);
        n = case_around(out, n, max, x + step);
        n = case_around(out, n, max, x - step / 2);
        n = case_around(out, n, max, x - step / 4);
        n = case_around(out, n, max, x - step / 8);
    }
    const uint64_t carriers[] = {
        UINT64_C(0x7ff0000000000000), UINT64_C(0x7fefffffffffffff), UINT64_C(0x0010000000000000), UINT64_C(0x000fffffffffffff), 1, 2,
        UINT64_C(0x7ff8000000000000), UINT64_C(0x7ff0000000000001), UINT64_C(0x7fffffffffffffff), UINT64_C(0x7ff8000000000123),
        UINT64_C(0x47efffffe0000000), UINT64_C(0x36a0000000000000), UINT64_C(0x3810000000000000), UINT64_C(0x380fffffc0000000),
    };
    for (size_t i = 0; i < TEST_COUNT(carriers) && n + 2 <= max; i++) {
        out[n++] = f64_value(carriers[i]);
        out[n++] = f64_value(carriers[i] | UINT64_C(1) << 63);
    }
    return n;
}

/* A number somewhere in and around the range of a format, sometimes with few bits. */
static inline double case_random(test_random *r, const hu_format *f)
{
    uint64_t bits = test_random_bits(r);
    switch (bits & 7) {
    case 0: return f64_value(test_random_bits(r));
    case 1: return case_value(f, (hu_code)test_random_bits(r) % (f->max_code + 1));
    case 2: return ldexp(1 + test_random_unit(r), f->emin - 3 + (int)test_random_below(r, 6)) * (bits & 8 ? 1 : -1);
    case 3: return ldexp(1 + test_random_unit(r), f->emax - 2 + (int)test_random_below(r, 4)) * (bits & 8 ? 1 : -1);
    default: {
        int range = f->emax - f->emin + f->man_bits + 4, low = f->emin - f->man_bits - 2;
        double x = ldexp(1 + test_random_unit(r), low + (int)test_random_below(r, (uint64_t)range));
        return bits & 8 ? x : -x;
    }
    }
}

/* Signaling NaNs of double become those of float, which a cast would make quiet. */
static inline float case_to_f32(double x)
{
    uint64_t u = f64_bits(x);
    if (isnan(x))
        return f32_value((uint32_t)(u >> 63) << 31 | 0x7f800000 | (uint32_t)(u >> 51 & 1) << 22 | (uint32_t)(u & 0x3fffff) | !(u >> 51 & 1));
    return (float)x;
}

static inline const char *case_text(const hu_format *f, const hu_env *env)
{
    static char text[160];
    snprintf(text, sizeof text, "%s %s overflow %d tininess %d", f->name, env->rounding->name, (int)env->overflow, (int)env->tininess);
    return text;
}

#endif
