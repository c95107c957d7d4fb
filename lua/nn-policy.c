/* nn-policy.c - the numerics policy of a training run, from a string or a table; policies as objects. */
#include <stdlib.h>
#include <string.h>

#include "lua/lab.h"
#include "lua/nn.h"
#include "lua/quantizer.h"
#include "src/base/memory.h"
#include "src/base/sha256.h"

#define HU_LUA_POLICY   "halfulp.policy"
#define HU_LUA_POLICIES "halfulp.policies"      /* registry: table of a policy -> what its C form borrows; keys are weak */

_Static_assert(_Alignof(hu_policy) <= 8, "Lua aligns userdata to 8 bytes");

static const char *const overflows[] = {"ieee", "saturate", "saturate-finite-only", NULL};

/* How an operand's values are rounded where the table does not say it for that operand alone. */
typedef struct defaults {
    const hu_rounding *rounding;
    hu_overflow        overflow;
} defaults;

/* A format, scaled or not, or a block format, and how its values are rounded. */
typedef struct choice {
    hu_quantizer quantizer;
    const hu_block_format *block;
    hu_scaling scaling;
} choice;

/* ---- one operand ---- */

static bool is_key_of(const char *const *list, const char *key)
{
    for (; *list; list++)
        if (strcmp(*list, key) == 0)
            return true;
    return false;
}

/* Whether the table at idx says anything of scales. */
static bool has_scale(lua_State *L, int idx)
{
    static const char *const plain[] = {"format", "rounding", "overflow", NULL};
    bool found = false;
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
        found = found || lua_type(L, -2) != LUA_TSTRING || !is_key_of(plain, lua_tostring(L, -2));
    return found;
}

hu_scaled hu_lua_scaled(lua_State *L, int idx, const char *const *own, const hu_rounding *rounding)
{
    int top = lua_gettop(L);
    luaL_checkstack(L, 16, NULL);
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
        if (lua_type(L, -2) != LUA_TSTRING || !is_key_of(own, lua_tostring(L, -2))) {
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            lua_rawset(L, top + 1);
        }
    quantizer_box *box = hu_lua_new_box(L, HU_LUA_QUANTIZER, sizeof *box, HU_BOX_VALUES);
    hu_lua_read_quantizer(L, top + 1, box);
    hu_scaled q = box->q;
    if (q.candidates != NULL && box->candidates)
        luaL_error(L, "candidates are for hu.quantizer; a policy's scales are those of a rule, such as absmax");
    if (rounding && !hu_lua_option(L, top + 1, "rounding"))
        q.element.rounding = rounding;
    lua_settop(L, top);
    return q;
}

static choice read_scaled(lua_State *L, int idx, defaults d)
{
    static const char *const own[] = {"history", "margin", NULL};
    choice c = {.scaling = {.on = true, .q = hu_lua_scaled(L, idx, own, d.rounding)}};
    c.scaling.history = (unsigned)hu_lua_option_integer(L, idx, "history", 0, 0, 65536);
    c.scaling.margin = hu_lua_option_number(L, idx, "margin", 0);
    return c;
}

/* "e4m3fn:sr@row": what a policy's text says. */
static choice read_text(lua_State *L, int idx, const char *name)
{
    hu_policy p = {0};
    hu_error err = {0};
    hu_lua_try(L, hu_policy_parse(&p, lua_tostring(L, idx), &err), &err);
    if (strchr(lua_tostring(L, idx), '/'))
        luaL_error(L, "policy: %s is '%s'; one role takes one format", name, lua_tostring(L, idx));
    return (choice){p.operand[HU_P1], p.block[HU_P1], p.scaling[HU_P1]};
}

/* The quantizer at idx: a format or block format, its name, {format =, rounding =, overflow =}, the options of hu.quantizer with `history`
 * and `margin`, or a hu.quantizer. */
