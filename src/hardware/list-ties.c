/* list-ties.c - operands built backwards from results: midpoints of the result's format, and as near to one as can be.
 *
 * With p bits of precision a midpoint has p + 1 bits, the last one set.
 *   mul   a * b = M: a short factor a and the rest b give a tie. The product nearest to one: of 2 p bits with the lower half
 *         2^(p-1) + d, that is b = (2^(p-1) + d) / a modulo 2^p.
 *   div   a / b nearest to M: a 2^(p+1) = M b + r with r = +-1, that is M = -r / b modulo 2^(p+1). No quotient is a midpoint.
 *   sqrt  a 2^k = M^2 - n for a small n = 1 modulo 8 of either sign, with M the square root of n modulo 2^k. No root is a midpoint.
 *   add   b ends half a unit below the last bit of a, or next to that.
 *   fma   ties of mul and add, with a third operand that keeps the tie, or moves the result off it by the least there is.
 *   cvt, rint, integers: the midpoint itself, and the operands next to it.
 * Below the smallest normal: significands shifted right by powers of two, and products just below the smallest normal, which
 * tell tininess before from after rounding.
 * Sources of the methods: Parks, "Number-theoretic test generation for directed rounding", IEEE TC 49(7), 2000 (products,
 * quotients, roots); Hensel lifting for the root.
 */
#include "src/hardware/lister.h"

enum { CASES = 500, LONGEST = 61 };       /* bits of precision up to which the modular methods go by 128-bit integers */

/* sig * 2^exp */
typedef struct part {
    hu_bits sig;
    int exp;
    bool negative;
} part;

static bool is_negative(hu_lister *l)
{
    return hu_lister_bits(l) & 1;
}

static part number(hu_u128 sig, int exp, bool negative)
{
    return (part){hu_bits_from_code(sig), exp, negative};
}

/* sig * 2^exp as a code of the operand's: false where it is none. */
static bool encode(const hu_field *f, const part *x, hu_bits *code)
{
    if (f->format)
        return hu_bits_is_zero(&x->sig) ? hu_code_nearest(f->format, x->negative, &x->sig, 0, code)
                                        : hu_code_nearest(f->format, x->negative, &x->sig, x->exp, code);
    int length = hu_bits_length(&x->sig) + x->exp;
    hu_bits value = hu_bits_shift(&x->sig, x->exp), back = hu_bits_shift(&value, -x->exp), size = hu_bits_one(f->width_bits);
    if (length > f->width_bits - f->is_signed || !hu_bits_equal(&back, &x->sig) || (x->negative && !f->is_signed))
        return false;
    *code = x->negative && length > 0 ? hu_bits_sub(&size, &value) : value;
    return true;
}

static bool add_parts(hu_lister *l, const part *x)
{
    hu_bits code[HU_LISTER_OPERANDS];
    for (int i = 0; i < l->n; i++) {
        if (!encode(&l->task->field[i], &x[i], &code[i]))
            return false;
    }
    hu_lister_add(l, code);
    return true;
}

/* An odd number of n bits. */
static hu_bits odd(hu_lister *l, int n)
{
    hu_bits a = hu_lister_wide(l, n), top = hu_bits_one(n - 1);
    a = hu_bits_or(&a, &top);
    a.word[0] |= 1;
    return a;
}

static hu_bits times(const hu_bits *a, unsigned small)
{
    hu_bits sum = {{0}};
    for (int i = 0; i < 16; i++) {
        if (!(small >> i & 1))
            continue;
        hu_bits shifted = hu_bits_shift(a, i);
        sum = hu_bits_add(&sum, &shifted);
    }
    return sum;
}

static int between(hu_lister *l, int low, int high)
{
    return high <= low ? low : low + hu_lister_below(l, high - low + 1);
}

/* The inverse of an odd number modulo 2^64. */
static uint64_t inverse(uint64_t a)
{
    uint64_t x = a;                                         /* right in 3 bits; each step doubles them */
    for (int i = 0; i < 5; i++)
        x *= 2 - a * x;
    return x;
}

/* A root of n = 1 modulo 8, modulo 2^k: one bit after another. */
static uint64_t root(uint64_t n, int k)
{
    uint64_t x = 1;
    for (int i = 3; i < k; i++) {
        if ((x * x - n) >> i & 1)
            x += UINT64_C(1) << (i - 1);
    }
    return x & (UINT64_MAX >> (64 - k));
}

