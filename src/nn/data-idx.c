/* data-idx.c - images and labels from IDX files, as of MNIST. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/nn/data.h"

enum { MOST_RANK = 4 };

/* An open file: what its header says, and what has been checked of it. */
typedef struct idx {
    FILE       *file;
    const char *path;
    int         rank;
    size_t      size[MOST_RANK], n;      /* n: their product */
} idx;

static hu_status bad(const idx *f, const char *what, hu_error *err)
{
    return hu_fail(err, HU_EPARSE, "idx: %.160s: %s", f->path, what);
}

/* The bytes from here to the end; SIZE_MAX where it cannot be said. */
static size_t rest(FILE *file)
{
    long here = ftell(file);
    if (here < 0 || fseek(file, 0, SEEK_END) != 0)
        return SIZE_MAX;
    long end = ftell(file);
    return fseek(file, here, SEEK_SET) == 0 && end >= here ? (size_t)(end - here) : SIZE_MAX;
}

static hu_status read_header(idx *f, hu_error *err)
{
    unsigned char magic[4], size[4];
    if (fread(magic, 1, 4, f->file) != 4 || magic[0] != 0 || magic[1] != 0)
        return bad(f, "this is not an IDX file: it does not begin with two zero bytes, a type and a rank", err);
    if (magic[2] != 8)
        return hu_fail(err, HU_EPARSE, "idx: %.160s: elements of type 0x%02x; only unsigned bytes (0x08) are read", f->path, magic[2]);
    f->rank = magic[3];
    if (f->rank < 1 || f->rank > MOST_RANK)
        return hu_fail(err, HU_EPARSE, "idx: %.160s: %d indices; 1 to %d are read", f->path, f->rank, MOST_RANK);
    f->n = 1;
    for (int i = 0; i < f->rank; i++) {
        if (fread(size, 1, 4, f->file) != 4)
            return bad(f, "the file ends within its header", err);
        f->size[i] = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
        if (__builtin_mul_overflow(f->n, f->size[i], &f->n))
            return bad(f, "the sizes have more elements than can be counted", err);
    }
    size_t left = rest(f->file);
    if (left != SIZE_MAX && left != f->n)
        return hu_fail(err, HU_EPARSE, "idx: %.140s: the header promises %zu bytes, %zu follow", f->path, f->n, left);
    return HU_OK;
}

static hu_status open_idx(idx *f, const char *path, hu_error *err)
{
    *f = (idx){.path = path, .file = fopen(path, "rb")};
    return f->file ? HU_OK : hu_fail(err, HU_EIO, "idx: cannot open %.160s: %s", path, strerror(errno));
}

static hu_status next_byte(const idx *f, unsigned char *out, size_t n, hu_error *err)
{
    return fread(out, 1, n, f->file) == n ? HU_OK : bad(f, "the file ends before its elements do", err);
}

/* Examples of [height][width][channels], as far as there are such sizes. */
static hu_status read_images(hu_data *d, idx *f, hu_error *err)
{
    size_t n = f->size[0], each = f->n && n ? f->n / n : 0;
    if (f->rank < 2 || each == 0)
        return bad(f, "images need at least two sizes, examples and pixels, none of them 0", err);
    if (each > (size_t)1 << 24)
        return bad(f, "an example has more than 2^24 numbers", err);
    hu_status status = hu_data_init(d, n, each, 1, 0, err);
    d->height = f->size[1], d->width = f->rank > 2 ? f->size[2] : 1, d->channels = f->rank > 3 ? f->size[3] : 1;
    unsigned char *line = status ? NULL : hu_malloc(each);
    if (!status && !line)
        status = hu_fail(err, HU_ENOMEM, "idx: out of memory");
    for (size_t i = 0; i < n && !status; i++) {
        status = next_byte(f, line, each, err);
        for (size_t j = 0; !status && j < each; j++)
            d->features[i * each + j] = (float)line[j] / 255.0f;
    }
    hu_free(line);
    return status;
}

static hu_status read_labels(hu_data *d, idx *f, hu_error *err)
{
    size_t n = d->n_train;
    if (f->rank != 1)
        return bad(f, "labels have one size", err);
    if (f->size[0] != n)
        return hu_fail(err, HU_EPARSE, "idx: %.140s: %zu labels for %zu images", f->path, f->size[0], n);
    hu_status status = HU_OK;
    for (size_t i = 0; i < n && !status; i++) {
        unsigned char c = 0;
        status = next_byte(f, &c, 1, err);
        d->classes[i] = c;
        if (c >= d->n_classes)
            d->n_classes = (size_t)c + 1;
    }
    return status;
}

hu_status hu_data_load_idx(hu_data *d, const char *images, const char *labels, double heldout, hu_error *err)
{
    idx x = {0}, y = {0};
    *d = (hu_data){0};
    hu_status status = open_idx(&x, images, err);
    if (!status && labels)
        status = open_idx(&y, labels, err);
    if (!status)
        status = read_header(&x, err);
    if (!status && labels)
        status = read_header(&y, err);
    if (!status)
        status = read_images(d, &x, err);
    if (!status && labels)
        status = read_labels(d, &y, err);
    d->unlabeled = !labels;
    if (!status)
        status = hu_data_split(d, heldout, err);
    if (x.file)
        fclose(x.file);
    if (y.file)
        fclose(y.file);
    if (status)
        hu_data_clear(d);
    return status;
}