static choice read_quantizer(lua_State *L, int idx, const char *name, defaults d)
{
    static const char *const keys[] = {"format", "rounding", "overflow", NULL};
    int top = lua_gettop(L);
    if (hu_lua_test_box(L, idx, HU_LUA_QUANTIZER)) {
        const hu_scaled *q = &hu_lua_check_quantizer(L, idx, name)->q;
        return (choice){.scaling = {.on = true, .q = *q}};
    }
    if (lua_type(L, idx) == LUA_TSTRING && strpbrk(lua_tostring(L, idx), ":@/"))
        return read_text(L, idx, name);
    if (lua_type(L, idx) == LUA_TTABLE && has_scale(L, idx))
        return read_scaled(L, idx, d);
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
    hu_error err = {0};
    if (c->block && operand > HU_P6)
        luaL_error(L, "policy: %s is the block format %s; those are for the operands of the linear layers", key, c->block->name);
    if (c->scaling.on && c->scaling.q.block)
        luaL_error(L, "policy: %s is a quantizer of the block format %s; give the block format itself", key, c->scaling.q.block->name);
    if (c->scaling.on) {
        hu_lua_try(L, hu_policy_set_scaling(p, (hu_operand)operand, &c->scaling, &err), &err);
        return;
    }
    p->operand[operand] = c->quantizer;
    p->scaling[operand] = (hu_scaling){0};
    if (operand <= HU_P6)
        p->block[operand] = c->block;
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
    {"saved",      BIT(HU_P_SAVED)},
    {"reduce",     BIT(HU_P_REDUCE)},
#undef BIT
};

/* Returns the bits of the operands that were named. */
static uint32_t read_operands(lua_State *L, int idx, hu_policy *p, defaults d)
{
    uint32_t named = 0;
    for (size_t i = 0; i < sizeof operand_keys / sizeof *operand_keys; i++) {
        if (!hu_lua_option(L, idx, operand_keys[i].key))
            continue;
        choice c = read_quantizer(L, lua_gettop(L), operand_keys[i].key, d);
        named |= operand_keys[i].operands;
        for (int k = 0; k < HU_P_COUNT; k++)
            if (operand_keys[i].operands >> k & 1)
                set_operand(L, p, k, &c, operand_keys[i].key);
        lua_pop(L, 1);
    }
    return named;
}

static uint32_t read_accumulators(lua_State *L, int idx, hu_policy *p)
{
    static const struct {
        const char *key;
        int         first, last;
    } keys[] = {
        {"accumulate", HU_GEMM_FORWARD, HU_GEMM_WGRAD}, {"forward", HU_GEMM_FORWARD, HU_GEMM_FORWARD},
        {"dgrad", HU_GEMM_DGRAD, HU_GEMM_DGRAD},        {"wgrad", HU_GEMM_WGRAD, HU_GEMM_WGRAD},
    };
    uint32_t named = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!hu_lua_option(L, idx, keys[i].key))
            continue;
        hu_accumulator acc = hu_lua_accumulator(L, lua_gettop(L), keys[i].key);
        const hu_format *formats[] = {acc.product, acc.sum, acc.outer};
        for (size_t k = 0; k < 3; k++)
            if (formats[k] && !hu_fits_f32(formats[k]))
                luaL_error(L, "policy: %s: %s has values that a float32 cannot hold", keys[i].key, formats[k]->name);
        for (int role = keys[i].first; role <= keys[i].last; role++) {
            p->accumulator[role] = acc;
            named |= (uint32_t)1 << role;
        }
        lua_pop(L, 1);
    }
    p->accumulate_rounding = hu_lua_option_rounding(L, idx, "accumulate_rounding", NULL);
    return named;
}

/* ---- rules for layers ---- */

#define OPERAND_KEYS "format", "rounding", "overflow", "activation", "weight", "gradient", "p1", "p2", "p3", "p4", "p5", "p6", \
                     "attention", "master", "saved", "accumulate", "forward", "dgrad", "wgrad", "accumulate_rounding"

static defaults read_defaults(lua_State *L, int idx)
{
    defaults d = {.rounding = hu_lua_option_rounding(L, idx, "rounding", NULL)};
    d.overflow = (hu_overflow)hu_lua_option_choice(L, idx, "overflow", overflows, HU_OVERFLOW_IEEE);
    return d;
}

/* The rule whose pattern and value are at idx and idx + 1. */
static void read_rule(lua_State *L, int idx, hu_policy_rule *r)
{
    static const char *const keys[] = {OPERAND_KEYS, NULL};
    hu_error err = {0};
    const char *glob = hu_lua_string(L, idx, "the pattern of layers");
    if (strlen(glob) == 0 || strlen(glob) >= sizeof r->glob)
        luaL_error(L, "policy: the pattern '%s' of layers has %I letters; it takes 1 to %d", glob, (LUAI_UACINT)strlen(glob),
                   (int)sizeof r->glob - 1);
    *r = (hu_policy_rule){0};
    strcpy(r->glob, glob);
    if (lua_type(L, idx + 1) == LUA_TSTRING) {
        r->whole = true;
        hu_lua_try(L, hu_policy_parse(&r->values, lua_tostring(L, idx + 1), &err), &err);
        return;
    }
    hu_lua_table(L, idx + 1, "what a policy says of layers", "a string such as \"fp32\", or a table such as {weight = \"e5m2\"}");
    hu_lua_options(L, idx + 1, keys);
    r->operands = read_operands(L, idx + 1, &r->values, read_defaults(L, idx + 1));
    r->accumulators = read_accumulators(L, idx + 1, &r->values);
}

