/* analysis-lanczos.c - eigenvalues, trace and spectral density of matrices whose spectrum is known.
 *
 * A = H D H with D diagonal and H = 1 - 2 u u^T a reflection: its eigenvalues are those of D, its eigenvectors the columns of H.
 */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "src/analysis/lanczos.h"
#include "src/base/memory.h"
#include "src/base/random.h"
#include "tests/lib/test.h"

enum { MOST = 200 };

typedef struct matrix {
    size_t n;
    double d[MOST], u[MOST];
    double twist;              /* added above the diagonal, taken off below */
    size_t products, fail_at;
} matrix;

static matrix make(size_t n, double (*value)(size_t i, size_t n))
{
    matrix a = {.n = n};
    test_random r = {n};
    double length = 0;
    for (size_t i = 0; i < n; i++) {
        a.d[i] = value(i, n);
        a.u[i] = test_random_unit(&r) - 0.5;
        length += a.u[i] * a.u[i];
    }
    for (size_t i = 0; i < n; i++)
        a.u[i] /= sqrt(length);
    return a;
}

static void reflect(const matrix *a, double *out, const double *v)
{
    double dot = 0;
    for (size_t i = 0; i < a->n; i++)
        dot += a->u[i] * v[i];
    for (size_t i = 0; i < a->n; i++)
        out[i] = v[i] - 2 * dot * a->u[i];
}

static hu_status multiply(void *context, const double *v, double *out, size_t n, hu_error *err)
{
    matrix *a = context;
    double turned[MOST];
    assert_int_equal(n, a->n);
    if (++a->products == a->fail_at)
        return hu_fail(err, HU_EIO, "product %zu", a->products);
    reflect(a, turned, v);
    for (size_t i = 0; i < n; i++)
        turned[i] *= a->d[i];
    reflect(a, out, turned);
    for (size_t i = 0; i + 1 < n; i++)
        out[i] += a->twist * v[i + 1], out[i + 1] -= a->twist * v[i];
    return HU_OK;
}

static double even(size_t i, size_t n)      { return (double)i / (double)(n - 1); }
static double decaying(size_t i, size_t n)  { (void)n; return pow(0.7, (double)i); }
static double two_signs(size_t i, size_t n) { return (double)i - 0.4 * (double)n; }
static double threes(size_t i, size_t n)    { (void)n; return (double)(i / 3); }
static double rank_four(size_t i, size_t n) { (void)n; return i < 4 ? 1 + (double)i : 0; }

static void whole_spectrum(void **state)
{
    (void)state;
    double (*kinds[])(size_t, size_t) = {even, decaying, two_signs, threes, rank_four};
    for (size_t k = 0; k < TEST_COUNT(kinds); k++) {
        matrix a = make(40, kinds[k]);
        hu_lanczos l;
        double theta[40], y[1600];
        assert_int_equal(hu_lanczos_init(&l, 40, 40, NULL, 3, NULL), HU_OK);
        assert_int_equal(hu_lanczos_run(&l, 17, multiply, &a, NULL), HU_OK);
        assert_int_equal(hu_lanczos_run(&l, 40, multiply, &a, NULL), HU_OK);     /* goes on */
        assert_int_equal(a.products, 40);
        assert_int_equal(hu_lanczos_ritz(&l, theta, y, NULL), HU_OK);
        double sorted[40];
        memcpy(sorted, a.d, sizeof sorted);
        for (size_t i = 0; i < 40; i++)
            for (size_t j = 0; j + 1 < 40; j++)
                if (sorted[j] > sorted[j + 1]) {
                    double t = sorted[j];
                    sorted[j] = sorted[j + 1], sorted[j + 1] = t;
                }
        for (size_t i = 0; i < 40; i++)
            if (!(fabs(theta[i] - sorted[i]) < 1e-12 * fmax(1, l.size)))
                fail_msg("kind %zu: eigenvalue %zu is %.17g, not %.17g", k, i, theta[i], sorted[i]);
        assert_true(l.asymmetry < 1e-13 * fmax(1, l.size));
        assert_true((l.restarts > 0) == (k >= 3));
        for (size_t i = 0; i < 40; i++)
            for (size_t j = 0; j <= i; j++) {
                double dot = 0;
                for (size_t c = 0; c < 40; c++)
                    dot += l.basis[i * 40 + c] * l.basis[j * 40 + c];
                assert_true(fabs(dot - (i == j)) < 1e-14);
            }
        hu_lanczos_clear(&l);
    }
}

