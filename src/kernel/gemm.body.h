/* gemm.body.h - matrices of elements E, cut into panels and tiles of the carrier F; C(name) is how its functions are called, TILE_OF(t)
 * the tile of the choice t, FMA the carrier's fused operation, where it is wanted.
 *
 * A stretch of k of all of b's columns in a band is packed once and shared; a thread takes a block of a's rows, packs it, and
 * goes over the tiles. Between the stretches of k the sums rest in c, which holds them exactly. With chunks c holds the sums of
 * those that are done; a stretch is some chunks, or where a chunk is longer than a stretch the sum of its part rests in `parts`.
 */

typedef struct C(call) {
    E *c;
    const E *a, *b;
    const hu_gemm_shape *s;
    const hu_tiled *how;
    const hu_tile_choice *tile;
    const hu_lanes *lanes;
    size_t rows, columns;                 /* of a tile */
    size_t depth;                         /* of a stretch */
    F *panels;                            /* of b: [columns of the band / columns][DEPTH][columns] */
    F *parts;                             /* [m][n], or NULL */
    F *memory, *of_a;                     /* of all panels; of a's */
    uint32_t *extents_a, *extents_b;      /* of the steps of panels, for near tiles; or NULL */
    uint32_t *words, *cut;                /* of the element there, or NULL: what it adds to a random word; of a's also as hu_tile_words has it */
} C(call);

/* A NaN of the processor's may have a sign. */
static E C(plain_nan)(F x)
{
    return x == x ? (E)x : (E)NAN;
}

#ifdef FMA
static E C(at)(const E *x, size_t row, size_t col, size_t apart, bool transposed)
{
    return transposed ? x[col * apart + row] : x[row * apart + col];
}

/* Element by element, in the carrier's own arithmetic. */
static void C(few)(E *c, const E *a, const E *b, const hu_gemm_shape *s)
{
    for (size_t i = 0; i < s->m; i++)
        for (size_t j = 0; j < s->n; j++) {
            F sum = 0;
            for (size_t k = 0; k < s->k; k++)
                sum = FMA(C(at)(a, i, k, s->lda, s->a_transposed), b ? C(at)(b, k, j, s->ldb, s->b_transposed) : 1, sum);
            c[i * s->ldc + j] = C(plain_nan)(sum);
        }
}
#endif

/* out [depth][panel]: `width` lines of x, `across` apart, of elements `along` apart; past the last line zeros. */
static void C(pack)(F *out, size_t panel, size_t depth, const E *x, size_t width, size_t across, size_t along)
{
    size_t r = 0;
    if (width < panel)
        memset(out, 0, depth * panel * sizeof *out);
    if (across == 1 && width == panel && sizeof(E) == sizeof(F)) {
        for (size_t l = 0; l < depth; l++)
            memcpy(out + l * panel, x + l * along, panel * sizeof *out);
        return;
    }
#ifdef FOUR_LINES
    for (; across != 1 && along == 1 && r + 4 <= width; r += 4)
        FOUR_LINES(out + r, panel, depth, x + r * across, across);
#endif
    for (size_t l = 0; across == 1 && l < depth; l++)
        for (size_t i = 0; i < width; i++)
            out[l * panel + i] = x[l * along + i];
    for (; across != 1 && r < width; r++)
        for (size_t l = 0; l < depth; l++)
            out[l * panel + r] = x[r * across + l * along];
}

#ifdef NEAR_TILES
#define NEAR_PANEL(out, extents, lines, scale) if (g->tile->is_near) g->lanes->near_panel(out, extents, lines, depth, scale);

/* How many steps of panels of a, or b, lie before this one. */
static size_t C(steps_before)(const C(call) *g, const F *at, bool of_a)
{
    return of_a ? (size_t)(at - g->of_a) / g->rows : (size_t)(at - g->panels) / g->columns;
}
#else
#define NEAR_PANEL(out, extents, lines, scale)
#endif

/* a's rows from i0 on. */
static void C(pack_a)(F *out, const C(call) *g, size_t i0, size_t k0, size_t depth)
{
    const hu_gemm_shape *s = g->s;
    size_t across = s->a_transposed ? 1 : s->lda, along = s->a_transposed ? s->lda : 1;
    size_t width = s->m - i0 < g->rows ? s->m - i0 : g->rows, to = (size_t)(out - g->memory);
    C(pack)(out, g->rows, depth, g->a + i0 * across + k0 * along, width, across, along);
    NEAR_PANEL(out, g->extents_a + C(steps_before)(g, out, true), g->rows, g->tile->near.scale_a)
    if (g->words) {
        pack_words(g->words + to, g->rows, depth, HU_WORDS_ROWS, i0, width, k0, s->k, g->how);
        cut_words(g->cut + to, g->words + to, depth * g->rows, g->how);
    }
}

