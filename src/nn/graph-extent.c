/* graph-extent.c - what each operation of a graph takes, gives, and needs as parameters. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/nn/graph-parts.h"

static size_t rows_of(hu_extent e)
{
    return e.height * e.width;
}

static const hu_instruction *input(const hu_graph *g, const hu_instruction *i, size_t k)
{
    return &g->instructions[i->in[k]];
}

static hu_extent extent_of(const hu_graph *g, const hu_instruction *i, size_t k)
{
    return input(g, i, k)->extent;
}

static bool is_tokens(const hu_instruction *i)
{
    return i->operation->extent == hu_tokens_extent;
}

/* Tokens are looked up and nothing else. */
static hu_status numbers(const hu_graph *g, const hu_instruction *i, hu_error *err)
{
    for (size_t k = 0; k < i->n_in; k++) {
        if (is_tokens(input(g, i, k)))
            return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) cannot take tokens; an embedding comes first", i->name,
                           i->operation->name);
        hu_operation_kind kind = input(g, i, k)->operation->kind;
        if (kind == HU_LOSS || kind == HU_PENALTY)
            return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) cannot take the result of '%s', which is a loss", i->name,
                           i->operation->name, input(g, i, k)->name);
    }
    return HU_OK;
}

static bool same_rows(hu_extent a, hu_extent b)
{
    return a.height == b.height && a.width == b.width && a.sequence == b.sequence && a.routed == b.routed;
}

static hu_status same_shape(const hu_graph *g, const hu_instruction *i, size_t j, size_t k, bool channels, hu_error *err)
{
    hu_extent a = extent_of(g, i, j), b = extent_of(g, i, k);
    if (same_rows(a, b) && (!channels || a.channels == b.channels))
        return HU_OK;
    return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) takes '%s' of %zu x %zu x %zu and '%s' of %zu x %zu x %zu", i->name,
                   i->operation->name, input(g, i, j)->name, a.height, a.width, a.channels, input(g, i, k)->name, b.height,
                   b.width, b.channels);
}

/* Writes down a parameter of the instruction: NAME.suffix. */
static hu_status add_parameter(hu_graph *g, hu_instruction *i, hu_parameter p, const char *suffix, hu_error *err)
{
    size_t n;
    if (__builtin_mul_overflow(p.rows, p.cols, &n) || n > ((size_t)1 << 40) - g->n_weights)
        return hu_fail(err, HU_ERANGE, "model: '%s': a parameter of %zu by %zu is too large", i->name, p.rows, p.cols);
    snprintf(p.name, sizeof p.name, "%s.%s", i->name, suffix);
    p.first = g->n_weights;
    g->n_weights += n;
    i->parameter[i->n_parameters++] = g->n_parameters;
    g->parameters[g->n_parameters++] = p;
    return HU_OK;
}

static hu_status shared(const hu_graph *g, hu_instruction *i, const hu_layer *layer, size_t rows, size_t cols, hu_error *err)
{
    for (size_t k = 0; k < g->n_parameters; k++) {
        const hu_parameter *p = &g->parameters[k];
        if (strcmp(p->name, layer->share) != 0)
            continue;
        if (p->rows != rows || p->cols != cols)
            return hu_fail(err, HU_ESHAPE, "model: '%s' needs a weight of %zu by %zu; '%.60s' is %zu by %zu", i->name, rows, cols,
                           p->name, p->rows, p->cols);
        i->parameter[i->n_parameters++] = k;
        return HU_OK;
    }
    return hu_fail(err, HU_ENAME, "model: '%s' shares '%.60s', but no earlier parameter is called so", i->name, layer->share);
}

/* The matrix of a layer; or the one that it shares. `otherwise`: the deviation where none is given. */
static hu_status add_matrix(hu_graph *g, hu_instruction *i, const hu_layer *layer, size_t rows, size_t cols, double otherwise,
                            hu_error *err)
{
    if (layer->share)
        return shared(g, i, layer, rows, cols, err);
    if (!(layer->deviation >= 0 && layer->deviation <= 1e6))
        return hu_fail(err, HU_ERANGE, "model: '%s': deviation is %g; it takes a number from 0 to 1e6", i->name, layer->deviation);
    if (layer->rate && !(*layer->rate >= 1e-18 && *layer->rate <= 1e6))
        return hu_fail(err, HU_ERANGE, "model: '%s': rate is %g; it takes a number from 1e-18 to 1e6", i->name, *layer->rate);
    double d = layer->deviation > 0 ? layer->deviation : otherwise, rate = layer->rate ? *layer->rate : 0;
    return add_parameter(g, i, (hu_parameter){.rows = rows, .cols = cols, .deviation = d, .decays = true, .rate = rate}, "weight", err);
}

