/* format-bytes.c - formats in Lua: the codes of an array, and its bytes. */
#include <string.h>

#include "lua/lua.h"
#include "src/kernel/kernel.h"

enum { WIDEST_CODES = 53, WIDEST_PACKED = 16 };

static hu_lua_format_box *self(lua_State *L)
{
    return hu_lua_check_box(L, 1, HU_LUA_FORMAT, "format");
}

/* Room for n elements of so many bytes, in userdata on the stack. */
static void *push_room(lua_State *L, size_t n, size_t size)
{
    if (n > SIZE_MAX / size - 1)
        luaL_error(L, "an array of that size does not fit into memory");
    return lua_newuserdatauv(L, (n + 1) * size, 0);
}

static hu_env *options(lua_State *L, hu_lua_format_box *box, hu_env *own)
{
    static const char *const keys[] = {HU_LUA_ENV_KEYS, NULL};
    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    return hu_lua_option_env(L, 3, box->env, own);
}

/* format:codes(x [, options]) -> array of doubles */
int hu_lua_format_codes(lua_State *L)
{
    hu_lua_format_box *box = self(L);
    hu_error err = {0};
    hu_env own, *env = options(L, box, &own);

    if (box->format->width_bits > WIDEST_CODES)
        return luaL_error(L, "codes: the codes of %s are wider than %d bits, which numbers hold", box->format->name, WIDEST_CODES);
    hu_tensor *x = hu_lua_doubles(L, 2, "x");
    uint64_t *codes = push_room(L, x->n, sizeof *codes);
    hu_lua_try(L, hu_encode_f64(codes, x->f64, x->n, box->format, env, &err), &err);
    hu_tensor *out = hu_lua_make_tensor(L, HU_F64, x->rank, x->shape);
    for (size_t i = 0; i < out->n; i++)
        out->f64[i] = (double)codes[i];
    return 1;
}

/* format:pack(x [, options]) -> {format =, shape =, elements = string} */
int hu_lua_format_pack(lua_State *L)
{
    hu_lua_format_box *box = self(L);
    hu_error err = {0};
    hu_env own, *env = options(L, box, &own);
    hu_tensor *x = hu_lua_to_tensor(L, 2, "x");
    size_t size = hu_packed_bytes(x->n, box->format);
    uint8_t *bytes = push_room(L, size, 1);

    if (x->dtype == HU_F32)
        hu_lua_try(L, hu_encode_packed_f32(bytes, x->f32, x->n, box->format, env, &err), &err);
    else
        hu_lua_try(L, hu_encode_packed_f64(bytes, x->f64, x->n, box->format, env, &err), &err);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, box->format->name);
    lua_setfield(L, -2, "format");
    hu_lua_push_shape(L, x);
    lua_setfield(L, -2, "shape");
    lua_pushlstring(L, (const char *)bytes, size);
    lua_setfield(L, -2, "elements");
    return 1;
}

/* format:unpack(packed) -> array of doubles */
int hu_lua_format_unpack(lua_State *L)
{
    static const char *const keys[] = {"format", "shape", "elements", NULL};
    const hu_format *f = self(L)->format;
    size_t shape[HU_MAX_RANK], found;
    hu_error err = {0};

    lua_settop(L, 2);
    hu_lua_table(L, 2, "packed", "a table, as format:pack makes it");
    hu_lua_options(L, 2, keys);
    if (hu_lua_option(L, 2, "format") && hu_lua_format(L, -1, "format") != f)
        return luaL_error(L, "unpack: the bytes are those of %s, not of %s", luaL_tolstring(L, -1, NULL), f->name);
    if (f->width_bits > WIDEST_PACKED)
        return luaL_error(L, "unpack: codes of %s have %d bits; %d and less will do", f->name, f->width_bits, WIDEST_PACKED);
    lua_getfield(L, 2, "shape");
    int rank = hu_lua_shape(L, -1, "shape", shape);
    if (lua_getfield(L, 2, "elements") != LUA_TSTRING)
        return hu_lua_bad(L, -1, "elements", "a string of bytes, as format:pack makes it");
    const char *bytes = lua_tolstring(L, -1, &found);
    hu_tensor *out = hu_lua_make_tensor(L, HU_F64, rank, shape);
    if (found != hu_packed_bytes(out->n, f))
        return luaL_error(L, "elements has %I bytes; the shape and the format need %I", (LUAI_UACINT)found, (LUAI_UACINT)hu_packed_bytes(out->n, f));
    hu_lua_try(L, hu_decode_packed_f64(out->f64, (const uint8_t *)bytes, out->n, f, &err), &err);
    return 1;
}
