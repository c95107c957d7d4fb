/* scalar.c - one value of a format in Lua, with operators that round.
 *
 * A scalar is immutable: a code and the format object that it was made by (its user value), whose environment
 * rounds the results and collects the flags. Codes are those of any width. An operator takes two scalars of one format, or one and a Lua
 * number, which is first rounded to the format; the environment is the left scalar's. Formats are never mixed
 * silently: convert says which one is meant.
 */
#include <math.h>

#include "lua/lua.h"
#include "src/ops/bits.h"

#define TYPE "halfulp.scalar"

typedef struct scalar {
    hu_bits          code;
    const hu_format *format;
    hu_env          *env;         /* of the format object */
} scalar;

static scalar *self(lua_State *L)
{
    return hu_lua_check_box(L, 1, TYPE, "scalar");
}

int hu_lua_push_scalar(lua_State *L, int idx, const hu_bits *code)
{
    idx = lua_absindex(L, idx);
    hu_lua_format_box *owner = hu_lua_check_box(L, idx, HU_LUA_FORMAT, "format");
    scalar *s = hu_lua_new_box(L, TYPE, sizeof *s, 1);
    s->code = *code;
    s->format = owner->format;
    s->env = owner->env;
    lua_pushvalue(L, idx);
    lua_setiuservalue(L, -2, 1);
    return 1;
}

/* Pushes a scalar of the same format object as the scalar at idx. */
static int push_like(lua_State *L, int idx, const hu_bits *code)
{
    lua_getiuservalue(L, idx, 1);
    return hu_lua_push_scalar(L, -1, code);
}

/* ---- operands ---- */

static void from_number(lua_State *L, int idx, const hu_format *f, hu_env *env, hu_bits *out)
{
    if (lua_isinteger(L, idx))
        hu_bits_round_i64(f, env, lua_tointeger(L, idx), out);
    else
        hu_bits_round_double(f, env, lua_tonumber(L, idx), out);
}

void hu_lua_scalar_operand(lua_State *L, int idx, const hu_format *f, hu_env *env, hu_bits *out)
{
    scalar *s = hu_lua_test_box(L, idx, TYPE);

    if (s && s->format != f)
        luaL_error(L, "the operands are of the formats %s and %s; convert one first, as in x:convert(\"%s\")",
                   f->name, s->format->name, f->name);
    if (!s && lua_type(L, idx) != LUA_TNUMBER)
        hu_lua_bad(L, idx, "operand", lua_pushfstring(L, "a scalar of %s or a number", f->name));
    if (s)
        *out = s->code;
    else
        from_number(L, idx, f, env, out);
}

/* The operand that says in which format and environment to compute: the first that is a scalar. */
static int leader(lua_State *L)
{
    if (hu_lua_test_box(L, 1, TYPE))
        return 1;
    hu_lua_check_box(L, 2, TYPE, "operand");
    return 2;
}

/* The operation of that name on the arguments; the environment is that of the one at `like`. */
static int operate(lua_State *L, const char *name, int like)
{
    const hu_op *op = hu_op_find(name);
    scalar *s = lua_touserdata(L, like);
    hu_error err = {0};
    hu_bits x[3], out;

    hu_lua_try(L, hu_op_check(op, s->format, &err), &err);
    for (int i = 0; i < op->arity; i++)
        hu_lua_scalar_operand(L, i + 1, s->format, s->env, &x[i]);
    hu_lua_try(L, hu_apply(op, s->format, s->env, x, &out, &err), &err);
    if (!op->is_predicate)
        return push_like(L, like, &out);
    lua_pushboolean(L, out.word[0] != 0);
    return 1;
}

static int unary(lua_State *L, const char *name)
{
    self(L);
    return operate(L, name, 1);
}

static int binary(lua_State *L, const char *name)
{
    lua_settop(L, 2);
    return operate(L, name, leader(L));
}

/* scalar:fma(b, c) -> scalar; self * b + c with one rounding */
static int fma_(lua_State *L)
{
    lua_settop(L, 3);
    self(L);
    return operate(L, "fma", 1);
}

#define OP(kind, name) static int name##_(lua_State *L) { return kind(L, #name); }
OP(unary, neg) OP(unary, abs) OP(unary, sqrt) OP(unary, rint)
OP(binary, add) OP(binary, sub) OP(binary, mul) OP(binary, div) OP(binary, rem) OP(binary, min) OP(binary, max)
OP(binary, eq) OP(binary, lt) OP(binary, le)

/* scalar:exp() -> scalar, ... scalar:hypot(b) -> scalar; correctly rounded */
#define UNARY(name, mpfr, title)  OP(unary, name)
#define BINARY(name, mpfr, title) OP(binary, name)
#include "src/ops/function.def"
#undef UNARY
#undef BINARY

/* scalar == scalar; values of two formats are equal when the numbers are. */
static int equal(lua_State *L)
{
    scalar *a = hu_lua_test_box(L, 1, TYPE), *b = hu_lua_test_box(L, 2, TYPE);

    if (a && b && a->format == b->format)
        return eq_(L);
    lua_pushboolean(L, a && b && hu_bits_compare_values(a->format, &a->code, b->format, &b->code) == 0);
    return 1;
}

