/* lab-sweep.c - run:sweep of halfulp.core.lab: points read from Lua, their function called, its results kept. */
#include "config.h"   /* first: it asks the system headers for all they have */

#include "lua/lab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/memory.h"
#include "src/base/random.h"
#include "src/lab/best.h"
#include "src/lab/interrupt.h"
#include "src/lab/peers.h"
#include "src/lab/progress.h"
#include "src/lab/workers.h"

#define PLAN "halfulp.plan"

/* The error with which a point's function gives way after it left a checkpoint. */
#define STOPPED "\1stopped"

/* ---- values from Lua into records ---- */

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
            return hu_fail(err, HU_EINVAL, "the parameter '%.60s' is %g; it takes a finite number", name, isnan(lua_tonumber(L, idx)) ? (double)NAN : lua_tonumber(L, idx));
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
    int         jobs;
    plan       *plan;
    hu_run_dir *dir;
    const char *name;                 /* of the sweep */
    hu_progress progress;
    bool        is_terminal, quiet, said_stopping;
    hu_best     best;                 /* without a name: not asked for */
    bool        looked_for_best;      /* in the results of the first point that is done */
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

/* Runs protected: (function, parameters, job, position, outcome) -> fills in the outcome's results. The function gets the
 * parameters and the point's key, and gives the results and the digests of the files that it left. */
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
    lua_pushstring(L, job->plan->points[i].key);
    lua_call(L, 2, 2);
    if (!lua_istable(L, 1))
        return luaL_error(L, "the point's function returned %s; it returns a table of named results, "
                          "for example {error = 0.1}", lua_isnil(L, 1) ? "nothing" : luaL_typename(L, 1));
    hu_lua_try(L, read_record(L, 1, &outcome->results, false, &err), &err);
    if (lua_istable(L, 2))
        hu_lua_try(L, read_record(L, 2, &outcome->artifacts, false, &err), &err);
    hu_lua_push_policies(L);
    if (lua_istable(L, -1))
        hu_lua_try(L, read_record(L, lua_gettop(L), &outcome->policies, false, &err), &err);
    outcome->ok = true;
    return 0;
}

static void work(void *user, size_t i, hu_outcome *outcome)
{
    sweep_job *job = user;
    lua_State *L = job->L;
    int top = lua_gettop(L);
    size_t position = job->plan->todo[i];
    lua_pushnil(L);
    hu_lua_swap_policies(L);            /* those of the script stand below the call, and come back after it */
    lua_pushcfunction(L, hu_lua_error_text);
    lua_pushcfunction(L, compute);
    lua_pushvalue(L, job->function);
    lua_rawgeti(L, job->points, (lua_Integer)position + 1);
    lua_pushlightuserdata(L, job);
    lua_pushinteger(L, (lua_Integer)position);
    lua_pushlightuserdata(L, outcome);
    interruptible = L;
    int status = lua_pcall(L, 5, 0, top + 2);
    interruptible = NULL;
    lua_sethook(L, NULL, 0, 0);
    if (status != LUA_OK) {
        const char *text = lua_tostring(L, -1);
        outcome->ok = false;
        outcome->stopped = text && strcmp(text, STOPPED) == 0;
        snprintf(outcome->failure, sizeof outcome->failure, "%s", text ? text : "an error without a message");
    }
    lua_settop(L, top + 1);
    hu_lua_swap_policies(L);
    lua_settop(L, top);
}

static void show(sweep_job *job, bool last)
{
    char line[640], best[448];
    if (job->quiet || !(last || hu_progress_due(&job->progress, job->is_terminal)))
        return;
    hu_best_text(&job->best, best, sizeof best);
    hu_progress_line(&job->progress, job->best.name[0] ? best : NULL, job->is_terminal ? hu_terminal_columns(STDERR_FILENO) : 0,
                     line, sizeof line);
    fprintf(stderr, job->is_terminal ? "\r%s\033[K" : "%s\n", line);
    fflush(stderr);
}

/* The first signal came: what is happening now, and what a second one would do. */
static void say_stopping(sweep_job *job, int n_running)
{
    if (job->said_stopping || !hu_interrupted() || n_running == 0)
        return;
    job->said_stopping = true;
    fprintf(stderr, "%shalfulp: stopping: %d point%s finish%s or leave%s a checkpoint; again to stop at once\n",
            job->is_terminal && !job->quiet ? "\r\033[K" : "", n_running, n_running == 1 ? "" : "s", n_running == 1 ? "es" : "",
            n_running == 1 ? "s" : "");
}

