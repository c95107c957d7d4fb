/* line.h - lines from a person or from a file: with editing, history and completion on a terminal.
 *
 * Built on libedit. The history is in $XDG_STATE_HOME/halfulp/history, else ~/.local/state/halfulp/history.
 */
#ifndef HU_CLI_LINE_H
#define HU_CLI_LINE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct hu_line hu_line;

/* What could stand at the end of `text`, the line up to the cursor: candidate i replaces its last
 * *replaced bytes; NULL past the last. Valid until the next call. */
typedef const char *hu_line_complete(void *context, const char *text, int i, size_t *replaced);

typedef enum hu_line_result { HU_LINE_READ, HU_LINE_CANCELED, HU_LINE_END, HU_LINE_FAILED } hu_line_result;

/* Reads from standard input; with editing when that and stderr are terminals. NULL when out of memory. */
hu_line *hu_line_new(hu_line_complete *complete, void *context);
void hu_line_free(hu_line *l);   /* saves the history */

bool hu_line_is_terminal(const hu_line *l);

/* The next line without its newline, borrowed until the next call. CANCELED: Ctrl-C; FAILED: errno says why. */
hu_line_result hu_line_read(hu_line *l, const char *prompt, const char **text);

/* Remembers an input, which may have several lines. */
void hu_line_remember(hu_line *l, const char *text);

#endif
