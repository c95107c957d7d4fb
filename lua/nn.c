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

/* Whether a built-in model has unit scaling; munit scaling is that of graphs. */
static bool read_units(lua_State *L, const char *model)
{
    bool is_text = hu_lua_option(L, 1, "units") && lua_type(L, -1) == LUA_TSTRING;
    if (is_text)
        luaL_error(L, "%s: units is \"%s\"; it takes true (unit scaling as in u-muP) or false; munit scaling, units = \"mus\", is in the graphs "
                      "hu.nn.models.gpt2 and hu.nn.models.llama", model, lua_tostring(L, -1));
    lua_settop(L, 1);
    return hu_lua_option_boolean(L, 1, "units", false);
}

/* lm{layers =, heads =, width =, hidden =, context =, vocabulary =, tied =, deviation =, seed =} -> model */
static int new_lm(lua_State *L)
{
    static const char *const keys[] = {"layers", "heads", "width", "hidden", "context", "vocabulary", "tied", "deviation",
                                       "seed", "units", NULL};
    lua_settop(L, 1);
    hu_lua_options(L, 1, keys);
    return new_model(L, (hu_model_config){
        .kind = HU_MODEL_LM,
        .layers = count(L, "layers", 2), .heads = count(L, "heads", 4), .width = count(L, "width", 64),
        .hidden = count(L, "hidden", 0), .context = count(L, "context", 64), .vocabulary = count(L, "vocabulary", 256),
        .tied = hu_lua_option_boolean(L, 1, "tied", false), .deviation = hu_lua_option_number(L, 1, "deviation", 0),
        .seed = hu_lua_option_u64(L, 1, "seed", 1), .units = read_units(L, "lm"),
    });
}

/* mlp{inputs =, classes =, layers =, width =, deviation =, seed =} -> model */
static int new_mlp(lua_State *L)
{
    static const char *const keys[] = {"inputs", "classes", "layers", "width", "deviation", "seed", "units", NULL};
    lua_settop(L, 1);
    hu_lua_options(L, 1, keys);
    return new_model(L, (hu_model_config){
        .kind = HU_MODEL_MLP, .context = 1,
        .inputs = count(L, "inputs", 0), .vocabulary = count(L, "classes", 0), .layers = count(L, "layers", 2),
        .width = count(L, "width", 16), .deviation = hu_lua_option_number(L, 1, "deviation", 0),
        .seed = hu_lua_option_u64(L, 1, "seed", 1), .units = read_units(L, "mlp"),
    });
}

/* load(path) -> model, or nil and a message where the file cannot be read */
static int load(lua_State *L)
{
    const char *path = hu_lua_string(L, 1, "path");
    hu_model *m = hu_lua_new_box(L, HU_LUA_MODEL, sizeof *m, 0);
    hu_error err = {0};
    int absent = hu_lua_try_file(L, hu_checkpoint_load(m, path, &err), &err);
    return absent ? absent : 1;
}

/* ---- loss, gradient, logits ---- */

static const char *const splits[] = {"train", "heldout", NULL};
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
    hu_lua_push_number(L, bits);
    return 1;
}

/* model:evaluate(data [, {split =, policy =, stream =}]) -> loss in nats, accuracy (nil where there are no classes) */
static int evaluate(lua_State *L)
{
    static const char *const keys[] = {"split", "policy", "stream", NULL};
    lua_settop(L, 3);
    hu_model *m = self(L);
    const hu_data *d = hu_lua_check_data(L, 2, "data");
    hu_lua_options(L, 3, keys);
    bool heldout = hu_lua_option_choice(L, 3, "split", splits, 1) == 1;
    hu_policy p = hu_lua_option_policy(L, 3);
    double value = 0, accuracy = 0;
    hu_error err = {0};
    hu_lua_try(L, hu_evaluate_data(m, d, heldout, &p, hu_lua_option_u64(L, 3, "stream", 0), &value, &accuracy, &err), &err);
    hu_lua_push_number(L, value);
    if (accuracy == accuracy)
        hu_lua_push_number(L, accuracy);
    else
        lua_pushnil(L);
    return 2;
}