static hu_status add_row(hu_graph *g, hu_instruction *i, size_t cols, double deviation, const char *suffix, hu_error *err)
{
    return add_parameter(g, i, (hu_parameter){.rows = 1, .cols = cols, .deviation = deviation}, suffix, err);
}

/* The result has the shape of input 0. */
static hu_status like_input(hu_graph *g, hu_instruction *i, hu_error *err)
{
    i->extent = extent_of(g, i, 0);
    return numbers(g, i, err);
}

/* The same, for what looks at the rows of an example together. */
static hu_status whole_input(hu_graph *g, hu_instruction *i, hu_error *err)
{
    hu_status status = like_input(g, i, err);
    for (size_t k = 0; k < i->n_in && !status; k++)
        if (extent_of(g, i, k).routed)
            return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) takes all rows of an example; '%s' has only those of an expert", i->name,
                           i->operation->name, input(g, i, k)->name);
    return status;
}

/* ---- sources ---- */

hu_status hu_tokens_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer, (void)err;
    i->extent = (hu_extent){.height = (size_t)i->size[0], .width = 1, .channels = 1, .sequence = true};
    g->vocabulary = (size_t)i->size[1];
    g->input = i->extent;
    return HU_OK;
}

hu_status hu_features_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    i->extent = (hu_extent){.channels = (size_t)i->size[0], .height = (size_t)i->size[1], .width = (size_t)i->size[2]};
    if (rows_of(i->extent) * i->extent.channels > (size_t)1 << 24)
        return hu_fail(err, HU_ERANGE, "model: '%s': %zu x %zu x %zu are more than 2^24 numbers an example", i->name,
                       i->extent.height, i->extent.width, i->extent.channels);
    g->input = i->extent;
    return HU_OK;
}

/* ---- layers ---- */

hu_status hu_linear_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    hu_status status = like_input(g, i, err);
    size_t in = i->extent.channels, out = (size_t)i->size[0];
    i->extent.channels = out;
    if (!status)
        status = add_matrix(g, i, layer, out, in, 1 / sqrt((double)in), err);
    return !status && i->size[1] != 0 ? add_row(g, i, out, 0, "bias", err) : status;
}

hu_status hu_embedding_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    if (!is_tokens(input(g, i, 0)))
        return hu_fail(err, HU_ESHAPE, "model: '%s' (embedding) takes tokens, not the result of '%s'", i->name,
                       input(g, i, 0)->name);
    i->extent = extent_of(g, i, 0);
    i->extent.channels = (size_t)i->size[0];
    return add_matrix(g, i, layer, g->vocabulary, i->extent.channels, 0.02, err);
}

hu_status hu_attention_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = whole_input(g, i, err);
    size_t heads = (size_t)i->size[0], part = i->size[2] != 0 ? 6 * heads : 3 * heads;
    if (!status && i->extent.channels % part)
        return hu_fail(err, HU_ESHAPE, "model: '%s' takes queries, keys and values of %zu heads%s side by side; %zu channels are no "
                       "multiple of %zu", i->name, heads, part == 6 * heads ? " of even width (they are rotated)" : "",
                       i->extent.channels, part);
    i->extent.channels /= 3;
    return status;
}

hu_window hu_graph_window(const hu_instruction *i, hu_extent in, int kernel)
{
    size_t k = (size_t)i->size[kernel], stride = (size_t)i->size[kernel + 1];
    hu_window w = {.height = in.height, .width = in.width, .kernel = k, .stride = stride ? stride : k,
                   .padding = (size_t)i->size[kernel + 2]};
    (void)hu_window_init(&w);
    return w;
}

/* Windows over input 0; sizes kernel, stride and padding are numbers `kernel` and the two after it. */
static hu_status windows(hu_graph *g, hu_instruction *i, int kernel, hu_error *err)
{
    hu_status status = whole_input(g, i, err);
    if (status)
        return status;
    hu_window w = hu_graph_window(i, i->extent, kernel);
    if (i->extent.sequence || w.out_height == 0)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) has windows of %zu x %zu, which an image of %zu x %zu %s", i->name,
                       i->operation->name, w.kernel, w.kernel, i->extent.height, i->extent.width,
                       i->extent.sequence ? "is not: it is a sequence" : "does not hold");
    if (w.padding >= w.kernel)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) has a padding of %zu, which leaves windows of %zu x %zu outside of the image",
                       i->name, i->operation->name, w.padding, w.kernel, w.kernel);
    i->extent.height = w.out_height, i->extent.width = w.out_width;
    return HU_OK;
}

