/* open.c - halfulp.core: the table of all our modules, listed in lua/modules.def. */
#include "lua/lua.h"

static const luaL_Reg modules[] = {
#define MODULE(name) {#name, hu_lua_open_##name},
#include "lua/modules.def"
#undef MODULE
    {NULL, NULL},
};

int luaopen_halfulp_core(lua_State *L)
{
    lua_newtable(L);
    for (const luaL_Reg *m = modules; m->name; m++) {
        m->func(L);
        lua_setfield(L, -2, m->name);
    }
    luaL_getsubtable(L, LUA_REGISTRYINDEX, HU_LUA_TYPES);
    lua_setfield(L, -2, "types");
    return 1;
}
