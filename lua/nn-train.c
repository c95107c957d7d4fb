/* nn-train.c - trainers in Lua: a model, what it learns from, and the state of its optimizer. */
#include <string.h>

#include "lua/nn.h"

static hu_trainer *self(lua_State *L)
{
    hu_trainer *t = hu_lua_check_box(L, 1, HU_LUA_TRAINER, "trainer");
    if (!t->model || !t->model->weights || (t->text && !t->text->bytes) || (t->data && !t->data->features))
        luaL_error(L, "the trainer, its model or its text has been collected already");
    return t;
}

static int collect(lua_State *L)
{
    hu_trainer_clear(hu_lua_check_box(L, 1, HU_LUA_TRAINER, "trainer"));
    return 0;
}

static const char *const curves[] = {
#define X(name) #name,
    HU_CURVE_MAP(X)
#undef X
    NULL};

static const char *const collectives[] = {
#define X(name) #name,
    HU_COLLECTIVE_MAP(X)
#undef X
    NULL};

/* Raises where a setting is given that does nothing beside the others. */
static void needs(lua_State *L, bool given_too, const char *key, const char *needed)
{
    if (!given_too && hu_lua_option(L, 1, key))
        luaL_error(L, "%s is given, but not %s, without which it does nothing", key, needed);
}

/* How a step's gradient is put together: parts, shards, the scale of the loss; and whether quantizers count. */
static void read_parts(lua_State *L, hu_train_config *c)
{
    c->accumulate = (size_t)hu_lua_option_integer(L, 1, "accumulate", 1, 1, 65536);
    c->shards = (size_t)hu_lua_option_integer(L, 1, "shards", 1, 1, 1024);
    c->collective = (hu_collective)hu_lua_option_choice(L, 1, "collective", collectives, HU_COLLECTIVE_ring);
    c->group = (size_t)hu_lua_option_integer(L, 1, "group", 1, 1, 1024);
    c->counters = hu_lua_option_boolean(L, 1, "counters", false);
    c->growth = (uint64_t)hu_lua_option_integer(L, 1, "loss_scale_growth", 2000, 1, (lua_Integer)1 << 40);
    needs(L, c->collective == HU_COLLECTIVE_hierarchical, "group", "collective = \"hierarchical\"");
    if (!hu_lua_option(L, 1, "loss_scale")) {
        needs(L, false, "loss_scale_growth", "loss_scale = \"dynamic\"");
        return;
    }
    if (lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "dynamic") == 0)
        c->dynamic_scale = true;
    else if (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) > 0)
        c->loss_scale = lua_tonumber(L, -1);
    else
        hu_lua_bad(L, lua_gettop(L), "loss_scale", "a positive number, or \"dynamic\"");
    lua_pop(L, 1);
    needs(L, c->dynamic_scale, "loss_scale_growth", "loss_scale = \"dynamic\"");
}

static hu_train_config read_config(lua_State *L)
{
    const lua_Integer most = (lua_Integer)1 << 40;
    hu_train_config c = hu_train_default();
    c.batch = (size_t)hu_lua_option_integer(L, 1, "batch", (lua_Integer)c.batch, 1, 65536);
    c.schedule.rate = hu_lua_option_number(L, 1, "lr", c.schedule.rate);
    c.schedule.least = hu_lua_option_number(L, 1, "min_lr", c.schedule.rate / 10);
    c.schedule.steps = (uint64_t)hu_lua_option_integer(L, 1, "steps", (lua_Integer)c.schedule.steps, 0, most);
    lua_Integer warmup = c.schedule.steps ? (lua_Integer)(c.schedule.steps / 20) : 10;
    c.schedule.warmup = (uint64_t)hu_lua_option_integer(L, 1, "warmup", warmup, 0, most);
    c.schedule.curve = (hu_curve)hu_lua_option_choice(L, 1, "schedule", curves, HU_CURVE_cosine);
    c.schedule.decay = (uint64_t)hu_lua_option_integer(L, 1, "decay_steps", (lua_Integer)(c.schedule.steps / 5), 0, most);
    needs(L, c.schedule.curve == HU_CURVE_wsd, "decay_steps", "schedule = \"wsd\"");
    c.optimizer = hu_lua_option_optimizer(L, 1);
    const hu_optimizer *o = c.optimizer.kind ? c.optimizer.kind : hu_optimizer_at(0);
    hu_lua_check_moments(L, 1, o);
    c.adamw.beta1 = hu_lua_option_number(L, 1, "beta1", o->beta1 >= 0 ? o->beta1 : c.adamw.beta1);
    c.adamw.beta2 = hu_lua_option_number(L, 1, "beta2", o->beta2 >= 0 ? o->beta2 : c.adamw.beta2);
    c.adamw.epsilon = hu_lua_option_number(L, 1, "eps", c.adamw.epsilon);
    c.adamw.decay = hu_lua_option_number(L, 1, "weight_decay", c.adamw.decay);
    c.clip = hu_lua_option_number(L, 1, "clip", c.clip);
    c.seed = hu_lua_option_u64(L, 1, "seed", 1);
    c.policy = hu_lua_option_policy(L, 1);
    read_parts(L, &c);
    return c;
}

