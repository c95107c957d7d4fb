/* least-squares.c - nonlinear least squares through GSL, with Huber's loss by weights. */
#include "src/analysis/least-squares.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <string.h>

#include "src/base/memory.h"

enum { MAX_REWEIGHTINGS = 100 };

static const double FAR = 1e150;              /* what GSL sees where the model has no value: it steps back from there */
static const double WEIGHTS_STAY = 1e-9;      /* relative change of the cost from one set of weights to the next */

typedef struct fit {
    const hu_least_squares_options *options;
    hu_residuals *f;
    void         *context;
    hu_error     *err;
    hu_status     status;                      /* of f, once it has failed */
    gsl_multifit_nlinear_workspace *work;
    gsl_vector   *weights;
    double       *scratch;                     /* [n]: GSL's vectors may have gaps */
    int           iterations;
    bool          converged;
} fit;

hu_least_squares_options hu_least_squares_default(void)
{
    return (hu_least_squares_options){.max_iterations = 500, .tolerance = 1e-10, .confidence = 0.95};
}

static int residuals_for_gsl(const gsl_vector *p, void *context, gsl_vector *out)
{
    fit *t = context;
    if (!t->status)
        t->status = t->f(t->context, p->data, t->scratch, t->err);
    for (size_t i = 0; i < out->size; i++)
        gsl_vector_set(out, i, isfinite(t->scratch[i]) ? t->scratch[i] : FAR);
    return t->status ? GSL_EBADFUNC : GSL_SUCCESS;
}

static hu_status check(const hu_least_squares_options *o, size_t n_parameters, size_t n, hu_error *err)
{
    if (n_parameters < 1 || n < n_parameters)
        return hu_fail(err, HU_EINVAL, "least squares: %zu measurements for %zu parameters; it takes at least as many", n, n_parameters);
    if (!(o->huber >= 0) || isinf(o->huber))
        return hu_fail(err, HU_EINVAL, "least squares: delta is %g; it takes a positive number, or 0 for squares alone", o->huber);
    if (o->max_iterations < 1 || !(o->tolerance > 0 && o->tolerance < 1))
        return hu_fail(err, HU_EINVAL, "least squares: %d iterations to a tolerance of %g; it takes at least 1, and a tolerance between 0 and 1",
                       o->max_iterations, o->tolerance);
    if (!(o->confidence > 0 && o->confidence < 1))
        return hu_fail(err, HU_EINVAL, "least squares: confidence is %g; it takes a number between 0 and 1, such as 0.95", o->confidence);
    return HU_OK;
}

/* ---- the loss ---- */

static double loss_of(double r, double delta)
{
    double a = fabs(r);
    return delta == 0 || a <= delta ? r * r / 2 : delta * (a - delta / 2);
}

static double weight_of(double r, double delta)
{
    return delta == 0 || fabs(r) <= delta ? 1 : delta / fabs(r);
}

static double cost_of(const double *r, size_t n, double delta)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += loss_of(r[i], delta);
    return sum;
}

/* The variance of one measurement as the residuals show it. For Huber's loss (7.6 there, first order): the mean square of the clipped
 * residuals, over the square of the share of residuals that are not clipped. As many residuals as there are parameters are
 * made small by the fit itself and do not count; where no more than those are within delta, nothing is known: infinite. */
static double variance_of(const double *r, size_t n, size_t n_parameters, double delta)
{
    double squares = 0;
    size_t inside = 0;
    for (size_t i = 0; i < n; i++) {
        double clipped = delta > 0 && fabs(r[i]) > delta ? delta : fabs(r[i]);
        squares += clipped * clipped;
        inside += delta == 0 || fabs(r[i]) <= delta;
    }
    double share = inside > n_parameters ? (double)(inside - n_parameters) / (double)(n - n_parameters) : 0;
    return n > n_parameters ? squares / (double)(n - n_parameters) / (share * share) : NAN;
}

/* ---- the steps ---- */

/* Residuals at p itself; what GSL holds is multiplied by the roots of the weights. */
static hu_status residuals_at(fit *t, const double *p, double *r)
{
    if (!t->status)
        t->status = t->f(t->context, p, r, t->err);
    return t->status;
}

/* Steps under the weights there are, from p to p. */
static hu_status steps(fit *t, gsl_multifit_nlinear_fdf *fdf, double *p)
{
    int why = 0;
    gsl_vector_view at = gsl_vector_view_array(p, fdf->p);
    int status = gsl_multifit_nlinear_winit(&at.vector, t->weights, fdf, t->work);
    if (!status)
        status = gsl_multifit_nlinear_driver((size_t)t->options->max_iterations, t->options->tolerance, t->options->tolerance, 0, NULL, NULL,
                                             &why, t->work);
    if (t->status)
        return t->status;
    t->iterations += (int)gsl_multifit_nlinear_niter(t->work);
    t->converged = status == GSL_SUCCESS || status == GSL_ENOPROG;    /* no progress: as near as doubles come */
    if (status && status != GSL_EMAXITER && status != GSL_ENOPROG)
        return hu_fail(t->err, HU_EINVAL, "least squares: the steps ended: %s; another start may help", gsl_strerror(status));
    memcpy(p, gsl_multifit_nlinear_position(t->work)->data, fdf->p * sizeof *p);
    return HU_OK;
}

