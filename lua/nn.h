/* nn.h - what the files of module halfulp.core.nn share. */
#ifndef HU_LUA_NN_H
#define HU_LUA_NN_H

#include "lua/lua.h"
#include "src/nn/train.h"

#define HU_LUA_MODEL   "halfulp.model"
#define HU_LUA_TEXT    "halfulp.text"
#define HU_LUA_TRAINER "halfulp.trainer"
#define HU_LUA_DATA    "halfulp.data"

hu_model *hu_lua_check_model(lua_State *L, int idx);
hu_text  *hu_lua_check_text (lua_State *L, int idx, const char *name);
hu_data  *hu_lua_check_data (lua_State *L, int idx, const char *name);

/* The field "policy" of the options at idx: absent, a string ("e8m3:rz+sat"), a table or an object; see hu.nn.policy. The rules that it
 * borrows live as long as the value there, or until a table is read again. */
hu_policy hu_lua_option_policy(lua_State *L, int idx);

/* Into the store of the run that is going on: the policy of a training run, with its digest. */
void hu_lua_keep_policy(lua_State *L, const hu_policy *p);

/* The options of hu.quantizer at idx (absolute) but for the keys in `own`, as its C form; `rounding` where they say none. */
hu_scaled hu_lua_scaled(lua_State *L, int idx, const char *const *own, const hu_rounding *rounding);

/* The format of an optimizer's state at idx (absolute): a format or its name, or a table. */
hu_state_format hu_lua_state_format(lua_State *L, int idx);

/* The field "optimizer" of the options at idx: a name or a table. */
hu_optimizer_config hu_lua_option_optimizer(lua_State *L, int idx);

/* Raises where beta1, beta2 or eps are given and the optimizer has none. */
void hu_lua_check_moments(lua_State *L, int idx, const hu_optimizer *o);

/* Pushes the list of a trainer's counters. */
int hu_lua_push_counters(lua_State *L, const hu_trainer *t);

/* What a model is to work on, from the value at idx (absolute): a text, from which the options at `options` choose
 * (HU_LUA_BATCH_KEYS: `split`, `rows`, or `seed` and `step` for a training batch); a string, a list of strings of one length or
 * {tokens =, targets =} for a language model; data, likewise with options, {features =, targets =} or {features =, values =}
 * for the others. Leaves what it needs on the stack. */
#define HU_LUA_BATCH_KEYS "split", "rows", "seed", "step"
hu_batch hu_lua_batch(lua_State *L, const hu_model *m, int idx, int options);

/* The functions and types that each file adds; `functions` is on top of the stack. */
void hu_lua_nn_graph(lua_State *L);
void hu_lua_nn_data(lua_State *L);
void hu_lua_nn_weights(lua_State *L);
void hu_lua_nn_text(lua_State *L);
void hu_lua_nn_trainer(lua_State *L);
void hu_lua_nn_policy(lua_State *L);

#endif