static void tick(void *user, int n_running)
{
    say_stopping(user, n_running);
    show(user, false);
}

/* A failure in one line: the point and its reason. */
static void failure_line(const char *kind, const hu_point *p, const hu_outcome *outcome, char *line, size_t size)
{
    snprintf(line, size, "%s: %.400s: %s", kind, p->json, outcome->failure);
    for (char *c = line; *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
}

/* Into the store's history and the log. */
static hu_status tell(sweep_job *job, const char *kind, const hu_point *p, const hu_outcome *outcome, hu_error *err)
{
    char line[sizeof outcome->failure + 512];
    failure_line(kind, p, outcome, line, sizeof line);
    hu_status status = hu_store_event(hu_run_dir_store(job->dir), hu_run_dir_run(job->dir), p->key, kind, outcome->failure, err);
    return status == HU_OK ? hu_run_dir_log(job->dir, line, err) : status;
}

static hu_status again(void *user, size_t i, const hu_outcome *outcome, hu_error *err)
{
    sweep_job *job = user;
    const hu_point *p = &job->plan->points[job->plan->todo[i]];
    hu_status status = hu_store_again(hu_run_dir_store(job->dir), p->key, err);
    return status == HU_OK ? tell(job, "tried again", p, outcome, err) : status;
}

/* A result that the first point does not have was misspelled, most likely: told at once, and once. */
static void tell_best(sweep_job *job, const char *line)
{
    job->looked_for_best = true;
    if (job->quiet)
        return;
    fprintf(stderr, "%shalfulp: %s: best: %s\n", job->is_terminal ? "\r\033[K" : "", job->name, line);
    fflush(stderr);
}

static void take_best(sweep_job *job, const hu_record *results, const char *json)
{
    char line[512];
    if (!job->looked_for_best && hu_best_lacks(&job->best, results, line, sizeof line))
        tell_best(job, line);
    job->looked_for_best = true;
    hu_best_take(&job->best, results, json);
}

static hu_status done(void *user, size_t i, const hu_outcome *outcome, hu_error *err)
{
    sweep_job *job = user;
    const hu_point *p = &job->plan->points[job->plan->todo[i]];
    hu_finish f = {.results = &outcome->results, .artifacts = &outcome->artifacts, .policies = &outcome->policies,
                   .run = hu_run_dir_run(job->dir), .failure = outcome->ok ? NULL : outcome->failure,
                   .output = outcome->output[0] ? outcome->output : NULL, .signal = outcome->signal, .seconds = outcome->seconds};
    hu_status status = hu_store_finish(hu_run_dir_store(job->dir), p->key, &f, err);
    if (status != HU_OK)
        return status;
    hu_run_dir_count(job->dir, outcome->ok);
    job->progress.n_done++;
    if (outcome->ok) {
        take_best(job, &outcome->results, p->json);
        hu_run_dir_forget_checkpoint(job->dir, p->key);
    } else {
        char line[sizeof outcome->failure + 512];
        failure_line("failed", p, outcome, line, sizeof line);
        if (job->progress.n_failed++ == 0)
            snprintf(job->first_failure, sizeof job->first_failure, "%.390s", line + strlen("failed: "));
        status = tell(job, "failed", p, outcome, err);
    }
    show(job, false);
    return status;
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

static void read_limits(lua_State *L, hu_work *w)
{
    w->retry = (int)hu_lua_option_integer(L, 2, "retry", 0, 0, 100);
    w->timeout_s = hu_lua_option_number(L, 2, "timeout", 0);
    w->memory_bytes = hu_lua_option_u64(L, 2, "memory", 0);
    if (!(w->timeout_s >= 0 && w->timeout_s < 1e9))
        luaL_error(L, "timeout is %f; it takes seconds, 0 for no limit", w->timeout_s);
}

/* The result whose best point is shown beside the progress, and the best of the points that are done. */
static void read_best(lua_State *L, sweep_job *job)
{
    hu_error err = {0};
    const char *word = hu_lua_option_string(L, 2, "best", NULL);
    if (!word)
        return;
    hu_lua_try(L, hu_best_read(&job->best, word, &err), &err);
    hu_status status = hu_best_look(&job->best, hu_run_dir_store(job->dir), job->name, &err);
    if (status != HU_ENAME)             /* a point that is still to come may have it */
        hu_lua_try(L, status, &err);
    else if (job->plan->n_todo < job->plan->n)
        tell_best(job, err.text);
}

/* Enters the points into the store and notes which are to be computed. */
static void enter_plan(lua_State *L, sweep_job *job, size_t first, size_t stride)
{
    hu_error err = {0};
    hu_lua_try(L, hu_store_plan(hu_run_dir_store(job->dir), hu_run_dir_run(job->dir), job->name, job->plan->points, job->plan->n, first,
                                stride, &err), &err);
    for (size_t i = 0; i < job->plan->n; i++) {
        if (job->plan->points[i].state == HU_POINT_DONE)
            hu_run_dir_count(job->dir, true);
        else
            job->plan->todo[job->plan->n_todo++] = i;
    }
}

/* The digest of all points, which every process of a run has to share. */
static void sign(const plan *p, hu_work *w)
{
    hu_sha256 digest;
    hu_sha256_init(&digest);
    for (size_t i = 0; i < p->n; i++)
        hu_sha256_add(&digest, p->points[i].key, strlen(p->points[i].key));
    hu_sha256_hex(&digest, w->digest);
}

/* The other ranks get the summary and the rows, and go on in their scripts; after an interruption they get nothing. */
static void dismiss(lua_State *L, const sweep_job *job, size_t before)
{
    hu_error err = {0};
    hu_buffer *end = hu_lua_new_buffer(L);
    const uint64_t counts[4] = {job->plan->n, before, job->progress.n_done - job->progress.n_failed, job->progress.n_failed};
    hu_status status = HU_OK;
    if (!hu_interrupted())
        status = hu_lua_pack_sweep(end, counts, job->dir, job->name, &err);
    hu_workers_dismiss(end->data, status == HU_OK ? end->n_bytes : 0);
    hu_lua_try(L, status, &err);
    lua_pop(L, 1);
}

/* The options on the stack at 2, and what the store and the peers know of the points already. */
static void read_job(lua_State *L, sweep_job *job, hu_work *w)
{
    static const char *const keys[] = {"name", "points", "run", "identity", "seed", "jobs", "quiet", "first", "stride", "retry",
                                       "timeout", "memory", "best", NULL};
    hu_lua_table(L, 2, "options", "a table of named options");
    hu_lua_options(L, 2, keys);
    const char *identity = hu_lua_option_string(L, 2, "identity", "");
    job->name = hu_lua_option_string(L, 2, "name", "sweep");
    job->jobs = (int)hu_lua_option_integer(L, 2, "jobs", hu_workers_cores(), 0, 65536);
    size_t first = (size_t)hu_lua_option_integer(L, 2, "first", 0, 0, (lua_Integer)1 << 40);
    size_t stride = (size_t)hu_lua_option_integer(L, 2, "stride", 1, 1, 1 << 20);
    job->seed = hu_lua_option_u64(L, 2, "seed", 0);
    job->quiet = hu_lua_option_boolean(L, 2, "quiet", false);
    read_limits(L, w);
    luaL_argcheck(L, lua_getfield(L, 2, "points") == LUA_TTABLE, 2, "points is a list of tables");
    job->points = lua_gettop(L);
    luaL_argcheck(L, lua_getfield(L, 2, "run") == LUA_TFUNCTION, 2, "run is a function");
    job->function = lua_gettop(L);
    job->plan = read_plan(L, job->points, identity, job->name);
    enter_plan(L, job, first, stride);
    read_best(L, job);
}

static int push_summary(lua_State *L, const sweep_job *job, size_t before)
{
    lua_newtable(L);
    push_count(L, "points", job->plan->n);
    push_count(L, "before", before);
    push_count(L, "done", job->progress.n_done - job->progress.n_failed);
    push_count(L, "failed", job->progress.n_failed);
    lua_pushstring(L, job->first_failure);
    lua_setfield(L, -2, "first_failure");
    return 1;
}

/* run:sweep{name=, points=, run=, identity=, seed=, jobs=, quiet=, first=, stride=, retry=, timeout=, memory=, best=}
 *   -> {points=, before=, done=, failed=, first_failure=}
 * Computes the points that the store does not have as done; they are at the positions first, first + stride, ...
 * of the sweep. */
static int run_sweep(lua_State *L)
{
    hu_error err = {0};
    sweep_job job = {.L = L, .dir = hu_lua_check_run(L), .is_terminal = isatty(STDERR_FILENO) == 1};
    hu_work w = {.work = work, .done = done, .again = again, .tick = tick, .user = &job};
    read_job(L, &job, &w);
    size_t before = job.plan->n - job.plan->n_todo;
    luaL_checkstack(L, 20, NULL);
    hu_progress_start(&job.progress, job.plan->n, before);
    w.places = job.plan->todo;
    sign(job.plan, &w);
    hu_interrupt_catch(on_interrupt);
    hu_status status = hu_workers_run(&w, job.plan->n_todo, job.jobs, &err);
    hu_interrupt_release();
    if (status == HU_OK && hu_peers_size() > 1)
        dismiss(L, &job, before);
    end_line(&job, job.plan->n_todo > 0);
    if (status != HU_OK)
        hu_run_dir_state(job.dir, "failed", NULL);
    hu_lua_try(L, status, &err);
    if (hu_interrupted()) {
        hu_run_dir_state(job.dir, "interrupted", NULL);
        lua_pushliteral(L, "interrupted; run the same command again to continue");
        return lua_error(L);
    }
    return push_summary(L, &job, before);
}

/* lab.serve{...}: run:sweep in a process of another rank than 0; the same options -> the same table, and the sweep's rows */
static int lab_serve(lua_State *L)
{
    hu_error err = {0};
    sweep_job job = {.L = L, .quiet = true};
    hu_work w = {.work = work, .user = &job};
    hu_lua_table(L, 1, "options", "a table of named options");
    lua_pushnil(L);
    lua_insert(L, 1);                   /* as run:sweep finds it */
    job.seed = hu_lua_option_u64(L, 2, "seed", 0);
    read_limits(L, &w);
    int jobs = (int)hu_lua_option_integer(L, 2, "jobs", 1, 0, 65536);
    luaL_argcheck(L, lua_getfield(L, 2, "points") == LUA_TTABLE, 1, "points is a list of tables");
    job.points = lua_gettop(L);
    luaL_argcheck(L, lua_getfield(L, 2, "run") == LUA_TFUNCTION, 1, "run is a function");
    job.function = lua_gettop(L);
    job.plan = read_plan(L, job.points, hu_lua_option_string(L, 2, "identity", ""), hu_lua_option_string(L, 2, "name", "sweep"));
    for (size_t i = 0; i < job.plan->n; i++)
        job.plan->todo[i] = i;
    sign(job.plan, &w);
    hu_buffer *end = hu_lua_new_buffer(L);
    luaL_checkstack(L, 20, NULL);
    hu_interrupt_catch(on_interrupt);
    hu_status status = hu_workers_serve(&w, job.plan->n, jobs > 0 ? jobs : 1, end, &err);
    hu_interrupt_release();
    hu_lua_try(L, status, &err);
    if (end->n_bytes == 0)
        return luaL_error(L, "interrupted; run the same command again to continue");
    return hu_lua_push_sweep(L, end);
}

/* lab.stopping() -> whether the point that runs here is asked to stop: it leaves a checkpoint and raises lab.stopped */
static int lab_stopping(lua_State *L)
{
    lua_pushboolean(L, hu_interrupted() != 0);
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

static const luaL_Reg functions[]   = {{"json", lab_json}, {"stopping", lab_stopping}, {"serve", lab_serve}, {NULL, NULL}};
static const luaL_Reg run_methods[] = {{"sweep", run_sweep}, {NULL, NULL}};
static const luaL_Reg plan_meta[]   = {{"__gc", plan_gc}, {NULL, NULL}};

void hu_lua_lab_sweep(lua_State *L)
{
    hu_lua_new_type(L, PLAN, NULL, NULL, plan_meta);
    hu_lua_extend_type(L, HU_LUA_RUN, run_methods, NULL);
    luaL_setfuncs(L, functions, 0);
    lua_pushliteral(L, STOPPED);
    lua_setfield(L, -2, "stopped");
}
