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
    return a.height == b.height && a.width == b.width && a.sequence == b.sequence;
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
    double d = layer->deviation > 0 ? layer->deviation : otherwise;
    return add_parameter(g, i, (hu_parameter){.rows = rows, .cols = cols, .deviation = d, .decays = true}, "weight", err);
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
    hu_status status = like_input(g, i, err);
    size_t heads = (size_t)i->size[0], part = i->size[2] != 0 ? 6 * heads : 3 * heads;
    if (!status && i->extent.channels % part)
        return hu_fail(err, HU_ESHAPE, "model: '%s' takes queries, keys and values of %zu heads%s side by side; %zu channels are no "
                       "multiple of %zu", i->name, heads, part == 6 * heads ? " of even width (they are rotated)" : "",
                       i->extent.channels, part);
    i->extent.channels /= 3;
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

hu_status hu_gelu_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    return like_input(g, i, err);
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
    hu_status status = like_input(g, i, err);
    hu_extent e = i->extent;
    if (!status && !e.sequence && rows_of(e) != 1)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) takes one row an example, or a sequence; '%s' has %zu x %zu rows", i->name,
                       i->operation->name, input(g, i, 0)->name, e.height, e.width);
    if (!status && e.channels < least)
        return hu_fail(err, HU_ESHAPE, "model: '%s' (%s) takes at least %zu channels, not %zu", i->name, i->operation->name, least,
                       e.channels);
    i->extent = (hu_extent){1, 1, 1, false};
    return status;
}

hu_status hu_cross_entropy_extent(hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    (void)layer;
    return loss_extent(g, i, 2, err);
}
