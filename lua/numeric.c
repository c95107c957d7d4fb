/* numeric.c - emulated arithmetic on arrays: quantizing, elementwise operations, sums and dot products. */
#include <string.h>

#include "lua/lua.h"

/* ---- quantize ---- */

void hu_lua_push_quantized(lua_State *L, const hu_tensor *t, const hu_format *f, hu_env *env)
{
    hu_error err = {0};
    hu_tensor *out = hu_lua_make_tensor(L, t->dtype, t->rank, t->shape);
    hu_lua_try(L, t->dtype == HU_F32 ? hu_quantize_f32(out->f32, t->f32, t->n, f, env, &err)
                                     : hu_quantize_f64(out->f64, t->f64, t->n, f, env, &err), &err);
}

/* array:quantize(format [, options]) -> array; options: rounding, overflow, tininess, nan, seed, stream, or env; with a block
 * format axis too. A quantizer takes seed and stream. */
static int quantize(lua_State *L)
{
    static const char *const keys[] = {HU_LUA_ENV_KEYS, NULL}, *const block_keys[] = {"axis", HU_LUA_ENV_KEYS, NULL};
    hu_tensor *t = hu_lua_check_tensor(L, 1, "array");
    if (hu_lua_test_box(L, 2, HU_LUA_QUANTIZER)) {
        lua_settop(L, 3);
        lua_getfield(L, 2, "apply");
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 3);
        lua_call(L, 3, 1);
        return 1;
    }
    const hu_block_format *block = hu_lua_test_block(L, 2, "format");
    hu_env own;

    lua_settop(L, 3);
    if (block) {
        hu_lua_options(L, 3, block_keys);
        hu_env *of_call = hu_lua_option_env(L, 3, NULL, &own);
        hu_lua_push_block_quantized(L, t, block, hu_lua_option_axis(L, 3, t->rank), of_call);
        return 1;
    }
    const hu_format *f = hu_lua_format(L, 2, "format");
    hu_lua_options(L, 3, keys);
    hu_lua_push_quantized(L, t, f, hu_lua_option_env(L, 3, hu_lua_format_env(L, 2), &own));
    return 1;
}

/* ---- elementwise ---- */

static const struct { const char *name; hu_elementwise op; int arity; } operations[] = {
    {"add", HU_ADD, 2}, {"sub", HU_SUB, 2}, {"mul", HU_MUL, 2}, {"div", HU_DIV, 2}, {"fma", HU_FMA, 3}, {"sqrt", HU_SQRT, 1},
};
enum { N_OPERATIONS = sizeof operations / sizeof operations[0], N_FUNCTIONS_MAX = 40 };

/* The operation named at idx: a row of the table, or a function. */
typedef struct elementwise {
    const char    *name;
    int            arity;
    hu_elementwise op;
    const hu_op   *function;      /* NULL: op */
} elementwise;

static elementwise find_operation(lua_State *L, int idx)
{
    const char *names[N_OPERATIONS + N_FUNCTIONS_MAX + 1] = {NULL};
    const hu_op *functions[N_FUNCTIONS_MAX];
    int n = 0;

    for (int i = 0; i < N_OPERATIONS; i++)
        names[i] = operations[i].name;
    for (int i = 0; hu_op_at(i) && n < N_FUNCTIONS_MAX; i++) {
        if (!hu_op_at(i)->is_function)
            continue;
        names[N_OPERATIONS + n] = hu_op_at(i)->name;
        functions[n++] = hu_op_at(i);
    }
    int which = hu_lua_choice(L, idx, "op", names);
    if (which < N_OPERATIONS)
        return (elementwise){names[which], operations[which].arity, operations[which].op, NULL};
    const hu_op *function = functions[which - N_OPERATIONS];
    return (elementwise){function->name, function->arity, HU_ADD, function};
}