/* Against D in order, for each end; the residual of a vector is a bound, and the vector's own. */
static void ends(void **state)
{
    (void)state;
    struct { hu_which which; double (*kind)(size_t, size_t); double want[4]; } cases[] = {
        {HU_LARGEST, two_signs, {119, 118, 117, 116}}, {HU_SMALLEST, two_signs, {-80, -79, -78, -77}},
        {HU_MAGNITUDE, two_signs, {119, 118, 117, 116}}, {HU_LARGEST, decaying, {1, 0.7, 0.49, 0.343}},
    };
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        matrix a = make(200, cases[k].kind);
        hu_eigen_options o = hu_eigen_default();
        o.which = cases[k].which, o.tolerance = 1e-9, o.steps = 150;
        hu_eigen e;
        double values[4], residuals[4], vectors[4 * 200];
        assert_int_equal(hu_eigen_lanczos(&e, values, residuals, vectors, 4, 200, multiply, &a, &o, NULL), HU_OK);
        assert_true(e.converged && e.products == a.products && e.products < 154);
        for (size_t i = 0; i < 4; i++) {
            double ax[200], left = 0, size = fabs(cases[k].want[0]);
            multiply(&a, vectors + 200 * i, ax, 200, NULL);
            for (size_t c = 0; c < 200; c++)
                left += pow(ax[c] - values[i] * vectors[200 * i + c], 2);
            assert_true(residuals[i] <= 1e-9 * size && fabs(sqrt(left) - residuals[i]) < 1e-12 * size);
            assert_true(fabs(values[i] - cases[k].want[i]) <= residuals[i] + 1e-13 * size);
        }
        o.steps = 6, o.tolerance = 1e-12;
        assert_int_equal(hu_eigen_lanczos(&e, values, residuals, NULL, 1, 200, multiply, &a, &o, NULL), HU_OK);
        assert_false(e.converged && k == 0);
        double nearest = INFINITY;
        for (size_t i = 0; i < 200; i++)
            nearest = fmin(nearest, fabs(values[0] - a.d[i]));
        assert_true(nearest <= residuals[0]);
    }
}

static void power(void **state)
{
    (void)state;
    matrix a = make(30, threes);
    hu_eigen_options o = {.steps = 2000, .tolerance = 1e-14, .seed = 5};
    hu_eigen e;
    double values[4], residuals[4], vectors[120];
    assert_int_equal(hu_eigen_power(&e, values, residuals, vectors, 4, 30, multiply, &a, &o, NULL), HU_OK);
    assert_true(e.converged && e.products == a.products);
    for (int i = 0; i < 4; i++)                      /* 9 is there three times, then 8 */
        assert_true(fabs(values[i] - (i < 3 ? 9 : 8)) < 1e-9);
    matrix negative = make(30, two_signs);
    for (size_t i = 0; i < 30; i++)
        negative.d[i] = -negative.d[i];
    o = (hu_eigen_options){.steps = 100, .tolerance = 1e-3, .seed = 5};      /* PyHessian's */
    assert_int_equal(hu_eigen_power(&e, values, residuals, NULL, 1, 30, multiply, &negative, &o, NULL), HU_OK);
    assert_true(e.converged && e.products <= 100 && fabs(values[0] + 17) < 0.3);
}

static double close_by(size_t i, size_t n) { (void)n; return i == 0 ? 0.7001 : i == 1 ? 0.5547 : 0.4938 - 0.03 * ((double)i - 2); }

/* The same matrix times a millionth of a millionth. */
static hu_status multiply_tiny(void *context, const double *x, double *ax, size_t n, hu_error *err)
{
    hu_status status = multiply(context, x, ax, n, err);
    for (size_t i = 0; i < n; i++)
        ax[i] *= 1e-12;
    return status;
}

