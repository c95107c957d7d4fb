/* nn-train.c - trainers in Lua: a model, what it learns from, and the state of its optimizer. */
#include "lua/nn.h"

static hu_trainer *self(lua_State *L)
{
    hu_trainer *t = hu_lua_check_box(L, 1, HU_LUA_TRAINER, "trainer");
    if (!t->model || !t->model->weights || (t->text && !t->text->bytes))
        luaL_error(L, "the trainer, its model or its text has been collected already");
    return t;
}

static int collect(lua_State *L)
{
    hu_trainer_clear(hu_lua_check_box(L, 1, HU_LUA_TRAINER, "trainer"));
    return 0;
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
    c.adamw.beta1 = hu_lua_option_number(L, 1, "beta1", c.adamw.beta1);
    c.adamw.beta2 = hu_lua_option_number(L, 1, "beta2", c.adamw.beta2);
    c.adamw.epsilon = hu_lua_option_number(L, 1, "eps", c.adamw.epsilon);
    c.adamw.decay = hu_lua_option_number(L, 1, "weight_decay", c.adamw.decay);
    c.clip = hu_lua_option_number(L, 1, "clip", c.clip);
    c.seed = hu_lua_option_u64(L, 1, "seed", 1);
    c.policy = hu_lua_option_policy(L, 1);
    return c;
}

/* trainer{model =, data =, batch =, lr =, ...} -> trainer */
static int new_trainer(lua_State *L)
{
    static const char *const keys[] = {"model", "data", "batch", "lr", "min_lr", "steps", "warmup", "beta1", "beta2", "eps",
                                       "weight_decay", "clip", "seed", "policy", NULL};
    lua_settop(L, 1);
    hu_lua_table(L, 1, "options", "a table: model, data, steps, lr, ...");
    hu_lua_options(L, 1, keys);
    hu_train_config config = read_config(L);
    if (!hu_lua_option(L, 1, "model"))
        lua_pushnil(L);
    hu_model *model = hu_lua_check_model(L, 2);
    hu_text *text = hu_lua_option(L, 1, "data") ? hu_lua_check_text(L, 3, "data") : NULL;
    lua_settop(L, 3);

    hu_trainer *t = hu_lua_new_box(L, HU_LUA_TRAINER, sizeof *t, 2);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -2, 1);    /* the trainer keeps its model and its text alive */
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, -2, 2);
    hu_error err = {0};
    hu_lua_try(L, hu_trainer_init(t, model, text, config, &err), &err);
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
    lua_pushnumber(L, t->loss);
    lua_pushnumber(L, t->norm);
    lua_pushnumber(L, t->rate);
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

static int steps(lua_State *L)    { lua_pushinteger(L, (lua_Integer)self(L)->step); return 1; }
static int diverged(lua_State *L) { lua_pushboolean(L, self(L)->diverged);          return 1; }
static int model(lua_State *L)    { self(L); lua_getiuservalue(L, 1, 1);            return 1; }

static const luaL_Reg functions[] = {{"trainer", new_trainer}, {NULL, NULL}};
static const luaL_Reg methods[]   = {{"step", step}, {"save", save}, {"resume", resume}, {NULL, NULL}};
static const luaL_Reg fields[]    = {{"steps", steps}, {"diverged", diverged}, {"model", model}, {NULL, NULL}};
static const luaL_Reg meta[]      = {{"__gc", collect}, {NULL, NULL}};

void hu_lua_nn_trainer(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_TRAINER, methods, fields, meta);
    luaL_setfuncs(L, functions, 0);
}
