/* analysis-least-squares.c - nonlinear least squares: certified values, closed forms, outliers, refusals. */
#include <math.h>
#include <string.h>

#include "src/analysis/least-squares.h"
#include "src/analysis/stats.h"
#include "src/base/memory.h"
#include "tests/lib/test.h"

/* NIST Statistical Reference Datasets, Misra1a: y = b1 (1 - exp(-b2 x)), with its certified results. */
enum { MISRA = 14 };
static const double misra_y[MISRA] = {10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78};
static const double misra_x[MISRA] = {77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0};

static hu_status misra(void *context, const double *p, double *r, hu_error *err)
{
    (void)context, (void)err;
    for (int i = 0; i < MISRA; i++)
        r[i] = misra_y[i] - p[0] * (1 - exp(-p[1] * misra_x[i]));
    return HU_OK;
}

static void certified(void **state)
{
    (void)state;
    const double starts[][2] = {{500, 0.0001}, {250, 0.0005}};       /* both of the collection's starts */
    for (int s = 0; s < 2; s++) {
        double p[2] = {starts[s][0], starts[s][1]}, covariance[4], half[2];
        hu_least_squares_options options = hu_least_squares_default();
        hu_least_squares_result result;
        hu_error err = {0};
        assert_int_equal(hu_least_squares(p, 2, MISRA, misra, NULL, &options, covariance, half, &result, &err), HU_OK);
        assert_true(result.converged);
        assert_float_equal(p[0] / 2.3894212918e+02, 1, 1e-7);
        assert_float_equal(p[1] / 5.5015643181e-04, 1, 1e-7);
        assert_float_equal(sqrt(covariance[0]) / 2.7070075241e+00, 1, 1e-5);
        assert_float_equal(sqrt(covariance[3]) / 7.2668688436e-06, 1, 1e-5);
        assert_float_equal(result.sigma / 1.0187876330e-01, 1, 1e-7);
        assert_float_equal(result.cost * 2 / 1.2455138894e-01, 1, 1e-7);
        assert_float_equal(half[0] / sqrt(covariance[0]), 2.1788128296672, 1e-9);     /* t(0.975, 12) of the tables */
    }
}

/* y = p0 + p1 x on a line with noise. */
typedef struct line {
    size_t n;
    double x[64], y[64];
    int    calls, fail_at;
} line;

static hu_status line_residuals(void *context, const double *p, double *r, hu_error *err)
{
    line *l = context;
    if (++l->calls == l->fail_at)
        return hu_fail(err, HU_EIO, "line: call %d", l->calls);
    for (size_t i = 0; i < l->n; i++)
        r[i] = l->y[i] - p[0] - p[1] * l->x[i];
    return HU_OK;
}

static line make_line(uint64_t seed)
{
    test_random r = {seed};
    line l = {.n = 64};
    for (size_t i = 0; i < l.n; i++) {
        l.x[i] = (double)i / 8;
        l.y[i] = 1 + 2 * l.x[i] + 0.1 * (test_random_unit(&r) - 0.5);
    }
    return l;
}

static void straight_line(void **state)
{
    (void)state;
    line l = make_line(5);
    hu_fitted_line closed;
    hu_error err = {0};
    assert_int_equal(hu_fit_line(&closed, l.x, l.y, l.n, &err), HU_OK);
    double p[2] = {0, 0}, covariance[4];
    hu_least_squares_options options = hu_least_squares_default();
    hu_least_squares_result result;
    assert_int_equal(hu_least_squares(p, 2, l.n, line_residuals, &l, &options, covariance, NULL, &result, &err), HU_OK);
    assert_float_equal(p[0], closed.intercept, 1e-9);
    assert_float_equal(p[1], closed.slope, 1e-9);
    assert_float_equal(sqrt(covariance[3]) / closed.slope_se, 1, 1e-6);
}

