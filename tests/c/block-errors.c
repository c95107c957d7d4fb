/* block-errors.c - block formats: what they lose, beside figures computed apart. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/kernel/block-job.h"
#include "tests/lib/blocks.h"
#include "tests/lib/test.h"

static double relative_error(const char *name, const double *x, size_t n, double *y)
{
    hu_env env = hu_env_default();
    hu_block_layout l = hu_block_line(n);
    double error = 0, signal = 0;
    assert_int_equal(hu_block_quantize_f64(y, x, &l, test_block(name), &env, NULL), HU_OK);
    for (size_t i = 0; i < n; i++) {
        error += (y[i] - x[i]) * (y[i] - x[i]);
        signal += x[i] * x[i];
    }
    return error / signal;
}

/* Figures computed apart from this program, of N(0, 1) and of Student's t with 5 degrees of freedom. */
static void golden_errors(void **state)
{
    (void)state;
    static const struct { const char *name; double want, tolerance; } errors[] = {
        {"mxfp4", 1.32e-2, 0.02}, {"mxfp4{rule=up}", 1.34e-2, 0.02}, {"nvfp4", 9.0e-3, 0.01}, {"nvfp4{size=32}", 1.03e-2, 0.01},
    };
    static const struct { const char *element; double normal[3], t5[3]; } sqnr[] = {       /* blocks of 16, 32, 256 */
        {"int4",   {21.38, 20.26, 17.94}, {19.98, 18.27, 13.99}},
        {"e2m1fn", {20.53, 19.91, 19.08}, {20.83, 19.85, 17.33}},
        {"nf4",    {21.85, 21.18, 20.11}, {21.82, 20.67, 17.55}},
        {"e3m0{specials=finite}", {15.49, 14.87, 14.22}, {NAN, NAN, NAN}},
    };
    static const size_t sizes[] = {16, 32, 256};
    size_t n = test_long() ? 1 << 20 : 1 << 17;
    double *x = calloc(n, sizeof *x), *t = calloc(n, sizeof *x), *y = calloc(n, sizeof *x), *small = calloc(n, sizeof *x);
    assert_true(x && t && y && small);
    for (size_t i = 0; i < n; i++) {
        double chi = 0;
        x[i] = hu_random_normal_at(1, 0, i);
        for (uint64_t k = 1; k <= 5; k++)
            chi += pow(hu_random_normal_at(1, k, i), 2);
        t[i] = x[i] / sqrt(chi / 5);
        small[i] = 0.75 * x[i];
    }
    for (size_t i = 0; i < TEST_COUNT(errors); i++) {
        double got = relative_error(errors[i].name, x, n, y);
        test_note("%s: %.3e (%.2e)", errors[i].name, got, errors[i].want);
        assert_true(fabs(got / errors[i].want - 1) < errors[i].tolerance);
    }
    /* floor with amax / 0.75: as `up` with the data at 0.75 of their size */
    double phase = relative_error("mxfp4{rule=up}", small, n, y);
    test_note("floor of amax / 0.75: %.3e (1.39e-02)", phase);
    assert_true(fabs(phase / 1.39e-2 - 1) < 0.02);
    for (size_t i = 0; i < TEST_COUNT(sqnr); i++)
        for (size_t s = 0; s < 3; s++) {
            char name[80];
            snprintf(name, sizeof name, "block(%s, scale=fp64, size=%zu)", sqnr[i].element, sizes[s]);
            double normal = -10 * log10(relative_error(name, x, n, y)), heavy = -10 * log10(relative_error(name, t, n, y));
            test_note("%s: %.2f dB (%.2f), heavy tails %.2f dB (%.2f)", name, normal, sqnr[i].normal[s], heavy, sqnr[i].t5[s]);
            assert_true(fabs(normal - sqnr[i].normal[s]) < 0.1);
            if (!isnan(sqnr[i].t5[s]))
                assert_true(fabs(heavy - sqnr[i].t5[s]) < (test_long() ? 0.15 : 0.3));
        }
    free(x);
    free(t);
    free(y);
    free(small);
}

/* Computed apart from this program: rows of 256 with a lognormal scale of 0.4; a free scale, and one of a power of two that clips nothing. */
static void golden_powers(void **state)
{
    (void)state;
    enum { ROWS = 512, G = 256 };
    double *x = calloc(ROWS * G, sizeof *x), *y = calloc(ROWS * G, sizeof *x);
    assert_true(x && y);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < G; i++)
            x[r * G + i] = exp(0.4 * hu_random_normal_at(2, 1, r)) * hu_random_normal_at(2, 2, r * G + i);
    double free_scale = -10 * log10(relative_error("block(e2m1fn, scale=fp64, size=256)", x, ROWS * G, y));
    double up = -10 * log10(relative_error("block(e2m1fn, scale=e8m0fnu, size=256, rule=up)", x, ROWS * G, y));
    test_note("free scale %.2f dB (19.09), power of two %.2f dB (17.86)", free_scale, up);
    assert_true(fabs(free_scale - 19.09) < 0.2 && fabs(up - 17.86) < 0.2);
    free(x);
    free(y);
}

static const struct CMUnitTest claims[] = {
    CLAIM("errors on normal and heavy-tailed data are those computed apart", golden_errors),
    CLAIM("scales that are powers of two lose what a computation apart says", golden_powers),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
