/* accumulate.c - accumulators and multipliers as options: how dot products add, and what they add. */
#include "lua/lua.h"

void hu_lua_operand_formats(lua_State *L, int idx, const hu_format *of[2])
{
    if (!hu_lua_option(L, idx, "input"))
        return;
    int at = lua_gettop(L);
    for (int i = 0; i < 2; i++) {
        if (lua_type(L, at) == LUA_TTABLE)
            lua_rawgeti(L, at, i + 1);
        else
            lua_pushvalue(L, at);
        of[i] = hu_lua_format(L, lua_gettop(L), i ? "input of b" : "input of a");
    }
    lua_settop(L, at - 1);
}

/* The array of products at the top of the stack, which the options hold. */
static const double *product_table(lua_State *L, const char *name, const hu_format *const of[2])
{
    const hu_tensor *t = hu_lua_test_tensor(L, -1);
    if (!t)
        luaL_error(L, "%s: multiplier is a %s; it takes \"lmul\", \"lmul_formula\" or an array of products", name, luaL_typename(L, -1));
    if (t->dtype != HU_F64)
        luaL_error(L, "%s: the table of products is an array of floats; it takes one of doubles", name);
    int bits = of[0]->width_bits + of[1]->width_bits;
    if (bits <= HU_MULTIPLIER_MOST_BITS && t->n != (size_t)1 << bits)
        luaL_error(L, "%s: the table of products has %I elements; codes of %s and %s make 2^%d pairs", name, (LUAI_UACINT)t->n, of[0]->name, of[1]->name, bits);
    return t->f64;
}

hu_multiplier hu_lua_multiplier(lua_State *L, int idx, const char *name, const hu_format *a, const hu_format *b)
{
    static const char *const kinds[] = {"lmul", "lmul_formula", NULL};
    static const hu_multiplier_kind which[] = {HU_MULTIPLIER_LMUL_BITS, HU_MULTIPLIER_LMUL_FORMULA};
    const hu_format *of[2] = {a, b};
    hu_multiplier m = {0};

    if (!hu_lua_option(L, idx, "multiplier")) {
        if (hu_lua_option(L, idx, "l"))
            luaL_error(L, "%s: l goes with the multipliers \"lmul\" and \"lmul_formula\"", name);
        return m;
    }
    int at = lua_gettop(L);
    hu_lua_operand_formats(L, idx, of);
    if (!of[0] || !of[1])
        luaL_error(L, "%s: a multiplier needs to know the format of the operands: input = \"e4m3fn\", or a list of two", name);
    if (lua_type(L, at) == LUA_TSTRING) {
        m.kind = which[hu_lua_choice(L, at, "multiplier", kinds)];
        m.l = (int)hu_lua_option_integer(L, idx, "l", 0, 0, 62);
        if (of[0] != of[1])
            luaL_error(L, "%s: L-Mul takes operands of one format; these are %s and %s", name, of[0]->name, of[1]->name);
    } else {
        m.kind = HU_MULTIPLIER_TABLE;
        m.table = product_table(L, name, of);
    }
    m.a = of[0];
    m.b = of[1];
    lua_settop(L, at - 1);
    return m;
}

/* Bits of fraction of a fixed-point format. */
static int fraction_of(const hu_format *f)
{
    return f && f->family == &hu_family_fixed ? f->man_bits - f->emin : 0;
}

/* The field "integer" and those that go with it; bits 0 where there is none. */
static hu_integer read_integer(lua_State *L, int idx, const char *name, const hu_format *a, const hu_format *b)
{
    static const char *const overflows[] = {"wrap", "saturate", NULL}, *const others[] = {"overflow", "fraction", "product_bits", "shared"};
    const hu_format *of[2] = {a, b};
    hu_integer how = {0};
    if (!hu_lua_option(L, idx, "integer")) {
        for (int i = 0; i < 4; i++)
            if (hu_lua_option(L, idx, others[i]))
                luaL_error(L, "%s: %s goes with integer, the width of an integer accumulator", name, others[i]);
        return how;
    }
    lua_pop(L, 1);
    if (!hu_lua_option(L, idx, "multiplier"))
        hu_lua_operand_formats(L, idx, of);
    else
        lua_pop(L, 1);
    how.bits = (int)hu_lua_option_integer(L, idx, "integer", 0, 2, 64);
    how.saturates = hu_lua_option_choice(L, idx, "overflow", overflows, 0) == 1;
    how.shared = (int)hu_lua_option_integer(L, idx, "shared", 0, 0, 32);
    how.fraction = (int)hu_lua_option_integer(L, idx, "fraction", how.shared ? 0 : fraction_of(of[0]) + fraction_of(of[1]), -60, 100);
    how.product_bits = (int)hu_lua_option_integer(L, idx, "product_bits", 0, 0, 63);
    return how;
}

/* a and b: the formats of the operands, which an adder needs to know, or NULL. */
static hu_accumulator accumulator_for(lua_State *L, int idx, const char *name, const hu_format *a, const hu_format *b)
{
    static const char *const keys[]   = {"format", "product", "outer", "chunk", "order", "profile", "block", "input", "output",
                                            "integer", "overflow", "fraction", "product_bits", "shared", "multiplier", "l", NULL};
    static const char *const orders[] = {[HU_ORDER_SEQUENTIAL] = "sequential", [HU_ORDER_PAIRWISE] = "pairwise",
                                           [HU_ORDER_EXACT] = "exact", [HU_ORDER_KAHAN] = "kahan", NULL};
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
    acc.multiplier = hu_lua_multiplier(L, idx, name, a, b);
    acc.integer = read_integer(L, idx, name, a, b);
    if (acc.multiplier.kind == HU_MULTIPLIER_EXACT && acc.integer.bits == 0)
        acc.block = hu_lua_block_fma(L, idx, a, b);
    else if (hu_lua_option(L, idx, "profile") || hu_lua_option(L, idx, "block") || hu_lua_option(L, idx, "output"))
        luaL_error(L, "%s: a matrix unit (profile, block, output) has products and sums of its own; multiplier and integer go without one", name);
    return acc;
}

void hu_lua_check_outer(lua_State *L, const hu_accumulator *acc, const char *name, bool is_scaled, const char *more)
{
    if (acc->outer && acc->chunk == 0 && !is_scaled)
        luaL_error(L, "%s: outer is %s, in which the sums of chunks are added, and all terms are one chunk; give chunk, their number in a chunk%s",
                   name, acc->outer->name, more);
}

hu_accumulator hu_lua_accumulator(lua_State *L, int idx, const char *name)
{
    hu_accumulator acc = accumulator_for(L, idx, name, NULL, NULL);
    hu_lua_check_outer(L, &acc, name, false, "");
    if (acc.multiplier.kind == HU_MULTIPLIER_TABLE)
        luaL_error(L, "%s: a table of products goes with matmul, dot and apply; here the multipliers are \"lmul\" and \"lmul_formula\"", name);
    return acc;
}

/* The accumulator at field "accumulate" of the options at idx. Sets *env_of to the environment of its sum format's
 * object, where there is one. */
hu_accumulator hu_lua_option_accumulator(lua_State *L, int idx, hu_env **env_of, const hu_format *a, const hu_format *b)
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
