/* numeric.c - emulated arithmetic on arrays: quantizing, elementwise operations, sums, dot and matrix products. */
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

/* apply(op, a [, b [, c]], options) -> array; options: format, and those of an environment */
static int apply(lua_State *L)
{
    static const char *const keys[] = {"format", HU_LUA_ENV_KEYS, NULL};
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
    hu_lua_try(L, compute(&e, out, operands, f, env, &err), &err);
    return 1;
}

/* ---- accumulators ---- */

/* a and b: the formats of the operands, which an adder needs to know, or NULL. */
static hu_accumulator accumulator_for(lua_State *L, int idx, const char *name, const hu_format *a, const hu_format *b)
{
    static const char *const keys[]   = {"format", "product", "outer", "chunk", "order", "profile", "block", "input", "output", NULL};
    static const char *const orders[] = {[HU_ORDER_SEQUENTIAL] = "sequential", [HU_ORDER_PAIRWISE] = "pairwise",
                                           [HU_ORDER_EXACT] = "exact", NULL};
    hu_accumulator acc = {0};

    if (lua_type(L, idx) != LUA_TTABLE) {
        acc.sum = hu_lua_format(L, idx, name);
        return acc;
    }
    hu_lua_options(L, idx, keys);
    acc.sum     = hu_lua_option_format(L, idx, "format");
    acc.product = hu_lua_option_format(L, idx, "product");
    acc.outer   = hu_lua_option_format(L, idx, "outer");
    acc.chunk   = (size_t)hu_lua_option_integer(L, idx, "chunk", 0, 0, (lua_Integer)1 << 48);
    acc.order   = (hu_order)hu_lua_option_choice(L, idx, "order", orders, HU_ORDER_SEQUENTIAL);
    acc.block   = hu_lua_block_fma(L, idx, a, b);
    return acc;
}

hu_accumulator hu_lua_accumulator(lua_State *L, int idx, const char *name)
{
    return accumulator_for(L, idx, name, NULL, NULL);
}

/* The accumulator at field "accumulate" of the options at idx. Sets *env_of to the environment of its sum format's
 * object, where there is one. */
