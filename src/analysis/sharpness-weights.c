/* sharpness-weights.c - Keskar's epsilon-sharpness of any loss, in the full space of its weights or a random subspace. */
#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "src/analysis/sharpness.h"
#include "src/base/memory.h"
#include "src/base/random.h"

/* The loss around x, as a function of the coordinates z in which the box lies. */
typedef struct landscape {
    const double *x;
    size_t n, p;             /* weights; coordinates: p == n in the full space */
    const double *a;         /* [n][p]; NULL in the full space                 */
    hu_objective *loss;
    void   *context;
    double *point, *gradient;   /* [n] */
    double  center;             /* loss at x: the values are counted from there */
} landscape;

/* point = x + A z */
static void move(const landscape *l, const double *z)
{
    for (size_t i = 0; i < l->n; i++) {
        double sum = l->a ? 0 : z[i];
        for (size_t j = 0; l->a && j < l->p; j++)
            sum += l->a[i * l->p + j] * z[j];
        l->point[i] = l->x[i] + sum;
    }
}

/* out = -A^T gradient */
static void pull_back(const landscape *l, double *out)
{
    for (size_t j = 0; j < l->p; j++)
        out[j] = l->a ? 0 : -l->gradient[j];
    for (size_t i = 0; l->a && i < l->n; i++)
        for (size_t j = 0; j < l->p; j++)
            out[j] -= l->a[i * l->p + j] * l->gradient[i];
}

/* What the search minimizes: minus the loss, counted from the center. */
static hu_status descent(void *context, const double *z, size_t p, double *value, double *gradient, hu_error *err)
{
    landscape *l = context;
    (void)p;
    double loss;
    move(l, z);
    hu_status status = l->loss(l->context, l->point, l->n, &loss, l->gradient, err);
    if (status != HU_OK)
        return status;
    *value = l->center - loss;
    pull_back(l, gradient);
    return HU_OK;
}

void hu_keskar_directions(double *a, size_t n, size_t p, uint64_t seed)
{
    for (size_t i = 0; i < n * p; i++)
        a[i] = hu_random_normal_at(seed, 0, i);
    for (size_t j = 0; j < p; j++) {
        double squares = 0;
        for (size_t i = 0; i < n; i++)
            squares += a[i * p + j] * a[i * p + j];
        for (size_t i = 0; i < n; i++)
            a[i * p + j] /= sqrt(squares);
    }
}

/* u = A^+ x through the normal equations: random columns are nearly orthogonal, and u only sets the box's widths. */
static hu_status pseudo_inverse(const landscape *l, double *u, hu_error *err)
{
    double *memory = hu_malloc(l->p * l->p * sizeof *memory);
    if (!memory)
        return hu_fail(err, HU_ENOMEM, "sharpness: no memory for %zu directions", l->p);
    gsl_matrix_const_view a = gsl_matrix_const_view_array(l->a, l->n, l->p);
    gsl_vector_const_view x = gsl_vector_const_view_array(l->x, l->n);
    gsl_matrix_view gram = gsl_matrix_view_array(memory, l->p, l->p);
    gsl_vector_view b = gsl_vector_view_array(u, l->p);
    int failed = gsl_blas_dsyrk(CblasLower, CblasTrans, 1, &a.matrix, 0, &gram.matrix)
              || gsl_blas_dgemv(CblasTrans, 1, &a.matrix, &x.vector, 0, &b.vector)
              || gsl_linalg_cholesky_decomp1(&gram.matrix)
              || gsl_linalg_cholesky_svx(&gram.matrix, &b.vector);
    hu_free(memory);
    if (failed)
        return hu_fail(err, HU_EINVAL, "sharpness: the %zu random directions in %zu weights are not independent",
                       l->p, l->n);
    return HU_OK;
}

/* The box around z = 0. In `upper`, the coordinates A^+ x are turned into widths. */
static hu_status make_box(const landscape *l, double *lower, double *upper, double eps, hu_error *err)
{
    if (l->a) {
        hu_status status = pseudo_inverse(l, upper, err);
        if (status != HU_OK)
            return status;
    } else {
        memcpy(upper, l->x, l->n * sizeof *upper);
    }
    for (size_t j = 0; j < l->p; j++) {
        upper[j] = eps * (fabs(upper[j]) + 1);
        lower[j] = -upper[j];
    }
    return HU_OK;
}

