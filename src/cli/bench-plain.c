/* bench-plain.c - a language model trained in plain loops.
 *
 * Written to be as fast as such programs are, not faster: a matrix product shares each weight among eight rows; its backward pass adds
 * multiples of rows, first for the input, then for the weights; attention keeps its weights and goes back through the Jacobian of the softmax.
 * Matrix products, attention forward and the softmax of the logits are shared out to the threads, the rest is done by one.
 *
 * This file alone may change values to be quicker. It asks for that by a pragma: the same wish on the command line of the linker would
 * make the processor flush subnormals to zero in the whole program. The loops exist twice where gcc can choose between them when the program
 * starts: for AVX2, in vectors of 256 bits, as gcc 12 uses for most processors with AVX-512 too, and for every processor of the kind.
 */
#if defined __clang__
#pragma clang fp reassociate(on) contract(fast)
#elif defined __GNUC__
#pragma GCC optimize("O3", "fast-math", "fp-contract=fast")
#endif

#include "src/cli/bench-plain.h"

#include <float.h>
#include <math.h>
#include <string.h>

#if defined __x86_64__ && defined __GLIBC__ && __GNUC__ >= 12 && !defined __clang__ && !defined __SANITIZE_ADDRESS__
#define MACHINE __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define MACHINE
#endif

#include "src/base/memory.h"
#include "src/cli/bench-plain.body.h"

/* Parameters by their number in the model: the embedding, six for each layer, the last norm and the head. */
static float *at(const hu_plain *p, float *flat, size_t layer, size_t k)
{
    return flat + p->trainer->model->parameters[1 + 6 * layer + k].first;
}

static double forward(hu_plain *p, const uint8_t *bytes, const uint8_t *targets)
{
    const hu_model_config *s = &p->trainer->model->config;
    size_t n = p->trainer->config.batch * s->context, c = s->width, f = s->hidden;
    float *x = p->start;
    for (size_t i = 0; i < n; i++)
        memcpy(x + i * c, p->w + bytes[i] * c, c * sizeof *x);
    for (size_t i = 0; i < s->layers; x = p->layer[i++].end) {
        hu_plain_layer *l = &p->layer[i];
        norm(l->norm1, l->root1, x, at(p, p->w, i, 0), n, c);
        linear(l->qkv, l->norm1, at(p, p->w, i, 1), n, c, 3 * c, p->threads);
        rotate(p, l->qkv, 1);
        attention(l->mixed, l->weights, l->qkv, p->trainer->config.batch, s->context, c, s->heads, p->threads);
        linear(p->out, l->mixed, at(p, p->w, i, 2), n, c, c, p->threads);
        add(l->middle, x, p->out, n * c);
        norm(l->norm2, l->root2, l->middle, at(p, p->w, i, 3), n, c);
        linear(l->feed, l->norm2, at(p, p->w, i, 4), n, c, 2 * f, p->threads);
        swiglu(l->gated, l->feed, n, f);
        linear(p->out, l->gated, at(p, p->w, i, 5), n, f, c, p->threads);
        add(l->end, l->middle, p->out, n * c);
    }
    norm(p->norm, p->root, x, at(p, p->w, s->layers, 0), n, c);
    linear(p->logits, p->norm, at(p, p->w, s->layers, 1), n, c, s->vocabulary, p->threads);
    return cross_entropy(p->logits, targets, n, s->vocabulary, p->threads);
}

static void clear(float *x, size_t n) { memset(x, 0, n * sizeof *x); }

static void backward(hu_plain *p, const uint8_t *bytes)
{
    const hu_model_config *s = &p->trainer->model->config;
    size_t n = p->trainer->config.batch * s->context, c = s->width, f = s->hidden, last = s->layers;
    clear(p->g, p->trainer->model->n_weights), clear(p->dx, n * c), clear(p->dnorm, n * c);
    linear_back(p->dnorm, at(p, p->g, last, 1), p->logits, p->norm, at(p, p->w, last, 1), n, c, s->vocabulary, p->threads);
    norm_back(p->dx, at(p, p->g, last, 0), p->dnorm, p->layer[last - 1].end, at(p, p->w, last, 0), p->root, n, c);
    for (size_t i = last; i-- > 0;) {
        const hu_plain_layer *l = &p->layer[i];
        clear(p->dgated, n * f), clear(p->dfeed, 2 * n * f), clear(p->dnorm, n * c), clear(p->dmixed, n * c), clear(p->dqkv, 3 * n * c);
        linear_back(p->dgated, at(p, p->g, i, 5), p->dx, l->gated, at(p, p->w, i, 5), n, f, c, p->threads);
        swiglu_back(p->dfeed, p->dgated, l->feed, n, f);
        linear_back(p->dnorm, at(p, p->g, i, 4), p->dfeed, l->norm2, at(p, p->w, i, 4), n, c, 2 * f, p->threads);
        norm_back(p->dx, at(p, p->g, i, 3), p->dnorm, l->middle, at(p, p->w, i, 3), l->root2, n, c);
        linear_back(p->dmixed, at(p, p->g, i, 2), p->dx, l->mixed, at(p, p->w, i, 2), n, c, c, p->threads);
        attention_back(p->dqkv, p->drow, p->dmixed, l->qkv, l->weights, p->trainer->config.batch, s->context, c, s->heads);
        rotate(p, p->dqkv, -1);
        clear(p->dnorm, n * c);
        linear_back(p->dnorm, at(p, p->g, i, 1), p->dqkv, l->norm1, at(p, p->w, i, 1), n, c, 3 * c, p->threads);
        norm_back(p->dx, at(p, p->g, i, 0), p->dnorm, i ? p->layer[i - 1].end : p->start, at(p, p->w, i, 0), l->root1, n, c);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < c; j++)
            p->g[bytes[i] * c + j] += p->dx[i * c + j];
}

