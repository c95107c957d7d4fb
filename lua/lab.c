/* lab.c - halfulp.core.lab: run directories and what is in their stores, and small helpers of lua/halfulp. */
#include "config.h"   /* first: it asks the system headers for all they have */

#include "lua/lab.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/format.h"
#include "src/base/memory.h"
#include "src/base/nearest.h"
#include "src/base/random.h"
#include "src/lab/build-info.h"
#include "src/lab/workers.h"

#define READER "halfulp.reader"

/* ---- the run directory ---- */

typedef struct run_box {
    hu_run_dir *dir;
} run_box;

hu_run_dir *hu_lua_check_run(lua_State *L)
{
    run_box *box = luaL_checkudata(L, 1, HU_LUA_RUN);
    if (!box->dir)
        luaL_error(L, "the run directory is closed");
    return box->dir;
}

/* ---- policies of training runs ---- */

static const char noted;         /* its address is the table's key in the registry */

void hu_lua_push_policies(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &noted);
}

void hu_lua_swap_policies(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &noted);
    lua_insert(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &noted);
}

void hu_lua_note_policy(lua_State *L, const char *digest, const char *text)
{
    hu_lua_push_policies(L);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &noted);
    }
    lua_pushstring(L, text);
    lua_setfield(L, -2, digest);
    lua_pop(L, 1);
}

/* Those of the script itself, into the store. */
static void keep_policies(lua_State *L, hu_run_dir *dir)
{
    hu_error err = {0};
    hu_lua_push_policies(L);
    if (lua_istable(L, -1))
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            hu_lua_try(L, hu_store_policy(hu_run_dir_store(dir), hu_run_dir_run(dir), NULL, lua_tostring(L, -2), lua_tostring(L, -1), &err), &err);
    lua_pop(L, 1);
    lua_pushnil(L);
    hu_lua_swap_policies(L);
    lua_pop(L, 1);
}

/* run:close(): writes the last manifest. */
static int run_close(lua_State *L)
{
    run_box *box = luaL_checkudata(L, 1, HU_LUA_RUN);
    hu_run_dir *dir = box->dir;
    hu_error err = {0};
    if (dir)
        keep_policies(L, dir);
    box->dir = NULL;
    hu_lua_try(L, hu_run_dir_close(dir, &err), &err);
    return 0;
}

static int run_gc(lua_State *L)
{
    run_box *box = luaL_checkudata(L, 1, HU_LUA_RUN);
    hu_run_dir_close(box->dir, NULL);
    box->dir = NULL;
    return 0;
}

/* lab.open{dir=, script=, sha256=, command=, parameters=, seed=, jobs=} -> run. The texts stay referenced by the run, in
 * a table of its own: that of the caller may change. */
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
        .jobs = (int)hu_lua_option_integer(L, 1, "jobs", 1, 0, 65536),
    };
    snprintf(facts.script_sha256, sizeof facts.script_sha256, "%s", hu_lua_option_string(L, 1, "sha256", ""));
    const char *dir = hu_lua_option_string(L, 1, "dir", "results");
    run_box *box = hu_lua_new_box(L, HU_LUA_RUN, sizeof *box, 1);
    lua_newtable(L);
    for (int i = 0; keys[i]; i++) {
        lua_pushstring(L, keys[i]);
        lua_rawget(L, 1);
        lua_setfield(L, -2, keys[i]);
    }
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
    hu_run_dir *dir = hu_lua_check_run(L);
    hu_lua_try(L, hu_run_dir_log(dir, hu_lua_string(L, 2, "line"), &err), &err);
    return 0;
}

/* run:keep_script(text): into the store, for a report that is written without the script */
static int run_keep_script(lua_State *L)
{
    hu_error err = {0};
    hu_run_dir *dir = hu_lua_check_run(L);
    hu_lua_try(L, hu_store_event(hu_run_dir_store(dir), hu_run_dir_run(dir), NULL, "script", hu_lua_string(L, 2, "text"), &err), &err);
    return 0;
}

/* run:state(text): "running", "finished", "failed" or "interrupted", into the manifest */
static int run_state(lua_State *L)
{
    static const char *const states[] = {"running", "finished", "failed", "interrupted", NULL};
    hu_error err = {0};
    hu_run_dir *dir = hu_lua_check_run(L);
    keep_policies(L, dir);
    hu_lua_try(L, hu_run_dir_state(dir, states[hu_lua_choice(L, 2, "state", states)], &err), &err);
    return 0;
}

