/* eigen.c - the largest or smallest eigenvalues of a matrix that is known by its products. */
#include <math.h>
#include <string.h>

#include "src/analysis/lanczos.h"
#include "src/analysis/vectors.h"
#include "src/base/memory.h"

hu_eigen_options hu_eigen_default(void)
{
    return (hu_eigen_options){.which = HU_LARGEST, .steps = 100, .tolerance = 1e-6, .seed = 1};
}

static hu_status check(size_t k, size_t n, const hu_eigen_options *o, bool lanczos, hu_error *err)
{
    if (k == 0 || k > n || (lanczos && k > o->steps) || o->steps == 0)
        return hu_fail(err, HU_EINVAL, "eigen: %zu values of %zu in %zu steps; it takes 1 to as many as there are", k, n, o->steps);
    if (!(o->tolerance >= 0) || !isfinite(o->tolerance))
        return hu_fail(err, HU_EINVAL, "eigen: the tolerance is %g; it takes a number that is not negative", o->tolerance);
    return HU_OK;
}

/* The places of the k best of m ascending values. */
static void choose(size_t *best, size_t k, const double *theta, size_t m, hu_which which)
{
    size_t low = 0, high = m;
    for (size_t i = 0; i < k; i++) {
        bool top = which == HU_LARGEST || (which == HU_MAGNITUDE && fabs(theta[high - 1]) >= fabs(theta[low]));
        best[i] = top ? --high : low++;
    }
}

/* What Lanczos keeps while it searches. */
typedef struct search {
    hu_lanczos l;
    double *theta, *y;      /* [steps], [steps][steps] */
    size_t *best;           /* [k]                     */
    size_t  k;
    bool    settled;
} search;

/* The bounds |beta y_last| of the chosen Ritz vectors, against the tolerance. */
static hu_status look(search *s, const hu_eigen_options *o, hu_error *err)
{
    size_t m = s->l.steps;
    hu_status status = hu_lanczos_ritz(&s->l, s->theta, s->y, err);
    if (status)
        return status;
    choose(s->best, s->k, s->theta, m, o->which);
    double size = fmax(fabs(s->theta[0]), fabs(s->theta[m - 1]));
    s->settled = true;
    for (size_t i = 0; i < s->k; i++)
        s->settled = s->settled && fabs(s->l.beta[m - 1] * s->y[(m - 1) * m + s->best[i]]) <= o->tolerance * size;
    s->settled = s->settled && o->tolerance > 0 && (s->l.restarts == 0 || m == s->l.n);
    return HU_OK;
}

static hu_status run(search *s, hu_operator *a, void *context, const hu_eigen_options *o, hu_error *err)
{
    hu_status status = HU_OK;
    for (size_t steps = s->k + 4; !status && !s->settled && s->l.steps < s->l.most; steps += 5) {
        status = hu_lanczos_run(&s->l, o->tolerance > 0 ? steps : s->l.most, a, context, err);
        if (!status)
            status = look(s, o, err);
    }
    return status;
}

static double residual(const double *x, const double *ax, double value, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (ax[i] - value * x[i]) * (ax[i] - value * x[i]);
    return sqrt(sum);
}

/* The Ritz vectors, and what a product says of each. x and ax have room for n. */
static hu_status finish(search *s, hu_eigen *out, double *values, double *residuals, double *vectors, double *x,
                        hu_operator *a, void *context, const hu_eigen_options *o, hu_error *err)
{
    size_t n = s->l.n, m = s->l.steps;
    double *ax = x + n, size = fmax(fabs(s->theta[0]), fabs(s->theta[m - 1]));
    *out = (hu_eigen){.k = s->k, .products = m + s->k, .converged = true, .asymmetry = s->l.asymmetry};
    for (size_t i = 0; i < s->k; i++) {
        double *to = vectors ? vectors + i * n : x;
        memset(to, 0, n * sizeof *to);
        for (size_t j = 0; j < m; j++)
            hu_add_scaled(to, s->y[j * m + s->best[i]], s->l.basis + j * n, n);
        hu_scale(to, 1 / sqrt(hu_dot(to, to, n)), n);
        hu_status status = a(context, to, ax, n, err);
        if (status)
            return status;
        values[i] = s->theta[s->best[i]];
        residuals[i] = residual(to, ax, values[i], n);
        out->converged = out->converged && residuals[i] <= fmax(o->tolerance, 1e-14) * size;
    }
    return HU_OK;
}

