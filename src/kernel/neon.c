/* neon.c - the inner loops for 64-bit ARM, whose NEON every such processor has: the compiler's own vectors. */
#include "src/kernel/tables.h"

#include <string.h>

#include <Random123/philox.h>

#ifdef HU_HAS_NEON_LANES
#include <arm_neon.h>

#define HU_VECTOR_BYTES 16
#define HU_FMA_F32(a, b, c) ((float_vec)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define HU_FMA_F64(a, b, c) ((double_vec)vfmaq_f64((float64x2_t)(c), (float64x2_t)(a), (float64x2_t)(b)))
#define HU_SPLAT_F32(x) ((float_vec)vdupq_n_f32(x))
#define HU_SPLAT_F64(x) ((double_vec)vdupq_n_f64(x))
#define TILE_ROWS 8
#define HU_LANES hu_lanes_neon
#define HU_ISA "neon"
#include "src/kernel/lanes.body.h"
#endif
