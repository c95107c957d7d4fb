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
        return hu_fail(err, HU_ERANGE, "policy: %s has values that a float32 cannot hold; a policy takes formats within fp32",
                       format->name);
    if (!rounding)
        rounding = hu_env_default().rounding;
    *q = (hu_quantizer){format, rounding, overflow};
    return HU_OK;
}

void hu_policy_set_linear(hu_policy *p, hu_quantizer q)
{
    for (int i = HU_P1; i <= HU_P6; i++)
        p->operand[i] = q;
}

hu_status hu_policy_parse(hu_policy *p, const char *text, hu_error *err)
{
    char name[64];
    const char *colon = strchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : strlen(text);
    if (n >= sizeof name)
        return hu_fail(err, HU_EPARSE, "policy: '%.40s...' is too long; expected a format, as in e8m3 or e8m3:rz+sat", text);
    memcpy(name, text, n);
    name[n] = 0;

    const hu_format *format = hu_format_find(name, err);
    if (!format)
        return HU_ENAME;
    hu_env env = hu_env_default();
    hu_status status = colon ? hu_env_parse_mode(&env, colon + 1, err) : HU_OK;
    if (status)
        return status;
    hu_quantizer q;
    status = hu_quantizer_init(&q, format, env.rounding, env.overflow, err);
    if (!status)
        hu_policy_set_linear(p, q);
    return status;
}

bool hu_quantizer_same(const hu_quantizer *a, const hu_quantizer *b)
{
    if (!a->format || !b->format)
        return a->format == b->format;
    return a->format == b->format && a->rounding == b->rounding && a->overflow == b->overflow &&
           a->rounding->random_bits == 0;
}

uint64_t hu_policy_stream(uint64_t step, unsigned layer, hu_operand operand)
{
    return step << 16 | (uint64_t)(layer & 0xfff) << 4 | (uint64_t)operand;
}

bool hu_policy_has(const hu_policy *p, hu_operand operand)
{
    return p && p->operand[operand].format;
}

bool hu_policy_accumulates(const hu_policy *p, hu_gemm_role role)
{
    return p && (p->accumulator[role].product || p->accumulator[role].sum);
}

static hu_env operand_env(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer, size_t first)
{
    hu_env env = hu_env_default();
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
