/* arith.c - arithmetic, functions and reductions of arrays, in the carrier's own arithmetic.
 *
 * Emulated arithmetic on arrays is in numeric.c.
 */
#include "lua/lua.h"

/* ---- operators ---- */

/* An operand: the array at idx, or the number there, held in *one, an array without indices. */
static hu_tensor *operand(lua_State *L, int idx, hu_tensor *one, double *number)
{
    if (lua_type(L, idx) != LUA_TNUMBER)
        return hu_lua_to_tensor(L, idx, "operand");
    *number = lua_tonumber(L, idx);
    *one = (hu_tensor){.dtype = HU_F64, .n = 1, .f64 = number};
    return one;
}

/* The operand as an array of that type: itself, or a new array on the stack. */
static hu_tensor *of_type(lua_State *L, hu_tensor *t, hu_dtype dtype)
{
    if (t->dtype == dtype)
        return t;
    hu_error err = {0};
    hu_tensor *out = hu_lua_make_tensor(L, dtype, t->rank, t->shape);
    hu_lua_try(L, hu_tensor_broadcast(out, t, &err), &err);
    return out;
}

static int arith(lua_State *L, hu_arith op)
{
    hu_error err = {0};
    hu_tensor one[2];
    double numbers[2];
    size_t shape[HU_MAX_RANK];
    int rank;

    lua_settop(L, 2);
    hu_tensor *a = operand(L, 1, &one[0], &numbers[0]), *b = operand(L, 2, &one[1], &numbers[1]);
    bool a_float = a->dtype == HU_F32, b_float = b->dtype == HU_F32;
    hu_dtype dtype = (a_float || a == &one[0]) && (b_float || b == &one[1]) && (a_float || b_float) ? HU_F32 : HU_F64;
    a = of_type(L, a, dtype);
    b = of_type(L, b, dtype);
    hu_lua_try(L, hu_tensor_common_shape(a, b, &rank, shape, &err), &err);
    hu_tensor *out = hu_lua_make_tensor(L, dtype, rank, shape);
    hu_lua_try(L, hu_tensor_arith(out, op, a, b, &err), &err);
    return 1;
}

#define X(name) static int arith_##name(lua_State *L) { return arith(L, HU_ARITH_##name); }
HU_ARITH_MAP(X)
#undef X

static int negate(lua_State *L)
{
    hu_tensor *t = hu_lua_check_tensor(L, 1, "array");
    hu_tensor *out = hu_lua_make_tensor(L, t->dtype, t->rank, t->shape);
    for (size_t i = 0; i < t->n; i++)
        hu_tensor_set(out, i, -hu_tensor_get(t, i));
    return 1;
}

/* array == array: the same shape and equal values everywhere (a NaN equals nothing) */
static int equal(lua_State *L)
{
    hu_tensor *a = hu_lua_test_tensor(L, 1), *b = hu_lua_test_tensor(L, 2);
    bool same = a && b && a->rank == b->rank;

    for (int i = 0; same && i < a->rank; i++)
        same = a->shape[i] == b->shape[i];
    for (size_t i = 0; same && i < a->n; i++)
        same = hu_tensor_get(a, i) == hu_tensor_get(b, i);
    lua_pushboolean(L, same);
    return 1;
}

/* ---- functions ---- */

static int apply(lua_State *L, hu_function function)
{
    hu_error err = {0};
    hu_tensor *t = hu_lua_check_tensor(L, 1, "array");
    hu_tensor *out = hu_lua_make_tensor(L, t->dtype, t->rank, t->shape);
    hu_lua_try(L, hu_tensor_apply(out, function, t, &err), &err);
    return 1;
}

#define X(name) static int function_##name(lua_State *L) { return apply(L, HU_FUNCTION_##name); }
HU_FUNCTION_MAP(X)
#undef X

/* ---- reductions ---- */

/* array:kind([axis]) -> number, or an array with that index taken out */
static int reduce(lua_State *L, hu_reduce kind)
{
    hu_error err = {0};
    hu_tensor *t = hu_lua_check_tensor(L, 1, "array");
    bool counts = kind == HU_REDUCE_argmax || kind == HU_REDUCE_argmin;   /* places, which Lua counts from 1 */

    if (hu_lua_absent(L, 2)) {
        double number;
        hu_tensor all = {.dtype = HU_F64, .n = 1, .f64 = &number};
        hu_lua_try(L, hu_tensor_reduce(&all, kind, t, -1, &err), &err);
        if (counts)
            lua_pushinteger(L, (lua_Integer)number + 1);
        else
            hu_lua_push_number(L, number);
        return 1;
    }
    int axis = (int)hu_lua_integer(L, 2, "axis", 1, t->rank) - 1, rank = 0;
    size_t shape[HU_MAX_RANK];
    for (int i = 0; i < t->rank; i++)
        if (i != axis)
            shape[rank++] = t->shape[i];
    hu_tensor *out = hu_lua_make_tensor(L, counts ? HU_F64 : t->dtype, rank, shape);
    hu_lua_try(L, hu_tensor_reduce(out, kind, t, axis, &err), &err);
    for (size_t i = 0; counts && i < out->n; i++)
        out->f64[i] += 1;
    return 1;
}

#define X(name) static int reduce_##name(lua_State *L) { return reduce(L, HU_REDUCE_##name); }
HU_REDUCE_MAP(X)
#undef X

/* a:hadamard([options]) -> array; options: block, axis, signs (true), inverse, seed, stream */
static int hadamard(lua_State *L)
{
    static const char *const keys[] = {"block", "axis", "signs", "inverse", "seed", "stream", NULL};
    hu_tensor *t = hu_lua_check_tensor(L, 1, "array");
    hu_lua_options(L, 2, keys);
    if (t->rank == 0)
        return luaL_error(L, "hadamard: the array has no index; it takes one or more");
    hu_rotation r = {.axis = (int)hu_lua_option_integer(L, 2, "axis", t->rank, 1, t->rank) - 1};
    r.block = (size_t)hu_lua_option_integer(L, 2, "block", (lua_Integer)t->shape[r.axis], 1, (lua_Integer)1 << 40);
    r.signs = hu_lua_option_boolean(L, 2, "signs", false);
    r.inverse = hu_lua_option_boolean(L, 2, "inverse", false);
    r.seed = hu_lua_option_u64(L, 2, "seed", 1);
    r.stream = hu_lua_option_u64(L, 2, "stream", 0);
    hu_tensor *out = hu_lua_make_tensor(L, t->dtype, t->rank, t->shape);
    hu_error err = {0};
    hu_lua_try(L, hu_tensor_hadamard(out, t, &r, &err), &err);
    return 1;
}

static const luaL_Reg functions[] = {{"minimum", arith_min}, {"maximum", arith_max}, {NULL, NULL}};
static const luaL_Reg methods[] = {
#define X(name) {#name, function_##name},
    HU_FUNCTION_MAP(X)
#undef X
#define X(name) {#name, reduce_##name},
    HU_REDUCE_MAP(X)
#undef X
    {"hadamard", hadamard},
    {NULL, NULL},
};
static const luaL_Reg meta[] = {
    {"__add", arith_add}, {"__sub", arith_sub}, {"__mul", arith_mul}, {"__div", arith_div}, {"__pow", arith_pow},
    {"__unm", negate}, {"__eq", equal}, {NULL, NULL},
};

int hu_lua_open_arith(lua_State *L)
{
    hu_lua_extend_type(L, HU_LUA_ARRAY, methods, meta);
    luaL_newlib(L, functions);
    return 1;
}
