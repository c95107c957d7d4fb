/* checkpoint.c - a model and its training in a file.
 *
 * A line of text says what it is, a second one the configuration; then follow, as little-endian float32, the weights
 * and, where the trainer was saved too, the two states of its optimizer; then a line that says how many they are, the optimizer and
 * the policy in words as a digest, and the numbers of hu_trainer_numbers as doubles. For a graph a line with its digest follows
 * the second one, and the statistics of BatchNorm follow the weights. The last line is the SHA-256 of all before it; files of
 * version 2 have none.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/sha256.h"
#include "src/nn/train.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "checkpoints are little-endian");

static const char MAGIC[] = "halfulp checkpoint 3\n", MAGIC_2[] = "halfulp checkpoint 2\n";

/* What the second line holds. */
typedef struct header {
    hu_model_config config;
    uint64_t        step;
    bool            trained;    /* moments follow the weights */
    char            graph[HU_SHA256_HEX];    /* digest of a graph; "": it is none */
    size_t          n_statistics;
    bool            has_digest; /* the file ends in its digest */
} header;

/* The last line: "sha256 ", the digest, a line end. */
enum { LAST = 7 + HU_SHA256_HEX };

/* A file under way, and the digest of what it has. */
typedef struct sink {
    FILE     *file;
    hu_sha256 digest;
} sink;

static bool put(sink *s, const void *data, size_t n_bytes)
{
    hu_sha256_add(&s->digest, data, n_bytes);
    return fwrite(data, 1, n_bytes, s->file) == n_bytes;
}

__attribute__((format(printf, 2, 3))) static bool put_line(sink *s, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return n > 0 && n < (int)sizeof line && put(s, line, (size_t)n);
}

#define GRAPH_OUT "graph %s statistics %zu\n"
#define GRAPH_IN  "graph %64s statistics %zu"

#define SECOND_OUT "kind %d layers %zu heads %zu width %zu hidden %zu context %zu vocabulary %zu inputs %zu tied %d " \
                   "deviation %a seed %" PRIu64 " step %" PRIu64 " moments %d units %d\n"
#define SECOND_IN  "kind %d layers %zu heads %zu width %zu hidden %zu context %zu vocabulary %zu inputs %zu tied %d " \
                   "deviation %la seed %" SCNu64 " step %" SCNu64 " moments %d units %d"

#define THIRD_OUT "states %zu %zu numbers %zu optimizer %s policy %s\n"
#define THIRD_IN  "states %zu %zu numbers %zu optimizer %64s policy %64s"

/* Digests of what has to be the same for the states, and for the histories of scales, to mean the same. */
static bool digests_of(const hu_trainer *t, char optimizer[HU_SHA256_HEX], char policy[HU_SHA256_HEX])
{
    char *texts[] = {hu_trainer_text(t), hu_policy_text(&t->config.policy)};
    bool made = texts[0] && texts[1];
    if (made) {
        hu_sha256_of(texts[0], strlen(texts[0]), optimizer);
        hu_sha256_of(texts[1], strlen(texts[1]), policy);
    }
    hu_free(texts[0]);
    hu_free(texts[1]);
    return made;
}

static bool write_trainer(sink *file, const hu_trainer *t)
{
    char optimizer[HU_SHA256_HEX], policy[HU_SHA256_HEX];
    size_t n = hu_trainer_numbers(t);
    double *numbers = hu_malloc(n * sizeof *numbers);
    bool done = numbers && digests_of(t, optimizer, policy);
    if (done) {
        hu_trainer_numbers_save(t, numbers);
        done = put_line(file, THIRD_OUT, t->n_states[0], t->n_states[1], n, optimizer, policy) &&
               put(file, t->states[0], t->n_states[0] * sizeof(float)) && put(file, t->states[1], t->n_states[1] * sizeof(float)) &&
               put(file, numbers, n * sizeof *numbers);
    }
    hu_free(numbers);
    return done;
}

static size_t n_statistics(const hu_model *m)
{
    return m->graph ? m->graph->n_statistics : 0;
}

static bool write_graph(sink *file, const hu_model *m)
{
    char digest[HU_SHA256_HEX];
    if (!m->graph)
        return true;
    hu_graph_digest(m->graph, digest);
    return put_line(file, GRAPH_OUT, digest, n_statistics(m));
}

static bool write_last(sink *file)
{
    char digest[HU_SHA256_HEX];
    hu_sha256_hex(&file->digest, digest);
    return fprintf(file->file, "sha256 %s\n", digest) == LAST;
}

