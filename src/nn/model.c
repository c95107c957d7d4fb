/* model.c - the parameters of a model: their list, their initial values. */
#include "src/nn/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/random.h"

static size_t default_hidden(size_t width)
{
    return ((8 * width + 2) / 3 + 7) / 8 * 8;
}

static hu_status check_lm(hu_model_config *c, hu_error *err)
{
    if (c->layers < 1 || c->layers > 256)
        return hu_fail(err, HU_EINVAL, "lm: %zu layers; it takes 1 to 256", c->layers);
    if (c->width < 2 || c->width > 16384)
        return hu_fail(err, HU_EINVAL, "lm: width %zu; it takes 2 to 16384", c->width);
    if (c->heads < 1 || c->heads > c->width || c->width % (2 * c->heads))
        return hu_fail(err, HU_EINVAL, "lm: %zu heads do not divide width %zu into even parts", c->heads, c->width);
    if (c->context < 1 || c->context > 65536)
        return hu_fail(err, HU_EINVAL, "lm: context %zu; it takes 1 to 65536", c->context);
    if (c->vocabulary < 2 || c->vocabulary > 256)
        return hu_fail(err, HU_EINVAL, "lm: vocabulary %zu; it takes 2 to 256, as tokens are bytes", c->vocabulary);
    if (!c->hidden)
        c->hidden = default_hidden(c->width);
    if (c->hidden > 65536)
        return hu_fail(err, HU_EINVAL, "lm: %zu hidden units; it takes 1 to 65536", c->hidden);
    return HU_OK;
}

static hu_status check_mlp(hu_model_config *c, hu_error *err)
{
    if (c->layers < 1 || c->layers > 256 || c->width < 1 || c->width > 16384)
        return hu_fail(err, HU_EINVAL, "mlp: %zu layers of width %zu; it takes 1 to 256 of 1 to 16384", c->layers, c->width);
    if (c->inputs < 1 || c->inputs > 65536)
        return hu_fail(err, HU_EINVAL, "mlp: %zu inputs; it takes 1 to 65536", c->inputs);
    if (c->vocabulary < 2 || c->vocabulary > 256)
        return hu_fail(err, HU_EINVAL, "mlp: %zu classes; it takes 2 to 256", c->vocabulary);
    return HU_OK;
}

/* Counts a parameter, and writes it down once there is a list. A name that begins with a dot gets the layer's number. */
static void add(hu_model *m, size_t rows, size_t cols, double deviation, const char *name, size_t layer)
{
    if (m->parameters) {
        hu_parameter *p = &m->parameters[m->n_parameters];
        *p = (hu_parameter){.first = m->n_weights, .rows = rows, .cols = cols, .deviation = deviation,
                            .decays = deviation > 0};
        if (*name == '.')
            snprintf(p->name, sizeof p->name, "%zu%.24s", layer, name);
        else
            snprintf(p->name, sizeof p->name, "%.24s", name);
    }
    m->n_parameters++;
    m->n_weights += rows * cols;
}

/* The order here is that of the forward passes in forward.body.h. */
static void list_lm(hu_model *m)
{
    const hu_model_config *c = &m->config;
    double d = c->deviation > 0 ? c->deviation : 0.02;
    double residual = d / sqrt(2.0 * (double)c->layers);
    add(m, c->vocabulary, c->width, d, "embedding", 0);
    for (size_t i = 0; i < c->layers; i++) {
        add(m, 1, c->width, -1, ".attention.norm", i);
        add(m, 3 * c->width, c->width, d, ".attention.in", i);
        add(m, c->width, c->width, residual, ".attention.out", i);
        add(m, 1, c->width, -1, ".feed.norm", i);
        add(m, 2 * c->hidden, c->width, d, ".feed.in", i);
        add(m, c->width, c->hidden, residual, ".feed.out", i);
    }
    add(m, 1, c->width, -1, "norm", 0);
    if (!c->tied)
        add(m, c->vocabulary, c->width, d, "head", 0);
}

static void list_mlp(hu_model *m)
{
    const hu_model_config *c = &m->config;
    size_t in = c->inputs;
    for (size_t i = 0; i < c->layers; i++) {
        add(m, c->width, in, c->deviation > 0 ? c->deviation : 1 / sqrt((double)in), ".weight", i);
        add(m, 1, c->width, -1, ".gain", i);
        add(m, 1, c->width, 0, ".bias", i);
        in = c->width;
    }
    add(m, c->vocabulary, in, c->deviation > 0 ? c->deviation : 1 / sqrt((double)in), "head", 0);
    add(m, 1, c->vocabulary, 0, "head.bias", 0);
}

static void list(hu_model *m)
{
    m->n_parameters = m->n_weights = 0;
    if (m->graph) {
        if (m->parameters)
            memcpy(m->parameters, m->graph->parameters, m->graph->n_parameters * sizeof *m->parameters);
        m->n_parameters = m->graph->n_parameters;
        m->n_weights = m->graph->n_weights;
        return;
    }
    (m->config.kind == HU_MODEL_LM ? list_lm : list_mlp)(m);
}

/* Unit scaling: matrices start with deviation 1; those between embedding and head learn at the rate times 1 / sqrt(fan-in), and in the
 * branches of the lm 1 / sqrt(layers). */
static void set_units(hu_model *m)
{
    const hu_model_config *c = &m->config;
    for (size_t k = 0; k < m->n_parameters; k++) {
        hu_parameter *p = &m->parameters[k];
        if (!p->decays)
            continue;
        p->deviation = 1;
        if (strcmp(p->name, "embedding") != 0 && strcmp(p->name, "head") != 0)
            p->rate = 1 / sqrt((double)p->cols * (c->kind == HU_MODEL_LM ? (double)c->layers : 1));
    }
}

