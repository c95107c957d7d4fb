/* analysis-sharpness.c - sharpness in the logits and in the weights, against numbers from other ways. */
#include <math.h>
#include <mpfr.h>
#include <string.h>

#include "src/analysis/sharpness.h"
#include "src/base/memory.h"
#include "src/base/random.h"
#include "tests/lib/test.h"

enum { MANY = 50257 };

static hu_sharpness sharpness(const double *y, const size_t *t, size_t batch, size_t n, double eps, hu_maximizer how)
{
    hu_sharpness s;
    hu_error err = { HU_OK, "" };
    if (hu_sharpness_logits(&s, y, t, batch, n, eps, how, &err) != HU_OK)
        fail_msg("%s", err.text);
    return s;
}

static void assert_close(double got, double want, double relative)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("got %a (%.17g), want %a (%.17g), off by %g", got, got, want, want, fabs(got - want) / fabs(want));
}

/* f(y + sign z) with z the vertex, in 2000 bits: sum = logsumexp(y + z) - (y_t + z_t). */
static void exact_loss(mpfr_t loss, const double *y, size_t t, size_t n, double eps, int sign)
{
    mpfr_t sum, term, target;
    mpfr_inits2(2000, sum, term, target, (mpfr_ptr)0);
    mpfr_set_zero(sum, 1);
    for (size_t i = 0; i < n; i++) {
        mpfr_set_d(term, fabs(y[i]), MPFR_RNDN);
        mpfr_add_ui(term, term, 1, MPFR_RNDN);
        mpfr_mul_d(term, term, i == t ? -sign * eps : sign * eps, MPFR_RNDN);
        mpfr_add_d(term, term, y[i], MPFR_RNDN);
        if (i == t)
            mpfr_set(target, term, MPFR_RNDN);
        mpfr_exp(term, term, MPFR_RNDN);
        mpfr_add(sum, sum, term, MPFR_RNDN);
    }
    mpfr_log(sum, sum, MPFR_RNDN);
    mpfr_sub(loss, sum, target, MPFR_RNDN);
    mpfr_clears(sum, term, target, (mpfr_ptr)0);
}

/* The three figures of a row by MPFR, straight from the definition. */
static hu_sharpness exact_sharpness(const double *y, size_t t, size_t n, double eps)
{
    hu_sharpness s = { .iterations = 0 };
    mpfr_t loss, raised;
    mpfr_inits2(2000, loss, raised, (mpfr_ptr)0);
    exact_loss(loss, y, t, n, eps, 0);
    exact_loss(raised, y, t, n, eps, 1);
    mpfr_sub(raised, raised, loss, MPFR_RNDN);
    s.loss = mpfr_get_d(loss, MPFR_RNDN);
    s.increase = mpfr_get_d(raised, MPFR_RNDN);
    mpfr_add_ui(loss, loss, 1, MPFR_RNDN);
    mpfr_div(raised, raised, loss, MPFR_RNDN);
    mpfr_mul_ui(raised, raised, 100, MPFR_RNDN);
    s.phi = mpfr_get_d(raised, MPFR_RNDN);
    mpfr_clears(loss, raised, (mpfr_ptr)0);
    return s;
}

static double *new_logits(size_t n, double scale, uint64_t seed)
{
    double *y = hu_calloc(n, sizeof *y);
    assert_non_null(y);
    for (size_t i = 0; i < n; i++)
        y[i] = scale * hu_random_normal_at(seed, 0, i);
    return y;
}

/* V = 50257, eps = 1e-3, against the closed form. */
static void golden(void **state)
{
    (void)state;
    double *y = new_logits(MANY, 0, 1);
    size_t  t = 17;
    hu_sharpness closed = sharpness(y, &t, 1, MANY, 1e-3, HU_CLOSED), searched = sharpness(y, &t, 1, MANY, 1e-3, HU_LBFGSB);
    test_note("phi = %.12f, by search %.12f in %d iterations", closed.phi, searched.phi, searched.iterations);
    assert_true(fabs(closed.phi - 0.0169131187) < 5e-11);
    assert_close(closed.phi, 100 * (log1p((MANY - 1) * exp(2e-3)) - log(MANY)) / (1 + log(MANY)), 1e-11);
    assert_close(searched.phi, closed.phi, 1e-12);
    hu_free(y);
}

