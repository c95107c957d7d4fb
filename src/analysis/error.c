/* error.c - how far computed numbers are from their reference. */
#include "src/analysis/error.h"

#include <math.h>

#include "src/ops/ops.h"

/* Largest magnitudes over the finite pairs; the norms are scaled by them, so that no square over- or underflows. */
typedef struct scale {
    double error, reference;
} scale;

/* The distance of the neighbors of v's sign that enclose it, and a value and its next one outward where it is a value; 0: there
 * is none outward. *lo becomes the inner neighbor. */
static double enclosing_gap(const hu_format *f, hu_num v, hu_num *lo)
{
    v.sticky = true;
    hu_bracket b = f->family->bracket(f, v);
    hu_num hi = hu_decode(f, b.hi);
    *lo = hu_decode(f, b.lo);
    if (b.overflow || b.lo_wraps || b.hi_wraps || b.lo == b.hi || hi.kind != HU_FINITE)
        return 0;
    return fabs(hu_num_to_double(hu_num_add(hi, hu_num_negate(*lo), false)));
}

/* A number just inside of v, or just outside. */
static hu_num just_inside(hu_num v)
{
    bool is_power = v.sig << 1 == 0;
    v.sig = is_power ? ~(hu_u128)0 : v.sig - 1;
    v.exp -= is_power;
    return v;
}

/* Of families whose steps follow no fields: the neighbors are asked for. */
static double ulp_by_neighbors(const hu_format *f, double x)
{
    hu_num v = x != 0 ? hu_num_from_double(x) : hu_num_make(false, 1, -(1 << 24)), lo, none;
    hu_code code;
    if (x != 0 && hu_code_of_nearest(f, x, false, &code))
        v = hu_decode(f, code);
    double gap = enclosing_gap(f, v, &lo);
    if (gap == 0 && lo.kind == HU_FINITE) {                        /* past the end of the range, or below all values */
        gap = enclosing_gap(f, just_inside(lo), &none);
        if (gap == 0)
            gap = enclosing_gap(f, lo, &none);
    }
    return gap > 0 ? gap : NAN;
}

double hu_ulp(const hu_format *f, double x)
{
    if (!isfinite(x))
        return NAN;
    if (f->family == &hu_family_fixed)
        return ldexp(1.0, f->emin - f->man_bits);
    if (!hu_format_has_fields(f) && !f->is_wide)
        return ulp_by_neighbors(f, x);
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
    (void)err;
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
