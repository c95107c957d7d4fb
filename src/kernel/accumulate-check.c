/* accumulate-check.c - whether what is asked of an accumulator goes together: each check one line that says what would do. */
#include "src/kernel/accumulate.h"

bool hu_accumulator_is_own(const hu_accumulator *acc)
{
    return !acc->product && !acc->sum && !acc->outer && acc->order == HU_ORDER_SEQUENTIAL && acc->chunk == 0 && acc->block.group == 0
        && acc->multiplier.kind == HU_MULTIPLIER_EXACT && acc->integer.bits == 0 && !acc->scales.a && !acc->scales.b;
}

static hu_status check_formats(const hu_accumulator *acc, bool is_f32, const char *what, hu_error *err)
{
    const struct { const char *role; const hu_format *format; } formats[] = {
        {"the product ", acc->product}, {"the sum ", acc->sum}, {"the outer ", acc->outer},
    };
    for (int i = 0; i < 3; i++) {
        hu_status status = formats[i].format ? hu_check_fit(what, formats[i].role, formats[i].format, is_f32, err) : HU_OK;
        if (status)
            return status;
    }
    return HU_OK;
}

static hu_status check_block(const hu_accumulator *acc, bool is_f32, const char *what, hu_error *err)
{
    hu_status status = hu_block_fma_check(&acc->block, what, is_f32, err);
    if (status)
        return status;
    if (acc->product || acc->sum || acc->order != HU_ORDER_SEQUENTIAL)
        return hu_fail(err, HU_EINVAL, "%s: a block FMA adds in order and in formats of its own; product, sum and another order go without one", what);
    if (acc->integer.bits || acc->multiplier.kind != HU_MULTIPLIER_EXACT)
        return hu_fail(err, HU_EINVAL, "%s: a block FMA has products and sums of its own; an integer accumulator and a multiplier go without one", what);
    return HU_OK;
}

/* Formats whose values are all multiples of a unit: neither infinities nor NaNs. */
static bool counts(const hu_format *f, int fraction)
{
    bool has_places = f->family == &hu_family_fixed || (f->family == &hu_family_float && !f->has_inf && !f->has_nan);
    return has_places && f->man_bits - f->emin <= fraction && f->emax + fraction < 62;
}

static hu_status check_integer(const hu_accumulator *acc, const char *what, hu_error *err)
{
    const hu_integer *how = &acc->integer;
    if (how->bits < 2 || how->bits > 64)
        return hu_fail(err, HU_EINVAL, "%s: an integer accumulator of %d bits; 2 to 64 will do", what, how->bits);
    if (how->fraction < -60 || how->fraction > 100)
        return hu_fail(err, HU_EINVAL, "%s: an integer accumulator with %d bits of fraction; -60 to 100 will do", what, how->fraction);
    if (acc->sum || acc->order != HU_ORDER_SEQUENTIAL)
        return hu_fail(err, HU_EINVAL, "%s: an integer accumulator adds in order, and has no sum format", what);
    if (how->product_bits < 0 || how->product_bits > 63)
        return hu_fail(err, HU_EINVAL, "%s: products of %d bits; 1 to 63 will do, or 0 for any", what, how->product_bits);
    if (how->product_bits && (acc->product || acc->multiplier.kind != HU_MULTIPLIER_EXACT))
        return hu_fail(err, HU_EINVAL, "%s: a product format or a multiplier says what products are like; product_bits goes without them", what);
    if (how->shared != 0 && (how->shared < 2 || how->shared > 32))
        return hu_fail(err, HU_EINVAL, "%s: dynamic fixed point of %d bits; 2 to 32 will do", what, how->shared);
    if (how->shared && (how->fraction || acc->product || acc->multiplier.kind != HU_MULTIPLIER_EXACT))
        return hu_fail(err, HU_EINVAL, "%s: the unit of dynamic fixed point follows from its factors; it goes without fraction, product format and multiplier", what);
    if (how->saturates && how->bits < how->product_bits)
        return hu_fail(err, HU_EINVAL, "%s: a saturating accumulator of %d bits is narrower than its products of %d; %d bits will do, or one that wraps", what,
                       how->bits, how->product_bits, how->product_bits);
    if (acc->product && !counts(acc->product, how->fraction))
        return hu_fail(err, HU_EINVAL, "%s: products in %s are no whole numbers of 2^-(%d), the integer accumulator's unit", what, acc->product->name, how->fraction);
    if (!acc->product && (acc->multiplier.kind == HU_MULTIPLIER_LMUL_BITS || acc->multiplier.kind == HU_MULTIPLIER_LMUL_FORMULA))
        return hu_fail(err, HU_EINVAL, "%s: L-Mul's products float; an integer accumulator needs a product format of fixed point for them", what);
    return HU_OK;
}

