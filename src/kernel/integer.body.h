/* integer.body.h - a strip of integer sums: terms added one after the other, wrapping or saturating. Included with T (a signed type), UT (the same
 * without a sign) and C(name) defined.
 *
 * acc[l] += a[k] b[k][l] for the `terms` values of k, upward, for HU_INTEGER_ACROSS sums. `lost`: bits are set where an addition left the range.
 */

/* Modulo 2^(width of T), which says nothing of the range. */
static void C(integer_modular)(void *acc, const void *a, const void *b, size_t terms, const hu_integer_range *r, uint64_t *lost)
{
    UT *sum = acc;
    const UT *x = a, *y = b;
    (void)r, (void)lost;
    for (size_t k = 0; k < terms; k++)
        for (size_t l = 0; l < HU_INTEGER_ACROSS; l++)
            sum[l] += x[k] * y[k * HU_INTEGER_ACROSS + l];
}

/* The next two: T holds a product and a sum of the range together. */
static void C(integer_wrap)(void *acc, const void *a, const void *b, size_t terms, const hu_integer_range *r, uint64_t *lost)
{
    T *sum = acc;
    const T *x = a, *y = b;
    const int shift = (int)(8 * sizeof(T)) - r->bits;
    UT gone = 0;
    for (size_t k = 0; k < terms; k++)
        for (size_t l = 0; l < HU_INTEGER_ACROSS; l++) {
            T t = (T)((UT)sum[l] + (UT)x[k] * (UT)y[k * HU_INTEGER_ACROSS + l]);
            T kept = (T)((UT)t << shift) >> shift;
            gone |= (UT)kept ^ (UT)t;
            sum[l] = kept;
        }
    *lost |= gone != 0;
}

static void C(integer_saturate)(void *acc, const void *a, const void *b, size_t terms, const hu_integer_range *r, uint64_t *lost)
{
    T *sum = acc;
    const T *x = a, *y = b;
    const T low = (T)r->low, high = (T)r->high;
    UT gone = 0;
    for (size_t k = 0; k < terms; k++)
        for (size_t l = 0; l < HU_INTEGER_ACROSS; l++) {
            T t = (T)((UT)sum[l] + (UT)x[k] * (UT)y[k * HU_INTEGER_ACROSS + l]);
            T kept = t < low ? low : t > high ? high : t;
            gone |= (UT)kept ^ (UT)t;
            sum[l] = kept;
        }
    *lost |= gone != 0;
}
