/* lab.c - halfulp.core.lab: run directories, the points of sweeps and their store, for lua/halfulp/run.lua and sweep.lua. */
#include "config.h"   /* first: it asks the system headers for all they have */

#include "lua/lua.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"
#include "src/base/random.h"
#include "src/lab/build-info.h"
#include "src/lab/interrupt.h"
#include "src/lab/progress.h"
#include "src/lab/run-dir.h"
#include "src/lab/workers.h"

#define RUN  "halfulp.run"
#define PLAN "halfulp.plan"
#define READER "halfulp.reader"

/* ---- values between Lua and records ---- */

/* A list of numbers at idx, or an array, as a series. */
static hu_status add_series(lua_State *L, int idx, hu_record *r, const char *name, hu_error *err)
{
    const hu_tensor *t = hu_lua_test_tensor(L, idx);
    size_t n = t ? t->n : (size_t)lua_rawlen(L, idx);
    hu_status status = hu_record_series(r, name, NULL, n, t ? (t->rank > 0 ? t->rank : 1) : 0,
                                        t && t->rank > 0 ? t->shape : (size_t[]){1}, err);
    if (status != HU_OK)
        return status;
    double *data = r->values[r->n - 1].data;
    for (size_t i = 0; i < n; i++) {
        if (t) {
            data[i] = hu_tensor_get(t, i);
            continue;
        }
        bool is_number = lua_rawgeti(L, idx, (lua_Integer)i + 1) == LUA_TNUMBER;
        data[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
        if (!is_number)
            return hu_fail(err, HU_EINVAL, "'%.60s' is a table whose element %zu is no number; "
                           "a list holds numbers only", name, i + 1);
    }
    return HU_OK;
}

/* Adds the value at idx (absolute) under that name. */
static hu_status add_value(lua_State *L, int idx, hu_record *r, const char *name, bool is_param, hu_error *err)
{
    size_t length;
    const char *text;
    switch (lua_type(L, idx)) {
    case LUA_TBOOLEAN:
        return hu_record_integer(r, name, lua_toboolean(L, idx), err);
    case LUA_TNUMBER:
        if (lua_isinteger(L, idx))
            return hu_record_integer(r, name, lua_tointeger(L, idx), err);
        if (is_param && !isfinite(lua_tonumber(L, idx)))
            return hu_fail(err, HU_EINVAL, "the parameter '%.60s' is %g; it takes a finite number", name, lua_tonumber(L, idx));
        return hu_record_real(r, name, lua_tonumber(L, idx), err);
    case LUA_TSTRING:
        text = lua_tolstring(L, idx, &length);
        return hu_record_text(r, name, text, length, err);
    default:
        if (!is_param && (lua_istable(L, idx) || hu_lua_test_tensor(L, idx)))
            return add_series(L, idx, r, name, err);
        return hu_fail(err, HU_EINVAL, "'%.60s' is a %s; it takes a number, a string, true or false%s", name,
                       luaL_typename(L, idx), is_param ? "" : ", a list of numbers or an array");
    }
}

/* The named values of the table at idx. true and false as parameters stay what they are through `params`. */
static hu_status read_record(lua_State *L, int idx, hu_record *r, bool is_param, hu_error *err)
{
    hu_status status = HU_OK;
    luaL_checkstack(L, 8, NULL);
    for (lua_pushnil(L); status == HU_OK && lua_next(L, idx); lua_pop(L, status == HU_OK ? 1 : 2)) {
        if (lua_type(L, -2) == LUA_TSTRING)
            status = add_value(L, lua_gettop(L), r, lua_tostring(L, -2), is_param, err);
        else
            status = hu_fail(err, HU_EINVAL, "a %s has the key %s; values have names, for example {error = 0.1}",
                             is_param ? "point" : "result", luaL_tolstring(L, -2, NULL)), lua_pop(L, 1);
    }
    if (status == HU_OK)
        hu_record_sort(r);
    return status;
}

static void push_series(lua_State *L, const hu_value *v)
{
    if (v->rank > 0) {
        const hu_tensor *t = hu_lua_make_tensor(L, HU_F64, v->rank, v->shape);
        if (v->n > 0)
            memcpy(t->f64, v->data, v->n * sizeof(double));
        return;
    }
    lua_createtable(L, v->n < INT_MAX ? (int)v->n : 0, 0);
    for (size_t i = 0; i < v->n; i++) {
        lua_pushnumber(L, ((const double *)v->data)[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_record(lua_State *L, const hu_record *r)
{
    lua_createtable(L, 0, (int)r->n);
    for (size_t i = 0; i < r->n; i++) {
        const hu_value *v = &r->values[i];
        if (v->kind == HU_VALUE_INTEGER)
            lua_pushinteger(L, v->integer);
        else if (v->kind == HU_VALUE_REAL)
            lua_pushnumber(L, v->real);
        else if (v->kind == HU_VALUE_TEXT)
            lua_pushlstring(L, v->data, v->n);
        else
            push_series(L, v);
        lua_setfield(L, -2, v->name);
    }
}

/* ---- the points of a sweep ---- */

typedef struct plan {
    hu_point *points;
    size_t    n;
    size_t   *todo;         /* positions of the points that are to be computed */
    size_t    n_todo;
} plan;

static int plan_gc(lua_State *L)
{
    plan *p = luaL_checkudata(L, 1, PLAN);
    for (size_t i = 0; i < p->n; i++) {
        hu_record_clear(&p->points[i].params);
        hu_free(p->points[i].json);
    }
    hu_free(p->points);
    hu_free(p->todo);
    *p = (plan){0};
    return 0;
}

static hu_status read_point(lua_State *L, int idx, hu_point *p, const char *identity, const char *sweep, hu_error *err)
{
    hu_buffer json = {0};
    hu_sha256 digest;
    hu_status status = read_record(L, idx, &p->params, true, err);
    if (status != HU_OK)
        return status;
    hu_record_json(&p->params, &json);
    if (json.failed) {
        hu_buffer_clear(&json);
        return hu_fail(err, HU_ENOMEM, "out of memory for the points of the sweep");
    }
    p->json = json.data;
    hu_sha256_init(&digest);
    hu_sha256_add(&digest, identity, strlen(identity) + 1);
    hu_sha256_add(&digest, sweep, strlen(sweep) + 1);
    hu_sha256_add(&digest, p->json, json.n_bytes);
    hu_sha256_hex(&digest, p->key);
    return HU_OK;
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const hu_point *const *)a)->key, (*(const hu_point *const *)b)->key);
}

/* Two points with the same parameters would be one row of the store. */
static hu_status check_unique(const plan *p, hu_error *err)
{
    const hu_point **order = hu_calloc(p->n, sizeof *order);
    hu_status status = HU_OK;
    if (!order)
        return hu_fail(err, HU_ENOMEM, "out of memory for the points of the sweep");
    for (size_t i = 0; i < p->n; i++)
        order[i] = &p->points[i];
    if (p->n > 1)
        qsort(order, p->n, sizeof *order, by_key);
    for (size_t i = 1; i < p->n && status == HU_OK; i++)
        if (strcmp(order[i]->key, order[i - 1]->key) == 0)
            status = hu_fail(err, HU_EINVAL, "the sweep has the point %.160s twice", order[i]->json);
    hu_free(order);
    return status;
}

/* The list of points at idx, as a plan that is pushed. */
static plan *read_plan(lua_State *L, int idx, const char *identity, const char *sweep)
{
    hu_error err = {0};
    size_t n = (size_t)lua_rawlen(L, idx);
    plan *p = hu_lua_new_box(L, PLAN, sizeof *p, 0);
    p->points = hu_calloc(n, sizeof *p->points);
    p->todo = hu_calloc(n, sizeof *p->todo);
    if (!p->points || !p->todo)
        luaL_error(L, "out of memory for the %d points of the sweep", (int)n);
    p->n = n;
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i + 1);
        hu_lua_table(L, -1, "point", "a table of parameters");
        hu_lua_try(L, read_point(L, lua_gettop(L), &p->points[i], identity, sweep, &err), &err);
        lua_pop(L, 1);
    }
    hu_lua_try(L, check_unique(p, &err), &err);
    return p;
}

