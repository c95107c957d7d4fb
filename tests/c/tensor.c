/* tensor.c - arrays of carriers: sizes that cannot be, products against plain loops, repeating, reductions. */
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/tensor/tensor.h"
#include "tests/lib/test.h"

static void sizes(void **state)
{
    (void)state;
    hu_tensor t = {0};
    hu_error err = {0};
    size_t none[1] = {0}, huge[2] = {SIZE_MAX / 2, 3}, large[1] = {SIZE_MAX / 8};

    assert_int_equal(hu_tensor_init(&t, HU_F64, 0, none, &err), HU_OK);
    assert_int_equal(t.n, 1);
    hu_tensor_clear(&t);
    hu_tensor_clear(&t);
    assert_int_equal(hu_tensor_init(&t, HU_F32, 1, none, &err), HU_OK);
    assert_true(t.n == 0 && t.data && (uintptr_t)t.data % 64 == 0);
    hu_tensor_clear(&t);
    assert_int_equal(hu_tensor_init(&t, HU_F64, 2, huge, &err), HU_ENOMEM);
    assert_int_equal(hu_tensor_init(&t, HU_F64, 1, large, &err), HU_ENOMEM);
    assert_int_equal(hu_tensor_init(&t, HU_F64, HU_MAX_RANK + 1, none, &err), HU_ESHAPE);
    assert_null(t.data);
}

/* A random tensor of small whole numbers, with which every order of addition gives the same sum. */
static hu_tensor whole_numbers(hu_dtype dtype, int rank, const size_t *shape, test_random *r)
{
    hu_tensor t = {0};
    assert_int_equal(hu_tensor_init(&t, dtype, rank, shape, NULL), HU_OK);
    for (size_t i = 0; i < t.n; i++)
        hu_tensor_set(&t, i, (double)test_random_below(r, 17) - 8);
    return t;
}

static hu_status product(hu_tensor *c, const hu_tensor *a, bool ta, const hu_tensor *b, bool tb, const hu_accumulator *acc, hu_env *env, hu_error *err)
{
    return hu_tensor_matmul(c, a, b, &(hu_matmul){.a_transposed = ta, .b_transposed = tb}, acc, env, err);
}

static double product_at(const hu_tensor *a, bool ta, const hu_tensor *b, bool tb, size_t i, size_t j)
{
    double sum = 0;
    size_t k_total = a->shape[!ta];
    for (size_t k = 0; k < k_total; k++)
        sum += hu_tensor_get(a, ta ? k * a->shape[1] + i : i * a->shape[1] + k) *
               hu_tensor_get(b, tb ? j * b->shape[1] + k : k * b->shape[1] + j);
    return sum;
}

static void products(void **state)
{
    (void)state;
    test_random r = {1};
    hu_error err = {0};
    hu_accumulator fp32 = {.sum = hu_format_find("e8m23", NULL)};

    for (int trial = 0; trial < 300; trial++) {
        size_t m = test_random_below(&r, 7), n = test_random_below(&r, 7), k = test_random_below(&r, 9);
        bool ta = test_random_below(&r, 2), tb = test_random_below(&r, 2), emulated = test_random_below(&r, 2);
        hu_dtype dtype = test_random_below(&r, 2) ? HU_F32 : HU_F64;
        hu_tensor a = whole_numbers(dtype, 2, ta ? (size_t[]){k, m} : (size_t[]){m, k}, &r);
        hu_tensor b = whole_numbers(dtype, 2, tb ? (size_t[]){n, k} : (size_t[]){k, n}, &r);
        hu_tensor c = whole_numbers(dtype, 2, (size_t[]){m, n}, &r);
        hu_env env = hu_env_default();

        assert_int_equal(product(&c, &a, ta, &b, tb, emulated ? &fp32 : NULL, &env, &err), HU_OK);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++)
                assert_true(hu_tensor_get(&c, i * n + j) == product_at(&a, ta, &b, tb, i, j));
        hu_tensor_clear(&a);
        hu_tensor_clear(&b);
        hu_tensor_clear(&c);
    }
}