/* --- products: two parts whose product has its last bit at exponent `last` --- */

/* Two factors with a product of p + 1 bits, the last one set; false: not this time. */
static bool tie_factors(hu_lister *l, int p, part x[2])
{
    int n = between(l, 2, p < 15 ? p : 15), rest = p + 1 - n + hu_lister_below(l, 2);
    if (p < 2 || rest < 1 || rest > p)
        return false;
    hu_bits a = odd(l, n), b = odd(l, rest), product = times(&b, (unsigned)a.word[0]);
    x[0] = (part){a, 0, is_negative(l)};
    x[1] = (part){b, 0, is_negative(l)};
    return hu_bits_length(&product) == p + 1;
}

/* Two factors of p bits whose product lies d units of its last bit beside a midpoint. */
static bool near_factors(hu_lister *l, int p, int d, part x[2])
{
    bool long_one = is_negative(l);                         /* a product of 2 p bits, or of 2 p - 1 */
    int cut = long_one ? p : p - 1;
    uint64_t a = odd(l, p).word[0], low = (UINT64_C(1) << (cut - 1)) + (uint64_t)(int64_t)d;
    uint64_t b = low * inverse(a) & (UINT64_MAX >> (64 - cut));
    if (!long_one)
        b |= UINT64_C(1) << (p - 1);
    x[0] = number(a, 0, is_negative(l));
    x[1] = number(b, 0, is_negative(l));
    return b >> (p - 1) == 1 && (hu_u128)a * b >> (2 * p - 1) == long_one;
}

/* Moves two factors so that the product's highest bit has exponent `top` and both are in the middle of the range. */
static void place(hu_lister *l, const hu_format *f, part x[2], int product_bits, int top)
{
    int last = top - product_bits + 1, length = hu_bits_length(&x[0].sig);
    int a_top = top / 2 + between(l, -2, 2);
    if (f->emax < 4)
        a_top = between(l, f->emin, f->emax);
    x[0].exp = a_top - length + 1;
    x[1].exp = last - x[0].exp;
}

static void swap(hu_lister *l, part x[2])
{
    if (!is_negative(l))
        return;
    part kept = x[0];
    x[0] = x[1];
    x[1] = kept;
}

/* The third operand of fma for a product with the last bit at exponent `last`, d units beside a midpoint. */
static void add_products(hu_lister *l, const hu_format *f, part x[3], int last, int d)
{
    bool negative = x[0].negative != x[1].negative;
    int lowest = f->emin - f->man_bits;
    swap(l, x);
    x[2] = number(0, 0, negative);
    add_parts(l, x);
    if (l->n < 3)
        return;
    x[2] = number(1, between(l, lowest, last - 1), is_negative(l));
    add_parts(l, x);
    x[2] = number(1, lowest, is_negative(l));
    add_parts(l, x);
    if (d != 0) {                                           /* makes it a tie */
        x[2] = number((hu_u128)(d < 0 ? -d : d), last, d < 0 ? negative : !negative);
        add_parts(l, x);
    }
}

static void products(hu_lister *l, const hu_format *f)
{
    int p = f->man_bits + 1;
    for (int i = 0; i < CASES; i++) {
        part x[3];
        int top = between(l, f->emin, f->emax), d = (1 + hu_lister_below(l, 3)) * (is_negative(l) ? -1 : 1);
        if (tie_factors(l, p, x)) {
            place(l, f, x, p + 1, top);
            add_products(l, f, x, top - p, 0);
        }
        if (p >= 4 && p <= LONGEST && near_factors(l, p, d, x)) {
            int bits = (hu_u128)x[0].sig.word[0] * x[1].sig.word[0] >> (2 * p - 1) ? 2 * p : 2 * p - 1;
            place(l, f, x, bits, top);
            add_products(l, f, x, top - bits + 1, d);
        }
    }
}

