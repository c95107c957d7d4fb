/* options.h - the options of a command as a table: read from the arguments, and shown by --help.
 *
 * Forms: --name, --name=value, --name value; "--" ends the options. Options and other arguments may be
 * mixed. A lone "-", and what begins with a dash and goes on as a number does (-1, -.5, -inf, -nan), is
 * an argument. Every command has --help (-h) without a row for it.
 */
#ifndef HU_CLI_OPTIONS_H
#define HU_CLI_OPTIONS_H

#include <stdint.h>

#include "src/cli/cli.h"

typedef enum hu_option_kind {
    HU_OPTION_SWITCH,    /* target: bool *, set to true           */
    HU_OPTION_TEXT,      /* target: const char **, points into argv */
    HU_OPTION_WORD,      /* target: hu_option_word *, 64 bits, decimal or 0x */
    HU_OPTION_COUNT,     /* target: int *, 1 to 65536             */
    HU_OPTION_TALLY,     /* the same from 0 on                    */
} hu_option_kind;

typedef struct hu_option_word {
    uint64_t value;
    bool given;
} hu_option_word;

typedef struct hu_option {
    const char *name;        /* without the dashes; NULL ends a table */
    hu_option_kind kind;
    void *target;
    const char *value;       /* how --help calls the value; NULL for a switch */
    const char *help;        /* may have several lines */
} hu_option;

typedef struct hu_usage {
    const char *command;
    const char *arguments;   /* the forms of the command line, a line each, without "halfulp COMMAND" */
    const char *text;        /* what it does, with examples; ends with a newline */
    const hu_option *options;
} hu_usage;

/* Reads the options out of argv; what is left is moved to its front and counted in *argc.
 * Returns -1: go on; else the exit status to return at once (--help was shown, or an error was). */
int hu_options_read(const hu_usage *usage, int *argc, char **argv);

#endif
