/* analysis-stability.c - divergence and spike rules on made-up series; intervals, means and lines on known numbers. */
#include <math.h>

#include "src/analysis/stability.h"
#include "src/analysis/stats.h"
#include "tests/lib/test.h"

enum { STEPS = 1000 };

static void assert_close(double got, double want, double relative)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("got %.17g, want %.17g", got, want);
}

/* A loss that falls from 5.5 to 2 with noise of standard deviation 0.05. */
static void healthy(double *loss, uint64_t seed)
{
    test_random r = { seed };
    for (int t = 0; t < STEPS; t++) {
        double noise = 0;
        for (int k = 0; k < 12; k++)
            noise += test_random_unit(&r) - 0.5;
        loss[t] = 2 + 3.5 * exp(-t / 150.0) + 0.05 * noise;
    }
}

static hu_divergence diverged(const double *loss, size_t n, double reference)
{
    hu_divergence d;
    hu_error err;
    assert_int_equal(hu_diverged(&d, loss, n, reference, &err), HU_OK);
    return d;
}

static void healthy_run(void **state)
{
    (void)state;
    double loss[STEPS];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        healthy(loss, seed);
        hu_divergence d = diverged(loss, STEPS, NAN);
        assert_true(!d.by_average && !d.by_level && !d.nonfinite && d.first_nonfinite == STEPS);
        assert_true(d.reference == loss[0] && fabs(d.level - 2) < 0.05);
        assert_int_equal(hu_spikes(loss, STEPS, HU_SPIKE_RESIDUAL, NULL, 0), 0);
        assert_int_equal(hu_spikes(loss, STEPS, HU_SPIKE_RISE, NULL, 0), 0);
    }
}

/* The rules part: a rise to 4 is 2 times the minimum but below the start; one to 6 is both. */
static void rules_differ(void **state)
{
    (void)state;
    double loss[STEPS];
    healthy(loss, 1);
    for (int t = 500; t < STEPS; t++)
        loss[t] += 2;
    hu_divergence d = diverged(loss, STEPS, NAN);
    assert_true(d.by_average && !d.by_level);
    d = diverged(loss, STEPS, 3.5);                          /* against a unigram model that is better than that */
    assert_true(d.by_level && d.reference == 3.5);
    for (int t = 500; t < STEPS; t++)
        loss[t] += 2;
    d = diverged(loss, STEPS, NAN);
    assert_true(d.by_average && d.by_level);
    for (int t = 0; t < STEPS; t++)                          /* never learns: above the start, no rise of the average */
        loss[t] = 5.5 + 1e-4 * t;
    d = diverged(loss, STEPS, NAN);
    assert_true(!d.by_average && d.by_level);
}

static void average_by_hand(void **state)
{
    (void)state;
    const double loss[] = { 3, 1, 4 };
    hu_divergence d = diverged(loss, 3, NAN);
    assert_close(d.average, (0.9801 * 3 + 0.99 * 1 + 4) / (0.9801 + 0.99 + 1), 1e-14);
    assert_close(d.minimum, (0.99 * 3 + 1) / 1.99, 1e-14);
    assert_true(d.level == 4 && d.by_level && !d.by_average);
}

static void not_finite(void **state)
{
    (void)state;
    double loss[STEPS];
    healthy(loss, 1);
    loss[700] = NAN;
    hu_divergence d = diverged(loss, STEPS, NAN);
    assert_true(d.nonfinite && d.by_average && d.by_level && d.first_nonfinite == 700 && isfinite(d.average));
    loss[0] = INFINITY;
    d = diverged(loss, STEPS, NAN);
    assert_true(d.nonfinite && d.first_nonfinite == 0 && isnan(d.average));
    hu_error err;
    assert_int_equal(hu_diverged(&d, loss, 0, NAN, &err), HU_EINVAL);
}

static void spikes(void **state)
{
    (void)state;
    double loss[STEPS];
    size_t steps[8];
    healthy(loss, 2);
    loss[400] += 1;
    loss[600] += 3, loss[601] += 2.9, loss[602] += 2.8;    /* one spike of three steps */
    loss[900] += 0.4;                                      /* eight sd, but not half a nat */
    assert_int_equal(hu_spikes(loss, STEPS, HU_SPIKE_RESIDUAL, steps, 8), 3);
    assert_true(steps[0] == 400 && steps[1] == 600 && steps[2] == 900);
    assert_int_equal(hu_spikes(loss, STEPS, HU_SPIKE_RISE, steps, 8), 2);
    assert_true(steps[0] == 400 && steps[1] == 600);
    assert_int_equal(hu_spikes(loss, STEPS, HU_SPIKE_RESIDUAL, steps, 1), 3);
    loss[500] = INFINITY;
    assert_int_equal(hu_spikes(loss, STEPS, HU_SPIKE_RESIDUAL, steps, 8), 1);
    assert_int_equal(hu_spikes(loss, 0, HU_SPIKE_RISE, steps, 8), 0);
}

