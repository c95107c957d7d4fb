/* nn.c - models in Lua: a language model over bytes, a classifier; loss, gradient, logits and weights. */
#include <string.h>

#include "lua/nn.h"

/* A model without weights is one whose finalizer has come before its last user. */
hu_model *hu_lua_check_model(lua_State *L, int idx)
{
    hu_model *m = hu_lua_check_box(L, idx, HU_LUA_MODEL, "model");
    if (!m->weights)
        luaL_error(L, "the model has been collected already");
    return m;
}

static hu_model *self(lua_State *L)
{
    return hu_lua_check_model(L, 1);
}

static int collect(lua_State *L)
{
    hu_model_clear(hu_lua_check_box(L, 1, HU_LUA_MODEL, "model"));
    return 0;
}

/* ---- making them ---- */

static size_t count(lua_State *L, const char *key, lua_Integer otherwise)
{
    return (size_t)hu_lua_option_integer(L, 1, key, otherwise, 0, 65536);
}

static int new_model(lua_State *L, hu_model_config config)
{
    hu_model *m = hu_lua_new_box(L, HU_LUA_MODEL, sizeof *m, 0);
    hu_error err = {0};
    hu_lua_try(L, hu_model_init(m, config, &err), &err);
    return 1;
}

/* lm{layers =, heads =, width =, hidden =, context =, vocabulary =, tied =, deviation =, seed =} -> model */
static int new_lm(lua_State *L)
{
    static const char *const keys[] = {"layers", "heads", "width", "hidden", "context", "vocabulary", "tied", "deviation",
                                       "seed", NULL};
    lua_settop(L, 1);
    hu_lua_options(L, 1, keys);
    return new_model(L, (hu_model_config){
        .kind = HU_MODEL_LM,
        .layers = count(L, "layers", 2), .heads = count(L, "heads", 4), .width = count(L, "width", 64),
        .hidden = count(L, "hidden", 0), .context = count(L, "context", 64), .vocabulary = count(L, "vocabulary", 256),
        .tied = hu_lua_option_boolean(L, 1, "tied", false), .deviation = hu_lua_option_number(L, 1, "deviation", 0),
        .seed = hu_lua_option_u64(L, 1, "seed", 1),
    });
}

/* mlp{inputs =, classes =, layers =, width =, deviation =, seed =} -> model */
static int new_mlp(lua_State *L)
{
    static const char *const keys[] = {"inputs", "classes", "layers", "width", "deviation", "seed", NULL};
    lua_settop(L, 1);
    hu_lua_options(L, 1, keys);
    return new_model(L, (hu_model_config){
        .kind = HU_MODEL_MLP, .context = 1,
        .inputs = count(L, "inputs", 0), .vocabulary = count(L, "classes", 0), .layers = count(L, "layers", 2),
        .width = count(L, "width", 16), .deviation = hu_lua_option_number(L, 1, "deviation", 0),
        .seed = hu_lua_option_u64(L, 1, "seed", 1),
    });
}

/* load(path) -> model, or nil and a message where the file cannot be read */
static int load(lua_State *L)
{
    const char *path = hu_lua_string(L, 1, "path");
    hu_model *m = hu_lua_new_box(L, HU_LUA_MODEL, sizeof *m, 0);
    hu_error err = {0};
    hu_status status = hu_checkpoint_load(m, path, &err);
    if (status == HU_EIO) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    hu_lua_try(L, status, &err);
    return 1;
}

/* ---- batches ---- */

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
    if (m->config.kind != HU_MODEL_LM)
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
    if (m->config.kind != HU_MODEL_LM)
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