hu_status hu_eigen_lanczos(hu_eigen *out, double *values, double *residuals, double *vectors, size_t k, size_t n,
                           hu_operator *a, void *context, const hu_eigen_options *o, hu_error *err)
{
    hu_status status = check(k, n, o, true, err);
    if (status)
        return status;
    size_t steps = o->steps < n ? o->steps : n;
    search s = {.k = k};
    status = hu_lanczos_init(&s.l, n, steps, NULL, o->seed, err);
    if (status)
        return status;
    s.theta = hu_calloc(steps, sizeof *s.theta);
    s.y = hu_calloc(steps, steps * sizeof *s.y);
    s.best = hu_calloc(k, sizeof *s.best);
    double *x = hu_calloc(2, n * sizeof *x);
    if (!s.theta || !s.y || !s.best || !x)
        status = hu_fail(err, HU_ENOMEM, "eigen: no memory for %zu steps in %zu dimensions", steps, n);
    if (!status)
        status = run(&s, a, context, o, err);
    if (!status)
        status = finish(&s, out, values, residuals, vectors, x, a, context, o, err);
    hu_free(s.theta);
    hu_free(s.y);
    hu_free(s.best);
    hu_free(x);
    hu_lanczos_clear(&s.l);
    return status;
}

/* Whether a value stands: by PyHessian's rule it changed by less than the tolerance, which a plateau on the way to a larger one does, too. There the
 * residual is still large: a residual r is worth about r^2 in the value, so that sqrt(tolerance) of it is as exact as the rule asks. Beside the first
 * value those that are a millionth of it are zero. */
static bool rests(double value, double last, double tolerance) { return fabs(value - last) <= tolerance * (fabs(last) + 1e-6); }
static bool fits(double left, double value, double first, double tolerance)
{
    return left <= sqrt(fmax(tolerance, 1e-14)) * (fabs(value) + 1e-6 * fabs(first));
}

/* One value: v moves to the dominant eigenvector of what is left beside the `found` rows. ax has room for n. The first ends by PyHessian's rule alone, the
 * others, of which there are no published products, when the residual fits, too. */
static hu_status iterate(hu_eigen *out, double *values, double *residuals, double *v, double *ax, const double *found, size_t k,
                         size_t n, hu_operator *a, void *context, const hu_eigen_options *o, hu_error *err)
{
    double last = NAN, *value = &values[k], *left = &residuals[k];
    bool settled = false;
    hu_draw_normal(v, n, o->seed, k);
    double length = hu_take_off(v, found, k, n, NULL);
    hu_scale(v, 1 / length, n);
    for (size_t step = 0; step < o->steps && !settled; step++) {
        hu_status status = a(context, v, ax, n, err);
        if (status)
            return status;
        out->products++;
        *value = hu_dot(v, ax, n);
        *left = residual(v, ax, *value, n);
        settled = rests(*value, last, o->tolerance) && (k == 0 || fits(*left, *value, values[0], o->tolerance));
        last = *value;
        length = hu_take_off(ax, found, k, n, NULL);
        if (!isfinite(length))
            return hu_fail(err, HU_ERANGE, "eigen: a product with the matrix is not finite");
        if (!(length > 0) || settled || step + 1 == o->steps)
            return out->converged = out->converged && ((settled && fits(*left, *value, values[0], o->tolerance)) || !(length > 0)), HU_OK;
        memcpy(v, ax, n * sizeof *v);
        hu_scale(v, 1 / length, n);
    }
    return HU_OK;
}

static void swap(double *a, double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* The best first: by falling magnitude, with their residuals and rows. */
static void sort(double *values, double *residuals, double *vectors, size_t k, size_t n)
{
    for (size_t i = 1; i < k; i++)
        for (size_t j = i; j > 0 && fabs(values[j]) > fabs(values[j - 1]); j--) {
            swap(values + j, values + j - 1, 1);
            swap(residuals + j, residuals + j - 1, 1);
            swap(vectors + j * n, vectors + (j - 1) * n, n);
        }
}

hu_status hu_eigen_power(hu_eigen *out, double *values, double *residuals, double *vectors, size_t k, size_t n,
                         hu_operator *a, void *context, const hu_eigen_options *o, hu_error *err)
{
    hu_status status = check(k, n, o, false, err);
    if (status)
        return status;
    double *found = vectors ? vectors : hu_calloc(k, n * sizeof *found), *ax = hu_calloc(n, sizeof *ax);
    if (!found || !ax)
        status = hu_fail(err, HU_ENOMEM, "eigen: no memory for %zu vectors of %zu", k, n);
    *out = (hu_eigen){.k = k, .converged = true, .asymmetry = NAN};
    for (size_t i = 0; i < k && !status; i++)
        status = iterate(out, values, residuals, found + i * n, ax, found, i, n, a, context, o, err);
    if (!status)
        sort(values, residuals, found, k, n);
    hu_free(ax);
    if (!vectors)
        hu_free(found);
    return status;
}
