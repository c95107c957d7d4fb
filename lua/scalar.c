/* scalar.c - one value of a format in Lua, with operators that round.
 *
 * A scalar is immutable: a code and the format object that it was made by (its user value), whose environment
 * rounds the results and collects the flags. An operator takes two scalars of one format, or one and a Lua
 * number, which is first rounded to the format; the environment is the left scalar's. Formats are never mixed
 * silently: convert says which one is meant.
 */
#include <math.h>
#include <string.h>

#include "lua/lua.h"
#include "src/ops/ops.h"

#define TYPE "halfulp.scalar"

typedef struct scalar {
    uint64_t         low, high;   /* the code: Lua aligns to 8 bytes, a 128-bit integer wants 16 */
    const hu_format *format;
    hu_env          *env;         /* of the format object */
} scalar;

static hu_code code_of(const scalar *s)
{
    return (hu_code)s->high << 64 | s->low;
}

static scalar *self(lua_State *L)
{
    return hu_lua_check_box(L, 1, TYPE, "scalar");
}

/* Pushes a scalar of the format object at idx. */
static int push(lua_State *L, int idx, hu_code code)
{
    idx = lua_absindex(L, idx);
    hu_lua_format_box *owner = hu_lua_check_box(L, idx, HU_LUA_FORMAT, "format");
    scalar *s = hu_lua_new_box(L, TYPE, sizeof *s, 1);
    s->low = (uint64_t)code;
    s->high = (uint64_t)(code >> 64);
    s->format = owner->format;
    s->env = owner->env;
    lua_pushvalue(L, idx);
    lua_setiuservalue(L, -2, 1);
    return 1;
}

/* Pushes a scalar of the same format object as the scalar at idx. */
static int push_like(lua_State *L, int idx, hu_code code)
{
    lua_getiuservalue(L, idx, 1);
    return push(L, -1, code);
}

/* ---- operands ---- */

static hu_code from_number(lua_State *L, int idx, const hu_format *f, hu_env *env)
{
    if (lua_isinteger(L, idx))
        return hu_from_i64(f, env, lua_tointeger(L, idx));
    return hu_from_double(f, env, lua_tonumber(L, idx));
}

/* The operand at idx as a code of f: a scalar of f, or a Lua number. */
static hu_code operand(lua_State *L, int idx, const hu_format *f, hu_env *env)
{
    scalar *s = hu_lua_test_box(L, idx, TYPE);

    if (s && s->format == f)
        return code_of(s);
    if (s)
        luaL_error(L, "the operands are of the formats %s and %s; convert one first, as in x:convert(\"%s\")",
                   f->name, s->format->name, f->name);
    if (lua_type(L, idx) != LUA_TNUMBER)
        hu_lua_bad(L, idx, "operand", lua_pushfstring(L, "a scalar of %s or a number", f->name));
    return from_number(L, idx, f, env);
}

/* The operand that says in which format and environment to compute: the first that is a scalar. */
static int leader(lua_State *L)
{
    if (hu_lua_test_box(L, 1, TYPE))
        return 1;
    hu_lua_check_box(L, 2, TYPE, "operand");
    return 2;
}

/* Raises where the family of f has no operation of that name. */
static void check_has(lua_State *L, const char *name, const hu_format *f)
{
    hu_error err = {0};
    if (f->family->operations)
        hu_lua_try(L, hu_op_check(hu_op_find(name), f, &err), &err);
}

static int unary(lua_State *L, const char *name, hu_code (*op)(const hu_format *f, hu_env *env, hu_code a))
{
    scalar *s = self(L);
    check_has(L, name, s->format);
    return push_like(L, 1, op(s->format, s->env, code_of(s)));
}

static int binary(lua_State *L, const char *name, hu_code (*op)(const hu_format *f, hu_env *env, hu_code a, hu_code b))
{
    lua_settop(L, 2);
    int like = leader(L);
    scalar *s = lua_touserdata(L, like);
    check_has(L, name, s->format);
    hu_code a = operand(L, 1, s->format, s->env), b = operand(L, 2, s->format, s->env);
    return push_like(L, like, op(s->format, s->env, a, b));
}

static int predicate(lua_State *L, const char *name, hu_code (*op)(const hu_format *f, hu_env *env, hu_code a, hu_code b))
{
    lua_settop(L, 2);
    scalar *s = lua_touserdata(L, leader(L));
    check_has(L, name, s->format);
    hu_code a = operand(L, 1, s->format, s->env), b = operand(L, 2, s->format, s->env);
    lua_pushboolean(L, op(s->format, s->env, a, b) != 0);
    return 1;
}

#define OP(kind, name) static int name##_(lua_State *L) { return kind(L, #name, hu_##name); }
OP(unary, neg) OP(unary, abs) OP(unary, sqrt) OP(unary, rint)
OP(binary, add) OP(binary, sub) OP(binary, mul) OP(binary, div) OP(binary, rem) OP(binary, min) OP(binary, max)
OP(predicate, eq) OP(predicate, lt) OP(predicate, le)

