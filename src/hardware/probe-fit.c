/* probe-fit.c - which adders explain the results of probes.
 *
 * Part 1 needs no groups: all widths, modes and ways are tried on it. What remains is tried with all groups on part 2, and what remains
 * of that with all lowest exponents on part 3 and everything else. The precision is that of the longest result.
 */
#include <string.h>

#include "src/base/memory.h"
#include "src/hardware/probe.h"
#include "src/ops/ops.h"

enum { MOST_WIDTH = 64, MOST_INTERLEAVE = 16, MOST_MODES = 16, LOWEST_HIGH = -10, LOWEST_LOW = -200 };

typedef struct list {
    hu_block_fma *m;
    size_t n, room;
    bool failed;                /* no memory */
} list;

static void keep(list *l, const hu_block_fma *m)
{
    hu_block_fma *grown = hu_grow(l->m, l->n, &l->room, sizeof *grown);
    l->failed = l->failed || !grown;
    if (!grown)
        return;
    l->m = grown;
    l->m[l->n++] = *m;
}

static bool explains_one(const hu_probe_set *set, const hu_probe *p, const hu_block_fma *m)
{
    double got = hu_probe_run(set, p, m, NULL);
    return memcmp(&got, &p->result, sizeof got) == 0 || (got != got && p->result != p->result);
}

/* All probes of the parts in the set of bits. */
static bool explains(const hu_probe_set *set, unsigned parts, const hu_block_fma *m)
{
    for (size_t i = 0; i < set->n; i++)
        if ((parts >> set->probe[i].part & 1) && !explains_one(set, &set->probe[i], m))
            return false;
    return true;
}

/* The format of the longest result: of the output's range, and as many bits as occur. */
static const hu_format *find_precision(const hu_probe_set *set)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < set->n; i++) {
        uint64_t word;
        memcpy(&word, &set->probe[i].result, sizeof word);
        if ((word >> 52 & 0x7ff) != 0x7ff)
            bits |= word & (UINT64_MAX >> 12);
    }
    int longest = bits ? 52 - __builtin_ctzll(bits) : 0;
    char name[32];
    snprintf(name, sizeof name, "e%dm%d", set->output->exp_bits, longest < 1 ? 1 : longest);
    return longest >= set->output->man_bits ? set->output : hu_format_find(name, NULL);
}

/* ---- the parts ---- */

/* A unit that adds one product at a time serves for part 1: all products are at place 0. Its other steps find zeros. */
static void try_part_1(const hu_probe_set *all, list *out, const hu_format *output)
{
    hu_probe_set set = *all;
    set.terms = 2;
    for (int way = 0; way < 4; way++)
        for (int final = 0; hu_rounding_at(final); final++)
            for (int align = 0; hu_rounding_at(align); align++)
                for (int width = 0; width <= MOST_WIDTH; width++) {
                    hu_block_fma m = hu_block_fma_make(set.a, set.b, 1, width);
                    m.output = output;
                    m.align = hu_rounding_at(align);
                    m.final = hu_rounding_at(final);
                    m.normalizes = way & 1;
                    m.adds_late = way & 2;
                    if (m.align->random_bits == 0 && m.final->random_bits == 0 && explains(&set, 1 << 1, &m))
                        keep(out, &m);
                }
}

static void try_part_2(const hu_probe_set *set, const list *in, list *out)
{
    for (int deal = 1; deal <= MOST_INTERLEAVE; deal++)
        for (int group = deal > 1 ? 2 : 1; group * deal <= set->terms && group <= HU_BLOCK_FMA_MOST; group++)
            for (size_t i = 0; i < in->n; i++) {
                hu_block_fma m = in->m[i];
                m.group = group;
                m.interleave = deal;
                if (explains(set, 1 << 2, &m))
                    keep(out, &m);
            }
}