static void doubled(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        double *y = new_logits(MANY, 1, seed), *z = new_logits(MANY, 2, seed);
        size_t  t = 99;
        double  ratio = sharpness(z, &t, 1, MANY, 1e-3, HU_CLOSED).phi / sharpness(y, &t, 1, MANY, 1e-3, HU_CLOSED).phi;
        if (seed == 1)
            test_note("doubled logits: phi times %.3f", ratio);
        assert_true(ratio > 1.4 && ratio < 1.8);
        hu_free(y), hu_free(z);
    }
}

static double span(const double *y, size_t n)
{
    double lo = y[0], hi = y[0];
    for (size_t i = 1; i < n; i++)
        lo = fmin(lo, y[i]), hi = fmax(hi, y[i]);
    return hi - lo;
}

/* What may be lost: a few ulps, and the rounding of differences of logits, which exp turns into a relative error. */
static void against_mpfr(void **state)
{
    (void)state;
    static const double scales[] = { 0, 1e-3, 1, 10, 100 }, steps[] = { 1e-12, 1e-6, 5e-4, 1e-3, 0.3, 20 };
    double worst = 0;
    int    cases = 0;
    for (size_t i = 0; i < TEST_COUNT(scales); i++)
        for (size_t j = 0; j < TEST_COUNT(steps); j++)
            for (size_t t = 0; t < 3; t++) {
                size_t n = 1 + 13 * j * i + t, target = t;
                double *y = new_logits(n, scales[i], 7 + i);
                if (t == 2)
                    y[t] = 3 * scales[i];               /* a target that leads */
                hu_sharpness got = sharpness(y, &target, 1, n, steps[j], HU_CLOSED);
                hu_sharpness want = exact_sharpness(y, target, n, steps[j]);
                double tolerance = 2e-15 + span(y, n) * 0x1p-52;
                assert_close(got.loss, want.loss, tolerance);
                assert_close(got.increase, want.increase, tolerance);
                assert_close(got.phi, want.phi, 2 * tolerance);
                if (want.phi > 0)
                    worst = fmax(worst, fabs(got.phi - want.phi) / want.phi);
                cases++;
                hu_free(y);
            }
    test_note("%d cases, largest relative difference from MPFR %.2g", cases, worst);
}

/* The logits of a run that is about to blow up: exponentials on either side of what a double holds. */
static void huge_logits(void **state)
{
    (void)state;
    double y[] = { 0, -800, 900, 3000, -1e5 };
    for (size_t t = 0; t < 5; t++)
        for (double eps = 1e-4; eps < 2; eps *= 10) {
            hu_sharpness got = sharpness(y, &t, 1, 5, eps, HU_CLOSED), want = exact_sharpness(y, t, 5, eps);
            hu_sharpness found = sharpness(y, &t, 1, 5, eps, HU_LBFGSB);
            assert_close(got.loss, want.loss, 1e-13);
            if (want.increase > 1e-300)
                assert_close(got.increase, want.increase, 1e-10);    /* an exponent of 1e5 has an ulp of 1e-11 */
            assert_true(found.increase <= got.increase * (1 + 1e-12));
        }
}

static void search_agrees(void **state)
{
    (void)state;
    test_random r = { 11 };
    double worst = 0;
    int    most = 0;
    for (int run = 0; run < 600; run++) {
        size_t n = 2 + test_random_below(&r, 400), t = test_random_below(&r, n);
        double scale = exp(7 * test_random_unit(&r) - 4), eps = pow(10, -1 - 4 * test_random_unit(&r));
        double *y = new_logits(n, scale, 1000 + (uint64_t)run);
        hu_sharpness closed = sharpness(y, &t, 1, n, eps, HU_CLOSED), searched = sharpness(y, &t, 1, n, eps, HU_LBFGSB);
        double off = (closed.phi - searched.phi) / closed.phi;
        if (!(fabs(off) < 1e-10))
            fail_msg("run %d: n %zu t %zu scale %g eps %g: closed %.17g, search %.17g in %d iterations", run, n, t, scale, eps,
                     closed.phi, searched.phi, searched.iterations);
        worst = fmax(worst, fabs(off));
        most = searched.iterations > most ? searched.iterations : most;
        hu_free(y);
    }
    test_note("600 cases, largest relative difference %.2g, at most %d iterations", worst, most);
}

