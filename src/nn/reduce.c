/* reduce.c - the mean of gradients over shards, as machines that send them in a format would compute it. */
#include "src/nn/reduce.h"

#include <string.h>

#include "src/base/memory.h"

/* What all hops of one reduction share. */
typedef struct wire {
    const hu_policy *p;
    uint64_t step;
    size_t   row, n_shards, n;
    const float *shards;
    unsigned hop;            /* the next one; each draws its own random words */
    hu_error *err;
} wire;

static size_t chunk_at(const wire *w, size_t c)
{
    return w->n * c / w->n_shards;
}

/* out = in as it arrives: elements first ... first + n of all. */
static hu_status send(wire *w, float *out, const float *in, size_t first, size_t n)
{
    const hu_policy_use use = {.operand = HU_P_REDUCE, .step = w->step, .layer = w->hop & 0xfff, .row = w->row + 1, .first = first,
                               .rows = 1, .cols = n};
    return hu_policy_apply_f32(w->p, &use, out, in, w->err);
}

static void add(float *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

static const float *at(const wire *w, size_t shard, size_t element)
{
    return w->shards + shard % w->n_shards * w->n + element;
}

static hu_status ring(wire *w, float *out)
{
    hu_status status = HU_OK;
    for (size_t c = 0; c < w->n_shards && !status; c++) {
        size_t first = chunk_at(w, c), n = chunk_at(w, c + 1) - first;
        memcpy(out + first, at(w, c + 1, first), n * sizeof *out);
        for (size_t s = 1; s < w->n_shards && !status; s++) {
            w->hop = (unsigned)s;
            status = send(w, out + first, out + first, first, n);
            add(out + first, at(w, c + 1 + s, first), n);
        }
    }
    return status;
}

/* out [n] = the sum over members, `stride` shards apart from `from` on, of chunk values; that of `own` stays as it is. */
static hu_status gather(wire *w, float *out, const float *values, size_t members, size_t stride, size_t own, size_t first, size_t n,
                        float *room)
{
    hu_status status = HU_OK;
    memset(out, 0, n * sizeof *out);
    for (size_t s = 0; s < members && !status; s++) {
        const float *in = values + s * stride;
        w->hop++;
        status = s == own ? HU_OK : send(w, room, in, first, n);
        add(out, s == own ? in : room, n);
    }
    return status;
}

static hu_status all_to_all(wire *w, float *out, float *room)
{
    hu_status status = HU_OK;
    for (size_t c = 0; c < w->n_shards && !status; c++) {
        size_t first = chunk_at(w, c), n = chunk_at(w, c + 1) - first;
        w->hop = 0;
        status = gather(w, out + first, w->shards + first, w->n_shards, w->n, c, first, n, room);
    }
    return status;
}

/* Chunk c belongs to shard c: member c mod group of group c div group. In every group the member of that number adds up its own
 * group's; then these are sent to shard c. partial: [n_shards / group][n]. */
static hu_status hierarchical(wire *w, size_t group, float *out, float *room, float *partial)
{
    size_t groups = w->n_shards / group;
    hu_status status = HU_OK;
    for (size_t c = 0; c < w->n_shards && !status; c++) {
        size_t first = chunk_at(w, c), n = chunk_at(w, c + 1) - first;
        w->hop = 0;
        for (size_t g = 0; g < groups && !status; g++)
            status = gather(w, partial + g * w->n, at(w, g * group, first), group, w->n, c % group, first, n, room);
        if (!status)
            status = gather(w, out + first, partial, groups, w->n, c / group, first, n, room);
    }
    return status;
}

hu_status hu_all_reduce(float *out, const float *shards, size_t n_shards, size_t n, hu_collective how, size_t group,
                        const hu_policy *p, uint64_t step, size_t row, hu_error *err)
{
    enum { MOST = 1024 };
    if (n_shards < 1 || n_shards > MOST)
        return hu_fail(err, HU_EINVAL, "reduce: %zu shards; it takes 1 to %d", n_shards, MOST);
    bool by_group = how == HU_COLLECTIVE_hierarchical;
    if (by_group && (group < 1 || n_shards % group != 0))
        return hu_fail(err, HU_EINVAL, "reduce: groups of %zu do not divide %zu shards", group, n_shards);
    if (n_shards == 1) {
        memcpy(out, shards, n * sizeof *out);
        return HU_OK;
    }
    wire w = {.p = p, .step = step, .row = row, .n_shards = n_shards, .n = n, .shards = shards, .err = err};
    size_t partials = by_group ? n_shards / group : 0;
    float *room = hu_malloc((1 + partials) * n * sizeof *room + 1);
    if (!room)
        return hu_fail(err, HU_ENOMEM, "reduce: out of memory");
    hu_status status = how == HU_COLLECTIVE_ring ? ring(&w, out)
                     : by_group                  ? hierarchical(&w, group, out, room, room + n)
                                                 : all_to_all(&w, out, room);
    for (size_t i = 0; i < n && !status; i++)
        out[i] /= (float)n_shards;
    w.hop = 0xfff;
    for (size_t c = 0; c < n_shards && !status; c++) {
        size_t first = chunk_at(&w, c);
        status = send(&w, out + first, out + first, first, chunk_at(&w, c + 1) - first);
    }
    hu_free(room);
    return status;
}
