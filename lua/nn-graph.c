/* nn-graph.c - models described in Lua: a list of instructions. */
#include <string.h>

#include "lua/nn.h"

/* An instruction while its table is read. */
typedef struct reading {
    hu_layer    layer;
    size_t      n_sizes;
    double      rate;          /* what layer.rate points to, where it is given */
    lua_Integer i;             /* which instruction, for messages              */
} reading;

/* The graph while it is described: in a box, so that an error frees it. */
#define HU_LUA_GRAPH "halfulp.graph"

static int collect(lua_State *L)
{
    hu_graph **g = hu_lua_check_box(L, 1, HU_LUA_GRAPH, "graph");
    hu_graph_free(*g);
    *g = NULL;
    return 0;
}

/* Which instruction, in the message of an error about one of its fields. */
static int bad_field(lua_State *L, const reading *r, const char *key, const char *takes)
{
    return luaL_error(L, "model: instruction %I: %s is %s; it takes %s", (LUAI_UACINT)r->i, key, luaL_typename(L, -1), takes);
}

/* `from`: a name or a list of names; on top of the stack. */
static void read_from(lua_State *L, reading *r)
{
    if (lua_type(L, -1) == LUA_TSTRING) {
        r->layer.from[0] = lua_tostring(L, -1);
        return;
    }
    if (lua_type(L, -1) != LUA_TTABLE || lua_rawlen(L, -1) > HU_GRAPH_INPUTS)
        bad_field(L, r, "from", "the name of an instruction or a list of up to 3");
    for (size_t k = 0; k < lua_rawlen(L, -1); k++) {
        if (lua_rawgeti(L, -1, (lua_Integer)k + 1) != LUA_TSTRING)
            bad_field(L, r, "from", "names of instructions");
        r->layer.from[k] = lua_tostring(L, -1);     /* the list keeps it */
        lua_pop(L, 1);
    }
}

static double number_field(lua_State *L, const reading *r, const char *key)
{
    if (lua_type(L, -1) != LUA_TNUMBER)
        bad_field(L, r, key, "a number");
    return lua_tonumber(L, -1);
}

static const char *text_field(lua_State *L, const reading *r, const char *key)
{
    if (lua_type(L, -1) != LUA_TSTRING || strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1))
        bad_field(L, r, key, "a name");
    return lua_tostring(L, -1);
}

static void read_size(lua_State *L, reading *r, const char *key)
{
    if (r->n_sizes == HU_GRAPH_SIZES)
        luaL_error(L, "model: instruction %I has more than %d sizes", (LUAI_UACINT)r->i, HU_GRAPH_SIZES);
    r->layer.size[r->n_sizes].name = key;
    if (lua_type(L, -1) == LUA_TBOOLEAN)
        r->layer.size[r->n_sizes].value = lua_toboolean(L, -1);
    else if (lua_type(L, -1) == LUA_TNUMBER)
        r->layer.size[r->n_sizes].value = lua_tonumber(L, -1);
    else
        bad_field(L, r, key, "a number, or true or false");
    r->n_sizes++;
}

/* One field of the instruction: key and value are on top of the stack. */
static void read_field(lua_State *L, reading *r)
{
    if (lua_type(L, -2) == LUA_TNUMBER && lua_tointeger(L, -2) == 1) {
        r->layer.operation = text_field(L, r, "the operation");
        return;
    }
    if (lua_type(L, -2) != LUA_TSTRING)
        luaL_error(L, "model: instruction %I: a second unnamed value; it takes {\"operation\", name = , from = , SIZE = ...}",
                   (LUAI_UACINT)r->i);
    const char *key = lua_tostring(L, -2);
    if (strcmp(key, "name") == 0) {
        r->layer.name = text_field(L, r, key);
    } else if (strcmp(key, "from") == 0) {
        read_from(L, r);
    } else if (strcmp(key, "share") == 0) {
        r->layer.share = text_field(L, r, key);
    } else if (strcmp(key, "deviation") == 0) {
        r->layer.deviation = number_field(L, r, key);
    } else if (strcmp(key, "rate") == 0) {
        r->rate = number_field(L, r, key);
        r->layer.rate = &r->rate;
    } else {
        read_size(L, r, key);
    }
}

/* graph(list, name, seed) -> model; list: instructions {"operation", name =, from =, share =, deviation =, rate =, SIZE = ...} */
static int new_graph(lua_State *L)
{
    hu_error err = {0};
    hu_lua_table(L, 1, "instructions", "a list of instructions");
    const char *name = hu_lua_string(L, 2, "name");
    uint64_t seed = hu_lua_u64(L, 3, "seed");
    if (strlen(name) >= HU_GRAPH_NAME)
        luaL_error(L, "model: a name takes up to %d bytes", HU_GRAPH_NAME - 1);
    lua_settop(L, 3);
    hu_graph **g = hu_lua_new_box(L, HU_LUA_GRAPH, sizeof *g, 0);
    *g = hu_graph_new(name);
    if (!*g)
        luaL_error(L, "model: out of memory");
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, 1); i++) {
        reading r = {.i = i};
        lua_rawgeti(L, 1, i);
        hu_lua_table(L, -1, "an instruction", "{\"operation\", name = , from = , SIZE = ...}");
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            read_field(L, &r);
        if (!r.layer.operation)
            luaL_error(L, "model: instruction %I names no operation; it takes {\"linear\", out = 10}, say", (LUAI_UACINT)i);
        hu_lua_try(L, hu_graph_add(*g, &r.layer, &err), &err);
        lua_pop(L, 1);
    }
    hu_model *m = hu_lua_new_box(L, HU_LUA_MODEL, sizeof *m, 0);
    hu_lua_try(L, hu_model_init_graph(m, *g, seed, &err), &err);
    *g = NULL;                      /* the model's now */
    return 1;
}

/* operations() -> list of {name =, sizes = {{name =, default =, least =, most =}, ...}} */
static int operations(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; hu_operation_name(i); i++) {
        lua_newtable(L);
        lua_pushstring(L, hu_operation_name(i));
        lua_setfield(L, -2, "name");
        lua_newtable(L);
        const hu_size *s = hu_operation_sizes(i);
        for (lua_Integer k = 0; s[k].name; k++) {
            lua_newtable(L);
            lua_pushstring(L, s[k].name);
            lua_setfield(L, -2, "name");
            if (s[k].otherwise == s[k].otherwise)
                hu_lua_set_number(L, "default", s[k].otherwise);
            hu_lua_set_number(L, "least", s[k].least);
            hu_lua_set_number(L, "most", s[k].most);
            lua_rawseti(L, -2, k + 1);
        }
        lua_setfield(L, -2, "sizes");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

void hu_lua_nn_graph(lua_State *L)
{
    static const luaL_Reg functions[] = {{"graph", new_graph}, {"operations", operations}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__gc", collect}, {NULL, NULL}};
    luaL_newmetatable(L, HU_LUA_GRAPH);       /* no value of Lua: no methods */
    luaL_setfuncs(L, meta, 0);
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