/* scalar == scalar; values of two formats are equal when the numbers are. */
static int equal(lua_State *L)
{
    scalar *a = hu_lua_test_box(L, 1, TYPE), *b = hu_lua_test_box(L, 2, TYPE);

    if (a && b && a->format == b->format)
        return predicate(L, "eq", hu_eq);
    if (!a || !b)
        return lua_pushboolean(L, false), 1;
    hu_num x = hu_decode(a->format, code_of(a)), y = hu_decode(b->format, code_of(b));
    lua_pushboolean(L, x.kind != HU_NAN && y.kind != HU_NAN && hu_num_compare(x, y) == 0);
    return 1;
}

/* scalar:fma(b, c) -> scalar; self * b + c with one rounding */
static int fma_(lua_State *L)
{
    lua_settop(L, 3);
    scalar *s = self(L);
    check_has(L, "fma", s->format);
    hu_code b = operand(L, 2, s->format, s->env), c = operand(L, 3, s->format, s->env);
    return push_like(L, 1, hu_fma(s->format, s->env, code_of(s), b, c));
}

/* scalar ^ n: n - 1 multiplications from left to right, each rounded; 1 / that for a negative n. */
static int power(lua_State *L)
{
    scalar *s = self(L);
    lua_Integer n = hu_lua_integer(L, 2, "exponent", -65536, 65536);
    check_has(L, "mul", s->format);
    check_has(L, "div", s->format);
    hu_code one = hu_from_i64(s->format, s->env, 1), x = code_of(s), result = n == 0 ? one : x;

    for (lua_Integer i = 1; i < (n < 0 ? -n : n); i++)
        result = hu_mul(s->format, s->env, result, x);
    return push_like(L, 1, n < 0 ? hu_div(s->format, s->env, one, result) : result);
}

/* ---- neighbors ---- */

/* The magnitude just beyond that of x, away from zero or toward it; sticky stands for the infinitesimal step. */
static hu_num nudge(hu_num x, bool away)
{
    if (away)
        x.sticky = true;
    else if (x.sig << 1 == 0)
        x = (hu_num){.kind = HU_FINITE, .negative = x.negative, .sig = ~(hu_u128)0, .exp = x.exp - 1, .sticky = true};
    else {
        x.sig--;
        x.sticky = true;
    }
    return x;
}

/* The neighbor of a code above it (below: up is false), as nextUp and nextDown of IEEE 754-2019, section 5.3.1;
 * past the largest finite value there is the infinity, or nothing. */
static hu_code neighbor(const hu_format *f, hu_code code, bool up)
{
    hu_env exact = hu_env_default();
    hu_num x = hu_decode(f, code);

    if (x.kind == HU_NAN)
        return code;
    if (x.kind == HU_INF) {
        if (x.negative != up)
            return code;
        hu_num most = hu_format_max(f);
        return hu_round(f, &exact, x.negative ? hu_num_negate(most) : most);
    }
    if (x.kind == HU_ZERO) {
        hu_num least = hu_format_min_subnormal(f);
        return up || f->is_signed ? hu_round(f, &exact, up ? least : hu_num_negate(least)) : code;
    }
    bool away = x.negative != up;
    hu_bracket b = f->family->bracket(f, nudge(x, away));
    if (away && (b.overflow || b.hi_wraps) && !f->has_inf)
        return code;
    return away ? b.hi : b.lo;
}

static int next(lua_State *L)
{
    scalar *s = self(L);
    return push_like(L, 1, neighbor(s->format, code_of(s), true));
}

static int prev(lua_State *L)
{
    scalar *s = self(L);
    return push_like(L, 1, neighbor(s->format, code_of(s), false));
}

/* scalar:ulp() -> number; the distance of |x| from the next larger magnitude, for the largest one from the next smaller */
static int ulp(lua_State *L)
{
    scalar *s = self(L);
    const hu_format *f = s->format;
    hu_num x = hu_num_abs(hu_decode(f, code_of(s)));

    if (x.kind == HU_NAN || x.kind == HU_INF) {
        lua_pushnumber(L, (lua_Number)NAN);
        return 1;
    }
    hu_env exact = hu_env_default();
    hu_code code = hu_round(f, &exact, x);
    hu_num y = hu_decode(f, neighbor(f, code, true));
    if (y.kind != HU_FINITE || hu_num_compare(x, y) == 0)
        y = hu_decode(f, neighbor(f, code, false));
    lua_pushnumber(L, fabs(hu_num_to_double(hu_num_add(y, hu_num_negate(x), false))));
    return 1;
}

/* ---- what it holds ---- */

/* scalar:bits() -> integer; the code. Formats wider than 64 bits give it as a string, "0x...". */
static int bits(lua_State *L)
{
    scalar *s = self(L);
    char text[HU_TEXT_SIZE];

    if (s->format->width_bits <= 64)
        lua_pushinteger(L, (lua_Integer)s->low);
    else
        lua_pushstring(L, hu_code_to_text(code_of(s), s->format->width_bits, text));
    return 1;
}

/* scalar:value() -> number; exact where a double holds it, else the nearest one */
static int value(lua_State *L)
{
    scalar *s = self(L);
    lua_pushnumber(L, hu_to_double(s->format, code_of(s)));
    return 1;
}

