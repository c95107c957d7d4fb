/* progress.h - how far a sweep is, in one line: points done, failed, left, and when it will end. */
#ifndef HU_LAB_PROGRESS_H
#define HU_LAB_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct hu_progress {
    size_t n;             /* points of the sweep                                      */
    size_t n_before;      /* of them, those that the store had when the sweep started */
    size_t n_done;        /* those computed since, failed ones included               */
    size_t n_failed;
    double start_s;       /* of a clock that only goes forward */
    double shown_s;       /* when the last line was shown; 0: none yet */
} hu_progress;

/* The clock starts: n points, of which n_before were there. */
void hu_progress_start(hu_progress *p, size_t n, size_t n_before);

/* True when a new line is due: five times a second on a terminal, else once a minute. */
bool hu_progress_due(hu_progress *p, bool is_terminal);

/* The columns that a line may have so that the terminal at that file does not break it, at most 159; 79 where it does not say. */
int hu_terminal_columns(int file);

/* Makes one line of a text: control characters become spaces, and it ends, between characters of UTF-8, after so many columns. */
void hu_line_fit(char *line, int columns);

/* "[######....] 12 of 48 points, 1 failed, 1:20 so far, about 4:10 left", and after it what is said of the best point (NULL:
 * nothing). In so many columns (0: no limit): the bar goes where there is no room for the words, and what is left is cut. */
void hu_progress_line(const hu_progress *p, const char *best, int columns, char *line, size_t size);

#endif