/* Lowest exponents that no step would meet are as good as none: of these the highest stands for all. */
static void try_part_3(const hu_probe_set *set, const list *in, list *out)
{
    for (size_t i = 0; i < in->n; i++) {
        hu_block_fma m = in->m[i];
        int least = LOWEST_HIGH;
        if (explains(set, 1 << 3, &m)) {
            for (size_t k = 0; k < set->n; k++)
                hu_probe_run(set, &set->probe[k], &m, &least);
            keep(out, &m);
            m.lowest = least;
            keep(out, &m);
        }
        for (m.lowest = LOWEST_HIGH; m.lowest > (least == LOWEST_HIGH ? LOWEST_LOW : least); m.lowest--)
            if (explains(set, 1 << 3, &m) && explains(set, 1 << 1 | 1 << 2, &m))
                keep(out, &m);
    }
}

/* ---- what remains ---- */

static void widen(int range[2], int x)
{
    range[0] = x < range[0] ? x : range[0];
    range[1] = x > range[1] ? x : range[1];
}

static unsigned mode_bit(const hu_rounding *mode)
{
    for (int i = 0; hu_rounding_at(i); i++)
        if (hu_rounding_at(i) == mode)
            return 1u << i;
    return 0;
}

static void describe(hu_probe_fit *fit, const list *l)
{
    fit->survivors = l->n;
    if (l->n == 0)
        return;
    fit->first = l->m[0];
    int *const ranges[] = {fit->group, fit->interleave, fit->width, fit->lowest};
    const int firsts[] = {fit->first.group, fit->first.interleave, fit->first.width, fit->first.lowest};
    for (int i = 0; i < 4; i++)
        ranges[i][0] = ranges[i][1] = firsts[i];
    for (size_t i = 0; i < l->n; i++) {
        const hu_block_fma *m = &l->m[i];
        widen(fit->group, m->group);
        widen(fit->interleave, m->interleave);
        widen(fit->width, m->width);
        widen(fit->lowest, m->lowest);
        fit->align |= mode_bit(m->align);
        fit->final |= mode_bit(m->final);
        fit->normalizes |= m->normalizes ? 2 : 1;
        fit->late |= m->adds_late ? 2 : 1;
    }
}

static void find_nearest(const hu_probe_set *set, hu_probe_fit *fit)
{
    const hu_block_profile *row;
    int n = 0;
    for (int i = 0; (row = hu_block_profile_at(i)); i++) {
        size_t wrong = 0;
        if (hu_format_find(row->output, NULL) != set->output || hu_block_profile_find(row->device, set->a, set->b, row->output, NULL) != row)
            continue;
        hu_block_fma m = hu_block_profile_adder(row, set->a, set->b);
        for (size_t k = 0; k < set->n; k++)
            wrong += !explains_one(set, &set->probe[k], &m);
        if (n == 0 || wrong < fit->nearest_wrong) {
            fit->nearest_wrong = wrong;
            n = 0;
        }
        if (wrong == fit->nearest_wrong && n < HU_PROBE_NEAREST - 1) {
            fit->nearest[n++] = row;
            fit->nearest[n] = NULL;
        }
    }
}

hu_status hu_probe_fit_all(const hu_probe_set *set, hu_probe_fit *fit, hu_error *err)
{
    list part[HU_PROBE_PARTS] = {{0}};
    *fit = (hu_probe_fit){0};
    if (!set->has_results)
        return hu_fail(err, HU_EINVAL, "fit: the probes have no results");
    const hu_format *output = find_precision(set);
    try_part_1(set, &part[0], output);
    try_part_2(set, &part[0], &part[1]);
    try_part_3(set, &part[1], &part[2]);
    fit->part = part[0].n == 0 ? 1 : part[1].n == 0 ? 2 : 3;
    bool failed = part[0].failed || part[1].failed || part[2].failed;
    if (!failed) {
        describe(fit, &part[2]);
        find_nearest(set, fit);
    }
    for (int i = 0; i < HU_PROBE_PARTS; i++)
        hu_free(part[i].m);
    return failed ? hu_fail(err, HU_ENOMEM, "fit: no memory for what explains the results") : HU_OK;
}
