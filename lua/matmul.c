/* matmul.c - products of matrices, and of batches of them, under an accumulator, with scales. */
#include <string.h>

#include "lua/lua.h"

/* The matrix at idx as the format, block format or quantizer at `input` has it (nil: as it is), a copy; blocks along index `axis` (from 0);
 * random words from a stream of its own. */
static void quantize_input(lua_State *L, int idx, int input, int axis, hu_env *env, const char *tag)
{
    if (hu_lua_absent(L, input))
        return;
    hu_env other = *env;
    other.random = (hu_random){.seed = hu_random_derive(env->random.seed, tag), .stream = env->random.stream,
                               .index = env->random.index};
    hu_tensor *t = hu_lua_check_tensor(L, idx, "matrix");
    if (!hu_lua_push_scaled(L, input, t, other.random.seed, other.random.stream, &other.flags)) {
        const hu_block_format *block = hu_lua_test_block(L, input, tag);
        if (block)
            hu_lua_push_block_quantized(L, t, block, axis, &other);
        else
            hu_lua_push_quantized(L, t, hu_lua_format(L, input, tag), &other);
    }
    env->flags |= other.flags;
    lua_replace(L, idx);
}

/* Pushes the two formats, block formats or quantizers of the field "input", which has one for both matrices or a list of two; nil: none. */
static void push_inputs(lua_State *L, int idx)
{
    if (!hu_lua_option(L, idx, "input")) {
        lua_pushnil(L);
        lua_pushnil(L);
        return;
    }
    int at = lua_gettop(L);
    for (int i = 0; i < 2; i++) {
        if (lua_type(L, at) == LUA_TTABLE)
            lua_rawgeti(L, at, i + 1);
        else
            lua_pushvalue(L, at);
        const char *name = i ? "input of b" : "input of a";
        if (!hu_lua_test_box(L, -1, HU_LUA_QUANTIZER) && !hu_lua_test_block(L, lua_gettop(L), name))
            hu_lua_format(L, lua_gettop(L), name);
    }
    lua_remove(L, at);
}

/* The format at idx; NULL where there is a block format, a quantizer or nothing. */
static const hu_format *plain_format(lua_State *L, int idx)
{
    bool other = hu_lua_absent(L, idx) || hu_lua_test_box(L, idx, HU_LUA_QUANTIZER) || hu_lua_test_block(L, idx, "input");
    return other ? NULL : hu_lua_format(L, idx, "input");
}

/* The array at idx in that type, with two indices at least: a vector becomes one row, or one column. */
static void matrix(lua_State *L, int idx, hu_dtype dtype, bool as_column, const char *name)
{
    hu_error err = {0};
    hu_tensor *t = hu_lua_check_tensor(L, idx, name);

    if (t->rank == 0)
        luaL_error(L, "matmul: %s has no index; it needs 1 to %d", name, HU_MAX_RANK);
    if (t->rank >= 2 && t->dtype == dtype)
        return;
    hu_tensor *out = hu_lua_make_tensor(L, dtype, t->rank, t->shape);
    hu_lua_try(L, hu_tensor_broadcast(out, t, &err), &err);
    if (t->rank == 1) {
        out->rank = 2;
        out->shape[0] = as_column ? t->n : 1;
        out->shape[1] = as_column ? 1 : t->n;
    }
    lua_replace(L, idx);
}

/* Pushes the field `key`, scales as an array of doubles, or nil. */
static const hu_tensor *push_scale(lua_State *L, int idx, const char *key)
{
    if (!hu_lua_option(L, idx, key)) {
        lua_pushnil(L);
        return NULL;
    }
    if (lua_type(L, -1) == LUA_TNUMBER) {
        hu_tensor *t = hu_lua_make_tensor(L, HU_F64, 0, NULL);
        t->f64[0] = lua_tonumber(L, -2);
        lua_remove(L, -2);
        hu_lua_check_finite(L, t, key);
        return t;
    }
    const hu_tensor *t = hu_lua_doubles(L, lua_gettop(L), key);
    hu_lua_check_finite(L, t, key);
    return t;
}

