/* array.c - arrays in Lua: floats or doubles with a shape of up to four indices. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lua/lua.h"

/* ---- reading them as arguments ---- */

hu_tensor *hu_lua_new_tensor(lua_State *L)
{
    return hu_lua_new_box(L, HU_LUA_ARRAY, sizeof(hu_tensor), 0);
}

/* An array without memory was never filled, or a finalizer has come before its last user. */
static hu_tensor *in_use(lua_State *L, hu_tensor *t)
{
    if (t && !t->data)
        luaL_error(L, "the array has been collected already");
    return t;
}

hu_tensor *hu_lua_test_tensor(lua_State *L, int idx)
{
    return in_use(L, hu_lua_test_box(L, idx, HU_LUA_ARRAY));
}

hu_tensor *hu_lua_check_tensor(lua_State *L, int idx, const char *name)
{
    return in_use(L, hu_lua_check_box(L, idx, HU_LUA_ARRAY, name));
}

/* Tells the collector of memory that it does not see, so that dropped arrays are collected in time. */
static void account(lua_State *L, const hu_tensor *t)
{
    size_t kilobytes = t->n / (t->dtype == HU_F32 ? 256 : 128);
    if (kilobytes > 0 && lua_gc(L, LUA_GCISRUNNING))
        lua_gc(L, LUA_GCSTEP, kilobytes > INT_MAX / 1024 ? INT_MAX / 1024 : (int)kilobytes);
}

hu_tensor *hu_lua_make_tensor(lua_State *L, hu_dtype dtype, int rank, const size_t *shape)
{
    hu_error err = {0};
    hu_tensor *t = hu_lua_new_tensor(L);
    hu_status status = hu_tensor_init(t, dtype, rank, shape, &err);

    if (status == HU_ENOMEM) {
        lua_gc(L, LUA_GCCOLLECT);
        status = hu_tensor_init(t, dtype, rank, shape, &err);
    }
    hu_lua_try(L, status, &err);
    account(L, t);
    return t;
}

int hu_lua_shape(lua_State *L, int idx, const char *name, size_t shape[HU_MAX_RANK])
{
    const lua_Integer most = (lua_Integer)1 << 48;

    if (lua_type(L, idx) == LUA_TNUMBER) {
        shape[0] = (size_t)hu_lua_integer(L, idx, name, 0, most);
        return 1;
    }
    hu_lua_table(L, idx, name, "a size or a list of sizes");
    lua_Unsigned rank = lua_rawlen(L, idx);
    if (rank > HU_MAX_RANK)
        luaL_error(L, "%s has %I sizes; arrays have up to %d", name, (LUAI_UACINT)rank, HU_MAX_RANK);
    for (int i = 0; i < (int)rank; i++) {
        lua_rawgeti(L, idx, i + 1);
        shape[i] = (size_t)hu_lua_integer(L, -1, name, 0, most);
        lua_pop(L, 1);
    }
    return (int)rank;
}

/* The shape of nested tables at idx, by the first element at each depth. */
static int table_shape(lua_State *L, int idx, const char *name, size_t shape[HU_MAX_RANK])
{
    int rank = 0, top = lua_gettop(L);

    lua_pushvalue(L, idx);
    while (lua_type(L, -1) == LUA_TTABLE) {
        if (rank == HU_MAX_RANK)
            luaL_error(L, "%s is nested more than %d deep", name, HU_MAX_RANK);
        shape[rank++] = lua_rawlen(L, -1);
        lua_rawgeti(L, -1, 1);
    }
    lua_settop(L, top);
    return rank;
}

/* Copies the table on top of the stack, at depth `depth` of t's shape, to t from element `*at` on. */
static void fill(lua_State *L, hu_tensor *t, int depth, size_t *at, const char *name)
{
    if (depth == t->rank) {
        hu_tensor_set(t, (*at)++, hu_lua_number(L, -1, name));
        return;
    }
    hu_lua_table(L, -1, name, "numbers, or tables that are nested equally deep everywhere");
    if (lua_rawlen(L, -1) != t->shape[depth])
        luaL_error(L, "%s is ragged: a table has %I elements where the first has %I", name,
                   (LUAI_UACINT)lua_rawlen(L, -1), (LUAI_UACINT)t->shape[depth]);
    for (size_t i = 0; i < t->shape[depth]; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        fill(L, t, depth + 1, at, name);
        lua_pop(L, 1);
    }
}

