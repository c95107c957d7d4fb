/* nn-optimizer.c - the optimizer of a training run, from a name or a table; the formats of its states. */
#include <stdio.h>
#include <string.h>

#include "lua/nn.h"

/* "bf16:sr", "e4m3fn:rz+sat@row": what a policy's text says, in the same groups as a bare name where it has no "@". */
static hu_scaled read_text(lua_State *L, int idx, hu_granularity groups)
{
    const char *text = lua_tostring(L, idx);
    hu_policy p = {0};
    hu_error err = {0};
    hu_lua_try(L, hu_policy_parse(&p, text, &err), &err);
    if (strchr(text, '/'))
        luaL_error(L, "optimizer: a state is '%s'; it takes one format", text);
    if (p.scaling[HU_P1].on)
        return p.scaling[HU_P1].q;
    if (!p.block[HU_P1] && !p.operand[HU_P1].format)
        luaL_error(L, "optimizer: a state is '%s'; states are floats where nothing is said, it takes a narrower format", text);
    hu_scaled q;
    hu_scaled_init(&q, p.block[HU_P1] ? p.block[HU_P1]->element : p.operand[HU_P1].format);
    q.block = p.block[HU_P1];
    q.per = groups;
    q.element.rounding = p.operand[HU_P1].rounding;
    if (p.operand[HU_P1].overflow != HU_OVERFLOW_IEEE)
        q.element.overflow = p.operand[HU_P1].overflow;
    return q;
}

/* A state's format: the name of a format, a policy's text, {format =, ...} with the options of hu.quantizer, or with `expand`, for COAT's range
 * expansion, `group` and `range`. Without other words a scale for every 128 elements in storage order. */
hu_state_format hu_lua_state_format(lua_State *L, int idx)
{
    enum { GROUP = 128 };
    static const char *const own[] = {"expand", "range", NULL}, *const expanded[] = {"format", "rounding", "group", "expand", "range", NULL};
    hu_state_format f = {.on = true, .group = GROUP};
    const hu_granularity groups = {.per = HU_PER_GROUP, .flat = true, .group = GROUP, .axis = -1};
    bool expands = lua_type(L, idx) == LUA_TTABLE && hu_lua_option_boolean(L, idx, "expand", false);
    if (lua_type(L, idx) == LUA_TTABLE && !expands) {
        f.q = hu_lua_scaled(L, idx, own, NULL);
        if (!hu_lua_option(L, idx, "per") && !hu_lua_option(L, idx, "group") && !f.q.block)
            f.q.per = groups;
        else if (f.q.per.per == HU_PER_GROUP && !hu_lua_option(L, idx, "axis"))
            f.q.per.flat = true;
        return f;
    }
    if (lua_type(L, idx) == LUA_TSTRING && strpbrk(lua_tostring(L, idx), ":@/")) {
        f.q = read_text(L, idx, groups);
        return f;
    }
    int at = idx;
    if (expands) {
        hu_lua_options(L, idx, expanded);
        if (!hu_lua_option(L, idx, "format"))
            luaL_error(L, "optimizer: a state has no format; it takes {format = \"e4m3fn\", expand = true}");
        at = lua_gettop(L);
    }
    const hu_block_format *block = expands ? NULL : hu_lua_test_block(L, at, "format");
    hu_scaled_init(&f.q, block ? block->element : hu_lua_format(L, at, "format"));
    f.q.block = block;
    f.q.per = groups;
    f.expands = expands;
    if (expands) {
        f.q.element.rounding = hu_lua_option_rounding(L, idx, "rounding", NULL);
        f.group = (size_t)hu_lua_option_integer(L, idx, "group", GROUP, 1, (lua_Integer)1 << 40);
        f.range = hu_lua_option_number(L, idx, "range", 0);
    }
    return f;
}

static void read_states(lua_State *L, int idx, hu_optimizer_config *c)
{
    const hu_optimizer *o = c->kind ? c->kind : hu_optimizer_at(0);
    const char *keys[HU_OPTIMIZER_STATES + 1] = {0};
    for (int s = 0; s < HU_OPTIMIZER_STATES; s++)
        keys[s] = o->state[s];
    hu_lua_options(L, idx, keys);
    for (int s = 0; s < HU_OPTIMIZER_STATES && keys[s]; s++)
        if (hu_lua_option(L, idx, keys[s])) {
            int top = lua_gettop(L);
            c->state[s] = hu_lua_state_format(L, top);
            lua_settop(L, top - 1);
        }
}

