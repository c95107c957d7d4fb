/* avx512.c - the inner loops with AVX512. */
#include "src/kernel/tables.h"

#include <string.h>

#include <Random123/philox.h>

#ifdef HU_HAS_X86_LANES
#pragma GCC target("avx2,bmi,bmi2,fma,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")
#include <immintrin.h>

#define HU_VECTOR_BYTES 64
#define HU_MULTIPLY(a, b) _mm512_mul_epu32((__m512i)(a), (__m512i)(b))   /* lower halves of the lanes */
#define HU_LANES hu_lanes_avx512
#define HU_ISA "avx512"
#include "src/kernel/lanes.body.h"
#endif
