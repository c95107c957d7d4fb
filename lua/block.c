/* block.c - block formats in Lua: by name, what they are, arrays in them, and where the error comes from. */
#include <math.h>
#include <string.h>

#include "lua/lua.h"

typedef struct box {
    const hu_block_format *format;
} box;

/* ---- as arguments ---- */

const hu_block_format *hu_lua_test_block(lua_State *L, int idx, const char *name)
{
    box *b = hu_lua_test_box(L, idx, HU_LUA_BLOCK);
    if (b)
        return b->format;
    if (lua_type(L, idx) != LUA_TSTRING || !hu_block_is_name(lua_tostring(L, idx)))
        return NULL;
    hu_error err = {0};
    const hu_block_format *f = hu_block_find(hu_lua_string(L, idx, name), &err);
    if (!f)
        hu_lua_raise(L, &err);
    return f;
}

const hu_block_format *hu_lua_block(lua_State *L, int idx, const char *name)
{
    const hu_block_format *f = hu_lua_test_block(L, idx, name);
    if (f)
        return f;
    if (lua_type(L, idx) != LUA_TSTRING)
        hu_lua_bad(L, idx, name, "a block format or the name of one, such as \"mxfp4\"");
    hu_error err = {0};
    f = hu_block_find(hu_lua_string(L, idx, name), &err);
    if (!f)
        hu_lua_raise(L, &err);
    return f;
}

int hu_lua_option_axis(lua_State *L, int idx, int rank)
{
    if (!hu_lua_option(L, idx, "axis"))
        return rank - 1;
    int axis = -1;
    if (lua_type(L, -1) != LUA_TSTRING || strcmp(lua_tostring(L, -1), "all") != 0) {
        if (lua_type(L, -1) != LUA_TNUMBER)
            hu_lua_bad(L, -1, "axis", "the number of an index, or \"all\"");
        if (rank == 0)
            luaL_error(L, "axis is given, but the array has no index");
        axis = (int)hu_lua_integer(L, -1, "axis", 1, rank) - 1;
    }
    lua_pop(L, 1);
    return axis;
}

static const hu_block_format *self(lua_State *L)
{
    return ((box *)hu_lua_check_box(L, 1, HU_LUA_BLOCK, "block format"))->format;
}

/* ---- making them ---- */

/* new(name | block format) -> block format */
static int new(lua_State *L)
{
    const hu_block_format *f = hu_lua_block(L, 1, "block format");
    box *b = hu_lua_new_box(L, HU_LUA_BLOCK, sizeof *b, 0);
    b->format = f;
    return 1;
}

/* names() -> list of the rows, table of the aliases */
static int names(lua_State *L)
{
    const char *alias, *stands_for;
    lua_newtable(L);
    for (int i = 0; hu_block_at(i); i++) {
        lua_pushstring(L, hu_block_at(i)->name);
        lua_rawseti(L, -2, i + 1);
    }
    lua_newtable(L);
    for (int i = 0; (alias = hu_block_alias_at(i, &stands_for)); i++) {
        lua_pushstring(L, stands_for);
        lua_setfield(L, -2, alias);
    }
    return 2;
}

/* ---- values ---- */

void hu_lua_push_block_quantized(lua_State *L, const hu_tensor *t, const hu_block_format *f, int axis, hu_env *env)
{
    hu_error err = {0};
    hu_tensor *out = hu_lua_make_tensor(L, t->dtype, t->rank, t->shape);
    hu_lua_try(L, hu_tensor_block_quantize(out, t, f, axis, env, &err), &err);
}

/* block:quantize(x [, options]) -> array */
static int quantize(lua_State *L)
{
    static const char *const keys[] = {"axis", HU_LUA_ENV_KEYS, NULL};
    const hu_block_format *f = self(L);
    hu_env own;

    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    hu_env *env = hu_lua_option_env(L, 3, NULL, &own);
    hu_tensor *t = hu_lua_to_tensor(L, 2, "x");
    hu_lua_push_block_quantized(L, t, f, hu_lua_option_axis(L, 3, t->rank), env);
    return 1;
}

/* ---- the error ---- */

static const char *const parts[HU_BLOCK_PARTS] = {"clipping", "flush", "rounding"};

/* Pushes {energy =, max =, n =, share =}. */
static void push_part(lua_State *L, const hu_block_error *e, int part)
{
    lua_createtable(L, 0, 4);
    hu_lua_set_number(L, "energy", e->energy[part]);
    hu_lua_set_number(L, "max", e->max[part]);
    hu_lua_set_integer(L, "n", (lua_Integer)e->n[part]);
    hu_lua_set_number(L, "share", e->total > 0 ? e->energy[part] / e->total : 0);
}

static double scale_of(const hu_block_error *e)    { return e->scale; }
static double total_of(const hu_block_error *e)    { return e->total; }
static double signal_of(const hu_block_error *e)   { return e->signal; }
static double clipping_of(const hu_block_error *e) { return e->energy[HU_BLOCK_CLIPPING]; }
static double flush_of(const hu_block_error *e)    { return e->energy[HU_BLOCK_FLUSH]; }
static double rounding_of(const hu_block_error *e) { return e->energy[HU_BLOCK_ROUNDING]; }

static const struct { const char *key; double (*of)(const hu_block_error *e); } columns[] = {
    {"scale", scale_of}, {"total", total_of}, {"signal", signal_of},
    {"clipping", clipping_of}, {"flush", flush_of}, {"rounding", rounding_of},
};