/* Settings that not every optimizer looks at, and those that do. */
static const struct { const char *key, *of; } settings_of[] = {
    {"momentum", "sgd"}, {"nesterov", "sgd"}, {"eps1", "adafactor"}, {"eps2", "adafactor"}, {"threshold", "adafactor"},
    {"fading", "adafactor"}, {"relative", "adafactor"}, {"gamma1", "stable-spam"}, {"gamma2", "stable-spam"}, {"gamma3", "stable-spam"},
    {"reset", "stable-spam"}, {"total", "stable-spam"}, {"reset", "spam"}, {"theta", "spam"}, {"rewarm", "spam"},
};

static bool has_setting(const char *name, const char *key)
{
    for (size_t i = 0; i < sizeof settings_of / sizeof settings_of[0]; i++)
        if (strcmp(settings_of[i].of, name) == 0 && strcmp(settings_of[i].key, key) == 0)
            return true;
    return false;
}

static void check_settings(lua_State *L, int at, const char *name)
{
    for (size_t i = 0; i < sizeof settings_of / sizeof settings_of[0]; i++)
        if (!has_setting(name, settings_of[i].key) && hu_lua_option(L, at, settings_of[i].key))
            luaL_error(L, "optimizer: %s is a setting of %s; %s has none", settings_of[i].key, settings_of[i].of, name);
}

/* Those of the moments stand beside the optimizer in the options. */
void hu_lua_check_moments(lua_State *L, int idx, const hu_optimizer *o)
{
    static const char *const keys[] = {"beta1", "beta2", "eps"};
    for (int k = 0; k < 3; k++) {
        char names[128] = "";
        bool has = false;
        for (int i = 0; hu_optimizer_at(i); i++) {
            const hu_optimizer *other = hu_optimizer_at(i);
            if (k == 0 ? other->beta1 < 0 : k == 1 ? other->beta2 < 0 : !other->has_epsilon)
                continue;
            has = has || other == o;
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? ", " : "", other->name);
        }
        if (!has && hu_lua_option(L, idx, keys[k]))
            luaL_error(L, "%s is a setting of %s; %s has none", keys[k], names, o->name);
    }
}

hu_optimizer_config hu_lua_option_optimizer(lua_State *L, int idx)
{
    static const char *const keys[] = {"name", "momentum", "nesterov", "eps1", "eps2", "threshold", "fading", "relative", "gamma1", "gamma2",
                                       "gamma3", "reset", "total", "theta", "rewarm", "rho", "adaptive", "eta", "each_part", "states", "least", NULL};
    const lua_Integer most = (lua_Integer)1 << 40;
    hu_optimizer_config c = hu_optimizer_default();
    hu_error err = {0};
    if (!hu_lua_option(L, idx, "optimizer"))
        return c;
    int at = lua_gettop(L);
    luaL_checkstack(L, 16, NULL);
    bool is_table = lua_type(L, at) == LUA_TTABLE;
    if (is_table)
        hu_lua_options(L, at, keys);
    const char *name = is_table ? hu_lua_option_string(L, at, "name", "adamw") : hu_lua_string(L, at, "optimizer");
    c.kind = hu_optimizer_find(name, &err);
    hu_lua_try(L, c.kind ? HU_OK : HU_ENAME, &err);
    c.reset = c.kind->reset ? c.kind->reset : c.reset;
    if (is_table) {
        check_settings(L, at, c.kind->name);
        c.momentum = hu_lua_option_number(L, at, "momentum", c.momentum);
        c.nesterov = hu_lua_option_boolean(L, at, "nesterov", c.nesterov);
        c.eps1 = hu_lua_option_number(L, at, "eps1", c.eps1);
        c.eps2 = hu_lua_option_number(L, at, "eps2", c.eps2);
        c.threshold = hu_lua_option_number(L, at, "threshold", c.threshold);
        c.fading = hu_lua_option_number(L, at, "fading", c.fading);
        c.relative = hu_lua_option_boolean(L, at, "relative", c.relative);
        c.gamma1 = hu_lua_option_number(L, at, "gamma1", c.gamma1);
        c.gamma2 = hu_lua_option_number(L, at, "gamma2", c.gamma2);
        c.gamma3 = hu_lua_option_number(L, at, "gamma3", c.gamma3);
        c.reset = (uint64_t)hu_lua_option_integer(L, at, "reset", (lua_Integer)c.reset, 0, most);
        c.theta = hu_lua_option_number(L, at, "theta", c.theta);
        c.rewarm = (uint64_t)hu_lua_option_integer(L, at, "rewarm", (lua_Integer)c.rewarm, 0, most);
        c.total = (uint64_t)hu_lua_option_integer(L, at, "total", 0, 0, most);
        c.rho = hu_lua_option_number(L, at, "rho", c.rho);
        c.adaptive = hu_lua_option_boolean(L, at, "adaptive", c.adaptive);
        c.eta = hu_lua_option_number(L, at, "eta", c.eta);
        c.each_part = hu_lua_option_boolean(L, at, "each_part", false);
        if (!(c.rho != 0) && (c.adaptive || c.each_part || hu_lua_option(L, at, "eta")))
            luaL_error(L, "optimizer: %s is given, but not rho above 0, without which it does nothing",
                       c.adaptive ? "adaptive" : c.each_part ? "each_part" : "eta");
        if (!c.adaptive && hu_lua_option(L, at, "eta"))
            luaL_error(L, "optimizer: eta is given, but not adaptive = true, without which it does nothing");
        c.least_elements = (size_t)hu_lua_option_integer(L, at, "least", (lua_Integer)c.least_elements, 0, most);
        if (hu_lua_option(L, at, "states"))
            read_states(L, lua_gettop(L), &c);
    }
    lua_settop(L, at - 1);
    return c;
}

