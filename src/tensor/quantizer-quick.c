/* quantizer-quick.c - floats on scaled grids without the memory of the general way: runs of neighbors that share a scale.
 *
 * The quotient x / s of two floats and a number t of at most 25 bits are equal or differ by 2^-49 of themselves at least. So
 * the quotient as a double lies on the right side of every value and every middle between two of a format that a float holds, or
 * on it. For formats of up to 13 bits of precision the distance is 2^-39, and 40 bits of the quotient do: for the nearest modes
 * they are then put into a float whose last bit is a sticky one. With a scale that is a power of two nothing is rounded on the way.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "src/base/clones.h"
#include "src/ops/ops.h"
#include "src/tensor/quantizer-parts.h"

enum { STRIP = 4096 };

bool hu_scaled_is_quick(const hu_scaled *q, size_t rows, size_t cols, size_t *run)
{
    const hu_granularity *per = &q->per;
    const hu_format *f = q->element.format;
    bool plain = !q->block && f && (f->family == &hu_family_float || f->family == &hu_family_fixed || f->family == &hu_family_codebook) && !q->zero_point && !q->narrow && !q->scales && !q->frozen_high &&
                 (q->pow2 == HU_POW2_none || q->pow2 == HU_POW2_floor || q->pow2 == HU_POW2_near || q->pow2 == HU_POW2_ceil);
    *run = per->per == HU_PER_TENSOR ? rows * cols
         : per->per == HU_PER_ROW    ? cols
         : per->per == HU_PER_GROUP && (per->flat || ((per->axis == -1 || per->axis == 1) && cols % per->group == 0)) ? per->group
                                     : 0;
    return plain && *run > 0 && (q->rule == HU_RANGE_absmax || q->rule == HU_RANGE_clip || q->rule == HU_RANGE_fixed);
}

/* `most` or the bits of |x|, which is larger; not those of infinities and NaNs. */
static inline int32_t larger(int32_t most, float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= 0x7fffffff;
    bits &= -(int32_t)(bits < 0x7f800000);
    return bits > most ? bits : most;
}

/* The largest magnitude of the finite ones, as the bits of a float. */
HU_CLONES static uint32_t largest_bits(const float *x, size_t n)
{
    enum { LANES = 32 };
    int32_t lane[LANES] = {0}, most = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lane[j] = larger(lane[j], x[i + j]);
    for (; i < n; i++)
        most = larger(most, x[i]);
    for (int j = 0; j < LANES; j++)
        most = lane[j] > most ? lane[j] : most;
    return (uint32_t)most;
}

float hu_largest_f32(const float *x, size_t n)
{
    enum { PART = 1 << 16 };
    uint32_t most = 0;
    int threads = n >= 4 * PART ? hu_threads() : 1;
#pragma omp parallel for num_threads(threads) reduction(max : most) if (threads > 1)
    for (size_t i = 0; i < n; i += PART) {
        uint32_t part = largest_bits(x + i, n - i < PART ? n - i : PART);
        most = part > most ? part : most;
    }
    float value;
    memcpy(&value, &most, sizeof value);
    return value;
}

/* q = x inverse in float, which is off by less than three of its last places, and whether it is then unsure: whether an x that is not zero
 * has a quotient within three places of a number whose last bits, those of the mask, are zero, as those of all values and middles are. A finite quotient past the largest float is that one; an infinity stays. */
HU_CLONES static bool by_product(float *restrict out, const float *restrict in, size_t n, float inverse, uint32_t mask)
{
    uint32_t unsure = 0;
    for (size_t i = 0; i < n; i++) {
        float x = in[i], q = x * inverse;
        float past = x > 0 ? FLT_MAX : -FLT_MAX;
        q = fabsf(q) > FLT_MAX && fabsf(x) <= FLT_MAX ? past : q;
        uint32_t bits;
        memcpy(&bits, &q, sizeof bits);
        unsure |= ((bits + 3) & mask) <= 6 && (bits & 0x7fffffff) < 0x7f800000 && x != 0 ? 1 : 0;
        out[i] = q;
    }
    return unsure != 0;
}

/* Quotients to 40 bits, then cut to 24 of which the last one is set where something was cut. */
HU_CLONES static void by_quotient(float *restrict out, const float *restrict in, size_t n, double inverse)
{
    for (size_t i = 0; i < n; i++) {
        double q = (double)in[i] * inverse;
        q = q > (double)FLT_MAX && in[i] <= FLT_MAX ? (double)FLT_MAX : q;
        q = q < -(double)FLT_MAX && in[i] >= -FLT_MAX ? -(double)FLT_MAX : q;
        uint64_t bits;
        memcpy(&bits, &q, sizeof bits);
        bits = (bits + 0x800) & ~(uint64_t)0xfff;
        uint64_t sticky = ((bits & 0x1fffffff) + 0x1fffffff) & 0x20000000;
        bits = (bits & ~(uint64_t)0x1fffffff) | sticky;
        memcpy(&q, &bits, sizeof q);
        out[i] = (float)q;
    }
}

