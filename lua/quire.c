/* quire.c - exact sums in Lua: numbers and products of a format are added without rounding, and rounded once at the end.
 *
 * A quire belongs to a format object (its user value), whose environment rounds the result and collects the flags.
 */
#include "lua/lua.h"
#include "src/ops/bits.h"
#include "src/ops/quire.h"

#define TYPE "halfulp.quire"

typedef struct quire_box {
    hu_quire *quire;
    hu_env   *env;        /* of the format object */
} quire_box;

static quire_box *self(lua_State *L)
{
    quire_box *box = hu_lua_check_box(L, 1, TYPE, "quire");
    if (!box->quire)
        luaL_error(L, "quire: it is closed");
    return box;
}

/* quire(format) -> quire; an empty one, for numbers and products of that format (an object or a name) */
static int new_quire(lua_State *L)
{
    hu_error err = {0};
    lua_settop(L, 1);
    if (!hu_lua_test_box(L, 1, HU_LUA_FORMAT)) {
        hu_env env = hu_env_default();
        hu_lua_push_format(L, hu_lua_format(L, 1, "format"), &env);
        lua_replace(L, 1);
    }
    hu_lua_format_box *format = lua_touserdata(L, 1);
    quire_box *box = hu_lua_new_box(L, TYPE, sizeof *box, 1);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    box->env = format->env;
    box->quire = hu_quire_new(format->format, &err);
    hu_lua_try(L, err.status, &err);
    return 1;
}

static int collect(lua_State *L)
{
    quire_box *box = hu_lua_check_box(L, 1, TYPE, "quire");
    hu_quire_free(box->quire);
    box->quire = NULL;
    return 0;
}

static hu_code operand(lua_State *L, int idx, const quire_box *box)
{
    hu_bits code;
    hu_lua_scalar_operand(L, idx, hu_quire_format(box->quire), box->env, &code);
    return hu_bits_to_code(&code);
}

static int with_one(lua_State *L, void (*change)(hu_quire *q, hu_env *env, hu_code a))
{
    quire_box *box = self(L);
    lua_settop(L, 2);
    change(box->quire, box->env, operand(L, 2, box));
    lua_settop(L, 1);
    return 1;
}

static int with_two(lua_State *L, void (*change)(hu_quire *q, hu_env *env, hu_code a, hu_code b))
{
    quire_box *box = self(L);
    lua_settop(L, 3);
    hu_code a = operand(L, 2, box), b = operand(L, 3, box);
    change(box->quire, box->env, a, b);
    lua_settop(L, 1);
    return 1;
}

/* quire:add(x) -> quire; itself, plus x: a scalar of its format, or a number, which is first rounded to it */
static int add(lua_State *L)    { return with_one(L, hu_quire_add); }
static int sub(lua_State *L)    { return with_one(L, hu_quire_sub); }
/* quire:muladd(a, b) -> quire; itself, plus the exact product */
static int muladd(lua_State *L) { return with_two(L, hu_quire_muladd); }
static int mulsub(lua_State *L) { return with_two(L, hu_quire_mulsub); }

/* quire:neg() -> quire; itself, negated */
static int neg(lua_State *L)
{
    hu_quire_negate(self(L)->quire);
    lua_settop(L, 1);
    return 1;
}

static int clear(lua_State *L)
{
    hu_quire_clear(self(L)->quire);
    lua_settop(L, 1);
    return 1;
}

/* quire:round([format]) -> scalar; the sum, rounded once: to its own format, or to another, whose object then has the environment */
static int round_(lua_State *L)
{
    quire_box *box = self(L);
    lua_settop(L, 2);
    if (hu_lua_absent(L, 2)) {
        lua_getiuservalue(L, 1, 1);
        lua_replace(L, 2);
    } else if (!hu_lua_test_box(L, 2, HU_LUA_FORMAT)) {
        hu_lua_push_format(L, hu_lua_format(L, 2, "format"), box->env);
        lua_replace(L, 2);
    }
    hu_lua_format_box *to = lua_touserdata(L, 2);
    if (to->format->is_wide)
        return luaL_error(L, "round: %s has more than 62 bits of trailing significand; a quire rounds to formats of up to 62", to->format->name);
    hu_bits code = hu_bits_from_code(hu_quire_round(box->quire, to->format, to->env));
    return hu_lua_push_scalar(L, 2, &code);
}

/* Its sum, rounded to its format, without raising flags. */
static int to_text(lua_State *L)
{
    quire_box *box = hu_lua_check_box(L, 1, TYPE, "quire");
    if (!box->quire)
        return lua_pushliteral(L, "quire (closed)"), 1;
    const hu_format *f = hu_quire_format(box->quire);
    hu_env env = *box->env;
    env.word = NULL;
    hu_bits code = hu_bits_from_code(hu_quire_round(box->quire, f, &env));
    lua_settop(L, 1);
    lua_getiuservalue(L, 1, 1);
    hu_lua_push_scalar(L, 2, &code);
    lua_pushfstring(L, "quire of %s, %d bits: %s", f->name, hu_quire_bits(box->quire), luaL_tolstring(L, 3, NULL));
    return 1;
}

static int field_bits(lua_State *L)
{
    lua_pushinteger(L, hu_quire_bits(self(L)->quire));
    return 1;
}

static int field_format(lua_State *L)
{
    self(L);
    lua_getiuservalue(L, 1, 1);
    return 1;
}

static const luaL_Reg functions[] = {{"quire", new_quire}, {NULL, NULL}};
static const luaL_Reg methods[] = {
    {"add", add}, {"sub", sub}, {"muladd", muladd}, {"mulsub", mulsub}, {"neg", neg}, {"round", round_}, {"clear", clear}, {NULL, NULL},
};
static const luaL_Reg fields[] = {{"bits", field_bits}, {"format", field_format}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", collect}, {"__tostring", to_text}, {NULL, NULL}};

int hu_lua_open_quire(lua_State *L)
{
    hu_lua_new_type(L, TYPE, methods, fields, meta);
    luaL_newlib(L, functions);
    return 1;
}
