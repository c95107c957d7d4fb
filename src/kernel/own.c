/* own.c - GEMM in the carrier's own arithmetic: plain loops, so that the library needs no BLAS. */
#include "src/kernel/own.h"

#include <string.h>

#define OWN_DEPTH 64
#define OWN_WIDTH 64

#define F float
#define C(name) float_##name
#include "src/kernel/own.body.h"
#undef F
#undef C

#define F double
#define C(name) double_##name
#include "src/kernel/own.body.h"
#undef F
#undef C

void hu_own_gemm(void *c, const void *a, const void *b, const hu_gemm_shape *s, bool is_f32)
{
    size_t across = s->n / OWN_WIDTH + (s->n % OWN_WIDTH != 0);
    int threads = across > 1 && s->m * s->k >= 4096 ? hu_threads() : 1;
    #pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (size_t t = 0; t < across; t++) {
        size_t j0 = t * OWN_WIDTH, j1 = s->n - j0 < OWN_WIDTH ? s->n : j0 + OWN_WIDTH;
        if (is_f32)
            float_columns(c, a, b, s, j0, j1);
        else
            double_columns(c, a, b, s, j0, j1);
    }
}