/* Converged means that every residual fits its value, however small the matrix is. */
static void power_of_small(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        matrix a = make(12, close_by);
        hu_eigen_options o = {.steps = 400, .tolerance = 1e-3, .seed = seed};
        hu_eigen e;
        double values[3], residuals[3];
        assert_int_equal(hu_eigen_power(&e, values, residuals, NULL, 3, 12, multiply_tiny, &a, &o, NULL), HU_OK);
        for (int i = 0; i < 3; i++)
            assert_true(!e.converged || residuals[i] <= sqrt(1e-3) * 1.001 * fabs(values[i]));
    }
}

/* With PyHessian's constants, from many starts: a value that came late stands at its place. */
static void power_in_order(void **state)
{
    (void)state;
    size_t converged = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        matrix a = make(12, close_by);
        hu_eigen_options o = {.steps = 400, .tolerance = 1e-3, .seed = seed};
        hu_eigen e;
        double values[3], residuals[3], vectors[36], ax[12];
        assert_int_equal(hu_eigen_power(&e, values, residuals, vectors, 3, 12, multiply, &a, &o, NULL), HU_OK);
        for (int i = 0; i < 3; i++) {
            double left = 0;
            assert_int_equal(multiply(&a, vectors + i * 12, ax, 12, NULL), HU_OK);
            for (int j = 0; j < 12; j++)
                left += pow(ax[j] - values[i] * vectors[i * 12 + j], 2);
            assert_true(i == 0 || fabs(values[i]) <= fabs(values[i - 1]));
            assert_true(fabs(sqrt(left) - residuals[i]) < 1e-12);               /* sorted along */
            assert_true(!e.converged || residuals[i] <= sqrt(1e-3) * 1.001 * fabs(values[i]));
        }
        converged += e.converged;
        if (e.converged)
            assert_true(fabs(values[0] - 0.7001) < 0.01 && fabs(values[1] - 0.5547) < 0.01);
    }
    test_note("%zu of 40 starts converge", converged);
    assert_true(converged >= 20);
}

static double trace_of(const matrix *a)
{
    double sum = 0;
    for (size_t i = 0; i < a->n; i++)
        sum += a->d[i];
    return sum;
}

/* One sample of signs has variance 2 sum of a_ij^2 over i != j. */
static void one_sample(void **state)
{
    (void)state;
    matrix a = make(7, two_signs);
    double square = 0, mean = 0, variance = 0;
    for (size_t i = 0; i < 7; i++) {
        double e[7] = {0}, column[7];
        e[i] = 1;
        multiply(&a, e, column, 7, NULL);
        for (size_t j = 0; j < 7; j++)
            square += i == j ? 0 : 2 * column[j] * column[j];
    }
    enum { TIMES = 4000 };
    for (uint64_t s = 0; s < TIMES; s++) {
        hu_trace t;
        hu_trace_options o = {.samples = 1, .seed = s};
        assert_int_equal(hu_trace_hutchinson(&t, 7, multiply, &a, &o, NULL), HU_OK);
        assert_true(isnan(t.error) && t.products == 1);
        mean += t.trace / TIMES;
        variance += t.trace * t.trace / TIMES;
    }
    variance -= mean * mean;
    test_note("mean %g of %g, variance %g of %g", mean, trace_of(&a), variance, square);
    assert_true(fabs(mean - trace_of(&a)) < 4 * sqrt(square / TIMES));
    assert_true(fabs(variance / square - 1) < 0.1);
}

static void hutchinson(void **state)
{
    (void)state;
    matrix a = make(150, decaying);
    hu_trace t;
    int within = 0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        hu_trace_options o = {.samples = 60, .seed = seed};
        assert_int_equal(hu_trace_hutchinson(&t, 150, multiply, &a, &o, NULL), HU_OK);
        assert_int_equal(t.products, 60);
        within += fabs(t.trace - trace_of(&a)) < 2 * t.error;
    }
    assert_true(within >= 42);                       /* about 95 % */
    hu_trace_options o = {.samples = 100, .tolerance = 1e-3, .seed = 1};
    assert_int_equal(hu_trace_hutchinson(&t, 150, multiply, &a, &o, NULL), HU_OK);
    assert_true(t.samples < 100 && t.samples == t.products);
}