static void huber_holds_outliers(void **state)
{
    (void)state;
    line l = make_line(6);
    for (size_t i = 0; i < l.n; i += 8)
        l.y[i] += 100;
    double squares[2] = {0, 0}, huber[2] = {0, 0};
    hu_least_squares_options options = hu_least_squares_default();
    hu_least_squares_result result;
    hu_error err = {0};
    assert_int_equal(hu_least_squares(squares, 2, l.n, line_residuals, &l, &options, NULL, NULL, &result, &err), HU_OK);
    assert_true(fabs(squares[0] - 1) > 5);
    options.huber = 0.05;
    assert_int_equal(hu_least_squares(huber, 2, l.n, line_residuals, &l, &options, NULL, NULL, &result, &err), HU_OK);
    assert_true(result.converged);
    assert_float_equal(huber[0], 1, 0.05);
    assert_float_equal(huber[1], 2, 0.01);
    double r[64], gradient[2] = {0, 0};                 /* the condition of a minimum: sum of psi(r) (1, x) = 0 */
    line_residuals(&l, huber, r, &err);
    for (size_t i = 0; i < l.n; i++) {
        double psi = fmax(-0.05, fmin(0.05, r[i]));
        gradient[0] += psi;
        gradient[1] += psi * l.x[i];
    }
    assert_float_equal(gradient[0], 0, 1e-3);
    assert_float_equal(gradient[1], 0, 5e-3);
}

/* How often the interval holds the truth, over many draws of normal noise: the promise of "95 %". */
static void intervals_cover(void **state)
{
    (void)state;
    int held = 0, draws = 400;
    test_random random = {7};
    for (int d = 0; d < draws; d++) {
        line l = make_line(1);
        l.n = 12;
        for (size_t i = 0; i < l.n; i++) {
            double sum = 0;
            for (int k = 0; k < 12; k++)
                sum += test_random_unit(&random);
            l.y[i] = 1 + 2 * l.x[i] + 0.1 * (sum - 6);
        }
        double p[2] = {0, 0}, half[2];
        hu_least_squares_options options = hu_least_squares_default();
        hu_least_squares_result result;
        hu_error err = {0};
        assert_int_equal(hu_least_squares(p, 2, l.n, line_residuals, &l, &options, NULL, half, &result, &err), HU_OK);
        held += fabs(p[1] - 2) <= half[1];
    }
    test_note("%d of %d intervals hold the true slope", held, draws);
    assert_true(held >= 366 && held <= 394);            /* 380 +- 3.2 sd */
}

/* With delta far below the noise the fit goes through as many points as there are parameters; those say nothing of the noise. */
static void few_points(void **state)
{
    (void)state;
    line l = {.n = 5, .x = {0, 1, 2, 3, 4}, .y = {0, 1.3, 1.8, 3.4, 3.7}};
    double p[2] = {0, 1}, squares[2] = {0, 1}, half[2], half_squares[2];
    hu_least_squares_options options = hu_least_squares_default();
    hu_least_squares_result result;
    hu_error err = {0};
    assert_int_equal(hu_least_squares(squares, 2, l.n, line_residuals, &l, &options, NULL, half_squares, &result, &err), HU_OK);
    options.huber = 1e-3;
    assert_int_equal(hu_least_squares(p, 2, l.n, line_residuals, &l, &options, NULL, half, &result, &err), HU_OK);
    assert_true(half_squares[1] < 1 && half[1] > half_squares[1]);
}

static hu_status flat(void *context, const double *p, double *r, hu_error *err)
{
    (void)context, (void)err;
    for (int i = 0; i < 4; i++)
        r[i] = i - p[0];
    return HU_OK;
}

static void parameter_without_effect(void **state)
{
    (void)state;
    double p[2] = {9, 5}, half[2];
    hu_least_squares_options options = hu_least_squares_default();
    hu_least_squares_result result;
    hu_error err = {0};
    assert_int_equal(hu_least_squares(p, 2, 4, flat, NULL, &options, NULL, half, &result, &err), HU_OK);
    assert_float_equal(p[0], 1.5, 1e-12);
    assert_true(isfinite(half[0]) && isinf(half[1]));
}

