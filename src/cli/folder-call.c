/* folder-call.c - a command that is a Lua function of a run directory. */
#include "src/cli/folder-call.h"

#include <stdio.h>

#include <lauxlib.h>

#include "src/cli/cli.h"
#include "src/cli/state.h"

typedef struct request {
    const char             *module, *folder;
    const hu_folder_option *options;
} request;

/* Runs protected: (request) -> path. */
static int call(lua_State *L)
{
    const request *r = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushstring(L, r->module);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "of");
    lua_pushstring(L, r->folder);
    lua_newtable(L);
    for (const hu_folder_option *o = r->options; o->name; o++) {
        if (o->on)
            lua_pushboolean(L, 1);
        else
            lua_pushstring(L, o->text);       /* nil where the option was not given */
        lua_setfield(L, -2, o->name);
    }
    lua_call(L, 2, 1);
    return 1;
}

/* Runs protected: () -> whether the options were wrong, not the folder or the world. */
static int was_wrong_usage(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "halfulp.run");
    lua_getfield(L, -1, "wrong_usage");
    return 1;
}

static int failure_status(lua_State *L)
{
    lua_pushcfunction(L, was_wrong_usage);
    bool wrong = lua_pcall(L, 0, 1, 0) == LUA_OK && lua_toboolean(L, -1);
    lua_pop(L, 1);
    return wrong ? HU_CLI_USAGE : HU_CLI_FAILED;
}

int hu_folder_call(const char *module, const char *folder, const hu_folder_option *options)
{
    int status;
    request r = {module, folder, options};
    lua_State *L = hu_state_new(&status);
    if (!L)
        return status;
    lua_pushcfunction(L, call);
    lua_pushlightuserdata(L, &r);
    if (hu_state_call(L, 1, 1, false)) {
        puts(lua_tostring(L, -1));
        status = HU_CLI_OK;
    } else
        status = hu_cli_fail(failure_status(L), "%s", lua_tostring(L, -1));
    lua_close(L);
    return status;
}