double hu_plain_pass(hu_plain *p, const uint8_t *bytes, const uint8_t *targets)
{
    double loss = forward(p, bytes, targets);
    backward(p, bytes);
    return loss;
}

static void update(hu_plain *p)
{
    const hu_train_config *c = &p->trainer->config;
    const hu_model *model = p->trainer->model;
    double length = sqrt(square(p->g, model->n_weights)), scale = c->clip > 0 && length > c->clip ? c->clip / length : 1;
    double rate = hu_schedule_at(&c->schedule, p->step++);
    for (size_t k = 0; k < model->n_parameters; k++) {
        const hu_parameter *x = &model->parameters[k];
        adamw(p->w + x->first, p->m + x->first, p->v + x->first, p->g + x->first, x->rows * x->cols, &c->adamw, (float)rate,
              x->decays ? (float)c->adamw.decay : 0, (float)scale, (double)p->step);
    }
}

hu_status hu_plain_step(hu_plain *p, hu_error *err)
{
    const hu_train_config *c = &p->trainer->config;
    size_t t = p->trainer->model->config.context;
    uint8_t *targets = p->bytes + c->batch * t;
    hu_status status = hu_text_batch(p->trainer->text, c->seed, p->step, c->batch, t, p->bytes, targets, err);
    if (status)
        return status;
    p->loss = hu_plain_pass(p, p->bytes, targets);
    update(p);
    return HU_OK;
}

/* ---- memory: one block, in the pages that malloc gives to anyone ---- */

/* The next n floats of the block; while there is none, they are counted. */
static void take(hu_plain *p, float **to, size_t n)
{
    if (p->block)
        *to = p->block + p->taken;
    p->taken += n;
}

static void take_all(hu_plain *p, size_t n)
{
    const hu_model_config *s = &p->trainer->model->config;
    size_t c = s->width, f = s->hidden, all = p->trainer->model->n_weights, angles = s->context * (c / s->heads / 2);
    const struct { float **to; size_t n; } arrays[] = {
        {&p->w, all}, {&p->g, all}, {&p->m, all}, {&p->v, all}, {&p->start, n * c}, {&p->norm, n * c}, {&p->root, n}, {&p->out, n * c},
        {&p->logits, n * s->vocabulary}, {&p->dx, n * c}, {&p->dnorm, n * c}, {&p->dqkv, 3 * n * c}, {&p->dmixed, n * c}, {&p->dfeed, 2 * n * f},
        {&p->dgated, n * f}, {&p->drow, 2 * s->context}, {&p->cosine, angles}, {&p->sine, angles},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        take(p, arrays[i].to, arrays[i].n);
    for (size_t i = 0; i < s->layers; i++) {
        hu_plain_layer *l = &p->layer[i];
        float **const wide[] = {&l->norm1, &l->mixed, &l->middle, &l->norm2, &l->end};
        for (size_t k = 0; k < sizeof wide / sizeof *wide; k++)
            take(p, wide[k], n * c);
        take(p, &l->root1, n), take(p, &l->root2, n), take(p, &l->qkv, 3 * n * c), take(p, &l->weights, n * s->heads * s->context);
        take(p, &l->feed, 2 * n * f), take(p, &l->gated, n * f);
    }
}

static bool make(hu_plain *p, size_t n)
{
    p->layer = hu_calloc(p->trainer->model->config.layers, sizeof *p->layer);
    p->bytes = hu_malloc(2 * n);
    if (!p->layer || !p->bytes)
        return false;
    take_all(p, n);
    p->block = hu_malloc(p->taken * sizeof *p->block);
    if (!p->block)
        return false;
    clear(p->block, p->taken);
    p->taken = 0;
    take_all(p, n);
    return true;
}

hu_status hu_plain_init(hu_plain *p, const hu_trainer *t, int threads, hu_error *err)
{
    const hu_model *m = t->model;
    const hu_model_config *s = &m->config;
    *p = (hu_plain){.trainer = t, .threads = threads};
    if (s->kind != HU_MODEL_LM || s->units || s->tied || s->vocabulary != 256 || t->config.batch * s->context % ROWS)
        return hu_fail(err, HU_EINVAL, "the plain trainer takes a language model over 256 bytes, without units, its head not tied, and batches of a multiple of %d bytes", ROWS);
    if (!make(p, t->config.batch * s->context))
        return hu_fail(err, HU_ENOMEM, "out of memory");
    memcpy(p->w, m->weights, m->n_weights * sizeof *p->w);
    size_t pairs = s->width / s->heads / 2;
    for (size_t i = 0; i < s->context * pairs; i++) {
        double angle = (double)(i / pairs) * pow(10000, -(double)(i % pairs) / (double)pairs);
        p->cosine[i] = (float)cos(angle), p->sine[i] = (float)sin(angle);
    }
    return HU_OK;
}

void hu_plain_clear(hu_plain *p)
{
    hu_free(p->layer);
    hu_free(p->bytes);
    hu_free(p->block);
}
