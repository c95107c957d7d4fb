/* cmd-run.c - halfulp run: runs a script with parameters.
 *
 * The script sees, in the module halfulp: script (its path), args (key -> value, strings), and seed,
 * jobs and out where the options were given.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lauxlib.h>

#include "src/base/memory.h"
#include "src/cli/cli.h"
#include "src/cli/options.h"
#include "src/cli/slurm.h"
#include "src/cli/state.h"
#include "src/lab/best.h"
#include "src/lab/interrupt.h"
#include "src/lab/peers.h"

typedef struct request {
    const char *script;
    int n_args;
    char **args;              /* key=value */
    hu_option_word seed;
    int jobs, retry;          /* -1: not given */
    int slurm;                /* parts of a job array; 0: not asked for */
    const char *out, *timeout, *memory, *shard, *best;
    double timeout_s;
    uint64_t memory_bytes;
    int shard_i, shard_n;     /* 0 .. shard_n - 1; shard_n 0: not given */
    bool debug, help;
} request;

static const char text[] =
    "Runs an experiment written in Lua. The script gets the parameters that follow its name; what they are is\n"
    "said at its head. A script that stores results can be interrupted: the same command goes on from there.\n"
    "Exit status after an interruption: that of the signal, 130 for Ctrl-C.\n"
    "\n"
    "  $ halfulp run experiments/bits-vs-loss.lua scale=small --seed 1 --out results/first\n"
    "\n"
    "Under mpirun, rank 0 keeps the results and the others compute for it, --jobs points each (1).\n"
    "SCRIPT --help shows the parameters that the script declares.\n"
    "SCRIPT - reads the script from standard input. An assignment to an undeclared global is an error.\n";

/* Lines of an error message joined, so that it stays one line. */
static char *join_lines(const char *message)
{
    char *line = hu_strdup(message);
    for (char *c = line; c && *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    return line;
}

/* Runs protected: (message) -> whether the script was used wrongly. The run's log and manifest get to know. */
static int tell_run(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "halfulp.run");
    lua_getfield(L, -1, "failed");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

/* The exit status of a script that ended with the error on top of the stack. */
static int failure_status(lua_State *L)
{
    lua_pushcfunction(L, tell_run);
    lua_pushvalue(L, -2);
    bool told = lua_pcall(L, 1, 1, 0) == LUA_OK;
    int status = told && lua_toboolean(L, -1) ? HU_CLI_USAGE : HU_CLI_FAILED;
    lua_pop(L, 1);
    return status;
}

static int report(lua_State *L, bool debug)
{
    const char *message = lua_tostring(L, -1);
    if (message && strcmp(message, "\1shown") == 0)
        return HU_CLI_OK;               /* SCRIPT --help: hu.params has shown what there is */
    int status = failure_status(L);
    if (hu_state_was_interrupted() && !hu_interrupted())
        return hu_cli_fail(HU_CLI_FAILED, "interrupted");
    if (debug) {
        fflush(stdout);
        fprintf(stderr, "halfulp: %s\n", message);
        return status;
    }
    char *line = join_lines(message);
    hu_cli_fail(status, "%s", line ? line : message);
    hu_free(line);
    return status;
}

/* A table of what holds for every point, and of the part that this run computes. */
static void push_limits(lua_State *L, const request *r)
{
    lua_newtable(L);
    if (r->retry >= 0) {
        lua_pushinteger(L, r->retry);
        lua_setfield(L, -2, "retry");
    }
    if (r->timeout) {
        lua_pushnumber(L, r->timeout_s);
        lua_setfield(L, -2, "timeout");
    }
    if (r->memory) {
        lua_pushinteger(L, (lua_Integer)r->memory_bytes);
        lua_setfield(L, -2, "memory");
    }
    if (r->best) {
        lua_pushstring(L, r->best);
        lua_setfield(L, -2, "best");
    }
    if (r->shard_n > 0) {
        lua_newtable(L);
        lua_pushinteger(L, r->shard_i);
        lua_setfield(L, -2, "i");
        lua_pushinteger(L, r->shard_n);
        lua_setfield(L, -2, "n");
        lua_setfield(L, -2, "shard");
    }
}

/* Runs protected: puts what was asked for into the module. Its argument is the request. */
static int set_request(lua_State *L)
{
    const request *r = lua_touserdata(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "halfulp");
    lua_pushstring(L, r->script);
    lua_setfield(L, -2, "script");
    lua_newtable(L);
    for (int i = 0; i < r->n_args; i++) {
        const char *equals = strchr(r->args[i], '=');
        lua_pushlstring(L, r->args[i], (size_t)(equals - r->args[i]));
        lua_pushstring(L, equals + 1);
        lua_settable(L, -3);
    }
    lua_setfield(L, -2, "args");
    if (r->seed.given) {
        lua_pushinteger(L, (lua_Integer)r->seed.value);
        lua_setfield(L, -2, "seed");
    }
    if (r->jobs >= 0) {
        lua_pushinteger(L, r->jobs);
        lua_setfield(L, -2, "jobs");
    }
    if (r->out) {
        lua_pushstring(L, r->out);
        lua_setfield(L, -2, "out");
    }
    lua_getfield(L, 2, "halfulp.run");
    push_limits(L, r);
    lua_setfield(L, -2, "limits");
    lua_pushboolean(L, r->help);
    lua_setfield(L, -2, "show_parameters");
    lua_getfield(L, -1, "begin");
    lua_call(L, 0, 0);
    return 0;
}

/* Runs protected: closes the run's directory, whose last manifest may fail to be written. */
static int finish_run(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "halfulp.run");
    lua_getfield(L, -1, "finish");
    lua_call(L, 0, 0);
    return 0;
}

