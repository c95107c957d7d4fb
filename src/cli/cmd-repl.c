/* cmd-repl.c - halfulp repl: a prompt that evaluates Lua and shows the values.
 *
 * What is shown and what is completed is decided in lua/halfulp/prompt.lua; here are the loop and the edges.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <lauxlib.h>

#include "src/cli/cli.h"
#include "src/cli/line.h"
#include "src/cli/options.h"
#include "src/cli/state.h"

static const char text[] =
    "Reads Lua, line by line, and shows the values of expressions. The module halfulp is the global hu. Input\n"
    "that is not complete goes on in the next line; Tab completes names, fields and names of formats;\n"
    "Ctrl-C gives up a line or a computation, Ctrl-D or exit ends.\n"
    "\n"
    "  > hu.format \"e4m3fn\" (0.3)\n"
    "\n"
    "When standard input is not a terminal there is no prompt, and the exit status is 1 if a line failed.\n";

enum { PROMPT = 1 };        /* where the module halfulp.prompt is on the Lua stack */

/* Runs protected: the globals hu and help, and the prompt's module as the result. */
static int open_prompt(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "halfulp");
    lua_call(L, 1, 1);
    lua_setglobal(L, "hu");
    lua_getglobal(L, "require");
    lua_pushliteral(L, "halfulp.prompt");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "help");
    lua_setglobal(L, "help");
    return 1;
}

/* Candidate i for the end of the line; a hu_line_complete. */
static const char *complete(void *context, const char *line, int i, size_t *replaced)
{
    lua_State *L = context;
    const char *word = NULL;
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 10))
        return NULL;
    lua_getfield(L, PROMPT, "complete");
    lua_pushstring(L, line);
    lua_pushinteger(L, i + 1);
    if (hu_state_call(L, 2, 2, false) && lua_isstring(L, -2)) {
        *replaced = (size_t)lua_tointeger(L, -1);
        word = lua_tostring(L, -2);      /* held by the module's list of candidates */
    }
    lua_settop(L, top);
    return word;
}

static int report(lua_State *L, bool debug)
{
    if (debug)
        return fflush(stdout), fprintf(stderr, "halfulp: %s\n", lua_tostring(L, -1)), HU_CLI_FAILED;
    return hu_cli_fail(HU_CLI_FAILED, "%s", lua_tostring(L, -1));
}

/* Calls the chunk on top of the stack and shows its values. */
static int evaluate(lua_State *L, bool debug)
{
    int below = lua_gettop(L) - 1;
    if (!hu_state_call(L, 0, LUA_MULTRET, debug))
        return report(L, debug);
    int n = lua_gettop(L) - below;
    if (n == 0)
        return HU_CLI_OK;
    lua_getfield(L, PROMPT, "show");
    lua_insert(L, below + 1);
    if (!lua_checkstack(L, 20) || !hu_state_call(L, n, 1, debug))
        return report(L, debug);
    printf("%s\n", lua_tostring(L, -1));
    fflush(stdout);
    return HU_CLI_OK;
}

static bool is_incomplete(lua_State *L, int status)
{
    size_t n;
    const char *message = lua_tolstring(L, -1, &n);
    return status == LUA_ERRSYNTAX && n >= 5 && strcmp(message + n - 5, "<eof>") == 0;
}

/* Lua 5.1 showed the value of what follows a sign of equality. */
static const char *without_sign(const char *input)
{
    const char *c = input + strspn(input, " \t");
    return *c == '=' && c[1] != '=' ? c + 1 : input;
}

/* The input as an expression if it is one, else as statements; leaves the chunk or the message on top. */
static int load(lua_State *L, const char *input, int first_line)
{
    luaL_Buffer before;
    luaL_buffinit(L, &before);
    for (int i = 1; i < first_line; i++)
        luaL_addchar(&before, '\n');             /* so that messages count the lines of the input */
    luaL_pushresult(&before);
    const char *empty_lines = lua_tostring(L, -1);
    const char *expression = lua_pushfstring(L, "%sreturn %s", empty_lines, without_sign(input));
    int status = luaL_loadbufferx(L, expression, strlen(expression), "=stdin", "t");
    if (status != LUA_OK) {
        const char *statement = lua_pushfstring(L, "%s%s", empty_lines, input);
        status = luaL_loadbufferx(L, statement, strlen(statement), "=stdin", "t");
    }
    return status;
}

