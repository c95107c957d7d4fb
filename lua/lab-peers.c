/* lab-peers.c - what the processes of one run under mpirun tell each other about a sweep, and who they are. */
#include "config.h"   /* first: it asks the system headers for all they have */

#include "lua/lab.h"

#include <string.h>

#include "src/base/memory.h"
#include "src/lab/peers.h"
#include "src/lab/workers.h"

#define BUFFER "halfulp.buffer"

static int buffer_gc(lua_State *L)
{
    hu_buffer_clear(luaL_checkudata(L, 1, BUFFER));
    return 0;
}

hu_buffer *hu_lua_new_buffer(lua_State *L)
{
    return hu_lua_new_box(L, BUFFER, sizeof(hu_buffer), 0);
}

/* In front of each row: its length as an outcome, and the state. */
typedef struct row_head {
    uint64_t n_bytes, state;
} row_head;

static hu_status pack_row(void *user, const hu_row *row, hu_error *err)
{
    hu_buffer *out = user, body = {0};
    hu_outcome o = {.ok = row->state == HU_POINT_DONE, .signal = row->signal, .seconds = row->seconds, .results = row->results};
    strncpy(o.failure, row->failure ? row->failure : "", sizeof o.failure - 1);
    strncpy(o.output, row->output ? row->output : "", sizeof o.output - 1);
    hu_outcome_write(&o, &body);
    row_head h = {.n_bytes = body.n_bytes, .state = row->state};
    hu_buffer_add(out, &h, sizeof h);
    hu_buffer_add(out, body.data, body.n_bytes);
    out->failed = out->failed || body.failed;
    hu_buffer_clear(&body);
    return out->failed ? hu_fail(err, HU_ENOMEM, "out of memory for the results of the sweep") : HU_OK;
}

hu_status hu_lua_pack_sweep(hu_buffer *out, const uint64_t counts[4], hu_run_dir *dir, const char *sweep, hu_error *err)
{
    hu_buffer_add(out, counts, 4 * sizeof *counts);
    return hu_store_each(hu_run_dir_store(dir), hu_run_dir_run(dir), sweep, pack_row, out, err);
}

/* Runs protected: (list, outcome, head) -> appends a row. */
static int append(lua_State *L)
{
    static const char *const states[] = {"planned", "done", "failed"};
    const hu_outcome *o = lua_touserdata(L, 2);
    const row_head *h = lua_touserdata(L, 3);
    lua_newtable(L);
    lua_pushstring(L, states[h->state % 3]);
    lua_setfield(L, -2, "state");
    if (h->state == HU_POINT_FAILED) {
        lua_pushstring(L, o->failure);
        lua_setfield(L, -2, "failure");
        lua_pushstring(L, o->output);
        lua_setfield(L, -2, "output");
    }
    hu_lua_push_number(L, o->seconds);
    lua_setfield(L, -2, "seconds");
    hu_lua_push_record(L, &o->results);
    lua_setfield(L, -2, "results");
    lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
    return 0;
}

int hu_lua_push_sweep(lua_State *L, const hu_buffer *bytes)
{
    static const char *const names[4] = {"points", "before", "done", "failed"};
    uint64_t counts[4] = {0};
    hu_error err = {0};
    size_t at = sizeof counts;
    if (bytes->n_bytes < at)
        return luaL_error(L, "the end of the sweep from rank 0 is cut short");
    memcpy(counts, bytes->data, at);
    lua_newtable(L);
    for (int i = 0; i < 4; i++) {
        lua_pushinteger(L, (lua_Integer)counts[i]);
        lua_setfield(L, -2, names[i]);
    }
    lua_pushliteral(L, "");
    lua_setfield(L, -2, "first_failure");
    lua_newtable(L);
    for (row_head h; at + sizeof h <= bytes->n_bytes; at += h.n_bytes) {
        hu_outcome o = {0};
        memcpy(&h, bytes->data + at, sizeof h);
        at += sizeof h;
        hu_status status = h.n_bytes <= bytes->n_bytes - at ? hu_outcome_read(&o, bytes->data + at, h.n_bytes, &err)
                                                            : hu_fail(&err, HU_EPARSE, "the end of the sweep from rank 0 is cut short");
        bool told = true;
        if (status == HU_OK) {
            lua_pushcfunction(L, append);
            lua_pushvalue(L, -2);
            lua_pushlightuserdata(L, &o);
            lua_pushlightuserdata(L, &h);
            told = lua_pcall(L, 3, 0, 0) == LUA_OK;
        }
        hu_outcome_clear(&o);
        hu_lua_try(L, status, &err);
        if (!told)
            return lua_error(L);
    }
    return 2;
}

static int lab_rank(lua_State *L)
{
    lua_pushinteger(L, hu_peers_rank());
    return 1;
}

static int lab_size(lua_State *L)
{
    lua_pushinteger(L, hu_peers_size());
    return 1;
}

static const luaL_Reg functions[]   = {{"rank", lab_rank}, {"size", lab_size}, {NULL, NULL}};
static const luaL_Reg buffer_meta[] = {{"__gc", buffer_gc}, {NULL, NULL}};

void hu_lua_lab_peers(lua_State *L)
{
    hu_lua_new_type(L, BUFFER, NULL, NULL, buffer_meta);
    luaL_setfuncs(L, functions, 0);
}
