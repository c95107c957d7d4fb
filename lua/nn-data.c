/* nn-data.c - examples in Lua: from arrays, from IDX files, made up. */
#include <math.h>
#include <string.h>

#include "lua/nn.h"

hu_data *hu_lua_check_data(lua_State *L, int idx, const char *name)
{
    hu_data *d = hu_lua_check_box(L, idx, HU_LUA_DATA, name);
    if (!d->features)
        luaL_error(L, "the data have been collected already");
    return d;
}

static hu_data *self(lua_State *L)
{
    return hu_lua_check_data(L, 1, "data");
}

static int collect(lua_State *L)
{
    hu_data_clear(hu_lua_check_box(L, 1, HU_LUA_DATA, "data"));
    return 0;
}

static hu_data *new_box(lua_State *L)
{
    return hu_lua_new_box(L, HU_LUA_DATA, sizeof(hu_data), 0);
}

/* ---- from arrays ---- */

/* Numbers of a row; the rank is at least 1. */
static size_t columns(const hu_tensor *t)
{
    return t->shape[0] ? t->n / t->shape[0] : 0;
}

static const hu_tensor *option_array(lua_State *L, const char *key)
{
    if (!hu_lua_option(L, 1, key))
        return NULL;
    const hu_tensor *t = hu_lua_to_tensor(L, lua_gettop(L), key);
    if (t->rank < 1)
        luaL_error(L, "%s have no index; the first one counts examples", key);
    return t;
}

static void fill_classes(lua_State *L, hu_data *d, const hu_tensor *t)
{
    for (size_t i = 0; i < t->n; i++) {
        double c = hu_tensor_get(t, i);
        if (!(c >= 0 && c < 65536) || c != floor(c))
            luaL_error(L, "target %I is %f; classes are whole numbers from 0 to 65535", (LUAI_UACINT)(i + 1), c);
        d->classes[i] = (int32_t)c;
    }
}

/* The number of classes: what is asked for, else one more than the largest target; at least 2. */
static size_t count_classes(lua_State *L, const hu_tensor *t)
{
    double most = 1;
    for (size_t i = 0; i < t->n; i++)
        most = hu_tensor_get(t, i) > most ? hu_tensor_get(t, i) : most;
    lua_Integer otherwise = most < 65536 ? (lua_Integer)most + 1 : 65536;
    return (size_t)hu_lua_option_integer(L, 1, "classes", otherwise, 2, 65536);
}

/* data{features =, targets = | values =, classes =, heldout =} -> data */
static int new_data(lua_State *L)
{
    static const char *const keys[] = {"features", "targets", "values", "classes", "heldout", NULL};
    hu_error err = {0};
    lua_settop(L, 1);
    hu_lua_table(L, 1, "options", "a table: features, and targets or values");
    hu_lua_options(L, 1, keys);
    const hu_tensor *x = option_array(L, "features"), *y = option_array(L, "targets"), *v = option_array(L, "values");
    if (!x || (y && v))
        luaL_error(L, x ? "data have targets or values, not both" : "features are missing");
    const hu_tensor *given = y ? y : v;
    if (given && given->shape[0] != x->shape[0])
        luaL_error(L, "%I %s for %I examples", (LUAI_UACINT)given->shape[0], y ? "targets" : "values", (LUAI_UACINT)x->shape[0]);
    if (y && y->n != y->shape[0])
        luaL_error(L, "targets take one class an example");
    if (columns(x) < 1)
        luaL_error(L, "features have no numbers");
    size_t n_classes = y ? count_classes(L, y) : v ? 0 : 2, n_values = v ? columns(v) : 0;
    double heldout = hu_lua_option_number(L, 1, "heldout", 0.1);
    hu_data *d = new_box(L);
    hu_lua_try(L, hu_data_init(d, x->shape[0], columns(x), n_classes, n_values, &err), &err);
    for (size_t i = 0; i < x->n; i++)
        d->features[i] = (float)hu_tensor_get(x, i);
    for (size_t i = 0; v && i < v->n; i++)
        d->values[i] = (float)hu_tensor_get(v, i);
    if (y)
        fill_classes(L, d, y);
    d->unlabeled = !y && !v;
    if (x->rank == 3 || x->rank == 4)
        d->height = x->shape[1], d->width = x->shape[2], d->channels = x->rank == 4 ? x->shape[3] : 1;
    hu_lua_try(L, hu_data_split(d, heldout, &err), &err);
    return 1;
}

