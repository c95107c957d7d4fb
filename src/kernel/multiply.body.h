/* multiply.body.h - L-Mul of arrays, on the bits of doubles (multiply.h). Included by lanes.body.h.
 *
 * The operands have few enough bits and small enough exponents for every step to be exact.
 */

static inline uint64_t lmul_bits_of(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline double lmul_value(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static void lmul(double *out, const double *x, const double *y, size_t n, const hu_lmul *how)
{
    const uint64_t magnitude = INT64_MAX, exponent = UINT64_C(0x7ff) << 52, one = UINT64_C(1023) << 52;
    const int64_t least = (int64_t)how->least, most = (int64_t)how->most;
    const uint64_t more = how->more - one;
    const double offset = how->offset;
    const bool formula = how->formula;
    for (size_t i = 0; i < n; i++) {
        uint64_t u = lmul_bits_of(x[i]), v = lmul_bits_of(y[i]), a = u & magnitude, b = v & magnitude, sign = (u ^ v) & ~magnitude;
        int64_t sum = (int64_t)(a + b + more);
        sum = sum > most ? most : sum < least ? 0 : sum;
        double added = lmul_value((a & ~exponent) | one) + (lmul_value((b & ~exponent) | one) + offset);
        uint64_t real = lmul_bits_of(added * lmul_value(a & exponent) * lmul_value(b & exponent)), result = formula ? real : (uint64_t)sum;
        result = (int64_t)a < least || (int64_t)b < least ? 0 : result;
        double product = x[i] * y[i];
        out[i] = a >= exponent || b >= exponent ? product : lmul_value(result | sign);
    }
}
