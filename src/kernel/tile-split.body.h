/* tile-split.body.h - HU_TILE_SPLIT: a sum less 2^d - 1 times itself, rounded, is its rounding; see tile-near.body.h. What is below the smallest normal has no bits
 * to be rounded off. */
INLINE float_vec split_step(float_vec c, float_vec x, float_vec y, float_vec power)
{
    float_vec r = HU_FMA_F32(x, y, c);
    return HU_FMA_F32(r, power, -HU_FMA_F32(r, power, -r));
}

#define SPLIT_POWER(product, sum) const float_vec power = HU_SPLAT_F32((float)(1 << (sum)->drop)); (void)(product);
TILE(tile_fma_split, split_step, SPLIT_POWER, power)
