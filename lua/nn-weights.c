/* nn-weights.c - named arrays in safetensors files, and llama2.c's weights, from Lua. */
#include <string.h>

#include "lua/nn.h"
#include "src/base/memory.h"
#include "src/nn/safetensors.h"

#define HU_LUA_NAMED "halfulp.named"

static int collect(lua_State *L)
{
    hu_safetensors_clear(luaL_checkudata(L, 1, HU_LUA_NAMED));
    return 0;
}

/* An empty one in a box, so that an error frees it. */
static hu_safetensors *new_box(lua_State *L)
{
    hu_safetensors *s = lua_newuserdatauv(L, sizeof *s, 0);
    memset(s, 0, sizeof *s);
    luaL_setmetatable(L, HU_LUA_NAMED);
    return s;
}

/* A table name -> array, pushed; the arrays move out of s. */
static void push_tensors(lua_State *L, hu_safetensors *s)
{
    lua_createtable(L, 0, (int)s->n);
    for (size_t i = 0; i < s->n; i++) {
        hu_tensor *t = hu_lua_new_tensor(L);
        *t = s->list[i].tensor;
        s->list[i].tensor = (hu_tensor){0};
        hu_lua_account(L, t);
        lua_setfield(L, -2, s->list[i].name);
    }
}

/* load_safetensors(path) -> {name = array}, {key = text}; or nil and a message */
static int load_safetensors(lua_State *L)
{
    const char *path = hu_lua_string(L, 1, "path");
    hu_safetensors *s = new_box(L);
    hu_error err = {0};
    int absent = hu_lua_try_file(L, hu_safetensors_load(s, path, &err), &err);
    if (absent)
        return absent;
    push_tensors(L, s);
    lua_newtable(L);
    for (size_t i = 0; i + 1 < s->n_about; i += 2) {
        lua_pushstring(L, s->about[i + 1]);
        lua_setfield(L, -2, s->about[i]);
    }
    return 2;
}

/* Names in order of the list at `names`; arrays of the table at `tensors`, which keeps them. */
static hu_named *read_named(lua_State *L, int tensors, int names, size_t n)
{
    hu_named *list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, names, (lua_Integer)i + 1);
        list[i] = (hu_named){.name = (char *)hu_lua_string(L, -1, "name")};
        lua_pushvalue(L, -1);
        lua_rawget(L, tensors);
        list[i].tensor = *hu_lua_check_tensor(L, -1, list[i].name);
        lua_pop(L, 2);
    }
    return list;
}

/* save_safetensors(path, {name = array}, names, about): names and about are lists in order */
static int save_safetensors(lua_State *L)
{
    const char *path = hu_lua_string(L, 1, "path");
    hu_error err = {0};
    lua_settop(L, 4);
    hu_lua_table(L, 2, "tensors", "a table of arrays by name");
    hu_lua_table(L, 3, "names", "a list");
    hu_lua_table(L, 4, "about", "a list");
    size_t n = lua_rawlen(L, 3), n_about = lua_rawlen(L, 4) / 2 * 2;
    hu_named *list = read_named(L, 2, 3, n);
    const char **about = lua_newuserdatauv(L, (n_about + 1) * sizeof *about, 0);
    for (size_t i = 0; i < n_about; i++) {
        lua_rawgeti(L, 4, (lua_Integer)i + 1);
        about[i] = hu_lua_string(L, -1, "about");
        lua_pop(L, 1);
    }
    hu_lua_try(L, hu_safetensors_save(list, n, about, n_about, path, &err), &err);
    return 0;
}

/* load_llama2c(path) -> {width =, ...}, {name = array}; or nil and a message */
static int load_llama2c(lua_State *L)
{
    const char *path = hu_lua_string(L, 1, "path");
    hu_safetensors *s = new_box(L);
    hu_llama2c h = {0};
    hu_error err = {0};
    int absent = hu_lua_try_file(L, hu_llama2c_load(&h, s, path, &err), &err);
    if (absent)
        return absent;
    lua_newtable(L);
    hu_lua_set_integer(L, "width", h.width);
    hu_lua_set_integer(L, "hidden", h.hidden);
    hu_lua_set_integer(L, "layers", h.layers);
    hu_lua_set_integer(L, "heads", h.heads);
    hu_lua_set_integer(L, "kv_heads", h.kv_heads);
    hu_lua_set_integer(L, "vocabulary", h.vocabulary);
    hu_lua_set_integer(L, "context", h.context);
    lua_pushboolean(L, h.tied);
    lua_setfield(L, -2, "tied");
    push_tensors(L, s);
    return 2;
}

/* gather(columns, {array, rows, array, rows, ...}) -> array of floats: the given rows (from 1) of each array, taken as a matrix of so
 * many columns, one after the other */
static int gather(lua_State *L)
{
    size_t cols = (size_t)hu_lua_integer(L, 1, "columns", 1, (lua_Integer)1 << 31), rows = 0, at = 0;
    lua_settop(L, 2);
    hu_lua_table(L, 2, "parts", "a list of arrays and rows");
    lua_Integer n = (lua_Integer)lua_rawlen(L, 2) / 2;
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 2, 2 * i);
        hu_lua_table(L, -1, "rows", "a list of rows");
        rows += lua_rawlen(L, -1);
        lua_pop(L, 1);
    }
    hu_tensor *out = hu_lua_make_tensor(L, HU_F32, 2, (size_t[]){rows, cols});
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 2, 2 * i - 1);
        lua_rawgeti(L, 2, 2 * i);
        const hu_tensor *from = hu_lua_check_tensor(L, -2, "array");
        hu_lua_table(L, -1, "rows", "a list of rows");
        size_t here = lua_rawlen(L, -1);
        for (size_t r = 0; r < here && at < rows; r++, at++) {
            lua_rawgeti(L, -1, (lua_Integer)r + 1);
            size_t row = (size_t)hu_lua_integer(L, -1, "row", 1, (lua_Integer)(from->n / cols)) - 1;
            lua_pop(L, 1);
            for (size_t j = 0; j < cols; j++)
                out->f32[at * cols + j] = (float)hu_tensor_get(from, row * cols + j);
        }
        lua_pop(L, 2);
    }
    return 1;
}

void hu_lua_nn_weights(lua_State *L)
{
    static const luaL_Reg functions[] = {{"load_safetensors", load_safetensors}, {"save_safetensors", save_safetensors},
                                         {"load_llama2c", load_llama2c}, {"gather", gather}, {NULL, NULL}};
    luaL_newmetatable(L, HU_LUA_NAMED);
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
