/* block.c - arrays in block formats, along an index. */
#include "src/tensor/tensor.h"

hu_status hu_tensor_block_quantize(hu_tensor *out, const hu_tensor *in, const hu_block_format *f, int axis, hu_env *env, hu_error *err)
{
    hu_block_layout l;
    if (out->dtype != in->dtype || out->n != in->n)
        return hu_fail(err, HU_ESHAPE, "%s: the result and the array differ in size or type", f->name);
    hu_status status = hu_block_layout_init(&l, f, in->rank, in->shape, axis, err);
    if (status)
        return status;
    return in->dtype == HU_F32 ? hu_block_quantize_f32(out->f32, in->f32, &l, f, env, err)
                               : hu_block_quantize_f64(out->f64, in->f64, &l, f, env, err);
}
