/* lua.c - reading arguments, raising errors, making objects. */
#include "lua/lua.h"

#include <math.h>
#include <string.h>

#include "src/base/nearest.h"

/* ---- errors ---- */

int hu_lua_error_text(lua_State *L)
{
    if (lua_isstring(L, 1) || luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL)
        luaL_tolstring(L, 1, NULL);
    else
        lua_pushfstring(L, "an error without a text was raised, with %s%s; error() takes a text",
                        lua_isnil(L, 1) ? "" : "a ", luaL_typename(L, 1));
    return 1;
}

int hu_lua_raise(lua_State *L, const hu_error *err)
{
    return luaL_error(L, "%s", err->text[0] ? err->text : hu_status_text(err->status));
}

void hu_lua_try(lua_State *L, hu_status status, const hu_error *err)
{
    if (status != HU_OK)
        hu_lua_raise(L, err);
}

int hu_lua_try_file(lua_State *L, hu_status status, const hu_error *err)
{
    if (status != HU_EIO) {
        hu_lua_try(L, status, err);
        return 0;
    }
    lua_pushnil(L);
    lua_pushstring(L, err->text);
    return 2;
}

/* Pushes what a value is, for a message: number 3.5, string "abc", array, nothing. */
static const char *push_got(lua_State *L, int idx)
{
    switch (lua_type(L, idx)) {
    case LUA_TNONE:
    case LUA_TNIL:
        return lua_pushliteral(L, "missing");
    case LUA_TNUMBER:
        lua_pushvalue(L, idx);
        return lua_pushfstring(L, "%s", lua_tostring(L, -1));
    case LUA_TSTRING:
        return lua_pushfstring(L, strlen(lua_tostring(L, idx)) > 60 ? "a long string" : "\"%s\"",
                               lua_tostring(L, idx));
    case LUA_TBOOLEAN:
        return lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false");
    default:
        if (luaL_getmetafield(L, idx, "__name") == LUA_TSTRING) {
            const char *name = lua_tostring(L, -1);
            return lua_pushfstring(L, "a value of type %s", strncmp(name, "halfulp.", 8) ? name : name + 8);
        }
        return lua_pushfstring(L, "a %s", luaL_typename(L, idx));
    }
}

/* Pushes the name of the running C function and a colon, as far as Lua knows it. */
static const char *push_function(lua_State *L)
{
    lua_Debug ar;

    if (!lua_getstack(L, 0, &ar) || !lua_getinfo(L, "n", &ar) || !ar.name)
        return lua_pushliteral(L, "");
    return lua_pushfstring(L, "%s: ", ar.name);
}

/* The index as an absolute one, where a nil stands if there was no argument: what is pushed next must not be
 * taken for it. */
static int pin(lua_State *L, int idx)
{
    luaL_checkstack(L, 8, NULL);
    idx = lua_absindex(L, idx);
    if (idx > lua_gettop(L))
        lua_settop(L, idx);
    return idx;
}

int hu_lua_bad(lua_State *L, int idx, const char *name, const char *takes)
{
    idx = pin(L, idx);
    const char *got = push_got(L, idx);      /* first: what is pushed may land on the place of a missing argument */
    return luaL_error(L, "%s%s is %s; it takes %s", push_function(L), name, got, takes);
}

/* ---- arguments ---- */

bool hu_lua_absent(lua_State *L, int idx)
{
    return lua_isnoneornil(L, idx);
}

double hu_lua_number(lua_State *L, int idx, const char *name)
{
    if (lua_type(L, idx) != LUA_TNUMBER)
        hu_lua_bad(L, idx, name, "a number");
    double x = lua_tonumber(L, idx);
    return isnan(x) ? (double)NAN : x;             /* messages print nan, not -nan */
}

lua_Integer hu_lua_integer(lua_State *L, int idx, const char *name, lua_Integer least, lua_Integer most)
{
    int whole = 0;
    lua_Integer value = lua_type(L, idx) == LUA_TNUMBER ? lua_tointegerx(L, idx, &whole) : 0;

    if (whole && value >= least && value <= most)
        return value;
    idx = pin(L, idx);
    const char *takes = "a whole number";
    if (most != LUA_MAXINTEGER)
        takes = lua_pushfstring(L, "a whole number from %I to %I", (LUAI_UACINT)least, (LUAI_UACINT)most);
    else if (least != LUA_MININTEGER)
        takes = lua_pushfstring(L, "a whole number, at least %I", (LUAI_UACINT)least);
    return hu_lua_bad(L, idx, name, takes);
}

uint64_t hu_lua_u64(lua_State *L, int idx, const char *name)
{
    return (uint64_t)hu_lua_integer(L, idx, name, LUA_MININTEGER, LUA_MAXINTEGER);
}

bool hu_lua_boolean(lua_State *L, int idx, const char *name)
{
    if (lua_type(L, idx) != LUA_TBOOLEAN)
        hu_lua_bad(L, idx, name, "true or false");
    return lua_toboolean(L, idx);
}