static hu_status compute(const elementwise *e, hu_tensor *out, hu_tensor *const x[3], const hu_format *f, hu_env *env, hu_error *err)
{
    const float  *s[3] = {x[0]->f32, x[1] ? x[1]->f32 : NULL, x[2] ? x[2]->f32 : NULL};
    const double *d[3] = {x[0]->f64, x[1] ? x[1]->f64 : NULL, x[2] ? x[2]->f64 : NULL};
    if (out->dtype == HU_F32)
        return e->function ? hu_function_f32(out->f32, e->function, s[0], s[1], out->n, f, env, err)
                           : hu_map_f32(out->f32, e->op, s[0], s[1], s[2], out->n, f, env, err);
    return e->function ? hu_function_f64(out->f64, e->function, d[0], d[1], out->n, f, env, err)
                       : hu_map_f64(out->f64, e->op, d[0], d[1], d[2], out->n, f, env, err);
}

static hu_status multiply(hu_tensor *out, hu_tensor *const x[3], const hu_multiplier *m, const hu_format *f, hu_env *env, hu_error *err)
{
    return out->dtype == HU_F32 ? hu_multiply_f32(out->f32, x[0]->f32, x[1]->f32, out->n, m, f, env, err)
                                : hu_multiply_f64(out->f64, x[0]->f64, x[1]->f64, out->n, m, f, env, err);
}

/* Replaces the number or table at idx by an array. */
static hu_tensor *to_operand(lua_State *L, int idx)
{
    if (lua_type(L, idx) == LUA_TNUMBER) {
        hu_tensor *t = hu_lua_make_tensor(L, HU_F64, 0, NULL);
        t->f64[0] = lua_tonumber(L, idx);
        lua_replace(L, idx);
        return t;
    }
    return hu_lua_to_tensor(L, idx, "operand");
}

/* Replaces the array at idx by one of the shape and type of `like`, where it is not that already. */
static hu_tensor *repeat_to(lua_State *L, int idx, const hu_tensor *like)
{
    hu_error err = {0};
    hu_tensor *t = hu_lua_check_tensor(L, idx, "operand");

    if (t->dtype == like->dtype && t->rank == like->rank && t->n == like->n)
        return t;
    hu_tensor *out = hu_lua_make_tensor(L, like->dtype, like->rank, like->shape);
    hu_lua_try(L, hu_tensor_broadcast(out, t, &err), &err);
    lua_replace(L, idx);
    return out;
}

/* Where the table with the option format is not the argument `options`: operands are missing, or too many. */
static void check_options_place(lua_State *L, const elementwise *e, int options)
{
    int at = 2, last = lua_gettop(L);
    while (at <= last && !hu_lua_option(L, at, "format"))
        at++;
    lua_settop(L, last);
    if (at <= last && at != options)
        luaL_error(L, "apply: %s takes %d operand%s and then the options, and %d %s before these", e->name, e->arity, e->arity == 1 ? "" : "s",
                   at - 2, at == 3 ? "stands" : "stand");
}

/* apply(op, a [, b [, c]], options) -> array; options: format, those of an environment, and those of a multiplier */
static int apply(lua_State *L)
{
    static const char *const keys[] = {"format", HU_LUA_MULTIPLIER_KEYS, HU_LUA_ENV_KEYS, NULL};
    hu_error err = {0};
    hu_env own;
    elementwise e = find_operation(L, 1);
    int arity = e.arity, options = arity + 2;

    check_options_place(L, &e, options);
    lua_settop(L, options);
    hu_lua_options(L, options, keys);
    if (!hu_lua_option(L, options, "format"))
        return luaL_error(L, "apply: the option format is missing; %s takes %d operands and a table {format = ...}",
                          e.name, arity);
    int format = lua_gettop(L);
    const hu_format *f = hu_lua_format(L, format, "format");
    hu_env *env = hu_lua_option_env(L, options, hu_lua_format_env(L, format), &own);

    hu_tensor common = {.dtype = HU_F32}, *operands[3] = {NULL};
    for (int i = 0; i < arity; i++) {
        hu_tensor *t = to_operand(L, i + 2);
        common.dtype = t->dtype == HU_F64 && t->rank > 0 ? HU_F64 : common.dtype;
        hu_tensor so_far = common;
        hu_lua_try(L, hu_tensor_common_shape(&so_far, t, &common.rank, common.shape, &err), &err);
    }
    if (common.rank == 0)
        common.dtype = HU_F64;
    hu_tensor *out = hu_lua_make_tensor(L, common.dtype, common.rank, common.shape);
    for (int i = 0; i < arity; i++)
        operands[i] = repeat_to(L, i + 2, out);
    hu_multiplier multiplier = hu_lua_multiplier(L, options, "apply", NULL, NULL);
    if (multiplier.kind && (e.function || e.op != HU_MUL))
        return luaL_error(L, "apply: a multiplier goes with mul; %s has none", e.name);
    hu_lua_try(L, multiplier.kind ? multiply(out, operands, &multiplier, f, env, &err) : compute(&e, out, operands, f, env, &err), &err);
    return 1;
}