static int to_text(lua_State *L)
{
    scalar *s = self(L);
    char text[HU_TEXT_SIZE];
    lua_pushstring(L, hu_code_to_decimal(s->format, code_of(s), text));
    return 1;
}

/* scalar:hex() -> string; the value in hexadecimal floating point, exact */
static int hex(lua_State *L)
{
    scalar *s = self(L);
    char text[HU_TEXT_SIZE];
    lua_pushstring(L, hu_num_to_hex(hu_decode(s->format, code_of(s)), text));
    return 1;
}

/* scalar:kind() -> "zero", "subnormal", "normal", "infinite" or "nan" */
static int kind(lua_State *L)
{
    static const char *const names[] = {[HU_ZERO] = "zero", [HU_INF] = "infinite", [HU_NAN] = "nan"};
    scalar *s = self(L);
    hu_num x = hu_decode(s->format, code_of(s));

    if (x.kind == HU_FINITE)
        lua_pushstring(L, x.exp < s->format->emin ? "subnormal" : "normal");
    else
        lua_pushstring(L, names[x.kind]);
    return 1;
}

/* scalar:convert(format [, rounding]) -> scalar; rounds once, in the environment of a format object, in a copy of
 * this scalar's where the format is given by name */
static int convert(lua_State *L)
{
    scalar *s = self(L);

    lua_settop(L, 3);
    if (!hu_lua_test_box(L, 2, HU_LUA_FORMAT)) {
        hu_lua_push_format(L, hu_lua_format(L, 2, "format"), s->env);
        lua_replace(L, 2);
    }
    hu_lua_format_box *to = lua_touserdata(L, 2);
    hu_env env = *to->env;
    if (!hu_lua_absent(L, 3))
        env.rounding = hu_lua_rounding(L, 3, "rounding");
    hu_code code = hu_convert(s->format, to->format, &env, code_of(s));
    to->env->flags |= env.flags;
    to->env->random.index = env.random.index;
    return push(L, 2, code);
}

static int field_format(lua_State *L)
{
    self(L);
    lua_getiuservalue(L, 1, 1);
    return 1;
}

/* ---- made by a format ---- */

/* format(x) -> scalar; x a number, a string ("0.1", "0x1.8p-3", "nan") or a scalar of any format */
int hu_lua_scalar_new(lua_State *L)
{
    hu_lua_format_box *box = hu_lua_check_box(L, 1, HU_LUA_FORMAT, "format");
    scalar *s = hu_lua_test_box(L, 2, TYPE);
    hu_error err = {0};
    hu_code code = 0;

    if (s)
        code = hu_convert(s->format, box->format, box->env, code_of(s));
    else if (lua_type(L, 2) == LUA_TNUMBER)
        code = from_number(L, 2, box->format, box->env);
    else if (lua_type(L, 2) == LUA_TSTRING)
        hu_lua_try(L, hu_from_text(box->format, box->env, hu_lua_string(L, 2, "x"), &code, &err), &err);
    else
        hu_lua_bad(L, 2, "x", "a number, the text of one, or a scalar");
    return push(L, 1, code);
}

/* format:from_bits(code) -> scalar; code an integer, or a string such as "0x3c" */
int hu_lua_scalar_from_bits(lua_State *L)
{
    hu_lua_format_box *box = hu_lua_check_box(L, 1, HU_LUA_FORMAT, "format");
    int width = box->format->width_bits;
    hu_error err = {0};
    hu_code code = 0;

    if (lua_type(L, 2) == LUA_TSTRING)
        hu_lua_try(L, hu_code_from_text(hu_lua_string(L, 2, "code"), width, &code, &err), &err);
    else if (width >= 64)
        code = hu_lua_u64(L, 2, "code");
    else
        code = (hu_code)hu_lua_integer(L, 2, "code", 0, (lua_Integer)hu_format_last_code(box->format));
    return push(L, 1, code);
}

static const luaL_Reg methods[] = {
    {"bits", bits}, {"value", value}, {"hex", hex}, {"kind", kind}, {"ulp", ulp}, {"next", next}, {"prev", prev},
    {"sqrt", sqrt_}, {"abs", abs_}, {"rint", rint_}, {"fma", fma_}, {"rem", rem_}, {"min", min_}, {"max", max_},
    {"eq", eq_}, {"convert", convert}, {NULL, NULL},
};
static const luaL_Reg fields[] = {{"format", field_format}, {NULL, NULL}};
static const luaL_Reg meta[] = {
    {"__add", add_}, {"__sub", sub_}, {"__mul", mul_}, {"__div", div_}, {"__mod", rem_}, {"__pow", power},
    {"__unm", neg_}, {"__eq", equal}, {"__lt", lt_}, {"__le", le_}, {"__tostring", to_text}, {NULL, NULL},
};

int hu_lua_open_scalar(lua_State *L)
{
    static const luaL_Reg functions[] = {{NULL, NULL}};
    hu_lua_new_type(L, TYPE, methods, fields, meta);
    luaL_newlib(L, functions);
    return 1;
}