/* trainer{model =, data =, batch =, lr =, ...} -> trainer */
static int new_trainer(lua_State *L)
{
    static const char *const keys[] = {"model", "data", "batch", "lr", "min_lr", "steps", "warmup", "beta1", "beta2", "eps",
                                       "weight_decay", "clip", "seed", "policy", "schedule", "decay_steps", "optimizer", "accumulate",
                                       "shards", "collective", "group", "counters", "loss_scale", "loss_scale_growth", NULL};
    lua_settop(L, 1);
    hu_lua_table(L, 1, "options", "a table: model, data, steps, lr, ...");
    hu_lua_options(L, 1, keys);
    hu_train_config config = read_config(L);
    if (!hu_lua_option(L, 1, "model"))
        lua_pushnil(L);
    hu_model *model = hu_lua_check_model(L, 2);
    bool given = hu_lua_option(L, 1, "data");
    const hu_data *data = given && hu_lua_test_box(L, 3, HU_LUA_DATA) ? hu_lua_check_data(L, 3, "data") : NULL;
    const hu_text *text = given && !data ? hu_lua_check_text(L, 3, "data") : NULL;
    lua_settop(L, 3);

    hu_trainer *t = hu_lua_new_box(L, HU_LUA_TRAINER, sizeof *t, 2);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -2, 1);    /* the trainer keeps its model and its text alive */
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, -2, 2);
    hu_error err = {0};
    hu_lua_try(L, hu_trainer_init(t, model, text, config, &err), &err);
    if (data)
        hu_lua_try(L, hu_trainer_use(t, data, &err), &err);
    hu_lua_keep_policy(L, &t->config.policy);
    return 1;
}

/* trainer:step([batch]) -> loss, norm of the gradient, learning rate; nats a target */
static int step(lua_State *L)
{
    hu_trainer *t = self(L);
    hu_error err = {0};
    lua_settop(L, 2);
    if (hu_lua_absent(L, 2)) {
        hu_lua_try(L, hu_trainer_step(t, &err), &err);
    } else {
        lua_settop(L, 3);
        hu_batch batch = hu_lua_batch(L, t->model, 2, 3);
        hu_lua_try(L, hu_trainer_step_on(t, &batch, &err), &err);
    }
    hu_lua_push_number(L, t->loss);
    hu_lua_push_number(L, t->norm);
    hu_lua_push_number(L, t->rate);
    return 3;
}

/* trainer:save(path), trainer:resume(path) */
static int save(lua_State *L)
{
    hu_trainer *t = self(L);
    hu_error err = {0};
    hu_lua_try(L, hu_checkpoint_save(t->model, t, hu_lua_string(L, 2, "path"), &err), &err);
    return 0;
}

static int resume(lua_State *L)
{
    hu_trainer *t = self(L);
    hu_error err = {0};
    hu_lua_try(L, hu_checkpoint_resume(t, hu_lua_string(L, 2, "path"), &err), &err);
    return 0;
}

/* trainer:counters() -> list of {layer =, role =, n =, ...}; trainer:reset_counters() */
static int counters(lua_State *L)
{
    return hu_lua_push_counters(L, self(L));
}

static int reset_counters(lua_State *L)
{
    hu_policy_state_reset(&self(L)->memory);
    return 0;
}

static int loss_scale(lua_State *L) { hu_lua_push_number(L, self(L)->loss_scale);            return 1; }
static int updates(lua_State *L)    { lua_pushinteger(L, (lua_Integer)self(L)->updates); return 1; }
static int steps(lua_State *L)    { lua_pushinteger(L, (lua_Integer)self(L)->step); return 1; }
static int diverged(lua_State *L) { lua_pushboolean(L, self(L)->diverged);          return 1; }
static int model(lua_State *L)    { self(L); lua_getiuservalue(L, 1, 1);            return 1; }

static const luaL_Reg functions[] = {{"trainer", new_trainer}, {NULL, NULL}};
static const luaL_Reg methods[]   = {{"step", step}, {"save", save}, {"resume", resume}, {"counters", counters},
                                     {"reset_counters", reset_counters}, {NULL, NULL}};
static const luaL_Reg fields[]    = {{"steps", steps}, {"diverged", diverged}, {"model", model}, {"loss_scale", loss_scale}, {"updates", updates},
                                     {NULL, NULL}};
static const luaL_Reg meta[]      = {{"__gc", collect}, {NULL, NULL}};

void hu_lua_nn_trainer(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_TRAINER, methods, fields, meta);
    luaL_setfuncs(L, functions, 0);
}
