/* gemm.c - GEMM by packed panels and tiles, for floats, doubles, and floats that are added up as doubles. */
#include "src/kernel/gemm.h"

#include <fenv.h>
#include <math.h>
#include <omp.h>
#include <string.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include "src/base/memory.h"
#include "src/kernel/accumulate.h"

/* A panel of b (DEPTH by a tile's columns) stays in the first cache, a block of a (ROWS by DEPTH) in the second. */
enum { DEPTH = 256, ROWS = 240, BAND = 1024, MAX_TILE = 16 * 32, FEW = 64 };

static const double WORTH_THREADS = 1 << 18;      /* multiplications */

/* Upper halves of random words become such that rounding by them as `sr` does is what the mode does. */
static uint32_t as_drawn(uint32_t half, const hu_plan *p)
{
    int few = p->env.rounding->random_bits;
    if (p->way == HU_WAY_srh)
        return 0 - (half >> 31);
    return p->way == HU_WAY_sr ? half : half & ~(UINT32_MAX >> few);
}

/* out [depth][panel]: the words of `width` lines from the one at `line` on, for terms k0 and so on of `terms`. */
static void pack_words(uint32_t *out, size_t panel, size_t depth, uint64_t from, size_t line, size_t width, size_t k0, size_t terms, const hu_tiled *how)
{
    const hu_random *random = &how->sum->env.random;
    uint32_t words[DEPTH];
    memset(out, 0, depth * panel * sizeof *out);
    for (size_t r = 0; r < width; r++) {
        how->sum->lanes->halves(words, depth, random->seed, random->stream, how->index + from + (line + r) * terms + k0);
        for (size_t l = 0; l < depth; l++)
            out[l * panel + r] = as_drawn(words[l], how->sum);
    }
}

/* As hu_tile_words has them. The bit that srb sets below those it draws is set in the rows. */
static void cut_words(uint32_t *cut, uint32_t *rows, size_t n, const hu_tiled *how)
{
    const hu_grid *g = &how->sum->grid_f32;
    uint32_t below = how->sum->way == HU_WAY_srb ? UINT32_C(1) << (31 - how->sum->env.rounding->random_bits) : 0;
    for (size_t l = 0; l < n; l++) {
        rows[l] |= below;
        cut[l] = g->drop ? ~(rows[l] >> (32 - g->drop)) : 0;
    }
}

/* Four lines of a row-major matrix side by side. The four after them are asked for, which mostly come next. */
#ifdef __SSE__
static void four_lines(float *out, size_t panel, size_t depth, const float *x, size_t across)
{
    size_t l = 0;
    for (; l + 4 <= depth; l += 4) {
        __m128 a = _mm_loadu_ps(x + l), b = _mm_loadu_ps(x + across + l), c = _mm_loadu_ps(x + 2 * across + l), d = _mm_loadu_ps(x + 3 * across + l);
        for (uintptr_t r = 4; r < 8; r++)
            _mm_prefetch((const char *)((uintptr_t)(x + l) + r * across * sizeof *x), _MM_HINT_T0);
        _MM_TRANSPOSE4_PS(a, b, c, d);
        _mm_storeu_ps(out + l * panel, a);
        _mm_storeu_ps(out + (l + 1) * panel, b);
        _mm_storeu_ps(out + (l + 2) * panel, c);
        _mm_storeu_ps(out + (l + 3) * panel, d);
    }
    for (; l < depth; l++)
        for (size_t r = 0; r < 4; r++)
            out[l * panel + r] = x[r * across + l];
}
#define FOUR_LINES four_lines
#endif

#define F float
#define E float
#define C(name) float_##name
#define FMA __builtin_fmaf
#define TILE_OF(t) (t)->f32
#define DRAWN_OF(t) (t)->drawn_f32
#define WHOLE_OF(t) (t)->whole_f32
#define NEAR_TILES
#define GET tile_get_f32
#define PUT tile_put_f32
#include "src/kernel/gemm.body.h"
#undef F
#undef E
#undef C
#undef FMA
#undef TILE_OF
#undef DRAWN_OF
#undef WHOLE_OF
#undef GET
#undef PUT
#undef FOUR_LINES
#undef NEAR_TILES

#define F double
#define E double
#define C(name) double_##name
#define FMA __builtin_fma
#define TILE_OF(t) (t)->f64
#define DRAWN_OF(t) (t)->drawn_f64
#define WHOLE_OF(t) (t)->whole_f64
#define GET tile_get_f64
#define PUT tile_put_f64
#include "src/kernel/gemm.body.h"
#undef E
#undef C
#undef FMA
#undef WHOLE_OF
#undef GET
#undef PUT

#define E float
#define C(name) mixed_##name
#include "src/kernel/gemm.body.h"
#undef F
#undef E
#undef C
#undef TILE_OF
#undef DRAWN_OF

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
    if (t.f32 || t.drawn_f32)
        return float_run(c, a, b, s, how, &t);
    return how->is_f32 ? mixed_run(c, a, b, s, how, &t) : double_run(c, a, b, s, how, &t);
}