static int more_special(const void *a, const void *b)
{
    const hu_policy_rule *x = a, *y = b;
    size_t n = hu_glob_literals(x->glob), m = hu_glob_literals(y->glob);
    return n != m ? (n < m ? -1 : 1) : strcmp(x->glob, y->glob);
}

static size_t count_rules(lua_State *L, int idx)
{
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
        n++;
    if (n > HU_POLICY_RULES)
        luaL_error(L, "policy: %I rules for layers; it takes up to %d", (LUAI_UACINT)n, HU_POLICY_RULES);
    return n;
}

/* {["*.attention.*"] = ..., head = "fp32"}: those with more letters of their own over those with fewer; and after them pairs
 * {{"*.in", ...}, ...} in their order. Pushes the userdata that holds the rules. */
static void read_rules(lua_State *L, int idx, hu_policy *p)
{
    hu_lua_table(L, idx, "layers", "a table such as {[\"*.attention.*\"] = {weight = \"e5m2\"}, head = \"fp32\"}");
    size_t n = count_rules(L, idx), pairs = lua_rawlen(L, idx), named = 0;
    hu_policy_rule *rules = lua_newuserdatauv(L, n * sizeof *rules + 1, 0);
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            read_rule(L, lua_gettop(L) - 1, &rules[named++]);
    qsort(rules, named, sizeof *rules, more_special);
    if (named + pairs != n)
        luaL_error(L, "policy: layers has a key that is neither a pattern nor the place of a pair");
    for (size_t i = 0; i < pairs; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i + 1);
        if (lua_type(L, -1) != LUA_TTABLE || lua_rawlen(L, -1) != 2)
            luaL_error(L, "policy: place %I of layers is no pair of a pattern and what is said of it", (LUAI_UACINT)(i + 1));
        int pair = lua_gettop(L);
        lua_rawgeti(L, pair, 1);
        lua_rawgeti(L, pair, 2);
        read_rule(L, pair + 1, &rules[named++]);
        lua_settop(L, pair - 1);
    }
    p->rules = rules;
    p->n_rules = n;
}

/* ---- the optimizer's states ---- */

static bool is_state(const char *name)
{
    const hu_optimizer *o;
    for (int i = 0; (o = hu_optimizer_at(i)); i++)
        for (int s = 0; s < HU_OPTIMIZER_STATES; s++)
            if (o->state[s] && strcmp(o->state[s], name) == 0)
                return true;
    return false;
}

/* {m = ..., v = ...}, in the order of their names. */
static void read_states(lua_State *L, int idx, hu_policy *p)
{
    int n = 0;
    hu_lua_table(L, idx, "states", "a table such as {m = \"de8\", v = \"de8\"}");
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !is_state(lua_tostring(L, -2)))
            luaL_error(L, "policy: states has '%s', which no optimizer has; hu.nn.trainer's have m, v, momentum, rows and cols",
                       luaL_tolstring(L, -2, NULL));
        if (n == HU_MOMENTS)
            luaL_error(L, "policy: states has more than %d; no optimizer has so many", HU_MOMENTS);
        int top = lua_gettop(L);
        hu_error err = {0};
        p->moment[n].format = hu_lua_state_format(L, top);
        lua_settop(L, top);
        hu_lua_try(L, hu_state_check(&p->moment[n].format, lua_tostring(L, -2), &err), &err);
        strcpy(p->moment[n++].name, lua_tostring(L, -2));
    }
    if (n == 2 && strcmp(p->moment[0].name, p->moment[1].name) > 0) {
        hu_moment m = p->moment[0];
        p->moment[0] = p->moment[1];
        p->moment[1] = m;
    }
}

/* ---- the whole ---- */