static bool write_all(FILE *stream, const hu_model *m, const hu_trainer *t)
{
    const hu_model_config *c = &m->config;
    sink to = {.file = stream}, *file = &to;
    hu_sha256_init(&to.digest);
    return put_line(file, "%s", MAGIC) &&
           put_line(file, SECOND_OUT, (int)c->kind, c->layers, c->heads, c->width, c->hidden, c->context, c->vocabulary,
                   c->inputs, (int)c->tied, c->deviation, c->seed, t ? t->step : 0, t != NULL, (int)c->units) &&
           write_graph(file, m) && put(file, m->weights, m->n_weights * sizeof(float)) &&
           (n_statistics(m) == 0 || put(file, m->statistics, n_statistics(m) * sizeof(float))) &&
           (!t || write_trainer(file, t)) && write_last(file);
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
    int kind, tied, moments, units;
    hu_model_config *c = &h->config;
    if (!fgets(line, sizeof line, file))
        return false;
    h->has_digest = strcmp(line, MAGIC) == 0;
    if ((!h->has_digest && strcmp(line, MAGIC_2) != 0) || !fgets(line, sizeof line, file))
        return false;
    if (sscanf(line, SECOND_IN, &kind, &c->layers, &c->heads, &c->width, &c->hidden, &c->context, &c->vocabulary, &c->inputs,
               &tied, &c->deviation, &c->seed, &h->step, &moments, &units) != 14)
        return false;
    c->kind = (hu_model_kind)kind;
    c->tied = tied != 0;
    c->units = units != 0;
    h->trained = moments != 0;
    if (kind == HU_MODEL_GRAPH)
        return fgets(line, sizeof line, file) && sscanf(line, GRAPH_IN, h->graph, &h->n_statistics) == 2;
    return kind == HU_MODEL_LM || kind == HU_MODEL_MLP;
}

static hu_status too_short(const char *path, hu_error *err)
{
    return hu_fail(err, HU_EPARSE, "checkpoint: %.180s ends too early", path);
}

/* Whether the file ends in the digest of what is before that. It is left where it was. */
static hu_status check_digest(FILE *file, const char *path, hu_error *err)
{
    char block[16384], last[LAST + 1] = "", digest[HU_SHA256_HEX];
    hu_sha256 sum;
    long here = ftell(file), left = fseek(file, 0, SEEK_END) == 0 ? ftell(file) - LAST : -1;
    if (here < 0 || left < here || fseek(file, 0, SEEK_SET) != 0)
        return too_short(path, err);
    hu_sha256_init(&sum);
    for (size_t n; left > 0 && (n = fread(block, 1, left < (long)sizeof block ? (size_t)left : sizeof block, file)) > 0; left -= (long)n)
        hu_sha256_add(&sum, block, n);
    if (left > 0 || fread(last, 1, LAST, file) != LAST || strncmp(last, "sha256 ", 7) != 0 || fseek(file, here, SEEK_SET) != 0)
        return too_short(path, err);
    hu_sha256_hex(&sum, digest);
    return strncmp(last + 7, digest, strlen(digest)) == 0
        ? HU_OK : hu_fail(err, HU_EPARSE, "checkpoint: %.180s is damaged: its bytes are not those that were written", path);
}

static hu_status open_checkpoint(const char *path, FILE **file, header *h, hu_error *err)
{
    *h = (header){0};
    *file = hu_file_to_read(path);
    if (!*file)
        return hu_fail(err, HU_EIO, "checkpoint: cannot open %.180s: %s", path, strerror(errno));
    hu_status status = read_header(*file, h) ? HU_OK : hu_fail(err, HU_EPARSE, "checkpoint: %.180s is not a checkpoint of this program", path);
    if (!status && h->has_digest)
        status = check_digest(*file, path, err);
    if (status)
        fclose(*file);
    return status;
}

hu_status hu_checkpoint_load(hu_model *m, const char *path, hu_error *err)
{
    FILE *file;
    header h;
    hu_status status = open_checkpoint(path, &file, &h, err);
    if (status)
        return status;
    if (h.config.kind == HU_MODEL_GRAPH)
        status = hu_fail(err, HU_EINVAL, "checkpoint: %.150s holds the weights of a graph; describe the model, then model:load(path)", path);
    else
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
           a->tied == b->tied && a->units == b->units;
}

/* HU_OK where the file is for this model. */
static hu_status check_model(const header *h, const hu_model *m, const char *path, hu_error *err)
{
    char digest[HU_SHA256_HEX] = "";
    if (m->graph)
        hu_graph_digest(m->graph, digest);
    if (same_model(&h->config, &m->config) && strcmp(h->graph, digest) == 0 && h->n_statistics == n_statistics(m))
        return HU_OK;
    return hu_fail(err, HU_ESHAPE, "checkpoint: %.180s holds a model of another configuration", path);
}

