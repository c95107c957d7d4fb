/* data.h - what a classifier, a regression or a denoiser learns from: numbers of examples, with a class or numbers to give.
 *
 * The first n_train examples are trained on, the others held out. Classes count from 0.
 */
#ifndef HU_NN_DATA_H
#define HU_NN_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/status.h"

typedef struct hu_data {
    size_t   n_train, n_heldout;
    size_t   n_features;         /* numbers of an example                                            */
    size_t   n_values;           /* numbers that it should give; 0: it has a class                   */
    size_t   n_classes;          /* one more than the largest class                                  */
    float   *features;           /* [n_train + n_heldout][n_features]                                */
    int32_t *classes;            /* [n_train + n_heldout]; NULL where there are values               */
    bool     unlabeled;          /* nobody said which class an example has: nothing can be trained on it, or judged by it */
    float   *values;             /* [n_train + n_heldout][n_values]; NULL where there are classes    */
    size_t   height, width, channels;   /* of the features as an image; 0: they are none             */
    double   bayes_error;        /* smallest share of wrong classes that any classifier reaches; NaN: not known */
    size_t   noise_steps;        /* not 0: examples are to be denoised, as hu_data_denoise says      */
    double  *kept;               /* [noise_steps]: the share of the variance that is left of an example */
} hu_data;

/* Room for examples, zeroed: n_classes > 0 for classes, else n_values. */
hu_status hu_data_init(hu_data *d, size_t n, size_t n_features, size_t n_classes, size_t n_values, hu_error *err);
void      hu_data_clear(hu_data *d);      /* a zeroed one may be cleared */

/* The last `heldout` (0 <= heldout < 1) of the examples, at least one where it is not 0, are held out. HU_EINVAL where nothing is
 * left, HU_ERANGE where a number is not finite or a class is not below n_classes. */
hu_status hu_data_split(hu_data *d, double heldout, hu_error *err);

/* Numbers of an example and numbers to give as a model sees them: more than those of the data where it is denoised. */
size_t hu_data_inputs(const hu_data *d);
size_t hu_data_outputs(const hu_data *d);

/* Training examples drawn by (seed, step, row): features [rows][inputs], and classes [rows] or values [rows][outputs]. */
void hu_data_batch(const hu_data *d, uint64_t seed, uint64_t step, size_t rows, float *features, int32_t *classes, float *values);

/* `rows` examples of a part, from number `first` of it on. */
void hu_data_part(const hu_data *d, bool heldout, size_t first, size_t rows, float *features, int32_t *classes, float *values);

/* The same examples (without classes and values), for a model that learns to denoise them: it sees x_t = sqrt(k_t) x + sqrt(1 - k_t) e and t, from 0 to steps - 1,
 * and gives e, normal. k_t is the product of 1 - b up to t, b going from 1e-4 to 0.02 in 1000 steps, and in proportion to
 * 1000 / steps otherwise (at most 0.999).
 * Source: Ho, Jain, Abbeel, "Denoising diffusion probabilistic models", 2020, equation 14 and section 4. */
hu_status hu_data_denoise(hu_data *out, const hu_data *d, size_t steps, hu_error *err);

/* Classes whose means are orthogonal patterns (products of cosines) of length separation / sqrt(2), so that any two are
 * `separation` apart, with normal noise of deviation 1 around them. An example is an outlier with probability `outliers`: its noise
 * is `outlier_scale` times larger. With probability `flips` its class is then exchanged for another one. */
typedef struct hu_blobs {
    size_t   classes;                     /* 2 to 256, below height * width            */
    size_t   height, width;               /* of the pattern; 1 and n for plain vectors */
    double   separation;                  /* at least 0                                */
    double   outliers, outlier_scale;     /* 0 to 1; above 0                           */
    double   flips;                       /* 0 to 1 - 1 / classes                      */
    size_t   n_train, n_heldout;
    uint64_t seed;
} hu_blobs;

/* bayes_error is that of taking the class whose pattern is nearest, which no classifier can beat: the probability that a normal
 * variable of mean separation / (sqrt(2) scale) is not the largest of `classes` ones, mixed over outliers and flips.
 * By the trapezoidal rule to 1e-12. */
hu_status hu_data_blobs(hu_data *d, hu_blobs source, hu_error *err);

/* Points in the plane: two half circles of radius 1 that reach into each other, or eight normal clusters on a circle of
 * radius 2; `noise` is their deviation. Their class is which of the two or eight. */
typedef enum hu_plane { HU_TWO_MOONS, HU_EIGHT_GAUSSIANS } hu_plane;
hu_status hu_data_plane(hu_data *d, hu_plane shape, double noise, size_t n_train, size_t n_heldout, uint64_t seed, hu_error *err);

/* Images and labels in IDX files, as of MNIST: unsigned bytes, which become numbers from 0 to 1. labels may be NULL: the
 * class of all is 0. The channel is one. HU_EIO: cannot be read; HU_EPARSE names what is wrong with a file.
 * Source: the format's description at the site of the MNIST database: magic 0x0000 type rank, sizes big-endian. */
hu_status hu_data_load_idx(hu_data *d, const char *images, const char *labels, double heldout, hu_error *err);

#endif