/* Pushes a new array with the numbers of the table at idx (absolute). */
static hu_tensor *push_from_table(lua_State *L, int idx, const char *name, hu_dtype dtype)
{
    size_t shape[HU_MAX_RANK], at = 0;

    luaL_checkstack(L, HU_MAX_RANK + 8, NULL);
    int rank = table_shape(L, idx, name, shape);
    hu_tensor *t = hu_lua_make_tensor(L, dtype, rank, shape);
    lua_pushvalue(L, idx);
    fill(L, t, 0, &at, name);
    lua_pop(L, 1);
    return t;
}

hu_tensor *hu_lua_to_tensor(lua_State *L, int idx, const char *name)
{
    hu_tensor *t = hu_lua_test_tensor(L, idx);
    if (t)
        return t;
    hu_lua_table(L, idx, name, "an array or a table of numbers");
    t = push_from_table(L, idx, name, HU_F64);
    lua_replace(L, idx);
    return t;
}

/* ---- the type ---- */

static hu_tensor *self(lua_State *L)
{
    return hu_lua_check_tensor(L, 1, "array");
}

static int collect(lua_State *L)
{
    hu_tensor_clear(hu_lua_check_box(L, 1, HU_LUA_ARRAY, "array"));
    return 0;
}

/* A new array like t but for the given part of its shape, pushed. */
static hu_tensor *push_part(lua_State *L, const hu_tensor *t, int rank, const size_t *shape, size_t from)
{
    hu_tensor *part = hu_lua_make_tensor(L, t->dtype, rank, shape);
    if (t->dtype == HU_F32)
        memcpy(part->f32, t->f32 + from, part->n * sizeof(float));
    else
        memcpy(part->f64, t->f64 + from, part->n * sizeof(double));
    return part;
}

static const char *const dtypes[] = {[HU_F32] = "float", [HU_F64] = "double", NULL};

static hu_dtype option_dtype(lua_State *L, int idx)
{
    return (hu_dtype)hu_lua_option_choice(L, idx, "dtype", dtypes, HU_F64);
}

/* ---- construction ---- */

