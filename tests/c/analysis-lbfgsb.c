/* analysis-lbfgsb.c - the box-constrained minimizer on functions whose minima are known. */
#include <math.h>

#include "src/analysis/lbfgsb.h"
#include "src/base/memory.h"
#include "tests/lib/test.h"

enum { N = 20 };

/* f = sum_i a_i (x_i - c_i)^2 / 2 */
typedef struct bowl {
    double a[N], c[N];
    int    calls, fail_at;      /* the call with that number returns HU_EIO; 0: none */
} bowl;

static hu_status bowl_value(void *context, const double *x, size_t n, double *value, double *gradient, hu_error *err)
{
    bowl *b = context;
    if (++b->calls == b->fail_at)
        return hu_fail(err, HU_EIO, "bowl: call %d", b->calls);
    *value = 0;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - b->c[i];
        *value += b->a[i] * d * d / 2;
        gradient[i] = b->a[i] * d;
    }
    return HU_OK;
}

/* Rosenbrock's valley in N variables, minimum 0 at (1, ..., 1). */
static hu_status valley(void *context, const double *x, size_t n, double *value, double *gradient, hu_error *err)
{
    (void)context, (void)err;
    *value = 0;
    for (size_t i = 0; i < n; i++)
        gradient[i] = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        double t = x[i + 1] - x[i] * x[i], u = 1 - x[i];
        *value += 100 * t * t + u * u;
        gradient[i]     += -400 * x[i] * t - 2 * u;
        gradient[i + 1] += 200 * t;
    }
    return HU_OK;
}

/* log of what is left of 1, infinite past it: the search must stay where it is finite. */
static hu_status barrier(void *context, const double *x, size_t n, double *value, double *gradient, hu_error *err)
{
    (void)context, (void)n, (void)err;
    *value = x[0] < 1 ? -log(1 - x[0]) - 3 * x[0] : INFINITY;    /* minimum at 2/3 */
    gradient[0] = x[0] < 1 ? 1 / (1 - x[0]) - 3 : NAN;
    return HU_OK;
}

static void fill(double *x, double value)
{
    for (int i = 0; i < N; i++)
        x[i] = value;
}

static hu_lbfgsb_result minimize(double *x, const double *lo, const double *hi, size_t n, hu_objective *f, void *context)
{
    hu_lbfgsb_options options = hu_lbfgsb_default();
    hu_lbfgsb_result  result;
    hu_error err = { HU_OK, "" };
    if (hu_lbfgsb_minimize(x, lo, hi, n, f, context, &options, &result, &err) != HU_OK)
        fail_msg("%s", err.text);
    return result;
}

static void convex_bowls(void **state)
{
    (void)state;
    test_random r = { 3 };
    int most = 0;
    for (int run = 0; run < 200; run++) {
        bowl b = { .calls = 0 };
        double x[N], lo[N], hi[N];
        for (int i = 0; i < N; i++) {
            b.a[i] = exp(6 * test_random_unit(&r) - 3);
            b.c[i] = 4 * test_random_unit(&r) - 2;
            lo[i] = -test_random_unit(&r);
            hi[i] = test_random_unit(&r);
            x[i] = 10 * test_random_unit(&r) - 5;         /* moved into the box */
        }
        hu_lbfgsb_result result = minimize(x, lo, hi, N, bowl_value, &b);
        most = result.iterations > most ? result.iterations : most;
        assert_true(result.evaluations == b.calls);
        for (int i = 0; i < N; i++)
            assert_true(fabs(x[i] - fmin(fmax(b.c[i], lo[i]), hi[i])) < 1e-6);
    }
    test_note("at most %d iterations in %d variables, condition e^6", most, N);
    assert_true(most < 150);
}

/* A function that curves downward has its minimum at a corner; here the farther of each two bounds. */
static void concave_bowls(void **state)
{
    (void)state;
    test_random r = { 4 };
    for (int run = 0; run < 200; run++) {
        bowl b = { .calls = 0 };
        double x[N], lo[N], hi[N];
        fill(x, 0);
        for (int i = 0; i < N; i++) {
            b.a[i] = -exp(12 * test_random_unit(&r) - 6);
            b.c[i] = test_random_unit(&r) - 0.5;
            hi[i] = 1;
            lo[i] = -1;
        }
        hu_lbfgsb_result result = minimize(x, lo, hi, N, bowl_value, &b);
        assert_int_equal(result.stop, HU_STOP_GRADIENT);
        for (int i = 0; i < N; i++)
            assert_true(x[i] == (b.c[i] > 0 ? -1 : 1));
    }
}

static void rosenbrock(void **state)
{
    (void)state;
    double x[N], lo[N], hi[N];
    fill(lo, -INFINITY), fill(hi, INFINITY), fill(x, -1.2);
    hu_lbfgsb_result result = minimize(x, lo, hi, N, valley, NULL);
    test_note("unbounded: %d iterations, %d evaluations", result.iterations, result.evaluations);
    assert_true(result.value < 1e-15 && result.evaluations < 500);
    fill(hi, 0.5), fill(lo, -2), fill(x, -1.2);
    result = minimize(x, lo, hi, N, valley, NULL);
    assert_true(result.projected_gradient < 1e-6 && x[0] <= 0.5);
    fill(lo, -5), fill(hi, 5), fill(x, -1.2);
    x[N - 1] = 4;
    result = minimize(x, lo, hi, N, valley, NULL);
    assert_true(result.projected_gradient < 1e-6);
}

