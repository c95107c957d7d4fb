/* exact.body.h - the operations in double, rounded to odd where they are not exact; and loads and stores.
 *
 * Addition's error is Knuth's TwoSum, a product's and a quotient's come from fma, that of fma itself is the sign
 * of Boldo and Muller's ErrFma ("Exact and approximated error of the FMA", IEEE TC 60(2), 2011). In double these
 * hold as long as nothing overflows or falls below the subnormals; `wide` functions watch for that.
 */

#define INLINE static inline __attribute__((always_inline))

INLINE double fused(double a, double b, double c)
{
    return __builtin_fma(a, b, c);
}

static const uint64_t SIGN = UINT64_C(1) << 63, INFINITY_BITS = UINT64_C(0x7ff) << 52;

/* Results at or above 2^1022, or below 2^-900 where they are made of products, go through src/ops. */
static const uint64_t LARGE = UINT64_C(2045) << 52, SMALL = UINT64_C(123) << 52;

INLINE uint64_t magnitude(double x)
{
    return double_bits(x) & (SIGN - 1);
}

INLINE bool is_nan(double x)
{
    return (int64_t)magnitude(x) > (int64_t)INFINITY_BITS;
}

INLINE bool is_finite(double x)
{
    return (int64_t)magnitude(x) < (int64_t)INFINITY_BITS;
}

/* s with the true value s + error: one step away from or toward zero if its last bit is even. An error
 * that is not a finite number comes from an operand or a result that is not, and means none. */
INLINE double to_odd(double s, double error)
{
    uint64_t bits = double_bits(s), e = magnitude(error);
    uint64_t off = (e != 0) & ((int64_t)e < (int64_t)INFINITY_BITS) & ~bits;     /* 1: has to move */
    uint64_t apart = (bits ^ double_bits(error)) >> 63;
    return double_value(bits + (off & 1) - (((off & 1) & apart) << 1));
}

INLINE double sum_error(double a, double b, double s)
{
    double t = s - a;
    return (a - (s - t)) + (b - t);
}

/* An exact zero that is a sum of terms which are not both +0 is -0 when rounding down. */
INLINE double downward_zero(double s, double a, double b, bool downward)
{
    bool flip = (double_bits(s) == 0) & ((double_bits(a) | double_bits(b)) != 0) & downward;
    return double_value(double_bits(s) | (flip ? SIGN : 0));
}

typedef struct exact {
    double value;
    bool invalid, divbyzero, doubt;
} exact;

INLINE exact exact_add(double a, double b, bool downward, bool wide)
{
    double s = a + b;
    exact r = {.value = downward_zero(to_odd(s, sum_error(a, b, s)), a, b, downward)};
    r.invalid = is_nan(s) & !is_nan(a) & !is_nan(b);
    if (wide)
        r.doubt = ((int64_t)magnitude(s) >= (int64_t)LARGE) & is_finite(a) & is_finite(b);
    return r;
}

/* Whether a nonzero finite product of finite factors leaves the range where its error is a double. */
INLINE bool product_doubt(double a, double b, double p)
{
    int64_t m = (int64_t)magnitude(p);
    bool finite = is_finite(a) & is_finite(b), nonzero = (magnitude(a) != 0) & (magnitude(b) != 0);
    return finite & nonzero & ((m >= (int64_t)LARGE) | (m < (int64_t)SMALL));
}

INLINE exact exact_mul(double a, double b, bool wide)
{
    double p = a * b;
    exact r = {.value = p, .invalid = is_nan(p) & !is_nan(a) & !is_nan(b)};
    if (wide) {
        r.value = to_odd(p, fused(a, b, -p));
        r.doubt = product_doubt(a, b, p);
    }
    return r;
}

INLINE exact exact_fma(double a, double b, double c, bool downward, bool wide)
{
    double p = a * b;
    if (!wide) {
        exact r = exact_add(p, c, downward, false);
        r.invalid |= is_nan(p) & !is_nan(a) & !is_nan(b);      /* zero times infinity, whatever c is */
        return r;
    }
    double s = fused(a, b, c), low = fused(a, b, -p);
    double sum = c + low, sum_low = sum_error(c, low, sum);
    double high = p + sum, high_low = sum_error(p, sum, high);
    double error = ((high - s) + high_low) + sum_low;
    exact r = {.value = downward_zero(to_odd(s, error), p, c, downward)};
    r.invalid = (is_nan(s) & !is_nan(p) & !is_nan(c)) | (is_nan(p) & !is_nan(a) & !is_nan(b));
    r.doubt = product_doubt(a, b, p)
            | (((int64_t)magnitude(s) >= (int64_t)LARGE) & is_finite(a) & is_finite(b) & is_finite(c));
    return r;
}