/* array(table [, options]) -> array; options: dtype */
static int new(lua_State *L)
{
    static const char *const keys[] = {"dtype", NULL};
    hu_tensor *t = hu_lua_test_tensor(L, 1);

    hu_lua_options(L, 2, keys);
    hu_dtype dtype = (hu_dtype)hu_lua_option_choice(L, 2, "dtype", dtypes, t ? (int)t->dtype : HU_F64);
    if (t) {
        hu_tensor *copy = hu_lua_make_tensor(L, dtype, t->rank, t->shape);
        for (size_t i = 0; i < t->n; i++)
            hu_tensor_set(copy, i, hu_tensor_get(t, i));
        return 1;
    }
    hu_lua_table(L, 1, "values", "an array or a table of numbers, nested for more than one index");
    push_from_table(L, 1, "values", dtype);
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

/* ---- elements ---- */

/* The flat index that the arguments from `first` on name; there must be one for each index. */
static size_t position(lua_State *L, const hu_tensor *t, int first, int given)
{
    static const char *const names[HU_MAX_RANK] = {"index 1", "index 2", "index 3", "index 4"};
    size_t at = 0;

    if (given != t->rank)
        luaL_error(L, "the array has %d indices, and %d are given", t->rank, given);
    for (int i = 0; i < t->rank; i++)
        at = at * t->shape[i] + (size_t)hu_lua_integer(L, first + i, names[i], 1, (lua_Integer)t->shape[i]) - 1;
    return at;
}

/* array(i, j, ...) and array:get(i, j, ...) -> number */
static int get(lua_State *L)
{
    hu_tensor *t = self(L);
    lua_pushnumber(L, hu_tensor_get(t, position(L, t, 2, lua_gettop(L) - 1)));
    return 1;
}

/* array:set(i, j, ..., value) -> array */
static int set(lua_State *L)
{
    hu_tensor *t = self(L);
    int n = lua_gettop(L);

    if (n < 2)
        luaL_error(L, "set: there are no indices and no value");
    double value = hu_lua_number(L, n, "value");
    hu_tensor_set(t, position(L, t, 2, n - 2), value);
    lua_settop(L, 1);
    return 1;
}

static void one_index(lua_State *L, const hu_tensor *t)
{
    if (t->rank != 1)
        luaL_error(L, "a[i] is for arrays with one index, and this one has %d; a(i, j) reads an element, "
                   "a:set(i, j, x) writes one, a:row(i) copies a row", t->rank);
}

/* array[i] -> number, nil past the last; for one index */
static int index_element(lua_State *L)
{
    hu_tensor *t = self(L);
    int whole;
    lua_Integer i = lua_tointegerx(L, 2, &whole);

    one_index(L, t);
    if (lua_type(L, 2) != LUA_TNUMBER || !whole)
        hu_lua_bad(L, 2, "index", "a whole number");
    if (i < 1 || (lua_Unsigned)i > t->n)
        lua_pushnil(L);
    else
        lua_pushnumber(L, hu_tensor_get(t, (size_t)i - 1));
    return 1;
}

/* array[i] = x; for one index */
static int set_element(lua_State *L)
{
    hu_tensor *t = self(L);

    if (lua_type(L, 2) == LUA_TSTRING)
        return luaL_error(L, "arrays take no fields such as \"%s\"", lua_tostring(L, 2));
    one_index(L, t);
    size_t at = (size_t)hu_lua_integer(L, 2, "index", 1, (lua_Integer)t->n) - 1;
    hu_tensor_set(t, at, hu_lua_number(L, 3, "value"));
    return 0;
}

/* array:fill(value) -> array */
static int fill_all(lua_State *L)
{
    hu_tensor *t = self(L);
    double value = hu_lua_number(L, 2, "value");
    for (size_t i = 0; i < t->n; i++)
        hu_tensor_set(t, i, value);
    lua_settop(L, 1);
    return 1;
}

/* The tensor whose first index is to be cut; raises for a single number. */
static hu_tensor *rows(lua_State *L, const char *function, int least)
{
    hu_tensor *t = self(L);
    if (t->rank < least)
        luaL_error(L, "%s: the array has %d indices; it needs at least %d", function, t->rank, least);
    return t;
}

/* array:row(i) -> array; a copy of what stands at the first index i */
static int row(lua_State *L)
{
    hu_tensor *t = rows(L, "row", 2);
    size_t i = (size_t)hu_lua_integer(L, 2, "i", 1, (lua_Integer)t->shape[0]) - 1;
    push_part(L, t, t->rank - 1, t->shape + 1, i * (t->n / t->shape[0]));
    return 1;
}

/* array:slice(first, last) -> array; a copy of the elements first to last of the first index */
static int slice(lua_State *L)
{
    hu_tensor *t = rows(L, "slice", 1);
    size_t shape[HU_MAX_RANK];
    lua_Integer n = (lua_Integer)t->shape[0];
    lua_Integer first = hu_lua_integer(L, 2, "first", 1, n + 1);
    lua_Integer last = hu_lua_absent(L, 3) ? n : hu_lua_integer(L, 3, "last", first - 1, n);

    memcpy(shape, t->shape, sizeof shape);
    shape[0] = (size_t)(last - first + 1);
    push_part(L, t, t->rank, shape, n ? (size_t)(first - 1) * (t->n / t->shape[0]) : 0);
    return 1;
}

/* array:column(j) -> array; a copy of a column of a matrix */
static int column(lua_State *L)
{
    hu_tensor *t = self(L);
    if (t->rank != 2)
        luaL_error(L, "column: the array has %d indices; it needs 2", t->rank);
    size_t j = (size_t)hu_lua_integer(L, 2, "j", 1, (lua_Integer)t->shape[1]) - 1;
    hu_tensor *c = hu_lua_make_tensor(L, t->dtype, 1, t->shape);
    for (size_t i = 0; i < c->n; i++)
        hu_tensor_set(c, i, hu_tensor_get(t, i * t->shape[1] + j));
    return 1;
}

/* array:set_row(i, values) -> array; values: an array, a table, or one number for all */
static int set_row(lua_State *L)
{
    hu_tensor *t = rows(L, "set_row", 1);
    hu_error err = {0};
    size_t i = (size_t)hu_lua_integer(L, 2, "i", 1, (lua_Integer)t->shape[0]) - 1;
    size_t n = t->n / t->shape[0];
    double number;
    hu_tensor one = {.dtype = HU_F64, .n = 1, .f64 = &number}, part = {.dtype = t->dtype, .rank = t->rank - 1, .n = n};

    memcpy(part.shape, t->shape + 1, (size_t)part.rank * sizeof part.shape[0]);
    if (t->dtype == HU_F32)
        part.f32 = t->f32 + i * n;
    else
        part.f64 = t->f64 + i * n;
    if (lua_type(L, 3) == LUA_TNUMBER)
        number = lua_tonumber(L, 3);
    hu_tensor *values = lua_type(L, 3) == LUA_TNUMBER ? &one : hu_lua_to_tensor(L, 3, "values");
    hu_lua_try(L, hu_tensor_broadcast(&part, values, &err), &err);
    lua_settop(L, 1);
    return 1;
}

/* ---- shape ---- */

/* array:shape() -> list of sizes */
static int shape_of(lua_State *L)
{
    hu_tensor *t = self(L);
    lua_createtable(L, t->rank, 0);
    for (int i = 0; i < t->rank; i++) {
        lua_pushinteger(L, (lua_Integer)t->shape[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* array:reshape(shape) -> array; the same elements in the same order */
static int reshape(lua_State *L)
{
    hu_tensor *t = self(L);
    size_t shape[HU_MAX_RANK], n = 1;
    int rank = hu_lua_shape(L, 2, "shape", shape);

    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(n, shape[i], &n))
            n = SIZE_MAX;
    if (n != t->n)
        luaL_error(L, "reshape: the array has %I elements, the new shape has another number", (LUAI_UACINT)t->n);
    push_part(L, t, rank, shape, 0);
    return 1;
}

/* array:transpose() -> array; of a matrix */
static int transpose(lua_State *L)
{
    hu_tensor *t = self(L);
    if (t->rank != 2)
        luaL_error(L, "transpose: the array has %d indices; it needs 2", t->rank);
    size_t m = t->shape[0], n = t->shape[1];
    hu_tensor *out = hu_lua_make_tensor(L, t->dtype, 2, (size_t[]){n, m});
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            hu_tensor_set(out, j * m + i, hu_tensor_get(t, i * n + j));
    return 1;
}

/* array:copy() -> array */
static int copy(lua_State *L)
{
    hu_tensor *t = self(L);
    push_part(L, t, t->rank, t->shape, 0);
    return 1;
}

/* array:to(dtype) -> array; a copy of that type */
static int to_dtype(lua_State *L)
{
    hu_tensor *t = self(L);
    hu_tensor *out = hu_lua_make_tensor(L, (hu_dtype)hu_lua_choice(L, 2, "dtype", dtypes), t->rank, t->shape);
    for (size_t i = 0; i < t->n; i++)
        hu_tensor_set(out, i, hu_tensor_get(t, i));
    return 1;
}

static void push_nested(lua_State *L, const hu_tensor *t, int depth, size_t *at)
{
    if (depth == t->rank) {
        lua_pushnumber(L, hu_tensor_get(t, (*at)++));
        return;
    }
    lua_createtable(L, t->shape[depth] < INT_MAX ? (int)t->shape[depth] : 0, 0);
    for (size_t i = 0; i < t->shape[depth]; i++) {
        push_nested(L, t, depth + 1, at);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* array:totable() -> nested table; the number itself for an array without indices */
static int to_table(lua_State *L)
{
    size_t at = 0;
    luaL_checkstack(L, HU_MAX_RANK + 4, NULL);
    push_nested(L, self(L), 0, &at);
    return 1;
}

/* array:map(function) -> array; the function gets each element and returns a number */
static int map(lua_State *L)
{
    hu_tensor *t = self(L);
    if (lua_type(L, 2) != LUA_TFUNCTION)
        hu_lua_bad(L, 2, "function", "a function of one number");
    hu_tensor *out = hu_lua_make_tensor(L, t->dtype, t->rank, t->shape);
    for (size_t i = 0; i < t->n; i++) {
        lua_pushvalue(L, 2);
        lua_pushnumber(L, hu_tensor_get(t, i));
        lua_call(L, 1, 1);
        hu_tensor_set(out, i, hu_lua_number(L, -1, "what the function returns"));
        lua_pop(L, 1);
    }
    return 1;
}

/* #array: the size of the first index, as of nested tables */
static int length(lua_State *L)
{
    hu_tensor *t = self(L);
    lua_pushinteger(L, t->rank ? (lua_Integer)t->shape[0] : 1);
    return 1;
}

/* "array 2x3 (double): 1 2 3 4 5 6", the first eight elements */
static int to_text(lua_State *L)
{
    enum { SHOWN = 8 };
    hu_tensor *t = self(L);
    char text[40];
    luaL_Buffer b;

    luaL_buffinit(L, &b);
    luaL_addstring(&b, "array ");
    for (int i = 0; i < t->rank; i++) {
        snprintf(text, sizeof text, i ? "x%zu" : "%zu", t->shape[i]);
        luaL_addstring(&b, text);
    }
    snprintf(text, sizeof text, "%s(%s):", t->rank ? " " : "", dtypes[t->dtype]);
    luaL_addstring(&b, text);
    for (size_t i = 0; i < t->n && i < SHOWN; i++) {
        snprintf(text, sizeof text, " %.7g", hu_tensor_get(t, i));
        luaL_addstring(&b, text);
    }
    luaL_addstring(&b, t->n > SHOWN ? " ..." : "");
    luaL_pushresult(&b);
    return 1;
}

static int field_dtype(lua_State *L) { lua_pushstring(L, dtypes[self(L)->dtype]); return 1; }
static int field_rank (lua_State *L) { lua_pushinteger(L, self(L)->rank); return 1; }
static int field_n    (lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->n); return 1; }

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
    hu_status status = hu_tensor_load_npy(t, path, &err);

    if (status == HU_EIO) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    hu_lua_try(L, status, &err);
    account(L, t);
    return 1;
}

static const luaL_Reg functions[] = {
    {"new", new}, {"zeros", zeros}, {"ones", ones}, {"full", full}, {"linspace", linspace}, {"logspace", logspace}, {"randn", randn}, {"uniform", uniform},
    {"save_npy", save_npy}, {"load_npy", load_npy}, {NULL, NULL},
};
static const luaL_Reg methods[] = {
    {"shape", shape_of}, {"get", get}, {"set", set}, {"fill", fill_all}, {"row", row}, {"set_row", set_row},
    {"column", column}, {"slice", slice}, {"reshape", reshape}, {"transpose", transpose}, {"copy", copy}, {"to", to_dtype},
    {"totable", to_table}, {"map", map}, {NULL, NULL},
};
static const luaL_Reg fields[] = {{"dtype", field_dtype}, {"rank", field_rank}, {"n", field_n}, {NULL, NULL}};
static const luaL_Reg meta[] = {
    {"__gc", collect}, {"__index", index_element}, {"__newindex", set_element}, {"__call", get}, {"__len", length},
    {"__tostring", to_text}, {NULL, NULL},
};

int hu_lua_open_array(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_ARRAY, methods, fields, meta);
    luaL_newlib(L, functions);
    return 1;
}