/* Pushes what p borrows, or nil. */
static hu_policy read_table(lua_State *L, int idx)
{
    static const char *const keys[] = {OPERAND_KEYS, "reduce", "states", "head", "seed", "layers", NULL};
    hu_policy p = {0};
    luaL_checkstack(L, 24, NULL);
    hu_lua_options(L, idx, keys);
    p.seed = hu_lua_option_u64(L, idx, "seed", 0);
    p.head_full = !hu_lua_option_boolean(L, idx, "head", true);
    read_operands(L, idx, &p, read_defaults(L, idx));
    read_accumulators(L, idx, &p);
    if (hu_lua_option(L, idx, "states")) {
        read_states(L, lua_gettop(L), &p);
        lua_pop(L, 1);
    }
    if (hu_lua_option(L, idx, "layers")) {
        read_rules(L, lua_gettop(L), &p);
        lua_remove(L, -2);
    } else {
        lua_pushnil(L);
    }
    return p;
}

/* The rules of a policy that is read from a table live as long as the table, or until it is read again. */
static void keep(lua_State *L, int idx)
{
    if (luaL_getsubtable(L, LUA_REGISTRYINDEX, HU_LUA_POLICIES) == 0) {
        lua_newtable(L);
        lua_pushliteral(L, "k");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
    }
    lua_pushvalue(L, idx);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

/* The policy at idx, which is absolute: absent, a string, a table or an object. */
static hu_policy policy_at(lua_State *L, int idx)
{
    hu_policy p = {0};
    if (hu_lua_absent(L, idx))
        return p;
    const hu_policy *made = hu_lua_test_box(L, idx, HU_LUA_POLICY);
    if (made)
        return *made;
    if (lua_type(L, idx) == LUA_TSTRING) {
        hu_error err = {0};
        hu_lua_try(L, hu_policy_parse(&p, hu_lua_string(L, idx, "policy"), &err), &err);
        return p;
    }
    hu_lua_table(L, idx, "policy", "a string such as \"e8m3:rz+sat\", a table, or a hu.nn.policy");
    p = read_table(L, idx);
    keep(L, idx);
    return p;
}

hu_policy hu_lua_option_policy(lua_State *L, int idx)
{
    hu_policy p = {0};
    if (hu_lua_option(L, idx, "policy")) {
        p = policy_at(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    return p;
}

/* The text, pushed; without its last newline. */
static void push_text(lua_State *L, const hu_policy *p)
{
    char *text = hu_policy_text(p);
    if (!text)
        luaL_error(L, "policy: out of memory");
    lua_pushlstring(L, text, strlen(text) - 1);
    hu_free(text);
}

/* The SHA-256 of the text on top of the stack. */
static void digest_of_text(lua_State *L, char hex[HU_SHA256_HEX])
{
    size_t n;
    const char *text = lua_tolstring(L, -1, &n);
    hu_sha256_of(text, n, hex);
}

void hu_lua_keep_policy(lua_State *L, const hu_policy *p)
{
    char hex[HU_SHA256_HEX];
    push_text(L, p);
    digest_of_text(L, hex);
    hu_lua_note_policy(L, hex, lua_tostring(L, -1));
    lua_pop(L, 1);
}

/* ---- objects ---- */

/* policy(text | table) -> policy */
static int new_policy(lua_State *L)
{
    lua_settop(L, 1);
    if (hu_lua_absent(L, 1))
        luaL_error(L, "policy: it takes a string such as \"e8m3:rz+sat\", or a table such as {activation = \"e4m3fn\"}");
    hu_policy p = policy_at(L, 1);
    hu_policy *box = hu_lua_new_box(L, HU_LUA_POLICY, sizeof *box, 1);
    *box = p;
    lua_pushvalue(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, HU_LUA_POLICIES);
    if (lua_type(L, 1) == LUA_TTABLE) {             /* its rules, even where the table is read again and has others */
        lua_pushvalue(L, 1);
        lua_rawget(L, -2);
    }
    lua_setiuservalue(L, 2, 1);
    lua_settop(L, 2);
    return 1;
}

static int to_string(lua_State *L)
{
    push_text(L, hu_lua_check_box(L, 1, HU_LUA_POLICY, "policy"));
    return 1;
}

/* policy:digest() -> SHA-256 of its text */
static int digest(lua_State *L)
{
    char hex[HU_SHA256_HEX];
    push_text(L, hu_lua_check_box(L, 1, HU_LUA_POLICY, "policy"));
    digest_of_text(L, hex);
    lua_pushstring(L, hex);
    return 1;
}

static const luaL_Reg functions[] = {{"policy", new_policy}, {NULL, NULL}};
static const luaL_Reg methods[]   = {{"digest", digest}, {NULL, NULL}};
static const luaL_Reg meta[]      = {{"__tostring", to_string}, {NULL, NULL}};

void hu_lua_nn_policy(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_POLICY, methods, NULL, meta);
    luaL_setfuncs(L, functions, 0);
}