/* model:layers() -> list of the names that a policy's rules see */
static int layers(lua_State *L)
{
    hu_model *m = self(L);
    lua_newtable(L);
    for (unsigned i = 0; hu_model_layer(m, i); i++) {
        lua_pushstring(L, hu_model_layer(m, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
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
    static const char *const keys[] = {HU_LUA_BATCH_KEYS, "policy", "stream", "evaluation", NULL};
    lua_settop(L, 4);
    hu_model *m = self(L);
    hu_lua_options(L, 4, keys);
    const double *weights = weights_at(L, m, 2);
    hu_policy p = hu_lua_option_policy(L, 4);
    uint64_t stream = hu_lua_option_u64(L, 4, "stream", 0);
    hu_batch batch = hu_lua_batch(L, m, 3, 4);
    batch.evaluation = hu_lua_option_boolean(L, 4, "evaluation", false);
    hu_tensor *gradient = hu_lua_make_tensor(L, HU_F64, 1, &m->n_weights);
    double value = 0;
    hu_error err = {0};
    hu_lua_try(L, hu_model_loss_f64(m, weights, &batch, &p, stream, &value, gradient->f64, &err), &err);
    hu_lua_push_number(L, value);
    lua_insert(L, -2);
    return 2;
}

/* The target of the last position of every row, counted from 0; nil where the batch has none. */
static void push_last_targets(lua_State *L, const hu_batch *b)
{
    if (!b->targets && !b->classes) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, (int)b->rows, 0);
    for (size_t i = 0; i < b->rows; i++) {
        size_t last = (i + 1) * b->positions - 1;
        lua_pushinteger(L, b->classes ? b->classes[last] : b->targets[last]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* model:logits(data [, options]) -> array [rows][vocabulary] of doubles, list of targets or nil */
static int logits(lua_State *L)
{
    static const char *const keys[] = {HU_LUA_BATCH_KEYS, "policy", "stream", "precision", "evaluation", NULL};
    lua_settop(L, 3);
    hu_model *m = self(L);
    hu_lua_options(L, 3, keys);
    hu_policy p = hu_lua_option_policy(L, 3);
    uint64_t stream = hu_lua_option_u64(L, 3, "stream", 0);
    int precision = hu_lua_option_choice(L, 3, "precision", precisions, 0);
    hu_batch batch = hu_lua_batch(L, m, 2, 3);
    batch.evaluation = hu_lua_option_boolean(L, 3, "evaluation", true);
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

/* Copies the array at idx into n weights from `first` on. They may be NaN or infinite: a loop that diverges is a result. */
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

/* model:load(path) */
static int load_into(lua_State *L)
{
    hu_model *m = self(L);
    hu_error err = {0};
    hu_lua_try(L, hu_checkpoint_read(m, hu_lua_string(L, 2, "path"), &err), &err);
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
    if (m->graph) {
        lua_pushfstring(L, "%s: %I layers, %I weights", m->graph->name, (LUAI_UACINT)m->config.layers, (LUAI_UACINT)m->n_weights);
        return 1;
    }
    lua_pushfstring(L, "%s: %I layers of width %I, %I weights", m->config.kind == HU_MODEL_LM ? "lm" : "mlp",
                    (LUAI_UACINT)m->config.layers, (LUAI_UACINT)m->config.width, (LUAI_UACINT)m->n_weights);
    return 1;
}

static const luaL_Reg functions[] = {{"lm", new_lm}, {"mlp", new_mlp}, {"load", load}, {NULL, NULL}};
static const luaL_Reg methods[] = {
    {"loss", loss}, {"evaluate", evaluate}, {"layers", layers}, {"objective", objective}, {"logits", logits}, {"flat", flat}, {"set_flat", set_flat},
    {"parameters", parameters}, {"get", get}, {"set", set}, {"save", save}, {"load", load_into}, {"threads", threads}, {NULL, NULL},
};
static const luaL_Reg fields[] = {{"n_weights", n_weights}, {"context", context}, {NULL, NULL}};
static const luaL_Reg meta[]   = {{"__gc", collect}, {"__tostring", to_string}, {NULL, NULL}};

int hu_lua_open_nn(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_MODEL, methods, fields, meta);
    luaL_newlib(L, functions);
    hu_lua_nn_graph(L);
    hu_lua_nn_data(L);
    hu_lua_nn_weights(L);
    hu_lua_nn_text(L);
    hu_lua_nn_trainer(L);
    hu_lua_nn_policy(L);
    return 1;
}
