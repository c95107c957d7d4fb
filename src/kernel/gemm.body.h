/* gemm.body.h - the matrices of one carrier F, cut into panels and tiles; C(name) is how its functions are called, FMA its
 * fused operation.
 *
 * A stretch of k of all of b's columns in a band is packed once and shared; a thread takes a block of a's rows, packs it, and
 * goes over the tiles. Between the stretches of k the sums rest in c, which holds them exactly.
 */

typedef struct C(call) {
    F *c;
    const F *a, *b;
    const hu_gemm_shape *s;
    C(tile_fn) *tile;
    const hu_grid *product, *sum;
    size_t rows, columns;                 /* of a tile */
    F *panels;                            /* of b: [columns of the band / columns][DEPTH][columns] */
} C(call);

static F C(at)(const F *x, size_t row, size_t col, size_t apart, bool transposed)
{
    return transposed ? x[col * apart + row] : x[row * apart + col];
}

/* A NaN of the processor's may have a sign. */
static F C(plain_nan)(F x)
{
    return x == x ? x : (F)NAN;
}

/* Element by element, in the carrier's own arithmetic. */
static void C(few)(F *c, const F *a, const F *b, const hu_gemm_shape *s)
{
    for (size_t i = 0; i < s->m; i++)
        for (size_t j = 0; j < s->n; j++) {
            F sum = 0;
            for (size_t k = 0; k < s->k; k++)
                sum = FMA(C(at)(a, i, k, s->lda, s->a_transposed), b ? C(at)(b, k, j, s->ldb, s->b_transposed) : 1, sum);
            c[i * s->ldc + j] = C(plain_nan)(sum);
        }
}

/* out [depth][width]: a's rows i0 ... across; those past the end are zeros. */
static void C(pack_a)(F *out, const C(call) *g, size_t i0, size_t k0, size_t depth)
{
    const hu_gemm_shape *s = g->s;
    for (size_t r = 0; r < g->rows; r++)
        for (size_t l = 0; l < depth; l++)
            out[l * g->rows + r] = i0 + r < s->m ? C(at)(g->a, i0 + r, k0 + l, s->lda, s->a_transposed) : 0;
}

static void C(pack_b)(F *out, const C(call) *g, size_t j0, size_t k0, size_t depth)
{
    const hu_gemm_shape *s = g->s;
    size_t width = s->n - j0 < g->columns ? s->n - j0 : g->columns;
    for (size_t l = 0; l < depth; l++)
        for (size_t j = 0; j < g->columns; j++)
            out[l * g->columns + j] = j >= width ? 0 : g->b ? C(at)(g->b, k0 + l, j0 + j, s->ldb, s->b_transposed) : 1;
}

/* The tile at (i, j), from c and back. */
static void C(one_tile)(const C(call) *g, const F *a, const F *b, size_t i, size_t j, size_t k0, size_t depth)
{
    _Alignas(64) F acc[MAX_TILE];
    size_t m = g->s->m - i < g->rows ? g->s->m - i : g->rows, n = g->s->n - j < g->columns ? g->s->n - j : g->columns;
    memset(acc, 0, g->rows * g->columns * sizeof *acc);
    F *to = g->c + i * g->s->ldc + j;
    for (size_t r = 0; k0 > 0 && r < m; r++)
        memcpy(acc + r * g->columns, to + r * g->s->ldc, n * sizeof *acc);
    g->tile(acc, a, b, depth, g->product, g->sum);
    for (size_t r = 0; r < m; r++)
        for (size_t l = 0; l < n; l++)
            to[r * g->s->ldc + l] = C(plain_nan)(acc[r * g->columns + l]);
}

/* A block of a's rows, with the packed band of b. */
static void C(block)(const C(call) *g, F *packed, size_t i0, size_t i1, size_t j0, size_t j1, size_t k0, size_t depth)
{
    for (size_t i = i0; i < i1; i += g->rows)
        C(pack_a)(packed + (i - i0) * depth, g, i, k0, depth);
    for (size_t j = j0; j < j1; j += g->columns)
        for (size_t i = i0; i < i1; i += g->rows)
            C(one_tile)(g, packed + (i - i0) * depth, g->panels + (j - j0) * DEPTH, i, j, k0, depth);
}

/* False: no memory. */
static bool C(run)(C(call) *g)
{
    const hu_gemm_shape *s = g->s;
    size_t block = ROWS / g->rows * g->rows, blocks = s->m / block + (s->m % block != 0);
    size_t band = s->n < BAND ? (s->n + g->columns - 1) / g->columns * g->columns : BAND;
    int threads = (double)s->m * (double)s->n * (double)s->k >= WORTH_THREADS ? hu_threads() : 1;
    F *memory = hu_aligned((band + (size_t)threads * block) * DEPTH, sizeof *memory);
    if (!memory)
        return false;
    g->panels = memory;
    for (size_t j0 = 0; j0 < s->n; j0 += band) {
        size_t j1 = s->n - j0 < band ? s->n : j0 + band;
        for (size_t k0 = 0; k0 == 0 || k0 < s->k; k0 += DEPTH) {
            size_t depth = s->k - k0 < DEPTH ? s->k - k0 : DEPTH;
            #pragma omp parallel num_threads(threads) if (threads > 1)
            {
                F *packed = memory + (band + (size_t)omp_get_thread_num() * block) * DEPTH;
                #pragma omp for schedule(static)
                for (size_t j = j0; j < j1; j += g->columns)
                    C(pack_b)(g->panels + (j - j0) * DEPTH, g, j, k0, depth);
                #pragma omp for schedule(dynamic)
                for (size_t t = 0; t < blocks; t++)
                    C(block)(g, packed, t * block, t + 1 < blocks ? (t + 1) * block : s->m, j0, j1, k0, depth);
            }
        }
    }
    hu_free(memory);
    return true;
}
