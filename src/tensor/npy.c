/* npy.c - arrays to and from NumPy's .npy files, version 1.0.
 *
 * Ten bytes (magic, version, length of the header), a header that is a Python dictionary in text, and the
 * elements. Only what we write ourselves is read: little-endian f4 and f8 in C order.
 * Source: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".
 */
#include "src/base/file.h"
#include "src/tensor/tensor.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "npy.c writes the machine's bytes as they are, and the files hold little-endian ones"
#endif

enum { PREFIX = 10, HEADER_MAX = 65535 };

static const char magic[8] = "\x93NUMPY\x01";    /* with version 1.0: the 0 is the string's own */

static size_t element_bytes(const hu_tensor *t)
{
    return t->dtype == HU_F32 ? sizeof(float) : sizeof(double);
}

/* The dictionary, filled with spaces so that the elements begin at a multiple of 64. Returns its length. */
static size_t make_header(const hu_tensor *t, char *text, size_t size)
{
    int n = snprintf(text, size, "{'descr': '<f%zu', 'fortran_order': False, 'shape': (", element_bytes(t));
    for (int i = 0; i < t->rank; i++)
        n += snprintf(text + n, size - (size_t)n, t->rank == 1 ? "%zu," : i ? ", %zu" : "%zu", t->shape[i]);
    n += snprintf(text + n, size - (size_t)n, "), }");
    while ((PREFIX + n + 1) % 64)
        text[n++] = ' ';
    text[n++] = '\n';
    return (size_t)n;
}

hu_status hu_tensor_save_npy(const hu_tensor *t, const char *path, hu_error *err)
{
    char header[256];
    size_t length = make_header(t, header, sizeof header - 64);
    unsigned char length_bytes[2] = {(unsigned char)(length & 0xff), (unsigned char)(length >> 8)};

    hu_file file;
    if (hu_file_open(&file, path, err))
        return HU_EIO;
    bool ok = fwrite(magic, 1, 8, file.stream) == 8 && fwrite(length_bytes, 1, 2, file.stream) == 2 &&
              fwrite(header, 1, length, file.stream) == length &&
              fwrite(t->data, element_bytes(t), t->n, file.stream) == t->n;
    return hu_file_close(&file, ok, err);
}

/* After `key` and a colon in the dictionary, or NULL. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    if (!at)
        return NULL;
    at += strlen(key);
    at += strspn(at, " ");
    if (*at++ != ':')
        return NULL;
    return at + strspn(at, " ");
}

/* "(3, 4)" into sizes; returns their number, -1 where it is no such list, -2 for too many. */
static int read_shape(const char *at, size_t shape[HU_MAX_RANK])
{
    int rank = 0;

    if (*at++ != '(')
        return -1;
    for (at += strspn(at, " "); *at != ')'; at += strspn(at, ", ")) {
        char *end;
        if (!isdigit((unsigned char)*at))
            return -1;
        errno = 0;
        unsigned long long size = strtoull(at, &end, 10);
        if (errno || size > SIZE_MAX)
            return -1;
        if (rank == HU_MAX_RANK)
            return -2;
        shape[rank++] = (size_t)size;
        at = end;
    }
    return rank;
}

/* The description of an array by the dictionary. */
static hu_status read_header(const char *header, const char *path, hu_dtype *dtype, int *rank,
                             size_t shape[HU_MAX_RANK], hu_error *err)
{
    const char *descr = value_of(header, "'descr'");
    const char *order = value_of(header, "'fortran_order'");
    const char *sizes = value_of(header, "'shape'");

    if (!descr || !order || !sizes)
        return hu_fail(err, HU_EPARSE, "load_npy: %.150s: the header lacks descr, fortran_order or shape", path);
    if (strncmp(descr, "'<f4'", 5) != 0 && strncmp(descr, "'<f8'", 5) != 0)
        return hu_fail(err, HU_EPARSE, "load_npy: %.120s: elements of type %.*s; only '<f4' and '<f8' are read",
                       path, (int)strcspn(descr, ",} \n") < 20 ? (int)strcspn(descr, ",} \n") : 20, descr);
    if (strncmp(order, "False", 5) != 0)
        return hu_fail(err, HU_EPARSE, "load_npy: %.150s: the array is in Fortran order; only C order is read", path);
    *dtype = descr[3] == '4' ? HU_F32 : HU_F64;
    *rank = read_shape(sizes, shape);
    if (*rank == -2)
        return hu_fail(err, HU_EPARSE, "load_npy: %.150s: more than %d indices", path, HU_MAX_RANK);
    if (*rank < 0)
        return hu_fail(err, HU_EPARSE, "load_npy: %.150s: the shape is not a list of sizes", path);
    return HU_OK;
}

/* Whether the file holds as many bytes from here on; a pipe cannot be asked and is believed. */
static bool holds(FILE *file, size_t n, size_t size)
{
    long here = ftell(file);
    if (here < 0 || fseek(file, 0, SEEK_END) != 0)
        return true;
    long end = ftell(file);
    return fseek(file, here, SEEK_SET) == 0 && end >= here && (n == 0 || (size_t)(end - here) / size >= n);
}

static hu_status load(hu_tensor *t, FILE *file, const char *path, char header[HEADER_MAX + 1], hu_error *err)
{
    unsigned char prefix[PREFIX];
    hu_dtype dtype = HU_F64;
    int rank = 0;
    size_t shape[HU_MAX_RANK];

    if (fread(prefix, 1, PREFIX, file) != PREFIX || memcmp(prefix, magic, 6) != 0)
        return hu_fail(err, HU_EPARSE, "load_npy: %.150s: this is not a .npy file", path);
    if (memcmp(prefix, magic, 8) != 0)
        return hu_fail(err, HU_EPARSE, "load_npy: %.150s: version %d.%d; only 1.0 is read", path, prefix[6], prefix[7]);
    size_t length = prefix[8] | (size_t)prefix[9] << 8;
    if (fread(header, 1, length, file) != length)
        return hu_fail(err, HU_EPARSE, "load_npy: %.150s: the file ends within its header", path);
    header[length] = 0;
    hu_status status = read_header(header, path, &dtype, &rank, shape, err);
    if (status != HU_OK)
        return status;

    size_t n = 1, size = dtype == HU_F32 ? sizeof(float) : sizeof(double);
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(n, shape[i], &n))
            return hu_fail(err, HU_EPARSE, "load_npy: %.150s: the shape has more elements than can be counted", path);
    if (!holds(file, n, size))
        return hu_fail(err, HU_EPARSE, "load_npy: %.150s: the file ends before its %zu elements do", path, n);

    hu_tensor made = {0};
    status = hu_tensor_init(&made, dtype, rank, shape, err);
    if (status != HU_OK)
        return status;
    if (fread(made.data, size, n, file) != n) {
        hu_tensor_clear(&made);
        return hu_fail(err, HU_EPARSE, "load_npy: %.150s: the file ends before its %zu elements do", path, n);
    }
    *t = made;
    return HU_OK;
}

hu_status hu_tensor_load_npy(hu_tensor *t, const char *path, hu_error *err)
{
    char header[HEADER_MAX + 1];
    FILE *file = fopen(path, "rb");

    if (!file)
        return hu_fail(err, HU_EIO, "load_npy: %.150s: %s", path, strerror(errno));
    hu_status status = load(t, file, path, header, err);
    fclose(file);
    return status;
}