/* The first-order conditions at the bounds, for the valley in boxes that exclude its minimum. */
static void conditions_hold(void **state)
{
    (void)state;
    test_random r = { 5 };
    for (int run = 0; run < 100; run++) {
        double x[N], lo[N], hi[N], g[N], value;
        for (int i = 0; i < N; i++) {
            lo[i] = 3 * test_random_unit(&r) - 2.5;
            hi[i] = lo[i] + test_random_unit(&r);
            x[i] = lo[i];
        }
        hu_lbfgsb_result result = minimize(x, lo, hi, N, valley, NULL);
        valley(NULL, x, N, &value, g, NULL);
        assert_true(value == result.value);
        for (int i = 0; i < N; i++) {
            assert_true(x[i] >= lo[i] && x[i] <= hi[i]);
            assert_true(x[i] == lo[i] ? g[i] > -1e-4 : x[i] == hi[i] ? g[i] < 1e-4 : fabs(g[i]) < 1e-4);
        }
    }
}

/* Falls for ever on the far side of 1: a value of -infinity is no minimum to step to. */
static hu_status cliff(void *context, const double *x, size_t n, double *value, double *gradient, hu_error *err)
{
    (void)context, (void)n, (void)err;
    *value = x[0] < 1 ? -x[0] : -INFINITY;
    gradient[0] = -1;
    return HU_OK;
}

static void stays_finite(void **state)
{
    (void)state;
    double at = 0, low = -1, high = 2;
    hu_lbfgsb_result result = minimize(&at, &low, &high, 1, cliff, NULL);
    assert_true(at > 0 && at < 1 && result.value == -at);
    double x = -5, lo = -100, hi = 100;
    minimize(&x, &lo, &hi, 1, barrier, NULL);
    assert_true(fabs(x - 2.0 / 3) < 1e-7);
}

static void wrong_arguments(void **state)
{
    (void)state;
    bowl b = { .calls = 0 };
    double x[N], lo[N], hi[N];
    fill(x, 0), fill(lo, -1), fill(hi, 1);
    hu_lbfgsb_options options = hu_lbfgsb_default();
    hu_lbfgsb_result  result;
    hu_error err;
    options.pairs = 0;
    assert_int_equal(hu_lbfgsb_minimize(x, lo, hi, N, bowl_value, &b, &options, &result, &err), HU_EINVAL);
    options = hu_lbfgsb_default();
    options.decrease_tolerance = NAN;
    assert_int_equal(hu_lbfgsb_minimize(x, lo, hi, N, bowl_value, &b, &options, &result, &err), HU_EINVAL);
    options = hu_lbfgsb_default();
    lo[3] = 2;
    assert_int_equal(hu_lbfgsb_minimize(x, lo, hi, N, bowl_value, &b, &options, &result, &err), HU_EINVAL);
    lo[3] = -1;
    b.c[0] = NAN;
    assert_int_equal(hu_lbfgsb_minimize(x, lo, hi, N, bowl_value, &b, &options, &result, &err), HU_EINVAL);
}

static void callback_fails(void **state)
{
    (void)state;
    hu_lbfgsb_options options = hu_lbfgsb_default();
    hu_lbfgsb_result  result;
    for (int at = 1; at <= 4; at++) {
        bowl b = { .fail_at = at };
        double x[N], lo[N], hi[N];
        hu_error err;
        fill(x, 0), fill(lo, -INFINITY), fill(hi, INFINITY);
        for (int i = 0; i < N; i++)
            b.a[i] = 1 + i, b.c[i] = i;
        assert_int_equal(hu_lbfgsb_minimize(x, lo, hi, N, bowl_value, &b, &options, &result, &err), HU_EIO);
        assert_int_equal(b.calls, at);
    }
}

static void out_of_memory(void **state)
{
    (void)state;
    bowl b = { .calls = 0 };
    double x[N], lo[N], hi[N];
    fill(x, 0), fill(lo, -1), fill(hi, 1);
    hu_lbfgsb_options options = hu_lbfgsb_default();
    hu_lbfgsb_result  result;
    hu_error err;
    hu_memory_fail_after(0);
    hu_status status = hu_lbfgsb_minimize(x, lo, hi, N, bowl_value, &b, &options, &result, &err);
    hu_memory_fail_after(-1);
    assert_int_equal(status, HU_ENOMEM);
}

static const struct CMUnitTest claims[] = {
    CLAIM("a convex quadratic is minimized at its center, clipped to the box", convex_bowls),
    CLAIM("a concave quadratic is minimized at the right corner", concave_bowls),
    CLAIM("Rosenbrock's valley is followed to its end, with and without bounds", rosenbrock),
    CLAIM("at the point found the gradient pushes against every bound that is met", conditions_hold),
    CLAIM("a place where the function is not finite is stepped back from", stays_finite),
    CLAIM("options and bounds out of range are refused", wrong_arguments),
    CLAIM("a failing function ends the search at once", callback_fails),
    CLAIM("running out of memory is a status", out_of_memory),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
