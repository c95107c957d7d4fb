/* cli.h - what every command of the program shares: the table's row, exit statuses, the error line.
 *
 * A command gets the arguments that follow its name and returns an exit status. Results go to stdout,
 * everything else to stderr; an error is one line, "halfulp: what was wrong, where, what would be right".
 */
#ifndef HU_CLI_CLI_H
#define HU_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

enum {
    HU_CLI_OK     = 0,
    HU_CLI_FAILED = 1,   /* what was asked for did not succeed */
    HU_CLI_USAGE  = 2,   /* what was asked for makes no sense  */
};

typedef struct hu_command {
    const char *name;
    int (*run)(int argc, char **argv);   /* argv[0] is the first argument after the command's name */
    const char *summary;                 /* one line for `halfulp --help` */
} hu_command;

int hu_cmd_calc  (int argc, char **argv);
int hu_cmd_format(int argc, char **argv);
int hu_cmd_bench (int argc, char **argv);
int hu_cmd_run   (int argc, char **argv);
int hu_cmd_repl  (int argc, char **argv);
int hu_cmd_results(int argc, char **argv);
int hu_cmd_plot  (int argc, char **argv);
int hu_cmd_report(int argc, char **argv);
int hu_cmd_watch (int argc, char **argv);
int hu_cmd_vectors(int argc, char **argv);

/* Writes "halfulp: " and the formatted line to stderr and returns the status, so that a check is one
 * line: return hu_cli_fail(HU_CLI_USAGE, "..."). Control characters of the line are shown as \xNN. */
int hu_cli_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with "halfulp: note: " in front: something worth knowing that is not an error. */
void hu_cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* text with every byte that is not printable ASCII or UTF-8 as \xNN, cut with "..." when it does not
 * fit into size bytes; for names from the command line and from files that go into a message. */
char *hu_cli_printable(const char *text, size_t length, char *out, size_t size);

/* text as a JSON string, in quotes. */
void hu_cli_json_string(FILE *out, const char *text);

#endif