const char *hu_lua_string(lua_State *L, int idx, const char *name)
{
    size_t length = 0;
    const char *text = lua_type(L, idx) == LUA_TSTRING ? lua_tolstring(L, idx, &length) : NULL;

    if (!text)
        hu_lua_bad(L, idx, name, "a string");
    if (strlen(text) != length)
        hu_lua_bad(L, idx, name, "a string without a zero byte");
    return text;
}

void hu_lua_table(lua_State *L, int idx, const char *name, const char *takes)
{
    if (lua_type(L, idx) != LUA_TTABLE)
        hu_lua_bad(L, idx, name, takes);
}

/* Pushes the names of a list, as "a, b or c". */
static const char *push_list(lua_State *L, const char *const *list)
{
    luaL_Buffer b;

    luaL_buffinit(L, &b);
    for (int i = 0; list[i]; i++) {
        luaL_addstring(&b, i == 0 ? "" : list[i + 1] ? ", " : " or ");
        luaL_addstring(&b, list[i]);
    }
    luaL_pushresult(&b);
    return lua_tostring(L, -1);
}

static const char *nearest_in(const char *name, const char *const *list)
{
    hu_nearest near = hu_nearest_to(name);
    while (*list)
        hu_nearest_offer(&near, *list++);
    return near.best;
}

int hu_lua_choice(lua_State *L, int idx, const char *name, const char *const *list)
{
    idx = pin(L, idx);
    const char *text = lua_type(L, idx) == LUA_TSTRING ? lua_tostring(L, idx) : NULL;

    for (int i = 0; text && list[i]; i++)
        if (strcmp(text, list[i]) == 0)
            return i;
    const char *nearest = text ? nearest_in(text, list) : NULL;
    const char *takes = push_list(L, list);
    if (nearest)
        takes = lua_pushfstring(L, "%s (did you mean \"%s\"?)", takes, nearest);
    return hu_lua_bad(L, idx, name, takes);
}

/* ---- options ---- */

static int unknown_option(lua_State *L, int key, const char *const *keys)
{
    const char *function = push_function(L);
    if (lua_type(L, key) != LUA_TSTRING)
        return luaL_error(L, "%soptions have names, and one key here is %s; known: %s",
                          function, push_got(L, key), push_list(L, keys));
    const char *text = lua_tostring(L, key);
    const char *nearest = nearest_in(text, keys);
    if (nearest)
        return luaL_error(L, "%sunknown option \"%s\"; did you mean \"%s\"? (known: %s)",
                          function, text, nearest, push_list(L, keys));
    return luaL_error(L, "%sunknown option \"%s\"; known: %s", function, text, push_list(L, keys));
}

void hu_lua_options(lua_State *L, int idx, const char *const *keys)
{
    luaL_checkstack(L, 8, NULL);
    if (lua_isnoneornil(L, idx))
        return;
    hu_lua_table(L, idx, "options", "a table of named options");
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        const char *const *known = keys;
        if (lua_type(L, -2) == LUA_TSTRING)
            while (*known && strcmp(*known, lua_tostring(L, -2)) != 0)
                known++;
        if (lua_type(L, -2) != LUA_TSTRING || !*known)
            unknown_option(L, lua_absindex(L, -2), keys);
    }
}

void hu_lua_push_number(lua_State *L, double x)
{
    lua_pushnumber(L, isnan(x) ? (double)NAN : x);
}

bool hu_lua_option(lua_State *L, int idx, const char *key)
{
    if (lua_type(L, idx) != LUA_TTABLE)
        return false;
    idx = lua_absindex(L, idx);
    luaL_checkstack(L, 8, NULL);
    lua_pushstring(L, key);
    if (lua_rawget(L, idx) != LUA_TNIL)
        return true;
    lua_pop(L, 1);
    return false;
}

#define OPTION(type, suffix, declared, read)                                       \
    type hu_lua_option_##suffix declared                                           \
    {                                                                              \
        if (!hu_lua_option(L, idx, key))                                           \
            return otherwise;                                                      \
        type value = read;                                                         \
        lua_pop(L, 1);                                                             \
        return value;                                                              \
    }

OPTION(double, number, (lua_State *L, int idx, const char *key, double otherwise),
       hu_lua_number(L, -1, key))
OPTION(lua_Integer, integer, (lua_State *L, int idx, const char *key, lua_Integer otherwise,
                              lua_Integer least, lua_Integer most),
       hu_lua_integer(L, -1, key, least, most))
OPTION(uint64_t, u64, (lua_State *L, int idx, const char *key, uint64_t otherwise), hu_lua_u64(L, -1, key))
OPTION(bool, boolean, (lua_State *L, int idx, const char *key, bool otherwise), hu_lua_boolean(L, -1, key))
OPTION(const char *, string, (lua_State *L, int idx, const char *key, const char *otherwise),
       hu_lua_string(L, -1, key))
OPTION(int, choice, (lua_State *L, int idx, const char *key, const char *const *list, int otherwise),
       hu_lua_choice(L, -1, key, list))