/* Runs protected: lets the script require the files beside it. */
static int set_path(lua_State *L)
{
    const char *script = lua_touserdata(L, 1);
    const char *slash = strrchr(script, '/');
    if (slash == script)
        hu_state_add_path(L, "");
    else if (slash)
        hu_state_add_path(L, lua_pushlstring(L, script, (size_t)(slash - script)));
    hu_state_forbid_new_globals(L);
    return 0;
}

static bool is_standard_input(const request *r)
{
    return strcmp(r->script, "-") == 0;
}

static int run(lua_State *L, request *r)
{
    lua_pushcfunction(L, set_request);
    lua_pushlightuserdata(L, r);
    if (!hu_state_call(L, 1, 0, r->debug))
        return report(L, r->debug);
    lua_pushcfunction(L, set_path);
    lua_pushlightuserdata(L, (void *)(uintptr_t)r->script);
    if (!hu_state_call(L, 1, 0, r->debug))
        return report(L, r->debug);
    int status = luaL_loadfilex(L, is_standard_input(r) ? NULL : r->script, "t");
    if (status == LUA_ERRFILE)
        return hu_cli_fail(HU_CLI_USAGE, "run: the script '%s' could not be read", r->script);
    if (status != LUA_OK || !hu_state_call(L, 0, 0, r->debug))
        return report(L, r->debug);
    lua_pushcfunction(L, finish_run);
    if (!hu_state_call(L, 0, 0, r->debug))
        return report(L, r->debug);
    return HU_CLI_OK;
}

/* A script that is not there is a wrong command line, and is told before anything else is done. */
static int check_script(const request *r)
{
    struct stat info;
    if (is_standard_input(r))
        return HU_CLI_OK;
    FILE *file = fopen(r->script, "r");
    if (!file)
        return hu_cli_fail(HU_CLI_USAGE, "run: the script '%s' cannot be read: %s", r->script, strerror(errno));
    bool is_folder = fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode);
    fclose(file);
    if (is_folder)
        return hu_cli_fail(HU_CLI_USAGE, "run: '%s' is a folder; a script is a Lua file", r->script);
    return HU_CLI_OK;
}

