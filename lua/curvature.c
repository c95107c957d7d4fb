/* curvature.c - Hessians of models in Lua: products, eigenvalues, trace, density; and landscapes of their loss. */
#include <math.h>
#include <string.h>

#include "lua/nn.h"
#include "src/analysis/landscape.h"
#include "src/analysis/lanczos.h"
#include "src/analysis/stats.h"
#include "src/analysis/vectors.h"
#include "src/nn/hessian.h"

#define HU_LUA_HESSIAN "halfulp.hessian"

static hu_hessian *self(lua_State *L)
{
    hu_hessian *h = hu_lua_check_box(L, 1, HU_LUA_HESSIAN, "hessian");
    if (!h->model || !h->model->weights)
        luaL_error(L, "the Hessian or its model has been collected already");
    return h;
}

static int collect(lua_State *L)
{
    hu_hessian_clear(hu_lua_check_box(L, 1, HU_LUA_HESSIAN, "hessian"));
    return 0;
}

/* ---- what they are made of ---- */

/* True: the value at idx is a list of batches, not one batch. */
static bool is_list(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TTABLE || lua_rawlen(L, idx) == 0)
        return false;
    int type = lua_rawgeti(L, idx, 1);
    lua_pop(L, 1);
    return type == LUA_TTABLE || type == LUA_TUSERDATA;
}

/* The batches at idx, in a userdata on the stack, which also keeps what they need: everything between is kept by the
 * table at `keep`. */
static hu_batch *read_batches(lua_State *L, const hu_model *m, int idx, int options, int keep, size_t *n)
{
    bool list = is_list(L, idx);
    *n = list ? lua_rawlen(L, idx) : 1;
    hu_batch *batches = lua_newuserdatauv(L, *n * sizeof *batches, 0);
    luaL_ref(L, keep);
    for (size_t b = 0; b < *n; b++) {
        int top = lua_gettop(L);
        if (list)
            lua_rawgeti(L, idx, (lua_Integer)b + 1);
        else
            lua_pushvalue(L, idx);
        batches[b] = hu_lua_batch(L, m, top + 1, options);
        while (lua_gettop(L) > top)
            luaL_ref(L, keep);
    }
    return batches;
}

/* The doubles of the option `key`, as many as n, or NULL; kept by the table at `keep`. */
static const double *read_vector(lua_State *L, int idx, const char *key, size_t n, int keep)
{
    if (!hu_lua_option(L, idx, key))
        return NULL;
    hu_tensor *t = hu_lua_doubles(L, lua_gettop(L), key);
    if (t->n != n)
        luaL_error(L, "%s has %I elements; it takes %I", key, (LUAI_UACINT)t->n, (LUAI_UACINT)n);
    luaL_ref(L, keep);
    return t->f64;
}

/* Marks the parameters with the name on top of the stack, which may end in `*`. */
static void mark(lua_State *L, const hu_model *m, bool *moves)
{
    const char *name = hu_lua_string(L, -1, "parameters");
    bool found = false;
    for (size_t k = 0; k < m->n_parameters; k++)
        if (hu_glob(name, m->parameters[k].name))
            moves[k] = found = true;
    if (!found)
        luaL_error(L, "the model has no parameter \"%s\"; model:parameters() lists them", name);
}

/* The option "parameters": a name or a list of names; NULL where it is absent. */
static bool *read_parameters(lua_State *L, const hu_model *m, int idx, int keep)
{
    if (!hu_lua_option(L, idx, "parameters"))
        return NULL;
    int at = lua_gettop(L);
    bool *moves = lua_newuserdatauv(L, m->n_parameters * sizeof *moves, 0);
    memset(moves, 0, m->n_parameters * sizeof *moves);
    luaL_ref(L, keep);
    if (lua_type(L, at) == LUA_TSTRING)
        mark(L, m, moves);
    else
        hu_lua_table(L, at, "parameters", "a name or a list of names");
    size_t n = lua_type(L, at) == LUA_TTABLE ? lua_rawlen(L, at) : 0;
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        mark(L, m, moves);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return moves;
}