/* idx(images [, labels [, {heldout =}]]) -> data, or nil and a message where a file cannot be read */
static int load_idx(lua_State *L)
{
    static const char *const keys[] = {"heldout", NULL};
    hu_error err = {0};
    lua_settop(L, 3);
    const char *images = hu_lua_string(L, 1, "images"), *labels = hu_lua_absent(L, 2) ? NULL : hu_lua_string(L, 2, "labels");
    hu_lua_options(L, 3, keys);
    hu_data *d = new_box(L);
    int absent = hu_lua_try_file(L, hu_data_load_idx(d, images, labels, hu_lua_option_number(L, 3, "heldout", 0.1), &err), &err);
    return absent ? absent : 1;
}

/* ---- made up ---- */

static size_t count(lua_State *L, const char *key, lua_Integer otherwise)
{
    return (size_t)hu_lua_option_integer(L, 1, key, otherwise, 0, (lua_Integer)1 << 30);
}

/* blobs{classes =, height =, width =, separation =, outliers =, outlier_scale =, flips =, train =, heldout =, seed =} -> data */
static int new_blobs(lua_State *L)
{
    static const char *const keys[] = {"classes", "height", "width", "separation", "outliers", "outlier_scale", "flips", "train",
                                       "heldout", "seed", NULL};
    hu_error err = {0};
    lua_settop(L, 1);
    hu_lua_options(L, 1, keys);
    hu_blobs s = {
        .classes = count(L, "classes", 4), .height = count(L, "height", 1), .width = count(L, "width", 8),
        .separation = hu_lua_option_number(L, 1, "separation", 3), .outliers = hu_lua_option_number(L, 1, "outliers", 0),
        .outlier_scale = hu_lua_option_number(L, 1, "outlier_scale", 5), .flips = hu_lua_option_number(L, 1, "flips", 0),
        .n_train = count(L, "train", 1000), .n_heldout = count(L, "heldout", 1000), .seed = hu_lua_option_u64(L, 1, "seed", 1),
    };
    hu_lua_try(L, hu_data_blobs(new_box(L), s, &err), &err);
    return 1;
}

/* plane{shape =, noise =, train =, heldout =, seed =} -> data */
static int new_plane(lua_State *L)
{
    static const char *const keys[] = {"shape", "noise", "train", "heldout", "seed", NULL};
    static const char *const shapes[] = {[HU_TWO_MOONS] = "two moons", [HU_EIGHT_GAUSSIANS] = "eight gaussians", NULL};
    hu_error err = {0};
    lua_settop(L, 1);
    hu_lua_options(L, 1, keys);
    hu_plane shape = (hu_plane)hu_lua_option_choice(L, 1, "shape", shapes, HU_TWO_MOONS);
    double noise = hu_lua_option_number(L, 1, "noise", 0.1);
    size_t train = count(L, "train", 1000), heldout = count(L, "heldout", 1000);
    uint64_t seed = hu_lua_option_u64(L, 1, "seed", 1);
    hu_lua_try(L, hu_data_plane(new_box(L), shape, noise, train, heldout, seed, &err), &err);
    return 1;
}

/* ---- methods ---- */

