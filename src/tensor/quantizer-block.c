/* quantizer-block.c - block formats as quantizers: the array kernels of src/kernel/block.h with the results of the others. */
#include <math.h>

#include "src/base/memory.h"
#include "src/tensor/quantizer-parts.h"

hu_status hu_block_scaled_check(const hu_scaled *q, hu_dtype dtype, hu_error *err)
{
    (void)dtype;                             /* values past the carrier's precision are rounded to it */
    if (q->block->element->width_bits > 53)
        return hu_fail(err, HU_EINVAL, "quantizer: block format %s has elements of %d bits; up to 53 will do", q->block->name,
                       q->block->element->width_bits);
    return HU_OK;
}

static hu_status layout_of(hu_block_layout *l, const hu_scaled *q, const hu_tensor *like, hu_error *err)
{
    if (q->per.flat || like->rank == 0)
        return hu_block_layout_init(l, q->block, like->rank, like->shape, -1, err);
    int axis = q->per.axis < 0 ? like->rank + q->per.axis : q->per.axis;
    if (axis < 0 || axis >= like->rank)
        return hu_fail(err, HU_ESHAPE, "quantizer: axis is the index %d of an array that has %d of them",
                       q->per.axis < 0 ? q->per.axis : q->per.axis + 1, like->rank);
    return hu_block_layout_init(l, q->block, like->rank, like->shape, axis, err);
}

static hu_quantize_error summary(const hu_block_error *errors, size_t n_blocks)
{
    hu_block_error sum = hu_block_error_sum(errors, n_blocks);
    hu_quantize_error e = {.n = sum.n_elements - sum.n_not_finite};
    double n = e.n > 0 ? (double)e.n : 1;
    e.mse = sum.total / n;
    e.nmse = sum.total > 0 ? sum.total / sum.signal : 0;
    e.sqnr_db = -10 * log10(e.nmse);
    for (int part = 0; part < HU_BLOCK_PARTS; part++)
        e.max = fmax(e.max, sum.max[part]);
    e.clipped = (double)sum.n[HU_BLOCK_CLIPPING] / n;
    e.flushed = (double)sum.n[HU_BLOCK_FLUSH] / n;
    return e;
}

static hu_status make_codes(hu_tensor *codes, const double *x, const hu_tensor *like, const hu_block_layout *l, const hu_scaled *q,
                            hu_env env, hu_error *err)
{
    uint64_t *code = hu_calloc(like->n + hu_block_count(l, q->block) + 1, sizeof *code), tensor;
    if (!code)
        return hu_fail(err, HU_ENOMEM, "quantizer: no memory for the codes of %zu elements", like->n);
    hu_status status = hu_tensor_init(codes, HU_F64, like->rank, like->shape, err);
    if (!status)
        status = hu_block_encode_f64(code, code + like->n, &tensor, x, l, q->block, &env, err);
    for (size_t i = 0; !status && i < like->n; i++)
        codes->f64[i] = (double)code[i];
    hu_free(code);
    return status;
}

static hu_status make_results(const hu_scaled_result *also, const double *x, const hu_tensor *like, const hu_block_layout *l,
                              const hu_scaled *q, hu_env env, hu_error *err)
{
    size_t n = hu_block_count(l, q->block);
    hu_block_error *errors = hu_calloc(n + 1, sizeof *errors);
    if (!errors)
        return hu_fail(err, HU_ENOMEM, "quantizer: no memory for %zu blocks", n);
    hu_env own = env;
    hu_status status = hu_block_errors_f64(errors, x, l, q->block, &own, err);
    if (!status && also->error)
        *also->error = summary(errors, n);
    if (!status && also->scales)
        status = hu_tensor_init(also->scales, HU_F64, 1, &n, err);
    for (size_t b = 0; !status && also->scales && b < n; b++)
        also->scales->f64[b] = errors[b].scale;
    hu_free(errors);
    if (!status && also->codes)
        status = make_codes(also->codes, x, like, l, q, env, err);
    if (status && also->codes)
        hu_tensor_clear(also->codes);
    if (status && also->scales)
        hu_tensor_clear(also->scales);
    return status;
}

hu_status hu_block_scaled_apply(hu_tensor *out, const hu_tensor *in, const hu_scaled *q, uint64_t seed, uint64_t stream,
                                const hu_scaled_result *also, hu_error *err)
{
    hu_env env = hu_env_default();
    hu_block_layout l;
    double *copy;
    if (q->element.rounding)
        env.rounding = q->element.rounding;
    env.overflow = q->element.overflow;
    env.random = (hu_random){.seed = seed, .stream = stream};

    hu_status status = hu_block_scaled_check(q, in->dtype, err);
    if (!status)
        status = layout_of(&l, q, in, err);
    if (status)
        return status;
    const double *x = hu_tensor_doubles(in, &copy, err);
    if (!x)
        return HU_ENOMEM;
    if (also && (also->codes || also->scales || also->error))
        status = make_results(also, x, in, &l, q, env, err);
    if (!status && in->dtype == HU_F32)
        status = hu_block_quantize_f32(out->f32, in->f32, &l, q->block, &env, err);
    else if (!status)
        status = hu_block_quantize_f64(out->f64, in->f64, &l, q->block, &env, err);
    if (!status && also && also->flags)
        *also->flags = env.flags;
    hu_free(copy);
    return status;
}

hu_status hu_block_scaled_bits(const hu_scaled *q, const hu_tensor *like, double *bits, hu_error *err)
{
    hu_block_layout l;
    hu_status status = layout_of(&l, q, like, err);
    if (status)
        return status;
    const hu_block_format *f = q->block;
    double all = (double)like->n * f->element->width_bits + (double)hu_block_count(&l, f) * f->scale->width_bits +
                 (f->tensor ? f->tensor->width_bits : 0);
    *bits = like->n > 0 ? all / (double)like->n : 0;
    return HU_OK;
}
