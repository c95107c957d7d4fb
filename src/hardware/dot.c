/* dot.c - a dot product one rounding at a time, with the random words given.
 *
 * The roundings of a chunk: each term's product, if that is rounded, then its sum; pairwise, the two halves and then their
 * sum. After each chunk comes its sum into the outer one. The random words are used up in that order.
 */
#include "src/hardware/dot.h"

typedef struct adder {
    const hu_accumulator *acc;
    const hu_op *add, *mul, *fma;
    hu_env *env;
    const hu_num *a, *b;
    const uint64_t *word;
} adder;

int hu_dot_roundings(const hu_accumulator *acc, int n_terms)
{
    int products = acc->product ? n_terms : 0;
    if (n_terms == 0)
        return 0;
    if (acc->chunk == 0)
        return products + (acc->order == HU_ORDER_PAIRWISE ? 2 * n_terms - 1 : n_terms);
    int chunks = (int)(((size_t)n_terms + acc->chunk - 1) / acc->chunk);
    int inner = acc->order == HU_ORDER_PAIRWISE ? 2 * n_terms - chunks : n_terms;
    return products + inner + chunks;
}

/* One operation on exact numbers, rounded to f by the next word. */
static hu_num step(adder *d, const hu_op *op, const hu_format *f, const hu_num *x)
{
    if (d->word)
        d->env->word = d->word++;
    return hu_decode(f, hu_op_round(op, f, d->env, x));
}

/* The same for a number that is only rounded. */
static hu_num fit(adder *d, const hu_format *f, hu_num x)
{
    if (d->word)
        d->env->word = d->word++;
    return hu_decode(f, hu_round(f, d->env, x));
}

/* s + a[k] b[k]; s NULL: the term alone, rounded to the format of the sums. */
static hu_num term(adder *d, const hu_num *s, int k)
{
    hu_num x[3] = {d->a[k], d->b[k], s ? *s : hu_num_zero(false)};
    if (!d->acc->product)
        return step(d, s ? d->fma : d->mul, d->acc->sum, x);
    hu_num sum[2] = {x[2], step(d, d->mul, d->acc->product, x)};
    return s ? step(d, d->add, d->acc->sum, sum) : fit(d, d->acc->sum, sum[1]);
}

static hu_num pairwise(adder *d, int first, int n)
{
    if (n == 1)
        return term(d, NULL, first);
    int left = n - n / 2;
    hu_num x[2];
    x[0] = pairwise(d, first, left);
    x[1] = pairwise(d, first + left, n / 2);
    return step(d, d->add, d->acc->sum, x);
}

static hu_num range(adder *d, int first, int n)
{
    if (d->acc->order == HU_ORDER_PAIRWISE)
        return pairwise(d, first, n);
    hu_num s = hu_num_zero(false);
    for (int k = first; k < first + n; k++)
        s = term(d, &s, k);
    return s;
}

/* The code of a number that is a value of f already. */
static hu_code code_of(const hu_format *f, hu_num x)
{
    hu_env env = hu_env_default();
    return hu_round_with(f, &env, x, 0);
}

hu_code hu_dot_codes(const hu_accumulator *acc, hu_env *env, const hu_num *a, const hu_num *b, int n_terms,
                     const uint64_t *word)
{
    adder d = {acc, hu_op_find("add"), hu_op_find("mul"), hu_op_find("fma"), env, a, b, word};
    const hu_format *outer = acc->chunk && acc->outer ? acc->outer : acc->sum;
    hu_num s = hu_num_zero(false);
    if (acc->chunk == 0)
        return code_of(outer, n_terms ? range(&d, 0, n_terms) : s);
    for (int first = 0; first < n_terms; first += (int)acc->chunk) {
        int n = n_terms - first < (int)acc->chunk ? n_terms - first : (int)acc->chunk;
        hu_num x[2] = {s, range(&d, first, n)};
        s = step(&d, d.add, outer, x);
    }
    return code_of(outer, s);
}