static void hutch(void **state)
{
    (void)state;
    matrix low = make(100, rank_four);
    hu_trace t;
    hu_trace_options o = {.samples = 15, .seed = 2};
    assert_int_equal(hu_trace_hutch(&t, 100, multiply, &low, &o, NULL), HU_OK);
    assert_true(fabs(t.trace - 10) < 1e-12 && t.error < 1e-12 && t.products <= 15);
    matrix a = make(150, decaying);
    double plain = 0, better = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        o = (hu_trace_options){.samples = 30, .seed = seed};
        assert_int_equal(hu_trace_hutch(&t, 150, multiply, &a, &o, NULL), HU_OK);
        assert_int_equal(t.products, 30);
        better += pow(t.trace - trace_of(&a), 2);
        assert_int_equal(hu_trace_hutchinson(&t, 150, multiply, &a, &o, NULL), HU_OK);
        plain += pow(t.trace - trace_of(&a), 2);
    }
    test_note("root mean square error: Hutchinson %.2e, Hutch++ %.2e", sqrt(plain / 20), sqrt(better / 20));
    assert_true(better < plain / 10);
    matrix small = make(4, two_signs);
    o.samples = 12;
    assert_int_equal(hu_trace_hutch(&t, 4, multiply, &small, &o, NULL), HU_OK);
    assert_true(fabs(t.trace - trace_of(&small)) < 1e-12 && t.error == 0);
}

/* Each start's smoothed spectrum, exactly: eigenvector i of A weighs (v . h_i)^2 / n. */
static double exact_density(const matrix *a, uint64_t seed, size_t starts, double sigma, double at)
{
    double sum = 0;
    for (size_t s = 0; s < starts; s++) {
        double v[MOST], turned[MOST];
        for (size_t i = 0; i < a->n; i++)
            v[i] = hu_random_at(seed, s, i) >> 63 ? 1 : -1;
        reflect(a, turned, v);
        for (size_t i = 0; i < a->n; i++)
            sum += turned[i] * turned[i] / (double)a->n * exp(-pow((at - a->d[i]) / sigma, 2) / 2) / (sqrt(2 * M_PI) * sigma);
    }
    return sum / (double)starts;
}

static void density_bound(void **state)
{
    (void)state;
    double (*kinds[])(size_t, size_t) = {even, decaying, two_signs};
    for (size_t k = 0; k < TEST_COUNT(kinds); k++)
        for (size_t steps = 6; steps <= 48; steps *= 2) {
            enum { POINTS = 101 };
            matrix a = make(200, kinds[k]);
            hu_density_options o = {.starts = 3, .steps = steps, .sigma = -1, .points = POINTS, .seed = 9};
            hu_density d;
            double grid[POINTS], density[POINTS], error[POINTS], worst = 0, area = 0;
            assert_int_equal(hu_spectral_density(&d, NULL, NULL, grid, density, error, 200, multiply, &a, &o, NULL), HU_OK);
            assert_int_equal(d.products, 3 * steps);
            for (size_t i = 0; i < POINTS; i++) {
                worst = fmax(worst, fabs(density[i] - exact_density(&a, 9, 3, d.sigma, grid[i])));
                area += density[i] * (grid[1] - grid[0]);
                assert_true(error[i] >= 0);
            }
            test_note("%zu steps: sigma %.3g of a range of %.3g, error %.2e, bound %.2e", steps, d.sigma, d.high - d.low, worst,
                      d.bound);
            assert_true(worst <= d.bound);
            assert_true(d.bound <= 0.0101 / (sqrt(2 * M_PI) * d.sigma));
            assert_true(fabs(area - 1) < 1e-3);
        }
    assert_true(hu_quadrature_bound(20, 1, 1e-3) == 1);     /* nothing is known there */
    assert_true(hu_quadrature_bound(40, 1, 0.1) < hu_quadrature_bound(20, 1, 0.1));
}

