/* safetensors.h - named arrays in a file, and weights of llama2.c.
 *
 * A safetensors file is the length of its header (uint64, little-endian), the header (a JSON object: for each name dtype, shape and
 * data_offsets, and under "__metadata__" texts), and the data, end to end.
 * Source: the description of the format at github.com/huggingface/safetensors, "Format".
 */
#ifndef HU_NN_SAFETENSORS_H
#define HU_NN_SAFETENSORS_H

#include "src/tensor/tensor.h"

typedef struct hu_named {
    char     *name;
    hu_tensor tensor;        /* F64 where the file has F64, else F32 */
    size_t    first, last;   /* its bytes in the data                */
} hu_named;

typedef struct hu_safetensors {
    hu_named *list;
    size_t    n;
    char    **about;         /* key, text, key, text, ... of the metadata */
    size_t    n_about;       /* 2 for each */
} hu_safetensors;            /* all zero: an empty one */

void hu_safetensors_clear(hu_safetensors *s);

/* F64, F32, F16, BF16, F8_E4M3 and F8_E5M2 are read. HU_EIO: it cannot be opened; HU_EPARSE: one line says what is wrong: header
 * longer than the file, not JSON, a name twice, sizes that do not fit shape and type, data that overlap or leave holes. */
hu_status hu_safetensors_load(hu_safetensors *s, const char *path, hu_error *err);

/* Tensors as F32 and F64, in the order given; `about` as above. HU_EINVAL: a name twice, or "__metadata__". */
hu_status hu_safetensors_save(const hu_named *list, size_t n, const char *const *about, size_t n_about, const char *path,
                              hu_error *err);

/* The header of llama2.c's version 0: seven int32. vocabulary < 0 there says that the head is not the embedding. */
typedef struct hu_llama2c {
    int32_t width, hidden, layers, heads, kv_heads, vocabulary, context;
    bool    tied;
} hu_llama2c;

/* The header checked, and the weights as named arrays in the file's order: "embedding" [V][C], then for all layers together
 * "attention.norm" [L][C], "q" [L][C][C], "k" and "v" [L][K][C] with K = C kv_heads / heads, "o" [L][C][C], "feed.norm" [L][C],
 * "gate" [L][F][C], "down" [L][C][F], "up" [L][F][C], "norm" [C], and "head" [V][C] where it is not tied. */
hu_status hu_llama2c_load(hu_llama2c *header, hu_safetensors *s, const char *path, hu_error *err);

#endif
