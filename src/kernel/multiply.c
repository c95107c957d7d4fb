/* multiply.c - cheap multipliers: L-Mul on the bits of doubles, tables of products, and both over arrays. */
#include "src/kernel/multiply.h"

#include <math.h>
#include <string.h>

#include "src/kernel/multiply-plan.h"
#include "src/kernel/plan.h"

enum { MOST_EXPONENT = 511, MOST_BITS = 48 };

static bool has_fields_for_lmul(const hu_format *f)
{
    return f->family == &hu_family_float && !f->is_wide && !f->explicit_leading && f->man_bits <= MOST_BITS && f->emin <= f->emax
        && f->emax <= MOST_EXPONENT && f->emin >= -MOST_EXPONENT;
}

hu_status hu_multiplier_check(const hu_multiplier *m, const char *what, hu_error *err)
{
    if ((unsigned)m->kind > HU_MULTIPLIER_TABLE)
        return hu_fail(err, HU_EINVAL, "%s: there is no multiplier %d; 0 (exact) to %d (table) will do", what, (int)m->kind, HU_MULTIPLIER_TABLE);
    if (m->kind == HU_MULTIPLIER_EXACT)
        return HU_OK;
    if (!m->a || (m->kind == HU_MULTIPLIER_TABLE && !m->b))
        return hu_fail(err, HU_EINVAL, "%s: a multiplier needs to know the format%s of its operands", what, m->kind == HU_MULTIPLIER_TABLE ? "s" : "");
    if (m->kind == HU_MULTIPLIER_TABLE) {
        if (m->a->width_bits + m->b->width_bits > HU_MULTIPLIER_MOST_BITS)
            return hu_fail(err, HU_EINVAL, "%s: a table of products of %s and %s would have 2^%d entries; 2^%d are the most", what, m->a->name,
                           m->b->name, m->a->width_bits + m->b->width_bits, HU_MULTIPLIER_MOST_BITS);
        return m->table ? HU_OK : hu_fail(err, HU_EINVAL, "%s: the table of products is missing", what);
    }
    if (!has_fields_for_lmul(m->a))
        return hu_fail(err, HU_EINVAL, "%s: L-Mul takes floating-point formats of up to %d bits of significand and exponents of up to %d; %s is none",
                       what, MOST_BITS, MOST_EXPONENT, m->a->name);
    if (m->l < 0 || m->l > 62)
        return hu_fail(err, HU_EINVAL, "%s: L-Mul's l is %d; 0 (the paper's) to 62 will do", what, m->l);
    return HU_OK;
}