static void C(pack_b)(F *out, const C(call) *g, size_t j0, size_t k0, size_t depth)
{
    const hu_gemm_shape *s = g->s;
    size_t width = s->n - j0 < g->columns ? s->n - j0 : g->columns, across = s->b_transposed ? s->ldb : 1, along = s->b_transposed ? 1 : s->ldb;
    for (size_t l = 0; !g->b && l < depth * g->columns; l++)
        out[l] = 1;
    if (g->b)
        C(pack)(out, g->columns, depth, g->b + j0 * across + k0 * along, width, across, along);
    NEAR_PANEL(out, g->extents_b + C(steps_before)(g, out, false), g->columns, g->tile->near.scale_b)
    if (g->words)
        pack_words(g->words + (out - g->memory), g->columns, depth, HU_WORDS_COLUMNS, j0, width, k0, s->k, g->how);
}

static void C(tile)(const C(call) *g, F *acc, const F *a, const F *b, size_t depth)
{
#ifdef NEAR_TILES
    if (g->tile->is_near) {
        g->lanes->tile_near(acc, a, b, depth, g->extents_a + C(steps_before)(g, a, true), g->extents_b + C(steps_before)(g, b, false), &g->tile->near);
        return;
    }
#endif
    int mode = g->tile->downward ? fegetround() : 0;
    if (g->tile->downward)
        fesetround(FE_DOWNWARD);
    if (g->words) {
        const hu_tile_words words = {.f32 = &g->how->sum->grid_f32, .f64 = &g->how->sum->grid_f64, .halves = g->how->sum->way == HU_WAY_srh,
                                     .rows = g->words + (a - g->memory), .columns = g->words + (b - g->memory), .cut = g->cut + (a - g->memory)};
        DRAWN_OF(g->tile)(acc, a, b, depth, &words);
    } else {
        TILE_OF(g->tile)(acc, a, b, depth, g->tile->product, g->tile->sum);
    }
    if (g->tile->downward)
        fesetround(mode);
}

/* total += part of n elements, in the outer format. */
static void C(add_part)(const C(call) *g, F *total, const F *part, size_t n)
{
    const bool is_f32 = sizeof(E) == sizeof(float);
    double x[HU_BLOCK], y[HU_BLOCK];
    if (hu_is_own(g->how->outer, is_f32)) {
        for (size_t l = 0; l < n; l++)
            total[l] = (E)total[l] + (E)part[l];
        return;
    }
    for (size_t at = 0; at < n; at += HU_BLOCK) {
        size_t width = n - at < HU_BLOCK ? n - at : HU_BLOCK;
        for (size_t l = 0; l < width; l++) {
            x[l] = (double)C(plain_nan)(total[at + l]);
            y[l] = (double)C(plain_nan)(part[at + l]);
        }
        hu_plan_block(g->how->outer, x, HU_ADD, x, y, NULL, width, is_f32, (hu_draw){0});
        for (size_t l = 0; l < width; l++)
            total[at + l] = (F)x[l];
    }
}

/* The terms from k0 on, chunk by chunk. part: what the chunk had before. */
static void C(add_chunks)(const C(call) *g, F *total, F *part, const F *a, const F *b, size_t k0, size_t depth)
{
    size_t chunk = g->how->chunk, size = g->rows * g->columns;
    for (size_t k = k0, n; k < k0 + depth; k += n) {
        n = chunk - k % chunk < k0 + depth - k ? chunk - k % chunk : k0 + depth - k;
        C(tile)(g, part, a + (k - k0) * g->rows, b + (k - k0) * g->columns, n);
        if ((k + n) % chunk == 0 || k + n == g->s->k) {
            C(add_part)(g, total, part, size);
            memset(part, 0, size * sizeof *part);
        }
    }
}

/* The tile at (i, j), m by n of it, to acc and back. */
static void C(get)(const C(call) *g, F *acc, size_t i, size_t j, size_t m, size_t n)
{
    const E *from = g->c + i * g->s->ldc + j;
#ifdef GET
    if (m == g->rows && n == g->columns) {
        g->lanes->GET(acc, from, g->s->ldc);
        return;
    }
#endif
    for (size_t r = 0; r < m; r++)
        for (size_t l = 0; l < n; l++)
            acc[r * g->columns + l] = from[r * g->s->ldc + l];
}

static void C(put)(const C(call) *g, const F *acc, size_t i, size_t j, size_t m, size_t n)
{
    E *to = g->c + i * g->s->ldc + j;
#ifdef PUT
    if (m == g->rows && n == g->columns) {
        g->lanes->PUT(to, g->s->ldc, acc);
        return;
    }
#endif
    for (size_t r = 0; r < m; r++)
        for (size_t l = 0; l < n; l++)
            to[r * g->s->ldc + l] = C(plain_nan)(acc[r * g->columns + l]);
}

