/* clock.h - the time of a clock as a number. */
#ifndef HU_LAB_CLOCK_H
#define HU_LAB_CLOCK_H

#include <time.h>

/* Seconds, of CLOCK_MONOTONIC for what elapsed. */
static inline double hu_clock_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