static const char *const precisions[] = {"float", "double", NULL};
static const char *const tangents[]   = {"kept", "rounded", NULL};

/* hessian(model, data [, {policy =, stream =, precision =, tangents =, weights =, parameters =, split =, ...}]) -> hessian */
static int new_hessian(lua_State *L)
{
    static const char *const keys[] = {HU_LUA_BATCH_KEYS, "policy", "stream", "precision", "tangents", "weights", "parameters", NULL};
    lua_settop(L, 3);
    hu_model *m = hu_lua_check_model(L, 1);
    hu_lua_options(L, 3, keys);
    hu_hessian *h = hu_lua_new_box(L, HU_LUA_HESSIAN, sizeof *h, 1);    /* 4 */
    lua_newtable(L);                                                    /* 5: what it needs as long as it lives */
    lua_pushvalue(L, 5);
    lua_setiuservalue(L, 4, 1);
    lua_pushvalue(L, 1);
    luaL_ref(L, 5);
    lua_pushvalue(L, 3);                                                /* formats of a policy may be the script's own */
    luaL_ref(L, 5);
    hu_policy *policy = lua_newuserdatauv(L, sizeof *policy, 0);
    *policy = hu_lua_option_policy(L, 3);
    while (lua_gettop(L) > 5)
        luaL_ref(L, 5);
    hu_hessian_options o = {.policy = policy, .step = hu_lua_option_u64(L, 3, "stream", 0)};
    o.in_double = hu_lua_option_choice(L, 3, "precision", precisions, 1) == 1;
    o.rounds_tangents = hu_lua_option_choice(L, 3, "tangents", tangents, 0) == 1;
    o.weights = read_vector(L, 3, "weights", m->n_weights, 5);
    o.moves = read_parameters(L, m, 3, 5);
    size_t n = 0;
    hu_batch *batches = read_batches(L, m, 2, 3, 5, &n);
    hu_error err = {0};
    hu_lua_try(L, hu_hessian_init(h, m, batches, n, &o, &err), &err);
    lua_settop(L, 4);
    return 1;
}


/* Room for n doubles, on the stack. */
static double *room(lua_State *L, size_t n)
{
    return hu_lua_make_tensor(L, HU_F64, 1, &n)->f64;
}

/* ---- methods ---- */

/* hessian:product(v) -> array */
static int product(lua_State *L)
{
    hu_hessian *h = self(L);
    lua_settop(L, 2);
    hu_tensor *v = hu_lua_doubles(L, 2, "v");
    hu_tensor *out = hu_lua_make_tensor(L, HU_F64, 1, &h->n);
    hu_error err = {0};
    hu_lua_try(L, hu_hessian_apply(h, v->f64, out->f64, v->n, &err), &err);
    return 1;
}

/* hessian:spread(v) -> array of all weights, zero where they do not move */
static int spread(lua_State *L)
{
    hu_hessian *h = self(L);
    lua_settop(L, 2);
    hu_tensor *v = hu_lua_doubles(L, 2, "v");
    if (v->n != h->n)
        luaL_error(L, "v has %I elements; it takes %I", (LUAI_UACINT)v->n, (LUAI_UACINT)h->n);
    hu_tensor *out = hu_lua_make_tensor(L, HU_F64, 1, &h->model->n_weights);
    memset(out->f64, 0, out->n * sizeof *out->f64);
    size_t at = 0;
    for (size_t k = 0; k < h->model->n_parameters; k++) {
        const hu_parameter *p = &h->model->parameters[k];
        for (size_t i = 0; h->moves[k] && i < p->rows * p->cols; i++)
            out->f64[p->first + i] = v->f64[at++];
    }
    return 1;
}

