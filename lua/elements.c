/* elements.c - what arrays do in Lua: their elements, parts, shapes and text.
 *
 * Indices count from 1; a part is always a copy.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lua/lua.h"

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
    hu_lua_push_number(L, hu_tensor_get(t, position(L, t, 2, lua_gettop(L) - 1)));
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
        hu_lua_push_number(L, hu_tensor_get(t, (size_t)i - 1));
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
    hu_lua_push_shape(L, self(L));
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
    hu_tensor *out = hu_lua_make_tensor(L, (hu_dtype)hu_lua_choice(L, 2, "dtype", hu_lua_dtypes), t->rank, t->shape);
    for (size_t i = 0; i < t->n; i++)
        hu_tensor_set(out, i, hu_tensor_get(t, i));
    return 1;
}

static void push_nested(lua_State *L, const hu_tensor *t, int depth, size_t *at)
{
    if (depth == t->rank) {
        hu_lua_push_number(L, hu_tensor_get(t, (*at)++));
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
        hu_lua_push_number(L, hu_tensor_get(t, i));
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
    snprintf(text, sizeof text, "%s(%s):", t->rank ? " " : "", hu_lua_dtypes[t->dtype]);
    luaL_addstring(&b, text);
    for (size_t i = 0; i < t->n && i < SHOWN; i++) {
        double x = hu_tensor_get(t, i);
        snprintf(text, sizeof text, " %.7g", isnan(x) ? (double)NAN : x);
        luaL_addstring(&b, text);
    }
    luaL_addstring(&b, t->n > SHOWN ? " ..." : "");
    luaL_pushresult(&b);
    return 1;
}

static int field_dtype(lua_State *L) { lua_pushstring(L, hu_lua_dtypes[self(L)->dtype]); return 1; }
static int field_rank (lua_State *L) { lua_pushinteger(L, self(L)->rank); return 1; }
static int field_n    (lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->n); return 1; }

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

int hu_lua_open_elements(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_ARRAY, methods, fields, meta);
    lua_newtable(L);
    return 1;
}