static uint64_t bits_of(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

hu_lmul hu_lmul_make(const hu_multiplier *m)
{
    int bits = m->a->man_bits, l = m->l ? m->l : bits <= 3 ? bits : bits == 4 ? 3 : 4;
    return (hu_lmul){.formula = m->kind == HU_MULTIPLIER_LMUL_FORMULA, .more = l <= bits ? UINT64_C(1) << (52 - l) : 0, .offset = ldexp(1, -l) - 1,
                     .least = (uint64_t)(m->a->emin + 1023) << 52, .most = bits_of(hu_num_to_double(hu_decode(m->a, m->a->max_code)))};
}

static uint32_t code_of(const hu_format *f, double x)
{
    hu_env env = hu_env_default();
    return (uint32_t)hu_from_double(f, &env, x);
}

double hu_multiply(const hu_multiplier *m, double x, double y)
{
    double out;
    if (m->kind == HU_MULTIPLIER_TABLE)
        return m->table[(size_t)code_of(m->a, x) << m->b->width_bits | code_of(m->b, y)];
    if (m->kind == HU_MULTIPLIER_EXACT)
        return x * y;
    hu_lmul how = hu_lmul_make(m);
    hu_lanes_chosen()->lmul(&out, &x, &y, 1, &how);
    return out;
}

/* ---- whether numbers are values of a format ---- */

/* n <= HU_BLOCK. Codes go to `codes` where that is not NULL. Returns how many are values, up to the first that is none. */
static size_t values_in_block(const double *x, size_t n, const hu_format *f, uint32_t *codes)
{
    uint64_t wide[HU_BLOCK];
    double back[HU_BLOCK];
    hu_env env = hu_env_default();
    env.no_flags = true;
    if (codes) {
        (void)hu_encode_f64(wide, x, n, f, &env, NULL);
        (void)hu_decode_f64(back, wide, n, f, NULL);
    } else {
        (void)hu_quantize_f64(back, x, n, f, &env, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        if (!(back[i] == x[i] || (back[i] != back[i] && x[i] != x[i])))
            return i;
        if (codes)
            codes[i] = (uint32_t)wide[i];
    }
    return n;
}

hu_status hu_check_values(const char *what, const char *name, const hu_matrix *x, const hu_format *f, uint32_t *codes, hu_error *err)
{
    double block[HU_BLOCK];
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->columns; j += HU_BLOCK) {
            size_t n = x->columns - j < HU_BLOCK ? x->columns - j : HU_BLOCK, at = i * x->apart + j;
            for (size_t l = 0; l < n; l++)
                block[l] = x->is_f32 ? (double)((const float *)x->data)[at + l] : ((const double *)x->data)[at + l];
            size_t good = values_in_block(block, n, f, codes ? codes + i * x->columns + j : NULL);
            if (good < n && x->rows == 1)
                return hu_fail(err, HU_ERANGE, "%s: element %zu of %s is %.9g, no value of %s; quantize it first", what, j + good, name, block[good], f->name);
            if (good < n)
                return hu_fail(err, HU_ERANGE, "%s: element (%zu, %zu) of %s is %.9g, no value of %s; quantize it first", what, i, j + good, name,
                               block[good], f->name);
        }
    return HU_OK;
}

/* ---- element by element ---- */

static void products(const hu_multiplier *m, const hu_lmul *how, double *out, const double *x, const double *y, size_t n)
{
    if (m->kind >= HU_MULTIPLIER_TABLE || m->kind == HU_MULTIPLIER_EXACT) {
        for (size_t l = 0; l < n; l++)
            out[l] = hu_multiply(m, x[l], y[l]);
    } else {
        hu_lanes_chosen()->lmul(out, x, y, n, how);
    }
}

static hu_status check_multiply(const void *out, const void *x, const void *y, size_t n, bool is_f32, const hu_multiplier *m, const hu_format *f,
                                hu_error *err)
{
    hu_status status = hu_multiplier_check(m, "multiply", err);
    if (!status && f)
        status = hu_check_fit("multiply", "", f, is_f32, err);
    const size_t size = n * (is_f32 ? sizeof(float) : sizeof(double));
    for (int i = 0; i < 2 && !status; i++)
        status = hu_check_apart("multiply", i ? "y" : "x", out, size, i ? y : x, size, true, err);
    const hu_matrix operands[2] = {{x, 1, n, n, is_f32}, {y, 1, n, n, is_f32}};
    for (int i = 0; i < 2 && !status && m->kind != HU_MULTIPLIER_EXACT; i++)
        status = hu_check_values("multiply", i ? "y" : "x", &operands[i], i && m->kind == HU_MULTIPLIER_TABLE ? m->b : m->a, NULL, err);
    return status;
}

static void load(double *to, const void *from, size_t at, size_t n, bool is_f32)
{
    for (size_t l = 0; l < n; l++)
        to[l] = is_f32 ? (double)((const float *)from)[at + l] : ((const double *)from)[at + l];
}

/* A NaN becomes the canonical one. */
static void store(void *to, size_t at, const double *from, size_t n, bool is_f32)
{
    for (size_t l = 0; l < n; l++) {
        double x = from[l] == from[l] ? from[l] : (double)NAN;
        if (is_f32)
            ((float *)to)[at + l] = (float)x;
        else
            ((double *)to)[at + l] = x;
    }
}

static hu_status multiply(void *out, const void *x, const void *y, size_t n, bool is_f32, const hu_multiplier *m, const hu_format *f, hu_env *env,
                          hu_error *err)
{
    hu_status status = check_multiply(out, x, y, n, is_f32, m, f, err);
    if (status)
        return status;
    hu_plan plan;
    hu_lmul how = {0};
    if (f)
        hu_plan_init(&plan, f, env);
    if (m->kind == HU_MULTIPLIER_LMUL_BITS || m->kind == HU_MULTIPLIER_LMUL_FORMULA)
        how = hu_lmul_make(m);
    for (size_t i = 0; i < n; i += HU_BLOCK) {
        double a[HU_BLOCK], b[HU_BLOCK];
        size_t here = n - i < HU_BLOCK ? n - i : HU_BLOCK;
        load(a, x, i, here, is_f32);
        load(b, y, i, here, is_f32);
        hu_draw draw = {.index = env->random.index + i, .stride = 1};
        if (f && m->kind == HU_MULTIPLIER_EXACT) {
            env->flags |= hu_plan_block(&plan, a, HU_MUL, a, b, NULL, here, is_f32, draw);
        } else {
            products(m, &how, a, a, b, here);
            if (f)
                env->flags |= hu_plan_block(&plan, a, HU_ROUND_ONLY, a, NULL, NULL, here, false, draw);
        }
        store(out, i, a, here, is_f32);
    }
    if (f && plan.is_random)
        env->random.index += n;
    return HU_OK;
}

hu_status hu_multiply_f32(float *out, const float *x, const float *y, size_t n, const hu_multiplier *m, const hu_format *f, hu_env *env, hu_error *err)
{
    return multiply(out, x, y, n, true, m, f, env, err);
}

hu_status hu_multiply_f64(double *out, const double *x, const double *y, size_t n, const hu_multiplier *m, const hu_format *f, hu_env *env, hu_error *err)
{
    return multiply(out, x, y, n, false, m, f, env, err);
}
