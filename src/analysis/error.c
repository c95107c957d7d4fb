/* error.c - how far computed numbers are from their reference. */
#include "src/analysis/error.h"

#include <math.h>
#include <string.h>

/* Largest magnitudes over the finite pairs; the norms are scaled by them, so that no square over- or underflows. */
typedef struct scale {
    double error, reference;
} scale;

double hu_ulp(const hu_format *f, double x)
{
    if (!isfinite(x))
        return NAN;
    int e = x != 0 ? ilogb(x) : f->emin;
    return ldexp(1.0, (e > f->emin ? e : f->emin) - f->man_bits);
}

static bool both_finite(double c, double r)
{
    return isfinite(c) && isfinite(r);
}

/* A pair of which at least one is an infinity or a NaN. */
static void count_special(hu_metrics *m, double c, double r)
{
    if ((isnan(c) && isnan(r)) || c == r)
        m->same_special++;
    else if (isfinite(r))
        m->lost++;
    else
        m->missed++;
}

static scale count_and_scale(hu_metrics *m, const double *c, const double *r, size_t n)
{
    scale s = { 0, 0 };
    for (size_t i = 0; i < n; i++) {
        if (!both_finite(c[i], r[i])) {
            count_special(m, c[i], r[i]);
            continue;
        }
        m->finite++;
        m->exact          += c[i] == r[i];
        m->zero_reference += r[i] == 0 && c[i] != 0;
        m->to_zero        += c[i] == 0 && r[i] != 0;
        s.error     = fmax(s.error, fabs(c[i] - r[i]));
        s.reference = fmax(s.reference, fabs(r[i]));
    }
    return s;
}

static double square(double x)
{
    return x * x;
}

/* error / reference; 0 / 0 is no error. */
static double ratio_of(double error, double reference)
{
    return error == 0 ? 0 : error / reference;
}

static void sum_up(hu_metrics *m, const double *c, const double *r, size_t n, const hu_format *f, scale s)
{
    double ulps = 0, relative = 0, absolute = 0, error2 = 0, reference2 = 0;
    for (size_t i = 0; i < n; i++) {
        if (!both_finite(c[i], r[i]))
            continue;
        double error = fabs(c[i] - r[i]);
        absolute += error;
        if (error > 0)
            error2 += square(error / s.error);
        if (r[i] != 0) {
            double ratio = error / fabs(r[i]);
            relative += ratio;
            m->relative_max = fmax(m->relative_max, ratio);
            reference2 += square(r[i] / s.reference);
        }
        if (f) {
            double ratio = error > 0 ? error / hu_ulp(f, r[i]) : 0;
            ulps += ratio;
            m->ulp_max = fmax(m->ulp_max, ratio);
        }
    }
    double count = (double)m->finite;
    m->ulp_mean      = f ? ulps / count : NAN;
    m->relative_mean = m->finite > m->zero_reference ? relative / (double)(m->finite - m->zero_reference) : NAN;
    m->absolute_mean = absolute / count;
    m->normwise_2    = isinf(s.error) ? INFINITY           /* the difference of finite numbers overflowed */
                                      : ratio_of(s.error, s.reference) * sqrt(ratio_of(error2, reference2));
}

hu_status hu_error_metrics(hu_metrics *out, const double *computed, const double *reference, size_t n,
                           const hu_format *f, hu_error *err)
{
    if (f && strcmp(f->family->name, "float") != 0)
        return hu_fail(err, HU_EINVAL, "error: %s is of family %s; ulps are counted in formats of family float",
                       f->name, f->family->name);
    hu_metrics m = { .n = n, .ulp_max = f ? 0 : NAN };
    scale s = count_and_scale(&m, computed, reference, n);
    sum_up(&m, computed, reference, n, f, s);
    m.absolute_max = s.error;
    m.normwise_inf = ratio_of(s.error, s.reference);
    m.sqnr_db      = -20 * log10(m.normwise_2);
    if (m.finite == m.zero_reference)
        m.relative_max = NAN;
    if (m.finite == 0)
        m.ulp_max = m.absolute_max = m.normwise_2 = m.normwise_inf = m.sqnr_db = NAN;
    *out = m;
    return HU_OK;
}