/* The field `key`: the rows and columns of a block under one scale. */
static void read_block(lua_State *L, int idx, const char *key, size_t block[2])
{
    if (!hu_lua_option(L, idx, key))
        return;
    int at = lua_gettop(L);
    hu_lua_table(L, at, key, "a list of two sizes, rows and columns");
    if (lua_rawlen(L, at) != 2)
        luaL_error(L, "matmul: %s has %I sizes; it takes two, rows and columns", key, (LUAI_UACINT)lua_rawlen(L, at));
    for (int i = 0; i < 2; i++) {
        lua_rawgeti(L, at, i + 1);
        block[i] = (size_t)hu_lua_integer(L, -1, key, 1, (lua_Integer)1 << 48);
    }
    lua_settop(L, at - 1);
}

/* The indices of batches, then m and n; vectors' indices are taken out again. */
static void shape_result(hu_tensor *c, bool a_was_vector, bool b_was_vector)
{
    if (b_was_vector)
        c->rank--;
    if (a_was_vector) {
        if (!b_was_vector)
            c->shape[c->rank - 2] = c->shape[c->rank - 1];
        c->rank--;
    }
    for (int i = c->rank; i < HU_MAX_RANK; i++)
        c->shape[i] = 0;
}

/* matmul(a, b [, options]) -> array */
int hu_lua_matmul(lua_State *L)
{
    static const char *const keys[] = {"input", "transpose_a", "transpose_b", "scale_a", "scale_b", "block_a", "block_b", "accumulate", HU_LUA_ENV_KEYS, NULL};
    hu_error err = {0};
    hu_env own, *of_format;
    hu_matmul how = {0};

    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    push_inputs(L, 3);                                  /* at 4 and 5 */
    hu_accumulator acc = hu_lua_option_accumulator(L, 3, &of_format, plain_format(L, 4), plain_format(L, 5));
    hu_env *env = hu_lua_option_env(L, 3, of_format, &own);
    how.a_transposed = hu_lua_option_boolean(L, 3, "transpose_a", false);
    how.b_transposed = hu_lua_option_boolean(L, 3, "transpose_b", false);
    read_block(L, 3, "block_a", how.block_a);
    read_block(L, 3, "block_b", how.block_b);

    hu_tensor *a = hu_lua_to_tensor(L, 1, "a"), *b = hu_lua_to_tensor(L, 2, "b");
    bool a_is_vector = a->rank == 1, b_is_vector = b->rank == 1;
    hu_dtype dtype = a->dtype == HU_F32 && b->dtype == HU_F32 ? HU_F32 : HU_F64;
    matrix(L, 1, dtype, how.a_transposed, "a");
    matrix(L, 2, dtype, !how.b_transposed, "b");
    int rank_a = hu_lua_check_tensor(L, 1, "a")->rank, rank_b = hu_lua_check_tensor(L, 2, "b")->rank;
    quantize_input(L, 1, 4, rank_a - (how.a_transposed ? 2 : 1), env, "input a");      /* blocks lie along the index that is summed over */
    quantize_input(L, 2, 5, rank_b - (how.b_transposed ? 1 : 2), env, "input b");
    how.scale_a = push_scale(L, 3, "scale_a");
    how.scale_b = push_scale(L, 3, "scale_b");
    hu_lua_check_outer(L, &acc, "accumulate", how.scale_a || how.scale_b, ", or scale_a or scale_b");
    a = hu_lua_check_tensor(L, 1, "a");
    b = hu_lua_check_tensor(L, 2, "b");
    hu_tensor like;
    hu_lua_try(L, hu_tensor_matmul_shape(&like, a, b, &how, &err), &err);
    hu_tensor *c = hu_lua_make_tensor(L, dtype, like.rank, like.shape);
    own.no_flags = true;                                                  /* nobody gets to see its flags */
    hu_lua_try(L, hu_tensor_matmul(c, a, b, &how, &acc, env, &err), &err);
    shape_result(c, a_is_vector, b_is_vector);
    return 1;
}