/* ---- running them ---- */

typedef struct sweep_job {
    lua_State  *L;
    int         points, function;     /* where they are on the stack */
    uint64_t    seed;
    plan       *plan;
    hu_run_dir *dir;
    hu_progress progress;
    bool        is_terminal, quiet;
    char        first_failure[400];
} sweep_job;

static lua_State *interruptible;

static void stop_script(lua_State *L, lua_Debug *where)
{
    (void)where;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted");
}

/* From the signal handler: the running function stops at its next step. */
static void on_interrupt(void)
{
    lua_State *L = interruptible;
    if (L)
        lua_sethook(L, stop_script, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* Runs protected: (function, parameters, job, position, outcome) -> fills in the outcome's results. */
static int compute(lua_State *L)
{
    const sweep_job *job = lua_touserdata(L, 3);
    size_t i = (size_t)lua_tointeger(L, 4);
    hu_outcome *outcome = lua_touserdata(L, 5);
    hu_error err = {0};
    lua_Integer seed = (lua_Integer)(hu_random_derive(job->seed, job->plan->points[i].json) >> 11);
    lua_settop(L, 2);
    lua_newtable(L);                                    /* the function gets a copy: it may change it */
    for (lua_pushnil(L); lua_next(L, 2);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, 3);
    }
    lua_pushinteger(L, seed);
    lua_setfield(L, 3, "run_seed");
    lua_getglobal(L, "math");                           /* math.random, too, starts from the point's seed */
    if (lua_istable(L, -1) && lua_getfield(L, -1, "randomseed") == LUA_TFUNCTION) {
        lua_pushinteger(L, seed);
        lua_call(L, 1, 0);
    }
    lua_settop(L, 3);
    lua_remove(L, 2);
    lua_call(L, 1, 1);
    if (!lua_istable(L, 1))
        return luaL_error(L, "the point's function returned %s; it returns a table of named results, "
                          "for example {error = 0.1}", lua_isnil(L, 1) ? "nothing" : luaL_typename(L, 1));
    hu_lua_try(L, read_record(L, 1, &outcome->results, false, &err), &err);
    outcome->ok = true;
    return 0;
}

static int text_of(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

static void work(void *user, size_t i, hu_outcome *outcome)
{
    sweep_job *job = user;
    lua_State *L = job->L;
    int top = lua_gettop(L);
    size_t position = job->plan->todo[i];
    lua_pushcfunction(L, text_of);
    lua_pushcfunction(L, compute);
    lua_pushvalue(L, job->function);
    lua_rawgeti(L, job->points, (lua_Integer)position + 1);
    lua_pushlightuserdata(L, job);
    lua_pushinteger(L, (lua_Integer)position);
    lua_pushlightuserdata(L, outcome);
    interruptible = L;
    int status = lua_pcall(L, 5, 0, top + 1);
    interruptible = NULL;
    lua_sethook(L, NULL, 0, 0);
    if (status != LUA_OK) {
        const char *text = lua_tostring(L, -1);
        outcome->ok = false;
        snprintf(outcome->failure, sizeof outcome->failure, "%s", text ? text : "an error without a message");
    }
    lua_settop(L, top);
}

static void show(sweep_job *job, bool last)
{
    char line[160];
    if (job->quiet || !(last || hu_progress_due(&job->progress, job->is_terminal)))
        return;
    hu_progress_line(&job->progress, line, sizeof line);
    fprintf(stderr, job->is_terminal ? "\r%.78s\033[K" : "%s\n", line);
    fflush(stderr);
}

static void tick(void *user, int n_running)
{
    (void)n_running;
    show(user, false);
}

static hu_status done(void *user, size_t i, const hu_outcome *outcome, hu_error *err)
{
    sweep_job *job = user;
    const hu_point *p = &job->plan->points[job->plan->todo[i]];
    const char *failure = outcome->ok ? NULL : outcome->failure;
    hu_status status = hu_store_finish(hu_run_dir_store(job->dir), p->key, &outcome->results, failure, outcome->seconds, err);
    if (status != HU_OK)
        return status;
    hu_run_dir_count(job->dir, outcome->ok);
    job->progress.n_done++;
    if (failure) {
        char line[sizeof outcome->failure + 512];
        snprintf(line, sizeof line, "failed: %.400s: %s", p->json, failure);
        for (char *c = line; *c; c++)
            if (*c == '\n' || *c == '\t')
                *c = ' ';
        if (job->progress.n_failed++ == 0)
            snprintf(job->first_failure, sizeof job->first_failure, "%.390s", line + strlen("failed: "));
        status = hu_run_dir_log(job->dir, line, err);
    }
    show(job, false);
    return status;
}

/* ---- the run directory ---- */

typedef struct run_box {
    hu_run_dir *dir;
} run_box;

static hu_run_dir *check_run(lua_State *L)
{
    run_box *box = luaL_checkudata(L, 1, RUN);
    if (!box->dir)
        luaL_error(L, "the run directory is closed");
    return box->dir;
}

/* run:close(): writes the last manifest. */
static int run_close(lua_State *L)
{
    run_box *box = luaL_checkudata(L, 1, RUN);
    hu_run_dir *dir = box->dir;
    hu_error err = {0};
    box->dir = NULL;
    hu_lua_try(L, hu_run_dir_close(dir, &err), &err);
    return 0;
}

static int run_gc(lua_State *L)
{
    run_box *box = luaL_checkudata(L, 1, RUN);
    hu_run_dir_close(box->dir, NULL);
    box->dir = NULL;
    return 0;
}

/* lab.open{dir=, script=, sha256=, command=, parameters=, seed=, jobs=} -> run. The texts stay referenced by the run. */
static int lab_open(lua_State *L)
{
    static const char *const keys[] = {"dir", "script", "sha256", "command", "parameters", "seed", "jobs", NULL};
    hu_error err = {0};
    hu_lua_table(L, 1, "options", "a table of named options");
    hu_lua_options(L, 1, keys);
    hu_run_facts facts = {
        .script = hu_lua_option_string(L, 1, "script", ""),
        .command = hu_lua_option_string(L, 1, "command", ""),
        .parameters = hu_lua_option_string(L, 1, "parameters", "{}"),
        .seed = hu_lua_option_u64(L, 1, "seed", 0),
        .jobs = (int)hu_lua_option_integer(L, 1, "jobs", 1, 1, 65536),
    };
    snprintf(facts.script_sha256, sizeof facts.script_sha256, "%s", hu_lua_option_string(L, 1, "sha256", ""));
    const char *dir = hu_lua_option_string(L, 1, "dir", "results");
    run_box *box = hu_lua_new_box(L, RUN, sizeof *box, 1);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    box->dir = hu_run_dir_open(dir, &facts, &err);
    if (!box->dir)
        hu_lua_raise(L, &err);
    return 1;
}

/* run:log(line) */
static int run_log(lua_State *L)
{
    hu_error err = {0};
    hu_run_dir *dir = check_run(L);
    hu_lua_try(L, hu_run_dir_log(dir, hu_lua_string(L, 2, "line"), &err), &err);
    return 0;
}

/* run:state(text): "running", "finished", "failed" or "interrupted", into the manifest */
static int run_state(lua_State *L)
{
    static const char *const states[] = {"running", "finished", "failed", "interrupted", NULL};
    hu_error err = {0};
    hu_run_dir *dir = check_run(L);
    hu_lua_try(L, hu_run_dir_state(dir, states[hu_lua_choice(L, 2, "state", states)], &err), &err);
    return 0;
}

static void push_count(lua_State *L, const char *name, size_t n)
{
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, name);
}

static void end_line(const sweep_job *job, bool ran)
{
    if (job->is_terminal && !job->quiet && ran)
        fputs("\r\033[K", stderr);
}

/* run:sweep{name=, points=, run=, identity=, seed=, jobs=, quiet=}
 *   -> {points=, before=, done=, failed=, first_failure=}
 * Computes the points that the store does not have as done. */
static int run_sweep(lua_State *L)
{
    static const char *const keys[] = {"name", "points", "run", "identity", "seed", "jobs", "quiet", NULL};
    hu_error err = {0};
    sweep_job job = {.L = L, .dir = check_run(L), .is_terminal = isatty(STDERR_FILENO) == 1};
    hu_lua_table(L, 2, "options", "a table of named options");
    hu_lua_options(L, 2, keys);
    const char *name = hu_lua_option_string(L, 2, "name", "sweep");
    const char *identity = hu_lua_option_string(L, 2, "identity", "");
    int jobs = (int)hu_lua_option_integer(L, 2, "jobs", hu_workers_cores(), 1, 65536);
    job.seed = hu_lua_option_u64(L, 2, "seed", 0);
    job.quiet = hu_lua_option_boolean(L, 2, "quiet", false);
    luaL_argcheck(L, lua_getfield(L, 2, "points") == LUA_TTABLE, 2, "points is a list of tables");
    job.points = lua_gettop(L);
    luaL_argcheck(L, lua_getfield(L, 2, "run") == LUA_TFUNCTION, 2, "run is a function");
    job.function = lua_gettop(L);
    job.plan = read_plan(L, job.points, identity, name);
    hu_lua_try(L, hu_store_plan(hu_run_dir_store(job.dir), hu_run_dir_run(job.dir), name, job.plan->points, job.plan->n,
                                &err), &err);
    for (size_t i = 0; i < job.plan->n; i++) {
        if (job.plan->points[i].state == HU_POINT_DONE)
            hu_run_dir_count(job.dir, true);
        else
            job.plan->todo[job.plan->n_todo++] = i;
    }
    size_t before = job.plan->n - job.plan->n_todo;
    hu_work w = {.work = work, .done = done, .tick = tick, .user = &job};
    luaL_checkstack(L, 20, NULL);
    hu_progress_start(&job.progress, job.plan->n, before);
    hu_interrupt_catch(on_interrupt);
    hu_status status = hu_workers_run(&w, job.plan->n_todo, jobs, &err);
    hu_interrupt_release();
    end_line(&job, job.plan->n_todo > 0);
    if (status != HU_OK)
        hu_run_dir_state(job.dir, "failed", NULL);
    hu_lua_try(L, status, &err);
    if (hu_interrupted()) {
        hu_run_dir_state(job.dir, "interrupted", NULL);
        lua_pushliteral(L, "interrupted; run the same command again to continue");
        return lua_error(L);
    }
    lua_newtable(L);
    push_count(L, "points", job.plan->n);
    push_count(L, "before", before);
    push_count(L, "done", job.progress.n_done - job.progress.n_failed);
    push_count(L, "failed", job.progress.n_failed);
    lua_pushstring(L, job.first_failure);
    lua_setfield(L, -2, "first_failure");
    return 1;
}

/* ---- reading ---- */

/* Runs protected: (list, row) -> appends the row as a table. */
static int append_row(lua_State *L)
{
    const hu_row *row = lua_touserdata(L, 2);
    static const char *const states[] = {"planned", "done", "failed"};
    lua_newtable(L);
    lua_pushstring(L, row->sweep);
    lua_setfield(L, -2, "sweep");
    lua_pushstring(L, row->key);
    lua_setfield(L, -2, "key");
    lua_pushstring(L, row->json);
    lua_setfield(L, -2, "json");
    lua_pushstring(L, states[row->state]);
    lua_setfield(L, -2, "state");
    lua_pushstring(L, row->failure);
    lua_setfield(L, -2, "failure");
    lua_pushnumber(L, row->seconds);
    lua_setfield(L, -2, "seconds");
    push_record(L, &row->params);
    lua_setfield(L, -2, "params");
    push_record(L, &row->results);
    lua_setfield(L, -2, "results");
    lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
    return 0;
}

static hu_status visit_row(void *user, const hu_row *row, hu_error *err)
{
    lua_State *L = user;           /* the list is on top of the stack */
    lua_pushcfunction(L, append_row);
    lua_pushvalue(L, -2);
    lua_pushlightuserdata(L, (void *)(uintptr_t)row);
    if (lua_pcall(L, 2, 0, 0) == LUA_OK)
        return HU_OK;
    hu_status status = hu_fail(err, HU_ENOMEM, "%.200s", lua_tostring(L, -1));
    lua_pop(L, 1);
    return status;
}

/* run:rows([sweep]) -> list of rows of this run */
static int run_rows(lua_State *L)
{
    hu_error err = {0};
    hu_run_dir *dir = check_run(L);
    const char *sweep = hu_lua_absent(L, 2) ? NULL : hu_lua_string(L, 2, "sweep");
    luaL_checkstack(L, 20, NULL);
    lua_newtable(L);
    hu_lua_try(L, hu_store_each(hu_run_dir_store(dir), hu_run_dir_run(dir), sweep, visit_row, L, &err), &err);
    return 1;
}

/* A store opened for reading, and a text: in a box, so that an error of Lua leaks neither. */
typedef struct reader {
    hu_store *store;
    char     *text;
} reader;

static int reader_gc(lua_State *L)
{
    reader *r = luaL_checkudata(L, 1, READER);
    hu_store_close(r->store, NULL);
    hu_free(r->text);
    *r = (reader){0};
    return 0;
}

/* lab.read(file) -> rows of the latest run, its manifest as JSON text. Opens the store for reading only. */
static int lab_read(lua_State *L)
{
    hu_error err = {0};
    const char *path = hu_lua_string(L, 1, "file");
    luaL_checkstack(L, 20, NULL);
    reader *r = hu_lua_new_box(L, READER, sizeof *r, 0);
    lua_newtable(L);
    if (!(r->store = hu_store_open(path, false, &err)) || !(r->text = hu_store_latest(r->store, &err)))
        hu_lua_raise(L, &err);
    hu_lua_try(L, hu_store_each(r->store, 0, NULL, visit_row, L, &err), &err);
    hu_store_close(r->store, NULL);
    r->store = NULL;
    lua_pushstring(L, r->text);
    return 2;
}

/* ---- small helpers for the Lua side ---- */

/* lab.sha256(text) -> 64 hexadecimal digits */
static int lab_sha256(lua_State *L)
{
    size_t n;
    char hex[HU_SHA256_HEX];
    const char *text = luaL_checklstring(L, 1, &n);
    hu_sha256_of(text, n, hex);
    lua_pushstring(L, hex);
    return 1;
}

/* lab.sha256_file(path) -> 64 hexadecimal digits; nil, message where the file cannot be read */
static int lab_sha256_file(lua_State *L)
{
    char hex[HU_SHA256_HEX];
    hu_error err = {0};
    if (hu_sha256_file(hu_lua_string(L, 1, "path"), hex, &err) != HU_OK) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    lua_pushstring(L, hex);
    return 1;
}

/* lab.write_file(path, text): as a whole or not at all */
static int lab_write_file(lua_State *L)
{
    size_t n;
    hu_error err = {0};
    const char *path = hu_lua_string(L, 1, "path");
    const char *text = luaL_checklstring(L, 2, &n);
    hu_lua_try(L, hu_write_file(path, text, n, &err), &err);
    return 0;
}

/* lab.make_folders(path) */
static int lab_make_folders(lua_State *L)
{
    hu_error err = {0};
    hu_lua_try(L, hu_make_folders(hu_lua_string(L, 1, "path"), &err), &err);
    return 0;
}

/* lab.files(folder) -> names in order; nil where it cannot be read */
static int lab_files(lua_State *L)
{
    const char *folder = hu_lua_string(L, 1, "folder");
    reader *r = hu_lua_new_box(L, READER, sizeof *r, 0);
    struct dirent **entries = NULL;
    hu_buffer names = {0};
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        hu_buffer_text(&names, entries[i]->d_name);
        hu_buffer_text(&names, "/");
        free(entries[i]);
    }
    free(entries);
    r->text = names.data;
    if (names.failed)
        return luaL_error(L, "out of memory");
    if (n < 0)
        return 0;
    lua_newtable(L);
    const char *at = r->text ? r->text : "";
    for (int i = 1; *at; i++) {
        size_t length = strcspn(at, "/");
        lua_pushlstring(L, at, length);
        lua_rawseti(L, -2, i);
        at += length + 1;
    }
    return 1;
}