/* (2^(p-1) + k) (2^p - 2 k) = 2^(2p-1) - 2 k^2, just below a power of two: the smallest normal, and others. */
static void below_powers(hu_lister *l, const hu_format *f)
{
    int p = f->man_bits + 1;
    for (int k = 1; k <= 12 && p >= 3; k++) {
        hu_bits high = hu_bits_one(p), half = hu_bits_one(p - 1), up = {{(uint64_t)k}}, down = {{(uint64_t)(2 * k)}};
        part x[3] = {{hu_bits_add(&half, &up), 0, is_negative(l)}, {hu_bits_sub(&high, &down), 0, is_negative(l)}};
        place(l, f, x, 2 * p - 1, f->emin - 1);
        add_products(l, f, x, f->emin - 2 * p + 1, 0);
    }
}

/* --- quotients and roots --- */

static void quotients(hu_lister *l, const hu_format *f)
{
    int p = f->man_bits + 1;
    for (int i = 0; i < 2 * CASES && p >= 3 && p <= LONGEST; i++) {
        int64_t r = is_negative(l) ? 1 : -1;
        uint64_t b = odd(l, p).word[0];
        uint64_t middle = (uint64_t)-r * inverse(b) & (UINT64_MAX >> (63 - p));
        if (middle >> p == 0)
            continue;
        uint64_t a = (uint64_t)(((hu_u128)middle * b + (hu_u128)(__int128)r) >> (p + 1));
        int top = between(l, f->emin, f->emax);             /* of a / b * 2^(p+1) / 2^(p+1) */
        int b_exp = -top / 2 - p + 1 + between(l, -2, 2);
        add_parts(l, (part[]){number(a, top + 1 + b_exp, is_negative(l)), number(b, b_exp, is_negative(l))});
    }
}

static void roots(hu_lister *l, const hu_format *f)
{
    int p = f->man_bits + 1;
    for (int i = 0; i < CASES && p >= 4 && p + 3 <= LONGEST; i++) {
        uint64_t n = 1 + 8 * (uint64_t)between(l, p > 12 ? -64 : -1, p > 12 ? 63 : 1);    /* modulo 2^64 */
        int k = p + 1 + hu_lister_below(l, 2);
        uint64_t x = root(n, k), size = UINT64_C(1) << k;
        const uint64_t other[] = {x, size - x, (x + size / 2) & (size - 1), (size - x + size / 2) & (size - 1)};
        for (int j = 0; j < 4; j++) {
            hu_u128 square = (hu_u128)other[j] * other[j];
            if (other[j] >> p != 1 || square >> (2 * p + 1) != (hu_u128)(k - p - 1))
                continue;
            int exp = 2 * between(l, f->emin / 2, f->emax / 2) + (k & 1) - 2 * (p / 2);
            add_parts(l, (part[]){number((square - (hu_u128)(int64_t)n) >> k, exp, false)});
        }
    }
}

/* --- numbers that are midpoints themselves, or d units of a bit `below` bits further down --- */

/* The highest bit at exponent top (or half a unit alone), the last place of the format at `unit`. */
static part midpoint(hu_lister *l, int top, int unit, int below, int d)
{
    hu_bits sig = {{1}}, kept = hu_lister_wide(l, top - unit), one = {{1}};
    if (top >= unit) {
        hu_bits lead = hu_bits_one(top - unit);
        kept = hu_bits_or(&kept, &lead);
        kept = hu_bits_shift(&kept, 1);
        sig = hu_bits_or(&kept, &one);
    }
    sig = hu_bits_shift(&sig, below);
    sig = d > 0 ? hu_bits_add(&sig, &one) : d < 0 ? hu_bits_sub(&sig, &one) : sig;
    return (part){sig, unit - 1 - below, is_negative(l)};
}

/* Conversions and rint: midpoints of the target, which is a format or the integers. */
static void midpoints(hu_lister *l, const hu_field *from, const hu_field *to, bool integers)
{
    int p = from->format ? from->format->man_bits + 1 : from->width_bits;
    for (int i = 0; i < 4 * CASES; i++) {
        int top, unit = 0;
        if (integers) {
            top = between(l, -1, to->format ? p : to->width_bits);
        } else {
            const hu_format *f = to->format;
            int lowest = f->emin - f->man_bits, low = lowest - 1, high = f->emax;
            if (!from->format)
                low = 0, high = high < from->width_bits ? high : from->width_bits;
            top = between(l, low, hu_lister_below(l, 4) == 0 ? (f->emin < high ? f->emin : high) : high);
            unit = top - f->man_bits > lowest ? top - f->man_bits : lowest;
        }
        int room = p - (top - unit + 2), d = room > 0 ? between(l, -1, 1) : 0;
        part x = midpoint(l, top, unit, d ? between(l, 1, room) : 0, d);
        add_parts(l, &x);
    }
}

