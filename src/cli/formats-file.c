/* formats-file.c - the option --formats FILE: formats that a Lua file defines, for commands that are not scripts. */
#include "src/cli/formats-file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "src/cli/cli.h"
#include "src/cli/state.h"

/* Runs protected: (path) */
static int run_file(lua_State *L)
{
    if (luaL_loadfile(L, lua_tostring(L, 1)) != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 0);
    return 0;
}

int hu_formats_load(const char *command, const char *path)
{
    int status;
    if (!path)
        return -1;
    if (access(path, R_OK) != 0)
        return hu_cli_fail(HU_CLI_USAGE, "%s: --formats %s: %s", command, path, strerror(errno));
    lua_State *L = hu_state_new(&status);
    if (!L)
        return status;
    hu_state_forbid_new_globals(L);
    lua_pushcfunction(L, run_file);
    lua_pushstring(L, path);
    status = -1;
    if (!hu_state_call(L, 1, 0, false))
        status = hu_cli_fail(HU_CLI_FAILED, "%s: --formats: %s", command, lua_tostring(L, -1));
    lua_close(L);
    return status;
}
