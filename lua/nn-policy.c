/* nn-policy.c - the numerics policy of a training run, from a string or a table. */
#include <string.h>

#include "lua/nn.h"

/* How an operand's values are rounded where the table does not say it for that operand alone. */
typedef struct defaults {
    const hu_rounding *rounding;
    hu_overflow        overflow;
} defaults;

static const char *const overflows[] = {"ieee", "saturate", "saturate-finite-only", NULL};

/* A format or a block format, and how its values are rounded. */
typedef struct choice {
    hu_quantizer quantizer;
    const hu_block_format *block;
} choice;

/* The quantizer at idx: a format or block format, its name, or {format =, rounding =, overflow =}. */
static choice read_quantizer(lua_State *L, int idx, const char *name, defaults d)
{
    static const char *const keys[] = {"format", "rounding", "overflow", NULL};
    int top = lua_gettop(L);
    if (lua_type(L, idx) == LUA_TTABLE) {
        hu_lua_options(L, idx, keys);
        d.rounding = hu_lua_option_rounding(L, idx, "rounding", d.rounding);
        d.overflow = (hu_overflow)hu_lua_option_choice(L, idx, "overflow", overflows, (int)d.overflow);
        if (!hu_lua_option(L, idx, "format"))
            luaL_error(L, "policy: %s has no format; it takes {format = , rounding = , overflow = }", name);
        name = "format";
        idx = lua_gettop(L);
    }
    choice c = {.quantizer = {.rounding = d.rounding, .overflow = d.overflow}, .block = hu_lua_test_block(L, idx, name)};
    if (!c.block) {
        hu_error err = {0};
        hu_lua_try(L, hu_quantizer_init(&c.quantizer, hu_lua_format(L, idx, name), d.rounding, d.overflow, &err), &err);
    }
    lua_settop(L, top);
    return c;
}

static void set_operand(lua_State *L, hu_policy *p, int operand, const choice *c, const char *key)
{
    p->operand[operand] = c->quantizer;
    if (operand <= HU_P6)
        p->block[operand] = c->block;
    else if (c->block)
        luaL_error(L, "policy: %s is the block format %s; those are for the operands of the linear layers", key, c->block->name);
}

/* The keys that name operands, and which. Later rows win over earlier ones. */
static const struct {
    const char *key;
    unsigned    operands;
} operand_keys[] = {
#define BIT(p) (1u << (p))
    {"format",     BIT(HU_P1) | BIT(HU_P2) | BIT(HU_P3) | BIT(HU_P4) | BIT(HU_P5) | BIT(HU_P6)},
    {"activation", BIT(HU_P1) | BIT(HU_P6)},
    {"weight",     BIT(HU_P2) | BIT(HU_P4)},
    {"gradient",   BIT(HU_P3) | BIT(HU_P5)},
    {"p1", BIT(HU_P1)}, {"p2", BIT(HU_P2)}, {"p3", BIT(HU_P3)},
    {"p4", BIT(HU_P4)}, {"p5", BIT(HU_P5)}, {"p6", BIT(HU_P6)},
    {"attention",  BIT(HU_P_QKV) | BIT(HU_P_WEIGHTS) | BIT(HU_P_DOUT) | BIT(HU_P_DSCORES)},
    {"master",     BIT(HU_P_MASTER)},
#undef BIT
};

static void read_operands(lua_State *L, int idx, hu_policy *p, defaults d)
{
    for (size_t i = 0; i < sizeof operand_keys / sizeof *operand_keys; i++) {
        if (!hu_lua_option(L, idx, operand_keys[i].key))
            continue;
        choice c = read_quantizer(L, lua_gettop(L), operand_keys[i].key, d);
        for (int k = 0; k < HU_P_COUNT; k++)
            if (operand_keys[i].operands >> k & 1)
                set_operand(L, p, k, &c, operand_keys[i].key);
        lua_pop(L, 1);
    }
}

static void read_accumulators(lua_State *L, int idx, hu_policy *p)
{
    static const struct {
        const char *key;
        int         first, last;
    } keys[] = {
        {"accumulate", HU_GEMM_FORWARD, HU_GEMM_WGRAD}, {"forward", HU_GEMM_FORWARD, HU_GEMM_FORWARD},
        {"dgrad", HU_GEMM_DGRAD, HU_GEMM_DGRAD},        {"wgrad", HU_GEMM_WGRAD, HU_GEMM_WGRAD},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!hu_lua_option(L, idx, keys[i].key))
            continue;
        hu_accumulator acc = hu_lua_accumulator(L, lua_gettop(L), keys[i].key);
        const hu_format *formats[] = {acc.product, acc.sum, acc.outer};
        for (size_t k = 0; k < 3; k++)
            if (formats[k] && !hu_fits_f32(formats[k]))
                luaL_error(L, "policy: %s: %s has values that a float32 cannot hold", keys[i].key, formats[k]->name);
        for (int role = keys[i].first; role <= keys[i].last; role++)
            p->accumulator[role] = acc;
        lua_pop(L, 1);
    }
    p->accumulate_rounding = hu_lua_option_rounding(L, idx, "accumulate_rounding", NULL);
}

hu_policy hu_lua_policy(lua_State *L, int idx)
{
    static const char *const keys[] = {
        "format", "rounding", "overflow", "activation", "weight", "gradient", "p1", "p2", "p3", "p4", "p5", "p6",
        "attention", "master", "head", "accumulate", "forward", "dgrad", "wgrad", "accumulate_rounding", "seed", NULL,
    };
    hu_policy p = {0};
    if (hu_lua_absent(L, idx))
        return p;
    if (lua_type(L, idx) == LUA_TSTRING) {
        hu_error err = {0};
        hu_lua_try(L, hu_policy_parse(&p, hu_lua_string(L, idx, "policy"), &err), &err);
        return p;
    }
    hu_lua_table(L, idx, "policy", "a string such as \"e8m3:rz+sat\", or a table");
    luaL_checkstack(L, 16, NULL);
    hu_lua_options(L, idx, keys);
    defaults d = {.rounding = hu_lua_option_rounding(L, idx, "rounding", NULL)};
    d.overflow = (hu_overflow)hu_lua_option_choice(L, idx, "overflow", overflows, HU_OVERFLOW_IEEE);
    p.seed = hu_lua_option_u64(L, idx, "seed", 0);
    p.head_full = !hu_lua_option_boolean(L, idx, "head", true);
    read_operands(L, idx, &p, d);
    read_accumulators(L, idx, &p);
    return p;
}

hu_policy hu_lua_option_policy(lua_State *L, int idx)
{
    hu_policy p = {0};
    if (hu_lua_option(L, idx, "policy")) {
        p = hu_lua_policy(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    return p;
}
