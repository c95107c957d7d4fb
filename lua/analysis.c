/* analysis.c - error metrics, sharpness, stability rules and statistics in Lua. */
#include <math.h>
#include <string.h>

#include "lua/lua.h"
#include "src/analysis/error.h"
#include "src/analysis/sharpness.h"
#include "src/analysis/stability.h"
#include "src/analysis/stats.h"
#include "src/analysis/svd.h"

/* ---- reading and leaving numbers ---- */

/* The array, table of numbers or single number at idx as an array of doubles, which replaces it there. idx is absolute. */
static hu_tensor *doubles(lua_State *L, int idx, const char *name)
{
    if (lua_type(L, idx) == LUA_TNUMBER) {
        hu_tensor *one = hu_lua_make_tensor(L, HU_F64, 0, NULL);
        one->f64[0] = lua_tonumber(L, idx);
        lua_replace(L, idx);
        return one;
    }
    return hu_lua_doubles(L, idx, name);
}

/* The same for the option `key` of the table at idx; the array is left on the stack. Raises where it is absent. */
static hu_tensor *option_doubles(lua_State *L, int idx, const char *key)
{
    if (!hu_lua_option(L, idx, key)) {
        lua_pushnil(L);
        hu_lua_bad(L, -1, key, "an array or a table of numbers");
    }
    return doubles(L, lua_gettop(L), key);
}

typedef struct field {
    const char *name;
    size_t      offset;
} field;

/* Sets number fields of the table on top of the stack from a struct; the list ends with a NULL name. */
static void set_numbers(lua_State *L, const void *from, const field *fields)
{
    for (; fields->name; fields++) {
        double value;
        memcpy(&value, (const char *)from + fields->offset, sizeof value);
        hu_lua_set_number(L, fields->name, value);
    }
}

static void set_counts(lua_State *L, const void *from, const field *fields)
{
    for (; fields->name; fields++) {
        size_t value;
        memcpy(&value, (const char *)from + fields->offset, sizeof value);
        hu_lua_set_integer(L, fields->name, (lua_Integer)value);
    }
}