/* Gauss quadrature is exact for polynomials of degree 2 m - 1. */
static void density_moments(void **state)
{
    (void)state;
    matrix a = make(120, even);
    hu_density_options o = {.starts = 2, .steps = 5, .points = 10000, .seed = 4};
    hu_density d;
    static double grid[10000], density[10000], error[10000];
    double nodes[10], weights[10];
    assert_int_equal(hu_spectral_density(&d, nodes, weights, grid, density, error, 120, multiply, &a, &o, NULL), HU_OK);
    for (size_t s = 0; s < 2; s++) {
        double v[MOST], turned[MOST];
        for (size_t i = 0; i < 120; i++)
            v[i] = hu_random_at(4, s, i) >> 63 ? 1 : -1;
        reflect(&a, turned, v);
        for (int p = 0; p <= 9; p++) {
            double want = 0, got = 0;
            for (size_t i = 0; i < 120; i++)
                want += turned[i] * turned[i] / 120 * pow(a.d[i], p);
            for (size_t i = 0; i < 5; i++)
                got += weights[5 * s + i] * pow(nodes[5 * s + i], p);
            assert_true(fabs(got - want) < 1e-13);
        }
    }
    double sum = 0;
    for (size_t i = 0; i < 10000; i++)
        sum += density[i] * (grid[1] - grid[0]);
    assert_true(fabs(sum - 1) < 1e-12);
    assert_true(d.sigma == sqrt(1e-5));              /* PyHessian: 1e-5 max(1, range), margins of 0.01 */
    assert_true(fabs(grid[0] - (d.low - 0.01)) < 1e-12 && fabs(grid[9999] - (d.high + 0.01)) < 1e-12);
    matrix wide = make(50, two_signs);
    assert_int_equal(hu_spectral_density(&d, NULL, NULL, grid, density, error, 50, multiply, &wide, &o, NULL), HU_OK);
    assert_true(d.sigma == sqrt(1e-5 * (d.high - d.low)));
}

static void closed(void **state)
{
    (void)state;
    matrix a = make(60, rank_four);
    hu_density_options o = {.starts = 2, .steps = 20, .sigma = 0.05, .points = 50, .seed = 1};
    hu_density d;
    double grid[50], density[50], error[50];
    assert_int_equal(hu_spectral_density(&d, NULL, NULL, grid, density, error, 60, multiply, &a, &o, NULL), HU_OK);
    assert_true(d.bound == 0);
    for (size_t i = 0; i < 50; i++)
        assert_true(fabs(density[i] - exact_density(&a, 1, 2, 0.05, grid[i])) < 1e-11);
    matrix zero = make(10, rank_four);
    memset(zero.d, 0, sizeof zero.d);
    o.sigma = -1;
    assert_int_equal(hu_spectral_density(&d, NULL, NULL, grid, density, error, 10, multiply, &zero, &o, NULL), HU_OK);
    assert_true(isfinite(density[25]));
}

static void asymmetry(void **state)
{
    (void)state;
    matrix a = make(100, even);
    a.twist = 1e-4;
    hu_eigen_options o = {.steps = 30, .seed = 2};
    hu_eigen e;
    double value, residual;
    assert_int_equal(hu_eigen_lanczos(&e, &value, &residual, NULL, 1, 100, multiply, &a, &o, NULL), HU_OK);
    test_note("asymmetry %.2e", e.asymmetry);
    assert_true(e.asymmetry > 1e-6 && e.asymmetry < 2e-4);
}

static hu_status not_finite(void *context, const double *v, double *out, size_t n, hu_error *err)
{
    (void)context, (void)v, (void)err;
    for (size_t i = 0; i < n; i++)
        out[i] = i == 1 ? NAN : 1;
    return HU_OK;
}