/* Weights, then statistics: hu_malloc'ed; NULL where the file ends too early or memory does (err says which). */
static float *read_weights(FILE *file, const hu_model *m, const char *path, hu_error *err)
{
    size_t n = m->n_weights + n_statistics(m);
    float *out = hu_malloc(n * sizeof *out);
    if (!out) {
        hu_fail(err, HU_ENOMEM, "checkpoint: out of memory");
    } else if (fread(out, sizeof *out, n, file) != n) {
        hu_free(out);
        out = NULL;
        too_short(path, err);
    }
    return out;
}

static void take_weights(hu_model *m, const float *from)
{
    memcpy(m->weights, from, m->n_weights * sizeof *from);
    if (n_statistics(m))
        memcpy(m->statistics, from + m->n_weights, n_statistics(m) * sizeof *from);
}

hu_status hu_checkpoint_read(hu_model *m, const char *path, hu_error *err)
{
    FILE *file;
    header h;
    hu_error local = {0};
    hu_status status = open_checkpoint(path, &file, &h, err);
    if (status)
        return status;
    status = check_model(&h, m, path, err);
    float *weights = status ? NULL : read_weights(file, m, path, &local);
    if (weights)
        take_weights(m, weights);
    else if (!status)
        status = hu_fail(err, local.status, "%s", local.text);
    hu_free(weights);
    fclose(file);
    return status;
}

/* What follows the weights: the third line and what it counts. */
typedef struct trained {
    size_t  n_states[HU_OPTIMIZER_STATES], n_numbers;
    float  *states;
    double *numbers;
} trained;

static hu_status read_tail(FILE *file, const hu_trainer *t, trained *tail, const char *path, hu_error *err)
{
    char line[512], optimizer[HU_SHA256_HEX] = "", policy[HU_SHA256_HEX] = "", own[2][HU_SHA256_HEX];
    size_t *n = tail->n_states;
    if (!fgets(line, sizeof line, file) || sscanf(line, THIRD_IN, &n[0], &n[1], &tail->n_numbers, optimizer, policy) != 5)
        return too_short(path, err);
    if (!digests_of(t, own[0], own[1]))
        return hu_fail(err, HU_ENOMEM, "checkpoint: out of memory");
    if (strcmp(optimizer, own[0]) != 0 || n[0] != t->n_states[0] || n[1] != t->n_states[1])
        return hu_fail(err, HU_EINVAL, "checkpoint: %.180s was trained with another optimizer or format of its states", path);
    if (tail->n_numbers > ((size_t)1 << 32))
        return hu_fail(err, HU_EPARSE, "checkpoint: %.180s is not a checkpoint of this program", path);
    tail->states = hu_malloc((n[0] + n[1]) * sizeof *tail->states + 1);
    tail->numbers = hu_malloc(tail->n_numbers * sizeof *tail->numbers + 1);
    if (!tail->states || !tail->numbers)
        return hu_fail(err, HU_ENOMEM, "checkpoint: out of memory");
    if (fread(tail->states, sizeof *tail->states, n[0] + n[1], file) != n[0] + n[1] ||
        fread(tail->numbers, sizeof *tail->numbers, tail->n_numbers, file) != tail->n_numbers)
        return too_short(path, err);
    if (strcmp(policy, own[1]) != 0)            /* another policy begins its histories anew */
        tail->n_numbers = hu_trainer_scalars(t);
    return HU_OK;
}

/* Everything is read before anything is changed. */
hu_status hu_checkpoint_resume(hu_trainer *t, const char *path, hu_error *err)
{
    FILE *file;
    header h;
    trained tail = {0};
    hu_error local = {0};
    hu_status status = open_checkpoint(path, &file, &h, err);
    if (status)
        return status;
    status = check_model(&h, t->model, path, err);
    if (!status && !h.trained)
        status = hu_fail(err, HU_EINVAL, "checkpoint: %.180s holds a model without its training", path);
    float *weights = status ? NULL : read_weights(file, t->model, path, &local);
    if (!status && !weights)
        status = hu_fail(err, local.status, "%s", local.text);
    if (!status)
        status = read_tail(file, t, &tail, path, err);
    if (!status)
        status = hu_trainer_numbers_load(t, tail.numbers, tail.n_numbers, err);
    if (!status) {
        take_weights(t->model, weights);
        memcpy(t->states[0], tail.states, t->n_states[0] * sizeof *tail.states);
        memcpy(t->states[1], tail.states + t->n_states[0], t->n_states[1] * sizeof *tail.states);
        t->step = h.step;
        t->diverged = false;
    }
    hu_free(weights);
    hu_free(tail.states);
    hu_free(tail.numbers);
    fclose(file);
    return status;
}
