/* lab.h - what the files of module halfulp.core.lab share. */
#ifndef HU_LUA_LAB_H
#define HU_LUA_LAB_H

#include "lua/lua.h"
#include "src/lab/run-dir.h"

#define HU_LUA_RUN "halfulp.run"

/* The open run directory at argument 1; raises where it is closed. */
hu_run_dir *hu_lua_check_run(lua_State *L);

/* Notes the policy of a training run: of the point that runs here, else of the script. The table digest -> text of those noted is pushed
 * by the other; and set aside before a point, and put back after it, by the third, which takes the table (or nil) on the stack for it. */
void hu_lua_note_policy(lua_State *L, const char *digest, const char *text);
void hu_lua_push_policies(lua_State *L);
void hu_lua_swap_policies(lua_State *L);

/* Adds lab.json and run:sweep; the module's functions are on top of the stack. */
void hu_lua_lab_sweep(lua_State *L);

/* Bytes in a box on the stack, so that an error of Lua does not leak them. */
hu_buffer *hu_lua_new_buffer(lua_State *L);

/* What the other ranks get at the end of a sweep: points, before, done and failed, and its rows. To bytes; and from them to
 * the table that run:sweep gives and the list that run:rows gives, on the stack. */
hu_status hu_lua_pack_sweep(hu_buffer *out, const uint64_t counts[4], hu_run_dir *dir, const char *sweep, hu_error *err);
int       hu_lua_push_sweep(lua_State *L, const hu_buffer *bytes);

/* Pushes the named values as a table. */
void hu_lua_push_record(lua_State *L, const hu_record *r);

/* Adds lab.rank, lab.size; the module's functions are on top of the stack. */
void hu_lua_lab_peers(lua_State *L);

#endif
