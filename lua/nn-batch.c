/* nn-batch.c - what a model works on, from Lua: texts, strings, tokens, data, arrays. */
#include <math.h>
#include <string.h>

#include "lua/nn.h"

static const char *const splits[] = {"train", "heldout", NULL};

/* `rows` pieces of a part of the text, evenly spread, or a training batch where `step` is given. */
static hu_batch text_batch(lua_State *L, const hu_model *m, const hu_text *t, int options)
{
    size_t positions = m->config.context;
    bool heldout = hu_lua_option_choice(L, options, "split", splits, 0) == 1;
    size_t rows = (size_t)hu_lua_option_integer(L, options, "rows", 8, 1, 65536);
    uint64_t seed = hu_lua_option_u64(L, options, "seed", 1), step = hu_lua_option_u64(L, options, "step", 0);
    bool drawn = hu_lua_option(L, options, "step");
    lua_settop(L, lua_gettop(L) - (int)drawn);
    if (!hu_model_takes_tokens(m))
        luaL_error(L, "a text is for a language model; this one takes {features = , targets = }");
    if (drawn && heldout)
        luaL_error(L, "step draws from the training part; it does not go with split = \"heldout\"");

    uint8_t *bytes = lua_newuserdatauv(L, 2 * rows * positions, 0), *targets = bytes + rows * positions;
    hu_error err = {0};
    if (drawn) {
        hu_lua_try(L, hu_text_batch(t, seed, step, rows, positions, bytes, targets, &err), &err);
    } else {
        size_t all = hu_text_pieces(t, heldout, positions);
        if (all < rows)
            luaL_error(L, "the %s part of the text holds %I pieces of the model's context, not %I", splits[heldout],
                       (LUAI_UACINT)all, (LUAI_UACINT)rows);
        for (size_t b = 0; b < rows; b++)
            hu_text_piece(t, heldout, positions, b * all / rows, bytes + b * positions, targets + b * positions);
    }
    return (hu_batch){.rows = rows, .positions = positions, .bytes = bytes, .targets = targets};
}