static int check_args(const request *r)
{
    for (int i = 0; i < r->n_args; i++) {
        const char *equals = strchr(r->args[i], '=');
        if (!equals || equals == r->args[i])
            return hu_cli_fail(HU_CLI_USAGE, "run: parameters are given as key=value, for example scale=small; got '%s'",
                               r->args[i]);
        for (int j = 0; j < i; j++)
            if (strncmp(r->args[i], r->args[j], (size_t)(equals - r->args[i]) + 1) == 0)
                return hu_cli_fail(HU_CLI_USAGE, "run: the parameter '%.*s' is given twice",
                                   (int)(equals - r->args[i]), r->args[i]);
    }
    return HU_CLI_OK;
}

/* "90", "90s", "15m", "2h" as seconds. */
static bool read_time(const char *word, double *seconds)
{
    static const struct { const char *unit; double s; } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    char *end;
    double value = strtod(word, &end);
    if (end == word || !(value > 0 && value < 1e9))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0) {
            *seconds = value * units[i].s;
            return *seconds < 1e9;
        }
    return false;
}

/* "512M", "1.5G" as bytes. */
static bool read_size(const char *word, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    char *end;
    double value = strtod(word, &end);
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (end == word || !unit || end[1] || !(value > 0 && value < 1e6))
        return false;
    for (const char *u = units; u <= unit; u++)
        value *= 1024;
    *bytes = (uint64_t)value;
    return true;
}

/* "2/8" as the second of eight. */
static bool read_shard(const char *word, int *i, int *n)
{
    char *end;
    long at = strtol(word, &end, 10);
    if (end == word || *end != '/')
        return false;
    const char *of = end + 1;
    long all = strtol(of, &end, 10);
    *i = (int)at - 1;
    *n = (int)all;
    return end != of && !*end && all >= 1 && all <= 100000 && at >= 1 && at <= all;
}

static int check_limits(request *r)
{
    hu_best best;
    hu_error err = {0};
    if (r->best && hu_best_read(&best, r->best, &err) != HU_OK)
        return hu_cli_fail(HU_CLI_USAGE, "run: --%s", err.text);
    if (r->retry > 100)
        return hu_cli_fail(HU_CLI_USAGE, "run: --retry takes 0 to 100; got %d", r->retry);
    if (r->timeout && !read_time(r->timeout, &r->timeout_s))
        return hu_cli_fail(HU_CLI_USAGE, "run: --timeout takes a time such as 90s, 15m or 2h; got '%s'", r->timeout);
    if (r->memory && !read_size(r->memory, &r->memory_bytes))
        return hu_cli_fail(HU_CLI_USAGE, "run: --memory takes a size such as 512M or 2G; got '%s'", r->memory);
    if (r->shard && !read_shard(r->shard, &r->shard_i, &r->shard_n))
        return hu_cli_fail(HU_CLI_USAGE, "run: --shard takes which of how many, such as 2/8; got '%s'", r->shard);
    return HU_CLI_OK;
}

static int print_slurm(const request *r)
{
    char seed[24], retry[12];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)r->seed.value);
    snprintf(retry, sizeof retry, "%d", r->retry);
    if (is_standard_input(r))
        return hu_cli_fail(HU_CLI_USAGE, "run: --slurm takes a script in a file, which the jobs can read");
    if (r->shard)
        return hu_cli_fail(HU_CLI_USAGE, "run: --slurm makes the parts itself; it takes no --shard");
    hu_slurm_print(&(hu_slurm){
        .script = r->script, .args = r->args, .n_args = r->n_args, .parts = r->slurm, .jobs = r->jobs, .out = r->out,
        .seed = r->seed.given ? seed : NULL, .retry = r->retry >= 0 ? retry : NULL, .timeout = r->timeout, .memory = r->memory,
    });
    return HU_CLI_OK;
}