OPTION(const hu_rounding *, rounding, (lua_State *L, int idx, const char *key, const hu_rounding *otherwise),
       hu_lua_rounding(L, -1, key))

const hu_format *hu_lua_option_format(lua_State *L, int idx, const char *key)
{
    if (!hu_lua_option(L, idx, key))
        return NULL;
    const hu_format *f = hu_lua_format(L, -1, key);
    lua_pop(L, 1);
    return f;
}

void hu_lua_set_number(lua_State *L, const char *key, double value)
{
    hu_lua_push_number(L, value);
    lua_setfield(L, -2, key);
}

void hu_lua_set_integer(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

/* ---- objects ---- */

/* The type's name as messages show it: "array" of "halfulp.array". */
static const char *word_of(const char *type)
{
    return strncmp(type, "halfulp.", 8) ? type : type + 8;
}

/* Offers the keys of the table at idx. */
static void offer_keys(lua_State *L, int idx, hu_nearest *near)
{
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
        hu_nearest_offer(near, lua_tostring(L, -2));
}

/* __index of every type: a method, a field, or what `other` makes of the key.
 * Upvalues: methods by name, fields by name, other (nil: none), the type's word. */
static int index_object(lua_State *L)
{
    const int methods = lua_upvalueindex(1), fields = lua_upvalueindex(2), other = lua_upvalueindex(3);

    lua_settop(L, 2);
    if (lua_type(L, 2) == LUA_TSTRING) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, methods) != LUA_TNIL)
            return 1;
        lua_pushvalue(L, 2);
        if (lua_rawget(L, fields) != LUA_TNIL) {
            lua_pushvalue(L, 1);
            lua_call(L, 1, 1);
            return 1;
        }
    }
    lua_settop(L, 2);
    if (lua_type(L, 2) != LUA_TSTRING && !lua_isnil(L, other)) {
        lua_pushvalue(L, other);
        lua_insert(L, 1);
        lua_call(L, 2, 1);
        return 1;
    }
    const char *word = lua_tostring(L, lua_upvalueindex(4));
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "a value of type %s has no field %s", word, push_got(L, 2));
    hu_nearest near = hu_nearest_to(lua_tostring(L, 2));
    offer_keys(L, methods, &near);
    offer_keys(L, fields, &near);
    if (near.best)
        return luaL_error(L, "a value of type %s has no field \"%s\"; did you mean \"%s\"?", word, near.wanted, near.best);
    return luaL_error(L, "a value of type %s has no field \"%s\"", word, near.wanted);
}

/* Pushes a new table of those functions. */
static void push_functions(lua_State *L, const luaL_Reg *functions)
{
    lua_newtable(L);
    if (functions)
        luaL_setfuncs(L, functions, 0);
}

void hu_lua_new_type(lua_State *L, const char *type, const luaL_Reg *methods, const luaL_Reg *fields,
                     const luaL_Reg *meta)
{
    luaL_newmetatable(L, type);
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
    luaL_setfuncs(L, meta, 0);

    push_functions(L, methods);
    push_functions(L, fields);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, HU_LUA_TYPES);   /* types[word] = {methods = , fields = } */
    lua_newtable(L);
    lua_pushvalue(L, -4);
    lua_setfield(L, -2, "methods");
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "fields");
    lua_setfield(L, -2, word_of(type));
    lua_pop(L, 1);

    lua_getfield(L, -3, "__index");
    lua_pushstring(L, word_of(type));
    lua_pushcclosure(L, index_object, 4);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

void hu_lua_extend_type(lua_State *L, const char *type, const luaL_Reg *methods, const luaL_Reg *meta)
{
    if (meta) {
        luaL_getmetatable(L, type);
        luaL_setfuncs(L, meta, 0);
        lua_pop(L, 1);
    }
    if (methods) {
        luaL_getsubtable(L, LUA_REGISTRYINDEX, HU_LUA_TYPES);
        lua_getfield(L, -1, word_of(type));
        lua_getfield(L, -1, "methods");
        luaL_setfuncs(L, methods, 0);
        lua_pop(L, 3);
    }
}

void *hu_lua_new_box(lua_State *L, const char *type, size_t size, int n_values)
{
    luaL_checkstack(L, 4, NULL);
    void *box = lua_newuserdatauv(L, size, n_values);
    memset(box, 0, size);
    luaL_setmetatable(L, type);
    return box;
}

void *hu_lua_test_box(lua_State *L, int idx, const char *type)
{
    luaL_checkstack(L, 4, NULL);
    return luaL_testudata(L, idx, type);
}

void *hu_lua_check_box(lua_State *L, int idx, const char *type, const char *name)
{
    void *box = hu_lua_test_box(L, idx, type);

    if (!box) {
        const char *word = word_of(type);
        idx = pin(L, idx);
        hu_lua_bad(L, idx, name, lua_pushfstring(L, strchr("aeiou", *word) ? "an %s" : "a %s", word));
    }
    return box;
}