static void sums(hu_lister *l, const hu_format *f)
{
    int p = f->man_bits + 1, lowest = f->emin - f->man_bits;
    for (int i = 0; i < 2 * CASES && p > 1; i++) {
        int unit = between(l, lowest + 1, f->emax - f->man_bits), length = hu_lister_below(l, p - 1);
        int room = p - length - 1, d = room > 0 ? between(l, -1, 1) : 0;
        part x[3] = {{odd(l, p), unit, is_negative(l)},
                     midpoint(l, unit + length - 1, unit, d ? between(l, 1, room) : 0, d)};
        swap(l, x);
        if (l->n == 3) {
            int by = between(l, -2, 2);
            x[2] = x[0];
            x[0] = x[1];
            x[0].exp -= by;
            x[1] = number(1, by, is_negative(l));
        }
        add_parts(l, x);
    }
}

/* The largest value less k units, and k and a half units, or next to that. */
static void sums_past_the_largest(hu_lister *l, const hu_format *f)
{
    int p = f->man_bits + 1, unit = f->emax - f->man_bits;
    for (int i = 0; i < CASES / 2 && p > 1; i++) {
        int length = hu_lister_below(l, p - 1), room = p - length - 1, d = room > 0 ? between(l, -1, 1) : 0;
        hu_bits max = hu_bits_ones(p), k;
        part half = midpoint(l, unit + length - 1, unit, 0, 0);
        k = hu_bits_shift(&half.sig, -1);
        half.sig = hu_bits_shift(&half.sig, d ? room : 0);
        half.exp -= d ? room : 0;
        half.sig = d > 0 ? hu_bits_add(&half.sig, &(hu_bits){{1}}) : d < 0 ? hu_bits_sub(&half.sig, &(hu_bits){{1}}) : half.sig;
        part x[3] = {{hu_bits_sub(&max, &k), unit, is_negative(l)}, half};
        x[1].negative = x[0].negative != (l->task->op == hu_op_find("sub"));
        if (l->n < 3) {
            add_parts(l, x);
            continue;
        }
        x[2] = x[0];
        x[0] = x[1];
        x[1] = number(1, 0, false);
        add_parts(l, x);
    }
}

/* Significands that a power of two moves below the smallest normal, with a midpoint where they are cut. */
static void shifted(hu_lister *l, const hu_format *f, bool by_division)
{
    int p = f->man_bits + 1, lowest = f->emin - f->man_bits;
    for (int i = 0; i < CASES && p > 1; i++) {
        int top = between(l, lowest - 1, f->emin - 1), room = p - (top - lowest + 2), d = room > 0 ? between(l, -1, 1) : 0;
        part x[3] = {midpoint(l, top, lowest, d ? between(l, 1, room) : 0, d)};
        int by = between(l, 1, -lowest / 2);
        x[0].exp += by;
        x[1] = number(1, by_division ? by : -by, is_negative(l));
        x[2] = number(0, 0, is_negative(l));
        add_parts(l, x);
    }
}

void hu_list_ties(hu_lister *l)
{
    const hu_task *t = l->task;
    const hu_field *from = &t->field[0], *to = &t->field[t->n_operands + t->n_random];
    const char *op = t->kind == HU_TASK_OP ? t->op->name : "cvt";
    l->current = HU_CASES_TIES;
    if (t->kind == HU_TASK_CONVERT || op == hu_op_find("rint")->name) {
        midpoints(l, from, to, !to->format || t->kind == HU_TASK_OP);
        return;
    }
    if (op == hu_op_find("mul")->name || op == hu_op_find("fma")->name) {
        products(l, from->format);
        below_powers(l, from->format);
        shifted(l, from->format, false);
    }
    if (op == hu_op_find("add")->name || op == hu_op_find("sub")->name || op == hu_op_find("fma")->name) {
        sums(l, from->format);
        l->current = HU_CASES_OVERFLOW;
        sums_past_the_largest(l, from->format);
        l->current = HU_CASES_TIES;
    }
    if (op == hu_op_find("div")->name) {
        quotients(l, from->format);
        shifted(l, from->format, true);
    }
    if (op == hu_op_find("sqrt")->name)
        roots(l, from->format);
}
