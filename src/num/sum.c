/* sum.c - an exact sum: a fixed-point number so wide that no addition rounds. */
#include "src/num/sum.h"

#include <string.h>

enum { DIGIT = 32, ADDEND_DIGITS = 5, COUNT_BITS = 64, MOST_PENDING = 1 << 30, DOUBLE_LOW = -1075, DOUBLE_SPECIAL = 0x7ff };

int hu_sum_digits(int low, int high)
{
    return (high - low + COUNT_BITS) / DIGIT + 1 + ADDEND_DIGITS;      /* an addend may reach past its own top, with zeros */
}

void hu_sum_init(hu_sum *s, int64_t *digit, int n, int low)
{
    *s = (hu_sum){.digit = digit, .n = n, .low = low};
    hu_sum_clear(s);
}

void hu_sum_clear(hu_sum *s)
{
    memset(s->digit, 0, (size_t)s->n * sizeof *s->digit);
    s->pending = 0;
    s->nan = s->inf[0] = s->inf[1] = s->other = false;
}

/* Every digit but the last to 0 .. 2^32 - 1; the last one has the sign. */
static void settle(hu_sum *s)
{
    int64_t carry = 0;
    for (int i = 0; i < s->n - 1; i++) {
        int64_t digit = s->digit[i] + carry;
        carry = digit >> DIGIT;
        s->digit[i] = digit & UINT32_MAX;
    }
    s->digit[s->n - 1] += carry;
    s->pending = 0;
}

/* s += or -= sig * 2^(low + at), at >= 0 */
static inline void add_bits(hu_sum *s, hu_u128 sig, unsigned at, bool negative)
{
    int64_t *d = s->digit + at / DIGIT, flip = -(int64_t)negative;
    unsigned shift = at % DIGIT;
    hu_u128 low = sig << shift;
    uint32_t top = (uint32_t)((uint64_t)(sig >> 96) >> (DIGIT - shift));
    for (int i = 0; i < ADDEND_DIGITS - 1; i++)
        d[i] += ((int64_t)(uint32_t)(low >> (DIGIT * i)) ^ flip) - flip;
    d[ADDEND_DIGITS - 1] += ((int64_t)top ^ flip) - flip;
    s->other = true;
    if (++s->pending == MOST_PENDING)
        settle(s);
}

static void add_special(hu_sum *s, hu_kind kind, bool negative)
{
    if (kind == HU_NAN)
        s->nan = true;
    else if (kind == HU_INF)
        s->inf[negative] = true;
    s->other = s->other || kind != HU_ZERO || negative;
}

void hu_sum_add(hu_sum *s, hu_num x)
{
    if (x.kind != HU_FINITE) {
        add_special(s, x.kind, x.negative);
        return;
    }
    int bits = hu_num_bits(x);
    add_bits(s, x.sig >> (128 - bits), (unsigned)(x.exp + 1 - bits - s->low), x.negative);
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

bool hu_sum_add_product(hu_sum *s, double a, double b)
{
    uint64_t u = bits_of(a), v = bits_of(b), fraction = UINT64_MAX >> 12, hidden = fraction + 1;
    int u_field = (int)(u >> 52 & DOUBLE_SPECIAL), v_field = (int)(v >> 52 & DOUBLE_SPECIAL);
    bool negative = (u ^ v) >> 63;
    if (u_field == DOUBLE_SPECIAL || v_field == DOUBLE_SPECIAL) {
        hu_num x = hu_num_from_double(a), y = hu_num_from_double(b);
        bool invalid = (x.kind == HU_ZERO && y.kind == HU_INF) || (x.kind == HU_INF && y.kind == HU_ZERO);
        bool nan = x.kind == HU_NAN || y.kind == HU_NAN || invalid;
        add_special(s, nan ? HU_NAN : HU_INF, negative);
        return !invalid;
    }
    hu_u128 product = (hu_u128)((u & fraction) | (u_field ? hidden : 0)) * ((v & fraction) | (v_field ? hidden : 0));
    if (product == 0) {
        s->other = s->other || negative;
        return true;
    }
    int exp = u_field + !u_field + v_field + !v_field + 2 * DOUBLE_LOW;      /* of the product's last bit */
    add_bits(s, product, (unsigned)(exp - s->low), negative);
    return true;
}

void hu_sum_negate(hu_sum *s)
{
    settle(s);
    for (int i = 0; i < s->n; i++)
        s->digit[i] = -s->digit[i];
    bool inf = s->inf[0];
    s->inf[0] = s->inf[1];
    s->inf[1] = inf;
    s->other = true;                                         /* +0 becomes -0 */
}

/* Digit i of the magnitude of a settled sum that is negative or not; `first` is its lowest digit that is not zero. */
static uint32_t magnitude_digit(const hu_sum *s, int i, int first, bool negative)
{
    uint32_t digit = (uint32_t)s->digit[i];
    if (!negative)
        return digit;
    return i < first ? 0 : i == first ? -digit : ~digit;
}

hu_num hu_sum_value(hu_sum *s, bool downward)
{
    settle(s);
    if (s->nan || (s->inf[0] && s->inf[1]))
        return hu_num_nan();
    if (s->inf[0] || s->inf[1])
        return hu_num_inf(s->inf[1]);
    int first = 0, top = s->n - 1;
    while (first < s->n && s->digit[first] == 0)
        first++;
    if (first == s->n)
        return hu_num_zero(downward && s->other);
    bool negative = s->digit[top] < 0;
    while (top > first && magnitude_digit(s, top, first, negative) == 0)
        top--;

    /* The digits from the top one on: 128 bits, and those of a fifth digit that move up. */
    hu_u128 sig = 0;
    uint32_t next = 0;
    for (int i = 0; i < ADDEND_DIGITS; i++) {
        uint32_t digit = top - i >= first ? magnitude_digit(s, top - i, first, negative) : 0;
        if (i < ADDEND_DIGITS - 1)
            sig = sig << DIGIT | digit;
        else
            next = digit;
    }
    int shift = __builtin_clz((uint32_t)(sig >> 96));
    hu_num x = {.kind = HU_FINITE, .negative = negative, .exp = s->low + DIGIT * top + DIGIT - 1 - shift};
    x.sig = sig << shift | (uint64_t)next << shift >> DIGIT;
    x.sticky = (uint32_t)((uint64_t)next << shift) != 0 || first < top - (ADDEND_DIGITS - 1);
    return x;
}