/* lab.derive(seed, text) -> a seed of 53 bits */
static int lab_derive(lua_State *L)
{
    uint64_t seed = hu_lua_u64(L, 1, "seed");
    lua_pushinteger(L, (lua_Integer)(hu_random_derive(seed, hu_lua_string(L, 2, "text")) >> 11));
    return 1;
}

/* lab.json(table) -> canonical JSON of a table of named numbers, strings and booleans */
static int lab_json(lua_State *L)
{
    hu_error err = {0};
    hu_lua_table(L, 1, "values", "a table of named values");
    plan *p = hu_lua_new_box(L, PLAN, sizeof *p, 0);
    if (!(p->points = hu_calloc(1, sizeof *p->points)))
        return luaL_error(L, "out of memory");
    p->n = 1;
    hu_lua_try(L, read_point(L, 1, p->points, "", "", &err), &err);
    lua_pushstring(L, p->points[0].json);
    return 1;
}

/* lab.nearest(wanted, names) -> the name that is meant, or nil */
static int lab_nearest(lua_State *L)
{
    hu_nearest near = hu_nearest_to(hu_lua_string(L, 1, "wanted"));
    hu_lua_table(L, 2, "names", "a list of strings");
    lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 2, i);
        hu_nearest_offer(&near, hu_lua_string(L, -1, "name"));   /* stays valid: the list holds it */
        lua_pop(L, 1);
    }
    lua_pushstring(L, near.best);
    return 1;
}

