/* lua-memory.c - a Lua session that runs out of memory anywhere ends in a Lua error, and goes on afterwards. */
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "lua/lua.h"
#include "src/base/memory.h"
#include "tests/lib/test.h"

static const char script[] =
    "local core = ...\n"
    "local f = core.format.new 'e4m3fn'\n"
    "local g = core.format.new('e5m2'):with {rounding = 'sr', seed = 3}\n"
    "local x = f(0.3) + f('0.1') * 2\n"
    "local y = x:convert(g):next() ^ 3\n"
    "local a = core.array.randn({8, 9}, {seed = 1})\n"
    "local b = core.array.new {{1, 2, 3}, {4, 5, 6}}\n"
    "local c = core.numeric.matmul(a, a, {transpose_b = true, input = 'e4m3fn',\n"
    "                                     accumulate = {format = 'e8m7', chunk = 4}})\n"
    "local new = core.quantizer.new\n"
    "local q = new {format = 'int4', per = 'row', scale = 'search', candidates = {0.5, 1}, score = function(v) return v:norm() end}\n"
    "q:apply(a)\n"
    "new({format = f, group = 4, scales = new {format = 'e5m2'}}):codes(a)\n"
    "new({format = 'uint8', zero = true}):observe(a):observe(b:reshape {2, 3}):freeze():apply(b)\n"
    "local m = core.block.new 'mxfp4{size=8}'\n"
    "m:unpack(m:pack(a, {axis = 1})); m:codes(b); m:error(b)\n"
    "return tostring(b:transpose()), (b + {10, 20, 30}):exp():sum(1), f:quantize({0.3}), tostring(x), y:hex(),\n"
    "       core.numeric.apply('div', b, 3, {format = f}), f:values(), core.numeric.sum({1, 2, 3}, {accumulate = f}),\n"
    "       core.numeric.dot({1, 2}, {3, 4}, {accumulate = {format = g, order = 'pairwise'}}), a:slice(2, 3):totable()\n";

static int session(lua_State *L)
{
    luaL_openlibs(L);
    lua_pushcfunction(L, luaopen_halfulp_core);
    lua_call(L, 0, 1);
    if (luaL_loadstring(L, script) != LUA_OK)
        return lua_error(L);
    lua_insert(L, -2);
    lua_call(L, 1, 0);
    return 0;
}

/* Runs the session; its status, with the message in `message`. */
static int run_session(lua_State *L, char message[200])
{
    lua_settop(L, 0);
    lua_pushcfunction(L, session);
    int status = lua_pcall(L, 0, 0, 0);
    const char *said = status == LUA_OK ? "" : lua_tostring(L, -1);
    strncpy(message, said ? said : "(no message)", 199);
    message[199] = 0;
    return status;
}

static void our_memory(void **state)
{
    (void)state;
    char message[200];
    lua_State *L = luaL_newstate();
    long n = 0;

    for (; n < 10000; n++) {
        hu_memory_fail_after(n);
        int status = run_session(L, message);
        hu_memory_fail_after(-1);
        if (status == LUA_OK)
            break;
        if (!strstr(message, "memory"))
            fail_msg("allocation %ld fails and the session says: %s", n, message);
    }
    test_note("%ld allocations of ours", n);
    assert_true(n >= 10 && n < 10000);
    assert_int_equal(run_session(L, message), LUA_OK);
    lua_close(L);
}

/* Lua's allocator with a number of calls that succeed; -1: all. */
static void *counted(void *left, void *p, size_t old_size, size_t size)
{
    long *n = left;
    if (size == 0) {
        free(p);
        return NULL;
    }
    if (*n == 0 && (!p || size > old_size))
        return NULL;
    if (*n > 0)
        --*n;
    return realloc(p, size);
}

static void memory_of_lua(void **state)
{
    (void)state;
    char message[200];
    long n = 0, refused = 0;

    for (;; n++) {
        long left = -1;
        lua_State *L = lua_newstate(counted, &left);
        assert_non_null(L);
        left = n;
        int status = run_session(L, message);
        left = -1;
        if (status != LUA_OK) {
            refused++;
            if (!strstr(message, "memory"))
                fail_msg("allocation %ld of Lua's fails and the session says: %s", n, message);
            assert_int_equal(run_session(L, message), LUA_OK);
        }
        lua_close(L);
        if (status == LUA_OK)
            break;
    }
    test_note("%ld allocations of Lua's, %ld of them refused", n, refused);
    assert_true(refused > 500);
}

static const struct CMUnitTest claims[] = {
    CLAIM("each allocation of ours that fails is a Lua error, and the session goes on", our_memory),
    CLAIM("each allocation of Lua's that fails is a Lua error, and nothing is left behind", memory_of_lua),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