/* Means 0 and variances 1. */
static bool make_statistics(hu_model *m)
{
    size_t n = m->graph->n_statistics;
    m->statistics = hu_calloc(n + 1, sizeof *m->statistics);
    m->seen = hu_calloc(n + 1, sizeof *m->seen);
    if (!m->statistics || !m->seen)
        return false;
    hu_graph_start_statistics(m->graph, m->statistics);
    memcpy(m->seen, m->statistics, n * sizeof *m->seen);
    return true;
}

void hu_model_follow(hu_model *m)
{
    if (m->graph)
        hu_graph_follow(m->graph, m->statistics, m->seen);
}

static void set_initial(hu_model *m)
{
    for (size_t k = 0; k < m->n_parameters; k++) {
        const hu_parameter *p = &m->parameters[k];
        for (size_t i = 0; i < p->rows * p->cols; i++)
            m->weights[p->first + i] = p->ramp             ? logf((float)(i % p->cols + 1))
                                       : p->deviation < 0  ? 1
                                       : p->deviation == 0 ? 0
                                       : (float)(p->deviation * hu_random_normal_at(m->config.seed, k, i));
    }
}

/* A model of the configuration and, where that says so, the graph in *m: memory and initial values. */
static hu_status make(hu_model *m, hu_error *err)
{
    list(m);
    if (m->n_weights > hu_memory_available() / (2 * sizeof *m->weights))
        return hu_fail(err, HU_ENOMEM, "model: %zu weights and their gradient are more than the memory that is left holds",
                       m->n_weights);
    m->parameters = hu_calloc(m->n_parameters, sizeof *m->parameters);
    m->weights = hu_aligned(m->n_weights, sizeof *m->weights);
    m->gradient = hu_aligned(m->n_weights, sizeof *m->gradient);
    bool made = m->parameters && m->weights && m->gradient && (!m->graph || make_statistics(m));
    if (!made)
        return hu_fail(err, HU_ENOMEM, "model: out of memory");
    list(m);
    if (m->config.units)
        set_units(m);
    set_initial(m);
    memset(m->gradient, 0, m->n_weights * sizeof *m->gradient);
    hu_tape_init_f32(&m->tape_f32, 1);
    hu_tape_init_f64(&m->tape_f64, 1);
    return HU_OK;
}

hu_status hu_model_init(hu_model *m, hu_model_config config, hu_error *err)
{
    hu_status status = (config.kind == HU_MODEL_LM ? check_lm : check_mlp)(&config, err);
    if (status)
        return status;
    *m = (hu_model){.config = config};
    status = make(m, err);
    if (status)
        hu_model_clear(m);
    return status;
}

hu_status hu_model_init_graph(hu_model *m, hu_graph *graph, uint64_t seed, hu_error *err)
{
    hu_status status = hu_graph_check(graph, err);
    if (status)
        return status;
    hu_extent in = graph->input, out = graph->instructions[graph->output].extent;
    *m = (hu_model){.graph = graph, .config = {
        .kind = HU_MODEL_GRAPH, .context = in.sequence ? in.height : 1, .vocabulary = out.channels,
        .inputs = in.sequence ? 0 : in.height * in.width * in.channels, .seed = seed, .layers = graph->n_layers,
    }};
    status = make(m, err);
    if (status) {
        m->graph = NULL;
        hu_model_clear(m);
    }
    return status;
}

const char *hu_model_layer(const hu_model *m, unsigned layer)
{
    static const size_t of_lm[] = {2, 3, 5, 6};     /* parameters of a block that are layers; the first is number 1 */
    const hu_model_config *c = &m->config;
    if (m->graph)
        return hu_graph_layer(m->graph, layer);
    size_t last = c->kind == HU_MODEL_LM ? 4 * c->layers : c->layers;
    if (layer > last)
        return NULL;
    if (layer == last)
        return "head";
    return m->parameters[c->kind == HU_MODEL_LM ? layer / 4 * 6 + of_lm[layer % 4] : 3 * layer].name;
}

void hu_model_clear(hu_model *m)
{
    hu_graph_free(m->graph);
    hu_free(m->statistics);
    hu_free(m->seen);
    hu_free(m->parameters);
    hu_free(m->weights);
    hu_free(m->gradient);
    hu_free(m->weights_f64);
    hu_tape_clear_f32(&m->tape_f32);
    hu_tape_clear_f64(&m->tape_f64);
    *m = (hu_model){0};
}

bool hu_model_takes_tokens(const hu_model *m)
{
    return m->graph ? m->graph->vocabulary > 0 : m->config.kind == HU_MODEL_LM;
}

void hu_model_threads(hu_model *m, int threads)
{
    m->tape_f32.threads = m->tape_f64.threads = threads < 1 ? 1 : threads;
}

unsigned hu_model_layers(const hu_model *m)
{
    const hu_model_config *c = &m->config;
    return m->graph ? m->graph->n_layers : (unsigned)c->layers * (c->kind == HU_MODEL_LM ? 4 : 1) + 1;
}

double hu_model_multiplications(const hu_model *m, size_t rows, size_t positions)
{
    const hu_model_config *c = &m->config;
    double linear = 0;
    if (m->graph)
        return 3 * hu_graph_multiplications(m->graph, positions) * (double)rows;
    for (size_t k = 0; k < m->n_parameters; k++)
        if (m->parameters[k].decays)
            linear += (double)(m->parameters[k].rows * m->parameters[k].cols);
    if (c->kind != HU_MODEL_LM)
        return 3 * linear * (double)rows;
    if (!c->tied)
        linear -= (double)(c->vocabulary * c->width);   /* the embedding is looked up, not multiplied */
    double attention = 2.0 * (double)(c->layers * positions * c->width);
    return 3 * (linear + attention) * (double)(rows * positions);
}