/* No point of the box is above the vertex; the first-order expansion of section 1.1 is approached as eps goes to 0. */
static void nothing_above(void **state)
{
    (void)state;
    enum { V = 30 };
    test_random r = { 12 };
    double *y = new_logits(V, 3, 5), p[V], total = 0;
    size_t  t = 4;
    double  eps = 0.05, best = sharpness(y, &t, 1, V, eps, HU_CLOSED).increase, base = sharpness(y, &t, 1, V, eps, HU_CLOSED).loss;
    for (int run = 0; run < 2000; run++) {
        double z[V];
        for (int i = 0; i < V; i++)
            z[i] = y[i] + (2 * test_random_unit(&r) - 1) * eps * (fabs(y[i]) + 1);
        assert_true(sharpness(z, &t, 1, V, eps, HU_CLOSED).loss - base <= best);
    }
    double slope = 0;
    for (int i = 0; i < V; i++)
        total += p[i] = exp(y[i]);
    for (int i = 0; i < V; i++)
        slope += p[i] / total * (fabs(y[i]) + 1);
    slope += (1 - 2 * p[t] / total) * (fabs(y[t]) + 1);
    assert_close(sharpness(y, &t, 1, V, 1e-9, HU_CLOSED).phi, 100e-9 * slope / (1 + base), 1e-7);
    hu_free(y);
}

static void batches(void **state)
{
    (void)state;
    enum { B = 5, V = 40 };
    double *y = new_logits(B * V, 2, 21), loss = 0, increase = 0;
    size_t t[B] = { 0, 39, 7, 7, 20 };
    for (int b = 0; b < B; b++) {
        hu_sharpness s = sharpness(y + b * V, t + b, 1, V, 1e-3, HU_CLOSED);
        loss += s.loss / B;
        increase += s.increase / B;
    }
    for (int how = HU_CLOSED; how <= HU_LBFGSB; how++) {
        hu_sharpness s = sharpness(y, t, B, V, 1e-3, (hu_maximizer)how);
        assert_close(s.loss, loss, 1e-14);
        assert_close(s.increase, increase, 1e-11);
        assert_close(s.phi, 100 * increase / (1 + loss), 1e-11);
    }
    hu_free(y);
}

static void edges(void **state)
{
    (void)state;
    double y[] = { 1, NAN, 2 }, one = 3;
    size_t t = 0, past = 3;
    hu_sharpness s = sharpness(y, &t, 1, 3, 1e-3, HU_CLOSED);
    assert_true(isnan(s.phi) && isnan(s.loss) && isnan(s.increase));
    y[1] = -INFINITY;
    assert_true(isnan(sharpness(y, &t, 1, 3, 1e-3, HU_LBFGSB).phi));
    s = sharpness(&one, &t, 1, 1, 1e-3, HU_CLOSED);
    assert_true(s.phi == 0 && s.loss == 0);
    hu_error err;
    assert_int_equal(hu_sharpness_logits(&s, y, &t, 1, 3, 0, HU_CLOSED, &err), HU_EINVAL);
    assert_int_equal(hu_sharpness_logits(&s, y, &t, 1, 3, NAN, HU_CLOSED, &err), HU_EINVAL);
    assert_int_equal(hu_sharpness_logits(&s, y, &t, 0, 3, 1e-3, HU_CLOSED, &err), HU_EINVAL);
    assert_int_equal(hu_sharpness_logits(&s, y, &past, 1, 3, 1e-3, HU_CLOSED, &err), HU_ERANGE);
}

/* ---- weights ---- */

enum { N = 12 };

/* f = offset + b'x + sum a_i (x_i - c_i)^2 / 2 */
typedef struct quadratic {
    double a[N], b[N], c[N], offset;
    double last[N];           /* the point of the last call */
} quadratic;

static hu_status quadratic_loss(void *context, const double *x, size_t n, double *value, double *gradient, hu_error *err)
{
    quadratic *q = context;
    (void)err;
    *value = q->offset;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - q->c[i];
        *value += q->b[i] * x[i] + q->a[i] * d * d / 2;
        gradient[i] = q->b[i] + q->a[i] * d;
        q->last[i] = x[i];
    }
    return HU_OK;
}

static hu_sharpness keskar(const double *x, size_t n, quadratic *q, hu_keskar_options o)
{
    hu_sharpness s;
    hu_error err = { HU_OK, "" };
    if (hu_sharpness_keskar(&s, x, n, quadratic_loss, q, &o, &err) != HU_OK)
        fail_msg("%s", err.text);
    return s;
}

