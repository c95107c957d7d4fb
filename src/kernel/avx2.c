/* avx2.c - the inner loops with AVX2. */
#include "src/kernel/tables.h"

#include <string.h>

#include <Random123/philox.h>

#ifdef HU_HAS_X86_LANES
#pragma GCC target("avx2,bmi,bmi2,fma")
#include <immintrin.h>

#define HU_VECTOR_BYTES 32
#define HU_MULTIPLY(a, b) _mm256_mul_epu32((__m256i)(a), (__m256i)(b))   /* lower halves of the lanes */
#define HU_LANES hu_lanes_avx2
#define HU_ISA "avx2"
#include "src/kernel/lanes.body.h"
#endif