/* A constant series has no residual spread; the first step above it is a spike once there are 20 residuals. */
static void few_residuals(void **state)
{
    (void)state;
    double loss[40];
    for (int at = 1; at < 40; at++) {
        for (int t = 0; t < 40; t++)
            loss[t] = t == at ? 2.25 : 2;
        assert_int_equal(hu_spikes(loss, 40, HU_SPIKE_RESIDUAL, NULL, 0), at > 20);
    }
}

/* Wilson's interval for counts of the paper and others, computed apart; z = 1.959963984540054. */
static void wilson(void **state)
{
    (void)state;
    static const struct { size_t k, n; double low, high; } cases[] = {
        { 18, 188, 0.0614229321, 0.1462561539 }, { 0, 70, 0, 0.0520230624 }, { 70, 70, 0.9479769376, 1 }, { 5, 10, 0.2365930905, 0.7634069095 },
    };
    hu_interval got;
    hu_error err;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_int_equal(hu_wilson(&got, cases[i].k, cases[i].n, 0.95, &err), HU_OK);
        if (!(fabs(got.low - cases[i].low) < 1e-9 && fabs(got.high - cases[i].high) < 1e-9))
            fail_msg("%zu of %zu: [%.9f, %.9f]", cases[i].k, cases[i].n, got.low, got.high);
    }
    assert_int_equal(hu_wilson(&got, 1, 0, 0.95, &err), HU_EINVAL);
    assert_int_equal(hu_wilson(&got, 2, 1, 0.95, &err), HU_EINVAL);
    assert_int_equal(hu_wilson(&got, 1, 2, 1, &err), HU_EINVAL);
}

static void simple_statistics(void **state)
{
    (void)state;
    const double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
    assert_close(hu_mean(x, 8), 5, 1e-15);
    assert_close(hu_sd(x, 8), sqrt(32.0 / 7), 1e-15);
    assert_close(hu_ci95(x, 8), 2.3646242515927844 * sqrt(32.0 / 7 / 8), 1e-9);     /* t(0.975, 7) */
    assert_true(isnan(hu_mean(x, 0)) && isnan(hu_sd(x, 1)) && isnan(hu_ci95(x, 1)));
}

static void lines(void **state)
{
    (void)state;
    const double x[] = { 1, 2, 3, 4, 5 }, y[] = { 1, 3, 2, 5, 4 }, up[] = { 5, 3, 1, -1, -3 };
    hu_fitted_line l;
    hu_error err;
    assert_int_equal(hu_fit_line(&l, x, y, 5, &err), HU_OK);
    assert_close(l.slope, 0.8, 1e-14);
    assert_close(l.intercept, 0.6, 1e-14);
    assert_close(l.r2, 0.64, 1e-14);
    assert_close(l.slope_se, sqrt(3.6 / 3 / 10), 1e-14);
    assert_int_equal(hu_fit_line(&l, x, up, 2, &err), HU_OK);
    assert_true(l.slope == -2 && l.intercept == 7 && l.r2 == 1 && isnan(l.slope_se));
    assert_int_equal(hu_fit_line(&l, x, y, 1, &err), HU_EINVAL);
    double same[] = { 2, 2, 2 };
    assert_int_equal(hu_fit_line(&l, same, y, 3, &err), HU_EINVAL);
}

static const struct CMUnitTest claims[] = {
    CLAIM("a healthy run neither diverges nor spikes, by any rule", healthy_run),
    CLAIM("the two divergence rules part where they should", rules_differ),
    CLAIM("the smoothed loss of three steps is the one computed by hand", average_by_hand),
    CLAIM("a loss that is not finite is a divergence by both rules", not_finite),
    CLAIM("spikes are found at their first steps, by both rules", spikes),
    CLAIM("the residual rule waits for twenty residuals", few_residuals),
    CLAIM("Wilson's interval has its known values", wilson),
    CLAIM("mean, standard deviation and Student's interval have their known values", simple_statistics),
    CLAIM("a fitted line has its known slope, intercept and errors", lines),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
