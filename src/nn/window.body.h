/* window.body.h - windows of an image: unfolding for convolution, pooling; for one REAL.
 *
 * An image is height x width rows of C channels. A window is kernel x kernel pixels; windows begin `stride` pixels apart,
 * the first one `padding` pixels above and left of the image, where all channels are 0. All of it is linear: the largest
 * of a window is a choice of pixels.
 */

static bool R(fits)(const R(hu_var) *x, const hu_window *w)
{
    hu_window again = *w;
    return hu_window_init(&again) && again.out_height == w->out_height && again.out_width == w->out_width &&
           x->rows % (w->height * w->width) == 0;
}

/* The output and what is kept of the window; false where something failed. */
static bool R(plan_window)(R(hu_tape) *t, R(hu_node) *plan, R(hu_var) *in, const hu_window *w, size_t cols, const char *name)
{
    if (t->error.status)
        return false;
    if (!R(fits)(in, w))
        return R(hu_stick)(t, HU_ESHAPE, name) != NULL;
    hu_window *kept = hu_arena_take(&t->arena, 1, sizeof *kept);
    if (!kept)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory") != NULL;
    *kept = *w;
    size_t batch = in->rows / (w->height * w->width);
    *plan = (R(hu_node)){.in = {in}, .out = R(hu_var_new)(t, batch * w->out_height * w->out_width, cols), .table = kept,
                         .size = {batch}};
    return plan->out != NULL;
}

/* ---- unfolding ---- */

static void R(unfold_apply)(R(hu_tape) *t, R(hu_node) *node, REAL *out, const REAL *in)
{
    const hu_window *w = node->table;
    size_t c = node->in[0]->cols, batch = node->size[0], count = window_pixels(w);
    int threads = t->threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t b = 0; b < batch; b++)
        for (size_t i = 0; i < count; i++) {
            pixel p = window_pixel(w, b, i);
            REAL *to = out + (b * count + i) * c;
            if (p.inside)
                memcpy(to, in + p.from * c, c * sizeof *to);
            else
                memset(to, 0, c * sizeof *to);
        }
}

static void R(unfold_transposed)(R(hu_tape) *t, R(hu_node) *node, REAL *dx, const REAL *dy)
{
    const hu_window *w = node->table;
    size_t c = node->in[0]->cols, batch = node->size[0], count = window_pixels(w);
    int threads = t->threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t b = 0; b < batch; b++)
        for (size_t i = 0; i < count; i++) {
            pixel p = window_pixel(w, b, i);
            for (size_t j = 0; p.inside && j < c; j++)
                dx[p.from * c + j] += dy[(b * count + i) * c + j];
        }
}

HU_LINEAR_RULE(unfold);

R(hu_var) *R(hu_unfold)(R(hu_tape) *t, R(hu_var) *in, const hu_window *w)
{
    R(hu_node) plan;
    if (!R(plan_window)(t, &plan, in, w, in ? w->kernel * w->kernel * in->cols : 0, "unfold: the window does not fit the image"))
        return NULL;
    R(unfold_apply)(t, &plan, plan.out->value, in->value);
    HU_FINISH(t, plan, &R(unfold_rule));
}

/* ---- the mean of a window ---- */

static void R(meanpool_apply)(R(hu_tape) *t, R(hu_node) *node, REAL *out, const REAL *in)
{
    (void)t;
    const hu_window *w = node->table;
    size_t c = node->in[0]->cols, count = window_pixels(w);
    REAL scale = 1 / (REAL)(w->kernel * w->kernel);
    memset(out, 0, node->out->rows * c * sizeof *out);
    for (size_t b = 0; b < node->size[0]; b++)
        for (size_t i = 0; i < count; i++) {
            pixel p = window_pixel(w, b, i);
            for (size_t j = 0; p.inside && j < c; j++)
                out[p.to * c + j] += scale * in[p.from * c + j];
        }
}

static void R(meanpool_transposed)(R(hu_tape) *t, R(hu_node) *node, REAL *dx, const REAL *dy)
{
    (void)t;
    const hu_window *w = node->table;
    size_t c = node->in[0]->cols, count = window_pixels(w);
    REAL scale = 1 / (REAL)(w->kernel * w->kernel);
    for (size_t b = 0; b < node->size[0]; b++)
        for (size_t i = 0; i < count; i++) {
            pixel p = window_pixel(w, b, i);
            for (size_t j = 0; p.inside && j < c; j++)
                dx[p.from * c + j] += scale * dy[p.to * c + j];
        }
}

