/* codes.body.h - codes of a float format, from its values in a carrier and back, by the bits.
 *
 * Included once a carrier with F, U, S, MAN and C(name) as round.body.h is, and CODES_MAP(X): the types of codes. A normal value's bits, but for those below the format's last
 * one, are its code with the carrier's bias in place of the format's. A subnormal value is a whole number of the smallest one:
 * added to the power of two whose last place that is, it stands in the sum's last bits; the other way it is an
 * integer made a carrier, and scaled.
 */

/* u: bits of a value of the format. */
static inline __attribute__((always_inline)) U C(code_of)(U u, bool same_range, const hu_fields *k)
{
    const U sign = (U)1 << (C(width) - 1), infinity = (sign - 1) & ~(((U)1 << MAN) - 1);
    U a = u & (sign - 1), code = (a >> k->drop) - (U)k->offset;
    if (!same_range) {
        U unit = (U)k->unit, few = C(bits)(C(value)(a) + C(value)(unit)) - unit;
        code = C(either)(C(below)((S)a, (S)k->min_normal), few, code);
    }
    code = C(either)(C(same)(a, infinity), (U)k->inf_code, code) | u >> (C(width) - 1) << (k->width - 1);
    return C(either)(C(below)((S)infinity, (S)a), (U)k->nan_code, code);
}

static inline __attribute__((always_inline)) U C(value_of)(U code, bool same_range, const hu_fields *k)
{
    const U sign = (U)1 << (C(width) - 1), infinity = (sign - 1) & ~(((U)1 << MAN) - 1);
    U m = code & (((U)1 << (k->width - 1)) - 1), a = (m + (U)k->offset) << k->drop;
    U subnormal = C(below)((S)m, (S)1 << k->man_bits);
    if (same_range)
        a &= ~(subnormal & (U)k->reads_zero);
    else
        a = C(either)(subnormal, C(bits)((F)(S)m * C(value)((U)k->least)), a);
    U above = C(below)((S)k->max_code, (S)m), inf = C(same)(m, (U)k->inf_at), nan = (above & ~inf) | C(same)(code, (U)k->nan_at);
    a = C(either)(above, infinity, a);
    a = C(either)(nan, infinity | (U)1 << (MAN - 1), a);
    return a | (code >> (k->width - 1) << (C(width) - 1) & ~nan);
}

/* Codes are made as wide as the carrier and narrowed by a second loop: gcc 12 otherwise narrows every step's result by itself. */
#define CODES(name, T) \
static void C(to_##name)(T *out, const F *in, size_t n, const hu_fields *fields) \
{ \
    enum { PART = 128 }; \
    const hu_fields k = *fields; \
    U codes[PART]; \
    for (size_t i = 0; i < n; i += PART) { \
        size_t m = n - i < PART ? n - i : PART; \
        if (k.same_range) \
            for (size_t j = 0; j < m; j++) \
                codes[j] = C(code_of)(C(bits)(in[i + j]), true, &k); \
        else \
            for (size_t j = 0; j < m; j++) \
                codes[j] = C(code_of)(C(bits)(in[i + j]), false, &k); \
        for (size_t j = 0; j < m; j++) \
            out[i + j] = (T)codes[j]; \
    } \
} \
static void C(from_##name)(F *out, const T *in, size_t n, const hu_fields *fields) \
{ \
    const hu_fields k = *fields; \
    if (k.same_range) \
        for (size_t i = 0; i < n; i++) \
            out[i] = C(value)(C(value_of)((U)in[i], true, &k)); \
    else \
        for (size_t i = 0; i < n; i++) \
            out[i] = C(value)(C(value_of)((U)in[i], false, &k)); \
}
CODES_MAP(CODES)
#undef CODES
