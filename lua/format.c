/* format.c - number formats in Lua.
 *
 * A format object is a format together with an environment (its user value): values made by it round
 * with that environment and raise their flags there. Formats themselves are shared and never freed.
 */
#include <math.h>
#include <string.h>

#include "lua/lua.h"
#include "src/ops/ops.h"

/* ---- reading them as arguments ---- */

const hu_format *hu_lua_format(lua_State *L, int idx, const char *name)
{
    hu_lua_format_box *box = hu_lua_test_box(L, idx, HU_LUA_FORMAT);
    if (box)
        return box->format;
    if (lua_type(L, idx) != LUA_TSTRING)
        hu_lua_bad(L, idx, name, "a format or the name of one, such as \"e4m3fn\"");
    hu_error err = {0};
    const hu_format *f = hu_format_find(hu_lua_string(L, idx, name), &err);
    if (!f)
        hu_lua_raise(L, &err);
    return f;
}

const hu_rounding *hu_lua_rounding(lua_State *L, int idx, const char *name)
{
    if (lua_type(L, idx) != LUA_TSTRING)
        hu_lua_bad(L, idx, name, "the name of a rounding mode, such as \"rne\"");
    hu_error err = {0};
    const hu_rounding *mode = hu_rounding_find(hu_lua_string(L, idx, name), &err);
    if (!mode)
        hu_lua_raise(L, &err);
    return mode;
}

/* ---- objects ---- */

static hu_lua_format_box *self(lua_State *L)
{
    return hu_lua_check_box(L, 1, HU_LUA_FORMAT, "format");
}

/* Pushes a format object over the environment on top of the stack, which it replaces. */
static void push_format(lua_State *L, const hu_format *f)
{
    int env = lua_gettop(L);
    hu_lua_format_box *box = hu_lua_new_box(L, HU_LUA_FORMAT, sizeof *box, 1);
    box->format = f;
    box->env = hu_lua_check_box(L, env, HU_LUA_ENV, "env");
    lua_pushvalue(L, env);
    lua_setiuservalue(L, -2, 1);
    lua_replace(L, env);
}

/* new(name | format) -> format, with an environment of its own */
static int new(lua_State *L)
{
    const hu_format *f = hu_lua_format(L, 1, "format");
    hu_lua_new_env(L);
    push_format(L, f);
    return 1;
}

/* format:with{rounding=, overflow=, ...} or format:with(env) -> format */
static int with(lua_State *L)
{
    hu_lua_format_box *box = self(L);
    hu_lua_derive_env(L, 2, box->env);
    push_format(L, box->format);
    return 1;
}

/* format:clear() -> format; lowers the flags of its environment */
static int clear(lua_State *L)
{
    self(L)->env->flags = 0;
    lua_settop(L, 1);
    return 1;
}

static int push_name_of(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    return 1;
}

/* Lists the names of the table of formats; the aliases follow when asked. */
static int names(lua_State *L)
{
    const hu_format *f;
    const char *alias, *stands_for;

    lua_newtable(L);
    for (int i = 0; (f = hu_format_at(i)); i++) {
        push_name_of(L, f->name);
        lua_rawseti(L, -2, i + 1);
    }
    lua_newtable(L);
    for (int i = 0; (alias = hu_format_alias_at(i, &stands_for)); i++) {
        push_name_of(L, stands_for);
        lua_setfield(L, -2, alias);
    }
    return 2;
}

