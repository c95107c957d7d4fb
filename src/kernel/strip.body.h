/* strip.body.h - many short blocks of floats at once, each on a grid of its own scale.
 *
 * A scale that is a power of two moves the grid of the element by whole binades: all constants of the loop in quick.body.h get its
 * exponent added, and nothing is scaled at all. Another scale is multiplied by, inverted, in float, with an error of some 2^-23 of the
 * quotient. Where that could matter, because the quotient is near a value or a midpoint, the caller is told.
 */

/* The bits of the largest magnitude of every `size` elements; those of infinities and NaNs are larger than all others. */
static inline __attribute__((always_inline)) void largest_by(uint32_t *most, const float *in, size_t n, size_t size)
{
    for (size_t i = 0, k = 0; i < n; i += size, k++) {
        int32_t top = 0;
        for (size_t j = 0; j < size; j++) {
            int32_t a = (int32_t)(float_bits(in[i + j]) & INT32_MAX);
            top = top > a ? top : a;
        }
        most[k] = (uint32_t)top;
    }
}

#ifdef HU_GROUPS
static uint32_t largest_of_all(const float *in, size_t n);
#else
static uint32_t largest_of_all(const float *in, size_t n)
{
    uint32_t most = 0;
    if (n > 0)
        largest_by(&most, in, n, n);
    return most;
}
#endif

static void largest(uint32_t *most, const float *in, size_t n, size_t size)
{
    size_t whole = n / size * size;
    if (size == 32)
        largest_by(most, in, whole, 32);
    else if (size == 16)
        largest_by(most, in, whole, 16);
    else
        largest_by(most, in, whole, size);
    if (whole < n)
        largest_by(most + n / size, in + whole, n - whole, n - whole);
}

/* out: apart from in. shift: of each element's scale, its exponent at the place of a float's. */
static inline __attribute__((always_inline))
void shifted_by(hu_way way, float *restrict out, const float *restrict in, const uint32_t *restrict shift, size_t n, const hu_grid *grid, hu_seen *seen)
{
    const hu_grid k = *grid;
    const uint32_t sign = UINT32_C(1) << 31, infinity = UINT32_C(0xff) << 23;
    const uint32_t emin = (uint32_t)k.emin << 23, to_c = (uint32_t)k.drop << 23, big = (uint32_t)k.big, max = (uint32_t)k.max;
    const uint32_t tiny0 = (uint32_t)k.tiny[0], tiny1 = (uint32_t)k.tiny[1], over0 = (uint32_t)k.over[0], over1 = (uint32_t)k.over[1];
    const int half_below = 23 - k.drop + 1;
    uint32_t inexact = 0, underflow = 0, overflow = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t u = float_bits(in[i]), negative = 0 - (u >> 31), a = u & (sign - 1), s = shift[i], top = big + s, least = emin + s;
        uint32_t clamped = (int32_t)a < (int32_t)top ? a : top, e = clamped & infinity;
        e = (int32_t)e > (int32_t)least ? e : least;
        float c = float_value(e + to_c);
        uint32_t t = float_bits(float_value(clamped) + c);
        uint32_t y = float_bits(float_value(float_adjust(way, t, c, clamped, e, half_below, negative)) - c);
        uint32_t past = float_below((int32_t)(max + s), (int32_t)y), cut = y ^ a;
        out[i] = float_value(float_either(past, float_either(negative, over1, over0) + s, y | (u & sign)));
        inexact |= cut;
        overflow |= past;
        underflow |= cut & float_below((int32_t)a, (int32_t)(float_either(negative, tiny1, tiny0) + s));
    }
    seen->inexact |= inexact | overflow;
    seen->overflow |= overflow;
    seen->underflow |= underflow;
}

#define X(way) \
static void shifted_##way(float *out, const float *in, const uint32_t *shift, size_t n, const hu_grid *g, hu_seen *seen) \
{ shifted_by(HU_WAY_##way, out, in, shift, n, g, seen); }
HU_FIXED_MAP(X)
#undef X

/* The elements of blocks without their scales: values of the element's format, by bits. */
static void unshift(float *restrict out, const float *restrict in, const uint32_t *restrict shift, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t u = float_bits(in[i]), zero = float_same(u << 1, 0);
        out[i] = float_value(u - (shift[i] & ~zero));
    }
}

/* out = in times inverse. Returns whether for some element that is not to be trusted: the exact quotient may lie on another side of a value or
 * midpoint of the grid, or on one. The inverse is off by two roundings, of 2^-53 and 2^-24 of itself, and its product by one more of 2^-24: together
 * less than 2^-22 of the product. `near` is the value or midpoint nearest to the product and `off`, which is exact, its distance, so that none is
 * nearer than 2^-21 of the product where no doubt is told; half of that would do, 2^-24 would not (tests/c/block-floats.c). Quotients below 2^-60, which is far below the grid's half steps, become that, since processors
 * take their time over subnormal floats. */
static bool quotients(float *restrict out, const float *restrict in, const float *restrict inverse, size_t n, const hu_grid *grid)
{
    const uint32_t infinity = UINT32_C(0xff) << 23, emin = (uint32_t)grid->emin << 23, to_half = (uint32_t)(grid->drop - 1) << 23;
    const uint32_t least = (UINT32_C(127 - 60) + 127) << 23, reach = UINT32_C(21) << 23;
    uint32_t doubt = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t u = float_bits(in[i]), x = u & INT32_MAX, nonzero = float_below(0, (int32_t)x);
        uint32_t from = least - (float_bits(inverse[i]) & infinity);
        x = (int32_t)x > (int32_t)from ? x : from & nonzero;
        uint32_t a = float_bits(float_value(x) * inverse[i]), e = a & infinity;
        e = (int32_t)e > (int32_t)emin ? e : emin;
        float c = float_value(e + to_half), near = (float_value(a) + c) - c;
        uint32_t off = float_bits(float_value(a) - near) & INT32_MAX;
        doubt |= float_below((int32_t)off, (int32_t)(a - reach)) & nonzero;
        out[i] = float_value(a | (u & ~(uint32_t)INT32_MAX));
    }
    return doubt != 0;
}

/* out = in times by, rounded once; zero: added, -0 or, to make zeros positive, 0. */
static void products(float *restrict out, const float *restrict in, const double *restrict by, size_t n, float zero)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)((double)in[i] * by[i]) + zero;
}
