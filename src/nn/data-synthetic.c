/* data-synthetic.c - made-up examples whose best possible error is known, and shapes in the plane. */
#include <math.h>

#include "src/base/random.h"
#include "src/nn/data.h"

/* The probability that a normal variable of that mean exceeds n - 1 of mean 0: the integral of phi(z - mean) Phi(z)^(n - 1),
 * by the trapezoidal rule, which is exact here up to rounding for steps of 1/16 (the integrand is analytic). */
static double largest_of(double mean, size_t n)
{
    const double step = 1.0 / 16;
    double sum = 0;
    for (int i = -160; i <= 160; i++) {
        double z = mean + i * step, density = exp(-0.5 * (i * step) * (i * step)) / sqrt(2 * M_PI);
        sum += density * pow(0.5 * erfc(-z / M_SQRT2), (double)(n - 1));
    }
    return sum * step;
}

static double bayes_error(const hu_blobs *s)
{
    double mean = s->separation / M_SQRT2, k = (double)s->classes;
    double right = (1 - s->outliers) * largest_of(mean, s->classes) + s->outliers * largest_of(mean / s->outlier_scale, s->classes);
    return 1 - ((1 - s->flips) * right + s->flips * (1 - right) / (k - 1));
}

static hu_status check_blobs(const hu_blobs *s, hu_error *err)
{
    size_t all = s->height * s->width;
    if (s->classes < 2 || s->classes > 256 || s->height < 1 || s->width < 1 || s->height > 4096 || s->width > 4096)
        return hu_fail(err, HU_ERANGE, "synthetic: %zu classes of %zu x %zu; it takes 2 to 256 classes of 1 x 1 to 4096 x 4096",
                       s->classes, s->height, s->width);
    if (s->classes > all)
        return hu_fail(err, HU_ERANGE, "synthetic: %zu classes need as many dimensions; %zu x %zu are %zu", s->classes, s->height,
                       s->width, all);
    if (!(s->separation >= 0 && s->separation <= 1e6) || !(s->outlier_scale > 0 && s->outlier_scale <= 1e6))
        return hu_fail(err, HU_ERANGE, "synthetic: separation %g and outlier_scale %g; they take 0 to 1e6, and above 0 to 1e6",
                       s->separation, s->outlier_scale);
    if (!(s->outliers >= 0 && s->outliers <= 1) || !(s->flips >= 0 && s->flips <= 1 - 1 / (double)s->classes))
        return hu_fail(err, HU_ERANGE, "synthetic: outliers %g and flips %g; they take 0 to 1, and 0 to 1 - 1 / classes = %g",
                       s->outliers, s->flips, 1 - 1 / (double)s->classes);
    if (s->n_train < 1)
        return hu_fail(err, HU_ERANGE, "synthetic: there is nothing to train on; train is at least 1");
    return HU_OK;
}

/* Entry of pattern number k, a product of two cosines of length 1: orthogonal for different k (the cosine transform, DCT-II).
 * Pattern 0 is constant; they are numbered row by row over the frequencies. */
static double pattern(const hu_blobs *s, size_t k, size_t y, size_t x)
{
    size_t u = k / s->width, v = k % s->width;
    double a = sqrt((u ? 2.0 : 1.0) / (double)s->height) * cos(M_PI * ((double)y + 0.5) * (double)u / (double)s->height);
    double b = sqrt((v ? 2.0 : 1.0) / (double)s->width) * cos(M_PI * ((double)x + 0.5) * (double)v / (double)s->width);
    return a * b;
}

/* The frequencies of class c: as square a block of low ones as holds all classes. */
static size_t frequency(const hu_blobs *s, size_t c)
{
    size_t side = 1;
    while (side * (side < s->height ? side : s->height) < s->classes && side < s->width)
        side++;
    return c / side * s->width + c % side;
}

static void blob(const hu_blobs *s, hu_data *d, size_t i)
{
    enum { CHOICES = 0, NOISE = 1 };
    uint64_t seed = hu_random_derive(s->seed, "synthetic"), at = 4 * i;
    size_t n = d->n_features, k = (size_t)(hu_random_uniform_at(seed, CHOICES, at) * (double)s->classes);
    bool is_outlier = hu_random_uniform_at(seed, CHOICES, at + 1) < s->outliers;
    bool is_flipped = hu_random_uniform_at(seed, CHOICES, at + 2) < s->flips;
    double scale = is_outlier ? s->outlier_scale : 1;
    size_t which = frequency(s, k);
    for (size_t j = 0; j < n; j++)
        d->features[i * n + j] = (float)(s->separation / M_SQRT2 * pattern(s, which, j / s->width, j % s->width) +
                                         scale * hu_random_normal_at(seed, NOISE, i * n + j));
    size_t other = (size_t)(hu_random_uniform_at(seed, CHOICES, at + 3) * (double)(s->classes - 1));
    d->classes[i] = (int32_t)(is_flipped ? other + (other >= k) : k);
}

hu_status hu_data_blobs(hu_data *d, hu_blobs s, hu_error *err)
{
    hu_status status = check_blobs(&s, err);
    if (!status)
        status = hu_data_init(d, s.n_train + s.n_heldout, s.height * s.width, s.classes, 0, err);
    if (status)
        return status;
    for (size_t i = 0; i < s.n_train + s.n_heldout; i++)
        blob(&s, d, i);
    d->n_train = s.n_train, d->n_heldout = s.n_heldout;
    d->height = s.height, d->width = s.width, d->channels = 1;
    d->bayes_error = bayes_error(&s);
    return HU_OK;
}

static void moon(float *x, int which, double u)
{
    double angle = M_PI * u;
    x[0] = (float)(which ? 1 - cos(angle) : cos(angle));
    x[1] = (float)(which ? 0.5 - sin(angle) : sin(angle));
}

hu_status hu_data_plane(hu_data *d, hu_plane shape, double noise, size_t n_train, size_t n_heldout, uint64_t seed, hu_error *err)
{
    if (!(noise >= 0 && noise <= 1e3) || n_train < 1)
        return hu_fail(err, HU_ERANGE, "synthetic: noise %g, %zu examples to train on; they take 0 to 1000, and at least 1", noise,
                       n_train);
    size_t n = n_train + n_heldout, kinds = shape == HU_TWO_MOONS ? 2 : 8;
    hu_status status = hu_data_init(d, n, 2, kinds, 0, err);
    if (status)
        return status;
    seed = hu_random_derive(seed, "plane");
    for (size_t i = 0; i < n; i++) {
        size_t k = (size_t)(hu_random_uniform_at(seed, 0, 2 * i) * (double)kinds);
        float *x = d->features + 2 * i;
        if (shape == HU_TWO_MOONS)
            moon(x, (int)k, hu_random_uniform_at(seed, 0, 2 * i + 1));
        else
            x[0] = (float)(2 * cos(M_PI / 4 * (double)k)), x[1] = (float)(2 * sin(M_PI / 4 * (double)k));
        for (size_t j = 0; j < 2; j++)
            x[j] += (float)(noise * hu_random_normal_at(seed, 1, 2 * i + j));
        d->classes[i] = (int32_t)k;
    }
    d->n_train = n_train, d->n_heldout = n_heldout;
    return HU_OK;
}
