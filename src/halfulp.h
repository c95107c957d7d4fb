/* halfulp.h - all of libhalfulp, for C and C++: exact numbers, formats, rounding modes, operations, kernels.
 *
 *     cc program.c $(pkg-config --cflags --libs halfulp)
 *
 * There is nothing to initialize, and no global state that a result depends on; see each header for its part.
 */
#ifndef HU_HALFULP_H
#define HU_HALFULP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "src/base/status.h"
#include "src/base/random.h"
#include "src/num/num.h"
#include "src/num/bits.h"
#include "formats/format.h"
#include "formats/block.h"
#include "rounding/rounding.h"
#include "src/ops/env.h"
#include "src/ops/ops.h"
#include "src/ops/bits.h"
#include "src/ops/quire.h"
#include "src/kernel/kernel.h"
#include "src/kernel/block-fma.h"
#include "src/kernel/block.h"

#ifdef __cplusplus
}
#endif

#endif