/* Steps, weights, steps, ... until the cost stays. */
static hu_status search(fit *t, gsl_multifit_nlinear_fdf *fdf, double *p, double *r)
{
    double before = INFINITY, delta = t->options->huber;
    for (int i = 0; i < MAX_REWEIGHTINGS; i++) {
        hu_status status = steps(t, fdf, p);
        if (!status)
            status = residuals_at(t, p, r);
        if (status)
            return status;
        double cost = cost_of(r, fdf->n, delta);
        if (delta == 0 || before - cost <= WEIGHTS_STAY * cost)
            return HU_OK;
        before = cost;
        for (size_t k = 0; k < fdf->n; k++)
            gsl_vector_set(t->weights, k, weight_of(r[k], delta));
    }
    t->converged = false;
    return HU_OK;
}

/* ---- errors of the estimate ---- */

/* variance (J' J)^-1 without the weights. A parameter that no residual depends on has an infinite variance. */
static hu_status estimate_errors(fit *t, double variance, double *covariance, size_t n_parameters)
{
    gsl_matrix *j = gsl_matrix_alloc(t->weights->size, n_parameters);
    if (!j)
        return hu_fail(t->err, HU_ENOMEM, "least squares: out of memory");
    gsl_matrix_memcpy(j, gsl_multifit_nlinear_jac(t->work));
    for (size_t i = 0; i < j->size1; i++) {
        gsl_vector_view row = gsl_matrix_row(j, i);
        gsl_vector_scale(&row.vector, 1 / sqrt(gsl_vector_get(t->weights, i)));
    }
    gsl_matrix_view c = gsl_matrix_view_array(covariance, n_parameters, n_parameters);
    gsl_multifit_nlinear_covar(j, 0, &c.matrix);
    gsl_matrix_scale(&c.matrix, variance);
    for (size_t i = 0; i < n_parameters; i++)
        if (!(covariance[i * n_parameters + i] != 0))
            covariance[i * n_parameters + i] = isnan(variance) ? NAN : INFINITY;
    gsl_matrix_free(j);
    return HU_OK;
}

static hu_status run(fit *t, gsl_multifit_nlinear_fdf *fdf, double *p, double *r, double *covariance, double *half_width,
                     hu_least_squares_result *out)
{
    size_t n = fdf->n, m = fdf->p;
    hu_status status = residuals_at(t, p, r);
    if (status)
        return status;
    if (!isfinite(cost_of(r, n, 0)))
        return hu_fail(t->err, HU_EINVAL, "least squares: residuals at the start are not finite; it takes a start where the model has values");
    if ((status = search(t, fdf, p, r)))
        return status;
    double variance = variance_of(r, n, m, t->options->huber);
    if (covariance && (status = estimate_errors(t, variance, covariance, m)))
        return status;
    double quantile = n > m ? gsl_cdf_tdist_Pinv(0.5 + t->options->confidence / 2, (double)(n - m)) : NAN;
    for (size_t i = 0; half_width && i < m; i++)
        half_width[i] = quantile * sqrt(covariance[i * m + i]);
    *out = (hu_least_squares_result){.cost = cost_of(r, n, t->options->huber), .rms = sqrt(2 * cost_of(r, n, 0) / (double)n),
                                     .sigma = sqrt(variance), .iterations = t->iterations, .converged = t->converged};
    return HU_OK;
}

hu_status hu_least_squares(double *p, size_t n_parameters, size_t n, hu_residuals *f, void *context,
                           const hu_least_squares_options *options, double *covariance, double *half_width,
                           hu_least_squares_result *result, hu_error *err)
{
    hu_status status = check(options, n_parameters, n, err);
    if (status)
        return status;
    gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
    how.trs = gsl_multifit_nlinear_trs_lm;
    how.fdtype = GSL_MULTIFIT_NLINEAR_CTRDIFF;
    fit t = {.options = options, .f = f, .context = context, .err = err,
             .work = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, n, n_parameters), .weights = gsl_vector_alloc(n)};
    gsl_multifit_nlinear_fdf fdf = {.f = residuals_for_gsl, .n = n, .p = n_parameters, .params = &t};
    double *best = hu_calloc(n_parameters * (n_parameters + 1) + 2 * n, sizeof *best);
    if (!t.work || !t.weights || !best) {
        status = hu_fail(err, HU_ENOMEM, "least squares: out of memory");
    } else {
        gsl_vector_set_all(t.weights, 1);
        memcpy(best, p, n_parameters * sizeof *p);
        double *r = best + n_parameters, *own = r + 2 * n;
        t.scratch = r + n;
        status = run(&t, &fdf, best, r, covariance ? covariance : own, half_width, result);
        if (!status)
            memcpy(p, best, n_parameters * sizeof *p);
    }
    hu_free(best);
    gsl_vector_free(t.weights);
    gsl_multifit_nlinear_free(t.work);
    return status;
}