/* roundings() -> list of {name=, title=, random_bits=, source=} */
static int roundings(lua_State *L)
{
    const hu_rounding *mode;

    lua_newtable(L);
    for (int i = 0; (mode = hu_rounding_at(i)); i++) {
        lua_createtable(L, 0, 4);
        lua_pushstring(L, mode->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, mode->title);
        lua_setfield(L, -2, "title");
        lua_pushinteger(L, mode->random_bits);
        lua_setfield(L, -2, "random_bits");
        lua_pushstring(L, mode->source);
        lua_setfield(L, -2, "source");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* ---- fields ---- */

/* A property of a format as a Lua number, to nearest where a double does not hold it. */
static int push_double(lua_State *L, hu_num x)
{
    hu_env env = hu_env_default();
    const hu_format *binary64 = hu_format_find("e11m52", NULL);
    lua_pushnumber(L, binary64 ? hu_to_double(binary64, hu_round(binary64, &env, x)) : NAN);
    return 1;
}

#define INTEGER_FIELD(field) \
    static int field_##field(lua_State *L) { lua_pushinteger(L, self(L)->format->field); return 1; }
#define BOOLEAN_FIELD(field) \
    static int field_##field(lua_State *L) { lua_pushboolean(L, self(L)->format->field); return 1; }

INTEGER_FIELD(width_bits)
INTEGER_FIELD(exp_bits)
INTEGER_FIELD(man_bits)
INTEGER_FIELD(bias)
INTEGER_FIELD(emin)
INTEGER_FIELD(emax)
BOOLEAN_FIELD(has_inf)
BOOLEAN_FIELD(has_nan)
BOOLEAN_FIELD(has_negative_zero)
BOOLEAN_FIELD(is_signed)

static int field_name     (lua_State *L) { return push_name_of(L, self(L)->format->name); }
static int field_family   (lua_State *L) { return push_name_of(L, self(L)->format->family->name); }
static int field_source   (lua_State *L) { return push_name_of(L, self(L)->format->source); }
static int field_precision(lua_State *L) { lua_pushinteger(L, self(L)->format->man_bits + 1); return 1; }
static int field_env      (lua_State *L) { self(L); lua_getiuservalue(L, 1, 1); return 1; }

static int field_flags(lua_State *L)
{
    char text[HU_FLAGS_SIZE];
    return push_name_of(L, hu_flags_to_text(self(L)->env->flags, text));
}

static int field_max          (lua_State *L) { return push_double(L, hu_format_max(self(L)->format)); }
static int field_min_normal   (lua_State *L) { return push_double(L, hu_format_min_normal(self(L)->format)); }
static int field_min_subnormal(lua_State *L) { return push_double(L, hu_format_min_subnormal(self(L)->format)); }
static int field_epsilon      (lua_State *L) { return push_double(L, hu_format_epsilon(self(L)->format)); }

static int equal(lua_State *L)
{
    hu_lua_format_box *a = hu_lua_test_box(L, 1, HU_LUA_FORMAT);
    hu_lua_format_box *b = hu_lua_test_box(L, 2, HU_LUA_FORMAT);
    lua_pushboolean(L, a && b && a->format == b->format);
    return 1;
}

static int to_text(lua_State *L)
{
    return push_name_of(L, self(L)->format->name);
}

static const luaL_Reg functions[] = {{"new", new}, {"names", names}, {"roundings", roundings}, {NULL, NULL}};
static const luaL_Reg methods[]   = {{"with", with}, {"clear", clear}, {NULL, NULL}};
static const luaL_Reg meta[]      = {{"__eq", equal}, {"__tostring", to_text}, {NULL, NULL}};
static const luaL_Reg fields[]    = {
#define FIELD(name) {#name, field_##name},
    FIELD(name) FIELD(family) FIELD(source) FIELD(width_bits) FIELD(exp_bits) FIELD(man_bits) FIELD(precision)
    FIELD(bias) FIELD(emin) FIELD(emax) FIELD(has_inf) FIELD(has_nan) FIELD(has_negative_zero) FIELD(is_signed)
    FIELD(max) FIELD(min_normal) FIELD(min_subnormal) FIELD(epsilon) FIELD(env) FIELD(flags)
    {NULL, NULL},
};

int hu_lua_open_format(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_FORMAT, methods, fields, meta);
    luaL_newlib(L, functions);
    return 1;
}
