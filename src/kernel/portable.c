/* portable.c - the inner loops with the instructions that every processor of the kind has. */
#include "src/kernel/tables.h"

#include <string.h>

#include <Random123/philox.h>

/* The fused operation is the C library's, one element after the other. */
#define HU_FMA_F32(a, b, c) (float_vec){__builtin_fmaf((a)[0], (b)[0], (c)[0]), __builtin_fmaf((a)[1], (b)[1], (c)[1]), \
                                        __builtin_fmaf((a)[2], (b)[2], (c)[2]), __builtin_fmaf((a)[3], (b)[3], (c)[3])}
#define HU_FMA_F64(a, b, c) (double_vec){__builtin_fma((a)[0], (b)[0], (c)[0]), __builtin_fma((a)[1], (b)[1], (c)[1])}
#define HU_SPLAT_F32(x) (float_vec){x, x, x, x}
#define HU_SPLAT_F64(x) (double_vec){x, x}
#define TILE_VECTOR_BYTES 16
#define TILE_ROWS 4
#define HU_LANES hu_lanes_portable
#define HU_ISA "portable"
#include "src/kernel/lanes.body.h"
