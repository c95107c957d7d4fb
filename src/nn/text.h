/* text.h - what a language model learns from: bytes, split into a part to train on and a part held out.
 *
 * Sources: a file, a folder of files, or a made-up source whose entropy is known.
 */
#ifndef HU_NN_TEXT_H
#define HU_NN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/status.h"

typedef struct hu_text {
    uint8_t *bytes;                 /* the training part, then the held-out part              */
    size_t   n_train, n_heldout;
    size_t   n_files;               /* that it was read from; 0: it is made up                */
    double   entropy_bits;          /* of one byte, given all before it; NaN where not known  */
} hu_text;

/* From a file, or from all files of a folder in the order of their names (not of its subfolders; a file that is
 * reached under two names counts once). The last `heldout` (0 < heldout < 1) of every file is held out.
 * HU_EIO: absent or unreadable; HU_EINVAL: fewer than 16 bytes. */
hu_status hu_text_load(hu_text *t, const char *path, double heldout, hu_error *err);

/* The license texts of the system (/usr/share/common-licenses), else the folder `otherwise` (may be NULL).
 * Versions of one license repeat each other: the held-out loss is optimistic. */
hu_status hu_text_load_default(hu_text *t, const char *otherwise, double heldout, hu_error *err);

/* A Markov source: each letter depends on the `order` letters before it. The probabilities after each context
 * are proportional to exp(spread * normal), independent, made from the seed; so are the letters, 'a' and up. */
typedef struct hu_markov {
    size_t   alphabet;   /* 2 to 16                                        */
    size_t   order;      /* 1 to 4, and alphabet^order at most 65536       */
    double   spread;     /* 0: all letters equally likely; at most 20      */
    uint64_t seed;
    size_t   n_train, n_heldout;
} hu_markov;

/* entropy_bits is exact: the mean, over the stationary distribution of contexts, of the entropy after a context. */
hu_status hu_text_markov(hu_text *t, hu_markov source, hu_error *err);

void hu_text_clear(hu_text *t);     /* a zeroed one may be cleared */

/* A batch of `rows` pieces of `positions` bytes of the training part, each with the piece one byte further:
 * bytes and targets [rows][positions]. Where they start is a function of (seed, step, row).
 * HU_EINVAL: the training part is shorter than positions + 1. */
hu_status hu_text_batch(const hu_text *t, uint64_t seed, uint64_t step, size_t rows, size_t positions,
                        uint8_t *bytes, uint8_t *targets, hu_error *err);

/* How many pieces of `positions` bytes, each with its targets, a part of the text holds end to end; and piece i of
 * them: bytes and targets [positions]. */
size_t hu_text_pieces(const hu_text *t, bool heldout, size_t positions);
void   hu_text_piece(const hu_text *t, bool heldout, size_t positions, size_t i, uint8_t *bytes, uint8_t *targets);

/* Bits per byte of the held-out part under an order-2 model of the training part: trigram, bigram and unigram
 * frequencies interpolated by Witten and Bell's rule down to the uniform distribution over 256 bytes.
 *
 *   p(c | h) = (n(h c) + d(h) p(c | shorter h)) / (n(h) + d(h)),   d(h): the number of different bytes seen after h
 *
 * Source: Witten and Bell, "The zero-frequency problem", IEEE Trans. Inf. Theory 37 (1991), method C. 64 MiB. */
hu_status hu_text_trigram_bits(const hu_text *t, double *bits, hu_error *err);

#endif
