/* subnormal.body.h - whether there are subnormal numbers in an array, for one REAL. */

/* Whether one of n numbers is not zero and nearer to it than the smallest normal number. */
static HU_CLONES bool R(has_subnormals)(const REAL *a, size_t n)
{
    const REAL least = REAL_LEAST;
    unsigned some = 0;
    for (size_t i = 0; i < n; i++)
        some |= (unsigned)(a[i] != 0) & (unsigned)(a[i] < least) & (unsigned)(a[i] > -least);
    return some != 0;
}
