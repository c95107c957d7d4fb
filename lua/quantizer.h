/* quantizer.h - the object behind hu.quantizer, shared by its two files. */
#ifndef HU_LUA_QUANTIZER_H
#define HU_LUA_QUANTIZER_H

#include "lua/lua.h"
#include "src/tensor/quantizer.h"

typedef struct quantizer_box {
    hu_scaled   q;                 /* element.format NULL: not filled, or collected                    */
    hu_observer observer;
    double     *candidates;        /* a list of the script's own, which q points to                    */
    uint64_t    seed, stream;
} quantizer_box;

/* What a quantizer keeps alive. */
enum { HU_BOX_SCALES = 1, HU_BOX_WEIGHTS, HU_BOX_ACTIVATIONS, HU_BOX_FUNCTION, HU_BOX_OPTIONS, HU_BOX_VALUES = HU_BOX_OPTIONS };

extern const char *const hu_lua_per_names[], *const hu_lua_scale_names[], *const hu_lua_overflow_names[],
                  *const hu_lua_pow2_names[], *const hu_lua_score_names[];

/* Fills the empty box on top of the stack from the options at idx; raises where they are wrong. */
void hu_lua_read_quantizer(lua_State *L, int idx, quantizer_box *box);

/* The quantizer at idx; raises where it is something else. */
quantizer_box *hu_lua_check_quantizer(lua_State *L, int idx, const char *name);

#endif
