/* avx2.c - the inner loops with AVX2. */
#include "src/kernel/tables.h"

#include <math.h>
#include <string.h>

#include <Random123/philox.h>

#ifdef HU_HAS_X86_LANES
#pragma GCC target("avx2,bmi,bmi2,fma")
#include <immintrin.h>

#define HU_VECTOR_BYTES 32
#define HU_MULTIPLY(a, b) _mm256_mul_epu32((__m256i)(a), (__m256i)(b))   /* lower halves of the lanes */
#define HU_FMA_F32(a, b, c) ((float_vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define HU_FMA_F64(a, b, c) ((double_vec)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define HU_SPLAT_F32(x) ((float_vec)_mm256_set1_ps(x))
#define HU_SPLAT_F64(x) ((double_vec)_mm256_set1_pd(x))
#define HU_STREAM(to, from) _mm256_stream_si256((void *)(to), _mm256_loadu_si256((const void *)(from)))
#define TILE_ROWS 6
#define HU_ROUNDING_TILES "src/kernel/tile-avx2.h"
#define HU_LANES hu_lanes_avx2
#define HU_ISA "avx2"
#include "src/kernel/lanes.body.h"
#endif
