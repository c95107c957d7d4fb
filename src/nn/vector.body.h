/* vector.body.h - sums over a row in a fixed order that vector units can follow: LANES partial sums, then a tree. */

static inline REAL R(fold)(REAL lane[REAL_LANES])
{
    for (int width = REAL_LANES / 2; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            lane[j] += lane[j + width];
    return lane[0];
}

static inline REAL R(sum)(const REAL *a, size_t n)
{
    REAL lane[REAL_LANES] = {0}, rest = 0;
    size_t i = 0;
    for (; i + REAL_LANES <= n; i += REAL_LANES)
        for (int j = 0; j < REAL_LANES; j++)
            lane[j] += a[i + (size_t)j];
    for (; i < n; i++)
        rest += a[i];
    return R(fold)(lane) + rest;
}

static inline REAL R(dot)(const REAL *a, const REAL *b, size_t n)
{
    REAL lane[REAL_LANES] = {0}, rest = 0;
    size_t i = 0;
    for (; i + REAL_LANES <= n; i += REAL_LANES)
        for (int j = 0; j < REAL_LANES; j++)
            lane[j] += a[i + (size_t)j] * b[i + (size_t)j];
    for (; i < n; i++)
        rest += a[i] * b[i];
    return R(fold)(lane) + rest;
}

/* The largest of n >= 1 values; a NaN may or may not be passed over, and comes back in the sum that follows. */
static inline REAL R(largest)(const REAL *a, size_t n)
{
    REAL lane[REAL_LANES];
    for (int j = 0; j < REAL_LANES; j++)
        lane[j] = a[0];
    size_t i = 0;
    for (; i + REAL_LANES <= n; i += REAL_LANES)
        for (int j = 0; j < REAL_LANES; j++)
            lane[j] = a[i + (size_t)j] > lane[j] ? a[i + (size_t)j] : lane[j];
    for (; i < n; i++)
        lane[0] = a[i] > lane[0] ? a[i] : lane[0];
    for (int j = 1; j < REAL_LANES; j++)
        lane[0] = lane[j] > lane[0] ? lane[j] : lane[0];
    return lane[0];
}
