/* nn-text.c - texts in Lua: from files, or made up. */
#include <math.h>

#include "lua/nn.h"

hu_text *hu_lua_check_text(lua_State *L, int idx, const char *name)
{
    hu_text *t = hu_lua_check_box(L, idx, HU_LUA_TEXT, name);
    if (!t->bytes)
        luaL_error(L, "the text has been collected already");
    return t;
}

static hu_text *self(lua_State *L)
{
    return hu_lua_check_text(L, 1, "text");
}

static int collect(lua_State *L)
{
    hu_text_clear(hu_lua_check_box(L, 1, HU_LUA_TEXT, "text"));
    return 0;
}

/* text(path | nil [, {heldout =, otherwise =}]) -> text */
static int new_text(lua_State *L)
{
    static const char *const keys[] = {"heldout", "otherwise", NULL};
    lua_settop(L, 2);
    hu_lua_options(L, 2, keys);
    double heldout = hu_lua_option_number(L, 2, "heldout", 0.1);
    const char *otherwise = hu_lua_option_string(L, 2, "otherwise", NULL);
    const char *path = hu_lua_absent(L, 1) ? NULL : hu_lua_string(L, 1, "path");
    hu_text *t = hu_lua_new_box(L, HU_LUA_TEXT, sizeof *t, 0);
    hu_error err = {0};
    hu_status status = path ? hu_text_load(t, path, heldout, &err) : hu_text_load_default(t, otherwise, heldout, &err);
    hu_lua_try(L, status, &err);
    return 1;
}

/* markov{alphabet =, order =, spread =, seed =, train =, heldout =} -> text */
static int new_markov(lua_State *L)
{
    static const char *const keys[] = {"alphabet", "order", "spread", "seed", "train", "heldout", NULL};
    const lua_Integer most = (lua_Integer)1 << 30;
    lua_settop(L, 1);
    hu_lua_options(L, 1, keys);
    hu_markov m = {
        .alphabet  = (size_t)hu_lua_option_integer(L, 1, "alphabet", 8, 2, 16),
        .order     = (size_t)hu_lua_option_integer(L, 1, "order", 2, 1, 4),
        .spread    = hu_lua_option_number(L, 1, "spread", 1.5),
        .seed      = hu_lua_option_u64(L, 1, "seed", 1),
        .n_train   = (size_t)hu_lua_option_integer(L, 1, "train", 200000, 16, most),
        .n_heldout = (size_t)hu_lua_option_integer(L, 1, "heldout", 20000, 16, most),
    };
    hu_text *t = hu_lua_new_box(L, HU_LUA_TEXT, sizeof *t, 0);
    hu_error err = {0};
    hu_lua_try(L, hu_text_markov(t, m, &err), &err);
    return 1;
}

/* text:entropy_rate() -> bits per byte, or nil where it is not known */
static int entropy_rate(lua_State *L)
{
    hu_text *t = self(L);
    if (isnan(t->entropy_bits))
        lua_pushnil(L);
    else
        hu_lua_push_number(L, t->entropy_bits);
    return 1;
}

/* text:trigram() -> bits per byte of the held-out part under an order-2 model of the training part */
static int trigram(lua_State *L)
{
    double bits = 0;
    hu_error err = {0};
    hu_lua_try(L, hu_text_trigram_bits(self(L), &bits, &err), &err);
    hu_lua_push_number(L, bits);
    return 1;
}

/* text:part(split) -> string */
static int part(lua_State *L)
{
    static const char *const splits[] = {"train", "heldout", NULL};
    hu_text *t = self(L);
    bool heldout = hu_lua_choice(L, 2, "split", splits) == 1;
    lua_pushlstring(L, (const char *)t->bytes + (heldout ? t->n_train : 0), heldout ? t->n_heldout : t->n_train);
    return 1;
}

static int n_train(lua_State *L)   { lua_pushinteger(L, (lua_Integer)self(L)->n_train);   return 1; }
static int n_heldout(lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->n_heldout); return 1; }
static int n_files(lua_State *L)   { lua_pushinteger(L, (lua_Integer)self(L)->n_files);   return 1; }

static int to_string(lua_State *L)
{
    hu_text *t = self(L);
    lua_pushfstring(L, "text: %I bytes to train on, %I held out", (LUAI_UACINT)t->n_train, (LUAI_UACINT)t->n_heldout);
    return 1;
}

static const luaL_Reg functions[] = {{"text", new_text}, {"markov", new_markov}, {NULL, NULL}};
static const luaL_Reg methods[]   = {{"entropy_rate", entropy_rate}, {"trigram", trigram}, {"part", part}, {NULL, NULL}};
static const luaL_Reg fields[]    = {{"train_bytes", n_train}, {"heldout_bytes", n_heldout}, {"files", n_files}, {NULL, NULL}};
static const luaL_Reg meta[]      = {{"__gc", collect}, {"__tostring", to_string}, {NULL, NULL}};

void hu_lua_nn_text(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_TEXT, methods, fields, meta);
    luaL_setfuncs(L, functions, 0);
}
