/* partition.c - which elements of a tensor share a scale: blocks of any extent along each index. */
#include "src/tensor/partition.h"

#include <string.h>

#include "src/base/memory.h"

/* Blocks of a tensor: how far they reach along each index, and how many there are. */
typedef struct blocks {
    int    rank;
    size_t shape[HU_MAX_RANK], extent[HU_MAX_RANK], count[HU_MAX_RANK];
} blocks;

static blocks whole(const hu_tensor *t)
{
    blocks b = {.rank = t->rank};
    for (int d = 0; d < t->rank; d++)
        b.shape[d] = b.extent[d] = t->shape[d];
    return b;
}

static size_t count_blocks(blocks *b)
{
    size_t n = 1;
    for (int d = 0; d < b->rank; d++) {
        b->count[d] = b->shape[d] ? (b->shape[d] - 1) / b->extent[d] + 1 : 0;
        n *= b->count[d];
    }
    return n;
}

/* group[i] = offset + the number of i's block, for all elements in storage order. */
static void number_elements(const blocks *b, size_t *group, size_t n, size_t offset)
{
    size_t at[HU_MAX_RANK] = {0};
    for (size_t i = 0; i < n; i++) {
        size_t number = 0;
        for (int d = 0; d < b->rank; d++)
            number = number * b->count[d] + at[d] / b->extent[d];
        group[i] = offset + number;
        for (int d = b->rank - 1; d >= 0 && ++at[d] == b->shape[d]; d--)
            at[d] = 0;
    }
}

static hu_status find_axis(const hu_granularity *how, const hu_tensor *t, int *axis, hu_error *err)
{
    *axis = how->axis < 0 ? t->rank + how->axis : how->axis;
    if (*axis >= 0 && *axis < t->rank)
        return HU_OK;
    return hu_fail(err, HU_ESHAPE, "quantizer: axis is the index %d of an array that has %d of them",
                   how->axis < 0 ? how->axis : how->axis + 1, t->rank);
}

/* The blocks of every granularity but rank1. */
static hu_status make_blocks(blocks *b, const hu_granularity *how, const hu_tensor *t, hu_error *err)
{
    hu_status status;
    int axis, last = t->rank - 1;

    *b = whole(t);
    switch (how->per) {
    case HU_PER_ROW:
        for (int d = 0; d < last; d++)
            b->extent[d] = 1;
        return HU_OK;
    case HU_PER_COLUMN:
        if (last >= 0)
            b->extent[last] = 1;
        return HU_OK;
    case HU_PER_CHANNEL:
        status = find_axis(how, t, &axis, err);
        if (!status)
            b->extent[axis] = 1;
        return status;
    case HU_PER_GROUP:
        if (how->group == 0)
            return hu_fail(err, HU_EINVAL, "quantizer: group is missing; per = \"group\" takes the number of elements of a group");
        if (how->flat || t->rank == 0) {
            *b = (blocks){.rank = 1, .shape = {t->n}, .extent = {how->group}};
            return HU_OK;
        }
        status = find_axis(how, t, &axis, err);
        for (int d = 0; !status && d < t->rank; d++)
            b->extent[d] = d == axis ? how->group : 1;
        return status;
    case HU_PER_TILE:
        if (how->tile[0] == 0 || how->tile[1] == 0)
            return hu_fail(err, HU_EINVAL, "quantizer: tile is missing; per = \"tile\" takes two sizes, such as {16, 16}");
        if (t->rank < 2)
            return hu_fail(err, HU_ESHAPE, "quantizer: tiles of an array with %d indices; it needs 2 or more", t->rank);
        for (int d = 0; d < t->rank; d++)
            b->extent[d] = d < last - 1 ? 1 : how->tile[d - last + 1];
        return HU_OK;
    default:
        return HU_OK;
    }
}

static hu_status take_memory(hu_partition *p, hu_error *err)
{
    p->group = hu_calloc(p->n ? p->n : 1, (size_t)p->n_parts * sizeof *p->group);
    return p->group ? HU_OK : hu_fail(err, HU_ENOMEM, "quantizer: no memory for the groups of %zu elements", p->n);
}

static hu_status init_rank1(hu_partition *p, const hu_tensor *t, hu_error *err)
{
    *p = (hu_partition){.rank = 1, .n = t->n, .n_parts = t->rank};
    hu_status status = take_memory(p, err);
    for (int d = 0; !status && d < t->rank; d++) {
        blocks b = whole(t);
        b.extent[d] = 1;
        count_blocks(&b);
        number_elements(&b, p->group + (size_t)d * p->n, p->n, p->n_groups);
        p->n_groups += t->shape[d];
    }
    p->shape[0] = p->n_groups;
    return status;
}

hu_status hu_partition_init(hu_partition *p, const hu_granularity *how, const hu_tensor *t, hu_error *err)
{
    hu_granularity fallback = {.per = HU_PER_GROUP, .flat = true, .group = how->group ? how->group : 128};
    blocks b;

    *p = (hu_partition){0};
    if (how->per == HU_PER_RANK1) {
        if (t->rank > 1)
            return init_rank1(p, t, err);
        how = &fallback;
    }
    hu_status status = make_blocks(&b, how, t, err);
    if (status)
        return status;
    *p = (hu_partition){.rank = b.rank, .n = t->n, .n_parts = 1, .n_groups = count_blocks(&b)};
    memcpy(p->shape, b.count, sizeof p->shape);
    status = take_memory(p, err);
    if (!status)
        number_elements(&b, p->group, p->n, 0);
    return status;
}

void hu_partition_clear(hu_partition *p)
{
    hu_free(p->group);
    *p = (hu_partition){0};
}
