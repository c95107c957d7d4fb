/* avx2.c - the inner loops with AVX2. */
#include "src/kernel/tables.h"

#include <string.h>

#include <Random123/philox.h>

#ifdef HU_HAS_X86_LANES
#pragma GCC target("avx2,bmi,bmi2,fma")
#define HU_LANES hu_lanes_avx2
#define HU_ISA "avx2"
#include "src/kernel/lanes.body.h"
#endif