INLINE exact exact_div(double a, double b, bool wide)
{
    double q = a / b, rest = fused(-q, b, a);
    double error = double_value(double_bits(rest) ^ (double_bits(b) & SIGN));
    exact r = {.value = to_odd(q, error)};
    r.invalid = is_nan(q) & !is_nan(a) & !is_nan(b);
    r.divbyzero = (magnitude(b) == 0) & (magnitude(a) != 0) & is_finite(a);
    if (wide) {
        int64_t m = (int64_t)magnitude(q);
        bool finite = is_finite(a) & is_finite(b), nonzero = (magnitude(a) != 0) & (magnitude(b) != 0);
        r.doubt = finite & nonzero & ((m >= (int64_t)LARGE) | (m < (int64_t)SMALL) | ((int64_t)magnitude(a) < (int64_t)SMALL));
    }
    return r;
}

INLINE exact exact_sqrt(double a, bool wide)
{
    double s = __builtin_sqrt(a);
    exact r = {.value = to_odd(s, fused(-s, s, a))};
    r.invalid = is_nan(s) & !is_nan(a);
    if (wide)
        r.doubt = (magnitude(a) != 0) & ((int64_t)magnitude(a) < (int64_t)SMALL);
    return r;
}

#define EXACT(name, wide, expression) \
static void name(double *out, const double *a, const double *b, const double *c, size_t n, bool downward, hu_seen *seen) \
{ \
    uint64_t invalid = 0, divbyzero = 0, doubt = 0; \
    for (size_t i = 0; i < n; i++) { \
        exact r = expression; \
        out[i] = r.value; \
        invalid |= r.invalid; \
        divbyzero |= r.divbyzero; \
        if (wide) \
            doubt |= r.doubt; \
    } \
    seen->invalid |= invalid; \
    seen->divbyzero |= divbyzero; \
    seen->doubt |= doubt; \
    (void)b, (void)c, (void)downward; \
}
EXACT(narrow_add,  false, exact_add(a[i], b[i], downward, false))
EXACT(narrow_sub,  false, exact_add(a[i], -b[i], downward, false))
EXACT(narrow_mul,  false, exact_mul(a[i], b[i], false))
EXACT(narrow_div,  false, exact_div(a[i], b[i], false))
EXACT(narrow_fma,  false, exact_fma(a[i], b[i], c[i], downward, false))
EXACT(narrow_sqrt, false, exact_sqrt(a[i], false))
EXACT(wide_add,  true, exact_add(a[i], b[i], downward, true))
EXACT(wide_sub,  true, exact_add(a[i], -b[i], downward, true))
EXACT(wide_mul,  true, exact_mul(a[i], b[i], true))
EXACT(wide_div,  true, exact_div(a[i], b[i], true))
EXACT(wide_fma,  true, exact_fma(a[i], b[i], c[i], downward, true))
EXACT(wide_sqrt, true, exact_sqrt(a[i], true))
#undef EXACT

/* Loads see signaling NaNs, which a conversion makes quiet. */

INLINE uint32_t signaling_f32(uint32_t u)
{
    bool nan = (int32_t)(u & 0x7fffffff) > 0x7f800000;
    return nan ? ~u & 0x00400000 : 0;
}

INLINE uint64_t signaling_f64(uint64_t u)
{
    bool nan = (int64_t)(u & (SIGN - 1)) > (int64_t)INFINITY_BITS;
    return nan ? ~u & UINT64_C(1) << 51 : 0;
}

INLINE
void load_f32_by(double *out, const float *in, size_t n, size_t stride, hu_seen *seen)
{
    uint32_t signaling = 0;
    for (size_t i = 0; i < n; i++) {
        float x = in[i * stride];
        signaling |= signaling_f32(float_bits(x));
        out[i] = x;
    }
    seen->signaling |= signaling;
}

INLINE
void load_f64_by(double *out, const double *in, size_t n, size_t stride, hu_seen *seen)
{
    uint64_t signaling = 0;
    for (size_t i = 0; i < n; i++) {
        double x = in[i * stride];
        signaling |= signaling_f64(double_bits(x));
        out[i] = x;
    }
    seen->signaling |= signaling;
}

static void load_f32(double *out, const float *in, size_t n, size_t stride, hu_seen *seen)
{
    if (stride == 1)
        load_f32_by(out, in, n, 1, seen);
    else
        load_f32_by(out, in, n, stride, seen);
}

static void load_f64(double *out, const double *in, size_t n, size_t stride, hu_seen *seen)
{
    if (stride == 1)
        load_f64_by(out, in, n, 1, seen);
    else
        load_f64_by(out, in, n, stride, seen);
}

/* The values are values of float. */
static void store_f32(float *out, const double *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)in[i];
}