static lua_Integer count(lua_State *L, const char *key, size_t otherwise, lua_Integer least)
{
    return hu_lua_option_integer(L, 2, key, (lua_Integer)otherwise, least, (lua_Integer)1 << 32);
}

static void set_boolean(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

/* hessian:eigen([{k =, which =, method =, steps =, tolerance =, seed =, vectors =}]) -> {values =, residuals =, ...} */
static int eigen(lua_State *L)
{
    static const char *const keys[]    = {"k", "which", "method", "steps", "tolerance", "seed", "vectors", NULL};
    static const char *const methods[] = {"lanczos", "power", NULL};
    static const char *const which[]   = {"largest", "smallest", "magnitude", NULL};
    lua_settop(L, 2);
    hu_hessian *h = self(L);
    hu_lua_options(L, 2, keys);
    bool power = hu_lua_option_choice(L, 2, "method", methods, 0) == 1;
    hu_eigen_options o = hu_eigen_default();
    o.which = (hu_which)hu_lua_option_choice(L, 2, "which", which, power ? HU_MAGNITUDE : HU_LARGEST);
    o.steps = (size_t)count(L, "steps", o.steps, 1);
    o.tolerance = hu_lua_option_number(L, 2, "tolerance", power ? 1e-3 : o.tolerance);
    o.seed = hu_lua_option_u64(L, 2, "seed", o.seed);
    if (power && o.which != HU_MAGNITUDE)
        luaL_error(L, "eigen: power iteration finds the largest magnitude only; which takes \"magnitude\"");
    size_t k = (size_t)count(L, "k", 1, 1);
    bool wanted = hu_lua_option_boolean(L, 2, "vectors", false);
    if (k > h->n)
        luaL_error(L, "eigen: %I values of %I", (LUAI_UACINT)k, (LUAI_UACINT)h->n);
    double *values = room(L, k), *residuals = room(L, k);
    double *vectors = wanted ? hu_lua_make_tensor(L, HU_F64, 2, (size_t[]){k, h->n})->f64 : NULL;
    hu_eigen e;
    hu_error err = {0};
    hu_lua_try(L, (power ? hu_eigen_power : hu_eigen_lanczos)(&e, values, residuals, vectors, k, h->n, hu_hessian_apply, h, &o, &err),
               &err);
    lua_newtable(L);
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, "values");
    lua_pushvalue(L, 4);
    lua_setfield(L, -2, "residuals");
    if (wanted) {
        lua_pushvalue(L, 5);
        lua_setfield(L, -2, "vectors");
    }
    set_boolean(L, "converged", e.converged);
    hu_lua_set_integer(L, "products", (lua_Integer)e.products);
    if (!isnan(e.asymmetry))
        hu_lua_set_number(L, "asymmetry", e.asymmetry);
    return 1;
}

/* hessian:trace([{method =, samples =, tolerance =, seed =}]) -> {trace =, error =, samples =, products =} */
static int trace(lua_State *L)
{
    static const char *const keys[]    = {"method", "samples", "tolerance", "seed", NULL};
    static const char *const methods[] = {"hutch++", "hutchinson", NULL};
    lua_settop(L, 2);
    hu_hessian *h = self(L);
    hu_lua_options(L, 2, keys);
    bool plain = hu_lua_option_choice(L, 2, "method", methods, 0) == 1;
    hu_trace_options o = {.samples = (size_t)count(L, "samples", 99, 1),
                          .tolerance = hu_lua_option_number(L, 2, "tolerance", 0),
                          .seed = hu_lua_option_u64(L, 2, "seed", 1)};
    hu_trace t;
    hu_error err = {0};
    hu_lua_try(L, (plain ? hu_trace_hutchinson : hu_trace_hutch)(&t, h->n, hu_hessian_apply, h, &o, &err), &err);
    lua_newtable(L);
    hu_lua_set_number(L, "trace", t.trace);
    hu_lua_set_number(L, "error", t.error);
    hu_lua_set_integer(L, "samples", (lua_Integer)t.samples);
    hu_lua_set_integer(L, "products", (lua_Integer)t.products);
    return 1;
}

