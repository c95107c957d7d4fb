/* fit.c - nonlinear least squares in Lua: the model is a Lua function. */
#include <string.h>

#include "lua/lua.h"
#include "src/analysis/least-squares.h"

/* Residuals written in Lua, called from C that holds memory: what they raise is caught, kept on the stack and raised again
 * when that memory is released. */
typedef struct callback {
    lua_State *L;
    int        function;          /* where call_residuals is on the stack */
    size_t     n_parameters, n;
    const double *p;
    double    *residual;
    bool       raised;            /* the error is on top of the stack     */
} callback;

static void push_numbers(lua_State *L, const double *x, size_t n)
{
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        hu_lua_push_number(L, x[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* One call: (callback) -> nothing, with the residuals filled. */
static int call_residuals(lua_State *L)
{
    callback *c = lua_touserdata(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    push_numbers(L, c->p, c->n_parameters);
    lua_call(L, 1, 1);
    hu_lua_table(L, 2, "what the residuals return", "a table of numbers");
    for (size_t i = 0; i < c->n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        c->residual[i] = hu_lua_number(L, -1, "residual");
        lua_pop(L, 1);
    }
    return 0;
}

static hu_status residuals_in_lua(void *context, const double *p, double *residual, hu_error *err)
{
    callback *c = context;
    c->p = p, c->residual = residual;
    lua_pushvalue(c->L, c->function);
    lua_pushlightuserdata(c->L, c);
    c->raised = lua_pcall(c->L, 1, 0, 0) != LUA_OK;
    return c->raised ? hu_fail(err, HU_EINVAL, "the model raised an error") : HU_OK;
}

static hu_least_squares_options read_options(lua_State *L, int idx)
{
    static const char *const keys[] = {"huber", "iterations", "tolerance", "confidence", NULL};
    hu_lua_options(L, idx, keys);
    hu_least_squares_options o = hu_least_squares_default();
    o.huber          = hu_lua_option_number(L, idx, "huber", o.huber);
    o.max_iterations = (int)hu_lua_option_integer(L, idx, "iterations", o.max_iterations, 1, 1000000);
    o.tolerance      = hu_lua_option_number(L, idx, "tolerance", o.tolerance);
    o.confidence     = hu_lua_option_number(L, idx, "confidence", o.confidence);
    return o;
}

static void push_result(lua_State *L, const hu_least_squares_result *r, const double *p, const double *half_width, const double *covariance,
                        size_t n)
{
    lua_newtable(L);
    hu_lua_set_number(L, "cost", r->cost);
    hu_lua_set_number(L, "rms", r->rms);
    hu_lua_set_number(L, "sigma", r->sigma);
    hu_lua_set_integer(L, "iterations", r->iterations);
    lua_pushboolean(L, r->converged);
    lua_setfield(L, -2, "converged");
    push_numbers(L, p, n);
    lua_setfield(L, -2, "parameters");
    push_numbers(L, half_width, n);
    lua_setfield(L, -2, "half_width");
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        push_numbers(L, covariance + i * n, n);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "covariance");
}

enum { MAX_PARAMETERS = 100, MAX_MEASUREMENTS = 10000000 };

/* least_squares(residuals, start, n [, options]) -> {parameters=, half_width=, covariance=, cost=, rms=, sigma=, iterations=, converged=} */
static int least_squares(lua_State *L)
{
    lua_settop(L, 4);
    if (lua_type(L, 1) != LUA_TFUNCTION)
        hu_lua_bad(L, 1, "residuals", "a function of a table of parameters, which returns a table of numbers");
    hu_least_squares_options options = read_options(L, 4);
    size_t n = (size_t)hu_lua_integer(L, 3, "n", 1, MAX_MEASUREMENTS);
    hu_tensor *start = hu_lua_doubles(L, 2, "start");
    size_t m = start->n;
    if (m > MAX_PARAMETERS)
        return luaL_error(L, "fit: %I parameters; it takes at most %d", (LUAI_UACINT)m, MAX_PARAMETERS);
    double *p = lua_newuserdatauv(L, (m + 2) * m * sizeof *p, 0), *half_width = p + m, *covariance = half_width + m;
    memcpy(p, start->f64, m * sizeof *p);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, call_residuals, 1);
    luaL_checkstack(L, 8, NULL);
    callback c = {.L = L, .function = lua_gettop(L), .n_parameters = m, .n = n};
    hu_least_squares_result result;
    hu_error err = {0};
    hu_status status = hu_least_squares(p, m, n, residuals_in_lua, &c, &options, covariance, half_width, &result, &err);
    if (c.raised)
        return lua_error(L);
    hu_lua_try(L, status, &err);
    push_result(L, &result, p, half_width, covariance, m);
    return 1;
}

static const luaL_Reg functions[] = {{"least_squares", least_squares}, {NULL, NULL}};

int hu_lua_open_fit(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