/* One string or a list of strings of one length: the bytes; targets are the bytes one further, and the first again. */
static hu_batch string_batch(lua_State *L, const hu_model *m, int idx)
{
    if (!hu_model_takes_tokens(m))
        luaL_error(L, "strings are for a language model; this one takes {features = , targets = }");
    if (lua_type(L, idx) == LUA_TSTRING) {
        lua_createtable(L, 1, 0);
        lua_pushvalue(L, idx);
        lua_rawseti(L, -2, 1);
        lua_replace(L, idx);
    }
    size_t rows = lua_rawlen(L, idx), positions = 0;
    uint8_t *bytes = NULL;
    for (size_t b = 0; b < rows; b++) {
        size_t length = 0;
        const char *text = lua_rawgeti(L, idx, (lua_Integer)b + 1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
        if (!text || length == 0 || length > m->config.context || (b && length != positions))
            luaL_error(L, "string %I of the batch is not a string of %s %I bytes", (LUAI_UACINT)(b + 1), b ? "exactly" : "1 to",
                       (LUAI_UACINT)(b ? positions : m->config.context));
        if (!bytes) {
            positions = length;
            bytes = lua_newuserdatauv(L, rows * positions, 0);
            lua_insert(L, -2);
        }
        memcpy(bytes + b * positions, text, length);
        lua_pop(L, 1);
    }
    if (!rows)
        luaL_error(L, "the batch is empty; it takes a string, or a list of strings of one length");
    return (hu_batch){.rows = rows, .positions = positions, .bytes = bytes};
}

/* The list of lists of whole numbers at idx as int32 [rows][positions], pushed; every inner list has the same length. */
static int32_t *token_lists(lua_State *L, int idx, const char *name, size_t rows, size_t *positions, lua_Integer end)
{
    int32_t *out = NULL;
    for (size_t b = 0; b < rows; b++) {
        lua_rawgeti(L, idx, (lua_Integer)b + 1);
        hu_lua_table(L, -1, name, "a list of lists of tokens, all of one length");
        size_t n = lua_rawlen(L, -1);
        if (!*positions)
            *positions = n;
        if (!n || n != *positions)
            luaL_error(L, "list %I of %s has %I tokens, not %I", (LUAI_UACINT)(b + 1), name, (LUAI_UACINT)n, (LUAI_UACINT)*positions);
        if (!out) {
            out = lua_newuserdatauv(L, rows * n * sizeof *out, 0);
            lua_insert(L, -2);
        }
        for (size_t i = 0; i < n; i++) {
            lua_rawgeti(L, -1, (lua_Integer)i + 1);
            out[b * n + i] = (int32_t)hu_lua_integer(L, -1, name, 0, end - 1);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    return out;
}

/* {tokens = lists, targets = lists} */
static hu_batch token_batch(lua_State *L, const hu_model *m, int idx)
{
    static const char *const keys[] = {"tokens", "targets", NULL};
    lua_Integer end = m->graph ? (lua_Integer)m->graph->vocabulary : (lua_Integer)m->config.vocabulary;
    size_t positions = 0;
    hu_lua_options(L, idx, keys);
    if (!hu_lua_option(L, idx, "tokens"))
        luaL_error(L, "tokens are missing; a language model takes a text, strings, or {tokens = , targets = }");
    hu_lua_table(L, -1, "tokens", "a list of lists of tokens");
    size_t rows = lua_rawlen(L, -1);
    const int32_t *tokens = token_lists(L, lua_gettop(L), "tokens", rows, &positions, end), *targets = NULL;
    if (!rows)
        luaL_error(L, "the batch is empty; tokens take a list of lists");
    if (hu_lua_option(L, idx, "targets")) {
        hu_lua_table(L, -1, "targets", "a list of lists of tokens");
        if (lua_rawlen(L, -1) != rows)
            luaL_error(L, "%I lists of targets for %I lists of tokens", (LUAI_UACINT)lua_rawlen(L, -1), (LUAI_UACINT)rows);
        targets = token_lists(L, lua_gettop(L), "targets", rows, &positions, (lua_Integer)m->config.vocabulary);
    }
    return (hu_batch){.rows = rows, .positions = positions, .tokens = tokens, .classes = targets};
}

/* The array at idx (absolute) with one row an example as floats, pushed; `each` numbers in every row. */
static float *floats(lua_State *L, int idx, const char *name, size_t *rows, size_t each)
{
    const hu_tensor *t = hu_lua_to_tensor(L, idx, name);
    size_t n = t->rank ? t->shape[0] : 0;
    if (n < 1 || t->n / n != each || (*rows && n != *rows))
        luaL_error(L, "%s take the shape {%s, %I}", name, *rows ? "as many as features" : "examples", (LUAI_UACINT)each);
    float *x = lua_newuserdatauv(L, t->n * sizeof *x, 0);
    for (size_t i = 0; i < t->n; i++) {
        x[i] = (float)hu_tensor_get(t, i);
        if (!isfinite(x[i]))
            luaL_error(L, "%s: number %I of example %I is %s; they have to be finite", name, (LUAI_UACINT)(i % each + 1), (LUAI_UACINT)(i / each + 1),
                       isnan(x[i]) ? "NaN" : "infinite");
    }
    *rows = n;
    return x;
}

/* The list of classes at idx as int32, pushed. */
static int32_t *class_list(lua_State *L, int idx, size_t rows, lua_Integer end)
{
    hu_lua_table(L, idx, "targets", "a list with the class of every example, from 0");
    if (lua_rawlen(L, idx) != rows)
        luaL_error(L, "%I targets for %I examples", (LUAI_UACINT)lua_rawlen(L, idx), (LUAI_UACINT)rows);
    int32_t *out = lua_newuserdatauv(L, rows * sizeof *out, 0);
    for (size_t i = 0; i < rows; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i + 1);
        out[i] = (int32_t)hu_lua_integer(L, -1, "targets", 0, end - 1);
        lua_pop(L, 1);
    }
    return out;
}

/* {features = , targets = } or {features = , values = } */
static hu_batch feature_batch(lua_State *L, const hu_model *m, int idx)
{
    static const char *const keys[] = {"features", "targets", "values", NULL};
    hu_batch b = {.positions = 1};
    hu_lua_options(L, idx, keys);
    if (!hu_lua_option(L, idx, "features"))
        lua_pushnil(L);
    b.features = floats(L, lua_gettop(L), "features", &b.rows, m->config.inputs);
    if (hu_lua_option(L, idx, "targets"))
        b.classes = class_list(L, lua_gettop(L), b.rows, m->config.vocabulary == 1 ? 2 : (lua_Integer)m->config.vocabulary);
    if (hu_lua_option(L, idx, "values"))
        b.values = floats(L, lua_gettop(L), "values", &b.rows, m->config.vocabulary);
    return b;
}

/* `rows` examples of a part of the data, from the first, or a training batch where `step` is given. */
static hu_batch data_batch(lua_State *L, const hu_model *m, const hu_data *d, int options)
{
    bool heldout = hu_lua_option_choice(L, options, "split", splits, 0) == 1;
    size_t n = heldout ? d->n_heldout : d->n_train, most = n < 65536 ? n : 65536;
    hu_error err = {0};
    hu_lua_try(L, hu_data_fits(d, m, &err), &err);
    if (!n)
        luaL_error(L, "the data have no %s part", splits[heldout]);
    bool drawn = hu_lua_option(L, options, "step");
    lua_settop(L, lua_gettop(L) - (int)drawn);
    size_t rows = (size_t)hu_lua_option_integer(L, options, "rows", drawn ? 8 : (lua_Integer)most, 1, drawn ? 65536 : (lua_Integer)n);
    uint64_t seed = hu_lua_option_u64(L, options, "seed", 1), step = hu_lua_option_u64(L, options, "step", 0);
    size_t inputs = hu_data_inputs(d), outputs = hu_data_outputs(d);
    float *x = lua_newuserdatauv(L, rows * (inputs + outputs) * sizeof *x, 0), *y = x + rows * inputs;
    int32_t *classes = lua_newuserdatauv(L, rows * sizeof *classes, 0);
    if (drawn)
        hu_data_batch(d, seed, step, rows, x, classes, y);
    else
        hu_data_part(d, heldout, 0, rows, x, classes, y);
    return (hu_batch){.rows = rows, .positions = 1, .features = x, .classes = outputs || d->unlabeled ? NULL : classes, .values = outputs ? y : NULL};
}

hu_batch hu_lua_batch(lua_State *L, const hu_model *m, int idx, int options)
{
    luaL_checkstack(L, 16, NULL);
    bool tokens = hu_model_takes_tokens(m);
    if (hu_lua_test_box(L, idx, HU_LUA_TEXT))
        return text_batch(L, m, hu_lua_check_text(L, idx, "data"), options);
    if (hu_lua_test_box(L, idx, HU_LUA_DATA))
        return data_batch(L, m, hu_lua_check_data(L, idx, "data"), options);
    if (lua_type(L, idx) == LUA_TSTRING || (lua_type(L, idx) == LUA_TTABLE && lua_rawlen(L, idx) > 0))
        return string_batch(L, m, idx);
    hu_lua_table(L, idx, "data", tokens ? "a text, strings, or {tokens = , targets = }" : "data, or {features = , targets = }");
    if (!tokens)
        return feature_batch(L, m, idx);
    if (hu_lua_option(L, idx, "features"))
        luaL_error(L, "features are for a classifier; a language model takes a text or strings");
    return token_batch(L, m, idx);
}
