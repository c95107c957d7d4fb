/* block-bytes.c - block formats in Lua: the codes of an array, and its bytes. */
#include <string.h>

#include "lua/lua.h"

static const hu_block_format *self(lua_State *L)
{
    return hu_lua_block(L, 1, "block format");
}

/* ---- codes ---- */

/* An encoded array: its codes and scales stand in userdata on the stack. */
typedef struct encoded {
    hu_block_layout layout;
    uint64_t *codes, *scales, tensor;
    size_t n, n_blocks;
} encoded;

static uint64_t *push_words(lua_State *L, size_t n)
{
    if (n > SIZE_MAX / sizeof(uint64_t) - 1)
        luaL_error(L, "an array of that size does not fit into memory");
    return lua_newuserdatauv(L, (n + 1) * sizeof(uint64_t), 0);
}

static encoded encode(lua_State *L, const hu_block_format *f, const hu_tensor *x, int axis, hu_env *env)
{
    hu_error err = {0};
    encoded e = {0};
    hu_lua_try(L, hu_block_layout_init(&e.layout, f, x->rank, x->shape, axis, &err), &err);
    e.n = x->n;
    e.n_blocks = hu_block_count(&e.layout, f);
    e.codes = push_words(L, e.n);
    e.scales = push_words(L, e.n_blocks);
    hu_lua_try(L, hu_block_encode_f64(e.codes, e.scales, &e.tensor, x->f64, &e.layout, f, env, &err), &err);
    return e;
}

static void set_codes(lua_State *L, const char *key, const uint64_t *codes, int rank, const size_t *shape)
{
    hu_tensor *t = hu_lua_make_tensor(L, HU_F64, rank, shape);
    for (size_t i = 0; i < t->n; i++)
        t->f64[i] = (double)codes[i];
    lua_setfield(L, -2, key);
}

/* block:codes(x [, options]) -> {elements = array, scales = array, tensor = integer} */
int hu_lua_block_codes(lua_State *L)
{
    static const char *const keys[] = {"axis", HU_LUA_ENV_KEYS, NULL};
    enum { WIDEST = 53 };
    const hu_block_format *f = self(L);
    hu_env own;

    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    if (f->element->width_bits > WIDEST || f->scale->width_bits > WIDEST)
        return luaL_error(L, "codes: the codes of %s are wider than %d bits, which numbers hold; block:pack takes any", f->name, WIDEST);
    hu_env *env = hu_lua_option_env(L, 3, NULL, &own);
    hu_tensor *x = hu_lua_doubles(L, 2, "x");
    encoded e = encode(L, f, x, hu_lua_option_axis(L, 3, x->rank), env);
    size_t lines = e.layout.outer * (e.layout.rows / f->rows + (e.layout.rows % f->rows != 0));

    lua_newtable(L);
    set_codes(L, "elements", e.codes, x->rank, x->shape);
    set_codes(L, "scales", e.scales, 2, (size_t[]){lines, lines ? e.n_blocks / lines : 0});
    if (f->tensor) {
        lua_pushinteger(L, (lua_Integer)e.tensor);
        lua_setfield(L, -2, "tensor");
    }
    return 1;
}

/* ---- bytes ---- */

static void set_bytes(lua_State *L, const char *key, const uint8_t *bytes, size_t n)
{
    lua_pushlstring(L, (const char *)bytes, n);
    lua_setfield(L, -2, key);
}

static size_t tensor_bytes(const hu_block_format *f)
{
    return ((size_t)f->tensor->width_bits + 7) / 8;
}

/* Sets the fields that say how the bytes are to be read. */
static void set_frame(lua_State *L, const hu_block_format *f, const hu_tensor *x, int axis)
{
    lua_pushstring(L, f->name);
    lua_setfield(L, -2, "format");
    hu_lua_push_shape(L, x);
    lua_setfield(L, -2, "shape");
    if (axis < 0)
        lua_pushstring(L, "all");
    else
        lua_pushinteger(L, axis + 1);
    lua_setfield(L, -2, "axis");
}

/* block:pack(x [, options]) -> {format =, shape =, axis =, elements = string, scales = string, tensor = string}; with interleaved
 * the scales are in elements */
