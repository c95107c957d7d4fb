/* odd.body.h - sums of floats, rounded to odd: Knuth's TwoSum gives the error, exactly as long as sums stay below 2^127.
 *
 * Products would need an error that is no float where they are small, and go through double (exact.body.h).
 */

/* s with the true value s + error: truncated, and the last bit set where something is cut off. */
INLINE uint32_t float_to_odd(float s, float error)
{
    uint32_t bits = float_bits(s), e = float_bits(error), cut = float_below(0, (int32_t)(e & 0x7fffffff));
    uint32_t apart = 0 - ((bits ^ e) >> 31);
    return (bits + (apart & cut)) | (cut & 1);
}

INLINE bool odd_sum_by(bool is_sub, float *out, const float *a, const float *b, size_t n, bool downward)
{
    const uint32_t flip = is_sub ? UINT32_C(1) << 31 : 0, minus = downward ? UINT32_C(1) << 31 : 0;
    uint32_t beyond = 0;
    for (size_t i = 0; i < n; i++) {
        float x = a[i], y = float_value(float_bits(b[i]) ^ flip);
        float s = x + y, t = s - x, error = (x - (s - t)) + (y - t);
        uint32_t odd = float_to_odd(s, error);
        uint32_t zero = float_same(odd, 0) & ~float_same(float_bits(x) | float_bits(y), 0);      /* not of two +0 */
        odd |= zero & minus;
        out[i] = float_value(odd);
        beyond |= (float_bits(s) & 0x7fffffff) + 0x01000000;          /* its sign bit: 2^127 or more, or no number */
    }
    return beyond >> 31;
}

static bool floats_odd_add(float *out, const float *a, const float *b, const float *c, size_t n, bool downward)
{
    (void)c;
    return odd_sum_by(false, out, a, b, n, downward);
}

static bool floats_odd_sub(float *out, const float *a, const float *b, const float *c, size_t n, bool downward)
{
    (void)c;
    return odd_sum_by(true, out, a, b, n, downward);
}
