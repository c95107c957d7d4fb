/* main.c - the program halfulp: finds the command and runs it. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <gsl/gsl_errno.h>

#include "src/base/nearest.h"
#include "src/cli/cli.h"
#include "src/kernel/lanes.h"

static int help(int argc, char **argv);

static const hu_command commands[] = {
    {"calc",   hu_cmd_calc,   "one operation on numbers of a format; --batch: one a line"},
    {"format", hu_cmd_format, "what a format is: fields, range, and all values of a small one"},
    {"vectors", hu_cmd_vectors, "test vectors for hardware: written, and checked"},
    {"run",    hu_cmd_run,    "an experiment written in Lua, with its parameters"},
    {"watch",  hu_cmd_watch,  "how far a run is, seen from another terminal"},
    {"results", hu_cmd_results, "the results of a run: chosen, grouped, merged, compared"},
    {"plot",   hu_cmd_plot,   "a figure from the results of a run"},
    {"report", hu_cmd_report, "one page that shows a run, for sending to somebody"},
    {"repl",   hu_cmd_repl,   "a prompt: Lua with formats and arrays, line editing and history"},
    {"bench",  hu_cmd_bench,  "how fast the kernels are, against yardsticks measured in the same run"},
    {"help",   help,          "this list, or the help of a command"},
    {NULL, NULL, NULL},
};

static void show_commands(FILE *out)
{
    fputs("usage: halfulp COMMAND [ARGUMENTS] [OPTIONS]\n"
          "\n"
          "What does a computation cost when it is done with other numbers? halfulp emulates number formats,\n"
          "rounding modes and accumulators, and runs experiments written in Lua on them.\n"
          "\n"
          "commands:\n", out);
    for (const hu_command *c = commands; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->summary);
    fputs("\n"
          "halfulp help COMMAND (or halfulp COMMAND --help) shows the arguments and options of a command.\n"
          "halfulp --version shows the version.\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage.\n", out);
}

static int run(const char *name, int argc, char **argv)
{
    hu_nearest near = hu_nearest_to(name);
    for (const hu_command *c = commands; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c->run(argc, argv);
        hu_nearest_offer(&near, c->name);
    }
    if (near.best)
        return hu_cli_fail(HU_CLI_USAGE, "there is no command '%s'; did you mean '%s'?", name, near.best);
    return hu_cli_fail(HU_CLI_USAGE, "there is no command '%s'; 'halfulp --help' lists them", name);
}

static int help(int argc, char **argv)
{
    static char option[] = "--help";
    char *only[] = {option, NULL};
    if (argc == 0 || strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0) {
        show_commands(stdout);
        return HU_CLI_OK;
    }
    if (argc > 1)
        return hu_cli_fail(HU_CLI_USAGE, "help: takes one command; got '%s' too", argv[1]);
    return run(argv[0], 1, only);
}

static int show_version(void)
{
    puts(PACKAGE_STRING);
    return HU_CLI_OK;
}

static int choose(int argc, char **argv)
{
    if (argc < 2)
        return hu_cli_fail(HU_CLI_USAGE, "no command given; 'halfulp --help' lists them");
    const char *first = argv[1];
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        return help(argc - 2, argv + 2);
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0)
        return show_version();
    if (first[0] == '-')
        return hu_cli_fail(HU_CLI_USAGE, "there is no option %s before the command; 'halfulp --help' shows the form", first);
    return run(first, argc - 2, argv + 2);
}

/* A standard stream that is closed would let the next file opened take its number, and results would
 * be written into it. It is opened so that using it fails. */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(HU_CLI_FAILED);
}

/* A parent that held signals back leaves them so to its children: Ctrl-C would then do nothing at all. One
 * that the parent has told to be ignored stays ignored. */
static void unblock_interrupts(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* The library takes its own choice where HU_ISA names nothing; whoever set it should know. */
static void check_isa(void)
{
    const char *wanted = getenv("HU_ISA");
    char known[128] = "";
    if (!wanted)
        return;
    for (int i = 0; hu_lanes_at(i); i++) {
        if (strcmp(hu_lanes_at(i)->name, wanted) == 0)
            return;
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", hu_lanes_at(i)->name);
    }
    hu_cli_note("HU_ISA is '%s', which this machine does not have; it has %s", wanted, known);
}

/* Runs at exit, also when a script ends the process: what was printed may still be in the buffer, and
 * only after this is it known whether it could be written. */
static void close_output(void)
{
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && close(STDOUT_FILENO) == 0 && !failed)
        return;
    if (errno != EPIPE)
        hu_cli_fail(HU_CLI_FAILED, "the results could not be written to standard output: %s",
                    errno ? strerror(errno) : "a write failed; is the disk full?");
    _exit(HU_CLI_FAILED);
}

/* OpenMP's threads look for their next piece of work again and again, as much as ten milliseconds, before they sleep. Where other programs
 * want the cores, too, that is time taken from the very thread that they wait for: a training step on two threads then takes ten times as
 * long. A tenth of a millisecond does. The library reads this before main begins, so the program begins once more; where that cannot
 * be (the program was begun by the loader as its argument: then the loader is what would begin again), or somebody has chosen already,
 * everything stays as it is. A program that was loaded into this one (LD_PRELOAD) stays, too. */
static void wait_briefly(int argc, char **argv)
{
    static const char *const computes[] = {"run", "repl", "bench"}, *const chosen[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "LD_PRELOAD"};
    char self[4096];
    bool wanted = false, by_loader = getauxval(AT_BASE) == 0;
    for (size_t i = 0; argc > 1 && !by_loader && i < sizeof computes / sizeof *computes; i++)
        wanted = wanted || strcmp(argv[1], computes[i]) == 0;
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++)
        wanted = wanted && !getenv(chosen[i]);
    ssize_t n = wanted ? readlink("/proc/self/exe", self, sizeof self - 1) : -1;
    if (n <= 0 || setenv("GOMP_SPINCOUNT", "2000", 0) != 0)
        return;
    self[n] = 0;
    execv(self, argv);
}

int main(int argc, char **argv)
{
    wait_briefly(argc, argv);
    gsl_set_error_handler_off();
    hold_standard_streams();
    unblock_interrupts();
    atexit(close_output);
    check_isa();
    return choose(argc, argv);
}
