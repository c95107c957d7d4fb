/* tables.h - which tables of inner loops are compiled in. */
#ifndef HU_KERNEL_TABLES_H
#define HU_KERNEL_TABLES_H

#include "src/kernel/lanes.h"

/* gcc can be told the instructions of a file from within; other compilers make the portable table only. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HU_HAS_X86_LANES 1
#endif

#if defined(__aarch64__) && defined(__ARM_NEON)
#define HU_HAS_NEON_LANES 1
#endif

extern const hu_lanes hu_lanes_portable;
#ifdef HU_HAS_NEON_LANES
extern const hu_lanes hu_lanes_neon;
#endif
#ifdef HU_HAS_X86_LANES
extern const hu_lanes hu_lanes_avx2, hu_lanes_avx512;
#endif

#endif