HU_LINEAR_RULE(meanpool);

R(hu_var) *R(hu_meanpool)(R(hu_tape) *t, R(hu_var) *in, const hu_window *w)
{
    R(hu_node) plan;
    if (!R(plan_window)(t, &plan, in, w, in ? in->cols : 0, "meanpool: the window does not fit the image"))
        return NULL;
    R(meanpool_apply)(t, &plan, plan.out->value, in->value);
    HU_FINISH(t, plan, &R(meanpool_rule));
}

/* ---- the largest of a window: node->table says which element of the input it is ---- */

static void R(maxpool_apply)(R(hu_tape) *t, R(hu_node) *node, REAL *out, const REAL *in)
{
    (void)t;
    const size_t *from = node->table;
    for (size_t i = 0; i < node->out->rows * node->out->cols; i++)
        out[i] = in[from[i]];
}

static void R(maxpool_transposed)(R(hu_tape) *t, R(hu_node) *node, REAL *dx, const REAL *dy)
{
    (void)t;
    const size_t *from = node->table;
    for (size_t i = 0; i < node->out->rows * node->out->cols; i++)
        dx[from[i]] += dy[i];
}

HU_LINEAR_RULE(maxpool);

/* The first of several equal ones; a NaN is larger than all. What lies outside the image does not count. */
static void R(find_largest)(size_t *index, const REAL *in, const hu_window *w, size_t batch, size_t c)
{
    size_t count = window_pixels(w);
    memset(index, 0xff, batch * w->out_height * w->out_width * c * sizeof *index);
    for (size_t b = 0; b < batch; b++)
        for (size_t i = 0; i < count; i++) {
            pixel p = window_pixel(w, b, i);
            for (size_t j = 0; p.inside && j < c; j++) {
                size_t at = p.from * c + j, *best = &index[p.to * c + j];
                if (*best == SIZE_MAX || in[at] > in[*best] || (isnan(in[at]) && !isnan(in[*best])))
                    *best = at;
            }
        }
}

R(hu_var) *R(hu_maxpool)(R(hu_tape) *t, R(hu_var) *in, const hu_window *w)
{
    R(hu_node) plan;
    if (!t->error.status && w->padding >= w->kernel)
        return R(hu_stick)(t, HU_ESHAPE, "maxpool: a window would lie outside the image");
    if (!R(plan_window)(t, &plan, in, w, in ? in->cols : 0, "maxpool: the window does not fit the image"))
        return NULL;
    size_t *index = hu_arena_take(&t->arena, plan.out->rows * in->cols, sizeof *index);
    if (!index)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    R(find_largest)(index, in->value, w, plan.size[0], in->cols);
    plan.table = index;
    R(maxpool_apply)(t, &plan, plan.out->value, in->value);
    HU_FINISH(t, plan, &R(maxpool_rule));
}

/* ---- the mean of all rows of an example: size[0] of them ---- */

static void R(mean_rows_apply)(R(hu_tape) *t, R(hu_node) *node, REAL *out, const REAL *in)
{
    (void)t;
    size_t each = node->size[0], c = node->out->cols;
    REAL scale = 1 / (REAL)each;
    memset(out, 0, node->out->rows * c * sizeof *out);
    for (size_t i = 0; i < node->in[0]->rows; i++)
        for (size_t j = 0; j < c; j++)
            out[i / each * c + j] += scale * in[i * c + j];
}

static void R(mean_rows_transposed)(R(hu_tape) *t, R(hu_node) *node, REAL *dx, const REAL *dy)
{
    (void)t;
    size_t each = node->size[0], c = node->out->cols;
    REAL scale = 1 / (REAL)each;
    for (size_t i = 0; i < node->in[0]->rows; i++)
        for (size_t j = 0; j < c; j++)
            dx[i * c + j] += scale * dy[i / each * c + j];
}

HU_LINEAR_RULE(mean_rows);

R(hu_var) *R(hu_mean_rows)(R(hu_tape) *t, R(hu_var) *x, size_t each)
{
    if (t->error.status)
        return NULL;
    if (!each || x->rows % each)
        return R(hu_stick)(t, HU_ESHAPE, "mean: the rows are no multiple of those of an example");
    R(hu_node) plan = {.in = {x}, .out = R(hu_var_new)(t, x->rows / each, x->cols), .size = {each}};
    if (!plan.out)
        return NULL;
    R(mean_rows_apply)(t, &plan, plan.out->value, x->value);
    HU_FINISH(t, plan, &R(mean_rows_rule));
}