/* scalar ^ n: n - 1 multiplications from left to right, each rounded; 1 / that for a negative n. */
static int power(lua_State *L)
{
    scalar *s = self(L);
    lua_Integer n = hu_lua_integer(L, 2, "exponent", -65536, 65536);
    const hu_op *mul = hu_op_find("mul"), *div = hu_op_find("div");
    hu_error err = {0};
    hu_bits x[2] = {s->code, s->code}, one, result;

    hu_lua_try(L, hu_op_check(mul, s->format, &err), &err);
    hu_lua_try(L, hu_op_check(div, s->format, &err), &err);
    hu_bits_round_i64(s->format, s->env, 1, &one);
    if (n == 0)
        x[0] = one;
    for (lua_Integer i = 1; i < (n < 0 ? -n : n); i++)
        hu_apply(mul, s->format, s->env, x, &x[0], NULL);
    result = x[0];
    if (n < 0)
        hu_apply(div, s->format, s->env, (hu_bits[]){one, x[0]}, &result, NULL);
    return push_like(L, 1, &result);
}

/* ---- neighbors ---- */

static int step(lua_State *L, bool up)
{
    scalar *s = self(L);
    hu_bits code = hu_bits_neighbor(s->format, &s->code, up);
    return push_like(L, 1, &code);
}

static int next(lua_State *L) { return step(L, true); }
static int prev(lua_State *L) { return step(L, false); }

/* scalar:ulp() -> number; the distance of |x| from the next larger magnitude, for the largest one from the next smaller */
static int ulp(lua_State *L)
{
    scalar *s = self(L);
    hu_num distance = hu_bits_ulp(s->format, &s->code);
    hu_lua_push_number(L, distance.kind == HU_NAN ? (lua_Number)NAN : hu_num_to_double(distance));
    return 1;
}

/* ---- what it holds ---- */

/* scalar:bits() -> integer; the code. Formats wider than 64 bits give it as a string, "0x...". */
static int bits(lua_State *L)
{
    scalar *s = self(L);
    char text[HU_TEXT_SIZE];

    if (s->format->width_bits <= 64)
        lua_pushinteger(L, (lua_Integer)s->code.word[0]);
    else
        lua_pushstring(L, hu_bits_to_text(&s->code, s->format->width_bits, text));
    return 1;
}

/* scalar:value() -> number; exact where a double holds it, else the nearest one */
static int value(lua_State *L)
{
    scalar *s = self(L);
    hu_lua_push_number(L, hu_bits_to_double(s->format, &s->code));
    return 1;
}

static int to_text(lua_State *L)
{
    scalar *s = self(L);
    char text[HU_TEXT_SIZE];
    lua_pushstring(L, hu_bits_to_decimal(s->format, &s->code, text));
    return 1;
}

/* scalar:hex() -> string; the value in hexadecimal floating point, exact */
static int hex(lua_State *L)
{
    scalar *s = self(L);
    char text[HU_TEXT_SIZE];
    lua_pushstring(L, hu_bits_to_hex(s->format, &s->code, text));
    return 1;
}

/* scalar:kind() -> "zero", "subnormal", "normal", "infinite" or "nan" */
static int kind(lua_State *L)
{
    static const char *const names[] = {[HU_ZERO] = "zero", [HU_INF] = "infinite", [HU_NAN] = "nan"};
    scalar *s = self(L);
    hu_num x = hu_bits_decode(s->format, &s->code);

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
    hu_bits code;
    hu_bits_convert(s->format, to->format, &env, &s->code, &code);
    to->env->flags |= env.flags;
    to->env->random.index = env.random.index;
    return hu_lua_push_scalar(L, 2, &code);
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
    hu_bits code = {{0}};

    if (s)
        hu_bits_convert(s->format, box->format, box->env, &s->code, &code);
    else if (lua_type(L, 2) == LUA_TNUMBER)
        from_number(L, 2, box->format, box->env, &code);
    else if (lua_type(L, 2) == LUA_TSTRING)
        hu_lua_try(L, hu_bits_round_text(box->format, box->env, hu_lua_string(L, 2, "x"), &code, &err), &err);
    else
        hu_lua_bad(L, 2, "x", "a number, the text of one, or a scalar");
    return hu_lua_push_scalar(L, 1, &code);
}

/* format:from_bits(code) -> scalar; code an integer, or a string such as "0x3c" */
int hu_lua_scalar_from_bits(lua_State *L)
{
    hu_lua_format_box *box = hu_lua_check_box(L, 1, HU_LUA_FORMAT, "format");
    int width = box->format->width_bits;
    hu_error err = {0};
    hu_bits code = {{0}};

    if (lua_type(L, 2) == LUA_TSTRING)
        hu_lua_try(L, hu_bits_from_text(hu_lua_string(L, 2, "code"), width, &code, &err), &err);
    else if (width >= 64)
        code = hu_bits_from_code(hu_lua_u64(L, 2, "code"));
    else
        code = hu_bits_from_code((hu_code)hu_lua_integer(L, 2, "code", 0, (lua_Integer)hu_format_last_code(box->format)));
    return hu_lua_push_scalar(L, 1, &code);
}

static const luaL_Reg methods[] = {
    {"bits", bits}, {"value", value}, {"hex", hex}, {"kind", kind}, {"ulp", ulp}, {"next", next}, {"prev", prev},
    {"sqrt", sqrt_}, {"abs", abs_}, {"rint", rint_}, {"fma", fma_}, {"rem", rem_}, {"min", min_}, {"max", max_},
    {"eq", eq_}, {"convert", convert},
#define UNARY(name, mpfr, title)  {#name, name##_},
#define BINARY(name, mpfr, title) {#name, name##_},
#include "src/ops/function.def"
#undef UNARY
#undef BINARY
    {NULL, NULL},
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
