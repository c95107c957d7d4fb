/* avx512.c - the inner loops with AVX512. */
#include "src/kernel/tables.h"

#include <string.h>

#include <Random123/philox.h>

#ifdef HU_HAS_X86_LANES
#pragma GCC target("avx2,bmi,bmi2,fma,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")
#define HU_LANES hu_lanes_avx512
#define HU_ISA "avx512"
#include "src/kernel/lanes.body.h"
#endif
