/* steps.c - rounded quotients by looking between which steps they lie. */
#include "src/tensor/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/ops/ops.h"

enum { WORTH_THREADS = 16384 };

static double rounded(const hu_steps *s, hu_num x)
{
    hu_env env = s->env;
    hu_num y = hu_decode(s->format, hu_round(s->format, &env, x));
    return y.kind == HU_NAN ? __builtin_nan("") : hu_num_to_double(y);
}

static double exactly(const hu_steps *s, double x, double by)
{
    if (isnan(x) || isinf(x) || x == 0)
        return rounded(s, hu_num_from_double(x));
    return rounded(s, hu_num_div(hu_num_from_double(x), hu_num_from_double(by)));
}

/* ---- made ready ---- */

/* Doubles in their order as integers, and back. */
static int64_t to_order(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}

static double from_order(int64_t order)
{
    int64_t bits = order < 0 ? INT64_MIN - order : order;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The largest double that does not become more than `low`. */
static double last_of(const hu_steps *s, double low, double high)
{
    int64_t a = to_order(low), b = to_order(high);
    while (b - a > 1) {
        int64_t middle = a + (b - a) / 2;
        if (rounded(s, hu_num_from_double(from_order(middle))) <= low)
            a = middle;
        else
            b = middle;
    }
    return from_order(a);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void list_values(hu_steps *s)
{
    double all[HU_STEPS];
    int n = 0;
    for (hu_code code = 0; code <= hu_format_last_code(s->format); code++) {
        hu_num x = hu_decode(s->format, code);
        if (x.kind == HU_FINITE || x.kind == HU_ZERO)
            all[n++] = hu_num_to_double(x) + 0.0;                 /* one zero */
    }
    qsort(all, (size_t)n, sizeof *all, compare_doubles);
    for (int i = 0; i < n; i++)
        if ((i == 0 || all[i] != all[i - 1]) && rounded(s, hu_num_from_double(all[i])) == all[i])
            s->value[s->n++] = all[i];
    for (int i = 0; i < s->n; i++)
        s->last[i] = i + 1 < s->n ? last_of(s, s->value[i], s->value[i + 1]) : INFINITY;
}

static bool is_to_nearest(const hu_rounding *mode)
{
    return strcmp(mode->name, "rne") == 0 || strcmp(mode->name, "rna") == 0 || strcmp(mode->name, "rnz") == 0;
}

bool hu_steps_init(hu_steps *s, const hu_format *f, const hu_env *env)
{
    *s = (hu_steps){.format = f, .env = *env};
    if (env->rounding->random_bits > 0 || env->overflow != HU_OVERFLOW_SATURATE || f->wraps)
        return false;
    s->is_integer = f->family == &hu_family_fixed && f->man_bits == f->emin && f->width_bits <= 53 && is_to_nearest(env->rounding);
    if (s->is_integer) {
        s->lowest = rounded(s, hu_num_inf(true));
        s->largest = rounded(s, hu_num_inf(false));
        return true;
    }
    if (f->width_bits > 8 || f->family == &hu_family_float)
        return false;
    list_values(s);
    return s->n > 1;
}

/* ---- elements ---- */

static double integer(const hu_steps *s, double x, double by)
{
    double q = x / by, whole = floor(q), part = q - whole;
    if (!(fabs(q) < 0x1p40) || fabs(part - 0.5) <= fabs(q) * 0x1p-50)
        return exactly(s, x, by);
    double y = whole + (part > 0.5);
    return y < s->lowest ? s->lowest : y > s->largest ? s->largest : y;
}

static double listed(const hu_steps *s, double x, double by)
{
    double q = x / by, near = fabs(q) * 0x1p-50;
    if (!(fabs(q) > 0x1p-1000 && fabs(q) < 0x1p1000))
        return exactly(s, x, by);
    int low = -1, high = s->n - 1;                        /* last[low] < q <= last[high] */
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (s->last[middle] < q)
            low = middle;
        else
            high = middle;
    }
    if (q + near >= s->last[high] || (low >= 0 && q - near <= s->last[low]))
        return exactly(s, x, by);
    return s->value[high];
}

void hu_steps_divide(const hu_steps *s, double *out, const double *x, const double *by, size_t n)
{
    int threads = n >= WORTH_THREADS ? hu_threads() : 1;
    #pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < n; i++)
        out[i] = s->is_integer ? integer(s, x[i], by[i]) : listed(s, x[i], by[i]);
}