hu_status hu_conv_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    hu_status status = windows(g, i, 1, err);
    size_t in = i->extent.channels * (size_t)i->size[1] * (size_t)i->size[1], out = (size_t)i->size[0];
    i->extent.channels = out;
    if (!status)
        status = add_matrix(g, i, layer, out, in, 1 / sqrt((double)in), err);
    return !status && i->size[4] != 0 ? add_row(g, i, out, 0, "bias", err) : status;
}

hu_status hu_positions_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    hu_status status = whole_input(g, i, err);
    return status ? status : add_matrix(g, i, layer, rows_of(i->extent), i->extent.channels, 0.02, err);
}

/* Operations that go from one row of an example to the next. */
static hu_status line_input(hu_graph *g, hu_instruction *i, hu_error *err)
{
    hu_status status = whole_input(g, i, err);
    if (!status && i->extent.width != 1)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) takes a sequence; '%s' is an image of %zu x %zu", i->name,
                       i->operation->name, input(g, i, 0)->name, i->extent.height, i->extent.width);
    return status;
}

hu_status hu_causal_conv_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    hu_status status = line_input(g, i, err);
    double taps = i->size[0];
    if (!status)
        status = add_matrix(g, i, layer, i->extent.channels, (size_t)taps, 1 / sqrt(taps), err);
    return status ? status : add_row(g, i, i->extent.channels, 0, "bias", err);
}

hu_status hu_scan_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = line_input(g, i, err);
    if (!status)
        status = same_shape(g, i, 0, 1, false, err);
    if (status)
        return status;
    size_t c = i->extent.channels, wide = extent_of(g, i, 1).channels;
    if (wide < c + 2 || (wide - c) % 2)
        return hu_fail(err, HU_ESHAPE, "model: '%s' takes %zu channels with their steps, B and C side by side, %zu + 2 states; "
                       "'%s' has %zu", i->name, c, c, input(g, i, 1)->name, wide);
    return add_parameter(g, i, (hu_parameter){.rows = c, .cols = (wide - c) / 2, .ramp = true}, "a", err);
}

/* ---- images ---- */

hu_status hu_maxpool_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    return windows(g, i, 0, err);
}

hu_status hu_meanpool_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    return windows(g, i, 0, err);
}

hu_status hu_flatten_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = whole_input(g, i, err);
    size_t all = rows_of(i->extent) * i->extent.channels;
    if (!status && (i->extent.sequence || all > 1 << 20))
        return hu_fail(err, HU_ESHAPE, "model: '%s' (flatten) takes images of at most 2^20 numbers; '%s' is %s", i->name,
                       input(g, i, 0)->name, i->extent.sequence ? "a sequence, whose length may change" : "larger");
    i->extent = (hu_extent){.height = 1, .width = 1, .channels = all};
    return status;
}

hu_status hu_mean_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = whole_input(g, i, err);
    i->extent = (hu_extent){.height = 1, .width = 1, .channels = i->extent.channels};
    return status;
}

/* ---- experts ---- */

/* Input k is what topk gave, with rows like those of input 0. */
static hu_status check_gate(const hu_graph *g, const hu_instruction *i, size_t k, hu_error *err)
{
    const hu_instruction *gate = input(g, i, k);
    if (gate->operation->extent != hu_topk_extent)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) takes gates as topk gives them, not the result of '%s'", i->name,
                       i->operation->name, gate->name);
    return same_shape(g, i, 0, k, false, err);
}

hu_status hu_topk_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = whole_input(g, i, err);
    if (!status && i->size[0] > (double)i->extent.channels)
        return hu_fail(err, HU_ESHAPE, "model: '%s' chooses %g of %zu experts", i->name, i->size[0], i->extent.channels);
    return status;
}

hu_status hu_dispatch_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = whole_input(g, i, err);
    if (!status)
        status = check_gate(g, i, 1, err);
    if (!status && i->size[0] >= (double)extent_of(g, i, 1).channels)
        return hu_fail(err, HU_ESHAPE, "model: '%s' goes to expert %g; the %zu of '%s' are counted from 0", i->name, i->size[0],
                       extent_of(g, i, 1).channels, input(g, i, 1)->name);
    i->extent.routed = g->n_instructions + 1;
    return status;
}

