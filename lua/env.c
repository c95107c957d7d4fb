/* env.c - environments in Lua: how operations round, what they do at the edges, and what they raised.
 *
 * There is no global state: an environment is an object, and a format object holds one.
 */
#include <string.h>

#include "lua/lua.h"

static const char *const keys[]     = {HU_LUA_ENV_KEYS, NULL};
static const char *const overflow[] = {"ieee", "saturate", "saturate-finite-only", NULL};
static const char *const tininess[] = {"after", "before", NULL};
static const char *const nan_rule[] = {"canonical", "propagate", NULL};

static const struct { const char *name; hu_flags bit; } flags[] = {
#define X(constant, bit, text) {text, constant},
    HU_FLAG_MAP(X)
#undef X
};

hu_env *hu_lua_new_env(lua_State *L)
{
    hu_env *env = hu_lua_new_box(L, HU_LUA_ENV, sizeof *env, 0);
    *env = hu_env_default();
    return env;
}

/* Reads the named settings at idx over those of env. */
static void read_settings(lua_State *L, int idx, hu_env *env)
{
    env->rounding      = hu_lua_option_rounding(L, idx, "rounding", env->rounding);
    env->overflow      = (hu_overflow)hu_lua_option_choice(L, idx, "overflow", overflow, (int)env->overflow);
    env->tininess      = (hu_tininess)hu_lua_option_choice(L, idx, "tininess", tininess, (int)env->tininess);
    env->nan           = (hu_nan_rule)hu_lua_option_choice(L, idx, "nan", nan_rule, (int)env->nan);
    env->random.seed   = hu_lua_option_u64(L, idx, "seed", env->random.seed);
    env->random.stream = hu_lua_option_u64(L, idx, "stream", env->random.stream);
}

hu_env *hu_lua_option_env(lua_State *L, int idx, hu_env *otherwise, hu_env *own)
{
    *own = otherwise ? *otherwise : hu_env_default();
    own->flags = 0;
    bool settings = false;
    for (int i = 0; strcmp(keys[i], "env") != 0; i++)
        if (hu_lua_option(L, idx, keys[i])) {
            lua_pop(L, 1);
            settings = true;
        }
    if (hu_lua_option(L, idx, "env")) {
        hu_env *env = hu_lua_check_box(L, -1, HU_LUA_ENV, "env");
        if (settings)
            luaL_error(L, "options: env is given and so is one of its settings; give one or the other");
        lua_pop(L, 1);
        return env;
    }
    if (settings)
        own->random.index = 0;
    read_settings(L, idx, own);
    return settings || !otherwise ? own : otherwise;
}

void hu_lua_derive_env(lua_State *L, int idx, const hu_env *from)
{
    if (hu_lua_test_box(L, idx, HU_LUA_ENV)) {
        lua_pushvalue(L, idx);
        return;
    }
    hu_lua_options(L, idx, keys);
    if (hu_lua_option(L, idx, "env")) {
        lua_pop(L, 1);
        luaL_error(L, "with: give the environment itself, with(env), or its settings, with{rounding = ...}");
    }
    hu_env *env = hu_lua_new_env(L);
    *env = *from;
    env->flags = 0;
    env->random.index = 0;
    read_settings(L, idx, env);
}

/* env{rounding=, overflow=, tininess=, nan=, seed=, stream=} -> env */
static int new(lua_State *L)
{
    hu_env standard = hu_env_default();
    hu_lua_derive_env(L, 1, &standard);
    return 1;
}

/* env:with{...} -> env; the same settings but for those given, no flags raised */
static int with(lua_State *L)
{
    hu_env *env = hu_lua_check_box(L, 1, HU_LUA_ENV, "env");
    hu_lua_derive_env(L, 2, env);
    return 1;
}

/* env:raised(name) -> boolean */
static int raised(lua_State *L)
{
    hu_env *env = hu_lua_check_box(L, 1, HU_LUA_ENV, "env");
    const char *names[sizeof flags / sizeof flags[0] + 1] = {NULL};

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        names[i] = flags[i].name;
    lua_pushboolean(L, env->flags & flags[hu_lua_choice(L, 2, "flag", names)].bit);
    return 1;
}

/* env:clear() -> env */
static int clear(lua_State *L)
{
    hu_env *env = hu_lua_check_box(L, 1, HU_LUA_ENV, "env");
    env->flags = 0;
    lua_settop(L, 1);
    return 1;
}

/* env:seek(index) -> env; the next stochastic rounding takes the random word at that index */
static int seek(lua_State *L)
{
    hu_env *env = hu_lua_check_box(L, 1, HU_LUA_ENV, "env");
    env->random.index = (uint64_t)hu_lua_integer(L, 2, "index", 0, LUA_MAXINTEGER);
    lua_settop(L, 1);
    return 1;
}

static const hu_env *self(lua_State *L)
{
    return hu_lua_check_box(L, 1, HU_LUA_ENV, "env");
}

static int field_rounding(lua_State *L) { lua_pushstring(L, self(L)->rounding->name); return 1; }
static int field_overflow(lua_State *L) { lua_pushstring(L, overflow[self(L)->overflow]); return 1; }
static int field_tininess(lua_State *L) { lua_pushstring(L, tininess[self(L)->tininess]); return 1; }
static int field_nan     (lua_State *L) { lua_pushstring(L, nan_rule[self(L)->nan]); return 1; }
static int field_seed    (lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->random.seed); return 1; }
static int field_stream  (lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->random.stream); return 1; }
static int field_index   (lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->random.index); return 1; }

static int field_flags(lua_State *L)
{
    char text[HU_FLAGS_SIZE];
    lua_pushstring(L, hu_flags_to_text(self(L)->flags, text));
    return 1;
}

static int to_text(lua_State *L)
{
    hu_env *env = hu_lua_check_box(L, 1, HU_LUA_ENV, "env");
    char text[HU_FLAGS_SIZE];
    lua_pushfstring(L, "env{rounding=%s, overflow=%s, flags=%s}", env->rounding->name, overflow[env->overflow],
                    hu_flags_to_text(env->flags, text));
    return 1;
}

static const luaL_Reg functions[] = {{"new", new}, {NULL, NULL}};
static const luaL_Reg methods[]   = {{"with", with}, {"raised", raised}, {"clear", clear}, {"seek", seek}, {NULL, NULL}};
static const luaL_Reg meta[]      = {{"__tostring", to_text}, {NULL, NULL}};
static const luaL_Reg fields[]    = {
    {"rounding", field_rounding}, {"overflow", field_overflow}, {"tininess", field_tininess}, {"nan", field_nan},
    {"seed", field_seed}, {"stream", field_stream}, {"index", field_index}, {"flags", field_flags}, {NULL, NULL},
};

int hu_lua_open_env(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_ENV, methods, fields, meta);
    luaL_newlib(L, functions);
    return 1;
}
