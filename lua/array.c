/* array.c - makes arrays in Lua: from tables, filled, spaced, random, from files. */
#include <math.h>

#include "lua/lua.h"

static hu_dtype option_dtype(lua_State *L, int idx)
{
    return (hu_dtype)hu_lua_option_choice(L, idx, "dtype", hu_lua_dtypes, HU_F64);
}

/* array(table [, options]) -> array; options: dtype */
static int new(lua_State *L)
{
    static const char *const keys[] = {"dtype", NULL};
    hu_tensor *t = hu_lua_test_tensor(L, 1);

    hu_lua_options(L, 2, keys);
    hu_dtype dtype = (hu_dtype)hu_lua_option_choice(L, 2, "dtype", hu_lua_dtypes, t ? (int)t->dtype : HU_F64);
    if (t) {
        hu_tensor *copy = hu_lua_make_tensor(L, dtype, t->rank, t->shape);
        for (size_t i = 0; i < t->n; i++)
            hu_tensor_set(copy, i, hu_tensor_get(t, i));
        return 1;
    }
    hu_lua_table(L, 1, "values", "an array or a table of numbers, nested for more than one index");
    hu_lua_tensor_from_table(L, 1, "values", dtype);
    return 1;
}

/* Pushes an array of the shape at 1 with that value everywhere; options at `options`: dtype */
static int filled(lua_State *L, double value, int options)
{
    static const char *const keys[] = {"dtype", NULL};
    size_t shape[HU_MAX_RANK];
    int rank = hu_lua_shape(L, 1, "shape", shape);

    hu_lua_options(L, options, keys);
    hu_tensor *t = hu_lua_make_tensor(L, option_dtype(L, options), rank, shape);
    for (size_t i = 0; value != 0 && i < t->n; i++)
        hu_tensor_set(t, i, value);
    return 1;
}

/* zeros(shape [, options]), ones(shape [, options]), full(shape, value [, options]) -> array */
static int zeros(lua_State *L) { return filled(L, 0, 2); }
static int ones (lua_State *L) { return filled(L, 1, 2); }
static int full (lua_State *L) { return filled(L, hu_lua_number(L, 2, "value"), 3); }

/* linspace(first, last, n) -> array; n values with equal steps, both ends exact */
static int linspace(lua_State *L)
{
    double first = hu_lua_number(L, 1, "first"), last = hu_lua_number(L, 2, "last");
    size_t n = (size_t)hu_lua_integer(L, 3, "n", 1, (lua_Integer)1 << 48);

    hu_tensor *t = hu_lua_make_tensor(L, HU_F64, 1, &n);
    for (size_t i = 0; i < n; i++) {
        double part = n > 1 ? (double)i / (double)(n - 1) : 0;
        t->f64[i] = i + 1 == n && n > 1 ? last : first * (1 - part) + last * part;
    }
    return 1;
}

/* logspace(first, last, n [, base]) -> array; base ^ x for the x of linspace(first, last, n); base 10 if not given */
static int logspace(lua_State *L)
{
    double base = hu_lua_absent(L, 4) ? 10 : hu_lua_number(L, 4, "base");

    linspace(L);
    hu_tensor *t = hu_lua_check_tensor(L, -1, "array");
    for (size_t i = 0; i < t->n; i++)
        t->f64[i] = pow(base, t->f64[i]);
    return 1;
}

/* An array whose element i is scale * draw(seed, stream, i) + shift. */
static int random_array(lua_State *L, double (*draw)(uint64_t, uint64_t, uint64_t), double shift, double scale)
{
    size_t shape[HU_MAX_RANK];
    int rank = hu_lua_shape(L, 1, "shape", shape);
    uint64_t seed = hu_lua_option_u64(L, 2, "seed", 0), stream = hu_lua_option_u64(L, 2, "stream", 0);
    hu_tensor *t = hu_lua_make_tensor(L, option_dtype(L, 2), rank, shape);

    for (size_t i = 0; i < t->n; i++)
        hu_tensor_set(t, i, draw(seed, stream, i) * scale + shift);
    return 1;
}

/* randn(shape [, options]) -> array; standard normal; options: seed, stream, dtype, mean, std */
static int randn(lua_State *L)
{
    static const char *const keys[] = {"seed", "stream", "dtype", "mean", "std", NULL};
    hu_lua_options(L, 2, keys);
    return random_array(L, hu_random_normal_at, hu_lua_option_number(L, 2, "mean", 0),
                        hu_lua_option_number(L, 2, "std", 1));
}

/* uniform(shape [, options]) -> array; in [low, high), 0 and 1 if not given; options: seed, stream, dtype, low, high */
static int uniform(lua_State *L)
{
    static const char *const keys[] = {"seed", "stream", "dtype", "low", "high", NULL};
    hu_lua_options(L, 2, keys);
    double low = hu_lua_option_number(L, 2, "low", 0), high = hu_lua_option_number(L, 2, "high", 1);
    return random_array(L, hu_random_uniform_at, low, high - low);
}

/* ---- files ---- */

/* save_npy(array, path) */
static int save_npy(lua_State *L)
{
    hu_error err = {0};
    hu_tensor *t = hu_lua_check_tensor(L, 1, "array");
    hu_lua_try(L, hu_tensor_save_npy(t, hu_lua_string(L, 2, "path"), &err), &err);
    return 0;
}

/* load_npy(path) -> array; nil and a message where there is no such file */
static int load_npy(lua_State *L)
{
    hu_error err = {0};
    const char *path = hu_lua_string(L, 1, "path");
    hu_tensor *t = hu_lua_new_tensor(L);
    int absent = hu_lua_try_file(L, hu_tensor_load_npy(t, path, &err), &err);
    if (absent)
        return absent;
    hu_lua_account(L, t);
    return 1;
}

static const luaL_Reg functions[] = {
    {"new", new}, {"zeros", zeros}, {"ones", ones}, {"full", full}, {"linspace", linspace}, {"logspace", logspace},
    {"randn", randn}, {"uniform", uniform}, {"save_npy", save_npy}, {"load_npy", load_npy}, {NULL, NULL},
};

int hu_lua_open_array(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
