/* bench.c - clocks, medians and the line of results for `halfulp bench`. */
#include "src/cli/bench.h"

#include <stdlib.h>

#include "src/lab/clock.h"

enum { MOST = 1000, LEAST = 3 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static bool timed(double *seconds, clockid_t clock, hu_bench_work *work, void *what)
{
    double start = hu_clock_s(clock);
    bool done = work(what);
    *seconds = hu_clock_s(clock) - start;
    return done;
}

int hu_bench_time(double *work_s, double *yard_s, hu_bench_work *work, hu_bench_work *yardstick, void *what,
                  int threads, double enough_s)
{
    clockid_t clock = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    double times[MOST], yards[MOST], start = hu_clock_s(CLOCK_MONOTONIC), first;
    int n = 0;
    if (!timed(&first, clock, work, what) || (yardstick && !yardstick(what)))
        return 0;
    if (first > enough_s)
        times[n] = first, yards[n] = 0, n += !yardstick;     /* slow work needs no warming up */
    while (n < MOST && (n < LEAST || hu_clock_s(CLOCK_MONOTONIC) - start < enough_s)) {
        if (!timed(&times[n], clock, work, what) || (yardstick && !timed(&yards[n], clock, yardstick, what)))
            return 0;
        n++;
    }
    *work_s = median(times, n);
    if (yardstick)
        *yard_s = median(yards, n);
    return n;
}

static void key(hu_bench_line *line, const char *name)
{
    if (line->json)
        printf("%s\"%s\": ", line->fields ? ", " : "{", name);
    else
        printf("%s%s ", line->fields ? "  " : "", name);
    line->fields++;
}

void hu_bench_open(hu_bench_line *line, bool json, const char *bench)
{
    *line = (hu_bench_line){.json = json};
    hu_bench_text(line, "bench", bench);
}

void hu_bench_text(hu_bench_line *line, const char *name, const char *value)
{
    key(line, name);
    if (line->json)
        hu_cli_json_string(stdout, value);
    else
        fputs(value, stdout);
}

void hu_bench_count(hu_bench_line *line, const char *name, unsigned long long value)
{
    key(line, name);
    printf("%llu", value);
}

void hu_bench_number(hu_bench_line *line, const char *name, double value)
{
    key(line, name);
    printf("%.4g", value);
}

void hu_bench_close(hu_bench_line *line)
{
    puts(line->json ? "}" : "");
}