/* The tile at (i, j), from c and back. */
static void C(one_tile)(const C(call) *g, const F *a, const F *b, size_t i, size_t j, size_t k0, size_t depth)
{
    _Alignas(64) F acc[MAX_TILE], part[MAX_TILE];
    size_t m = g->s->m - i < g->rows ? g->s->m - i : g->rows, n = g->s->n - j < g->columns ? g->s->n - j : g->columns;
#ifdef WHOLE_OF
    if (WHOLE_OF(g->tile) && !g->how->chunk && m == g->rows && n == g->columns) {
        WHOLE_OF(g->tile)(g->c + i * g->s->ldc + j, g->s->ldc, k0 == 0, a, b, depth);
        return;
    }
#endif
    if (k0 == 0 || m < g->rows || n < g->columns)
        memset(acc, 0, g->rows * g->columns * sizeof *acc);
    if (k0 > 0)
        C(get)(g, acc, i, j, m, n);
    if (g->how->chunk) {
        memset(part, 0, g->rows * g->columns * sizeof *part);
        for (size_t r = 0; g->parts && k0 > 0 && r < m; r++)
            memcpy(part + r * g->columns, g->parts + (i + r) * g->s->n + j, n * sizeof *part);
        C(add_chunks)(g, acc, part, a, b, k0, depth);
        for (size_t r = 0; g->parts && r < m; r++)
            memcpy(g->parts + (i + r) * g->s->n + j, part + r * g->columns, n * sizeof *part);
    } else {
        C(tile)(g, acc, a, b, depth);
    }
    C(put)(g, acc, i, j, m, n);
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

static void C(run_bands)(const C(call) *g, F *packed_a, size_t block, size_t band, int threads)
{
    const hu_gemm_shape *s = g->s;
    size_t blocks = s->m / block + (s->m % block != 0);
    for (size_t j0 = 0; j0 < s->n; j0 += band) {
        size_t j1 = s->n - j0 < band ? s->n : j0 + band;
        for (size_t k0 = 0; k0 == 0 || k0 < s->k; k0 += g->depth) {
            size_t depth = s->k - k0 < g->depth ? s->k - k0 : g->depth;
            #pragma omp parallel num_threads(threads) if (threads > 1)
            {
                F *packed = packed_a + (size_t)omp_get_thread_num() * block * DEPTH;
                #pragma omp for schedule(static)
                for (size_t j = j0; j < j1; j += g->columns)
                    C(pack_b)(g->panels + (j - j0) * DEPTH, g, j, k0, depth);
                #pragma omp for schedule(dynamic)
                for (size_t t = 0; t < blocks; t++)
                    C(block)(g, packed, t * block, t + 1 < blocks ? (t + 1) * block : s->m, j0, j1, k0, depth);
            }
        }
    }
}

/* False: no memory. */
static bool C(run)(E *c, const E *a, const E *b, const hu_gemm_shape *s, const hu_tiled *how, const hu_tile_choice *tile)
{
    const hu_lanes *lanes = hu_lanes_chosen();
    C(call) g = {.c = c, .a = a, .b = b, .s = s, .how = how, .tile = tile, .lanes = lanes, .rows = (size_t)lanes->tile_rows,
                 .columns = (size_t)lanes->tile_bytes / sizeof(F), .depth = DEPTH};
    size_t block = ROWS / g.rows * g.rows, band = s->n < BAND ? (s->n + g.columns - 1) / g.columns * g.columns : BAND;
    int threads = (double)s->m * (double)s->n * (double)s->k >= WORTH_THREADS ? hu_threads() : 1;
    bool rests = how->chunk > DEPTH && s->k > DEPTH;
    if (how->chunk && how->chunk <= DEPTH)
        g.depth = DEPTH / how->chunk * how->chunk;
    size_t room = (band + (size_t)threads * block) * DEPTH;
    F *memory = hu_aligned(room, sizeof *memory);
    g.memory = memory;
    g.words = DRAWN_OF(tile) ? hu_aligned(2 * room, sizeof *g.words) : NULL;
    g.cut = g.words ? g.words + room : NULL;
    g.parts = rests && memory ? hu_aligned(s->m * s->n, sizeof *g.parts) : NULL;
    size_t steps_b = band / g.columns * DEPTH, steps = steps_b + (size_t)threads * block / g.rows * DEPTH;
    g.extents_b = tile->is_near ? hu_aligned(steps, sizeof *g.extents_b) : NULL;
    bool done = memory && (!rests || g.parts) && (!DRAWN_OF(tile) || g.words) && (!tile->is_near || g.extents_b);
    if (done) {
        g.panels = memory;
        g.of_a = memory + band * DEPTH;
        g.extents_a = g.extents_b ? g.extents_b + steps_b : NULL;
        C(run_bands)(&g, memory + band * DEPTH, block, band, threads);
    }
    hu_free(g.extents_b);
    hu_free(g.words);
    hu_free(g.parts);
    hu_free(memory);
    return done;
}
#undef NEAR_PANEL