/* The option "sigma": a number, "resolved" or "pyhessian". */
static double read_sigma(lua_State *L)
{
    static const char *const words[] = {"resolved", "pyhessian", NULL};
    if (!hu_lua_option(L, 2, "sigma"))
        return -1;
    double sigma = -1;
    if (lua_type(L, -1) == LUA_TSTRING) {
        sigma = hu_lua_choice(L, -1, "sigma", words) == 1 ? 0 : -1;
    } else {
        sigma = hu_lua_number(L, -1, "sigma");
        if (!(sigma > 0))
            hu_lua_bad(L, -1, "sigma", "a positive number, \"resolved\" or \"pyhessian\"");
    }
    lua_pop(L, 1);
    return sigma;
}

/* hessian:density([{starts =, steps =, sigma =, points =, seed =}]) -> {x =, density =, error =, nodes =, weights =, ...} */
static int density(lua_State *L)
{
    static const char *const keys[] = {"starts", "steps", "sigma", "points", "seed", NULL};
    lua_settop(L, 2);
    hu_hessian *h = self(L);
    hu_lua_options(L, 2, keys);
    hu_density_options o = hu_density_default();
    o.starts = (size_t)count(L, "starts", o.starts, 1);
    o.steps = (size_t)count(L, "steps", o.steps, 1);
    o.steps = o.steps < h->n ? o.steps : h->n;
    o.points = (size_t)count(L, "points", o.points, 2);
    o.seed = hu_lua_option_u64(L, 2, "seed", o.seed);
    o.sigma = read_sigma(L);
    double *grid = room(L, o.points), *values = room(L, o.points), *error = room(L, o.points);
    size_t shape[2] = {o.starts, o.steps};
    double *nodes = hu_lua_make_tensor(L, HU_F64, 2, shape)->f64, *weights = hu_lua_make_tensor(L, HU_F64, 2, shape)->f64;
    hu_density d;
    hu_error err = {0};
    hu_lua_try(L, hu_spectral_density(&d, nodes, weights, grid, values, error, h->n, hu_hessian_apply, h, &o, &err), &err);
    static const char *const names[] = {"x", "density", "error", "nodes", "weights"};
    lua_newtable(L);
    for (int i = 0; i < 5; i++) {
        lua_pushvalue(L, 3 + i);
        lua_setfield(L, -2, names[i]);
    }
    hu_lua_set_number(L, "sigma", d.sigma);
    hu_lua_set_number(L, "bound", d.bound);
    hu_lua_set_number(L, "low", d.low);
    hu_lua_set_number(L, "high", d.high);
    if (o.steps > 1)
        hu_lua_set_number(L, "asymmetry", d.asymmetry);
    hu_lua_set_integer(L, "products", (lua_Integer)d.products);
    return 1;
}

static int n(lua_State *L)        { lua_pushinteger(L, (lua_Integer)self(L)->n);        return 1; }
static int products(lua_State *L) { lua_pushinteger(L, (lua_Integer)self(L)->products); return 1; }
static int loss(lua_State *L)     { hu_lua_push_number(L, self(L)->loss);                   return 1; }

static int gradient(lua_State *L)
{
    hu_hessian *h = self(L);
    hu_tensor *t = hu_lua_make_tensor(L, HU_F64, 1, &h->n);
    memcpy(t->f64, h->gradient, h->n * sizeof *t->f64);
    return 1;
}

static int to_string(lua_State *L)
{
    hu_hessian *h = self(L);
    lua_pushfstring(L, "hessian: %I of %I weights", (LUAI_UACINT)h->n, (LUAI_UACINT)h->model->n_weights);
    return 1;
}

/* ---- landscapes ---- */