static void products_that_do_not_fit(void **state)
{
    (void)state;
    test_random r = {2};
    hu_error err = {0};
    hu_tensor a = whole_numbers(HU_F64, 2, (size_t[]){2, 3}, &r), b = whole_numbers(HU_F64, 2, (size_t[]){2, 3}, &r);
    hu_tensor c = whole_numbers(HU_F64, 2, (size_t[]){2, 2}, &r), f = whole_numbers(HU_F32, 2, (size_t[]){3, 2}, &r);
    hu_tensor v = whole_numbers(HU_F64, 1, (size_t[]){3}, &r);

    assert_int_equal(product(&c, &a, false, &b, false, NULL, NULL, &err), HU_ESHAPE);
    assert_non_null(strstr(err.text, "a is 2 by 3, b is 2 by 3"));
    assert_int_equal(product(&a, &a, false, &b, true, NULL, NULL, &err), HU_ESHAPE);
    assert_int_equal(product(&c, &a, false, &f, false, NULL, NULL, &err), HU_ESHAPE);
    assert_int_equal(product(&c, &a, false, &v, false, NULL, NULL, &err), HU_ESHAPE);
    hu_tensor_clear(&a);
    hu_tensor_clear(&b);
    hu_tensor_clear(&c);
    hu_tensor_clear(&f);
    hu_tensor_clear(&v);
}

/* The place in t of the element (i, j, k) of the common shape [2][3][4]. */
static double at(const hu_tensor *t, const size_t index[3])
{
    size_t place = 0;
    for (int i = 0; i < t->rank; i++) {
        size_t own = index[3 - t->rank + i];
        place = place * t->shape[i] + (t->shape[i] == 1 ? 0 : own);
    }
    return hu_tensor_get(t, place);
}

static void repeating(void **state)
{
    (void)state;
    static const struct { int rank; size_t shape[3]; } shapes[] = {
        {3, {2, 3, 4}}, {3, {1, 3, 4}}, {3, {2, 1, 4}}, {3, {2, 3, 1}}, {3, {1, 1, 1}}, {2, {3, 4}}, {2, {1, 4}},
        {2, {3, 1}}, {1, {4}}, {1, {1}}, {0, {0}},
    };
    test_random r = {3};
    hu_error err = {0};

    for (size_t s = 0; s < TEST_COUNT(shapes); s++) {
        hu_tensor a = whole_numbers(HU_F64, 3, (size_t[]){2, 3, 4}, &r), out = whole_numbers(HU_F64, 3, a.shape, &r);
        hu_tensor b = whole_numbers(HU_F64, shapes[s].rank, shapes[s].shape, &r), wide = whole_numbers(HU_F32, 3, a.shape, &r);

        assert_int_equal(hu_tensor_arith(&out, HU_ARITH_sub, &a, &b, &err), HU_OK);
        assert_int_equal(hu_tensor_broadcast(&wide, &b, &err), HU_OK);
        size_t n = 0;
        for (size_t i = 0; i < 2; i++)
            for (size_t j = 0; j < 3; j++)
                for (size_t k = 0; k < 4; k++, n++) {
                    const size_t index[3] = {i, j, k};
                    assert_true(hu_tensor_get(&out, n) == at(&a, index) - at(&b, index));
                    assert_true(hu_tensor_get(&wide, n) == at(&b, index));
                }
        assert_int_equal(hu_tensor_arith(&a, HU_ARITH_sub, &a, &b, &err), HU_OK);      /* in place */
        assert_memory_equal(a.f64, out.f64, a.n * sizeof(double));
        hu_tensor_clear(&a);
        hu_tensor_clear(&b);
        hu_tensor_clear(&out);
        hu_tensor_clear(&wide);
    }
}

