/* tile-avx2.h - tiles of GEMM in which every sum, or every product and sum, is rounded to nearest-even, where something is known of the factors.
 *
 * Others are those of tile-any.body.h.
 */
#define INLINE static inline __attribute__((always_inline))

#include "src/kernel/tile-split.body.h"

#define HU_TILES_FMA { {NULL}, {NULL, NULL, NULL, tile_fma_split} }
#define HU_TILES_MUL_ADD { {{NULL}} }

#include "src/kernel/tile-near-avx2.h"