int hu_lua_block_pack(lua_State *L)
{
    static const char *const keys[] = {"axis", "interleaved", HU_LUA_ENV_KEYS, NULL};
    const hu_block_format *f = self(L);
    hu_env own;

    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    hu_env *env = hu_lua_option_env(L, 3, NULL, &own);
    bool interleaved = hu_lua_option_boolean(L, 3, "interleaved", false);
    hu_tensor *x = hu_lua_doubles(L, 2, "x");
    int axis = hu_lua_option_axis(L, 3, x->rank);
    encoded e = encode(L, f, x, axis, env);

    size_t n = hu_block_element_bytes(&e.layout, f), n_scales = hu_block_scale_bytes(&e.layout, f);
    uint8_t *bytes = lua_newuserdatauv(L, n + n_scales + 1, 0);
    hu_block_pack(bytes, interleaved ? NULL : bytes + n, e.codes, e.scales, &e.layout, f);
    lua_newtable(L);
    set_frame(L, f, x, axis);
    if (interleaved) {
        set_bytes(L, "elements", bytes, n + n_scales);
    } else {
        set_bytes(L, "elements", bytes, n);
        set_bytes(L, "scales", bytes + n, n_scales);
    }
    if (f->tensor) {
        uint8_t tensor[8];
        for (size_t i = 0; i < sizeof tensor; i++)
            tensor[i] = (uint8_t)(e.tensor >> 8 * i);
        set_bytes(L, "tensor", tensor, tensor_bytes(f));
    }
    return 1;
}

/* The string at field `key` of the table at idx, which has to have n bytes; pushed. */
static const uint8_t *field_bytes(lua_State *L, int idx, const char *key, size_t n)
{
    size_t found;
    if (lua_getfield(L, idx, key) != LUA_TSTRING)
        hu_lua_bad(L, -1, key, "a string of bytes, as block:pack makes it");
    const char *bytes = lua_tolstring(L, -1, &found);
    if (found != n)
        luaL_error(L, "%s has %I bytes; the shape and the format need %I", key, (LUAI_UACINT)found, (LUAI_UACINT)n);
    return (const uint8_t *)bytes;
}

static uint64_t tensor_code(lua_State *L, int idx, const hu_block_format *f)
{
    uint64_t code = 0;
    if (!f->tensor)
        return 0;
    const uint8_t *bytes = field_bytes(L, idx, "tensor", tensor_bytes(f));
    for (size_t i = 0; i < tensor_bytes(f); i++)
        code |= (uint64_t)bytes[i] << 8 * i;
    lua_pop(L, 1);
    return code;
}

/* block:unpack(packed) -> array */
int hu_lua_block_unpack(lua_State *L)
{
    static const char *const keys[] = {"format", "shape", "axis", "elements", "scales", "tensor", NULL};
    const hu_block_format *f = self(L);
    size_t shape[HU_MAX_RANK];
    hu_error err = {0};
    hu_block_layout l;

    lua_settop(L, 2);
    hu_lua_table(L, 2, "packed", "a table, as block:pack makes it");
    hu_lua_options(L, 2, keys);
    if (hu_lua_option(L, 2, "format") && hu_lua_block(L, -1, "format") != f)
        return luaL_error(L, "unpack: the bytes are those of %s, not of %s", luaL_tolstring(L, -1, NULL), f->name);
    lua_getfield(L, 2, "shape");
    int rank = hu_lua_shape(L, -1, "shape", shape);
    hu_tensor *out = hu_lua_make_tensor(L, HU_F64, rank, shape);
    hu_lua_try(L, hu_block_layout_init(&l, f, rank, shape, hu_lua_option_axis(L, 2, rank), &err), &err);

    bool interleaved = !hu_lua_option(L, 2, "scales");
    size_t n = hu_block_element_bytes(&l, f), n_scales = hu_block_scale_bytes(&l, f);
    const uint8_t *scales = interleaved ? NULL : field_bytes(L, 2, "scales", n_scales);
    const uint8_t *elements = field_bytes(L, 2, "elements", interleaved ? n + n_scales : n);
    uint64_t tensor = tensor_code(L, 2, f), *codes = push_words(L, out->n);
    uint64_t *scale_codes = push_words(L, hu_block_count(&l, f));
    hu_block_unpack(codes, scale_codes, elements, scales, &l, f);
    hu_lua_try(L, hu_block_decode_f64(out->f64, codes, scale_codes, tensor, &l, f, &err), &err);
    for (int i = lua_gettop(L); hu_lua_test_tensor(L, i) != out; i--)
        lua_pop(L, 1);
    return 1;
}