static quadratic random_quadratic(test_random *r, double *x)
{
    quadratic q = { .offset = 1 };
    for (int i = 0; i < N; i++) {
        q.a[i] = exp(6 * test_random_unit(r) - 3);
        q.c[i] = 2 * test_random_unit(r) - 1;
        x[i] = 2 * test_random_unit(r) - 1;
    }
    return q;
}

/* Separable and convex: each coordinate goes to the bound on its gradient's side, g w + a w^2 / 2. */
static void convex_loss(void **state)
{
    (void)state;
    test_random r = { 31 };
    for (int run = 0; run < 300; run++) {
        double x[N], want = 0;
        quadratic q = random_quadratic(&r, x);
        hu_keskar_options o = hu_keskar_default();
        o.eps = run % 2 ? 1e-3 : 5e-4;
        for (int i = 0; i < N; i++) {
            double w = o.eps * (fabs(x[i]) + 1);
            want += fabs(q.a[i] * (x[i] - q.c[i])) * w + q.a[i] * w * w / 2;
        }
        hu_sharpness s = keskar(x, N, &q, o);
        assert_close(s.increase, want, 1e-9);
        assert_close(s.phi, 100 * want / (1 + s.loss), 1e-9);
        assert_true(s.iterations <= 10);
    }
}

/* Separable and concave, with the maximum inside the box for some coordinates: d = clip(c - x). */
static void concave_loss(void **state)
{
    (void)state;
    test_random r = { 32 };
    for (int run = 0; run < 300; run++) {
        double x[N], want = 0;
        quadratic q = random_quadratic(&r, x);
        hu_keskar_options o = { .eps = 0.1, .iterations = 200, .seed = 1 };
        for (int i = 0; i < N; i++) {
            q.a[i] = -q.a[i];
            double w = o.eps * (fabs(x[i]) + 1), d = q.c[i] - x[i];
            double z = fmax(-w, fmin(w, d));
            want += q.a[i] * ((d - z) * (d - z) - d * d) / 2;
        }
        q.offset = 100;
        assert_close(keskar(x, N, &q, o).increase, want, 1e-6);
    }
}

/* At its minimum a quadratic has no slope; the search starts off it and reaches a corner all the same. */
static void at_minimum(void **state)
{
    (void)state;
    test_random r = { 33 };
    double x[N], want = 0;
    quadratic q = random_quadratic(&r, x);
    hu_keskar_options o = hu_keskar_default();
    memcpy(q.c, x, sizeof x);
    for (int i = 0; i < N; i++) {
        double w = o.eps * (fabs(x[i]) + 1);
        want += q.a[i] * w * w / 2;
    }
    hu_sharpness s = keskar(x, N, &q, o);
    assert_close(s.increase, want, 1e-9);
    assert_true(s.loss == 1);
}

/* A linear loss: along A the gradient is A'b, and the maximum sum |A'b|_j eps (|A^+ x|_j + 1). A^+ x by Gram-Schmidt. */
static double linear_increase(const quadratic *q, const double *x, const hu_keskar_options *o)
{
    enum { P = 5 };
    double a[N * P], u[N * P], r[P * P] = { 0 }, y[P], increase = 0;
    hu_keskar_directions(a, N, P, o->seed);
    memcpy(u, a, sizeof a);
    for (int j = 0; j < P; j++) {                   /* a = u r, column by column */
        double length = 0;
        for (int k = 0; k < j; k++) {
            for (int i = 0; i < N; i++)
                r[k * P + j] += u[i * P + k] * u[i * P + j];
            for (int i = 0; i < N; i++)
                u[i * P + j] -= r[k * P + j] * u[i * P + k];
        }
        for (int i = 0; i < N; i++)
            length += u[i * P + j] * u[i * P + j];
        r[j * P + j] = sqrt(length);
        for (int i = 0; i < N; i++)
            u[i * P + j] /= r[j * P + j];
    }
    for (int j = P - 1; j >= 0; j--) {              /* r y = u'x */
        double slope = 0;
        y[j] = 0;
        for (int i = 0; i < N; i++) {
            y[j] += u[i * P + j] * x[i];
            slope += a[i * P + j] * q->b[i];
        }
        for (int k = j + 1; k < P; k++)
            y[j] -= r[j * P + k] * y[k];
        y[j] /= r[j * P + j];
        increase += fabs(slope) * o->eps * (fabs(y[j]) + 1);
    }
    return increase;
}

