/* lanczos.c - an orthonormal basis of a Krylov space, and the matrix on it. */
#include "src/analysis/lanczos.h"

#include <gsl/gsl_eigen.h>
#include <math.h>
#include <string.h>

#include "src/analysis/vectors.h"
#include "src/base/memory.h"

static hu_status check(size_t n, size_t most, hu_error *err)
{
    if (n == 0 || most == 0 || most > n)
        return hu_fail(err, HU_EINVAL, "lanczos: %zu steps in %zu dimensions; it takes 1 to as many as dimensions", most, n);
    size_t rows = most + 1;
    if (most > SIZE_MAX / 16 / rows || n > SIZE_MAX / 16 / rows)
        return hu_fail(err, HU_ENOMEM, "lanczos: no memory for %zu steps in %zu dimensions", most, n);
    return HU_OK;
}

/* A random unit vector that is orthogonal to the first k rows. */
static void draw_row(hu_lanczos *l, size_t k, uint64_t stream)
{
    double *q = l->basis + k * l->n, length = 0;
    for (uint64_t again = 0; again < 8 && !(length > 1e-3); again++) {   /* in nearly all cases once */
        hu_draw_normal(q, l->n, l->seed, stream + (again << 32));
        hu_scale(q, 1 / sqrt(hu_dot(q, q, l->n)), l->n);
        length = hu_take_off(q, l->basis, k, l->n, NULL);
    }
    hu_scale(q, length > 0 ? 1 / length : 0, l->n);
    hu_take_off(q, l->basis, k, l->n, NULL);
    hu_scale(q, 1 / sqrt(hu_dot(q, q, l->n)), l->n);
}

hu_status hu_lanczos_init(hu_lanczos *l, size_t n, size_t most, const double *start, uint64_t seed, hu_error *err)
{
    *l = (hu_lanczos){.n = n, .most = most, .seed = seed, .asymmetry = NAN};
    hu_status status = check(n, most, err);
    if (status)
        return status;
    double length = start ? sqrt(hu_dot(start, start, n)) : 1;
    if (!(length > 0) || !isfinite(length))
        return hu_fail(err, HU_EINVAL, "lanczos: the start has the length %g; it takes one that is positive and finite", length);
    l->basis = hu_calloc(most + 1, n * sizeof *l->basis);
    l->h = hu_calloc(most, most * sizeof *l->h);
    l->beta = hu_calloc(most, sizeof *l->beta);
    if (!l->basis || !l->h || !l->beta) {
        hu_lanczos_clear(l);
        return hu_fail(err, HU_ENOMEM, "lanczos: no memory for %zu steps in %zu dimensions", most, n);
    }
    if (start) {
        memcpy(l->basis, start, n * sizeof *start);
        hu_scale(l->basis, 1 / length, n);
    } else {
        draw_row(l, 0, 0);
    }
    return HU_OK;
}

void hu_lanczos_clear(hu_lanczos *l)
{
    hu_free(l->basis);
    hu_free(l->h);
    hu_free(l->beta);
    *l = (hu_lanczos){0};
}

/* The difference of the two halves of h. Below the first subdiagonal they are zero by construction. */
static void measure_asymmetry(hu_lanczos *l)
{
    double sum = 0;
    for (size_t j = 1; j < l->steps; j++)
        for (size_t i = 0; i < j; i++) {
            double d = l->h[i * l->most + j] - l->h[j * l->most + i];
            sum += d * d;
        }
    double pairs = (double)l->steps * (double)(l->steps - 1) / 2;
    l->asymmetry = pairs > 0 ? sqrt(sum / pairs) : NAN;
}

/* Column j of h from the parts of A q_j, and the next row of the basis from what is left. */
static void finish_step(hu_lanczos *l, size_t j, const double *parts, double left)
{
    for (size_t i = 0; i <= j; i++) {
        l->h[i * l->most + j] = parts[i];
        l->size = fmax(l->size, fabs(parts[i]));
    }
    double *next = l->basis + (j + 1) * l->n;
    bool closed = !(left > 1e-12 * l->size);
    l->beta[j] = closed ? 0 : left;
    if (j + 1 < l->most)
        l->h[(j + 1) * l->most + j] = l->beta[j];
    if (!closed)
        hu_scale(next, 1 / left, l->n);
    else if (j + 1 < l->n)
        draw_row(l, j + 1, 1 + l->restarts++);
}

hu_status hu_lanczos_run(hu_lanczos *l, size_t steps, hu_operator *a, void *context, hu_error *err)
{
    double *parts = hu_calloc(l->most, sizeof *parts);
    if (!parts)
        return hu_fail(err, HU_ENOMEM, "lanczos: out of memory");
    hu_status status = HU_OK;
    steps = steps < l->most ? steps : l->most;
    while (l->steps < steps && !status) {
        size_t j = l->steps;
        double *next = l->basis + (j + 1) * l->n;
        status = a(context, l->basis + j * l->n, next, l->n, err);
        if (status)
            break;
        if (!isfinite(hu_dot(next, next, l->n))) {
            status = hu_fail(err, HU_ERANGE, "lanczos: a product with the matrix is not finite");
            break;
        }
        memset(parts, 0, l->most * sizeof *parts);
        double left = hu_take_off(next, l->basis, j + 1, l->n, parts);
        finish_step(l, j, parts, left);
        l->steps++;
    }
    hu_free(parts);
    measure_asymmetry(l);
    return status;
}

hu_status hu_lanczos_ritz(const hu_lanczos *l, double *theta, double *y, hu_error *err)
{
    size_t m = l->steps;
    if (m == 0)
        return hu_fail(err, HU_EINVAL, "lanczos: no step has been made");
    gsl_matrix *s = gsl_matrix_alloc(m, m);
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(m);
    gsl_vector_view values = gsl_vector_view_array(theta, m);
    gsl_matrix_view vectors = gsl_matrix_view_array(y, m, m);
    int failed = !s || !work;
    for (size_t i = 0; !failed && i < m; i++)
        for (size_t j = 0; j < m; j++)
            gsl_matrix_set(s, i, j, (l->h[i * l->most + j] + l->h[j * l->most + i]) / 2);
    failed = failed || gsl_eigen_symmv(s, &values.vector, &vectors.matrix, work)
                    || gsl_eigen_symmv_sort(&values.vector, &vectors.matrix, GSL_EIGEN_SORT_VAL_ASC);
    if (work)
        gsl_eigen_symmv_free(work);
    if (s)
        gsl_matrix_free(s);
    return failed ? hu_fail(err, HU_ENOMEM, "lanczos: the eigenvalues of %zu steps were not found", m) : HU_OK;
}