/* --help after a script asks for the script's parameters: taken out, so that it is not this command's. */
static bool take_help(int *argc, char **argv)
{
    bool script = false;
    for (int i = 0; i < *argc; i++) {
        if (script && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i - 1) * sizeof *argv);
            --*argc;
            return true;
        }
        size_t n = strlen(argv[i]);
        script = script || (n > 4 && strcmp(argv[i] + n - 4, ".lua") == 0);
    }
    return false;
}

int hu_cmd_run(int argc, char **argv)
{
    request r = {.jobs = -1, .retry = -1, .help = take_help(&argc, argv)};
    const hu_option options[] = {
        {"seed",  HU_OPTION_WORD,   &r.seed,  "N",   "of everything random in the script"},
        {"jobs",  HU_OPTION_TALLY,  &r.jobs,  "N",   "how many points of a sweep are computed at a time, each in a process\n"
                                                     "of its own; 0: all in the script's own (for a debugger)"},
        {"out",   HU_OPTION_TEXT,   &r.out,   "DIR", "the folder of the results"},
        {"retry", HU_OPTION_TALLY,  &r.retry, "N",   "how often a point that fails is tried again (0)"},
        {"timeout", HU_OPTION_TEXT, &r.timeout, "TIME", "of one point: 90s, 15m, 2h; it is ended then"},
        {"memory", HU_OPTION_TEXT,  &r.memory, "SIZE", "that one point may take beyond what the script has: 512M, 2G"},
        {"best",  HU_OPTION_TEXT,   &r.best,  "RESULT", "the point where this result is the least so far (max:RESULT: the\n"
                                                     "greatest) stands beside the progress"},
        {"shard", HU_OPTION_TEXT,   &r.shard, "I/N", "only every N-th point, from the I-th on; halfulp results merge\n"
                                                     "puts the parts together"},
        {"slurm", HU_OPTION_COUNT,  &r.slurm, "N",   "runs nothing: prints a batch script for Slurm, a job array of N parts"},
        {"debug", HU_OPTION_SWITCH, &r.debug, NULL,  "an error in the script is shown with its traceback"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"run", "SCRIPT [KEY=VALUE...] [OPTIONS]", text, options};
    hu_error err = {0};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc == 0)
        return hu_cli_fail(HU_CLI_USAGE, "run: no script given; for example halfulp run experiments/bits-vs-loss.lua");
    r.script = argv[0];
    r.n_args = argc - 1;
    r.args = argv + 1;
    if (r.out && !*r.out)
        return hu_cli_fail(HU_CLI_USAGE, "run: --out is empty; it takes the name of a folder");
    if ((status = check_script(&r)) != HU_CLI_OK || (status = check_args(&r)) != HU_CLI_OK ||
        (status = check_limits(&r)) != HU_CLI_OK)
        return status;
    if (r.slurm > 0)
        return print_slurm(&r);
    if (hu_peers_start(&err) != HU_OK)
        return hu_cli_fail(HU_CLI_FAILED, "run: %s", err.text);
    if (hu_peers_rank() > 0 && !freopen("/dev/null", "w", stdout))       /* what the script prints, rank 0 prints */
        return hu_cli_fail(HU_CLI_FAILED, "run: /dev/null: %s", strerror(errno));
    lua_State *L = hu_state_new(&status);
    if (!L)
        return status;
    status = run(L, &r);
    lua_close(L);
    if (status != HU_CLI_OK && !hu_interrupted())
        hu_peers_abort(status);         /* the others would wait */
    hu_peers_end();
    int caught = hu_interrupted() ? hu_interrupted() : hu_state_was_interrupted() ? SIGINT : 0;
    if (caught) {                       /* the caller sees the signal, not a failure */
        fflush(stdout);
        signal(caught, SIG_DFL);
        raise(caught);
    }
    return status;
}