/* ---- reading ---- */

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
        hu_lua_push_number(L, ((const double *)v->data)[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void hu_lua_push_record(lua_State *L, const hu_record *r)
{
    lua_createtable(L, 0, (int)r->n);
    for (size_t i = 0; i < r->n; i++) {
        const hu_value *v = &r->values[i];
        if (v->kind == HU_VALUE_INTEGER)
            lua_pushinteger(L, v->integer);
        else if (v->kind == HU_VALUE_REAL)
            hu_lua_push_number(L, v->real);
        else if (v->kind == HU_VALUE_TEXT)
            lua_pushlstring(L, v->data, v->n);
        else
            push_series(L, v);
        lua_setfield(L, -2, v->name);
    }
}

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
    lua_pushstring(L, row->output);
    lua_setfield(L, -2, "output");
    lua_pushinteger(L, row->attempts);
    lua_setfield(L, -2, "attempts");
    if (row->signal) {
        lua_pushinteger(L, row->signal);
        lua_setfield(L, -2, "signal");
    }
    hu_lua_push_record(L, &row->artifacts);
    lua_setfield(L, -2, "artifacts");
    hu_lua_push_number(L, row->seconds);
    lua_setfield(L, -2, "seconds");
    hu_lua_push_record(L, &row->params);
    lua_setfield(L, -2, "params");
    hu_lua_push_record(L, &row->results);
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
    hu_run_dir *dir = hu_lua_check_run(L);
    const char *sweep = hu_lua_absent(L, 2) ? NULL : hu_lua_string(L, 2, "sweep");
    luaL_checkstack(L, 20, NULL);
    lua_newtable(L);
    hu_lua_try(L, hu_store_each(hu_run_dir_store(dir), hu_run_dir_run(dir), sweep, visit_row, L, &err), &err);
    return 1;
}

/* A store opened for reading, and texts: in a box, so that an error of Lua leaks neither. */
typedef struct reader {
    hu_store *store;
    char     *text, *script;
} reader;

static int reader_gc(lua_State *L)
{
    reader *r = luaL_checkudata(L, 1, READER);
    hu_store_close(r->store, NULL);
    hu_free(r->text);
    hu_free(r->script);
    *r = (reader){0};
    return 0;
}

/* lab.read(file) -> rows of the latest run, its manifest as JSON text, its script's text or nil. Opens the store for reading only. */
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
    if (lua_rawlen(L, -1) == 0)
        hu_lua_try(L, hu_store_sound(r->store, &err), &err);
    if (!(r->script = hu_store_script(r->store)))
        return luaL_error(L, "out of memory");
    hu_store_close(r->store, NULL);
    r->store = NULL;
    lua_pushstring(L, r->text);
    lua_pushstring(L, *r->script ? r->script : NULL);
    return 3;
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

/* lab.formats() -> name=digest of each format that the script has defined */
static int lab_formats(lua_State *L)
{
    const hu_format *f;
    const char *sha256;
    lua_newtable(L);
    for (int i = 0; (f = hu_format_defined_at(i, &sha256)); i++) {
        lua_pushfstring(L, "%s=%s", f->name, sha256);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* run:point(key) -> the folder of that point, which need not be there */
static int run_point(lua_State *L)
{
    char *path = hu_run_dir_point(hu_lua_check_run(L), hu_lua_string(L, 2, "key"));
    if (!path)
        return luaL_error(L, "out of memory");
    lua_pushstring(L, path);
    hu_free(path);
    return 1;
}

static const luaL_Reg functions[] = {
    {"formats", lab_formats},
    {"open", lab_open},
    {"read", lab_read},
    {"sha256", lab_sha256},
    {"sha256_file", lab_sha256_file},
    {"write_file", lab_write_file},
    {"make_folders", lab_make_folders},
    {"files", lab_files},
    {"derive", lab_derive},
    {"nearest", lab_nearest},
    {"cores", lab_cores},
    {NULL, NULL},
};

static const luaL_Reg run_methods[] = {
    {"close", run_close},
    {"log", run_log},
    {"keep_script", run_keep_script},
    {"state", run_state},
    {"rows", run_rows},
    {"point", run_point},
    {NULL, NULL},
};

static int run_path(lua_State *L)
{
    lua_pushstring(L, hu_run_dir_path(hu_lua_check_run(L)));
    return 1;
}

static const luaL_Reg run_fields[] = {
    {"path", run_path},
    {NULL, NULL},
};

static const luaL_Reg run_meta[] = {{"__gc", run_gc}, {NULL, NULL}};
static const luaL_Reg reader_meta[] = {{"__gc", reader_gc}, {NULL, NULL}};

int hu_lua_open_lab(lua_State *L)
{
    hu_lua_new_type(L, HU_LUA_RUN, run_methods, run_fields, run_meta);
    hu_lua_new_type(L, READER, NULL, NULL, reader_meta);
    luaL_newlib(L, functions);
    hu_lua_lab_sweep(L);
    hu_lua_lab_peers(L);
    const struct { const char *name, *value; } facts[] = {
        {"version", hu_build.version}, {"commit", hu_build.commit}, {"numerics", hu_build.numerics},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        lua_pushstring(L, facts[i].value);
        lua_setfield(L, -2, facts[i].name);
    }
    return 1;
}
