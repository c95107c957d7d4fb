/* graph.c - models as programs: adding instructions, and what follows from them. */
#include "src/nn/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"
#include "src/base/sha256.h"
#include "src/nn/graph-parts.h"

enum { MOST_INSTRUCTIONS = 65536, MOST_LAYERS = 4096 };

hu_graph *hu_graph_new(const char *name)
{
    hu_graph *g = hu_calloc(1, sizeof *g);
    if (g)
        snprintf(g->name, sizeof g->name, "%s", name);
    return g;
}

void hu_graph_free(hu_graph *g)
{
    if (!g)
        return;
    hu_free(g->instructions);
    hu_free(g->parameters);
    hu_free(g);
}

const char    *hu_operation_name(size_t i)  { return hu_operations[i].name; }
const hu_size *hu_operation_sizes(size_t i) { return hu_operations[i].sizes; }

static const hu_operation *find_operation(const char *name, hu_error *err)
{
    hu_nearest near = hu_nearest_to(name);
    for (const hu_operation *o = hu_operations; o->name; o++) {
        if (strcmp(o->name, name) == 0)
            return o;
        hu_nearest_offer(&near, o->name);
    }
    hu_fail(err, HU_ENAME, near.best ? "model: no operation '%.40s'; did you mean '%s'?" : "model: no operation '%.40s'", name,
            near.best);
    return NULL;
}

/* The last instruction of that name, or n_instructions. */
static size_t find_instruction(const hu_graph *g, const char *name)
{
    for (size_t k = g->n_instructions; k-- > 0;)
        if (strcmp(g->instructions[k].name, name) == 0)
            return k;
    return g->n_instructions;
}

static hu_status name_it(const hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    if (!layer->name) {
        snprintf(i->name, sizeof i->name, "%s.%zu", i->operation->name, g->n_instructions + 1);
        return HU_OK;
    }
    size_t n = strlen(layer->name);
    if (n < 1 || n >= sizeof i->name)
        return hu_fail(err, HU_EINVAL, "model: %.40s: a name takes 1 to %d bytes, not %zu", layer->operation, HU_GRAPH_NAME - 1, n);
    memcpy(i->name, layer->name, n + 1);
    if (find_instruction(g, i->name) < g->n_instructions)
        return hu_fail(err, HU_EINVAL, "model: two instructions are called '%s'", i->name);
    return HU_OK;
}

static hu_status no_instruction(const hu_graph *g, const hu_instruction *i, const char *name, hu_error *err)
{
    hu_nearest near = hu_nearest_to(name);
    for (size_t k = 0; k < g->n_instructions; k++)
        hu_nearest_offer(&near, g->instructions[k].name);
    return hu_fail(err, HU_ENAME, "model: '%s' takes the result of '%.40s', but no earlier instruction is called so%s%s%s",
                   i->name, name, near.best ? "; did you mean '" : "", near.best ? near.best : "", near.best ? "'?" : "");
}

static hu_status connect(const hu_graph *g, hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    size_t wanted = i->operation->n_in, n = 0;
    while (n < HU_GRAPH_INPUTS && layer->from[n])
        n++;
    if (n == 0 && wanted == 1) {
        if (g->n_instructions == 0)
            return hu_fail(err, HU_EINVAL, "model: '%s' comes first, but takes a result; tokens or features come first", i->name);
        i->in[0] = g->n_instructions - 1;
        i->n_in = 1;
        return HU_OK;
    }
    if (n != wanted)
        return hu_fail(err, HU_EINVAL, "model: '%s' takes %zu results, not %zu; from = {...} names them", i->name, wanted, n);
    for (size_t k = 0; k < n; k++) {
        i->in[k] = find_instruction(g, layer->from[k]);
        if (i->in[k] == g->n_instructions)
            return no_instruction(g, i, layer->from[k], err);
    }
    i->n_in = n;
    return HU_OK;
}