/* ---- sums ---- */

/* The array at idx as doubles, with one index; raises where it has more. */
static hu_tensor *vector(lua_State *L, int idx, const char *name)
{
    hu_tensor *t = hu_lua_to_tensor(L, idx, name);
    if (t->rank > 1)
        luaL_error(L, "%s has %d indices; it takes an array with one", name, t->rank);
    hu_tensor like = {.dtype = HU_F64, .rank = t->rank, .n = t->n};
    memcpy(like.shape, t->shape, sizeof like.shape);
    return repeat_to(L, idx, &like);
}

/* The options of sum and dot at idx, the last argument: the accumulator; *env is that of the options, or *own. */
static hu_accumulator sum_options(lua_State *L, int idx, hu_env **env, hu_env *own)
{
    static const char *const keys[] = {"accumulate", HU_LUA_ENV_KEYS, NULL};
    hu_env *of_format;
    lua_settop(L, idx);
    hu_lua_options(L, idx, keys);
    hu_accumulator acc = hu_lua_option_accumulator(L, idx, &of_format, NULL, NULL);
    hu_lua_check_outer(L, &acc, "accumulate", false, "");
    *env = hu_lua_option_env(L, idx, of_format, own);
    return acc;
}

/* sum(x [, options]) -> number; options: accumulate, and those of an environment */
static int sum(lua_State *L)
{
    hu_error err = {0};
    hu_env own, *env;
    double total = 0;
    hu_accumulator acc = sum_options(L, 2, &env, &own);
    hu_tensor *x = vector(L, 1, "x");
    hu_lua_try(L, hu_sum_f64(&total, x->f64, x->n, &acc, env, &err), &err);
    hu_lua_push_number(L, total);
    return 1;
}

/* dot(x, y [, options]) -> number; options: accumulate, and those of an environment */
static int dot(lua_State *L)
{
    hu_error err = {0};
    hu_env own, *env;
    double total = 0;
    hu_accumulator acc = sum_options(L, 3, &env, &own);
    hu_tensor *x = vector(L, 1, "x"), *y = vector(L, 2, "y");
    if (x->n != y->n)
        luaL_error(L, "dot: x has %I elements and y has %I", (LUAI_UACINT)x->n, (LUAI_UACINT)y->n);
    hu_lua_try(L, hu_dot_f64(&total, x->f64, y->f64, x->n, &acc, env, &err), &err);
    hu_lua_push_number(L, total);
    return 1;
}

static const luaL_Reg functions[] = {{"apply", apply}, {"sum", sum}, {"dot", dot}, {"matmul", hu_lua_matmul}, {NULL, NULL}};
static const luaL_Reg methods[]   = {{"quantize", quantize}, {NULL, NULL}};

int hu_lua_open_numeric(lua_State *L)
{
    hu_lua_extend_type(L, HU_LUA_ARRAY, methods, NULL);
    luaL_newlib(L, functions);
    return 1;
}
