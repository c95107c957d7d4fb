/* state.h - a Lua state as scripts and the prompt see it: all libraries, the module halfulp, strict globals. */
#ifndef HU_CLI_STATE_H
#define HU_CLI_STATE_H

#include <stdbool.h>

#include <lua.h>

/* A new state in which `require "halfulp"` works from the program's data folder. NULL after the error
 * line was printed; *status is then the exit status. lua_close releases it. */
lua_State *hu_state_new(int *status);

/* From now on an assignment to a global that does not exist is an error. */
void hu_state_forbid_new_globals(lua_State *L);

/* Adds `folder`/?.lua in front of package.path, so that a script can require its neighbors. */
void hu_state_add_path(lua_State *L, const char *folder);

/* Calls the function below its n_args arguments. False: the error stands as a string on the stack, in
 * their place, with a traceback when `debug`. SIGINT during the call raises the error "interrupted";
 * a second one ends the process. */
bool hu_state_call(lua_State *L, int n_args, int n_results, bool debug);

/* Whether the call that failed was interrupted by SIGINT. */
bool hu_state_was_interrupted(void);

#endif
