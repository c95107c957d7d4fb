/* checkpoint.c - a model and its training in a file.
 *
 * A line of text says what it is, a second one the configuration; then follow, as little-endian float32, the weights
 * and, where the trainer was saved too, AdamW's two moments.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/nn/train.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "checkpoints are little-endian");

static const char MAGIC[] = "halfulp checkpoint 1\n";

/* What the second line holds. */
typedef struct header {
    hu_model_config config;
    uint64_t        step;
    bool            trained;    /* moments follow the weights */
} header;

#define SECOND_OUT "kind %d layers %zu heads %zu width %zu hidden %zu context %zu vocabulary %zu inputs %zu tied %d " \
                   "deviation %a seed %" PRIu64 " step %" PRIu64 " moments %d\n"
#define SECOND_IN  "kind %d layers %zu heads %zu width %zu hidden %zu context %zu vocabulary %zu inputs %zu tied %d " \
                   "deviation %la seed %" SCNu64 " step %" SCNu64 " moments %d"

static bool write_all(FILE *file, const hu_model *m, const hu_trainer *t)
{
    const hu_model_config *c = &m->config;
    size_t n = m->n_weights;
    return fputs(MAGIC, file) >= 0 &&
           fprintf(file, SECOND_OUT, (int)c->kind, c->layers, c->heads, c->width, c->hidden, c->context, c->vocabulary,
                   c->inputs, (int)c->tied, c->deviation, c->seed, t ? t->step : 0, t != NULL) > 0 &&
           fwrite(m->weights, sizeof(float), n, file) == n &&
           (!t || (fwrite(t->m, sizeof(float), n, file) == n && fwrite(t->v, sizeof(float), n, file) == n));
}

hu_status hu_checkpoint_save(const hu_model *m, const hu_trainer *t, const char *path, hu_error *err)
{
    hu_file file;
    hu_status status = hu_file_open(&file, path, err);
    return status ? status : hu_file_close(&file, write_all(file.stream, m, t), err);
}

static bool read_header(FILE *file, header *h)
{
    char line[1024];
    int kind, tied, moments;
    hu_model_config *c = &h->config;
    if (!fgets(line, sizeof line, file) || strcmp(line, MAGIC) != 0 || !fgets(line, sizeof line, file))
        return false;
    if (sscanf(line, SECOND_IN, &kind, &c->layers, &c->heads, &c->width, &c->hidden, &c->context, &c->vocabulary, &c->inputs,
               &tied, &c->deviation, &c->seed, &h->step, &moments) != 13)
        return false;
    c->kind = (hu_model_kind)kind;
    c->tied = tied != 0;
    h->trained = moments != 0;
    return kind == HU_MODEL_LM || kind == HU_MODEL_MLP;
}

static hu_status open_checkpoint(const char *path, FILE **file, header *h, hu_error *err)
{
    *h = (header){0};
    *file = fopen(path, "rb");
    if (!*file)
        return hu_fail(err, HU_EIO, "checkpoint: cannot open %.180s: %s", path, strerror(errno));
    if (read_header(*file, h))
        return HU_OK;
    fclose(*file);
    return hu_fail(err, HU_EPARSE, "checkpoint: %.180s is not a checkpoint of this program", path);
}

static hu_status too_short(const char *path, hu_error *err)
{
    return hu_fail(err, HU_EPARSE, "checkpoint: %.180s ends too early", path);
}

hu_status hu_checkpoint_load(hu_model *m, const char *path, hu_error *err)
{
    FILE *file;
    header h;
    hu_status status = open_checkpoint(path, &file, &h, err);
    if (status)
        return status;
    status = hu_model_init(m, h.config, err);
    if (!status && fread(m->weights, sizeof(float), m->n_weights, file) != m->n_weights) {
        hu_model_clear(m);
        status = too_short(path, err);
    }
    fclose(file);
    return status;
}

static bool same_model(const hu_model_config *a, const hu_model_config *b)
{
    return a->kind == b->kind && a->layers == b->layers && a->heads == b->heads && a->width == b->width &&
           a->hidden == b->hidden && a->context == b->context && a->vocabulary == b->vocabulary && a->inputs == b->inputs &&
           a->tied == b->tied;
}

/* Everything is read before anything is changed. */
hu_status hu_checkpoint_resume(hu_trainer *t, const char *path, hu_error *err)
{
    FILE *file;
    header h;
    size_t n = t->model->n_weights;
    hu_status status = open_checkpoint(path, &file, &h, err);
    if (status)
        return status;
    float *all = hu_malloc(3 * n * sizeof *all);
    if (!same_model(&h.config, &t->model->config))
        status = hu_fail(err, HU_ESHAPE, "checkpoint: %.180s holds a model of another configuration", path);
    else if (!h.trained)
        status = hu_fail(err, HU_EINVAL, "checkpoint: %.180s holds a model without its training", path);
    else if (!all)
        status = hu_fail(err, HU_ENOMEM, "checkpoint: out of memory");
    else if (fread(all, sizeof *all, 3 * n, file) != 3 * n)
        status = too_short(path, err);
    if (!status) {
        memcpy(t->model->weights, all, n * sizeof *all);
        memcpy(t->m, all + n, n * sizeof *all);
        memcpy(t->v, all + 2 * n, n * sizeof *all);
        t->step = h.step;
        t->diverged = false;
    }
    hu_free(all);
    fclose(file);
    return status;
}