/* direction(model [, {seed =, stream =, values =, weights =, normalize =}]) -> array of all weights */
static int direction(lua_State *L)
{
    static const char *const keys[] = {"seed", "stream", "values", "weights", "normalize", NULL};
    lua_settop(L, 2);
    hu_model *m = hu_lua_check_model(L, 1);
    hu_lua_options(L, 2, keys);
    lua_newtable(L);                                                    /* 3: what is read, kept meanwhile */
    const double *values = read_vector(L, 2, "values", m->n_weights, 3);
    const double *weights = read_vector(L, 2, "weights", m->n_weights, 3);
    uint64_t seed = hu_lua_option_u64(L, 2, "seed", 1), stream = hu_lua_option_u64(L, 2, "stream", 0);
    hu_tensor *out = hu_lua_make_tensor(L, HU_F64, 1, &m->n_weights);
    if (values)
        memcpy(out->f64, values, out->n * sizeof *values);
    else
        hu_draw_normal(out->f64, out->n, seed, stream);
    if (hu_lua_option_boolean(L, 2, "normalize", true))
        hu_filter_normalize(m, weights, out->f64);
    return 1;
}

/* losses(model, data, x, a [, y, b], options) -> array [a] or [a][b]; y and b may be nil */
static int losses(lua_State *L)
{
    static const char *const keys[] = {HU_LUA_BATCH_KEYS, "policy", "stream", "weights", NULL};
    lua_settop(L, 7);
    hu_model *m = hu_lua_check_model(L, 1);
    hu_lua_options(L, 7, keys);
    hu_tensor *x = hu_lua_doubles(L, 3, "x"), *a = hu_lua_doubles(L, 4, "a");
    hu_tensor *y = hu_lua_absent(L, 5) ? NULL : hu_lua_doubles(L, 5, "y");
    hu_tensor *b = y ? hu_lua_doubles(L, 6, "b") : NULL;
    if (x->n != m->n_weights || (y && y->n != m->n_weights))
        luaL_error(L, "a direction has %I elements; the model has %I weights",
                   (LUAI_UACINT)(x->n != m->n_weights ? x->n : y->n), (LUAI_UACINT)m->n_weights);
    lua_newtable(L);                                                    /* 8 */
    hu_policy *policy = lua_newuserdatauv(L, sizeof *policy, 0);        /* 9 */
    *policy = hu_lua_option_policy(L, 7);
    hu_view view = {.policy = policy, .step = hu_lua_option_u64(L, 7, "stream", 0)};
    view.weights = read_vector(L, 7, "weights", m->n_weights, 8);
    view.batches = read_batches(L, m, 2, 7, 8, &view.n_batches);
    hu_tensor *out = hu_lua_make_tensor(L, HU_F64, y ? 2 : 1, (size_t[]){a->n, y ? b->n : 1});
    hu_error err = {0};
    hu_lua_try(L, hu_landscape(out->f64, m, &view, x->f64, a->f64, a->n, y ? y->f64 : NULL, y ? b->f64 : NULL, y ? b->n : 1, &err),
               &err);
    return 1;
}

static const luaL_Reg functions[] = {{"hessian", new_hessian}, {"direction", direction}, {"losses", losses}, {NULL, NULL}};
static const luaL_Reg methods[]   = {{"product", product}, {"spread", spread}, {"eigen", eigen}, {"trace", trace},
                                     {"density", density}, {NULL, NULL}};
static const luaL_Reg fields[]    = {{"n", n}, {"products", products}, {"loss", loss}, {"gradient", gradient}, {NULL, NULL}};
static const luaL_Reg meta[]      = {{"__gc", collect}, {"__tostring", to_string}, {NULL, NULL}};

int hu_lua_open_curvature(lua_State *L)
{
    hu_analysis_init();
    hu_lua_new_type(L, HU_LUA_HESSIAN, methods, fields, meta);
    luaL_newlib(L, functions);
    return 1;
}