static hu_batch feature_batch(lua_State *L, const hu_model *m, int idx)
{
    static const char *const keys[] = {"features", "targets", NULL};
    hu_lua_options(L, idx, keys);
    if (m->config.kind != HU_MODEL_MLP)
        luaL_error(L, "features are for a classifier; a language model takes a text or strings");
    if (!hu_lua_option(L, idx, "features"))
        lua_pushnil(L);
    int at = lua_gettop(L);
    const hu_tensor *features = hu_lua_to_tensor(L, at, "features");
    if (features->rank != 2 || features->shape[1] != m->config.inputs || features->shape[0] < 1)
        luaL_error(L, "features take the shape {examples, %I}", (LUAI_UACINT)m->config.inputs);
    size_t rows = features->shape[0];
    float *x = lua_newuserdatauv(L, features->n * sizeof *x + rows, 0);
    uint8_t *targets = (uint8_t *)(x + features->n);
    for (size_t i = 0; i < features->n; i++)
        x[i] = (float)hu_tensor_get(features, i);
    bool given = hu_lua_option(L, idx, "targets");
    if (given) {
        hu_lua_table(L, -1, "targets", "a list with the class of every example, from 0");
        if (lua_rawlen(L, -1) != rows)
            luaL_error(L, "%I targets for %I examples", (LUAI_UACINT)lua_rawlen(L, -1), (LUAI_UACINT)rows);
        for (size_t i = 0; i < rows; i++) {
            lua_rawgeti(L, -1, (lua_Integer)i + 1);
            targets[i] = (uint8_t)hu_lua_integer(L, -1, "targets", 0, (lua_Integer)m->config.vocabulary - 1);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    return (hu_batch){.rows = rows, .positions = 1, .features = x, .targets = given ? targets : NULL};
}

hu_batch hu_lua_batch(lua_State *L, const hu_model *m, int idx, int options)
{
    luaL_checkstack(L, 16, NULL);
    if (hu_lua_test_box(L, idx, HU_LUA_TEXT))
        return text_batch(L, m, hu_lua_check_text(L, idx, "data"), options);
    if (lua_type(L, idx) == LUA_TSTRING || (lua_type(L, idx) == LUA_TTABLE && lua_rawlen(L, idx) > 0))
        return string_batch(L, m, idx);
    hu_lua_table(L, idx, "data", "a text, strings, or {features = , targets = }");
    return feature_batch(L, m, idx);
}

/* ---- loss, gradient, logits ---- */

static const char *const precisions[] = {"float", "double", NULL};

/* model:loss(text [, {split =, pieces =, policy =, stream =}]) -> bits per byte */
static int loss(lua_State *L)
{
    static const char *const keys[] = {"split", "pieces", "policy", "stream", NULL};
    lua_settop(L, 3);
    hu_model *m = self(L);
    hu_text *t = hu_lua_check_text(L, 2, "text");
    hu_lua_options(L, 3, keys);
    bool heldout = hu_lua_option_choice(L, 3, "split", splits, 1) == 1;
    size_t most = (size_t)hu_lua_option_integer(L, 3, "pieces", 0, 0, (lua_Integer)1 << 40);
    hu_policy p = hu_lua_option_policy(L, 3);
    double bits = 0;
    hu_error err = {0};
    hu_lua_try(L, hu_evaluate(m, t, heldout, most, &p, hu_lua_option_u64(L, 3, "stream", 0), &bits, &err), &err);
    lua_pushnumber(L, bits);
    return 1;
}

/* The weights at idx (absolute) as doubles, which replace it there; NULL where absent: the model's own. */
static const double *weights_at(lua_State *L, const hu_model *m, int idx)
{
    if (hu_lua_absent(L, idx))
        return NULL;
    hu_tensor *t = hu_lua_to_tensor(L, idx, "weights");
    if (t->n != m->n_weights)
        luaL_error(L, "%I weights; the model has %I", (LUAI_UACINT)t->n, (LUAI_UACINT)m->n_weights);
    if (t->dtype == HU_F64)
        return t->f64;
    hu_tensor *wide = hu_lua_make_tensor(L, HU_F64, t->rank, t->shape);
    for (size_t i = 0; i < t->n; i++)
        wide->f64[i] = t->f32[i];
    lua_replace(L, idx);
    return wide->f64;
}

/* model:objective(weights | nil, data [, options]) -> loss in nats, gradient; both in double */
static int objective(lua_State *L)
{
    static const char *const keys[] = {HU_LUA_BATCH_KEYS, "policy", "stream", NULL};
    lua_settop(L, 4);
    hu_model *m = self(L);
    hu_lua_options(L, 4, keys);
    const double *weights = weights_at(L, m, 2);
    hu_policy p = hu_lua_option_policy(L, 4);
    uint64_t stream = hu_lua_option_u64(L, 4, "stream", 0);
    hu_batch batch = hu_lua_batch(L, m, 3, 4);
    hu_tensor *gradient = hu_lua_make_tensor(L, HU_F64, 1, &m->n_weights);
    double value = 0;
    hu_error err = {0};
    hu_lua_try(L, hu_model_loss_f64(m, weights, &batch, &p, stream, &value, gradient->f64, &err), &err);
    lua_pushnumber(L, value);
    lua_insert(L, -2);
    return 2;
}

/* The target of the last position of every row, counted from 0; nil where the batch has none. */
static void push_last_targets(lua_State *L, const hu_batch *b)
{
    if (!b->targets) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, (int)b->rows, 0);
    for (size_t i = 0; i < b->rows; i++) {
        lua_pushinteger(L, b->targets[(i + 1) * b->positions - 1]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* model:logits(data [, options]) -> array [rows][vocabulary] of doubles, list of targets or nil */
static int logits(lua_State *L)
{
    static const char *const keys[] = {HU_LUA_BATCH_KEYS, "policy", "stream", "precision", NULL};
    lua_settop(L, 3);
    hu_model *m = self(L);
    hu_lua_options(L, 3, keys);
    hu_policy p = hu_lua_option_policy(L, 3);
    uint64_t stream = hu_lua_option_u64(L, 3, "stream", 0);
    int precision = hu_lua_option_choice(L, 3, "precision", precisions, 0);
    hu_batch batch = hu_lua_batch(L, m, 2, 3);
    hu_tensor *out = hu_lua_make_tensor(L, HU_F64, 2, (size_t[]){batch.rows, m->config.vocabulary});
    hu_error err = {0};
    hu_status status = precision ? hu_model_logits_f64(m, NULL, &batch, &p, stream, out->f64, &err)
                                 : hu_model_logits_f32(m, &batch, &p, stream, out->f64, &err);
    hu_lua_try(L, status, &err);
    push_last_targets(L, &batch);
    return 2;
}

/* ---- weights ---- */

/* model:flat() -> array of all weights, float */
static int flat(lua_State *L)
{
    hu_model *m = self(L);
    hu_tensor *t = hu_lua_make_tensor(L, HU_F32, 1, &m->n_weights);
    memcpy(t->f32, m->weights, m->n_weights * sizeof *t->f32);
    return 1;
}

/* Copies the array at idx into n weights from `first` on. */
static void set_weights(lua_State *L, hu_model *m, int idx, size_t first, size_t n)
{
    const hu_tensor *t = hu_lua_to_tensor(L, idx, "weights");
    if (t->n != n)
        luaL_error(L, "%I weights; there are %I", (LUAI_UACINT)t->n, (LUAI_UACINT)n);
    for (size_t i = 0; i < n; i++)
        m->weights[first + i] = (float)hu_tensor_get(t, i);
}

/* model:set_flat(weights) */
static int set_flat(lua_State *L)
{
    hu_model *m = self(L);
    lua_settop(L, 2);
    set_weights(L, m, 2, 0, m->n_weights);
    return 0;
}

/* model:parameters() -> list of {name =, rows =, cols =, first =} */
static int parameters(lua_State *L)
{
    hu_model *m = self(L);
    lua_createtable(L, (int)m->n_parameters, 0);
    for (size_t k = 0; k < m->n_parameters; k++) {
        const hu_parameter *p = &m->parameters[k];
        lua_createtable(L, 0, 4);
        lua_pushstring(L, p->name);
        lua_setfield(L, -2, "name");
        lua_pushinteger(L, (lua_Integer)p->rows);
        lua_setfield(L, -2, "rows");
        lua_pushinteger(L, (lua_Integer)p->cols);
        lua_setfield(L, -2, "cols");
        lua_pushinteger(L, (lua_Integer)p->first + 1);
        lua_setfield(L, -2, "first");
        lua_rawseti(L, -2, (lua_Integer)k + 1);
    }
    return 1;
}

static const hu_parameter *parameter(lua_State *L, const hu_model *m, int idx)
{
    const char *name = hu_lua_string(L, idx, "name");
    for (size_t k = 0; k < m->n_parameters; k++)
        if (strcmp(m->parameters[k].name, name) == 0)
            return &m->parameters[k];
    luaL_error(L, "the model has no parameter \"%s\"; model:parameters() lists them", name);
    return NULL;
}

/* model:get(name) -> array [rows][cols]; model:set(name, array) */
static int get(lua_State *L)
{
    hu_model *m = self(L);
    const hu_parameter *p = parameter(L, m, 2);
    hu_tensor *t = hu_lua_make_tensor(L, HU_F32, 2, (size_t[]){p->rows, p->cols});
    memcpy(t->f32, m->weights + p->first, t->n * sizeof *t->f32);
    return 1;
}

static int set(lua_State *L)
{
    hu_model *m = self(L);
    lua_settop(L, 3);
    const hu_parameter *p = parameter(L, m, 2);
    set_weights(L, m, 3, p->first, p->rows * p->cols);
    return 0;
}

/* model:save(path) */
static int save(lua_State *L)
{
    hu_model *m = self(L);
    hu_error err = {0};
    hu_lua_try(L, hu_checkpoint_save(m, NULL, hu_lua_string(L, 2, "path"), &err), &err);
    return 0;
}

/* model:threads(n) */
static int threads(lua_State *L)
{
    hu_model *m = self(L);
    hu_model_threads(m, (int)hu_lua_integer(L, 2, "threads", 1, 256));
    return 0;
}

static int n_weights(lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->n_weights);      return 1; }
static int context(lua_State *L)   { lua_pushinteger(L, (lua_Integer)self(L)->config.context); return 1; }

static int to_string(lua_State *L)
{
    hu_model *m = self(L);
    lua_pushfstring(L, "%s: %I layers of width %I, %I weights", m->config.kind == HU_MODEL_LM ? "lm" : "mlp",
                    (LUAI_UACINT)m->config.layers, (LUAI_UACINT)m->config.width, (LUAI_UACINT)m->n_weights);
    return 1;
}

static const luaL_Reg functions[] = {{"lm", new_lm}, {"mlp", new_mlp}, {"load", load}, {NULL, NULL}};
static const luaL_Reg methods[] = {
    {"loss", loss}, {"objective", objective}, {"logits", logits}, {"flat", flat}, {"set_flat", set_flat},
    {"parameters", parameters}, {"get", get}, {"set", set}, {"save", save}, {"threads", threads}, {NULL, NULL},
};
static const luaL_Reg fields[] = {{"n_weights", n_weights}, {"context", context}, {NULL, NULL}};
static const luaL_Reg meta[]   = {{"__gc", collect}, {"__tostring", to_string}, {NULL, NULL}};

int hu_lua_open_nn(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_MODEL, methods, fields, meta);
    luaL_newlib(L, functions);
    hu_lua_nn_text(L);
    hu_lua_nn_trainer(L);
    hu_lua_nn_policy(L);
    return 1;
}
