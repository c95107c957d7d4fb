/* avx512.c - the inner loops with AVX512. */
#include "src/kernel/tables.h"

#include <math.h>
#include <string.h>

#include <Random123/philox.h>

#ifdef HU_HAS_X86_LANES
#pragma GCC target("avx2,bmi,bmi2,fma,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")
#include <immintrin.h>

#define HU_VECTOR_BYTES 64
#define HU_MULTIPLY(a, b) _mm512_mul_epu32((__m512i)(a), (__m512i)(b))   /* lower halves of the lanes */
/* The lower halves of two rows of lanes: one instruction, where a conversion of each takes two. */
#define HU_NARROW_PAIR(to, a, b) \
    _mm512_storeu_si512(to, _mm512_permutex2var_epi32((__m512i)(a), _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0), (__m512i)(b)))
#define HU_FMA_F32(a, b, c) ((float_vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define HU_FMA_F64(a, b, c) ((double_vec)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define HU_SPLAT_F32(x) ((float_vec)_mm512_set1_ps(x))
#define HU_SPLAT_F64(x) ((double_vec)_mm512_set1_pd(x))
#define HU_STREAM(to, from) _mm512_stream_si512((void *)(to), _mm512_loadu_si512(from))
#define TILE_ROWS 12
#define HU_QUICK_FLOATS "src/kernel/quick-avx512.h"
#define HU_ODD_FLOATS "src/kernel/odd-avx512.h"
#define HU_GROUPS "src/kernel/group-avx512.h"
#define HU_RANDOM_FLOATS "src/kernel/random-avx512.h"
#define HU_ROUNDING_TILES "src/kernel/tile-avx512.h"
#define HU_DRAWING_TILES "src/kernel/tile-drawn-avx512.h"
#define HU_LANES hu_lanes_avx512
#define HU_ISA "avx512"
#include "src/kernel/lanes.body.h"
#endif