static void refusals(void **state)
{
    (void)state;
    matrix a = make(10, even);
    hu_eigen e;
    hu_trace t;
    hu_density d;
    hu_error err = {0};
    double x[20], r[20], grid[4], density[4], error[4];
    hu_eigen_options o = hu_eigen_default();
    assert_int_equal(hu_eigen_lanczos(&e, x, r, NULL, 0, 10, multiply, &a, &o, &err), HU_EINVAL);
    assert_int_equal(hu_eigen_lanczos(&e, x, r, NULL, 11, 10, multiply, &a, &o, &err), HU_EINVAL);
    assert_int_equal(hu_eigen_lanczos(&e, x, r, NULL, 1, 10, not_finite, &a, &o, &err), HU_ERANGE);
    assert_int_equal(hu_eigen_power(&e, x, r, NULL, 1, 10, not_finite, &a, &o, &err), HU_ERANGE);
    o.tolerance = -1;
    assert_int_equal(hu_eigen_power(&e, x, r, NULL, 1, 10, multiply, &a, &o, &err), HU_EINVAL);
    hu_trace_options few = {.samples = 2};
    assert_int_equal(hu_trace_hutch(&t, 10, multiply, &a, &few, &err), HU_EINVAL);
    few.samples = 0;
    assert_int_equal(hu_trace_hutchinson(&t, 10, multiply, &a, &few, &err), HU_EINVAL);
    hu_density_options no = {.steps = 3, .points = 4};
    assert_int_equal(hu_spectral_density(&d, NULL, NULL, grid, density, error, 10, multiply, &a, &no, &err), HU_EINVAL);
    hu_lanczos l;
    double zero[10] = {0};
    assert_int_equal(hu_lanczos_init(&l, 10, 3, zero, 1, &err), HU_EINVAL);
    assert_int_equal(hu_lanczos_init(&l, 10, 11, NULL, 1, &err), HU_EINVAL);
    assert_int_equal(hu_lanczos_init(&l, SIZE_MAX / 4, 3, NULL, 1, &err), HU_ENOMEM);
}

/* What the operator returns is handed on, at every call; and so is running out of memory, at every allocation. */
static hu_status everything(matrix *a, hu_error *err)
{
    hu_eigen e;
    hu_trace t;
    hu_density d;
    double x[2], r[2], grid[4], density[4], error[4];
    hu_eigen_options o = hu_eigen_default();
    hu_trace_options samples = {.samples = 6};
    hu_density_options starts = {.starts = 2, .steps = 3, .points = 4};
    hu_status status = hu_eigen_lanczos(&e, x, r, NULL, 2, 10, multiply, a, &o, err);
    if (!status) status = hu_eigen_power(&e, x, r, NULL, 2, 10, multiply, a, &o, err);
    if (!status) status = hu_trace_hutchinson(&t, 10, multiply, a, &samples, err);
    if (!status) status = hu_trace_hutch(&t, 10, multiply, a, &samples, err);
    if (!status) status = hu_spectral_density(&d, NULL, NULL, grid, density, error, 10, multiply, a, &starts, err);
    return status;
}

static void failures(void **state)
{
    (void)state;
    matrix a = make(10, even);
    assert_int_equal(everything(&a, NULL), HU_OK);
    size_t products = a.products;
    for (size_t i = 1; i <= products; i++) {
        a.products = 0, a.fail_at = i;
        assert_int_equal(everything(&a, NULL), HU_EIO);
    }
    a.fail_at = 0;
    gsl_set_error_handler_off();
    hu_status status = HU_ENOMEM;
    long n = 0;
    for (; n < 200 && status; n++) {
        hu_memory_fail_after(n);
        status = everything(&a, NULL);
        hu_memory_fail_after(-1);
        assert_true(status == HU_OK || status == HU_ENOMEM);
    }
    assert_true(n > 15 && n < 200);
}

static const struct CMUnitTest claims[] = {
    CLAIM("as many steps as dimensions give the whole spectrum, equal eigenvalues too", whole_spectrum),
    CLAIM("eigenvalues at an end are those of the matrix, within their residuals", ends),
    CLAIM("power iteration with deflation finds equal eigenvalues one after the other", power),
    CLAIM("power iteration calls no small matrix converged whose residuals do not fit", power_of_small),
    CLAIM("power iteration gives its values in order, and calls none converged that is on a plateau", power_in_order),
    CLAIM("a sample of Hutchinson's has the trace as mean and 2 sum a_ij^2 as variance", one_sample),
    CLAIM("the trace is within two standard errors as often as it should be", hutchinson),
    CLAIM("Hutch++ is exact for low rank and better where the spectrum decays", hutch),
    CLAIM("the density is within the quadrature's bound", density_bound),
    CLAIM("nodes and weights have the moments of the spectrum; the constants are PyHessian's", density_moments),
    CLAIM("a closed space has no quadrature error; a matrix of zeros has a density", closed),
    CLAIM("products that are not symmetric are seen", asymmetry),
    CLAIM("impossible requests are refused", refusals),
    CLAIM("what the operator fails with is handed on, and so is running out of memory", failures),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
