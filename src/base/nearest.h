/* nearest.h - which of some names is meant by one that is slightly wrong.
 *
 * For messages: start with what was asked for, offer every name there is, and read `best`.
 *
 *     hu_nearest near = hu_nearest_to("e4m3nf");
 *     for (...) hu_nearest_offer(&near, name);
 *     if (near.best) ... "did you mean 'e4m3fn'?"
 */
#ifndef HU_BASE_NEAREST_H
#define HU_BASE_NEAREST_H

typedef struct hu_nearest {
    const char *wanted;   /* borrowed: lives as long as this does */
    const char *best;     /* the nearest name offered so far, borrowed; NULL: none is near enough */
    int cost;             /* its distance, see hu_nearest_distance */
} hu_nearest;

hu_nearest hu_nearest_to(const char *wanted);

/* The earliest offered of equally near names stays. A name counts as near when at least half of the
 * longer of the two is right. */
void hu_nearest_offer(hu_nearest *near, const char *name);

/* Edit distance in steps of two: a letter put in, taken out or exchanged costs 2, two neighbors
 * swapped 2, a letter in the other case 1. Only the first 63 bytes of each are looked at.
 * Source: optimal string alignment (Damerau 1964, with each substring edited once). */
int hu_nearest_distance(const char *a, const char *b);

#endif