/* What follows that word, where the input starts with it; else NULL. */
static const char *after_word(const char *input, const char *word)
{
    const char *c = input + strspn(input, " \t");
    size_t n = strlen(word);
    return strncmp(c, word, n) == 0 && (c[n] == '\0' || strchr(" \t;()", c[n])) ? c + n : NULL;
}

/* Whether the line is exit or quit alone, and no variable of that name. */
static bool is_farewell(lua_State *L, const char *line)
{
    static const char *const words[] = {"exit", "quit"};
    for (int i = 0; i < 2; i++) {
        const char *rest = after_word(line, words[i]);
        if (rest && rest[strspn(rest, " \t;()")] == '\0') {
            bool is_free = lua_getglobal(L, words[i]) == LUA_TNIL;
            lua_pop(L, 1);
            return is_free;
        }
    }
    return false;
}

/* A local that is all of a line is gone before it is used; said once. */
static void hint_at_local(const char *input, bool *said)
{
    if (*said || !after_word(input, "local") || strpbrk(input, "\n;"))
        return;
    fputs("halfulp: a local variable ends with its input; without the word local it stays\n", stderr);
    *said = true;
}

typedef struct session {
    lua_State *L;
    hu_line *lines;
    bool debug;
    bool hinted;              /* at local variables */
    int status;
    int n_lines;              /* of input that is not a terminal, read so far */
} session;

/* Reads lines until they are a chunk, or wrong, and evaluates it. The text so far is on the stack. */
static hu_line_result read_and_evaluate(session *s)
{
    lua_State *L = s->L;
    const char *line;
    lua_settop(L, PROMPT);
    hu_line_result result = hu_line_read(s->lines, "> ", &line);
    if (result != HU_LINE_READ)
        return result;
    if (is_farewell(L, line))
        return HU_LINE_END;
    lua_pushstring(L, line);
    int first_line = hu_line_is_terminal(s->lines) ? 1 : ++s->n_lines;
    for (;;) {
        const char *input = lua_tostring(L, PROMPT + 1);
        int status = load(L, input, first_line);
        bool more = is_incomplete(L, status);
        if (more)
            result = hu_line_read(s->lines, ">> ", &line);
        if (!more || result != HU_LINE_READ) {
            hu_line_remember(s->lines, input);
            if (status == LUA_OK && result != HU_LINE_CANCELED)
                hint_at_local(input, &s->hinted);
            if (result != HU_LINE_CANCELED && (status == LUA_OK ? evaluate(L, s->debug) : report(L, false)) != HU_CLI_OK)
                s->status = HU_CLI_FAILED;
            return result;
        }
        s->n_lines++;
        lua_pushfstring(L, "%s\n%s", input, line);
        lua_replace(L, PROMPT + 1);
        lua_settop(L, PROMPT + 1);
    }
}

static int loop(lua_State *L, bool debug)
{
    session s = {.L = L, .debug = debug, .status = HU_CLI_OK, .lines = hu_line_new(complete, L)};
    if (!s.lines)
        return hu_cli_fail(HU_CLI_FAILED, "out of memory");
    bool terminal = hu_line_is_terminal(s.lines);
    if (terminal)
        fputs(PACKAGE_STRING ", " LUA_RELEASE "; the module halfulp is hu; Ctrl-D ends\n", stderr);
    hu_line_result result;
    do
        result = read_and_evaluate(&s);
    while (result == HU_LINE_READ || result == HU_LINE_CANCELED);
    if (result == HU_LINE_FAILED)
        s.status = hu_cli_fail(HU_CLI_FAILED, "standard input could not be read: %s", strerror(errno));
    if (terminal)
        fputc('\n', stderr);
    hu_line_free(s.lines);
    return terminal ? HU_CLI_OK : s.status;
}

int hu_cmd_repl(int argc, char **argv)
{
    bool debug = false;
    const hu_option options[] = {
        {"debug", HU_OPTION_SWITCH, &debug, NULL, "errors are shown with their traceback"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"repl", "[OPTIONS]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc > 0)
        return hu_cli_fail(HU_CLI_USAGE, "repl: takes no arguments; got '%s' ('halfulp run' takes a script)", argv[0]);
    lua_State *L = hu_state_new(&status);
    if (!L)
        return status;
    lua_settop(L, 0);
    lua_pushcfunction(L, open_prompt);
    status = hu_state_call(L, 0, 1, debug) ? loop(L, debug) : report(L, debug);
    lua_close(L);
    return status;
}
