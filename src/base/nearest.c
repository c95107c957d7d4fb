/* nearest.c - which of some names is meant by one that is slightly wrong. */
#include "src/base/nearest.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#define LONGEST 63

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int exchange_cost(char a, char b)
{
    if (a == b)
        return 0;
    return tolower((unsigned char)a) == tolower((unsigned char)b) ? 1 : 2;
}

int hu_nearest_distance(const char *a, const char *b)
{
    int na = (int)strnlen(a, LONGEST);
    int nb = (int)strnlen(b, LONGEST);
    int rows[3][LONGEST + 1];   /* distances from the first i letters of a to the first j of b, for the last three i */
    for (int j = 0; j <= nb; j++)
        rows[0][j] = 2 * j;
    for (int i = 1; i <= na; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = 2 * i;
        for (int j = 1; j <= nb; j++) {
            row[j] = least(above[j - 1] + exchange_cost(a[i - 1], b[j - 1]), 2 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 2);
        }
    }
    return rows[na % 3][nb];
}

hu_nearest hu_nearest_to(const char *wanted)
{
    return (hu_nearest){.wanted = wanted, .best = NULL, .cost = INT_MAX};
}

void hu_nearest_offer(hu_nearest *near, const char *name)
{
    size_t longer = strnlen(near->wanted, LONGEST);
    if (strnlen(name, LONGEST) > longer)
        longer = strnlen(name, LONGEST);
    int cost = hu_nearest_distance(near->wanted, name);
    if (cost < near->cost && cost <= (int)longer) {
        near->best = name;
        near->cost = cost;
    }
}
