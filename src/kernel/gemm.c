/* gemm.c - GEMM by packed panels and tiles, for floats, doubles, and floats that are added up as doubles. */
#include "src/kernel/gemm.h"

#include <fenv.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "src/base/memory.h"

/* A panel of b (DEPTH by a tile's columns) stays in the first cache, a block of a (ROWS by DEPTH) in the second. */
enum { DEPTH = 256, ROWS = 240, BAND = 1024, MAX_TILE = 16 * 32, FEW = 64 };

static const double WORTH_THREADS = 1 << 18;      /* multiplications */

#define F float
#define E float
#define C(name) float_##name
#define FMA __builtin_fmaf
#define TILE_OF(t) (t)->f32
#include "src/kernel/gemm.body.h"
#undef F
#undef E
#undef C
#undef FMA
#undef TILE_OF

#define F double
#define E double
#define C(name) double_##name
#define FMA __builtin_fma
#define TILE_OF(t) (t)->f64
#include "src/kernel/gemm.body.h"
#undef E
#undef C
#undef FMA

#define E float
#define C(name) mixed_##name
#include "src/kernel/gemm.body.h"
#undef F
#undef E
#undef C
#undef TILE_OF

/* A few elements, for which tiles would be mostly empty. */
static bool run_few(void *c, const void *a, const void *b, const hu_gemm_shape *s, const hu_tiled *how)
{
    if (how->chunk || how->product || !hu_is_own(how->sum, how->is_f32))
        return false;
    if (how->is_f32)
        float_few(c, a, b, s);
    else
        double_few(c, a, b, s);
    return true;
}

bool hu_gemm_tiled(void *c, const void *a, const void *b, const hu_gemm_shape *s, const hu_tiled *how)
{
    hu_tile_choice t;
    if (how->chunk && how->outer && how->outer->is_random)
        return false;
    if (s->m < FEW / (s->n < FEW && s->n > 0 ? s->n : FEW))
        return run_few(c, a, b, s, how);
    if (!hu_gemm_choose(&t, a, b, s, how))
        return false;
    if (t.f32)
        return float_run(c, a, b, s, how, &t);
    return how->is_f32 ? mixed_run(c, a, b, s, how, &t) : double_run(c, a, b, s, how, &t);
}
