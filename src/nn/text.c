/* text.c - reading texts from files and folders, and drawing batches from them. */
#include "src/nn/text.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/memory.h"
#include "src/base/random.h"
#include "src/num/num.h"

#define LICENSES "/usr/share/common-licenses"

enum { LEAST_BYTES = 16 };
static const size_t MOST_BYTES = (size_t)1 << 30;

/* The parts of all files so far; bytes of the two parts grow separately. */
typedef struct parts {
    uint8_t *part[2];
    size_t   n[2];
    size_t   n_files;
} parts;

static void parts_clear(parts *p)
{
    hu_free(p->part[0]);
    hu_free(p->part[1]);
}

static bool append(parts *p, int which, const uint8_t *bytes, size_t n)
{
    uint8_t *grown = hu_realloc(p->part[which], p->n[which] + n);
    if (!grown)
        return false;
    memcpy(grown + p->n[which], bytes, n);
    p->part[which] = grown;
    p->n[which] += n;
    return true;
}

/* The whole of a regular file of `size` bytes. */
static hu_status read_file(const char *path, size_t size, uint8_t **bytes, size_t *n, hu_error *err)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return hu_fail(err, HU_EIO, "text: cannot open %.180s: %s", path, strerror(errno));
    *bytes = hu_malloc(size);
    if (!*bytes) {
        fclose(file);
        return hu_fail(err, HU_ENOMEM, "text: out of memory for the %zu bytes of %.160s", size, path);
    }
    *n = fread(*bytes, 1, size, file);
    bool failed = ferror(file);
    int reason = errno;
    fclose(file);
    if (!failed)
        return HU_OK;
    hu_free(*bytes);
    return hu_fail(err, HU_EIO, "text: cannot read %.180s: %s", path, strerror(reason));
}

/* Appends a file, its last `heldout` to the held-out part. */
static hu_status add_file(parts *p, const char *path, const struct stat *info, double heldout, hu_error *err)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    if ((size_t)info->st_size > MOST_BYTES - p->n[0] - p->n[1])
        return hu_fail(err, HU_EINVAL, "text: %.160s makes more than %zu bytes; it takes up to that many", path, MOST_BYTES);
    hu_status status = read_file(path, (size_t)info->st_size, &bytes, &n, err);
    if (status)
        return status;
    size_t last = (size_t)ceil(heldout * (double)n);
    if (!append(p, 0, bytes, n - last) || !append(p, 1, bytes + n - last, last))
        status = hu_fail(err, HU_ENOMEM, "text: out of memory");
    hu_free(bytes);
    p->n_files++;
    return status;
}

typedef struct seen {
    dev_t device;
    ino_t inode;
} seen;

static bool is_new(const seen *list, size_t n, const struct stat *info)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].device == info->st_dev && list[i].inode == info->st_ino)
            return false;
    return true;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static hu_status add_folder(parts *p, const char *folder, double heldout, hu_error *err)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_visible, alphasort);
    if (count < 0)
        return hu_fail(err, HU_EIO, "text: cannot read the folder %.180s: %s", folder, strerror(errno));
    seen *list = hu_calloc((size_t)count, sizeof *list);
    hu_status status = list ? HU_OK : hu_fail(err, HU_ENOMEM, "text: out of memory");
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        struct stat info;
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
        if (status || length >= (int)sizeof path || stat(path, &info) || !S_ISREG(info.st_mode) || !is_new(list, n, &info))
            continue;
        list[n++] = (seen){info.st_dev, info.st_ino};
        status = add_file(p, path, &info, heldout, err);
    }
    free(entries);
    hu_free(list);
    return status;
}

/* One array of both parts. */
static hu_status join(hu_text *t, const parts *p, const char *path, hu_error *err)
{
    if (p->n[0] + p->n[1] == 0)
        return hu_fail(err, HU_EINVAL, "text: %.160s is empty; at least %d bytes are needed", path, LEAST_BYTES);
    if (p->n[0] + p->n[1] < LEAST_BYTES)
        return hu_fail(err, HU_EINVAL, "text: %.160s holds %zu bytes; at least %d are needed", path, p->n[0] + p->n[1],
                       LEAST_BYTES);
    uint8_t *bytes = hu_malloc(p->n[0] + p->n[1]);
    if (!bytes)
        return hu_fail(err, HU_ENOMEM, "text: out of memory");
    memcpy(bytes, p->part[0], p->n[0]);
    memcpy(bytes + p->n[0], p->part[1], p->n[1]);
    *t = (hu_text){.bytes = bytes, .n_train = p->n[0], .n_heldout = p->n[1], .n_files = p->n_files, .entropy_bits = NAN};
    return HU_OK;
}

hu_status hu_text_load(hu_text *t, const char *path, double heldout, hu_error *err)
{
    struct stat info;
    parts p = {0};
    if (!(heldout > 0 && heldout < 1))
        return hu_fail(err, HU_ERANGE, "text: the held-out part is %g; it takes a number between 0 and 1", heldout);
    if (stat(path, &info))
        return hu_fail(err, HU_EIO, "text: cannot open %.180s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return hu_fail(err, HU_EIO, "text: %.180s is neither a file nor a folder", path);
    hu_status status = S_ISDIR(info.st_mode) ? add_folder(&p, path, heldout, err) : add_file(&p, path, &info, heldout, err);
    if (!status)
        status = join(t, &p, path, err);
    parts_clear(&p);
    return status;
}

hu_status hu_text_load_default(hu_text *t, const char *otherwise, double heldout, hu_error *err)
{
    hu_error first = {0};
    hu_status status = hu_text_load(t, LICENSES, heldout, &first);
    if (status == HU_OK)
        return HU_OK;
    if (status != HU_ENOMEM && otherwise)
        return hu_text_load(t, otherwise, heldout, err);
    return hu_fail(err, status, "%s", first.text);
}

void hu_text_clear(hu_text *t)
{
    hu_free(t->bytes);
    *t = (hu_text){0};
}

/* A stream of its own, away from those of initial weights and quantizers. */
static const uint64_t BATCH_STREAM = UINT64_C(0xba7c) << 48;

hu_status hu_text_batch(const hu_text *t, uint64_t seed, uint64_t step, size_t rows, size_t positions,
                        uint8_t *bytes, uint8_t *targets, hu_error *err)
{
    if (t->n_train <= positions)
        return hu_fail(err, HU_EINVAL, "text: the training part holds %zu bytes; a context of %zu needs at least %zu",
                       t->n_train, positions, positions + 1);
    uint64_t places = t->n_train - positions;
    for (size_t b = 0; b < rows; b++) {
        uint64_t word = hu_random_at(seed, BATCH_STREAM, step * rows + b);
        size_t at = (size_t)((hu_u128)word * places >> 64);
        memcpy(bytes + b * positions, t->bytes + at, positions);
        memcpy(targets + b * positions, t->bytes + at + 1, positions);
    }
    return HU_OK;
}

size_t hu_text_pieces(const hu_text *t, bool heldout, size_t positions)
{
    size_t n = heldout ? t->n_heldout : t->n_train;
    return n ? (n - 1) / positions : 0;
}

void hu_text_piece(const hu_text *t, bool heldout, size_t positions, size_t i, uint8_t *bytes, uint8_t *targets)
{
    const uint8_t *from = t->bytes + (heldout ? t->n_train : 0) + i * positions;
    memcpy(bytes, from, positions);
    memcpy(targets, from + 1, positions);
}