static void subspace(void **state)
{
    (void)state;
    test_random r = { 34 };
    for (int run = 0; run < 100; run++) {
        double x[N];
        quadratic q = { .offset = 3 };
        for (int i = 0; i < N; i++) {
            q.b[i] = 2 * test_random_unit(&r) - 1;
            x[i] = 4 * test_random_unit(&r) - 2;
        }
        hu_keskar_options o = { .eps = 1e-2, .directions = 5, .iterations = 10, .seed = test_random_bits(&r) };
        hu_sharpness s = keskar(x, N, &q, o);
        assert_close(s.increase, linear_increase(&q, x, &o), 1e-9);
    }
}

static void directions(void **state)
{
    (void)state;
    enum { P = 100, ROWS = 300 };
    static double a[ROWS * P];
    hu_keskar_directions(a, ROWS, P, 9);
    double most = 0;
    for (int j = 0; j < P; j++)
        for (int k = 0; k <= j; k++) {
            double dot = 0;
            for (int i = 0; i < ROWS; i++)
                dot += a[i * P + j] * a[i * P + k];
            if (k == j)
                assert_close(dot, 1, 1e-13);
            else
                most = fmax(most, fabs(dot));
        }
    assert_true(most > 0.05 && most < 0.4);      /* random: not orthogonal, and not far from it */
}

static void weight_edges(void **state)
{
    (void)state;
    double x[N] = { 0 };
    quadratic q = { .offset = NAN };
    hu_keskar_options o = hu_keskar_default();
    hu_sharpness s = keskar(x, N, &q, o);
    assert_true(isnan(s.phi) && isnan(s.increase));
    q.offset = 2;                                 /* flat */
    s = keskar(x, N, &q, o);
    assert_true(s.phi == 0 && s.loss == 2);
    hu_error err;
    o.directions = N + 1;
    assert_int_equal(hu_sharpness_keskar(&s, x, N, quadratic_loss, &q, &o, &err), HU_EINVAL);
    o = hu_keskar_default();
    o.iterations = 0;
    assert_int_equal(hu_sharpness_keskar(&s, x, N, quadratic_loss, &q, &o, &err), HU_EINVAL);
    o = hu_keskar_default();
    o.eps = -1;
    assert_int_equal(hu_sharpness_keskar(&s, x, N, quadratic_loss, &q, &o, &err), HU_EINVAL);
    o = hu_keskar_default();
    assert_int_equal(hu_sharpness_keskar(&s, x, 0, quadratic_loss, &q, &o, &err), HU_EINVAL);
}

static void out_of_memory(void **state)
{
    (void)state;
    double x[N] = { 1 };
    quadratic q = { .offset = 1, .b = { 1 } };
    hu_keskar_options o = { .eps = 1e-3, .directions = 3, .iterations = 10 };
    hu_error err;
    for (long n = 0;; n++) {
        hu_sharpness s = { .iterations = 77 };
        hu_memory_fail_after(n);
        hu_status status = hu_sharpness_keskar(&s, x, N, quadratic_loss, &q, &o, &err);
        hu_memory_fail_after(-1);
        if (status == HU_OK) {
            assert_int_equal(n, 3);
            return;
        }
        assert_int_equal(status, HU_ENOMEM);
        assert_int_equal(s.iterations, 77);
    }
}

static const struct CMUnitTest claims[] = {
    CLAIM("50257 zero logits have the golden sharpness", golden),
    CLAIM("doubling Gaussian logits raises phi about 1.6 times", doubled),
    CLAIM("the closed form agrees with MPFR to a few ulps, however small eps", against_mpfr),
    CLAIM("logits out of exp's range are no trouble", huge_logits),
    CLAIM("the search and the closed form agree to 1e-10 on 600 random cases", search_agrees),
    CLAIM("no point of the box is above the vertex", nothing_above),
    CLAIM("a batch averages loss and increase over its rows", batches),
    CLAIM("logits that are not finite give NaN; wrong arguments are refused", edges),
    CLAIM("a convex quadratic has its known sharpness in weight space", convex_loss),
    CLAIM("a concave quadratic has its known sharpness, inside the box too", concave_loss),
    CLAIM("at a quadratic's minimum the search starts off it", at_minimum),
    CLAIM("in a random subspace a linear loss has its known sharpness", subspace),
    CLAIM("random directions have length 1 and are not orthogonal", directions),
    CLAIM("a loss that is not finite gives NaN; wrong options are refused", weight_edges),
    CLAIM("running out of memory is a status and leaves the result alone", out_of_memory),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