hu_status hu_combine_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_extent base = extent_of(g, i, 0), y = extent_of(g, i, 1);
    i->extent = base;
    hu_status status = numbers(g, i, err);
    if (!status)
        status = check_gate(g, i, 2, err);
    if (status)
        return status;
    const hu_instruction *sent = y.routed ? &g->instructions[y.routed - 1] : NULL;
    if (!sent || sent->in[1] != i->in[2] || base.routed || y.channels != base.channels)
        return hu_fail(err, HU_ESHAPE, "model: '%s' adds to '%s' (%zu channels) what an expert made of rows that were dispatched by "
                       "'%s'; '%s' (%zu channels) is not that", i->name, input(g, i, 0)->name, base.channels,
                       input(g, i, 2)->name, input(g, i, 1)->name, y.channels);
    return HU_OK;
}

hu_status hu_balance_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = whole_input(g, i, err);
    if (!status)
        status = check_gate(g, i, 1, err);
    if (!status && input(g, i, 1)->in[0] != i->in[0])
        return hu_fail(err, HU_ESHAPE, "model: '%s' takes the logits and the gates that came from them; '%s' came from others",
                       i->name, input(g, i, 1)->name);
    i->extent = (hu_extent){.height = 1, .width = 1, .channels = 1};
    return status;
}

/* ---- by rows, by elements ---- */

hu_status hu_plus_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = like_input(g, i, err);
    return status ? status : same_shape(g, i, 0, 1, true, err);
}

hu_status hu_rmsnorm_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = like_input(g, i, err);
    return status ? status : add_row(g, i, i->extent.channels, -1, "gain", err);
}

hu_status hu_layernorm_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    hu_status status = hu_rmsnorm_extent(g, i, layer, err);
    return status ? status : add_row(g, i, i->extent.channels, 0, "bias", err);
}

hu_status hu_batchnorm_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    hu_status status = hu_layernorm_extent(g, i, layer, err);
    i->statistics = g->n_statistics;
    i->n_statistics = 2 * i->extent.channels;
    g->n_statistics += i->n_statistics;
    return status;
}

/* One number in, one number out. */
#define POINT(name)                                                                                       \
    hu_status hu_##name##_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)    \
    {                                                                                                     \
        (void)layer;                                                                                      \
        return like_input(g, i, err);                                                                     \
    }
POINT(relu)
POINT(silu)
POINT(tanh)
POINT(sigmoid)
POINT(gelu)
POINT(scale)

hu_status hu_times_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    return hu_plus_extent(g, i, layer, err);
}

hu_status hu_gain_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    return hu_rmsnorm_extent(g, i, layer, err);
}

hu_status hu_columns_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = like_input(g, i, err);
    size_t first = (size_t)i->size[0], count = (size_t)i->size[1];
    if (!status && first + count > i->extent.channels)
        return hu_fail(err, HU_ESHAPE, "model: '%s' takes channels %zu to %zu; '%s' has %zu", i->name, first, first + count - 1,
                       input(g, i, 0)->name, i->extent.channels);
    i->extent.channels = count;
    return status;
}

hu_status hu_sinusoid_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = like_input(g, i, err);
    size_t width = (size_t)i->size[0];
    if (!status && (i->extent.channels != 1 || width % 2))
        return hu_fail(err, HU_ESHAPE, "model: '%s' (sinusoid) makes an even number of channels, not %zu, from one, not %zu", i->name,
                       width, i->extent.channels);
    i->extent.channels = width;
    return status;
}

hu_status hu_swiglu_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = like_input(g, i, err);
    if (!status && i->extent.channels % 2)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (swiglu) takes an even number of channels, not %zu", i->name,
                       i->extent.channels);
    i->extent.channels /= 2;
    return status;
}

/* ---- losses ---- */

static hu_status loss_extent(hu_graph *g, hu_instruction *i, size_t least, hu_error *err)
{
    hu_status status = whole_input(g, i, err);
    hu_extent e = i->extent;
    if (!status && !e.sequence && rows_of(e) != 1)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) takes one row an example, or a sequence; '%s' has %zu x %zu rows", i->name,
                       i->operation->name, input(g, i, 0)->name, e.height, e.width);
    if (!status && e.channels < least)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) takes at least %zu channels, not %zu", i->name, i->operation->name, least,
                       e.channels);
    i->extent = (hu_extent){.height = 1, .width = 1, .channels = 1};
    return status;
}

hu_status hu_cross_entropy_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    return loss_extent(g, i, 2, err);
}

hu_status hu_mean_square_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    hu_status status = loss_extent(g, i, 1, err);
    if (!status && extent_of(g, i, 0).sequence)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (mean_square) takes one row an example; '%s' is a sequence", i->name,
                       input(g, i, 0)->name);
    if (!status)
        g->takes_values = true;
    return status;
}

hu_status hu_logistic_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    if (extent_of(g, i, 0).channels != 1)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (logistic) takes one channel, not %zu", i->name, extent_of(g, i, 0).channels);
    return loss_extent(g, i, 1, err);
}
