/* block-fma.body.h - one step of a block FMA for a row of neighboring elements, before its last rounding.
 *
 * Included once a carrier with F, U, MAN, BIAS and C(name). Of the row's element l, term k has the factors a[k] and
 * b[k * HU_STEP_ACROSS + l] with the exponents ea and eb. A product, which has no more bits than F, is scaled by
 * 2^(width - e_max), which is exact or leaves less than one, and loses its fraction where it becomes an integer.
 */

/* 2^exp */
static inline F C(power)(int exp)
{
    U bits = (U)(BIAS + exp) << MAN;
    F x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Terms k .. k + 3, or k alone. */
#define CUT(k) (int32_t)(a[k] * b[(k) * HU_STEP_ACROSS + l] * scale[l])
static void C(add_terms)(int32_t *restrict part, const F *restrict scale, const F *a, const F *restrict b, int k0, int k1)
{
    int k = k0;
    for (; k + 4 <= k1; k += 4)
        for (int l = 0; l < HU_STEP_ACROSS; l++)
            part[l] += (CUT(k) + CUT(k + 1)) + (CUT(k + 2) + CUT(k + 3));
    for (; k < k1; k++)
        for (int l = 0; l < HU_STEP_ACROSS; l++)
            part[l] += CUT(k);
}
#undef CUT

/* The largest exponent of each element. */
static void C(find_top)(int16_t *restrict top, const double *restrict c, const int16_t *ea, const int16_t *restrict eb, const hu_step *s)
{
    for (int l = 0; l < HU_STEP_ACROSS; l++) {
        int64_t bits;
        memcpy(&bits, c + l, sizeof bits);
        int exp = (int)(bits >> 52 & 0x7ff) - 1023;
        exp = exp < s->emin_c ? s->emin_c : exp;
        exp = c[l] == 0 ? HU_STEP_ZERO : exp;
        top[l] = (int16_t)(exp < s->lowest ? s->lowest : exp);
    }
    for (int k = 0; k < s->group; k++)
        for (int l = 0; l < HU_STEP_ACROSS; l++) {
            int16_t exp = (int16_t)(ea[k] + eb[k * HU_STEP_ACROSS + l]);
            top[l] = exp > top[l] ? exp : top[l];
        }
}

static void C(step)(double *restrict sum, const double *restrict c, const F *a, const int16_t *ea, const F *restrict b,
                    const int16_t *restrict eb, const hu_step *s)
{
    int16_t top[HU_STEP_ACROSS];
    F scale[HU_STEP_ACROSS];
    C(find_top)(top, c, ea, eb, s);
    for (int l = 0; l < HU_STEP_ACROSS; l++) {
        scale[l] = C(power)(s->width - top[l]);
        sum[l] = (int32_t)(c[l] * (double)scale[l]);
    }
    for (int k = 0; k < s->group; k += s->room) {
        int32_t part[HU_STEP_ACROSS] = {0};
        C(add_terms)(part, scale, a, b, k, s->group - k < s->room ? s->group : k + s->room);
        for (int l = 0; l < HU_STEP_ACROSS; l++)
            sum[l] += part[l];
    }
    for (int l = 0; l < HU_STEP_ACROSS; l++)
        sum[l] /= (double)scale[l];
}