static bool all_zero(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0)
            return false;
    return true;
}

static bool all_finite(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* z: zero, or a random point of the box where the loss has no slope at its center. */
static void choose_start(const landscape *l, double *z, const double *upper, uint64_t seed)
{
    bool flat = all_zero(l->gradient, l->n);
    for (size_t j = 0; j < l->p; j++)
        z[j] = flat ? upper[j] * (2 * hu_random_uniform_at(seed, 1, j) - 1) : 0;
}

static hu_status climb(landscape *l, hu_sharpness *s, const hu_keskar_options *o, double *work, hu_error *err)
{
    double *z = work, *lower = work + l->p, *upper = work + 2 * l->p;
    hu_status status = make_box(l, lower, upper, o->eps, err);
    if (status != HU_OK)
        return status;
    choose_start(l, z, upper, o->seed);
    hu_lbfgsb_options options = { .pairs = 10, .max_iterations = o->iterations };
    hu_lbfgsb_result  result;
    status = hu_lbfgsb_minimize(z, lower, upper, l->p, descent, l, &options, &result, err);
    if (status != HU_OK)
        return status;
    s->increase    = fmax(0, -result.value);
    s->iterations  = result.iterations;
    s->evaluations += result.evaluations;
    return HU_OK;
}

static hu_status check(const double *x, size_t n, const hu_keskar_options *o, hu_error *err)
{
    if (!(o->eps > 0) || !isfinite(o->eps))
        return hu_fail(err, HU_EINVAL, "sharpness: eps is %g; it takes a positive number such as 1e-3", o->eps);
    if (o->iterations < 1)
        return hu_fail(err, HU_EINVAL, "sharpness: iterations is %d; it takes 1 or more", o->iterations);
    if (n == 0)
        return hu_fail(err, HU_EINVAL, "sharpness: there are no weights");
    if (o->directions > n)
        return hu_fail(err, HU_EINVAL, "sharpness: %zu directions in %zu weights; it takes at most as many directions as"
                       " weights", o->directions, n);
    if (n > (SIZE_MAX / sizeof *x - 2 * n) / (o->directions + 4))
        return hu_fail(err, HU_ENOMEM, "sharpness: %zu directions in %zu weights are too many", o->directions, n);
    return HU_OK;
}

hu_keskar_options hu_keskar_default(void)
{
    return (hu_keskar_options){ .eps = 1e-3, .directions = 0, .iterations = 10, .seed = 1 };
}

/* Loss and gradient at the center, then the climb; `memory` as laid out by the caller. */
static hu_status measure(landscape *l, hu_sharpness *s, const hu_keskar_options *o, double *work, hu_error *err)
{
    memcpy(l->point, l->x, l->n * sizeof *l->point);
    s->evaluations = 1;
    hu_status status = l->loss(l->context, l->point, l->n, &s->loss, l->gradient, err);
    if (status != HU_OK)
        return status;
    l->center = s->loss;
    if (isfinite(s->loss) && all_finite(l->x, l->n) && all_finite(l->gradient, l->n))
        return climb(l, s, o, work, err);
    s->increase = NAN;
    return HU_OK;
}

hu_status hu_sharpness_keskar(hu_sharpness *out, const double *x, size_t n, hu_objective *loss, void *context,
                              const hu_keskar_options *options, hu_error *err)
{
    hu_status status = check(x, n, options, err);
    if (status != HU_OK)
        return status;
    size_t p = options->directions ? options->directions : n;
    double *memory = hu_malloc((2 * n + 3 * p + n * options->directions) * sizeof *memory);
    if (!memory)
        return hu_fail(err, HU_ENOMEM, "sharpness: no memory for %zu weights and %zu directions", n, p);
    double *a = options->directions ? memory + 2 * n + 3 * p : NULL;
    landscape l = { .x = x, .n = n, .p = p, .a = a, .loss = loss, .context = context,
                    .point = memory, .gradient = memory + n };
    if (a)
        hu_keskar_directions(a, n, p, options->seed);
    hu_sharpness s = { .iterations = 0 };
    status = measure(&l, &s, options, memory + 2 * n, err);
    hu_free(memory);
    if (status != HU_OK)
        return status;
    s.phi = 100 * s.increase / (1 + s.loss);
    *out = s;
    return HU_OK;
}
