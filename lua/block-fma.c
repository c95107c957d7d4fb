/* block-fma.c - adders of matrix units in Lua: by the name of a device, or by their parameters. */
#include <string.h>

#include "lua/lua.h"

/* The adder of the table at idx, {group =, width =, ...}. */
static hu_block_fma read_table(lua_State *L, int idx, const hu_format *of[2])
{
    static const char *const keys[] = {"group", "width", "interleave", "lowest", "align", "rounding", "output", "input", "normalizes", "late", "overflow", NULL};
    static const char *const overflows[] = {"infinity", "ieee", NULL};
    hu_lua_table(L, idx, "block", "a table {group = , width = , ...}");
    hu_lua_options(L, idx, keys);
    if (!hu_lua_option(L, idx, "group") || !hu_lua_option(L, idx, "width"))
        luaL_error(L, "accumulate: a block takes group, the number of products that are added at once, and width, the bits that are kept below the largest exponent");
    lua_pop(L, 2);
    hu_lua_operand_formats(L, idx, of);
    if (!of[0] || !of[1])
        luaL_error(L, "accumulate: a block needs to know the format of the operands: input = \"fp16\", or a list of two");
    hu_block_fma m = hu_block_fma_make(of[0], of[1], (int)hu_lua_option_integer(L, idx, "group", 1, 1, HU_BLOCK_FMA_MOST),
                                       (int)hu_lua_option_integer(L, idx, "width", 0, 0, HU_BLOCK_FMA_WIDEST));
    m.interleave = (int)hu_lua_option_integer(L, idx, "interleave", 1, 1, HU_BLOCK_FMA_MOST);
    m.lowest     = (int)hu_lua_option_integer(L, idx, "lowest", HU_BLOCK_FMA_NO_LOWEST, HU_BLOCK_FMA_NO_LOWEST, 4096);
    m.align      = hu_lua_option_rounding(L, idx, "align", m.align);
    m.final      = hu_lua_option_rounding(L, idx, "rounding", m.final);
    m.normalizes = hu_lua_option_boolean(L, idx, "normalizes", false);
    m.adds_late  = hu_lua_option_boolean(L, idx, "late", false);
    m.overflows_by_mode = hu_lua_option_choice(L, idx, "overflow", overflows, 0) == 1;
    if (hu_lua_option(L, idx, "output")) {
        m.output = hu_lua_format(L, lua_gettop(L), "output");
        lua_pop(L, 1);
    }
    return m;
}

hu_block_fma hu_lua_block_fma(lua_State *L, int idx, const hu_format *a, const hu_format *b)
{
    const hu_format *of[2] = {a, b};
    hu_error err = {0};
    const char *device = hu_lua_option_string(L, idx, "profile", NULL), *output = hu_lua_option_string(L, idx, "output", NULL);
    bool has_table = hu_lua_option(L, idx, "block");
    if (!device && !has_table) {
        if (output || hu_lua_option(L, idx, "input"))
            luaL_error(L, "accumulate: input and output go with a profile");
        return (hu_block_fma){0};
    }
    if (device && has_table)
        luaL_error(L, "accumulate: profile and block are two ways to say the same; one will do");
    hu_lua_operand_formats(L, idx, of);
    if (has_table) {
        if (output)
            luaL_error(L, "accumulate: the output of a block is a field of the block");
        hu_block_fma m = read_table(L, lua_gettop(L), of);
        lua_pop(L, 1);
        return m;
    }
    if (!of[0] || !of[1])
        luaL_error(L, "accumulate: a profile needs to know the format of the operands: input = \"fp16\", or a list of two");
    const hu_block_profile *p = hu_block_profile_find(device, of[0], of[1], output, &err);
    if (!p)
        hu_lua_raise(L, &err);
    return hu_block_profile_adder(p, of[0], of[1]);
}

/* profiles() -> list of tables */
static int profiles(lua_State *L)
{
    const hu_block_profile *p;
    lua_newtable(L);
    for (int i = 0; (p = hu_block_profile_at(i)); i++) {
        const struct { const char *key, *text; } texts[] = {
            {"profile", p->device}, {"input", p->input}, {"output", p->output}, {"format", p->format}, {"rounding", p->final},
            {"source", p->source}, {"note", p->note},
        };
        const struct { const char *key; int value; } numbers[] = {{"group", p->group}, {"width", p->width}, {"lowest", p->lowest}};
        lua_newtable(L);
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
            lua_pushstring(L, texts[k].text);
            lua_setfield(L, -2, texts[k].key);
        }
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
            hu_lua_set_integer(L, numbers[k].key, numbers[k].value);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {{"profiles", profiles}, {NULL, NULL}};

int hu_lua_open_block_fma(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