HU_CLONES static void times(float *restrict out, const float *restrict in, size_t n, float s)
{
    for (size_t i = 0; i < n; i++) {
        float q = in[i], v = q * s;
        float past = q > 0 ? FLT_MAX : -FLT_MAX;
        out[i] = fabsf(v) > FLT_MAX && fabsf(q) <= FLT_MAX ? past : v;
    }
}

/* How the elements of some floats are found. */
typedef struct way {
    const hu_scale_maker *m;
    bool as_float;                           /* a float holds all that the rounding needs to know    */
    int  low;                                /* bits of a float that are zero in values and middles  */
} way;

static way way_of(const hu_scale_maker *m)
{
    static const char *const nearest[] = {"rne", "rna", "rnz"};
    const hu_format *f = m->q->element.format;
    bool is_nearest = false, is_narrow = f->family == &hu_family_fixed ? f->width_bits <= 13 : f->man_bits <= 12;
    for (int i = 0; i < 3; i++)
        is_nearest = is_nearest || strcmp(m->env.rounding->name, nearest[i]) == 0;
    double least = hu_num_to_double(hu_format_min_subnormal(f));
    return (way){m, is_nearest && is_narrow && f->family != &hu_family_codebook && least >= 0x1p-100 && m->largest <= 0x1p100 &&
                    m->lowest >= -0x1p100, 22 - (f->family == &hu_family_fixed ? f->width_bits : f->man_bits)};
}

static bool is_power(double s)
{
    int exponent;
    return frexp(s, &exponent) == 0.5;
}

static hu_status strip_of_doubles(float *out, const float *in, size_t n, double s, const way *w, hu_env *env, hu_error *err)
{
    double q[STRIP] = {0};
    for (size_t i = 0; i < n; i++)
        q[i] = (double)in[i] / s;
    hu_status status = hu_quantize_f64(q, q, n, w->m->q->element.format, env, err);
    for (size_t i = 0; !status && i < n; i++) {
        double v = (double)(float)(q[i] * s);
        out[i] = (float)(isinf(v) && !isinf(q[i]) ? copysign((double)FLT_MAX, v) : v);
    }
    return status;
}

static hu_status strip_of_floats(float *out, const float *in, size_t n, double s, const way *w, hu_env *env, hu_error *err)
{
    float q[STRIP];
    q[0] = 0;       /* under the sanitizers gcc 12 does not see that the loops below set all n */
    double inverse = 1 / s;
    bool normal = inverse <= (double)FLT_MAX && inverse >= (double)FLT_MIN, power = is_power(s);
    uint32_t mask = power ? 0 : ((uint32_t)1 << w->low) - 1;
    if (!normal || (by_product(q, in, n, (float)inverse, mask) && !power))
        by_quotient(q, in, n, inverse);
    hu_status status = hu_quantize_f32(q, q, n, w->m->q->element.format, env, err);
    if (!status)
        times(out, q, n, (float)s);
    return status;
}

/* Elements first ... first + n of the whole, which share s. */
static hu_status one_run(float *out, const float *in, size_t first, size_t n, double s, const way *w, const hu_env *env,
                         hu_error *err)
{
    hu_status failed = HU_OK;
    int threads = n >= 16 * STRIP ? hu_threads() : 1;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < n; i += STRIP) {
        size_t some = n - i < STRIP ? n - i : STRIP;
        hu_env own = *env;
        hu_error mine = {0};
        own.random.index += first + i;
        hu_status status = (w->as_float ? strip_of_floats : strip_of_doubles)(out + i, in + i, some, s, w, &own, &mine);
        if (status) {
#pragma omp critical(hu_scaled_floats)
            {
                failed = status;
                if (err)
                    *err = mine;
            }
        }
    }
    return failed;
}

hu_status hu_scaled_floats(float *out, const float *in, size_t n, size_t run, const hu_scaled *q, double range,
                           const hu_random *random, float *scales, hu_error *err)
{
    hu_scale_maker m;
    hu_status status = hu_scale_maker_init(&m, q, HU_F32, err);
    if (status)
        return status;
    way w = way_of(&m);
    hu_env env = m.env;
    env.random = *random;
    env.no_flags = true;
    for (size_t i = 0, k = 0; i < n && !status; i += run, k++) {
        size_t some = n - i < run ? n - i : run;
        double high = q->rule == HU_RANGE_clip ? q->value
                    : range > 0                ? range
                                               : fmin((double)hu_largest_f32(in + i, some) * q->constant, DBL_MAX);
        double s = hu_scale_of_range(&m, -(high > 0 ? high : 1), high > 0 ? high : 1);
        if (scales)
            scales[k] = (float)s;
        status = one_run(out + i, in + i, i, some, s, &w, &env, err);
    }
    return status;
}

void hu_format_ends(const hu_format *f, double *lowest, double *largest)
{
    hu_scale_maker m;
    hu_scaled q;
    hu_scaled_init(&q, f);
    bool known = hu_scale_maker_init(&m, &q, HU_F64, NULL) == HU_OK;
    *lowest = known ? m.below : -INFINITY;
    *largest = known ? m.above : INFINITY;
}
