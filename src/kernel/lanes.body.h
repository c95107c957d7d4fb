/* lanes.body.h - one table of inner loops. Included by a file an instruction set, which has said HU_LANES
 * (the name of the table) and HU_ISA (the name that users know it by) and chosen the instructions. */

/* `&` of conditions is meant: `&&` would be a branch. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#endif

#define F float
#define U uint32_t
#define S int32_t
#define MAN 23
#define C(name) float_##name
#ifdef HU_QUICK_FLOATS
#define OWN_GLANCE HU_QUICK_FLOATS
#endif
#include "src/kernel/round.body.h"
#undef OWN_GLANCE
#define CODES_MAP(X) X(u8, uint8_t) X(u16, uint16_t)
#include "src/kernel/codes.body.h"
#undef CODES_MAP
#undef F
#undef U
#undef S
#undef MAN
#undef C

#define F double
#define U uint64_t
#define S int64_t
#define MAN 52
#define C(name) double_##name
#include "src/kernel/round.body.h"
#define CODES_MAP(X) X(u64, uint64_t)
#include "src/kernel/codes.body.h"
#undef CODES_MAP
#undef F
#undef U
#undef S
#undef MAN
#undef C

#include "src/kernel/random.body.h"
#include "src/kernel/quick-random.body.h"
#include "src/kernel/exact.body.h"
#ifdef HU_ODD_FLOATS
#include HU_ODD_FLOATS
#else
#include "src/kernel/odd.body.h"
#endif
#ifdef HU_RANDOM_FLOATS
#include HU_RANDOM_FLOATS
#endif
#include "src/kernel/strip.body.h"
#ifdef HU_GROUPS
#include HU_GROUPS
#endif

#define F float
#define U uint32_t
#define MAN 23
#define BIAS 127
#define C(name) float_##name
#include "src/kernel/block-fma.body.h"
#undef F
#undef U
#undef MAN
#undef BIAS
#undef C

#define F double
#define U uint64_t
#define MAN 52
#define BIAS 1023
#define C(name) double_##name
#include "src/kernel/block-fma.body.h"
#undef F
#undef U
#undef MAN
#undef BIAS
#undef C

#ifndef TILE_VECTOR_BYTES
#define TILE_VECTOR_BYTES HU_VECTOR_BYTES
#endif
#define F float
#define U uint32_t
#define S int32_t
#define MAN 23
#define C(name) float_##name
#define VFMA HU_FMA_F32
#define VSPLAT HU_SPLAT_F32
#include "src/kernel/tile.body.h"
#ifdef HU_VECTOR_BYTES
#define VFMA_DOWN HU_FMA_F32
#include "src/kernel/tile-any.body.h"
#undef VFMA_DOWN
#endif
#ifdef HU_ROUNDING_TILES
#include HU_ROUNDING_TILES
#endif
#undef F
#undef U
#undef S
#undef MAN
#undef C
#undef VFMA
#undef VSPLAT

#define F double
#define U uint64_t
#define S int64_t
#define MAN 52
#define C(name) double_##name
#define VFMA HU_FMA_F64
#define VSPLAT HU_SPLAT_F64
#include "src/kernel/tile.body.h"
#ifdef HU_VECTOR_BYTES
#define VFMA_DOWN HU_FMA_F64
#else
#define VFMA_DOWN(x, y, c) ((x) * (y) + (c))
#endif
#include "src/kernel/tile-any.body.h"
#undef VFMA_DOWN
#undef F
#undef U
#undef S
#undef MAN
#undef C
#undef VFMA
#undef VSPLAT

#ifdef HU_DRAWING_TILES
#include HU_DRAWING_TILES
#endif

#include "src/kernel/multiply.body.h"

#define T int32_t
#define UT uint32_t
#define C(name) narrow_##name
#include "src/kernel/integer.body.h"
#undef T
#undef UT
#undef C

#define T int64_t
#define UT uint64_t
#define C(name) wide_##name
#include "src/kernel/integer.body.h"
#undef T
#undef UT
#undef C

static void stream(void *out, const void *in, size_t size)
{
#ifdef HU_STREAM
    size_t head = (0 - (uintptr_t)out) % HU_VECTOR_BYTES, at = head < size ? head : size;
    memcpy(out, in, at);
    for (; at + HU_VECTOR_BYTES <= size; at += HU_VECTOR_BYTES)
        HU_STREAM((char *)out + at, (const char *)in + at);
    _mm_sfence();
    memcpy((char *)out + at, (const char *)in + at, size - at);
#else
    memcpy(out, in, size);
#endif
}

const hu_lanes HU_LANES = {
    .name = HU_ISA,
    .round_f32 = {
#define X(way) [HU_WAY_##way] = float_round_##way,
        HU_FIXED_MAP(X)
#undef X
    },
    .round_f64 = {
#define X(way) [HU_WAY_##way] = double_round_##way,
        HU_FIXED_MAP(X)
#undef X
    },
    .round_random = {
#define X(way) [HU_WAY_##way - HU_N_FIXED] = random_##way,
        HU_RANDOM_MAP(X)
#undef X
    },
    .round_random_odd = {
#define X(way) [HU_WAY_##way - HU_N_FIXED] = random_odd_##way,
        HU_RANDOM_MAP(X)
#undef X
    },
    .quick_random = {
#define X(way) [HU_WAY_##way - HU_N_FIXED] = quick_random_##way,
        HU_RANDOM_MAP(X)
#undef X
    },
#ifdef HU_RANDOM_FLOATS
    .glance_random = {glance_random_sr, glance_random_srh, glance_random_sra, glance_random_srb, NULL},
    .streams_f32 = true,
#endif
    .narrow = {narrow_add, narrow_sub, narrow_mul, narrow_div, narrow_fma, narrow_sqrt},
    .wide = {wide_add, wide_sub, wide_mul, wide_div, wide_fma, wide_sqrt},
#ifdef HU_ODD_FLOATS
    .odd_f32 = {floats_odd_add, floats_odd_sub, floats_odd_mul, floats_odd_div, floats_odd_fma, floats_odd_sqrt},
#else
    .odd_f32 = {[HU_ADD] = floats_odd_add, [HU_SUB] = floats_odd_sub},
#endif
    .load_f32 = load_f32,
    .load_f64 = load_f64,
    .stream = stream,
    .store_f32 = store_f32,
    .halves = halves,
    .words = words,
    .tile_rows = TILE_ROWS,
    .tile_bytes = 2 * TILE_VECTOR_BYTES,
    .tile_own_f32 = float_tile_own,
    .tile_own_f64 = double_tile_own,
    .tile_whole_f32 = float_tile_whole,
    .tile_whole_f64 = double_tile_whole,
    .tile_get_f32 = float_tile_get,
    .tile_get_f64 = double_tile_get,
    .tile_put_f32 = float_tile_put,
    .tile_put_f64 = double_tile_put,
    .step_f32 = float_step,
    .step_f64 = double_step,
    .lmul = lmul,
    .integer = {{narrow_integer_modular, narrow_integer_wrap, narrow_integer_saturate}, {wide_integer_modular, wide_integer_wrap, wide_integer_saturate}},
    .shifted = {
#define X(way) [HU_WAY_##way] = shifted_##way,
        HU_FIXED_MAP(X)
#undef X
    },
#ifdef HU_GROUPS
    .group_shifted = {
#define X(way) [HU_WAY_##way] = group_shifted_##way,
        HU_FIXED_MAP(X)
#undef X
    },
    .group_divided = {
#define X(way) [HU_WAY_##way] = group_divided_##way,
        HU_FIXED_MAP(X)
#undef X
    },
#endif
    .largest = largest,
    .largest_of_all = largest_of_all,
    .unshift = unshift,
    .quotients = quotients,
    .products = products,
    .to_u8 = float_to_u8,
    .to_u16 = float_to_u16,
    .to_u64 = double_to_u64,
    .from_u8 = float_from_u8,
    .from_u16 = float_from_u16,
    .from_u64 = double_from_u64,
#ifdef HU_ROUNDING_TILES
    .tile_fma = HU_TILES_FMA,
    .tile_mul_add = HU_TILES_MUL_ADD,
    .tile_fma_downward = HU_TILES_DOWNWARD,
    .tile_near = tile_near,
    .near_panel = near_panel,
#endif
#ifdef HU_VECTOR_BYTES
    .tile_any_fma_f32 = {float_tile_any_fma_add, float_tile_any_fma_same},
    .tile_any_mul_add_f32 = {{float_tile_any_mul_add_add, float_tile_any_mul_add_same},
                             {float_tile_any_mul_same_add, float_tile_any_mul_same_same}},
#else
    .any_multiplies_first = true,
#endif
#ifdef HU_DRAWING_TILES
    .tile_drawn_f32 = {drawn_anywhere, drawn_same_range},
#endif
    .tile_drawn_f64 = double_tile_drawn,
    .tile_any_fma_f64 = {double_tile_any_fma_add, double_tile_any_fma_same},
    .tile_any_mul_add_f64 = {{double_tile_any_mul_add_add, double_tile_any_mul_add_same},
                             {double_tile_any_mul_same_add, double_tile_any_mul_same_same}},
};
