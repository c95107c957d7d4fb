/* lab.h - what the files of module halfulp.core.lab share. */
#ifndef HU_LUA_LAB_H
#define HU_LUA_LAB_H

#include "lua/lua.h"
#include "src/lab/run-dir.h"

#define HU_LUA_RUN "halfulp.run"

/* The open run directory at argument 1; raises where it is closed. */
hu_run_dir *hu_lua_check_run(lua_State *L);

/* Adds lab.json and run:sweep; the module's functions are on top of the stack. */
void hu_lua_lab_sweep(lua_State *L);

#endif