static void set_boolean(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

/* ---- errors ---- */

static void check_same_shape(lua_State *L, const hu_tensor *a, const hu_tensor *b)
{
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->shape[i] == b->shape[i];
    if (!same)
        luaL_error(L, "error: computed and reference have different shapes (%I and %I elements); they take the same",
                   (LUAI_UACINT)a->n, (LUAI_UACINT)b->n);
}

#define METRIC(name) {#name, offsetof(hu_metrics, name)}

/* error(computed, reference [, {format=}]) -> {n=, finite=, exact=, ..., relative_max=, sqnr_db=, ...} */
static int error_metrics(lua_State *L)
{
    static const char *const keys[] = {"format", NULL};
    static const field counts[] = {METRIC(n), METRIC(finite), METRIC(exact), METRIC(same_special), METRIC(lost),
                                   METRIC(missed), METRIC(zero_reference), METRIC(to_zero), {NULL, 0}};
    static const field numbers[] = {METRIC(relative_max), METRIC(relative_mean), METRIC(absolute_max), METRIC(absolute_mean),
                                    METRIC(normwise_2), METRIC(normwise_inf), METRIC(sqnr_db), {NULL, 0}};
    static const field ulps[] = {METRIC(ulp_max), METRIC(ulp_mean), {NULL, 0}};

    lua_settop(L, 3);
    hu_lua_options(L, 3, keys);
    const hu_format *f = hu_lua_option_format(L, 3, "format");
    hu_tensor *computed = doubles(L, 1, "computed"), *reference = doubles(L, 2, "reference");
    check_same_shape(L, computed, reference);
    hu_metrics m;
    hu_error err = {0};
    hu_lua_try(L, hu_error_metrics(&m, computed->f64, reference->f64, computed->n, f, &err), &err);
    lua_newtable(L);
    set_counts(L, &m, counts);
    set_numbers(L, &m, numbers);
    if (f)
        set_numbers(L, &m, ulps);
    return 1;
}

/* ulp(format, x) -> number */
static int ulp(lua_State *L)
{
    const hu_format *f = hu_lua_format(L, 1, "format");
    double x = hu_lua_number(L, 2, "x");
    hu_lua_push_number(L, hu_ulp(f, x));
    return 1;
}

/* ---- sharpness ---- */

static int push_sharpness(lua_State *L, const hu_sharpness *s)
{
    static const field numbers[] = {{"phi", offsetof(hu_sharpness, phi)}, {"loss", offsetof(hu_sharpness, loss)},
                                    {"increase", offsetof(hu_sharpness, increase)}, {NULL, 0}};
    lua_newtable(L);
    set_numbers(L, s, numbers);
    hu_lua_set_integer(L, "iterations", s->iterations);
    hu_lua_set_integer(L, "evaluations", s->evaluations);
    return 1;
}

/* The targets of `batch` rows: a whole number, or a list or array of them. Leaves a userdata that holds them on the stack. */
static size_t *read_targets(lua_State *L, int idx, size_t batch)
{
    if (!hu_lua_option(L, idx, "target"))
        lua_pushnil(L);
    int at = lua_gettop(L);
    if (lua_type(L, at) != LUA_TNUMBER && lua_type(L, at) != LUA_TTABLE && !hu_lua_test_tensor(L, at))
        hu_lua_bad(L, at, "target", "the true token of each row, counted from 0");
    hu_tensor *t = doubles(L, at, "target");
    if (t->n != batch)
        luaL_error(L, "sharpness: %I targets for %I rows of logits", (LUAI_UACINT)t->n, (LUAI_UACINT)batch);
    size_t *targets = lua_newuserdatauv(L, batch * sizeof *targets, 0);
    for (size_t i = 0; i < batch; i++) {
        hu_lua_push_number(L, t->f64[i]);
        targets[i] = (size_t)hu_lua_integer(L, -1, "target", 0, (lua_Integer)1 << 48);
        lua_pop(L, 1);
    }
    return targets;
}

/* sharpness_logits{logits=, target=, eps=, method=} -> {phi=, loss=, increase=, iterations=, evaluations=} */
static int sharpness_logits(lua_State *L)
{
    static const char *const keys[] = {"logits", "target", "eps", "method", NULL};
    static const char *const methods[] = {"closed", "lbfgsb", NULL};

    lua_settop(L, 1);
    hu_lua_table(L, 1, "options", "a table: logits, target, eps, method");
    hu_lua_options(L, 1, keys);
    double eps = hu_lua_option_number(L, 1, "eps", 1e-3);
    int how = hu_lua_option_choice(L, 1, "method", methods, HU_CLOSED);
    hu_tensor *y = option_doubles(L, 1, "logits");
    if (y->rank != 1 && y->rank != 2)
        luaL_error(L, "sharpness: logits have %d indices; they take one, or two: row and token", y->rank);
    size_t batch = y->rank == 2 ? y->shape[0] : 1;
    size_t *targets = read_targets(L, 1, batch);
    hu_sharpness s;
    hu_error err = {0};
    hu_lua_try(L, hu_sharpness_logits(&s, y->f64, targets, batch, y->shape[y->rank - 1], eps, (hu_maximizer)how, &err), &err);
    return push_sharpness(L, &s);
}

/* A loss written in Lua, called from C that holds memory: whatever it raises is caught, kept on the stack and raised
 * again when that memory is released. */
typedef struct callback {
    lua_State *L;
    int        function;      /* where it is on the stack        */
    const hu_tensor *like;    /* the weights: shape of the point */
    const double *x;
    double    *value, *gradient;
    bool       raised;        /* the error is on top of the stack */
} callback;

/* One call: (callback) -> nothing, with value and gradient filled. */
static int call_loss(lua_State *L)
{
    callback *c = lua_touserdata(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    hu_tensor *point = hu_lua_make_tensor(L, HU_F64, c->like->rank, c->like->shape);
    memcpy(point->f64, c->x, point->n * sizeof *point->f64);
    lua_call(L, 1, 2);
    *c->value = hu_lua_number(L, 2, "value of the loss");
    hu_tensor *gradient = doubles(L, 3, "gradient of the loss");
    if (gradient->n != c->like->n)
        return luaL_error(L, "keskar: the gradient of the loss has %I elements, the weights have %I",
                          (LUAI_UACINT)gradient->n, (LUAI_UACINT)c->like->n);
    memcpy(c->gradient, gradient->f64, gradient->n * sizeof *c->gradient);
    return 0;
}

static hu_status loss_in_lua(void *context, const double *x, size_t n, double *value, double *gradient, hu_error *err)
{
    callback *c = context;
    (void)n;
    c->x = x, c->value = value, c->gradient = gradient;
    lua_pushvalue(c->L, c->function);            /* call_loss, with the function as its upvalue */
    lua_pushlightuserdata(c->L, c);
    c->raised = lua_pcall(c->L, 1, 0, 0) != LUA_OK;
    return c->raised ? hu_fail(err, HU_EINVAL, "the loss raised an error") : HU_OK;
}

/* sharpness_keskar{loss=, weights=, eps=, directions=, iterations=, seed=} -> {phi=, loss=, ...} */
static int sharpness_keskar(lua_State *L)
{
    static const char *const keys[] = {"loss", "weights", "eps", "directions", "iterations", "seed", NULL};

    lua_settop(L, 1);
    hu_lua_table(L, 1, "options", "a table: loss, weights, eps, directions, iterations, seed");
    hu_lua_options(L, 1, keys);
    hu_keskar_options o = hu_keskar_default();
    o.eps        = hu_lua_option_number(L, 1, "eps", o.eps);
    o.directions = (size_t)hu_lua_option_integer(L, 1, "directions", 0, 0, (lua_Integer)1 << 48);
    o.iterations = (int)hu_lua_option_integer(L, 1, "iterations", o.iterations, 1, 1000000);
    o.seed       = hu_lua_option_u64(L, 1, "seed", o.seed);
    hu_tensor *x = option_doubles(L, 1, "weights");
    if (!hu_lua_option(L, 1, "loss"))
        lua_pushnil(L);
    if (lua_type(L, -1) != LUA_TFUNCTION)
        hu_lua_bad(L, -1, "loss", "a function of an array, which returns the loss and its gradient");
    lua_pushcclosure(L, call_loss, 1);
    luaL_checkstack(L, 8, NULL);
    callback c = {.L = L, .function = lua_gettop(L), .like = x};
    hu_sharpness s;
    hu_error err = {0};
    hu_status status = hu_sharpness_keskar(&s, x->f64, x->n, loss_in_lua, &c, &o, &err);
    if (c.raised)
        return lua_error(L);
    hu_lua_try(L, status, &err);
    return push_sharpness(L, &s);
}

/* ---- stability ---- */

/* diverged(losses [, {reference=}]) -> {by_average=, by_level=, nonfinite=, first_nonfinite=, average=, ...} */
static int diverged(lua_State *L)
{
    static const char *const keys[] = {"reference", NULL};
    static const field numbers[] = {
        {"average", offsetof(hu_divergence, average)}, {"minimum", offsetof(hu_divergence, minimum)},
        {"level", offsetof(hu_divergence, level)}, {"reference", offsetof(hu_divergence, reference)}, {NULL, 0}};

    lua_settop(L, 2);
    hu_lua_options(L, 2, keys);
    double reference = hu_lua_option_number(L, 2, "reference", NAN);
    hu_tensor *loss = doubles(L, 1, "losses");
    hu_divergence d;
    hu_error err = {0};
    hu_lua_try(L, hu_diverged(&d, loss->f64, loss->n, reference, &err), &err);
    lua_newtable(L);
    set_boolean(L, "by_average", d.by_average);
    set_boolean(L, "by_level", d.by_level);
    set_boolean(L, "nonfinite", d.nonfinite);
    set_numbers(L, &d, numbers);
    if (d.nonfinite)
        hu_lua_set_integer(L, "first_nonfinite", (lua_Integer)d.first_nonfinite + 1);
    return 1;
}

/* Pushes {count=, steps={...}} for one rule; steps are positions in the series, from 1. */
static void push_spikes(lua_State *L, const hu_tensor *loss, hu_spike_rule rule)
{
    size_t *steps = lua_newuserdatauv(L, (loss->n / 2 + 1) * sizeof *steps, 0);
    size_t count = hu_spikes(loss->f64, loss->n, rule, steps, loss->n / 2 + 1);
    lua_newtable(L);
    hu_lua_set_integer(L, "count", (lua_Integer)count);
    lua_newtable(L);
    for (size_t i = 0; i < count; i++) {
        lua_pushinteger(L, (lua_Integer)steps[i] + 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "steps");
    lua_remove(L, -2);
}

/* spikes(losses) -> {residual={count=, steps=}, rise={count=, steps=}} */
static int spikes(lua_State *L)
{
    lua_settop(L, 1);
    hu_tensor *loss = doubles(L, 1, "losses");
    lua_newtable(L);
    push_spikes(L, loss, HU_SPIKE_RESIDUAL);
    lua_setfield(L, -2, "residual");
    push_spikes(L, loss, HU_SPIKE_RISE);
    lua_setfield(L, -2, "rise");
    return 1;
}

/* ---- statistics ---- */

static int statistic(lua_State *L, double (*of)(const double *x, size_t n))
{
    lua_settop(L, 1);
    hu_tensor *x = doubles(L, 1, "x");
    hu_lua_push_number(L, of(x->f64, x->n));
    return 1;
}

static int mean(lua_State *L) { return statistic(L, hu_mean); }   /* mean(x) -> number */
static int sd  (lua_State *L) { return statistic(L, hu_sd);   }   /* sd(x) -> number   */
static int ci95(lua_State *L) { return statistic(L, hu_ci95); }   /* ci95(x) -> number */

/* wilson(k, n [, confidence]) -> low, high */
static int wilson(lua_State *L)
{
    lua_Integer n = hu_lua_integer(L, 2, "n", 1, LUA_MAXINTEGER);
    lua_Integer k = hu_lua_integer(L, 1, "k", 0, n);
    double confidence = hu_lua_absent(L, 3) ? 0.95 : hu_lua_number(L, 3, "confidence");
    hu_interval out;
    hu_error err = {0};
    hu_lua_try(L, hu_wilson(&out, (size_t)k, (size_t)n, confidence, &err), &err);
    hu_lua_push_number(L, out.low);
    hu_lua_push_number(L, out.high);
    return 2;
}

/* fit(x, y) -> {intercept=, slope=, slope_se=, r2=} */
static int fit(lua_State *L)
{
    static const field numbers[] = {{"intercept", offsetof(hu_fitted_line, intercept)}, {"slope", offsetof(hu_fitted_line, slope)},
                                    {"slope_se", offsetof(hu_fitted_line, slope_se)}, {"r2", offsetof(hu_fitted_line, r2)}, {NULL, 0}};
    lua_settop(L, 2);
    hu_tensor *x = doubles(L, 1, "x"), *y = doubles(L, 2, "y");
    if (x->n != y->n)
        return luaL_error(L, "fit: %I values of x and %I of y; it takes as many", (LUAI_UACINT)x->n, (LUAI_UACINT)y->n);
    hu_fitted_line line;
    hu_error err = {0};
    hu_lua_try(L, hu_fit_line(&line, x->f64, y->f64, x->n, &err), &err);
    lua_newtable(L);
    set_numbers(L, &line, numbers);
    return 1;
}

/* ---- matrices ---- */

/* svd(a [, {rank=}]) -> u [m][rank], s [rank], v [n][rank] */
static int svd(lua_State *L)
{
    static const char *const keys[] = {"rank", NULL};
    lua_settop(L, 2);
    hu_lua_options(L, 2, keys);
    hu_tensor *a = hu_lua_doubles(L, 1, "a");
    if (a->rank != 2 || a->n == 0)
        return luaL_error(L, "svd: a has %d indices and %I elements; it takes a matrix", a->rank, (LUAI_UACINT)a->n);
    size_t m = a->shape[0], n = a->shape[1], most = m < n ? m : n;
    size_t k = (size_t)hu_lua_option_integer(L, 2, "rank", (lua_Integer)most, 1, (lua_Integer)most);
    hu_tensor *u = hu_lua_make_tensor(L, HU_F64, 2, (size_t[]){m, k}), *s = hu_lua_make_tensor(L, HU_F64, 1, &k);
    hu_tensor *v = hu_lua_make_tensor(L, HU_F64, 2, (size_t[]){n, k});
    hu_error err = {0};
    hu_lua_try(L, hu_svd(u->f64, s->f64, v->f64, k, a->f64, m, n, &err), &err);
    return 3;
}

static const luaL_Reg functions[] = {
    {"error", error_metrics}, {"ulp", ulp},
    {"sharpness_logits", sharpness_logits}, {"sharpness_keskar", sharpness_keskar},
    {"diverged", diverged}, {"spikes", spikes},
    {"mean", mean}, {"sd", sd}, {"ci95", ci95}, {"wilson", wilson}, {"fit", fit},
    {"svd", svd},
    {NULL, NULL},
};

int hu_lua_open_analysis(lua_State *L)
{
    hu_analysis_init();
    luaL_newlib(L, functions);
    return 1;
}