/* data:denoised(steps) -> data */
static int denoised(lua_State *L)
{
    hu_error err = {0};
    const hu_data *d = self(L);
    size_t steps = (size_t)hu_lua_integer(L, 2, "steps", 2, 65536);
    hu_lua_try(L, hu_data_denoise(new_box(L), d, steps, &err), &err);
    return 1;
}

/* data:kept() -> list of k_t, t from 0; nil where nothing is to be denoised */
static int kept(lua_State *L)
{
    hu_data *d = self(L);
    if (!d->noise_steps)
        return 0;
    lua_createtable(L, (int)d->noise_steps, 0);
    for (size_t t = 0; t < d->noise_steps; t++) {
        hu_lua_push_number(L, d->kept[t]);
        lua_rawseti(L, -2, (lua_Integer)t + 1);
    }
    return 1;
}

/* data:part("train" | "heldout") -> features [n][numbers], list of targets or array of values */
static int part(lua_State *L)
{
    static const char *const splits[] = {"train", "heldout", NULL};
    hu_data *d = self(L);
    bool heldout = hu_lua_choice(L, 2, "split", splits) == 1;
    size_t n = heldout ? d->n_heldout : d->n_train, first = heldout ? d->n_train : 0;
    hu_tensor *x = hu_lua_make_tensor(L, HU_F32, 2, (size_t[]){n, d->n_features});
    memcpy(x->f32, d->features + first * d->n_features, n * d->n_features * sizeof *x->f32);
    if (d->classes) {
        lua_createtable(L, (int)n, 0);
        for (size_t i = 0; i < n; i++) {
            lua_pushinteger(L, d->classes[first + i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
    } else if (d->values) {
        hu_tensor *v = hu_lua_make_tensor(L, HU_F32, 2, (size_t[]){n, d->n_values});
        memcpy(v->f32, d->values + first * d->n_values, n * d->n_values * sizeof *v->f32);
    } else {
        lua_pushnil(L);
    }
    return 2;
}

static int train(lua_State *L)    { lua_pushinteger(L, (lua_Integer)self(L)->n_train);    return 1; }
static int heldout(lua_State *L)  { lua_pushinteger(L, (lua_Integer)self(L)->n_heldout);  return 1; }
static int inputs(lua_State *L)   { lua_pushinteger(L, (lua_Integer)hu_data_inputs(self(L)));  return 1; }
static int outputs(lua_State *L)  { lua_pushinteger(L, (lua_Integer)hu_data_outputs(self(L))); return 1; }
static int classes(lua_State *L)  { lua_pushinteger(L, (lua_Integer)self(L)->n_classes);  return 1; }
static int height(lua_State *L)   { lua_pushinteger(L, (lua_Integer)self(L)->height);     return 1; }
static int width(lua_State *L)    { lua_pushinteger(L, (lua_Integer)self(L)->width);      return 1; }
static int channels(lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->channels);   return 1; }

/* data:bayes_error() -> number, or nil where it is not known */
static int bayes(lua_State *L)
{
    double e = self(L)->bayes_error;
    if (e == e)
        hu_lua_push_number(L, e);
    else
        lua_pushnil(L);
    return 1;
}

void hu_lua_nn_data(lua_State *L)
{
    static const luaL_Reg functions[] = {{"data", new_data}, {"idx", load_idx}, {"blobs", new_blobs}, {"plane", new_plane}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"denoised", denoised}, {"kept", kept}, {"part", part}, {"bayes_error", bayes}, {NULL, NULL}};
    static const luaL_Reg fields[] = {
        {"train_examples", train}, {"heldout_examples", heldout}, {"inputs", inputs}, {"outputs", outputs}, {"classes", classes},
        {"height", height}, {"width", width}, {"channels", channels}, {NULL, NULL},
    };
    static const luaL_Reg meta[] = {{"__gc", collect}, {NULL, NULL}};
    hu_lua_new_type(L, HU_LUA_DATA, methods, fields, meta);
    luaL_setfuncs(L, functions, 0);
}