/* y = log p0 + p1 x: no value where p0 is not positive, which the first step from afar goes past. */
static hu_status logarithm(void *context, const double *p, double *r, hu_error *err)
{
    (void)err;
    *(int *)context += !(p[0] > 0);
    for (int i = 0; i < 6; i++)
        r[i] = log(0.001) + 3 * i - log(p[0]) - p[1] * i;
    return HU_OK;
}

static void steps_back(void **state)
{
    (void)state;
    double p[2] = {50, 0};
    int left = 0;
    hu_least_squares_options options = hu_least_squares_default();
    hu_least_squares_result result;
    hu_error err = {0};
    assert_int_equal(hu_least_squares(p, 2, 6, logarithm, &left, &options, NULL, NULL, &result, &err), HU_OK);
    assert_true(left > 0);
    assert_float_equal(p[0], 0.001, 1e-9);
    assert_float_equal(p[1], 3, 1e-9);
}

static hu_status nowhere(void *context, const double *p, double *r, hu_error *err)
{
    (void)context, (void)err;
    for (int i = 0; i < 4; i++)
        r[i] = log(-1 - p[0] * p[0]);
    return HU_OK;
}

static void refusals(void **state)
{
    (void)state;
    line l = make_line(8);
    hu_least_squares_result result;
    hu_error err;
    double p[2] = {3, 4};
    for (int wrong = 0; wrong < 6; wrong++) {
        hu_least_squares_options o = hu_least_squares_default();
        switch (wrong) {
        case 0: o.huber = -1; break;
        case 1: o.huber = NAN; break;
        case 2: o.tolerance = 0; break;
        case 3: o.max_iterations = 0; break;
        case 4: o.confidence = 1; break;
        default: l.n = 1;
        }
        assert_int_equal(hu_least_squares(p, 2, l.n, line_residuals, &l, &o, NULL, NULL, &result, &err), HU_EINVAL);
    }
    hu_least_squares_options o = hu_least_squares_default();
    assert_int_equal(hu_least_squares(p, 1, 4, nowhere, NULL, &o, NULL, NULL, &result, &err), HU_EINVAL);
    assert_non_null(strstr(err.text, "not finite"));
    assert_true(p[0] == 3 && p[1] == 4);
}

static void callback_fails(void **state)
{
    (void)state;
    for (int at = 1; at <= 8; at++) {
        line l = make_line(9);
        l.fail_at = at;
        double p[2] = {3, 4};
        hu_least_squares_options o = hu_least_squares_default();
        hu_least_squares_result result;
        hu_error err;
        assert_int_equal(hu_least_squares(p, 2, l.n, line_residuals, &l, &o, NULL, NULL, &result, &err), HU_EIO);
        assert_int_equal(l.calls, at);
        assert_true(p[0] == 3 && p[1] == 4);
    }
}

static void out_of_memory(void **state)
{
    (void)state;
    line l = make_line(9);
    double p[2] = {0, 0};
    hu_least_squares_options o = hu_least_squares_default();
    hu_least_squares_result result;
    hu_error err;
    hu_memory_fail_after(0);
    hu_status status = hu_least_squares(p, 2, l.n, line_residuals, &l, &o, NULL, NULL, &result, &err);
    hu_memory_fail_after(-1);
    assert_int_equal(status, HU_ENOMEM);
}

static const struct CMUnitTest claims[] = {
    CLAIM("a certified problem has its certified parameters and errors, from both starts", certified),
    CLAIM("a straight line is that of the closed form", straight_line),
    CLAIM("Huber's loss holds outliers back, and its condition of a minimum is met", huber_holds_outliers),
    CLAIM("intervals at 95 % hold the truth about that often", intervals_cover),
    CLAIM("where delta is far below the noise of few points, intervals are no narrower", few_points),
    CLAIM("a parameter without effect has an infinite error", parameter_without_effect),
    CLAIM("a step to where the model has no value is cut back", steps_back),
    CLAIM("options out of range, too few measurements and a start without values are refused", refusals),
    CLAIM("a failing function ends the fit at once, and the parameters are as they were", callback_fails),
    CLAIM("running out of memory is a status", out_of_memory),
};

int main(void)
{
    hu_analysis_init();
    return test_main(claims, TEST_COUNT(claims));
}
