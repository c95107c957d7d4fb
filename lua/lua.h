/* lua.h - what every Lua module of ours shares: reading arguments, raising errors, making objects.
 *
 * A module is a file lua/NAME.c that ends in `int hu_lua_open_NAME(lua_State *L)`, which leaves one table
 * on the stack, and a row in lua/modules.def. From Lua it is `require "halfulp.core".NAME`.
 *
 * Rules: a wrong argument raises an error that names the argument, what it got and what it takes.
 * Box first, fill after: make the userdata, then allocate into it, so that the collector finds whatever
 * an error leaves behind. No C memory is held across a call that can raise.
 * Lua aligns userdata to 8 bytes only: no hu_code and no hu_num (16-byte integers) inside one.
 */
#ifndef HU_LUA_LUA_H
#define HU_LUA_LUA_H

#include <lauxlib.h>
#include <lua.h>

#include "src/tensor/tensor.h"

/* The module: require "halfulp.core". The program puts it into package.preload. */
int luaopen_halfulp_core(lua_State *L);

#define MODULE(name) int hu_lua_open_##name(lua_State *L);
#include "lua/modules.def"
#undef MODULE

/* ---- errors ---- */

/* Turns a failed call into a Lua error; does not return. The one place where that happens. */
int hu_lua_raise(lua_State *L, const hu_error *err);

/* A message handler for lua_pcall: the error as text, also where it is a table or nothing. */
int hu_lua_error_text(lua_State *L);

/* Raises err if status is not HU_OK. */
void hu_lua_try(lua_State *L, hu_status status, const hu_error *err);

/* The same, but HU_EIO, a file that cannot be read, which a script may expect: 2, with nil and the message on the stack as results; else 0. */
int hu_lua_try_file(lua_State *L, hu_status status, const hu_error *err);

/* Raises "FUNCTION: NAME is GOT; it takes TAKES" for the value at idx; does not return. */
int hu_lua_bad(lua_State *L, int idx, const char *name, const char *takes);

/* ---- arguments: idx is where the value is, name what the manual calls it ---- */

bool        hu_lua_absent (lua_State *L, int idx);      /* none or nil */
double      hu_lua_number (lua_State *L, int idx, const char *name);
lua_Integer hu_lua_integer(lua_State *L, int idx, const char *name, lua_Integer least, lua_Integer most);
uint64_t    hu_lua_u64    (lua_State *L, int idx, const char *name);   /* any integer, its 64 bits: seeds, streams */
bool        hu_lua_boolean(lua_State *L, int idx, const char *name);
const char *hu_lua_string (lua_State *L, int idx, const char *name);   /* a string without a zero byte */
void        hu_lua_table  (lua_State *L, int idx, const char *name, const char *takes);

/* The position in a NULL-terminated list of the string at idx; an unknown one raises, with the nearest name. */
int hu_lua_choice(lua_State *L, int idx, const char *name, const char *const *list);

/* ---- options: one table of named fields at idx, or nothing ---- */

/* Raises unless the value at idx is absent or a table whose keys are all in the NULL-terminated list; an
 * unknown key is named together with the nearest one. idx is absolute. */
void hu_lua_options(lua_State *L, int idx, const char *const *keys);

/* Pushes a number; any NaN as the one without a sign, which prints as nan. */
void hu_lua_push_number(lua_State *L, double x);

/* Pushes the field and returns true; pushes nothing and returns false where there is no table or no field. */
bool hu_lua_option(lua_State *L, int idx, const char *key);

/* The field by type, or the default where it is absent. A string stays valid while the table holds it. */
double      hu_lua_option_number (lua_State *L, int idx, const char *key, double otherwise);
lua_Integer hu_lua_option_integer(lua_State *L, int idx, const char *key, lua_Integer otherwise,
                                  lua_Integer least, lua_Integer most);
uint64_t    hu_lua_option_u64    (lua_State *L, int idx, const char *key, uint64_t otherwise);
bool        hu_lua_option_boolean(lua_State *L, int idx, const char *key, bool otherwise);
const char *hu_lua_option_string (lua_State *L, int idx, const char *key, const char *otherwise);
int         hu_lua_option_choice (lua_State *L, int idx, const char *key, const char *const *list, int otherwise);
const hu_format   *hu_lua_option_format  (lua_State *L, int idx, const char *key);   /* NULL where absent */
const hu_rounding *hu_lua_option_rounding(lua_State *L, int idx, const char *key, const hu_rounding *otherwise);

/* Set a field of the table on top of the stack. */
void hu_lua_set_number (lua_State *L, const char *key, double value);
void hu_lua_set_integer(lua_State *L, const char *key, lua_Integer value);

/* ---- objects ---- */

