/* policy.c - which format, rounding and accumulator each part of a training step gets. */
#include "src/nn/policy.h"

#include <stdio.h>
#include <string.h>

static bool is_float32(const hu_format *f)
{
    return f->exp_bits == 8 && f->man_bits == 23 && f->bias == 127 && f->specials == HU_SPECIALS_IEEE &&
           f->subnormals == 0 && f->width_bits == 32;
}

hu_status hu_quantizer_init(hu_quantizer *q, const hu_format *format, const hu_rounding *rounding,
                            hu_overflow overflow, hu_error *err)
{
    if (!format || (is_float32(format) && overflow == HU_OVERFLOW_IEEE)) {
        *q = (hu_quantizer){0};
        return HU_OK;
    }
    if (!hu_fits_f32(format))
        return hu_fail(err, HU_ERANGE,
                       "policy: %s has values that a float32 cannot hold; a policy takes formats within fp32",
                       format->name);
    if (!rounding)
        rounding = hu_env_default().rounding;
    *q = (hu_quantizer){format, rounding, overflow};
    return HU_OK;
}

void hu_policy_set_linear(hu_policy *p, hu_quantizer q, const hu_block_format *block)
{
    for (int i = HU_P1; i <= HU_P6; i++) {
        p->operand[i] = q;
        p->block[i] = block;
    }
}

hu_status hu_policy_parse(hu_policy *p, const char *text, hu_error *err)
{
    char name[HU_BLOCK_NAME_SIZE];
    const char *colon = strchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : strlen(text);
    if (n >= sizeof name)
        return hu_fail(err, HU_EPARSE, "policy: '%.40s...' is too long; expected a format, as in e8m3 or e8m3:rz+sat",
                       text);
    memcpy(name, text, n);
    name[n] = 0;

    bool is_block = hu_block_is_name(name);
    const hu_block_format *block = is_block ? hu_block_find(name, err) : NULL;
    const hu_format *format = is_block ? NULL : hu_format_find(name, err);
    if (!block && !format)
        return HU_ENAME;
    hu_env env = hu_env_default();
    hu_status status = colon ? hu_env_parse_mode(&env, colon + 1, err) : HU_OK;
    if (status)
        return status;
    hu_quantizer q = {.rounding = env.rounding, .overflow = env.overflow};
    status = is_block ? HU_OK : hu_quantizer_init(&q, format, env.rounding, env.overflow, err);
    if (!status)
        hu_policy_set_linear(p, q, block);
    return status;
}

static const hu_block_format *block_of(const hu_policy *p, hu_operand operand)
{
    return operand <= HU_P6 ? p->block[operand] : NULL;
}

/* Along the index that the product sums over: of X, W and dY in the first three the last one, in the others the first. */
static int block_axis(hu_operand operand)
{
    return operand <= HU_P3 ? 1 : 0;
}

bool hu_policy_same(const hu_policy *p, hu_operand a, hu_operand b)
{
    const hu_quantizer *x = &p->operand[a], *y = &p->operand[b];
    const hu_block_format *f = block_of(p, a);
    bool same = x->format == y->format && f == block_of(p, b) && x->rounding == y->rounding && x->overflow == y->overflow;
    if (f && block_axis(a) != block_axis(b) && f->size != 0 && f->rows != f->size)
        return false;
    return same && (!x->rounding || x->rounding->random_bits == 0);
}

uint64_t hu_policy_stream(uint64_t step, unsigned layer, hu_operand operand)
{
    return step << 16 | (uint64_t)(layer & 0xfff) << 4 | (uint64_t)operand;
}

bool hu_policy_has(const hu_policy *p, hu_operand operand)
{
    return p && (p->operand[operand].format || block_of(p, operand));
}

bool hu_policy_accumulates(const hu_policy *p, hu_gemm_role role)
{
    return p && !hu_accumulator_is_own(&p->accumulator[role]);
}

static hu_env operand_env(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer, size_t first)
{
    hu_env env = hu_env_default();
    if (p->operand[operand].rounding)
        env.rounding = p->operand[operand].rounding;
    env.overflow = p->operand[operand].overflow;
    env.random = (hu_random){p->seed, hu_policy_stream(step, layer, operand), first};
    return env;
}

hu_status hu_policy_quantize_f32(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer, size_t first,
                                 float *out, const float *in, size_t n, hu_error *err)
{
    if (!hu_policy_has(p, operand)) {
        if (out != in)
            memcpy(out, in, n * sizeof *out);
        return HU_OK;
    }
    hu_env env = operand_env(p, operand, step, layer, first);
    return hu_quantize_f32(out, in, n, p->operand[operand].format, &env, err);
}

hu_status hu_policy_quantize_f64(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer, size_t first,
                                 double *out, const double *in, size_t n, hu_error *err)
{
    if (!hu_policy_has(p, operand)) {
        if (out != in)
            memcpy(out, in, n * sizeof *out);
        return HU_OK;
    }
    hu_env env = operand_env(p, operand, step, layer, first);
    return hu_quantize_f64(out, in, n, p->operand[operand].format, &env, err);
}

static hu_status matrix_layout(hu_block_layout *l, const hu_block_format *f, hu_operand operand, size_t rows,
                               size_t cols, hu_error *err)
{
    return hu_block_layout_init(l, f, 2, (size_t[]){rows, cols}, block_axis(operand), err);
}

hu_status hu_policy_quantize_matrix_f32(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer,
                                        float *out, const float *in, size_t rows, size_t cols, hu_error *err)
{
    const hu_block_format *f = p ? block_of(p, operand) : NULL;
    if (!f)
        return hu_policy_quantize_f32(p, operand, step, layer, 0, out, in, rows * cols, err);
    hu_block_layout l;
    hu_env env = operand_env(p, operand, step, layer, 0);
    hu_status status = matrix_layout(&l, f, operand, rows, cols, err);
    return status ? status : hu_block_quantize_f32(out, in, &l, f, &env, err);
}

hu_status hu_policy_quantize_matrix_f64(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer,
                                        double *out, const double *in, size_t rows, size_t cols, hu_error *err)
{
    const hu_block_format *f = p ? block_of(p, operand) : NULL;
    if (!f)
        return hu_policy_quantize_f64(p, operand, step, layer, 0, out, in, rows * cols, err);
    hu_block_layout l;
    hu_env env = operand_env(p, operand, step, layer, 0);
    hu_status status = matrix_layout(&l, f, operand, rows, cols, err);
    return status ? status : hu_block_quantize_f64(out, in, &l, f, &env, err);
}