static int lab_cores(lua_State *L)
{
    lua_pushinteger(L, hu_workers_cores());
    return 1;
}

static const luaL_Reg functions[] = {
    {"open", lab_open},
    {"read", lab_read},
    {"sha256", lab_sha256},
    {"sha256_file", lab_sha256_file},
    {"write_file", lab_write_file},
    {"make_folders", lab_make_folders},
    {"files", lab_files},
    {"derive", lab_derive},
    {"json", lab_json},
    {"nearest", lab_nearest},
    {"cores", lab_cores},
    {NULL, NULL},
};

static const luaL_Reg run_methods[] = {
    {"close", run_close},
    {"log", run_log},
    {"state", run_state},
    {"sweep", run_sweep},
    {"rows", run_rows},
    {NULL, NULL},
};

static int run_path(lua_State *L)
{
    lua_pushstring(L, hu_run_dir_path(check_run(L)));
    return 1;
}

static const luaL_Reg run_fields[] = {
    {"path", run_path},
    {NULL, NULL},
};

static const luaL_Reg run_meta[] = {{"__gc", run_gc}, {NULL, NULL}};
static const luaL_Reg plan_meta[] = {{"__gc", plan_gc}, {NULL, NULL}};
static const luaL_Reg reader_meta[] = {{"__gc", reader_gc}, {NULL, NULL}};

int hu_lua_open_lab(lua_State *L)
{
    hu_lua_new_type(L, RUN, run_methods, run_fields, run_meta);
    hu_lua_new_type(L, PLAN, NULL, NULL, plan_meta);
    hu_lua_new_type(L, READER, NULL, NULL, reader_meta);
    luaL_newlib(L, functions);
    const struct { const char *name, *value; } facts[] = {
        {"version", hu_build.version}, {"commit", hu_build.commit}, {"numerics", hu_build.numerics},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        lua_pushstring(L, facts[i].value);
        lua_setfield(L, -2, facts[i].name);
    }
    return 1;
}
