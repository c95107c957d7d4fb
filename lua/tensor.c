/* tensor.c - arrays as arguments and results of the bindings. */
#include <limits.h>
#include <math.h>

#include "lua/lua.h"

const char *const hu_lua_dtypes[] = {[HU_F32] = "float", [HU_F64] = "double", NULL};

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

void hu_lua_account(lua_State *L, const hu_tensor *t)
{
    size_t kilobytes = t->n / (t->dtype == HU_F32 ? 256 : 128);
    if (kilobytes > 0 && lua_gc(L, LUA_GCISRUNNING))
        lua_gc(L, LUA_GCSTEP, kilobytes > INT_MAX / 1024 ? INT_MAX / 1024 : (int)kilobytes);
}

void hu_lua_push_shape(lua_State *L, const hu_tensor *t)
{
    lua_createtable(L, t->rank, 0);
    for (int i = 0; i < t->rank; i++) {
        lua_pushinteger(L, (lua_Integer)t->shape[i]);
        lua_rawseti(L, -2, i + 1);
    }
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
    hu_lua_account(L, t);
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

hu_tensor *hu_lua_tensor_from_table(lua_State *L, int idx, const char *name, hu_dtype dtype)
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
    t = hu_lua_tensor_from_table(L, idx, name, HU_F64);
    lua_replace(L, idx);
    return t;
}

void hu_lua_check_finite(lua_State *L, const hu_tensor *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++) {
        double x = hu_tensor_get(t, i);
        if (!isfinite(x))
            luaL_error(L, "%s: number %I of %I is %s; they have to be finite", name, (LUAI_UACINT)(i + 1), (LUAI_UACINT)t->n,
                       isnan(x) ? "NaN" : "infinite");
    }
}

hu_tensor *hu_lua_doubles(lua_State *L, int idx, const char *name)
{
    hu_error err = {0};
    hu_tensor *t = hu_lua_to_tensor(L, idx, name);
    if (t->dtype == HU_F64)
        return t;
    hu_tensor *out = hu_lua_make_tensor(L, HU_F64, t->rank, t->shape);
    hu_lua_try(L, hu_tensor_broadcast(out, t, &err), &err);
    lua_replace(L, idx);
    return out;
}