static hu_status unknown_size(const hu_instruction *i, const char *name, hu_error *err)
{
    char list[120] = "";
    size_t n = 0;
    for (const hu_size *s = i->operation->sizes; s->name && n < sizeof list; s++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", s->name);
    return hu_fail(err, HU_EINVAL, "model: '%s' (%s) has no size '%.40s'; it has %s", i->name, i->operation->name, name,
                   n ? list : "none");
}

static hu_status read_sizes(hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    const hu_size *sizes = i->operation->sizes;
    for (size_t k = 0; sizes[k].name; k++)
        i->size[k] = sizes[k].otherwise;
    for (size_t j = 0; j <= HU_GRAPH_SIZES && layer->size[j].name; j++) {
        size_t k = 0;
        while (sizes[k].name && strcmp(sizes[k].name, layer->size[j].name) != 0)
            k++;
        if (!sizes[k].name)
            return unknown_size(i, layer->size[j].name, err);
        double value = layer->size[j].value;
        if (!(value >= sizes[k].least && value <= sizes[k].most) || (sizes[k].whole && value != floor(value)))
            return hu_fail(err, HU_ERANGE, "model: '%s': %s is %g; it takes %s from %g to %g", i->name, sizes[k].name, value,
                           sizes[k].whole ? "a whole number" : "a number", sizes[k].least, sizes[k].most);
        i->size[k] = value;
    }
    for (size_t k = 0; sizes[k].name; k++)
        if (isnan(i->size[k]))
            return hu_fail(err, HU_EINVAL, "model: '%s' (%s) needs a size '%s'", i->name, i->operation->name, sizes[k].name);
    return HU_OK;
}

/* Room for one instruction and its parameters more. */
static bool grow(hu_graph *g)
{
    void *more = hu_realloc(g->instructions, (g->n_instructions + 1) * sizeof *g->instructions);
    if (!more)
        return false;
    g->instructions = more;
    more = hu_realloc(g->parameters, (g->n_parameters + HU_GRAPH_PARAMETERS) * sizeof *g->parameters);
    if (!more)
        return false;
    g->parameters = more;
    return true;
}

/* What the kind of an operation means for the graph. */
static void account(hu_graph *g, hu_instruction *i)
{
    const hu_operation *o = i->operation;
    if (o->kind == HU_LAYER) {
        i->layer = g->n_layers++;
        if (!g->loss)
            g->head = i->layer;
    } else if (o->kind == HU_LOSS) {
        g->loss = o;
        g->output = i->in[0];
    }
    if (!g->loss)
        g->output = g->n_instructions;
}

static hu_status check_kind(const hu_graph *g, const hu_instruction *i, hu_error *err)
{
    hu_operation_kind kind = i->operation->kind;
    if (kind == HU_SOURCE && g->n_instructions > 0)
        return hu_fail(err, HU_EINVAL, "model: '%s' comes later than first; a model has one input, tokens or features", i->name);
    if (kind == HU_LOSS && g->loss)
        return hu_fail(err, HU_EINVAL, "model: '%s' is a second loss after %s; a model has one (and penalties)", i->name,
                       g->loss->name);
    if (kind == HU_LAYER && g->n_layers == MOST_LAYERS)
        return hu_fail(err, HU_ERANGE, "model: '%s' would be layer %d; a model has at most %d", i->name, MOST_LAYERS + 1, MOST_LAYERS);
    if (g->n_instructions == MOST_INSTRUCTIONS)
        return hu_fail(err, HU_ERANGE, "model: more than %d instructions", MOST_INSTRUCTIONS);
    return HU_OK;
}

/* What is said about parameters is about one that there is. */
static hu_status check_parameters(const hu_graph *g, const hu_instruction *i, const hu_layer *layer, hu_error *err)
{
    bool own_matrix = i->n_parameters > 0 && !layer->share && g->parameters[i->parameter[0]].decays;
    if (layer->share && i->n_parameters == 0)
        return hu_fail(err, HU_EINVAL, "model: '%s' (%s) has no parameter that '%.60s' could take the place of", i->name,
                       i->operation->name, layer->share);
    if (layer->rate && !own_matrix)
        return hu_fail(err, HU_EINVAL, "model: '%s' (%s) has no matrix of its own, whose learning rate could be multiplied by %g", i->name,
                       i->operation->name, *layer->rate);
    return HU_OK;
}

hu_status hu_graph_add(hu_graph *g, const hu_layer *layer, hu_error *err)
{
    hu_instruction i = {.operation = find_operation(layer->operation, err)};
    if (!i.operation)
        return HU_ENAME;
    size_t n_parameters = g->n_parameters, n_weights = g->n_weights, n_statistics = g->n_statistics;
    hu_extent input = g->input;
    size_t vocabulary = g->vocabulary;
    hu_status status = name_it(g, &i, layer, err);
    if (!status)
        status = check_kind(g, &i, err);
    if (!status)
        status = connect(g, &i, layer, err);
    if (!status)
        status = read_sizes(&i, layer, err);
    if (!status && !grow(g))
        status = hu_fail(err, HU_ENOMEM, "model: out of memory");
    if (!status)
        status = i.operation->extent(g, &i, layer, err);
    if (!status)
        status = check_parameters(g, &i, layer, err);
    if (status) {
        g->n_parameters = n_parameters, g->n_weights = n_weights, g->n_statistics = n_statistics;
        g->input = input, g->vocabulary = vocabulary;
        return status;
    }
    account(g, &i);
    g->instructions[g->n_instructions++] = i;
    return HU_OK;
}

hu_status hu_graph_check(const hu_graph *g, hu_error *err)
{
    if (g->n_instructions == 0)
        return hu_fail(err, HU_EINVAL, "model: there are no instructions; the first is tokens or features");
    if (!g->loss)
        return hu_fail(err, HU_EINVAL, "model: there is no loss; cross_entropy, mean_square or logistic comes last");
    if (g->n_weights == 0)
        return hu_fail(err, HU_EINVAL, "model: there are no parameters to train");
    return HU_OK;
}

void hu_graph_digest(const hu_graph *g, char hex[65])
{
    hu_sha256 s;
    char line[256];
    hu_sha256_init(&s);
    for (size_t k = 0; k < g->n_instructions; k++) {
        const hu_instruction *i = &g->instructions[k];
        int n = snprintf(line, sizeof line, "%s %s", i->operation->name, i->name);
        for (size_t j = 0; j < i->n_in; j++)
            n += snprintf(line + n, sizeof line - (size_t)n, " %zu", i->in[j]);
        for (size_t j = 0; j < i->n_parameters; j++)
            n += snprintf(line + n, sizeof line - (size_t)n, " p%zu", i->parameter[j]);
        hu_sha256_add(&s, line, (size_t)n + 1);
        hu_sha256_add(&s, i->size, sizeof i->size);
    }
    hu_sha256_hex(&s, hex);
}

/* Only BatchNorm has statistics: a mean of every channel, then a variance of every channel; its first size is the momentum. */
void hu_graph_start_statistics(const hu_graph *g, float *statistics)
{
    for (size_t k = 0; k < g->n_instructions; k++) {
        const hu_instruction *i = &g->instructions[k];
        for (size_t j = 0; j < i->n_statistics; j++)
            statistics[i->statistics + j] = j < i->n_statistics / 2 ? 0 : 1;
    }
}

void hu_graph_follow(const hu_graph *g, float *statistics, const float *seen)
{
    for (size_t k = 0; k < g->n_instructions; k++) {
        const hu_instruction *i = &g->instructions[k];
        float momentum = (float)i->size[0], *to = statistics + i->statistics;
        for (size_t j = 0; j < i->n_statistics; j++)
            to[j] += momentum * (seen[i->statistics + j] - to[j]);
    }
}

const char *hu_graph_layer(const hu_graph *g, unsigned layer)
{
    for (size_t k = 0; k < g->n_instructions; k++)
        if (g->instructions[k].operation->kind == HU_LAYER && g->instructions[k].layer == layer)
            return g->instructions[k].name;
    return NULL;
}

/* The weight of a linear product is used once for each row of the result; attention has two products of T T C. */
double hu_graph_multiplications(const hu_graph *g, size_t positions)
{
    double sum = 0;
    for (size_t k = 0; k < g->n_instructions; k++) {
        const hu_instruction *i = &g->instructions[k];
        if (i->operation->kind != HU_LAYER)
            continue;
        double rows = i->extent.sequence ? (double)positions : (double)(i->extent.height * i->extent.width);
        if (i->n_parameters) {
            const hu_parameter *p = &g->parameters[i->parameter[0]];
            sum += rows * (double)p->rows * (double)p->cols;
        } else {
            sum += 2 * rows * rows * (double)i->extent.channels;
        }
    }
    return sum;
}
