/* quire.c - sums of numbers and products of a format without any rounding but the one at the end. */
#include "src/ops/quire.h"

#include "src/base/memory.h"
#include "src/num/sum.h"
#include "src/ops/nan.h"

enum { MOST_BITS = 1 << 20, MOST_MAN_BITS = 62, CARRY_BITS = 31 };

struct hu_quire {
    const hu_format *format;
    hu_sum           sum;
    int              bound;         /* posits: sums are from -2^bound to less than that; 0: no bound  */
    uint64_t         terms;         /* since the sum was empty; fewer than 2^31 do not reach the bound */
    int64_t          digit[];
};

/* Lowest bit and upper bound of numbers of f and their products: multiples of 2^*low, less than 2^*high. */
static void range_of(const hu_format *f, long *low, long *high)
{
    long last = f->emin - f->man_bits, past = f->emax + 1;
    *low = last < 0 ? 2 * last : last;
    *high = past > 0 ? 2 * past : past;
}

hu_quire *hu_quire_new(const hu_format *f, hu_error *err)
{
    long low, high;
    if (f->family->result || f->man_bits > MOST_MAN_BITS) {
        hu_fail(err, HU_EINVAL, "quire: %s; formats with up to %d bits of significand after the first one will do",
                f->family->result ? "the values of a logarithmic format are irrational" : "products of such long numbers are not exact",
                MOST_MAN_BITS);
        return NULL;
    }
    range_of(f, &low, &high);
    if (high - low > MOST_BITS) {
        hu_fail(err, HU_ERANGE, "quire: products of %.60s reach from 2^%ld to 2^%ld; up to %d bits will do", f->name, low, high, MOST_BITS);
        return NULL;
    }
    int n = hu_sum_digits((int)low, (int)high);
    hu_quire *q = hu_malloc(sizeof *q + (size_t)n * sizeof q->digit[0]);
    if (!q) {
        hu_fail(err, HU_ENOMEM, "quire: out of memory for %d digits", n);
        return NULL;
    }
    *q = (hu_quire){.format = f, .bound = f->family == &hu_family_posit ? CARRY_BITS + 2 * f->emax : 0};
    hu_sum_init(&q->sum, q->digit, n, (int)low);
    return q;
}

void hu_quire_free(hu_quire *q)
{
    hu_free(q);
}

const hu_format *hu_quire_format(const hu_quire *q)
{
    return q->format;
}

int hu_quire_bits(const hu_quire *q)
{
    long low, high;
    range_of(q->format, &low, &high);
    return q->bound ? 1 + q->bound + 2 * q->format->emax : (int)(1 + 63 + high - low);
}

void hu_quire_clear(hu_quire *q)
{
    hu_sum_clear(&q->sum);
    q->terms = 0;
}

void hu_quire_preset(hu_quire *q, hu_num x, uint64_t terms)
{
    hu_sum_clear(&q->sum);
    hu_sum_add(&q->sum, x);
    q->terms = terms;
}

/* A posit's quire that has passed its bound is NaR. */
static void check_bound(hu_quire *q)
{
    if (q->bound == 0 || ++q->terms < (UINT64_C(1) << CARRY_BITS))
        return;
    hu_num x = hu_sum_value(&q->sum, false);
    if (x.kind == HU_FINITE && x.exp >= q->bound)            /* -2^bound would have the code of NaR */
        q->sum.nan = true;
}

static void add_number(hu_quire *q, hu_env *env, hu_num x)
{
    bool was_nan = q->sum.nan;
    if (x.kind == HU_NAN && x.signaling)
        env->flags |= HU_INVALID;
    hu_sum_add(&q->sum, x);
    if (!was_nan && q->sum.inf[0] && q->sum.inf[1]) {
        env->flags |= HU_INVALID;
        q->sum.nan = true;
    }
    check_bound(q);
}

static void add_product(hu_quire *q, hu_env *env, hu_code a, hu_code b, bool subtract)
{
    const hu_num x[2] = {hu_decode(q->format, a), hu_decode(q->format, b)};
    hu_num product;
    if (!hu_nan_among(x, 2, env, &product))
        product = hu_exact_mul(env, x);
    product.signaling = false;
    product.negative = product.negative != subtract;
    add_number(q, env, product);
}

void hu_quire_add(hu_quire *q, hu_env *env, hu_code a)
{
    add_number(q, env, hu_decode(q->format, a));
}

void hu_quire_sub(hu_quire *q, hu_env *env, hu_code a)
{
    add_number(q, env, hu_num_negate(hu_decode(q->format, a)));
}

void hu_quire_muladd(hu_quire *q, hu_env *env, hu_code a, hu_code b)
{
    add_product(q, env, a, b, false);
}

void hu_quire_mulsub(hu_quire *q, hu_env *env, hu_code a, hu_code b)
{
    add_product(q, env, a, b, true);
}

void hu_quire_negate(hu_quire *q)
{
    hu_sum_negate(&q->sum);
}

hu_code hu_quire_round(hu_quire *q, const hu_format *to, hu_env *env)
{
    hu_num x = hu_sum_value(&q->sum, env->rounding->is_downward);
    return hu_round(to ? to : q->format, env, x);
}

hu_num hu_quire_value(hu_quire *q)
{
    return hu_sum_value(&q->sum, false);
}
