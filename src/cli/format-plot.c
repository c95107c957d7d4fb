/* format-plot.c - halfulp format --plot: a figure of one format or more, drawn by lua/halfulp/format-plot.lua. */
#include "src/cli/format-plot.h"

#include <stdio.h>

#include <lauxlib.h>

#include "src/cli/cli.h"
#include "src/cli/state.h"

typedef struct request {
    char **names;
    int n;
    const char *path;
} request;

/* Runs protected: (request) -> path; or nil and what is wrong with the command. */
static int draw(lua_State *L)
{
    const request *r = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "halfulp.format-plot");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "draw");
    lua_createtable(L, r->n, 0);
    for (int i = 0; i < r->n; i++) {
        lua_pushstring(L, r->names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushstring(L, r->path);                /* nil where there is none */
    lua_call(L, 2, 2);
    return 2;
}

int hu_format_plot(char **names, int n, const char *path)
{
    int status;
    request r = {names, n, path};
    lua_State *L = hu_state_new(&status);
    if (!L)
        return status;
    lua_pushcfunction(L, draw);
    lua_pushlightuserdata(L, &r);
    if (!hu_state_call(L, 1, 2, false))
        status = hu_cli_fail(HU_CLI_FAILED, "%s", lua_tostring(L, -1));
    else if (lua_isnil(L, -2))
        status = hu_cli_fail(HU_CLI_USAGE, "%s", lua_tostring(L, -1));
    else {
        puts(lua_tostring(L, -2));
        status = HU_CLI_OK;
    }
    lua_close(L);
    return status;
}
