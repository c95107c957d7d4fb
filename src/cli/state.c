/* state.c - a Lua state as scripts and the prompt see it. */
#include "src/cli/state.h"

#include <signal.h>
#include <stddef.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua/lua.h"
#include "src/cli/cli.h"
#include "src/cli/datadir.h"

/* --- Ctrl-C --- */

static lua_State *running;                    /* the state that a signal interrupts */
static volatile sig_atomic_t interrupted;

static void raise_interrupted(lua_State *L, lua_Debug *where)
{
    (void)where;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted");
}

/* The same way as the lua interpreter: a hook, set from the handler, stops the script at its next step. */
static void on_interrupt(int number)
{
    signal(number, SIG_DFL);
    interrupted = 1;
    lua_sethook(running, raise_interrupted, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

bool hu_state_was_interrupted(void)
{
    return interrupted != 0;
}

/* --- calls --- */

static int add_traceback(lua_State *L)
{
    hu_lua_error_text(L);
    luaL_traceback(L, L, lua_tostring(L, -1), 1);
    return 1;
}

bool hu_state_call(lua_State *L, int n_args, int n_results, bool debug)
{
    int base = lua_gettop(L) - n_args;
    lua_pushcfunction(L, debug ? add_traceback : hu_lua_error_text);
    lua_insert(L, base);
    running = L;
    interrupted = 0;
    struct sigaction ours = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART}, before;
    sigaction(SIGINT, &ours, &before);
    int status = lua_pcall(L, n_args, n_results, base);
    sigaction(SIGINT, &before, NULL);
    lua_sethook(L, NULL, 0, 0);
    lua_remove(L, base);
    return status == LUA_OK;
}

/* --- the state --- */

static int refuse_new_global(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_tolstring(L, 2, NULL);
    return luaL_error(L, "assignment to the undeclared global '%s'; write 'local %s' where it is first used", name, name);
}

void hu_state_forbid_new_globals(lua_State *L)
{
    lua_pushglobaltable(L);
    lua_newtable(L);
    lua_pushcfunction(L, refuse_new_global);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "global");
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void hu_state_add_path(lua_State *L, const char *folder)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", folder, folder, lua_tostring(L, -1));
    lua_setfield(L, -3, "path");
    lua_pop(L, 2);
}

/* Runs protected: with the folder of the data on the stack, opens the libraries and loads halfulp. */
static int open_all(lua_State *L)
{
    const char *data = lua_tostring(L, 1);
    luaL_openlibs(L);
    lua_pushfstring(L, "%s/lua", data);
    hu_state_add_path(L, lua_tostring(L, -1));
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_halfulp_core);
    lua_setfield(L, -2, "halfulp.core");
    lua_getglobal(L, "require");
    lua_pushliteral(L, "halfulp");
    lua_call(L, 1, 1);
    lua_pushstring(L, data);
    lua_setfield(L, -2, "datadir");
    return 0;
}

lua_State *hu_state_new(int *status)
{
    *status = HU_CLI_FAILED;
    const char *data = hu_datadir();
    if (!data) {
        hu_cli_fail(HU_CLI_FAILED, "the program's own files (lua/halfulp/init.lua) are not where they were installed; "
                                   "HALFULP_DATADIR=FOLDER says where they are");
        return NULL;
    }
    lua_State *L = luaL_newstate();
    if (!L) {
        hu_cli_fail(HU_CLI_FAILED, "out of memory");
        return NULL;
    }
    lua_pushcfunction(L, open_all);
    lua_pushstring(L, data);
    if (hu_state_call(L, 1, 0, false))
        return L;
    hu_cli_fail(HU_CLI_FAILED, "the module halfulp does not load: %s", lua_tostring(L, -1));
    lua_close(L);
    return NULL;
}