static void reductions(void **state)
{
    (void)state;
    test_random r = {4};
    hu_error err = {0};
    hu_tensor t = whole_numbers(HU_F64, 3, (size_t[]){2, 3, 4}, &r);
    const size_t strides[3] = {12, 4, 1};

    for (int axis = 0; axis < 3; axis++) {
        size_t n = t.n / t.shape[axis];
        hu_tensor sum = whole_numbers(HU_F64, 1, &n, &r), most = whole_numbers(HU_F32, 1, &n, &r);
        assert_int_equal(hu_tensor_reduce(&sum, HU_REDUCE_sum, &t, axis, &err), HU_OK);
        assert_int_equal(hu_tensor_reduce(&most, HU_REDUCE_max, &t, axis, &err), HU_OK);
        size_t out = 0;
        for (size_t first = 0; first < t.n; first++) {
            if (first / strides[axis] % t.shape[axis] != 0)
                continue;
            double want = 0, largest = -INFINITY;
            for (size_t i = 0; i < t.shape[axis]; i++) {
                want += t.f64[first + i * strides[axis]];
                largest = fmax(largest, t.f64[first + i * strides[axis]]);
            }
            assert_true(sum.f64[out] == want && most.f32[out] == largest);
            out++;
        }
        hu_tensor_clear(&sum);
        hu_tensor_clear(&most);
    }
    assert_int_equal(hu_tensor_reduce(&t, HU_REDUCE_sum, &t, 3, &err), HU_ERANGE);
    assert_int_equal(hu_tensor_reduce(&t, HU_REDUCE_sum, &t, 0, &err), HU_ESHAPE);
    hu_tensor_clear(&t);
}

/* Element (i, j) of Sylvester's matrix: -1 to the number of ones in i & j. */
static double sylvester(size_t i, size_t j)
{
    return __builtin_popcountll(i & j) & 1 ? -1 : 1;
}

static void hadamard(void **state)
{
    (void)state;
    test_random r = {21};
    size_t shape[3] = {3, 8, 4};
    for (int axis = 0; axis < 3; axis++)
        for (size_t block = 1; block <= shape[axis]; block *= 2) {
            if (shape[axis] % block)
                continue;
            for (int dtype = 0; dtype < 2; dtype++) {
                hu_tensor x = whole_numbers((hu_dtype)dtype, 3, shape, &r), y = {0}, z = {0};
                assert_int_equal(hu_tensor_init(&y, x.dtype, 3, shape, NULL), HU_OK);
                assert_int_equal(hu_tensor_init(&z, x.dtype, 3, shape, NULL), HU_OK);
                hu_rotation how = {.axis = axis, .block = block};
                assert_int_equal(hu_tensor_hadamard(&y, &x, &how, NULL), HU_OK);
                size_t step = axis == 0 ? 32 : axis == 1 ? 4 : 1;
                for (size_t at = 0; at < x.n; at++) {
                    size_t i = at / step % shape[axis], first = i / block * block;
                    double want = 0;
                    for (size_t j = 0; j < block; j++)
                        want += sylvester(i - first, j) * hu_tensor_get(&x, at - (i - first) * step + j * step);
                    assert_float_equal(hu_tensor_get(&y, at), want / sqrt((double)block), 1e-5);
                }
                how.signs = true, how.seed = 7;
                assert_int_equal(hu_tensor_hadamard(&z, &x, &how, NULL), HU_OK);
                if (block > 1)
                    assert_memory_not_equal(z.data, y.data, x.n * sizeof(float));
                how.inverse = true;
                assert_int_equal(hu_tensor_hadamard(&z, &z, &how, NULL), HU_OK);
                for (size_t at = 0; at < x.n; at++)
                    assert_float_equal(hu_tensor_get(&z, at), hu_tensor_get(&x, at), 1e-5);
                hu_tensor_clear(&x), hu_tensor_clear(&y), hu_tensor_clear(&z);
            }
        }
    hu_tensor x = whole_numbers(HU_F64, 3, shape, &r);
    hu_error err = {0};
    assert_int_equal(hu_tensor_hadamard(&x, &x, &(hu_rotation){.axis = 1, .block = 3}, &err), HU_EINVAL);
    assert_int_equal(hu_tensor_hadamard(&x, &x, &(hu_rotation){.axis = 0, .block = 2}, &err), HU_ESHAPE);
    assert_int_equal(hu_tensor_hadamard(&x, &x, &(hu_rotation){.axis = 3, .block = 2}, &err), HU_ESHAPE);
    hu_tensor_clear(&x);
}

static const struct CMUnitTest claims[] = {
    CLAIM("sizes that no memory holds are refused, no elements and no indices are fine", sizes),
    CLAIM("matrix products are the sums, transposed or not, empty too, of both types", products),
    CLAIM("matrices that do not fit are refused by their sizes", products_that_do_not_fit),
    CLAIM("operands repeat along sizes of 1 and missing indices, in place too", repeating),
    CLAIM("reductions along each index are the loops over it", reductions),
    CLAIM("a Hadamard rotation is the product with Sylvester's matrix, along any index, and is undone", hadamard),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
