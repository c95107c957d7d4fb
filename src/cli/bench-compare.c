/* bench-compare.c - two records of `halfulp bench`, row by row: what got slower, what faster, what nobody can tell. */
#include "src/cli/bench-record.h"

#include <math.h>
#include <string.h>

static const double LEAST = 0.05;         /* a change that is worth a word */

static const hu_bench_result *find(const hu_bench_record *r, const hu_bench_result *like)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->result[i].name, like->name) == 0 && r->result[i].n == like->n && r->result[i].threads == like->threads
            && strcmp(r->result[i].isa, like->isa) == 0)
            return &r->result[i];
    return NULL;
}

static const char *verdict(const hu_bench_result *old, const hu_bench_result *new)
{
    double margin = fmax(LEAST, 3 * (old->spread + new->spread)), change = old->ratio > 0 ? new->ratio / old->ratio : 1;
    return change < 1 - margin ? "SLOWER" : change > 1 + margin ? "faster" : "same";
}

static void show(FILE *out, const hu_bench_result *r, const hu_bench_result *old, const char *what)
{
    fprintf(out, "%-44s %9.0f  ", r->name, r->n);
    if (old && what[0] != 'n')
        fprintf(out, "%8.3g  %8.3g  %7.3f  %s\n", old->ratio, r->ratio, old->ratio > 0 ? r->ratio / old->ratio : 0.0, what);
    else
        fprintf(out, "%8s  %8.3g  %7s  %s\n", "-", r->ratio, "-", what);
}

size_t hu_bench_compare(FILE *out, const hu_bench_record *old, const hu_bench_record *new)
{
    size_t slower = 0, faster = 0, gone = 0;
    if (strcmp(old->machine.cpu, new->machine.cpu) != 0 || strcmp(old->machine.isa, new->machine.isa) != 0)
        fprintf(out, "note: the machines differ: %s (%s), and now %s (%s)\n", old->machine.cpu, old->machine.isa, new->machine.cpu, new->machine.isa);
    fprintf(out, "%-44s %9s  %8s  %8s  %7s\n", "ratio to the yardstick", "size", "old", "new", "new/old");
    for (size_t i = 0; i < new->n; i++) {
        const hu_bench_result *r = &new->result[i], *before = find(old, r);
        const char *what = before ? verdict(before, r) : "new";
        slower += what[0] == 'S';
        faster += what[0] == 'f';
        show(out, r, before, what);
    }
    for (size_t i = 0; i < old->n; i++) {
        if (find(new, &old->result[i]))
            continue;
        gone++;
        fprintf(out, "%-44s %9.0f  %8.3g  %8s  %7s  gone\n", old->result[i].name, old->result[i].n, old->result[i].ratio, "-", "-");
    }
    fprintf(out, "%zu slower, %zu faster, %zu gone, of %zu\n", slower, faster, gone, new->n);
    return slower;
}