/* Whether scales stay the same within each chunk. */
static hu_status check_scales(const hu_accumulator *acc, const hu_gemm_shape *s, const char *what, hu_error *err)
{
    size_t depths[2] = {acc->scales.a ? acc->scales.a_depth : 0, acc->scales.b ? acc->scales.b_depth : 0}, chunk = hu_scales_chunk(acc, s->k);
    for (int i = 0; i < 2; i++) {
        if (depths[i] && depths[i] < s->k && depths[i] % chunk != 0)
            return hu_fail(err, HU_ESHAPE, "%s: a scale of %s holds for %zu terms, no multiple of the chunk of %zu that is summed under one scale", what, i ? "b" : "a",
                           depths[i], chunk);
    }
    return HU_OK;
}

static hu_status check_shape(const hu_gemm_shape *s, const char *what, hu_error *err)
{
    size_t a_row = s->a_transposed ? s->m : s->k, b_row = s->b_transposed ? s->k : s->n;
    if ((s->m && s->k && s->lda < a_row) || (s->k && s->n && s->ldb < b_row) || (s->m && s->n && s->ldc < s->n))
        return hu_fail(err, HU_ESHAPE, "%s: rows of %zu, %zu and %zu elements stand %zu, %zu and %zu apart", what,
                       a_row, b_row, s->n, s->lda, s->ldb, s->ldc);
    return HU_OK;
}

size_t hu_scales_chunk(const hu_accumulator *acc, size_t k)
{
    const hu_scales *s = &acc->scales;
    size_t chunk = k;
    if (acc->chunk)
        return acc->chunk;
    if (s->a && s->a_depth && s->a_depth < chunk)
        chunk = s->a_depth;
    if (s->b && s->b_depth && s->b_depth < chunk)
        chunk = s->b_depth;
    return chunk;
}

/* Rows of elements in memory. */
typedef struct rows {
    const char *from;
    size_t n, length, apart;            /* in bytes */
} rows;

/* Whether two sets of rows have a byte in common: of y's rows that begin before one of x's ends, the last ends last. */
static bool meet(const rows *x, const rows *y)
{
    for (size_t i = 0; i < x->n && x->length > 0 && y->n > 0 && y->length > 0; i++) {
        const char *from = x->from + i * x->apart, *to = from + x->length;
        if (y->from >= to)
            continue;
        size_t last = y->apart ? (size_t)(to - 1 - y->from) / y->apart : 0;
        if (y->from + (last < y->n ? last : y->n - 1) * y->apart + y->length > from)
            return true;
    }
    return false;
}

/* From the first byte to the last of `count` matrices, as one row. */
static rows whole(const rows *x, size_t count, size_t apart)
{
    return (rows){x->from, x->n > 0 && count > 0, (count - 1) * apart + (x->n - 1) * x->apart + x->length, 0};
}

hu_status hu_check_overlap(const char *what, const void *c, const void *a, const void *b, const hu_gemm_shape *s, const hu_gemm_batch *batch, bool is_f32,
                           hu_error *err)
{
    size_t size = is_f32 ? sizeof(float) : sizeof(double);
    const rows of_c = {c, s->m, s->n * size, s->ldc * size};
    const rows of[2] = {{a, s->a_transposed ? s->k : s->m, (s->a_transposed ? s->m : s->k) * size, s->lda * size},
                        {b, s->b_transposed ? s->n : s->k, (s->b_transposed ? s->k : s->n) * size, s->ldb * size}};
    const size_t apart[2] = {batch->a_apart * size, batch->b_apart * size};
    for (int i = 0; i < 2; i++) {
        rows all_c = whole(&of_c, batch->count, batch->c_apart * size), all = whole(&of[i], batch->count, apart[i]);
        if (!of[i].from || of_c.length == 0 || of[i].length == 0 || !meet(&all_c, &all))
            continue;
        for (size_t q = 0; q < batch->count; q++)                   /* one may lie between the rows of the other */
            for (size_t r = 0; r < (apart[i] ? batch->count : 1); r++) {
                rows one_c = of_c, one = of[i];
                one_c.from += q * batch->c_apart * size;
                one.from += r * apart[i];
                if (meet(&one_c, &one))
                    return hu_fail(err, HU_EINVAL, "%s: c overlaps %s; it takes memory of its own", what, i ? "b" : "a");
            }
    }
    return HU_OK;
}

hu_status hu_accumulator_check(const hu_accumulator *acc, const hu_gemm_shape *s, bool is_f32, const char *what, hu_error *err)
{
    hu_status status = check_formats(acc, is_f32, what, err);
    if (!status && (unsigned)acc->order > HU_ORDER_KAHAN)
        status = hu_fail(err, HU_EINVAL, "%s: there is no order %d; sequential (0), pairwise (1), exact (2) and Kahan's (3) will do", what, (int)acc->order);
    if (!status && acc->block.group != 0)
        status = check_block(acc, is_f32, what, err);
    if (!status)
        status = hu_multiplier_check(&acc->multiplier, what, err);
    if (!status && acc->integer.bits != 0)
        status = check_integer(acc, what, err);
    if (!status && (acc->scales.a || acc->scales.b))
        status = check_scales(acc, s, what, err);
    return status ? status : check_shape(s, what, err);
}
