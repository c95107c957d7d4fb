/* progress.c - how far a sweep is, in one line. */
#include "src/lab/progress.h"

#include <stdio.h>
#include <string.h>

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

void hu_progress_line(const hu_progress *p, char *line, size_t size)
{
    size_t have = p->n_before + p->n_done, filled = p->n ? BAR * have / p->n : BAR;
    double elapsed = hu_clock_s(CLOCK_MONOTONIC) - p->start_s;
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
    snprintf(line, size, "[%s] %zu of %zu points%s, %s so far%s", bar, have, p->n, failed, so_far, left);
}