static hu_accumulator option_accumulator(lua_State *L, int idx, hu_env **env_of, const hu_format *a, const hu_format *b)
{
    *env_of = NULL;
    if (!hu_lua_option(L, idx, "accumulate"))
        return (hu_accumulator){0};
    int at = lua_gettop(L);
    hu_accumulator acc = accumulator_for(L, at, "accumulate", a, b);
    if (lua_type(L, at) != LUA_TTABLE) {
        *env_of = hu_lua_format_env(L, at);
    } else if (hu_lua_option(L, at, "format")) {
        *env_of = hu_lua_format_env(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return acc;
}

#define ACCUMULATE_KEYS "accumulate", HU_LUA_ENV_KEYS

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

/* sum(x [, options]) -> number; options: accumulate, and those of an environment */
static int sum(lua_State *L)
{
    static const char *const keys[] = {ACCUMULATE_KEYS, NULL};
    hu_error err = {0};
    hu_env own, *of_format;
    double total = 0;

    lua_settop(L, 2);
    hu_lua_options(L, 2, keys);
    hu_accumulator acc = option_accumulator(L, 2, &of_format, NULL, NULL);
    hu_env *env = hu_lua_option_env(L, 2, of_format, &own);
    hu_tensor *x = vector(L, 1, "x");
    hu_lua_try(L, hu_sum_f64(&total, x->f64, x->n, &acc, env, &err), &err);
    lua_pushnumber(L, total);
    return 1;
}

/* dot(x, y [, options]) -> number; options: accumulate, and those of an environment */
static int dot(lua_State *L)
{
    static const char *const keys[] = {ACCUMULATE_KEYS, NULL};
    hu_error err = {0};
    hu_env own, *of_format;
    double total = 0;

    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    hu_accumulator acc = option_accumulator(L, 3, &of_format, NULL, NULL);
    hu_env *env = hu_lua_option_env(L, 3, of_format, &own);
    hu_tensor *x = vector(L, 1, "x"), *y = vector(L, 2, "y");
    if (x->n != y->n)
        luaL_error(L, "dot: x has %I elements and y has %I", (LUAI_UACINT)x->n, (LUAI_UACINT)y->n);
    hu_lua_try(L, hu_dot_f64(&total, x->f64, y->f64, x->n, &acc, env, &err), &err);
    lua_pushnumber(L, total);
    return 1;
}

/* ---- matrix products ---- */

/* The matrix at idx as the format, block format or quantizer at `input` has it (nil: as it is), a copy; blocks along index `axis` (from 0);
 * random words from a stream of its own. */
static void quantize_input(lua_State *L, int idx, int input, int axis, hu_env *env, const char *tag)
{
    if (hu_lua_absent(L, input))
        return;
    hu_env other = *env;
    other.random = (hu_random){.seed = hu_random_derive(env->random.seed, tag), .stream = env->random.stream,
                               .index = env->random.index};
    hu_tensor *t = hu_lua_check_tensor(L, idx, "matrix");
    if (!hu_lua_push_scaled(L, input, t, other.random.seed, other.random.stream, &other.flags)) {
        const hu_block_format *block = hu_lua_test_block(L, input, tag);
        if (block)
            hu_lua_push_block_quantized(L, t, block, axis, &other);
        else
            hu_lua_push_quantized(L, t, hu_lua_format(L, input, tag), &other);
    }
    env->flags |= other.flags;
    lua_replace(L, idx);
}

/* Pushes the two formats, block formats or quantizers of the field "input", which has one for both matrices or a list of two; nil: none. */
static void push_inputs(lua_State *L, int idx)
{
    if (!hu_lua_option(L, idx, "input")) {
        lua_pushnil(L);
        lua_pushnil(L);
        return;
    }
    int at = lua_gettop(L);
    for (int i = 0; i < 2; i++) {
        if (lua_type(L, at) == LUA_TTABLE)
            lua_rawgeti(L, at, i + 1);
        else
            lua_pushvalue(L, at);
        const char *name = i ? "input of b" : "input of a";
        if (!hu_lua_test_box(L, -1, HU_LUA_QUANTIZER) && !hu_lua_test_block(L, lua_gettop(L), name))
            hu_lua_format(L, lua_gettop(L), name);
    }
    lua_remove(L, at);
}

/* The format at idx; NULL where there is a block format, a quantizer or nothing. */
static const hu_format *plain_format(lua_State *L, int idx)
{
    bool other = hu_lua_absent(L, idx) || hu_lua_test_box(L, idx, HU_LUA_QUANTIZER) || hu_lua_test_block(L, idx, "input");
    return other ? NULL : hu_lua_format(L, idx, "input");
}

/* The matrix or vector at idx, as a matrix of that type; a vector becomes one row, or one column. */
static hu_tensor *matrix(lua_State *L, int idx, hu_dtype dtype, bool as_column, const char *name)
{
    hu_error err = {0};
    hu_tensor *t = hu_lua_check_tensor(L, idx, name);

    if (t->rank != 1 && t->rank != 2)
        luaL_error(L, "matmul: %s has %d indices; it needs 1 or 2", name, t->rank);
    if (t->rank == 2 && t->dtype == dtype)
        return t;
    hu_tensor *out = hu_lua_make_tensor(L, dtype, t->rank, t->shape);
    hu_lua_try(L, hu_tensor_broadcast(out, t, &err), &err);
    if (t->rank == 1) {
        out->rank = 2;
        out->shape[0] = as_column ? t->n : 1;
        out->shape[1] = as_column ? 1 : t->n;
    }
    lua_replace(L, idx);
    return out;
}

/* matmul(a, b [, options]) -> array */
static int matmul(lua_State *L)
{
    static const char *const keys[] = {"input", "transpose_a", "transpose_b", ACCUMULATE_KEYS, NULL};
    hu_error err = {0};
    hu_env own, *of_format;

    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    push_inputs(L, 3);                                  /* at 4 and 5 */
    hu_accumulator acc = option_accumulator(L, 3, &of_format, plain_format(L, 4), plain_format(L, 5));
    hu_env *env = hu_lua_option_env(L, 3, of_format, &own);
    bool ta = hu_lua_option_boolean(L, 3, "transpose_a", false), tb = hu_lua_option_boolean(L, 3, "transpose_b", false);

    hu_tensor *a = hu_lua_to_tensor(L, 1, "a"), *b = hu_lua_to_tensor(L, 2, "b");
    int ranks[2] = {a->rank, b->rank};
    hu_dtype dtype = a->dtype == HU_F32 && b->dtype == HU_F32 ? HU_F32 : HU_F64;
    matrix(L, 1, dtype, ta, "a");
    matrix(L, 2, dtype, !tb, "b");
    quantize_input(L, 1, 4, ta ? 0 : 1, env, "input a");                  /* blocks lie along the index that is summed over */
    quantize_input(L, 2, 5, tb ? 1 : 0, env, "input b");
    a = hu_lua_check_tensor(L, 1, "a");
    b = hu_lua_check_tensor(L, 2, "b");
    hu_tensor *c = hu_lua_make_tensor(L, dtype, 2, (size_t[]){a->shape[ta], b->shape[!tb]});
    own.no_flags = true;                                                  /* nobody gets to see its flags */
    hu_lua_try(L, hu_tensor_matmul(c, a, ta, b, tb, &acc, env, &err), &err);

    if (ranks[0] == 1 || ranks[1] == 1) {            /* a vector's index is taken out again */
        size_t n = c->n;
        c->rank = (ranks[0] == 2) + (ranks[1] == 2);
        memset(c->shape, 0, sizeof c->shape);
        if (c->rank)
            c->shape[0] = n;
    }
    return 1;
}

static const luaL_Reg functions[] = {{"apply", apply}, {"sum", sum}, {"dot", dot}, {"matmul", matmul}, {NULL, NULL}};
static const luaL_Reg methods[]   = {{"quantize", quantize}, {NULL, NULL}};

int hu_lua_open_numeric(lua_State *L)
{
    hu_lua_extend_type(L, HU_LUA_ARRAY, methods, NULL);
    luaL_newlib(L, functions);
    return 1;
}