/* ---- what the quantizers did ---- */

static void push_exponents(lua_State *L, const hu_counts *c)
{
    lua_newtable(L);
    for (int e = 0; e < HU_EXPONENTS; e++)
        if (c->exponent[e]) {
            lua_pushinteger(L, (lua_Integer)c->exponent[e]);
            lua_rawseti(L, -2, e + HU_EXPONENT_LEAST);
        }
}

static void push_counts(lua_State *L, const char *name, const char *role, const hu_counts *c)
{
    lua_createtable(L, 0, 10);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "layer");
    lua_pushstring(L, role);
    lua_setfield(L, -2, "role");
    hu_lua_set_integer(L, "n", (lua_Integer)c->n);
    hu_lua_set_integer(L, "zeros", (lua_Integer)c->zeros);
    hu_lua_set_integer(L, "not_finite", (lua_Integer)c->not_finite);
    hu_lua_set_integer(L, "saturated", (lua_Integer)c->saturated);
    hu_lua_set_integer(L, "flushed", (lua_Integer)c->flushed);
    hu_lua_set_number(L, "sqnr", hu_counts_sqnr(c));
    push_exponents(L, c);
    lua_setfield(L, -2, "exponents");
}

int hu_lua_push_counters(lua_State *L, const hu_trainer *t)
{
    const hu_policy_state *s = &t->memory;
    const hu_model *m = t->model;
    const hu_optimizer *o = t->config.optimizer.kind ? t->config.optimizer.kind : hu_optimizer_at(0);
    size_t layers = hu_model_layers(m);
    if (!s->counting)
        luaL_error(L, "counters: the trainer does not count; it takes the option counters = true");
    lua_newtable(L);
    for (size_t row = 0, n = 0; row < s->n_rows; row++) {
        const char *name = row < layers                     ? hu_model_layer(m, (unsigned)row)
                         : row < layers + m->n_parameters ? m->parameters[row - layers].name
                                                            : "all";
        for (int role = 0; role < HU_ROLE_COUNT; role++) {
            const hu_counts *c = s->counts[row * HU_ROLE_COUNT + (size_t)role];
            if (!c || c->n == 0)
                continue;
            push_counts(L, name, role < HU_ROLE_STATES ? hu_operand_name((hu_operand)role) : o->state[role - HU_ROLE_STATES], c);
            lua_rawseti(L, -2, (lua_Integer)++n);
        }
    }
    return 1;
}