/* Pushes a table of arrays [lines][blocks of a line]. */
static void push_blocks(lua_State *L, const hu_block_error *errors, size_t n, size_t lines)
{
    lua_newtable(L);
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        hu_tensor *t = hu_lua_make_tensor(L, HU_F64, 2, (size_t[]){lines, lines ? n / lines : 0});
        for (size_t i = 0; i < n; i++)
            t->f64[i] = columns[c].of(&errors[i]);
        lua_setfield(L, -2, columns[c].key);
    }
}

/* block:error(x [, options]) -> table */
static int error(lua_State *L)
{
    static const char *const keys[] = {"axis", HU_LUA_ENV_KEYS, NULL};
    const hu_block_format *f = self(L);
    hu_error err = {0};
    hu_env own;
    hu_block_layout l;

    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    hu_env *env = hu_lua_option_env(L, 3, NULL, &own);
    hu_tensor *x = hu_lua_doubles(L, 2, "x");
    hu_lua_try(L, hu_block_layout_init(&l, f, x->rank, x->shape, hu_lua_option_axis(L, 3, x->rank), &err), &err);
    size_t n = hu_block_count(&l, f), lines = l.outer * (l.rows / f->rows + (l.rows % f->rows != 0));
    hu_block_error *errors = lua_newuserdatauv(L, (n + 1) * sizeof *errors, 0);
    hu_lua_try(L, hu_block_errors_f64(errors, x->f64, &l, f, env, &err), &err);
    hu_block_error sum = hu_block_error_sum(errors, n);

    lua_newtable(L);
    for (int part = 0; part < HU_BLOCK_PARTS; part++) {
        push_part(L, &sum, part);
        lua_setfield(L, -2, parts[part]);
    }
    hu_lua_set_number(L, "total", sum.total);
    hu_lua_set_number(L, "signal", sum.signal);
    hu_lua_set_number(L, "sqnr_db", sum.total > 0 ? 10 * log10(sum.signal / sum.total) : INFINITY);
    hu_lua_set_integer(L, "n", (lua_Integer)sum.n_elements);
    hu_lua_set_integer(L, "n_not_finite", (lua_Integer)sum.n_not_finite);
    push_blocks(L, errors, n, lines);
    lua_setfield(L, -2, "blocks");
    return 1;
}

/* ---- fields ---- */

static int push_text(lua_State *L, const char *text)
{
    lua_pushstring(L, text);
    return 1;
}

static int push_format(lua_State *L, const hu_format *f)
{
    hu_env standard = hu_env_default();
    if (f)
        hu_lua_push_format(L, f, &standard);
    else
        lua_pushnil(L);
    return 1;
}

static int field_name   (lua_State *L) { return push_text(L, self(L)->name); }
static int field_source (lua_State *L) { return push_text(L, self(L)->source); }
static int field_rule   (lua_State *L) { return push_text(L, hu_scale_rule_names[self(L)->rule]); }
static int field_element(lua_State *L) { return push_format(L, self(L)->element); }
static int field_scale  (lua_State *L) { return push_format(L, self(L)->scale); }
static int field_tensor (lua_State *L) { return push_format(L, self(L)->tensor); }
static int field_rows   (lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->rows); return 1; }

static int field_formula(lua_State *L)
{
    char text[HU_BLOCK_NAME_SIZE];
    return push_text(L, hu_block_formula(self(L), text));
}

/* nil where a whole array is a block */
static int field_size(lua_State *L)
{
    const hu_block_format *f = self(L);
    if (f->size)
        lua_pushinteger(L, (lua_Integer)f->size);
    else
        lua_pushnil(L);
    return 1;
}

static int field_target(lua_State *L)
{
    const hu_block_format *f = self(L);
    if (f->target != 0)
        hu_lua_push_number(L, f->target);
    else
        lua_pushnil(L);
    return 1;
}

static int field_bits_per_value(lua_State *L)
{
    hu_lua_push_number(L, hu_block_bits_per_value(self(L)));
    return 1;
}

static int equal(lua_State *L)
{
    box *a = hu_lua_test_box(L, 1, HU_LUA_BLOCK), *b = hu_lua_test_box(L, 2, HU_LUA_BLOCK);
    lua_pushboolean(L, a && b && a->format == b->format);
    return 1;
}

static int to_text(lua_State *L)
{
    return push_text(L, self(L)->name);
}

static const luaL_Reg functions[] = {{"new", new}, {"names", names}, {NULL, NULL}};
static const luaL_Reg methods[] = {
    {"quantize", quantize}, {"error", error}, {"codes", hu_lua_block_codes}, {"pack", hu_lua_block_pack},
    {"unpack", hu_lua_block_unpack}, {NULL, NULL},
};
static const luaL_Reg fields[] = {
#define FIELD(name) {#name, field_##name},
    FIELD(name) FIELD(formula) FIELD(source) FIELD(element) FIELD(scale) FIELD(tensor) FIELD(rows) FIELD(size) FIELD(rule) FIELD(target)
    FIELD(bits_per_value)
    {NULL, NULL},
};
static const luaL_Reg meta[] = {{"__eq", equal}, {"__tostring", to_text}, {NULL, NULL}};

int hu_lua_open_block(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_BLOCK, methods, fields, meta);
    luaL_newlib(L, functions);
    return 1;
}