/* Makes the metatable of a type whose registry key is `type`, "halfulp.array"; messages show "array".
 * `methods` are called as object:name(...); a `field`'s function gets the object as its only argument and leaves the
 * value of object.name; either list may be NULL. An __index in `meta` gets the keys that are not strings. A name that
 * is neither method nor field raises. */
void hu_lua_new_type(lua_State *L, const char *type, const luaL_Reg *methods, const luaL_Reg *fields,
                     const luaL_Reg *meta);

/* Adds methods and metamethods (NULL: none) to a type that exists: a file more for a type with much to it. */
void hu_lua_extend_type(lua_State *L, const char *type, const luaL_Reg *methods, const luaL_Reg *meta);

/* Registry key of the table of all types: word -> {methods = , fields = }; also core.types. */
#define HU_LUA_TYPES "halfulp.types"

/* A zeroed userdata of that type with `n_values` user values, pushed. */
void *hu_lua_new_box(lua_State *L, const char *type, size_t size, int n_values);

/* The userdata of that type at idx; NULL / an error where it is something else. */
void *hu_lua_test_box (lua_State *L, int idx, const char *type);
void *hu_lua_check_box(lua_State *L, int idx, const char *type, const char *name);

/* ---- formats, roundings, environments ---- */

#define HU_LUA_FORMAT "halfulp.format"

typedef struct hu_lua_format_box {
    const hu_format *format;
    hu_env          *env;      /* of the environment object that is its user value 1 */
} hu_lua_format_box;

/* Pushes a new format object with an environment of its own: the settings of `from`, no flags raised. */
void hu_lua_push_format(lua_State *L, const hu_format *f, const hu_env *from);

/* The environment of the format object at idx; NULL where there is a name instead. */
hu_env *hu_lua_format_env(lua_State *L, int idx);

/* format(x) and format:from_bits(code), in lua/scalar.c. */
int hu_lua_scalar_new(lua_State *L);
int hu_lua_scalar_from_bits(lua_State *L);

/* Pushes a scalar of the format object at idx. The operand at idx as a code of f: a scalar of f, or a Lua number, which is rounded by env. */
int  hu_lua_push_scalar(lua_State *L, int idx, const hu_bits *code);
void hu_lua_scalar_operand(lua_State *L, int idx, const hu_format *f, hu_env *env, hu_bits *out);

/* A format object or the name of a format. */
const hu_format   *hu_lua_format  (lua_State *L, int idx, const char *name);
const hu_rounding *hu_lua_rounding(lua_State *L, int idx, const char *name);

/* ---- block formats ---- */

#define HU_LUA_BLOCK "halfulp.block"

/* A block format object at idx, or the name of one: a block format; NULL where the value is something else. A name that is meant for
 * one but is none raises. */
const hu_block_format *hu_lua_test_block(lua_State *L, int idx, const char *name);

/* The same; something else raises. */
const hu_block_format *hu_lua_block(lua_State *L, int idx, const char *name);

/* Pushes a new array: the values of t in the block format, along index `axis` (from 0; -1: all elements in a row). */
void hu_lua_push_block_quantized(lua_State *L, const hu_tensor *t, const hu_block_format *f, int axis, hu_env *env);

/* The option "axis" of the options at idx, from 0: the last index where it is absent; "all": -1. */
int hu_lua_option_axis(lua_State *L, int idx, int rank);

/* block:codes, block:pack and block:unpack, in lua/block-bytes.c. */
int hu_lua_block_codes(lua_State *L);
int hu_lua_block_pack(lua_State *L);
int hu_lua_block_unpack(lua_State *L);

/* format:codes, format:pack and format:unpack, in lua/format-bytes.c. */
int hu_lua_format_codes(lua_State *L);
int hu_lua_format_pack(lua_State *L);
int hu_lua_format_unpack(lua_State *L);

/* An accumulator: the name of its sum format, a format, or a table {format =, product =, outer =, chunk =, order =} or
 * {profile =, input =, output =, outer =, chunk =} or {block = {...}, outer =, chunk =}. idx is absolute. */
hu_accumulator hu_lua_accumulator(lua_State *L, int idx, const char *name);

/* Raises where an accumulator has an outer format and nothing is added in it; `more`: what else than chunk would do. */
void hu_lua_check_outer(lua_State *L, const hu_accumulator *acc, const char *name, bool is_scaled, const char *more);

/* The accumulator at field "accumulate" of the options at idx, for operands of these formats (NULL: not known). Sets *env_of to the environment of its sum
 * format's object, where there is one. In lua/accumulate.c. */
hu_accumulator hu_lua_option_accumulator(lua_State *L, int idx, hu_env **env_of, const hu_format *a, const hu_format *b);

