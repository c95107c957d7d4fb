/* best.h - the point with the least, or the greatest, value of one result so far. */
#ifndef HU_LAB_BEST_H
#define HU_LAB_BEST_H

#include "src/lab/store.h"

typedef struct hu_best {
    char   name[128];         /* of the result; "": nobody asked                              */
    bool   greatest;          /* the greatest value is the best one; false: the least         */
    bool   known;             /* a point has the result, as a finite number                   */
    double value;
    char   point[256];        /* parameters of a point with this value, as JSON; cut where longer */
} hu_best;

/* Reads "loss" or "min:loss" (the least), or "max:accuracy" (the greatest). HU_EINVAL when it names nothing. */
hu_status hu_best_read(hu_best *b, const char *word, hu_error *err);

/* Looks through the finished points of the latest run; sweep NULL: of all its sweeps. HU_ENAME when no point has such a
 * result, or only texts; the message names the results there are. NaN and infinities are nobody's best. */
hu_status hu_best_look(hu_best *b, hu_store *s, const char *sweep, hu_error *err);

/* One more point: its results, and its parameters as JSON. */
void hu_best_take(hu_best *b, const hu_record *results, const char *json);

/* Whether a finished point, the first one, tells that the result is a wrong one to ask for: it has none of that name, or a text or a list.
 * The text, one line, names its results that are numbers, as many as there is room for, and the one that may be meant. False once a best point is known. */
bool hu_best_lacks(const hu_best *b, const hu_record *results, char *text, size_t size);

/* "best loss 0.125: {...}", or "no loss yet". */
void hu_best_text(const hu_best *b, char *text, size_t size);

#endif
