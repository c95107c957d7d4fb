/* format.c - number formats in Lua.
 *
 * A format object is a format together with an environment (its user value): values made by it round
 * with that environment and raise their flags there. Formats themselves are shared and never freed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/block.h"
#include "formats/values.h"
#include "lua/lua.h"
#include "src/ops/bits.h"

/* ---- reading them as arguments ---- */

const hu_format *hu_lua_format(lua_State *L, int idx, const char *name)
{
    hu_lua_format_box *box = hu_lua_test_box(L, idx, HU_LUA_FORMAT);
    if (box)
        return box->format;
    if (lua_type(L, idx) != LUA_TSTRING)
        hu_lua_bad(L, idx, name, "a format or the name of one, such as \"e4m3fn\"");
    hu_error err = {0};
    const char *text = hu_lua_string(L, idx, name);
    const hu_format *f = hu_format_find(text, &err);
    if (!f && hu_block_is_name(text))
        hu_fail(&err, HU_ENAME, "'%.60s' is a block format, which only whole arrays have: hu.block(\"%.60s\") makes one, and array:quantize"
                " and matmul take its name; single numbers have formats such as its element's", text, text);
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

hu_env *hu_lua_format_env(lua_State *L, int idx)
{
    hu_lua_format_box *box = hu_lua_test_box(L, idx, HU_LUA_FORMAT);
    return box ? box->env : NULL;
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

void hu_lua_push_format(lua_State *L, const hu_format *f, const hu_env *from)
{
    hu_env *env = hu_lua_new_env(L);
    *env = *from;
    env->flags = 0;
    push_format(L, f);
}

/* new(name | format) -> format, with an environment of its own */
static int new(lua_State *L)
{
    hu_env standard = hu_env_default();
    hu_lua_push_format(L, hu_lua_format(L, 1, "format"), &standard);
    return 1;
}

/* define(name, values, nonfinite, source or nil) -> format; values: a list of numbers, that of code 0 first */
static int define(lua_State *L)
{
    hu_definition d = {.name = hu_lua_string(L, 1, "name"), .nonfinite = hu_lua_boolean(L, 3, "nonfinite")};
    hu_env standard = hu_env_default();
    hu_error err = {0};
    if (!hu_lua_absent(L, 4))
        d.source = hu_lua_string(L, 4, "source");
    luaL_checktype(L, 2, LUA_TTABLE);
    d.n = (size_t)lua_rawlen(L, 2);
    if (d.n > 0 && d.n <= HU_DEFINED_CODES) {
        double *values = hu_lua_make_tensor(L, HU_F64, 1, &d.n)->f64;
        for (size_t i = 0; i < d.n; i++) {
            lua_rawgeti(L, 2, (lua_Integer)i + 1);
            values[i] = hu_lua_number(L, -1, "a value");
            lua_pop(L, 1);
        }
        d.values = values;
    }
    const hu_format *f = hu_format_define(&d, &err);
    if (!f)
        hu_lua_raise(L, &err);
    hu_lua_push_format(L, f, &standard);
    return 1;
}

/* number(text) -> the nearest number; nil and a message where it is none */
static int number(lua_State *L)
{
    hu_error err = {0};
    hu_num x;
    if (hu_num_from_text(hu_lua_string(L, 1, "text"), &x, &err)) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    hu_lua_push_number(L, x.kind == HU_NAN ? NAN : hu_num_to_double(x));
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

/* format:quantize(x [, options]) -> x on the grid of the format: a number for a number, a new array for an array or a
 * table of numbers */
static int quantize(lua_State *L)
{
    static const char *const keys[] = {HU_LUA_ENV_KEYS, NULL};
    hu_lua_format_box *box = self(L);
    hu_env own;

    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    hu_env *env = hu_lua_option_env(L, 3, box->env, &own);
    if (lua_type(L, 2) == LUA_TNUMBER) {
        hu_bits code;
        hu_bits_round_double(box->format, env, lua_tonumber(L, 2), &code);
        hu_lua_push_number(L, hu_bits_to_double(box->format, &code));
    } else {
        hu_lua_push_quantized(L, hu_lua_to_tensor(L, 2, "x"), box->format, env);
    }
    return 1;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* format:values() -> array; the finite values in increasing order, zero once */
static int values(lua_State *L)
{
    const hu_format *f = self(L)->format;

    if (f->width_bits > 16)
        return luaL_error(L, "values: %s has 2^%d codes; only formats of up to 16 bits are listed", f->name, f->width_bits);
    size_t last = (size_t)hu_format_last_code(f), n = 0;
    hu_tensor *all = hu_lua_make_tensor(L, HU_F64, 1, &(size_t){last + 1});
    for (size_t code = 0; code <= last; code++) {
        double x = hu_to_double(f, code);
        if (isfinite(x))
            all->f64[n++] = x + 0.0;              /* -0 becomes +0 */
    }
    qsort(all->f64, n, sizeof *all->f64, compare_doubles);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || all->f64[i] != all->f64[kept - 1])
            all->f64[kept++] = all->f64[i];
    hu_tensor *distinct = hu_lua_make_tensor(L, HU_F64, 1, &kept);
    memcpy(distinct->f64, all->f64, kept * sizeof *all->f64);
    return 1;
}

/* ---- binades ---- */

enum { MOST_BINADES = 1 << 17 };

/* Appends {exponent=, count=, spacing=} to the list on top of the stack. */
static void push_binade(lua_State *L, int exp, double count, double spacing)
{
    lua_createtable(L, 0, 3);
    hu_lua_set_integer(L, "exponent", exp);
    hu_lua_set_number(L, "count", count);
    hu_lua_set_number(L, "spacing", spacing);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* How far apart binades may be that are listed from exp on: in the normal range of fields all are alike. */
static int stride_from(const hu_format *f, int exp, int last, int most)
{
    if (!hu_format_has_fields(f) || exp <= f->emin + 1 || exp + 2 >= last)
        return 1;
    int stride = (last - f->emin) / most + 1;
    return exp + stride < last ? stride : last - exp - 1;
}

/* Of formats with more than `most` binades only some of those that are alike. */
static void push_even_binades(lua_State *L, const hu_format *f, int most)
{
    int first = hu_format_least(f).exp, last = hu_format_max(f).exp;
    if (hu_format_max(f).kind != HU_FINITE)          /* e1m0 */
        return;
    hu_binade b = hu_format_binade(f, first);
    for (int exp = first, next; exp <= last; exp = next) {
        hu_binade above = {0};
        for (next = exp + stride_from(f, exp, last, most); next <= last && !above.has_any; next += !above.has_any)
            above = hu_format_binade(f, next);
        double spacing = b.step_exp;
        if (b.last == b.first && above.has_any)      /* the next value is the first of its binade */
            spacing = exp + log2(ldexp(1, next - exp) - 1);
        push_binade(L, exp, hu_binade_count(b, exp), spacing);
        b = above;
    }
}

/* log2 of the distance from value i to the next; -inf for the last. */
static double gap_above(const double *list, size_t i, size_t n)
{
    return i + 1 < n ? log2(list[i + 1] - list[i]) : -INFINITY;
}

/* From increasing positive values. */
static void push_listed_binades(lua_State *L, const double *list, size_t n)
{
    for (size_t i = 0, next; i < n; i = next) {
        int exp = ilogb(list[i]);
        double spacing = gap_above(list, i, n);
        for (next = i + 1; next < n && ilogb(list[next]) == exp; next++)
            spacing = fmax(spacing, gap_above(list, next, n));
        push_binade(L, exp, (double)(next - i), isfinite(spacing) ? spacing : exp);
    }
}

/* format:binades([most]) -> list of {exponent =, count =, spacing =}; of the positive values */
static int binades(lua_State *L)
{
    const hu_format *f = self(L)->format;
    if (hu_format_has_even_binades(f)) {
        int most = hu_lua_absent(L, 2) ? MOST_BINADES : (int)hu_lua_integer(L, 2, "most", 16, MOST_BINADES);
        lua_newtable(L);
        push_even_binades(L, f, most);
        return 1;
    }
    lua_settop(L, 1);
    values(L);
    const hu_tensor *all = hu_lua_check_tensor(L, -1, "values");
    size_t n = all->shape[0], first = 0;
    while (first < n && all->f64[first] <= 0)
        first++;
    lua_newtable(L);
    push_listed_binades(L, all->f64 + first, n - first);
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

/* A value of a format as a Lua number; where no double is that number, as a scalar of the format. */
static int push_value(lua_State *L, const hu_bits *code)
{
    const hu_format *f = self(L)->format;
    double x = hu_bits_to_double(f, code);
    hu_env env = hu_env_default();
    hu_bits back;
    hu_bits_round_double(f, &env, x, &back);
    if (hu_bits_compare_values(f, code, f, &back) == 0 || f->family->result)
        hu_lua_push_number(L, x);
    else
        hu_lua_push_scalar(L, 1, code);
    return 1;
}

/* A positive power of two or any other number that may be a value. */
static int push_number(lua_State *L, hu_num x)
{
    const hu_format *f = self(L)->format;
    hu_env env = hu_env_default();
    hu_bits code;
    if (x.kind != HU_FINITE)
        return hu_lua_push_number(L, hu_num_to_double(x)), 1;
    char text[HU_TEXT_SIZE];
    hu_bits_round_text(f, &env, hu_num_to_hex(x, text), &code, NULL);
    if (env.flags & HU_INEXACT)
        return hu_lua_push_number(L, hu_num_to_double(x)), 1;
    return push_value(L, &code);
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

static int field_max(lua_State *L)
{
    hu_bits code = hu_format_max_bits(self(L)->format);
    return push_value(L, &code);
}

static int field_min_normal   (lua_State *L) { return push_number(L, hu_format_min_normal(self(L)->format)); }
static int field_min_subnormal(lua_State *L) { return push_number(L, hu_format_min_subnormal(self(L)->format)); }
static int field_epsilon      (lua_State *L) { return push_number(L, hu_format_epsilon(self(L)->format)); }

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

static const luaL_Reg functions[] = {{"new", new}, {"define", define}, {"number", number}, {"names", names}, {"roundings", roundings}, {NULL, NULL}};
static const luaL_Reg methods[]   = {
    {"with", with}, {"clear", clear}, {"quantize", quantize}, {"from_bits", hu_lua_scalar_from_bits}, {"values", values},
    {"binades", binades}, {"codes", hu_lua_format_codes}, {"pack", hu_lua_format_pack}, {"unpack", hu_lua_format_unpack},
    {NULL, NULL},
};
static const luaL_Reg meta[]      = {
    {"__call", hu_lua_scalar_new}, {"__eq", equal}, {"__tostring", to_text}, {NULL, NULL},
};
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