/* numeric.matmul, in lua/matmul.c. */
int hu_lua_matmul(lua_State *L);

/* Options that make a multiplier: `multiplier`, "lmul", "lmul_formula" or an array of products, with `input` and `l`. kind is 0 where there is none. A table
 * stays the array's, which the options hold. name: who asks. */
#define HU_LUA_MULTIPLIER_KEYS "multiplier", "input", "l"
hu_multiplier hu_lua_multiplier(lua_State *L, int idx, const char *name, const hu_format *a, const hu_format *b);

/* Sets of[0], of[1] to the formats of the field "input" of the table at idx, one name for both or a list of two, where there is one. */
void hu_lua_operand_formats(lua_State *L, int idx, const hu_format *of[2]);

/* The adder of a table with a field "profile" or "block"; without these its group is 0. a and b: the formats of the operands where the
 * table does not say, or NULL. In lua/block-fma.c. */
hu_block_fma hu_lua_block_fma(lua_State *L, int idx, const hu_format *a, const hu_format *b);

/* Options that make an environment: HU_LUA_ENV_KEYS in the list of a function's keys. `rounding`, `overflow`,
 * `tininess`, `nan`, `seed`, `stream`; or `env`, an object whose flags and random index then move on. */
#define HU_LUA_ENV_KEYS "rounding", "overflow", "tininess", "nan", "seed", "stream", "env"

/* The environment of a call with the options at idx: the `env` object where one is given; else, where there are settings,
 * *own, filled with those of `otherwise` (NULL: the defaults) and the given ones over them; else `otherwise` itself
 * (NULL: *own, with the defaults). */
hu_env *hu_lua_option_env(lua_State *L, int idx, hu_env *otherwise, hu_env *own);

#define HU_LUA_ENV "halfulp.env"

hu_env *hu_lua_new_env(lua_State *L);                                    /* the default one, pushed */
void    hu_lua_derive_env(lua_State *L, int idx, const hu_env *from);    /* pushes the env at idx, or a new one: `from`
                                                                            with the settings at idx, flags clear */

/* ---- tensors ("arrays" in Lua) ---- */

#define HU_LUA_ARRAY "halfulp.array"

hu_tensor *hu_lua_new_tensor  (lua_State *L);                                  /* empty, pushed */
hu_tensor *hu_lua_test_tensor (lua_State *L, int idx);                         /* NULL: not one */
hu_tensor *hu_lua_check_tensor(lua_State *L, int idx, const char *name);       /* an array      */

/* An array, or a table of numbers (nested for more than one index), which is then replaced at idx by a
 * new array of doubles. idx is absolute. */
hu_tensor *hu_lua_to_tensor(lua_State *L, int idx, const char *name);

/* The same, as doubles: one of floats is replaced too. idx is absolute. */
hu_tensor *hu_lua_doubles(lua_State *L, int idx, const char *name);

/* Raises where an element is NaN or infinite. */
void hu_lua_check_finite(lua_State *L, const hu_tensor *t, const char *name);

/* A new zeroed tensor of that shape, pushed. Collects garbage and tries once more where memory is short. */
hu_tensor *hu_lua_make_tensor(lua_State *L, hu_dtype dtype, int rank, const size_t *shape);

/* Pushes a new array with the numbers of the table at idx (absolute), nested for more than one index. */
hu_tensor *hu_lua_tensor_from_table(lua_State *L, int idx, const char *name, hu_dtype dtype);

/* Tells the collector of memory that it does not see, so that dropped arrays are collected in time; hu_lua_make_tensor
 * has done so. */
void hu_lua_account(lua_State *L, const hu_tensor *t);

/* Pushes the sizes of an array, as a list. */
void hu_lua_push_shape(lua_State *L, const hu_tensor *t);

/* The names of the types, "float" and "double", and a NULL. */
extern const char *const hu_lua_dtypes[];

/* Pushes a new array: the values of t on the grid of f. */
void hu_lua_push_quantized(lua_State *L, const hu_tensor *t, const hu_format *f, hu_env *env);

/* ---- quantizers with scales ---- */

#define HU_LUA_QUANTIZER "halfulp.quantizer"

/* Pushes a new array: the values of t on the grids of the quantizer at idx. Returns false, and pushes nothing, where there is
 * something else. Random words of the given seed and stream; the flags that it raised are OR-ed into *flags. */
bool hu_lua_push_scaled(lua_State *L, int idx, const hu_tensor *t, uint64_t seed, uint64_t stream, hu_flags *flags);

/* The shape at idx: a whole number or a list of 0 to HU_MAX_RANK of them. Returns the rank. */
int hu_lua_shape(lua_State *L, int idx, const char *name, size_t shape[HU_MAX_RANK]);

#endif
