/* progress.c - how far a sweep is, in one line. */
#include "src/lab/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "src/lab/clock.h"

enum { BAR = 16 };

void hu_progress_start(hu_progress *p, size_t n, size_t n_before)
{
    *p = (hu_progress){.n = n, .n_before = n_before, .start_s = hu_clock_s(CLOCK_MONOTONIC)};
    p->shown_s = p->start_s;
}

bool hu_progress_due(hu_progress *p, bool is_terminal)
{
    double t = hu_clock_s(CLOCK_MONOTONIC);
    if (t - p->shown_s < (is_terminal ? 0.2 : 60.0))
        return false;
    p->shown_s = t;
    return true;
}

/* 75 s as 1:15, 3700 s as 1:01:40. */
static void clock_text(double seconds, char text[24])
{
    long s = (long)(seconds + 0.5);
    if (s < 3600)
        snprintf(text, 24, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(text, 24, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

int hu_terminal_columns(int file)
{
    struct winsize w = {0};
    if (ioctl(file, TIOCGWINSZ, &w) != 0 || w.ws_col < 2)
        return 79;
    return w.ws_col - 1 < 159 ? w.ws_col - 1 : 159;
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

void hu_line_fit(char *line, int columns)
{
    size_t at = 0;
    for (int n = 0; line[at]; at++) {
        if (starts_character(line[at]) && n++ == columns)
            break;
        if ((unsigned char)line[at] < ' ' || line[at] == 0x7f)
            line[at] = ' ';
    }
    line[at] = '\0';
}

void hu_progress_line(const hu_progress *p, const char *best, int columns, char *line, size_t size)
{
    size_t have = p->n_before + p->n_done, filled = p->n ? BAR * have / p->n : BAR;
    double elapsed = hu_clock_s(CLOCK_MONOTONIC) - p->start_s;
    int wide = 0;
    char bar[BAR + 1], failed[40] = "", so_far[24], left[48] = "";
    memset(bar, '.', BAR);
    memset(bar, '#', filled);
    bar[BAR] = '\0';
    if (p->n_failed > 0)
        snprintf(failed, sizeof failed, ", %zu failed", p->n_failed);
    clock_text(elapsed, so_far);
    if (p->n_done > 0 && have < p->n) {
        char eta[24];
        clock_text(elapsed / (double)p->n_done * (double)(p->n - have), eta);
        snprintf(left, sizeof left, ", about %s left", eta);
    }
    snprintf(line, size, "[%s] %zu of %zu points%s, %s so far%s%s%s", bar, have, p->n, failed, so_far, left,
                     best ? ", " : "", best ? best : "");
    for (const char *c = line; *c; c++)
        wide += starts_character(*c);
    if (columns > 0 && wide > columns)
        memmove(line, line + BAR + 3, strlen(line + BAR + 3) + 1);
    hu_line_fit(line, columns > 0 ? columns : (int)size);
}
