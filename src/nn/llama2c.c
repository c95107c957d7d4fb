/* llama2c.c - weights of a language model in the file of llama2.c, version 0.
 *
 * Seven int32, then all weights as float32, the matrices of one kind for all layers together; two tables of angles
 * [context][C / heads / 2] lie before the head and are not needed.
 * Source: the file format as written by export.py of github.com/karpathy/llama2.c, version 0.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/nn/safetensors.h"

static hu_status check_header(const hu_llama2c *h, const char *path, hu_error *err)
{
    const struct { const char *name; int32_t value, most; } fields[] = {
        {"dim", h->width, 1 << 16},      {"hidden_dim", h->hidden, 1 << 18}, {"n_layers", h->layers, 1024},
        {"n_heads", h->heads, 1 << 12},  {"n_kv_heads", h->kv_heads, 1 << 12}, {"vocab_size", h->vocabulary, 1 << 20},
        {"seq_len", h->context, 1 << 20},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].value < 1 || fields[i].value > fields[i].most)
            return hu_fail(err, HU_EPARSE, "llama2c: %.140s: %s is %d; it takes 1 to %d", path, fields[i].name, (int)fields[i].value,
                           (int)fields[i].most);
    if (h->width % (2 * h->heads) || h->heads % h->kv_heads)
        return hu_fail(err, HU_EPARSE, "llama2c: %.140s: %d heads of %d channels, %d for keys; they do not divide evenly", path, (int)h->heads,
                       (int)h->width, (int)h->kv_heads);
    return HU_OK;
}

/* What is in the file, in its order; a name "" is passed over. */
typedef struct part {
    const char *name;
    int         rank;
    size_t      shape[3];
} part;

enum { PARTS = 14 };

static int list_parts(part p[PARTS], const hu_llama2c *h)
{
    size_t c = (size_t)h->width, f = (size_t)h->hidden, l = (size_t)h->layers, v = (size_t)h->vocabulary;
    size_t d = c / (size_t)h->heads, k = d * (size_t)h->kv_heads, t = (size_t)h->context;
    const part all[PARTS] = {
        {"embedding", 2, {v, c}}, {"attention.norm", 2, {l, c}}, {"q", 3, {l, c, c}}, {"k", 3, {l, k, c}}, {"v", 3, {l, k, c}},
        {"o", 3, {l, c, c}}, {"feed.norm", 2, {l, c}}, {"gate", 3, {l, f, c}}, {"down", 3, {l, c, f}}, {"up", 3, {l, f, c}},
        {"norm", 1, {c}}, {"", 2, {t, d / 2}}, {"", 2, {t, d / 2}}, {"head", 2, {v, c}},
    };
    memcpy(p, all, sizeof all);
    return h->tied ? PARTS - 1 : PARTS;
}

static size_t size_of(const part *p)
{
    size_t n = 1;
    for (int i = 0; i < p->rank; i++)
        n *= p->shape[i];            /* the header's limits: at most 2^10 2^18 2^16 */
    return n;
}

static hu_status read_part(hu_safetensors *s, const part *p, FILE *file, hu_error *err)
{
    if (!*p->name)
        return fseek(file, (long)(size_of(p) * sizeof(float)), SEEK_CUR) == 0 ? HU_OK : hu_fail(err, HU_EIO, "llama2c: seek failed");
    hu_named *to = &s->list[s->n];
    *to = (hu_named){.name = hu_strdup(p->name)};
    s->n++;
    if (!to->name)
        return hu_fail(err, HU_ENOMEM, "llama2c: out of memory");
    hu_status status = hu_tensor_init(&to->tensor, HU_F32, p->rank, p->shape, err);
    if (!status && fread(to->tensor.data, sizeof(float), to->tensor.n, file) != to->tensor.n)
        status = hu_fail(err, HU_EPARSE, "llama2c: the file ends too early");
    return status;
}

static hu_status read_file(hu_llama2c *h, hu_safetensors *s, FILE *file, const char *path, hu_error *err)
{
    int32_t raw[7];
    part parts[PARTS];
    if (fread(raw, sizeof *raw, 7, file) != 7)
        return hu_fail(err, HU_EPARSE, "llama2c: %.160s: the file is shorter than its header", path);
    *h = (hu_llama2c){raw[0], raw[1], raw[2], raw[3], raw[4], raw[5] == INT32_MIN ? 0 : raw[5] < 0 ? -raw[5] : raw[5], raw[6], raw[5] > 0};
    hu_status status = check_header(h, path, err);
    if (status)
        return status;
    int n = list_parts(parts, h);
    size_t wanted = sizeof raw, size = 0;
    for (int i = 0; i < n; i++)
        wanted += size_of(&parts[i]) * sizeof(float);
    if (fseek(file, 0, SEEK_END) == 0)
        size = (size_t)ftell(file);
    if (size != wanted || fseek(file, (long)sizeof raw, SEEK_SET) != 0)
        return hu_fail(err, HU_EPARSE, "llama2c: %.140s: %zu bytes; a model of that header takes %zu", path, size, wanted);
    s->list = hu_calloc(PARTS, sizeof *s->list);
    if (!s->list)
        return hu_fail(err, HU_ENOMEM, "llama2c: out of memory");
    for (int i = 0; i < n && !status; i++)
        status = read_part(s, &parts[i], file, err);
    return status;
}

hu_status hu_llama2c_load(hu_llama2c *h, hu_safetensors *s, const char *path, hu_error *err)
{
    *s = (hu_safetensors){0};
    FILE *file = hu_file_to_read(path);
    if (!file)
        return hu_fail(err, HU_EIO, "llama2c: cannot open %.160s: %s", path, strerror(errno));
    hu_status status = read_file(h, s, file, path, err);
    fclose(file);
    if (status)
        hu_safetensors_clear(s);
    return status;
}
